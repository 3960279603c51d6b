"""The two streams: results on stdout, everything else on stderr; colour, width, closed pipes.

Belongs here: writing text that others made. Does not belong here: making it (reporting).
"""

from __future__ import annotations

import errno
import io
import os
import shutil
import sys
from typing import TextIO

DEFAULT_WIDTH = 120
READ_BY_CI = ("GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "TEAMCITY_VERSION")
COLOURS = ("auto", "always", "never")


def wants_colour(mode: str, stream: TextIO | None) -> bool:
    """``--color`` wins over NO_COLOR, that over FORCE_COLOR, that over what the stream is."""
    if mode != "auto":
        return mode == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def terminal_width(stream: TextIO | None) -> int:
    """Columns of the terminal; 120 where there is none. COLUMNS wins, as everywhere."""
    if os.environ.get("COLUMNS") or is_terminal(stream):
        return max(40, shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns)
    return DEFAULT_WIDTH


def in_ci_log() -> bool:
    """Whether a CI system reads what is printed and looks for commands of its own in it."""
    return any(os.environ.get(name, "").lower() not in {"", "0", "false"} for name in READ_BY_CI)


def harmless(text: str) -> str:
    """A finished text, in which a CI system that reads it finds no command of its own."""
    if not in_ci_log():
        return text
    from reconciler.reporting import for_ci

    return for_ci(text)


class Console:
    """Where a command writes. A reader that has gone away (``| head -1``) never stops a run.

    ``quiet`` silences notes, not results and not errors. ``failed`` is set when a result could not be
    written for another reason than a closed pipe.
    """

    def __init__(self, color: str = "auto") -> None:
        self.verbosity = 0
        self.failed: str | None = None
        self.color = color
        for stream in (sys.stdout, sys.stderr):
            if stream is not None and hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")

    @property
    def quiet(self) -> bool:
        return self.verbosity < 0

    @property
    def colour(self) -> bool:
        return wants_colour(self.color, sys.stdout)

    @property
    def colour_err(self) -> bool:
        return wants_colour(self.color, sys.stderr)

    @property
    def width(self) -> int:
        return terminal_width(sys.stdout)

    @property
    def width_err(self) -> int:
        return terminal_width(sys.stderr)

    @property
    def lively(self) -> bool:
        """Whether stderr is a terminal that an animation may use."""
        return is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"

    def result(self, text: str) -> None:
        """A result for people, on stdout, ending in one newline."""
        self._result(harmless(text))

    def json(self, text: str) -> None:
        """A result for programs: the same JSON, whoever reads the log. DEL is the one control that JSON
        leaves as it is."""
        text = text.replace("\x7f", "\\u007f")
        if in_ci_log():
            from reconciler.reporting import json_for_ci

            text = json_for_ci(text)
        self._result(text)

    def _result(self, text: str) -> None:
        try:
            self._write(sys.stdout, text)
        except OSError as error:
            self.failed = f"the result could not be written: {error.strerror}"

    def say(self, text: str) -> None:
        """Anything else, on stderr, always."""
        try:
            self._write(sys.stderr, harmless(text))
        except OSError:
            return  # nobody is there to tell

    def note(self, text: str) -> None:
        """A line for the reader that ``--quiet`` leaves out."""
        if not self.quiet:
            self.say(text)

    def _write(self, stream: TextIO | None, text: str) -> None:
        if stream is None:
            return
        try:
            stream.write(text if text.endswith("\n") else text + "\n")
            stream.flush()
        except ValueError:  # closed
            return
        except OSError as error:
            silence(stream)
            if error.errno != errno.EPIPE:
                raise


class Unbreakable(io.TextIOBase):
    """stderr for a library that draws on it: a terminal that has gone away never stops a run.

    It holds on to the stream of its making, for such libraries put proxies of theirs into `sys`.
    """

    encoding = "utf-8"

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return is_terminal(self._stream)

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except (OSError, ValueError):
            silence(self._stream)
        return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            silence(self._stream)


def silence(stream: TextIO) -> None:
    """Point a broken stream at nothing, so that neither later writes nor the interpreter's end complain."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):
        return
