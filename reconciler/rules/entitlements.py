"""From the names in the YAML to the licences of an account, and the totals of every line that a node wants.

No tag is compiled in: an entitlement is found by its family name among what the account, an earlier
authorization code, an attestation or ``entitlements:`` of the workspace names. Where several fit (version 12
and version 14 of a licence), the YAML has to say which. Lines that the YAML does not name are carried over:
an update sends totals, and a licence left out of it would be given up.

Belongs here: finding licences and adding up. Does not belong here: whether a pool has enough (planning).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    AuthorizedLine,
    Maybe,
    NodeDesired,
    PoolLine,
    Reserve,
)

from .index import Index
from .matrix import same_line
from .sides import Lines, Sides
from .token import family_of


@dataclass(frozen=True, slots=True)
class WantedLine:
    """One licence of a reservation: the new total, and the one that is there now."""

    entitlement: str
    name: str
    tag: str | None
    quantity: int
    before: int
    carried: bool = False

    @property
    def line(self) -> AuthorizedLine:
        return AuthorizedLine(self.tag or "", self.quantity, self.name)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Every line of a node's reservation, and what keeps it from being asked for: (text, remedy)."""

    lines: tuple[WantedLine, ...]
    problems: tuple[tuple[str, str], ...] = ()

    @property
    def differs(self) -> bool:
        return any(line.quantity != line.before for line in self.lines)


_VERSION = re.compile(r"\(\s*v?(\d+)|,(\d+)\.")


def wanted_lines(
    index: Index, sides: Sides, account: AccountDesired, node: NodeDesired, current: Maybe[Lines]
) -> Wanted:
    """The totals that this node should have, with what it has now (``current``; () for nothing)."""
    problems: list[tuple[str, str]] = []
    there = [] if current is UNKNOWN else list(current)
    lines = []
    for reserve in node.reserve:
        candidates = _candidates(index, sides, account, reserve, there)
        chosen = _chosen(index, reserve, candidates, there)
        if chosen is None:
            problems.append(_several(reserve, candidates))
            continue
        before = next((line for line in there if same_line(line, chosen)), None)
        if before is not None:
            there.remove(before)
        lines.append(_wanted(reserve, chosen, before))
    lines += [
        WantedLine(_own_name(line), line.name, line.tag or None, line.quantity, line.quantity, True)
        for line in there
    ]
    return Wanted(tuple(sorted(lines, key=lambda line: (line.entitlement, line.name))), tuple(problems))


def _wanted(reserve: Reserve, chosen: AuthorizedLine, before: AuthorizedLine | None) -> WantedLine:
    tag = chosen.tag or (before.tag if before else "")
    name = chosen.name or (before.name if before else "")
    return WantedLine(
        reserve.entitlement, name, tag or None, reserve.quantity, before.quantity if before else 0
    )


def _own_name(line: AuthorizedLine) -> str:
    return line.name or line.tag


def _candidates(
    index: Index, sides: Sides, account: AccountDesired, reserve: Reserve, there: Iterable[AuthorizedLine]
) -> list[AuthorizedLine]:
    """Every licence of this entitlement and version that anybody has named for this account, once each."""
    named = next((item for item in index.desired.entitlements if item.name == reserve.entitlement), None)
    if named is not None and named.tag is not None:
        return [_licence(named.tag, named.display_name)]
    family = family_of(index.desired, reserve.entitlement)
    found: list[AuthorizedLine] = []
    for line in [*there, *_named(index, sides, account)]:
        if family not in line.name.lower() or not _of_version(line, reserve.version):
            continue
        match = next((place for place, known in enumerate(found) if same_line(known, line)), None)
        if match is None:
            found.append(line)
        elif not found[match].tag:
            found[match] = line
    return found


def _licence(tag: str | None, name: str) -> AuthorizedLine:
    """One that somebody named; how many of it there are is not asked here."""
    return AuthorizedLine(tag or "", 0, name)


def _named(index: Index, sides: Sides, account: AccountDesired) -> Iterator[AuthorizedLine]:
    observed = index.account(account.address)
    attested = sides.attested.get(account.address)
    pools: list[Maybe[tuple[PoolLine, ...]]] = []
    if observed is not None:
        pools.append(observed.pool)
        if observed.reservable is not UNKNOWN:
            yield from (_licence(item.tag, item.name) for item in observed.reservable)
    if attested is not None:
        pools.append(attested.pool)
        for instance in attested.instances:
            if instance.reserved is not UNKNOWN:
                yield from (_licence(line.tag, line.name) for line in instance.reserved)
    for pool in pools:
        if pool is not UNKNOWN:
            yield from (_licence(line.tag, line.name) for line in pool)
    for known in sides.reserved.values():
        if known.account == account.address:
            yield from known.lines


def _of_version(line: AuthorizedLine, version: str | None) -> bool:
    """``(12.x)`` in the name or ``,12.0_`` in the tag; a line that states no version fits any."""
    if version is None:
        return True
    stated = {
        number
        for text in (line.name, line.tag)
        for pair in _VERSION.findall(text)
        for number in pair
        if number
    }
    return not stated or version.split(".")[0] in stated


def _chosen(
    index: Index, reserve: Reserve, candidates: list[AuthorizedLine], there: Iterable[AuthorizedLine]
) -> AuthorizedLine | None:
    """The one that fits. Of several, the one that the node has already, for a change of its quantity."""
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        named = (item for item in index.desired.entitlements if item.name == reserve.entitlement)
        name = next((item.display_name for item in named), reserve.entitlement)
        if reserve.version is not None and not _VERSION.search(name):
            name = f"{name} ({reserve.version.split('.')[0]}.x)"
        return _licence(None, name)
    had = [item for item in candidates if any(same_line(item, line) for line in there)]
    return had[0] if len(had) == 1 and reserve.version is None else None


def _several(reserve: Reserve, candidates: Iterable[AuthorizedLine]) -> tuple[str, str]:
    names = ", ".join(sorted(line.name or line.tag for line in candidates))
    text = f"Several licences fit {reserve.entitlement}: {names}."
    versions = sorted({found for line in candidates for found in _versions(line)})
    example = versions[-1] if versions else "14"
    remedy = (
        f"Say which: {reserve.entitlement}: {{quantity: {reserve.quantity}, version: {example}}};"
        " take the version of the Unified CM that the endpoints register with."
    )
    return text, remedy


def _versions(line: AuthorizedLine) -> set[str]:
    return {number for pair in _VERSION.findall(line.name) for number in pair if number}


def as_params(wanted: Iterable[WantedLine], *, update: bool) -> list[dict[str, object]]:
    """The lines of an action, as JSON values; an update also says what was there before."""
    lines = []
    for line in wanted:
        data: dict[str, object] = {
            "entitlement": line.entitlement,
            "name": line.name,
            "tag": line.tag,
            "quantity": line.quantity,
        }
        if update:
            data["before"] = line.before
        if update or line.quantity:
            lines.append(data)
    return lines


def of_params(lines: Iterable[Mapping[str, object]]) -> Lines:
    return tuple(
        AuthorizedLine(str(line["tag"] or ""), int(str(line["quantity"])), str(line["name"]))
        for line in lines
    )
