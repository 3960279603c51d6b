"""Reservations in words: what an action does, the totals of an update old and new, and the pools of a plan.

Belongs here: phrases and the pool table. Does not belong here: blocks and sections (steps, sections).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from reconciler.model import UNKNOWN, Address, Kind, Maybe, PoolUse
from reconciler.reporting.clean import one_line

Params = Mapping[str, Any]


def totals_text(lines: Iterable[Params]) -> str:
    """``20 rms, 200 desktop``; for an update ``rms 20 -> 25, desktop 200 (as before)``."""
    parts = []
    for line in lines:
        name = one_line(str(line.get("entitlement") or line.get("name") or line.get("tag") or "?"))
        now, before = line.get("quantity"), line.get("before")
        if before is None:
            parts.append(f"{now} {name}")
        else:
            parts.append(f"{name} {before} (as before)" if before == now else f"{name} {before} -> {now}")
    return ", ".join(parts) or "nothing"


def _text(params: Params, name: str) -> str:
    return one_line(str(params.get(name, "")))


def _for(params: Params) -> str:
    node = params.get("node")
    if not node:
        return f" for {one_line(str(params.get('serial', '')))}"
    return f" for {_short(Address(node))} ({one_line(str(params.get('serial', '')))})"


def _short(address: Address) -> str:
    return one_line(f"{address.parent.name}/{address.name}")


PHRASES: Mapping[Kind, Callable[[Params], str]] = {
    Kind.ENABLE_RESERVATION: lambda _: "switch reservations on",
    Kind.DISABLE_RESERVATION: lambda _: "switch reservations off",
    Kind.REQUEST_RESERVATION: lambda _: "ask the node for a request code",
    Kind.RESERVE: lambda params: f"reserve {totals_text(params.get('lines', ()))}{_for(params)}",
    Kind.FETCH_AUTHORIZATION: lambda params: f"fetch the authorization code again{_for(params)}",
    Kind.INSTALL_AUTHORIZATION: lambda params: (
        f"install the authorization code: {totals_text(params.get('lines', ()))}"
        + (", and take its confirmation code" if params.get("confirms") else "")
        + (", UNCHECKED" if params.get("unchecked") else "")
    ),
    Kind.UPDATE_RESERVATION: lambda params: (
        f"update the reservation{_for(params)} to new totals: {totals_text(params.get('lines', ()))}"
    ),
    Kind.CONFIRM_RESERVATION: lambda params: f"enter the confirmation code{_for(params)}",
    Kind.RETURN_RESERVATION: lambda _: "return the reservation and take its return code",
    Kind.REMOVE_INSTANCE: lambda params: f"remove the instance with its return code{_for(params)}",
    Kind.CANCEL_RESERVATION: lambda _: "cancel the reservation request",
    Kind.RETURN_AUTHORIZATION: lambda _: "return the authorization code that was never installed",
    Kind.REHOST: lambda params: (
        f"rehost the reservation of {_text(params, 'replaces')}: {totals_text(params.get('lines', ()))}"
        f"{_for(params)}"
    ),
    Kind.REMOVE_GHOST: lambda params: (
        f"remove the instance {_text(params, 'serial')}: {_text(params, 'reason')}"
    ),
}

SYMBOLS: Mapping[Kind, str] = {
    Kind.REQUEST_RESERVATION: "+",
    Kind.RESERVE: "+",
    Kind.INSTALL_AUTHORIZATION: "+",
    Kind.RETURN_RESERVATION: "-",
    Kind.REMOVE_INSTANCE: "-",
    Kind.CANCEL_RESERVATION: "-",
    Kind.RETURN_AUTHORIZATION: "-",
    Kind.REMOVE_GHOST: "-",
}


def pool_lines(pools: Sequence[PoolUse]) -> list[list[str]]:
    """Rows of the pool table, its heading first; the last cell is a note."""
    rows = [["account", "licence", "free now", "freed", "taken", "free after", ""]]
    rows.extend(
        [
            one_line(pool.account.name),
            one_line(pool.name),
            _count(pool.free_now),
            str(pool.freed),
            str(pool.taken),
            _count(pool.free_after),
            _note(pool),
        ]
        for pool in pools
    )
    return rows


def _count(value: Maybe[int]) -> str:
    return "not known" if value is UNKNOWN else str(value)


def _note(pool: PoolUse) -> str:
    notes = []
    if pool.frees_first:
        notes.append("frees first, then takes")
    if pool.claimed:
        notes.append(f"{pool.claimed} claimed by what is under way")
    if pool.free_after is not UNKNOWN and pool.free_after < 0:
        notes.append(f"{-pool.free_after} too few")
    return ", ".join(notes)
