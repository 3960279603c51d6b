"""YAML text -> desired, every complaint with file, line and column; secret references; the schemas.

Everything here is imported when it is first asked for: the start of the command line pays for none of it,
and `load` does not pay for the libraries that write YAML.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .describing import Described, describe
    from .editing import add_recipient, cluster_yaml, remove_recipient, set_state
    from .formatting import format_text
    from .loading import Loaded, load
    from .references import SecretResolver
    from .schema_files import schemas
    from .starting import init_workspace, schema_text

_HOMES = {
    "Described": "describing",
    "Loaded": "loading",
    "SecretResolver": "references",
    "add_recipient": "editing",
    "cluster_yaml": "editing",
    "describe": "describing",
    "format_text": "formatting",
    "init_workspace": "starting",
    "load": "loading",
    "remove_recipient": "editing",
    "schema_text": "starting",
    "schemas": "schema_files",
    "set_state": "editing",
}

__all__ = [
    "Described",
    "Loaded",
    "SecretResolver",
    "add_recipient",
    "cluster_yaml",
    "describe",
    "format_text",
    "init_workspace",
    "load",
    "remove_recipient",
    "schema_text",
    "schemas",
    "set_state",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
