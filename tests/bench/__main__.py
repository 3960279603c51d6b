"""The speed budgets, measured from an installed wheel and printed as ratios of one run.

Each row compares a command with a floor that runs in turn with it on the same machine, so the ratios hold
where single times would not. The floors are scripts that do the same reading with the bare libraries.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import fleet
from tests.bench.measure import once, paired

ROOT = Path(__file__).resolve().parents[2]
FLOORS = Path(__file__).parent / "floors"


@dataclass(frozen=True)
class Row:
    """One budget: what was measured, in which unit, and what is allowed."""

    name: str
    measured: float
    budget: float
    unit: str
    detail: str
    at_least: bool = False

    @property
    def kept(self) -> bool:
        return self.measured >= self.budget if self.at_least else self.measured <= self.budget

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        verdict = "ok  " if self.kept else "OVER"
        figures = f"{self.measured:8.2f} {self.unit:<3} (budget {sign} {self.budget:g} {self.unit})"
        return f"{verdict} {self.name:<44} {figures:<38} {self.detail}"


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="xlicense-bench-") as scratch:
        folder = Path(scratch)
        bench = Bench(folder, installed(folder))
        kept = True
        for row in bench.rows():
            print(row, flush=True)
            kept = kept and row.kept
    return 0 if kept else 1


def installed(folder: Path) -> dict[str, str]:
    """Build the wheel, install it beside the environment, and return an environment that finds it first."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    build = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(ROOT)]
    subprocess.run([sys.executable, *build], check=True, **quiet)  # type: ignore[call-overload]
    wheel = next((folder / "dist").glob("*.whl"))
    target = ["--no-deps", "--no-index", "--target", str(folder / "site")]
    install = ["-m", "pip", "install", *target, str(wheel)]
    subprocess.run([sys.executable, *install], check=True, **quiet)  # type: ignore[call-overload]
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(folder / "site"),
        "XDG_STATE_HOME": str(folder / "state"),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


class Bench:
    """The rows, each measured when it is asked for."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self._folder = folder
        self._env = env

    def rows(self) -> Iterator[Row]:
        yield self._start("--help")
        yield self._start("--version")
        yield self._validate(10 * fleet.NODES_A_CLUSTER, "validate, ten clusters", budget=1.5)
        big = self._workspace(10_000)
        yield self._validate(10_000, "load and validate 10,000 nodes", budget=4.0, folder=big)
        yield from self._plans(big)
        yield self._journal()
        yield from self._observe()

    def _start(self, option: str) -> Row:
        ours, bare, ratio = paired(self._cli(option), [sys.executable, "-c", "pass"], env=self._env, runs=11)
        detail = f"{ours * 1000:.0f} ms CPU against {bare * 1000:.0f} ms for a bare interpreter"
        return Row(f"xlicense {option}", ratio, 6.0, "x", detail)

    def _validate(self, nodes: int, name: str, *, budget: float, folder: Path | None = None) -> Row:
        folder = folder or self._workspace(nodes)
        floor = [sys.executable, str(FLOORS / "load.py"), str(folder)]
        ours, bare, ratio = paired(self._cli("validate"), floor, env=self._env, cwd=folder, runs=5)
        detail = f"{ours:.2f} s CPU against {bare:.2f} s for libyaml events and one pydantic model a file"
        return Row(name, ratio, budget, "x", detail)

    def _plans(self, big: Path) -> Iterator[Row]:
        small = self._workspace(1_000)
        for folder in (small, big):
            fleet.write_observation(folder)
        argv = self._cli("plan", "--observation", "now.json")
        start = once(self._cli("version"), env=self._env).cpu
        few = min(once(argv, env=self._env, cwd=small).cpu for _ in range(3)) - start
        runs = [once(argv, env=self._env, cwd=big) for _ in range(3)]
        many = min(run.cpu for run in runs)
        if any(run.code for run in runs):
            raise SystemExit(f"the plan of the large fleet ended with {runs[0].code}")
        floor = [sys.executable, str(FLOORS / "plan.py"), str(big)]
        ours, bare, ratio = paired(argv, floor, env=self._env, cwd=big, runs=3)
        detail = f"{ours:.2f} s CPU against {bare:.2f} s for reading both files with the bare libraries"
        yield Row("no-op plan of 10,000 nodes", ratio, 2.9, "x", detail)
        yield Row("  its memory", max(run.memory for run in runs), 200, "MiB", "peak resident")
        exponent = math.log10((many - start) / few)
        detail = f"{few:.2f} s CPU for 1,000 nodes, {many - start:.2f} s for 10,000, start taken off"
        yield Row("  its growth from 1,000 to 10,000 nodes", exponent, 1.1, "", detail)

    def _journal(self) -> Row:
        floor = [sys.executable, str(FLOORS / "commits.py"), str(self._folder / "bare")]
        ours = [sys.executable, str(FLOORS / "journal.py"), str(self._folder / "ours")]
        pairs = [(self._rate(ours), self._rate(floor)) for _ in range(7)]
        first, second = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        ratio = statistics.median(first / second for first, second in pairs)
        detail = f"{first:.0f} records/s against {second:.0f} bare commits/s (WAL, synchronous=FULL)"
        return Row("journal records", ratio, 0.6, "x", detail, at_least=True)

    def _observe(self) -> Iterator[Row]:
        script = [sys.executable, str(FLOORS / "observe.py")]
        done = subprocess.run(script, check=True, env=self._env, capture_output=True, text=True)
        ours, bare, ratio, wall, floor, slower, memory = (float(word) for word in done.stdout.split())
        detail = f"{ours * 1000:.1f} ms CPU a node against {bare * 1000:.1f} ms for login, shell, two lines"
        yield Row("observe, client CPU a node", ratio, 1.7, "x", detail)
        yield Row("  its memory a node", memory, 64, "KiB", "resident growth over 100 nodes")
        detail = f"{wall:.2f} s for 40 nodes at 50 ms a line, {floor:.2f} s bare with as many lines"
        yield Row("  its wall time", slower, 1.2, "x", detail)

    def _rate(self, argv: list[str]) -> float:
        done = subprocess.run(argv, check=True, env=self._env, capture_output=True, text=True)
        return float(done.stdout)

    def _workspace(self, nodes: int) -> Path:
        folder = self._folder / f"fleet-{nodes}"
        if not folder.exists():
            fleet.write_workspace(folder, nodes)
        return folder

    def _cli(self, *arguments: str) -> list[str]:
        return [sys.executable, "-c", "from reconciler.cli import main; main()", *arguments]


if __name__ == "__main__":
    sys.exit(main())
