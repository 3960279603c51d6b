"""The record chain and what it adds up to: pure, with literals."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler import model as m
from reconciler.journal.chain import START, Record, RecordKind, break_at, canonical, link
from reconciler.journal.fold import Fold

from .bench import EMEA, NOW, TOKEN_SLOT, action, waiting

AT = NOW.isoformat()


def chain(*told: tuple[str, str, dict[str, Any]]) -> list[Record]:
    """Records of (kind, op, payload), each linked to the last."""
    records: list[Record] = []
    for kind, op, data in told:
        head = records[-1].head if records else START
        payload = canonical(data)
        records.append(link(head, at=AT, kind=kind, run="run-1", op=op, spool=0, payload=payload))
    return records


def fold(*told: tuple[str, str, dict[str, Any]]) -> Fold:
    made = Fold()
    for record in chain(*told):
        made.apply(record)
    return made


def code(code_id: str) -> tuple[str, str, dict[str, Any]]:
    held = m.HeldCode(code_id, m.CodeKind.TOKEN, "answer/h", EMEA, "emea", NOW, readable=False)
    return RecordKind.CODE, "", {"code": m.to_data(held), "sealed": "age"}


def accepted(code_id: str) -> tuple[str, str, dict[str, Any]]:
    data = {"handoff": "h", "verdict": "accepted", "code_id": code_id, "slot": TOKEN_SLOT, "text": ""}
    return RecordKind.VERDICT, "", data


@pytest.mark.parametrize("column", Record._fields)
def test_a_change_in_any_column_breaks_the_chain(column: str) -> None:
    first, second = chain(("a", "", {}), ("b", "op", {"x": 1}))
    assert break_at(START, first) is None
    assert break_at(first.head, second) is None
    value = getattr(second, column)
    changed = second._replace(**{column: value + (1 if isinstance(value, int) else "x")})
    assert break_at(first.head, changed) is not None


def test_text_cannot_move_from_one_column_into_the_next() -> None:
    one = link(START, at=AT, kind="ab", run="c", op="", spool=0, payload="{}")
    two = link(START, at=AT, kind="a", run="bc", op="", spool=0, payload="{}")
    assert one.hash != two.hash


def test_equal_data_has_one_text() -> None:
    assert canonical({"b": 1, "a": "é\n"}) == canonical({"a": "é\n", "b": 1}) == '{"a":"\\u00e9\\n","b":1}'


def test_a_kind_that_this_version_does_not_know_changes_nothing() -> None:
    made = fold(("something new", "op-1", {"x": 1}))
    assert (made.effects, made.codes, made.head.seq) == ({}, {}, 1)


def test_two_answers_accepted_at_once_are_both_kept() -> None:
    parked = m.to_data(waiting()) | {"handoff_id": "h"}
    made = fold((RecordKind.PARKED, "", parked), code("one"), code("two"), accepted("one"), accepted("two"))
    assert made.waiting == {}
    assert [entry.code.slot for entry in made.codes.values()] == [TOKEN_SLOT, TOKEN_SLOT]


def test_a_step_reported_after_its_hand_off_was_closed_stays_closed() -> None:
    parked = m.to_data(waiting(wants=None)) | {"handoff_id": "h"}
    closed = (RecordKind.HANDOFF_CLOSED, "", {"handoff": "h", "text": ""})
    done = {"handoff": "h", "verdict": "accepted", "code_id": None, "slot": "", "text": ""}
    made = fold((RecordKind.PARKED, "", parked), closed, closed, (RecordKind.VERDICT, "", done))
    assert made.waiting == {}
    assert made.closed["h"].done


def test_a_late_unknown_does_not_open_an_effect_again() -> None:
    intent = (RecordKind.INTENT, "op-1", m.to_data(action()))
    resolved = (RecordKind.RESOLVED, "op-1", {"state": "done", "text": "", "how": "adopt"})
    late = (RecordKind.END, "op-1", {"state": "unknown", "text": ""})
    assert fold(intent, resolved, late).effects == {}
    assert list(fold(intent, late).effects) == ["op-1"]


def test_the_words_on_disk_stay_what_earlier_releases_wrote() -> None:
    assert {kind.value for kind in RecordKind} == {
        *(
            "genesis",
            "run",
            "run end",
            "intent",
            "sending",
            "code",
            "resealed",
            "verified",
            "end",
            "resolved",
        ),
        *("used up", "revealed", "restored", "parked", "hand-off assigned", "hand-off closed", "answer"),
        *("verdict", "unlocked", "attested", "decided"),
    }


def test_a_chain_on_disk_stays_one_in_the_next_release() -> None:
    first = link(
        START, at="2026-11-24T09:00:00+00:00", kind="genesis", run="r", op="o", spool=7, payload="{}"
    )
    assert first.prev == "0" * 64
    assert first.hash == "3a8eb763748bafbee2cc875cfc2242be4979c3e3a2982b32db7a1787906f27b2"
