"""Opening the two files together, and telling whether they can be trusted.

The spool is the second witness: it holds heads of the record chain, and records hold lengths of the spool.
A journal that was altered, put back from an old copy or swapped for another, and a spool that was cut or
lost, each contradict the other. A missing journal next to a spool with evidence is never a fresh start.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.errors import JournalError

from .chain import START, Head, RecordKind, break_at, canonical, link
from .fold import Fold
from .folder import JOURNAL, KEEP, SPOOL, prepare
from .frames import FrameKind
from .rescue import Rescue
from .schema import SCHEMA_VERSION
from .spool import Spool
from .store import Store
from .witness import Known, Witness

_SPOOL_VERSION = 1


@dataclass(frozen=True, slots=True)
class Files:
    """The open pair and the state read from it."""

    folder: Path
    spool: Spool
    store: Store
    fold: Fold
    witness: Witness

    @property
    def workspace(self) -> str:
        return str((self.spool.opening or {}).get("workspace", ""))

    def note_witness(self) -> None:
        self.witness.note(Known(self.fold.journal_id, self.fold.head, self.spool.synced))

    def note_head(self) -> None:
        """Write the newest head into the spool, where it is not yet.

        Not synced: a power cut can take back no record, so the head is only a witness against old copies.
        """
        if self.fold.head.seq > self.spool.head.seq:
            head = self.fold.head
            self.spool.append(FrameKind.HEAD, {"head": [head.seq, head.hash]}, loose=True)

    def close(self) -> None:
        self.store.close()
        self.spool.close()
        self.witness.close()


def open_files(folder: Path, workspace: str, now: datetime) -> Files:
    """Open or make the pair. Raises JournalError that names the record or byte where trust ends."""
    never_afresh(folder)
    _no_orphans(folder, workspace)
    folder = prepare(folder)
    spool, witness = Spool(folder / SPOOL), Witness(folder)
    try:
        with spool.exclusive():
            known = witness.read()
            spool.refresh()
            check_spool_version(spool)
            store = _open_store(folder / JOURNAL, spool, workspace, now)
            files = Files(folder, spool, store, Fold(), witness)
            _made_sure(files, known, now)
    except JournalError:
        spool.close()
        raise
    files.note_head()
    witness.open()
    files.note_witness()
    return files


def _made_sure(files: Files, known: Known | None, now: datetime) -> None:
    try:
        _trust(files, known)
        _bring_up(files, now)
    except JournalError:
        files.store.close()
        raise


def was_used(folder: Path) -> bool:
    """Whether there is a journal in this state folder, or was."""
    return Witness(folder).exists or any((folder / name).exists() for name in (JOURNAL, SPOOL))


def never_afresh(folder: Path) -> None:
    """A folder that is gone, or empty, next to a witness was there once. Raises JournalError."""
    witness = Witness(folder)
    if not witness.exists or any((folder / name).exists() for name in (JOURNAL, SPOOL)):
        return
    known = witness.read()
    how_far = f" It ended at record {known.head.seq}." if known else ""
    raise JournalError(
        f"the state folder {folder} is gone or empty, and {witness.path} knows of a journal in it.{how_far}",
        remedy="Put the newest copy back: xlicense journal restore FILE. If there is none, look at every "
        f"node and at CSSM, then remove {witness.path}.",
    )


def _no_orphans(folder: Path, workspace: str) -> None:
    """What was kept in need belongs to a journal, so there was one. Raises JournalError."""
    if was_used(folder):
        return
    kept = Rescue(workspace).kept()
    if kept:
        raise JournalError(
            f"there is no journal in {folder}, and {kept[0].parent} holds replies or codes of one",
            remedy="Put the newest copy back: xlicense journal restore FILE. If there is none, move these "
            "files to a safe place: they are sealed to your recipients.",
        )


def _open_store(path: Path, spool: Spool, workspace: str, now: datetime) -> Store:
    if spool.evidence and not path.exists():
        raise _lost(f"the journal {path} is gone, and its spool holds evidence of earlier runs")
    store = Store(path)
    try:
        if not store.is_empty():
            check_version(store)
            return store
        if spool.evidence:
            raise _lost(f"the journal {path} is empty, and its spool holds evidence of earlier runs")
        _create(store, spool, workspace, now)
    except JournalError:
        store.close()
        raise
    return store


def _lost(message: str) -> JournalError:
    return JournalError(message, remedy=KEEP)


def check_version(store: Store) -> None:
    """A newer form is somebody else's to read; one that never was, or that the file's own note denies, is
    damage."""
    version, forms = store.version, store.forms()
    if version > SCHEMA_VERSION:
        raise _newer(f"the journal {store.path} was", f"schema {version}, this one knows {SCHEMA_VERSION}")
    if max(forms, default=1) != version:
        raise _lost(f"the journal {store.path} is damaged: its schema version reads {version}")


def _newer(what: str, versions: str) -> JournalError:
    return JournalError(
        f"{what} written by a newer xlicense ({versions})",
        remedy="Use that version or a newer one; nothing was changed.",
    )


def check_spool_version(spool: Spool) -> None:
    version = (spool.opening or {}).get("version", _SPOOL_VERSION)
    if version != _SPOOL_VERSION:
        raise _newer(f"the spool {spool.path} was", f"form {version}, this one knows {_SPOOL_VERSION}")


def _create(store: Store, spool: Spool, workspace: str, now: datetime) -> None:
    """The spool's opening first: a journal whose spool has none is then always a loss."""
    if spool.opening is None:
        spool.append(
            FrameKind.OPENING,
            {"journal": secrets.token_hex(8), "workspace": workspace, "version": _SPOOL_VERSION},
        )
    payload = canonical(spool.opening)
    at = now.isoformat()
    store.create(link(START, at=at, kind=RecordKind.GENESIS, run="", op="", spool=spool.end, payload=payload))


def read_on(store: Store, fold: Fold) -> None:
    """Take every record after the fold's head. Raises JournalError that names the first bad one."""
    for record in store.records_after(fold.head.seq):
        problem = break_at(fold.head, record)
        if problem is not None:
            raise _lost(f"the journal {store.path} is damaged: {problem}")
        fold.apply(record)


def _trust(files: Files, known: Known | None) -> None:
    try:
        read_on(files.store, files.fold)
        for problem in (*_contradictions(files), *_denied(files, known)):
            raise _lost(problem)
    except JournalError:
        files.store.close()
        raise


def _bring_up(files: Files, now: datetime) -> None:
    """Only a journal that can be trusted is brought to a newer form."""
    try:
        if files.store.version < SCHEMA_VERSION:
            files.store.migrate(now.isoformat())
    except JournalError:
        files.store.close()
        raise


def _contradictions(files: Files) -> Iterator[str]:
    spool, fold = files.spool, files.fold
    if fold.head.seq < spool.head.seq:
        yield (
            f"the journal {files.store.path} was put back from an older copy: it ends at record "
            f"{fold.head.seq}, the spool knows record {spool.head.seq}"
        )
    elif spool.opening is None or spool.opening["journal"] != fold.journal_id:
        yield f"the spool {spool.path} is gone or belongs to another journal"
    elif not _knows(files.store, spool.head):
        yield f"the journal {files.store.path} was altered: the spool knows another record {spool.head.seq}"
    if fold.spool_end > spool.size():
        yield f"the spool {spool.path} was cut to {spool.size()} bytes; the journal saw {fold.spool_end}"


def _denied(files: Files, known: Known | None) -> Iterator[str]:
    """What the witness contradicts. It was read before the files were, so it cannot be ahead of them."""
    if known is None:
        return
    fold, store, path = files.fold, files.store, files.witness.path
    if known.journal != fold.journal_id:
        yield f"the journal {store.path} is not the one that was here: {path} knows another"
    elif known.head.seq > fold.head.seq:
        yield (
            f"the journal {store.path} was put back from an older copy: it ends at record {fold.head.seq}, "
            f"{path} knows record {known.head.seq}"
        )
    elif not _knows(store, known.head):
        yield f"the journal {store.path} was altered: {path} knows another record {known.head.seq}"
    elif known.spool > files.spool.size():
        yield f"the spool {files.spool.path} was cut to {files.spool.size()} bytes; {path} saw {known.spool}"


def _knows(store: Store, head: Head) -> bool:
    if head == START:
        return True
    return next(iter(store.records_after(head.seq - 1))).hash == head.hash


def problems(files: Files) -> tuple[str, ...]:
    """Everything wrong with an open pair, read again from the disk: empty when all is well."""
    found: list[str] = []
    for look in (_file_troubles, _trust_troubles):
        try:
            found.extend(look(files))
        except JournalError as error:
            found.append(error.message)
    return tuple(dict.fromkeys(found))


def _file_troubles(files: Files) -> Iterator[str]:
    """SQLite's own check of a file that is bad enough ends in an error, too."""
    yield from (f"the journal {files.store.path}: {text}" for text in files.store.problems())


def _trust_troubles(files: Files) -> Iterator[str]:
    again = Files(files.folder, files.spool, files.store, Fold(), files.witness)
    known = files.witness.read()
    Spool(files.spool.path).close()
    read_on(again.store, again.fold)
    yield from _contradictions(again)
    yield from _denied(again, known)
    for kind in ("evaluation", "serial"):
        files.store.facts(kind)


def verify(folder: Path) -> tuple[str, ...]:
    """The same for a folder that may not even open. Changes nothing but a torn tail of the spool."""
    missing = [name for name in (SPOOL, JOURNAL) if not (folder / name).is_file()]
    if missing:
        return (f"there is no {' and no '.join(missing)} in {folder}",)
    try:
        files = Files(folder, Spool(folder / SPOOL), Store(folder / JOURNAL), Fold(), Witness(folder))
    except JournalError as error:
        return (error.message,)
    try:
        return problems(files)
    finally:
        files.close()
