"""The whole life of reservations through the real command line: reserve, change, move, retire, migrate."""

from __future__ import annotations

from pathlib import Path

from .harness import HERE, Scenario

FOLDER = HERE / "reservations"


async def test_three_nodes_reserve_by_api(tmp_path: Path) -> None:
    async with Scenario(FOLDER, tmp_path) as scenario:
        await scenario.ready()
        plan = await scenario.xlicense("plan")
        scenario.golden("reserve.txt", plan.out)
        applied = await scenario.xlicense("apply", "--auto-approve")
        assert applied.code == 0, str(applied)
        await scenario.nothing_left()
