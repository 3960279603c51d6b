"""``doctor`` names what is wrong, where, and what to do; exit 0 when nothing stands in the way."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.journal import default_identity
from reconciler.journal.witness import witness_of

from .keeping import Keeping


def errors(keeping: Keeping) -> list[dict[str, object]]:
    ran = keeping("doctor", "--json")
    told = ran.json()
    found = [check for check in told["checks"] if check["level"] == "error"]
    assert (ran.code, told["healthy"]) == ((1, False) if found else (0, True)), str(ran)
    assert all(check["remedy"] for check in found), found
    return found


def test_a_workspace_without_a_journal_and_one_with_a_sound_one_are_healthy(keeping: Keeping) -> None:
    first = keeping("doctor")
    assert first.code == 0, str(first)
    assert "none yet" in first.out
    assert not keeping.state.exists()
    keeping.request(end=True)
    second = keeping("doctor")
    assert second.code == 0, str(second)
    for text in ("whole:", "1 recipients", "MiB free", "held: none", "every held code is readable here"):
        assert text in second.out, str(second)


def record(keeping: Keeping, statement: str) -> None:
    db = sqlite3.connect(keeping.state / "journal.sqlite")
    for trigger in ("records_stay", "records_last"):
        db.execute(f"DROP TRIGGER {trigger}")
    db.execute(statement)
    db.commit()
    db.close()


def no_journal(keeping: Keeping) -> None:
    (keeping.state / "journal.sqlite").unlink()


def no_folder(keeping: Keeping) -> None:
    shutil.rmtree(keeping.state)


def open_to_all(keeping: Keeping) -> None:
    (keeping.state / "spool").chmod(0o644)


def symlink(keeping: Keeping) -> None:
    (keeping.state / "spool").rename(keeping.state / "moved")
    (keeping.state / "spool").symlink_to(keeping.state / "moved")


def altered(keeping: Keeping) -> None:
    record(keeping, "UPDATE records SET payload = payload || ' ' WHERE seq = 4")


def removed(keeping: Keeping) -> None:
    record(keeping, "DELETE FROM records WHERE seq = 5")


def newer(keeping: Keeping) -> None:
    record(keeping, "PRAGMA user_version = 99")


def flipped(keeping: Keeping) -> None:
    data = bytearray((keeping.state / "spool").read_bytes())
    data[200] ^= 1
    (keeping.state / "spool").write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "said", "where", "number"),
    [
        (no_journal, "there is no journal.sqlite", "", None),
        (no_folder, "is gone or empty", "", 6),
        (open_to_all, "spool can be read or written by others", "spool", None),
        (symlink, "spool is a symlink", "spool", None),
        (altered, "record 4 was altered", "", 4),
        (removed, "record 5 is missing", "", 5),
        (newer, "newer xlicense", "", None),
        (flipped, "is damaged at byte 1", "", None),
    ],
)
def test_each_damage_is_named_with_its_place_and_a_remedy(
    keeping: Keeping, harm: Callable[[Keeping], None], said: str, where: str, number: int | None
) -> None:
    keeping.request()
    harm(keeping)
    found = errors(keeping)
    assert any(said in str(check["text"]) for check in found), found
    assert number in {check["record"] for check in found}
    if where == "spool":
        assert any(str(check["path"]).endswith("/spool") for check in found)


def test_several_bad_files_are_named_at_once(keeping: Keeping) -> None:
    keeping.request()
    for path in (keeping.state / "journal.sqlite", keeping.state / "spool", witness_of(keeping.state)):
        path.chmod(0o640)
    assert len(errors(keeping)) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_named(keeping: Keeping) -> None:
    keeping.request()
    os.chown(keeping.state / "spool", 65534, -1)
    (check,) = errors(keeping)
    assert "belongs to user 65534" in str(check["text"])
    assert "chown 0" in str(check["remedy"])


def test_an_identity_that_others_can_read_is_an_error_and_none_at_all_is_a_warning(keeping: Keeping) -> None:
    keeping.request(end=True)
    default_identity().chmod(0o644)
    (check,) = errors(keeping)
    assert check["subject"] == "keys"
    default_identity().unlink()
    ran = keeping("doctor")
    assert ran.code == 0, str(ran)
    assert "held and not readable here: code-" in ran.out


def test_an_identity_that_is_no_recipient_is_an_error(keeping: Keeping) -> None:
    default_identity().unlink()
    from reconciler.journal import init_identity

    init_identity(default_identity())
    (check,) = errors(keeping)
    assert "it is no recipient" in str(check["text"])


def test_a_lease_of_a_dead_run_is_a_warning_that_names_the_way_out(keeping: Keeping) -> None:
    keeping.request(end=True)
    db = sqlite3.connect(keeping.state / "journal.sqlite")
    now = datetime.now(UTC)
    ends = (now - timedelta(hours=1)).isoformat()
    row = ("cluster/ams-core", "run-dead", "ann", "elsewhere", 1, ends, ends, ends)
    db.execute("INSERT INTO leases VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    db.commit()
    db.close()
    ran = keeping("doctor")
    assert ran.code == 0, str(ran)
    assert "xlicense unlock run-dead" in ran.out
