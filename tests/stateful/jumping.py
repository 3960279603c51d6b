"""Time that jumps: an event loop that never waits, and the clock that follows it.

Whoever sleeps is woken as soon as nobody else has anything to do, and the loop's time is then what it would
have been. Belongs here: time. Does not belong here: what happens in it.
"""

from __future__ import annotations

import asyncio
import selectors
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class _Impatient(selectors.DefaultSelector):
    """Where others would wait for so many seconds, this one says that they are over."""

    jumped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise AssertionError("everybody waits for somebody, and nobody moves")
        if not found and timeout is not None and timeout > 0:
            self.jumped += timeout
        return found


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is nobody's but its own."""

    def __init__(self) -> None:
        self._impatient = _Impatient()
        super().__init__(self._impatient)

    def time(self) -> float:
        return self._impatient.jumped


class Clock:
    """Implements `ports.Clock` on the time of a `JumpingLoop`."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return START + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
