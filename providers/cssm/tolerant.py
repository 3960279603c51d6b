"""Reading JSON whose writers do not agree: small tolerant readers, page turning, redaction. Pure.

Belongs here: what is true of any such answer. Does not belong here: what CSSM calls things (wire). Nothing
here raises, whatever the JSON is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler.model import UNKNOWN, Maybe

PAGE = 100
PAGES_AT_MOST = 200
"""20,000 rows: twice the largest published size of an On-Prem (10,000 product instances, HCM-F guide)."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


def text(value: Any) -> str | None:
    """A text without the blanks around it and without control characters; a blank one is None."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    printable = _CONTROL.sub(" ", _str(value).encode("utf-8", "replace").decode("utf-8"))
    return printable.strip() or None


def _str(value: str | int) -> str:
    """An integer of thousands of digits is refused by Python itself; as a text it means nothing to us."""
    try:
        return str(value)
    except ValueError:
        return ""


def number(value: Any) -> Maybe[int]:
    """``10``, ``"10"``, ``10.0``; anything else is UNKNOWN."""
    if isinstance(value, bool):
        return UNKNOWN
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else UNKNOWN
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value):
        return int(value)
    return UNKNOWN


def moment(value: Any) -> datetime | None:
    """``2022-07-11T14:33:41Z``, ``2019-05-20`` or milliseconds since 1970, as aware UTC."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
        read = datetime.fromisoformat(text(value) or "")
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def rows(data: Any, *keys: str) -> list[dict[str, Any]]:
    """The objects under the first of these keys; a single object counts as a list of one."""
    found = next((data[key] for key in keys if key in data), None) if isinstance(data, dict) else data
    if isinstance(found, dict):
        return [found]
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def has_rows(data: Any, *keys: str) -> bool:
    """Whether the answer holds such a list at all: an answer without it says nothing about absence.

    A list may be given as null, or left out of an answer which says that there are none.
    """
    if not isinstance(data, dict):
        return isinstance(data, list)
    stated = [data[key] for key in keys if key in data]
    return any(item is None or isinstance(item, list | dict) for item in stated) or _says_none(data)


def _says_none(data: Mapping[str, Any]) -> bool:
    return total_of(data) == 0 or (text(data.get("message_code")) or "").upper() == "NO DATA FOUND"


class Pages:
    """Collects the rows of several answers; ``wanted`` is the offset to ask for next, None at the end.

    Totals move while we read, so each answer's own total counts, and an empty page ends it. ``cut`` says
    that the end was not reached: the hard cap, or a server that ignores the offset and repeats itself.
    """

    def __init__(self, size: int = PAGE, at_most: int = PAGES_AT_MOST) -> None:
        self.rows: list[dict[str, Any]] = []
        self.wanted: int | None = 0
        self.cut = False
        self._offset = 0
        self._size = size
        self._left = at_most
        self._seen: set[str] = set()

    def take(self, page: Sequence[dict[str, Any]], total: Maybe[int]) -> None:
        keyed = [(_key(row), row) for row in page]
        new = [row for key, row in keyed if key not in self._seen]
        self._seen.update(key for key, _ in keyed)
        self.rows.extend(new)
        self._left -= 1
        self._offset += len(page)
        ended = not page or (len(page) < self._size if total is UNKNOWN else self._offset >= total)
        self.cut = not ended and (self._left <= 0 or (not new and total is not UNKNOWN))
        self.wanted = None if ended or self.cut or not new else self._offset


def _key(row: dict[str, Any]) -> str:
    try:
        return json.dumps(row, sort_keys=True)
    except RecursionError:
        return " ".join(row)


def total_of(data: Any) -> Maybe[int]:
    """``totalRecords`` of the v1 family, ``totalRows`` of the PnP family."""
    if not isinstance(data, dict):
        return UNKNOWN
    return number(data.get("totalRecords", data.get("totalRows")))


def without(said: str, secrets: Iterable[str]) -> str:
    """What the remote said, with every one of these values taken out of it."""
    for secret in sorted((s for s in secrets if s), key=len, reverse=True):
        said = said.replace(secret, "<redacted>")
    return said
