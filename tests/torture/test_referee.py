"""The referee notices what it is there for: planted losses, doubles and books that do not add up."""

from __future__ import annotations

import dataclasses

import pyrage

from reconciler.journal import recipient_of

from .launcher import Launcher
from .referee import judge
from .scenes import SCENES
from .stage import Stage, snapshot


async def test_the_referee_sees_a_planted_loss_and_a_planted_double() -> None:
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES["reserve1"], launcher)
        async with prepared.stage() as stage:
            ran = await stage.apply()
            assert ran.code == 0, str(ran)
            clean = judge(stage, [])
            assert (clean.lost, clean.gap, clean.twice, clean.problems) == ([], [], [], [])
            assert clean.received == clean.printed == 3
            ledger = stage.lab.ledger
            ledger.given.append(dataclasses.replace(ledger.given[0], value="never-written-down"))
            with stage.plains[-1].open("ab") as received:
                received.write(b"never-written-down")
            request = next(one for one in ledger.asked if "Reservation Request" in one.text)
            ledger.asked[ledger.asked.index(request) : 0] = [request]
            planted = judge(stage, [])
            assert len(planted.lost) == 1
            assert planted.twice == ["reservation request at core/c1"]


async def test_the_referee_sees_an_effect_without_a_record() -> None:
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES["reserve1"], launcher)
        async with prepared.stage() as stage:
            ran = await stage.apply()
            assert ran.code == 0, str(ran)
            assert judge(stage, []).unrecorded == []
            ledger = stage.lab.ledger
            ledger.asked.append(next(one for one in ledger.asked if "reserve-licenses" in one.text))
            assert judge(stage, []).unrecorded == ["account.reserve: 2 sent, 1 recorded"]


async def test_a_code_on_the_terminal_is_kept_where_it_is_sealed_and_lost_where_it_is_not() -> None:
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES["reserve1"], launcher)
        async with prepared.stage() as stage:
            ran = await stage.apply()
            ledger, terminal = stage.lab.ledger, stage.running[-1].err
            ledger.given.append(dataclasses.replace(ledger.given[0], value="shown-and-not-written"))
            with stage.plains[-1].open("ab") as received:
                received.write(b"shown-and-not-written")
            terminal.write_text(f"{ran.err}shown-and-not-written\n")
            assert len(judge(stage, []).lost) == 1
            terminal.write_text(f"{ran.err}{sealed(stage, 'shown-and-not-written')}\n")
            assert judge(stage, []).lost == []


def sealed(stage: Stage, text: str) -> str:
    recipient = pyrage.x25519.Recipient.from_str(recipient_of(stage.identity))
    return pyrage.encrypt(text.encode(), [recipient], armored=True).decode()
