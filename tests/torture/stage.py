"""Where a case is played: a lab, a workspace and a state folder, made anew from a snapshot for each case.

A scene is prepared once (an apply or two, with the lab's faults where a half-way state is wanted) and then
copied: the world as an object, the workspace and the state folder as files, with other ports. Belongs here:
scenes, snapshots, running commands on a stage. Does not belong here: kill points, judgement.
"""

from __future__ import annotations

import atexit
import copy
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from providers.lab import Lab, load_world
from providers.lab.lab import wall_now
from providers.lab.world import World
from tests.ran import Ran

from .launcher import Chosen, Launcher, Started

HERE = Path(__file__).parent
WORKSPACE = "9d0c1a04"
SPEED = 20.0
"""How many times as fast time passes for the process: its waits are those of a real CSSM and a real node."""

_FAR = timedelta(days=7)
"""No case lasts so long: what is due later is never done."""


def scratch() -> Path:
    """A folder for many small files: in memory where the machine has such a place."""
    shared = Path("/dev/shm")
    made = tempfile.mkdtemp(prefix="xlicense-torture-", dir=shared if os.access(shared, os.W_OK) else None)
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)


@dataclass
class Stage:
    """A lab that runs and a workspace that points at it.

    ``late`` is how far both clocks were pushed, ``skew`` how far the process's clock is off besides.
    """

    launcher: Launcher
    folder: Path
    lab: Lab
    late: float = 0.0
    skew: float = 0.0
    frozen: bool = False
    plains: list[Path] = field(default_factory=list)
    running: list[Started] = field(default_factory=list)
    printed_before: int = field(init=False)

    def __post_init__(self) -> None:
        self.printed_before = len(self.lab.ledger.given)

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def state(self) -> Path:
        return self.folder / "state" / "xlicense" / WORKSPACE

    @property
    def identity(self) -> Path:
        return self.folder / "config" / "xlicense" / "identity.txt"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "XDG_STATE_HOME": str(self.folder / "state"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_RUNTIME_DIR": str(self.folder / "runtime"),
            "LANG": "C.UTF-8",
        }

    async def start(self, *arguments: str, chosen: Chosen | None = None) -> Started:
        """Start a command. Its points are always counted, so that what it received is on file."""
        started = await self.launcher.start(
            arguments,
            cwd=self.workspace,
            environment=self.environment,
            folder=self.folder,
            chosen=chosen or Chosen(),
            clock={"shift": self.late + self.skew, "speed": SPEED, "frozen": self.frozen},
        )
        self.plains.append(started.plain)
        self.running.append(started)
        return started

    async def run(self, *arguments: str, chosen: Chosen | None = None) -> Ran:
        return await (await self.start(*arguments, chosen=chosen)).end()

    async def apply(self, *options: str, chosen: Chosen | None = None) -> Ran:
        return await self.run("apply", "--auto-approve", *options, chosen=chosen)

    async def end(self) -> None:
        """Nothing of a case outlives it."""
        for started in self.running:
            await started.kill()

    def later(self, seconds: float) -> None:
        """Let time pass, on both sides."""
        self.late += seconds
        self.lab.advance(seconds)

    def edit(self, pattern: str, new: str) -> None:
        """Change the cluster file; the pattern must be there."""
        for path in (self.workspace / "clusters").iterdir():
            text, count = re.subn(pattern, new, path.read_text(encoding="utf-8"))
            assert count, f"{pattern!r} is not in {path.name}"
            path.write_text(text, encoding="utf-8")

    def shown(self) -> str:
        """Everything that was written to the terminal."""
        return "".join(one.err.read_text("utf-8", "replace") for one in self.running if one.err.exists())

    def received(self) -> bytes:
        """Everything that any process of this stage has received and decrypted."""
        return b"".join(path.read_bytes() for path in self.plains if path.exists())


@dataclass(frozen=True)
class Scene:
    """``world``, ``cluster``, ``workspace``: files in worlds/. ``prepare`` leads to where a case begins."""

    name: str
    world: str
    cluster: str
    prepare: Callable[[Stage], Awaitable[None]]
    workspace: str = "xlicense.yaml"


@dataclass(frozen=True)
class Snapshot:
    """A prepared scene, to be played any number of times."""

    scene: Scene
    world: World
    folder: Path
    launcher: Launcher

    @asynccontextmanager
    async def stage(self) -> AsyncIterator[Stage]:
        """A fresh copy of it, alive until the block ends."""
        folder = scratch()
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        lab = Lab(copy.deepcopy(self.world))
        await lab.start()
        stage = Stage(self.launcher, folder, lab)
        try:
            _place(folder, lab)
            yield stage
        finally:
            await stage.end()
            await lab.stop()
            shutil.rmtree(folder, ignore_errors=True)


_made: dict[str, Snapshot] = {}


async def snapshot(scene: Scene, launcher: Launcher) -> Snapshot:
    """A scene, prepared once in this process. Fails where its preparation does not end as it should."""
    if scene.name not in _made:
        _made[scene.name] = await _prepare(scene, launcher)
    return replace(_made[scene.name], launcher=launcher)


async def _prepare(scene: Scene, launcher: Launcher) -> Snapshot:
    folder = scratch()
    workspace = folder / "workspace"
    (workspace / "clusters").mkdir(parents=True)
    (folder / "runtime").mkdir(mode=0o700)
    shutil.copy(HERE / "worlds" / scene.workspace, workspace / "xlicense.yaml")
    shutil.copy(HERE / "worlds" / scene.cluster, workspace / "clusters" / scene.cluster)
    lab = Lab(load_world(HERE / "worlds" / scene.world, wall_now()))
    await lab.start()
    _place(folder, lab)
    stage = Stage(launcher, folder, lab)
    made = await stage.run("key", "init")
    assert made.code == 0, str(made)
    await scene.prepare(stage)
    lab.faults.clear()
    await lab.stop()
    _unplace(folder, lab)
    for path in folder.glob("*.*"):
        path.unlink()
    due = lab.world.next_due()
    assert due is None or due - lab.world.now > _FAR, "the world has plans, and a copy would not share them"
    return Snapshot(scene, lab.world, folder, launcher)


def _place(folder: Path, lab: Lab) -> None:
    for path in (folder / "workspace").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"@port:([^@]+)@", lambda found: str(lab.port(found[1])), text)
        path.write_text(text, encoding="utf-8")
    lab.write_trust(folder / "workspace" / ".lab")


def _unplace(folder: Path, lab: Lab) -> None:
    for path in (folder / "workspace").rglob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        for name, port in lab.ports.items():
            text = re.sub(rf"\b{port}\b", f"@port:{name}@", text)
        path.write_text(text, encoding="utf-8")
