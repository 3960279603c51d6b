"""What becomes of an answer that a person brings back: the verdict and the sentence, from values alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler import model as m
from reconciler.journal.handoffs import judge
from reconciler.journal.views import Verdict

from .bench import CODE, waiting
from .reserved import DESK, REQUEST, RMS, SERIAL, UDI, authorization, lines

TOKEN = waiting()
STEP = waiting(wants=None)
REQUESTED = waiting(wants=m.CodeKind.REQUEST)


@pytest.mark.parametrize(
    ("waits", "value", "earlier", "closed", "verdict", "word"),
    [
        (TOKEN, CODE, [], None, Verdict.ACCEPTED, "The token code is kept and used"),
        (TOKEN, CODE, ["other"], None, Verdict.ACCEPTED, "The token code is kept and used"),
        (TOKEN, CODE, [CODE, "other"], None, Verdict.DUPLICATE, "was given before"),
        (TOKEN, None, [], None, Verdict.MISMATCH, "waits for a token code"),
        (TOKEN, f"{CODE} more", [], None, Verdict.MISMATCH, "not have the form of a token code"),
        (TOKEN, "a" * 4095, [], None, Verdict.ACCEPTED, "kept and used"),
        (REQUESTED, REQUEST, [], None, Verdict.ACCEPTED, "The request code is kept and used"),
        (REQUESTED, "two words\tand\nlines", [], None, Verdict.ACCEPTED, "kept and used"),
        (REQUESTED, "\x1b", [], None, Verdict.MISMATCH, "not have the form of a request code"),
        (REQUESTED, f"{REQUEST}\x00", [], None, Verdict.MISMATCH, "not have the form"),
        (STEP, None, [], None, Verdict.ACCEPTED, "Noted as done"),
        (replace(STEP, done=True), None, [], None, Verdict.DUPLICATE, "reported as done before"),
        (STEP, CODE, [], None, Verdict.NOT_EXPECTED, "waits for no code"),
        (None, CODE, [], None, Verdict.NOT_EXPECTED, "Nothing waits for this answer"),
        (None, None, [], None, Verdict.NOT_EXPECTED, "Nothing waits for this answer"),
        (None, CODE, [CODE], None, Verdict.DUPLICATE, "was given before"),
        (None, CODE, [], TOKEN, Verdict.NOT_EXPECTED, "was taken back"),
        (None, None, [], TOKEN, Verdict.NOT_EXPECTED, "was taken back"),
        (None, None, [], replace(TOKEN, done=True), Verdict.DUPLICATE, "is closed already"),
        (None, CODE, [], replace(TOKEN, done=True), Verdict.NOT_EXPECTED, "Nothing waits"),
    ],
)
def test_an_answer_is_judged_by_what_waits_and_what_came_before(
    waits: m.Waiting | None,
    value: str | None,
    earlier: list[str],
    closed: m.Waiting | None,
    verdict: Verdict,
    word: str,
) -> None:
    judged, text = judge(waits, value, earlier, closed)
    assert (judged, word in text) == (verdict, True), text


def reservation(kind: m.Kind = m.Kind.RESERVE, **params: Any) -> m.Waiting:
    return replace(
        waiting(wants=m.CodeKind.AUTHORIZATION),
        kind=kind.value,
        subject=SERIAL,
        params={"serial": SERIAL, "udi": UDI, **params},
    )


def wanted(*quantities: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"entitlement": "x", "tag": tag, "quantity": quantity} for tag, quantity in quantities]


BOTH = authorization(10, desk=5)


@pytest.mark.parametrize(
    ("waits", "code"),
    [
        (reservation(), authorization(10)),
        (reservation(lines=wanted((RMS, 10), (DESK, 5))), BOTH),
        (reservation(lines=wanted((DESK, 5), (RMS, 10))), BOTH),
        (reservation(lines=tuple(wanted((RMS, 10)))), authorization(10, desk=0)),
        (reservation(lines=[]), authorization(0, desk=0)),
        (reservation(lines="unreadable"), BOTH),
        (reservation(m.Kind.FETCH_AUTHORIZATION, lines=[]), BOTH),
        (reservation(m.Kind.FETCH_AUTHORIZATION, lines=wanted((RMS, 10))), authorization(10)),
        (reservation(udi=None), authorization(udi="P:EXPY")),
        (reservation(udi=None, serial="0ab0ab0a"), authorization(udi="P:EXPY")),
        (reservation(lines=lines(10, tag=None)), authorization(10)),
        (reservation(udi=None, serial=None), authorization(udi=f"P:EXPY,S:{SERIAL}")),
        (reservation(udi=None, serial="0ab0ab0a"), authorization(udi="P:EXPY,S:0AB0AB0A")),
    ],
)
def test_the_code_that_was_asked_for_is_used(waits: m.Waiting, code: str) -> None:
    assert judge(waits, code, [], None)[0] is Verdict.ACCEPTED


@pytest.mark.parametrize(
    ("waits", "code", "said"),
    [
        (
            reservation(lines=wanted((RMS, 11), (DESK, 5))),
            BOTH,
            (
                "The code gives 10 Expressway Rich Media Session, 5 Expressway Desktop Registration; "
                f"11 {RMS}, 5 {DESK} was asked for."
            ),
        ),
        (
            reservation(lines=[{"entitlement": "rms", "name": "Rooms", "tag": "t", "quantity": 4}]),
            authorization(10),
            "The code gives 10 Expressway Rich Media Session; 4 Rooms was asked for.",
        ),
        (
            reservation(lines=[{"entitlement": "rms", "quantity": 4}]),
            authorization(10),
            "The code gives 10 Expressway Rich Media Session; 4 rms was asked for.",
        ),
        (
            reservation(lines=[]),
            authorization(0, desk=5),
            (
                "The code gives 0 Expressway Rich Media Session, 5 Expressway Desktop Registration; "
                "nothing was asked for."
            ),
        ),
        (
            reservation(m.Kind.FETCH_AUTHORIZATION, lines=wanted((RMS, 11))),
            authorization(10),
            f"The code gives 10 Expressway Rich Media Session; 11 {RMS} was asked for.",
        ),
        (
            reservation(udi=None, serial="0AB0AB0A"),
            authorization(),
            f"The code is for {UDI}, and serial 0AB0AB0A was asked for.",
        ),
        (
            reservation(udi="P:EXPY", serial="0AB0AB0A"),
            authorization(),
            f"The code is for {UDI}, and P:EXPY was asked for.",
        ),
        (
            reservation(udi="P:EXPY,S:0AB0AB0A,U:ff"),
            authorization(),
            f"The code is for {UDI}, and P:EXPY,S:0AB0AB0A,U:ff was asked for.",
        ),
    ],
)
def test_another_one_is_kept_and_both_are_named(waits: m.Waiting, code: str, said: str) -> None:
    assert judge(waits, code, [], None) == (Verdict.MISMATCH, f"{said} It is kept and not used.")


def test_only_an_authorization_code_is_read_as_one() -> None:
    assert judge(replace(reservation(), wants=m.CodeKind.RETURN), "A9-B7", [], None)[0] is Verdict.ACCEPTED
    assert judge(reservation(), "A9-B7", [], None)[0] is Verdict.MISMATCH
