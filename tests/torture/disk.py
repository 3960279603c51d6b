"""A disk that dies at a chosen write, and keeps only what it had promised to keep.

In one process, with the journal's real files: from the chosen point on every call fails, and what the disk
then holds is copied: whole what was synced, and of the rest a part that ends at any byte. Belongs here: which
bytes survive. Does not belong here: what is written, and what is made of it afterwards.

Nothing of ours is patched: `os` and `sqlite3` are, for the length of a block.
"""

from __future__ import annotations

import fcntl
import os
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SPOOL, WAL = "spool", "journal.sqlite-wal"
_WRITES = ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT", "ROLLBACK")


class Dead(BaseException):
    """The machine has no power any more. Nothing of ours may catch it and go on."""


class Disk:
    """``at`` is the point at which it dies (0: never). ``windows`` are the points that were passed."""

    def __init__(self, folder: Path, at: int, dice: random.Random) -> None:
        self.folder = folder
        self.windows: list[str] = []
        self.dead = False
        self._at = at
        self._dice = dice
        self._synced: dict[str, int] = {}

    def _size(self, name: str) -> int:
        path = self.folder / name
        return path.stat().st_size if path.exists() else 0

    def step(self, name: str, file: str, call: Callable[[], Any], *, synced: bool) -> Any:
        """A call that changes this file: it is not done, done in part, or done before the disk dies."""
        if self.dead:
            raise Dead
        before = self._size(file)
        if self._passes(f"{name} not done"):
            self._synced.setdefault(file, before)
            self._die()
        result = call()
        if synced:
            self._synced.pop(file, None)
        else:
            self._synced.setdefault(file, before)
        if self._passes(f"{name} torn"):
            self._synced[file] = min(before, self._synced.get(file, before))
            self._die()
        if self._passes(f"{name} done"):
            self._die()
        return result

    def _passes(self, window: str) -> bool:
        self.windows.append(window)
        return len(self.windows) == self._at

    def _die(self) -> None:
        self.dead = True
        raise Dead

    def survives(self, target: Path) -> None:
        """Copy what the disk holds. The index of the WAL was never on it."""
        shutil.copytree(self.folder, target, ignore=shutil.ignore_patterns("*-shm"))
        for name, kept in self._synced.items():
            path = target / name
            if path.exists() and path.stat().st_size > kept:
                os.truncate(path, self._dice.randint(kept, path.stat().st_size))


@contextmanager
def dying(disk: Disk) -> Iterator[None]:
    """In this block, files and databases are on this disk."""
    saved = os.write, os.ftruncate, sqlite3.connect
    os.write, os.ftruncate = _write(disk, os.write), _truncate(disk, os.ftruncate)
    sqlite3.connect = _connect(disk, sqlite3.connect)  # type: ignore[assignment]
    try:
        yield
    finally:
        os.write, os.ftruncate, sqlite3.connect = saved  # type: ignore[assignment]


def _is_spool(descriptor: int) -> bool:
    return os.readlink(f"/proc/self/fd/{descriptor}").endswith(f"/{SPOOL}")  # noqa: PTH115


def _write(disk: Disk, original: Callable[..., int]) -> Callable[..., int]:
    def write(descriptor: int, data: Any, /) -> int:
        if not _is_spool(descriptor):
            return original(descriptor, data)
        synced = bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DSYNC)
        name = f"spool {'synced' if synced else 'loose'}"
        written: int = disk.step(name, SPOOL, lambda: original(descriptor, data), synced=synced)
        return written

    return write


def _truncate(disk: Disk, original: Callable[[int, int], None]) -> Callable[[int, int], None]:
    def truncate(descriptor: int, length: int) -> None:
        disk.step("spool cut", SPOOL, lambda: original(descriptor, length), synced=True)

    return truncate


def _connect(disk: Disk, original: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            called = super().execute
            word = sql.split(None, 1)[0].upper()
            if word == "COMMIT":
                cursor: sqlite3.Cursor = disk.step("commit", WAL, lambda: called(sql, *args), synced=True)
                return cursor
            if disk.dead and word in _WRITES:
                raise Dead
            return called(sql, *args)

        def executemany(self, sql: str, *args: Any) -> sqlite3.Cursor:
            if disk.dead:
                raise Dead
            return super().executemany(sql, *args)

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        return original(*args, factory=Connection, **kwargs)

    return connect
