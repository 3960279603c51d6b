"""What opening believes: journal, spool and witness each contradict a copy that was put back or altered."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from reconciler.errors import JournalError
from reconciler.journal import verify, was_used
from reconciler.journal.spool import Spool
from reconciler.journal.witness import Witness, witness_of

from .bench import Desk, action
from .test_spool import descriptors


def a_record(desk: Desk) -> None:
    with desk.open() as journal:
        journal.begin_run("apply", None, None)


def refused(desk: Desk, said: str) -> None:
    before = descriptors()
    with pytest.raises(JournalError, match=said) as caught:
        desk.open()
    assert caught.value.remedy
    assert descriptors() == before
    assert any(caught.value.message in text for text in verify(desk.folder))


def test_a_sound_pair_is_opened_as_often_as_wanted_and_changes_nothing(desk: Desk) -> None:
    desk.open().close()
    before = desk.spool.read_bytes(), verify(desk.folder)
    for _ in range(2):
        desk.open().close()
    assert (desk.spool.read_bytes(), verify(desk.folder)) == before == (before[0], ())


def test_the_witness_and_the_spool_know_the_newest_record(desk: Desk) -> None:
    first = desk.open()
    first.begin_run("apply", None, None)
    assert Spool(desk.spool).head.seq == 1
    desk.open()
    assert Spool(desk.spool).head.seq == 2
    first.intent("run-1", action())
    known = Witness(desk.folder).read()
    assert known is not None
    assert (known.head.seq, known.head, known.spool) == (3, first._fold.head, Spool(desk.spool).synced)
    first.close()
    assert Spool(desk.spool).head == first._fold.head


def test_another_future_of_the_same_journal_is_noticed(desk: Desk, tmp_path: Path) -> None:
    """A copy was put back and gone on with, where the witness was not: it knows the first future."""
    a_record(desk)
    shutil.copytree(desk.folder, tmp_path / "copy")
    a_record(desk)
    witness_of(desk.folder).rename(tmp_path / "witness")
    shutil.rmtree(desk.folder)
    shutil.copytree(tmp_path / "copy", desk.folder)
    a_record(desk)
    (tmp_path / "witness").replace(witness_of(desk.folder))
    refused(desk, r"was altered: .*ws1\.witness knows another record 3")


def test_another_journal_in_this_place_is_noticed(desk: Desk, tmp_path: Path) -> None:
    a_record(desk)
    shutil.rmtree(desk.folder)
    other = Desk(tmp_path / "other" / "ws1", desk.identity, desk.recipients)
    a_record(other)
    shutil.copytree(other.folder, desk.folder)
    refused(desk, r"is not the one that was here: .*ws1\.witness knows another")


def test_a_spool_that_belongs_to_another_journal_or_lost_its_beginning_is_noticed(
    desk: Desk, tmp_path: Path
) -> None:
    a_record(desk)
    other = Desk(tmp_path / "other" / "ws1", desk.identity, desk.recipients)
    other.open().close()
    kept = desk.spool.read_bytes()
    shutil.copy(other.spool, desk.spool)
    refused(desk, "belongs to another journal")
    desk.spool.write_bytes(b"")
    refused(desk, "is gone or belongs to another journal")
    desk.spool.write_bytes(kept)
    assert verify(desk.folder) == ()


def test_a_schema_that_the_file_itself_denies_is_refused_and_nothing_left_open(desk: Desk) -> None:
    a_record(desk)
    db = sqlite3.connect(desk.database)
    db.execute("PRAGMA user_version = 1")
    db.close()
    before = descriptors()
    with pytest.raises(JournalError, match="its schema version reads 1"):
        desk.open()
    assert descriptors() == before


@pytest.mark.parametrize(
    ("there", "used"),
    [
        ("", False),
        ("ws1.witness", True),
        ("ws1/spool", True),
        ("ws1/journal.sqlite", True),
        ("ws1/reserve", False),
    ],
)
def test_a_place_was_used_where_anything_of_a_journal_is_left(desk: Desk, there: str, used: bool) -> None:
    desk.folder.mkdir(parents=True, mode=0o700)
    if there:
        (desk.folder.parent / there).touch(mode=0o600)
    assert was_used(desk.folder) is used


def test_an_empty_witness_alone_is_enough_for_no_fresh_start(desk: Desk) -> None:
    desk.folder.parent.mkdir()
    witness = witness_of(desk.folder)
    witness.touch(mode=0o600)
    with pytest.raises(JournalError) as caught:
        desk.open()
    assert caught.value.message == (
        f"the state folder {desk.folder} is gone or empty, and {witness} knows of a journal in it."
    )
    assert f"then remove {witness}" in (caught.value.remedy or "")


def test_what_is_missing_is_named_together(desk: Desk) -> None:
    assert verify(desk.folder) == (f"there is no spool and no journal.sqlite in {desk.folder}",)
    a_record(desk)
    desk.spool.rename(desk.folder / "away")
    assert verify(desk.folder) == (f"there is no spool in {desk.folder}",)


def test_looking_leaves_no_descriptor_behind(desk: Desk) -> None:
    a_record(desk)
    before = descriptors()
    with desk.open() as journal:
        assert journal.verify() == verify(desk.folder) == ()
    assert descriptors() == before
