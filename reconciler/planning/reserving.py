"""The way into a reservation and out of it, a node at a time: which actions each row asks for.

A quantity change is always an update with the totals of every line, never a return and a new reservation
(S65). Nothing here is undone in the middle: every row is a place to go on from.

Belongs here: the chain of actions of a row. Does not belong here: finding the row (rules.matrix), whether a
pool has enough and who waits for whom (pools), the rest of a cluster's steps (steps).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model import (
    UNKNOWN,
    AccountDesired,
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
    UNREADABLE_CODE,
    Index,
    Lines,
    Matrix,
    Row,
    Situation,
    Wanted,
    WantedLine,
    as_params,
    of_params,
    paired,
    same_line,
    wanted_lines,
)

from .catalogue import Maker

_UNREGISTERED = (Row.NOTHING, Row.UNUSED, Row.REMOVE)
_NO_LINES: tuple[WantedLine, ...] = ()


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
        self, cluster: ClusterDesired, node: NodeDesired, needs: Iterable[str], settles: Iterable[str]
    ) -> list[Action]:
        """To a reservation with the totals of the YAML, from wherever the node stands."""
        situation = self.matrix.of(cluster, node)
        if situation.row in BY_PERSON:
            return []
        chain = _Chain(self, cluster, node, situation, list(needs), tuple(settles))
        wanted = self.wanted(cluster, node)
        if situation.row is Row.CONVERGED and _moves(situation, cluster):
            chain.give_back()
            chain.reserve(wanted)
        elif situation.row is Row.CONVERGED:
            if wanted.differs and situation.lines is not UNKNOWN:
                chain.update(wanted)
        else:
            _WAYS_IN[situation.row](chain, wanted)
        return chain.made

    def way_out(
        self, cluster: ClusterDesired, node: NodeDesired, needs: Iterable[str], settles: Iterable[str]
    ) -> list[Action]:
        """To no reservation at all, on both sides; a reservation that is switched on is switched off."""
        situation = self.matrix.of(cluster, node)
        if situation.row in BY_PERSON:
            return []
        chain = _Chain(self, cluster, node, situation, list(needs), tuple(settles))
        way = _WAYS_OUT.get(situation.row)
        if way is not None:
            way(chain)
            chain.settle()
        return chain.made


def _moves(situation: Situation, cluster: ClusterDesired) -> bool:
    return situation.cssm is not None and situation.cssm.account.name != cluster.account


def _current(situation: Situation, cluster: ClusterDesired) -> Maybe[Lines]:
    """What counts as there already: nothing, where the node is about to reserve anew."""
    if situation.row in (*_UNREGISTERED, Row.TOKEN, Row.REQUESTED, Row.REQUEST_LOST):
        return ()
    return () if _moves(situation, cluster) else situation.lines


@dataclass
class _Chain:
    """Actions that need one another in a row. ``needs`` is what the next one needs."""

    of: Reserving
    cluster: ClusterDesired
    node: NodeDesired
    situation: Situation
    needs: list[str]
    settles: tuple[str, ...]
    made: list[Action] = field(default_factory=list)

    # Making.

    @property
    def account(self) -> AccountDesired:
        return self.of.index.account_of(self.cluster)

    @property
    def holder(self) -> AccountDesired:
        """The account that has the reservation now."""
        side = self.situation.cssm
        return self.account if side is None else side.account

    @property
    def serial(self) -> str:
        return self.situation.serial

    @property
    def udi(self) -> str | None:
        """As the node prints it: what a code must be for."""
        licence = self.of.index.licence(self.node.address)
        return licence.udi if licence is not None and isinstance(licence.udi, str) else None

    def _on_node(
        self, kind: Kind, reason: str, params: dict[str, Any] | None = None, makes: str | None = None
    ) -> Action:
        return self._add(kind, self.node.address, params or {"serial": self.serial}, reason, makes)

    def _at_cssm(
        self,
        kind: Kind,
        account: AccountDesired,
        reason: str,
        params: dict[str, Any],
        makes: str | None = None,
    ) -> Action:
        side = self.situation.cssm
        common = {
            "serial": self.serial,
            "udi": self.udi or (side.udi if side else None),
            "product_tag": side.product_tag if side else None,
            "node": self.node.address,
            "virtual_account": account.virtual_account,
        }
        return self._add(kind, account.address, {**common, **params}, reason, makes)

    def _add(
        self, kind: Kind, address: Any, params: dict[str, Any], reason: str, makes: str | None
    ) -> Action:
        action = self.of.maker.make(kind, address, self.serial, params, reason, needs=self.needs, makes=makes)
        self.made.append(action)
        self.needs = [action.id]
        return action

    def _slot(self, kind: str) -> str:
        return f"{kind}/{self.serial}"

    def settle(self) -> None:
        """The last action so far is the one that settles what differs."""
        self.made[-1] = replace(self.made[-1], settles=tuple(sorted({*self.made[-1].settles, *self.settles})))

    # In.

    def reserve(self, wanted: Wanted) -> None:
        """From an unregistered node: enable, request, reserve, install."""
        if self.situation.row is Row.TOKEN:
            self._on_node(Kind.DEREGISTER, "a node that is registered by token cannot reserve", {})
        if self.situation.enabled is not True:
            self._on_node(Kind.ENABLE_RESERVATION, "reservations are off until they are switched on")
        self.request(wanted)

    def request(self, wanted: Wanted) -> None:
        reason = "the request code says to CSSM for which node the licences are"
        self._on_node(Kind.REQUEST_RESERVATION, reason, makes=self._slot("request"))
        self.take(wanted)

    def take(self, wanted: Wanted) -> None:
        """Reserve, or take over the reservation of the dead node that this one replaces."""
        replaced = self._replaced()
        if replaced is not None:
            params = {
                "replaces": self.node.replaces,
                "request": self._slot("request"),
                "lines": as_params(wanted.lines if replaced == () else _as_wanted(replaced), update=False),
            }
            reason = f"the reservation of {self.node.replaces} goes over to the node that replaces it"
            self._at_cssm(Kind.REHOST, self.account, reason, params, self._slot("authorization"))
        else:
            lines = as_params(wanted.lines, update=False)
            params = {"request": self._slot("request"), "lines": lines}
            reason = "the request code and these quantities give an authorization code"
            self._at_cssm(Kind.RESERVE, self.account, reason, params, self._slot("authorization"))
        self.install(self.made[-1].params["lines"], confirms=False)

    def _replaced(self) -> Lines | None:
        """The lines of the reservation that the replaced node still has, () where they are not known."""
        old = self.node.replaces
        if old is None:
            return None
        sides = self.of.matrix.sides.of(replace(self.node, address=self.cluster.address), old)
        mine = [side for side in sides if side.account.name == self.cluster.account and side.marked]
        if not mine:
            return None
        return () if mine[0].lines is UNKNOWN else mine[0].lines

    def install(self, lines: Any, *, confirms: bool) -> None:
        overridden = any(item.rule == UNREADABLE_CODE for item in self.of.overrides)
        params = {
            "serial": self.serial,
            "udi": self.udi,
            "authorization": self._slot("authorization"),
            "request": self._slot("request"),
            "lines": [{key: value for key, value in line.items() if key != "before"} for line in lines],
            "confirms": confirms,
            "unchecked": overridden,
        }
        reason = "the code is checked against this node and these totals first"
        makes = self._slot("confirmation") if confirms else None
        self._on_node(Kind.INSTALL_AUTHORIZATION, reason, params, makes)
        if not confirms:
            self.settle()

    def install_held(self, wanted: Wanted) -> None:
        self.install(as_params(self._coming(wanted), update=False), confirms=False)

    def fetch(self, wanted: Wanted) -> None:
        self._fetch(wanted)
        self.install_held(wanted)

    def _fetch(self, wanted: Wanted) -> None:
        """Without lines where nobody knows them: the person takes the code as CSSM has it."""
        known = self.situation.lines is not UNKNOWN and self.situation.lines
        params = {"lines": as_params(self._coming(wanted), update=False) if known else []}
        reason = "CSSM has the reservation, and its code is not here: it is fetched, never made again"
        self._at_cssm(Kind.FETCH_AUTHORIZATION, self.holder, reason, params, self._slot("authorization"))

    def _coming(self, wanted: Wanted) -> Iterable[WantedLine]:
        """The lines that the code on its way says: what it said when it was kept, else what CSSM has. In the
        words of the YAML where that is what the YAML asks for."""
        held = self.situation.authorization
        lines = self.situation.lines
        if held is not None and held.authorization is not None:
            lines = held.authorization.lines
        if lines is UNKNOWN or not lines:
            return wanted.lines
        asked = tuple(line.line for line in wanted.lines if line.quantity)
        if asked and all(here == there for _, here, there in paired(asked, lines)):
            return wanted.lines
        return _as_wanted(lines)

    def cancel_and_request(self, wanted: Wanted) -> None:
        self._on_node(
            Kind.CANCEL_RESERVATION, "the request code is lost, and CSSM has no reservation for this node"
        )
        self.request(wanted)

    # Updates.

    def update(self, wanted: Wanted) -> None:
        lines = as_params(wanted.lines, update=True)
        reason = "a change of quantities is an update with the totals of every line"
        self._at_cssm(
            Kind.UPDATE_RESERVATION, self.holder, reason, {"lines": lines}, self._slot("authorization")
        )
        self.install(lines, confirms=True)
        self._confirm(lines)

    def install_update(self, wanted: Wanted) -> None:
        self.install(as_params(self._coming(wanted), update=False), confirms=True)
        self.confirm(wanted)

    def fetch_update(self, wanted: Wanted) -> None:
        self._fetch(wanted)
        self.install_update(wanted)

    def confirm(self, wanted: Wanted) -> None:
        """What the update gives up is known as long as the journal knows the totals before it."""
        known = self.situation.known
        earlier = known.before if known is not None else ()
        lines = as_params(self._coming(wanted), update=True)
        for line in lines:
            match = (item for item in earlier if same_line(item, of_params([line])[0]))
            line["before"] = next((item.quantity for item in match), line["quantity"])
        self._confirm(lines)

    def _confirm(self, lines: list[dict[str, Any]]) -> None:
        held = self.situation.row is not Row.CONFIRM_LOST
        params = {"confirmation": self._slot("confirmation") if held else None, "lines": lines}
        reason = "the update is not complete before CSSM has the confirmation code"
        self._at_cssm(Kind.CONFIRM_RESERVATION, self.holder, reason, params)
        if not held:
            note = "the confirmation code is not here"
            self.made[-1] = replace(self.made[-1], carrier=Carrier.PERSON, carrier_note=note)
        self.settle()

    # Out.

    def give_back(self) -> None:
        """Return, then remove with the return code."""
        reason = "the node gives its reservation back and has no licence from here on"
        self._on_node(Kind.RETURN_RESERVATION, reason, makes=self._slot("return"))
        self.remove()

    def remove(self) -> None:
        reason = "the return code frees the licences"
        self._at_cssm(Kind.REMOVE_INSTANCE, self.holder, reason, {"return": self._slot("return")})

    def finish_and_give_back(self) -> None:
        """An update in transit is finished first; CSSM removes nothing that waits for a confirmation."""
        settles, self.settles = self.settles, ()
        _WAYS_IN[self.situation.row](self, Wanted(_NO_LINES))
        self.settles = settles
        self.give_back()

    def cancel(self) -> None:
        self._on_node(Kind.CANCEL_RESERVATION, "the request is not wanted any more, and CSSM has nothing")

    def return_unused(self) -> None:
        """A code that was never installed goes back by itself (A10)."""
        if self.situation.row is Row.FETCH:
            self._fetch(Wanted(_NO_LINES))
        if self.situation.row is not Row.UNUSED:
            self._on_node(
                Kind.CANCEL_RESERVATION, "a request in progress is cancelled before its code goes back"
            )
        params = {"serial": self.serial, "authorization": self._slot("authorization")}
        reason = "the code was never installed; the node gives a return code for it"
        self._on_node(Kind.RETURN_AUTHORIZATION, reason, params, self._slot("return"))
        self.remove()

    def out_and_in_again(self, wanted: Wanted) -> None:
        if self.situation.row is Row.UNUSED:
            self.return_unused()
        else:
            self.remove()
        self.reserve(wanted)


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


def _as_wanted(lines: Lines) -> tuple[WantedLine, ...]:
    return tuple(
        WantedLine(line.name or line.tag, line.name, line.tag or None, line.quantity, line.quantity)
        for line in lines
    )


_WAYS_IN: Mapping[Row, Callable[[_Chain, Wanted], None]] = {
    Row.NOTHING: _Chain.reserve,
    Row.TOKEN: _Chain.reserve,
    Row.REQUESTED: _Chain.take,
    Row.REQUEST_LOST: _Chain.cancel_and_request,
    Row.UNISSUED: _Chain.install_held,
    Row.FETCH: _Chain.fetch,
    Row.UNUSED: _Chain.out_and_in_again,
    Row.REMOVE: _Chain.out_and_in_again,
    Row.UPDATE_INSTALL: _Chain.install_update,
    Row.UPDATE_FETCH: _Chain.fetch_update,
    Row.CONFIRM: _Chain.confirm,
    Row.CONFIRM_LOST: _Chain.confirm,
}

_WAYS_OUT: Mapping[Row, Callable[[_Chain], None]] = {
    Row.REQUESTED: _Chain.cancel,
    Row.REQUEST_LOST: _Chain.cancel,
    Row.UNISSUED: _Chain.return_unused,
    Row.FETCH: _Chain.return_unused,
    Row.UNUSED: _Chain.return_unused,
    Row.REMOVE: _Chain.remove,
    Row.CONVERGED: _Chain.give_back,
    Row.UPDATE_INSTALL: _Chain.finish_and_give_back,
    Row.UPDATE_FETCH: _Chain.finish_and_give_back,
    Row.CONFIRM: _Chain.finish_and_give_back,
    Row.CONFIRM_LOST: _Chain.finish_and_give_back,
}
"""A node on another row has nothing to give back."""
