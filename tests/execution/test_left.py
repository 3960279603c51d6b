"""What a later run makes of effects that reservations have no part in, and of settings made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler import model as m
from reconciler.execution import Providers
from reconciler.execution.recover import recover
from reconciler.journal import SqliteJournal
from tests.journal.bench import E1, EMEA
from tests.journal.reserved import SERIAL, step

from .stand import BY_TOKEN, CLUSTER, DESIRED, Stand, Status, marked

K = m.Kind
REGISTERED = {"virtual_account": "Expressway EMEA"}


def effect(kind: m.Kind, address: m.Address = E1) -> m.Action:
    """An action as far as recovery looks at it."""
    return m.Action(
        f"{kind.value}:{SERIAL}:1", address, kind, SERIAL, {}, m.Carrier.SSH, m.EffectClass.ONCE, "a test"
    )


def wants(stand: Stand, cluster: m.ClusterDesired, **policy: int) -> None:
    stand.desired = replace(DESIRED, clusters=(cluster,), policy=m.Policy(**policy))  # type: ignore[arg-type]


# Registrations


@pytest.mark.parametrize("kind", [K.REGISTER, K.REREGISTER])
@pytest.mark.parametrize(
    ("shown", "licence", "ended"),
    [
        (Status.REGISTERED, REGISTERED, ("verified", "observed: registered")),
        (Status.REGISTERED, {"virtual_account": "Another"}, ("failed", "watched for 30 s: registered")),
        (
            Status.REGISTERED,
            {"smart_account": "other.example.org"},
            ("failed", "watched for 30 s: registered"),
        ),
        (Status.REGISTERED, {"export_controlled": True}, ("failed", "watched for 30 s: registered")),
        (Status.EXPIRED, {}, ("failed", "watched for 30 s: registration expired")),
    ],
)
async def test_a_registration_is_proven_by_the_account_that_it_was_for(
    stand: Stand, kind: m.Kind, shown: Status, licence: dict[str, Any], ended: tuple[str, str]
) -> None:
    wants(stand, replace(BY_TOKEN, registration=m.Registration(m.RegistrationMode.TOKEN, False)))
    account = replace(DESIRED.accounts[0], smart_account="example.com")
    stand.desired = replace(stand.desired, accounts=(account,))
    op_id = stand.left_open(effect(kind))
    stand.shows(shown, **licence)
    await stand.later(minutes=1)
    assert stand.op(op_id) == ended
    assert len(stand.node.looks) - 1 == (0 if ended[0] == "verified" else 15)


async def test_an_expired_authorization_does_not_make_a_registration_open(stand: Stand) -> None:
    wants(stand, BY_TOKEN)
    op_id = stand.left_open(effect(K.REGISTER))
    stand.shows(Status.REGISTERED, authorization=m.AuthorizationStatus.EXPIRED, **REGISTERED)
    await stand.later(minutes=1)
    assert stand.op(op_id)[0] == "verified"


async def test_where_no_registration_is_wanted_any_more_only_a_registered_node_proves_one(
    stand: Stand,
) -> None:
    wants(stand, replace(CLUSTER, registration=None))
    op_id = stand.left_open(effect(K.REGISTER))
    stand.shows(Status.PENDING)
    await stand.later(minutes=1)
    assert stand.op(op_id)[0] == "sending"
    stand.shows(Status.REGISTERED)
    await stand.later(minutes=1)
    assert stand.op(op_id) == ("verified", "observed: registered")


async def test_a_registration_is_not_proven_where_a_reservation_is_wanted_now(stand: Stand) -> None:
    op_id = stand.left_open(effect(K.REGISTER))
    stand.shows(Status.REGISTERED)
    await stand.later(minutes=1)
    assert stand.op(op_id) == ("failed", "watched for 30 s: registered")


@pytest.mark.parametrize(
    ("shown", "ended"),
    [
        (Status.UNREGISTERED, ("verified", "observed: unregistered")),
        (Status.REGISTERED, ("failed", "watched for 30 s: registered")),
    ],
)
async def test_a_deregistration_is_proven_by_a_free_node(
    stand: Stand, shown: Status, ended: tuple[str, str]
) -> None:
    op_id = stand.left_open(effect(K.DEREGISTER))
    stand.shows(shown)
    await stand.later(minutes=1)
    assert stand.op(op_id) == ended


async def test_a_step_that_no_status_word_proves_is_given_up_after_the_watch(stand: Stand) -> None:
    op_id = stand.left_open(effect(K.SET_PROXY))
    await stand.later(minutes=1)
    assert stand.op(op_id) == ("failed", "watched for 30 s: unregistered")


async def test_the_watch_is_told_and_no_longer_than_a_registration_may_take(stand: Stand) -> None:
    wants(stand, BY_TOKEN, registration_wait=5)
    op_id = stand.left_open(effect(K.REGISTER))
    began = stand.clock.monotonic()
    await stand.later(seconds=0)
    assert stand.op(op_id) == ("failed", "watched for 5 s: unregistered")
    assert stand.heard.texts == ["watching cluster/ams-edge/node/e1 after a lost answer"] * 3
    assert stand.clock.monotonic() - began == 6


async def test_what_shows_during_the_watch_is_in_the_observation_that_comes_of_it(stand: Stand) -> None:
    stand.left_open(effect(K.DEREGISTER))
    stand.shows(Status.REGISTERED)
    before = await stand.observation()
    stand.shows(Status.UNREGISTERED)
    after = await recover(stand.engine, before)
    (node,) = after.nodes
    assert node == stand.node.shown[E1]
    assert after.accounts == before.accounts


async def test_a_stopped_run_watches_nothing_and_gives_nothing_up(stand: Stand) -> None:
    op_id = stand.left_open(effect(K.REGISTER))
    stand.engine.stop.set()
    await stand.later(minutes=1)
    assert (stand.op(op_id)[0], stand.heard.texts) == ("sending", [])


async def test_a_stop_during_the_watch_gives_nothing_up(stand: Stand) -> None:
    op_id = stand.left_open(effect(K.REGISTER))
    stand.node.before_look = lambda: stand.engine.stop.set() if len(stand.node.looks) == 2 else None
    await stand.later(minutes=1)
    assert (stand.op(op_id)[0], len(stand.node.looks)) == ("sending", 2)


async def test_a_node_that_says_nothing_of_itself_is_not_watched_with_its_peer(stand: Stand) -> None:
    e2 = m.Address.of_node("ams-edge", "e2")
    peer = replace(BY_TOKEN.nodes[0], address=e2, name="e2")
    wants(stand, replace(BY_TOKEN, nodes=(*BY_TOKEN.nodes, peer)))
    silent, told = stand.left_open(effect(K.REGISTER)), stand.left_open(effect(K.REGISTER, e2))
    now = stand.clock.now()
    stand.node.shown = {
        E1: m.NodeObserved(E1, now),
        e2: m.NodeObserved(e2, now, licence=m.Licence(True, Status.UNREGISTERED)),
    }
    both = tuple(reading for reading in stand.node.shown.values() if isinstance(reading, m.NodeObserved))
    await recover(stand.engine, m.Observation(now, both))
    assert (stand.op(silent)[0], stand.op(told)[0]) == ("sending", "failed")
    assert set(stand.node.looks) == {e2}
    assert stand.heard.texts[0] == f"watching {e2} after a lost answer"


async def test_a_watch_that_was_in_vain_gives_the_last_reading_too(stand: Stand) -> None:
    stand.left_open(effect(K.DEREGISTER))
    stand.shows(Status.REGISTERED)
    before = await stand.observation()
    stand.clock.time += timedelta(hours=1)
    stand.shows(Status.REGISTERED, **REGISTERED)
    after = await recover(stand.engine, before)
    assert after.nodes == (stand.node.shown[E1],)


@pytest.mark.parametrize("shown", [True, False])
async def test_what_lies_outside_of_this_run_is_left_alone(stand: Stand, shown: bool) -> None:
    """A node that the run does not look at, and a kind that nothing proves."""
    op_id = stand.left_open(effect(K.REGISTER) if shown else effect(K.REHOST, EMEA))
    nodes = () if shown else (await stand.observation()).nodes
    await recover(stand.engine, m.Observation(stand.clock.now(), nodes))
    assert stand.op(op_id)[0] == "sending"


# What is simply done again, or was seen already


@pytest.mark.parametrize(
    "kind",
    [
        K.SET_URL,
        K.SET_TRANSPORT,
        K.SET_PRIVACY,
        K.RENEW_REGISTRATION,
        K.RENEW_AUTHORIZATION,
        K.ENABLE_RESERVATION,
        K.DISABLE_RESERVATION,
        K.REVOKE_TOKEN,
    ],
)
async def test_what_may_be_set_again_is_closed_and_planned_anew(stand: Stand, kind: m.Kind) -> None:
    op_id = stand.left_open(effect(kind))
    await stand.later(minutes=1)
    assert stand.op(op_id) == ("failed", "left open; observed anew")
    assert len(stand.node.looks) == 1


async def test_what_a_dead_run_had_verified_stays_so(stand: Stand) -> None:
    begun = stand.journal.intent("run-dead", effect(K.REGISTER))
    begun.sending()
    begun.verified([])
    await stand.later(minutes=1)
    assert stand.op(begun.op_id) == ("verified", "seen before its run ended")
    assert not stand.is_open


class Meanwhile:
    """The journal while another run begins an effect, between two questions of ours."""

    def __init__(self, journal: SqliteJournal) -> None:
        self._journal = journal
        self.begun = ""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def live_runs(self) -> frozenset[str]:
        live = self._journal.live_runs()
        if not self.begun:
            run_id = self._journal.begin_run("apply", None, None)
            self._journal.lease((E1.parent,), run_id)
            self.begun = self._journal.intent(run_id, step(K.RETURN_RESERVATION)).op_id
        return live


async def test_what_another_run_begins_while_we_ask_is_its_own(stand: Stand) -> None:
    """Between its intent and its first byte an effect looks like one that was never sent."""
    journal = Meanwhile(stand.journal)
    await recover(replace(stand.engine, journal=journal), await stand.observation())  # type: ignore[arg-type]
    assert stand.op(journal.begun)[0] == "intent"


# Tokens


def making(slot: str = "token/emea/allowed") -> m.Action:
    return replace(effect(K.CREATE_TOKEN, EMEA), params={"expires_after_days": 1}, makes=slot)


@pytest.mark.parametrize(
    ("received", "known", "ended"),
    [
        (marked(m.CodeKind.TOKEN, "canary-token"), True, ("done", "the token was found in the spool")),
        (b'{"tok', True, ("failed", "the answer was lost with the run")),
        (marked(m.CodeKind.TOKEN, "canary-token"), False, ("failed", "the answer was lost with the run")),
    ],
)
async def test_a_token_is_kept_where_its_whole_answer_came_and_its_account_is_known(
    stand: Stand, received: bytes, known: bool, ended: tuple[str, str]
) -> None:
    op_id = stand.left_open(making(), received)
    providers = stand.engine.providers if known else Providers(stand.node, {})
    await recover(replace(stand.engine, providers=providers), await stand.observation())
    assert stand.op(op_id) == ended
    assert stand.slots() == ({"token/emea/allowed"} if ended[0] == "done" else set())


async def test_a_token_whose_answer_never_came_is_taken_from_the_list_of_tokens(stand: Stand) -> None:
    op_id = stand.left_open(making(), b'{"tok')
    stand.account.lists[m.CodeKind.TOKEN] = "canary-token"
    await recover(stand.engine, await stand.observation())
    assert stand.op(op_id) == ("done", "the token was found in CSSM's list")
    assert stand.journal.code_value("token/emea/allowed") == "canary-token"


@pytest.mark.parametrize("received", [marked(m.CodeKind.TOKEN, "canary-token"), b""])
async def test_a_token_that_was_found_ends_so_long_after_it_was_asked_for(
    stand: Stand, received: bytes
) -> None:
    stand.account.lists[m.CodeKind.TOKEN] = "canary-token"
    stand.left_open(making(), received)
    asked = stand.clock.now()
    await stand.later(hours=5)
    (code,) = stand.journal.held().codes
    assert code.expires_at == asked + timedelta(days=1)


async def test_a_token_that_came_in_pieces_is_whole(stand: Stand) -> None:
    begun = stand.journal.intent("run-dead", making())
    begun.sending()
    begun.received(b"{{token|can")
    begun.received(b"ary}}")
    await stand.later(minutes=1)
    assert stand.journal.code_value("token/emea/allowed") == "canary"


# Steps done by hand


PROXIED = replace(CLUSTER, transport=m.Transport(m.TransportMode.PROXY, None, "Proxy.example.com", 8080))


@pytest.mark.parametrize(
    ("kind", "licence", "closes"),
    [
        (K.SET_PROXY, m.Licence(True, proxy="proxy.example.com:8080"), True),
        (K.SET_PROXY, m.Licence(True, proxy="other.example.com:8080"), False),
        (K.SET_PROXY, m.Licence(True, proxy=None), False),
        (K.SET_PROXY, m.Licence(True), False),
        (K.SET_PROXY, m.UNKNOWN, False),
        (K.ENABLE_SMART, m.Licence(True), True),
        (K.ENABLE_SMART, m.Licence(True, proxy=None), True),
        (K.ENABLE_SMART, m.Licence(False, proxy=None), False),
        (K.ENABLE_SMART, m.Licence(proxy=None), False),
        (K.ENABLE_SMART, m.UNKNOWN, False),
        (K.SET_PRIVACY, m.Licence(True, proxy="proxy.example.com:8080"), False),
    ],
)
async def test_a_setting_made_by_hand_closes_its_hand_off_when_the_node_shows_it(
    stand: Stand, kind: m.Kind, licence: m.Maybe[m.Licence], closes: bool
) -> None:
    wants(stand, PROXIED)
    now = stand.clock.now()
    waiting = stand.journal.park("run-1", m.Waiting("", "a-1", kind.value, E1, SERIAL, now, ("do it",)))
    stand.node.shown[E1] = m.NodeObserved(E1, now, serial=SERIAL, licence=licence)
    await stand.later(hours=1)
    assert stand.journal.held().waiting == (() if closes else (waiting,))
    done = f"hand-off {waiting.handoff_id} is done: cluster/ams-edge/node/e1 shows it"
    assert stand.heard.texts == ([done] if closes else [])


async def test_one_hand_off_that_cannot_show_does_not_keep_another_open(stand: Stand) -> None:
    wants(stand, PROXIED)
    now = stand.clock.now()
    for number, kind in enumerate((K.SET_PRIVACY, K.ENABLE_SMART, K.REGISTER)):
        parked = m.Waiting("", f"a-{number}", kind.value, E1, SERIAL, now, ("do it",))
        stand.journal.park("run-1", parked)
    stand.node.shown[E1] = m.NodeObserved(E1, now, licence=m.Licence(True))
    await stand.later(hours=1)
    assert {waiting.kind for waiting in stand.journal.held().waiting} == {K.SET_PRIVACY, K.REGISTER}


async def test_a_node_that_was_not_read_closes_no_hand_off(stand: Stand) -> None:
    wants(stand, PROXIED)
    now = stand.clock.now()
    stand.journal.park("run-1", m.Waiting("", "a-1", K.SET_PROXY.value, E1, SERIAL, now, ("do it",)))
    await recover(stand.engine, m.Observation(now))
    assert len(stand.journal.held().waiting) == 1
