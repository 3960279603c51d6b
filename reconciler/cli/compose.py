"""Putting the rooms together for one command: workspace, secrets, journal, providers, engine.

Belongs here: what is built from what, and with which credentials. Does not belong here: what a command
does with it. Only this module imports providers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.errors import JournalError
from reconciler.model import AccountDesired, Address, Credentials, Desired, ManagerKind

from .libraries import quiet_the_libraries
from .options import Common
from .remembered import RememberedSecrets, remembered_codes

if TYPE_CHECKING:
    from reconciler.config import Loaded
    from reconciler.execution import Engine, Providers
    from reconciler.journal import SqliteJournal
    from reconciler.ports import Clock, Provider, Reporter, SecretSource


def load_workspace(common: Common) -> Loaded:
    """The workspace, its warnings on stderr. Raises ConfigError with every complaint."""
    from reconciler.config import load

    loaded = load(common.root)
    if loaded.warnings:
        from reconciler.reporting import complaints_text

        console = common.console
        console.note(complaints_text(loaded.warnings, width=console.width_err, color=console.colour_err))
    return loaded


def journal_folder(desired: Desired) -> Path:
    """The state folder of this workspace. Raises JournalError where the YAML asks for another journal."""
    from reconciler.journal import state_folder

    if desired.journal.url is not None:
        raise JournalError(
            "journal.url names a shared journal, and this release only has the one of this machine",
            remedy="Leave journal.url out, and run from one machine only.",
        )
    return state_folder(desired.workspace)


def identity_of(desired: Desired) -> Path:
    """The age identity that reads codes here: ``journal.identity``, else the user's own."""
    from reconciler.journal import default_identity

    named = desired.journal.identity
    return Path(desired.root, Path(named).expanduser()) if named else default_identity()


@contextmanager
def opened_journal(desired: Desired, clock: Clock) -> Iterator[SqliteJournal]:
    """The journal of this workspace, closed at the end. Raises JournalError."""
    from reconciler.journal import open_journal

    identity = identity_of(desired)
    journal = open_journal(
        journal_folder(desired),
        workspace=desired.workspace,
        recipients=desired.journal.recipients,
        identity=identity if identity.exists() else None,
        clock=clock,
    )
    try:
        yield journal
    finally:
        journal.close()


@asynccontextmanager
async def engine(
    common: Common, desired: Desired, reporter: Reporter, *, read_only: bool
) -> AsyncIterator[Engine]:
    """Everything a run needs; connections are closed at the end, whatever happened.

    ``read_only`` takes the read credentials where there are any, and providers that send no change.
    """
    from reconciler.config import SecretResolver
    from reconciler.execution import Engine, SystemClock

    quiet_the_libraries(common.verbosity)
    clock = SystemClock()
    secrets = RememberedSecrets(SecretResolver(Path(desired.root), desired))
    with opened_journal(desired, clock) as journal:
        providers = _providers(desired, secrets, clock, read_only=read_only)
        try:
            yield Engine(
                desired,
                providers,
                remembered_codes(journal),
                clock,
                reporter,
                secrets,
                __version__,
                common.parallelism,
            )
        finally:
            await providers.close()


def _providers(desired: Desired, secrets: SecretSource, clock: Clock, *, read_only: bool) -> Providers:
    from providers.expressway import ExpresswayProvider
    from reconciler.execution import Providers

    nodes = {node.address: node for cluster in desired.clusters for node in cluster.nodes}
    return Providers(
        ExpresswayProvider(nodes, secrets, clock, read_only=read_only),
        _account_providers(desired, secrets, clock, read_only=read_only),
    )


def _account_providers(
    desired: Desired, secrets: SecretSource, clock: Clock, *, read_only: bool
) -> Mapping[Address, Provider]:
    """One for each account that matters to a cluster: the others are never spoken to."""
    from providers.cssm import CssmProvider

    used = desired.accounts_of(desired.clusters)
    return {
        account.address: CssmProvider(
            account, credentials_for(account, read_only=read_only), secrets, clock, read_only=read_only
        )
        for account in desired.accounts
        if account.name in used
    }


def credentials_for(account: AccountDesired, *, read_only: bool) -> Credentials | None:
    """Read credentials for reading where there are any; never those for an apply with a hand-off."""
    if account.manager.kind is ManagerKind.HAND_OFF:
        return None
    return (account.read or account.apply) if read_only else account.apply
