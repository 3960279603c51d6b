"""The points at which a process can be killed, or its disk fail: what the standard library does for it.

Belongs here: wrappers around system calls of the process that is tortured, and what they count. Nothing of
ours is patched: ``os.write``, ``os.fsync``, ``os.open``, ``sqlite3.connect`` and the methods of
``socket.socket`` belong to Python. Does not belong here: which point is chosen, and what is made of it.

Every call makes two points, one before it and one after it. A write makes a third, at which half of it is
on disk; a write, a sync and a commit make a fourth, at which the process dies some microseconds into the
call (an alarm whose default action the kernel carries out, without Python).

A point is found again in another run of the same command by its name: the n-th write to the spool, or the
n-th ``recv`` after that. Its number would not do, for no two runs receive the same pieces.

Two libraries are listened to and not changed: what ``ssl`` and asyncssh have decrypted is what this process
has received, and is put down in a file for the referee.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import sqlite3
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Any

from asyncssh.encryption import GCMEncryption

from .bad_disk import MANNERS, BadDisk, is_kept

_write = os.write
_SQL = ("BEGIN", "COMMIT", "INSERT", "UPDATE", "DELETE", "CREATE", "ROLLBACK")
_NETWORK = ("send", "sendmsg", "sendall", "recv", "recv_into", "connect")
_RUN = re.compile(r"run-[0-9a-f]+")


def what_of(point: str) -> str:
    """What happens at a point, without what is drawn anew for each run."""
    return _RUN.sub("run", point)


def on_network(point: str) -> bool:
    """Whether a point is one of the network, not of the disk."""
    return point.split(" ", 1)[0] in _NETWORK


class Names:
    """Names for the points of one run, as they come: ``write spool before 3``, then ``… > recv after 2``."""

    def __init__(self) -> None:
        self._passed: Counter[str] = Counter()
        self._since: Counter[str] = Counter()
        self._last = "begun"

    def of(self, point: str) -> str:
        """The name of the next point."""
        what = what_of(point)
        if on_network(what):
            self._since[what] += 1
            return f"{self._last} > {what} {self._since[what]}"
        self._since.clear()
        self._passed[what] += 1
        self._last = f"{what} {self._passed[what]}"
        return self._last


class Points:
    """Names points; at the chosen one (a name, or a number) the process dies (``kill``), stands still
    (``stop``), gets signals (``signal INT TERM``), or meets a bad disk (one of `bad_disk.MANNERS`). With
    ``owner NAME`` everything of that name belongs to somebody else.

    ``log`` takes one line a point, ``plain`` what was received, as it was after decryption.
    """

    def __init__(self, log: str, plain: str, at: str | int, how: str, delay: float) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._log = os.open(log, flags, 0o600)
        self._plain = os.open(plain, flags, 0o600)
        self._at = at
        self._how = how
        self._delay = delay
        self.disk = BadDisk(how) if how in MANNERS else None
        self.stranger = how.removeprefix("owner ") if how.startswith("owner ") else None
        self._signals = ["STOP"] if how == "stop" else how.split()[1:] if how.startswith("signal ") else []
        self._names = Names()
        self._count = 0
        self._received = 0

    def reach(self, name: str) -> bool:
        """True where this is the point and its caller has something to do first."""
        self._count += 1
        _write(self._log, f"{self._count} {name}\n".encode())
        return self._at in (self._names.of(name), self._count)

    def here(self, name: str) -> None:
        if self.reach(name):
            self.end()

    def end(self) -> None:
        if self.disk is not None:
            self.disk.breaks()
            return
        if not self.goes_on():
            os.kill(os.getpid(), signal.SIGKILL)

    def goes_on(self) -> bool:
        """Send the signals that are to come here, if any: the process does what comes next all the same."""
        for name in self._signals:
            os.kill(os.getpid(), signal.Signals[f"SIG{name}"])
        return bool(self._signals)

    def alarm(self) -> None:
        """Die soon, in the middle of whatever comes."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, self._delay)

    def within(self, name: str) -> None:
        """Counted in every manner, so that a name means the same point whatever is to happen there."""
        if not self.reach(f"{name} within"):
            return
        if self._how == "kill":
            self.alarm()
        elif self._how == "stop":
            self.end()

    def hear(self, data: bytes) -> None:
        _write(self._plain, data)
        self._received += len(data)
        _write(self._log, f"{self._count} received {self._received}\n".encode())

    def around(self, name: str, call: Callable[[], Any]) -> Any:
        self.here(f"{name} before")
        result = call()
        self.here(f"{name} after")
        return result

    def on_disk(
        self, name: str, path: str, call: Callable[[], Any], size: int = 0, grows: bool = True
    ) -> Any:
        """A call that the disk may refuse; a full one refuses only what ``grows``."""
        self.here(f"{name} before")
        self.within(name)
        if self.disk is not None:
            self.disk.meets(path, size, grows=grows)
        result = call()
        if self.disk is not None:
            self.disk.meets(path, size, grows=grows, done=True)
        self.here(f"{name} after")
        return result


def install(points: Points) -> None:
    """Put the wrappers in place, for the rest of this process."""
    _files(points)
    _sockets(points)
    _sqlite(points)
    listen(points.hear)
    if points.stranger is not None:
        _owners(points.stranger)


def _owners(name: str) -> None:
    """Only root could give a file away; any process can be told that it was."""
    original = os.stat

    def stat(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        found = original(path, *args, **kwargs)
        if not isinstance(path, os.PathLike) or _name(os.fspath(path)) != name:
            return found
        return os.stat_result([*found[:4], found.st_uid + 1, *found[5:]])

    os.stat = stat  # type: ignore[assignment]


def _path(descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115
    except OSError:
        return "?"


def _name(path: str) -> str:
    return os.path.basename(path)  # noqa: PTH119


def _files(points: Points) -> None:
    def write(descriptor: int, data: Any, /) -> int:
        path = _path(descriptor)
        name = f"write {_name(path)}"
        if points.reach(f"{name} half") and not points.goes_on():
            half = _write(descriptor, bytes(data)[: len(data) // 2])
            points.end()
            return half
        written: int = points.on_disk(name, path, lambda: _write(descriptor, data), len(data))
        return written

    os.write = write
    for call in ("fsync", "fdatasync", "ftruncate", "pwrite"):
        _wrap_file_call(points, call)
    for call in ("open", "mkdir", "truncate"):
        _wrap_path_call(points, call)


def _wrap_file_call(points: Points, call: str) -> None:
    original = getattr(os, call)

    def wrapped(descriptor: int, *args: Any) -> Any:
        path = _path(descriptor)
        grows = call != "ftruncate"
        return points.on_disk(f"{call} {_name(path)}", path, lambda: original(descriptor, *args), grows=grows)

    setattr(os, call, wrapped)


def _wrap_path_call(points: Points, call: str) -> None:
    """Of the state folder and the second place only: Python itself opens many files. What is only opened to
    be read opens on a bad disk too."""
    original = getattr(os, call)

    def wrapped(path: Any, *args: Any, **kwargs: Any) -> Any:
        text = os.fsdecode(path) if isinstance(path, str | bytes | os.PathLike) else "?"
        reads = call == "open" and not (args and args[0] & (os.O_WRONLY | os.O_RDWR))
        if reads or not is_kept(text):
            return original(path, *args, **kwargs)
        grows = call != "truncate" and not os.path.lexists(text)
        name = f"{call} {_name(text)}"
        result = points.on_disk(name, text, lambda: original(path, *args, **kwargs), grows=grows)
        if call == "truncate" and points.disk is not None:
            points.disk.gave_up(text)
        return result

    setattr(os, call, wrapped)


def _sockets(points: Points) -> None:
    for call in _NETWORK:
        _wrap_socket_call(points, call)


def _wrap_socket_call(points: Points, call: str) -> None:
    original = getattr(socket.socket, call)

    def wrapped(self: socket.socket, *args: Any) -> Any:
        if self.family != socket.AF_INET:
            return original(self, *args)
        return points.around(call, lambda: original(self, *args))

    setattr(socket.socket, call, wrapped)


def _sqlite(points: Points) -> None:
    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *args: Any) -> sqlite3.Cursor:
            word = sql.split(None, 1)[0].upper()
            if word not in _SQL:
                return super().execute(sql, *args)
            points.here(f"sqlite {word} before")
            if word == "COMMIT":
                points.within("sqlite COMMIT")
            if points.disk is not None:
                points.disk.meets_sqlite(word)
            result = super().execute(sql, *args)
            if points.disk is not None:
                points.disk.meets_sqlite(word, done=True)
            points.here(f"sqlite {word} after")
            return result

        def executemany(self, sql: str, *args: Any) -> sqlite3.Cursor:
            points.here("sqlite many before")
            if points.disk is not None:
                points.disk.meets_sqlite("MANY")
            result = super().executemany(sql, *args)
            points.here("sqlite many after")
            return result

    original = sqlite3.connect

    def connect(*args: Any, **kwargs: Any) -> sqlite3.Connection:
        return original(*args, factory=Connection, **kwargs)

    sqlite3.connect = connect  # type: ignore[assignment]


def listen(hear: Callable[[bytes], None]) -> None:
    """Hand over whatever is decrypted from now on, before anybody else has it."""
    read, decrypt = ssl.SSLObject.read, GCMEncryption.decrypt_packet

    def heard_read(self: ssl.SSLObject, length: int = 1024, buffer: Any = None) -> Any:
        result = read(self, length, buffer)
        hear(bytes(buffer[:result]) if isinstance(result, int) else result)
        return result

    def heard_decrypt(self: Any, *args: Any) -> Any:
        result = decrypt(self, *args)
        hear(bytes(result or b""))
        return result

    ssl.SSLObject.read = heard_read  # type: ignore[method-assign]
    GCMEncryption.decrypt_packet = heard_decrypt  # type: ignore[method-assign]
