"""A small HTTPS server that answers like CSSM, over real TLS on loopback. Nothing of ours is patched."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import web

from providers.cssm import CssmProvider
from providers.cssm.exchange import Patience
from reconciler.model import (
    AccountDesired,
    Action,
    Address,
    Carrier,
    Credentials,
    EffectClass,
    Kind,
    Manager,
    ManagerKind,
    SecretRef,
)
from reconciler.ports import Clock, Inputs

SECRET = "s3cret-canary-0815"
LEGACY = "/services/api/smart-accounts-and-licensing"
VA = "Expressway EMEA"
ADDRESS = Address("account/emea")
NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
QUICK = Patience(connect=2.0, read=2.0, whole=5.0, attempts=3, first_wait=0.001, retry_after=0.5)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stopped:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        del seconds
        raise AssertionError("nobody sleeps by this clock")


class Hasty(Stopped):
    """A clock on which a pause passes at once."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds


class Known:
    """Secrets by the name of their variable."""

    def resolve(self, ref: SecretRef) -> str:
        return {"ID": "client-1", "SECRET": SECRET, "USER": "jane", "PASSWORD": "pass-word"}[str(ref.value)]


class Taped:
    """A tap that keeps what it was told, in order."""

    def __init__(self) -> None:
        self.events: list[str | bytes] = []

    def sending(self) -> None:
        self.events.append("sending")

    def received(self, data: bytes) -> None:
        self.events.append(data)


@dataclass
class World:
    """What the server holds, and what it was asked."""

    routes: dict[tuple[str, str], Handler] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    bearers: int = 0
    valid: set[str] = field(default_factory=set)
    login: Handler | None = None

    def on(self, method: str, path: str, handler: Handler) -> None:
        self.routes[method, path] = handler

    def say(self, method: str, path: str, answer: Any, status: int = 200) -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            return web.json_response(answer, status=status)

        self.on(method, path, handler)

    def count(self, ending: str) -> int:
        return sum(1 for _, path in self.asked if path.endswith(ending))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        self.asked.append((request.method, request.raw_path))
        body = await request.read()
        if path in {"/as/token.oauth2", "/backend/oauth/token"}:
            return await (self.login or self.grant)(request)
        self.bodies.append(json.loads(body) if body else None)
        if request.headers.get("Authorization", "").removeprefix("Bearer ") not in self.valid:
            return web.json_response({"error": "invalid_token"}, status=401)
        handler = self.routes.get((request.method, path))
        if handler is None:
            return web.Response(status=404, text="<html><title>404</title></html>", content_type="text/html")
        return await handler(request)

    async def grant(self, _request: web.Request) -> web.StreamResponse:
        self.bearers += 1
        token = f"bearer-{self.bearers}"
        self.valid.add(token)
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": 3599})


@dataclass
class Server:
    world: World
    port: int
    ca_file: str

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def account(self, **manager: Any) -> AccountDesired:
        return AccountDesired(
            address=ADDRESS,
            name="emea",
            virtual_account=VA,
            smart_account="example.com",
            manager=replace(self.manager, **manager),
            apply=CREDENTIALS,
        )

    @property
    def manager(self) -> Manager:
        return Manager(
            kind=ManagerKind.CLOUD,
            profile="legacy",
            base_url=self.url,
            token_url=f"{self.url}/as/token.oauth2",
            ca_file=self.ca_file,
        )


CREDENTIALS = Credentials(SecretRef("env", "ID"), SecretRef("env", "SECRET"))


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def server(authority: trustme.CA, tmp_path: Path) -> AsyncIterator[Server]:
    world = World()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{tail:.*}", world.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    yield Server(world, port, str(ca_file))
    await runner.cleanup()


@pytest.fixture
async def opened() -> AsyncIterator[Callable[..., CssmProvider]]:
    made: list[CssmProvider] = []

    def opener(
        account: AccountDesired,
        *,
        read_only: bool = False,
        credentials: Credentials | None = CREDENTIALS,
        patience: Patience = QUICK,
        clock: Clock | None = None,
    ) -> CssmProvider:
        told = clock or Stopped()
        provider = CssmProvider(account, credentials, Known(), told, read_only=read_only, patience=patience)
        made.append(provider)
        return provider

    yield opener
    await asyncio.gather(*(provider.close() for provider in made))


SERIAL = "0E4D1FA5"
UDI = "P:EXPY,S:0e4d1fa5,U:6fe83addc80240bc92dc071a0e4d1fa5"
RMS = "Cisco Expressway Rich Media Session License"
RMS_TAG = "regid.2020-01.com.cisco.EXP_RMS,1.0_x"
DESKTOP = "UC Manager Enhanced License (12.x)"
DESKTOP_TAG = "regid.2016-07.com.cisco.UCM_Enhanced,12.0_y"
PRODUCT_TAG = "regid.2020-01.com.cisco.Expressway,1.0_z"
CODES = {
    f"request/{SERIAL}": "P:EXPY,S:0E4D1FA5",
    f"confirmation/{SERIAL}": "3311aaea",
    f"return/{SERIAL}": "CMcmMV-TriR2T-M2u",
}
_SLOTS = {
    Kind.RESERVE: "request",
    Kind.CONFIRM_RESERVATION: "confirmation",
    Kind.REMOVE_INSTANCE: "return",
    Kind.REHOST: "request",
}


def line(quantity: int, before: int | None = None, **other: Any) -> dict[str, Any]:
    old = {} if before is None else {"before": before}
    return {"entitlement": "rms", "name": RMS, "tag": RMS_TAG, "quantity": quantity} | old | other


def reservation(kind: Kind, **params: Any) -> Action:
    """An action about the reservation of one node."""
    stated: dict[str, Any] = {"serial": SERIAL, "udi": UDI, "virtual_account": VA}
    if kind in _SLOTS:
        stated[_SLOTS[kind]] = f"{_SLOTS[kind]}/{SERIAL}"
    if kind not in {Kind.CONFIRM_RESERVATION, Kind.REMOVE_INSTANCE, Kind.REMOVE_GHOST}:
        stated["lines"] = [line(10)]
    action = _action(kind, stated | params, f"authorization/{SERIAL}")
    return replace(action, subject=SERIAL)


def holding(tap: Taped) -> Inputs:
    return Inputs("01JOPID7", tap, CODES)


def create(**params: Any) -> Action:
    stated = {"export_controlled": True, "expires_after_days": 1, "max_uses": 2} | params
    return _action(Kind.CREATE_TOKEN, stated, "token/emea/allowed")


def revoke() -> Action:
    return _action(Kind.REVOKE_TOKEN, {"token": "token/emea/allowed"}, None)


def _action(kind: Kind, params: Mapping[str, Any], makes: str | None) -> Action:
    return Action(
        id=f"{kind.value}:emea:0a1b2c3d",
        address=ADDRESS,
        kind=kind,
        subject="emea",
        params=params,
        carrier=Carrier.API,
        effect_class=EffectClass.ONCE,
        reason="",
        makes=makes,
    )


def inputs(tap: Taped, **codes: str) -> Inputs:
    return Inputs("01JOPID7", tap, {"token/emea/allowed": codes.get("token", "")})
