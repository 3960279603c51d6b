"""Where the journal lives and who may read it: one private folder a workspace, outside any checkout.

Belongs here: paths, modes, owners, symlinks. Does not belong here: what is in the files.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import platformdirs

from reconciler.errors import JournalError

JOURNAL = "journal.sqlite"
SPOOL = "spool"
HOLDERS = "holders"
RESERVE = "reserve"
KEEP = "Keep the folder as it is; restore the newest copy of the whole folder next to it."
LOOK = "Look at the disk (space, permissions, errors), then run `xlicense plan`."
MAKE_ROOM = "Make room on the disk of the state folder, then run `xlicense plan`."

_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def state_folder(workspace: str) -> Path:
    """``$XDG_STATE_HOME/xlicense/<workspace>``, or where it was moved to; nothing is made yet.

    Raises JournalError on an odd id, and where it was moved to a place that is not there now.
    """
    folder = default_folder(workspace)
    pointer = _pointer(folder)
    if not pointer.exists() and not pointer.is_symlink():
        return folder
    check_private(pointer)
    moved = Path(pointer.read_text("utf-8").strip())
    if not moved.is_absolute() or not moved.is_dir():
        raise JournalError(
            f"the journal was moved to {moved} ({pointer} says so), and that is not there",
            remedy=f"Mount it. If it is lost: remove {pointer}, then xlicense journal restore FILE.",
        )
    return moved


def default_folder(workspace: str) -> Path:
    """Where the state folder of this workspace is unless it was moved. Raises JournalError on an odd id."""
    if not _WORKSPACE.fullmatch(workspace):
        raise JournalError(f"not a workspace id: {workspace!r}")
    return platformdirs.user_state_path("xlicense", appauthor=False) / workspace


def _pointer(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.moved")


def point_to(workspace: str, folder: Path) -> None:
    """Leave word, whole or not at all, that the state folder is there now."""
    pointer = _pointer(default_folder(workspace))
    make_folder(pointer.parent)
    beside = pointer.with_name(f".{pointer.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)
    descriptor = open_private(beside, os.O_WRONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{folder}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.rename(pointer)
    sync_folder(pointer.parent)


def prepare(folder: Path) -> Path:
    """Make the folder (0700) where it is missing, and refuse one that others could read or redirect.

    Returns its absolute path. Raises JournalError.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow the symlink that we refuse
    try:
        outside_checkouts(folder)
        make_folder(folder)
        check_private(folder)
        no_strangers(folder.parent)
        make_folder(folder / HOLDERS)
        check_private(folder / HOLDERS)
    except OSError as error:
        raise _no_use(folder, error) from error
    return folder


_LEAST = 64 * 1024
"""Bytes without which nothing can be begun; a database that is only read needs half of them."""


def disk_trouble(folder: Path) -> tuple[str, str] | None:
    """What is wrong with the disk itself, and what to do; others only see that some call failed."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return None
    if disk.f_flag & os.ST_RDONLY:
        return "the file system is read-only", "Make it writable: look at how it is mounted, and why."
    if disk.f_bavail * disk.f_frsize < _LEAST or (disk.f_files and not disk.f_favail):
        return "the disk is full", MAKE_ROOM
    return None


def _no_use(folder: Path, error: OSError) -> JournalError:
    return JournalError(
        f"the state folder {folder} cannot be used: {error.strerror}",
        remedy="Make it writable for this user, or set XDG_STATE_HOME to a folder that is.",
    )


def outside_checkouts(folder: Path) -> None:
    """Raises JournalError for a folder that could be committed."""
    real = folder.resolve()
    for parent in (real, *real.parents):
        if (parent / ".git").exists():
            raise JournalError(
                f"the state folder {folder} is inside the git work tree {parent}, so it could be committed",
                remedy="Set XDG_STATE_HOME to a folder outside any checkout.",
            )


def make_folder(folder: Path) -> None:
    """Private where it is new; one that is there is left as it is."""
    if folder.is_symlink() or folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    folder.chmod(0o700)
    sync_folder(folder.parent)


def names_in(folder: Path) -> list[str]:
    """What is in it, in order. Raises JournalError: a folder that cannot be listed is not an empty one."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise JournalError(f"{folder} cannot be listed: {error.strerror}", remedy=LOOK) from error


def no_strangers(parent: Path) -> None:
    """In a folder that all may write and that is not sticky, anybody could swap ours for another."""
    mode = parent.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise JournalError(f"{parent} can be written by everybody", remedy=f"chmod o-w {parent}")


def check_private(path: Path) -> None:
    """Raises JournalError unless ``path`` is ours, no symlink, and closed to group and others."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise JournalError(
            f"{path} is a symlink, which could lead anywhere", remedy="Replace it by what it names."
        )
    if found.st_uid != os.geteuid():
        raise JournalError(
            f"{path} belongs to user {found.st_uid}, not to user {os.geteuid()} who runs this",
            remedy=f"Run xlicense as that user, or: chown {os.geteuid()} {path}",
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise JournalError(f"{path} can be read or written by others", remedy=f"chmod go-rwx {path}")


def open_private(path: Path, flags: int) -> int:
    """A descriptor of a file that only its owner can read (0600 whatever the umask). Raises JournalError."""
    try:
        return _open_private(path, flags)
    except OSError as error:
        raise JournalError(
            f"{path} cannot be opened: {error.strerror}",
            remedy="Make the state folder writable for this user.",
        ) from error


def _open_private(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        check_private(path)
        return os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
    os.fchmod(descriptor, 0o600)
    os.fsync(descriptor)
    sync_folder(path.parent)
    return descriptor


def is_at(path: Path, opened: os.stat_result) -> bool:
    """Whether the file that was opened is still the one of this name."""
    try:
        now = path.lstat()
    except OSError:
        return False
    return (now.st_dev, now.st_ino) == (opened.st_dev, opened.st_ino)


def sync_folder(folder: Path) -> None:
    """A new name is durable only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
