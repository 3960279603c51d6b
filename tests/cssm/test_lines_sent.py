"""Which lines of a reservation are sent: their tags, their totals, and what a look says against them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from providers.cssm import CssmProvider
from providers.cssm.reservation import body_shown
from reconciler.errors import Rejected
from reconciler.model import Kind

from .conftest import (
    DESKTOP,
    DESKTOP_TAG,
    LEGACY,
    PRODUCT_TAG,
    RMS,
    RMS_TAG,
    SERIAL,
    VA,
    Server,
    Taped,
    holding,
    line,
    reservation,
)
from .test_reservation import DEVICE, ISSUED, RESERVE, UPDATE, shows

Opener = Callable[..., CssmProvider]
HELD = {"license": RMS, "entitlementTag": RMS_TAG, "quantity": 10}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"reservationStatus": "CONFIRMED"}, None),
        ({"reservationStatus": "IN TRANSIT"}, None),
        ({"reservedLicenses": [HELD | {"pendingQuantity": 12}]}, "is in transit"),
        ({"reservedLicenses": [HELD, HELD | {"entitlementTag": DESKTOP_TAG}]}, "leaves out 10"),
        ({"reservedLicenses": [HELD, HELD | {"entitlementTag": DESKTOP_TAG, "quantity": 0}]}, None),
    ],
)
async def test_an_update_is_sent_unless_one_is_in_transit_or_a_line_would_be_lost(
    server: Server, opened: Opener, more: dict[str, Any], why: str | None
) -> None:
    shows(server, DEVICE | {"reservedLicenses": [HELD]} | more)
    server.world.say("POST", UPDATE, ISSUED)
    update = reservation(Kind.UPDATE_RESERVATION, lines=[line(12, 10)])
    if why is None:
        assert (await opened(server.account()).execute(update, holding(Taped()))).codes
        return
    with pytest.raises(Rejected, match=why):
        await opened(server.account()).execute(update, holding(Taped()))
    assert server.world.count("update-licenses") == 0


SUDI = {"udiPid": "EXPY", "udiSerialNumber": "0e4d1fa5", "uuid": "6fe83addc80240bc92dc071a0e4d1fa5"}
LICENCES = [
    {"entitlementTag": RMS_TAG, "quantity": 10, "precedence": "LONGEST_TERM_FIRST"},
    {"entitlementTag": f"<entitlement tag of {DESKTOP}>", "quantity": 5, "precedence": "LONGEST_TERM_FIRST"},
    {"entitlementTag": "<entitlement tag of rms>", "quantity": 2, "precedence": "LONGEST_TERM_FIRST"},
]
LINES = [line(10), line(5, name=DESKTOP, tag=None), line(2, name="", tag=None)]


@pytest.mark.parametrize(
    ("kind", "keys", "body"),
    [
        (
            Kind.RESERVE,
            (),
            {
                "reservationRequests": [
                    {
                        "reservationCode": "<request code>",
                        "reservationType": "SPECIFIC",
                        "licenses": LICENCES,
                    }
                ]
            },
        ),
        (
            Kind.CONFIRM_RESERVATION,
            (),
            {
                "reservationConfirmationRequests": [
                    {
                        "sudi": SUDI,
                        "productTagName": "<product tag>",
                        "confirmationCode": "<confirmation code>",
                    }
                ]
            },
        ),
        (
            Kind.REMOVE_INSTANCE,
            ("remove",),
            {"remove": [{"sudi": SUDI, "productTagName": "<product tag>", "returnCode": "<return code>"}]},
        ),
        (Kind.REMOVE_GHOST, ("remove",), {"remove": [{"sudi": SUDI, "productTagName": "<product tag>"}]}),
    ],
)
def test_a_body_that_is_shown_holds_words_for_its_codes(
    kind: Kind, keys: tuple[str, ...], body: dict[str, Any]
) -> None:
    params = {"lines": LINES} if kind is Kind.RESERVE else {}
    assert body_shown(reservation(kind, **params), keys) == body


def test_an_update_that_is_shown_names_its_device_and_all_totals() -> None:
    update = reservation(Kind.UPDATE_RESERVATION, lines=LINES, product_tag=PRODUCT_TAG)
    (request,) = body_shown(update, ())["reservationUpdateRequests"]
    assert (request["sudi"], request["productTagName"], request["licenses"]) == (SUDI, PRODUCT_TAG, LICENCES)
    bare = reservation(Kind.REMOVE_GHOST, udi=None)
    assert body_shown(bare, ("remove",))["remove"][0]["sudi"] == {"udiSerialNumber": SERIAL}


# Entitlement tags


def names(server: Server, *lines: tuple[str, str]) -> None:
    accounts = [
        {
            "account_id": "12",
            "domain": "example.com",
            "virtual_accounts": [{"name": VA, "virtual_account_id": "34"}],
        }
    ]
    say = server.world.say
    say(
        "GET",
        f"{LEGACY}/v1/accounts/example.com/customer/virtual-accounts",
        {"virtualAccounts": [{"name": VA}]},
    )
    say("GET", f"{LEGACY}/v2/accounts/search", {"status": "COMPLETE", "accounts": accounts})
    summary = [{"display_name": name, "tag": tag} for name, tag in lines]
    say("POST", f"{LEGACY}/v3/licenses/summary", {"status": "SUCCESS", "summary": summary})


async def test_a_missing_tag_is_looked_up_by_display_name(server: Server, opened: Opener) -> None:
    shows(server)
    names(server, (RMS.upper(), RMS_TAG))
    server.world.say("POST", RESERVE, ISSUED)
    action = reservation(Kind.RESERVE, lines=[line(2, tag=DESKTOP_TAG, name=DESKTOP), line(4, tag=None)])
    await opened(server.account()).execute(action, holding(Taped()))
    sent = server.world.bodies[-1]["reservationRequests"][0]["licenses"]
    assert [one["entitlementTag"] for one in sent] == [DESKTOP_TAG, RMS_TAG]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "has no known entitlement tag"),
        ([(RMS, "tag-12"), (RMS, "tag-14")], "has the entitlement tags tag-12, tag-14"),
    ],
)
async def test_a_name_without_one_tag_is_refused_before_anything_is_sent(
    server: Server, opened: Opener, lines: list[tuple[str, str]], said: str
) -> None:
    shows(server)
    names(server, *lines)
    tap = Taped()
    with pytest.raises(Rejected, match=said) as caught:
        await opened(server.account()).execute(
            reservation(Kind.RESERVE, lines=[line(4, tag=None)]), holding(tap)
        )
    assert "entitlements:" in str(caught.value.remedy)
    assert tap.events == []


async def test_without_a_summary_a_line_needs_its_tag(server: Server, opened: Opener) -> None:
    account = server.account(capabilities=(("licence_summary", False),))
    for name, called in ((RMS, RMS), ("", "rms")):
        action = reservation(Kind.RESERVE, lines=[line(4, tag=None, name=name)])
        with pytest.raises(Rejected, match=f'"{called}" has no known entitlement tag'):
            await opened(account).execute(action, holding(Taped()))
