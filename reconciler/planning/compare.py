"""What differs, as facts: desired against observed, field by field, in one linear pass.

Belongs here: which fields are managed, how each is read out of an observation, why a difference is there.
Does not belong here: what to do about it (catalogue, steps) and whether that is allowed (rules).

A field that the YAML does not name makes no change, and neither does one that is not known. Plain ``==``
decides; DeepDiff only words what differs in something nested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    Address,
    AuthorizationStatus,
    Cause,
    Change,
    ClusterDesired,
    Desired,
    HeldState,
    Licence,
    NodeDesired,
    NodeObserved,
    Observation,
    RegistrationMode,
    RegistrationStatus,
    State,
    Transport,
    TransportMode,
    Value,
)
from reconciler.rules import BY_PERSON, IN_TRANSIT, Index, Matrix, Row, by_reservation, wanted_lines

OFF, ON = "off", "on"
REGISTERED = RegistrationStatus.REGISTERED.value
UNREGISTERED = RegistrationStatus.UNREGISTERED.value
RESERVE = "reserve."
"""Before the name of an entitlement: the field of a reserved quantity."""
RESERVED = RegistrationStatus.RESERVED_SPECIFIC.value
PENDING = RegistrationStatus.PENDING.value
AUTHORIZED = AuthorizationStatus.AUTHORIZED.value
LAPSED = AuthorizationStatus.EXPIRED.value


Reader = Callable[[NodeObserved], Value]
"""Reads one field out of an observation; UNKNOWN where the node did not say."""


@dataclass(frozen=True, slots=True)
class Examined:
    """Every change, and every managed field that could not be read."""

    changes: tuple[Change, ...]
    unknown: tuple[tuple[Address, str], ...]


@dataclass(frozen=True, slots=True)
class _Wish:
    """One managed field: what it should be and how to read it; some only mean something once registered."""

    field: str
    after: Value
    read: Reader
    once_registered: bool = False


def compare(desired: Desired, observation: Observation, held: HeldState) -> tuple[Change, ...]:
    """Every managed field that is known to differ, in address order and then in the order of the fields."""
    return examine(Index(desired, observation, held)).changes


def examine(index: Index, matrix: Matrix | None = None) -> Examined:
    """Compare every managed cluster; also says which managed fields are not known."""
    matrix = matrix or Matrix(index)
    changes: list[Change] = []
    unknown: list[tuple[Address, str]] = []
    for cluster in index.managed():
        wishes = _wishes(cluster, index.account_of(cluster))
        for node in cluster.nodes:
            observed = index.node(node.address)
            if observed is None:
                continue
            leaving = cluster.state is State.RETIRED or node.state is State.RETIRED
            registered = index.registered(node.address)
            for wish in _RETIRED if leaving else wishes:
                if registered or not wish.once_registered:
                    _look(index, observed, wish, changes, unknown)
            if matrix.concerns(cluster, node):
                changes.extend(_of_reservation(index, matrix, cluster, node, leaving, unknown))
    changes.sort(key=lambda change: change.address)
    return Examined(tuple(changes), tuple(sorted(unknown)))


def _look(
    index: Index,
    node: NodeObserved,
    wish: _Wish,
    changes: list[Change],
    unknown: list[tuple[Address, str]],
) -> None:
    before = wish.read(node)
    if before == wish.after:
        return
    if before is UNKNOWN:
        unknown.append((node.address, wish.field))
        return
    changes.append(_change(index, node.address, wish, before))


def _change(index: Index, address: Address, wish: _Wish, before: Value) -> Change:
    seen = index.verified.get((address, wish.field))
    behind = seen is not None and seen.value == wish.after
    cause = Cause.CHANGED_BEHIND if behind else Cause.NOT_YET_APPLIED
    if wish.field == "registration" and before == PENDING:
        cause = Cause.WAITING
    last_seen = seen.at.isoformat(timespec="seconds") if behind and seen is not None else None
    return Change(address, wish.field, before, wish.after, cause, last_seen)


# Reservations: how far one has come, where it is, and how many of each licence it holds.


def _of_reservation(
    index: Index,
    matrix: Matrix,
    cluster: ClusterDesired,
    node: NodeDesired,
    leaving: bool,
    unknown: list[tuple[Address, str]],
) -> Iterable[Change]:
    situation = matrix.of(cluster, node)
    wants = by_reservation(cluster) and not leaving
    if situation.row in IN_TRANSIT:
        after = Row.CONVERGED.value if wants else Row.NOTHING.value
        yield Change(node.address, "reservation", situation.row.value, after, Cause.NOT_YET_APPLIED)
    if not wants or situation.row in BY_PERSON:
        return
    account = index.account_of(cluster)
    holder = situation.cssm.account if situation.cssm is not None else account
    if situation.row is Row.CONVERGED and holder.name != account.name:
        yield Change(node.address, "virtual_account", holder.virtual_account, account.virtual_account)
    if situation.lines is UNKNOWN:
        unknown.append((node.address, "reserve"))
        return
    for line in wanted_lines(index, matrix.sides, account, node, situation.lines).lines:
        if line.before != line.quantity:
            name = f"{RESERVE}{line.entitlement}"
            seen = index.verified.get((node.address, name))
            behind = seen is not None and seen.value == line.quantity
            cause = Cause.CHANGED_BEHIND if behind else Cause.NOT_YET_APPLIED
            yield Change(node.address, name, line.before, line.quantity, cause)


# What is wanted.


def _wishes(cluster: ClusterDesired, account: AccountDesired) -> tuple[_Wish, ...]:
    wishes: list[_Wish] = []
    if cluster.registration is not None or cluster.transport is not None:
        wishes.append(_Wish("smart_licensing", ON, read_smart_licensing))
    if cluster.transport is not None:
        wishes.extend(_transport_wishes(cluster.transport, account))
    if cluster.privacy is not None:
        wishes.append(_Wish("privacy", cluster.privacy.value, read_privacy))
    if cluster.registration is not None:
        wishes.extend(_registration_wishes(cluster, account))
    return tuple(wishes)


def _transport_wishes(transport: Transport, account: AccountDesired) -> Iterable[_Wish]:
    yield _Wish("transport", transport.mode.value, _transport(transport.mode))
    if transport.mode is TransportMode.ON_PREM:
        yield _Wish("url", url_of(transport, account), read_url)
    else:
        yield _Wish("proxy", proxy_of(transport), read_proxy)


def _registration_wishes(cluster: ClusterDesired, account: AccountDesired) -> Iterable[_Wish]:
    registration = cluster.registration
    assert registration is not None  # noqa: S101 - asked by the caller
    if registration.mode is RegistrationMode.RESERVATION:
        yield _Wish("registration", RESERVED, _registration)
        return
    yield _Wish("registration", REGISTERED, _registration)
    yield _Wish("virtual_account", account.virtual_account, _virtual_account, once_registered=True)
    if account.smart_account is not None:
        yield _Wish(
            "smart_account",
            account.smart_account,
            _smart_account(account.smart_account),
            once_registered=True,
        )
    if registration.export_controlled is not None:
        wanted = registration.export_controlled
        yield _Wish("export_controlled", wanted, _export_controlled, once_registered=True)
    yield _Wish("authorization", AUTHORIZED, _authorization, once_registered=True)


def url_of(transport: Transport, account: AccountDesired) -> str | None:
    """The On-Prem URL: the cluster's own, else the account's."""
    return transport.url or account.transport_url


def proxy_of(transport: Transport) -> str | None:
    """``host:port`` as a node prints it, None where no proxy is wanted."""
    if transport.mode is not TransportMode.PROXY:
        return None
    return f"{transport.proxy_host}:{transport.proxy_port}".lower()


# What is read. Each reader gives UNKNOWN where the node did not say.


def licence_of(node: NodeObserved) -> Licence:
    """One that says nothing where it was not read."""
    return Licence() if node.licence is UNKNOWN else node.licence


def read_smart_licensing(node: NodeObserved) -> Value:
    enabled = licence_of(node).enabled
    if enabled is UNKNOWN:
        return UNKNOWN
    return ON if enabled else OFF


def read_transport(node: NodeObserved) -> Value:
    """The node's own word, ``direct`` or ``satellite``."""
    return UNKNOWN if node.smart is UNKNOWN else node.smart.transport


def _transport(wanted: TransportMode) -> Reader:
    """In the words of the YAML. A proxy is direct with one more setting, which is compared apart."""
    direct = TransportMode.DIRECT if wanted is TransportMode.ON_PREM else wanted
    words: dict[Value, str] = {"direct": direct.value, "satellite": TransportMode.ON_PREM.value}

    def read(node: NodeObserved) -> Value:
        word = read_transport(node)
        return words.get(word, word)

    return read


def read_url(node: NodeObserved) -> Value:
    configured = UNKNOWN if node.smart is UNKNOWN else node.smart.url
    return licence_of(node).transport_url if configured is UNKNOWN else configured


def read_proxy(node: NodeObserved) -> Value:
    proxy = licence_of(node).proxy
    return proxy.lower() if isinstance(proxy, str) else proxy


_PRIVACY = {(False, False): "none", (True, False): "hostname", (False, True): "version", (True, True): "all"}


def read_privacy(node: NodeObserved) -> Value:
    """The setting where it was read, else the two statements of the licence block."""
    if node.smart is not UNKNOWN and node.smart.privacy is not UNKNOWN:
        return node.smart.privacy
    licence = licence_of(node)
    if licence.hostname_hidden is UNKNOWN or licence.version_hidden is UNKNOWN:
        return UNKNOWN
    return _PRIVACY[licence.hostname_hidden, licence.version_hidden]


def _registration(node: NodeObserved) -> Value:
    """The status word; a node whose Smart Licensing is off prints none and is not registered."""
    licence = licence_of(node)
    if licence.registration is UNKNOWN:
        return UNREGISTERED if licence.enabled is False else UNKNOWN
    return licence.registration.value


_HOLDS_NOTHING = (
    UNREGISTERED,
    RegistrationStatus.FAILED.value,
    RegistrationStatus.EXPIRED.value,
)


def _left(node: NodeObserved) -> Value:
    """A failed or expired registration is an unregistered node (admin guide X15.3, status words)."""
    status = _registration(node)
    return UNREGISTERED if status in _HOLDS_NOTHING else status


def _virtual_account(node: NodeObserved) -> Value:
    name = licence_of(node).virtual_account
    return UNKNOWN if name is None else name


def _smart_account(wanted: str) -> Reader:
    """Only a name that looks like a domain can be compared; an account's display name cannot."""

    def read(node: NodeObserved) -> Value:
        name = licence_of(node).smart_account
        if not isinstance(name, str) or "." not in name or " " in name.strip():
            return wanted
        return wanted if name.strip().lower() == wanted.lower() else name

    return read


def _export_controlled(node: NodeObserved) -> Value:
    allowed = licence_of(node).export_controlled
    return UNKNOWN if allowed is None else allowed


def _authorization(node: NodeObserved) -> Value:
    """Only an expired authorization can be acted on; every other word is left to the rules."""
    status = licence_of(node).authorization
    if status is UNKNOWN:
        return UNKNOWN
    return LAPSED if status is AuthorizationStatus.EXPIRED else AUTHORIZED


_RETIRED = (_Wish("registration", UNREGISTERED, _left),)


# What differs inside something nested, in words.


def worded(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Each difference between two nested values as a sentence, in a stable order; empty for equal ones."""
    if before == after:
        return ()
    from deepdiff import DeepDiff

    found = DeepDiff(dict(before), dict(after), view="tree")
    sentences = [
        f"{_path(item)} was {_shown(item.t1)} and is {_shown(item.t2)} now"
        for items in found.values()
        for item in items
    ]
    return tuple(sorted(sentences))


def _path(item: Any) -> str:
    return ".".join(str(part) for part in item.path(output_format="list"))


def _shown(value: Any) -> str:
    return "absent" if type(value).__name__ == "NotPresent" else str(value)
