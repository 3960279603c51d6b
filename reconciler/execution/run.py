"""Carrying out exactly one plan: which action starts when, what is skipped and why, what is parked.

Belongs here: the life of a run (leases, order, stop). Does not belong here: one effect's protocol
(effects.py), whether a saved plan may still be applied (binding.py).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta

from reconciler.errors import LockHeld
from reconciler.execution.binding import Bound, bind
from reconciler.execution.effects import carry_out
from reconciler.execution.engine import Engine
from reconciler.model import (
    AccountObserved,
    Action,
    ActionOutcome,
    Address,
    Carrier,
    CodeKind,
    EffectClass,
    NodeObserved,
    Plan,
    ProblemKind,
    Purpose,
    Result,
    RunResult,
    Waiting,
)
from reconciler.planning import held_back

_HEARTBEAT = 15.0
_LEASE_POLL = 0.2


async def run(engine: Engine, planned: Plan, *, command: str, lock_timeout: float = 0.0) -> RunResult:
    """Carry out this plan under leases; always returns the whole story, also when it was stopped.

    The world is looked at again once the leases are held, so that what another run did until then is
    known. What was approved and cannot be done, because its node cannot be read, is told as failed.

    Raises LockHeld, PlanFileError (used up already, or stale) or Refused before anything is done.
    """
    journal, bound = engine.journal, Bound(planned)
    run_id = journal.begin_run(command, planned.content_digest, planned.nonce)
    ending = "failed"
    outcomes: dict[str, ActionOutcome] = {}
    try:
        await _take_leases(engine, run_id, leased(planned.runnable), lock_timeout)
        beating = asyncio.ensure_future(_heartbeat(engine, run_id))
        try:
            bound = await engine.stop.unless(bind(engine, planned)) or bound
            await _Schedule(engine, run_id, bound.plan, outcomes).carry_out_all()
        finally:
            beating.cancel()
        ending = "interrupted" if engine.stop else "finished"
    finally:
        journal.release(run_id)
        used = all(outcome.result is Result.DONE for outcome in outcomes.values()) and ending == "finished"
        journal.end_run(run_id, ending, plan_used=used and not bound.plan.held_back and not bound.lost)
    return _story(engine, run_id, bound, outcomes)


def leased(actions: Iterable[Action]) -> tuple[Address, ...]:
    """The clusters and accounts that these actions write to."""
    return tuple(sorted({action.address.parent for action in actions}))


async def _take_leases(
    engine: Engine, run_id: str, addresses: tuple[Address, ...], lock_timeout: float
) -> None:
    """Wait for whoever holds one, at most so many seconds; without them when the run is stopped meanwhile,
    for then nothing starts. Raises LockHeld."""
    deadline = engine.clock.monotonic() + lock_timeout
    told = False
    while not engine.stop:
        try:
            engine.journal.lease(addresses, run_id)
        except LockHeld as held:
            left = deadline - engine.clock.monotonic()
            if left <= 0:
                raise
            if not told:
                engine.reporter.note(f"waiting up to {left:.0f} s: {held.message}")
            told = True
            await engine.stop.wait(engine.clock, min(_LEASE_POLL, left))
        else:
            return


async def _heartbeat(engine: Engine, run_id: str) -> None:
    while True:
        await engine.clock.sleep(_HEARTBEAT)
        engine.journal.heartbeat(run_id)


def _story(engine: Engine, run_id: str, bound: Bound, outcomes: Mapping[str, ActionOutcome]) -> RunResult:
    plan = bound.plan
    lost = (
        ActionOutcome(action, Result.FAILED, f"not sent: {why}", "xlicense plan")
        for action, why in bound.lost
    )
    planned = {action.id for action in plan.actions}
    both: tuple[NodeObserved | AccountObserved, ...] = (*plan.observation.nodes, *plan.observation.accounts)
    readings = [reading for reading in both if reading.problems]
    untrusted = tuple(
        reading.address
        for reading in readings
        if any(problem.kind is ProblemKind.UNTRUSTED for problem in reading.problems)
    )
    return RunResult(
        run_id,
        (*(outcomes[action.id] for action in plan.actions if action.id in outcomes), *lost),
        tuple(refusal for refusal in plan.refusals if refusal.overridden is None),
        tuple(item for item in engine.journal.held().waiting if item.action_id in planned and not item.done),
        unread=tuple(reading.address for reading in readings if reading.address not in untrusted),
        untrusted=untrusted,
        interrupted=bool(engine.stop),
    )


class _Schedule:
    """The actions of one plan on their way: a set of running tasks and a growing map of outcomes."""

    def __init__(self, engine: Engine, run_id: str, plan: Plan, outcomes: dict[str, ActionOutcome]) -> None:
        self._engine = engine
        self._run_id = run_id
        self._plan = plan
        self._outcomes = outcomes
        self._actions = {action.id: action for action in plan.actions}
        self._changes = {change.id: change for change in plan.changes}
        self._running: dict[asyncio.Task[ActionOutcome], Action] = {}
        self._busy: Counter[Address] = Counter()
        self._parked = {item.action_id: item.text for item in plan.held_back}

    async def carry_out_all(self) -> None:
        """Run until every action has an outcome or nothing more may start. A bug is raised at the end,
        after everything that was running has come to its safe point."""
        bug: BaseException | None = None
        while True:
            if bug is None:
                self._start_ready()
            if not self._running:
                break
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                action = self._running.pop(task)
                self._busy[action.address] -= 1
                bug = task.exception() or bug
                if task.exception() is None:
                    self._end(task.result())
        self._skip_rest()
        if bug is not None:
            raise bug

    def _start_ready(self) -> None:
        moved = True
        while moved:
            moved = False
            for action in self._plan.actions:
                if self._open(action) and self._decide(action):
                    moved = True

    def _open(self, action: Action) -> bool:
        return action.id not in self._outcomes and action not in self._running.values()

    def _decide(self, action: Action) -> bool:
        """Start, park or skip this action if that is settled by now; True when something was decided."""
        blocked = self._blocked()
        if action.id in blocked:
            self._skip(action, blocked[action.id])
            return True
        if self._engine.stop:
            return False
        if not self._has_its_turn(action):
            return False
        if action.carrier is Carrier.PERSON:
            self._park(action)
        else:
            self._start(action)
        return True

    def _blocked(self) -> dict[str, str]:
        """Every action that cannot run in this run any more, and why."""
        lost = {
            action_id: _why_blocked(outcome)
            for action_id, outcome in self._outcomes.items()
            if outcome.result not in (Result.DONE, Result.SKIPPED)  # a skip follows from another outcome
        }
        undone = [action for action in self._plan.actions if not self._is_done(action)]
        found = held_back(undone, {**self._parked, **lost})
        reasons = {**{action_id: item.text for action_id, item in found.items()}, **self._parked}
        return {action_id: text for action_id, text in reasons.items() if action_id not in self._outcomes}

    def _is_done(self, action: Action) -> bool:
        outcome = self._outcomes.get(action.id)
        return outcome is not None and outcome.result is Result.DONE

    def _has_its_turn(self, action: Action) -> bool:
        if any(needed not in self._outcomes for needed in action.needs if needed in self._actions):
            return False
        if any(first not in self._outcomes for first in action.after if first in self._actions):
            return False
        if action.address.kind == "node" and self._busy[action.address]:
            return False
        return action.purpose is not Purpose.SUPPLY or self._is_wanted_now(action)

    def _is_wanted_now(self, supply: Action) -> bool:
        """A token is made only when somebody can use it at once: one with nothing else to wait for."""
        return any(
            all(needed in self._outcomes for needed in consumer.needs if needed != supply.id)
            for consumer in self._plan.actions
            if supply.id in consumer.needs
            and consumer.purpose is not Purpose.CLEANUP
            and consumer.id not in self._outcomes
        )

    def _start(self, action: Action) -> None:
        self._engine.reporter.starting(action)
        self._busy[action.address] += 1
        work = carry_out(self._engine, self._run_id, action, self._changes)
        self._running[asyncio.ensure_future(work)] = action

    def _park(self, action: Action) -> None:
        engine = self._engine
        now = engine.clock.now()
        waiting = Waiting(
            "",
            action.id,
            action.kind.value,
            action.address,
            action.subject,
            now,
            engine.provider_for(action).instructions(action),
            wants=_wanted(action),
            slot=action.makes,
            due=now + timedelta(days=engine.desired.policy.handoff_expected_days),
            params=action.params,
        )
        parked = engine.journal.park(self._run_id, waiting)
        self._end(ActionOutcome(action, Result.WAITING, f"hand-off {parked.handoff_id}"))

    def _skip(self, action: Action, why: str) -> None:
        self._end(ActionOutcome(action, Result.SKIPPED, why))

    def _skip_rest(self) -> None:
        for action in self._plan.actions:
            if action.id not in self._outcomes:
                self._skip(action, "the run was stopped before it" if self._engine.stop else "not reached")

    def _end(self, outcome: ActionOutcome) -> None:
        self._outcomes[outcome.action.id] = outcome
        self._engine.reporter.finished(outcome)


def _wanted(action: Action) -> CodeKind | None:
    """The slot that an action fills begins with the kind of its code."""
    return CodeKind(action.makes.partition("/")[0]) if action.makes is not None else None


def _why_blocked(outcome: ActionOutcome) -> str:
    """As it follows "which"."""
    match outcome.result:
        case Result.WAITING:
            return f"waits for {outcome.text}"
        case Result.UNKNOWN:
            return "has no known outcome"
        case _:
            return str(outcome.result)


def once_only(actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions that must never be sent twice: they need a journal that outlives this process."""
    never_twice = {EffectClass.ONCE, EffectClass.CODE, EffectClass.IRREVERSIBLE}
    return tuple(
        action
        for action in actions
        if action.effect_class in never_twice and action.carrier is not Carrier.PERSON
    )
