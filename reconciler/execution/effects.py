"""One effect, from intent to its end.

::

    preflight -> intent -> execute( sending -> bytes -> received … ) -> codes -> observed -> verified -> done
                   |            |                                                  |
                   |            +-- nothing left this machine: not sent            +-- still running: wait,
                   |            +-- the remote said no: failed                     |   holding no slot
                   +-- a crash  +-- no complete answer: a whole code in what       +-- the remote gave up:
                       here is      came is kept; else observe, then done,             failed
                       not sent     failed or unknown

Belongs here: the order of these steps and what each exception means for the journal. Does not belong
here: which action runs when (run.py), what an observation means for an action (planning.settle, lost.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

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
from reconciler.execution import lost
from reconciler.execution.engine import Engine
from reconciler.model import (
    AccountObserved,
    Action,
    ActionOutcome,
    Address,
    Change,
    CodeKind,
    EffectClass,
    Kind,
    NodeObserved,
    Produced,
    Purpose,
    Reply,
    Result,
    SecretRef,
    Verified,
)
from reconciler.planning import Settling, settle, token_ends
from reconciler.ports import Effect, Inputs

_FIRST_LOOK = 0.2
_LAST_LOOK = 15.0
_REGISTERING = frozenset({Kind.REGISTER, Kind.REREGISTER})
_CODES = ("token", "request", "authorization", "confirmation", "return")
_MAY_BE_CUT = frozenset({EffectClass.READ, EffectClass.SET})


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
    and a token whose answer was lost and that no list shows, for it is only left over until it ends.
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
    async with engine.slots:
        try:
            codes = _codes(engine, action)
        except XlicenseError as error:
            trust = isinstance(error, SecretError)
            return _End(Result.FAILED, error.message, error.remedy, trust=trust), None
        effect = engine.journal.intent(run_id, action)
        answer = await _uncut(action, _send(engine, action, effect, codes))
    if isinstance(answer, ProviderError):
        return await _after_error(engine, action, effect, answer, changes), effect.op_id
    return await _after_reply(engine, action, effect, answer, changes), effect.op_id


async def _uncut(action: Action, work: Coroutine[None, None, Reply | ProviderError]) -> Reply | ProviderError:
    """From the first byte until its code is on disk an effect that is sent once is not cut off: who wants
    to cancel it waits that long."""
    if action.effect_class in _MAY_BE_CUT:
        return await work
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    answer = task.result()
    if cancelled is not None:
        raise cancelled
    return answer


async def _send(
    engine: Engine, action: Action, effect: Effect, codes: Mapping[str, str]
) -> Reply | ProviderError:
    try:
        reply = await engine.provider_for(action).execute(action, Inputs(effect.op_id, effect, codes))
    except ProviderError as error:
        return error
    except BaseException:
        effect.unknown("xlicense itself failed while this was on its way")
        raise
    _keep_codes(engine, action, effect, reply)
    return reply


def _codes(engine: Engine, action: Action) -> dict[str, str]:
    """The values of the slots that this action names, resolved at the moment of sending."""
    if action.makes is not None or action.effect_class is EffectClass.CODE:
        reason = engine.journal.can_keep_codes()
        if reason is not None:
            remedy = None if engine.desired.journal.recipients else "xlicense key init"
            raise JournalError(f"not sent, because its code could not be kept: {reason}", remedy=remedy)
    named = ((name, action.params.get(name)) for name in _CODES)
    found = {slot: _code(engine, action, name, slot) for name, slot in named if isinstance(slot, str)}
    return {slot: value for slot, value in found.items() if value is not None}


def _code(engine: Engine, action: Action, name: str, slot: str) -> str | None:
    """An install only compares with the request code, which the reserve before it has used up, and which was
    never here where somebody else asked for it."""
    if slot.startswith("secret/"):
        return engine.secrets.resolve(_standing_token(engine, action.address))
    compared = action.kind is Kind.INSTALL_AUTHORIZATION and name == "request"
    value = engine.journal.code_value(slot, used_too=compared)
    if value is None and not compared:
        raise JournalError(f"not sent: the journal holds no code for {slot}")
    return value


def _standing_token(engine: Engine, address: Address) -> SecretRef:
    registration = engine.desired.cluster_of(address).registration
    if registration is None or registration.token.value is None:
        raise JournalError(f"{address} names no standing token any more")
    return registration.token.value


def _keep_codes(engine: Engine, action: Action, effect: Effect, reply: Reply) -> None:
    for produced in reply.codes:
        ends = produced.expires_at
        if ends is None and produced.kind is CodeKind.TOKEN:
            ends = token_ends(action.params, engine.clock.now())
        slot = action.makes or f"{produced.kind.value}/{action.subject}"
        effect.code(Produced(produced.kind, produced.value, ends), slot)


async def _after_reply(
    engine: Engine, action: Action, effect: Effect, reply: Reply, changes: Mapping[str, Change]
) -> _End:
    if _lacks_its_code(action, reply):
        error = Unreadable(f"{reply.text or 'the answer'} holds no code")
        return await _after_loss(engine, action, effect, error, changes)
    settling = await until_settled(engine, action)
    if settling.state == "settled":
        return _settled(engine, action, effect, settling.text or reply.text, changes)
    if _is_proof(action, reply):
        text = f"{reply.text or 'accepted'}; not yet visible: {settling.text}"
        effect.done(text)
        return _End(Result.DONE, text)
    if engine.stop:
        return _End(
            Result.UNKNOWN, f"stopped while waiting: {settling.text}", "xlicense plan shows how it went on"
        )
    said = " ".join(text for text in (settling.text, reply.text) if text)
    if settling.state == "unknown":
        effect.unknown(said)
        return _End(Result.UNKNOWN, said)
    effect.failed(said)
    return _End(Result.FAILED, said)


def _lacks_its_code(action: Action, reply: Reply) -> bool:
    wanted = lost.BRINGS.get(action.kind)
    return action.makes is not None and not any(produced.kind is wanted for produced in reply.codes)


def _is_proof(action: Action, reply: Reply) -> bool:
    """A code is printed only by what has happened, and what CSSM has accepted it shows later."""
    return bool(reply.codes) or action.kind in lost.SHOWN_AT_ACCOUNT


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
    """Something was sent and no answer could be used: a whole code in what came, or observation, tells."""
    try:
        found = spooled_code(engine, action, effect.op_id)
    except JournalError as unread:
        text = f"{error.message}; {unread.message}"
        effect.unknown(text)
        return _End(Result.UNKNOWN, text, f"xlicense op show {effect.op_id}")
    if found is not None:
        reply = Reply("the answer was cut off, and its code was whole", (found,))
        _keep_codes(engine, action, effect, reply)
        return await _after_reply(engine, action, effect, reply, changes)
    if action.kind is Kind.CREATE_TOKEN:
        listed = await engine.provider_for(action).find_code(CodeKind.TOKEN, effect.op_id)
        if listed is not None:
            reply = Reply(
                "the answer was lost, and the token is in CSSM's list", (Produced(CodeKind.TOKEN, listed),)
            )
            _keep_codes(engine, action, effect, reply)
            return await _after_reply(engine, action, effect, reply, changes)
        effect.failed(f"{error.message}; a token may be left over until it ends by itself")
        return _End(Result.UNKNOWN, error.message, error.remedy)
    if action.kind in lost.KINDS:
        return await _look_for_it(engine, action, effect, error, changes)
    if action.address.startswith("account/"):
        effect.unknown(error.message)
        return _End(Result.UNKNOWN, error.message, error.remedy)
    engine.reporter.progress(action, f"{error.message}; looking whether it took effect")
    settling = await _watch(engine, action, lost.judge, _bound(engine, action))
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


def spooled_code(engine: Engine, action: Action, op_id: str) -> Produced | None:
    """The whole code in what was received for this effect. Raises JournalError where that is not readable
    here and the code is all that there is to go by."""
    kind = lost.BRINGS.get(action.kind)
    provider = engine.providers.find(action.address)
    if kind is None or provider is None:
        return None
    try:
        value = provider.read_code(kind, b"".join(engine.journal.spooled(op_id)))
    except JournalError:
        if action.makes is None or action.kind is Kind.CREATE_TOKEN:
            return None
        raise
    return Produced(kind, value) if value is not None else None


async def _look_for_it(
    engine: Engine, action: Action, effect: Effect, error: ProviderError, changes: Mapping[str, Change]
) -> _End:
    """A step of a reservation: never sent again on a guess."""
    settling = Settling("unknown", "")
    if lost.tells(action):
        engine.reporter.progress(action, f"{error.message}; looking whether it took effect")
        settling = await _watch(engine, action, lost.judge, lost.SETTLE_WAIT)
    text = f"{error.message}; {settling.text}" if settling.text else error.message
    if settling.state == "settled":
        return _settled(engine, action, effect, f"the answer was lost; {settling.text}", changes)
    if settling.state == "failed":
        effect.verified([])
        effect.failed(settling.text)
        return _End(Result.UNKNOWN, text, "xlicense plan")
    if settling.state == "pending" and action.kind in lost.REPEATABLE and not engine.stop:
        effect.failed(f"{text}: it did not take effect")
        return _End(Result.FAILED, f"{text}: it did not take effect", error.remedy)
    effect.unknown(text)
    return _End(Result.UNKNOWN, text, f"xlicense op show {effect.op_id}")


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


async def until_settled(engine: Engine, action: Action) -> Settling:
    """Observe until the action has taken effect, the remote has given up, the bound of its kind is over or
    the run is stopped. What an account does not show is taken as answered."""
    if action.address.startswith("account/") and action.kind not in lost.SHOWN_AT_ACCOUNT:
        return Settling("settled", "")
    return await _watch(engine, action, settle, _bound(engine, action))


def _bound(engine: Engine, action: Action) -> float:
    registering = action.kind in _REGISTERING
    return float(engine.desired.policy.registration_wait) if registering else lost.SETTLE_WAIT


_Judge = Callable[[Action, Sequence[NodeObserved | AccountObserved]], Settling]


async def _watch(engine: Engine, action: Action, judge: _Judge, bound: float) -> Settling:
    """Look with growing pauses, holding no slot between looks."""
    deadline = engine.clock.monotonic() + bound
    pause = _FIRST_LOOK
    told = ""
    while True:
        readings = await _look(engine, action)
        settling = judge(action, readings)
        if settling.state in {"settled", "failed"} or engine.stop or _is_vain(action, settling, readings):
            return settling
        left = deadline - engine.clock.monotonic()
        if left <= 0:
            return settling
        if settling.text and settling.text != told:
            told = settling.text
            engine.reporter.progress(action, told)
        await engine.stop.wait(engine.clock, min(pause, left))
        pause = min(pause * 1.6, _LAST_LOOK)


def _is_vain(action: Action, settling: Settling, readings: Sequence[NodeObserved | AccountObserved]) -> bool:
    """What was read whole and does not show it will not show it either when asked again: an account, and a
    node that prints no switch. A node's other words may be on their way."""
    lasting = action.address.startswith("account/") or action.kind in lost.SWITCHES
    whole = not any(reading.problems for reading in readings)
    return settling.state == "unknown" and lasting and whole


async def _look(engine: Engine, action: Action) -> list[NodeObserved | AccountObserved]:
    named = action.params.get("nodes")
    addresses = [Address(text) for text in named] if isinstance(named, list | tuple) else [action.address]
    readings = []
    for address in addresses:
        async with engine.slots:
            readings.append(await engine.providers.of(address).observe(_whole(address)))
    return readings


def _whole(address: Address) -> Address:
    """The account of an instance: accounts are read as a whole."""
    return address.parent if address.kind == "instance" else address
