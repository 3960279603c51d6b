"""The command line in processes that are killed, one after the other, at every call that touches a file.

Run as ``python -m tests.cli.killed HOME COMMAND...`` with HOME holding ``workspace``, ``state``, ``config``
and ``runtime``: for each such call it copies HOME to ``HOME-N`` and forks a process that dies (SIGKILL) right
before its N-th. It ends with the first copy in which nothing was left to be killed. Each line printed is a
copy and how its process ended.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from types import FrameType

from reconciler.cli.process import run

CALLS = frozenset(
    {"write", "pwrite", "fsync", "replace", "rename", "unlink", "ftruncate", "truncate", "execute", "mkdir"}
)
_MOST = 600


def die_before(number: int) -> None:
    left = number

    def count(_: FrameType, event: str, function: object) -> None:
        nonlocal left
        if event == "c_call" and getattr(function, "__name__", "") in CALLS:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def stand_in(home: Path, number: int) -> Path:
    """A copy of home, in which this process goes on."""
    copy = home.with_name(f"{home.name}-{number}")
    shutil.copytree(home, copy)
    for name in ("state", "config", "runtime"):
        variable = "XDG_RUNTIME_DIR" if name == "runtime" else f"XDG_{name.upper()}_HOME"
        os.environ[variable] = str(copy / name)
    os.chdir(copy / "workspace")
    return copy


def one(home: Path, number: int, command: list[str], told: int) -> bool:
    """Whether this process was killed."""
    copy = stand_in(home, number)
    child = os.fork()
    if child == 0:
        die_before(number)
        os._exit(run(command))
    _, status = os.waitpid(child, 0)
    os.write(told, f"{copy} {os.waitstatus_to_exitcode(status)}\n".encode())
    return os.WIFSIGNALED(status)


def main(home: Path, command: list[str]) -> None:
    told = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    stand_in(home, 0)
    run(command)  # once to its end, so that no child spends its time on imports
    for number in range(1, _MOST):
        if not one(home, number, command, told):
            break


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
