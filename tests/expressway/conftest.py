"""Nodes that play the X14.3.1 transcripts, and providers that talk to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from providers.expressway import ExpresswayProvider

from .played import PASSWORD, PlayedNode, QuickClock, Script, Secrets, desired, transcript


def script(**knobs: Any) -> Script:
    replies = {
        "xstatus systemunit": transcript("X14.3.1/systemunit"),
        "xstatus // license": transcript("X14.3.1/licence-evaluation"),
        "xconfiguration license smart url:": "\r\nOK\r\n",
        "xconfiguration license smart transport:": "\r\nOK\r\n",
        "xconfiguration license smart privacy:": "\r\nOK\r\n",
        "xconfiguration license smart": transcript("X14.3.1/smart"),
        "xstatus alarm": transcript("X14.3.1/alarms"),
        "xstatus options": transcript("X14.3.1/options"),
        "xconfiguration alternates": transcript("X14.3.1/alternates"),
        "xconfiguration dns": transcript("X14.3.1/dns"),
        "xconfiguration ip dns": transcript("X14.3.1/ip-dns"),
        "xconfiguration ntp": transcript("X14.3.1/ntp"),
        "xcommand license smart": "\r\nOK\r\n",
    }
    special = knobs.pop("replies", {})
    usual = {key: text for key, text in replies.items() if key not in special}
    return Script(replies={**special, **usual}, **knobs)


Play = Callable[..., Awaitable[PlayedNode]]
Provide = Callable[..., ExpresswayProvider]


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    """Start a node with these knobs."""
    async with AsyncExitStack() as stack:

        async def start(**knobs: Any) -> PlayedNode:
            return await stack.enter_async_context(PlayedNode(script(**knobs)))

        yield start


@pytest.fixture
async def provide(tmp_path: Path) -> AsyncIterator[Provide]:
    """A provider for these nodes, all trusted unless ``trust`` says which text known_hosts holds."""
    made: list[ExpresswayProvider] = []

    def make(
        *nodes: PlayedNode,
        trust: str | None = None,
        read_only: bool = False,
        typed: str = PASSWORD,
        clock: QuickClock | None = None,
        secrets: Secrets | None = None,
        command_timeout: float = 5.0,
        connect_timeout: float = 5.0,
        **ssh: Any,
    ) -> ExpresswayProvider:
        known_hosts = tmp_path / "known_hosts"
        known_hosts.write_text("".join(n.known_hosts for n in nodes) if trust is None else trust)
        named = [desired(node, known_hosts, f"e{number}", **ssh) for number, node in enumerate(nodes, 1)]
        provider = ExpresswayProvider(
            {node.address: node for node in named},
            secrets or Secrets(PASSWORD=typed),
            clock or QuickClock(),
            read_only=read_only,
            connect_timeout=connect_timeout,
            command_timeout=command_timeout,
        )
        made.append(provider)
        return provider

    yield make
    for provider in made:
        await provider.close()
