"""What libraries say: silenced to warnings, through the redactor, and never with a value.

Belongs here: the one log handler of this program. Does not belong here: what our own rooms tell a person
(progress, reporting). Only commands that open something come here, for logging costs time at the start.
"""

from __future__ import annotations

import logging
import threading
from typing import TextIO

from reconciler.reporting import clean

from .console import harmless
from .redact import REDACTOR

LONGEST = 20_000
"""Characters of one entry: a traceback of a deep stack has some 10,000."""

_LIBRARIES = ("asyncssh", "httpx2", "httpcore2", "authlib", "asyncio", "aiohttp", "stamina", "hpack")
_OURS = ("reconciler", "providers")


class RedactingHandler(logging.StreamHandler[TextIO]):
    """Log lines on stderr, each through the redactor and the sanitiser."""

    def format(self, record: logging.LogRecord) -> str:
        return harmless(clean(REDACTOR.clean(super().format(record)), keep="\n\t", limit=LONGEST))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Nothing: logging's own way prints the arguments of the entry as they are, past the redactor."""


def quiet_the_libraries(verbosity: int) -> None:
    """Libraries speak from WARNING on and our own rooms from DEBUG with ``-vv``; all through the redactor.

    asyncssh logs every command at INFO and HTTP clients every URL, codes and hosts included.
    """
    root = logging.getLogger()
    if not any(isinstance(handler, RedactingHandler) for handler in root.handlers):
        handler = RedactingHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(logging.DEBUG if verbosity > 1 else logging.WARNING)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_failed


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    """A thread that dies says so like a library: in one entry, redacted."""
    if failed.exc_value is None or isinstance(failed.exc_value, SystemExit):
        return
    logging.getLogger("reconciler").error(
        "a thread ended with %s", type(failed.exc_value).__name__, exc_info=failed.exc_value
    )
