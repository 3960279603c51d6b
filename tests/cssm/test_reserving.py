"""The answers about reservations: two layers of status, and the code in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cssm import reserving, words
from providers.cssm.refusals import refused
from providers.cssm.wire import Answer, Fault, read_answer
from reconciler.errors import Rejected
from reconciler.model import Reservable

CODE = '<specificPLR a="1">\\ ü</specificPLR>'
WHERE = words.Where(
    "reserve licences", "account/a", "Smart Account example.com", "VA", "cssm.test", mutates=True
)


def answer(data: Any, status: int = 200) -> Answer:
    return reserving.judged(read_answer(status, json.dumps(data).encode()))


def issued(**entry: Any) -> dict[str, Any]:
    return {"status": "SUCCESS", "authorizationCodes": [{"authorizationCode": CODE} | entry]}


@pytest.mark.parametrize(
    ("data", "fault", "said"),
    [
        (issued(), None, ""),
        (issued(status="COMPLETE"), None, ""),
        (issued(status="ERROR", statusMessage="inner"), Fault.REJECTED, "inner"),
        (issued(status="QUEUED"), Fault.STRANGE, ""),
        ({"status": "ERROR", "statusMessage": "outer"}, Fault.REJECTED, "outer"),
        (issued(status="ERROR", statusMessage="inner") | {"status": "ERROR"}, Fault.REJECTED, "inner"),
        (issued() | {"status": "ERROR"}, Fault.STRANGE, ""),
        ({"removeProductInstancesStatus": {"status": "FAILED", "message": "x"}}, Fault.REJECTED, "x"),
        ({"status": "OK_POLL"}, Fault.STRANGE, ""),
        ([], None, ""),
    ],
)
def test_both_layers_must_say_yes(data: Any, fault: Fault | None, said: str) -> None:
    judged = answer(data)
    assert (judged.fault, judged.said) == (fault, said)


def test_a_server_that_failed_is_not_judged_by_its_body() -> None:
    assert answer(issued(), status=500).fault is Fault.SERVER


def test_the_code_of_our_request_is_taken_of_several() -> None:
    entries = [
        {"authorizationCode": "other", "reservationCode": "r1"},
        {"authorizationCode": f" {CODE}\n", "reservationCode": "r2"},
    ]
    assert reserving.authorization_of({"authorizationCodes": entries}, "r2") == CODE
    assert reserving.authorization_of({"authorizationCodes": entries}) is None
    assert reserving.authorization_of({"authorizationCodes": entries}, "r3") is None


@pytest.mark.parametrize("value", [None, "", "  ", 7, ["x"], {"a": 1}])
def test_anything_but_a_text_is_no_code(value: Any) -> None:
    assert reserving.authorization_of(issued(authorizationCode=value)) is None


def test_an_entry_that_says_no_has_no_code() -> None:
    assert reserving.authorization_of(issued(status="ERROR")) is None


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_code_is_found_though_the_answer_broke_off_after_it(ascii_only: bool) -> None:
    whole = json.dumps(issued(reservationCode="r"), ensure_ascii=ascii_only).encode()
    end = whole.index(b'"reservationCode"')
    assert reserving.find_authorization(whole) == CODE
    assert reserving.find_authorization(whole[:end]) == CODE


@pytest.mark.parametrize(
    "cut",
    [
        b'{"authorizationCodes":[{"authorizationCode":"<specificPLR>half',
        b'{"a":{"authorizationCode":"one"},"b":{"authorizationCode":"two"',
        b'{"authorizationCode":"\\x"',
        b"",
        b"\xff\x00",
    ],
)
def test_half_a_code_is_no_code(cut: bytes) -> None:
    assert reserving.find_authorization(cut) is None


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fall(body: bytes) -> None:
    reserving.find_authorization(body)
    reserving.judged(read_answer(200, body))


def test_names_of_what_may_be_reserved_come_from_the_answer_or_the_pool() -> None:
    entitlements = [
        {"entitlementTag": "b", "type": "SPECIFIC"},
        {"entitlementTag": "a", "displayName": "A"},
        {"entitlementTag": "u", "type": "UNIVERSAL"},
        {"type": "SPECIFIC"},
    ]
    data = {"data": {"softwareTag": "t", "entitlements": entitlements}}
    assert reserving.reservable_of(data, {"b": "B"}) == (Reservable("a", "A"), Reservable("b", "B"))


def test_a_removal_speaks_every_spelling_that_it_is_told() -> None:
    body = reserving.remove_body({"udiSerialNumber": "x"}, "tag", None, ("one", "two"))
    assert body == {
        key: [{"sudi": {"udiSerialNumber": "x"}, "productTagName": "tag"}] for key in ("one", "two")
    }


def test_a_refusal_that_nobody_knows_is_quoted_and_not_explained() -> None:
    error = refused(Answer(200, fault=Fault.REJECTED, said="Zork"), WHERE)
    assert isinstance(error, Rejected)
    assert 'said no: "Zork"' in error.message
