"""A courier's trip: every request once, through the same effect protocol as an apply, with a journal of its
own on this machine.

::

    journal says                        then
    nothing, or provably nothing sent   carry it out
    done                                answer from the journal
    no end                              look: code in the spool, shown at CSSM, or *unknown*
    happened, and its code is lost      *unknown*, never again while CSSM shows it

Belongs here: requests to actions, what the journal knows of each, outcomes to answers. Does not belong here:
how an effect is sent and recovered (execution), what CSSM is asked (providers.cssm).
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from reconciler import __version__
from reconciler.errors import Exit
from reconciler.execution import lost
from reconciler.execution.effects import carry_out
from reconciler.execution.recover import recover
from reconciler.model import (
    AccountDesired,
    AccountObserved,
    Action,
    ActionOutcome,
    Address,
    Carrier,
    Desired,
    EffectClass,
    EffectState,
    JournalSettings,
    Kind,
    Observation,
    Result,
    digest,
)

from .handoff_bundle import params_of
from .options import Common
from .progress import reporter
from .redact import REDACTOR
from .remembered import remembered_codes

if TYPE_CHECKING:
    from providers.handoff import Answer, Bundle, Request
    from reconciler.execution import Engine
    from reconciler.journal import Operation, SqliteJournal
    from reconciler.ports import Journal, Reporter, SecretSource

CLASSES: Mapping[Kind, EffectClass] = {
    Kind.RESERVE: EffectClass.CODE,
    Kind.UPDATE_RESERVATION: EffectClass.CODE,
    Kind.CONFIRM_RESERVATION: EffectClass.ONCE,
    Kind.REMOVE_INSTANCE: EffectClass.ONCE,
    Kind.REMOVE_GHOST: EffectClass.ONCE,
    Kind.CREATE_TOKEN: EffectClass.ONCE,
    Kind.REVOKE_TOKEN: EffectClass.SET,
}
"""What a courier may carry out at all; everything else is a person's."""

_HAPPENED = frozenset({EffectState.DONE, EffectState.VERIFIED})


@dataclass(frozen=True, slots=True)
class Trip:
    """A bundle with its digest, and the accounts to speak to by name."""

    bundle: Bundle
    digest: str
    accounts: Mapping[str, AccountDesired]
    secrets: SecretSource


@dataclass(frozen=True, slots=True)
class Carried:
    """One answer, and what it means for the exit code."""

    answer: Answer
    exit_code: Exit


class _WithCodes:
    """The courier's journal, in which the codes that a request brought are found by their slots."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self._codes: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def bring(self, request: Request) -> None:
        """From here on it is this request's codes that are found."""
        self._codes = {code.slot: code.value for code in request.codes}

    def code_value(self, slot: str, *, used_too: bool = False) -> str | None:
        return self._codes.get(slot) or self._journal.code_value(slot, used_too=used_too)


async def carry(common: Common, trip: Trip) -> list[Carried]:
    """Carry out every request that is not carried out yet, one after the other; answers in the bundle's
    order. Raises JournalError or LockHeld before anything is sent."""
    from .signals import stopping

    for request in trip.bundle.requests:
        for code in request.codes:
            REDACTOR.hide(code.value)
    with reporter(common.console) as story, _journal(common, trip) as journal:
        held = _WithCodes(journal)
        async with _engine(trip, held, story) as engine:
            run_id = journal.begin_run("courier", trip.digest, None)
            ending = "failed"
            try:
                addresses = [account.address for account in trip.accounts.values()]
                journal.lease(addresses, run_id)
                with stopping(engine.stop, story):
                    carried = await _Errands(engine, held, journal, trip, run_id).all()
                ending = "interrupted" if engine.stop else "finished"
            finally:
                journal.release(run_id)
                journal.end_run(run_id, ending)
    return carried


@contextmanager
def _journal(common: Common, trip: Trip) -> Iterator[SqliteJournal]:
    """A journal of this machine for the bundle's workspace. It is sealed to the inside and to this machine,
    whose key is made where there is none: an interrupted trip must be able to go on."""
    from reconciler.execution import SystemClock
    from reconciler.journal import default_identity, init_identity, open_journal, recipient_of, state_folder

    path = default_identity()
    known = path.exists()
    own = recipient_of(path) if known else init_identity(path)
    if not known:
        common.console.note(f"made a key of this machine, to go on after an interruption: {path}")
    journal = open_journal(
        state_folder(f"courier-{trip.bundle.workspace}"),
        workspace=f"courier-{trip.bundle.workspace}",
        recipients=tuple(dict.fromkeys((*trip.bundle.recipients, own))),
        identity=path,
        clock=SystemClock(),
    )
    try:
        yield journal
    finally:
        journal.close()


@asynccontextmanager
async def _engine(trip: Trip, held: _WithCodes, story: Reporter) -> AsyncIterator[Engine]:
    from providers.cssm import CssmProvider
    from providers.expressway import ExpresswayProvider
    from reconciler.execution import Engine, Providers, SystemClock

    clock = SystemClock()
    desired = Desired(
        workspace=trip.bundle.workspace,
        root="",
        accounts=tuple(trip.accounts.values()),
        journal=JournalSettings(recipients=trip.bundle.recipients),
    )
    providers = Providers(
        ExpresswayProvider({}, trip.secrets, clock, read_only=True),
        {
            account.address: CssmProvider(account, account.apply, trip.secrets, clock, read_only=False)
            for account in trip.accounts.values()
        },
    )
    journal = remembered_codes(cast("Journal", held))
    try:
        yield Engine(desired, providers, journal, clock, story, trip.secrets, __version__)
    finally:
        await providers.close()


class _Errands:
    """The requests of one trip on their way."""

    def __init__(
        self, engine: Engine, held: _WithCodes, journal: SqliteJournal, trip: Trip, run_id: str
    ) -> None:
        from reconciler.journal.keys import Seal
        from reconciler.journal.leases import user

        self._engine = engine
        self._held = held
        self._journal = journal
        self._trip = trip
        self._run_id = run_id
        self._seal = Seal(trip.bundle.recipients, Path())
        self._by = f"courier {user()}@{socket.gethostname()}"
        self._seen: dict[Address, AccountObserved] = {}

    async def all(self) -> list[Carried]:
        await self._recover()
        return [await self._one(request) for request in self._trip.bundle.requests]

    async def _recover(self) -> None:
        """What an earlier trip left without an end: looked at, never sent again."""
        left = {operation.effect.address for operation in self._journal.operations()}
        readings = [await self._look(address) for address in sorted(left) if self._serves(address)]
        if readings:
            now = self._engine.clock.now()
            await recover(self._engine, Observation(now, accounts=tuple(readings)))

    def _serves(self, address: Address) -> bool:
        return address in self._engine.providers.accounts

    async def _look(self, address: Address) -> AccountObserved:
        if address not in self._seen:
            reading = await self._engine.providers.of(address).observe(address)
            assert isinstance(reading, AccountObserved)  # noqa: S101 - accounts observe accounts
            self._seen[address] = reading
        return self._seen[address]

    async def _one(self, request: Request) -> Carried:
        reason = self._not_for_us(request)
        if reason is not None:
            return self._answered(request, Result.WAITING, reason)
        action = _action(request, self._trip.accounts[request.account.name])
        past = self._past(action)
        if past is not None and (known := await self._known(request, action, past)) is not None:
            return known
        if self._engine.stop:
            carried = self._answered(request, Result.SKIPPED, "stopped before it; run the courier again")
            return replace(carried, exit_code=Exit.INTERRUPTED)
        self._journal.heartbeat(self._run_id)
        self._held.bring(request)
        self._seen.pop(action.address, None)
        outcome = await carry_out(self._engine, self._run_id, action, {})
        self._engine.reporter.finished(outcome)
        return self._after(request, action, outcome)

    def _not_for_us(self, request: Request) -> str | None:
        account = self._trip.accounts.get(request.account.name)
        if account is None:
            return "not asked for: another account was named"
        able = self._engine.providers.capabilities().get(account.address, frozenset())
        if request.kind in able and request.kind in CLASSES:
            return None
        return (
            f"{request.kind} has no known call in the profile {account.manager.profile}: "
            "a person does it at the portal (inside: xlicense handoff export --format md)"
        )

    def _past(self, action: Action) -> Operation | None:
        """The newest effect of this request. The id's last part tells what was asked under the id."""
        mine, _, _ = action.id.rpartition(":")
        found = [
            operation
            for operation in self._journal.operations(all=True)
            if operation.effect.action_id.rpartition(":")[0] == mine
        ]
        return found[-1] if found else None

    async def _known(self, request: Request, action: Action, past: Operation) -> Carried | None:
        """The answer of an earlier trip, or None where it provably changed nothing."""
        happened = past.effect.state in _HAPPENED
        if (happened or past.open) and past.effect.action_id != action.id:
            text = (
                f"this id was used before for something else ({past.effect.op_id}); nothing was sent, "
                "for only one of the two can be what was meant"
            )
            return self._answered(request, Result.FAILED, text)
        if happened:
            return self._recorded(request, action, past)
        if past.open:
            text = f"sent on an earlier trip, and nobody knows what became of it: {past.text or 'no answer'}"
            return self._answered(request, Result.UNKNOWN, f"{text}. It is not repeated.")
        return await self._lost(request, action, past)

    def _recorded(self, request: Request, action: Action, past: Operation) -> Carried:
        value = self._journal.code_value(action.makes, used_too=True) if action.makes else None
        if action.makes and value is None:
            text = f"done, and its code is not held here: {past.text}. It is not repeated."
            return self._answered(request, Result.UNKNOWN, text)
        at = past.events[-1].at if past.events else past.effect.started
        text = f"carried out on {at:%Y-%m-%d %H:%M} UTC; nothing was sent again"
        return self._answered(request, Result.DONE, text, value=value, at=at)

    async def _lost(self, request: Request, action: Action, past: Operation) -> Carried | None:
        """A failure that was the remote's no may be tried again. One that a look called so, because the code
        was lost, may only where CSSM does not show it any more."""
        looked = any(event.kind in {"verified", "resolved"} for event in past.events)
        if not looked or past.effect.state is EffectState.NOT_SENT or action.kind not in lost.ISSUING:
            return None
        settling = lost.judge(action, [await self._look(action.address)])
        if settling.state == "pending":
            return None
        text = f"{settling.text or past.text}. It is not repeated."
        return self._answered(request, Result.UNKNOWN, text)

    def _after(self, request: Request, action: Action, outcome: ActionOutcome) -> Carried:
        value = None
        if outcome.result is Result.DONE and action.makes is not None:
            value = self._journal.code_value(action.makes, used_too=True)
        text = " ".join(part for part in (outcome.text, _remedy(outcome)) if part)
        carried = self._answered(request, outcome.result, text, value=value)
        if outcome.result is Result.FAILED and (outcome.trust or outcome.unread):
            return replace(carried, exit_code=Exit.TRUST if outcome.trust else Exit.UNREAD)
        return carried

    def _answered(
        self,
        request: Request,
        result: Result,
        text: str,
        *,
        value: str | None = None,
        at: datetime | None = None,
    ) -> Carried:
        from providers.handoff import Answer, Outcome

        answer = Answer(
            id=request.id,
            outcome=Outcome(_OUTCOMES[result]),
            value=None if value is None else self._seal.seal_text(value),
            text=text[:4_000],
            by=self._by[:300],
            at=at or self._engine.clock.now(),
        )
        return Carried(answer, _EXITS[result])


_OUTCOMES = {
    Result.DONE: "done",
    Result.FAILED: "failed",
    Result.UNKNOWN: "unknown",
    Result.WAITING: "not carried",
    Result.SKIPPED: "not carried",
}
_EXITS = {
    Result.DONE: Exit.OK,
    Result.FAILED: Exit.PARTLY,
    Result.UNKNOWN: Exit.UNKNOWN,
    Result.WAITING: Exit.WAITING,
    Result.SKIPPED: Exit.WAITING,
}


def _remedy(outcome: ActionOutcome) -> str:
    """Commands of a workspace mean nothing here."""
    remedy = outcome.remedy or ""
    return "" if remedy.startswith("xlicense") else remedy


def _action(request: Request, account: AccountDesired) -> Action:
    kind = Kind(request.kind)
    params = params_of(request)
    asked = digest({"kind": request.kind, "account": str(account.address), "params": params})
    return Action(
        id=f"courier:{request.id}:{asked[:12]}",
        address=account.address,
        kind=kind,
        subject=request.subject,
        params=params,
        carrier=Carrier.API,
        effect_class=CLASSES[kind],
        reason="a bundle asks for it",
        makes=f"{request.wants.value}/{request.id}" if request.wants else None,
    )
