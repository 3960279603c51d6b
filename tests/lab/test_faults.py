"""Each knob does what it says, so often as it was told, where it was told, and the ledger remembers."""

import asyncio
import json
import ssl

import aiohttp
import asyncssh
import pytest

from providers.lab.faults import MEANING, ON_NODE, ON_SERVER, Faults
from tests.lab.lab_clients import Site, one_node, site

DROPPED = (asyncio.IncompleteReadError, asyncssh.Error, OSError)
HTTP_DROPPED = (aiohttp.ClientError, OSError)
SET_URL = "xConfiguration license smart url: https://x"


async def _set_url(lab: Site, kind: str) -> tuple[str, str]:
    """Set the URL under a fault: what came back until the end, and the URL that the node has then."""
    lab.lab.faults.add("a/n1", kind, match="url:", seconds=0.05)
    shell = await lab.shell()
    shell.process.stdin.write(SET_URL.encode() + b"\r\n")
    try:
        async with asyncio.timeout(5):
            said = await shell.hear()
    except asyncio.IncompleteReadError as error:
        said = error.partial.decode()
    return said, lab.lab.world.node("a/n1").url


async def test_a_drop_before_breaks_the_connection_and_nothing_has_happened() -> None:
    async with site(one_node()) as lab:
        said, url = await _set_url(lab, "drop-before")
        assert (said.strip(), url) == (SET_URL, "")
        assert [(one.ran, one.answered) for one in lab.lab.ledger.asked_of("a/n1", "url")] == [(False, False)]


async def test_a_drop_after_breaks_the_connection_and_it_has_happened() -> None:
    async with site(one_node()) as lab:
        said, url = await _set_url(lab, "drop-after")
        assert (said.strip(), url) == (SET_URL, "https://x")
        assert [(one.ran, one.answered) for one in lab.lab.ledger.asked_of("a/n1", "url")] == [(True, False)]


async def test_a_reply_can_end_in_the_middle() -> None:
    async with site(one_node()) as lab:
        lab.lab.faults.add("a/n1", "mid-reply", match="license$")
        shell = await lab.shell()
        shell.process.stdin.write(b"xstatus // license\r\n")
        half = await shell.process.stdout.read()
        assert b"Smart Licensing Status" in half
        assert b"*s/end" not in half


async def test_a_slow_reply_comes_late_and_whole() -> None:
    async with site(one_node()) as lab:
        started = asyncio.get_running_loop().time()
        said, url = await _set_url(lab, "slow")
        assert said.endswith("\r\nOK\r\n")
        assert url == "https://x"
        assert asyncio.get_running_loop().time() - started >= 0.05


async def test_garbage_is_not_text() -> None:
    async with site(one_node()) as lab:
        lab.lab.faults.add("a/n1", "garbage", match="Unit")
        shell = await lab.shell_unsynced()
        shell.process.stdin.write(b"xStatus SystemUnit\r\n")
        data = await shell.process.stdout.readuntil(b"*s/end")
        with pytest.raises(UnicodeDecodeError):
            data.decode()


@pytest.mark.parametrize("kind", ["silent", "half-open"])
async def test_silence_leaves_the_connection_open_and_the_command_done(kind: str) -> None:
    async with site(one_node()) as lab:
        lab.lab.faults.add("a/n1", kind, match="url:")
        shell = await lab.shell()
        shell.process.stdin.write(SET_URL.encode() + b"\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await shell.hear()
        assert lab.lab.world.node("a/n1").url == "https://x"


async def test_a_half_open_connection_does_not_answer_keep_alives() -> None:
    async with site(one_node()) as lab:
        lab.lab.faults.add("a/n1", "half-open", match="Unit")
        connection = await lab.connect("a/n1", keepalive_interval=0.05, keepalive_count_max=2)
        process = await connection.create_process(term_type="vt100", encoding=None)
        process.stdin.write(b"xStatus SystemUnit\r\n")
        async with asyncio.timeout(5):
            await connection.wait_closed()
        assert process.exit_status is None


async def test_an_error_and_not_recognized_run_nothing() -> None:
    for kind, end in (("error", "ERROR\r\n"), ("not-recognized", "Command not recognized.\r\n")):
        async with site(one_node()) as lab:
            said, url = await _set_url(lab, kind)
            assert said.endswith(end)
            assert url == ""


async def test_an_echo_can_be_wrong_or_missing() -> None:
    async with site(one_node()) as lab:
        shell = await lab.shell()
        lab.lab.faults.add("a/n1", "bad-echo", match="url")
        shell.process.stdin.write(SET_URL.encode())
        echo = await shell.process.stdout.readexactly(len(SET_URL))
        assert sum(a != b for a, b in zip(echo, SET_URL.encode(), strict=True)) == 1
        shell.process.stdin.write(b"\r\n")
        await shell.hear()
        lab.lab.faults.add("a/n1", "no-echo", match="Alarm")
        assert "xStatus Alarm" not in await shell.say("xStatus Alarm")


async def test_a_refused_connection_is_reset_and_the_next_one_is_not() -> None:
    async with site(one_node()) as lab:
        lab.lab.faults.add("a/n1", "refuse")
        with pytest.raises((OSError, asyncssh.Error)):
            await lab.connect("a/n1")
        assert lab.lab.ledger.login_count("a/n1") == 0
        (await lab.connect("a/n1")).close()
        lab.lab.faults.add("cloud", "refuse")
        with pytest.raises(HTTP_DROPPED):
            await lab.bearer()
        assert await lab.bearer()


async def test_another_host_key_is_shown_before_any_password() -> None:
    async with site(one_node()) as lab:
        lab.lab.faults.add("a/n1", "wrong-host-key")
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            await lab.connect("a/n1")
        assert lab.lab.ledger.login_count("a/n1") == 0


async def test_another_authority_is_shown_before_any_request() -> None:
    async with site(one_node()) as lab:
        lab.lab.faults.add("cloud", "wrong-certificate")
        with pytest.raises(aiohttp.ClientConnectorCertificateError) as caught:
            await lab.bearer()
        assert isinstance(caught.value.certificate_error, ssl.SSLError)


async def _create(lab: Site, kind: str, times: int | None = 1) -> tuple[int, object]:
    await lab.bearer()
    lab.lab.faults.add("cloud", kind, match="POST .*/tokens", times=times, seconds=7)
    body = {"description": "", "expiresAfterDays": 1, "exportControlled": "Allowed"}
    return await lab.api("POST", "/v1/accounts/example.com/virtual-accounts/EMEA/tokens", body)


async def test_a_server_that_drops_before_made_no_token_and_one_that_drops_after_made_one() -> None:
    for kind, made in (("drop-before", 0), ("drop-after", 1), ("mid-reply", 1)):
        async with site(one_node()) as lab:
            with pytest.raises(HTTP_DROPPED):
                await _create(lab, kind)
            assert len(lab.lab.ledger.codes("token")) == made


@pytest.mark.parametrize(
    ("kind", "status"),
    [("error", 500), ("error-in-200", 200), ("not-granted", 403), ("unavailable", 503), ("too-many", 429)],
)
async def test_a_server_that_answers_wrongly_made_no_token(kind: str, status: int) -> None:
    async with site(one_node()) as lab:
        got, answer = await _create(lab, kind)
        assert got == status
        assert isinstance(answer, dict)
        assert answer.get("status", "ERROR") == "ERROR"
        assert lab.lab.ledger.codes() == ()


async def test_busy_servers_say_when_to_come_back() -> None:
    async with site(one_node()) as lab:
        lab.lab.faults.add("cloud", "too-many", match="accounts", seconds=7)
        headers = {"Authorization": f"Bearer {await lab.bearer()}"}
        async with lab.session.get(
            f"{lab.lab.cssm_url}/v2/accounts", ssl=lab.trust, headers=headers
        ) as answer:
            assert answer.headers["Retry-After"] == "7"


async def test_an_expired_bearer_is_worth_nothing_from_then_on() -> None:
    async with site(one_node()) as lab:
        assert (await _create(lab, "expired-bearer"))[0] == 401
        assert (await lab.api("GET", "/v2/accounts"))[0] == 401
        lab.bearers.clear()
        assert (await lab.api("GET", "/v2/accounts"))[0] == 200


async def test_a_login_page_and_garbage_are_not_json() -> None:
    async with site(one_node()) as lab:
        assert "<title>Login</title>" in str((await _create(lab, "html"))[1])
        with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
            await _create(lab, "garbage")


async def test_a_silent_server_does_not_answer_and_a_slow_one_does() -> None:
    async with site(one_node()) as lab:
        await lab.bearer()
        lab.lab.faults.add("cloud", "silent", match="accounts")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await lab.api("GET", "/v2/accounts")
        lab.lab.faults.add("cloud", "slow", match="accounts", seconds=0.05)
        assert (await lab.api("GET", "/v2/accounts"))[0] == 200


async def test_a_fault_fires_as_often_as_told_and_only_where_it_matches() -> None:
    async with site(one_node()) as lab:
        fault = lab.lab.faults.add("a/n1", "error", match="^xStatus Alarm", times=2)
        assert "OK" in await lab.say("xStatus Options")
        ends = [(await lab.say("xStatus Alarm")).rsplit("\r\n", 2)[-2] for _ in range(3)]
        assert ends == ["ERROR", "ERROR", "OK"]
        assert fault.fired == 2
        assert lab.lab.faults.active == []


async def test_what_was_sent_twice_can_be_asked() -> None:
    async with site(one_node()) as lab:
        await lab.register("dG9r")
        await lab.register("dG9r")
        assert lab.lab.ledger.sent_twice(["Register"]) == (
            ("a/n1", 'xCommand License Smart Register Idtoken: "dG9r"', 2),
        )
        assert lab.lab.ledger.sent_twice(["Deregister"]) == ()


def test_a_fault_for_everybody_fires_anywhere_and_clearing_is_by_place() -> None:
    faults = Faults(frozenset({"a/n1"}), frozenset({"cloud"}))
    faults.add("*", "refuse", times=None)
    faults.add("cluster/a/node/n1", "slow")
    assert faults.take("cloud", ("refuse",)) is faults.take("a/n1", ("refuse",))
    assert faults.clear("a/n1") == 1
    assert [str(fault) for fault in faults.active] == ["*: refuse, always, fired 2"]
    assert faults.clear() == 1


@pytest.mark.parametrize(
    ("where", "kind", "match", "times", "said"),
    [
        ("a/n1", "explode", None, 1, "no fault is called 'explode'"),
        ("b/n1", "slow", None, 1, "no node or server 'b/n1'"),
        ("a/n1", "html", None, 1, "a/n1 cannot do html"),
        ("cloud", "wrong-host-key", None, 1, "cloud cannot do wrong-host-key"),
        ("a/n1", "slow", "(", 1, "is not a pattern"),
        ("a/n1", "slow", None, 0, "at least once"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    where: str, kind: str, match: str | None, times: int, said: str
) -> None:
    faults = Faults(frozenset({"a/n1"}), frozenset({"cloud"}))
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        faults.add(where, kind, match=match, times=times)


def test_every_kind_is_explained_and_can_happen_somewhere() -> None:
    assert set(MEANING) == {*ON_NODE, *ON_SERVER}
