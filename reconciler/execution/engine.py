"""What a run works with: the desired state, the providers, the journal, the clock, the reporter.

Belongs here: looking up who serves an address, the clock of this machine, the switch that stops a run.
Does not belong here: any decision about what to do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from reconciler.model import Action, Address, Desired
from reconciler.ports import Clock, Journal, Provider, Reporter, SecretSource

T = TypeVar("T")


class SystemClock:
    """The clock of this machine (ports.Clock)."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Providers:
    """Who serves which address: one provider for all nodes, one for each account."""

    nodes: Provider
    accounts: Mapping[Address, Provider]

    def of(self, address: Address) -> Provider:
        """The provider of a cluster, node, account or instance. Raises KeyError for another account."""
        return self.accounts[address.parent] if address.startswith("account/") else self.nodes

    def find(self, address: Address) -> Provider | None:
        """Like `of`; None for an account that is not there any more."""
        if address.startswith("account/"):
            return self.accounts.get(address.parent)
        return self.nodes

    def capabilities(self) -> dict[Address, frozenset[str]]:
        """The action kinds that are carried without a person, by address."""
        known = dict(self.nodes.capabilities())
        for provider in self.accounts.values():
            known.update(provider.capabilities())
        return known

    async def close(self) -> None:
        for provider in (self.nodes, *self.accounts.values()):
            await provider.close()


class Stop:
    """The switch that a signal turns: nothing new starts, what is running comes to its safe point."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __bool__(self) -> bool:
        return self._event.is_set()

    def set(self) -> None:
        self._event.set()

    async def unless(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What the work returns, or None where the switch is turned first; the work is cut off then."""
        working = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not working.done():
                working.cancel()
                await asyncio.wait({working})
        return None if working.cancelled() else working.result()

    async def wait(self, clock: Clock, seconds: float) -> bool:
        """Sleep, but no longer than until the switch is turned; True when it is."""
        sleeping = asyncio.ensure_future(clock.sleep(seconds))
        stopping = asyncio.ensure_future(self._event.wait())
        _, pending = await asyncio.wait({sleeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return bool(self)


@dataclass(frozen=True, slots=True)
class Engine:
    """Everything that one run composes. ``parallelism`` bounds logins and running commands."""

    desired: Desired
    providers: Providers
    journal: Journal
    clock: Clock
    reporter: Reporter
    secrets: SecretSource
    tool_version: str
    parallelism: int = 20
    stop: Stop = field(default_factory=Stop)
    slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "slots", asyncio.Semaphore(self.parallelism))

    def provider_for(self, action: Action) -> Provider:
        return self.providers.of(action.address)
