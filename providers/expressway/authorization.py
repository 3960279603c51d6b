"""What an authorization code must say before it is typed on a node. Pure; refuses with `Rejected`.

The code was made for one device and holds totals. A wrong one would be refused by the node at best, so all
of it is compared first: the device, every line, its dates, and that every character may be typed.

Belongs here: the comparison and its sentences, with both values and never the code. Does not belong here:
reading a code (`reconciler.model`) and sending it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from reconciler.errors import Rejected
from reconciler.model import (
    Authorization,
    AuthorizedLine,
    read_authorization,
    read_day,
    same_licence,
    same_udi,
    udi_parts,
)

from .wire import MAX_CODE, printable, quoted

KEPT = "nothing was sent, and the code is kept"

Params = Mapping[str, Any]


def check_installable(host: str, code: str, params: Params, request: str | None, now: datetime) -> None:
    """Raises Rejected for a code that must not be installed on this node (see `Kind.INSTALL_AUTHORIZATION`).

    ``params["unchecked"]`` lets pass what cannot be compared, never what differs. ``request`` is the request
    code that the node printed, which may hold its identity.
    """
    authorization = _readable(host, code, params)
    if authorization is None:
        return
    _check_device(host, authorization, params, request)
    _check_lines(host, authorization, params)
    _check_dates(host, authorization, params, now)


def check_returnable(host: str, code: str, params: Params) -> None:
    """Raises Rejected for a code that was made for another device, as far as it can be read."""
    authorization = _readable(host, code, {"unchecked": True})
    if authorization is not None and _serial_fits(authorization.udi, str(params["serial"])) is False:
        raise _refusal(host, f"the code is for {_shown(authorization.udi)}, the node is {params['serial']}")


def _refusal(host: str, text: str, remedy: str | None = None) -> Rejected:
    return Rejected(f"{host}: the authorization code was not used: {text}; {KEPT}", remedy=remedy)


def _unproven(host: str, text: str, params: Params) -> None:
    """Refuse what could not be compared, unless a person took that upon themselves."""
    if not params.get("unchecked"):
        remedy = "compare it with the portal, then plan and apply with --override XL377"
        raise _refusal(host, text, remedy)


def _shown(text: str) -> str:
    return repr(printable(text)[:200])


def _readable(host: str, code: str, params: Params) -> Authorization | None:
    try:
        quoted(code, MAX_CODE)
    except ValueError as error:
        remedy = "fetch it again as it was issued: one line, without quotes"
        raise _refusal(host, f"it holds {error}", remedy) from None
    try:
        return read_authorization(code)
    except ValueError as error:
        _unproven(host, f"it cannot be read: {error}", params)
        return None


# --- the device ----------------------------------------------------------------------------------------


def _check_device(host: str, authorization: Authorization, params: Params, request: str | None) -> None:
    """Against what the node printed; where that cannot be compared, its request code; else its serial."""
    printed = [str(udi) for udi in (params.get("udi"), request) if "S" in udi_parts(str(udi))]
    verdicts = [(udi, same_udi(authorization.udi, udi)) for udi in printed]
    serial = str(params["serial"])
    verdicts.append((serial, _serial_fits(authorization.udi, serial)))
    device, same = next((item for item in verdicts if item[1] is not None), verdicts[0])
    both = f"it is for {_shown(authorization.udi)}, the node is {_shown(device)}"
    if same is False:
        raise _refusal(host, both)
    if same is None:
        _unproven(host, f"{both}, and these cannot be compared", params)


def _serial_fits(udi: str, serial: str) -> bool | None:
    printed = udi_parts(udi).get("S")
    return None if printed is None else printed == serial.strip().upper()


# --- the lines -----------------------------------------------------------------------------------------


def _stands_for(line: Mapping[str, Any], authorized: AuthorizedLine) -> bool:
    return same_licence(line.get("tag"), line.get("name"), authorized.tag, authorized.name)


def _check_lines(host: str, authorization: Authorization, params: Params) -> None:
    """Totals, line by line: one entitlement may stand in several lines of a code, with other dates."""
    wanted: Sequence[Mapping[str, Any]] = params["lines"]
    left = list(authorization.lines)
    for line in wanted:
        name = line.get("name") or line.get("tag") or line.get("entitlement")
        if not (line.get("tag") or line.get("name")):
            _unproven(host, f"the entitlement {_shown(str(name))} has no tag to compare it by", params)
            return
        found = [item for item in left if _stands_for(line, item)]
        left = [item for item in left if item not in found]
        total = sum(item.quantity for item in found)
        if total != line["quantity"]:
            raise _refusal(host, f"of {_shown(str(name))} it holds {total}, the plan says {line['quantity']}")
    extra = [item for item in left if item.quantity]
    if extra:
        text = ", ".join(f"{item.quantity} of {_shown(item.name or item.tag)}" for item in extra)
        raise _refusal(host, f"it also holds {text}, of which the plan says none")


# --- dates ---------------------------------------------------------------------------------------------


def _check_dates(host: str, authorization: Authorization, params: Params, now: datetime) -> None:
    """A licence is good on its last day; the day is the node's or CSSM's, so today is UTC's."""
    for line in authorization.lines:
        if line.ends is None:
            continue
        what = f"{_shown(line.name or line.tag)} in it ends {_shown(line.ends)}"
        day = read_day(line.ends)
        if day is None:
            _unproven(host, f"{what}, which is no date that can be read", params)
        elif day < now.date():
            raise _refusal(host, f"{what}, today is {now.date()}")
