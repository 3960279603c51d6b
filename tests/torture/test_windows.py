"""K1: the disk dies at every write of every effect, and keeps a torn tail of what was not synced yet.

In one process, with the engine, the planner and the journal's real files. Afterwards every code that a tap
had taken is kept, nothing was sent twice, and the tale converges or says who must act.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.journal import keys

from .programme import LIMIT, SHARE, cases, done_before
from .stage import scratch
from .table import Row, add
from .tale import CHAPTERS, Told, begin, crash, finish

_PARTS = 2
_SEEDS = 5
_LONG_SEEDS = 100


def _items() -> Iterator[tuple[str, int, tuple[int, ...]]]:
    """(chapter, part, seeds): in a commit each window once, the seeds taking turns; else all of each seed."""
    if SHARE:
        first = done_before(_LONG_SEEDS)
        seeds = range(first, first + cases(1, _LONG_SEEDS))
        yield from ((chapter, 0, (seed,)) for seed in seeds for chapter in CHAPTERS)
    else:
        yield from ((chapter, part, tuple(range(_SEEDS))) for chapter in CHAPTERS for part in range(_PARTS))


@pytest.fixture
def home() -> Iterator[Path]:
    folder = scratch()
    yield folder
    shutil.rmtree(folder)


def _case(chapter: str, seed: int, at: int, again: bool, home: Path, recipient: str) -> tuple[Told, int]:
    """One tale with one crash, or with another one in the run that recovers; how many windows it passed."""
    told, place = Told(), home / f"{seed}-{at}"
    place.mkdir(mode=0o700)
    dice = random.Random(f"K1 {chapter} {seed} {at}")
    tale = begin(chapter, dice, place / "before", home / "identity.txt", recipient)
    try:
        disk = crash(tale, at, dice, place / "after")
        told.crashes += disk.dead
        if again:
            tale.passes(dice.choice((0.0, 40.0, 700.0)))
            told.crashes += crash(tale, dice.randint(1, len(disk.windows) + 1), dice, place / "last").dead
        tale.passes(dice.choice((0.0, 40.0, 700.0)))
        finish(tale, told)
    except AssertionError as error:
        told.wrong.append(str(error))
    finally:
        tale.close()
        shutil.rmtree(place)
    return told, len(disk.windows)


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("chapter", "part", "seeds"), tuple(_items()))
def test_k1_what_was_synced_is_kept_and_nothing_is_sent_twice(
    chapter: str, part: int, seeds: tuple[int, ...], home: Path
) -> None:
    recipient = keys.init_identity(home / "identity.txt")
    step, found = (_PARTS if len(seeds) > 1 else 1), []
    at, more = 1 + part, True
    while more:
        seed = seeds[at // step % len(seeds)]
        told, passed = _case(chapter, seed, at, at % 3 == 0, home, recipient)
        more = passed >= at
        complaints = [*told.wrong, *told.twice, *(f"lost {value[:20]}" for value in told.lost)]
        add(
            Row(
                "K1",
                1,
                told.crashes,
                told.printed,
                len(told.lost),
                len(told.twice),
                len(told.wrong),
                told.gap,
            )
        )
        if complaints:
            found.append(f"{chapter}, seed {seed}, window {at}: {'; '.join(complaints)}")
        at += step
    assert not found, "\n".join(found)
