"""How an answer that a person brings back is judged. Pure.

The answer is on disk, sealed, before any of this runs: a verdict decides what it is good for, never
whether it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model import (
    Authorization,
    AuthorizedLine,
    CodeKind,
    Kind,
    Waiting,
    read_authorization,
    same_licence,
    same_udi,
    udi_parts,
)

from .views import Verdict

_FORMS = {CodeKind.TOKEN: re.compile(r"""[!#-&(-\[\]-~]{1,4095}""")}
"""Registration tokens go into a command of the node's shell: printable ASCII without quotes, backslash or
blank, no longer than a terminal line (4,095)."""

_ANY = re.compile(r"[\x20-\x7e\r\n\t]{1,65536}")


def judge(
    waiting: Waiting | None, value: str | None, earlier: Sequence[str], closed: Waiting | None
) -> tuple[Verdict, str]:
    """The verdict and a sentence. ``earlier`` are the values answered before, as far as readable here;
    ``closed`` is the hand-off where it does not wait any more."""
    if value in earlier:
        return Verdict.DUPLICATE, "This answer was given before; nothing changes."
    if waiting is None:
        return _unexpected(value, closed)
    if value is None:
        return _without_value(waiting)
    return _form(waiting, value)


def _unexpected(value: str | None, closed: Waiting | None) -> tuple[Verdict, str]:
    if closed is not None and not closed.done:
        return Verdict.NOT_EXPECTED, "This hand-off was taken back; what came for it is kept and not used."
    if value is None and closed is not None:
        return Verdict.DUPLICATE, "This hand-off is closed already; nothing changes."
    return Verdict.NOT_EXPECTED, "Nothing waits for this answer; a value that came with it is kept."


def _without_value(waiting: Waiting) -> tuple[Verdict, str]:
    if waiting.wants is not None:
        return Verdict.MISMATCH, f"This hand-off waits for a {waiting.wants.value} code, and none was given."
    if waiting.done:
        return Verdict.DUPLICATE, "This step was reported as done before; nothing changes."
    return Verdict.ACCEPTED, "Noted as done; the next plan looks whether it is."


def _form(waiting: Waiting, value: str) -> tuple[Verdict, str]:
    if waiting.wants is None:
        return Verdict.NOT_EXPECTED, "This hand-off waits for no code; the value is kept."
    if not _FORMS.get(waiting.wants, _ANY).fullmatch(value):
        return Verdict.MISMATCH, f"This does not have the form of a {waiting.wants.value} code; it is kept."
    wrong = _wrong(waiting, value) if waiting.wants is CodeKind.AUTHORIZATION else None
    if wrong is not None:
        return Verdict.MISMATCH, f"{wrong} It is kept and not used."
    return Verdict.ACCEPTED, f"The {waiting.wants.value} code is kept and used by the next apply."


def _wrong(waiting: Waiting, value: str) -> str | None:
    """Why this authorization code is not the one that was asked for, with both values; None where it is."""
    try:
        code = read_authorization(value)
    except ValueError as error:
        return f"This is no authorization code that can be used: {error}."
    lines = waiting.params.get("lines")
    if waiting.kind == Kind.FETCH_AUTHORIZATION and not lines:  # nobody knows what it will say
        lines = None
    return _other_device(waiting, code) or _other_licences(lines, code)


def _other_device(waiting: Waiting, code: Authorization) -> str | None:
    """By the identity that the node printed; by serial alone where none is known or the two share nothing."""
    wanted = waiting.params.get("udi")
    same = same_udi(code.udi, wanted) if isinstance(wanted, str) else None
    serial = str(waiting.params.get("serial") or waiting.subject)
    if same is None:
        same = udi_parts(code.udi).get("S", serial.upper()) == serial.upper()
        wanted = wanted or f"serial {serial}"
    return None if same else f"The code is for {code.udi}, and {wanted} was asked for."


def _other_licences(wanted: object, code: Authorization) -> str | None:
    if not isinstance(wanted, list | tuple):
        return None
    left = list(code.lines)
    fits = True
    for line in wanted:
        mine = [found for found in left if _is_of(line, found)]
        left = [found for found in left if found not in mine]
        fits = fits and sum(found.quantity for found in mine) == line["quantity"]
    if fits and not any(line.quantity for line in left):
        return None
    asked = ", ".join(f"{line['quantity']} {_name(line)}" for line in wanted)
    given = ", ".join(f"{line.quantity} {line.name or line.tag}" for line in code.lines)
    return f"The code gives {given}; {asked or 'nothing'} was asked for."


def _name(line: Mapping[str, Any]) -> str:
    return str(line.get("name") or line.get("tag") or line.get("entitlement"))


def _is_of(wanted: Mapping[str, Any], found: AuthorizedLine) -> bool:
    return same_licence(wanted.get("tag"), wanted.get("name"), found.tag, found.name)
