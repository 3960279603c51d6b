"""Tokens: made, made once more, kept until they end, revoked, and standing ones that somebody else keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler import model as m
from reconciler.errors import OutcomeUnknown, SecretError
from reconciler.ports import Inputs
from tests.journal.bench import E1, EMEA
from tests.journal.reserved import RETURN, SERIAL, step

from .stand import BY_TOKEN, DESIRED, Stand, Status, answers, breaks

K, C, R = m.Kind, m.CodeKind, m.Result
N = "cluster/ams-edge/node/e1"
LOST = OutcomeUnknown("the connection broke", remedy="look at the node")
SLOT = "token/emea/allowed"


@pytest.fixture(autouse=True)
def by_token(stand: Stand) -> None:
    stand.desired = replace(DESIRED, clusters=(BY_TOKEN,))


def ended(outcome: m.ActionOutcome) -> tuple[m.Result, str, str | None]:
    return outcome.result, outcome.text, outcome.remedy


def action(kind: m.Kind = K.REGISTER, effect_class: m.EffectClass | None = None, **params: Any) -> m.Action:
    return m.Action(
        f"{kind.value}:{SERIAL}:1", E1 if kind is K.REGISTER else EMEA, kind, SERIAL, params,
        m.Carrier.SSH, effect_class or m.EffectClass.ONCE, "a test",
    )  # fmt: skip


def making(**params: Any) -> m.Action:
    return replace(action(K.CREATE_TOKEN, **params), makes=SLOT)


@pytest.mark.parametrize(
    ("params", "given", "ends"),
    [
        ({"expires_after_days": 2}, None, timedelta(days=2)),
        ({"expires_after_days": 2}, timedelta(days=1), timedelta(days=1)),
        ({}, None, None),
        ({}, timedelta(days=1), timedelta(days=1)),
    ],
)
async def test_a_token_ends_when_its_answer_says_else_when_it_was_asked_to(
    stand: Stand, params: dict[str, Any], given: timedelta | None, ends: timedelta | None
) -> None:
    now = stand.clock.now()

    def gives(_: m.Action, inputs: Inputs) -> m.Reply:
        inputs.tap.sending()
        return m.Reply("made", (m.Produced(C.TOKEN, "canary", now + given if given else None),))

    stand.plays(K.CREATE_TOKEN, gives)
    outcome = await stand.carry_out(making(**params))
    assert ended(outcome) == (R.DONE, "made", None)
    (held,) = stand.journal.held().codes
    assert (held.slot, held.expires_at) == (SLOT, now + ends if ends else None)


async def test_another_code_than_a_token_has_no_end_of_days(stand: Stand) -> None:
    stand.plays(K.RETURN_RESERVATION, answers((C.RETURN, RETURN)))
    await stand.carry_out(step(K.RETURN_RESERVATION, expires_after_days=2))
    assert stand.journal.held().codes[0].expires_at is None


async def test_a_token_that_its_answer_does_not_hold_is_taken_from_the_list_of_tokens(stand: Stand) -> None:
    stand.plays(K.CREATE_TOKEN, answers(text="OK"))
    stand.account.lists[C.TOKEN] = "canary"
    outcome = await stand.carry_out(making())
    assert ended(outcome) == (R.DONE, "the answer was lost, and the token is in CSSM's list", None)
    assert stand.slots() == {SLOT}


async def test_a_token_whose_answer_was_lost_is_made_once_more(stand: Stand) -> None:
    stand.plays(K.CREATE_TOKEN, breaks(LOST, b'{"tok'))
    outcome = await stand.carry_out(making())
    assert ended(outcome) == (R.UNKNOWN, LOST.message, LOST.remedy)
    left_over = f"{LOST.message}; a token may be left over until it ends by itself"
    assert [operation.text for operation in stand.journal.operations(all=True)] == [left_over] * 2
    assert (len(stand.account.sent), stand.is_open) == (2, False)


async def test_a_token_whose_answer_was_lost_is_taken_from_the_list_of_tokens(stand: Stand) -> None:
    stand.plays(K.CREATE_TOKEN, breaks(LOST, b'{"tok'))
    stand.account.lists[C.TOKEN] = "canary"
    outcome = await stand.carry_out(making())
    assert ended(outcome) == (R.DONE, "the answer was lost, and the token is in CSSM's list", None)
    assert (len(stand.account.sent), stand.is_open) == (1, False)
    assert stand.journal.code_value(SLOT) == "canary"


async def test_a_revoked_token_is_used_up(stand: Stand) -> None:
    stand.plays(K.CREATE_TOKEN, answers((C.TOKEN, "canary")))
    await stand.carry_out(making())
    stand.plays(K.REVOKE_TOKEN, answers(text="revoked"))
    revoking = action(K.REVOKE_TOKEN, m.EffectClass.SET, token=SLOT)
    await stand.carry_out(revoking)
    assert stand.slots() == {SLOT}
    await stand.carry_out(replace(revoking, purpose=m.Purpose.CLEANUP))
    assert stand.slots() == set()
    assert stand.account.sent[1:] == [(K.REVOKE_TOKEN, {SLOT: "canary"})] * 2


class Kept:
    """One secret, or none."""

    def __init__(self, error: SecretError | None = None) -> None:
        self.asked: list[m.SecretRef] = []
        self.error = error

    def resolve(self, ref: m.SecretRef) -> str:
        self.asked.append(ref)
        if self.error is not None:
            raise self.error
        return "standing-canary"


STANDING = m.SecretRef("env", "EXPRESSWAY_TOKEN")


def with_token(token: m.TokenPolicy | None) -> m.Desired:
    registration = m.Registration(m.RegistrationMode.TOKEN, token=token) if token else None
    return replace(DESIRED, clusters=(replace(BY_TOKEN, registration=registration),))


async def test_a_standing_token_is_resolved_at_the_moment_of_sending(stand: Stand) -> None:
    stand.desired, stand.secrets = with_token(m.TokenPolicy(value=STANDING)), Kept()
    stand.plays(K.REGISTER, answers(then=lambda: stand.shows(Status.REGISTERED)))
    slot = "secret/env:EXPRESSWAY_TOKEN"
    assert (await stand.carry_out(action(token=slot))).result is R.DONE
    assert stand.node.sent == [(K.REGISTER, {slot: "standing-canary"})]


@pytest.mark.parametrize(
    ("token", "text", "remedy", "trust"),
    [
        (m.TokenPolicy(value=STANDING), "EXPRESSWAY_TOKEN is not set", "export it", True),
        (m.TokenPolicy(), f"{N} names no standing token any more", None, False),
        (None, f"{N} names no standing token any more", None, False),
    ],
)
async def test_without_its_standing_token_nothing_is_sent(
    stand: Stand, token: m.TokenPolicy | None, text: str, remedy: str | None, trust: bool
) -> None:
    stand.desired = with_token(token)
    stand.secrets = Kept(SecretError("EXPRESSWAY_TOKEN is not set", remedy="export it"))
    outcome = await stand.carry_out(action(token="secret/env:EXPRESSWAY_TOKEN"))
    assert ended(outcome) == (R.FAILED, text, remedy)
    assert (outcome.trust, outcome.op_id, stand.node.sent) == (trust, None, [])


@pytest.mark.parametrize("recipients", [(), ("age1someone",)])
async def test_where_a_code_cannot_be_kept_the_remedy_is_a_key_unless_there_is_one(
    stand: Stand, recipients: tuple[str, ...]
) -> None:
    stand.desk.recipients = ()
    stand.journal.close()
    stand.journal = stand.desk.open()
    stand.desired = replace(stand.desired, journal=m.JournalSettings(recipients=recipients))
    outcome = await stand.carry_out(making())
    assert outcome.text.startswith("not sent, because its code could not be kept: ")
    assert outcome.remedy == (None if recipients else "xlicense key init")
    assert stand.account.sent == []


async def test_an_effect_that_gives_no_code_needs_no_place_for_one(stand: Stand) -> None:
    stand.desk.recipients = ()
    stand.journal.close()
    stand.journal = stand.desk.open()
    stand.plays(K.REGISTER, answers(then=lambda: stand.shows(Status.REGISTERED)))
    assert (await stand.carry_out(action())).result is R.DONE
