"""Identities and recipients: age files that plain age reads."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pyrage
import pytest

from reconciler.errors import JournalError
from reconciler.journal import keys

from .test_spool import no_file_longer_than


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


def test_a_new_identity_has_a_folder_of_its_own_and_takes_no_link(tmp_path: Path) -> None:
    for name in ("one.txt", "two.txt"):
        keys.init_identity(tmp_path / "config" / "xlicense" / name)
    assert stat.S_IMODE((tmp_path / "config" / "xlicense").stat().st_mode) == 0o700
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(JournalError, match="already") as caught:
        keys.init_identity(tmp_path / "link")
    assert "name another file" in (caught.value.remedy or "")
    assert not (tmp_path / "nowhere").exists()


def test_a_rotation_puts_a_new_identity_in_front_once_until_it_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    first = keys.init_identity(path)
    path.write_text("# mine\n" + path.read_text())
    begun = keys.begin_rotation(path)
    assert begun == keys.Rotation(begun.new, (first,))
    assert begun.new != first
    assert keys.begin_rotation(path) == begun
    keys.end_rotation(path)
    lines = path.read_text().splitlines()
    assert (lines[0], lines[2], lines[3]) == (
        f"# public key: {begun.new}",
        "# mine",
        f"# public key: {first}",
    )
    assert len(lines) == 5
    assert keys.recipient_of(path) == begun.new
    assert keys.test([begun.new, first], path) == {begun.new: True, first: True}
    second = keys.begin_rotation(path)
    assert second.old == (begun.new, first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["identity.txt", "runtime"]


def test_a_rotation_needs_an_identity_that_is_ours(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be used: No such file") as caught:
        keys.begin_rotation(tmp_path / "none")
    assert caught.value.remedy == "xlicense key init"


@pytest.mark.parametrize("umask", [0o000, 0o277])
def test_an_identity_is_private_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        keys.init_identity(tmp_path / "identity.txt")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "identity.txt").stat().st_mode) == 0o600


def test_who_can_open_what_is_sealed_is_told_in_one_order_and_once(tmp_path: Path) -> None:
    made = [keys.init_identity(tmp_path / str(number)) for number in range(8)]
    seal = keys.Seal([*made, *made], tmp_path / "3")
    assert (seal.to, seal.can_seal) == (tuple(sorted(made)), True)
    assert seal.open(seal.seal(b"one")) == seal.open(seal.seal_text("one").encode()) == b"one"
    assert seal.readable(seal.seal(b"one")) is True
    other = keys.Seal(made[:1], tmp_path / "3")
    assert other.readable(other.seal(b"one")) is False
    with pytest.raises(JournalError, match="none of those that this was sealed to") as caught:
        other.open(other.seal(b"one"))
    assert caught.value.remedy == keys.GO_ON


def test_without_a_recipient_nothing_is_sealed(tmp_path: Path) -> None:
    seal = keys.Seal([], tmp_path / "none")
    assert (seal.to, seal.can_seal) == ((), False)
    for use in (lambda: seal.seal(b"one"), lambda: seal.seal_text("one")):
        with pytest.raises(JournalError, match="no recipient to seal a code to") as caught:
            use()
        assert caught.value.remedy == "xlicense key init"


@pytest.mark.parametrize("text", ["age1nonsense", "ssh-nonsense", "", "nonsense ssh-"])
def test_what_is_no_recipient_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(JournalError, match=f"not an age recipient: '{text}'"):
        keys.Seal([text], tmp_path / "none")


def test_an_identity_that_cannot_be_written_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "identity.txt"
    keys.init_identity(path)
    before = path.read_bytes()
    with (
        no_file_longer_than(0),
        pytest.raises(JournalError, match=f"{path} cannot be written: File too large"),
    ):
        keys.begin_rotation(path)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["identity.txt", "runtime"]


def test_without_an_identity_nothing_can_be_read(tmp_path: Path) -> None:
    recipient = keys.init_identity(tmp_path / "identity.txt")
    assert keys.test([recipient], None) == {recipient: False}
