"""Errors and complaints, worded for the person who has to do something about them.

Belongs here: what happened, what the remote said, what to do next. Does not belong here: outcomes of
actions (run) and refusals (sections).
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import Complaint, ConfigError, PlanFileError, ProviderError, XlicenseError
from reconciler.reporting.clean import clean, one_line
from reconciler.reporting.layout import Ink, wrap
from reconciler.reporting.words import plural

_LEVEL_COLORS = {"error": "red", "warning": "yellow"}
_TAB = " "


def error_text(error: XlicenseError, *, width: int = 120, color: bool = False, caret: bool = False) -> str:
    """``Error: what happened``, what the remote said, what is different, and the remedy on its own line."""
    ink = Ink(color)
    lines: list[str] = []
    if isinstance(error, ConfigError):
        lines += [complaints_text(error.complaints, width=width, color=color, caret=caret).rstrip("\n"), ""]
    lines += wrap(clean(error.message, keep="\n"), width, first=ink("red", "Error: "))
    if isinstance(error, ProviderError) and error.said:
        lines += wrap(clean(error.said, keep="\n"), width, first="  the remote said: ")
    if isinstance(error, PlanFileError):
        for difference in error.differences:
            lines += wrap(one_line(difference), width, first="  - ")
    if error.remedy:
        lines += [ink("bold", "What to do:"), *wrap(clean(error.remedy, keep="\n"), width, first="  ")]
    return "\n".join(lines) + "\n"


def complaints_text(
    complaints: Sequence[Complaint], *, width: int = 120, color: bool = False, caret: bool = False
) -> str:
    """One ``path:line:column: level: message [code]`` each; with ``caret`` also the source line."""
    lines: list[str] = []
    for complaint in complaints:
        lines.append(_complaint_line(complaint, Ink(color)))
        if caret and complaint.source_line.strip():
            lines += _pointed_at(complaint, width, Ink(color))
    return "\n".join(lines) + "\n" if lines else ""


def complaints_summary(complaints: Sequence[Complaint]) -> str:
    """``2 errors, 1 warning``; ``no complaints``."""
    errors = sum(complaint.level == "error" for complaint in complaints)
    parts = [plural(errors, "error")] if errors else []
    if warnings := len(complaints) - errors:
        parts.append(plural(warnings, "warning"))
    return ", ".join(parts) or "no complaints"


def _complaint_line(complaint: Complaint, ink: Ink) -> str:
    where = one_line(complaint.path)
    if complaint.line:
        where += f":{complaint.line}:{complaint.column}"
    level = ink(_LEVEL_COLORS.get(complaint.level), f"{complaint.level}:")
    return f"{where}: {level} {one_line(complaint.message)} [{complaint.code}]"


def _pointed_at(complaint: Complaint, width: int, ink: Ink) -> list[str]:
    """The source line, cut to a window around the column, and a caret under the column."""
    gutter = f"  {complaint.line} | "
    room = max(20, width - len(gutter))
    column = max(0, min(complaint.column - 1, len(complaint.source_line)))
    start = max(0, column - room // 2) if len(complaint.source_line) > room else 0
    piece = complaint.source_line[start : start + room].replace("\t", _TAB)
    before = clean(piece[: column - start], limit=4 * room)
    shown = before + clean(piece[column - start :], limit=4 * room)
    blank = " " * (len(gutter) - 2)
    return [f"{gutter}{shown}", f"{blank}| {' ' * len(before)}{ink('red', '^')}"]
