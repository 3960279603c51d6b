"""The plan: what differs, what would settle it, what the rules say, in which order.

A pure function of what is desired, observed and held. Belongs here: the course of planning and the digest.
Does not belong here: any of its parts, each of which has its own file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from reconciler.model import (
    Action,
    Address,
    Desired,
    HeldBack,
    HeldState,
    Observation,
    Plan,
    PlanOptions,
    Refusal,
    Waiting,
    digest,
)
from reconciler.rules import Index, PlanContext, judge, takes_out

from .catalogue import Maker
from .compare import examine
from .graph import held_back, ordered
from .scope import partial
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
    index = Index(desired, observation, held)
    examined = examine(index)
    maker = Maker(capabilities)
    wanted = steps(index, examined.changes, maker, Tokens(index, maker, now))
    context = PlanContext(desired, observation, held, examined.changes, wanted, now, options.overrides)
    verdicts = judge(context)
    kept, withheld = _sift(wanted, verdicts.refusals)
    actions = ordered(kept)
    waiting = _waiting_for(actions, held.waiting)
    return Plan(
        content_digest=content_digest(actions),
        nonce=nonce,
        workspace=desired.workspace,
        created_at=now,
        expires_at=now + timedelta(seconds=desired.policy.plan_valid_for),
        tool_version=tool_version,
        observation=observation,
        changes=examined.changes,
        actions=actions,
        held_back=_parked(actions, waiting),
        withheld=ordered(withheld),
        findings=verdicts.findings,
        refusals=verdicts.refusals,
        waiting=waiting,
        overrides=options.overrides,
        partial=partial(options),
        options=options,
        clusters_total=len(desired.clusters),
        nodes_total=sum(len(cluster.nodes) for cluster in desired.clusters),
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


def _sift(actions: Sequence[Action], refusals: Sequence[Refusal]) -> tuple[list[Action], list[Action]]:
    """What may run, and what a refusal took out with everything that depends on it."""
    standing = [refusal for refusal in refusals if refusal.overridden is None]
    blocked = {
        action.id: refusal.rule for refusal in standing for action in actions if takes_out(refusal, action)
    }
    out = held_back(actions, blocked)
    return (
        [action for action in actions if action.id not in out],
        [action for action in actions if action.id in out],
    )


def _waiting_for(actions: Sequence[Action], waiting: Sequence[Waiting]) -> tuple[Waiting, ...]:
    planned = {action.id for action in actions}
    return tuple(item for item in waiting if item.action_id in planned and not item.done)


def _parked(actions: Sequence[Action], waiting: Sequence[Waiting]) -> tuple[HeldBack, ...]:
    blocked = {item.action_id: f"hand-off {item.handoff_id} waits for a person" for item in waiting}
    by = {item.action_id: item.handoff_id for item in waiting}
    found = held_back(actions, blocked)
    return tuple(
        HeldBack(item.action_id, by.get(item.action_id, item.by), item.text)
        for action in actions
        if (item := found.get(action.id)) is not None
    )
