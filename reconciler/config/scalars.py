"""The types of single values: names, numbers, switches, durations, dates, texts.

Belongs here: how one text becomes a typed value, and what an editor's schema says about it. Does not belong
here: which key has which type (documents).

Every value arrives as the text that was written. The JSON Schema of each type accepts whatever an editor's
YAML reader makes of that text (``20`` a number, ``true`` a boolean), because editors type plain scalars.
Sentences complete "must be …" and never repeat the value, which could be a misplaced secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, NoReturn

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

BAD_VALUE = "bad_value"
NAME_PATTERN = r"[a-z0-9][a-z0-9-]{0,62}"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def refuse(sentence: str) -> NoReturn:
    raise PydanticCustomError(BAD_VALUE, "must be {what}", {"what": sentence})


class Matches:
    """A text that matches the whole pattern."""

    def __init__(self, pattern: str, sentence: str) -> None:
        self._pattern = pattern
        self._form = re.compile(pattern)
        self._sentence = sentence

    def check(self, value: str) -> str:
        return value if self._form.fullmatch(value) else refuse(self._sentence)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"], "pattern": f"^(?:{self._pattern})$"}


class Reads:
    """A value that ``parse`` makes of the text; ``parse`` raises ValueError for any other text."""

    def __init__(self, parse: Callable[[str], Any], sentence: str, schema: dict[str, Any]) -> None:
        self._parse = parse
        self._sentence = sentence
        self._schema = schema

    def convert(self, value: Any) -> Any:
        if not isinstance(value, str):
            refuse(self._sentence)
        try:
            return self._parse(value)
        except ValueError:
            refuse(self._sentence)

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.convert)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self._schema)


class WithMinItems:
    """Tells an editor that a list is not empty; pydantic's own limit would complain of wrong items too."""

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "minItems": 1}


def whole(low: int, high: int) -> Reads:
    """A whole number from ``low`` to ``high``, both included; no sign, no leading zero, no separator."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    schema = {
        "anyOf": [
            {"type": "integer", "minimum": low, "maximum": high},
            {"type": "string", "pattern": "^(0|[1-9][0-9]{0,8})$"},
        ]
    }
    return Reads(parse, f"a whole number from {low} to {high}", schema)


def _switch(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError
    return text == "true"


def _seconds(text: str) -> int:
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if not found:
        raise ValueError
    return int(found[1]) * _UNITS[found[2]]


def _date(text: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError
    return date.fromisoformat(text).isoformat()


def _first_version(text: str) -> int:
    if text != "1":
        raise ValueError
    return 1


_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]{1,45}"

Name = Annotated[
    str, Matches(NAME_PATTERN, "a name of at most 63 small letters, digits and hyphens, no hyphen first")
]
Text = Annotated[str, Matches(r"[^\x00-\x1f\x7f]{1,500}", "a text on one line, at most 500 characters")]
Host = Annotated[str, Matches(_HOST, "a host name or an IP address, without port or scheme")]
User = Annotated[
    str, Matches(r"[^\s\x00-\x1f\x7f]{1,64}", "a user name without blanks, at most 64 characters")
]
Url = Annotated[str, Matches(r"https?://[^\s@?#]+", "an http:// or https:// URL without user, ? and #")]
HttpsUrl = Annotated[str, Matches(r"https://[^\s@?#]+", "an https:// URL without user, ? and #")]
Serial = Annotated[str, Matches(r"[0-9A-Za-z][0-9A-Za-z._-]{2,39}", "a serial number, as the node prints it")]
Release = Annotated[str, Matches(r"X?[0-9]{1,3}(\.[0-9]{1,3}){1,3}", "a release such as X14.3.1")]
Path = Annotated[str, Matches(r"[^\x00-\x1f\x7f]{1,1000}", "a path")]
Entitlement = Annotated[
    str, Matches(r"[a-z0-9][a-z0-9_-]{0,62}", "an entitlement's name: small letters, digits, - and _")
]
Recipient = Annotated[
    str, Matches(r"age1\S{1,2000}", "an age recipient (age1…); `xlicense key init` makes one")
]
AlarmId = Annotated[str, Matches(r"[0-9]{5}", "an alarm's five digits")]
KeyringEntry = Annotated[str, Matches(r"[^\s/]{1,200}/[^\x00-\x1f\x7f]{1,200}", "service/user")]
VaultEntry = Annotated[str, Matches(r"[^\s#]{1,400}#[^\s#]{1,100}", "path#key")]
VariableName = Annotated[str, Matches(r"[A-Za-z_][A-Za-z0-9_]{0,200}", "the name of an environment variable")]
Label = Annotated[str, Matches(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,62}", "a label: letters, digits and . _ / -")]
VersionRange = Annotated[
    str,
    Matches(
        r"\s*(>=|<=|==|!=|<|>)\s*[0-9]+(\.[0-9]+)*\s*(,\s*(>=|<=|==|!=|<|>)\s*[0-9]+(\.[0-9]+)*\s*)*",
        "one or more comparisons such as >=0.1 or >=0.1,<2",
    ),
]
Operation = Annotated[str, Matches(r"[a-z][a-z_]{0,63}", "an operation's name: small letters and _")]
Switch = Annotated[
    bool, Reads(_switch, "true or false", {"anyOf": [{"type": "boolean"}, {"enum": ["true", "false"]}]})
]
Duration = Annotated[
    int,
    Reads(
        _seconds,
        "a duration such as 90s, 35m, 24h or 7d",
        {"type": "string", "pattern": "^[1-9][0-9]{0,5}[smhd]$"},
    ),
]
Day = Annotated[
    str,
    Reads(_date, "a date such as 2027-01-31", {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
]
FormatVersion = Annotated[
    int, Reads(_first_version, "1, the only version that this release reads", {"enum": [1, "1"]})
]
Port = Annotated[int, whole(1, 65_535)]
Days = Annotated[int, whole(0, 3650)]
Count = Annotated[int, whole(0, 1_000_000)]
