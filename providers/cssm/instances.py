"""Product instances as CSSM lists them: JSON rows to values, and whose device a row is. Pure.

Belongs here: reading a row of the instance lists and of the device search, and joining a row with a device.
Does not belong here: requests and answers that change something (reserving, wire).

No published answer tells a reserved instance from a connected one; the portal writes ``(Reserved Licenses)``
beside it. So several plausible spellings are read, and only a positive mark counts: without one it is not
known what is reserved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model import UNKNOWN, Instance, Maybe, ReservedLine, udi_parts

from .tolerant import moment, number, rows, text

_UDI_PART = re.compile(r"UDI_(PID|SN|VID|UUID)\s*:\s*([^;]+)")
_LISTS = ("reservedLicenses", "reservedLicences", "reservedEntitlements", "reservations", "reserved_licenses")
_TYPES = ("reservationType", "registrationType", "reservation_type", "registration_type")
_FLAGS = ("reserved", "isReserved", "is_reserved")
_STATES = ("reservationStatus", "reservation_status", "reservationState")
_NAMES = ("license", "licenseName", "displayName", "display_name", "name", "entitlementName")
_TAGS = ("entitlementTag", "entitlement_tag", "tag")
_USED = ("quantity", "count")
_COUNTS = ("reservedQuantity", "reserved", *_USED)
_PENDING = ("pendingQuantity", "pending_quantity", "pending", "newQuantity", "inTransitQuantity")
_RESERVED_WORD = re.compile(r"reserv|\b[SP]LR\b|^(?:SPECIFIC|UNIVERSAL)$", re.IGNORECASE)
_OTHER_WORD = re.compile(r"^(?:NONE|TOKEN|ID[ _]?TOKEN|CONNECTED)$", re.IGNORECASE)
_MOVING_WORD = re.compile(r"transit|pending|confirm(?!ed)", re.IGNORECASE)
_EXPRESSWAY = re.compile(r"expressway|expy", re.IGNORECASE)


def instance_of(row: Mapping[str, Any]) -> Instance | None:
    """One product instance, None where the row names none."""
    shown = text(row.get("displayName")) or text(row.get("instanceName"))
    sudi = _sudi(row, shown)
    name = shown or text(row.get("hostName")) or sudi.get("serial") or sudi.get("uuid")
    if name is None:
        return None
    return Instance(
        name=name,
        serial=sudi.get("serial"),
        uuid=sudi.get("uuid"),
        pid=sudi.get("pid"),
        host_name=text(row.get("hostName")),
        product_tag=text(row.get("productTagName")) or text(row.get("software_tag")),
        product_type=text(row.get("productType")),
        status=text(row.get("status")),
        last_contact=moment(row.get("lastContactDate")),
        reserved=_reserved(row),
        usage=tuple(replace(line, pending=None) for line in _readable(_used(row), _USED)),
    )


def _sudi(row: Mapping[str, Any], shown: str | None) -> dict[str, str | None]:
    """The device key; where it is blank, the parts of ``UDI_PID:C8000V; UDI_SN:ABCD123456; ``."""
    sudi = next(iter(rows(row, "sudi")), {})
    parts = {key: text(value) for key, value in _UDI_PART.findall(shown or "")}
    return {
        "pid": text(sudi.get("udiPid")) or parts.get("PID"),
        "serial": text(sudi.get("udiSerialNumber")) or parts.get("SN"),
        "uuid": text(sudi.get("uuid")) or parts.get("UUID"),
    }


# What is reserved


def _used(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    return rows(row, "licenseUsage")


def _reserved(row: Mapping[str, Any]) -> Maybe[tuple[ReservedLine, ...]]:
    """A list of its own counts first. An instance that is marked as reserved reports no usage (it has no
    way to CSSM), so the licences shown for it are what is reserved; else single lines may be marked."""
    key = next((key for key in (*_LISTS, *_FLAGS) if isinstance(row.get(key), list | dict)), None)
    if key is not None:
        return _lines(row, rows(row, key))
    marked = _marked(row)
    if marked is not UNKNOWN and not marked:
        return ()
    lines = _used(row) if marked is True else [line for line in _used(row) if _marked(line) is True]
    return _lines(row, lines) if lines else UNKNOWN


def _marked(row: Mapping[str, Any]) -> Maybe[bool]:
    """Whether a row says that it is of a reservation; UNKNOWN where it says nothing about that."""
    flags = [flag for key in _FLAGS if (flag := _flag(row.get(key))) is not UNKNOWN]
    words = [word for key in _TYPES if (word := text(row.get(key)))]
    shown = (text(row.get(key)) or "" for key in ("lastContactDate", "lastContact", *_NAMES))
    if True in flags or any(_RESERVED_WORD.search(word) for word in words):
        return True
    if any("(reserved" in word.lower() for word in shown):
        return True
    return False if flags or any(_OTHER_WORD.search(word) for word in words) else UNKNOWN


def _flag(value: Any) -> Maybe[bool]:
    if isinstance(value, bool):
        return value
    word = (text(value) or "").lower()
    if word in {"true", "yes", "y"}:
        return True
    if word in {"false", "no", "n"}:
        return False
    count = number(value)
    return UNKNOWN if count is UNKNOWN else count > 0


def _lines(row: Mapping[str, Any], listed: Iterable[Mapping[str, Any]]) -> Maybe[tuple[ReservedLine, ...]]:
    """All of them, or not known: half a reservation would be read as a smaller one."""
    listed = list(listed)
    lines = _readable(listed, _COUNTS)
    if len(lines) < len(listed):
        return UNKNOWN
    moving = bool(_MOVING_WORD.search(_first(row, _STATES) or ""))
    still = all(line.pending in {None, UNKNOWN, 0} for line in lines)
    return tuple(_settled(row, line) for line in lines) if still and not moving else tuple(lines)


def _readable(listed: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> list[ReservedLine]:
    return [line for row in listed if (line := _line(row, keys)) is not None]


def _line(row: Mapping[str, Any], keys: Sequence[str]) -> ReservedLine | None:
    tag = _first(row, _TAGS)
    name = _first(row, _NAMES) or tag
    counts = (number(row.get(key)) for key in keys)
    quantity = next((count for count in counts if count is not UNKNOWN), UNKNOWN)
    if name is None or quantity is UNKNOWN:
        return None
    return ReservedLine(name, quantity, tag, _pending(row))


def _pending(row: Mapping[str, Any]) -> Maybe[int | None]:
    stated = [row[key] for key in _PENDING if key in row]
    if not stated:
        return UNKNOWN
    return None if stated[0] is None or stated[0] == "" else number(stated[0])


def _settled(row: Mapping[str, Any], line: ReservedLine) -> ReservedLine:
    """``pendingQuantity`` is 0 where nothing is pending, as in the licence list; a state without a word of
    transit says the same."""
    if line.pending == 0 or _first(row, _STATES):
        return replace(line, pending=None)
    return line


def _first(row: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    return next((value for key in keys if (value := text(row.get(key)))), None)


# Whose device it is


def sudi_of(udi: str | None, serial: str) -> dict[str, str]:
    """The device key of an identity as a node prints it (``P:…,S:…,U:…``), in the node's own capitals."""
    parts = udi_parts(udi or "") or {"S": serial}
    keys = {"P": "udiPid", "S": "udiSerialNumber", "U": "uuid"}
    return {key: _as_written(udi or serial, parts[part]) for part, key in keys.items() if part in parts}


def _as_written(source: str, value: str) -> str:
    found = re.search(re.escape(value), source, re.IGNORECASE)
    return found.group() if found else value


def key_of(instance: Instance) -> dict[str, str]:
    """The device key of an instance, exactly as CSSM shows it."""
    key = {"udiPid": instance.pid, "udiSerialNumber": instance.serial, "uuid": instance.uuid}
    return {name: value for name, value in key.items() if value}


def may_be(instance: Instance, udi: str | None, serial: str) -> bool:
    """Whether an instance could be this device: the same uuid, or else the same serial."""
    parts = udi_parts(udi or "")
    if instance.uuid and "U" in parts:
        return _plain(instance.uuid) == _plain(parts["U"])
    return _plain(instance.serial) in {_plain(serial), _plain(parts.get("S", serial))}


def is_of(instance: Instance, udi: str | None, serial: str) -> bool:
    """Whether an instance is this device as far as both sides say: nothing that both state differs."""
    pid = udi_parts(udi or "").get("P")
    return may_be(instance, udi, serial) and (not pid or not instance.pid or pid == instance.pid.upper())


def cannot_tell(instance: Instance, udi: str | None) -> bool:
    """Whether an instance of no other product shows only a uuid, where none of the device is known."""
    parts = udi_parts(udi or "")
    other = instance.pid and parts.get("P") not in {None, instance.pid.upper()}
    return bool(instance.uuid and not instance.serial and "U" not in parts and not other)


def _plain(value: str | None) -> str:
    return (value or "").replace("-", "").upper()


def place_of(row: Mapping[str, Any]) -> str:
    """Where the search over all accounts found a device."""
    account = next(iter(rows(row, "account")), {})
    va = text(account.get("virtual_account_name")) or "(not named)"
    return f'virtual account "{va}" of {text(account.get("domain")) or "a Smart Account"}'


def is_expressway(instance: Instance) -> bool:
    """Whether this is the product that is ours, by its type (``EXPY``) or product tag."""
    shown = (instance.product_type, instance.product_tag, instance.pid)
    return any(_EXPRESSWAY.search(word) for word in shown if word)
