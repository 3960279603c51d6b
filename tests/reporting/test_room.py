"""The room has one door, and loads only what is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reconciler import reporting


@pytest.mark.parametrize("name", reporting.__all__)
def test_every_name_at_the_door_is_there(name: str) -> None:
    assert getattr(reporting, name) is not None


def test_a_name_that_does_not_exist_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="no attribute 'plan_txt'"):
        _ = reporting.plan_txt


def test_an_error_is_worded_without_loading_the_plan() -> None:
    code = (
        "import sys; from reconciler.reporting import error_text; "
        "print([name for name in sys.modules if name.startswith('reconciler.reporting.')])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "problems" in loaded
    assert "steps" not in loaded
