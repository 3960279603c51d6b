"""Rules about the one evaluation period that a node has, and what must not happen without it.

It runs while a node is unregistered, stops when it is registered and never starts again (S98). When it is
over, a change of the cluster can damage its database beyond repair (S97, S99).
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model import (
    UNKNOWN,
    Carrier,
    ClusterDesired,
    EvaluationLeft,
    Kind,
    Level,
    Licence,
    NodeDesired,
    RuleCard,
    Severity,
    State,
)

from .context import PlanContext
from .index import Index
from .rule import GUIDE, TAC, Rule, Violation, Violations, listed
from .versions import read_nodes

DAY = 86_400

_LEAVES = (Kind.DEREGISTER, Kind.RETURN_RESERVATION)
_CHANGES_CLUSTER = (*_LEAVES, Kind.SET_TRANSPORT)
_IN_THE_WINDOW = (
    Kind.SET_URL,
    Kind.SET_TRANSPORT,
    Kind.SET_PROXY,
    Kind.SET_PRIVACY,
    Kind.REGISTER,
    Kind.RESERVE,
    Kind.REHOST,
    Kind.REMOVE_INSTANCE,
)


def evaluation_left(index: Index) -> tuple[EvaluationLeft, ...]:
    """The clock of every node that has one, printed or remembered, in address order."""
    clocks = [
        clock
        for cluster in index.desired.clusters
        for node in cluster.nodes
        if (clock := _clock(index, node)) is not None
    ]
    return tuple(sorted(clocks, key=lambda clock: clock.address))


def _clock(index: Index, node: NodeDesired) -> EvaluationLeft | None:
    seconds = index.evaluation_seconds(node)
    if seconds is UNKNOWN:
        return None
    printed = _printed(index.licence(node.address))
    running = index.registered(node.address) is False and index.licensed(node.address) is not True
    return EvaluationLeft(node.address, seconds // DAY, running, remembered=printed is None)


def _printed(licence: Licence | None) -> int | None:
    if licence is None or licence.evaluation_seconds is UNKNOWN:
        return None
    return licence.evaluation_seconds


# XL097, XL099: nothing is taken from a cluster that has no time left.


def _over(context: PlanContext) -> Violations:
    for cluster, exposed in _exposed(context):
        expired = [node.name for node in exposed if context.index.evaluation_seconds(node) == 0]
        lost = [node.name for node in exposed if _should_be_known(context.index, node)]
        texts = []
        if expired:
            texts.append(f"The evaluation of {listed(expired)} has expired.")
        if lost:
            texts.append(f"What is left of the evaluation of {listed(lost)} is not known.")
        if texts:
            yield Violation(cluster.address, " ".join(texts), _CHANGES_CLUSTER)


def _never_seen(context: PlanContext) -> Violations:
    for cluster, exposed in _exposed(context):
        names = [
            node.name
            for node in exposed
            if context.index.evaluation_seconds(node) is UNKNOWN and not _should_be_known(context.index, node)
        ]
        if names:
            text = f"What is left of the evaluation of {listed(names)} was never seen."
            yield Violation(cluster.address, text, _CHANGES_CLUSTER)


def _exposed(context: PlanContext) -> Iterable[tuple[ClusterDesired, list[NodeDesired]]]:
    """The clusters that would be changed, with the peers that no licence would hold meanwhile."""
    for cluster in context.acted_on:
        leaving = {action.address for action in context.planned(cluster.address, *_LEAVES)}
        switched = bool(context.planned(cluster.address, Kind.SET_TRANSPORT)) and len(cluster.nodes) > 1
        if leaving or switched:
            yield (
                cluster,
                [
                    node
                    for node in cluster.nodes
                    if node.address in leaving or context.index.licensed(node.address) is not True
                ],
            )


def _should_be_known(index: Index, node: NodeDesired) -> bool:
    """An unregistered node prints its clock, and an unread one could be anything; a registered one prints
    none, so there the journal's memory counts."""
    if index.registered(node.address) is None:
        return True
    if index.licensed(node.address) is True:
        return False
    return index.registered(node.address) is False and index.evaluation_seconds(node) is UNKNOWN


# XL198: the window.


def _window(context: PlanContext) -> Violations:
    policy = context.desired.policy
    for cluster in context.acted_on:
        leaving = {action.address for action in context.planned(cluster.address, *_LEAVES)}
        if not leaving:
            continue
        by_person = any(
            action.carrier is Carrier.PERSON and action.kind in _IN_THE_WINDOW
            for action in context.actions_of.get(cluster.address, ())
        )
        needed = max(policy.evaluation_fail_below_days, policy.handoff_expected_days if by_person else 1)
        short = [
            f"{node.name} ({seconds // DAY} days)"
            for node in cluster.nodes
            if node.address in leaving
            and (seconds := context.index.evaluation_seconds(node)) is not UNKNOWN
            and 0 < seconds < needed * DAY
        ]
        if short:
            text = f"Without a licence {listed(short)} would have less than the {needed} days asked for."
            yield Violation(cluster.address, text, _CHANGES_CLUSTER)


# XL098, XL101: clocks that run down.


def _clock_low(context: PlanContext) -> Violations:
    floor = context.desired.policy.evaluation_fail_below_days
    for node, days in _running(context):
        if days < floor:
            text = f"{days} days of evaluation are left, less than the {floor} of the policy."
            if days <= 0:
                text = "The evaluation is over, or ends today."
            yield Violation(node.address, text, severity=Severity.ERROR)


def _clock_lower(context: PlanContext) -> Violations:
    policy = context.desired.policy
    for node, days in _running(context):
        if policy.evaluation_fail_below_days <= days < policy.evaluation_warn_below_days:
            yield Violation(node.address, f"{days} days of evaluation are left.")


def _running(context: PlanContext) -> Iterable[tuple[NodeDesired, int]]:
    for cluster, node, observed in read_nodes(context):
        retired = State.RETIRED in (cluster.state, node.state)
        licence = observed.licence
        if retired or licence is UNKNOWN or not isinstance(licence.evaluation_seconds, int):
            continue
        if context.index.registered(node.address) is False:
            yield node, licence.evaluation_seconds // DAY


# XL202: what deregistering does.


def _deregistering(context: PlanContext) -> Violations:
    for cluster in context.acted_on:
        if context.planned(cluster.address, Kind.SET_TRANSPORT):
            continue
        for action in context.planned(cluster.address, Kind.DEREGISTER):
            seconds = context.index.evaluation_seconds(
                next(node for node in cluster.nodes if node.address == action.address)
            )
            left = "an unknown time" if seconds is UNKNOWN else f"{seconds // DAY} days"
            text = f"The node gives its licence back and has {left} of evaluation left."
            yield Violation(action.address, text, severity=Severity.INFO)


RULES = (
    Rule(
        RuleCard(
            "XL097",
            ("S97", "S99"),
            Level.HARD,
            "plan",
            "A cluster is not changed while the evaluation of a peer without a licence has expired or is not"
            " known.",
            "Past its 90 days a change can damage the database of the cluster beyond repair; what helps"
            " then is a factory reset. Registering is the cure and stays allowed.",
            "Register every peer first, with the transport that is set now; then plan again.",
            f"{TAC}, evaluation mode; {GUIDE}",
        ),
        _over,
    ),
    Rule(
        RuleCard(
            "XL098",
            ("S98",),
            Level.ADVICE,
            "plan",
            "No node falls below policy.evaluation.fail_below_days.",
            "There is one period of 90 days. It runs while a node is unregistered, stops when it is"
            " registered and never starts again.",
            "Register the node now.",
            f"{TAC}, evaluation mode",
        ),
        _clock_low,
    ),
    Rule(
        RuleCard(
            "XL099",
            ("S97", "S98"),
            Level.GUARD,
            "plan",
            "What is left of the evaluation was seen before a node gives its licence up.",
            "A registered node prints no clock. One that was never seen unregistered may have none left.",
            "Look up when the node was first registered, then override this rule.",
            f"{TAC}, evaluation mode",
        ),
        _never_seen,
    ),
    Rule(
        RuleCard(
            "XL101",
            ("S101", "S95"),
            Level.ADVICE,
            "plan",
            "No node falls below policy.evaluation.warn_below_days.",
            "The clock runs because the node is not registered, or cannot reach CSSM.",
            "Register the node.",
            f"{TAC}, evaluation mode",
        ),
        _clock_lower,
    ),
    Rule(
        RuleCard(
            "XL198",
            ("S98",),
            Level.GUARD,
            "plan",
            "A time without a licence is shorter than the evaluation that is left.",
            "Evaluation time that is used up does not come back. A hand-off in the middle lasts as long as"
            " policy.handoff.expected_days says.",
            "Do the hand-off first, or lower the floor of the policy knowingly.",
            f"{TAC}, evaluation mode",
        ),
        _window,
    ),
    Rule(
        RuleCard(
            "XL202",
            ("A2", "A7"),
            Level.ADVICE,
            "plan",
            "Deregistering gives the licence back.",
            "The node falls back to evaluation only while time is left. If CSSM cannot be reached, the node"
            " deregisters all the same and its instance stays in the account.",
            "Look at Product Instances afterwards, and remove what stayed.",
            GUIDE,
        ),
        _deregistering,
    ),
)
