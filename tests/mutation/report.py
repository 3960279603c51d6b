"""The table at the end, and the survivors that were looked at before. Pure: texts and values.

``survivors.md`` is a Markdown table of place (file and function), change, and why no user could notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .operators import Mutant

FLOOR = 90.0


@dataclass(frozen=True)
class Row:
    """One room. ``explained``: survivors that the file names; they do not count as killed."""

    room: str
    killed: int
    explained: int
    survived: tuple[Mutant, ...]

    @property
    def tried(self) -> int:
        return self.killed + self.explained + len(self.survived)

    @property
    def share(self) -> float:
        """Percent killed, of all that were tried: an explanation is no test."""
        return 100 * self.killed / self.tried if self.tried else 100.0


def explained(text: str) -> frozenset[tuple[str, str, str]]:
    """The names in the table of ``survivors.md``: path, function, change."""
    cells = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines())
    return frozenset(
        (row[0].partition("::")[0], row[0].partition("::")[2], row[1].strip("`"))
        for row in cells
        if len(row) >= 3 and row[0].partition("::")[0].endswith(".py")
    )


def row(room: str, ended: Iterable[tuple[Mutant, str]], known: frozenset[tuple[str, str, str]]) -> Row:
    """Count a room's mutants."""
    all_ended = tuple(ended)
    alive = [mutant for mutant, outcome in all_ended if outcome == "survived"]
    return Row(
        room,
        len(all_ended) - len(alive),
        sum(mutant.name in known for mutant in alive),
        tuple(mutant for mutant in alive if mutant.name not in known),
    )


def total(rows: Sequence[Row]) -> Row:
    """All rooms together."""
    return Row(
        "all",
        sum(each.killed for each in rows),
        sum(each.explained for each in rows),
        tuple(mutant for each in rows for mutant in each.survived),
    )


def table(rows: Sequence[Row]) -> str:
    """Markdown, with the sum as its last row."""
    lines = ["| room | mutants | killed | explained | survived | killed % |", "|---|--:|--:|--:|--:|--:|"]
    for each in (*rows, total(rows)):
        counts = (each.tried, each.killed, each.explained, len(each.survived))
        lines.append(f"| {each.room} | {' | '.join(map(str, counts))} | {each.share:.1f} |")
    return "\n".join(lines)


def survivor(mutant: Mutant) -> str:
    """A line that can go into ``survivors.md`` once the reason is known."""
    return f"| {mutant.path}::{mutant.scope} | `{mutant.change}` | line {mutant.line} |"
