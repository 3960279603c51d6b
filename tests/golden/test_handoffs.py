"""What people do: a proxy on a web page, a token from the portal, switching Smart Licensing on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from providers.lab.by_hand import set_by_hand
from tests.golden.harness import HERE, Scenario
from tests.ran import Ran

PROXY = "proxy.example.com:3128"
TOKEN = "FROM-THE-PORTAL-5f1c9ab2"


def scenario(name: str, tmp_path: Path) -> Scenario:
    return Scenario(HERE / name, tmp_path)


async def waiting(s: Scenario) -> list[dict[str, str]]:
    """What `handoff list --json` says; exit 9 exactly when something waits."""
    ran = await s.xlicense("handoff", "list", "--json")
    listed: list[dict[str, str]] = ran.json()["handoffs"]
    assert ran.code == (9 if listed else 0), str(ran)
    return listed


async def test_a_proxy_waits_for_a_person_with_its_page_and_values_and_closes_itself(tmp_path: Path) -> None:
    async with scenario("proxy_by_hand", tmp_path) as s:
        await s.ready()
        parked = await s.xlicense("apply", "--auto-approve")
        assert parked.code == 9, str(parked)
        listed = await s.xlicense("handoff", "list")
        assert listed.code == 9, str(listed)
        for text in ("mad-edge/node/e1", "mad-edge/node/e2", "proxy.example.com", "3128", "Smart licensing"):
            assert text in listed.out, str(listed)
        s.golden("handoffs.txt", listed.out)
        assert not [one for one in s.lab.ledger.asked if "xcommand license" in one.text.casefold()]
        assert not s.lab.ledger.given
        await _nothing_else_is_offered(s)
        set_by_hand(s.lab.world, "mad-edge/e1", "proxy", PROXY)
        set_by_hand(s.lab.world, "mad-edge/e2", "proxy", PROXY)
        finished = await s.xlicense("apply", "--auto-approve")
        assert finished.code == 0, str(finished)
        assert await waiting(s) == []
        await s.nothing_left()


async def _nothing_else_is_offered(s: Scenario) -> None:
    ids = [item["handoff_id"] for item in await waiting(s)]
    assert len(ids) == 2
    again = await s.xlicense("plan", "--detailed-exitcode", "-o", "again.json")
    assert again.code == 9, str(again)
    for handoff_id in ids:
        assert handoff_id in again.out, str(again)
    assert "Plan: 0 to do, 4 held back, 2 waiting" in again.out, str(again)
    assert again.out.rstrip().endswith("xlicense handoff list"), str(again)
    repeated = await s.xlicense("apply", "--auto-approve")
    assert repeated.code == 9, str(repeated)
    assert [item["handoff_id"] for item in await waiting(s)] == ids


async def test_one_node_whose_proxy_is_set_goes_on_and_the_other_still_waits(tmp_path: Path) -> None:
    async with scenario("proxy_by_hand", tmp_path) as s:
        await s.ready()
        assert (await s.xlicense("apply", "--auto-approve")).code == 9
        set_by_hand(s.lab.world, "mad-edge/e1", "proxy", PROXY)
        half = await s.xlicense("apply", "--auto-approve")
        assert half.code == 9, str(half)
        assert s.lab.world.node("mad-edge/e1").registration is not None
        assert [item["address"] for item in await waiting(s)] == ["cluster/mad-edge/node/e2"]


async def test_a_token_from_the_portal_is_answered_once_used_and_shown_nowhere(tmp_path: Path) -> None:
    async with scenario("token_by_hand", tmp_path) as s:
        said: list[Ran] = []

        async def run(*arguments: str, stdin: str | None = None) -> Ran:
            said.append(await s.xlicense(*arguments, stdin=stdin))
            return said[-1]

        await run("key", "init")
        parked = await run("apply", "--auto-approve")
        assert parked.code == 9, str(parked)
        listed = await run("handoff", "list")
        s.golden("handoffs.txt", listed.out)
        (handoff,) = await waiting(s)
        assert handoff["kind"] == "account.create_token"
        answer = ("handoff", "answer", handoff["handoff_id"], "--file", "-")
        answered = await run(*answer, stdin=f"{TOKEN}\n")
        assert answered.code == 0, str(answered)
        assert answered.out.startswith("accepted"), str(answered)
        repeated = await run(*answer, stdin=TOKEN)
        assert repeated.code == 0, str(repeated)
        assert repeated.out.startswith("duplicate"), str(repeated)
        planned = await run("plan", "-o", "plan.json", "--show-commands")
        assert planned.code == 0, str(planned)
        applied = await run("apply", "plan.json")
        assert all(node.registration is not None for node in s.lab.world.nodes.values()), str(applied)
        assert applied.code in {0, 9}, str(applied)
        late = await run(*answer, stdin=TOKEN)
        assert late.code == 0, str(late)
        for ran in [*said, await s.xlicense("codes", "list"), await s.xlicense("op", "list", "--all")]:
            assert TOKEN not in ran.out + ran.err, str(ran)
        assert _files_with(s.tmp, TOKEN) == []


def _files_with(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


async def test_a_token_answered_from_a_file_is_used_by_the_next_apply(tmp_path: Path) -> None:
    async with scenario("token_by_hand", tmp_path) as s:
        await s.ready()
        assert (await s.xlicense("apply", "--auto-approve")).code == 9
        (handoff,) = await waiting(s)
        brought = tmp_path / "token.txt"
        brought.write_text(TOKEN + "\n")
        brought.chmod(0o600)
        answer = ("handoff", "answer", handoff["handoff_id"], "--file", str(brought), "--ticket", "CHG4711")
        assert (await s.xlicense(*answer)).code == 0
        applied = await s.xlicense("apply", "--auto-approve")
        assert all(node.registration is not None for node in s.lab.world.nodes.values()), str(applied)


async def test_switching_smart_licensing_on_needs_a_permission_and_the_name(tmp_path: Path) -> None:
    async with scenario("smart_off", tmp_path) as s:
        await s.ready()
        refused = await s.xlicense("apply", "--auto-approve")
        assert refused.code == 6, str(refused)
        assert "XL008" in refused.out, str(refused)
        assert await waiting(s) == []
        _allow(s)
        unnamed = await s.xlicense("apply", "--auto-approve")
        assert unnamed.code == 64, str(unnamed)
        assert "--confirm ams-edge" in unnamed.err
        assert await waiting(s) == []
        named = await s.xlicense("apply", "--auto-approve", "--confirm", "ams-edge")
        assert named.code == 9, str(named)
        (handoff,) = await waiting(s)
        assert handoff["kind"] == "node.enable_smart"
        assert not s.lab.world.node("ams-edge/e1").smart
        set_by_hand(s.lab.world, "ams-edge/e1", "smart", "on")
        finished = await s.xlicense("apply", "--auto-approve")
        assert finished.code == 0, str(finished)
        await s.nothing_left()


def _allow(s: Scenario) -> None:
    until = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
    target = "cluster/ams-edge/node/e1"
    permission = f"allow: [{{action: node.enable_smart, target: {target}, until: {until}, reason: CHG1}}]"
    s.edit("xlicense.yaml", "replication_wait: 2s}", f"replication_wait: 2s, {permission}}}")
