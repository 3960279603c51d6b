"""What each row of the matrix plans, from literals: the way in, the way out, updates and migrations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler import model as m

from .fleet import (
    NOW,
    TOKEN,
    account,
    by_name,
    desired,
    evaluating,
    licence,
    observed,
    plan,
    rules_of,
    seen,
)
from .reserved import (
    ASKED,
    DESK12,
    FRESH,
    NAMES,
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

K = m.Kind
ONE = core()
S1 = serial(ONE)


def names(plan: m.Plan) -> list[str]:
    return [action.kind.value.split(".")[1] for action in plan.actions]


def test_an_unregistered_node_enables_requests_reserves_and_installs() -> None:
    made = planned(ONE, FRESH)
    assert names(made) == [
        "enable_reservation",
        "request_reservation",
        "reserve",
        "install_authorization",
    ]
    fields = {change.field: (change.before, change.after) for change in made.changes}
    assert fields == {
        "registration": ("unregistered", "registered - specific license reservation"),
        "reserve.rms": (0, 5),
    }
    asked = made.actions[2]
    assert asked.params["lines"] == [{"entitlement": "rms", "name": RMS, "tag": "regid.rms", "quantity": 5}]
    assert asked.params["request"] == f"request/{S1}"
    assert asked.makes == f"authorization/{S1}"
    assert set(made.actions[-1].settles) == {change.id for change in made.changes}


def test_a_converged_node_plans_nothing() -> None:
    made = planned(ONE, READY, [stock(rms=50, instances=[instance(S1, line(RMS, 5))])])
    assert (made.changes, made.actions, rules_of(made)) == ((), (), set())


def test_a_node_registered_by_token_deregisters_first() -> None:
    made = planned(ONE, licence(), held=m.HeldState(evaluation=(m.EvaluationSeen(S1, 80 * 86400, NOW),)))
    assert names(made)[:2] == ["deregister", "enable_reservation"]


@pytest.mark.parametrize(("was", "wants", "refused"), [(5, 8, set()), (5, 3, {"XL073"})])
def test_a_quantity_change_is_an_update_and_never_a_return(was: int, wants: int, refused: set[str]) -> None:
    of = core(nodes={"n1": {"reserve": reserve(rms=wants)}})
    made = planned(of, READY, [stock(rms=50, instances=[instance(S1, line(RMS, was))])])
    assert {refusal.rule for refusal in made.refusals} == refused
    actions = made.actions or made.withheld
    assert [action.kind for action in actions] == [
        K.UPDATE_RESERVATION,
        K.INSTALL_AUTHORIZATION,
        K.CONFIRM_RESERVATION,
    ]
    assert actions[0].params["lines"][0]["before"] == was
    assert actions[0].params["lines"][0]["quantity"] == wants
    assert actions[1].params["confirms"] is True


def test_a_line_that_the_yaml_does_not_name_is_carried_over() -> None:
    of = core(nodes={"n1": {"reserve": reserve(rms=8)}})
    there = instance(S1, line(RMS, 5), line(DESK12, 40))
    made = planned(of, READY, [stock(rms=50, desk12=0, instances=[there])])
    lines = {item["name"]: (item["before"], item["quantity"]) for item in made.actions[0].params["lines"]}
    assert lines == {RMS: (5, 8), DESK12: (40, 40)}


def test_lines_that_nobody_knows_are_not_updated() -> None:
    of = core(nodes={"n1": {"reserve": reserve(rms=8)}})
    there = m.Instance("x", serial=S1, pid="EXPY", reserved=m.UNKNOWN)
    made = planned(of, READY, [stock(rms=50, instances=[there])])
    assert made.actions == ()
    assert "XL374" in rules_of(made)


ROWS = {
    "requested, code held": (ASKED, (), ("request",), None, ["reserve", "install_authorization"]),
    "requested and reserved, code held": (
        ASKED,
        (5,),
        ("authorization",),
        m.ReservedState.ISSUED,
        ["install_authorization"],
    ),
    "requested and reserved, code lost": (
        ASKED,
        (5,),
        (),
        m.ReservedState.ISSUED,
        ["fetch_authorization", "install_authorization"],
    ),
    "returned, not removed": (
        FRESH,
        (5,),
        ("return",),
        m.ReservedState.RETURNED,
        ["remove_instance", "enable_reservation", "request_reservation", "reserve", "install_authorization"],
    ),
    "reserved, request gone": (
        FRESH,
        (5,),
        ("authorization",),
        m.ReservedState.ISSUED,
        [
            "return_authorization",
            "remove_instance",
            "enable_reservation",
            "request_reservation",
            "reserve",
            "install_authorization",
        ],
    ),
    "updated, not installed": (
        READY,
        (5,),
        ("authorization",),
        m.ReservedState.UPDATE_ISSUED,
        ["install_authorization", "confirm_reservation"],
    ),
    "updated, code lost": (
        READY,
        (5,),
        (),
        m.ReservedState.UPDATE_ISSUED,
        ["fetch_authorization", "install_authorization", "confirm_reservation"],
    ),
    "installed, not confirmed": (
        READY,
        (5,),
        ("confirmation",),
        m.ReservedState.UPDATE_INSTALLED,
        ["confirm_reservation"],
    ),
    "installed, confirmation lost": (
        READY,
        (5,),
        (),
        m.ReservedState.UPDATE_INSTALLED,
        ["confirm_reservation"],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_every_row_goes_on_from_where_it_stands(name: str) -> None:
    block, reserved, kinds, state, wanted = ROWS[name]
    codes = tuple(
        code(m.CodeKind(kind), S1, authorization=said(S1, rms=5) if kind == "authorization" else None)
        for kind in kinds
    )
    facts = (known(S1, state, lines=said(S1, rms=5).lines),) if state else ()
    shown = [instance(S1, *(line(RMS, count) for count in reserved))] if reserved else []
    made = planned(ONE, block, [stock(rms=50, instances=shown)], m.HeldState(codes=codes, reserved=facts))
    assert sorted(names(made)) == sorted(wanted)
    assert made.changes


def test_a_lost_request_code_is_cancelled_and_asked_for_again_where_cssm_has_nothing() -> None:
    held = m.HeldState(requested=(m.Requested(S1, NOW),))
    assert names(planned(ONE, ASKED, held=held))[:2] == ["cancel_reservation", "request_reservation"]


def test_without_proof_that_cssm_has_nothing_a_lost_request_is_left_alone() -> None:
    held = m.HeldState(requested=(m.Requested(S1, NOW),))
    made = planned(ONE, ASKED, held=held, by_person=True)
    assert made.actions == ()
    assert "XL371" in rules_of(made)


def test_an_attestation_after_the_request_is_proof() -> None:
    emea = m.Address.of_account("emea")
    held = m.HeldState(
        requested=(m.Requested(S1, NOW - timedelta(hours=2)),),
        attested=(m.Attested(emea, NOW - timedelta(hours=1), "A. Person"),),
    )
    assert names(planned(ONE, ASKED, held=held, by_person=True))[0] == "cancel_reservation"


PERSON = {
    "foreign request": (ASKED, [], m.HeldState()),
    "foreign reservation": (ASKED, [instance(S1, line(RMS, 5))], m.HeldState()),
    "foreign update": (READY, [instance(S1, line(RMS, 5, pending=9))], m.HeldState()),
    "stranded": (FRESH, [instance(S1, line(RMS, 5))], m.HeldState()),
    "absent": (READY, [], m.HeldState()),
    "two modes": (licence(), [instance(S1, line(RMS, 5))], m.HeldState()),
    "universal": (licence(registration=m.RegistrationStatus.RESERVED_UNIVERSAL), [], m.HeldState()),
    "poisoned": (FRESH, [m.Instance("x", serial=S1, pid="EXPY")], m.HeldState()),
    "snapshot": (
        READY,
        [instance(S1, line(RMS, 9))],
        m.HeldState(reserved=(known(S1, m.ReservedState.INSTALLED, lines=said(S1, rms=5).lines),)),
    ),
}


@pytest.mark.parametrize("name", PERSON)
def test_what_does_not_fit_together_is_left_to_a_person(name: str) -> None:
    block, instances, held = PERSON[name]
    made = planned(ONE, block, [stock(rms=50, instances=instances)], held)
    assert made.actions == ()
    assert "XL370" in [refusal.rule for refusal in made.refusals]


def test_what_does_not_fit_together_outside_the_target_refuses_nothing() -> None:
    block, instances, held = PERSON["foreign request"]
    excludes = (str(ONE.address),)
    made = planned(ONE, block, [stock(rms=50, instances=instances)], held, excludes=excludes)
    assert made.refusals == ()


@pytest.mark.parametrize("name", ["absent", "foreign update", "snapshot"])
def test_no_token_is_made_for_a_node_whose_reservation_a_person_has_to_look_at(name: str) -> None:
    block, instances, held = PERSON[name]
    of = core(registration=TOKEN, nodes={"n1": {"reserve": ()}})
    made = planned(of, block, [stock(rms=50, instances=instances)], held)
    assert (made.actions, made.withheld) == ((), ())
    assert "XL370" in {finding.code for finding in made.findings} | rules_of(made)


def test_a_reservation_in_two_accounts_is_left_to_a_person() -> None:
    other = account("apac")
    shown = [instance(S1, line(RMS, 5))]
    made = planned(
        ONE, READY, [stock(rms=50, instances=shown), stock("apac", shown, rms=5)], extra_accounts=[other]
    )
    assert made.actions == ()
    assert "XL370" in rules_of(made)


def test_another_virtual_account_is_a_return_and_a_new_reservation() -> None:
    other = account("apac")
    held = m.HeldState(evaluation=(m.EvaluationSeen(S1, 80 * 86400, NOW),))
    made = planned(
        ONE,
        READY,
        [stock(rms=50, instances=[]), stock("apac", [instance(S1, line(RMS, 5))], rms=0)],
        held,
        extra_accounts=[other],
    )
    assert [f"{action.kind.value} {action.address.name}" for action in made.actions] == [
        "node.return_reservation n1",
        "account.remove_instance apac",
        "node.request_reservation n1",
        "account.reserve emea",
        "node.install_authorization n1",
    ]
    assert "XL206" not in rules_of(made)  # it is not licensed in between


def test_a_retired_node_returns_and_its_instance_is_removed() -> None:
    of = core(nodes={"n1": {"state": m.State.RETIRED, "reserve": ()}})
    held = m.HeldState(evaluation=(m.EvaluationSeen(S1, 80 * 86400, NOW),))
    made = planned(of, READY, [stock(rms=50, instances=[instance(S1, line(RMS, 5))])], held)
    assert names(made) == ["return_reservation", "remove_instance"]


def test_nothing_is_given_back_while_a_person_may_be_changing_it_at_the_portal() -> None:
    of = core(nodes={"n1": {"state": m.State.RETIRED, "reserve": ()}})
    emea = m.Address.of_account("emea")
    update = m.Waiting(
        "handoff-1", "account.update_reservation:x", "account.update_reservation", emea, S1, NOW, ()
    )
    for done, rules in ((False, {"XL371"}), (True, set())):
        held = m.HeldState(
            evaluation=(m.EvaluationSeen(S1, 80 * 86400, NOW),), waiting=(replace(update, done=done),)
        )
        made = planned(of, READY, [stock(rms=50, instances=[instance(S1, line(RMS, 5))])], held)
        assert set(rules_of(made)) & {"XL371"} == rules
        assert bool(made.actions) is done


def test_a_return_is_refused_where_no_evaluation_is_left() -> None:
    of = core(nodes={"n1": {"state": m.State.RETIRED, "reserve": ()}})
    held = m.HeldState(evaluation=(m.EvaluationSeen(S1, 0, NOW),))
    made = planned(of, READY, [stock(rms=50, instances=[instance(S1, line(RMS, 5))])], held)
    assert made.actions == ()
    assert "XL097" in rules_of(made)


def test_from_reservation_to_token_the_node_returns_switches_off_and_registers() -> None:
    of = core(registration=TOKEN, nodes={"n1": {"reserve": ()}})
    held = m.HeldState(evaluation=(m.EvaluationSeen(S1, 80 * 86400, NOW),))
    made = planned(of, READY, [stock(rms=50, instances=[instance(S1, line(RMS, 5))])], held)
    assert by_name(made.actions) == [
        "account.create_token emea",
        "node.return_reservation n1",
        "account.remove_instance emea",
        "node.disable_reservation n1",
        "node.register n1",
        "account.revoke_token emea",
    ]
    assert made.actions[-2].settles == (f"{of.nodes[0].address}#registration",)


@pytest.mark.parametrize("shown", [True, m.UNKNOWN])
def test_a_node_that_gave_its_reservation_back_earlier_still_switches_off_before_it_registers(
    shown: m.Maybe[bool],
) -> None:
    of = core(registration=TOKEN, nodes={"n1": {"reserve": ()}})
    node = observed(of, licence=evaluating(80, reservation_enabled=shown), smart=m.SmartConfig("direct"))
    held = m.HeldState(reserved=(known(S1, m.ReservedState.FREED),))
    made = plan(desired(of), seen(node, accounts=[stock(rms=50)]), held)
    made_of = {action.kind: action for action in made.actions}
    assert made_of[K.DISABLE_RESERVATION].id in made_of[K.REGISTER].needs


def test_a_node_that_never_reserved_switches_nothing_off() -> None:
    of = core(registration=TOKEN, nodes={"n1": {"reserve": ()}})
    for shown in (False, m.UNKNOWN):
        made = planned(of, evaluating(80, reservation_enabled=shown), [stock(rms=50)])
        assert "disable_reservation" not in names(made)


def test_a_dead_node_is_replaced_by_a_rehost() -> None:
    of = core(nodes={"n1": {"replaces": "0DEAD001"}})
    shown = [instance("0DEAD001", line(RMS, 5))]
    made = planned(of, FRESH, [stock(rms=0, instances=shown)])
    assert names(made) == ["enable_reservation", "request_reservation", "rehost", "install_authorization"]
    assert made.actions[2].carrier is m.Carrier.PERSON


def test_every_request_comes_before_the_first_trip_to_the_portal() -> None:
    of = core(3)
    made = planned(of, FRESH, by_person=True)
    order = names(made)
    assert order.count("reserve") == 3
    assert max(place for place, name in enumerate(order) if name == "request_reservation") < order.index(
        "reserve"
    )


def test_several_versions_of_a_licence_need_a_word() -> None:
    of = core(nodes={"n1": {"reserve": reserve(desktop=200)}})
    made = planned(of, FRESH, [stock(desk12=300, desk14=300)])
    assert made.actions == ()
    (refusal,) = [item for item in made.refusals if item.rule == "XL057"]
    assert "(12.x)" in refusal.message
    assert "version: 14" in refusal.remedy
    chosen = core(nodes={"n1": {"reserve": reserve(desktop=(200, "14"))}})
    made = planned(chosen, FRESH, [stock(desk12=300, desk14=300)])
    assert made.actions[2].params["lines"][0]["tag"] == "regid.desk,14.0_b"


def test_a_licence_that_the_account_does_not_have_cannot_be_reserved_by_api() -> None:
    made = planned(ONE, FRESH, [stock(desk12=300)])
    assert made.actions == ()
    assert "XL057" in rules_of(made)


def test_a_code_that_says_something_else_is_not_installed_without_a_word() -> None:
    held = m.HeldState(
        codes=(code(m.CodeKind.AUTHORIZATION, S1, authorization=said(S1, rms=4)),),
        reserved=(known(S1, m.ReservedState.ISSUED, lines=said(S1, rms=4).lines),),
    )
    accounts = [stock(rms=50, instances=[instance(S1, line(RMS, 4))])]
    made = planned(ONE, ASKED, accounts, held)
    assert made.actions == ()
    assert "XL376" in rules_of(made)
    assert names(planned(ONE, ASKED, accounts, held, overrides=("XL376",))) == ["install_authorization"]


def test_the_code_of_an_update_may_carry_a_line_over_that_the_yaml_does_not_name() -> None:
    of = core(nodes={"n1": {"reserve": reserve(rms=8)}})
    coming = said(S1, rms=8, desk12=40)
    before = said(S1, rms=5, desk12=40).lines
    held = m.HeldState(
        codes=(code(m.CodeKind.AUTHORIZATION, S1, authorization=coming),),
        reserved=(known(S1, m.ReservedState.UPDATE_ISSUED, lines=coming.lines, before=before),),
    )
    shown = [instance(S1, line(RMS, 5, pending=8), line(DESK12, 40))]
    made = planned(of, READY, [stock(rms=50, desk12=0, instances=shown)], held)
    assert "XL376" not in rules_of(made)
    assert names(made) == ["install_authorization", "confirm_reservation"]


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (K.INSTALL_AUTHORIZATION, m.ReservedState.UPDATE_ISSUED),
        (K.CONFIRM_RESERVATION, m.ReservedState.UPDATE_INSTALLED),
    ],
)
@pytest.mark.parametrize(
    "seen_so_far", [m.EffectState.SENDING, m.EffectState.ANSWERED, m.EffectState.VERIFIED]
)
def test_what_another_run_has_not_ended_yet_is_not_begun_again(
    kind: m.Kind, state: m.ReservedState, seen_so_far: m.EffectState
) -> None:
    """A run that stands still may have lost its lock; what it has open is its own."""
    effect = m.OpenEffect("op-1", "id", kind.value, ONE.nodes[0].address, S1, seen_so_far, NOW, "run")
    codes = tuple(
        code(one, S1, authorization=said(S1, rms=5))
        for one in (m.CodeKind.AUTHORIZATION, m.CodeKind.CONFIRMATION)
    )
    reserved = known(S1, state, lines=said(S1, rms=5).lines, before=said(S1, rms=3).lines)
    held = m.HeldState(open_effects=(effect,), codes=codes, reserved=(reserved,))
    shown = [instance(S1, line(RMS, 3, pending=5))]
    made = planned(ONE, READY, [stock(rms=50, instances=shown)], held)
    assert made.actions == ()
    assert "XL304" in rules_of(made)


def test_a_version_that_a_display_name_states_already_is_not_said_twice() -> None:
    of = core(nodes={"n1": {"reserve": reserve(desktop=(200, "12"))}})
    stated = tuple(replace(item, display_name=DESK12) for item in NAMES if item.name == "desktop")
    made = planned(of, FRESH, by_person=True, entitlements=stated)
    (handed_out,) = [action for action in made.actions if action.kind is K.RESERVE]
    assert handed_out.params["lines"][0]["name"] == DESK12


@pytest.mark.parametrize("shown", [m.UNKNOWN, (line(RMS, 0),)])
def test_a_code_whose_lines_nobody_knows_is_fetched_without_naming_any(shown: Any) -> None:
    """What CSSM has may differ from the YAML; a person who asked for the YAML's lines would look in vain."""
    held = m.HeldState(reserved=(known(S1, m.ReservedState.ISSUED),))
    there = m.Instance("x", serial=S1, pid="EXPY", reserved=shown)
    made = planned(ONE, ASKED, [stock(rms=50, instances=[there])], held)
    assert names(made) == ["fetch_authorization", "install_authorization"]
    assert made.actions[0].params["lines"] == []
    assert [item["quantity"] for item in made.actions[1].params["lines"]] == [5]


def test_a_code_that_cannot_be_read_is_installed_only_by_override() -> None:
    held = m.HeldState(codes=(code(m.CodeKind.AUTHORIZATION, S1),))
    made = planned(ONE, ASKED, None, held)
    assert made.actions == ()
    assert "XL377" in rules_of(made)
    (action,) = planned(ONE, ASKED, None, held, overrides=("XL377",)).actions
    assert action.params["unchecked"] is True


def test_a_persons_word_about_a_foreign_request_lets_the_plan_go_on() -> None:
    held = m.HeldState(resolutions=(m.Resolution(S1, "adopt", NOW, "A. Person", "it was us"),))
    assert names(planned(ONE, ASKED, held=held))[0] == "cancel_reservation"


@pytest.mark.parametrize(("printed", "first"), [((), "fetch_authorization"), ((5,), "confirm_reservation")])
def test_a_foreign_update_that_a_person_adopts_is_finished_first(printed: tuple[int], first: str) -> None:
    held = m.HeldState(resolutions=(m.Resolution(S1, "adopt", NOW, "A. Person", "it was us"),))
    block = replace(READY, reserved=tuple(line(RMS, count) for count in printed)) if printed else READY
    shown = [instance(S1, line(RMS, 3, pending=5))]
    assert names(planned(ONE, block, [stock(rms=50, instances=shown)], held))[0] == first


def test_the_code_of_a_foreign_update_is_installed_and_confirmed_once_it_is_here() -> None:
    fetched = code(m.CodeKind.AUTHORIZATION, S1, authorization=said(S1, rms=5))
    held = m.HeldState(codes=(fetched,), reserved=(known(S1, m.ReservedState.ISSUED),))
    shown = [instance(S1, line(RMS, 3, pending=5))]
    made = names(planned(ONE, READY, [stock(rms=50, instances=shown)], held))
    assert made == ["install_authorization", "confirm_reservation"]


def test_a_node_on_an_old_release_keeps_its_token() -> None:
    """It would be deregistered, and then know no reservations."""
    held = m.HeldState(evaluation=(m.EvaluationSeen(S1, 80 * 86400, NOW),))
    made = planned(ONE, licence(), held=held, version="X14.0.11")
    assert made.actions == ()
    assert "XL006" in [refusal.rule for refusal in made.refusals]


def test_the_instance_of_a_replaced_node_is_no_ghost_before_its_reservation_has_gone_over() -> None:
    new = core(nodes={"n1": {"replaces": "0DEAD001"}})
    old = instance("0DEAD001", line(RMS, 5))
    assert "XL340" not in rules_of(planned(new, FRESH, [stock(rms=50, instances=[old])]))
    there = [old, instance(S1, line(RMS, 5))]
    assert "XL340" in rules_of(planned(new, READY, [stock(rms=50, instances=there)]))
    unread = seen(accounts=[stock(rms=50, instances=[old])])
    assert "XL340" not in rules_of(plan(desired(new, entitlements=NAMES), unread))


def test_on_a_hand_off_account_an_installed_node_needs_an_attestation() -> None:
    made = planned(ONE, READY, by_person=True)
    assert made.actions == ()
    (finding,) = [item for item in made.findings if item.code == "XL370"]
    assert "handoff attest emea" in str(finding.remedy)


def test_a_listed_ghost_is_removed_and_one_that_holds_a_reservation_is_not() -> None:
    listed = (m.RemoveInstance("0DEAD001", "scrapped"), m.RemoveInstance("0DEAD002", "scrapped"))
    of = core()
    shown = [
        m.Instance("old", serial="0DEAD001", reserved=()),
        instance("0DEAD002", line(RMS, 5)),
        instance(S1, line(RMS, 5)),
    ]
    made = planned(of, READY, [stock(rms=5, instances=shown)], home={"remove_instances": listed})
    assert [(action.kind, action.subject) for action in made.actions] == [(K.REMOVE_GHOST, "0DEAD001")]


def test_a_listed_ghost_stays_where_anybody_says_that_it_holds_licences_or_nobody_lists_it() -> None:
    def removed(at: m.AccountObserved | None, held: m.HeldState | None = None) -> list[str]:
        home = {"remove_instances": (m.RemoveInstance("0dead001", "scrapped"),)}
        shown = [] if at is None else [at]
        made = planned(core(), READY, shown, held, home=home)
        return [action.subject for action in made.actions if action.kind is K.REMOVE_GHOST]

    silent = m.Instance("old", serial="0dead001")
    journal = m.HeldState(reserved=(known("0DEAD001", m.ReservedState.INSTALLED),))
    free = m.HeldState(reserved=(known("0DEAD001", m.ReservedState.FREED, at=LONG_AGO),))
    assert removed(stock(rms=5, instances=[silent])) == ["0dead001"]
    assert removed(stock(rms=5, instances=[silent]), free) == ["0dead001"]
    assert removed(stock(rms=5, instances=[silent]), journal) == []
    assert removed(stock(rms=5, instances=[instance("0dead001", line(RMS, 5))])) == []
    assert removed(stock(rms=5, instances=m.UNKNOWN)) == []
    assert removed(None) == []


JUST_NOW, LONG_AGO = NOW - timedelta(minutes=2), NOW - timedelta(hours=2)


@pytest.mark.parametrize(("at", "goes_on"), [(JUST_NOW, True), (LONG_AGO, False)])
def test_a_removal_that_cssm_does_not_show_yet_is_not_taken_for_a_stranded_one(
    at: object, goes_on: bool
) -> None:
    held = m.HeldState(reserved=(known(S1, m.ReservedState.FREED, at=at),))
    made = planned(ONE, FRESH, [stock(rms=50, instances=[instance(S1, line(RMS, 5))])], held)
    assert bool(made.actions) is goes_on
    assert ("XL370" in rules_of(made)) is not goes_on


@pytest.mark.parametrize(("at", "fine"), [(JUST_NOW, True), (LONG_AGO, False)])
def test_a_confirmation_that_cssm_does_not_show_yet_is_not_taken_for_somebody_elses_update(
    at: object, fine: bool
) -> None:
    held = m.HeldState(reserved=(known(S1, m.ReservedState.INSTALLED, at=at, lines=said(S1, rms=5).lines),))
    made = planned(ONE, READY, [stock(rms=50, instances=[instance(S1, line(RMS, 3, pending=5))])], held)
    assert made.actions == ()
    assert ("XL370" in rules_of(made)) is not fine


def test_a_cluster_that_holds_reservations_counts_for_the_limit_of_changed_clusters() -> None:
    wants = core(nodes={"n1": {"reserve": reserve(rms=8)}})
    policy = m.Policy(clusters_changed_at_least=0, clusters_changed_percent=30)
    made = planned(wants, READY, [stock(rms=50, instances=[instance(S1, line(RMS, 5))])], policy=policy)
    assert made.actions == ()
    assert "XL330" in rules_of(made)
