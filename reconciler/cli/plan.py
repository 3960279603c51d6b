"""``plan``: compare the YAML with the world and show what would change."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.errors import Exit, strongest

from .compose import load_workspace
from .lazy import command
from .making import Made, make, override_options, overrides, plan_options
from .options import Common, common
from .saved import read_observation, write_plan


@command(
    "plan",
    examples=[
        "xlicense plan",
        "xlicense plan -o tonight.plan                # keep it; apply does exactly that",
        "xlicense plan --target 'cluster/ams-*' --show-commands",
        "xlicense plan -l site=ams --detailed-exitcode",
        'xlicense plan --override XL011 --reason "change 4711, accepted by the owner"',
        "xlicense observe -o now.json && xlicense plan --observation now.json",
    ],
)
@click.option("-o", "--out", metavar="FILE", type=click.Path(path_type=Path), help="Keep the plan here.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 2 for changes, 6 for refusals, 9 for hand-offs."
)
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON.")
@click.option("--show-commands", is_flag=True, help="Show what would be sent; codes as <token>.")
@click.option(
    "--observation", metavar="FILE", type=click.Path(path_type=Path),
    help="Plan against a saved observation instead of looking.",
)  # fmt: skip
@override_options
@common("workspace", "scope", "remote")
def plan_command(
    common: Common,
    out: Path | None,
    detailed_exitcode: bool,
    as_json: bool,
    show_commands: bool,
    observation: Path | None,
    rules: tuple[str, ...],
    reasons: tuple[str, ...],
) -> Exit:
    """Compare the YAML with the world and show what would change, in which order, and why. Changes nothing.

    Exit 0 with or without changes, 10 and 11 when a node or account could not be read. With
    --detailed-exitcode also 2 for changes, 6 when a rule refuses something, 9 when something waits for a
    person.
    """
    options = plan_options(common, overrides(rules, reasons))
    desired = load_workspace(common).desired
    saved = read_observation(observation, desired) if observation is not None else None
    made = make(common, desired, options, saved=saved, show_commands=show_commands)
    if out is not None:
        write_plan(out, made.plan)
    if as_json:
        from reconciler.reporting import plan_json

        common.console.json(plan_json(made.plan))
    else:
        show_plan(common, made, next_command=_next(common, made, out))
    return exit_of(made, detailed=detailed_exitcode)


def show_plan(common: Common, made: Made, *, next_command: str | None) -> None:
    """The plan for a person, on stdout."""
    from reconciler.reporting import plan_text

    console = common.console
    console.result(
        plan_text(
            made.plan,
            width=console.width,
            color=console.colour,
            commands=made.commands or None,
            next_command=next_command,
        )
    )


READING = frozenset({Exit.TRUST, Exit.UNREAD})
"""What fails a plan in any case: it may not be whole."""


def exit_of(made: Made, *, detailed: bool) -> Exit:
    from reconciler.reporting import plan_exits

    return strongest(code for code in plan_exits(made.plan) if detailed or code in READING)


def _next(common: Common, made: Made, out: Path | None) -> str | None:
    if made.plan.runnable:
        return common.again("apply", str(out)) if out else common.again("apply", *common.scope_words())
    return common.again("handoff", "list") if made.plan.waiting else None
