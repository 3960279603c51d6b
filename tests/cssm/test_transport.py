"""The connection, over real TLS: trust, access tokens, retries, and what is known when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from providers.cssm import CssmProvider
from providers.cssm.exchange import ClientSecrets, Patience
from reconciler.errors import (
    JournalError,
    OutcomeUnknown,
    ProviderError,
    Rejected,
    Unreachable,
    Unreadable,
    Untrusted,
)
from reconciler.model import UNKNOWN, AccountObserved, CodeKind, ProblemKind

from .conftest import ADDRESS, SECRET, Server, Taped, create, inputs
from .test_provider import LICENCES, TOKEN, TOKENS, VAS, furnish

Opener = Callable[..., CssmProvider]


async def failed(provider: CssmProvider, tap: Taped | None = None) -> ProviderError:
    """The error of a token that could not be made; no secret is in it."""
    with pytest.raises(ProviderError) as caught:
        await provider.execute(create(), inputs(tap or Taped()))
    shown = f"{caught.value.message} {caught.value.remedy} {caught.value.said} {caught.value}"
    assert SECRET not in shown
    assert "bearer-" not in shown
    return caught.value


async def seen(provider: CssmProvider) -> AccountObserved:
    return await provider.observe(ADDRESS)


def problem(observed: AccountObserved) -> tuple[ProblemKind, str]:
    assert SECRET not in repr(observed)
    return observed.problems[0].kind, f"{observed.problems[0].message} {observed.problems[0].remedy}"


# Trust


async def test_a_certificate_of_an_unknown_authority_is_named_with_its_remedy(
    server: Server, opened: Opener, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    tap = Taped()
    error = await failed(opened(server.account(ca_file=str(other))), tap)
    assert isinstance(error, Untrusted)
    assert f"127.0.0.1:{server.port}" in error.message
    assert "manager.ca_file" in str(error.remedy)
    assert (server.world.asked, tap.events) == ([], [])


async def test_the_system_authorities_are_asked_where_no_file_is_named(
    server: Server, opened: Opener
) -> None:
    assert isinstance(await failed(opened(server.account(ca_file=None))), Untrusted)


async def test_a_certificate_for_another_host_is_not_trusted(server: Server, opened: Opener) -> None:
    url = server.url.replace("127.0.0.1", "localhost")
    observed = await seen(opened(server.account(base_url=url, token_url=f"{url}/as/token.oauth2")))
    assert problem(observed)[0] is ProblemKind.UNTRUSTED
    assert "localhost" in problem(observed)[1]
    assert observed.exists is UNKNOWN


async def test_an_authority_file_that_cannot_be_read_is_said(server: Server, opened: Opener) -> None:
    error = await failed(opened(server.account(ca_file="/nowhere/ca.pem")))
    assert isinstance(error, Untrusted)
    assert "/nowhere/ca.pem" in error.message


# Access tokens


async def test_many_waiters_cause_one_token_request(server: Server, opened: Opener) -> None:
    furnish(server)
    provider = opened(server.account())
    await asyncio.gather(*(provider.observe(ADDRESS) for _ in range(12)))
    assert server.world.bearers == 1


async def test_the_secret_travels_in_the_form_only(server: Server, opened: Opener) -> None:
    furnish(server)
    forms: list[dict[str, str]] = []

    async def login(request: web.Request) -> web.StreamResponse:
        forms.append({key: str(value) for key, value in (await request.post()).items()})
        return await server.world.grant(request)

    server.world.login = login
    await seen(opened(server.account()))
    assert forms == [{"client_id": "client-1", "client_secret": SECRET, "grant_type": "client_credentials"}]


async def test_a_token_that_expires_in_the_middle_is_replaced_once_for_all(
    server: Server, opened: Opener
) -> None:
    furnish(server)
    provider = opened(server.account())
    await seen(provider)
    server.world.valid.clear()
    observed = await asyncio.gather(*(provider.observe(ADDRESS) for _ in range(5)))
    assert all(one.problems == () for one in observed)
    assert server.world.bearers == 2


async def test_a_short_lived_token_is_fetched_again_before_it_ends(server: Server, opened: Opener) -> None:
    furnish(server)

    async def login(request: web.Request) -> web.StreamResponse:
        granted = json.loads((await server.world.grant(request)).body)  # type: ignore[attr-defined]
        return web.json_response(granted | {"expires_in": 30, "token_type": "BearerToken"})

    server.world.login = login
    provider = opened(server.account())
    assert (await seen(provider)).problems == ()
    assert server.world.bearers > 1


async def test_a_refused_token_is_fetched_again_once_and_then_said(server: Server, opened: Opener) -> None:
    furnish(server)

    async def login(_request: web.Request) -> web.StreamResponse:
        server.world.bearers += 1
        return web.json_response({"access_token": "never-valid", "expires_in": 3599})

    server.world.login = login
    kind, words = problem(await seen(opened(server.account())))
    assert kind is ProblemKind.UNTRUSTED
    assert "did not accept a fresh access token" in words
    assert (server.world.bearers, server.world.count("/virtual-accounts")) == (2, 2)


async def test_a_mutation_that_met_an_expired_token_is_sent_again_and_told_once(
    server: Server, opened: Opener
) -> None:
    furnish(server)
    provider = opened(server.account())
    await seen(provider)
    server.world.valid.clear()
    tap = Taped()
    reply = await provider.execute(create(), inputs(tap))
    assert reply.codes[0].value == TOKEN
    assert tap.events.count("sending") == 1
    assert provider.read_code(reply.codes[0].kind, tap.events[-1]) == TOKEN  # type: ignore[arg-type]


async def test_a_new_client_hears_of_the_thirty_minutes(server: Server, opened: Opener) -> None:
    async def login(_request: web.Request) -> web.StreamResponse:
        return web.json_response({"error": "invalid_client", "error_description": f"no {SECRET}"}, status=401)

    server.world.login = login
    tap = Taped()
    error = await failed(opened(server.account()), tap)
    assert isinstance(error, Untrusted)
    assert "30 minutes" in str(error.remedy)
    assert tap.events == []


@pytest.mark.parametrize("body", ["<html><title>Login</title>", '{"ok":1}', "[]", "x" * 70_000])
async def test_a_token_endpoint_that_gives_no_token_is_said(
    server: Server, opened: Opener, body: str
) -> None:
    async def login(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=body)

    server.world.login = login
    error = await failed(opened(server.account()))
    assert isinstance(error, Unreadable)
    assert "access token" in error.message


async def test_a_busy_token_endpoint_is_asked_again_even_for_a_mutation(
    server: Server, opened: Opener
) -> None:
    furnish(server)
    times: list[int] = []

    async def login(request: web.Request) -> web.StreamResponse:
        times.append(1)
        return web.Response(status=503) if len(times) < 3 else await server.world.grant(request)

    server.world.login = login
    reply = await opened(server.account()).execute(create(), inputs(Taped()))
    assert (reply.codes[0].value, len(times), server.world.count("/tokens")) == (TOKEN, 3, 1)


async def test_access_that_was_not_granted_is_told_from_a_wrong_password(
    server: Server, opened: Opener
) -> None:
    server.world.say("GET", VAS, {"message": "Invalid Client"}, status=403)
    kind, words = problem(await seen(opened(server.account())))
    assert kind is ProblemKind.UNTRUSTED
    assert "needs access granted" in words
    assert "Request Access" in words


# Retries


async def test_a_read_is_tried_again_and_the_last_answer_counts(server: Server, opened: Opener) -> None:
    furnish(server)
    calls: list[int] = []

    async def licences(_request: web.Request) -> web.StreamResponse:
        calls.append(1)
        return web.Response(status=(429, 502, 504)[len(calls) - 1])

    server.world.on("POST", LICENCES, licences)
    observed = await seen(opened(server.account()))
    assert (observed.exists, observed.pool, len(calls)) == (True, UNKNOWN, 3)
    assert "HTTP 504" in problem(observed)[1]


async def test_retry_after_is_honoured_within_bounds(server: Server, opened: Opener) -> None:
    furnish(server)
    calls: list[float] = []

    async def licences(_request: web.Request) -> web.StreamResponse:
        calls.append(asyncio.get_running_loop().time())
        return web.Response(status=429, headers={"Retry-After": "1" if len(calls) < 2 else "3600"})

    server.world.on("POST", LICENCES, licences)
    patience = Patience(2.0, 2.0, 8.0, attempts=5, first_wait=0.001, retry_after=2.0)
    await seen(opened(server.account(), patience=patience))
    assert len(calls) == 2
    assert calls[1] - calls[0] >= 0.9


async def test_a_read_whose_answer_broke_off_is_read_again(server: Server, opened: Opener) -> None:
    furnish(server)
    good = server.world.routes["POST", LICENCES]
    calls: list[int] = []

    async def licences(request: web.Request) -> web.StreamResponse:
        calls.append(1)
        return await (good if len(calls) > 1 else broken_off)(request)

    server.world.on("POST", LICENCES, licences)
    observed = await seen(opened(server.account()))
    assert (observed.problems, len(calls)) == ((), 2)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_mutation_that_the_server_failed_at_is_unknown_and_never_repeated(
    server: Server, opened: Opener, status: int
) -> None:
    furnish(server)
    server.world.say("POST", TOKENS, {}, status=status)
    assert isinstance(await failed(opened(server.account())), OutcomeUnknown)
    assert server.world.count("/tokens") == 1


async def test_a_mutation_that_is_asked_to_slow_down_was_not_done(server: Server, opened: Opener) -> None:
    furnish(server)
    server.world.say("POST", TOKENS, {"message": "quota"}, status=429)
    assert isinstance(await failed(opened(server.account())), Rejected)
    assert server.world.count("/tokens") == 1


# Broken connections


async def broken_off(request: web.Request) -> web.StreamResponse:
    """Half of a token answer, and then nothing."""
    response = web.StreamResponse(headers={"Content-Length": "500"})
    await response.prepare(request)
    await response.write(f'{{"status":"SUCCESS","tokenInfo":{{"token":"{TOKEN}","x'.encode())
    assert request.transport is not None
    request.transport.close()
    return response


async def hung_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def never(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def test_a_refused_connection_sent_nothing(server: Server, opened: Opener) -> None:
    account = server.account(base_url="https://127.0.0.1:1", token_url=f"{server.url}/as/token.oauth2")
    tap = Taped()
    error = await failed(opened(account), tap)
    assert isinstance(error, Unreachable)
    assert "the connection was refused" in error.message
    assert tap.events == []


async def test_a_name_that_does_not_resolve_sent_nothing(server: Server, opened: Opener) -> None:
    error = await failed(opened(server.account(base_url="https://no-such-host.invalid")))
    assert isinstance(error, Unreachable)
    assert "no-such-host.invalid" in error.message


async def test_a_peer_that_speaks_no_tls_was_told_nothing(server: Server, opened: Opener) -> None:
    async with listening(lambda _reader, writer: writer.close()) as port:
        account = server.account(base_url=f"https://127.0.0.1:{port}")
        tap = Taped()
        assert isinstance(await failed(opened(account), tap), Unreachable)
        assert tap.events == []


@pytest.mark.parametrize("handler", [hung_up, broken_off, never])
async def test_a_mutation_without_a_complete_answer_is_unknown_and_sent_once(
    server: Server, opened: Opener, handler: Any
) -> None:
    server.world.on("POST", TOKENS, handler)
    tap = Taped()
    patience = Patience(2.0, 0.3, 5.0, attempts=3, first_wait=0.001)
    error = await failed(opened(server.account(), patience=patience), tap)
    assert isinstance(error, OutcomeUnknown)
    assert (server.world.count("/tokens"), tap.events[0]) == (1, "sending")


async def test_what_arrived_before_the_break_is_on_the_tape_and_holds_the_code(
    server: Server, opened: Opener
) -> None:
    server.world.on("POST", TOKENS, broken_off)
    tap = Taped()
    provider = opened(server.account())
    await failed(provider, tap)
    raw = b"".join(event for event in tap.events if isinstance(event, bytes))
    assert provider.read_code(CodeKind.TOKEN, raw) == TOKEN


async def test_an_answer_that_drips_for_ever_ends_with_the_whole_time(server: Server, opened: Opener) -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                await response.write(b" ")
                await asyncio.sleep(0.05)
        return response

    server.world.on("POST", TOKENS, drip)
    patience = Patience(2.0, 2.0, 0.5, attempts=1, first_wait=0.001)
    error = await failed(opened(server.account(), patience=patience))
    assert isinstance(error, OutcomeUnknown)
    assert "in time" in error.message


async def test_a_slow_read_is_not_read_four_times(server: Server, opened: Opener) -> None:
    server.world.on("GET", VAS, never)
    patience = Patience(2.0, 0.2, 5.0, attempts=4, first_wait=0.001)
    kind, words = problem(await seen(opened(server.account(), patience=patience)))
    assert kind is ProblemKind.UNREACHABLE
    assert "no answer came in time" in words
    assert server.world.count("/virtual-accounts") == 1


async def test_an_answer_without_end_is_cut(server: Server, opened: Opener) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(20):
                await response.write(b" " * (1 << 20))
        return response

    server.world.on("GET", VAS, flood)
    kind, words = problem(await seen(opened(server.account())))
    assert kind is ProblemKind.UNREADABLE
    assert "larger than any answer" in words


async def test_a_journal_that_cannot_write_stops_the_instruction(server: Server, opened: Opener) -> None:
    furnish(server)

    class Full(Taped):
        def sending(self) -> None:
            raise JournalError("the disk is full")

    with pytest.raises(JournalError):
        await opened(server.account()).execute(create(), inputs(Full()))
    assert server.world.count("/tokens") == 0


async def test_what_comes_after_a_piece_that_could_not_be_recorded_is_handed_on_all_the_same(
    server: Server, opened: Opener
) -> None:
    """The journal keeps each piece elsewhere when it refuses one, and the code may be in the last."""
    heard = asyncio.Event()

    class Broken(Taped):
        def received(self, data: bytes) -> None:
            super().received(data)
            heard.set()
            raise JournalError("the disk is full")

    async def in_two_pieces(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"status": "SUCCESS", ')
        await heard.wait()
        await response.write(b'"tokenInfo": {"token": "the-code"}}')
        return response

    server.world.on("POST", TOKENS, in_two_pieces)
    tap = Broken()
    with pytest.raises(JournalError, match="the disk is full"):
        await opened(server.account()).execute(create(), inputs(tap))
    assert b"the-code" in b"".join(event for event in tap.events if isinstance(event, bytes))


# Proxies and portals


@contextlib.asynccontextmanager
async def listening(on_connection: Any) -> AsyncIterator[int]:
    listener = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        await listener.wait_closed()


async def test_a_proxy_is_used_where_it_is_named_and_only_carries(server: Server, opened: Opener) -> None:
    furnish(server)
    heard: list[bytes] = []

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        upstream, downstream = await asyncio.open_connection("127.0.0.1", server.port)
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(pumped(reader, downstream), pumped(upstream, writer))

    async with listening(carry) as port:
        provider = opened(server.account(proxy=f"http://127.0.0.1:{port}"))
        tap = Taped()
        await provider.execute(create(), inputs(tap))
        await provider.close()
    assert heard[0].startswith(f"CONNECT 127.0.0.1:{server.port} ".encode())
    assert SECRET.encode() not in b"".join(heard)
    assert tap.events[0] == "sending"


async def pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def test_a_proxy_that_refuses_is_named_and_nothing_was_sent(server: Server, opened: Opener) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with listening(refuse) as port:
        tap = Taped()
        error = await failed(opened(server.account(proxy=f"http://u:pw@127.0.0.1:{port}")), tap)
    assert isinstance(error, Unreachable)
    assert "the proxy refused" in error.message
    assert "407" in error.message
    assert tap.events == []


async def test_a_proxy_that_is_no_address_is_said(server: Server, opened: Opener) -> None:
    assert "manager.proxy" in (await failed(opened(server.account(proxy="carrier-pigeon")))).message


async def test_the_environment_names_no_proxy(
    server: Server, opened: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnish(server)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert (await seen(opened(server.account()))).problems == ()


async def test_a_redirect_is_not_followed(server: Server, opened: Opener) -> None:
    async def away(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": f"{server.url}/elsewhere"})

    server.world.on("POST", TOKENS, away)
    error = await failed(opened(server.account()))
    assert isinstance(error, Unreadable)
    assert "not followed" in error.message
    assert server.world.count("/elsewhere") == 0


async def test_a_web_page_instead_of_an_answer_is_named(server: Server, opened: Opener) -> None:
    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<!doctype html><title>Guest Wi-Fi</title>", content_type="text/html")

    server.world.on("POST", TOKENS, page)
    server.world.on("GET", VAS, page)
    error = await failed(opened(server.account()))
    assert isinstance(error, Unreadable)
    assert '"Guest Wi-Fi"' in error.message
    assert problem(await seen(opened(server.account())))[0] is ProblemKind.UNREADABLE


async def test_an_error_inside_http_200_is_a_no(server: Server, opened: Opener) -> None:
    server.world.say("POST", TOKENS, {"status": "ERROR", "statusMessage": "Agreement pending"})
    error = await failed(opened(server.account()))
    assert isinstance(error, Rejected)
    assert error.said == "Agreement pending"
    assert 'virtual account "Expressway EMEA" of Smart Account example.com' in error.message


async def test_a_damaged_answer_to_a_mutation_is_unknown(server: Server, opened: Opener) -> None:
    async def damaged(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=b'{"status":"SUCC\xff', content_type="application/json")

    server.world.on("POST", TOKENS, damaged)
    assert isinstance(await failed(opened(server.account())), OutcomeUnknown)


async def test_a_client_is_made_only_when_somebody_asks(server: Server, opened: Opener) -> None:
    provider = opened(server.account())
    provider.capabilities()
    await provider.close()
    assert server.world.asked == []


def test_the_secrets_of_a_login_are_not_shown() -> None:
    assert SECRET not in repr(ClientSecrets("id", SECRET))


async def test_nothing_that_is_secret_is_logged_by_anybody(
    server: Server, opened: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    furnish(server)
    caplog.set_level("DEBUG")
    provider = opened(server.account())
    await provider.observe(ADDRESS)
    await provider.execute(create(), inputs(Taped()))
    assert "HTTP Request" in caplog.text
    assert not any(secret in caplog.text for secret in (SECRET, TOKEN, "bearer-1"))


async def test_every_address_of_a_name_is_tried(opened: Opener, server: Server) -> None:
    url = "https://localhost:1"
    error = await failed(opened(server.account(base_url=url, token_url=f"{url}/token")))
    assert isinstance(error, Unreachable)
    assert "the connection was refused" in error.message
