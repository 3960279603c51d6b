"""Tokens by whom and for how many, and what single steps carry and need."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler import model as m
from reconciler.planning import compare

from .fleet import (
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
    seen,
)

EDGE, ONE = cluster(), cluster(count=1)
K = m.Kind
OPEN = m.SmartConfig("direct", None, "none")
PLANT = account("plant", virtual_account="Default", transport_url=ON_PREM_URL)


def fresh(*of: m.ClusterDesired, held: m.HeldState | None = None, **fields: Any) -> m.Plan:
    nodes = [node for item in of for node in all_of(item, licence=evaluating())]
    return plan(desired(*of), seen(*nodes), held, **fields)


def first(made: m.Plan, kind: m.Kind) -> m.Action:
    return next(action for action in made.actions if action.kind is kind)


def test_a_token_lives_as_long_as_the_longest_wish_and_serves_every_node_that_stays() -> None:
    def asks(name: str, days: int, **fields: Any) -> m.ClusterDesired:
        return cluster(name, registration=replace(TOKEN, token=m.TokenPolicy(days)), **fields)

    of = (asks("a", 3), asks("b", 9), asks("c", 2, nodes={"n1": {"state": m.State.RETIRED}}))
    made = fresh(*of)
    create = first(made, K.CREATE_TOKEN)
    assert create.params == {"export_controlled": True, "expires_after_days": 9, "max_uses": 5}
    assert create.reason == "5 nodes of account emea may register from it"
    watched = asks("w", 99, manage=m.Manage.OBSERVE)
    gone = asks("x", 99, state=m.State.RETIRED)
    assert first(fresh(watched, gone, ONE), K.CREATE_TOKEN).params["expires_after_days"] == 1


def test_a_token_for_one_node_says_so() -> None:
    assert first(fresh(ONE), K.CREATE_TOKEN).reason == "one node of account emea may register from it"


@pytest.mark.parametrize(
    ("calls", "carriers"),
    [
        (ACCOUNT_KINDS, {K.CREATE_TOKEN: "api", K.REVOKE_TOKEN: "api"}),
        ({"account.create_token"}, {K.CREATE_TOKEN: "api"}),
        ({"account.revoke_token"}, {K.CREATE_TOKEN: "person"}),
        (set(), {K.CREATE_TOKEN: "person"}),
    ],
)
def test_a_token_is_revoked_where_a_program_made_it_and_can_revoke_it(
    calls: set[str], carriers: dict[m.Kind, str]
) -> None:
    can = {ONE.nodes[0].address: NODE_KINDS, account().address: frozenset(calls)}
    made = fresh(ONE, can=can)
    found = {action.kind: action.carrier.value for action in made.actions if action.kind is not K.REGISTER}
    assert found == carriers


def held(**fields: Any) -> m.HeldState:
    given = {"made_at": NOW, "readable": True, "expires_at": NOW + timedelta(seconds=1), **fields}
    code = m.HeldCode("c", m.CodeKind.TOKEN, "token/emea/allowed", account().address, "emea", **given)
    return m.HeldState(codes=(code,))


def test_a_token_in_hand_serves_until_its_very_end() -> None:
    assert "account.create_token" not in kinds(fresh(ONE, held=held()).actions)
    assert "account.create_token" not in kinds(fresh(ONE, held=held(expires_at=None)).actions)
    assert "account.create_token" in kinds(fresh(ONE, held=held(expires_at=NOW)).actions)
    revoke = first(fresh(ONE, held=held()), K.REVOKE_TOKEN)
    assert (revoke.needs, len(revoke.after), revoke.params) == ((), 1, {"token": "token/emea/allowed"})


def test_a_token_that_was_left_over_is_revoked_only_by_a_program_and_only_ours() -> None:
    world = seen(*all_of(ONE))
    assert kinds(plan(desired(ONE), world, held()).actions) == ["account.revoke_token"]
    assert plan(desired(ONE), world, held(from_person=True)).actions == ()
    assert plan(desired(ONE), world, held(), can={}).actions == ()


def test_a_registration_carries_its_token_and_what_it_is_to_become() -> None:
    block = evaluating(registration=Status.FAILED, failure="no route")
    made = plan(desired(ONE), seen(observed(ONE, licence=block)))
    assert first(made, K.REREGISTER).params == {
        "token": "token/emea/allowed",
        "virtual_account": "Expressway EMEA",
        "export_controlled": True,
        "earlier_failure": "no route",
    }
    assert "earlier_failure" not in first(fresh(ONE), K.REGISTER).params


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (Status.UNREGISTERED, K.REGISTER, "beyond its evaluation only a registered node has licences"),
        (Status.FAILED, K.REREGISTER, "its last registration failed"),
        (Status.EXPIRED, K.REREGISTER, "its registration has expired"),
    ],
)
def test_a_registration_says_why(status: m.RegistrationStatus, kind: m.Kind, reason: str) -> None:
    made = plan(desired(ONE), seen(observed(ONE, licence=evaluating(registration=status))))
    assert first(made, kind).reason == reason


@pytest.mark.parametrize("field", ["virtual_account", "smart_account", "export_controlled"])
def test_a_node_that_moves_registers_anew_and_says_what_for(field: str) -> None:
    other = {"virtual_account": "Old", "smart_account": "old.example.com", "export_controlled": False}
    block = licence(**{field: other[field]})
    home = account(smart_account="example.com")
    made = plan(desired(ONE, accounts=[home]), seen(observed(ONE, licence=block)))
    again = first(made, K.REREGISTER)
    assert again.settles == (f"{ONE.nodes[0].address}#{field}",)
    assert again.reason


def test_a_setting_that_is_taken_out_says_so() -> None:
    made = plan(desired(ONE), seen(observed(ONE, licence=licence(proxy="old:3128"))))
    assert first(made, K.SET_PROXY).reason == "the YAML asks for none"


@pytest.mark.parametrize(
    ("url", "registered", "again"),
    [
        ("https://old.example.com/SmartTransport", True, True),
        ("https://SSM.plant.example.com/other", True, False),
        (None, True, False),
        ("https://old.example.com/SmartTransport", False, False),
    ],
)
def test_another_on_prem_server_takes_a_new_registration(
    url: str | None, registered: bool, again: bool
) -> None:
    of = cluster(count=1, account="plant", transport=ON_PREM)
    block = licence(virtual_account="Default") if registered else evaluating(registration=Status.PENDING)
    node = observed(of, smart=m.SmartConfig("satellite", url, "hostname"), licence=block)
    made = plan(desired(of, accounts=[PLANT]), seen(node, accounts=[pool("plant")]))
    assert ("node.reregister" in kinds(made.actions)) is again


@pytest.mark.parametrize(
    ("primary", "peers", "order"),
    [
        (1, ("ams-edge-n2.example.com", "ams-edge-n1.example.com"), "n2 n1"),
        (2, ("ams-edge-n1.example.com", "AMS-EDGE-N2.example.com"), "n2 n1"),
        (2, ("ams-edge-n1", "ams-edge-n2"), "n2 n1"),
        (1, ("n1", "n2"), "n1 n2"),
        (2, ("n1", "N2"), "n2 n1"),
        (3, ("n1", "n2"), "n1 n2"),
        (0, ("n1", "n2"), "n1 n2"),
        (m.UNKNOWN, ("n2", "n1"), "n1 n2"),
        (1, m.UNKNOWN, "n1 n2"),
    ],
)
def test_the_primary_is_the_peer_at_its_place_by_any_of_its_names(
    primary: Any, peers: Any, order: str
) -> None:
    smart = m.SmartConfig("satellite", None, "hostname")
    nodes = all_of(EDGE, licence=evaluating(), smart=smart, primary=primary, peers=peers)
    switch = first(plan(desired(EDGE), seen(*nodes)), K.SET_TRANSPORT)
    assert " ".join(m.Address(name).name for name in switch.params["nodes"]) == order


def test_a_switch_says_what_for_and_needs_every_way_out_and_every_url() -> None:
    of = cluster(account="plant", transport=ON_PREM, nodes={"n2": {"state": m.State.RETIRED}})
    node = m.SmartConfig("direct", None, "hostname")
    clock = tuple(m.EvaluationSeen(item.serial or "", 80 * DAY, NOW) for item in of.nodes)
    world = seen(
        *all_of(of, smart=node, licence=licence(virtual_account="Default")), accounts=[pool("plant")]
    )
    made = plan(desired(of, accounts=[PLANT]), world, m.HeldState(evaluation=clock))
    switch = first(made, K.SET_TRANSPORT)
    by_id = {action.id: action for action in made.actions}
    assert sorted(f"{by_id[need].kind.value} {by_id[need].address.name}" for need in switch.needs) == [
        "node.deregister n1",
        "node.deregister n2",
        "node.set_url n1",
    ]
    assert switch.reason == "the cluster asks an On-Prem server for its licences"
    register = first(made, K.REGISTER)
    assert register.reason == "the node deregistered for the switch of its transport"
    assert {by_id[need].kind for need in register.needs} == {
        K.CREATE_TOKEN,
        K.DEREGISTER,
        K.SET_URL,
        K.SET_TRANSPORT,
    }
    first_out = next(item for item in made.actions if item.kind is K.DEREGISTER and item.settles == ())
    assert [by_id[need].kind for need in first_out.needs] == [K.CREATE_TOKEN]


@pytest.mark.parametrize(("fields", "renews"), [({}, True), ({"licence": evaluating()}, False)])
def test_only_a_registered_node_tells_its_privacy_by_renewing(fields: dict[str, Any], renews: bool) -> None:
    made = plan(desired(EDGE), seen(observed(EDGE, smart=OPEN, **fields), observed(EDGE, "n2")))
    assert ("node.renew_registration" in kinds(made.actions)) is renews


@pytest.mark.parametrize(("tells", "registers"), [("n1", "n2"), ("n2", "n1")])
def test_the_privacy_of_one_node_is_no_affair_of_its_peer(tells: str, registers: str) -> None:
    nodes = observed(EDGE, tells, smart=OPEN), observed(EDGE, registers, licence=evaluating())
    made = plan(desired(EDGE), seen(*nodes))
    assert sorted(name for name in by_name(made.actions) if name.startswith("node")) == [
        f"node.register {registers}",
        f"node.renew_registration {tells}",
        f"node.set_privacy {tells}",
    ]


def test_a_node_tells_its_privacy_by_renewing_whatever_its_peer_registers() -> None:
    made = plan(desired(EDGE), seen(observed(EDGE, licence=evaluating()), observed(EDGE, "n2", smart=OPEN)))
    assert sorted(name for name in by_name(made.actions) if name.startswith("node")) == [
        "node.register n1",
        "node.renew_registration n2",
        "node.set_privacy n2",
    ]


def test_a_proxy_is_set_after_the_switch_and_before_the_registration_of_its_node() -> None:
    of = cluster(transport=PROXY)
    nodes = all_of(of, licence=evaluating(), smart=m.SmartConfig("satellite", None, "none"))
    made = plan(desired(of), seen(*nodes))
    switch = first(made, K.SET_TRANSPORT)
    assert (switch.params["transport"], switch.reason) == (
        "direct",
        "the cluster asks Cisco for its licences through a proxy",
    )
    for node in of.nodes:
        at = {action.kind: action for action in made.actions if action.address == node.address}
        assert at[K.SET_PROXY].needs == (switch.id,)
        assert (at[K.SET_PRIVACY].needs, at[K.SET_PRIVACY].after) == ((), (switch.id,))
        assert {at[K.SET_PROXY].id, at[K.SET_PRIVACY].id, switch.id} < set(at[K.REGISTER].needs)


# What differs.


def changed(
    of: m.ClusterDesired, held: m.HeldState | None = None, **fields: Any
) -> list[tuple[str, Any, Any]]:
    home = (account(smart_account="example.com"), PLANT)
    found = compare(desired(of, accounts=home), seen(observed(of, **fields)), held or m.HeldState())
    return [(change.field, change.before, change.after) for change in found]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, []),
        ({"licence": licence(smart_account=" Example.COM ")}, []),
        ({"licence": licence(smart_account="Example Corp. Ltd")}, []),
        ({"licence": licence(smart_account="other")}, []),
        ({"licence": licence(smart_account=m.UNKNOWN)}, []),
        ({"licence": licence(smart_account="a.b")}, [("smart_account", "a.b", "example.com")]),
        ({"licence": licence(proxy="A:1")}, [("proxy", "a:1", None)]),
        ({"licence": licence(enabled=False)}, [("smart_licensing", "off", "on")]),
        ({"licence": licence(virtual_account=None, export_controlled=None)}, []),
        ({"licence": licence(authorization=m.UNKNOWN)}, []),
        (
            {"licence": licence(authorization=Auth.EXPIRED)},
            [("authorization", "authorization expired", "authorized")],
        ),
        (
            {
                "licence": evaluating(
                    virtual_account="Old",
                    smart_account="old.example.com",
                    export_controlled=False,
                    authorization=Auth.EXPIRED,
                )
            },
            [("registration", "unregistered", "registered")],
        ),
        ({"licence": licence(export_controlled=False)}, [("export_controlled", False, True)]),
        (
            {"licence": m.Licence(enabled=False, proxy=None), "smart": m.UNKNOWN},
            [
                ("smart_licensing", "off", "on"),
                ("registration", "unregistered", "registered"),
            ],
        ),
        (
            {
                "smart": m.SmartConfig("direct"),
                "licence": licence(hostname_hidden=False, version_hidden=True),
            },
            [
                ("privacy", "version", "hostname"),
            ],
        ),
        (
            {"smart": m.SmartConfig("direct"), "licence": licence(version_hidden=True)},
            [("privacy", "all", "hostname")],
        ),
        (
            {"smart": m.SmartConfig("direct"), "licence": licence(hostname_hidden=False)},
            [("privacy", "none", "hostname")],
        ),
        ({"smart": m.SmartConfig("direct"), "licence": licence(hostname_hidden=m.UNKNOWN)}, []),
        ({"smart": m.SmartConfig("direct"), "licence": licence(version_hidden=m.UNKNOWN)}, []),
    ],
)
def test_a_direct_node_is_compared_field_by_field(
    fields: dict[str, Any], found: list[tuple[str, Any, Any]]
) -> None:
    assert changed(ONE, **fields) == found


def test_a_url_is_read_from_the_configuration_else_from_the_licence_block() -> None:
    of = cluster(count=1, account="plant", transport=ON_PREM, registration=None)
    shown = licence(transport_url="https://a/b")
    assert changed(of, smart=m.SmartConfig("satellite", privacy="hostname"), licence=shown) == [
        ("url", "https://a/b", ON_PREM_URL)
    ]
    own = replace(of, transport=replace(ON_PREM, url="https://own/SmartTransport"))
    assert changed(own) == [("url", ON_PREM_URL, "https://own/SmartTransport")]
    assert changed(
        replace(of, transport=PROXY), smart=m.SmartConfig("satellite", privacy="hostname"), licence=licence()
    ) == [
        ("transport", "on-prem", "proxy"),
        ("proxy", None, "proxy.example.com:8080"),
    ]


def test_a_registration_on_its_way_waits_and_one_that_was_verified_has_changed_behind() -> None:
    def cause(block: m.Licence, *facts: m.Verified) -> tuple[m.Cause, str | None]:
        world = seen(observed(ONE, licence=block))
        (change,) = compare(desired(ONE), world, m.HeldState(verified=facts))
        return change.cause, change.last_seen

    address = ONE.nodes[0].address
    fact = m.Verified(address, "registration", "registered", NOW)
    other = m.Verified(address, "registration", "unregistered", NOW)
    assert cause(evaluating()) == (m.Cause.NOT_YET_APPLIED, None)
    assert cause(evaluating(), fact) == (m.Cause.CHANGED_BEHIND, "2026-11-24T04:00:00+00:00")
    assert cause(evaluating(), other) == (m.Cause.NOT_YET_APPLIED, None)
    assert cause(evaluating(registration=Status.PENDING))[0] is m.Cause.WAITING
    earlier = replace(other, at=NOW - timedelta(days=1))
    for facts in ((fact, earlier), (earlier, fact)):
        assert cause(evaluating(), *facts)[0] is m.Cause.CHANGED_BEHIND


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (m.ProblemKind.UNREACHABLE, "unreachable"),
        (m.ProblemKind.UNTRUSTED, "untrusted"),
        (m.ProblemKind.UNREADABLE, "unreadable"),
    ],
)
@pytest.mark.parametrize(("part", "ahead"), [("all", ""), ("", ""), ("smart", "smart: ")])
def test_what_could_not_be_read_is_told_by_kind_and_part(
    kind: m.ProblemKind, code: str, part: str, ahead: str
) -> None:
    trouble = m.Problem(part, kind, "because", "do this")
    world = seen(observed(ONE, problems=(trouble,)), accounts=[pool(problems=(trouble,))])
    found = plan(desired(ONE), world).findings
    assert found == tuple(
        m.Finding(code, m.Severity.ERROR, address, f"{ahead}because", "do this")
        for address in (account().address, ONE.nodes[0].address)
    )


def test_a_node_that_the_observation_does_not_hold_is_told() -> None:
    text = "The node is not part of this observation."
    assert plan(desired(ONE), seen()).findings == (
        m.Finding("unread", m.Severity.ERROR, ONE.nodes[0].address, text, "xlicense observe"),
    )


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "n1 registered to Expressway EMEA, transport direct"),
        (
            {"licence": evaluating(), "smart": m.SmartConfig("satellite")},
            "n1 unregistered, transport satellite",
        ),
        (
            {"licence": licence(registration=m.UNKNOWN, virtual_account=None)},
            "n1 status not known, transport direct",
        ),
        ({"licence": m.UNKNOWN}, "n1 not read"),
    ],
)
def test_a_cluster_that_is_only_looked_at_says_how_it_stands(fields: dict[str, Any], text: str) -> None:
    of = cluster(count=2, manage=m.Manage.OBSERVE)
    world = seen(observed(of, **fields), observed(of, "n2"))
    (found,) = plan(desired(of), world).findings
    ends = "n2 registered to Expressway EMEA, transport direct"
    assert (found.code, found.severity, found.message) == (
        "observed",
        m.Severity.INFO,
        f"Looked at and not managed: {text}; {ends}.",
    )


def test_an_action_on_a_node_goes_by_its_serial_and_without_one_by_its_address() -> None:
    open_privacy = m.SmartConfig("direct", None, "none")
    known = cluster(count=1)
    (first, _) = plan(desired(known), seen(observed(known, smart=open_privacy))).actions
    assert first.subject == known.nodes[0].serial
    nameless = cluster(count=1, nodes={"n1": {"serial": None}})
    (first, _) = plan(
        desired(nameless), seen(observed(nameless, serial=m.UNKNOWN, smart=open_privacy))
    ).actions
    assert first.subject == "cluster/ams-edge/node/n1"
