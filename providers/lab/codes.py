"""How the codes of a reservation look. Pure: the same device and the same reservation give the same code.

Seen: the request code of UC products (the device identity in clear) and the compact one of IOS XE; the
authorization code of CUCM 12.5 (TAC doc 214381); the confirmation and the return code of an Expressway
(Cisco TAC). Which request code an Expressway prints is not known: dialect ``request_code``.
Belongs here: writing codes, and reading a request code as CSSM does. Does not belong here: who may have one.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .reserved import Line

PID = "EXPY"
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
_PLAIN = re.compile(r"P:(?P<pid>[^,]+),\s?S:(?P<serial>[^,\s]+)(?:,\s?U:(?P<uuid>[0-9a-f]{32}))?")
_COMPACT = re.compile(r"[A-Z]{2}-Z(?P<pid>[^:]+):(?P<serial>.+)-[A-Za-z0-9]{9}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Device:
    """A device as a request code names it; ``uuid`` is blank where the code has none."""

    pid: str
    serial: str
    uuid: str = ""

    @property
    def udi(self) -> str:
        return f"P:{self.pid},S:{self.serial}" + (f",U:{self.uuid}" if self.uuid else "")


def plain_request(serial: str, uuid: str) -> str:
    return Device(PID, serial, uuid).udi


def compact_request(serial: str, number: int) -> str:
    """``CE-ZEXPY:0E4D1FA5-AK9A6sMTr-86``; another number is another code."""
    seed = f"{serial}/{number}"
    return f"CE-Z{PID}:{serial}-{_word(seed, 9)}-{_digest(seed)[0] % 90 + 10}"


def read_request(code: str) -> Device | None:
    """The device of a request code, None for what is none (a part of one, another code)."""
    found = _PLAIN.fullmatch(code.strip()) or _COMPACT.fullmatch(code.strip())
    if found is None:
        return None
    parts = found.groupdict()
    return Device(parts["pid"], parts["serial"], parts.get("uuid") or "")


def authorization(piid: str, timestamp: int, device: Device, lines: Sequence[Line]) -> str:
    """One line of XML without a double quote in it."""
    body = (
        f"<authorizationCode><flag>A</flag><version>C</version><piid>{piid}</piid>"
        f"<timestamp>{timestamp}</timestamp>"
        f"<entitlements>{''.join(_entitlement(line) for line in lines)}</entitlements></authorizationCode>"
    )
    signature = base64.b64encode(b"0E" + _digest(body + device.udi) + _digest(body)).decode()
    return f"<specificPLR>{body}<signature>{signature}</signature><udi>{device.udi}</udi></specificPLR>"


def _entitlement(line: Line) -> str:
    name = line.name.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f"<entitlement><tag>{line.tag}</tag><count>{line.quantity}</count><startDate></startDate>"
        f"<endDate>{line.ends}</endDate><licenseType>{line.licence_type}</licenseType>"
        f"<displayName>{name}</displayName><tagDescription>{name}</tagDescription>"
        "<subscriptionID></subscriptionID></entitlement>"
    )


def confirmation(authorization_code: str) -> str:
    """``3311aaea``: eight hexadecimal digits."""
    return _digest(f"confirmation/{authorization_code}").hex()[:8]


def returned(authorization_code: str) -> str:
    """``CMcmMV-TriR2T-…-M2u``: eight groups of six and a tail of three."""
    word = _word(f"return/{authorization_code}", 51)
    return "-".join(word[start : start + 6] for start in range(0, len(word), 6))


def _word(seed: str, length: int) -> str:
    number = int.from_bytes(_digest(seed) + _digest(f"{seed}/more"), "big")
    letters = []
    for _ in range(length):
        number, rest = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[rest])
    return "".join(letters)


def _digest(seed: str) -> bytes:
    return hashlib.sha256(seed.encode()).digest()
