"""``key init|add|rotate|test``: who can read the codes.

Belongs here: the order of YAML, identity and journal. Does not belong here: encryption (journal).
"""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.errors import Exit

from .compose import identity_of, journal_folder, load_workspace, opened_journal
from .lazy import group
from .options import Common, common


def _readable(readable: bool) -> str:
    return "yes" if readable else "no"


@group("key", examples=["xlicense key init", "xlicense key add age1qz…", "xlicense key rotate"])
def key_command() -> None:
    """The age keys that codes are encrypted to. Without a recipient, nothing that makes a code starts."""


@key_command.command("init", examples=["xlicense key init"])
@common("workspace")
def init_command(common: Common) -> Exit:
    """Make your age identity, where there is none yet, and add its public half to xlicense.yaml.

    The identity stays in your configuration folder; keep a copy where you keep such things.
    """
    from reconciler.journal import init_identity, recipient_of

    desired = load_workspace(common).desired
    path = identity_of(desired)
    recipient = recipient_of(path) if path.exists() else init_identity(path)
    common.console.note(f"identity: {path}")
    return _add(common, recipient, desired.journal.recipients)


@key_command.command("add", examples=["xlicense key add age1qz…"])
@click.argument("recipient", metavar="RECIPIENT")
@common("workspace")
def add_command(common: Common, recipient: str) -> Exit:
    """Add somebody's public key to xlicense.yaml, and seal the codes that are held to them too.

    Exit 9 when a code is not readable here: whoever reads it runs the same command.
    """
    return _add(common, recipient, load_workspace(common).desired.journal.recipients)


def _add(common: Common, recipient: str, known: tuple[str, ...]) -> Exit:
    from reconciler.config import add_recipient
    from reconciler.journal import test

    from .files import shown

    if recipient in known:
        common.console.note("xlicense.yaml names it already; nothing was changed there.")
    else:
        test((recipient,), None)  # raises where this is no recipient
        common.console.note(f"added to {shown(add_recipient(common.root, recipient))}")
    common.console.result(recipient)
    return _reseal(common)


def _reseal(common: Common) -> Exit:
    """Seal what is held to those that the YAML names now. Exit 9 where somebody else must do it."""
    from reconciler.execution import SystemClock
    from reconciler.journal import was_used

    desired = load_workspace(common).desired
    if not was_used(journal_folder(desired)):
        return Exit.OK
    with opened_journal(desired, SystemClock()) as journal:
        resealed = journal.reseal()
    if resealed.done:
        common.console.note(f"{resealed.done} codes are sealed to all present recipients now")
    if resealed.left:
        common.console.say(
            f"Not readable here, and sealed as before: {', '.join(resealed.left)}. Whoever reads them: "
            f"{common.again('key', 'add', desired.journal.recipients[-1])}"
        )
    return Exit.WAITING if resealed.left else Exit.OK


@key_command.command("rotate", examples=["xlicense key rotate", "xlicense key rotate --remove-old"])
@click.option("--remove-old", is_flag=True, help="Seal nothing to your former keys any more.")
@common("workspace")
def rotate_command(common: Common, remove_old: bool) -> Exit:
    """Make a new key of yours, and seal every code that is held to the present recipients.

    Your former identities stay in the file below the new one: they open what was sealed before, and replies
    that wait in the spool. Stopped in the middle, it goes on when it is run again. Exit 9 when a code is not
    readable here.
    """
    from reconciler.config import add_recipient, remove_recipient
    from reconciler.journal import begin_rotation, end_rotation

    path = identity_of(load_workspace(common).desired)
    rotation = begin_rotation(path)
    add_recipient(common.root, rotation.new)
    for old in rotation.old if remove_old else ():
        remove_recipient(common.root, old)
    code = _reseal(common)
    end_rotation(path)
    common.console.note(f"identity: {path}; keep a copy of it where you keep such things")
    common.console.result(rotation.new)
    return code


@key_command.command("test", examples=["xlicense key test", "xlicense key test --identity /mnt/usb/key.txt"])
@click.option(
    "--identity", metavar="FILE", type=click.Path(path_type=Path), help="Instead of your own identity."
)
@common("workspace")
def test_command(common: Common, identity: Path | None) -> Exit:
    """Encrypt to every recipient and say which of them can be read here.

    Exit 9 when none can: a code would be kept, and somebody else would have to go on.
    """
    from reconciler.journal import test
    from reconciler.reporting import list_text

    desired = load_workspace(common).desired
    path = identity or identity_of(desired)
    results = test(desired.journal.recipients, path if path.exists() else None)
    rows = ((recipient, _readable(readable)) for recipient, readable in results.items())
    nothing = f"There is no recipient. {common.again('key', 'init')}"
    common.console.result(list_text(("recipient", "readable here"), rows, nothing=nothing))
    return Exit.OK if any(results.values()) else Exit.WAITING
