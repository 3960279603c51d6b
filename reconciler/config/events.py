"""YAML text -> plain dicts, lists and texts, and where each of them stands. The one home of PyYAML.

Belongs here: the event stream, its limits, and what YAML itself may not contain (duplicate keys, tags, merge
keys, more than one document). Does not belong here: what a key means (documents) and how a complaint about a
field is worded (complaining).

Every scalar stays the text that was written: ``14.10``, ``on`` and ``52E01234`` are themselves, and the
documents give them types. PyYAML's events come one at a time and without recursion, so every limit holds
before anything is built. No name out of the text (anchors, tags) is repeated in a message: it could be a
password that somebody forgot to quote. A key is repeated where it looks like one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
MAX_ALIASES = 100
MAX_EXPANDED = 20_000
"""How many values all aliases of one file may stand for together."""

Tree: TypeAlias = "str | list[Any] | dict[str, Any]"
YamlPath: TypeAlias = tuple[str | int, ...]

SECRET_KEYS = frozenset({"password", "key", "client_id", "client_secret", "credentials", "token"})
"""What stands under one of these is repeated nowhere."""
NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")
"""What a key of a workspace looks like; anything else could be a secret in the wrong place."""
DUPLICATE = "duplicate-key"

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_PARSER: Any = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands, and the key or dash it belongs to; lines and columns count from 1."""

    line: int
    column: int
    key_line: int
    key_column: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that YAML allows and a workspace does not, or that is no YAML at all."""

    line: int
    column: int
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class Reading:
    """``data`` is None where the text could not be read to its end. ``spots`` is empty unless asked for.

    ``keys`` are the positions of the outermost keys, which cost nothing to note.
    """

    data: Tree | None
    remarks: tuple[Remark, ...] = ()
    spots: dict[YamlPath, Spot] = field(default_factory=dict)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)


class _Stop(Exception):
    """Reading cannot go on; the remark says why."""

    def __init__(self, mark: Any, message: str, code: str) -> None:
        super().__init__(message)
        self.remark = _remark(mark, message, code)


def decode(raw: bytes) -> str | Remark:
    """The text of a file, without a byte order mark, or why it is not one."""
    if len(raw) > MAX_BYTES:
        return Remark(0, 0, f"the file is larger than {MAX_BYTES // 1024} KiB", "too-large")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", errors="replace")
        line, column = _line_and_column(before, len(before))
        return Remark(line, column, "this is not UTF-8 text; save the file as UTF-8", "encoding")
    return text


def read(text: str, *, spots: bool = False) -> Reading:
    """Read one document. Never raises for what the text contains.

    A key that stands twice is told with the place of the first, so the text is read again with positions.
    """
    reading = _read(text, spots)
    if not spots and any(remark.code == DUPLICATE for remark in reading.remarks):
        reading = _read(text, spots=True)
    return reading


def _read(text: str, spots: bool) -> Reading:
    builder = _Builder(note_spots=spots)
    try:
        builder.run(text)
    except _Stop as stop:
        builder.remarks.append(stop.remark)
        builder.data = None
    except yaml.YAMLError as error:
        builder.remarks.append(_syntax(text, error))
        builder.data = None
    return Reading(builder.data, tuple(builder.remarks), builder.spots, builder.keys)


def _syntax(text: str, error: yaml.YAMLError) -> Remark:
    """The parser's own complaint, placed, and said plainly where the cause is a well-known one."""
    if isinstance(error, yaml.reader.ReaderError):
        line, column = _line_and_column(text, _first_unprintable(text))
        return Remark(line, column, "a control character is not allowed here", "yaml-syntax")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    if _is_tab(text, line, column):
        return Remark(line, column, "a tab cannot indent YAML; use spaces", "tab")
    problem = getattr(error, "problem", None) or "cannot be read"
    return Remark(line, column, f"this is not YAML: {problem}", "yaml-syntax")


def lines_of(text: str) -> list[str]:
    """The lines as YAML counts them."""
    return _LINE_BREAK.split(text)


def _is_tab(text: str, line: int, column: int) -> bool:
    row = "".join(lines_of(text)[line - 1 : line]) if line else ""
    indent = row[: len(row) - len(row.lstrip())]
    return "\t" in indent or row[column - 1 : column] == "\t"


def _first_unprintable(text: str) -> int:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    return int(found.start()) if found else 0


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    before = lines_of(text[:index])
    return len(before), len(before[-1]) + 1


def _remark(mark: Any, message: str, code: str) -> Remark:
    return Remark(mark.line + 1, mark.column + 1, message, code)


class _Frame:
    """A mapping or list that is still open."""

    __slots__ = ("anchor", "height", "key", "key_mark", "path", "seen", "size", "value")

    def __init__(self, value: Any, path: YamlPath, anchor: str | None) -> None:
        self.value = value
        self.path = path
        self.anchor = anchor
        self.key: str | None = None
        self.key_mark: Any = None
        self.seen = 1
        self.size = 1
        self.height = 1


class _Anchored:
    __slots__ = ("height", "size", "value")

    def __init__(self, value: Any, size: int, height: int) -> None:
        self.value = value
        self.size = size
        self.height = height


class _Builder:
    """Turns events into data. One pass, no recursion, the limits checked at each event."""

    def __init__(self, *, note_spots: bool) -> None:
        self.data: Any = None
        self.remarks: list[Remark] = []
        self.spots: dict[YamlPath, Spot] = {}
        self.keys: dict[str, tuple[int, int]] = {}
        self._note_spots = note_spots
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._aliases = 0
        self._expanded = 0
        self._documents = 0

    def run(self, text: str) -> None:
        parser = _PARSER(text)
        handlers = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open_mapping,
            yaml.SequenceStartEvent: self._open_list,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        try:
            while (event := parser.get_event()) is not None:
                handler = handlers.get(type(event))
                if handler:
                    handler(event)
        finally:
            parser.dispose()
        if not self._documents or self.data == "":
            self.data = None
            self.remarks = [Remark(1, 1, "the file is empty", "empty-file")]

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _Stop(event.start_mark, "a file holds one document; remove this ---", "multi-document")

    def _scalar(self, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        if event.tag is not None:
            self._say(event, "tags (!) are not allowed; quote the text if it starts with !", "tag")
        if frame is not None and frame.key is None and type(frame.value) is dict:
            self._key(frame, event)
            return
        value = event.value
        if event.implicit[0] and value in {"", "~", "null", "Null", "NULL"} and frame is not None:
            self._say(event, "this has no value; give one or leave the key out", "no-value")
            value = ""
        self._put(frame, value, event)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(value, 1, 0)

    def _key(self, frame: _Frame, event: Any) -> None:
        key = event.value
        if key == "<<" and event.implicit[0]:
            self._say(event, "merge keys (<<) are not allowed; write the keys out", "merge-key")
        if key in frame.value:
            self._say(event, self._twice(frame, key), DUPLICATE)
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(key, 1, 0)
        frame.key = key
        frame.key_mark = event.start_mark
        if len(self._stack) == 1:
            self.keys[key] = (event.start_mark.line + 1, event.start_mark.column + 1)

    def _twice(self, frame: _Frame, key: str) -> str:
        """Which key, where it can be no secret, and where it stood first, where positions are noted."""
        secret = any(part in SECRET_KEYS for part in frame.path) or not NAME.fullmatch(key)
        first = self.spots.get((*frame.path, key))
        seen = f", first in line {first.key_line}" if first else ""
        return f"{'this key' if secret else key} stands here twice{seen}"

    def _put(self, frame: _Frame | None, value: Any, event: Any) -> None:
        if self._note_spots:
            self._spot(frame, event)
        if frame is None:
            self.data = value
            return
        frame.size += 1
        if type(frame.value) is list:
            frame.value.append(value)
        else:
            frame.value.setdefault(frame.key, value)
            frame.key = None

    def _spot(self, frame: _Frame | None, event: Any) -> None:
        mark = event.start_mark
        key_mark = mark if frame is None or frame.key_mark is None else frame.key_mark
        spot = Spot(mark.line + 1, mark.column + 1, key_mark.line + 1, key_mark.column + 1)
        self.spots.setdefault(self._path(frame), spot)

    def _path(self, frame: _Frame | None) -> YamlPath:
        if frame is None:
            return ()
        last = frame.key if type(frame.value) is dict else len(frame.value)
        return (*frame.path, last)  # type: ignore[arg-type] # a mapping has a key by now

    def _open_mapping(self, event: Any) -> None:
        self._open({}, event)

    def _open_list(self, event: Any) -> None:
        self._open([], event)

    def _open(self, value: Any, event: Any) -> None:
        frame = self._stack[-1] if self._stack else None
        if len(self._stack) >= MAX_DEPTH:
            raise _Stop(event.start_mark, f"nested deeper than {MAX_DEPTH} levels", "too-deep")
        if frame is not None and frame.key is None and type(frame.value) is dict:
            raise _Stop(event.start_mark, "a key must be a text", "bad-key")
        if event.tag is not None:
            self._say(event, "tags (!) are not allowed", "tag")
        path = self._path(frame) if self._note_spots else ()
        self._put(frame, value, event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Frame(value, path, event.anchor))

    def _close(self, _event: Any) -> None:
        frame = self._stack.pop()
        if frame.anchor is not None:
            self._anchors[frame.anchor] = _Anchored(frame.value, frame.size, frame.height)
        if self._stack:
            above = self._stack[-1]
            above.size += frame.size
            above.height = max(above.height, frame.height + 1)

    def _alias(self, event: Any) -> None:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise _Stop(event.start_mark, f"more than {MAX_ALIASES} aliases (*)", "too-many-aliases")
        target = self._anchors.get(event.anchor)
        if target is None:
            raise _Stop(event.start_mark, "this alias (*) has no anchor (&) before it", "alias")
        frame = self._stack[-1] if self._stack else None
        if frame is not None and frame.key is None and type(frame.value) is dict:
            raise _Stop(event.start_mark, "an alias (*) cannot be a key", "bad-key")
        self._count(target, event)
        self._put(frame, target.value, event)
        if frame is not None:
            frame.size += target.size - 1
            frame.height = max(frame.height, target.height + 1)

    def _count(self, target: _Anchored, event: Any) -> None:
        self._expanded += target.size
        if self._expanded > MAX_EXPANDED:
            message = f"the aliases (*) of this file stand for more than {MAX_EXPANDED} values"
            raise _Stop(event.start_mark, message, "too-many-aliases")
        if len(self._stack) + target.height > MAX_DEPTH:
            raise _Stop(event.start_mark, f"nested deeper than {MAX_DEPTH} levels", "too-deep")

    def _say(self, event: Any, message: str, code: str) -> None:
        self.remarks.append(_remark(event.start_mark, message, code))
