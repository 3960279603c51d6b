"""The lab itself: a world behind real SSH and HTTPS servers on loopback.

Belongs here: starting, stopping, ports, certificates, the files a client trusts. Does not belong here: the
process around it (`process`) and anything that a server says.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme

from .clock import LabClock
from .cssm import ManagerServer
from .door import LOOPBACK
from .expressway import NodeServer
from .faults import Faults
from .ledger import Ledger
from .nouns import CLOUD
from .surfaces import LEGACY, SOFTWARE_APIS
from .world import World


class Lab:
    """``async with Lab(world) as lab``: everything runs on free ports until the block ends.

    ``fixed_ports`` takes the ports of the world file instead, moved by ``shift``. The clock follows the wall
    unless a frozen one is given; ``advance`` pushes it, and the world with it.
    """

    def __init__(
        self, world: World, *, clock: LabClock | None = None, fixed_ports: bool = False, shift: int = 0
    ) -> None:
        self.world = world
        self.clock = clock or LabClock(world.now, scale=world.settings.time_scale)
        self.faults = Faults(frozenset(world.nodes), frozenset(world.managers))
        self._place: Callable[[int], int] = (
            (lambda port: port + shift if port else 0) if fixed_ports else (lambda _: 0)
        )
        self._authority = trustme.CA()
        context, false_context = self._context(self._authority), self._context(trustme.CA())
        self.nodes = {
            name: NodeServer(world, node, self.faults, self.tick) for name, node in world.nodes.items()
        }
        self.managers = {
            name: ManagerServer(world, manager, self.faults, self.tick, context, false_context)
            for name, manager in world.managers.items()
        }
        self.ports: dict[str, int] = {}

    def _context(self, authority: trustme.CA) -> ssl.SSLContext:
        names = [name for manager in self.world.managers.values() for name in manager.host_names]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(LOOPBACK, "localhost", *names).configure_cert(context)
        return context

    @property
    def ledger(self) -> Ledger:
        return self.world.ledger

    def tick(self) -> None:
        """Bring the world up to the lab's time."""
        self.world.catch_up(self.clock.now())

    def advance(self, seconds: float) -> None:
        """Push the lab's time forward, and let everything happen that falls due on the way."""
        self.clock.advance(seconds)
        self.tick()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Open every door, or none. Raises `door.PortTaken`."""
        try:
            for name, manager in self.managers.items():
                self.ports[name] = await manager.open(self._place(manager.manager.port))
            for name, node in self.nodes.items():
                self.ports[name] = node.open(self._place(node.node.port))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        for node in self.nodes.values():
            await node.close()
        for manager in self.managers.values():
            await manager.close()

    def port(self, name: str) -> int:
        """The port of a node or a manager, by its name."""
        return self.ports[name]

    @property
    def cloud_origin(self) -> str:
        """``https://127.0.0.1:PORT`` of the cloud."""
        return next(self._origin(name) for name, one in self.world.managers.items() if one.kind == CLOUD)

    @property
    def cssm_url(self) -> str:
        """The base URL of the legacy surface."""
        return self.cloud_origin + LEGACY

    @property
    def software_apis_url(self) -> str:
        return self.cloud_origin + SOFTWARE_APIS

    def onprem_url(self, name: str) -> str:
        """The origin of an On-Prem; its API is under ``/backend``."""
        return self._origin(name)

    def _origin(self, name: str) -> str:
        return f"https://{LOOPBACK}:{self.ports[name]}"

    def known_hosts(self) -> str:
        """The lines that make every node of this lab a known host."""
        lines = []
        for name, server in sorted(self.nodes.items()):
            key = server.host_key.export_public_key().decode().strip()
            lines.append(f"[{LOOPBACK}]:{self.ports[name]} {key}")
        return "\n".join(lines) + "\n"

    def ca_pem(self) -> bytes:
        """The certificate of the authority that every server of this lab answers with."""
        return self._authority.cert_pem.bytes()

    def write_trust(self, folder: Path) -> None:
        """What a client needs, in owner-only files: known_hosts, ca.pem, admin-password (of the first node),
        client-id and client-secret of the cloud (the first client that may write; ``read-client-id`` for one
        that may not), and the same of each On-Prem, with its name before them (``plant-client-id``).
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        private_file(folder / "known_hosts", self.known_hosts())
        private_file(folder / "ca.pem", self.ca_pem().decode())
        for node in list(self.world.nodes.values())[:1]:
            private_file(folder / "admin-password", node.password + "\n")
        for name, manager in self.world.managers.items():
            prefix = "" if manager.kind == CLOUD else f"{name}-"
            for client in reversed(manager.clients):
                which = prefix if client.writes else f"{prefix}read-"
                private_file(folder / f"{which}client-id", client.client_id + "\n")
                private_file(folder / f"{which}client-secret", client.client_secret + "\n")


def private_file(path: Path, text: str) -> None:
    """Write a file that only its owner can read, from its first byte on."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)


def wall_now() -> datetime:
    return datetime.now(UTC)
