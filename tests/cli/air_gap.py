"""The air-gapped example behind a lab in the test's own loop, and commands at a real terminal.

Belongs here: placing the example, spawning, typing. Does not belong here: what is expected.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pexpect

from tests.golden.harness import ROOT, Scenario
from tests.ran import Ran

EXAMPLE = ROOT / "examples" / "air-gapped"
CODE = "Code (it is not shown): "
APPROVE = "Enter a value: "
CTRL_C = "\x03"
SERIALS = ("0F11A001", "0F11A002")


class Room(Scenario):
    """The inside of the example as the workspace, and beside it a machine outside."""

    def __init__(self, tmp: Path) -> None:
        folder = tmp / "example"
        folder.mkdir()
        shutil.copytree(EXAMPLE / "inside", folder / "workspace")
        shutil.copy(EXAMPLE / "world.yaml", folder)
        for path in (folder / "workspace" / "clusters").glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            placed = re.sub(
                r"name: (\w+), host: 127.0.0.1, port: \d+",
                rf'name: \1, host: 127.0.0.1, port: "@port:{path.stem}/\1@"',
                text,
            )
            path.write_text(placed, encoding="utf-8")
        super().__init__(folder, tmp)
        self.outside = tmp / "outside"
        self.outside.mkdir()

    async def __aenter__(self) -> Room:
        await super().__aenter__()
        return self

    async def parked(self) -> dict[str, str]:
        """Ready and applied as far as it goes: the hand-offs that wait, by serial."""
        await self.ready()
        applied = await self.xlicense("apply", "--auto-approve")
        assert applied.code == 9, str(applied)
        return await self.waiting()

    async def waiting(self) -> dict[str, str]:
        listed = await self.xlicense("handoff", "list", "--json")
        return {item["params"]["serial"]: item["handoff_id"] for item in listed.json()["handoffs"]}

    async def export(self) -> Path:
        path = self.outside / "bundle.json"
        ran = await self.xlicense("handoff", "export", "-o", str(path))
        assert ran.code == 0, str(ran)
        return path

    async def courier(self, answers: str = "answers.json", *, bundle: str = "bundle.json") -> Typed:
        (self.outside / "ca.pem").write_bytes(self.lab.ca_pem())
        way = ("--ca-file", "ca.pem", "--base-url", self.lab.cssm_url)
        token = ("--token-url", f"{self.lab.cloud_origin}/as/token.oauth2")
        return await self.typed("courier", bundle, "-o", answers, *way, *token, at=self.outside)

    async def bring(self, answers: str = "answers.json") -> Typed:
        return await self.typed("handoff", "import", str(self.outside / answers))

    async def typed(self, *arguments: str, at: Path | None = None, keys: tuple[Keys, ...] = ()) -> Typed:
        """One command at a terminal: each of ``keys`` is what to wait for and what to type then."""
        return await asyncio.to_thread(self._typed, arguments, at or self.workspace, keys)

    def _typed(self, arguments: tuple[str, ...], at: Path, keys: tuple[Keys, ...]) -> Typed:
        peer = {
            "XLICENSE_COURIER_CLIENT_ID": "lab-apply",
            "XLICENSE_COURIER_CLIENT_SECRET": "not-a-secret-apply",
            "TERM": "xterm",
        }
        if at == self.outside:
            peer |= {name: str(self.tmp / "out" / name) for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME")}
        process = pexpect.spawn(
            sys.executable,
            ["-m", "reconciler.cli", *arguments],
            cwd=str(at),
            env={**self.environment, **peer},
            encoding="utf-8",
            dimensions=(60, 160),
            timeout=90,
        )
        said = ""
        for prompt, text in keys:
            process.expect_exact(prompt)
            said += process.before + process.after
            if prompt == CODE:
                process.waitnoecho()
            process.send(text)
        process.expect(pexpect.EOF)
        echoes = bool(termios.tcgetattr(process.child_fd)[3] & termios.ECHO)
        process.close()
        return Typed(Ran(arguments, int(process.exitstatus or 0), said + process.before, ""), echoes)

    def asked(self, text: str) -> int:
        """How often CSSM was asked something whose path holds this text."""
        return sum(text in one.text for one in self.lab.ledger.asked)

    def ran_on_nodes(self, text: str) -> list[str]:
        return [one.text for one in self.lab.ledger.asked if text in one.text.casefold() and one.ran]


Keys = tuple[str, str]


class Typed:
    """What a command did at the terminal, and whether that shows what is typed afterwards."""

    def __init__(self, ran: Ran, echoes: bool) -> None:
        self.code = ran.code
        self.said = " ".join(ran.out.split())
        self.echoes = echoes
        assert "Traceback" not in ran.out, str(ran)
        assert "this is a bug" not in ran.out, str(ran)
        self._ran = ran

    def __str__(self) -> str:
        return str(self._ran)


def edited(path: Path, change: Callable[[str], str]) -> None:
    """The file with another text; it must be another one."""
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")
