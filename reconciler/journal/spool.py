"""The spool: an append-only file that takes a reply before anything else looks at it.

Belongs here: the file, its lock, its tail, an index of what is in it. The form of a frame is in `frames`;
what is sealed and by whom is in `keys`. Nothing here awaits or buffers: `append` returns when the bytes are
on disk (``O_APPEND|O_DSYNC``), but for the heads of the record chain, which need not survive more than the
process.

Several processes may append. Each takes an advisory lock for the length of one write, and first reads what
the others have added, so that a tail left by a process that died in the middle is cut off (it was never
reported as written) and does not end up in the middle of the file.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reconciler.errors import JournalBusy, JournalError

from .chain import START, Head
from .folder import KEEP, LOOK, MAKE_ROOM, RESERVE, check_private, is_at, open_private
from .frames import Bytes, Damage, Frame, FrameKind, encode, is_sound, scan

_PAGE = 4096
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
RESERVE_BYTES = 64 * 1024
_PAUSE = 0.005
_PATIENCE = 5.0
"""Seconds. A write takes milliseconds: who holds the file for longer stands still in the middle of one."""

STANDS_STILL = "Another process is in the middle of a write. Let it go on, or end it, and try again."


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


class Reserve:
    """A file that only takes up room, so that a full disk still has some for a reply that is on its way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def take(self) -> None:
        """Make sure that it is there, and whole. Raises JournalError where the disk has not that much."""
        try:
            check_private(self.path)
            if self.path.stat().st_size >= RESERVE_BYTES:
                return
        except FileNotFoundError:
            pass
        descriptor = open_private(self.path, os.O_RDWR)
        try:
            if os.pwrite(descriptor, os.urandom(RESERVE_BYTES), 0) != RESERVE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        except OSError as error:
            raise JournalError(
                f"{RESERVE_BYTES // 1024} KiB cannot be set aside in {self.path}: {error.strerror}",
                remedy=MAKE_ROOM,
            ) from error
        finally:
            os.close(descriptor)

    def give_up(self) -> bool:
        """Whether there was something to give up."""
        try:
            if self.path.stat().st_size < RESERVE_BYTES:
                return False
            os.truncate(self.path, 0)
        except OSError:
            return False
        return True


class Spool:
    """One open spool. Raises JournalError for damage, at open and later."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.end = 0
        self.synced = 0
        self.head = START
        self.opening: dict[str, Any] | None = None
        self.evidence = False
        self.broken = False
        self.full = False
        self.codes: list[tuple[int, int]] = []
        self.reserve = Reserve(path.with_name(RESERVE))
        self._received: dict[str, list[tuple[int, int, FrameKind]]] = {}
        self._mutex = threading.RLock()
        self._depth = 0
        self._descriptor = open_private(path, os.O_RDWR | os.O_APPEND | os.O_DSYNC)
        self._loose = open_private(path, os.O_WRONLY | os.O_APPEND)
        self.close = weakref.finalize(self, _close, self._descriptor, self._loose)
        with self.exclusive():
            self._catch_up()

    @contextmanager
    def exclusive(self, at_most: float | None = _PATIENCE) -> Iterator[None]:
        """Keep other threads and processes from appending; may be nested.

        Raises JournalBusy where another process does not end its write in ``at_most`` seconds; None waits
        for ever, as one must who holds what is nowhere else.
        """
        with self._mutex:
            if self._depth == 0:
                self._take_turn(at_most)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
                if self._depth == 0 and self.close.alive:
                    self._flock(fcntl.LOCK_UN)

    def _take_turn(self, at_most: float | None) -> None:
        if at_most is None:
            self._flock(fcntl.LOCK_EX)
            return
        deadline = time.monotonic() + at_most
        while not self._turn_is_free():
            if time.monotonic() >= deadline:
                raise JournalBusy(f"the spool {self.path} is in another process's hands", remedy=STANDS_STILL)
            time.sleep(_PAUSE)

    def _turn_is_free(self) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise self._failed("locked", error) from error
        return True

    def _flock(self, how: int) -> None:
        try:
            fcntl.flock(self._descriptor, how)
        except OSError as error:
            raise self._failed("locked", error) from error

    def _failed(self, what: str, error: OSError) -> JournalError:
        self.broken = True
        return JournalError(f"the spool {self.path} cannot be {what}: {error.strerror}", remedy=LOOK)

    def append(
        self, kind: FrameKind, about: dict[str, Any], blob: bytes = b"", *, loose: bool = False
    ) -> tuple[int, int]:
        """Write one frame and return where it is. Raises JournalError; then the spool stays shut.

        A ``loose`` frame outlives the process at once and a power cut from the next synced frame on: it is
        only left unsynced within one page, and the next frame, which begins in that page, takes it along.
        """
        if self.broken or not self.close.alive:
            raise JournalError(f"the spool {self.path} is closed for this process", remedy=LOOK)
        data = encode(kind, about, blob)
        with self.exclusive(at_most=None):
            trouble = self._trouble()
            stays = (self.end + len(data)) // _PAGE == self.end // _PAGE
            self._put(self._loose if loose and stays else self._descriptor, data)
            if trouble is not None:
                raise trouble
            frame = Frame(kind, about, blob, self.end, self.end + len(data))
            self._note(frame)
        return frame.start, frame.end

    def _trouble(self) -> JournalError | None:
        """What came before may be damaged; what is to be written now is written all the same."""
        try:
            self._must_be_the_same()
            self._catch_up()
        except JournalError as error:
            self.broken = True
            return error
        return None

    def _must_be_the_same(self) -> None:
        if not is_at(self.path, os.fstat(self._descriptor)):
            raise JournalError(
                f"the spool {self.path} was replaced or removed while it was open", remedy="xlicense doctor"
            )

    def _put(self, descriptor: int, data: bytes) -> None:
        """One write, all of it or never again one: a retry after a failed sync would prove nothing.

        Only where the disk is full, which is no failed sync, the reserve is given up for what is in hand; the
        spool takes the rest of this reply and nothing that follows it.
        """
        written = self._write(descriptor, data)
        if written != len(data) and self.reserve.give_up():
            self.full = True
            os.ftruncate(self._descriptor, self.end)
            written = self._write(self._descriptor, data)
        if written != len(data):
            self.broken = True
            raise JournalError(
                f"the spool {self.path} took {written} of {len(data)} bytes: the disk is full",
                remedy=MAKE_ROOM,
            )

    def _write(self, descriptor: int, data: bytes) -> int:
        try:
            return os.write(descriptor, data)
        except OSError as error:
            if error.errno in _NO_SPACE:
                return 0
            raise self._failed("written", error) from error

    def refresh(self) -> None:
        """Read what other processes have added."""
        if self.close.alive and self.size() != self.end:
            with self.exclusive():
                self._catch_up()

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def answered(self, op_id: str) -> bool:
        return op_id in self._received

    def received(self, op_id: str) -> tuple[Frame, ...]:
        """The replies, or their markers, that this effect got, in order."""
        return tuple(self.read(start, end) for start, end, _ in self._received.get(op_id, ()))

    def read(self, start: int, end: int) -> Frame:
        """The frame at this place, read back from the disk. Raises JournalError where it is damaged."""
        if not self.close.alive:
            raise JournalError(f"the spool {self.path} is closed")
        try:
            data = os.pread(self._descriptor, end - start, start)
        except OSError as error:
            raise self._failed("read", error) from error
        try:
            return next(scan(data, start))
        except (Damage, StopIteration):
            raise self._damaged(start) from None

    def _damaged(self, offset: int) -> JournalError:
        return JournalError(
            f"the spool {self.path} is damaged at byte {offset}",
            remedy=KEEP,
        )

    def _catch_up(self) -> None:
        size = self.size()
        if size < self.end:
            raise JournalError(f"the spool {self.path} has shrunk from {self.end} to {size} bytes")
        if size == self.end:
            return
        try:
            self._take(size)
            self._cut_tail(size)
        except Damage as damage:
            raise self._damaged(damage.offset) from None
        except OSError as error:
            raise self._failed("read", error) from error

    def _cut_tail(self, size: int) -> None:
        """A tail that was never finished was never reported as written."""
        if self.end < size:
            os.ftruncate(self._descriptor, self.end)
            os.fsync(self._descriptor)

    def _take(self, size: int) -> None:
        if self.end:
            self._note_all(os.pread(self._descriptor, size - self.end, self.end))
            return
        with mmap.mmap(self._descriptor, size, prot=mmap.PROT_READ) as data:
            self._note_all(data)

    def _note_all(self, data: Bytes) -> None:
        for frame in scan(data, self.end):
            if not is_sound(frame):
                raise Damage(frame.start)
            self._note(frame)

    def _note(self, frame: Frame) -> None:
        """Every frame but a head was synced before the one after it was written."""
        self.end = frame.end
        self.synced = self.synced if frame.kind is FrameKind.HEAD else frame.end
        if frame.kind is FrameKind.OPENING:
            self.opening = frame.about
            return
        self.evidence = True
        if "head" in frame.about:
            self._note_head(Head(*frame.about["head"]))
        if frame.kind is FrameKind.CODE:
            self.codes.append((frame.start, frame.end))
        if frame.kind in (FrameKind.RECEIVED, FrameKind.MARKER):
            places = self._received.setdefault(frame.about["op"], [])
            places.append((frame.start, frame.end, frame.kind))

    def _note_head(self, head: Head) -> None:
        if head.seq > self.head.seq:
            self.head = head
