"""Lines, columns and colour: strings that know how wide they look.

Belongs here: ANSI colour, visible length, wrapping, tables. Does not belong here: what the words mean.
Colour only ever underlines what a word or symbol already says.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LAST = 20
"""The least that is left for the last column of a table."""

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours a text, or leaves it alone where ``color`` is off."""

    color: bool = False

    def __call__(self, style: str | None, text: str) -> str:
        if not self.color or not style or not text:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"


def visible_length(text: str) -> int:
    """The columns that ``text`` takes on a terminal: no colour codes, wide characters twice, marks not."""
    bare = _ANSI.sub("", text) if "\x1b" in text else text
    return len(bare) if bare.isascii() else sum(_columns(character) for character in bare)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def pad(text: str, width: int) -> str:
    return text + " " * (width - visible_length(text))


def wrap(text: str, width: int, *, first: str = "", rest: str | None = None) -> list[str]:
    """``text`` as lines of at most ``width`` columns, ``first`` before the first and ``rest`` before others.

    A word is never broken, so that a command or URL can be copied; it may stick out. Line ends in ``text``
    stay.
    """
    indent = " " * visible_length(first) if rest is None else rest
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines += _wrap_paragraph(paragraph, width, indent if lines else first, indent)
    return lines


def _wrap_paragraph(text: str, width: int, first: str, rest: str) -> list[str]:
    lines: list[str] = []
    line, used, empty = first, visible_length(first), True
    for word in text.split(" "):
        length = visible_length(word)
        if not empty and used + 1 + length > width:
            lines.append(line)
            line, used, empty = rest, visible_length(rest), True
        line, used = (line + word, used + length) if empty else (f"{line} {word}", used + 1 + length)
        empty = False
    return [each.rstrip() for each in [*lines, line]]


def text_of(lines: Iterable[str]) -> str:
    """The lines as one text that neither starts with an empty line nor has two in a row."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept) + "\n"


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, width: int, ink: Ink, indent: str = "  "
) -> list[str]:
    """Columns as wide as their widest cell, the last one wrapped; stacked where ``width`` is too small."""
    body = list(rows)
    sizes = [max(visible_length(row[column]) for row in [header, *body]) for column in range(len(header) - 1)]
    if len(indent) + sum(size + 2 for size in sizes) + _LAST > width:
        return [line for row in body for line in _stacked(header, row, width, indent)]
    lines = _row([ink("bold", cell) for cell in header], sizes, width, indent)
    for row in body:
        lines += _row(row, sizes, width, indent)
    return lines


def _row(cells: Sequence[str], sizes: Sequence[int], width: int, indent: str) -> list[str]:
    front = indent + "".join(pad(cell, size) + "  " for cell, size in zip(cells, sizes, strict=False))
    return wrap(cells[-1], width, first=front)


def _stacked(header: Sequence[str], cells: Sequence[str], width: int, indent: str) -> list[str]:
    """A row whose columns do not fit side by side: the first cell, the others below it with their names."""
    size = max(len(name) for name in header)
    lines = [indent + cells[0]]
    for name, cell in list(zip(header, cells, strict=True))[1:]:
        lines += wrap(cell, width, first=f"{indent}    {pad(name, size)}  ")
    return lines
