"""The parts that a plan and a drift report both have: what waits, what is refused, what was noticed.

Belongs here: sections, each a function from values to lines, empty where there is nothing to say. Does not
belong here: actions (plan) and the table of differences (drift).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.model import (
    AccountObserved,
    EvaluationLeft,
    Finding,
    Kind,
    NodeObserved,
    PoolUse,
    Problem,
    Refusal,
    Severity,
    Waiting,
)
from reconciler.reporting.clean import clean, one_line
from reconciler.reporting.layout import Ink, pad, visible_length, wrap
from reconciler.reporting.reservations import pool_lines
from reconciler.reporting.words import days_text, kind_text, moment, plural

_SEVERITY_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_SEEN_BY_READING = {Kind.SET_PROXY, Kind.ENABLE_SMART}
_GUARD_HINT = 'accept it with  --override {rule} --reason "..."'


@dataclass(frozen=True, slots=True)
class Page:
    """How wide a text may be and whether it may use colour."""

    width: int = 120
    color: bool = False

    @property
    def ink(self) -> Ink:
        return Ink(self.color)

    def title(self, text: str) -> list[str]:
        return ["", self.ink("bold", text), ""]

    def labelled(self, pairs: Iterable[tuple[str, str]], indent: str) -> list[str]:
        """``label   text`` lines, labels aligned, texts wrapped; pairs without a text are left out."""
        shown = [(label, text) for label, text in pairs if text]
        size = max((len(label) for label, _ in shown), default=0)
        lines: list[str] = []
        for label, text in shown:
            lines += wrap(text, self.width, first=f"{indent}{pad(label, size)}  ")
        return lines


def waiting_lines(waiting: Sequence[Waiting], page: Page) -> list[str]:
    """Hand-offs with everything that a person needs to do them."""
    lines: list[str] = []
    for item in waiting:
        if lines:
            lines.append("")
        lines += _one_waiting(item, page)
    return lines


def _one_waiting(item: Waiting, page: Page) -> list[str]:
    what = kind_text(item.kind)
    lines = [
        f"  {page.ink('bold', one_line(item.handoff_id))}  {one_line(item.address)}  {page.ink('cyan', what)}"
    ]
    lines += page.labelled(
        [
            ("since", moment(item.since)),
            ("due", moment(item.due) if item.due else ""),
            ("owner", one_line(item.owner or "")),
            ("ticket", one_line(item.ticket or "")),
            ("state", "said to be done, not yet seen" if item.done else ""),
        ],
        "      ",
    )
    lines += _steps(item.instructions, page)
    return [*lines, *wrap(_then(item), page.width, first="      then: ")]


def _steps(instructions: Iterable[str], page: Page) -> list[str]:
    """Numbered; a line that begins with a blank goes on with the step before it."""
    lines: list[str] = []
    number = 0
    for step in instructions:
        number += not step.startswith(" ")
        head = " " * 9 if step.startswith(" ") else f"      {number}. "
        lines += wrap(clean(step.strip(), keep="\n"), page.width, first=head)
    return lines


def _then(item: Waiting) -> str:
    answer = f"xlicense handoff answer {one_line(item.handoff_id)}"
    if item.wants:
        return f"{answer}   (asks for the {item.wants.value} that came back)"
    if item.kind in _SEEN_BY_READING:
        return f"{answer} --done   (or just xlicense apply: reading the node shows that it was done)"
    return f"{answer} --done"


def refusal_lines(refusals: Sequence[Refusal], page: Page) -> list[str]:
    """Refusals with the same words are told once, for all their addresses."""
    groups: dict[tuple[str, ...], list[Refusal]] = defaultdict(list)
    for refusal in refusals:
        groups[refusal.rule, refusal.level, refusal.message, refusal.remedy, refusal.source].append(refusal)
    lines: list[str] = []
    for group in groups.values():
        if lines:
            lines.append("")
        lines += _one_refusal(group, page)
    return lines


def _one_refusal(group: list[Refusal], page: Page) -> list[str]:
    first = group[0]
    addresses = ", ".join(sorted({one_line(refusal.address) for refusal in group}))
    rows = f" ({', '.join(first.rows)})" if first.rows else ""
    head = f"  {page.ink('red', f'{one_line(first.rule)} ({first.level.value})')}  "
    explain = f"xlicense explain {one_line(first.rule)}"
    return [
        *wrap(addresses, page.width, first=head),
        *wrap(one_line(first.message), page.width, first="      "),
        *page.labelled(
            [
                ("remedy", one_line(first.remedy)),
                ("override", _GUARD_HINT.format(rule=first.rule) if first.level == "guard" else ""),
                ("source", one_line(first.source) + rows),
                ("more", explain),
            ],
            "      ",
        ),
    ]


def overridden_lines(refusals: Sequence[Refusal], page: Page) -> list[str]:
    lines: list[str] = []
    for refusal in refusals:
        if refusal.overridden is not None:
            text = f"{one_line(refusal.message)} Reason given: {one_line(refusal.overridden)}"
            lines += wrap(
                text,
                page.width,
                first=f"  {one_line(refusal.rule)}  {one_line(refusal.address)}  ",
                rest="      ",
            )
    return lines


def finding_lines(findings: Sequence[Finding], page: Page) -> list[str]:
    """Findings with the same words are told once, in the given order."""
    groups: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.code, finding.severity, finding.message].append(finding)
    lines: list[str] = []
    for group in groups.values():
        lines += _one_finding(group, page)
    return lines


def _one_finding(group: list[Finding], page: Page) -> list[str]:
    first = group[0]
    word = page.ink(_SEVERITY_COLORS[first.severity], pad(first.severity.value, 7))
    addresses = ", ".join(sorted({one_line(finding.address) for finding in group}))
    rows = f"; {', '.join(first.rows)}" if first.rows else ""
    text = f"{one_line(first.message)} [{one_line(first.code)}{rows}]"
    return [
        *wrap(addresses, page.width, first=f"  {word}  "),
        *wrap(text, page.width, first=" " * 11),
        *(wrap(one_line(first.remedy), page.width, first=" " * 11 + "remedy: ") if first.remedy else []),
    ]


def unread_lines(unread: Sequence[NodeObserved | AccountObserved], page: Page) -> list[str]:
    """What could not be read, and why. The same trouble, such as a missing password, is told once."""
    groups: dict[tuple[Problem, ...], list[str]] = defaultdict(list)
    for one in unread:
        groups[one.problems].append(one_line(one.address))
    lines: list[str] = []
    for problems, addresses in groups.items():
        lines += wrap(", ".join(addresses), page.width, first="  ")
        for problem in problems:
            lines += _problem_lines(problem, page)
    return lines


def _problem_lines(problem: Problem, page: Page) -> list[str]:
    part = "nothing" if problem.part == "all" else f"all but {one_line(problem.part)}"
    head = f"      {page.ink('red', problem.kind.value)} ({part} was read): "
    lines = wrap(one_line(problem.message), page.width, first=head, rest="        ")
    if problem.remedy:
        lines += wrap(one_line(problem.remedy), page.width, first="      remedy: ")
    return lines


def pool_table(pools: Sequence[PoolUse], page: Page) -> list[str]:
    """Free now, freed, taken and free after for every licence that a plan moves."""
    if not pools:
        return []
    rows = pool_lines(pools)
    sizes = [max(visible_length(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            pad(cell, size) if place < 2 or place == len(row) - 1 else cell.rjust(size)
            for place, (cell, size) in enumerate(zip(row, sizes, strict=True))
        ]
        lines.append(f"  {'  '.join(cells)}".rstrip())
    return [page.ink("dim", lines[0]), *lines[1:]]


def evaluation_lines(evaluation: Sequence[EvaluationLeft], page: Page) -> list[str]:
    """One line a cluster for clocks that run; clocks that stand still are told in one sentence."""
    clusters: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for left in evaluation:
        if left.running:
            clusters[left.address.parent][days_text(left)].append(left.address.name)
    size = max((visible_length(cluster) for cluster in clusters), default=0)
    lines: list[str] = []
    for cluster in sorted(clusters):
        text = "; ".join(f"{', '.join(names)}: {days}" for days, names in clusters[cluster].items())
        lines += wrap(text, page.width, first=f"  {pad(cluster, size)}  ")
    return lines + _standing_clocks([left for left in evaluation if not left.running], page)


def _standing_clocks(standing: list[EvaluationLeft], page: Page) -> list[str]:
    if not standing:
        return []
    least = min(standing, key=lambda left: (left.days, left.address))
    text = (
        f"{plural(len(standing), 'registered node')} with a clock that stands still; "
        f"the least is {plural(least.days, 'day')} at {least.address}"
    )
    return wrap(text, page.width, first="  ")
