"""Days as remote systems write them. Belongs here: reading one. Does not belong here: what it means."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = re.compile(r"(\d{4})[-/](\d{1,2}|[A-Za-z]{3,9})[-/](\d{1,2})(?:[T ].*)?")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? (\d{1,2}),? (\d{4})(?: .*)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3,9})[- ](\d{4})(?: .*)?")


def _month(text: str) -> int:
    return int(text) if text.isdigit() else _MONTHS.index(text[:3].casefold()) + 1


def read_day(text: str) -> date | None:
    """``2027-Jan-31 UTC``, ``2027-01-31T00:00:00Z``, ``Jan 31, 2027``, ``31 Jan 2027`` or milliseconds since
    1970 as a day; None for any other form. Which of them an Expressway's code has is not known."""
    text = text.strip()
    try:
        if found := _DAY.fullmatch(text):
            return date(int(found[1]), _month(found[2]), int(found[3]))
        if found := _MONTH_FIRST.fullmatch(text):
            return date(int(found[3]), _month(found[1]), int(found[2]))
        if found := _DAY_FIRST.fullmatch(text):
            return date(int(found[3]), _month(found[2]), int(found[1]))
        if text.isascii() and re.fullmatch(r"\d{12,14}", text):
            return datetime.fromtimestamp(int(text) / 1000, UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
    return None
