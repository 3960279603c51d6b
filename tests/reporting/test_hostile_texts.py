"""Whatever a node, an account, a file or a person says, no renderer lets it out as a control or a command."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler import model as m
from reconciler.errors import Complaint, ConfigError, PlanFileError, Rejected
from reconciler.reporting import (
    codes_text,
    desired_text,
    drift_json,
    drift_markdown,
    drift_text,
    error_text,
    finished_line,
    graph_dot,
    graph_mermaid,
    observation_text,
    observed_line,
    ops_text,
    plan_json,
    plan_text,
    progress_line,
    rule_text,
    rules_text,
    run_json,
    run_text,
    waiting_text,
)
from tests.reporting.reporting_samples import (
    BEHIND_PROXY,
    CREATE,
    FLEET,
    NOW,
    PROXY,
    REFUSED_REGISTER,
    RUN,
    S11,
    WAITING,
)

EVIL = "\x1b]0;t\x07\x1b[2J\x9b\r\u202e\u2066\u200b\ufeff\x7f|`<b>@all"
SPOT = m.Address(f"account/emea/instance/{''.join(EVIL.split())}")


def evil(one: m.Action) -> m.Action:
    return replace(
        one,
        address=SPOT,
        reason=EVIL,
        carrier_note=EVIL,
        params={name: EVIL if isinstance(value, str) else value for name, value in one.params.items()},
    )


PROBLEM = m.Problem(EVIL, m.ProblemKind.UNREADABLE, EVIL, EVIL)
HANDOFF = replace(
    WAITING,
    handoff_id=EVIL,
    kind=EVIL,
    address=SPOT,
    instructions=(EVIL,),
    owner=EVIL,
    ticket=EVIL,
)
REFUSAL = replace(S11, rule=EVIL, address=SPOT, message=EVIL, remedy=EVIL, source=EVIL, rows=())
CARD = m.RuleCard("XL1", (), m.Level.HARD, "plan", EVIL, EVIL, EVIL, EVIL)
SEEN = m.Observation(
    NOW,
    (
        m.NodeObserved(
            SPOT,
            NOW,
            serial=EVIL,
            software=m.Software(EVIL),
            licence=m.Licence(evaluation_seconds=5, virtual_account=EVIL, failure=EVIL, unrecognised=(EVIL,)),
            smart=m.SmartConfig(EVIL),
            alarms=(m.Alarm(EVIL, EVIL),),
            problems=(PROBLEM,),
        ),
    ),
    (m.AccountObserved(SPOT, NOW, pool=(m.PoolLine(EVIL, status=EVIL),), problems=(PROBLEM,)),),
)
PLAN = replace(
    FLEET,
    observation=SEEN,
    partial=(EVIL,),
    changes=(
        m.Change(SPOT, EVIL, EVIL, EVIL, m.Cause.CHANGED_BEHIND, EVIL),
        m.Change(SPOT, EVIL, None, EVIL, m.Cause.WAITING),
    ),
    actions=tuple(evil(each) for each in (CREATE, PROXY, BEHIND_PROXY)),
    held_back=(m.HeldBack(BEHIND_PROXY.id, EVIL, EVIL),),
    withheld=(evil(REFUSED_REGISTER),),
    findings=(m.Finding(EVIL, m.Severity.ERROR, SPOT, EVIL, EVIL, ("S1",)),),
    refusals=(REFUSAL, replace(REFUSAL, overridden=EVIL)),
    waiting=(HANDOFF,),
)
OUTCOME = m.ActionOutcome(evil(PROXY), m.Result.FAILED, EVIL, EVIL, op_id=EVIL)
RESULT = m.RunResult(EVIL, (OUTCOME,), (REFUSAL,), (HANDOFF,), (SPOT,), (SPOT,))
ERROR = Rejected(EVIL, said=EVIL, remedy=EVIL)


class Described:
    address, field, value, origin = SPOT, EVIL, EVIL, EVIL


TEXTS: dict[str, Callable[[], str]] = {
    "plan": lambda: plan_text(PLAN, commands={CREATE.id: (EVIL,)}, next_command=EVIL),
    "plan json": lambda: plan_json(PLAN),
    "drift": lambda: drift_text(PLAN),
    "drift json": lambda: drift_json(PLAN),
    "drift markdown": lambda: drift_markdown(PLAN),
    "run": lambda: run_text(RESULT, next_command=EVIL),
    "run json": lambda: run_json(replace(RESULT, outcomes=(*RUN.outcomes, OUTCOME))),
    "finished": lambda: finished_line(OUTCOME),
    "progress": lambda: progress_line(OUTCOME.action, EVIL),
    "observed": lambda: observed_line(SPOT, True),
    "dot": lambda: graph_dot(PLAN),
    "mermaid": lambda: graph_mermaid(PLAN),
    "observation": lambda: observation_text(SEEN),
    "rules": lambda: rules_text([CARD]) + rule_text(CARD),
    "waiting": lambda: waiting_text((HANDOFF,)),
    "ops": lambda: ops_text([m.OpenEffect(EVIL, "x", EVIL, SPOT, EVIL, m.EffectState.SENDING, NOW, EVIL)]),
    "codes": lambda: codes_text([m.HeldCode(EVIL, m.CodeKind.TOKEN, EVIL, SPOT, EVIL, NOW, True)]),
    "desired": lambda: desired_text([Described()]),
    "error": lambda: error_text(ERROR),
    "stale plan": lambda: error_text(PlanFileError(EVIL, differences=[EVIL])),
    "complaints": lambda: error_text(
        ConfigError([Complaint(EVIL, 1, 3, EVIL, "x", source_line=EVIL)]), caret=True
    ),
}


@pytest.mark.parametrize("name", TEXTS)
def test_no_control_gets_out(name: str) -> None:
    text = TEXTS[name]()
    assert not [c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs"} and c != "\n"]


def test_a_comment_carries_no_mention_no_html_and_no_broken_row() -> None:
    text = drift_markdown(PLAN)
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    assert {line.replace("\\|", "").count("|") for line in rows} == {6}
    prose = [line for line in text.splitlines() if line.startswith("**")]
    assert not [line for line in prose if "@all" in line or "<b>" in line]
