"""What CSSM does with reservations: reserve, update, confirm, remove; the far end of `reservation`.

A reservation is booked when it is made, whether or not its code is ever installed. An update books what it
takes at once and frees what it gives only with the confirmation code. Removal needs the return code of one
of the authorization codes that were given out for the instance.

Belongs here: CSSM's decisions over the world. Does not belong here: JSON and paths (`slr_calls`), what a
person at the portal sees (`portal`). Sources: CSSM built-in help (reserve, update, remove, rehost), CUCM
system guide (transit). The wording of refusals is not published; all but one of them is the lab's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from . import codes
from .codes import Device
from .ledger import Given, Used
from .manager import Declined
from .nouns import AAS, EXPRESSWAY_TAG, TAGS, Account, Instance, Node, VirtualAccount
from .reserved import Booking, Issued, Line
from .world import World

NO_FLAG = "License Reservation is not enabled for this Smart Account"
EXISTS = "A product instance with the same UDI already exists"
IN_TRANSIT = "The reservation has an update that is waiting for its confirmation code"
PENDING = (
    "Previous Product Return Pending: The licenses on this product cannot be moved to another product "
    "because there are no replacement licenses available in your inventory, and too many other failed "
    "products are still pending removal"
)

Wanted = Mapping[str, int]
"""Totals by entitlement tag."""


def reserve(world: World, account: Account, va: VirtualAccount, request: str, wanted: Wanted) -> Issued:
    """Book licences for the device of a request code. Raises Declined."""
    with _counted(world, "request", request):
        device = _reservable(account, request)
        _covered(va, wanted, {})
        if not any(wanted.values()):
            raise Declined("Select at least one license to reserve")
    instance = instance_of(world, device)
    instance.booking = Booking(request, _totals(world, wanted), [])
    va.instances.append(instance)
    return _issue(world, va, instance, instance.booking.lines, update=False)


def _reservable(account: Account, request: str) -> Device:
    device = codes.read_request(request)
    if not account.reservations:
        raise Declined(NO_FLAG)
    if device is None:
        raise Declined("The Reservation Request Code is not valid")
    if any(_same(one, device) for va in account.virtual_accounts for one in va.instances):
        raise Declined(EXISTS)
    return device


def _same(instance: Instance, device: Device) -> bool:
    """By serial and, where both are known, by uuid."""
    if instance.pid != device.pid or instance.serial != device.serial:
        return False
    return not (instance.uuid and device.uuid) or instance.uuid == device.uuid


def _covered(va: VirtualAccount, wanted: Wanted, before: Wanted) -> None:
    """Whether what is wanted on top is free. Raises Declined."""
    for tag, quantity in wanted.items():
        pool = va.pool_tagged(tag)
        if pool is None and tag != TAGS[AAS]:
            raise Declined(f"The entitlement tag {tag} is not available in this Virtual Account")
        if pool is not None and quantity - before.get(tag, 0) > max(0, va.available(pool)):
            raise Declined(f"Insufficient licenses available: {pool.name}")


def _totals(world: World, wanted: Wanted) -> dict[str, int]:
    """What is booked: lines of nothing are none, and CSSM may add a line of its own."""
    totals = {tag: quantity for tag, quantity in wanted.items() if quantity}
    if totals and world.cloud.form("extra_line") == "added":
        totals.setdefault(TAGS[AAS], 1)
    return totals


def instance_of(world: World, device: Device) -> Instance:
    """The instance of a reservation: no host name, for the device never spoke to CSSM."""
    node = next((one for one in world.nodes.values() if is_of(device, one)), None)
    return Instance(
        serial=device.serial,
        pid=device.pid,
        host_name="",
        product_tag=EXPRESSWAY_TAG,
        product_type=device.pid,
        registered_at=world.now,
        last_contact=world.now,
        uuid=device.uuid,
        shown_by_host=False,
        node=node.name if node else None,
        key=world.cloud.form("reserved_key") if device.uuid else "serial",
    )


def is_of(device: Device, node: Node) -> bool:
    """Whether a device, as a request code names it, is this node."""
    return device.serial == node.serial and device.uuid in ("", node.uuid)


def _issue(world: World, va: VirtualAccount, instance: Instance, totals: Wanted, *, update: bool) -> Issued:
    booking = _booking(instance)
    lines = tuple(_line(va, tag, quantity) for tag, quantity in totals.items() if quantity)
    device = codes.read_request(booking.request)
    assert device is not None  # noqa: S101 - a booking is made from a request code that was read
    stamp = int(world.now.timestamp() * 1000) + len(world.issued)
    booking.piid = booking.piid or _piid(world)
    text = codes.authorization(booking.piid, stamp, device, lines)
    issued = Issued(
        text,
        booking.piid,
        device.udi,
        device.serial,
        booking.request,
        lines,
        update,
        codes.confirmation(text),
        codes.returned(text),
    )
    booking.issued.append(issued)
    world.issued[text] = issued
    world.ledger.given.append(Given(world.now, world.cloud.name, "authorization", text, instance.serial))
    return issued


def _piid(world: World) -> str:
    text = world.new_hex(32)
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _line(va: VirtualAccount, tag: str, quantity: int) -> Line:
    pool = va.pool_tagged(tag)
    if pool is None:
        return Line(tag, AAS, quantity)
    return Line(tag, pool.name, quantity, pool.licence_type, pool.ends or "")


def _booking(instance: Instance) -> Booking:
    if instance.booking is None:
        raise Declined("The product instance holds no reservation")
    return instance.booking


def _settled(booking: Booking) -> None:
    """Whether nothing is under way. Raises Declined."""
    if booking.leaving or booking.failed:
        raise Declined("The product instance is being removed")
    if booking.update is not None:
        raise Declined(IN_TRANSIT)


def update(world: World, va: VirtualAccount, instance: Instance, wanted: Wanted) -> Issued:
    """New totals of every line, none for what is left out; in transit until confirmed. Raises Declined."""
    booking = _booking(instance)
    _settled(booking)
    _covered(va, wanted, booking.lines)
    totals = _totals(world, wanted)
    if not totals:
        raise Declined("Select at least one license to reserve")
    if totals == booking.lines:
        raise Declined("No reserved quantity was changed")
    booking.update = totals
    return _issue(world, va, instance, totals, update=True)


def confirm(world: World, instance: Instance, code: str) -> None:
    """End the transit with the confirmation code of the update. Raises Declined."""
    booking = _booking(instance)
    fits = booking.update is not None and code.strip().casefold() == booking.issued[-1].confirmation
    _use(world, "confirmation", code, accepted=fits)
    if booking.update is None:
        raise Declined("The reservation waits for no confirmation code")
    if not fits:
        raise Declined("The Confirmation Code is not valid")
    booking.lines, booking.update = booking.update, None


def remove(world: World, va: VirtualAccount, instance: Instance, code: str | None) -> None:
    """Remove an instance; one with a reservation only against its return code. Raises Declined.

    Gone, and its licences free, after ``removal_seconds``.
    """
    booking = instance.booking
    if booking is not None and not booking.failed:
        fits = code is not None and any(code.strip() == issued.returned for issued in booking.issued)
        if code:
            _use(world, "return", code, accepted=fits and not booking.leaving)
        if booking.leaving:
            raise Declined("The product instance is being removed")
        if not fits:
            raise Declined(
                "The Reservation Return Code is not valid" if code else "A Return Code is required"
            )
        booking.leaving = True
    world.soon(world.settings.removal_seconds, lambda: _drop(va, instance))


def _drop(va: VirtualAccount, instance: Instance) -> None:
    va.instances[:] = [one for one in va.instances if one is not instance]


def rehost(world: World, account: Account, va: VirtualAccount, failed: Instance, request: str) -> Issued:
    """Move the licences of a failed product to the device of a request code. Raises Declined.

    The failed instance stays, without licences, until it is removed; how many may wait so without licences
    in the inventory to stand in for them is limited (``rehost_limit``).
    """
    booking = _booking(failed)
    with _counted(world, "request", request):
        _settled(booking)
        device = _reservable(account, request)
        if not _replaceable(va, booking) and _waiting(account) >= account.rehost_limit:
            raise Declined(PENDING)
    instance = instance_of(world, device)
    instance.booking = Booking(request, booking.lines, [])
    booking.lines, booking.failed = {}, True
    va.instances.append(instance)
    return _issue(world, va, instance, instance.booking.lines, update=False)


def _replaceable(va: VirtualAccount, booking: Booking) -> bool:
    pools = ((va.pool_tagged(tag), quantity) for tag, quantity in booking.lines.items())
    return all(pool is None or va.available(pool) >= quantity for pool, quantity in pools)


def _waiting(account: Account) -> int:
    """Failed products that are still pending removal."""
    found = (one.booking for va in account.virtual_accounts for one in va.instances)
    return sum(1 for booking in found if booking is not None and booking.failed)


@contextmanager
def _counted(world: World, kind: str, value: str) -> Iterator[None]:
    """A code that is used in this block; refused where the block declines."""
    try:
        yield
    except Declined:
        _use(world, kind, value, accepted=False)
        raise
    _use(world, kind, value, accepted=True)


def _use(world: World, kind: str, value: str, *, accepted: bool) -> None:
    world.ledger.used.append(Used(world.now, world.cloud.name, kind, value, accepted))


def reserved_instances(world: World) -> Iterator[tuple[Instance, Booking]]:
    """Every reservation there is, wherever it is booked."""
    for manager in world.managers.values():
        for account in manager.accounts:
            for va in account.virtual_accounts:
                yield from ((one, one.booking) for one in va.instances if one.booking is not None)
