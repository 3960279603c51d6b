"""Making a plan, and making it again before it is applied: nothing is carried out that was not planned.

A saved plan embeds the observation it was made from. Apply lays fresh readings over it for the clusters
and accounts that its actions touch, plans again, and compares. What is left may be less than planned (a
run that ended partly goes on with the same file), never more and never different.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from reconciler.errors import PlanFileError, Refused
from reconciler.execution.engine import Engine
from reconciler.execution.observe import observe, overlay
from reconciler.execution.recover import recover
from reconciler.model import (
    FORMAT_VERSION,
    Action,
    Address,
    ClusterDesired,
    Observation,
    Plan,
    PlanOptions,
    Refusal,
)
from reconciler.planning import content_digest, differences, in_scope, make_plan

_AGAIN = "make a new plan: xlicense plan -o FILE"
_ANEW = "run `xlicense apply` again, without the old plan, or make a new one: xlicense plan -o FILE"


async def plan(engine: Engine, options: PlanOptions, observation: Observation | None = None) -> Plan:
    """Observe what the options select (or take a saved observation), recover, and plan."""
    if observation is None:
        observation = await observe(engine, selected(engine, options))
        observation = await recover(engine, observation)
    return _make(engine, options, observation, secrets.token_hex(16))


def selected(engine: Engine, options: PlanOptions) -> tuple[ClusterDesired, ...]:
    """The clusters with anything in scope; their nodes are read whole, whatever the target."""
    wanted = in_scope(options, engine.desired)
    return tuple(
        cluster
        for cluster in engine.desired.clusters
        if wanted(cluster.address) or any(wanted(node.address) for node in cluster.nodes)
    )


def check_plan_file(planned: Plan, *, workspace: str, tool_version: str, now: datetime) -> None:
    """Whether this file may be applied at all, before anything is read. Raises PlanFileError."""
    if planned.format_version.split(".")[0] != FORMAT_VERSION.split(".")[0]:
        raise PlanFileError(
            f"the plan has format {planned.format_version}, this xlicense reads {FORMAT_VERSION}",
            remedy=_AGAIN,
        )
    if planned.tool_version != tool_version:
        raise PlanFileError(
            f"the plan was made by xlicense {planned.tool_version}, this is {tool_version}", remedy=_AGAIN
        )
    if planned.workspace != workspace:
        raise PlanFileError(f"the plan is of workspace {planned.workspace}, this is {workspace}")
    if content_digest(planned.actions) != planned.content_digest:
        raise PlanFileError("the plan was altered: its digest does not fit its actions", remedy=_AGAIN)
    if now >= planned.expires_at:
        raise PlanFileError(f"the plan expired at {planned.expires_at:%Y-%m-%d %H:%M} UTC", remedy=_AGAIN)


@dataclass(frozen=True, slots=True)
class Bound:
    """The plan as it is now, and the approved actions that it lost because their node cannot be read."""

    plan: Plan
    lost: tuple[tuple[Action, str], ...] = ()


async def bind(engine: Engine, planned: Plan) -> Bound:
    """The plan as it is now, proven to be a part of the one that was approved.

    Raises PlanFileError (stale, with what differs) or Refused (a rule says no that did not before).
    """
    touched = _touched(engine, planned)
    fresh = await recover(engine, await observe(engine, touched))
    again = _make(engine, planned.options, overlay(planned.observation, fresh), planned.nonce)
    added = _new_refusals(planned, again)
    if added:
        raise Refused(
            "since the plan was made a rule refuses: "
            + "; ".join(f"{item.rule} at {item.address}: {item.message}" for item in added),
            remedy=added[0].remedy,
        )
    stale = differences(planned, again)
    if stale:
        raise PlanFileError("the plan is stale: the world has changed", differences=stale, remedy=_ANEW)
    return Bound(again, tuple(_lost(planned, again)))


def _lost(planned: Plan, again: Plan) -> Iterator[tuple[Action, str]]:
    left = {action.id for action in again.actions}
    troubles = {node.address: node.problems[0].message for node in again.observation.nodes if node.problems}
    for action in planned.runnable:
        if action.id not in left and action.address in troubles:
            yield action, troubles[action.address]


def _touched(engine: Engine, planned: Plan) -> tuple[ClusterDesired, ...]:
    addresses = {action.address.parent for action in planned.actions}
    accounts = {address.name for address in addresses if address.kind == "account"}
    return tuple(
        cluster
        for cluster in engine.desired.clusters
        if cluster.address in addresses or (cluster.account in accounts and _was_read(planned, cluster))
    )


def _was_read(planned: Plan, cluster: ClusterDesired) -> bool:
    return any(node.address.parent == cluster.address for node in planned.observation.nodes)


def _new_refusals(planned: Plan, again: Plan) -> list[Refusal]:
    def key(refusal: Refusal) -> tuple[str, Address]:
        return refusal.rule, refusal.address

    before = {key(refusal) for refusal in planned.refusals if refusal.overridden is None}
    return [
        refusal for refusal in again.refusals if refusal.overridden is None and key(refusal) not in before
    ]


def _make(engine: Engine, options: PlanOptions, observation: Observation, nonce: str) -> Plan:
    return make_plan(
        engine.desired,
        observation,
        engine.journal.held(),
        engine.providers.capabilities(),
        options,
        now=engine.clock.now(),
        nonce=nonce,
        tool_version=engine.tool_version,
    )
