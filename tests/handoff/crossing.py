"""Two machines and CSSM between them: a workspace inside, a courier outside, and the lab's cloud.

Both sides are the real command line as processes, each with a home of its own.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from providers.lab import Lab, build_world
from providers.lab.lab import wall_now
from providers.lab.nouns import RMS, TAGS
from reconciler.execution import SystemClock
from reconciler.journal import SqliteJournal, open_journal
from reconciler.model import (
    Action,
    Address,
    Carrier,
    CodeKind,
    EffectClass,
    HeldCode,
    Kind,
    Produced,
    Waiting,
)
from tests.ran import Ran
from tests.torture.launcher import Launcher

ROOT = Path(__file__).parents[2]
WORKSPACE = "7f3c1d9a"
SERIAL = "0E4D3C01"
UDI = f"P:EXPY,S:{SERIAL},U:6fe83addc80240bc92dc071ac7a30c01"
OTHER_SERIAL = "0F77AA01"
OTHER_UDI = f"P:EXPY,S:{OTHER_SERIAL},U:6fe83addc80240bc92dc071ac7a3aa01"
ACCOUNT = Address.of_account("vault-room")
CLIENT_ID, CLIENT_SECRET = "courier", "courier-secret-canary"
WORLD = f"""
cloud:
  clients: [{{client_id: {CLIENT_ID}, client_secret: {CLIENT_SECRET}}}]
  accounts:
    example.com: {{virtual_accounts: {{Air gap: {{licences: {{rms: 100, desktop: 500, room: 50}}}}}}}}
clusters: {{}}
"""
YAML = f"""version: 1
workspace: {WORKSPACE}
accounts:
  vault-room: {{smart_account: example.com, virtual_account: Air gap, manager: {{kind: hand-off}}}}
"""
_LIMIT = 100.0


def home(folder: Path) -> dict[str, str]:
    """The environment of a machine whose user has this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in os.environ if name.startswith("COVERAGE_PROCESS")}
    return kept | {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_RUNTIME_DIR": str(folder),
        "LANG": "C.UTF-8",
    }


async def xlicense(
    folder: Path, environment: dict[str, str], *arguments: str, stdin: str | None = None
) -> Ran:
    """Run one command to its end and return what it did."""
    streams = Path(environment["HOME"])
    async with Launcher() as launcher:
        started = await launcher.start(
            arguments, cwd=folder, environment=environment, folder=streams, stdin=stdin
        )
        ran = await started.end(_LIMIT)
    assert "Traceback" not in ran.err, str(ran)
    return ran


class Inside:
    """A workspace without a way to CSSM."""

    def __init__(self, tmp: Path) -> None:
        self.tmp = tmp
        self.folder = tmp / "workspace"
        self.folder.mkdir()
        (self.folder / "xlicense.yaml").write_text(YAML, encoding="utf-8")
        self.environment = home(tmp / "inside")
        self.identity = tmp / "inside" / "config" / "xlicense" / "identity.txt"
        self.state = tmp / "inside" / "state" / "xlicense" / WORKSPACE

    async def xlicense(self, *arguments: str, stdin: str | None = None) -> Ran:
        return await xlicense(self.folder, self.environment, *arguments, stdin=stdin)

    async def ready(self) -> None:
        ran = await self.xlicense("key", "init")
        assert ran.code == 0, str(ran)

    @contextmanager
    def journal(self) -> Iterator[SqliteJournal]:
        from reconciler.journal import recipient_of

        journal = open_journal(
            self.state,
            workspace=WORKSPACE,
            recipients=(recipient_of(self.identity),),
            identity=self.identity,
            clock=SystemClock(),
        )
        try:
            yield journal
        finally:
            journal.close()

    def hold(self, kind: CodeKind, value: str, serial: str = SERIAL) -> None:
        """A code that a node printed: kept in its slot."""
        node = Address.of_node("ams-core", "c1")
        action = Action(
            f"by-test:{kind}:{serial}", node, Kind.REQUEST_RESERVATION, serial, {}, Carrier.SSH,
            EffectClass.CODE, "", makes=f"{kind.value}/{serial}",
        )  # fmt: skip
        with self.journal() as journal:
            run = journal.begin_run("test", None, None)
            journal.lease([node.parent], run)
            effect = journal.intent(run, action)
            effect.sending()
            effect.code(Produced(kind, value), f"{kind.value}/{serial}")
            effect.done()
            journal.release(run)
            journal.end_run(run, "finished")

    def park(self, kind: Kind, **changes: Any) -> str:
        """A hand-off that waits; returns its id."""
        with self.journal() as journal:
            run = journal.begin_run("test", None, None)
            parked = journal.park(run, waiting(kind, **changes))
            journal.end_run(run, "finished")
        return parked.handoff_id

    def codes(self) -> tuple[HeldCode, ...]:
        with self.journal() as journal:
            return journal.codes(all=True)


def lines(rms: int, before: int | None = None) -> list[dict[str, Any]]:
    line = {"entitlement": "rms", "name": RMS, "tag": TAGS[RMS], "quantity": rms}
    return [line if before is None else {**line, "before": before}]


_WANTS = {
    Kind.CREATE_TOKEN: CodeKind.TOKEN,
    Kind.RESERVE: CodeKind.AUTHORIZATION,
    Kind.UPDATE_RESERVATION: CodeKind.AUTHORIZATION,
    Kind.FETCH_AUTHORIZATION: CodeKind.AUTHORIZATION,
}


def waiting(kind: Kind, *, serial: str = SERIAL, udi: str | None = UDI, **params: Any) -> Waiting:
    wants = _WANTS.get(kind)
    given = {"serial": serial, "udi": udi, "virtual_account": "Air gap", **params}
    now = datetime.now(UTC)
    return Waiting(
        "",
        f"{kind.value}:{serial}:{len(params)}",
        kind.value,
        ACCOUNT,
        serial,
        now,
        (f"Find the row of serial {serial}.", f"Enter <request/{serial}>."),
        wants=wants,
        slot=f"{wants.value}/{serial}" if wants else None,
        due=now + timedelta(days=5),
        params=given,
    )


def overdue(item: Waiting) -> Waiting:
    return replace(item, due=item.since - timedelta(days=1), owner="L. Owner", ticket="CHG1")


@dataclass
class Crossing:
    """``async with Crossing(tmp_path) as both``: the lab's cloud runs until the block ends."""

    tmp: Path
    profile: str = "legacy"
    inside: Inside = field(init=False)
    lab: Lab = field(init=False)

    async def __aenter__(self) -> Crossing:
        self.inside = Inside(self.tmp)
        self.lab = Lab(build_world(WORLD, wall_now()))
        await self.lab.start()
        (self.tmp / "outside").mkdir()
        (self.tmp / "outside" / "ca.pem").write_bytes(self.lab.ca_pem())
        self.environment = home(self.tmp / "outside") | {
            "XLICENSE_COURIER_CLIENT_ID": CLIENT_ID,
            "XLICENSE_COURIER_CLIENT_SECRET": CLIENT_SECRET,
        }
        await self.inside.ready()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.lab.stop()

    @property
    def way(self) -> tuple[str, ...]:
        """How the courier reaches CSSM, on the surface that is set."""
        base = self.lab.software_apis_url if self.profile == "software-apis" else self.lab.cssm_url
        return ("--ca-file", "ca.pem", "--base-url", base, "--profile", self.profile)

    async def export(self, *arguments: str) -> Path:
        path = self.tmp / "outside" / "bundle.json"
        ran = await self.inside.xlicense("handoff", "export", "-o", str(path), *arguments)
        assert ran.code == 0, str(ran)
        return path

    async def courier(self, *arguments: str) -> Ran:
        """Carry the bundle out, outside."""
        return await xlicense(
            self.tmp / "outside", self.environment,
            "courier", "bundle.json", "-o", "answers.json", *self.way, *arguments,
        )  # fmt: skip

    async def start(self) -> asyncio.subprocess.Process:
        """The same without waiting for its end."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "reconciler.cli", "courier", "bundle.json", "-o", "answers.json"),
            *self.way,
            cwd=self.tmp / "outside",
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def bring_back(self, *arguments: str) -> Ran:
        path = self.tmp / "outside" / "answers.json"
        return await self.inside.xlicense("handoff", "import", str(path), *arguments)

    def reserved(self) -> int:
        """RMS licences that are reserved in the virtual account."""
        (account,) = self.lab.world.cloud.accounts
        (va,) = account.virtual_accounts
        return sum(
            instance.booking.booked(TAGS[RMS]) for instance in va.instances if instance.booking is not None
        )

    def asked(self, text: str) -> int:
        """How often CSSM was asked something whose path holds this text."""
        return sum(text in one.text for one in self.lab.ledger.asked)

    async def until_asked(self, text: str) -> None:
        """Until CSSM was asked that: the courier is a process of its own and tells nobody."""
        for _ in range(1_500):
            if self.asked(text):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"CSSM was not asked {text}")
