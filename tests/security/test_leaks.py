"""No secret and no code is in anything that real runs leave: streams, files, names, reports, after failures
and crashes, at every level. Canaries in the lab's own passwords, tokens and codes; eight encodings.

Left out are the places that the secrets come from (``.lab``, the age identity) and, by name, the codes that
a bundle or sheet is there to carry out. ``XLICENSE_TORTURE=1`` crashes at every place at every level.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.golden.harness import HERE, Scenario
from tests.handoff.crossing import home, xlicense
from tests.handoff.test_air_gap import Gap
from tests.ran import Ran
from tests.torture.table import Row, add

from .canaries import PASSWORD, bearers_of, canaries_of, codes_of, identity_in, plant
from .crash import PLACES
from .scanner import Artefact, Canary, Scanner, files_under

TORTURE = bool(os.environ.get("XLICENSE_TORTURE"))
COURIER_SECRET = "not-a-secret-apply"
LEVELS = ("-q", "", "-v", "-vv")
pytestmark = pytest.mark.timeout(900)


class Watch:
    """Runs commands in a scenario and keeps everything that they leave."""

    def __init__(self, scenario: Scenario) -> None:
        self.s = scenario
        self.runs = 0
        self.artefacts: list[Artefact] = []
        self._files: dict[str, bytes] = {}
        self._bearers: set[str] = set()
        scenario.environment["TMPDIR"] = str(scenario.tmp / "temporary")
        (scenario.tmp / "temporary").mkdir()

    async def run(self, *arguments: str, level: str = "", crash: str | None = None, **more: str) -> Ran:
        """One command, as itself or with a bug planted at a place."""
        module = ["reconciler.cli"] if crash is None else ["tests.security.crash", crash]
        words = [*arguments, *filter(None, [level])]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *module, *words,
            cwd=self.s.workspace, env={**self.s.environment, **more}, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(120):
            out, err = await process.communicate()
        ran = Ran(tuple(words), process.returncode or 0, out.decode(), err.decode())
        self.runs += 1
        self._keep(f"{crash or 'run'} {self.runs}: {' '.join(words)}", level, out, err)
        assert "Traceback" not in ran.err, str(ran)
        return ran

    def _keep(self, name: str, level: str, out: bytes, err: bytes) -> None:
        self.artefacts += [
            Artefact(f"{name}: stdout", out, level), Artefact(f"{name}: stderr", err, level)
        ]  # fmt: skip
        self._bearers |= bearers_of(self.s.lab)
        for file in self.files():
            if self._files.get(file.name) != file.data:  # each state of a file is looked at once
                self._files[file.name] = file.data
                self.artefacts.append(replace(file, name=f"{name}: {file.name}", level=level))

    def files(self) -> Iterator[Artefact]:
        carried = frozenset({"request", "authorization", "confirmation", "return"})
        yield from files_under(
            self.s.tmp,
            but=(self.s.workspace / ".lab", self.identity),
            meant=dict.fromkeys(("bundle.json", "sheet.md", "sheet.csv"), carried),
        )

    @property
    def identity(self) -> Path:
        return self.s.tmp / "config" / "xlicense" / "identity.txt"

    def clean(self) -> Scanner:
        scanner = Scanner(canaries_of(self.s.lab, self._bearers, self.identity))
        assert scanner.scan(self.artefacts) == []
        add(Row("L1", cases=self.runs, printed=len({one.value for one in self.s.lab.ledger.codes()})))
        return scanner


@asynccontextmanager
async def watched(folder: str, tmp_path: Path) -> AsyncIterator[Watch]:
    """A scenario with canaries for passwords and secrets, and a key made."""
    scenario = Scenario(HERE / folder, tmp_path)
    plant(scenario.lab.world)
    async with scenario as s:
        watch = Watch(s)
        assert (await watch.run("key", "init")).code == 0
        yield watch


async def test_token_registration_its_reports_and_its_failures_leave_no_secret(tmp_path: Path) -> None:
    async with watched("fresh_two_nodes", tmp_path) as w:
        await reports(w)
        w.s.lab.faults.add("cloud", "garbage", match="POST .*/tokens$")
        w.s.lab.faults.add("ams-edge/e1", "mid-reply", match="smart register")
        w.s.lab.faults.add("ams-edge/e2", "error", match="smart register")
        await w.run("apply", "--auto-approve", level="-vv", GITHUB_ACTIONS="1")
        await w.run("apply", "--auto-approve", "--json", level="-vv")
        assert (await w.run("plan", "--detailed-exitcode", level="-vv")).code == 0
        for arguments in (("codes", "list", "--all"), ("op", "list", "--all"), ("key", "test")):
            assert (await w.run(*arguments, level="-vv")).code == 0
        await distrusted(w)
        assert len(w.s.lab.ledger.codes("token")) >= 1
        w.clean()


async def reports(w: Watch) -> None:
    """Everything that is made from a plan or a reading."""
    for level in LEVELS:
        assert (await w.run("plan", "-o", "plan.json", level=level)).code == 0
        assert (await w.run("observe", "-o", "seen.json", level=level)).code == 0
    for arguments in (
        ("plan", "--show-commands"), ("plan", "--json"), ("drift", "--format", "json"), ("observe",),
        ("drift", "--format", "markdown"), ("graph", "plan.json"), ("show", "desired"), ("validate",),
        ("hostkeys", "check"),
    ):  # fmt: skip
        ran = await w.run(*arguments, level="-vv", COLUMNS="60")
        assert ran.code in {0, 2}, str(ran)


async def distrusted(w: Watch) -> None:
    """Wrong secrets: what is refused is often repeated by whoever refuses it."""
    for client in (one for manager in w.s.lab.managers.values() for one in manager.manager.clients):
        client.client_secret = "another"
    for node in w.s.lab.world.nodes.values():
        node.password = "another"
    for level in LEVELS:
        assert (await w.run("plan", level=level)).code in {10, 11}


async def test_the_life_of_a_reservation_with_lost_answers_leaves_no_code(tmp_path: Path) -> None:
    async with watched("reservations", tmp_path) as w:
        w.s.lab.faults.add("ams-core/c1", "mid-reply", match="reservation request")
        w.s.lab.faults.add("ams-core/c2", "drop-after", match="reservation install")
        w.s.lab.faults.add("cloud", "mid-reply", match="POST .*/reserve")
        for level in ("-vv", "-v", ""):
            await w.run("apply", "--auto-approve", level=level)
        for arguments in (("op", "list", "--all"), ("codes", "list", "--all", "--json"), ("handoff", "list")):
            await w.run(*arguments, level="-vv")
        await w.run("handoff", "export", "-o", "bundle.json", level="-vv")
        await w.run("handoff", "export", "--format", "md", "-o", "sheet.md")
        await w.run("handoff", "export", "--format", "csv", "-o", "sheet.csv")
        reserved = [name for name, node in w.s.lab.world.nodes.items() if node.holding.installed]
        cluster, _, node = reserved[-1].partition("/")
        assert (await w.run("retire", f"cluster/{cluster}/node/{node}", level="-vv")).code == 0
        await w.run("apply", "--auto-approve", level="-vv")
        await w.run("plan", "--json", level="-vv")
        kinds = {given.kind for given in w.s.lab.ledger.codes()}
        assert {"request", "authorization", "confirmation", "return"} <= kinds, kinds
        w.clean()


CRASHES = [
    (folder, place, level)
    for folder in ("fresh_two_nodes", "reservations")
    for number, place in enumerate(PLACES)
    for at, level in enumerate(LEVELS[1:])
    if TORTURE or (number + at) % 3 == 0
]


@pytest.mark.parametrize("folder", ["fresh_two_nodes", "reservations"])
async def test_a_bug_wherever_secrets_pass_leaves_none_in_report_or_stream(
    folder: str, tmp_path: Path
) -> None:
    async with watched(folder, tmp_path) as w:
        for _, place, level in (one for one in CRASHES if one[0] == folder):
            await w.run("apply", "--auto-approve", level=level, crash=place)
        reports = [one.data for one in w.files() if one.name.startswith("state/xlicense/bugs/")]
        assert len(reports) >= 3, "once the work is done some places are not reached any more"
        assert sum(b"<redacted>" in report for report in reports) >= 3, "nothing passed the planted bugs"
        w.clean()


async def crossing(gap: Gap) -> list[Ran]:
    """Out with a bundle, to CSSM, and back, however far it comes."""
    bundle, answers = str(gap.outside / "bundle.json"), str(gap.outside / "answers.json")
    peer = home(gap.tmp / "out-home") | {
        "XLICENSE_COURIER_CLIENT_ID": "lab-apply",
        "XLICENSE_COURIER_CLIENT_SECRET": COURIER_SECRET,
    }
    urls = ("--base-url", gap.lab.cssm_url, "--token-url", f"{gap.lab.cloud_origin}/as/token.oauth2")
    carry = ("courier", bundle, "-o", answers, "--ca-file", "ca.pem", "-vv", *urls)
    return [
        await gap.run("handoff", "export", "-o", bundle, "-vv"),
        await xlicense(gap.outside, peer, *carry),
        await gap.run("handoff", "import", answers, "-vv"),
    ]


async def test_what_crosses_an_air_gap_holds_only_what_it_is_there_to_carry(tmp_path: Path) -> None:
    """A request code goes out in clear, an answer comes back sealed, and nothing else goes either way."""
    gap = Gap(tmp_path)
    plant(gap.lab.world, clients=False)
    try:
        await gap.start()
        streams = [await gap.apply(9, "-vv"), *await crossing(gap), await gap.run("plan", "-vv")]
        canaries = [Canary("password", PASSWORD), Canary("client secret", COURIER_SECRET)]
        canaries += codes_of(gap.lab)
        identities = [gap.tmp / home / "config/xlicense/identity.txt" for home in ("in-home", "out-home")]
        canaries += [one for path in identities for one in identity_in(path)]
        artefacts = [Artefact(str(ran), f"{ran.out}{ran.err}".encode()) for ran in streams]
        artefacts += files_under(
            tmp_path, but=(gap.inside / ".lab", *identities), meant={"bundle.json": frozenset({"request"})}
        )
        assert Scanner(canaries).scan(artefacts) == []
    finally:
        await gap.lab.stop()
