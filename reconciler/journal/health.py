"""What is wrong with a state folder, all of it, without repairing anything.

Belongs here: looking at every file although the one before was bad. Does not belong here: keys, clock and
space, which are judged from facts (diagnosis), and how it is shown (cli).
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.errors import JournalError

from .folder import (
    HOLDERS,
    JOURNAL,
    KEEP,
    RESERVE,
    SPOOL,
    check_private,
    disk_trouble,
    no_strangers,
    outside_checkouts,
)
from .leases import Leases
from .opening import check_spool_version, check_version, never_afresh, verify
from .rescue import Rescue
from .spool import Spool
from .store import Store
from .taking_over import rescued
from .views import Lease
from .witness import Witness, witness_of

_RECORD = re.compile(r"(?:record|ends at record) (\d+)")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. ``record`` is the number of the record where trust ends."""

    text: str
    remedy: str
    path: str = ""
    record: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """What was found. ``there`` is False where no journal was ever made. ``newest`` is the time of the last
    record, ``free`` the bytes that this user may still write. ``waiting`` lies in the second place."""

    folder: Path
    there: bool
    troubles: tuple[Trouble, ...]
    leases: tuple[Lease, ...] = ()
    newest: datetime | None = None
    free: int | None = None
    waiting: tuple[Path, ...] = ()


def examine(folder: Path, workspace: str) -> Health:
    """Look at everything. Raises nothing for what is wrong with the files."""
    waiting, troubles = _second_place(workspace)
    troubles += [*_gone(folder), *_disk(folder), *_places(folder)]
    there = folder.is_dir() and not folder.is_symlink()
    leases: tuple[Lease, ...] = ()
    newest = None
    if there and not any(trouble.path for trouble in troubles):
        troubles += _contents(folder)
    if not troubles:
        leases, newest = _inside(folder)
    return Health(folder, there, tuple(troubles), leases, newest, _free(folder), waiting)


def _trouble(error: JournalError, path: Path | None = None) -> Trouble:
    found = _RECORD.search(error.message)
    return Trouble(
        error.message,
        error.remedy or KEEP,
        str(path) if path is not None else "",
        int(found[1]) if found else None,
    )


def _gone(folder: Path) -> Iterator[Trouble]:
    try:
        never_afresh(folder)
    except JournalError as error:
        yield _trouble(error, folder)


def _disk(folder: Path) -> Iterator[Trouble]:
    """Without which even a sound journal cannot be opened."""
    found = disk_trouble(folder)
    if found is not None:
        yield Trouble(f"{folder} cannot be used: {found[0]}", found[1], str(folder))


def _places(folder: Path) -> Iterator[Trouble]:
    """Owner, modes, symlinks, and what is around the folder."""
    try:
        outside_checkouts(folder)
        if folder.parent.is_dir():
            no_strangers(folder.parent)
    except (JournalError, OSError) as error:
        yield _of(error, folder.parent)
    names = (JOURNAL, f"{JOURNAL}-wal", f"{JOURNAL}-shm", SPOOL, RESERVE, HOLDERS)
    for path in (folder, *(folder / name for name in names), witness_of(folder)):
        yield from _place(path)


def _place(path: Path) -> Iterator[Trouble]:
    try:
        found = path.lstat()
        check_private(path)
        wants = os.R_OK | (0 if os.statvfs(path).f_flag & os.ST_RDONLY else os.W_OK)
        if stat.S_ISREG(found.st_mode) and not os.access(path, wants):
            yield Trouble(f"{path} cannot be read and written", f"chmod u+rw {path}", str(path))
    except FileNotFoundError:
        return
    except (JournalError, OSError) as error:
        yield _of(error, path)


def _of(error: JournalError | OSError, path: Path) -> Trouble:
    if isinstance(error, JournalError):
        return _trouble(error, path)
    return Trouble(f"{path} cannot be looked at: {error.strerror}", "Look at its owner and modes.", str(path))


def _contents(folder: Path) -> Iterator[Trouble]:
    if not any((folder / name).exists() for name in (JOURNAL, SPOOL)):
        return
    for text in verify(folder):
        yield _trouble(JournalError(text), None)
    if (folder / JOURNAL).is_file() and (folder / SPOOL).is_file():
        yield from _forms(folder)


def _forms(folder: Path) -> Iterator[Trouble]:
    try:
        spool, store = Spool(folder / SPOOL), Store(folder / JOURNAL)
    except JournalError:
        return  # verify has said so
    try:
        check_spool_version(spool)
        check_version(store)
    except JournalError as error:
        yield _trouble(error)
    finally:
        store.close()
        spool.close()


def _inside(folder: Path) -> tuple[tuple[Lease, ...], datetime | None]:
    """What only a sound journal can tell."""
    if not (folder / JOURNAL).is_file():
        return (), None
    store = Store(folder / JOURNAL)
    try:
        known = Witness(folder).read()
        last = [record.at for record in store.records_after(known.head.seq - 1 if known else 0)]
        leases = Leases(store, folder / HOLDERS).all()
        return leases, datetime.fromisoformat(last[-1]) if last else None
    finally:
        store.close()


def _second_place(workspace: str) -> tuple[tuple[Path, ...], list[Trouble]]:
    try:
        waiting = Rescue(workspace).kept()
    except JournalError as error:
        return (), [_trouble(error, Rescue(workspace).folder)]
    torn = [path for path in waiting if rescued(path) is None]
    return waiting, [
        Trouble(f"{path} was kept in need and is not whole", "Keep it; it may hold a code.", str(path))
        for path in torn
    ]


def _free(folder: Path) -> int | None:
    try:
        there = os.statvfs(folder if folder.exists() else folder.parent)
    except OSError:
        return None
    return there.f_bavail * there.f_frsize
