"""From records to what is held now. Pure: records in, values out, in the order of the chain.

Belongs here: what each kind of record means. Nothing derived is stored, so nothing derived can disagree
with the chain. Effects that have ended are dropped unless ``keep_ended`` asks for the whole story.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from reconciler.model import (
    Action,
    Address,
    EffectState,
    HeldCode,
    OpenEffect,
    Verified,
    Waiting,
    from_data,
)

from .chain import START, Head, Record, RecordKind
from .views import Event


@dataclass(slots=True)
class EffectEntry:
    """One effect as far as the records go. ``action`` is plain JSON data."""

    effect: OpenEffect
    action: Mapping[str, Any]
    open: bool = True
    text: str = ""
    events: list[Event] = field(default_factory=list)

    def move(self, state: EffectState) -> None:
        self.effect = replace(self.effect, state=state)

    def full_action(self) -> Action:
        return from_data(Action, self.action)


@dataclass(slots=True)
class CodeEntry:
    """A code and its sealed value. ``used`` says why the world has used it up."""

    code: HeldCode
    sealed: bytes
    used: str | None = None


class Told(NamedTuple):
    """A record and its payload."""

    record: Record
    data: dict[str, Any]


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
        self._nonces: dict[str, str] = {}
        self._keep_ended = keep_ended

    def apply(self, record: Record) -> None:
        """Takes a record whose place in the chain was checked; a kind without a meaning changes nothing."""
        told = Told(record, json.loads(record.payload))
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
        if told.data["nonce"] is not None:
            self._nonces[told.record.run] = told.data["nonce"]

    def _run_end(self, told: Told) -> None:
        nonce = self._nonces.pop(told.record.run, None)
        if nonce is not None and told.data["plan_used"]:
            self.used_nonces[nonce] = told.record.run

    def _intent(self, told: Told) -> None:
        effect = OpenEffect(
            op_id=told.record.op,
            action_id=told.data["id"],
            kind=told.data["kind"],
            address=Address(told.data["address"]),
            subject=told.data["subject"],
            state=EffectState.INTENT,
            started=datetime.fromisoformat(told.record.at),
            run_id=told.record.run,
        )
        self.effects[told.record.op] = EffectEntry(effect, told.data)

    def _sending(self, told: Told) -> None:
        self._move(told.record.op, EffectState.SENDING)

    def _move(self, op_id: str, state: EffectState) -> None:
        """A person may have closed an effect while its run was still at it: then it stays closed."""
        entry = self.effects.get(op_id)
        if entry is not None and entry.open:
            entry.move(state)

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
            entry.move(EffectState(told.data["state"]))
            entry.text = told.data["text"]
            entry.open = entry.effect.state is EffectState.UNKNOWN

    def _code(self, told: Told) -> None:
        code = from_data(HeldCode, told.data["code"])
        self.codes[code.code_id] = CodeEntry(code, told.data["sealed"].encode("ascii"))
        self._move(told.record.op, EffectState.ANSWERED)

    def _used_up(self, told: Told) -> None:
        for entry in self.codes.values():
            if entry.code.slot == told.data["slot"] and entry.used is None:
                entry.used = told.data["why"]

    def _parked(self, told: Told) -> None:
        waiting = from_data(Waiting, told.data)
        self.waiting[waiting.handoff_id] = waiting

    def _handoff_closed(self, told: Told) -> None:
        waiting = self.waiting.pop(told.data["handoff"])
        self.closed[waiting.handoff_id] = replace(waiting, done=True)

    def _answer(self, told: Told) -> None:
        if told.data["code_id"] is not None:
            self.answers.setdefault(told.data["handoff"], []).append(told.data["code_id"])

    def _verdict(self, told: Told) -> None:
        """An accepted answer moves its code into the slot that the hand-off fills, or marks a step done."""
        if told.data["verdict"] == "duplicate" and told.data["code_id"] is not None:
            self.codes[told.data["code_id"]].used = "given before"
        if told.data["verdict"] != "accepted":
            return
        waiting = self.waiting[told.data["handoff"]]
        if told.data["code_id"] is None:
            self.waiting[waiting.handoff_id] = replace(waiting, done=True)
            return
        entry = self.codes[told.data["code_id"]]
        entry.code = replace(entry.code, slot=told.data["slot"])
        self.closed[waiting.handoff_id] = replace(self.waiting.pop(waiting.handoff_id), done=True)

    def _tell(self, told: Told) -> None:
        if self._keep_ended and told.record.op in self.effects:
            event = Event(
                datetime.fromisoformat(told.record.at), told.record.kind, str(told.data.get("text", ""))
            )
            self.effects[told.record.op].events.append(event)

    def _forget(self, told: Told) -> None:
        entry = self.effects.get(told.record.op)
        if entry is not None and not entry.open and not self._keep_ended:
            del self.effects[told.record.op]


_MEANINGS: dict[str, Callable[[Fold, Told], None]] = {
    RecordKind.GENESIS: Fold._genesis,
    RecordKind.RUN: Fold._run,
    RecordKind.RUN_END: Fold._run_end,
    RecordKind.INTENT: Fold._intent,
    RecordKind.SENDING: Fold._sending,
    RecordKind.CODE: Fold._code,
    RecordKind.VERIFIED: Fold._verified,
    RecordKind.END: Fold._end,
    RecordKind.RESOLVED: Fold._end,
    RecordKind.USED_UP: Fold._used_up,
    RecordKind.PARKED: Fold._parked,
    RecordKind.HANDOFF_CLOSED: Fold._handoff_closed,
    RecordKind.ANSWER: Fold._answer,
    RecordKind.VERDICT: Fold._verdict,
}
