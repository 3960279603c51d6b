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

from .compare import ON, Reader, read_privacy, read_proxy, read_smart_licensing, read_transport, read_url


@dataclass(frozen=True, slots=True)
class Settling:
    """``settled``: it shows. ``pending``: not yet. ``failed``: the remote says so. ``unknown``: not read."""

    state: Literal["settled", "pending", "failed", "unknown"]
    text: str = ""


def settle(action: Action, observed: Sequence[NodeObserved | AccountObserved]) -> Settling:
    """What fresh readings of everything that the action touches say about it.

    An account shows no tokens, so what is done to one is ``unknown`` here.
    """
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


def _deregistered(_: Action, node: NodeObserved) -> Settling:
    licence = node.licence
    if licence is UNKNOWN or licence.registration is UNKNOWN:
        return Settling("unknown", f"{node.address} does not show its registration")
    gone = (RegistrationStatus.UNREGISTERED, RegistrationStatus.EXPIRED, RegistrationStatus.FAILED)
    return Settling("settled" if licence.registration in gone else "pending", _says(node, licence))


def _renewed(_: Action, node: NodeObserved) -> Settling:
    """A renewed registration looks like a registration: the wait only ends when the node still is."""
    licence = node.licence
    if licence is UNKNOWN or licence.registration is UNKNOWN:
        return Settling("unknown", f"{node.address} does not show its registration")
    there = licence.registration is RegistrationStatus.REGISTERED
    return Settling("settled" if there else "pending", _says(node, licence))


def _authorized(_: Action, node: NodeObserved) -> Settling:
    licence = node.licence
    if licence is UNKNOWN or licence.authorization is UNKNOWN:
        return Settling("unknown", f"{node.address} does not show its authorization")
    lapsed = licence.authorization is AuthorizationStatus.EXPIRED
    return Settling("pending" if lapsed else "settled", f"{node.address} says {licence.authorization_text}")


def _says(node: NodeObserved, licence: Licence) -> str:
    word = licence.registration_text or str(licence.registration)
    return f"{node.address} says {word}" + (f": {licence.failure}" if licence.failure else "")


_JUDGES: dict[Kind, Callable[[Action, NodeObserved], Settling]] = {
    Kind.ENABLE_SMART: _shows("Smart Licensing", read_smart_licensing, lambda _: ON),
    Kind.SET_URL: _shows("URL", read_url, lambda action: action.params["url"]),
    Kind.SET_TRANSPORT: _shows("transport", read_transport, lambda action: action.params["transport"]),
    Kind.SET_PROXY: _shows("proxy", read_proxy, _wanted_proxy),
    Kind.SET_PRIVACY: _shows("privacy", read_privacy, lambda action: action.params["privacy"]),
    Kind.REGISTER: _registration,
    Kind.REREGISTER: _registration,
    Kind.DEREGISTER: _deregistered,
    Kind.RENEW_REGISTRATION: _renewed,
    Kind.RENEW_AUTHORIZATION: _authorized,
}
