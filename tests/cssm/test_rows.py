"""Rows and words of CSSM one by one: each name under which a value may stand, and where it is not known."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from providers.cssm import wire
from providers.cssm.tolerant import Pages, has_rows, moment, number, rows, text
from providers.cssm.wire import Fault
from reconciler.model import UNKNOWN, PoolLine

from .conftest import RMS

# Envelopes


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (199, Fault.REJECTED),
        (200, None),
        (299, None),
        (300, Fault.REDIRECT),
        (399, Fault.REDIRECT),
        (400, Fault.REJECTED),
        (499, Fault.REJECTED),
        (500, Fault.SERVER),
        (599, Fault.SERVER),
    ],
)
def test_a_range_of_http_codes_has_one_meaning(status: int, fault: Fault | None) -> None:
    assert wire.read_answer(status, b"{}").fault is fault
    assert wire.read_answer(status, b"") == wire.Answer(status, None, fault)
    assert wire.read_answer(status, b"no json").fault is (fault or Fault.NOT_JSON)
    assert wire.read_answer(status, b"<html>").fault is (fault or Fault.HTML)


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        ("FAILURE", Fault.REJECTED),
        ("failed", Fault.REJECTED),
        (" Error ", Fault.REJECTED),
        (False, Fault.REJECTED),
        (199, Fault.STRANGE),
        (299, None),
        (300, Fault.STRANGE),
        ("SUCCESSFUL", Fault.STRANGE),
        ([], None),
    ],
)
def test_the_status_inside_is_a_word_or_a_number(word: Any, fault: Fault | None) -> None:
    judged = wire.read_answer(200, json.dumps({"status": word}).encode())
    assert (judged.fault, judged.enveloped) == (fault, True)


@pytest.mark.parametrize(
    ("data", "fault"), [([], None), (None, None), ("x", Fault.STRANGE), (True, Fault.STRANGE)]
)
def test_only_an_object_is_an_envelope_and_a_list_is_an_answer(data: Any, fault: Fault | None) -> None:
    judged = wire.read_answer(200, json.dumps(data).encode())
    assert (judged.fault, judged.enveloped, judged.data) == (fault, False, data)


def nested(depth: int, key: str = "fault") -> dict[str, Any]:
    data: dict[str, Any] = {"message": "said"}
    for _ in range(depth):
        data = {key: data}
    return data


@pytest.mark.parametrize("key", ["fault", "error", "message"])
def test_a_sentence_is_looked_for_three_levels_down(key: str) -> None:
    assert wire.said_by(nested(3, key)) == "said"
    assert wire.said_by(nested(4, key)) == ""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"message": "x" * 301}, "x" * 300),
        ({"message": " ", "error": "e"}, "e"),
        ({"statusMessage": "a", "message": "b"}, "a"),
        ({"message": "b", "error_description": "c"}, "b"),
        ({"faultstring": "f", "error": "e"}, "f"),
        ({"message": {"other": 1}, "error": "e"}, "e"),
        ({"message": 5}, "5"),
        ({"message": ["x"]}, ""),
        ("said", ""),
    ],
)
def test_the_first_sentence_that_says_anything_is_taken(data: Any, said: str) -> None:
    assert wire.said_by(data) == said


def test_a_title_is_looked_for_where_pages_have_one() -> None:
    assert wire.html_title(b"<title lang=en>\n Sign\nin </TITLE>") == "Sign in"
    assert wire.html_title(b" " * 65_536 + b"<title>x</title>") == ""
    assert wire.html_title(b"<title>" + b"x" * 301 + b"</title>") == ""
    assert wire.html_title(b"<title> </title>") == ""


# Accounts


@pytest.mark.parametrize(
    ("row", "ids"),
    [
        ({"domain": "a", "account_id": 1}, ("1", None)),
        ({"domainIdentifier": "a", "accountIdentifier": "x-1"}, ("x-1", None)),
        ({"domain": "a", "id": "7"}, ("7", None)),
        ({"domain": "a", "account_id": "7/8"}, (None, None)),
        ({"domain": "a", "account_id": "7" * 41}, (None, None)),
        ({"domain": "A", "account_id": "1"}, (None, None)),
        ({"domain": "a", "id": 1, "virtualAccounts": {"virtualAccountName": "V", "virtualAccountId": 2}},
         ("1", "2")),
        ({"domain": "a", "id": 1, "virtual_accounts": [{"name": "v", "virtual_account_id": 2}]}, ("1", None)),
        ({"domain": "a", "id": 1, "data": [{"name": "U"}, {"name": "V", "virtual_account_id": 2}]},
         ("1", "2")),
    ],
)  # fmt: skip
def test_an_account_and_its_virtual_account_are_found_by_their_exact_names(
    row: dict[str, Any], ids: tuple[str | None, str | None]
) -> None:
    assert wire.account_ids({"accounts": [{"domain": "other"}, row]}, "a", "V") == ids
    assert wire.account_ids({"data": [row]}, "a", "V") == ids


@pytest.mark.parametrize("key", ["virtualAccounts", "data", "virtual_accounts"])
def test_the_names_of_virtual_accounts_are_listed_under_each_of_these_keys(key: str) -> None:
    assert wire.va_names({key: [{"name": "A"}, {"virtualAccountName": "B"}, {"name": " "}]}) == ("A", "B")


def test_what_is_asked_for_has_the_shape_that_is_documented() -> None:
    assert wire.page_body("V", 200) == {"virtualAccounts": ["V"], "limit": 100, "offset": 200}
    now = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert wire.summary_body(now, "n") == {"data": {"timestamp": 1767323045678, "nonce": "n", "tags": []}}
    assert wire.revoke_token_body("t") == {"tokens": ["t"]}


# Licences


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"license": RMS}, PoolLine(RMS)),
        ({"license": RMS, "status": "In", "inUse": "3"}, PoolLine(RMS, in_use=3, status="In")),
        (
            {"license": RMS, "quantity": 9, "available": 4, "reserved": 2,
             "licenseDetails": [{"endDate": "2028-01-01"}, {"endDate": "2027-01-01"}, {"endDate": None}]},
            PoolLine(RMS, 9, UNKNOWN, 4, 2, ends="2027-01-01"),
        ),
        ({"license": " "}, None),
        ({"name": RMS}, None),
    ],
)  # fmt: skip
def test_each_value_of_a_licence_stands_under_its_name(row: dict[str, Any], line: PoolLine | None) -> None:
    assert wire.pool_line(row) == line


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"display_name": RMS, "tag": "t"}, PoolLine(RMS, tag="t")),
        ({"tag": "t"}, PoolLine("t", tag="t")),
        ({"display_name": RMS, "compliance_status": "OK"}, PoolLine(RMS, status="OK")),
        ({"display_name": RMS, "entitled": 9, "inuse": 4, "reserved": 1}, PoolLine(RMS, 9, 4, 5, 1)),
        ({"display_name": RMS, "prepaid_entitled": 4, "prepaid_inuse": 9}, PoolLine(RMS, 4, 9, 0)),
        ({"display_name": RMS, "entitled": 9}, PoolLine(RMS, 9)),
        ({"display_name": RMS, "inuse": 9}, PoolLine(RMS, in_use=9)),
        (
            {"display_name": RMS, "license_details": {"end_date": "2027-01-01"}},
            PoolLine(RMS, ends="2027-01-01"),
        ),
        ({"name": RMS}, None),
    ],
)
def test_each_value_of_a_summary_stands_under_its_name(row: dict[str, Any], line: PoolLine | None) -> None:
    assert wire.summary_line(row) == line


@pytest.mark.parametrize(
    ("data", "ours"),
    [
        ({"summary": [], "nonce": "n"}, True),
        ({"summary": []}, True),
        ({"summary": [], "nonce": "other"}, False),
        ({"summary": [], "nonce": None}, False),
        ({"nonce": "n"}, False),
        ([], False),
    ],
)
def test_a_summary_is_the_one_that_was_asked_for(data: Any, ours: bool) -> None:
    assert wire.is_summary(data, "n") is ours


def test_a_tag_belongs_to_the_name_beside_it() -> None:
    found = {"summary": [{"display_name": "A", "tag": "1"}, {"display_name": "a", "tag": "2"},
                         {"display_name": "B"}, {"tag": "3"}, {"display_name": "C", "tag": "4"}]}  # fmt: skip
    assert wire.tag_sets(found) == {"a": frozenset({"1", "2"}), "c": frozenset({"4"})}
    assert wire.tags_of(found) == {"c": "4"}


# Tokens


@pytest.mark.parametrize(
    "value", ["short-7", "has blank", 'has"quote', "has\\slash", "x" * 1025, "naïve-token", 12345678]
)
def test_what_could_not_be_typed_at_a_node_is_no_token(value: Any) -> None:
    assert wire.token_of({"token": value}) is None
    assert wire.token_of({"token": "x" * 1024}) == "x" * 1024
    assert wire.token_of({"token": " eight-ch "}) == "eight-ch"


@pytest.mark.parametrize("key", ["tokens", "tokenInfo"])
@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"status": "FAILED", "message": "gone"}, "gone"),
        ({"status": "error"}, "the token was not revoked"),
        ({"status": "SUCCESS", "message": "gone"}, None),
        ({"status": "HM"}, None),
        ({}, None),
    ],
)
def test_a_revocation_is_refused_by_a_word_inside(key: str, row: dict[str, Any], said: str | None) -> None:
    assert wire.revoke_fault({key: [{"status": "SUCCESS"}, row]}) == said


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({"description": "xlicense op-1"}, True),
        ({"a": {"b": {"c": ["xlicense op-1"]}}}, True),
        ({"a": {"b": {"c": [["xlicense op-1"]]}}}, False),
        ({"description": "xlicense op-11"}, False),
        ({"description": "xop-1"}, False),
        ({"description": 5}, False),
        ({}, False),
    ],
)
def test_a_token_of_ours_says_which_effect_made_it(entry: dict[str, Any], found: bool) -> None:
    tokens = {"tokens": [{"description": "foreign"}, {**entry, "token": "token-0815"}]}
    assert wire.own_token(tokens, "op-1") == ("token-0815" if found else None)


@pytest.mark.parametrize(
    ("answer", "bearer"),
    [
        ({"access_token": "t"}, ("t", 3600)),
        ({"access_token": "t", "expires_in": "60"}, ("t", 60)),
        ({"access_token": "t", "expires_in": 0}, ("t", 0)),
        ({"access_token": "t", "expires_in": -5}, ("t", 0)),
        ({"access_token": "t", "expires_in": 86_400}, ("t", 86_400)),
        ({"access_token": "t", "expires_in": 86_402}, ("t", 86_400)),
        ({"access_token": "a b"}, None),
        ({"access_token": ""}, None),
        ({"access_token": 5}, None),
        (["t"], None),
    ],
)
def test_an_access_token_lives_a_day_at_most(answer: Any, bearer: tuple[str, int] | None) -> None:
    assert wire.bearer_of(json.dumps(answer).encode()) == bearer


# Scalars and pages


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("9" * 18, 10**18 - 1),
        ("9" * 19, UNKNOWN),
        ("１", UNKNOWN),
        ("1x", UNKNOWN),
        ("+1", UNKNOWN),
        (float("inf"), UNKNOWN),
    ],
)
def test_a_number_is_whole_and_plain(value: Any, read: Any) -> None:
    assert number(value) == read


def test_a_moment_in_another_zone_is_the_same_moment() -> None:
    assert moment("2026-01-02T03:04:05+02:00") == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)
    assert moment(True) is None


def test_the_first_key_that_is_there_counts_even_where_it_is_empty() -> None:
    assert rows({"a": [], "b": [{"x": 1}]}, "a", "b") == []
    assert rows({"b": [{"x": 1}]}, "a", "b") == [{"x": 1}]
    assert rows([{"x": 1}], "a") == [{"x": 1}]
    assert rows("x", "a") == []


@pytest.mark.parametrize(
    ("data", "has"),
    [
        ({"a": {}}, True),
        ({"b": [1]}, True),
        ({"a": "x"}, False),
        ({"a": "x", "b": []}, True),
        ({"c": []}, False),
        ({"message_code": "no data found"}, True),
        ({"message_code": "no data"}, False),
        ({"totalRows": 0}, True),
        ({"totalRecords": 1}, False),
        (None, False),
    ],
)
def test_an_answer_holds_a_list_or_says_that_there_is_none(data: Any, has: bool) -> None:
    assert has_rows(data, "a", "b") is has


def test_a_collection_of_pages_begins_at_the_beginning_and_uncut() -> None:
    pages = Pages()
    assert (pages.wanted, pages.rows, pages.cut) == (0, [], False)


@pytest.mark.parametrize(
    ("taken", "wanted", "cut"),
    [
        ([(100, 100)], None, False),
        ([(100, 101)], 100, False),
        ([(100, UNKNOWN)], 100, False),
        ([(99, UNKNOWN)], None, False),
        ([(0, 5)], None, False),
        ([(100, 300), (100, 300)], 200, False),
        ([(100, 300), (100, 150)], None, False),
    ],
)
def test_the_next_page_begins_where_the_last_one_ended(
    taken: list[tuple[int, Any]], wanted: int | None, cut: bool
) -> None:
    pages, first = Pages(), 0
    for count, total in taken:
        pages.take([{"n": number} for number in range(first, first + count)], total)
        first += count
    assert (pages.wanted, pages.cut, len(pages.rows)) == (wanted, cut, first)


def test_twenty_thousand_rows_are_read_and_no_more() -> None:
    pages = Pages(size=1)
    for at in range(200):
        assert not pages.cut
        pages.take([{"n": at}], 1000)
    assert (pages.wanted, pages.cut) == (None, True)


def test_a_repeated_page_without_a_total_is_the_end_and_not_a_cut() -> None:
    pages = Pages(size=1)
    pages.take([{"n": 0}], UNKNOWN)
    pages.take([{"n": 0}], UNKNOWN)
    assert (pages.wanted, pages.cut, len(pages.rows)) == (None, False, 1)


def test_a_row_and_its_text_lose_what_no_terminal_should_see() -> None:
    assert text("a\x85b\u2028c\ufeff") == "a b c"
    assert text("\u200b") is None
