"""The text of Cisco's Smart Agent (``show license all``): sections, words, dates. Pure, never raises.

Belongs here: cutting the text into sections and pairs, and the vocabulary. Does not belong here: which
field of a `Licence` comes from where (`licence`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from reconciler.model import UNKNOWN, AuthorizationStatus, Maybe, RegistrationStatus

from .wire import is_damaged

# --- lines to sections ---------------------------------------------------------------------------------

_TITLES = {
    "smart licensing status": "preamble",
    "registration": "registration",
    "license authorization": "authorization",
    "authorization": "authorization",
    "evaluation period": "evaluation",
    "data privacy": "privacy",
    "transport": "transport",
    "proxy": "proxy",
    "license usage": "usage",
    "reservation info": "reservation",
    "license reservation": "reservation",
    "specified license reservations": "reserved",
    "license": "preamble",
    "all": "preamble",
}
_OF_NO_INTEREST = frozenset(
    {"product information", "export authorization key", "utility", "miscellaneous", "policy"}
    | {"agent version", "call home"}
)
PAIR = re.compile(r"(?P<key>[^:]{1,90}?)\s*:\s*(?P<value>.*)")


TITLED = re.compile(r"(?P<name>.+?)\s*\((?P<tag>[^()]+)\)\s*:?")
"""``Name of a licence (its tag):``; a name may hold brackets of its own."""


@dataclass(slots=True)
class Block:
    """The block cut into sections: key-value pairs and plain lines, each by section, in order."""

    pairs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    plain: dict[str, list[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    damaged: bool = False

    def values(self, section: str, *keys: str) -> list[str]:
        return [value for key, value in self.pairs.get(section, ()) if key in keys]

    def lines(self, section: str) -> list[str]:
        return self.plain.get(section, [])


def is_section(text: str) -> str | None:
    """The section that a line of this text opens, if it is a title."""
    title = text.rstrip(":").strip().casefold()
    return title if title in _OF_NO_INTEREST else _TITLES.get(title)


_NODE = re.compile(r"\s*\*[src][ /]")


def _the_block(lines: Sequence[str]) -> Sequence[str]:
    """The lines of the one xStatus block that holds most titles: a search may print other nodes beside it."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if _NODE.match(line):
            blocks.append([])
        else:
            blocks[-1].append(line)
    return max(blocks, key=lambda block: sum(is_section(line) is not None for line in block))


def _is_rule(text: str) -> bool:
    return len(text) > 2 and set(text) <= {"=", "-"}


@lru_cache(maxsize=1)
def sections(lines: tuple[str, ...]) -> Block:
    """The block that these lines hold, whatever stands around it. Nobody changes it after this.

    One reply is asked twice whether it is a licence text at all, and then read.
    """
    block = Block()
    section = "preamble"
    for line in _the_block(lines):
        text = " ".join(line.split())
        if is_damaged(line):
            block.damaged = True
            continue
        if not text or _is_rule(text):
            continue
        title = is_section(text)
        pair = PAIR.match(text)
        if title and (pair is None or not pair["value"]):
            section = title
            block.seen.add(section)
        elif pair and pair["key"].casefold() == "proxy" and section in {"transport", "proxy"}:
            block.seen.add("proxy")
            block.plain.setdefault("proxy", []).append(pair["value"])
        elif pair:
            block.pairs.setdefault(section, []).append((pair["key"].casefold(), pair["value"]))
            block.plain.setdefault(section, []).append(text)
        else:
            block.plain.setdefault(section, []).append(text)
    return block


def only(values: Sequence[str]) -> Maybe[str]:
    """The value, if all are the same one."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else UNKNOWN


# --- words ---------------------------------------------------------------------------------------------

_WHEN = re.compile(r"\s+(?:on|as of|at)\s+(?:[A-Za-z]{3,9}\.?,? +\d|\d).*$", re.IGNORECASE)
NOTHING = {"", "none", "<none>", "n/a", "-", "not configured", "<empty>", "not set"}

_REGISTRATION = {
    "REGISTERED": RegistrationStatus.REGISTERED,
    "UNREGISTERED": RegistrationStatus.UNREGISTERED,
    "NOT REGISTERED": RegistrationStatus.UNREGISTERED,
    "REGISTERING": RegistrationStatus.PENDING,
    "REGISTRATION PENDING": RegistrationStatus.PENDING,
    "REGISTRATION IN PROGRESS": RegistrationStatus.PENDING,
    "REGISTERING REGISTRATION IN PROGRESS": RegistrationStatus.PENDING,
    "REGISTRATION FAILED": RegistrationStatus.FAILED,
    "REGISTRATION EXPIRED": RegistrationStatus.EXPIRED,
}
_RESERVATION = (
    (("PROGRESS", "PENDING"), RegistrationStatus.RESERVATION_PENDING),
    (("SPECIFIC",), RegistrationStatus.RESERVED_SPECIFIC),
    (("UNIVERSAL", "PERMANENT"), RegistrationStatus.RESERVED_UNIVERSAL),
)
_AUTHORIZATION = {
    "AUTHORIZED": AuthorizationStatus.AUTHORIZED,
    "IN COMPLIANCE": AuthorizationStatus.AUTHORIZED,
    "OUT OF COMPLIANCE": AuthorizationStatus.OUT_OF_COMPLIANCE,
    "AUTHORIZATION EXPIRED": AuthorizationStatus.EXPIRED,
    "NO LICENSES IN USE": AuthorizationStatus.NO_LICENSES_IN_USE,
    "EVAL MODE": AuthorizationStatus.EVALUATION,
    "EVALUATION MODE": AuthorizationStatus.EVALUATION,
    "EVAL EXPIRED": AuthorizationStatus.EVALUATION_EXPIRED,
    "EVALUATION EXPIRED": AuthorizationStatus.EVALUATION_EXPIRED,
    "EVAL PERIOD EXPIRED": AuthorizationStatus.EVALUATION_EXPIRED,
    "EVALUATION PERIOD EXPIRED": AuthorizationStatus.EVALUATION_EXPIRED,
    "AUTHORIZED RESERVED": AuthorizationStatus.RESERVED,
    "NOT AUTHORIZED RESERVED": AuthorizationStatus.NOT_AUTHORIZED_RESERVED,
    "NOT APPLICABLE": AuthorizationStatus.NOT_APPLICABLE,
}


def plain_words(text: str) -> str:
    """Upper-case words without the date and without dashes, colons and the like between them."""
    return " ".join(re.findall(r"[A-Z0-9]+", _WHEN.sub("", text).upper()))


def registration_status(text: str) -> RegistrationStatus | None:
    """The status that these words mean, or None. ``UNREGISTERED - REGISTRATION FAILED`` means its end; a
    text that stops at its dash or colon is half of one."""
    words = plain_words(text)
    if text.rstrip().endswith((":", "-")):
        return None
    if "RESERVATION" in words and "RETURN" not in words:
        hits = [status for marks, status in _RESERVATION if any(mark in words for mark in marks)]
        return hits[0] if hits else None
    return _REGISTRATION.get(words) or _REGISTRATION.get(words.removeprefix("UNREGISTERED "))


def authorization_status(text: str) -> AuthorizationStatus | None:
    """The status that these words mean, or None. ``AUTHORIZED on <date>`` is AUTHORIZED."""
    return _AUTHORIZATION.get(plain_words(text))


_SWITCH = {"ENABLED": True, "DISABLED": False, "ON": True, "OFF": False, "YES": True, "NO": False}


def switch(values: Sequence[str]) -> Maybe[bool]:
    """ENABLED, DISABLED, yes, no and the like; UNKNOWN for any other word and where two differ."""
    found = {_SWITCH.get(plain_words(value)) for value in values}
    if found == {True}:
        return True
    return False if found == {False} else UNKNOWN


_MONTHS = {
    name: number + 1
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    )
}
_DATE = re.compile(r"([A-Za-z]{3,9})\.? +(\d{1,2}),? +(\d{4}) +(\d{1,2}):(\d\d):(\d\d) +(?:UTC|GMT)")


def read_date(text: str) -> datetime | None:
    """``Sep 11 2020 11:31:12 UTC`` as an aware datetime; None for another zone, form or day."""
    found = _DATE.search(text)
    if found is None:
        return None
    day, year, hour, minute, second = (int(found[index]) for index in range(2, 7))
    try:
        month = _MONTHS[found[1][:3].casefold()]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except (KeyError, ValueError):
        return None


_UNITS = {"day": 86_400, "hour": 3_600, "hr": 3_600, "minute": 60, "min": 60, "second": 1, "sec": 1}
_SPAN = re.compile(r"(\d{1,5})\s*(day|hour|hr|minute|min|second|sec)s?", re.IGNORECASE)


def read_span(text: str) -> int | None:
    """``89 days, 0 hours, 4 minutes, 34 seconds`` in seconds; None where a part is not understood."""
    parts = [part.strip() for part in text.split(",")]
    found = [_SPAN.fullmatch(part) for part in parts]
    if not all(found):
        return None
    return sum(int(part[1]) * _UNITS[part[2].casefold()] for part in found if part)
