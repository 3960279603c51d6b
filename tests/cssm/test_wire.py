"""What CSSM's answers mean, from the shapes that public clients and saved responses show."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cssm import instances, reserving, wire
from providers.cssm.tolerant import Pages, has_rows, moment, number, rows, text, total_of, without
from providers.cssm.wire import Fault, Presence
from reconciler.model import UNKNOWN, PoolLine

TAG = "regid.2016-07.com.cisco.UCM_Enhanced,12.0_66d0d1cf-4863-4761-91d0-d01d3eb1949a"


def answer(data: Any, status: int = 200) -> wire.Answer:
    return wire.read_answer(status, json.dumps(data).encode())


# Envelopes


@pytest.mark.parametrize("word", ["SUCCESS", "OK", "COMPLETE", "success", " COMPLETE ", "", None, True, 200])
def test_success_ok_and_complete_are_good_whatever_the_envelope(word: Any) -> None:
    assert answer({"status": word, "statusMessage": ""}).fault is None


def test_an_error_inside_http_200_is_an_error_with_its_sentence() -> None:
    judged = answer({"status": "ERROR", "statusMessage": " No\x1b[31m such\nlicence "})
    assert (judged.fault, judged.said) == (Fault.REJECTED, "No [31m such licence")


def test_failed_with_a_message_is_an_error_of_the_other_envelope() -> None:
    judged = answer({"status": "FAILED", "message_code": "DUP", "message": "duplicate"})
    assert (judged.fault, judged.said) == (Fault.REJECTED, "duplicate")


def test_a_status_word_that_nobody_knows_is_not_taken_for_success() -> None:
    assert answer({"status": "OK_POLL", "poll_id": 773126444402795033}).fault is Fault.STRANGE


def test_big_ids_stay_exact() -> None:
    assert answer({"status": "OK", "poll_id": 773126444402795033}).data["poll_id"] == 773126444402795033


@pytest.mark.parametrize(
    ("status", "fault"),
    [
        (301, Fault.REDIRECT),
        (400, Fault.REJECTED),
        (401, Fault.UNAUTHORIZED),
        (403, Fault.FORBIDDEN),
        (404, Fault.MISSING),
        (429, Fault.BUSY),
        (502, Fault.SERVER),
    ],
)
def test_the_http_code_counts_before_the_status_inside(status: int, fault: Fault) -> None:
    assert answer({"status": "SUCCESS"}, status).fault is fault


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE html><html><head><title> Sign in &amp; go </title></head></html>",
        b"  <!-- portal -->\n<HTML><TITLE>Sign in &amp; go</TITLE>",
    ],
)
def test_a_web_page_instead_of_json_is_seen_as_one(body: bytes) -> None:
    judged = wire.read_answer(200, body)
    assert (judged.fault, judged.said, judged.enveloped) == (Fault.HTML, "Sign in &amp; go", False)


def test_an_html_page_without_a_title_says_nothing() -> None:
    assert wire.read_answer(200, b"<html><body>x").said == ""


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"Service Unavailable", b"busy <html>", b"[" * 100_000, b"1" * 5000]
)
def test_what_is_not_json_is_said_to_be_not_json(body: bytes) -> None:
    assert wire.read_answer(200, body).fault is Fault.NOT_JSON


def test_a_bare_number_or_text_is_no_answer_of_cssm() -> None:
    assert answer(5).fault is Fault.STRANGE


@pytest.mark.parametrize(
    "data",
    [
        {"error": "invalid_client", "error_description": "said"},
        {"fault": {"faultstring": "said"}},
        {"error": {"message": "said"}},
        {"errorMessage": "said"},
        {"fault": {"fault": {"message": "said"}}},
    ],
)
def test_the_sentence_is_found_wherever_a_gateway_puts_it(data: Any) -> None:
    assert wire.said_by(data) == "said"


def test_an_answer_nested_without_end_says_nothing() -> None:
    nested: dict[str, Any] = {"message": "too deep"}
    for _ in range(10):
        nested = {"fault": nested}
    assert wire.said_by(nested) == ""


def test_a_status_that_is_true_is_good_and_one_that_is_false_is_an_error() -> None:
    assert answer({"status": True}).fault is None
    assert answer({"status": False}).fault is Fault.REJECTED


def test_a_secret_is_taken_out_of_what_was_said() -> None:
    assert without("token abc-def and abc", ["abc", "abc-def", ""]) == "token <redacted> and <redacted>"


# Scalars


@pytest.mark.parametrize(
    ("given_value", "read"),
    [
        (10, 10),
        ("10", 10),
        (" -3 ", -3),
        (10.0, 10),
        (1.5, UNKNOWN),
        (True, UNKNOWN),
        (None, UNKNOWN),
        ("x", UNKNOWN),
    ],
)
def test_a_number_may_be_a_number_or_its_text(given_value: Any, read: Any) -> None:
    assert number(given_value) == read


def test_a_text_loses_its_blanks_and_a_blank_one_is_absent() -> None:
    assert (text(" a "), text("  "), text(None), text(7), text(True), text("\ud800a\u202eb")) == (
        "a",
        None,
        None,
        "7",
        None,
        "?a b",
    )


@pytest.mark.parametrize(
    ("given_value", "read"),
    [
        ("2022-07-11T14:33:41Z", datetime(2022, 7, 11, 14, 33, 41, tzinfo=UTC)),
        ("2019-05-20", datetime(2019, 5, 20, tzinfo=UTC)),
        (1552292522579, datetime(2019, 3, 11, 8, 22, 2, 579000, tzinfo=UTC)),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        (10**30, None),
        (None, None),
    ],
)
def test_a_moment_is_read_in_every_form_that_was_seen(given_value: Any, read: Any) -> None:
    assert moment(given_value) == read


def test_an_object_counts_as_a_list_of_one() -> None:
    assert rows({"data": {"a": 1}}, "data") == [{"a": 1}]
    assert rows({"data": [{"a": 1}, 2]}, "data") == [{"a": 1}]
    assert rows({"data": 5}, "data") == []


def test_an_answer_without_a_list_says_nothing_unless_it_says_that_there_are_none() -> None:
    assert not has_rows({"status": "SUCCESS"}, "tokens")
    assert not has_rows("x", "tokens")
    assert has_rows([], "tokens")
    assert has_rows({"tokens": None}, "tokens")
    assert has_rows({"totalRecords": "0"}, "tokens")
    assert has_rows({"status": "COMPLETE", "message_code": "NO DATA FOUND"}, "tokens")


def test_the_total_has_two_names() -> None:
    assert (total_of({"totalRecords": "2"}), total_of({"totalRows": 3}), total_of([])) == (2, 3, UNKNOWN)


# Paging


def state(pages: Pages) -> tuple[int | None, int, bool]:
    return pages.wanted, len(pages.rows), pages.cut


def page(first: int, count: int) -> list[dict[str, Any]]:
    return [{"n": n} for n in range(first, first + count)]


def test_pages_are_asked_for_until_the_total_is_reached() -> None:
    pages = Pages(size=2)
    pages.take(page(0, 2), 3)
    assert pages.wanted == 2
    pages.take(page(2, 1), 3)
    assert state(pages) == (None, 3, False)


def test_a_total_that_grows_while_we_read_is_followed() -> None:
    pages = Pages(size=2)
    pages.take(page(0, 2), 2 + 1)
    pages.take(page(2, 2), 5)
    assert pages.wanted == 4
    pages.take(page(4, 1), 5)
    assert state(pages) == (None, 5, False)


def test_an_empty_page_ends_it_though_the_total_says_more() -> None:
    pages = Pages(size=2)
    pages.take(page(0, 2), 9)
    pages.take([], 9)
    assert (pages.wanted, pages.cut) == (None, False)


def test_a_row_that_moved_to_the_next_page_is_not_counted_twice() -> None:
    pages = Pages(size=2)
    pages.take(page(0, 2), 4)
    pages.take([{"n": 1}, {"n": 2}], 4)
    assert [row["n"] for row in pages.rows] == [0, 1, 2]


def test_a_row_that_came_again_with_its_keys_in_another_order_is_the_same_row() -> None:
    pages = Pages(size=1)
    pages.take([{"n": 1, "m": 2}], 3)
    pages.take([{"m": 2, "n": 1}, {"n": 2}], 3)
    assert pages.rows == [{"n": 1, "m": 2}, {"n": 2}]


def test_without_a_total_a_short_page_is_the_last() -> None:
    pages = Pages(size=2)
    pages.take(page(0, 2), UNKNOWN)
    assert pages.wanted == 2
    pages.take(page(2, 1), UNKNOWN)
    assert state(pages) == (None, 3, False)


def test_a_server_that_repeats_itself_is_not_asked_for_ever() -> None:
    pages = Pages(size=2)
    pages.take(page(0, 2), 9)
    pages.take(page(0, 2), 9)
    assert (pages.wanted, pages.cut) == (None, True)


def test_the_hard_cap_is_said_out_loud() -> None:
    pages = Pages(size=1, at_most=2)
    pages.take(page(0, 1), 9)
    pages.take(page(1, 1), 9)
    assert (pages.wanted, pages.cut) == (None, True)


# Accounts


def test_ids_are_taken_of_the_account_with_exactly_this_domain() -> None:
    data = {
        "status": "COMPLETE",
        "accounts": [
            {"account_id": "1", "domain": "wework.com", "virtual_accounts": []},
            {
                "account_id": 123456,
                "domain": "work.com",
                "virtual_accounts": [{"default": False, "name": "Lab-01", "virtual_account_id": "654321"}],
            },
        ],
    }
    assert wire.account_ids(data, "work.com", "Lab-01") == ("123456", "654321")
    assert wire.account_ids(data, "work.com", "lab-01") == ("123456", None)
    assert wire.account_ids(data, "other.com", "Lab-01") == (None, None)


def test_the_other_surface_names_the_same_things_differently() -> None:
    accounts = {"totalRows": 1, "data": [{"domainIdentifier": "a.com", "accountIdentifier": 7}]}
    virtual = {"data": {"virtualAccountName": "X", "virtualAccountId": 8, "default": "true"}}
    assert wire.account_ids(accounts, "a.com", "X") == ("7", None)
    assert wire.va_id(virtual, "X") == "8"
    assert wire.va_names(virtual) == ("X",)


def test_an_id_that_could_break_a_header_is_no_id() -> None:
    assert wire.va_id([{"name": "X", "virtual_account_id": "1\r\nX: y"}], "X") is None


def test_virtual_accounts_are_not_known_where_no_list_came() -> None:
    assert wire.va_names({"status": "SUCCESS"}) is None
    assert wire.va_names({"virtualAccounts": [{"name": " A "}, {}]}) == ("A",)


# Licences


def test_a_row_of_the_licence_list_is_read() -> None:
    row = {
        "license": "ISRV AX 500M",
        "virtualAccount": "..",
        "quantity": 10,
        "inUse": 0,
        "available": "10",
        "reserved": 0,
        "pendingQuantity": 0,
        "status": "Out Of Compliance",
        "licenseDetails": [
            {"licenseType": "PERPETUAL", "quantity": 5, "endDate": None},
            {"licenseType": "TERM", "quantity": 5, "endDate": "2019-01-18T01:07:36Z"},
            {"licenseType": "TERM", "quantity": 5, "endDate": "2019-05-20"},
        ],
    }
    assert wire.pool_line(row) == PoolLine(
        "ISRV AX 500M", 10, 0, 10, 0, status="Out Of Compliance", ends="2019-01-18"
    )
    assert wire.pool_line({"quantity": 1}) is None


def test_what_is_reserved_is_not_taken_off_twice_in_the_summary() -> None:
    row = {
        "tag": TAG,
        "display_name": "UC Manager Enhanced License (12.x)",
        "entitled": 10,
        "inuse": "4",
        "reserved": 3,
    }
    line = wire.summary_line(row)
    assert line is not None
    assert (line.quantity, line.in_use, line.available, line.reserved, line.tag) == (10, 4, 6, 3, TAG)


def test_the_older_summary_names_its_quantities_otherwise() -> None:
    line = wire.summary_line({"tag": TAG, "prepaid_entitled": 2, "prepaid_inuse": 3, "prepaid_reserved": 0})
    assert line is not None
    assert (line.name, line.available) == (TAG, 0)


def test_a_quantity_that_is_not_there_is_not_known() -> None:
    line = wire.summary_line({"display_name": "X", "entitled": 3})
    assert line is not None
    assert (line.in_use, line.available) == (UNKNOWN, UNKNOWN)
    assert wire.summary_line({}) is None


def test_tags_join_by_display_name_and_an_ambiguous_name_has_none() -> None:
    data = {
        "summary": [
            {"display_name": "Cisco TelePresence Room", "tag": "t1"},
            {"display_name": "Twice", "tag": "t2"},
            {"display_name": "twice", "tag": "t3"},
            {"display_name": "None"},
        ]
    }
    assert wire.tags_of(data) == {"cisco telepresence room": "t1"}


def test_a_summary_with_another_nonce_belongs_to_another_request() -> None:
    assert wire.is_summary({"summary": [], "nonce": "a"}, "a")
    assert wire.is_summary({"summary": []}, "a")
    assert not wire.is_summary({"summary": [], "nonce": "b"}, "a")


def test_a_row_of_another_virtual_account_does_not_belong() -> None:
    assert wire.belongs({"virtualAccount": "A"}, "A")
    assert wire.belongs({"virtualAccount": ""}, "A")
    assert not wire.belongs({"virtualAccount": "B"}, "A")


# Instances

DEVICE: dict[str, Any] = {
    "licenseUsage": [{"license": "Router US Export Lic. for DNA", "quantity": 1}],
    "hostName": "",
    "sudi": {
        "macAddress": None,
        "udiSerialNumber": "ABCD123456",
        "udiPid": "C8000V",
        "uuid": None,
        "udiVid": None,
    },
    "displayName": "UDI_PID:C8000V; UDI_SN:ABCD123456; ",
    "registrationDate": "2022-07-11T14:33:41Z",
    "productTagName": "",
    "virtualAccount": "TEST",
    "productType": "",
    "status": "In Compliance",
    "lastContactDate": "2022-07-11T14:33:41Z",
}


def test_a_product_instance_is_read_from_the_saved_response() -> None:
    seen = instances.instance_of(DEVICE)
    assert seen is not None
    assert (seen.name, seen.serial, seen.pid) == (
        "UDI_PID:C8000V; UDI_SN:ABCD123456;",
        "ABCD123456",
        "C8000V",
    )
    assert (seen.host_name, seen.product_tag, seen.product_type, seen.uuid) == (None, None, None, None)
    assert seen.last_contact == datetime(2022, 7, 11, 14, 33, 41, tzinfo=UTC)
    assert seen.reserved is UNKNOWN


def test_a_blank_device_key_is_filled_from_the_display_name() -> None:
    seen = instances.instance_of(
        DEVICE | {"sudi": {}, "displayName": "", "instanceName": "UDI_PID:EXPY; UDI_SN:0E4D1FA5; "}
    )
    assert seen is not None
    assert (seen.pid, seen.serial) == ("EXPY", "0E4D1FA5")


def test_an_instance_without_any_name_is_no_instance() -> None:
    assert instances.instance_of({"sudi": None}) is None


# Tokens


def test_the_export_flag_is_one_of_two_texts() -> None:
    body = wire.create_token_body("01J", export_controlled=False, expires_after_days=30)
    assert body == {"description": "xlicense 01J", "expiresAfterDays": 30, "exportControlled": "Not Allowed"}


@pytest.mark.parametrize(
    "data",
    [
        {"status": "SUCCESS", "tokenInfo": {"token": " ZmFrZS10b2tlbg%3D%3D ", "expires": 1}},
        {"status": "SUCCESS", "tokenInfo": [{"token": "ZmFrZS10b2tlbg%3D%3D"}]},
        {"status": "SUCCESS", "token": "ZmFrZS10b2tlbg%3D%3D"},
    ],
)
def test_the_token_comes_from_the_create_answer(data: Any) -> None:
    assert wire.token_of(data) == "ZmFrZS10b2tlbg%3D%3D"
    assert wire.find_token(json.dumps(data).encode()) == "ZmFrZS10b2tlbg%3D%3D"


@pytest.mark.parametrize(
    "data",
    [
        {"tokens": [{"token": "somebody-elses"}]},
        {"tokenInfo": [{"token": "one-of-two-1"}, {"token": "one-of-two-2"}]},
        {"tokenInfo": {"token": "two words"}},
        {"tokenInfo": {"token": 'quo"te-in-it'}},
        {"tokenInfo": {"token": None}},
        [],
        None,
    ],
)
def test_a_token_is_never_taken_from_a_list_or_from_damage(data: Any) -> None:
    assert wire.token_of(data) is None


def test_a_token_is_found_though_the_answer_broke_off_after_it() -> None:
    assert (
        wire.find_token(b'{"status":"SUCCESS","tokenInfo":{"token":"ZmFrZS10b2tlbg==","exp')
        == "ZmFrZS10b2tlbg=="
    )


@pytest.mark.parametrize(
    "data",
    [
        b'{"status":"SUCCESS","tokenInfo":{"token":"ZmFrZS10b2',
        b'{"tokens":[{"token":"ZmFrZS10b2tlbg=="}',
        b"\x00\xff",
        b"",
    ],
)
def test_half_a_token_is_no_token(data: bytes) -> None:
    assert wire.find_token(data) is None


def test_our_token_is_found_by_our_description_in_any_text() -> None:
    data = {
        "tokens": [
            {"token": "foreign-token-1", "description": "for xlicense 01JA2"},
            {"token": "our-token-value", "meta": {"note": ["xlicense 01JA"]}},
        ]
    }
    assert wire.own_token(data, "01JA") == "our-token-value"


@pytest.mark.parametrize(
    "data",
    [
        {"tokens": []},
        {"tokens": [{"token": "another-token", "tokenDescription": "other"}]},
        {"tokens": [{"token": "another-token"}]},
        {"tokens": [{"id": 1, "description": "xlicense 01JA"}]},
        {"tokens": [{"token": "NmE3********", "description": "xlicense 01JA"}]},
        {"status": "SUCCESS"},
        [],
    ],
)
def test_a_token_without_our_description_or_a_value_is_not_taken(data: Any) -> None:
    assert wire.own_token(data, "01JA") is None


def test_a_token_is_listed_by_its_value() -> None:
    data = {"tokens": [{"token": "token-one"}, {"token": "token-two"}]}
    assert wire.listed(data, "token-two") is Presence.PRESENT
    assert wire.listed(data, "token-six") is Presence.ABSENT
    assert wire.listed({"tokens": [{"id": 1}]}, "token-six") is Presence.UNKNOWN
    assert wire.listed({}, "token-six") is Presence.UNKNOWN


def test_an_inner_status_can_say_no_to_a_revoke() -> None:
    assert (
        wire.revoke_fault({"status": "SUCCESS", "tokens": [{"status": "ERROR", "statusMessage": "gone"}]})
        == "gone"
    )
    assert wire.revoke_fault({"tokens": [{"status": "FAILED"}]}) == "the token was not revoked"
    assert wire.revoke_fault({"status": "SUCCESS", "tokens": ["x"]}) is None


# The access token


def test_an_access_token_lives_an_hour_where_nothing_is_said() -> None:
    assert wire.bearer_of(b'{"access_token":"abc","token_type":"BearerToken"}') == ("abc", 3600)
    assert wire.bearer_of(b'{"access_token":"abc","expires_in":"3599"}') == ("abc", 3599)


@pytest.mark.parametrize("body", [b"[]", b"{}", b"<html>", b'{"access_token":"a b"}', b'{"access_token":5}'])
def test_anything_else_is_no_access_token(body: bytes) -> None:
    assert wire.bearer_of(body) is None


# Whatever comes

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = (
    "status statusMessage message data accounts virtualAccounts tokens tokenInfo token devices licenses "
    "summary sudi licenseDetails license displayName lastContactDate fault totalRecords endDate nonce"
)
KEYS = st.sampled_from(NAMES.split()) | st.text(max_size=5)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=25,
)


@given(st.binary(max_size=400), st.integers(100, 599))
def test_no_bytes_make_the_reader_fall(body: bytes, status: int) -> None:
    wire.read_answer(status, body)
    wire.find_token(body)
    wire.bearer_of(body)


@given(JSON)
def test_no_json_makes_a_reader_fall(data: Any) -> None:
    wire.read_answer(200, json.dumps(data).encode())
    wire.account_ids(data, "a", "b")
    wire.va_names(data)
    wire.tags_of(data)
    wire.is_summary(data, "n")
    wire.token_of(data)
    wire.own_token(data, "01J")
    wire.listed(data, "x")
    wire.revoke_fault(data)
    wire.tag_sets(data)
    reserving.authorization_of(data, "x")
    reserving.reservable_of(data, {})
    reserving.judged(wire.Answer(200, data))
    pages = Pages(size=2, at_most=3)
    pages.take(rows(data, "devices", "licenses"), total_of(data))
    for row in rows(data, "devices", "licenses", "summary", "data"):
        instances.instance_of(row)
        instances.place_of(row)
        wire.pool_line(row)
        wire.summary_line(row)
        wire.belongs(row, "v")


def test_an_integer_too_long_to_print_is_no_text() -> None:
    assert text(10**5000) is None


def test_a_row_nested_deeper_than_python_prints_is_still_a_row() -> None:
    deep: Any = None
    for _ in range(5000):
        deep = [deep]
    pages = Pages(size=1)
    pages.take([{"a": deep}], 1)
    assert state(pages) == (None, 1, False)


def test_a_page_of_another_encoding_still_gives_its_title() -> None:
    assert wire.html_title(b"<html><title>Sign-on \xe9</title></html>").startswith("Sign-on")
