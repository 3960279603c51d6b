"""What became of an effect whose answer was lost, as far as a reading can tell. Pure.

Belongs here: for each kind of a reservation's life, what proves that it happened, that it happened and its
code is gone, or that it did not happen. Does not belong here: looking and waiting (effects.py during the
run, recover.py in a later one), or what an answered action looks like (planning.settle).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal

from reconciler.model import (
    UNKNOWN,
    AccountObserved,
    Action,
    CodeKind,
    Instance,
    Kind,
    NodeObserved,
    RegistrationStatus,
    ReservedLine,
    same_licence,
    udi_parts,
)
from reconciler.planning import Settling, settle

SETTLE_WAIT = 60.0
"""Seconds after which what does not show will not show any more. CSSM lists a removed instance for up to
60 seconds; a node's agent answers at once."""

SLOW_ISSUE = timedelta(minutes=10)
"""How long CSSM may take over a reservation whose client has gone: the connection ends after some minutes
at most, and the instance is then listed within one. Before this is over a second reserve could be the
second one to succeed."""

BRINGS = {
    Kind.CREATE_TOKEN: CodeKind.TOKEN,
    Kind.REQUEST_RESERVATION: CodeKind.REQUEST,
    Kind.RESERVE: CodeKind.AUTHORIZATION,
    Kind.UPDATE_RESERVATION: CodeKind.AUTHORIZATION,
    Kind.INSTALL_AUTHORIZATION: CodeKind.CONFIRMATION,
    Kind.RETURN_RESERVATION: CodeKind.RETURN,
    Kind.RETURN_AUTHORIZATION: CodeKind.RETURN,
}
"""The code that an answer holds, or may hold."""

ISSUING = frozenset({Kind.RESERVE, Kind.UPDATE_RESERVATION})
REPEATABLE = frozenset({Kind.REQUEST_RESERVATION, Kind.INSTALL_AUTHORIZATION, Kind.CANCEL_RESERVATION})
"""What may be sent again once it is seen, after a settle time, that it did not take effect."""

SHOWN_AT_ACCOUNT = frozenset({Kind.REMOVE_INSTANCE, Kind.REMOVE_GHOST, Kind.CONFIRM_RESERVATION})
SWITCHES = frozenset({Kind.ENABLE_RESERVATION, Kind.DISABLE_RESERVATION})
_SILENT = frozenset({Kind.RETURN_RESERVATION, Kind.RETURN_AUTHORIZATION})
KINDS = ISSUING | REPEATABLE | SHOWN_AT_ACCOUNT | _SILENT

Readings = Sequence[NodeObserved | AccountObserved]


def tells(action: Action) -> bool:
    """Whether looking helps: a return, or the install of an update, is proven by its code alone."""
    return action.kind not in _SILENT and action.params.get("confirms") is not True


def judge(action: Action, readings: Readings) -> Settling:
    """``settled``: it happened. ``failed``: it happened, and its code is gone; the plan goes on from there.
    ``pending``: it does not show. ``unknown``: nothing that was read can tell."""
    if not tells(action):
        return Settling("unknown", "only its code would tell")
    if action.kind in ISSUING:
        accounts = [reading for reading in readings if isinstance(reading, AccountObserved)]
        return _issued(action, accounts[0]) if accounts else Settling("unknown", "the account was not read")
    if action.kind in REPEATABLE:
        nodes = [reading for reading in readings if isinstance(reading, NodeObserved)]
        return _at_node(action, nodes[0]) if nodes else Settling("unknown", "the node was not read")
    if action.kind in SWITCHES and not any(shows_switch(reading) for reading in readings):
        return Settling("unknown", f"{action.address} does not show whether reservations are on")
    return settle(action, readings)


def shows_switch(reading: NodeObserved | AccountObserved) -> bool:
    """Whether a node prints the switch at all: an answered command counts without that, a lost one not."""
    if isinstance(reading, AccountObserved):
        return False
    at_licence = reading.licence is not UNKNOWN and reading.licence.reservation_enabled is not UNKNOWN
    at_smart = reading.smart is not UNKNOWN and reading.smart.reservation_enable is not UNKNOWN
    return at_licence or at_smart


_GONE = (RegistrationStatus.UNREGISTERED, RegistrationStatus.EXPIRED, RegistrationStatus.FAILED)
_REQUESTED = (RegistrationStatus.RESERVATION_PENDING,)
_INSTALLED = (RegistrationStatus.RESERVED_SPECIFIC,)
_PROOF = {
    Kind.REQUEST_RESERVATION: (_REQUESTED, _GONE),
    Kind.INSTALL_AUTHORIZATION: (_INSTALLED, _REQUESTED),
    Kind.CANCEL_RESERVATION: (_GONE, _REQUESTED),
}
"""The words of a node after the kind has happened, and those before it."""


def _at_node(action: Action, node: NodeObserved) -> Settling:
    licence = node.licence
    if licence is UNKNOWN or licence.registration is UNKNOWN:
        return Settling("unknown", f"{node.address} does not show its registration")
    after, before = _PROOF[action.kind]
    says = f"{node.address} says {licence.registration_text or licence.registration.value}"
    if licence.registration in after:
        if action.kind is Kind.REQUEST_RESERVATION:
            return Settling("failed", "requested, the code is lost")
        return Settling("settled", says)
    return Settling("pending" if licence.registration in before else "unknown", says)


def _issued(action: Action, account: AccountObserved) -> Settling:
    if account.instances is UNKNOWN:
        return Settling("unknown", f"{account.address} does not show its product instances")
    mine = [instance for instance in account.instances if _is_of(action, instance)]
    if action.kind is Kind.UPDATE_RESERVATION:
        return _updated(action, account, mine)
    if not mine:
        return Settling("pending", f"{account.address} does not list {action.subject}")
    if all(instance.reserved is not UNKNOWN and not instance.reserved for instance in mine):
        return Settling("unknown", f"{account.address} lists {action.subject}, and nothing reserved for it")
    return Settling("failed", "reserved at CSSM, the code is lost: fetch it at the portal")


def _is_of(action: Action, instance: Instance) -> bool:
    serial = str(action.params.get("serial") or action.subject).upper()
    if (instance.serial or "").upper() == serial:
        return True
    uuid = udi_parts(str(action.params.get("udi") or "")).get("U", "").replace("-", "")
    return bool(uuid) and (instance.uuid or "").replace("-", "").upper() == uuid


def _updated(action: Action, account: AccountObserved, mine: Sequence[Instance]) -> Settling:
    """One new total that shows is proof of the update; that every old one shows, and nothing in transit,
    is proof of none."""
    shown = [
        line for instance in mine for line in (() if instance.reserved is UNKNOWN else instance.reserved)
    ]
    changed = [line for line in action.params.get("lines", ()) if line.get("before") != line["quantity"]]
    found = {_total(line, shown) for line in changed}
    if "new" in found:
        return Settling("failed", "updated at CSSM, the code is lost: fetch it at the portal")
    if found == {"old"}:
        return Settling("pending", f"{account.address} shows the old totals of {action.subject}")
    return Settling("unknown", f"{account.address} does not show what is in transit for {action.subject}")


def _total(wanted: Mapping[str, Any], shown: Iterable[ReservedLine]) -> Literal["new", "old", "unclear"]:
    for line in shown:
        if not same_licence(wanted.get("tag"), wanted.get("name"), line.tag, line.name):
            continue
        if wanted["quantity"] in (line.pending, line.quantity):
            return "new"
        if line.pending is None and line.quantity == wanted.get("before"):
            return "old"
    return "unclear"
