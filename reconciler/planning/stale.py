"""Whether a plan that was approved still says what would be done now.

What is left may be less than was planned, never more and never different. Belongs here: the comparison of
two plans. Does not belong here: making either of them, or deciding what a stale plan means (execution).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model import Action, Plan, Refusal

from .compare import worded

_OF_THE_MOMENT = ("earlier_failure", "product_tag", "udi", "request")
"""Parameters that only tell what was there before, or by which name; another value is no other action."""


def differences(planned: Plan, fresh: Plan) -> tuple[str, ...]:
    """Why the fresh plan is not a part of the planned one, one sentence each; empty where it is."""
    approved = {action.id: action for action in planned.actions}
    found: list[str] = []
    for action in fresh.actions:
        before = approved.get(action.id)
        if before is None:
            found.append(f"{_named(action)} was not planned: {action.reason}")
        else:
            found.extend(_changed(before, action))
    known = {_key(refusal) for refusal in _standing(planned)}
    found.extend(
        f"{refusal.rule} refuses {refusal.address} now: {refusal.message}"
        for refusal in _standing(fresh)
        if _key(refusal) not in known
    )
    return tuple(found)


def _changed(before: Action, now: Action) -> list[str]:
    found = [f"{_named(now)}: {text}" for text in worded(_content(before), _content(now))]
    if before.carrier is not now.carrier:
        found.append(f"{_named(now)} was planned by {before.carrier.value} and is by {now.carrier.value} now")
    return found


def _content(action: Action) -> Mapping[str, Any]:
    content = {name: value for name, value in action.params.items() if name not in _OF_THE_MOMENT}
    if "lines" in content:
        content["lines"] = {line["entitlement"]: line["quantity"] for line in content["lines"]}
    return content


def _named(action: Action) -> str:
    return f"{action.kind.value} on {action.address}"


def _standing(plan: Plan) -> list[Refusal]:
    return [refusal for refusal in plan.refusals if refusal.overridden is None]


def _key(refusal: Refusal) -> tuple[str, str]:
    return refusal.rule, refusal.address
