"""The examples with a lab of their own do what they say: every command of the README, and the demo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.walked import Walk, shows, steps
from tests.golden.harness import ROOT

NAMES = ["reservation-api", "air-gapped"]
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(params=NAMES)
def walk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Walk]:
    made = Walk(request.param, tmp_path)
    yield made
    made.end()


def test_every_command_of_the_readme_ends_and_prints_as_it_says(walk: Walk) -> None:
    typed = steps((walk.folder / "README.md").read_text(encoding="utf-8"))
    for step in typed:
        ran = walk.typed(step)
        printed = f"$ {step.command}\n{ran.stdout}\n{ran.stderr}"
        assert ran.returncode == step.code, f"exit {ran.returncode}\n{printed}"
        assert "Traceback" not in printed
        for line in step.seen:
            assert shows(ran.stdout + ran.stderr, line), f"{line!r} is not there\n{printed}"
    assert walk.listening() == []


def test_the_demo_ends_as_it_expects_and_leaves_nothing_running(walk: Walk) -> None:
    ran = walk.demo()
    printed = ran.stdout + ran.stderr
    assert ran.returncode == 0, printed
    for word in ("demo:", "Traceback"):
        assert word not in printed
    assert "0 used more than once" in ran.stdout
    assert "0 commands ran twice with one code" in ran.stdout
    assert walk.listening() == []
    assert list((walk.tmp / "temporary").iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_names_each_of_its_commands_in_a_console_block(name: str) -> None:
    """A block of another language would not be typed here, and nobody would see that it is wrong."""
    readme = (ROOT / "examples" / name / "README.md").read_text(encoding="utf-8")
    fences = [line for line in readme.splitlines() if line.startswith("```") and line != "```"]
    assert set(fences) <= {"```console", "```yaml"}
    assert len(steps(readme)) > 10
