"""Hand-offs as requests for the far side: what waits at an account, with the codes that go in.

Belongs here: `Waiting` to bundle, bundle to sheet, answers to the journal. Does not belong here: the format
(providers.handoff), judging an answer (journal), options and files of the commands (handoff).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.errors import JournalError, UsageError
from reconciler.model import Desired, Kind, Waiting

from .redact import REDACTOR

if TYPE_CHECKING:
    from providers.handoff import Answer, Answers, Bundle, CodeIn, Ink, Request
    from reconciler.journal import AnswerVerdict, SqliteJournal

CODE_PARAMS = ("token", "request", "authorization", "confirmation", "return")
"""The parameters of an action that name a code by its slot."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A bundle, and by hand-off id why some that wait are not in it. ``unreadable`` are those whose code is
    held and cannot be read here."""

    bundle: Bundle
    left_out: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[str, ...] = ()


def chosen(waiting: Sequence[Waiting], ids: Sequence[str], account: str | None) -> tuple[Waiting, ...]:
    """What waits and is not said to be done, of these ids and this account. Raises UsageError."""
    known = {item.handoff_id for item in waiting}
    unknown = [name for name in ids if name not in known]
    if unknown:
        raise UsageError(f"no hand-off {', '.join(unknown)} waits", remedy="xlicense handoff list")
    found = [
        item
        for item in waiting
        if not item.done
        and (not ids or item.handoff_id in ids)
        and (account is None or item.address == f"account/{account}")
    ]
    return tuple(sorted(found, key=lambda item: _ORDER.get(item.kind, len(_ORDER))))


_ORDER = {
    kind.value: place
    for place, kind in enumerate((Kind.REMOVE_INSTANCE, Kind.REMOVE_GHOST, Kind.CONFIRM_RESERVATION))
}
"""What frees licences comes before what takes them; the rest keeps its order."""


def pack(
    desired: Desired, journal: SqliteJournal, waiting: Sequence[Waiting], now: datetime, why: str
) -> Packed:
    """The bundle of these hand-offs. Every code in it is recorded as revealed, for this reason."""
    from providers.handoff import Bundle

    if not desired.journal.recipients:
        raise JournalError(
            "nobody could read the answers: there is no recipient to encrypt them to",
            remedy="xlicense key init",
        )
    requests: list[Request] = []
    left_out: list[tuple[str, str]] = []
    unreadable: list[str] = []
    for item in waiting:
        reason = _not_for_a_portal(item) or _missing_code(journal, item)
        if reason is None and not _readable(journal, item):
            unreadable.append(item.handoff_id)
            reason = "a code that goes in is not readable here; export it where its key is"
        if reason is None:
            requests.append(_request(desired, journal, item, why))
        else:
            left_out.append((item.handoff_id, reason))
    bundle = Bundle(
        workspace=desired.workspace,
        created_at=now,
        recipients=desired.journal.recipients,
        requests=tuple(requests),
    )
    return Packed(bundle, tuple(left_out), tuple(unreadable))


def _not_for_a_portal(item: Waiting) -> str | None:
    if item.address.startswith("account/"):
        return None
    return f"it is done at {item.address} itself, not at the portal: xlicense handoff show {item.handoff_id}"


def slots_of(item: Waiting) -> tuple[tuple[str, str], ...]:
    """The codes that go in: which parameter names which slot."""
    named = ((name, item.params.get(name)) for name in CODE_PARAMS)
    return tuple((name, slot) for name, slot in named if isinstance(slot, str) and "/" in slot)


def _missing_code(journal: SqliteJournal, item: Waiting) -> str | None:
    held = {code.slot for code in journal.codes()}
    missing = [slot for _, slot in slots_of(item) if slot not in held]
    return f"the code that goes in ({', '.join(missing)}) is not held" if missing else None


def _readable(journal: SqliteJournal, item: Waiting) -> bool:
    readable = {code.slot: code.readable for code in journal.codes()}
    return all(readable[slot] for _, slot in slots_of(item))


def codes_in(journal: SqliteJournal, item: Waiting, why: str) -> tuple[CodeIn, ...]:
    """The codes that go in, with their values. That they were shown, and why, is recorded first.

    Raises JournalError where one is not held, or not readable here.
    """
    from providers.handoff import CodeIn

    newest = {code.slot: code for code in journal.codes()}
    found = []
    for _, slot in slots_of(item):
        if slot not in newest:
            raise JournalError(f"the code that goes in ({slot}) is not held", remedy="xlicense codes list")
        value = journal.reveal(newest[slot].code_id, why)
        REDACTOR.hide(value)
        found.append(CodeIn(kind=newest[slot].kind, slot=slot, value=value))
    return tuple(found)


def _request(desired: Desired, journal: SqliteJournal, item: Waiting, why: str) -> Request:
    from providers.handoff import BundleAccount, Line, Request

    account = desired.account(item.address.name)
    params = item.params
    va = params.get("virtual_account")
    return Request(
        id=item.handoff_id,
        kind=item.kind,
        subject=item.subject,
        account=BundleAccount(
            name=account.name,
            smart_account=account.smart_account,
            virtual_account=va if isinstance(va, str) else account.virtual_account,
        ),
        serial=params.get("serial"),
        udi=params.get("udi"),
        product_tag=params.get("product_tag"),
        lines=tuple(Line.model_validate(dict(line)) for line in params.get("lines") or ()),
        params={key: value for key, value in params.items() if key not in _OWN_FIELDS},
        codes=codes_in(journal, item, why),
        wants=item.wants,
        instructions=item.instructions,
        since=item.since,
        due=item.due,
        owner=item.owner,
        ticket=item.ticket,
    )


_OWN_FIELDS = frozenset({"serial", "udi", "product_tag", "lines", "virtual_account"})


def params_of(request: Request) -> dict[str, Any]:
    """The action's parameters, put together again from the request."""
    own: dict[str, Any] = {"serial": request.serial, "udi": request.udi, "product_tag": request.product_tag}
    if request.lines:
        own["lines"] = [line.model_dump(mode="json", exclude_none=True) for line in request.lines]
    given = {key: value for key, value in own.items() if value is not None}
    return {**request.params, **given, "virtual_account": request.account.virtual_account}


_WHOLE = 65_536
"""Characters that the longest code there is may have: none is ever shortened."""

_MARKUP = re.compile(r"[\\`*\[\]<|~]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|^[#>+=-]")


def ink() -> Ink:
    """The one sanitiser, for sheets: they are read as Markdown and as they stand, so that only what would be
    markup is escaped."""
    from providers.handoff import Ink

    return Ink(text=_text, code=_code, fence=_fence, line=_line)


def _line(text: str) -> str:
    from reconciler.reporting import one_line

    return one_line(text, limit=_WHOLE)


def _text(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", _line(text))


def _code(text: str) -> str:
    shown = _line(text)
    ticks = "`" * (_longest(shown) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{padding}{shown}{padding}{ticks}"


def _fence(text: str) -> str:
    from reconciler.reporting import clean

    shown = clean(text, keep="\n\t", limit=_WHOLE)
    ticks = "`" * max(3, _longest(shown) + 1)
    return f"{ticks}\n{shown}\n{ticks}"


def _longest(text: str) -> int:
    """The longest run of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)


@dataclass(frozen=True, slots=True)
class Taken:
    """One answer as it was taken in: ``verdict`` is None where it brought nothing to record."""

    answer: Answer
    verdict: AnswerVerdict | None
    unreadable: str | None = None


def take_in(
    journal: SqliteJournal, answers: Answers, unseal: Callable[[bytes], bytes], ticket: str | None
) -> list[Taken]:
    """Record and judge every answer that says *done*; the others are only told."""
    return [_taken(journal, answer, unseal, ticket) for answer in answers.answers]


def _taken(
    journal: SqliteJournal, answer: Answer, unseal: Callable[[bytes], bytes], ticket: str | None
) -> Taken:
    from providers.handoff import Outcome

    if answer.outcome is not Outcome.DONE:
        return Taken(answer, None)
    value = None
    if answer.value is not None:
        try:
            value = unseal(answer.value.encode("ascii")).decode()
        except (JournalError, UnicodeError) as error:
            return Taken(answer, None, str(error))
        REDACTOR.hide(value.strip())
    return Taken(answer, journal.answer(answer.id, value, answer.by or None, ticket))
