"""Drift as text: what differs by node and field, what waits, and, apart from both, what could not be read.

Belongs here: the report for a person. Does not belong here: actions (plan) and the pull-request comment
(markdown).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from reconciler.model import Address, Change, Desired, Plan, Waiting
from reconciler.reporting import sections
from reconciler.reporting.clean import one_line
from reconciler.reporting.differences import (
    change_lines,
    fleet_text,
    header_line,
    node_facts,
    partial_lines,
    reading_order,
)
from reconciler.reporting.layout import text_of
from reconciler.reporting.sections import Page
from reconciler.reporting.summary import active, drifted, noticed, unread, waiting_changes
from reconciler.reporting.words import kind_text, moment, plural


def drift_text(plan: Plan, *, desired: Desired | None = None, width: int = 120, color: bool = False) -> str:
    """What differs from the YAML, ending in one line. ``before`` is what was read, ``after`` the YAML."""
    page = Page(width, color)
    lines: list[str] = []
    for title, body in (
        ("Differs (what was read -> what the YAML asks for):", _changes(plan, drifted(plan), desired, page)),
        ("Differs, and waits for a person:", _waiting(plan, desired, page)),
        ("Not read, therefore not compared:", sections.unread_lines(unread(plan.observation), page)),
        ("Findings:", sections.finding_lines(noticed(plan), page)),
        ("An apply would be refused:", sections.refusal_lines(active(plan.refusals), page)),
        ("Evaluation clocks:", sections.evaluation_lines(plan.evaluation, page)),
    ):
        if body:
            lines += [*page.title(title), *body]
    lines += ["", page.ink("bold", drift_summary(plan))]
    return text_of([*partial_lines(plan, page), *lines])


def drift_summary(plan: Plan) -> str:
    """``Drift: 2 fields on 1 node differ; 1 not fully read; 2 findings.``"""
    changes, waiting, unknown = drifted(plan), waiting_changes(plan), unread(plan.observation)
    where = len({change.address for change in changes})
    verb = "differs" if len(changes) == 1 else "differ"
    parts = [f"Drift: {plural(len(changes), 'field')} on {plural(where, 'node')} {verb}"]
    if not changes:
        parts = [f"No drift{' seen' if unknown else ''} ({fleet_text(plan)})"]
    if waiting:
        parts.append(f"{plural(len(waiting), 'field waits', 'fields wait')} for a person")
    if unknown:
        parts.append(f"{len(unknown):,} not fully read")
    if findings := noticed(plan):
        parts.append(plural(len(findings), "finding"))
    return "; ".join(parts) + "."


def by_address(changes: Iterable[Change]) -> dict[Address, list[Change]]:
    """The changes of each address, in reading order."""
    groups: dict[Address, list[Change]] = defaultdict(list)
    for change in changes:
        groups[change.address].append(change)
    return {address: groups[address] for address in sorted(groups, key=reading_order)}


def _changes(plan: Plan, changes: Sequence[Change], desired: Desired | None, page: Page) -> list[str]:
    groups = by_address(changes)
    facts = node_facts(plan, desired, groups.keys())
    lines: list[str] = []
    for address, differing in groups.items():
        lines += [""] if lines else []
        lines += [header_line(address, facts.get(address, ""), page)]
        lines += change_lines(differing, page, every_cause=True)
    return lines


def _waiting(plan: Plan, desired: Desired | None, page: Page) -> list[str]:
    lines = _changes(plan, waiting_changes(plan), desired, page)
    if lines and plan.waiting:
        lines.append("")
    return lines + [waiting_line(item) for item in plan.waiting]


def waiting_line(item: Waiting) -> str:
    """``  h-1  cluster/mad-edge/node/e1  set proxy, since 2026-11-24 03:57 UTC, due …``."""
    what = kind_text(item.kind)
    due = f", due {moment(item.due)}" if item.due else ""
    return f"  {one_line(item.handoff_id)}  {one_line(item.address)}  {what}, since {moment(item.since)}{due}"
