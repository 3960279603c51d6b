"""Files that people, editors and attackers hand us: refused in the right family, never a crash."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given

from providers.handoff.wire import read_answers, read_bundle, write_answers, write_bundle
from reconciler.cli.handoff_files import file_text, sort_files
from reconciler.cli.handoff_table import instances_of
from reconciler.cli.saved import observation_json, read_observation, read_plan, write_plan
from reconciler.config import load
from reconciler.errors import ConfigError, PlanFileError, XlicenseError
from reconciler.model import Desired, Observation, Plan, read_authorization
from tests.handoff.handoff_samples import answers, bundle
from tests.reporting import reporting_samples

from .mutate import NUMBERS, damaged, fuzzing

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
pytestmark = pytest.mark.timeout(3_600)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("fuzz")
    (made / "clusters").mkdir()
    yield made
    shutil.rmtree(made)


WORKSPACE = (EXAMPLES / "lab" / "xlicense.yaml").read_bytes()
CLUSTERS = tuple(path.read_bytes() for path in sorted((EXAMPLES / "lab" / "clusters").glob("*.yaml")))


@fuzzing
@given(NUMBERS)
def test_yaml_is_loaded_or_complained_about(folder: Path, number: int) -> None:
    first, second = WORKSPACE, CLUSTERS[number % len(CLUSTERS)]
    whole = number % 3 == 0
    (folder / "xlicense.yaml").write_bytes(damaged(first, number) if whole else first)
    (folder / "clusters" / "a.yaml").write_bytes(second if whole else damaged(second, number))
    try:
        loaded = load(folder)
    except ConfigError as error:
        assert error.complaints
        assert all(one.message and one.code for one in error.complaints)
    else:
        assert isinstance(loaded.desired, Desired)


@pytest.fixture(scope="module")
def plan_file(folder: Path) -> tuple[Path, bytes]:
    path = folder / "seed.plan"
    write_plan(path, reporting_samples.plan())
    return folder / "fuzzed.plan", path.read_bytes()


@fuzzing
@given(NUMBERS)
def test_a_plan_file_is_read_or_refused(plan_file: tuple[Path, bytes], number: int) -> None:
    path, seed = plan_file
    path.write_bytes(damaged(seed, number))
    try:
        assert isinstance(read_plan(path), Plan)
    except PlanFileError as error:
        assert error.exit_code == 4
    except XlicenseError as error:
        assert "is not UTF-8 text" in error.message


@fuzzing
@given(NUMBERS)
def test_a_saved_observation_is_read_or_refused(folder: Path, number: int) -> None:
    desired = Desired("9d0c1a01", "/w")
    seed = observation_json(reporting_samples.plan().observation, desired).encode()
    path = folder / "seen.json"
    path.write_bytes(damaged(seed, number))
    try:
        assert isinstance(read_observation(path, desired), Observation)
    except XlicenseError as error:
        assert error.message


BUNDLE, ANSWERS = write_bundle(bundle()), write_answers(answers())


@fuzzing
@given(NUMBERS)
def test_an_altered_bundle_is_never_taken_for_the_one_that_was_sent(number: int) -> None:
    data = damaged(BUNDLE, number)
    try:
        found, _ = read_bundle(data)
    except XlicenseError as error:
        assert error.message
    else:
        assert json.loads(data) == json.loads(BUNDLE)
        assert found == bundle()


@fuzzing
@given(NUMBERS)
def test_altered_answers_are_never_taken_for_those_that_came_back(number: int) -> None:
    data = damaged(ANSWERS, number)
    try:
        found, _ = read_answers(data)
    except XlicenseError as error:
        assert error.message
    else:
        assert json.loads(data) == json.loads(ANSWERS)
        assert found == answers()


AUTHORIZATION = (
    b"<specificPLR><authorizationCode><flag>A</flag><version>C</version><piid>1-2-3</piid><timestamp>17</timestamp>"
    b"<entitlements><entitlement><tag>regid.x,1.0_y</tag><count>20</count><startDate></startDate><endDate></endDate>"
    b"<licenseType>PERPETUAL</licenseType><displayName>RMS</displayName></entitlement></entitlements>"
    b"</authorizationCode><signature>MEUCIQ==</signature><udi>P:EXPY,S:0E4D1FA5</udi></specificPLR>"
)


@fuzzing
@given(NUMBERS)
def test_an_authorization_code_from_a_portal_is_read_or_named_as_none(folder: Path, number: int) -> None:
    inbox = folder / "inbox"
    inbox.mkdir(exist_ok=True)
    path = inbox / "code.txt"
    path.write_bytes(damaged(AUTHORIZATION, number))
    sorted_files = sort_files(inbox, (), ())
    assert len(sorted_files) == 1
    assert sorted_files[0].handoff_id is None
    assert sorted_files[0].problem
    try:
        read = read_authorization(file_text(path))
    except ValueError:
        return
    assert read.udi
    assert all(line.quantity >= 0 for line in read.lines)


TABLE = (
    b"name,serial,udi,entitlement,quantity,mode\n"
    b'e1.example.com,0E4D1FA5,"P:EXPY,S:0E4D1FA5",rms,20,token\n'
    b"e2.example.com;0E4D1FA6;;desktop;5;reservation\n"
)


@fuzzing
@given(NUMBERS)
def test_a_table_of_instances_gives_values_or_complaints_with_a_line(number: int) -> None:
    text = damaged(TABLE, number).decode("utf-8", "replace")
    found, complaints = instances_of(text, "instances.csv", ())
    assert all(complaint.path == "instances.csv" for complaint in complaints)
    assert isinstance(found, tuple)
