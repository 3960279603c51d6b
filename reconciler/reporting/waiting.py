"""The list of hand-offs: what waits for whom since when, and how to do it."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model import Waiting
from reconciler.reporting.sections import Page, waiting_lines
from reconciler.reporting.words import plural


def waiting_text(waiting: Sequence[Waiting], *, width: int = 120, color: bool = False) -> str:
    """Every hand-off with its full instructions, and how many there are."""
    if not waiting:
        return "Nothing waits for a person.\n"
    count = f"{plural(len(waiting), 'hand-off waits', 'hand-offs wait')} for a person."
    return "\n".join([*waiting_lines(waiting, Page(width, color)), "", count]) + "\n"
