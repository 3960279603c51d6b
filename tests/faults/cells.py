"""The cells of the matrix: which fault, where, on which effect, how often, and in which form of the lab.

Belongs here: the list. Does not belong here: how a cell is played (`nodes`, `accounts`) and judged (`judge`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

SHARE = float(os.environ.get("XLICENSE_TORTURE", "0"))
SEEDS = max(1, round(3 * SHARE))
"""Seed 0 is the likeliest form of everything; every other one draws the dialects of the lab."""

PATIENT, QUICK = 8.0, 0.8
"""Seconds: an answer that comes, on a busy machine; one that never does."""

WAITS = frozenset({"slow", "silent", "half-open", "no-echo", "bad-echo", "late"})
IN_SHELL = (
    *("drop-before", "drop-after", "mid-reply", "slow", "garbage", "silent", "half-open"),
    *("error", "not-recognized", "no-echo", "bad-echo"),
)
IN_HTTP = (
    *("drop-before", "drop-after", "mid-reply", "slow", "garbage", "silent", "error", "error-in-200"),
    *("html", "not-granted", "expired-bearer", "unavailable", "too-many", "late"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """``position`` is none, login, bearer, look, waking, connection or instruction (its answer included);
    ``times`` None is for ever."""

    effect: str
    position: str
    fault: str
    times: int | None
    seed: int
    seconds: float = 1.0

    @property
    def patience(self) -> float:
        comes = self.position in {"none", "instruction"} and self.fault not in WAITS
        return PATIENT if comes else QUICK

    def __str__(self) -> str:
        often = self.times or "always"
        return f"{self.effect}: {self.fault} at {self.position}, {often}, {self.seconds} s, seed {self.seed}"


def _many(effect: str, position: str, faults: tuple[str, ...], seed: int) -> Iterator[Cell]:
    """Each fault at first only, or for ever: in turn, so that the effects and seeds differ in it."""
    for number, fault in enumerate(faults):
        turn = number + len(effect) + seed
        seconds = 0.1 if fault in {"slow", "late"} and turn % 4 < 2 else 1.0
        yield Cell(effect, position, fault, None if turn % 2 else 1, seed, seconds)


def _some(effect: str, faults: tuple[str, ...]) -> tuple[str, ...]:
    """In a commit every third one, and the effects take turns; all in the long programme."""
    return faults if SHARE else faults[sum(effect.encode()) % 3 :: 3]


def of_node(effect: str) -> Iterator[Cell]:
    for seed in range(SEEDS):
        yield Cell(effect, "none", "none", 1, seed)
        yield from _many(effect, "login", ("refuse", "wrong-host-key", "wrong-password"), seed)
        yield from _many(effect, "look", _some(effect, IN_SHELL), seed)
        yield from _many(effect, "waking", _some(effect, IN_SHELL), seed)
        yield from _many(effect, "instruction", IN_SHELL, seed)


def of_account(effect: str) -> Iterator[Cell]:
    for seed in range(SEEDS):
        yield Cell(effect, "none", "none", 1, seed)
        yield from _many(effect, "login", ("refuse", "wrong-certificate"), seed)
        yield from _many(effect, "bearer", _some(effect, IN_HTTP), seed)
        yield from _many(effect, "look", _some(effect, IN_HTTP), seed)
        yield from _many(effect, "connection", ("refuse", "wrong-certificate"), seed)
        yield from _many(effect, "instruction", IN_HTTP, seed)
