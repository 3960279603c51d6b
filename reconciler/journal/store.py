"""The journal file: SQLite in WAL mode with ``synchronous=FULL``. The only module that knows SQL.

Belongs here: transactions, queries, the translation of SQLite's exceptions. Does not belong here: the tables
(`schema`), what a record means (`fold`) and who may take a lease (`leases`).

``records`` is append-only and chained. ``facts`` holds what is only ever overwritten (the last seen
evaluation time, known serials), each row with its own checksum. ``leases`` is alive only while runs are.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from reconciler.errors import JournalBusy, JournalError

from .chain import Record
from .folder import KEEP, LOOK, disk_trouble, is_at, open_private
from .schema import STEPS, Step, upgrade

_APPLICATION = 0x786C6963
_BUSY_MS = 10_000
_OF_THE_DISK = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}

_INSERT = "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_AFTER = "SELECT seq, at, kind, run, op, spool, payload, prev, hash FROM records WHERE seq > ? ORDER BY seq"
_PUT_FACT = "INSERT INTO facts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET value = ?3, digest = ?4"
_HAS_HISTORY = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_history'"
_ANY_LEASE = "SELECT 1 FROM leases WHERE run = ? LIMIT 1"
_PUT_LEASE = "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class LeaseRow(NamedTuple):
    """One lease as it is stored; times are ISO 8601."""

    address: str
    run: str
    holder: str
    host: str
    pid: int
    since: str
    heartbeat: str
    expires: str


def _fact_digest(kind: str, key: str, value: str) -> str:
    return hashlib.sha256(f"{kind}\n{key}\n{value}".encode()).hexdigest()[:16]


class Store:
    """One connection, one writer at a time. Every method raises JournalError and nothing of SQLite's.

    After a failed write the store is shut for this process: what the disk then holds is not known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.broken = False
        descriptor = open_private(path, os.O_RDWR)
        self._opened = os.fstat(descriptor)
        os.close(descriptor)
        with self._translated():
            self._db = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
            )
        try:
            self._set_up()
        except JournalError:
            self.close()
            raise

    def _set_up(self) -> None:
        with self._translated():
            mode = self._db.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA trusted_schema = OFF")
        if mode != "wal":
            raise JournalError(
                f"the journal {self.path} cannot be locked where it is",
                remedy="Put the state folder on a local disk.",
            )

    def close(self) -> None:
        self._db.close()

    @property
    def version(self) -> int:
        """0 for a file in which nothing was made yet."""
        with self._translated():
            return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def is_empty(self) -> bool:
        with self._translated():
            return self._db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None

    def create(self, first: Record) -> None:
        """Make the tables and the first record, all or nothing."""
        with self.transaction():
            upgrade(self._db.execute, 0, first.at)
            self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._db.execute(_INSERT, first)

    def copy_to(self, path: Path) -> None:
        """Write all that is committed to a new file, synced. Inside a transaction, so that nothing changes
        meanwhile; a second connection reads, for the first one cannot copy what it may be writing."""
        os.close(open_private(path, os.O_RDWR))
        with self._translated():
            source, target = sqlite3.connect(self.path), sqlite3.connect(path)
            try:
                source.backup(target)
            finally:
                target.close()
                source.close()
        descriptor = os.open(path, os.O_RDWR)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def migrate(self, at: str, steps: Mapping[int, Step] = STEPS) -> None:
        """Bring an older file to the newest form, all or nothing, unless another process has."""
        with self.transaction():
            version = self.version
            if version in steps:
                upgrade(self._db.execute, version, at, steps)

    def forms(self) -> tuple[int, ...]:
        """The versions that this file was made in or brought to, by its own note; empty for version 1."""
        with self._translated():
            if self._db.execute(_HAS_HISTORY).fetchone() is None:
                return ()
            rows = self._db.execute("SELECT version FROM schema_history ORDER BY version").fetchall()
        return tuple(int(row[0]) for row in rows)

    def problems(self) -> tuple[str, ...]:
        """What SQLite's own check finds wrong with the file."""
        with self._translated():
            rows = self._db.execute("PRAGMA integrity_check(20)").fetchall()
        return tuple(str(row[0]) for row in rows if row[0] != "ok")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One durable step. Committed, that is synced, when it returns; rolled back on any exception."""
        if self.broken:
            raise JournalError(
                f"the journal {self.path} is closed for this process after a failed write", remedy=LOOK
            )
        if not is_at(self.path, self._opened):
            self.broken = True
            raise JournalError(
                f"the journal {self.path} was replaced or removed while it was open", remedy="xlicense doctor"
            )
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException as error:
                self._roll_back(error)
                raise

    def _roll_back(self, error: BaseException) -> None:
        self.broken = self.broken or isinstance(error, sqlite3.Error)
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._cannot(error) from error
        except UnicodeDecodeError as error:  # out of sqlite3
            raise self._damaged("it holds text that is none") from error

    def _damaged(self, what: str) -> JournalError:
        return JournalError(f"the journal {self.path} is damaged: {what}", remedy=KEEP)

    def _cannot(self, error: sqlite3.Error) -> JournalError:
        kind = JournalBusy if _code(error) == sqlite3.SQLITE_BUSY else JournalError
        trouble = disk_trouble(self.path.parent) if _code(error) in _OF_THE_DISK else None
        why, remedy = trouble or (str(error), _remedy(error))
        return kind(f"the journal {self.path} cannot be used: {why}", remedy=remedy)

    def append(self, record: Record) -> None:
        """Inside a transaction that has seen every record before this one."""
        self._db.execute(_INSERT, record)

    def records_after(self, seq: int) -> Iterable[Record]:
        """In order. Iterating may raise JournalError too."""
        with self._translated():
            for row in self._db.execute(_AFTER, (seq,)):
                yield Record(*row)

    def put_facts(self, kind: str, facts: Iterable[tuple[str, str]]) -> None:
        rows = [(kind, key, value, _fact_digest(kind, key, value)) for key, value in facts]
        with self.transaction():
            self._db.executemany(_PUT_FACT, rows)

    def facts(self, kind: str) -> dict[str, str]:
        """Key to value. Raises JournalError for a row that was altered."""
        with self._translated():
            rows = self._db.execute("SELECT key, value, digest FROM facts WHERE kind = ?", (kind,)).fetchall()
        for key, value, digest in rows:
            if digest != _fact_digest(kind, key, value):
                raise JournalError(f"the journal {self.path} is damaged: fact {kind} {key} was altered")
        return {key: value for key, value, _ in rows}

    def leases(self) -> tuple[LeaseRow, ...]:
        with self._translated():
            return tuple(LeaseRow(*row) for row in self._db.execute("SELECT * FROM leases ORDER BY address"))

    def holds_lease(self, run: str) -> bool:
        """Asked twice an effect, so it does not read every lease of a large fleet."""
        with self._translated():
            return self._db.execute(_ANY_LEASE, (run,)).fetchone() is not None

    def put_leases(self, rows: Sequence[LeaseRow]) -> None:
        """Inside a transaction."""
        self._db.executemany(_PUT_LEASE, rows)

    def drop_leases(self, run: str) -> None:
        """Inside a transaction."""
        self._db.execute("DELETE FROM leases WHERE run = ?", (run,))

    def beat(self, run: str, heartbeat: str, expires: str) -> None:
        """Inside a transaction."""
        self._db.execute(
            "UPDATE leases SET heartbeat = ?, expires = ? WHERE run = ?", (heartbeat, expires, run)
        )


def _code(error: sqlite3.Error) -> int:
    """SQLite's own number for what is wrong, without the finer distinction in its upper bits."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _remedy(error: sqlite3.Error) -> str:
    code = _code(error)
    if code == sqlite3.SQLITE_BUSY:
        return "Another process is in the middle of a write. Let it go on, or end it, and try again."
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return KEEP
    return LOOK
