"""Findings that no rule makes: what could not be read, what is only looked at, what a person said.

Belongs here: facts of the observation and of the journal in sentences. Does not belong here: judgements
(rules).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from reconciler.model import (
    UNKNOWN,
    Action,
    Address,
    Finding,
    Manage,
    NodeDesired,
    Problem,
    ProblemKind,
    Severity,
)
from reconciler.rules import NOT_KNOWN, Index, not_known

_CODES = {
    ProblemKind.UNREACHABLE: "unreachable",
    ProblemKind.UNTRUSTED: "untrusted",
    ProblemKind.UNREADABLE: "unreadable",
}


def unread(index: Index) -> Iterator[Finding]:
    """One error for each part of a node or account that could not be read."""
    for node in index.observation.nodes:
        for problem in node.problems:
            yield _problem(node.address, problem)
    for account in index.observation.accounts:
        for problem in account.problems:
            yield _problem(account.address, problem)


def _problem(address: Address, problem: Problem) -> Finding:
    what = "" if problem.part in ("", "all") else f"{problem.part}: "
    code = _CODES[problem.kind]
    return Finding(code, Severity.ERROR, address, f"{what}{problem.message}", problem.remedy)


def never_read(index: Index) -> Iterator[Finding]:
    """A node that this observation does not hold at all."""
    for cluster in index.desired.clusters:
        for node in cluster.nodes:
            if index.node(node.address) is None:
                text = "The node is not part of this observation."
                yield Finding("unread", Severity.ERROR, node.address, text, "xlicense observe")


def unknown_fields(index: Index, unknown: Iterable[tuple[Address, str]]) -> Iterator[Finding]:
    """One finding for each node whose managed fields could not all be read, unless a problem says so."""
    for address, group in groupby(unknown, key=itemgetter(0)):
        node = index.node(address)
        if node is not None and not node.problems:
            yield NOT_KNOWN.finding(not_known(address, [field for _, field in group]))


def looked_at(index: Index) -> Iterator[Finding]:
    """What a cluster says that is only looked at."""
    for cluster in index.desired.clusters:
        if cluster.manage is Manage.OBSERVE:
            states = "; ".join(_state(index, node) for node in cluster.nodes)
            text = f"Looked at and not managed: {states}."
            yield Finding("observed", Severity.INFO, cluster.address, text)


def _state(index: Index, node: NodeDesired) -> str:
    observed, licence = index.node(node.address), index.licence(node.address)
    if observed is None or licence is None:
        return f"{node.name} not read"
    status = "status not known" if licence.registration is UNKNOWN else licence.registration.value
    where = f" to {licence.virtual_account}" if isinstance(licence.virtual_account, str) else ""
    way = UNKNOWN if observed.smart is UNKNOWN else observed.smart.transport
    return f"{node.name} {status}{where}, transport {way}"


def said_done(index: Index, actions: Iterable[Action]) -> Iterator[Finding]:
    """A hand-off that somebody answered and that is planned all the same: the node does not show it."""
    answered = {item.action_id: item for item in index.held.waiting if item.done}
    for action in actions:
        item = answered.get(action.id)
        if item is not None:
            text = (
                f"Hand-off {item.handoff_id} was answered, and {action.kind.value} does not show there yet."
            )
            remedy = "Look at the page again; the next apply hands it over anew."
            yield Finding("hand-off", Severity.WARNING, action.address, text, remedy)
