"""What the journal tells the command line beside `HeldState`: operations, leases, verdicts. No codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.model import Action, Address, OpenEffect, Waiting


@dataclass(frozen=True, slots=True)
class Event:
    """One record of an effect, in words."""

    at: datetime
    kind: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One effect with everything that was recorded of it. ``chunks`` counts what the spool holds of it.

    ``open`` means that nobody knows yet what became of it.
    """

    effect: OpenEffect
    action: Action
    open: bool
    text: str
    events: tuple[Event, ...]
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Received:
    """What came back for an effect in one piece. ``size`` is in bytes: as received where ``data`` was opened
    or never sealed, else of the sealed file. ``data`` is None where it was not opened."""

    at: datetime
    size: int
    data: bytes | None = None

    def __repr__(self) -> str:
        return f"Received({self.at.isoformat()}, {self.size} bytes)"


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many codes were sealed anew, and which could not be, for want of an identity that opens them."""

    done: int
    left: tuple[str, ...] = ()


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    NOT_EXPECTED = "not expected"
    MISMATCH = "mismatch"


@dataclass(frozen=True, slots=True)
class AnswerVerdict:
    """What became of an answer. ``code_id`` is where the value is kept, whatever the verdict."""

    verdict: Verdict
    text: str
    waiting: Waiting | None = None
    code_id: str | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """A write lease. ``alive`` is True or False where this machine can prove it, None where it cannot."""

    address: Address
    run_id: str
    holder: str
    host: str
    pid: int
    since: datetime
    heartbeat: datetime
    expires: datetime
    alive: bool | None


@dataclass(frozen=True, slots=True)
class Unlocked:
    """The leases that were taken away. ``open_effects`` are the holder's effects without an end."""

    run_id: str
    holder: str
    alive: bool | None
    addresses: tuple[Address, ...]
    open_effects: tuple[str, ...]
