"""One case: a command dies at a point, people start again as they would, and the referee judges.

Belongs here: what is done after the death, and when a case is over. Does not belong here: which points.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reconciler.errors import Exit
from tests.ran import Ran

from .launcher import Chosen
from .referee import Verdict, judge
from .stage import Stage
from .table import Row

_STEPS = 6
_ENDS = {Exit.OK, Exit.REFUSED, Exit.PARTLY, Exit.UNKNOWN, Exit.WAITING, Exit.UNREAD, Exit.CHANGES}
IN_A_FAULTY_NETWORK = (Exit.PLAN_FILE, Exit.TRUST)
"""A node that answers only the second time makes a plan stale; a login can be refused."""

_NAMES_A_PERSON = re.compile(r"op resolve|handoff|portal|casefile|op show")


@dataclass
class Outcome:
    """``end`` is ``converged`` or ``person`` (who must act is named). ``faults`` are knobs that fired."""

    end: str = ""
    kills: int = 0
    faults: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    wrong: list[str] = field(default_factory=list)

    @property
    def complaints(self) -> list[str]:
        verdict = self.verdict
        return [
            *self.wrong,
            *(f"lost: {text}" for text in verdict.lost),
            *(f"twice: {text}" for text in verdict.twice),
            *(f"not recorded: {text}" for text in verdict.unrecorded),
            *verdict.problems,
        ]


async def play(
    stage: Stage,
    kills: Sequence[Chosen],
    *,
    pause: float,
    between: Callable[[], object] = lambda: None,
    thorough: bool = True,
) -> Outcome:
    """Kill one process after the other, then go on until it converges or names who must act.

    ``pause`` is how long people wait before they start again, in seconds of lab time; ``between`` is called
    after each death. A case that is not ``thorough`` takes an apply that did everything for the end, and
    does not plan once more to see that nothing is left.
    """
    outcome, points = Outcome(), []
    knobs = list(stage.lab.faults.active)
    for chosen in kills:
        started = await stage.start("apply", "--auto-approve", chosen=chosen)
        ran = await started.end()
        points.append(started.points())
        outcome.kills += ran.code < 0
        if ran.code >= 0:
            must_be_ordinary(ran, outcome, *IN_A_FAULTY_NETWORK)
        stage.later(pause)
        between()
    await look_and_go_on(stage, outcome, thorough=thorough)
    outcome.faults = sum(knob.fired for knob in knobs)
    outcome.verdict = judge(stage, points)
    return outcome


async def play_on_bad_disk(stage: Stage, chosen: Chosen, *, pause: float, thorough: bool = True) -> Outcome:
    """One apply on a disk that fails, which ends by itself and says what to do; then on a sound one."""
    outcome = Outcome(faults=1)
    ran = await stage.apply(chosen=chosen)
    must_be_ordinary(ran, outcome, Exit.ERROR)
    if ran.code == Exit.ERROR and "What to do:" not in ran.err:
        outcome.wrong.append(f"does not say what to do: {ran}")
    stage.later(pause)
    await look_and_go_on(stage, outcome, thorough=thorough)
    outcome.verdict = judge(stage, [])
    return outcome


async def look_and_go_on(stage: Stage, outcome: Outcome, *, thorough: bool = True) -> None:
    """What people do afterwards, with the network in order again."""
    if thorough:
        must_be_ordinary(await stage.run("op", "list"), outcome)
    stage.lab.faults.clear()
    await _go_on(stage, outcome, thorough=thorough)


async def _go_on(stage: Stage, outcome: Outcome, *, thorough: bool) -> None:
    """As often as a person would try; an hour later from the second time on."""
    ran = None
    for _ in range(_STEPS):
        ran = await stage.apply()
        must_be_ordinary(ran, outcome, Exit.PLAN_FILE)  # it saw what became of an effect, and has more to do
        if ran.code == Exit.OK and ("No changes" in ran.said or not thorough):
            outcome.end = "converged"
            return
        if ran.code != Exit.OK:
            stage.later(3600.0)
    assert ran is not None
    plan = await stage.run("plan")
    if _NAMES_A_PERSON.search(plan.said):
        outcome.end = "person"
    else:
        outcome.end = "nowhere"
        outcome.wrong.append(f"neither converged nor named who must act:\n{ran}\n{plan}")


def must_be_ordinary(ran: Ran, outcome: Outcome, *also: Exit) -> None:
    """An exit code that is documented for such a run, and no bug report."""
    bug = "Traceback" in ran.said or "a bug in xlicense" in ran.err
    if ran.code not in {*_ENDS, *also} or bug:
        outcome.wrong.append(f"not an ordinary end: {ran}")


def row_of(test: str, outcome: Outcome) -> Row:
    """One case, as the table counts it."""
    verdict = outcome.verdict
    return Row(
        test, 1, outcome.kills + outcome.faults, verdict.printed, len(verdict.lost), len(verdict.twice),
        len(outcome.wrong), len(verdict.gap),
    )  # fmt: skip
