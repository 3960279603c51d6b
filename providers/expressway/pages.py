"""What a person does at the Expressway instead, one step a line: on its web page, and for reservations, which
have no page, on its command line. Pure texts.

Page, field and button names: admin guide X15.3 (*Smart Licensing*), TAC doc 215633, and *Configure and
troubleshoot Expressway Smart Licensing*. Does not belong here: anything that is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.model import Action, Kind

from . import wire

PAGE = "Maintenance > Smart licensing"

_MODES = {"direct": "Direct", "satellite": "On-Prem (Smart Software Manager satellite)"}
_SHARED = {
    "none": "clear both boxes: host name and version are shared",
    "hostname": "tick *Do not share my hostname or IP address with Cisco*",
    "version": "tick the box that keeps the version private; clear the one for the host name",
    "all": "tick the boxes for host name and for version",
}

Params = Mapping[str, Any]


def _proxy(params: Params) -> tuple[str, ...]:
    user = params.get("username")
    credentials = (
        (f"*Username*: {user}", "*Password*: the one that the workspace keeps under transport.password")
        if user
        else ("Leave *Username* and *Password* empty.",)
    )
    return (
        "Choose the transport that goes through a proxy.",
        f"*Proxy address*: {params.get('host')}",
        f"*Port*: {params.get('port')}",
        *credentials,
        "Click *Save*.",
    )


def _enable(params: Params) -> tuple[str, ...]:
    del params
    return (
        "Take a backup first (Maintenance > Backup and restore).",
        "Turn *Smart Licensing* to On and click *Save*.",
        "The page asks for confirmation: this CANNOT BE UNDONE. Option keys stop counting from then on.",
        "Going back to traditional licensing needs a factory reset: confirm only if that is meant.",
        "Do this on every peer of the cluster.",
    )


def _token(params: Params) -> tuple[str, ...]:
    account = params.get("virtual_account")
    wish = params.get("export_controlled")
    export = "" if wish is None else f", made {'with' if wish else 'without'} export-controlled functionality"
    return (f"Take a registration token of the virtual account {account!r}{export}.",)


def _register(params: Params) -> tuple[str, ...]:
    return (
        *_token(params),
        "Paste it into the *Registration* field and click *Register*.",
        "Wait until the status says Registered; a node that cannot connect tries again every 15 minutes.",
    )


def _reregister(params: Params) -> tuple[str, ...]:
    return (
        *_token(params),
        "Choose *Reregister*, paste the token and confirm.",
        "Wait until the status says Registered.",
    )


_STEPS: dict[str, Callable[[Params], tuple[str, ...]]] = {
    Kind.ENABLE_SMART: _enable,
    Kind.SET_PROXY: _proxy,
    Kind.SET_URL: lambda params: (f"*URL* of the On-Prem manager: {params.get('url')}", "Click *Save*."),
    Kind.SET_TRANSPORT: lambda params: (
        f"*Transport*: {_MODES.get(str(params.get('transport')), params.get('transport'))}",
        "Click *Save*, wait a minute, and look at this page on every peer of the cluster.",
        "Set it by hand on the peers where it has not arrived.",
    ),
    Kind.SET_PRIVACY: lambda params: (
        f"*Data privacy*: {_SHARED.get(str(params.get('privacy')), params.get('privacy'))}.",
        "Click *Save*.",
    ),
    Kind.REGISTER: _register,
    Kind.REREGISTER: _reregister,
    Kind.DEREGISTER: lambda _: (
        "Click *Deregister* and confirm.",
        "If the page warns that the manager could not be reached, remove the product instance there by hand.",
    ),
    Kind.RENEW_REGISTRATION: lambda _: ("Click *Renew Registration Now*.",),
    Kind.RENEW_AUTHORIZATION: lambda _: ("Click *Renew Authorization Now*.",),
}


# --- the command line ----------------------------------------------------------------------------------

_PLACEHOLDERS = {"token": "<token>", "authorization": "<authorization code>"}
_LATER = "Nobody can print it again: keep it until both sides show the end state."


def placeholder(kind: str) -> str:
    """What stands for the code in a command of this kind that is shown."""
    return _PLACEHOLDERS.get(wire.TAKES.get(kind, ""), "")


def _printed(name: str) -> tuple[str, ...]:
    return (f"Copy the {name} that it prints, whole, and bring it back here.", _LATER)


def _device(params: Params) -> str:
    return str(params.get("udi") or f"serial number {params.get('serial')}")


def _install(params: Params) -> tuple[str, ...]:
    totals = ", ".join(
        f"{line['quantity']} of {line.get('name') or line.get('tag') or line['entitlement']}"
        for line in params.get("lines", ())
    )
    come = (
        (
            "It answers *Authorization code installed* and prints a confirmation code.",
            *_printed("confirmation code"),
        )
        if params.get("confirms")
        else (
            "It may print a confirmation code; after a first install nobody asks for it. Bring it back too.",
        )
    )
    return (
        f"The code must be the one for {_device(params)}: {totals}." if totals else "",
        "The quotes stand before and after the whole code; the code is one line, without quotes inside.",
        "A terminal may cut a line at 4,095 characters.",
        "For a longer code sign in as root, put the command in a file, and run: tsh < FILE",
        *come,
    )


_CLI: dict[str, Callable[[Params], tuple[str, ...]]] = {
    Kind.ENABLE_RESERVATION: lambda _: (
        "It answers OK. The node must be unregistered (deregister it first).",
        "Do this on every peer of the cluster that reserves.",
    ),
    Kind.DISABLE_RESERVATION: lambda _: ("It answers OK.",),
    Kind.REQUEST_RESERVATION: lambda _: (
        *_printed("reservation request code"),
        "Do not repeat the command: whether the first code stays good then is not known.",
    ),
    Kind.INSTALL_AUTHORIZATION: _install,
    Kind.RETURN_RESERVATION: lambda params: (
        f"Make sure that this is the node with the serial number {params.get('serial')}.",
        "The node is UNLICENSED from here on.",
        *_printed("return code"),
        "If it is lost, only Cisco licensing can remove the product instance.",
    ),
    Kind.CANCEL_RESERVATION: lambda _: (
        "It answers OK. Do this only where no authorization code was made from the request.",
    ),
    Kind.RETURN_AUTHORIZATION: lambda _: (
        "The quotes stand before and after the whole code.",
        *_printed("return code"),
    ),
}


def _typed(action: Action, host: str | None) -> tuple[str, ...]:
    command = wire.spellings(action, placeholder(action.kind))[0]
    where = f"ssh admin@{host}" if host else "SSH"
    return (f"Sign in to the node's command line as admin ({where}).", f"Type: {command}")


def instead(action: Action, host: str) -> str:
    """What to do on a release that does not know the command."""
    if action.kind in _CLI:
        return "reservations are known from X14.2 on: upgrade the node, or register it by token"
    return "do it on the web page: " + " ".join(instructions(action, host))


def instructions(action: Action, host: str | None) -> tuple[str, ...]:
    """The steps of this action at ``host``; empty for a kind that no node has."""
    if action.kind in _CLI:
        return tuple(filter(None, (*_typed(action, host), *_CLI[action.kind](action.params))))
    steps = _STEPS.get(action.kind)
    if steps is None:
        return ()
    where = f"Open https://{host}/ as an administrator, {PAGE}." if host else f"Open {PAGE} on the node."
    return (where, *steps(action.params))
