"""What every action of a reservation carries, from each row: codes, lines, carrier, what it settles.

Which actions a row asks for in the first place is in ``test_reserving``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler import model as m

from .fleet import DIRECT, NOW, ON_PREM_URL, TOKEN, account, by_name, licence, rules_of
from .reserved import (
    ASKED,
    DESK12,
    FRESH,
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

K, R = m.Kind, m.ReservedState
ONE = core()
GONE = core(nodes={"n1": {"state": m.State.RETIRED, "reserve": ()}})
S1 = serial(ONE)
CLOCK = (m.EvaluationSeen(S1, 80 * 86_400, NOW),)
NODE = str(ONE.nodes[0].address)


def half_way(*kinds: str, state: m.ReservedState | None = None, was: int = 9, **fields: Any) -> m.HeldState:
    """Codes in hand, and what the journal knows: 5 rms after an update of ``was``."""
    codes = tuple(
        code(m.CodeKind(kind), S1, authorization=said(S1, rms=5) if kind == "authorization" else None)
        for kind in kinds
    )
    lines, before = said(S1, rms=5).lines, said(S1, rms=was).lines
    facts = (known(S1, state, lines=lines, before=before),) if state else ()
    return m.HeldState(evaluation=CLOCK, codes=codes, reserved=facts, **fields)


def listing(*lines: m.ReservedLine) -> list[m.AccountObserved]:
    return [stock(rms=45, desk12=0, instances=[instance(S1, *lines)] if lines else [])]


def told(made: m.Plan) -> list[str]:
    """Each in short: ``kind | slots it uses | before>quantity | -> slot it fills | settles fields``."""
    return [_in_short(action) for action in made.actions]


def _in_short(action: m.Action) -> str:
    kind = action.kind.value.split(".")[1]
    slots = ("request", "authorization", "confirmation", "return")
    used = " ".join(f"{name} {action.params[name]}" for name in slots if name in action.params)
    counts = ",".join(
        f"{item.get('before', '')}>{item['quantity']}" for item in action.params.get("lines", ())
    )
    settled = ",".join(item.split("#")[1] for item in action.settles)
    parts = [kind, used, counts, f"-> {action.makes}" if action.makes else "", f"settles {settled}"]
    return " | ".join(part for part in parts if part not in ("", "settles "))


REQUEST, AUTHORIZATION = f"request/{S1}", f"authorization/{S1}"
CONFIRMATION, RETURN = f"confirmation/{S1}", f"return/{S1}"
INSTALL = f"install_authorization | request {REQUEST} authorization {AUTHORIZATION} | >5"
FETCH = f"fetch_authorization | >5 | -> {AUTHORIZATION}"
OUT = [
    f"return_authorization | authorization {AUTHORIZATION} | -> {RETURN}",
    f"remove_instance | return {RETURN} | settles registration,reservation",
]
BACK = [
    f"return_reservation | -> {RETURN}",
    f"remove_instance | return {RETURN} | settles registration,reservation",
]
ANEW = [
    "enable_reservation",
    f"request_reservation | -> {REQUEST}",
    f"reserve | request {REQUEST} | >5 | -> {AUTHORIZATION}",
]
UPDATE = f"{INSTALL} | -> {CONFIRMATION}"


@pytest.mark.parametrize(
    ("block", "reserved", "held", "wanted"),
    [
        (FRESH, 0, half_way(), [*ANEW, f"{INSTALL} | settles registration,reserve.rms"]),
        (ASKED, 0, half_way("request"), [ANEW[2], f"{INSTALL} | settles registration,reserve.rms"]),
        (
            ASKED,
            0,
            half_way(requested=(m.Requested(S1.lower(), NOW),)),
            ["cancel_reservation", *ANEW[1:], f"{INSTALL} | settles registration,reserve.rms"],
        ),
        (
            ASKED,
            5,
            half_way("authorization", state=R.ISSUED),
            [f"{INSTALL} | settles registration,reservation"],
        ),
        (ASKED, 5, half_way(state=R.ISSUED), [FETCH, f"{INSTALL} | settles registration,reservation"]),
        (
            FRESH,
            5,
            half_way("return", state=R.RETURNED),
            [
                f"remove_instance | return {RETURN}",
                *ANEW,
                f"{INSTALL} | settles registration,reservation",
            ],
        ),
        (
            FRESH,
            5,
            half_way("authorization", state=R.ISSUED),
            [
                OUT[0],
                f"remove_instance | return {RETURN}",
                *ANEW,
                f"{INSTALL} | settles registration,reservation",
            ],
        ),
        (
            READY,
            9,
            half_way("authorization", state=R.UPDATE_ISSUED),
            [UPDATE, f"confirm_reservation | confirmation {CONFIRMATION} | 9>5 | settles reservation"],
        ),
        (
            READY,
            9,
            half_way(state=R.UPDATE_ISSUED),
            [FETCH, UPDATE, f"confirm_reservation | confirmation {CONFIRMATION} | 9>5 | settles reservation"],
        ),
        (
            READY,
            9,
            half_way("confirmation", state=R.UPDATE_INSTALLED),
            [f"confirm_reservation | confirmation {CONFIRMATION} | 9>5 | settles reservation"],
        ),
        (
            READY,
            9,
            half_way(state=R.UPDATE_INSTALLED),
            ["confirm_reservation | confirmation None | 9>5 | settles reservation"],
        ),
    ],
)
def test_on_the_way_in_each_step_hands_its_code_to_the_next(
    block: m.Licence, reserved: int, held: m.HeldState, wanted: list[str]
) -> None:
    shown = [line(RMS, reserved, pending=5 if block is READY else None)] if reserved else []
    made = planned(ONE, block, listing(*shown), held)
    assert told(made) == wanted
    in_a_row(made)


def in_a_row(made: m.Plan) -> None:
    """Each step needs the one before it and no other."""
    ids = [action.id for action in made.actions]
    assert [action.needs for action in made.actions] == [(), *((one,) for one in ids[:-1])]


@pytest.mark.parametrize(
    ("block", "reserved", "held", "wanted"),
    [
        (ASKED, 0, half_way("request"), ["cancel_reservation | settles registration"]),
        (
            ASKED,
            0,
            half_way(requested=(m.Requested(S1, NOW),)),
            ["cancel_reservation | settles registration"],
        ),
        (ASKED, 5, half_way("authorization", state=R.ISSUED), ["cancel_reservation", *OUT]),
        (ASKED, 5, half_way(state=R.ISSUED), [FETCH, "cancel_reservation", *OUT]),
        (
            FRESH,
            5,
            half_way("authorization", state=R.ISSUED),
            [OUT[0], f"remove_instance | return {RETURN} | settles reservation"],
        ),
        (
            FRESH,
            5,
            half_way("return", state=R.RETURNED),
            [f"remove_instance | return {RETURN} | settles reservation"],
        ),
        (
            READY,
            5,
            half_way(),
            [BACK[0], f"remove_instance | return {RETURN} | settles registration"],
        ),
        (
            READY,
            9,
            half_way("authorization", state=R.UPDATE_ISSUED),
            [UPDATE, f"confirm_reservation | confirmation {CONFIRMATION} | 9>5", *BACK],
        ),
        (
            READY,
            9,
            half_way(state=R.UPDATE_ISSUED),
            [FETCH, UPDATE, f"confirm_reservation | confirmation {CONFIRMATION} | 9>5", *BACK],
        ),
        (
            READY,
            9,
            half_way("confirmation", state=R.UPDATE_INSTALLED),
            [f"confirm_reservation | confirmation {CONFIRMATION} | 9>5", *BACK],
        ),
        (
            READY,
            9,
            half_way(state=R.UPDATE_INSTALLED),
            ["confirm_reservation | confirmation None | 9>5", *BACK],
        ),
    ],
)
def test_on_the_way_out_what_is_half_way_is_finished_and_then_given_back(
    block: m.Licence, reserved: int, held: m.HeldState, wanted: list[str]
) -> None:
    """A retired node may have a code that it never installed: its licences are reserved all the same."""
    moving = block is READY and reserved == 9
    shown = [line(RMS, reserved, pending=5 if moving else None)] if reserved else []
    made = planned(GONE, block, listing(*shown), held)
    assert told(made) == wanted
    assert made.refusals == ()
    in_a_row(made)


def test_a_confirmation_without_its_code_is_the_work_of_a_person() -> None:
    shown = listing(line(RMS, 9, pending=5))
    (lost,) = planned(ONE, READY, shown, half_way(state=R.UPDATE_INSTALLED)).actions
    assert (lost.carrier, lost.carrier_note) == (m.Carrier.PERSON, "the confirmation code is not here")
    held = half_way("confirmation", state=R.UPDATE_INSTALLED)
    (here,) = planned(ONE, READY, shown, held).actions
    assert (here.carrier, here.carrier_note) == (m.Carrier.API, None)


def test_an_installation_says_for_which_machine_and_what_the_code_must_say() -> None:
    block = replace(ASKED, udi="P:EXPY,S:X,U:1234")
    (made,) = planned(ONE, block, listing(line(RMS, 5)), half_way("authorization", state=R.ISSUED)).actions
    assert made.params == {
        "serial": S1,
        "udi": "P:EXPY,S:X,U:1234",
        "authorization": AUTHORIZATION,
        "request": REQUEST,
        "lines": [{"entitlement": "rms", "name": RMS, "tag": "regid.rms", "quantity": 5}],
        "confirms": False,
        "unchecked": False,
    }


def test_a_step_at_the_node_says_for_which_machine() -> None:
    enable, request, *_ = planned(ONE, FRESH, listing()).actions
    assert (enable.params, request.params) == ({"serial": S1}, {"serial": S1})
    back, _ = planned(GONE, FRESH, listing(line(RMS, 5)), half_way("authorization", state=R.ISSUED)).actions
    assert back.params == {"serial": S1, "authorization": AUTHORIZATION}


@pytest.mark.parametrize(("of", "after"), [(ONE, "installed"), (GONE, "nothing there")])
def test_a_reservation_half_way_says_where_it_leads(of: m.ClusterDesired, after: str) -> None:
    made = planned(of, ASKED, listing(line(RMS, 5)), half_way("authorization", state=R.ISSUED))
    (found,) = [change for change in made.changes if change.field == "reservation"]
    assert (found.before, found.after) == ("reserved, not installed", after)


@pytest.mark.parametrize(("last", "cause"), [(5, m.Cause.CHANGED_BEHIND), (3, m.Cause.NOT_YET_APPLIED)])
def test_a_total_that_an_apply_saw_and_that_is_another_now_has_changed_behind(
    last: int, cause: m.Cause
) -> None:
    fact = m.Verified(ONE.nodes[0].address, "reserve.rms", last, NOW)
    made = planned(ONE, READY, listing(line(RMS, 3)), m.HeldState(verified=(fact,)))
    assert [(change.field, change.cause) for change in made.changes] == [("reserve.rms", cause)]


def test_an_update_says_of_which_instance_what_was_there_and_what_is_to_be() -> None:
    wants = core(nodes={"n1": {"reserve": reserve(rms=8)}})
    for printed, udi in (("P:EXPY,S:X,U:1234", "P:EXPY,S:X,U:1234"), (m.UNKNOWN, f"P:EXPY,S:{S1}")):
        shown = listing(line(RMS, 5), line(DESK12, 40))
        update, install, confirm = planned(wants, replace(READY, udi=printed), shown).actions
        assert update.params == {
            "serial": S1,
            "udi": udi,
            "product_tag": "regid.expy",
            "node": NODE,
            "virtual_account": "Expressway EMEA",
            "lines": [
                {
                    "entitlement": "UC Manager Enhanced License (12.x)",
                    "name": DESK12,
                    "tag": "regid.desk,12.0_a",
                    "quantity": 40,
                    "before": 40,
                },
                {"entitlement": "rms", "name": RMS, "tag": "regid.rms", "quantity": 8, "before": 5},
            ],
        }
        assert update.makes == AUTHORIZATION
        assert (install.makes, install.params["confirms"]) == (CONFIRMATION, True)
        assert all("before" not in item for item in install.params["lines"])
        assert confirm.params == {**update.params, "confirmation": CONFIRMATION}
        assert (update.settles, install.settles, len(confirm.settles)) == ((), (), 1)


def test_an_override_of_another_rule_does_not_leave_a_code_unchecked() -> None:
    held = half_way("authorization", state=R.ISSUED)
    for overrides, unchecked in ((("XL376",), False), (("XL073", "XL377"), True)):
        (made,) = planned(ONE, ASKED, listing(line(RMS, 5)), held, overrides=overrides).actions
        assert made.params["unchecked"] is unchecked


OLD = "0DEAD001"
NEW = core(nodes={"n1": {"replaces": OLD}})


@pytest.mark.parametrize(
    ("old", "lines"),
    [
        (instance(OLD, line(RMS, 7)), [(RMS, RMS, 7)]),
        (m.Instance("x", serial=OLD, pid="EXPY"), None),
        (m.Instance("x", serial="0DEAD009", pid="EXPY"), None),
    ],
)
def test_a_machine_takes_the_totals_over_that_the_dead_one_has(old: m.Instance, lines: Any) -> None:
    made = planned(NEW, FRESH, [stock(rms=50, instances=[old])])
    step = made.actions[2]
    shown = [(item["entitlement"], item["name"], item["quantity"]) for item in step.params["lines"]]
    assert shown == (lines or [("rms", RMS, 5)])
    assert step.kind is (K.REHOST if lines else K.RESERVE)
    assert step.params["request"] == REQUEST
    assert step.makes == AUTHORIZATION
    assert step.params.get("replaces") == (OLD if lines else None)


def test_a_machine_takes_over_what_the_yaml_says_where_the_dead_one_s_totals_are_not_known() -> None:
    held = m.HeldState(reserved=(known(OLD, R.INSTALLED),))
    made = planned(NEW, FRESH, [stock(rms=50, instances=[m.Instance("x", serial=OLD, pid="EXPY")])], held)
    assert made.actions[2].kind is K.REHOST
    assert [item["quantity"] for item in made.actions[2].params["lines"]] == [5]


def test_a_reservation_of_the_dead_machine_in_another_account_is_not_taken_over() -> None:
    shown = [stock(rms=50, instances=[]), stock("apac", [instance(OLD, line(RMS, 7))], rms=0)]
    made = planned(NEW, FRESH, shown, extra_accounts=[account("apac")])
    assert made.actions[2].kind is K.RESERVE


def test_a_code_that_says_other_totals_than_the_yaml_is_installed_with_its_own() -> None:
    held = m.HeldState(
        codes=(code(m.CodeKind.AUTHORIZATION, S1, authorization=said(S1, rms=4, desk12=3)),),
        reserved=(known(S1, R.ISSUED, lines=said(S1, rms=4, desk12=3).lines),),
    )
    shown = listing(line(RMS, 4), line(DESK12, 3))
    (made,) = planned(ONE, ASKED, shown, held, overrides=("XL376",)).actions
    assert [(item["name"], item["tag"], item["quantity"]) for item in made.params["lines"]] == [
        (RMS, "regid.rms", 4),
        (DESK12, "regid.desk,12.0_a", 3),
    ]


def test_a_token_node_returns_a_code_that_it_never_installed_before_it_registers() -> None:
    of = core(registration=TOKEN, nodes={"n1": {"reserve": ()}})
    made = planned(of, FRESH, listing(line(RMS, 5)), half_way("authorization", state=R.ISSUED))
    kinds = [action.kind for action in made.actions]
    assert kinds[1:5] == [K.RETURN_AUTHORIZATION, K.REMOVE_INSTANCE, K.DISABLE_RESERVATION, K.REGISTER]
    assert rules_of(made) <= {"XL078"}


def test_a_trip_to_the_portal_waits_for_every_request_of_its_account_in_order() -> None:
    made = planned(core(4), FRESH, by_person=True)
    requests = sorted(action.id for action in made.actions if action.kind is K.REQUEST_RESERVATION)
    trips = [action for action in made.actions if action.kind is K.RESERVE]
    assert len(trips) == 4
    for trip in trips:
        assert trip.after == tuple(one for one in requests if one not in trip.needs)
        assert len(trip.after) == 3


def test_a_program_does_not_wait_for_the_requests_of_others() -> None:
    made = planned(core(2), FRESH)
    assert [action.after for action in made.actions if action.kind is K.RESERVE] == [(), ()]


def test_a_node_that_leaves_an_on_prem_for_a_reservation_deregisters_once_and_before_the_switch() -> None:
    of = core(transport=DIRECT)
    set_so_far = {"smart": m.SmartConfig("satellite", ON_PREM_URL, "hostname")}
    made = planned(of, licence(), held=m.HeldState(evaluation=CLOCK), nodes_with=set_so_far)
    assert by_name(made.actions) == [
        "node.deregister n1",
        "cluster.set_transport ams-core",
        "node.enable_reservation n1",
        "node.request_reservation n1",
        "account.reserve emea",
        "node.install_authorization n1",
    ]
    assert made.refusals == ()
