"""What a rule is given and what it gives back.

Belongs here: the context of a judgement, its verdicts, and which actions a refusal takes out. Does not
belong here: any rule (one file per subject) or the running of them (`book`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    Observation,
    Override,
    Refusal,
)

from .index import Index


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

    @cached_property
    def index(self) -> Index:
        return Index(self.desired, self.observation, self.held)

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
        return [
            action
            for action in actions
            if address.covers(action.address) and (not kinds or action.kind in kinds)
        ]


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
    """Actions by the cluster or account that they are on."""
    found: dict[Address, list[Action]] = {}
    for action in actions:
        found.setdefault(action.address.parent, []).append(action)
    return found


def taken_out(refusal: Refusal, places: Mapping[Address, Sequence[Action]]) -> list[Action]:
    """The actions, by place, that this refusal stops where it is not overridden."""
    if refusal.address == WORKSPACE:
        return [action for actions in places.values() for action in actions if takes_out(refusal, action)]
    return [action for action in places.get(refusal.address.parent, ()) if takes_out(refusal, action)]


def takes_out(refusal: Refusal, action: Action) -> bool:
    """Whether this refusal, were it not overridden, stops this action.

    A transport switch touches every node that it names, so a refusal of one of them stops it.
    """
    if refusal.kinds and action.kind not in refusal.kinds:
        return False
    if refusal.address.covers(action.address):
        return True
    touched = action.params.get("nodes", ()) if action.kind is Kind.SET_TRANSPORT else ()
    return any(refusal.address.covers(Address(node)) for node in touched)
