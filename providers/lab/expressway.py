"""The SSH face of a node: login, a terminal with echo, and the shell behind it; and its faults.

A terminal here does what a kernel's does: it echoes what is typed, cuts a line at 4,095 bytes (dialect
``tty_line``: without a word or with a bell; or the shell edits lines itself), and turns a line end into CR
LF. A channel without a terminal cuts nothing. Belongs here: bytes, channels, faults of a node. Does not
belong here: what a command does (`shell`). Sources: admin guide X15.0 (interfaces), netmiko's ``cisco_tp``.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import asyncssh

from . import shell
from .door import Door, reset
from .faults import ON_NODE, Fault, Faults
from .ledger import Asked, Login
from .nouns import Node
from .texts import status
from .world import World

TTY_LINE = 4095
BELL = b"\a"
ON_CONNECT = ("refuse", "wrong-host-key")
ON_ECHO = ("no-echo", "bad-echo")
ON_COMMAND = tuple(kind for kind in ON_NODE if kind not in (*ON_CONNECT, *ON_ECHO))
CUT_OFF = ("drop-before", "drop-after", "mid-reply", "silent", "half-open")
GARBAGE = b"\xff\xfe\x00\x9b\xc3\x28\x07"


@dataclass(slots=True)
class NodeServer:
    """One node on one port. ``tick`` brings the world up to the lab's time."""

    world: World
    node: Node
    faults: Faults
    tick: Callable[[], None]
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    false_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    connections: set[asyncssh.SSHServerConnection] = field(default_factory=set)
    options: asyncssh.SSHServerConnectionOptions | None = None
    door: Door | None = None

    def open(self, port: int) -> int:
        self.door = Door(port, self._welcome)
        return self.door.port

    async def close(self) -> None:
        if self.door is not None:
            await self.door.close()
        for connection in list(self.connections):
            connection.abort()
        await asyncio.gather(*(one.wait_closed() for one in self.connections), return_exceptions=True)

    async def _welcome(self, sock: socket.socket) -> None:
        self.tick()
        if not self.node.powered or self.faults.take(self.node.name, ("refuse",)) or self._banned():
            reset(sock)
            return
        false = self.faults.take(self.node.name, ("wrong-host-key",))
        if self.options is None or false:
            options = self._options(self.false_key if false else self.host_key)
            self.options = self.options if false else options
        else:
            options = self.options
        with contextlib.suppress(asyncssh.Error):
            await asyncssh.run_server(sock, options=options)

    def _options(self, key: asyncssh.SSHKey) -> asyncssh.SSHServerConnectionOptions:
        """Raw bytes and no line editor of asyncssh: the terminal is ours."""
        return asyncssh.SSHServerConnectionOptions(
            server_factory=lambda: _Login(self),
            server_host_keys=[key],
            encoding=None,
            line_editor=False,
            allow_scp=False,
        )

    def _banned(self) -> bool:
        """The automated protection service: too many refused logins in a row."""
        limit = self.world.settings.ban_after
        if limit == 0:
            return False
        tries = [one.accepted for one in self.world.ledger.logins if one.where == self.node.name]
        return len(tries) >= limit and not any(tries[-limit:])


class _Login(asyncssh.SSHServer):
    """Who may come in: the node's user, by password or by one of its public keys."""

    def __init__(self, server: NodeServer) -> None:
        self._server = server
        self._node = server.node
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections.add(conn)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._connection is not None:
            self._server.connections.discard(self._connection)

    def begin_auth(self, _username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return self._counted(username, username == self._node.username and password == self._node.password)

    def public_key_auth_supported(self) -> bool:
        return bool(self._node.public_keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = [asyncssh.import_public_key(text).public_data for text in self._node.public_keys]
        return self._counted(username, username == self._node.username and key.public_data in known)

    def _counted(self, user: str, accepted: bool) -> bool:
        world = self._server.world
        world.ledger.logins.append(Login(world.now, self._node.name, user, accepted))
        return accepted

    def session_requested(self) -> asyncssh.SSHServerSession[bytes]:
        return _Terminal(self._server)


class _Terminal(asyncssh.SSHServerSession[bytes]):
    """One channel: echoes what is typed, collects lines, hands them to the shell one after another."""

    def __init__(self, server: NodeServer) -> None:
        self._server = server
        self._node = server.node
        self._channel: Any = None
        self._pty = False
        self._width = 0
        self._column = 0
        self._line = bytearray()
        self._after_return = False
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None

    def connection_made(self, chan: Any) -> None:
        self._channel = chan

    def pty_requested(self, _type: str, size: Any, _modes: Any) -> bool:
        self._pty, self._width = True, int(size[0])
        return True

    def shell_requested(self) -> bool:
        return self._pty or self._node.dialect.without_pty == "works"

    def exec_requested(self, command: str) -> bool:
        if self._node.dialect.exec_channel != "works":
            return False
        self._lines.put_nowait(command.encode())
        self._lines.put_nowait(None)
        return True

    def session_started(self) -> None:
        if self._lines.empty():
            self._print(status.banner(self._node))
        self._worker = asyncio.ensure_future(self._work())

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._worker is not None:
            self._worker.cancel()

    def eof_received(self) -> bool:
        self._lines.put_nowait(None)
        return True

    # -- the terminal: what a kernel does --

    def data_received(self, data: bytes, _datatype: Any) -> None:
        fault = self._echo_fault(data)
        echo = bytearray()
        for byte in data:
            line_feed_of_pair = byte == 10 and self._after_return
            self._after_return = byte == 13
            if not line_feed_of_pair:
                echo += self._typed(byte)
        if self._pty and not (fault and fault.kind == "no-echo"):
            self._write(_damaged(echo) if fault else bytes(echo))

    def _typed(self, byte: int) -> bytes:
        """Take one byte in; what is echoed for it."""
        if byte in (10, 13):
            self._lines.put_nowait(bytes(self._line))
            self._line.clear()
            self._column = 0
            return b"\r\n"
        if byte in (8, 127):
            return b"\b \b" if self._line and self._line.pop() else b""
        if self._pty and self._node.dialect.tty_line != "whole" and len(self._line) >= TTY_LINE:
            return BELL if self._node.dialect.tty_line == "beeps" else b""
        self._line.append(byte)
        return self._folded(bytes((byte,)))

    def _folded(self, echo: bytes) -> bytes:
        """Some shells fold a long line at the width of the terminal, where it is echoed."""
        self._column += 1
        if self._node.dialect.long_lines == "folded" and self._width and self._column % self._width == 0:
            return echo + b" \r"
        return echo

    def _echo_fault(self, data: bytes) -> Fault | None:
        typed = (bytes(self._line) + data).decode("utf-8", "replace")
        return self._server.faults.take(self._node.name, ON_ECHO, typed)

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._channel.write(data)

    def _print(self, lines: list[str]) -> None:
        self._write("".join(f"{line}\r\n" for line in lines).encode())

    # -- the shell behind it --

    async def _work(self) -> None:
        while (line := await self._lines.get()) is not None:
            text = line.decode("utf-8", "replace").strip()
            if text.casefold() in shell.LEAVE:
                break
            if text:
                await self._run(text)
        self._channel.exit(0)

    async def _run(self, text: str) -> None:
        server, node = self._server, self._node
        if node.latency:
            await asyncio.sleep(node.latency)
        if not node.powered:
            self._channel.get_connection().abort()
            return
        server.tick()
        fault = server.faults.take(node.name, ON_COMMAND, text)
        said = _instead(fault) or shell.answer(server.world, node, text)
        complete = fault is None or fault.kind not in CUT_OFF
        server.world.ledger.asked.append(
            Asked(server.world.now, node.name, text, said.ran, complete, said.end)
        )
        await self._reply(fault, "".join(f"{one}\r\n" for one in shell.rendered(node, said)).encode())

    async def _reply(self, fault: Fault | None, data: bytes) -> None:
        kind = fault.kind if fault else ""
        half = len(data) // 2
        if fault and kind == "slow":
            await asyncio.sleep(fault.seconds)
        if kind == "garbage":
            data = data[:half] + GARBAGE + data[half:]
        if kind == "mid-reply":
            self._write(data[:half])
        if kind == "half-open":
            _stop_listening(self._channel.get_connection())
        if kind in ("drop-before", "drop-after", "mid-reply"):
            self._channel.get_connection().abort()
        elif kind not in ("silent", "half-open"):
            self._write(data)


def _instead(fault: Fault | None) -> shell.Said | None:
    """What is said where a fault keeps the command from running."""
    ends = {"error": shell.ERROR, "not-recognized": shell.NOT_RECOGNIZED, "drop-before": ""}
    return shell.Said(end=ends[fault.kind], ran=False) if fault and fault.kind in ends else None


def _damaged(echo: bytearray) -> bytes:
    """The echo with one character wrong, as a noisy line would have it."""
    middle = len(echo) // 2
    wrong = b"x" if echo[middle : middle + 1] != b"x" else b"y"
    return bytes(echo[:middle]) + wrong + bytes(echo[middle + 1 :])


def _stop_listening(connection: Any) -> None:
    """Read nothing more: keep-alives stay unanswered. asyncssh has no public way to ask for this."""
    transport = connection._transport
    if isinstance(transport, asyncio.Transport):
        transport.pause_reading()
