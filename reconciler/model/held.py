"""What the journal holds, as the planner sees it: effects without an end, codes by reference, hand-offs
that wait, and facts that outlive a run. Never a code's value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from .addresses import Address


class CodeKind(StrEnum):
    """A one-time string."""

    TOKEN = "token"
    REQUEST = "request"
    AUTHORIZATION = "authorization"
    CONFIRMATION = "confirmation"
    RETURN = "return"


class EffectState(StrEnum):
    """How far an effect came. ``intent`` alone is provably not sent."""

    INTENT = "intent"
    SENDING = "sending"
    ANSWERED = "answered"
    VERIFIED = "verified"
    DONE = "done"
    NOT_SENT = "not sent"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class OpenEffect:
    """An effect without an end. ``subject`` is the serial or account that its id was made from."""

    op_id: str
    action_id: str
    kind: str
    address: Address
    subject: str
    state: EffectState
    started: datetime
    run_id: str


@dataclass(frozen=True, slots=True)
class HeldCode:
    """A code that the world has not used up. ``slot`` is how actions name it (``token/emea/allowed``)."""

    code_id: str
    kind: CodeKind
    slot: str
    address: Address
    subject: str
    made_at: datetime
    readable: bool
    op_id: str | None = None
    expires_at: datetime | None = None
    from_person: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parked action. ``wants`` is the kind of code that comes back, None where nothing does."""

    handoff_id: str
    action_id: str
    kind: str
    address: Address
    subject: str
    since: datetime
    instructions: tuple[str, ...]
    wants: CodeKind | None = None
    slot: str | None = None
    due: datetime | None = None
    owner: str | None = None
    ticket: str | None = None
    done: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """A field as an apply of ours last saw it after changing it: tells *not yet applied* from *changed
    behind our back*."""

    address: Address
    field: str
    value: Any
    at: datetime


@dataclass(frozen=True, slots=True)
class EvaluationSeen:
    """The evaluation time that a node last printed, in seconds; by serial, for registered nodes hide it."""

    serial: str
    seconds: int
    at: datetime


@dataclass(frozen=True, slots=True)
class HeldState:
    """The journal's part of what is observed."""

    open_effects: tuple[OpenEffect, ...] = ()
    codes: tuple[HeldCode, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    verified: tuple[Verified, ...] = ()
    evaluation: tuple[EvaluationSeen, ...] = ()
    known_serials: tuple[str, ...] = ()
