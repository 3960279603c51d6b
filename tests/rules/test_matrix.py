"""Where a reservation stands: what a node, CSSM and the journal say, and the row that follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler import model as m
from reconciler.rules import Index, Matrix, Row, Situation
from tests.planning.fleet import NOW, Status, account, cluster, desired, evaluating, licence, observed, seen
from tests.planning.reserved import (
    ASKED,
    DESK12,
    FRESH,
    READY,
    RMS,
    code,
    core,
    instance,
    known,
    line,
    said,
    serial,
    stock,
)

ONE = core()
NODE = ONE.nodes[0]
S1 = serial(ONE)
R, Kind = m.ReservedState, m.CodeKind
HOMES = (account(), account("apac"))
UNMARKED = m.Instance("x", serial=S1, pid="EXPY")
HAS_FIVE = instance(S1, line(RMS, 5))
MOVING = instance(S1, line(RMS, 5, pending=8))
LATE, OLD = NOW - timedelta(minutes=29, seconds=59), NOW - timedelta(minutes=30)


def stands(
    block: m.Maybe[m.Licence],
    here: Iterable[m.Instance] | None = (),
    held: m.HeldState | None = None,
    there: Iterable[m.Instance] = (),
    **fields: Any,
) -> Situation:
    """``here``: the instances of its own account, None where it was not read; ``there``: of another."""
    mine = m.AccountObserved(HOMES[0].address, NOW) if here is None else stock(rms=9, instances=here)
    world = seen(observed(ONE, licence=block, **fields), accounts=[mine, stock("apac", there, rms=9)])
    index = Index(desired(ONE, accounts=HOMES), world, held or m.HeldState())
    return Matrix(index).of(ONE, NODE)


def holds(*kinds: m.CodeKind, **fields: Any) -> m.HeldState:
    return m.HeldState(codes=tuple(code(kind, S1.lower()) for kind in kinds), **fields)


def knows(state: m.ReservedState, *kinds: m.CodeKind, rms: int = 5, **fields: Any) -> m.HeldState:
    fact = known(S1.lower(), state, **{"lines": said(S1, rms=rms).lines, "at": OLD, **fields})
    return holds(*kinds, reserved=(fact,))


def word(*words: tuple[str, int], **fields: Any) -> m.HeldState:
    """What a person said, and how many minutes ago."""
    resolutions = tuple(
        m.Resolution(S1.lower(), how, NOW - timedelta(minutes=ago), "A. Person", "we looked")
        for how, ago in words
    )
    return m.HeldState(resolutions=resolutions, **fields)


ASKS = m.HeldState(requested=(m.Requested(S1.lower(), NOW),))
FACT = knows(R.INSTALLED).reserved


@pytest.mark.parametrize(
    ("block", "instances", "held", "row"),
    [
        (m.UNKNOWN, (), None, Row.ONE_SIDE),
        (licence(registration=m.UNKNOWN), (), None, Row.ONE_SIDE),
        (m.Licence(enabled=False, proxy=None), (), None, Row.NOTHING),
        (replace(READY, enabled=False), (HAS_FIVE,), None, Row.CONVERGED),
        # Registered by token, or about to be.
        (licence(), (), None, Row.TOKEN),
        (licence(), (UNMARKED,), None, Row.TOKEN),
        (licence(), (HAS_FIVE,), None, Row.TWO_MODES),
        (evaluating(registration=Status.PENDING), (UNMARKED,), None, Row.TOKEN),
        (evaluating(registration=Status.PENDING), (HAS_FIVE,), None, Row.TWO_MODES),
        # Unregistered.
        (FRESH, (), None, Row.NOTHING),
        (evaluating(registration=Status.FAILED), (), None, Row.NOTHING),
        (FRESH, (), holds(Kind.RETURN), Row.NOTHING),
        (FRESH, (HAS_FIVE,), None, Row.STRANDED),
        (FRESH, (UNMARKED,), None, Row.POISONED),
        (FRESH, (HAS_FIVE,), holds(Kind.RETURN), Row.REMOVE),
        (FRESH, (HAS_FIVE,), holds(Kind.AUTHORIZATION), Row.STRANDED),
        (FRESH, (HAS_FIVE,), knows(R.ISSUED), Row.STRANDED),
        (FRESH, (HAS_FIVE,), knows(R.ISSUED, Kind.AUTHORIZATION), Row.UNUSED),
        (FRESH, (HAS_FIVE,), knows(R.INSTALLED, Kind.AUTHORIZATION), Row.STRANDED),
        (FRESH, (HAS_FIVE,), knows(R.FREED, at=LATE), Row.NOTHING),
        (FRESH, (HAS_FIVE,), knows(R.FREED, at=OLD), Row.STRANDED),
        (FRESH, (HAS_FIVE,), knows(R.INSTALLED, at=LATE), Row.STRANDED),
        (FRESH, (HAS_FIVE,), word(("absent", 0)), Row.NOTHING),
        (FRESH, (HAS_FIVE,), word(("adopt", 0)), Row.STRANDED),
        (FRESH, (HAS_FIVE,), word(("absent", 1), ("adopt", 0)), Row.STRANDED),
        (FRESH, (HAS_FIVE,), word(("absent", 0), ("adopt", 1)), Row.NOTHING),
        (FRESH, (HAS_FIVE,), word(("absent", 29), reserved=FACT), Row.NOTHING),
        (FRESH, (HAS_FIVE,), word(("absent", 30), reserved=FACT), Row.NOTHING),
        (FRESH, (HAS_FIVE,), word(("absent", 31), reserved=FACT), Row.STRANDED),
        # A request on the node.
        (ASKED, (), None, Row.FOREIGN),
        (ASKED, (), holds(Kind.REQUEST), Row.REQUESTED),
        (ASKED, (), ASKS, Row.REQUEST_LOST),
        (ASKED, (), word(("adopt", 0)), Row.REQUEST_LOST),
        (ASKED, (), word(("absent", 0)), Row.FOREIGN),
        (ASKED, (), holds(Kind.REQUEST, Kind.AUTHORIZATION), Row.UNISSUED),
        (ASKED, (UNMARKED,), None, Row.FOREIGN),
        (ASKED, (UNMARKED,), holds(Kind.REQUEST), Row.REQUESTED),
        (ASKED, (UNMARKED,), ASKS, Row.FETCH),
        (ASKED, (HAS_FIVE,), None, Row.FOREIGN),
        (ASKED, (HAS_FIVE,), holds(Kind.REQUEST), Row.FOREIGN),
        (ASKED, (HAS_FIVE,), ASKS, Row.FETCH),
        (ASKED, (HAS_FIVE,), knows(R.ISSUED), Row.FETCH),
        (ASKED, (HAS_FIVE,), knows(R.FREED), Row.FOREIGN),
        (ASKED, (HAS_FIVE,), holds(Kind.AUTHORIZATION), Row.UNISSUED),
        # Installed.
        (READY, (), None, Row.ABSENT),
        (READY, None, None, Row.ONE_SIDE),
        (READY, None, knows(R.FREED), Row.ABSENT),
        (READY, (HAS_FIVE,), None, Row.CONVERGED),
        (READY, (HAS_FIVE,), knows(R.INSTALLED), Row.CONVERGED),
        (READY, (HAS_FIVE,), knows(R.INSTALLED, rms=4), Row.SNAPSHOT),
        (READY, (HAS_FIVE,), knows(R.ISSUED, rms=4), Row.CONVERGED),
        (READY, (HAS_FIVE,), word(("adopt", 0), reserved=knows(R.INSTALLED, rms=4).reserved), Row.CONVERGED),
        (READY, (HAS_FIVE,), knows(R.UPDATE_INSTALLED), Row.CONFIRM_LOST),
        (READY, (HAS_FIVE,), knows(R.UPDATE_INSTALLED, Kind.CONFIRMATION), Row.CONFIRM),
        (READY, (HAS_FIVE,), knows(R.UPDATE_ISSUED), Row.UPDATE_FETCH),
        (READY, (HAS_FIVE,), knows(R.UPDATE_ISSUED, Kind.AUTHORIZATION), Row.UPDATE_INSTALL),
        (READY, (MOVING,), knows(R.ISSUED, Kind.AUTHORIZATION), Row.UPDATE_INSTALL),
        (READY, (MOVING,), knows(R.ISSUED), Row.FOREIGN),
        (READY, (HAS_FIVE,), knows(R.ISSUED, Kind.AUTHORIZATION), Row.CONVERGED),
        (READY, (MOVING,), None, Row.FOREIGN),
        (READY, (MOVING,), knows(R.INSTALLED, rms=8, at=LATE), Row.CONVERGED),
        (READY, (MOVING,), knows(R.INSTALLED, rms=8, at=OLD), Row.FOREIGN),
        (READY, (MOVING,), knows(R.FREED, at=LATE), Row.FOREIGN),
        (READY, (HAS_FIVE,), knows(R.INSTALLED, rms=4, at=LATE), Row.SNAPSHOT),
        (READY, (MOVING,), word(("adopt", 0)), Row.UPDATE_FETCH),
        (replace(READY, reserved=(line(RMS, 8),)), (MOVING,), word(("adopt", 0)), Row.CONFIRM_LOST),
        (replace(READY, reserved=(line(RMS, 5),)), (MOVING,), word(("adopt", 0)), Row.UPDATE_FETCH),
        (replace(READY, reserved=(line(RMS, 5),)), (HAS_FIVE,), knows(R.INSTALLED, rms=4), Row.CONVERGED),
        (replace(READY, reserved=(line(RMS, 4),)), (HAS_FIVE,), knows(R.INSTALLED), Row.SNAPSHOT),
        (READY, (UNMARKED,), knows(R.INSTALLED, lines=()), Row.CONVERGED),
        (licence(registration=Status.RESERVED_UNIVERSAL), (), None, Row.FOREIGN),
    ],
)
def test_the_row_of_what_both_sides_and_the_journal_say(
    block: Any, instances: Any, held: m.HeldState | None, row: Row
) -> None:
    assert stands(block, instances, held).row is row


@pytest.mark.parametrize(
    ("found", "row", "why"),
    [
        (stands(READY, (HAS_FIVE,), None, (HAS_FIVE,)), Row.ELSEWHERE, "apac and emea"),
        (stands(ASKED, (), None, (HAS_FIVE,)), Row.ELSEWHERE, "apac"),
        (stands(READY, None), Row.ONE_SIDE, "nobody has said what account emea holds for it"),
        (stands(m.UNKNOWN), Row.ONE_SIDE, "what the node says is not known"),
        (
            stands(replace(READY, reserved=(line(RMS, 4), line(DESK12, 7))), (HAS_FIVE,)),
            Row.SNAPSHOT,
            f"{RMS}: 4 on the node, 5 in CSSM; {DESK12}: 7 on the node, 0 in CSSM",
        ),
        (
            stands(READY, (HAS_FIVE,), knows(R.INSTALLED, rms=4)),
            Row.SNAPSHOT,
            f"{RMS}: 4 last installed from here, 5 in CSSM",
        ),
        (
            stands(FRESH, (HAS_FIVE,), knows(R.FREED, at=LATE)),
            Row.NOTHING,
            "removed just now; CSSM still lists it",
        ),
        (
            stands(READY, (MOVING,), knows(R.INSTALLED, rms=8, at=LATE)),
            Row.CONVERGED,
            "confirmed just now; CSSM still shows it in transit",
        ),
    ],
)
def test_a_row_says_why_where_its_name_does_not(found: Situation, row: Row, why: str) -> None:
    assert (found.row, found.why) == (row, why)


def test_a_machine_without_a_serial_has_no_row() -> None:
    of = core(nodes={"n1": {"serial": None}})
    node = replace(observed(of, licence=READY), serial=m.UNKNOWN)
    index = Index(desired(of), seen(node, accounts=[stock(rms=9)]), m.HeldState())
    found = Matrix(index).of(of, of.nodes[0])
    assert (found.row, found.serial) == (Row.ONE_SIDE, "")


@pytest.mark.parametrize(
    ("block", "instances", "held", "concerned"),
    [
        (evaluating(), (), None, False),
        (licence(), (), None, False),
        (m.UNKNOWN, (), None, False),
        (evaluating(registration=Status.RESERVATION_PENDING), (), None, True),
        (READY, (), None, True),
        (licence(registration=Status.RESERVED_UNIVERSAL), (), None, True),
        (evaluating(), (HAS_FIVE,), None, True),
        (evaluating(), (instance("0DEAD001", line(RMS, 5)),), None, False),
        (evaluating(), (UNMARKED,), None, False),
        (evaluating(), (m.Instance("x", serial=S1, reserved=()),), None, False),
        (evaluating(), (), knows(R.INSTALLED), True),
        (evaluating(), (), knows(R.FREED), False),
        (
            evaluating(),
            (),
            m.HeldState(attested=(m.Attested(HOMES[0].address, NOW, "A. Person", (HAS_FIVE,)),)),
            True,
        ),
    ],
)
def test_a_node_that_wants_none_is_concerned_where_somebody_says_that_it_has_one(
    block: Any, instances: Any, held: m.HeldState | None, concerned: bool
) -> None:
    of = replace(ONE, registration=None)
    world = seen(observed(of, licence=block), accounts=[stock(rms=9, instances=instances)])
    matrix = Matrix(Index(desired(of), world, held or m.HeldState()))
    assert matrix.concerns(of, NODE) is concerned
    assert matrix.concerns(ONE, NODE)


def test_a_node_without_any_serial_is_not_concerned() -> None:
    of = cluster(count=1, nodes={"n1": {"serial": None}})
    node = replace(observed(of, licence=evaluating()), serial=m.UNKNOWN)
    index = Index(desired(of), seen(node, accounts=[stock(rms=9, instances=[HAS_FIVE])]), m.HeldState())
    assert not Matrix(index).concerns(of, of.nodes[0])


def test_of_two_codes_of_a_kind_the_newer_one_counts() -> None:
    first = code(Kind.AUTHORIZATION, S1, made_at=NOW - timedelta(hours=2))
    second = replace(first, code_id="second", made_at=NOW)
    for codes in ((first, second), (second, first)):
        found = stands(ASKED, (), m.HeldState(codes=codes))
        assert found.authorization == second
        assert found.codes == codes
    assert stands(ASKED, (), holds(Kind.REQUEST)).authorization is None


def test_a_token_is_no_code_of_a_machine_whose_serial_its_slot_ends_with() -> None:
    token = replace(code(Kind.TOKEN, "emea"), slot=f"token/emea/{S1}")
    assert stands(FRESH, (), m.HeldState(codes=(token,))).codes == ()


@pytest.mark.parametrize(
    ("printed", "configured", "enabled"),
    [
        (True, False, True),
        (False, True, False),
        (m.UNKNOWN, True, True),
        (m.UNKNOWN, False, False),
        (m.UNKNOWN, m.UNKNOWN, m.UNKNOWN),
    ],
)
def test_the_switch_of_reservations_is_what_the_licence_block_says_else_the_configuration(
    printed: Any, configured: Any, enabled: Any
) -> None:
    smart = m.SmartConfig("direct", reservation_enable=configured)
    found = stands(replace(FRESH, reservation_enabled=printed), smart=smart)
    assert found.enabled is enabled


def test_the_switch_of_reservations_is_not_known_where_neither_was_read() -> None:
    assert stands(m.UNKNOWN, smart=m.UNKNOWN).enabled is m.UNKNOWN


def test_a_row_says_whether_anything_is_held_and_which_totals() -> None:
    five = (m.AuthorizedLine("regid.rms", 5, RMS),)
    assert (stands(READY, (HAS_FIVE,)).holds, stands(READY, (HAS_FIVE,)).lines) == (True, five)
    assert (stands(FRESH).holds, stands(FRESH).lines) == (False, ())
    assert (stands(licence()).holds, stands(licence()).lines) == (False, ())
    just_removed = stands(FRESH, (HAS_FIVE,), knows(R.FREED, at=LATE))
    assert (just_removed.holds, just_removed.lines) == (False, ())
