"""Short lists for the terminal: aligned columns, every cell through the one sanitiser."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.reporting import one_line

GAP = "  "


def columns(title: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    """Left-aligned columns under a title; the last one is not padded. ``empty`` where there is no row."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    if not cells:
        return empty
    table = [list(title), *cells]
    widths = [max(len(row[place]) for row in table) for place in range(len(title))]
    return "\n".join(_line(row, widths) for row in table)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def when(moment: datetime | None) -> str:
    """``2026-11-24 04:00``, UTC; a dash for never."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment is not None else "-"
