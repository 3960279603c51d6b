"""The shell of a node: login, terminal, framing, spellings, and the forms that documents leave open."""

import asyncio
import re

import asyncssh
import pytest

from providers.lab import build_world, dialect
from providers.lab.shell import answer, rendered
from tests.lab.lab_clients import END, START, Site, node, one_node, site, world

SERIAL = re.compile(r'SerialNumber: "?0E4D1FA5"?')


async def test_a_wrong_password_is_refused_and_counted() -> None:
    async with site(one_node()) as lab:
        with pytest.raises(asyncssh.PermissionDenied):
            await lab.connect("a/n1", password="wrong")
        assert lab.lab.ledger.login_count("a/n1", accepted=False) == 1
        (await lab.connect("a/n1")).close()
        assert lab.lab.ledger.login_count("a/n1", accepted=True) == 1


async def test_only_the_admin_gets_in() -> None:
    async with site(one_node()) as lab:
        with pytest.raises(asyncssh.PermissionDenied):
            await lab.connect("a/n1", username="root")


async def test_a_public_key_of_the_node_gets_in() -> None:
    key, stranger = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    async with site(one_node()) as lab:
        lab.lab.world.node("a/n1").public_keys = [key.export_public_key().decode()]
        async with await lab.connect("a/n1", client_keys=[key], password=None):
            pass
        with pytest.raises(asyncssh.PermissionDenied):
            await lab.connect("a/n1", client_keys=[stranger], password=None)


async def test_each_node_has_its_own_host_key() -> None:
    text = world(f"  a:\n    nodes:\n      n1: {{{node('0E4D1FA5')}}}\n      n2: {{{node('0E4D1FA6')}}}\n")
    async with site(text) as lab:
        keys = {line.split()[2] for line in lab.lab.known_hosts().splitlines()}
        assert len(keys) == 2


async def test_too_many_refused_logins_ban_the_client() -> None:
    async with site(one_node(settings="ban_after: 2")) as lab:
        for _ in range(2):
            with pytest.raises(asyncssh.PermissionDenied):
                await lab.connect("a/n1", password="wrong")
        with pytest.raises((OSError, asyncssh.Error)):
            await lab.connect("a/n1")


async def test_the_banner_names_the_product_and_the_release_and_no_prompt_follows() -> None:
    async with site(one_node("dialect: {banner: long}")) as lab:
        process = await (await lab.connect("a/n1")).create_process(term_type="vt100", encoding=None)
        banner = await process.stdout.readuntil(b"Login successful\r\n")
        assert b"TANDBERG Video Communication Server X14.3.1\r\n" in banner
        process.stdin.write(b"bye\r\n")
        assert (await process.stdout.read()).strip() == b"bye"


async def test_what_is_typed_is_echoed_before_enter_and_runs_after_it() -> None:
    async with site(one_node()) as lab:
        shell = await lab.shell()
        shell.process.stdin.write(b"xConfiguration License Smart")
        assert await shell.process.stdout.readexactly(28) == b"xConfiguration License Smart"
        assert lab.lab.ledger.asked_of("a/n1", "License Smart") == ()
        shell.process.stdin.write(b"\r\n")
        assert "*c xConfiguration License Smart Transport: direct\r\n" in await shell.hear()


async def test_a_backspace_takes_back_a_character() -> None:
    async with site(one_node()) as lab:
        await lab.say("xStatus Alarm")
        await lab.say("xStatus AlarX\x7fm")
        assert [one.text for one in lab.lab.ledger.asked_of("a/n1", "Alarm")] == ["xStatus Alarm"] * 2


async def test_a_terminal_cuts_a_line_at_4095_bytes_without_a_word() -> None:
    async with site(one_node()) as lab:
        await lab.say("xConfiguration license smart url: " + "x" * 5000)
        assert len(lab.lab.ledger.asked_of("a/n1", "url")[0].text) == 4095


async def test_a_folding_shell_breaks_the_echo_of_long_lines_and_not_the_line() -> None:
    async with site(one_node("dialect: {long_lines: folded}")) as lab:
        shell = await lab.shell(width=80)
        reply = await shell.say("xConfiguration license smart url: https://" + "x" * 60)
        assert " \r" in reply
        assert lab.lab.world.node("a/n1").url == "https://" + "x" * 60


async def test_lines_sent_together_are_answered_in_order() -> None:
    async with site(one_node()) as lab:
        shell = await lab.shell()
        shell.process.stdin.write(b"xStatus SystemUnit\r\nxStatus Alarm\r\nxStatus // license\r\n")
        heads = []
        for _ in range(3):
            heads += re.findall(r"\*s (\w+): /", await shell.hear())
        assert heads == ["SystemUnit", "Alarm", "Show"]


async def test_a_shell_without_a_terminal_does_not_echo() -> None:
    async with site(one_node("dialect: {without_pty: works}")) as lab:
        process = await (await lab.connect("a/n1")).create_process(encoding=None)
        process.stdin.write(b"xStatus Alarm\r\n")
        await process.stdout.readuntil(b"\r\n\r\nOK\r\n")
        assert (await process.stdout.readuntil(b"*s/end")).strip() == b"*s Alarm: /\r\n*s/end"


async def test_a_shell_without_a_terminal_may_be_refused_and_so_may_exec() -> None:
    async with site(one_node("dialect: {without_pty: refused, exec_channel: refused}")) as lab:
        connection = await lab.connect("a/n1")
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process(encoding=None)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process("xStatus Alarm", encoding=None)


async def test_where_exec_works_it_prints_the_reply_and_ends() -> None:
    async with site(one_node("dialect: {exec_channel: works}")) as lab:
        connection = await lab.connect("a/n1")
        done = await connection.run("xStatus Alarm", encoding=None)
        assert done.stdout == b"*s Alarm: /\r\n*s/end\r\n\r\nOK\r\n\r\n"
        assert done.exit_status == 0


async def test_commands_are_known_in_any_case_and_spacing() -> None:
    async with site(one_node()) as lab:
        for line in ("XSTATUS  //  License", "xstatus license", "XConfiguration LICENSE  Smart Privacy"):
            assert (await lab.say(line)).endswith("\r\nOK\r\n")


async def test_what_a_node_does_not_know_is_not_recognized() -> None:
    async with site(one_node()) as lab:
        for line in ("show version", "xStatus Weather", "xConfiguration Weather: 1", "xCommand Dance", "x"):
            assert (await lab.say(line)).endswith("\r\nCommand not recognized.\r\n")
        for line in ("xConfiguration license smart transport: proxy", "xConfiguration SystemUnit Name: x"):
            assert (await lab.say(line)).endswith("ERROR\r\n")
        assert (await lab.say("xCommand License Smart Register Idtoken:")).endswith("ERROR\r\n")
        assert not any(one.ran for one in lab.lab.ledger.asked_of("a/n1")[1:])


async def test_a_question_mark_prints_usage_and_does_nothing() -> None:
    async with site(one_node()) as lab:
        assert "Register Idtoken: <String>" in await lab.say("xCommand License ?")
        assert "Transport: <direct/satellite>" in await lab.say("xConfiguration license smart ?")
        assert "License" in await lab.say("xStatus ?")
        assert "not recognized" in await lab.say("xCommand Dance ?")


async def test_licensing_actions_are_spelled_both_ways_or_one_of_them() -> None:
    command = "xCommand License Smart Register Idtoken: dG9rZW4"
    setting = "xConfiguration license smart register idtoken: dG9rZW4"
    expected = {"both": (True, True), "command": (True, False), "configuration": (False, True)}
    for spelling, works in expected.items():
        for line, known in zip((command, setting), works, strict=True):
            async with site(one_node(f"dialect: {{spelling: {spelling}}}")) as lab:
                assert ("not recognized" not in await lab.say(line)) == known
                assert (lab.lab.world.node("a/n1").attempt is not None) == known


async def test_a_switch_that_is_set_to_off_does_nothing() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: EMEA}")) as lab:
        await lab.say("xConfiguration license smart deregister: Off")
        assert lab.lab.world.node("a/n1").registration is not None
        await lab.say("xConfiguration license smart deregister: On")
        assert lab.lab.world.node("a/n1").registration is None


async def test_a_value_may_stand_in_either_kind_of_quotes_or_none() -> None:
    async with site(one_node()) as lab:
        for typed in ('"https://a"', "'https://b'", "https://c"):
            await lab.say(f"xConfiguration license smart url: {typed}")
            assert lab.lab.world.node("a/n1").url == typed.strip("\"'")


async def test_a_cluster_lists_its_peers_and_its_primary() -> None:
    text = world(
        f"  a:\n    primary: 2\n    nodes:\n      n1: {{{node('0E4D1FA5', 'address: 192.0.2.1')}}}\n"
        f"      n2: {{{node('0E4D1FA6')}}}\n"
    )
    async with site(text) as lab:
        reply = await lab.say("xConfiguration Alternates", "a/n1")
        assert "Alternates ConfigurationPrimary: 2\r\n" in reply
        assert 'Alternates Peer 1 Address: "192.0.2.1"' in reply
        assert 'Alternates Peer 2 Address: "a-n2.example.com"' in reply
        assert 'Address: "192.0.2.1"' in await lab.say("xStatus Alternates", "a/n1")


async def test_names_times_and_keys_can_be_read() -> None:
    more = 'option_keys: [{key: "116341J00-1-60BAD5CD"}], alarms: [{id: "40049", title: TLS}]'
    async with site(one_node(more)) as lab:
        assert 'IP DNS Server 1 Address: "192.0.2.53"' in await lab.say("xConfiguration IP DNS")
        assert 'IP DNS Server 1 Address: "192.0.2.53"' in await lab.say("xConfiguration DNS Server")
        assert 'NTP Server 1 Address: "192.0.2.123"' in await lab.say("xConfiguration NTP")
        assert 'Key: "116341J00-1-60BAD5CD"' in await lab.say("xStatus Options")
        assert 'Option 1 Key: "116341J00-1-60BAD5CD"' in await lab.say("xConfiguration Option")
        assert 'Detail: "TLS"' in await lab.say("xStatus Alarm")
        assert 'ID: "40049"' in await lab.say("xStatus Warnings")
        assert 'SystemUnit Name: "a-n1.example.com"' in await lab.say("xConfiguration SystemUnit")


async def test_alarms_are_not_on_the_command_line_before_x14_0_1() -> None:
    async with site(one_node(version="X12.6")) as lab:
        assert "not recognized" in await lab.say("xStatus Alarm")
        assert "*s Warnings: /" in await lab.say("xStatus Warnings")


async def test_words_that_nobody_knows_can_be_put_into_the_block() -> None:
    async with site(one_node("status_text: BEWILDERED, extra_words: ['Quantum: yes']")) as lab:
        block = await lab.licence()
        assert "Status: BEWILDERED\r\n" in block
        assert "Quantum: yes\r\n" in block


async def test_a_slow_node_answers_late_by_its_latency() -> None:
    async with site(one_node("latency: 0.05")) as lab:
        started = asyncio.get_running_loop().time()
        await lab.say("xStatus Alarm")
        assert asyncio.get_running_loop().time() - started >= 0.1


def test_every_form_of_every_question_still_says_what_is_so() -> None:
    """Sixty drawn dialects; release, serial, status, evaluation and transport are in all of them."""
    for seed in range(60):
        drawn = build_world(one_node(settings=f"seed: {seed}, dialects: drawn"), START)
        this = drawn.node("a/n1")
        lines = ["xStatus SystemUnit", "xstatus // license", "xConfiguration license smart"]
        said = "\n".join("\n".join(rendered(this, answer(drawn, this, line))) for line in lines)
        assert "X14.3.1" in said
        assert SERIAL.search(said)
        assert re.search(r"^ *Status: unregistered$", said, re.MULTILINE | re.IGNORECASE)
        assert "Evaluation Period Remaining: 90 days" in said
        assert re.search(r'transport: "?direct"?$', said, re.MULTILINE | re.IGNORECASE)


def test_a_drawn_dialect_depends_on_the_seed_and_on_nothing_else() -> None:
    assert dialect.draw("7/a/n1") == dialect.draw("7/a/n1")
    assert len({dialect.draw(str(seed)) for seed in range(20)}) == 20


def test_every_question_about_dialects_has_its_answers_drawn() -> None:
    drawn = [dialect.draw(str(seed)) for seed in range(200)]
    for question, answers in dialect.CHOICES.items():
        assert {getattr(one, question) for one in drawn} == set(answers)


async def test_a_registration_may_be_answered_with_a_sentence() -> None:
    async with site(one_node("dialect: {register_answer: sentence}")) as lab:
        assert "in progress" in await lab.register("dG9rZW4")


async def _error(lab: Site) -> str:
    return await lab.say("xCommand License Smart Deregister")


async def test_errors_come_in_three_forms() -> None:
    for form, ending in (
        ("after", "not registered\r\n\r\nERROR\r\n"),
        ("colon", "ERROR: not registered\r\n"),
        ("bare", "\r\nERROR\r\n"),
    ):
        async with site(one_node(f"dialect: {{error_form: {form}}}")) as lab:
            reply = await _error(lab)
            assert END.search(reply.encode())
            assert reply.endswith(ending)
