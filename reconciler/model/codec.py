"""Values to and from JSON, and their digests. Pure: text in, text out.

Pydantic does the work from the dataclasses themselves, so a new field needs no code here.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import rfc8785
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


_ADAPTERS: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    """Building an adapter costs milliseconds, so each kind has one for the life of the process."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def to_json(value: Any, *, indent: int | None = None) -> str:
    """The JSON text of a model value; datetimes as ISO 8601, UNKNOWN as its own text."""
    return _adapter(type(value)).dump_json(value, indent=indent).decode()


def to_data(value: Any) -> Any:
    """Like `to_json`, as plain dicts and lists."""
    return _adapter(type(value)).dump_python(value, mode="json")


def from_json(kind: type[T], text: str | bytes) -> T:
    """The value of this JSON text. Raises ValueError with one line, without the input."""
    try:
        value: T = _adapter(kind).validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where or 'the document'}: {first['msg']}") from None
    return value


def from_data(kind: type[T], data: Any) -> T:
    """Like `from_json`, from plain dicts and lists. Raises ValueError with one line, without the input."""
    try:
        value: T = _adapter(kind).validate_python(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where or 'the document'}: {first['msg']}") from None
    return value


def digest(data: Any) -> str:
    """SHA-256, in hex, of the canonical JSON (RFC 8785) of plain data."""
    return hashlib.sha256(rfc8785.dumps(data)).hexdigest()
