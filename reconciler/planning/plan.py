"""The plan: what differs, what would settle it, what the rules say, in which order.

A pure function of what is desired, observed and held. Belongs here: the course of planning and the digest.
Does not belong here: any of its parts, each of which has its own file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from reconciler.model import (
    Action,
    Address,
    Cause,
    Change,
    Desired,
    Finding,
    HeldBack,
    HeldState,
    Observation,
    Plan,
    PlanOptions,
    Waiting,
    digest,
)
from reconciler.rules import Index, Matrix, PlanContext, by_place, evaluation_left, judge, taken_out

from .catalogue import Maker
from .compare import Examined, examine
from .ghosts import removals
from .graph import ordered
from .join import join_findings
from .notes import looked_at, never_read, said_done, unknown_fields, unread
from .pools import arrange
from .reserving import Reserving
from .scope import in_scope, partial
from .sift import limit, parked, sift
from .steps import steps
from .tokens import Tokens


def make_plan(
    desired: Desired,
    observation: Observation,
    held: HeldState,
    capabilities: Mapping[Address, frozenset[str]],
    options: PlanOptions,
    *,
    now: datetime,
    nonce: str,
    tool_version: str,
) -> Plan:
    """Plan once. ``now`` is aware UTC; ``nonce`` makes this plan usable once."""
    inside = in_scope(options, desired)
    index = Index(desired, observation, held)
    matrix = Matrix(index)
    examined = examine(index, matrix)
    maker = Maker(capabilities)
    reserving = Reserving(index, matrix, maker, options.overrides)
    planned = steps(index, examined.changes, maker, Tokens(index, maker, now), reserving)
    within, out_of_reach = limit([*planned, *removals(index, matrix, maker)], inside)
    wanted, pools = arrange(index, matrix, within)
    verdicts = judge(
        PlanContext(desired, observation, held, examined.changes, wanted, now, options.overrides, pools)
    )
    # One that stands where nothing is planned still belongs to the target, or to nobody who asked.
    stand = [item for item in verdicts.refusals if inside(item.address) or taken_out(item, by_place(wanted))]
    refusals = [*out_of_reach, *stand]
    kept, withheld = sift(wanted, [*refusals, *verdicts.blind])
    actions = ordered(kept)
    waiting = _waiting_for(actions, held.waiting)
    held_back = parked(actions, waiting)
    findings = [*verdicts.findings, *_notes(index, examined, actions, now)]
    return Plan(
        content_digest=content_digest(actions),
        nonce=nonce,
        workspace=desired.workspace,
        created_at=now,
        expires_at=now + timedelta(seconds=desired.policy.plan_valid_for),
        tool_version=tool_version,
        observation=observation,
        changes=_told(examined.changes, actions, held_back, inside),
        actions=actions,
        held_back=held_back,
        withheld=ordered(withheld),
        findings=_sorted(findings, inside),
        refusals=tuple(
            sorted(refusals, key=lambda refusal: (refusal.address, refusal.rule, refusal.message))
        ),
        waiting=waiting,
        evaluation=tuple(clock for clock in evaluation_left(index) if inside(clock.address)),
        pools=pools,
        overrides=options.overrides,
        partial=partial(options),
        options=options,
        clusters_total=len(desired.clusters),
        nodes_total=sum(len(cluster.nodes) for cluster in desired.clusters),
    )


def _notes(index: Index, examined: Examined, actions: Sequence[Action], now: datetime) -> Iterable[Finding]:
    yield from unread(index)
    yield from never_read(index)
    yield from unknown_fields(index, examined.unknown)
    yield from looked_at(index)
    yield from said_done(index, actions)
    yield from join_findings(index, examined.changes, now)


def _sorted(findings: Iterable[Finding], inside: Callable[[Address], bool]) -> tuple[Finding, ...]:
    """Those within the target and those of no place, in an order that depends on nothing else."""
    shown = [item for item in findings if item.address.kind == "workspace" or inside(item.address)]
    return tuple(sorted(shown, key=lambda item: (item.address, item.code, item.message)))


def _told(
    changes: Sequence[Change],
    actions: Sequence[Action],
    held_back: Sequence[HeldBack],
    inside: Callable[[Address], bool],
) -> tuple[Change, ...]:
    """The changes within the target; one whose action is held back by a hand-off is waiting."""
    held = {item.action_id for item in held_back}
    waiting = {change_id for action in actions if action.id in held for change_id in action.settles}
    return tuple(
        replace(change, cause=Cause.WAITING) if change.id in waiting else change
        for change in changes
        if inside(change.address)
    )


def content_digest(actions: Sequence[Action]) -> str:
    """SHA-256 over what would be done and to what: equal for two equal situations."""
    return digest([_content(action) for action in actions])


def _content(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "address": str(action.address),
        "kind": action.kind.value,
        "params": dict(action.params),
        "carrier": action.carrier.value,
        "needs": list(action.needs),
        "after": list(action.after),
    }


def _waiting_for(actions: Sequence[Action], waiting: Sequence[Waiting]) -> tuple[Waiting, ...]:
    planned = {action.id for action in actions}
    return tuple(item for item in waiting if item.action_id in planned and not item.done)
