"""Signals: what is read is dropped at once, what was sent is brought to its end; exit 130 either way.

::

    before and between   INT, TERM, HUP   nothing was sent: "Interrupted."
    a run                first            nothing new starts, the instruction that is out comes to its end
                         any later one    told what is still waited for, and why
    after it             two are heeded   connections close and the summary is printed; the third cuts it off

An instruction that was sent once is never cut off: its outcome would be unknown. A signal that was ignored
when the process began (``nohup``, a job in the background) stays ignored.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.execution import Stop

    from .progress import Lines

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LATE = 3


def like_interrupt() -> None:
    """TERM and HUP end the process as INT does, with its exit code and not by the signal. For `main`."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """By way of INT where somebody heeds it: a running loop ends its work in order then."""
    del number, frame
    if signal.getsignal(signal.SIGINT) in {signal.SIG_IGN, signal.SIG_DFL}:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


@contextmanager
def as_before() -> Iterator[None]:
    """Whatever is done with signals in here, a caller in the same process finds its own again."""
    before = {number: signal.getsignal(number) for number in CAUGHT}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                with suppress(ValueError):  # not the main thread: then nothing was changed either
                    signal.signal(number, handler)


class Stopper:
    """Turns signals into a stop that the engine heeds."""

    def __init__(self, stop: Stop, story: Lines) -> None:
        self._stop = stop
        self._story = story
        self._late = 0

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

    def late(self, number: int, frame: FrameType | None) -> None:
        """After the run: nothing is out any more, and the summary is on its way. It says nothing itself,
        for it may have come in the middle of a write."""
        del number, frame
        self._late += 1
        if self._late >= _LATE:
            raise KeyboardInterrupt


@contextmanager
def stopping(stop: Stop, story: Lines) -> Iterator[None]:
    """While this is open, INT, TERM and HUP turn the switch; after it the summary still comes out."""
    import asyncio

    loop = asyncio.get_running_loop()
    stopper = Stopper(stop, story)
    heeded = [number for number in CAUGHT if signal.getsignal(number) is not signal.SIG_IGN]
    for number in heeded:
        loop.add_signal_handler(number, stopper.heard)
    try:
        yield
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
            signal.signal(number, stopper.late)
