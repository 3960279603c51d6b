"""What CSSM is told and what it answers: JSON to values, without a connection.

Belongs here: request bodies and the meaning of answers. Does not belong here: reading of odd JSON (tolerant),
paths (profiles), sending (transport), sentences for people (words). Nothing here raises on bytes or JSON,
whatever they are.

Live answers differ from Cisco's published schema, so decoding is tolerant: a number or the string of one, an
object or a list of one, texts with blanks around them, fields nobody knows. What cannot be understood is
UNKNOWN, or None where a text is absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from reconciler.model import UNKNOWN, Maybe, PoolLine

from .tolerant import PAGE, has_rows, moment, number, rows, text

GOOD = frozenset({"SUCCESS", "OK", "COMPLETE"})
BAD = frozenset({"ERROR", "FAILED", "FAILURE"})

_SAID_KEYS = ("statusMessage", "message", "error_description", "errorMessage", "faultstring", "error")
_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.{0,300}?)</title", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"[\x21\x23-\x26\x28-\x5b\x5d-\x7e]{8,1024}")
_TOKEN_INFO = re.compile(r'"tokenInfo"\s*:\s*\[?\s*\{[^{}]*?"token"\s*:\s*("(?:[^"\\]|\\.)*")')


class Fault(Enum):
    """Why a complete answer is not a usable one."""

    HTML = auto()
    NOT_JSON = auto()
    STRANGE = auto()
    REJECTED = auto()
    UNAUTHORIZED = auto()
    FORBIDDEN = auto()
    MISSING = auto()
    BUSY = auto()
    SERVER = auto()
    REDIRECT = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete HTTP answer, judged. ``said`` is the remote's sentence, clean, without codes.

    ``enveloped`` says whether CSSM itself spoke (a JSON object), and not something in front of it.
    """

    status: int
    data: Any = None
    fault: Fault | None = None
    said: str = ""
    enveloped: bool = False


def read_answer(status: int, body: bytes) -> Answer:
    """Judge one answer: HTTP code, then HTML, then JSON, then the status inside (ERROR in HTTP 200)."""
    data, ok = decode(body)
    if not ok:
        return _unreadable(status, body)
    said = said_by(data)
    fault = _fault_of_code(status) or _fault_of_envelope(data)
    return Answer(status, data, fault, said, enveloped=isinstance(data, dict))


def decode(body: bytes) -> tuple[Any, bool]:
    """JSON of these bytes and whether it was JSON; integers stay exact (poll ids exceed 2^53)."""
    if not body.strip():
        return None, True
    try:
        return json.loads(body.decode("utf-8-sig")), True
    except (ValueError, RecursionError):
        return None, False


def _unreadable(status: int, body: bytes) -> Answer:
    fault = _fault_of_code(status)
    if _HTML.match(body[:4096]):
        return Answer(status, None, fault or Fault.HTML, html_title(body))
    return Answer(status, None, fault or Fault.NOT_JSON)


def _fault_of_code(status: int) -> Fault | None:
    named = {401: Fault.UNAUTHORIZED, 403: Fault.FORBIDDEN, 404: Fault.MISSING, 429: Fault.BUSY}
    if status in named:
        return named[status]
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return Fault.REDIRECT
    return Fault.SERVER if status >= 500 else Fault.REJECTED


def _fault_of_envelope(data: Any) -> Fault | None:
    if not isinstance(data, dict):
        return None if isinstance(data, list) or data is None else Fault.STRANGE
    word = data.get("status")
    if isinstance(word, int) and 200 <= word < 300:
        return None
    return Fault.REJECTED if word is False else fault_of_word(text(word) or "")


def fault_of_word(word: str) -> Fault | None:
    """What a status word of any layer says against an answer; a blank one says nothing."""
    if word.upper() in GOOD or not word:
        return None
    return Fault.REJECTED if word.upper() in BAD else Fault.STRANGE


def html_title(body: bytes) -> str:
    """The title of a page, clean; an empty text where it has none."""
    found = _TITLE.search(body[:65_536].decode("utf-8", "replace"))
    return text(found.group(1)) or "" if found else ""


def said_by(data: Any, depth: int = 0) -> str:
    """The remote's own sentence, wherever it put it, cut to 300 characters."""
    if not isinstance(data, dict) or depth > 3:
        return ""
    for key in _SAID_KEYS:
        value = data.get(key)
        found = said_by(value, depth + 1) if isinstance(value, dict) else text(value)
        if found:
            return found[:300]
    return said_by(data.get("fault"), depth + 1)


# Accounts and virtual accounts


def account_ids(data: Any, domain: str, virtual_account: str) -> tuple[str | None, str | None]:
    """The numeric ids that the summary call wants, from an account search; matched exactly, not by part."""
    for row in rows(data, "accounts", "data"):
        if text(row.get("domain", row.get("domainIdentifier"))) != domain:
            continue
        account = _id(row.get("account_id", row.get("accountIdentifier", row.get("id"))))
        return account, va_id(row, virtual_account)
    return None, None


def va_id(data: Any, virtual_account: str) -> str | None:
    """The numeric id of a virtual account by its exact name."""
    for row in rows(data, "virtual_accounts", "data", "virtualAccounts"):
        if va_name(row) == virtual_account:
            return _id(row.get("virtual_account_id", row.get("virtualAccountId")))
    return None


def _id(value: Any) -> str | None:
    """An id goes into a header: nothing but letters and digits."""
    plain = text(value) or ""
    return plain if re.fullmatch(r"[0-9A-Za-z-]{1,40}", plain) else None


def va_name(row: Mapping[str, Any]) -> str | None:
    return text(row.get("name", row.get("virtualAccountName")))


VA_KEYS = ("virtualAccounts", "data", "virtual_accounts")


def va_names(data: Any) -> tuple[str, ...] | None:
    """Every virtual account that these credentials see; None where the answer holds no such list."""
    if not has_rows(data, *VA_KEYS):
        return None
    return tuple(name for row in rows(data, *VA_KEYS) if (name := va_name(row)))


# Licences


def page_body(virtual_account: str, offset: int, limit: int = PAGE) -> dict[str, Any]:
    """Of the licence list and, alike, of the product instance list."""
    return {"virtualAccounts": [virtual_account], "limit": limit, "offset": offset}


def summary_body(now: datetime, nonce: str) -> dict[str, Any]:
    return {"data": {"timestamp": int(now.timestamp() * 1000), "nonce": nonce, "tags": []}}


def belongs(row: Mapping[str, Any], virtual_account: str) -> bool:
    """Whether a row is of this virtual account: a server that ignores the filter answers for all."""
    return text(row.get("virtualAccount")) in {None, virtual_account}


def pool_line(row: Mapping[str, Any]) -> PoolLine | None:
    """One row of the licence list, which names licences by display name and has no tag."""
    name = text(row.get("license"))
    if name is None:
        return None
    return PoolLine(
        name=name,
        quantity=number(row.get("quantity")),
        in_use=number(row.get("inUse")),
        available=number(row.get("available")),
        reserved=number(row.get("reserved")),
        status=text(row.get("status")) or "",
        ends=_ends(rows(row, "licenseDetails"), "endDate"),
    )


def summary_line(row: Mapping[str, Any]) -> PoolLine | None:
    """One row of the summary. ``reserved`` is already part of ``inuse``, so it is not taken off twice."""
    name = text(row.get("display_name")) or text(row.get("tag"))
    if name is None:
        return None
    entitled, in_use = _quantity(row, "entitled"), _quantity(row, "inuse")
    return PoolLine(
        name=name,
        quantity=entitled,
        in_use=in_use,
        available=UNKNOWN if entitled is UNKNOWN or in_use is UNKNOWN else max(0, entitled - in_use),
        reserved=_quantity(row, "reserved"),
        tag=text(row.get("tag")),
        status=text(row.get("compliance_status")) or "",
        ends=_ends(rows(row, "license_details"), "end_date"),
    )


def _quantity(row: Mapping[str, Any], name: str) -> Maybe[int]:
    return number(row.get(name, row.get(f"prepaid_{name}")))


def _ends(details: Iterable[Mapping[str, Any]], key: str) -> str | None:
    """The first day on which a part of this licence ends; perpetual parts have none."""
    days = [at.date().isoformat() for row in details if (at := moment(row.get(key)))]
    return min(days, default=None)


def is_summary(data: Any, nonce: str) -> bool:
    """Whether this is the summary that was asked for: the nonce comes back where one comes back at all."""
    said = data.get("nonce", nonce) if isinstance(data, dict) else None
    return has_rows(data, "summary") and text(said) == nonce


def tag_sets(data: Any) -> dict[str, frozenset[str]]:
    """Every entitlement tag of a display name, by the name in small letters."""
    found: dict[str, frozenset[str]] = {}
    for row in rows(data, "summary"):
        name, tag = text(row.get("display_name")), text(row.get("tag"))
        if name and tag:
            found[name.casefold()] = found.get(name.casefold(), frozenset()) | {tag}
    return found


def tags_of(data: Any) -> dict[str, str]:
    """Entitlement tag by display name in small letters; a name with two tags has none (ambiguous)."""
    return {name: next(iter(tags)) for name, tags in tag_sets(data).items() if len(tags) == 1}


# Registration tokens


def description_of(op_id: str) -> str:
    """How a token of ours is found again: it carries the id of the effect that made it."""
    return f"xlicense {op_id}"


def create_token_body(op_id: str, *, export_controlled: bool, expires_after_days: int) -> dict[str, Any]:
    """``exportControlled`` is one of two texts. How many uses a token has cannot be said: no known key."""
    return {
        "description": description_of(op_id),
        "expiresAfterDays": expires_after_days,
        "exportControlled": "Allowed" if export_controlled else "Not Allowed",
    }


def revoke_token_body(token: str) -> dict[str, Any]:
    return {"tokens": [token]}


def token_of(data: Any) -> str | None:
    """The token of a create answer. Never from a list: its first entry may be anybody's."""
    if not isinstance(data, dict):
        return None
    infos = rows(data, "tokenInfo")
    found = infos[0].get("token") if len(infos) == 1 else data.get("token")
    return _token(found)


def _token(value: Any) -> str | None:
    plain = text(value) if isinstance(value, str) else None
    return plain if plain and _TOKEN.fullmatch(plain) else None


def find_token(body: bytes) -> str | None:
    """The token of a create answer in raw bytes, also where the rest of the answer never arrived."""
    data, ok = decode(body)
    if ok:
        return token_of(data)
    found = set(_TOKEN_INFO.findall(body.decode("utf-8", "replace")))
    if len(found) != 1:
        return None
    value, ok = decode(found.pop().encode())
    return _token(value) if ok else None


def revoke_fault(data: Any) -> str | None:
    """What an inner status of a revoke answer says against it, None where nothing does."""
    for row in rows(data, "tokens", "tokenInfo"):
        if fault_of_word(text(row.get("status")) or "") is Fault.REJECTED:
            return said_by(row) or "the token was not revoked"
    return None


class Presence(Enum):
    ABSENT = auto()
    PRESENT = auto()
    UNKNOWN = auto()


def own_token(data: Any, op_id: str) -> str | None:
    """The value of the token that this effect made, where the list has it and shows one.

    Only the key ``token`` of an entry is documented, so our description is looked for in every text. One
    that is shown with asterisks is not shown.
    """
    ours = re.compile(rf"(?<![\w-]){re.escape(op_id)}(?![\w-])")
    for entry in rows(data, "tokens"):
        if any(ours.search(value) for value in _texts(entry)):
            value = _token(entry.get("token"))
            return None if value is None or "*" in value else value
    return None


def listed(data: Any, token: str) -> Presence:
    """Whether a token is in the list by its value."""
    if not has_rows(data, "tokens"):
        return Presence.UNKNOWN
    held = {_token(entry.get("token")) for entry in rows(data, "tokens")}
    if token in held:
        return Presence.PRESENT
    return Presence.UNKNOWN if None in held else Presence.ABSENT


def _texts(value: Any, depth: int = 0) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list) and depth < 4:
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item, depth + 1)


# The OAuth answer


def bearer_of(body: bytes) -> tuple[str, int] | None:
    """Access token and seconds of life (an hour where none is stated); None where there is none."""
    data, _ = decode(body)
    if not isinstance(data, dict):
        return None
    token, seconds = data.get("access_token"), number(data.get("expires_in"))
    if not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
        return None
    return token, 3600 if seconds is UNKNOWN else min(max(0, seconds), 86_400)
