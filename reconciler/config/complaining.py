"""What pydantic found -> complaints with a place, a sentence and a suggestion.

Belongs here: wording and placing. Does not belong here: deciding what is wrong (documents, checking).
No complaint repeats a value from the file; a key is repeated only where it cannot be a misplaced secret.
"""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from reconciler.config.events import NAME, SECRET_KEYS, YamlPath
from reconciler.config.secret_documents import LITERAL_SECRET, ONE_REFERENCE
from reconciler.config.sources import Source
from reconciler.errors import Complaint

MANY = 100
"""Complaints of one kind of check that are written out for one file."""
REFERENCES = (
    "{env: NAME}, {file: path}, {keyring: service/user}, {command: [program, argument]}, {vault: path#key}"
)


def yaml_complaints(source: Source) -> list[Complaint]:
    """What the event stream already found."""
    found = source.remarks[:MANY]
    complaints = [source.complaint((item.line, item.column), item.message, item.code) for item in found]
    return complaints + _and_more(source, len(source.remarks))


def document_complaints(source: Source, error: ValidationError, model: type[BaseModel]) -> list[Complaint]:
    """One complaint for each thing that the document models refuse."""
    every = error.errors(include_url=False, include_input=False)
    found = every[:MANY]
    meant = {_meant(tuple(item["loc"]), model) for item in found if item["type"] == "extra_forbidden"}
    wanted = [item for item in found if item["type"] != "missing" or tuple(item["loc"]) not in meant]
    complaints = [_complaint(source, dict(item), model) for item in wanted]
    # What follows an unknown key may be a secret under a misspelt name: nobody else shows that line.
    unknown = {complaint.line for complaint in complaints if complaint.code == "unknown-key"}
    return [
        replace(item, source_line="") if item.line in unknown and item.code != "unknown-key" else item
        for item in complaints
    ] + _and_more(source, len(every))


def _and_more(source: Source, count: int) -> list[Complaint]:
    """A file of another kind altogether would be complained about line by line."""
    if count <= MANY:
        return []
    return [source.complaint((0, 0), f"and {count - MANY} more errors in this file", "too-many-errors")]


def _meant(path: YamlPath, model: type[BaseModel]) -> YamlPath:
    """The place of the key that this unknown one was probably meant to be: then it is not missing as well."""
    near = _nearest(str(path[-1]), _fields_at(model, path[:-1]))
    return (*path[:-1], near) if near else path


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean …?``, or nothing where nothing is near."""
    near = _nearest(word, known)
    return f"; did you mean {near}?" if near else ""


def _nearest(word: str, known: Iterable[str]) -> str | None:
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def _complaint(source: Source, item: dict[str, Any], model: type[BaseModel]) -> Complaint:
    path: YamlPath = tuple(part for part in item["loc"] if part != "[key]")
    kind = item["type"]
    if kind == "missing":
        message = f"{path[-1]} is missing{_inside(path[:-1])}"
        return source.complaint(source.at(path[:-1]), message, "missing-key")
    if kind == "extra_forbidden":
        return _unknown_key(source, path, model)
    if kind == LITERAL_SECRET:
        message = f"{_label(path)} must be a reference, not the secret itself: {REFERENCES}"
        return source.complaint(source.value_at(path), message, "literal-secret", secret=True)
    if kind == ONE_REFERENCE:
        message = f"{_label(path)} must be exactly one of {REFERENCES}"
        return source.complaint(source.value_at(path), message, "secret-reference", secret=True)
    place = source.at(path) if item["loc"][-1:] == ("[key]",) else source.value_at(path)
    sentence, code = _sentence(source, item, path)
    name = "this name" if item["loc"][-1:] == ("[key]",) else _label(path)
    return source.complaint(place, f"{name} {sentence}", code, secret=_is_secret(path))


def _unknown_key(source: Source, path: YamlPath, model: type[BaseModel]) -> Complaint:
    known = _fields_at(model, path[:-1])
    key = str(path[-1])
    if _is_secret(path[:-1]) or not NAME.fullmatch(key):
        message = f"unknown key{_inside(path[:-1])}; known are {', '.join(known)}"
        return source.complaint(source.at(path), message, "unknown-key", secret=True)
    hint = suggestion(key, known) or f"; known are {', '.join(known)}"
    found = source.complaint(source.at(path), f"unknown key {key}{_inside(path[:-1])}{hint}", "unknown-key")
    return replace(found, source_line=found.source_line[: found.column - 1 + len(key)])


def _sentence(source: Source, item: Mapping[str, Any], path: YamlPath) -> tuple[str, str]:
    kind = item["type"]
    if kind == "bad_value":
        return f"must be {item['ctx']['what']}", "bad-value"
    if kind in {"enum", "literal_error"}:
        words = item["ctx"]["expected"].replace("'", "")
        hint = (
            "" if _is_secret(path) else suggestion(str(_value(source.data, path)), re.split(", | or ", words))
        )
        return f"must be {words}{hint}", "bad-value"
    return _SHAPES.get(kind, "has the wrong shape"), "wrong-type"


_SHAPES = {
    "string_type": "must be a single value, not a list or a mapping",
    "model_type": "must be a mapping (key: value)",
    "model_attributes_type": "must be a mapping (key: value)",
    "dict_type": "must be a mapping (key: value)",
    "tuple_type": "must be a list",
}


def _value(data: Any, path: YamlPath) -> Any:
    for part in path:
        data = data[part]
    return data


def _is_secret(path: YamlPath) -> bool:
    return any(part in SECRET_KEYS for part in path)


def _label(path: YamlPath) -> str:
    """``nodes[0].port``; the file itself is "the file"."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "the file"


def _inside(path: YamlPath) -> str:
    return f" in {_label(path)}" if path else ""


def _fields_at(model: type[BaseModel], path: YamlPath) -> list[str]:
    """The keys that may stand in the mapping at this path."""
    kind: Any = model
    for part in path:
        kind = _bare(kind.model_fields[part].annotation if _is_model(kind) else _item(kind))
    return list(kind.model_fields) if _is_model(kind) else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _bare(kind: Any) -> Any:
    """The type without ``| None`` and without annotations."""
    while get_origin(kind) in {Annotated, Union, types.UnionType}:
        kind = get_args(kind)[0]
    return kind


def _item(kind: Any) -> Any:
    """What a list or a mapping of names holds."""
    arguments = get_args(kind)
    return _bare(arguments[1] if get_origin(kind) is dict else arguments[0])
