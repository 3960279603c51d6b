"""What CSSM says of one node: read, attested, or from the journal's own record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler import model as m
from reconciler.rules import CssmSide, Index, Sides
from tests.planning.fleet import NOW, account, desired, evaluating, licence, observed, seen
from tests.planning.reserved import DESK12, FRESH, READY, RMS, TAGS, core, instance, known, line, said, serial

ONE = core()
NODE = ONE.nodes[0]
S1 = serial(ONE)
EMEA, APAC = account(), account("apac")
R = m.ReservedState
JUST_NOW, LONG_AGO = NOW - timedelta(minutes=1), NOW - timedelta(hours=1)
UNMARKED = m.Instance("x", serial=S1, pid="EXPY")


def sides(
    *instances: m.Instance,
    held: m.HeldState | None = None,
    block: m.Licence = READY,
    readable: bool = True,
    apac: Iterable[m.Instance] = (),
) -> Sides:
    read = [m.AccountObserved(APAC.address, NOW, instances=tuple(apac))]
    if readable:
        read.append(m.AccountObserved(EMEA.address, NOW, instances=instances))
    world = seen(observed(ONE, licence=block), accounts=read)
    return Sides(Index(desired(ONE, accounts=(EMEA, APAC)), world, held or m.HeldState()))


def side(*instances: m.Instance, **fields: Any) -> CssmSide | None:
    found = sides(*instances, **fields).of(NODE, S1)
    assert len(found) < 2
    return found[0] if found else None


def line_of(name: str, quantity: int, tag: str | None = None) -> m.AuthorizedLine:
    return m.AuthorizedLine(TAGS[name] if tag is None else tag, quantity, name)


def knows(state: m.ReservedState, *, at: Any = LONG_AGO, **fields: Any) -> m.HeldState:
    given = {"lines": said(S1, rms=8, desk12=2).lines, "udi": f"P:EXPY,S:{S1}", **fields}
    return m.HeldState(reserved=(known(S1.lower(), state, at=at, **given),))


READ = CssmSide(EMEA, m.Source.READ, NOW, udi=f"P:EXPY,S:{S1}", product_tag="regid.expy")
PLAIN = replace(READ, product_tag=None)
EIGHT = (line_of(RMS, 8), line_of(DESK12, 2))


@pytest.mark.parametrize(
    ("lines", "held", "totals", "pending"),
    [
        ([line(RMS, 5)], None, (line_of(RMS, 5),), False),
        ([line(DESK12, 1), line(RMS, 5)], None, (line_of(RMS, 5), line_of(DESK12, 1)), False),
        ([line(RMS, 5), line(DESK12, 0)], None, (line_of(RMS, 5),), False),
        ([line(RMS, 5), line(DESK12, 1, pending=0)], None, (line_of(RMS, 5),), True),
        ([line(RMS, 5, pending=7)], None, (line_of(RMS, 7),), True),
        ([m.ReservedLine(RMS, 5, None, None)], None, (line_of(RMS, 5, ""),), False),
        ([line(RMS, 5, pending=m.UNKNOWN)], None, (line_of(RMS, 5),), False),
        ([line(RMS, 5, pending=m.UNKNOWN)], knows(R.INSTALLED), (line_of(RMS, 5),), False),
        ([line(RMS, 5, pending=m.UNKNOWN)], knows(R.UPDATE_ISSUED), EIGHT, True),
        ([line(RMS, 5, pending=m.UNKNOWN)], knows(R.UPDATE_INSTALLED), EIGHT, True),
        ([line(RMS, 5, pending=m.UNKNOWN)], knows(R.UPDATE_ISSUED, lines=()), (line_of(RMS, 5),), True),
        (
            [line(RMS, 5, pending=m.UNKNOWN)],
            knows(R.UPDATE_ISSUED, account=APAC.address),
            (line_of(RMS, 5),),
            False,
        ),
        ([line(RMS, 5, pending=m.UNKNOWN)], knows(R.UPDATE_ISSUED, account=m.WORKSPACE), EIGHT, True),
        ([line(RMS, 5)], knows(R.UPDATE_ISSUED), (line_of(RMS, 5),), False),
        (
            [line(RMS, 5, pending=m.UNKNOWN), line(DESK12, 1, pending=3)],
            knows(R.UPDATE_ISSUED),
            (line_of(RMS, 5), line_of(DESK12, 3)),
            True,
        ),
    ],
)
def test_what_was_read_counts_and_the_journal_knows_what_is_in_transit_where_cssm_does_not_say(
    lines: list[m.ReservedLine], held: m.HeldState | None, totals: tuple[m.AuthorizedLine, ...], pending: bool
) -> None:
    assert side(instance(S1, *lines), held=held) == replace(READ, lines=totals, pending=pending)


def test_an_instance_that_says_that_nothing_is_reserved_is_no_reservation() -> None:
    assert side(m.Instance("x", serial=S1, reserved=())) is None
    assert side(m.Instance("x", serial=S1, reserved=()), held=knows(R.INSTALLED)) is None


@pytest.mark.parametrize(
    ("block", "usage", "held", "found"),
    [
        (licence(), (), None, None),
        (licence(), (), knows(R.INSTALLED), None),
        (FRESH, (), None, replace(PLAIN, marked=False)),
        (FRESH, (), knows(R.ISSUED), replace(PLAIN, lines=said(S1, rms=8, desk12=2).lines)),
        (FRESH, (), knows(R.FREED), replace(PLAIN, marked=False)),
        (FRESH, (), knows(R.FREED, at=JUST_NOW), replace(PLAIN, lines=said(S1, rms=8, desk12=2).lines)),
        (FRESH, (), knows(R.INSTALLED, lines=()), PLAIN),
        (
            READY,
            (),
            knows(R.UPDATE_ISSUED),
            replace(PLAIN, lines=said(S1, rms=8, desk12=2).lines, pending=True),
        ),
        (READY, (), None, PLAIN),
        (READY, (line(RMS, 5),), None, replace(PLAIN, lines=(line_of(RMS, 5),))),
        (READY, (line(RMS, 5),), knows(R.FREED), replace(PLAIN, lines=(line_of(RMS, 5),))),
    ],
)
def test_where_an_instance_does_not_tell_whether_it_is_reserved_the_node_and_the_journal_do(
    block: m.Licence, usage: Any, held: m.HeldState | None, found: CssmSide | None
) -> None:
    assert side(replace(UNMARKED, usage=usage), block=block, held=held) == found


@pytest.mark.parametrize(
    ("shown", "udi"),
    [
        (m.Instance("x", serial=S1.lower()), m.UNKNOWN),
        (m.Instance("x", serial="0A0A"), "P:EXPY,S:0a0a"),
        (m.Instance("x", serial="0a0a"), "PID:EXPY,SN:0A0A"),
        (m.Instance("x", uuid="u-1"), "P:EXPY,S:0B0B,U:U-1"),
    ],
)
def test_an_instance_is_found_by_serial_and_by_everything_in_the_identity_of_the_node(
    shown: m.Instance, udi: Any
) -> None:
    shown = replace(shown, reserved=(line(RMS, 5),))
    found = side(shown, block=replace(READY, udi=udi))
    assert found is not None
    assert found.lines == (line_of(RMS, 5),)


def test_the_product_of_an_identity_is_no_name_of_a_machine() -> None:
    other = m.Instance("x", serial="EXPY", reserved=(line(RMS, 5),))
    assert side(other, block=replace(READY, udi=f"P:EXPY,S:{S1}")) is None


def test_one_instance_that_is_found_in_two_ways_is_one_reservation() -> None:
    twice = replace(instance(S1, line(RMS, 5)), uuid="U-1")
    found = side(twice, block=replace(READY, udi=f"P:EXPY,S:{S1},U:U-1"))
    assert found is not None
    assert found.udi == f"P:EXPY,S:{S1},U:U-1"


def test_reservations_in_two_accounts_are_both_told() -> None:
    both = sides(instance(S1, line(RMS, 5)), apac=[instance(S1, line(RMS, 3))]).of(NODE, S1)
    assert [(found.account.name, found.lines) for found in both] == [
        ("emea", (line_of(RMS, 5),)),
        ("apac", (line_of(RMS, 3),)),
    ]


def attested(*instances: m.Instance, at: Any = LONG_AGO, account: Any = EMEA.address) -> m.HeldState:
    return m.HeldState(attested=(m.Attested(account, at, "A. Person", instances),))


TOLD = CssmSide(
    EMEA,
    m.Source.ATTESTED,
    LONG_AGO,
    lines=(line_of(RMS, 5),),
    udi=f"P:EXPY,S:{S1}",
    product_tag="regid.expy",
)
KEPT = CssmSide(EMEA, m.Source.JOURNAL, LONG_AGO, lines=said(S1, rms=8, desk12=2).lines, udi=f"P:EXPY,S:{S1}")
HERE = instance(S1, line(RMS, 5))


@pytest.mark.parametrize(
    ("held", "found"),
    [
        (None, None),
        (attested(), None),
        (attested(HERE), TOLD),
        (attested(instance(S1.lower(), line(RMS, 5))), replace(TOLD, udi=f"P:EXPY,S:{S1.lower()}")),
        (attested(instance("0DEAD001", line(RMS, 5))), None),
        (attested(m.Instance("x"), HERE), TOLD),
        (attested(m.Instance("x", serial=S1, reserved=())), None),
        (attested(instance(S1, line(RMS, 3, pending=5))), replace(TOLD, pending=True)),
        (attested(instance(S1, line(RMS, 5, pending=m.UNKNOWN))), TOLD),
        (attested(HERE, account=APAC.address), None),
        (knows(R.INSTALLED), KEPT),
        (knows(R.UPDATE_ISSUED), replace(KEPT, pending=True)),
        (knows(R.INSTALLED, lines=()), replace(KEPT, lines=m.UNKNOWN)),
        (knows(R.FREED), None),
        (knows(R.INSTALLED, account=APAC.address), None),
        (replace(attested(HERE), reserved=knows(R.INSTALLED).reserved), KEPT),
        (
            replace(attested(HERE, at=JUST_NOW), reserved=knows(R.INSTALLED).reserved),
            replace(TOLD, at=JUST_NOW),
        ),
        (
            replace(attested(HERE), reserved=knows(R.INSTALLED, account=APAC.address, at=NOW).reserved),
            TOLD,
        ),
        (
            m.HeldState(attested=attested(HERE, at=JUST_NOW).attested + attested().attested),
            replace(TOLD, at=JUST_NOW),
        ),
    ],
)
def test_where_an_account_cannot_be_read_the_newer_of_attestation_and_journal_speaks_for_it(
    held: m.HeldState | None, found: CssmSide | None
) -> None:
    assert side(held=held, readable=False) == found


def test_a_serial_that_is_written_in_small_letters_is_attested_too() -> None:
    assert sides(held=attested(HERE), readable=False).of(NODE, S1.lower()) == (TOLD,)


def test_an_account_that_was_read_needs_nobody_to_speak_for_it() -> None:
    held = replace(attested(HERE, at=NOW), reserved=knows(R.INSTALLED).reserved)
    assert side(held=held) is None


@pytest.mark.parametrize(
    ("minutes", "state", "late"),
    [(29, R.INSTALLED, True), (30, R.INSTALLED, False), (29, R.FREED, True)],
)
def test_cssm_may_be_half_an_hour_late_with_what_it_shows(
    minutes: int, state: m.ReservedState, late: bool
) -> None:
    of = sides(HERE, held=knows(state, at=NOW - timedelta(minutes=minutes)))
    assert of.late(of.of(NODE, S1)[0], S1.lower()) is late


def test_what_a_person_or_the_journal_said_is_never_late() -> None:
    of = sides(held=knows(R.INSTALLED, at=JUST_NOW), readable=False)
    assert not of.late(of.of(NODE, S1)[0], S1)
    assert not sides(HERE).late(sides(HERE).of(NODE, S1)[0], S1)


@pytest.mark.parametrize(
    ("readable", "held", "told"),
    [
        (True, None, True),
        (False, None, False),
        (False, attested(), True),
        (False, attested(account=APAC.address), False),
        (False, knows(R.FREED), True),
        (False, knows(R.INSTALLED, account=APAC.address), False),
    ],
)
def test_something_is_told_of_an_account_by_reading_attesting_or_the_journal(
    readable: bool, held: m.HeldState | None, told: bool
) -> None:
    assert sides(held=held, readable=readable).told(EMEA, S1.lower()) is told


def test_a_node_whose_licence_block_was_not_read_is_found_by_its_serial() -> None:
    found = side(HERE, block=m.UNKNOWN)
    assert found == replace(READ, lines=(line_of(RMS, 5),))
    assert side(UNMARKED, block=m.UNKNOWN) == replace(PLAIN, marked=False)
    assert side(UNMARKED, block=evaluating()) == replace(PLAIN, marked=False)
