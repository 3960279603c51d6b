"""Sheets: what a person does at the portal, for a department that installs nothing. Markdown and CSV.

Belongs here: header, values, steps, what to bring back, where to write it. Does not belong here: the steps
themselves, which every request brings along in the portal's words. Pure; how foreign text is made harmless
in Markdown and on one line is given by the caller, for there is one sanitiser and it lives elsewhere.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.model import CodeKind

from .wire import Bundle, BundleAccount, Line, Request

CODE_WORDS: Mapping[CodeKind, str] = {
    CodeKind.TOKEN: "registration token",
    CodeKind.REQUEST: "reservation request code",
    CodeKind.AUTHORIZATION: "authorization code",
    CodeKind.CONFIRMATION: "confirmation code",
    CodeKind.RETURN: "reservation return code",
}
"""As CSSM and the node name them."""

TITLES: Mapping[str, str] = {
    "account.create_token": "Create a registration token",
    "account.revoke_token": "Revoke a registration token",
    "account.reserve": "Reserve licences",
    "account.fetch_authorization": "Fetch the authorization code again",
    "account.update_reservation": "Update reserved licences",
    "account.confirm_reservation": "Enter the confirmation code",
    "account.remove_instance": "Remove the product instance",
    "account.remove_ghost": "Remove a product instance that nobody uses",
    "account.rehost": "Rehost licences from a failed product",
}


@dataclass(frozen=True, slots=True)
class Ink:
    """The one sanitiser: ``text`` and ``code`` for Markdown, ``fence`` for a block, ``line`` for a cell.

    None of them may shorten a code, and ``code`` and ``fence`` change nothing that can be printed.
    """

    text: Callable[[str], str]
    code: Callable[[str], str]
    fence: Callable[[str], str]
    line: Callable[[str], str]


def title_of(request: Request) -> str:
    plain = request.kind.rsplit(".", 1)[-1].replace("_", " ")
    about = f" for the node with serial number {request.serial}" if request.serial else ""
    return TITLES.get(request.kind, plain) + about


def trips(bundle: Bundle) -> dict[BundleAccount, tuple[Request, ...]]:
    """The requests by account, in order: one visit to the portal serves all of an account."""
    found: dict[BundleAccount, tuple[Request, ...]] = {}
    for request in bundle.requests:
        found[request.account] = (*found.get(request.account, ()), request)
    return found


def markdown_sheet(bundle: Bundle, ink: Ink) -> str:
    """One page for one trip: every account, every step, every value, and lines to write the answers on."""
    count = len(bundle.requests)
    copied = "Values in boxes are to be copied as they are, on one line, without blanks before or after."
    once = (
        "**Do each task once.** If a page ends in an error or nothing comes back, do not repeat it: write "
        "down what the page said. Licences may be reserved already."
    )
    tasks = f"{count} {'task' if count == 1 else 'tasks'}"
    written = f"Workspace {ink.code(bundle.workspace)}, written {_moment(bundle.created_at)}: {tasks}."
    lines = ["# Licensing work at Cisco's portal", "", written, "", copied, "", once]
    number = 0
    for account, requests in trips(bundle).items():
        lines += ["", f"## {ink.text(_where(account))}"]
        for request in requests:
            number += 1
            lines += _task(number, request, ink)
    return "\n".join([*lines, "", *_way_back(bundle)]) + "\n"


def _task(number: int, request: Request, ink: Ink) -> list[str]:
    lines = ["", f"### {number}. {ink.text(title_of(request))}", "", f"Hand-off {ink.code(request.id)}"]
    lines += [f"- {name}: {ink.text(value)}" for name, value in _facts(request) if value]
    if request.lines:
        lines += ["", *_table(request.lines, ink)]
    for code in request.codes:
        lines += ["", f"Goes in, the {CODE_WORDS[code.kind]}:", "", ink.fence(code.value)]
    return [*lines, "", *_steps(request, ink), "", *_answer_lines(request, ink)]


def _steps(request: Request, ink: Ink) -> list[str]:
    """Numbered; a step that begins with blanks belongs to the one before it. Codes stand where they go in."""
    lines: list[str] = []
    number = 0
    for step in request.instructions:
        number += not step.startswith(" ")
        first = "   - " if step.startswith(" ") else f"{number}. "
        lines.append(first + _with_codes(step.strip(), request, ink.text, ink.code))
    return lines


def _with_codes(step: str, request: Request, text: Callable[[str], str], code: Callable[[str], str]) -> str:
    """The step with each ``<slot>`` replaced by the code of that slot."""
    values = {f"<{one.slot}>": one.value for one in request.codes}
    if not values:
        return text(step)
    parts = re.split("(" + "|".join(map(re.escape, values)) + ")", step)
    return "".join(code(values[part]) if part in values else _between(part, text) for part in parts)


def _between(part: str, text: Callable[[str], str]) -> str:
    """The words around a code keep the blanks that separate them from it."""
    before = " " if part.startswith(" ") else ""
    after = " " if part.strip() and part.endswith(" ") else ""
    return before + text(part) + after


def _facts(request: Request) -> Iterable[tuple[str, str]]:
    yield "device", request.udi or ""
    yield "owner", request.owner or ""
    yield "ticket", request.ticket or ""
    yield "due", _moment(request.due) if request.due else ""


def _table(lines: Iterable[Line], ink: Ink) -> list[str]:
    """The whole reservation, old and new: what is not named goes to zero at the portal."""
    rows = ["| Licence | Quantity to reserve (total) | Until now |", "| --- | ---: | ---: |"]
    for line in lines:
        name = line.name or line.tag or line.entitlement
        before = "-" if line.before is None else str(line.before)
        rows.append(f"| {ink.text(name)} | {line.quantity} | {before} |")
    return rows


def _answer_lines(request: Request, ink: Ink) -> list[str]:
    if request.wants is None:
        return ["Nothing comes back.", "", "- [ ] done, by: ______________ at: ______________"]
    word = CODE_WORDS[request.wants]
    name = f"{request.serial or request.id}.txt"
    return [
        f"Comes back: the **{word}**. Save it as it is in a text file {ink.code(name)}, one code a file.",
        "",
        "- [ ] done, by: ______________ at: ______________",
    ]


def _way_back(bundle: Bundle) -> list[str]:
    """What the person who asked types when the sheet and the files come back."""
    lines = ["## When it comes back", "", "For the person who asked, in the workspace:", "", "```sh"]
    wanted = {request.wants for request in bundle.requests}
    if CodeKind.AUTHORIZATION in wanted:
        lines.append("xlicense handoff answer --dir FOLDER    # sorts the authorization codes by device")
    for request in bundle.requests:
        if request.wants is None:
            lines.append(f"xlicense handoff answer {request.id} --done --by NAME")
        elif request.wants is not CodeKind.AUTHORIZATION:
            lines.append(f"xlicense handoff answer {request.id} --file FILE --by NAME")
    return [*lines, "xlicense apply", "```"]


def _where(account: BundleAccount) -> str:
    holder = f" of Smart Account {account.smart_account}" if account.smart_account else ""
    return f'Virtual account "{account.virtual_account}"{holder}'


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


CODE_COLUMN = "code to enter (an apostrophe before it is not part of it)"
COLUMNS = (
    "task", "hand-off", "what", "smart account", "virtual account", "serial number", "device", "licences",
    "goes in", CODE_COLUMN, "comes back", "answer", "done by", "done at", "owner", "ticket", "due",
    "steps",
)  # fmt: skip
"""``answer``, ``done by`` and ``done at`` are empty: that is where a person writes."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class _Rows(list[str]):
    """What the csv module writes to."""

    write = list.append


def csv_sheet(bundle: Bundle, ink: Ink) -> str:
    """One row a task, for a spreadsheet: with the mark that makes it read UTF-8, and without formulas.

    An apostrophe stands before what a spreadsheet would compute, and before a serial or code that it would
    read as a number.
    """
    rows = _Rows()
    writer = csv.writer(rows, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    requests = [request for group in trips(bundle).values() for request in group]
    for number, request in enumerate(requests, 1):
        writer.writerow([harmless(cell) for cell in _cells(number, request, ink)])
    return "\ufeff" + "".join(rows)


_NUMBER = re.compile(r"\s*\d[\d.,]*([eE]\d+)?\s*")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet computes: the leading blanks that it would skip do not help either."""
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(_FORMULA) else cell


def as_text(cell: str) -> str:
    """A cell that no spreadsheet turns into a number: ``52E01234`` would become one with 1234 zeros."""
    return f"'{cell}" if _NUMBER.fullmatch(cell) else cell


def _cells(number: int, request: Request, ink: Ink) -> list[str]:
    account = request.account
    one = ink.line
    return [
        str(number),
        request.id,
        one(title_of(request)),
        one(account.smart_account or ""),
        one(account.virtual_account),
        as_text(one(request.serial or "")),
        as_text(one(request.udi or "")),
        one("; ".join(_licence(line) for line in request.lines)),
        " and ".join(CODE_WORDS[code.kind] for code in request.codes),
        as_text(" ".join(one(code.value) for code in request.codes)),
        CODE_WORDS[request.wants] if request.wants else "nothing",
        *("", "", ""),
        one(request.owner or ""),
        one(request.ticket or ""),
        _moment(request.due) if request.due else "",
        " / ".join(_with_codes(step.strip(), request, one, one) for step in request.instructions),
    ]


def _licence(line: Line) -> str:
    before = "" if line.before is None else f" (until now {line.before})"
    return f"{line.quantity} x {line.name or line.tag or line.entitlement}{before}"
