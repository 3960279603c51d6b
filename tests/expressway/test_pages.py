"""What a person is told to do at a node instead: each step names what it needs and says where it is done."""

from __future__ import annotations

from typing import Any

import pytest

from providers.expressway import pages
from reconciler.model import Action, Address, Carrier, EffectClass, Kind


def action(kind: Kind, **params: Any) -> Action:
    where = Address("cluster/c/node/n")
    return Action("id", where, kind, "s", params, Carrier.PERSON, EffectClass.SET, "why")


def told(kind: Kind, at: str | None = "e1.example.com", **params: Any) -> tuple[str, ...]:
    return pages.instructions(action(kind, **params), at)


TAKE = "Take a registration token of the virtual account 'EMEA'"
PAGE = "Open https://e1.example.com/ as an administrator, Maintenance > Smart licensing."


@pytest.mark.parametrize(
    ("kind", "params", "second"),
    [
        (Kind.SET_URL, {"url": "https://ssm/"}, "*URL* of the On-Prem manager: https://ssm/"),
        (Kind.SET_TRANSPORT, {"transport": "direct"}, "*Transport*: Direct"),
        (
            Kind.SET_TRANSPORT,
            {"transport": "satellite"},
            "*Transport*: On-Prem (Smart Software Manager satellite)",
        ),
        (Kind.SET_TRANSPORT, {"transport": "other"}, "*Transport*: other"),
        (
            Kind.SET_PRIVACY,
            {"privacy": "none"},
            "*Data privacy*: clear both boxes: host name and version are shared.",
        ),
        (
            Kind.SET_PRIVACY,
            {"privacy": "hostname"},
            "*Data privacy*: tick *Do not share my hostname or IP address with Cisco*.",
        ),
        (
            Kind.SET_PRIVACY,
            {"privacy": "version"},
            "*Data privacy*: tick the box that keeps the version private; clear the one for the host name.",
        ),
        (
            Kind.SET_PRIVACY,
            {"privacy": "all"},
            "*Data privacy*: tick the boxes for host name and for version.",
        ),
        (Kind.SET_PRIVACY, {"privacy": "other"}, "*Data privacy*: other."),
        (Kind.DEREGISTER, {}, "Click *Deregister* and confirm."),
        (Kind.RENEW_REGISTRATION, {}, "Click *Renew Registration Now*."),
        (Kind.RENEW_AUTHORIZATION, {}, "Click *Renew Authorization Now*."),
        (Kind.ENABLE_SMART, {}, "Take a backup first (Maintenance > Backup and restore)."),
        (
            Kind.REGISTER,
            {"virtual_account": "EMEA", "export_controlled": True},
            f"{TAKE}, made with export-controlled functionality.",
        ),
        (
            Kind.REREGISTER,
            {"virtual_account": "EMEA", "export_controlled": False},
            f"{TAKE}, made without export-controlled functionality.",
        ),
        (
            Kind.REGISTER,
            {"virtual_account": "EMEA", "export_controlled": None},
            f"{TAKE}.",
        ),
    ],
)
def test_what_has_a_page_is_done_there(kind: Kind, params: dict[str, Any], second: str) -> None:
    assert told(kind, **params)[:2] == (PAGE, second)
    assert told(kind, None, **params)[:2] == ("Open Maintenance > Smart licensing on the node.", second)


@pytest.mark.parametrize(
    ("username", "credentials"),
    [
        (
            "u",
            ("*Username*: u", "*Password*: the one that the workspace keeps under transport.password"),
        ),
        (None, ("Leave *Username* and *Password* empty.",)),
    ],
)
def test_a_proxy_has_its_address_its_port_and_perhaps_a_user(
    username: str | None, credentials: tuple[str, ...]
) -> None:
    assert told(Kind.SET_PROXY, host="p.example.com", port=8080, username=username) == (
        PAGE,
        "Choose the transport that goes through a proxy.",
        "*Proxy address*: p.example.com",
        "*Port*: 8080",
        *credentials,
        "Click *Save*.",
    )


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        (Kind.ENABLE_RESERVATION, "xConfiguration License Smart ReservationEnable: On"),
        (Kind.DISABLE_RESERVATION, "xConfiguration License Smart ReservationEnable: Off"),
        (Kind.REQUEST_RESERVATION, "xCommand License Smart Reservation Request"),
        (
            Kind.INSTALL_AUTHORIZATION,
            'xCommand License Smart Reservation Install "<authorization code>"',
        ),
        (Kind.RETURN_RESERVATION, "xCommand License Smart Reservation Return"),
        (
            Kind.RETURN_AUTHORIZATION,
            'xCommand License Smart Reservation ReturnAuthorization "<authorization code>"',
        ),
        (Kind.CANCEL_RESERVATION, "xCommand License Smart Reservation Cancel"),
    ],
)
def test_a_reservation_has_no_page_and_is_typed(kind: Kind, typed: str) -> None:
    signed_in = "Sign in to the node's command line as admin (ssh admin@e1.example.com)."
    assert told(kind)[:2] == (signed_in, f"Type: {typed}")
    assert told(kind, None)[0] == "Sign in to the node's command line as admin (SSH)."
    assert "" not in told(kind)


@pytest.mark.parametrize(
    ("params", "whole"),
    [
        (
            {"udi": "PID:EXPY,SN:1", "serial": "1", "lines": [{"quantity": 5, "name": "RMS", "tag": "t"}]},
            "The code must be the one for PID:EXPY,SN:1: 5 of RMS.",
        ),
        (
            {"serial": "1", "lines": [{"quantity": 5, "tag": "t"}, {"quantity": 2, "entitlement": "room"}]},
            "The code must be the one for serial number 1: 5 of t, 2 of room.",
        ),
        ({"serial": "1"}, None),
    ],
)
def test_a_code_to_be_installed_is_said_by_its_device_and_its_totals(
    params: dict[str, Any], whole: str | None
) -> None:
    told_of = [
        step for step in told(Kind.INSTALL_AUTHORIZATION, **params) if step.startswith("The code must")
    ]
    assert told_of == ([whole] if whole else [])


def test_a_confirmation_code_is_asked_for_after_an_update() -> None:
    asked = "Copy the confirmation code that it prints, whole, and bring it back here."
    assert asked in told(Kind.INSTALL_AUTHORIZATION, confirms=True)
    assert asked not in told(Kind.INSTALL_AUTHORIZATION, confirms=False)


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        (Kind.REGISTER, "<token>"),
        (Kind.REREGISTER, "<token>"),
        (Kind.INSTALL_AUTHORIZATION, "<authorization code>"),
        (Kind.RETURN_AUTHORIZATION, "<authorization code>"),
        (Kind.DEREGISTER, ""),
    ],
)
def test_a_command_that_is_shown_holds_a_word_for_its_code(kind: Kind, shown: str) -> None:
    assert pages.placeholder(kind) == shown


def test_what_a_node_does_not_do_has_no_steps() -> None:
    assert told(Kind.RESERVE) == ()


def test_a_release_without_the_command_is_told_the_other_way() -> None:
    known = "reservations are known from X14.2 on: upgrade the node, or register it by token"
    assert pages.instead(action(Kind.REQUEST_RESERVATION), "e1.example.com") == known
    assert pages.instead(action(Kind.RENEW_AUTHORIZATION), "e1.example.com") == (
        f"do it on the web page: {PAGE} Click *Renew Authorization Now*."
    )
