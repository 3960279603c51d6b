"""A journal in the form of version 1, and processes that bring it up and are killed at every write.

Run as ``python -m tests.journal.old_form FOLDER``: for each write it copies the folder and forks a process,
which the kernel ends where a file would grow beyond a limit: in the write-ahead file while the change is
committed (``wal``), in the journal itself while it is taken over (``close``). Each line printed names a copy,
the signal that ended its process, and its exit code.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from reconciler.journal.store import Store

from .bench import NOW

_FRAME = 24 + 4096


def make_old(database: Path) -> None:
    """Take the newest form back to version 1, as its first release left it."""
    db = sqlite3.connect(database)
    db.execute("DROP TABLE schema_history")
    db.execute("PRAGMA user_version = 1")
    db.commit()
    db.close()


def limits(how: str) -> Iterator[int]:
    """Before, within and after each write."""
    if how == "close":
        yield from range(0, 200 * 4096, 2048)
    for number in range(200):
        yield from (32 + number * _FRAME + more for more in (-32, 0, 12, 24, 2048))


def bring_up(database: Path, how: str, limit: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    store = Store(database)
    if store.version != 1:
        os._exit(70)
    if how == "close":
        store.migrate(NOW.isoformat())
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    if how == "wal":
        store.migrate(NOW.isoformat())
    store.close()


def killed(folder: Path, how: str, limit: int) -> int:
    copy = folder.with_name(f"{how}-{limit}")
    shutil.copytree(folder, copy)
    child = os.fork()
    if child == 0:
        bring_up(copy / "journal.sqlite", how, limit)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    sys.stdout.write(f"{copy} {status & 0x7F} {os.waitstatus_to_exitcode(status)}\n")
    return status


if __name__ == "__main__":
    for way in ("wal", "close"):
        for size in limits(way):
            if killed(Path(sys.argv[1]), way, size) == 0:
                break
