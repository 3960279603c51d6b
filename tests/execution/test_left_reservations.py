"""What a later run makes of a step of a reservation, where time, keys or readings are short."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import model as m
from reconciler.errors import OutcomeUnknown
from reconciler.execution import Providers
from reconciler.execution.recover import recover
from tests.journal.bench import EMEA
from tests.journal.reserved import SERIAL, lines, parked, step

from .stand import Stand, Status, answers, breaks, instance, marked

K, C, R = m.Kind, m.CodeKind, m.Result
N = "cluster/ams-edge/node/e1"
LOST = OutcomeUnknown("the connection broke")


async def test_a_clock_that_was_set_back_does_not_make_the_watch_endless(stand: Stand) -> None:
    op_id = stand.left_open(step(K.REQUEST_RESERVATION))
    await stand.later(minutes=-10)
    assert (stand.op(op_id)[0], len(stand.node.looks)) == ("sending", 31)


async def test_a_stopped_run_does_not_watch_a_young_step(stand: Stand) -> None:
    op_id = stand.left_open(step(K.REQUEST_RESERVATION))
    stand.engine.stop.set()
    await stand.later(seconds=1)
    assert (stand.op(op_id)[0], len(stand.node.looks)) == ("sending", 1)


async def test_a_node_that_says_nothing_is_not_watched(stand: Stand) -> None:
    op_id = stand.left_open(step(K.REQUEST_RESERVATION))
    stand.shows(m.UNKNOWN)
    await stand.later(seconds=1)
    assert (stand.op(op_id)[0], len(stand.node.looks)) == ("sending", 1)


@pytest.mark.parametrize(("seconds", "looks"), [(29, 2), (30, 1)])
async def test_half_a_minute_is_what_a_node_has(stand: Stand, seconds: int, looks: int) -> None:
    op_id = stand.left_open(step(K.REQUEST_RESERVATION))
    await stand.later(seconds=seconds)
    assert (stand.op(op_id)[0], len(stand.node.looks)) == ("failed", looks)


@pytest.mark.parametrize(("minutes", "state"), [(9, "sending"), (10, "failed")])
async def test_ten_minutes_are_what_a_reservation_has(stand: Stand, minutes: int, state: str) -> None:
    op_id = stand.left_open(step(K.RESERVE, lines=lines()))
    await stand.later(minutes=minutes)
    assert stand.op(op_id)[0] == state
    text = f"CSSM shows nothing after 10 minutes: account/emea does not list {SERIAL}"
    told = [f"{op_id} (account.reserve at account/emea): {text}"] if state == "failed" else []
    assert stand.heard.texts == told


async def test_an_account_that_is_not_served_any_more_ends_nothing(stand: Stand) -> None:
    op_id = stand.left_open(step(K.RESERVE, lines=lines()), marked(C.AUTHORIZATION, "x"))
    engine = replace(stand.engine, providers=Providers(stand.node, {}))
    await recover(engine, m.Observation(stand.clock.now()))
    assert stand.op(op_id)[0] == "answered"


async def test_a_removal_at_its_instance_is_looked_for_at_the_account(stand: Stand) -> None:
    at_instance = replace(step(K.REMOVE_GHOST), address=m.Address.of_instance("emea", SERIAL))
    op_id = stand.left_open(at_instance)
    stand.lists(instance())
    await stand.later(minutes=1)
    assert stand.op(op_id)[0] == "sending"
    stand.lists()
    await stand.later(minutes=1)
    assert stand.op(op_id) == ("verified", f"account/emea lists no {SERIAL}")


async def test_what_is_said_to_be_done_and_shows_that_it_is_not_waits(stand: Stand) -> None:
    waiting = parked(stand.journal, K.REMOVE_INSTANCE)
    stand.journal.answer(waiting.handoff_id, None)
    stand.lists(instance())
    await stand.later(hours=1)
    assert stand.journal.held().waiting == (replace(waiting, done=True),)


async def test_what_is_said_to_be_done_at_an_account_that_was_not_read_waits(stand: Stand) -> None:
    waiting = parked(stand.journal, K.REMOVE_INSTANCE)
    stand.journal.answer(waiting.handoff_id, None)
    await recover(stand.engine, m.Observation(stand.clock.now()))
    assert len(stand.journal.held().waiting) == 1


# Without the key here, what came cannot be read


@pytest.fixture
def keyless(stand: Stand) -> Stand:
    stand.journal.close()
    stand.desk.identity = None
    stand.journal = stand.desk.open()
    return stand


@pytest.mark.parametrize(("confirms", "state"), [(False, "verified"), (True, "answered")])
async def test_an_install_is_told_by_the_node_where_no_code_is_awaited(
    keyless: Stand, confirms: bool, state: str
) -> None:
    op_id = keyless.left_open(step(K.INSTALL_AUTHORIZATION, confirms=confirms), b"Authorization code inst")
    keyless.shows(Status.RESERVED_SPECIFIC)
    await keyless.later(minutes=1)
    assert keyless.op(op_id)[0] == state
    (told,) = keyless.heard.texts
    stays = f"{op_id} (node.install_authorization at {N}) stays open: "
    assert told.startswith(stays) is confirms


async def test_a_first_install_is_looked_for_though_its_answer_cannot_be_read(keyless: Stand) -> None:
    shows = breaks(LOST, b"Author", lambda: keyless.shows(Status.RESERVED_SPECIFIC))
    keyless.plays(K.INSTALL_AUTHORIZATION, shows)
    install = step(K.INSTALL_AUTHORIZATION, authorization=None, confirms=False)
    assert (await keyless.carry_out(install)).result is R.DONE


async def test_a_token_whose_answer_cannot_be_read_is_given_up(keyless: Stand) -> None:
    making = m.Action(
        "account.create_token:emea:1", EMEA, K.CREATE_TOKEN, "emea", {}, m.Carrier.API,
        m.EffectClass.ONCE, "a test", makes="token/emea/allowed",
    )  # fmt: skip
    keyless.plays(K.CREATE_TOKEN, breaks(LOST, b'{"tok'))
    outcome = await keyless.carry_out(making)
    assert (outcome.text, keyless.op()[0]) == (LOST.message, "failed")
    assert len(keyless.account.sent) == 2


# Answers of an install


@pytest.mark.parametrize(
    ("shown", "result", "text"),
    [
        (Status.RESERVED_SPECIFIC, R.DONE, f"{N} says registered - specific license reservation"),
        (Status.RESERVATION_PENDING, R.FAILED, f"{N} says reservation in progress OK"),
    ],
)
async def test_an_install_without_a_code_is_done_only_when_the_node_shows_it(
    stand: Stand, shown: Status, result: m.Result, text: str
) -> None:
    stand.plays(K.INSTALL_AUTHORIZATION, answers(then=lambda: stand.shows(shown)))
    outcome = await stand.carry_out(step(K.INSTALL_AUTHORIZATION, authorization=None, confirms=False))
    assert (outcome.result, outcome.text) == (result, text)
