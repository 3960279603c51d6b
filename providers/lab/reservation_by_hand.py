"""What an admin does to reservations by hand, at a node's command line or at the portal, behind all backs.

Belongs here: the settings of `xlicense lab set` that concern reservations, snapshots and power. Does not
belong here: other settings (`by_hand`), what CSSM and nodes make of it (`slr`, `reservation`).
"""

from __future__ import annotations

from collections.abc import Callable

from . import agent, portal, reservation, snapshots
from .nouns import Node
from .reserved import Issued
from .world import World


def _newest(world: World, node: Node) -> Issued:
    """The newest authorization code that CSSM has for this node."""
    _, _, instance = portal.find(world, node.serial)
    if instance.booking is None:
        raise ValueError("CSSM has no reservation for this node")
    return instance.booking.issued[-1]


_ACTS: dict[str, Callable[[World, Node], object]] = {
    "enable": lambda _, node: reservation.enable(node),
    "disable": lambda _, node: reservation.disable(node),
    "request": reservation.request,
    "cancel": lambda _, node: reservation.cancel(node),
    "install": lambda world, node: reservation.install(world, node, _newest(world, node).text),
    "return": reservation.give_back,
    "return-authorization": lambda world, node: reservation.return_authorization(
        world, node, _newest(world, node).text
    ),
    "confirm": lambda world, node: portal.confirm(world, serial=node.serial, code=node.holding.confirmation),
    "remove": lambda world, node: portal.remove(world, serial=node.serial, return_code=node.holding.returned),
    "case": lambda world, node: portal.by_case(world, serial=node.serial),
}


def _reservation(world: World, node: Node, value: str) -> None:
    """One act, at the command line of the node or at the portal with the node's own codes."""
    if value not in _ACTS:
        raise ValueError(f"{value!r} is not one of {', '.join(_ACTS)}")
    try:
        _ACTS[value](world, node)
    except agent.NotNow as error:
        raise ValueError(str(error)) from None


def _reserved(world: World, node: Node, value: str) -> None:
    """``rms=5,desktop=2``: the portal's totals of these lines, the others as they are. A node that only has a
    request gets a first reservation, ``EMEA:rms=5`` in that virtual account.
    """
    where, colon, rest = value.rpartition(":")
    wanted = quantities(rest)
    if colon:
        code = node.holding.request or ""
        portal.reserve(world, virtual_account=where, request_code=code, quantities=wanted)
        return
    _, va, instance = portal.find(world, node.serial)
    before = instance.booking.lines if instance.booking else {}
    portal.update(world, serial=node.serial, quantities={**before, **portal.tags(va, wanted)})


def quantities(value: str) -> dict[str, int]:
    """``rms=5,desktop=2``. Raises ValueError."""
    found: dict[str, int] = {}
    for part in value.split(","):
        name, equals, count = part.strip().rpartition("=")
        if not equals or not name or not count.isdigit():
            raise ValueError(f"{part.strip()!r} is not a licence and its quantity: rms=5")
        found[name] = int(count)
    return found


def _replaces(world: World, node: Node, value: str) -> None:
    """The portal rehosts another node's licences to this one, which has made a request."""
    other = world.nodes.get(value)
    serial = other.serial if other else value
    portal.rehost(world, failed=serial, request_code=node.holding.request or "")


def _snapshot(world: World, node: Node, value: str) -> None:
    acts = {"take": snapshots.take, "restore": snapshots.restore}
    if value not in acts:
        raise ValueError(f"{value!r} is not one of {', '.join(acts)}")
    acts[value](world, node)


def _power(world: World, node: Node, value: str) -> None:
    """Off: nothing answers. On again is a restart."""
    if value not in ("on", "off", "restart"):
        raise ValueError(f"{value!r} is not one of on, off, restart")
    if value == "off":
        node.powered = False
    else:
        reservation.restart(world, node)


def _rebuilt(world: World, node: Node, value: str) -> None:
    """The machine is replaced by one with this serial."""
    snapshots.rebuild(world, node, value.strip().upper())


SETTERS: dict[str, Callable[[World, Node, str], None]] = {
    "reservation": _reservation,
    "reserved": _reserved,
    "replaces": _replaces,
    "snapshot": _snapshot,
    "power": _power,
    "rebuilt": _rebuilt,
}
