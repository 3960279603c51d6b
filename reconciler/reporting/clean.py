"""The one sanitiser of text that a remote system, a file or a person gave us.

Belongs here: what makes foreign text harmless where it is shown (a terminal, a CI log, Markdown). Does not
belong here: what is said and how it is laid out. Every renderer of this room passes foreign text through
`clean` before it meets anything else.
"""

from __future__ import annotations

import re

LIMIT = 2_000
"""Characters that one foreign text may take; a licence block's longest sentence has under 300."""

# What prints as nothing though Unicode calls it a letter or mark: fillers, joiners, variation selectors.
_INVISIBLE = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)
_HIDDEN = re.compile(f"[{_INVISIBLE}]")

_VSO = re.compile(r"##(?=\[|vso\[|teamcity\[)", re.IGNORECASE)
_COLONS = re.compile(r"^([^\S\n]*:)(?=:)", re.MULTILINE)
_SECTION = re.compile(r"(section_(?:start|end)):", re.IGNORECASE)

_MARKDOWN = re.compile(r"[\\`*_\[\]<>#!|~&]|^[+-]")
_BACKTICKS = re.compile(r"`+")


def clean(text: str, *, keep: str = "", limit: int = LIMIT) -> str:
    """``text`` without anything that could move a cursor, hide itself or turn the reading direction.

    Controls (C0, DEL, C1, CR), bidi and zero-width characters, surrogates, private and unassigned
    characters are shown as ``\\xNN`` or ``\\u{NNNN}``. ``keep`` names the line controls that may stay
    (``"\\n"``, ``"\\t"``). What is longer than ``limit`` ends in ``…``. Cleaning twice changes nothing.
    """
    shown = text[: limit + 1]
    if not shown.isprintable() or _HIDDEN.search(shown):
        shown = "".join(character if _is_plain(character, keep) else _shown(character) for character in shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _is_plain(character: str, keep: str) -> bool:
    if character in "\n\t":
        return character in keep
    return character.isprintable() and not _HIDDEN.search(character)


def _shown(character: str) -> str:
    number = ord(character)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{{{number:x}}}"


def one_line(text: str, *, limit: int = LIMIT) -> str:
    """`clean`, with line ends and tabs turned into blanks first: for tables and sentences."""
    return clean(" ".join(text.split()), limit=limit)


def for_ci(text: str) -> str:
    """A whole rendered text in which a CI system finds no command of its own.

    GitHub reads ``::name::`` at the start of a line and ``##[name]`` anywhere, Azure ``##vso[``, TeamCity
    ``##teamcity[``, GitLab ``section_start:``. A blank is put inside; nothing else changes. It is applied to
    the finished text, because only then it is known where lines start.
    """
    text = _VSO.sub("# #", text)
    text = _SECTION.sub(r"\1 :", text)
    return _COLONS.sub(r"\1 ", text)


def json_for_ci(text: str) -> str:
    """The same for JSON: what a CI system would read is escaped, so that a reader gets the value as it is.

    JSON has no ``#`` outside of strings, no colon right after a word, and no line that starts with a colon.
    """
    return _SECTION.sub(r"\1\\u003a", _VSO.sub(r"\\u0023#", text))


def markdown_text(text: str) -> str:
    """Foreign text as plain words of a Markdown paragraph or table cell: no markup, no mention, no link."""
    escaped = _MARKDOWN.sub(r"\\\g<0>", one_line(text))
    # A mention and a link are found after the escapes are gone; an empty comment keeps them apart.
    return escaped.replace("@", "@<!-- -->").replace("://", ":<!-- -->//")


def markdown_code(text: str) -> str:
    """Foreign text as a code span that also holds inside a table."""
    shown = one_line(text)
    ticks = _ticks(shown, 1)
    padding = " " if not shown or shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{padding}{shown}{padding}{ticks}".replace("|", "\\|")


def markdown_fence(text: str, language: str = "") -> str:
    """Foreign lines as a code block whose fence is longer than any run of backticks inside."""
    shown = clean(text, keep="\n\t")
    ticks = _ticks(shown, 3)
    return f"{ticks}{language}\n{shown}\n{ticks}"


def _ticks(shown: str, least: int) -> str:
    return "`" * max([least, *(len(run) + 1 for run in _BACKTICKS.findall(shown))])
