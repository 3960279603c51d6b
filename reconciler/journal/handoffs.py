"""How an answer that a person brings back is judged. Pure.

The answer is on disk, sealed, before any of this runs: a verdict decides what it is good for, never
whether it is kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.model import CodeKind, Waiting

from .views import Verdict

_FORMS = {CodeKind.TOKEN: re.compile(r"""[!#-&(-\[\]-~]{1,4095}""")}
"""Registration tokens go into a command of the node's shell: printable ASCII without quotes, backslash or
blank, no longer than a terminal line (4,095)."""

_ANY = re.compile(r"[\x20-\x7e\r\n\t]{1,65536}")


def judge(
    waiting: Waiting | None, value: str | None, earlier: Sequence[str], closed: bool
) -> tuple[Verdict, str]:
    """The verdict and a sentence. ``earlier`` are the values answered before, as far as readable here."""
    if value is not None and value in earlier:
        return Verdict.DUPLICATE, "This answer was given before; nothing changes."
    if waiting is None:
        return _unexpected(value, closed)
    if value is None:
        return _without_value(waiting)
    return _form(waiting, value)


def _unexpected(value: str | None, closed: bool) -> tuple[Verdict, str]:
    if value is None and closed:
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
    return Verdict.ACCEPTED, f"The {waiting.wants.value} code is kept and used by the next apply."
