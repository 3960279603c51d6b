"""YAML text -> desired, every complaint with file, line and column; secret references; the schemas.

Everything here is imported when it is first asked for: the start of the command line pays for none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .loading import Loaded, load

_HOMES = {
    "Loaded": "loading",
    "load": "loading",
}

__all__ = ["Loaded", "load"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
