"""What a plan does to the pools: free now, freed, taken, free after; and the order that follows."""

from __future__ import annotations

from dataclasses import replace

from reconciler import model as m

from .fleet import NOW, rules_of
from .reserved import (
    ASKED,
    DESK12,
    FRESH,
    READY,
    RMS,
    code,
    core,
    instance,
    line,
    planned,
    reserve,
    serial,
    stock,
)

K = m.Kind
TWO = core(2)
S1, S2 = serial(TWO, "n1"), serial(TWO, "n2")


def pool_of(plan: m.Plan, name: str) -> m.PoolUse:
    return next(pool for pool in plan.pools if pool.name == name)


def test_a_plan_says_what_it_takes() -> None:
    made = planned(TWO, FRESH, [stock(rms=12)])
    assert pool_of(made, RMS) == m.PoolUse(m.Address.of_account("emea"), RMS, 12, 0, 10, 2)


def test_a_shortage_refuses_before_anything_is_sent() -> None:
    made = planned(TWO, FRESH, [stock(rms=9)])
    assert made.actions == ()
    assert {refusal.address.name for refusal in made.refusals if refusal.rule == "XL375"} == {"n1", "n2"}
    assert "takes 10" in made.refusals[0].message


def test_an_unknown_pool_refuses_nothing_and_says_unknown() -> None:
    made = planned(TWO, FRESH, by_person=True)
    assert made.actions
    assert pool_of(made, RMS).free_now is m.UNKNOWN


def move(first: int, second: int) -> m.ClusterDesired:
    return core(2, nodes={"n1": {"reserve": reserve(rms=first)}, "n2": {"reserve": reserve(rms=second)}})


def test_freeing_comes_first_where_the_pool_needs_it() -> None:
    shown = [instance(S1, line(RMS, 20)), instance(S2, line(RMS, 10))]
    made = planned(move(10, 20), READY, [stock(rms=0, instances=shown)], overrides=("XL073",))
    order = [(action.kind, action.subject) for action in made.actions]
    assert order.index((K.CONFIRM_RESERVATION, S1)) < order.index((K.UPDATE_RESERVATION, S2))
    assert pool_of(made, RMS).frees_first


def test_where_the_pool_has_enough_nobody_waits() -> None:
    shown = [instance(S1, line(RMS, 20)), instance(S2, line(RMS, 10))]
    made = planned(move(10, 20), READY, [stock(rms=10, instances=shown)], overrides=("XL073",))
    (grows,) = [item for item in made.actions if item.kind is K.UPDATE_RESERVATION and item.subject == S2]
    assert grows.needs == ()
    assert not pool_of(made, RMS).frees_first


def test_opposite_changes_on_two_nodes_are_split_and_make_no_circle() -> None:
    of = core(
        2,
        nodes={
            "n1": {"reserve": reserve(rms=5, desktop=20)},
            "n2": {"reserve": reserve(rms=15, desktop=10)},
        },
    )
    shown = [
        instance(S1, line(RMS, 15), line(DESK12, 10)),
        instance(S2, line(RMS, 5), line(DESK12, 20)),
    ]
    made = planned(of, READY, [stock(rms=0, desk12=0, instances=shown)], overrides=("XL073",))
    updates = [item for item in made.actions if item.kind is K.UPDATE_RESERVATION]
    assert len(updates) == 4
    assert len(made.actions) == 12
    totals = {
        (item.subject, tuple((part["before"], part["quantity"]) for part in item.params["lines"]))
        for item in updates
    }
    assert (S1, ((10, 10), (15, 5))) in totals
    assert (S1, ((10, 20), (5, 5))) in totals
    assert rules_of(made) == set()


def test_what_a_parked_hand_off_may_still_take_is_not_free() -> None:
    other = serial(core(1, nodes={}), "n1") + "X"
    waiting = m.Waiting(
        "handoff-1",
        "account.reserve:other",
        "account.reserve",
        m.Address.of_account("emea"),
        other,
        NOW,
        (),
        params={"lines": [{"entitlement": "rms", "name": RMS, "tag": "regid.rms", "quantity": 4}]},
    )
    made = planned(TWO, FRESH, [stock(rms=12)], m.HeldState(waiting=(waiting,)))
    assert pool_of(made, RMS).claimed == 4
    assert "XL375" in rules_of(made)


def test_what_a_removal_frees_serves_who_takes() -> None:
    of = core(2, nodes={"n1": {"state": m.State.RETIRED, "reserve": ()}, "n2": {"reserve": reserve(rms=5)}})
    held = m.HeldState(
        evaluation=(m.EvaluationSeen(S1, 80 * 86400, NOW),), codes=(code(m.CodeKind.REQUEST, S2),)
    )
    made = planned(
        of, {"n1": READY, "n2": ASKED}, [stock(rms=0, instances=[instance(S1, line(RMS, 5))])], held
    )
    order = [(action.kind, action.subject) for action in made.actions]
    assert order.index((K.REMOVE_INSTANCE, S1)) < order.index((K.RESERVE, S2))


def test_two_stocks_of_one_name_are_told_apart_by_their_tags() -> None:
    other = m.PoolLine(RMS, 9, 0, 9, tag="regid.other")
    both = stock(rms=12)
    both = replace(both, pool=(other, *both.pool))
    made = planned(TWO, FRESH, [both], entitlements=(m.Entitlement("rms", RMS, "regid.rms"),))
    assert pool_of(made, RMS).free_now == 12
