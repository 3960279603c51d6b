"""A workspace in a temporary folder, written from texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.config_texts import WORKSPACE, Write


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """``write(xlicense, **clusters)``: the folder, with ``ams_edge=…`` as clusters/ams-edge.yaml."""

    def files(xlicense: str | bytes = WORKSPACE, **clusters: str | bytes) -> Path:
        (tmp_path / "clusters").mkdir(exist_ok=True)
        named = {f"clusters/{name.replace('_', '-')}.yaml": text for name, text in clusters.items()}
        for path, text in {"xlicense.yaml": xlicense, **named}.items():
            (tmp_path / path).write_bytes(text.encode() if isinstance(text, str) else text)
        return tmp_path

    return files
