"""Where what was received goes when neither journal nor spool takes it: a second place, else the terminal.

The second place is the user's runtime folder, which is another file system on most machines. What is kept
there is taken over when the journal is opened the next time. The terminal is the last resort: sealed text
between marks, which plain ``age -d`` opens; whoever ran the command must keep it.

Belongs here: those two places. Does not belong here: what is kept (`core`) and how it is taken over
(`taking_over`).
"""

from __future__ import annotations

import base64
import os
import secrets
import tempfile
import time
from pathlib import Path

from reconciler.errors import JournalError

from .folder import check_private, names_in, sync_folder
from .frames import Frame, encode

_SUFFIX = ".frame"
_STDERR = 2
_LAST_WORDS = """
xlicense: NOTHING ON THIS MACHINE TAKES THIS ANY MORE: {why}
It came for {about} and may be a code. Copy the lines below and keep them: they are sealed to the recipients
of this workspace, and `age -d -i identity.txt` opens them.
{armoured}
"""


class Rescue:
    """The second place of one workspace. Nothing is made until something must be kept."""

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace

    @property
    def folder(self) -> Path:
        return _runtime_folder() / self._workspace

    def keep(self, frame: Frame) -> str:
        """Put it where it can be found again and say where, in words. Never raises."""
        try:
            return f"it is kept in {self._write(encode(frame.kind, frame.about, frame.blob))}"
        except (OSError, JournalError) as error:
            _shout(frame, error)
            return "it was printed, sealed, on the terminal: copy it"

    def _write(self, data: bytes) -> Path:
        for folder in (self.folder.parent, self.folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            check_private(folder)
        path = self.folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}{_SUFFIX}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.folder)
        return path

    def kept(self) -> tuple[Path, ...]:
        """What waits there, oldest first. Raises JournalError for a folder that is not ours alone."""
        if not self.folder.is_dir():
            return ()
        check_private(self.folder.parent)
        check_private(self.folder)
        return tuple(self.folder / name for name in names_in(self.folder) if name.endswith(_SUFFIX))


def _runtime_folder() -> Path:
    """``$XDG_RUNTIME_DIR``, what systemd would set it to, or a folder of ours among the temporary files."""
    given = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")
    if given.is_dir():
        return given / "xlicense"
    return Path(tempfile.gettempdir()) / f"xlicense-{os.getuid()}"


def _shout(frame: Frame, error: OSError | JournalError) -> None:
    """Straight to the descriptor: the streams of this process may be somebody else's by now."""
    why = error.message if isinstance(error, JournalError) else str(error.strerror)
    text = _LAST_WORDS.format(why=why, about=_about(frame), armoured=_armoured(frame.blob))
    data = text.encode("ascii", "backslashreplace")
    try:
        while data:
            data = data[os.write(_STDERR, data) :]
    except OSError:
        return  # nobody is left who could be told


def _about(frame: Frame) -> str:
    code = frame.about.get("code")
    return str(code["slot"]) if code else str(frame.about.get("op"))


def _armoured(blob: bytes) -> str:
    """The text form of an age file (the format's own specification, "ASCII armor")."""
    if blob.startswith(b"-----BEGIN"):
        return blob.decode("ascii")
    text = base64.b64encode(blob).decode()
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN AGE ENCRYPTED FILE-----\n{lines}\n-----END AGE ENCRYPTED FILE-----"
