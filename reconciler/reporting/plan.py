"""A plan as text: what would be done to what, in which order, why, by whom; what would not, and why not.

Belongs here: the order of the parts and the summary line. Does not belong here: blocks and steps (steps),
sections shared with drift (sections), wording (words), counts (summary).
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model import Desired, Plan
from reconciler.reporting import sections
from reconciler.reporting.clean import one_line
from reconciler.reporting.differences import fleet_text, partial_lines
from reconciler.reporting.layout import text_of, wrap
from reconciler.reporting.sections import Page
from reconciler.reporting.steps import Blocks
from reconciler.reporting.summary import active, counts, noticed, open_waiting, unread
from reconciler.reporting.words import kind_text, plural

_NAMED = 5
"""So many things that are still open are named in the summary of a plan that has nothing to do."""


def plan_text(
    plan: Plan,
    *,
    desired: Desired | None = None,
    width: int = 120,
    color: bool = False,
    commands: Mapping[str, tuple[str, ...]] | None = None,
    next_command: str | None = None,
) -> str:
    """The whole plan for a person, ending in one summary line and, where given, the command to type next.

    ``commands`` holds what would be sent, by action id, already without secrets. The same plan gives the
    same text.
    """
    page = Page(width, color)
    blocks = Blocks.of(plan, desired, page, commands or {})
    lines = [
        *partial_lines(plan, page),
        "",
        *blocks.legend(),
        *blocks.lines(),
        *_sections(plan, page),
        "",
    ]
    if not plan.runnable:
        lines += wrap(_nothing_to_do(plan), width)
    if plan.runnable or not _is_quiet(plan):
        lines.append(page.ink("bold", summary_line(plan)))
    if next_command:
        lines += ["", "Next:", f"  {page.ink('bold', one_line(next_command))}"]
    return text_of(lines)


def summary_line(plan: Plan) -> str:
    """``Plan: 5 to do (2 by a person), 1 refused, 1 waiting; 12 of 15 nodes need nothing.``"""
    count = counts(plan)
    notes = [_some(count.by_person, "by a person"), _some(count.irreversible, "cannot be undone")]
    noted = ", ".join(note for note in notes if note)
    parts = [
        f"{count.to_do:,} to do{f' ({noted})' if noted else ''}",
        _some(count.held_back, "held back"),
        _some(count.refused, "refused"),
        _some(count.overridden, "overridden"),
        _some(count.waiting, "waiting"),
        _some(count.unread, "not fully read"),
        plural(count.findings, "finding") if count.findings else "",
    ]
    verb = "needs" if 1 in (count.nodes_untouched, count.nodes_total) else "need"
    fleet = f"; {count.nodes_untouched:,} of {plural(count.nodes_total, 'node')} {verb} nothing"
    # A partial plan did not look at the others, so it cannot say what they need.
    return f"Plan: {', '.join(part for part in parts if part)}{'' if plan.partial else fleet}."


def _some(number: int, word: str) -> str:
    return f"{number:,} {word}" if number else ""


def _sections(plan: Plan, page: Page) -> list[str]:
    lines: list[str] = []
    for title, body in (
        ("Waiting for a person:", sections.waiting_lines(plan.waiting, page)),
        ("Refused:", sections.refusal_lines(active(plan.refusals), page)),
        ("Refused, and overridden:", sections.overridden_lines(plan.refusals, page)),
        ("Not read:", sections.unread_lines(unread(plan.observation), page)),
        ("Findings:", sections.finding_lines(noticed(plan), page)),
        ("Pools:", sections.pool_table(plan.pools, page)),
        ("Evaluation clocks:", sections.evaluation_lines(plan.evaluation, page)),
    ):
        if body:
            lines += [*page.title(title), *body]
    return lines


def _is_quiet(plan: Plan) -> bool:
    """Whether there is neither anything to do nor anything that keeps something from being done."""
    return not (plan.changes or plan.actions or plan.withheld or _still_open(plan))


def _nothing_to_do(plan: Plan) -> str:
    named = _still_open(plan)
    if _is_quiet(plan):
        found = noticed(plan)
        see = f" {plural(len(found), 'finding')}, see above." if found else ""
        return f"No changes. Everything that the YAML asks for is in place ({fleet_text(plan)}).{see}"
    more = [f"and {len(named) - _NAMED:,} more"] if len(named) > _NAMED else []
    left = f" Still open: {'; '.join([*named[:_NAMED], *more])}." if named else ""
    return f"No changes now.{left}"


def _still_open(plan: Plan) -> list[str]:
    return [
        *(
            f"{one_line(refusal.rule)} refuses {one_line(refusal.address)}"
            for refusal in active(plan.refusals)
        ),
        *(
            f"hand-off {one_line(item.handoff_id)} waits for a person "
            f"({kind_text(item.kind)} at {one_line(item.address)})"
            for item in open_waiting(plan)
        ),
        *_not_read(plan),
    ]


def _not_read(plan: Plan) -> list[str]:
    addresses = [one_line(one.address) for one in unread(plan.observation)]
    if len(addresses) > 1:
        return [f"{len(addresses):,} nodes and accounts were not fully read"]
    return [f"{address} was not fully read" for address in addresses]
