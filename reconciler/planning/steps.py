"""From changes to actions, one cluster at a time.

A switch of the transport takes the whole cluster with it, because the setting may replicate between peers
(domain fact: it is the one licensing setting that is not documented as peer-specific) and because a
registered node must deregister first (A1): every registered node deregisters, the cluster switches, every
node registers again. Everything else touches only the node that differs.

Belongs here: which change asks for which action, and what that action needs. Does not belong here: the
table of kinds (catalogue), tokens (tokens), permission (rules), the order of the whole plan (graph).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    Action,
    Address,
    Change,
    ClusterDesired,
    Kind,
    NodeDesired,
    RegistrationStatus,
    State,
    TransportMode,
)
from reconciler.rules import BY_PERSON, Index, Row, active, by_reservation, by_token

from .catalogue import Maker
from .compare import REGISTERED, RESERVE, UNREGISTERED
from .reserving import Reserving, before_the_trip
from .tokens import Tokens, slot_of

_AGAIN = (RegistrationStatus.FAILED.value, RegistrationStatus.EXPIRED.value)
_FIRST = (UNREGISTERED, *_AGAIN)
_Changes = dict[Address, dict[str, Change]]
_MOVES = ("virtual_account", "smart_account", "export_controlled")


def steps(
    index: Index, changes: Sequence[Change], maker: Maker, tokens: Tokens, reserving: Reserving
) -> list[Action]:
    """The actions that settle these changes, in no particular order."""
    by_cluster: dict[Address, _Changes] = {}
    for change in changes:
        of_cluster = by_cluster.setdefault(change.address.parent, {})
        of_cluster.setdefault(change.address, {})[change.field] = change
    actions: list[Action] = []
    for address, cluster_changes in by_cluster.items():
        cluster = index.clusters[address]
        actions.extend(_Steps(index, cluster, cluster_changes, maker, tokens, reserving).all())
    return [*before_the_trip(actions), *tokens.actions()]


@dataclass
class _Steps:
    """The steps of one cluster. Each method returns what it made, so that later ones can need it."""

    index: Index
    cluster: ClusterDesired
    changes: _Changes
    maker: Maker
    tokens: Tokens
    reserving: Reserving
    made: list[Action] = field(default_factory=list)

    def all(self) -> list[Action]:
        self._retire()
        staying = active(self.cluster)
        if not staying:
            return self.made
        enabled = self._each(staying, "smart_licensing", Kind.ENABLE_SMART)
        leaving = self._leave()
        urls = self._each(staying, "url", Kind.SET_URL, needs=leaving.values())
        switch = self._switch(staying, [*enabled.values(), *urls.values(), *leaving.values()])
        proxies = self._each(staying, "proxy", Kind.SET_PROXY, needs=switch)
        privacies = self._each(staying, "privacy", Kind.SET_PRIVACY, after=switch)
        before = (enabled, urls, proxies, privacies, leaving)
        for node in staying:
            if by_reservation(self.cluster):
                self._reserve(node, before, switch)
                continue
            self._register(node, (self._switched_off(node), *before, self._free(node)), switch)
            self._renew(node, privacies)
        return self.made

    def _changed(self, node: NodeDesired, name: str) -> Change | None:
        return self.changes.get(node.address, {}).get(name)

    def _node(
        self, kind: Kind, node: NodeDesired, params: dict[str, Any], reason: str, **more: Any
    ) -> Action:
        subject = self.index.serial(node) or node.address
        action = self.maker.make(kind, node.address, subject, params, reason, **more)
        self.made.append(action)
        return action

    def _each(
        self,
        nodes: Iterable[NodeDesired],
        name: str,
        kind: Kind,
        needs: Iterable[Action] = (),
        after: Iterable[Action] = (),
    ) -> dict[Address, Action]:
        """One action on every node where this field differs."""
        made = {}
        for node in nodes:
            change = self._changed(node, name)
            if change is not None:
                made[node.address] = self._node(
                    kind,
                    node,
                    self._params(kind, change),
                    _why(change),
                    needs=[action.id for action in needs],
                    after=[action.id for action in after],
                    settles=[change.id],
                )
        return made

    def _params(self, kind: Kind, change: Change) -> dict[str, Any]:
        transport = self.cluster.transport
        if kind is Kind.SET_PROXY and transport is not None:
            port, username = transport.proxy_port, transport.proxy_username
            return {"host": transport.proxy_host, "port": port, "username": username}
        if kind is Kind.SET_URL:
            return {"url": change.after}
        return {"privacy": change.after} if kind is Kind.SET_PRIVACY else {}

    @property
    def account(self) -> AccountDesired:
        return self.index.account_of(self.cluster)

    # Leaving.

    def _retire(self) -> None:
        for node in self.cluster.nodes:
            if State.RETIRED in (self.cluster.state, node.state):
                names = ("registration", "reservation")
                found = (self._changed(node, name) for name in names)
                settles = [change.id for change in found if change is not None]
                self.made.extend(self.reserving.way_out(self.cluster, node, (), settles) if settles else ())
            change = self._changed(node, "registration")
            if change is not None and change.after == UNREGISTERED and change.before == REGISTERED:
                reason = "the node is retired, and a node that leaves for good gives its licence back first"
                self._node(Kind.DEREGISTER, node, {}, reason, settles=[change.id])

    def _free(self, node: NodeDesired) -> dict[Address, Action]:
        """A node that is to register by token gives its reservation back first, and switches it off."""
        situation = self.reserving.matrix.of(self.cluster, node)
        if not by_token(self.cluster) or not situation.holds or situation.row in BY_PERSON:
            return {}
        way = self.reserving.way_out(self.cluster, node, self.tokens.need(self.cluster), ())
        self.made.extend(way)
        return {node.address: self._off(node, [way[-1].id])}

    def _switched_off(self, node: NodeDesired) -> dict[Address, Action]:
        """One that has given its reservation back in an earlier run and may still have reservations on."""
        situation = self.reserving.matrix.of(self.cluster, node)
        was_reserved = situation.enabled is UNKNOWN and situation.known is not None
        on = situation.enabled is True or was_reserved
        if not by_token(self.cluster) or situation.row is not Row.NOTHING or not on:
            return {}
        return {} if self._changed(node, "registration") is None else {node.address: self._off(node, [])}

    def _off(self, node: NodeDesired, needs: Iterable[str]) -> Action:
        reason = "a node that registers by token has reservations off"
        return self._node(Kind.DISABLE_RESERVATION, node, {}, reason, needs=needs)

    def _reserve(
        self, node: NodeDesired, before: Sequence[dict[Address, Action]], switch: Sequence[Action]
    ) -> None:
        """The way into the reservation, after everything else of the node has been set."""
        settles = [
            change.id
            for name, change in self.changes.get(node.address, {}).items()
            if name in ("registration", "reservation", "virtual_account") or name.startswith(RESERVE)
        ]
        needs = [made[node.address].id for made in before if node.address in made]
        needs += [action.id for action in switch]
        if settles:
            left = node.address in before[-1]
            self.made.extend(self.reserving.way_in(self.cluster, node, needs, settles, left=left))

    @property
    def _switches(self) -> list[Change]:
        fields = (fields.get("transport") for fields in self.changes.values())
        return [change for change in fields if change is not None]

    def _leave(self) -> dict[Address, Action]:
        """Before a switch every registered node that stays deregisters, once its next token is in hand."""
        if not self._switches:
            return {}
        needs = self.tokens.need(self.cluster) if by_token(self.cluster) else ()
        reason = "a registered node deregisters before its transport is switched"
        return {
            node.address: self._node(Kind.DEREGISTER, node, {}, reason, needs=needs)
            for node in active(self.cluster)
            if self.index.registered(node.address)
        }

    def _switch(self, staying: Sequence[NodeDesired], before: Iterable[Action]) -> list[Action]:
        """One action for the whole cluster, after every node of it, retired ones too, has deregistered."""
        changes, transport = self._switches, self.cluster.transport
        if not changes or transport is None:
            return []
        leaving = [action.id for action in self.made if action.kind is Kind.DEREGISTER]
        word = "satellite" if transport.mode is TransportMode.ON_PREM else "direct"
        params = {
            "transport": word,
            "nodes": [node.address for node in self._primary_first(staying)],
            "replication_wait": self.index.desired.policy.replication_wait,
        }
        action = self.maker.make(
            Kind.SET_TRANSPORT,
            self.cluster.address,
            self.cluster.name,
            params,
            _WHY_SWITCH[transport.mode],
            needs=[*leaving, *(action.id for action in before)],
            settles=[change.id for change in changes],
        )
        self.made.append(action)
        return [action]

    def _primary_first(self, nodes: Sequence[NodeDesired]) -> list[NodeDesired]:
        """The primary as the nodes name it (by its place in their peer list), else as the YAML lists them."""
        primary = next(filter(None, (self._primary_name(node) for node in nodes)), None)
        return sorted(nodes, key=lambda node: not _is(node, self.index, primary))

    def _primary_name(self, node: NodeDesired) -> str | None:
        seen = self.index.node(node.address)
        if seen is None or seen.primary is UNKNOWN or seen.peers is UNKNOWN:
            return None
        return seen.peers[seen.primary - 1] if 0 < seen.primary <= len(seen.peers) else None

    # Registering.

    def _register(
        self, node: NodeDesired, before: Sequence[dict[Address, Action]], switch: Sequence[Action]
    ) -> None:
        leaving, freed = before[-2], before[-1]
        kind, settled, reason = self._how(node, node.address in leaving, node.address in freed)
        if kind is None or not by_token(self.cluster):
            return
        needs = [made[node.address].id for made in before if node.address in made]
        needs += [action.id for action in switch]
        needs += self.tokens.need(self.cluster)
        registration = self.cluster.registration
        params: dict[str, Any] = {
            "token": slot_of(self.cluster),
            "virtual_account": self.account.virtual_account,
            "export_controlled": registration.export_controlled if registration else None,
        }
        licence = self.index.licence(node.address)
        if licence is not None and licence.failure is not None:
            params["earlier_failure"] = licence.failure
        action = self._node(kind, node, params, reason, needs=needs, settles=settled)
        self.tokens.used_by(self.cluster, action)

    def _how(self, node: NodeDesired, leaving: bool, freed: bool) -> tuple[Kind | None, list[str], str]:
        """Register, register anew, or neither; which changes that settles; and why."""
        status = self._changed(node, "registration")
        moves = [change for name in _MOVES if (change := self._changed(node, name)) is not None]
        settled = [change.id for change in moves]
        if leaving:
            return Kind.REGISTER, settled, "the node deregistered for the switch of its transport"
        if freed:
            settled = [status.id] if status is not None else []
            return Kind.REGISTER, settled, "the node gave its reservation back"
        if status is not None and status.before in _FIRST:
            kind = Kind.REREGISTER if status.before in _AGAIN else Kind.REGISTER
            return kind, [status.id], _WHY_REGISTER[status.before]
        if moves:
            return Kind.REREGISTER, settled, "; ".join(_WHY[change.field] for change in moves)
        url = self._changed(node, "url")
        if url is not None and self.index.registered(node.address) and _host_moves(url):
            return Kind.REREGISTER, [], "the node is registered at another On-Prem server"
        return None, [], ""

    def _renew(self, node: NodeDesired, privacies: dict[Address, Action]) -> None:
        """A registered node tells its new privacy only when it renews or registers anew (A5)."""
        if any(action.kind in _REGISTERS and action.address == node.address for action in self.made):
            return
        privacy = privacies.get(node.address)
        if privacy is not None and self.index.registered(node.address):
            reason = "a registered node tells CSSM what it shares when it renews its registration"
            self._node(Kind.RENEW_REGISTRATION, node, {}, reason, needs=[privacy.id])
        lapsed = self._changed(node, "authorization")
        if lapsed is not None:
            self._node(Kind.RENEW_AUTHORIZATION, node, {}, _WHY["authorization"], settles=[lapsed.id])


_REGISTERS = (Kind.REGISTER, Kind.REREGISTER)


_WHY = {
    "smart_licensing": "without Smart Licensing the node takes no licence from Cisco",
    "url": "the node finds its On-Prem server at this URL only",
    "proxy": "the node reaches Cisco through this proxy only",
    "privacy": "it decides what Cisco is told about the node",
    "virtual_account": "a token of the right virtual account moves the node, licensed all the time",
    "smart_account": "a token of the right Smart Account moves the node, licensed all the time",
    "export_controlled": "export-controlled features come with the token and cannot be set otherwise",
    "authorization": "the node asks again and need not wait for its next turn",
}
"""Why, in words that the change beside it does not say already."""
_WHY_REGISTER = {
    UNREGISTERED: "beyond its evaluation only a registered node has licences",
    RegistrationStatus.FAILED.value: "its last registration failed",
    RegistrationStatus.EXPIRED.value: "its registration has expired",
}
_WHY_SWITCH = {
    TransportMode.DIRECT: "the cluster asks Cisco itself for its licences",
    TransportMode.ON_PREM: "the cluster asks an On-Prem server for its licences",
    TransportMode.PROXY: "the cluster asks Cisco for its licences through a proxy",
}


def _why(change: Change) -> str:
    return "the YAML asks for none" if change.after is None else _WHY[change.field]


def _host_moves(url: Change) -> bool:
    return isinstance(url.before, str) and urlsplit(url.before).hostname != urlsplit(str(url.after)).hostname


def _is(node: NodeDesired, index: Index, name: str | None) -> bool:
    seen = index.node(node.address)
    hostname = None if seen is None or seen.hostname is UNKNOWN else seen.hostname
    return name is not None and name.lower() in {
        text.lower() for text in (node.host, node.name, hostname) if text is not None
    }
