"""The lab as a process of its own: started in the background, found again through its state folder.

Belongs here: the life of the process. Does not belong here: what it serves (`lab`), what its owner may ask
(`control`). It ends when asked, on SIGTERM or SIGINT, or when nobody has used it for a while.
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
from dataclasses import dataclass
from pathlib import Path

from .control import STATE_FILE, Control, Json, NotRunning, ask, read_state, write_state
from .door import PortTaken
from .lab import Lab, wall_now
from .worldfile import WorldFileError, load_world

IDLE_SECONDS = 7_200.0
START_SECONDS = 60.0
LOG_FILE = "lab.log"


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
    (start.folder / STATE_FILE).unlink(missing_ok=True)
    process = _spawn(start)
    _await_serving(start.folder, process)
    return ask(start.folder, "status"), True


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartFailed(f"{folder} cannot be made: {error.strerror}") from None


def _spawn(start: Start) -> subprocess.Popen[bytes]:
    """A child in its own session, so that closing the terminal does not end it. Its words go to a log."""
    command = [
        sys.executable,
        "-m",
        "providers.lab",
        "--world",
        str(start.world),
        "--state",
        str(start.folder),
    ]
    command += ["--shift", str(start.shift), "--idle", str(start.idle_seconds)]
    try:
        log = (start.folder / LOG_FILE).open("wb")
    except OSError as error:
        raise StartFailed(f"{start.folder} cannot be written: {error.strerror}") from None
    with log:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _await_serving(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while read_state(folder) is None:
        if process.poll() is not None:
            raise StartFailed(_last_words(folder))
        if time.monotonic() > deadline:
            process.terminate()
            raise StartFailed(f"the lab did not serve within {START_SECONDS:.0f} s; see {folder / LOG_FILE}")
        time.sleep(0.02)


def _last_words(folder: Path) -> str:
    text = (folder / LOG_FILE).read_text(encoding="utf-8", errors="replace").strip()
    return text.splitlines()[-1] if text else "the lab ended without a word"


def down(folder: Path) -> bool:
    """End the lab of this folder and wait for its end; False where none was running."""
    state = read_state(folder)
    try:
        ask(folder, "down")
    except NotRunning:
        (folder / STATE_FILE).unlink(missing_ok=True)
        return False
    deadline = time.monotonic() + 10
    while state is not None and _alive(int(state.get("pid", 0))) and time.monotonic() < deadline:
        time.sleep(0.02)
    return True


def _alive(pid: int) -> bool:
    """Whether the process is there. A child of ours that has ended is collected first."""
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


# -- inside the process ------------------------------------------------------------------------------------


def main(argv: list[str] | None = None) -> int:
    """Serve until asked to end. One line on stderr and 1 where it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m providers.lab", description=__doc__)
    parser.add_argument("--world", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--shift", type=int, default=0)
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS)
    given = parser.parse_args(argv)
    try:
        asyncio.run(serve(Start(given.world, given.state, given.shift, given.idle)))
    except (WorldFileError, PortTaken, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


async def serve(start: Start) -> None:
    """Bring the world up, write the state folder, and wait for the end."""
    world = load_world(start.world, wall_now())
    async with Lab(world, fixed_ports=True, shift=start.shift) as lab:
        control = Control(lab)
        port = await control.open()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, control.ended.set)
        lab.write_trust(start.folder)
        write_state(
            start.folder,
            {"pid": os.getpid(), "port": port, "key": control.key, "world": str(start.world)},
        )
        try:
            await _until_the_end(lab, control, start.idle_seconds)
        finally:
            control.close()
            (start.folder / STATE_FILE).unlink(missing_ok=True)


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
