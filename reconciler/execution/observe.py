"""Reading both sides: every node of the clusters in question, and every account they use.

A node that cannot be read costs only itself. Belongs here: who is read, how many at once, and what of it
the journal remembers. Does not belong here: what the readings mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from reconciler.execution.engine import Engine
from reconciler.model import (
    UNKNOWN,
    AccountObserved,
    Address,
    ClusterDesired,
    EvaluationSeen,
    NodeObserved,
    Observation,
)


async def observe(engine: Engine, clusters: Iterable[ClusterDesired]) -> Observation:
    """Read these clusters' nodes and accounts, `parallelism` at a time; remembers what nodes hide later."""
    nodes, accounts = _addresses(engine, clusters)
    engine.reporter.observing(len(nodes) + len(accounts))
    at = engine.clock.now()
    readings = await asyncio.gather(*(_read(engine, address) for address in (*accounts, *nodes)))
    observation = Observation(
        at,
        tuple(reading for reading in readings if isinstance(reading, NodeObserved)),
        tuple(reading for reading in readings if isinstance(reading, AccountObserved)),
    )
    remember(engine, observation)
    return observation


async def read_again(engine: Engine, addresses: Iterable[Address]) -> Observation:
    """These nodes alone, one after the other."""
    readings = []
    for address in sorted(addresses):
        async with engine.slots:
            reading = await engine.providers.nodes.observe(address)
        if isinstance(reading, NodeObserved):
            readings.append(reading)
    return Observation(engine.clock.now(), tuple(readings))


def overlay(base: Observation, fresh: Observation) -> Observation:
    """The fresh readings laid over an older observation, in address order."""
    nodes = {reading.address: reading for reading in (*base.nodes, *fresh.nodes)}
    accounts = {reading.address: reading for reading in (*base.accounts, *fresh.accounts)}
    return Observation(
        fresh.at,
        tuple(nodes[address] for address in sorted(nodes)),
        tuple(accounts[address] for address in sorted(accounts)),
    )


def remember(engine: Engine, observation: Observation) -> None:
    """Keep serials and evaluation clocks in the journal: a registered node prints no clock."""
    serials: list[str] = []
    clocks: list[EvaluationSeen] = []
    for node in observation.nodes:
        if node.serial is UNKNOWN:
            continue
        serials.append(node.serial)
        if node.licence is UNKNOWN:
            continue
        left = node.licence.evaluation_seconds
        if left is not UNKNOWN and left is not None:
            clocks.append(EvaluationSeen(node.serial, left, node.at))
    if serials:
        engine.journal.remember_serials(serials)
    if clocks:
        engine.journal.remember_evaluation(clocks)


def _addresses(engine: Engine, clusters: Iterable[ClusterDesired]) -> tuple[list[Address], list[Address]]:
    chosen = list(clusters)
    nodes = sorted(node.address for cluster in chosen for node in cluster.nodes)
    accounts = sorted(Address.of_account(name) for name in engine.desired.accounts_of(chosen))
    return nodes, accounts


async def _read(engine: Engine, address: Address) -> NodeObserved | AccountObserved:
    async with engine.slots:
        reading = await engine.providers.of(address).observe(address)
    engine.reporter.observed(address, not reading.problems)
    return reading
