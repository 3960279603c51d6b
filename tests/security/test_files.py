"""Files that the command line writes: for their owner only, whatever the umask, and never through a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.lab.lab import private_file
from reconciler.cli.files import PRIVATE, write_whole
from reconciler.errors import XlicenseError
from tests.golden.harness import HERE, Scenario


@pytest.fixture
def open_umask() -> Iterator[None]:
    """The worst that a user can have set."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path: Path, open_umask: None) -> None:
    precious = tmp_path / "precious"
    precious.write_text("as it was")
    for number, write in enumerate((write_private, private_file)):
        link = tmp_path / f"link{number}"
        link.symlink_to(precious)
        write(link, "plan")
        assert not link.is_symlink()
        assert link.read_text() == "plan"
        assert mode(link) == PRIVATE
    assert precious.read_text() == "as it was"


def write_private(path: Path, text: str) -> None:
    write_whole(path, text, mode=PRIVATE)


def test_a_device_a_pipe_and_a_folder_are_not_replaced(tmp_path: Path) -> None:
    """As root, renaming a new file over /dev/null would break the machine."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path(os.devnull)):
        before = path.lstat().st_mode
        with pytest.raises(XlicenseError, match="is not a file"):
            write_whole(path, "x")
        assert path.lstat().st_mode == before
    assert list(tmp_path.iterdir()) == [pipe]


async def test_everything_that_a_run_writes_is_for_its_owner_only(tmp_path: Path, open_umask: None) -> None:
    async with Scenario(HERE / "token_by_hand", tmp_path) as s:
        await s.ready()
        for arguments, code in (
            (("plan", "-o", "plan.json"), 0),
            (("observe", "-o", "seen.json"), 0),
            (("apply", "--auto-approve"), 9),
            (("handoff", "export", "-o", "bundle.json"), 0),
            (("handoff", "export", "--format", "csv", "-o", "sheet.csv"), 0),
            (("handoff", "export", "--format", "md", "-o", "sheet.md"), 0),
        ):
            ran = await s.xlicense(*arguments)
            assert ran.code == code, str(ran)
        written = [
            s.workspace / name for name in ("plan.json", "seen.json", "bundle.json", "sheet.csv", "sheet.md")
        ]
        state = [*(s.tmp / "state").rglob("*"), *(s.tmp / "config").rglob("*")]
        assert len(state) > 4
        for path in (*written, *state, *(s.workspace / ".lab").iterdir()):
            wanted = 0o700 if path.is_dir() else 0o600
            assert mode(path) == wanted, f"{path.name} has mode {mode(path):o}"
