"""Steps that a person does: what is parked, what comes back, and what closes itself when it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler import model as m
from reconciler.execution.run import _Schedule
from reconciler.journal import Verdict
from tests.journal.bench import E1, EMEA, NOW
from tests.journal.reserved import (
    AUTHORIZATION_SLOT,
    CONFIRMATION,
    CONFIRMATION_SLOT,
    REQUEST,
    REQUEST_SLOT,
    RETURN,
    RETURN_SLOT,
    SERIAL,
    authorization,
    did,
    lines,
    parked,
    step,
)

from .stand import Stand, Status, answers, instance

K, C, S, R = m.Kind, m.CodeKind, m.ReservedState, m.Result
PERSON = m.Carrier.PERSON
NAME = "Expressway Rich Media Session"


async def scheduled(stand: Stand, *actions: m.Action) -> dict[m.Kind, m.Result]:
    """One run of exactly these actions."""
    plan = m.Plan(
        "digest", "nonce", "ws1", NOW, NOW + timedelta(days=1), "1.0", m.Observation(NOW), actions=actions
    )
    outcomes: dict[str, m.ActionOutcome] = {}
    run_id = stand.begin()
    await _Schedule(stand.engine, run_id, plan, outcomes).carry_out_all()
    stand.journal.release(run_id)
    return {outcome.action.kind: outcome.result for outcome in outcomes.values()}


def by_person(kind: m.Kind, *needs: m.Action, **params: object) -> m.Action:
    action = step(kind, carrier=PERSON, **params)
    return replace(action, needs=tuple(needed.id for needed in needs))


async def test_the_run_goes_on_after_the_answer_with_the_code_that_came(stand: Stand) -> None:
    stand.plays(
        K.REQUEST_RESERVATION,
        answers((C.REQUEST, REQUEST), then=lambda: stand.shows(Status.RESERVATION_PENDING)),
    )
    request = step(K.REQUEST_RESERVATION)
    reserve = by_person(K.RESERVE, request, lines=lines())
    install = replace(step(K.INSTALL_AUTHORIZATION, confirms=False), needs=(reserve.id,))
    assert await scheduled(stand, request, reserve, install) == {
        K.REQUEST_RESERVATION: R.DONE,
        K.RESERVE: R.WAITING,
        K.INSTALL_AUTHORIZATION: R.SKIPPED,
    }
    (waiting,) = stand.journal.held().waiting
    assert (waiting.wants, waiting.slot, waiting.subject) == (C.AUTHORIZATION, AUTHORIZATION_SLOT, SERIAL)
    assert waiting.params["lines"] == lines()
    assert waiting.params["request"] == REQUEST_SLOT
    assert stand.journal.answer(waiting.handoff_id, authorization()).verdict is Verdict.ACCEPTED
    stand.plays(K.INSTALL_AUTHORIZATION, answers(then=lambda: stand.shows(Status.RESERVED_SPECIFIC)))
    assert await scheduled(stand, replace(install, needs=())) == {K.INSTALL_AUTHORIZATION: R.DONE}
    assert stand.node.sent[-1][1] == {AUTHORIZATION_SLOT: authorization()}


@pytest.mark.parametrize(
    ("kind", "wants"),
    [
        (K.RESERVE, C.AUTHORIZATION),
        (K.UPDATE_RESERVATION, C.AUTHORIZATION),
        (K.FETCH_AUTHORIZATION, C.AUTHORIZATION),
        (K.REHOST, C.AUTHORIZATION),
        (K.REQUEST_RESERVATION, C.REQUEST),
        (K.RETURN_RESERVATION, C.RETURN),
        (K.CONFIRM_RESERVATION, None),
        (K.REMOVE_INSTANCE, None),
        (K.ENABLE_RESERVATION, None),
    ],
)
async def test_a_hand_off_wants_the_code_that_its_step_brings(
    stand: Stand, kind: m.Kind, wants: m.CodeKind | None
) -> None:
    assert await scheduled(stand, by_person(kind)) == {kind: R.WAITING}
    (waiting,) = stand.journal.held().waiting
    assert waiting.wants is wants
    assert waiting.params == step(kind).params


async def test_a_removal_by_hand_closes_itself_when_the_instance_is_gone(stand: Stand) -> None:
    did(stand.journal, K.RETURN_RESERVATION, RETURN)
    stand.lists(instance())
    await scheduled(stand, by_person(K.REMOVE_INSTANCE))
    await stand.later(hours=1)
    assert len(stand.journal.held().waiting) == 1
    stand.lists()
    await stand.later(hours=1)
    held = stand.journal.held()
    assert held.waiting == ()
    assert held.reserved[0].state is S.FREED
    assert RETURN_SLOT not in stand.slots()


async def test_a_confirmation_by_hand_closes_itself_when_nothing_is_in_transit(stand: Stand) -> None:
    did(stand.journal, K.INSTALL_AUTHORIZATION, CONFIRMATION, confirms=True)
    await scheduled(stand, by_person(K.CONFIRM_RESERVATION))
    stand.lists(instance(m.ReservedLine(NAME, 10, pending=15)))
    await stand.later(hours=1)
    assert CONFIRMATION_SLOT in stand.slots()
    stand.lists(instance(m.ReservedLine(NAME, 15, pending=None)))
    await stand.later(hours=1)
    assert stand.journal.held().waiting == ()
    assert stand.journal.held().reserved[0].state is S.INSTALLED
    assert CONFIRMATION_SLOT not in stand.slots()


@pytest.mark.parametrize("known", [False, True])
async def test_a_step_said_to_be_done_where_nothing_can_show_it_is_taken_at_its_word(
    stand: Stand, known: bool
) -> None:
    did(stand.journal, K.INSTALL_AUTHORIZATION, CONFIRMATION, confirms=True)
    await scheduled(stand, by_person(K.CONFIRM_RESERVATION))
    stand.lists(instance(m.ReservedLine(NAME, 15)), known=known)
    await stand.later(hours=1)
    (waiting,) = stand.journal.held().waiting
    stand.journal.answer(waiting.handoff_id, None)
    await stand.later(hours=1)
    assert stand.journal.held().waiting == ()
    assert stand.journal.held().reserved[0].state is S.INSTALLED


async def test_a_step_said_to_be_done_at_an_account_that_cannot_be_read_waits(stand: Stand) -> None:
    await scheduled(stand, by_person(K.REMOVE_INSTANCE))
    (waiting,) = stand.journal.held().waiting
    stand.journal.answer(waiting.handoff_id, None)
    stand.lists(problem="no route")
    await stand.later(hours=1)
    assert stand.journal.held().waiting == (replace(waiting, done=True),)


async def test_a_switch_by_hand_closes_itself_only_when_the_node_shows_it(stand: Stand) -> None:
    await scheduled(stand, by_person(K.ENABLE_RESERVATION))
    await stand.later(hours=1)
    assert len(stand.journal.held().waiting) == 1
    stand.shows(Status.UNREGISTERED, reservation_enabled=True)
    await stand.later(hours=1)
    assert stand.journal.held().waiting == ()


async def test_a_switch_that_only_the_configuration_shows_counts_too(stand: Stand) -> None:
    await scheduled(stand, by_person(K.DISABLE_RESERVATION))
    node = stand.node.shown[E1]
    assert isinstance(node, m.NodeObserved)
    stand.node.shown[E1] = replace(node, smart=m.SmartConfig(reservation_enable=False))
    await stand.later(hours=1)
    assert stand.journal.held().waiting == ()


async def test_a_hand_off_that_wants_a_code_never_closes_itself_and_keeps_no_other_open(stand: Stand) -> None:
    waiting = parked(stand.journal, K.RESERVE, lines=lines())
    parked(stand.journal, K.ENABLE_RESERVATION)
    stand.shows(Status.UNREGISTERED, reservation_enabled=True)
    stand.lists(instance(m.ReservedLine(NAME, 10)))
    await stand.later(hours=1)
    assert stand.journal.held().waiting == (waiting,)


async def test_an_install_and_a_cancellation_by_hand_close_themselves(stand: Stand) -> None:
    did(stand.journal, K.RESERVE, authorization())
    parked(stand.journal, K.INSTALL_AUTHORIZATION, confirms=False)
    stand.shows(Status.RESERVATION_PENDING)
    await stand.later(hours=1)
    assert len(stand.journal.held().waiting) == 1
    stand.shows(Status.RESERVED_SPECIFIC)
    await stand.later(hours=1)
    assert stand.journal.held().waiting == ()
    assert stand.journal.held().reserved[0].state is S.INSTALLED
    assert stand.journal.held().reserved[0].account == EMEA
