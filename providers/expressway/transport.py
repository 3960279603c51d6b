"""Connections to nodes over SSH: one per node and run, strictly checked, raw bytes. asyncssh's only home.

Belongs here: trust, logging in, channels, and the one table that turns asyncssh's exceptions into ours.
Does not belong here: what is said over a channel and in which order (`conversation`), and what it means.

Nothing is read from ``~/.ssh``: no configuration, no agent, no default keys (asyncssh takes the default
keys for an empty list, so a password login passes None), no default known_hosts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncssh

from reconciler.errors import Unreachable, Untrusted
from reconciler.ports import Tap

from . import wire
from .conversation import Conversation, Ear, Patience
from .wire import RawReply

KEEPALIVE_SECONDS = 15
ECHO_SECONDS = 5.0
"""At most, for a terminal to show what was typed."""

STALL_SECONDS = 10.0
"""At most, for the next of several replies to begin."""

GOODBYE_SECONDS = 2.0

CIPHERS = "^aes128-gcm@openssh.com"
"""In front of the defaults: the cheapest one on today's processors."""


@dataclass(frozen=True, slots=True)
class Login:
    """Where and as whom. ``key`` is the text of a private key; ``known_hosts`` the path of a file."""

    host: str
    port: int
    username: str
    known_hosts: str
    password: str | None = field(default=None, repr=False)
    key: str | None = field(default=None, repr=False)
    jump: Login | None = None

    @property
    def name(self) -> str:
        return self.host if self.port == 22 else f"{self.host}:{self.port}"


# --- trust ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _parsed_hosts(path: str, modified: int) -> asyncssh.SSHKnownHosts:
    del modified  # only part of the key: a file that was written again is read again
    return asyncssh.import_known_hosts(Path(path).read_text(encoding="utf-8"))


def _known_hosts(path: str) -> asyncssh.SSHKnownHosts:
    """The parsed file, once for each state of it: 10,000 lines cost 83 ms each time. Raises Untrusted."""
    try:
        return _parsed_hosts(path, Path(path).stat().st_mtime_ns)
    except FileNotFoundError:
        raise Untrusted(
            f"there is no known_hosts file at {path}, so no host can be trusted",
            remedy="xlicense hostkeys learn",
        ) from None
    except (OSError, ValueError) as error:
        raise Untrusted(f"the known_hosts file {path} cannot be used: {error}") from None


@lru_cache(maxsize=64)
def _private_key(text: str) -> asyncssh.SSHKey:
    """The parsed key, once a process: an RSA key costs 117 ms each time. Raises Untrusted."""
    try:
        return asyncssh.import_private_key(text)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        raise Untrusted("the private key cannot be read: it needs to be one without a passphrase") from None


class _Client(asyncssh.SSHClient):
    """Answers one question for the password with the password, and nothing after that.

    A server may offer both password and keyboard-interactive; whichever it asks first uses up the one
    attempt, because repeated failures make the node ban this address.
    """

    def __init__(self, password: str | None) -> None:
        self._password = password

    def _take(self) -> str | None:
        password, self._password = self._password, None
        return password

    def password_auth_requested(self) -> str | None:
        return self._take()

    def kbdint_auth_requested(self) -> str | None:
        return "" if self._password is not None else None

    def kbdint_challenge_received(
        self, name: str, instructions: str, lang: str, prompts: Any
    ) -> list[str] | None:
        del name, instructions, lang
        if not prompts:
            return []
        hidden = len(prompts) == 1 and not prompts[0][1]
        password = self._take() if hidden else None
        return None if password is None else [password]


def _host_key_error(login: Login, error: Exception) -> Untrusted:
    port = None if login.port == 22 else login.port
    known = any(_known_hosts(login.known_hosts).match(login.host, "", port)[:2])
    if known:
        return Untrusted(
            f"{login.name}: the host key has CHANGED; it is not the one in {login.known_hosts}",
            said=wire.printable(str(error)),
            remedy="find out why (reset, replaced, or somebody in between), then: xlicense hostkeys learn",
        )
    return Untrusted(
        f"{login.name}: the host key is not in {login.known_hosts}",
        said=wire.printable(str(error)),
        remedy="xlicense hostkeys learn",
    )


@contextmanager
def _translated(login: Login) -> Iterator[None]:
    """asyncssh's and the system's exceptions while connecting, as ours. Nothing has been sent yet."""
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as error:
        raise _host_key_error(login, error) from None
    except asyncssh.KeyExchangeFailed as error:
        if "host key" in str(error).casefold():
            raise _host_key_error(login, error) from None
        raise Unreachable(f"{login.name}: no common algorithms", said=wire.printable(str(error))) from None
    except asyncssh.PermissionDenied as error:
        raise Untrusted(
            f"{login.name}: the login as {login.username} was refused; one attempt was made",
            said=wire.printable(str(error)),
            remedy="check the user name and the password or key that the workspace refers to",
        ) from None
    except TimeoutError:
        raise Unreachable(f"{login.name}: no answer in time") from None
    except (OSError, asyncssh.Error) as error:
        reason = wire.printable(str(error)) or type(error).__name__
        raise Unreachable(f"{login.name}: cannot be reached: {reason}") from None


def _options(login: Login, timeout: float) -> dict[str, Any]:
    """Everything explicit: nothing from the user's home, no agent, no forwarding, one way to log in."""
    return {
        "username": login.username,
        "known_hosts": _known_hosts(login.known_hosts),
        "client_keys": [_private_key(login.key)] if login.key else None,
        "client_factory": lambda: _Client(None if login.key else login.password),
        "preferred_auth": "publickey" if login.key else "password,keyboard-interactive",
        "config": None,
        "agent_path": None,
        "agent_forwarding": False,
        "gss_kex": False,
        "gss_auth": False,
        "x509_trusted_certs": None,
        "host_based_auth": False,
        "encryption_algs": CIPHERS,
        "compression_algs": ["none"],
        "keepalive_interval": KEEPALIVE_SECONDS,
        "connect_timeout": timeout,
        "login_timeout": timeout,
    }


# --- one node ------------------------------------------------------------------------------------------


class _Shell(asyncssh.SSHClientSession[bytes]):
    """Hands on what arrives, inside asyncssh's own callback."""

    def __init__(self) -> None:
        self.ear = Ear()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        del datatype
        self.ear.hear(data)

    def eof_received(self) -> bool:
        self.ear.hear_no_more()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.ear.hear_no_more()


class _Channel:
    """One open shell, as a conversation sees it."""

    def __init__(self, chan: Any, ear: Ear, *, terminal: bool) -> None:
        self._chan = chan
        self.ear = ear
        self.terminal = terminal

    def write(self, data: bytes) -> None:
        self._chan.write(data)

    def close(self) -> None:
        self._chan.close()


class _Node:
    """The connection to one host. What was refused once is not tried again in this run."""

    def __init__(self, login: Login, transport: Transport) -> None:
        self._login = login
        self._transport = transport
        self._conn: Any = None
        self._opening = asyncio.Lock()
        self._distrust: Untrusted | None = None
        self.conversation = Conversation(login.name, self.channel, transport.patience)

    async def connection(self) -> Any:
        """The connection, opened at the first call, opened again after it was lost."""
        async with self._opening:
            if self._distrust is not None:
                raise self._distrust
            if self._conn is None or self._conn.is_closed():
                try:
                    self._conn = await self._transport.open(self._login)
                except Untrusted as error:
                    self._distrust = error
                    raise
            return self._conn

    async def channel(self, columns: int) -> _Channel:
        """A fresh shell, without a terminal where it has no columns. Raises Unreachable or Untrusted."""
        terminal = columns > 0
        conn = await self.connection()
        with _translated(self._login):
            async with asyncio.timeout(self._transport.patience.wake):
                chan, shell = await conn.create_session(
                    _Shell,
                    encoding=None,
                    request_pty="force" if terminal else False,
                    term_type="dumb" if terminal else None,
                    term_size=(columns, 24),
                )
        return _Channel(chan, shell.ear, terminal=terminal)

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()

    async def wait_closed(self) -> None:
        """Until the other side has gone too, but not for ever: it may be gone already."""
        if self._conn is not None:
            try:
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._conn.wait_closed()
            except TimeoutError:
                self._conn.abort()


# --- the room's door -----------------------------------------------------------------------------------


class Transport:
    """Connections to any number of nodes, one each, opened when first needed and kept until `close`.

    ``read_only`` refuses everything that is not in `wire.READS`, before it is sent. Times in seconds:
    ``connect_timeout`` for a connection, for its login and for a shell to wake up, ``command_timeout`` for
    a whole reply.
    """

    def __init__(self, *, read_only: bool, connect_timeout: float, command_timeout: float) -> None:
        self.read_only = read_only
        self.patience = Patience(
            wake=connect_timeout,
            echo=min(ECHO_SECONDS, connect_timeout),
            reply=command_timeout,
            stall=min(STALL_SECONDS, command_timeout),
        )
        self._nodes: dict[Login, _Node] = {}
        self._jumps: dict[Login, _Node] = {}
        logging.getLogger("asyncssh").setLevel(logging.WARNING)

    async def read(self, login: Login, commands: Sequence[str]) -> dict[str, RawReply]:
        """Replies by command (`Conversation.read`). Raises Unreachable, Untrusted, Unreadable."""
        for command in commands:
            if command not in wire.READS:
                raise Unreachable(f"not a command for reading, so it was not sent: {command[:40]}")
        return await self._node(login).conversation.read(commands)

    async def change(self, login: Login, commands: Sequence[str], tap: Tap) -> RawReply:
        """Carry out one command, in the first spelling that the release knows (`Conversation.change`)."""
        if self.read_only:
            raise Unreachable("this connection only reads, so nothing was sent")
        return await self._node(login).conversation.change(commands, tap)

    async def host_key(self, login: Login) -> HostKey:
        """The key that this host offers, by way of its jump host where there is one; no login on the host."""
        return await _offered_key(login, self.patience.wake, await self._tunnel(login))

    async def open(self, login: Login) -> Any:
        """A new connection, through the jump host where there is one."""
        tunnel = await self._tunnel(login)
        options = _options(login, self.patience.wake)
        if tunnel is not None:
            options["tunnel"] = tunnel
        with _translated(login):
            return await asyncssh.connect(login.host, login.port, **options)

    async def _tunnel(self, login: Login) -> Any:
        if login.jump is None:
            return None
        if login.jump not in self._jumps:
            self._jumps[login.jump] = _Node(login.jump, self)
        try:
            return await self._jumps[login.jump].connection()
        except (Unreachable, Untrusted) as error:
            message = f"{login.name}: by way of the jump host {error.message}"
            raise type(error)(message, said=error.said, remedy=error.remedy) from None

    def _node(self, login: Login) -> _Node:
        if login not in self._nodes:
            self._nodes[login] = _Node(login, self)
        return self._nodes[login]

    async def close(self) -> None:
        """Log out everywhere, nodes before jump hosts."""
        for group in (self._nodes, self._jumps):
            for node in group.values():
                node.close()
            for node in group.values():
                await node.wait_closed()
            group.clear()


# --- host keys -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HostKey:
    """A host key as it was offered: ``line`` for known_hosts, ``fingerprint`` as ssh-keygen prints it."""

    line: str
    fingerprint: str
    algorithm: str


async def _offered_key(login: Login, timeout: float, tunnel: Any) -> HostKey:
    with _translated(login):
        async with asyncio.timeout(timeout):
            key = await asyncssh.get_server_host_key(
                login.host, login.port, config=None, tunnel=tunnel if tunnel is not None else ()
            )
    if key is None:
        raise Unreachable(f"{login.name}: offered no host key")
    name = login.host if login.port == 22 else f"[{login.host}]:{login.port}"
    algorithm, body = _public(key)
    return HostKey(f"{name} {algorithm} {body}", key.get_fingerprint(), algorithm)


def _public(key: Any) -> tuple[str, str]:
    algorithm, body = key.export_public_key("openssh").decode().split()[:2]
    return algorithm, body


def check_host_key(known_hosts: str, host: str, port: int, key: HostKey) -> str:
    """``known``, ``changed`` (others are known for this host) or ``unknown``. Raises Untrusted (file)."""
    found = _known_hosts(known_hosts).match(host, "", None if port == 22 else port)
    trusted = {_public(entry)[1] for entry in found[0]}
    if key.line.split()[-1] in trusted:
        return "known"
    return "changed" if trusted else "unknown"
