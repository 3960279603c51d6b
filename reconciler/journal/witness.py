"""The witness: a small file next to the state folder that knows how far journal and spool had come.

Journal and spool prove each other. Neither notices a folder that was removed, or put back as a whole from an
old copy: this file does, for it is not in it. It holds one line of JSON of a fixed length, written over in
place after every commit and every reply. It is never ahead of what is on the disk, so a process or a machine
that dies at any moment raises no false alarm; it is not synced, so a power cut may leave it behind.

Belongs here: the file. Does not belong here: what a contradiction means (`opening`).
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import JournalError

from .chain import Head, canonical
from .folder import LOOK, check_private, open_private

_LENGTH = 256
_PATIENCE, _PAUSE = 0.5, 0.002
"""Seconds; a write takes microseconds."""


@dataclass(frozen=True, slots=True)
class Known:
    """The journal's id, the head of its chain, and how many bytes of the spool were synced."""

    journal: str
    head: Head
    spool: int


def witness_of(folder: Path) -> Path:
    """Where the witness of this state folder is."""
    return folder.with_name(f"{folder.name}.witness")


class Witness:
    """One open witness. A parent folder that cannot be written has none; ``doctor`` says so."""

    def __init__(self, folder: Path) -> None:
        self.path = witness_of(folder)
        self._descriptor: int | None = None
        self._close: weakref.finalize[[int], Witness] | None = None

    @property
    def exists(self) -> bool:
        return self.path.is_symlink() or self.path.exists()

    def read(self) -> Known | None:
        """What it knows; None where there is none, or where a power cut left half a line.

        Raises JournalError for one that is not ours alone, or cannot be read.
        """
        if not self.exists:
            return None
        check_private(self.path)
        try:
            return _read(self.path.read_bytes())
        except OSError as error:
            raise JournalError(f"{self.path} cannot be read: {error.strerror}", remedy=LOOK) from error

    def open(self) -> None:
        try:
            self._descriptor = open_private(self.path, os.O_RDWR)
        except JournalError:
            if self.exists:
                raise
            return
        self._close = weakref.finalize(self, os.close, self._descriptor)

    def note(self, known: Known) -> None:
        """Remember this, unless another process has noted something later already. One that stands still
        with the file in its hands is not waited for: the witness is behind then, which harms nobody."""
        if self._descriptor is None:
            return
        try:
            if not self._take_turn(self._descriptor):
                return
            before = _read(os.pread(self._descriptor, _LENGTH, 0))
            if before is None or before.journal != known.journal:
                self._put(known)
            elif before != (later := _later(before, known)):
                self._put(later)
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        except OSError:
            self.close()  # the witness is behind from now on, which harms nobody

    @staticmethod
    def _take_turn(descriptor: int) -> bool:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(_PAUSE)
            else:
                return True

    def _put(self, known: Known) -> None:
        line = {"journal": known.journal, "head": [known.head.seq, known.head.hash], "spool": known.spool}
        if self._descriptor is not None:
            os.pwrite(self._descriptor, canonical(line).ljust(_LENGTH - 1).encode() + b"\n", 0)

    def forget(self) -> None:
        """What it knew holds no longer: another copy was put in place."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        self._descriptor = None
        if self._close is not None:
            self._close()


def _later(one: Known, other: Known) -> Known:
    head = max(one.head, other.head, key=lambda head: head.seq)
    return Known(one.journal, head, max(one.spool, other.spool))


def _read(line: bytes) -> Known | None:
    try:
        data = json.loads(line)
        return Known(
            str(data["journal"]), Head(int(data["head"][0]), str(data["head"][1])), int(data["spool"])
        )
    except (ValueError, KeyError, TypeError, IndexError):
        return None
