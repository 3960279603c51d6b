"""Colour, width and streams."""

from __future__ import annotations

import io

import pytest

from reconciler.cli.console import Console, terminal_width, wants_colour


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("mode", "environment", "terminal", "wanted"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour_is_decided_by_option_then_no_color_then_force_color_then_the_stream(
    mode: str, environment: dict[str, str], terminal: bool, wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(mode, Terminal() if terminal else io.StringIO()) is wanted


def test_width_is_120_where_there_is_no_terminal_and_columns_where_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert terminal_width(io.StringIO()) == 120
    monkeypatch.setenv("COLUMNS", "90")
    assert terminal_width(io.StringIO()) == 90
    monkeypatch.setenv("COLUMNS", "5")
    assert terminal_width(io.StringIO()) == 40


def test_results_go_to_stdout_and_notes_to_stderr_unless_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.result("a result")
    console.note("a note")
    console.verbosity = -1
    console.note("not said")
    console.say("an error")
    out, err = capsys.readouterr()
    assert out == "a result\n"
    assert err == "a note\nan error\n"


def test_json_is_printed_without_the_one_control_that_json_leaves(capsys: pytest.CaptureFixture[str]) -> None:
    Console().json('{"said": "a\x7fb"}')
    assert capsys.readouterr().out == '{"said": "a\\u007fb"}\n'


def test_a_closed_stream_takes_nothing_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr("sys.stdout", closed)
    monkeypatch.setattr("sys.stderr", None)
    console = Console()
    console.result("x")
    console.say("y")
    assert console.failed is None
    assert not console.lively
