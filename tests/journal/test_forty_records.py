"""A journal of forty records: each one altered, removed, swapped, cut off or put back is noticed and named,
and nothing can be written any more."""

# ruff: noqa: S608 - the statements are the test's own

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reconciler import model as m
from reconciler.errors import JournalError
from reconciler.journal import verify
from reconciler.journal.witness import witness_of
from tests.torture.programme import cases
from tests.torture.table import Row, add

from .bench import CODE, NOW, TOKEN_SLOT, Desk, action, create_token, make_desk

RECORDS = 40
_PART = 1_000
COLUMNS = ("at", "kind", "run", "op", "spool", "payload", "prev", "hash")


@dataclass
class Forty:
    """The journal, and a copy of its folder as it was after each record (``copies/N``)."""

    desk: Desk
    copies: Path

    def fresh(self, folder: Path) -> Desk:
        """The whole journal, once more, in a place of its own."""
        shutil.copytree(self.desk.folder, folder / "ws1")
        shutil.copy(witness_of(self.desk.folder), witness_of(folder / "ws1"))
        return replace(self.desk, folder=folder / "ws1", opened=[])


def steps(desk: Desk) -> Iterator[None]:
    """One record at a time, the journal closed between two."""
    with desk.open() as journal:
        run = journal.begin_run("apply", "digest", "nonce")
    yield
    while True:
        effects = []
        for what in ("intent", "sending", "code", "verified", "done"):
            with desk.open() as journal:
                if what == "intent":
                    effects.append(journal.intent(run, create_token()))
                elif what == "code":
                    op_id = effects[-1].op_id
                    produced = m.Produced(m.CodeKind.TOKEN, CODE, NOW)
                    journal.note_received(op_id, CODE.encode())
                    journal.note_code(op_id, run, create_token(), produced, TOKEN_SLOT)
                elif what == "sending":
                    journal.note_sending(effects[-1].op_id, run)
                elif what == "verified":
                    journal.note_verified(effects[-1].op_id, run, ())
                else:
                    journal.note_end(effects[-1].op_id, run, m.EffectState.DONE, "")
            yield


@pytest.fixture(scope="module")
def forty(tmp_path_factory: pytest.TempPathFactory) -> Forty:
    root = tmp_path_factory.mktemp("forty")
    desk = make_desk(root)
    desk.open().close()
    for number, _ in enumerate(steps(desk), 2):
        shutil.copytree(desk.folder, root / "copies" / str(number))
        if number == RECORDS:
            break
    return Forty(desk, root / "copies")


def change(desk: Desk, *statements: str) -> None:
    db = sqlite3.connect(desk.database)
    for trigger in ("records_stay", "records_last"):
        db.execute(f"DROP TRIGGER IF EXISTS {trigger}")
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def refused(desk: Desk, named: str) -> None:
    """It cannot be opened, so nothing can be written, and both ways of asking name the place."""
    with pytest.raises(JournalError, match=named) as caught:
        desk.open()
    assert caught.value.remedy
    assert any(caught.value.message in text for text in verify(desk.folder)), verify(desk.folder)
    add(Row("D2", cases=1, faults=1))


def _parts(many: int) -> list[int]:
    """So many changes, in tests of some seconds each."""
    return [min(_PART, many - done) for done in range(0, many, _PART)]


def test_it_is_sound_before_anything_is_done_to_it(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    with desk.open() as journal:
        assert journal.verify() == ()
        assert repr(journal).endswith(f"record {RECORDS})")


@pytest.mark.parametrize("column", COLUMNS)
def test_every_record_altered_in_any_column_is_named(forty: Forty, tmp_path: Path, column: str) -> None:
    value = f"{column} + 1" if column == "spool" else f"{column} || ' '"
    desk = forty.fresh(tmp_path)
    change(desk)
    whole = desk.database.read_bytes()
    for number in range(1, RECORDS + 1):
        desk.database.write_bytes(whole)
        change(desk, f"UPDATE records SET {column} = {value} WHERE seq = {number}")
        refused(desk, rf"record {number} (was altered|does not follow record {number - 1})")


@pytest.mark.parametrize(("number", "many"), [*enumerate(_parts(cases(60, 100_000)))])
def test_any_character_changed_in_any_record_is_named(
    forty: Forty, tmp_path: Path, number: int, many: int
) -> None:
    dice = random.Random(f"D2 {number}")
    desk = forty.fresh(tmp_path)
    change(desk)
    whole = desk.database.read_bytes()
    for _ in range(many):
        number, column = dice.randint(1, RECORDS), dice.choice([name for name in COLUMNS if name != "spool"])
        desk.database.write_bytes(whole)
        db = sqlite3.connect(desk.database)
        (value,) = db.execute(f"SELECT {column} FROM records WHERE seq = {number}").fetchone()
        at = dice.randrange(len(value) + 1)
        other = f"{value[:at]}{dice.choice('0aZ{ ')}{value[at + dice.randint(0, 1) :]}"
        db.execute(f"UPDATE records SET {column} = ? WHERE seq = {number}", (other,))
        db.commit()
        db.close()
        if other != value:
            refused(desk, rf"record {number} (was altered|does not follow record {number - 1})")


def test_every_record_removed_is_named(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    change(desk)
    whole = desk.database.read_bytes()
    for number in range(1, RECORDS + 1):
        desk.database.write_bytes(whole)
        change(desk, f"DELETE FROM records WHERE seq = {number}")
        last = f"ends at record {number - 1}, the spool knows record {RECORDS}"
        refused(desk, last if number == RECORDS else f"record {number} is missing")


def test_every_record_swapped_with_any_later_one_is_named(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    change(desk)
    whole = desk.database.read_bytes()
    for number in range(1, RECORDS):
        for other in {number + 1, RECORDS}:
            desk.database.write_bytes(whole)
            change(
                desk,
                f"UPDATE records SET seq = 99 WHERE seq = {number}",
                f"UPDATE records SET seq = {number} WHERE seq = {other}",
                f"UPDATE records SET seq = {other} WHERE seq = 99",
            )
            refused(desk, f"record {number} ")


def test_every_record_moved_to_the_end_or_doubled_is_named(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    change(desk)
    whole = desk.database.read_bytes()
    for number in range(1, RECORDS + 1):
        desk.database.write_bytes(whole)
        change(
            desk,
            f"INSERT INTO records SELECT {RECORDS + 1}, at, kind, run, op, spool, payload, prev, hash "
            f"FROM records WHERE seq = {number}",
        )
        refused(desk, f"record {RECORDS + 1} does not follow")


def test_an_old_copy_of_the_journal_is_named_by_where_it_ends(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    for number in range(2, RECORDS):
        shutil.copy(forty.copies / str(number) / "journal.sqlite", desk.database)
        refused(desk, f"older copy: it ends at record {number}, the spool knows record {RECORDS}")


def test_an_old_copy_of_the_whole_folder_is_named_by_the_witness(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    for number in range(2, RECORDS):
        shutil.rmtree(desk.folder)
        shutil.copytree(forty.copies / str(number), desk.folder)
        refused(desk, rf"older copy: it ends at record {number}, .*ws1\.witness knows record {RECORDS}")


def test_an_old_copy_of_the_spool_is_named_by_its_length(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    for number in range(2, RECORDS - 4):
        shutil.copy(forty.copies / str(number) / "spool", desk.spool)
        refused(desk, r"was cut to \d+ bytes")


def test_a_chain_made_anew_is_named_by_the_heads_of_the_old_one(forty: Forty, tmp_path: Path) -> None:
    """Somebody who alters a record and links all that follow again leaves no broken link."""
    from reconciler.journal.chain import START, Record, link

    desk = forty.fresh(tmp_path)
    db = sqlite3.connect(desk.database)
    rows = [Record(*row) for row in db.execute("SELECT * FROM records ORDER BY seq")]
    db.close()
    head, changes = START, []
    for row in rows:
        payload = row.payload.replace("digest", "another") if row.seq == 2 else row.payload
        made = link(head, at=row.at, kind=row.kind, run=row.run, op=row.op, spool=row.spool, payload=payload)
        changes.append(
            f"UPDATE records SET payload = '{payload}', prev = '{made.prev}', hash = '{made.hash}' "
            f"WHERE seq = {row.seq}"
        )
        head = made.head
    change(desk, *changes)
    refused(desk, f"was altered: the spool knows another record {RECORDS}")


def test_a_folder_that_was_removed_is_never_made_afresh(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    shutil.rmtree(desk.folder)
    for empty in (False, True):
        if empty:
            desk.folder.mkdir(mode=0o700)
        with pytest.raises(JournalError, match=f"ended at record {RECORDS}") as caught:
            desk.open()
        assert "xlicense journal restore" in (caught.value.remedy or "")
    assert list(desk.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["journal.sqlite", "spool"])
@pytest.mark.parametrize("by", ["a copy", "nothing"])
def test_a_file_replaced_under_a_running_process_stops_its_next_write(
    forty: Forty, tmp_path: Path, name: str, by: str
) -> None:
    desk = forty.fresh(tmp_path)
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    file = desk.folder / name
    shutil.copy(file, tmp_path / "copy")
    file.unlink()
    if by == "a copy":
        shutil.copy(tmp_path / "copy", file)
    with pytest.raises(JournalError, match="was replaced or removed while it was open"):
        effect.received(b"x") if name == "spool" else effect.done()
    with pytest.raises(JournalError):
        journal.intent("run-1", action())
    for opened in desk.opened:
        opened.close()


def test_a_witness_of_which_a_power_cut_left_nothing_is_written_again(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    witness = witness_of(desk.folder)
    whole = witness.read_bytes()
    for left in (b"", bytes(256), whole[:100]):
        witness.write_bytes(left)
        desk.open().close()
        assert witness.read_bytes() == whole


def test_a_witness_that_is_not_ours_is_refused(forty: Forty, tmp_path: Path) -> None:
    desk = forty.fresh(tmp_path)
    witness_of(desk.folder).chmod(0o644)
    with pytest.raises(JournalError, match=r"ws1\.witness can be read or written by others"):
        desk.open()
    witness_of(desk.folder).rename(tmp_path / "away")
    witness_of(desk.folder).symlink_to(tmp_path / "away")
    with pytest.raises(JournalError, match="is a symlink"):
        desk.open()
