"""D1, the long programme: every write of every scene, any manner of failing, then any of the usual pauses."""

from __future__ import annotations

import random

import pytest

from .bad_disk import MANNERS
from .killing import play_on_bad_disk, row_of
from .launcher import Chosen, Launcher
from .programme import LIMIT, points_of, slices, writes
from .scenes import SCENES
from .stage import snapshot
from .table import add

_PAUSES = (0.0, 40.0, 4000.0)


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("scene", "number", "many"), slices(0, 1_600))
async def test_d1_nothing_is_lost_when_the_disk_fails_at_any_write(
    scene: str, number: int, many: int
) -> None:
    found: list[str] = []
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES[scene], launcher)
        points = await points_of(prepared)
        dice = random.Random(f"D1 {number}")
        for _ in range(many):
            point, manner = dice.choice(writes(points)), dice.choice(MANNERS)
            async with prepared.stage() as stage:
                outcome = await play_on_bad_disk(
                    stage, Chosen(point.name, manner), pause=dice.choice(_PAUSES)
                )
            add(row_of("D1", outcome))
            if outcome.complaints:
                found.append(f"{scene}, {manner} at {point.name}: {'; '.join(outcome.complaints)}")
    assert not found, "\n\n".join(found)
