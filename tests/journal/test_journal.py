"""The journal as the engine uses it: real files, real keys, no patching."""

from __future__ import annotations

from reconciler import model as m
from reconciler.journal import SqliteJournal
from reconciler.ports import Effect, Journal

from .bench import CODE, E1, NOW, TOKEN_SLOT, Desk, action, create_token


def test_it_is_a_journal_as_the_ports_draw_it(desk: Desk) -> None:
    journal: Journal = desk.open()
    effect: Effect = journal.intent("run-1", action())
    assert isinstance(journal, SqliteJournal)
    assert effect.op_id.startswith("op-")


def test_an_effect_is_open_from_intent_to_end(desk: Desk) -> None:
    journal = desk.open()
    run = journal.begin_run("apply", None, None)
    effect = journal.intent(run, action())
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


def state(journal: SqliteJournal) -> str:
    (effect,) = journal.held().open_effects
    return effect.state.value


def test_what_was_open_is_open_again_after_reopening(desk: Desk) -> None:
    with desk.open() as journal:
        journal.intent("run-1", action()).sending()
    with desk.open() as journal:
        assert state(journal) == "sending"


def test_a_code_is_kept_and_read_back_and_used_up(desk: Desk) -> None:
    with desk.open() as journal:
        effect = journal.intent("run-1", create_token())
        effect.sending()
        effect.received(f'{{"token": "{CODE}"}}'.encode())
        code_id = effect.code(m.Produced(m.CodeKind.TOKEN, CODE), TOKEN_SLOT)
        effect.done()
    journal = desk.open()
    (code,) = journal.held().codes
    assert (code.code_id, code.slot, code.readable) == (code_id, TOKEN_SLOT, True)
    assert journal.code_value(TOKEN_SLOT) == CODE
    journal.use_up(TOKEN_SLOT, "revoked")
    assert journal.held().codes == ()
    assert journal.code_value(TOKEN_SLOT) is None
