"""What a step that happened means for a node's reservation: steps in, values out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler import model as m
from reconciler.journal.reservations import KINDS, Reservations, Step, used_up

from .bench import E1, EMEA, NOW
from .reserved import REQUEST_SLOT, RMS, SERIAL, UDI

K, S = m.Kind, m.ReservedState
LATER = NOW + timedelta(hours=1)
OTHER = "0AB0AB0A"


def step(kind: m.Kind, **params: Any) -> Step:
    return Step(kind, EMEA if kind.value.startswith("account.") else E1, SERIAL, params)


def line(quantity: int) -> m.AuthorizedLine:
    return m.AuthorizedLine(RMS, quantity, "Rooms")


def says(quantity: int, udi: str = UDI) -> m.Authorization:
    return m.Authorization(udi, (line(quantity),))


def after(*steps: tuple[Step, m.Authorization | None]) -> Reservations:
    """Each an hour after the one before, the first at `NOW`."""
    made = Reservations()
    for number, (done, code) in enumerate(steps):
        made.happened(done, NOW + number * timedelta(hours=1), code, EMEA if code else None)
    return made


ISSUED = (step(K.RESERVE), says(10))
INSTALLED = (step(K.INSTALL_AUTHORIZATION), says(10))
UPDATED = (step(K.UPDATE_RESERVATION), says(15))
UPDATE_INSTALLED = (step(K.INSTALL_AUTHORIZATION, confirms=True), says(15))
CONFIRMED = (step(K.CONFIRM_RESERVATION), None)
FETCHED = (step(K.FETCH_AUTHORIZATION), says(12))


@pytest.mark.parametrize(
    ("steps", "state", "now", "before"),
    [
        ([ISSUED], S.ISSUED, 10, 0),
        ([ISSUED, INSTALLED], S.INSTALLED, 10, 0),
        ([ISSUED, FETCHED], S.ISSUED, 12, 0),
        ([ISSUED, INSTALLED, UPDATED], S.UPDATE_ISSUED, 15, 10),
        ([ISSUED, INSTALLED, FETCHED], S.UPDATE_ISSUED, 12, 10),
        ([ISSUED, INSTALLED, ISSUED], S.ISSUED, 10, 0),
        ([ISSUED, INSTALLED, UPDATED, FETCHED], S.UPDATE_ISSUED, 12, 10),
        ([ISSUED, INSTALLED, UPDATED, UPDATE_INSTALLED], S.UPDATE_INSTALLED, 15, 10),
        ([ISSUED, INSTALLED, UPDATED, UPDATE_INSTALLED, FETCHED], S.ISSUED, 12, 0),
        ([ISSUED, INSTALLED, UPDATED, UPDATE_INSTALLED, CONFIRMED], S.INSTALLED, 15, 0),
        ([ISSUED, INSTALLED, (step(K.RETURN_RESERVATION), None)], S.RETURNED, 10, 0),
        ([ISSUED, (step(K.RETURN_AUTHORIZATION), None)], S.RETURNED, 10, 0),
        ([ISSUED, (step(K.REMOVE_INSTANCE), None)], S.FREED, 10, 0),
        ([ISSUED, (step(K.REHOST), says(7))], S.ISSUED, 7, 0),
        ([ISSUED, (step(K.CANCEL_RESERVATION), None)], S.ISSUED, 10, 0),
    ],
)
def test_each_step_brings_a_reservation_further(
    steps: list[tuple[Step, m.Authorization | None]], state: m.ReservedState, now: int, before: int
) -> None:
    found = after(*steps).reserved[SERIAL]
    assert (found.state, found.lines, found.before) == (
        state,
        (line(now),),
        (line(before),) if before else (),
    )
    changes = [at for at, (each, _) in enumerate(steps) if each.kind is not K.CANCEL_RESERVATION]
    assert (found.at, found.account, found.udi) == (NOW + changes[-1] * timedelta(hours=1), EMEA, UDI)


@pytest.mark.parametrize(
    ("kind", "state", "account"),
    [
        (K.RESERVE, S.ISSUED, EMEA),
        (K.REHOST, S.ISSUED, EMEA),
        (K.FETCH_AUTHORIZATION, S.ISSUED, EMEA),
        (K.UPDATE_RESERVATION, S.UPDATE_ISSUED, EMEA),
        (K.INSTALL_AUTHORIZATION, S.INSTALLED, m.WORKSPACE),
        (K.CONFIRM_RESERVATION, S.INSTALLED, EMEA),
        (K.RETURN_RESERVATION, S.RETURNED, m.WORKSPACE),
        (K.RETURN_AUTHORIZATION, S.RETURNED, m.WORKSPACE),
        (K.REMOVE_INSTANCE, S.FREED, EMEA),
    ],
)
def test_a_step_alone_tells_a_state_and_where_known_the_account(
    kind: m.Kind, state: m.ReservedState, account: m.Address
) -> None:
    assert after((step(kind), None)).reserved == {SERIAL: m.Reserved(SERIAL, account, state, NOW)}


def test_an_install_of_a_code_that_is_held_knows_where_it_is_from() -> None:
    found = after((step(K.INSTALL_AUTHORIZATION), says(10))).reserved[SERIAL]
    assert found == m.Reserved(SERIAL, EMEA, S.INSTALLED, NOW, (line(10),), (), UDI)


def test_the_identity_stays_where_the_next_code_is_lost_and_follows_the_next_one() -> None:
    assert after(ISSUED, (step(K.REHOST), None)).reserved[SERIAL].udi == UDI
    assert after(ISSUED, (step(K.REHOST), says(10, "P:EXPY,S:x"))).reserved[SERIAL].udi == "P:EXPY,S:x"
    assert after(ISSUED, (step(K.INSTALL_AUTHORIZATION), says(9, "P:y"))).reserved[SERIAL].udi == "P:y"


@pytest.mark.parametrize(
    ("kind", "replaces", "freed"),
    [(K.REHOST, OTHER, True), (K.REHOST, None, False), (K.RESERVE, OTHER, False)],
)
def test_a_rehost_frees_what_it_replaces(kind: m.Kind, replaces: str | None, freed: bool) -> None:
    found = after((step(kind, replaces=replaces), says(10))).reserved
    assert (found.get(OTHER) == m.Reserved(OTHER, EMEA, S.FREED, NOW)) is freed
    assert set(found) == ({SERIAL, OTHER} if freed else {SERIAL})


ASKED = [
    {"tag": RMS, "name": "Rooms", "quantity": 15, "before": 10},
    {"tag": None, "name": None, "quantity": 3, "before": 2},
    {"quantity": None},
    "unreadable",
]


@pytest.mark.parametrize(
    ("asked", "now", "before"),
    [
        (ASKED, (line(15), m.AuthorizedLine("", 3)), (line(10), m.AuthorizedLine("", 2))),
        ([], (), ()),
        (None, (), ()),
        ("unreadable", (), ()),
        (7, (), ()),
    ],
)
def test_an_update_whose_code_is_lost_tells_what_it_asked_for(asked: Any, now: Any, before: Any) -> None:
    found = after((step(K.UPDATE_RESERVATION, lines=asked), None)).reserved[SERIAL]
    assert (found.lines, found.before) == (now, before)


def test_what_is_known_of_the_old_totals_counts_more_than_what_an_update_says() -> None:
    update = step(K.UPDATE_RESERVATION, lines=ASKED)
    assert after(ISSUED, INSTALLED, (update, says(15))).reserved[SERIAL].before == (line(10),)
    assert after((update, says(15))).reserved[SERIAL].lines == (line(15),)


def requested() -> Reservations:
    made = Reservations()
    made.sent(step(K.REQUEST_RESERVATION), NOW)
    made.resolved(m.Resolution(SERIAL, "adopt", NOW, "ann", ""))
    return made


@pytest.mark.parametrize(
    ("kind", "ends_request", "ends_word"),
    [
        (K.REQUEST_RESERVATION, False, False),
        (K.RESERVE, False, False),
        (K.UPDATE_RESERVATION, False, False),
        (K.ENABLE_RESERVATION, False, False),
        (K.DISABLE_RESERVATION, False, False),
        (K.RETURN_RESERVATION, False, False),
        (K.CANCEL_RESERVATION, True, True),
        (K.INSTALL_AUTHORIZATION, True, True),
        (K.REMOVE_INSTANCE, True, True),
        (K.CONFIRM_RESERVATION, False, True),
    ],
)
def test_a_settled_state_ends_the_request_and_a_persons_word(
    kind: m.Kind, ends_request: bool, ends_word: bool
) -> None:
    made = requested()
    made.happened(step(kind), LATER)
    assert made.requested == ({} if ends_request else {SERIAL: m.Requested(SERIAL, NOW)})
    assert (made.resolutions == {}) is ends_word
    assert kind in KINDS


@pytest.mark.parametrize(("how", "kept"), [("adopt", True), ("absent", False), ("abandon", False)])
def test_only_adopting_leaves_a_request_ours(how: Any, kept: bool) -> None:
    made = requested()
    word = m.Resolution(SERIAL, how, LATER, "ann", "")
    made.resolved(word)
    assert (SERIAL in made.requested, made.resolutions) == (kept, {SERIAL: word})


def test_a_request_is_one_from_when_it_was_sent_and_none_where_it_never_ran() -> None:
    made = Reservations()
    made.sent(step(K.RESERVE), NOW)
    assert made.requested == {}
    made.happened(step(K.REQUEST_RESERVATION), NOW)
    made.never_ran(step(K.RESERVE))
    assert made.requested == {SERIAL: m.Requested(SERIAL, NOW)}
    made.sent(step(K.REQUEST_RESERVATION), LATER)
    assert made.requested == {SERIAL: m.Requested(SERIAL, LATER)}
    made.never_ran(step(K.REQUEST_RESERVATION))
    assert made.requested == {}


@pytest.mark.parametrize(
    ("kind", "slots"),
    [
        (K.RESERVE, "request"),
        (K.REHOST, "request"),
        (K.FETCH_AUTHORIZATION, "request"),
        (K.CANCEL_RESERVATION, "request"),
        (K.INSTALL_AUTHORIZATION, "authorization"),
        (K.RETURN_AUTHORIZATION, "authorization"),
        (K.CONFIRM_RESERVATION, "confirmation"),
        (K.REMOVE_INSTANCE, "return authorization confirmation"),
        (K.REGISTER, ""),
    ],
)
def test_a_step_uses_up_what_it_was_given(kind: m.Kind, slots: str) -> None:
    assert used_up(step(kind)) == tuple(f"{slot}/{SERIAL}" for slot in slots.split())


def test_a_step_that_names_a_slot_uses_that_one() -> None:
    assert used_up(step(K.RESERVE, request="answer/h")) == ("answer/h",)
    assert used_up(step(K.RESERVE, request=None)) == (REQUEST_SLOT,)
