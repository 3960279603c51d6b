"""The schemas are made from the models, are valid draft-07, and take what the loader takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from reconciler.config import schema_text, schemas
from reconciler.config.schema_files import CLUSTER_SCHEMA, WORKSPACE_SCHEMA
from tests.config.config_texts import CLUSTER, WORKSPACE
from tests.config.test_config_desired import AMS_CORE, AMS_EDGE, REFERENCE

FOLDER = Path(__file__).parents[2] / "schemas"


def as_an_editor_reads(text: str) -> Any:
    """YAML 1.2 with its own types: numbers and booleans instead of texts."""
    return YAML(typ="safe", pure=True).load(text)


def complaints(name: str, text: str) -> list[str]:
    validator = jsonschema.Draft7Validator(schemas()[name])
    return [error.message for error in validator.iter_errors(as_an_editor_reads(text))]


def test_the_committed_schemas_are_the_ones_that_the_models_make() -> None:
    made = {name: schema_text(schema) for name, schema in schemas().items()}
    assert {name: (FOLDER / name).read_text() for name in made} == made


@pytest.mark.parametrize("name", [WORKSPACE_SCHEMA, CLUSTER_SCHEMA])
def test_each_schema_is_draft_07(name: str) -> None:
    schema = schemas()[name]
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert "$defs" not in json.dumps(schema)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (WORKSPACE_SCHEMA, WORKSPACE),
        (WORKSPACE_SCHEMA, REFERENCE),
        (CLUSTER_SCHEMA, CLUSTER),
        (CLUSTER_SCHEMA, AMS_EDGE),
        (CLUSTER_SCHEMA, AMS_CORE),
        (CLUSTER_SCHEMA, CLUSTER.replace("0E4D1FA5", "52E01234, port: '2222'")),
        (CLUSTER_SCHEMA, CLUSTER.replace("{mode: token}", "{mode: token, export_controlled: 'true'}")),
        (CLUSTER_SCHEMA, CLUSTER + "version: 14.10\nssh: {key: {command: [a, b]}}\n"),
    ],
)
def test_what_loads_is_accepted_however_an_editor_types_it(name: str, text: str) -> None:
    assert complaints(name, text) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("role: edge", "rol: edge"),
        ("role: edge", "role: edg"),
        ("role: edge", "role:"),
        ("role: edge", "labels: {'a b': c}"),
        ("mode: direct", "mode: 1"),
        ("serial: 0E4D1FA5", "port: 70000"),
        ("{mode: token}", "{mode: token, export_controlled: yes}"),
        ("{mode: token}", "{mode: token, token: {value: hunter2}}"),
        ("{mode: token}", "{mode: token, token: {value: {env: A, file: b}}}"),
        ("cluster: ams-edge", "cluster: Ams"),
        (CLUSTER[CLUSTER.index("nodes:") :], "nodes: []\n"),
    ],
)
def test_what_does_not_load_is_marked_in_an_editor(old: str, new: str) -> None:
    assert complaints(CLUSTER_SCHEMA, CLUSTER.replace(old, new))


def fields(schema: Any) -> Iterator[tuple[str, Any]]:
    for part in [schema, *schema["definitions"].values()]:
        yield from part.get("properties", {}).items()


@pytest.mark.parametrize("name", [WORKSPACE_SCHEMA, CLUSTER_SCHEMA])
def test_every_field_says_what_it_is_for(name: str) -> None:
    assert [key for key, field in fields(schemas()[name]) if not field.get("description")] == []
