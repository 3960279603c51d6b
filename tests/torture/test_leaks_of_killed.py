"""L1, the long programme: the process is killed at any point, at any level of telling, and started again. No
secret and no code is in what that leaves: streams, state folder, workspace, reports.

Left out are the places that secrets come from, and what the tests themselves write down for the referee.
"""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.security.canaries import bearers_of, canaries_of, plant
from tests.security.scanner import Scanner, files_under

from .launcher import Chosen, Launcher
from .programme import LIMIT, chosen, points_of, slices, together
from .scenes import SCENES
from .stage import Snapshot, Stage, snapshot
from .table import Row, add

_LEVELS = (("-vv",), ("-vv",), ("-v",), (), ("-q",))
_LOOKS = (("op", "list", "--all"), ("codes", "list", "--all", "--json"), ("plan", "--json"), ("doctor",))


async def _case(stage: Stage, kill: Chosen, dice: random.Random) -> str:
    bearers: set[str] = set()
    for at in (kill, None):
        await stage.apply(*dice.choice(_LEVELS), chosen=at)
        bearers |= bearers_of(stage.lab)
        stage.later(dice.choice((0.0, 40.0, 700.0)))
    await stage.run(*dice.choice(_LOOKS), *dice.choice(_LEVELS))
    bearers |= bearers_of(stage.lab)
    ours = {stage.workspace / ".lab", stage.identity, *stage.plains}
    scanner = Scanner(canaries_of(stage.lab, bearers, stage.identity))
    found = scanner.scan(files_under(stage.folder, but=ours))
    add(Row("L1", len(stage.running), 1, len(stage.lab.ledger.given) - stage.printed_before))
    return f"killed at {kill.at}: {found}" if found else ""


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("scene", "number", "many"), slices(0, 640))
async def test_l1_whatever_a_killed_process_leaves_holds_no_secret(
    scene: str, number: int, many: int
) -> None:
    async with Launcher() as launcher:
        prepared = _planted(await snapshot(SCENES[scene], launcher))
        points = await points_of(prepared)

        async def case(kill: Chosen) -> str:
            async with prepared.stage() as stage:
                return await _case(stage, kill, random.Random(f"L1 {number} {kill.at}"))

        found = await together(case(kill) for kill in chosen(points, many, f"L1 points {number}"))
    assert not found, "\n\n".join(found)


def _planted(prepared: Snapshot) -> Snapshot:
    world = copy.deepcopy(prepared.world)
    plant(world)
    return replace(prepared, world=world)


async def test_what_is_planted_in_a_scene_is_found(tmp_path: Path) -> None:
    """So that a scan that finds nothing has looked."""
    async with Launcher() as launcher:
        prepared = _planted(await snapshot(SCENES["grow1"], launcher))
        async with prepared.stage() as stage:
            await stage.apply("-vv")
            canaries = canaries_of(stage.lab, bearers_of(stage.lab), stage.identity)
    for number, canary in enumerate(canaries):
        (tmp_path / str(number)).write_text(f"told: {canary.value}", encoding="utf-8")
    names = {canary.name for canary in canaries}
    assert {hit.canary for hit in Scanner(canaries).scan(files_under(tmp_path))} == names
    kinds = {"password", "client secret", "identity", "bearer", "authorization", "confirmation"}
    assert kinds <= {name.partition("#")[0] for name in names}
