"""Reading typed values out of plain text values, with complaints that name the place.

Belongs here: one function for each kind of value, and the reading of a mapping by its known keys. Does not
belong here: which keys there are (`worldfile`).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import Any

Data = Mapping[str, Any]
Spec = Mapping[str, Callable[[str, Any], Any]]


class WorldFileError(ValueError):
    """The world file cannot be used; the text names the place and what is wrong."""


def text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise WorldFileError(f"{where}: a text is wanted")
    return value


def number(where: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise WorldFileError(f"{where}: {value!r} is not a number") from None


def whole(where: str, value: Any) -> int:
    found = number(where, value)
    if found != int(found):
        raise WorldFileError(f"{where}: {value!r} is not a whole number")
    return int(found)


def switch(where: str, value: Any) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if not isinstance(value, str) or value.casefold() not in words:
        raise WorldFileError(f"{where}: true or false is wanted")
    return words[value.casefold()]


def texts(where: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise WorldFileError(f"{where}: a list is wanted")
    return [text(where, one) for one in value]


def mapping(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WorldFileError(f"{where}: keys and values are wanted")
    return value


def mappings(where: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise WorldFileError(f"{where}: a list is wanted")
    return [mapping(where, one) for one in value]


def choice(*allowed: str) -> Callable[[str, Any], str]:
    def chosen(where: str, value: Any) -> str:
        if value not in allowed:
            raise WorldFileError(f"{where}: {value!r} is not one of {', '.join(allowed)}")
        return str(value)

    return chosen


def read(where: str, data: Any, spec: Spec, *, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """The typed values of the keys that are there. Raises WorldFileError for a stranger or a gap."""
    given = mapping(where, data)
    for key in given:
        if key not in spec:
            near = difflib.get_close_matches(key, spec, n=1)
            raise WorldFileError(
                f"{where}: unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
            )
    for key in needs:
        if key not in given:
            raise WorldFileError(f"{where}: {key!r} is missing")
    return {key: spec[key](f"{where}.{key}", value) for key, value in given.items()}
