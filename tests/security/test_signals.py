"""INT, TERM, HUP, a closed terminal, a closed pipe: at every kind of window, as real processes.

What is only read is dropped: exit 130. What was sent comes to its end, the summary is printed, exit 130, and
the next run goes on where this one stopped. Nothing is sent twice.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from providers.lab import books
from tests.golden.harness import HERE, Scenario

LIMIT = 60
TORTURE = bool(os.environ.get("XLICENSE_TORTURE"))


@dataclass(frozen=True)
class Window:
    """A place in a run: the instruction that takes long, and what is said while it does."""

    scenario: str
    where: str
    match: str
    codes: str | None = None
    """The kind of code that is on its way."""


TOKEN = Window("fresh_two_nodes", "cloud", "POST .*/tokens$", "token")
REGISTER = Window("fresh_two_nodes", "ams-edge/e1", "license smart register")
REQUEST = Window("reservations", "ams-core/c1", "reservation request", "request")
RESERVE = Window("reservations", "cloud", "POST .*/reserve", "authorization")
INSTALL = Window("reservations", "ams-core/c1", "reservation install")
WINDOWS = {"token": TOKEN, "register": REGISTER, "request": REQUEST, "reserve": RESERVE, "install": INSTALL}


class Running:
    """An apply on its way."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def send(self, *numbers: int) -> None:
        for number in numbers:
            self.process.send_signal(number)

    async def heard(self, words: str) -> None:
        """Until stderr says these words."""
        assert self.process.stderr is not None
        said = b""
        async with asyncio.timeout(LIMIT):
            while words.encode() not in said:
                line = await self.process.stderr.readline()
                assert line, f"{words!r} was never said, but {said.decode()!r}"
                said += line

    async def ended(self) -> tuple[int, str, str]:
        async with asyncio.timeout(LIMIT):
            out, err = await self.process.communicate()
        assert self.process.returncode is not None
        assert b"Traceback" not in err
        return self.process.returncode, (out or b"").decode(), err.decode()


async def applying(s: Scenario, *, before: Callable[[], None] | None = None, **streams: int) -> Running:
    pipe, null = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    pipes = {"stdin": null, "stdout": pipe, "stderr": pipe, **streams}
    return Running(
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "reconciler.cli", "apply", "--auto-approve",
            cwd=s.workspace, env=s.environment, preexec_fn=before, **pipes,
        )
    )  # fmt: skip


async def reached(s: Scenario, where: str, match: str, seconds: float = 2.0) -> asyncio.Task[None]:
    """A task that ends when this instruction has arrived; its answer comes so many seconds later."""
    fault = s.lab.faults.add(where, "slow", match=match, seconds=seconds)

    async def arrival() -> None:
        for _ in range(LIMIT * 50):
            if fault.fired:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{match} never came")

    return asyncio.ensure_future(arrival())


@asynccontextmanager
async def at(window: Window, tmp_path: Path) -> AsyncIterator[tuple[Scenario, Running]]:
    """A run that stands in this window. Afterwards the next run finishes the work and sends nothing twice."""
    async with Scenario(HERE / window.scenario, tmp_path) as s:
        await s.ready()
        arrived = await reached(s, window.where, window.match)
        running = await applying(s)
        await arrived
        yield s, running
        await finishes(s, window)


async def finishes(s: Scenario, window: Window) -> None:
    again = await s.xlicense("apply", "--auto-approve")
    assert again.code == 0, str(again)
    await s.nothing_left()
    assert s.lab.ledger.sent_twice(["smart register", "reservation request", "reservation install"]) == ()
    if window.codes is not None:
        values = [given.value for given in s.lab.ledger.codes(window.codes)]
        assert len(values) == len(set(values))
    books.check(s.lab.world)


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
CELLS = [
    (name, number)
    for at_window, name in enumerate(WINDOWS)
    for at_signal, number in enumerate(SIGNALS)
    if TORTURE or at_signal == at_window % len(SIGNALS)
]


@pytest.mark.parametrize(("name", "number"), CELLS, ids=lambda value: getattr(value, "name", value))
async def test_a_signal_lets_what_was_sent_come_to_its_end(name: str, number: int, tmp_path: Path) -> None:
    async with at(WINDOWS[name], tmp_path) as (_, running):
        running.send(number)
        code, out, err = await running.ended()
        assert code == 130, out + err
        assert "Interrupted at a safe point" in out
        assert " done, 0 failed" in out
        assert "Stopping at a safe point" in err


@pytest.mark.parametrize("name", WINDOWS if TORTURE else ["register", "request"])
async def test_a_second_signal_is_told_what_is_waited_for_and_a_third_changes_nothing(
    name: str, tmp_path: Path
) -> None:
    async with at(WINDOWS[name], tmp_path) as (_, running):
        running.send(signal.SIGTERM)
        await running.heard("Stopping at a safe point")
        running.send(signal.SIGINT)
        await running.heard("Still waiting for: ")
        running.send(signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        code, out, err = await running.ended()
        assert code == 130, out + err
        assert "Interrupted at a safe point" in out


@pytest.mark.parametrize("number", SIGNALS)
async def test_while_only_reading_a_signal_ends_the_run_at_once(number: int, tmp_path: Path) -> None:
    async with Scenario(HERE / "fresh_two_nodes", tmp_path) as s:
        await s.ready()
        arrived = await reached(s, "ams-edge/e1", "xstatus|license", seconds=30)
        running = await applying(s)
        await arrived
        running.send(number)
        code, out, err = await running.ended()
        assert (code, out) == (130, "")
        assert err.endswith("Interrupted.\n")
        assert s.lab.ledger.codes() == ()
        s.lab.faults.clear()
        await finishes(s, REGISTER)


async def test_a_signal_while_the_leases_are_held_and_nothing_is_sent_starts_nothing(tmp_path: Path) -> None:
    async with Scenario(HERE / "fresh_two_nodes", tmp_path) as s:
        await s.ready()
        planned = await s.xlicense("plan", "-o", "plan.json")
        assert planned.code == 0
        arrived = await reached(s, "ams-edge/e1", "xstatus|license", seconds=30)
        running = await applying_plan(s, "plan.json")
        await arrived
        running.send(signal.SIGTERM)
        code, out, err = await running.ended()
        assert code == 130, out + err
        assert "Interrupted at a safe point" in out
        assert s.lab.ledger.codes() == ()
        s.lab.faults.clear()
        again = await s.xlicense("apply", "plan.json")
        assert again.code == 0, str(again)


async def applying_plan(s: Scenario, plan: str) -> Running:
    return Running(
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "reconciler.cli", "apply", plan,
            cwd=s.workspace, env=s.environment, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )
    )  # fmt: skip


async def test_a_run_that_was_told_to_outlive_its_terminal_does(tmp_path: Path) -> None:
    """``nohup xlicense apply``: HUP is ignored from the start and stays so."""
    async with Scenario(HERE / "fresh_two_nodes", tmp_path) as s:
        await s.ready()
        arrived = await reached(s, REGISTER.where, REGISTER.match)
        running = await applying(s, before=ignoring_hangup)
        await arrived
        running.send(signal.SIGHUP)
        code, out, err = await running.ended()
        assert code == 0, out + err
        assert "Interrupted" not in out
        await s.nothing_left()


def ignoring_hangup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


async def test_a_terminal_that_is_closed_stops_the_run_at_a_safe_point(tmp_path: Path) -> None:
    """The kernel sends HUP, and every later write on the terminal fails."""
    async with Scenario(HERE / "fresh_two_nodes", tmp_path) as s:
        await s.ready()
        master, slave = pty.openpty()

        def own_terminal() -> None:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

        arrived = await reached(s, REGISTER.where, REGISTER.match)
        running = await applying(s, before=own_terminal, stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        await arrived
        os.close(master)
        async with asyncio.timeout(LIMIT):
            assert await running.process.wait() == 130
        assert list((s.tmp / "state").rglob("xlicense-bug-*")) == []
        await finishes(s, REGISTER)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_a_reader_that_goes_away_in_the_middle_stops_nothing(stream: str, tmp_path: Path) -> None:
    async with Scenario(HERE / "fresh_two_nodes", tmp_path) as s:
        await s.ready()
        reading, writing = os.pipe()
        arrived = await reached(s, REGISTER.where, REGISTER.match)
        running = await applying(s, **{stream: writing})
        os.close(writing)
        await arrived
        os.close(reading)
        async with asyncio.timeout(LIMIT):
            assert await running.process.wait() == 0
        await s.nothing_left()


async def test_signals_after_the_run_do_not_cost_the_summary(tmp_path: Path) -> None:
    """The last instruction is done, the connections are being closed, and somebody is impatient."""
    async with at(REGISTER, tmp_path) as (_, running):
        running.send(signal.SIGINT)
        await running.heard("Stopping at a safe point")
        await running.heard("done")
        running.send(signal.SIGTERM, signal.SIGINT)
        code, out, err = await running.ended()
        assert code == 130, out + err
        assert "Interrupted at a safe point" in out
