"""One writer a cluster or account, whatever dies."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler import model as m
from reconciler.errors import Exit, JournalBusy, LockHeld, UsageError
from reconciler.journal.witness import witness_of

from .bench import CLUSTER, EMEA, Child, Desk, action

OTHER = m.Address.of_cluster("ams-core")


def test_a_lease_keeps_a_second_run_out_and_names_the_holder(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    first.lease([CLUSTER], "run-1")
    (lease,) = second.leases()
    with pytest.raises(LockHeld) as caught:
        second.lease([CLUSTER, OTHER], "run-2")
    for part in (CLUSTER, lease.holder, lease.host, f"pid {lease.pid}", "2026-11-24T09:00"):
        assert part in caught.value.message
    assert "xlicense unlock run-1" in (caught.value.remedy or "")
    assert lease.alive is True


def test_leases_are_taken_all_or_none(desk: Desk) -> None:
    journal = desk.open()
    journal.lease([CLUSTER], "run-1")
    with pytest.raises(LockHeld):
        desk.open().lease([OTHER, EMEA, CLUSTER], "run-2")
    assert [lease.address for lease in journal.leases()] == [CLUSTER]


def test_a_run_may_take_more_and_take_again(desk: Desk) -> None:
    journal = desk.open()
    journal.lease([CLUSTER], "run-1")
    journal.lease([CLUSTER, EMEA], "run-1")
    assert [lease.address for lease in journal.leases()] == [EMEA, CLUSTER]


def test_a_released_lease_is_free(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    first.lease([CLUSTER], "run-1")
    first.release("run-1")
    second.lease([CLUSTER], "run-2")
    assert [lease.run_id for lease in first.leases()] == ["run-2"]


def test_a_closed_journal_leaves_no_lease_in_the_way(desk: Desk) -> None:
    with desk.open() as first:
        first.lease([CLUSTER], "run-1")
    desk.open().lease([CLUSTER], "run-2")


def test_of_two_processes_one_wins(desk: Desk, tmp_path: Path) -> None:
    desk.open().close()
    with Child("race", tmp_path) as one, Child("race", tmp_path) as two:
        for child in (one, two):
            assert child.hear() == "ready"
        for child in (one, two):
            child.say()
        assert sorted(child.hear() for child in (one, two)) == ["lost", "won"]


def test_a_living_process_keeps_its_lease_and_a_killed_one_gives_way(desk: Desk, tmp_path: Path) -> None:
    journal = desk.open()
    with Child("hold", tmp_path) as child:
        run_id = child.hear()
        with pytest.raises(LockHeld, match=f"pid {child.process.pid}"):
            journal.lease([CLUSTER], "run-2")
        child.kill()
        (lease,) = journal.leases()
        assert (lease.run_id, lease.alive) == (run_id, False)
        journal.lease([CLUSTER], "run-2")
    assert [lease.run_id for lease in journal.leases()] == ["run-2"]


def test_a_process_killed_while_sending_gives_way_and_its_effect_stays_open(
    desk: Desk, tmp_path: Path
) -> None:
    with Child("sending", tmp_path) as child:
        op_id = child.hear()
        child.kill()
    journal = desk.open()
    journal.lease([CLUSTER, EMEA], "run-2")
    assert [effect.op_id for effect in journal.held().open_effects] == [op_id]


def test_an_expired_lease_gives_way_where_nothing_was_sent(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    first.lease([CLUSTER], "run-1")
    effect = first.intent("run-1", action())
    desk.clock.time += timedelta(seconds=61)
    second.lease([CLUSTER], "run-2")
    for step in (effect.sending, lambda: first.intent("run-1", action())):
        with pytest.raises(LockHeld, match="taken away"):
            step()


def test_what_another_run_has_open_keeps_no_expired_lease(desk: Desk) -> None:
    first, second, third = desk.open(), desk.open(), desk.open()
    first.lease([CLUSTER], "run-1")
    second.lease([OTHER], "run-2")
    second.intent("run-2", action()).sending()
    desk.clock.time += timedelta(seconds=61)
    third.lease([CLUSTER], "run-3")
    with pytest.raises(LockHeld):
        third.lease([OTHER], "run-3")


def test_expiry_alone_never_hands_over_an_effect_that_was_sent(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    first.lease([CLUSTER], "run-1")
    first.intent("run-1", action()).sending()
    desk.clock.time += timedelta(hours=1)
    with pytest.raises(LockHeld):
        second.lease([CLUSTER], "run-2")


def test_a_run_that_lost_its_leases_can_take_them_again_and_counts_as_alive(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    first.lease([CLUSTER], "run-1")
    second.unlock("run-1")
    first.lease([CLUSTER], "run-1")
    with pytest.raises(LockHeld):
        second.lease([CLUSTER], "run-2")
    assert second.leases()[0].alive is True


def test_a_lease_of_another_machine_is_neither_alive_nor_dead_until_it_expires(desk: Desk) -> None:
    first = desk.open()
    first.lease([CLUSTER], "run-1")
    first.close()
    db = sqlite3.connect(desk.database)
    db.execute("UPDATE leases SET host = 'elsewhere'")
    db.commit()
    db.close()
    second = desk.open()
    assert second.leases()[0].alive is None
    with pytest.raises(LockHeld, match="on elsewhere"):
        second.lease([CLUSTER], "run-2")
    desk.clock.time += timedelta(seconds=61)
    second.lease([CLUSTER], "run-2")


def test_a_heartbeat_keeps_a_lease_alive(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    first.lease([CLUSTER], "run-1")
    desk.clock.time += timedelta(seconds=50)
    first.heartbeat("run-1")
    desk.clock.time += timedelta(seconds=50)
    with pytest.raises(LockHeld):
        second.lease([CLUSTER], "run-2")


def test_unlocking_says_whether_the_holder_lives_and_stops_it_before_it_sends(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    first.lease([CLUSTER, EMEA], "run-1")
    effect = first.intent("run-1", action())
    unlocked = second.unlock("run-1")
    assert (unlocked.alive, unlocked.addresses) == (True, (EMEA, CLUSTER))
    assert unlocked.open_effects == (effect.op_id,)
    with pytest.raises(LockHeld, match="taken away"):
        effect.sending()
    with pytest.raises(UsageError, match="holds no lease"):
        second.unlock("run-1")


def test_what_an_unlocked_run_was_sending_stays_its_own_until_its_process_has_ended(
    desk: Desk, tmp_path: Path
) -> None:
    with Child("hold", tmp_path) as child:
        run_id = child.hear()
        journal = desk.open()
        assert journal.unlock(run_id).alive is True
        assert journal.leases() == ()
        assert run_id in journal.live_runs()
        child.kill()
    assert run_id not in journal.live_runs()


def test_a_dead_holder_is_told_from_a_living_one(desk: Desk, tmp_path: Path) -> None:
    with Child("hold", tmp_path) as child:
        run_id = child.hear()
        child.kill()
    assert desk.open().unlock(run_id).alive is False


def _stands_still_with(take: str, path: Path) -> subprocess.Popen[str]:
    """A process that holds this lock until it is killed."""
    held = subprocess.Popen([sys.executable, "-c", take, str(path)], stdout=subprocess.PIPE, text=True)
    assert held.stdout is not None
    assert held.stdout.readline() == "held\n"
    return held


_IN_A_TRANSACTION = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
time.sleep(60)
"""
_IN_A_SPOOL_WRITE = """
import fcntl, sys, time
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("take", "file"), [(_IN_A_TRANSACTION, "journal.sqlite"), (_IN_A_SPOOL_WRITE, "spool")]
)
def test_a_process_that_stands_still_in_a_write_is_told_as_a_lock_in_bounded_time(
    desk: Desk, take: str, file: str
) -> None:
    with desk.open():
        pass
    held = _stands_still_with(take, desk.folder / file)
    try:
        with pytest.raises(JournalBusy) as told, desk.open() as journal:
            journal.begin_run("apply", None, None)
        assert told.value.exit_code == Exit.LOCKED
    finally:
        held.kill()
        held.communicate()
    with desk.open() as journal:
        journal.begin_run("apply", None, None)


def test_a_process_that_stands_still_with_the_witness_is_not_waited_for(desk: Desk) -> None:
    with desk.open() as journal:
        journal.begin_run("apply", None, None)
    held = _stands_still_with(_IN_A_SPOOL_WRITE, witness_of(desk.folder))
    try:
        with desk.open() as journal:
            journal.begin_run("apply", None, None)
    finally:
        held.kill()
        held.communicate()
    with desk.open() as journal:
        assert journal.begin_run("apply", None, None)
