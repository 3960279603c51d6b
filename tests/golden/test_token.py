"""Token registration over real SSH and HTTPS; each scenario ends with nothing to do, or says why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.golden.harness import HERE, Scenario

REGISTER = "xcommand license smart register"


def scenario(name: str, tmp_path: Path) -> Scenario:
    return Scenario(HERE / name, tmp_path)


async def test_a_fresh_two_node_cluster_is_registered_and_then_has_no_changes(tmp_path: Path) -> None:
    async with scenario("fresh_two_nodes", tmp_path) as s:
        await s.ready()
        planned = await s.xlicense("plan", "-o", "plan.json")
        assert planned.code == 0, str(planned)
        s.golden("plan.txt", planned.out)
        applied = await s.xlicense("apply", "plan.json")
        assert applied.code == 0, str(applied)
        s.golden("apply.txt", applied.out)
        await s.nothing_left()
        assert s.lab.ledger.sent_twice(["register"]) == ()
        again = await s.xlicense("apply", "plan.json")
        assert again.code == 4, str(again)
        assert "used" in again.err


async def test_without_a_key_nothing_is_sent_and_the_next_step_is_to_make_one(tmp_path: Path) -> None:
    async with scenario("fresh_two_nodes", tmp_path) as s:
        applied = await s.xlicense("apply", "--auto-approve")
        assert applied.code == 7, str(applied)
        s.golden("no_key.txt", applied.out)
        assert s.lab.ledger.codes("token") == ()
        await s.ready()
        assert (await s.xlicense("apply", "--auto-approve")).code == 0


async def test_one_node_down_costs_only_itself_and_the_next_run_finishes(tmp_path: Path) -> None:
    async with scenario("six_nodes", tmp_path) as s:
        await s.ready()
        assert (await s.xlicense("plan", "-o", "plan.json")).code == 0
        s.lab.faults.add("ams-edge/e4", "refuse", times=None)
        applied = await s.xlicense("apply", "plan.json")
        assert applied.code == 7, str(applied)
        assert "cluster/ams-edge/node/e4  register" in applied.out
        assert "7 done, 1 failed" in applied.out
        registered = [name for name, node in s.lab.world.nodes.items() if node.registration is not None]
        assert len(registered) == 5
        s.lab.faults.active.clear()
        finished = await s.xlicense("apply", "--auto-approve")
        assert finished.code == 0, str(finished)
        await s.nothing_left()


async def test_a_half_registered_cluster_is_named_and_completed(tmp_path: Path) -> None:
    async with scenario("half_registered", tmp_path) as s:
        await s.ready()
        planned = await s.xlicense("plan")
        s.golden("plan.txt", planned.out)
        assert (await s.xlicense("apply", "--auto-approve")).code == 0
        assert not s.lab.ledger.asked_of("ams-edge/e1", "register")
        await s.nothing_left()


async def test_a_transport_switch_deregisters_all_peers_first_and_settles_when_it_replicates(
    tmp_path: Path,
) -> None:
    async with scenario("switch_replicating", tmp_path) as s:
        await _switch(s)


async def test_a_transport_switch_reaches_peers_to_which_it_does_not_replicate(tmp_path: Path) -> None:
    async with scenario("switch_peer_specific", tmp_path) as s:
        await _switch(s)


async def _switch(s: Scenario) -> None:
    await s.ready()
    await s.nothing_left()
    s.edit("clusters/ams-edge.yaml", "account: emea", "account: plant")
    s.edit("clusters/ams-edge.yaml", "{mode: direct}", "{mode: on-prem}")
    unseen = await s.xlicense("plan", "--detailed-exitcode")
    assert unseen.code == 6, str(unseen)
    accepted = ("--override", "XL099", "--reason", "registered since delivery, 80 days left")
    planned = await s.xlicense("plan", *accepted)
    s.golden("plan.txt", planned.out)
    applied = await s.xlicense("apply", "--auto-approve", *accepted)
    assert applied.code == 0, str(applied)
    await s.nothing_left()
    asked = [one.text.casefold() for one in s.lab.ledger.asked if one.ran]
    last_deregister = max(i for i, text in enumerate(asked) if "deregister" in text)
    first_switch = min(i for i, text in enumerate(asked) if "transport: satellite" in text)
    assert last_deregister < first_switch


async def test_a_cluster_in_the_wrong_virtual_account_is_reregistered_without_a_gap(tmp_path: Path) -> None:
    async with scenario("wrong_virtual_account", tmp_path) as s:
        await s.ready()
        planned = await s.xlicense("plan")
        s.golden("plan.txt", planned.out)
        assert (await s.xlicense("apply", "--auto-approve")).code == 0
        for name in ("ams-edge/e1", "ams-edge/e2"):
            assert s.lab.ledger.asked_of(name, "reregister")
            assert not s.lab.ledger.asked_of(name, "deregister")
        await s.nothing_left()


async def test_a_token_that_runs_out_fails_one_node_and_a_fresh_one_finishes(tmp_path: Path) -> None:
    async with scenario("token_exhausted", tmp_path) as s:
        applied = await s.xlicense(
            "apply", "--auto-approve", "--parallelism", "1", STANDING_TOKEN="STANDING-one-use-left"
        )
        assert applied.code == 7, str(applied)
        assert "Registration Failed" in applied.out
        finished = await s.xlicense("apply", "--auto-approve", STANDING_TOKEN="STANDING-fresh")
        assert finished.code == 0, str(finished)
        await s.nothing_left()


async def test_a_lost_token_answer_is_made_good_and_no_foreign_token_is_taken(tmp_path: Path) -> None:
    async with scenario("fresh_two_nodes", tmp_path) as s:
        await s.ready()
        s.lab.faults.add("cloud", "drop-after", match="POST .*/tokens$")
        applied = await s.xlicense("apply", "--auto-approve")
        assert applied.code == 0, str(applied)
        assert len(s.lab.ledger.codes("token")) == 1  # found in the list, and not left over
        await s.nothing_left()


async def test_a_lost_registration_answer_is_settled_by_looking(tmp_path: Path) -> None:
    async with scenario("fresh_two_nodes", tmp_path) as s:
        await s.ready()
        s.lab.faults.add("ams-edge/e1", "drop-after", match="license smart register")
        applied = await s.xlicense("apply", "--auto-approve")
        assert applied.code == 0, str(applied)
        assert len([one for one in s.lab.ledger.asked_of("ams-edge/e1", "smart register") if one.ran]) == 1
        await s.nothing_left()


async def test_a_registration_that_never_arrived_is_sent_by_the_next_run(tmp_path: Path) -> None:
    async with scenario("fresh_two_nodes", tmp_path) as s:
        await s.ready()
        s.lab.faults.add("ams-edge/e1", "drop-before", match="license smart register")
        applied = await s.xlicense("apply", "--auto-approve")
        assert applied.code == 7, str(applied)
        assert (await s.xlicense("apply", "--auto-approve")).code == 0
        await s.nothing_left()


async def test_a_changed_host_key_freezes_the_node(tmp_path: Path) -> None:
    async with scenario("fresh_two_nodes", tmp_path) as s:
        await s.ready()
        s.lab.faults.add("ams-edge/e1", "wrong-host-key", times=None)
        before = s.lab.ledger.login_count("ams-edge/e1")
        applied = await s.xlicense("apply", "--auto-approve")
        assert applied.code == 10, str(applied)
        assert "ams-edge/node/e1" in applied.out + applied.err
        assert "host key" in (applied.out + applied.err).casefold()
        assert s.lab.ledger.login_count("ams-edge/e1") == before
        assert s.lab.ledger.asked_of("ams-edge/e1") == ()
        s.lab.faults.active.clear()
        assert (await s.xlicense("apply", "--auto-approve")).code == 0
        await s.nothing_left()


async def test_words_that_nobody_knows_block_changes_on_that_node_only(tmp_path: Path) -> None:
    async with scenario("unknown_words", tmp_path) as s:
        await s.ready()
        s.lab.world.node("ams-edge/e1").status_text = "QUANTUM ENTANGLED"
        planned = await s.xlicense("plan")
        assert planned.code == 11, str(planned)
        s.golden("plan.txt", planned.out)
        applied = await s.xlicense("apply", "--auto-approve")
        assert applied.code in {6, 11}, str(applied)
        assert not s.lab.ledger.asked_of("ams-edge/e1", "register")
        assert s.lab.ledger.asked_of("ams-edge/e2", "register")


WORKFLOW = "::set-output name=x::1 ##[group]x ##vso[task.complete] section_start:1:x[collapsed=true]"


@pytest.mark.parametrize("system", ["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD"])
async def test_a_node_cannot_speak_to_the_ci_system_that_reads_the_log(system: str, tmp_path: Path) -> None:
    async with scenario("unknown_words", tmp_path) as s:
        await s.ready()
        s.lab.world.node("ams-edge/e1").status_text = WORKFLOW
        at_home = await s.xlicense("plan")
        assert "##[group]x" in at_home.out, str(at_home)
        here = {system: "true", "COLUMNS": "60"}
        told = [
            await s.xlicense("plan", **here),
            await s.xlicense("drift", "--format", "markdown", **here),
            await s.xlicense("observe", **here),
            await s.xlicense("apply", "--auto-approve", **here),
        ]
        for ran in told:
            assert "set-output" in ran.out, str(ran)
            for line in (ran.out + ran.err).splitlines():
                assert not line.lstrip().startswith("::"), line
                for command in ("##[", "##vso[", "section_start:"):
                    assert command not in line, line
        assert WORKFLOW in json.dumps(told[2].json())


async def test_after_evaluation_has_expired_registering_is_the_cure_and_deregistering_is_refused(
    tmp_path: Path,
) -> None:
    async with scenario("evaluation_expired", tmp_path) as s:
        await s.ready()
        before = (s.workspace / "clusters/ams-edge.yaml").read_text()
        s.edit("clusters/ams-edge.yaml", "account: emea", "account: plant")
        s.edit("clusters/ams-edge.yaml", "{mode: direct}", "{mode: on-prem}")
        refused = await s.xlicense("apply", "--auto-approve")
        assert refused.code == 6, str(refused)
        s.golden("refused.txt", refused.out)
        assert not s.lab.ledger.asked_of("ams-edge/e2", "deregister")
        (s.workspace / "clusters/ams-edge.yaml").write_text(before)
        cured = await s.xlicense("apply", "--auto-approve")
        assert cured.code == 0, str(cured)
        await s.nothing_left()


async def test_an_account_full_of_other_products_makes_no_ghost(tmp_path: Path) -> None:
    async with scenario("full_account", tmp_path) as s:
        planned = await s.nothing_left()
        for stranger in ("FOC2301X0AB", "381a299b", "0E4D9999", "switch-1", "other-team"):
            assert stranger not in planned.out


async def test_an_imported_converged_cluster_plans_to_no_changes(tmp_path: Path) -> None:
    async with scenario("import_converged", tmp_path) as s:
        hosts = [f"127.0.0.1:{s.lab.port(name)}" for name in ("ams-edge/e1", "ams-edge/e2")]
        imported = await s.xlicense("import", *hosts)
        assert imported.code == 0, str(imported)
        assert (await s.xlicense("validate")).code == 0
        assert (await s.xlicense("fmt", "--check")).code == 0
        await s.nothing_left()
