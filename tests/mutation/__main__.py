"""``python -m tests.mutation --share 0.05 --seed 1``: a seeded sample of all changes, tried, as a table.

Exits with 1 where fewer than 90 of 100 are killed. ``--room`` narrows it to some rooms, ``--at`` to the
changes of one file or of one line of it (``path:line``).
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import tempfile
from pathlib import Path

from .operators import Mutant, mutants
from .report import FLOOR, Row, explained, row, survivor, table, total
from .rooms import ROOMS, Room
from .trial import Tree, try_all, warm

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).parent / "survivors.md"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--room", action="append", choices=[room.name for room in ROOMS])
    parser.add_argument("--at", action="append")
    return parser.parse_args()


def _sample(room: Room, share: float, seed: str, places: list[str] | None) -> list[Mutant]:
    found = [
        mutant for path in room.files(ROOT) for mutant in mutants(path, (ROOT / path).read_text("utf-8"))
    ]
    if places:
        found = [each for each in found if each.path in places or f"{each.path}:{each.line}" in places]
    return random.Random(f"{seed} {room.name}").sample(found, math.ceil(share * len(found)))


def _try(room: Room, sample: list[Mutant], trees: list[Tree], known: frozenset[tuple[str, str, str]]) -> Row:
    ended = []
    for mutant, outcome in try_all(sample, trees[0].reach(room), trees):
        ended.append((mutant, outcome))
        if outcome == "survived" and mutant.name not in known:
            print(survivor(mutant), file=sys.stderr, flush=True)
    return row(room.name, ended, known)


def main() -> int:
    """Try the sample and print the table."""
    asked = _arguments()
    known = explained(SURVIVORS.read_text("utf-8")) if SURVIVORS.exists() else frozenset()
    rooms = [room for room in ROOMS if not asked.room or room.name in asked.room]
    samples = {room: _sample(room, asked.share, asked.seed, asked.at) for room in rooms}
    warm()
    with tempfile.TemporaryDirectory(prefix="mutation-") as scratch:
        trees = [Tree(ROOT, Path(scratch) / str(number)) for number in range(asked.jobs)]
        rows = [_try(room, sample, trees, known) for room, sample in samples.items() if sample]
    print(table(rows))
    return 1 if total(rows).share < FLOOR else 0


if __name__ == "__main__":
    sys.exit(main())
