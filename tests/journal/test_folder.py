"""Where the journal may live, and who may look into it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reconciler.errors import JournalError
from reconciler.journal import default_identity, state_folder

from .bench import CLUSTER, Desk, action


def test_the_state_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert state_folder("7f3c1d9a") == tmp_path / "state" / "xlicense" / "7f3c1d9a"
    assert default_identity() == tmp_path / "config" / "xlicense" / "identity.txt"
    with pytest.raises(JournalError, match="not a workspace id"):
        state_folder("../elsewhere")


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_only_the_owner_can_look_in_whatever_the_umask(desk: Desk, umask: int) -> None:
    desk.folder.parent.mkdir()
    before = os.umask(umask)
    try:
        journal = desk.open()
        journal.lease([CLUSTER], "run-1")
        journal.intent("run-1", action()).sending()
    finally:
        os.umask(before)
    found = {path: stat.S_IMODE(path.stat().st_mode) for path in desk.folder.rglob("*")}
    assert stat.S_IMODE(desk.folder.stat().st_mode) == 0o700
    assert {mode for path, mode in found.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in found.items() if path.is_file()} == {0o600}
    assert {path.name for path in found} >= {"journal.sqlite", "journal.sqlite-wal", "spool", "run-1"}


def test_a_folder_that_others_can_read_is_refused(desk: Desk) -> None:
    desk.folder.mkdir(parents=True)
    desk.folder.chmod(0o750)
    with pytest.raises(JournalError, match="read or written by others") as caught:
        desk.open()
    assert caught.value.remedy == f"chmod go-rwx {desk.folder}"


def test_a_folder_in_one_that_everybody_can_write_is_refused(desk: Desk) -> None:
    desk.folder.parent.mkdir()
    desk.folder.parent.chmod(0o777)
    with pytest.raises(JournalError, match="written by everybody"):
        desk.open()


@pytest.mark.parametrize("name", ["journal.sqlite", "spool"])
def test_a_file_that_others_can_read_is_refused(desk: Desk, name: str) -> None:
    desk.open().close()
    (desk.folder / name).chmod(0o644)
    with pytest.raises(JournalError, match=f"{name} can be read or written by others"):
        desk.open()


@pytest.mark.parametrize("name", ["journal.sqlite", "spool"])
def test_a_symlink_in_place_of_a_file_is_refused(desk: Desk, tmp_path: Path, name: str) -> None:
    desk.open().close()
    (desk.folder / name).rename(tmp_path / "moved")
    (desk.folder / name).symlink_to(tmp_path / "moved")
    with pytest.raises(JournalError, match="is a symlink"):
        desk.open()


@pytest.mark.parametrize("there", [True, False])
def test_a_symlink_in_place_of_the_folder_is_refused(desk: Desk, tmp_path: Path, there: bool) -> None:
    desk.folder.parent.mkdir()
    if there:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
    desk.folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError, match="is a symlink"):
        desk.open()


@pytest.mark.parametrize("as_file", [True, False])
def test_a_folder_inside_a_git_work_tree_is_refused(desk: Desk, tmp_path: Path, as_file: bool) -> None:
    git = tmp_path / ".git"
    git.write_text("gitdir: elsewhere") if as_file else git.mkdir()
    with pytest.raises(JournalError, match="inside the git work tree") as caught:
        desk.open()
    assert "XDG_STATE_HOME" in (caught.value.remedy or "")
    assert not desk.folder.exists()


def test_a_folder_that_cannot_be_made_is_said_clearly(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    with pytest.raises(JournalError, match=r"cannot be used: (Not a directory|File exists)") as caught:
        desk.open()
    assert "XDG_STATE_HOME" in (caught.value.remedy or "")


@pytest.mark.parametrize("name", ["ws1.witness", "ws1/holders/run-1"])
def test_what_cannot_be_read_is_named_with_what_to_do(desk: Desk, name: str) -> None:
    journal = desk.open()
    journal.lease([CLUSTER], "run-1")
    journal.close()
    path = desk.folder.parent / name
    path.unlink()
    path.symlink_to(path) if "holders" in name else path.mkdir(mode=0o700)
    with pytest.raises(JournalError, match=path.name) as caught:
        desk.open().leases()
    assert "xlicense plan" in (caught.value.remedy or "")
