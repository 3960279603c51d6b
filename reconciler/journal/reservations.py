"""How far each reservation has come, from what effects and answers tell. Pure: steps in, values out.

Belongs here: what a step that happened means for a node's reservation, and which code it uses up. Does not
belong here: which record says that a step happened (`fold`), what to do next (planning).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from reconciler.model import (
    WORKSPACE,
    Address,
    Authorization,
    AuthorizedLine,
    Kind,
    Requested,
    Reserved,
    ReservedState,
    Resolution,
)

_ISSUING = frozenset({Kind.RESERVE, Kind.REHOST, Kind.FETCH_AUTHORIZATION})
_RETURNING = frozenset({Kind.RETURN_RESERVATION, Kind.RETURN_AUTHORIZATION})
_ENDS_REQUEST = frozenset({Kind.CANCEL_RESERVATION, Kind.INSTALL_AUTHORIZATION, Kind.REMOVE_INSTANCE})
_ENDS_RESOLUTION = _ENDS_REQUEST | {Kind.CONFIRM_RESERVATION}
_USES = {
    Kind.RESERVE: ("request",),
    Kind.REHOST: ("request",),
    Kind.FETCH_AUTHORIZATION: ("request",),
    Kind.CANCEL_RESERVATION: ("request",),
    Kind.INSTALL_AUTHORIZATION: ("authorization",),
    Kind.RETURN_AUTHORIZATION: ("authorization",),
    Kind.CONFIRM_RESERVATION: ("confirmation",),
    Kind.REMOVE_INSTANCE: ("return", "authorization", "confirmation"),
}
"""With its instance a reservation's other codes are worth nothing."""

KINDS = frozenset(
    _ISSUING
    | _RETURNING
    | _ENDS_RESOLUTION
    | {Kind.REQUEST_RESERVATION, Kind.UPDATE_RESERVATION, Kind.ENABLE_RESERVATION, Kind.DISABLE_RESERVATION}
)
"""The kinds whose steps are looked at here."""


@dataclass(frozen=True, slots=True)
class Step:
    """What an effect or a hand-off does to one node's reservation. ``subject`` is the node's serial."""

    kind: Kind
    address: Address
    subject: str
    params: Mapping[str, Any]


def used_up(step: Step) -> tuple[str, ...]:
    """The slots whose codes the world has used up once this step has happened."""
    named = ((name, step.params.get(name)) for name in _USES.get(step.kind, ()))
    return tuple(slot if isinstance(slot, str) else f"{name}/{step.subject}" for name, slot in named)


class Reservations:
    """By serial: what was issued (for ever), what was requested, and what persons decided.

    The account of a reservation that this journal never saw issued is the workspace.
    """

    def __init__(self) -> None:
        self.reserved: dict[str, Reserved] = {}
        self.requested: dict[str, Requested] = {}
        self.resolutions: dict[str, Resolution] = {}

    def sent(self, step: Step, at: datetime) -> None:
        """From here on the node may have printed a request code."""
        if step.kind is Kind.REQUEST_RESERVATION:
            self.requested[step.subject] = Requested(step.subject, at)

    def never_ran(self, step: Step) -> None:
        if step.kind is Kind.REQUEST_RESERVATION:
            self.requested.pop(step.subject, None)

    def resolved(self, resolution: Resolution) -> None:
        """A person's word; only *adopt* leaves a request of ours ours."""
        self.resolutions[resolution.serial] = resolution
        if resolution.how != "adopt":
            self.requested.pop(resolution.serial, None)

    def returned(self, serial: str, at: datetime) -> None:
        """The return code alone tells it: none is printed for something that was not given back."""
        self._move(serial, ReservedState.RETURNED, at)

    def happened(
        self, step: Step, at: datetime, says: Authorization | None = None, account: Address | None = None
    ) -> None:
        """``says`` is the authorization code that the step brought or used, ``account`` where it is from."""
        serial = step.subject
        if step.kind is Kind.REQUEST_RESERVATION:
            self.requested.setdefault(serial, Requested(serial, at))
        elif step.kind in _ISSUING:
            self._issued(step, at, says)
        elif step.kind is Kind.UPDATE_RESERVATION:
            self._updated(step, at, says)
        elif step.kind is Kind.INSTALL_AUTHORIZATION:
            self._installed(step, at, says, account)
        elif step.kind is Kind.CONFIRM_RESERVATION:
            self._move(serial, ReservedState.INSTALLED, at, step.address)
        elif step.kind in _RETURNING:
            self.returned(serial, at)
        elif step.kind is Kind.REMOVE_INSTANCE:
            self._move(serial, ReservedState.FREED, at, step.address)
        self._close(step)

    def _close(self, step: Step) -> None:
        """What this step brought to its end needs nobody's word any more."""
        if step.kind in _ENDS_REQUEST:
            self.requested.pop(step.subject, None)
        if step.kind in _ENDS_RESOLUTION:
            self.resolutions.pop(step.subject, None)

    def _issued(self, step: Step, at: datetime, says: Authorization | None) -> None:
        """A code fetched again for a node that has a reservation is the one of an update."""
        known = self.reserved.get(step.subject)
        has_one = known is not None and known.state in (ReservedState.INSTALLED, ReservedState.UPDATE_ISSUED)
        if step.kind is Kind.FETCH_AUTHORIZATION and has_one:
            self._updated(step, at, says)
            return
        self._put(step.subject, step.address, ReservedState.ISSUED, at, says)
        replaced = step.params.get("replaces")
        if step.kind is Kind.REHOST and isinstance(replaced, str):
            self._move(replaced, ReservedState.FREED, at, step.address)

    def _updated(self, step: Step, at: datetime, says: Authorization | None) -> None:
        """Where its code was lost, CSSM has in transit what the update asked for."""
        asked = step.params.get("lines")
        before = self._totals(step.subject) or _lines(asked, "before")
        self._put(step.subject, step.address, ReservedState.UPDATE_ISSUED, at, says, before)
        if says is None:
            self.reserved[step.subject] = replace(
                self.reserved[step.subject], lines=_lines(asked, "quantity")
            )

    def _totals(self, serial: str) -> tuple[AuthorizedLine, ...]:
        """What the node has installed, as far as known here."""
        known = self.reserved.get(serial)
        if known is None:
            return ()
        return known.before if known.state is ReservedState.UPDATE_ISSUED else known.lines

    def _installed(
        self, step: Step, at: datetime, says: Authorization | None, account: Address | None
    ) -> None:
        confirms = step.params.get("confirms") is True
        state = ReservedState.UPDATE_INSTALLED if confirms else ReservedState.INSTALLED
        known = self.reserved.get(step.subject)
        if known is None:
            self._put(step.subject, account or WORKSPACE, state, at, says)
            return
        self._move(step.subject, state, at)
        if says is not None:
            self.reserved[step.subject] = replace(self.reserved[step.subject], lines=says.lines, udi=says.udi)

    def _put(
        self,
        serial: str,
        account: Address,
        state: ReservedState,
        at: datetime,
        says: Authorization | None,
        before: tuple[AuthorizedLine, ...] = (),
    ) -> None:
        lines, udi = (says.lines, says.udi) if says is not None else ((), None)
        known = self.reserved.get(serial)
        udi = udi or (known.udi if known is not None else None)
        self.reserved[serial] = Reserved(serial, account, state, at, lines, before, udi)

    def _move(self, serial: str, state: ReservedState, at: datetime, account: Address | None = None) -> None:
        known = self.reserved.get(serial)
        if known is None:
            known = Reserved(serial, account or WORKSPACE, state, at)
        before = known.before if state is ReservedState.UPDATE_INSTALLED else ()
        self.reserved[serial] = replace(known, state=state, at=at, before=before)


def _lines(lines: object, total: str) -> tuple[AuthorizedLine, ...]:
    """The totals before (``before``) or after (``quantity``) an update, as the update itself named them."""
    found = lines if isinstance(lines, Iterable) and not isinstance(lines, str) else ()
    return tuple(
        AuthorizedLine(line.get("tag") or "", line[total], line.get("name") or "")
        for line in found
        if isinstance(line, Mapping) and isinstance(line.get(total), int)
    )
