"""``journal backup|restore|move``: the record of a workspace, copied, put back, taken elsewhere.

Belongs here: what is said. Does not belong here: what makes a copy consistent (journal).
"""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.errors import Exit, JournalError

from .compose import journal_folder, load_workspace, opened_journal
from .lazy import group
from .options import Common, common


@group("journal", examples=["xlicense journal backup tonight.tar", "xlicense journal restore tonight.tar"])
def journal_command() -> None:
    """The durable record of this workspace: runs, effects, codes, hand-offs."""


@journal_command.command("backup", examples=["xlicense journal backup /mnt/safe/licences-1124.tar"])
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path))
@common("workspace")
def backup_command(common: Common, target: Path) -> Exit:
    """Write one consistent copy of journal and spool to a new file; runs go on meanwhile.

    Codes in it are encrypted as they are in the journal. Keep your age identity somewhere else.
    """
    from reconciler.execution import SystemClock
    from reconciler.journal import was_used

    desired = load_workspace(common).desired
    if not was_used(journal_folder(desired)):
        raise JournalError("there is no journal yet, so there is nothing to copy", remedy="xlicense plan")
    with opened_journal(desired, SystemClock()) as journal:
        copied = journal.backup(target)
    common.console.result(f"{target}: ends at record {copied.head.seq}")
    return Exit.OK


@journal_command.command(
    "restore",
    examples=[
        "xlicense journal restore licences-1124.tar",
        "xlicense journal restore licences-1101.tar --older   # what came after it is lost",
    ],
)
@click.argument("source", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--older", is_flag=True, help="Accept that the backup is older than what is here, or was.")
@common("workspace")
def restore_command(common: Common, source: Path, older: bool) -> Exit:
    """Put a backup in place. What is here is set aside, never removed.

    Refused where what is here, or was, is newer than the backup, and exit 5 while a run is alive. Codes that
    came after the backup was made are not in it: plan before you apply.
    """
    from reconciler.execution import SystemClock
    from reconciler.journal import restore

    desired, clock = load_workspace(common).desired, SystemClock()
    restored = restore(source, journal_folder(desired), desired.workspace, clock.now(), older=older)
    with opened_journal(desired, clock) as journal:
        journal.note_restored(restored)
    common.console.result(f"{restored.folder}: ends at record {restored.copied.head.seq}")
    if restored.before is not None:
        common.console.note(f"what was there before: {restored.before}")
    common.console.note(f"Next: {common.again('plan')}")
    return Exit.OK


@journal_command.command("move", examples=["xlicense journal move /srv/xlicense/licences"])
@click.argument("target", metavar="DIR", type=click.Path(path_type=Path))
@common("workspace")
def move_command(common: Common, target: Path) -> Exit:
    """Take the state folder to another place on a local disk, and leave word of it in the usual one.

    The old folder is set aside. Exit 5 while a run is alive. Stopped in the middle, run it again.
    """
    from reconciler.execution import SystemClock
    from reconciler.journal import move

    desired = load_workspace(common).desired
    moved = move(journal_folder(desired), target, desired.workspace, SystemClock().now())
    common.console.result(str(moved.folder))
    common.console.note(f"the old folder, no longer used: {moved.before}")
    return Exit.OK
