"""The lab as a process of its own: started in the background, found again through its state folder.

Belongs here: the life of the process. Does not belong here: what it serves (`lab`), what its owner may ask
(`control`). It ends when asked, on SIGTERM or SIGINT, or when nobody has used it for a while. The state file
is written once everything serves and removed last, so that its being there means *up*.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .control import STATE_FILE, Control, Json, NotRunning, ask, read_state, write_state
from .door import PortTaken
from .lab import Lab, wall_now
from .reading import WorldFileError
from .worldfile import load_world

IDLE_SECONDS = 7_200.0
LOG_FILE = "lab.log"
READY = b"serving"


class StartFailed(Exception):
    """The lab did not come up; the text says why."""


@dataclass(frozen=True, slots=True)
class Start:
    """How to start a lab. ``shift`` moves every fixed port, so that two labs of one world can run."""

    world: Path
    folder: Path
    shift: int = 0
    idle_seconds: float = IDLE_SECONDS


def up(start: Start) -> tuple[Json, bool]:
    """The status of the lab of this folder, and whether it had to be started. Raises StartFailed."""
    with contextlib.suppress(NotRunning):
        return ask(start.folder, "status"), False
    _make_folder(start.folder)
    command = [sys.executable, "-m", "providers.lab", "--detach", "--world", str(start.world)]
    command += ["--state", str(start.folder), "--shift", str(start.shift), "--idle", str(start.idle_seconds)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StartFailed((done.stderr.strip().splitlines() or ["it ended without a word"])[-1])
    try:
        return ask(start.folder, "status"), True
    except NotRunning as error:
        raise StartFailed(f"it served and ended: {error}") from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / STATE_FILE).unlink(missing_ok=True)
    except OSError as error:
        raise StartFailed(f"{folder} cannot be made or written: {error.strerror}") from None


def down(folder: Path, wait_seconds: float = 10.0) -> bool:
    """End the lab of this folder and wait for its end; False where none was running."""
    try:
        ask(folder, "down")
    except NotRunning:
        (folder / STATE_FILE).unlink(missing_ok=True)
        return False
    deadline = time.monotonic() + wait_seconds
    while read_state(folder) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    return True


# -- inside the process ------------------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    """Serve until asked to end; with ``--detach``, in the background once everything serves.

    One line on stderr and 1 where it cannot start.
    """
    parser = argparse.ArgumentParser(prog="python -m providers.lab", description=__doc__)
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--shift", type=int, default=0)
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS)
    parser.add_argument("--detach", action="store_true")
    given = parser.parse_args(argv)
    start = Start(given.world, given.state, given.shift, given.idle)
    return _detached(start) if given.detach else _run(start, lambda: None)


def _run(start: Start, ready: Callable[[], None]) -> int:
    try:
        asyncio.run(serve(start, ready))
    except (WorldFileError, PortTaken, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _detached(start: Start) -> int:
    """Fork: the child serves in a session of its own, the parent waits for its word and passes it on."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            said = pipe.read()
        sys.stderr.write(said.removeprefix(READY).decode(errors="replace"))
        return 0 if said.startswith(READY) else 1
    os.close(reading)
    os.setsid()
    log = os.open(start.folder / LOG_FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(log, 1)
    os.dup2(writing, 2)

    def ready() -> None:
        os.write(2, READY)
        os.dup2(log, 2)
        os.close(writing)

    return _run(start, ready)


async def serve(start: Start, ready: Callable[[], None]) -> None:
    """Bring the world up, write the state folder, say so, and wait for the end."""
    world = load_world(start.world, wall_now())
    try:
        async with Lab(world, fixed_ports=True, shift=start.shift) as lab:
            await _serve(start, lab, ready)
    finally:
        (start.folder / STATE_FILE).unlink(missing_ok=True)


async def _serve(start: Start, lab: Lab, ready: Callable[[], None]) -> None:
    control = Control(lab)
    port = await control.open()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, control.ended.set)
    lab.write_trust(start.folder)
    state = {"pid": os.getpid(), "port": port, "key": control.key, "world": str(start.world)}
    write_state(start.folder, state)
    ready()
    await _until_the_end(lab, control, start.idle_seconds)
    control.close()


async def _until_the_end(lab: Lab, control: Control, idle_seconds: float) -> None:
    """Until asked to end, or until nothing was asked, logged in or requested for so long."""
    seen = -1
    while not control.ended.is_set():
        control.asked.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(control.ended.wait(), idle_seconds)
        now = len(lab.ledger.asked) + len(lab.ledger.logins)
        if now == seen and not control.asked.is_set():
            return
        seen = now
