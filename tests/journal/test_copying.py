"""Backup, restore and move: what a copy holds, what is refused, and what is where afterwards."""

from __future__ import annotations

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import JournalError, LockHeld
from reconciler.journal import Copied, Restored, move, restore, state_folder, verify
from reconciler.journal.copying import FORMAT, MANIFEST
from reconciler.journal.witness import Witness, witness_of

from .bench import CLUSTER, CODE, NOW, TOKEN_SLOT, Desk
from .test_journal import make_token
from .test_spool import descriptors, no_file_longer_than

LATER = NOW + timedelta(days=1)


@pytest.fixture
def desk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The journal where it is by default, with one code in it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    desk.folder = state_folder("ws1")
    with desk.open() as journal:
        make_token(journal)
    return desk


def copied(desk: Desk, target: Path) -> Copied:
    with desk.open() as journal:
        return journal.backup(target)


def put_back(desk: Desk, source: Path, **options: Any) -> Restored:
    return restore(source, desk.folder, "ws1", LATER, **options)


def holds_the_code(desk: Desk) -> bool:
    with desk.open() as journal:
        return journal.verify() == () and journal.code_value(TOKEN_SLOT) == CODE


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def members(source: Path) -> dict[str, bytes]:
    with tarfile.open(source) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def packed(target: Path, content: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(target, "w") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            if name == "spool":
                member.type, member.linkname = kind, MANIFEST
            tar.addfile(member, io.BytesIO(data))
    return target


def test_a_backup_says_what_it_holds_and_nothing_of_who_made_it(desk: Desk, tmp_path: Path) -> None:
    before, left = names(desk.folder), names(tmp_path)
    made = copied(desk, tmp_path / "b.tar")
    assert names(tmp_path) == left | {"b.tar"}
    assert names(desk.folder) == before
    assert stat.S_IMODE((tmp_path / "b.tar").stat().st_mode) == 0o600
    with tarfile.open(tmp_path / "b.tar", "r:") as tar:
        found = [(each.name, each.mode, each.uid, each.gid, each.uname, each.gname) for each in tar]
    assert found == [(name, 0o600, 0, 0, "", "") for name in (MANIFEST, "journal.sqlite", "spool")]
    with desk.open() as journal:
        head, journal_id = journal._fold.head, journal._fold.journal_id
    assert made == Copied("ws1", journal_id, head, NOW)
    told = json.loads(members(tmp_path / "b.tar")[MANIFEST])
    assert {key: value for key, value in told.items() if key != "sha256"} == {
        "format": FORMAT, "workspace": "ws1", "journal": journal_id, "head": [head.seq, head.hash],
        "at": NOW.isoformat(),
    }  # fmt: skip
    assert set(told["sha256"]) == {"journal.sqlite", "spool"}


def test_a_backup_that_cannot_be_written_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    left = names(tmp_path)
    with desk.open() as journal:
        for target in (tmp_path / "none" / "b.tar", tmp_path / "identity.txt" / "b.tar"):
            with pytest.raises(JournalError, match=f"no backup can be written to {target}"):
                journal.backup(target)
        (tmp_path / "link").symlink_to(tmp_path / "nowhere")
        for target in (tmp_path / "link", tmp_path / "identity.txt"):
            with pytest.raises(JournalError, match="is there already"):
                journal.backup(target)
        (tmp_path / "link").unlink()
        with no_file_longer_than(1000), pytest.raises(JournalError):
            journal.backup(tmp_path / "b.tar")
    assert names(tmp_path) == left
    assert holds_the_code(desk)


@pytest.mark.parametrize("lost", ["nothing", "folder", "all", "spool", "journal.sqlite"])
def test_a_backup_is_put_in_place_and_what_was_there_is_set_aside(
    desk: Desk, tmp_path: Path, lost: str
) -> None:
    made = copied(desk, tmp_path / "b.tar")
    if lost in {"folder", "all"}:
        shutil.rmtree(desk.folder)
    elif lost != "nothing":
        (desk.folder / lost).unlink()
    if lost == "all":
        witness_of(desk.folder).unlink()
    there = names(desk.folder) if desk.folder.exists() else None
    before = descriptors()
    restored = put_back(desk, tmp_path / "b.tar")
    assert descriptors() == before
    assert (restored.copied, restored.folder) == (made, desk.folder)
    if there is None:
        assert restored.before is None
    else:
        assert restored.before is not None
        assert restored.before.name.startswith("ws1.before-20261125T090000-")
        assert {name for name in names(restored.before) if "-" not in name} >= there - {"holders"}
    assert {name for name in names(desk.folder.parent) if name.startswith(".")} == set()
    assert Witness(desk.folder).read() is None
    assert stat.S_IMODE(desk.folder.stat().st_mode) == 0o700
    assert MANIFEST not in names(desk.folder)
    assert holds_the_code(desk)


def test_a_backup_that_is_older_than_anything_here_is_refused(desk: Desk, tmp_path: Path) -> None:
    copied(desk, tmp_path / "b.tar")
    with desk.open() as journal:
        make_token(journal, "newer")
    for gone in ("nothing", "ws1.witness", "ws1/spool", "ws1/journal.sqlite"):
        if gone != "nothing":
            (desk.folder.parent / gone).rename(tmp_path / "kept")
        with pytest.raises(JournalError, match=r"backup ends at record 5, and .* knows record 9") as caught:
            put_back(desk, tmp_path / "b.tar")
        assert "--older accepts the loss" in (caught.value.remedy or "")
        if gone != "nothing":
            (tmp_path / "kept").rename(desk.folder.parent / gone)
    assert put_back(desk, tmp_path / "b.tar", older=True).before is not None
    assert holds_the_code(desk)


def test_a_backup_of_another_journal_or_workspace_is_refused(desk: Desk, tmp_path: Path) -> None:
    copied(desk, tmp_path / "b.tar")
    with pytest.raises(JournalError, match="is of workspace ws1, this is ws2"):
        restore(tmp_path / "b.tar", desk.folder.with_name("ws2"), "ws2", LATER)
    shutil.rmtree(desk.folder)
    witness_of(desk.folder).unlink()
    desk.open().close()
    with pytest.raises(JournalError, match="belongs to another journal than the backup"):
        put_back(desk, tmp_path / "b.tar")


def test_nothing_is_put_in_place_or_moved_from_under_a_run(desk: Desk, tmp_path: Path) -> None:
    copied(desk, tmp_path / "b.tar")
    with desk.open() as journal:
        journal.lease([CLUSTER], "run-7")
        for act in (
            lambda: put_back(desk, tmp_path / "b.tar"),
            lambda: move(desk.folder, tmp_path / "there", "ws1", LATER),
        ):
            with pytest.raises(LockHeld, match=r"run-7 by .* is at work here") as caught:
                act()
            assert "xlicense unlock run-7" in (caught.value.remedy or "")
    assert put_back(desk, tmp_path / "b.tar").before is not None


def manifest(**changes: Any) -> Callable[[dict[str, bytes]], None]:
    def change(content: dict[str, bytes]) -> None:
        content[MANIFEST] = json.dumps(json.loads(content[MANIFEST]) | changes).encode()

    return change


def without(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(content: dict[str, bytes]) -> None:
        del content[name]

    return change


def cut(name: str) -> Callable[[dict[str, bytes]], None]:
    def change(content: dict[str, bytes]) -> None:
        content[name] = content[name][:-1]

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (manifest(format=FORMAT + 1), "written by a newer xlicense"),
        (manifest(sha256={"/etc/passwd": "x"}), "/etc/passwd was altered"),
        (manifest(sha256={"spool": "x"}), "is damaged: spool was altered"),
        (manifest(head=[1, "0" * 64]), "does not hold what its manifest says"),
        (manifest(journal="another"), "does not hold what its manifest says"),
        (manifest(head=[1]), "is no backup of a journal"),
        (manifest(head=None), "is no backup of a journal"),
        (manifest(at="yesterday"), "is no backup of a journal"),
        (cut(MANIFEST), "is no backup of a journal"),
        (cut("spool"), "spool was altered"),
        (without("spool"), "is no backup of a journal"),
        (without(MANIFEST), "is no backup of a journal"),
    ],
)
def test_a_backup_that_is_not_what_it_says_changes_nothing(
    desk: Desk, tmp_path: Path, change: Callable[[dict[str, bytes]], None], said: str
) -> None:
    copied(desk, tmp_path / "b.tar")
    content = members(tmp_path / "b.tar")
    assert put_back(desk, packed(tmp_path / "same.tar", content)).before is not None
    before = names(desk.folder.parent)
    change(content)
    with pytest.raises(JournalError, match=said):
        put_back(desk, packed(tmp_path / "bad.tar", content))
    assert names(desk.folder.parent) == before
    assert holds_the_code(desk)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_only_a_plain_file_is_taken_out_of_a_backup(desk: Desk, tmp_path: Path, kind: bytes) -> None:
    copied(desk, tmp_path / "b.tar")
    content = members(tmp_path / "b.tar") | {"spool": b""}
    with pytest.raises(JournalError, match="is no backup of a journal"):
        put_back(desk, packed(tmp_path / "bad.tar", content, kind))
    with pytest.raises(JournalError, match="cannot be read: No such file"):
        put_back(desk, tmp_path / "none.tar")
    assert holds_the_code(desk)


@pytest.mark.parametrize("there", ["nothing", "an empty folder", "an interrupted copy"])
def test_a_move_leaves_word_and_sets_the_old_folder_aside(desk: Desk, tmp_path: Path, there: str) -> None:
    target = tmp_path / "disk" / "licences"
    if there == "an empty folder":
        target.mkdir(parents=True)
    elif there == "an interrupted copy":
        target.parent.mkdir()
        shutil.copytree(desk.folder, target)
    old, before = desk.folder, descriptors()
    moved = move(old, target, "ws1", LATER)
    assert descriptors() == before
    assert (moved.folder, state_folder("ws1"), old.exists()) == (target, target, False)
    assert moved.before is not None
    assert moved.before.name.startswith("ws1.before-20261125T090000-")
    assert names(moved.before) >= {"journal.sqlite", "spool"}
    aside = {name for name in names(target.parent) if ".before-" in name}
    assert len(aside) == (there == "an interrupted copy")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (target, *target.iterdir())}
    assert modes["licences"] == modes["holders"] == 0o700
    assert modes["journal.sqlite"] == modes["spool"] == 0o600
    desk.folder = target
    assert holds_the_code(desk)
    with pytest.raises(JournalError, match=f"the journal is in {target} already"):
        move(target, target, "ws1", LATER)


def test_a_move_that_was_killed_after_its_word_was_left_is_ended(desk: Desk, tmp_path: Path) -> None:
    old, target = desk.folder, tmp_path / "there"
    shutil.copytree(old, tmp_path / "kept")
    move(old, target, "ws1", LATER)
    shutil.copytree(tmp_path / "kept", old)
    again = move(target, target, "ws1", LATER)
    assert (again.folder, again.before is not None, old.exists()) == (target, True, False)


@pytest.mark.parametrize("what", ["a file", "another journal", "a newer copy"])
def test_a_journal_is_not_moved_over_anything_else(desk: Desk, tmp_path: Path, what: str) -> None:
    target = tmp_path / "there"
    if what == "a file":
        target.mkdir()
        (target / "mine").touch()
    elif what == "another journal":
        Desk(target, desk.identity, desk.recipients).open().close()
        (target / "holders").rmdir()
    else:
        shutil.copytree(desk.folder, tmp_path / "kept")
        with desk.open() as journal:
            make_token(journal, "newer")
        shutil.copytree(desk.folder, target)
        shutil.rmtree(desk.folder)
        shutil.copytree(tmp_path / "kept", desk.folder)
        witness_of(desk.folder).unlink()
    before = names(target)
    with pytest.raises(JournalError, match=f"{target} is not empty") as caught:
        move(desk.folder, target, "ws1", LATER)
    assert "not there" in (caught.value.remedy or "")
    assert names(target) == before
    assert verify(desk.folder) == ()


def test_a_journal_is_moved_to_no_place_where_it_would_be_open_to_others(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    (tmp_path / "all").chmod(0o777)
    with pytest.raises(JournalError, match="can be written by everybody"):
        move(desk.folder, tmp_path / "all" / "there", "ws1", LATER)
    (tmp_path / "tree" / ".git").mkdir(parents=True)
    with pytest.raises(JournalError, match="inside the git work tree"):
        move(desk.folder, tmp_path / "tree" / "there", "ws1", LATER)
    assert holds_the_code(desk)


def test_a_closed_journal_is_not_copied(desk: Desk, tmp_path: Path) -> None:
    journal = desk.open()
    journal.close()
    with pytest.raises(JournalError, match="is closed"):
        journal.backup(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
