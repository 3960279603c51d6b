"""What became of a run: everything that did not end well, the numbers, and the command to type next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import model as m
from reconciler.errors import Exit
from reconciler.reporting import (
    finished_line,
    observed_line,
    observing_line,
    progress_line,
    run_exits,
    run_summary,
    run_text,
    starting_line,
)
from tests.reporting.reporting_samples import (
    CREATE,
    E1,
    OSL1,
    OSL2,
    PRIVACY,
    REGISTER_1,
    REGISTER_2,
    RUN,
    S11,
    WAITING,
)

TEXT = """\
Failed:

  cluster/ams-edge/node/e1  register to "Expressway EMEA"
      The node says: Invalid token. It stays unregistered.
      remedy  Look at the token in the account, then plan again.
      record  xlicense op show op-3

Outcome not known:

  cluster/ams-edge/node/e2  register to "Expressway EMEA"
      The connection was lost after the command was sent.
      record  xlicense op show op-4

Skipped:

  cluster/lon-core/node/c1  register again to "Expressway EMEA"
      it needs step 1, which failed

Refused:

  XL011 (hard)  cluster/par-edge/node/e1
      X14.2.1 trusts a root certificate that Cisco replaced in January 2023: registering direct or
      through a proxy fails.
      remedy  Upgrade to X14.2.5 or a later X14.2, or X14.3 and above, or use an On-Prem.
      source  Field Notice FN72306 (S11)
      more    xlicense explain XL011

Not trusted, therefore left alone:

  cluster/osl-core/node/c2

Not read:

  cluster/osl-core/node/c1

Waiting for a person:

  h-1  cluster/mad-edge/node/e1  set proxy
      since   2026-11-24 03:57 UTC
      due     2026-12-01 12:00 UTC
      owner   network team
      ticket  CHG-42
      1. Open https://mad-e1.example.com and log in as admin.
      2. Go to System > Smart licensing > Transport settings.
      3. Set proxy host proxy.example.com and port 3128, then Save.
      then: xlicense handoff answer h-1 --done   (or just xlicense apply: reading the node shows
            that it was done)

Run r-7: 2 done, 1 failed, 1 unknown, 1 waiting, 1 refused, 1 skipped.

Next:
  xlicense op list
"""


def done(action: m.Action) -> m.ActionOutcome:
    return m.ActionOutcome(action, m.Result.DONE)


def test_a_run_tells_every_failure_its_remedy_and_what_a_person_has_to_do() -> None:
    assert run_text(RUN, width=100) == TEXT


def test_a_run_that_went_well_is_its_summary_and_the_plan_that_proves_it() -> None:
    assert run_text(m.RunResult("r-8", (done(CREATE),))) == (
        "Run r-8: 1 done, 0 failed, 0 unknown, 0 waiting, 0 refused, 0 skipped.\n\nNext:\n  xlicense plan\n"
    )


def test_an_interrupted_run_says_that_it_stopped_at_a_safe_point() -> None:
    stopped = m.RunResult("r-9", (done(CREATE),), interrupted=True)
    assert run_summary(stopped).endswith("0 skipped. Interrupted at a safe point; nothing is left half-way.")
    assert run_exits(stopped) == (Exit.INTERRUPTED,)


def test_the_next_command_follows_from_what_is_left() -> None:
    waiting = m.RunResult("r-1", waiting=(WAITING,))
    failed = replace(waiting, outcomes=(m.ActionOutcome(CREATE, m.Result.FAILED),))
    assert run_text(waiting).endswith("Next:\n  xlicense handoff list\n")
    assert run_text(failed).endswith("Next:\n  xlicense plan\n")
    keyless = m.ActionOutcome(CREATE, m.Result.FAILED, "no recipient", "xlicense key init")
    assert run_text(replace(failed, outcomes=(keyless,))).endswith("Next:\n  xlicense key init\n")
    assert run_text(failed, next_command="xlicense apply a.plan").endswith("Next:\n  xlicense apply a.plan\n")


def test_after_a_lost_answer_whose_end_was_seen_the_plan_goes_on() -> None:
    seen = m.ActionOutcome(CREATE, m.Result.UNKNOWN, "reserved, the code is lost", "xlicense plan")
    assert run_text(m.RunResult("r-1", (seen,))).endswith("Next:\n  xlicense plan\n")
    open_still = replace(seen, remedy="xlicense op show op-1")
    assert run_text(m.RunResult("r-1", (seen, open_still))).endswith("Next:\n  xlicense op list\n")


def test_an_overridden_refusal_is_not_counted_as_refused() -> None:
    assert "0 refused" in run_summary(m.RunResult("r-1", refusals=(replace(S11, overridden="agreed"),)))


@pytest.mark.parametrize(
    ("result", "exits"),
    [
        (m.RunResult("r", (done(CREATE),)), ()),
        (
            RUN,
            (Exit.UNKNOWN, Exit.TRUST, Exit.PARTLY, Exit.REFUSED, Exit.WAITING, Exit.UNREAD),
        ),
        (
            m.RunResult("r", (m.ActionOutcome(CREATE, m.Result.FAILED, trust=True),)),
            (Exit.TRUST, Exit.PARTLY),
        ),
        (
            m.RunResult("r", (m.ActionOutcome(CREATE, m.Result.FAILED, unread=True),)),
            (Exit.PARTLY, Exit.UNREAD),
        ),
        (m.RunResult("r", (m.ActionOutcome(CREATE, m.Result.WAITING),)), (Exit.WAITING,)),
        (m.RunResult("r", untrusted=(OSL2,), unread=(OSL1,)), (Exit.TRUST, Exit.UNREAD)),
    ],
)
def test_every_exit_code_that_holds_is_listed_strongest_first(
    result: m.RunResult, exits: tuple[Exit, ...]
) -> None:
    assert run_exits(result) == exits


def test_progress_is_one_line_an_event() -> None:
    assert observing_line(3, 1_200) == "reading 1,200 nodes and accounts: 3 done"
    assert observed_line(E1, True) == "cluster/ams-edge/node/e1: read"
    assert observed_line(E1, False) == "cluster/ams-edge/node/e1: could not be read"
    assert starting_line(PRIVACY) == "cluster/ams-edge/node/e1: set privacy to hostname ..."
    assert progress_line(PRIVACY, "waits\nfor it") == "cluster/ams-edge/node/e1: waits for it"


def test_a_finished_action_says_how_long_it_took_and_what_went_wrong() -> None:
    took = m.ActionOutcome(PRIVACY, m.Result.DONE, "fine", seconds=12.4)
    failed = m.ActionOutcome(REGISTER_1, m.Result.FAILED, "Invalid token", seconds=0.2)
    assert finished_line(took) == "cluster/ams-edge/node/e1: done after 12 s: set privacy to hostname"
    assert finished_line(failed) == (
        'cluster/ams-edge/node/e1: failed: register to "Expressway EMEA" (Invalid token)'
    )
    assert finished_line(done(REGISTER_2), color=True).startswith(
        "cluster/ams-edge/node/e2: \x1b[32mdone\x1b[0m: register"
    )


def test_a_failure_that_says_nothing_still_names_the_node_and_the_action() -> None:
    text = run_text(m.RunResult("r-1", (m.ActionOutcome(PRIVACY, m.Result.FAILED),)))
    assert text.startswith("Failed:\n\n  cluster/ams-edge/node/e1  set privacy to hostname\n\nRun r-1:")


def test_what_ended_alike_is_told_together() -> None:
    skipped = tuple(
        m.ActionOutcome(action, m.Result.SKIPPED, "the token could not be made")
        for action in (REGISTER_1, REGISTER_2)
    )
    assert run_text(m.RunResult("r-1", skipped)).startswith(
        "Skipped:\n\n"
        '  cluster/ams-edge/node/e1  register to "Expressway EMEA"\n'
        '  cluster/ams-edge/node/e2  register to "Expressway EMEA"\n'
        "      the token could not be made\n\n"
    )
