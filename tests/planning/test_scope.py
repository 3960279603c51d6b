"""Targets, excludes and selectors: they filter what is done, never what is observed."""

from __future__ import annotations

import pytest

from reconciler import model as m
from reconciler.errors import UsageError
from reconciler.planning import in_scope, partial
from tests.planning.fleet import (
    DAY,
    NOW,
    all_of,
    by_name,
    cluster,
    desired,
    evaluating,
    kinds,
    observed,
    plan,
    rules_of,
    seen,
)

AMS = cluster("ams-edge", labels=(("site", "ams"), ("env", "prod")))
LON = cluster("lon-edge", labels=(("site", "lon"),))
FLEET = desired(AMS, LON)
FRESH = seen(*all_of(AMS, licence=evaluating()), *all_of(LON, licence=evaluating()))
SWITCHING = seen(*all_of(AMS, smart=m.SmartConfig("satellite", None, "hostname")), *all_of(LON))
HELD = m.HeldState(evaluation=tuple(m.EvaluationSeen(node.serial or "", 80 * DAY, NOW) for node in AMS.nodes))


def test_without_options_everything_is_in_scope_and_the_plan_is_whole() -> None:
    assert in_scope(m.PlanOptions(), FLEET)(m.Address.of_cluster("anything"))
    assert partial(m.PlanOptions()) == ()


@pytest.mark.parametrize(
    "options",
    [
        m.PlanOptions(targets=("cluster/ams-*",)),
        m.PlanOptions(targets=("cluster/ams-edge",)),
        m.PlanOptions(excludes=("cluster/lon-edge",)),
        m.PlanOptions(selector=(("site", "ams"), ("env", "prod"))),
    ],
)
def test_a_partial_plan_does_only_what_is_in_scope_and_says_so(options: m.PlanOptions) -> None:
    made = plan(FLEET, FRESH, options=options)
    assert {action.address.parent for action in made.actions} == {"cluster/ams-edge", "account/emea"}
    assert {change.address.parent for change in made.changes} == {"cluster/ams-edge"}
    assert len(made.partial) == len(partial(options)) > 0
    assert made.options == options
    assert made.refusals == ()


def test_what_a_plan_is_limited_to_reads_as_a_part_of_a_sentence() -> None:
    options = m.PlanOptions(("cluster/ams-*",), ("cluster/ams-edge/node/n1",), (("site", "ams"),))
    assert partial(options) == (
        "target cluster/ams-*",
        "what is not cluster/ams-edge/node/n1",
        "selector site=ams",
    )


def test_a_target_can_be_a_single_node() -> None:
    made = plan(FLEET, FRESH, options=m.PlanOptions(targets=("cluster/ams-edge/node/n2",)))
    assert by_name(made.actions) == [
        "account.create_token emea",
        "node.register n2",
        "account.revoke_token emea",
    ]


def test_a_token_that_serves_only_what_is_outside_is_left_out_without_a_word() -> None:
    world = seen(*all_of(AMS), *all_of(LON, licence=evaluating()))
    made = plan(FLEET, world, options=m.PlanOptions(targets=("cluster/ams-edge",)))
    assert (made.actions, made.withheld, made.refusals) == ((), (), ())


def test_a_needed_action_outside_the_target_is_a_refusal_that_names_it() -> None:
    made = plan(
        FLEET, FRESH, options=m.PlanOptions(excludes=("account/emea",), targets=("cluster/ams-edge",))
    )
    assert made.actions == ()
    assert {refusal.rule for refusal in made.refusals} == {"XL315"}
    assert "account.create_token on account/emea" in made.refusals[0].message


def test_a_single_node_does_not_leave_for_a_switch_that_is_outside_the_target() -> None:
    options = m.PlanOptions(targets=("cluster/ams-edge/node/n1",))
    assert "node.deregister" in kinds(plan(FLEET, SWITCHING, HELD).actions)
    made = plan(FLEET, SWITCHING, HELD, options=options)
    assert made.actions == ()
    assert any("cluster.set_transport" in refusal.message for refusal in made.refusals)


@pytest.mark.parametrize(
    "options",
    [
        m.PlanOptions(targets=("cluster/nowhere",)),
        m.PlanOptions(excludes=("cluster/nowhere",)),
        m.PlanOptions(selector=(("site", "nowhere"),)),
    ],
)
def test_a_target_that_matches_nothing_is_a_slip(options: m.PlanOptions) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        plan(FLEET, FRESH, options=options)


def test_an_account_can_be_the_target() -> None:
    inside = in_scope(m.PlanOptions(targets=("account/emea",)), FLEET)
    assert inside(m.Address.of_account("emea"))
    assert inside(m.Address.of_instance("emea", "0E4D1FA5"))
    assert not inside(AMS.address)


def test_an_account_can_be_the_target_before_there_is_any_cluster() -> None:
    inside = in_scope(m.PlanOptions(targets=("account/emea",)), desired())
    assert inside(m.Address.of_account("emea"))


def test_findings_outside_the_target_are_not_told() -> None:
    world = seen(*all_of(AMS), observed(LON, licence=evaluating(3)), observed(LON, "n2"))
    assert "XL098" in rules_of(plan(FLEET, world))
    assert plan(FLEET, world, options=m.PlanOptions(targets=("cluster/ams-edge",))).findings == ()
