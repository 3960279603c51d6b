"""Starting processes through the zygote, from a test: one call, one real ``xlicense``, its end awaited.

Belongs here: the other end of `zygote`'s pipe. Does not belong here: what is run and why.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from tests.ran import Ran

ROOT = Path(__file__).resolve().parents[2]
_LIMIT = 180.0
"""Seconds: more than the product waits for a reply without an end (60), and goes on afterwards."""
_LAST = 40
"""Points that are told of a process that does not end."""


@dataclass(frozen=True)
class Chosen:
    """A point in a process: its name or number (0: none, only count), and what happens there (`points`)."""

    at: str | int = 0
    how: str = "kill"
    delay: float = 0.0002


@cache
def _zygote() -> subprocess.Popen[bytes]:
    """One for this process; it ends when the pipe to it does."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.torture.zygote"],
        cwd=ROOT, env={**_untraced(), "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def _untraced() -> dict[str, str]:
    """Coverage is begun by the children whose environment asks for it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS")}


class Launcher:
    """``async with Launcher() as launcher``, one at a time; the warm process behind it is kept."""

    _numbers = count(1)
    _listens = False

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._pids: dict[int, asyncio.Future[int]] = {}

    async def __aenter__(self) -> Launcher:
        assert not Launcher._listens, "another launcher would take this one's answers"
        Launcher._listens = True
        process, loop, stream = _zygote(), asyncio.get_running_loop(), asyncio.StreamReader()
        assert process.stdin is not None
        assert process.stdout is not None
        self._requests = process.stdin
        own = os.fdopen(os.dup(process.stdout.fileno()), "rb")
        self._transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), own)
        self._reading = asyncio.ensure_future(self._read(stream))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()
        await self._reading
        Launcher._listens = False

    async def _read(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            answer = json.loads(line)
            futures = self._waiting if "status" in answer else self._pids
            futures.pop(answer["id"]).set_result(answer.get("status", answer.get("pid")))

    async def start(
        self,
        arguments: tuple[str, ...],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        folder: Path,
        stdin: str | None = None,
        chosen: Chosen | None = None,
        clock: Mapping[str, Any] | None = None,
    ) -> Started:
        """Start one process. ``folder`` takes its streams and, with a chosen point, ``log`` and ``plain``."""
        number, loop = next(self._numbers), asyncio.get_running_loop()
        out, err, given = (folder / f"{number}.{end}" for end in ("out", "err", "in"))
        if stdin is not None:
            given.write_text(stdin, encoding="utf-8")
        points = None
        if chosen is not None:
            points = {"log": str(folder / f"{number}.log"), "plain": str(folder / f"{number}.plain")}
            points |= {"at": chosen.at, "how": chosen.how, "delay": chosen.delay}  # type: ignore[dict-item]
        request = {
            "id": number, "args": arguments, "cwd": str(cwd), "environment": dict(environment),
            "in": os.devnull if stdin is None else str(given), "out": str(out), "err": str(err),
            "points": points, "clock": clock,
        }  # fmt: skip
        ended, pid = loop.create_future(), loop.create_future()
        self._waiting[number], self._pids[number] = ended, pid
        self._requests.write(json.dumps(request).encode() + b"\n")
        self._requests.flush()
        return Started(
            arguments, await pid, ended, out, err, folder / f"{number}.log", folder / f"{number}.plain"
        )


@dataclass(frozen=True)
class Started:
    """A process on its way."""

    arguments: tuple[str, ...]
    pid: int
    ended: asyncio.Future[int]
    out: Path
    err: Path
    log: Path
    plain: Path

    async def end(self, limit: float = _LIMIT) -> Ran:
        """Wait for its end; one that does not end in time is killed, and told as such."""
        try:
            code = await asyncio.wait_for(asyncio.shield(self.ended), limit)
        except TimeoutError:
            await self.kill()
            last = "\n".join(self.points()[-_LAST:])
            raise AssertionError(
                f"{self.arguments} did not end\n{read(self.out)}\n{read(self.err)}\nlast passed:\n{last}"
            ) from None
        self.out.with_suffix(".in").unlink(missing_ok=True)
        return Ran(self.arguments, code, read(self.out), read(self.err))

    async def kill(self) -> None:
        """End it, where it has not ended."""
        if not self.ended.done():
            with suppress(ProcessLookupError):  # it has ended, and its answer is still on the way
                os.kill(self.pid, signal.SIGKILL)
            await self.ended

    def is_stopped(self) -> bool:
        """Whether it stands still, as the kernel tells."""
        said = read(Path(f"/proc/{self.pid}/stat"))
        return said.rpartition(")")[2].split()[:1] == ["T"]

    def points(self) -> list[str]:
        """What the process passed, in order, ``number name`` each."""
        return read(self.log).splitlines()


def read(path: Path) -> str:
    """A file as text, whatever is in it; empty where there is none, or its process has just ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""
