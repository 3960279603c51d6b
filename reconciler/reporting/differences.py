"""What differs, by address: the part that a plan and a drift report show alike.

Belongs here: header lines of addresses and aligned ``before -> after`` lines. Does not belong here: actions.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from reconciler.model import UNKNOWN, Address, Cause, Change, Desired, NodeObserved, Plan
from reconciler.reporting.clean import one_line
from reconciler.reporting.layout import pad, visible_length, wrap
from reconciler.reporting.sections import Page
from reconciler.reporting.words import COLORS, cause_text, change_symbol, plural, value_text

_BEFORE = 32
"""A longer value, such as a URL, does not push the arrows of its neighbours to the right."""

_FIRST = frozenset({"account", "instance", "workspace"})


def reading_order(address: Address) -> tuple[bool, str]:
    """Accounts first, because what they give is needed by the nodes; then clusters, each before its nodes."""
    return (address.kind not in _FIRST, address)


def partial_lines(plan: Plan, page: Page) -> list[str]:
    """That a plan or report looks only at a part of the workspace, and at which."""
    if not plan.partial:
        return []
    limits = ", ".join(one_line(limit) for limit in plan.partial)
    text = f"Partial: only {limits} was looked at; the rest of the workspace was not compared."
    return [page.ink("yellow", line) for line in wrap(text, page.width)]


def fleet_text(plan: Plan) -> str:
    """What was compared: ``12 nodes in 7 clusters``, or only a part of them."""
    if plan.partial:
        return "the part that was looked at"
    return f"{plural(plan.nodes_total, 'node')} in {plural(plan.clusters_total, 'cluster')}"


def header_line(address: Address, facts: str, page: Page) -> str:
    """``# cluster/ams-edge/node/e1  (0E4D1FA5, X14.3.1)``."""
    header = f"# {one_line(address)}"
    return f"  {page.ink('bold', header)}{f'  ({facts})' if facts else ''}"


@dataclass(frozen=True, slots=True)
class _Sizes:
    field: int
    before: int

    @classmethod
    def of(cls, changes: Sequence[Change]) -> _Sizes:
        return cls(
            max(visible_length(one_line(change.field)) for change in changes),
            max(visible_length(value_text(change.before)) for change in changes),
        )


def change_lines(changes: Sequence[Change], page: Page, *, every_cause: bool = False) -> list[str]:
    """One line a field. That something was not yet applied is only said where ``every_cause`` asks for it."""
    if not changes:
        return []
    sizes = _Sizes.of(changes)
    return [line for change in changes for line in _one_change(change, sizes, page, every_cause)]


def _one_change(change: Change, sizes: _Sizes, page: Page, every_cause: bool) -> list[str]:
    symbol = change_symbol(change)
    cause = cause_text(change) if every_cause or change.cause is not Cause.NOT_YET_APPLIED else ""
    note = page.ink("dim", f"   # {cause}") if cause else ""
    before = pad(value_text(change.before), min(sizes.before, _BEFORE))
    head = f"      {page.ink(COLORS[symbol], symbol)} {pad(one_line(change.field), sizes.field)}  "
    text = f"{before} -> {value_text(change.after)}{note}"
    return wrap(text, page.width, first=head, rest=" " * (sizes.field + 14))


def node_facts(plan: Plan, desired: Desired | None, wanted: Set[Address]) -> dict[Address, str]:
    """Serial and version of the wanted nodes, as far as known: ``0E4D1FA5, X14.3.1``."""
    serials = _yaml_serials(desired, wanted) if desired is not None else {}
    facts = dict(serials)
    for seen in plan.observation.nodes:
        if seen.address in wanted:
            facts[seen.address] = ", ".join(_seen_facts(seen, serials.get(seen.address)))
    return facts


def _yaml_serials(desired: Desired, wanted: Set[Address]) -> dict[Address, str]:
    return {
        node.address: one_line(node.serial)
        for cluster in desired.clusters
        for node in cluster.nodes
        if node.serial and node.address in wanted
    }


def _seen_facts(seen: NodeObserved, serial: str | None) -> list[str]:
    known = [one_line(seen.serial) if seen.serial is not UNKNOWN else serial]
    known += [one_line(seen.software.version) if seen.software is not UNKNOWN else None]
    return [fact for fact in known if fact]
