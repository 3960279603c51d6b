"""What became of a run: one outcome per action, and the summary that is always printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .addresses import Address
from .held import CodeKind, Waiting
from .plan import Action, Refusal


class Result(StrEnum):
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Produced:
    """A code that an effect brought back. Its ``repr`` does not show the value."""

    kind: CodeKind
    value: str
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Produced({self.kind.value}, {len(self.value)} characters)"


@dataclass(frozen=True, slots=True)
class Reply:
    """A completed effect: what the remote said (minus secrets) and the codes that it gave."""

    text: str = ""
    codes: tuple[Produced, ...] = ()


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """``trust`` and ``unread`` refine a failure for the exit code."""

    action: Action
    result: Result
    text: str = ""
    remedy: str | None = None
    seconds: float = 0.0
    op_id: str | None = None
    trust: bool = False
    unread: bool = False


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished, partly finished or interrupted apply. ``left`` counts changes still there afterwards."""

    run_id: str
    outcomes: tuple[ActionOutcome, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    unread: tuple[Address, ...] = ()
    untrusted: tuple[Address, ...] = ()
    interrupted: bool = False

    def count(self, result: Result) -> int:
        return sum(1 for outcome in self.outcomes if outcome.result is result)
