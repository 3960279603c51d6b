"""A journal or spool that was altered, cut, lost or put back is noticed, and the message says where."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from reconciler.errors import JournalError
from reconciler.journal import verify
from reconciler.journal.frames import FrameKind, encode, scan
from reconciler.journal.health import examine
from reconciler.journal.schema import SCHEMA_VERSION
from reconciler.journal.spool import Spool
from reconciler.journal.witness import witness_of

from .bench import CODE, Child, Desk, action


def two_effects(desk: Desk) -> None:
    with desk.open() as journal:
        for _ in range(2):
            effect = journal.intent("run-1", action())
            effect.sending()
            effect.received(b"OK")
            effect.done()


def change(desk: Desk, *statements: str) -> None:
    """Change the file as somebody with a SQLite shell could."""
    db = sqlite3.connect(desk.database)
    db.execute("DROP TRIGGER records_stay")
    db.execute("DROP TRIGGER records_last")
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE records SET payload = replace(payload, 'edge', 'core') WHERE seq = 2", "record 2"),
        ("UPDATE records SET at = '2026-11-24T09:00:01+00:00' WHERE seq = 4", "record 4"),
        ("UPDATE records SET spool = 0 WHERE seq = 5", "record 5"),
        ("DELETE FROM records WHERE seq = 3", "record 3"),
        ("DELETE FROM records WHERE seq = 1", "record 1"),
        ("DELETE FROM records WHERE seq = 7", "record 7"),
        ("DELETE FROM records", "ends at record 0"),
    ],
)
def test_a_changed_record_is_named(desk: Desk, statement: str, named: str) -> None:
    two_effects(desk)
    change(desk, statement)
    with pytest.raises(JournalError, match=named) as caught:
        desk.open()
    assert caught.value.remedy
    assert verify(desk.folder)


def test_two_swapped_records_are_noticed(desk: Desk) -> None:
    two_effects(desk)
    change(
        desk,
        "UPDATE records SET seq = 99 WHERE seq = 2",
        "UPDATE records SET seq = 2 WHERE seq = 3",
        "UPDATE records SET seq = 3 WHERE seq = 99",
    )
    with pytest.raises(JournalError, match="record 2"):
        desk.open()


def test_records_are_not_changed_by_accident(desk: Desk) -> None:
    desk.open()
    db = sqlite3.connect(desk.database)
    for statement in ("UPDATE records SET at = 'x'", "DELETE FROM records"):
        with pytest.raises(sqlite3.IntegrityError, match="records are never"):
            db.execute(statement)
    db.close()


def test_an_altered_fact_is_noticed(desk: Desk) -> None:
    with desk.open() as journal:
        journal.remember_serials(["0E4D1FA5"])
    change(desk, "UPDATE facts SET key = '0E4D1FA6' WHERE kind = 'serial'")
    journal = desk.open()
    with pytest.raises(JournalError, match="fact serial 0E4D1FA6"):
        journal.held()
    assert journal.verify()


def test_an_old_copy_of_the_journal_is_noticed(desk: Desk, tmp_path: Path) -> None:
    two_effects(desk)
    shutil.copy(desk.database, tmp_path / "copy")
    two_effects(desk)
    shutil.copy(tmp_path / "copy", desk.database)
    with pytest.raises(JournalError, match="put back from an older copy: it ends at record 7"):
        desk.open()


def test_an_old_copy_cannot_hide_an_effect_that_was_sent_before_a_crash(desk: Desk, tmp_path: Path) -> None:
    two_effects(desk)
    shutil.copy(desk.database, tmp_path / "copy")
    with Child("sending", tmp_path) as child:
        child.hear()
        child.kill()
    for leftover in desk.folder.glob("journal.sqlite*"):
        leftover.unlink()
    shutil.copy(tmp_path / "copy", desk.database)
    with pytest.raises(JournalError, match="put back from an older copy"):
        desk.open()


def test_a_lost_write_ahead_file_is_noticed(desk: Desk, tmp_path: Path) -> None:
    two_effects(desk)
    with Child("sending", tmp_path) as child:
        child.hear()
        child.kill()
    Path(f"{desk.database}-wal").unlink()
    with pytest.raises(JournalError, match="put back from an older copy"):
        desk.open()


def test_a_missing_journal_next_to_a_spool_with_evidence_is_never_a_fresh_start(desk: Desk) -> None:
    two_effects(desk)
    desk.database.unlink()
    for _ in range(2):
        with pytest.raises(JournalError, match="is gone, and its spool holds evidence"):
            desk.open()
    desk.database.touch(mode=0o600)
    with pytest.raises(JournalError, match="is empty, and its spool holds evidence"):
        desk.open()
    assert "no journal.sqlite" in verify(desk.folder.parent / "none")[0]


def test_a_missing_spool_is_noticed(desk: Desk) -> None:
    two_effects(desk)
    desk.spool.unlink()
    for _ in range(2):
        with pytest.raises(JournalError, match=r"spool .* is gone"):
            desk.open()


def test_the_spool_of_another_journal_is_noticed(desk: Desk, tmp_path: Path) -> None:
    two_effects(desk)
    other = Desk(tmp_path / "state" / "other", desk.identity, desk.recipients)
    two_effects(other)
    shutil.copy(other.spool, desk.spool)
    with pytest.raises(JournalError, match="belongs to another journal"):
        desk.open()


def test_a_torn_last_frame_is_forgiven_at_every_byte(desk: Desk, tmp_path: Path) -> None:
    two_effects(desk)
    whole = desk.spool.read_bytes()
    last = whole.rindex(b"XLSP")
    torn = tmp_path / "torn"
    for end in range(last, len(whole)):
        torn.write_bytes(whole[:end])
        torn.chmod(0o600)
        spool = Spool(torn)
        assert spool.end == last == spool.size()
        spool.append(FrameKind.HEAD, {"head": [99, "f"]})
        spool.close()
        assert torn.read_bytes()[:last] == whole[:last]


@pytest.mark.parametrize("cut", [1, 100, 300])
def test_an_effect_whose_reply_was_torn_is_still_sending(desk: Desk, tmp_path: Path, cut: int) -> None:
    with Child("received", tmp_path) as child:
        op_id = child.hear()
        child.kill()
    desk.spool.write_bytes(desk.spool.read_bytes()[:-cut])
    with pytest.raises(JournalError, match=r"was cut to .*ws1\.witness saw"):
        desk.open()  # it was written whole
    witness_of(desk.folder).unlink()
    journal = desk.open()
    assert journal.held().open_effects[0].state.value == "sending"
    assert journal.spooled(op_id) == []
    assert journal.verify() == ()


def test_a_spool_that_was_cut_below_what_the_journal_saw_is_noticed(desk: Desk, tmp_path: Path) -> None:
    with Child("code", tmp_path) as child:
        child.hear()
        child.kill()
    whole = desk.spool.read_bytes()
    for end in (len(whole) - 1, whole.rindex(b"XLSP"), 200, 0):
        desk.spool.write_bytes(whole[:end])
        with pytest.raises(JournalError, match=r"was cut to|is gone"):
            desk.open()


def test_a_tail_of_zeros_is_a_torn_tail(desk: Desk) -> None:
    two_effects(desk)
    with desk.spool.open("ab") as spool:
        spool.write(bytes(4096))
    assert desk.open().verify() == ()


def test_every_flipped_byte_of_the_spool_is_noticed(desk: Desk) -> None:
    two_effects(desk)
    whole = desk.spool.read_bytes()
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        desk.spool.write_bytes(damaged)
        with pytest.raises(JournalError, match="at byte"):
            desk.open()


def test_every_flipped_bit_of_the_records_is_noticed_or_harmless(desk: Desk) -> None:
    """What a flip does not break is not the journal's: unused space, counters, SQLite's own hints."""
    two_effects(desk)
    with desk.open() as journal:
        story = journal.operations(all=True)
    whole = desk.database.read_bytes()
    spool = desk.spool.read_bytes()
    noticed = 0
    for position in range(0, len(whole), 89):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 8)
        for leftover in desk.folder.glob("journal.sqlite-*"):
            leftover.unlink()
        desk.database.write_bytes(damaged)
        desk.spool.write_bytes(spool)
        try:
            with desk.open() as journal:
                assert journal.operations(all=True) == story
        except JournalError:
            noticed += 1
    assert noticed > 20


def test_a_newer_schema_is_refused_politely_and_left_alone(desk: Desk) -> None:
    two_effects(desk)
    db = sqlite3.connect(desk.database)
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    db.close()
    before = desk.database.read_bytes()
    with pytest.raises(JournalError, match="newer xlicense") as caught:
        desk.open()
    assert "newer one" in (caught.value.remedy or "")
    assert desk.database.read_bytes() == before


@pytest.mark.parametrize("version", [-1, 0, 1])
def test_a_schema_version_that_never_was_is_damage(desk: Desk, version: int) -> None:
    """One that the file's own history denies, too: it would be brought up a second time."""
    two_effects(desk)
    db = sqlite3.connect(desk.database)
    db.execute(f"PRAGMA user_version = {version}")
    db.close()
    with pytest.raises(JournalError, match=f"damaged: its schema version reads {version}"):
        desk.open()


def test_a_newer_spool_is_refused_politely_and_left_alone(desk: Desk) -> None:
    two_effects(desk)
    frames = list(scan(desk.spool.read_bytes()))
    newer = [encode(f.kind, f.about | {"version": 2} if f.start == 0 else f.about, f.blob) for f in frames]
    desk.spool.write_bytes(b"".join(newer))
    with pytest.raises(JournalError, match=r"spool .* newer xlicense \(form 2"):
        desk.open()


def test_no_database_at_all_is_said_without_a_traceback(desk: Desk) -> None:
    two_effects(desk)
    desk.database.write_bytes(b"this is not a database" * 100)
    with pytest.raises(JournalError, match="cannot be used"):
        desk.open()
    assert verify(desk.folder)


def test_what_is_received_after_damage_is_written_all_the_same(desk: Desk) -> None:
    journal, other = desk.open(), desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    with desk.spool.open("ab") as spool:
        spool.write(b"garbage of somebody else")
    with pytest.raises(JournalError, match="damaged at byte"):
        effect.received(CODE.encode())
    tail = desk.spool.read_bytes().rpartition(b"garbage of somebody else")[2]
    (frame,) = scan(tail)
    assert frame.about["op"] == effect.op_id
    for step in (
        lambda: journal.intent("run-1", action()),
        lambda: other.intent("run-1", action()).sending(),
    ):
        with pytest.raises(JournalError):
            step()


def test_a_spool_that_shrinks_under_a_running_process_is_noticed(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    desk.spool.write_bytes(b"")
    with pytest.raises(JournalError, match="has shrunk"):
        effect.received(CODE.encode())


@pytest.mark.parametrize("page", [1, 5, 12])
def test_a_page_that_the_disk_has_lost_is_told_with_all_else_that_is_wrong(desk: Desk, page: int) -> None:
    """SQLite's own check then ends in an error instead of telling."""
    two_effects(desk)
    with desk.open() as journal:
        journal.remember_serials([f"{number:08}" for number in range(500)])
    data = bytearray(desk.database.read_bytes())
    data[page * 4096 : (page + 1) * 4096] = bytes(4096)
    desk.database.write_bytes(data)
    assert any("malformed" in text for text in verify(desk.folder))
    assert any("malformed" in trouble.text for trouble in examine(desk.folder, "ws1").troubles)
