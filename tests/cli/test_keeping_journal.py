"""A backup is consistent, a restore loses nothing that is newer, a move can be killed at any moment."""

from __future__ import annotations

import io
import json
import shutil
import signal
import sqlite3
import stat
import tarfile
from contextlib import closing
from pathlib import Path

import pytest

from reconciler import model as m
from reconciler.journal.folder import default_folder
from reconciler.journal.witness import witness_of

from .keeping import C1, SECRET, SERIAL, WORKSPACE, Keeping


def saved(keeping: Keeping) -> Path:
    """A backup of a journal that holds one code."""
    keeping.request(end=True)
    file = keeping.folder / "backup.tar"
    ran = keeping("journal", "backup", str(file))
    assert ran.code == 0, str(ran)
    return file


def holds_the_code(keeping: Keeping) -> bool:
    with keeping.journal() as journal:
        assert journal.verify() == ()
        return journal.code_value(f"request/{SERIAL}") == SECRET


def restored(keeping: Keeping) -> dict[str, str]:
    """What the journal itself says of the one time that it was put back."""
    with closing(sqlite3.connect(keeping.state / "journal.sqlite")) as db:
        ((payload,),) = db.execute("SELECT payload FROM records WHERE kind = 'restored'").fetchall()
    found: dict[str, str] = json.loads(payload)
    return found


def test_a_backup_is_for_its_owner_holds_no_plain_code_and_overwrites_nothing(keeping: Keeping) -> None:
    file = saved(keeping)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert SECRET.encode() not in file.read_bytes()
    again = keeping("journal", "backup", str(file))
    assert again.code == 1
    assert "is there already" in again.err
    assert sorted(path.name for path in keeping.folder.iterdir()) == [
        "backup.tar",
        "clusters",
        "xlicense.yaml",
    ]


def test_there_is_nothing_to_copy_before_there_is_a_journal(keeping: Keeping) -> None:
    ran = keeping("journal", "backup", "x.tar")
    assert ran.code == 1
    assert "nothing to copy" in ran.err
    assert not keeping.state.exists()


def test_a_backup_is_made_while_a_run_is_at_work(keeping: Keeping) -> None:
    keeping.request(end=True)
    with keeping.journal() as busy:
        busy.lease([C1.parent], "run-1")
        assert keeping("journal", "backup", "now.tar").code == 0
        assert keeping("journal", "restore", "now.tar").code == 5
    assert keeping("journal", "restore", "now.tar").code == 0


@pytest.mark.parametrize("lost", ["folder", "folder and witness", "nothing"])
def test_what_was_lost_is_put_back_and_says_so(keeping: Keeping, lost: str) -> None:
    file = saved(keeping)
    if lost != "nothing":
        shutil.rmtree(keeping.state)
    if lost == "folder and witness":
        witness_of(keeping.state).unlink()
    if lost == "folder":
        assert "journal restore" in keeping("op", "list").err
    ran = keeping("journal", "restore", str(file))
    assert ran.code == 0, str(ran)
    assert holds_the_code(keeping)
    assert ("what was there before:" in ran.err) is (lost == "nothing")
    note = restored(keeping)
    assert note["text"].startswith("from a backup of ")
    assert note["text"].endswith(f" that ends at record {ran.out.split()[-1]}")
    assert bool(note["before"]) is (lost == "nothing")
    assert keeping("doctor").code == 0


def test_a_backup_older_than_what_is_here_is_refused_until_the_loss_is_accepted(keeping: Keeping) -> None:
    file = saved(keeping)
    keeping.request()
    refused = keeping("journal", "restore", str(file))
    assert refused.code == 1
    assert "the backup ends at record" in refused.err
    assert "--older" in refused.err
    shutil.rmtree(keeping.state)
    assert "the backup ends at record" in keeping("journal", "restore", str(file)).err
    ran = keeping("journal", "restore", str(file), "--older")
    assert ran.code == 0, str(ran)
    assert holds_the_code(keeping)
    with keeping.journal() as journal:
        assert journal.held().open_effects == ()


def test_a_damaged_journal_gives_way_to_a_backup_that_knows_as_much(keeping: Keeping) -> None:
    file = saved(keeping)
    (keeping.state / "journal.sqlite").write_bytes(b"no database")
    assert keeping("journal", "restore", str(file)).code == 0
    assert holds_the_code(keeping)
    (aside,) = keeping.state.parent.glob(f"{WORKSPACE}.before-*")
    assert (aside / "journal.sqlite").read_bytes() == b"no database"


def test_every_damaged_backup_is_refused_and_changes_nothing(keeping: Keeping) -> None:
    file = saved(keeping)
    whole = file.read_bytes()
    bad = keeping.folder / "bad.tar"
    before = (keeping.state / "spool").read_bytes()
    for data in (b"", b"x" * 4096, whole[: len(whole) // 2], whole[:700]):
        bad.write_bytes(data)
        assert keeping("journal", "restore", str(bad)).code == 1
    for position in range(0, len(whole), len(whole) // 40):
        damaged = bytearray(whole)
        damaged[position] ^= 1
        bad.write_bytes(damaged)
        ran = keeping("journal", "restore", str(bad))
        if ran.code == 0:  # the byte was padding between members
            assert holds_the_code(keeping)
            return_to = keeping("journal", "restore", str(file), "--older")
            assert return_to.code == 0, str(return_to)
            before = (keeping.state / "spool").read_bytes()
        else:
            assert ran.code == 1, str(ran)
            assert (keeping.state / "spool").read_bytes() == before


def test_an_archive_that_wants_out_of_its_folder_is_no_backup(keeping: Keeping) -> None:
    keeping.request(end=True)
    file = keeping.folder / "evil.tar"
    with tarfile.open(file, "w") as tar:
        for name in ("manifest.json", "../journal.sqlite", "spool"):
            member = tarfile.TarInfo(name)
            member.type = tarfile.SYMTYPE if name == "spool" else tarfile.REGTYPE
            member.linkname = "/etc/passwd"
            tar.addfile(member, io.BytesIO())
    ran = keeping("journal", "restore", str(file))
    assert ran.code == 1
    assert "is no backup of a journal" in ran.err
    assert holds_the_code(keeping)


def test_a_backup_of_another_workspace_is_refused(keeping: Keeping) -> None:
    file = saved(keeping)
    yaml = keeping.folder / "xlicense.yaml"
    yaml.write_text(keeping.yaml.replace(WORKSPACE, "aaaaaaaa"), encoding="utf-8")
    ran = keeping("journal", "restore", str(file))
    assert ran.code == 1
    assert f"is of workspace {WORKSPACE}" in ran.err


def test_a_moved_journal_is_found_and_a_missing_one_is_told(keeping: Keeping, tmp_path: Path) -> None:
    keeping.request(end=True)
    target = tmp_path / "elsewhere" / "licences"
    ran = keeping("journal", "move", str(target))
    assert ran.code == 0, str(ran)
    assert keeping.state == target
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert holds_the_code(keeping)
    keeping.request()
    again = keeping("journal", "move", str(target))
    assert again.code == 1
    assert "is in" in again.err
    target.rename(tmp_path / "unmounted")
    gone = keeping("op", "list")
    assert gone.code == 1
    assert "that is not there" in gone.err
    (tmp_path / "unmounted").rename(target)
    assert keeping("op", "list").code == 8


def test_a_journal_is_not_moved_over_something_or_from_under_a_run(keeping: Keeping, tmp_path: Path) -> None:
    keeping.request(end=True)
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").write_text("mine")
    assert "is not empty" in keeping("journal", "move", str(full)).err
    with keeping.journal() as busy:
        busy.lease([C1.parent], "run-1")
        assert keeping("journal", "move", str(tmp_path / "there")).code == 5
    assert holds_the_code(keeping)


def test_a_journal_whose_word_is_lost_after_a_move_is_never_made_afresh(
    keeping: Keeping, tmp_path: Path
) -> None:
    keeping.request(end=True)
    assert keeping("journal", "move", str(tmp_path / "there")).code == 0
    default_folder(WORKSPACE).with_name(f"{WORKSPACE}.moved").unlink()
    ran = keeping("op", "list")
    assert ran.code == 1
    assert "is gone or empty" in ran.err


@pytest.mark.parametrize("what", ["move", "restore"])
def test_killed_at_any_call_it_ends_well_when_it_is_run_again(keeping: Keeping, what: str) -> None:
    file = saved(keeping)
    del file
    command = ("journal", "move", "../moved") if what == "move" else ("journal", "restore", "backup.tar")
    killed = 0
    for code in keeping.killed(*command):
        killed += code == -signal.SIGKILL
        assert code in {-signal.SIGKILL, 0}
        looked = keeping("codes", "list", "--json")
        if looked.code == 0:
            assert [each["kind"] for each in looked.json()["codes"]] == [m.CodeKind.REQUEST.value]
        else:
            assert "is gone or empty" in looked.err, str(looked)
        ran = keeping(*command)
        assert ran.code == 0 or "already" in ran.err or "the backup ends at record" in ran.err, str(ran)
        assert holds_the_code(keeping)
    assert killed > 20
