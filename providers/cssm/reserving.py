"""What CSSM is told about reservations and what it answers: JSON to values, without a connection.

Belongs here: request bodies of reserve, update, confirm and remove, and the meaning of their answers. Does
not belong here: other calls (wire), the order of calls (reservation), sentences (words). Nothing here raises
on bytes or JSON, whatever they are.

Shapes are those of smart-license-app, mcssmapi and Cisco's IOS XR scripts. Licences are named by entitlement
tag, quantities are totals, and a status stands in two layers: both must say yes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.model import Reservable

from .tolerant import rows, text
from .wire import Answer, Fault, decode, fault_of_word, said_by

CODES_KEY = "authorizationCodes"
INNER_KEYS = (
    CODES_KEY,
    "removeProductInstancesStatus",
    "reservationConfirmationStatus",
    "confirmationCodes",
    "confirmLicensesStatus",
)
_CODE_TEXT = re.compile(r'"authorizationCode"\s*:\s*("(?:[^"\\]|\\.)*")')

Line = Mapping[str, Any]
"""One line of an action: ``entitlement``, ``name``, ``tag``, ``quantity``."""


# Requests


def reserve_body(request_code: str, lines: Iterable[Line]) -> dict[str, Any]:
    """A line of nothing is left out: a reservation of 0 is none."""
    asked = [line for line in lines if line["quantity"]]
    request = {"reservationCode": request_code, "reservationType": "SPECIFIC", "licenses": licences(asked)}
    return {"reservationRequests": [request]}


def update_body(sudi: Mapping[str, str], product_tag: str, lines: Iterable[Line]) -> dict[str, Any]:
    """Totals of every line, also of those that become 0 (CSSM help: a blank means 0)."""
    return {"reservationUpdateRequests": [_device(sudi, product_tag) | {"licenses": licences(lines)}]}


def confirm_body(sudi: Mapping[str, str], product_tag: str, confirmation_code: str) -> dict[str, Any]:
    request = _device(sudi, product_tag) | {"confirmationCode": confirmation_code}
    return {"reservationConfirmationRequests": [request]}


def remove_body(
    sudi: Mapping[str, str], product_tag: str, return_code: str | None, keys: Sequence[str]
) -> dict[str, Any]:
    """``keys`` are the spellings of the profile. An instance without a reservation has no return code."""
    code = {} if return_code is None else {"returnCode": return_code}
    return {key: [_device(sudi, product_tag) | code] for key in keys}


def licences(lines: Iterable[Line]) -> list[dict[str, Any]]:
    return [
        {
            "entitlementTag": line["tag"],
            "quantity": line["quantity"],
            "precedence": "LONGEST_TERM_FIRST",
        }
        for line in lines
    ]


def _device(sudi: Mapping[str, str], product_tag: str) -> dict[str, Any]:
    return {"sudi": dict(sudi), "productTagName": product_tag}


# Answers


def judged(answer: Answer) -> Answer:
    """The same answer with both layers judged.

    An outer no with a code inside contradicts itself: licences may well be booked, so it is *strange*.
    """
    if answer.fault not in {None, Fault.REJECTED}:
        return answer
    inner, said = _inner(answer.data)
    if answer.fault is None or inner is not None:
        return replace(answer, fault=answer.fault or inner, said=said or answer.said)
    return replace(answer, fault=Fault.STRANGE) if authorization_of(answer.data) else answer


def _inner(data: Any) -> tuple[Fault | None, str]:
    for row in _inner_rows(data):
        fault = fault_of_word(text(row.get("status")) or "")
        if fault is not None:
            return fault, said_by(row)
    return None, ""


def _inner_rows(data: Any) -> list[dict[str, Any]]:
    if not isinstance(data, dict):
        return []
    return [row for key in INNER_KEYS if key in data for row in rows(data, key)]


def authorization_of(data: Any, request_code: str | None = None) -> str | None:
    """The authorization code of an answer: the entry of this request, or else the only one there is.

    An entry whose status says no has none.
    """
    entries = rows(data, CODES_KEY) if isinstance(data, dict) else []
    ours = [entry for entry in entries if request_code and entry.get("reservationCode") == request_code]
    if len(entries) == 1:
        ours = entries
    if len(ours) != 1 or fault_of_word(text(ours[0].get("status")) or "") is Fault.REJECTED:
        return None
    return _code(ours[0].get("authorizationCode"))


def _code(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def find_authorization(body: bytes) -> str | None:
    """The authorization code in raw bytes, also where the rest of the answer never arrived."""
    data, ok = decode(body)
    if ok:
        return authorization_of(data)
    found = set(_CODE_TEXT.findall(body.decode("utf-8", "replace")))
    if len(found) != 1:
        return None
    value, ok = decode(found.pop().encode())
    return _code(value) if ok else None


def reservable_of(data: Any, names: Mapping[str, str]) -> tuple[Reservable, ...]:
    """What may be reserved, without the universal reservation, which takes no quantities.

    ``names`` are display names by tag, for the answer has none.
    """
    entries = [entry for product in rows(data, "data") for entry in rows(product, "entitlements")]
    found = {
        tag: Reservable(tag, text(entry.get("displayName")) or names.get(tag, ""))
        for entry in entries
        if (tag := text(entry.get("entitlementTag"))) and text(entry.get("type")) != "UNIVERSAL"
    }
    return tuple(found[tag] for tag in sorted(found))
