"""What a rule is given and what it gives back.

Belongs here: the context of a judgement, its verdicts, and which actions a refusal takes out. Does not
belong here: any rule (one file per subject) or the running of them (`book`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from reconciler.model import (
    WORKSPACE,
    Action,
    Address,
    Change,
    ClusterDesired,
    Desired,
    Finding,
    HeldState,
    Kind,
    NodeDesired,
    Observation,
    Override,
    PoolUse,
    Refusal,
)

from .index import Index
from .matrix import Matrix, Situation


@dataclass(frozen=True)
class PlanContext:
    """Everything that a plan is judged by. ``now`` is aware UTC."""

    desired: Desired
    observation: Observation
    held: HeldState
    changes: Sequence[Change]
    actions: Sequence[Action]
    now: datetime
    overrides: Sequence[Override] = ()
    pools: Sequence[PoolUse] = ()

    @cached_property
    def index(self) -> Index:
        return Index(self.desired, self.observation, self.held)

    @cached_property
    def matrix(self) -> Matrix:
        return Matrix(self.index)

    @cached_property
    def actions_of(self) -> dict[Address, list[Action]]:
        """The actions on a cluster and its nodes, or on an account, by that address."""
        return by_place(self.actions)

    @cached_property
    def acted_on(self) -> tuple[ClusterDesired, ...]:
        """The clusters on which something would be done, in the order of the configuration."""
        if not self.actions:
            return ()
        return tuple(cluster for cluster in self.desired.clusters if cluster.address in self.actions_of)

    def planned(self, address: Address, *kinds: Kind) -> list[Action]:
        """The actions of these kinds on a cluster and its nodes, on one node, or on an account."""
        actions = self.actions_of.get(address.parent, [])
        return [action for action in actions if address.covers(action.address) and action.kind in kinds]

    def reservations(self) -> Iterator[tuple[ClusterDesired, NodeDesired, Situation]]:
        """Every managed node that wants a reservation, or has something of one, where it was read."""
        for cluster in self.index.managed():
            for node in cluster.nodes:
                if self.index.node(node.address) is not None and self.matrix.concerns(cluster, node):
                    yield cluster, node, self.matrix.of(cluster, node)

    def touching(self, node: Address) -> list[Action]:
        """The actions on this node, and those on an account that are for it."""
        return [action for action in self.actions_of.get(node.parent, []) if node in touched(action)]


@dataclass(frozen=True)
class Verdicts:
    """What the rules say: findings report, refusals take actions out.

    ``blind`` takes actions out too, because something there was not read: that is no refusal but a fact of
    the observation, told by a finding (exit 11, not 6).
    """

    findings: tuple[Finding, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    blind: tuple[Refusal, ...] = ()


def by_place(actions: Sequence[Action]) -> dict[Address, list[Action]]:
    """Actions by the cluster or account that they are on, and by the cluster that they are for."""
    found: dict[Address, list[Action]] = {}
    for action in actions:
        for place in {address.parent: None for address in touched(action)}:
            found.setdefault(place, []).append(action)
    return found


def touched(action: Action) -> list[Address]:
    """Where an action does something: at its own address, and at the nodes that it names."""
    named = action.params.get("nodes", ()) if action.kind is Kind.SET_TRANSPORT else ()
    node = action.params.get("node")
    return [Address(action.address), *(Address(name) for name in named), *([Address(node)] if node else [])]


def for_whom(action: Action) -> Address:
    """Whom an action is for: the node of a step on an account that serves one, else its own address."""
    return Address(action.params.get("node") or action.address)


def taken_out(refusal: Refusal, places: Mapping[Address, Sequence[Action]]) -> list[Action]:
    """The actions, by place, that this refusal stops where it is not overridden."""
    if refusal.address == WORKSPACE:
        return [action for actions in places.values() for action in actions if takes_out(refusal, action)]
    return [action for action in places.get(refusal.address.parent, ()) if takes_out(refusal, action)]


def takes_out(refusal: Refusal, action: Action) -> bool:
    """Whether this refusal, were it not overridden, stops this action.

    A transport switch touches every node that it names, and so does an action on an account that is for a
    node, so a refusal of one of them stops it.
    """
    if refusal.kinds and action.kind not in refusal.kinds:
        return False
    return any(refusal.address.covers(address) for address in touched(action))
