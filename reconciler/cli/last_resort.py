"""What holds for the whole process before the first command: no core file, no traceback, no value on stderr.

Belongs here: what the interpreter does when nobody else catches. Does not belong here: what a command
catches (process), signals while an instruction is out (signals). Only `main` comes here: a caller in the
same process keeps its own hooks and streams.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .redact import Guarded

if TYPE_CHECKING:
    from sys import UnraisableHookArgs


def guard() -> None:
    """From here on, whatever happens says at most its kind and its place."""
    _no_core_files()
    sys.excepthook = _uncaught
    sys.unraisablehook = _ignored
    if sys.stderr is not None:
        sys.stderr = Guarded(sys.stderr)


def release() -> None:
    """The end of the process: what stderr still keeps is written."""
    if isinstance(sys.stderr, Guarded):
        with suppress(OSError, ValueError):
            sys.stderr.release()
            sys.stderr.flush()


def _no_core_files() -> None:
    """A core file would hold every secret that this process has read."""
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """For what comes before or after the command: the same as for a bug in it."""
    from .console import Console
    from .failure import report_bug

    if isinstance(error, KeyboardInterrupt):
        Console().say("Interrupted.")
    else:
        report_bug(error.with_traceback(trace), sys.argv[1:], Console())
    del kind


def _ignored(raised: UnraisableHookArgs) -> None:
    """Python goes on after an error in a finaliser; neither its text nor the object is shown."""
    kind = raised.exc_type.__name__
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(
            f"Note: an error at the end of an object was ignored: {kind}{_at(raised.exc_traceback)}\n"
        )


def _at(trace: TracebackType | None) -> str:
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
