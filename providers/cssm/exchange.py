"""What the transport is asked, what it answers, whom it tells: pure. Knows no HTTP library and no JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from reconciler.errors import JournalError
from reconciler.ports import Tap

from .words import Where


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds, and how often a read is tried. ``retry_after`` bounds what a server may ask us to wait,
    ``vanish`` how long a removed instance is looked for, which CSSM shows for a while."""

    connect: float = 10.0
    read: float = 60.0
    whole: float = 180.0
    attempts: int = 4
    first_wait: float = 0.5
    retry_after: float = 30.0
    vanish: float = 60.0


@dataclass(frozen=True, slots=True)
class ClientSecrets:
    """What the token endpoint is told; ``username`` and ``password`` only for the password grant."""

    client_id: str
    client_secret: str
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return "ClientSecrets(…)"


@dataclass(frozen=True, slots=True)
class Login:
    """How to get an access token. ``secrets`` is called at the first need and may raise SecretError."""

    url: str
    body: str
    grant: str
    secrets: Callable[[], ClientSecrets]


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    where: Where
    body: Mapping[str, Any] | None = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Response:
    """A complete answer. ``retry_after`` in seconds, None where the server asked for nothing."""

    status: int
    body: bytes
    retry_after: float | None = None


def host_of(url: str) -> str:
    """Host and port of a URL, never its user or password."""
    return urlsplit(url).netloc.rpartition("@")[2]


class Told:
    """Tells the journal once that an instruction leaves, however often it is repeated after a 401."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._said = False
        self.refused: JournalError | None = None

    def sending(self) -> None:
        if not self._said:
            self._said = True
            self._tap.sending()

    def received(self, data: bytes) -> None:
        try:
            self._tap.received(data)
        except JournalError as error:
            self.refused = self.refused or error
