"""K2 and K3: the real process is killed, at any point, once or again while it recovers, in a faulty network.

Afterwards the lab is asked: no code that was received is lost, nothing that must not be sent twice was, the
books add up, and another ``apply`` converges or names who must act.
"""

from __future__ import annotations

import random

import pytest

from .killing import play, row_of
from .launcher import Chosen, Launcher
from .programme import LIMIT, chosen, points_of, slices, thorough, together
from .scenes import SCENES
from .stage import Stage, snapshot
from .table import add

_PAUSES = (0.0, 0.0, 40.0, 700.0, 4000.0)
"""Seconds until people start again: at once, after a node's settle time, after a slow CSSM's, later."""

_ON_NODE = ("refuse", "drop-before", "drop-after", "mid-reply", "garbage", "error")
_ON_SERVER = (*_ON_NODE, "error-in-200", "html", "expired-bearer", "unavailable", "too-many")
_WHEN = ("reservation", "licen|smart", None)


async def _case(test: str, stage: Stage, kills: list[Chosen], dice: random.Random, told: str = "") -> str:
    """What there is to complain of."""
    outcome = await play(stage, kills, pause=dice.choice(_PAUSES), thorough=thorough(dice))
    add(row_of(test, outcome))
    where = f"{test}, killed at {[(kill.at, kill.delay) for kill in kills]}{told}"
    return f"{where}: {'; '.join(outcome.complaints)}" if outcome.complaints else ""


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("scene", "number", "many"), slices(300, 10_000))
async def test_k2_nothing_is_lost_when_the_process_is_killed(scene: str, number: int, many: int) -> None:
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES[scene], launcher)
        points = await points_of(prepared)

        async def case(kill: Chosen) -> str:
            dice = random.Random(f"K2 {number} {kill.at}")
            async with prepared.stage() as stage:
                return await _case("K2", stage, [kill], dice)

        found = await together(case(kill) for kill in chosen(points, many, f"K2 points {number}"))
    assert not found, "\n\n".join(found)


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("scene", "number", "many"), slices(300, 20_000))
async def test_k3_nothing_is_lost_when_it_is_killed_again_in_a_faulty_network(
    scene: str, number: int, many: int
) -> None:
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES[scene], launcher)
        points = await points_of(prepared)

        async def case(first: Chosen) -> str:
            dice = random.Random(f"K3 {number} {first.at}")
            kills = [first, *_again(len(points), dice)]
            async with prepared.stage() as stage:
                told = _turn_knobs(stage, dice)
                return await _case("K3", stage, kills, dice, told)

        found = await together(case(first) for first in chosen(points, many, f"K3 points {number}"))
    assert not found, "\n\n".join(found)


def _turn_knobs(stage: Stage, dice: random.Random) -> str:
    told = []
    for _ in range(dice.randint(0, 2)):
        where = dice.choice(["cloud", *stage.lab.nodes])
        kind = dice.choice(_ON_SERVER if where == "cloud" else _ON_NODE)
        match = dice.choice(_WHEN)
        stage.lab.faults.add(where, kind, match=match, times=dice.randint(1, 2))
        told.append(f"{where} {kind} {match}")
    return f", faults {told}"


def _again(many: int, dice: random.Random) -> list[Chosen]:
    """One or two more deaths, in runs that begin with recovery."""
    return [
        Chosen(dice.randint(1, many), "kill", dice.uniform(1e-5, 8e-4)) for _ in range(dice.choice((1, 1, 2)))
    ]
