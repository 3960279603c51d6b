"""What libraries, threads, finalisers and the interpreter itself say: never a value, never a traceback."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.cli.libraries import quiet_the_libraries
from reconciler.cli.redact import REDACTOR

SECRET = "hunter2-canary-hunter2"


@contextmanager
def our_logging() -> Iterator[None]:
    """The loggers as a command has them, and as they were afterwards."""
    root = logging.getLogger()
    before, hook, threads = list(root.handlers), warnings.showwarning, threading.excepthook
    levels = {name: logging.getLogger(name).level for name in ("", "reconciler", "providers")}
    root.handlers[:] = []
    REDACTOR.hide(SECRET)
    quiet_the_libraries(2)
    try:
        yield
    finally:
        logging.captureWarnings(capture=False)
        warnings.showwarning, threading.excepthook = hook, threads
        root.handlers[:] = before
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


def test_libraries_are_silent_below_a_warning_and_redacted_from_there_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with our_logging():
        for name in ("asyncssh", "httpx2", "httpcore2", "authlib", "asyncio", "stamina"):
            logging.getLogger(f"{name}.deep").info("Command: %s", SECRET)
            logging.getLogger(name).warning("%s: %s", name, SECRET)
    err = capsys.readouterr().err
    assert SECRET not in err
    assert err.count("<redacted>") == 6


def test_an_entry_with_an_exception_has_no_locals_and_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    password = SECRET
    with our_logging():
        try:
            raise ValueError(f"cannot use {password}")
        except ValueError:
            logging.getLogger("reconciler.x").exception("failed")
    err = capsys.readouterr().err
    assert "ValueError: cannot use <redacted>" in err
    assert SECRET not in err


def test_an_entry_that_cannot_be_made_shows_nothing_of_its_arguments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """logging's own way prints them to stderr, past every formatter."""
    with our_logging():
        logging.getLogger("asyncssh").warning("%d", SECRET)
    assert capsys.readouterr().err == ""


def test_device_text_in_an_entry_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    with our_logging():
        logging.getLogger("providers").debug("said: %s", "\x1b[2J\u202e\x9b1m")
    assert capsys.readouterr().err == "DEBUG providers: said: \\x1b[2J\\u{202e}\\x9b1m\n"


IN_A_PROCESS = """
import sys
from reconciler.cli.last_resort import guard, release
guard()
from reconciler.cli.libraries import quiet_the_libraries
from reconciler.cli.redact import REDACTOR
quiet_the_libraries(2)
REDACTOR.hide({secret!r})
SECRET = {secret!r}
{body}
release()
"""

CRASHES = {
    "nobody catches": "raise RuntimeError(SECRET)",
    "a chain": "try:\n    raise KeyError(SECRET)\nexcept KeyError as e:\n    raise RuntimeError('x') from e",
    "a group": "raise ExceptionGroup(SECRET, [ValueError(SECRET)])",
    "a thread": "import threading\ndef f(local=SECRET):\n    raise ValueError(local)\n"
    "t = threading.Thread(target=f)\nt.start()\nt.join()",
    "a finaliser": "class X:\n    def __repr__(self):\n        return SECRET\n    def __del__(self):\n"
    "        raise ValueError(SECRET)\nX()",
    "a task": "import asyncio, gc\nasync def f(s):\n    raise ValueError(s)\n"
    "async def main():\n    t = asyncio.ensure_future(f(SECRET))\n    await asyncio.sleep(0)\n"
    "    await asyncio.sleep(0)\n    del t\n    gc.collect()\nasyncio.run(main())",
    "a callback": "import asyncio\ndef f(s):\n    raise ValueError(s)\nasync def main():\n"
    "    asyncio.get_running_loop().call_soon(f, SECRET)\n    await asyncio.sleep(0.01)\nasyncio.run(main())",
    "a warning": "import warnings\nwarnings.warn(SECRET)",
    "a print": "print('leaked', SECRET[:7], file=sys.stderr, end='')\n"
    "print(SECRET, file=sys.stderr)\nsys.stderr.write(SECRET[:9])\nsys.stderr.write(SECRET[9:])",
    "an exit": "sys.exit(SECRET)",
}


@pytest.mark.parametrize("body", CRASHES.values(), ids=CRASHES)
def test_whatever_fails_in_the_process_no_value_is_shown(body: str, tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS.format(secret=SECRET, body=body)],
        capture_output=True, text=True, check=False, env=environment, timeout=60,
    )  # fmt: skip
    assert SECRET not in done.stdout + done.stderr
    assert done.stderr, "something was said"
    reports = [path.read_text() for path in tmp_path.rglob("*.txt")]
    assert all(SECRET not in report for report in reports)
    if body.startswith(("raise", "try")):
        assert "this is a bug in xlicense" in done.stderr
        assert "Traceback" not in done.stderr
        assert len(reports) == 1
        assert "RuntimeError" in reports[0] or "ExceptionGroup" in reports[0]


def test_the_process_writes_no_core_file() -> None:
    script = (
        "from reconciler.cli.last_resort import guard; guard()\n"
        "import resource\nprint(resource.getrlimit(resource.RLIMIT_CORE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "0\n"


def test_a_report_names_options_without_what_they_were_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reconciler.cli.console import Console
    from reconciler.cli.failure import report_bug

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    try:
        raise OSError("\x1b[2J from a device")
    except OSError as error:
        report_bug(error, ["handoff", "answer", "x", "-Cvalue", "--file=value", "-l", "value"], Console())
    report = next(tmp_path.rglob("*.txt")).read_text()
    assert "command: handoff, options: --file -C -l" in report
    assert "value" not in report
    assert "\x1b" not in report
