"""The YAML that the README shows is a workspace that loads."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler.config import load

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_every_yaml_block_says_which_file_it_is() -> None:
    assert [name for name, _ in BLOCKS] == [
        "xlicense.yaml",
        "clusters/ams-edge.yaml",
        "clusters/ams-core.yaml",
    ]
    assert len(BLOCKS) == README.count("```yaml")


def test_the_blocks_together_load_without_a_complaint(tmp_path: Path) -> None:
    for name, text in BLOCKS:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    loaded = load(tmp_path)
    assert loaded.warnings == ()
    assert len(loaded.files) == len(BLOCKS)
