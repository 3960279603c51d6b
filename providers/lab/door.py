"""A listening socket of the lab whose every connection can be refused, or answered by somebody false.

Belongs here: accepting. Does not belong here: SSH (`expressway`), HTTP (`cssm`). A door resets a connection
with RST, so that a client sees what it would see from a dead service and not an orderly goodbye.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable

LOOPBACK = "127.0.0.1"


class PortTaken(Exception):
    """A fixed port is in use; the text names it and what to do."""


def listening(port: int) -> socket.socket:
    """A listening socket on loopback; port 0 takes a free one. Raises PortTaken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((LOOPBACK, port))
    except OSError as error:
        sock.close()
        raise PortTaken(
            f"port {port} on {LOOPBACK} cannot be used ({error.strerror}): another lab may be running; "
            "`xlicense lab down` ends it, `xlicense lab up --ports-from N` takes other ports"
        ) from None
    sock.listen(256)
    sock.setblocking(False)
    return sock


class Door:
    """One listening socket; ``welcome`` gets each accepted socket and owns it."""

    def __init__(self, port: int, welcome: Callable[[socket.socket], Awaitable[None]]) -> None:
        self._socket = listening(port)
        self._welcome = welcome
        self._guests: set[asyncio.Task[None]] = set()
        self._doorman = asyncio.ensure_future(self._accept())

    @property
    def port(self) -> int:
        port: int = self._socket.getsockname()[1]
        return port

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(self._socket)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            guest = asyncio.ensure_future(self._serve(sock))
            self._guests.add(guest)
            guest.add_done_callback(self._guests.discard)

    async def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError, EOFError):
            await self._welcome(sock)

    async def close(self) -> None:
        """Stop accepting. Connections that are being welcomed are dropped."""
        tasks = [self._doorman, *self._guests]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._socket.close()


def reset(sock: socket.socket) -> None:
    """Close at once with RST."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
