"""What is found wrong with a state folder: everything, with its place, and nothing is repaired."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.journal.folder import KEEP
from reconciler.journal.frames import FrameKind, encode, scan
from reconciler.journal.health import Health, Trouble, examine
from reconciler.journal.witness import witness_of

from .bench import CLUSTER, NOW, Desk, action


def used(desk: Desk) -> Desk:
    """A journal of a few records, the last two hours after the first."""
    with desk.open() as journal:
        journal.begin_run("apply", None, None)
        desk.clock.time += timedelta(hours=2)
        journal.intent("run-1", action()).done()
    return desk


def troubles(desk: Desk) -> tuple[Trouble, ...]:
    return examine(desk.folder, "ws1").troubles


def second_place(tmp_path: Path) -> Path:
    folder = tmp_path / "runtime" / "xlicense" / "ws1"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    return folder


def test_where_no_journal_was_ever_made_nothing_is_wrong(desk: Desk) -> None:
    desk.folder.parent.mkdir()
    found = examine(desk.folder, "ws1")
    assert found.free is not None
    assert found.free > 1 << 20
    assert found == Health(desk.folder, False, (), free=found.free)
    desk.folder.mkdir(mode=0o700)
    empty = examine(desk.folder, "ws1")
    assert (empty.there, empty.troubles, empty.leases, empty.newest) == (True, (), (), None)
    assert list(desk.folder.iterdir()) == []


def test_of_a_sound_journal_leases_and_the_newest_record_are_told(desk: Desk) -> None:
    used(desk)
    with desk.open() as journal:
        journal.lease([CLUSTER], "run-1")
        found = examine(desk.folder, "ws1")
        assert [(lease.address, lease.alive) for lease in found.leases] == [(CLUSTER, True)]
    assert (found.there, found.troubles, found.newest) == (True, (), NOW + timedelta(hours=2))
    witness_of(desk.folder).unlink()
    assert examine(desk.folder, "ws1").newest == NOW + timedelta(hours=2)


def test_a_folder_that_is_gone_or_a_symlink_is_told_with_how_far_it_was(desk: Desk, tmp_path: Path) -> None:
    used(desk)
    desk.folder.rename(tmp_path / "away")
    found = examine(desk.folder, "ws1")
    (gone,) = found.troubles
    assert (found.there, gone.path, gone.record) == (False, str(desk.folder), 4)
    assert "journal restore" in gone.remedy
    desk.folder.symlink_to(tmp_path / "away")
    found = examine(desk.folder, "ws1")
    (link,) = found.troubles
    assert (found.there, link.path, link.record) == (False, str(desk.folder), None)
    assert "is a symlink" in link.text


def test_what_is_around_the_folder_is_looked_at(desk: Desk) -> None:
    used(desk)
    parent = desk.folder.parent
    parent.chmod(0o777)
    assert troubles(desk) == (
        Trouble(f"{parent} can be written by everybody", f"chmod o-w {parent}", str(parent)),
    )
    parent.chmod(0o700)
    (parent / ".git").mkdir()
    (inside,) = troubles(desk)
    assert (inside.path, "git work tree" in inside.text) == (str(parent), True)


@pytest.mark.parametrize("name", ["", "journal.sqlite", "spool", "holders", "reserve", "../ws1.witness"])
def test_each_file_that_others_can_read_is_named(desk: Desk, name: str) -> None:
    used(desk)
    path = desk.folder / name if not name.startswith("..") else witness_of(desk.folder)
    if name == "reserve":
        path.touch()
    path.chmod(0o740)
    said = f"{path} can be read or written by others"
    assert troubles(desk) == (Trouble(said, f"chmod go-rwx {path}", str(path)),)


def test_a_record_that_was_altered_is_told_by_its_number(desk: Desk) -> None:
    used(desk)
    db = sqlite3.connect(desk.database)
    db.execute("DROP TRIGGER records_stay")
    db.execute("UPDATE records SET at = 'x' WHERE seq = 3")
    db.commit()
    db.close()
    (found,) = troubles(desk)
    assert (found.record, found.path, found.remedy) == (3, "", KEEP)
    assert "record 3 was altered" in found.text


def test_both_files_of_a_newer_version_are_told(desk: Desk) -> None:
    used(desk)
    frames = list(scan(desk.spool.read_bytes()))
    opening = encode(FrameKind.OPENING, frames[0].about | {"version": 2})
    desk.spool.write_bytes(opening + desk.spool.read_bytes()[frames[0].end :])
    assert any("written by a newer xlicense (form 2" in trouble.text for trouble in troubles(desk))
    db = sqlite3.connect(desk.database)
    db.execute("PRAGMA user_version = 99")
    db.close()
    assert next(trouble.remedy for trouble in troubles(desk)).startswith("Use that version")


@pytest.mark.parametrize("name", ["journal.sqlite", "spool"])
def test_a_file_that_is_missing_is_told_and_not_made(desk: Desk, name: str) -> None:
    used(desk)
    (desk.folder / name).unlink()
    (found,) = troubles(desk)
    assert (found.text, found.remedy) == (f"there is no {name} in {desk.folder}", KEEP)
    assert not (desk.folder / name).exists()


def test_what_lies_in_the_second_place_is_named_and_what_is_torn_is_trouble(
    desk: Desk, tmp_path: Path
) -> None:
    used(desk)
    folder = second_place(tmp_path)
    whole = encode(FrameKind.RECEIVED, {"op": "op-1", "at": NOW.isoformat(), "journal": "other"}, b"age")
    for name, data in (("1.frame", whole), ("2.frame", whole[:-1]), ("3.other", b"")):
        (folder / name).write_bytes(data)
    found = examine(desk.folder, "ws1")
    assert found.waiting == (folder / "1.frame", folder / "2.frame")
    assert [(trouble.path, trouble.remedy) for trouble in found.troubles] == [
        (str(folder / "2.frame"), "Keep it; it may hold a code.")
    ]
    folder.chmod(0o755)
    found = examine(desk.folder, "ws1")
    assert (found.waiting, [trouble.path for trouble in found.troubles]) == ((), [str(folder)])


def test_looking_leaves_no_descriptor_behind(desk: Desk) -> None:
    from .test_spool import descriptors

    used(desk)
    before = descriptors()
    examine(desk.folder, "ws1")
    assert descriptors() == before
