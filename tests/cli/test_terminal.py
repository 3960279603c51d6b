"""At a real terminal, with the lab behind real SSH and HTTPS: the question, the live line, the signals."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tests.golden.harness import HERE, Scenario

QUESTION = "Only 'yes' will be accepted to approve."
# The lab's nodes share the first label of their host names, which the peers rule cannot tell apart.


def at_terminal(scenario: Scenario, *arguments: str) -> Any:
    """The command, as a process on a terminal of its own."""
    return pexpect.spawn(
        sys.executable,
        ["-m", "reconciler.cli", *arguments],
        cwd=str(scenario.workspace),
        env={**scenario.environment, "TERM": "xterm"},
        encoding="utf-8",
        dimensions=(40, 120),
        timeout=60,
    )


def answered(scenario: Scenario, answer: str) -> tuple[int, str]:
    process = at_terminal(scenario, "apply")
    process.expect_exact(QUESTION)
    process.expect_exact("Enter a value: ")
    process.send(answer)
    process.expect(pexpect.EOF)
    process.close()
    return int(process.exitstatus), str(process.before)


@pytest.mark.parametrize("answer", ["y\n", "YES\n", "\x04"])
async def test_anything_but_yes_changes_nothing(answer: str, tmp_path: Path) -> None:
    async with Scenario(HERE / "fresh_two_nodes", tmp_path) as scenario:
        await scenario.ready()
        code, said = await asyncio.to_thread(answered, scenario, answer)
        assert code == 1
        assert "Nothing was changed." in said
        planned = await scenario.xlicense("plan", "--detailed-exitcode")
        assert planned.code == 2, str(planned)


async def test_yes_carries_the_plan_out_under_a_live_line(tmp_path: Path) -> None:
    async with Scenario(HERE / "fresh_two_nodes", tmp_path) as scenario:
        await scenario.ready()
        code, said = await asyncio.to_thread(answered, scenario, "yes\n")
        assert code == 0, said
        assert "4 done, 0 failed" in said
        await scenario.nothing_left()


def interrupted(scenario: Scenario, *numbers: int) -> tuple[int, str]:
    """Signals once a registration is on its way."""
    process = at_terminal(scenario, "apply", "--auto-approve")
    process.expect(r"e1: register to [^\n]*\.\.\.")
    told = ""
    for number in numbers:
        os.kill(process.pid, number)
        process.expect(r"(?s)(Stopping at a safe point|Still waiting for).*?\n")
        told += process.after
    process.expect(pexpect.EOF)
    process.close()
    return int(process.exitstatus), told + str(process.before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_at_a_safe_point_and_the_next_apply_goes_on(number: int, tmp_path: Path) -> None:
    async with Scenario(HERE / "fresh_two_nodes", tmp_path) as scenario:
        await scenario.ready()
        code, said = await asyncio.to_thread(interrupted, scenario, number)
        assert code == 130, said
        assert "Interrupted at a safe point" in said
        assert "Traceback" not in said
        again = await scenario.xlicense("apply", "--auto-approve")
        assert again.code == 0, str(again)
        await scenario.nothing_left()
