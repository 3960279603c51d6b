"""The HTTPS face of a manager: OAuth in both styles, bearers that expire, and the faults of a server.

Belongs here: HTTP. Does not belong here: what can be asked (`surfaces`), field names (`views`). Sources:
saved answers of both token endpoints, the access guide of Cisco's MCP server (403 ``Invalid Client``), an
Ansible module for On-Prem (JSON body, 403 without credentials).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from . import surfaces, views
from .calls import Call, Route
from .door import Door, reset
from .faults import ON_SERVER, Fault, Faults
from .ledger import Asked, Login
from .manager import Declined
from .nouns import ON_PREM, Client, Manager
from .views import Json
from .world import World

CLOUD_TOKEN_PATHS = ("/as/token.oauth2", "/oauth2/default/v1/token")
ON_PREM_TOKEN_PATHS = ("/backend/oauth/token", "/oauth/token")
LOGIN_PAGE = b"<!DOCTYPE html><html><head><title>Login</title></head><body>Log in to continue</body></html>"
GARBAGE = b'{"status": \xff\xfe\x00"SUCC'
ON_CONNECT = ("refuse", "wrong-certificate")
ON_REQUEST = tuple(kind for kind in ON_SERVER if kind not in ON_CONNECT)
AFTER = ("drop-after", "mid-reply", "slow", "garbage", "silent", "late")
CUT_OFF = ("drop-before", "drop-after", "mid-reply", "silent")


@dataclass(slots=True)
class ManagerServer:
    """One manager on one port. ``context`` holds its own certificate, ``false_context`` a stranger's."""

    world: World
    manager: Manager
    faults: Faults
    tick: Callable[[], None]
    context: ssl.SSLContext
    false_context: ssl.SSLContext
    bearers: dict[str, tuple[Client, datetime]] = field(default_factory=dict)
    door: Door | None = None
    _runner: web.AppRunner | None = None

    async def open(self, port: int) -> int:
        app = web.Application(client_max_size=1 << 20)
        app.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        self.door = Door(port, self._welcome)
        return self.door.port

    async def close(self) -> None:
        if self.door is not None:
            await self.door.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def hang_up(self) -> None:
        """Break every open connection; a request that is being carried out goes on."""
        server = self._runner.server if self._runner is not None else None
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()

    async def _welcome(self, sock: socket.socket) -> None:
        name = self.manager.name
        if self.faults.take(name, ("refuse",)):
            reset(sock)
            return
        context = self.false_context if self.faults.take(name, ("wrong-certificate",)) else self.context
        assert self._runner is not None and self._runner.server is not None  # noqa: S101, PT018 - set by open
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            loop = asyncio.get_running_loop()
            await loop.connect_accepted_socket(self._runner.server, sock, ssl=context)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.tick()
        text = f"{request.method} {request.rel_url.raw_path}"
        fault = self.faults.take(self.manager.name, ON_REQUEST, text)
        body = await request.read()
        if fault is not None and fault.kind == "late":
            await asyncio.sleep(fault.seconds)
            self.tick()
        status, answer, ran = self._instead(fault, request) or self._answer(request, body)
        complete = fault is None or fault.kind not in CUT_OFF
        self.world.ledger.asked.append(
            Asked(self.world.now, self.manager.name, text, ran, complete, str(status), _digest(body))
        )
        return await self._reply(request, fault, status, answer)

    # -- answers --

    def _answer(self, request: web.Request, body: bytes) -> tuple[int, Json, bool]:
        path = request.rel_url.raw_path
        tokens = ON_PREM_TOKEN_PATHS if self.manager.kind == ON_PREM else CLOUD_TOKEN_PATHS
        if path in tokens:
            return (*self._grant(request, body), False)
        client = self._client(request)
        if client is None:
            return (
                (403, {"error": "Forbidden"}, False)
                if self.manager.kind == ON_PREM
                else (401, _EXPIRED, False)
            )
        if not client.granted:
            return 403, _NOT_GRANTED, False
        found = surfaces.find(self.manager, request.method, path)
        if found is None:
            return 404, views.error("Not Found"), False
        return self._carry_out(found[0], self._call(client, found[1], request, body))

    def _call(self, client: Client, parts: tuple[str, ...], request: web.Request, body: bytes) -> Call:
        headers = {name.casefold(): value for name, value in request.headers.items()}
        return Call(self.world, self.manager, client, parts, dict(request.query), headers, _json(body))

    def _carry_out(self, route: Route, call: Call) -> tuple[int, Json, bool]:
        if route.writes and not call.client.writes:
            return 403, views.error("You are not authorized to perform this operation"), False
        try:
            return 200, route.handler(call), True
        except Declined as declined:
            return 200, declined.answer or views.error(str(declined)), False

    def _client(self, request: web.Request) -> Client | None:
        kind, _, value = request.headers.get("Authorization", "").partition(" ")
        known = self.bearers.get(value.strip())
        if kind.casefold() != "bearer" or known is None or known[1] <= self.world.now:
            return None
        return known[0]

    def _grant(self, request: web.Request, body: bytes) -> tuple[int, Json]:
        """One style of OAuth for all three endpoints: form, query or (On-Prem) JSON; two kinds of refusal."""
        asked = {**request.query, **_form(request, body)}
        client = self._match(asked)
        self.world.ledger.logins.append(
            Login(self.world.now, self.manager.name, str(asked.get("client_id", "")), client is not None)
        )
        if client is None:
            return (400 if request.path == CLOUD_TOKEN_PATHS[0] else 401), _INVALID_CLIENT
        bearer = self.world.new_hex(40)
        seconds = self.world.settings.bearer_seconds
        self.bearers[bearer] = (client, self.world.now + timedelta(seconds=seconds))
        return 200, {"access_token": bearer, "token_type": "Bearer", "expires_in": int(seconds)}

    def _match(self, asked: dict[str, Any]) -> Client | None:
        wanted = (asked.get("client_id"), asked.get("client_secret"))
        for client in self.manager.clients:
            if (client.client_id, client.client_secret) == wanted and _may(client, asked):
                return client
        return None

    # -- faults --

    def _instead(self, fault: Fault | None, request: web.Request) -> tuple[int, Json, bool] | None:
        """What is answered where a fault keeps the request from running."""
        if fault is None or fault.kind in AFTER:
            return None
        if fault.kind == "expired-bearer":
            self.bearers.pop(request.headers.get("Authorization", "").partition(" ")[2].strip(), None)
        return (*_FAULT_ANSWERS.get(fault.kind, (200, {})), False)

    async def _reply(
        self, request: web.Request, fault: Fault | None, status: int, answer: Json
    ) -> web.StreamResponse:
        kind = fault.kind if fault else ""
        if fault and kind == "slow":
            await asyncio.sleep(fault.seconds)
        if kind == "silent":
            await asyncio.sleep(3600)
        if kind == "html":
            return web.Response(body=LOGIN_PAGE, content_type="text/html")
        data = GARBAGE if kind == "garbage" else json.dumps(answer).encode()
        if kind in ("drop-before", "drop-after", "mid-reply"):
            return await _break_off(request, data if kind == "mid-reply" else b"")
        headers = {"Retry-After": str(int(fault.seconds))} if fault and status in (429, 503) else {}
        return web.Response(status=status, body=data, content_type="application/json", headers=headers)


async def _break_off(request: web.Request, data: bytes) -> web.StreamResponse:
    """Send half of the data (or nothing), then drop the connection."""
    response = web.StreamResponse()
    response.content_length = max(len(data), 1)
    if data:
        await response.prepare(request)
        await response.write(data[: len(data) // 2])
    if request.transport is not None:
        request.transport.abort()
    return response


_EXPIRED: Json = {"error": "invalid_token", "error_description": "The access token is invalid or has expired"}
_NOT_GRANTED: Json = {"error": "Invalid Client"}
_INVALID_CLIENT: Json = {
    "error": "invalid_client",
    "error_description": "Invalid client or client credentials.",
}
_FAULT_ANSWERS: dict[str, tuple[int, Json]] = {
    "error": (500, views.error("Internal Server Error")),
    "error-in-200": (200, views.error("The request could not be processed")),
    "not-granted": (403, _NOT_GRANTED),
    "expired-bearer": (401, _EXPIRED),
    "unavailable": (503, views.error("Service Unavailable")),
    "too-many": (429, views.error("Too Many Requests")),
}


def _may(client: Client, asked: dict[str, Any]) -> bool:
    if asked.get("grant_type") == "password":
        person = (asked.get("username"), asked.get("password"))
        return client.username is not None and (client.username, client.password) == person
    return asked.get("grant_type") == "client_credentials"


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16] if body else ""


def _json(body: bytes) -> Json:
    with contextlib.suppress(ValueError):
        data = json.loads(body or b"{}")
        if isinstance(data, dict):
            return data
    return {}


def _form(request: web.Request, body: bytes) -> dict[str, Any]:
    from urllib.parse import parse_qsl

    if request.content_type == "application/json":
        return _json(body)
    return dict(parse_qsl(body.decode("utf-8", "replace")))
