"""One desk a test, its journals closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .bench import Desk, make_desk


@pytest.fixture(autouse=True)
def _second_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never the user's own."""
    (tmp_path / "runtime").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = make_desk(tmp_path)
    yield made
    for journal in made.opened:
        journal.close()
