"""Frames: what is written is read, a torn tail is told from damage, and nothing else raises."""

from __future__ import annotations

import contextlib
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import model as m
from reconciler.journal.frames import Damage, Frame, FrameKind, encode, is_sound, scan

from .bench import EMEA, NOW

ABOUT = st.dictionaries(st.text(max_size=5), st.text(max_size=20) | st.integers(), max_size=3)
FRAMES = st.lists(st.tuples(st.sampled_from(FrameKind), ABOUT, st.binary(max_size=60)), max_size=4)


def written(parts: list[tuple[FrameKind, dict[str, Any], bytes]]) -> bytes:
    return b"".join(encode(*part) for part in parts)


@settings(max_examples=50, deadline=None)
@given(FRAMES)
def test_what_is_written_is_read(parts: list[tuple[FrameKind, dict[str, Any], bytes]]) -> None:
    data = written(parts)
    frames = list(scan(data))
    assert [(frame.kind, frame.about, frame.blob) for frame in frames] == parts
    assert [frame.start for frame in frames] == [0, *(frame.end for frame in frames)][: len(frames)]
    assert (frames[-1].end if frames else 0) == len(data)


@settings(max_examples=50, deadline=None)
@given(FRAMES, st.data())
def test_a_cut_leaves_the_whole_frames_before_it(
    parts: list[tuple[FrameKind, dict[str, Any], bytes]], draw: st.DataObject
) -> None:
    data = written(parts)
    cut = draw.draw(st.integers(0, len(data)))
    ends = [frame.end for frame in scan(data)]
    assert [frame.end for frame in scan(data[:cut])] == [end for end in ends if end <= cut]


def test_every_flipped_bit_is_damage() -> None:
    data = written([(FrameKind.HEAD, {"head": [1, "ab"]}, b""), (FrameKind.RECEIVED, {"op": "op-1"}, b"age")])
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(Damage):
            list(scan(bytes(flipped)))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_frames_or_torn_or_damage(data: bytes) -> None:
    with contextlib.suppress(Damage):
        assert list(scan(data)) == []


def framed(kind: bytes, body: bytes, magic: bytes = b"XLSP") -> bytes:
    """A frame whose sums are right, whatever it says."""
    head = magic + kind + struct.pack(">I", len(body))
    return head + struct.pack(">I", zlib.crc32(head)) + body + struct.pack(">I", zlib.crc32(body))


GOOD = framed(b"K", b"{}\nblob")


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(framed(b"?", b"{}\n"), id="a kind that this version does not know"),
        pytest.param(framed(b"K", b"{}\n", magic=b"XLSQ"), id="another beginning"),
        pytest.param(framed(b"K", b"{\n"), id="no JSON"),
        pytest.param(framed(b"K", b"[1]\n"), id="a list"),
        pytest.param(GOOD[:-1] + b"?", id="a wrong sum at the end"),
        pytest.param(GOOD[:9] + b"????" + GOOD[13:], id="a wrong sum of the head"),
        pytest.param(b"\0" * 13 + b"x", id="something after zeros"),
        pytest.param(b"\0x", id="something after a zero"),
        pytest.param(b"XLSQ", id="no beginning of a frame"),
        pytest.param(b"XM", id="no beginning of a beginning"),
    ],
)
def test_damage_is_named_by_the_byte_of_the_file_where_trust_ends(bad: bytes) -> None:
    with pytest.raises(Damage) as caught:
        list(scan(GOOD + bad + GOOD, 1000))
    assert caught.value.offset == 1000 + len(GOOD)
    assert str(caught.value) == f"damage at byte {1000 + len(GOOD)}"


@pytest.mark.parametrize(
    "tail", [b"", b"X", b"XLSP", b"XLSPK", GOOD[:12], GOOD[:-1], b"\0", b"\0" * 13, bytes(99)]
)
def test_a_tail_that_was_never_finished_is_no_damage(tail: bytes) -> None:
    (frame,) = scan(GOOD + tail, 50)
    assert frame == Frame(FrameKind.CANARY, {}, b"blob", 50, 50 + len(GOOD))


def test_what_is_in_a_frame_may_have_lines() -> None:
    data = encode(FrameKind.RECEIVED, {"op": "op-1"}, b"one\ntwo\n")
    assert data == framed(b"R", b'{"op":"op-1"}\none\ntwo\n')
    assert [frame.blob for frame in scan(data)] == [b"one\ntwo\n"]


def test_frames_follow_each_other_in_the_file() -> None:
    size = len(GOOD)
    assert [(frame.start, frame.end) for frame in scan(GOOD * 2)] == [(0, size), (size, 2 * size)]
    assert [frame.start for frame in scan(GOOD * 3, 50)] == [50, 50 + size, 50 + 2 * size]


HELD = m.to_data(m.HeldCode("code-1", m.CodeKind.TOKEN, "token/emea", EMEA, "emea", NOW, readable=False))
AT = NOW.isoformat()
SOUND: dict[FrameKind, dict[str, Any]] = {
    FrameKind.OPENING: {"journal": "ab", "workspace": "ws1", "version": 1},
    FrameKind.HEAD: {"head": [3, "ff"]},
    FrameKind.RECEIVED: {"op": "op-1", "at": AT, "head": [3, "ff"]},
    FrameKind.MARKER: {"op": "op-1", "at": AT, "head": [3, "ff"], "bytes": 7},
    FrameKind.CANARY: {"at": AT},
    FrameKind.CODE: {"code": HELD, "run": "run-1", "journal": "ab", "to": ["age1x", "age1y"]},
}


def sound(kind: FrameKind, about: dict[str, Any], blob: bytes = b"age") -> bool:
    return is_sound(Frame(kind, about, blob, 0, 9))


@pytest.mark.parametrize("kind", FrameKind)
def test_a_frame_that_says_what_its_kind_must_say_is_sound(kind: FrameKind) -> None:
    assert sound(kind, SOUND[kind]) is True


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in SOUND for name in SOUND[kind]])
def test_a_frame_that_says_something_else_is_not(kind: FrameKind, name: str) -> None:
    """Its sums do not tell: whoever can write, can add up."""
    missing = {key: value for key, value in SOUND[kind].items() if key != name}
    if name != "head" or kind is FrameKind.HEAD:
        assert not sound(kind, missing)
    assert not sound(kind, missing | {name: None})
    assert not sound(kind, missing | {name: "3" if name in {"version", "bytes", "to"} else 3})
    assert not sound(kind, missing | {name: [["3"]]})


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (FrameKind.HEAD, {"head": ["3", "ff"]}),
        (FrameKind.HEAD, {"head": [3]}),
        (FrameKind.RECEIVED, {"head": [3, 4]}),
        (FrameKind.RECEIVED, {"at": "yesterday"}),
        (FrameKind.CANARY, {"head": [True, "ff"]}),
        (FrameKind.OPENING, {"version": True}),
        (FrameKind.MARKER, {"bytes": False}),
        (FrameKind.CODE, {"code": {}}),
        (FrameKind.CODE, {"to": ["age1x", 3]}),
    ],
)
def test_nor_is_one_with_half_of_it(kind: FrameKind, change: dict[str, Any]) -> None:
    assert not sound(kind, SOUND[kind] | change)


def test_a_code_is_text_and_may_name_nobody_that_it_is_sealed_to() -> None:
    assert sound(FrameKind.CODE, SOUND[FrameKind.CODE] | {"to": []}) is True
    assert not sound(FrameKind.CODE, SOUND[FrameKind.CODE], b"\xff")


def test_a_frame_shows_where_it_is_and_not_what_it_holds() -> None:
    assert repr(Frame(FrameKind.RECEIVED, {"op": "op-1"}, b"age", 5, 9)) == (
        "Frame(RECEIVED, {'op': 'op-1'}, 3 bytes at 5)"
    )
