"""A scenario: a world behind real servers, a workspace in a folder, and the real command line as a process.

A scenario folder holds ``world.yaml``, ``workspace/`` (laid over ``base/``; with ``@port:NODE@``,
``@cloud@`` and ``@onprem:NAME@`` where the lab's free ports go) and the golden texts. The lab lives in the
test's own event loop, so a test can look at the world, turn its knobs and push its clock while commands run.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

from providers.lab import Lab, load_world
from providers.lab.lab import wall_now
from tests.ran import Ran
from tests.torture.launcher import Launcher

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
_LIMIT = 90.0


class Scenario:
    """``async with Scenario(folder, tmp_path) as scenario``: the lab runs until the block ends."""

    def __init__(self, folder: Path, tmp: Path) -> None:
        self.folder = folder
        self.tmp = tmp
        self.workspace = tmp / "workspace"
        self.streams = tmp / "streams"
        self.launcher = Launcher()
        self.before: tuple[str, ...] = ()
        self.lab = Lab(load_world(folder / "world.yaml", wall_now()))
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp),
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": "random",
            "XDG_STATE_HOME": str(tmp / "state"),
            "XDG_CONFIG_HOME": str(tmp / "config"),
            "XDG_RUNTIME_DIR": str(tmp),
            "LANG": "C.UTF-8",
        }
        for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    async def __aenter__(self) -> Scenario:
        await self.lab.start()
        self.streams.mkdir()
        await self.launcher.__aenter__()
        shutil.copytree(HERE / "base", self.workspace)
        shutil.copytree(self.folder / "workspace", self.workspace, dirs_exist_ok=True)
        for path in self.workspace.rglob("*.yaml"):
            path.write_text(self.placed(path.read_text(encoding="utf-8")), encoding="utf-8")
        self.trust()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.launcher.__aexit__(None, None, None)
        await self.lab.stop()

    def placed(self, text: str) -> str:
        """The text with the lab's ports in it."""
        text = re.sub(r"@port:([^@]+)@", lambda found: str(self.lab.port(found[1])), text)
        text = text.replace("@cloud@", self.lab.cloud_origin).replace("@legacy@", self.lab.cssm_url)
        return re.sub(r"@onprem:([^@]+)@", lambda found: self.lab.onprem_url(found[1]), text)

    def trust(self) -> None:
        """Write the lab's host keys, CA and credentials into the workspace, as they are now."""
        self.lab.write_trust(self.workspace / ".lab")

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a file of the workspace; the old text must be there."""
        path = self.workspace / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The words of one command. ``before`` are words that put it elsewhere, as into a namespace."""
        return (*self.before, sys.executable, "-m", "reconciler.cli", *arguments)

    async def xlicense(self, *arguments: str, stdin: str | None = None, **environment: str) -> Ran:
        """Run one command to its end and return what it did."""
        given = {**self.environment, **environment}
        if self.before:
            ran = await self._elsewhere(arguments, {**given, "PWD": str(self.workspace)})
        else:
            started = await self.launcher.start(
                arguments, cwd=self.workspace, environment=given, folder=self.streams, stdin=stdin
            )
            ran = await started.end(_LIMIT)
        assert "Traceback" not in ran.err, str(ran)
        return ran

    async def _elsewhere(self, arguments: tuple[str, ...], environment: dict[str, str]) -> Ran:
        """A process of its own, behind the words that put it there."""
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self.command(*arguments), cwd=self.workspace, env=environment,
            stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), _LIMIT)
        assert process.returncode is not None
        return Ran(arguments, process.returncode, out.decode(), err.decode())

    async def ready(self) -> None:
        """Make a key for the codes, as a user does once."""
        ran = await self.xlicense("key", "init")
        assert ran.code == 0, str(ran)

    async def nothing_left(self, *arguments: str) -> Ran:
        """Plan again: there must be nothing to do."""
        ran = await self.xlicense("plan", "--detailed-exitcode", *arguments)
        assert ran.code == 0, str(ran)
        assert "No changes" in ran.out, str(ran)
        return ran

    def golden(self, name: str, text: str) -> None:
        """Hold a text to its golden file; ``UPDATE_GOLDEN=1`` writes it anew."""
        path = self.folder / name
        shown = self.normalised(text)
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(shown, encoding="utf-8")
        assert shown == path.read_text(encoding="utf-8"), f"{name} differs; see UPDATE_GOLDEN in the harness"

    def normalised(self, text: str) -> str:
        """Without what differs from run to run: ports, times, ids, the folder."""
        for name, port in self.lab.ports.items():
            text = re.sub(rf"\b{port}\b", f"<port of {name}>", text)
        text = text.replace(str(self.tmp), "<tmp>")
        text = re.sub(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?( UTC|Z|\+00:00)?", "<time>", text)
        text = re.sub(r"\b[HE]-[0-9a-f]{6,}\b|\bh[0-9a-f]{8}\b", "<id>", text)
        text = re.sub(r"\b(run|op|handoff)-[0-9a-f]{6,}\b", r"\1-<id>", text)
        return re.sub(r"\b\d+\.\d s\b", "<seconds>", text)
