"""What the edge implements: providers, journal, reporter, clock, secrets. Protocols only.

The core (rules, planning) needs none of these; execution composes them; the command line builds them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from reconciler.model import (
    AccountObserved,
    Action,
    ActionOutcome,
    Address,
    CodeKind,
    EffectState,
    EvaluationSeen,
    HeldState,
    NodeObserved,
    Produced,
    Reply,
    SecretRef,
    Verified,
    Waiting,
)


class Clock(Protocol):
    """Time as an argument. ``now`` is aware UTC; ``monotonic`` in seconds for durations only."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SecretSource(Protocol):
    """Resolves references as late as possible. Raises SecretError; never logs a value."""

    def resolve(self, ref: SecretRef) -> str: ...


class Tap(Protocol):
    """What a transport must call, synchronously, around the bytes of one effect.

    ``sending`` right before the first byte of the instruction leaves: returns only once that is on disk.
    ``received`` inside the callback that got the bytes, before anything looks at them. Where it raises
    JournalError the bytes are kept elsewhere: whoever calls it goes on listening, hands on what else comes,
    and only then gives up.
    """

    def sending(self) -> None: ...

    def received(self, data: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Inputs:
    """What an effect may use beside its action.

    ``op_id`` names the effect in the journal (a token's description carries it, so that it can be found
    again). ``codes`` holds the values of the slots that the action names.
    """

    op_id: str
    tap: Tap
    codes: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Inputs({self.op_id}, slots={sorted(self.codes)})"


@runtime_checkable
class Provider(Protocol):
    """The adapter to one kind of remote system: six questions, and a door to close."""

    def capabilities(self) -> Mapping[Address, frozenset[str]]:
        """The action kinds that this provider carries itself, for each node or account it serves."""
        ...

    async def observe(self, address: Address) -> NodeObserved | AccountObserved:
        """Read one node or account. Never raises for what a remote does: problems are in the value."""
        ...

    async def execute(self, action: Action, inputs: Inputs) -> Reply:
        """Carry out one action, once. Raises one of the five ProviderErrors:

        Unreachable or Untrusted only when no byte of the instruction left; OutcomeUnknown when bytes left
        and no complete answer came; Rejected or Unreadable when a complete answer came.
        """
        ...

    def commands(self, action: Action) -> tuple[str, ...]:
        """What would be sent, for ``--show-commands``; codes and secrets as ``<token>``."""
        ...

    def instructions(self, action: Action) -> tuple[str, ...]:
        """What a person would do instead, one step a line, in the words of the page."""
        ...

    def read_code(self, kind: CodeKind, data: bytes) -> str | None:
        """Find a code in a reply, or None. Never raises on bytes."""
        ...

    async def find_code(self, kind: CodeKind, op_id: str) -> str | None:
        """The code that this effect made, where it is still shown after its answer was lost; else None.

        Only looks, and what cannot be read shows nothing.
        """
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Reporter(Protocol):
    """Hears the story of a run; prints, records or logs it. Every call returns at once."""

    def observing(self, total: int) -> None: ...

    def observed(self, address: Address, ok: bool) -> None: ...

    def starting(self, action: Action) -> None: ...

    def progress(self, action: Action, text: str) -> None: ...

    def finished(self, outcome: ActionOutcome) -> None: ...

    def note(self, text: str) -> None: ...


class Effect(Tap, Protocol):
    """One effect of one run, from intent to its end. Every method returns only once it is on disk.

    Exactly one of ``done``, ``failed``, ``not_sent`` or ``unknown`` ends it.
    """

    @property
    def op_id(self) -> str: ...

    def code(self, produced: Produced, slot: str) -> str:
        """Keep a code, encrypted to every recipient; returns its code id."""
        ...

    def verified(self, facts: Sequence[Verified]) -> None: ...

    def done(self, text: str = "") -> None: ...

    def failed(self, text: str) -> None: ...

    def not_sent(self, text: str) -> None: ...

    def unknown(self, text: str) -> None: ...


class Journal(Protocol):
    """The durable record of runs, effects, codes, hand-offs and leases of one workspace."""

    def held(self) -> HeldState: ...

    def begin_run(self, command: str, plan_digest: str | None, nonce: str | None) -> str:
        """A run id. Raises PlanFileError where a plan with this nonce was already used up."""
        ...

    def end_run(self, run_id: str, result: str, *, plan_used: bool = True) -> None: ...

    def lease(self, addresses: Sequence[Address], run_id: str) -> None:
        """Take the write leases of clusters and accounts now, all or none. Raises LockHeld."""
        ...

    def heartbeat(self, run_id: str) -> None: ...

    def live_runs(self) -> frozenset[str]:
        """The runs that hold a lease and are not proven dead: what they left open is theirs to end."""
        ...

    def release(self, run_id: str) -> None: ...

    def can_keep_codes(self) -> str | None:
        """None when a code could be kept now; otherwise why not (no recipient, disk, permissions)."""
        ...

    def intent(self, run_id: str, action: Action) -> Effect: ...

    def park(self, run_id: str, waiting: Waiting) -> Waiting: ...

    def close_handoff(self, handoff_id: str, how: str) -> None: ...

    def use_up(self, slot: str, why: str) -> None:
        """The world has used up the codes of this slot (a token was revoked or has expired)."""
        ...

    def code_value(self, slot: str, *, used_too: bool = False) -> str | None:
        """The newest code held in this slot, decrypted; None where nothing is held. With ``used_too`` the
        newest that there ever was counts where the world has used up all.

        Raises JournalError where one is held and not readable here.
        """
        ...

    def resolve_observed(
        self, op_id: str, state: EffectState, text: str, *, took_effect: bool = False
    ) -> None:
        """End an open effect because observation proved what became of it. One that failed and
        ``took_effect`` did what it was to do, and the code that it gave is lost."""
        ...

    def spooled(self, op_id: str) -> list[bytes]:
        """What was received for this effect, decrypted, in order. Raises JournalError where not readable."""
        ...

    def adopt_code(self, op_id: str, produced: Produced) -> str:
        """Keep a code that was found afterwards, in the slot that the effect's action fills."""
        ...

    def remember_evaluation(self, seen: Sequence[EvaluationSeen]) -> None: ...

    def remember_serials(self, serials: Sequence[str]) -> None: ...
