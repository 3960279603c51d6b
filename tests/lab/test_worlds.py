"""World files and what an admin does behind everybody's back; no sockets here."""

import asyncio
from datetime import timedelta

import pytest

from providers.lab import Lab, WorldFileError, agent, build_world
from providers.lab.by_hand import WHAT_A_NODE_HAS, WHAT_A_SERVER_HAS, set_by_hand
from providers.lab.nouns import RMS, has_new_root
from tests.lab.lab_clients import START, one_node, world

REGISTERED = "registered: {account: example.com, virtual_account: EMEA}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "keys and values are wanted"),
        ("a: [", "world: while parsing"),
        ("cluters: {}", "unknown key 'cluters'; did you mean 'clusters'?"),
        ("settings: {seed: x}", "settings.seed: 'x' is not a number"),
        ("settings: {seed: 1.5}", "settings.seed: '1.5' is not a whole number"),
        ("cloud: {quirks: {bare_token: on}}", "did you mean 'bare_tokens'?"),
        ("settings: {proxies: x}", "settings.proxies: a list is wanted"),
        ("settings: {dialects: wild}", "'wild' is not one of plain, drawn"),
        ("cloud: {clients: [{client_id: x}]}", "'client_secret' is missing"),
        ("cloud: {clients: x}", "cloud.clients: a list is wanted"),
        ("cloud: {answers_nodes: perhaps}", "true or false is wanted"),
        ("cloud: {host_names: [[x]]}", "a text is wanted"),
        ("clusters: {a: {}}", "clusters.a: 'nodes' is missing"),
        ("clusters: {a: {nodes: {n1: {serial: x}}}}", "clusters.a.nodes.n1: 'version' is missing"),
        ("clusters: {a: {nodes: {n1: {serial: x, version: X13}}}}", "'X13' is not one of X12.6"),
        (one_node("dialect: {banner: loud}"), "dialect banner: 'loud' is not one of ok, quiet, long"),
        (one_node("dialect: {mood: bad}"), "dialect mood: 'bad' is not one of none"),
        (one_node("registered: {account: x.com, virtual_account: EMEA}"), "cloud has no account 'x.com'"),
        (one_node("registered: {account: example.com, virtual_account: X}"), "no virtual account 'X'"),
        (
            world("  a: {nodes: {n1: {serial: x, version: X15.0, port: 9}}}\n").replace(
                "cloud:", "cloud:\n  port: 9"
            ),
            "same port 9",
        ),
    ],
)
def test_a_world_file_that_is_wrong_says_where_and_what(text: str, said: str) -> None:
    with pytest.raises(WorldFileError) as caught:
        build_world(text, START)
    assert said in str(caught.value)


def test_a_serial_that_looks_like_a_number_stays_itself() -> None:
    text = (
        "clusters: {a: {defaults: {version: X15.0}, nodes: {n1: {serial: 52E01234}, n2: {serial: 00012345}}}}"
    )
    assert [node.serial for node in build_world(text, START).nodes.values()] == ["52E01234", "00012345"]


def test_a_node_may_start_failed_or_expired() -> None:
    failed = build_world(one_node("registration_word: failed, failure: no luck"), START).node("a/n1")
    assert (failed.registration_word, failed.failure, failed.failed_at) == ("failed", "no luck", START)


def test_the_fix_for_the_root_authority_is_known_by_branch() -> None:
    """S11: X14.0.11 and later of X14.0, X14.2.5 and later."""
    fixed = {"X14.0.11", "X14.2.5", "X14.2.6", "X14.3", "X14.3.1", "X15.0"}
    broken = {"X12.6", "X12.6.4", "X14.0.8", "X14.0.10", "X14.1", "X14.2", "X14.2.1", "X14.2.4"}
    assert {version for version in fixed | broken if has_new_root(version)} == fixed


@pytest.mark.parametrize(
    ("what", "value", "field", "after"),
    [
        ("proxy", "proxy.example.com:3128", "proxy", "proxy.example.com:3128"),
        ("proxy", "none", "proxy", None),
        ("transport", "on-prem", "transport", "satellite"),
        ("url", "https://x/SmartTransport", "url", "https://x/SmartTransport"),
        ("privacy", "all", "privacy", "all"),
        ("network", "isolated", "network", "isolated"),
        ("version", "X15.0", "version", "X15.0"),
        ("dns", "192.0.2.1,192.0.2.2", "dns", ["192.0.2.1", "192.0.2.2"]),
        ("ntp", "none", "ntp", []),
        ("usage", "rms=5", "usage", {RMS: 5}),
        ("status-text", "BEWILDERED", "status_text", "BEWILDERED"),
        ("status-text", "none", "status_text", None),
        ("registration", "none", "registration", None),
    ],
)
def test_an_admin_changes_one_thing_by_hand(what: str, value: str, field: str, after: object) -> None:
    made = build_world(one_node(REGISTERED), START)
    assert set_by_hand(made, "cluster/a/node/n1", what, value) == f"a/n1: {what} is now {value}"
    assert getattr(made.node("a/n1"), field) == after


@pytest.mark.parametrize(
    ("version", "more", "smart"),
    [
        ("X14.0.11", "", False),
        ("X14.2.1", "", True),
        ("X14.0.11", REGISTERED, True),
        ("X12.6", "smart: true", True),
    ],
)
def test_smart_is_on_by_itself_from_x14_2_or_where_the_world_says_so(
    version: str, more: str, smart: bool
) -> None:
    node = build_world(one_node(more, version=version), START).node("a/n1")
    assert node.smart is smart
    assert (node.evaluation_since is not None) is (smart and more != REGISTERED)


def test_smart_licensing_goes_on_and_never_off_again() -> None:
    made = build_world(one_node("smart: false", version="X12.6"), START)
    set_by_hand(made, "a/n1", "smart", "off")
    set_by_hand(made, "a/n1", "smart", "on")
    assert made.node("a/n1").evaluation_since == START
    with pytest.raises(ValueError, match="factory reset"):
        set_by_hand(made, "a/n1", "smart", "off")


def test_an_upgrade_to_x14_2_switches_smart_on_and_starts_the_clock() -> None:
    made = build_world(one_node("smart: false", version="X12.6"), START)
    set_by_hand(made, "a/n1", "version", "X14.3.1")
    assert made.node("a/n1").smart
    assert made.node("a/n1").evaluation_since == START


def test_somebody_registers_a_node_to_another_virtual_account() -> None:
    made = build_world(one_node(REGISTERED), START)
    set_by_hand(made, "a/n1", "virtual-account", "Old")
    registration = made.node("a/n1").registration
    assert registration is not None
    assert registration.virtual_account.name == "Old"
    assert [one.serial for one in registration.virtual_account.instances] == ["0E4D1FA5"]
    assert len(made.virtual_account("cloud", "example.com", "EMEA").instances) == 1


def test_somebody_registers_a_node_that_was_not() -> None:
    made = build_world(one_node("transport: satellite"), START)
    set_by_hand(made, "a/n1", "virtual-account", "Default")
    registration = made.node("a/n1").registration
    assert registration is not None
    assert registration.manager == "plant"


def test_alarms_are_raised_and_cleared_by_hand() -> None:
    made = build_world(one_node(), START)
    set_by_hand(made, "a/n1", "alarm", "+20004")
    assert [alarm.id for alarm in made.node("a/n1").alarms] == ["20004"]
    set_by_hand(made, "a/n1", "alarm", "-20004")
    assert made.node("a/n1").alarms == []


def test_evaluation_days_are_set_and_run() -> None:
    made = build_world(one_node(), START)
    set_by_hand(made, "a/n1", "evaluation-days", "3")
    assert made.node("a/n1").evaluation_left(START) == 3 * 86_400


def test_a_manager_can_become_unreachable_for_nodes_and_ungranted_for_clients() -> None:
    made = build_world(one_node(), START)
    set_by_hand(made, "cloud", "answers-nodes", "off")
    with pytest.raises(agent.NoWay, match="timed out"):
        agent.way(made, made.node("a/n1"))
    set_by_hand(made, "cloud", "token-uses", "2")
    assert made.cloud.token_uses == 2
    set_by_hand(made, "cloud", "granted", "off")
    assert not any(client.granted for client in made.cloud.clients)


@pytest.mark.parametrize(
    ("name", "what", "value", "said"),
    [
        ("b/n1", "url", "x", "no node or server 'b/n1'; it has: a/n1, cloud, plant"),
        ("a/n1", "colour", "red", "'colour' cannot be set; what can: proxy, smart"),
        ("cloud", "colour", "red", "'colour' cannot be set; what can: answers-nodes"),
        ("cloud", "form", "reserved_key", "'reserved_key' is not NAME=ANSWER"),
        ("cloud", "form", "colour=red", "'colour' is not one of reservations_shown"),
        ("cloud", "quantity", "Nowhere:rms=1", "cloud has no pool of 'rms' in 'Nowhere'"),
        ("a/n1", "dialect", "request_again=maybe", "'maybe' is not one of same, new"),
        ("a/n1", "proxy", "nonsense", "a proxy is HOST:PORT"),
        ("a/n1", "transport", "pigeon", "'pigeon' is not one of"),
        ("a/n1", "alarm", "20004", "an alarm is +ID or -ID"),
        ("a/n1", "evaluation-days", "x", "'x' is not a number"),
        ("a/n1", "registration", "none", "is not registered"),
        ("a/n1", "virtual-account", "X", "no virtual account 'X'"),
    ],
)
def test_what_cannot_be_set_is_refused(name: str, what: str, value: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        set_by_hand(build_world(one_node(), START), name, what, value)
    assert said in str(caught.value)


def test_everything_that_can_be_set_is_listed() -> None:
    assert {"proxy", "smart", "transport"} <= set(WHAT_A_NODE_HAS)
    assert {"answers-nodes", "granted", "token-uses", "form"} <= set(WHAT_A_SERVER_HAS)


def test_the_answers_of_open_questions_change_in_a_running_world() -> None:
    made = build_world(one_node(), START)
    set_by_hand(made, "a/n1", "dialect", "request_again=new")
    set_by_hand(made, "cloud", "form", "reserved_key=uuid")
    set_by_hand(made, "cloud", "quirk", "bare_tokens=on")
    assert made.node("a/n1").dialect.request_again == "new"
    assert made.cloud.form("reserved_key") == "uuid"
    assert made.cloud.quirks == {"bare_tokens": True}


def test_an_account_and_its_pools_change_in_a_running_world() -> None:
    made = build_world(one_node(), START)
    set_by_hand(made, "cloud", "reservations", "off")
    set_by_hand(made, "cloud", "rehost-limit", "5")
    set_by_hand(made, "cloud", "removal-seconds", "60")
    set_by_hand(made, "cloud", "quantity", "EMEA:rms=60,desktop=1")
    account = made.cloud.accounts[0]
    assert (account.reservations, account.rehost_limit, made.settings.removal_seconds) == (False, 5, 60)
    assert [pool.quantity for pool in account.virtual_accounts[0].pools][:2] == [60, 1]


async def test_lab_time_may_run_faster_than_the_wall() -> None:
    lab = Lab(build_world(one_node(settings="time_scale: 1000000"), START))
    async with lab:
        while lab.world.now < START + timedelta(days=1):
            await asyncio.sleep(0)
            lab.tick()
    with pytest.raises(ValueError, match="backwards"):
        lab.advance(-1)


def test_nothing_happens_before_its_time_and_time_never_runs_back() -> None:
    made = build_world(one_node(), START)
    assert made.next_due() is None
    agent.register(made, made.node("a/n1"), "x")
    due = made.next_due()
    assert due is not None
    assert (due - START).total_seconds() == 2
    made.catch_up(due)
    assert made.node("a/n1").registration_word == "failed"
    made.catch_up(START)
    assert made.now == due
