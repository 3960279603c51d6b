"""Which surface answers these credentials? Every read of every profile, tried once, for a diagnosis.

Access to one deployment of CSSM says nothing about the others, and nobody can tell which one a new
application was granted until it is tried; only calls that read are tried here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.errors import ProviderError
from reconciler.model import AccountDesired, Credentials, ManagerKind
from reconciler.ports import Clock, SecretSource

from .client import Client
from .exchange import Patience
from .login import login_of
from .profiles import Operation, surface_of
from .words import failure

CLOUD_PROFILES = ("legacy", "software-apis")


@dataclass(frozen=True, slots=True)
class Probed:
    """One call of one profile. ``text`` says what happened, in a sentence, without secrets."""

    profile: str
    operation: str
    answers: bool
    text: str


async def probe(
    account: AccountDesired,
    credentials: Credentials,
    secrets: SecretSource,
    clock: Clock,
    *,
    patience: Patience | None = None,
) -> tuple[Probed, ...]:
    """The configured profile first, then the other cloud profile at its published address."""
    found: list[Probed] = []
    for candidate in _candidates(account):
        surface = surface_of(candidate)
        login = login_of(candidate, surface, credentials, secrets)
        client = Client(candidate, surface, login, clock, patience or Patience())
        try:
            for operation, ask in _reads(client).items():
                if surface.can(operation):
                    found.append(await _asked(surface.profile.name, operation, ask))
        finally:
            await client.close()
    return tuple(found)


def _candidates(account: AccountDesired) -> tuple[AccountDesired, ...]:
    manager = account.manager
    if manager.kind is not ManagerKind.CLOUD:
        return (account,)
    plain = replace(manager, base_url=None, token_url=None, paths=(), capabilities=())
    others = (name for name in CLOUD_PROFILES if name != manager.profile)
    return (account, *(replace(account, manager=replace(plain, profile=name)) for name in others))


def _reads(client: Client) -> Mapping[Operation, Callable[[], Awaitable[Any]]]:
    async def virtual_accounts() -> None:
        answer = await client.virtual_accounts()
        if answer.fault is not None:
            raise failure(answer, client.where(Operation.VIRTUAL_ACCOUNTS))

    return {
        Operation.VIRTUAL_ACCOUNTS: virtual_accounts,
        Operation.LICENCES: client.licences,
        Operation.INSTANCES: client.instances,
        Operation.LIST_TOKENS: client.tokens,
    }


async def _asked(profile: str, operation: Operation, ask: Callable[[], Awaitable[Any]]) -> Probed:
    try:
        await ask()
    except ProviderError as error:
        return Probed(profile, operation.value, answers=False, text=error.message)
    return Probed(profile, operation.value, answers=True, text="answers")
