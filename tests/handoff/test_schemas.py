"""The schemas of bundles and answers are made from the models, and take what the models write."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from providers.handoff import schemas, write_answers, write_bundle
from providers.handoff.wire import ANSWERS_SCHEMA, BUNDLE_SCHEMA
from reconciler import config

from .handoff_samples import answers, bundle

FOLDER = Path(__file__).parents[2] / "schemas"


def test_the_committed_schemas_are_the_ones_that_the_models_make() -> None:
    made = {name: config.schema_text(schema) for name, schema in schemas().items()}
    assert {name: (FOLDER / name).read_text(encoding="utf-8") for name in made} == made


def test_every_committed_schema_is_made_from_a_model() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {*config.schemas(), *schemas()}


@pytest.mark.parametrize(
    ("name", "data"), [(BUNDLE_SCHEMA, write_bundle(bundle())), (ANSWERS_SCHEMA, write_answers(answers()))]
)
def test_what_is_written_fits_its_schema_and_what_lacks_a_part_does_not(name: str, data: bytes) -> None:
    schema = schemas()[name]
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    found = json.loads(data)
    assert list(validator.iter_errors(found)) == []
    for part in ("format", "format_version", "workspace", "digest"):
        assert list(validator.iter_errors({key: value for key, value in found.items() if key != part}))


@pytest.mark.parametrize("name", [BUNDLE_SCHEMA, ANSWERS_SCHEMA])
def test_every_field_says_what_it_is_for(name: str) -> None:
    schema = schemas()[name]
    parts = [schema, *schema["definitions"].values()]
    fields = [(key, field) for part in parts for key, field in part.get("properties", {}).items()]
    assert [key for key, field in fields if not field.get("description")] == []
    assert "$defs" not in json.dumps(schema)
