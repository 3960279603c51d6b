"""From records to what is held now. Pure: records in, values out, in the order of the chain.

Belongs here: what each kind of record means. Nothing derived is stored, so nothing derived can disagree
with the chain. Effects that have ended are dropped unless ``keep_ended`` asks for the whole story.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from reconciler.model import (
    Action,
    Address,
    Attested,
    EffectState,
    HeldCode,
    Kind,
    OpenEffect,
    Resolution,
    Verified,
    Waiting,
    from_data,
)

from .chain import START, Head, Record, RecordKind
from .reservations import KINDS, Reservations, Step, used_up
from .views import Event, Verdict

_OF_RESERVATIONS = tuple(f'"kind":"{kind.value}"' for kind in KINDS)
_HAPPENED = frozenset({EffectState.DONE, EffectState.VERIFIED})


@dataclass(slots=True)
class EffectEntry:
    """One effect as far as the records go. Its intent is read only when asked for: most have ended."""

    intent: Record
    state: EffectState = EffectState.INTENT
    open: bool = True
    text: str = ""
    events: list[Event] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        return self.intent.run

    @property
    def at_reservations(self) -> bool:
        """Told from the text, for of ten thousand effects only a few are worth reading."""
        return any(mark in self.intent.payload for mark in _OF_RESERVATIONS)

    def step(self) -> Step:
        data = json.loads(self.intent.payload)
        return Step(Kind(data["kind"]), Address(data["address"]), data["subject"], data["params"])

    def action(self) -> Action:
        return from_data(Action, json.loads(self.intent.payload))

    def effect(self) -> OpenEffect:
        data = json.loads(self.intent.payload)
        return OpenEffect(
            op_id=self.intent.op,
            action_id=data["id"],
            kind=data["kind"],
            address=Address(data["address"]),
            subject=data["subject"],
            state=self.state,
            started=datetime.fromisoformat(self.intent.at),
            run_id=self.intent.run,
            params=data["params"],
        )


@dataclass(slots=True)
class CodeEntry:
    """A code and its sealed value. ``used`` says why the world has used it up, ``to`` who can open it (empty
    where an early release did not say)."""

    code: HeldCode
    sealed: bytes
    used: str | None = None
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """A record, and its payload for the kinds that need it."""

    record: Record

    @property
    def data(self) -> Any:
        return json.loads(self.record.payload)

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.record.at)


class Fold:
    """The state after the records so far."""

    def __init__(self, *, keep_ended: bool = False) -> None:
        self.head: Head = START
        self.spool_end = 0
        self.journal_id = ""
        self.used_nonces: dict[str, str] = {}
        self.effects: dict[str, EffectEntry] = {}
        self.codes: dict[str, CodeEntry] = {}
        self.waiting: dict[str, Waiting] = {}
        self.closed: dict[str, Waiting] = {}
        self.verified: dict[tuple[str, str], Verified] = {}
        self.answers: dict[str, list[str]] = {}
        self.reservations = Reservations()
        self.attested: dict[Address, Attested] = {}
        self._nonces: dict[str, str] = {}
        self._keep_ended = keep_ended

    def apply(self, record: Record) -> None:
        """Takes a record whose place in the chain was checked; a kind without a meaning changes nothing."""
        told = Told(record)
        meaning = _MEANINGS.get(record.kind)
        if meaning is not None:
            meaning(self, told)
        self._tell(told)
        self._forget(told)
        self.head = record.head
        self.spool_end = max(self.spool_end, record.spool)

    def _genesis(self, told: Told) -> None:
        self.journal_id = told.data["journal"]

    def _run(self, told: Told) -> None:
        nonce = told.data["nonce"]
        if nonce is not None:
            self._nonces[told.record.run] = nonce

    def _run_end(self, told: Told) -> None:
        nonce = self._nonces.pop(told.record.run, None)
        if nonce is not None and told.data["plan_used"]:
            self.used_nonces[nonce] = told.record.run

    def _intent(self, told: Told) -> None:
        self.effects[told.record.op] = EffectEntry(told.record)

    def _sending(self, told: Told) -> None:
        self._move(told.record.op, EffectState.SENDING)
        entry = self.effects.get(told.record.op)
        if entry is not None and entry.open and entry.at_reservations:
            self.reservations.sent(entry.step(), told.at)

    def _move(self, op_id: str, state: EffectState) -> None:
        """A person may have closed an effect while its run was still at it: then it stays closed."""
        entry = self.effects.get(op_id)
        if entry is not None and entry.open:
            entry.state = state

    def _verified(self, told: Told) -> None:
        self._move(told.record.op, EffectState.VERIFIED)
        for fact in told.data["facts"]:
            known = Verified(
                Address(fact["address"]), fact["field"], fact["value"], datetime.fromisoformat(fact["at"])
            )
            self.verified[known.address, known.field] = known

    def _end(self, told: Told) -> None:
        """Both the end of an effect and what was found out later: only *unknown* leaves it open."""
        entry = self.effects.get(told.record.op)
        if entry is not None and entry.open:
            data, before = told.data, entry.state
            entry.state, entry.text = EffectState(data["state"]), data["text"]
            entry.open = entry.state is EffectState.UNKNOWN
            if entry.at_reservations:
                self._ended(told, entry, before)

    def _ended(self, told: Told, entry: EffectEntry, before: EffectState) -> None:
        """A failure after something was observed is a step that happened and whose code is lost. One that a
        person speaks of may have happened; any other has not."""
        data, failed = told.data, entry.state is EffectState.FAILED
        happened = before is EffectState.VERIFIED or data.get("took_effect")
        by_person = data.get("how", "observed") != "observed"
        brought = before is EffectState.ANSWERED
        if entry.state in _HAPPENED or (failed and happened):
            self._happened(entry.step(), told.at)
        elif entry.state is EffectState.NOT_SENT or (failed and not by_person and not brought):
            self.reservations.never_ran(entry.step())

    def _happened(self, step: Step, at: datetime) -> None:
        """A code that this step brought or used is the newest in its slot, and not used up before."""
        name = step.params.get("authorization")
        slot = name if isinstance(name, str) else f"authorization/{step.subject}"
        codes = [entry.code for entry in self.codes.values() if entry.code.slot == slot and not entry.used]
        says, account = (codes[-1].authorization, codes[-1].address) if codes else (None, None)
        self.reservations.happened(step, at, says, account)
        for used in used_up(step):
            self._use_up(used, f"used by {step.kind.value}")

    def _code(self, told: Told) -> None:
        data = told.data
        code = from_data(HeldCode, data["code"])
        self.codes[code.code_id] = CodeEntry(
            code, data["sealed"].encode("ascii"), to=tuple(data.get("to", ()))
        )
        self._move(told.record.op, EffectState.ANSWERED)
        self._came(code, told.at)

    def _resealed(self, told: Told) -> None:
        data = told.data
        entry = self.codes[data["code_id"]]
        entry.sealed, entry.to = data["sealed"].encode("ascii"), tuple(data["to"])

    def _came(self, code: HeldCode, at: datetime) -> None:
        """A return code alone proves that the node gave its reservation back."""
        if code.slot == f"return/{code.subject}":
            self.reservations.returned(code.subject, at)

    def _used_up(self, told: Told) -> None:
        data = told.data
        self._use_up(data["slot"], data["why"])

    def _use_up(self, slot: str, why: str) -> None:
        for entry in self.codes.values():
            if entry.code.slot == slot and entry.used is None:
                entry.used = why

    def _parked(self, told: Told) -> None:
        waiting = from_data(Waiting, told.data)
        self.waiting[waiting.handoff_id] = waiting

    def _assigned(self, told: Told) -> None:
        """Who has it, under which ticket and until when; what is not said stays."""
        data = told.data
        waiting = self.waiting.get(data["handoff"])
        if waiting is not None:
            due = data.get("due")
            self.waiting[waiting.handoff_id] = replace(
                waiting,
                owner=data.get("owner") or waiting.owner,
                ticket=data.get("ticket") or waiting.ticket,
                due=datetime.fromisoformat(due) if due else waiting.due,
            )

    def _handoff_closed(self, told: Told) -> None:
        """One that was taken back is closed and not done; one that was seen to be done has happened, unless
        somebody said so before."""
        data = told.data
        waiting = self.waiting.get(data["handoff"])
        self._close(data["handoff"], done=not data.get("recalled"))
        if waiting is not None and not waiting.done and data.get("observed"):
            self._handed_back(waiting, told.at)

    def _close(self, handoff_id: str, *, done: bool = True) -> None:
        waiting = self.waiting.pop(handoff_id, None)
        if waiting is not None:
            self.closed[handoff_id] = replace(waiting, done=done)

    def _answer(self, told: Told) -> None:
        data = told.data
        if data["code_id"] is not None:
            self.answers.setdefault(data["handoff"], []).append(data["code_id"])

    def _verdict(self, told: Told) -> None:
        """An accepted answer moves its code into the slot that the hand-off fills, or marks a step done."""
        data = told.data
        if data["verdict"] == Verdict.ACCEPTED:
            self._accepted(data, told.at)
        elif data["verdict"] == Verdict.DUPLICATE and data["code_id"] is not None:
            self.codes[data["code_id"]].used = "given before"

    def _accepted(self, data: dict[str, Any], at: datetime) -> None:
        waiting = self.waiting.get(data["handoff"])
        if data["code_id"] is not None:
            entry = self.codes[data["code_id"]]
            entry.code = replace(entry.code, slot=data["slot"])
            self._came(entry.code, at)
            self._close(data["handoff"])
        elif waiting is not None:
            self.waiting[data["handoff"]] = replace(waiting, done=True)
        if waiting is not None:
            self._handed_back(waiting, at)

    def _handed_back(self, waiting: Waiting, at: datetime) -> None:
        if waiting.kind in KINDS:
            step = Step(Kind(waiting.kind), waiting.address, waiting.subject, waiting.params)
            self._happened(step, at)

    def _attested(self, told: Told) -> None:
        attested = from_data(Attested, told.data["attested"])
        self.attested[attested.account] = attested

    def _decided(self, told: Told) -> None:
        self.reservations.resolved(from_data(Resolution, told.data["resolution"]))

    def _tell(self, told: Told) -> None:
        if self._keep_ended and told.record.op in self.effects:
            event = Event(datetime.fromisoformat(told.record.at), told.record.kind, _words(told.data))
            self.effects[told.record.op].events.append(event)

    def _forget(self, told: Told) -> None:
        entry = self.effects.get(told.record.op)
        if entry is not None and not entry.open and not self._keep_ended:
            del self.effects[told.record.op]


def _words(data: dict[str, Any]) -> str:
    """What a record of an effect says; where a person decided, also who, how and on what evidence."""
    text = str(data.get("text", ""))
    if "by" not in data:
        return text
    shown = data.get("evidence")
    seen = f" ({shown['name']}, {shown['bytes']:,} bytes, SHA-256 {shown['sha256']})" if shown else ""
    return f"{data['how']}, says {data['by']}: {text}{seen}"


_MEANINGS: dict[str, Callable[[Fold, Told], None]] = {
    RecordKind.GENESIS: Fold._genesis,
    RecordKind.RUN: Fold._run,
    RecordKind.RUN_END: Fold._run_end,
    RecordKind.INTENT: Fold._intent,
    RecordKind.SENDING: Fold._sending,
    RecordKind.CODE: Fold._code,
    RecordKind.RESEALED: Fold._resealed,
    RecordKind.VERIFIED: Fold._verified,
    RecordKind.END: Fold._end,
    RecordKind.RESOLVED: Fold._end,
    RecordKind.USED_UP: Fold._used_up,
    RecordKind.PARKED: Fold._parked,
    RecordKind.ASSIGNED: Fold._assigned,
    RecordKind.HANDOFF_CLOSED: Fold._handoff_closed,
    RecordKind.ANSWER: Fold._answer,
    RecordKind.VERDICT: Fold._verdict,
    RecordKind.ATTESTED: Fold._attested,
    RecordKind.DECIDED: Fold._decided,
}
