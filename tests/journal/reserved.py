"""What tests of reservations share: one serial, codes for it, and the steps of a reservation's life."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler import model as m
from reconciler.journal import SqliteJournal

from .bench import E1, EMEA

SERIAL = "0E4D1FA5"
UDI = f"P:EXPY,S:{SERIAL},U:0d7c1b5e"
RMS = "regid.2016-10.com.cisco.EXPWY_RMS,1.0_aa"
DESK = "regid.2016-10.com.cisco.EXPWY_DESK,1.0_bb"
REQUEST = "CD-ZEXPY:0E4D1FA5-AhA8BQjfB-canary"
CONFIRMATION = "5a1e0b7f"
RETURN = "CPprbN-canary-8GAjgB"

REQUEST_SLOT, AUTHORIZATION_SLOT = f"request/{SERIAL}", f"authorization/{SERIAL}"
CONFIRMATION_SLOT, RETURN_SLOT = f"confirmation/{SERIAL}", f"return/{SERIAL}"

_CLASSES = {
    m.Kind.ENABLE_RESERVATION: m.EffectClass.SET,
    m.Kind.DISABLE_RESERVATION: m.EffectClass.SET,
    m.Kind.CONFIRM_RESERVATION: m.EffectClass.ONCE,
    m.Kind.REMOVE_INSTANCE: m.EffectClass.ONCE,
    m.Kind.CANCEL_RESERVATION: m.EffectClass.ONCE,
    m.Kind.REMOVE_GHOST: m.EffectClass.ONCE,
}
_MAKES = {
    m.Kind.REQUEST_RESERVATION: REQUEST_SLOT,
    m.Kind.RESERVE: AUTHORIZATION_SLOT,
    m.Kind.FETCH_AUTHORIZATION: AUTHORIZATION_SLOT,
    m.Kind.UPDATE_RESERVATION: AUTHORIZATION_SLOT,
    m.Kind.REHOST: AUTHORIZATION_SLOT,
    m.Kind.RETURN_RESERVATION: RETURN_SLOT,
    m.Kind.RETURN_AUTHORIZATION: RETURN_SLOT,
}
_NAMES: dict[m.Kind, dict[str, Any]] = {
    m.Kind.RESERVE: {"request": REQUEST_SLOT},
    m.Kind.REHOST: {"request": REQUEST_SLOT},
    m.Kind.INSTALL_AUTHORIZATION: {"authorization": AUTHORIZATION_SLOT, "request": None},
    m.Kind.RETURN_AUTHORIZATION: {"authorization": AUTHORIZATION_SLOT},
    m.Kind.CONFIRM_RESERVATION: {"confirmation": CONFIRMATION_SLOT},
    m.Kind.REMOVE_INSTANCE: {"return": RETURN_SLOT},
}


def authorization(rms: int = 10, *, udi: str = UDI, desk: int | None = None, tag: str = RMS) -> str:
    """A whole authorization code of one line of XML, as CSSM gives it."""
    lines = [(tag, rms, "Expressway Rich Media Session")]
    if desk is not None:
        lines.append((DESK, desk, "Expressway Desktop Registration"))
    entitlements = "".join(
        f"<entitlement><tag>{tag}</tag><count>{count}</count><startDate></startDate><endDate></endDate>"
        f"<licenseType>PERPETUAL</licenseType><displayName>{name}</displayName></entitlement>"
        for tag, count, name in lines
    )
    return (
        "<specificPLR><authorizationCode><flag>A</flag><version>C</version><piid>6ca07f56</piid>"
        f"<timestamp>1552292522579</timestamp><entitlements>{entitlements}</entitlements>"
        f"</authorizationCode><signature>MEYCIQ</signature><udi>{udi}</udi></specificPLR>"
    )


def authorized(rms: int = 10) -> tuple[m.AuthorizedLine, ...]:
    """What `authorization` says."""
    return (m.AuthorizedLine(RMS, rms, "Expressway Rich Media Session", licence_type="PERPETUAL"),)


def lines(rms: int = 10, before: int | None = None, tag: str | None = RMS) -> list[dict[str, Any]]:
    """What an action says of the totals."""
    line = {"entitlement": "rms", "name": "Expressway Rich Media Session", "tag": tag, "quantity": rms}
    return [line if before is None else {**line, "before": before}]


def step(kind: m.Kind, *, carrier: m.Carrier | None = None, **params: Any) -> m.Action:
    """An action of a reservation's life, at the node or its account."""
    at_account = kind.value.startswith("account.")
    return m.Action(
        id=f"{kind.value}:{SERIAL}:12345678",
        address=EMEA if at_account else E1,
        kind=kind,
        subject=SERIAL,
        params={"serial": SERIAL, "udi": UDI, **_NAMES.get(kind, {}), **params},
        carrier=carrier or (m.Carrier.API if at_account else m.Carrier.SSH),
        effect_class=_CLASSES.get(kind, m.EffectClass.CODE),
        reason="a test",
        makes=_MAKES.get(kind) or (CONFIRMATION_SLOT if params.get("confirms") else None),
    )


def did(journal: SqliteJournal, kind: m.Kind, code: str | None = None, **params: Any) -> str:
    """One effect that was sent, brought this code, and is done; its op id."""
    action = step(kind, **params)
    effect = journal.intent("run-1", action)
    effect.sending()
    if code is not None:
        assert action.makes is not None
        effect.code(m.Produced(m.CodeKind(action.makes.partition("/")[0]), code), action.makes)
    effect.done()
    return effect.op_id


def parked(journal: SqliteJournal, kind: m.Kind, **params: Any) -> m.Waiting:
    """The same step, handed over to a person."""
    action = step(kind, carrier=m.Carrier.PERSON, **params)
    wants = m.CodeKind(action.makes.partition("/")[0]) if action.makes else None
    waiting = m.Waiting(
        "",
        action.id,
        kind.value,
        action.address,
        SERIAL,
        journal._clock.now(),
        ("Licenses", "Reserve Licenses"),
        wants=wants,
        slot=action.makes,
        params=action.params,
    )
    return journal.park("run-1", waiting)


def reserved(journal: SqliteJournal) -> m.Reserved:
    (only,) = journal.held().reserved
    return only


def held_slots(held: m.HeldState) -> Mapping[str, m.HeldCode]:
    return {code.slot: code for code in held.codes}
