"""Where a code stands in the reply of a reservation command. Pure, never raises.

Codes are opaque: nothing is known of their alphabet but one sample of each, so the words around a code find
it, and its shape decides only where no words do. Two promises: a code comes only from a reply that ended
with ``OK`` and holds no damaged line; and never a part of one, so a line that could be the rest of a code
that was folded makes it none. The bytes are kept elsewhere: none costs less than a wrong one.

Wordings: *Configure and troubleshoot Expressway Smart Licensing* (confirmation and return code), admin guide
X15.3 (*… is generated*), and sister products with the same agent (Catalyst, UCM, Unity Connection).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reconciler.model import CodeKind, read_authorization

from .wire import Ending, ReplyReader, is_damaged

MOST_REPLIES = 64
"""Replies looked at in one stream: those to one effect, with the answers to blank lines among them."""

_NAMES = {
    CodeKind.REQUEST: "request code",
    CodeKind.CONFIRMATION: "confirmation code",
    CodeKind.RETURN: "return code",
}
_NAMED = re.compile(r"(?:request|confirmation|return)[ _]?code", re.IGNORECASE)
_UNNAMED = {
    CodeKind.REQUEST: re.compile(r"(?=.*[0-9])(?=.*[-:,])[0-9A-Za-z][!-~]*"),
    CodeKind.CONFIRMATION: re.compile(r"(?=.*[0-9])[0-9A-Za-z]{6,16}"),
    CodeKind.RETURN: re.compile(r"[0-9A-Za-z]{2,}(?:-[0-9A-Za-z]+){2,}"),
}
"""What a code looks like where no colon leads to it."""

_SHORTEST = 6
_NONE = re.compile(r"<?(?:none|n/a|pending|unknown|not \w+|[0-9]{1,3})>?\.?", re.IGNORECASE)
_NO_CODE = re.compile(r"UDI\b.*|.*\bSN:.*|P?ID:.*|https?:.*|pending|unknown|[*=].*", re.IGNORECASE)
_CODE = re.compile(r"[!-~]+")
_WORD = re.compile(r"[A-Za-z]{2,}[.,:;!]?")
_IDENTITY = re.compile(r"(?:UDI|P?ID)\b", re.IGNORECASE)
_COLON = re.compile(r"\s*[:=]\s*(.*)")
_WORDS_AND_COLON = re.compile(r"[^0-9]*?[^0-9\s]{2}[:=](?:\s+(.*))?")
_SAYS = re.compile(r"(?:is|was|has|must|should|into|in|to)\b[^0-9]*")
_BEFORE = re.compile(r"(\S+) is (?:the|your) (?:\w+ )?")
_GENERATED = re.compile(r"(\S+) (?:is|was|has been) generated\.?")
_ECHO = re.compile(r".{0,64}?x(?:command|configuration|status)\s+(?://\s*)?license\b.*", re.IGNORECASE)
_PROMPT = re.compile(r"\S{0,32}[#>$%]")
_QUOTES = (('"', '"'), ("'", "'"), ("<", ">"))
_COULD_BE = re.compile(
    r"<\w*(?:PLR|SLR)>.*|(?<![!-~])(?=[!-~]*[0-9])[!-~]{8,}|(?<![0-9A-Za-z])(?:[0-9A-Za-z]+-){2,}[0-9A-Za-z]+"
)
"""Tried only where a word begins: from every place in a long one it would take the square of its length."""
_XML = re.compile(r"<(\w*(?:PLR|SLR))>.*</\1>", re.IGNORECASE)


class _Doubt(Exception):
    """Something looks like a code and may be a part of one."""


def read_code(kind: CodeKind, data: bytes) -> str | None:
    """The one code of this kind in what came after Enter; None where there is none, where two differ, where
    a line is damaged or the reply did not end. A registration token is never printed by a node."""
    replies = _ended(data)
    if any(is_damaged(line) for lines in replies for line in lines):
        return None
    finder = _authorizations if kind is CodeKind.AUTHORIZATION else _named_or_alone
    try:
        found = {code for lines in replies for code in finder(kind, lines)}
    except _Doubt:
        return None
    code = found.pop() if len(found) == 1 else None
    return code if code and code.encode() in data else None


def _ended(data: bytes) -> list[tuple[str, ...]]:
    """The lines of every reply that ended with OK, without echoes, rules and blank lines."""
    reader = ReplyReader(["(any)"] * MOST_REPLIES)
    reader.feed(data)
    if reader.quiet_end:
        reader.finish_quietly()
    return [
        tuple(line for text in reply.lines if (line := text.strip()) and not _noise(line))
        for reply in reader.replies
        if reply.ending is Ending.OK
    ]


def _noise(line: str) -> bool:
    return bool(_ECHO.fullmatch(line) or _PROMPT.fullmatch(line))


def hide_codes(text: str) -> str:
    """The text with every word that could be a code taken out: for what is shown and not understood."""
    return _COULD_BE.sub("<code>", text)


# --- request, confirmation and return codes --------------------------------------------------------------


def _named_or_alone(kind: CodeKind, lines: Sequence[str]) -> set[str]:
    """Codes that are named as such; where no line names any, the one line that can be nothing else."""
    if kind not in _NAMES:
        return set()
    named = re.compile(rf"{_NAMES[kind].replace(' ', '[ _]?')}(?P<rest>.*)", re.IGNORECASE)
    mentions = [(number, match) for number, text in enumerate(lines) if (match := named.search(text))]
    if not mentions:
        others = any(_NAMED.search(text) for text in lines)
        return set() if others else set(_generated(kind, lines)) or set(_alone(kind, lines))
    found = (_at(kind, lines, number, match) for number, match in mentions)
    return {code for code in found if code}


def _at(kind: CodeKind, lines: Sequence[str], number: int, mention: re.Match[str]) -> str | None:
    """The code on this line, or, where the line only announces it, on one of the next."""
    rest = mention["rest"].strip()
    if mention["rest"][:1].isalnum():
        return None
    if before := _BEFORE.fullmatch(mention.string[: mention.start()]):
        return _whole(_shaped(kind, before[1]), lines, number, first=True)
    led_to = _after_colon(rest)
    if led_to is not None:
        return _said(led_to, lines, number) if led_to else _below(kind, lines, number, announced=True)
    word = _first_word(rest.removeprefix("is "))
    if word and _UNNAMED[kind].fullmatch(word):
        return _whole(word, lines, number)
    cut = rest.startswith("is ") and not rest.startswith("is generated")
    return None if cut or re.search("[0-9]", rest) else _below(kind, lines, number, announced=False)


def _after_colon(text: str) -> str | None:
    """What a colon leads to: right behind the name, or behind words and before a blank; None without one."""
    found = _COLON.fullmatch(text) or _WORDS_AND_COLON.fullmatch(text)
    return (found[1] or "") if found else None


def _said(text: str, lines: Sequence[str], number: int) -> str | None:
    """The code in what a colon leads to; a text that is neither a code nor *none* is a damaged one."""
    code = _first_word(text)
    if code is None and not _NONE.fullmatch(text):
        raise _Doubt
    return _whole(code, lines, number)


def _below(kind: CodeKind, lines: Sequence[str], number: int, *, announced: bool) -> str | None:
    """The code alone on the next line."""
    below = number + 1
    if below == len(lines) or _IDENTITY.match(lines[below]):
        return None
    code = _bare(lines[below]) if announced else _shaped(kind, lines[below])
    return _whole(code, lines, below)


def _generated(kind: CodeKind, lines: Sequence[str]) -> Iterator[str]:
    """``<code> is generated.``, as a node says of a request and of a return code."""
    for number, text in enumerate(lines):
        said = _GENERATED.fullmatch(text)
        code = _shaped(kind, said[1]) if said and kind is not CodeKind.CONFIRMATION else None
        if whole := _whole(code, lines, number, first=True):
            yield whole


def _alone(kind: CodeKind, lines: Sequence[str]) -> Iterator[str]:
    for number, text in enumerate(lines):
        if whole := _whole(_shaped(kind, text), lines, number, first=True):
            yield whole


def _first_word(text: str) -> str | None:
    """The word at the start of a text that says nothing else than what was done or is to do with it."""
    word, _, more = text.partition(" ")
    return _bare(word) if not more or _SAYS.fullmatch(more) else None


def _shaped(kind: CodeKind, text: str) -> str | None:
    code = _bare(text)
    return code if code and _UNNAMED[kind].fullmatch(code) else None


def _bare(text: str) -> str | None:
    """The single word that this is, without its quotes and full stop; None for several words, and for one
    quote without the other."""
    text = text[:-1] if text.endswith((".", ";")) else text
    for left, right in _QUOTES:
        if text.startswith(left) and text.endswith(right):
            text = text[1:-1]
            break
    whole = _CODE.fullmatch(text) and len(text) >= _SHORTEST and not _NO_CODE.fullmatch(text)
    return text if whole and not set(text) & set("\"'<>") else None


def _whole(code: str | None, lines: Sequence[str], number: int, *, first: bool = False) -> str | None:
    """The code. Raises `_Doubt` where the line below could be the rest of it, or, where nothing stands
    before it on its line (``first``), the line above its beginning."""
    around = ("", *lines, "")
    above, below = around[number], around[number + 2]
    if code and ((first and not _ends(above)) or not (below == code or _begins(below))):
        raise _Doubt
    return code


def _ends(text: str) -> bool:
    """Whether a line ends as a sentence or a title does, and not as a code that was folded may."""
    if not text or text.startswith(("*", "=")) or _IDENTITY.match(text):
        return True
    plain = all(_WORD.fullmatch(word) for word in text.split()) and not _GENERATED.fullmatch(text)
    return plain and " " in text and text.endswith((".", "!", ":"))


def _begins(text: str) -> bool:
    """Whether a line begins as a sentence, a title or the name of a code does."""
    words = text.split()
    sentence = len(words) > 2 and all(map(_WORD.fullmatch, words[:2])) and not _GENERATED.fullmatch(text)
    return _ends(text) or sentence or _NAMED.search(text) is not None


# --- authorization codes ---------------------------------------------------------------------------------


def _authorizations(kind: CodeKind, lines: Sequence[str]) -> set[str]:
    """XML texts of one line that can be read as authorization codes."""
    del kind
    return {match[0] for line in lines for match in _XML.finditer(line) if _readable(match[0])}


def _readable(text: str) -> bool:
    try:
        read_authorization(text)
    except ValueError:
        return False
    return True
