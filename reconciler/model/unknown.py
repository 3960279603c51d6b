"""UNKNOWN: something was not read, not understood or not stated. Never the same as absent (None) or empty.

An unknown is never drift and never acted on.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any, Final, Literal, TypeVar, Union

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import core_schema


class Unknown(Enum):
    """The type of the single value UNKNOWN; in JSON it is the text ``(not known)``."""

    UNKNOWN = "(not known)"

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("UNKNOWN is neither true nor false; compare with `is UNKNOWN`")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """A literal is looked up without leaving compiled code; an enum raises and catches for every value
        that is known, which is nearly all of them."""
        literal = core_schema.literal_schema([cls.UNKNOWN.value, cls.UNKNOWN])
        return core_schema.no_info_after_validator_function(lambda _: cls.UNKNOWN, literal)


UNKNOWN: Final[Literal[Unknown.UNKNOWN]] = Unknown.UNKNOWN

T = TypeVar("T")

Maybe = Annotated[Union[Unknown, T], Field(union_mode="left_to_right")]  # noqa: UP007 - generic alias
"""``Maybe[str]``: a string, or UNKNOWN."""
