"""The row F1 of the torture table, and the failure of a test that names its cells."""

from __future__ import annotations

from collections.abc import Sequence

from tests.torture.table import Row, add

from .judge import Played

TOGETHER = 16
"""Cells at the same time: most of them wait."""


def report(found: Sequence[tuple[Played, list[str]]]) -> None:
    played = [one for one, _ in found]
    disturbed = [one for one in played if one.fired]
    add(
        Row(
            "F1 network faults",
            cases=len(disturbed),
            faults=sum(one.fired for one in played),
            printed=sum(len(one.given) for one in played),
            lost=sum(len(one.lost) for one in played),
            twice=sum(one.twice for one in played),
            errors=sum(one.uncaught for one in played),
        )
    )
    wrong = [f"{one.cell}: {text}" for one, texts in found for text in texts]
    met = f"{len(disturbed)} of {len(played)} faults met the provider"
    assert len(disturbed) > len(played) * 0.75, met
    assert not wrong, "\n".join(wrong)
