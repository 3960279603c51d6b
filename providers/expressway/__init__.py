"""Cisco Expressway over SSH: `wire`, `licence` and `xstatus` speak and read its language, `transport` owns
the connections, `provider` is the door. What is the transport's own is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .provider import ExpresswayProvider

if TYPE_CHECKING:
    from .transport import HostKey, check_host_key

__all__ = ["ExpresswayProvider", "HostKey", "check_host_key"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import transport

    return getattr(transport, name)
