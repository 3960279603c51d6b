"""The witness by itself: how far journal and spool had come, never less than was noted."""

from __future__ import annotations

import fcntl
import stat
from pathlib import Path

import pytest

from reconciler.errors import JournalError
from reconciler.journal.chain import Head
from reconciler.journal.witness import Known, Witness

from .test_spool import descriptors


def known(seq: int, spool: int, journal: str = "ab") -> Known:
    return Known(journal, Head(seq, f"{seq:064}"), spool)


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    made = Witness(tmp_path / "ws1")
    made.open()
    return made


def test_there_is_none_before_it_is_opened(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "ws1")
    assert (witness.exists, witness.read(), witness.path) == (False, None, tmp_path / "ws1.witness")
    witness.note(known(1, 1))
    assert not witness.exists
    witness.open()
    assert (witness.exists, witness.read()) == (True, None)
    assert stat.S_IMODE(witness.path.stat().st_mode) == 0o600
    witness.close()


@pytest.mark.parametrize(
    ("noted", "left"),
    [
        ([known(3, 70)], known(3, 70)),
        ([known(3, 70), known(5, 90)], known(5, 90)),
        ([known(5, 90), known(3, 70)], known(5, 90)),
        ([known(5, 70), known(3, 90)], known(5, 90)),
        ([known(5, 90), known(1, 2, "cd")], known(1, 2, "cd")),
        ([known(1 << 40, 1 << 50), known(1, 1)], known(1 << 40, 1 << 50)),
    ],
)
def test_what_was_noted_latest_and_furthest_is_known(
    witness: Witness, noted: list[Known], left: Known
) -> None:
    for each in noted:
        witness.note(each)
        assert len(witness.path.read_bytes()) == 256
        assert witness.path.read_bytes().endswith(b"\n")
    other = Witness(witness.path.with_name("ws1"))
    assert other.read() == left
    other.open()
    other.note(known(1, 1, left.journal))
    assert witness.read() == left


@pytest.mark.parametrize(
    "left", [b"", b"\0" * 256, b'{"journal":"ab","he', b"[]", b'{"journal":"ab","head":[1]}']
)
def test_half_a_line_is_nothing_known_and_is_written_over(witness: Witness, left: bytes) -> None:
    witness.path.write_bytes(left)
    assert witness.read() is None
    witness.note(known(3, 70))
    assert witness.read() == known(3, 70)


def test_who_has_noted_lets_go_of_the_file(witness: Witness) -> None:
    for each in (known(3, 70), known(3, 70), known(4, 70)):
        witness.note(each)
        with witness.path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_closed_or_forgotten_one_notes_nothing(witness: Witness) -> None:
    before = descriptors()
    witness.note(known(3, 70))
    witness.close()
    witness.note(known(4, 80))
    assert (witness.read(), descriptors()) == (known(3, 70), before - 1)
    witness.open()
    witness.forget()
    witness.forget()
    witness.note(known(5, 90))
    assert (witness.exists, descriptors()) == (False, before - 1)


def test_where_none_can_be_made_there_is_none(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "none" / "ws1")
    witness.open()
    witness.note(known(3, 70))
    assert not witness.exists


def test_one_that_leads_elsewhere_or_cannot_be_read_is_refused(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "ws1")
    witness.path.symlink_to(tmp_path / "nowhere")
    assert witness.exists
    for use in (witness.read, witness.open):
        with pytest.raises(JournalError, match="is a symlink"):
            use()
    witness.path.unlink()
    witness.path.mkdir(mode=0o700)
    with pytest.raises(JournalError, match="cannot be read: Is a directory"):
        witness.read()
