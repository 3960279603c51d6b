"""The one truth of the lab: managers, nodes and clusters, and the agenda of what is going to happen.

Pure: time is handed in by `catch_up`, chance comes from the seed, nothing is opened. Whoever looks at the
world (a command, a request, a test) first calls `catch_up`, which carries out everything that is due, in
order of time. Belongs here: look-ups, the agenda, shared chance. Does not belong here: what a node's
licensing agent does (`agent`), what a manager does (`manager`), what an admin does by hand (`by_hand`).
"""

from __future__ import annotations

import base64
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from .ledger import Ledger
from .nouns import CLOUD, ON_PREM, Account, Cluster, Manager, Node, VirtualAccount
from .reserved import Issued

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Settings:
    """How fast things happen, in seconds of lab time. A real node retries every 15 minutes and replicates
    within a minute (admin guides X15.3 and X14.0); labs choose shorter times, or a ``time_scale``, at which
    lab time runs so many times as fast as the wall. An instance that was removed is gone after
    ``removal_seconds`` (CSSM shows a removal late, up to 60 s). After ``ban_after`` refused logins in a row a
    node resets every connection (0: never; the real threshold is not known).
    """

    seed: int = 1
    register_seconds: float = 2.0
    retry_seconds: float = 900.0
    replication_seconds: float = 60.0
    bearer_seconds: float = 3599.0
    removal_seconds: float = 0.0
    time_scale: float = 1.0
    ban_after: int = 0
    proxies: tuple[str, ...] = ()


@dataclass(order=True, slots=True)
class _Due:
    at: datetime
    number: int
    do: Callable[[], None] = field(compare=False)


class World:
    """Everything there is. Change it through its methods and its neighbours', or directly in a test."""

    def __init__(self, settings: Settings, now: datetime) -> None:
        self.settings = settings
        self.now = now
        self.started = now
        self.ledger = Ledger()
        self.managers: dict[str, Manager] = {}
        self.nodes: dict[str, Node] = {}
        self.clusters: dict[str, Cluster] = {}
        self.issued: dict[str, Issued] = {}
        self.dice = random.Random(settings.seed)  # noqa: S311 - a repeatable world, no secret outside it
        self._agenda: list[_Due] = []
        self._numbers = itertools.count(1)

    def catch_up(self, now: datetime) -> None:
        """Carry out everything that is due by now, each at its own time."""
        while self._agenda and self._agenda[0].at <= now:
            due = heapq.heappop(self._agenda)
            self.now = max(self.now, due.at)
            due.do()
        self.now = max(self.now, now)

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Put something on the agenda, so many seconds of lab time from now."""
        heapq.heappush(self._agenda, _Due(self.now + timedelta(seconds=seconds), next(self._numbers), do))

    def soon(self, seconds: float, do: Callable[[], None]) -> None:
        """Put something on the agenda, or do it now where it takes no time."""
        if seconds:
            self.later(seconds, do)
        else:
            do()

    def older(self, one: Issued, other: Issued) -> bool:
        """Whether an authorization code was given out before another."""
        order = list(self.issued)
        return order.index(one.text) < order.index(other.text)

    def next_due(self) -> datetime | None:
        """When the next thing happens by itself; a test advances the clock to it."""
        return self._agenda[0].at if self._agenda else None

    def number(self) -> int:
        """The next number of this world; never twice the same."""
        return next(self._numbers)

    def node(self, name: str) -> Node:
        """A node by its name (``ams-edge-e1``). Raises KeyError with the names there are."""
        return _named(self.nodes, name, "node")

    def manager(self, name: str) -> Manager:
        return _named(self.managers, name, "manager")

    @property
    def cloud(self) -> Manager:
        return next(manager for manager in self.managers.values() if manager.kind == CLOUD)

    def on_prem_called(self, host: str) -> Manager | None:
        """The On-Prem that nodes reach under this host name."""
        wanted = host.casefold()
        for manager in self.managers.values():
            if manager.kind == ON_PREM and wanted in (name.casefold() for name in manager.host_names):
                return manager
        return None

    def account(self, manager: str, name: str) -> Account:
        """An account by domain or by name, as managers address them."""
        for account in self.manager(manager).accounts:
            if name in (account.domain, account.name):
                return account
        raise KeyError(f"{manager} has no account {name!r}")

    def virtual_account(self, manager: str, account: str, name: str) -> VirtualAccount:
        for found in self.account(manager, account).virtual_accounts:
            if found.name == name:
                return found
        raise KeyError(f"{manager}, {account}: no virtual account {name!r}")

    def peers(self, node: Node) -> tuple[Node, ...]:
        """The nodes of this node's cluster, itself among them, in order."""
        cluster = self.clusters.get(node.cluster)
        return tuple(self.nodes[name] for name in cluster.nodes) if cluster else (node,)

    def primary(self, node: Node) -> Node:
        cluster = self.clusters.get(node.cluster)
        return self.nodes[cluster.nodes[cluster.primary - 1]] if cluster else node

    def new_token_text(self) -> str:
        """A token as CSSM writes them: base64 with ``%0A`` and ``%3D`` in it."""
        first = base64.b64encode(self.dice.randbytes(45)).decode().rstrip("=")
        second = base64.b64encode(self.dice.randbytes(34)).decode().rstrip("=")
        return f"{first}%0A{second}%3D%0A"

    def new_hex(self, length: int) -> str:
        return "".join(self.dice.choice("0123456789abcdef") for _ in range(length))


def _named(things: dict[str, Thing], name: str, what: str) -> Thing:
    if name not in things:
        raise KeyError(f"the lab has no {what} {name!r}; it has: {', '.join(sorted(things)) or 'none'}")
    return things[name]
