"""Plays one cell on an account of CSSM: a lab of its own, the real provider over real HTTPS, one fault.

Belongs here: the states that effects start from, and playing. Does not belong here: judging (`judge`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from providers.cssm import CssmProvider
from providers.cssm.exchange import Patience
from providers.lab import Lab, codes, manager
from providers.lab.ledger import Asked
from providers.lab.nouns import EXPRESSWAY_TAG, RMS, TAGS, Instance
from reconciler.model import (
    AccountDesired,
    Action,
    Address,
    Carrier,
    Credentials,
    EffectClass,
    Kind,
    Manager,
    ManagerKind,
    SecretRef,
)
from reconciler.ports import Inputs
from tests.expressway.played import QuickClock, Secrets
from tests.lab.lab_clients import START, node

from .cells import Cell
from .judge import Played, Tape, complaints, instructions, once
from .stand import lab_of

ADDRESS = Address("account/emea")
CREDENTIALS = Credentials(SecretRef("env", "ID"), SecretRef("env", "SECRET"))
SERIAL = "0E4D1FA5"
TOKEN = "token/emea/allowed"
BEARER = r"token\.oauth2|oauth2?/(default/v1/)?token"
REFUSED_WHOLE = frozenset({"401", "403"})
"""Statuses that say by themselves that the request was not carried out."""


@dataclass(frozen=True, slots=True)
class Effect:
    """``state`` is the reservation its node starts with, ``sent`` the pattern of the request."""

    kind: Kind
    state: str
    sent: str
    profile: str = "legacy"

    @property
    def name(self) -> str:
        return f"{self.kind.value} ({self.profile})"


_CREATE, _REMOVE = r"^POST .*/tokens$", r"devices/remove"
EFFECTS = {
    effect.name: effect
    for effect in (
        Effect(Kind.CREATE_TOKEN, "", _CREATE),
        Effect(Kind.REVOKE_TOKEN, "", r"tokens/revoke"),
        Effect(Kind.RESERVE, "", r"reserve-licenses"),
        Effect(Kind.UPDATE_RESERVATION, "installed", r"update-licenses"),
        Effect(Kind.CONFIRM_RESERVATION, "unconfirmed", r"confirm-licenses"),
        Effect(Kind.REMOVE_INSTANCE, "returned", _REMOVE),
        Effect(Kind.REMOVE_GHOST, "", _REMOVE),
        Effect(Kind.RESERVE, "", r"licenses/reserve", "software-apis"),
        Effect(Kind.REMOVE_INSTANCE, "returned", _REMOVE, "software-apis"),
        Effect(Kind.REMOVE_GHOST, "", _REMOVE, "software-apis"),
        Effect(Kind.CREATE_TOKEN, "", _CREATE, "on-prem"),
    )
}


class Bench:
    """One cell's lab and provider."""

    def __init__(self, lab: Lab, cell: Cell, folder: Path) -> None:
        self.lab = lab
        self.cell = cell
        self.effect = EFFECTS[cell.effect]
        self.on_prem = self.effect.profile == "on-prem"
        self.place = "plant" if self.on_prem else "cloud"
        ca_file = folder / f"ca-{lab.port('cloud')}.pem"
        ca_file.write_bytes(lab.ca_pem())
        client = "plant" if self.on_prem else "apply"
        self.provider = CssmProvider(
            self._account(str(ca_file)),
            CREDENTIALS,
            Secrets(ID=client, SECRET=f"{client}-secret"),
            QuickClock(),
            read_only=False,
            patience=Patience(cell.patience, cell.patience, 2 * cell.patience, 3, 0.001, 0.05, 2.0),
        )

    def _account(self, ca_file: str) -> AccountDesired:
        bases = {"legacy": self.lab.cssm_url, "software-apis": self.lab.software_apis_url}
        base = self.lab.onprem_url("plant") if self.on_prem else bases[self.effect.profile]
        kind = ManagerKind.ON_PREM if self.on_prem else ManagerKind.CLOUD
        made = Manager(kind, self.effect.profile, base_url=base, ca_file=ca_file)
        if self.on_prem:
            return AccountDesired(
                ADDRESS, "emea", "Default", made, local_account="World Wide Plant", apply=CREDENTIALS
            )
        return AccountDesired(ADDRESS, "emea", "EMEA", made, "example.com", apply=CREDENTIALS)

    def arrived(self) -> int:
        return len(instructions(self.lab, self.effect.sent))

    def action(self) -> tuple[Action, dict[str, str]]:
        """What it is about, and the codes that it needs, read from the lab's world."""
        held = {f"{name}/{SERIAL}": value for name, value in self._codes().items()}
        one = self.lab.world.nodes["a/n1"]
        line = {"entitlement": "rms", "name": RMS, "tag": TAGS[RMS], "quantity": 5, "before": 4}
        params = {
            "serial": SERIAL,
            "udi": codes.plain_request(one.serial, one.uuid),
            "token": TOKEN,
            "product_tag": EXPRESSWAY_TAG,
            "virtual_account": "EMEA",
            "lines": [line],
            "export_controlled": False,
            "expires_after_days": 1,
            "max_uses": 1,
            "reason": "scrapped",
            **{name: f"{name}/{SERIAL}" for name in ("request", "confirmation", "return")},
        }
        if self.effect.kind is Kind.REVOKE_TOKEN:
            held[TOKEN] = self._token()
        if self.effect.kind is Kind.REMOVE_GHOST:
            self._haunt()
        kind = self.effect.kind
        return Action("id", ADDRESS, kind, SERIAL, params, Carrier.API, EffectClass.CODE, "why"), held

    def _codes(self) -> dict[str, str]:
        one = self.lab.world.nodes["a/n1"]
        found = {"request": codes.plain_request(one.serial, one.uuid)}
        for issued in self.lab.world.issued.values():
            found |= {"confirmation": issued.confirmation, "return": issued.returned}
        return found

    def _token(self) -> str:
        at, account = self.lab.world.cloud, self.lab.world.account("cloud", "example.com")
        more: dict[str, Any] = {"description": "x", "days": 1, "export": False, "max_uses": 1}
        va = account.virtual_accounts[0]
        return manager.create_token(self.lab.world, at, account, va, created_by="a", **more).value

    def _haunt(self) -> None:
        """A product instance without a node behind it."""
        account = self.lab.world.account("cloud", "example.com")
        ghost = Instance(SERIAL, "EXPY", "gone", EXPRESSWAY_TAG, "EXPY", START, START)
        account.virtual_accounts[0].instances.append(ghost)

    def turn(self) -> Any:
        cell, sent = self.cell, self.effect.sent
        looks = f"^(?!.*({BEARER}))(?!.*({sent.removeprefix('^POST .*')}))"
        looks = f"^GET .*|{looks}" if "tokens$" in sent else looks
        match = {"instruction": sent, "bearer": BEARER, "look": looks}
        return self.lab.faults.add(
            self.place, cell.fault, match=match.get(cell.position), times=cell.times, seconds=cell.seconds
        )

    async def play(self) -> Played:
        action, held = self.action()
        given = len(self.lab.ledger.given)
        if self.cell.position == "connection":
            await self.provider.observe(ADDRESS)
        fault = None if self.cell.position == "none" else self.turn()
        if self.cell.position == "look":
            await self.provider.observe(ADDRESS)
        tape = Tape(self.arrived)
        outcome: BaseException | None = None
        try:
            await self.provider.execute(action, Inputs("op", tape, held))
        except Exception as error:
            outcome = error
        await self._come_late(fault)
        asked = instructions(self.lab, self.effect.sent)
        fired = fault.fired if fault is not None else 0
        return Played(self.cell, fired, outcome, asked, tuple(self.lab.ledger.given[given:]), tape)

    async def _come_late(self, fault: Any) -> None:
        """A request that the lab carries out later is waited for, as long as that may take."""
        if fault is not None and fault.kind == "late" and fault.fired and self.cell.position == "instruction":
            async with asyncio.timeout(30.0):
                while not self.arrived():  # noqa: ASYNC110 - the ledger of the lab has no event
                    await asyncio.sleep(0.05)


def _clusters(cell: Cell) -> str:
    state = EFFECTS[cell.effect].state
    reserved = f"reservation: {{state: {state}, virtual_account: EMEA, lines: {{rms: 4}}"
    reserved += ", update: {rms: 5}" if state == "unconfirmed" else ""
    one = node(SERIAL, reserved + "}" if state else "")
    return f"  a:\n    nodes:\n      n1: {{{one}}}\n"


async def play(cell: Cell, folder: Path) -> tuple[Played, list[str]]:
    async with lab_of(cell, _clusters(cell)) as lab:
        bench = Bench(lab, cell, folder)
        try:
            played = await bench.play()
        finally:
            await bench.provider.close()
        return played, list(_wrong(played))


def _said_no(asked: Asked) -> bool:
    return not asked.ran and asked.answered and asked.status in REFUSED_WHOLE


def _wrong(played: Played) -> Iterator[str]:
    """A request that met an expired bearer is repeated once, with a fresh one."""
    expired = [one for one in played.asked if one.status == "401"]
    carried = tuple(one for one in played.asked if one not in expired)
    yield from once(played, carried)
    if len(expired) > 2 or (carried and len(expired) > 1):
        yield f"repeated more than once after HTTP 401: {played.asked}"
    yield from complaints(played, carried, _said_no)
    if played.cell.seed == 0 and played.cell.position == "none" and played.outcome is not None:
        yield f"nothing was disturbed, and it failed: {played.outcome}"
