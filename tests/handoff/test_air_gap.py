"""The whole way of an air-gapped cluster: reserve, change, retire, with every code carried across by file."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from providers.lab import Lab, books, load_world
from providers.lab.lab import wall_now
from tests.ran import Ran

from .crossing import ROOT, home, xlicense

EXAMPLE = ROOT / "examples" / "air-gapped"
CLUSTER = "clusters/vault-core.yaml"


class Gap:
    """Nodes inside, CSSM outside, and two machines that share nothing but files."""

    def __init__(self, tmp: Path) -> None:
        self.tmp = tmp
        self.inside, self.outside = tmp / "inside", tmp / "outside"
        self.lab = Lab(load_world(EXAMPLE / "world.yaml", wall_now()))

    async def start(self) -> None:
        await self.lab.start()
        shutil.copytree(EXAMPLE / "inside", self.inside)
        self.lab.write_trust(self.inside / ".lab")
        text = (self.inside / CLUSTER).read_text(encoding="utf-8")
        for name in ("v1", "v2"):
            placed = rf"\g<1>{self.lab.port(f'vault-core/{name}')}"
            text = re.sub(rf"(name: {name}, host: 127.0.0.1, port: )\d+", placed, text)
        (self.inside / CLUSTER).write_text(text, encoding="utf-8")
        self.outside.mkdir()
        (self.outside / "ca.pem").write_bytes(self.lab.ca_pem())
        ran = await self.run("key", "init")
        assert ran.code == 0, str(ran)

    async def run(self, *arguments: str) -> Ran:
        return await xlicense(self.inside, home(self.tmp / "in-home"), *arguments)

    async def apply(self, code: int, *arguments: str) -> Ran:
        ran = await self.run("apply", "--auto-approve", *arguments)
        assert ran.code == code, str(ran)
        return ran

    async def trip(self) -> Ran:
        """Out with a bundle, to CSSM, back with the answers."""
        bundle = str(self.outside / "bundle.json")
        out = await self.run("handoff", "export", "-o", bundle)
        assert out.code == 0, str(out)
        origin = self.lab.cloud_origin
        peer = {
            "XLICENSE_COURIER_CLIENT_ID": "lab-apply",
            "XLICENSE_COURIER_CLIENT_SECRET": "not-a-secret-apply",
        }
        carried = await xlicense(
            self.outside, home(self.tmp / "out-home") | peer,
            *("courier", "bundle.json", "-o", "answers.json", "--ca-file", "ca.pem"),
            *("--base-url", self.lab.cssm_url, "--token-url", f"{origin}/as/token.oauth2"),
        )  # fmt: skip
        assert carried.code == 0, str(carried)
        back = await self.run("handoff", "import", str(self.outside / "answers.json"))
        assert back.code == 0, str(back)
        return carried

    async def settled(self) -> None:
        ran = await self.run("plan", "--detailed-exitcode")
        assert ran.code == 0, str(ran)
        assert "No changes" in ran.out, str(ran)

    def edit(self, old: str, new: str) -> None:
        path = self.inside / CLUSTER
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
async def gap(tmp_path: Path) -> AsyncIterator[Gap]:
    made = Gap(tmp_path)
    try:
        await made.start()
        yield made
        books.check(made.lab.world)
    finally:
        await made.lab.stop()


async def test_a_cluster_that_reaches_nothing_reserves_changes_and_retires(gap: Gap) -> None:
    await gap.apply(9)
    carried = await gap.trip()
    assert carried.out.count(": done: ") == 2
    await gap.apply(0)
    await gap.settled()

    gap.edit('"0F11A001", reserve: {rms: 10', '"0F11A001", reserve: {rms: 15')
    await gap.apply(9)
    await gap.trip()
    await gap.apply(9)
    assert (await gap.trip()).out.count(": done: ") == 1
    await gap.settled()

    retired = await gap.run("retire", "vault-core/v2")
    assert retired.code == 0, str(retired)
    await gap.apply(9)
    await gap.trip()
    await gap.settled()
