"""What earlier runs left open, looked at again: only observation decides, and nothing is sent.

A registration whose end nobody saw is proven done when the node shows it, and proven absent when the node,
watched for a while, is not even trying; steps of reservations are in left.py. A hand-off closes itself when
the nodes show what was asked for. Whatever is proven neither way stays open, and the planner leaves that
node alone. The effects of a run that is still alive are none of our business.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.execution.engine import Engine
from reconciler.execution.left import KINDS, close_proven_handoffs, end_what_was_left
from reconciler.execution.observe import overlay, read_again
from reconciler.model import (
    UNKNOWN,
    Address,
    CodeKind,
    EffectState,
    Kind,
    NodeObserved,
    Observation,
    OpenEffect,
    Produced,
    RegistrationStatus,
)
from reconciler.planning import compare, read_proxy, read_smart_licensing, token_ends
from reconciler.ports import Journal

_WATCH = 30.0
_PAUSE = 2.0
_REGISTRATION_FIELDS = frozenset({"registration", "smart_account", "virtual_account", "export_controlled"})
_REGISTERING = frozenset({Kind.REGISTER.value, Kind.REREGISTER.value})
_PROVES = {
    Kind.SET_PROXY.value: ("proxy", read_proxy),
    Kind.ENABLE_SMART.value: ("smart_licensing", read_smart_licensing),
}
_CAN_BE_SET_AGAIN = frozenset(
    {
        Kind.SET_URL.value,
        Kind.SET_TRANSPORT.value,
        Kind.SET_PRIVACY.value,
        Kind.REVOKE_TOKEN.value,
        Kind.RENEW_REGISTRATION.value,
        Kind.RENEW_AUTHORIZATION.value,
        Kind.ENABLE_RESERVATION.value,
        Kind.DISABLE_RESERVATION.value,
    }
)


async def recover(engine: Engine, observation: Observation) -> Observation:
    """Close what this observation proves; watches nodes with an unfinished registration for a while.

    Returns the observation with whatever was read anew laid over it.
    """
    _close_handoffs(engine, observation)
    close_proven_handoffs(engine, observation)
    watched: list[OpenEffect] = []
    reserving: list[OpenEffect] = []
    for effect in _left_behind(engine.journal):
        if effect.state is EffectState.INTENT:
            engine.journal.resolve_observed(effect.op_id, EffectState.NOT_SENT, "the run ended before it")
        elif effect.state is EffectState.VERIFIED:
            engine.journal.resolve_observed(effect.op_id, EffectState.VERIFIED, "seen before its run ended")
        elif effect.kind in _CAN_BE_SET_AGAIN:
            engine.journal.resolve_observed(effect.op_id, EffectState.FAILED, "left open; observed anew")
        elif effect.kind == Kind.CREATE_TOKEN.value:
            await _recover_token(engine, effect)
        elif effect.kind in KINDS:
            reserving.append(effect)
        else:
            watched.append(effect)
    observation = await end_what_was_left(engine, observation, reserving)
    return await _watch(engine, observation, watched)


def _left_behind(journal: Journal) -> tuple[OpenEffect, ...]:
    """The open effects of runs that have ended. What a living run has open is its own to end.

    Asked in this order, an effect that its run ended meanwhile is not among them, and neither is one that
    began later.
    """
    before = {effect.op_id for effect in journal.held().open_effects}
    live = journal.live_runs()
    return tuple(
        effect
        for effect in journal.held().open_effects
        if effect.op_id in before and effect.run_id not in live
    )


async def _recover_token(engine: Engine, effect: OpenEffect) -> None:
    """The answer may be in the spool, and the token in CSSM's list; if not, it is left over until it ends,
    and another is made."""
    journal, place = engine.journal, "the spool"
    provider = engine.providers.accounts.get(effect.address)
    value = None
    if provider is not None:
        value = provider.read_code(CodeKind.TOKEN, b"".join(journal.spooled(effect.op_id)))
        if value is None:
            value, place = await provider.find_code(CodeKind.TOKEN, effect.op_id), "CSSM's list"
    if value is None:
        journal.resolve_observed(effect.op_id, EffectState.FAILED, "the answer was lost with the run")
        return
    ends = token_ends(effect.params, effect.started)
    journal.adopt_code(effect.op_id, Produced(CodeKind.TOKEN, value, ends))
    journal.resolve_observed(effect.op_id, EffectState.DONE, f"the token was found in {place}")


async def _watch(engine: Engine, observation: Observation, effects: list[OpenEffect]) -> Observation:
    bound = min(_WATCH, float(engine.desired.policy.registration_wait))
    deadline = engine.clock.monotonic() + bound
    while True:
        effects = [effect for effect in effects if not _proven_done(engine, observation, effect)]
        nodes = {node.address: node for node in observation.nodes}
        readable = [effect for effect in effects if _registration(nodes, effect.address) is not None]
        if not readable:
            return observation
        if engine.clock.monotonic() >= deadline or engine.stop:
            break
        engine.reporter.note(
            f"watching {', '.join(effect.address for effect in readable)} after a lost answer"
        )
        await engine.stop.wait(engine.clock, min(_PAUSE, bound))
        observation = overlay(observation, await read_again(engine, {effect.address for effect in readable}))
    for effect in readable:
        status = _registration(nodes, effect.address)
        if status is not RegistrationStatus.PENDING and not engine.stop:
            text = f"watched for {bound:.0f} s: {status.value if status else ''}"
            engine.journal.resolve_observed(effect.op_id, EffectState.FAILED, text)
    return observation


def _registration(nodes: Mapping[Address, NodeObserved], address: Address) -> RegistrationStatus | None:
    node = nodes.get(address)
    if node is None or node.licence is UNKNOWN or node.licence.registration is UNKNOWN:
        return None
    return node.licence.registration


def _proven_done(engine: Engine, observation: Observation, effect: OpenEffect) -> bool:
    nodes = {node.address: node for node in observation.nodes}
    status = _registration(nodes, effect.address)
    if effect.kind == Kind.DEREGISTER.value:
        done = status is RegistrationStatus.UNREGISTERED
    elif effect.kind in _REGISTERING:
        changes = compare(engine.desired, observation, engine.journal.held())
        fields = {change.field for change in changes if change.address == effect.address}
        done = status is RegistrationStatus.REGISTERED and not fields & _REGISTRATION_FIELDS
    else:
        return False
    if done:
        engine.journal.resolve_observed(effect.op_id, EffectState.VERIFIED, f"observed: {status}")
    return done


def _close_handoffs(engine: Engine, observation: Observation) -> None:
    """A step that observation can prove closes itself; what a node does not print proves nothing."""
    held = engine.journal.held()
    changes = {change.id for change in compare(engine.desired, observation, held)}
    nodes = {node.address: node for node in observation.nodes}
    for waiting in held.waiting:
        node, proof = nodes.get(waiting.address), _PROVES.get(waiting.kind)
        if node is None or proof is None:
            continue
        field, read = proof
        if read(node) is not UNKNOWN and f"{waiting.address}#{field}" not in changes:
            engine.journal.close_handoff(waiting.handoff_id, "observed on the node")
            engine.reporter.note(f"hand-off {waiting.handoff_id} is done: {waiting.address} shows it")
