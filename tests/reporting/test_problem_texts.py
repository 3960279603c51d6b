"""Errors and complaints: what happened, where, and what to do about it."""

from __future__ import annotations

import pytest

from reconciler.errors import (
    Complaint,
    ConfigError,
    LockHeld,
    PlanFileError,
    Unreachable,
    Untrusted,
    XlicenseError,
)
from reconciler.reporting import complaints_summary, complaints_text, error_text

TYPO = Complaint(
    "clusters/ams-edge.yaml",
    3,
    3,
    "unknown key 'trasnport'; did you mean 'transport'?",
    "unknown-key",
    source_line="  trasnport: {mode: direct}",
)
EMPTY = Complaint("xlicense.yaml", 0, 0, "the file is empty", "empty", "warning")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (XlicenseError("It broke."), "Error: It broke.\n"),
        (
            LockHeld("Run r-7 on build-1 holds cluster/ams-edge.", remedy="xlicense unlock l-3"),
            "Error: Run r-7 on build-1 holds cluster/ams-edge.\nWhat to do:\n  xlicense unlock l-3\n",
        ),
        (
            Untrusted(
                "cluster/ams-edge/node/e1: the host key has changed.",
                said="ssh-ed25519\x1b[2J",
                remedy="Compare it on the console, then\nxlicense hostkeys learn cluster/ams-edge/node/e1",
            ),
            (
                "Error: cluster/ams-edge/node/e1: the host key has changed.\n"
                "  the remote said: ssh-ed25519\\x1b[2J\n"
                "What to do:\n"
                "  Compare it on the console, then\n"
                "  xlicense hostkeys learn cluster/ams-edge/node/e1\n"
            ),
        ),
        (Unreachable("No route to host."), "Error: No route to host.\n"),
        (
            PlanFileError("The plan is stale.", differences=["register at e1 is new", "e2 needs nothing"]),
            "Error: The plan is stale.\n  - register at e1 is new\n  - e2 needs nothing\n",
        ),
        (
            ConfigError([TYPO, EMPTY]),
            (
                "clusters/ams-edge.yaml:3:3: error: unknown key 'trasnport'; did you mean 'transport'? "
                "[unknown-key]\n"
                "xlicense.yaml: warning: the file is empty [empty]\n"
                "\n"
                "Error: 1 error in the configuration\n"
            ),
        ),
    ],
)
def test_an_error_says_what_happened_and_what_to_do(error: XlicenseError, text: str) -> None:
    assert error_text(error) == text


def test_colour_marks_the_word_error_and_the_level_of_a_complaint() -> None:
    assert error_text(XlicenseError("It broke."), color=True) == "\x1b[31mError: \x1b[0mIt broke.\n"
    assert "\x1b[33mwarning:\x1b[0m the file" in complaints_text([EMPTY], color=True)


def test_a_caret_stands_under_the_column() -> None:
    assert complaints_text([TYPO], caret=True).split("\n")[1:] == [
        "  3 |   trasnport: {mode: direct}",
        "    |   ^",
        "",
    ]


def test_a_caret_stays_under_its_column_behind_tabs_and_hidden_characters() -> None:
    hidden = Complaint("a.yaml", 12, 5, "not allowed", "tab", source_line="\ta\x1b:b")
    assert complaints_text([hidden], caret=True).split("\n")[1:] == [
        r"  12 |  a\x1b:b",
        "     |        ^",
        "",
    ]


def test_a_very_long_line_is_shown_around_the_column() -> None:
    deep = Complaint("a.yaml", 1, 30_000, "nested too deep", "depth", source_line="[" * 60_000)
    _, shown, caret, _ = complaints_text([deep], caret=True, width=80).split("\n")
    assert (len(shown), len(caret)) == (80, 44)


def test_a_line_that_could_hold_a_secret_is_not_shown() -> None:
    assert complaints_text([EMPTY], caret=True) == "xlicense.yaml: warning: the file is empty [empty]\n"


def test_no_complaints_are_no_text() -> None:
    assert complaints_text([]) == ""


def test_complaints_are_counted_by_level() -> None:
    assert complaints_summary([TYPO, EMPTY, TYPO]) == "2 errors, 1 warning"
    assert complaints_summary([EMPTY]) == "1 warning"
    assert complaints_summary([]) == "no complaints"
