"""``codes list|reveal``: codes at rest.

Belongs here: asking for a reason, printing. Does not belong here: encryption (journal).
"""

from __future__ import annotations

import json

import click

from reconciler.errors import Exit
from reconciler.model import FORMAT_VERSION, to_data

from .lazy import group
from .ops import workspace_journal
from .options import Common, common


@group("codes", examples=["xlicense codes list", 'xlicense codes reveal code-91af --reason "ticket 4711"'])
def codes_command() -> None:
    """Codes that nodes, CSSM and people gave: kept, encrypted, never thrown away."""


@codes_command.command("list", examples=["xlicense codes list", "xlicense codes list --all --json"])
@click.option("--all", "everything", is_flag=True, help="Also those that are used up.")
@click.option("--json", "as_json", is_flag=True, help="As JSON; never the values.")
@common("workspace")
def list_command(common: Common, everything: bool, as_json: bool) -> Exit:
    """List the codes that the world has not used up, without their values.

    Exit 9 when one of them is not readable here: its text says who can go on.
    """
    from reconciler.reporting import codes_text

    with workspace_journal(common) as journal:
        codes = journal.codes(all=everything)
    if as_json:
        listed = {"format_version": FORMAT_VERSION, "codes": [to_data(code) for code in codes]}
        common.console.json(json.dumps(listed, indent=2))
    else:
        common.console.result(codes_text(codes, width=common.console.width, color=common.console.colour))
    return Exit.OK if all(code.readable for code in codes) else Exit.WAITING


@codes_command.command("reveal", examples=['xlicense codes reveal code-91af --reason "ticket 4711"'])
@click.argument("code_id", metavar="ID")
@click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the journal.")
@common("workspace")
def reveal_command(common: Common, code_id: str, reason: str) -> Exit:
    """Print one code's value on stdout. That it was revealed, and why, is recorded.

    Exit 9 when it is not readable here: somebody else can go on.
    """
    with workspace_journal(common) as journal:
        common.console.result(journal.reveal(code_id, reason))
    return Exit.OK
