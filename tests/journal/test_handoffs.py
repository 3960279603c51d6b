"""Parked actions, and what people bring back: recorded first, then judged."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler import model as m
from reconciler.errors import JournalError, UsageError
from reconciler.journal.leases import user
from reconciler.journal.views import Verdict

from . import reserved
from .bench import CODE, TOKEN_SLOT, Desk, waiting


def test_parking_an_action_again_gives_the_same_hand_off(desk: Desk) -> None:
    with desk.open() as journal:
        first = journal.park("run-1", waiting())
    again = desk.open()
    assert again.park("run-2", waiting()) == first
    assert again.held().waiting == (first,) == again.handoffs()
    assert first.handoff_id.startswith("handoff-")


def test_an_accepted_code_fills_the_slot_and_closes_the_hand_off(desk: Desk) -> None:
    with desk.open() as journal:
        parked = journal.park("run-1", waiting())
        verdict = journal.answer(parked.handoff_id, f" {CODE}\n", by="Ann", ticket="CHG1")
    assert verdict.verdict is Verdict.ACCEPTED
    journal = desk.open()
    (code,) = journal.held().codes
    assert (code.code_id, code.slot, code.kind) == (verdict.code_id, TOKEN_SLOT, m.CodeKind.TOKEN)
    assert code.from_person
    assert journal.code_value(TOKEN_SLOT) == CODE
    assert journal.held().waiting == ()
    assert journal.handoffs(all=True) == (replace(parked, done=True),)


def test_an_answer_finds_what_another_process_has_handed_out_meanwhile(desk: Desk) -> None:
    ours, theirs = desk.open(), desk.open()
    parked = theirs.park("run-1", waiting())
    assert ours.answer(parked.handoff_id, CODE).verdict is Verdict.ACCEPTED
    (code,) = theirs.held().codes
    assert (code.kind, code.address, code.subject) == (m.CodeKind.TOKEN, parked.address, parked.subject)
    assert theirs.code_value(TOKEN_SLOT) == CODE


def test_a_return_code_that_is_brought_back_proves_the_return(desk: Desk) -> None:
    slot = f"return/{reserved.SERIAL}"
    wanted = replace(
        waiting(m.CodeKind.RETURN), kind="node.return_reservation", subject=reserved.SERIAL, slot=slot
    )
    with desk.open() as journal:
        parked = journal.park("run-1", wanted)
        journal.answer(parked.handoff_id, "Cq8wTF-kCdd9P-aMXuoH-6GwBQJ-wp")
        states = [(one.serial, one.state) for one in journal.held().reserved]
    assert states == [(reserved.SERIAL, m.ReservedState.RETURNED)]


def test_the_same_answer_again_changes_nothing(desk: Desk) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting())
    journal.answer(parked.handoff_id, CODE)
    held = journal.held()
    assert journal.answer(parked.handoff_id, CODE).verdict is Verdict.DUPLICATE
    assert journal.held() == held


@pytest.mark.parametrize(
    "value", ['quo"te', "back\\slash", "two words", "apos'trophe", "", "tökén", "a" * 4096]
)
def test_an_answer_of_the_wrong_form_is_kept_and_not_used(desk: Desk, value: str) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting())
    verdict = journal.answer(parked.handoff_id, value)
    assert verdict.verdict is Verdict.MISMATCH
    assert value == "" or value not in verdict.text
    assert journal.code_value(TOKEN_SLOT) is None
    assert journal.held().waiting == (parked,)
    assert verdict.code_id is not None
    assert journal.reveal(verdict.code_id, "what was it") == value


def test_an_answer_that_nothing_waits_for_is_kept(desk: Desk) -> None:
    journal = desk.open()
    verdict = journal.answer("handoff-none", CODE)
    assert verdict.verdict is Verdict.NOT_EXPECTED
    assert [code.code_id for code in journal.codes()] == [verdict.code_id]


def test_another_answer_to_a_closed_hand_off_is_kept_and_not_used(desk: Desk) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting())
    journal.answer(parked.handoff_id, CODE)
    verdict = journal.answer(parked.handoff_id, "another")
    assert verdict.verdict is Verdict.NOT_EXPECTED
    assert journal.code_value(TOKEN_SLOT) == CODE
    assert len(journal.codes()) == 2


def test_a_step_that_gives_nothing_back_is_noted_as_done_until_it_is_seen(desk: Desk) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting(wants=None))
    assert journal.answer(parked.handoff_id, None).verdict is Verdict.ACCEPTED
    assert journal.held().waiting == (replace(parked, done=True),)
    assert journal.answer(parked.handoff_id, None).verdict is Verdict.DUPLICATE
    journal.close_handoff(parked.handoff_id, "the proxy is set")
    journal.close_handoff(parked.handoff_id, "again")
    assert journal.held().waiting == ()
    assert journal.answer(parked.handoff_id, None).verdict is Verdict.DUPLICATE


def test_a_code_for_a_step_that_gives_none_and_none_for_one_that_does(desk: Desk) -> None:
    journal = desk.open()
    step = journal.park("run-1", replace(waiting(wants=None), action_id="node.set_proxy:x:1"))
    token = journal.park("run-1", waiting())
    assert journal.answer(step.handoff_id, CODE).verdict is Verdict.NOT_EXPECTED
    assert journal.answer(token.handoff_id, None).verdict is Verdict.MISMATCH
    assert journal.answer("handoff-none", None).verdict is Verdict.NOT_EXPECTED


def test_an_action_parked_after_its_hand_off_was_closed_waits_anew(desk: Desk) -> None:
    journal = desk.open()
    first = journal.park("run-1", waiting())
    journal.close_handoff(first.handoff_id, "recalled")
    second = journal.park("run-2", first)
    assert second.handoff_id != first.handoff_id
    with pytest.raises(JournalError, match="no hand-off"):
        journal.close_handoff("handoff-none", "why not")


def test_without_a_recipient_an_answer_with_a_value_is_turned_away_whole(desk: Desk) -> None:
    journal = replace(desk, recipients=(), opened=desk.opened).open()
    parked = journal.park("run-1", waiting())
    with pytest.raises(JournalError, match="no recipient"):
        journal.answer(parked.handoff_id, CODE)
    assert journal.held().waiting == (parked,)


def test_a_step_said_to_be_done_and_planned_again_is_handed_over_anew(desk: Desk) -> None:
    journal = desk.open()
    first = journal.park("run-1", waiting(wants=None))
    journal.answer(first.handoff_id, None)
    second = journal.park("run-2", waiting(wants=None))
    assert second.handoff_id != first.handoff_id
    assert journal.held().waiting == (second,)


def test_a_hand_off_that_was_taken_back_takes_no_answer_and_keeps_it(desk: Desk) -> None:
    journal = desk.open()
    parked = reserved.parked(journal, m.Kind.RESERVE, lines=reserved.lines())
    assert journal.recall(parked.handoff_id, "ann", "the plan has changed") == parked
    assert journal.held().waiting == ()
    assert journal.handoffs(all=True) == (parked,)
    verdict = journal.answer(parked.handoff_id, reserved.authorization())
    assert verdict.verdict is Verdict.NOT_EXPECTED
    assert journal.answer(parked.handoff_id, None).verdict is Verdict.NOT_EXPECTED
    (code,) = journal.held().codes
    assert (code.code_id, code.kind) == (verdict.code_id, m.CodeKind.AUTHORIZATION)
    assert code.authorization is not None
    assert journal.held().reserved == ()
    with pytest.raises(UsageError, match="waits"):
        journal.recall(parked.handoff_id, None, "again")


def test_an_authorization_code_that_nothing_waits_for_is_kept_as_one(desk: Desk) -> None:
    journal = desk.open()
    journal.answer("handoff-none", reserved.authorization())
    (code,) = journal.held().codes
    assert code.kind is m.CodeKind.AUTHORIZATION
    assert code.authorization is not None


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (reserved.authorization(10), {"lines": reserved.lines(10)}),
        (reserved.authorization(10), {"lines": reserved.lines(10, tag=None)}),
        (reserved.authorization(10, udi=reserved.UDI.replace(",", ", ")), {"lines": reserved.lines(10)}),
        (reserved.authorization(10, udi="P:EXPY,S:0e4d1fa5"), {"udi": None, "lines": reserved.lines(10)}),
        (reserved.authorization(10, desk=0), {"lines": reserved.lines(10)}),
        (reserved.authorization(10), {}),
    ],
)
def test_the_authorization_code_that_was_asked_for_is_accepted(
    desk: Desk, code: str, params: dict[str, object]
) -> None:
    journal = desk.open()
    parked = reserved.parked(journal, m.Kind.RESERVE, **params)
    assert journal.answer(parked.handoff_id, f"\n{code}\n").verdict is Verdict.ACCEPTED
    assert journal.code_value(reserved.AUTHORIZATION_SLOT) == code


@pytest.mark.parametrize(
    ("code", "params", "words"),
    [
        (reserved.authorization()[:-30], {}, ("not whole",)),
        ("A9-B7", {}, ("not whole",)),
        ("<!DOCTYPE a>" + reserved.authorization(), {}, ("document type",)),
        (
            reserved.authorization(udi="P:EXPY,S:0AB0AB0A,U:ffff"),
            {},
            ("S:0AB0AB0A,U:ffff", reserved.UDI),
        ),
        (reserved.authorization(udi=f"P:EXPY,S:{reserved.SERIAL},U:ffff"), {}, ("U:ffff", reserved.UDI)),
        (
            reserved.authorization(udi="P:EXPY,S:0AB0AB0A"),
            {"udi": None},
            ("S:0AB0AB0A", f"serial {reserved.SERIAL}"),
        ),
        (
            reserved.authorization(11),
            {"lines": reserved.lines(10)},
            ("gives 11 Expressway Rich", "10 Expressway Rich"),
        ),
        (
            reserved.authorization(10, desk=5),
            {"lines": reserved.lines(10)},
            ("5 Expressway Desktop", "10 Expressway Rich"),
        ),
        (reserved.authorization(10), {"lines": []}, ("10 Expressway Rich", "nothing was asked")),
        (
            reserved.authorization(10, tag="regid.other,1.0"),
            {"lines": reserved.lines(10)},
            ("asked for",),
        ),
    ],
)
def test_another_authorization_code_is_kept_and_named_with_both_values(
    desk: Desk, code: str, params: dict[str, object], words: tuple[str, ...]
) -> None:
    journal = desk.open()
    parked = reserved.parked(journal, m.Kind.RESERVE, **params)
    verdict = journal.answer(parked.handoff_id, code)
    assert verdict.verdict is Verdict.MISMATCH
    assert all(word in verdict.text for word in words), verdict.text
    assert journal.held().waiting == (parked,)
    assert journal.held().reserved == ()
    assert verdict.code_id is not None
    assert journal.reveal(verdict.code_id, "what was it") == code
    assert journal.answer(parked.handoff_id, code).verdict is Verdict.DUPLICATE


def test_a_hand_off_gets_an_owner_a_ticket_and_a_day_and_keeps_what_is_not_said(desk: Desk) -> None:
    journal = desk.open()
    parked = reserved.parked(journal, m.Kind.RESERVE)
    given = journal.assign(parked.handoff_id, owner="licensing desk", ticket="CHG1")
    assert given == replace(parked, owner="licensing desk", ticket="CHG1")
    journal.assign(parked.handoff_id, ticket="CHG2", due=datetime(2026, 12, 1, tzinfo=UTC))
    (waiting,) = desk.open().held().waiting
    assert (waiting.owner, waiting.ticket) == ("licensing desk", "CHG2")
    assert waiting.due == datetime(2026, 12, 1, tzinfo=UTC)
    with pytest.raises(UsageError, match="no hand-off"):
        journal.assign("handoff-none", owner="x")


def told(desk: Desk) -> dict[str, Any]:
    """The newest answer or closing of a hand-off, as it stands in the journal."""
    with contextlib.closing(sqlite3.connect(desk.database)) as database:
        rows = database.execute("SELECT payload FROM records ORDER BY seq")
        found = [json.loads(payload) for (payload,) in rows]
    return next(data for data in reversed(found) if "handoff" in data and "by" in data)


def test_who_answered_under_which_ticket_is_kept_and_without_a_name_the_user_did(desk: Desk) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting(wants=None))
    journal.answer(parked.handoff_id, None, by="ann", ticket="CHG-4711")
    assert (told(desk)["by"], told(desk)["ticket"]) == ("ann", "CHG-4711")
    journal.answer(parked.handoff_id, None)
    assert (told(desk)["by"], told(desk)["ticket"]) == (user(), None)


def test_who_took_a_hand_off_back_is_kept(desk: Desk) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting(wants=None))
    journal.recall(parked.handoff_id, "ann", "the plan has changed")
    assert (told(desk)["by"], told(desk)["text"]) == ("ann", "the plan has changed")
