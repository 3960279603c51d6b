"""K4: a cold process dies, or meets an I/O error or a full disk, at its n-th system call of a kind.

Injected by ``strace`` from outside, so that what SQLite and the interpreter call by themselves is hit too.
Then the referee is asked as for every other death.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from reconciler.errors import Exit

from .killing import IN_A_FAULTY_NETWORK, Outcome, look_and_go_on, must_be_ordinary, row_of
from .launcher import Launcher
from .outside import FILES, NETWORK, Interference, start
from .programme import LIMIT, slices
from .referee import judge
from .scenes import SCENES
from .stage import Snapshot, Stage, snapshot
from .table import add

_PAUSES = (0.0, 40.0, 4000.0)
_WHAT = ("signal=KILL", "error=EIO", "error=ENOSPC")


async def _counted(prepared: Snapshot, *, network: bool) -> Counter[str]:
    """How often an undisturbed run makes each call."""
    async with prepared.stage() as stage:
        started = await start(stage, "apply", "--auto-approve", interference=None, network=network)
        ran = await started.end()
        assert ran.code == 0, str(ran)
        assert any(point.endswith("spool after") for point in started.points()), "its writes are not seen"
        return started.calls()


def _drawn(calls: dict[bool, Counter[str]], dice: random.Random) -> tuple[Interference, bool]:
    """One of the n calls; an error at that one only, or from it on. No error for ``recvfrom``: the loop's own
    pipe is read with it, which no kernel ever refuses."""
    network = dice.random() < 1 / 4
    call = dice.choice([name for name in (NETWORK if network else FILES) if calls[network][name]])
    what = "signal=KILL" if call == "recvfrom" else dice.choice(_WHAT[:2] if network else _WHAT)
    on = "+" if what == "error=ENOSPC" and dice.random() < 1 / 2 else ""
    return Interference(call, what, f"{dice.randint(1, calls[network][call])}{on}"), network


async def _played(stage: Stage, interference: Interference, *, network: bool, pause: float) -> Outcome:
    outcome = Outcome()
    started = await start(stage, "apply", "--auto-approve", interference=interference, network=network)
    ran = await started.end()
    outcome.kills, outcome.faults = int(ran.code < 0), int(ran.code >= 0 and started.was_hit())
    if ran.code >= 0:
        must_be_ordinary(ran, outcome, *(IN_A_FAULTY_NETWORK if network else (Exit.ERROR,)))
    if ran.code == Exit.ERROR and "What to do:" not in ran.err:
        outcome.wrong.append(f"does not say what to do: {ran}")
    stage.later(pause)
    await look_and_go_on(stage, outcome)
    outcome.verdict = judge(stage, [started.points()] if ran.code < 0 else [])
    return outcome


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize(("scene", "number", "many"), slices(0, 500))
async def test_k4_nothing_is_lost_when_system_calls_are_interfered_with(
    scene: str, number: int, many: int
) -> None:
    found: list[str] = []
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES[scene], launcher)
        calls = {network: await _counted(prepared, network=network) for network in (False, True)}
        dice = random.Random(f"K4 {number}")
        for _ in range(many):
            interference, network = _drawn(calls, dice)
            async with prepared.stage() as stage:
                outcome = await _played(stage, interference, network=network, pause=dice.choice(_PAUSES))
            add(row_of("K4", outcome))
            if outcome.complaints:
                found.append(f"{scene}, {interference}: {'; '.join(outcome.complaints)}")
    assert not found, "\n\n".join(found)
