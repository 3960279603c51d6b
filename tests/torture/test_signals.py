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
from .programme import LIMIT, SHARE, Point, points_of, thorough, together, windows
from .referee import judge
from .scenes import SCENES
from .stage import Snapshot, Stage, snapshot
from .table import add

_SIGNALS = ("INT", "TERM")
_MORE = ("HUP", "PIPE", "INT INT", "TERM TERM", "HUP HUP", "INT TERM")
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


def _items() -> Iterator[tuple[str, tuple[str, ...]]]:
    """(signals, scenes): each kind of window once; all of them in the whole long programme."""
    if SHARE:
        yield from ((how, (scene,)) for how in (*_SIGNALS, *_MORE) for scene in SCENES)
    else:
        yield from ((how, tuple(name for name in SCENES if name.endswith("1"))) for how in _SIGNALS)


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("how", "scenes"), tuple(_items()))
async def test_g1_a_signal_in_any_window_stops_at_a_safe_point(how: str, scenes: tuple[str, ...]) -> None:
    found: list[str] = []
    seen: set[tuple[str, ...]] = set()
    async with Launcher() as launcher:
        for scene in scenes:
            prepared = await snapshot(SCENES[scene], launcher)
            found += await _all_of(prepared, f"{scene}, {how}", how, None if SHARE >= 1 else seen)
    assert not found, "\n\n".join(found)


async def _all_of(prepared: Snapshot, name: str, how: str, seen: set[tuple[str, ...]] | None) -> list[str]:
    dice = random.Random(f"G1 {name}")
    points = await points_of(prepared)

    async def case(point: Point) -> str:
        async with prepared.stage() as stage:
            outcome = await _signalled(stage, Chosen(point.name, f"signal {how}"), thorough=thorough(dice))
        add(row_of("G1", outcome))
        said = "; ".join(outcome.complaints)
        return f"{name} at {point.name}: {said}" if said else ""

    return await together(case(point) for point in windows(points, seen))
