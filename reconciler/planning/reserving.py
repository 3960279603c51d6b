"""The way into a reservation and out of it, a node at a time: whether it is gone, and when a person travels.

Belongs here: which way a row asks for. Does not belong here: the steps of a way (chain), finding the row
(rules.matrix), whether a pool has enough and who waits for whom (pools), other steps of a cluster (steps).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model import (
    UNKNOWN,
    Action,
    Carrier,
    ClusterDesired,
    Kind,
    Maybe,
    NodeDesired,
    Override,
)
from reconciler.rules import (
    BY_PERSON,
    Index,
    Lines,
    Matrix,
    Row,
    Situation,
    Wanted,
    wanted_lines,
)

from .catalogue import Maker
from .chain import WAYS_IN, WAYS_OUT, Chain

_UNREGISTERED = (Row.NOTHING, Row.UNUSED, Row.REMOVE)


@dataclass
class Reserving:
    """The reservations of one plan. Each method returns the chain that it made, in order."""

    index: Index
    matrix: Matrix
    maker: Maker
    overrides: Sequence[Override] = ()

    def wanted(self, cluster: ClusterDesired, node: NodeDesired) -> Wanted:
        """The totals that the node should have at CSSM, against what it has there now."""
        situation = self.matrix.of(cluster, node)
        return wanted_lines(
            self.index, self.matrix.sides, self.index.account_of(cluster), node, _current(situation, cluster)
        )

    def way_in(
        self,
        cluster: ClusterDesired,
        node: NodeDesired,
        needs: Iterable[str],
        settles: Iterable[str],
        *,
        left: bool,
    ) -> list[Action]:
        """To a reservation with the totals of the YAML, from wherever the node stands. With ``left`` it has
        deregistered by then, for the switch of its transport."""
        situation = self.matrix.of(cluster, node)
        if situation.row in BY_PERSON:
            return []
        if left:
            situation = replace(situation, row=Row.NOTHING)
        chain = self._chain(cluster, node, situation, needs, settles)
        wanted = self.wanted(cluster, node)
        if situation.row is Row.CONVERGED and _moves(situation, cluster):
            chain.give_back()
            chain.reserve(wanted)
        elif situation.row is Row.CONVERGED:
            if wanted.differs and situation.lines is not UNKNOWN:
                chain.update(wanted)
        else:
            WAYS_IN[situation.row](chain, wanted)
        return chain.made

    def way_out(
        self, cluster: ClusterDesired, node: NodeDesired, needs: Iterable[str], settles: Iterable[str]
    ) -> list[Action]:
        """To no reservation at all, on both sides; a reservation that is switched on is switched off."""
        situation = self.matrix.of(cluster, node)
        if situation.row in BY_PERSON:
            return []
        chain = self._chain(cluster, node, situation, needs, settles)
        way = WAYS_OUT.get(situation.row)
        if way is not None:
            way(chain)
            chain.settle()
        return chain.made

    def _chain(
        self,
        cluster: ClusterDesired,
        node: NodeDesired,
        situation: Situation,
        needs: Iterable[str],
        settles: Iterable[str],
    ) -> Chain:
        return Chain(
            index=self.index,
            matrix=self.matrix,
            maker=self.maker,
            overrides=self.overrides,
            cluster=cluster,
            node=node,
            situation=situation,
            needs=list(needs),
            settles=tuple(settles),
        )


def _moves(situation: Situation, cluster: ClusterDesired) -> bool:
    return situation.cssm is not None and situation.cssm.account.name != cluster.account


def _current(situation: Situation, cluster: ClusterDesired) -> Maybe[Lines]:
    """What counts as there already: nothing, where the node is about to reserve anew."""
    if situation.row in (*_UNREGISTERED, Row.TOKEN, Row.REQUESTED, Row.REQUEST_LOST):
        return ()
    return () if _moves(situation, cluster) else situation.lines


def before_the_trip(actions: Sequence[Action]) -> list[Action]:
    """A person goes to the portal once: every request of the account is made before the first hand-off."""
    requests = {action.subject: action.id for action in actions if action.kind is Kind.REQUEST_RESERVATION}
    trips = [action for action in actions if action.carrier is Carrier.PERSON and action.kind in _TRIPS]
    waiting = {
        trip.id: {requests[other.subject] for other in trips if _is_gathered(trip, other, requests)}
        for trip in trips
    }
    return [
        replace(action, after=tuple(sorted({*action.after, *waiting[action.id]} - {*action.needs})))
        if action.id in waiting
        else action
        for action in actions
    ]


def _is_gathered(trip: Action, other: Action, requests: Mapping[str, str]) -> bool:
    return other.address == trip.address and other.subject in requests


_TRIPS = (Kind.RESERVE, Kind.REHOST)
