"""The referee notices what it is there for: planted losses, doubles and books that do not add up."""

from __future__ import annotations

import dataclasses

from .launcher import Launcher
from .referee import judge
from .scenes import SCENES
from .stage import snapshot


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
