"""What is said when a command fails: an error of ours in full, a bug in one line and a report file.

Belongs here: choosing where it goes. Does not belong here: its words (`reporting.error_text`).
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from reconciler import __version__
from reconciler.errors import Exit, XlicenseError

from .console import Console, is_terminal
from .redact import REDACTOR


def show(error: XlicenseError, console: Console) -> int:
    """Prints an error on stderr and returns its exit code."""
    from reconciler.reporting import error_text

    console.say(
        error_text(error, width=console.width_err, color=console.colour_err, caret=is_terminal(sys.stderr))
    )
    return error.exit_code


def report_bug(error: Exception, args: Sequence[str], console: Console) -> int:
    """One line on stderr, the rest in a file that can be sent as it stands: no values, no arguments."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(place.filename).name}:{place.lineno}"
    console.say(
        f"Error: this is a bug in xlicense ({type(error).__name__} at {where}). "
        f"Please report it with {_write(_report(error, args))}"
    )
    return Exit.ERROR


def _report(error: BaseException, args: Sequence[str]) -> str:
    words = [word.partition("=")[0] for word in args if word.startswith("-")]
    command = args[0] if args and not args[0].startswith("-") else "(none)"
    lines = [
        f"xlicense {__version__}, Python {platform.python_version()}, {platform.system()}",
        f"command: {command}, options: {' '.join(words) or '(none)'}",
        "",
    ]
    seen: BaseException | None = error
    while seen is not None:
        lines.append(f"{type(seen).__name__}: {REDACTOR.clean(str(seen))}")
        lines += [f"  {f.filename}:{f.lineno} in {f.name}" for f in traceback.extract_tb(seen.__traceback__)]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(lines) + "\n"


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
