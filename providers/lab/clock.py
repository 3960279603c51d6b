"""The lab's own time: follows the wall clock from a stated start, and can be pushed forward.

Belongs here: what time it is in the lab. Does not belong here: what happens at a time (`world`).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class LabClock:
    """Aware UTC. ``frozen`` clocks move only by `advance`; others run with the wall, `scale` times faster."""

    def __init__(self, start: datetime | None = None, *, frozen: bool = False, scale: float = 1.0) -> None:
        self._start = start or datetime.now(UTC)
        self._mark = time.monotonic()
        self._scale = 0.0 if frozen else scale

    def now(self) -> datetime:
        return self._start + timedelta(seconds=(time.monotonic() - self._mark) * self._scale)

    def advance(self, seconds: float) -> None:
        """Push the lab's time forward. Raises ValueError for a step back: lab time never runs backwards."""
        if seconds < 0:
            raise ValueError("lab time never runs backwards")
        self._start += timedelta(seconds=seconds)
