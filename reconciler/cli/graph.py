"""``graph``: the order of a plan's actions as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.errors import Exit

from .compose import load_workspace
from .lazy import command
from .making import make, plan_file_argument, plan_options
from .options import Common, common
from .saved import read_plan


@command(
    "graph",
    examples=[
        "xlicense graph | dot -Tsvg > plan.svg",
        "xlicense graph --format mermaid tonight.plan",
    ],
)
@plan_file_argument(required=False)
@click.option(
    "--format", "form", type=click.Choice(["dot", "mermaid"]), default="dot", show_default=True,
    help="DOT for Graphviz, Mermaid for Markdown.",
)  # fmt: skip
@common("workspace", "scope", "remote")
def graph_command(common: Common, planfile: Path | None, form: str) -> Exit:
    """Draw what needs what: the actions of a saved plan, or of one made now."""
    from reconciler.reporting import graph_dot, graph_mermaid

    if planfile is not None:
        plan = read_plan(planfile)
    else:
        plan = make(common, load_workspace(common).desired, plan_options(common)).plan
    common.console.result((graph_dot if form == "dot" else graph_mermaid)(plan))
    return Exit.OK
