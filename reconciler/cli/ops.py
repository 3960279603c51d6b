"""``op list|show|resolve`` and ``unlock``: what earlier runs left, and what a person says about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import Exit, UsageError
from reconciler.model import FORMAT_VERSION, to_data

from .compose import load_workspace, opened_journal
from .lazy import command, group
from .options import Common, common

if TYPE_CHECKING:
    from reconciler.journal import Lease, Operation, SqliteJournal
    from reconciler.journal.enquiry import Resolution


@contextmanager
def workspace_journal(common: Common) -> Iterator[SqliteJournal]:
    """The journal of the workspace that the command stands in."""
    from reconciler.execution import SystemClock

    with opened_journal(load_workspace(common).desired, SystemClock()) as journal:
        yield journal


@group("op", examples=["xlicense op list", "xlicense op show op-3f2a91"])
def op_command() -> None:
    """Effects: what was sent to a node or to CSSM, and what became of it."""


@op_command.command("list", examples=["xlicense op list", "xlicense op list --all --json"])
@click.option("--all", "everything", is_flag=True, help="Also those that have ended.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@common("workspace")
def list_command(common: Common, everything: bool, as_json: bool) -> Exit:
    """List the effects without an end, and who holds which lease.

    Exit 8 when an effect has no end: nobody knows yet what became of it.
    """
    from reconciler.reporting import ops_text

    with workspace_journal(common) as journal:
        operations = journal.operations(all=everything)
        leases = journal.leases()
    if as_json:
        listed = {
            "format_version": FORMAT_VERSION,
            "operations": [to_data(operation) for operation in operations],
            "leases": [to_data(lease) for lease in leases],
        }
        common.console.json(json.dumps(listed, indent=2))
    else:
        effects = [operation.effect for operation in operations]
        common.console.result(ops_text(effects, width=common.console.width, color=common.console.colour))
        if leases:
            common.console.result("\n" + _leases_text(common, leases))
    return Exit.UNKNOWN if any(operation.open for operation in operations) else Exit.OK


def _leases_text(common: Common, leases: tuple[Lease, ...]) -> str:
    from reconciler.reporting import list_text, moment

    words = {True: "alive", False: "dead", None: "cannot be told from here"}
    rows = (
        (
            lease.address,
            lease.run_id,
            f"{lease.holder} (pid {lease.pid})",
            moment(lease.since),
            words[lease.alive],
        )
        for lease in leases
    )
    header = ("lease", "run", "holder", "since", "holder is")
    console = common.console
    return list_text(header, rows, nothing="", width=console.width, color=console.colour)


@op_command.command("show", examples=["xlicense op show op-3f2a91"])
@click.argument("op_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@common("workspace")
def show_command(common: Common, op_id: str, as_json: bool) -> Exit:
    """Show everything that was recorded of one effect, without code values."""
    with workspace_journal(common) as journal:
        operation = journal.operation(op_id)
    if as_json:
        listed = {"format_version": FORMAT_VERSION, "operation": to_data(operation)}
        common.console.json(json.dumps(listed, indent=2))
    else:
        common.console.result(_operation_text(common, operation))
        if operation.open:
            common.console.note(_what_to_do(common, op_id))
    return Exit.OK


def _operation_text(common: Common, operation: Operation) -> str:
    from reconciler.reporting import list_text, moment

    effect = operation.effect
    about = [
        ("id", effect.op_id),
        ("kind", effect.kind),
        ("address", effect.address),
        ("subject", effect.subject),
        ("run", effect.run_id),
        ("state", effect.state.value + (" (without an end)" if operation.open else "")),
        ("said", operation.text or "-"),
        ("replies", f"{operation.chunks} in the spool"),
    ]
    events = ((moment(event.at), event.kind, event.text) for event in operation.events)
    width, color = common.console.width, common.console.colour
    facts = list_text(("effect", ""), about, nothing="", width=width, color=color)
    told = list_text(("at", "record", "text"), events, nothing="", width=width, color=color)
    return f"{facts}\n{told}"


def _what_to_do(common: Common, op_id: str) -> str:
    look = common.again("plan")
    resolve = common.again("op", "resolve", op_id)
    return (
        f"{look} looks at the node and closes what it proves.\n"
        f"If you have looked yourself: {resolve} --adopt|--absent|--abandon --evidence FILE --reason TEXT"
    )


@op_command.command(
    "resolve",
    examples=[
        'xlicense op resolve op-3f2a91 --absent --evidence shot.txt --reason "not on the node, not in CSSM"',
        'xlicense op resolve op-3f2a91 --adopt --evidence xstatus.txt --reason "registered, seen 14:02"',
        'xlicense op resolve 0E4D3C01 --adopt --evidence shot.png --reason "the request was made by hand"',
    ],
)
@click.argument("op_id", metavar="ID")
@click.option("--adopt", "how", flag_value="adopt", help="It took effect: take the world as it is.")
@click.option("--absent", "how", flag_value="absent", help="It did not take effect.")
@click.option("--abandon", "how", flag_value="abandon", help="Nobody can tell; stop asking.")
@click.option(
    "--evidence", metavar="FILE", type=click.Path(path_type=Path), required=True,
    help="What you saw; its name, size and SHA-256 are kept in the journal.",
)  # fmt: skip
@click.option("--reason", metavar="TEXT", required=True, help="Why; kept in the journal.")
@common("workspace")
def resolve_command(common: Common, op_id: str, how: Resolution | None, evidence: Path, reason: str) -> Exit:
    """Say what became of an effect that no observation settles. A person decides, with evidence.

    ID is an operation, or the serial of a node whose reservation does not fit together (XL370): --adopt takes
    what both sides show from now on, --absent says that CSSM has nothing, --abandon stops asking.
    """
    if how is None:
        raise UsageError("say what became of it", remedy="--adopt, --absent or --abandon")
    serials = _serials(common)
    with workspace_journal(common) as journal:
        if op_id.upper() in serials:
            journal.resolve_serial(serials[op_id.upper()], how, evidence, reason)
        else:
            journal.resolve(op_id, how, evidence, reason)
    common.console.note(f"{op_id} is resolved ({how}). Next: {common.again('plan')}")
    return Exit.OK


def _serials(common: Common) -> dict[str, str]:
    """The serials that the YAML names, by their capitals."""
    desired = load_workspace(common).desired
    named = (node.serial for cluster in desired.clusters for node in cluster.nodes)
    return {serial.upper(): serial for serial in named if serial is not None}


@command(
    "unlock", examples=["xlicense op list            # who holds which lease", "xlicense unlock run-5c11"]
)
@click.argument("lease_id", metavar="ID")
@common("workspace")
def unlock_command(common: Common, lease_id: str) -> Exit:
    """Release the leases of a run that will not come back. The run must be dead: look first.

    Effects that it left without an end stay, and the next plan looks at them.
    """
    with workspace_journal(common) as journal:
        freed = journal.unlock(lease_id)
    console = common.console
    console.result("\n".join(freed.addresses) or "No lease was held.")
    if freed.alive:
        console.say(f"Warning: {freed.holder} still seems to be running; two writers at once can harm.")
    if freed.open_effects:
        console.note(f"Without an end: {', '.join(freed.open_effects)}. Next: {common.again('plan')}")
    return Exit.OK
