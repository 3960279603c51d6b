"""The agent's text: lines to sections, and the vocabulary; a word that nobody knows means nothing."""

from __future__ import annotations

from typing import Any

import pytest

from providers.expressway.agent_text import (
    authorization_status,
    is_section,
    plain_words,
    read_date,
    read_span,
    registration_status,
    sections,
    switch,
)
from providers.expressway.licence import is_licence_text, read_licence, udi_serial
from reconciler.model import UNKNOWN, AuthorizationStatus, RegistrationStatus

A, R = AuthorizationStatus, RegistrationStatus
UNREGISTERED = ("Registration:", "Status: UNREGISTERED")


def field(name: str, *lines: str) -> Any:
    return getattr(read_licence(lines), name)


# --- sections ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "section"),
    [
        ("Registration:", "registration"),
        ("REGISTRATION", "registration"),
        ("  License Authorization :", "authorization"),
        ("Authorization:", "authorization"),
        ("Evaluation Period:", "evaluation"),
        ("Data Privacy:", "privacy"),
        ("License Usage", "usage"),
        ("Product Information", "product information"),
        ("Reservation Info", "reservation"),
        ("License Reservation", "reservation"),
        ("Registrations:", None),
        ("RegistrationX", None),
        ("", None),
    ],
)
def test_a_title_opens_its_section_in_any_case(title: str, section: str | None) -> None:
    assert is_section(title) == section


@pytest.mark.parametrize(
    "title",
    ["Utility:", "Miscellaneous:", "Policy", "Agent Version", "Call Home:", "Export Authorization Key:"],
)
def test_what_stands_under_a_title_of_something_else_is_no_registration(title: str) -> None:
    lines = (*UNREGISTERED, title, "Status: REGISTERED", "Virtual Account: Other")
    assert field("registration", *lines) is R.UNREGISTERED
    assert field("virtual_account", *lines) is None


@pytest.mark.parametrize("title", ["Smart Licensing Status", "License:", "All:"])
def test_a_title_of_the_whole_is_where_it_says_whether_it_is_on(title: str) -> None:
    assert field("enabled", "Utility:", title, "Smart Licensing is ENABLED") is True


def test_a_line_that_only_says_a_title_word_before_a_value_is_no_title() -> None:
    lines = ("Registration: done", "Status: EXPIRED")
    assert sections(lines).seen == set()
    assert sections(lines).pairs == {"preamble": [("registration", "done"), ("status", "EXPIRED")]}


@pytest.mark.parametrize(
    ("rule", "is_one"),
    [("===", True), ("---", True), ("-=-", True), ("--", False), ("- -", False), ("==a", False)],
)
def test_a_rule_between_sections_says_nothing(rule: str, is_one: bool) -> None:
    assert sections(("Utility:", rule)).lines("utility") == ([] if is_one else [rule])


def test_a_sentence_that_is_too_long_for_a_name_has_no_value() -> None:
    block = sections(("Registration:", f"{'k' * 90}: v", f"{'k' * 91}: v"))
    assert block.pairs == {"registration": [("k" * 90, "v")]}


def test_blank_lines_and_damaged_ones_leave_the_rest_as_it_is() -> None:
    block = sections(("Registration:", "", "  ", "Sta\x00tus: REGISTERED", "Status:   on   hold ", "hm"))
    assert block.damaged
    assert block.pairs == {"registration": [("status", "on hold")]}
    assert block.plain == {"registration": ["Status: on hold", "hm"]}
    assert block.seen == {"registration"}


def test_another_node_of_a_search_is_not_this_one() -> None:
    one = (
        "*s Show License: /",
        "Smart Licensing is ENABLED",
        "Registration:",
        "Status: REGISTERED",
        "*s/end",
    )
    other = ("*s Other: /", "Smart Licensing is DISABLED", "Status: EXPIRED")
    assert field("registration", *one, *other) is R.REGISTERED
    assert field("enabled", *other, *one) is True


def test_a_mark_of_another_node_stands_at_the_beginning_of_its_line() -> None:
    assert field("registration", "Registration:", "see *s Other", "Status: REGISTERED") is R.REGISTERED


@pytest.mark.parametrize("lines", [("Registration",), ("Authorization:",), ("Smart Licensing is ENABLED",)])
def test_a_licence_text_has_its_titles_or_its_first_sentence(lines: tuple[str, ...]) -> None:
    assert is_licence_text(lines)


@pytest.mark.parametrize(
    "lines",
    [("Transport:", "URL: x"), ("Smart Licensing was ENABLED",), ("So Smart Licensing is ENABLED",), ()],
)
def test_another_text_is_none(lines: tuple[str, ...]) -> None:
    assert not is_licence_text(lines)


def test_the_sentence_counts_only_before_the_sections() -> None:
    assert not is_licence_text(("Transport:", "Smart Licensing is ENABLED"))
    assert field("enabled", "Transport:", "Smart Licensing is ENABLED") is UNKNOWN


# --- words ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Authorized - Reserved", "AUTHORIZED RESERVED"),
        ("AUTHORIZED on Jun 10 2020 08:02:32 UTC", "AUTHORIZED"),
        ("AUTHORIZED as of 2020-06-10", "AUTHORIZED"),
        ("EXPIRED at Jun. 10", "EXPIRED"),
        ("REGISTERED on hold", "REGISTERED ON HOLD"),
        ("", ""),
    ],
)
def test_words_are_compared_without_their_date_and_dashes(text: str, words: str) -> None:
    assert plain_words(text) == words


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("NOT REGISTERED", R.UNREGISTERED),
        ("REGISTERING", R.PENDING),
        ("REGISTRATION IN PROGRESS", R.PENDING),
        ("UNREGISTERED - REGISTRATION EXPIRED on Jan 2 2026", R.EXPIRED),
        ("REGISTRATION FAILED", R.FAILED),
        ("RESERVATION PENDING", R.RESERVATION_PENDING),
        ("RESERVATION IN PROGRESS", R.RESERVATION_PENDING),
        ("SPECIFIC LICENSE RESERVATION", R.RESERVED_SPECIFIC),
        ("PERMANENT RESERVATION", R.RESERVED_UNIVERSAL),
        ("LICENSE RESERVATION", None),
        ("RESERVATION RETURN IN PROGRESS", None),
        ("REGISTERED - ", None),
        ("REGISTERED:", None),
        ("UNREGISTERED UNREGISTERED", R.UNREGISTERED),
        ("REGISTERED UNREGISTERED", None),
    ],
)
def test_more_registration_words(text: str, status: R | None) -> None:
    assert registration_status(text) is status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("EVALUATION EXPIRED", A.EVALUATION_EXPIRED),
        ("EVAL PERIOD EXPIRED", A.EVALUATION_EXPIRED),
        ("EVALUATION PERIOD EXPIRED", A.EVALUATION_EXPIRED),
        ("IN COMPLIANCE", A.AUTHORIZED),
        ("EXPIRED", None),
    ],
)
def test_more_authorization_words(text: str, status: A | None) -> None:
    assert authorization_status(text) is status


@pytest.mark.parametrize(
    ("values", "state"),
    [
        (["ENABLED"], True),
        (["on"], True),
        (["Yes."], True),
        (["DISABLED"], False),
        (["Off"], False),
        (["no"], False),
        (["ENABLED", "yes"], True),
        (["ENABLED", "DISABLED"], UNKNOWN),
        (["ENABLED", "SLEEPING"], UNKNOWN),
        (["DISABLED", "SLEEPING"], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_a_switch_is_on_or_off_where_all_say_so(values: list[str], state: Any) -> None:
    assert switch(values) is state


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3 days", 259_200),
        ("1 hour", 3_600),
        ("2 hrs", 7_200),
        ("1 minute", 60),
        ("5 mins", 300),
        ("7 seconds", 7),
        ("8 sec", 8),
        ("1 day, 1 hour, 1 minute, 1 second", 90_061),
        ("1Day,2 HOURS", 93_600),
        ("1 day,", None),
        ("1 week", None),
        ("100000 days", None),
        ("1 day 2 hours", None),
    ],
)
def test_a_span_is_summed_in_seconds_or_not_known(text: str, seconds: int | None) -> None:
    assert read_span(text) == seconds


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Jan 2 2026 3:04:05 UTC", "2026-01-02T03:04:05+00:00"),
        ("December 31, 2026 23:59:59 GMT", "2026-12-31T23:59:59+00:00"),
        ("on Sept. 1 2026 00:00:00 UTC in all", "2026-09-01T00:00:00+00:00"),
        ("Jan 2 2026 24:00:00 UTC", None),
        ("Foo 2 2026 03:04:05 UTC", None),
        ("Jan 2 2026 3:04 UTC", None),
        ("Jan 2 26 03:04:05 UTC", None),
    ],
)
def test_a_date_is_read_wherever_it_stands(text: str, iso: str | None) -> None:
    found = read_date(text)
    assert (found.isoformat() if found else None) == iso


@pytest.mark.parametrize(
    ("udi", "serial"),
    [
        ("P:EXPY,S:0E4D1FA5,U:e53f", "0E4D1FA5"),
        ("SN: 0E4D1FA5 ", "0E4D1FA5"),
        ("PID:EXPY, SN:0E4D1FA5 , X:1", "0E4D1FA5"),
        ("PID:EXPY,SN:0E4D1", UNKNOWN),
        ("PID:EXPY,SN:0E4D1FA50E4D1FA50", UNKNOWN),
        ("PID:EXPY,ASN:0E4D1FA5", UNKNOWN),
        ("PID:EXPY,SN:0E4D-1FA5", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_serial_is_a_whole_part_of_the_udi(udi: str, serial: Any) -> None:
    assert udi_serial(udi) == serial
