"""One effect, from intent to its end: the tap of a transport and the pen of the engine.

Belongs here: the order of steps and that each happens once. What a step writes is in `sqlite_journal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reconciler.errors import JournalError
from reconciler.model import Action, EffectState, Produced, Verified

if TYPE_CHECKING:
    from .sqlite_journal import SqliteJournal


class JournalEffect:
    """Implements `ports.Effect`. Every method returns only once it is on disk."""

    def __init__(self, journal: SqliteJournal, op_id: str, run_id: str, action: Action) -> None:
        self._journal = journal
        self._run_id = run_id
        self._action = action
        self._op_id = op_id
        self._sent = False
        self._ended = False

    def __repr__(self) -> str:
        return f"JournalEffect({self._op_id}, {self._action.id})"

    @property
    def op_id(self) -> str:
        return self._op_id

    def sending(self) -> None:
        """An instruction of several commands calls this before each; only the first is a record."""
        self._must_go_on()
        if not self._sent:
            self._journal.note_sending(self._op_id, self._run_id)
            self._sent = True

    def received(self, data: bytes) -> None:
        """Also after the end: bytes that come late are kept all the same."""
        self._journal.note_received(self._op_id, data)

    def code(self, produced: Produced, slot: str) -> str:
        self._must_go_on()
        return self._journal.note_code(self._op_id, self._run_id, self._action, produced, slot)

    def verified(self, facts: Sequence[Verified]) -> None:
        self._must_go_on()
        self._journal.note_verified(self._op_id, self._run_id, facts)

    def done(self, text: str = "") -> None:
        self._end(EffectState.DONE, text)

    def failed(self, text: str) -> None:
        self._end(EffectState.FAILED, text)

    def not_sent(self, text: str) -> None:
        self._end(EffectState.NOT_SENT, text)

    def unknown(self, text: str) -> None:
        self._end(EffectState.UNKNOWN, text)

    def _end(self, state: EffectState, text: str) -> None:
        self._must_go_on()
        self._journal.note_end(self._op_id, self._run_id, state, text)
        self._ended = True

    def _must_go_on(self) -> None:
        if self._ended:
            raise JournalError(f"effect {self._op_id} has ended; nothing can be added to it")
