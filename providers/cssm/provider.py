"""Cisco Smart Software Manager as a provider: one virtual account of one cloud or On-Prem.

Belongs here: which calls answer which question, and in which order an effect goes. Does not belong here:
single calls (client), JSON (wire), connections (transport), paths (profiles), sentences (words, portal).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from reconciler.errors import OutcomeUnknown, ProviderError, Rejected, Unreachable, Untrusted
from reconciler.model import (
    AccountDesired,
    AccountObserved,
    Action,
    Address,
    CodeKind,
    Credentials,
    Kind,
    Problem,
    ProblemKind,
    Produced,
    Reply,
)
from reconciler.ports import Clock, Inputs, SecretSource, Tap

from . import observing, portal, reservation, reserving, tolerant, wire
from .client import Client, where_of
from .exchange import Patience
from .login import login_of
from .profiles import CARRIED, Operation, surface_of
from .wire import Presence

_OPERATION: Mapping[Kind, Operation] = {kind: operation for operation, kind in CARRIED.items()}


class CssmProvider:
    """One account. ``credentials`` are the ones to use now: the account's ``read`` or ``apply`` pair.

    Raises ConfigError where the manager names a profile, operation or address that makes no sense.
    """

    def __init__(
        self,
        account: AccountDesired,
        credentials: Credentials | None,
        secrets: SecretSource,
        clock: Clock,
        *,
        read_only: bool,
        patience: Patience | None = None,
    ) -> None:
        self._account = account
        self._credentials = credentials
        self._clock = clock
        self._read_only = read_only
        self._secrets = secrets
        self._patience = patience or Patience()
        self._surface = surface_of(account)
        self._opened: Client | None = None

    @property
    def _client(self) -> Client | None:
        """Made at the first need: None where there is nothing to ask, or nobody to ask as."""
        if self._opened is None and self._credentials is not None and self._surface.calls:
            login = login_of(self._account, self._surface, self._credentials, self._secrets)
            self._opened = Client(self._account, self._surface, login, self._clock, self._patience)
        return self._opened

    async def close(self) -> None:
        client, self._opened = self._opened, None
        if client is not None:
            await client.close()

    def capabilities(self) -> Mapping[Address, frozenset[str]]:
        """What an apply could carry out: the profile's calls, where credentials that may apply are named."""
        named = self._account.apply is not None or self._credentials not in {None, self._account.read}
        kinds = (kind.value for operation, kind in CARRIED.items() if named and self._surface.can(operation))
        return {self._account.address: frozenset(kinds)}

    # What is there

    async def observe(self, address: Address) -> AccountObserved:
        """Visible, pool and instances. Parts that could not be read are UNKNOWN and named in problems."""
        seen = AccountObserved(address, self._clock.now())
        if not self._surface.calls:
            return seen
        client = self._client
        if client is None:
            return replace(seen, problems=(_no_credentials(address),))
        return await observing.observed(client, self._surface, seen)

    # What is done

    async def execute(self, action: Action, inputs: Inputs) -> Reply:
        """One call that changes something. Raises one of the five ProviderErrors (ports); Rejected also
        where a look says no before anything is sent."""
        client = self._writing(action)
        if action.kind in reservation.KINDS:
            effects = reservation.Reservations(client, self._surface, self._clock, self._patience.vanish)
            return await effects.carry_out(action, inputs)
        if action.kind is Kind.CREATE_TOKEN:
            return await self._create(client, action, inputs)
        return await self._revoke(client, self._held(action, inputs), inputs.tap)

    def _writing(self, action: Action) -> Client:
        operation = _OPERATION.get(action.kind)
        if operation is None or not self._surface.can(operation):
            raise Unreachable(
                f"{self._account.address}: {action.kind.value} has no known call in the profile "
                f"{self._surface.profile.name}; nothing was sent",
                remedy="A person does it at the portal, or manager.paths names the call.",
            )
        if self._read_only:
            raise Unreachable(f"{self._account.address}: opened for reading only; nothing was sent")
        client = self._client
        if client is None:
            raise Untrusted(_no_credentials(self._account.address).message, remedy=_CREDENTIALS_REMEDY)
        return client

    def _held(self, action: Action, inputs: Inputs) -> str:
        slot = str(action.params["token"])
        value = inputs.codes.get(slot)
        if not value:
            raise Unreachable(f"{self._account.address}: {slot} is not readable here; nothing was sent")
        return value

    async def _create(self, client: Client, action: Action, inputs: Inputs) -> Reply:
        body = _create_body(action, inputs.op_id)
        data = await client.create_token(body, inputs.tap)
        token = wire.token_of(data)
        if token is None:
            raise OutcomeUnknown(
                f"{client.where(Operation.CREATE_TOKEN)}: CSSM said yes but the answer names no token",
                remedy=f'At the portal, revoke the token described "{wire.description_of(inputs.op_id)}".',
            )
        ends = self._clock.now() + timedelta(days=int(action.params["expires_after_days"]))
        return Reply("a registration token was created", (Produced(CodeKind.TOKEN, token, ends),))

    async def _revoke(self, client: Client, token: str, tap: Tap) -> Reply:
        """A token that is no longer in the list is revoked, whatever CSSM says about the call."""
        try:
            fault = wire.revoke_fault(await client.revoke_token(token, tap))
        except Rejected as error:
            if await self._listed(client, token) is Presence.ABSENT:
                return Reply("the registration token is not there any more")
            raise error from None
        if fault is not None and await self._listed(client, token) is not Presence.ABSENT:
            said = tolerant.without(fault, (token,))
            raise Rejected(f'{client.where(Operation.REVOKE_TOKEN)}: CSSM said no: "{said}"', said=said)
        return Reply("the registration token was revoked")

    async def _listed(self, client: Client, token: str) -> Presence:
        if not self._surface.can(Operation.LIST_TOKENS):
            return Presence.UNKNOWN
        try:
            return wire.listed(await client.tokens(), token)
        except ProviderError:
            return Presence.UNKNOWN

    # What would be sent, and what a person would do

    def commands(self, action: Action) -> tuple[str, ...]:
        """Method, address and body; empty where no call carries this action."""
        operation = _OPERATION.get(action.kind)
        if operation is None or not self._surface.can(operation):
            return ()
        call = self._surface.calls[operation]
        body = json.dumps(_body_shown(action, call.body_keys), ensure_ascii=False)
        return (f"{call.method} {self._surface.url(operation)} {body}",)

    def instructions(self, action: Action) -> tuple[str, ...]:
        where = where_of(self._account, self._surface, action.kind.value, mutates=True)
        return portal.instructions(action, self._surface, where)

    def read_code(self, kind: CodeKind, data: bytes) -> str | None:
        """The code of an answer, also of one whose end never arrived."""
        find = {CodeKind.TOKEN: wire.find_token, CodeKind.AUTHORIZATION: reserving.find_authorization}
        return find[kind](data) if kind in find else None

    async def find_code(self, kind: CodeKind, op_id: str) -> str | None:
        """The token whose description names this effect, where the list of tokens shows its value."""
        client = self._client
        if client is None or kind is not CodeKind.TOKEN or not self._surface.can(Operation.LIST_TOKENS):
            return None
        try:
            token: str | None = wire.own_token(await client.tokens(), op_id)
        except ProviderError:
            return None
        return token


def _create_body(action: Action, op_id: str) -> dict[str, Any]:
    params = action.params
    return wire.create_token_body(
        op_id,
        export_controlled=bool(params["export_controlled"]),
        expires_after_days=int(params["expires_after_days"]),
    )


def _body_shown(action: Action, keys: Sequence[str]) -> dict[str, Any]:
    if action.kind is Kind.CREATE_TOKEN:
        return _create_body(action, "<operation>")
    if action.kind in reservation.KINDS:
        return reservation.body_shown(action, keys)
    return wire.revoke_token_body("<token>")


_CREDENTIALS_REMEDY = "Name client_id and client_secret under credentials of this account."


def _no_credentials(address: Address) -> Problem:
    return Problem(
        "all", ProblemKind.UNTRUSTED, f"{address}: has no credentials for this", _CREDENTIALS_REMEDY
    )
