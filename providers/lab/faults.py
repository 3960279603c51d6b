"""Named faults: what goes wrong, where, on which command or path, and how often.

Belongs here: the list of faults and the choice of the one that fires. Does not belong here: how a server
carries a fault out (`expressway`, `cssm`), and failures that a world has by itself (`agent`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

BOTH = ("refuse", "drop-before", "drop-after", "mid-reply", "slow", "garbage", "silent", "error")
ON_NODE = (*BOTH, "wrong-host-key", "half-open", "not-recognized", "no-echo", "bad-echo")
ON_SERVER = (
    *BOTH,
    "wrong-certificate",
    "error-in-200",
    "html",
    "not-granted",
    "expired-bearer",
    "unavailable",
    "too-many",
    "late",
)
MEANING = {
    "refuse": "the connection is reset before anything is said",
    "wrong-host-key": "the node shows another host key",
    "wrong-certificate": "the server shows a certificate of another authority (servers only)",
    "drop-before": "the connection breaks when the command has arrived and has not run",
    "drop-after": "the command runs, then the connection breaks before the answer",
    "mid-reply": "the command runs, half of the answer comes, then the connection breaks",
    "slow": "the command runs, and its answer comes SECONDS late",
    "garbage": "the command runs, and its answer holds bytes that are not text",
    "silent": "the command runs, the answer never comes, the connection stays open",
    "half-open": "like silent, and keep-alives are not answered either (nodes only)",
    "error": "the command does not run: ERROR from a node, HTTP 500 from a server",
    "not-recognized": "the node does not know the command",
    "no-echo": "the node does not echo what is typed",
    "bad-echo": "the node echoes one character wrongly",
    "error-in-200": "HTTP 200 with status ERROR; the request does not run",
    "html": "HTTP 200 with a login page; the request does not run",
    "not-granted": "HTTP 403 Invalid Client; the request does not run",
    "expired-bearer": "HTTP 401, and the bearer is worth nothing from here on",
    "unavailable": "HTTP 503 with Retry-After",
    "too-many": "HTTP 429 with Retry-After",
    "late": "the request runs SECONDS after it came, perhaps when nobody listens any more (servers only)",
}


@dataclass(slots=True)
class Fault:
    """One knob. ``times`` is how often it still fires, None for ever; ``match`` is a pattern, any case."""

    where: str
    kind: str
    match: str | None = None
    times: int | None = 1
    seconds: float = 1.0
    fired: int = 0

    def hits(self, where: str, kinds: Collection[str], text: str) -> bool:
        if self.kind not in kinds or self.where not in (where, "*"):
            return False
        return self.match is None or re.search(self.match, text, re.IGNORECASE) is not None

    def __str__(self) -> str:
        often = "always" if self.times is None else f"{self.times} more"
        on = f" on /{self.match}/" if self.match else ""
        return f"{self.where}: {self.kind}{on}, {often}, fired {self.fired}"


@dataclass(slots=True)
class Faults:
    """The knobs that are turned, in the order in which they were turned."""

    nodes: frozenset[str] = frozenset()
    servers: frozenset[str] = frozenset()
    active: list[Fault] = field(default_factory=list)

    def add(
        self, where: str, kind: str, *, match: str | None = None, times: int | None = 1, seconds: float = 1.0
    ) -> Fault:
        """Turn a knob. Raises ValueError for a kind, place, pattern or number that makes no sense."""
        where = where.removeprefix("cluster/").replace("/node/", "/")
        self._check_place(where, kind)
        if times is not None and times < 1:
            raise ValueError("a fault fires at least once")
        _check_pattern(match)
        fault = Fault(where, kind, match, times, seconds)
        self.active.append(fault)
        return fault

    def _check_place(self, where: str, kind: str) -> None:
        if kind not in MEANING:
            raise ValueError(f"no fault is called {kind!r}; there are: {', '.join(MEANING)}")
        if where != "*" and where not in self.nodes | self.servers:
            names = ", ".join(sorted(self.nodes | self.servers))
            raise ValueError(f"the lab has no node or server {where!r}; it has: {names}")
        can = ON_NODE if where in self.nodes else ON_SERVER
        if where != "*" and kind not in can:
            raise ValueError(f"{where} cannot do {kind}; it can: {', '.join(can)}")

    def take(self, where: str, kinds: Collection[str], text: str = "") -> Fault | None:
        """The first fault that fires here and now; it counts as fired."""
        for fault in self.active:
            if fault.hits(where, kinds, text):
                self._fire(fault)
                return fault
        return None

    def _fire(self, fault: Fault) -> None:
        fault.fired += 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self.active.remove(fault)

    def clear(self, where: str | None = None) -> int:
        """Turn off every knob, or those of one place; returns how many."""
        kept = [] if where is None else [fault for fault in self.active if fault.where != where]
        gone = len(self.active) - len(kept)
        self.active[:] = kept
        return gone


def _check_pattern(match: str | None) -> None:
    try:
        re.compile(match or "")
    except re.error as error:
        raise ValueError(f"{match!r} is not a pattern: {error}") from None
