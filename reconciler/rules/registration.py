"""Rules about registrations: complete for a cluster, on their way, failed, or in another account."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model import (
    Address,
    Kind,
    Level,
    Licence,
    RegistrationStatus,
    RuleCard,
    Severity,
)

from .context import PlanContext
from .index import active, by_token
from .rule import GUIDE, OURS, TAC, Rule, Violation, Violations, listed

_REGISTERS = (Kind.REGISTER, Kind.REREGISTER)


def _licences(context: PlanContext) -> Iterator[tuple[Address, Licence]]:
    """The licence block of every node that should be registered by token and was read."""
    for cluster in context.index.managed():
        for node in active(cluster) if by_token(cluster) else ():
            licence = context.index.licence(node.address)
            if licence is not None:
                yield node.address, licence


# XL032: half-registered clusters.


def _half_registered(context: PlanContext) -> Violations:
    for cluster in context.index.managed():
        if not by_token(cluster):
            continue
        nodes = active(cluster)
        states = {node.name: context.index.registered(node.address) for node in nodes}
        missing = [name for name, registered in states.items() if registered is False]
        if missing and any(states.values()):
            text = f"{len(nodes) - len(missing)} of {len(nodes)} peers are registered; {listed(missing)} not."
            if None in states.values():
                text = f"Some peers are registered; {listed(missing)} not."
            yield Violation(cluster.address, text)


# XL204, XL206, XL320: registrations on their way.


def _failing(context: PlanContext) -> Violations:
    for address, licence in _licences(context):
        if licence.registration is RegistrationStatus.FAILED:
            said = f": {licence.failure}" if licence.failure else "."
            yield Violation(address, f"The last registration failed{said}")


def _moving(context: PlanContext) -> Violations:
    for change in context.changes:
        if change.field == "virtual_account" and context.planned(change.address, *_REGISTERS):
            leaves = context.planned(change.address, Kind.DEREGISTER)
            meanwhile = "is not registered in between" if leaves else "is licensed all the time"
            text = f"The node moves from {change.before} to {change.after} and {meanwhile}."
            yield Violation(change.address, text, severity=Severity.INFO)


def _in_progress(context: PlanContext) -> Violations:
    for address, licence in _licences(context):
        if licence.registration is RegistrationStatus.PENDING:
            said = f": {licence.failure}" if licence.failure else "."
            yield Violation(address, f"Registration in progress{said}", severity=Severity.INFO)


RULES = (
    Rule(
        RuleCard(
            "XL032",
            ("S32",),
            Level.ADVICE,
            "plan",
            "Every peer of a cluster is registered, or none.",
            "A token is applied to each node; on the primary it licenses no peer. The others go on using"
            " up their evaluation.",
            "Apply this plan; it registers the peers that are missing.",
            f"{TAC}, token registration; {GUIDE}",
        ),
        _half_registered,
    ),
    Rule(
        RuleCard(
            "XL204",
            ("A4", "S41", "S84"),
            Level.ADVICE,
            "plan",
            "A registration succeeds.",
            "The sentence is the node's own. After a communication error it tries again every 15 minutes;"
            " an invalid or expired token is never tried again. A certificate error before X14.0.11 or"
            " X14.2.5 is CSCwe09378, and a proxy that opens TLS in later releases.",
            "Apply this plan; it registers the node anew with a fresh token.",
            f"{GUIDE}; {TAC}, troubleshooting",
        ),
        _failing,
    ),
    Rule(
        RuleCard(
            "XL206",
            ("A6",),
            Level.ADVICE,
            "plan",
            "A node changes its virtual account by registering anew.",
            "A token of the new account moves it without a time in which it has no licence. Only where its"
            " transport changes too does it deregister first.",
            "Check that the new account has the licences that the node uses.",
            GUIDE,
        ),
        _moving,
    ),
    Rule(
        RuleCard(
            "XL320",
            ("A4", "S41"),
            Level.ADVICE,
            "plan",
            "A registration that is on its way is left alone.",
            "The node tries again by itself every 15 minutes; a second token would only use up another use.",
            "Plan again in 15 minutes.",
            f"{GUIDE}; {OURS}",
        ),
        _in_progress,
    ),
)
