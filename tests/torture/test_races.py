"""C1: several applies of one workspace at once; one of them stands still, and somebody breaks its lock.

Whatever the order, nothing is sent twice; who comes too late exits 5 (or 4: the world has changed since its
plan), or waits and finds the work done.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import re
import signal

import pytest

from reconciler.errors import Exit
from tests.ran import Ran

from .killing import Outcome, look_and_go_on, must_be_ordinary, row_of
from .launcher import Chosen, Launcher, Started
from .programme import LIMIT, Point, points_of, slices
from .referee import judge
from .scenes import SCENES
from .stage import Stage, snapshot
from .table import add

_LOSERS = (Exit.LOCKED, Exit.PLAN_FILE)


async def _stands_still(started: Started) -> bool:
    """True once it has stopped, False where it ended before."""
    while not started.ended.done():
        if started.is_stopped():
            return True
        await asyncio.sleep(0.01)
    return False


async def _together(stage: Stage, many: int, *options: str) -> list[Ran]:
    started = [await stage.start("apply", "--auto-approve", *options) for _ in range(many)]
    return [await one.end(300.0) for one in started]


async def _two_at_once(stage: Stage, at: str, dice: random.Random) -> list[Ran]:
    wait = dice.choice((("--lock-timeout", "30s"), ()))
    return await _together(stage, 2, *wait)


async def _one_stands_still(stage: Stage, at: str, dice: random.Random) -> list[Ran]:
    """The other comes meanwhile; then the first goes on."""
    first = await stage.start("apply", "--auto-approve", chosen=Chosen(at, "stop"))
    if not await _stands_still(first):
        return [await first.end()]
    stage.later(dice.choice((0.0, 30.0, 600.0)))
    second = await stage.apply()
    os.kill(first.pid, signal.SIGCONT)
    return [await first.end(), second]


async def _its_lock_is_broken(stage: Stage, at: str, dice: random.Random) -> list[Ran]:
    """Somebody unlocks the run that stands still, and applies; then the first goes on."""
    first = await stage.start("apply", "--auto-approve", chosen=Chosen(at, "stop"))
    if not await _stands_still(first):
        return [await first.end()]
    listed = await stage.run("op", "list")
    for run_id in sorted(set(re.findall(r"run-[0-9a-f]+", listed.out))):
        await stage.run("unlock", run_id)
    others = []
    for _ in range(dice.choice((1, 2))):
        others.append(await stage.apply())
        stage.later(dice.choice((0.0, 40.0, 700.0)))
    os.kill(first.pid, signal.SIGCONT)
    return [await first.end(), *others]


def _recorded_and_not_sent(points: list[Point]) -> list[Point]:
    """Where the journal says that something is being sent, and no byte of it has left."""
    after = ("write spool after", "pwrite")
    return [
        two
        for one, two in itertools.pairwise(points)
        if two.what == "send before" and one.what.startswith(after)
    ]


_RACES = (_two_at_once, _one_stands_still, _its_lock_is_broken, _its_lock_is_broken)


async def _judged(stage: Stage, ran: list[Ran], *, faults: int) -> Outcome:
    outcome = Outcome(faults=faults)
    for one in ran:
        must_be_ordinary(one, outcome, *_LOSERS)
    await look_and_go_on(stage, outcome)
    outcome.verdict = judge(stage, [])
    return outcome


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("scene", "number", "many"), slices(29, 2_000))
async def test_c1_never_two_sends_in_a_race(scene: str, number: int, many: int) -> None:
    found: list[str] = []
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES[scene], launcher)
        points = await points_of(prepared)
        dice = random.Random(f"C1 {number}")
        begun = next(number for number, point in enumerate(points) if "COMMIT" in point.what)
        edges = _recorded_and_not_sent(points)
        for case in range(many):
            race = _RACES[(case + number) % len(_RACES)]
            at = dice.choice(edges if dice.random() < 0.5 else points[begun:]).name
            async with prepared.stage() as stage:
                outcome = await _judged(stage, await race(stage, at, dice), faults=1)
            add(row_of("C1", outcome))
            if outcome.complaints:
                found.append(f"{scene}, {race.__name__} at {at}: {outcome.complaints}")
    assert not found, "\n\n".join(found)


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize("scene", ["reserve1"])
async def test_c1_of_fifty_applies_at_once_one_does_the_work(scene: str) -> None:
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES[scene], launcher)
        async with prepared.stage() as stage:
            ran = await _together(stage, 50)
            outcome = await _judged(stage, ran, faults=49)
    add(row_of("C1", outcome))
    assert any(one.code == Exit.OK for one in ran)
    assert not outcome.complaints
