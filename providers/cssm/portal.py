"""The words of Cisco's pages: what a person does where no call exists. The one place for them.

Belongs here: page, tab, button and field names, values to type. Does not belong here: whether a person or a
call does it (profiles). Names are those of CSSM's built-in help and of TAC doc 215633; since June 2026
Cisco's documents call the portal Cisco License Central, and the objects stayed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.model import Action, Kind

from .profiles import Surface
from .words import Where

_CLOUD = "https://software.cisco.com"
_RENAMED = (
    "The portal may call itself Cisco License Central (https://software.cisco.com/clc); labels move, "
    "the objects stay."
)


def instructions(action: Action, surface: Surface, where: Where) -> tuple[str, ...]:
    """One step a line; values in quotes are to be typed as they are."""
    if action.kind is Kind.CREATE_TOKEN:
        return (*_way_in(surface, where), *_new_token(action.params, action.id))
    if action.kind is Kind.REVOKE_TOKEN:
        return (*_way_in(surface, where), *_revoke(action.params))
    return (*_way_in(surface, where), f"Do there what this action names: {action.kind.value}.")


def _way_in(surface: Surface, where: Where) -> tuple[str, ...]:
    va = f'Open the virtual account "{surface.virtual_account}" and its tab General.'
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


def _new_token(params: Mapping[str, Any], action_id: str) -> tuple[str, ...]:
    return (
        "Under Product Instance Registration Tokens choose New Token…",
        f'Description: "xlicense {action_id}"',
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


def _revoke(params: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f'Find the token whose Description begins with "xlicense" and which was made for {params["token"]}.',
        "In its row choose Actions > Revoke… and confirm.",
    )
