"""The record chain: what a record is, how one is linked to the last, and how a break is found.

Belongs here: the form of a record and its hash. Pure: opens nothing, reads no clock. What a record *means*
is in `fold`; where it is kept is in `store`.

The hash covers every column and the hash before it, so a changed, missing, swapped or doubled record
breaks the chain. It is no signature: whoever can write the file can make a new chain, and that is noticed
because the spool holds heads of the old one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class RecordKind(StrEnum):
    """What a record tells; the payload of each is described where `fold` reads it."""

    GENESIS = "genesis"
    RUN = "run"
    RUN_END = "run end"
    INTENT = "intent"
    SENDING = "sending"
    CODE = "code"
    RESEALED = "resealed"
    VERIFIED = "verified"
    END = "end"
    RESOLVED = "resolved"
    USED_UP = "used up"
    REVEALED = "revealed"
    RESTORED = "restored"
    PARKED = "parked"
    ASSIGNED = "hand-off assigned"
    HANDOFF_CLOSED = "hand-off closed"
    ANSWER = "answer"
    VERDICT = "verdict"
    UNLOCKED = "unlocked"
    ATTESTED = "attested"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True)
class Head:
    """The last record of a chain: its number (0 before the first) and its hash (64 hex digits)."""

    seq: int
    hash: str


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

START = Head(0, "0" * 64)


class Record(NamedTuple):
    """One line of the journal. ``at`` is ISO 8601, ``payload`` canonical JSON, ``run`` and ``op`` may be "".

    ``spool`` is how many bytes the spool had at least when the record was made.
    """

    seq: int
    at: str
    kind: str
    run: str
    op: str
    spool: int
    payload: str
    prev: str
    hash: str

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash)


def canonical(data: Any) -> str:
    """The JSON text of plain data without floats: sorted keys, no blanks, ASCII; the same for equal data."""
    return _ENCODER.encode(data)


def _hash(seq: int, at: str, kind: str, run: str, op: str, spool: int, payload: str, prev: str) -> str:
    """Newlines part the columns: none but the payload may hold one, and that comes last."""
    text = f"{seq}\n{prev}\n{at}\n{kind}\n{run}\n{op}\n{spool}\n{payload}"
    return hashlib.sha256(text.encode()).hexdigest()


def link(head: Head, *, at: str, kind: str, run: str, op: str, spool: int, payload: str) -> Record:
    """The record that follows ``head``."""
    seq = head.seq + 1
    made = _hash(seq, at, kind, run, op, spool, payload, head.hash)
    return Record(seq, at, kind, run, op, spool, payload, head.hash, made)


def break_at(head: Head, record: Record) -> str | None:
    """What is wrong with ``record`` as the one after ``head``, or None."""
    if record.seq != head.seq + 1:
        return f"record {head.seq + 1} is missing (record {record.seq} follows)"
    if record.prev != head.hash:
        return f"record {record.seq} does not follow record {head.seq}"
    again = _hash(
        record.seq, record.at, record.kind, record.run, record.op, record.spool, record.payload, head.hash
    )
    return None if again == record.hash else f"record {record.seq} was altered"
