"""Looks for canary secrets in what a run left behind, in eight encodings.

A canary is found whole; an opaque one also by any 16 of its characters, for a truncated token is one too.
"""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PART = 16
_FOLD = re.compile(rb"(?:\x1b\[[0-9;?]*[A-Za-z])|(?:[ \t]*\\?\r?\n[ \t]*(?:[|>#-] ?)?)|(?:\\r?\\n)|(?:%0A)")


def _quoted(value: str) -> Iterable[bytes]:
    return (text.encode() for text in (repr(value)[1:-1], shlex.quote(value), html.escape(value)))


def _url(value: str) -> Iterable[bytes]:
    raw = value.encode()
    return (
        text.encode()
        for text in (urllib.parse.quote(raw), urllib.parse.quote(raw, ""), urllib.parse.quote_plus(raw))
    )


def _base64(value: str) -> Iterable[bytes]:
    """At any of the three places in a group, so that it is found in ``user:password`` too."""
    raw = value.encode()
    for before in range(3):
        code = base64.b64encode(b"\0" * before + raw)[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
        yield from (code, code.translate(bytes.maketrans(b"+/", b"-_")))


def _hex(value: str) -> Iterable[bytes]:
    raw = value.encode()
    return (text.encode() for text in (raw.hex(), raw.hex().upper(), raw.hex(" "), raw.hex(":")))


def _json(value: str) -> Iterable[bytes]:
    return (json.dumps(value, ensure_ascii=ascii_only)[1:-1].encode() for ascii_only in (True, False))


def _utf_16(value: str) -> Iterable[bytes]:
    wide = value.encode("utf-16-le")
    return (wide, value.encode("utf-16-be"), repr(wide)[2:-1].encode())


ENCODINGS: dict[str, Callable[[str], Iterable[bytes]]] = {
    "raw": lambda value: (value.encode(),),
    "quoted": _quoted,
    "url": _url,
    "base64": _base64,
    "hex": _hex,
    "json": _json,
    "utf-16": _utf_16,
    "reversed or folded": lambda value: (value[::-1].encode(),),
}
"""The last one also looks at every artefact with its line ends and colours taken out."""


@dataclass(frozen=True)
class Canary:
    """A secret that must be nowhere. ``opaque``: a part of it has no business anywhere either."""

    name: str
    value: str = field(repr=False)
    opaque: bool = True

    def parts(self) -> Iterator[str]:
        yield self.value
        if self.opaque and len(self.value) > PART:
            for start in range(0, len(self.value) - PART + 1, 4):
                yield self.value[start : start + PART]

    def forms(self, encoding: str) -> frozenset[bytes]:
        forms = {form for part in self.parts() for form in ENCODINGS[encoding](part)}
        return frozenset(form for form in forms if len(form) >= 8)


@dataclass(frozen=True)
class Artefact:
    """Something that a run left: a stream, a file. ``meant`` names canaries that belong in it."""

    name: str
    data: bytes = field(repr=False)
    level: str = ""
    meant: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Hit:
    artefact: str
    canary: str
    encoding: str


@dataclass
class Scanner:
    """Counts what it looked at: one look is one artefact in one encoding, for all canaries."""

    canaries: list[Canary]
    looks: int = 0
    hits: list[Hit] = field(default_factory=list)

    def scan(self, artefacts: Iterable[Artefact]) -> list[Hit]:
        forms = {
            encoding: [(canary, canary.forms(encoding)) for canary in self.canaries] for encoding in ENCODINGS
        }
        raw = forms["raw"]
        found = []
        for artefact in artefacts:
            unfolded = _FOLD.sub(b"", artefact.data)
            for encoding, known in forms.items():
                self.looks += 1
                found += _hits(artefact, artefact.data, known, encoding)
            found += _hits(artefact, unfolded, raw, "reversed or folded")
        self.hits += found
        return found


def _hits(
    artefact: Artefact, data: bytes, known: list[tuple[Canary, frozenset[bytes]]], encoding: str
) -> list[Hit]:
    return [
        Hit(artefact.name, canary.name, encoding)
        for canary, forms in known
        if canary.name.partition("#")[0] not in artefact.meant and any(form in data for form in forms)
    ]


def files_under(
    folder: Path, *, but: Iterable[Path] = (), meant: dict[str, frozenset[str]] | None = None
) -> Iterator[Artefact]:
    """Every file and every file name under a folder; ``but`` are where the secrets come from."""
    left_out = tuple(but)
    for path in sorted(folder.rglob("*")):
        if any(path == one or path.is_relative_to(one) for one in left_out):
            continue
        allowed = (meant or {}).get(path.name, frozenset())
        yield Artefact(f"the name of {path.name}", str(path).encode())
        if path.is_symlink():
            yield Artefact(f"the link {path.name}", str(path.readlink()).encode())
        elif path.is_file():
            yield Artefact(str(path.relative_to(folder)), path.read_bytes(), meant=allowed)
