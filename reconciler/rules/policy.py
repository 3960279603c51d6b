"""Rules that the workspace sets itself: limits, permissions, and the reach of a partial plan."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase

from reconciler.model import (
    UNKNOWN,
    WORKSPACE,
    Action,
    Allow,
    ClusterDesired,
    EffectClass,
    Kind,
    Level,
    RuleCard,
)

from .context import PlanContext, for_whom
from .rule import GUIDE, OURS, TAC, Rule, Violation, Violations, listed
from .token import lines_of
from .versions import acted_nodes

_REGISTERS = (Kind.REGISTER, Kind.REREGISTER)


# XL008: irreversible acts.


def _not_allowed(context: PlanContext) -> Violations:
    today = context.now.date()
    for action in context.actions:
        if action.effect_class is not EffectClass.IRREVERSIBLE:
            continue
        if not any(_allows(allow, action, today) for allow in context.desired.policy.allow):
            text = f"{action.kind.value} cannot be undone, and policy.allow does not name it for this node."
            remedy = (
                f"Add to policy.allow: {{action: {action.kind.value}, target: {action.address.parent},"
                f" until: {today.isoformat()}, reason: …}}"
            )
            yield Violation(action.address, text, (action.kind,), remedy)


def _allows(allow: Allow, action: Action, today: date) -> bool:
    """``target`` is an address or a glob; one of a cluster holds for its nodes. ``until`` is inclusive."""
    named = allow.action in (action.kind.value, action.kind.value.split(".")[1])
    there = fnmatchcase(action.address, allow.target) or fnmatchcase(action.address.parent, allow.target)
    return named and there and today <= date.fromisoformat(allow.until)


# XL014: option keys that Smart Licensing does not have.


_LOST = {
    "116341J00": "Advanced Account Security",
    "116341H00": "HSM",
    "116341C00": "Microsoft Interoperability",
}


def _option_keys(context: PlanContext) -> Violations:
    for _, node, observed in acted_nodes(context):
        if observed.option_keys is UNKNOWN:
            continue
        lost = sorted({name for key in observed.option_keys if (name := _lost(key.key)) is not None})
        if lost:
            text = f"The node uses {listed(lost)}, which Smart Licensing does not have."
            yield Violation(node.address, text, (Kind.ENABLE_SMART,))


def _lost(key: str) -> str | None:
    """What a key stands for; a document prints its zeros as the letter O, with a blank between."""
    plain = key.upper().replace(" ", "")
    return next((name for known, name in _LOST.items() if plain[:9].replace("O", "0") == known), None)


# XL330, XL331: limits.


def _too_many(context: PlanContext) -> Violations:
    policy = context.desired.policy
    if not context.actions:
        return
    holding = {cluster.address: _holds_licences(context, cluster) for cluster in context.index.managed()}
    licensed = sum(1 for holds in holding.values() if holds is not False)
    changed = sum(1 for address, holds in holding.items() if holds and address in context.actions_of)
    limit = max(policy.clusters_changed_at_least, licensed * policy.clusters_changed_percent // 100)
    if changed > limit:
        text = (
            f"{changed} of {licensed} clusters that hold licences would change; the limit is"
            f" {limit} ({policy.clusters_changed_percent} %, at least {policy.clusters_changed_at_least})."
        )
        yield Violation(WORKSPACE, text)


def _holds_licences(context: PlanContext, cluster: ClusterDesired) -> bool | None:
    """None where no node was read: a partial plan does not make the fleet smaller."""
    states = [context.index.licensed(node.address) for node in cluster.nodes]
    return True if True in states else None if all(state is None for state in states) else False


def _pool_low(context: PlanContext) -> Violations:
    for name, entitlement, least in context.desired.policy.pool_left_at_least:
        account = context.index.accounts.get(name)
        observed = None if account is None else context.index.account(account.address)
        if observed is None or observed.pool is UNKNOWN:
            continue
        lines = lines_of(context.desired, observed.pool, entitlement)
        free = sum(line.available for line in lines if line.available is not UNKNOWN)
        if free >= least:
            continue
        for cluster in context.acted_on:
            if cluster.account == name:
                text = f"{free} {entitlement} are left in account {name}; the policy keeps {least}."
                yield Violation(cluster.address, text, _REGISTERS)


# XL315: made by the planner, which knows what a target leaves out.

OUT_OF_REACH = Rule(
    RuleCard(
        "XL315",
        (),
        Level.HARD,
        "plan",
        "Everything that an action needs is within the target.",
        "A target filters what is done. An action without what it needs would fail half-way.",
        "Widen the target to what is named, or plan without one.",
        OURS,
    )
)


def out_of_reach(action: Action, needed: Action) -> Violation:
    """The refusal of an action whose prerequisite a target leaves out."""
    text = (
        f"{action.kind.value} goes with {needed.kind.value} on {needed.address}, which is outside the target."
    )
    return Violation(for_whom(action), text, (action.kind,))


RULES = (
    Rule(
        RuleCard(
            "XL008",
            ("S8", "S40"),
            Level.HARD,
            "plan",
            "What cannot be undone is allowed by name.",
            "Once Smart Licensing is on, only a factory reset brings option keys back.",
            "Add the act to policy.allow, with a target, an end and a reason.",
            f"{TAC}, scope; {GUIDE}",
        ),
        _not_allowed,
    ),
    Rule(
        RuleCard(
            "XL014",
            ("S14",),
            Level.GUARD,
            "plan",
            "Smart Licensing is not switched on where option keys carry functions that it does not have.",
            "Advanced Account Security (116341J00), HSM (116341H00) and Microsoft Interoperability"
            " (116341C00) are lost. The guide says that an interoperability key survives an upgrade, and"
            " that Expressway Select brings account security back.",
            "Stay on X14.0.x with option keys, or give the functions up and override this rule.",
            f"{TAC}, licence kinds; {GUIDE}",
        ),
        _option_keys,
    ),
    Rule(
        RuleCard(
            "XL330",
            (),
            Level.GUARD,
            "plan",
            "A plan changes no more clusters than policy.limits.clusters_changed.",
            "Many clusters that change at once mean a slip in the defaults more often than an intention. A"
            " first registration does not count.",
            "Look at what the changes have in common; use --target for a part of them, or override this"
            " rule.",
            OURS,
        ),
        _too_many,
    ),
    Rule(
        RuleCard(
            "XL331",
            ("S9", "S85"),
            Level.GUARD,
            "plan",
            "A registration leaves as many licences as policy.limits.pool_left_at_least.",
            "Every node that registers may use any licence of the virtual account.",
            "Add licences to the account, or override this rule.",
            OURS,
        ),
        _pool_low,
    ),
    OUT_OF_REACH,
)
