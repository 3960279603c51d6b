"""One node and its reservation, to be brought into any state that a reservation can be in.

Belongs here: what the tests of single states do again and again, and what an auditor checks at the end of
each. Does not belong here: the tests (``test_reservation_…``), running commands (`harness`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from providers.lab import books, portal
from providers.lab.by_hand import set_by_hand
from providers.lab.faults import Fault
from providers.lab.nouns import DESKTOP, RMS, Node
from providers.lab.start_states import start
from tests.ran import Ran

from .harness import HERE, Scenario

CORE = "clusters/ams-core.yaml"
NODE = "ams-core/c1"
SERIAL = "0E4D3C01"
LINES = {"rms": 10, "desktop": 100}
RESERVE, UPDATE, CONFIRM, REMOVE = "reserve-licenses", "update-licenses", "confirm-licenses", "devices/remove"


class OneNode(Scenario):
    """A scenario about `NODE`."""

    @property
    def node(self) -> Node:
        return self.lab.world.node(NODE)

    @property
    def installed(self) -> dict[str, int]:
        """What the node may use, by display name."""
        issued = self.node.holding.installed
        return {line.name: line.quantity for line in issued.lines} if issued else {}

    def begins(self, state: str, **lines: Any) -> None:
        """The node has come so far before anybody looks; ``update`` are new totals in transit."""
        start(self.lab.world, self.node, state=state, virtual_account="Reserved", **{"lines": LINES, **lines})

    def by_hand(self, what: str, value: str) -> None:
        """An admin does it, at the node or at the portal."""
        set_by_hand(self.lab.world, NODE, what, value)

    def by_hand_at(self, server: str, what: str, value: str) -> None:
        set_by_hand(self.lab.world, server, what, value)

    def breaks(self, kind: str, match: str, *, where: str | None = None, seconds: float = 1.0) -> Fault:
        """The next answer goes wrong, of CSSM for a path and of the node for a command."""
        at = where or ("cloud" if "-" in match or "/" in match else NODE)
        return self.lab.faults.add(at, kind, match=match, seconds=seconds)

    def wants(self, rms: int, desktop: int = 100) -> None:
        """Other quantities in the YAML, from those that it starts with."""
        self.edit(CORE, "reserve: {rms: 10, desktop: 100}", f"reserve: {{rms: {rms}, desktop: {desktop}}}")

    async def applied(self, code: int, *options: str) -> Ran:
        ran = await self.xlicense("apply", "--auto-approve", *options)
        assert ran.code == code, str(ran)
        return ran

    async def planned(self, golden: str, *options: str, code: int = 2) -> Ran:
        ran = await self.xlicense("plan", "--detailed-exitcode", *options)
        self.golden(golden, ran.out)
        assert ran.code == code, str(ran)
        return ran

    async def resolved(self, how: str, what: str = SERIAL) -> None:
        """A person has looked at both sides and says what is so."""
        seen = self.tmp / "seen.txt"
        seen.write_text("xstatus // license, and the page Product Instances\n", encoding="utf-8")
        ran = await self.xlicense(
            "op", "resolve", what, f"--{how}", "--evidence", str(seen), "--reason", "seen on both sides"
        )
        assert ran.code == 0, str(ran)

    async def left_open(self) -> str:
        """The one effect without an end."""
        (operation,) = (await self.xlicense("op", "list", "--json")).json()["operations"]
        return str(operation["effect"]["op_id"])

    async def waits(self, kind: str) -> dict[str, Any]:
        """The one hand-off, which is of this kind."""
        (handoff,) = (await self.xlicense("handoff", "list", "--json")).json()["handoffs"]
        assert handoff["kind"] == kind
        found: dict[str, Any] = handoff
        return found

    async def fetched(self, handoff_id: str) -> None:
        """A person downloads the newest authorization code at the portal and brings it back."""
        await self.answered(handoff_id, portal.download(self.lab.world, serial=self.node.serial))

    async def answered(self, handoff_id: str, value: str | None) -> None:
        way = ("--done",) if value is None else ("--file", "-")
        ran = await self.xlicense("handoff", "answer", handoff_id, *way, "--by", "A. Person", stdin=value)
        assert ran.code == 0, str(ran)

    async def converged(self, *, by_hand: int = 0) -> None:
        """Nothing is left to do, for anybody, and both sides agree."""
        await self.nothing_left()
        self.audited(by_hand=by_hand)

    def audited(self, *, by_hand: int = 0) -> None:
        """Every licence is accounted for, and no code was used twice; ``by_hand``: an admin did, so often."""
        books.check(self.lab.world)
        again = [one for one in books.code_uses(self.lab.world) if one.used > 1 + by_hand]
        assert again == []

    def ran(self, command: str) -> int:
        """How often something took effect, at the node or at CSSM."""
        return sum(
            1 for one in self.lab.ledger.asked if one.ran and command.casefold() in one.text.casefold()
        )


@asynccontextmanager
async def one_node(tmp_path: Path, state: str | None = None, **lines: Any) -> AsyncIterator[OneNode]:
    """The lab, a workspace with a key, and `NODE` in this state; unregistered without one."""
    scenario = OneNode(HERE / "rows", tmp_path)
    async with scenario:
        await scenario.ready()
        if state is not None:
            scenario.begins(state, **lines)
        yield scenario


AS_WANTED = {RMS: 10, DESKTOP: 100}
