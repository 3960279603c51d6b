"""Age keys: identities, recipients, sealing and opening. The only module that knows pyrage.

Everything sealed here is a complete age file: ``age -d -i identity.txt`` opens it without us. A value that
was opened is returned and never part of a message.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import pyrage

from reconciler.errors import JournalError

from .folder import check_private, sync_folder

_REMEDY = "xlicense key init"
GO_ON = "Go on where the identity of one of the recipients is, or name it: journal.identity."
"""The remedy where a code is sealed and cannot be opened here."""
_SECRET = "AGE-SECRET-KEY-1"
_ROTATING = "# this rotation has not ended: xlicense key rotate"


def default_identity() -> Path:
    """Where ``xlicense key init`` puts the identity: ``identity.txt`` in the user's configuration."""
    return platformdirs.user_config_path("xlicense", appauthor=False) / "identity.txt"


def init_identity(path: Path) -> str:
    """Make an age identity (0600) and return its recipient. Raises JournalError; never overwrites."""
    identity = pyrage.x25519.Identity.generate()
    recipient = str(identity.to_public())
    if path.is_symlink() or path.is_file():
        raise _taken(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_private(path, f"# public key: {recipient}\n{identity}\n")
    except OSError as error:
        raise JournalError(f"no identity can be written at {path}: {error.strerror}") from error
    sync_folder(path.parent)
    return recipient


def _taken(path: Path) -> JournalError:
    return JournalError(
        f"there is an identity at {path} already, and codes may be sealed to it",
        remedy="Keep it, or name another file.",
    )


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new identity in front of those that the file held. ``old`` are the recipients of the others."""

    new: str
    old: tuple[str, ...]


def begin_rotation(path: Path) -> Rotation:
    """Put a new identity in front of the others, whole or not at all, or find the one of a rotation that was
    not ended. The others stay: they open what was sealed before. Raises JournalError."""
    keys = _identities(path)
    text = path.read_text("ascii")
    if _ROTATING not in text.splitlines():
        new = pyrage.x25519.Identity.generate()
        _replace(path, f"{_ROTATING}\n# public key: {new.to_public()}\n{new}\n{text}")
        keys = [new, *keys]
    return Rotation(str(keys[0].to_public()), tuple(str(key.to_public()) for key in keys[1:]))


def end_rotation(path: Path) -> None:
    """The next one makes a new identity again."""
    lines = path.read_text("ascii").splitlines(keepends=True)
    _replace(path, "".join(line for line in lines if line.strip() != _ROTATING))


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        _write_private(beside, text)
        beside.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise JournalError(f"the identity {path} cannot be written: {error.strerror}") from error


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def recipient_of(path: Path) -> str:
    """The recipient (``age1...``) of the first identity in this file. Raises JournalError."""
    return str(_identities(path)[0].to_public())


def test(recipients: Sequence[str], identity: Path | None) -> Mapping[str, bool]:
    """For each recipient, whether this identity reads what is sealed to it. Raises JournalError."""
    keys = _identities(identity) if identity is not None else []
    return {text: _opens(pyrage.encrypt(b"canary", [_recipient(text)]), keys) for text in recipients}


def _opens(sealed: bytes, keys: Sequence[pyrage.x25519.Identity]) -> bool:
    try:
        return bool(pyrage.decrypt(sealed, keys) == b"canary")
    except pyrage.DecryptError:
        return False


def _recipient(text: str) -> pyrage.x25519.Recipient | pyrage.ssh.Recipient:
    try:
        if text.startswith("ssh-"):
            return pyrage.ssh.Recipient.from_str(text)
        return pyrage.x25519.Recipient.from_str(text)
    except (pyrage.RecipientError, ValueError):
        raise JournalError(
            f"not an age recipient: {text!r}",
            remedy="A recipient looks like age1...; see journal.recipients.",
        ) from None


def _identities(path: Path) -> list[pyrage.x25519.Identity]:
    try:
        check_private(path)
        lines = path.read_text("ascii").splitlines()
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines if line.startswith(_SECRET)]
    except (OSError, UnicodeDecodeError, pyrage.IdentityError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no age identity file"
        raise JournalError(f"the identity {path} cannot be used: {why}", remedy=_REMEDY) from None
    if not keys:
        raise JournalError(f"the identity {path} cannot be used: it holds no key", remedy=_REMEDY)
    return keys


class Seal:
    """Seals to every recipient; opens with the identity, where there is one.

    The identity is read once, when something is to be opened for the first time, so that a run which only
    writes codes needs none.
    """

    def __init__(self, recipients: Sequence[str], identity: Path) -> None:
        self._recipients = [_recipient(text) for text in recipients]
        self.to = tuple(sorted(set(recipients)))
        self._identity = identity
        self._keys: list[pyrage.x25519.Identity] | None = None

    def __repr__(self) -> str:
        return f"Seal({len(self._recipients)} recipients, identity={self._identity})"

    @property
    def can_seal(self) -> bool:
        return bool(self._recipients)

    def seal(self, data: bytes) -> bytes:
        """A complete age file. Raises JournalError where there is no recipient."""
        if not self._recipients:
            raise JournalError("there is no recipient to seal a code to", remedy=_REMEDY)
        sealed: bytes = pyrage.encrypt(data, self._recipients)
        return sealed

    def seal_text(self, text: str) -> str:
        """The same as armoured ASCII, for a JSON payload."""
        if not self._recipients:
            raise JournalError("there is no recipient to seal a code to", remedy=_REMEDY)
        armoured: bytes = pyrage.encrypt(text.encode(), self._recipients, armored=True)
        return armoured.decode("ascii")

    def open(self, sealed: bytes) -> bytes:
        """What was sealed. Raises JournalError that says who could read it and never what it is."""
        if self._keys is None:
            self._keys = _identities(self._identity)
        try:
            opened: bytes = pyrage.decrypt(sealed, self._keys)
        except pyrage.DecryptError:
            raise JournalError(
                f"the identity {self._identity} is none of those that this was sealed to",
                remedy=GO_ON,
            ) from None
        return opened

    def readable(self, sealed: bytes) -> bool:
        try:
            self.open(sealed)
        except JournalError:
            return False
        return True
