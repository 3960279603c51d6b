"""The referee notices what it is there for: planted losses, doubles and books that do not add up."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pyrage

from reconciler.journal import recipient_of

from .launcher import Launcher
from .outside import Traced
from .referee import judge
from .scenes import SCENES
from .stage import Stage, snapshot


@asynccontextmanager
async def applied(scene: str) -> AsyncIterator[Stage]:
    """A scene after an apply that went well."""
    async with Launcher() as launcher, (await snapshot(SCENES[scene], launcher)).stage() as stage:
        ran = await stage.apply()
        assert ran.code == 0, str(ran)
        yield stage


async def test_the_referee_sees_a_planted_loss_and_a_planted_double() -> None:
    async with applied("reserve1") as stage:
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


async def test_the_referee_sees_a_double_that_the_node_refused_behind_another_refusal() -> None:
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES["cancel1"], launcher)
        async with prepared.stage() as stage:
            asked = stage.lab.ledger.asked
            asked.append(next(one for one in asked if "Reservation Request" in one.text))
            cancelled = dataclasses.replace(asked[-1], text="xcommand License Smart Reservation Cancel")
            asked.append(dataclasses.replace(cancelled, ran=False))
            assert len(judge(stage, []).twice) == 1
            asked.append(dataclasses.replace(asked[-2], ran=False))
            assert len(judge(stage, []).twice) == 2
            asked += [cancelled, asked[-3]]
            assert len(judge(stage, []).twice) == 2


async def test_the_referee_sees_a_request_that_came_again_though_it_had_taken_effect() -> None:
    async with applied("ghost1") as stage:
        assert judge(stage, []).twice == []
        asked = stage.lab.ledger.asked
        removal = next(one for one in asked if "devices/remove" in one.text)
        asked.append(dataclasses.replace(removal, body="of another device"))
        assert judge(stage, []).twice == []
        asked.append(dataclasses.replace(removal, ran=False))
        assert judge(stage, []).twice == [f"{removal.text} with the same content at cloud"]


async def test_the_referee_sees_an_effect_without_a_record() -> None:
    async with applied("reserve1") as stage:
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


async def test_a_token_in_the_list_of_tokens_can_be_had_again_and_one_in_an_answer_cannot() -> None:
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES["reserve1"], launcher)
        async with prepared.stage() as stage:
            await stage.apply()
            ledger = stage.lab.ledger
            ledger.given.append(dataclasses.replace(ledger.given[0], kind="token", value="left-over"))
            listed = {"status": "SUCCESS", "tokens": [{"token": "other"}, {"token": "left-over"}]}
            with stage.plains[-1].open("ab") as received:
                received.write(json.dumps(listed).encode())
            assert judge(stage, []).lost == []
            with stage.plains[-1].open("ab") as received:
                received.write(b'{"tokens": [{"token": "cut o')  # hides nothing that comes after it
                received.write(json.dumps({"tokenInfo": {"token": "left-over"}, "more": []}).encode())
            assert judge(stage, []).lost == ["token left-over of core/c1"]


def sealed(stage: Stage, text: str) -> str:
    recipient = pyrage.x25519.Recipient.from_str(recipient_of(stage.identity))
    return pyrage.encrypt(text.encode(), [recipient], armored=True).decode()


TRACE = """\
71 writev(3</x/outside-1.plain>, [{""..., iov_len=40}], 1) = 40
71 write(7</x/state/xlicense/w/spool>, ""..., 97 <unfinished ...>
72 +++ exited with 0 +++
71 <... write resumed>)              = 97
71 writev(3</x/outside-1.plain>, [{""..., iov_len=8}], 1) = 8
71 write(7</x/state/xlicense/w/spool>, ""..., 50) = -1 ENOSPC (No space left on device) (INJECTED)
71 write(1</x/outside-1.out>, ""..., 50) = 50
71 write(7</x/state/xlicense/w/spool>, ""..., 90 <unfinished ...>
71 <... write resumed>)              = ?
71 +++ killed by SIGKILL +++
"""


async def test_what_strace_wrote_is_read_as_the_points_that_were_passed(tmp_path: Path) -> None:
    trace, nowhere = tmp_path / "outside-1.trace", tmp_path / "nothing"
    trace.write_text(TRACE)
    ended = asyncio.get_running_loop().create_future()
    ended.set_result(-9)
    traced = Traced((), 71, ended, nowhere, nowhere, nowhere, Path("/x/outside-1.plain"), trace)
    assert traced.points() == ["1 received 40", "2 write spool after", "3 received 48"]
    assert (traced.calls(), traced.was_hit()) == ({"writev": 2, "write": 4}, True)
