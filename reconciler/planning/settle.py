"""Whether an action's effect can be seen, from fresh readings of what it touched.

Belongs here: what each kind looks like once it has happened. Does not belong here: looking again, waiting
and giving up (execution).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from reconciler.model import (
    UNKNOWN,
    AccountObserved,
    Action,
    AuthorizationStatus,
    Kind,
    Licence,
    NodeObserved,
    RegistrationStatus,
)

from .compare import OFF, ON, Reader, read_privacy, read_proxy, read_smart_licensing, read_transport, read_url


@dataclass(frozen=True, slots=True)
class Settling:
    """``settled``: it shows. ``pending``: not yet. ``failed``: the remote says so. ``unknown``: not read."""

    state: Literal["settled", "pending", "failed", "unknown"]
    text: str = ""


_ACCOUNT_KINDS = frozenset({Kind.REMOVE_INSTANCE, Kind.REMOVE_GHOST, Kind.CONFIRM_RESERVATION, Kind.RESERVE})


def settle(action: Action, observed: Sequence[NodeObserved | AccountObserved]) -> Settling:
    """What fresh readings of everything that the action touches say about it.

    An account shows no tokens, so what is done to one is ``unknown`` here; instances it shows.
    """
    if action.kind in _ACCOUNT_KINDS:
        accounts = [reading for reading in observed if isinstance(reading, AccountObserved)]
        return _at_cssm(action, accounts[0]) if accounts else Settling("unknown", "the account was not read")
    nodes = [reading for reading in observed if isinstance(reading, NodeObserved)]
    judge = _JUDGES.get(action.kind)
    if judge is None or not nodes:
        return Settling("unknown", f"nothing that was read shows {action.kind.value}")
    found = [judge(action, node) for node in nodes]
    for state in ("failed", "unknown", "pending"):
        first = next((item for item in found if item.state == state), None)
        if first is not None:
            return first
    return found[0]


def _shows(field: str, read: Reader, wanted: Callable[[Action], object]) -> Callable[..., Settling]:
    """A judge of a setting: it has taken effect when the node shows the value."""

    def judge(action: Action, node: NodeObserved) -> Settling:
        seen = read(node)
        text = f"{node.address} shows {field} {'none' if seen is None else seen}"
        if seen is UNKNOWN:
            return Settling("unknown", f"{node.address} does not show its {field}")
        return Settling("settled" if seen == wanted(action) else "pending", text)

    return judge


def _wanted_proxy(action: Action) -> str | None:
    host = action.params["host"]
    return None if host is None else f"{host}:{action.params['port']}".lower()


def _registration(action: Action, node: NodeObserved) -> Settling:
    """Registered, to the right virtual account and with the right export flag where the node says them."""
    licence = node.licence
    if licence is UNKNOWN or licence.registration is UNKNOWN:
        return Settling("unknown", f"{node.address} does not show its registration")
    text = _says(node, licence)
    if licence.registration is RegistrationStatus.REGISTERED and _as_asked(action, licence):
        return Settling("settled", text)
    if _has_failed(action, licence):
        return Settling("failed", text)
    return Settling("pending", text)


def _as_asked(action: Action, licence: Licence) -> bool:
    export = action.params.get("export_controlled")
    account_fits = licence.virtual_account in (UNKNOWN, None, action.params.get("virtual_account"))
    export_fits = export is None or licence.export_controlled in (UNKNOWN, None, export)
    return account_fits and export_fits


_TRIES_AGAIN = ("timed out", "in progress", "communication", "retry")


def _has_failed(action: Action, licence: Licence) -> bool:
    """A new sentence about a failure ends the wait, unless the node goes on by itself (A4: 15 minutes)."""
    failure = licence.failure or ""
    if any(word in failure.lower() for word in _TRIES_AGAIN):
        return False
    fresh = licence.failure != action.params.get("earlier_failure")
    if licence.registration is RegistrationStatus.FAILED:
        return fresh or action.kind is Kind.REGISTER
    return bool(failure) and fresh and licence.registration is not RegistrationStatus.PENDING


def _authorized(_: Action, node: NodeObserved) -> Settling:
    licence = node.licence
    if licence is UNKNOWN or licence.authorization is UNKNOWN:
        return Settling("unknown", f"{node.address} does not show its authorization")
    lapsed = licence.authorization is AuthorizationStatus.EXPIRED
    return Settling("pending" if lapsed else "settled", f"{node.address} says {licence.authorization_text}")


def _says(node: NodeObserved, licence: Licence) -> str:
    word = licence.registration_text or str(licence.registration)
    return f"{node.address} says {word}" + (f": {licence.failure}" if licence.failure else "")


def _word(*wanted: RegistrationStatus) -> Callable[[Action, NodeObserved], Settling]:
    """A judge of the status word alone."""

    def judge(_: Action, node: NodeObserved) -> Settling:
        licence = node.licence
        if licence is UNKNOWN or licence.registration is UNKNOWN:
            return Settling("unknown", f"{node.address} does not show its registration")
        return Settling("settled" if licence.registration in wanted else "pending", _says(node, licence))

    return judge


def _reservation_switch(*, on: bool) -> Callable[[Action, NodeObserved], Settling]:
    """Where a node shows the switch it must stand right; where it shows none its answer has to do."""

    def judge(_: Action, node: NodeObserved) -> Settling:
        licence = UNKNOWN if node.licence is UNKNOWN else node.licence.reservation_enabled
        smart = UNKNOWN if node.smart is UNKNOWN else node.smart.reservation_enable
        shown = smart if licence is UNKNOWN else licence
        if node.problems:
            return Settling("unknown", f"{node.address} could not be read")
        if shown is UNKNOWN:
            return Settling("settled", f"{node.address} does not show whether reservations are on")
        word = ON if shown else OFF
        return Settling("settled" if shown is on else "pending", f"{node.address} has reservations {word}")

    return judge


_UNREGISTERED = (RegistrationStatus.UNREGISTERED, RegistrationStatus.EXPIRED, RegistrationStatus.FAILED)


def _at_cssm(action: Action, account: AccountObserved) -> Settling:
    """Whether the instance of this serial is there, and whether it still waits for a confirmation."""
    if account.instances is UNKNOWN:
        return Settling("unknown", f"{account.address} does not show its product instances")
    serial = action.subject.upper()
    found = [item for item in account.instances if (item.serial or "").upper() == serial]
    if action.kind is Kind.CONFIRM_RESERVATION:
        lines = [line for item in found if item.reserved is not UNKNOWN for line in item.reserved]
        if not lines or any(line.pending is UNKNOWN for line in lines):
            return Settling("unknown", f"{account.address} does not show what waits for a confirmation")
        waits = any(line.pending is not None for line in lines)
        return Settling("pending" if waits else "settled", f"{account.address} shows {serial}")
    there = bool(found)
    if action.kind is Kind.RESERVE:
        state: Literal["settled", "pending"] = "settled" if there else "pending"
        return Settling(state, f"{account.address} {'lists' if there else 'does not list'} {serial}")
    return Settling(
        "pending" if there else "settled",
        f"{account.address} {'still lists' if there else 'lists no'} {serial}",
    )


_JUDGES: dict[Kind, Callable[[Action, NodeObserved], Settling]] = {
    Kind.ENABLE_SMART: _shows("Smart Licensing", read_smart_licensing, lambda _: ON),
    Kind.SET_URL: _shows("URL", read_url, lambda action: action.params["url"]),
    Kind.SET_TRANSPORT: _shows("transport", read_transport, lambda action: action.params["transport"]),
    Kind.SET_PROXY: _shows("proxy", read_proxy, _wanted_proxy),
    Kind.SET_PRIVACY: _shows("privacy", read_privacy, lambda action: action.params["privacy"]),
    Kind.REGISTER: _registration,
    Kind.REREGISTER: _registration,
    Kind.DEREGISTER: _word(*_UNREGISTERED),
    # A renewed registration looks like any: the wait only ends when the node still is registered.
    Kind.RENEW_REGISTRATION: _word(RegistrationStatus.REGISTERED),
    Kind.RENEW_AUTHORIZATION: _authorized,
    Kind.ENABLE_RESERVATION: _reservation_switch(on=True),
    Kind.DISABLE_RESERVATION: _reservation_switch(on=False),
    Kind.REQUEST_RESERVATION: _word(RegistrationStatus.RESERVATION_PENDING),
    Kind.INSTALL_AUTHORIZATION: _word(RegistrationStatus.RESERVED_SPECIFIC),
    Kind.RETURN_RESERVATION: _word(*_UNREGISTERED),
    Kind.RETURN_AUTHORIZATION: _word(*_UNREGISTERED),
    Kind.CANCEL_RESERVATION: _word(*_UNREGISTERED),
}
