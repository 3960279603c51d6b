"""How much is done of each test, and the points that a slice of it takes.

Belongs here: numbers and seeded choice. ``XLICENSE_TORTURE`` is the share of the long programme that is to be
done (``make torture`` sets 1); without it the tests take a sample that fits into every commit.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Awaitable, Iterable, Iterator

from .launcher import Chosen
from .scenes import SCENES
from .stage import Snapshot

SHARE = float(os.environ.get("XLICENSE_TORTURE", "0"))
LIMIT = 1200
"""Seconds for one slice, on a busy machine."""

_SLICE = 40
_AT_ONCE = 4
_EARLY = ("write spool", "sqlite COMMIT", "sqlite INSERT", "fsync", "ftruncate")
_NEAR = 6
_NETWORK = ("send", "sendmsg", "sendall", "recv", "recv_into", "connect")
_RUN = re.compile(r"run-[0-9a-f]+")
_BEFORE = 2
"""Writes before one that make it another one."""

_LAST = 5
"""Windows that tell one effect's from another's."""


def cases(short: int, long: int) -> int:
    return max(short, int(long * SHARE)) if SHARE else short


def slices(short: int, long: int) -> list[tuple[str, int, int]]:
    """(scene, number of the slice, cases in it); every scene in turn, at most so many cases a slice."""
    total, names = cases(short, long), list(SCENES)
    count = max(len(names), -(-total // _SLICE))
    sizes = [total // count + (number < total % count) for number in range(count)]
    return [(names[number % len(names)], number, size) for number, size in enumerate(sizes) if size]


async def together(cases: Iterable[Awaitable[str]]) -> list[str]:
    """Play a few at once, for most of a case is waiting; what they complain of."""
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(case: Awaitable[str]) -> str:
        async with slots:
            return await case

    return [complaint for complaint in await asyncio.gather(*map(one, cases)) if complaint]


async def points_of(snapshot: Snapshot, *arguments: str) -> list[str]:
    """What one undisturbed run of this scene passes, ``number name`` each."""
    async with snapshot.stage() as stage:
        started = await stage.start(*(arguments or ("apply", "--auto-approve")))
        ran = await started.end()
        assert ran.code == 0, str(ran)
        return [point for point in started.points() if " received " not in point]


def chosen(points: list[str], many: int, seed: str) -> Iterator[Chosen]:
    """So many points of a run: half spread evenly over it, half close to where something is written."""
    dice = random.Random(seed)
    near = [number for number, point in enumerate(points, 1) if point.split(maxsplit=1)[1].startswith(_EARLY)]
    for number in range(many):
        if number % 2:
            at = dice.choice(near) + dice.randint(-_NEAR, _NEAR)
        else:
            at = int(len(points) * (number + dice.random()) / many) + 1
        yield Chosen(min(max(at, 1), len(points)), "kill", dice.uniform(1e-5, 8e-4))


def writes(points: list[str]) -> list[int]:
    """The numbers of the points right before something is written, and in the middle of a write."""
    return [
        number
        for number, point in enumerate(points, 1)
        if point.split()[1] not in _NETWORK and point.endswith((" before", " half"))
    ]


def distinct(points: list[str], seen: set[tuple[str, ...]]) -> list[int]:
    """Those writes that differ from all before in what is written and what was written last; ``seen`` is
    added to, so that another run only brings what it alone has."""
    names = [_RUN.sub("run", point.split(maxsplit=1)[1]) for point in points]
    found, before = [], ("",) * _BEFORE
    for number in writes(points):
        site = (*before, names[number - 1])
        before = site[1:]
        if site not in seen:
            seen.add(site)
            found.append(number)
    return found


def windows(points: list[str], seen: set[tuple[str, ...]] | None = None) -> Iterator[int]:
    """Where an effect can be when a signal comes: recorded, sent, answered, its answer kept. With ``seen``,
    only those that differ from all before in what the run did last."""
    passed: list[str] = []
    open_ones: set[str] = set()
    for number, point in enumerate(points, 1):
        name, _, end = point.split(maxsplit=1)[1].rpartition(" ")
        kind = name[:4] if name.startswith(("send", "recv")) else name
        if end != "after" or (kind != "sqlite COMMIT" and kind not in open_ones):
            continue
        open_ones = {"send", "recv", "write spool"} if kind == "sqlite COMMIT" else open_ones - {kind}
        passed.append(kind)
        site = tuple(passed[-_LAST:])
        if seen is None or site not in seen:
            yield number
        if seen is not None:
            seen.add(site)


def thorough(dice: random.Random) -> bool:
    """Every case of the long programme, one in three of the short one."""
    return bool(SHARE) or dice.random() < 1 / 3
