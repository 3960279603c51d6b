"""One HTTPS client to one CSSM: bytes out, bytes in. The only home of httpx2, authlib and stamina.

Belongs here: connections, trust, access tokens, time-outs, retries of reads, and the one table that turns
foreign exceptions into ours. Does not belong here: what the JSON means (wire), paths (profiles).

What is promised:

- TLS is always verified; redirects are not followed; the environment (proxies, netrc) is not listened to.
- Secrets travel in bodies and headers only, never in a URL: HTTP libraries log URLs.
- A read is tried again a few times; a mutation is not. After HTTP 401 one repeat with a fresh access token
  is allowed for both: a 401 is a complete answer which says that nothing was done.
- ``tap.sending`` is called when the connection stands and before the first byte of the instruction; so a
  failure before it is provably *not sent*, and a failure after it is *unknown* for a mutation.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import httpx2
import stamina
import stamina.instrumentation
from authlib.integrations.httpx_client import AsyncOAuth2Client

from reconciler.errors import ProviderError, SecretError, Unreachable, Untrusted
from reconciler.ports import Tap

from . import tolerant, wire, words
from .exchange import ClientSecrets, Login, Patience, Request, Response, Told, host_of
from .words import Where

# Its default hooks write every retry to stderr; what a run says is the reporter's business.
stamina.instrumentation.set_on_retry_hooks([])

AGAIN = frozenset({429, 502, 503, 504})
BODY_AT_MOST = 8 * 1024 * 1024
BEARER_AT_MOST = 64 * 1024

_IN_BODY = "client_secret_post"
"""Client id and secret travel in the form; the On-Prem's way replaces the function of this name."""

_GRANTED = Response(200, b"")


class _TooLarge(Exception):
    """More bytes than any answer of CSSM may have."""


class _Answered(Exception):
    """A complete answer on its way through code that only knows exceptions."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"HTTP {response.status}")
        self.response = response


class Transport:
    """One client, one access token, many waiters. Close it."""

    def __init__(self, login: Login, *, ca_file: str | None, proxy: str | None, patience: Patience) -> None:
        self._login = login
        self._ca_file = ca_file
        self._proxy = proxy
        self._patience = patience
        self._client: AsyncOAuth2Client | None = None
        self._secrets = ClientSecrets("", "")
        self._lock = asyncio.Lock()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def read(self, request: Request) -> Response:
        """Send a read, with retries. Raises Unreachable, Untrusted or Unreadable."""
        return await self._authorized(
            request, lambda client: self._again(lambda: self._exchange(client, request, None))
        )

    async def mutate(self, request: Request, tap: Tap) -> Response:
        """Send a mutation once. Raises Unreachable or Untrusted (not done), OutcomeUnknown (sent)."""
        told = Told(tap)
        return await self._authorized(request, lambda client: self._exchange(client, request, told))

    def hide(self, said: str) -> str:
        """``said`` without any secret that this transport holds."""
        token = self._client.token if self._client is not None else None
        bearer = token["access_token"] if token else ""
        return tolerant.without(said, (self._secrets.client_secret, self._secrets.password, bearer))

    async def _authorized(
        self, request: Request, once: Callable[[AsyncOAuth2Client], Awaitable[Response]]
    ) -> Response:
        client, used = await self._bearer(request.where, stale=None)
        response = await once(client)
        if response.status != 401:
            return response
        client, _ = await self._bearer(request.where, stale=used)
        return await once(client)

    async def _exchange(self, client: AsyncOAuth2Client, request: Request, told: Told | None) -> Response:
        progress = _Progress(told)
        try:
            async with (
                asyncio.timeout(self._patience.whole),
                self._stream(client, request, progress) as response,
            ):
                return Response(
                    response.status_code, await _collected(response, told), _retry_after(response)
                )
        except _FOREIGN as error:
            raise _translated(error, progress.sent, request.where) from error

    def _stream(
        self, client: AsyncOAuth2Client, request: Request, progress: _Progress
    ) -> AbstractAsyncContextManager[httpx2.Response]:
        content = None if request.body is None else json.dumps(request.body).encode()
        headers = dict(request.headers) | ({} if content is None else {"Content-Type": "application/json"})
        stream: AbstractAsyncContextManager[httpx2.Response] = client.stream(
            request.method,
            request.url,
            content=content,
            headers=headers,
            auth=client.token_auth,
            extensions={"trace": progress.trace, "fresh": progress.told is not None},
        )
        return stream

    async def _again(self, send: Callable[[], Awaitable[Response]]) -> Response:
        """Reads only. The last answer counts, whatever it says."""
        waits = self._patience.first_wait
        try:
            async for attempt in stamina.retry_context(
                on=self._worth_another,
                attempts=self._patience.attempts,
                timeout=self._patience.whole,
                wait_initial=waits,
                wait_max=waits * 16,
                wait_jitter=waits,
            ):
                with attempt:
                    response = await send()
                    if response.status in AGAIN:
                        raise _Answered(response)
        except _Answered as last:
            return last.response
        return response

    def _worth_another(self, error: Exception) -> bool | float:
        if isinstance(error, _Answered):
            wait = error.response.retry_after
            return True if wait is None else wait if wait <= self._patience.retry_after else False
        slow = isinstance(error.__cause__, httpx2.ReadTimeout | TimeoutError)
        return isinstance(error, Unreachable) and not slow

    # Access tokens

    async def _bearer(self, where: Where, stale: str | None) -> tuple[AsyncOAuth2Client, str]:
        """A client with a token that is neither expired nor the refused one; one fetch for many waiters."""
        async with self._lock:
            client = self._client = self._client or await self._open()
            token = client.token
            if not token or token["access_token"] == stale or token.is_expired(leeway=60):
                await self._fetch(client, words.login(where, host_of(self._login.url)))
            return client, str(client.token["access_token"])

    async def _open(self) -> AsyncOAuth2Client:
        self._secrets = await self._resolved()
        client = AsyncOAuth2Client(
            client_id=self._secrets.client_id,
            client_secret=self._secrets.client_secret,
            token_endpoint_auth_method=_IN_BODY,
            transport=_Pools(_context(self._ca_file), self._proxy, self._login.url),
            trust_env=False,
            follow_redirects=False,
            headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "xlicense"},
            timeout=httpx2.Timeout(self._patience.read, connect=self._patience.connect),
        )
        if self._login.body == "json":
            client.register_client_auth_method((_IN_BODY, _as_json))
        client.register_compliance_hook("access_token_response", _judged)
        return client

    async def _resolved(self) -> ClientSecrets:
        try:
            return await asyncio.to_thread(self._login.secrets)
        except SecretError as error:
            raise Untrusted(error.message, remedy=error.remedy) from error

    async def _fetch(self, client: AsyncOAuth2Client, where: Where) -> None:
        response = await self._again(lambda: self._fetch_once(client, where))
        if response is _GRANTED:
            return
        answer = wire.read_answer(response.status, response.body)
        answer = replace(answer, said=self.hide(answer.said))
        raise words.no_bearer(answer, where)

    async def _fetch_once(self, client: AsyncOAuth2Client, where: Where) -> Response:
        user = {"username": self._secrets.username, "password": self._secrets.password}
        extra = user if self._login.grant == "password" else {}
        try:
            async with asyncio.timeout(self._patience.whole):
                await client.fetch_token(self._login.url, grant_type=self._login.grant, **extra)
        except _Answered as refused:
            return refused.response
        except _FOREIGN as error:
            raise _translated(error, False, where) from error
        return _GRANTED


def _judged(response: httpx2.Response) -> httpx2.Response:
    """Stands before authlib's own reading, which knows neither pages of HTML nor odd token types."""
    found = wire.bearer_of(response.content) if response.status_code == 200 else None
    if found is None:
        raise _Answered(Response(response.status_code, response.content, _retry_after(response)))
    return httpx2.Response(
        200, json={"access_token": found[0], "token_type": "Bearer", "expires_in": found[1]}
    )


def _as_json(client: Any, method: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, bytes]:  # noqa: ARG001
    """The On-Prem's token endpoint takes JSON; client id and secret stay in the body."""
    form = body.decode() if isinstance(body, bytes) else body
    fields = dict(parse_qsl(form, keep_blank_values=True))
    fields |= {"client_id": client.client_id, "client_secret": client.client_secret}
    headers["Content-Type"] = "application/json"
    return uri, headers, json.dumps(fields).encode()


class _Progress:
    """Knows whether a byte of this exchange has left: the connection's own events say so."""

    def __init__(self, told: Told | None) -> None:
        self.told = told
        self.sent = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """CONNECT is a word to the proxy, not the instruction."""
        if not event.endswith(".send_request_headers.started") or info["request"].method == b"CONNECT":
            return
        if self.told is not None:
            self.told.sending()
        self.sent = True


class _Pools(httpx2.AsyncBaseTransport):
    """Reads share connections; a mutation gets a new one, for a server may have closed an idle one
    unseen, and then nobody could say whether the instruction arrived."""

    def __init__(self, context: ssl.SSLContext, proxy: str | None, token_url: str) -> None:
        self._token_url = token_url
        self._shared = _pool(context, proxy, httpx2.Limits(max_connections=4))
        self._fresh = _pool(context, proxy, httpx2.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        pool = self._fresh if request.extensions.get("fresh") else self._shared
        response = await pool.handle_async_request(request)
        return await _bounded(response) if str(request.url) == self._token_url else response

    async def aclose(self) -> None:
        await self._shared.aclose()
        await self._fresh.aclose()


def _pool(context: ssl.SSLContext, proxy: str | None, limits: httpx2.Limits) -> httpx2.AsyncHTTPTransport:
    try:
        return httpx2.AsyncHTTPTransport(verify=context, trust_env=False, proxy=proxy, limits=limits)
    except (ValueError, httpx2.InvalidURL) as error:
        raise Unreachable(
            "manager.proxy is not a proxy address", remedy="Write it as http://proxy.example.com:3128."
        ) from error


async def _bounded(response: httpx2.Response) -> httpx2.Response:
    """The token endpoint's answer, which authlib would read whole, however long it is."""
    body = bytearray()
    try:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > BEARER_AT_MOST:
                raise _TooLarge
    finally:
        await response.aclose()
    return httpx2.Response(response.status_code, headers=response.headers, content=bytes(body))


async def _collected(response: httpx2.Response, told: Told | None) -> bytes:
    """The body; of a mutation every chunk is handed on before anything looks at it. Also after one that the
    journal refused, which is kept elsewhere then: the code may be in the next."""
    body = bytearray()
    async for chunk in response.aiter_bytes():
        if told is not None:
            told.received(chunk)
        body += chunk
        if len(body) > BODY_AT_MOST:
            raise _TooLarge
    if told is not None and told.refused is not None:
        raise told.refused
    return bytes(body)


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds or a date (RFC 9110); None where it is absent or senseless."""
    stated = response.headers.get("Retry-After", "").strip()
    if stated.isascii() and stated.isdigit():
        return float(stated[:9])
    try:
        return max(0.0, (parsedate_to_datetime(stated) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


@lru_cache(maxsize=32)
def _context(ca_file: str | None) -> ssl.SSLContext:
    """Loading the system's authorities costs some 20 ms: once per process and set of authorities."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ValueError) as error:
        raise Untrusted(
            f"the certificate authorities of {ca_file} cannot be read: {_plain(error)}",
            remedy="manager.ca_file must be a readable PEM file.",
        ) from error


# What foreign exceptions mean: the one table

_FOREIGN = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, _TooLarge, OSError)

_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (httpx2.ProxyError, "the proxy refused the connection"),
    (socket.gaierror, "the name does not resolve"),
    (ConnectionRefusedError, "the connection was refused"),
    (httpx2.ConnectTimeout, "no connection came about in time"),
    (httpx2.PoolTimeout, "all connections were busy"),
    (httpx2.ReadTimeout, "no answer came in time"),
    (httpx2.WriteTimeout, "the request could not be sent in time"),
    (TimeoutError, "no complete answer came in time"),
    (ssl.SSLError, "TLS failed"),
    (_TooLarge, "the answer is larger than any answer of CSSM"),
    (httpx2.RemoteProtocolError, "the connection ended before the answer did"),
    (httpx2.DecodingError, "the answer's encoding is damaged"),
    (httpx2.NetworkError, "the connection broke"),
    (OSError, "the connection broke"),
)


def _translated(error: BaseException, sent: bool, where: Where) -> ProviderError:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return words.not_trusted(where, cause.verify_message or "it could not be verified")
    reason = _reason(error)
    if sent and where.mutates:
        return words.no_end(where, reason)
    return words.too_large(where) if isinstance(error, _TooLarge) else words.no_answer(where, reason)


def _reason(error: BaseException) -> str:
    """The first row of the table that any cause fits; a proxy's own words (``407 …``) go with it."""
    causes = tuple(_causes(error))
    fits = (said for kind, said in _REASONS if any(isinstance(cause, kind) for cause in causes))
    reason = next(fits, type(error).__name__)
    return f"{reason} ({_plain(error)})" if isinstance(error, httpx2.ProxyError) else reason


def _causes(error: BaseException | None, depth: int = 0) -> Iterator[BaseException]:
    """The chain of causes, groups included; libraries wrap each other's exceptions."""
    if error is None or depth > 12:
        return
    yield error
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _causes(part, depth + 1)
    yield from _causes(error.__cause__ or error.__context__, depth + 1)


def _plain(error: BaseException) -> str:
    return (tolerant.text(str(error)) or type(error).__name__)[:200]
