"""The order of actions and what holds what back."""

from __future__ import annotations

import pytest

from reconciler import model as m
from reconciler.planning import held_back
from reconciler.planning.graph import ordered

NODE = m.Address.of_node("c", "n")


def action(
    name: str, *needs: str, after: tuple[str, ...] = (), purpose: m.Purpose = m.Purpose.WORK
) -> m.Action:
    return m.Action(
        name,
        NODE,
        m.Kind.REGISTER,
        "s",
        {},
        m.Carrier.SSH,
        m.EffectClass.ONCE,
        "because",
        needs=needs,
        after=after,
        purpose=purpose,
    )


CREATE = action("create", purpose=m.Purpose.SUPPLY)
ONE = action("one", "create")
TWO = action("two", "create")
REVOKE = action("revoke", "create", after=("one", "two"), purpose=m.Purpose.CLEANUP)
ALL = (REVOKE, TWO, ONE, CREATE)


def test_nothing_has_no_order() -> None:
    assert ordered(()) == ()


def test_ties_are_broken_by_id_and_after_orders_too() -> None:
    assert [item.id for item in ordered(ALL)] == ["create", "one", "two", "revoke"]


def test_actions_that_need_one_another_in_a_circle_have_no_order() -> None:
    with pytest.raises(ValueError, match="in a circle"):
        ordered((action("a", "b"), action("b", "a")))


def test_what_is_needed_and_not_there_does_not_order() -> None:
    assert [item.id for item in ordered((action("a", "gone"),))] == ["a"]


def test_nothing_blocked_holds_nothing_back() -> None:
    assert held_back(ALL, {}) == {}
    assert held_back(ALL, {"somebody else": "why"}) == {}


def test_a_blocked_consumer_does_not_stop_the_supply_of_another() -> None:
    assert set(held_back(ALL, {"one": "refused"})) == {"one"}


def test_a_supply_without_a_consumer_and_its_cleanup_are_held_back() -> None:
    found = held_back(ALL, {"one": "refused", "two": "refused"})
    assert set(found) == {"create", "one", "two", "revoke"}
    assert "serves only" in found["create"].text
    assert found["one"].by == "refused"


def test_a_blocked_supply_holds_back_everything_behind_it_with_the_first_cause() -> None:
    found = held_back((*ALL, action("last", "one")), {"create": "hand-off h1"})
    assert set(found) == {"create", "one", "two", "revoke", "last"}
    assert found["last"].by == "one"
    assert found["last"].text.endswith("hand-off h1")


def test_after_only_orders() -> None:
    first, second = action("a"), action("b", after=("a",))
    assert set(held_back((first, second), {"a": "failed"})) == {"a"}


def test_a_supply_that_nothing_needs_is_not_held_back_by_what_is_blocked_elsewhere() -> None:
    lone = action("lone", purpose=m.Purpose.SUPPLY)
    assert "lone" not in held_back((*ALL, lone), {"one": "refused", "two": "refused"})


def test_work_is_carried_out_though_everything_behind_it_is_blocked() -> None:
    assert set(held_back((action("first"), action("then", "first")), {"then": "refused"})) == {"then"}


def test_a_supply_that_is_blocked_itself_keeps_its_own_cause() -> None:
    assert held_back(ALL, dict.fromkeys(("create", "one", "two"), "refused"))["create"].by == "refused"
