"""Whatever happens: a documented exit code, one clear message on the right stream, no traceback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from reconciler.cli.console import Console
from reconciler.cli.failure import report_bug, show
from reconciler.cli.process import run
from reconciler.cli.redact import REDACTOR
from reconciler.errors import Complaint, ConfigError, Exit, Untrusted

BASH = shutil.which("bash") or "/bin/bash"
XLICENSE = [sys.executable, "-m", "reconciler.cli"]


def xlicense(*args: str, **kwargs: object) -> subprocess.CompletedProcess[str]:
    options = {"capture_output": True, "text": True, "timeout": 60, **kwargs}
    return subprocess.run([*XLICENSE, *args], check=False, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["plna"], "Did you mean 'plan'?"),
        (["plan", "--tarqet", "x"], "'--target'?"),
        (["op", "lits"], "Did you mean 'list'?"),
        (["-C", "somewhere", "plan"], "Options stand after the command: xlicense plan -C"),
        (["plan", "-C", "/no/such/folder"], "No such file or directory"),
        (["plan", "--parallelism", "0"], "0 is not in the range"),
        (["plan", "--lock-timeout", "5m"], "No such option"),
        (["apply", "--lock-timeout", "soon"], "'soon' is not a duration such as 30s, 5m or 1h."),
        (["drift", "-l", "ams"], "'ams' is not a pair such as site=ams."),
        (["drift", "--format", "xml"], "'xml' is not one of"),
        (["plan", "--override", "XL011"], "every --override needs a --reason"),
        (["explain"], "Missing argument 'RULE'"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
    ],
)
def test_a_slip_on_the_command_line_exits_64_and_says_what_was_meant(
    args: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(args) == Exit.USAGE
    out, err = capsys.readouterr()
    assert said in err
    assert out == ""
    assert "Traceback" not in err


def test_no_command_at_all_shows_the_help_on_stderr_and_exits_64(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == Exit.USAGE
    out, err = capsys.readouterr()
    assert "The main job" in err
    assert out == ""


def test_version_and_help_exit_0_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == Exit.OK
    assert capsys.readouterr().out.startswith("xlicense ")
    assert run(["op", "--help"]) == Exit.OK
    assert "resolve" in capsys.readouterr().out


def test_chdir_does_not_move_the_caller(tmp_path: Path) -> None:
    here = Path.cwd()
    run(["validate", "-C", str(tmp_path)])
    assert Path.cwd() == here


def test_a_missing_workspace_is_named_and_exits_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "-C", str(tmp_path)]) == Exit.CONFIG
    out, err = capsys.readouterr()
    assert "xlicense init" in err
    assert out == ""


def test_an_error_of_ours_is_shown_with_what_to_do_and_gives_its_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = Untrusted("e1: the host key is not known", remedy="xlicense hostkeys learn e1")
    assert show(error, Console()) == Exit.TRUST
    err = capsys.readouterr().err
    assert "e1: the host key is not known" in err
    assert "xlicense hostkeys learn e1" in err


def test_all_complaints_come_together(capsys: pytest.CaptureFixture[str]) -> None:
    error = ConfigError([Complaint("b.yaml", 2, 1, "two", "x"), Complaint("a.yaml", 1, 1, "one", "x")])
    assert show(error, Console()) == Exit.CONFIG
    err = capsys.readouterr().err
    assert err.index("a.yaml:1:1") < err.index("b.yaml:2:1")


def test_a_bug_is_one_line_and_a_report_that_holds_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    """Messages of foreign exceptions may quote what they choked on, so the report is redacted."""
    secret = "hunter2hunter"
    token = "ZjA1YjhkMzctOGVhNy00YjU0LWFkNmMtOWEx"
    REDACTOR.hide(secret)
    try:
        raise RuntimeError(f"could not parse {secret} {token}")
    except RuntimeError as error:
        code = report_bug(error, ["plan", "--target", "cluster/secret-site"], Console())
    assert code == Exit.ERROR
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "this is a bug" in err
    path = Path(err.split()[-1])
    report = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "test_process.py" in report
    assert "--target" in report
    for hidden in (secret, token, "secret-site"):
        assert hidden not in report
        assert hidden not in err


def test_a_bug_report_goes_elsewhere_when_the_state_folder_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "not-a-folder"
    file.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(file))
    try:
        raise ValueError("x")
    except ValueError as error:
        report_bug(error, ["plan"], Console())
    path = Path(capsys.readouterr().err.split()[-1])
    assert path.exists()
    path.unlink()


def test_a_reader_that_goes_away_does_not_change_the_exit_code() -> None:
    """``xlicense rules | head -1`` and a help whose reader is gone."""
    for args in (["--help"], ["rules"], ["version", "--json"]):
        script = f"set -o pipefail; {' '.join([*XLICENSE, *args])} | true"
        done = subprocess.run([BASH, "-c", script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_closed_streams_are_no_bug() -> None:
    for closing in (">&-", "2>&-", ">&- 2>&-", "<&-"):
        script = f"{' '.join(XLICENSE)} version {closing}"
        done = subprocess.run([BASH, "-c", script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_under_the_result_is_an_error() -> None:
    done = subprocess.run(
        [BASH, "-c", f"{' '.join(XLICENSE)} version > /dev/full"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.ERROR
    assert done.stderr == "Error: the result could not be written: No space left on device\n"


def test_an_interrupt_exits_130_without_a_traceback(tmp_path: Path) -> None:
    """The command waits for the other end of a pipe when the signal comes."""
    fifo = tmp_path / "plan"
    os.mkfifo(fifo)
    command = [*XLICENSE, "show", str(fifo)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        with fifo.open("w"):  # opens only once the command reads
            process.send_signal(signal.SIGINT)
        # Closed by now: a signal that came right before the read is heard when that returns.
        _, err = process.communicate(timeout=30)
    assert process.returncode == Exit.INTERRUPTED
    assert err == "Interrupted.\n"


def test_completion_of_a_word_is_served(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_XLICENSE_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "xlicense dri")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert run([]) == Exit.OK
    assert capsys.readouterr().out.strip() == "plain,drift"


def test_help_without_colour_has_no_escape_sequences(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(["--help"])
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    run(["--help"])
    assert "\x1b[1m" in capsys.readouterr().out
    assert click.unstyle("\x1b[1mx\x1b[0m") == "x"
