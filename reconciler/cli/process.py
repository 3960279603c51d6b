"""One process, from arguments to exit code: whatever happens, no traceback and a documented code.

Belongs here: catching. Does not belong here: wording of errors (reporting), commands.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from reconciler.errors import Exit, XlicenseError

from .app import ENTRIES, root
from .console import Console, silence
from .signals import as_before

HELP_WIDTH = 100
COMPLETE = "_XLICENSE_COMPLETE"


def run(args: Sequence[str]) -> int:
    """Runs one command line. Returns the exit code; never raises what a user should not see."""
    console = Console()
    with _same_folder(), as_before():
        code = _guarded(args, console)
    if console.failed and code == Exit.OK:
        console.say(f"Error: {console.failed}")
        code = Exit.ERROR
    _flush()
    return int(code)


@contextmanager
def _same_folder() -> Iterator[None]:
    """``--chdir`` moves the process; a caller in the same process stays where it was."""
    try:
        here = Path.cwd()
    except OSError:  # the folder was removed under us: -C can still lead somewhere
        yield
        return
    try:
        yield
    finally:
        os.chdir(here)


def _guarded(args: Sequence[str], console: Console) -> int:
    try:
        return _invoke(args, console)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except (KeyboardInterrupt, click.Abort):
        console.say("Interrupted.")
        return Exit.INTERRUPTED
    except click.ClickException as error:
        return _usage(error, args, console)
    except XlicenseError as error:
        from .failure import show

        return show(error, console)
    except BrokenPipeError:  # a help text whose reader has gone
        silence(sys.stdout)
        return Exit.OK
    except Exception as error:
        from .failure import report_bug

        return report_bug(error, args, console)


def _invoke(args: Sequence[str], console: Console) -> int:
    if instruction := os.environ.get(COMPLETE):
        from click.shell_completion import shell_complete

        return shell_complete(root, {}, "xlicense", COMPLETE, instruction)
    width = min(console.width, HELP_WIDTH)
    with root.make_context(
        "xlicense", list(args), obj=console, color=console.colour, terminal_width=width
    ) as context:
        value = root.invoke(context)
    return int(value) if value is not None else Exit.OK


def _usage(error: click.ClickException, args: Sequence[str], console: Console) -> int:
    """What click complains about, with the usage line and the way to the help. Never exit 2."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        if isinstance(error, click.exceptions.NoArgsIsHelpError):
            console.say(_plain(error.ctx.get_help(), console))
            return Exit.USAGE
        console.say(error.ctx.get_usage())
    console.say(f"Error: {error.format_message()}")
    if hint := _hint(error, args):
        console.say(hint)
    return Exit.USAGE


def _plain(text: str, console: Console) -> str:
    return text if console.colour_err else click.unstyle(text)


def _hint(error: click.ClickException, args: Sequence[str]) -> str | None:
    """Options before the command are the commonest slip of people who come from other tools."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        path = error.ctx.command_path
        if isinstance(error, click.NoSuchOption) and error.ctx.parent is None:
            names = {entry.name for entry in ENTRIES}
            name = next((word for word in args if word in names), "COMMAND")
            return f"Options stand after the command: {path} {name} {error.option_name} …"
        return f"Try '{path} --help'."
    return None


def _flush() -> None:
    """So that a pipe broken at the very end is met here and not by the interpreter."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            silence(stream)
