"""The real command line with a bug at one place: what passes there is in the text of the exception.

``python -m tests.security.crash PLACE ARGUMENTS…``. Nothing of what catches, reports and prints is changed.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

PLACES = {
    "login": "providers.expressway.transport:Transport.open",
    "command": "providers.expressway.transport:Transport.change",
    "reply": "providers.expressway.conversation:Conversation.change",
    "answer": "providers.cssm.transport:Transport.mutate",
    "bearer": "providers.cssm.transport:Transport._fetch_once",
    "code": "reconciler.journal.sqlite_journal:SqliteJournal.note_code",
    "held": "reconciler.journal.sqlite_journal:SqliteJournal.code_value",
    "summary": "reconciler.cli.apply:_finish",
}


def texts(value: Any, depth: int = 5) -> Iterator[str]:
    """Every text in a value, however private."""
    if isinstance(value, str | bytes):
        yield str(value)
    elif depth and isinstance(value, Mapping):
        yield from (text for pair in value.items() for part in pair for text in texts(part, depth - 1))
    elif depth and isinstance(value, list | tuple | set | frozenset):
        yield from (text for part in value for text in texts(part, depth - 1))
    elif depth and (hasattr(value, "__dict__") or hasattr(value, "__slots__")):
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        yield from (text for name in names for text in texts(getattr(value, name, None), depth - 1))


def bug(*seen: Any) -> RuntimeError:
    said = RuntimeError(" ".join(text for one in seen for text in texts(one)))
    said.__cause__ = ValueError(repr(list(texts(seen[-1]))))
    return said


def plant(place: str) -> None:
    module_name, _, dotted = PLACES[place].partition(":")
    holder: Any = import_module(module_name)
    *path, name = dotted.split(".")
    for part in path:
        holder = getattr(holder, part)
    real = getattr(holder, name)

    @functools.wraps(real)
    async def later(*args: Any, **kwargs: Any) -> Any:
        result = await real(*args, **kwargs)
        raise bug(args, kwargs, result)

    @functools.wraps(real)
    def now(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        raise bug(args[1:], kwargs, result)

    setattr(holder, name, later if inspect.iscoroutinefunction(real) else now)


if __name__ == "__main__":
    from reconciler.cli import main

    plant(sys.argv.pop(1))
    main()
