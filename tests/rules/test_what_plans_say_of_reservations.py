"""What the rules say of reservations: where, how gravely, with which numbers and what a person can do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler import model as m
from tests.planning.fleet import NOW, Status, evaluating, licence
from tests.planning.reserved import (
    ASKED,
    DESK12,
    DESK14,
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

from .situations import GONE, told

ONE = core()
S1 = serial(ONE)
N1 = "cluster/ams-core/node/n1"
EMEA = m.Address.of_account("emea")
R, K = m.ReservedState, m.Kind
CLOCK = (m.EvaluationSeen(S1, 80 * 86_400, NOW),)
HAS_FIVE = instance(S1, line(RMS, 5))
MOVING = instance(S1, line(RMS, 5, pending=8))


def of(
    rule: str,
    block: Any = READY,
    *instances: m.Instance,
    held: m.HeldState | None = None,
    cluster: m.ClusterDesired = ONE,
    **fields: Any,
) -> list[str]:
    accounts = fields.pop("accounts", [stock(rms=50, instances=instances)])
    return told(planned(cluster, block, accounts, held, **fields), rule)


def knows(state: m.ReservedState, *kinds: m.CodeKind, **fields: Any) -> m.HeldState:
    given = {"lines": said(S1, rms=5).lines, **fields}
    codes = tuple(code(kind, S1, authorization=said(S1, rms=5)) for kind in kinds)
    return m.HeldState(evaluation=CLOCK, codes=codes, reserved=(known(S1, state, **given),))


# Under way.


@pytest.mark.parametrize(
    ("block", "instances", "held", "text"),
    [
        (ASKED, (HAS_FIVE,), knows(R.ISSUED, m.CodeKind.AUTHORIZATION), "reserved, not installed"),
        (ASKED, (HAS_FIVE,), knows(R.ISSUED), "reserved, and the authorization code is not here"),
        (FRESH, (HAS_FIVE,), knows(R.RETURNED, m.CodeKind.RETURN), "returned, not removed"),
        (
            FRESH,
            (HAS_FIVE,),
            knows(R.ISSUED, m.CodeKind.AUTHORIZATION),
            "reserved, and the node has no request any more",
        ),
        (READY, (MOVING,), knows(R.UPDATE_ISSUED, m.CodeKind.AUTHORIZATION), "updated, not installed"),
        (READY, (MOVING,), knows(R.UPDATE_ISSUED), "updated, and the authorization code is not here"),
    ],
)
def test_what_is_half_way_is_told_by_how_far_it_is(
    block: m.Licence, instances: tuple[m.Instance, ...], held: m.HeldState, text: str
) -> None:
    assert of("XL078", block, *instances, held=held) == [f"warning {N1}: The reservation is {text}."]
    unmanaged = replace(ONE, registration=None)
    assert of("XL379", block, *instances, held=held, cluster=unmanaged) == [
        f"info {N1}: The node has a reservation: {text}."
    ]


@pytest.mark.parametrize(
    ("kinds", "text"),
    [
        ((m.CodeKind.CONFIRMATION,), "installed, not confirmed"),
        ((), "installed, and the confirmation code is not here"),
    ],
)
def test_an_update_is_not_complete_before_it_is_confirmed(kinds: tuple[m.CodeKind, ...], text: str) -> None:
    found = of("XL078", READY, MOVING, held=knows(R.UPDATE_INSTALLED, *kinds))
    waits = "The update is not complete before CSSM has the confirmation code."
    assert found == [f"warning {N1}: The reservation is {text}. {waits}"]


def test_what_cssm_does_not_show_yet_is_told_as_that() -> None:
    held = knows(R.INSTALLED, lines=said(S1, rms=8).lines, at=NOW)
    said_of = "confirmed just now; CSSM still shows it in transit"
    assert of("XL078", READY, MOVING, held=held) == [f"info {N1}: Not yet visible: {said_of}."]
    assert of("XL078", READY) == of("XL078", READY, HAS_FIVE) == []


def test_a_cluster_in_no_mode_tells_what_it_holds_unless_it_leaves() -> None:
    unmanaged = replace(ONE, registration=None)
    assert of("XL379", READY, HAS_FIVE, cluster=unmanaged) == [
        f"info {N1}: The node has a reservation: installed."
    ]
    for leaving in (
        replace(unmanaged, state=m.State.RETIRED),
        replace(unmanaged, nodes=(replace(ONE.nodes[0], state=m.State.RETIRED),)),
    ):
        assert of("XL379", READY, HAS_FIVE, cluster=leaving) == []
    assert of("XL379", evaluating(), cluster=unmanaged) == []
    assert of("XL379", READY, cluster=unmanaged) == []


# A person decides.


@pytest.mark.parametrize(
    ("block", "instances", "text", "remedy"),
    [
        (ASKED, (), "Somebody else is at work here: the node has a request that is not ours.", "--adopt"),
        (
            FRESH,
            (HAS_FIVE,),
            "CSSM has a reservation for it, the node has none, and no return code is held.",
            f"xlicense casefile {S1}",
        ),
        (READY, (), "The node has a reservation installed, and CSSM has none for it.", "casefile"),
        (
            licence(),
            (HAS_FIVE,),
            "The node is registered by token, and CSSM has a reservation for it.",
            "Product Instances",
        ),
        (
            FRESH,
            (m.Instance("x", serial=S1),),
            "CSSM lists an instance of it that the node does not explain.",
            f"op resolve {S1} --absent",
        ),
    ],
)
def test_what_only_a_person_can_decide_is_refused_with_what_a_person_can_do(
    block: m.Licence, instances: tuple[m.Instance, ...], text: str, remedy: str
) -> None:
    made = planned(ONE, block, [stock(rms=50, instances=instances)])
    assert told(made, "XL370") == [f"hard {N1}: {text}"]
    (refusal,) = made.refusals
    assert remedy in refusal.remedy


def test_where_nothing_would_be_managed_it_is_only_told() -> None:
    unmanaged = replace(ONE, registration=None)
    text = "The node has a reservation installed, and CSSM has none for it."
    assert of("XL370", READY, cluster=unmanaged) == [f"warning {N1}: {text}"]
    leaving = replace(unmanaged, nodes=(replace(ONE.nodes[0], state=m.State.RETIRED),))
    assert of("XL370", READY, cluster=leaving) == [f"hard {N1}: {text}"]
    one_side = "Only one side is known: nobody has said what account emea holds for it."
    assert of("XL370", READY, accounts=None, by_person=True) == [f"warning {N1}: {one_side}"]


def test_a_node_that_could_not_be_read_is_not_told_as_a_side_that_is_missing() -> None:
    for block in (m.UNKNOWN, licence(registration=m.UNKNOWN)):
        assert of("XL370", {"n1": block}) == []


# Codes in hand and in other hands.


def test_a_request_without_its_code_needs_proof_newer_than_the_request() -> None:
    asked = (m.Requested(S1.lower(), NOW - timedelta(hours=1)),)
    said_of = "The request code is lost, and nobody has said that CSSM has no reservation for it."
    for minutes, proof in ((59, True), (60, False), (61, False)):
        seen_by = (m.Attested(EMEA, NOW - timedelta(minutes=minutes), "A. Person"),)
        held = m.HeldState(requested=asked, attested=seen_by)
        found = of("XL371", ASKED, held=held, accounts=None, by_person=True)
        assert found == [f"hard {N1}: {said_of}"] * (not proof)
    held = m.HeldState(requested=asked)
    assert of("XL371", ASKED, held=held) == []
    adopted = m.HeldState(resolutions=(m.Resolution(S1, "adopt", NOW, "A. Person", "ours"),))
    assert of("XL371", ASKED, held=adopted, accounts=None, by_person=True) == [f"hard {N1}: {said_of}"]
    unmanaged = replace(ONE, registration=None)
    found = of("XL371", ASKED, held=held, accounts=None, by_person=True, cluster=unmanaged)
    assert found == [f"warning {N1}: {said_of}"]


def out(kind: m.Kind, subject: str = S1, **fields: Any) -> m.Waiting:
    given = {"action_id": "another", **fields}
    return m.Waiting("handoff-7", given.pop("action_id"), kind.value, EMEA, subject, NOW, (), **given)


def test_what_is_out_at_the_portal_is_neither_cancelled_nor_given_back() -> None:
    ends = "may be in use at the portal just now."
    asked = m.HeldState(requested=(m.Requested(S1, NOW),), waiting=(out(K.RESERVE, S1.lower()),))
    cancelled = of("XL371", ASKED, held=asked)
    assert cancelled == [f"hard {N1}: Hand-off handoff-7 is out: its request code {ends}"]
    returned = m.HeldState(evaluation=CLOCK, waiting=(out(K.UPDATE_RESERVATION),))
    assert of("XL371", READY, HAS_FIVE, held=returned, cluster=GONE) == [
        f"hard {N1}: Hand-off handoff-7 is out: its reservation {ends}"
    ]
    for harmless in (out(K.UPDATE_RESERVATION, "0DEAD001"), out(K.UPDATE_RESERVATION, done=True)):
        held = replace(returned, waiting=(harmless,))
        assert of("XL371", READY, HAS_FIVE, held=held, cluster=GONE) == []


def test_a_hand_off_that_the_return_waits_for_does_not_refuse_it() -> None:
    held = knows(R.UPDATE_INSTALLED)
    shown = [stock(rms=50, instances=[MOVING])]
    confirm = planned(GONE, READY, shown, held).actions[0]
    assert confirm.carrier is m.Carrier.PERSON
    waiting = out(confirm.kind, action_id=confirm.id)
    assert of("XL371", READY, MOVING, held=replace(held, waiting=(waiting,)), cluster=GONE) == []


PART = {"entitlement": "rms", "name": RMS, "tag": TAGS[RMS], "quantity": 9}


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (out(K.RESERVE), ""),
        (out(K.RESERVE, S1.lower(), params={"lines": [PART]}), f": 9 {RMS}"),
        (
            out(K.RESERVE, params={"lines": [PART, {**PART, "quantity": 2, "name": "", "entitlement": "x"}]}),
            f": 9 {RMS} and 2 x",
        ),
        (out(K.RESERVE, "0DEAD001"), None),
        (out(K.RESERVE, done=True), None),
        (out(K.REHOST), None),
    ],
)
def test_a_step_that_is_out_with_other_values_is_not_handed_out_again(
    item: m.Waiting, text: str | None
) -> None:
    held = m.HeldState(codes=(code(m.CodeKind.REQUEST, S1),), waiting=(item,))
    said_of = f"Hand-off handoff-7 is out for the same step with other values{text}."
    expected = [] if text is None else [f"hard {N1}: {said_of} [reserve]"]
    assert of("XL380", ASKED, held=held, accounts=None, by_person=True) == expected


def test_the_same_step_with_the_same_values_is_only_waited_for() -> None:
    held = m.HeldState(codes=(code(m.CodeKind.REQUEST, S1),))
    (reserves, _) = planned(ONE, ASKED, None, held, by_person=True).actions
    same = replace(held, waiting=(out(K.RESERVE, action_id=reserves.id),))
    assert of("XL380", ASKED, held=same, accounts=None, by_person=True) == []


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ({"rms": 5}, None),
        ({"rms": 4}, f"{RMS} 4 instead of 5"),
        ({"rms": 5, "desk12": 2}, f"{DESK12} 2 instead of 0"),
        ({"rms": 6, "desk12": 2}, f"{RMS} 6 instead of 5 and {DESK12} 2 instead of 0"),
    ],
)
def test_what_a_code_says_otherwise_than_the_yaml_is_told_by_licence(
    counts: dict[str, int], text: str | None
) -> None:
    held = m.HeldState(codes=(code(m.CodeKind.AUTHORIZATION, S1, authorization=said(S1, **counts)),))
    said_of = f"guard {N1}: The authorization code in hand says {text}. [install_authorization]"
    assert of("XL376", ASKED, HAS_FIVE, held=held) == ([said_of] if text else [])


def test_a_peer_without_a_code_and_one_that_leaves_hide_no_other() -> None:
    three = core(3, nodes={"n2": {"state": m.State.RETIRED}})
    numbers = [serial(three, name) for name in ("n2", "n3")]
    codes = [code(m.CodeKind.AUTHORIZATION, number, authorization=said(number, rms=4)) for number in numbers]
    found = of("XL376", ASKED, held=m.HeldState(codes=tuple(codes)), cluster=three)
    text = f"The authorization code in hand says {RMS} 4 instead of 5."
    assert found == [f"guard cluster/ams-core/node/n3: {text} [install_authorization]"]


def test_a_code_that_cannot_be_read_is_told_by_its_id() -> None:
    held = m.HeldState(codes=(code(m.CodeKind.AUTHORIZATION, S1),))
    text = "The authorization code code-authorization cannot be read, so nothing of it can be checked."
    assert of("XL377", ASKED, HAS_FIVE, held=held) == [f"guard {N1}: {text} [install_authorization]"]


def test_codes_that_another_machine_can_read_are_named_by_kind_in_order() -> None:
    kinds = (m.CodeKind.RETURN, m.CodeKind.REQUEST, m.CodeKind.AUTHORIZATION)
    codes = tuple(code(kind, S1, readable=kind is m.CodeKind.AUTHORIZATION) for kind in kinds)
    text = "The request and return code is held, and cannot be read here: another machine has its key."
    assert of("XL378", FRESH, HAS_FIVE, held=m.HeldState(codes=codes)) == [f"hard {N1}: {text}"]
    four = (*codes, code(m.CodeKind.CONFIRMATION, S1))
    away = m.HeldState(codes=tuple(replace(item, readable=False) for item in four))
    (every,) = of("XL378", FRESH, HAS_FIVE, held=away)
    assert every.startswith(f"hard {N1}: The authorization, confirmation, request and return code is held")
    settled = of("XL378", READY, HAS_FIVE, held=m.HeldState(codes=codes[:1]))
    assert settled == [f"warning {N1}: {text.replace('request and ', '')}"]


# Lines, terms and pools.


@pytest.mark.parametrize(("days", "speaks"), [(60, True), (61, False)])
def test_a_term_is_told_sixty_days_ahead(days: int, speaks: bool) -> None:
    day = (NOW + timedelta(days=days)).date().isoformat()
    lines = (
        m.AuthorizedLine("regid.rms", 5, RMS, ends=day, licence_type="TERM"),
        m.AuthorizedLine("t2", 1, "", ends=day),
        m.AuthorizedLine("t3", 1, "never"),
    )
    text = f"The term of {RMS} ({day}) and t2 ({day}) ends; the node takes notice at its next restart."
    shown = instance(S1, line(RMS, 5), m.ReservedLine("", 1, "t2"), m.ReservedLine("never", 1, "t3"))
    held = knows(R.INSTALLED, lines=lines)
    assert of("XL212", READY, shown, held=held) == [f"warning {N1}: {text}"] * speaks
    assert of("XL212", FRESH, held=knows(R.FREED, lines=lines)) == []


def test_lines_that_nobody_knows_stop_an_update() -> None:
    text = "What the node has reserved is not known, so a change would drop the lines that nobody named."
    shown = m.Instance("x", serial=S1, reserved=m.UNKNOWN)
    assert of("XL374", READY, shown) == [f"warning {N1}: {text}"]
    assert of("XL374", READY, shown, cluster=GONE) == []
    assert of("XL374", READY, shown, cluster=replace(ONE, registration=None)) == []
    assert of("XL374", READY, HAS_FIVE) == []


def test_a_smaller_quantity_is_told_by_licence() -> None:
    of_n = core(nodes={"n1": {"reserve": reserve(rms=3, desktop=1, room=2)}})
    shown = instance(S1, line(RMS, 5), line(DESK12, 2))
    found = of("XL073", READY, shown, cluster=of_n, accounts=[stock(rms=9, desk12=9, instances=[shown])])
    kinds = "[update_reservation install_authorization confirm_reservation]"
    text = f"The reservation of {S1} shrinks: desktop from 2 to 1 and rms from 5 to 3. {kinds}"
    assert found == [f"guard {N1}: {text}"]


@pytest.mark.parametrize(
    ("free", "wants", "text"),
    [
        (4, 5, f"The plan takes 5 {RMS} of account/emea, and 4 are free."),
        (5, 5, None),
        (m.UNKNOWN, 5, None),
        (0, 1, f"The plan takes 1 {RMS} of account/emea, and 0 are free."),
    ],
)
def test_a_shortage_is_told_with_its_numbers(free: Any, wants: int, text: str | None) -> None:
    shown = stock(rms=1)
    shown = replace(shown, pool=(m.PoolLine(RMS, 100, 0, free, tag=TAGS[RMS]),))
    found = of("XL375", FRESH, accounts=[shown], cluster=core(nodes={"n1": {"reserve": reserve(rms=wants)}}))
    assert found == ([f"hard {N1}: {text}"] if text else [])


def test_a_shortage_is_told_of_those_who_take_with_claims_and_what_is_freed() -> None:
    two = core(3, nodes={f"n{at}": {"reserve": reserve(rms=at * 2)} for at in (1, 2, 3)})
    numbers = [serial(two, f"n{at}") for at in (1, 2, 3)]
    shown = [instance(number, line(RMS, 4)) for number in numbers]
    claim = out(K.RESERVE, "0DEAD001", params={"lines": [{**PART, "quantity": 1}]})
    made = planned(two, READY, [stock(rms=0, instances=shown)], m.HeldState(waiting=(claim,)))
    assert told(made, "XL375") == []
    three = core(
        3, nodes={f"n{at}": {"reserve": reserve(rms=count)} for at, count in ((1, 3), (2, 4), (3, 9))}
    )
    made = planned(three, READY, [stock(rms=2, instances=shown)], m.HeldState(waiting=(claim,)))
    numbers_told = "and 1 are free and 1 that the plan frees (1 more are claimed by what is under way)."
    assert told(made, "XL375") == [
        f"hard cluster/ams-core/node/n3: The plan takes 5 {RMS} of account/emea, {numbers_told}"
    ]


def test_a_shortage_is_told_of_an_update_that_carries_a_licence_without_a_name() -> None:
    shown = [instance(S1, line(RMS, 4), m.ReservedLine("", 2, "a9"))]
    found = of("XL375", READY, accounts=[stock(rms=0, instances=shown)])
    assert found == [f"hard {N1}: The plan takes 1 {RMS} of account/emea, and 0 are free."]


def test_an_account_that_may_not_reserve_stops_what_takes() -> None:
    shut = replace(stock(rms=9), reservation_allowed=False)
    text = "License Reservation is not offered in Expressway EMEA. [reserve update_reservation]"
    assert of("XL056", FRESH, accounts=[shut]) == [f"hard account/emea: {text}"]
    assert of("XL056", FRESH, accounts=[replace(shut, reservation_allowed=m.UNKNOWN)]) == []


def test_a_return_and_a_replacement_are_told_as_information() -> None:
    held = m.HeldState(evaluation=CLOCK)
    (text,) = of("XL067", READY, HAS_FIVE, held=held, cluster=GONE)
    assert text.startswith(f"info {N1}: From the return on the node has no licence")
    new = core(nodes={"n1": {"replaces": "0DEAD001"}})
    goes_over = f"The reservation of 0DEAD001 goes over to {S1}."
    assert of("XL220", FRESH, instance("0DEAD001", line(RMS, 5)), cluster=new) == [f"info {N1}: {goes_over}"]


# Which licence.

KINDS = "[deregister enable_reservation request_reservation reserve rehost update_reservation]"


def test_a_licence_that_the_account_does_not_name_stops_a_program_and_no_person() -> None:
    of_n = core(nodes={"n1": {"reserve": reserve(rms=5, room=0)}})
    text = f"No licence of the account is {RMS}, or its entitlement tag is not known. {KINDS}"
    assert of("XL057", FRESH, cluster=of_n, accounts=[stock(desk12=9)]) == [f"hard {N1}: {text}"]
    assert of("XL057", FRESH, cluster=of_n, accounts=None, by_person=True) == []
    two = core(2, nodes={"n1": {"state": m.State.RETIRED}})
    found = of("XL057", {"n1": READY, "n2": FRESH}, HAS_FIVE, cluster=two, accounts=[stock(desk12=9)])
    assert found == [f"hard cluster/ams-core/node/n2: {text}"]
    (refusal,) = planned(of_n, FRESH, [stock(desk12=9)]).refusals
    assert refusal.remedy == "State it: entitlements: {rms: {display_name: …, tag: …}}"


def test_several_licences_that_fit_are_named_in_order_with_the_newest_as_example() -> None:
    of_n = core(nodes={"n1": {"reserve": reserve(desktop=200)}})
    text = f"Several licences fit desktop: {DESK12}, {DESK14}."
    for accounts in ([stock(desk12=300, desk14=300)], [stock(desk14=300, desk12=300)]):
        made = planned(of_n, FRESH, accounts)
        assert told(made, "XL057") == [f"hard {N1}: {text} {KINDS}"]
        assert "desktop: {quantity: 200, version: 14}" in made.refusals[0].remedy
    bare = (
        m.PoolLine("UC Manager Enhanced License", 9, tag="a"),
        m.PoolLine("UC Manager Enhanced License", 9, tag="b"),
    )
    made = planned(of_n, FRESH, [replace(stock(rms=9), pool=bare)])
    assert "version: 14}" in made.refusals[0].remedy
    settled = planned(
        of_n,
        replace(READY, registration=Status.RESERVED_SPECIFIC),
        [stock(desk12=9, desk14=9, instances=[instance(S1, line(DESK12, 2), line(DESK14, 3))])],
    )
    assert told(settled, "XL057") == [f"warning {N1}: {text}"]
