"""What journal and spool do not take is kept in the spool, else in a second place, else on the terminal."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest

from reconciler import model as m
from reconciler.errors import JournalError
from tests.cli.small_disk import SmallDisk

from .bench import CODE, Child, Desk, action, create_token, waiting


def second_place(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "runtime").rglob("*.frame"))


def replace_journal(desk: Desk) -> Path:
    """Another file under the name of the journal: the open journal writes no more. Returns the real one."""
    kept = desk.folder / "kept"
    desk.database.rename(kept)
    shutil.copy(kept, desk.database)
    return kept


def test_an_answer_that_the_journal_does_not_take_goes_into_the_spool_and_is_taken_over(
    desk: Desk, tmp_path: Path
) -> None:
    journal = desk.open()
    parked = journal.park("run-1", waiting())
    kept = replace_journal(desk)
    with pytest.raises(JournalError, match="not lost: it is in the spool"):
        journal.answer(parked.handoff_id, CODE)
    journal.close()
    kept.replace(desk.database)
    for _ in range(2):
        with desk.open() as again:
            (code,) = again.codes()
            assert again.reveal(code.code_id, "to see") == CODE
            assert again.verify() == ()
    assert second_place(tmp_path) == []
    assert CODE.encode() not in desk.spool.read_bytes()


def test_a_code_whose_reply_is_in_the_spool_is_not_kept_twice(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", create_token())
    effect.sending()
    effect.received(CODE.encode())
    size = desk.spool.stat().st_size
    kept = replace_journal(desk)
    with pytest.raises(JournalError, match="the reply that it was in is in the spool"):
        effect.code(m.Produced(m.CodeKind.TOKEN, CODE), "token/emea/allowed")
    assert desk.spool.stat().st_size == size
    journal.close()
    kept.replace(desk.database)
    with desk.open() as again:
        assert again.spooled(effect.op_id) == [CODE.encode()]
        assert again.held().open_effects[0].state is m.EffectState.ANSWERED


def test_a_reply_without_a_spool_goes_to_the_second_place_and_is_taken_over_once(
    desk: Desk, tmp_path: Path
) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    desk.spool.rename(tmp_path / "spool")
    with pytest.raises(JournalError, match="not lost: it is kept in"):
        effect.received(CODE.encode())
    with pytest.raises(JournalError, match="after a failed write; what came is not lost: it is kept in"):
        effect.unknown("the reply was not recorded")
    (file,) = second_place(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert CODE.encode() not in file.read_bytes()
    whole = file.read_bytes()
    journal.close()
    (tmp_path / "spool").rename(desk.spool)
    for again in (True, False):
        with desk.open() as opened:
            assert opened.spooled(effect.op_id) == [CODE.encode()]
            assert opened.held().open_effects[0].state is m.EffectState.ANSWERED
            assert opened.verify() == ()
        assert second_place(tmp_path) == []
        if again:  # as if the process had died before it removed the file
            file.write_bytes(whole)
            file.chmod(0o600)


def keeps_in_need(desk: Desk, tmp_path: Path) -> None:
    """A reply comes when the spool is gone."""
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    desk.spool.rename(tmp_path / "spool")
    with pytest.raises(JournalError):
        effect.received(CODE.encode())
    journal.close()


def test_what_lies_in_the_second_place_for_another_journal_or_is_torn_stays_there(
    desk: Desk, tmp_path: Path
) -> None:
    keeps_in_need(desk, tmp_path)
    (file,) = second_place(tmp_path)
    (file.parent / "1.frame").write_bytes(file.read_bytes()[:-1])
    shutil.rmtree(desk.folder)
    (desk.folder.parent / "ws1.witness").unlink()
    other = replace(desk, folder=tmp_path / "state" / "another", opened=[])
    kept = [path.rename(tmp_path / path.name) for path in second_place(tmp_path)]
    other.open().close()
    for path in kept:
        path.rename(file.parent / path.name)
    other.open().close()
    assert len(second_place(tmp_path)) == 2


def test_no_journal_is_made_afresh_beside_replies_that_were_kept_in_need(desk: Desk, tmp_path: Path) -> None:
    keeps_in_need(desk, tmp_path)
    shutil.rmtree(desk.folder)
    (desk.folder.parent / "ws1.witness").unlink()
    with pytest.raises(JournalError, match="holds replies or codes of one") as caught:
        desk.open()
    assert "xlicense journal restore" in (caught.value.remedy or "")
    assert not desk.folder.exists()


def test_with_no_second_place_it_is_printed_sealed_on_the_terminal(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "runtime" / "xlicense").write_text("no folder")
    with Child("receive", tmp_path) as child:
        op_id = child.hear()
        desk.folder.rename(tmp_path / "away")
        child.say()
        assert "it was printed, sealed, on the terminal: copy it" in child.hear()
    said = child.stderr.read_text()
    assert op_id in said
    assert CODE not in said
    armoured = said[said.index("-----BEGIN") : said.index("-----END")] + "-----END AGE ENCRYPTED FILE-----\n"
    assert desk.identity is not None
    identity = pyrage.x25519.Identity.from_str(desk.identity.read_text().splitlines()[1])
    assert pyrage.decrypt(armoured.encode(), [identity]).decode() == CODE


def test_room_for_a_reply_is_set_aside_before_a_code_is_asked_for(desk: Desk) -> None:
    journal = desk.open()
    assert journal.can_keep_codes() is None
    reserve = desk.folder / "reserve"
    assert reserve.stat().st_blocks * 512 >= 64 * 1024
    assert stat.S_IMODE(reserve.stat().st_mode) == 0o600
    reserve.write_bytes(b"")
    assert journal.can_keep_codes() is None
    assert reserve.stat().st_size == 64 * 1024
    reserve.unlink()
    reserve.symlink_to(desk.spool)
    assert "symlink" in (journal.can_keep_codes() or "")


def test_a_reply_that_meets_a_full_disk_takes_the_reserve_and_is_the_last(tmp_path: Path) -> None:
    home = Path(__file__).parents[2]
    with SmallDisk(tmp_path / "disk") as disk:
        done = subprocess.run(
            [*disk.inside(home), sys.executable, "-m", "tests.journal.child", "flood", str(disk.folder)],
            env={**os.environ, "PYTHONPATH": str(home)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[:2] == ["keeps codes: None", "received"], done.stdout + done.stderr
    assert all("closed for this process after a failed write" in line for line in lines[2:5]), done.stdout
    assert lines[5:] == ["True", "keeps codes: None", "()"], done.stdout + done.stderr
