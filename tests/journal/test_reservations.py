"""What effects, answers and persons' words tell of a reservation, from real journal files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler import model as m
from reconciler.errors import UsageError
from reconciler.journal import SqliteJournal, Verdict

from .bench import E1, EMEA, NOW, Desk
from .reserved import (
    AUTHORIZATION_SLOT,
    CONFIRMATION,
    CONFIRMATION_SLOT,
    REQUEST,
    REQUEST_SLOT,
    RETURN,
    RETURN_SLOT,
    SERIAL,
    UDI,
    authorization,
    authorized,
    did,
    held_slots,
    lines,
    parked,
    reserved,
    step,
)

K, S = m.Kind, m.ReservedState


def installed(journal: SqliteJournal, rms: int = 10) -> None:
    did(journal, K.REQUEST_RESERVATION, REQUEST)
    did(journal, K.RESERVE, authorization(rms), lines=lines(rms))
    did(journal, K.INSTALL_AUTHORIZATION, confirms=False)


def test_a_first_reservation_goes_from_requested_to_issued_to_installed(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.REQUEST_RESERVATION, REQUEST)
    assert journal.held().requested == (m.Requested(SERIAL, NOW),)
    assert journal.held().reserved == ()
    did(journal, K.RESERVE, authorization())
    issued = m.Reserved(SERIAL, EMEA, S.ISSUED, NOW, authorized(), (), UDI)
    assert reserved(journal) == issued
    assert set(held_slots(journal.held())) == {AUTHORIZATION_SLOT}
    did(journal, K.INSTALL_AUTHORIZATION, confirms=False)
    assert reserved(journal) == replace(issued, state=S.INSTALLED)
    assert journal.held().requested == ()
    assert journal.held().codes == ()


def test_what_is_known_of_reservations_outlives_the_process(desk: Desk) -> None:
    with desk.open() as journal:
        did(journal, K.REQUEST_RESERVATION, REQUEST)
        did(journal, K.RESERVE, authorization())
        journal.attest(m.Attested(EMEA, NOW, "ann"))
        journal.resolve_serial(SERIAL, "adopt", None, "mine")
        held = journal.held()
    assert desk.open().held() == held
    assert held.reserved
    assert held.requested
    assert held.attested
    assert held.resolutions


def test_an_authorization_code_is_held_with_what_it_says_and_not_with_its_value(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.RESERVE, authorization(7))
    code = held_slots(journal.held())[AUTHORIZATION_SLOT]
    assert code.authorization is not None
    assert (code.authorization.udi, code.authorization.lines) == (UDI, authorized(7))
    did(journal, K.UPDATE_RESERVATION, "A9-B7 of no known form")
    assert journal.held().codes[-1].authorization is None
    assert reserved(journal).lines == ()


def test_an_update_keeps_the_old_totals_until_the_confirmation(desk: Desk) -> None:
    journal = desk.open()
    installed(journal, 10)
    did(journal, K.UPDATE_RESERVATION, authorization(15), lines=lines(15, before=10))
    update = reserved(journal)
    assert (update.state, update.lines, update.before) == (S.UPDATE_ISSUED, authorized(15), authorized(10))
    did(journal, K.INSTALL_AUTHORIZATION, CONFIRMATION, confirms=True)
    assert reserved(journal) == replace(update, state=S.UPDATE_INSTALLED)
    assert set(held_slots(journal.held())) == {CONFIRMATION_SLOT}
    did(journal, K.CONFIRM_RESERVATION)
    assert reserved(journal) == replace(update, state=S.INSTALLED, before=())
    assert journal.held().codes == ()


def test_an_update_of_a_reservation_that_this_journal_never_saw_takes_the_old_totals_from_the_action(
    desk: Desk,
) -> None:
    journal = desk.open()
    did(journal, K.UPDATE_RESERVATION, authorization(15), lines=lines(15, before=10))
    (line,) = reserved(journal).before
    assert (line.quantity, line.name) == (10, "Expressway Rich Media Session")


def test_a_second_update_before_the_first_is_installed_still_knows_what_is_installed(desk: Desk) -> None:
    journal = desk.open()
    installed(journal, 10)
    did(journal, K.UPDATE_RESERVATION, authorization(15))
    did(journal, K.FETCH_AUTHORIZATION, authorization(15))
    update = reserved(journal)
    assert (update.state, update.before) == (S.UPDATE_ISSUED, authorized(10))


def test_a_code_fetched_for_a_node_without_a_reservation_is_that_of_a_first_one(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.REQUEST_RESERVATION, REQUEST)
    did(journal, K.FETCH_AUTHORIZATION, authorization())
    assert reserved(journal).state is S.ISSUED
    assert set(held_slots(journal.held())) == {AUTHORIZATION_SLOT}


def test_a_return_code_that_was_kept_says_returned_whatever_became_of_the_effect(desk: Desk) -> None:
    journal = desk.open()
    installed(journal)
    effect = journal.intent("run-1", step(K.RETURN_RESERVATION))
    effect.sending()
    assert reserved(journal).state is S.INSTALLED
    effect.code(m.Produced(m.CodeKind.RETURN, RETURN), RETURN_SLOT)
    effect.unknown("the connection was lost")
    assert reserved(journal).state is S.RETURNED
    did(journal, K.REMOVE_INSTANCE)
    assert reserved(journal).state is S.FREED
    assert reserved(journal).lines == authorized()
    assert RETURN_SLOT not in held_slots(journal.held())


def test_a_code_never_installed_goes_back_by_cancel_return_and_remove(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.REQUEST_RESERVATION, REQUEST)
    did(journal, K.RESERVE, authorization())
    did(journal, K.CANCEL_RESERVATION)
    assert journal.held().requested == ()
    assert reserved(journal).state is S.ISSUED
    did(journal, K.RETURN_AUTHORIZATION, RETURN)
    assert reserved(journal).state is S.RETURNED
    assert set(held_slots(journal.held())) == {RETURN_SLOT}
    did(journal, K.REMOVE_INSTANCE)
    assert reserved(journal).state is S.FREED


def test_a_cancelled_request_uses_its_code_up(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.REQUEST_RESERVATION, REQUEST)
    did(journal, K.CANCEL_RESERVATION)
    assert journal.held().codes == ()
    assert [code.slot for code in journal.codes(all=True)] == [REQUEST_SLOT]


def test_a_rehost_frees_the_node_that_it_replaces(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.REHOST, authorization(), replaces="0AB0AB0A", lines=lines())
    found = {item.serial: item.state for item in journal.held().reserved}
    assert found == {SERIAL: S.ISSUED, "0AB0AB0A": S.FREED}


def test_an_install_of_a_code_that_came_from_elsewhere_knows_its_account_from_the_code(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", step(K.RESERVE))
    effect.sending()
    effect.code(m.Produced(m.CodeKind.AUTHORIZATION, authorization()), AUTHORIZATION_SLOT)
    effect.failed("what was read back does not fit")
    did(journal, K.INSTALL_AUTHORIZATION, confirms=False)
    assert reserved(journal) == m.Reserved(SERIAL, EMEA, S.INSTALLED, NOW, authorized(), (), UDI)


def test_steps_without_anything_known_before_still_leave_a_state(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.RETURN_RESERVATION)
    assert reserved(journal) == m.Reserved(SERIAL, m.WORKSPACE, S.RETURNED, NOW)
    did(journal, K.INSTALL_AUTHORIZATION, confirms=False)
    assert reserved(journal).account == m.WORKSPACE
    did(journal, K.ENABLE_RESERVATION)
    did(journal, K.DISABLE_RESERVATION)
    assert reserved(journal).state is S.INSTALLED


def test_an_install_alone_in_a_new_journal_says_installed_and_no_lines(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.INSTALL_AUTHORIZATION, confirms=False)
    assert reserved(journal) == m.Reserved(SERIAL, m.WORKSPACE, S.INSTALLED, NOW)


@pytest.mark.parametrize(
    ("ending", "is_ours"),
    [
        ("intent only", False),
        ("not sent", False),
        ("refused", False),
        ("open", True),
        ("unknown", True),
        ("observed, code lost", True),
        ("code came", True),
        ("adopt", True),
        ("absent", False),
        ("abandon", True),
        ("observed absent", False),
        ("observed lost", True),
    ],
)
def test_a_request_is_ours_as_long_as_it_may_have_printed_a_code(
    desk: Desk, ending: str, is_ours: bool
) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", step(K.REQUEST_RESERVATION))
    if ending != "intent only":
        effect.sending()
    match ending:
        case "not sent":
            effect.not_sent("the connection was never there")
        case "refused":
            effect.failed("the node says no")
        case "unknown":
            effect.unknown("no answer")
        case "observed, code lost":
            effect.verified([])
            effect.failed("requested, the code is lost")
        case "code came":
            effect.code(m.Produced(m.CodeKind.REQUEST, REQUEST), REQUEST_SLOT)
            effect.failed("it does not show")
        case "adopt" | "absent" | "abandon":
            journal.resolve(effect.op_id, ending, None, "seen")  # type: ignore[arg-type]
        case "observed absent":
            journal.resolve_observed(effect.op_id, m.EffectState.FAILED, "the node shows no request")
        case "observed lost":
            lost = "requested, the code is lost"
            journal.resolve_observed(effect.op_id, m.EffectState.FAILED, lost, took_effect=True)
    assert bool(journal.held().requested) is is_ours


def test_an_effect_that_a_person_adopts_did_what_it_was_to_do(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", step(K.RETURN_RESERVATION))
    effect.sending()
    effect.unknown("no answer")
    journal.resolve(effect.op_id, "adopt", None, "the node shows unregistered")
    assert reserved(journal).state is S.RETURNED


def test_an_open_effect_tells_its_parameters(desk: Desk) -> None:
    journal = desk.open()
    journal.intent("run-1", step(K.RESERVE, lines=lines()))
    (effect,) = journal.held().open_effects
    assert effect.params["lines"] == lines()


def test_a_person_decides_about_a_state_that_is_not_ours(desk: Desk, tmp_path: Path) -> None:
    journal = desk.open()
    shot = tmp_path / "page.png"
    shot.write_bytes(b"pixels")
    journal.resolve_serial(SERIAL, "abandon", None, "first thought")
    decided = journal.resolve_serial(SERIAL, "adopt", shot, "it is mine")
    assert journal.held().resolutions == (decided,)
    assert (decided.how, decided.at, decided.reason) == ("adopt", NOW, "it is mine")
    with pytest.raises(UsageError, match="adopt, absent, abandon"):
        journal.resolve_serial(SERIAL, "forget", None, "no")  # type: ignore[arg-type]


@pytest.mark.parametrize(("how", "is_ours"), [("adopt", True), ("absent", False), ("abandon", False)])
def test_a_decision_about_a_node_ends_its_request_unless_it_is_adopted(
    desk: Desk, how: str, is_ours: bool
) -> None:
    journal = desk.open()
    did(journal, K.REQUEST_RESERVATION, REQUEST)
    journal.resolve_serial(SERIAL, how, None, "seen")  # type: ignore[arg-type]
    assert bool(journal.held().requested) is is_ours


def test_a_decision_holds_until_the_state_that_it_was_about_has_passed(desk: Desk) -> None:
    journal = desk.open()
    journal.resolve_serial(SERIAL, "adopt", None, "mine")
    did(journal, K.RESERVE, authorization())
    assert journal.held().resolutions
    did(journal, K.INSTALL_AUTHORIZATION, confirms=False)
    assert journal.held().resolutions == ()


def test_the_newest_attestation_of_an_account_counts(desk: Desk) -> None:
    journal = desk.open()
    other = m.Address.of_account("plant")
    instance = m.Instance("e1", serial=SERIAL, reserved=(m.ReservedLine("RMS", 10),))
    first = m.Attested(EMEA, NOW, "ann", pool=(m.PoolLine("RMS", available=3),))
    second = m.Attested(EMEA, NOW, "bob", (instance,), ticket="CHG7")
    plant = m.Attested(other, NOW, "ann")
    for attested in (first, plant, second):
        journal.attest(attested)
    assert set(desk.open().held().attested) == {second, plant}


def test_an_answered_reservation_counts_as_done_and_uses_the_request_up(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.REQUEST_RESERVATION, REQUEST)
    waiting = parked(journal, K.RESERVE, lines=lines())
    journal.answer(waiting.handoff_id, authorization())
    assert reserved(journal) == m.Reserved(SERIAL, EMEA, S.ISSUED, NOW, authorized(), (), UDI)
    assert set(held_slots(journal.held())) == {AUTHORIZATION_SLOT}
    assert journal.held().waiting == ()


@pytest.mark.parametrize(
    ("kind", "state", "slot"),
    [
        (K.CONFIRM_RESERVATION, S.INSTALLED, CONFIRMATION_SLOT),
        (K.REMOVE_INSTANCE, S.FREED, RETURN_SLOT),
    ],
)
def test_a_step_that_a_person_says_is_done_counts_as_done(
    desk: Desk, kind: m.Kind, state: m.ReservedState, slot: str
) -> None:
    journal = desk.open()
    installed(journal)
    did(journal, K.UPDATE_RESERVATION, authorization(15))
    did(journal, K.INSTALL_AUTHORIZATION, CONFIRMATION, confirms=True)
    if kind is K.REMOVE_INSTANCE:
        did(journal, K.RETURN_RESERVATION, RETURN)
    waiting = parked(journal, kind)
    assert slot in held_slots(journal.held())
    journal.answer(waiting.handoff_id, None)
    assert reserved(journal).state is state
    assert slot not in held_slots(journal.held())
    assert journal.held().waiting[0].done


def test_a_step_by_a_person_at_the_node_counts_too(desk: Desk) -> None:
    journal = desk.open()
    waiting = parked(journal, K.REQUEST_RESERVATION)
    journal.answer(waiting.handoff_id, REQUEST)
    assert journal.held().requested == (m.Requested(SERIAL, NOW),)
    assert journal.code_value(REQUEST_SLOT) == REQUEST
    returning = parked(journal, K.RETURN_RESERVATION)
    journal.answer(returning.handoff_id, RETURN)
    assert reserved(journal).state is S.RETURNED


def test_a_journal_from_before_reservations_is_read(desk: Desk) -> None:
    """Records without the newer fields: a code without what it says, a hand-off without parameters."""
    journal = desk.open()
    code = m.to_data(m.HeldCode("code-1", m.CodeKind.TOKEN, "token/emea/allowed", EMEA, "emea", NOW, False))
    del code["authorization"]
    sealed = journal._seal.seal_text("value")
    journal._write("code", {"code": code, "sealed": sealed})  # type: ignore[arg-type]
    waiting = m.to_data(m.Waiting("handoff-1", "a", K.SET_PROXY.value, E1, SERIAL, NOW, ()))
    del waiting["params"]
    journal._write("parked", waiting)  # type: ignore[arg-type]
    held = desk.open().held()
    assert held.codes[0].authorization is None
    assert held.waiting[0].params == {}


@pytest.mark.parametrize("observed", ["in the run", "in a later run"])
def test_an_update_whose_code_is_lost_is_issued_all_the_same(desk: Desk, observed: str) -> None:
    journal = desk.open()
    installed(journal, 10)
    effect = journal.intent("run-1", step(K.UPDATE_RESERVATION, lines=lines(15, before=10)))
    effect.sending()
    if observed == "in the run":
        effect.verified([])
        effect.failed("updated at CSSM, the code is lost")
    else:
        effect.unknown("no answer")
        journal.resolve_observed(effect.op_id, m.EffectState.FAILED, "lost", took_effect=True)
    update = reserved(journal)
    assert (update.state, update.before) == (S.UPDATE_ISSUED, authorized(10))
    assert [line.quantity for line in update.lines] == [15]


def test_a_reservation_that_cssm_does_not_show_leaves_its_request_for_the_next_try(desk: Desk) -> None:
    journal = desk.open()
    did(journal, K.REQUEST_RESERVATION, REQUEST)
    effect = journal.intent("run-1", step(K.RESERVE))
    effect.sending()
    effect.unknown("no answer")
    journal.resolve_observed(effect.op_id, m.EffectState.FAILED, "CSSM shows nothing")
    assert journal.held().reserved == ()
    assert set(held_slots(journal.held())) == {REQUEST_SLOT}
    assert journal.held().requested


def test_with_its_instance_every_code_of_a_reservation_is_over(desk: Desk) -> None:
    """An update that a person entered while the return was on its way."""
    journal = desk.open()
    installed(journal)
    did(journal, K.RETURN_RESERVATION, RETURN)
    waiting = parked(journal, K.UPDATE_RESERVATION, lines=lines(15, before=10))
    journal.answer(waiting.handoff_id, authorization(15))
    did(journal, K.REMOVE_INSTANCE)
    assert held_slots(journal.held()) == {}
    assert reserved(journal).state is S.FREED


def test_a_code_fetched_for_lines_that_nobody_knows_is_accepted_whatever_it_gives(desk: Desk) -> None:
    journal = desk.open()
    waiting = parked(journal, K.FETCH_AUTHORIZATION, lines=[])
    assert journal.answer(waiting.handoff_id, authorization(10)).verdict is Verdict.ACCEPTED
    assert reserved(journal).lines == authorized(10)
