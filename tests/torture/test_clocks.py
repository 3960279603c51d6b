"""T1: the clock of the machine steps, stands still or is years off, around a death and afterwards.

No promise depends on what time it is: nothing is lost, nothing is sent twice, and it converges or says who
must act. A clock that is wrong may cost a step (a token looks expired, an effect stays open), never more.
"""

from __future__ import annotations

import random

import pytest

from .killing import play, row_of
from .launcher import Launcher
from .programme import LIMIT, chosen, points_of, slices
from .scenes import SCENES
from .stage import Stage, snapshot
from .table import add

_DAY = 86_400.0
_STEPS = (10 * 365 * _DAY, -10 * 365 * _DAY, 400 * _DAY, -_DAY, 3_600.0, -3_600.0, -30.0, 4_000_000_000.0)


def _set(stage: Stage, dice: random.Random) -> str:
    stage.skew, stage.frozen = dice.choice(_STEPS), dice.random() < 0.3
    return f"{stage.skew:+.0f} s{', frozen' if stage.frozen else ''}"


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("scene", "number", "many"), slices(20, 200))
async def test_t1_no_promise_depends_on_the_clock(scene: str, number: int, many: int) -> None:
    found: list[str] = []
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES[scene], launcher)
        points = await points_of(prepared)
        dice = random.Random(f"T1 {number}")
        for kill in chosen(points, many, f"T1 points {number}"):
            async with prepared.stage() as stage:
                before = _set(stage, dice) if dice.random() < 0.5 else "right"
                outcome = await play(stage, [kill], pause=0.0, between=lambda: _set(stage, dice))
            row = row_of("T1", outcome)
            row.faults += 2
            add(row)
            if outcome.complaints:
                found.append(f"{scene}, clock {before} before, killed at {kill}: {outcome.complaints}")
    assert not found, "\n\n".join(found)
