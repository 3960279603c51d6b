"""The table at the end of a run: what was done to xlicense, and what became of the codes.

Belongs here: rows on disk (one line of JSON for each slice of a test, so that parallel workers can add
theirs) and their sum. Rows lie in ``.cache/torture`` and are removed when a run begins.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "torture"
TITLES = {
    "test": "test",
    "cases": "cases",
    "faults": "faults injected",
    "printed": "codes printed by the lab",
    "lost": "codes lost after they were received",
    "twice": "effects sent twice",
    "errors": "uncaught errors",
    "gap": "codes cut off in the gap",
}


@dataclass
class Row:
    """One line. ``gap`` counts codes whose process died after decrypting them and before its write to the
    spool was done: nothing can keep these, and their node must have been left alone."""

    test: str
    cases: int = 0
    faults: int = 0
    printed: int = 0
    lost: int = 0
    twice: int = 0
    errors: int = 0
    gap: int = 0

    def __iadd__(self, other: Row) -> Row:
        for field in fields(self)[1:]:
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self


def begin() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)


def add(row: Row) -> None:
    """Keep one row, also where other processes keep theirs."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"rows-{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(row)) + "\n")


def rows() -> tuple[Row, ...]:
    """One row for each test, summed."""
    found: dict[str, Row] = {}
    for path in sorted(FOLDER.glob("rows-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = Row(**json.loads(line))
            total = found.setdefault(row.test, Row(row.test))
            total += row
    return tuple(found[name] for name in sorted(found))


def text() -> str:
    """The table, as Markdown; nothing where no row was kept."""
    found = rows()
    if not found:
        return ""
    lines = [list(TITLES.values())]
    lines += [[str(value) for value in asdict(row).values()] for row in found]
    widths = [max(len(line[column]) for line in lines) for column in range(len(TITLES))]
    lines.insert(1, ["-" * (widths[0])] + ["-" * (width - 1) + ":" for width in widths[1:]])
    return "\n".join(
        "| " + " | ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ) + " |"
        for line in lines
    )  # fmt: skip
