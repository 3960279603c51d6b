"""G1: a signal in every window of every effect. The run stops at a safe point and says how far it came.

Nothing that was sent is cut off, no code is lost, and the next run goes on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from reconciler.errors import Exit

from .killing import Outcome, look_and_go_on, must_be_ordinary, row_of
from .launcher import Chosen, Launcher
from .programme import LIMIT, SHARE, Point, drawn, points_of, thorough, together, windows
from .referee import judge
from .scenes import SCENES
from .stage import Stage, snapshot
from .table import add

_SIGNALS = ("INT", "TERM")
_MORE = ("HUP", "PIPE", "INT INT", "TERM TERM", "HUP HUP", "INT TERM")
_ALONE = [name for name in SCENES if name.endswith("1") and name != "to_token1"]
"""Scenes of one node; what the last of them does, others do too."""

_TELLS = re.compile(r"Interrupted|Run run-\w+: \d+ done")
_STOPS = "Stopping at a safe point"


async def _signalled(stage: Stage, chosen: Chosen, *, thorough: bool) -> Outcome:
    outcome = Outcome(faults=1)
    ran = await stage.apply(chosen=chosen)
    must_be_ordinary(ran, outcome, Exit.INTERRUPTED)
    if not _TELLS.search(ran.said):
        outcome.wrong.append(f"does not say how far it came: {ran}")
    _, stops, more = ran.err.partition(_STOPS)
    if _begins(more) or (stops and ran.code not in (Exit.INTERRUPTED, Exit.OK)):
        outcome.wrong.append(f"does not stop: {ran}")
    await look_and_go_on(stage, outcome, thorough=thorough)
    outcome.verdict = judge(stage, [])
    return outcome


def _begins(said: str) -> bool:
    """Whether a line tells of an action that starts."""
    return any(line.endswith(" ...") for line in said.splitlines())


def _items() -> Iterator[tuple[str, str]]:
    """(signals, scene): a window of each kind; all of them in the whole long programme."""
    for how in (*_SIGNALS, *_MORE) if SHARE else _SIGNALS:
        yield from ((how, scene) for scene in SCENES if SHARE or scene in _ALONE)


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("how", "scene"), tuple(_items()))
async def test_g1_a_signal_in_any_window_stops_at_a_safe_point(how: str, scene: str) -> None:
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES[scene], launcher)
        dice = random.Random(f"G1 {scene}, {how}")
        points = await points_of(prepared)

        async def case(point: Point) -> str:
            async with prepared.stage() as stage:
                outcome = await _signalled(
                    stage, Chosen(point.name, f"signal {how}"), thorough=thorough(dice)
                )
            add(row_of("G1", outcome))
            said = "; ".join(outcome.complaints)
            return f"{scene}, {how} at {point.name}: {said}" if said else ""

        chosen = [point for point, _ in windows(points)] if SHARE >= 1 else drawn(points, dice)
        found = await together(case(point) for point in chosen)
    assert not found, "\n\n".join(found)
