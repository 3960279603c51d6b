"""Rules about tokens and about what a virtual account gives to whoever holds one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import chain

from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    Carrier,
    ClusterDesired,
    Desired,
    Kind,
    Level,
    PoolLine,
    RuleCard,
    Severity,
)

from .context import PlanContext
from .index import active, by_token
from .rule import GUIDE, TAC, Rule, Violation, Violations, listed

_REGISTERS = (Kind.REGISTER, Kind.REREGISTER)
_LONGEST_DAYS = 365
_ADVISED_DAYS = 30


# XL009: one pool.


def _pool_too_small(context: PlanContext) -> Violations:
    for account in context.desired.accounts:
        observed = context.index.account(account.address)
        if observed is None or observed.pool is UNKNOWN:
            continue
        yield from _claims(context.desired, account, observed.pool)
        if not any(line.quantity != 0 for line in observed.pool):
            joining = sum(
                len(context.planned(cluster.address, *_REGISTERS))
                for cluster in context.acted_on
                if cluster.account == account.name
            )
            if joining:
                text = (
                    f"{account.virtual_account} has no licences, and {joining} more nodes would draw on it."
                )
                yield Violation(account.address, text)


def _claims(desired: Desired, account: AccountDesired, pool: tuple[PoolLine, ...]) -> Violations:
    """Reservations of every cluster against the pool, a line at a time."""
    wanted: dict[str, int] = defaultdict(int)
    for cluster in desired.clusters:
        if cluster.account == account.name:
            for reserve in chain.from_iterable(node.reserve for node in active(cluster)):
                wanted[reserve.entitlement] += reserve.quantity
    for name, quantity in sorted(wanted.items()):
        there = bought(desired, pool, name)
        if there is not None and there < quantity:
            text = f"All clusters together reserve {quantity} {name}; {account.virtual_account} has {there}."
            yield Violation(account.address, text)


_DISPLAYED: Mapping[str, str] = {
    "rms": "rich media session",
    "desktop": "uc manager enhanced license",
    "room": "uc manager telepresence room",
}


def bought(desired: Desired, pool: tuple[PoolLine, ...], entitlement: str) -> int | None:
    """How many licences of an entitlement a pool holds, over all versions; None where a number is missing.

    CSSM lists version 12 and version 14 of a licence apart, so lines are matched by the family name.
    """
    counts = [line.quantity for line in lines_of(desired, pool, entitlement)]
    return sum(count for count in counts if count is not UNKNOWN) if UNKNOWN not in counts else None


def lines_of(desired: Desired, pool: tuple[PoolLine, ...], entitlement: str) -> list[PoolLine]:
    """The lines of a pool that are of this entitlement."""
    family = family_of(desired, entitlement)
    return [line for line in pool if family in line.name.lower()]


def family_of(desired: Desired, entitlement: str) -> str:
    """What the display name of every licence of this entitlement holds, in small letters."""
    named = {item.name: item.display_name.lower() for item in desired.entitlements}
    return _DISPLAYED.get(entitlement) or named.get(entitlement, entitlement)


# XL012: PLR.


def _plr(desired: Desired) -> Violations:
    named = {
        item.name
        for item in desired.entitlements
        if "plr" in {item.name.lower(), *item.display_name.lower().split()}
    } | {"plr"}
    for cluster in desired.clusters:
        for node in cluster.nodes:
            if any(reserve.entitlement.lower() in named for reserve in node.reserve):
                yield Violation(node.address, "A permanent licence reservation (PLR) is asked for.")


# XL031: who shares what.


def _environments_mix(desired: Desired) -> Violations:
    sharing: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for cluster in desired.clusters:
        environment = cluster.label("env")
        if environment is not None and by_token(cluster):
            sharing[cluster.account][environment].append(cluster.name)
    for account in desired.accounts:
        environments = sharing.get(account.name, {})
        if len(environments) > 1:
            names = listed(sorted(environments))
            text = f"Clusters of the environments {names} share {account.virtual_account}."
            yield Violation(account.address, text)


# XL033: tokens that cannot be taken back.


def _token_stays(context: PlanContext) -> Violations:
    revoked = {
        (action.address, action.params["token"])
        for action in context.actions
        if action.kind is Kind.REVOKE_TOKEN
    }
    for action in context.actions:
        if action.kind is not Kind.CREATE_TOKEN or (action.address, action.makes) in revoked:
            continue
        days = action.params["expires_after_days"]
        who = "a person makes" if action.carrier is Carrier.PERSON else "is made here"
        text = f"The token that {who} cannot be revoked from here; it lives until its end, {_days(days)}."
        yield Violation(action.address, text, severity=Severity.INFO)


def _days(days: int) -> str:
    return "one day" if days == 1 else f"{days} days"


# XL034, XL334: how long a token may be applied.


def _days_out_of_range(desired: Desired) -> Violations:
    for cluster, days in _token_days(desired):
        if not 1 <= days <= _LONGEST_DAYS:
            yield Violation(cluster.address, f"expires_after_days is {days}.", _REGISTERS)


def _long_lived(desired: Desired) -> Violations:
    for cluster, days in _token_days(desired):
        if _ADVISED_DAYS < days <= _LONGEST_DAYS:
            yield Violation(cluster.address, f"A token of this cluster could be used for {days} days.")


def _token_days(desired: Desired) -> list[tuple[ClusterDesired, int]]:
    return [
        (cluster, cluster.registration.token.expires_after_days)
        for cluster in desired.clusters
        if by_token(cluster) and cluster.registration and cluster.registration.token.value is None
    ]


# XL035: standing tokens.


def _standing(context: PlanContext) -> Violations:
    for cluster in context.acted_on:
        registration = cluster.registration
        if registration is None or registration.token.value is None:
            continue
        joining = context.planned(cluster.address, *_REGISTERS)
        if joining:
            text = f"{len(joining)} registrations use a standing token; what is left of it is not known here."
            yield Violation(cluster.address, text, severity=Severity.INFO)


# XL036: export control.


def _export_left_open(desired: Desired) -> Violations:
    for cluster in desired.clusters:
        registration = cluster.registration
        if by_token(cluster) and registration is not None and registration.export_controlled is None:
            text = "The YAML does not name export_controlled: a new token allows it, and nothing compares it."
            yield Violation(cluster.address, text, severity=Severity.INFO)


RULES = (
    Rule(
        RuleCard(
            "XL009",
            ("S9", "S13"),
            Level.ADVICE,
            "plan",
            "A virtual account has enough for all clusters that draw on it.",
            "Licences are pooled in one account, whichever Expressway or cluster uses them, so they are"
            " counted over all clusters of the workspace.",
            "Add licences to the virtual account, or move some to it.",
            f"{TAC}, scope",
        ),
        _pool_too_small,
    ),
    Rule(
        RuleCard(
            "XL012",
            ("S12",),
            Level.HARD,
            "lint",
            "A permanent licence reservation is not asked for.",
            "PLR is for use inside Cisco; it grants everything up to what the machine can carry.",
            "Name the licences: reserve: {rms: …, desktop: …, room: …}.",
            f"{TAC}, licence kinds",
        ),
        lint=_plr,
    ),
    Rule(
        RuleCard(
            "XL031",
            ("S31",),
            Level.ADVICE,
            "lint",
            "Environments do not share a virtual account.",
            "A token gives access to every licence of its virtual account, so a test cluster can use up what"
            " production needs.",
            "Give each environment a virtual account of its own.",
            f"{TAC}, token registration",
        ),
        lint=_environments_mix,
    ),
    Rule(
        RuleCard(
            "XL033",
            ("S33", "S39"),
            Level.ADVICE,
            "plan",
            "A token is revoked once it has been used.",
            "A token opens the virtual account to whoever has it. One made by a person, or through a"
            " profile that cannot revoke, lives until its end.",
            "Revoke it at Inventory > General > Product Instance Registration Tokens when the run is over.",
            f"{TAC}, token registration",
        ),
        _token_stays,
    ),
    Rule(
        RuleCard(
            "XL034",
            ("S34",),
            Level.HARD,
            "lint",
            "A token can be applied for 1 to 365 days.",
            "The portal takes no other number in Expire After.",
            "Write token: {expires_after_days: 1}.",
            f"{TAC}, token registration",
        ),
        lint=_days_out_of_range,
    ),
    Rule(
        RuleCard(
            "XL334",
            ("S34",),
            Level.ADVICE,
            "lint",
            "A token lives no longer than it has to.",
            "Cisco recommends 30 days at most; a token that is made for one run needs one.",
            "Write token: {expires_after_days: 1}.",
            f"{TAC}, token registration",
        ),
        lint=_long_lived,
    ),
    Rule(
        RuleCard(
            "XL035",
            ("S35", "S31"),
            Level.ADVICE,
            "plan",
            "A token has days and uses left for every node that registers with it.",
            "A token ends at its date or at its number of uses, whichever comes first. What somebody else"
            " keeps cannot be looked up, and it is not revoked either.",
            "Leave token.value out, and a token is made for each run and revoked after it.",
            f"{TAC}, token registration",
        ),
        _standing,
    ),
    Rule(
        RuleCard(
            "XL036",
            ("S36",),
            Level.ADVICE,
            "lint",
            "Whether export-controlled functionality is allowed is said out loud.",
            "The flag of the token decides whether the node may encrypt, and later only a new registration"
            " changes it. The portal allows it unless somebody unticks the box.",
            "Write registration: {export_controlled: true}, or false.",
            f"{TAC}, token registration; {GUIDE}",
        ),
        lint=_export_left_open,
    ),
)
