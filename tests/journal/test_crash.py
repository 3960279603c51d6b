"""What is left when a process is killed, when two write at once, and when the disk is full."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler import model as m

from .bench import CODE, TOKEN_SLOT, Child, Desk


@pytest.mark.parametrize(
    ("point", "state", "spooled", "held"),
    [
        ("intent", "intent", [], False),
        ("sending", "sending", [], False),
        ("received", "answered", [CODE.encode()], False),
        ("code", "answered", [CODE.encode()], True),
        ("verified", "verified", [CODE.encode()], True),
    ],
)
def test_a_killed_process_leaves_the_effect_where_it_was(
    desk: Desk, tmp_path: Path, point: str, state: str, spooled: list[bytes], held: bool
) -> None:
    with Child(point, tmp_path) as child:
        op_id = child.hear()
        child.kill()
    journal = desk.open()
    (effect,) = journal.held().open_effects
    assert (effect.op_id, effect.state.value) == (op_id, state)
    assert journal.spooled(op_id) == spooled
    assert journal.code_value(TOKEN_SLOT) == (CODE if held else None)
    assert journal.verify() == ()


def test_a_process_killed_after_the_end_leaves_nothing_open(desk: Desk, tmp_path: Path) -> None:
    with Child("done", tmp_path) as child:
        child.hear()
        child.kill()
    journal = desk.open()
    assert journal.held().open_effects == ()
    assert journal.operations(all=True)[0].effect.state is m.EffectState.DONE


def test_opening_again_and_again_after_a_crash_ends_in_the_same_state(desk: Desk, tmp_path: Path) -> None:
    with Child("sending", tmp_path) as child:
        child.hear()
        child.kill()
    seen = []
    for _ in range(3):
        with desk.open() as journal:
            seen.append(journal.held())
    assert seen[0] == seen[1] == seen[2]


def test_two_processes_write_into_one_chain(desk: Desk, tmp_path: Path) -> None:
    journal = desk.open()
    with Child("write", tmp_path) as one, Child("write", tmp_path) as two:
        for child in (one, two):
            assert child.hear() == "ready"
        for child in (one, two):
            child.say()
        assert [child.hear() for child in (one, two)] == ["written", "written"]
    assert len(journal.operations(all=True)) == 50
    assert journal.verify() == ()


def test_two_processes_may_make_the_journal_at_once(desk: Desk, tmp_path: Path) -> None:
    with Child("write", tmp_path) as one, Child("write", tmp_path) as two:
        assert [child.hear() for child in (one, two)] == ["ready", "ready"]
    assert desk.open().verify() == ()


def test_after_a_failed_write_no_further_effect_starts(desk: Desk, tmp_path: Path) -> None:
    with Child("fill", tmp_path) as child:
        stopped, then, keeps = child.rest()
    assert stopped.startswith("stopped: ")
    assert "closed for this process after a failed write" in then
    assert "closed for this process after a failed write" in keeps
    journal = desk.open()
    assert journal.can_keep_codes() is None
    assert len(journal.held().open_effects) <= 1
    assert journal.verify() == ()
