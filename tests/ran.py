"""What is left of a command that a test has run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ran:
    """How it ended (a negative number is a signal) and what it printed."""

    arguments: tuple[str, ...]
    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return f"{self.out}\n{self.err}"

    def json(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"xlicense {' '.join(self.arguments)} -> {self.code}\n{self.out}\n{self.err}"
