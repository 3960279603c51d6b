"""Making the plan that a command shows, applies, draws or reports: one way for all of them.

Belongs here: options to `PlanOptions`, one look at the world, the commands that would be sent. Does not
belong here: planning, wording.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from reconciler.errors import UsageError
from reconciler.model import Carrier, Observation, Override, Plan, PlanOptions

from .compose import engine
from .options import Common
from .progress import reporter

T = TypeVar("T")

if TYPE_CHECKING:
    from reconciler.execution import Engine
    from reconciler.model import Desired


@dataclass(frozen=True, slots=True)
class Made:
    """A plan and, by action id, what would be sent for it (filled only where it was asked for)."""

    plan: Plan
    commands: Mapping[str, tuple[str, ...]]


def override_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--override RULE --reason TEXT``, once or several times."""
    reason = click.option(
        "--reason", "reasons", multiple=True, metavar="TEXT",
        help="Why; one for each --override, or one for all. Kept in the plan and the journal.",
    )  # fmt: skip
    override = click.option(
        "--override", "rules", multiple=True, metavar="RULE",
        help="Go on although this rule of level guard refuses; needs --reason.",
    )  # fmt: skip
    return override(reason(function))


def overrides(rules: Sequence[str], reasons: Sequence[str]) -> tuple[Override, ...]:
    """Each rule with its reason. Raises UsageError where they do not pair up."""
    if rules and len(reasons) == 1:
        reasons = [reasons[0]] * len(rules)
    if len(rules) != len(reasons) or not all(reason.strip() for reason in reasons):
        raise UsageError("every --override needs a --reason, and every --reason an --override")
    return tuple(Override(rule.upper(), why) for rule, why in zip(rules, reasons, strict=True))


def plan_options(common: Common, accepted: tuple[Override, ...] = ()) -> PlanOptions:
    return PlanOptions(common.targets, common.excludes, common.selector, accepted)


def awaited(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own. Its result does not become the result of the loop's task:
    the signal module prints that task when the loop ends, and a plan of a whole fleet takes seconds."""
    results: list[T] = []

    async def to_its_end() -> None:
        results.append(await work)

    asyncio.run(to_its_end())
    return results[0]


def make(
    common: Common,
    desired: Desired,
    options: PlanOptions,
    *,
    saved: Observation | None = None,
    show_commands: bool = False,
) -> Made:
    """Looks at the world (or takes a saved look) with read credentials, and plans."""
    return awaited(_make(common, desired, options, saved, show_commands))


async def _make(
    common: Common,
    desired: Desired,
    options: PlanOptions,
    saved: Observation | None,
    show_commands: bool,
) -> Made:
    from reconciler import execution

    with reporter(common.console) as story:
        async with engine(common, desired, story, read_only=True) as running:
            plan = await execution.plan(running, options, saved)
            return Made(plan, _commands(running, plan) if show_commands else {})


def _commands(running: Engine, plan: Plan) -> dict[str, tuple[str, ...]]:
    return {
        action.id: running.provider_for(action).commands(action)
        for action in plan.actions
        if action.carrier is not Carrier.PERSON
    }


def look(common: Common, desired: Desired) -> Observation:
    """Reads what the options select, and nothing else."""
    return awaited(_look(common, desired))


async def _look(common: Common, desired: Desired) -> Observation:
    from reconciler import execution

    with reporter(common.console) as story:
        async with engine(common, desired, story, read_only=True) as running:
            chosen = execution.selected(running, plan_options(common))
            return await execution.observe(running, chosen)


def plan_file_argument(*, required: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.argument(
        "planfile",
        required=required,
        metavar="PLANFILE" if required else "[PLANFILE]",
        type=click.Path(path_type=Path),
    )
