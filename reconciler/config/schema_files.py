"""The JSON Schemas that editors use, made from the document models. Draft-07, which they still expect.

Belongs here: turning pydantic's schema into what yaml-language-server reads well. Does not belong here: what
a field means or accepts (documents, scalars).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from reconciler.config.documents import ClusterDoc, WorkspaceDoc

WORKSPACE_SCHEMA = "workspace.v1.schema.json"
CLUSTER_SCHEMA = "cluster.v1.schema.json"


def schemas() -> dict[str, dict[str, Any]]:
    """Each schema by the name of its file."""
    return {
        WORKSPACE_SCHEMA: _schema(WorkspaceDoc, "xlicense workspace"),
        CLUSTER_SCHEMA: _schema(ClusterDoc, "xlicense cluster"),
    }


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    found = _plain(model.model_json_schema(ref_template="#/definitions/{model}"))
    found["definitions"] = found.pop("$defs", {})
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": title, **found}


def _plain(schema: Any, *, names: bool = False) -> Any:
    """Without titles made from field names, and without null: a key without a value is an error.

    ``names`` is set where the keys are names of ours and not words of JSON Schema.
    """
    if isinstance(schema, list):
        return [_plain(item) for item in schema if item != {"type": "null"}]
    if not isinstance(schema, dict):
        return schema
    found = {
        key: _plain(value, names=key in {"properties", "$defs"} and not names)
        for key, value in schema.items()
        if names or not (key == "title" or (key == "default" and (value is None or isinstance(value, dict))))
    }
    return found if names else _merged(found)


def _merged(schema: dict[str, Any]) -> dict[str, Any]:
    """One choice is no choice; and draft-07 ignores what stands beside a reference."""
    if "patternProperties" in schema:
        schema = {**schema, "additionalProperties": False}
    choices = schema.get("anyOf")
    if isinstance(choices, list) and len(choices) == 1:
        schema = {key: value for key, value in schema.items() if key != "anyOf"} | choices[0]
    if "$ref" in schema and len(schema) > 1:
        schema = {key: value for key, value in schema.items() if key != "$ref"} | {
            "allOf": [{"$ref": schema["$ref"]}]
        }
    return schema
