"""Folders outside the workspace: state and keys. Paths only; nothing is opened or made here."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def state_folder() -> Path:
    """``$XDG_STATE_HOME/xlicense``; each workspace has a folder in it by its id."""
    if base := os.environ.get("XDG_STATE_HOME"):
        return Path(base) / "xlicense"
    return platformdirs.user_state_path("xlicense")


def identity_path() -> Path:
    """Where ``key init`` puts this user's age identity: ``$XDG_CONFIG_HOME/xlicense/identity.txt``."""
    if base := os.environ.get("XDG_CONFIG_HOME"):
        return Path(base) / "xlicense" / "identity.txt"
    return platformdirs.user_config_path("xlicense") / "identity.txt"
