"""``apply``: carry out exactly one plan, after a person or a saved plan has said so.

Belongs here: approval and the gates before the first instruction. Does not belong here: carrying out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from reconciler import __version__
from reconciler.errors import Exit, Refused, UsageError, strongest
from reconciler.model import Desired, EffectClass, Plan, RunResult

from .compose import engine, load_workspace
from .console import is_terminal
from .lazy import command
from .making import Made, awaited, make, override_options, overrides, plan_file_argument, plan_options
from .options import Common, common
from .plan import exit_of, show_plan
from .progress import reporter
from .saved import read_plan

QUESTION = "Only 'yes' will be accepted to approve."


@command(
    "apply",
    examples=[
        "xlicense apply                                  # shows the plan and asks",
        "xlicense apply tonight.plan                     # exactly that plan, without asking",
        "xlicense apply --target 'cluster/ams-*' --auto-approve",
        "xlicense apply tonight.plan --lock-timeout 5m",
    ],
)
@plan_file_argument(required=False)
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option(
    "--confirm", "confirmed", multiple=True, metavar="NAME",
    help="The name of the cluster or account where something cannot be undone; repeat for several.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="What became of it as JSON; the plan on stderr.")
@override_options
@common("workspace", "scope", "remote", "lock", "input")
def apply_command(
    common: Common,
    planfile: Path | None,
    auto_approve: bool,
    confirmed: tuple[str, ...],
    as_json: bool,
    rules: tuple[str, ...],
    reasons: tuple[str, ...],
) -> Exit:
    """Carry out a plan: a saved one as it is, or one made now after you have seen and approved it.

    Exit 0 when everything is done, 6 when a rule refused a part, 7 when a part failed, 8 when an outcome is
    not known, 9 when something waits for a person, 130 when interrupted at a safe point.
    """
    accepted = overrides(rules, reasons)
    desired = load_workspace(common).desired
    if planfile is not None:
        if common.scoped or accepted:
            raise UsageError("a saved plan says itself what it is about: leave scope and overrides out")
        plan = _saved(planfile, desired)
    else:
        if not auto_approve:
            _can_ask(common)
        made = make(common, desired, plan_options(common, accepted))
        plan = made.plan
        _show(common, made, as_json)
        if not plan.runnable:
            return _nothing_to_do(common, made, as_json)
    gates(desired, plan, confirmed)
    if planfile is None and not auto_approve and not _approved(common):
        common.console.say("Nothing was changed.")
        return Exit.ERROR
    return _finish(common, _carry_out(common, desired, plan, planfile), as_json)


def _saved(path: Path, desired: Desired) -> Plan:
    from reconciler.execution import SystemClock, check_plan_file

    plan = read_plan(path)
    check_plan_file(plan, workspace=desired.workspace, tool_version=__version__, now=SystemClock().now())
    return plan


def _can_ask(common: Common) -> None:
    """Before anything is read: an apply that nobody could approve need not start."""
    if common.no_input or not is_terminal(sys.stdin):
        why = "--no-input was given" if common.no_input else "there is no terminal to ask on"
        raise UsageError(
            f"apply asks before it changes anything, and {why}",
            remedy="--auto-approve, or a saved plan: xlicense apply PLANFILE",
        )


def _show(common: Common, made: Made, as_json: bool) -> None:
    if not as_json:
        show_plan(common, made, next_command=None)
        return
    from reconciler.reporting import plan_text

    console = common.console
    console.note(plan_text(made.plan, width=console.width_err, color=console.colour_err))


def _nothing_to_do(common: Common, made: Made, as_json: bool) -> Exit:
    """The plan that was shown says so; a program that reads JSON gets an empty run."""
    if as_json:
        from reconciler.reporting import run_json

        active = tuple(refusal for refusal in made.plan.refusals if refusal.overridden is None)
        common.console.json(run_json(RunResult("", refusals=active, waiting=made.plan.waiting)))
    return exit_of(made, detailed=True)


def gates(desired: Desired, plan: Plan, confirmed: Sequence[str]) -> None:
    """What must hold before the first instruction. Raises Refused or UsageError."""
    from reconciler.execution import once_only

    once = once_only(plan.runnable)
    if once and in_ci() and not desired.journal.persistent:
        raise Refused(
            f"{len(once)} instructions must never be sent twice, and the journal of this CI job ends with it",
            remedy="Apply on a runner whose state folder outlives the job, and say so: "
            "journal: {persistent: true}",
        )
    missing = sorted(_irreversible(plan) - set(confirmed))
    if missing:
        words = " ".join(f"--confirm {name}" for name in missing)
        raise UsageError("the plan holds what cannot be undone; name where", remedy=words)


def _irreversible(plan: Plan) -> set[str]:
    return {
        action.address.parent.name
        for action in plan.runnable
        if action.effect_class is EffectClass.IRREVERSIBLE
    }


def in_ci() -> bool:
    """Whether ``CI`` is set, as every CI system does."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def _approved(common: Common) -> bool:
    """Asks on stderr, so that stdout holds the plan and the result only."""
    console = common.console
    console.say(f"\nDo you want to carry out this plan?\n  {QUESTION}\n")
    sys.stderr.write("  Enter a value: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip() == "yes"


def _carry_out(common: Common, desired: Desired, plan: Plan, planfile: Path | None) -> RunResult:
    told = f"apply {planfile.name}" if planfile is not None else "apply"
    return awaited(_run(common, desired, plan, told))


async def _run(common: Common, desired: Desired, plan: Plan, told: str) -> RunResult:
    from reconciler import execution

    from .signals import stopping

    with reporter(common.console) as story:
        async with engine(common, desired, story, read_only=False) as running:
            with stopping(running.stop, story):
                return await execution.run(running, plan, command=told, lock_timeout=common.lock_timeout)


def _finish(common: Common, result: RunResult, as_json: bool) -> Exit:
    from reconciler.reporting import run_exits, run_json, run_text

    console = common.console
    if as_json:
        console.json(run_json(result))
    else:
        console.result(run_text(result, width=console.width, color=console.colour))
    return strongest(run_exits(result))
