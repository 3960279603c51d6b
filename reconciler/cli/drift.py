"""``drift``: has the world moved? Read-only, made for CI."""

from __future__ import annotations

import json

import click

from reconciler.errors import PRECEDENCE, Exit, strongest
from reconciler.model import Plan, Severity

from .compose import load_workspace
from .lazy import command
from .making import make, plan_options
from .options import Common, common

ORDER = (Severity.INFO, Severity.WARNING, Severity.ERROR)
NEVER = "never"


@command(
    "drift",
    examples=[
        "xlicense drift                                # exit 0: as the YAML says; 2: it is not",
        "xlicense drift -l site=ams --format markdown > comment.md",
        "xlicense drift --format json --fail-on warning",
    ],
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text",
    show_default=True, help="Markdown fits a comment of a pull request.",
)  # fmt: skip
@click.option(
    "--fail-on", "fail_on", type=click.Choice([*(level.value for level in ORDER), NEVER]),
    default=Severity.ERROR.value, show_default=True,
    help="Findings of this level or worse also exit 2; never: only differences do.",
)  # fmt: skip
@common("workspace", "scope", "remote")
def drift_command(common: Common, form: str, fail_on: str) -> Exit:
    """Say whether nodes and CSSM still are as the YAML says, by node and field. Changes nothing.

    Exit 2 when something differs, 9 when the only difference waits for a person, 10 and 11 when something
    could not be read.
    """
    desired = load_workspace(common).desired
    plan = make(common, desired, plan_options(common)).plan
    codes = _exits(plan, fail_on)
    _print(common, plan, form, codes)
    return strongest(codes)


def _print(common: Common, plan: Plan, form: str, codes: set[Exit]) -> None:
    from reconciler.reporting import drift_json, drift_markdown, drift_text

    console = common.console
    match form:
        case "json":
            data = json.loads(drift_json(plan)) | {
                "exit_codes": [code for code in PRECEDENCE if code in codes]
            }
            console.json(json.dumps(data, indent=2))
        case "markdown":
            console.result(drift_markdown(plan))
        case _:
            console.result(drift_text(plan, width=console.width, color=console.colour))


def _exits(plan: Plan, fail_on: str) -> set[Exit]:
    """What holds: differences, what could not be read, and findings as ``--fail-on`` wants them."""
    from reconciler.reporting import drift_exits

    codes = set(drift_exits(plan))
    if fail_on != NEVER:
        levels = ORDER[ORDER.index(Severity(fail_on)) :]
        codes |= {Exit.CHANGES for finding in plan.findings if finding.severity in levels}
    return codes
