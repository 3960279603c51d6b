"""Which record each step of the engine makes, and what it keeps beside: as it stands on the disk."""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler import model as m
from reconciler.errors import JournalError, LockHeld, PlanFileError, UsageError
from reconciler.journal import open_journal
from reconciler.journal.spool import Spool

from .bench import CLUSTER, CODE, E1, NOW, TOKEN_SLOT, Desk, action, create_token, waiting
from .test_journal import payloads
from .test_spool import no_file_longer_than

LATER = NOW + timedelta(hours=1)


def records(desk: Desk) -> list[tuple[str, str, str, str]]:
    """Time, kind, run and operation of each."""
    with contextlib.closing(sqlite3.connect(desk.database)) as database:
        return list(database.execute("SELECT at, kind, run, op FROM records ORDER BY seq"))


def test_a_run_leaves_one_record_a_step_with_its_time_run_and_operation(desk: Desk) -> None:
    journal = desk.open()
    run = journal.begin_run("apply", "digest", "nonce")
    desk.clock.time = LATER
    effect = journal.intent(run, create_token())
    effect.sending()
    effect.sending()
    effect.received(CODE.encode())
    code_id = effect.code(m.Produced(m.CodeKind.TOKEN, CODE, NOW), TOKEN_SLOT)
    fact = m.Verified(E1, "token", "made", NOW)
    effect.verified([fact])
    effect.done(f"made {CODE}")
    journal.use_up(TOKEN_SLOT, f"revoked {CODE}")
    journal.use_up(TOKEN_SLOT, "again")
    journal.end_run(run, "done")
    at, op = LATER.isoformat(), effect.op_id
    assert records(desk)[1:] == [
        (NOW.isoformat(), "run", run, ""),
        (at, "intent", run, op),
        (at, "sending", run, op),
        (at, "code", run, op),
        (at, "verified", run, op),
        (at, "end", run, op),
        (at, "used up", "", ""),
        (at, "run end", run, ""),
    ]
    told = payloads(desk)
    assert told[1] == {"command": "apply", "digest": "digest", "nonce": "nonce"}
    assert told[2] == m.to_data(create_token())
    assert told[3] == {}
    held = m.HeldCode(
        code_id, m.CodeKind.TOKEN, TOKEN_SLOT, create_token().address, "emea", LATER, readable=False,
        op_id=op, expires_at=NOW,
    )  # fmt: skip
    assert (told[4]["code"], told[4]["to"]) == (m.to_data(held), list(desk.recipients))
    assert told[5:] == [
        {"facts": [m.to_data(fact)]},
        {"state": "done", "text": "made <code>"},
        {"slot": TOKEN_SLOT, "why": "revoked <code>"},
        {"result": "done", "plan_used": True},
    ]
    assert Spool(desk.spool).head.seq == 9
    (reply,) = Spool(desk.spool).received(op)
    assert (reply.about["op"], reply.about["at"], reply.about["head"][0]) == (op, at, 4)


@pytest.mark.parametrize("took_effect", [True, False])
def test_what_observation_settled_says_so(desk: Desk, took_effect: bool) -> None:
    journal = desk.open()
    op_id = journal.intent("run-1", action()).op_id
    journal.resolve_observed(op_id, m.EffectState.FAILED, "no", took_effect=took_effect)
    said = {"how": "observed", "state": "failed", "text": "no"}
    assert payloads(desk)[-1] == said | ({"took_effect": True} if took_effect else {})
    assert records(desk)[-1][1:] == ("resolved", "", op_id)
    with pytest.raises(JournalError, match=f"there is no open effect {op_id}") as caught:
        journal.resolve_observed(op_id, m.EffectState.DONE, "yes")
    assert caught.value.remedy == "xlicense op list"


def test_a_plan_without_a_nonce_may_be_run_again_and_a_used_one_may_not(desk: Desk) -> None:
    journal = desk.open()
    for _ in range(2):
        journal.end_run(journal.begin_run("apply", None, None), "done")
        journal.end_run(journal.begin_run("apply", None, ""), "done", plan_used=False)
    run = journal.begin_run("apply", "digest", "n")
    journal.end_run(run, "done")
    with pytest.raises(PlanFileError, match=f"used up by {run}") as caught:
        journal.begin_run("apply", "digest", "n")
    assert caught.value.remedy == "xlicense plan"


def test_a_code_found_in_the_spool_goes_where_its_action_puts_it(desk: Desk) -> None:
    journal = desk.open()
    for planned, slot in ((create_token(), TOKEN_SLOT), (action(), "token/0E4D1FA5")):
        effect = journal.intent("run-1", planned)
        effect.sending()
        code_id = journal.adopt_code(effect.op_id, m.Produced(m.CodeKind.TOKEN, CODE))
        (code,) = [code for code in journal.codes() if code.code_id == code_id]
        assert (code.slot, code.op_id, code.address) == (slot, effect.op_id, planned.address)
        assert records(desk)[-1][1:] == ("code", "run-1", effect.op_id)
        effect.done()
        with pytest.raises(JournalError, match="no open effect"):
            journal.adopt_code(effect.op_id, m.Produced(m.CodeKind.TOKEN, CODE))


def test_a_step_that_happened_is_not_begun_again_by_who_lost_its_lease(desk: Desk) -> None:
    first, second = desk.open(), desk.open()
    first.lease([CLUSTER], "run-1")
    effect = first.intent("run-1", action())
    first.intent("run-1", create_token()).sending()
    desk.clock.time = LATER
    with pytest.raises(LockHeld):
        second.lease([CLUSTER], "run-2")
    second.unlock("run-1")
    before = len(payloads(desk))
    for step in (effect.sending, lambda: first.intent("run-1", action())):
        with pytest.raises(LockHeld, match="taken away"):
            step()
    assert len(payloads(desk)) == before
    second.lease([CLUSTER], "run-2")


def test_what_is_remembered_is_told_in_order_and_only_new_serials_are_written(desk: Desk) -> None:
    journal = desk.open()
    journal.remember_serials(["b", "a"])
    journal.remember_serials(["a", "c"])
    seen = [m.EvaluationSeen("a", 90, NOW), m.EvaluationSeen("b", 80, LATER)]
    journal.remember_evaluation(seen)
    held = desk.open().held()
    assert (held.known_serials, set(held.evaluation)) == (("a", "b", "c"), set(seen))
    with no_file_longer_than(0):
        journal.remember_serials(["c", "a"])
    journal.close()
    for remember in (lambda: journal.remember_serials(["d"]), lambda: journal.remember_evaluation(seen)):
        with pytest.raises(JournalError):
            remember()


def test_whether_codes_can_be_kept_is_tried_out_and_told_with_what_to_do(desk: Desk) -> None:
    journal = desk.open()
    assert journal.can_keep_codes() is None
    assert (desk.folder / "reserve").stat().st_size == 64 * 1024
    assert journal._files.store.facts("canary") == {"last": NOW.isoformat()}
    (desk.folder / "reserve").chmod(0o644)
    reserve = desk.folder / "reserve"
    assert journal.can_keep_codes() == f"{reserve} can be read or written by others; chmod go-rwx {reserve}"
    journal.close()
    assert journal.can_keep_codes() == f"the journal in {desk.folder} is closed"


def test_a_hand_off_is_parked_once_under_a_name_of_its_own(desk: Desk) -> None:
    journal = desk.open()
    named = journal.park("run-1", replace(waiting(), handoff_id="mine"))
    other = journal.park("run-1", replace(waiting(), handoff_id="mine", action_id="another"))
    assert (named.handoff_id, other.handoff_id != "mine", len(journal.handoffs())) == ("mine", True, 2)
    assert records(desk)[-1][1:] == ("parked", "run-1", "")
    assert payloads(desk)[-1] == m.to_data(other)
    journal.close_handoff("mine", "it is there")
    assert payloads(desk)[-1] == {"handoff": "mine", "text": "it is there", "observed": True}
    before = len(payloads(desk))
    journal.close_handoff("mine", "again")
    assert len(payloads(desk)) == before
    step = journal.park("run-1", replace(waiting(wants=None), action_id="step"))
    journal.answer(step.handoff_id, None)
    journal.park("run-2", replace(waiting(wants=None), action_id="step"))
    assert payloads(desk)[-2] == {"handoff": step.handoff_id, "text": "said to be done, and planned again"}


def test_without_an_identity_named_the_users_own_opens_the_codes(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert desk.identity is not None
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "config" / "xlicense").mkdir(parents=True)
    desk.identity.rename(tmp_path / "config" / "xlicense" / "identity.txt")
    with open_journal(
        desk.folder, workspace="ws1", recipients=desk.recipients, identity=None, clock=desk.clock
    ) as journal:
        journal.note_code("", "", create_token(), m.Produced(m.CodeKind.TOKEN, CODE), TOKEN_SLOT)
        assert journal.code_value(TOKEN_SLOT) == CODE
    with pytest.raises(JournalError, match="not readable here"):
        desk.open().code_value(TOKEN_SLOT)


def test_an_operation_is_told_open_until_its_end_and_afterwards_on_request(desk: Desk) -> None:
    journal = desk.open()
    done, open_ = (journal.intent("run-1", action()) for _ in range(2))
    done.done("so it is")
    assert [one.effect.op_id for one in journal.operations()] == [open_.op_id]
    assert [one.open for one in journal.operations(all=True)] == [False, True]
    with pytest.raises(UsageError, match="there is no operation op-none"):
        journal.operation("op-none")
