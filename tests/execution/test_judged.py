"""What a reading tells of an effect whose answer was lost: exactly this state and this sentence."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler import model as m
from reconciler.execution import lost
from reconciler.planning import Settling
from tests.journal.bench import E1, EMEA, NOW
from tests.journal.reserved import DESK, RMS, SERIAL, UDI, step

from .stand import Status, instance

K = m.Kind
NAME = "Expressway Rich Media Session"
Line = m.ReservedLine
N, A = "cluster/ams-edge/node/e1", "account/emea"


def node(shown: m.Maybe[Status], **licence: Any) -> m.NodeObserved:
    return m.NodeObserved(E1, NOW, licence=m.Licence(registration=shown, **licence))


def account(*instances: m.Instance) -> m.AccountObserved:
    return m.AccountObserved(EMEA, NOW, instances=instances)


UNREAD = m.NodeObserved(E1, NOW)
HIDDEN = Settling("unknown", f"{N} does not show its registration")
LOST_CODE = Settling("failed", "requested, the code is lost")


@pytest.mark.parametrize(
    ("kind", "shown", "settling"),
    [
        (K.REQUEST_RESERVATION, Status.RESERVATION_PENDING, LOST_CODE),
        (K.REQUEST_RESERVATION, Status.UNREGISTERED, Settling("pending", f"{N} says unregistered")),
        (K.REQUEST_RESERVATION, Status.EXPIRED, Settling("pending", f"{N} says registration expired")),
        (K.REQUEST_RESERVATION, Status.FAILED, Settling("pending", f"{N} says registration failed")),
        (K.REQUEST_RESERVATION, Status.REGISTERED, Settling("unknown", f"{N} says registered")),
        (K.REQUEST_RESERVATION, m.UNKNOWN, HIDDEN),
        (
            K.INSTALL_AUTHORIZATION,
            Status.RESERVED_SPECIFIC,
            Settling("settled", f"{N} says registered - specific license reservation"),
        ),
        (
            K.INSTALL_AUTHORIZATION,
            Status.RESERVATION_PENDING,
            Settling("pending", f"{N} says reservation in progress"),
        ),
        (K.INSTALL_AUTHORIZATION, Status.UNREGISTERED, Settling("unknown", f"{N} says unregistered")),
        (K.CANCEL_RESERVATION, Status.FAILED, Settling("settled", f"{N} says registration failed")),
        (
            K.CANCEL_RESERVATION,
            Status.RESERVATION_PENDING,
            Settling("pending", f"{N} says reservation in progress"),
        ),
        (K.CANCEL_RESERVATION, m.UNKNOWN, HIDDEN),
    ],
)
def test_the_word_of_the_node_before_and_after_each_step(
    kind: m.Kind, shown: m.Maybe[Status], settling: Settling
) -> None:
    assert lost.judge(step(kind), [account(), node(shown)]) == settling


def test_the_word_is_told_as_the_node_prints_it() -> None:
    reading = node(Status.UNREGISTERED, registration_text="UNREGISTERED - RETRY")
    assert lost.judge(step(K.REQUEST_RESERVATION), [reading]).text == f"{N} says UNREGISTERED - RETRY"


@pytest.mark.parametrize(
    ("action", "settling"),
    [
        (step(K.RETURN_RESERVATION), Settling("unknown", "only its code would tell")),
        (step(K.RETURN_AUTHORIZATION), Settling("unknown", "only its code would tell")),
        (step(K.INSTALL_AUTHORIZATION, confirms=True), Settling("unknown", "only its code would tell")),
        (step(K.REQUEST_RESERVATION), HIDDEN),
        (step(K.RESERVE), Settling("unknown", "the account was not read")),
        (step(K.UPDATE_RESERVATION), Settling("unknown", "the account was not read")),
        (step(K.CONFIRM_RESERVATION), Settling("unknown", "the account was not read")),
        (
            step(K.ENABLE_RESERVATION),
            Settling("unknown", f"{N} does not show whether reservations are on"),
        ),
    ],
)
def test_a_node_that_shows_nothing_tells_nothing(action: m.Action, settling: Settling) -> None:
    assert lost.judge(action, [UNREAD]) == settling


def test_a_step_at_the_node_is_not_told_by_its_account() -> None:
    not_read = Settling("unknown", "the node was not read")
    assert lost.judge(step(K.CANCEL_RESERVATION), [account()]) == not_read
    switch = Settling("unknown", f"{N} does not show whether reservations are on")
    assert lost.judge(step(K.DISABLE_RESERVATION), [account()]) == switch


def test_a_reading_that_could_not_see_the_account_does_not_tell_of_it() -> None:
    blind = m.AccountObserved(EMEA, NOW)
    hidden = Settling("unknown", f"{A} does not show its product instances")
    assert lost.judge(step(K.RESERVE), [blind]) == hidden
    assert lost.judge(step(K.UPDATE_RESERVATION), [blind]) == hidden


RESERVED = Settling("failed", "reserved at CSSM, the code is lost: fetch it at the portal")
ABSENT = Settling("pending", f"{A} does not list {SERIAL}")
EMPTY = Settling("unknown", f"{A} lists {SERIAL}, and nothing reserved for it")


@pytest.mark.parametrize(
    ("listed", "settling"),
    [
        ((), ABSENT),
        ((instance(Line(NAME, 10)),), RESERVED),
        ((instance(Line(NAME, 10), serial=SERIAL.lower()),), RESERVED),
        ((instance(reserved=False),), RESERVED),
        ((instance(),), EMPTY),
        ((instance(), instance(Line(NAME, 10))), RESERVED),
        ((instance(), instance(reserved=False)), RESERVED),
        ((instance(Line(NAME, 10), serial="0E4D9999"),), ABSENT),
        ((instance(Line(NAME, 10), serial="0E4D9999"), instance(Line(NAME, 10))), RESERVED),
        ((instance(Line(NAME, 10), serial=None, uuid="0d7c1b5e"),), RESERVED),
        ((instance(Line(NAME, 10), serial=None, uuid="0D7C-1B5E"),), RESERVED),
        ((instance(Line(NAME, 10), serial=None, uuid="ffffffff"),), ABSENT),
        ((instance(Line(NAME, 10), serial=None),), ABSENT),
    ],
)
def test_a_reserve_is_looked_for_by_serial_and_by_uuid(
    listed: tuple[m.Instance, ...], settling: Settling
) -> None:
    assert lost.judge(step(K.RESERVE), [UNREAD, account(*listed)]) == settling


def test_a_serial_that_no_parameter_says_is_the_subject_of_the_step() -> None:
    mine = account(instance(Line(NAME, 10)))
    assert lost.judge(step(K.RESERVE, serial=None, udi=None), [mine]) == RESERVED
    assert lost.judge(step(K.RESERVE, serial="0E4D9999", udi=None), [mine]) == ABSENT


def test_an_instance_without_any_number_is_nobodys() -> None:
    unnamed = account(instance(Line(NAME, 10), serial=None))
    assert lost.judge(step(K.RESERVE, udi=None), [unnamed]) == ABSENT
    assert lost.judge(step(K.RESERVE, udi="PID:EXPY"), [unnamed]) == ABSENT


def test_the_udi_of_a_node_with_dashes_is_the_one_without() -> None:
    dashed = UDI.replace("0d7c1b5e", "0d7c-1b5e")
    listed = account(instance(Line(NAME, 10), serial=None, uuid="0d7c1b5e"))
    assert lost.judge(step(K.RESERVE, udi=dashed), [listed]) == RESERVED


def wanted(quantity: int, before: int | None, tag: str = RMS, name: str = NAME) -> dict[str, Any]:
    line = {"entitlement": "x", "name": name, "tag": tag, "quantity": quantity}
    return line if before is None else {**line, "before": before}


NEW = Settling("failed", "updated at CSSM, the code is lost: fetch it at the portal")
OLD = Settling("pending", f"{A} shows the old totals of {SERIAL}")
UNCLEAR = Settling("unknown", f"{A} does not show what is in transit for {SERIAL}")
DESKTOP = "Expressway Desktop Registration"


@pytest.mark.parametrize(
    ("lines", "shown", "settling"),
    [
        ([wanted(15, 10)], [Line(NAME, 10, RMS, pending=15)], NEW),
        ([wanted(15, 10)], [Line(NAME, 15, RMS, pending=None)], NEW),
        ([wanted(15, 10)], [Line(NAME, 15, RMS)], NEW),
        ([wanted(15, 10)], [Line(NAME, 10, RMS, pending=None)], OLD),
        ([wanted(15, 10)], [Line(NAME, 10, RMS)], UNCLEAR),
        ([wanted(15, 10)], [Line(NAME, 10, RMS, pending=12)], UNCLEAR),
        ([wanted(15, 10)], [Line(NAME, 11, RMS, pending=None)], UNCLEAR),
        ([wanted(15, 10)], [], UNCLEAR),
        # a line that does not change is no proof, whatever it shows
        ([wanted(10, 10)], [Line(NAME, 10, RMS, pending=None)], UNCLEAR),
        ([wanted(10, 10), wanted(5, 3, DESK, DESKTOP)], [Line(DESKTOP, 3, DESK, pending=None)], OLD),
        # one new total proves it; one old total next to something unclear proves nothing
        (
            [wanted(15, 10), wanted(5, 3, DESK, DESKTOP)],
            [Line(NAME, 10, RMS, pending=None), Line(DESKTOP, 3, DESK, pending=5)],
            NEW,
        ),
        ([wanted(15, 10), wanted(5, 3, DESK, DESKTOP)], [Line(NAME, 10, RMS, pending=None)], UNCLEAR),
        (
            [wanted(15, 10), wanted(5, 3, DESK, DESKTOP)],
            [Line(NAME, 10, RMS, pending=None), Line(DESKTOP, 3, DESK, pending=None)],
            OLD,
        ),
        # a licence that the reservation did not have before
        ([wanted(5, None, DESK, DESKTOP)], [Line(NAME, 10, RMS, pending=None)], UNCLEAR),
        ([wanted(5, None, DESK, DESKTOP)], [Line(DESKTOP, 5, DESK)], NEW),
        # names and tags tell licences apart
        ([wanted(15, 10)], [Line(NAME, 10, "regid.another", pending=15)], UNCLEAR),
        ([wanted(15, 10)], [Line(NAME, 10, None, pending=15)], NEW),
    ],
)
def test_the_totals_that_the_account_shows_decide_about_an_update(
    lines: list[dict[str, Any]], shown: list[m.ReservedLine], settling: Settling
) -> None:
    assert lost.judge(step(K.UPDATE_RESERVATION, lines=lines), [account(instance(*shown))]) == settling


def test_an_update_is_looked_for_at_every_instance_of_the_serial() -> None:
    both = account(instance(reserved=False), instance(Line(NAME, 10, RMS, pending=15)))
    assert lost.judge(step(K.UPDATE_RESERVATION, lines=[wanted(15, 10)]), [both]) == NEW


@pytest.mark.parametrize(
    ("reading", "shows"),
    [
        (UNREAD, False),
        (account(), False),
        (node(m.UNKNOWN, reservation_enabled=False), True),
        (m.NodeObserved(E1, NOW, smart=m.SmartConfig(reservation_enable=False)), True),
        (m.NodeObserved(E1, NOW, smart=m.SmartConfig()), False),
        (node(Status.UNREGISTERED), False),
    ],
)
def test_a_switch_that_is_printed_anywhere_is_shown(
    reading: m.NodeObserved | m.AccountObserved, shows: bool
) -> None:
    assert lost.shows_switch(reading) is shows
    told = lost.judge(step(K.DISABLE_RESERVATION), [reading]).state
    assert told == ("settled" if shows else "unknown")
