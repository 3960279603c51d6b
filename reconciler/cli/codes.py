"""``codes list|reveal`` and ``key init|add|test``: codes at rest, and who can read them.

Belongs here: asking for a reason, printing. Does not belong here: encryption (journal).
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.errors import Exit
from reconciler.model import FORMAT_VERSION, to_data

from .compose import identity_of, load_workspace
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


def _readable(readable: bool) -> str:
    return "yes" if readable else "no"


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


@group("key", examples=["xlicense key init", "xlicense key add age1qz…", "xlicense key test"])
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
    """Add somebody's public key to xlicense.yaml; codes made from then on are for them too."""
    return _add(common, recipient, load_workspace(common).desired.journal.recipients)


def _add(common: Common, recipient: str, known: tuple[str, ...]) -> Exit:
    from reconciler.config import add_recipient
    from reconciler.journal import test

    from .files import shown

    if recipient in known:
        common.console.note("xlicense.yaml names it already; nothing was changed.")
    else:
        test((recipient,), None)  # raises where this is no recipient
        common.console.note(f"added to {shown(add_recipient(common.root, recipient))}")
    common.console.result(recipient)
    return Exit.OK


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
