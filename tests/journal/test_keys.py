"""Identities and recipients: age files that plain age reads."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pyrage
import pytest

from reconciler.errors import JournalError
from reconciler.journal import keys


def test_an_identity_is_private_and_names_its_recipient(tmp_path: Path) -> None:
    path = tmp_path / "config" / "xlicense" / "identity.txt"
    recipient = keys.init_identity(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert recipient.startswith("age1")
    assert keys.recipient_of(path) == recipient
    assert path.read_text().startswith(f"# public key: {recipient}\nAGE-SECRET-KEY-1")


def test_an_identity_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    keys.init_identity(path)
    before = path.read_text()
    with pytest.raises(JournalError, match=r"an identity at .* already"):
        keys.init_identity(path)
    assert path.read_text() == before


def test_an_identity_that_cannot_be_written_is_said_clearly(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="no identity can be written"):
        keys.init_identity(tmp_path / "file" / "identity.txt")


def test_testing_tells_what_each_recipient_means_here(tmp_path: Path) -> None:
    ours = keys.init_identity(tmp_path / "ours")
    theirs = keys.init_identity(tmp_path / "theirs")
    assert keys.test([ours, theirs], tmp_path / "ours") == {ours: True, theirs: False}
    assert keys.test([ours], None) == {ours: False}


def test_an_ssh_key_may_be_a_recipient() -> None:
    text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILLu3QhqHRmaZ/PG5IslJY1bhmVTXLgRyVhYjFkGQC/n"
    assert keys.test([text], None) == {text: False}


@pytest.mark.parametrize("content", [b"", b"AGE-SECRET-KEY-1NONSENSE", b"\xff\xfe"])
def test_a_file_that_is_no_identity_is_named_without_its_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "identity.txt"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(JournalError, match=r"identity\.txt cannot be used") as caught:
        keys.recipient_of(path)
    assert "NONSENSE" not in str(caught.value)


def test_an_identity_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    keys.init_identity(path)
    path.chmod(0o644)
    with pytest.raises(JournalError, match="can be read or written by others"):
        keys.recipient_of(path)


def test_several_identities_in_one_file_all_read(tmp_path: Path) -> None:
    one, two = (keys.init_identity(tmp_path / name) for name in "ab")
    both = tmp_path / "both"
    descriptor = os.open(both, os.O_WRONLY | os.O_CREAT, 0o600)
    os.write(descriptor, (tmp_path / "a").read_bytes() + (tmp_path / "b").read_bytes())
    os.close(descriptor)
    assert keys.test([one, two], both) == {one: True, two: True}


def test_what_is_sealed_is_a_complete_age_file(tmp_path: Path) -> None:
    recipient = keys.init_identity(tmp_path / "identity.txt")
    seal = keys.Seal([recipient], tmp_path / "identity.txt")
    identity = pyrage.x25519.Identity.from_str((tmp_path / "identity.txt").read_text().splitlines()[1])
    assert pyrage.decrypt(seal.seal(b"\x00\xff"), [identity]) == b"\x00\xff"
    assert pyrage.decrypt(seal.seal_text("code").encode(), [identity]) == b"code"
    assert seal.seal_text("code").startswith("-----BEGIN AGE ENCRYPTED FILE-----")
    assert "AGE-SECRET" not in repr(seal)
