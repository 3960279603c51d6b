"""Whether a plan that was approved still says what would be done now."""

from __future__ import annotations

from dataclasses import replace

from reconciler import model as m
from reconciler.planning import differences
from reconciler.planning.compare import worded
from tests.planning.fleet import (
    NODE_KINDS,
    all_of,
    cluster,
    desired,
    evaluating,
    observed,
    plan,
    seen,
)
from tests.planning.reserved import (
    DESK12,
    READY,
    RMS,
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

EDGE = cluster()
PLANNED = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())))


def test_the_same_situation_is_not_stale() -> None:
    assert differences(PLANNED, plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())))) == ()


def test_less_than_was_planned_is_not_stale() -> None:
    fresh = plan(desired(EDGE), seen(observed(EDGE), observed(EDGE, "n2", licence=evaluating())))
    assert differences(PLANNED, fresh) == ()
    assert differences(PLANNED, plan(desired(EDGE), seen(*all_of(EDGE)))) == ()


def test_an_action_that_was_not_planned_is_stale() -> None:
    open_privacy = m.SmartConfig("direct", None, "none")
    fresh = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating(), smart=open_privacy)))
    found = differences(PLANNED, fresh)
    assert len(found) == 2
    assert found[0].startswith("node.set_privacy on cluster/ams-edge/node/")


def test_other_parameters_are_stale_and_named() -> None:
    bigger = cluster("lon-edge")
    fresh = plan(desired(EDGE, bigger), seen(*all_of(EDGE, licence=evaluating()), *all_of(bigger)))
    assert differences(PLANNED, fresh) == (
        "account.create_token on account/emea: max_uses was 2 and is 4 now",
    )


def test_another_carrier_is_stale() -> None:
    can = {node.address: NODE_KINDS for node in EDGE.nodes}
    fresh = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating())), can=can)
    assert any("was planned by api and is by person now" in text for text in differences(PLANNED, fresh))


def test_a_new_refusal_is_stale_and_an_old_one_is_not() -> None:
    old = m.Software("X14.2.1", "expressway", False)
    fresh = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating(), software=old)))
    assert any(text.startswith("XL011 refuses cluster/ams-edge now") for text in differences(PLANNED, fresh))
    assert differences(fresh, fresh) == ()


def test_what_failed_before_is_no_other_parameter() -> None:
    one = PLANNED.actions[1]
    failed = replace(one, params={**one.params, "earlier_failure": "timeout"})
    assert differences(PLANNED, replace(PLANNED, actions=(failed,))) == ()


def test_differences_inside_something_nested_come_in_a_stable_order() -> None:
    assert worded({"a": 1}, {"a": 1}) == ()
    for small, great in (("a", "z"), ("z", "a")):
        said = worded({small: 1}, {small: 2, great: 1})
        assert len(said) == 2
        assert list(said) == sorted(said)
    assert worded({"nodes": ["x", "y"], "b": 1}, {"nodes": ["x"], "c": 2}) == (
        "b was 1 and is absent now",
        "c was absent and is 2 now",
        "nodes.1 was y and is absent now",
    )


def test_lines_that_are_called_otherwise_are_not_stale_and_other_totals_are() -> None:
    line = {"entitlement": "rms", "quantity": 10, "tag": None, "name": "RMS"}
    one = replace(PLANNED.actions[1], params={"lines": [line]})
    named = replace(one, params={"lines": [{**line, "tag": "regid.rms", "name": "Rich Media Session"}]})
    more = replace(one, params={"lines": [{**line, "quantity": 14}]})
    planned = replace(PLANNED, actions=(one,))
    assert differences(planned, replace(PLANNED, actions=(named,))) == ()
    (text,) = differences(planned, replace(PLANNED, actions=(more,)))
    assert text.endswith("lines.rms was 10 and is 14 now")


def test_what_is_left_of_an_update_that_gives_a_licence_up_for_good_is_not_stale() -> None:
    of = core(nodes={"n1": {"reserve": reserve(rms=5, desktop=0)}})
    number = serial(of)
    now, coming = said(number, rms=5, desk12=3), said(number, rms=5)
    before = instance(number, line(RMS, 5), line(DESK12, 3))
    whole = planned(of, READY, [stock(rms=9, desk12=9, instances=[before])], overrides=("XL073",))
    held = m.HeldState(
        codes=(code(m.CodeKind.AUTHORIZATION, number, authorization=coming),),
        reserved=(known(number, m.ReservedState.UPDATE_ISSUED, lines=coming.lines, before=now.lines),),
    )
    half = instance(number, line(RMS, 5, pending=5), line(DESK12, 3, pending=0))
    rest = planned(of, READY, [stock(rms=9, desk12=9, instances=[half])], held, overrides=("XL073",))
    assert [action.id for action in rest.actions] == [action.id for action in whole.actions[1:]]
    assert differences(whole, rest) == ()
