"""Every test of this room has its own state, configuration and terminal settings, never the user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .keeping import Keeping

VARIABLES = ("NO_COLOR", "FORCE_COLOR", "CI", "COLUMNS", "CLICOLOR", "CLICOLOR_FORCE")


@pytest.fixture(autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name in VARIABLES or name.startswith(("XLICENSE_", "_XLICENSE_")):
            monkeypatch.delenv(name)
    base: Path = tmp_path_factory.mktemp("home") / "home"
    base.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(base / "state"))
    (base / "runtime").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base / "runtime"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(base / "config"))


@pytest.fixture
def keeping(capsys: pytest.CaptureFixture[str]) -> Keeping:
    """A workspace whose key is made."""
    made = Keeping(Path(os.environ["XDG_STATE_HOME"]).parent / "workspace", capsys)
    ran = made("key", "init")
    assert ran.code == 0, str(ran)
    return made
