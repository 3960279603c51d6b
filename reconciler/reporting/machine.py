"""Plans, drift and runs as JSON, for programs. Minor versions of the format add, a major one may take away.

Belongs here: the shapes. Does not belong here: the saved plan, which is the model's own JSON. Only ASCII is
written, so that what a remote system said cannot reach a terminal as a control character.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from reconciler.errors import Exit
from reconciler.model import (
    FORMAT_VERSION,
    UNKNOWN,
    Action,
    ActionOutcome,
    Address,
    Change,
    Plan,
    Result,
    RunResult,
    to_data,
)
from reconciler.reporting.summary import (
    active,
    counts,
    drift_exits,
    drifted,
    held_actions,
    noticed,
    plan_exits,
    run_exits,
    unread,
    waiting_changes,
)


def plan_json(plan: Plan) -> str:
    """A plan in the shape of ``terraform show -json`` (``resource_changes``), and what that has no word for.

    ``exit_codes`` are all that hold, strongest first. Nodes that need nothing are only counted.
    """
    return _text(
        {
            "format_version": FORMAT_VERSION,
            "xlicense_version": plan.tool_version,
            "workspace": plan.workspace,
            "created_at": plan.created_at.isoformat(),
            "expires_at": plan.expires_at.isoformat(),
            "content_digest": plan.content_digest,
            "partial": list(plan.partial),
            "resource_changes": _resource_changes(plan),
            "changes": [_change(change) for change in plan.changes],
            "actions": [to_data(action) for action in plan.runnable],
            "held_back": _held_back(plan),
            "withheld": [to_data(action) for action in plan.withheld],
            **_noticed(plan),
            "overrides": [to_data(override) for override in plan.overrides],
            "summary": asdict(counts(plan)),
            "exit_codes": _codes(plan_exits(plan)),
        }
    )


def drift_json(plan: Plan) -> str:
    """What differs, what waits, what could not be read. ``before`` is what was read, ``after`` the YAML."""
    return _text(
        {
            "format_version": FORMAT_VERSION,
            "xlicense_version": plan.tool_version,
            "workspace": plan.workspace,
            "observed_at": plan.observation.at.isoformat(),
            "partial": list(plan.partial),
            "drift": [_change(change) for change in drifted(plan)],
            "waiting_changes": [_change(change) for change in waiting_changes(plan)],
            **_noticed(plan),
            "summary": {
                "drift": len(drifted(plan)),
                "waiting_changes": len(waiting_changes(plan)),
                "findings": len(noticed(plan)),
                "unread": len(unread(plan.observation)),
                "nodes_total": plan.nodes_total,
                "clusters_total": plan.clusters_total,
            },
            "exit_codes": _codes(drift_exits(plan)),
        }
    )


def run_json(result: RunResult) -> str:
    """One outcome per action, and the same numbers as the last line of the text."""
    refusals = active(result.refusals)
    summary = {each.value: result.count(each) for each in Result}
    return _text(
        {
            "format_version": FORMAT_VERSION,
            "run_id": result.run_id,
            "interrupted": result.interrupted,
            "outcomes": [_outcome(outcome) for outcome in result.outcomes],
            "refusals": [to_data(refusal) for refusal in refusals],
            "waiting": [to_data(item) for item in result.waiting],
            "unread": list(result.unread),
            "untrusted": list(result.untrusted),
            "summary": {**summary, "refused": len(refusals)},
            "exit_codes": _codes(run_exits(result)),
        }
    )


def _text(data: Any) -> str:
    # DEL is the one control that ensure_ascii leaves as it is.
    return json.dumps(data, indent=2, ensure_ascii=True).replace("\x7f", "\\u007f") + "\n"


def _codes(exits: Iterable[Exit]) -> list[int]:
    return [code.value for code in exits]


def _noticed(plan: Plan) -> dict[str, Any]:
    return {
        "findings": [to_data(finding) for finding in plan.findings],
        "refusals": [to_data(refusal) for refusal in plan.refusals],
        "waiting": [to_data(item) for item in plan.waiting],
        "evaluation": [to_data(left) for left in plan.evaluation],
        "unread": [
            {"address": one.address, "problems": [to_data(problem) for problem in one.problems]}
            for one in unread(plan.observation)
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    cluster = change.address.parent if change.address.startswith("cluster/") else None
    node = change.address.name if change.address.kind == "node" else None
    return {"cluster": cluster, "node": node, **to_data(change)}


def _held_back(plan: Plan) -> list[dict[str, Any]]:
    reasons = {item.action_id: item for item in plan.held_back}
    return [
        {"by": reasons[action.id].by, "text": reasons[action.id].text, "action": to_data(action)}
        for action in held_actions(plan)
    ]


def _outcome(outcome: ActionOutcome) -> dict[str, Any]:
    action = outcome.action
    return {
        "action_id": action.id,
        "address": action.address,
        "kind": action.kind.value,
        **{name: value for name, value in to_data(outcome).items() if name != "action"},
    }


def _resource_changes(plan: Plan) -> list[dict[str, Any]]:
    changes: dict[Address, list[Change]] = defaultdict(list)
    for change in plan.changes:
        changes[change.address].append(change)
    actions: dict[Address, list[Action]] = defaultdict(list)
    for action in plan.actions:
        actions[action.address].append(action)
    return [
        _resource(address, changes.get(address, ()), bool(actions.get(address)))
        for address in sorted(changes.keys() | actions.keys())
    ]


def _resource(address: Address, changes: Sequence[Change], acted_on: bool) -> dict[str, Any]:
    unknown = {change.field: True for change in changes if change.before is UNKNOWN}
    return {
        "address": address,
        "type": address.kind,
        "name": address.name,
        "change": {
            "actions": [_verb(changes, acted_on)],
            "before": {
                change.field: None if change.before is UNKNOWN else change.before for change in changes
            },
            "after": {change.field: change.after for change in changes if change.after is not UNKNOWN},
            "after_unknown": {change.field: True for change in changes if change.after is UNKNOWN},
            "before_unknown": unknown,
        },
    }


def _verb(changes: Sequence[Change], acted_on: bool) -> str:
    """Terraform's word: a registration that begins is a create, one that ends a delete."""
    for change in changes:
        if change.field == "registration" and change.before == "unregistered":
            return "create"
        if change.field == "registration" and change.after == "unregistered":
            return "delete"
    known = any(change.before is not UNKNOWN for change in changes)
    return "update" if acted_on or known else "no-op"
