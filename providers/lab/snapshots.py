"""A virtual machine's snapshot: what a node was, taken and put back; what happened since is forgotten there.

Belongs here: which parts of a node are on its disk. Does not belong here: CSSM, which forgets nothing, and
the network around the node.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from .nouns import Node
from .reserved import Holding
from .world import World

ON_DISK = (
    "version",
    "smart",
    "transport",
    "url",
    "proxy",
    "privacy",
    "debug",
    "dns",
    "ntp",
    "option_keys",
    "registration_word",
    "failure",
    "failed_at",
    "holding",
)


def take(world: World, node: Node) -> None:
    """Remember the node as it is; a registration attempt that is under way does not survive."""
    kept: dict[str, Any] = {name: copy.deepcopy(getattr(node, name)) for name in ON_DISK}
    kept["registration"] = replace(node.registration) if node.registration else None
    kept["evaluation_seconds"] = node.evaluation_left(world.now)
    kept["running"] = node.evaluation_since is not None
    node.snapshot = kept


def restore(world: World, node: Node) -> None:
    """Put the node back. Raises ValueError where no snapshot was taken."""
    if node.snapshot is None:
        raise ValueError("no snapshot was taken")
    kept = copy.copy(node.snapshot)
    node.evaluation_since = world.now if kept.pop("running") else None
    registration = kept.pop("registration")
    node.registration = replace(registration) if registration else None
    node.attempt, node.booted_at = None, world.now
    for name, value in kept.items():
        setattr(node, name, copy.deepcopy(value))


def rebuild(world: World, node: Node, serial: str) -> None:
    """Another machine at the same address, with a serial of its own and a fresh evaluation period. What CSSM
    has for the old one stays there. Raises ValueError for a serial that is taken."""
    if any(other.serial == serial for other in world.nodes.values()):
        raise ValueError(f"the serial {serial} is taken")
    node.serial, node.uuid = serial, world.new_hex(32)
    node.holding, node.registration, node.attempt = Holding(), None, None
    node.registration_word, node.failure, node.failed_at = "unregistered", None, None
    node.evaluation_seconds, node.evaluation_since = 90 * 86_400.0, world.now
    node.snapshot, node.booted_at = None, world.now
