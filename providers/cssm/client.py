"""The calls of one account, one by one: surface + wire + transport, without knowing what they are for.

Belongs here: sending an operation, judging its answer, turning pages. Does not belong here: what is read for
an observation and in which order an effect goes (provider).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from reconciler.errors import Unreadable
from reconciler.model import AccountDesired, Instance, ManagerKind, PoolLine
from reconciler.ports import Clock, Tap

from . import reserving, tolerant, wire
from .exchange import Login, Patience, Request, host_of
from .instances import instance_of
from .profiles import MUTATIONS, Operation, Paging, Surface
from .tolerant import Pages
from .wire import Answer, Fault
from .words import Where, failure

T = TypeVar("T")

_DOING: Mapping[Operation, str] = {
    Operation.ACCOUNTS: "find the account",
    Operation.VIRTUAL_ACCOUNTS: "list the virtual accounts",
    Operation.LICENCES: "read the licences",
    Operation.SUMMARY: "read the licence summary",
    Operation.INSTANCES: "read the product instances",
    Operation.LIST_TOKENS: "list the registration tokens",
    Operation.CREATE_TOKEN: "create a registration token",
    Operation.REVOKE_TOKEN: "revoke a registration token",
    Operation.SEARCH_RESERVABLE: "read what may be reserved",
    Operation.DEVICE_SEARCH: "search the device in all accounts",
    Operation.RESERVE: "reserve licences",
    Operation.UPDATE_RESERVATION: "update the reserved licences",
    Operation.CONFIRM_RESERVATION: "enter the confirmation code",
    Operation.REMOVE_INSTANCE: "remove the product instance",
    Operation.REMOVE_GHOST: "remove the product instance",
}


class Client:
    """One account's calls. Every method raises one of the five ProviderErrors, worded for a person."""

    def __init__(
        self, account: AccountDesired, surface: Surface, login: Login, clock: Clock, patience: Patience
    ) -> None:
        from .transport import Transport  # a quarter of a second that an account never asked need not cost

        manager = account.manager
        self._account = account
        self._surface = surface
        self._clock = clock
        self._transport = Transport(login, ca_file=manager.ca_file, proxy=manager.proxy, patience=patience)

    async def close(self) -> None:
        await self._transport.close()

    def where(self, operation: Operation) -> Where:
        return where_of(self._account, self._surface, _DOING[operation], operation in MUTATIONS)

    # Reads

    async def virtual_accounts(self) -> Answer:
        """The list as CSSM gives it; a fault is returned and not raised, for it may mean *not visible*."""
        call = self._surface.calls[Operation.VIRTUAL_ACCOUNTS]
        if call.paging is Paging.NONE:
            return await self._answer(Operation.VIRTUAL_ACCOUNTS)
        rows = await self._rows(Operation.VIRTUAL_ACCOUNTS, wire.VA_KEYS)
        return Answer(200, {"data": rows}, enveloped=True)

    async def licences(self) -> tuple[PoolLine, ...]:
        rows = await self._rows(Operation.LICENCES, ("licenses",))
        return self._lines(rows, wire.pool_line)

    async def summary(self, va_list: Answer) -> Any:
        """The summary of the pool. Needs the numeric ids that only account searches give."""
        account, virtual = await self._ids(va_list)
        nonce = secrets.token_hex(8)
        answer = self._good(
            Operation.SUMMARY,
            await self._answer(
                Operation.SUMMARY,
                body=wire.summary_body(self._clock.now(), nonce),
                headers=(
                    ("X-CSW-SMART-ACCOUNT-ID", account),
                    ("X-CSW-VIRTUAL-ACCOUNT-ID", virtual),
                    ("X-CSW-REQUESTING-SYSTEM", self._surface.profile.requesting_system),
                ),
            ),
        )
        if not wire.is_summary(answer.data, nonce):
            raise Unreadable(f"{self.where(Operation.SUMMARY)}: the answer belongs to another request")
        return answer.data

    async def instances(self) -> tuple[Instance, ...]:
        rows = await self._rows(Operation.INSTANCES, ("devices",))
        return self._lines(rows, instance_of)

    async def devices(self, serial: str) -> list[dict[str, Any]]:
        """Every device of this serial in every account that these credentials see, as rows."""
        operation = Operation.DEVICE_SEARCH
        headers = (("X-CSW-REQUESTING-SYSTEM", self._surface.profile.requesting_system),)
        answer = await self._answer(operation, query={"udi_serial_number": serial}, headers=headers)
        if answer.fault is Fault.MISSING and answer.enveloped:
            return []
        data = self._good(operation, answer).data
        if not tolerant.has_rows(data, "data"):
            raise failure(replace(answer, fault=Fault.STRANGE), self.where(operation))
        return tolerant.rows(data, "data")

    async def reservable(self, product_tags: Sequence[str]) -> Any:
        """What may be reserved for these products, as CSSM says it."""
        operation = Operation.SEARCH_RESERVABLE
        body = {"softwareTags": list(product_tags)}
        return self._good(operation, await self._answer(operation, body=body)).data

    async def tokens(self) -> Any:
        return self._good(Operation.LIST_TOKENS, await self._answer(Operation.LIST_TOKENS)).data

    # Mutations

    async def create_token(self, body: Mapping[str, Any], tap: Tap) -> Any:
        """The create answer, complete and good."""
        answer = await self.mutate(Operation.CREATE_TOKEN, body, tap)
        return self._good(Operation.CREATE_TOKEN, answer).data

    async def revoke_token(self, token: str, tap: Tap) -> Any:
        body = wire.revoke_token_body(token)
        answer = await self.mutate(Operation.REVOKE_TOKEN, body, tap, token)
        return self._good(Operation.REVOKE_TOKEN, answer).data

    async def mutate(
        self, operation: Operation, body: Mapping[str, Any], tap: Tap, hidden: str = ""
    ) -> Answer:
        """Send it once. The answer may have a fault; ``hidden`` is a code that its sentence may repeat."""
        response = await self._transport.mutate(self._request(operation, body), tap)
        return self._judged(response.status, response.body, hidden)

    def hidden(self, answer: Answer, code: str = "") -> Answer:
        """The answer with a sentence that shows neither secrets nor codes: those it gives, and this one."""
        given = (wire.token_of(answer.data) or "", reserving.authorization_of(answer.data) or "")
        return replace(answer, said=tolerant.without(self._transport.hide(answer.said), (code, *given)))

    # One answer, many pages

    def _request(
        self,
        operation: Operation,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str | int] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Request:
        method = self._surface.calls[operation].method
        return Request(method, self._surface.url(operation, query), self.where(operation), body, headers)

    async def _answer(self, operation: Operation, **more: Any) -> Answer:
        response = await self._transport.read(self._request(operation, **more))
        return self._judged(response.status, response.body)

    def _judged(self, status: int, body: bytes, hidden: str = "") -> Answer:
        return self.hidden(wire.read_answer(status, body), hidden)

    def _good(self, operation: Operation, answer: Answer) -> Answer:
        if answer.fault is not None:
            raise failure(answer, self.where(operation))
        return answer

    async def _rows(self, operation: Operation, keys: tuple[str, ...]) -> list[dict[str, Any]]:
        pages = Pages()
        while pages.wanted is not None:
            answer = self._good(operation, await self._page(operation, pages.wanted))
            if not tolerant.has_rows(answer.data, *keys):
                raise failure(Answer(answer.status, None, Fault.STRANGE, answer.said), self.where(operation))
            pages.take(tolerant.rows(answer.data, *keys), tolerant.total_of(answer.data))
        if pages.cut:
            raise Unreadable(
                f"{self.where(operation)}: more than {len(pages.rows)} rows; this is not read to its end",
                remedy="Give this account a virtual account of its own.",
            )
        return pages.rows

    async def _page(self, operation: Operation, offset: int) -> Answer:
        paging = self._surface.calls[operation].paging
        if paging is Paging.BODY:
            body = wire.page_body(self._surface.virtual_account, offset)
            return await self._answer(operation, body=body)
        if paging is Paging.QUERY:
            return await self._answer(operation, query={"limit": tolerant.PAGE, "offset": offset})
        return await self._answer(operation, query={"startIdx": offset, "rowsPerPage": tolerant.PAGE})

    def _lines(self, rows: list[dict[str, Any]], read: Callable[[dict[str, Any]], T | None]) -> tuple[T, ...]:
        va = self._surface.virtual_account
        lines = (read(row) for row in rows if wire.belongs(row, va))
        return tuple(line for line in lines if line is not None)

    async def _ids(self, va_list: Answer) -> tuple[str, str]:
        name, va = self._surface.account_name, self._surface.virtual_account
        paging = self._surface.calls[Operation.ACCOUNTS].paging
        if paging is Paging.NONE:
            found = self._good(Operation.ACCOUNTS, await self._answer(Operation.ACCOUNTS)).data
        else:
            found = await self._rows(Operation.ACCOUNTS, ("data", "accounts"))
        account, virtual = wire.account_ids(found, name, va)
        virtual = virtual or wire.va_id(va_list.data, va)
        if account is None or virtual is None:
            raise Unreadable(
                f"{self.where(Operation.SUMMARY)}: the numeric ids of the account are not shown",
                remedy="The search of accounts must show this account to these credentials.",
            )
        return account, virtual


def where_of(account: AccountDesired, surface: Surface, doing: str, mutates: bool) -> Where:
    """Who and what a sentence is about."""
    on_prem = account.manager.kind is ManagerKind.ON_PREM
    return Where(
        doing=doing,
        account=account.address,
        holder=f"{'local account' if on_prem else 'Smart Account'} {surface.account_name}",
        virtual_account=surface.virtual_account,
        host=host_of(surface.base),
        on_prem=on_prem,
        mutates=mutates,
    )
