"""Which product instance of an account is which node, and what is worth saying about both.

Joined by the UDI that the node prints, then by serial, then by host name where a token node shares it (S27,
S28). An account is full of other products and other teams: what does not match is not joined and not ours.
A ghost needs a positive identity, a serial that the journal knows or that a node replaces.

Belongs here: the join and its findings. Nothing here ever asks for an action.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    Address,
    Change,
    Finding,
    Instance,
    NodeDesired,
    NodeObserved,
    RegistrationStatus,
)
from reconciler.rules import (
    GHOST,
    LAST_CONTACT,
    NOT_LISTED,
    OLD_NAME,
    Index,
    by_reservation,
    by_token,
    ghost,
    not_listed,
    old_name,
    silent,
)

from .compare import licence_of

_PRODUCT = "EXPY"
_SILENT_HOURS = 12
_ELSEWHERE = frozenset({"smart_account", "virtual_account", "transport"})
_UDI = re.compile(r"\b(?:SN|S|UUID|U)\s*:\s*([^,;\s]+)", re.IGNORECASE)


@dataclass
class _Shelf:
    """The instances of one account, by everything they can be known by."""

    by_serial: dict[str, Instance] = field(default_factory=dict)
    by_uuid: dict[str, Instance] = field(default_factory=dict)
    by_name: dict[str, Instance] = field(default_factory=dict)


def join_findings(index: Index, changes: Iterable[Change], now: datetime) -> list[Finding]:
    """What the product instances of every account that lists them say about the nodes.

    A node that still is with another account or manager is not missed here: that is a change already.
    """
    elsewhere = {change.address for change in changes if change.field in _ELSEWHERE}
    shelves = {account.name: shelf for account in index.desired.accounts if (shelf := _shelf(index, account))}
    found: list[Finding] = []
    for cluster in index.desired.clusters:
        shelf = shelves.get(cluster.account)
        if shelf is None or not by_token(cluster):
            continue
        for node in cluster.nodes:
            observed = index.node(node.address)
            if observed is not None and index.registered(node.address):
                instance = joined(node, observed, shelf.by_uuid, shelf.by_serial, shelf.by_name)
                if instance is None and node.address in elsewhere:
                    continue
                found.extend(_about(node, observed, instance, cluster.account, now))
    ours = _our_serials(index)
    gone = _gone_serials(index) - ours - _going_over(index)
    for account in index.desired.accounts:
        if account.name in shelves:
            found.extend(_ghosts(account, shelves[account.name], gone))
    return found


def _shelf(index: Index, account: AccountDesired) -> _Shelf | None:
    observed = index.account(account.address)
    if observed is None or observed.instances is UNKNOWN:
        return None
    shelf = _Shelf()
    for instance in observed.instances:
        if instance.serial:
            shelf.by_serial[instance.serial.upper()] = instance
        if instance.uuid:
            shelf.by_uuid[instance.uuid.upper()] = instance
        for name in _names(instance):
            shelf.by_name[name] = instance
    return shelf


def _names(instance: Instance) -> Iterator[str]:
    """Host names only count for instances that are Expressways, or do not say what they are."""
    if instance.product_type is None or _PRODUCT in instance.product_type.upper():
        yield from {name.lower() for name in (instance.host_name, instance.name) if name}


def joined(
    node: NodeDesired,
    observed: NodeObserved,
    by_uuid: Mapping[str, Instance],
    by_serial: Mapping[str, Instance],
    by_name: Mapping[str, Instance],
) -> Instance | None:
    """The instance of this node: by UDI, then serial, then a host name that it shares."""
    licence = licence_of(observed)
    if isinstance(licence.udi, str):
        for part in _UDI.findall(licence.udi):
            found = by_uuid.get(part.upper()) or by_serial.get(part.upper())
            if found is not None:
                return found
    serial = node.serial if observed.serial is UNKNOWN else observed.serial
    if serial is not None and serial.upper() in by_serial:
        return by_serial[serial.upper()]
    if licence.hostname_hidden is not False:
        return None
    names = [node.host] if observed.hostname is UNKNOWN else [observed.hostname, node.host]
    return next((by_name[name.lower()] for name in names if name.lower() in by_name), None)


def _about(
    node: NodeDesired, observed: NodeObserved, instance: Instance | None, account: str, now: datetime
) -> Iterator[Finding]:
    if instance is None:
        yield NOT_LISTED.finding(not_listed(node.address, account))
        return
    if instance.last_contact is not None:
        hours = int((now - instance.last_contact).total_seconds() // 3600)
        if hours > _SILENT_HOURS:
            yield LAST_CONTACT.finding(silent(node.address, hours))
    shown, hidden = instance.host_name, licence_of(observed).hostname_hidden
    if shown and hidden is False and observed.hostname is not UNKNOWN and not _same(shown, observed.hostname):
        yield OLD_NAME.finding(old_name(node.address, shown, observed.hostname))


def _same(shown: str, hostname: str) -> bool:
    """A name with and without its domain is one name."""
    one, other = shown.lower(), hostname.lower()
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _our_serials(index: Index) -> set[str]:
    serials = {node.serial for cluster in index.desired.clusters for node in cluster.nodes if node.serial}
    serials |= {node.serial for node in index.observation.nodes if node.serial is not UNKNOWN}
    return {serial.upper() for serial in serials}


def _gone_serials(index: Index) -> set[str]:
    replaced = {
        node.replaces for cluster in index.desired.clusters for node in cluster.nodes if node.replaces
    }
    return {serial.upper() for serial in {*index.held.known_serials, *replaced}}


def _going_over(index: Index) -> set[str]:
    """Serials whose reservation goes over to the machine that replaces them: to remove one would lose it."""
    return {
        node.replaces.upper()
        for cluster in index.desired.clusters
        if by_reservation(cluster)
        for node in cluster.nodes
        if node.replaces and not _is_reserved(index, node)
    }


def _is_reserved(index: Index, node: NodeDesired) -> bool:
    licence = index.licence(node.address)
    return licence is not None and licence.registration is RegistrationStatus.RESERVED_SPECIFIC


def _ghosts(account: AccountDesired, shelf: _Shelf, gone: set[str]) -> Iterator[Finding]:
    for serial in sorted(gone & shelf.by_serial.keys()):
        yield GHOST.finding(ghost(Address.of_account(account.name), account.name, shelf.by_serial[serial]))
