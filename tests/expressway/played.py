"""A node that plays transcripts over real SSH on loopback, with knobs for everything that goes wrong.

Knows nothing of the code under test: it takes bytes, echoes them like a terminal, and answers whole lines
with the text that its script holds for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncssh

from reconciler.model import Address, NodeDesired, SecretRef, SshAccess

PASSWORD = "c0rrect horse"
NOT_RECOGNISED = "Command not recognized.\r\n"
TRANSCRIPTS = Path(__file__).parent.parent / "transcripts"


def transcript(name: str) -> str:
    """The text of ``tests/transcripts/<name>.txt`` with the line ends of a terminal."""
    return (TRANSCRIPTS / f"{name}.txt").read_text(encoding="utf-8").replace("\n", "\r\n")


@dataclass
class Script:
    """What the node answers and how it misbehaves. Commands are matched in lower case."""

    replies: dict[str, str] = field(default_factory=dict)
    banner: str = "\r\nTANDBERG Video Communication Server X14.3.1\r\nSW Release Date: 2023\r\n\r\nOK\r\n\r\n"
    echo: bool = True
    echo_at_most: int = 100_000
    cut_at: int = 0
    cut_below: int = 1_000_000
    fold_at: int = 0
    wants_terminal: bool = False
    without_terminal: bool = True
    blank_lines_answer: str = ""
    drop_before: str = ""
    drop_after: str = ""
    drop_mid: str = ""
    silent: str = ""
    one_byte_at_a_time: bool = False
    delay: float = 0.0
    auth: str = "password"
    client_key: str = ""
    answer: Callable[[str], str | None] | None = None

    def reply(self, line: str) -> str:
        if self.answer is not None and (text := self.answer(line)) is not None:
            return text
        for command, text in self.replies.items():
            if line.casefold().startswith(command.casefold()):
                return text
        return NOT_RECOGNISED


@dataclass
class Seen:
    """What really happened, by the server's own account."""

    lines: list[str] = field(default_factory=list)
    half_lines: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    connections: int = 0
    shells: int = 0
    sizes: list[tuple[int, int, int, int]] = field(default_factory=list)


class Server(asyncssh.SSHServer):
    def __init__(self, node: PlayedNode) -> None:
        self._node = node

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._node.seen.connections += 1
        self._node.open.append(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        pass

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return "password" in self._node.script.auth

    def kbdint_auth_supported(self) -> bool:
        return "kbdint" in self._node.script.auth

    def public_key_auth_supported(self) -> bool:
        return "key" in self._node.script.auth

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key.export_public_key().decode().split()[1] == self._node.script.client_key

    def validate_password(self, username: str, password: str) -> bool:
        self._node.seen.passwords.append(password)
        return username == "admin" and password == PASSWORD

    def get_kbdint_challenge(self, username: str, lang: str, submethods: str) -> Any:
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Any) -> bool:
        return self.validate_password(username, responses[0])

    def session_requested(self) -> Any:
        self._node.seen.shells += 1
        return _Session(self._node)

    def connection_requested(self, *args: Any) -> bool:
        return True


class _Session(asyncssh.SSHServerSession[bytes]):
    def __init__(self, node: PlayedNode) -> None:
        self._node = node
        self._script = node.script
        self._line = bytearray()
        self._out = bytearray()
        self._terminal = False
        self._cut_at = 0
        self._after_cr = False
        self._tail: asyncio.Task[None] | None = None
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def connection_made(self, chan: Any) -> None:
        self._chan = chan

    def pty_requested(self, term_type: str, term_size: Any, term_modes: Mapping[int, int]) -> bool:
        self._terminal = True
        self._cut_at = self._script.cut_at if term_size[0] < self._script.cut_below else 0
        self._node.seen.sizes.append(term_size)
        return True

    def shell_requested(self) -> bool:
        return (self._terminal or self._script.without_terminal) and not (
            self._script.wants_terminal and not self._terminal
        )

    def session_started(self) -> None:
        self._tail = asyncio.ensure_future(self._pump())
        self._say(self._script.banner.encode())
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._line:
            self._node.seen.half_lines.append(self._line.decode())
        if self._tail:
            self._tail.cancel()

    def _say(self, data: bytes) -> None:
        self._out += data

    def _flush(self) -> None:
        if self._out:
            self._queue.put_nowait(bytes(self._out))
            self._out.clear()

    def _hang_up(self) -> None:
        self._flush()
        self._queue.put_nowait(None)

    async def _pump(self) -> None:
        while (data := await self._queue.get()) is not None:
            await asyncio.sleep(self._script.delay)
            size = 1 if self._script.one_byte_at_a_time else len(data) or 1
            for start in range(0, len(data), size):
                if self._chan.is_closing():
                    return
                self._chan.write(data[start : start + size])
                if size == 1:
                    await asyncio.sleep(0)
        self._node.drop()

    def data_received(self, data: bytes, datatype: Any) -> None:
        for byte in data:
            self._byte(bytes([byte]))
        self._flush()

    def _byte(self, byte: bytes) -> None:
        echo = self._script.echo and self._terminal
        if byte == b"\n" and self._after_cr:
            self._after_cr = False
            if self._script.blank_lines_answer:
                self._say(self._script.blank_lines_answer.encode())
            return
        self._after_cr = byte == b"\r"
        if byte == b"\x15":
            self._line.clear()
        elif byte in b"\r\n":
            if echo:
                self._say(b"\r\n")
            line = self._line.decode()
            self._line.clear()
            self._enter(line)
        elif self._cut_at and len(self._line) >= self._cut_at:
            self._say(b"\x07")
        else:
            self._line += byte
            if echo and len(self._line) <= self._script.echo_at_most:
                self._say(byte)
                if self._script.fold_at and len(self._line) % self._script.fold_at == 0:
                    self._say(b"\r\n")

    def _enter(self, line: str) -> None:
        script = self._script
        if not line:
            return
        if script.drop_before and line.startswith(script.drop_before):
            self._hang_up()
            return
        self._node.seen.lines.append(line)
        if script.silent and line.startswith(script.silent):
            return
        if script.drop_after and line.startswith(script.drop_after):
            self._hang_up()
            return
        reply = script.reply(line).encode()
        if script.drop_mid and line.startswith(script.drop_mid):
            self._say(reply[: len(reply) // 2])
            self._hang_up()
            return
        self._say(reply)

    def eof_received(self) -> bool:
        return False


@dataclass
class PlayedNode:
    """A listening node; `known_hosts` is the line that trusts it."""

    script: Script
    seen: Seen = field(default_factory=Seen)
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    open: list[Any] = field(default_factory=list)
    port: int = 0
    _listener: Any = None

    async def __aenter__(self) -> PlayedNode:
        self._listener = await asyncssh.create_server(
            lambda: Server(self),
            "127.0.0.1",
            0,
            server_host_keys=[self.key],
            encoding=None,
            line_editor=False,
        )
        self.port = self._listener.get_port()
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._listener is None:
            return
        self.drop()
        self._listener.close()
        await self._listener.wait_closed()
        self._listener = None

    def drop(self) -> None:
        for conn in self.open:
            conn.abort()
        self.open.clear()

    @property
    def known_hosts(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.key.export_public_key('openssh').decode().strip()}\n"


class Secrets:
    """A secret source that holds its values."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.asked: list[str] = []

    def resolve(self, ref: SecretRef) -> str:
        self.asked.append(str(ref))
        return self.values[str(ref.value)]


class QuickClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        self.passed += seconds
        await asyncio.sleep(0)


@dataclass
class TapLog:
    """Records the order of what was said and received."""

    events: list[str] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)
    node: PlayedNode | None = None
    lines_at_sending: list[str] | None = None

    def sending(self) -> None:
        self.events.append("sending")
        if self.node is not None:
            self.lines_at_sending = list(self.node.seen.lines)

    def received(self, data: bytes) -> None:
        self.events.append("received")
        self.data += data


def desired(node: PlayedNode, known_hosts: Path, name: str = "e1", **ssh: Any) -> NodeDesired:
    """The node as a workspace would name it."""
    access = {
        "username": "admin",
        "port": node.port,
        "known_hosts": str(known_hosts),
        "password": SecretRef("env", "PASSWORD"),
    } | ssh
    return NodeDesired(Address.of_node("ams-edge", name), name, "127.0.0.1", SshAccess(**access))
