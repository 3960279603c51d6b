"""Rules about what was read: what is not known is not acted on, and what earlier runs left open is settled
before anything else happens there."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    Address,
    EffectState,
    Kind,
    Level,
    ManagerKind,
    NodeObserved,
    OpenEffect,
    Problem,
    RegistrationStatus,
    RuleCard,
    Severity,
)

from .context import PlanContext
from .index import by_token
from .rule import GUIDE, OURS, TAC, Rule, Violation, Violations, listed
from .versions import read_nodes

_REGISTRATION = (
    Kind.REGISTER,
    Kind.REREGISTER,
    Kind.DEREGISTER,
    Kind.ENABLE_RESERVATION,
    Kind.REQUEST_RESERVATION,
    Kind.CANCEL_RESERVATION,
    Kind.RETURN_RESERVATION,
    Kind.RETURN_AUTHORIZATION,
)
_AT_CSSM = (
    Kind.RESERVE,
    Kind.UPDATE_RESERVATION,
    Kind.CONFIRM_RESERVATION,
    Kind.REMOVE_INSTANCE,
    Kind.REMOVE_GHOST,
)
_TOKENS = (Kind.CREATE_TOKEN, Kind.REVOKE_TOKEN)
_NOT_NEEDED = frozenset({"alarms", "option_keys", "options", "peers", "cluster", "hostname", "dns", "ntp"})
"""Parts of a node that may be missing: the rules that need them say so themselves."""


# XL301: nodes.


def blocking(node: NodeObserved) -> list[Problem]:
    """The problems that leave something open which an action depends on."""
    return [problem for problem in node.problems if problem.part.lower() not in _NOT_NEEDED]


def _unread_node(context: PlanContext) -> Violations:
    for cluster in context.acted_on:
        for node in cluster.nodes:
            observed = context.index.node(node.address)
            problems = [] if observed is None else blocking(observed)
            text = "The node was not read." if observed is None else "The node could not be read whole"
            if observed is None or problems:
                text += "".join(f": {problem.message}" for problem in problems[:1])
                yield Violation(node.address, text, severity=Severity.ERROR)


# XL302: words.


def _unknown_words(context: PlanContext) -> Violations:
    for _, node, observed in read_nodes(context):
        if observed.licence is not UNKNOWN and observed.licence.unrecognised:
            words = listed(repr(word) for word in observed.licence.unrecognised[:3])
            text = f"The licence block says {words}, which is not known."
            yield Violation(node.address, text, severity=Severity.ERROR, told=True)


# XL303, XL333: accounts.


def _unread_account(context: PlanContext) -> Violations:
    for account in context.desired.accounts:
        if account.manager.kind is ManagerKind.HAND_OFF:
            continue
        observed = context.index.account(account.address)
        if observed is not None and not observed.problems:
            continue
        said = "it was not asked" if observed is None else observed.problems[0].message
        yield from _closed(context, account, f"The account was not read: {said}", Severity.ERROR)


def _missing_account(context: PlanContext) -> Violations:
    for account in context.desired.accounts:
        observed = context.index.account(account.address)
        if observed is not None and observed.exists is False:
            yield from _closed(context, account, f"There is no virtual account {account.virtual_account!r}.")


def _closed(
    context: PlanContext, account: AccountDesired, text: str, severity: Severity = Severity.WARNING
) -> Violations:
    """The account's tokens, and the registrations that would use them."""
    yield Violation(account.address, text, (*_TOKENS, *_AT_CSSM), severity=severity)
    for cluster in context.acted_on:
        if cluster.account == account.name:
            yield Violation(cluster.address, text, _REGISTRATION, severity=severity)


# XL304, XL321: effects without an end.


_SENT = (EffectState.SENDING, EffectState.ANSWERED, EffectState.UNKNOWN)
_BEGUN = (*_SENT, EffectState.VERIFIED)
_HARMLESS = frozenset(
    {
        Kind.SET_URL,
        Kind.SET_TRANSPORT,
        Kind.SET_PROXY,
        Kind.SET_PRIVACY,
        Kind.CREATE_TOKEN,
        Kind.REVOKE_TOKEN,
        Kind.RENEW_REGISTRATION,
        Kind.RENEW_AUTHORIZATION,
        Kind.ENABLE_RESERVATION,
        Kind.DISABLE_RESERVATION,
    }
)
"""Kinds that may be sent again, and tokens: a lost one is left over until it ends, and another is made."""


def _quarantined(context: PlanContext) -> Violations:
    for effect in context.held.open_effects:
        if effect.state not in _BEGUN or effect.kind in _HARMLESS:
            continue
        for address in _where(context, effect):
            if not _shown(context, address, effect):
                yield Violation(address, _no_end(effect), remedy=_resolve(effect), told=True)


def _no_end(effect: OpenEffect) -> str:
    """One that took effect and is open all the same belongs to a run that lives: recovery ends the others."""
    if effect.state is EffectState.VERIFIED:
        return f"{effect.kind} ({effect.op_id}) took effect, and {effect.run_id}, which has it, goes on yet."
    return f"Nobody saw the end of {effect.kind} ({effect.op_id}); it may have taken effect or not."


def _left_over_token(context: PlanContext) -> Violations:
    for effect in context.held.open_effects:
        if effect.kind == Kind.CREATE_TOKEN and effect.state in _SENT:
            text = (
                f'The answer of {effect.op_id} was lost: a token named "xlicense {effect.op_id}" may live on'
                " until it ends."
            )
            yield Violation(effect.address, text, remedy="Revoke it at the portal, or let it end.")


def _resolve(effect: OpenEffect) -> str:
    if effect.state is EffectState.VERIFIED:
        return "Let it end, or end its process; then xlicense plan."
    looked = "CSSM" if effect.address.kind in ("account", "instance") else "the node"
    resolve = f"xlicense op resolve {effect.op_id} --adopt|--absent --evidence FILE --reason TEXT"
    return f"Look at {looked}, then say what became of it: {resolve}"


def _where(context: PlanContext, effect: OpenEffect) -> list[Address]:
    """The node that has the serial now, whatever it is called; else the address of then."""
    found = [
        node.address
        for cluster in context.desired.clusters
        for node in cluster.nodes
        if context.index.serial(node) == effect.subject
    ]
    return sorted(found) or [effect.address]


def _shown(context: PlanContext, address: Address, effect: OpenEffect) -> bool:
    """Whether the node itself shows what became of it."""
    licence = context.index.licence(address)
    if licence is None or licence.registration is UNKNOWN:
        return False
    status = licence.registration
    if effect.kind == Kind.DEREGISTER:
        return status is RegistrationStatus.UNREGISTERED
    if effect.kind == Kind.REREGISTER and status is RegistrationStatus.REGISTERED:
        return not any(change.address == address for change in context.changes if change.field in _MOVES)
    ended = (RegistrationStatus.REGISTERED, RegistrationStatus.FAILED, RegistrationStatus.PENDING)
    return effect.kind in (Kind.REGISTER, Kind.REREGISTER) and status in ended


_MOVES = ("virtual_account", "smart_account", "export_controlled")


# XL305: another machine.


def _other_machine(context: PlanContext) -> Violations:
    for _, node, observed in read_nodes(context):
        if node.serial is None or observed.serial is UNKNOWN or node.serial == observed.serial:
            continue
        text = f"The YAML says serial {node.serial}, and the node says {observed.serial}."
        yield Violation(node.address, text, severity=Severity.ERROR, told=True)


# XL318: states that are told.


def _account_not_shown(context: PlanContext) -> Violations:
    for cluster, node, observed in read_nodes(context):
        if not by_token(cluster) or not context.index.registered(node.address):
            continue
        if observed.licence is not UNKNOWN and observed.licence.virtual_account in (None, UNKNOWN):
            text = "The node is registered and does not say to which virtual account."
            yield Violation(node.address, text)


# XL319: made by the planner, which looks there anyway.

NOT_KNOWN = Rule(
    RuleCard(
        "XL319",
        (),
        Level.ADVICE,
        "plan",
        "Every managed field of a node can be read.",
        "A field that is not known is neither compared nor set; a guess could take a registration away.",
        "Look at the node: xlicense observe. Where a release prints it differently, please report the text.",
        OURS,
    )
)


def not_known(address: Address, fields: Iterable[str]) -> Violation:
    """The finding of a node whose managed fields could not all be read."""
    names = listed(name.replace("_", " ") for name in fields)
    return Violation(address, f"Not known and therefore not compared: {names}.")


RULES = (
    Rule(
        RuleCard(
            "XL301",
            (),
            Level.HARD,
            "plan",
            "A node that could not be read is not acted on.",
            "What it is, and what it holds, is not known. The rest of the cluster goes on, except for what"
            " would reach this node too.",
            "Make the node readable; the finding says why it was not.",
            OURS,
        ),
        _unread_node,
        blind=True,
    ),
    Rule(
        RuleCard(
            "XL302",
            (),
            Level.HARD,
            "plan",
            "A licence block with unknown words is not acted on.",
            "The status words are known from a few releases only. A new one may mean anything.",
            "Look at the node: xstatus // license. Please report the text.",
            f"{GUIDE}, status words",
        ),
        _unknown_words,
        blind=True,
    ),
    Rule(
        RuleCard(
            "XL303",
            (),
            Level.HARD,
            "plan",
            "Nothing is registered in an account that could not be read.",
            "Two sides belong to a registration, and one of them was not seen.",
            "Make the account readable; the finding says why it was not.",
            OURS,
        ),
        _unread_account,
        blind=True,
    ),
    Rule(
        RuleCard(
            "XL304",
            (),
            Level.HARD,
            "plan",
            "A node where an effect has no known end is left alone.",
            "The instruction left this machine and no complete answer came back. Sending it again could do it"
            " twice.",
            "Look at the node, then say what became of it: xlicense op resolve ID",
            OURS,
        ),
        _quarantined,
    ),
    Rule(
        RuleCard(
            "XL305",
            ("S28",),
            Level.HARD,
            "plan",
            "The machine at an address is the one that the YAML names.",
            "The serial is the identity of a node. Another one at the same address is another machine, and"
            " what was meant for the first could be done to it.",
            "Correct the host or the serial; a replaced machine is written as serial: NEW, replaces: OLD.",
            f"{TAC}, transport; {OURS}",
        ),
        _other_machine,
    ),
    Rule(
        RuleCard(
            "XL318",
            ("A6",),
            Level.ADVICE,
            "plan",
            "A registered node says to which virtual account.",
            "Without it nobody can tell whether it draws on the right licences.",
            "Look at Maintenance > Smart licensing on the node.",
            GUIDE,
        ),
        _account_not_shown,
    ),
    NOT_KNOWN,
    Rule(
        RuleCard(
            "XL321",
            ("S35",),
            Level.ADVICE,
            "plan",
            "No token is left over.",
            "A token whose value was lost cannot be used by us, and it ends by itself.",
            "Revoke it at the portal, or let it end.",
            OURS,
        ),
        _left_over_token,
    ),
    Rule(
        RuleCard(
            "XL333",
            (),
            Level.HARD,
            "plan",
            "The virtual account exists.",
            "CSSM knows no account of this name, or hides it from these credentials.",
            "Correct virtual_account, or have the application given access to it.",
            OURS,
        ),
        _missing_account,
    ),
)
