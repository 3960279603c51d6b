"""From a situation to a plan: which actions, in which order, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler import model as m
from reconciler.planning import content_digest
from tests.planning.fleet import (
    ACCOUNT_KINDS,
    DAY,
    NODE_KINDS,
    NOW,
    ON_PREM,
    ON_PREM_URL,
    PROXY,
    TOKEN,
    Auth,
    Status,
    account,
    all_of,
    by_name,
    cluster,
    desired,
    evaluating,
    kinds,
    licence,
    observed,
    plan,
    pool,
    rules_of,
    seen,
)

EDGE = cluster()
PLANT = account(
    "plant",
    virtual_account="Default",
    manager=m.Manager(m.ManagerKind.ON_PREM, "on-prem"),
    transport_url=ON_PREM_URL,
)
HAND_OFF = account("emea", manager=m.Manager(m.ManagerKind.HAND_OFF, "hand-off"))
SEEN = tuple(m.EvaluationSeen(node.serial or "", 80 * DAY, NOW) for node in EDGE.nodes)


def test_a_converged_cluster_plans_nothing_and_says_nothing() -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE)))
    assert (made.changes, made.actions, made.findings, made.refusals) == ((), (), (), ())
    assert (made.clusters_total, made.nodes_total) == (1, 2)


def test_an_unregistered_cluster_gets_a_token_registers_every_node_and_revokes_it() -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())))
    assert by_name(made.actions)[0] == "account.create_token emea"
    assert sorted(by_name(made.actions)[1:3]) == ["node.register n1", "node.register n2"]
    assert by_name(made.actions)[3] == "account.revoke_token emea"
    create, first, second, revoke = made.actions
    assert create.params == {"export_controlled": True, "expires_after_days": 1, "max_uses": 2}
    assert create.makes == "token/emea/allowed" == first.params["token"] == revoke.params["token"]
    assert first.needs == second.needs == (create.id,)
    assert revoke.needs == (create.id,)
    assert set(revoke.after) == {first.id, second.id}
    assert (create.purpose, revoke.purpose) == (m.Purpose.SUPPLY, m.Purpose.CLEANUP)
    assert {change.field for change in made.changes} == {"registration"}
    assert first.settles == (f"{first.address}#registration",)


def test_the_plan_is_valid_for_as_long_as_the_policy_says() -> None:
    made = plan(desired(EDGE, policy=m.Policy(plan_valid_for=60)), seen(*all_of(EDGE)))
    assert made.expires_at - made.created_at == timedelta(seconds=60)


def test_the_evaluation_of_every_node_with_a_clock_is_listed() -> None:
    held = m.HeldState(evaluation=(m.EvaluationSeen(EDGE.nodes[1].serial or "", 12 * DAY, NOW),))
    made = plan(desired(EDGE), seen(observed(EDGE, licence=evaluating(80)), observed(EDGE, "n2")), held)
    first, second = made.evaluation
    assert (first.days, first.running, first.remembered) == (80, True, False)
    assert (second.days, second.running, second.remembered) == (12, False, True)


def test_a_node_in_the_wrong_virtual_account_registers_anew_and_stays_licensed() -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=licence(virtual_account="Expressway Old"))))
    assert sorted(kinds(made.actions)) == [
        "account.create_token",
        "account.revoke_token",
        "node.reregister",
        "node.reregister",
    ]
    assert [change.before for change in made.changes] == ["Expressway Old", "Expressway Old"]
    assert "licensed all the time" in told(made, "XL206")


def test_a_node_that_switches_its_transport_and_account_is_not_said_to_stay_licensed() -> None:
    core = cluster(count=1, account="plant", transport=ON_PREM)
    smart = m.SmartConfig("direct", None, "hostname")
    world = seen(*all_of(core, smart=smart, licence=licence()), accounts=[pool("plant", instances=())])
    made = plan(desired(core, accounts=[PLANT]), world)
    assert "not registered in between" in told(made, "XL206")
    assert "XL341" not in {finding.code for finding in made.findings}


def told(made: m.Plan, code: str) -> str:
    return " ".join(finding.message for finding in made.findings if finding.code == code)


@pytest.mark.parametrize(
    ("block", "field"),
    [
        (licence(export_controlled=False), "export_controlled"),
        (licence(smart_account="other.example.com"), "smart_account"),
        (licence(registration=Status.FAILED, failure="token is invalid"), "registration"),
        (licence(registration=Status.EXPIRED), "registration"),
    ],
)
def test_a_registration_that_is_not_the_right_one_is_made_anew(block: m.Licence, field: str) -> None:
    one = cluster(count=1)
    made = plan(
        desired(one, accounts=[account(smart_account="example.com")]), seen(observed(one, licence=block))
    )
    assert "node.reregister" in kinds(made.actions)
    assert [change.field for change in made.changes] == [field]


def test_a_display_name_is_no_other_smart_account() -> None:
    one = cluster(count=1)
    block = licence(smart_account="Example Corporation, Inc.")
    made = plan(
        desired(one, accounts=[account(smart_account="example.com")]), seen(observed(one, licence=block))
    )
    assert made.changes == ()


def test_an_on_prem_url_is_set_before_the_transport_and_the_transport_before_registering() -> None:
    core = cluster("plant-core", account="plant", transport=ON_PREM)
    smart = m.SmartConfig("direct", "https://ssm.plant.example.com", "hostname")
    made = plan(
        desired(core, accounts=[PLANT]),
        seen(*all_of(core, licence=evaluating(), smart=smart), accounts=[pool("plant")]),
    )
    order = kinds(made.actions)
    assert order.index("cluster.set_transport") > max(
        i for i, kind in enumerate(order) if kind == "node.set_url"
    )
    assert order.index("node.register") > order.index("cluster.set_transport")
    switch = next(action for action in made.actions if action.kind is m.Kind.SET_TRANSPORT)
    assert switch.params == {
        "transport": "satellite",
        "nodes": ["cluster/plant-core/node/n1", "cluster/plant-core/node/n2"],
        "replication_wait": 60,
    }
    assert set(switch.settles) == {f"{node.address}#transport" for node in core.nodes}


def test_the_primary_comes_first_in_a_switch() -> None:
    smart = m.SmartConfig("satellite", None, "hostname")
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating(), smart=smart, primary=2)))
    switch = next(action for action in made.actions if action.kind is m.Kind.SET_TRANSPORT)
    assert switch.params["nodes"] == ["cluster/ams-edge/node/n2", "cluster/ams-edge/node/n1"]


def test_a_registered_cluster_deregisters_whole_before_its_transport_is_switched() -> None:
    core = cluster(account="plant", transport=ON_PREM)
    smart = m.SmartConfig("direct", None, "hostname")
    made = plan(
        desired(core, accounts=[PLANT]),
        seen(
            observed(core, smart=smart, licence=licence(virtual_account="Default")),
            observed(core, "n2", licence=licence(virtual_account="Default")),
            accounts=[pool("plant")],
        ),
        m.HeldState(evaluation=SEEN),
    )
    order = kinds(made.actions)
    assert order == [
        "account.create_token",
        "node.deregister",
        "node.deregister",
        "node.set_url",
        "cluster.set_transport",
        "node.register",
        "node.register",
        "account.revoke_token",
    ]
    assert made.refusals == ()
    assert "XL201" in rules_of(made)


def test_a_proxy_is_set_by_a_person_and_registering_waits_for_it() -> None:
    mad = cluster("mad-edge", transport=PROXY)
    made = plan(desired(mad), seen(*all_of(mad, licence=evaluating())))
    proxies = [action for action in made.actions if action.kind is m.Kind.SET_PROXY]
    assert len(proxies) == 2
    assert {action.carrier for action in proxies} == {m.Carrier.PERSON}
    assert proxies[0].params == {"host": "proxy.example.com", "port": 8080, "username": None}
    registers = [action for action in made.actions if action.kind is m.Kind.REGISTER]
    assert all(any("set_proxy" in need for need in action.needs) for action in registers)


def test_a_direct_cluster_whose_node_has_a_proxy_asks_a_person_to_take_it_out() -> None:
    one = cluster(count=1)
    made = plan(desired(one), seen(observed(one, licence=licence(proxy="old:3128"))))
    (change,) = made.changes
    assert (change.field, change.before, change.after) == ("proxy", "old:3128", None)
    assert made.actions[0].params == {"host": None, "port": None, "username": None}


def test_privacy_of_a_registered_node_is_told_by_a_renewal() -> None:
    one = cluster(count=1)
    smart = m.SmartConfig("direct", None, "none")
    made = plan(desired(one), seen(observed(one, smart=smart)))
    assert kinds(made.actions) == ["node.set_privacy", "node.renew_registration"]
    assert made.actions[1].needs == (made.actions[0].id,)


def test_privacy_of_a_new_node_is_set_before_it_registers() -> None:
    one = cluster(count=1)
    smart = m.SmartConfig("direct", None, "none")
    made = plan(desired(one), seen(observed(one, smart=smart, licence=evaluating())))
    order = kinds(made.actions)
    assert order.index("node.set_privacy") < order.index("node.register")
    assert "node.renew_registration" not in order


def test_privacy_is_taken_from_the_licence_block_where_the_setting_is_not_known() -> None:
    one = cluster(count=1)
    smart = m.SmartConfig("direct", None)
    told = licence(hostname_hidden=False, version_hidden=False)
    made = plan(desired(one), seen(observed(one, smart=smart, licence=told)))
    assert [(change.field, change.before) for change in made.changes] == [("privacy", "none")]


def test_an_expired_authorization_is_renewed() -> None:
    one = cluster(count=1)
    made = plan(desired(one), seen(observed(one, licence=licence(authorization=Auth.EXPIRED))))
    assert kinds(made.actions) == ["node.renew_authorization"]


def test_a_registration_in_progress_is_left_alone_and_told() -> None:
    one = cluster(count=1)
    block = evaluating(registration=Status.PENDING)
    made = plan(desired(one), seen(observed(one, licence=block)))
    assert made.actions == ()
    assert [change.cause for change in made.changes] == [m.Cause.WAITING]
    assert "XL320" in rules_of(made)


def test_a_half_registered_cluster_is_told_and_only_the_missing_peer_registers() -> None:
    made = plan(desired(EDGE), seen(observed(EDGE), observed(EDGE, "n2", licence=evaluating())))
    assert "XL032" in rules_of(made)
    assert "node.register n2" in by_name(made.actions)
    assert "node.register n1" not in by_name(made.actions)
    assert made.actions[0].params["max_uses"] == 2


def test_a_retired_node_deregisters_and_its_peers_do_not() -> None:
    edge = cluster(nodes={"n2": {"state": m.State.RETIRED}})
    made = plan(desired(edge), seen(*all_of(edge)), m.HeldState(evaluation=SEEN))
    assert by_name(made.actions) == ["node.deregister n2"]
    assert "XL202" in rules_of(made)


def test_a_retired_cluster_deregisters_whole_and_is_done_when_it_has() -> None:
    edge = cluster(state=m.State.RETIRED)
    made = plan(desired(edge), seen(*all_of(edge)), m.HeldState(evaluation=SEEN))
    assert sorted(by_name(made.actions)) == ["node.deregister n1", "node.deregister n2"]
    failed = evaluating(registration=Status.FAILED)
    assert plan(desired(edge), seen(*all_of(edge, licence=failed))).changes == ()


def test_an_observed_cluster_is_shown_and_never_changed() -> None:
    nyc = cluster("nyc-core", manage=m.Manage.OBSERVE)
    made = plan(desired(nyc), seen(*all_of(nyc, licence=evaluating())))
    assert (made.changes, made.actions) == ((), ())
    (shown,) = [finding for finding in made.findings if finding.code == "observed"]
    assert "n1 unregistered, transport direct" in shown.message


def test_a_field_that_the_yaml_does_not_name_is_not_managed() -> None:
    bare = cluster(transport=None, privacy=None, registration=None)
    smart = m.SmartConfig("satellite", "https://x", "all")
    made = plan(desired(bare), seen(*all_of(bare, smart=smart, licence=evaluating(proxy="x:1"))))
    assert (made.changes, made.actions) == ((), ())


def test_a_field_that_is_not_known_is_neither_drift_nor_acted_on() -> None:
    one = cluster(count=1)
    block = licence(registration=m.UNKNOWN)
    made = plan(desired(one), seen(observed(one, licence=block, smart=m.UNKNOWN)))
    assert (made.changes, made.actions) == ((), ())
    (told,) = [finding for finding in made.findings if finding.code == "XL319"]
    assert "registration" in told.message


def test_a_node_that_could_not_be_read_costs_only_itself() -> None:
    trouble = m.Problem("all", m.ProblemKind.UNREACHABLE, "connection refused")
    lost = m.NodeObserved(EDGE.nodes[1].address, NOW, problems=(trouble,))
    made = plan(desired(EDGE), seen(observed(EDGE, licence=evaluating()), lost))
    assert "node.register n1" in by_name(made.actions)
    assert not any("n2" in name for name in by_name(made.actions))
    (told,) = [finding for finding in made.findings if finding.code == "unreachable"]
    assert (told.severity, told.address) == (m.Severity.ERROR, EDGE.nodes[1].address)


def test_a_switch_waits_for_a_peer_that_could_not_be_read() -> None:
    trouble = m.Problem("all", m.ProblemKind.UNREACHABLE, "connection refused")
    lost = m.NodeObserved(EDGE.nodes[1].address, NOW, problems=(trouble,))
    smart = m.SmartConfig("satellite", None, "hostname")
    made = plan(desired(EDGE), seen(observed(EDGE, smart=smart, licence=evaluating()), lost))
    assert made.actions == ()
    assert "XL301" in rules_of(made)


def test_a_standing_token_is_neither_made_nor_revoked() -> None:
    standing = m.TokenPolicy(value=m.SecretRef("env", "EXPRESSWAY_TOKEN"))
    one = cluster(count=1, registration=replace(TOKEN, token=standing))
    made = plan(desired(one), seen(observed(one, licence=evaluating())))
    (action,) = made.actions
    assert action.params["token"] == "secret/env:EXPRESSWAY_TOKEN"
    assert "XL035" in rules_of(made)


def test_clusters_with_one_export_flag_share_a_token_and_others_do_not() -> None:
    free = cluster("free", registration=replace(TOKEN, export_controlled=False))
    left = cluster("left", registration=replace(TOKEN, export_controlled=None))
    fleet = desired(EDGE, free, left)
    made = plan(
        fleet, seen(*(node for item in fleet.clusters for node in all_of(item, licence=evaluating())))
    )
    slots = {action.makes: action.params["max_uses"] for action in made.actions if action.makes}
    assert slots == {"token/emea/allowed": 4, "token/emea/restricted": 2}


def _code(**fields: object) -> m.HeldCode:
    given = {
        "code_id": "c1",
        "kind": m.CodeKind.TOKEN,
        "slot": "token/emea/allowed",
        "address": m.Address.of_account("emea"),
        "subject": "emea",
        "made_at": NOW,
        "readable": True,
        "expires_at": NOW + timedelta(hours=2),
    }
    return m.HeldCode(**{**given, **fields})  # type: ignore[arg-type]


def test_a_token_in_hand_is_used_and_then_revoked() -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())), m.HeldState(codes=(_code(),)))
    assert sorted(kinds(made.actions)) == ["account.revoke_token", "node.register", "node.register"]


@pytest.mark.parametrize(
    "code", [_code(expires_at=NOW), _code(readable=False), _code(kind=m.CodeKind.REQUEST)]
)
def test_a_token_that_cannot_be_used_is_made_again(code: m.HeldCode) -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())), m.HeldState(codes=(code,)))
    assert "account.create_token" in kinds(made.actions)


def test_a_token_that_a_person_brought_is_not_ours_to_revoke() -> None:
    held = m.HeldState(codes=(_code(from_person=True),))
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())), held)
    assert kinds(made.actions) == ["node.register", "node.register"]


def test_a_token_that_a_run_left_over_is_revoked() -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE)), m.HeldState(codes=(_code(),)))
    assert kinds(made.actions) == ["account.revoke_token"]


def test_an_account_without_calls_has_its_token_made_by_a_person_and_says_that_it_lives_on() -> None:
    fleet = desired(EDGE, accounts=[HAND_OFF])
    can = {node.address: NODE_KINDS for node in EDGE.nodes}
    made = plan(fleet, seen(*all_of(EDGE, licence=evaluating()), accounts=[]), can=can)
    create = made.actions[0]
    assert (create.carrier, create.carrier_note) == (m.Carrier.PERSON, "this profile has no known call")
    assert "account.revoke_token" not in kinds(made.actions)
    assert "XL033" in rules_of(made)


def test_a_profile_that_cannot_revoke_leaves_the_token_to_its_end() -> None:
    can = {node.address: NODE_KINDS for node in EDGE.nodes}
    can[m.Address.of_account("emea")] = ACCOUNT_KINDS - {"account.revoke_token"}
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())), can=can)
    assert "account.revoke_token" not in kinds(made.actions)
    assert "XL033" in rules_of(made)


def test_a_node_without_the_command_is_a_hand_off() -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())), can={})
    assert {action.carrier for action in made.actions} == {m.Carrier.PERSON}
    assert made.actions[1].carrier_note == "this run has no known command for it"


def test_smart_licensing_is_switched_on_by_a_person_where_the_policy_allows_it() -> None:
    old = cluster(count=1, transport=ON_PREM, account="plant")
    allow = (m.Allow("node.enable_smart", old.address, "2026-12-31", "planned"),)
    made = plan(
        desired(old, accounts=[PLANT], policy=m.Policy(allow=allow)),
        seen(
            observed(
                old,
                software=m.Software("X14.0.8", "expressway"),
                licence=m.Licence(enabled=False, proxy=None),
                smart=m.SmartConfig("satellite", ON_PREM_URL, "hostname"),
            ),
            accounts=[pool("plant")],
        ),
    )
    enable = next(action for action in made.actions if action.kind is m.Kind.ENABLE_SMART)
    assert (enable.effect_class, enable.reversible) == (m.EffectClass.IRREVERSIBLE, False)
    register = next(action for action in made.actions if action.kind is m.Kind.REGISTER)
    assert enable.id in register.needs


def test_a_registered_node_of_another_on_prem_server_registers_anew() -> None:
    core = cluster(count=1, account="plant", transport=ON_PREM)
    smart = m.SmartConfig("satellite", "https://old.example.com/SmartTransport", "hostname")
    block = licence(virtual_account="Default")
    made = plan(
        desired(core, accounts=[PLANT]),
        seen(observed(core, smart=smart, licence=block), accounts=[pool("plant")]),
    )
    assert kinds(made.actions)[-3:] == ["node.set_url", "node.reregister", "account.revoke_token"]


def test_only_the_path_of_a_url_needs_no_new_registration() -> None:
    core = cluster(count=1, account="plant", transport=ON_PREM)
    smart = m.SmartConfig("satellite", "https://ssm.plant.example.com", "hostname")
    block = licence(virtual_account="Default")
    made = plan(
        desired(core, accounts=[PLANT]),
        seen(observed(core, smart=smart, licence=block), accounts=[pool("plant")]),
    )
    assert kinds(made.actions) == ["node.set_url"]


# Why a change is there.


def test_what_an_apply_verified_and_now_differs_was_changed_behind_our_back() -> None:
    one = cluster(count=1)
    address = one.nodes[0].address
    fact = m.Verified(address, "privacy", "hostname", NOW - timedelta(days=3))
    made = plan(
        desired(one),
        seen(observed(one, smart=m.SmartConfig("direct", None, "none"))),
        m.HeldState(verified=(fact,)),
    )
    (change,) = made.changes
    assert (change.cause, change.last_seen) == (m.Cause.CHANGED_BEHIND, "2026-11-21T04:00:00+00:00")


def test_what_was_verified_with_another_value_is_not_yet_applied() -> None:
    one = cluster(count=1)
    facts = (
        m.Verified(one.nodes[0].address, "privacy", "hostname", NOW - timedelta(days=3)),
        m.Verified(one.nodes[0].address, "privacy", "none", NOW - timedelta(days=1)),
    )
    made = plan(
        desired(one),
        seen(observed(one, smart=m.SmartConfig("direct", None, "none"))),
        m.HeldState(verified=facts),
    )
    assert [change.cause for change in made.changes] == [m.Cause.NOT_YET_APPLIED]


def _parked(action: m.Action, *, done: bool = False) -> m.Waiting:
    return m.Waiting(
        "h1", action.id, action.kind.value, action.address, action.subject, NOW, ("do it",), done=done
    )


def test_a_parked_hand_off_holds_back_what_needs_it_and_its_changes_wait() -> None:
    mad = cluster("mad-edge", count=1, transport=PROXY)
    fleet, world = desired(mad), seen(observed(mad, licence=evaluating()))
    proxy = next(action for action in plan(fleet, world).actions if action.kind is m.Kind.SET_PROXY)
    made = plan(fleet, world, m.HeldState(waiting=(_parked(proxy),)))
    assert len(made.actions) == 4
    assert made.runnable == ()
    by = {item.action_id: item.by for item in made.held_back}
    assert by[proxy.id] == "h1"
    assert {change.cause for change in made.changes} == {m.Cause.WAITING}
    assert [item.handoff_id for item in made.waiting] == ["h1"]


def test_a_hand_off_that_was_answered_and_does_not_show_is_told_and_planned_again() -> None:
    mad = cluster("mad-edge", count=1, transport=PROXY)
    fleet, world = desired(mad), seen(observed(mad, licence=evaluating()))
    proxy = next(action for action in plan(fleet, world).actions if action.kind is m.Kind.SET_PROXY)
    made = plan(fleet, world, m.HeldState(waiting=(_parked(proxy, done=True),)))
    assert made.held_back == ()
    assert "hand-off" in rules_of(made)


# Effects whose end nobody saw.


def _open(action: m.Action, state: m.EffectState = m.EffectState.UNKNOWN) -> m.OpenEffect:
    return m.OpenEffect(
        "op-7", action.id, action.kind.value, action.address, action.subject, state, NOW, "r1"
    )


def test_a_node_whose_registration_has_no_known_end_is_left_alone() -> None:
    world = seen(*all_of(EDGE, licence=evaluating()))
    register = next(action for action in plan(desired(EDGE), world).actions if action.kind is m.Kind.REGISTER)
    made = plan(desired(EDGE), world, m.HeldState(open_effects=(_open(register),)))
    assert [action.address for action in made.withheld] == [register.address]
    (refusal,) = made.refusals
    assert refusal.rule == "XL304"
    assert "xlicense op resolve op-7" in refusal.remedy


@pytest.mark.parametrize("state", [m.EffectState.INTENT, m.EffectState.NOT_SENT, m.EffectState.FAILED])
def test_an_effect_that_was_provably_not_sent_holds_nothing_up(state: m.EffectState) -> None:
    world = seen(*all_of(EDGE, licence=evaluating()))
    register = next(action for action in plan(desired(EDGE), world).actions if action.kind is m.Kind.REGISTER)
    assert plan(desired(EDGE), world, m.HeldState(open_effects=(_open(register, state),))).refusals == ()


def test_a_lost_token_is_told_and_another_one_is_made() -> None:
    world = seen(*all_of(EDGE, licence=evaluating()))
    create = plan(desired(EDGE), world).actions[0]
    made = plan(desired(EDGE), world, m.HeldState(open_effects=(_open(create),)))
    assert made.refusals == ()
    assert kinds(made.actions)[0] == "account.create_token"
    assert "XL321" in rules_of(made)


# What refusals take out.


def test_a_refused_cluster_does_not_keep_the_rest_of_the_fleet() -> None:
    old = cluster("par-edge", count=1)
    made = plan(
        desired(EDGE, old),
        seen(
            *all_of(EDGE, licence=evaluating()),
            observed(old, licence=evaluating(), software=m.Software("X14.2.1", "expressway", False)),
        ),
    )
    assert [action.address.name for action in made.withheld] == ["n1"]
    assert kinds(made.withheld) == ["node.register"]
    assert sorted(kinds(made.actions)).count("node.register") == 2
    assert [refusal.rule for refusal in made.refusals] == ["XL011"]


def test_a_token_that_nobody_may_use_is_not_made() -> None:
    old = cluster("par-edge", count=1)
    software = m.Software("X14.2.1", "expressway", False)
    made = plan(desired(old), seen(observed(old, licence=evaluating(), software=software)))
    assert made.actions == ()
    assert len(made.withheld) == 3


def test_a_switch_whose_end_is_refused_does_not_begin() -> None:
    smart = m.SmartConfig("satellite", None, "hostname")
    trouble = m.Problem("pool", m.ProblemKind.UNREADABLE, "HTML instead of JSON")
    made = plan(
        desired(EDGE),
        seen(*all_of(EDGE, smart=smart), accounts=[pool(problems=(trouble,))]),
        m.HeldState(evaluation=SEEN),
    )
    assert (made.actions, made.refusals) == ((), ())
    assert len(made.withheld) == 7
    assert "XL303" in rules_of(made)


# The digest.


def test_equal_situations_have_equal_digests_whatever_the_time_and_the_findings() -> None:
    world = seen(*all_of(EDGE, licence=evaluating()))
    one = plan(desired(EDGE), world)
    other = plan(desired(EDGE), replace(world, at=NOW + timedelta(hours=1)), now=NOW + timedelta(hours=1))
    assert one.content_digest == other.content_digest == content_digest(one.actions)


def test_another_action_is_another_digest() -> None:
    one = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())))
    other = plan(desired(EDGE), seen(observed(EDGE), observed(EDGE, "n2", licence=evaluating())))
    assert one.content_digest != other.content_digest


def test_a_plan_survives_json() -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())))
    back = m.from_json(m.Plan, m.to_json(made))
    assert content_digest(back.actions) == made.content_digest
    assert back == made
