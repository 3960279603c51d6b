"""What a plan amounts to: the counts, the nodes that need something, the exit codes that hold.

Belongs here: numbers that the text, JSON and Markdown of a plan must agree on. Does not belong here: words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.errors import PRECEDENCE, Exit
from reconciler.model import (
    AccountObserved,
    Action,
    Address,
    Carrier,
    Cause,
    NodeObserved,
    Plan,
    ProblemKind,
    Refusal,
)
from reconciler.reporting.words import irreversible


@dataclass(frozen=True, slots=True)
class Counts:
    """``to_do`` are the actions that an apply would carry out or park now; ``by_person`` are among them."""

    to_do: int
    by_person: int
    irreversible: int
    held_back: int
    withheld: int
    refused: int
    overridden: int
    waiting: int
    findings: int
    unread: int
    changes: int
    nodes_total: int
    nodes_untouched: int
    clusters_total: int


def counts(plan: Plan) -> Counts:
    runnable = plan.runnable
    parked = {item.action_id for item in plan.waiting}
    return Counts(
        to_do=len(runnable),
        by_person=sum(action.carrier is Carrier.PERSON for action in runnable),
        irreversible=sum(irreversible(action) for action in runnable),
        held_back=sum(action.id not in parked for action in held_actions(plan)),
        withheld=len(plan.withheld),
        refused=len(active(plan.refusals)),
        overridden=len(plan.refusals) - len(active(plan.refusals)),
        waiting=sum(not item.done for item in plan.waiting),
        findings=len(plan.findings),
        unread=len(unread(plan)),
        changes=len(plan.changes),
        nodes_total=plan.nodes_total,
        nodes_untouched=max(0, plan.nodes_total - len(touched_nodes(plan))),
        clusters_total=plan.clusters_total,
    )


def held_actions(plan: Plan) -> tuple[Action, ...]:
    """The actions that may run once something else has happened, in plan order."""
    held = {item.action_id for item in plan.held_back}
    return tuple(action for action in plan.actions if action.id in held)


def active(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """The refusals that hold: those that nobody overrode."""
    return tuple(refusal for refusal in refusals if refusal.overridden is None)


def unread(plan: Plan) -> tuple[NodeObserved | AccountObserved, ...]:
    """The nodes and accounts of which at least one part could not be read."""
    seen: Iterable[NodeObserved | AccountObserved] = (*plan.observation.nodes, *plan.observation.accounts)
    return tuple(one for one in seen if one.problems)


def touched_nodes(plan: Plan) -> frozenset[Address]:
    """The nodes that differ, are acted on, are refused by name or could not be read."""
    touched = {change.address for change in plan.changes}
    touched.update(action.address for action in (*plan.actions, *plan.withheld))
    touched.update(refusal.address for refusal in active(plan.refusals))
    touched.update(one.address for one in unread(plan))
    return frozenset(address for address in touched if address.kind == "node")


def plan_exits(plan: Plan) -> tuple[Exit, ...]:
    """Every exit code that holds for a plan, strongest first (``plan --detailed-exitcode``)."""
    held = _reading_exits(plan)
    if plan.runnable:
        held.add(Exit.CHANGES)
    if active(plan.refusals):
        held.add(Exit.REFUSED)
    if any(not item.done for item in plan.waiting):
        held.add(Exit.WAITING)
    return _ordered(held)


def drift_exits(plan: Plan) -> tuple[Exit, ...]:
    """Every exit code that holds for a drift report: differences, and what could not be read.

    A difference that only waits for a person is named as that, so that it does not hide a new one.
    """
    held = _reading_exits(plan)
    if any(change.cause is not Cause.WAITING for change in plan.changes):
        held.add(Exit.CHANGES)
    elif plan.changes:
        held.add(Exit.WAITING)
    return _ordered(held)


def _reading_exits(plan: Plan) -> set[Exit]:
    kinds = {problem.kind for one in unread(plan) for problem in one.problems}
    held = {Exit.TRUST} if ProblemKind.UNTRUSTED in kinds else set()
    return held | ({Exit.UNREAD} if kinds - {ProblemKind.UNTRUSTED} else set())


def _ordered(held: set[Exit]) -> tuple[Exit, ...]:
    return tuple(code for code in PRECEDENCE if code in held)
