"""What people ask the journal and tell it: who said what is on disk, and what others wrote is known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler import model as m
from reconciler.errors import HeldElsewhere, JournalError, UsageError
from reconciler.journal import Received, Resealed, SqliteJournal, Unlocked, keys
from reconciler.journal.leases import user

from .bench import CLUSTER, CODE, EMEA, NOW, TOKEN_SLOT, Desk, action, create_token, waiting
from .reserved import SERIAL
from .test_journal import make_token, payloads
from .test_spool import descriptors

LATER = NOW + timedelta(hours=1)


def opened(journal: SqliteJournal, data: bytes | None = None) -> str:
    """An effect that was sent, and its op id."""
    effect = journal.intent("run-1", action())
    effect.sending()
    if data is not None:
        effect.received(data)
    return effect.op_id


def test_a_word_about_an_operation_is_kept_with_who_gave_it_and_on_what_evidence(
    desk: Desk, tmp_path: Path
) -> None:
    shot = tmp_path / "page.png"
    shot.write_bytes(b"pixels")
    journal = desk.open()
    op_id = opened(journal)
    journal.resolve(op_id, "absent", shot, "not there")
    seen = {"name": "page.png", "bytes": 6, "sha256": hashlib.sha256(b"pixels").hexdigest()}
    assert payloads(desk)[-1] == {
        "how": "absent", "state": "not sent", "text": "not there", "by": user(), "evidence": seen,
    }  # fmt: skip
    with pytest.raises(UsageError, match=f"{op_id} has ended already: not sent") as caught:
        journal.resolve(op_id, "adopt", None, "again")
    assert caught.value.remedy == f"xlicense op show {op_id}"
    decided = journal.resolve_serial(SERIAL, "adopt", shot, "mine")
    assert decided == m.Resolution(SERIAL, "adopt", NOW, user(), "mine")
    assert payloads(desk)[-1] == {"resolution": m.to_data(decided), "evidence": seen, "text": "mine"}
    assert len(payloads(desk)) == 5


def test_replies_are_told_by_size_and_shown_to_who_says_why(desk: Desk) -> None:
    journal = desk.open()
    op_id = opened(journal, b"OK\r\n")
    assert replace(desk, recipients=()).open().replies(op_id)[0].size > 100
    replace(desk, recipients=(), opened=desk.opened).open().note_received(op_id, b"unsealed")
    sealed, marker = journal.replies(op_id)
    assert (sealed.at, sealed.data, marker) == (NOW, None, Received(NOW, 8))
    before = len(payloads(desk))
    assert journal.reveal_replies(op_id, "an audit") == (Received(NOW, 4, b"OK\r\n"), Received(NOW, 8))
    assert payloads(desk)[before:] == [{"how": "replies shown", "text": "an audit", "by": user()}]
    assert journal.reveal_replies("op-none", "curious") == ()
    assert len(payloads(desk)) == before + 1
    assert desk.identity is not None
    desk.identity.unlink()
    again = desk.open()
    assert again.reveal_replies(op_id, "an audit") == (sealed, marker)
    assert len(again.sealed(op_id)) == 1


def test_codes_are_sealed_anew_once_to_who_may_read_them_now(desk: Desk, tmp_path: Path) -> None:
    with desk.open() as journal:
        make_token(journal)
        make_token(journal, "second")
        journal.use_up(TOKEN_SLOT, "revoked")
        assert journal.reseal() == Resealed(0)
    other = tmp_path / "other.txt"
    both = (*desk.recipients, keys.init_identity(other))
    journal = replace(desk, recipients=both, opened=desk.opened).open()
    assert (journal.reseal(), journal.reseal()) == (Resealed(2), Resealed(0))
    codes = journal.codes(all=True)
    assert [journal.reveal(code.code_id, "look") for code in codes] == [CODE, "second"]
    theirs = replace(desk, recipients=both[:1], identity=other, opened=desk.opened).open()
    assert [code.readable for code in theirs.codes(all=True)] == [True, True]
    assert theirs.reseal() == Resealed(2)
    assert [code.readable for code in theirs.codes(all=True)] == [False, False]
    third = replace(desk, recipients=both[1:], identity=other, opened=desk.opened).open()
    assert third.reseal() == Resealed(0, tuple(code.code_id for code in codes))


def test_sealing_anew_reaches_what_another_process_has_kept_meanwhile(desk: Desk, tmp_path: Path) -> None:
    both = (*desk.recipients, keys.init_identity(tmp_path / "other.txt"))
    ours = replace(desk, recipients=both, opened=desk.opened).open()
    with desk.open() as theirs:
        make_token(theirs)
    assert ours.reseal() == Resealed(1)


def test_unlocking_is_kept_with_who_did_it_and_tells_what_was_open(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    first.lease([CLUSTER], "run-1")
    first.lease([EMEA], "run-2")
    op_id = first.intent("run-1", action()).op_id
    other = first.intent("run-2", action()).op_id
    (lease,) = [lease for lease in second.leases() if lease.run_id == "run-1"]
    assert second.unlock("run-1") == Unlocked(
        "run-1", f"{lease.holder} on {lease.host} (pid {lease.pid})", True, (CLUSTER,), (op_id,)
    )
    assert payloads(desk)[-1] == {"text": lease.holder, "by": user()}
    assert [lease.run_id for lease in second.leases()] == ["run-2"]
    assert second.live_runs() == {"run-1", "run-2"}
    assert second.unlock("run-2").open_effects == (other,)
    first.close()
    assert second.live_runs() == frozenset()


def test_hand_offs_are_told_oldest_first_the_closed_ones_on_request(desk: Desk) -> None:
    journal, other = desk.open(), desk.open()
    parked = [
        journal.park("run-1", replace(waiting(), handoff_id=name, action_id=name, since=since))
        for name, since in (("c", LATER), ("b", NOW), ("a", NOW))
    ]
    assert [item.handoff_id for item in other.handoffs()] == ["a", "b", "c"]
    other.recall("b", "ann", "not needed")
    assert [item.handoff_id for item in journal.handoffs()] == ["a", "c"]
    assert [item.handoff_id for item in journal.handoffs(all=True)] == ["a", "b", "c"]
    assert parked[0].since == LATER


def test_who_has_a_hand_off_is_told_at_once_and_kept(desk: Desk) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting())
    given = journal.assign(parked.handoff_id, owner="desk", ticket="CHG1", due=LATER)
    assert given == replace(parked, owner="desk", ticket="CHG1", due=LATER)
    assert payloads(desk)[-1] == {
        "handoff": parked.handoff_id,
        "owner": "desk",
        "ticket": "CHG1",
        "due": LATER.isoformat(),
        "by": user(),
    }
    journal.assign(parked.handoff_id)
    kept = payloads(desk)[-1]
    assert (kept["owner"], kept["ticket"], kept["due"]) == (None, None, None)


def test_an_answer_is_kept_before_it_is_judged_and_both_are_on_disk(desk: Desk) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting())
    before = len(payloads(desk))
    given = journal.answer(parked.handoff_id, CODE, "ann", "CHG1")
    kept, answer, verdict = payloads(desk)[before:]
    held = kept["code"]
    assert (held["slot"], held["kind"], held["address"], held["subject"]) == (
        f"answer/{parked.handoff_id}", "token", EMEA, "emea",
    )  # fmt: skip
    assert (held["from_person"], held["readable"], kept["to"]) == (True, False, list(desk.recipients))
    name = {"handoff": parked.handoff_id, "code_id": given.code_id}
    assert answer == name | {"by": "ann", "ticket": "CHG1"}
    assert verdict == name | {"verdict": "accepted", "slot": TOKEN_SLOT, "text": given.text}
    assert given.waiting == replace(parked, done=True)
    unasked = journal.answer("handoff-none", "unasked-for")
    assert payloads(desk)[-1]["slot"] == "answer/handoff-none"
    (code,) = [code for code in journal.codes() if code.code_id == unasked.code_id]
    assert (code.kind, code.address, code.subject) == (m.CodeKind.TOKEN, m.WORKSPACE, "")
    assert unasked.waiting is None


def test_of_two_desks_each_knows_what_the_other_wrote(desk: Desk) -> None:
    theirs, *ours = [desk.open() for _ in range(12)]
    op_id = opened(theirs, b"OK")
    _, code_id = make_token(theirs)
    parked = theirs.park("run-1", waiting())
    asked: list[tuple[Callable[[SqliteJournal], Any], Any]] = [
        (lambda journal: [code.code_id for code in journal.codes()], [code_id]),
        (lambda journal: journal.reveal(code_id, "look"), CODE),
        (lambda journal: journal.code_value(TOKEN_SLOT), CODE),
        (lambda journal: journal.spooled(op_id), [b"OK"]),
        (lambda journal: [one.effect.op_id for one in journal.operations()], [op_id]),
        (lambda journal: journal.held().waiting, (parked,)),
        (lambda journal: len(journal.replies(op_id)), 1),
        (lambda journal: [one.data for one in journal.reveal_replies(op_id, "look")], [b"OK"]),
        (lambda journal: journal.operation(op_id).chunks, 1),
        (lambda journal: journal.handoffs(), (parked,)),
        (lambda journal: journal.answer(parked.handoff_id, CODE).verdict.value, "accepted"),
    ]
    for journal, (ask, answer) in zip(ours, asked, strict=True):
        assert ask(journal) == answer


def test_what_a_code_was_is_taken_out_of_every_word_about_it(desk: Desk) -> None:
    journal = desk.open()
    make_token(journal)
    make_token(journal, "sixsix")
    parked = journal.park("run-1", waiting())
    op_id = opened(journal)
    journal.assign(parked.handoff_id, owner=f"the {CODE} desk", ticket="CHG sixsix")
    journal.recall(parked.handoff_id, None, f"not {CODE}")
    journal.resolve(op_id, "adopt", None, f"says sixsix and {CODE}")
    said = [text for each in payloads(desk)[-3:] for text in each.values() if isinstance(text, str)]
    assert {"the <code> desk", "CHG <code>", "not <code>", "says <code> and <code>"} <= set(said)


def test_a_short_value_makes_no_holes_in_what_is_said(desk: Desk) -> None:
    journal = desk.open()
    make_token(journal, "short")
    op_id = opened(journal)
    journal.resolve(op_id, "adopt", None, "a short word")
    assert journal.operation(op_id).text == "a short word"


def test_a_code_that_is_read_is_taken_out_of_what_is_said_afterwards(desk: Desk) -> None:
    with desk.open() as journal:
        make_token(journal)
    journal = desk.open()
    assert journal.code_value(TOKEN_SLOT) == CODE
    op_id = opened(journal)
    journal.resolve(op_id, "adopt", None, f"it was {CODE}")
    assert journal.operation(op_id).text == "it was <code>"


def test_a_code_that_is_used_up_is_given_where_used_ones_are_asked_for(desk: Desk) -> None:
    journal = desk.open()
    make_token(journal, "older-value")
    journal.use_up(TOKEN_SLOT, "used")
    assert (journal.code_value(TOKEN_SLOT), journal.code_value(TOKEN_SLOT, used_too=True)) == (
        None,
        "older-value",
    )
    make_token(journal, "newer-value")
    assert journal.code_value(TOKEN_SLOT, used_too=True) == "newer-value"
    assert journal.code_value("token/none", used_too=True) is None
    assert len(journal.codes()) == 1
    assert len(journal.codes(all=True)) == 2


def test_of_a_code_that_is_not_readable_here_it_is_said_where_to_go_on(desk: Desk) -> None:
    journal = desk.open()
    _, code_id = make_token(journal)
    assert desk.identity is not None
    desk.identity.unlink()
    with pytest.raises(
        HeldElsewhere, match=rf"code {code_id} \({TOKEN_SLOT}\) is held and not readable"
    ) as caught:
        desk.open().reveal(code_id, "look")
    assert "journal.identity" in (caught.value.remedy or "")


def test_a_step_of_several_records_is_there_whole_or_not_at_all(desk: Desk) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting(wants=None))
    journal.answer(parked.handoff_id, None)
    before = payloads(desk)
    again = journal.park("run-2", waiting(wants=None))
    closed, anew = payloads(desk)[len(before) :]
    assert (closed["handoff"], anew["handoff_id"]) == (parked.handoff_id, again.handoff_id)
    with pytest.raises(JournalError):
        journal.close_handoff("handoff-none", "no")
    assert len(payloads(desk)) == len(before) + 2
    assert desk.open().verify() == ()


def test_a_journal_leaves_no_descriptor_behind(desk: Desk) -> None:
    before = descriptors()
    for _ in range(2):
        with desk.open() as journal:
            journal.lease([CLUSTER], "run-1")
            assert journal.live_runs() == {"run-1"}
            journal.intent("run-1", create_token())
    assert descriptors() == before
