"""What a plan amounts to: the counts, the nodes that need something, the exit codes that hold.

Belongs here: numbers that the text, JSON and Markdown of a plan must agree on. Does not belong here: words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.errors import PRECEDENCE, Exit
from reconciler.model import (
    UNKNOWN,
    AccountObserved,
    Action,
    Address,
    Carrier,
    Cause,
    Change,
    Finding,
    NodeObserved,
    Observation,
    Plan,
    ProblemKind,
    Refusal,
    Result,
    RunResult,
    Severity,
    Waiting,
)
from reconciler.reporting.words import irreversible


@dataclass(frozen=True, slots=True)
class Counts:
    """``to_do`` are the actions that an apply would carry out or park now; ``by_person`` are among them.

    ``findings`` are those that do not only say again what could not be read.
    """

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
        waiting=len(open_waiting(plan)),
        findings=len(noticed(plan)),
        unread=len(unread(plan.observation)),
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


def open_waiting(plan: Plan) -> tuple[Waiting, ...]:
    """The hand-offs that nobody has said to be done."""
    return tuple(item for item in plan.waiting if not item.done)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then the rest; by address within each."""
    order = (Severity.ERROR, Severity.WARNING, Severity.INFO)
    return sorted(findings, key=lambda one: (order.index(one.severity), one.address, one.code))


def noticed(plan: Plan) -> list[Finding]:
    """The findings, worst first, without those that only say again that something could not be read."""
    told = {(one.address, problem.kind.value) for one in unread(plan.observation) for problem in one.problems}
    return worst_first(finding for finding in plan.findings if (finding.address, finding.code) not in told)


def unread(observation: Observation) -> tuple[NodeObserved | AccountObserved, ...]:
    """The nodes and accounts of which at least one part could not be read."""
    seen: Iterable[NodeObserved | AccountObserved] = (*observation.nodes, *observation.accounts)
    return tuple(one for one in seen if one.problems)


def touched_nodes(plan: Plan) -> frozenset[Address]:
    """The nodes that differ, are acted on, are refused by name or could not be read."""
    touched = {change.address for change in plan.changes}
    touched.update(action.address for action in (*plan.actions, *plan.withheld))
    touched.update(refusal.address for refusal in active(plan.refusals))
    touched.update(one.address for one in unread(plan.observation))
    return frozenset(address for address in touched if address.kind == "node")


def plan_exits(plan: Plan) -> tuple[Exit, ...]:
    """Every exit code that holds for a plan, strongest first (``plan --detailed-exitcode``)."""
    held = _reading_exits(plan)
    if plan.runnable:
        held.add(Exit.CHANGES)
    if active(plan.refusals):
        held.add(Exit.REFUSED)
    if open_waiting(plan):
        held.add(Exit.WAITING)
    return _ordered(held)


def drift_exits(plan: Plan) -> tuple[Exit, ...]:
    """Every exit code that holds for a drift report: differences, and what could not be read.

    A difference that only waits for a person is named as that, so that it does not hide a new one.
    """
    held = _reading_exits(plan)
    if drifted(plan):
        held.add(Exit.CHANGES)
    elif waiting_changes(plan):
        held.add(Exit.WAITING)
    return _ordered(held)


def run_exits(result: RunResult) -> tuple[Exit, ...]:
    """Every exit code that holds for a run, strongest first; an interruption comes before all."""
    holds = {
        Exit.UNKNOWN: bool(result.count(Result.UNKNOWN)),
        Exit.TRUST: bool(result.untrusted) or any(outcome.trust for outcome in result.outcomes),
        Exit.PARTLY: bool(result.count(Result.FAILED)),
        Exit.REFUSED: bool(active(result.refusals)),
        Exit.WAITING: bool(result.waiting or result.count(Result.WAITING)),
        Exit.UNREAD: bool(result.unread) or any(outcome.unread for outcome in result.outcomes),
    }
    stopped = (Exit.INTERRUPTED,) if result.interrupted else ()
    return stopped + _ordered({code for code, yes in holds.items() if yes})


def drifted(plan: Plan) -> tuple[Change, ...]:
    """The changes that are drift: an unknown is none, and what waits for a hand-off is named apart."""
    return tuple(
        change
        for change in plan.changes
        if change.before is not UNKNOWN and change.cause is not Cause.WAITING
    )


def waiting_changes(plan: Plan) -> tuple[Change, ...]:
    return tuple(change for change in plan.changes if change.cause is Cause.WAITING)


def _reading_exits(plan: Plan) -> set[Exit]:
    kinds = {problem.kind for one in unread(plan.observation) for problem in one.problems}
    held = {Exit.TRUST} if ProblemKind.UNTRUSTED in kinds else set()
    return held | ({Exit.UNREAD} if kinds - {ProblemKind.UNTRUSTED} else set())


def _ordered(held: set[Exit]) -> tuple[Exit, ...]:
    return tuple(code for code in PRECEDENCE if code in held)
