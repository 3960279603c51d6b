"""Drift as Markdown that fits into a comment of a pull request.

Belongs here: tables by cluster and the cap. Does not belong here: other texts of drift. Values are code
spans, sentences are escaped, so that nothing a node prints becomes markup, a mention or a link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.model import Change, Finding, Plan
from reconciler.reporting.clean import markdown_code, markdown_text
from reconciler.reporting.drift import by_address, drift_summary
from reconciler.reporting.summary import active, drifted, noticed, unread, waiting_changes
from reconciler.reporting.words import cause_text, kind_text, moment, plural, value_text

LIMIT = 60_000
"""GitHub refuses a comment over 65,536 characters; the rest is left to whoever wraps this text."""

_NOTE_ROOM = 200


@dataclass
class _Comment:
    """Collects lines as long as they fit, and counts the rows that did not."""

    room: int
    lines: list[str] = field(default_factory=list)
    left_out: int = 0

    def section(self, head: Sequence[str], rows: Sequence[str]) -> None:
        if not rows:
            return
        if not self._fits([*head, rows[0]]):
            self.left_out += len(rows)
            return
        self._add(head)
        for number, row in enumerate(rows):
            if not self._fits([row]):
                self.left_out += len(rows) - number
                return
            self._add([row])

    def _fits(self, lines: Sequence[str]) -> bool:
        return sum(len(line) + 1 for line in lines) <= self.room

    def _add(self, lines: Sequence[str]) -> None:
        self.lines += lines
        self.room -= sum(len(line) + 1 for line in lines)


def drift_markdown(plan: Plan, *, limit: int = LIMIT) -> str:
    """Tables of node, field, before, after and cause for each cluster; at most ``limit`` characters.

    The summary always stands first, and what was left out is counted at the end.
    """
    title = "### xlicense drift"
    comment = _Comment(limit - _NOTE_ROOM)
    comment.section([title, ""], [f"**{markdown_text(drift_summary(plan))}**"])
    if plan.partial:
        comment.section([""], [f"Partial: only {', '.join(markdown_code(each) for each in plan.partial)}."])
    _differences(comment, "", drifted(plan))
    _differences(comment, "Waits for a person: ", waiting_changes(plan))
    for title, rows in (
        ("Hand-offs that wait", _waiting(plan)),
        ("Not read, therefore not compared", _unread(plan)),
        ("Findings", [_finding(finding) for finding in noticed(plan)]),
        ("An apply would be refused", _refusals(plan)),
    ):
        comment.section(["", f"#### {title}", ""], rows)
    if comment.left_out:
        comment.lines += [
            "",
            f"_{plural(comment.left_out, 'line')} left out here; `xlicense drift` shows all._",
        ]
    return "\n".join(comment.lines) + "\n"


def _differences(comment: _Comment, prefix: str, changes: Sequence[Change]) -> None:
    clusters: dict[str, list[str]] = defaultdict(list)
    for address, differing in by_address(changes).items():
        clusters[address.parent] += [_row(change) for change in differing]
    for cluster, rows in clusters.items():
        head = ["| node | field | before | after | cause |", "| --- | --- | --- | --- | --- |"]
        comment.section(["", f"#### {prefix}{cluster}", "", *head], rows)


def _row(change: Change) -> str:
    cells = [
        markdown_text(change.address.name),
        markdown_code(change.field),
        markdown_code(value_text(change.before)),
        markdown_code(value_text(change.after)),
        markdown_text(cause_text(change)),
    ]
    return f"| {' | '.join(cells)} |"


def _waiting(plan: Plan) -> list[str]:
    rows: list[str] = []
    for item in plan.waiting:
        what = markdown_text(kind_text(item.kind))
        due = f", due {moment(item.due)}" if item.due else ""
        name = f"- {markdown_code(item.handoff_id)} {markdown_code(item.address)}"
        rows.append(f"{name} {what}, since {moment(item.since)}{due}")
    return rows


def _unread(plan: Plan) -> list[str]:
    return [
        f"- {markdown_code(one.address)} **{problem.kind.value}** ({markdown_text(problem.part)}): "
        f"{markdown_text(problem.message)}"
        for one in unread(plan.observation)
        for problem in one.problems
    ]


def _finding(finding: Finding) -> str:
    words = " ".join(markdown_text(text) for text in (finding.message, finding.remedy) if text)
    return f"- **{finding.severity.value}** {markdown_code(finding.address)} {words}"


def _refusals(plan: Plan) -> list[str]:
    return [
        f"- **{markdown_text(refusal.rule)}** ({refusal.level.value}) {markdown_code(refusal.address)} "
        f"{markdown_text(refusal.message)} {markdown_text(refusal.remedy)}"
        for refusal in active(plan.refusals)
    ]
