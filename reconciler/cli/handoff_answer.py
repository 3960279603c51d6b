"""``handoff answer``: what a person brings back, from a prompt, a file, stdin or a folder.

Belongs here: taking the answer in. Does not belong here: judging it (journal; it is recorded first), sorting
a folder (handoff_files).
"""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import Exit, UsageError, XlicenseError, strongest

from .console import is_terminal
from .handoff_files import read_code
from .lazy import command
from .ops import workspace_journal
from .options import Common, Decorator, common
from .redact import REDACTOR

if TYPE_CHECKING:
    from reconciler.journal import AnswerVerdict

_LINE = 4_095
"""Characters that a terminal takes on one line; it drops the rest without a word."""

BY: Decorator = click.option(
    "--by", metavar="NAME", envvar="XLICENSE_BY", show_envvar=True, help="Who did it; you, by default."
)
TICKET: Decorator = click.option("--ticket", metavar="TEXT", help="The ticket it was done under.")


@command(
    "answer",
    examples=[
        "xlicense handoff answer handoff-3f2a91                  # asks for the code, without echo",
        "xlicense handoff answer handoff-3f2a91 --file token.txt",
        "pass show cssm/token | xlicense handoff answer handoff-3f2a91 --file -",
        "xlicense handoff answer --dir from-the-portal           # a folder of authorization codes",
        "xlicense handoff answer handoff-3f2a91 --done --by 'A. Person' --ticket CHG4711",
    ],
)
@click.argument("handoff_id", metavar="[ID]", required=False)
@click.option(
    "--file", "source", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True),
    help="Where the code is; - is stdin. Never put a code on the command line.",
)  # fmt: skip
@click.option(
    "--dir", "folder", metavar="DIR", type=click.Path(path_type=Path),
    help="A folder of authorization codes, one a file; each goes to the hand-off of the device it names.",
)  # fmt: skip
@click.option("--done", is_flag=True, help="The step is done; it gives nothing back.")
@BY
@TICKET
@common("workspace", "input")
def answer_command(
    common: Common,
    handoff_id: str | None,
    source: Path | None,
    folder: Path | None,
    done: bool,
    by: str | None,
    ticket: str | None,
) -> Exit:
    """Record what a person brings back from a hand-off. Recorded first, then judged: nothing is lost.

    Exit 1 when it does not fit; it is kept all the same (codes list). The same answer twice changes nothing.
    """
    if sum((done, source is not None, folder is not None)) > 1:
        raise UsageError("--done, --file and --dir exclude one another")
    if (handoff_id is None) != (folder is not None):
        raise UsageError("name the hand-off, or a folder of answers with --dir (and then no ID)")
    if folder is not None:
        return _answer_all(common, folder, by, ticket)
    assert handoff_id is not None  # noqa: S101 - one of the two is there
    value = None if done else _value(common, handoff_id, source)
    with workspace_journal(common) as journal:
        verdict = journal.answer(handoff_id, value, by, ticket)
    code = told(common, verdict)
    if code is Exit.OK:
        common.console.note(f"Next: {common.again('plan')}")
    return code


def _value(common: Common, handoff_id: str, source: Path | None) -> str:
    """The code from a file, stdin or a prompt that does not show it."""
    if source is not None:
        value = read_code(source)
    elif common.no_input or not is_terminal(sys.stdin):
        raise UsageError("an answer is needed", remedy="--file FILE, --file - for stdin, or --done")
    else:
        value = getpass.getpass("Code (it is not shown): ")
        if len(value) >= _LINE:
            common.console.say(
                f"A terminal takes {_LINE} characters on a line, so the end may be lost; longer codes: "
                + common.again("handoff", "answer", handoff_id, "--file", "FILE")
            )
    if not value.strip():
        raise UsageError("the answer is empty", remedy="--done, where the step gives nothing back")
    REDACTOR.hide(value.strip())
    return value.strip()


def told(common: Common, verdict: AnswerVerdict, about: str = "") -> Exit:
    kept = f" Kept as {verdict.code_id}." if verdict.code_id else ""
    common.console.result(f"{about}{verdict.verdict.value}: {verdict.text}{kept}")
    return Exit.OK if verdict.verdict.value in {"accepted", "duplicate"} else Exit.ERROR


def _answer_all(common: Common, folder: Path, by: str | None, ticket: str | None) -> Exit:
    from reconciler.reporting import one_line

    from .handoff_files import sort_files

    codes = []
    with workspace_journal(common) as journal:
        waiting = journal.handoffs()
        closed = [item for item in journal.handoffs(all=True) if item not in waiting]
        for item in sort_files(folder, waiting, closed):
            name = one_line(item.name)
            if item.handoff_id is None:
                common.console.result(f"{name}: not used: it {one_line(item.problem)}")
                codes.append(Exit.ERROR)
                continue
            REDACTOR.hide(item.value)
            verdict = journal.answer(item.handoff_id, item.value, by, ticket)
            codes.append(told(common, verdict, f"{name}: {item.handoff_id}: "))
    if not codes:
        raise XlicenseError(f"there is no file in {folder}")
    if Exit.OK in codes:
        common.console.note(f"Next: {common.again('plan')}")
    return strongest(codes)
