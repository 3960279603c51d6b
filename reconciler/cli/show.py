"""``show``: a saved plan, the desired state with where each value comes from, or the observed state."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.errors import Exit
from reconciler.model import FORMAT_VERSION

from .compose import load_workspace
from .lazy import command
from .making import Made, look
from .observe import exit_of
from .options import Common, common
from .plan import show_plan
from .saved import observation_json, read_plan


@command(
    "show",
    examples=[
        "xlicense show tonight.plan",
        "xlicense show desired              # after defaults, with where each value comes from",
        "xlicense show observed -l site=ams",
        "xlicense show tonight.plan --json",
    ],
)
@click.argument("what", metavar="PLANFILE|desired|observed")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@common("workspace", "scope", "remote")
def show_command(common: Common, what: str, as_json: bool) -> Exit:
    """Show a saved plan, the desired state after defaults, or what the nodes and CSSM say now."""
    match what:
        case "desired":
            return _desired(common, as_json)
        case "observed":
            return _observed(common, as_json)
        case _:
            return _planned(common, Path(what), as_json)


def _planned(common: Common, path: Path, as_json: bool) -> Exit:
    from reconciler.reporting import plan_json

    plan = read_plan(path)
    if as_json:
        common.console.json(plan_json(plan))
    else:
        show_plan(common, Made(plan, {}), next_command=common.again("apply", str(path)))
    return Exit.OK


def _desired(common: Common, as_json: bool) -> Exit:
    from reconciler.config import describe
    from reconciler.reporting import desired_text

    listed = describe(common.root)
    if as_json:
        rows = [
            {"address": item.address, "field": item.field, "value": item.value, "origin": item.origin}
            for item in listed
        ]
        common.console.json(json.dumps({"format_version": FORMAT_VERSION, "desired": rows}, indent=2))
    else:
        common.console.result(desired_text(listed, width=common.console.width, color=common.console.colour))
    return Exit.OK


def _observed(common: Common, as_json: bool) -> Exit:
    from reconciler import reporting

    desired = load_workspace(common).desired
    observation = look(common, desired)
    console = common.console
    if as_json:
        console.json(observation_json(observation, desired))
    else:
        console.result(reporting.observation_text(observation, width=console.width, color=console.colour))
    return exit_of(observation)
