"""What a cell came to, and what is wrong with it by the lab's own ledger.

Belongs here: judgement. Does not belong here: playing a cell. Nothing here asks a provider what it thinks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from providers.lab import Lab
from providers.lab.ledger import Asked, Given
from reconciler.errors import OutcomeUnknown, ProviderError, Rejected, Unreachable, Unreadable, Untrusted

from .cells import Cell

NOT_SENT = (Unreachable, Untrusted)
THE_FIVE = (Unreachable, Untrusted, Unreadable, Rejected, OutcomeUnknown)
NOBODY_LISTENS = frozenset({"slow", "late"})
"""The lab counts an answer as sent that came when the provider had given up."""


@dataclass
class Tape:
    """A tap that looks at the ledger when it is told that an instruction leaves."""

    arrived: Callable[[], int]
    told: int = 0
    early: int = 0
    data: bytearray = field(default_factory=bytearray)

    def sending(self) -> None:
        self.told += 1
        self.early += self.arrived()

    def received(self, data: bytes) -> None:
        self.data += data

    @property
    def text(self) -> str:
        """What arrived, with what JSON escapes taken back."""
        plain = self.data.decode("utf-8", "replace")
        return plain + "\n" + re.sub(r'\\(["\\/])', r"\1", plain)


@dataclass
class Played:
    """One cell after it was played. ``outcome`` is what execute raised, None for a Reply."""

    cell: Cell
    fired: int
    outcome: BaseException | None
    asked: tuple[Asked, ...]
    given: tuple[Given, ...]
    tape: Tape
    lost: list[str] = field(default_factory=list)
    twice: bool = False

    @property
    def verdict(self) -> str:
        return "Reply" if self.outcome is None else type(self.outcome).__name__

    @property
    def uncaught(self) -> bool:
        return self.outcome is not None and type(self.outcome) not in THE_FIVE


def instructions(lab: Lab, pattern: str) -> tuple[Asked, ...]:
    """The instruction of a cell as it arrived, however often; reads that look like it are not it."""
    return tuple(one for one in lab.ledger.asked if re.search(pattern, one.text, re.IGNORECASE))


def complaints(played: Played, carried: tuple[Asked, ...], said_no: Callable[[Asked], bool]) -> Iterator[str]:
    """``carried`` is the instruction without refusals that let it be sent again (another spelling of it, a
    fresh bearer); ``said_no`` are complete answers that prove that nothing was done."""
    ran = [one for one in carried if one.ran]
    error = played.outcome
    if played.uncaught:
        yield f"uncaught {error!r}"
    if played.tape.told > 1:
        yield "the journal was told twice"
    if played.tape.early or (played.asked and not played.tape.told):
        yield "the instruction left before the journal was told"
    if isinstance(error, NOT_SENT) and any(not said_no(one) for one in played.asked):
        yield f"judged not sent ({error}), and it arrived: {played.asked}"
    if error is None and len(ran) != 1:
        yield f"judged done, and the lab ran it {len(ran)} times"
    if isinstance(error, Rejected) and ran:
        yield f"judged refused ({error}), and the lab ran it"
    yield from _kept(played, ran)


def once(played: Played, carried: tuple[Asked, ...]) -> Iterator[str]:
    places = [one.where for one in carried]
    if len(places) != len(set(places)):
        played.twice = True
        yield f"arrived more than once: {carried}"


def _kept(played: Played, ran: list[Asked]) -> Iterator[str]:
    """Every code of a whole answer that somebody waited for is on the tape."""
    gone = isinstance(played.outcome, ProviderError) and played.cell.fault in NOBODY_LISTENS
    if gone or not any(one.answered for one in ran) or played.cell.fault == "garbage":
        return
    for given in played.given:
        if given.value not in played.tape.text and json.dumps(given.value)[1:-1] not in played.tape.text:
            played.lost.append(given.kind)
            yield f"the {given.kind} code that was printed is not on the tape"
