"""Where a reservation stands: both sides and the journal, as one row of a table.

A reservation is made in several steps on two systems, with a code that must not be lost between each. The
row says which step is next, or why nobody but a person may go on. Going on after a crash, after a week of
waiting, or on the next day is always the same: look at both sides, find the row.

Belongs here: finding the row. Does not belong here: the actions of a row (planning) and the sentences of
those that are refused (reservation).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from reconciler.model import (
    UNKNOWN,
    AuthorizedLine,
    ClusterDesired,
    CodeKind,
    HeldCode,
    Maybe,
    NodeDesired,
    RegistrationStatus,
    Reserved,
    ReservedState,
    Resolution,
    same_licence,
)

from .index import Index, by_reservation
from .sides import CssmSide, Lines, Sides


class Row(StrEnum):
    """What both sides and the journal say together."""

    NOTHING = "nothing there"
    TOKEN = "registered by token"
    REQUESTED = "requested, not reserved"
    REQUEST_LOST = "requested, and the request code is lost"
    UNISSUED = "reserved, not installed"
    FETCH = "reserved, and the authorization code is not here"
    UNUSED = "reserved, and the node has no request any more"
    REMOVE = "returned, not removed"
    CONVERGED = "installed"
    UPDATE_INSTALL = "updated, not installed"
    UPDATE_FETCH = "updated, and the authorization code is not here"
    CONFIRM = "installed, not confirmed"
    CONFIRM_LOST = "installed, and the confirmation code is not here"
    # From here on a person decides.
    FOREIGN = "somebody else is at work"
    STRANDED = "reserved, and the return code is lost"
    POISONED = "an instance that nobody explains"
    SNAPSHOT = "two different quantities"
    ABSENT = "installed, and CSSM has nothing"
    TWO_MODES = "token and reservation at once"
    ELSEWHERE = "reserved in another account, or twice"
    ONE_SIDE = "one side is not known"


BY_PERSON = frozenset(
    {
        Row.FOREIGN,
        Row.STRANDED,
        Row.POISONED,
        Row.SNAPSHOT,
        Row.ABSENT,
        Row.TWO_MODES,
        Row.ELSEWHERE,
        Row.ONE_SIDE,
    }
)
"""The rows on which nothing is done until a person has decided."""

_RESERVING = (
    RegistrationStatus.RESERVATION_PENDING,
    RegistrationStatus.RESERVED_SPECIFIC,
    RegistrationStatus.RESERVED_UNIVERSAL,
)

IN_TRANSIT = frozenset(
    {
        Row.UPDATE_INSTALL,
        Row.UPDATE_FETCH,
        Row.CONFIRM,
        Row.CONFIRM_LOST,
        Row.REMOVE,
        Row.UNISSUED,
        Row.FETCH,
        Row.UNUSED,
    }
)
"""The rows on which CSSM and the node are between two states."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One node's row, with what the steps need. ``lines`` are the totals that CSSM has for it now."""

    row: Row
    serial: str
    cssm: CssmSide | None = None
    known: Reserved | None = None
    codes: tuple[HeldCode, ...] = ()
    enabled: Maybe[bool] = UNKNOWN
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether there is anything of a reservation, on either side."""
        return self.row not in (Row.NOTHING, Row.TOKEN)

    @property
    def lines(self) -> Maybe[Lines]:
        return () if self.cssm is None or self.row is Row.NOTHING else self.cssm.lines

    @property
    def authorization(self) -> HeldCode | None:
        return _code(self.codes, CodeKind.AUTHORIZATION)


class Matrix:
    """The row of every node. Built once for a plan, a node at a time."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.sides = Sides(index)
        self._rows: dict[str, Situation] = {}

    @cached_property
    def _codes(self) -> Mapping[str, list[HeldCode]]:
        held: dict[str, list[HeldCode]] = {}
        for code in self.index.held.codes:
            serial = code.slot.partition("/")[2].upper()
            held.setdefault(serial, []).append(code)
        return held

    @cached_property
    def _requested(self) -> frozenset[str]:
        return frozenset(item.serial.upper() for item in self.index.held.requested)

    @cached_property
    def _resolutions(self) -> Mapping[str, Resolution]:
        return {
            item.serial.upper(): item
            for item in sorted(self.index.held.resolutions, key=lambda item: item.at)
        }

    def concerns(self, cluster: ClusterDesired, node: NodeDesired) -> bool:
        """Whether reservations matter to this node: it wants one, says so, or somebody says it has one."""
        if by_reservation(cluster):
            return True
        licence = self.index.licence(node.address)
        if licence is not None and licence.registration in _RESERVING:
            return True
        serial = self.index.serial(node)
        return serial is not None and serial.upper() in self.sides.holding

    def of(self, cluster: ClusterDesired, node: NodeDesired) -> Situation:
        """Where this node's reservation stands."""
        if node.address not in self._rows:
            self._rows[node.address] = self._situation(cluster, node)
        return self._rows[node.address]

    def _situation(self, cluster: ClusterDesired, node: NodeDesired) -> Situation:
        serial = (self.index.serial(node) or "").upper()
        sides = self.sides.of(node, serial) if serial else ()
        codes = tuple(self._codes.get(serial, ()))
        known = self.sides.reserved.get(serial)
        side = sides[0] if sides else None
        row, why = self._row(cluster, node, serial, sides, codes, known)
        return Situation(row, serial, side, known, codes, self._enabled(node), why)

    def _enabled(self, node: NodeDesired) -> Maybe[bool]:
        licence, seen = self.index.licence(node.address), self.index.node(node.address)
        if licence is not None and licence.reservation_enabled is not UNKNOWN:
            return licence.reservation_enabled
        return UNKNOWN if seen is None or seen.smart is UNKNOWN else seen.smart.reservation_enable

    def _row(
        self,
        cluster: ClusterDesired,
        node: NodeDesired,
        serial: str,
        sides: tuple[CssmSide, ...],
        codes: tuple[HeldCode, ...],
        known: Reserved | None,
    ) -> tuple[Row, str]:
        licence = self.index.licence(node.address)
        status = None if licence is None else licence.registration
        if licence is not None and status is UNKNOWN and licence.enabled is False:
            status = RegistrationStatus.UNREGISTERED
        if status is None or status is UNKNOWN or not serial:
            return Row.ONE_SIDE, "what the node says is not known"
        if len(sides) > 1:
            return Row.ELSEWHERE, " and ".join(sorted(side.account.name for side in sides))
        side = sides[0] if sides else None
        match status:
            case RegistrationStatus.REGISTERED | RegistrationStatus.PENDING:
                return (Row.TWO_MODES if side is not None and side.marked else Row.TOKEN), ""
            case RegistrationStatus.RESERVATION_PENDING:
                if side is not None and side.account.name != cluster.account:
                    return Row.ELSEWHERE, side.account.name
                return self._requested_row(serial, side, codes, known)
            case RegistrationStatus.RESERVED_SPECIFIC:
                return self._installed_row(cluster, node, serial, side, codes, known)
            case RegistrationStatus.RESERVED_UNIVERSAL:
                return Row.FOREIGN, "the node holds a universal (permanent) reservation"
        return self._none_row(serial, side, codes, known)

    def _none_row(
        self, serial: str, side: CssmSide | None, codes: tuple[HeldCode, ...], known: Reserved | None
    ) -> tuple[Row, str]:
        if side is None:
            return Row.NOTHING, ""
        if _code(codes, CodeKind.RETURN) is not None:
            return Row.REMOVE, ""
        if known is not None and known.state is ReservedState.FREED and self.sides.late(side, serial):
            return Row.NOTHING, "removed just now; CSSM still lists it"
        if known is not None and known.state is ReservedState.ISSUED and _code(codes, CodeKind.AUTHORIZATION):
            return Row.UNUSED, ""
        if self._how(serial) == "absent":
            return Row.NOTHING, ""
        if not side.marked:
            return Row.POISONED, ""
        return Row.STRANDED, ""

    def _requested_row(
        self,
        serial: str,
        side: CssmSide | None,
        codes: tuple[HeldCode, ...],
        known: Reserved | None,
    ) -> tuple[Row, str]:
        ours = serial in self._requested or self._how(serial) == "adopt"
        if _code(codes, CodeKind.AUTHORIZATION) is not None:
            return Row.UNISSUED, ""
        if side is not None and (side.marked or ours):
            issued = known is not None and known.state is not ReservedState.FREED
            return (Row.FETCH, "") if ours or issued else (Row.FOREIGN, "CSSM has a reservation for it")
        if _code(codes, CodeKind.REQUEST) is not None:
            return Row.REQUESTED, ""
        if ours:
            return Row.REQUEST_LOST, ""
        return Row.FOREIGN, "the node has a request that is not ours"

    def _installed_row(
        self,
        cluster: ClusterDesired,
        node: NodeDesired,
        serial: str,
        side: CssmSide | None,
        codes: tuple[HeldCode, ...],
        known: Reserved | None,
    ) -> tuple[Row, str]:
        account = self.index.account_of(cluster)
        if side is None:
            if not self.sides.told(account, serial):
                return Row.ONE_SIDE, f"nobody has said what account {account.name} holds for it"
            return Row.ABSENT, ""
        state = None if known is None else known.state
        if state is ReservedState.UPDATE_INSTALLED:
            held = _code(codes, CodeKind.CONFIRMATION) is not None
            return (Row.CONFIRM if held else Row.CONFIRM_LOST), ""
        held = _code(codes, CodeKind.AUTHORIZATION) is not None
        fetched = state is ReservedState.ISSUED and held and side.pending is True
        if state is ReservedState.UPDATE_ISSUED or fetched:
            return (Row.UPDATE_INSTALL if held else Row.UPDATE_FETCH), ""
        adopted = self._how(serial) == "adopt"
        if side.pending and state is ReservedState.INSTALLED and self.sides.late(side, serial):
            return Row.CONVERGED, "confirmed just now; CSSM still shows it in transit"
        if side.pending and not adopted:
            return Row.FOREIGN, "CSSM has an update in transit that is not ours"
        differs = self._installed_otherwise(node, side, known)
        if side.pending:
            shown = self._printed(node) and not differs
            return (Row.CONFIRM_LOST if shown else Row.UPDATE_FETCH), ""
        if differs and not adopted:
            return Row.SNAPSHOT, differs
        return Row.CONVERGED, ""

    def _installed_otherwise(self, node: NodeDesired, side: CssmSide, known: Reserved | None) -> str:
        """How the node's own totals, printed or last installed by us, differ from those of CSSM."""
        if side.lines is UNKNOWN:
            return ""
        mine, where = self._printed(node), "on the node"
        if not mine and known is not None and known.state is ReservedState.INSTALLED:
            mine, where = known.lines, "last installed from here"
        pairs = paired(mine, side.lines) if mine else []
        return "; ".join(
            f"{name}: {here} {where}, {there} in CSSM" for name, here, there in pairs if here != there
        )

    def _printed(self, node: NodeDesired) -> Lines:
        """The node's own totals, where it prints them."""
        licence = self.index.licence(node.address)
        printed = () if licence is None or licence.reserved is UNKNOWN else licence.reserved
        return tuple(AuthorizedLine(line.tag or "", line.quantity, line.name) for line in printed)

    def _how(self, serial: str) -> str | None:
        """A person's word counts until the journal has seen something newer of this serial."""
        said = self._resolutions.get(serial)
        if said is None:
            return None
        known = self.sides.reserved.get(serial)
        return None if known is not None and known.at > said.at else said.how


def paired(one: Lines, other: Lines) -> list[tuple[str, int, int]]:
    """Both totals of every licence, by tag where both have one, else by name: (name, one's, other's)."""
    left = {id(line): line for line in other}
    pairs = []
    for line in one:
        match = next((item for item in left.values() if same_line(line, item)), None)
        if match is not None:
            del left[id(match)]
        name = line.name or (match.name if match else "") or line.tag
        pairs.append((name, line.quantity, match.quantity if match else 0))
    pairs.extend((line.name or line.tag, 0, line.quantity) for line in left.values())
    return [pair for pair in pairs if pair[1] or pair[2]]


def same_line(one: AuthorizedLine, other: AuthorizedLine) -> bool:
    return same_licence(one.tag, one.name, other.tag, other.name)


def _code(codes: tuple[HeldCode, ...], kind: CodeKind) -> HeldCode | None:
    """The newest code of this kind, readable here or held elsewhere."""
    found = [code for code in codes if code.kind is kind]
    return max(found, key=lambda code: code.made_at) if found else None
