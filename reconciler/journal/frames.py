"""The form of the spool: frames, one after the other. Pure: bytes in, values out.

A frame is::

    "XLSP"  kind (1)  length of the body (4)  crc of these nine bytes (4)  body  crc of the body (4)

and a body is one line of JSON and then raw bytes (for what was received: one complete age file). The two
checksums tell a tail that was never finished, which is forgiven, from damage, which is not: a frame whose
head is whole and whose body is complete but wrong was on disk once.
"""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from reconciler.model import HeldCode, from_data

from .chain import canonical

Bytes = bytes | mmap.mmap

_MAGIC = b"XLSP"
_HEAD = struct.Struct(">4s1sI")
_CRC = struct.Struct(">I")
_PREFIX = _HEAD.size + _CRC.size


class FrameKind(Enum):
    """``OPENING`` starts the file, ``HEAD`` repeats a head of the record chain, ``RECEIVED`` is a sealed
    reply, ``MARKER`` stands for a reply that could not be sealed, ``CANARY`` proves that writing works,
    ``CODE`` is a sealed code that the journal did not take."""

    OPENING = b"J"
    HEAD = b"H"
    RECEIVED = b"R"
    MARKER = b"M"
    CANARY = b"K"
    CODE = b"C"


@dataclass(frozen=True, slots=True)
class Frame:
    """``start`` and ``end`` are byte positions in the file."""

    kind: FrameKind
    about: dict[str, Any]
    blob: bytes
    start: int
    end: int

    def __repr__(self) -> str:
        return f"Frame({self.kind.name}, {self.about}, {len(self.blob)} bytes at {self.start})"


_KINDS = frozenset(kind.value for kind in FrameKind)


class Damage(Exception):
    """The bytes at ``offset`` are no frame and no unfinished tail either."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"damage at byte {offset}")
        self.offset = offset


def encode(kind: FrameKind, about: dict[str, Any], blob: bytes = b"") -> bytes:
    body = canonical(about).encode() + b"\n" + blob
    head = _HEAD.pack(_MAGIC, kind.value, len(body))
    return b"".join((head, _CRC.pack(zlib.crc32(head)), body, _CRC.pack(zlib.crc32(body))))


def scan(data: Bytes, base: int = 0) -> Iterator[Frame]:
    """The frames of ``data``, which begins at byte ``base`` of the file, up to an unfinished tail.

    Raises Damage. The caller sees a torn tail as bytes left after the last frame's ``end``.
    """
    position = 0
    while (frame := _frame(data, position, base)) is not None:
        yield frame
        position = frame.end - base


def _frame(data: Bytes, position: int, base: int) -> Frame | None:
    prefix = data[position : position + _PREFIX]
    if len(prefix) < _PREFIX or not any(prefix):
        _must_be_torn(data, position, base)
        return None
    magic, kind, length = _HEAD.unpack_from(prefix)
    if _CRC.unpack_from(prefix, _HEAD.size)[0] != zlib.crc32(prefix[: _HEAD.size]) or magic != _MAGIC:
        raise Damage(base + position)
    begin, end = position + _PREFIX, position + _PREFIX + length
    if len(data) < end + _CRC.size:
        return None
    body = data[begin:end]
    if _CRC.unpack_from(data, end)[0] != zlib.crc32(body):
        raise Damage(base + position)
    if kind not in _KINDS:
        raise Damage(base + position)
    line, _, blob = body.partition(b"\n")
    return Frame(
        FrameKind(kind), _about(line, base + position), blob, base + position, base + end + _CRC.size
    )


def _about(line: bytes, offset: int) -> dict[str, Any]:
    try:
        about = json.loads(line)
    except ValueError:
        raise Damage(offset) from None
    if not isinstance(about, dict):
        raise Damage(offset)
    return about


def _must_be_torn(data: Bytes, position: int, base: int) -> None:
    """A tail that begins like a frame, or holds only zeros (blocks given out and never filled)."""
    rest = data[position:]
    if any(rest) and not _MAGIC.startswith(rest[: len(_MAGIC)]):
        raise Damage(base + position)


def is_sound(frame: Frame) -> bool:
    """Whether a frame says what its kind must say. Its sums do not tell: whoever can write, can add up."""
    return ("head" not in frame.about or _is_head(frame)) and _SOUND[frame.kind](frame)


def _is_head(frame: Frame) -> bool:
    head = frame.about.get("head")
    return isinstance(head, list) and [type(part) for part in head] == [int, str]


def _is_opening(frame: Frame) -> bool:
    about = frame.about
    named = isinstance(about.get("journal"), str) and isinstance(about.get("workspace"), str)
    return named and type(about.get("version")) is int


def _is_reply(frame: Frame) -> bool:
    return isinstance(frame.about.get("op"), str) and _is_dated(frame)


def _is_marker(frame: Frame) -> bool:
    return _is_reply(frame) and type(frame.about.get("bytes")) is int


def _is_dated(frame: Frame) -> bool:
    try:
        datetime.fromisoformat(frame.about["at"])
    except (KeyError, TypeError, ValueError):
        return False
    return True


def _is_code(frame: Frame) -> bool:
    about, to = frame.about, frame.about.get("to")
    try:
        from_data(HeldCode, about.get("code"))
    except ValueError:
        return False
    named = isinstance(about.get("run"), str) and isinstance(about.get("journal"), str)
    return named and isinstance(to, list) and all(isinstance(one, str) for one in to) and frame.blob.isascii()


_SOUND: Mapping[FrameKind, Callable[[Frame], bool]] = {
    FrameKind.OPENING: _is_opening,
    FrameKind.HEAD: _is_head,
    FrameKind.RECEIVED: _is_reply,
    FrameKind.MARKER: _is_marker,
    FrameKind.CANARY: _is_dated,
    FrameKind.CODE: _is_code,
}
