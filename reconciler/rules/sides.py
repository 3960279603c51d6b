"""What CSSM says of one node's reservation, whatever way it is known: read, attested by a person, or from
what this journal's own effects and answers did.

What was read counts most. Where an account cannot be read (hand-off accounts, profiles without the call),
the newer of the last attestation and the journal's own record counts. Belongs here: putting these together.
Does not belong here: what follows from both sides (matrix).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from reconciler.model import (
    UNKNOWN,
    WORKSPACE,
    AccountDesired,
    Address,
    Attested,
    AuthorizedLine,
    Instance,
    Maybe,
    NodeDesired,
    RegistrationStatus,
    Reserved,
    ReservedLine,
    ReservedState,
    Source,
    udi_parts,
)

from .index import Index

Lines = tuple[AuthorizedLine, ...]

_IN_TRANSIT = (ReservedState.UPDATE_ISSUED, ReservedState.UPDATE_INSTALLED)


@dataclass(frozen=True, slots=True)
class CssmSide:
    """One reservation as CSSM has it. ``lines`` are the newest totals, those in transit among them.

    ``marked`` is False where an instance is there and nothing tells whether it holds a reservation.
    ``pending`` is whether an update waits for its confirmation code.
    """

    account: AccountDesired
    source: Source
    at: datetime
    lines: Maybe[Lines] = UNKNOWN
    pending: Maybe[bool] = False
    marked: bool = True
    udi: str | None = None
    product_tag: str | None = None


class Sides:
    """The CSSM side of every node, by serial. Built once for a plan."""

    def __init__(self, index: Index) -> None:
        self.index = index

    @cached_property
    def reserved(self) -> Mapping[str, Reserved]:
        """The journal's record of each reservation, by serial in capitals."""
        return {item.serial.upper(): item for item in self.index.held.reserved}

    @cached_property
    def attested(self) -> Mapping[Address, Attested]:
        newest: dict[Address, Attested] = {}
        for item in sorted(self.index.held.attested, key=lambda item: item.at):
            newest[item.account] = item
        return newest

    @cached_property
    def _read(self) -> Mapping[str, list[tuple[AccountDesired, Instance, datetime]]]:
        """Every instance that was read, by serial and by uuid, in every account."""
        found: dict[str, list[tuple[AccountDesired, Instance, datetime]]] = {}
        for account in self.index.desired.accounts:
            observed = self.index.account(account.address)
            if observed is None or observed.instances is UNKNOWN:
                continue
            for instance in observed.instances:
                for key in {instance.serial, instance.uuid} - {None, ""}:
                    found.setdefault(str(key).upper(), []).append((account, instance, observed.at))
        return found

    @cached_property
    def holding(self) -> frozenset[str]:
        """The serials that CSSM, an attestation or the journal says have a reservation."""
        accounts = [item.instances for item in self.index.observation.accounts]
        accounts += [item.instances for item in self.attested.values()]
        said = {
            instance.serial.upper()
            for instances in accounts
            if instances is not UNKNOWN
            for instance in instances
            if instance.serial and instance.reserved is not UNKNOWN and instance.reserved
        }
        known = {serial for serial, item in self.reserved.items() if item.state is not ReservedState.FREED}
        return frozenset(said | known)

    def readable(self, account: AccountDesired) -> bool:
        """Whether this account's instances were read; otherwise the journal and attestations speak for it."""
        observed = self.index.account(account.address)
        return observed is not None and observed.instances is not UNKNOWN

    def of(self, node: NodeDesired, serial: str) -> tuple[CssmSide, ...]:
        """Every reservation that CSSM has for this node: none, one, or (two modes of trouble) more."""
        found = [
            side
            for account, instance, at in self._instances(node, serial)
            if (side := self._as_read(node, serial, account, instance, at)) is not None
        ]
        seen = {side.account.name for side in found}
        for account in self.index.desired.accounts:
            if account.name not in seen and not self.readable(account):
                side = self._as_told(serial, account)
                if side is not None:
                    found.append(side)
        return tuple(found)

    def _instances(
        self, node: NodeDesired, serial: str
    ) -> Iterator[tuple[AccountDesired, Instance, datetime]]:
        seen: set[tuple[str, str]] = set()
        for key in [serial, *self._uuids(node)]:
            for account, instance, at in self._read.get(key.upper(), ()):
                place = (account.virtual_account, f"{instance.serial}/{instance.uuid}/{instance.name}")
                if place not in seen:
                    seen.add(place)
                    yield account, instance, at

    def _uuids(self, node: NodeDesired) -> Iterable[str]:
        licence = self.index.licence(node.address)
        if licence is None or not isinstance(licence.udi, str):
            return ()
        return [value for key, value in udi_parts(licence.udi).items() if key in ("U", "S")]

    def _as_read(
        self, node: NodeDesired, serial: str, account: AccountDesired, instance: Instance, at: datetime
    ) -> CssmSide | None:
        known = self.reserved.get(serial.upper())
        ours = known if known is not None and known.account in (account.address, WORKSPACE) else None
        side = CssmSide(
            account, Source.READ, at, udi=_udi(instance), product_tag=instance.product_tag, marked=True
        )
        if instance.reserved is UNKNOWN:
            return self._unmarked(node, side, instance, ours)
        if not instance.reserved:
            return None
        pending = [line.pending for line in instance.reserved]
        told = next((True for item in pending if isinstance(item, int)), None)
        if told is None:
            told = bool(ours and ours.state in _IN_TRANSIT) if UNKNOWN in pending else False
            if told and ours is not None and ours.lines:
                return replace(side, lines=_sorted(ours.lines), pending=told)
        return replace(side, lines=_newest(instance.reserved), pending=told)

    def _unmarked(
        self, node: NodeDesired, side: CssmSide, instance: Instance, ours: Reserved | None
    ) -> CssmSide | None:
        """An instance that tells a reservation from a connection in no way: the node and the journal may."""
        licence = self.index.licence(node.address)
        status = None if licence is None else licence.registration
        if status is RegistrationStatus.REGISTERED:
            return None
        if ours is not None and (ours.state is not ReservedState.FREED or _is_late(ours, side.at)):
            return replace(side, lines=ours.lines or UNKNOWN, pending=ours.state in _IN_TRANSIT)
        if status is RegistrationStatus.RESERVED_SPECIFIC:
            return replace(side, lines=_newest(instance.usage) if instance.usage else UNKNOWN)
        return replace(side, marked=False)

    def _as_told(self, serial: str, account: AccountDesired) -> CssmSide | None:
        known = self.reserved.get(serial.upper())
        if known is not None and known.account != account.address:
            known = None
        attested = self.attested.get(account.address)
        if attested is not None and (known is None or attested.at > known.at):
            return _attested(serial, account, attested)
        if known is None or known.state is ReservedState.FREED:
            return None
        return CssmSide(
            account,
            Source.JOURNAL,
            known.at,
            lines=known.lines or UNKNOWN,
            pending=known.state in _IN_TRANSIT,
            udi=known.udi,
        )

    def late(self, side: CssmSide, serial: str) -> bool:
        """Whether CSSM may only be late with showing an accepted step of ours."""
        known = self.reserved.get(serial.upper())
        return known is not None and side.source is Source.READ and _is_late(known, side.at)

    def told(self, account: AccountDesired, serial: str) -> bool:
        """Whether anything at all is known of what this account holds for this serial."""
        known = self.reserved.get(serial.upper())
        return (
            self.readable(account)
            or account.address in self.attested
            or (known is not None and known.account == account.address)
        )


def _attested(serial: str, account: AccountDesired, attested: Attested) -> CssmSide | None:
    for instance in attested.instances:
        if (instance.serial or "").upper() == serial.upper() and instance.reserved:
            lines = instance.reserved if instance.reserved is not UNKNOWN else ()
            pending = any(isinstance(line.pending, int) for line in lines)
            return CssmSide(
                account,
                Source.ATTESTED,
                attested.at,
                lines=_newest(lines) or UNKNOWN,
                pending=pending,
                udi=_udi(instance),
                product_tag=instance.product_tag,
            )
    return None


_LATE = timedelta(minutes=30)
"""How long CSSM may go on showing what was before an accepted step of ours. About a minute was seen."""


def _is_late(known: Reserved, at: datetime) -> bool:
    return at - known.at < _LATE


def _newest(lines: Iterable[ReservedLine]) -> Lines:
    """The totals as they will be once everything in transit has arrived; lines of nothing are left out."""
    totals = [
        AuthorizedLine(
            line.tag or "", line.pending if isinstance(line.pending, int) else line.quantity, line.name
        )
        for line in lines
    ]
    return _sorted(totals)


def _sorted(lines: Iterable[AuthorizedLine]) -> Lines:
    return tuple(sorted((line for line in lines if line.quantity), key=lambda line: (line.name, line.tag)))


def _udi(instance: Instance) -> str | None:
    parts = (("P", instance.pid), ("S", instance.serial), ("U", instance.uuid))
    return ",".join(f"{key}:{value}" for key, value in parts if value) or None
