"""The tables of the journal, and the steps from an older form to this one.

Belongs here: SQL as text and the order of steps. Does not belong here: connections, transactions (`store`).

A step is a function that is handed ``execute`` and makes the form of the next number. All steps that a file
needs run in one transaction together with the note of them, so a file has the old form or the new one,
whenever the process dies. A step changes tables, never a record: the chain would break. Version 1 had no
history.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol


class Execute(Protocol):
    """Runs one statement inside the transaction that all steps share."""

    def __call__(self, sql: str, values: Sequence[Any] = (), /) -> Any: ...


Step = Callable[[Execute], None]

_FIRST = (
    """CREATE TABLE records (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, run TEXT NOT NULL,
    op TEXT NOT NULL, spool INTEGER NOT NULL, payload TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL)
    STRICT""",
    """CREATE TRIGGER records_stay BEFORE UPDATE ON records
    BEGIN SELECT RAISE(ABORT, 'records are never changed'); END""",
    """CREATE TRIGGER records_last BEFORE DELETE ON records
    BEGIN SELECT RAISE(ABORT, 'records are never deleted'); END""",
    """CREATE TABLE facts (kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, digest TEXT NOT NULL,
    PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE leases (address TEXT PRIMARY KEY, run TEXT NOT NULL, holder TEXT NOT NULL,
    host TEXT NOT NULL, pid INTEGER NOT NULL, since TEXT NOT NULL, heartbeat TEXT NOT NULL,
    expires TEXT NOT NULL) STRICT, WITHOUT ROWID""",
)
_HISTORY = """CREATE TABLE schema_history (version INTEGER PRIMARY KEY, at TEXT NOT NULL) STRICT"""
_NOTE = "INSERT INTO schema_history VALUES (?, ?)"


def _tables(execute: Execute) -> None:
    for statement in _FIRST:
        execute(statement)


def _history(execute: Execute) -> None:
    execute(_HISTORY)


STEPS: Mapping[int, Step] = {0: _tables, 1: _history}
"""By the version that a step starts from; 0 is a file in which nothing was made yet."""

SCHEMA_VERSION = len(STEPS)


def upgrade(execute: Execute, version: int, at: str, steps: Mapping[int, Step] = STEPS) -> int:
    """Bring a file of this version up to the newest form and return its number."""
    while version in steps:
        steps[version](execute)
        version += 1
        execute(f"PRAGMA user_version = {version:d}")
    execute(_NOTE, (version, at))
    return version
