"""Whether an action's effect can be seen."""

from __future__ import annotations

from dataclasses import replace
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
        (evaluating(registration=Status.PENDING, failure="The token is invalid or expired."), "pending"),
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
    silent = evaluating(registration=Status.PENDING, registration_text="")
    told = settle(action(m.Kind.REGISTER, **REGISTER), [observed(EDGE, licence=silent)]).text
    assert told.endswith(f" says {Status.PENDING}")


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
    silent = {"smart": m.SmartConfig(), "licence": m.Licence()}
    for blind in (m.NodeObserved(EDGE.nodes[0].address, NOW), observed(EDGE, **silent)):
        assert settle(made, [blind]).state == "unknown"


@pytest.mark.parametrize(
    ("made", "field"),
    [
        (action(m.Kind.SET_URL, url=ON_PREM_URL), "URL"),
        (action(m.Kind.SET_PRIVACY, privacy="hostname"), "privacy"),
        (action(m.Kind.SET_TRANSPORT, transport="satellite"), "transport"),
        (action(m.Kind.SET_PROXY, host="a", port=1, username=None), "proxy"),
        (action(m.Kind.ENABLE_SMART), "Smart Licensing"),
    ],
)
def test_a_setting_that_is_not_there_yet_is_told_by_its_name(made: m.Action, field: str) -> None:
    at = EDGE.nodes[0].address
    silent = m.NodeObserved(at, NOW)
    assert settle(made, [silent]).text == f"{at} does not show its {field}"
    other = observed(
        EDGE,
        smart=m.SmartConfig("direct", privacy="none", url=None),
        licence=licence(enabled=False, proxy=None),
    )
    said = settle(made, [other])
    assert (said.state, said.text.partition(" shows ")[2].rsplit(" ", 1)[0]) == ("pending", field)


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


def of_reservation(kind: m.Kind, **params: object) -> m.Action:
    plain = action(m.Kind.REVOKE_TOKEN, token="token/emea/allowed")
    return replace(plain, kind=kind, subject="S1", params={"serial": "S1", **params})


@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [
        (m.Kind.REQUEST_RESERVATION, Status.RESERVATION_PENDING, "settled"),
        (m.Kind.REQUEST_RESERVATION, Status.UNREGISTERED, "pending"),
        (m.Kind.INSTALL_AUTHORIZATION, Status.RESERVED_SPECIFIC, "settled"),
        (m.Kind.INSTALL_AUTHORIZATION, Status.RESERVATION_PENDING, "pending"),
        (m.Kind.RETURN_RESERVATION, Status.UNREGISTERED, "settled"),
        (m.Kind.RETURN_RESERVATION, Status.RESERVED_SPECIFIC, "pending"),
        (m.Kind.CANCEL_RESERVATION, Status.UNREGISTERED, "settled"),
        (m.Kind.REQUEST_RESERVATION, m.UNKNOWN, "unknown"),
    ],
)
def test_a_step_of_a_reservation_shows_in_the_status_word(kind: m.Kind, status: object, state: str) -> None:
    node = observed(cluster(), licence=licence(registration=status))
    assert settle(of_reservation(kind), [node]).state == state


@pytest.mark.parametrize(("on", "shown", "state"), [(True, True, "settled"), (True, False, "pending")])
def test_the_switch_of_reservations_is_read_back(on: bool, shown: bool, state: str) -> None:
    node = observed(cluster(), licence=licence(reservation_enabled=shown))
    assert settle(of_reservation(m.Kind.ENABLE_RESERVATION), [node]).state == state
    assert settle(of_reservation(m.Kind.DISABLE_RESERVATION), [node]).state != state


def test_a_switch_that_no_answer_shows_has_taken_effect_where_the_node_was_read() -> None:
    blind = observed(cluster(), licence=licence(reservation_enabled=m.UNKNOWN), smart=m.UNKNOWN)
    assert settle(of_reservation(m.Kind.ENABLE_RESERVATION), [blind]).state == "settled"
    broken = replace(blind, problems=(m.Problem("all", m.ProblemKind.UNREACHABLE, "gone"),))
    assert settle(of_reservation(m.Kind.ENABLE_RESERVATION), [broken]).state == "unknown"


def listing(*instances: m.Instance) -> m.AccountObserved:
    return m.AccountObserved(m.Address.of_account("emea"), NOW, instances=instances)


def test_a_removal_has_taken_effect_when_the_account_lists_the_serial_no_more() -> None:
    removal = of_reservation(m.Kind.REMOVE_INSTANCE)
    ghost = replace(of_reservation(m.Kind.REMOVE_GHOST), subject="s1")
    for action in (removal, ghost):
        for shown in ("s1", "S1"):
            assert settle(action, [listing(m.Instance("x", serial=shown))]).state == "pending"
        others = listing(m.Instance("x", serial="S2"), m.Instance("y"))
        assert settle(action, [others]).state == "settled"
        assert settle(action, [replace(listing(), instances=m.UNKNOWN)]).state == "unknown"
        assert settle(action, []).state == "unknown"


def test_a_reservation_shows_as_an_instance() -> None:
    action = of_reservation(m.Kind.RESERVE)
    assert settle(action, [listing()]).state == "pending"
    assert settle(action, [listing(m.Instance("x", serial="S1"))]).state == "settled"


def test_a_confirmation_shows_when_nothing_is_in_transit_any_more() -> None:
    action = of_reservation(m.Kind.CONFIRM_RESERVATION)

    def shown(*pending: m.Maybe[int | None]) -> str:
        reserved = tuple(m.ReservedLine("RMS", 5, "tag", total) for total in pending)
        return settle(action, [listing(m.Instance("x", serial="S1", reserved=reserved))]).state

    assert (shown(None), shown(9), shown(m.UNKNOWN)) == ("settled", "pending", "unknown")
    assert (shown(None, 9), shown(9, None), shown(9, m.UNKNOWN)) == ("pending", "pending", "unknown")
    assert settle(action, [listing(m.Instance("x", serial="S1"))]).state == "unknown"


@pytest.mark.parametrize("kind", [m.Kind.DEREGISTER, m.Kind.RENEW_REGISTRATION])
def test_a_registration_that_is_not_shown_proves_nothing(kind: m.Kind) -> None:
    node = observed(cluster(), licence=licence(registration=m.UNKNOWN))
    assert settle(action(kind), [node]).state == "unknown"
