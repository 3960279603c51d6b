"""Connections to nodes over SSH: one per node and run, strictly checked, raw bytes. asyncssh's only home.

Belongs here: logging in, channels, the echo before Enter, waiting, and the one table that turns asyncssh's
exceptions into our five. Does not belong here: what a command or a reply means; this room carries lines
and uses `wire` only to see where a reply ends.

Nothing is read from ``~/.ssh``: no configuration, no agent, no default keys (asyncssh takes the default
keys for an empty list, so a password login passes None), no default known_hosts.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncssh

from reconciler.errors import OutcomeUnknown, ProviderError, Unreachable, Unreadable, Untrusted
from reconciler.ports import Tap

from . import wire
from .wire import Ending, RawReply, ReplyReader

KEEPALIVE_SECONDS = 15
COLUMNS = 10_000
"""Wide enough that no terminal folds a code."""

QUIET_SECONDS = 0.3
"""After a last line that could be one: how long nothing more may come before it is taken as the end."""

CIPHERS = "^aes128-gcm@openssh.com"
KILL_LINE = b"\x15"


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


async def _connect(login: Login, timeout: float, tunnel: asyncssh.SSHClientConnection | None) -> Any:
    options = _options(login, timeout)
    if tunnel is not None:
        options["tunnel"] = tunnel
    with _translated(login):
        return await asyncssh.connect(login.host, login.port, **options)


# --- one channel ---------------------------------------------------------------------------------------


class _Shell(asyncssh.SSHClientSession[bytes]):
    """The receiving end of one channel: hands every byte on inside the callback that got it."""

    def __init__(self) -> None:
        self.sink: Callable[[bytes], None] | None = None
        self.closed = False
        self.failure: BaseException | None = None
        self._changed = asyncio.Event()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        del datatype
        try:
            if self.sink is not None:
                self.sink(data)
        except Exception as error:
            self.failure = error
        self._changed.set()

    def eof_received(self) -> bool:
        self.closed = True
        self._changed.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.closed = True
        self._changed.set()

    async def until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``reached``; False when the time is over or the channel has closed first."""
        try:
            async with asyncio.timeout(seconds):
                while not reached():
                    if self.closed or self.failure:
                        return False
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return reached()
        return True

    async def quiet(self, seconds: float) -> None:
        """Wait until nothing has come for this long, or the channel has closed."""
        while not self.closed:
            self._changed.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                return


class _Channel:
    """One open shell, with or without a terminal."""

    def __init__(self, chan: Any, shell: _Shell, *, terminal: bool) -> None:
        self._chan = chan
        self.shell = shell
        self.enter = wire.ENTER if terminal else wire.ENTER_WITHOUT_TERMINAL

    def write(self, data: bytes) -> None:
        self._chan.write(data)

    def close(self) -> None:
        self._chan.close()


# --- one node ------------------------------------------------------------------------------------------


class _Node:
    """The connection to one node and what may be done over it. Changes go one at a time."""

    def __init__(self, login: Login, transport: Transport) -> None:
        self.login = login
        self._transport = transport
        self._conn: Any = None
        self._opening = asyncio.Lock()
        self._changing = asyncio.Lock()
        self._distrust: Untrusted | None = None

    async def connection(self) -> Any:
        """The connection, opened at the first call. What was refused once is not tried again in this run."""
        async with self._opening:
            if self._distrust is not None:
                raise self._distrust
            if self._conn is None or self._conn.is_closed():
                try:
                    self._conn = await self._transport.open(self.login)
                except Untrusted as error:
                    self._distrust = error
                    raise
            return self._conn

    async def channel(self, *, terminal: bool = True) -> _Channel:
        conn = await self.connection()
        with _translated(self.login):
            async with asyncio.timeout(self._transport.connect_timeout):
                chan, shell = await conn.create_session(
                    _Shell,
                    encoding=None,
                    request_pty="force" if terminal else False,
                    term_type="dumb" if terminal else None,
                    term_size=(COLUMNS, 24),
                )
        return _Channel(chan, shell, terminal=terminal)

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()

    async def wait_closed(self) -> None:
        if self._conn is not None:
            await self._conn.wait_closed()

    # reads

    async def read(self, commands: Sequence[str]) -> dict[str, RawReply]:
        """The reply to each command, all sent together; one by one where the replies do not line up."""
        replies = await self._read_together(commands)
        if replies is None:
            replies = await self._read_singly(commands)
        return {reply.command: reply for reply in replies}

    async def _read_together(self, commands: Sequence[str]) -> list[RawReply] | None:
        channel = await self.channel()
        sync = commands[0] == wire.SYSTEM_UNIT
        lines = list(commands) if sync else [wire.SYSTEM_UNIT, *commands]
        reader = ReplyReader(lines, sync=True)
        channel.shell.sink = reader.feed
        try:
            channel.write(b"".join(line.encode() + channel.enter for line in lines))
            patience = self._transport.command_timeout
            lined_up = await channel.shell.until(lambda: reader.done, patience)
        finally:
            channel.close()
        if reader.overflow:
            raise Unreadable(f"{self.login.name}: a reply without end, more than {wire.MAX_REPLY} bytes")
        if not lined_up or not all(map(wire.answers, reader.replies)):
            return None
        return reader.replies if sync else reader.replies[1:]

    async def _read_singly(self, commands: Sequence[str]) -> list[RawReply]:
        """The slow way: one command at a time, each reply taken when nothing more comes."""
        channel = await self.channel()
        try:
            await channel.shell.quiet(QUIET_SECONDS)
            replies: list[RawReply] = []
            for command in commands:
                replies.append(await self._ask(channel, command))
                if replies[-1].ending is Ending.UNSAID:
                    break
            return replies
        finally:
            channel.close()

    async def _ask(self, channel: _Channel, command: str) -> RawReply:
        shell = channel.shell
        reader = ReplyReader([command] * 9)
        shell.sink = reader.feed
        if not shell.closed:
            channel.write(command.encode() + channel.enter)
        patience = self._transport.command_timeout
        await shell.until(lambda: bool(reader.replies) or reader.quiet_end or reader.overflow, patience)
        await shell.quiet(QUIET_SECONDS)
        if reader.quiet_end:
            reader.finish_quietly()
        full = [reply for reply in reader.replies if reply.lines]
        best = (full or reader.replies or [reader.rest()])[0]
        if best.ending is Ending.UNSAID and shell.closed and not best.lines:
            raise Unreachable(f"{self.login.name}: the connection was lost while reading")
        return best

    # changes

    async def change(self, commands: Sequence[str], tap: Tap) -> RawReply:
        """Send the first of these spellings that the release knows; see `Transport.change`."""
        async with self._changing:
            once = _Once(tap)
            for command in commands:
                reply = await self._change_one(command, once)
                if reply.ending is not Ending.NOT_RECOGNISED:
                    break
            return reply

    async def _change_one(self, command: str, tap: _Once) -> RawReply:
        typed = await self._typed_on_terminal(command)
        if typed is None:
            typed = await self._ready_without_terminal()
            line = command.encode() + typed.enter
        else:
            line = typed.enter
        try:
            return await self._press_enter(typed, command, line, tap)
        finally:
            typed.close()

    async def _awake(self, channel: _Channel) -> bytes | None:
        """Ask for the system unit until its block has come; returns what was received, None if it did not.

        Shows that the shell reads, and that everything before (banner, greeting) has been said.
        """
        reader = ReplyReader([wire.SYSTEM_UNIT], sync=True)
        seen = bytearray()

        def sink(data: bytes) -> None:
            seen.extend(data)
            reader.feed(data)

        channel.shell.sink = sink
        channel.write(wire.SYSTEM_UNIT.encode() + channel.enter)
        awake = await channel.shell.until(lambda: reader.done, self._transport.connect_timeout)
        return bytes(seen) if awake else None

    async def _typed_on_terminal(self, command: str) -> _Channel | None:
        """A channel on which the command stands, echoed as typed, without Enter; None without an echo."""
        channel = await self.channel()
        try:
            seen = await self._awake(channel)
            if seen is not None and wire.echo_begun(seen, wire.SYSTEM_UNIT):
                echo = bytearray()
                channel.shell.sink = echo.extend
                channel.write(command.encode())
                await channel.shell.until(
                    lambda: wire.echoed(bytes(echo), command), self._transport.echo_timeout
                )
                if wire.echoed(bytes(echo), command) and not channel.shell.closed:
                    return channel
                channel.write(KILL_LINE)
        except BaseException:
            channel.close()
            raise
        channel.close()
        return None

    async def _ready_without_terminal(self) -> _Channel:
        """A channel without a terminal, where no echo is due and nothing cuts or folds a line."""
        channel = await self.channel(terminal=False)
        try:
            if await self._awake(channel) is not None:
                return channel
        except BaseException:
            channel.close()
            raise
        channel.close()
        raise Unreachable(
            f"{self.login.name}: the shell does not show what is typed, and does not answer without a "
            "terminal either; nothing was carried out",
        )

    async def _press_enter(self, channel: _Channel, command: str, line: bytes, tap: _Once) -> RawReply:
        reader = ReplyReader([command])
        shell = channel.shell

        def sink(data: bytes) -> None:
            tap.received(data)
            reader.feed(data)

        if shell.closed:
            raise Unreachable(f"{self.login.name}: the connection was lost before anything was carried out")
        shell.sink = sink
        tap.sending()
        channel.write(line)
        await shell.until(
            lambda: reader.done or reader.quiet_end or shell.failure is not None,
            self._transport.command_timeout,
        )
        if shell.failure is not None:
            raise OutcomeUnknown(
                f"{self.login.name}: the reply could not be recorded: {shell.failure}"
            ) from shell.failure
        return await self._reply(shell, reader)

    async def _reply(self, shell: _Shell, reader: ReplyReader) -> RawReply:
        if not reader.done and reader.quiet_end:
            await shell.quiet(QUIET_SECONDS)
            if not reader.done and reader.quiet_end:
                reader.finish_quietly()
        if reader.replies:
            return reader.replies[0]
        how = "the connection was lost" if shell.closed else "no end of the reply came in time"
        raise OutcomeUnknown(
            f"{self.login.name}: the command was sent and {how}; done or not done, only looking can tell"
        )


class _Once:
    """The tap of one effect: ``sending`` is said once, however many spellings are tried."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._said = False

    def sending(self) -> None:
        if not self._said:
            self._tap.sending()
            self._said = True

    def received(self, data: bytes) -> None:
        self._tap.received(data)


# --- the room's door -----------------------------------------------------------------------------------


class Transport:
    """Connections to any number of nodes, one each, opened when first needed and kept until `close`.

    ``read_only`` refuses everything that is not in `wire.READS`, before it is sent. Times in seconds:
    ``connect_timeout`` for a connection and again for its login, ``command_timeout`` for a whole reply,
    ``echo_timeout`` for seeing what was typed.
    """

    def __init__(
        self,
        *,
        read_only: bool,
        connect_timeout: float = 15.0,
        command_timeout: float = 60.0,
        echo_timeout: float = 5.0,
    ) -> None:
        self.read_only = read_only
        self.connect_timeout = connect_timeout
        self.command_timeout = command_timeout
        self.echo_timeout = echo_timeout
        self._nodes: dict[Login, _Node] = {}
        self._jumps: dict[Login, _Node] = {}
        logging.getLogger("asyncssh").setLevel(logging.WARNING)

    async def read(self, login: Login, commands: Sequence[str]) -> dict[str, RawReply]:
        """Replies by command. Raises Unreachable, Untrusted, Unreadable; a reply may be UNSAID."""
        for command in commands:
            if command not in wire.READS:
                raise Unreachable(f"not a command for reading, so it was not sent: {command[:40]}")
        return await self._node(login).read(commands)

    async def change(self, login: Login, commands: Sequence[str], tap: Tap) -> RawReply:
        """Carry out one command, in the first spelling that the release knows.

        Typed without Enter, echo compared, then ``tap.sending()``, then Enter. Raises Unreachable or
        Untrusted when Enter was not pressed, OutcomeUnknown when it was and no complete reply came.
        """
        if self.read_only:
            raise Unreachable("this connection only reads, so nothing was sent")
        return await self._node(login).change(commands, tap)

    async def open(self, login: Login) -> Any:
        """A new connection, through the jump host where there is one."""
        tunnel = None
        if login.jump is not None:
            try:
                tunnel = await self._jumps.setdefault(login.jump, _Node(login.jump, self)).connection()
            except ProviderError as error:
                raise type(error)(
                    f"{login.name}: by way of {error.message}", said=error.said, remedy=error.remedy
                ) from None
        return await _connect(login, self.connect_timeout, tunnel)

    def _node(self, login: Login) -> _Node:
        return self._nodes.setdefault(login, _Node(login, self))

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


async def fetch_host_key(host: str, port: int = 22, timeout: float = 15.0) -> HostKey:
    """Ask a host for its key without logging in. Raises Unreachable."""
    login = Login(host, port, "", "")
    with _translated(login):
        async with asyncio.timeout(timeout):
            key = await asyncssh.get_server_host_key(host, port, config=None)
    if key is None:
        raise Unreachable(f"{login.name}: offered no host key")
    name = host if port == 22 else f"[{host}]:{port}"
    public = key.export_public_key("openssh").decode().split()
    return HostKey(f"{name} {public[0]} {public[1]}", key.get_fingerprint(), public[0])


def check_host_key(known_hosts: str, host: str, port: int, key: HostKey) -> str:
    """``known``, ``changed`` (others are known for this host) or ``unknown``. Raises Untrusted (file)."""
    found = _known_hosts(known_hosts).match(host, "", None if port == 22 else port)
    trusted = {entry.export_public_key("openssh").decode().split()[1] for entry in found[0]}
    if key.line.split()[-1] in trusted:
        return "known"
    return "changed" if trusted else "unknown"
