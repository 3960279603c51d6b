"""What the licence block of a node says of its reservation: whether it may have one, has one, and of what.

Pure, never raises. No block of a reserved Expressway is public, so the forms of sister products with the same
agent are read (Catalyst, UCM, Unity Connection, UCCX): words in capitals or not, *License Reservation is
ENABLED* or *License reservation: ENABLED* anywhere, *Reservation status: SPECIFIC INSTALLED on …*, and the
list *Specified license reservations*. Does not belong here: the other sections of the block (`licence`).
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model import (
    UNKNOWN,
    AuthorizationStatus,
    Maybe,
    RegistrationStatus,
    ReservedLine,
)

from .agent_text import NOTHING, PAIR, TITLED, Block, plain_words, switch

_RESERVED = (AuthorizationStatus.RESERVED, AuthorizationStatus.NOT_AUTHORIZED_RESERVED)
_INSTALLED = (RegistrationStatus.RESERVED_SPECIFIC, RegistrationStatus.RESERVED_UNIVERSAL)


def reservation_enabled(block: Block, said: Maybe[bool]) -> Maybe[bool]:
    """From the sentence (``said``) and the pairs of every section; UNKNOWN where these differ."""
    told = switch([text for place in block.pairs for text in block.values(place, "license reservation")])
    status = switch(block.values("reservation", "status"))
    known = {value for value in (said, told, status) if value is not UNKNOWN}
    return known.pop() if len(known) == 1 else UNKNOWN


def _told(block: Block) -> RegistrationStatus | None:
    """What *Reservation status* says; UNREGISTERED for *NOT INSTALLED*, None where it says nothing clear."""
    texts = {plain_words(text) for text in block.values("reservation", "reservation status")}
    words = texts.pop() if len(texts) == 1 else ""
    if "RETURN" in words:
        return None
    if "PENDING" in words or "PROGRESS" in words:
        return RegistrationStatus.RESERVATION_PENDING
    if "NOT INSTALLED" in words:
        return RegistrationStatus.UNREGISTERED
    if "INSTALLED" in words and "SPECIFIC" in words:
        return RegistrationStatus.RESERVED_SPECIFIC
    universal = "INSTALLED" in words and ("UNIVERSAL" in words or "PERMANENT" in words)
    return RegistrationStatus.RESERVED_UNIVERSAL if universal else None


def with_reservation(
    status: RegistrationStatus, authorization: Maybe[AuthorizationStatus], block: Block
) -> RegistrationStatus | None:
    """The registration status in the light of what else is said of a reservation; None for a contradiction.

    *Registered* beside *SPECIFIC INSTALLED* is a reservation in the short words of UCM. A reserved
    authorization without a reservation is understood by nobody, and neither is the reverse of it.
    """
    told = _told(block)
    if told is RegistrationStatus.RESERVATION_PENDING and status is RegistrationStatus.UNREGISTERED:
        return told
    if told in _INSTALLED and status in {RegistrationStatus.REGISTERED, told}:
        return told
    if told in _INSTALLED or (told is RegistrationStatus.UNREGISTERED and status in _INSTALLED):
        return None
    return None if authorization in _RESERVED and status not in _INSTALLED else status


# --- what is reserved ----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Entry:
    name: str
    tag: str | None
    counts: set[str]
    keys: list[str]


_COUNTS = {"total reserved count", "reserved count", "reserved"}
_NO_TITLES = {"term information", "overall status", "description"}


def reserved_lines(block: Block) -> Maybe[tuple[ReservedLine, ...]]:
    """The node's own list of what is reserved on it; UNKNOWN where it prints none, or one that is not
    understood. Counts beside licences in use are no such list: one that is not in use is not printed."""
    if block.damaged or "reserved" not in block.seen:
        return UNKNOWN
    entries = _entries(block)
    if not entries:
        said = [text for text in block.lines("reserved") if text.casefold() not in NOTHING]
        return UNKNOWN if said else ()
    lines = [_line(entry) for entry in entries] if not _torn(block) else [None]
    return tuple(line for line in lines if line) if all(lines) else UNKNOWN


_ONCE = {*_COUNTS, "description"}


def _torn(block: Block) -> bool:
    """Whether the list begins in the middle of an entry: the line that names its licence is missing."""
    first = next(iter(block.lines("reserved")), "")
    pair = PAIR.fullmatch(first)
    return pair is not None and pair["key"].casefold() in _ONCE


def _entries(block: Block) -> list[_Entry]:
    entries: list[_Entry] = []
    for text in block.lines("reserved"):
        pair = PAIR.fullmatch(text)
        key = pair["key"].casefold() if pair else ""
        if pair and key in _ONCE and entries:
            entries[-1].keys.append(key)
        if pair and key in _COUNTS and entries:
            entries[-1].counts.add(pair["value"].strip())
        elif pair and pair["value"]:
            continue
        elif named := TITLED.fullmatch(text):
            entries.append(_Entry(named["name"], named["tag"], set(), []))
        elif pair and key not in _NO_TITLES:
            entries.append(_Entry(pair["key"].strip(), None, set(), []))
    return entries


def _line(entry: _Entry) -> ReservedLine | None:
    whole = len(entry.keys) == len(set(entry.keys))
    count = entry.counts.pop() if whole and len(entry.counts) == 1 else ""
    known = count.isascii() and count.isdigit() and len(count) < 10
    return ReservedLine(entry.name, int(count), entry.tag) if known else None
