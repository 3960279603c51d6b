"""The door for the lab's owner: one JSON line in, one JSON line out, on loopback, behind a key in a file.

Belongs here: requests to a running lab and their answers as plain data. Does not belong here: starting and
ending the process (`process`), how an answer is shown (the command line).
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from . import agent, books, portal
from .by_hand import set_by_hand
from .door import LOOPBACK
from .lab import Lab, private_file
from .ledger import Asked, Given, Login, Used
from .nouns import Node

Json = dict[str, Any]
STATE_FILE = "lab.json"
WITH_A_CODE = ("Smart Register Idtoken", "Smart Reregister", "Reservation Install", "ReturnAuthorization")


@dataclass(slots=True)
class Control:
    """Answers requests to one lab. ``asked`` is set by every request, ``ended`` by ``down``."""

    lab: Lab
    key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    async def open(self) -> int:
        self._server = await asyncio.start_server(self._guest, LOOPBACK, 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _guest(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), 10)
            writer.write(json.dumps(self.answer(line)).encode() + b"\n")
            await writer.drain()
        except (TimeoutError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, line: bytes) -> Json:
        """The answer to one request line; ``{"error": text}`` where it cannot be done."""
        self.asked.set()
        try:
            request = json.loads(line)
            if not secrets.compare_digest(str(request.pop("key", "")), self.key):
                return {"error": "this lab belongs to somebody else"}
            self.lab.tick()
            return _REQUESTS[request.pop("do")](self, **request)
        except (ValueError, KeyError, TypeError) as error:
            return {"error": str(error.args[0] if error.args else error)}

    # -- requests --

    def status(self) -> Json:
        world = self.lab.world
        for node in world.nodes.values():
            agent.settle_alarms(world, node)
        return {
            "now": world.now.isoformat(timespec="seconds"),
            "nodes": [self._node(name) for name in sorted(world.nodes)],
            "servers": [self._server_of(name) for name in sorted(world.managers)],
            "ledger": self._ledger(),
            "pools": [asdict(row) for row in books.pools(world)],
            "problems": list(books.problems(world)),
            "faults": [str(fault) for fault in self.lab.faults.active],
        }

    def _node(self, name: str) -> Json:
        node = self.lab.world.nodes[name]
        registration, installed = node.registration, node.holding.installed
        return {
            "name": name,
            "port": self.lab.ports[name],
            "version": node.version,
            "serial": node.serial,
            "registration": _registration(node),
            "reserved": {one.name: one.quantity for one in installed.lines} if installed else {},
            "virtual_account": registration.virtual_account.name if registration else None,
            "evaluation_days": int(node.evaluation_left(self.lab.world.now) // 86_400),
            "transport": node.transport,
            "proxy": node.proxy,
            "alarms": [alarm.id for alarm in node.alarms],
        }

    def _server_of(self, name: str) -> Json:
        manager = self.lab.world.managers[name]
        accounts = [
            {
                "account": account.name,
                "virtual_account": va.name,
                "instances": len(va.instances),
                "tokens": sum(1 for token in va.tokens if token.alive(self.lab.world.now)),
            }
            for account in manager.accounts
            for va in account.virtual_accounts
        ]
        return {"name": name, "kind": manager.kind, "port": self.lab.ports[name], "accounts": accounts}

    def _ledger(self) -> Json:
        ledger = self.lab.ledger
        return {
            "asked": len(ledger.asked),
            "codes_given": len(ledger.given),
            "logins": sum(1 for one in ledger.logins if one.accepted),
            "logins_refused": sum(1 for one in ledger.logins if not one.accepted),
            "codes_used": sum(1 for one in ledger.used if one.accepted),
            "codes_used_twice": sum(1 for one in books.code_uses(self.lab.world) if one.used > 1),
            "codes_refused": sum(1 for one in ledger.used if not one.accepted),
            "ran_twice": len(ledger.sent_twice(WITH_A_CODE)),
        }

    def ledger(self) -> Json:
        """Everything, in order; codes in clear."""
        ledger = self.lab.ledger
        return {
            "asked": [_plain(one) for one in ledger.asked],
            "given": [_plain(one) for one in ledger.given],
            "used": [_plain(one) for one in ledger.used],
            "codes": [asdict(one) for one in books.code_uses(self.lab.world)],
            "logins": [_plain(one) for one in ledger.logins],
            "ran_twice": [list(one) for one in ledger.sent_twice(WITH_A_CODE)],
        }

    def add_fault(
        self, where: str, kind: str, match: str | None = None, times: int | None = 1, seconds: float = 1.0
    ) -> Json:
        fault = self.lab.faults.add(where, kind, match=match, times=times, seconds=seconds)
        return {"done": str(fault)}

    def list_faults(self) -> Json:
        return {"faults": [str(fault) for fault in self.lab.faults.active]}

    def clear_faults(self, where: str | None = None) -> Json:
        return {"cleared": self.lab.faults.clear(where)}

    def set(self, name: str, what: str, value: str) -> Json:
        return {"done": set_by_hand(self.lab.world, name, what, value)}

    def portal(self, act: str, **fields: Any) -> Json:
        """What a person does at the portal; ``code`` is the authorization code that it ends with, or None."""
        if act not in _PORTAL:
            raise ValueError(f"nothing at the portal is called {act!r}; there are: {', '.join(_PORTAL)}")
        return {"code": _PORTAL[act](self.lab.world, **fields)}

    def advance(self, seconds: float) -> Json:
        self.lab.advance(seconds)
        return {"now": self.lab.world.now.isoformat(timespec="seconds")}

    def down(self) -> Json:
        self.ended.set()
        return {"done": "the lab ends"}


_PORTAL: dict[str, Callable[..., str | None]] = {
    "reserve": portal.reserve,
    "update": portal.update,
    "confirm": portal.confirm,
    "remove": portal.remove,
    "rehost": portal.rehost,
    "download": portal.download,
    "case": portal.by_case,
}
_REQUESTS: dict[str, Callable[..., Json]] = {
    "status": Control.status,
    "ledger": Control.ledger,
    "fault-add": Control.add_fault,
    "fault-list": Control.list_faults,
    "fault-clear": Control.clear_faults,
    "set": Control.set,
    "portal": Control.portal,
    "advance": Control.advance,
    "down": Control.down,
}


def _registration(node: Node) -> str:
    if not node.powered:
        return "powered off"
    if node.holding.request is not None:
        return "reservation in progress"
    return node.registration_word if node.smart else "smart licensing off"


def _plain(record: Asked | Given | Login | Used) -> Json:
    return {**asdict(record), "at": record.at.isoformat()}


class NotRunning(Exception):
    """No lab answers from this state folder; the text says what to do."""


def write_state(folder: Path, state: Json) -> None:
    private_file(folder / STATE_FILE, json.dumps(state, indent=2) + "\n")


def read_state(folder: Path) -> Json | None:
    """What a lab wrote about itself; None where there is nothing that can be read."""
    try:
        data = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and {"port", "key"} <= set(data) else None


def ask(folder: Path, do: str, **fields: Any) -> Json:
    """Ask the lab of this state folder. Raises NotRunning, or ValueError with the lab's complaint."""
    state = read_state(folder)
    if state is None:
        raise NotRunning(f"no lab runs from {folder}")
    request = json.dumps({"do": do, "key": state["key"], **fields}).encode() + b"\n"
    try:
        with socket.create_connection((LOOPBACK, state["port"]), timeout=10) as sock:
            sock.sendall(request)
            answer: Json = json.loads(sock.makefile("rb").readline())
    except (OSError, ValueError):
        raise NotRunning(f"the lab of {folder} no longer answers") from None
    if "error" in answer:
        raise ValueError(answer["error"])
    return answer
