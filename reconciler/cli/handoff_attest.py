"""``handoff attest``: what a person saw at an account that no program reads.

Belongs here: files to the journal. Does not belong here: how a table is read (handoff_table).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.errors import Complaint, Exit, UsageError

from .compose import load_workspace, opened_journal
from .handoff_answer import BY, TICKET
from .handoff_files import read_code
from .lazy import command
from .options import Common, common


@command(
    "attest",
    examples=[
        "xlicense handoff attest vault-room --file instances.csv --by 'A. Person'",
        "xlicense handoff attest vault-room --file instances.csv --pool licences.csv --ticket CHG4711",
    ],
)
@click.argument("account", metavar="ACCOUNT")
@click.option(
    "--file", "source", metavar="FILE", type=click.Path(path_type=Path), required=True,
    help="Product instances as CSV: serial,name,entitlement,quantity,pending.",
)  # fmt: skip
@click.option(
    "--pool", "pool", metavar="FILE", type=click.Path(path_type=Path),
    help="Licences of the virtual account as CSV: entitlement,quantity,in use,available,reserved.",
)  # fmt: skip
@BY
@TICKET
@common("workspace")
def attest_command(
    common: Common, account: str, source: Path, pool: Path | None, by: str | None, ticket: str | None
) -> Exit:
    """State what the portal's pages show for an account that no program reads. The newest word counts.

    The first line of each CSV file names its columns (comma, semicolon or tab between them). --file has one
    line for each licence of each product instance: serial, name (as the portal shows the instance),
    entitlement (rms, desktop, room, a name from entitlements:, the portal's own name of the licence, or its
    tag), quantity (reserved now), pending (the new total of an update whose confirmation code has not been
    entered; empty for none). An instance without a reservation has one line with empty entitlement and
    quantity. What is not in the file is not there. --pool has one line for each licence.

    Every line that cannot be used is told, and then nothing is recorded (exit 1).
    """
    from reconciler.execution import SystemClock
    from reconciler.journal.leases import user
    from reconciler.model import Attested

    from .handoff_table import instances_of, pool_of

    desired = load_workspace(common).desired
    found = next((one for one in desired.accounts if account in {one.name, one.address}), None)
    if found is None:
        known = ", ".join(one.name for one in desired.accounts)
        raise UsageError(f"there is no account {account!r}", remedy=f"One of: {known}")
    instances, complaints = instances_of(read_code(source), str(source), desired.entitlements)
    lines, more = pool_of(read_code(pool), str(pool), desired.entitlements) if pool is not None else ((), [])
    if complaints or more:
        return _not_attested(common, [*complaints, *more])
    clock = SystemClock()
    attested = Attested(found.address, clock.now(), by or user(), instances, lines, ticket)
    with opened_journal(desired, clock) as journal:
        journal.attest(attested)
    common.console.result(f"{found.address}: {len(instances)} instances and {len(lines)} licences attested")
    common.console.note(f"Next: {common.again('plan')}")
    return Exit.OK


def _not_attested(common: Common, complaints: Sequence[Complaint]) -> Exit:
    from reconciler.reporting import complaints_text

    console = common.console
    console.say(complaints_text(complaints, width=console.width_err, color=console.colour_err))
    console.say("Nothing was recorded.")
    return Exit.ERROR
