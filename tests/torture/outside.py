"""A cold ``xlicense`` under ``strace``, which interferes with its n-th system call: no hook of ours decides.

Belongs here: starting it, and reading what strace has written. Does not belong here: which call is chosen,
and the judgement. Run as ``python -m tests.torture.outside REQUEST`` it is the process that is interfered
with: it listens to what was received (with ``writev``, which is never interfered with), has the clock of the
stage, and becomes ``xlicense``. REQUEST is JSON: ``{"plain": descriptor, "clock": {…}, "args": […]}``.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from .launcher import ROOT, Started, read
from .stage import SPEED, WORKSPACE, Stage

FILES = ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "openat")
NETWORK = ("sendto", "recvfrom")
STRACE = shutil.which("strace")
_LINE = re.compile(r"^(\d+) +(?:(\w+)\(|<\.\.\. \w+ resumed>)(.*)$")
_UNFINISHED = "<unfinished ...>"
_RESULT = re.compile(r"\) += (-?\d+)")
_numbers = count(1)


@dataclass(frozen=True)
class Interference:
    """``what`` is ``signal=KILL`` or ``error=ENOSPC``; ``when`` is a number, or one with ``+`` for "and ever
    after"."""

    call: str
    what: str
    when: str

    def __str__(self) -> str:
        return f"{self.call}:{self.what}:when={self.when}"

    @property
    def kills(self) -> bool:
        return self.what == "signal=KILL"


@dataclass(frozen=True)
class Traced(Started):
    """Started by strace, which is the leader of a session of its own."""

    trace: Path

    async def kill(self) -> None:
        if not self.ended.done():
            os.killpg(self.pid, signal.SIGKILL)
            await self.ended

    def calls(self) -> Counter[str]:
        """How often the process itself, and no thread of it, made each call."""
        found = [*_calls(self.trace)]
        return Counter(name for pid, name, _ in found if pid == found[0][0])

    def was_hit(self) -> bool:
        """Whether it got as far as the call that was chosen."""
        return self.ended.result() < 0 or "(INJECTED)" in read(self.trace)

    def points(self) -> list[str]:
        """What the referee needs to know of a process that died, as `points` would have written it."""
        received, told = 0, []
        for number, (_, name, rest) in enumerate(_calls(self.trace), 1):
            result = _RESULT.search(rest)
            done = int(result[1]) if result else -1
            if name == "writev" and str(self.plain) in rest:
                received += max(done, 0)
                told.append(f"{number} received {received}")
            elif name == "write" and "/spool>" in rest and done >= 0:
                told.append(f"{number} write spool after")
        return told


def _calls(trace: Path) -> Iterator[tuple[int, str, str]]:
    """Process, name, and the rest of the line; in the order in which they ended, those that did not last."""
    begun: dict[int, tuple[str, str]] = {}
    for line in read(trace).splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        pid, name, rest = int(found[1]), found[2], found[3]
        if name is None:
            name, before = begun.pop(pid, ("", ""))
            rest = before + rest
        if rest.endswith(_UNFINISHED):
            begun[pid] = name, rest.removesuffix(_UNFINISHED)
        else:
            yield pid, name, rest
    yield from ((pid, name, rest) for pid, (name, rest) in begun.items())


async def start(stage: Stage, *arguments: str, interference: Interference | None, network: bool) -> Traced:
    """Start a command under strace. With ``network`` every call is watched, else those on the files of the
    journal: there, the n-th call is the n-th of these. A death needs every call to be stopped at, which makes
    all of it slower; an error does not."""
    assert STRACE, "the tool strace must be installed: system calls are interfered with from outside"
    name = f"outside-{next(_numbers)}"
    out, err, plain, trace = (stage.folder / f"{name}.{end}" for end in ("out", "err", "plain", "trace"))
    descriptor = os.open(plain, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    request = {"plain": descriptor, "clock": {"shift": stage.late, "speed": SPEED, "frozen": False}}
    loop = asyncio.get_running_loop()
    with out.open("wb") as out_file, err.open("wb") as err_file:
        process = await asyncio.create_subprocess_exec(
            STRACE, "-f", "-qq", "-y", "-s", "0", "-o", str(trace),
            *_options(stage, plain, interference, network=network),
            sys.executable, "-m", "tests.torture.outside", json.dumps({**request, "args": arguments}),
            cwd=stage.workspace, env={**stage.environment, "PYTHONPATH": str(ROOT)},
            stdin=asyncio.subprocess.DEVNULL, stdout=out_file, stderr=err_file,
            pass_fds=(descriptor,), start_new_session=True,
        )  # fmt: skip
    os.close(descriptor)
    ended = loop.create_task(process.wait())
    started = Traced(arguments, process.pid, ended, out, err, trace, plain, trace)
    stage.plains.append(plain)
    stage.running.append(started)
    return started


def _options(stage: Stage, plain: Path, interference: Interference | None, *, network: bool) -> Iterator[str]:
    yield from ("-e", f"trace={','.join((*FILES, *NETWORK, 'writev'))}")
    if not network:
        for path in (plain, *journal_files(stage)):
            yield from ("-P", str(path))
    if interference is None or not interference.kills:
        yield "--seccomp-bpf"
    if interference is not None:
        yield from ("-e", f"inject={interference}")


def journal_files(stage: Stage) -> Iterator[Path]:
    yield from (stage.state.parent, stage.state, stage.state.parent / f"{WORKSPACE}.witness")
    for name in ("spool", "reserve", "holders", *(f"journal.sqlite{end}" for end in ("", "-wal", "-shm"))):
        yield stage.state / name


def _listen(descriptor: int, data: bytes) -> None:
    os.writev(descriptor, [data])


def _become(request: dict[str, Any]) -> None:
    from reconciler.cli import main

    from .points import listen
    from .zygote import set_clock

    set_clock(**request["clock"])
    listen(partial(_listen, request["plain"]))
    sys.argv = ["xlicense", *request["args"]]
    main()


if __name__ == "__main__":
    _become(json.loads(sys.argv[1]))
