"""Taking over, at the next opening, what an earlier process could only keep elsewhere.

Belongs here: codes that the spool holds and the journal does not, and what lies in the second place. Taking
over twice changes nothing: a code has an id, and a file of the second place goes when its content is on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reconciler.errors import JournalError

from .frames import Damage, Frame, FrameKind, is_sound, scan
from .opening import Files
from .rescue import Rescue

WriteCode = Callable[[Frame], None]


def take_over(files: Files, rescue: Rescue, write_code: WriteCode) -> None:
    """``write_code`` makes the record of a code that has none yet. Raises JournalError."""
    for place in files.spool.codes:
        write_code(files.spool.read(*place))
    for path in rescue.kept():
        frame = rescued(path)
        if frame is not None and frame.about.get("journal") == files.fold.journal_id:
            _take(files, frame, write_code)
            path.unlink(missing_ok=True)


def rescued(path: Path) -> Frame | None:
    """The frame of this file; None for one that is not whole, which stays where it is."""
    try:
        found = list(scan(path.read_bytes()))
    except (Damage, OSError):
        return None
    return found[0] if len(found) == 1 and is_sound(found[0]) else None


def _take(files: Files, frame: Frame, write_code: WriteCode) -> None:
    if frame.kind is FrameKind.CODE:
        write_code(frame)
    elif frame.kind is FrameKind.RECEIVED:
        with files.spool.exclusive():
            files.spool.refresh()
            if not _is_there(files, frame):
                files.spool.append(frame.kind, frame.about, frame.blob)
    else:
        raise JournalError(f"a {frame.kind.name} frame does not belong into the second place")


def _is_there(files: Files, frame: Frame) -> bool:
    """A process that died between taking over and removing the file."""
    return any(known.blob == frame.blob for known in files.spool.received(frame.about["op"]))
