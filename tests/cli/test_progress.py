"""Where a line of the story appears: plain lines, a live line, or nothing."""

from __future__ import annotations

import asyncio
import io
import os
import signal

import click
import pytest

from reconciler.cli.console import Console
from reconciler.cli.progress import Lines, Live, Silent, reporter
from reconciler.cli.signals import stopping
from reconciler.execution import Stop, SystemClock
from reconciler.model import Action, ActionOutcome, Address, Carrier, EffectClass, Kind, Result
from reconciler.ports import Reporter

NODE = Address("cluster/ams-edge/node/e1")
ACTION = Action(
    "node.register:0E4D1FA5:00000000",
    NODE,
    Kind.REGISTER,
    "0E4D1FA5",
    {"token": "token/emea/allowed", "virtual_account": "Expressway EMEA"},
    Carrier.SSH,
    EffectClass.ONCE,
    "not registered",
)


def tell(story: Reporter) -> None:
    """A short run."""
    story.observing(2)
    story.observed(NODE, True)
    story.observed(Address("account/emea"), False)
    story.starting(ACTION)
    story.progress(ACTION, "waiting for the node")
    story.finished(ActionOutcome(ACTION, Result.DONE, "registered", seconds=12))
    story.note("a note")


def told(story: Lines, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with story:
        tell(story)
    out, err = capsys.readouterr()
    assert out == ""
    return [line for line in err.splitlines() if line.strip()]


def console(verbosity: int = 0) -> Console:
    made = Console()
    made.verbosity = verbosity
    return made


def test_plain_lines_tell_starts_ends_and_what_could_not_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(Lines(console()), capsys)
    assert lines[1] == "account/emea: could not be read"
    assert lines[-3].startswith("cluster/ams-edge/node/e1: register")
    assert lines[-2].startswith("cluster/ams-edge/node/e1: done after 12 s")
    assert lines[-1] == "a note"
    assert not any("waiting for the node" in line for line in lines)


def test_verbose_tells_every_reading_and_every_word_on_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(Lines(console(1)), capsys)
    assert "cluster/ams-edge/node/e1: read" in lines
    assert "cluster/ams-edge/node/e1: waiting for the node" in lines


def test_quiet_tells_nothing_but_the_answer_to_a_signal(capsys: pytest.CaptureFixture[str]) -> None:
    story = Silent(console(-1))
    assert told(story, capsys) == []
    story.urgent("stopping")
    assert capsys.readouterr().err == "stopping\n"


def test_a_skipped_action_is_left_to_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    Lines(console()).finished(ActionOutcome(ACTION, Result.SKIPPED, "needs another"))
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_live_line_that_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    story = reporter(console())
    assert isinstance(story, Live)
    with story:
        tell(story)
        assert story.running == {}
    text = terminal.getvalue()
    assert "cluster/ams-edge/node/e1: done after 12 s" in click.unstyle(text)
    assert text.rstrip().endswith("\x1b[2K") or "\x1b[1A\x1b[2K" in text  # erased


def test_no_animation_without_a_terminal_whatever_the_colour() -> None:
    assert type(reporter(Console("always"))) is Lines
    assert isinstance(reporter(console(-1)), Silent)


def test_a_terminal_that_goes_away_does_not_stop_the_story(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Terminal):
        def write(self, text: str) -> int:
            raise OSError(5, "Input/output error")

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", Gone())
    with reporter(console()) as story:
        tell(story)


async def test_the_first_signal_stops_and_the_second_says_what_is_waited_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stop, story, said = Stop(), Lines(console()), ""
    with stopping(stop, story):
        story.starting(ACTION)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await stop.wait(SystemClock(), 10)
        assert "Stopping at a safe point" in capsys.readouterr().err
        os.kill(os.getpid(), signal.SIGINT)
        async with asyncio.timeout(10):
            while not said:
                await asyncio.sleep(0)
                said = capsys.readouterr().err
    assert "Still waiting for: cluster/ams-edge/node/e1: register" in said
    assert "nobody could say then what became of it" in said
