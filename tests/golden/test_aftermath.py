"""What a run that did not end well leaves, and the commands that a person has for it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.golden.harness import HERE, Scenario
from tests.ran import Ran

E1 = "ams-edge/e1"
REGISTER = "license smart register"


def fresh(tmp_path: Path) -> Scenario:
    return Scenario(HERE / "fresh_two_nodes", tmp_path)


async def until(happened: Any) -> None:
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110 - neither the ledger nor a knob has a bell to wait for
            await asyncio.sleep(0.01)


async def lose_a_registration(s: Scenario, how: str) -> str:
    """An apply after which nobody knows whether e1 registered; returns the id of that effect."""
    await s.ready()
    s.edit("xlicense.yaml", "registration_wait: 8s", "registration_wait: 1s")
    lost = s.lab.faults.add(E1, how, match=REGISTER)
    applying = asyncio.ensure_future(s.xlicense("apply", "--auto-approve"))
    await until(lambda: lost.fired or applying.done())
    s.lab.faults.add(E1, "drop-before", times=None)
    applied = await applying
    assert applied.code == 8, str(applied)
    assert "Outcome not known:" in applied.out, str(applied)
    (operation,) = (await s.xlicense("op", "list", "--json")).json()["operations"]
    op_id: str = operation["effect"]["op_id"]
    assert f"xlicense op show {op_id}" in applied.out, str(applied)
    return op_id


def evidence(s: Scenario) -> Path:
    path = s.tmp / "seen.txt"
    path.write_text("xstatus // license, read at the console\n")
    return path


async def test_an_effect_without_an_end_is_listed_shown_and_exit_8(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        op_id = await lose_a_registration(s, "drop-after")
        listed = await s.xlicense("op", "list")
        assert listed.code == 8, str(listed)
        assert op_id in listed.out
        assert "cluster/ams-edge/node/e1" in listed.out
        shown = await s.xlicense("op", "show", op_id)
        assert shown.code == 0, str(shown)
        assert "without an end" in shown.out
        assert f"xlicense op resolve {op_id} --adopt|--absent|--abandon" in shown.err
        as_json = await s.xlicense("op", "show", op_id, "--json")
        assert as_json.json()["operation"]["open"] is True
        (token,) = {given.value for given in s.lab.ledger.codes("token")}
        for ran in (listed, shown, as_json):
            assert token not in ran.out + ran.err


@pytest.mark.parametrize(
    ("how", "fault", "state"),
    [
        ("adopt", "drop-after", "done"),
        ("absent", "drop-before", "not sent"),
        ("abandon", "drop-before", "failed"),
    ],
)
async def test_a_person_ends_it_with_evidence_and_the_next_apply_goes_on(
    how: str, fault: str, state: str, tmp_path: Path
) -> None:
    async with fresh(tmp_path) as s:
        op_id = await lose_a_registration(s, fault)
        seen = evidence(s)
        resolve = ("op", "resolve", op_id, f"--{how}", "--evidence", str(seen), "--reason", "seen on site")
        resolved = await s.xlicense(*resolve)
        assert resolved.code == 0, str(resolved)
        assert f"{op_id} is resolved ({how}). Next: xlicense plan" in resolved.err
        left = await s.xlicense("op", "list")
        assert (left.code, left.out) == (0, "No effect is open.\n"), str(left)
        shown = await s.xlicense("op", "show", op_id)
        for words in (state, "seen on site", "seen.txt", hashlib.sha256(seen.read_bytes()).hexdigest()[:12]):
            assert words in shown.out, f"{words!r}\n{shown}"
        again = await s.xlicense(*resolve)
        assert again.code == 64, str(again)
        assert f"{op_id} has ended already" in again.err, str(again)
        s.lab.faults.clear()
        applied = await s.xlicense("apply", "--auto-approve")
        assert applied.code == 0, str(applied)
        await s.nothing_left()
        assert len([one for one in s.lab.ledger.asked_of(E1, REGISTER) if one.ran]) == 1


async def test_resolving_says_what_is_missing_or_wrong(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        await s.ready()
        seen = str(evidence(s))

        async def refused(*arguments: str) -> str:
            ran = await s.xlicense(*arguments)
            assert ran.code == 64, str(ran)
            return ran.err

        told = ("--evidence", seen, "--reason", "seen")
        wrong = await refused("op", "resolve", "op-nowhere", "--adopt", *told)
        assert "there is no operation op-nowhere" in wrong
        assert "xlicense op list" in wrong
        assert "there is no operation op-nowhere" in await refused("op", "show", "op-nowhere")
        assert "--adopt, --absent or --abandon" in await refused("op", "resolve", "op-nowhere", *told)
        assert "--evidence" in await refused("op", "resolve", "op-nowhere", "--adopt", "--reason", "seen")
        assert "--reason" in await refused("op", "resolve", "op-nowhere", "--adopt", "--evidence", seen)
        gone = ("--evidence", str(s.tmp / "gone.txt"), "--reason", "seen")
        assert "gone.txt cannot be read" in await refused("op", "resolve", "op-nowhere", "--adopt", *gone)
        assert "run-nowhere holds no lease" in await refused("unlock", "run-nowhere")


async def started(s: Scenario, *arguments: str, stderr: int = asyncio.subprocess.DEVNULL) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "reconciler.cli", *arguments),
        cwd=s.workspace,
        env=s.environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
    )


@asynccontextmanager
async def stuck(s: Scenario) -> AsyncIterator[Process]:
    """An apply that waits for e1's answer to a registration, which never comes."""
    await s.ready()
    s.lab.faults.add(E1, "silent", match=REGISTER)
    process = await started(s, "apply", "--auto-approve")
    try:
        await until(lambda: s.lab.ledger.asked_of(E1, REGISTER) or process.returncode is not None)
        yield process
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()


async def run_of(s: Scenario) -> str:
    """The one run that holds leases."""
    leases = (await s.xlicense("op", "list", "--json")).json()["leases"]
    (run_id,) = {lease["run_id"] for lease in leases}
    return str(run_id)


async def test_unlocking_a_living_run_is_told_to_be_harmful(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s, stuck(s) as process:
        listed = await s.xlicense("op", "list")
        assert f"(pid {process.pid})" in listed.out, str(listed)
        assert "alive" in listed.out
        second = await s.xlicense("apply", "--auto-approve")
        run_id = await run_of(s)
        assert second.code == 5, str(second)
        assert f"xlicense unlock {run_id}" in second.err
        freed = await s.xlicense("unlock", run_id)
        assert freed.code == 0, str(freed)
        assert "cluster/ams-edge" in freed.out.splitlines()
        assert "still seems to be running" in freed.err
        assert (await s.xlicense("op", "list", "--json")).json()["leases"] == []


async def test_unlocking_a_dead_run_frees_it_and_names_what_it_left(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        async with stuck(s):
            pass
        run_id = await run_of(s)
        listed = await s.xlicense("op", "list")
        assert "dead" in listed.out, str(listed)
        freed = await s.xlicense("unlock", run_id)
        assert freed.code == 0, str(freed)
        assert "cluster/ams-edge" in freed.out.splitlines()
        assert "still seems to be running" not in freed.err
        assert "Without an end: op-" in freed.err
        assert (await s.xlicense("unlock", run_id)).code == 64
        assert (await s.xlicense("apply", "--auto-approve")).code == 0
        await s.nothing_left()


@asynccontextmanager
async def waiting_for_the_lock(s: Scenario) -> AsyncIterator[Process]:
    """A second apply, from when it says that it waits."""
    waiter = await started(
        s, "apply", "--auto-approve", "--lock-timeout", "10m", stderr=asyncio.subprocess.PIPE
    )
    assert waiter.stderr is not None
    async with asyncio.timeout(60):
        while b"waiting up to 600 s: account/emea is being changed by" not in (
            line := await waiter.stderr.readline()
        ):
            assert line, "it ended without waiting"
        yield waiter
        await waiter.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_is_heard_while_waiting_for_a_lock(number: int, tmp_path: Path) -> None:
    async with fresh(tmp_path) as s, stuck(s) as holder:
        async with waiting_for_the_lock(s) as waiter:
            waiter.send_signal(number)
            async with asyncio.timeout(5):
                assert await waiter.wait() == 130
        assert holder.returncode is None
        leases = (await s.xlicense("op", "list", "--json")).json()["leases"]
        assert {lease["pid"] for lease in leases} == {holder.pid}


async def test_who_waited_for_a_lock_looks_at_the_world_again_before_anything_is_sent(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s, stuck(s) as holder:
        async with waiting_for_the_lock(s) as waiter:
            s.lab.ledger.asked.clear()
            holder.kill()
            assert await waiter.wait() in {0, 4, 6}
        looks = [one for one in s.lab.ledger.asked_of(E1) if "xstatus" in one.text.casefold()]
        assert looks
        assert s.lab.ledger.asked_of(E1, REGISTER) == ()
        assert (await s.xlicense("apply", "--auto-approve")).code == 0
        await s.nothing_left()


async def codes_of(s: Scenario, *arguments: str) -> tuple[Ran, list[dict[str, Any]]]:
    ran = await s.xlicense("codes", "list", "--json", *arguments)
    return ran, ran.json()["codes"]


async def test_a_code_is_revealed_for_a_reason_and_only_then(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        async with stuck(s):
            pass
        (token,) = {given.value for given in s.lab.ledger.codes("token")}
        ran, (code,) = await codes_of(s)
        listed = await s.xlicense("codes", "list")
        assert (ran.code, listed.code) == (0, 0), str(listed)
        assert code["code_id"] in listed.out
        assert token not in ran.out + listed.out + listed.err
        unasked = await s.xlicense("codes", "reveal", code["code_id"])
        assert unasked.code == 64, str(unasked)
        assert "--reason" in unasked.err
        wrong = await s.xlicense("codes", "reveal", "code-nowhere", "--reason", "CHG1")
        assert wrong.code == 64, str(wrong)
        assert "there is no code code-nowhere" in wrong.err
        revealed = await s.xlicense("codes", "reveal", code["code_id"], "--reason", "CHG1")
        assert (revealed.code, revealed.out) == (0, f"{token}\n"), str(revealed)
        assert (await s.xlicense("apply", "--auto-approve")).code == 0
        assert (await codes_of(s))[1] == []
        assert code["code_id"] in [one["code_id"] for one in (await codes_of(s, "--all"))[1]]


async def test_without_the_identity_a_code_is_listed_not_revealed_and_exit_9(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        async with stuck(s):
            pass
        (identity,) = [path for path in (s.tmp / "config").rglob("*") if path.is_file()]
        identity.rename(s.tmp / "elsewhere")
        ran, (code,) = await codes_of(s)
        assert ran.code == 9, str(ran)
        listed = await s.xlicense("codes", "list")
        assert listed.code == 9, str(listed)
        assert "NO" in listed.out
        revealed = await s.xlicense("codes", "reveal", code["code_id"], "--reason", "CHG1")
        assert revealed.code == 9, str(revealed)
        assert revealed.out == ""
        assert "not readable here" in revealed.err, str(revealed)
