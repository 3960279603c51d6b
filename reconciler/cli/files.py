"""Writing files whole or not at all.

A reader never sees half a file, and a file that holds readings of the fleet is for its owner only.
"""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from reconciler.errors import XlicenseError

PRIVATE = 0o600


def write_whole(path: Path, text: str, *, mode: int | None = None) -> None:
    """Replaces ``path`` by this text in one step; keeps its mode unless one is given (new files: umask).

    A link at ``path`` is replaced and not followed, so that nobody who may write there can lead us to
    another file. A device, pipe or folder is refused: root would replace it. Raises XlicenseError that
    names the path.
    """
    _refuse_other_than_files(path)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        _write_new(beside, text, _mode(path, mode))
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):  # a place that cannot be written cannot be cleaned either
            beside.unlink()
        raise XlicenseError(f"{path} cannot be written: {error.strerror}") from None


def _refuse_other_than_files(path: Path) -> None:
    with suppress(OSError):  # not there: it will be made, or the making says why not
        found = path.lstat().st_mode
        if not stat.S_ISREG(found) and not stat.S_ISLNK(found):
            raise XlicenseError(f"{path} is not a file, so it is not replaced by one")


def _mode(path: Path, mode: int | None) -> int | None:
    if mode is not None:
        return mode
    return path.stat().st_mode & 0o777 if path.is_file() and not path.is_symlink() else None


def _write_new(path: Path, text: str, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o666 if mode is None else mode)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_text(path: Path, what: str) -> str:
    """The text of a file that the user named. Raises XlicenseError that says what it should have been."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise XlicenseError(f"{what} {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise XlicenseError(f"{what} {path} is not UTF-8 text") from None


def shown(path: Path) -> str:
    """A path for a person: relative where it lies under the folder that the command works in."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
