"""Saved plans and saved observations: written for their owner only, and read with suspicion.

Belongs here: the envelope of a file. Does not belong here: whether a plan may still be applied (execution).
"""

from __future__ import annotations

import json
from pathlib import Path

from reconciler import __version__
from reconciler.errors import PlanFileError, XlicenseError
from reconciler.model import (
    FORMAT_VERSION,
    Desired,
    Observation,
    Plan,
    from_data,
    from_json,
    to_data,
    to_json,
)

from .files import PRIVATE, read_text, write_whole

_AGAIN = "xlicense plan -o FILE"
_LOOK_AGAIN = "xlicense observe -o FILE"


def write_plan(path: Path, plan: Plan) -> None:
    """Owner only: a plan names hosts, serials and what was read from them."""
    write_whole(path, to_json(plan, indent=1) + "\n", mode=PRIVATE)


def read_plan(path: Path) -> Plan:
    """Raises PlanFileError where this is no plan, or one of another format."""
    text = read_text(path, "the plan file")
    try:
        version = json.loads(text)["format_version"]
        _same_format(str(version), f"the plan {path}", _AGAIN)
        return from_json(Plan, text)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = f": {error}" if isinstance(error, ValueError) else ""
        raise PlanFileError(f"{path} is not a plan of xlicense{why}", remedy=_AGAIN) from None


def observation_json(observation: Observation, desired: Desired) -> str:
    """An observation as JSON, with what is needed to know what it is of."""
    data = {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "workspace": desired.workspace,
        "observation": to_data(observation),
    }
    return json.dumps(data, indent=1) + "\n"


def read_observation(path: Path, desired: Desired) -> Observation:
    """Raises XlicenseError where this is no observation of this workspace."""
    text = read_text(path, "the observation file")
    try:
        data = json.loads(text)
        _same_format(str(data["format_version"]), f"the observation {path}", _LOOK_AGAIN)
        workspace = data["workspace"]
        observation = from_data(Observation, data["observation"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        why = f": {error}" if isinstance(error, ValueError) else ""
        raise XlicenseError(f"{path} is not an observation of xlicense{why}", remedy=_LOOK_AGAIN) from None
    if workspace != desired.workspace:
        raise XlicenseError(f"{path} is of workspace {workspace}, this is {desired.workspace}")
    return observation


def _same_format(version: str, what: str, remedy: str) -> None:
    """Minor versions only add; a major one is another language."""
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
        raise PlanFileError(
            f"{what} has format {version}, this xlicense reads {FORMAT_VERSION}", remedy=remedy
        )
