"""What must not be shown, taken out of texts that nobody wrote with care: logs, bug reports, stderr.

Belongs here: values that this process has come to know, in every spelling that libraries give them, and
shapes that look like codes. Does not belong here: device text for a terminal (reporting), and errors of
ours, which hold no secret to begin with.

A value that nobody registered is found by its shape only, and a short password has none: so every source
of secrets tells `REDACTOR` first (`remembered`), and only then hands the value on.
"""

from __future__ import annotations

import io
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from typing import TextIO

HIDDEN = "<redacted>"
_SHORTEST = 4
"""Shorter values would take single letters out of every sentence."""

_WORD_BELOW = 8
"""Shorter values are hidden as whole words only: ``ams-<redacted>`` would tell that the password is core."""

_DISGUISED_FROM = 6
_LINE_FROM = 16
_TAIL = 8_192
_LAST = "\U0010ffff"
_FOLD = re.compile(r"\r?\n[ \t]*")

_XML = re.compile(r"<(\w*(?:PLR|SLR))\b[^<>]*>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL
)  # fmt: skip
_TAG = re.compile(r"<(\w*[Cc]ode\w*|signature)>[^<]*(?:</\1>|\Z)")
_SCHEME = re.compile(
    r"\b((?i:Bearer|Basic|Digest))(\s+)(?=[a-z~-]*[A-Z0-9._+/=])[A-Za-z0-9._~+/=-]{6,}"
)  # fmt: skip
_FIELD = re.compile(
    r"""(["']?\b(?:(?:id|access|refresh)[_ -]?token|client[_-]?secret|pass(?:word|wd|phrase))"""
    r"""["']?\s*[:=]\s*)(?:"[^"\n]*"|'[^'\n]*'|[^\s"',;&}<]+)""",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"""((?:request|confirmation|return|authorization)[ _-]?code["']?(?:\s+(?:is|was))?\s*[:=]?\s*["']?)"""
    r"""(?=[^\s"']*[0-9])[^\s"'<]{6,}""",
    re.IGNORECASE,
)
_ENTERED = re.compile(
    r"""((?:confirmation|return)[ _-]?code(?: \w{1,24}){1,6} ?:\s*["']?)"""
    r"""(?=[a-z]*[0-9])[0-9a-z]{6,16}\b(?![-/])""",
    re.IGNORECASE,
)
"""``Please enter the confirmation code to CSSM account: 8602a0f3``."""
_AGE = re.compile(r"AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9]+)-1[0-9A-Z]+", re.IGNORECASE)
_RETURN = re.compile(
    r"(?<![A-Za-z0-9])(?=[a-z-]*[A-Z0-9])(?:[A-Za-z0-9]{6}-){2,}[A-Za-z0-9]{2,6}(?![A-Za-z0-9])"
)
_REQUEST = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}-Z[^\s:]+:[^\s:]+-[A-Za-z0-9]{9}-[0-9]{2}(?![A-Za-z0-9])")
_JWT = re.compile(r"\beyJ[\w-]{6,}(?:\.[\w-]*){1,4}")
_BASE64 = re.compile(
    r"(?<![\w/+.-])(?=[A-Za-z+/]*[0-9])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])[A-Za-z0-9][A-Za-z0-9+/]{39,}={0,2}"
)
_CODE = re.compile(r"(?<![A-Za-z0-9+=_%-])[A-Za-z0-9+=_%-]{24,}(?![A-Za-z0-9+=_%-])")

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_XML, rf"<\1>{HIDDEN}"),
    (_PRIVATE_KEY, rf"\1 {HIDDEN}"),
    (_TAG, rf"<\1>{HIDDEN}"),
    (_FIELD, rf"\1{HIDDEN}"),
    (_SCHEME, rf"\1\2{HIDDEN}"),
    (_NAMED, rf"\1{HIDDEN}"),
    (_ENTERED, rf"\1{HIDDEN}"),
    (_AGE, HIDDEN),
    (_RETURN, HIDDEN),
    (_REQUEST, HIDDEN),
    (_JWT, HIDDEN),
    (_BASE64, HIDDEN),
    (_CODE, HIDDEN),
)
"""From the widest to the narrowest. A request code in clear is the device's identity and no secret; eight
hexadecimal digits alone could be anything, so a confirmation code needs its name in front of it."""


class Redactor:
    """Knows the secrets of this process by value and codes by their looks.

    A fleet has thousands of codes, each in twenty spellings: so nothing is compiled from them, and a text
    is only looked through for what is not longer than itself.
    """

    def __init__(self) -> None:
        self._values: list[str] = []
        self._forms: list[tuple[int, str]] = []
        self._words: list[str] = []

    def hide(self, value: str) -> None:
        """From now on this value, its lines, and what libraries make of it are taken out."""
        value = value.strip()
        place = bisect_left(self._values, value)
        known = place < len(self._values) and self._values[place] == value
        if len(value) < _SHORTEST or value in HIDDEN or known:
            return
        self._values.insert(place, value)
        if len(value) < _WORD_BELOW:
            self._words.append(value)
        for form in {form for form in _forms(value) if len(form) >= _WORD_BELOW}:
            insort(self._forms, (len(form), form))

    def values(self, text: str) -> str:
        """``text`` without the known values, the longest first; nothing else is touched."""
        for _, form in self._longest_first(len(text)):
            text = text.replace(form, HIDDEN)
        for word in self._words:
            text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", HIDDEN, text)
        return self._unfolded(text) if "\n" in text else text

    def clean(self, text: str) -> str:
        """``text`` without the known values and without anything that looks like a code.

        Cleaning twice changes nothing.
        """
        text = self.values(text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text

    def begun(self, text: str) -> int:
        """How many characters at the end of ``text`` could be the beginning of a known value."""
        last = text[-_TAIL:]
        for tail in (last[start:] for start in range(len(last))):
            place = bisect_right(self._values, tail)
            if place < len(self._values) and self._values[place].startswith(tail):
                return len(tail)
        return 0

    def _longest_first(self, at_most: int) -> Iterator[tuple[int, str]]:
        """The forms of at most this length, each with its length."""
        yield from reversed(self._forms[: bisect_right(self._forms, (at_most, _LAST))])

    def _unfolded(self, text: str) -> str:
        """The same for values that were folded over lines: found where the line ends are left out."""
        folds = {at for fold in _FOLD.finditer(text) for at in range(*fold.span())}
        kept = [at for at in range(len(text)) if at not in folds]
        whole = "".join(text[at] for at in kept)
        for length, form in self._longest_first(len(whole)):
            if length >= _LINE_FROM and (found := whole.find(form)) >= 0:
                end = kept[found + length - 1] + 1
                return self._unfolded(text[: kept[found]] + HIDDEN + text[end:])
        return text


def _forms(value: str) -> Iterator[str]:
    """A value as it stands, and as logs and error texts spell it."""
    yield value
    if len(value) < _DISGUISED_FROM:
        return
    from html import escape
    from json import dumps
    from urllib.parse import quote, quote_plus

    raw = value.encode("utf-8", "surrogatepass")
    yield from (
        repr(value)[1:-1],
        repr(raw)[2:-1],
        dumps(value)[1:-1],
        dumps(value, ensure_ascii=False)[1:-1],
    )
    yield from (quote(raw, safe=""), quote(raw), quote_plus(raw), escape(value), escape(value, quote=False))
    yield from (raw.hex(), raw.hex().upper(), raw.hex(" "), raw.hex(":"))
    yield from ("\x00".join(value), "\\x00".join(value))
    yield from _base64_forms(raw)
    yield from (line.strip() for line in value.splitlines() if len(line.strip()) >= _LINE_FROM)


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Base64 of the value alone, and of something longer with the value in it (``user:password``).

    By the bytes before it: the first and the last character that hold nothing else.
    """
    from base64 import b64encode

    for before, first in ((0, 0), (1, 2), (2, 3)):
        code = b64encode(b"\0" * before + raw).decode()
        part = code[first : (before + len(raw)) * 8 // 6]
        yield part
        yield part.replace("+", "-").replace("/", "_")


REDACTOR = Redactor()
"""The one of this process."""


class Guarded(io.TextIOBase):
    """A stream that everybody may write to: known values do not get through, however they are cut up.

    What could be the beginning of a value is kept until the next characters show that it is none, or until
    `release`, at the end of the process.
    """

    def __init__(self, stream: TextIO, redactor: Redactor = REDACTOR) -> None:
        self._stream = stream
        self._redactor = redactor
        self._kept = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._stream.encoding

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str) -> int:
        said = self._redactor.values(self._kept + text)
        begun = self._redactor.begun(said)
        self._kept = said[len(said) - begun :]
        self._stream.write(said[: len(said) - begun])
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def release(self) -> None:
        """The end: what was kept is no value any more."""
        kept, self._kept = self._kept, ""
        self._stream.write(kept)
