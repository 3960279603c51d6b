"""Persons: who answers a hand-off at the portal, and admins who do as they please behind everybody's back.

Belongs here: acts by hand. Does not belong here: what the engine sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from providers.lab import manager as managers
from providers.lab import portal, reservation, slr, snapshots
from providers.lab.agent import NotNow
from providers.lab.manager import Declined
from providers.lab.nouns import Node
from reconciler import model as m
from reconciler.journal import SqliteJournal, Verdict

from .carriers import lines as shown_lines
from .carriers import stock, totals
from .truth import Truth

K = m.Kind


class Refused(Exception):
    """The page says no; the person leaves it at that."""


class Person:
    """Works off hand-offs, as somebody does who has the sheet and access to the portal."""

    def __init__(self, truth: Truth, journal: SqliteJournal) -> None:
        self.truth = truth
        self.journal = journal

    def does(self, waiting: m.Waiting) -> str | None:
        """Do what the hand-off asks for; the code that comes of it. Raises Refused."""
        try:
            return _BY_HAND[m.Kind(waiting.kind)](self, waiting)
        except (ValueError, NotNow, Declined) as error:
            raise Refused(str(error)) from None

    def answers(self, waiting: m.Waiting) -> Verdict | None:
        """Do it and say so; None where the page refuses."""
        try:
            value = self.does(waiting)
        except Refused:
            return None
        return self.journal.answer(waiting.handoff_id, value).verdict

    def does_silently(self, waiting: m.Waiting) -> None:
        """Do it and tell nobody."""
        with suppress(Refused):
            self.does(waiting)

    def code(self, waiting: m.Waiting, name: str) -> str:
        slot = waiting.params[name]
        value = self.journal.code_value(slot) if isinstance(slot, str) else None
        if value is None:
            raise Refused(f"no {name} code was handed over")
        return value

    def attests(self, account: m.Address, now: Any) -> None:
        """Copies what the page of an account shows."""
        va = self.truth.va(account.name)
        found = tuple(
            m.Instance(
                one.serial,
                one.serial,
                one.uuid or None,
                one.pid,
                reserved=shown_lines(one.booking, pending=True),
            )
            for one in va.instances
            if one.booking is not None and not one.booking.failed
        )
        self.journal.attest(m.Attested(account, now, "anna", found, stock(va)))


def _reserve(person: Person, waiting: m.Waiting) -> str:
    params = waiting.params
    request = person.code(waiting, "request")
    try:
        return portal.reserve(
            person.truth.world,
            virtual_account=params["virtual_account"],
            request_code=request,
            quantities=totals(params["lines"]),
        )
    except ValueError as error:
        return _again(person, waiting, error)


def _again(person: Person, waiting: m.Waiting, error: ValueError) -> str:
    """Somebody has done just that before and brought nothing back: the page shows the code again."""
    serial, asked = waiting.params["serial"], totals(waiting.params["lines"])
    newest = next((booking.issued[-1] for _, _, booking in person.truth.bookings(serial)), None)
    given = {line.tag: line.quantity for line in newest.lines} if newest is not None else {}
    if str(error) not in (slr.EXISTS, slr.IN_TRANSIT) or given != {tag: n for tag, n in asked.items() if n}:
        raise error
    return portal.download(person.truth.world, serial=serial)


def _update(person: Person, waiting: m.Waiting) -> str:
    params = waiting.params
    try:
        return portal.update(person.truth.world, serial=params["serial"], quantities=totals(params["lines"]))
    except ValueError as error:
        return _again(person, waiting, error)


def _fetch(person: Person, waiting: m.Waiting) -> str:
    return portal.download(person.truth.world, serial=waiting.params["serial"])


def _rehost(person: Person, waiting: m.Waiting) -> str:
    request = person.code(waiting, "request")
    try:
        return portal.rehost(person.truth.world, failed=waiting.params["replaces"], request_code=request)
    except ValueError as error:
        return _again(person, waiting, error)


def _confirm(person: Person, waiting: m.Waiting) -> None:
    """The code that was handed over; where none was, the node has it in its log."""
    slot = waiting.params["confirmation"]
    value = person.journal.code_value(slot) if isinstance(slot, str) else None
    node = _node(person.truth, waiting)
    portal.confirm(
        person.truth.world,
        serial=waiting.params["serial"],
        code=value or node.holding.confirmation,
    )


def _remove(person: Person, waiting: m.Waiting) -> None:
    code = person.code(waiting, "return")
    portal.remove(person.truth.world, serial=waiting.params["serial"], return_code=code)


def _create_token(person: Person, waiting: m.Waiting) -> str:
    cloud = person.truth.world.cloud
    return managers.create_token(
        person.truth.world,
        cloud,
        cloud.accounts[0],
        person.truth.va(waiting.address.name),
        description="by hand",
        days=30,
        export=waiting.params["export_controlled"],
        max_uses=None,
        created_by="anna",
    ).value


_BY_HAND: dict[m.Kind, Callable[[Person, m.Waiting], str | None]] = {
    K.RESERVE: _reserve,
    K.UPDATE_RESERVATION: _update,
    K.FETCH_AUTHORIZATION: _fetch,
    K.REHOST: _rehost,
    K.CONFIRM_RESERVATION: _confirm,
    K.REMOVE_INSTANCE: _remove,
    K.CREATE_TOKEN: _create_token,
}


def _node(truth: Truth, waiting: m.Waiting) -> Node:
    serial = waiting.params["serial"]
    for node in truth.world.nodes.values():
        if node.serial == serial:
            return node
    raise Refused(f"{serial} is gone")


# Admins, behind everybody's back.


def _request(truth: Truth, node: Node) -> None:
    reservation.enable(node)
    reservation.request(truth.world, node)


def _cancel(truth: Truth, node: Node) -> None:
    reservation.cancel(node)


def _return(truth: Truth, node: Node) -> None:
    reservation.give_back(truth.world, node)


def _remove_returned(truth: Truth, node: Node) -> None:
    """At the portal, with the return code that the node printed."""
    portal.remove(truth.world, serial=node.serial, return_code=node.holding.returned)


def _change(truth: Truth, node: Node) -> None:
    """One licence more at the portal, never brought to the node."""
    (_, _, booking), *_ = truth.bookings(node.serial) or [(None, None, None)]
    if booking is None:
        raise ValueError("nothing is reserved")
    tag = next(iter(booking.lines))
    portal.update(truth.world, serial=node.serial, quantities={**booking.lines, tag: booking.lines[tag] + 1})


def _case(truth: Truth, node: Node) -> None:
    portal.by_case(truth.world, serial=node.serial)


def _take(truth: Truth, node: Node) -> None:
    snapshots.take(truth.world, node)


def _restore(truth: Truth, node: Node) -> None:
    snapshots.restore(truth.world, node)


def _off(truth: Truth, node: Node) -> None:
    node.powered = False


def _on(truth: Truth, node: Node) -> None:
    reservation.restart(truth.world, node)


ACTS: Mapping[str, Callable[[Truth, Node], None]] = {
    "request": _request,
    "cancel": _cancel,
    "return": _return,
    "remove": _remove_returned,
    "change": _change,
    "case": _case,
    "take a snapshot": _take,
    "restore the snapshot": _restore,
    "switch off": _off,
    "switch on": _on,
}


def meddles(act: str, truth: Truth, node: Node) -> bool:
    """Whether the act could be done, for it may make no sense just now."""
    try:
        ACTS[act](truth, node)
    except (ValueError, NotNow, Declined):
        return False
    return True
