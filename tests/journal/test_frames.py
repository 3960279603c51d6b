"""Frames: what is written is read, a torn tail is told from damage, and nothing else raises."""

from __future__ import annotations

import contextlib
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.journal.frames import Damage, Frame, FrameKind, encode, scan

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


def test_a_frame_of_a_kind_that_this_version_does_not_know_is_not_skipped() -> None:
    known = encode(FrameKind.CANARY, {}, b"x")
    unknown = _relabelled(known, b"?")
    with pytest.raises(Damage):
        list(scan(unknown))


def _relabelled(frame: bytes, kind: bytes) -> bytes:
    head = frame[:4] + kind + frame[5:9]
    return head + struct.pack(">I", zlib.crc32(head)) + frame[13:]


def test_a_frame_shows_where_it_is_and_not_what_it_holds() -> None:
    assert repr(Frame(FrameKind.RECEIVED, {"op": "op-1"}, b"age", 5, 9)) == (
        "Frame(RECEIVED, {'op': 'op-1'}, 3 bytes at 5)"
    )
