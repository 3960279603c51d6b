"""What the reservations of a plan do to each pool, and the order that follows from it.

Free is what the account says is available, less the claims of hand-offs that are out and of effects without
an end. What a plan frees (at a confirmation or a removal) comes before what it takes only where the pool
needs it. Where two nodes want each other's licences, an update is split: first every node shrinks, then they
grow, so that they do not wait for each other in a circle.

Belongs here: adding up, splitting, ordering. Does not belong here: the refusal of a shortage (rules).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.model import (
    UNKNOWN,
    Action,
    Address,
    AuthorizedLine,
    Kind,
    Maybe,
    PoolLine,
    PoolUse,
    same_licence,
)
from reconciler.rules import Index, Matrix, Situation, same_line

from .catalogue import action_id

_TAKES = (Kind.RESERVE, Kind.UPDATE_RESERVATION)


@dataclass(frozen=True, slots=True)
class _Move:
    """One licence moved by one action: taken (positive) or freed (negative)."""

    action_id: str
    account: Address
    line: AuthorizedLine
    amount: int


@dataclass
class _Pool:
    """One licence of one account: who takes and who frees."""

    account: Address
    line: AuthorizedLine
    free: Maybe[int] = UNKNOWN
    claimed: int = field(init=False)
    takers: list[_Move] = field(default_factory=list)
    freers: list[_Move] = field(default_factory=list)

    @property
    def taken(self) -> int:
        return sum(move.amount for move in self.takers)

    @property
    def freed(self) -> int:
        return -sum(move.amount for move in self.freers)

    @property
    def must_free_first(self) -> bool:
        return self.free is not UNKNOWN and self.taken > self.free and bool(self.freers)


def arrange(
    index: Index, matrix: Matrix, actions: Sequence[Action]
) -> tuple[list[Action], tuple[PoolUse, ...]]:
    """The same actions, split and ordered as the pools need it, and what becomes of each pool."""
    if not any(action.kind in _MOVES for action in actions):
        return list(actions), ()
    arranged = list(actions)
    pools = _pools(index, matrix, arranged)
    short = {id(pool) for pool in pools if pool.must_free_first}
    if short:
        arranged = _split(arranged, [pool for pool in pools if id(pool) in short])
        pools = _pools(index, matrix, arranged)
        arranged = _freeing_first(arranged, [pool for pool in pools if pool.must_free_first])
    return arranged, tuple(_use(pool) for pool in pools)


def _use(pool: _Pool) -> PoolUse:
    after = UNKNOWN if pool.free is UNKNOWN else pool.free + pool.freed - pool.taken
    return PoolUse(
        pool.account,
        pool.line.name or pool.line.tag,
        pool.free,
        pool.freed,
        pool.taken,
        after,
        pool.claimed,
        pool.must_free_first,
    )


# Who takes what.


def _pools(index: Index, matrix: Matrix, actions: Sequence[Action]) -> list[_Pool]:
    pools: list[_Pool] = []
    situations = _situations(index, matrix)
    for action in actions:
        moves = _MOVES.get(action.kind)
        for move in moves(action, situations) if moves else ():
            pool = _pool_of(pools, move.account, move.line)
            (pool.takers if move.amount > 0 else pool.freers).append(move)
    planned = {action.id for action in actions}
    for pool in pools:
        _stock(index, matrix, pool, planned)
    return sorted(pools, key=lambda pool: (pool.account, pool.line.name, pool.line.tag))


def _situations(index: Index, matrix: Matrix) -> Mapping[Address, Situation]:
    return {node.address: matrix.of(cluster, node) for cluster in index.managed() for node in cluster.nodes}


def _pool_of(pools: list[_Pool], account: Address, line: AuthorizedLine) -> _Pool:
    for pool in pools:
        if pool.account == account and same_line(pool.line, line):
            return pool
    pools.append(_Pool(account, line))
    return pools[-1]


def _reserve(action: Action, _: Mapping[Address, Situation]) -> Iterable[_Move]:
    for line in action.params["lines"]:
        if line["quantity"]:
            yield _Move(action.id, action.address, _line(line), line["quantity"])


def _update(action: Action, _: Mapping[Address, Situation]) -> Iterable[_Move]:
    """What an update takes is booked at once; what it gives up is free when it is confirmed."""
    for line in action.params["lines"]:
        if line["quantity"] > line["before"]:
            yield _Move(action.id, action.address, _line(line), line["quantity"] - line["before"])


def _confirm(action: Action, _: Mapping[Address, Situation]) -> Iterable[_Move]:
    for line in action.params["lines"]:
        if line.get("before", 0) > line["quantity"]:
            yield _Move(action.id, action.address, _line(line), line["quantity"] - line["before"])


def _remove(action: Action, situations: Mapping[Address, Situation]) -> Iterable[_Move]:
    situation = situations.get(Address(action.params["node"]))
    lines = () if situation is None or situation.lines is UNKNOWN else situation.lines
    for line in lines:
        yield _Move(action.id, action.address, line, -line.quantity)


_MOVES = {
    Kind.RESERVE: _reserve,
    Kind.UPDATE_RESERVATION: _update,
    Kind.CONFIRM_RESERVATION: _confirm,
    Kind.REMOVE_INSTANCE: _remove,
}


def _line(line: Mapping[str, Any]) -> AuthorizedLine:
    return AuthorizedLine(line["tag"] or "", line["quantity"], line["name"])


# What is there.


def _stock(index: Index, matrix: Matrix, pool: _Pool, planned: set[str]) -> None:
    pool.claimed = _claims(index, pool, planned)
    line = _listed(index, matrix, pool)
    if line is not None and line.available is not UNKNOWN:
        pool.free = max(0, line.available - pool.claimed)


def _listed(index: Index, matrix: Matrix, pool: _Pool) -> PoolLine | None:
    observed = index.account(pool.account)
    attested = matrix.sides.attested.get(pool.account)
    stocks = [observed.pool] if observed is not None else []
    stocks += [attested.pool] if attested is not None else []
    for stock in stocks:
        if stock is not UNKNOWN:
            for line in stock:
                if same_licence(pool.line.tag, pool.line.name, line.tag, line.name):
                    return line
    return None


def _claims(index: Index, pool: _Pool, planned: set[str]) -> int:
    """What hand-offs that are out, and effects without an end, may still take; those of this plan aside."""
    out = [
        (item.kind, item.address, item.params)
        for item in index.held.waiting
        if item.action_id not in planned and not item.done
    ]
    out += [
        (item.kind, item.address, item.params)
        for item in index.held.open_effects
        if item.action_id not in planned
    ]
    return sum(
        max(0, int(line["quantity"]) - int(line.get("before", 0)))
        for kind, address, params in out
        if kind in _TAKES and address == pool.account
        for line in params.get("lines", ())
        if same_line(pool.line, _line(line))
    )


# Splitting and ordering.


def _split(actions: list[Action], short: Sequence[_Pool]) -> list[Action]:
    """Every update that both frees and takes a licence, and takes one that is short, becomes two."""
    taking = {move.action_id for pool in short for move in pool.takers}
    result: list[Action] = []
    swapped: dict[str, tuple[Action, ...]] = {}
    for action in actions:
        if action.kind is Kind.UPDATE_RESERVATION and action.id in taking and _frees(action):
            swapped.update(_halves(action, actions))
    for action in actions:
        result.extend(swapped.get(action.id, (action,)))
    return result


def _frees(action: Action) -> bool:
    return any(line["quantity"] < line["before"] for line in action.params["lines"])


def _halves(update: Action, actions: Sequence[Action]) -> dict[str, tuple[Action, ...]]:
    """Update, install and confirm of one node, each once to shrink and once to grow."""
    install = next(action for action in actions if update.id in action.needs)
    confirm = next(action for action in actions if install.id in action.needs)
    lines = update.params["lines"]
    shrunk = [{**line, "quantity": min(line["quantity"], line["before"])} for line in lines]
    grown = [{**line, "before": min(line["quantity"], line["before"])} for line in lines]
    first = _thrice((update, install, confirm), shrunk, update.needs, "first everything that shrinks: ")
    second = _thrice((update, install, confirm), grown, (first[-1].id,), "then everything that grows: ")
    first = (*first[:-1], replace(first[-1], settles=()))
    return {
        update.id: (first[0], second[0]),
        install.id: (first[1], second[1]),
        confirm.id: (first[2], second[2]),
    }


def _thrice(
    three: Sequence[Action], lines: list[dict[str, Any]], needs: Sequence[str], why: str
) -> tuple[Action, ...]:
    made: list[Action] = []
    for action in three:
        plain = [
            {key: value for key, value in line.items() if key != "before"}
            for line in lines
            if line["quantity"]
        ]
        params = {**action.params, "lines": plain if action.kind is Kind.INSTALL_AUTHORIZATION else lines}
        made.append(
            replace(
                action,
                id=action_id(action.kind, action.subject, params),
                params=params,
                needs=(made[-1].id,) if made else tuple(needs),
                reason=why + action.reason,
            )
        )
    return tuple(made)


def _freeing_first(actions: Sequence[Action], short: Sequence[_Pool]) -> list[Action]:
    """Who takes of a short pool needs everybody who frees of it, except those that wait for the taker."""
    needs: dict[str, set[str]] = {action.id: set(action.needs) for action in actions}
    for pool in short:
        for taker in pool.takers:
            later = _after(needs, taker.action_id)
            needs[taker.action_id] |= {move.action_id for move in pool.freers} - later
    return [replace(action, needs=tuple(sorted(needs[action.id]))) for action in actions]


def _after(needs: Mapping[str, set[str]], action_id: str) -> set[str]:
    """What needs this action, directly or by others, itself among it."""
    found = {action_id}
    while True:
        more = {other for other, its in needs.items() if its & found} | found
        if more == found:
            return found
        found = more
