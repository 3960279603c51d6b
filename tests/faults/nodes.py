"""Plays one cell on a node: a lab of its own, the real provider over real SSH, one effect, one fault.

Belongs here: the states that effects start from, and playing. Does not belong here: judging (`judge`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from providers.expressway import ExpresswayProvider
from providers.lab import Lab
from reconciler.model import (
    Action,
    Address,
    Carrier,
    EffectClass,
    Kind,
    NodeDesired,
    SecretRef,
    SshAccess,
    read_authorization,
)
from reconciler.ports import Inputs
from tests.expressway.played import QuickClock, Secrets
from tests.lab.lab_clients import node

from .cells import Cell
from .judge import NOT_SENT, Played, Tape, complaints, instructions, once
from .stand import lab_of

N1, N2 = Address.of_node("a", "n1"), Address.of_node("a", "n2")
SERIAL = "0E4D1FA5"
TOKEN, AUTHORIZATION, REQUEST = "token/emea/allowed", f"authorization/{SERIAL}", f"request/{SERIAL}"
URL = "https://ssm.plant.example.com/SmartTransport"
REGISTERED = "registered: {account: example.com, virtual_account: EMEA}"


def _reserved(state: str) -> str:
    return f"reservation: {{state: {state}, virtual_account: EMEA, lines: {{rms: 4}}}}"


@dataclass(frozen=True, slots=True)
class Effect:
    """``state`` is how its node starts, ``typed`` the pattern of the command, ``params`` of the action."""

    kind: Kind
    state: str
    typed: str
    params: tuple[tuple[str, Any], ...] = ()


EFFECTS = {
    effect.kind.value: effect
    for effect in (
        Effect(Kind.REGISTER, "", r"Smart Register", (("token", TOKEN),)),
        Effect(Kind.REREGISTER, REGISTERED, r"Reregister", (("token", TOKEN),)),
        Effect(Kind.DEREGISTER, REGISTERED, r"Deregister"),
        Effect(Kind.SET_URL, "", r"Url: ", (("url", URL),)),
        Effect(Kind.SET_TRANSPORT, "", r"Transport: "),
        Effect(Kind.SET_PRIVACY, "", r"Privacy: ", (("privacy", "all"),)),
        Effect(Kind.RENEW_REGISTRATION, REGISTERED, r"Renew ID"),
        Effect(Kind.RENEW_AUTHORIZATION, REGISTERED, r"Renew Auth"),
        Effect(Kind.ENABLE_RESERVATION, "", r"ReservationEnable: On"),
        Effect(Kind.DISABLE_RESERVATION, _reserved("enabled"), r"ReservationEnable: Off"),
        Effect(Kind.REQUEST_RESERVATION, _reserved("enabled"), r"Reservation Request"),
        Effect(Kind.INSTALL_AUTHORIZATION, _reserved("issued"), r"Reservation Install"),
        Effect(Kind.RETURN_RESERVATION, _reserved("installed"), r"Reservation Return(?!A)"),
        Effect(Kind.CANCEL_RESERVATION, _reserved("requested"), r"Reservation Cancel"),
        Effect(Kind.RETURN_AUTHORIZATION, _reserved("issued"), r"ReturnAuthorization"),
    )
}


class Bench:
    """One cell's lab and provider."""

    def __init__(self, lab: Lab, cell: Cell, folder: Path) -> None:
        self.lab = lab
        self.cell = cell
        self.effect = EFFECTS[cell.effect]
        known = folder / f"known-{lab.port('a/n1')}"
        known.write_text(lab.known_hosts())
        self.provider = ExpresswayProvider(
            {at: self._desired(at, name, known) for at, name in ((N1, "n1"), (N2, "n2"))},
            Secrets(PASSWORD="lab-password"),
            QuickClock(),
            read_only=False,
            connect_timeout=cell.patience,
            command_timeout=cell.patience,
        )

    def _desired(self, address: Address, name: str, known: Path) -> NodeDesired:
        port = self.lab.port(f"a/{name}")
        access = SshAccess("admin", port, str(known), password=SecretRef("env", "PASSWORD"))
        return NodeDesired(address, name, "127.0.0.1", access)

    def arrived(self) -> int:
        return len(instructions(self.lab, self.effect.typed))

    def action(self) -> tuple[Action, dict[str, str]]:
        kind = self.effect.kind
        params: dict[str, Any] = {"serial": SERIAL, "authorization": AUTHORIZATION, "request": REQUEST}
        params |= {"unchecked": False, "confirms": False, **dict(self.effect.params)}
        codes = {TOKEN: "MDEyMzQ1Njc4OWFiY2RlZg"}
        for text in self.lab.world.issued:
            codes[AUTHORIZATION] = text
            code = read_authorization(text)
            lines = [
                {"entitlement": line.tag, "name": line.name, "tag": line.tag, "quantity": line.quantity}
                for line in code.lines
            ]
            params |= {"udi": code.udi, "lines": lines}
        address = N1
        if kind is Kind.SET_TRANSPORT:
            address = N1.parent
            params |= {"transport": "satellite", "nodes": [str(N1), str(N2)], "replication_wait": 1}
        return Action("id", address, kind, SERIAL, params, Carrier.SSH, EffectClass.CODE, "why"), codes

    def turn(self) -> Any:
        cell = self.cell
        if cell.fault == "wrong-password":
            for one in self.lab.world.nodes.values():
                one.password = "changed"
            return None
        match = {"instruction": self.effect.typed, "waking": "SystemUnit", "look": "license"}
        where = "*" if cell.seed % 2 == 0 else "a/n1"
        return self.lab.faults.add(
            where, cell.fault, match=match.get(cell.position), times=cell.times, seconds=cell.seconds
        )

    async def play(self) -> Played:
        if self.effect.kind is Kind.RETURN_AUTHORIZATION:
            self.lab.world.nodes["a/n1"].holding.request = None
        given = len(self.lab.ledger.given)
        fault = None if self.cell.position == "none" else self.turn()
        if self.cell.position == "look":
            await self.provider.observe(N1)
            self.lab.faults.clear()
        tape = Tape(self.arrived)
        action, codes = self.action()
        outcome: BaseException | None = None
        try:
            await self.provider.execute(action, Inputs("op", tape, codes))
        except Exception as error:
            outcome = error
        asked = instructions(self.lab, self.effect.typed)
        fired = fault.fired if fault is not None else int(self.cell.position != "none")
        return Played(self.cell, fired, outcome, asked, tuple(self.lab.ledger.given[given:]), tape)


def _clusters(cell: Cell) -> str:
    first, second = node(SERIAL, EFFECTS[cell.effect].state), node("0E4D1FA6")
    return f"  a:\n    nodes:\n      n1: {{{first}}}\n      n2: {{{second}}}\n"


async def play(cell: Cell, folder: Path) -> tuple[Played, list[str]]:
    async with lab_of(cell, _clusters(cell)) as lab:
        bench = Bench(lab, cell, folder)
        try:
            played = await bench.play()
        finally:
            await bench.provider.close()
        return played, list(_wrong(played, lab))


def _wrong(played: Played, lab: Lab) -> Iterator[str]:
    known = tuple(one for one in played.asked if not one.status.startswith("Command not"))
    yield from once(played, known)
    if played.cell.effect == Kind.SET_TRANSPORT.value:
        yield from _switched(played, lab)
    else:
        answered = replace(played, asked=known)
        yield from complaints(answered, known, lambda _: False)
        played.lost = answered.lost
    if played.cell.seed == 0 and played.cell.position == "none" and played.outcome is not None:
        yield f"nothing was disturbed, and it failed: {played.outcome}"


def _switched(played: Played, lab: Lab) -> Iterator[str]:
    """A setting of a whole cluster: several nodes are told, each at most once."""
    everywhere = all(one.transport == "satellite" for one in lab.world.nodes.values())
    if played.uncaught:
        yield f"uncaught {played.outcome!r}"
    if played.outcome is None and not everywhere:
        yield "judged done, and a node has the old transport"
    if isinstance(played.outcome, NOT_SENT) and played.asked:
        yield f"judged not sent ({played.outcome}), and it arrived: {played.asked}"
    if played.tape.told > 1 or played.tape.early or (played.asked and not played.tape.told):
        yield "the journal was not told once and before"
