"""Which codes an effect gets, which it brings, and that none leaves without a place to keep what comes."""

from __future__ import annotations

import asyncio

import pytest

from reconciler import model as m
from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.execution.effects import carry_out
from reconciler.ports import Inputs
from tests.journal.bench import EMEA, make_desk
from tests.journal.reserved import (
    AUTHORIZATION_SLOT,
    CONFIRMATION,
    CONFIRMATION_SLOT,
    REQUEST,
    REQUEST_SLOT,
    RETURN,
    RETURN_SLOT,
    authorization,
    did,
    lines,
    step,
)

from .stand import Stand, Status, answers, breaks, marked

K, C, S = m.Kind, m.CodeKind, m.ReservedState


async def test_a_whole_life_names_each_code_once_and_uses_it_up(stand: Stand) -> None:
    code, more = authorization(10), authorization(15)
    stand.plays(
        K.REQUEST_RESERVATION,
        answers((C.REQUEST, REQUEST), then=lambda: stand.shows(Status.RESERVATION_PENDING)),
    )
    stand.plays(K.RESERVE, answers((C.AUTHORIZATION, code)))
    stand.plays(K.INSTALL_AUTHORIZATION, answers(then=lambda: stand.shows(Status.RESERVED_SPECIFIC)))
    stand.plays(K.UPDATE_RESERVATION, answers((C.AUTHORIZATION, more)))
    stand.plays(K.CONFIRM_RESERVATION, answers())
    stand.plays(
        K.RETURN_RESERVATION,
        answers((C.RETURN, RETURN), then=lambda: stand.shows(Status.UNREGISTERED)),
    )
    stand.plays(K.REMOVE_INSTANCE, answers())
    life = [
        step(K.REQUEST_RESERVATION),
        step(K.RESERVE, lines=lines()),
        step(K.INSTALL_AUTHORIZATION, confirms=False, request=REQUEST_SLOT),
        step(K.UPDATE_RESERVATION, lines=lines(15, before=10)),
    ]
    for action in life:
        assert (await stand.carry_out(action)).result is m.Result.DONE
    stand.plays(K.INSTALL_AUTHORIZATION, answers((C.CONFIRMATION, CONFIRMATION)))
    rest = [
        step(K.INSTALL_AUTHORIZATION, confirms=True),
        step(K.CONFIRM_RESERVATION),
        step(K.RETURN_RESERVATION),
        step(K.REMOVE_INSTANCE),
    ]
    for action in rest:
        assert (await stand.carry_out(action)).result is m.Result.DONE
    assert stand.node.sent == [
        (K.REQUEST_RESERVATION, {}),
        (K.INSTALL_AUTHORIZATION, {REQUEST_SLOT: REQUEST, AUTHORIZATION_SLOT: code}),
        (K.INSTALL_AUTHORIZATION, {AUTHORIZATION_SLOT: more}),
        (K.RETURN_RESERVATION, {}),
    ]
    assert stand.account.sent == [
        (K.RESERVE, {REQUEST_SLOT: REQUEST}),
        (K.UPDATE_RESERVATION, {}),
        (K.CONFIRM_RESERVATION, {CONFIRMATION_SLOT: CONFIRMATION}),
        (K.REMOVE_INSTANCE, {RETURN_SLOT: RETURN}),
    ]
    held = stand.journal.held()
    assert held.codes == ()
    assert held.open_effects == ()
    assert held.requested == ()
    assert held.reserved[0].state is S.FREED


@pytest.mark.parametrize(
    ("kind", "slot"),
    [
        (K.RESERVE, REQUEST_SLOT),
        (K.INSTALL_AUTHORIZATION, AUTHORIZATION_SLOT),
        (K.CONFIRM_RESERVATION, CONFIRMATION_SLOT),
        (K.REMOVE_INSTANCE, RETURN_SLOT),
        (K.RETURN_AUTHORIZATION, AUTHORIZATION_SLOT),
    ],
)
async def test_without_the_code_that_it_names_nothing_is_sent(stand: Stand, kind: m.Kind, slot: str) -> None:
    outcome = await stand.carry_out(step(kind))
    assert (outcome.result, outcome.op_id) == (m.Result.FAILED, None)
    assert outcome.text == f"not sent: the journal holds no code for {slot}"
    assert stand.node.sent == stand.account.sent == []


async def test_an_optional_code_that_is_not_named_is_not_missed(stand: Stand) -> None:
    stand.plays(K.CONFIRM_RESERVATION, answers())
    outcome = await stand.carry_out(step(K.CONFIRM_RESERVATION, confirmation=None))
    assert outcome.result is m.Result.DONE


@pytest.mark.parametrize("kind", [K.REQUEST_RESERVATION, K.INSTALL_AUTHORIZATION])
async def test_where_no_code_could_be_kept_nothing_that_may_print_one_is_sent(
    stand: Stand, kind: m.Kind
) -> None:
    did(stand.journal, K.RESERVE, authorization())
    desk = make_desk(stand.desk.folder.parent.parent)
    desk.recipients = ()
    stand.journal = desk.open()
    outcome = await stand.carry_out(step(kind, confirms=False))
    assert outcome.result is m.Result.FAILED
    assert "could not be kept" in outcome.text
    assert stand.node.sent == []
    stand.journal.close()


async def test_a_confirmation_code_that_nobody_asked_for_is_kept(stand: Stand) -> None:
    did(stand.journal, K.RESERVE, authorization())
    stand.plays(
        K.INSTALL_AUTHORIZATION,
        answers((C.CONFIRMATION, CONFIRMATION), then=lambda: stand.shows(Status.RESERVED_SPECIFIC)),
    )
    await stand.carry_out(step(K.INSTALL_AUTHORIZATION, confirms=False))
    assert stand.slots() == {CONFIRMATION_SLOT}
    assert stand.journal.held().reserved[0].state is S.INSTALLED


async def test_a_code_proves_its_step_although_the_node_does_not_show_it(stand: Stand) -> None:
    stand.plays(K.REQUEST_RESERVATION, answers((C.REQUEST, REQUEST), then=lambda: stand.shows(m.UNKNOWN)))
    outcome = await stand.carry_out(step(K.REQUEST_RESERVATION))
    assert outcome.result is m.Result.DONE
    assert "not yet visible" in outcome.text
    assert stand.slots() == {REQUEST_SLOT}


async def test_an_answer_without_its_code_is_one_that_was_lost(stand: Stand) -> None:
    stand.plays(K.RETURN_RESERVATION, answers(text="OK"))
    outcome = await stand.carry_out(step(K.RETURN_RESERVATION))
    assert outcome.result is m.Result.UNKNOWN
    assert "holds no code" in outcome.text
    assert stand.is_open


async def test_who_cancels_waits_until_the_code_is_on_disk(stand: Stand) -> None:
    arrived = asyncio.Event()
    sent = asyncio.Event()

    async def slowly(action: m.Action, inputs: Inputs) -> m.Reply:
        inputs.tap.sending()
        sent.set()
        await arrived.wait()
        inputs.tap.received(b"the code")
        return m.Reply("OK", (m.Produced(C.RETURN, RETURN),))

    stand.plays(K.RETURN_RESERVATION, slowly)
    run_id = stand.begin()
    task = asyncio.ensure_future(carry_out(stand.engine, run_id, step(K.RETURN_RESERVATION), {}))
    await sent.wait()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    arrived.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stand.slots() == {RETURN_SLOT}
    stand.journal.release(run_id)
    await stand.later(minutes=1)
    assert stand.op() == ("done", "its code was kept")


async def test_an_idempotent_set_may_be_cut_off(stand: Stand) -> None:
    sent = asyncio.Event()

    async def never(action: m.Action, inputs: Inputs) -> m.Reply:
        inputs.tap.sending()
        sent.set()
        await asyncio.Event().wait()
        return m.Reply()

    stand.plays(K.ENABLE_RESERVATION, never)
    run_id = stand.begin()
    task = asyncio.ensure_future(carry_out(stand.engine, run_id, step(K.ENABLE_RESERVATION), {}))
    await sent.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stand.op()[0] == "unknown"


async def test_what_cssm_has_accepted_is_done_where_the_account_shows_nothing(stand: Stand) -> None:
    did(stand.journal, K.RETURN_RESERVATION, RETURN)
    stand.lists(known=False)
    stand.plays(K.REMOVE_INSTANCE, answers(text="accepted"))
    outcome = await stand.carry_out(step(K.REMOVE_INSTANCE))
    assert outcome.result is m.Result.DONE
    assert outcome.text.startswith("accepted; not yet visible")
    assert len(stand.account.looks) == 1


async def test_a_refusal_leaves_the_code_where_it_is(stand: Stand) -> None:
    did(stand.journal, K.RESERVE, authorization())

    def refuse(action: m.Action, inputs: Inputs) -> m.Reply:
        raise Rejected("the code is for another node, and it is kept")

    stand.plays(K.INSTALL_AUTHORIZATION, refuse)
    outcome = await stand.carry_out(step(K.INSTALL_AUTHORIZATION, confirms=False))
    assert outcome.result is m.Result.FAILED
    assert AUTHORIZATION_SLOT in stand.slots()


async def test_a_token_that_came_whole_before_the_connection_broke_is_used(stand: Stand) -> None:
    slot = "token/emea/allowed"
    action = m.Action(
        "account.create_token:emea:1", EMEA, K.CREATE_TOKEN, "emea",
        {"expires_after_days": 1}, m.Carrier.API, m.EffectClass.ONCE, "a test", makes=slot,
    )  # fmt: skip
    stand.plays(K.CREATE_TOKEN, breaks(OutcomeUnknown("cut off"), marked(C.TOKEN, "canary-token")))
    outcome = await stand.carry_out(action)
    assert outcome.result is m.Result.DONE
    assert stand.slots() == {slot}
    assert stand.journal.held().codes[0].expires_at is not None
