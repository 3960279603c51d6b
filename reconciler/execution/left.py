"""Steps of reservations that an earlier run left without an end: nothing is sent, and nothing is guessed.

A code that was kept, or that lies whole in the spool, proves its step. Else the readings tell; what they
do not show yet is given the time that it may take, and stays open until then, and the planner leaves that
node alone. Belongs here: the open effects of the kinds in lost.py, and hand-offs that readings prove. Does
not belong here: registrations and tokens (recover.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from reconciler.errors import JournalError
from reconciler.execution import lost
from reconciler.execution.effects import spooled_code
from reconciler.execution.engine import Engine
from reconciler.execution.observe import overlay, read_again
from reconciler.model import (
    UNKNOWN,
    AccountObserved,
    Action,
    Address,
    Carrier,
    CodeKind,
    EffectClass,
    EffectState,
    Kind,
    NodeObserved,
    Observation,
    OpenEffect,
    Waiting,
)
from reconciler.planning import Settling, settle

KINDS = frozenset(kind.value for kind in lost.KINDS)

_NODE_SETTLES = timedelta(seconds=30)
"""A node's agent answers at once; a command that was sent and does not show after this was not taken."""

_PAUSE = 2.0
_BY_HAND = KINDS | {kind.value for kind in lost.SWITCHES}


async def end_what_was_left(
    engine: Engine, observation: Observation, effects: Iterable[OpenEffect]
) -> Observation:
    """End what the journal or the readings prove. Watches a node whose command is only seconds old."""
    left = [effect for effect in effects if not _its_code_is_there(engine, effect)]
    deadline = engine.clock.monotonic() + 2 * _NODE_SETTLES.total_seconds()
    while True:
        left = [effect for effect in left if not _ended(engine, observation, effect)]
        young = [effect for effect in left if _may_still_show(observation, effect)]
        if not young or engine.stop or engine.clock.monotonic() >= deadline:
            return observation
        await engine.stop.wait(engine.clock, _PAUSE)
        fresh = await read_again(engine, {effect.address for effect in young})
        observation = overlay(observation, fresh)


def _its_code_is_there(engine: Engine, effect: OpenEffect) -> bool:
    """True where nothing more is to be found out: the step is proven, or what came is not readable here."""
    journal = engine.journal
    if any(code.op_id == effect.op_id for code in journal.held().codes):
        journal.resolve_observed(effect.op_id, EffectState.DONE, "its code was kept")
        return True
    try:
        found = spooled_code(engine, as_action(effect), effect.op_id)
    except JournalError as error:
        engine.reporter.note(
            f"{effect.op_id} ({effect.kind} at {effect.address}) stays open: {error.message}"
        )
        return True
    if found is None:
        return False
    journal.adopt_code(effect.op_id, found)
    journal.resolve_observed(effect.op_id, EffectState.DONE, "its code was found in the spool")
    return True


def _ended(engine: Engine, observation: Observation, effect: OpenEffect) -> bool:
    settling = _judged(observation, effect)
    state, text = _end(engine, effect, settling), settling.text
    if state is None:
        return False
    if settling.state == "pending":
        text = f"it did not take effect: {text}"
        if Kind(effect.kind) in lost.ISSUING:
            text = f"CSSM shows nothing after {_minutes(lost.SLOW_ISSUE)} minutes: {settling.text}"
    took_effect = settling.state == "failed"
    engine.journal.resolve_observed(effect.op_id, state, text, took_effect=took_effect)
    engine.reporter.note(f"{effect.op_id} ({effect.kind} at {effect.address}): {text}")
    return True


def _end(engine: Engine, effect: OpenEffect, settling: Settling) -> EffectState | None:
    """Which end this is, or None while it is none."""
    kind, age = Kind(effect.kind), engine.clock.now() - effect.started
    match settling.state:
        case "settled":
            return EffectState.VERIFIED
        case "failed":
            return EffectState.FAILED
        case "pending" if kind in lost.ISSUING and age >= lost.SLOW_ISSUE:
            return EffectState.FAILED
        case "pending" if kind in lost.REPEATABLE and age >= _NODE_SETTLES:
            return EffectState.FAILED
        case _:
            return None


def _may_still_show(observation: Observation, effect: OpenEffect) -> bool:
    return Kind(effect.kind) in lost.REPEATABLE and _judged(observation, effect).state == "pending"


def _judged(observation: Observation, effect: OpenEffect) -> Settling:
    return lost.judge(as_action(effect), readings_of(observation, effect.address))


def _minutes(duration: timedelta) -> int:
    return int(duration.total_seconds() // 60)


def readings_of(observation: Observation, address: Address) -> tuple[NodeObserved | AccountObserved, ...]:
    whole = address.parent if address.kind == "instance" else address
    both: tuple[NodeObserved | AccountObserved, ...] = (*observation.nodes, *observation.accounts)
    return tuple(reading for reading in both if reading.address == whole)


def as_action(left: OpenEffect | Waiting) -> Action:
    """What an earlier run meant to do, as far as looking for it needs to know."""
    kind = Kind(left.kind)
    brings = lost.BRINGS.get(kind)
    proves = brings is not None and (
        brings is not CodeKind.CONFIRMATION or left.params.get("confirms") is True
    )
    return Action(
        id=left.action_id,
        address=left.address,
        kind=kind,
        subject=left.subject,
        params=left.params,
        carrier=Carrier.PERSON,
        effect_class=EffectClass.READ,
        reason="left open",
        makes=f"{brings.value}/{left.subject}" if brings is not None and proves else None,
    )


def close_proven_handoffs(engine: Engine, observation: Observation) -> None:
    """A step at a reservation that gives no code back closes itself when it shows; one said to be done
    where nothing can show it is taken at its word."""
    for waiting in engine.journal.held().waiting:
        if waiting.kind not in _BY_HAND or waiting.wants is not None:
            continue
        readings = readings_of(observation, waiting.address)
        shown = any(_can_show(waiting, reading) for reading in readings)
        settling = settle(as_action(waiting), readings) if shown else Settling("unknown", "")
        if settling.state == "settled":
            engine.journal.close_handoff(waiting.handoff_id, f"observed at {waiting.address}")
            engine.reporter.note(f"hand-off {waiting.handoff_id} is done: {waiting.address} shows it")
        elif waiting.done and settling.state == "unknown" and readings and not readings[0].problems:
            engine.journal.close_handoff(waiting.handoff_id, "said to be done, and nothing shows it")


def _can_show(waiting: Waiting, reading: NodeObserved | AccountObserved) -> bool:
    if isinstance(reading, AccountObserved):
        return reading.instances is not UNKNOWN
    if Kind(waiting.kind) not in lost.SWITCHES:
        return reading.licence is not UNKNOWN
    return lost.shows_switch(reading)
