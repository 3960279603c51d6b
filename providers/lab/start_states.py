"""The reservation that a node of a world file starts with: how far it had come before anybody looked.

::

    enabled, requested          nothing in CSSM yet
    issued                      booked in CSSM, its code not installed
    installed                   the usual one
    transit                     installed, and an update in CSSM whose code is not installed
    unconfirmed                 the update's code installed, its confirmation code not entered
    returned                    returned on the node, never removed in CSSM

Belongs here: reaching such a state. Does not belong here: reading the file (`worldfile`).
"""

from __future__ import annotations

from datetime import timedelta

from . import portal, reservation
from .agent import NotNow
from .nouns import Node
from .world import World

STATES = ("installed", "enabled", "requested", "issued", "transit", "unconfirmed", "returned")
UPDATED = ("transit", "unconfirmed")
Quantities = dict[str, int]


def start(
    world: World,
    node: Node,
    *,
    state: str = "installed",
    virtual_account: str = "",
    lines: Quantities | None = None,
    update: Quantities | None = None,
    days_ago: float = 30.0,
) -> None:
    """Bring a node there, ``days_ago`` days before now. Raises ValueError. The ledger is not told."""
    given, used, asked = len(world.ledger.given), len(world.ledger.used), len(world.ledger.asked)
    try:
        _go(world, node, state, virtual_account, lines or {}, update or {})
    except NotNow as error:
        raise ValueError(str(error)) from None
    if node.holding.installed is not None:
        node.holding.installed_at = world.now - timedelta(days=days_ago)
    del world.ledger.given[given:], world.ledger.used[used:], world.ledger.asked[asked:]


def _go(
    world: World, node: Node, state: str, virtual_account: str, lines: Quantities, update: Quantities
) -> None:
    reservation.enable(node)
    if state == "enabled":
        return
    code = reservation.request(world, node)
    if state == "requested":
        return
    text = portal.reserve(world, virtual_account=virtual_account, request_code=code, quantities=lines)
    if state == "issued":
        return
    reservation.install(world, node, text)
    if state in UPDATED:
        text = portal.update(world, serial=node.serial, quantities=update)
    if state == "unconfirmed":
        reservation.install(world, node, text)
    if state == "returned":
        reservation.give_back(world, node)
