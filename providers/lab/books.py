"""The books of the lab: whether every licence is accounted for, and how often each code was used.

Belongs here: reading the world and its ledger as an auditor would. Does not belong here: changing anything,
printing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from . import slr
from .nouns import CLOUD, Node, Pool, VirtualAccount
from .reserved import Issued
from .world import World


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One pool: ``quantity`` = ``free`` + ``reserved`` + ``transit`` + ``in_use`` - ``short``.

    ``in_use`` is what connected instances use, ``short`` what they use beyond what there is. ``transit`` is
    what updates have booked on top of confirmed totals.
    """

    virtual_account: str
    licence: str
    tag: str
    quantity: int
    free: int
    reserved: int
    transit: int
    in_use: int
    short: int


@dataclass(frozen=True, slots=True)
class CodeUse:
    """A code, how often it was printed, and how often it was accepted and refused."""

    kind: str
    value: str
    given: int
    used: int
    refused: int


def pools(world: World) -> tuple[PoolRow, ...]:
    """Every pool of the clouds."""
    return tuple(
        _row(va, pool)
        for manager in world.managers.values()
        if manager.kind == CLOUD
        for account in manager.accounts
        for va in account.virtual_accounts
        for pool in va.pools
    )


def _row(va: VirtualAccount, pool: Pool) -> PoolRow:
    transit = va.in_transit(pool)
    reserved = sum(one.booking.lines.get(pool.tag, 0) for one in va.instances if one.booking)
    in_use = sum(one.usage.get(pool.name, 0) for one in va.instances)
    left = pool.quantity - reserved - transit - in_use
    return PoolRow(
        virtual_account=va.name,
        licence=pool.name,
        tag=pool.tag,
        quantity=pool.quantity,
        free=max(0, left),
        reserved=reserved,
        transit=transit,
        in_use=in_use,
        short=max(0, -left),
    )


def code_uses(world: World) -> tuple[CodeUse, ...]:
    """Every code that was given out or came back, in the order in which they turned up."""
    given = Counter((one.kind, one.value) for one in world.ledger.given)
    used = Counter((one.kind, one.value) for one in world.ledger.used if one.accepted)
    refused = Counter((one.kind, one.value) for one in world.ledger.used if not one.accepted)
    return tuple(
        CodeUse(kind, value, given[kind, value], used[kind, value], refused[kind, value])
        for kind, value in dict.fromkeys([*given, *used, *refused])
    )


def problems(world: World) -> tuple[str, ...]:
    """What an auditor complains about; nothing where every licence is accounted for."""
    return (*_over_reserved(world), *_twice(world), *_unbooked(world))


def check(world: World) -> None:
    """Raises AssertionError with every complaint."""
    found = problems(world)
    if found:
        raise AssertionError("; ".join(found))


def _over_reserved(world: World) -> Iterator[str]:
    for row in pools(world):
        if row.reserved + row.transit > row.quantity:
            yield (
                f"{row.virtual_account}: {row.reserved} and {row.transit} in transit are reserved of "
                f"{row.quantity} {row.licence}"
            )


def _twice(world: World) -> Iterator[str]:
    """One device with two reservations that hold licences."""
    held = [
        (one.serial, one.uuid)
        for one, booking in slr.reserved_instances(world)
        if booking.lines and not booking.failed
    ]
    for (serial, _), times in Counter(held).items():
        if times > 1:
            yield f"{serial} is reserved {times} times"


def _unbooked(world: World) -> Iterator[str]:
    """Licences that a running node may use and that CSSM has not booked for it."""
    for node in world.nodes.values():
        if node.powered and node.holding.installed is not None:
            yield from _beyond(world, node, node.holding.installed)


def _beyond(world: World, node: Node, installed: Issued) -> Iterator[str]:
    found = (booking for _, booking in slr.reserved_instances(world) if installed in booking.issued)
    booking = next(found, None)
    for line in installed.lines:
        booked = booking.booked(line.tag) if booking else 0
        if line.quantity > booked:
            yield f"{node.name} has {line.quantity} {line.name} installed, CSSM has {booked} booked for it"
