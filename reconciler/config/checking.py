"""Whether the documents agree with each other: names, serials, hosts, accounts, transports, reservations.

Belongs here: what needs more than one key or more than one file to see, and no knowledge of devices (that is
the rule book's). Does not belong here: the type of a single value (documents).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from reconciler.config.complaining import suggestion
from reconciler.config.documents import (
    AccountDoc,
    ClusterDoc,
    PrivacyDoc,
    RegistrationDoc,
    SshDoc,
    TransportDoc,
    WorkspaceDoc,
)
from reconciler.config.events import YamlPath
from reconciler.config.sources import Source
from reconciler.errors import Complaint
from reconciler.model import (
    ClusterDesired,
    Entitlement,
    Manage,
    ManagerKind,
    NodeDesired,
    RegistrationMode,
    State,
    TransportMode,
)

MAX_PEERS = 6
"""A cluster holds up to six peers (cluster creation guide)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One cluster file: as written, and after defaults."""

    source: Source
    doc: ClusterDoc
    desired: ClusterDesired

    def complaint(self, path: YamlPath, message: str, code: str, level: str = "error") -> Complaint:
        return self.source.complaint(self.source.value_at(path), message, code, level=level)

    def place(self, path: YamlPath) -> str:
        return f"{self.source.path}:{self.source.at(path)[0]}"


def across(entries: Sequence[Entry]) -> Iterator[Complaint]:
    """What only shows when all clusters are seen together."""
    yield from _cluster_names(entries)
    yield from _serials(entries)
    yield from _hosts(entries)


def within(entry: Entry, workspace: WorkspaceDoc, known: Sequence[Entitlement]) -> Iterator[Complaint]:
    """What one cluster shows, given the workspace."""
    yield from _file_name(entry)
    yield from _peers(entry)
    yield from _account_and_role(entry, workspace)
    yield from _transport(entry, workspace)
    yield from proxy_keys(entry.source, ("transport",), entry.doc.transport)
    yield from registration_keys(entry.source, ("registration",), entry.doc.registration)
    yield from privacy_named(entry.source, ("privacy",), entry.doc.privacy)
    yield from _reservation(entry, {item.name for item in known})
    yield from _login(entry)


def _cluster_names(entries: Sequence[Entry]) -> Iterator[Complaint]:
    seen: dict[str, Entry] = {}
    for entry in entries:
        other = seen.setdefault(entry.doc.cluster, entry)
        if other is not entry:
            message = f"cluster {entry.doc.cluster} is already written in {other.place(('cluster',))}"
            yield entry.complaint(("cluster",), message, "duplicate-cluster")


def _serials(entries: Sequence[Entry]) -> Iterator[Complaint]:
    seen: dict[str, tuple[Entry, int]] = {}
    for entry in entries:
        for index, node in enumerate(entry.doc.nodes):
            if node.serial is None:
                continue
            other, place = seen.setdefault(node.serial.upper(), (entry, index))
            if (other, place) != (entry, index):
                path: YamlPath = ("nodes", place, "serial")
                message = (
                    f"serial {node.serial} is already given to {_node(other, place)} in {other.place(path)}"
                )
                yield entry.complaint(("nodes", index, "serial"), message, "duplicate-serial")
    for entry in entries:
        yield from _replaced(entry, seen)


def _replaced(entry: Entry, seen: Mapping[str, tuple[Entry, int]]) -> Iterator[Complaint]:
    for index, node in enumerate(entry.doc.nodes):
        found = seen.get(node.replaces.upper()) if node.replaces else None
        if found and found[0].doc.nodes[found[1]].state is State.ACTIVE:
            message = f"replaces names the serial of {_node(*found)}, which is still active"
            yield entry.complaint(("nodes", index, "replaces"), message, "replaces-active")


def _hosts(entries: Sequence[Entry]) -> Iterator[Complaint]:
    """The same host behind another jump host is another machine."""
    seen: dict[tuple[str, int, str], tuple[Entry, int]] = {}
    for entry in entries:
        for index, node in enumerate(entry.desired.nodes):
            if State.RETIRED in {node.state, entry.doc.state}:
                continue
            jump = node.ssh.jump.host if node.ssh.jump else ""
            other, place = seen.setdefault((node.host.lower(), node.ssh.port, jump), (entry, index))
            if (other, place) != (entry, index):
                where = other.place(("nodes", place, "host"))
                message = f"{node.host} port {node.ssh.port} is already {_node(other, place)} in {where}"
                yield entry.complaint(("nodes", index, "host"), message, "duplicate-host")


def _node(entry: Entry, index: int) -> str:
    return str(entry.desired.nodes[index].address)


def _file_name(entry: Entry) -> Iterator[Complaint]:
    if PurePosixPath(entry.source.path).stem != entry.doc.cluster:
        message = f"this file is not named after its cluster; rename it to {entry.doc.cluster}.yaml"
        yield entry.complaint(("cluster",), message, "file-name", "warning")


def _peers(entry: Entry) -> Iterator[Complaint]:
    active = [index for index, node in enumerate(entry.doc.nodes) if node.state is State.ACTIVE]
    if len(active) > MAX_PEERS:
        message = (
            f"a cluster holds at most {MAX_PEERS} peers; this is number {MAX_PEERS + 1} of {len(active)}"
        )
        yield entry.complaint(("nodes", active[MAX_PEERS]), message, "too-many-nodes")
    names: dict[str, int] = {}
    for index, node in enumerate(entry.doc.nodes):
        if names.setdefault(node.name, index) != index:
            message = f"node {node.name} is already in this cluster"
            yield entry.complaint(("nodes", index, "name"), message, "duplicate-node")


def _account_and_role(entry: Entry, workspace: WorkspaceDoc) -> Iterator[Complaint]:
    if (entry.doc.role or workspace.defaults.role) is None:
        yield entry.complaint(("cluster",), "role is missing, here and in defaults", "missing-key")
    if not entry.desired.account:
        yield entry.complaint(("cluster",), "account is missing, here and in defaults", "missing-key")
    elif entry.doc.account is not None and entry.doc.account not in workspace.accounts:
        yield entry.complaint(("account",), unknown_account(entry.doc.account, workspace), "unknown-account")


def unknown_account(name: str, workspace: WorkspaceDoc) -> str:
    known = ", ".join(workspace.accounts) or "none"
    hint = suggestion(name, workspace.accounts)
    return f"account {name} is not in xlicense.yaml{hint or f'; known are {known}'}"


def _transport(entry: Entry, workspace: WorkspaceDoc) -> Iterator[Complaint]:
    """Where the transport comes from the defaults, the cluster is still what does not fit."""
    doc = entry.doc.transport or workspace.defaults.transport
    account = workspace.accounts.get(entry.desired.account)
    if doc is None or account is None:
        return
    message = _mismatch(doc.mode, entry.desired.account, account)
    if message:
        yield entry.complaint(("transport", "mode"), message, "transport-account")


def _mismatch(mode: TransportMode, name: str, account: AccountDoc) -> str | None:
    on_prem = account.manager.kind is ManagerKind.ON_PREM
    if mode is TransportMode.ON_PREM and not on_prem:
        return f"transport on-prem needs an on-prem account; {name} is {account.manager.kind.value}"
    if mode is TransportMode.ON_PREM and account.transport_url is None:
        return f"transport on-prem needs transport_url at account {name}"
    if mode is not TransportMode.ON_PREM and on_prem:
        return f"account {name} is on-prem, so the transport must be on-prem, not {mode.value}"
    return None


def proxy_keys(source: Source, path: YamlPath, doc: TransportDoc | None) -> Iterator[Complaint]:
    """A proxy needs a host and a port; no other mode has them."""
    if doc is None:
        return
    given = [key for key in ("host", "port", "username", "password") if key in doc.model_fields_set]
    if doc.mode is TransportMode.PROXY:
        missing = " and ".join(key for key in ("host", "port") if key not in given)
        if missing:
            message = f"transport proxy needs {missing}"
            yield source.complaint(source.value_at(path), message, "proxy-incomplete")
    elif given:
        message = f"{given[0]} is for mode: proxy only"
        yield source.complaint(source.at((*path, given[0])), message, "transport-mode")


def _reservation(entry: Entry, known: set[str]) -> Iterator[Complaint]:
    registration = entry.desired.registration
    reserving = registration is not None and registration.mode is RegistrationMode.RESERVATION
    for index, node in enumerate(entry.desired.nodes):
        if node.reserve and not reserving:
            message = "reserve needs registration: {mode: reservation}"
            yield entry.complaint(("nodes", index, "reserve"), message, "reserve-mode")
        elif reserving and entry.desired.manage is Manage.FULL:
            yield from _reserving_node(entry, index, node)
        yield from _entitlements(entry, index, node, known)


def _reserving_node(entry: Entry, index: int, node: NodeDesired) -> Iterator[Complaint]:
    if node.serial is None:
        message = f"node {node.name} needs its serial: a reservation belongs to one serial"
        yield entry.complaint(("nodes", index), message, "serial-required")
    if not node.reserve and State.RETIRED not in {node.state, entry.desired.state}:
        message = f"node {node.name} needs reserve: mode reservation takes fixed quantities"
        yield entry.complaint(("nodes", index), message, "reserve-missing")


def _entitlements(entry: Entry, index: int, node: NodeDesired, known: set[str]) -> Iterator[Complaint]:
    for line in node.reserve:
        if line.entitlement not in known:
            message = unknown_entitlement(line.entitlement, known)
            spot = entry.source.at(("nodes", index, "reserve", line.entitlement))
            yield entry.source.complaint(spot, message, "unknown-entitlement")


def unknown_entitlement(name: str, known: set[str]) -> str:
    listed = ", ".join(sorted(known))
    return f"entitlement {name} is not known{suggestion(name, known) or f'; known are {listed}'}"


def _login(entry: Entry) -> Iterator[Complaint]:
    """Nodes that use the default login as it is are spoken for by the workspace."""
    for index, (doc, node) in enumerate(zip(entry.doc.nodes, entry.desired.nodes, strict=True)):
        if node.ssh.password is None and node.ssh.key is None and (doc.ssh or entry.doc.ssh):
            message = f"node {node.name} has no login; give ssh a password or a key"
            yield entry.complaint(("nodes", index), message, "no-login")
        yield from one_way_in(entry.source, ("nodes", index, "ssh"), doc.ssh)
    yield from one_way_in(entry.source, ("ssh",), entry.doc.ssh)


def one_way_in(source: Source, path: YamlPath, doc: SshDoc | None) -> Iterator[Complaint]:
    """A password or a key, not both: which one is tried must not be a guess."""
    if doc is None:
        return
    if doc.password and doc.key:
        yield source.complaint(source.at(path), "give a password or a key, not both", "one-login")
    if doc.jump and not (doc.jump.password or doc.jump.key):
        message = "the jump host needs a password or a key"
        yield source.complaint(source.at((*path, "jump")), message, "no-login")
    if doc.jump and doc.jump.password and doc.jump.key:
        yield source.complaint(source.at((*path, "jump")), "give a password or a key, not both", "one-login")


def registration_keys(source: Source, path: YamlPath, doc: RegistrationDoc | None) -> Iterator[Complaint]:
    """A reservation takes no token, and export control is a line of its quantities."""
    if doc is None or doc.mode is RegistrationMode.TOKEN:
        return
    if doc.token is not None:
        message = "token is for mode: token only"
        yield source.complaint(source.at((*path, "token")), message, "registration-mode")
    if doc.export_controlled is not None:
        message = "export_controlled is for mode: token; a reservation names its entitlements instead"
        yield source.complaint(source.at((*path, "export_controlled")), message, "registration-mode")


def privacy_named(source: Source, path: YamlPath, doc: PrivacyDoc | None) -> Iterator[Complaint]:
    if doc is not None and not doc.model_fields_set:
        message = "privacy must name hostname, version or both: hidden or shared"
        yield source.complaint(source.at(path), message, "bad-value")
