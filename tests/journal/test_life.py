"""Proof of life: who lives, who gives way, and what is left of a holder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.errors import JournalError, LockHeld
from reconciler.journal.chain import START, canonical, link
from reconciler.journal.leases import Leases, held_by, user
from reconciler.journal.store import LeaseRow, Store
from reconciler.model import Address

from .bench import CLUSTER, EMEA, NOW
from .files_left import no_more_files
from .test_spool import descriptors

LATER = NOW + timedelta(seconds=61)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "journal.sqlite")
    made.create(link(START, at="", kind="genesis", run="", op="", spool=0, payload=canonical({})))
    (tmp_path / "holders").mkdir(mode=0o700)
    yield made
    made.close()


def seen_by(store: Store) -> Leases:
    """Each is as another process: it has locks of its own."""
    return Leases(store, store.path.with_name("holders"))


def holders(store: Store) -> set[str]:
    return {path.name for path in store.path.with_name("holders").iterdir()}


def take(
    leases: Leases, run: str, *addresses: Address, now: object = NOW, sent: tuple[str, ...] = ()
) -> str | None:
    """Take them; the run that is in the way, if one is."""
    with leases._store.transaction():
        rival = leases.try_take(addresses, run, now, sent.__contains__)  # type: ignore[arg-type]
    return rival.run if rival is not None else None


def elsewhere(store: Store, run: str = "run-9") -> None:
    """A lease of another machine."""
    at, end = NOW.isoformat(), (NOW + timedelta(seconds=60)).isoformat()
    with store.transaction():
        store.put_leases([LeaseRow(CLUSTER, run, "ann", "elsewhere", 7, at, at, end)])


def test_a_lease_says_who_holds_it_since_when_and_until_when(store: Store) -> None:
    leases = seen_by(store)
    assert take(leases, "run-1", CLUSTER) is None
    (lease,) = leases.all()
    assert (lease.address, lease.run_id, lease.holder, lease.alive) == (CLUSTER, "run-1", user(), True)
    assert (lease.since, lease.heartbeat, lease.expires) == (NOW, NOW, NOW + timedelta(seconds=60))
    leases.beat("run-1", LATER)
    (lease,) = leases.all()
    assert (lease.since, lease.heartbeat, lease.expires) == (NOW, LATER, LATER + timedelta(seconds=60))
    assert held_by(store.leases()[0]).remedy == "Wait for it, or if it is gone: xlicense unlock run-1"


def test_who_lives_keeps_its_lease_until_it_expires_with_nothing_sent(store: Store) -> None:
    ours, theirs = seen_by(store), seen_by(store)
    take(ours, "run-1", CLUSTER)
    assert take(theirs, "run-2", EMEA, CLUSTER) == "run-1"
    assert take(theirs, "run-2", CLUSTER, now=NOW + timedelta(seconds=60)) == "run-1"
    assert take(theirs, "run-2", CLUSTER, now=LATER, sent=("run-1",)) == "run-1"
    assert take(theirs, "run-2", CLUSTER, now=LATER, sent=("run-2",)) is None
    assert [lease.run_id for lease in ours.all()] == ["run-2"]


def test_who_is_dead_gives_way_with_all_that_it_held(store: Store) -> None:
    dead, ours = seen_by(store), seen_by(store)
    take(dead, "run-1", CLUSTER, EMEA)
    dead.close()
    assert [lease.alive for lease in ours.all()] == [False, False]
    assert (holders(store), ours.living()) == ({"run-1"}, frozenset())
    assert take(ours, "run-2", CLUSTER, sent=("run-1",)) is None
    assert [(lease.address, lease.run_id) for lease in ours.all()] == [(CLUSTER, "run-2")]
    assert (holders(store), ours.living()) == ({"run-2"}, {"run-2"})


def test_where_it_cannot_be_told_who_lives_nobody_is_taken_for_dead(store: Store) -> None:
    ours, theirs = seen_by(store), seen_by(store)
    take(ours, "run-1", CLUSTER)
    with no_more_files(), pytest.raises(JournalError, match=r"holders cannot be listed: Too many") as caught:
        theirs.living()
    assert caught.value.remedy
    assert theirs.living() == {"run-1"}


def test_a_released_lease_leaves_nothing_open(store: Store) -> None:
    ours, before = seen_by(store), descriptors()
    take(ours, "run-1", CLUSTER)
    assert descriptors() != before
    ours.release("run-1")
    assert (descriptors(), ours.living(), holders(store)) == (before, frozenset(), set())


def test_of_another_machine_only_the_expiry_counts(store: Store) -> None:
    ours = seen_by(store)
    elsewhere(store)
    assert [lease.alive for lease in ours.all()] == [None]
    assert take(ours, "run-1", CLUSTER) == "run-9"
    assert take(ours, "run-1", CLUSTER, now=LATER, sent=("run-9",)) == "run-9"
    assert take(ours, "run-1", CLUSTER, now=LATER) is None


def test_a_run_may_take_again_and_taking_nothing_shows_no_life(store: Store) -> None:
    leases = seen_by(store)
    assert take(leases, "run-1") is None
    assert holders(store) == set()
    before = descriptors()
    for _ in range(2):
        assert take(leases, "run-1", CLUSTER) is None
    assert descriptors() == before + 1
    leases.still_held("run-1")
    leases.still_held("run-of-nobody")


def test_who_lost_its_leases_is_told_and_lives_on_until_it_ends(store: Store) -> None:
    ours, theirs = seen_by(store), seen_by(store)
    take(ours, "run-1", CLUSTER)
    theirs.take_away("run-1", alive=True)
    assert (theirs.all(), theirs.living(), holders(store)) == ((), {"run-1"}, {"run-1"})
    with pytest.raises(LockHeld, match="the leases of run-1 were taken away meanwhile") as caught:
        ours.still_held("run-1")
    assert caught.value.remedy == "xlicense plan"
    assert take(ours, "run-1", CLUSTER) is None
    ours.still_held("run-1")
    ours.close()
    theirs.take_away("run-1", alive=False)
    assert (theirs.all(), theirs.living(), holders(store)) == ((), frozenset(), set())


def test_who_was_removed_shows_its_life_anew(store: Store) -> None:
    ours, theirs = seen_by(store), seen_by(store)
    take(ours, "run-1", CLUSTER)
    theirs.take_away("run-1", alive=None)
    assert holders(store) == set()
    take(ours, "run-1", CLUSTER)
    assert (holders(store), theirs.living()) == ({"run-1"}, {"run-1"})


def test_what_is_given_back_leaves_nothing(store: Store) -> None:
    leases, before = seen_by(store), descriptors()
    take(leases, "run-1", CLUSTER)
    take(leases, "run-2", EMEA)
    leases.release("run-1")
    leases.release("run-1")
    assert [lease.run_id for lease in leases.all()] == ["run-2"]
    assert (holders(store), leases.living()) == ({"run-2"}, {"run-2"})
    leases.close()
    assert descriptors() <= before + 1  # SQLite keeps its own until the end


def test_looking_takes_nobodys_proof_of_life(store: Store) -> None:
    holder, one, other = seen_by(store), seen_by(store), seen_by(store)
    take(holder, "run-1", CLUSTER)
    before = descriptors()
    assert one.living() == other.living() == {"run-1"}
    assert descriptors() == before
    path = store.path.with_name("holders") / "run-2"
    path.symlink_to(path.with_name("run-1"))
    with pytest.raises(JournalError, match="run-2 cannot be opened") as caught:
        one.living()
    assert "xlicense plan" in (caught.value.remedy or "")
