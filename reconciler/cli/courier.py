"""``courier BUNDLE``: carry out a bundle's requests on a machine that reaches CSSM, and write the answers.

Belongs here: options, credentials, files and wording. Does not belong here: what is sent and remembered
(courier_run), the format (providers.handoff).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import Exit, Refused, UsageError, XlicenseError, strongest
from reconciler.model import AccountDesired, Address, Credentials, Manager, ManagerKind, SecretRef

from .apply import in_ci
from .files import PRIVATE, shown, write_whole
from .handoff_crossing import read_bytes
from .lazy import command
from .options import Common, common

if TYPE_CHECKING:
    from providers.handoff import Bundle, BundleAccount

    from .courier_run import Carried

CLIENT_ID = "XLICENSE_COURIER_CLIENT_ID"
CLIENT_SECRET = "XLICENSE_COURIER_CLIENT_SECRET"
_PEER = Credentials(SecretRef("env", CLIENT_ID), SecretRef("env", CLIENT_SECRET))


@command(
    "courier",
    examples=[
        "xlicense courier bundle.json -o answers.json",
        "xlicense courier bundle.json -o answers.json --profile software-apis",
        "xlicense courier bundle.json -o answers.json --account vault-room",
    ],
)
@click.argument("source", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "target", metavar="ANSWERS", type=click.Path(path_type=Path),
    help="Where to write the answers; stdout by default.",
)  # fmt: skip
@click.option("--account", metavar="NAME", help="Only the requests of this account; the others stay.")
@click.option(
    "--profile", type=click.Choice(["legacy", "software-apis"]), default="legacy", show_default=True,
    help="Which of CSSM's surfaces the credentials are for.",
)  # fmt: skip
@click.option("--base-url", metavar="URL", help="Another address of the API.")
@click.option("--token-url", metavar="URL", help="Another address of the login.")
@click.option(
    "--ca-file", metavar="FILE", type=click.Path(path_type=Path),
    help="A PEM file of the authority that signs what this machine reaches (an inspecting proxy).",
)  # fmt: skip
@click.option("--proxy", metavar="URL", help="The HTTP proxy of this machine.")
@common("workspace")
def courier_command(
    common: Common,
    source: Path,
    target: Path | None,
    account: str | None,
    profile: str,
    base_url: str | None,
    token_url: str | None,
    ca_file: Path | None,
    proxy: str | None,
) -> Exit:
    """Carry out what a bundle asks for, at CSSM, and write the answers, encrypted to whom the bundle names.

    No workspace is needed. The credentials are in two environment variables, XLICENSE_COURIER_CLIENT_ID and
    XLICENSE_COURIER_CLIENT_SECRET. What was carried out is remembered on this machine under the id of each
    request: run again, it is answered from memory and not sent twice, so use one machine for a workspace. A
    request whose outcome is not known is never repeated.

    Exit 0 when everything is done, 7 when something failed, 8 when an outcome is not known, 9 when something
    is left to a person, 130 when interrupted at a safe point (the answers so far are written).
    """
    from providers.handoff import Answers, read_bundle, write_answers
    from reconciler.execution import SystemClock

    _can_write(source, target)
    bundle, digest = read_bundle(read_bytes(source, "the bundle"))
    manager = Manager(
        ManagerKind.CLOUD, profile, base_url, token_url, str(ca_file.absolute()) if ca_file else None, proxy
    )
    accounts = _accounts(bundle, account, manager)
    _may_start(bundle)
    carried = _carried(common, bundle, digest, accounts)
    answers = Answers(
        workspace=bundle.workspace,
        bundle=digest,
        created_at=SystemClock().now(),
        answers=tuple(item.answer for item in carried),
    )
    _tell(common, carried, told=target is not None)
    _put(common, target, write_answers(answers).decode())
    return strongest(item.exit_code for item in carried)


def _can_write(source: Path, target: Path | None) -> None:
    """Before anything is sent: answers that find no place can be had again, but only by another trip."""
    if target is None:
        return
    if target.exists() and source.exists() and target.samefile(source):
        raise UsageError("the answers would replace the bundle", remedy="-o ANOTHER_FILE")
    if not target.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {target.parent} for the answers")


def _accounts(bundle: Bundle, only: str | None, manager: Manager) -> Mapping[str, AccountDesired]:
    """The accounts to speak to, by name. Raises UsageError or XlicenseError."""
    known = {request.account.name: request.account for request in bundle.requests}
    if only is not None and only not in known:
        raise UsageError(f"the bundle asks nothing of {only!r}", remedy=f"It asks of: {', '.join(known)}")
    chosen = {name: part for name, part in known.items() if only in {None, name}}
    if len({request.account for request in bundle.requests}) != len(known):
        raise XlicenseError("the bundle gives one account two virtual accounts; export it again")
    return {name: _account(part, manager) for name, part in chosen.items()}


def _account(part: BundleAccount, manager: Manager) -> AccountDesired:
    if not part.smart_account:
        raise XlicenseError(
            f"the bundle does not name the Smart Account of {part.name}",
            remedy="smart_account: at this account in xlicense.yaml, and export again",
        )
    try:
        address = Address.of_account(part.name)
    except ValueError:
        raise XlicenseError("the bundle names an account as no workspace could") from None
    return AccountDesired(
        address, part.name, part.virtual_account, manager, smart_account=part.smart_account, apply=_PEER
    )


def _may_start(bundle: Bundle) -> None:
    if not bundle.recipients:
        raise XlicenseError(
            "the bundle names nobody who could read the answers",
            remedy="xlicense key init, inside, and export again",
        )
    if in_ci():
        raise Refused(
            "requests must never be sent twice, and what this CI job remembers ends with it",
            remedy="Run the courier on a machine whose state folder stays.",
        )


def _carried(
    common: Common, bundle: Bundle, digest: str, accounts: Mapping[str, AccountDesired]
) -> list[Carried]:
    from reconciler.config import SecretResolver

    from .courier_run import Trip, carry
    from .libraries import quiet_the_libraries
    from .making import awaited
    from .remembered import RememberedSecrets

    quiet_the_libraries(common.verbosity)
    secrets = RememberedSecrets(SecretResolver(common.root, _PEER))
    if accounts:
        for ref in (_PEER.client_id, _PEER.client_secret):
            secrets.resolve(ref)  # raises before anything is opened
    return awaited(carry(common, Trip(bundle, digest, accounts, secrets)))


def _tell(common: Common, carried: list[Carried], *, told: bool) -> None:
    """What became of each request: on stdout, unless that is where the answers go."""
    from reconciler.reporting import one_line

    for item in carried:
        line = f"{item.answer.id}: {item.answer.outcome.value}: {one_line(item.answer.text)}"
        if told:
            common.console.result(line)
        else:
            common.console.say(line)


def _put(common: Common, target: Path | None, text: str) -> None:
    if target is None:
        common.console.json(text)
        return
    write_whole(target, text, mode=PRIVATE)
    common.console.note(
        f"The answers are in {shown(target.absolute())}. Inside: xlicense handoff import {target.name}"
    )
