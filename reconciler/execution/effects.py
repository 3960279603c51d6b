"""One effect, from intent to its end.

::

    preflight -> intent -> execute( sending -> bytes -> received … ) -> codes -> observed -> verified -> done
                   |            |                                                  |
                   |            +-- nothing left this machine: not sent            +-- still running: wait,
                   |            +-- the remote said no: failed                     |   holding no slot
                   +-- a crash  +-- no complete answer: observe, then done,        +-- the remote gave up:
                       here is      failed or unknown                                  failed
                       not sent

Belongs here: the order of these steps and what each exception means for the journal. Does not belong
here: which action runs when (run.py), what an observation means for an action (planning.settle).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from reconciler.errors import (
    JournalError,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    SecretError,
    Unreachable,
    Unreadable,
    Untrusted,
    XlicenseError,
)
from reconciler.execution.engine import Engine
from reconciler.model import (
    Action,
    ActionOutcome,
    Address,
    Change,
    CodeKind,
    EffectClass,
    Kind,
    Produced,
    Purpose,
    Reply,
    Result,
    SecretRef,
    Verified,
)
from reconciler.planning import Settling, settle
from reconciler.ports import Effect, Inputs

_FIRST_LOOK = 0.2
_LAST_LOOK = 15.0
_SETTLE_WAIT = 60.0
_REGISTERING = frozenset({Kind.REGISTER, Kind.REREGISTER})


@dataclass(frozen=True, slots=True)
class _End:
    """How one attempt ended, before it is told as an outcome."""

    result: Result
    text: str
    remedy: str | None = None
    trust: bool = False
    unread: bool = False


async def carry_out(
    engine: Engine, run_id: str, action: Action, changes: Mapping[str, Change]
) -> ActionOutcome:
    """Carry out one action over its carrier and observe that it took effect.

    Sent at most once, with two exceptions: an idempotent set, after an observation that shows it absent;
    and a token whose answer was lost, for the first one is only left over until it ends.
    """
    begun = engine.clock.monotonic()
    end, op_id = await _attempt(engine, run_id, action, changes)
    if end.result is Result.UNKNOWN and _may_repeat(action) and not engine.stop:
        engine.reporter.progress(action, f"{end.text}; trying once more")
        end, op_id = await _attempt(engine, run_id, action, changes)
    seconds = engine.clock.monotonic() - begun
    return ActionOutcome(
        action, end.result, end.text, end.remedy, seconds, op_id, trust=end.trust, unread=end.unread
    )


def _may_repeat(action: Action) -> bool:
    return action.effect_class is EffectClass.SET or action.kind is Kind.CREATE_TOKEN


async def _attempt(
    engine: Engine, run_id: str, action: Action, changes: Mapping[str, Change]
) -> tuple[_End, str | None]:
    try:
        codes = _codes(engine, action)
    except XlicenseError as error:
        trust = isinstance(error, SecretError)
        return _End(Result.FAILED, error.message, error.remedy, trust=trust), None
    effect = engine.journal.intent(run_id, action)
    try:
        async with engine.slots:
            reply = await engine.provider_for(action).execute(action, Inputs(effect.op_id, effect, codes))
    except ProviderError as error:
        return await _after_error(engine, action, effect, error, changes), effect.op_id
    except BaseException:
        effect.unknown("xlicense itself failed while this was on its way")
        raise
    _keep_codes(engine, action, effect, reply)
    return await _after_reply(engine, action, effect, reply, changes), effect.op_id


def _codes(engine: Engine, action: Action) -> dict[str, str]:
    """The values of the slots that this action names, resolved at the moment of sending."""
    if action.makes is not None:
        reason = engine.journal.can_keep_codes()
        if reason is not None:
            remedy = None if engine.desired.journal.recipients else "xlicense key init"
            raise JournalError(f"not sent, because its code could not be kept: {reason}", remedy=remedy)
    slot = action.params.get("token")
    if not isinstance(slot, str):
        return {}
    if slot.startswith("secret/"):
        return {slot: engine.secrets.resolve(_standing_token(engine, action.address))}
    value = engine.journal.code_value(slot)
    if value is None:
        raise JournalError(f"not sent: the journal holds no code for {slot}")
    return {slot: value}


def _standing_token(engine: Engine, address: Address) -> SecretRef:
    registration = engine.desired.cluster_of(address).registration
    if registration is None or registration.token.value is None:
        raise JournalError(f"{address} names no standing token any more")
    return registration.token.value


def _keep_codes(engine: Engine, action: Action, effect: Effect, reply: Reply) -> None:
    for produced in reply.codes:
        days = action.params.get("expires_after_days")
        ends = produced.expires_at
        if ends is None and produced.kind is CodeKind.TOKEN and isinstance(days, int):
            ends = engine.clock.now() + timedelta(days=days)
        slot = action.makes or f"{produced.kind.value}/{action.subject}"
        effect.code(Produced(produced.kind, produced.value, ends), slot)


async def _after_reply(
    engine: Engine, action: Action, effect: Effect, reply: Reply, changes: Mapping[str, Change]
) -> _End:
    settling = await until_settled(engine, action)
    if settling.state == "settled":
        return _settled(engine, action, effect, settling.text or reply.text, changes)
    if engine.stop:
        return _End(
            Result.UNKNOWN, f"stopped while waiting: {settling.text}", "xlicense plan shows how it went on"
        )
    said = " ".join(text for text in (settling.text, reply.text) if text)
    if settling.state == "unknown":
        effect.unknown(said)
        return _End(Result.UNKNOWN, said or "accepted, and then it could not be observed")
    effect.failed(said)
    return _End(Result.FAILED, said or "accepted, and it did not take effect in time")


async def _after_error(
    engine: Engine, action: Action, effect: Effect, error: ProviderError, changes: Mapping[str, Change]
) -> _End:
    match error:
        case Unreachable() | Untrusted():
            effect.not_sent(error.message)
            trust = isinstance(error, Untrusted)
            return _End(Result.FAILED, error.message, error.remedy, trust=trust, unread=not trust)
        case Rejected():
            effect.failed(error.message)
            return _End(Result.FAILED, error.message, error.remedy)
        case OutcomeUnknown() | Unreadable():
            return await _after_loss(engine, action, effect, error, changes)
        case _:
            effect.unknown(error.message)
            return _End(Result.UNKNOWN, error.message, error.remedy)


async def _after_loss(
    engine: Engine, action: Action, effect: Effect, error: ProviderError, changes: Mapping[str, Change]
) -> _End:
    """Something was sent and no answer could be used: only observation can tell."""
    if action.kind is Kind.CREATE_TOKEN:
        effect.failed(f"{error.message}; a token may be left over until it ends by itself")
        return _End(Result.UNKNOWN, error.message, error.remedy)
    if action.address.startswith("account/"):
        effect.unknown(error.message)
        return _End(Result.UNKNOWN, error.message, error.remedy)
    engine.reporter.progress(action, f"{error.message}; looking whether it took effect")
    settling = await until_settled(engine, action)
    if settling.state == "settled":
        text = f"the answer was lost, and the node shows that it took effect ({settling.text})"
        return _settled(engine, action, effect, text, changes)
    if settling.state in {"pending", "failed"} and not engine.stop:
        text = f"{error.message}; afterwards the node shows that it did not take effect: {settling.text}"
        effect.failed(text)
        result = Result.UNKNOWN if action.effect_class is EffectClass.SET else Result.FAILED
        return _End(result, text, error.remedy)
    effect.unknown(error.message)
    return _End(Result.UNKNOWN, error.message, f"xlicense op show {effect.op_id}")


def _settled(
    engine: Engine, action: Action, effect: Effect, text: str, changes: Mapping[str, Change]
) -> _End:
    now = engine.clock.now()
    effect.verified(
        [
            Verified(changes[change_id].address, changes[change_id].field, changes[change_id].after, now)
            for change_id in action.settles
            if change_id in changes
        ]
    )
    effect.done(text)
    if action.purpose is Purpose.CLEANUP and isinstance(action.params.get("token"), str):
        engine.journal.use_up(action.params["token"], "revoked")
    return _End(Result.DONE, text)


async def until_settled(engine: Engine, action: Action, bound: float | None = None) -> Settling:
    """Observe, with growing pauses and holding no slot between looks, until the action has taken effect,
    the remote has given up, the bound is over (seconds; by kind) or the run is stopped."""
    if action.address.startswith("account/"):
        return Settling("settled", "")
    if bound is None:
        bound = engine.desired.policy.registration_wait if action.kind in _REGISTERING else _SETTLE_WAIT
    deadline = engine.clock.monotonic() + bound
    pause = _FIRST_LOOK
    told = ""
    while True:
        settling = await _look(engine, action)
        if settling.state in {"settled", "failed"} or engine.stop:
            return settling
        left = deadline - engine.clock.monotonic()
        if left <= 0:
            return settling
        if settling.text and settling.text != told:
            told = settling.text
            engine.reporter.progress(action, told)
        await engine.stop.wait(engine.clock, min(pause, left))
        pause = min(pause * 1.6, _LAST_LOOK)


async def _look(engine: Engine, action: Action) -> Settling:
    named = action.params.get("nodes")
    addresses = [Address(text) for text in named] if isinstance(named, list | tuple) else [action.address]
    readings = []
    for address in addresses:
        async with engine.slots:
            readings.append(await engine.providers.of(address).observe(address))
    return settle(action, readings)
