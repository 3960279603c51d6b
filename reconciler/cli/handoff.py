"""``handoff list|show|recall``: what waits for a person. The other commands of the group have modules of
their own.

Belongs here: showing and taking back. Does not belong here: answers (handoff_answer), tables
(handoff_attest), what crosses an air gap (handoff_crossing).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from reconciler.errors import Exit, UsageError
from reconciler.model import FORMAT_VERSION, Waiting, to_data

from .handoff_answer import answer_command
from .handoff_attest import attest_command
from .handoff_crossing import export_command, import_command
from .lazy import group
from .ops import workspace_journal
from .options import Common, common

if TYPE_CHECKING:
    from reconciler.journal import SqliteJournal


@group(
    "handoff",
    examples=["xlicense handoff list", "xlicense handoff answer handoff-3f2a91 --done --by 'A. Person'"],
)
def handoff_command() -> None:
    """Actions that a person carries out: at the CSSM portal, or on a node's web page."""


# What waits


@handoff_command.command("list", examples=["xlicense handoff list", "xlicense handoff list --json"])
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@common("workspace")
def list_command(common: Common, as_json: bool) -> Exit:
    """List what waits, since when, and how to do it, step by step. Exit 9 when something waits.

    Owner, ticket and due date are shown where they are known, and what is overdue is named at the end.
    """
    from reconciler.execution import SystemClock
    from reconciler.reporting import waiting_text

    with workspace_journal(common) as journal:
        waiting = tuple(item for item in journal.handoffs() if not item.done)
    late = {item.handoff_id for item in waiting if _is_late(item, SystemClock().now())}
    if as_json:
        items = [{**to_data(item), "overdue": item.handoff_id in late} for item in waiting]
        common.console.json(json.dumps({"format_version": FORMAT_VERSION, "handoffs": items}, indent=2))
        return Exit.WAITING if waiting else Exit.OK
    common.console.result(waiting_text(waiting, width=common.console.width, color=common.console.colour))
    if late:
        common.console.result(f"Overdue: {', '.join(sorted(late))}")
    return Exit.WAITING if waiting else Exit.OK


def _is_late(item: Waiting, now: datetime) -> bool:
    return item.due is not None and item.due < now


@handoff_command.command(
    "show", examples=["xlicense handoff show handoff-3f2a91", "xlicense handoff show handoff-3f2a91 --codes"]
)
@click.argument("handoff_id", metavar="ID")
@click.option(
    "--codes", "with_codes", is_flag=True, help="Print the codes that go in; that is recorded as revealed."
)
@common("workspace")
def show_command(common: Common, handoff_id: str, with_codes: bool) -> Exit:
    """Show one hand-off: the steps, the values that go in, what comes back.

    Codes are shown by name, such as <request/0E4D1FA5>, unless --codes asks for their values.
    """
    from reconciler.reporting import clean, waiting_text

    from .handoff_bundle import codes_in, slots_of

    console = common.console
    with workspace_journal(common) as journal:
        item = _one(journal, handoff_id)
        codes = codes_in(journal, item, f"shown for {handoff_id}") if with_codes else ()
    console.result(waiting_text((item,), width=console.width, color=console.colour).rpartition("\n\n")[0])
    for code in codes:
        console.result(f"\n<{code.slot}>\n{clean(code.value, keep=_TEXT, limit=len(code.value) + 1)}")
    if slots_of(item) and not with_codes:
        console.note(f"The codes that go in: {common.again('handoff', 'show', handoff_id, '--codes')}")
    return Exit.OK


_TEXT = "\n\t"


def _one(journal: SqliteJournal, handoff_id: str) -> Waiting:
    for item in journal.handoffs(all=True):
        if item.handoff_id == handoff_id:
            return item
    raise UsageError(f"there is no hand-off {handoff_id}", remedy="xlicense handoff list")


@handoff_command.command(
    "recall", examples=['xlicense handoff recall handoff-3f2a91 --reason "wrong virtual account"']
)
@click.argument("handoff_id", metavar="ID")
@click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the journal.")
@click.option(
    "--by", metavar="NAME", envvar="XLICENSE_BY", show_envvar=True, help="Who says so; you, by default."
)
@common("workspace")
def recall_command(common: Common, handoff_id: str, reason: str, by: str | None) -> Exit:
    """Take a hand-off back: nobody is to do it any more. The next plan starts from what is there.

    Tell whoever has it: an answer that comes all the same is kept (codes list) and not used.
    """
    with workspace_journal(common) as journal:
        item = journal.recall(handoff_id, by, reason)
    common.console.result(f"{handoff_id} is recalled: {item.kind} for {item.subject}")
    common.console.note(f"Next: {common.again('plan')}")
    return Exit.OK


@handoff_command.command(
    "assign",
    examples=[
        "xlicense handoff assign handoff-3f2a91 --owner 'licensing desk' --ticket CHG4711",
        "xlicense handoff assign handoff-3f2a91 --due 2026-12-01",
    ],
)
@click.argument("handoff_id", metavar="ID")
@click.option("--owner", metavar="NAME", help="Who does it.")
@click.option("--ticket", metavar="TEXT", help="The ticket it is done under.")
@click.option("--due", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]), help="The day by which it is done.")
@common("workspace")
def assign_command(
    common: Common, handoff_id: str, owner: str | None, ticket: str | None, due: datetime | None
) -> Exit:
    """Say who has a hand-off, under which ticket, and until when."""
    if not (owner or ticket or due):
        raise UsageError("say what to change", remedy="--owner, --ticket or --due")
    until = due.replace(tzinfo=UTC) if due is not None else None
    with workspace_journal(common) as journal:
        waiting = journal.assign(handoff_id, owner=owner, ticket=ticket, due=until)
    common.console.note(f"{waiting.handoff_id}: {waiting.owner or 'nobody'}, {waiting.ticket or 'no ticket'}")
    return Exit.OK


for _command in (answer_command, attest_command, export_command, import_command):
    handoff_command.add_command(_command)
