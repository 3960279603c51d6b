"""The words of Cisco's pages: what a person does where no call exists. The one place for them.

Belongs here: page, tab, button and field names, values to type. Does not belong here: whether a person or a
call does it (profiles). Names are those of CSSM's built-in help and of TAC doc 215633; since June 2026
Cisco's documents call the portal Cisco License Central, and the objects stayed.

A code that goes in is shown as its slot in pointed brackets, ``<request/0E4D1FA5>``: whoever writes the sheet
puts the value there, or leaves the slot, by which the journal finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.model import Action, Kind

from .profiles import Surface
from .words import Where

_CLOUD = "https://software.cisco.com"
_RENAMED = (
    "The portal may call itself Cisco License Central (https://software.cisco.com/clc); labels move, "
    "the objects stay."
)

Params = Mapping[str, Any]
Steps = tuple[str, ...]


def instructions(action: Action, surface: Surface, where: Where) -> Steps:
    """One step a line; values in quotes are to be typed as they are."""
    tab, steps = PAGES.get(action.kind, ("General", _plain))
    return (*_way_in(surface, where, tab, action.params), *steps(action))


def _way_in(surface: Surface, where: Where, tab: str, params: Params) -> Steps:
    name = params.get("virtual_account", surface.virtual_account)
    va = f'Open the virtual account "{name}" and its tab {tab}.'
    if where.on_prem:
        return (
            f"Sign in to Smart Software Manager On-Prem at https://{where.host}.",
            f'Choose the local account "{surface.account_name}", then Smart Licensing > Inventory.',
            va,
        )
    return (
        f"Sign in at {_CLOUD} with a user of {where.holder}. {_RENAMED}",
        "Open Smart Software Licensing > Inventory.",
        va,
    )


def _plain(action: Action) -> Steps:
    return (f"Do there what this action names: {action.kind.value}.",)


# Registration tokens


def _new_token(action: Action) -> Steps:
    params = action.params
    return (
        "Under Product Instance Registration Tokens choose New Token…",
        f'Description: "xlicense {action.id}"',
        f"Expire After: {params['expires_after_days']} Days",
        f"Max. Number of Uses: {params['max_uses']}",
        _export(bool(params["export_controlled"])),
        "Choose Create Token; in its row choose Actions > Copy, and bring the token back as the answer.",
    )


def _export(allowed: bool) -> str:
    box = 'the box "Allow export-controlled functionality on the products registered with this token"'
    if allowed:
        return f"Tick {box}. Where it is not shown, the account has no such right: ask Cisco licensing."
    return f"Leave {box} empty."


def _revoke(action: Action) -> Steps:
    token = action.params["token"]
    return (
        f'Find the token whose Description begins with "xlicense" and which was made for {token}.',
        "In its row choose Actions > Revoke… and confirm.",
    )


# Reservations: what goes in, in the order of the pages


_GENERATE = (
    "Choose Next; compare the page Review and Confirm with the lines above; "
    "choose Generate Authorization Code."
)
_BRING_CODE = (
    "Choose Copy to Clipboard or Download as File, and bring the whole authorization code back as the "
    "answer, from its first character to its last. No published call shows it a second time: keep it safe."
)
_VERSIONS = (
    "Where a licence is offered in the versions 12 and 14, take the one that is written above; where none "
    "is, an Expressway takes either."
)
_ONLY_CISCO = "Where Cisco licensing must help, name the serial, the virtual account and what CSSM said."


def _reserve(action: Action) -> Steps:
    """TAC doc 215633, S54 to S60 and S62."""
    return (
        (
            "Choose License Reservation… (under Available Actions). Where it is not offered, the account may "
            "not reserve yet: ask Cisco licensing to enable Specific License Reservation for it."
        ),
        f"Reservation Request Code: {_code(action, 'request')}  (of node {_device(action)}); choose Next.",
        *_quantities(action),
        _GENERATE,
        _BRING_CODE,
        "Close the window. No confirmation code has to be entered for this first installation.",
    )


def _update(action: Action) -> Steps:
    """TAC doc 215633, S71 to S76."""
    return (
        _row(action),
        (
            "In its row choose Actions > Update Reserved Licenses… "
            "(not Remove: a reservation is never returned only to change its quantities)."
        ),
        *_quantities(action),
        _GENERATE,
        _BRING_CODE,
        (
            "The window may stay open for the confirmation code that the node will print; where it is "
            "closed, the code is entered later with Actions > Enter Confirmation Code…."
        ),
    )


def _confirm(action: Action) -> Steps:
    """TAC doc 215633, S78, S81, S82."""
    return (
        _row(action),
        "In its row choose Actions > Enter Confirmation Code…",
        f"Reservation Confirmation Code: {_code(action, 'confirmation')}",
        "Choose OK. The change is not complete in CSSM before; afterwards the instance shows:",
        *_lines(action.params, before=False),
        "Answer that it is done.",
    )


def _remove(action: Action) -> Steps:
    """TAC doc 215633, S69; CSSM help, *Removing a Product Instance*."""
    return (
        _row(action),
        "In its row choose Actions > Remove…",
        f"Reservation Return Code: {_code(action, 'return')}",
        "Confirm. The licences go back to the virtual account; the row may stay for a minute.",
        "Answer that it is done. Where CSSM does not accept the code, change nothing else and keep it. "
        + _ONLY_CISCO,
    )


def _ghost(action: Action) -> Steps:
    reason = action.params.get("reason")
    return (
        _row(action),
        *((f"It is to be removed because: {reason}",) if reason else ()),
        "In its row choose Actions > Remove… and confirm.",
        (
            "Where CSSM asks for a Reservation Return Code, the instance holds a reservation: choose "
            "Cancel, and answer with that instead."
        ),
        "Answer that it is done.",
    )


def _rehost(action: Action) -> Steps:
    """CSSM help, *Rehost Licenses from a Failed Product*."""
    params = action.params
    return (
        f"Find the row of the failed product: serial {params['replaces']}.",
        "In its row choose Actions > Rehost Licenses from a Failed Product…",
        (
            f"Reservation Request Code of the replacement: {_code(action, 'request')}  (of node "
            f"{_device(action)}); choose Next."
        ),
        *_quantities(action),
        _GENERATE,
        _BRING_CODE,
        (
            'Where CSSM says "Previous Product Return Pending", too many failed products still wait for '
            f"their removal: Cisco licensing completes them. {_ONLY_CISCO}"
        ),
    )


def _fetch(action: Action) -> Steps:
    """The code of a reservation that is there already: no published call gives it again."""
    return (
        f"{_row(action)} It holds a reservation whose authorization code is not held here.",
        "Do NOT choose License Reservation… again: that would reserve a second time for one device.",
        (
            "Look for the download of its authorization code (Download as File), in the menu Actions of the "
            "row and on the page of the instance, which opens by its name."
        ),
        "The reservation should be of:",
        *_lines(action.params, before=False),
        "Bring the whole authorization code back as the answer, from its first character to its last.",
        "Where the page does not offer the download, ask Cisco licensing for the code. " + _ONLY_CISCO,
    )


def _row(action: Action) -> str:
    return f"Find the row of {_device(action)} (search for the serial; the name may be an identifier)."


def _device(action: Action) -> str:
    serial, udi = action.params["serial"], action.params.get("udi")
    return f"serial {serial}, UDI {udi}" if udi else f"serial {serial}"


def _code(action: Action, name: str) -> str:
    slot = action.params.get(name)
    return f"<{slot}>" if slot else f"<the {name} code that node {action.params['serial']} printed>"


def _quantities(action: Action) -> Steps:
    if action.kind is Kind.UPDATE_RESERVATION:
        return (
            "Choose Reserve a specific license, and enter exactly these amounts (totals, not differences):",
            *_lines(action.params, before=True),
            "Leave every other line as it is.",
        )
    return (
        "Choose Reserve a specific license, and enter exactly these as Quantity to Reserve:",
        *_lines(action.params, before=False),
        "Leave every other line blank: a blank means 0.",
        _VERSIONS,
    )


def _lines(params: Params, *, before: bool) -> Steps:
    return tuple(_line(line, before=before) for line in params["lines"])


def _line(line: Mapping[str, Any], *, before: bool) -> str:
    called = line.get("name") or line.get("tag") or line["entitlement"]
    old = line.get("before")
    was = f" (was {old})" if before and old is not None else ""
    tag = f", entitlement tag {line['tag']}" if line.get("name") and line.get("tag") else ""
    return f'  "{called}": {line["quantity"]}{was}{tag}'


PAGES: Mapping[Kind, tuple[str, Callable[[Action], Steps]]] = {
    Kind.CREATE_TOKEN: ("General", _new_token),
    Kind.REVOKE_TOKEN: ("General", _revoke),
    Kind.RESERVE: ("Licenses", _reserve),
    Kind.UPDATE_RESERVATION: ("Product Instances", _update),
    Kind.CONFIRM_RESERVATION: ("Product Instances", _confirm),
    Kind.REMOVE_INSTANCE: ("Product Instances", _remove),
    Kind.REMOVE_GHOST: ("Product Instances", _ghost),
    Kind.REHOST: ("Product Instances", _rehost),
    Kind.FETCH_AUTHORIZATION: ("Product Instances", _fetch),
}
