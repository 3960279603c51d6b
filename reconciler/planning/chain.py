"""Actions that follow one another on the way into a reservation and out of it, and which row begins where.

A quantity change is always an update with the totals of every line, never a return and a new reservation
(S65). Nothing here is undone in the middle: every row is a place to go on from.

Belongs here: each step of a way, with its reason and parameters. Does not belong here: whether a way is gone
at all (reserving), finding the row (rules.matrix).
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
    NodeDesired,
    Override,
)
from reconciler.rules import (
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
)

from .catalogue import Maker

_NO_LINES: tuple[WantedLine, ...] = ()


@dataclass
class Chain:
    """Actions that need one another in a row. ``needs`` is what the next one needs."""

    index: Index
    matrix: Matrix
    maker: Maker
    overrides: Sequence[Override]
    cluster: ClusterDesired
    node: NodeDesired
    situation: Situation
    needs: list[str]
    settles: tuple[str, ...]
    made: list[Action] = field(default_factory=list)

    # Making.

    @property
    def account(self) -> AccountDesired:
        return self.index.account_of(self.cluster)

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
        licence = self.index.licence(self.node.address)
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
        action = self.maker.make(kind, address, self.serial, params, reason, needs=self.needs, makes=makes)
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
        lines = _as_wanted(replaced) if replaced else wanted.lines
        params: dict[str, Any] = {
            "request": self._slot("request"),
            "lines": as_params(lines, update=False),
        }
        if replaced is not None:
            params["replaces"] = self.node.replaces
            reason = f"the reservation of {self.node.replaces} goes over to the node that replaces it"
            self._at_cssm(Kind.REHOST, self.account, reason, params, self._slot("authorization"))
        else:
            reason = "the request code and these quantities give an authorization code"
            self._at_cssm(Kind.RESERVE, self.account, reason, params, self._slot("authorization"))
        self.install(lines, confirms=False)

    def _replaced(self) -> Lines | None:
        """The lines of the reservation that the replaced node still has, () where they are not known."""
        old = self.node.replaces
        if old is None:
            return None
        sides = self.matrix.sides.of(replace(self.node, address=self.cluster.address), old)
        mine = [side for side in sides if side.account.name == self.cluster.account and side.marked]
        if not mine:
            return None
        return () if mine[0].lines is UNKNOWN else mine[0].lines

    def install(self, lines: Iterable[WantedLine], *, confirms: bool) -> None:
        overridden = any(item.rule == UNREADABLE_CODE for item in self.overrides)
        params = {
            "serial": self.serial,
            "udi": self.udi,
            "authorization": self._slot("authorization"),
            "request": self._slot("request"),
            "lines": as_params(lines, update=False),
            "confirms": confirms,
            "unchecked": overridden,
        }
        reason = "the code is checked against this node and these totals first"
        makes = self._slot("confirmation") if confirms else None
        self._on_node(Kind.INSTALL_AUTHORIZATION, reason, params, makes)
        if not confirms:
            self.settle()

    def install_held(self, wanted: Wanted) -> None:
        self.install(self._coming(wanted), confirms=False)

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
        self.install(wanted.lines, confirms=True)
        self._confirm(lines)

    def install_update(self, wanted: Wanted) -> None:
        self.install(self._coming(wanted), confirms=True)
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
        WAYS_IN[self.situation.row](self, Wanted(_NO_LINES))
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


def _as_wanted(lines: Lines) -> tuple[WantedLine, ...]:
    return tuple(
        WantedLine(line.name or line.tag, line.name, line.tag or None, line.quantity, line.quantity)
        for line in lines
    )


WAYS_IN: Mapping[Row, Callable[[Chain, Wanted], None]] = {
    Row.NOTHING: Chain.reserve,
    Row.TOKEN: Chain.reserve,
    Row.REQUESTED: Chain.take,
    Row.REQUEST_LOST: Chain.cancel_and_request,
    Row.UNISSUED: Chain.install_held,
    Row.FETCH: Chain.fetch,
    Row.UNUSED: Chain.out_and_in_again,
    Row.REMOVE: Chain.out_and_in_again,
    Row.UPDATE_INSTALL: Chain.install_update,
    Row.UPDATE_FETCH: Chain.fetch_update,
    Row.CONFIRM: Chain.confirm,
    Row.CONFIRM_LOST: Chain.confirm,
}

WAYS_OUT: Mapping[Row, Callable[[Chain], None]] = {
    Row.REQUESTED: Chain.cancel,
    Row.REQUEST_LOST: Chain.cancel,
    Row.UNISSUED: Chain.return_unused,
    Row.FETCH: Chain.return_unused,
    Row.UNUSED: Chain.return_unused,
    Row.REMOVE: Chain.remove,
    Row.CONVERGED: Chain.give_back,
    Row.UPDATE_INSTALL: Chain.finish_and_give_back,
    Row.UPDATE_FETCH: Chain.finish_and_give_back,
    Row.CONFIRM: Chain.finish_and_give_back,
    Row.CONFIRM_LOST: Chain.finish_and_give_back,
}
"""A node on another row has nothing to give back."""
