"""The nouns of reservations: what CSSM has booked for a device, what a node holds, the codes between them.

::

    CSSM    Booking   on an instance: confirmed totals, and the totals of an update until it is confirmed
            Issued    an authorization code that CSSM gave out, with what it says
    node    Holding   switched on or not, a request under way, the code that is installed

Belongs here: shapes and what a shape knows about itself. Does not belong here: what changes them (`slr` for
CSSM, `reservation` for a node), how codes look (`codes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Line:
    """One licence of an authorization code. ``ends`` is a date, blank for a perpetual licence."""

    tag: str
    name: str
    quantity: int
    licence_type: str = "PERPETUAL"
    ends: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """One authorization code. ``request`` is the code that it answers; ``update`` replaces an earlier one.
    All codes of one reservation have its ``piid``.
    """

    text: str
    piid: str
    udi: str
    serial: str
    request: str
    lines: tuple[Line, ...]
    update: bool
    confirmation: str
    returned: str


@dataclass(slots=True)
class Booking:
    """What CSSM has booked for one device, by entitlement tag. ``update`` holds the new totals of every line
    while they are in transit. ``issued`` are the authorization codes, oldest first. ``failed``: its licences
    went to a replacement, and it waits for its removal.
    """

    request: str
    lines: dict[str, int]
    issued: list[Issued]
    piid: str = ""
    update: dict[str, int] | None = None
    leaving: bool = False
    failed: bool = False

    def booked(self, tag: str) -> int:
        """What is not free: in transit, the larger of the old and the new total."""
        new = (self.update or {}).get(tag, 0)
        return max(self.lines.get(tag, 0), new)

    def in_transit(self, tag: str) -> int:
        """What an update has booked on top; a decrease frees nothing before it is confirmed."""
        return self.booked(tag) - self.lines.get(tag, 0)

    def totals(self) -> Mapping[str, tuple[int, int]]:
        """By tag, the confirmed total and the one that comes; the same where nothing is in transit."""
        new = self.lines if self.update is None else self.update
        tags = [*self.lines, *(tag for tag in new if tag not in self.lines)]
        return {tag: (self.lines.get(tag, 0), new.get(tag, 0)) for tag in tags}


@dataclass(slots=True)
class Holding:
    """What a node knows of its reservation. ``spent`` are the reservations that it gave a return code for;
    no code of theirs is ever installed again.
    """

    enabled: bool = False
    request: str | None = None
    requests: int = 0
    installed: Issued | None = None
    installed_at: datetime | None = None
    confirmation: str = ""
    returned: str = ""
    spent: set[str] = field(default_factory=set)
