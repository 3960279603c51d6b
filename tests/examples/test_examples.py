"""Every example that ships is valid, formatted, and plans what it promises.

The lab is the demo; test_walked follows the two on reservations.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.examples.placed import example
from tests.golden.harness import ROOT, Scenario

PIP = "pip install"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("token-direct", ["set privacy to hostname", 'register to "Expressway EMEA"', "revoke"]),
        ("on-prem", ["set the Smart Licensing URL", "set the transport to satellite", "register to Default"]),
        ("proxy", ["set the proxy to proxy.example.com:3128", "BY A PERSON", "register to"]),
        ("ci", ['register to "Expressway EMEA"']),
    ],
)
async def test_an_example_is_valid_and_plans_what_it_promises(
    name: str, wanted: list[str], tmp_path: Path
) -> None:
    async with example(name, tmp_path) as scenario:
        assert (await scenario.xlicense("validate")).code == 0
        planned = await scenario.xlicense("plan")
        assert planned.code == 0, str(planned)
        for words in wanted:
            assert words in planned.out, f"{words!r} is not planned\n{planned}"


SHIPPED = ["lab", "token-direct", "on-prem", "proxy", "ci", "reservation-api", "air-gapped/inside"]


@pytest.mark.parametrize("name", SHIPPED)
async def test_an_example_ships_formatted_and_valid_without_a_warning(name: str) -> None:
    for arguments in (("fmt", "--check"), ("validate", "--json")):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "reconciler.cli", *arguments, "-C", str(ROOT / "examples" / name)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, arguments
    assert json.loads(out)["complaints"] == []


def test_every_workspace_that_ships_is_looked_at() -> None:
    found = (ROOT / "examples").rglob("xlicense.yaml")
    assert {str(path.parent.relative_to(ROOT / "examples")) for path in found} == set(SHIPPED)


def github(job: str) -> list[str]:
    flow: Any = yaml.safe_load((ROOT / "examples/ci/github/xlicense.yml").read_text(encoding="utf-8"))
    steps = [step["run"] for step in flow["jobs"][job]["steps"] if "run" in step]
    return [step for step in steps if PIP not in step]


def gitlab(job: str) -> list[str]:
    flow: Any = yaml.safe_load((ROOT / "examples/ci/gitlab/.gitlab-ci.yml").read_text(encoding="utf-8"))
    return ["\n".join(flow[job]["script"])]


async def shell(scenario: Scenario, steps: list[str]) -> int:
    """Run a job's steps as its CI does; the exit code of the first that fails."""
    tools = scenario.tmp / "bin"
    tools.mkdir(exist_ok=True)
    wrapper = tools / "xlicense"
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler.cli "$@"\n')
    wrapper.chmod(0o755)
    environment = {
        **scenario.environment,
        "PATH": f"{tools}:{scenario.environment['PATH']}",
        "CI": "true",
        "GITHUB_STEP_SUMMARY": str(scenario.tmp / "summary.md"),
    }
    for step in steps:
        process = await asyncio.create_subprocess_exec(
            "bash", "-eo", "pipefail", "-c", step, cwd=scenario.workspace, env=environment
        )
        if code := await process.wait():
            return code
    return 0


@pytest.mark.parametrize("jobs", [github, gitlab])
async def test_the_pipelines_steps_find_drift_plan_apply_and_find_none(jobs: Any, tmp_path: Path) -> None:
    async with example("ci", tmp_path) as scenario:
        await scenario.ready()
        assert await shell(scenario, jobs("drift")) == 2
        report = (scenario.workspace / "drift.md").read_text(encoding="utf-8")
        assert "registration" in report
        if jobs is gitlab:
            assert await shell(scenario, jobs("validate")) == 0
        assert await shell(scenario, jobs("plan")) == 0
        assert (scenario.workspace / "plan.json").exists()
        assert await shell(scenario, jobs("apply")) == 0
        assert all(node.registration is not None for node in scenario.lab.world.nodes.values())
        assert await shell(scenario, jobs("drift")) == 0
