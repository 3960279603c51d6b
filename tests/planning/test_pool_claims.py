"""What is free of a pool: what is listed, less what hand-offs and effects without an end may still take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler import model as m

from .fleet import NOW, account
from .reserved import (
    ASKED,
    DESK12,
    FRESH,
    READY,
    RMS,
    TAGS,
    code,
    core,
    instance,
    known,
    line,
    planned,
    reserve,
    said,
    serial,
    stock,
)

EMEA = m.Address.of_account("emea")
ONE, TWO = core(), core(2)
S1, S2 = serial(TWO, "n1"), serial(TWO, "n2")
K = m.Kind


def part(name: str, quantity: int, before: int | None = None, **fields: Any) -> dict[str, Any]:
    given = {"entitlement": "x", "name": name, "tag": TAGS[name], "quantity": quantity, **fields}
    return given if before is None else {**given, "before": before}


def handed_out(*lines: dict[str, Any], kind: m.Kind = K.RESERVE, **fields: Any) -> m.Waiting:
    given = {"address": EMEA, "action_id": "another", "done": False, **fields}
    return m.Waiting(
        "handoff-1",
        given["action_id"],
        kind.value,
        given["address"],
        "0DEAD001",
        NOW,
        (),
        done=given["done"],
        params={"lines": list(lines)},
    )


def use(held: m.HeldState | None = None, name: str = RMS, of: m.ClusterDesired = ONE) -> m.PoolUse:
    """What is said of a pool when one node takes 5 rms of 20."""
    made = planned(of, FRESH, [stock(rms=20)], held)
    return next(pool for pool in made.pools if pool.name == name)


@pytest.mark.parametrize(
    ("waiting", "claimed"),
    [
        (handed_out(part(RMS, 4)), 4),
        (handed_out(part(RMS, 4), part(DESK12, 3), part(RMS, 2)), 6),
        (handed_out(part(RMS, 9, before=6), kind=K.UPDATE_RESERVATION), 3),
        (handed_out(part(RMS, 6, before=9), kind=K.UPDATE_RESERVATION), 0),
        (handed_out(part(RMS, 4, tag=None)), 4),
        (handed_out(part(RMS, 4), done=True), 0),
        (handed_out(part(RMS, 4), address=m.Address.of_account("apac")), 0),
        (handed_out(part(RMS, 4), kind=K.CONFIRM_RESERVATION), 0),
        (handed_out(part(DESK12, 4)), 0),
    ],
)
def test_a_hand_off_claims_what_it_may_still_take(waiting: m.Waiting, claimed: int) -> None:
    found = use(m.HeldState(waiting=(waiting,)))
    assert (found.claimed, found.free_now, found.free_after) == (claimed, 20 - claimed, 15 - claimed)


def test_claims_of_hand_offs_and_effects_add_up_and_leave_no_less_than_nothing() -> None:
    params = {"lines": [part(RMS, 30)]}
    effect = m.OpenEffect(
        "op-1", "other", K.RESERVE.value, EMEA, "0DEAD002", m.EffectState.SENDING, NOW, "run", params
    )
    found = use(m.HeldState(waiting=(handed_out(part(RMS, 4)),), open_effects=(effect,)))
    assert (found.claimed, found.free_now, found.taken, found.free_after) == (34, 0, 5, -5)
    silent = replace(effect, params={})
    assert use(m.HeldState(open_effects=(silent,))).claimed == 0


def test_what_this_plan_takes_is_not_claimed_from_it_too() -> None:
    (action,) = [item for item in planned(ONE, FRESH, [stock(rms=20)]).actions if item.kind is K.RESERVE]
    waiting = handed_out(part(RMS, 5), action_id=action.id)
    effect = m.OpenEffect(
        "op-1", action.id, K.RESERVE.value, EMEA, S1, m.EffectState.INTENT, NOW, "run", action.params
    )
    assert use(m.HeldState(waiting=(waiting,), open_effects=(effect,))).claimed == 0


def uses(made: m.Plan) -> list[tuple[str, str, int, int, bool]]:
    return [(pool.account.name, pool.name, pool.freed, pool.taken, pool.frees_first) for pool in made.pools]


def test_each_licence_of_each_account_is_a_pool_of_its_own_in_order() -> None:
    far = core(nodes={"n1": {"reserve": reserve(rms=1)}})
    far = replace(far, name="far", account="apac", address=m.Address.of_cluster("far"))
    node = replace(far.nodes[0], address=m.Address.of_node("far", "n1"), serial="0BEEF001")
    far = replace(far, nodes=(node,))
    of = core(nodes={"n1": {"reserve": reserve(rms=5, desktop=3, room=0)}})
    shown = m.NodeObserved(node.address, NOW, serial="0BEEF001", licence=FRESH, smart=m.SmartConfig("direct"))
    made = planned(
        of,
        FRESH,
        [stock(rms=9, desk12=9), stock("apac", rms=9)],
        more=[far],
        others=[shown],
        extra_accounts=[account("apac")],
    )
    assert uses(made) == [
        ("apac", RMS, 0, 1, False),
        ("emea", RMS, 0, 5, False),
        ("emea", DESK12, 0, 3, False),
    ]


@pytest.mark.parametrize(("free", "first"), [(9, True), (10, False)])
def test_an_update_takes_and_a_confirmation_frees_only_what_differs(free: int, first: bool) -> None:
    of = core(2, nodes={"n1": {"reserve": reserve(rms=4)}, "n2": {"reserve": reserve(rms=12)}})
    shown = [instance(S1, line(RMS, 6), line(DESK12, 7)), instance(S2, line(RMS, 2), line(DESK12, 7))]
    made = planned(of, READY, [stock(rms=free, desk12=0, instances=shown)], overrides=("XL073",))
    assert uses(made) == [("emea", RMS, 2, 10, first)]
    (pool,) = made.pools
    assert (pool.free_now, pool.free_after) == (free, free + 2 - 10)


def test_a_pool_without_a_name_goes_by_its_tag_and_an_attested_one_is_used_where_none_was_read() -> None:
    named = (m.Entitlement("rms", "", "regid.rms"),)
    made = planned(ONE, FRESH, [stock(rms=20)], entitlements=named)
    assert [(pool.name, pool.free_now) for pool in made.pools] == [("regid.rms", 20)]
    stocks = (m.PoolLine(DESK12, 9, 0, 1, tag=TAGS[DESK12]), m.PoolLine(RMS, 9, 0, 7, tag=TAGS[RMS]))
    attested = (m.Attested(EMEA, NOW, "A. Person", pool=stocks),)
    (pool,) = planned(ONE, FRESH, held=m.HeldState(attested=attested), by_person=True).pools
    assert (pool.free_now, pool.free_after) == (7, 2)


def test_what_a_removal_frees_is_what_cssm_has_for_the_node() -> None:
    of = core(nodes={"n1": {"state": m.State.RETIRED, "reserve": ()}})
    clock = (m.EvaluationSeen(serial(of), 80 * 86_400, NOW),)
    shown = [instance(serial(of), line(RMS, 6, pending=m.UNKNOWN), line(DESK12, 7))]
    made = planned(of, READY, [stock(rms=1, desk12=0, instances=shown)], m.HeldState(evaluation=clock))
    assert [(pool.name, pool.freed, pool.free_after) for pool in made.pools] == [(RMS, 6, 7), (DESK12, 7, 7)]


def test_licences_that_nobody_counts_free_and_refuse_nothing() -> None:
    line_of = m.PoolLine(RMS, 100, 0, m.UNKNOWN, tag=TAGS[RMS])
    unread = replace(stock(rms=1), pool=(line_of,))
    (pool,) = planned(ONE, FRESH, [unread]).pools
    assert (pool.free_now, pool.free_after, pool.frees_first) == (m.UNKNOWN, m.UNKNOWN, False)


def test_a_split_update_shrinks_first_and_grows_when_that_is_confirmed() -> None:
    of = core(
        2,
        nodes={
            "n1": {"reserve": reserve(rms=5, desktop=20)},
            "n2": {"reserve": reserve(rms=15, desktop=10)},
        },
    )
    shown = [instance(S1, line(RMS, 15), line(DESK12, 10)), instance(S2, line(RMS, 5), line(DESK12, 20))]
    made = planned(of, READY, [stock(rms=0, desk12=0, instances=shown)], overrides=("XL073",))
    by_id = {action.id: action for action in made.actions}
    for number in (S1, S2):
        steps = [action for action in made.actions if action.subject == number]
        assert [action.kind for action in steps] == 2 * [
            K.UPDATE_RESERVATION,
            K.INSTALL_AUTHORIZATION,
            K.CONFIRM_RESERVATION,
        ]
        shrink, grow = steps[:3], steps[3:]
        assert shrink[0].needs == ()
        assert {by_id[need].kind for need in grow[0].needs} == {K.CONFIRM_RESERVATION}
        assert {by_id[need].subject for need in grow[0].needs} == {S1, S2}
        assert [len(action.settles) for action in steps] == [0, 0, 0, 0, 0, 2]
        assert all(action.reason.startswith("first everything that shrinks: ") for action in shrink)
        assert all(action.reason.startswith("then everything that grows: ") for action in grow)
        for first, then in zip(steps[:2] + steps[3:5], steps[1:3] + steps[4:], strict=True):
            assert then.needs == (first.id,)
        installs = [action.params["lines"] for action in (shrink[1], grow[1])]
        assert all("before" not in item for lines in installs for item in lines)
        assert [item["quantity"] for item in installs[0]] == [
            min(item["quantity"], item["before"]) for item in shrink[0].params["lines"]
        ]


def test_who_takes_what_is_short_and_gives_nothing_up_is_not_split_and_waits_for_who_gives() -> None:
    of = core(2, nodes={"n1": {"reserve": reserve(rms=9)}, "n2": {"reserve": reserve(rms=1)}})
    shown = [instance(number, line(RMS, 5), line(DESK12, 7)) for number in (S1, S2)]
    made = planned(of, READY, [stock(rms=0, desk12=0, instances=shown)], overrides=("XL073",))
    assert len(made.actions) == 6
    confirms = {action.subject: action.id for action in made.actions if action.kind is K.CONFIRM_RESERVATION}
    updates = {action.subject: action for action in made.actions if action.kind is K.UPDATE_RESERVATION}
    assert updates[S1].needs == (confirms[S2],)
    assert updates[S2].needs == ()


def test_a_confirmation_that_is_left_frees_what_the_journal_knows_was_there_before() -> None:
    lines, before = said(S1, rms=5, desk12=2).lines, said(S1, rms=9, desk12=2).lines
    held = m.HeldState(
        codes=(code(m.CodeKind.CONFIRMATION, S1),),
        reserved=(known(S1, m.ReservedState.UPDATE_INSTALLED, lines=lines, before=before),),
    )
    shown = [instance(S1, line(RMS, 9, pending=5), line(DESK12, 2))]
    made = planned(ONE, READY, [stock(rms=0, desk12=0, instances=shown)], held)
    assert uses(made) == [("emea", RMS, 4, 0, False)]
    counts = {item["name"]: (item["before"], item["quantity"]) for item in made.actions[0].params["lines"]}
    assert counts == {RMS: (9, 5), DESK12: (2, 2)}


def test_a_request_in_hand_claims_its_node_s_licences_once() -> None:
    held = m.HeldState(codes=(code(m.CodeKind.REQUEST, S1),))
    made = planned(ONE, ASKED, [stock(rms=5)], held)
    assert uses(made) == [("emea", RMS, 0, 5, False)]
    assert made.refusals == ()
