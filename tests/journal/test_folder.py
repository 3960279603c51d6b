"""Where the journal may live, and who may look into it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reconciler.errors import JournalError
from reconciler.journal import default_identity, folder, state_folder

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


def test_a_folder_that_is_there_keeps_its_modes_and_a_new_one_is_private(
    tmp_path: Path,
) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    folder.make_folder(tmp_path / "there")
    folder.make_folder(tmp_path / "new" / "inner")
    folder.make_folder(tmp_path / "new" / "second")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    del modes["runtime"], modes["new"]
    assert modes == {"there": 0o755, "inner": 0o700, "second": 0o700}
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    folder.make_folder(tmp_path / "link")
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("mode", "refused"), [(0o777, True), (0o1777, False), (0o755, False), (0o702, True), (0o775, False)]
)
def test_only_a_sticky_folder_may_be_written_by_everybody(tmp_path: Path, mode: int, refused: bool) -> None:
    parent = tmp_path / "parent"
    parent.mkdir()
    parent.chmod(mode)
    if not refused:
        folder.no_strangers(parent)
        return
    with pytest.raises(JournalError, match=f"{parent} can be written by everybody") as caught:
        folder.no_strangers(parent)
    assert caught.value.remedy == f"chmod o-w {parent}"


@pytest.mark.parametrize("bit", [0o001, 0o002, 0o004, 0o010, 0o020, 0o040])
def test_any_right_of_others_is_too_much(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o700)
    folder.check_private(path)
    path.chmod(0o600 | bit)
    with pytest.raises(JournalError, match="can be read or written by others") as caught:
        folder.check_private(path)
    assert caught.value.remedy == f"chmod go-rwx {path}"


@pytest.mark.parametrize("umask", [0o000, 0o277])
def test_a_file_is_made_for_its_owner_and_opened_again_as_it_is(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "file"
    before = os.umask(umask)
    try:
        for content in (b"one", b"two"):
            descriptor = folder.open_private(path, os.O_WRONLY | os.O_APPEND)
            assert not os.get_inheritable(descriptor)
            os.write(descriptor, content)
            os.close(descriptor)
    finally:
        os.umask(before)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"onetwo", 0o600)
    path.chmod(0o604)
    with pytest.raises(JournalError, match="by others"):
        folder.open_private(path, os.O_RDONLY)
    with pytest.raises(JournalError, match="cannot be opened: No such file") as caught:
        folder.open_private(tmp_path / "none" / "file", os.O_RDWR)
    assert "writable" in (caught.value.remedy or "")


def test_a_name_is_told_to_be_still_of_the_file_that_was_opened(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    opened = (tmp_path / "a").stat()
    assert folder.is_at(tmp_path / "a", opened) is True
    (tmp_path / "b").touch()
    assert folder.is_at(tmp_path / "b", opened) is False
    assert folder.is_at(tmp_path / "none", opened) is False


def test_word_is_left_of_where_the_state_folder_is_and_followed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        folder.point_to("ws1", tmp_path / name)
        assert state_folder("ws1") == tmp_path / name
    left = tmp_path / "state" / "xlicense"
    pointer = left / "ws1.moved"
    assert [path.name for path in left.iterdir()] == ["ws1.moved"]
    assert (pointer.read_text(), stat.S_IMODE(pointer.stat().st_mode)) == (f"{tmp_path / 'two'}\n", 0o600)
    assert state_folder("ws2") == left / "ws2"
    for said in ("relative", str(tmp_path / "gone"), str(pointer)):
        pointer.write_text(said)
        with pytest.raises(JournalError, match=r"that is not there") as caught:
            state_folder("ws1")
        assert f"remove {pointer}" in (caught.value.remedy or "")
    pointer.chmod(0o644)
    with pytest.raises(JournalError, match="by others"):
        state_folder("ws1")
    pointer.unlink()
    pointer.symlink_to(tmp_path / "nowhere")
    with pytest.raises(JournalError, match="is a symlink"):
        state_folder("ws1")


@pytest.mark.parametrize("workspace", ["", ".", "../x", "-a", "a b", "a/b", "a" * 64])
def test_an_odd_workspace_id_has_no_folder(workspace: str) -> None:
    with pytest.raises(JournalError, match="not a workspace id"):
        folder.default_folder(workspace)
    assert folder.default_folder("a" * 63).name == "a" * 63
