"""Whether an action's effect can be seen."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler import model as m
from reconciler.planning import settle
from reconciler.planning.catalogue import Maker
from tests.planning.fleet import (
    NOW,
    ON_PREM_URL,
    Auth,
    Status,
    all_of,
    cluster,
    evaluating,
    licence,
    observed,
    pool,
)

EDGE = cluster()
REGISTER = {
    "token": "token/emea/allowed",
    "virtual_account": "Expressway EMEA",
    "export_controlled": True,
}
NODES = [node.address for node in EDGE.nodes]


def action(kind: m.Kind, **params: Any) -> m.Action:
    return Maker({}).make(kind, EDGE.nodes[0].address, "serial", params, "because")


@pytest.mark.parametrize(
    ("block", "state"),
    [
        (licence(), "settled"),
        (licence(virtual_account=None, export_controlled=m.UNKNOWN), "settled"),
        (licence(virtual_account="Expressway Old"), "pending"),
        (licence(export_controlled=False), "pending"),
        (evaluating(), "pending"),
        (evaluating(registration=Status.PENDING), "pending"),
        (evaluating(registration=Status.FAILED, failure="The token is invalid or expired."), "failed"),
        (evaluating(registration=Status.FAILED), "failed"),
        (evaluating(failure="The token is invalid or expired."), "failed"),
        (
            evaluating(registration=Status.FAILED, failure="HTTP Server Error 200: Operation timed out"),
            "pending",
        ),
        (licence(registration=m.UNKNOWN), "unknown"),
        (m.UNKNOWN, "unknown"),
    ],
)
def test_a_registration_settles_when_the_node_says_the_right_account(block: m.Licence, state: str) -> None:
    assert settle(action(m.Kind.REGISTER, **REGISTER), [observed(EDGE, licence=block)]).state == state


def test_a_failure_from_before_does_not_end_a_new_registration() -> None:
    again = action(m.Kind.REREGISTER, earlier_failure="token is invalid", **REGISTER)
    old = evaluating(registration=Status.FAILED, failure="token is invalid")
    new = evaluating(registration=Status.FAILED, failure="token has expired")
    assert settle(again, [observed(EDGE, licence=old)]).state == "pending"
    assert settle(again, [observed(EDGE, licence=new)]).state == "failed"


def test_what_the_node_says_is_told() -> None:
    block = evaluating(
        registration=Status.FAILED, registration_text="UNREGISTERED - FAILED", failure="no route"
    )
    assert (
        "UNREGISTERED - FAILED: no route"
        in settle(action(m.Kind.REGISTER, **REGISTER), [observed(EDGE, licence=block)]).text
    )


@pytest.mark.parametrize(
    ("made", "done", "not_yet"),
    [
        (action(m.Kind.DEREGISTER), {"licence": evaluating()}, {}),
        (action(m.Kind.RENEW_REGISTRATION), {}, {"licence": evaluating()}),
        (action(m.Kind.RENEW_AUTHORIZATION), {}, {"licence": licence(authorization=Auth.EXPIRED)}),
        (action(m.Kind.ENABLE_SMART), {}, {"licence": licence(enabled=False)}),
        (
            action(m.Kind.SET_URL, url=ON_PREM_URL),
            {"smart": m.SmartConfig(url=ON_PREM_URL)},
            {"smart": m.SmartConfig(url="https://ssm.plant.example.com")},
        ),
        (
            action(m.Kind.SET_PROXY, host="Proxy.example.com", port=8080, username=None),
            {"licence": licence(proxy="proxy.example.com:8080")},
            {"licence": licence(proxy=None)},
        ),
        (
            action(m.Kind.SET_PROXY, host=None, port=None, username=None),
            {},
            {"licence": licence(proxy="a:1")},
        ),
        (action(m.Kind.SET_PRIVACY, privacy="hostname"), {}, {"smart": m.SmartConfig(privacy="none")}),
    ],
)
def test_each_kind_settles_when_the_node_shows_it(
    made: m.Action, done: dict[str, Any], not_yet: dict[str, Any]
) -> None:
    assert settle(made, [observed(EDGE, **done)]).state == "settled"
    assert settle(made, [observed(EDGE, **not_yet)]).state == "pending"
    assert settle(made, [m.NodeObserved(EDGE.nodes[0].address, NOW)]).state == "unknown"


def test_a_switch_settles_when_every_peer_shows_it() -> None:
    switch = action(m.Kind.SET_TRANSPORT, transport="direct", nodes=NODES, replication_wait=60)
    late = observed(EDGE, "n2", smart=m.SmartConfig("satellite"))
    assert settle(switch, all_of(EDGE)).state == "settled"
    assert settle(switch, [observed(EDGE), late]).state == "pending"
    assert settle(switch, [observed(EDGE), observed(EDGE, "n2", smart=m.UNKNOWN)]).state == "unknown"


def test_an_account_shows_no_tokens() -> None:
    revoke = action(m.Kind.REVOKE_TOKEN, token="token/emea/allowed")
    assert settle(revoke, [pool()]).state == "unknown"
    assert settle(action(m.Kind.REGISTER, **REGISTER), []).state == "unknown"
