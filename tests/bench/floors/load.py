"""The floor of loading: libyaml events with positions, and one pydantic model a file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import yaml
from pydantic import BaseModel, ConfigDict


class Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    host: str
    serial: str


class Cluster(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    cluster: str
    labels: dict[str, str]
    role: str
    account: str
    transport: dict[str, str]
    privacy: dict[str, str]
    registration: dict[str, str]
    nodes: tuple[Node, ...]


def tree(events: Any) -> Any:
    event = next(events)
    if isinstance(event, yaml.ScalarEvent):
        return event.value
    if isinstance(event, yaml.SequenceStartEvent):
        items = []
        while (item := tree(events)) is not None:
            items.append(item)
        return items
    if isinstance(event, yaml.MappingStartEvent):
        mapping = {}
        while (key := tree(events)) is not None:
            mapping[key] = tree(events)
        return mapping
    if isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
        return tree(events)
    return None


assert click
for path in sorted(Path(sys.argv[1], "clusters").glob("*.yaml")):
    data = tree(yaml.parse(path.read_bytes(), Loader=yaml.CSafeLoader))
    Cluster.model_validate(data)
