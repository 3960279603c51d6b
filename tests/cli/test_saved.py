"""Saved plans and observations: private files, read with suspicion."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.cli.files import write_whole
from reconciler.cli.saved import observation_json, read_observation, read_plan, write_plan
from reconciler.errors import PlanFileError, XlicenseError
from reconciler.model import Address, Desired, NodeObserved, Observation, Plan

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
DESIRED = Desired("aaaaaaaa", "/w")
OBSERVATION = Observation(NOW, (NodeObserved(Address("cluster/ams-edge/node/e1"), NOW),))
PLAN = Plan("00", "nonce", "aaaaaaaa", NOW, NOW + timedelta(days=1), "0.1.0", OBSERVATION)


def test_a_plan_comes_back_as_it_was_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "tonight.plan"
    write_plan(path, PLAN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_plan(path) == PLAN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a plan of xlicense"),
        ("[1]", "is not a plan of xlicense"),
        ('{"format_version": "1.0"}', "is not a plan of xlicense"),
        ('{"format_version": "2.0"}', "has format 2.0, this xlicense reads 1."),
        ("<html>", "is not a plan of xlicense"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_way_to_make_one(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.plan"
    path.write_text(text)
    with pytest.raises(PlanFileError, match=said) as caught:
        read_plan(path)
    assert caught.value.remedy == "xlicense plan -o FILE"


def test_a_later_minor_format_is_read(tmp_path: Path) -> None:
    path = tmp_path / "x.plan"
    write_plan(path, PLAN)
    data = json.loads(path.read_text()) | {"format_version": "1.7", "new_field": 1}
    path.write_text(json.dumps(data))
    assert read_plan(path).nonce == PLAN.nonce


def test_an_observation_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "now.json"
    path.write_text(observation_json(OBSERVATION, DESIRED))
    assert read_observation(path, DESIRED) == OBSERVATION


def test_an_observation_of_another_workspace_or_of_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "now.json"
    path.write_text(observation_json(OBSERVATION, Desired("bbbbbbbb", "/w")))
    with pytest.raises(XlicenseError, match="is of workspace bbbbbbbb, this is aaaaaaaa"):
        read_observation(path, DESIRED)
    path.write_text("[]")
    with pytest.raises(XlicenseError, match="is not an observation of xlicense"):
        read_observation(path, DESIRED)


def test_a_place_below_a_file_is_told_as_one_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "flat").write_text("a file, not a folder")
    with pytest.raises(XlicenseError, match="cannot be written"):
        write_whole(tmp_path / "flat" / "plan.json", "{}")
