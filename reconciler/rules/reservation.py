"""Rules about asking for reservations: in which account, for which licences, how many of each."""

from __future__ import annotations

from reconciler.model import (
    UNKNOWN,
    Action,
    Address,
    ClusterDesired,
    Desired,
    Kind,
    Level,
    ManagerKind,
    NodeDesired,
    RegistrationMode,
    RuleCard,
    Severity,
)

from .context import PlanContext
from .entitlements import wanted_lines
from .index import active, by_reservation
from .matrix import BY_PERSON
from .rule import GUIDE, TAC, Rule, Violation, Violations, listed
from .token import family_of

HELP = "CSSM help, Reserved licences"
_TAKES = (Kind.RESERVE, Kind.UPDATE_RESERVATION)
_UPDATING = (Kind.UPDATE_RESERVATION, Kind.INSTALL_AUTHORIZATION, Kind.CONFIRM_RESERVATION)


# XL046, XL051: which accounts.


def _on_prem(desired: Desired) -> Violations:
    for cluster in desired.clusters:
        account = next((item for item in desired.accounts if item.name == cluster.account), None)
        if by_reservation(cluster) and account is not None and account.manager.kind is ManagerKind.ON_PREM:
            text = f"Account {account.name} is on an On-Prem, which knows no reservations."
            yield Violation(cluster.address, text)


def _shared_account(desired: Desired) -> Violations:
    places: dict[tuple[str | None, str], set[ManagerKind]] = {}
    for account in desired.accounts:
        key = (account.smart_account, account.virtual_account)
        places.setdefault(key, set()).add(account.manager.kind)
    modes: dict[str, set[RegistrationMode]] = {}
    for cluster in desired.clusters:
        if cluster.registration is not None:
            modes.setdefault(cluster.account, set()).add(cluster.registration.mode)
    for account in desired.accounts:
        here = modes.get(account.name, set())
        mixed = places[account.smart_account, account.virtual_account]
        if RegistrationMode.RESERVATION in here and ManagerKind.ON_PREM in mixed:
            text = f"{account.virtual_account} is used for reservations, and an On-Prem is named for it too."
            yield Violation(account.address, text)
        if len(here) > 1:
            text = (
                f"{account.virtual_account} gives licences by token and by reservation; CSSM then shows wrong"
                " free quantities."
            )
            yield Violation(account.address, text)


# XL056: may the account reserve.


def _not_enabled(context: PlanContext) -> Violations:
    for account in context.desired.accounts:
        observed = context.index.account(account.address)
        if observed is not None and observed.reservation_allowed is False:
            text = f"License Reservation is not offered in {account.virtual_account}."
            yield Violation(account.address, text, _TAKES)


# XL057: which licence.


def _which_licence(context: PlanContext) -> Violations:
    for cluster, node, situation in context.reservations():
        if not by_reservation(cluster) or node not in active(cluster) or situation.row in BY_PERSON:
            continue
        account = context.index.account_of(cluster)
        lines = () if situation.lines is UNKNOWN else situation.lines
        wanted = wanted_lines(context.index, context.matrix.sides, account, node, lines)
        for text, remedy in wanted.problems:
            yield Violation(node.address, text, _RESERVING, remedy, told=True)
        by_api = any(action.carrier == "api" for action in _asking(context, node))
        untagged = [line for line in wanted.lines if line.tag is None and line.quantity]
        if by_api and untagged:
            names = listed(line.name for line in untagged)
            text = f"No licence of the account is {names}, or its entitlement tag is not known."
            remedy = f"State it: entitlements: {{{untagged[0].entitlement}: {{display_name: …, tag: …}}}}"
            yield Violation(node.address, text, _RESERVING, remedy)


_RESERVING = (
    Kind.DEREGISTER,
    Kind.ENABLE_RESERVATION,
    Kind.REQUEST_RESERVATION,
    Kind.RESERVE,
    Kind.REHOST,
    Kind.UPDATE_RESERVATION,
)


def _asking(context: PlanContext, node: NodeDesired) -> list[Action]:
    """What asks CSSM for licences of this node."""
    return [action for action in context.touching(node.address) if action.kind in _TAKES]


# XL058, XL213: how many.


def _uneven(desired: Desired) -> Violations:
    for cluster in desired.clusters:
        if not by_reservation(cluster):
            continue
        for node in active(cluster):
            if node.reserve and not any(reserve.quantity for reserve in node.reserve):
                yield Violation(node.address, "The node reserves nothing: every quantity is 0.")
        yield from _skewed(cluster)


def _skewed(cluster: ClusterDesired) -> Violations:
    nodes = active(cluster)
    if len(nodes) < 2:
        return
    for name in sorted({reserve.entitlement for node in nodes for reserve in node.reserve}):
        counts = {node.name: _quantity(node, name) for node in nodes}
        total = sum(counts.values())
        most = max(counts, key=lambda node: (counts[node], node))
        if total and counts[most] * 10 >= total * 9:
            text = f"{most} reserves {counts[most]} of the {total} {name} of the cluster."
            yield Violation(cluster.address, text)


def _quantity(node: NodeDesired, entitlement: str) -> int:
    return sum(reserve.quantity for reserve in node.reserve if reserve.entitlement == entitlement)


def _no_export(desired: Desired) -> Violations:
    for cluster in desired.clusters:
        for node in active(cluster) if by_reservation(cluster) else ():
            for reserve in node.reserve:
                family = family_of(desired, reserve.entitlement)
                if reserve.quantity == 0 and "advanced account security" in family:
                    text = (
                        f"The node reserves 0 {reserve.entitlement}: it has no export-controlled functions."
                    )
                    yield Violation(node.address, text)


# XL375: the pool.


def _short(context: PlanContext) -> Violations:
    for pool in context.pools:
        if pool.free_after is UNKNOWN or pool.free_after >= 0:
            continue
        claimed = f" ({pool.claimed} more are claimed by what is under way)" if pool.claimed else ""
        freed = f" and {pool.freed} that the plan frees" if pool.freed else ""
        text = (
            f"The plan takes {pool.taken} {pool.name} of {pool.account}, and {pool.free_now} are free"
            f"{freed}{claimed}."
        )
        for action in context.actions:
            if action.kind in _TAKES and action.address == pool.account and _takes(action, pool.name):
                yield Violation(Address(action.params["node"]), text)


def _takes(action: Action, name: str) -> bool:
    return any(
        (line["name"] or line["tag"]).casefold() == name.casefold()
        and line["quantity"] > line.get("before", 0)
        for line in action.params["lines"]
    )


# XL073: quantity changes.


def _decrease(context: PlanContext) -> Violations:
    for action in context.actions:
        if action.kind is Kind.UPDATE_RESERVATION:
            less = [line for line in action.params["lines"] if line["quantity"] < line["before"]]
            if less:
                texts = listed(
                    f"{line['entitlement']} from {line['before']} to {line['quantity']}" for line in less
                )
                node = Address(action.params["node"])
                yield Violation(node, f"The reservation of {action.subject} shrinks: {texts}.", _UPDATING)


# XL220: replacements.


def _replacing(context: PlanContext) -> Violations:
    for action in context.actions:
        if action.kind is Kind.REHOST:
            text = f"The reservation of {action.params['replaces']} goes over to {action.subject}."
            yield Violation(Address(action.params["node"]), text, severity=Severity.INFO)


RULES = (
    Rule(
        RuleCard(
            "XL046",
            ("S46", "S45"),
            Level.HARD,
            "lint",
            "A reservation is made in an account of the cloud.",
            "An On-Prem knows no reservations, nor does the virtual account that it synchronises with.",
            "Name an account of the cloud, or of a person at its portal; Cisco licensing can make a new one.",
            TAC + ", reservations",
        ),
        lint=_on_prem,
    ),
    Rule(
        RuleCard(
            "XL051",
            ("S51",),
            Level.ADVICE,
            "lint",
            "A virtual account is used for reservations alone.",
            "One that an On-Prem synchronises cannot reserve; one that is used by token too shows"
            " wrong free quantities (CSCwf47223).",
            "Move the licences to a virtual account of their own; Cisco licensing helps.",
            TAC + ", reservations",
        ),
        lint=_shared_account,
    ),
    Rule(
        RuleCard(
            "XL056",
            ("S56",),
            Level.HARD,
            "plan",
            "The account may reserve.",
            "Specific licence reservation is a flag of the Smart Account that Cisco sets.",
            "Ask Cisco licensing to enable specific licence reservation for the Smart Account.",
            f"{TAC}, reservations; {HELP}",
        ),
        plan=_not_enabled,
    ),
    Rule(
        RuleCard(
            "XL057",
            ("S57", "A13"),
            Level.HARD,
            "plan",
            "Every reserved licence is one licence of the account.",
            "CSSM knows licences by entitlement tag, and lists the versions of one licence apart. A"
            " guess would reserve the wrong one.",
            "Say which version is meant.",
            f"{GUIDE}; {HELP}",
        ),
        plan=_which_licence,
    ),
    Rule(
        RuleCard(
            "XL058",
            ("S58", "A11"),
            Level.ADVICE,
            "lint",
            "Every node reserves licences of its own.",
            "Each node must be registered, so each needs some; a peer lends only while it is up.",
            "Spread the quantities over the nodes.",
            f"{TAC}, reservations; {GUIDE}",
        ),
        lint=_uneven,
    ),
    Rule(
        RuleCard(
            "XL375",
            ("S57", "S9"),
            Level.HARD,
            "plan",
            "The pool has what a plan takes.",
            "A reservation that fails half-way leaves a node without a licence. Claims are what parked"
            " hand-offs and effects without an end may still take.",
            "Buy or move licences, or reserve less.",
            HELP,
        ),
        plan=_short,
    ),
    Rule(
        RuleCard(
            "XL073",
            ("S73", "S65"),
            Level.GUARD,
            "plan",
            "A reservation does not shrink by a slip.",
            "The update sends totals, and what a total leaves out goes back to the pool.",
            "Override this rule where the decrease is meant.",
            f"{TAC}, reservations; {HELP}",
        ),
        plan=_decrease,
    ),
    Rule(
        RuleCard(
            "XL213",
            ("A13",),
            Level.ADVICE,
            "lint",
            "Export control is reserved where it is wanted.",
            "Without a quantity of Advanced Account Security a node has no export-controlled functions.",
            "Reserve 1, or leave the line out.",
            GUIDE,
        ),
        lint=_no_export,
    ),
    Rule(
        RuleCard(
            "XL220",
            ("A20",),
            Level.ADVICE,
            "plan",
            "A reservation goes over to a machine that replaces a dead one.",
            "CSSM refuses it where too many earlier returns are still pending.",
            "Where it is refused, ask Cisco licensing.",
            "CSSM help, Rehost licences from a failed product",
        ),
        plan=_replacing,
    ),
)
