"""Hosts as people type them, and how to log in to one that no YAML names yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.model import SshAccess


@dataclass(frozen=True, slots=True)
class Host:
    """A name or address, and its SSH port where one was typed."""

    host: str
    port: int | None = None

    def __str__(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"


def parse_host(text: str) -> Host:
    """``e1.example.com``, ``192.0.2.1:2222`` or ``[2001:db8::1]:22``. Raises UsageError."""
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    if not host or host.startswith("-") or (port and not port.isdigit()):
        raise UsageError(f"{text!r} is not a host such as e1.example.com or 192.0.2.1:22")
    return Host(host, int(port) if port else None)


def default_login(root: Path) -> SshAccess:
    """``defaults.ssh`` of the workspace. Raises ConfigError."""
    from reconciler.config.loading import read_workspace
    from reconciler.config.resolving import Resolver
    from reconciler.errors import ConfigError

    reading = read_workspace(root)
    if reading.workspace is None:
        raise ConfigError(reading.complaints)
    return Resolver(root, reading.workspace).login(reading.workspace.defaults.ssh)


def logins(root: Path, hosts: Sequence[str]) -> list[tuple[Host, SshAccess]]:
    """Each host with the default login, at its own port where one was typed."""
    base = default_login(root)
    parsed = [parse_host(text) for text in hosts]
    return [(host, replace(base, port=host.port or base.port)) for host in parsed]
