"""Every kind of action there is, as a table, and the one place where an action is made.

What needs what (``-->`` must have succeeded, ``~~>`` only orders)::

      create_token ----------------+
           |                       v
           |      deregister (every peer, only before a switch of the transport)
           |                       |
           |                       v
           |      (on-prem) set_url (each node)     enable_smart (by person, X12.6 to X14.0.x)
           |                       |                       |
           |                       v                       |
           |            set_transport (cluster) <----------+
           |                       |        :
           |                       v        ~~> set_privacy --> renew_registration
           |          set_proxy (by person)          |          (where nothing registers anew)
           |                       |                 |
           +---> register or reregister (each node) <+
                                   :
                                   ~~> revoke_token

      retired: deregister (each node)           expired: renew_authorization

Reservations, each node for itself::

      (deregister) --> enable_reservation --> request --> reserve or rehost --> install
                             cancel -----------^    ~~> (every request before the first trip to the portal)
      update_reservation --> install --> confirm       (fetch_authorization where the code is not here)
      return, or cancel --> return_authorization --> remove_instance --> disable_reservation

Belongs here: the table and the making of ids. Does not belong here: which change asks for which action
(steps) or the order of a whole plan (graph). A new kind is one new row, and a change of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.model import Action, Address, Carrier, EffectClass, Kind, Purpose, digest


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of action. ``carrier`` is how it travels where a provider has the call.

    ``identity`` names the parameters that make two actions different actions; the others may change
    between two plans without making a plan stale in its ids.
    """

    kind: Kind
    effect_class: EffectClass
    carrier: Carrier
    rows: tuple[str, ...]
    identity: tuple[str, ...] = ()
    reversible: bool = True


_S, _N, _C, _X = EffectClass.SET, EffectClass.ONCE, EffectClass.CODE, EffectClass.IRREVERSIBLE
_SSH, _API, _PERSON = Carrier.SSH, Carrier.API, Carrier.PERSON
_REGISTRATION = ("token", "virtual_account", "export_controlled")

ROWS: tuple[Row, ...] = (
    Row(Kind.ENABLE_SMART, _X, _PERSON, ("S7", "S8", "S40"), reversible=False),
    Row(Kind.SET_URL, _S, _SSH, ("S24",), ("url",)),
    Row(Kind.SET_TRANSPORT, _S, _SSH, ("S22", "S23", "A1"), ("transport",)),
    Row(Kind.SET_PROXY, _S, _PERSON, ("S25",), ("host", "port", "username")),
    Row(Kind.SET_PRIVACY, _S, _SSH, ("S26", "A5"), ("privacy",)),
    Row(Kind.CREATE_TOKEN, _N, _API, ("S33", "S34", "S35", "S36"), ("export_controlled",)),
    Row(Kind.REGISTER, _N, _SSH, ("S32", "S39", "S41", "A4"), _REGISTRATION),
    Row(Kind.REREGISTER, _N, _SSH, ("S32", "A6"), _REGISTRATION),
    Row(Kind.REVOKE_TOKEN, _S, _API, ("S35",), ("token",)),
    Row(Kind.DEREGISTER, _N, _SSH, ("A1", "A2", "A7")),
    Row(Kind.RENEW_REGISTRATION, _S, _SSH, ("A3", "A5")),
    Row(Kind.RENEW_AUTHORIZATION, _S, _SSH, ("A3",)),
    Row(Kind.ENABLE_RESERVATION, _S, _SSH, ("S47", "S52")),
    Row(Kind.DISABLE_RESERVATION, _S, _SSH, ("S52",)),
    Row(Kind.REQUEST_RESERVATION, _C, _SSH, ("S50", "S53")),
    Row(Kind.RESERVE, _C, _API, ("S54", "S55", "S57", "S59", "S60"), ("virtual_account", "lines")),
    Row(Kind.FETCH_AUTHORIZATION, _C, _PERSON, ("S60", "S75")),
    Row(Kind.INSTALL_AUTHORIZATION, _C, _SSH, ("S61", "S62", "S77"), ("lines", "confirms")),
    Row(Kind.UPDATE_RESERVATION, _C, _API, ("S70", "S72", "S73", "S74"), ("virtual_account", "lines")),
    Row(Kind.CONFIRM_RESERVATION, _N, _API, ("S78", "S82"), ("virtual_account", "lines")),
    Row(Kind.RETURN_RESERVATION, _C, _SSH, ("S64", "S66", "S67"), reversible=False),
    Row(Kind.REMOVE_INSTANCE, _N, _API, ("S69",), ("virtual_account",)),
    Row(Kind.CANCEL_RESERVATION, _N, _SSH, ("A10",)),
    Row(Kind.RETURN_AUTHORIZATION, _C, _SSH, ("A10",), reversible=False),
    Row(Kind.REHOST, _C, _PERSON, ("A20",), ("virtual_account", "replaces")),
    Row(Kind.REMOVE_GHOST, _N, _API, ("S29", "A2"), ("virtual_account",)),
)

TABLE: Mapping[Kind, Row] = {row.kind: row for row in ROWS}


def action_id(kind: Kind, subject: str, params: Mapping[str, Any]) -> str:
    """The same in every plan for the same thing: kind, serial or account, and 8 hex of what identifies it."""
    identity = {name: _plain(name, params[name]) for name in TABLE[kind].identity}
    return f"{kind.value}:{subject}:{digest([kind.value, subject, identity])[:8]}"


def _plain(name: str, value: Any) -> Any:
    """Lines are identified by what they are for and how many, for tags and names may be learnt on the way."""
    return totals(value) if name == "lines" else value


def totals(lines: Iterable[Mapping[str, Any]]) -> list[list[Any]]:
    """Entitlement and quantity of every line that holds something, in order."""
    return sorted([line["entitlement"], line["quantity"]] for line in lines if line["quantity"])


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes actions, with the carrier that this run's providers offer for them."""

    capabilities: Mapping[Address, frozenset[str]]

    def carries(self, address: Address, kind: Kind) -> bool:
        return kind.value in self.capabilities.get(address, frozenset())

    def make(
        self,
        kind: Kind,
        address: Address,
        subject: str,
        params: Mapping[str, Any],
        reason: str,
        *,
        needs: Iterable[str] = (),
        after: Iterable[str] = (),
        settles: Iterable[str] = (),
        purpose: Purpose = Purpose.WORK,
        makes: str | None = None,
    ) -> Action:
        row = TABLE[kind]
        carried = self.carries(address, kind)
        return Action(
            id=action_id(kind, subject, params),
            address=address,
            kind=kind,
            subject=subject,
            params=dict(params),
            carrier=_carrier(row, carried),
            effect_class=row.effect_class,
            reason=reason,
            needs=tuple(sorted(set(needs))),
            after=tuple(sorted(set(after))),
            settles=tuple(sorted(set(settles))),
            purpose=purpose,
            makes=makes,
            reversible=row.reversible,
            carrier_note=None if carried else _note(row),
            rows=row.rows,
        )


def _carrier(row: Row, carried: bool) -> Carrier:
    if not carried:
        return Carrier.PERSON
    return Carrier.REST if row.carrier is Carrier.PERSON else row.carrier


def _note(row: Row) -> str:
    if row.carrier is Carrier.API:
        return "this profile has no known call"
    if row.kind in (Kind.REHOST, Kind.FETCH_AUTHORIZATION):
        return "only the portal does this"
    if row.carrier is Carrier.PERSON:
        return "only the web page of the node has this setting"
    return "this run has no known command for it"
