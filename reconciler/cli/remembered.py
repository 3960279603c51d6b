"""Where secrets and codes come into this process: the redactor hears of each before anybody else does.

Belongs here: sources that tell `REDACTOR`. Does not belong here: what is done with a value.
"""

from __future__ import annotations

from typing import Any, cast

from reconciler.model import Action, Produced, SecretRef
from reconciler.ports import Effect, Journal, SecretSource

from .redact import REDACTOR


class RememberedSecrets:
    """A secret source whose values the redactor knows from the moment they exist in this process."""

    def __init__(self, source: SecretSource) -> None:
        self._source = source

    def resolve(self, ref: SecretRef) -> str:
        value = self._source.resolve(ref)
        REDACTOR.hide(value)
        return value


def remembered_codes(journal: Journal) -> Journal:
    """The same journal; every code that goes into it or comes out of it is known to the redactor."""
    return cast(Journal, _Codes(journal))


class _Codes:
    """Three calls of `ports.Journal` carry a code; the others are the journal's own."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)

    def intent(self, run_id: str, action: Action) -> Effect:
        return cast(Effect, _CodesOfEffect(self._journal.intent(run_id, action)))

    def code_value(self, slot: str, *, used_too: bool = False) -> str | None:
        value = self._journal.code_value(slot, used_too=used_too)
        REDACTOR.hide(value or "")
        return value

    def adopt_code(self, op_id: str, produced: Produced) -> str:
        REDACTOR.hide(produced.value)
        return self._journal.adopt_code(op_id, produced)


class _CodesOfEffect:
    def __init__(self, effect: Effect) -> None:
        self._effect = effect

    def __getattr__(self, name: str) -> Any:
        return getattr(self._effect, name)

    def code(self, produced: Produced, slot: str) -> str:
        REDACTOR.hide(produced.value)
        return self._effect.code(produced, slot)
