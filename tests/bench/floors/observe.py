"""Observing many nodes: our provider against bare asyncssh, CPU of this process only.

The lab runs in a process of its own. Prints: CPU seconds a node (ours, bare) and their ratio; wall seconds of
40 nodes with a latency (ours, bare with as many lines) and their ratio; KiB of resident memory a node. Both
run in turn, and the ratios are medians: the lab and the rest of the machine slow both in the same way.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

NODES = 100
PARALLEL = 20
LATENCY = 0.05
TURNS = 5


def world_text(nodes: int, latency: float) -> str:
    lines = "".join(
        f'      e{n}: {{serial: "{n:08X}", version: X14.3.1, role: edge, latency: {latency}}}\n'
        for n in range(nodes)
    )
    return f"settings: {{seed: 1}}\nclusters:\n  fleet:\n    nodes:\n{lines}"


def serve(nodes: int, latency: float, folder: str, pipe: Connection) -> None:
    from providers.lab import Lab, build_world

    async def until_told() -> None:
        async with Lab(build_world(world_text(nodes, latency), datetime.now(UTC))) as lab:
            lab.write_trust(Path(folder))
            pipe.send({name: lab.port(name) for name in lab.world.nodes})
            await asyncio.get_running_loop().run_in_executor(None, pipe.recv)

    asyncio.run(until_told())


async def ours(ports: dict[str, int], trust: Path) -> float:
    from providers.expressway import ExpresswayProvider
    from reconciler.execution import SystemClock
    from reconciler.model import Address, NodeDesired, SecretRef, SshAccess

    class Password:
        def resolve(self, ref: SecretRef) -> str:
            return (trust / "admin-password").read_text().strip()

    password = SecretRef("file", "admin-password")
    nodes = {}
    for name, port in ports.items():
        address = Address.of_node("fleet", name.rsplit("/", 1)[-1])
        access = SshAccess("admin", port, str(trust / "known_hosts"), password=password)
        nodes[address] = NodeDesired(address, address.name, "127.0.0.1", access)
    provider = ExpresswayProvider(nodes, Password(), SystemClock(), read_only=True)
    slots = asyncio.Semaphore(PARALLEL)

    async def one(address: Address) -> None:
        async with slots:
            reading = await provider.observe(address)
        if reading.problems:
            raise SystemExit(f"{address}: {reading.problems}")

    begun = time.perf_counter()
    await asyncio.gather(*(one(address) for address in nodes))
    took = time.perf_counter() - begun
    await provider.close()
    return took


async def bare(ports: dict[str, int], trust: Path, lines: int = 2) -> float:
    import asyncssh

    known = asyncssh.read_known_hosts(str(trust / "known_hosts"))
    password = (trust / "admin-password").read_text().strip()
    slots = asyncio.Semaphore(PARALLEL)

    async def one(port: int) -> None:
        async with slots, asyncssh.connect(
            "127.0.0.1", port, username="admin", password=password, known_hosts=known, config=None,
            client_keys=None, agent_path=None, encryption_algs=["aes128-gcm@openssh.com"],
        ) as connection:  # fmt: skip
            process = await connection.create_process(term_type="vt100", encoding=None)
            process.stdin.write(b"xStatus SystemUnit\r\n" * lines)
            seen = b""
            while seen.count(b"*s/end") < lines:
                seen += await process.stdout.read(65536)

    begun = time.perf_counter()
    await asyncio.gather(*(one(port) for port in ports.values()))
    return time.perf_counter() - begun


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> float:
    if sys.platform == "darwin":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


class Served:
    """A lab in a process of its own, for the length of a block."""

    def __init__(self, nodes: int, latency: float) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="xlicense-bench-lab-")
        self.trust = Path(self._folder.name)
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(nodes, latency, self._folder.name, theirs)
        )

    def __enter__(self) -> Served:
        self._process.start()
        self.ports: dict[str, int] = self._pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.send("stop")
        self._process.join(20)
        self._folder.cleanup()


def cpu_of(work: Coroutine[Any, Any, float]) -> float:
    """CPU seconds a node."""
    begun = cpu()
    asyncio.run(work)
    return (cpu() - begun) / NODES


def told(pairs: list[tuple[float, float]]) -> str:
    """Median of ours, median of bare, median of the ratios pair by pair."""
    ratios = [first / second for first, second in pairs]
    columns = ([first for first, _ in pairs], [second for _, second in pairs], ratios)
    return " ".join(str(statistics.median(column)) for column in columns)


def main() -> None:
    from providers.expressway.wire import OBSERVE

    with Served(NODES, 0.0) as lab:
        few = dict(list(lab.ports.items())[:5])
        asyncio.run(ours(few, lab.trust))
        asyncio.run(bare(few, lab.trust))
        before = resident()
        asyncio.run(ours(lab.ports, lab.trust))
        memory = max(resident() - before, 0) / NODES
        used = [
            (cpu_of(ours(lab.ports, lab.trust)), cpu_of(bare(lab.ports, lab.trust))) for _ in range(TURNS)
        ]
    with Served(40, LATENCY) as lab:
        asyncio.run(ours(lab.ports, lab.trust))
        walls = [
            (
                asyncio.run(ours(lab.ports, lab.trust)),
                asyncio.run(bare(lab.ports, lab.trust, len(OBSERVE))),
            )
            for _ in range(TURNS)
        ]
    print(told(used), told(walls), memory)


if __name__ == "__main__":
    main()
