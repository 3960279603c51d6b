"""An answer that never came, in the same run and for a later one: looked for, never sent again on a guess."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler import model as m
from reconciler.errors import OutcomeUnknown, Unreadable
from tests.journal.bench import E1, EMEA, make_desk
from tests.journal.reserved import (
    AUTHORIZATION_SLOT,
    CONFIRMATION,
    CONFIRMATION_SLOT,
    REQUEST,
    REQUEST_SLOT,
    RETURN,
    RETURN_SLOT,
    RMS,
    SERIAL,
    authorization,
    did,
    lines,
    step,
)

from .stand import Stand, Status, answers, breaks, instance, marked

K, C, S, R = m.Kind, m.CodeKind, m.ReservedState, m.Result
LOST = OutcomeUnknown("the connection broke")
NAME = "Expressway Rich Media Session"
Line = m.ReservedLine

BRINGING = [
    (K.REQUEST_RESERVATION, C.REQUEST, REQUEST, REQUEST_SLOT),
    (K.RESERVE, C.AUTHORIZATION, authorization(), AUTHORIZATION_SLOT),
    (K.UPDATE_RESERVATION, C.AUTHORIZATION, authorization(), AUTHORIZATION_SLOT),
    (K.RETURN_RESERVATION, C.RETURN, RETURN, RETURN_SLOT),
    (K.RETURN_AUTHORIZATION, C.RETURN, RETURN, RETURN_SLOT),
    (K.INSTALL_AUTHORIZATION, C.CONFIRMATION, CONFIRMATION, CONFIRMATION_SLOT),
]
EXTRA = {K.INSTALL_AUTHORIZATION: {"confirms": True}}


def prepare(stand: Stand, kind: m.Kind) -> None:
    """The codes that this kind names are there."""
    if kind is K.RESERVE:
        did(stand.journal, K.REQUEST_RESERVATION, REQUEST)
    if kind in (K.INSTALL_AUTHORIZATION, K.RETURN_AUTHORIZATION):
        did(stand.journal, K.RESERVE, authorization())
    if kind is K.REMOVE_INSTANCE:
        did(stand.journal, K.RETURN_RESERVATION, RETURN)
    if kind is K.CONFIRM_RESERVATION:
        did(stand.journal, K.INSTALL_AUTHORIZATION, CONFIRMATION, confirms=True)
    if kind is K.CANCEL_RESERVATION:
        did(stand.journal, K.REQUEST_RESERVATION, REQUEST)


@pytest.mark.parametrize(("kind", "brings", "value", "slot"), BRINGING)
@pytest.mark.parametrize("error", [LOST, Unreadable("what came is not JSON")])
async def test_a_whole_code_in_what_came_is_kept_and_the_step_is_done(
    stand: Stand, kind: m.Kind, brings: m.CodeKind, value: str, slot: str, error: OutcomeUnknown
) -> None:
    prepare(stand, kind)
    stand.plays(kind, breaks(error, b"Reservation code: " + marked(brings, value)))
    outcome = await stand.carry_out(step(kind, lines=lines(), **EXTRA.get(kind, {})))
    assert outcome.result is R.DONE
    assert stand.journal.code_value(slot) == value
    assert not stand.is_open


@pytest.mark.parametrize(("kind", "brings", "value", "slot"), BRINGING)
async def test_a_later_run_finds_the_whole_code_in_the_spool(
    stand: Stand, kind: m.Kind, brings: m.CodeKind, value: str, slot: str
) -> None:
    prepare(stand, kind)
    op_id = stand.left_open(step(kind, lines=lines(), **EXTRA.get(kind, {})), marked(brings, value))
    await stand.later(hours=1)
    assert stand.op(op_id) == ("done", "its code was found in the spool")
    assert stand.journal.code_value(slot) == value


@pytest.mark.parametrize("kind", [K.RETURN_RESERVATION, K.RETURN_AUTHORIZATION, K.INSTALL_AUTHORIZATION])
async def test_what_only_its_code_proves_stays_unknown_and_is_never_sent_again(
    stand: Stand, kind: m.Kind
) -> None:
    prepare(stand, kind)
    stand.plays(kind, breaks(LOST, b"Reservation return co"))
    outcome = await stand.carry_out(step(kind, **EXTRA.get(kind, {})))
    assert outcome.result is R.UNKNOWN
    assert outcome.remedy == f"xlicense op show {outcome.op_id}"
    assert stand.node.looks == []
    await stand.later(days=3)
    assert stand.op() == ("unknown", outcome.text)
    assert stand.is_open
    assert len(stand.node.sent) == 1


async def test_codes_that_are_not_readable_here_leave_everything_open(stand: Stand) -> None:
    desk = make_desk(stand.desk.folder.parent.parent)
    desk.identity = None
    stand.journal = desk.open()
    stand.plays(K.REQUEST_RESERVATION, breaks(LOST, marked(C.REQUEST, REQUEST)))
    outcome = await stand.carry_out(step(K.REQUEST_RESERVATION))
    assert outcome.result is R.UNKNOWN
    stand.shows(Status.RESERVATION_PENDING)
    await stand.later(days=1)
    assert stand.is_open
    stand.journal.close()


# The request


async def test_a_lost_request_code_is_told_and_the_request_stays_ours(stand: Stand) -> None:
    stand.plays(K.REQUEST_RESERVATION, breaks(LOST, b"CD-", lambda: stand.shows(Status.RESERVATION_PENDING)))
    outcome = await stand.carry_out(step(K.REQUEST_RESERVATION))
    assert outcome.result is R.UNKNOWN
    assert stand.op() == ("failed", "requested, the code is lost")
    assert stand.journal.held().requested
    assert not stand.is_open


async def test_a_request_that_never_took_effect_may_be_made_again(stand: Stand) -> None:
    stand.plays(K.REQUEST_RESERVATION, breaks(LOST))
    outcome = await stand.carry_out(step(K.REQUEST_RESERVATION))
    assert (outcome.result, outcome.seconds) == (R.FAILED, 60.0)
    assert stand.journal.held().requested == ()
    assert not stand.is_open


async def test_a_node_that_does_not_answer_after_its_request_is_left_alone(stand: Stand) -> None:
    stand.plays(K.REQUEST_RESERVATION, breaks(LOST, then=lambda: stand.shows(m.UNKNOWN)))
    outcome = await stand.carry_out(step(K.REQUEST_RESERVATION))
    assert outcome.result is R.UNKNOWN
    assert stand.is_open
    await stand.later(hours=1)
    assert stand.is_open
    stand.shows(Status.RESERVATION_PENDING)
    await stand.later(hours=1)
    assert stand.op() == ("failed", "requested, the code is lost")
    assert stand.journal.held().requested


@pytest.mark.parametrize(("seconds", "looks"), [(3600, 0), (1, 15)])
async def test_a_later_run_gives_a_node_half_a_minute_to_show_a_request(
    stand: Stand, seconds: float, looks: int
) -> None:
    op_id = stand.left_open(step(K.REQUEST_RESERVATION))
    await stand.later(seconds=seconds)
    assert len(stand.node.looks) - 1 == looks
    assert stand.op(op_id) == (
        "failed",
        "it did not take effect: cluster/ams-edge/node/e1 says unregistered",
    )
    assert stand.journal.held().requested == ()


async def test_a_request_that_shows_while_a_later_run_watches_is_lost_and_ours(stand: Stand) -> None:
    op_id = stand.left_open(step(K.REQUEST_RESERVATION))

    def before_look() -> None:
        if len(stand.node.looks) == 3:
            stand.shows(Status.RESERVATION_PENDING)

    stand.node.before_look = before_look
    await stand.later(seconds=1)
    assert stand.op(op_id)[0] == "failed"
    assert stand.journal.held().requested


# The first install, the cancellation


@pytest.mark.parametrize(
    ("kind", "shown", "result", "state"),
    [
        (K.INSTALL_AUTHORIZATION, Status.RESERVED_SPECIFIC, R.DONE, "done"),
        (K.INSTALL_AUTHORIZATION, Status.RESERVATION_PENDING, R.FAILED, "failed"),
        (K.INSTALL_AUTHORIZATION, Status.UNREGISTERED, R.UNKNOWN, "unknown"),
        (K.CANCEL_RESERVATION, Status.UNREGISTERED, R.DONE, "done"),
        (K.CANCEL_RESERVATION, Status.RESERVATION_PENDING, R.FAILED, "failed"),
        (K.CANCEL_RESERVATION, Status.RESERVED_SPECIFIC, R.UNKNOWN, "unknown"),
    ],
)
async def test_what_the_node_says_decides_about_an_install_and_a_cancellation(
    stand: Stand, kind: m.Kind, shown: Status, result: m.Result, state: str
) -> None:
    prepare(stand, kind)
    stand.plays(kind, breaks(LOST, then=lambda: stand.shows(shown)))
    outcome = await stand.carry_out(step(kind))
    assert (outcome.result, stand.op()[0]) == (result, state)
    wanted = {K.INSTALL_AUTHORIZATION: AUTHORIZATION_SLOT, K.CANCEL_RESERVATION: REQUEST_SLOT}[kind]
    assert (wanted in stand.slots()) is (result is not R.DONE)


@pytest.mark.parametrize(
    ("kind", "shown", "state"),
    [
        (K.INSTALL_AUTHORIZATION, Status.RESERVED_SPECIFIC, "verified"),
        (K.INSTALL_AUTHORIZATION, Status.RESERVATION_PENDING, "failed"),
        (K.CANCEL_RESERVATION, Status.UNREGISTERED, "verified"),
        (K.CANCEL_RESERVATION, Status.RESERVATION_PENDING, "failed"),
        (K.CANCEL_RESERVATION, Status.RESERVED_SPECIFIC, "sending"),
    ],
)
async def test_the_same_for_a_later_run(stand: Stand, kind: m.Kind, shown: Status, state: str) -> None:
    prepare(stand, kind)
    op_id = stand.left_open(step(kind))
    stand.shows(shown)
    await stand.later(minutes=1)
    assert stand.op(op_id)[0] == state


# The reserve and the update


@pytest.mark.parametrize(
    "listed",
    [
        instance(Line(NAME, 10)),
        instance(reserved=False),
        instance(reserved=False, serial=None, uuid="0D7C-1B5E"),
    ],
)
async def test_a_reservation_that_cssm_shows_is_never_made_twice(stand: Stand, listed: m.Instance) -> None:
    prepare(stand, K.RESERVE)
    stand.plays(K.RESERVE, breaks(LOST, then=lambda: stand.lists(listed)))
    outcome = await stand.carry_out(step(K.RESERVE, lines=lines()))
    assert outcome.result is R.UNKNOWN
    assert stand.op() == ("failed", "reserved at CSSM, the code is lost: fetch it at the portal")
    (known,) = stand.journal.held().reserved
    assert (known.state, known.lines) == (S.ISSUED, ())


async def test_a_slow_reservation_is_waited_for_until_it_cannot_succeed_any_more(stand: Stand) -> None:
    prepare(stand, K.RESERVE)
    stand.plays(K.RESERVE, breaks(LOST))
    outcome = await stand.carry_out(step(K.RESERVE, lines=lines()))
    assert (outcome.result, stand.op()[0]) == (R.UNKNOWN, "unknown")
    await stand.later(minutes=8)
    assert stand.is_open
    await stand.later(minutes=1)
    assert stand.op()[0] == "failed"
    assert stand.op()[1].startswith("CSSM shows nothing after 10 minutes")
    assert REQUEST_SLOT in stand.slots()
    stand.plays(K.RESERVE, answers((C.AUTHORIZATION, authorization())))
    assert (await stand.carry_out(step(K.RESERVE, lines=lines()))).result is R.DONE


async def test_a_slow_reservation_that_shows_in_a_later_run_is_to_be_fetched(stand: Stand) -> None:
    prepare(stand, K.RESERVE)
    op_id = stand.left_open(step(K.RESERVE, lines=lines()))
    stand.lists(instance(Line(NAME, 10)))
    await stand.later(minutes=1)
    assert stand.op(op_id) == ("failed", "reserved at CSSM, the code is lost: fetch it at the portal")
    assert stand.journal.held().reserved[0].state is S.ISSUED


@pytest.mark.parametrize("what", ["lists no instances", "cannot be read", "shows nothing reserved"])
async def test_an_account_that_cannot_tell_decides_nothing(stand: Stand, what: str) -> None:
    prepare(stand, K.RESERVE)
    op_id = stand.left_open(step(K.RESERVE, lines=lines()))
    stand.lists(
        *([instance()] if what == "shows nothing reserved" else []),
        known=what != "lists no instances",
        problem="no route" if what == "cannot be read" else None,
    )
    await stand.later(days=1)
    assert stand.op(op_id)[0] == "sending"


UPDATE = {"lines": lines(15, before=10)}


@pytest.mark.parametrize(
    ("shown", "state"),
    [
        ([Line(NAME, 10, RMS, pending=15)], "failed"),
        ([Line(NAME, 15, pending=None)], "failed"),
        ([Line(NAME, 10, RMS, pending=None)], "unknown"),
        ([Line(NAME, 10, RMS)], "unknown"),
        ([Line(NAME, 10, "another", pending=None)], "unknown"),
        ([Line(NAME, 10, RMS, pending=12)], "unknown"),
        (None, "unknown"),
    ],
)
async def test_the_totals_that_cssm_shows_decide_about_an_update(
    stand: Stand, shown: list[m.ReservedLine] | None, state: str
) -> None:
    listed = instance(*shown) if shown is not None else instance(reserved=False)
    stand.plays(K.UPDATE_RESERVATION, breaks(LOST, then=lambda: stand.lists(listed)))
    outcome = await stand.carry_out(step(K.UPDATE_RESERVATION, **UPDATE))
    assert (outcome.result, stand.op()[0]) == (R.UNKNOWN, state)
    if state == "failed":
        assert stand.journal.held().reserved[0].state is S.UPDATE_ISSUED


@pytest.mark.parametrize(
    ("line", "state"),
    [(Line(NAME, 10, RMS, pending=None), "failed"), (Line(NAME, 10, RMS), "sending")],
)
async def test_an_update_that_cssm_positively_does_not_show_may_be_made_again(
    stand: Stand, line: m.ReservedLine, state: str
) -> None:
    op_id = stand.left_open(step(K.UPDATE_RESERVATION, **UPDATE))
    stand.lists(instance(line))
    await stand.later(minutes=11)
    assert stand.op(op_id)[0] == state
    assert stand.journal.held().reserved == ()


# The removal, the confirmation


@pytest.mark.parametrize("kind", [K.REMOVE_INSTANCE, K.REMOVE_GHOST])
async def test_an_instance_that_is_gone_was_removed(stand: Stand, kind: m.Kind) -> None:
    prepare(stand, kind)
    stand.lists(instance())
    stand.plays(kind, breaks(LOST, then=stand.lists))
    assert (await stand.carry_out(step(kind))).result is R.DONE
    assert RETURN_SLOT not in stand.slots()


async def test_an_instance_that_is_still_there_may_go_until_a_later_run(stand: Stand) -> None:
    prepare(stand, K.REMOVE_INSTANCE)
    stand.lists(instance())
    stand.plays(K.REMOVE_INSTANCE, breaks(LOST))
    outcome = await stand.carry_out(step(K.REMOVE_INSTANCE))
    assert (outcome.result, outcome.seconds) == (R.UNKNOWN, 60.0)
    await stand.later(hours=1)
    assert stand.is_open
    stand.lists()
    await stand.later(hours=1)
    assert stand.op()[0] == "verified"
    assert stand.journal.held().reserved[0].state is S.FREED


@pytest.mark.parametrize(
    ("line", "result"),
    [
        (Line(NAME, 15, pending=None), R.DONE),
        (Line(NAME, 10, pending=15), R.UNKNOWN),
        (Line(NAME, 10), R.UNKNOWN),
    ],
)
async def test_a_confirmation_is_proven_by_nothing_in_transit(
    stand: Stand, line: m.ReservedLine, result: m.Result
) -> None:
    prepare(stand, K.CONFIRM_RESERVATION)
    stand.lists(instance(line))
    stand.plays(K.CONFIRM_RESERVATION, breaks(LOST))
    outcome = await stand.carry_out(step(K.CONFIRM_RESERVATION))
    assert outcome.result is result
    assert stand.is_open is (result is R.UNKNOWN)


@pytest.mark.parametrize(("after", "seconds"), [(3, 10.0), (None, 60.0)])
async def test_an_accepted_removal_is_done_whether_it_shows_in_time_or_not(
    stand: Stand, after: int | None, seconds: float
) -> None:
    prepare(stand, K.REMOVE_INSTANCE)
    stand.lists(instance())

    def before_look() -> None:
        if len(stand.account.looks) == after:
            stand.lists()

    stand.account.before_look = before_look
    stand.plays(K.REMOVE_INSTANCE, answers(text="removed"))
    outcome = await stand.carry_out(step(K.REMOVE_INSTANCE))
    assert outcome.result is R.DONE
    assert outcome.seconds <= seconds
    assert outcome.text.startswith("removed; not yet visible") is (after is None)
    assert SERIAL in outcome.text


# Runs and people


async def test_the_effects_of_a_living_run_are_its_own(stand: Stand) -> None:
    run_id = stand.begin()
    effect = stand.journal.intent(run_id, step(K.REQUEST_RESERVATION))
    effect.sending()
    await stand.later(minutes=2)
    assert stand.op(effect.op_id)[0] == "sending"


async def test_an_effect_that_was_never_sent_is_forgotten(stand: Stand) -> None:
    effect = stand.journal.intent("run-dead", step(K.RETURN_RESERVATION))
    await stand.later(minutes=2)
    assert stand.op(effect.op_id) == ("not sent", "the run ended before it")


@pytest.mark.parametrize("kind", [K.ENABLE_RESERVATION, K.DISABLE_RESERVATION])
async def test_a_switch_that_was_left_open_is_observed_anew(stand: Stand, kind: m.Kind) -> None:
    op_id = stand.left_open(step(kind))
    await stand.later(minutes=2)
    assert stand.op(op_id)[0] == "failed"


async def test_a_stop_ends_the_looking_and_leaves_it_open(stand: Stand) -> None:
    stand.plays(K.REQUEST_RESERVATION, breaks(LOST, then=stand.engine.stop.set))
    outcome = await stand.carry_out(step(K.REQUEST_RESERVATION))
    assert (outcome.result, outcome.seconds) == (R.UNKNOWN, 0.0)
    assert stand.is_open


@pytest.mark.parametrize(("shown", "sent"), [(True, 1), (False, 2), (m.UNKNOWN, 2)])
async def test_a_lost_switch_is_set_once_more_unless_the_node_shows_it(
    stand: Stand, shown: m.Maybe[bool], sent: int
) -> None:
    def then() -> None:
        stand.shows(Status.UNREGISTERED, reservation_enabled=shown)
        stand.plays(K.ENABLE_RESERVATION, answers(then=on))

    def on() -> None:
        stand.shows(Status.UNREGISTERED, reservation_enabled=True if shown is not m.UNKNOWN else shown)

    stand.plays(K.ENABLE_RESERVATION, breaks(LOST, then=then))
    outcome = await stand.carry_out(step(K.ENABLE_RESERVATION))
    assert outcome.result is R.DONE
    assert len(stand.node.sent) == sent


def making_a_token(slot: str = "token/emea/allowed") -> m.Action:
    params: dict[str, Any] = {"export_controlled": True, "expires_after_days": 1, "max_uses": 2}
    return m.Action(
        "account.create_token:emea:1", EMEA, m.Kind.CREATE_TOKEN, "emea", params,
        m.Carrier.API, m.EffectClass.ONCE, "a test", makes=slot,
    )  # fmt: skip


async def test_a_token_whose_answer_is_in_the_spool_is_kept_by_a_later_run(stand: Stand) -> None:
    op_id = stand.left_open(making_a_token(), marked(m.CodeKind.TOKEN, "canary-token"))
    await stand.later(minutes=1)
    assert stand.op(op_id)[0] == "done"
    assert stand.journal.code_value("token/emea/allowed") == "canary-token"
    assert not stand.is_open


async def test_a_token_whose_answer_was_lost_is_given_up_by_a_later_run(stand: Stand) -> None:
    op_id = stand.left_open(making_a_token())
    await stand.later(minutes=1)
    assert stand.op(op_id)[0] == "failed"
    assert stand.slots() == set()
    assert not stand.is_open


def registering(kind: m.Kind) -> m.Action:
    params: dict[str, Any] = {"token": "token/emea/allowed", "virtual_account": "Expressway EMEA"}
    return m.Action(
        f"{kind.value}:{SERIAL}:1", E1, kind, SERIAL, params if kind is not m.Kind.DEREGISTER else {},
        m.Carrier.SSH, m.EffectClass.ONCE, "a test",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "shown", "state"),
    [
        (m.Kind.DEREGISTER, Status.UNREGISTERED, "verified"),
        (m.Kind.DEREGISTER, Status.REGISTERED, "failed"),
        (m.Kind.DEREGISTER, Status.PENDING, "unknown"),
        (m.Kind.REGISTER, Status.UNREGISTERED, "failed"),
        (m.Kind.REGISTER, Status.PENDING, "unknown"),
        (m.Kind.REGISTER, m.UNKNOWN, "unknown"),
        (m.Kind.REREGISTER, Status.PENDING, "unknown"),
    ],
)
async def test_what_a_node_shows_ends_a_registration_that_a_dead_run_left(
    stand: Stand, kind: m.Kind, shown: Any, state: str
) -> None:
    op_id = stand.left_open(registering(kind))
    stand.shows(shown)
    await stand.later(minutes=1)
    assert stand.op(op_id)[0] in ({state} if state != "unknown" else {"unknown", "sending"})
    assert stand.is_open is (state == "unknown")


async def test_a_registration_that_shows_while_a_later_run_watches_is_done(stand: Stand) -> None:
    """The node needs a while; as soon as it is free of the account, nothing is looked at any more."""
    op_id = stand.left_open(registering(m.Kind.DEREGISTER))
    stand.shows(Status.REGISTERED)
    begun = stand.clock.now()

    def free() -> None:
        if (stand.clock.now() - begun).total_seconds() > 70:
            stand.shows(Status.UNREGISTERED)

    stand.node.before_look = free
    await stand.later(minutes=1)
    assert stand.op(op_id)[0] == "verified"
    assert (stand.clock.now() - begun).total_seconds() < 100
