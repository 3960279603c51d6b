"""``handoff list|answer``: what waits for a person, and what the person brings back.

Belongs here: taking the answer in. Does not belong here: judging it (journal); it is recorded first.
"""

from __future__ import annotations

import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import Exit, UsageError
from reconciler.model import FORMAT_VERSION, to_data

from .console import is_terminal
from .files import read_text
from .lazy import group
from .ops import workspace_journal
from .options import Common, common
from .redact import REDACTOR

if TYPE_CHECKING:
    from reconciler.journal import AnswerVerdict


@group(
    "handoff",
    examples=["xlicense handoff list", "xlicense handoff answer handoff-3f2a91 --done --by 'A. Person'"],
)
def handoff_command() -> None:
    """Actions that a person carries out: at the CSSM portal, or on a node's web page."""


@handoff_command.command("list", examples=["xlicense handoff list", "xlicense handoff list --json"])
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@common("workspace")
def list_command(common: Common, as_json: bool) -> Exit:
    """List what waits, since when, and how to do it, step by step. Exit 9 when something waits."""
    from reconciler.reporting import waiting_text

    with workspace_journal(common) as journal:
        waiting = tuple(item for item in journal.handoffs() if not item.done)
    if as_json:
        listed = {"format_version": FORMAT_VERSION, "handoffs": [to_data(item) for item in waiting]}
        common.console.json(json.dumps(listed, indent=2))
    else:
        common.console.result(waiting_text(waiting, width=common.console.width, color=common.console.colour))
    return Exit.WAITING if waiting else Exit.OK


@handoff_command.command(
    "answer",
    examples=[
        "xlicense handoff answer handoff-3f2a91                  # asks for the code, without echo",
        "xlicense handoff answer handoff-3f2a91 --file token.txt",
        "pass show cssm/token | xlicense handoff answer handoff-3f2a91 --file -",
        "xlicense handoff answer handoff-3f2a91 --done --by 'A. Person' --ticket CHG4711",
    ],
)
@click.argument("handoff_id", metavar="ID")
@click.option(
    "--file", "source", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True),
    help="Where the code is; - is stdin. Never put a code on the command line.",
)  # fmt: skip
@click.option("--done", is_flag=True, help="The step is done; it gives nothing back.")
@click.option(
    "--by", metavar="NAME", envvar="XLICENSE_BY", show_envvar=True, help="Who did it; you, by default."
)
@click.option("--ticket", metavar="TEXT", help="The ticket it was done under.")
@common("workspace", "input")
def answer_command(
    common: Common, handoff_id: str, source: Path | None, done: bool, by: str | None, ticket: str | None
) -> Exit:
    """Record what a person brings back from a hand-off. Recorded first, then judged: nothing is lost.

    Exit 1 when it does not fit; it is kept all the same (codes list).
    """
    if done and source is not None:
        raise UsageError("--done is for steps that give nothing back; leave --file out")
    value = None if done else _value(common, source)
    with workspace_journal(common) as journal:
        verdict = journal.answer(handoff_id, value, by, ticket)
    return _told(common, verdict)


def _value(common: Common, source: Path | None) -> str:
    """The code from a file, stdin or a prompt that does not show it."""
    if source is not None:
        value = sys.stdin.read() if str(source) == "-" else read_text(source, "the answer")
    elif common.no_input or not is_terminal(sys.stdin):
        raise UsageError("an answer is needed", remedy="--file FILE, --file - for stdin, or --done")
    else:
        value = getpass.getpass("Code (it is not shown): ")
    if not value.strip():
        raise UsageError("the answer is empty", remedy="--done, where the step gives nothing back")
    REDACTOR.hide(value.strip())
    return value.strip()


def _told(common: Common, verdict: AnswerVerdict) -> Exit:
    kept = f" Kept as {verdict.code_id}." if verdict.code_id else ""
    common.console.result(f"{verdict.verdict.value}: {verdict.text}{kept}")
    if verdict.verdict.value not in {"accepted", "duplicate"}:
        return Exit.ERROR
    common.console.note(f"Next: {common.again('plan')}")
    return Exit.OK
