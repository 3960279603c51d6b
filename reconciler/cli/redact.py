"""What must not be shown, taken out of texts that nobody wrote with care: logs and bug reports.

Belongs here: values that this process has resolved, and shapes that look like codes. Does not belong
here: device text for a terminal (reporting) and errors of ours, which hold no secret to begin with.
"""

from __future__ import annotations

import logging
import re
from typing import TextIO

from .console import harmless

HIDDEN = "<redacted>"
_CODE = re.compile(r"(?<![A-Za-z0-9+=_%-])[A-Za-z0-9+=_%-]{24,}(?![A-Za-z0-9+=_%-])")
_TAG = re.compile(r"<(\w*[Cc]ode\w*)>[^<]*</\1>")
_SHORTEST = 4
"""Shorter values would take single letters out of every sentence."""


class Redactor:
    """Knows the secrets of this process by value and codes by their looks."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def hide(self, value: str) -> None:
        if len(value) >= _SHORTEST:
            self._values.add(value)

    def clean(self, text: str) -> str:
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        return _CODE.sub(HIDDEN, _TAG.sub(rf"<\1>{HIDDEN}</\1>", text))


REDACTOR = Redactor()
"""The one of this process."""


class RedactingHandler(logging.StreamHandler[TextIO]):
    """Log lines on stderr, each through the redactor."""

    def format(self, record: logging.LogRecord) -> str:
        return harmless(REDACTOR.clean(super().format(record)))


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
    for name in ("asyncssh", "httpx2", "httpcore2", "authlib", "asyncio", "aiohttp", "stamina"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("reconciler", "providers"):
        logging.getLogger(name).setLevel(logging.DEBUG if verbosity > 1 else logging.WARNING)
