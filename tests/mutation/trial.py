"""One change tried: a copy of the tree with the change in it, and a fork that runs the tests which reach it.

The libraries are read once, here; our own packages are read anew by every child, so that a change in a
table of a module counts like one in a function. A child has a session of its own, and whatever it started
is killed with it. Tests that start other processes find the changed copy there too.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .operators import Mutant, mutated
from .rooms import SLOWEST, Room

PARTS = ("reconciler", "providers", "tests", "examples", "schemas", "docs", "pyproject.toml", "README.md")
_LIBRARIES = (
    *("pytest", "_pytest.assertion.rewrite", "_pytest.pytester", "pytest_asyncio.plugin", "pytest_timeout"),
    *("hypothesis", "_hypothesis_pytestplugin", "hypothesis.strategies", "hypothesis.stateful", "coverage"),
    *("asyncssh", "httpx2", "authlib.integrations.httpx_client", "stamina", "pyrage", "networkx", "deepdiff"),
    *("pydantic", "ruamel.yaml", "yaml", "sqlite3", "platformdirs", "rich.console", "rfc8785", "click"),
    *("aiohttp.web", "trustme", "jsonschema", "asyncio", "ssl", "email.utils", "encodings.idna"),
)
_MEMORY = 4 << 30
_PLAIN = ("-x", "-p", "no:xdist", "-p", "no:cov", "-p", "no:faulthandler", "--assert=plain")
_KILLED, _SURVIVED = "killed", "survived"


@dataclass(frozen=True)
class Reach:
    """What the untouched code showed: which tests run a line, and how long each takes."""

    tests: dict[str, float]
    lines: dict[str, dict[int, tuple[str, ...]]]

    def of(self, mutant: Mutant) -> tuple[str, ...]:
        """The tests that run the changed statement, the quickest first; all of the room for one that runs
        when its module is read, for nobody sees who uses a table."""
        lines = self.lines.get(mutant.path, {})
        found = {test for line in mutant.lines for test in lines.get(line, ())}
        found = found if mutant.lines else set(self.tests)
        return tuple(sorted(found, key=lambda test: (self.tests[test], test)))


def warm() -> None:
    """Read what every child needs, once."""
    for name in _LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()


class Tree:
    """A copy of the project, for one child at a time."""

    def __init__(self, root: Path, place: Path, parts: Sequence[str] = PARTS) -> None:
        self.place = place
        self._tick = time.time() + 10
        for part in parts:
            if (root / part).is_dir():
                shutil.copytree(root / part, place / part, ignore=shutil.ignore_patterns("mutation"))
            elif (root / part).exists():
                shutil.copy2(root / part, place / part)

    def reach(self, room: Room) -> Reach:
        """Run the room's tests on the untouched code. Raises RuntimeError where they fail there already."""
        told = self.place / "reach.json"
        log = self.place / "baseline.log"
        child = self._fork(lambda: _listen(room, told), log)
        _, status = os.waitpid(child, 0)
        if status or not told.exists():
            raise RuntimeError(f"{room.name}: tests fail on the code as it is:\n{log.read_text()[-3000:]}")
        data = json.loads(told.read_text())
        return Reach(
            data["tests"],
            {
                path: {int(line): tuple(tests) for line, tests in lines.items()}
                for path, lines in data["lines"].items()
            },
        )

    def start(self, mutant: Mutant, tests: Sequence[str], durations: dict[str, float]) -> Trying:
        """Put the change in and begin."""
        target = self.place / mutant.path
        kept = target.read_text()
        target.write_text(mutated(kept, mutant.number))
        self._tick += 2
        os.utime(target, (self._tick, self._tick))
        pid = self._fork(lambda: _judge(tests), Path(os.devnull))
        limit = 15 + 4 * sum(durations[test] for test in tests)
        return Trying(mutant, self, pid, time.monotonic() + limit, kept)

    def restore(self, path: str, text: str) -> None:
        (self.place / path).write_text(text)
        self._tick += 2
        os.utime(self.place / path, (self._tick, self._tick))
        shutil.rmtree(self.place / "tmp", ignore_errors=True)

    def _fork(self, run: Callable[[], int], log: Path) -> int:
        pid = os.fork()
        if pid:
            return pid
        status = 70
        try:
            _become(self.place, log)
            status = run()
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)


@dataclass(frozen=True)
class Trying:
    """A change whose child runs."""

    mutant: Mutant
    tree: Tree
    pid: int
    deadline: float
    kept: str

    def ended(self) -> str | None:
        """``killed`` or ``survived``, or None while the child runs. Too long is killed."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0 and time.monotonic() < self.deadline:
            return None
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        if pid == 0:
            os.waitpid(self.pid, 0)
        self.tree.restore(self.mutant.path, self.kept)
        return _SURVIVED if pid and status == 0 else _KILLED


def try_all(mutants: Sequence[Mutant], reach: Reach, trees: Sequence[Tree]) -> Iterator[tuple[Mutant, str]]:
    """Each mutant and how it ended, as they end; one child a tree."""
    waiting, free, running = list(reversed(mutants)), list(trees), list[Trying]()
    try:
        while waiting or running:
            yield from _round(waiting, free, running, reach)
            time.sleep(0.005)
    finally:
        for trying in running:
            with suppress(ProcessLookupError):
                os.killpg(trying.pid, signal.SIGKILL)


def _round(
    waiting: list[Mutant], free: list[Tree], running: list[Trying], reach: Reach
) -> Iterator[tuple[Mutant, str]]:
    while waiting and free:
        mutant = waiting.pop()
        tests = reach.of(mutant)
        if tests:
            running.append(free.pop().start(mutant, tests, reach.tests))
        else:
            yield mutant, _SURVIVED
    for trying in list(running):
        if (outcome := trying.ended()) is not None:
            running.remove(trying)
            free.append(trying.tree)
            yield trying.mutant, outcome


def _become(place: Path, log: Path) -> None:
    """The child: in the copy, alone in its session, with bounded memory, and mute."""
    os.setsid()
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    os.chdir(place)
    for number, path, flags in ((0, os.devnull, os.O_RDONLY), (1, log, os.O_WRONLY | os.O_CREAT)):
        os.dup2(os.open(path, flags, 0o600), number)
    os.dup2(1, 2)
    for name in [
        name for name in sys.modules if name.partition(".")[0] in {"tests", "reconciler", "providers"}
    ]:
        del sys.modules[name]
    sys.path[:] = [
        str(place),
        *(entry for entry in sys.path if entry and entry != os.environ.get("PYTHONPATH")),
    ]
    os.environ |= {"PYTHONPATH": str(place), "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    importlib.invalidate_caches()


def _settle_hypothesis() -> None:
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=tuple(HealthCheck),
    )
    settings.load_profile("mutation")


def _pytest(arguments: Sequence[str], plugin: object) -> int:
    import pytest

    _settle_hypothesis()
    return int(pytest.main([*_PLAIN, f"--basetemp={Path.cwd() / 'tmp'}", *arguments], plugins=[plugin]))


def _judge(tests: Sequence[str]) -> int:
    sys.dont_write_bytecode = True
    return _pytest(sorted({test.partition("::")[0] for test in tests}), _Chosen(tests))


class _Chosen:
    """Only these tests, in this order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self._order = {test: at for at, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._order), key=lambda item: self._order[item.nodeid]
        )


def _listen(room: Room, told: Path) -> int:
    """Run all tests of a room under coverage and write down what each reached."""
    import coverage

    files = [str(Path.cwd() / path) for path in room.files(Path.cwd())]
    watch = coverage.Coverage(data_file=None, config_file=False, include=files)
    listener = _Listener(watch)
    watch.start()
    status = _pytest(room.tests, listener)
    watch.stop()
    tests = {test: took for test, took in listener.took.items() if took <= SLOWEST}
    told.write_text(json.dumps({"tests": tests, "lines": _lines(watch, tests)}))
    return status


def _lines(watch: Any, tests: dict[str, float]) -> dict[str, dict[int, list[str]]]:
    data = watch.get_data()
    return {
        Path(path).relative_to(Path.cwd()).as_posix(): {
            line: [test for test in contexts if test in tests]
            for line, contexts in data.contexts_by_lineno(path).items()
        }
        for path in data.measured_files()
    }


class _Listener:
    def __init__(self, watch: Any) -> None:
        self._watch = watch
        self._begun = 0.0
        self.took: dict[str, float] = {}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._begun = time.monotonic()
        self._watch.switch_context(nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.took[nodeid] = time.monotonic() - self._begun
        self._watch.switch_context("")
