"""``observe``: what the nodes and CSSM say, as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.errors import Exit, strongest
from reconciler.model import Observation, ProblemKind

from .compose import load_workspace
from .files import PRIVATE, write_whole
from .lazy import command
from .making import look
from .options import Common, common
from .saved import observation_json


@command(
    "observe",
    examples=[
        "xlicense observe",
        "xlicense observe -l site=ams -o now.json      # plan against it: plan --observation now.json",
        "xlicense observe | jq '.observation.nodes[].software'",
    ],
)
@click.option("-o", "--out", metavar="FILE", type=click.Path(path_type=Path), help="Write it here.")
@common("workspace", "scope", "remote")
def observe_command(common: Common, out: Path | None) -> Exit:
    """Read the nodes and the accounts they use, and print what both say as JSON. Changes nothing.

    Exit 10 and 11 when something could not be read; what could be is there all the same.
    """
    desired = load_workspace(common).desired
    observation = look(common, desired)
    text = observation_json(observation, desired)
    if out is None:
        common.console.json(text)
    else:
        write_whole(out, text, mode=PRIVATE)
        common.console.note(f"Next: {common.again('plan', '--observation', str(out))}")
    return exit_of(observation)


def exit_of(observation: Observation) -> Exit:
    """Trust before reading: 10, else 11, else 0."""
    problems = [reading.problems for reading in observation.nodes]
    problems += [reading.problems for reading in observation.accounts]
    kinds = {problem.kind for part in problems for problem in part}
    return strongest(Exit.TRUST if kind is ProblemKind.UNTRUSTED else Exit.UNREAD for kind in kinds)
