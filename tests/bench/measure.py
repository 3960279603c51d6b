"""Measuring whole processes: CPU seconds and peak memory from the operating system's own accounting."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """CPU and wall in seconds, peak resident memory in MiB, and the exit code."""

    cpu: float
    wall: float
    memory: float
    code: int


def once(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None) -> Usage:
    """Run one process to its end, output thrown away."""
    begun = time.perf_counter()
    child = subprocess.Popen(
        argv, env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    scale = 1 if sys.platform == "darwin" else 1024
    return Usage(
        used.ru_utime + used.ru_stime,
        time.perf_counter() - begun,
        used.ru_maxrss * scale / 2**20,
        child.returncode,
    )


def paired(
    a: Sequence[str], b: Sequence[str], *, env: Mapping[str, str], cwd: Path | None = None, runs: int = 7
) -> tuple[float, float, float]:
    """Median CPU of A, median CPU of B, median of the ratios A/B pair by pair; one warm-up each."""
    once(a, env=env, cwd=cwd)
    once(b, env=env, cwd=cwd)
    pairs = [(once(a, env=env, cwd=cwd).cpu, once(b, env=env, cwd=cwd).cpu) for _ in range(runs)]
    return (
        statistics.median(first for first, _ in pairs),
        statistics.median(second for _, second in pairs),
        statistics.median(first / second for first, second in pairs),
    )
