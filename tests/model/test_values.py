"""The values that every room shares: addresses, UNKNOWN, and their way through JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler import model as m
from reconciler.errors import Exit, strongest

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NODE = m.Address.of_node("ams-edge", "e1")


def test_an_address_prints_as_itself_and_knows_its_parent() -> None:
    assert f"{NODE}" == "cluster/ams-edge/node/e1"
    assert NODE.parent == "cluster/ams-edge"
    assert (NODE.kind, NODE.name) == ("node", "e1")


@pytest.mark.parametrize("text", ["", "node/x", "cluster/", "cluster/A b", "cluster/a/node/", "account/a/b"])
def test_anything_else_is_not_an_address(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        m.Address(text)


def test_a_cluster_covers_its_nodes_and_not_its_neighbours() -> None:
    assert m.Address.of_cluster("ams-edge").covers(NODE)
    assert not m.Address.of_cluster("ams").covers(NODE)
    assert m.WORKSPACE.covers(NODE)


def test_an_instance_name_with_a_blank_or_slash_is_still_an_address() -> None:
    assert m.Address.of_instance("emea", "UDI_PID:X; UDI_SN:Y/Z").kind == "instance"


def test_unknown_refuses_to_be_a_truth_value() -> None:
    with pytest.raises(TypeError):
        bool(m.UNKNOWN)


@pytest.mark.parametrize("value", [m.UNKNOWN, True, False, None, 3, "3", "true", ""])
def test_a_value_keeps_its_type_through_json(value: m.Value) -> None:
    change = m.Change(NODE, "registration", value, "registered")
    back = m.from_json(m.Change, m.to_json(change))
    assert back == change
    assert type(back.before) is type(value)


def test_a_plan_survives_json() -> None:
    action = m.Action(
        "node.register:0E4D1FA5:1",
        NODE,
        m.Kind.REGISTER,
        "0E4D1FA5",
        {"token": "token/emea/allowed"},
        m.Carrier.SSH,
        m.EffectClass.ONCE,
        "not registered",
    )
    node = m.NodeObserved(NODE, NOW, licence=m.Licence(evaluation_seconds=5, virtual_account=None))
    plan = m.Plan("d", "n", "w", NOW, NOW, "0", m.Observation(NOW, (node,)), actions=(action,))
    assert m.from_json(m.Plan, m.to_json(plan)) == plan


def test_damaged_json_is_one_line_without_the_input() -> None:
    with pytest.raises(ValueError, match="before") as caught:
        m.from_json(m.Change, '{"address": "cluster/a", "field": "f", "before": ["s3cret"], "after": 1}')
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_digest_does_not_depend_on_key_order() -> None:
    assert m.digest({"a": 1, "b": 2}) == m.digest({"b": 2, "a": 1})


def test_the_first_of_the_precedence_is_the_exit_code() -> None:
    assert strongest([Exit.CHANGES, Exit.WAITING, Exit.REFUSED]) is Exit.REFUSED
    assert strongest([Exit.OK]) is Exit.OK
    assert strongest([Exit.INTERRUPTED, Exit.UNKNOWN]) is Exit.INTERRUPTED
