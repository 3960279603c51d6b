"""Words and columns that every text of this room uses alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import model as m
from reconciler.reporting.layout import Ink, pad, visible_length, wrap
from reconciler.reporting.words import (
    action_text,
    carrier_text,
    cause_text,
    change_symbol,
    days_text,
    moment,
    plural,
    ranges,
    value_text,
)
from tests.reporting.reporting_samples import E1, MAD1, NOW, PROXY, action


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (m.UNKNOWN, "(not known)"),
        (None, "(none)"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        ("direct", "direct"),
        ("proxy.example.com:3128", "proxy.example.com:3128"),
        ("Expressway EMEA", '"Expressway EMEA"'),
        ("", '""'),
        ("(none)", '"(none)"'),
        ("a\x1b[2J\nb", '"a\\x1b[2J b"'),
    ],
)
def test_a_value_can_never_be_taken_for_another_kind_of_value(value: Any, text: str) -> None:
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("before", "after", "symbol"),
    [
        ("unregistered", "registered", "+"),
        (None, "x", "+"),
        ("off", "on", "+"),
        ("registered", "unregistered", "-"),
        ("x", None, "-"),
        ("x", "y", "~"),
        (m.UNKNOWN, "x", "?"),
    ],
)
def test_the_symbol_of_a_change_says_whether_something_begins_ends_or_changes(
    before: m.Value, after: m.Value, symbol: str
) -> None:
    assert change_symbol(m.Change(E1, "field", before, after)) == symbol


def test_a_cause_is_told_as_far_as_it_is_known() -> None:
    change = m.Change(E1, "url", "a", "b", m.Cause.CHANGED_BEHIND)
    assert cause_text(change) == "changed behind our back"
    assert cause_text(replace(change, last_seen="b")) == "changed behind our back; last verified b"
    assert cause_text(replace(change, cause=m.Cause.UNTOLD)) == ""


@pytest.mark.parametrize(
    ("kind", "params", "text"),
    [
        (
            m.Kind.SET_URL,
            {"url": "https://a.example.com"},
            "set the Smart Licensing URL to https://a.example.com",
        ),
        (m.Kind.SET_TRANSPORT, {"transport": "direct", "nodes": [E1]}, "set the transport to direct"),
        (
            m.Kind.SET_PROXY,
            {"host": "p", "port": 80, "username": "u"},
            "set the proxy to p:80, user name u",
        ),
        (
            m.Kind.CREATE_TOKEN,
            {"export_controlled": False},
            "create a registration token: export-controlled features not allowed",
        ),
        (m.Kind.REGISTER, {}, "register"),
        (m.Kind.REREGISTER, {"virtual_account": "A"}, "register again to A"),
        (m.Kind.ENABLE_SMART, {}, "switch Smart Licensing on"),
        (m.Kind.REVOKE_TOKEN, {}, "revoke the registration token"),
        (m.Kind.RENEW_AUTHORIZATION, {}, "renew authorization"),
    ],
)
def test_an_action_is_a_phrase_in_the_imperative(kind: m.Kind, params: dict[str, Any], text: str) -> None:
    assert action_text(action(E1, kind, "because", params)) == text


def test_every_kind_of_action_has_words_without_dots_and_underscores() -> None:
    for kind in m.Kind:
        assert not set("._") & set(action_text(action(E1, kind, "because", {"url": "x"})))


@pytest.mark.parametrize(
    ("carrier", "text"),
    [
        (m.Carrier.SSH, "over ssh"),
        (m.Carrier.API, "by API"),
        (m.Carrier.REST, "by REST"),
        (m.Carrier.PERSON, "BY A PERSON"),
    ],
)
def test_the_carrier_says_how_an_action_reaches_its_target(carrier: m.Carrier, text: str) -> None:
    assert carrier_text(replace(PROXY, carrier=carrier, carrier_note=None)) == text


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (m.EvaluationLeft(MAD1, 81, running=True), "81 days left"),
        (m.EvaluationLeft(MAD1, 1, running=True, remembered=True), "1 day left (as last seen)"),
        (m.EvaluationLeft(MAD1, 0, running=True), "EXPIRED"),
        (m.EvaluationLeft(MAD1, 9, running=False), "9 days left (stopped)"),
    ],
)
def test_the_days_of_a_clock_say_what_the_number_is_worth(left: m.EvaluationLeft, text: str) -> None:
    assert days_text(left) == text


def test_numbers_times_and_ranges_are_written_for_people() -> None:
    assert (plural(1, "node"), plural(1_200, "node")) == ("1 node", "1,200 nodes")
    assert moment(NOW) == "2026-11-24 03:57 UTC"
    assert ranges([5, 1, 3, 4, 9]) == "1, 3-5, 9"


def test_length_counts_columns_and_not_characters() -> None:
    assert visible_length("\x1b[31mred\x1b[0m") == 3
    assert visible_length("東京") == 4
    assert visible_length("e\u0301") == 1
    assert pad("東", 4) == "東  "


def test_ink_leaves_a_text_without_style_alone() -> None:
    assert Ink(True)(None, "x") == "x"
    assert Ink(True)("red", "") == ""
    assert Ink(True)("red", "x") == "\x1b[31mx\x1b[0m"


def test_a_command_or_address_is_never_broken() -> None:
    assert wrap("see https://example.com/a/very/long/path now", 12, first="- ") == [
        "- see",
        "  https://example.com/a/very/long/path",
        "  now",
    ]
    assert wrap("a\nb", 20, first="1. ", rest="> ") == ["1. a", "> b"]


@given(st.lists(st.text("abc", min_size=1, max_size=8), max_size=30), st.integers(min_value=12, max_value=40))
def test_wrapping_loses_no_word_and_keeps_the_width(words: list[str], width: int) -> None:
    lines = wrap(" ".join(words), width, first="* ")
    assert " ".join(lines).replace("*", "").split() == words
    assert max(len(line) for line in lines) <= width
