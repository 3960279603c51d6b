"""Token registration, from YAML to registered nodes and back to no changes."""

from __future__ import annotations

from pathlib import Path

from tests.golden.harness import HERE, Scenario


async def test_a_fresh_two_node_cluster_is_registered_and_then_has_no_changes(tmp_path: Path) -> None:
    async with Scenario(HERE / "fresh_two_nodes", tmp_path) as scenario:
        await scenario.ready()
        planned = await scenario.xlicense("plan", "-o", "plan.json")
        assert planned.code == 0, str(planned)
        scenario.golden("plan.txt", planned.out)
        applied = await scenario.xlicense("apply", "plan.json")
        assert applied.code == 0, str(applied)
        scenario.golden("apply.txt", applied.out)
        await scenario.nothing_left()
