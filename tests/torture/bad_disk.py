"""A disk that fails from a chosen call on: full, over quota, read-only, or once with an I/O error.

Belongs here: which calls fail, and how. Does not belong here: the wrappers that ask (`points`) and the choice
of the call. A manner of failing is the name of an error number, and more::

    ENOSPC              full; what the reserve gives up can be written
    EDQUOT              over quota: nothing can be written
    EDQUOT everywhere   nor into the second place
    EROFS               read-only from now on, as a kernel makes a disk that had errors
    EIO                 this one call fails, and nothing was done
    EIO late            this one call fails, and everything was done
"""

from __future__ import annotations

import errno
import os
import sqlite3

MANNERS = ("ENOSPC", "EDQUOT", "EDQUOT everywhere", "EROFS", "EIO", "EIO late")
_STATE, _SECOND = "/state/xlicense", "/runtime/xlicense"
_RESERVE = 64 * 1024
_SQLITE = {
    errno.ENOSPC: (sqlite3.SQLITE_FULL, "database or disk is full"),
    errno.EDQUOT: (sqlite3.SQLITE_FULL, "database or disk is full"),
    errno.EROFS: (sqlite3.SQLITE_READONLY, "attempt to write a readonly database"),
    errno.EIO: (sqlite3.SQLITE_IOERR, "disk I/O error"),
}


def is_kept(path: str) -> bool:
    """Whether this is where a journal lies, or where it puts things in need."""
    return _STATE in path or _SECOND in path


class BadDisk:
    """Sound until `breaks` is called."""

    def __init__(self, manner: str) -> None:
        name, _, more = manner.partition(" ")
        self._errno = int(getattr(errno, name))
        self._everywhere = more == "everywhere"
        self._late = more == "late"
        self._left = 0
        self._room = 0

    def breaks(self) -> None:
        """From here on: once for an I/O error, else for good."""
        self._left = 1 if self._errno == errno.EIO else 1 << 30

    def gave_up(self, path: str) -> None:
        """The reserve was cut to nothing, and a full disk has that much room."""
        if self._left and self._errno == errno.ENOSPC and path.endswith("/reserve"):
            self._room = _RESERVE

    def meets(self, path: str, size: int = 0, *, grows: bool = True, done: bool = False) -> None:
        """Raises OSError where a call on this path fails; ``done`` asks after it was carried out."""
        if not self._left or done is not self._late or not self._is_on_it(path):
            return
        if self._errno in (errno.ENOSPC, errno.EDQUOT) and not grows:
            return
        if 0 < size <= self._room:
            self._room -= size
            return
        self._left -= 1
        raise OSError(self._errno, os.strerror(self._errno), path)

    def meets_sqlite(self, word: str, *, done: bool = False) -> None:
        """The same as SQLite tells it. It can always roll back: that writes nothing."""
        if not self._left or done is not self._late or word == "ROLLBACK":
            return
        self._left -= 1
        code, text = _SQLITE[self._errno]
        error = sqlite3.OperationalError(text)
        error.sqlite_errorcode = code
        raise error

    def _is_on_it(self, path: str) -> bool:
        return _STATE in path or (self._everywhere and _SECOND in path)
