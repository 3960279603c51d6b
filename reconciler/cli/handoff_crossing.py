"""``handoff export|import``: what crosses an air gap, out as a bundle or a sheet, back as answers.

Belongs here: options, files and wording. Does not belong here: what is in a bundle (handoff_bundle), the
format (providers.handoff).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import Exit, XlicenseError, strongest

from .compose import identity_of, load_workspace, opened_journal
from .files import PRIVATE, shown, write_whole
from .handoff_answer import TICKET, told
from .lazy import command
from .options import Common, common

if TYPE_CHECKING:
    from .handoff_bundle import Packed, Taken


@command(
    "export",
    examples=[
        "xlicense handoff export -o bundle.json                  # for xlicense courier",
        "xlicense handoff export --format md -o sheet.md         # for a person at the portal",
        "xlicense handoff export handoff-3f2a91 --format csv -o sheet.csv",
    ],
)
@click.argument("ids", metavar="[ID...]", nargs=-1)
@click.option(
    "-o", "--output", "target", metavar="FILE", type=click.Path(path_type=Path),
    help="Where to write it (for your eyes only, mode 0600); stdout by default.",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(["json", "md", "csv"]), default="json", show_default=True,
    help="json is the bundle for a courier; md and csv are sheets in the portal's words.",
)  # fmt: skip
@click.option("--account", metavar="NAME", help="Only what waits at this account.")
@common("workspace")
def export_command(
    common: Common, ids: tuple[str, ...], target: Path | None, form: str, account: str | None
) -> Exit:
    """Write what waits at the portal as a bundle for another machine, or as a sheet for one trip of a person.

    The codes that go in are inside, so they are recorded as revealed. Exit 9 when one of them can only be
    read elsewhere.
    """
    from reconciler.execution import SystemClock

    from .handoff_bundle import chosen, pack

    desired = load_workspace(common).desired
    clock = SystemClock()
    with opened_journal(desired, clock) as journal:
        waiting = chosen(journal.handoffs(), ids, account)
        packed = pack(desired, journal, waiting, clock.now(), f"exported as {form}")
    for handoff_id, reason in packed.left_out:
        common.console.say(f"{handoff_id} is not in it: {reason}")
    if packed.bundle.requests:
        _put(common, target, packed, form)
    else:
        common.console.note("Nothing waits at a portal; nothing was written.")
    return Exit.WAITING if packed.unreadable else Exit.OK


def _written(packed: Packed, form: str) -> str:
    from providers.handoff import csv_sheet, markdown_sheet, write_bundle

    from .handoff_bundle import ink

    if form == "json":
        return write_bundle(packed.bundle).decode()
    return (markdown_sheet if form == "md" else csv_sheet)(packed.bundle, ink())


def _put(common: Common, target: Path | None, packed: Packed, form: str) -> None:
    text, count = _written(packed, form), len(packed.bundle.requests)
    if target is not None:
        write_whole(target, text, mode=PRIVATE)
        common.console.result(shown(target.absolute()))
        common.console.note(f"{count} {'hand-off is' if count == 1 else 'hand-offs are'} in it.")
    elif form == "json":
        common.console.json(text)
    else:
        common.console.result(text)


@command("import", examples=["xlicense handoff import answers.json"])
@click.argument("source", metavar="ANSWERS", type=click.Path(path_type=Path))
@TICKET
@common("workspace")
def import_command(common: Common, source: Path, ticket: str | None) -> Exit:
    """Take in the answers that a courier brought back. Each is recorded first, then judged.

    The same file twice changes nothing. Exit 1 when an answer does not fit (it is kept), 7 when something
    failed, 8 when an outcome is not known, 9 when a person must go on.
    """
    from providers.handoff import read_answers
    from reconciler.execution import SystemClock
    from reconciler.journal.keys import Seal

    from .handoff_bundle import take_in

    desired = load_workspace(common).desired
    answers, _ = read_answers(read_bytes(source, "the answers file"))
    if answers.workspace != desired.workspace:
        raise XlicenseError(
            f"the answers are for workspace {answers.workspace}, this is {desired.workspace}",
            remedy="Import them where the bundle was exported.",
        )
    seal = Seal(desired.journal.recipients, identity_of(desired))
    with opened_journal(desired, SystemClock()) as journal:
        taken = take_in(journal, answers, seal.open, ticket)
    codes = [_told_answer(common, item) for item in taken]
    common.console.note(f"Next: {common.again('plan')}")
    return strongest(codes)


def _told_answer(common: Common, item: Taken) -> Exit:
    from reconciler.reporting import one_line

    answer = item.answer
    if item.verdict is not None:
        return told(common, item.verdict, f"{answer.id}: ")
    if item.unreadable is not None:
        common.console.result(f"{answer.id}: not readable here: {one_line(item.unreadable)}")
        return Exit.WAITING
    common.console.result(f"{answer.id}: {answer.outcome.value}: {one_line(answer.text)}")
    return _EXITS[answer.outcome.value]


_EXITS = {"failed": Exit.PARTLY, "unknown": Exit.UNKNOWN, "not carried": Exit.WAITING}


def read_bytes(path: Path, what: str) -> bytes:
    """The bytes of a file that the user named, or of stdin for ``-``, not more than any of ours has."""
    from providers.handoff.wire import MAX_BYTES

    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(MAX_BYTES + 1)
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise XlicenseError(f"{what} {path} cannot be read: {error.strerror}") from None
