"""The journal of one workspace on one machine: what the engine writes and what it reads back.

Belongs here: which record or frame each step makes, and in which order. Files are in `opening`, `store` and
`spool`, meaning in `fold`, keys in `keys`, leases in `leases`, judgement of answers in `handoffs`.

Two files take part in every effect: intent, sending, codes and the end are records of the journal; replies
go to the spool. ``sending`` also leaves the head of the record chain in the spool, so that a journal put
back from a copy cannot forget an effect that may have reached a node.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from reconciler.errors import JournalError, PlanFileError
from reconciler.model import (
    Action,
    Address,
    EffectClass,
    EffectState,
    EvaluationSeen,
    HeldCode,
    HeldState,
    OpenEffect,
    Produced,
    Verified,
    Waiting,
    from_json,
    to_data,
    to_json,
)
from reconciler.ports import Clock

from .chain import Record, RecordKind
from .effect import JournalEffect
from .fold import CodeEntry, EffectEntry
from .folder import HOLDERS
from .frames import FrameKind
from .keys import Seal
from .leases import Leases, held_by
from .opening import Files, open_files, problems, read_on

_POLL = 0.1


def open_journal(
    folder: Path, *, workspace: str, recipients: Sequence[str], identity: Path | None, clock: Clock
) -> SqliteJournal:
    """Open the journal in this state folder, or make a new one. Raises JournalError."""
    seal = Seal(recipients, identity)
    return SqliteJournal(open_files(folder, workspace, clock.now()), seal, clock)


class SqliteJournal:
    """Implements `ports.Journal`. One object a process; safe to call from several threads.

    After a failed write it takes no more effects (what the disk holds is not known), but still spools
    what is received and still answers questions.
    """

    def __init__(self, files: Files, seal: Seal, clock: Clock) -> None:
        self._files = files
        self._seal = seal
        self._clock = clock
        self._fold = files.fold
        self._lock = threading.RLock()
        self._leases = Leases(files.store, files.folder / HOLDERS)
        self._readable: dict[str, bool] = {}
        self._values: set[str] = set()

    def __repr__(self) -> str:
        return f"SqliteJournal({self._files.folder}, record {self._fold.head.seq})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Leave the head in the spool and let go of the files. A second call does nothing."""
        with self._lock:
            if not self._files.spool.close.alive:
                return
            try:
                if not (self._files.spool.broken or self._files.store.broken):
                    self._files.note_head()
            finally:
                self._leases.close()
                self._files.close()

    # Runs

    def begin_run(self, command: str, plan_digest: str | None, nonce: str | None) -> str:
        run_id = f"run-{secrets.token_hex(5)}"

        def unused() -> None:
            self._read_on()
            if nonce is not None and nonce in self._fold.used_nonces:
                raise PlanFileError(
                    f"this plan was used up by {self._fold.used_nonces[nonce]}", remedy="xlicense plan"
                )

        data = {"command": command, "digest": plan_digest, "nonce": nonce}
        self._write(RecordKind.RUN, data, run=run_id, check=unused)
        return run_id

    def end_run(self, run_id: str, result: str, *, plan_used: bool = True) -> None:
        self._write(RecordKind.RUN_END, {"result": result, "plan_used": plan_used}, run=run_id)
        self._files.note_head()

    # Effects

    def intent(self, run_id: str, action: Action) -> JournalEffect:
        """Raises JournalError for an effect that brings a code where none could be kept."""
        brings_code = action.makes is not None or action.effect_class is EffectClass.CODE
        if brings_code and not self._seal.can_seal:
            raise JournalError(
                f"{action.kind.value} at {action.address} would bring a code, and there is no recipient to "
                "seal it to",
                remedy="xlicense key init",
            )
        op_id = f"op-{secrets.token_hex(5)}"
        self._write(RecordKind.INTENT, to_data(action), run=run_id, op=op_id, check=self._has_lease(run_id))
        return JournalEffect(self, op_id, run_id, action)

    def note_sending(self, op_id: str, run_id: str) -> None:
        self._write(RecordKind.SENDING, {}, run=run_id, op=op_id, check=self._has_lease(run_id))
        self._files.note_head()

    def note_received(self, op_id: str, data: bytes) -> None:
        """Sealed where there is a recipient; otherwise only that so many bytes came.

        No digest of them: a confirmation code has 32 bits, which a digest would give away.
        """
        with self._lock:
            about = {"op": op_id, "at": self._now(), "head": [self._fold.head.seq, self._fold.head.hash]}
            if self._seal.can_seal:
                self._files.spool.append(FrameKind.RECEIVED, about, self._seal.seal(data))
            else:
                self._files.spool.append(FrameKind.MARKER, {**about, "bytes": len(data)})

    def note_code(self, op_id: str, run_id: str, action: Action, produced: Produced, slot: str) -> str:
        code = HeldCode(
            code_id=_code_id(),
            kind=produced.kind,
            slot=slot,
            address=action.address,
            subject=action.subject,
            made_at=self._clock.now(),
            readable=False,
            op_id=op_id,
            expires_at=produced.expires_at,
        )
        self._keep(code, produced.value, run_id)
        return code.code_id

    def note_verified(self, op_id: str, run_id: str, facts: Sequence[Verified]) -> None:
        data = {"facts": [to_data(fact) for fact in facts]}
        self._write(RecordKind.VERIFIED, data, run=run_id, op=op_id)

    def note_end(self, op_id: str, run_id: str, state: EffectState, text: str) -> None:
        data = {"state": state.value, "text": self._clean(text)}
        self._write(RecordKind.END, data, run=run_id, op=op_id)

    def resolve_observed(self, op_id: str, state: EffectState, text: str) -> None:
        """Close an open effect because observation has proved what became of it."""
        data = {"how": "observed", "state": state.value, "text": self._clean(text)}
        self._write(RecordKind.RESOLVED, data, op=op_id, check=lambda: self._must_be_open(op_id))

    def _must_be_open(self, op_id: str) -> None:
        self._read_on()
        if op_id not in self._fold.effects:
            raise JournalError(f"there is no open effect {op_id}", remedy="xlicense op list")

    # Codes

    def can_keep_codes(self) -> str | None:
        if not self._seal.can_seal:
            return "there is no recipient to seal a code to; run `xlicense key init`"
        try:
            with self._lock:
                self._usable()
                self._try_out()
        except JournalError as error:
            return f"{error.message}; {error.remedy}" if error.remedy else error.message
        return None

    def _try_out(self) -> None:
        """Both files take a canary, and the spool gives it back."""
        sealed = self._seal.seal(secrets.token_bytes(16))
        place = self._files.spool.append(FrameKind.CANARY, {"at": self._now()}, sealed)
        if self._files.spool.read(*place).blob != sealed:
            raise JournalError(f"the spool {self._files.spool.path} does not give back what was written")
        self._files.store.put_facts("canary", [("last", self._now())])

    def _keep(self, code: HeldCode, value: str, run_id: str) -> None:
        self._values.add(value)
        data = {"code": to_data(code), "sealed": self._seal.seal_text(value)}
        self._write(RecordKind.CODE, data, run=run_id, op=code.op_id or "")

    def use_up(self, slot: str, why: str) -> None:
        with self._lock:
            self._refresh()
            if self._in_slot(slot):
                self._write(RecordKind.USED_UP, {"slot": slot, "why": self._clean(why)})

    def code_value(self, slot: str) -> str | None:
        with self._lock:
            self._refresh()
            entries = self._in_slot(slot)
            return self._open(entries[-1]) if entries else None

    def _in_slot(self, slot: str) -> list[CodeEntry]:
        return [
            entry for entry in self._fold.codes.values() if entry.code.slot == slot and entry.used is None
        ]

    def _open(self, entry: CodeEntry) -> str:
        try:
            value = self._seal.open(entry.sealed).decode()
        except JournalError as error:
            message = f"code {entry.code.code_id} ({entry.code.slot}) is held and not readable here"
            raise JournalError(f"{message}: {error.message}", remedy=error.remedy) from None
        self._values.add(value)
        return value

    def codes(self, *, all: bool = False) -> tuple[HeldCode, ...]:  # noqa: A002 - the flag of the command
        """The codes that the world has not used up, or all that were ever kept; oldest first."""
        with self._lock:
            self._refresh()
            return self._codes(all)

    def _codes(self, used_too: bool) -> tuple[HeldCode, ...]:
        entries = [entry for entry in self._fold.codes.values() if used_too or entry.used is None]
        return tuple(replace(entry.code, readable=self._is_readable(entry)) for entry in entries)

    def _is_readable(self, entry: CodeEntry) -> bool:
        if entry.code.code_id not in self._readable:
            self._readable[entry.code.code_id] = self._seal.readable(entry.sealed)
        return self._readable[entry.code.code_id]

    # What is held

    def held(self) -> HeldState:
        with self._lock:
            self._refresh()
            effects = sorted(self._fold.effects.values(), key=lambda entry: entry.effect.started)
            evaluation = self._files.store.facts("evaluation").values()
            return HeldState(
                open_effects=tuple(self._effect(entry) for entry in effects),
                codes=self._codes(used_too=False),
                waiting=tuple(self._fold.waiting.values()),
                verified=tuple(self._fold.verified.values()),
                evaluation=tuple(from_json(EvaluationSeen, text) for text in evaluation),
                known_serials=tuple(sorted(self._files.store.facts("serial"))),
            )

    def _effect(self, entry: EffectEntry) -> OpenEffect:
        answered = self._files.spool.answered(entry.effect.op_id)
        if entry.effect.state is EffectState.SENDING and answered:
            return replace(entry.effect, state=EffectState.ANSWERED)
        return entry.effect

    def remember_evaluation(self, seen: Sequence[EvaluationSeen]) -> None:
        with self._lock:
            self._usable()
            self._files.store.put_facts("evaluation", [(item.serial, to_json(item)) for item in seen])

    def remember_serials(self, serials: Sequence[str]) -> None:
        with self._lock:
            new = set(serials) - set(self._files.store.facts("serial"))
            if new:
                self._usable()
                self._files.store.put_facts("serial", [(serial, self._now()) for serial in sorted(new)])

    # Leases

    def lease(self, addresses: Sequence[Address], run_id: str, wait_seconds: float) -> None:
        deadline = time.monotonic() + wait_seconds
        while True:
            with self._lock:
                self._usable()
                self._refresh()
                rival = self._leases.try_take(addresses, run_id, self._clock.now(), self._has_open)
            if rival is None:
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise held_by(rival)
            time.sleep(min(_POLL, left))

    def _has_open(self, run_id: str) -> bool:
        return any(
            entry.effect.run_id == run_id and entry.effect.state is not EffectState.INTENT
            for entry in self._fold.effects.values()
        )

    def _has_lease(self, run_id: str) -> Callable[[], None]:
        return lambda: self._leases.still_held(run_id)

    def heartbeat(self, run_id: str) -> None:
        with self._lock:
            self._usable()
            self._leases.beat(run_id, self._clock.now())

    def release(self, run_id: str) -> None:
        with self._lock:
            self._leases.release(run_id)

    # Hand-offs

    def park(self, run_id: str, waiting: Waiting) -> Waiting:
        with self._lock:
            self._refresh()
            for known in self._fold.waiting.values():
                if known.action_id == waiting.action_id:
                    return known
            if not waiting.handoff_id or waiting.handoff_id in self._fold.closed:
                waiting = replace(waiting, handoff_id=f"handoff-{secrets.token_hex(3)}")
            self._write(RecordKind.PARKED, to_data(waiting), run=run_id)
            return waiting

    def close_handoff(self, handoff_id: str, how: str) -> None:
        """Closing a closed one again changes nothing. Raises JournalError for one that never was."""
        with self._lock:
            self._refresh()
            if handoff_id in self._fold.waiting:
                self._write(RecordKind.HANDOFF_CLOSED, {"handoff": handoff_id, "text": self._clean(how)})
            elif handoff_id not in self._fold.closed:
                raise JournalError(f"there is no hand-off {handoff_id}", remedy="xlicense handoff list")

    # Health

    def verify(self) -> tuple[str, ...]:
        """Everything wrong with the files, read again from the disk; empty when all is well."""
        with self._lock:
            return problems(self._files)

    # Writing

    def _write(
        self,
        kind: RecordKind,
        data: dict[str, Any],
        *,
        run: str = "",
        op: str = "",
        check: Callable[[], None] | None = None,
    ) -> Record:
        payload = json.dumps(data, sort_keys=True, separators=(",", ":"))
        with self._lock:
            self._usable()
            record = self._files.store.append(
                at=self._now(),
                kind=kind,
                run=run,
                op=op,
                payload=payload,
                spool=self._files.spool.end,
                check=check,
            )
            self._take(record)
            return record

    def _take(self, record: Record) -> None:
        """Our own record is usually the next one; otherwise others have written before it."""
        if record.prev == self._fold.head.hash:
            self._fold.apply(record)
        else:
            self._read_on()

    def _usable(self) -> None:
        if not self._files.spool.close.alive:
            raise JournalError(f"the journal in {self._files.folder} is closed")
        if self._files.spool.broken or self._files.store.broken:
            raise JournalError(
                f"the journal in {self._files.folder} is closed for this process after a failed write",
                remedy="Look at the disk (space, permissions, errors), then run `xlicense plan`.",
            )

    def _read_on(self) -> None:
        read_on(self._files.store, self._fold)

    def _refresh(self) -> None:
        self._files.spool.refresh()
        self._read_on()

    def _now(self) -> str:
        return self._clock.now().isoformat()

    def _clean(self, text: str) -> str:
        """A text without any code value that this process has seen."""
        for value in self._values:
            text = text.replace(value, "<code>") if value else text
        return text


def _code_id() -> str:
    return f"code-{secrets.token_hex(4)}"
