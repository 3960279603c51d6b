"""Host keys are learned and checked where the nodes are, directly or behind a jump host."""

from __future__ import annotations

from pathlib import Path

from tests.expressway.played import PASSWORD, PlayedNode, Script
from tests.golden.harness import HERE, Scenario

NODES = ("ams-edge/e1", "ams-edge/e2")


def fresh(tmp_path: Path) -> Scenario:
    return Scenario(HERE / "fresh_two_nodes", tmp_path)


async def test_keys_are_learned_once_and_a_changed_one_is_never_replaced(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        known = s.workspace / ".lab/known_hosts"
        known.unlink()
        assert (await s.xlicense("hostkeys", "check")).code == 10
        unasked = await s.xlicense("hostkeys", "learn")
        assert unasked.code == 64, str(unasked)
        assert "--yes" in unasked.err
        learned = await s.xlicense("hostkeys", "learn", "--yes")
        assert learned.code == 0, str(learned)
        assert learned.out.count("SHA256:") == 2
        before = known.read_text()
        assert (await s.xlicense("hostkeys", "check")).code == 0
        s.lab.faults.add("ams-edge/e1", "wrong-host-key", times=None)
        for command in (("check",), ("learn", "--yes")):
            changed = await s.xlicense("hostkeys", *command)
            assert changed.code == 10, str(changed)
            assert "offers another key" in changed.err
        assert known.read_text() == before
        assert not [login for login in s.lab.ledger.logins if login.where in NODES]


async def test_nodes_behind_a_jump_host_are_asked_through_it_once_it_is_known(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s, PlayedNode(Script()) as gate:
        jump = f"jump: {{host: 127.0.0.1, port: {gate.port}, username: admin, password: {{env: GATE}}}}"
        s.edit("xlicense.yaml", "ssh: {username", f"ssh: {{{jump}, username")
        known = s.workspace / ".lab/known_hosts"
        known.unlink()
        unknown = await s.xlicense("hostkeys", "check", GATE=PASSWORD)
        assert unknown.code == 10, str(unknown)
        assert unknown.out.count("untrusted") == 2
        assert gate.seen.passwords == []
        learned = await s.xlicense("hostkeys", "learn", "--yes", GATE=PASSWORD)
        assert learned.code == 0, str(learned)
        assert gate.known_hosts in known.read_text()
        assert learned.out.count("SHA256:") == 3
        assert not [login for login in s.lab.ledger.logins if login.where in NODES]
        assert (await s.xlicense("hostkeys", "check", GATE=PASSWORD)).code == 0
        planned = await s.xlicense("plan", GATE=PASSWORD)
        assert planned.code == 0, str(planned)
        assert gate.seen.shells == 0
