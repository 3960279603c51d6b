"""JSON for programs: it parses, it is stable, it has Terraform's shape and all exit codes that hold."""

from __future__ import annotations

import json
from typing import Any

from reconciler import model as m
from reconciler.reporting import drift_json, plan_exits, plan_json, run_json
from tests.reporting.reporting_samples import (
    CREATE,
    E1,
    EMEA,
    FLEET,
    MAD1,
    NOW,
    OSL1,
    RUN,
    node,
    plan,
    unregistered,
)


def parsed(text: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(text)
    return data


def resource(text: str, address: str) -> dict[str, Any]:
    return next(each for each in parsed(text)["resource_changes"] if each["address"] == address)


def test_a_plan_has_the_shape_of_terraform_and_our_own_lists() -> None:
    data = parsed(plan_json(FLEET))
    assert data["format_version"] == "1.0"
    assert resource(plan_json(FLEET), E1) == {
        "address": "cluster/ams-edge/node/e1",
        "type": "node",
        "name": "e1",
        "change": {
            "actions": ["create"],
            "before": {"privacy": "none", "registration": "unregistered", "virtual_account": None},
            "after": {
                "privacy": "hostname",
                "registration": "registered",
                "virtual_account": "Expressway EMEA",
            },
            "after_unknown": {},
            "before_unknown": {},
        },
    }
    assert [action["id"] for action in data["actions"]] == [action.id for action in FLEET.runnable]
    assert [held["by"] for held in data["held_back"]] == ["h-1", "node.set_proxy:0C0C0C01:0"]
    assert [action["kind"] for action in data["withheld"]] == ["node.register"]
    assert [refusal["rule"] for refusal in data["refusals"]] == ["XL011"]
    assert [item["handoff_id"] for item in data["waiting"]] == ["h-1"]
    assert len(data["evaluation"]) == 7
    assert data["summary"] == {
        "to_do": 7,
        "by_person": 1,
        "irreversible": 0,
        "held_back": 1,
        "withheld": 1,
        "refused": 1,
        "overridden": 0,
        "waiting": 1,
        "findings": 2,
        "unread": 0,
        "changes": 13,
        "nodes_total": 12,
        "nodes_untouched": 5,
        "clusters_total": 7,
    }
    assert data["exit_codes"] == [6, 9, 2]


def test_a_resource_that_begins_ends_or_only_changes_has_terraforms_word() -> None:
    gone = m.Change(E1, "registration", "registered", "unregistered")
    text = plan_json(plan(changes=(gone, m.Change(MAD1, "url", "a", "b")), actions=(CREATE,)))
    assert resource(text, E1)["change"]["actions"] == ["delete"]
    assert resource(text, MAD1)["change"]["actions"] == ["update"]
    assert resource(text, EMEA)["change"]["actions"] == ["update"]


def test_an_unknown_value_is_null_and_marked_and_changes_nothing() -> None:
    unknown = (m.Change(OSL1, "url", m.UNKNOWN, "https://a"), m.Change(OSL1, "token", m.UNKNOWN, m.UNKNOWN))
    change = resource(plan_json(plan(changes=unknown)), OSL1)["change"]
    assert change == {
        "actions": ["no-op"],
        "before": {"url": None, "token": None},
        "after": {"url": "https://a"},
        "after_unknown": {"token": True},
        "before_unknown": {"url": True, "token": True},
    }


def test_drift_lists_changes_by_cluster_node_and_field() -> None:
    lost = m.Problem("licence", m.ProblemKind.UNREADABLE, "cut off")
    moved = plan(
        observation=m.Observation(NOW, (node(OSL1, "0F0F0F01", "X14.3.1", lost),)),
        changes=(
            m.Change(E1, "privacy", "none", "hostname", m.Cause.CHANGED_BEHIND, "hostname"),
            m.Change(EMEA, "pool", 3, 4, m.Cause.WAITING),
        ),
    )
    data = parsed(drift_json(moved))
    assert data["drift"] == [
        {
            "cluster": "cluster/ams-edge",
            "node": "e1",
            "address": "cluster/ams-edge/node/e1",
            "field": "privacy",
            "before": "none",
            "after": "hostname",
            "cause": "changed behind our back",
            "last_seen": "hostname",
        }
    ]
    assert [(each["cluster"], each["node"]) for each in data["waiting_changes"]] == [(None, None)]
    assert data["unread"][0]["problems"][0]["message"] == "cut off"
    assert data["summary"]["drift"] == 1
    assert data["exit_codes"] == [11, 2]


def test_a_run_lists_each_outcome_and_the_numbers_of_its_last_line() -> None:
    data = parsed(run_json(RUN))
    assert data["outcomes"][2] == {
        "action_id": "node.register:0E4D1FA5:0",
        "address": "cluster/ams-edge/node/e1",
        "kind": "node.register",
        "result": "failed",
        "text": "The node says: Invalid token. It stays unregistered.",
        "remedy": "Look at the token in the account, then plan again.",
        "seconds": 31.2,
        "op_id": "op-3",
        "trust": False,
        "unread": False,
    }
    assert data["summary"] == {
        "done": 2,
        "failed": 1,
        "unknown": 1,
        "waiting": 1,
        "skipped": 1,
        "refused": 1,
    }
    assert data["exit_codes"] == [8, 10, 7, 6, 9, 11]


def test_the_same_values_give_the_same_json() -> None:
    assert plan_json(FLEET) == plan_json(m.from_json(m.Plan, m.to_json(FLEET)))
    assert drift_json(FLEET) == drift_json(m.from_json(m.Plan, m.to_json(FLEET)))


def test_the_exit_codes_of_a_quiet_plan_are_none() -> None:
    assert plan_exits(plan()) == ()
    assert plan_exits(plan(changes=unregistered(E1))) == ()
