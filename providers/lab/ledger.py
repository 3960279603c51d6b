"""Everything the lab was ever asked and every code it ever gave out, in order.

Belongs here: remembering. Does not belong here: deciding anything. Nothing reads the ledger to behave
differently, so a test may trust it as a witness.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """One command line on a node, or one request to a server (``POST /path``).

    ``ran`` says whether it took effect, ``answered`` whether the whole answer left the lab; ``body`` is a
    digest of what a request carried, the same for the same request.
    """

    at: datetime
    where: str
    text: str
    ran: bool
    answered: bool
    status: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Given:
    """One code that the lab gave out. ``kind`` is token, request, authorization, confirmation or return."""

    at: datetime
    where: str
    kind: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Used:
    """One code that came back: entered at CSSM, or typed on a node; ``accepted`` or refused."""

    at: datetime
    where: str
    kind: str
    value: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Login:
    """One try to log in to a node, or to fetch a bearer from a server."""

    at: datetime
    where: str
    user: str
    accepted: bool


class Ledger:
    """Append-only; the lists are in the order in which things happened."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.given: list[Given] = []
        self.used: list[Used] = []
        self.logins: list[Login] = []

    def asked_of(self, where: str, containing: str = "") -> tuple[Asked, ...]:
        """What one node or server was asked; ``containing`` narrows it, whatever the case."""
        wanted = containing.casefold()
        return tuple(one for one in self.asked if one.where == where and wanted in one.text.casefold())

    def sent_twice(self, words: Iterable[str]) -> tuple[tuple[str, str, int], ...]:
        """(where, text, times) of everything that holds one of these words and took effect more than once."""
        wanted = tuple(word.casefold() for word in words)
        ran = (one for one in self.asked if one.ran and any(word in one.text.casefold() for word in wanted))
        counted = Counter((one.where, one.text) for one in ran)
        return tuple((where, text, times) for (where, text), times in counted.items() if times > 1)

    def codes(self, kind: str | None = None) -> tuple[Given, ...]:
        return tuple(one for one in self.given if kind in (None, one.kind))

    def uses(self, value: str, *, accepted: bool | None = True) -> int:
        """How often a code was used; ``accepted`` None counts refusals too."""
        return sum(1 for one in self.used if one.value == value and accepted in (None, one.accepted))

    def login_count(self, where: str, *, accepted: bool | None = None) -> int:
        return sum(1 for one in self.logins if one.where == where and accepted in (None, one.accepted))
