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
    PRODUCT_TAG,
    RMS,
    RMS_TAG,
    SERIAL,
    Server,
    Taped,
    holding,
    line,
    reservation,
)
from .test_reservation import DEVICE, ISSUED, UPDATE, shows

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
