"""Which code is changed, and which tests judge it. A room's tests are those that run in its own process.

Tests above `SLOWEST` seconds are not asked: a run of thousands of changes cannot sit them out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SLOWEST = 1.5


@dataclass(frozen=True)
class Room:
    """``code`` and ``tests``: files, or folders for all that is directly in them."""

    name: str
    code: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self, root: Path) -> Iterator[str]:
        for entry in self.code:
            found = sorted((root / entry).glob("*.py")) if (root / entry).is_dir() else [root / entry]
            yield from (path.relative_to(root).as_posix() for path in found)


def _in(folder: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{folder}/{name}.py" for name in names)


ROOMS = (
    Room(
        "journal",
        ("reconciler/journal",),
        (
            "tests/journal",
            *_in("tests/cli", "test_keeping_journal", "test_keeping_keys", "test_keeping_doctor"),
        ),
    ),
    Room(
        "recovery",
        _in("reconciler/execution", "recover", "lost", "left", "effects", "binding"),
        ("tests/execution",),
    ),
    Room("planning", ("reconciler/planning",), ("tests/planning", "tests/rules")),
    Room("rules", ("reconciler/rules",), ("tests/rules", "tests/planning")),
    Room(
        "expressway",
        _in(
            "providers/expressway",
            "wire",
            "licence",
            "codes",
            "authorization",
            "xstatus",
            "agent_text",
            "pages",
        ),
        _in(
            "tests/expressway",
            "test_agent_text",
            "test_authorization",
            "test_codes",
            "test_framing",
            "test_licence",
            "test_licence_lines",
            "test_pages",
            "test_reservation",
            "test_wire",
            "test_xstatus",
            "test_xstatus_lines",
        ),
    ),
    Room(
        "cssm",
        _in("providers/cssm", "wire", "tolerant", "reservation", "instances", "refusals", "words"),
        _in(
            "tests/cssm",
            "test_instance_rows",
            "test_instances",
            "test_lines_sent",
            "test_profiles",
            "test_provider",
            "test_reservation",
            "test_reserving",
            "test_rows",
            "test_wire",
            "test_words",
        ),
    ),
    Room("model", _in("reconciler/model", "authorization", "days"), ("tests/model",)),
    Room(
        "redaction",
        ("reconciler/cli/redact.py", "reconciler/reporting/clean.py"),
        (*_in("tests/cli", "test_redact", "test_redact_libraries"), "tests/reporting"),
    ),
)
