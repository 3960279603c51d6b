"""A state folder on a disk of its own, which can be full or read-only: a small tmpfs in a mount namespace.

Root is bound by no mode, so only a mount can take the right to write from it. Belongs here: the namespace,
the mount, what becomes of it. Does not belong here: what runs on it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

_MIB = 1 << 20
_UNSHARE = shutil.which("unshare") or "false"
_WAYS = (("--mount",), ("--user", "--map-root-user", "--mount"))
"""As root, and as anybody where the kernel lets anybody have a namespace."""


class SmallDisk:
    """``with SmallDisk(folder) as disk``: the mount is there until the block ends, for who is `inside`."""

    def __init__(self, folder: Path, size: int = _MIB) -> None:
        self.folder = folder
        self._size = size
        self._way = next((way for way in _WAYS if _works(way)), None)

    def __enter__(self) -> Self:
        assert self._way, "this test mounts a small disk: run it as root, or allow user namespaces"
        self.folder.mkdir(parents=True, exist_ok=True)
        mount = f'mount -t tmpfs -o size={self._size},mode=700 tmpfs "$1"'
        self._holder = subprocess.Popen(
            [_UNSHARE, *self._way, "sh", "-c", f"{mount} && echo mounted && exec cat", "sh", self.folder],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"mounted\n"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._holder.communicate()

    def inside(self, folder: Path) -> tuple[str, ...]:
        """Words before a command that shall see this disk and start in this folder."""
        user = ("--user", "--preserve-credentials") if "--user" in (self._way or ()) else ()
        enter = ("nsenter", "--target", str(self._holder.pid), *user, "--mount")
        return (*enter, "sh", "-c", 'cd "$0" && exec "$@"', str(folder))

    def _do(self, script: str) -> None:
        subprocess.run([*self.inside(Path("/")), "sh", "-c", script, "sh", self.folder], check=True)

    def fill(self) -> None:
        """No byte is left, nor a file that could be made."""
        self._do('cat /dev/zero > "$1/filler" 2> /dev/null || true')

    def make_room(self) -> None:
        self._do('rm "$1/filler"')

    def read_only(self, yes: bool = True) -> None:
        self._do(f'mount -o remount,bind,{"ro" if yes else "rw"} "$1"')

    def files(self) -> dict[str, bytes]:
        """What is on it, by name, as seen from outside."""
        base = Path(f"/proc/{self._holder.pid}/root{self.folder}")
        return {str(path.relative_to(base)): path.read_bytes() for path in base.rglob("*") if path.is_file()}


def _works(way: tuple[str, ...]) -> bool:
    return subprocess.run([_UNSHARE, *way, "true"], capture_output=True, check=False).returncode == 0
