"""Cisco Smart Software Manager as a provider: one virtual account of one cloud or On-Prem.

Belongs here: which calls answer which question, and in which order an effect goes. Does not belong here:
single calls (client), JSON (wire), connections (transport), paths (profiles), sentences (words, portal).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from reconciler.errors import OutcomeUnknown, ProviderError, Rejected, Unreachable, Untrusted
from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    AccountObserved,
    Action,
    Address,
    CodeKind,
    Credentials,
    Instance,
    Kind,
    Maybe,
    PoolLine,
    Problem,
    ProblemKind,
    Produced,
    Reply,
)
from reconciler.ports import Clock, Inputs, SecretSource, Tap

from . import portal, tolerant, wire
from .client import Client, where_of
from .exchange import Patience
from .login import login_of
from .profiles import CARRIED, Operation, surface_of
from .wire import Answer, Fault, Presence
from .words import failure

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
        try:
            return await self._observed(client, seen)
        except ProviderError as error:
            return replace(seen, problems=(_problem("all", error),))

    async def _observed(self, client: Client, seen: AccountObserved) -> AccountObserved:
        listed = Answer(200)
        if self._surface.can(Operation.VIRTUAL_ACCOUNTS):
            listed = await client.virtual_accounts()
            seen = self._visible(client, listed, seen)
            if seen.exists is not True:
                return seen
        pool, pool_problem = await self._pool(client, listed)
        instances, instances_problem = await self._instances(client)
        problems = tuple(problem for problem in (pool_problem, instances_problem) if problem)
        return replace(seen, pool=pool, instances=instances, problems=problems)

    def _visible(self, client: Client, answer: Answer, seen: AccountObserved) -> AccountObserved:
        """A 404 in CSSM's own words says *not visible*; anything else that is wrong says nothing."""
        where = client.where(Operation.VIRTUAL_ACCOUNTS)
        names = wire.va_names(answer.data) if answer.fault is None else None
        if names is not None:
            return replace(seen, exists=self._surface.virtual_account in names)
        error = failure(answer, where)
        gone = answer.fault is Fault.MISSING and answer.enveloped
        return replace(seen, exists=False if gone else UNKNOWN, problems=(_problem("all", error),))

    async def _pool(
        self, client: Client, va_list: Answer
    ) -> tuple[Maybe[tuple[PoolLine, ...]], Problem | None]:
        try:
            if not self._surface.can(Operation.LICENCES):
                return await self._summarised(client, va_list), None
            lines = await client.licences()
        except ProviderError as error:
            return UNKNOWN, _problem("pool", error)
        tags = await self._tags(client, va_list)
        return tuple(replace(line, tag=tags.get(line.name.casefold())) for line in lines), None

    async def _summarised(self, client: Client, va_list: Answer) -> Maybe[tuple[PoolLine, ...]]:
        if not self._surface.can(Operation.SUMMARY):
            return UNKNOWN
        data = await client.summary(va_list)
        lines = (wire.summary_line(row) for row in tolerant.rows(data, "summary"))
        return tuple(line for line in lines if line is not None)

    async def _tags(self, client: Client, va_list: Answer) -> Mapping[str, str]:
        """Entitlement tags by display name. They are a help: where they cannot be had, nothing is missing."""
        if not self._surface.can(Operation.SUMMARY) or not self._surface.can(Operation.ACCOUNTS):
            return {}
        try:
            return wire.tags_of(await client.summary(va_list))
        except ProviderError:
            return {}

    async def _instances(self, client: Client) -> tuple[Maybe[tuple[Instance, ...]], Problem | None]:
        if not self._surface.can(Operation.INSTANCES):
            return UNKNOWN, None
        try:
            return await client.instances(), None
        except ProviderError as error:
            return UNKNOWN, _problem("instances", error)

    # What is done

    async def execute(self, action: Action, inputs: Inputs) -> Reply:
        """Create or revoke a registration token. Raises one of the five ProviderErrors (ports)."""
        client = self._writing(action)
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
        token = wire.token_of(data) or await self._created(client, inputs.op_id)
        ends = self._clock.now() + timedelta(days=int(action.params["expires_after_days"]))
        return Reply("a registration token was created", (Produced(CodeKind.TOKEN, token, ends),))

    async def _created(self, client: Client, op_id: str) -> str:
        """CSSM said yes without naming the token: only an entry that bears our description is ours."""
        _, token = await self._own(client, op_id)
        if token is None:
            where = client.where(Operation.CREATE_TOKEN)
            raise OutcomeUnknown(
                f"{where}: CSSM said yes but the answer names no token",
                remedy=f'At the portal, revoke the token described "{wire.description_of(op_id)}".',
            )
        return token

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

    # A lost create answer

    async def lost_token(self, op_id: str) -> str:
        """``absent``, ``present`` or ``unknown``: whether the token that this effect made is in the list."""
        client = self._client
        return Presence.UNKNOWN.value if client is None else (await self._own(client, op_id))[0].value

    async def revoke_lost(self, op_id: str, tap: Tap) -> str:
        """Revoke the token that this effect made, where the list shows its value.

        Gives ``revoked``, ``absent``, ``present`` (its value is not shown, or no call revokes) or
        ``unknown``. Raises like execute.
        """
        client = self._client
        if client is None or self._read_only:
            return Presence.UNKNOWN.value
        presence, token = await self._own(client, op_id)
        if token is None or not self._surface.can(Operation.REVOKE_TOKEN):
            return presence.value
        await self._revoke(client, token, tap)
        return "revoked"

    async def _own(self, client: Client, op_id: str) -> tuple[Presence, str | None]:
        if not self._surface.can(Operation.LIST_TOKENS):
            return Presence.UNKNOWN, None
        try:
            return wire.own_token(await client.tokens(), op_id)
        except ProviderError:
            return Presence.UNKNOWN, None

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
        body = json.dumps(_body_shown(action), ensure_ascii=False)
        return (f"{call.method} {self._surface.url(operation)} {body}",)

    def instructions(self, action: Action) -> tuple[str, ...]:
        where = where_of(self._account, self._surface, action.kind.value, mutates=True)
        return portal.instructions(action, self._surface, where)

    def read_code(self, kind: CodeKind, data: bytes) -> str | None:
        """The token of a create answer, also of one whose end never arrived."""
        return wire.find_token(data) if kind is CodeKind.TOKEN else None


def _create_body(action: Action, op_id: str) -> dict[str, Any]:
    params = action.params
    return wire.create_token_body(
        op_id,
        export_controlled=bool(params["export_controlled"]),
        expires_after_days=int(params["expires_after_days"]),
    )


def _body_shown(action: Action) -> dict[str, Any]:
    if action.kind is Kind.CREATE_TOKEN:
        return _create_body(action, "<operation>")
    return wire.revoke_token_body("<token>")


_CREDENTIALS_REMEDY = "Name client_id and client_secret under credentials of this account."


def _no_credentials(address: Address) -> Problem:
    return Problem(
        "all", ProblemKind.UNTRUSTED, f"{address}: has no credentials for this", _CREDENTIALS_REMEDY
    )


def _problem(part: str, error: ProviderError) -> Problem:
    kind = ProblemKind.UNREADABLE
    if isinstance(error, Unreachable):
        kind = ProblemKind.UNREACHABLE
    elif isinstance(error, Untrusted):
        kind = ProblemKind.UNTRUSTED
    return Problem(part, kind, error.message, error.remedy)
