"""The row Z1 of the torture table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import is_hypothesis_test

from tests.torture.table import Row, add

from .mutate import CASES


@pytest.fixture(autouse=True)
def counted(request: pytest.FixtureRequest) -> Iterator[None]:
    """A reader that fails stops the run; so there are no uncaught errors in a table that is printed."""
    yield
    if is_hypothesis_test(request.function):
        add(Row("Z1", cases=CASES, faults=CASES))
