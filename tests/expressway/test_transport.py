"""Connections: whom they trust, how they log in, and what a fault at each point is called."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import asyncssh
import pytest

from providers.expressway import check_host_key
from providers.expressway.transport import Login, Transport
from reconciler.errors import JournalError, OutcomeUnknown, Rejected, Unreachable, Unreadable, Untrusted
from reconciler.model import Address, Jump, Kind, ProblemKind, SecretRef

from .conftest import Play, Provide, script
from .played import PASSWORD, PlayedNode, Secrets, Server, TapLog
from .test_provider import CODE, E1, E2, action, inputs

REGISTER = "xCommand License Smart Register"


# --- trust ---------------------------------------------------------------------------------------------


async def test_an_unknown_host_key_is_not_trusted_and_nobody_logs_in(play: Play, provide: Provide) -> None:
    node = await play()
    seen = await provide(node, trust="").observe(E1)
    assert [problem.kind for problem in seen.problems] == [ProblemKind.UNTRUSTED]
    assert "is not in" in seen.problems[0].message
    assert node.seen.passwords == []


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
async def test_a_changed_host_key_freezes_the_node(play: Play, provide: Provide, algorithm: str) -> None:
    node = await play()
    other = asyncssh.generate_private_key(algorithm).export_public_key().decode()
    provider = provide(node, trust=f"[127.0.0.1]:{node.port} {other}")
    for _ in range(2):
        problem = (await provider.observe(E1)).problems[0]
        assert problem.kind is ProblemKind.UNTRUSTED
        assert "CHANGED" in problem.message
    with pytest.raises(Untrusted):
        await provider.execute(action(Kind.DEREGISTER), inputs())
    assert node.seen.passwords == []
    assert node.seen.connections == 1


async def test_a_revoked_host_key_is_not_trusted(play: Play, provide: Provide) -> None:
    node = await play()
    seen = await provide(node, trust=f"{node.known_hosts}@revoked {node.known_hosts}").observe(E1)
    assert seen.problems[0].kind is ProblemKind.UNTRUSTED
    assert node.seen.passwords == []


@pytest.mark.parametrize("text", [None, "[127.0.0.1]:22", "\udcff"])
async def test_a_known_hosts_file_that_cannot_be_used_trusts_nobody(
    play: Play, tmp_path: Path, text: str | None
) -> None:
    node = await play()
    path = tmp_path / "hosts"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    transport = Transport(read_only=True, connect_timeout=5, command_timeout=5)
    with pytest.raises(Untrusted, match="known_hosts"):
        await transport.read(Login("127.0.0.1", node.port, "admin", str(path), PASSWORD), ("xStatus Alarm",))
    assert node.seen.connections == 0


async def test_a_known_hosts_file_that_was_written_again_is_read_again(play: Play, provide: Provide) -> None:
    node = await play()
    assert (await provide(node, trust="# nobody yet\n").observe(E1)).problems
    await asyncio.sleep(0.02)
    assert (await provide(node).observe(E1)).problems == ()


async def test_the_user_s_own_keys_and_agent_are_never_offered(
    play: Play, provide: Provide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty list of keys makes asyncssh take the default ones: a password login must pass none at all."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / ".ssh").mkdir()
    private = tmp_path / ".ssh" / "id_ed25519"
    private.write_bytes(key.export_private_key())
    private.chmod(stat.S_IRUSR)
    monkeypatch.setenv("HOME", str(tmp_path))
    node = await play(auth="key password", client_key=key.export_public_key().decode().split()[1])
    assert (await provide(node).observe(E1)).problems == ()
    assert node.seen.passwords == [PASSWORD]


# --- logging in ----------------------------------------------------------------------------------------


async def test_a_private_key_logs_in_without_a_password(play: Play, provide: Provide) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    node = await play(auth="key password", client_key=key.export_public_key().decode().split()[1])
    secrets = Secrets(KEY=key.export_private_key().decode())
    provider = provide(node, secrets=secrets, password=None, key=SecretRef("env", "KEY"))
    assert (await provider.observe(E1)).problems == ()
    assert node.seen.passwords == []


async def test_a_private_key_that_cannot_be_read_is_a_problem_of_trust(play: Play, provide: Provide) -> None:
    node = await play()
    provider = provide(node, secrets=Secrets(KEY="not a key"), password=None, key=SecretRef("env", "KEY"))
    problem = (await provider.observe(E1)).problems[0]
    assert problem.kind is ProblemKind.UNTRUSTED
    assert "private key" in problem.message


async def test_keyboard_interactive_is_answered_with_the_password(play: Play, provide: Provide) -> None:
    node = await play(auth="kbdint")
    assert (await provide(node).observe(E1)).problems == ()
    assert node.seen.passwords == [PASSWORD]


async def test_a_wrong_password_is_offered_once_even_where_the_node_asks_in_two_ways(
    play: Play, provide: Provide
) -> None:
    node = await play(auth="password kbdint")
    await provide(node, typed="wrong").observe(E1)
    assert node.seen.passwords == ["wrong"]


async def test_a_secret_is_resolved_once(play: Play, provide: Provide) -> None:
    nodes = [await play(), await play()]
    secrets = Secrets(PASSWORD=PASSWORD)
    provider = provide(*nodes, secrets=secrets)
    await provider.observe(E1)
    await provider.observe(E2)
    assert secrets.asked == ["env:PASSWORD"]


async def test_a_node_that_is_not_there_is_unreachable(play: Play, provide: Provide) -> None:
    node = await play()
    provider = provide(node)
    await node.__aexit__()
    problem = (await provider.observe(E1)).problems[0]
    assert problem.kind is ProblemKind.UNREACHABLE
    with pytest.raises(Unreachable):
        await provider.execute(action(Kind.DEREGISTER), inputs(tap := TapLog()))
    assert tap.events == []


async def test_a_port_that_never_answers_is_unreachable_in_time(provide: Provide) -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        node = PlayedNode(script=None, port=server.sockets[0].getsockname()[1])
        problem = (await provide(node, connect_timeout=0.3).observe(E1)).problems[0]
    assert problem.kind is ProblemKind.UNREACHABLE


async def test_secrets_do_not_show_in_a_login() -> None:
    assert PASSWORD not in repr(Login("h", 22, "admin", "k", PASSWORD, key="PEM"))


# --- jump hosts ----------------------------------------------------------------------------------------


def jump(node: PlayedNode) -> Jump:
    return Jump("127.0.0.1", node.port, "admin", password=SecretRef("env", "PASSWORD"))


async def test_a_jump_host_is_used_once_for_all_nodes_and_checked_alike(play: Play, provide: Provide) -> None:
    gate, first, second = await play(), await play(), await play()
    trust = gate.known_hosts + first.known_hosts + second.known_hosts
    provider = provide(first, second, trust=trust, jump=jump(gate))
    assert (await provider.observe(E1)).problems == ()
    assert (await provider.observe(E2)).problems == ()
    assert gate.seen.connections == 1
    assert (gate.seen.shells, first.seen.shells) == (0, 1)


async def test_an_unknown_jump_host_is_not_trusted(play: Play, provide: Provide) -> None:
    gate, node = await play(), await play()
    problem = (await provide(node, jump=jump(gate)).observe(E1)).problems[0]
    assert problem.kind is ProblemKind.UNTRUSTED
    assert "jump host" in problem.message
    assert gate.seen.passwords == []
    assert node.seen.connections == 0


async def test_a_node_behind_a_jump_host_must_be_known_too(play: Play, provide: Provide) -> None:
    gate, node = await play(), await play()
    problem = (await provide(node, jump=jump(gate), trust=gate.known_hosts).observe(E1)).problems[0]
    assert problem.kind is ProblemKind.UNTRUSTED
    assert node.seen.passwords == []


# --- reading -------------------------------------------------------------------------------------------


async def test_the_terminal_is_wide(play: Play, provide: Provide) -> None:
    node = await play()
    await provide(node).observe(E1)
    assert node.seen.sizes[0][0] == 10_000


@pytest.mark.parametrize(
    "knobs",
    [
        {"echo": False},
        {"one_byte_at_a_time": True},
        {"delay": 0.002},
        {"banner": ""},
        {"banner": "\x1b[2J\xff\x00 junk\r\nERROR\r\nOK\r\n"},
        {"blank_lines_answer": "\r\nOK\r\n"},
        {"blank_lines_answer": "Command not recognized.\r\n"},
    ],
    ids=str,
)
async def test_whatever_the_shell_is_like_the_same_is_read(play: Play, provide: Provide, knobs) -> None:
    node = await play(**knobs)
    seen = await provide(node).observe(E1)
    assert seen.problems == ()
    assert seen.serial == "0E4D1FA5"
    assert seen.peers == ("e1.example.com", "e2.example.com")
    assert node.seen.connections == 1


async def test_a_block_without_its_end_is_read_the_slow_way(play: Play, provide: Provide) -> None:
    text = '*s SystemUnit: /\r\n  Build: "X14.3.1"\r\n  SerialNumber: "0E4D1FA5"\r\nOK\r\n'
    node = await play(replies={"xstatus systemunit": text})
    seen = await provide(node, command_timeout=2).observe(E1)
    assert seen.problems == ()
    assert seen.software.version == "X14.3.1"


async def test_a_command_that_is_never_answered_costs_what_comes_after_it(
    play: Play, provide: Provide
) -> None:
    node = await play(silent="xConfiguration Alternates")
    seen = await provide(node, command_timeout=0.5).observe(E1)
    assert seen.serial == "0E4D1FA5"
    assert seen.licence.registration is not None
    assert [problem.part for problem in seen.problems] == ["peers"]


async def test_a_shell_that_says_nothing_is_unreachable(play: Play, provide: Provide) -> None:
    node = await play(silent="x", banner="")
    problem = (await provide(node, command_timeout=0.3).observe(E1)).problems[0]
    assert problem.kind is ProblemKind.UNREACHABLE


async def test_a_connection_lost_while_reading_is_opened_once_more(play: Play, provide: Provide) -> None:
    node = await play()
    provider = provide(node)
    await provider.observe(E1)
    node.drop()
    await asyncio.sleep(0.05)
    assert (await provider.observe(E1)).problems == ()
    assert node.seen.connections == 2


async def test_a_connection_that_is_lost_every_time_is_unreachable(play: Play, provide: Provide) -> None:
    node = await play(drop_mid="xstatus // license")
    problem = (await provide(node).observe(E1)).problems[0]
    assert problem.kind is ProblemKind.UNREADABLE


async def test_a_flood_is_unreadable(play: Play, provide: Provide) -> None:
    node = await play(replies={"xstatus // license": "*s Show: /\r\n" + "x" * 9_000_000})
    problem = (await provide(node, command_timeout=20).observe(E1)).problems[0]
    assert problem.kind is ProblemKind.UNREADABLE


async def test_only_reading_commands_go_through_the_reading_door(play: Play, tmp_path: Path) -> None:
    transport = Transport(read_only=False, connect_timeout=5, command_timeout=5)
    login = Login("127.0.0.1", 1, "admin", str(tmp_path / "k"), PASSWORD)
    for command in ("xCommand License Smart Deregister", "xConfiguration License Smart Transport: direct"):
        with pytest.raises(Unreachable, match="not a command for reading"):
            await transport.read(login, (command,))


# --- changing ------------------------------------------------------------------------------------------


async def test_without_an_echo_the_command_goes_over_a_channel_without_a_terminal(
    play: Play, provide: Provide
) -> None:
    node = await play(echo=False)
    await provide(node).execute(action(Kind.REGISTER), inputs(tap := TapLog(node=node)))
    assert sum(line.startswith(REGISTER) for line in node.seen.lines) == 1
    assert not any(line.startswith(REGISTER) for line in tap.lines_at_sending or ())
    assert node.seen.shells == 2


async def test_an_echo_that_is_cut_short_is_not_entered(play: Play, provide: Provide) -> None:
    node = await play(echo_at_most=40)
    provider = provide(node, connect_timeout=1.0)
    await provider.execute(action(Kind.REGISTER), inputs())
    assert [line for line in node.seen.lines if line.startswith(REGISTER)] == [
        f'{REGISTER} Idtoken: "{CODE}"'
    ]
    assert node.seen.half_lines == []


@pytest.mark.parametrize("answer", ["\r\nOK\r\n", "Command not recognized.\r\n"])
async def test_answers_to_blank_lines_are_not_taken_for_the_reply(
    play: Play, provide: Provide, answer: str
) -> None:
    node = await play(blank_lines_answer=answer, replies={"xcommand": "ERROR: no\r\n"})
    with pytest.raises(Rejected, match="ERROR: no"):
        await provide(node).execute(action(Kind.DEREGISTER), inputs())


async def test_a_server_with_a_line_editor_of_its_own_is_spoken_to_just_the_same(
    provide: Provide,
) -> None:
    """asyncssh's own line editor echoes, takes CR and LF for an Enter each, and turns LF into CR LF."""
    lines: list[str] = []
    usual = script()

    async def shell(process: asyncssh.SSHServerProcess[str]) -> None:
        process.stdout.write("Welcome\nOK\n")
        async for line in process.stdin:
            if line.strip():
                lines.append(line.strip())
                process.stdout.write(usual.reply(line.strip()).replace("\r\n", "\n"))
        process.exit(0)

    key = asyncssh.generate_private_key("ssh-ed25519")
    node = PlayedNode(script=usual, key=key)
    async with asyncssh.listen(
        "127.0.0.1", 0, server_host_keys=[key], process_factory=shell, server_factory=lambda: Server(node)
    ) as listener:
        node.port = listener.get_port()
        provider = provide(node)
        assert (await provider.observe(E1)).problems == ()
        await provider.execute(action(Kind.REGISTER), inputs())
        await provider.close()
    assert lines[-1] == f'{REGISTER} Idtoken: "{CODE}"'


async def test_an_echo_that_is_folded_is_understood(play: Play, provide: Provide) -> None:
    node = await play(fold_at=20)
    await provide(node).execute(action(Kind.REGISTER), inputs())
    assert node.seen.shells == 1


async def test_no_echo_and_no_way_without_a_terminal_sends_nothing(play: Play, provide: Provide) -> None:
    node = await play(echo=False, without_terminal=False)
    with pytest.raises(Unreachable):
        await provide(node).execute(action(Kind.REGISTER), inputs(tap := TapLog()))
    assert tap.events == []
    assert not any(line.startswith(REGISTER) for line in node.seen.lines)


async def test_a_shell_that_never_wakes_up_is_sent_nothing(play: Play, provide: Provide) -> None:
    node = await play(silent="xStatus")
    with pytest.raises(Unreachable, match="nothing was carried out"):
        await provide(node, connect_timeout=0.4).execute(action(Kind.REGISTER), inputs(tap := TapLog()))
    assert tap.events == []


@pytest.mark.parametrize("knob", ["drop_before", "drop_after", "drop_mid"])
async def test_a_connection_lost_after_enter_leaves_the_outcome_open(
    play: Play, provide: Provide, knob: str
) -> None:
    node = await play(
        **{knob: REGISTER, "replies": {"xcommand": "Registration process is in progress\r\nOK"}}
    )
    with pytest.raises(OutcomeUnknown, match="only looking can tell") as unknown:
        await provide(node).execute(action(Kind.REGISTER), inputs(tap := TapLog()))
    assert tap.events[0] == "sending"
    assert CODE not in str(unknown.value)
    assert sum(line.startswith(REGISTER) for line in node.seen.lines) == (knob != "drop_before")


async def test_no_reply_in_time_leaves_the_outcome_open(play: Play, provide: Provide) -> None:
    node = await play(silent=REGISTER)
    with pytest.raises(OutcomeUnknown, match="no end of the reply"):
        await provide(node, command_timeout=0.3).execute(action(Kind.REGISTER), inputs())


async def test_a_connection_lost_before_typing_sends_nothing(play: Play, provide: Provide) -> None:
    node = await play(drop_before="xStatus SystemUnit")
    with pytest.raises(Unreachable):
        await provide(node).execute(action(Kind.REGISTER), inputs(tap := TapLog()))
    assert tap.events == []


async def test_a_journal_that_cannot_write_stops_the_command_before_enter(
    play: Play, provide: Provide
) -> None:
    class Full(TapLog):
        def sending(self) -> None:
            raise JournalError("the disk is full")

    node = await play()
    with pytest.raises(JournalError):
        await provide(node).execute(action(Kind.REGISTER), inputs(Full()))
    assert not any(line.startswith(REGISTER) for line in node.seen.lines)


async def test_a_reply_that_cannot_be_recorded_is_an_open_outcome(play: Play, provide: Provide) -> None:
    class Broken(TapLog):
        def received(self, data: bytes) -> None:
            del data
            raise JournalError("the disk is full")

    node = await play()
    with pytest.raises(OutcomeUnknown, match="the disk is full"):
        await provide(node).execute(action(Kind.REGISTER), inputs(Broken()))


async def test_what_comes_after_a_piece_that_could_not_be_recorded_is_handed_on_all_the_same(
    play: Play, provide: Provide
) -> None:
    """The journal keeps each piece elsewhere when it refuses one, and the code is in none of the first."""

    class Broken(TapLog):
        def received(self, data: bytes) -> None:
            super().received(data)
            raise JournalError("the disk is full")

    said = "Enter the following return code into the CSSM:\r\nCMcmMV-TriR2T\r\nOK\r\n"
    node = await play(replies={"xcommand": said}, one_byte_at_a_time=True)
    tap = Broken()
    with pytest.raises(OutcomeUnknown, match="the disk is full"):
        await provide(node).execute(action(Kind.DEREGISTER), inputs(tap))
    assert b"CMcmMV-TriR2T\r\nOK" in bytes(tap.data)


async def test_every_byte_of_a_reply_is_recorded_as_it_came(play: Play, provide: Provide) -> None:
    said = "Enter the following return code into the CSSM:\r\n\xff\x00CMcmMV-TriR2T\r\nOK\r\n"
    node = await play(replies={"xcommand": said}, one_byte_at_a_time=True)
    await provide(node).execute(action(Kind.DEREGISTER), inputs(tap := TapLog()))
    assert said.encode() in bytes(tap.data)


async def test_a_long_reply_with_an_error_in_the_middle_of_a_block_ends_at_its_end(
    play: Play, provide: Provide
) -> None:
    said = "*r Result: /\r\n  ERROR: only a word\r\n  OK\r\n*r/end\r\nOK\r\n"
    node = await play(replies={"xcommand": said})
    reply = await provide(node).execute(action(Kind.DEREGISTER), inputs())
    assert "only a word" in reply.text


async def test_a_block_without_its_end_is_the_reply_of_a_change_too(play: Play, provide: Provide) -> None:
    node = await play(replies={"xcommand": "*r Result: /\r\n  status: 1\r\nOK\r\n"})
    assert "status: 1" in (await provide(node).execute(action(Kind.DEREGISTER), inputs())).text


async def test_two_changes_to_one_node_go_one_after_the_other(play: Play, provide: Provide) -> None:
    node = await play(delay=0.001)
    provider = provide(node)
    await asyncio.gather(
        provider.execute(action(Kind.RENEW_REGISTRATION), inputs()),
        provider.execute(action(Kind.RENEW_AUTHORIZATION), inputs()),
        provider.observe(E1),
    )
    changes = [line for line in node.seen.lines if line.startswith("xCommand")]
    assert sorted(changes) == ["xCommand License Smart Renew Auth", "xCommand License Smart Renew ID"]
    assert node.seen.connections == 1


# --- host keys -----------------------------------------------------------------------------------------


async def test_a_host_key_is_fetched_without_logging_in(play: Play, provide: Provide, tmp_path: Path) -> None:
    node = await play()
    key = await provide(node).host_key(Address(E1))
    assert key.line == node.known_hosts.strip()
    assert key.fingerprint.startswith("SHA256:")
    assert node.seen.passwords == []

    path = tmp_path / "hosts"
    path.write_text(node.known_hosts)
    assert check_host_key(str(path), "127.0.0.1", node.port, key) == "known"
    assert check_host_key(str(path), "other.example.com", 22, key) == "unknown"
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (tmp_path / "others").write_text(f"[127.0.0.1]:{node.port} {other}")
    assert check_host_key(str(tmp_path / "others"), "127.0.0.1", node.port, key) == "changed"


async def test_a_host_key_can_be_fetched_by_way_of_a_jump_host(play: Play, provide: Provide) -> None:
    gate, node = await play(), await play()
    provider = provide(node, trust=gate.known_hosts, jump=jump(gate))
    assert (await provider.host_key(Address(E1))).line == node.known_hosts.strip()
    assert node.seen.passwords == []


async def test_a_host_that_is_not_there_has_no_key(play: Play, provide: Provide) -> None:
    node = await play()
    provider = provide(node)
    await node.__aexit__()
    with pytest.raises(Unreachable):
        await provider.host_key(Address(E1))


def test_unreadable_is_for_answers_and_unreachable_for_none() -> None:
    assert not issubclass(Unreadable, Unreachable)
