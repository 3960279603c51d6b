"""What one account is asked for an observation, and what is made of the answers.

Belongs here: which reads, in which order, and what a failed one costs. Does not belong here: effects
(provider, reservation), single calls (client), JSON (wire, instances).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.errors import ProviderError, Unreachable, Untrusted
from reconciler.model import (
    UNKNOWN,
    AccountObserved,
    Instance,
    Maybe,
    PoolLine,
    Problem,
    ProblemKind,
)

from . import instances, reserving, tolerant, wire
from .client import Client
from .profiles import Operation, Surface
from .refusals import may_not_reserve
from .wire import Answer, Fault
from .words import failure

Tags = Mapping[str, frozenset[str]]
"""Entitlement tags by display name in small letters."""


async def observed(client: Client, surface: Surface, seen: AccountObserved) -> AccountObserved:
    """``seen`` filled in. Parts that could not be read stay UNKNOWN and are named in its problems."""
    try:
        return await _observed(client, surface, seen)
    except ProviderError as error:
        return replace(seen, problems=(problem("all", error),))


async def _observed(client: Client, surface: Surface, seen: AccountObserved) -> AccountObserved:
    listed = Answer(200)
    if surface.can(Operation.VIRTUAL_ACCOUNTS):
        listed = await client.virtual_accounts()
        seen = _visible(client, surface, listed, seen)
        if seen.exists is not True:
            return seen
    seen = await _with_pool(client, surface, listed, seen)
    seen = await _with_instances(client, surface, seen)
    return await _with_reservable(client, surface, seen)


def _visible(client: Client, surface: Surface, answer: Answer, seen: AccountObserved) -> AccountObserved:
    """A 404 in CSSM's own words says *not visible*; anything else that is wrong says nothing."""
    where = client.where(Operation.VIRTUAL_ACCOUNTS)
    names = wire.va_names(answer.data) if answer.fault is None else None
    if names is not None:
        return replace(seen, exists=surface.virtual_account in names)
    error = failure(answer, where)
    gone = answer.fault is Fault.MISSING and answer.enveloped
    return replace(seen, exists=False if gone else UNKNOWN, problems=(problem("all", error),))


async def _with_pool(
    client: Client, surface: Surface, va_list: Answer, seen: AccountObserved
) -> AccountObserved:
    try:
        if not surface.can(Operation.LICENCES):
            return replace(seen, pool=await _summarised(client, surface, va_list))
        lines = await client.licences()
    except ProviderError as error:
        return _troubled(seen, "pool", error)
    tags = await _tags(client, surface, va_list)
    named = tuple(replace(line, tag=tags.get(line.name.casefold())) for line in lines)
    return replace(seen, pool=named)


async def _summarised(client: Client, surface: Surface, va_list: Answer) -> Maybe[tuple[PoolLine, ...]]:
    if not surface.can(Operation.SUMMARY):
        return UNKNOWN
    data = await client.summary(va_list)
    lines = (wire.summary_line(row) for row in tolerant.rows(data, "summary"))
    return tuple(line for line in lines if line is not None)


async def _tags(client: Client, surface: Surface, va_list: Answer) -> Mapping[str, str]:
    """Entitlement tags by display name. They are a help: where they cannot be had, nothing is missing."""
    if not _has_summary(surface):
        return {}
    try:
        return wire.tags_of(await client.summary(va_list))
    except ProviderError:
        return {}


async def _with_instances(client: Client, surface: Surface, seen: AccountObserved) -> AccountObserved:
    if not surface.can(Operation.INSTANCES):
        return seen
    try:
        return replace(seen, instances=await client.instances())
    except ProviderError as error:
        return _troubled(seen, "instances", error)


async def _with_reservable(client: Client, surface: Surface, seen: AccountObserved) -> AccountObserved:
    """What may be reserved for the product of the Expressways that are there. A help like the tags; that
    the account may not reserve at all is worth knowing early (S56)."""
    tags = _product_tags(seen.instances)
    if not surface.can(Operation.SEARCH_RESERVABLE) or not tags:
        return seen
    try:
        found = reserving.reservable_of(await client.reservable(tags), _names(seen.pool))
    except ProviderError as error:
        return replace(seen, reservation_allowed=False) if may_not_reserve(error.said) else seen
    return replace(seen, reservable=found)


def _product_tags(seen: Maybe[tuple[Instance, ...]]) -> tuple[str, ...]:
    if seen is UNKNOWN:
        return ()
    ours = (one.product_tag for one in seen if instances.is_expressway(one))
    return tuple(sorted({tag for tag in ours if tag}))


def _names(pool: Maybe[tuple[PoolLine, ...]]) -> Mapping[str, str]:
    return {} if pool is UNKNOWN else {line.tag: line.name for line in pool if line.tag}


async def tag_sets(client: Client, surface: Surface) -> Tags:
    """Every tag of every display name of the pool, for lines that name none. Raises ProviderError."""
    if not _has_summary(surface):
        return {}
    return wire.tag_sets(await client.summary(await client.virtual_accounts()))


def _has_summary(surface: Surface) -> bool:
    return surface.can(Operation.SUMMARY) and surface.can(Operation.ACCOUNTS)


def _troubled(seen: AccountObserved, part: str, error: ProviderError) -> AccountObserved:
    return replace(seen, problems=(*seen.problems, problem(part, error)))


def problem(part: str, error: ProviderError) -> Problem:
    kind = ProblemKind.UNREADABLE
    if isinstance(error, Unreachable):
        kind = ProblemKind.UNREACHABLE
    elif isinstance(error, Untrusted):
        kind = ProblemKind.UNTRUSTED
    return Problem(part, kind, error.message, error.remedy)
