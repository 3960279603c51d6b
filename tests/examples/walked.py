"""An example with a lab of its own: copied aside, on free ports, and what its README says typed line by line.

In a console block of a README a line that starts with ``$ `` is a command (a backslash at its end goes on in
the next line), ``# exit N`` behind it is its exit code (0 where nothing is said), and every other line must
occur in what it printed, ``…`` standing for anything. Ids and dates are other ones each time; an id of a
hand-off in a command stands for the one that waits.

Belongs here: copying and typing. Does not belong here: what an example promises (the tests say it).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.golden.harness import ROOT

LIMIT = 400.0
_PORT = re.compile(r"\b42[34]\d\d\b")
_HANDOFF = re.compile(r"\bhandoff-[0-9a-f]{6}\b")
_CHANGING = (
    (_HANDOFF, "handoff-ID"),
    (re.compile(r"\b(run|code)-[0-9a-f]{6,}\b"), r"\1-ID"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"), "DATE"),
)


@dataclass(frozen=True)
class Step:
    """One command of a README, the exit code it names, and what it says is seen."""

    command: str
    code: int
    seen: tuple[str, ...]


class Walk:
    """An example in ``tmp``, and the shell of somebody who follows its README."""

    def __init__(self, name: str, tmp: Path) -> None:
        self.tmp = tmp
        self.folder = tmp / name
        shutil.copytree(ROOT / "examples" / name, self.folder)
        shutil.copy(ROOT / "examples" / "demo.sh", tmp)
        self.ports = self._placed()
        self.environment = self._environment()
        self._cwd = str(self.folder)

    def _placed(self) -> dict[str, int]:
        """Free ports in place of the example's, in every file. A kernel does not give one out again soon."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        texts = {path: path.read_text(encoding="utf-8") for path in files}
        fixed = sorted({port for text in texts.values() for port in _PORT.findall(text)})
        ports = dict(zip(fixed, _free(len(fixed)), strict=True))
        for path, text in texts.items():
            path.write_text(_PORT.sub(lambda found: str(ports[found[0]]), text), encoding="utf-8")
        return ports

    def _environment(self) -> dict[str, str]:
        tools = self.tmp / "bin"
        tools.mkdir()
        wrapper = tools / "xlicense"
        wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler.cli "$@"\n', encoding="utf-8")
        wrapper.chmod(0o755)
        (self.tmp / "temporary").mkdir()
        kept = {name: os.environ[name] for name in os.environ if name.startswith("COVERAGE_PROCESS")}
        return kept | {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.tmp),
            "TMPDIR": str(self.tmp / "temporary"),
            "XDG_STATE_HOME": str(self.tmp / "state"),
            "XDG_CONFIG_HOME": str(self.tmp / "config"),
            "LANG": "C.UTF-8",
        }

    def demo(self) -> subprocess.CompletedProcess[str]:
        """Run its demo.sh to the end."""
        return self._run(["sh", str(self.folder / "demo.sh")])

    def typed(self, step: Step) -> subprocess.CompletedProcess[str]:
        """Type one command; the shell keeps its folder and its exported variables."""
        command = step.command
        if names := set(_HANDOFF.findall(command)):
            assert len(names) == 1, command
            command = _HANDOFF.sub(self._waits(), command)
        kept = self.tmp / "shell"
        script = f'{command}\nstatus=$?\npwd >"{kept}.cwd"\nexport -p >"{kept}.env"\nexit $status\n'
        if kept.with_suffix(".env").exists():
            script = f'. "{kept}.env"\n{script}'
        ran = self._run(["bash", "-c", script])
        self._cwd = kept.with_suffix(".cwd").read_text(encoding="utf-8").strip()
        return ran

    def _waits(self) -> str:
        listed = self._run(["xlicense", "handoff", "list", "--json"]).stdout
        (waiting,) = json.loads(listed)["handoffs"]
        return str(waiting["handoff_id"])

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self._cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT,
        )

    def listening(self) -> list[int]:
        """The ports of the lab on which something still answers."""
        return [port for port in self.ports.values() if _answers(port)]

    def end(self) -> None:
        """End the lab, should a test have failed before its README did."""
        for state in self.tmp.rglob(".lab"):
            self._run(["xlicense", "lab", "down", "--state", str(state), "--quiet"])


def steps(readme: str) -> list[Step]:
    """The commands of all console blocks, in order."""
    found: list[Step] = []
    for block in re.findall(r"^```console\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
            command, *seen = part.splitlines()
            command, _, said = command.partition("  # exit ")
            found.append(
                Step(command.strip(), int(said.split()[0]) if said else 0, tuple(filter(str.strip, seen)))
            )
    return found


def shows(printed: str, line: str) -> bool:
    """Whether a line of a README occurs in what was printed, however that was wrapped."""
    text = _steady(printed)
    place = 0
    for part in _steady(line).split("…"):
        place = text.find(part.strip(), place)
        if place < 0:
            return False
    return True


def _steady(text: str) -> str:
    text = " ".join(text.split())
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return text


def _free(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in taken]
    finally:
        for one in taken:
            one.close()


def _answers(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(1.0)
        return one.connect_ex(("127.0.0.1", port)) == 0
