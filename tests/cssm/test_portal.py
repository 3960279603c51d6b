"""What a person is told to do at the portal, click by click."""

from __future__ import annotations

import pytest

from providers.cssm import portal
from providers.cssm.profiles import surface_of
from providers.cssm.words import Where
from reconciler.model import AccountDesired, Address, Kind, Manager, ManagerKind

from .conftest import DESKTOP, RMS, RMS_TAG, SERIAL, UDI, VA, line, reservation

ACCOUNT = AccountDesired(
    Address("account/a"), "a", VA, Manager(ManagerKind.HAND_OFF, "hand-off"), "example.com"
)
WHERE = Where("x", "account/a", "Smart Account example.com", VA, "software.cisco.com")


def told(kind: Kind, **params: object) -> str:
    return "\n".join(portal.instructions(reservation(kind, **params), surface_of(ACCOUNT), WHERE))


def in_order(text: str, *words: str) -> bool:
    places = [text.find(word) for word in words]
    return -1 not in places and places == sorted(places)


def test_a_reservation_is_made_on_the_page_of_licences() -> None:
    text = told(
        Kind.RESERVE, lines=[line(10), {"entitlement": "room", "name": "", "tag": None, "quantity": 2}]
    )
    assert in_order(
        text,
        "software.cisco.com",
        "Smart Software Licensing > Inventory",
        f'virtual account "{VA}" and its tab Licenses',
        "License Reservation…",
        "ask Cisco licensing to enable",
        f"Reservation Request Code: <request/{SERIAL}>",
        UDI,
        "Reserve a specific license",
        f'"{RMS}": 10, entitlement tag {RMS_TAG}',
        '"room": 2',
        "a blank means 0",
        "Generate Authorization Code",
        "Copy to Clipboard or Download as File",
        "No confirmation code",
    )


def test_an_update_shows_old_and_new_and_warns_of_a_return() -> None:
    text = told(Kind.UPDATE_RESERVATION, lines=[line(12, 10), line(0, 3, name=DESKTOP, tag=None)])
    assert in_order(
        text,
        "tab Product Instances",
        f"serial {SERIAL}",
        "Actions > Update Reserved Licenses…",
        "never returned only to change",
        "totals, not differences",
        f'"{RMS}": 12 (was 10)',
        f'"{DESKTOP}": 0 (was 3)',
        "Leave every other line as it is",
        "Generate Authorization Code",
        "Enter Confirmation Code…",
    )


def test_a_confirmation_names_where_the_code_goes() -> None:
    text = told(Kind.CONFIRM_RESERVATION, lines=[line(12, 10)])
    assert in_order(
        text,
        "Product Instances",
        "Actions > Enter Confirmation Code…",
        f"Reservation Confirmation Code: <confirmation/{SERIAL}>",
        "not complete",
        f'"{RMS}": 12',
        "Answer that it is done",
    )
    printed = told(Kind.CONFIRM_RESERVATION, lines=[], confirmation=None)
    assert f"<the confirmation code that node {SERIAL} printed>" in printed


def test_a_removal_takes_the_return_code() -> None:
    text = told(Kind.REMOVE_INSTANCE)
    assert in_order(text, "Actions > Remove…", f"Reservation Return Code: <return/{SERIAL}>", "is done")


def test_a_ghost_is_left_where_it_turns_out_to_hold_a_reservation() -> None:
    text = told(Kind.REMOVE_GHOST, reason="scrapped", udi=None)
    assert in_order(text, f"serial {SERIAL} ", "because: scrapped", "Actions > Remove…", "choose Cancel")
    assert "because" not in told(Kind.REMOVE_GHOST)


def test_a_rehost_starts_at_the_failed_product() -> None:
    text = told(Kind.REHOST, replaces="0DEAD000")
    assert in_order(
        text,
        "failed product: serial 0DEAD000",
        "Rehost Licenses from a Failed Product…",
        f"<request/{SERIAL}>",
        f'"{RMS}": 10',
        "Generate Authorization Code",
        "Previous Product Return Pending",
    )


def test_a_lost_code_is_fetched_and_never_reserved_again() -> None:
    text = told(Kind.FETCH_AUTHORIZATION)
    assert in_order(text, "Do NOT choose License Reservation…", "Download", f'"{RMS}": 10', "Cisco licensing")
    assert "Generate Authorization Code" not in text


@pytest.mark.parametrize("kind", list(portal.PAGES))
def test_every_sheet_names_account_and_virtual_account(kind: Kind) -> None:
    tokens = {"export_controlled": True, "expires_after_days": 1, "max_uses": 1, "token": "t"}
    text = told(kind, replaces="x", lines=[line(1)], **tokens)
    assert "Smart Account example.com" in text
    assert f'"{VA}"' in text
