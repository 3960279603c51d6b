"""One stand a test, its journal closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal.bench import make_desk

from .stand import Stand


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    desk = make_desk(tmp_path)
    yield Stand(desk)
    for journal in desk.opened:
        journal.close()
