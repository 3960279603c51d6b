"""How one effect ends, by its answer and by what the node shows: outcome, record, and how long it takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler import model as m
from reconciler.errors import (
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Unreachable,
    Unreadable,
    Untrusted,
)
from reconciler.execution import Engine
from reconciler.execution.effects import carry_out
from reconciler.ports import Inputs
from tests.journal.bench import E1, EMEA
from tests.journal.reserved import RETURN, SERIAL, did, step

from .stand import BY_TOKEN, DESIRED, Stand, Status, answers, breaks, instance

K, C, R = m.Kind, m.CodeKind, m.Result
N = "cluster/ams-edge/node/e1"
LOST = OutcomeUnknown("the connection broke", remedy="look at the node")
SLOT = "token/emea/allowed"


def action(kind: m.Kind = K.REGISTER, effect_class: m.EffectClass | None = None, **params: Any) -> m.Action:
    """One step of token mode; nothing of a code in it."""
    at_account = kind.value.startswith("account.")
    return m.Action(
        f"{kind.value}:{SERIAL}:1", EMEA if at_account else E1, kind, SERIAL, params,
        m.Carrier.SSH, effect_class or m.EffectClass.ONCE, "a test",
    )  # fmt: skip


@pytest.fixture(autouse=True)
def by_token(stand: Stand) -> None:
    stand.desired = replace(DESIRED, clusters=(BY_TOKEN,))


def ended(outcome: m.ActionOutcome) -> tuple[m.Result, str, str | None]:
    return outcome.result, outcome.text, outcome.remedy


# A complete answer


async def test_a_registration_that_shows_is_done_and_remembered(stand: Stand) -> None:
    stand.plays(K.REGISTER, answers(then=lambda: stand.shows(Status.REGISTERED)))
    settles = replace(action(), settles=(f"{N}#registration", f"{N}#export_controlled"))
    change = m.Change(E1, "registration", "unregistered", "registered")
    run_id = stand.begin()
    outcome = await carry_out(stand.engine, run_id, settles, {change.id: change})
    assert ended(outcome) == (R.DONE, f"{N} says registered", None)
    assert (outcome.trust, outcome.unread, outcome.seconds, len(stand.node.looks)) == (False, False, 0.0, 1)
    assert stand.op(outcome.op_id) == ("done", f"{N} says registered")
    seen = m.Verified(E1, "registration", "registered", stand.clock.now())
    assert stand.journal.held().verified == (seen,)


async def test_a_registration_that_shows_later_is_waited_for_with_growing_pauses(stand: Stand) -> None:
    stand.plays(K.REGISTER, answers(then=lambda: stand.shows(Status.PENDING)))

    def settles() -> None:
        if len(stand.node.looks) == 13:
            stand.shows(Status.REGISTERED)

    stand.node.before_look = settles
    outcome = await stand.carry_out(action())
    assert ended(outcome) == (R.DONE, f"{N} says registered", None)
    assert outcome.seconds == pytest.approx(sum(min(0.2 * 1.6**look, 15.0) for look in range(12)), abs=0.01)
    assert stand.heard.texts == [f"{N} says registration pending"]


async def test_what_is_waited_for_is_told_whenever_it_changes(stand: Stand) -> None:
    words = [Status.PENDING, Status.PENDING, Status.UNREGISTERED, Status.PENDING, Status.REGISTERED]
    stand.plays(K.REGISTER, answers())
    stand.node.before_look = lambda: stand.shows(words[len(stand.node.looks) - 1])
    await stand.carry_out(action())
    assert stand.heard.texts == [
        f"{N} says {word}" for word in ("registration pending", "unregistered", "registration pending")
    ]


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [(K.REGISTER, 2100.0), (K.REREGISTER, 2100.0), (K.DEREGISTER, 60.0), (K.RENEW_AUTHORIZATION, 60.0)],
)
async def test_what_never_shows_has_failed_after_the_time_of_its_kind(
    stand: Stand, kind: m.Kind, seconds: float
) -> None:
    lapsed = {"authorization": m.AuthorizationStatus.EXPIRED, "authorization_text": "EXPIRED"}
    shown = Status.PENDING if seconds > 60 else Status.REGISTERED
    stand.plays(kind, answers(text="accepted", then=lambda: stand.shows(shown, **lapsed)))
    outcome = await stand.carry_out(action(kind))
    said = "says EXPIRED" if kind is K.RENEW_AUTHORIZATION else f"says {shown.value}"
    assert ended(outcome) == (R.FAILED, f"{N} {said} accepted", None)
    assert stand.op() == ("failed", outcome.text)
    assert outcome.seconds == pytest.approx(seconds, abs=0.01)


async def test_a_refusal_by_cssm_ends_the_wait(stand: Stand) -> None:
    stand.plays(K.REGISTER, answers(then=lambda: stand.shows(Status.FAILED, failure="bad token")))
    outcome = await stand.carry_out(action())
    assert ended(outcome) == (R.FAILED, f"{N} says registration failed: bad token OK", None)
    assert (outcome.seconds, stand.op()) == (0.0, ("failed", outcome.text))


async def test_what_cannot_be_observed_until_the_end_is_unknown_and_open(stand: Stand) -> None:
    stand.plays(K.DEREGISTER, answers(then=lambda: stand.shows(m.UNKNOWN)))
    outcome = await stand.carry_out(action(K.DEREGISTER))
    assert ended(outcome) == (R.UNKNOWN, f"{N} does not show its registration OK", None)
    assert (outcome.seconds, stand.op()) == (60.0, ("unknown", outcome.text))
    assert stand.is_open


async def test_a_stop_while_waiting_leaves_it_open_and_says_how_to_go_on(stand: Stand) -> None:
    stand.plays(K.REGISTER, answers(then=lambda: stand.shows(Status.PENDING)))
    stand.node.before_look = lambda: stand.engine.stop.set() if len(stand.node.looks) == 2 else None
    outcome = await stand.carry_out(action())
    text = f"stopped while waiting: {N} says registration pending"
    assert ended(outcome) == (R.UNKNOWN, text, "xlicense plan shows how it went on")
    assert (stand.is_open, len(stand.node.looks)) == (True, 2)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [(K.REVOKE_TOKEN, "revoked", "revoked"), (K.REVOKE_TOKEN, "", "")],
)
async def test_what_an_account_does_not_show_is_taken_as_answered(
    stand: Stand, kind: m.Kind, text: str, said: str
) -> None:
    stand.plays(kind, answers(text=text))
    outcome = await stand.carry_out(action(kind))
    assert ended(outcome) == (R.DONE, said, None)
    assert stand.account.looks == []


async def test_a_cluster_is_done_when_every_node_of_it_shows_it(stand: Stand) -> None:
    e2 = m.Address.of_node("ams-edge", "e2")
    direct, satellite = m.SmartConfig(transport="direct"), m.SmartConfig(transport="satellite")
    now = stand.clock.now()
    stand.node.shown |= {
        E1: m.NodeObserved(E1, now, smart=direct),
        e2: m.NodeObserved(e2, now, smart=satellite),
    }

    def follows() -> None:
        if len(stand.node.looks) == 4:
            stand.node.shown[e2] = m.NodeObserved(e2, now, smart=direct)

    stand.node.before_look = follows
    stand.plays(K.SET_TRANSPORT, answers())
    setting = replace(
        action(K.SET_TRANSPORT, m.EffectClass.SET, transport="direct", nodes=[E1, e2]), address=E1.parent
    )
    outcome = await stand.carry_out(setting)
    assert outcome.result is R.DONE
    assert stand.node.looks == [E1, e2, E1, e2]


async def test_an_instance_is_looked_for_at_its_account(stand: Stand) -> None:
    did(stand.journal, K.RETURN_RESERVATION, RETURN)
    stand.plays(K.REMOVE_INSTANCE, answers())
    at_instance = replace(step(K.REMOVE_INSTANCE), address=m.Address.of_instance("emea", SERIAL))
    outcome = await stand.carry_out(at_instance)
    assert (outcome.result, stand.account.looks) == (R.DONE, [EMEA])


# No answer, or a no


@pytest.mark.parametrize(
    ("error", "result", "state", "trust", "unread"),
    [
        (Unreachable("no route", remedy="ping it"), R.FAILED, "not sent", False, True),
        (Untrusted("another key", remedy="check it"), R.FAILED, "not sent", True, False),
        (Rejected("bad token", remedy="make another"), R.FAILED, "failed", False, False),
        (ProviderError("what is this", remedy="tell us"), R.UNKNOWN, "unknown", False, False),
    ],
)
async def test_what_each_error_means_for_the_outcome_and_the_record(
    stand: Stand, error: ProviderError, result: m.Result, state: str, trust: bool, unread: bool
) -> None:
    def fails(_: m.Action, inputs: Inputs) -> m.Reply:
        if state != "not sent":
            inputs.tap.sending()
        raise error

    stand.plays(K.REGISTER, fails)
    outcome = await stand.carry_out(action())
    assert ended(outcome) == (result, error.message, error.remedy)
    assert stand.op() == (state, error.message)
    assert (outcome.trust, outcome.unread, stand.node.looks) == (trust, unread, [])
    assert outcome.op_id == stand.journal.operations(all=True)[-1].effect.op_id


@pytest.mark.parametrize("error", [LOST, Unreadable("what came is cut off", remedy="look at the node")])
@pytest.mark.parametrize(
    ("shown", "result", "state", "text", "remedy"),
    [
        (
            Status.REGISTERED,
            R.DONE,
            "done",
            f"the answer was lost, and the node shows that it took effect ({N} says registered)",
            None,
        ),
        (
            Status.PENDING,
            R.FAILED,
            "failed",
            f"{{}}; afterwards the node shows that it did not take effect: {N} says registration pending",
            "look at the node",
        ),
        (m.UNKNOWN, R.UNKNOWN, "unknown", "{}", "xlicense op show {op}"),
    ],
)
async def test_a_registration_whose_answer_was_lost_is_looked_for_and_not_sent_again(
    stand: Stand,
    error: ProviderError,
    shown: Any,
    result: m.Result,
    state: str,
    text: str,
    remedy: str | None,
) -> None:
    stand.plays(K.REGISTER, breaks(error, then=lambda: stand.shows(shown)))
    outcome = await stand.carry_out(action())
    wanted = remedy.format(op=outcome.op_id) if remedy else None
    assert ended(outcome) == (result, text.format(error.message), wanted)
    assert stand.op() == (state, outcome.text)
    assert stand.heard.texts[0] == f"{error.message}; looking whether it took effect"
    assert outcome.seconds == pytest.approx(0.0 if result is R.DONE else 2100.0, abs=0.01)
    assert len(stand.node.sent) == 1


async def test_a_registration_that_cssm_refuses_after_its_answer_was_lost_has_failed(stand: Stand) -> None:
    stand.plays(K.REGISTER, breaks(LOST, then=lambda: stand.shows(Status.FAILED, failure="bad token")))
    outcome = await stand.carry_out(action())
    assert (outcome.result, outcome.seconds, stand.op()[0]) == (R.FAILED, 0.0, "failed")
    assert outcome.text.endswith("registration failed: bad token")


async def test_a_stop_while_looking_for_a_registration_leaves_it_open(stand: Stand) -> None:
    stand.plays(K.REGISTER, breaks(LOST, then=stand.engine.stop.set))
    outcome = await stand.carry_out(action())
    assert ended(outcome) == (R.UNKNOWN, LOST.message, f"xlicense op show {outcome.op_id}")
    assert stand.op() == ("unknown", LOST.message)


async def test_a_set_that_did_not_take_effect_is_sent_once_more_and_not_a_third_time(stand: Stand) -> None:
    stand.plays(K.SET_URL, breaks(LOST, then=lambda: url(stand, "https://old")))
    outcome = await stand.carry_out(action(K.SET_URL, m.EffectClass.SET, url="https://new"))
    text = f"{LOST.message}; afterwards the node shows that it did not take effect: {N} shows URL https://old"
    assert ended(outcome) == (R.UNKNOWN, text, LOST.remedy)
    assert [operation.effect.state.value for operation in stand.journal.operations(all=True)] == [
        "failed"
    ] * 2
    assert f"{text}; trying once more" in stand.heard.texts
    assert (len(stand.node.sent), outcome.seconds) == (2, pytest.approx(120.0, abs=0.01))


async def test_a_set_is_not_repeated_once_the_run_is_stopped(stand: Stand) -> None:
    stand.plays(K.SET_URL, breaks(LOST, then=stand.engine.stop.set))
    await stand.carry_out(action(K.SET_URL, m.EffectClass.SET, url="https://new"))
    assert len(stand.node.sent) == 1


def url(stand: Stand, text: str) -> None:
    stand.node.shown[E1] = m.NodeObserved(E1, stand.clock.now(), smart=m.SmartConfig(url=text))


@pytest.mark.parametrize(
    ("effect_class", "sent"),
    [(m.EffectClass.SET, 2), (m.EffectClass.ONCE, 1), (m.EffectClass.IRREVERSIBLE, 1)],
)
async def test_a_lost_step_at_an_account_that_shows_nothing_of_it_is_unknown(
    stand: Stand, effect_class: m.EffectClass, sent: int
) -> None:
    stand.plays(K.REVOKE_TOKEN, breaks(LOST))
    outcome = await stand.carry_out(action(K.REVOKE_TOKEN, effect_class))
    assert ended(outcome) == (R.UNKNOWN, LOST.message, LOST.remedy)
    assert stand.op() == ("unknown", LOST.message)
    assert (len(stand.account.sent), stand.account.looks) == (sent, [])


async def test_a_failure_of_ours_on_the_way_leaves_the_effect_unknown(stand: Stand) -> None:
    def bug(_: m.Action, inputs: Inputs) -> m.Reply:
        inputs.tap.sending()
        raise ZeroDivisionError

    stand.plays(K.REGISTER, bug)
    with pytest.raises(ZeroDivisionError):
        await stand.carry_out(action())
    assert stand.op() == ("unknown", "xlicense itself failed while this was on its way")


# Looking for a step of a reservation


@pytest.mark.parametrize(
    ("listed", "found", "remedy"),
    [
        (
            [m.ReservedLine("RMS", 15, pending=None)],
            "updated at CSSM, the code is lost: fetch it at the portal",
            "xlicense plan",
        ),
        ([], f"account/emea does not show what is in transit for {SERIAL}", None),
    ],
)
async def test_a_lost_update_says_what_became_of_it_and_how_to_go_on(
    stand: Stand, listed: list[m.ReservedLine], found: str, remedy: str | None
) -> None:
    line = {"entitlement": "rms", "name": "RMS", "tag": None, "quantity": 15, "before": 10}
    stand.plays(K.UPDATE_RESERVATION, breaks(LOST, then=lambda: stand.lists(instance(*listed))))
    outcome = await stand.carry_out(step(K.UPDATE_RESERVATION, lines=[line]))
    text = f"the connection broke; {found}"
    assert ended(outcome) == (R.UNKNOWN, text, remedy or f"xlicense op show {outcome.op_id}")
    assert stand.heard.texts[0] == "the connection broke; looking whether it took effect"
    assert stand.op()[1] == (found if remedy else text)
    assert len(stand.account.looks) == 1


async def test_a_request_that_did_not_take_effect_says_so_with_the_remedy(stand: Stand) -> None:
    stand.plays(K.REQUEST_RESERVATION, breaks(LOST))
    outcome = await stand.carry_out(step(K.REQUEST_RESERVATION))
    text = f"the connection broke; {N} says unregistered: it did not take effect"
    assert ended(outcome) == (R.FAILED, text, LOST.remedy)
    assert stand.op() == ("failed", text)


async def test_an_install_that_shows_after_its_answer_was_lost_says_so(stand: Stand) -> None:
    shows = lambda: stand.shows(Status.RESERVED_SPECIFIC, registration_text="RESERVED")  # noqa: E731
    stand.plays(K.INSTALL_AUTHORIZATION, breaks(LOST, then=shows))
    outcome = await stand.carry_out(step(K.INSTALL_AUTHORIZATION, authorization=None))
    assert ended(outcome) == (R.DONE, f"the answer was lost; {N} says RESERVED", None)
    assert stand.op() == ("done", outcome.text)


@pytest.mark.parametrize(("problem", "looks"), [(None, 1), ("a page was cut off", 13)])
async def test_an_account_that_was_read_whole_is_not_asked_again_for_what_it_does_not_show(
    stand: Stand, problem: str | None, looks: int
) -> None:
    stand.lists(known=False, problem=problem)
    stand.plays(K.REMOVE_GHOST, breaks(LOST))
    outcome = await stand.carry_out(step(K.REMOVE_GHOST))
    assert outcome.text == "the connection broke; account/emea does not show its product instances"
    assert (outcome.result, len(stand.account.looks)) == (R.UNKNOWN, looks)


@pytest.mark.parametrize(
    ("problems", "looks"), [((), 1), ((m.Problem("all", m.ProblemKind.UNREADABLE, "?"),), 13)]
)
async def test_a_node_that_prints_no_switch_is_not_asked_again_unless_it_was_not_read(
    stand: Stand, problems: tuple[m.Problem, ...], looks: int
) -> None:
    stand.node.shown[E1] = m.NodeObserved(E1, stand.clock.now(), problems=problems)
    stand.plays(K.ENABLE_RESERVATION, breaks(LOST))
    outcome = await stand.carry_out(replace(step(K.ENABLE_RESERVATION), effect_class=m.EffectClass.ONCE))
    assert (outcome.result, len(stand.node.looks)) == (R.UNKNOWN, looks)


async def test_a_looking_run_holds_a_slot_only_while_it_looks(stand: Stand) -> None:
    stand.plays(K.REGISTER, answers(then=lambda: stand.shows(Status.REGISTERED)))
    engine = Engine(
        stand.desired,
        stand.engine.providers,
        stand.journal,
        stand.clock,
        stand.heard,
        stand.secrets,
        "1.0",
        1,
    )
    outcome = await carry_out(engine, stand.begin(), action(), {})
    assert (outcome.result, engine.slots.locked()) == (R.DONE, False)
