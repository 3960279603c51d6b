"""One request to a manager as its handlers see it, and the rows of a table of paths.

Belongs here: what every surface needs to answer. Does not belong here: which paths there are (`surfaces`,
`slr_calls`), HTTP (`cssm`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from . import views
from .manager import Declined
from .nouns import ON_PREM, Account, Client, Manager, VirtualAccount
from .views import Json
from .world import World

PAGE_CAP = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One request after authentication. ``parts`` are the decoded variable parts of the path."""

    world: World
    manager: Manager
    client: Client
    parts: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: Json

    def account(self) -> Account:
        """The account that the path names first. Raises Declined."""
        for account in self.manager.accounts:
            if self.parts[0] in ((account.name,) if self.manager.kind == ON_PREM else (account.domain,)):
                return account
        raise Declined(f"Smart Account {self.parts[0]} was not found or you have no access to it")

    def virtual_account(self) -> VirtualAccount:
        """The virtual account that the path names second. Raises Declined."""
        for va in self.account().virtual_accounts:
            if va.name == self.parts[1]:
                return va
        raise Declined(f"Virtual Account {self.parts[1]} was not found or you have no access to it")

    def quirk(self, name: str) -> bool:
        """Whether the manager answers in this way; see `nouns.QUIRKS`."""
        return self.manager.quirks.get(name, False)

    def chosen(self) -> list[VirtualAccount]:
        """The virtual accounts that the body names; an empty list is all of them."""
        wanted = self.body.get("virtualAccounts") or []
        return [va for va in self.account().virtual_accounts if not wanted or va.name in wanted]

    def paged(self, rows: list[Json]) -> list[Json]:
        limit = whole(self.body.get("limit", self.query.get("limit")), 50)
        offset = whole(self.body.get("offset", self.query.get("offset")), 0)
        return views.page(rows, min(limit, PAGE_CAP), offset)


def whole(value: object, otherwise: int) -> int:
    """A number that came as a number or as a text."""
    text = str(value)
    return int(text) if text.isdigit() else otherwise


Handler = Callable[[Call], Json]


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler
    writes: bool = False


def route(method: str, path: str, handler: Handler, *, writes: bool = False) -> Route:
    """``{}`` in a path is one variable part."""
    return Route(method, re.compile(path.replace("{}", "([^/]+)")), handler, writes)
