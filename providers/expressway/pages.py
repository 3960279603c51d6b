"""What a person does on the Expressway's web page instead, one step a line. Pure texts.

Page, field and button names: admin guide X15.3 (*Smart Licensing*), TAC doc 215633, and *Configure and
troubleshoot Expressway Smart Licensing*. Does not belong here: anything that is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.model import Action, Kind

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


def instructions(action: Action, host: str | None) -> tuple[str, ...]:
    """The steps of this action on the page of ``host``; empty for a kind that has no page."""
    steps = _STEPS.get(action.kind)
    if steps is None:
        return ()
    where = f"Open https://{host}/ as an administrator, {PAGE}." if host else f"Open {PAGE} on the node."
    return (where, *steps(action.params))
