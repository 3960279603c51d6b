"""Secret references -> secrets, as late as possible, once a run.

Belongs here: env, file, command, keyring and vault. Does not belong here: what a secret is for. No message,
no ``repr`` and no exception ever holds a value; what a program or a library says about its failure is not
repeated either, because it may.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from reconciler.errors import SecretError
from reconciler.model import SecretRef

COMMAND_SECONDS = 30
MAX_BYTES = 64 * 1024


class SecretResolver:
    """Implements ``ports.SecretSource`` for the workspace in this folder.

    ``of`` is what refers to secrets (the desired state, or a part of it): a program that is started for one
    secret finds none of the others in its environment.
    """

    def __init__(self, root: Path, of: object = None) -> None:
        self._root = root
        self._of = of
        self._known: dict[SecretRef, str] = {}

    def __repr__(self) -> str:
        return f"SecretResolver({str(self._root)!r})"

    def resolve(self, ref: SecretRef) -> str:
        """The secret. Raises SecretError, which names the reference."""
        if ref not in self._known:
            self._known[ref] = self._read(ref)
        return self._known[ref]

    def _read(self, ref: SecretRef) -> str:
        ways: dict[str, Callable[[SecretRef], str]] = {
            "env": _from_env,
            "file": self._from_file,
            "command": self._from_command,
            "keyring": _from_keyring,
            "vault": _from_vault,
        }
        value = ways[ref.kind](ref)
        if not value:
            raise SecretError(f"{ref} is empty")
        return value

    def _from_file(self, ref: SecretRef) -> str:
        file = self._root / Path(_text(ref)).expanduser()
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise SecretError(f"{ref}: {_why(file, error)}", remedy=f"create {file}, mode 0600") from None
        try:
            _check_owner_only(ref, file, os.fstat(descriptor))
            return _decode(ref, os.read(descriptor, MAX_BYTES + 1))
        finally:
            os.close(descriptor)

    def _from_command(self, ref: SecretRef) -> str:
        argv = list(ref.value) if isinstance(ref.value, tuple) else [ref.value]
        try:
            done = subprocess.run(
                argv,
                cwd=self._root,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=COMMAND_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SecretError(f"{ref} did not end within {COMMAND_SECONDS} seconds") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a command"
            raise SecretError(f"{ref} cannot be started: {reason}") from None
        if done.returncode:
            raise SecretError(f"{ref} ended with exit code {done.returncode}", remedy="run it by hand")
        return _decode(ref, done.stdout)

    def _environment(self) -> dict[str, str]:
        secret = {_text(ref) for ref in _references(self._of) if ref.kind == "env"}
        return {name: value for name, value in os.environ.items() if name not in secret}


def _references(value: object) -> Iterator[SecretRef]:
    """Every reference in this value, however deep."""
    if isinstance(value, SecretRef):
        yield value
    elif is_dataclass(value):
        for one in fields(value):
            yield from _references(getattr(value, one.name))
    elif isinstance(value, Mapping):
        yield from _references(tuple(value.values()))
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _references(item)


def _text(ref: SecretRef) -> str:
    return ref.value if isinstance(ref.value, str) else " ".join(ref.value)


def _decode(ref: SecretRef, raw: bytes) -> str:
    """One trailing newline belongs to the file or program, not to the secret."""
    if len(raw) > MAX_BYTES:
        raise SecretError(f"{ref} is larger than {MAX_BYTES // 1024} KiB")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise SecretError(f"{ref} is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


def _why(file: Path, error: OSError) -> str:
    if file.is_symlink():
        return f"{file} is a symbolic link, and a secret is not read through one"
    return f"{file} cannot be read: {error.strerror}"


def _check_owner_only(ref: SecretRef, file: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SecretError(f"{ref}: {file} is not a file")
    if found.st_uid != os.geteuid():
        raise SecretError(f"{ref}: {file} belongs to another user")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o177:
        raise SecretError(f"{ref}: {file} is open to others (mode {mode:04o})", remedy=f"chmod 600 {file}")


def _from_env(ref: SecretRef) -> str:
    value = os.environ.get(_text(ref))
    if value is None:
        raise SecretError(f"{ref}: the environment variable {_text(ref)} is not set")
    return value


def _extra(ref: SecretRef, module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise SecretError(f"{ref} needs {module}", remedy=f"pip install 'xlicense[{extra}]'") from None


def _from_keyring(ref: SecretRef) -> str:
    keyring = _extra(ref, "keyring", "keyring")
    service, _, user = _text(ref).partition("/")
    try:
        value = keyring.get_password(service, user)
    except Exception as error:
        raise SecretError(f"{ref}: the keyring failed ({type(error).__name__})") from None
    if value is None:
        raise SecretError(f"{ref}: the keyring has no such entry", remedy=f"keyring set {service} {user}")
    return str(value)


def _from_vault(ref: SecretRef) -> str:
    """``path#key``; a path such as ``secret/data/expressway`` is read as Vault's HTTP API spells it."""
    hvac = _extra(ref, "hvac", "vault")
    missing = [name for name in ("VAULT_ADDR", "VAULT_TOKEN") if not os.environ.get(name)]
    if missing:
        raise SecretError(f"{ref}: the environment variable {missing[0]} is not set")
    path, _, key = _text(ref).partition("#")
    try:
        client = hvac.Client(url=os.environ["VAULT_ADDR"], token=os.environ["VAULT_TOKEN"], timeout=30)
        answer = client.read(path)
    except Exception as error:
        raise SecretError(f"{ref}: vault failed ({type(error).__name__})") from None
    return _vault_value(ref, answer, key)


def _vault_value(ref: SecretRef, answer: Any, key: str) -> str:
    """Version 2 of the key-value engine wraps its data once more than version 1."""
    data = answer.get("data") if isinstance(answer, dict) else None
    if isinstance(data, dict) and isinstance(data.get("data"), dict) and "metadata" in data:
        data = data["data"]
    if not isinstance(data, dict) or not isinstance(data.get(key), str):
        raise SecretError(f"{ref}: vault has no text under this path and key")
    return str(data[key])
