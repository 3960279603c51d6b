"""The journal as the engine uses it: real files, real keys, no patching."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest

from reconciler import model as m
from reconciler.errors import JournalError, PlanFileError, UsageError
from reconciler.journal import SqliteJournal, keys
from reconciler.journal.leases import user
from reconciler.ports import Effect, Journal

from .bench import CODE, E1, EMEA, NOW, TOKEN_SLOT, Desk, action, create_token


def state(journal: SqliteJournal) -> str:
    (effect,) = journal.held().open_effects
    return effect.state.value


def make_token(journal: SqliteJournal, value: str = CODE) -> tuple[str, str]:
    """Run one effect that brings a token; its op id and code id."""
    effect = journal.intent("run-1", create_token())
    effect.sending()
    effect.received(f'{{"token": "{value}"}}'.encode())
    code_id = effect.code(m.Produced(m.CodeKind.TOKEN, value, NOW), TOKEN_SLOT)
    effect.done()
    return effect.op_id, code_id


def test_it_is_a_journal_as_the_ports_draw_it(desk: Desk) -> None:
    journal: Journal = desk.open()
    effect: Effect = journal.intent("run-1", action())
    assert effect.op_id.startswith("op-")


def test_an_effect_is_open_from_intent_to_end(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    seen = [state(journal)]
    effect.sending()
    seen.append(state(journal))
    effect.received(b"OK\r\n")
    seen.append(state(journal))
    effect.verified([m.Verified(E1, "registration", "registered", NOW)])
    seen.append(state(journal))
    effect.done()
    assert seen == ["intent", "sending", "answered", "verified"]
    assert journal.held().open_effects == ()
    assert journal.held().verified == (m.Verified(E1, "registration", "registered", NOW),)


def test_what_was_open_is_open_again_after_reopening(desk: Desk) -> None:
    with desk.open() as journal:
        journal.intent("run-1", action()).sending()
    with desk.open() as journal:
        (effect,) = journal.held().open_effects
    assert (effect.state, effect.address, effect.subject) == (m.EffectState.SENDING, E1, "0E4D1FA5")
    assert (effect.kind, effect.action_id, effect.run_id) == ("node.register", action().id, "run-1")


@pytest.mark.parametrize("how", ["done", "failed", "not_sent"])
def test_an_end_closes_an_effect(desk: Desk, how: str) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    getattr(effect, how)("so it is")
    assert journal.held().open_effects == ()
    assert journal.operation(effect.op_id).text == "so it is"


def test_an_unknown_end_leaves_the_effect_open(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    effect.unknown("the connection was lost")
    assert state(journal) == "unknown"


def test_an_effect_ends_once(desk: Desk) -> None:
    effect = desk.open().intent("run-1", action())
    effect.done()
    with pytest.raises(JournalError, match="has ended"):
        effect.failed("no, it has not")
    with pytest.raises(JournalError, match="has ended"):
        effect.verified([])


def test_sending_several_commands_is_one_record(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    effect.sending()
    assert [event.kind for event in journal.operation(effect.op_id).events] == ["intent", "sending"]


def test_bytes_that_come_after_the_end_are_kept(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    effect.unknown("timeout")
    effect.received(b"late")
    assert journal.spooled(effect.op_id) == [b"late"]


def test_an_effect_that_has_ended_takes_no_code_and_no_fact(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    effect.done("registered")
    for late in (
        lambda: effect.code(m.Produced(m.CodeKind.TOKEN, CODE), TOKEN_SLOT),
        lambda: effect.verified(()),
    ):
        with pytest.raises(JournalError, match="has ended"):
            late()
    assert journal.held().codes == ()


def test_an_open_effect_that_observation_settles_is_closed(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    journal.resolve_observed(effect.op_id, m.EffectState.DONE, "the node is registered")
    assert journal.held().open_effects == ()
    assert journal.operation(effect.op_id).effect.state is m.EffectState.DONE
    with pytest.raises(JournalError, match="no open effect"):
        journal.resolve_observed(effect.op_id, m.EffectState.DONE, "twice")


@pytest.mark.parametrize(
    ("how", "state"),
    [
        ("adopt", m.EffectState.DONE),
        ("absent", m.EffectState.NOT_SENT),
        ("abandon", m.EffectState.FAILED),
    ],
)
def test_a_person_can_resolve_an_open_effect(
    desk: Desk, tmp_path: Path, how: str, state: m.EffectState
) -> None:
    evidence = tmp_path / "screen.png"
    evidence.write_bytes(b"pixels")
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    journal.resolve(effect.op_id, how, evidence, "seen at the portal")  # type: ignore[arg-type]
    operation = journal.operation(effect.op_id)
    assert (operation.open, operation.effect.state, operation.text) == (False, state, "seen at the portal")
    assert journal.operations() == ()
    assert journal.operations(all=True) == (operation,)


def test_what_cannot_be_resolved_is_said(desk: Desk, tmp_path: Path) -> None:
    journal = desk.open()
    with pytest.raises(UsageError, match="there is no operation op-none"):
        journal.resolve("op-none", "adopt", None, "because")
    with pytest.raises(UsageError, match="cannot be read"):
        journal.resolve("op-none", "adopt", tmp_path / "none", "because")
    with pytest.raises(UsageError, match="not by"):
        journal.resolve("op-none", "guess", None, "because")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no operation"):
        journal.operation("op-none")


def test_a_run_that_goes_on_after_a_person_resolved_its_effect_does_no_harm(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    late = journal.intent("run-1", create_token())
    effect.sending()
    for op_id in (effect.op_id, late.op_id):
        journal.resolve(op_id, "abandon", None, "nobody knows")
    with pytest.raises(JournalError, match="no open effect"):
        late.sending()
    effect.verified([m.Verified(E1, "registration", "registered", NOW)])
    effect.done()
    late.code(m.Produced(m.CodeKind.TOKEN, CODE), TOKEN_SLOT)
    journal.close()
    again = desk.open()
    assert again.held().open_effects == ()
    assert again.code_value(TOKEN_SLOT) == CODE
    assert again.operation(effect.op_id).effect.state is m.EffectState.FAILED


def test_a_code_is_kept_and_read_back_and_used_up(desk: Desk) -> None:
    with desk.open() as journal:
        op_id, code_id = make_token(journal)
    journal = desk.open()
    (code,) = journal.held().codes
    assert (code.code_id, code.op_id, code.slot, code.readable) == (code_id, op_id, TOKEN_SLOT, True)
    assert (code.address, code.subject, code.expires_at, code.from_person) == (EMEA, "emea", NOW, False)
    assert journal.code_value(TOKEN_SLOT) == CODE
    journal.use_up(TOKEN_SLOT, "revoked")
    assert journal.held().codes == ()
    assert journal.code_value(TOKEN_SLOT) is None
    assert [kept.code_id for kept in journal.codes(all=True)] == [code_id]
    assert journal.reveal(code_id, "an audit") == CODE


def test_the_newest_code_of_a_slot_is_the_one(desk: Desk) -> None:
    journal = desk.open()
    make_token(journal)
    make_token(journal, "newer")
    assert journal.code_value(TOKEN_SLOT) == "newer"


def test_using_up_an_empty_slot_and_asking_for_it_do_nothing(desk: Desk) -> None:
    journal = desk.open()
    journal.use_up("token/none/allowed", "expired")
    assert journal.code_value("token/none/allowed") is None
    with pytest.raises(UsageError, match="no code"):
        journal.reveal("code-none", "curious")


def test_what_a_transport_received_opens_with_plain_age(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", action())
    effect.sending()
    for chunk in (b"\xff\x00half of a ", CODE.encode()):
        effect.received(chunk)
    assert desk.identity is not None
    identity = pyrage.x25519.Identity.from_str(desk.identity.read_text().splitlines()[1])
    opened = [pyrage.decrypt(sealed, [identity]) for sealed in journal.sealed(effect.op_id)]
    assert opened == journal.spooled(effect.op_id) == [b"\xff\x00half of a ", CODE.encode()]
    assert journal.operation(effect.op_id).chunks == 2


def test_no_code_is_anywhere_in_the_folder_or_in_what_is_printed(desk: Desk) -> None:
    journal = desk.open()
    effect = journal.intent("run-1", create_token())
    effect.sending()
    effect.received(CODE.encode())
    effect.code(m.Produced(m.CodeKind.TOKEN, CODE), TOKEN_SLOT)
    effect.failed(f"the node said: bad token {CODE}")
    shown = [repr(journal), repr(effect), repr(journal.held()), repr(journal.operations(all=True))]
    on_disk = [path.read_bytes() for path in desk.folder.rglob("*") if path.is_file()]
    assert all(CODE not in text for text in shown)
    assert all(CODE.encode() not in data for data in on_disk)
    assert "bad token <code>" in journal.operation(effect.op_id).text


def test_without_a_recipient_no_effect_that_brings_a_code_starts(desk: Desk) -> None:
    journal = replace(desk, recipients=(), opened=desk.opened).open()
    assert journal.can_keep_codes() == "there is no recipient to seal a code to"
    for brings_code in (create_token(), replace(action(), effect_class=m.EffectClass.CODE)):
        with pytest.raises(JournalError, match="no recipient") as caught:
            journal.intent("run-1", brings_code)
        assert caught.value.remedy == "xlicense key init"
    assert journal.held().open_effects == ()


def test_without_a_recipient_other_effects_leave_a_marker_and_no_bytes(desk: Desk) -> None:
    journal = replace(desk, recipients=(), opened=desk.opened).open()
    effect = journal.intent("run-1", action())
    effect.sending()
    effect.received(b"Registration in progress")
    assert state(journal) == "answered"
    assert journal.sealed(effect.op_id) == []
    assert b"in progress" not in desk.spool.read_bytes()
    with pytest.raises(JournalError, match="no recipient"):
        effect.code(m.Produced(m.CodeKind.TOKEN, CODE), TOKEN_SLOT)


def test_a_code_of_a_lost_identity_is_held_and_not_readable(desk: Desk) -> None:
    with desk.open() as journal:
        _, code_id = make_token(journal)
    assert desk.identity is not None
    desk.identity.unlink()
    journal = desk.open()
    (code,) = journal.held().codes
    assert not code.readable
    with pytest.raises(JournalError, match="held and not readable here") as caught:
        journal.code_value(TOKEN_SLOT)
    assert caught.value.remedy
    with pytest.raises(JournalError, match="held and not readable here"):
        journal.reveal(code_id, "why")
    assert journal.can_keep_codes() is None


def test_a_code_of_another_identity_says_who_can_go_on(desk: Desk, tmp_path: Path) -> None:
    with desk.open() as journal:
        make_token(journal)
    other = tmp_path / "other.txt"
    keys.init_identity(other)
    journal = replace(desk, identity=other, opened=desk.opened).open()
    assert not journal.held().codes[0].readable
    with pytest.raises(JournalError, match="none of those that this was sealed to"):
        journal.code_value(TOKEN_SLOT)


def test_every_recipient_reads_a_code(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    recipients = (*desk.recipients, keys.init_identity(other))
    with replace(desk, recipients=recipients, opened=desk.opened).open() as journal:
        make_token(journal)
    for identity in (desk.identity, other):
        assert replace(desk, identity=identity, opened=desk.opened).open().code_value(TOKEN_SLOT) == CODE


def test_a_recipient_that_is_none_is_named(desk: Desk) -> None:
    with pytest.raises(JournalError, match="not an age recipient: 'age1nonsense'"):
        replace(desk, recipients=("age1nonsense",), opened=desk.opened).open()


def test_a_plan_is_used_once(desk: Desk) -> None:
    with desk.open() as journal:
        journal.end_run(journal.begin_run("apply", "digest", "nonce-1"), "done")
    journal = desk.open()
    with pytest.raises(PlanFileError, match="used up by run-"):
        journal.begin_run("apply", "digest", "nonce-1")
    journal.begin_run("apply", "digest", "nonce-2")
    journal.begin_run("apply", None, None)


def test_a_plan_that_was_not_finished_may_be_continued(desk: Desk) -> None:
    with desk.open() as journal:
        journal.end_run(journal.begin_run("apply", "digest", "nonce"), "waiting", plan_used=False)
        journal.begin_run("apply", "digest", "nonce")
    journal = desk.open()
    journal.end_run(journal.begin_run("apply", "digest", "nonce"), "done")
    with pytest.raises(PlanFileError):
        journal.begin_run("apply", "digest", "nonce")


def test_facts_outlive_a_run_and_the_newest_wins(desk: Desk) -> None:
    older, newer = m.EvaluationSeen("0E4D1FA5", 90, NOW), m.EvaluationSeen("0E4D1FA5", 80, NOW)
    with desk.open() as journal:
        journal.remember_evaluation([older])
        journal.remember_evaluation([newer])
        journal.remember_serials(["0E4D1FA5", "52E01234"])
        journal.remember_serials(["52E01234"])
    held = desk.open().held()
    assert held.evaluation == (newer,)
    assert held.known_serials == ("0E4D1FA5", "52E01234")


def test_codes_can_be_kept_where_all_is_well(desk: Desk) -> None:
    journal = desk.open()
    assert journal.can_keep_codes() is None
    assert journal.verify() == ()


def test_a_closed_journal_takes_nothing_and_may_be_closed_again(desk: Desk) -> None:
    journal = desk.open()
    journal.close()
    journal.close()
    with pytest.raises(JournalError, match="is closed"):
        journal.intent("run-1", action())
    assert journal.can_keep_codes() is not None


def test_threads_may_share_a_journal(desk: Desk) -> None:
    journal = desk.open()

    def work() -> None:
        for _ in range(10):
            effect = journal.intent("run-1", action())
            effect.sending()
            effect.received(b"OK")
            effect.done()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(journal.operations(all=True)) == 40
    assert journal.verify() == ()


def payloads(desk: Desk) -> list[dict[str, Any]]:
    with contextlib.closing(sqlite3.connect(desk.database)) as database:
        rows = database.execute("SELECT payload FROM records ORDER BY seq")
        return [json.loads(payload) for (payload,) in rows]


def test_who_asked_for_a_code_and_why_is_on_disk_before_the_value_is_given_out(desk: Desk) -> None:
    journal = desk.open()
    _, code_id = make_token(journal)
    journal.reveal(code_id, "an audit")
    assert payloads(desk)[-1] == {"code_id": code_id, "text": "an audit", "by": user()}
