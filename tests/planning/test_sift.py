"""What goes together: a switch of a whole cluster, the way of one reservation, and what a target cuts off."""

from __future__ import annotations

import pytest

from reconciler import model as m

from .fleet import (
    DAY,
    NOW,
    PROXY,
    TOKEN,
    account,
    all_of,
    by_name,
    cluster,
    desired,
    licence,
    plan,
    seen,
)
from .reserved import FRESH, READY, RMS, core, instance, line, planned, serial, stock

K = m.Kind
TWO = core(2)
S1, S2 = serial(TWO, "n1"), serial(TWO, "n2")
CLOCKS = m.HeldState(evaluation=tuple(m.EvaluationSeen(number, 80 * DAY, NOW) for number in (S1, S2)))
RETIRED = {"state": m.State.RETIRED, "reserve": ()}
BOTH = [instance(number, line(RMS, 5)) for number in (S1, S2)]


def refused(made: m.Plan) -> list[str]:
    return [refusal.message for refusal in made.refusals if refusal.rule == "XL315"]


def test_no_node_leaves_for_a_switch_while_its_way_back_waits_for_a_person() -> None:
    of = cluster(transport=PROXY)
    clocks = tuple(m.EvaluationSeen(node.serial or "", 80 * DAY, NOW) for node in of.nodes)
    world = seen(*all_of(of, smart=m.SmartConfig("satellite", None, "hostname"), licence=licence()))
    free = plan(desired(of), world, m.HeldState(evaluation=clocks))
    assert "node.deregister n1" in by_name(free.runnable)
    proxy = next(action for action in free.actions if action.kind is K.SET_PROXY)
    waiting = m.Waiting("h1", proxy.id, proxy.kind.value, proxy.address, proxy.subject, NOW, ("do it",))
    held = plan(desired(of), world, m.HeldState(evaluation=clocks, waiting=(waiting,)))
    assert len(held.actions) == len(free.actions)
    assert held.runnable == ()
    waits = {item.action_id: item.by for item in held.held_back}
    behind = next(action for action in held.actions if proxy.id in action.needs)
    assert waits[proxy.id] == "h1"
    assert waits[behind.id] in behind.needs


@pytest.mark.parametrize(
    ("block", "nodes", "steps"),
    [
        (FRESH, {}, ["enable_reservation", "request_reservation", "reserve", "install_authorization"]),
        (READY, {"n1": RETIRED, "n2": RETIRED}, ["return_reservation", "remove_instance"]),
    ],
)
def test_a_node_outside_the_target_keeps_no_other_from_its_reservation(
    block: m.Licence, nodes: dict[str, dict[str, object]], steps: list[str]
) -> None:
    shown = BOTH if block is READY else []
    made = planned(
        core(2, nodes=nodes),
        block,
        [stock(rms=50, instances=shown)],
        CLOCKS,
        excludes=("cluster/ams-core/node/n1",),
    )
    assert [action.kind.value.split(".")[1] for action in made.actions] == steps
    assert {action.subject for action in made.actions} == {S2}
    assert (made.refusals, made.withheld) == ((), ())


def test_nothing_is_given_back_where_the_target_leaves_out_what_frees_it() -> None:
    of = core(nodes={"n1": RETIRED})
    shown = [stock(rms=50, instances=BOTH[:1])]
    made = planned(of, READY, shown, CLOCKS, excludes=("account/emea",))
    assert (made.actions, by_name(made.withheld)) == ((), ["node.return_reservation n1"])
    ends = "goes with account.remove_instance on account/emea, which is outside the target."
    assert refused(made) == [f"node.return_reservation {ends}"]


def test_a_node_that_cannot_leave_another_account_keeps_no_other_from_reserving() -> None:
    shown = [stock(rms=50), stock("apac", BOTH[:1], rms=0)]
    made = planned(
        TWO,
        {"n1": READY, "n2": FRESH},
        shown,
        CLOCKS,
        extra_accounts=[account("apac")],
        excludes=("account/apac",),
    )
    assert {action.subject for action in made.actions} == {S2}
    assert {action.subject for action in made.withheld} == {S1}
    assert all("account.remove_instance on account/apac" in message for message in refused(made))


def test_no_token_is_made_for_a_node_that_cannot_leave_another_account() -> None:
    of = core(registration=TOKEN, nodes={"n1": {"reserve": ()}})
    shown = [stock(rms=50), stock("apac", BOTH[:1], rms=0)]
    made = planned(of, READY, shown, CLOCKS, extra_accounts=[account("apac")], excludes=("account/apac",))
    assert made.actions == ()
    assert refused(made)


def test_a_switch_that_a_target_cuts_off_names_what_it_goes_with() -> None:
    of = cluster()
    clocks = tuple(m.EvaluationSeen(node.serial or "", 80 * DAY, NOW) for node in of.nodes)
    world = seen(*all_of(of, smart=m.SmartConfig("satellite", None, "hostname")))
    options = m.PlanOptions(excludes=("cluster/ams-edge/node/n2",))
    made = plan(desired(of), world, m.HeldState(evaluation=clocks), options=options)
    assert made.actions == ()
    ends = "goes with node.deregister on cluster/ams-edge/node/n2, which is outside the target."
    assert refused(made) == [
        f"cluster.set_transport {ends}",
        f"node.deregister {ends}",
        f"node.register {ends}",
    ]
