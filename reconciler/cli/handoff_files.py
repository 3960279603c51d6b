"""A folder of files that came back from the portal, each sorted to the hand-off that it answers.

Belongs here: which file is for which hand-off, by the device that the code itself names. Does not belong
here: whether it is the right code (journal judges it once it is recorded).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import XlicenseError
from reconciler.model import CodeKind, Waiting, read_authorization, same_udi, udi_parts

MAX_BYTES = 256 * 1024
"""An authorization code has a few KiB."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """One file: what it holds and the hand-off it is for, or why it is for none."""

    name: str
    value: str = ""
    handoff_id: str | None = None
    problem: str = ""


def sort_files(folder: Path, waiting: Sequence[Waiting], closed: Sequence[Waiting]) -> list[Sorted]:
    """Every file of the folder in order of name, hidden ones left out. With the closed hand-offs a folder
    that was answered before fits again. Raises XlicenseError."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and path.name[0] != ".")
    except OSError as error:
        raise XlicenseError(f"the folder {folder} cannot be read: {error.strerror}") from None
    return [_sorted(path, waiting, closed) for path in files]


def _sorted(path: Path, waiting: Sequence[Waiting], closed: Sequence[Waiting]) -> Sorted:
    try:
        value = file_text(path)
        udi = read_authorization(value).udi
    except OSError as error:
        return Sorted(path.name, problem=f"cannot be read: {error.strerror}")
    except ValueError as error:
        return Sorted(path.name, problem=f"is no authorization code: {error}")
    return _for_device(path.name, value, udi, (waiting, closed))


def file_text(path: Path) -> str:
    """The text of a file as portals and editors write it. Raises OSError or ValueError."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1024} KiB")
    wide = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    try:
        return data.decode("utf-16" if wide else "utf-8-sig").strip()
    except UnicodeDecodeError:
        raise ValueError("it is not text") from None


def read_code(source: Path) -> str:
    """The text of a file that the user named, or of stdin for ``-``. Raises XlicenseError."""
    if str(source) == "-":
        return sys.stdin.read()
    try:
        return file_text(source)
    except OSError as error:
        raise XlicenseError(f"{source} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise XlicenseError(f"{source} cannot be used: {error}") from None


def _for_device(name: str, value: str, udi: str, known: Sequence[Sequence[Waiting]]) -> Sorted:
    """What waits comes before what is closed, and the newest before the others."""
    waiting, closed = ([item for item in items if _is_for(item, udi)] for items in known)
    if len(waiting) > 1:
        ids = ", ".join(item.handoff_id for item in waiting)
        return Sorted(name, value, problem=f"is for {udi}, and several wait for it: {ids}")
    chosen = (waiting or closed)[-1:]
    if not chosen:
        return Sorted(name, value, problem=f"is for {udi}, and no hand-off waits for this device")
    return Sorted(name, value, chosen[0].handoff_id)


def _is_for(item: Waiting, udi: str) -> bool:
    """By the identity that the node printed; by serial where none is known or the two share nothing."""
    if item.wants is not CodeKind.AUTHORIZATION:
        return False
    printed = item.params.get("udi")
    same = same_udi(udi, printed) if isinstance(printed, str) else None
    if same is not None:
        return same
    serial = str(item.params.get("serial") or item.subject).upper()
    return serial in {udi_parts(udi).get("S"), udi.strip().upper()}
