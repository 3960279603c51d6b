"""What the journal holds, as the planner sees it: effects without an end, codes by reference, hand-offs
that wait, and facts that outlive a run. Never a code's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from .addresses import Address
from .authorization import Authorization, AuthorizedLine
from .observed import Instance, PoolLine


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
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeldCode:
    """A code that the world has not used up.

    ``slot`` is how actions name it: ``token/emea/allowed``, and by serial ``request/0E4D1FA5``,
    ``authorization/…``, ``confirmation/…``, ``return/…``. ``authorization`` is what an authorization code
    says, None for other codes and for one that could not be read.
    """

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
    authorization: Authorization | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A parked action. ``wants`` is the kind of code that comes back, None where nothing does.

    ``params`` are those of the action; a value of it that is a slot names a code that the person needs.
    """

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
    params: Mapping[str, Any] = field(default_factory=dict)


class ReservedState(StrEnum):
    """How far a reservation has come, as far as this journal's effects and answers say."""

    ISSUED = "issued"
    """An authorization code was issued and not installed."""
    INSTALLED = "installed"
    UPDATE_ISSUED = "update issued"
    """CSSM has new totals in transit; the node has the old ones."""
    UPDATE_INSTALLED = "update installed"
    """The node has the new totals; CSSM waits for the confirmation code."""
    RETURNED = "returned"
    """The node gave it back; CSSM waits for the return code."""
    FREED = "freed"


@dataclass(frozen=True, slots=True)
class Reserved:
    """What this journal knows of one node's reservation, by serial: kept for ever.

    ``lines`` are the totals that the last authorization code gave, ``before`` those of the one before it
    while an update is on its way. ``lines`` are empty where the code could not be read; those of an update
    whose code is lost are what it asked for.
    """

    serial: str
    account: Address
    state: ReservedState
    at: datetime
    lines: tuple[AuthorizedLine, ...] = ()
    before: tuple[AuthorizedLine, ...] = ()
    udi: str | None = None


@dataclass(frozen=True, slots=True)
class Requested:
    """A reservation request of ours that printed, or may have printed, a request code, and has not ended."""

    serial: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attested:
    """What a person saw on the page of an account that no program reads. The newest one counts."""

    account: Address
    at: datetime
    by: str
    instances: tuple[Instance, ...] = ()
    pool: tuple[PoolLine, ...] = ()
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """A person's word about a state that the tool would not touch, by serial: ``adopt``, ``absent`` or
    ``abandon`` (see ``xlicense op resolve``)."""

    serial: str
    how: str
    at: datetime
    by: str
    reason: str


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
    reserved: tuple[Reserved, ...] = ()
    requested: tuple[Requested, ...] = ()
    attested: tuple[Attested, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
