"""What is said when a command fails: an error of ours in full, a bug in one line and a report file.

Belongs here: choosing where it goes. Does not belong here: its words (`reporting.error_text`).
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from reconciler import __version__
from reconciler.errors import Exit, XlicenseError
from reconciler.reporting import clean

from .console import Console, is_terminal
from .redact import REDACTOR


def show(error: XlicenseError, console: Console) -> int:
    """Prints an error on stderr and returns its exit code.

    Its texts hold no secret; the redactor looks before they are folded into lines all the same, for a
    remote may have said what nobody expected.
    """
    from reconciler.reporting import error_text

    for name in ("message", "said", "remedy"):
        if text := getattr(error, name, None):
            setattr(error, name, REDACTOR.values(text))
    console.say(
        error_text(error, width=console.width_err, color=console.colour_err, caret=is_terminal(sys.stderr))
    )
    return error.exit_code


def report_bug(error: BaseException, args: Sequence[str], console: Console) -> int:
    """One line on stderr, the rest in a file that can be sent as it stands: no values, no arguments."""
    where = next(reversed(_places(error)), "no place")
    console.say(
        f"Error: this is a bug in xlicense ({type(error).__name__} at {where}). "
        f"Please report it with {_write(_report(error, args))}"
    )
    return Exit.ERROR


def _report(error: BaseException, args: Sequence[str]) -> str:
    command = args[0] if args and args[0].replace("-", "").isalpha() else "(none)"
    lines = [
        f"xlicense {__version__}, Python {platform.python_version()}, {platform.system()}",
        f"command: {command}, options: {' '.join(_options(args)) or '(none)'}",
        "",
    ]
    for seen in _chain(error):
        said = clean(REDACTOR.clean(str(seen)), keep="\n\t")
        lines += [f"{type(seen).__name__}: {said}", *(f"  {place}" for place in _places(seen))]
    return "\n".join(lines) + "\n"


def _options(args: Sequence[str]) -> list[str]:
    """Their names only: ``-Cfolder`` and ``--file=name`` hold a value too."""
    long = (word.partition("=")[0] for word in args if word.startswith("--"))
    short = (word[:2] for word in args if word.startswith("-") and not word.startswith("--"))
    return [*long, *short]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what is in it where it is a group, and what it came from; each once."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or any(one is other for other in seen):
            continue
        seen.append(one)
        yield one
        waiting += one.exceptions if isinstance(one, BaseExceptionGroup) else ()
        waiting.append(one.__cause__ or (None if one.__suppress_context__ else one.__context__))


def _places(error: BaseException) -> list[str]:
    """``file.py:line in function``, the last call last; a path could name a person or a customer."""
    return [
        f"{'/'.join(Path(frame.f_code.co_filename).parts[-3:])}:{line} in {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]


def _write(text: str) -> str:
    """The path of the written report; the state folder where it can be written, else the temporary one."""
    name = f"xlicense-bug-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.txt"
    for folder in (_state_folder(), Path(tempfile.gettempdir())):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = folder / name
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(text)
        except OSError:
            continue
        return str(path)
    sys.stderr.write(text)
    return "the lines above; they could not be written to a file."


def _state_folder() -> Path:
    import platformdirs

    return platformdirs.user_state_path("xlicense", appauthor=False) / "bugs"
