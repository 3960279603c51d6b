"""The authorization code of a reservation, as far as it can be read: for which device, which licences.

It is an XML text of one line, signed by CSSM; the sample that is published is a sister product's (CUCM), so
every part but the device and the lines may be missing. It is hostile until proven otherwise: a DTD, an entity
or anything that is not well formed is refused. Belongs here: reading it and comparing device identities. Does
not belong here: whether it may be installed (the Expressway provider) or what it means for a plan (rules).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

MAX_CHARACTERS = 65_536
_PART = re.compile(r"(?:^|[,;\s])\s*(PID|SN|UUID|P|S|U)\s*:\s*([^,;\s]+)", re.IGNORECASE)
_SHORT = {"PID": "P", "SN": "S", "UUID": "U"}


@dataclass(frozen=True, slots=True)
class AuthorizedLine:
    """One licence of an authorization code. ``starts`` and ``ends`` are dates as written, None for blank."""

    tag: str
    quantity: int
    name: str = ""
    starts: str | None = None
    ends: str | None = None
    licence_type: str | None = None


@dataclass(frozen=True, slots=True)
class Authorization:
    """What an authorization code says. No secret: the signature, which makes it a code, is left out.

    ``made_at`` is CSSM's own time stamp, milliseconds since 1970.
    """

    udi: str
    lines: tuple[AuthorizedLine, ...]
    instance_id: str | None = None
    made_at: int | None = None


def read_authorization(code: str) -> Authorization:
    """Read a code. Raises ValueError with the reason for everything that is not one."""
    values, lines = _texts(code)
    if "udi" not in values:
        raise ValueError("it does not say for which device it is")
    if not lines:
        raise ValueError("it names no licence")
    made_at = values.get("timestamp", "")
    return Authorization(
        udi=values["udi"],
        lines=tuple(_line(fields) for fields in lines),
        instance_id=values.get("piid"),
        made_at=int(made_at) if made_at.isascii() and made_at.isdigit() else None,
    )


def udi_parts(udi: str) -> Mapping[str, str]:
    """``P``, ``S`` and ``U`` (product, serial, uuid) of an identity, in capitals, as far as it has them.

    Reads ``P:UCM,S:cc920,U:e53f…`` and ``PID:UCM,SN:cc920,UUID:e53f…``; blanks make no difference.
    """
    return {_SHORT.get(key.upper(), key.upper()): value.upper() for key, value in _PART.findall(udi)}


def same_udi(one: str, other: str) -> bool | None:
    """Whether two identities are of one device; None where they have no serial and no uuid in common."""
    first, second = udi_parts(one), udi_parts(other)
    if one.split() == other.split() and one.strip():
        return True
    common = first.keys() & second.keys()
    if any(first[key].replace("-", "") != second[key].replace("-", "") for key in common):
        return False
    return True if common & {"S", "U"} else None


_VERSION = re.compile(r"\s*\(\s*v?(\d+)[\d.x]*\s*\)\s*$", re.IGNORECASE)


def same_licence(tag: str | None, name: str | None, other_tag: str | None, other_name: str | None) -> bool:
    """Whether both name one licence: by tag where both have one, else by display name.

    CSSM writes the version behind the name (``UC Manager Enhanced License (12.x)``), guides leave it out: a
    name without a version is that of every version.
    """
    if tag and other_tag:
        return tag == other_tag
    one, version = _base(name or "")
    other, other_version = _base(other_name or "")
    fits = version is None or other_version is None or version == other_version
    return bool(one) and one == other and fits


def _base(name: str) -> tuple[str, str | None]:
    found = _VERSION.search(name)
    plain = " ".join(_VERSION.sub("", name).split()).casefold()
    return plain, found[1] if found else None


def _line(fields: Mapping[str, str]) -> AuthorizedLine:
    count = fields.get("count", "")
    if not (count.isascii() and count.isdigit()):
        raise ValueError(f"a licence of it has the count {count[:20]!r}")
    if not fields.get("tag"):
        raise ValueError("a licence of it has no entitlement tag")
    return AuthorizedLine(
        tag=fields["tag"],
        quantity=int(count),
        name=fields.get("displayName", ""),
        starts=fields.get("startDate"),
        ends=fields.get("endDate"),
        licence_type=fields.get("licenseType"),
    )


class _Collector:
    """Texts by element name; those inside ``entitlement`` apart, one mapping each."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.lines: list[dict[str, str]] = []
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, _: object) -> None:
        self._path.append(name)
        self._text = []
        if name == "entitlement":
            self.lines.append({})

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, name: str) -> None:
        self._path.pop()
        value = "".join(self._text).strip()
        self._text = []
        if value:
            target = self.lines[-1] if self._path and self._path[-1] == "entitlement" else self.values
            if target.setdefault(name, value) != value:
                raise ValueError(f"it says {name} twice, and differently")


def _texts(code: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    if len(code) > MAX_CHARACTERS:
        raise ValueError(f"it has more than {MAX_CHARACTERS} characters")
    collector = _Collector()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = collector.start
    parser.CharacterDataHandler = collector.text
    parser.EndElementHandler = collector.end
    try:
        parser.Parse(code.strip(), True)
    except expat.ExpatError as error:
        raise ValueError(f"it is not whole: {expat.ErrorString(error.code)}") from None
    return collector.values, collector.lines


def _refuse(*_: object) -> None:
    """An entity is declared only inside of a document type."""
    raise ValueError("it holds a document type or an entity, which a code never has")
