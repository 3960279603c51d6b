"""UNKNOWN: something was not read, not understood or not stated. Never the same as absent (None) or empty.

An unknown is never drift and never acted on.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Final, Literal, TypeVar, Union

from pydantic import Field


class Unknown(Enum):
    """The type of the single value UNKNOWN; in JSON it is the text ``(not known)``."""

    UNKNOWN = "(not known)"

    def __str__(self) -> str:
        return self.value

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("UNKNOWN is neither true nor false; compare with `is UNKNOWN`")


UNKNOWN: Final[Literal[Unknown.UNKNOWN]] = Unknown.UNKNOWN

T = TypeVar("T")

Maybe = Annotated[Union[Unknown, T], Field(union_mode="left_to_right")]  # noqa: UP007 - generic alias
"""``Maybe[str]``: a string, or UNKNOWN."""
