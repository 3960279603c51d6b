"""Plain asyncssh and aiohttp clients for the lab's own tests: nothing of the product's providers."""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import asyncssh

from providers.lab import Lab, LabClock, build_world

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
END = re.compile(rb"\r\n(OK|ERROR[^\r\n]*|Command not recognized\.)\r\n")
SYNC = re.compile(rb"\*s/end\r\n(\r\n)?OK\r\n(\r\n)?")
CLOUD = """
cloud:
  clients:
    - {client_id: apply, client_secret: apply-secret}
    - {client_id: read, client_secret: read-secret, writes: false}
    - {client_id: new, client_secret: new-secret, granted: false}
  accounts:
    example.com:
      name: Example Ltd
      virtual_accounts:
        EMEA:
          licences: {rms: 10, desktop: 5, room: 2, "ISRV AX 500M": 10}
          instances:
            - {serial: FDO2211A0AB, pid: ISR4331/K9, host_name: wan-rtr-1, usage: {"ISRV AX 500M": 2}}
        Old: {licences: {rms: 1}}
    wexample.com: {name: Other, virtual_accounts: {Main: {}}, export_right: false}
on_prem:
  plant:
    host_names: [ssm.plant.example.com]
    clients: [{client_id: plant, client_secret: plant-secret}]
    accounts:
      World Wide Plant: {domain: example.com, virtual_accounts: {Default: {licences: {rms: 3}}}}
"""
NET = "dns: [192.0.2.53], ntp: [192.0.2.123]"


def one_node(more: str = "", *, version: str = "X14.3.1", settings: str = "") -> str:
    """A world with one node, ``a/n1``, and these further keys."""
    return world(
        f"  a:\n    nodes:\n      n1: {{{node('0E4D1FA5', more, version=version)}}}\n", settings=settings
    )


def node(serial: str, more: str = "", *, version: str = "X14.3.1") -> str:
    return f'serial: "{serial}", version: {version}, {NET}{", " + more if more else ""}'


def world(clusters: str, *, settings: str = "") -> str:
    more = f", {settings}" if settings else ""
    return f"settings: {{register_seconds: 2, retry_seconds: 900{more}}}\n{CLOUD}clusters:\n{clusters}"


@dataclass
class Shell:
    """One interactive session with a terminal, as an admin has it."""

    connection: asyncssh.SSHClientConnection
    process: asyncssh.SSHClientProcess[bytes]

    async def say(self, line: str) -> str:
        """Type a line; everything up to and with the line that ends the reply, echo included."""
        self.process.stdin.write(line.encode() + b"\r\n")
        return await self.hear()

    async def hear(self) -> str:
        data = await self.process.stdout.readuntil(END, max_separator_len=4096)
        return data.decode("utf-8", "backslashreplace")


@dataclass
class Site:
    """A running lab, and what a client holds of it."""

    lab: Lab
    stack: AsyncExitStack
    session: aiohttp.ClientSession
    trust: ssl.SSLContext
    shells: dict[str, Shell] = field(default_factory=dict)
    bearers: dict[str, str] = field(default_factory=dict)

    async def connect(self, name: str, **more: Any) -> asyncssh.SSHClientConnection:
        options: dict[str, Any] = {
            "username": "admin",
            "password": "lab-password",
            "known_hosts": asyncssh.import_known_hosts(self.lab.known_hosts()),
            "config": None,
            "agent_path": None,
            "client_keys": None,
            **more,
        }
        return await asyncssh.connect("127.0.0.1", self.lab.port(name), **options)

    async def shell(self, name: str = "a/n1", *, width: int = 10_000) -> Shell:
        """A new connection with one shell; the banner is read by waiting for the end of a first status."""
        shell = await self.shell_unsynced(name, width=width)
        shell.process.stdin.write(b"xStatus SystemUnit\r\n")
        await shell.process.stdout.readuntil(SYNC, max_separator_len=64)
        return shell

    async def shell_unsynced(self, name: str = "a/n1", *, width: int = 10_000) -> Shell:
        """A new connection with one shell, nothing read."""
        connection = await self.connect(name)
        self.stack.callback(connection.abort)
        process = await connection.create_process(term_type="vt100", term_size=(width, 24), encoding=None)
        return Shell(connection, process)

    async def say(self, line: str, name: str = "a/n1") -> str:
        if name not in self.shells:
            self.shells[name] = await self.shell(name)
        return await self.shells[name].say(line)

    async def licence(self, name: str = "a/n1") -> str:
        return await self.say("xstatus // license", name)

    async def alarms(self, name: str = "a/n1") -> list[str]:
        return re.findall(r'\bID: "(\d{5})"', await self.say("xStatus Alarm", name))

    async def register(self, token: str, name: str = "a/n1", *, verb: str = "Register Idtoken") -> str:
        return await self.say(f'xCommand License Smart {verb}: "{token}"', name)

    # -- HTTPS --

    async def send(self, method: str, url: str, **more: Any) -> tuple[int, Any]:
        async with self.session.request(method, url, ssl=self.trust, **more) as answer:
            body = await answer.json() if "json" in answer.content_type else await answer.text()
            return answer.status, body

    async def bearer(self, client: str = "apply") -> str:
        if client not in self.bearers:
            form = {
                "client_id": client,
                "client_secret": f"{client}-secret",
                "grant_type": "client_credentials",
            }
            _, answer = await self.send("POST", f"{self.lab.cloud_origin}/as/token.oauth2", data=form)
            self.bearers[client] = answer["access_token"]
        return self.bearers[client]

    async def api(
        self, method: str, path: str, body: Any = None, *, client: str = "apply", **more: Any
    ) -> tuple[int, Any]:
        """A call on the legacy surface of the cloud."""
        headers = {"Authorization": f"Bearer {await self.bearer(client)}", **more.pop("headers", {})}
        return await self.send(method, f"{self.lab.cssm_url}{path}", json=body, headers=headers, **more)

    async def token(self, va: str = "EMEA", *, export: bool = True, days: int = 1) -> str:
        body = {"description": "t", "expiresAfterDays": days, "exportControlled": _flag(export)}
        _, answer = await self.api("POST", f"/v1/accounts/example.com/virtual-accounts/{va}/tokens", body)
        return str(answer["tokenInfo"]["token"])

    async def instances(self, va: str = "EMEA") -> list[str]:
        path = f"/v1/accounts/example.com/virtual-accounts/{va}/devices"
        _, answer = await self.api("GET", path)
        return [one["instanceName"] for one in answer["devices"]]


def _flag(export: bool) -> str:
    return "Allowed" if export else "Not Allowed"


@asynccontextmanager
async def site(text: str, *, frozen: bool = True) -> AsyncIterator[Site]:
    """A lab over this world file, with a clock that moves only when told."""
    lab = Lab(build_world(text, START), clock=LabClock(START, frozen=frozen))
    async with lab, AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        trust = ssl.create_default_context(cadata=lab.ca_pem().decode())
        yield Site(lab, stack, session, trust)
