"""The tool itself: what it changes, what it leaves alone, and what it calls killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .operators import Mutant, mutants, mutated
from .report import Row, explained, row, survivor, table, total
from .rooms import ROOMS

ROOT = Path(__file__).resolve().parents[2]


def changes(source: str) -> list[str]:
    return [mutant.change for mutant in mutants("a.py", source)]


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("a < b", ["a < b → a <= b", "a < b → a >= b", "a < b → pass"]),
        ("x = a and b", ["a and b → a or b", "a and b → b", "a and b → a"]),
        ("x = not a", ["not a → a"]),
        ("x = 3", ["3 → 4"]),
        ("x = True", ["True → False"]),
        ("x = 'word'", ["'word' → 'XXword'"]),
        ("x = a[1:]", ["1: → :", "1 → 2"]),
        ("x = min(a)", ["min(a) → max(a)"]),
        ("x = a.get(b, c)", ["a.get(b, c) → a.get(b)"]),
        ("x = a.strip()", ["a.strip() → a"]),
        ("x[a] = b", ["x[a] = b → pass"]),
        ("while a:\n    break", ["a → not a", "break → continue"]),
        ("def f():\n    return a", ["return a → return None"]),
        ("x += a", ["x += a → x -= a", "x += a → pass"]),
    ],
)
def test_a_source_is_changed_at_one_place_at_a_time(source: str, made: list[str]) -> None:
    assert sorted(changes(source)) == sorted(made)


@pytest.mark.parametrize(
    "source",
    [
        '"""Said at the top."""',
        "x: int | None",
        "def f(a: 'Name') -> 'Other': ...",
        "text = 'two words'",
        "x = f'{a} of {b} words'",
        "_log.info('begun', 1)",
        "@wrapped(1)\nclass A: ...",
        "__all__ = ['a']",
        "from a import b",
        "rows = (f, 'S12', 'A4')",
        "Word = Literal['one', 'two']",
    ],
)
def test_what_only_people_and_type_checkers_read_is_left_alone(source: str) -> None:
    assert changes(source) == []


def test_what_only_a_power_cut_could_show_is_left_alone() -> None:
    assert changes("os.fsync(file.fileno())") == []
    assert changes("sync_folder(path.parent)") == []


def test_a_default_that_reads_as_none_does_is_not_taken_away() -> None:
    assert changes("x = a.get(b, False)") == ["False → True"]


def test_a_signal_is_never_aimed_by_a_mutant() -> None:
    assert changes("os.kill(pid, 0)") == []


def test_a_change_is_named_by_its_function_and_outlives_the_lines_above() -> None:
    source = "class A:\n    def f(self):\n        return self.b == 1\n"
    moved = f"import c\n\n{source}"
    assert [each.name for each in mutants("a.py", source)] == [each.name for each in mutants("a.py", moved)]
    assert {each.scope for each in mutants("a.py", source)} == {"A.f"}


def test_every_mutant_of_every_room_is_a_program() -> None:
    path = "reconciler/model/days.py"
    source = (ROOT / path).read_text("utf-8")
    for mutant in mutants(path, source):
        compile(mutated(source, mutant.number), path, "exec")


def test_the_code_and_the_tests_of_every_room_are_there() -> None:
    for room in ROOMS:
        assert list(room.files(ROOT))
        for place in (*room.files(ROOT), *room.tests):
            assert (ROOT / place).exists(), place


def _mutant(number: int) -> Mutant:
    return Mutant("a/b.py", "f", f"{number} → {number + 1}", (), 3, number)


def test_a_survivor_that_is_explained_counts_apart_and_not_as_killed() -> None:
    known = explained("| place | change | why |\n|---|---|---|\n| a/b.py::f | `2 → 3` | a bound |\n")
    made = row("room", [(_mutant(1), "killed"), (_mutant(2), "survived"), (_mutant(3), "survived")], known)
    assert made == Row("room", 1, 1, (_mutant(3),))
    assert table([made]).splitlines()[-1] == "| all | 3 | 1 | 1 | 1 | 33.3 |"


def test_a_line_about_a_survivor_can_be_kept_as_it_is() -> None:
    assert explained(survivor(_mutant(4))) == {_mutant(4).name}


def test_a_room_of_nothing_is_whole() -> None:
    assert total([]).share == 100.0


def test_a_change_is_killed_by_a_test_that_reaches_it_and_survives_where_none_looks(tmp_path: Path) -> None:
    """On a small project, in a process of its own."""
    (tmp_path / "reconciler").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/__init__.py").touch()
    (tmp_path / "reconciler/__init__.py").touch()
    (tmp_path / "reconciler/sum.py").write_text("def plus(a, b):\n    return a + b\n\nLIMIT = 5\n")
    (tmp_path / "tests/test_sum.py").write_text(
        "from reconciler.sum import plus\n\n\ndef test_plus():\n    assert plus(1, 1) == 2\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", _SMALL, str(tmp_path), str(tmp_path / "scratch")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == [
        "return a + b → return None killed",
        "a + b → a - b killed",
        "5 → 6 survived",
    ]


_SMALL = """
import sys
from pathlib import Path
from tests.mutation.operators import mutants
from tests.mutation.rooms import Room
from tests.mutation.trial import Tree, try_all
root, scratch = map(Path, sys.argv[1:])
room = Room("small", ("reconciler/sum.py",), ("tests",))
tree = Tree(root, scratch)
found = mutants("reconciler/sum.py", (root / "reconciler/sum.py").read_text())
ended = dict(try_all(found, tree.reach(room), [tree]))
for mutant in found:
    print(mutant.change, ended[mutant])
"""
