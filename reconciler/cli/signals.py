"""Signals during an apply: the first asks for a safe point, the second is told why that takes time.

An instruction that was sent once is never cut off: its outcome would be unknown.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.execution import Stop

from .progress import Lines

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopper:
    """Turns signals into a stop that the engine heeds."""

    def __init__(self, stop: Stop, story: Lines) -> None:
        self._stop = stop
        self._story = story

    def heard(self) -> None:
        if self._stop:
            self._explain()
            return
        self._stop.set()
        self._story.urgent("Stopping at a safe point: nothing new starts, what is running comes to its end.")

    def _explain(self) -> None:
        running = "; ".join(self._story.running.values()) or "the journal is being closed"
        self._story.urgent(
            f"Still waiting for: {running}. An instruction that was sent is not cut off, because nobody "
            "could say then what became of it."
        )


@contextmanager
def stopping(stop: Stop, story: Lines) -> Iterator[None]:
    """While this is open, INT, TERM and HUP turn the switch instead of ending the process."""
    loop = asyncio.get_running_loop()
    stopper = Stopper(stop, story)
    for number in CAUGHT:
        loop.add_signal_handler(number, stopper.heard)
    try:
        yield
    finally:
        for number in CAUGHT:
            loop.remove_signal_handler(number)
