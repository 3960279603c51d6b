"""What people ask the journal and tell it: operations, codes, leases, hand-offs and their answers.

Belongs here: what the commands ``op``, ``codes``, ``handoff`` and ``unlock`` need. What the engine writes
during a run is in `sqlite_journal`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from reconciler.errors import UsageError
from reconciler.model import (
    WORKSPACE,
    Address,
    Attested,
    CodeKind,
    EffectState,
    HeldCode,
    Waiting,
    to_data,
)
from reconciler.model import Resolution as Decision

from .chain import RecordKind
from .copying import Copied, Restored, backup
from .core import JournalCore, code_id, says
from .fold import EffectEntry, Fold
from .frames import Frame, FrameKind
from .handoffs import judge
from .leases import user
from .opening import read_on
from .views import AnswerVerdict, Lease, Operation, Received, Resealed, Unlocked, Verdict

Resolution = Literal["adopt", "absent", "abandon"]

_RESOLVED: dict[Resolution, EffectState] = {
    "adopt": EffectState.DONE,
    "absent": EffectState.NOT_SENT,
    "abandon": EffectState.FAILED,
}


class Enquiry(JournalCore):
    """The journal as the command line sees it."""

    # Operations

    def operations(self, *, all: bool = False) -> tuple[Operation, ...]:  # noqa: A002 - the flag of the command
        """The effects without an end, or every one; oldest first."""
        with self._lock:
            return tuple(self._operation(entry) for entry in self._story() if all or entry.open)

    def operation(self, op_id: str) -> Operation:
        """Raises UsageError for an id that the journal does not know."""
        for operation in self.operations(all=True):
            if operation.effect.op_id == op_id:
                return operation
        raise UsageError(f"there is no operation {op_id}", remedy="xlicense op list")

    def _story(self) -> tuple[EffectEntry, ...]:
        self._refresh()
        fold = Fold(keep_ended=True)
        read_on(self._files.store, fold)
        return tuple(fold.effects.values())

    def _operation(self, entry: EffectEntry) -> Operation:
        effect = self._effect(entry)
        return Operation(
            effect=effect,
            action=entry.action(),
            open=entry.open,
            text=entry.text,
            events=tuple(entry.events),
            chunks=len(self._files.spool.received(effect.op_id)),
        )

    def resolve(self, op_id: str, how: Resolution, evidence: Path | None, reason: str) -> None:
        """A person says what became of an effect: it happened, it did not, or nobody will ever know.

        The evidence is recorded by name, size and SHA-256. Raises UsageError for an effect that is not open.
        """
        _must_be_known(how)
        data = {
            "how": how,
            "state": _RESOLVED[how].value,
            "text": self._clean(reason),
            "by": user(),
            "evidence": _evidence(evidence),
        }
        with self._alone():
            if op_id not in self._fold.effects:
                raise self._not_open(op_id)
            self._write(RecordKind.RESOLVED, data, op=op_id)

    def _not_open(self, op_id: str) -> UsageError:
        """Why this operation cannot be resolved: it has ended, or it never was."""
        state = self.operation(op_id).effect.state
        return UsageError(f"{op_id} has ended already: {state.value}", remedy=f"xlicense op show {op_id}")

    def resolve_serial(self, serial: str, how: Resolution, evidence: Path | None, reason: str) -> Decision:
        """A person decides about a state of this node that xlicense would not touch. The newest word counts,
        until the next step of ours that brings the reservation to a settled state."""
        _must_be_known(how)
        decided = Decision(serial, how, self._clock.now(), user(), self._clean(reason))
        data = {"resolution": to_data(decided), "evidence": _evidence(evidence), "text": decided.reason}
        self._write(RecordKind.DECIDED, data)
        return decided

    def spooled(self, op_id: str) -> list[bytes]:
        """What came back for this effect, opened, in order. Raises JournalError where not readable here."""
        return [self._seal.open(sealed) for sealed in self.sealed(op_id)]

    def sealed(self, op_id: str) -> list[bytes]:
        """The same as it lies on the disk: each a complete age file, for ``age -d``."""
        with self._lock:
            self._files.spool.refresh()
            frames = self._files.spool.received(op_id)
        return [frame.blob for frame in frames if frame.kind is FrameKind.RECEIVED]

    def replies(self, op_id: str) -> tuple[Received, ...]:
        """What came back for this effect, by time and size; nothing is opened."""
        with self._lock:
            self._files.spool.refresh()
            return tuple(_received(frame) for frame in self._files.spool.received(op_id))

    def reveal_replies(self, op_id: str, reason: str) -> tuple[Received, ...]:
        """The same with the bytes, as far as they are readable here. Who asked and why is on disk first."""
        told = {"how": "replies shown", "text": self._clean(reason), "by": user()}
        with self._lock:
            self._refresh()
            if self._files.spool.received(op_id):
                self._write(RecordKind.REVEALED, told, op=op_id)
            return tuple(self._opened(frame) for frame in self._files.spool.received(op_id))

    def _opened(self, frame: Frame) -> Received:
        kept = _received(frame)
        if frame.kind is not FrameKind.RECEIVED or not self._seal.readable(frame.blob):
            return kept
        data = self._seal.open(frame.blob)
        return Received(kept.at, len(data), data)

    # Codes

    def reveal(self, code_id: str, reason: str) -> str:
        """The value of a code, used up or not. Who asked and why is on disk before it is given out."""
        with self._lock:
            self._refresh()
            entry = self._fold.codes.get(code_id)
            if entry is None:
                raise UsageError(f"there is no code {code_id}", remedy="xlicense codes list")
            value = self._open(entry)
            self._write(RecordKind.REVEALED, {"code_id": code_id, "text": self._clean(reason), "by": user()})
            return value

    def reseal(self) -> Resealed:
        """Seal every code, used up or not, to the present recipients, as far as it is readable here.

        What was sealed before stays in the record. A second call, or one after a crash, does what is left.
        """
        with self._lock:
            self._refresh()
            due = [known for known, entry in self._fold.codes.items() if entry.to != self._seal.to]
            left = tuple(known for known in due if not self._is_readable(self._fold.codes[known]))
            for known in due:
                if known not in left:
                    self._reseal(known, self._open(self._fold.codes[known]))
            return Resealed(len(due) - len(left), left)

    def _reseal(self, known: str, value: str) -> None:
        sealed = self._seal.seal_text(value)
        self._write(RecordKind.RESEALED, {"code_id": known, "sealed": sealed, "to": list(self._seal.to)})
        self._readable.pop(known, None)

    # Copies

    def backup(self, target: Path) -> Copied:
        """Write one consistent copy of journal and spool to a new file. Raises JournalError."""
        with self._lock:
            self._usable()
            return backup(self._files, target, self._clock.now())

    def note_restored(self, restored: Restored) -> None:
        """That this journal was put in place from a copy, and where what was there before is now."""
        copied = restored.copied
        text = f"from a backup of {copied.at.isoformat()} that ends at record {copied.head.seq}"
        before = str(restored.before) if restored.before else None
        self._write(RecordKind.RESTORED, {"text": text, "before": before, "by": user()})

    # Leases

    def leases(self) -> tuple[Lease, ...]:
        with self._lock:
            return self._leases.all()

    def live_runs(self) -> frozenset[str]:
        """Implements `ports.Journal`: a holder on another machine counts as alive, and so does one here whose
        leases somebody has taken away."""
        with self._lock:
            holding = frozenset(lease.run_id for lease in self._leases.all() if lease.alive is not False)
            return holding | self._leases.living()

    def unlock(self, run_id: str) -> Unlocked:
        """Take the leases of this run away, and say whether its process is alive.

        A living holder stops at its next step: intent and sending look for the lease in the same
        transaction. Raises UsageError where the run holds none.
        """
        with self._lock:
            self._refresh()
            held = [lease for lease in self._leases.all() if lease.run_id == run_id]
            if not held:
                raise UsageError(f"{run_id} holds no lease")
            self._write(RecordKind.UNLOCKED, {"text": held[0].holder, "by": user()}, run=run_id)
            self._leases.take_away(run_id, alive=held[0].alive)
            return Unlocked(
                run_id=run_id,
                holder=f"{held[0].holder} on {held[0].host} (pid {held[0].pid})",
                alive=held[0].alive,
                addresses=tuple(lease.address for lease in held),
                open_effects=tuple(
                    op_id for op_id, entry in self._fold.effects.items() if entry.run_id == run_id
                ),
            )

    # Hand-offs

    def handoffs(self, *, all: bool = False) -> tuple[Waiting, ...]:  # noqa: A002 - the flag of the command
        """What waits for a person, or every hand-off there was; oldest first."""
        with self._lock:
            self._refresh()
            found = [*self._fold.waiting.values(), *(self._fold.closed.values() if all else ())]
            return tuple(sorted(found, key=lambda waiting: (waiting.since, waiting.handoff_id)))

    def answer(
        self, handoff_id: str, value: str | None, by: str | None = None, ticket: str | None = None
    ) -> AnswerVerdict:
        """Record what a person brings back, then judge it. ``value`` is None for a step that gives nothing.

        Raises JournalError where a value could not be kept; then nothing was recorded.
        """
        value = value.strip() if value is not None else None
        with self._lock:
            self._refresh()
            kept = self._keep_answer(handoff_id, self._handoff(handoff_id), value, by, ticket)
            verdict, text = self._judge(handoff_id, value, kept)
            return AnswerVerdict(verdict, text, self._handoff(handoff_id), kept)

    def recall(self, handoff_id: str, by: str | None, reason: str) -> Waiting:
        """Take a hand-off back: nobody is to do it any more. What comes for it later is kept and not used.

        Raises UsageError for one that does not wait.
        """
        said = {"handoff": handoff_id, "text": self._clean(reason), "by": by or user(), "recalled": True}
        with self._alone():
            waiting = self._fold.waiting.get(handoff_id)
            if waiting is None:
                raise UsageError(f"no hand-off {handoff_id} waits", remedy="xlicense handoff list")
            self._write(RecordKind.HANDOFF_CLOSED, said)
        return waiting

    def assign(
        self,
        handoff_id: str,
        *,
        owner: str | None = None,
        ticket: str | None = None,
        due: datetime | None = None,
    ) -> Waiting:
        """Say who has a hand-off, under which ticket and until when; what is None stays as it is.

        Raises UsageError for one that does not wait.
        """
        said = {
            "handoff": handoff_id,
            "owner": self._clean(owner) if owner else None,
            "ticket": self._clean(ticket) if ticket else None,
            "due": due.isoformat() if due else None,
            "by": user(),
        }
        with self._alone():
            if handoff_id not in self._fold.waiting:
                raise UsageError(f"no hand-off {handoff_id} waits", remedy="xlicense handoff list")
            self._write(RecordKind.ASSIGNED, said)
        return self._fold.waiting[handoff_id]

    def attest(self, attested: Attested) -> None:
        """What a person saw at an account; the newest one of each account counts."""
        self._write(RecordKind.ATTESTED, {"attested": to_data(attested)})

    def _handoff(self, handoff_id: str) -> Waiting | None:
        return self._fold.waiting.get(handoff_id) or self._fold.closed.get(handoff_id)

    def _judge(self, handoff_id: str, value: str | None, kept: str | None) -> tuple[Verdict, str]:
        """Of two who answer at once, the second is judged knowing the first."""
        with self._alone():
            waiting = self._fold.waiting.get(handoff_id)
            earlier = self._earlier(handoff_id, kept)
            verdict, text = judge(waiting, value, earlier, self._fold.closed.get(handoff_id))
            data: dict[str, Any] = {
                "handoff": handoff_id,
                "verdict": verdict.value,
                "code_id": kept,
                "slot": (waiting.slot if waiting else None) or f"answer/{handoff_id}",
                "text": text,
            }
            self._write(RecordKind.VERDICT, data)
        return verdict, text

    def _earlier(self, handoff_id: str, kept: str | None) -> list[str]:
        """The values answered before, as far as they are readable here."""
        others = [known for known in self._fold.answers.get(handoff_id, ()) if known != kept]
        entries = [self._fold.codes[known] for known in others]
        return [self._open(entry) for entry in entries if self._is_readable(entry)]

    def _keep_answer(
        self, handoff_id: str, expected: Waiting | None, value: str | None, by: str | None, ticket: str | None
    ) -> str | None:
        kept = None
        if value is not None:
            code = self._answer_code(handoff_id, expected, value)
            self._keep(code, value, "")
            kept = code.code_id
        said = {"handoff": handoff_id, "code_id": kept, "by": by or user(), "ticket": ticket}
        self._write(RecordKind.ANSWER, said)
        return kept

    def _answer_code(self, handoff_id: str, expected: Waiting | None, value: str) -> HeldCode:
        """In a slot of its own, which no action names, until the verdict moves it."""
        unasked = CodeKind.AUTHORIZATION if says(value) is not None else CodeKind.TOKEN
        return HeldCode(
            code_id=code_id(),
            kind=(expected.wants if expected else None) or unasked,
            slot=f"answer/{handoff_id}",
            address=expected.address if expected else Address(WORKSPACE),
            subject=expected.subject if expected else "",
            made_at=self._clock.now(),
            readable=False,
            from_person=True,
        )


def _received(frame: Frame) -> Received:
    size = frame.about["bytes"] if frame.kind is FrameKind.MARKER else len(frame.blob)
    return Received(datetime.fromisoformat(frame.about["at"]), size)


def _must_be_known(how: str) -> None:
    if how not in _RESOLVED:
        raise UsageError(f"it is resolved by {', '.join(_RESOLVED)}, not by {how!r}")


def _evidence(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the evidence {path} cannot be read: {error.strerror}") from error
    return {"name": path.name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
