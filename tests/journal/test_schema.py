"""An older journal is brought up whole or not at all, whenever the process dies."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.errors import JournalError
from reconciler.journal.schema import SCHEMA_VERSION, STEPS
from reconciler.journal.store import Store

from .bench import CODE, NOW, TOKEN_SLOT, Desk
from .old_form import make_old
from .test_journal import make_token


def used(desk: Desk) -> None:
    with desk.open() as journal:
        make_token(journal)
        journal.remember_serials(["0E4D1FA5"])


def form(database: Path) -> int:
    db = sqlite3.connect(database)
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    db.close()
    return version


def test_an_older_journal_is_brought_up_and_says_what_it_said(desk: Desk) -> None:
    used(desk)
    with desk.open() as journal:
        before = journal.held(), journal.operations(all=True)
    make_old(desk.database)
    with desk.open() as journal:
        assert (journal.held(), journal.operations(all=True)) == before
        assert journal.code_value(TOKEN_SLOT) == CODE
        assert journal.verify() == ()
    assert form(desk.database) == SCHEMA_VERSION
    with desk.open() as journal:
        assert (journal.held(), journal.operations(all=True)) == before


def test_a_new_journal_and_one_that_was_brought_up_have_the_same_tables(desk: Desk, tmp_path: Path) -> None:
    used(desk)
    make_old(desk.database)
    desk.open().close()
    other = replace(desk, folder=tmp_path / "state" / "other", opened=[])
    other.open().close()

    def tables(database: Path) -> list[object]:
        db = sqlite3.connect(database)
        found = db.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()
        db.close()
        return found

    assert tables(desk.database) == tables(other.database)


def test_a_damaged_older_journal_is_not_touched(desk: Desk) -> None:
    used(desk)
    make_old(desk.database)
    db = sqlite3.connect(desk.database)
    db.execute("DROP TRIGGER records_stay")
    db.execute("UPDATE records SET at = 'x' WHERE seq = 3")
    db.commit()
    db.close()
    with pytest.raises(JournalError, match="record 3"):
        desk.open()
    assert form(desk.database) == 1


def test_a_step_that_fails_leaves_the_old_form(desk: Desk) -> None:
    used(desk)
    make_old(desk.database)
    store = Store(desk.database)

    def fails(execute: object) -> None:
        raise JournalError("this step cannot be made")

    with pytest.raises(JournalError, match="cannot be made"):
        store.migrate(NOW.isoformat(), {**STEPS, SCHEMA_VERSION: fails})
    store.close()
    assert form(desk.database) == 1
    assert desk.open().verify() == ()


def test_a_process_killed_at_any_write_of_the_change_leaves_the_old_form_or_the_new(desk: Desk) -> None:
    used(desk)
    with desk.open() as journal:
        before = journal.operations(all=True)
    make_old(desk.database)
    home = Path(__file__).parents[2]
    told = subprocess.run(
        [sys.executable, "-m", "tests.journal.old_form", str(desk.folder)],
        cwd=home, env={**os.environ, "PYTHONPATH": str(home)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    killed, seen = 0, set()
    for line in told.stdout.splitlines():
        folder, signal, code = line.split()
        assert signal != "0" or code == "0", line
        killed += signal != "0"
        here = replace(desk, folder=Path(folder), opened=[])
        seen.add(form(here.database))
        with here.open() as journal:
            assert journal.operations(all=True) == before, line
            assert journal.code_value(TOKEN_SLOT) == CODE
            assert journal.verify() == (), line
        assert form(here.database) == SCHEMA_VERSION
    assert killed > 20, told.stdout
    assert seen == {1, SCHEMA_VERSION}
