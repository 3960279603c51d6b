"""Backup, restore and move: one consistent copy of journal and spool, and where it may go.

A backup is an uncompressed tar of three members: ``manifest.json``, ``journal.sqlite``, ``spool``. Codes in
it are sealed as they are in the folder. Nothing here overwrites or removes a journal: what was there is set
aside under another name. The order of renames is such that a process killed between two leaves a folder that
is whole, or none next to its witness, which is never taken for a fresh start.

Belongs here: those three. Does not belong here: what makes a journal trustworthy (`opening`).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.errors import JournalError, LockHeld

from .chain import Head, canonical
from .fold import Fold
from .folder import (
    HOLDERS,
    JOURNAL,
    SPOOL,
    default_folder,
    make_folder,
    names_in,
    no_strangers,
    open_private,
    outside_checkouts,
    point_to,
    sync_folder,
)
from .leases import Leases
from .opening import Files, open_files, read_on
from .spool import Spool
from .store import Store
from .witness import Witness

MANIFEST = "manifest.json"
FORMAT = 1
_MEMBERS = (MANIFEST, JOURNAL, SPOOL)
_MOST = 1 << 34
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds: the workspace, the journal's id, the head of its chain, and when it was made."""

    workspace: str
    journal: str
    head: Head
    at: datetime


@dataclass(frozen=True, slots=True)
class Restored:
    """``before`` is where what was there is now, None where there was nothing."""

    copied: Copied
    folder: Path
    before: Path | None


# Backup


def backup(files: Files, target: Path, now: datetime) -> Copied:
    """Write one consistent copy to a new file (0600). Raises JournalError; never overwrites."""
    if target.exists() or target.is_symlink():
        raise JournalError(f"{target} is there already", remedy="Name a file that is not.")
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with _still(files):
            copied = _write(files, beside, now)
        beside.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise JournalError(f"no backup can be written to {target}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            beside.unlink()
    return copied


@contextmanager
def _still(files: Files) -> Iterator[None]:
    """Nobody writes to either file meanwhile. In this order, as everybody takes them."""
    with files.spool.exclusive():
        files.spool.refresh()
        with files.store.transaction():
            read_on(files.store, files.fold)
            yield


def _write(files: Files, path: Path, now: datetime) -> Copied:
    copied = Copied(files.workspace, files.fold.journal_id, files.fold.head, now)
    with _scratch(path.parent) as scratch:
        files.store.copy_to(scratch / JOURNAL)
        _copy_start(files.spool.path, scratch / SPOOL, files.spool.end)
        (scratch / MANIFEST).write_text(canonical(_manifest(copied, scratch)), encoding="ascii")
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                for name in _MEMBERS:
                    tar.add(scratch / name, name, filter=_plain)
            file.flush()
            os.fsync(file.fileno())
    return copied


def _manifest(copied: Copied, scratch: Path) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "workspace": copied.workspace,
        "journal": copied.journal,
        "head": [copied.head.seq, copied.head.hash],
        "at": copied.at.isoformat(),
        "sha256": {name: _digest(scratch / name) for name in (JOURNAL, SPOOL)},
    }


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


@contextmanager
def _scratch(parent: Path) -> Iterator[Path]:
    """A private folder on the same file system, gone afterwards."""
    path = parent / f".xlicense-{secrets.token_hex(6)}"
    path.mkdir(mode=0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _copy_start(source: Path, target: Path, size: int) -> None:
    """The first ``size`` bytes, synced, readable by the owner alone."""
    descriptor = open_private(target, os.O_WRONLY)
    with source.open("rb") as file, os.fdopen(descriptor, "wb") as copy:
        while size and (chunk := file.read(min(size, _CHUNK))):
            size -= copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Restore


def restore(source: Path, folder: Path, workspace: str, now: datetime, *, older: bool = False) -> Restored:
    """Put this backup in place. Raises JournalError where it is none, or where what is here, or was, is newer
    and ``older`` does not accept that; LockHeld where a run is alive."""
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - the symlink is refused later, not followed
    make_folder(folder.parent)
    with _scratch(folder.parent) as scratch:
        copied = _unpack(source, scratch)
        _must_fit(copied, workspace, source)
        _must_be_sound(scratch, copied)
        _no_living_holder(folder)
        if not older:
            _must_be_newest(copied, folder)
        before = _set_aside(folder, now)
        scratch.rename(folder)
    Witness(folder).forget()
    sync_folder(folder.parent)
    return Restored(copied, folder, before)


def _unpack(source: Path, scratch: Path) -> Copied:
    try:
        with tarfile.open(source, mode="r:") as tar:
            for name in _MEMBERS:
                _take(tar, name, scratch / name)
        data = json.loads((scratch / MANIFEST).read_text("ascii"))
        if data["format"] != FORMAT:
            raise JournalError(
                f"the backup {source} was written by a newer xlicense (form {data['format']})",
                remedy="Use that version or a newer one; nothing was changed.",
            )
        for name, digest in data["sha256"].items():
            if name not in _MEMBERS or _digest(scratch / name) != digest:
                raise JournalError(f"the backup {source} is damaged: {name} was altered", remedy=_OTHER)
        (scratch / MANIFEST).unlink()
        head = Head(int(data["head"][0]), str(data["head"][1]))
        return Copied(data["workspace"], data["journal"], head, datetime.fromisoformat(data["at"]))
    except OSError as error:
        raise JournalError(f"the backup {source} cannot be read: {error.strerror or error}") from error
    except (tarfile.TarError, KeyError, ValueError, TypeError, IndexError, EOFError):
        raise JournalError(f"{source} is no backup of a journal, or a damaged one", remedy=_OTHER) from None


_OTHER = "Take another backup; nothing was changed."


def _take(tar: tarfile.TarFile, name: str, target: Path) -> None:
    """One plain member of this name; nothing in the archive decides where it goes."""
    member = tar.getmember(name)
    file = tar.extractfile(member)
    if file is None or not member.isreg() or member.size > _MOST:
        raise tarfile.TarError(name)
    with os.fdopen(open_private(target, os.O_WRONLY), "wb") as copy:
        shutil.copyfileobj(file, copy, _CHUNK)
        copy.flush()
        os.fsync(copy.fileno())


def _must_fit(copied: Copied, workspace: str, source: Path) -> None:
    if copied.workspace != workspace:
        raise JournalError(f"the backup {source} is of workspace {copied.workspace}, this is {workspace}")


def _must_be_sound(scratch: Path, copied: Copied) -> None:
    """As it would be opened, chain and spool and all; what its manifest says is not believed."""
    files = open_files(scratch, copied.workspace, copied.at)
    try:
        if (files.fold.journal_id, files.fold.head) != (copied.journal, copied.head):
            raise JournalError("the backup does not hold what its manifest says", remedy=_OTHER)
    finally:
        files.close()
        files.witness.forget()


def _no_living_holder(folder: Path) -> None:
    try:
        store = Store(folder / JOURNAL) if (folder / JOURNAL).is_file() else None
    except JournalError:
        return  # a file that cannot even be opened has no holder
    if store is None:
        return
    try:
        alive = [lease for lease in Leases(store, folder / HOLDERS).all() if lease.alive is not False]
    except JournalError:
        return
    finally:
        store.close()
    if alive:
        raise LockHeld(
            f"{alive[0].run_id} by {alive[0].holder} on {alive[0].host} (pid {alive[0].pid}) is at work here",
            remedy=f"Wait for it, or if it is gone: xlicense unlock {alive[0].run_id}",
        )


def _must_be_newest(copied: Copied, folder: Path) -> None:
    for journal, head, where in _heads(folder):
        if journal and journal != copied.journal:
            raise _no(f"{where} belongs to another journal than the backup")
        if head.seq > copied.head.seq:
            raise _no(f"the backup ends at record {copied.head.seq}, and {where} knows record {head.seq}")


def _no(message: str) -> JournalError:
    remedy = "Take a newer backup. If there is none: --older accepts the loss, and what is here is set aside."
    return JournalError(message, remedy=remedy)


def _heads(folder: Path) -> Iterator[tuple[str, Head, Path]]:
    """What the witness, the spool and the journal know, as far as each can be read by itself."""
    known = Witness(folder).read()
    if known is not None:
        yield known.journal, known.head, Witness(folder).path
    for look in (_head_in_spool, _head_in_journal):
        try:
            found = look(folder)
        except JournalError:
            continue
        if found is not None:
            yield found


def _head_in_spool(folder: Path) -> tuple[str, Head, Path] | None:
    if not (folder / SPOOL).is_file():
        return None
    spool = Spool(folder / SPOOL)
    spool.close()
    return str((spool.opening or {}).get("journal", "")), spool.head, spool.path


def _head_in_journal(folder: Path) -> tuple[str, Head, Path] | None:
    if not (folder / JOURNAL).is_file():
        return None
    store, fold = Store(folder / JOURNAL), Fold()
    try:
        read_on(store, fold)
    except JournalError:
        pass  # as far as its chain holds
    finally:
        store.close()
    return fold.journal_id, fold.head, store.path


def _set_aside(folder: Path, now: datetime) -> Path | None:
    if not folder.exists() and not folder.is_symlink():
        return None
    aside = folder.with_name(f"{folder.name}.before-{now:%Y%m%dT%H%M%S}-{secrets.token_hex(2)}")
    folder.rename(aside)
    return aside


# Move


def move(folder: Path, target: Path, workspace: str, now: datetime) -> Restored:
    """Take the state folder to another place, leave word of it, and set the old one aside.

    Killed in the middle, either place is in force; run again, it goes on. Raises JournalError, LockHeld.
    """
    target = Path(os.path.abspath(target))  # noqa: PTH100 - see restore
    outside_checkouts(target)
    _no_living_holder(folder)
    files = open_files(folder, workspace, now)
    try:
        copied = Copied(files.workspace, files.fold.journal_id, files.fold.head, now)
        if target == folder:
            return Restored(copied, target, _left_behind(workspace, target, now))
        _make_room(files, target, now)
        with _still(files):
            _copy_folder(files, target)
            point_to(workspace, target)
            before = _set_aside(folder, now)
    finally:
        files.close()
    open_files(target, workspace, now).close()
    return Restored(copied, target, before)


def _left_behind(workspace: str, target: Path, now: datetime) -> Path | None:
    """The rest of a move that was killed after its word was left. Raises JournalError where none was."""
    before = default_folder(workspace)
    if before == target or not before.exists():
        raise JournalError(f"the journal is in {target} already")
    return _set_aside(before, now)


def _make_room(files: Files, target: Path, now: datetime) -> None:
    """A copy that an interrupted move of this journal left is set aside; anything else is not touched."""
    make_folder(target.parent)
    no_strangers(target.parent)
    if not target.exists() or not names_in(target):
        return
    if not _is_copy(files, target):
        raise JournalError(f"{target} is not empty", remedy="Name a folder that is not there.")
    _set_aside(target, now)


def _copy_folder(files: Files, target: Path) -> None:
    with _scratch(target.parent) as scratch:
        files.store.copy_to(scratch / JOURNAL)
        _copy_start(files.spool.path, scratch / SPOOL, files.spool.end)
        (scratch / HOLDERS).mkdir(mode=0o700)
        sync_folder(scratch)
        scratch.rename(target)
        sync_folder(target.parent)


def _is_copy(files: Files, target: Path) -> bool:
    found = [(journal, head) for journal, head, _ in _heads(target) if journal]
    mine, newest = files.fold.journal_id, files.fold.head.seq
    return bool(found) and all(journal == mine and head.seq <= newest for journal, head in found)
