"""A person at the portal of CSSM: reserve, update, confirm, remove, rehost, download; where the page shows an
authorization code at its end, that is the result.

For tests and demonstrations of what goes on beside the program: an air gap, another admin, a repair. What the
portal refuses is a ValueError with its sentence. Belongs here: what a person can do there, and finding what
they mean. Does not belong here: what CSSM makes of it (`slr`).
"""

from __future__ import annotations

from collections.abc import Mapping

from . import slr
from .ledger import Asked
from .manager import Declined
from .nouns import ENTITLEMENTS, TAGS, Account, Instance, VirtualAccount
from .world import World

WHERE = "portal"
Quantities = Mapping[str, int]
"""Totals by short name (``rms``), display name or entitlement tag."""


def reserve(world: World, *, virtual_account: str, request_code: str, quantities: Quantities) -> str:
    """*License Reservation*: the authorization code for the device of a request code."""
    account, va = _virtual_account(world, virtual_account)
    _asked(world, f"reserve in {va.name}")
    try:
        return slr.reserve(world, account, va, request_code.strip(), tags(va, quantities)).text
    except Declined as declined:
        raise ValueError(str(declined)) from None


def update(world: World, *, serial: str, quantities: Quantities) -> str:
    """*Update Reserved Licenses*: the totals of every line; a line that is left blank becomes nothing."""
    _, va, instance = find(world, serial)
    _asked(world, f"update {instance.serial}")
    try:
        return slr.update(world, va, instance, tags(va, quantities)).text
    except Declined as declined:
        raise ValueError(str(declined)) from None


def confirm(world: World, *, serial: str, code: str) -> None:
    """*Enter Confirmation Code*."""
    _, _, instance = find(world, serial)
    _asked(world, f"confirm {instance.serial}")
    try:
        slr.confirm(world, instance, code)
    except Declined as declined:
        raise ValueError(str(declined)) from None


def remove(world: World, *, serial: str, return_code: str | None = None) -> None:
    """*Remove*: a reservation asks for the return code."""
    _, va, instance = find(world, serial)
    _asked(world, f"remove {instance.serial}")
    try:
        slr.remove(world, va, instance, return_code)
    except Declined as declined:
        raise ValueError(str(declined)) from None


def rehost(world: World, *, failed: str, request_code: str) -> str:
    """*Rehost Licenses from a Failed Product*: the authorization code of the replacement."""
    account, va, instance = find(world, failed)
    _asked(world, f"rehost {instance.serial}")
    try:
        return slr.rehost(world, account, va, instance, request_code.strip()).text
    except Declined as declined:
        raise ValueError(str(declined)) from None


def download(world: World, *, serial: str) -> str:
    """*Download as File*: the newest authorization code of a reservation, again."""
    _, _, instance = find(world, serial)
    _asked(world, f"download {instance.serial}")
    if instance.booking is None or not instance.booking.issued:
        raise ValueError("The product instance holds no reservation")
    return instance.booking.issued[-1].text


def by_case(world: World, *, serial: str) -> None:
    """Cisco licensing removes an instance whose return code is lost."""
    _, va, instance = find(world, serial)
    _asked(world, f"case {instance.serial}")
    va.instances[:] = [one for one in va.instances if one is not instance]


def find(world: World, key: str) -> tuple[Account, VirtualAccount, Instance]:
    """The reservation of a serial or uuid, else another instance of it. Raises ValueError."""
    found = [
        (account, va, one)
        for account in world.cloud.accounts
        for va in account.virtual_accounts
        for one in va.instances
        if key in (one.serial, one.uuid)
    ]
    live = [one for one in found if one[2].booking is not None and not one[2].booking.failed]
    chosen = live or found
    if len(chosen) != 1:
        raise ValueError(f"CSSM has {len(chosen) or 'no'} product instance{'s' * (len(chosen) > 1)} of {key}")
    return chosen[0]


def tags(va: VirtualAccount, quantities: Quantities) -> dict[str, int]:
    """Totals by entitlement tag, as this virtual account has it."""
    return {_tag(va, name): quantity for name, quantity in quantities.items()}


def _tag(va: VirtualAccount, name: str) -> str:
    shown = ENTITLEMENTS.get(name, name)
    pool = va.pool(shown)
    return pool.tag if pool else TAGS.get(shown, shown)


def _virtual_account(world: World, name: str) -> tuple[Account, VirtualAccount]:
    for account in world.cloud.accounts:
        for va in account.virtual_accounts:
            if va.name == name:
                return account, va
    raise ValueError(f"CSSM has no virtual account {name!r}")


def _asked(world: World, text: str) -> None:
    world.ledger.asked.append(Asked(world.now, WHERE, text, ran=True, answered=True))
