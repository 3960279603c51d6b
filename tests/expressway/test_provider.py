"""The provider over real SSH against nodes that play transcripts: observing, carrying out, refusing."""

from __future__ import annotations

import pytest

from providers.expressway import ExpresswayProvider
from reconciler.errors import OutcomeUnknown, Rejected, SecretError, Unreachable, Untrusted
from reconciler.model import (
    UNKNOWN,
    Action,
    Address,
    AuthorizationStatus,
    Carrier,
    CodeKind,
    EffectClass,
    Kind,
    ProblemKind,
    RegistrationStatus,
)
from reconciler.ports import Inputs, Provider

from .conftest import Play, Provide
from .played import PASSWORD, PlayedNode, QuickClock, TapLog, transcript

CLUSTER = Address("cluster/ams-edge")
E1 = Address.of_node("ams-edge", "e1")
E2 = Address.of_node("ams-edge", "e2")
SLOT = "token/emea/allowed"
CODE = "NjQ5ZGNhYTctOTgxZi00-LTE3MDAwMDAwMDA%3D%0Aabcdef"
"""The shape of a registration token; never one of a real account."""

OK = "\r\nOK\r\n"


def action(kind: Kind, address: Address = E1, **params: object) -> Action:
    if kind in {Kind.REGISTER, Kind.REREGISTER}:
        params = {"token": SLOT, "virtual_account": "Expressway EMEA", "export_controlled": True} | params
    return Action(f"{kind}:s:0", address, kind, "s", params, Carrier.SSH, EffectClass.ONCE, "why")


def inputs(tap: TapLog | None = None, code: str = CODE) -> Inputs:
    return Inputs("op-1", tap or TapLog(), {SLOT: code})


# --- observing -----------------------------------------------------------------------------------------


async def test_one_look_shows_all_parts_over_one_connection_and_one_shell(
    play: Play, provide: Provide
) -> None:
    node = await play()
    seen = await provide(node).observe(E1)

    assert seen.problems == ()
    assert seen.serial == "0E4D1FA5"
    assert seen.software.version == "X14.3.1"
    assert seen.licence.registration is RegistrationStatus.UNREGISTERED
    assert seen.licence.authorization is AuthorizationStatus.EVALUATION
    assert seen.smart.transport == "direct"
    assert seen.smart.url is None
    assert [alarm.id for alarm in seen.alarms] == ["30035", "40049"]
    assert seen.peers == ("e1.example.com", "e2.example.com")
    assert seen.primary == 1
    assert seen.hostname == "e1"
    assert seen.dns == ("192.0.2.53", "192.0.2.54")
    assert seen.ntp == ("ntp1.example.com", "ntp2.example.com")
    assert [key.key for key in seen.option_keys] == ["116341J00-1-60BAD5CD"]
    assert (node.seen.connections, node.seen.shells) == (1, 1)


async def test_a_second_look_uses_the_same_connection(play: Play, provide: Provide) -> None:
    node = await play()
    provider = provide(node)
    assert (await provider.observe(E1)).serial == (await provider.observe(E1)).serial
    assert node.seen.connections == 1


async def test_commands_that_a_release_does_not_know_have_a_second_spelling(
    play: Play, provide: Provide
) -> None:
    node = await play(
        replies={
            "xstatus // license": "Command not recognized.\r\n",
            "xstatus license": transcript("X14.3.1/licence-registered"),
            "xstatus alarm": "ERROR\r\n",
            "xstatus warnings": transcript("X15.0/warnings"),
            "xstatus options": "Command not recognized.\r\n",
            "xconfiguration option": '*c xConfiguration Option 1 Key: "116341C00-1-AAAA"\r\nOK\r\n',
        }
    )
    seen = await provide(node).observe(E1)
    assert seen.licence.registration is RegistrationStatus.REGISTERED
    assert [alarm.id for alarm in seen.alarms] == ["30042", "40049"]
    assert [key.key for key in seen.option_keys] == ["116341C00-1-AAAA"]
    assert seen.problems == ()


async def test_each_part_that_cannot_be_read_costs_only_itself(play: Play, provide: Provide) -> None:
    node = await play(
        replies={
            "xstatus // license": "Command not recognized.\r\n",
            "xstatus license": '*s License: /\r\n  Traversal: "5"\r\n*s/end\r\nOK\r\n',
            "xstatus alarm": '*s Alarm: /\r\n  ID: "3\x0035"\r\n*s/end\r\nOK\r\n',
            "xconfiguration alternates": "ERROR: busy\r\n",
            "xconfiguration license smart": OK,
            "xconfiguration dns": "Command not recognized.\r\n",
            "xconfiguration ntp": "Command not recognized.\r\n",
        }
    )
    seen = await provide(node).observe(E1)
    assert seen.software.version == "X14.3.1"
    parts = (seen.licence, seen.smart, seen.alarms, seen.peers, seen.dns, seen.ntp)
    assert parts == (UNKNOWN,) * len(parts)
    assert [problem.part for problem in seen.problems] == ["licence", "smart", "alarms", "peers"]
    assert {problem.kind for problem in seen.problems} == {ProblemKind.UNREADABLE}
    assert "ERROR: busy" in seen.problems[3].message


async def test_unknown_words_are_a_problem_that_names_them(play: Play, provide: Provide) -> None:
    node = await play(replies={"xstatus // license": transcript("X14.3.1/licence-strange")})
    seen = await provide(node).observe(E1)
    assert "HIBERNATING" in seen.problems[0].message
    assert seen.licence.unrecognised


async def test_the_serial_may_come_from_the_licence_block(play: Play, provide: Provide) -> None:
    bare = '*s SystemUnit: /\r\n  Build: "X14.3.1"\r\n*s/end\r\nOK\r\n'
    node = await play(replies={"xstatus systemunit": bare})
    assert (await provide(node).observe(E1)).serial == "0E4D1FA5"


async def test_a_wrong_password_is_tried_exactly_once_in_a_run(play: Play, provide: Provide) -> None:
    node = await play()
    provider = provide(node, typed="wrong")
    for _ in range(3):
        seen = await provider.observe(E1)
        assert [problem.kind for problem in seen.problems] == [ProblemKind.UNTRUSTED]
        assert "one attempt" in seen.problems[0].message
    assert node.seen.passwords == ["wrong"]


async def test_a_secret_that_cannot_be_resolved_is_a_problem_of_trust(play: Play, provide: Provide) -> None:
    class Locked:
        def resolve(self, ref: object) -> str:
            del ref
            raise SecretError("env:PASSWORD is not set", remedy="set it")

    node = await play()
    provider = provide(node, secrets=Locked())
    problem = (await provider.observe(E1)).problems[0]
    assert (problem.kind, problem.remedy) == (ProblemKind.UNTRUSTED, "set it")
    with pytest.raises(Untrusted, match="is not set"):
        await provider.execute(action(Kind.DEREGISTER), inputs())
    assert node.seen.connections == 0


# --- carrying out --------------------------------------------------------------------------------------


async def test_the_token_is_typed_its_echo_compared_sending_said_and_then_enter_pressed(
    play: Play, provide: Provide
) -> None:
    node = await play()
    tap = TapLog(node=node)
    reply = await provide(node).execute(action(Kind.REGISTER), inputs(tap))

    assert reply.codes == ()
    assert node.seen.lines[-1] == f'xCommand License Smart Register Idtoken: "{CODE}"'
    assert tap.lines_at_sending == ["xStatus SystemUnit"]
    assert tap.events[0] == "sending"
    assert tap.events.count("sending") == 1
    assert b"OK" in tap.data


@pytest.mark.parametrize(
    ("kind", "params", "line"),
    [
        (Kind.REREGISTER, {}, f'xCommand License Smart Reregister: "{CODE}"'),
        (Kind.DEREGISTER, {}, "xCommand License Smart Deregister"),
        (Kind.RENEW_REGISTRATION, {}, "xCommand License Smart Renew ID"),
        (Kind.RENEW_AUTHORIZATION, {}, "xCommand License Smart Renew Auth"),
        (Kind.SET_PRIVACY, {"privacy": "all"}, "xConfiguration License Smart Privacy: all"),
        (
            Kind.SET_URL,
            {"url": "https://ssm/SmartTransport"},
            'xConfiguration License Smart Url: "https://ssm/SmartTransport"',
        ),
    ],
)
async def test_every_change_is_one_line_typed_once(play: Play, provide: Provide, kind, params, line) -> None:
    node = await play()
    await provide(node).execute(action(kind, **params), inputs())
    assert [typed for typed in node.seen.lines if typed != "xStatus SystemUnit"] == [line]


async def test_the_node_s_own_words_come_back_without_the_token(play: Play, provide: Provide) -> None:
    said = f"Registration of {CODE} is in progress.\x1b[1m Wait.\r\n\r\nOK\r\n"
    node = await play(replies={"xcommand license smart": said})
    reply = await provide(node).execute(action(Kind.REGISTER), inputs())
    assert reply.text == "Registration of <secret> is in progress. Wait."


async def test_an_error_is_a_refusal_with_what_the_node_said(play: Play, provide: Provide) -> None:
    node = await play(replies={"xcommand license smart": f"no {PASSWORD} {CODE}\r\nERROR: already\r\n"})
    with pytest.raises(Rejected) as refusal:
        await provide(node).execute(action(Kind.REGISTER), inputs())
    assert refusal.value.said == "no <secret> <secret>\nERROR: already"
    assert CODE not in str(refusal.value)
    assert PASSWORD not in str(refusal.value)


async def test_the_next_spelling_is_tried_only_after_not_recognised(play: Play, provide: Provide) -> None:
    node = await play(
        replies={
            "xcommand license smart": "Command not recognized.\r\n",
            "xconfiguration license smart deregister:": OK,
        }
    )
    tap = TapLog()
    await provide(node).execute(action(Kind.DEREGISTER), inputs(tap))
    assert node.seen.lines[-1] == "xConfiguration License Smart Deregister: On"
    assert tap.events.count("sending") == 1


async def test_a_release_that_knows_no_spelling_is_a_refusal_that_names_the_page(
    play: Play, provide: Provide
) -> None:
    node = await play(replies={"xcommand license smart": "Command not recognized.\r\n"})
    with pytest.raises(Rejected) as refusal:
        await provide(node).execute(action(Kind.REGISTER), inputs())
    assert "Maintenance > Smart licensing" in refusal.value.remedy
    assert not any(line.startswith("xConfiguration") for line in node.seen.lines)


@pytest.mark.parametrize("code", ['a"; xCommand Boot', "a\nxCommand Boot", "é", "a\\", "x" * 5000])
async def test_a_token_that_cannot_be_typed_safely_is_never_sent(
    play: Play, provide: Provide, code: str
) -> None:
    node = await play()
    with pytest.raises(Unreachable, match="not sent") as refusal:
        await provide(node).execute(action(Kind.REGISTER), inputs(code=code))
    assert code not in str(refusal.value)
    assert node.seen.connections == 0


async def test_a_missing_token_or_a_strange_action_sends_nothing(play: Play, provide: Provide) -> None:
    node = await play()
    provider = provide(node)
    with pytest.raises(Unreachable, match="no token"):
        await provider.execute(action(Kind.REGISTER), Inputs("op", TapLog(), {}))
    with pytest.raises(Unreachable, match="does not go over SSH"):
        await provider.execute(action(Kind.SET_PROXY, host="p"), inputs())
    with pytest.raises(Unreachable, match="does not go over SSH"):
        await provider.execute(action(Kind.DEREGISTER, E2), inputs())
    assert node.seen.connections == 0


async def test_a_read_only_provider_looks_and_never_changes(play: Play, provide: Provide) -> None:
    node = await play()
    provider = provide(node, read_only=True)
    assert (await provider.observe(E1)).problems == ()
    tap = TapLog()
    with pytest.raises(Unreachable, match="only reads"):
        await provider.execute(action(Kind.DEREGISTER), inputs(tap))
    with pytest.raises(Unreachable, match="only reads"):
        await provider.execute(transport(), inputs(tap))
    assert tap.events == []
    assert not any("Deregister" in line for line in node.seen.lines)


# --- the transport of a cluster ------------------------------------------------------------------------


def transport(wanted: str = "satellite", wait: int = 60, nodes: tuple[Address, ...] = (E1,)) -> Action:
    return action(
        Kind.SET_TRANSPORT, CLUSTER, transport=wanted, nodes=[str(n) for n in nodes], replication_wait=wait
    )


class Replicating:
    """Two nodes of a cluster whose transport is one setting, or one of each."""

    def __init__(self, *nodes: PlayedNode, replicates: bool, after: int = 0) -> None:
        self.nodes = nodes
        self.values = ["direct"] * len(nodes)
        self.sets = [0] * len(nodes)
        self.replicates = replicates
        self.reads_until_seen = after
        for number, node in enumerate(nodes):
            node.script.answer = self.of(number)

    def of(self, number: int):
        def answer(line: str) -> str | None:
            head = "xconfiguration license smart"
            if line.casefold().startswith(head + " transport:"):
                self.sets[number] += 1
                for other in range(len(self.nodes)) if self.replicates else [number]:
                    self.values[other] = line.rsplit(" ", 1)[1]
                return OK
            if line.casefold() == head:
                late = number > 0 and self.reads_until_seen > 0 and self.values[number] == "satellite"
                self.reads_until_seen -= late
                shown = "direct" if late else self.values[number]
                return f"*c xConfiguration License Smart Transport: {shown}\r\nOK\r\n"
            return None

        return answer


async def test_a_transport_that_replicates_is_set_once_and_waited_for(play: Play, provide: Provide) -> None:
    nodes = [await play(), await play()]
    world = Replicating(*nodes, replicates=True, after=4)
    clock, tap = QuickClock(), TapLog()
    reply = await provide(*nodes, clock=clock).execute(transport(nodes=(E1, E2)), inputs(tap))
    assert world.sets == [1, 0]
    assert 0 < clock.passed <= 60
    assert tap.events.count("sending") == 1
    assert "set on e1" in reply.text


async def test_a_transport_that_does_not_replicate_is_set_on_every_peer_after_the_wait(
    play: Play, provide: Provide
) -> None:
    nodes = [await play(), await play()]
    world = Replicating(*nodes, replicates=False)
    clock = QuickClock()
    reply = await provide(*nodes, clock=clock).execute(transport(nodes=(E1, E2)), inputs())
    assert world.sets == [1, 1]
    assert world.values == ["satellite", "satellite"]
    assert clock.passed == 60
    assert "set on e1, e2" in reply.text


async def test_a_transport_that_is_already_there_is_not_set(play: Play, provide: Provide) -> None:
    nodes = [await play(), await play()]
    world = Replicating(*nodes, replicates=False)
    await provide(*nodes).execute(transport("direct", nodes=(E1, E2)), inputs(tap := TapLog()))
    assert world.sets == [0, 0]
    assert tap.events == []


async def test_a_transport_that_never_shows_is_a_refusal_that_names_the_node(
    play: Play, provide: Provide
) -> None:
    node = await play()
    with pytest.raises(Rejected, match="does not show on e1"):
        await provide(node).execute(transport(), inputs())


async def test_nothing_is_set_while_a_peer_cannot_be_reached(play: Play, provide: Provide) -> None:
    nodes = [await play(), await play()]
    world = Replicating(*nodes, replicates=False)
    provider = provide(*nodes)
    await nodes[1].__aexit__()
    with pytest.raises(Unreachable):
        await provider.execute(transport(nodes=(E1, E2)), inputs(tap := TapLog()))
    assert world.sets == [0, 0]
    assert tap.events == []


async def test_a_peer_lost_half_way_leaves_the_outcome_open_and_says_what_was_done(
    play: Play, provide: Provide
) -> None:
    nodes = [await play(), await play()]
    world = Replicating(*nodes, replicates=False)
    before = nodes[0].script.answer

    def then_lose_the_peer(line: str) -> str | None:
        if "Transport:" in line:
            nodes[1].drop()
            nodes[1].script.auth = "none"
        return before(line)

    nodes[0].script.answer = then_lose_the_peer
    with pytest.raises(OutcomeUnknown, match="was set on e1"):
        await provide(*nodes).execute(transport(nodes=(E1, E2)), inputs())
    assert world.sets == [1, 0]


async def test_a_peer_that_refuses_half_way_says_what_was_done(play: Play, provide: Provide) -> None:
    nodes = [await play(), await play()]
    Replicating(*nodes, replicates=False)
    before = nodes[1].script.answer
    nodes[1].script.answer = lambda line: "ERROR\r\n" if "Transport:" in line else before(line)
    with pytest.raises(Rejected, match=r"was set on e1; then: .*refused"):
        await provide(*nodes).execute(transport(nodes=(E1, E2)), inputs())


# --- what is said without a connection -----------------------------------------------------------------


def offline(provide: Provide) -> ExpresswayProvider:
    return provide(PlayedNode(script=None))


def test_nodes_and_their_clusters_say_what_goes_over_ssh(provide: Provide) -> None:
    provider = offline(provide)
    assert isinstance(provider, Provider)
    kinds = provider.capabilities()
    assert kinds[CLUSTER] == {Kind.SET_TRANSPORT}
    assert Kind.REGISTER in kinds[E1]
    assert Kind.SET_PROXY not in kinds[E1]
    assert Kind.ENABLE_SMART not in kinds[E1]


def test_commands_are_shown_without_the_token(provide: Provide) -> None:
    provider = offline(provide)
    assert provider.commands(action(Kind.REGISTER)) == ('xCommand License Smart Register Idtoken: "<token>"',)
    assert provider.commands(transport()) == ("xConfiguration License Smart Transport: satellite",)
    assert provider.commands(action(Kind.SET_PROXY)) == ()


@pytest.mark.parametrize(
    ("kind", "params", "words"),
    [
        (Kind.SET_PROXY, {"host": "p.example.com", "port": 8080, "username": None},
         ("*Proxy address*: p.example.com", "*Port*: 8080", "empty")),
        (Kind.SET_PROXY, {"host": "p", "port": 80, "username": "u"}, ("*Username*: u", "*Password*")),
        (Kind.ENABLE_SMART, {}, ("CANNOT BE UNDONE", "factory reset", "backup")),
        (Kind.SET_URL, {"url": "https://ssm/SmartTransport"}, ("https://ssm/SmartTransport",)),
        (Kind.SET_PRIVACY, {"privacy": "hostname"}, ("Do not share my hostname",)),
        (Kind.REGISTER, {}, ("'Expressway EMEA'", "with export-controlled", "*Register*")),
        (Kind.REREGISTER, {"export_controlled": False}, ("without export-controlled", "*Reregister*")),
        (Kind.REGISTER, {"export_controlled": None}, ("*Register*",)),
        (Kind.DEREGISTER, {}, ("*Deregister*",)),
        (Kind.RENEW_REGISTRATION, {}, ("*Renew Registration Now*",)),
        (Kind.RENEW_AUTHORIZATION, {}, ("*Renew Authorization Now*",)),
    ],
)  # fmt: skip
def test_a_person_is_told_the_page_the_fields_and_the_values(provide: Provide, kind, params, words) -> None:
    steps = offline(provide).instructions(action(kind, **params))
    assert steps[0] == "Open https://127.0.0.1/ as an administrator, Maintenance > Smart licensing."
    for word in words:
        assert word in "\n".join(steps)


def test_a_cluster_action_is_done_on_its_first_node(provide: Provide) -> None:
    steps = offline(provide).instructions(transport())
    assert "127.0.0.1" in steps[0]
    assert "On-Prem" in steps[1]
    assert offline(provide).instructions(action(Kind.CREATE_TOKEN, Address("account/emea"))) == ()
    assert "on the node" in offline(provide).instructions(action(Kind.DEREGISTER, E2))[0]


def test_a_token_is_never_read_from_a_reply(provide: Provide) -> None:
    assert offline(provide).read_code(CodeKind.TOKEN, b"token: abc\r\nOK\r\n") is None
