"""Keys come and go; every code that is held stays readable to those that the YAML names."""

from __future__ import annotations

import shutil
import signal
import stat
from pathlib import Path

from reconciler.journal import default_identity, init_identity, recipient_of

from .keeping import SECRET, Keeping


def identities(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line.startswith("AGE-SECRET-KEY-1")]


def only(path: Path, *keys: str) -> None:
    """An identity file with these keys alone."""
    path.write_text("\n".join(keys) + "\n")
    path.chmod(0o600)


def shown(keeping: Keeping) -> str:
    """The value of the one code that is held."""
    (code,) = keeping("codes", "list", "--json").json()["codes"]
    return keeping("codes", "reveal", code["code_id"], "--reason", "test").out.strip()


def test_after_a_rotation_the_new_key_alone_reads_what_is_held(keeping: Keeping) -> None:
    keeping.request(end=True)
    old = recipient_of(default_identity())
    ran = keeping("key", "rotate")
    assert ran.code == 0, str(ran)
    assert "1 codes are sealed" in ran.err
    new = recipient_of(default_identity())
    assert ran.out.strip() == new != old
    assert old in keeping.yaml
    assert new in keeping.yaml
    keys = identities(default_identity())
    assert len(keys) == 2
    assert stat.S_IMODE(default_identity().stat().st_mode) == 0o600
    for key in keys:
        only(default_identity(), key)
        assert shown(keeping) == SECRET


def test_the_old_key_may_be_removed_and_reads_nothing_made_since(keeping: Keeping) -> None:
    keeping.request(end=True)
    old = recipient_of(default_identity())
    assert keeping("key", "rotate", "--remove-old").code == 0
    assert old not in keeping.yaml
    new_key, old_key = identities(default_identity())
    only(default_identity(), old_key)
    assert keeping("codes", "list").code == 9
    only(default_identity(), new_key)
    assert shown(keeping) == SECRET


def test_rotating_again_and_again_keeps_every_identity(keeping: Keeping) -> None:
    keeping.request(end=True)
    for _ in range(3):
        assert keeping("key", "rotate", "--remove-old").code == 0
    assert len(identities(default_identity())) == 4
    assert keeping.yaml.count("age1") == 1
    assert shown(keeping) == SECRET


def test_a_colleague_who_is_added_reads_what_was_held_before(keeping: Keeping, tmp_path: Path) -> None:
    keeping.request(end=True)
    theirs = init_identity(tmp_path / "theirs.txt")
    ran = keeping("key", "add", theirs)
    assert ran.code == 0, str(ran)
    shutil.copy(tmp_path / "theirs.txt", default_identity())
    assert shown(keeping) == SECRET
    again = keeping("key", "add", theirs)
    assert again.code == 0
    assert "sealed to all" not in again.err


def test_what_is_not_readable_here_is_named_and_stays_as_it_is(keeping: Keeping, tmp_path: Path) -> None:
    keeping.request(end=True)
    mine = default_identity().read_text()
    default_identity().unlink()
    theirs = init_identity(tmp_path / "theirs.txt")
    ran = keeping("key", "add", theirs)
    assert ran.code == 9, str(ran)
    assert "Not readable here, and sealed as before: code-" in ran.err
    only(default_identity(), *mine.splitlines())
    assert keeping("key", "add", theirs).code == 0
    shutil.copy(tmp_path / "theirs.txt", default_identity())
    assert shown(keeping) == SECRET


def test_a_rotation_without_a_key_or_journal_is_told_or_simply_done(keeping: Keeping) -> None:
    assert keeping("key", "rotate").code == 0
    assert not keeping.state.exists()
    default_identity().unlink()
    ran = keeping("key", "rotate")
    assert ran.code == 1
    assert "xlicense key init" in ran.err


def test_a_rotation_that_is_killed_at_any_write_goes_on_when_it_is_run_again(keeping: Keeping) -> None:
    keeping.request(end=True)
    killed = 0
    for code in keeping.killed("key", "rotate", "--remove-old"):
        killed += code == -signal.SIGKILL
        assert code in {-signal.SIGKILL, 0}
        if code:
            ran = keeping("key", "rotate", "--remove-old")
            assert ran.code == 0, str(ran)
        assert len(identities(default_identity())) in {2, 3}
        assert keeping.yaml.count("age1") == 1
        only(default_identity(), identities(default_identity())[0])
        assert shown(keeping) == SECRET
    assert killed > 15
