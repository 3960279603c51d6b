"""Journal and spool with damage in them: opened as they were, or refused as a journal error, named."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from reconciler.errors import JournalError
from reconciler.journal import verify
from reconciler.journal.frames import Damage, FrameKind, encode, scan
from reconciler.journal.spool import Spool
from tests.journal.bench import CODE, Desk, action, make_desk

from .mutate import NUMBERS, damaged, fuzzing

pytestmark = pytest.mark.timeout(7_200)


class Seed:
    """A desk and the two files on it, undamaged; too long to be shown."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.database = desk.database.read_bytes()
        self.spool = desk.spool.read_bytes()


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seed]:
    """A closed journal of two effects, and a desk in memory where there is one."""
    base = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path_factory.getbasetemp()
    root = base / f"xlicense-fuzz-{tmp_path_factory.getbasetemp().name}-{id(tmp_path_factory)}"
    root.mkdir(mode=0o700)
    desk = make_desk(root)
    with desk.open() as journal:
        for _ in range(2):
            effect = journal.intent("run-1", action())
            effect.sending()
            effect.received(f"token {CODE}\r\nOK\r\n".encode())
            effect.done()
    yield Seed(desk)
    shutil.rmtree(root)


def opened(desk: Desk, database: bytes, spool: bytes) -> bool:
    """Whether these two files open; everything that is held can be read then."""
    for beside in desk.folder.glob("journal.sqlite-*"):
        beside.unlink()
    desk.database.write_bytes(database)
    desk.spool.write_bytes(spool)
    try:
        with desk.open() as journal:
            journal.held()
            journal.operations(all=True)
    except JournalError as error:
        assert error.message
        return False
    finally:
        desk.opened.clear()
    return True


@fuzzing
@given(NUMBERS)
def test_a_damaged_journal_is_refused_or_says_what_it_said(seed: Seed, number: int) -> None:
    desk, database, spool = seed.desk, seed.database, seed.spool
    opened(desk, damaged(database, number, most=2), spool)


@fuzzing
@given(NUMBERS)
def test_a_damaged_spool_is_refused_or_forgiven_a_tail(seed: Seed, number: int) -> None:
    desk, spool = seed.desk, seed.spool
    path = desk.folder / "other-spool"
    path.write_bytes(damaged(spool, number, most=3))
    path.chmod(0o600)
    try:
        one = Spool(path)
    except JournalError as error:
        assert error.message
        return
    try:
        one.refresh()
        one.received("op-1")
    except JournalError as error:
        assert error.message
    finally:
        one.close()


@fuzzing
@given(NUMBERS)
def test_whole_frames_are_found_again_and_nothing_else_is(seed: Seed, number: int) -> None:
    spool = seed.spool
    before = [(frame.kind, frame.about, frame.blob) for frame in scan(spool)]
    data = damaged(spool, number, most=2)
    try:
        after = [(frame.kind, frame.about, frame.blob) for frame in scan(data)]
    except Damage as damage:
        assert 0 <= damage.offset <= len(data)
        return
    assert all(frame in before for frame in after)


@fuzzing
@given(NUMBERS)
def test_a_frame_with_right_sums_and_strange_contents_is_a_journal_error(seed: Seed, number: int) -> None:
    """Somebody who can write into the folder can also reckon a checksum."""
    desk, database, spool = seed.desk, seed.database, seed.spool
    kinds = tuple(FrameKind)
    contents: tuple[object, ...] = (
        {},
        {"head": []},
        {"head": 7},
        {"head": ["x", 1]},
        {"op": None},
        {"op": [1]},
    )
    about = dict(contents[number % len(contents)])  # type: ignore[call-overload]
    frame = encode(kinds[number % len(kinds)], about, damaged(b"age-encryption.org/v1\n", number))
    if opened(desk, database, spool + frame):
        verify(desk.folder)
