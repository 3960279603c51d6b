"""One file as it was read: its text, its data, and where everything in it stands.

Belongs here: reading a file within limits, positions (worked out only when somebody asks), and which lines
may be shown. Does not belong here: what the data means.
"""

from __future__ import annotations

import re
import stat
from functools import cached_property
from pathlib import Path
from typing import Any

from reconciler.config import events
from reconciler.config.events import Spot, YamlPath
from reconciler.errors import Complaint

_KEY = r"(pas\w*|pwd|pw|secret\w*|client\w*|value|key|credential\w*|private\w*|token)[\"']?\s*:"
_SENSITIVE = re.compile(rf"{_KEY}|PRIVATE KEY", re.IGNORECASE)
_STILL_OPEN = re.compile(rf"{_KEY}[^,{{}}\[\]]*\Z", re.IGNORECASE)
_LONGEST_SHOWN = 300
_LINES_BEFORE = 20
_USUAL_BYTES = 64 * 1024
"""Asked for first: making room for the largest file allowed takes longer than reading a usual one."""


class Source:
    """``path`` is relative to the workspace. ``data`` is None where the file could not be read."""

    def __init__(self, path: str, raw: bytes) -> None:
        self.path = path
        text = events.decode(raw)
        if isinstance(text, str):
            self.text = text
            reading = events.read(text)
        else:
            self.text = ""
            reading = events.Reading(None, (text,))
        self.data: Any = reading.data
        self.remarks = reading.remarks
        self.keys = reading.keys

    @cached_property
    def spots(self) -> dict[YamlPath, Spot]:
        """Read again with positions: twice the work, for the few files that are asked about."""
        return events.read(self.text, spots=True).spots

    @cached_property
    def lines(self) -> list[str]:
        return events.lines_of(self.text)

    def spot(self, path: YamlPath) -> Spot:
        """Where this value stands, or the nearest one around it that was written."""
        for end in range(len(path), -1, -1):
            found = self.spots.get(path[:end])
            if found:
                return found
        return Spot(1, 1, 1, 1)

    def at(self, path: YamlPath) -> tuple[int, int]:
        """Line and column of the key of this value, or of the item in a list."""
        spot = self.spot(path)
        return spot.key_line, spot.key_column

    def value_at(self, path: YamlPath) -> tuple[int, int]:
        """Line and column of the value itself."""
        spot = self.spot(path)
        return spot.line, spot.column

    def complaint(
        self, at: tuple[int, int], message: str, code: str, *, level: str = "error", secret: bool = False
    ) -> Complaint:
        line, column = at
        shown = "" if secret else self.shown(line)
        return Complaint(self.path, line, column, message, code, level, shown)

    def shown(self, line: int) -> str:
        """The text of a line, or nothing where it or anything around it could hold a secret."""
        if not 0 < line <= len(self.lines):
            return ""
        row = self.lines[line - 1]
        near = (row, *self._above(line))
        before = "\n".join(self.lines[max(0, line - 1 - _LINES_BEFORE) : line - 1])
        hidden = any(_SENSITIVE.search(text) for text in near) or _STILL_OPEN.search(before)
        return "" if hidden or len(row) > _LONGEST_SHOWN else row

    def _above(self, line: int) -> list[str]:
        """The lines that this one is indented under: a long value belongs to the key above it."""
        indent = _indent(self.lines[line - 1])
        found = []
        for number in range(line - 2, -1, -1):
            row = self.lines[number]
            if row.strip() and _indent(row) < indent:
                indent = _indent(row)
                found.append(row)
            if not indent:
                break
        return found


def _indent(row: str) -> int:
    return len(row) - len(row.lstrip())


def read_file(root: Path, path: str) -> Source | Complaint:
    """The source at this relative path, or why it is not read.

    Only plain files inside the workspace are: a link may not lead out of it, and a pipe may not block.
    """
    file = root / path
    try:
        mode = file.lstat().st_mode
        if stat.S_ISLNK(mode):
            if not file.resolve().is_relative_to(root.resolve()):
                return Complaint(path, 0, 0, "this link leads out of the workspace", "outside")
            mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            return Complaint(path, 0, 0, "this is not a file", "unreadable")
        with file.open("rb", buffering=0) as stream:
            raw = stream.read(_USUAL_BYTES)
            if len(raw) == _USUAL_BYTES:
                raw += stream.read(events.MAX_BYTES + 1 - _USUAL_BYTES)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Complaint(path, 0, 0, f"the file cannot be read: {reason}", "unreadable")
    return Source(path, raw)
