"""Removing what the account lists under ``remove_instances``: a machine that is gone and holds nothing.

Only what is listed by serial, with a reason, is ever removed; an account is full of other products. An
instance that holds a reservation is never a ghost: only its return code, or Cisco licensing, frees it.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model import UNKNOWN, AccountDesired, Action, Kind
from reconciler.rules import Index, Matrix

from .catalogue import Maker


def removals(index: Index, matrix: Matrix, maker: Maker) -> list[Action]:
    """One action for each listed ghost that is still there."""
    ours = {
        node.serial.upper()
        for cluster in index.desired.clusters
        for node in cluster.nodes
        if node.serial is not None
    }
    return [
        action
        for account in index.desired.accounts
        if account.remove_instances
        for action in _of_account(index, matrix, maker, account, ours)
    ]


def _of_account(
    index: Index, matrix: Matrix, maker: Maker, account: AccountDesired, ours: set[str]
) -> Iterable[Action]:
    observed = index.account(account.address)
    if observed is None or observed.instances is UNKNOWN:
        return
    shown = {item.serial.upper(): item for item in observed.instances if item.serial}
    for listed in account.remove_instances:
        serial = listed.serial.upper()
        instance = shown.get(serial)
        if instance is not None and serial not in ours and serial not in matrix.sides.holding:
            params = {
                "serial": listed.serial,
                "udi": None,
                "product_tag": instance.product_tag,
                "virtual_account": account.virtual_account,
                "reason": listed.reason,
            }
            reason = "remove_instances of the account lists it"
            yield maker.make(Kind.REMOVE_GHOST, account.address, listed.serial, params, reason)
