"""How much is done of each test, and the points that a slice of it takes.

Belongs here: numbers and seeded choice. ``XLICENSE_TORTURE`` is the share of the long programme that is to be
done (``make torture`` sets 1), ``XLICENSE_TORTURE_FROM`` the share that an earlier run has done, whose seeds
are passed over; without them the tests take a sample that fits into every commit.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import dataclass

from .launcher import Chosen
from .points import Names, on_network, what_of
from .scenes import SCENES
from .stage import Snapshot

SHARE = float(os.environ.get("XLICENSE_TORTURE", "0"))
_FROM = float(os.environ.get("XLICENSE_TORTURE_FROM", "0"))
LIMIT = 1200
"""Seconds for one slice, on a busy machine."""

_SLICE = 40
_AT_ONCE = 4
_EARLY = ("write spool", "sqlite COMMIT", "sqlite INSERT", "fsync", "ftruncate")
_NEAR = 6
_BEFORE = 2
"""Writes before one that make it another one."""

_LAST = 2
"""Steps that make a kind of window."""


def cases(short: int, long: int) -> int:
    return max(short, int(long * SHARE)) if SHARE else short


def done_before(long: int) -> int:
    """How many of ``long`` an earlier run has done."""
    return int(long * _FROM)


def slices(short: int, long: int) -> list[tuple[str, int, int]]:
    """(scene, number of the slice, cases in it); every scene in turn, at most so many cases a slice. The
    number is the seed."""
    total, names = cases(short, long), list(SCENES)
    count, first = _slices_of(total), _slices_of(done_before(long))
    sizes = [total // count + (number < total % count) for number in range(count)]
    return [(names[number % len(names)], number, size) for number, size in enumerate(sizes, first) if size]


def _slices_of(total: int) -> int:
    """Each scene has one, however few cases there are."""
    return max(len(SCENES), -(-total // _SLICE)) if total else 0


async def together(cases: Iterable[Awaitable[str]]) -> list[str]:
    """Play a few at once, for most of a case is waiting; what they complain of."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(case: Awaitable[str]) -> str:
        async with slots:
            return await case

    return [complaint for complaint in await asyncio.gather(*map(one, cases)) if complaint]


@dataclass(frozen=True)
class Point:
    """What happens there, and the name by which another run of the command finds it again."""

    what: str
    name: str


_passed: dict[str, list[Point]] = {}


async def points_of(snapshot: Snapshot) -> list[Point]:
    """What one undisturbed apply of this scene passes, looked at once in this process."""
    name = snapshot.scene.name
    if name not in _passed:
        async with snapshot.stage() as stage:
            started = await stage.start("apply", "--auto-approve")
            ran = await started.end()
            assert ran.code == 0, str(ran)
            names, passed = Names(), [line.split(maxsplit=1)[1] for line in started.points()]
        _passed[name] = [
            Point(what_of(point), names.of(point)) for point in passed if not point.startswith("received ")
        ]
    return _passed[name]


def chosen(points: list[Point], many: int, seed: str) -> Iterator[Chosen]:
    """So many points of a run: half spread evenly over it, half close to where something is written."""
    dice = random.Random(seed)
    near = [number for number, point in enumerate(points) if point.what.startswith(_EARLY)]
    for number in range(many):
        if number % 2:
            at = dice.choice(near) + dice.randint(-_NEAR, _NEAR)
        else:
            at = int(len(points) * (number + dice.random()) / many)
        point = points[min(max(at, 0), len(points) - 1)]
        yield Chosen(point.name, "kill", dice.uniform(1e-5, 8e-4))


def writes(points: list[Point]) -> list[Point]:
    """The points right before something is written, and in the middle of a write."""
    return [
        point for point in points if not on_network(point.what) and point.what.endswith((" before", " half"))
    ]


def distinct(points: list[Point], seen: set[tuple[str, ...]]) -> list[Point]:
    """Those writes that differ from all before in what is written and what was written last; ``seen`` is
    added to, so that another run only brings what it alone has."""
    found, before = [], ("",) * _BEFORE
    for point in writes(points):
        site = (*before, point.what)
        before = site[1:]
        if site not in seen:
            seen.add(site)
            found.append(point)
    return found


def windows(points: list[Point]) -> Iterator[tuple[Point, tuple[str, ...]]]:
    """Where an effect can be when a signal comes: recorded, sent, answered, its answer kept; and the kind of
    window, which is what was done last."""
    passed = ("",) * _LAST
    open_ones: set[str] = set()
    for point in points:
        name, _, end = point.what.rpartition(" ")
        kind = name[:4] if name.startswith(("send", "recv")) else name
        if end != "after" or (kind != "sqlite COMMIT" and kind not in open_ones):
            continue
        open_ones = {"send", "recv", "write spool"} if kind == "sqlite COMMIT" else open_ones - {kind}
        passed = (*passed[1:], kind)
        yield point, passed


def drawn(points: list[Point], dice: random.Random) -> list[Point]:
    """A window of each kind."""
    kinds: dict[tuple[str, ...], list[Point]] = {}
    for point, kind in windows(points):
        kinds.setdefault(kind, []).append(point)
    return [dice.choice(found) for found in kinds.values()]


def thorough(dice: random.Random) -> bool:
    """Every case of the long programme, one in six of the short one."""
    return bool(SHARE) or dice.random() < 1 / 6
