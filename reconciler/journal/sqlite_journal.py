"""The journal of one workspace on one machine: what the engine writes and what it reads back.

Belongs here: which record or frame each step makes, and in which order. Files are in `opening`, `store` and
`spool`, meaning in `fold`, keys in `keys`, leases in `leases`, judgement of answers in `handoffs`.

Two files take part in every effect: intent, sending, codes and the end are records of the journal; replies
go to the spool. ``sending`` also leaves the head of the record chain in the spool, so that a journal put
back from a copy cannot forget an effect that may have reached a node.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.errors import JournalError, PlanFileError
from reconciler.model import (
    Action,
    Address,
    EffectClass,
    EffectState,
    EvaluationSeen,
    HeldCode,
    HeldState,
    Produced,
    Verified,
    Waiting,
    from_json,
    to_data,
    to_json,
)
from reconciler.ports import Clock

from .chain import RecordKind
from .core import code_id
from .effect import JournalEffect
from .enquiry import Enquiry
from .frames import FrameKind
from .keys import Seal, default_identity
from .leases import held_by
from .opening import open_files


def open_journal(
    folder: Path, *, workspace: str, recipients: Sequence[str], identity: Path | None, clock: Clock
) -> SqliteJournal:
    """Open the journal in this state folder, or make a new one. Raises JournalError.

    Without an ``identity`` the one in the user's configuration reads the codes, if it is there.
    """
    seal = Seal(recipients, identity or default_identity())
    return SqliteJournal(open_files(folder, workspace, clock.now()), seal, clock)


class SqliteJournal(Enquiry):
    """Implements `ports.Journal`. One object a process; safe to call from several threads.

    After a failed write it takes no more effects (what the disk holds is not known), but still spools
    what is received and still answers questions.
    """

    # Runs

    def begin_run(self, command: str, plan_digest: str | None, nonce: str | None) -> str:
        run_id = f"run-{secrets.token_hex(5)}"
        data = {"command": command, "digest": plan_digest, "nonce": nonce}
        with self._alone():
            used_by = self._fold.used_nonces.get(nonce or "")
            if used_by is not None:
                raise PlanFileError(f"this plan was used up by {used_by}", remedy="xlicense plan")
            self._write(RecordKind.RUN, data, run=run_id)
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
        with self._alone():
            self._leases.still_held(run_id)
            self._write(RecordKind.INTENT, to_data(action), run=run_id, op=op_id)
        return JournalEffect(self, op_id, run_id, action)

    def note_sending(self, op_id: str, run_id: str) -> None:
        with self._alone():
            self._leases.still_held(run_id)
            self._must_be_open(op_id)
            self._write(RecordKind.SENDING, {}, run=run_id, op=op_id)
        self._files.note_head()

    def note_received(self, op_id: str, data: bytes) -> None:
        """Sealed where there is a recipient; otherwise only that so many bytes came.

        No digest of them: a confirmation code has 32 bits, which a digest would give away.
        """
        with self._lock:
            about = {"op": op_id, "at": self._now(), "head": [self._fold.head.seq, self._fold.head.hash]}
            if self._seal.can_seal:
                self._note_sealed(about, self._seal.seal(data))
            else:
                self._files.spool.append(FrameKind.MARKER, {**about, "bytes": len(data)})
            self._files.note_witness()

    def _note_sealed(self, about: dict[str, Any], sealed: bytes) -> None:
        try:
            self._files.spool.append(FrameKind.RECEIVED, about, sealed)
        except JournalError as error:
            raise self._elsewhere(error, FrameKind.RECEIVED, about, sealed) from error

    def note_code(self, op_id: str, run_id: str, action: Action, produced: Produced, slot: str) -> str:
        code = HeldCode(
            code_id=code_id(),
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

    def adopt_code(self, op_id: str, produced: Produced) -> str:
        """Keep a code that was found afterwards, in the slot that the effect's action fills."""
        with self._lock:
            self._must_be_open(op_id)
            entry = self._fold.effects[op_id]
        action = entry.action()
        slot = action.makes or f"{produced.kind.value}/{action.subject}"
        return self.note_code(op_id, entry.run_id, action, produced, slot)

    def note_verified(self, op_id: str, run_id: str, facts: Sequence[Verified]) -> None:
        data = {"facts": [to_data(fact) for fact in facts]}
        self._write(RecordKind.VERIFIED, data, run=run_id, op=op_id)

    def note_end(self, op_id: str, run_id: str, state: EffectState, text: str) -> None:
        data = {"state": state.value, "text": self._clean(text)}
        self._write(RecordKind.END, data, run=run_id, op=op_id)

    def resolve_observed(
        self, op_id: str, state: EffectState, text: str, *, took_effect: bool = False
    ) -> None:
        """Close an open effect because observation has proved what became of it."""
        data: dict[str, Any] = {"how": "observed", "state": state.value, "text": self._clean(text)}
        if took_effect:
            data["took_effect"] = True
        with self._alone():
            self._must_be_open(op_id)
            self._write(RecordKind.RESOLVED, data, op=op_id)

    # Codes

    def can_keep_codes(self) -> str | None:
        if not self._seal.can_seal:
            return "there is no recipient to seal a code to"
        try:
            with self._lock:
                self._usable()
                self._try_out()
        except JournalError as error:
            return f"{error.message}; {error.remedy}" if error.remedy else error.message
        return None

    def _try_out(self) -> None:
        """Both files take a canary, the spool gives it back, and there is room for the reply to come."""
        self._files.spool.reserve.take()
        sealed = self._seal.seal(secrets.token_bytes(16))
        place = self._files.spool.append(FrameKind.CANARY, {"at": self._now()}, sealed)
        if self._files.spool.read(*place).blob != sealed:
            raise JournalError(f"the spool {self._files.spool.path} does not give back what was written")
        self._files.store.put_facts("canary", [("last", self._now())])

    def use_up(self, slot: str, why: str) -> None:
        with self._alone():
            if self._in_slot(slot):
                self._write(RecordKind.USED_UP, {"slot": slot, "why": self._clean(why)})

    def code_value(self, slot: str, *, used_too: bool = False) -> str | None:
        with self._lock:
            self._refresh()
            entries = self._in_slot(slot) or (self._in_slot(slot, used_too=True) if used_too else [])
            return self._open(entries[-1]) if entries else None

    # What is held

    def held(self) -> HeldState:
        with self._lock:
            self._refresh()
            evaluation = self._files.store.facts("evaluation").values()
            return HeldState(
                open_effects=tuple(self._effect(entry) for entry in self._fold.effects.values()),
                codes=self._codes(used_too=False),
                waiting=tuple(self._fold.waiting.values()),
                verified=tuple(self._fold.verified.values()),
                evaluation=tuple(from_json(EvaluationSeen, text) for text in evaluation),
                known_serials=tuple(sorted(self._files.store.facts("serial"))),
                reserved=tuple(self._fold.reservations.reserved.values()),
                requested=tuple(self._fold.reservations.requested.values()),
                attested=tuple(self._fold.attested.values()),
                resolutions=tuple(self._fold.reservations.resolutions.values()),
            )

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

    def lease(self, addresses: Sequence[Address], run_id: str) -> None:
        with self._alone():
            rival = self._leases.try_take(addresses, run_id, self._clock.now(), self._has_open)
        if rival is not None:
            raise held_by(rival)

    def _has_open(self, run_id: str) -> bool:
        return any(
            entry.run_id == run_id and entry.state is not EffectState.INTENT
            for entry in self._fold.effects.values()
        )

    def heartbeat(self, run_id: str) -> None:
        with self._lock:
            self._usable()
            self._leases.beat(run_id, self._clock.now())

    def release(self, run_id: str) -> None:
        with self._lock:
            self._leases.release(run_id)

    # Hand-offs

    def park(self, run_id: str, waiting: Waiting) -> Waiting:
        """One that waits is given back; one said to be done, and planned again, is handed over anew."""
        with self._alone():
            for known in tuple(self._fold.waiting.values()):
                if known.action_id == waiting.action_id:
                    if not known.done:
                        return known
                    text = "said to be done, and planned again"
                    self._write(RecordKind.HANDOFF_CLOSED, {"handoff": known.handoff_id, "text": text})
            taken = {"", *self._fold.waiting, *self._fold.closed}
            if waiting.handoff_id in taken:
                waiting = replace(waiting, handoff_id=f"handoff-{secrets.token_hex(3)}")
            self._write(RecordKind.PARKED, to_data(waiting), run=run_id)
            return waiting

    def close_handoff(self, handoff_id: str, how: str) -> None:
        """It was seen to be done. Closing a closed one again changes nothing. Raises JournalError for one
        that never was."""
        said = {"handoff": handoff_id, "text": self._clean(how), "observed": True}
        with self._alone():
            if handoff_id in self._fold.waiting:
                self._write(RecordKind.HANDOFF_CLOSED, said)
            elif handoff_id not in self._fold.closed:
                raise JournalError(f"there is no hand-off {handoff_id}", remedy="xlicense handoff list")
