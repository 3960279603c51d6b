"""The journal's file by itself: one durable step or none, and what is wrong with it in words."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import JournalBusy, JournalError
from reconciler.journal.chain import START, Head, Record, canonical, link
from reconciler.journal.folder import KEEP, LOOK
from reconciler.journal.schema import SCHEMA_VERSION
from reconciler.journal.store import LeaseRow, Store

from .bench import NOW
from .test_spool import descriptors, no_file_longer_than

AT = NOW.isoformat()


def record(head: Head, kind: str = "run") -> Record:
    return link(head, at=AT, kind=kind, run="run-1", op="", spool=0, payload=canonical({}))


FIRST = record(START, "genesis")
SECOND = record(FIRST.head)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    before = descriptors()
    made = Store(tmp_path / "journal.sqlite")
    made.create(FIRST)
    yield made
    made.close()
    assert descriptors() == before, "left behind"


def row(address: str = "cluster/a", run: str = "run-1") -> LeaseRow:
    return LeaseRow(address, run, "ann", "here", 7, AT, AT, AT)


def change(store: Store, statement: str) -> None:
    db = sqlite3.connect(store.path)
    for trigger in ("records_stay", "records_last"):
        db.execute(f"DROP TRIGGER {trigger}")
    db.execute(statement)
    db.commit()
    db.close()


def test_a_file_is_empty_until_its_first_record_and_then_of_the_newest_form(tmp_path: Path) -> None:
    made = Store(tmp_path / "new")
    assert (made.is_empty(), made.version, made.forms(), made.broken) == (True, 0, (), False)
    made.create(FIRST)
    assert (made.is_empty(), made.version, made.forms()) == (False, SCHEMA_VERSION, (SCHEMA_VERSION,))
    assert (list(made.records_after(0)), list(made.records_after(1)), made.problems()) == ([FIRST], [], ())
    made.close()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    assert (tmp_path / "new").read_bytes()[68:72] == b"xlic"  # where SQLite puts the application's mark


def test_a_step_that_fails_leaves_nothing_and_does_no_harm(store: Store) -> None:
    with contextlib.suppress(ZeroDivisionError), store.transaction():
        store.append(SECOND)
        raise ZeroDivisionError
    assert (list(store.records_after(0)), store.broken) == ([FIRST], False)
    with store.transaction():
        store.append(SECOND)
    assert list(store.records_after(0)) == [FIRST, SECOND]


def test_after_a_write_that_sqlite_refuses_the_file_is_shut_for_this_process(store: Store) -> None:
    with store.transaction():
        store.append(SECOND)
    with pytest.raises(JournalError, match="UNIQUE constraint failed") as caught, store.transaction():
        store.append(SECOND)
    assert (caught.value.remedy, store.broken) == (LOOK, True)
    with (
        pytest.raises(JournalError, match="closed for this process after a failed write"),
        store.transaction(),
    ):
        pass
    assert list(store.records_after(0)) == [FIRST, SECOND]


def test_a_disk_that_takes_no_more_is_no_lost_record(store: Store) -> None:
    with no_file_longer_than(0), pytest.raises(JournalError, match="cannot be used"), store.transaction():
        store.append(SECOND)
    again = Store(store.path)
    assert list(again.records_after(0)) == [FIRST]
    again.close()


def test_a_file_replaced_under_us_is_not_written(store: Store) -> None:
    store.path.rename(store.path.with_name("away"))
    with pytest.raises(JournalError, match="replaced or removed while it was open") as caught:
        store.put_facts("kind", [("key", "value")])
    assert (caught.value.remedy, store.broken) == ("xlicense doctor", True)


def test_a_step_of_another_process_is_waited_for_and_then_told(store: Store) -> None:
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store._db.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(JournalBusy, match="cannot be used") as caught, store.transaction():
        pass
    other.close()
    assert "Another process is in the middle of a write" in (caught.value.remedy or "")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE records SET payload = CAST(x'ff' AS TEXT) WHERE seq = 1",
            "Could not decode to UTF-8 column 'payload'",
        ),
        ("DROP TABLE records", "no such table: records"),
    ],
)
def test_records_that_cannot_be_read_are_said(store: Store, statement: str, said: str) -> None:
    change(store, statement)
    with pytest.raises(JournalError, match=said):
        list(store.records_after(0))


def test_facts_are_kept_by_kind_the_newest_of_each_and_none_that_was_altered(store: Store) -> None:
    store.put_facts("one", [("a", "1"), ("b", "2")])
    store.put_facts("one", [("a", "3")])
    store.put_facts("two", [("a", "4")])
    assert (store.facts("one"), store.facts("two")) == ({"a": "3", "b": "2"}, {"a": "4"})
    change(store, "UPDATE facts SET value = '5' WHERE value = '2'")
    with pytest.raises(JournalError, match="fact one b was altered"):
        store.facts("one")
    assert store.facts("two") == {"a": "4"}


def test_leases_are_put_beaten_and_dropped_by_run(store: Store) -> None:
    with store.transaction():
        store.put_leases([row("cluster/b"), row("cluster/a"), row("cluster/c", "run-2")])
        store.put_leases([row("cluster/b", "run-3")])
        store.beat("run-2", "later", "much later")
    assert store.leases() == (
        row("cluster/a"),
        row("cluster/b", "run-3"),
        row("cluster/c", "run-2")._replace(heartbeat="later", expires="much later"),
    )
    with store.transaction():
        store.drop_leases("run-1")
    assert [store.holds_lease(run) for run in ("run-1", "run-2", "run-3")] == [False, True, True]


def test_a_copy_is_whole_private_and_leaves_the_file_as_it_is(store: Store, tmp_path: Path) -> None:
    with store.transaction():
        store.append(SECOND)
        store.copy_to(tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    copy = Store(tmp_path / "copy")
    assert (list(copy.records_after(0)), list(store.records_after(0))) == ([FIRST], [FIRST, SECOND])
    copy.close()


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\1" * 500])
def test_what_is_no_database_is_said_and_left_open_nowhere(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    path.chmod(0o600)
    before = descriptors()
    with pytest.raises(JournalError, match="cannot be used: file is not a database") as caught:
        Store(path)
    assert caught.value.remedy == KEEP
    assert descriptors() == before


def test_what_sqlite_finds_wrong_is_told(store: Store) -> None:
    change(store, "CREATE TABLE other (a TEXT)")
    strict = "CREATE TABLE other (a TEXT NOT NULL)"
    db = sqlite3.connect(store.path)
    db.execute("INSERT INTO other VALUES (NULL)")
    db.execute("PRAGMA writable_schema = ON")
    db.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'other'", (strict,))
    db.commit()
    db.close()
    again = Store(store.path)
    assert again.problems() == ("NULL value in other.a",)
    again.close()
