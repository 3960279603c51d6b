"""Foreign text is made harmless before it is shown anywhere."""

from __future__ import annotations

import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.reporting.clean import (
    clean,
    for_ci,
    json_for_ci,
    markdown_code,
    markdown_fence,
    markdown_text,
    one_line,
)

HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("\x00\x07\x1b\x7f\x85\r\n\t\u200b\u202e\u2066\ufeff\u3164"))
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("registered", "registered"),
        ("Zürich – 東京", "Zürich – 東京"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\rb", r"a\x0db"),
        ("\x7f\x9b", r"\x7f\x9b"),
        ("abc\u202edef", r"abc\u{202e}def"),
        ("a\u200bb\ufeff", r"a\u{200b}b\u{feff}"),
        ("\u3164\U000e0101", r"\u{3164}\u{e0101}"),
        ("\ud800", r"\u{d800}"),
        ("a\nb\tc", r"a\x0ab\x09c"),
    ],
)
def test_what_could_move_hide_or_turn_is_shown_as_a_number(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_line_ends_and_tabs_stay_on_request_and_nothing_else_does() -> None:
    assert clean("a\n\tb\x1b", keep="\n\t") == "a\n\tb\\x1b"
    assert clean("aX\x1bb", keep="X\x1b") == "aX\\x1bb"
    assert clean("X\n\x1b", keep="\t") == "X\\x0a\\x1b"


def test_a_long_text_is_cut_and_says_so() -> None:
    assert clean("x" * 50, limit=10) == "x" * 9 + "…"
    assert clean("x" * 10, limit=10) == "x" * 10
    assert clean("x" * 2_001) == "x" * 1_999 + "…"


def test_of_an_endless_text_only_what_is_shown_is_looked_at() -> None:
    start = time.process_time()
    assert clean("\x1b" * 5_000_000, limit=5) == "\\x1b…"
    assert time.process_time() - start < 0.2


@given(HOSTILE)
def test_no_control_ever_gets_through(text: str) -> None:
    shown = clean(text, keep="\n\t")
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Cf", "Cs"} and c not in "\n\t"]
    assert len(shown) <= 2_000


@given(HOSTILE, st.sampled_from(["", "\n", "\n\t"]), st.integers(min_value=1, max_value=40))
def test_cleaning_twice_changes_nothing(text: str, keep: str, limit: int) -> None:
    once = clean(text, keep=keep, limit=limit)
    assert clean(once, keep=keep, limit=limit) == once


@given(HOSTILE)
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@pytest.mark.parametrize(
    "command",
    [
        "::set-output name=x::y",
        "  ::add-mask::x",
        "fine\n::error::x",
        "x ##[group]y",
        "##vso[task.setvariable variable=x]y",
        "##VSO[task.complete]",
        "##teamcity[buildStatus]",
        "section_start:1700000000:x",
        "section_end:1700000000:x",
    ],
)
def test_a_ci_system_finds_no_command_of_its_own(command: str) -> None:
    shown = for_ci(command)
    assert shown.replace(" ", "") == command.replace(" ", "")
    lines = [line.strip().lower() for line in shown.split("\n")]
    assert not [line for line in lines if line.startswith("::")]
    assert not [line for line in lines if "##[" in line or "##vso[" in line or "##teamcity[" in line]
    assert not [line for line in lines if "section_start:" in line or "section_end:" in line]
    assert for_ci(shown) == shown


@given(HOSTILE, st.sampled_from(["##[x]", "##VSO[x]y", "section_start:1:x", "\\##[x]", "::x"]))
def test_json_in_a_ci_log_keeps_its_meaning_and_holds_no_command(text: str, command: str) -> None:
    made = json.dumps({"said": [text + command]}, indent=2, ensure_ascii=False)
    shown = json_for_ci(made)
    assert json.loads(shown) == json.loads(made)
    assert for_ci(shown) == shown


def test_a_time_or_an_address_in_a_ci_log_is_left_alone() -> None:
    assert for_ci("fe80::1 at 12:00\n# title\n") == "fe80::1 at 12:00\n# title\n"


def test_markdown_words_carry_no_markup_mention_or_link() -> None:
    shown = markdown_text("<img src=x> **b** [a](http://x) @team #1 a|b\nc `d`")
    assert shown == (r"\<img src=x\> \*\*b\*\* \[a\](http:<!-- -->//x) @<!-- -->team \#1 a\|b c \`d\`")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "`plain`"),
        ("a|b", r"`a\|b`"),
        ("a`b", "``a`b``"),
        ("`x``", "``` `x`` ```"),
        ("`x", "`` `x ``"),
        ("x`", "`` x` ``"),
        ("", "`  `"),
    ],
)
def test_a_code_span_holds_whatever_is_in_it(text: str, shown: str) -> None:
    assert markdown_code(text) == shown


def test_a_fence_is_longer_than_any_run_of_backticks_inside() -> None:
    assert markdown_fence("a\n````\nb", "text") == "`````text\na\n````\nb\n`````"
    assert markdown_fence("a") == "```\na\n```"
    assert markdown_fence("``") == "```\n``\n```"
    assert markdown_fence("a\tb```\x1b") == "````\na\tb```\\x1b\n````"
