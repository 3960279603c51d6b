"""A saved plan that waits for a person goes on with the same file, while what remains is a part of it."""

from __future__ import annotations

from pathlib import Path

from providers.lab import books, portal

from .harness import HERE, Scenario

FOLDER = HERE / "reservations"
CORE = "clusters/ams-core.yaml"


async def by_person(scenario: Scenario) -> None:
    """Make the account one that only a person reaches."""
    path = scenario.workspace / "xlicense.yaml"
    text = path.read_text(encoding="utf-8")
    start, end = text.index("  vault:"), text.index("  elsewhere:")
    vault = (
        "  vault:\n    smart_account: example.com\n    virtual_account: Reserved\n"
        "    manager: {kind: hand-off}\n"
    )
    text = text[:start] + vault + "defaults:" + text[end:].split("defaults:", 1)[1]
    path.write_text(text, encoding="utf-8")
    await scenario.ready()


def reserved_at_the_portal(scenario: Scenario, serial: str, rms: int = 10) -> str:
    """What a person brings back for this node: the authorization code."""
    node = next(item for item in scenario.lab.world.nodes.values() if item.serial == serial)
    return portal.reserve(
        scenario.lab.world,
        virtual_account="Reserved",
        request_code=node.holding.request or "",
        quantities={"rms": rms, "desktop": 100},
    )


async def waiting(scenario: Scenario) -> dict[str, str]:
    """The hand-offs that wait, by serial."""
    listed = await scenario.xlicense("handoff", "list", "--json")
    return {item["subject"]: item["handoff_id"] for item in listed.json()["handoffs"]}


async def test_a_plan_file_goes_on_after_each_answer_and_is_used_up_at_the_end(tmp_path: Path) -> None:
    async with Scenario(FOLDER, tmp_path) as scenario:
        await by_person(scenario)
        assert (await scenario.xlicense("plan", "-o", "plan.json")).code == 0
        first = await scenario.xlicense("apply", "plan.json")
        assert first.code == 9, str(first)
        ids = await waiting(scenario)
        assert sorted(ids) == ["0E4D3C01", "0E4D3C02", "0E4D3C03"]
        for serial in ("0E4D3C01", "0E4D3C02"):
            code = reserved_at_the_portal(scenario, serial)
            answered = await scenario.xlicense("handoff", "answer", ids[serial], "--file", "-", stdin=code)
            assert answered.code == 0, str(answered)
        second = await scenario.xlicense("apply", "plan.json")
        assert second.code == 9, str(second)
        code = reserved_at_the_portal(scenario, "0E4D3C03")
        await scenario.xlicense("handoff", "answer", ids["0E4D3C03"], "--file", "-", stdin=code)
        third = await scenario.xlicense("apply", "plan.json")
        assert third.code == 0, str(third)
        await scenario.nothing_left()
        used = await scenario.xlicense("apply", "plan.json")
        assert used.code == 4, str(used)
        books.check(scenario.lab.world)


async def test_while_a_hand_off_is_out_another_quantity_waits_until_it_is_recalled(tmp_path: Path) -> None:
    async with Scenario(FOLDER, tmp_path) as scenario:
        await by_person(scenario)
        await scenario.xlicense("plan", "-o", "plan.json")
        await scenario.xlicense("apply", "plan.json")
        scenario.edit(CORE, '"0E4D3C01", reserve: {rms: 10', '"0E4D3C01", reserve: {rms: 12')
        refused = await scenario.xlicense("apply", "plan.json")
        assert refused.code == 6, str(refused)
        assert "is out for the" in refused.err
        handoff = (await waiting(scenario))["0E4D3C01"]
        recalled = await scenario.xlicense("handoff", "recall", handoff, "--reason", "twelve are wanted")
        assert recalled.code == 0, str(recalled)
        stale = await scenario.xlicense("apply", "plan.json")
        assert stale.code == 4, str(stale)
        assert "account.reserve" in stale.err, str(stale)
        assert (await scenario.xlicense("apply", "--auto-approve")).code == 9


async def test_an_answer_with_other_quantities_is_kept_and_not_installed(tmp_path: Path) -> None:
    async with Scenario(FOLDER, tmp_path) as scenario:
        await by_person(scenario)
        await scenario.xlicense("apply", "--auto-approve")
        ids = await waiting(scenario)
        code = reserved_at_the_portal(scenario, "0E4D3C01", rms=9)
        answered = await scenario.xlicense("handoff", "answer", ids["0E4D3C01"], "--file", "-", stdin=code)
        assert answered.code == 1, str(answered)
        assert "mismatch" in answered.out
        assert "9" in answered.out
        assert "10" in answered.out
        listed = await scenario.xlicense("codes", "list", "--all")
        assert "answer/" in listed.out
        assert scenario.lab.world.node("ams-core/c1").holding.installed is None


async def test_an_update_by_a_person_is_confirmed_by_a_person_and_ends_without_changes(
    tmp_path: Path,
) -> None:
    async with Scenario(FOLDER, tmp_path) as scenario:
        await by_person(scenario)
        await scenario.xlicense("apply", "--auto-approve")
        ids = await waiting(scenario)
        for serial, handoff in ids.items():
            code = reserved_at_the_portal(scenario, serial)
            await scenario.xlicense("handoff", "answer", handoff, "--file", "-", stdin=code)
        assert (await scenario.xlicense("apply", "--auto-approve")).code == 0
        scenario.edit(CORE, '"0E4D3C01", reserve: {rms: 10', '"0E4D3C01", reserve: {rms: 14')
        plan = await scenario.xlicense("plan")
        scenario.golden("grow_by_person.txt", plan.out)
        assert (await scenario.xlicense("apply", "--auto-approve")).code == 9
        (handoff,) = (await waiting(scenario)).values()
        world = scenario.lab.world
        code = portal.update(world, serial="0E4D3C01", quantities={"rms": 14, "desktop": 100})
        await scenario.xlicense("handoff", "answer", handoff, "--file", "-", stdin=code)
        applied = await scenario.xlicense("apply", "--auto-approve")
        assert applied.code == 9, str(applied)
        assert "not confirmed" in (await scenario.xlicense("drift")).out
        (handoff,) = (await waiting(scenario)).values()
        portal.confirm(world, serial="0E4D3C01", code=world.node("ams-core/c1").holding.confirmation)
        done = await scenario.xlicense("handoff", "answer", handoff, "--done", "--by", "A. Person")
        assert done.code == 0, str(done)
        await scenario.nothing_left()
        books.check(world)
