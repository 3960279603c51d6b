"""What records add up to, kind by kind: literal records in, values out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler import model as m
from reconciler.journal.chain import START, RecordKind, canonical, link
from reconciler.journal.fold import Fold
from reconciler.journal.views import Event

from .bench import E1, EMEA, NOW, TOKEN_SLOT, action, create_token, waiting
from .reserved import AUTHORIZATION_SLOT, REQUEST_SLOT, RETURN_SLOT, SERIAL, step

R = RecordKind
LATER = NOW + timedelta(hours=1)


def told(kind: str, data: Any, op: str = "op-1") -> tuple[str, Any, str]:
    return kind, data, op


def fold(*records: tuple[str, Any, str], keep_ended: bool = False) -> Fold:
    made = Fold(keep_ended=keep_ended)
    for number, (kind, data, op) in enumerate(records):
        at = (NOW if number == 0 else LATER).isoformat()
        run = "run-2" if op == "op-2" else "run-1"
        made.apply(link(made.head, at=at, kind=kind, run=run, op=op, spool=0, payload=canonical(data)))
    return made


def intent(planned: m.Action | None = None, op: str = "op-1") -> tuple[str, Any, str]:
    return told(R.INTENT, m.to_data(planned or action()), op)


def end(state: str, text: str = "", op: str = "op-1", **more: Any) -> tuple[str, Any, str]:
    return told(R.RESOLVED if more else R.END, {"state": state, "text": text, **more}, op)


def code(code_id: str, slot: str = TOKEN_SLOT, op: str = "", **more: Any) -> tuple[str, Any, str]:
    kind = m.CodeKind(slot.partition("/")[0]) if not slot.startswith("answer") else m.CodeKind.TOKEN
    held = m.HeldCode(code_id, kind, slot, EMEA, SERIAL, NOW, readable=False)
    return told(R.CODE, {"code": m.to_data(held), "sealed": "age", **more}, op)


def parked(name: str = "h", **changes: Any) -> tuple[str, Any, str]:
    return told(R.PARKED, m.to_data(replace(waiting(), handoff_id=name, **changes)), "")


def verdict(word: str, code_id: str | None, name: str = "h", slot: str = TOKEN_SLOT) -> tuple[str, Any, str]:
    return told(R.VERDICT, {"handoff": name, "verdict": word, "code_id": code_id, "slot": slot}, "")


def test_the_state_begins_with_nothing_and_knows_its_journal_from_the_first_record() -> None:
    empty = Fold()
    assert (empty.head, empty.spool_end, empty.journal_id) == (START, 0, "")
    assert fold(told(R.GENESIS, {"journal": "ab"})).journal_id == "ab"


def test_the_longest_spool_that_a_record_saw_is_remembered() -> None:
    made = Fold()
    for spool in (7, 99, 12):
        made.apply(link(made.head, at="", kind="", run="", op="", spool=spool, payload="{}"))
    assert (made.spool_end, made.head.seq) == (99, 3)


@pytest.mark.parametrize(
    ("nonce", "used", "known"), [("n1", True, {"n1": "run-1"}), ("n1", False, {}), (None, True, {})]
)
def test_a_nonce_is_used_by_the_run_that_finished_its_plan(
    nonce: str | None, used: bool, known: dict[str, str]
) -> None:
    begun = told(R.RUN, {"nonce": nonce})
    assert fold(begun).used_nonces == {}
    assert fold(begun, told(R.RUN_END, {"plan_used": used})).used_nonces == known
    assert fold(told(R.RUN_END, {"plan_used": used})).used_nonces == {}


@pytest.mark.parametrize(
    ("records", "state"),
    [
        ([], "intent"),
        ([told(R.SENDING, {})], "sending"),
        ([code("c", op="op-1")], "answered"),
        ([told(R.VERIFIED, {"facts": []})], "verified"),
        ([end("unknown", "lost")], "unknown"),
    ],
)
def test_an_open_effect_is_told_with_its_state(records: list[Any], state: str) -> None:
    planned = action()
    (entry,) = fold(intent(), *records).effects.values()
    assert (entry.open, entry.run_id) == (True, "run-1")
    assert entry.action() == planned
    assert entry.effect() == m.OpenEffect(
        op_id="op-1",
        action_id=planned.id,
        kind=planned.kind.value,
        address=planned.address,
        subject=planned.subject,
        state=m.EffectState(state),
        started=NOW,
        run_id="run-1",
        params=planned.params,
    )


@pytest.mark.parametrize("state", ["done", "failed", "not sent"])
def test_an_effect_that_has_ended_is_dropped_or_kept_whole(state: str) -> None:
    records = (intent(), intent(op="op-2"), end(state, "so it is"), told(R.SENDING, {}))
    assert list(fold(*records).effects) == ["op-2"]
    entry = fold(*records, keep_ended=True).effects["op-1"]
    assert (entry.open, entry.text, entry.state.value) == (False, "so it is", state)


def test_records_of_an_effect_that_is_not_known_change_nothing() -> None:
    late = [told(R.SENDING, {}), told(R.VERIFIED, {"facts": []}), end("done"), end("done", how="adopt")]
    assert fold(*late).effects == {}
    assert fold(*late, keep_ended=True).effects == {}


def test_what_was_observed_is_known_by_place_and_field_and_the_newest_counts() -> None:
    facts = [m.Verified(E1, "registration", word, at) for word, at in (("no", NOW), ("yes", LATER))]
    facts.append(m.Verified(EMEA, "token", "made", NOW))
    made = fold(intent(), told(R.VERIFIED, {"facts": [m.to_data(fact) for fact in facts]}))
    assert made.verified == {(E1, "registration"): facts[1], (EMEA, "token"): facts[2]}


def test_the_story_of_an_effect_is_told_in_words_and_only_on_request() -> None:
    seen = {"name": "page.png", "bytes": 12345, "sha256": "ab"}
    records = (
        intent(),
        intent(op="op-2"),
        told(R.SENDING, {}),
        end("unknown", "no answer"),
        told(R.RESOLVED, {"state": "unknown", "text": "look", "how": "adopt", "by": "ann", "evidence": seen}),
        told(R.REVEALED, {"text": "why", "how": "replies shown", "by": "bob"}),
        end("done", "it is there", how="observed"),
    )
    assert fold(*records).effects["op-2"].events == []
    assert fold(*records, keep_ended=True).effects["op-1"].events == [
        Event(NOW, "intent"),
        Event(LATER, "sending"),
        Event(LATER, "end", "no answer"),
        Event(LATER, "resolved", "adopt, says ann: look (page.png, 12,345 bytes, SHA-256 ab)"),
        Event(LATER, "revealed", "replies shown, says bob: why"),
        Event(LATER, "resolved", "it is there"),
    ]


def used(made: Fold) -> dict[str, str | None]:
    return {name: entry.used for name, entry in made.codes.items()}


def test_a_code_is_kept_with_its_sealed_value_and_who_can_open_it() -> None:
    entry = fold(code("c", to=["age1x", "age1y"])).codes["c"]
    assert (entry.sealed, entry.to, entry.used, entry.code.slot) == (
        b"age",
        ("age1x", "age1y"),
        None,
        TOKEN_SLOT,
    )
    assert fold(code("c")).codes["c"].to == ()
    again = fold(code("c"), told(R.RESEALED, {"code_id": "c", "sealed": "new", "to": ["age1z"]})).codes["c"]
    assert (again.sealed, again.to) == (b"new", ("age1z",))


def test_using_up_a_slot_marks_what_is_in_it_once_and_nothing_else() -> None:
    one, two = (told(R.USED_UP, {"slot": TOKEN_SLOT, "why": why}) for why in ("one", "two"))
    made = fold(code("a"), code("b", "token/plant"), one, code("c"), two)
    assert used(made) == {"a": "one", "b": None, "c": "two"}


@pytest.mark.parametrize(
    ("word", "slot", "given"),
    [
        ("accepted", TOKEN_SLOT, None),
        ("duplicate", "answer/h", "given before"),
        ("mismatch", "answer/h", None),
        ("not expected", "answer/h", None),
    ],
)
def test_a_verdict_decides_where_the_code_of_an_answer_belongs(
    word: str, slot: str, given: str | None
) -> None:
    made = fold(parked(), code("c", "answer/h"), verdict(word, "c"))
    assert (made.codes["c"].code.slot, made.codes["c"].used) == (slot, given)
    assert list(made.waiting) == ([] if word == "accepted" else ["h"])
    assert [item.done for item in made.closed.values()] == ([True] if word == "accepted" else [])


def test_a_step_that_gives_nothing_is_done_and_still_waits_to_be_seen() -> None:
    made = fold(parked(), parked("i"), verdict("accepted", None), verdict("duplicate", None, "i"))
    assert {name: item.done for name, item in made.waiting.items()} == {"h": True, "i": False}
    assert fold(verdict("accepted", None)).waiting == {}


def test_what_was_answered_is_remembered_by_hand_off() -> None:
    def answer(name: str, code_id: str | None) -> tuple[str, Any, str]:
        return told(R.ANSWER, {"handoff": name, "code_id": code_id}, "")

    made = fold(answer("h", "a"), answer("h", None), answer("i", "b"), answer("h", "c"))
    assert made.answers == {"h": ["a", "c"], "i": ["b"]}


def test_a_hand_off_that_was_assigned_keeps_what_is_not_said() -> None:
    def assigned(**said: Any) -> tuple[str, Any, str]:
        return told(R.ASSIGNED, {"handoff": "h", **said}, "")

    full = assigned(owner="desk", ticket="CHG1", due=LATER.isoformat())
    made = fold(parked(), parked("i"), full, assigned(owner=None, ticket=None, due=None), assigned())
    assert (made.waiting["h"].owner, made.waiting["h"].ticket, made.waiting["h"].due) == (
        "desk",
        "CHG1",
        LATER,
    )
    assert made.waiting["i"].owner is None
    assert fold(full).waiting == {}


@pytest.mark.parametrize(
    ("said", "done", "happened"),
    [
        ({}, True, False),
        ({"recalled": True}, False, False),
        ({"recalled": False}, True, False),
        ({"observed": True}, True, True),
        ({"observed": False}, True, False),
    ],
)
def test_a_hand_off_that_is_closed_was_done_taken_back_or_seen(
    said: dict[str, bool], done: bool, happened: bool
) -> None:
    returning = parked(kind=m.Kind.RETURN_RESERVATION.value, subject=SERIAL, wants=None, slot=None)
    closing = told(R.HANDOFF_CLOSED, {"handoff": "h", "text": "", **said}, "")
    made = fold(returning, closing)
    assert (made.waiting, made.closed["h"].done) == ({}, done)
    assert bool(made.reservations.reserved) is happened
    assert fold(closing).closed == {}


def test_a_step_that_was_said_to_be_done_happened_once() -> None:
    """When it is seen later, nothing happens anew: a later step may have come between."""
    returning = parked(kind=m.Kind.RETURN_RESERVATION.value, subject=SERIAL, wants=None, slot=None)
    freed = (intent(step(m.Kind.REMOVE_INSTANCE)), end("done"))
    seen = told(R.HANDOFF_CLOSED, {"handoff": "h", "text": "", "observed": True}, "")
    made = fold(returning, verdict("accepted", None), *freed, seen)
    assert made.reservations.reserved[SERIAL].state is m.ReservedState.FREED


REQUESTING, RETURNING = step(m.Kind.REQUEST_RESERVATION), step(m.Kind.RETURN_RESERVATION)
SENDING, SEEN = told(R.SENDING, {}), told(R.VERIFIED, {"facts": []})


@pytest.mark.parametrize(
    ("records", "is_ours"),
    [
        ([], False),
        ([SENDING], True),
        ([SENDING, end("not sent")], False),
        ([SENDING, end("failed")], False),
        ([SENDING, SEEN, end("failed")], True),
        ([SENDING, end("unknown")], True),
        ([SENDING, end("done")], True),
        ([end("done")], True),
        ([SENDING, code("c", REQUEST_SLOT, "op-1"), end("failed")], True),
        ([SENDING, end("unknown"), end("failed", how="abandon")], True),
        ([SENDING, end("unknown"), end("failed", how="observed")], False),
        ([SENDING, end("unknown"), end("not sent", how="absent")], False),
        ([SENDING, end("failed", how="observed", took_effect=True)], True),
        ([end("failed", how="observed", took_effect=True)], True),
        ([end("not sent"), SENDING], False),
    ],
)
def test_a_request_is_ours_from_when_it_may_have_been_sent_until_it_is_known_not_to_be(
    records: list[Any], is_ours: bool
) -> None:
    for keep_ended in (False, True):
        made = fold(intent(REQUESTING), *records, keep_ended=keep_ended)
        assert made.reservations.requested == ({SERIAL: m.Requested(SERIAL, LATER)} if is_ours else {})


@pytest.mark.parametrize(
    ("records", "happened"),
    [
        ([SENDING], False),
        ([SENDING, SEEN], False),
        ([SENDING, SEEN, end("unknown")], False),
        ([SENDING, SEEN, end("failed")], True),
        ([SENDING, end("failed")], False),
        ([SENDING, end("done")], True),
        ([SENDING, end("failed"), end("done")], False),
    ],
)
def test_a_reservation_came_back_when_its_step_is_done_or_was_seen(
    records: list[Any], happened: bool
) -> None:
    for keep_ended in (False, True):
        made = fold(intent(RETURNING), *records, keep_ended=keep_ended)
        assert bool(made.reservations.reserved) is happened


def test_an_effect_that_is_no_step_of_a_reservation_leaves_none() -> None:
    made = fold(intent(create_token()), SENDING, end("done"))
    assert (made.reservations.reserved, made.reservations.requested) == ({}, {})


@pytest.mark.parametrize(
    ("slot", "returned"), [(RETURN_SLOT, True), (AUTHORIZATION_SLOT, False), ("return/0AB0AB0A", False)]
)
def test_the_return_code_alone_tells_that_a_reservation_came_back(slot: str, returned: bool) -> None:
    assert bool(fold(code("c", slot)).reservations.reserved) is returned


@pytest.mark.parametrize("slot", [AUTHORIZATION_SLOT, "answer/h"])
def test_an_install_tells_of_the_newest_code_in_its_slot_that_was_not_used_up(slot: str) -> None:
    def from_account(name: str, where: str) -> tuple[str, Any, str]:
        says = m.Authorization(f"P:EXPY,S:{SERIAL},U:{name}", (m.AuthorizedLine(name, 1, name),))
        held = m.HeldCode(
            name, m.CodeKind.AUTHORIZATION, where, m.Address.of_account(name), SERIAL, NOW, True
        )
        return told(R.CODE, {"code": m.to_data(replace(held, authorization=says)), "sealed": "age"}, "")

    other = "authorization/0AB0AB0A" if slot == AUTHORIZATION_SLOT else AUTHORIZATION_SLOT
    made = fold(
        from_account("oldest", slot),
        from_account("older", slot),
        from_account("newest", slot),
        from_account("elsewhere", other),
        intent(step(m.Kind.INSTALL_AUTHORIZATION, authorization=slot, confirms=False)),
        end("done"),
    )
    reserved = made.reservations.reserved[SERIAL]
    assert (reserved.account, reserved.lines[0].tag) == (m.Address.of_account("newest"), "newest")
    spent = fold(
        from_account("used", slot),
        told(R.USED_UP, {"slot": slot, "why": "revoked"}, ""),
        intent(step(m.Kind.INSTALL_AUTHORIZATION, authorization=slot, confirms=False)),
        end("done"),
    )
    assert spent.reservations.reserved[SERIAL].lines == ()


def test_a_step_that_happened_uses_up_its_codes_and_says_by_what() -> None:
    made = fold(
        code("old", AUTHORIZATION_SLOT),
        code("new", AUTHORIZATION_SLOT),
        code("other", REQUEST_SLOT),
        intent(step(m.Kind.INSTALL_AUTHORIZATION, confirms=False)),
        end("done"),
    )
    why = "used by node.install_authorization"
    assert used(made) == {"old": why, "new": why, "other": None}
