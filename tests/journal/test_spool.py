"""The spool by itself: what is appended is there, in order, for everybody, and who writes is alone."""

from __future__ import annotations

import gc
import resource
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler import model as m
from reconciler.errors import JournalBusy, JournalError
from reconciler.journal.chain import START, Head
from reconciler.journal.frames import Frame, FrameKind, encode
from reconciler.journal.spool import RESERVE_BYTES, Reserve, Spool

from .bench import EMEA, NOW

AT = NOW.isoformat()
OPENING = {"journal": "ab", "workspace": "ws1", "version": 1}
HELD = m.to_data(m.HeldCode("c", m.CodeKind.TOKEN, "token/emea", EMEA, "emea", NOW, readable=False))
CODE = {"code": HELD, "run": "run-1", "journal": "ab", "to": []}


def reply(op: str = "op-1", **more: object) -> dict[str, object]:
    return {"op": op, "at": AT, **more}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """As on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def state(spool: Spool) -> tuple[object, ...]:
    return spool.end, spool.synced, spool.head, spool.opening, spool.evidence, spool.codes


def test_a_new_spool_is_empty_and_proves_nothing(path: Path) -> None:
    spool = Spool(path)
    assert state(spool) == (0, 0, START, None, False, [])
    assert (spool.broken, spool.full, spool.size(), spool.answered("op-1")) == (False, False, 0, False)
    assert spool.received("op-1") == ()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_is_appended_is_read_back_and_known_to_whoever_opens_it(path: Path) -> None:
    spool = Spool(path)
    spool.append(FrameKind.OPENING, OPENING)
    assert (spool.opening, spool.evidence) == (OPENING, False)
    first = spool.append(FrameKind.RECEIVED, reply(head=[3, "ff"]), b"one\n")
    place = spool.append(FrameKind.CODE, CODE, b"age")
    spool.append(FrameKind.MARKER, reply(bytes=7))
    spool.append(FrameKind.RECEIVED, reply("op-2", head=[2, "ee"]), b"other")
    spool.append(FrameKind.CANARY, {"at": AT}, b"x")
    synced = spool.end
    spool.append(FrameKind.HEAD, {"head": [5, "aa"]}, loose=True)
    assert (spool.synced, spool.head, spool.evidence, spool.codes) == (synced, Head(5, "aa"), True, [place])
    assert spool.read(*first) == Frame(FrameKind.RECEIVED, reply(head=[3, "ff"]), b"one\n", *first)
    assert [(frame.kind, frame.blob) for frame in spool.received("op-1")] == [
        (FrameKind.RECEIVED, b"one\n"),
        (FrameKind.MARKER, b""),
    ]
    assert (spool.answered("op-2"), spool.answered("op-3")) == (True, False)
    again = Spool(path)
    assert state(again) == state(spool)
    assert again.end == again.size() == path.stat().st_size
    assert again.received("op-2") == spool.received("op-2")


def test_a_head_alone_is_evidence_and_an_older_one_changes_nothing(path: Path) -> None:
    spool = Spool(path)
    spool.append(FrameKind.HEAD, {"head": [5, "aa"]})
    for seq, digest in ((4, "bb"), (5, "cc")):
        spool.append(FrameKind.HEAD, {"head": [seq, digest]})
    assert (spool.head, spool.evidence, spool.synced) == (Head(5, "aa"), True, 0)


def test_what_another_process_appends_is_known_after_a_look(path: Path) -> None:
    ours, theirs = Spool(path), Spool(path)
    ours.append(FrameKind.CANARY, {"at": AT})
    theirs.append(FrameKind.RECEIVED, reply(), b"theirs")
    assert not ours.answered("op-1")
    ours.refresh()
    ours.append(FrameKind.RECEIVED, reply(), b"ours")
    theirs.refresh()
    assert state(ours) == state(theirs)
    assert [frame.blob for frame in theirs.received("op-1")] == [b"theirs", b"ours"]


def test_an_append_takes_in_what_came_before_it_and_cuts_a_torn_tail_off(path: Path) -> None:
    ours, theirs = Spool(path), Spool(path)
    theirs.append(FrameKind.RECEIVED, reply(), b"theirs")
    whole = path.read_bytes()
    with path.open("ab") as file:
        file.write(encode(FrameKind.CANARY, {"at": AT})[:-1])
    with theirs.exclusive():
        theirs.refresh()
    assert path.read_bytes() == whole
    start, end = ours.append(FrameKind.CANARY, {"at": AT})
    assert (start, end, ours.answered("op-1")) == (len(whole), path.stat().st_size, True)


@pytest.mark.parametrize(
    "bad", [encode(FrameKind.HEAD, {"head": ["5", "aa"]}), encode(FrameKind.RECEIVED, {}), b"garbage"]
)
def test_damage_is_named_at_opening_and_later_and_shuts_the_spool(path: Path, bad: bytes) -> None:
    spool = Spool(path)
    spool.append(FrameKind.CANARY, {"at": AT})
    with path.open("ab") as file:
        file.write(bad)
    where = f"the spool {path} is damaged at byte {spool.end}"
    with pytest.raises(JournalError, match=where) as caught:
        spool.refresh()
    assert "restore the newest copy" in (caught.value.remedy or "")
    with pytest.raises(JournalError, match=where):
        spool.append(FrameKind.CANARY, {"at": AT})
    assert spool.broken
    with pytest.raises(JournalError, match="is closed for this process"):
        spool.append(FrameKind.CANARY, {"at": AT})
    with pytest.raises(JournalError, match=where):
        Spool(path)


def test_a_frame_that_was_damaged_since_is_not_read(path: Path) -> None:
    spool = Spool(path)
    start, end = spool.append(FrameKind.RECEIVED, reply(), b"value")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    with pytest.raises(JournalError, match="is damaged at byte 0"):
        spool.read(start, end)
    with pytest.raises(JournalError, match="is damaged at byte 0"):
        spool.read(start, end - 1)


def test_a_spool_that_was_cut_or_replaced_since_is_named(path: Path) -> None:
    spool = Spool(path)
    spool.append(FrameKind.CANARY, {"at": AT})
    size = spool.end
    path.write_bytes(b"")
    with pytest.raises(JournalError, match=f"has shrunk from {size} to 0 bytes"):
        spool.refresh()
    other = Spool(path)
    path.rename(path.with_name("away"))
    with pytest.raises(JournalError, match="was replaced or removed while it was open") as caught:
        other.append(FrameKind.CANARY, {"at": AT})
    assert (caught.value.remedy, other.broken) == ("xlicense doctor", True)


def test_a_closed_spool_takes_nothing_and_gives_nothing(path: Path) -> None:
    spool = Spool(path)
    place = spool.append(FrameKind.CANARY, {"at": AT})
    spool.close()
    spool.refresh()
    with pytest.raises(JournalError, match="is closed for this process"):
        spool.append(FrameKind.CANARY, {"at": AT})
    with pytest.raises(JournalError, match=f"the spool {path} is closed"):
        spool.read(*place)


def test_who_writes_is_alone_until_the_outermost_block_ends(path: Path) -> None:
    ours, theirs = Spool(path), Spool(path)
    with ours.exclusive():
        for _ in range(2):
            with ours.exclusive(), ours.exclusive():
                pass
            with pytest.raises(JournalBusy, match="in another process's hands"), theirs.exclusive(0):
                pass
    with theirs.exclusive(0), pytest.raises(JournalBusy), ours.exclusive(0.01):
        pass
    with ours.exclusive(0):
        pass


def test_a_block_that_fails_or_closes_the_spool_lets_go_of_it(path: Path) -> None:
    ours, theirs = Spool(path), Spool(path)
    with pytest.raises(ZeroDivisionError), ours.exclusive():
        raise ZeroDivisionError
    with theirs.exclusive(0):
        pass
    with ours.exclusive():
        ours.close()
    with theirs.exclusive(0):
        pass


@pytest.mark.parametrize("at_most", [5.0, None])
def test_a_short_write_of_another_is_waited_for(path: Path, at_most: float | None) -> None:
    ours, theirs = Spool(path), Spool(path)
    took = threading.Event()

    def wait() -> None:
        with theirs.exclusive(at_most):
            took.set()

    with ours.exclusive():
        thread = threading.Thread(target=wait)
        thread.start()
        assert not took.wait(0.05)
    assert took.wait(0.9)
    thread.join()


def test_threads_of_one_process_take_turns_too(path: Path) -> None:
    spool = Spool(path)
    thread = threading.Thread(target=lambda: spool.append(FrameKind.CANARY, {"at": AT}))
    with spool.exclusive():
        thread.start()
        thread.join(0.05)
        assert (thread.is_alive(), spool.end) == (True, 0)
    thread.join()
    assert spool.end == spool.size() > 0


def test_a_reply_that_does_not_fit_is_said_and_shuts_the_spool(path: Path) -> None:
    spool = Spool(path)
    with no_file_longer_than(20), pytest.raises(JournalError, match=r"took 20 of \d+ bytes") as caught:
        spool.append(FrameKind.RECEIVED, reply(), b"value" * 9)
    assert "Make room" in (caught.value.remedy or "")
    assert (spool.broken, spool.full) == (True, False)
    assert Spool(path).size() == 0


def test_a_failed_write_is_said_and_shuts_the_spool(path: Path) -> None:
    spool = Spool(path)
    spool.append(FrameKind.CANARY, {"at": AT})
    said = f"the spool {path} cannot be written: File too large"
    with no_file_longer_than(spool.end), pytest.raises(JournalError, match=said) as caught:
        spool.append(FrameKind.CANARY, {"at": AT})
    assert spool.broken
    assert "Look at the disk" in (caught.value.remedy or "")


def test_on_a_full_disk_the_reserve_is_given_up_for_what_is_in_hand(path: Path) -> None:
    spool = Spool(path)
    spool.reserve.take()
    with no_file_longer_than(20), pytest.raises(JournalError, match="took 20 of"):
        spool.append(FrameKind.RECEIVED, reply(), b"value" * 9)
    assert (spool.full, spool.broken) == (True, True)
    assert spool.reserve.path.stat().st_size == 0


def test_the_reserve_takes_up_room_once_and_gives_it_up_once(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve")
    assert reserve.give_up() is False
    for there in (None, b"", b"x" * (RESERVE_BYTES - 1)):
        if there is not None:
            reserve.path.write_bytes(there)
            assert reserve.give_up() is False
        reserve.take()
        assert reserve.path.stat().st_size == RESERVE_BYTES == 64 * 1024
        assert stat.S_IMODE(reserve.path.stat().st_mode) == 0o600
    kept = reserve.path.read_bytes()
    assert kept[:4096] != kept[4096:8192]  # a file system that compresses would set nothing aside
    reserve.take()
    assert reserve.path.read_bytes() == kept
    assert (reserve.give_up(), reserve.path.stat().st_size) == (True, 0)
    assert reserve.give_up() is False


def test_a_reserve_for_which_there_is_no_room_is_said(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve")
    with no_file_longer_than(1000), pytest.raises(JournalError, match="64 KiB cannot be set aside"):
        reserve.take()
    with no_file_longer_than(0), pytest.raises(JournalError, match="File too large"):
        reserve.take()
    reserve.path.chmod(0o640)
    with pytest.raises(JournalError, match="by others"):
        reserve.take()


def descriptors() -> int:
    """How many are open, without those of what nobody holds any more: other tests left it."""
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_spool_leaves_no_descriptor_behind(path: Path) -> None:
    before = descriptors()
    for _ in range(3):
        spool = Spool(path)
        spool.reserve.take()
        spool.reserve.give_up()
        spool.close()
    assert descriptors() == before
