"""What the journal's tests share: a desk with a folder and a key, and literal actions."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler import model as m
from reconciler.journal import SqliteJournal, keys, open_journal

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
E1 = m.Address.of_node("ams-edge", "e1")
CLUSTER = m.Address.of_cluster("ams-edge")
EMEA = m.Address.of_account("emea")
TOKEN_SLOT = "token/emea/allowed"
CODE = "Njk4ZTk5-canary-Y2FuYXJ5/+=="


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Desk:
    """A place to open the journal of one workspace, again and again."""

    folder: Path
    identity: Path | None
    recipients: tuple[str, ...]
    clock: Clock = field(default_factory=Clock)
    opened: list[SqliteJournal] = field(default_factory=list)

    def open(self) -> SqliteJournal:
        journal = open_journal(
            self.folder,
            workspace="ws1",
            recipients=self.recipients,
            identity=self.identity,
            clock=self.clock,
        )
        self.opened.append(journal)
        return journal

    @property
    def database(self) -> Path:
        return self.folder / "journal.sqlite"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"


def make_desk(root: Path) -> Desk:
    identity = root / "identity.txt"
    recipient = keys.recipient_of(identity) if identity.exists() else keys.init_identity(identity)
    return Desk(root / "state" / "ws1", identity, (recipient,))


def action(kind: m.Kind = m.Kind.REGISTER) -> m.Action:
    return m.Action(
        id=f"{kind.value}:0E4D1FA5:12345678",
        address=E1,
        kind=kind,
        subject="0E4D1FA5",
        params={"token": TOKEN_SLOT, "virtual_account": "Expressway EMEA", "export_controlled": True},
        carrier=m.Carrier.SSH,
        effect_class=m.EffectClass.ONCE,
        reason="not registered",
    )


def create_token() -> m.Action:
    return m.Action(
        id="account.create_token:emea:12345678",
        address=EMEA,
        kind=m.Kind.CREATE_TOKEN,
        subject="emea",
        params={"export_controlled": True, "expires_after_days": 1, "max_uses": 2},
        carrier=m.Carrier.API,
        effect_class=m.EffectClass.ONCE,
        reason="two nodes register",
        makes=TOKEN_SLOT,
    )


def waiting(wants: m.CodeKind | None = m.CodeKind.TOKEN) -> m.Waiting:
    return m.Waiting(
        handoff_id="",
        action_id=create_token().id,
        kind=m.Kind.CREATE_TOKEN.value,
        address=EMEA,
        subject="emea",
        since=NOW,
        instructions=("Open the virtual account", "New Token"),
        wants=wants,
        slot=TOKEN_SLOT if wants else None,
    )


class Child:
    """Another process at the same journal; it waits at each point that it tells."""

    def __init__(self, what: str, root: Path) -> None:
        home = Path(__file__).parents[2]
        self.stderr = root / "stderr"
        with self.stderr.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.journal.child", what, str(root)],
                cwd=home,
                env={**os.environ, "PYTHONPATH": str(home)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def say(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def rest(self) -> list[str]:
        """Everything until it ends by itself."""
        output, _ = self.process.communicate("")
        return output.splitlines()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()
