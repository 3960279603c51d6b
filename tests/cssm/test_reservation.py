"""Reservations over real TLS: what is looked at first, what is sent, and what a refusal says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from providers.cssm import CssmProvider
from reconciler.errors import OutcomeUnknown, Rejected, Unreachable, Unreadable, Untrusted
from reconciler.model import UNKNOWN, CodeKind, Kind, Reservable, ReservedLine

from .conftest import (
    ADDRESS,
    CODES,
    DESKTOP,
    DESKTOP_TAG,
    LEGACY,
    PRODUCT_TAG,
    QUICK,
    RMS,
    RMS_TAG,
    SERIAL,
    UDI,
    VA,
    Hasty,
    Server,
    Taped,
    holding,
    line,
    reservation,
)

Opener = Callable[..., CssmProvider]
IN_VA = f"{LEGACY}/v2/accounts/example.com/virtual-accounts/Expressway%20EMEA"
OLD_VA = f"{LEGACY}/v1/accounts/example.com/virtual-accounts/Expressway%20EMEA"
DEVICES = f"{LEGACY}/v1/accounts/example.com/devices"
RESERVE, REMOVE = f"{IN_VA}/reserve-licenses", f"{IN_VA}/devices/remove"
UPDATE, CONFIRM = f"{OLD_VA}/update-licenses", f"{OLD_VA}/confirm-licenses"
AUTHORIZATION = '<specificPLR><udi>P:EXPY,S:0E4D1FA5</udi><note a="b">ü</note></specificPLR>'
UUID = "6FE83ADDC80240BC92DC071A0E4D1FA5"
SUDI = {"udiPid": "EXPY", "udiSerialNumber": SERIAL, "uuid": "6fe83add-c80240bc92dc071a0e4d1fa5"}
DEVICE = {
    "displayName": "UDI_PID:EXPY; UDI_SN:0E4D1FA5; ",
    "sudi": SUDI,
    "productTagName": PRODUCT_TAG,
    "productType": "EXPY",
    "virtualAccount": VA,
}
ISSUED = {
    "status": "SUCCESS",
    "authorizationCodes": [
        {
            "authorizationCode": AUTHORIZATION,
            "reservationCode": CODES[f"request/{SERIAL}"],
            "status": "SUCCESS",
        }
    ],
}
REMOVED = {"status": "SUCCESS", "removeProductInstancesStatus": [{"status": "SUCCESS", "device": SERIAL}]}
ALL = [
    (Kind.RESERVE, RESERVE),
    (Kind.UPDATE_RESERVATION, UPDATE),
    (Kind.CONFIRM_RESERVATION, CONFIRM),
    (Kind.REMOVE_INSTANCE, REMOVE),
    (Kind.REMOVE_GHOST, REMOVE),
]


def shows(server: Server, *devices: Any) -> None:
    answer = {"totalRecords": len(devices), "devices": list(devices), "status": "SUCCESS"}
    server.world.say("POST", DEVICES, answer)


def ready(server: Server, kind: Kind) -> None:
    """The instance list as each effect wants to find it."""
    shows(server, *([] if kind is Kind.RESERVE else [DEVICE]))


async def test_licences_are_reserved_by_tag_and_the_code_comes_back(server: Server, opened: Opener) -> None:
    shows(server)
    server.world.say("POST", RESERVE, ISSUED)
    tap = Taped()
    action = reservation(Kind.RESERVE, lines=[line(10), line(0, tag=DESKTOP_TAG, name=DESKTOP)])
    reply = await opened(server.account()).execute(action, holding(tap))
    assert [(code.kind, code.value) for code in reply.codes] == [(CodeKind.AUTHORIZATION, AUTHORIZATION)]
    assert AUTHORIZATION not in repr(reply)
    assert server.world.bodies[-1] == {
        "reservationRequests": [
            {
                "reservationCode": "P:EXPY,S:0E4D1FA5",
                "reservationType": "SPECIFIC",
                "licenses": [{"entitlementTag": RMS_TAG, "quantity": 10, "precedence": "LONGEST_TERM_FIRST"}],
            }
        ]
    }
    assert tap.events[0] == "sending"
    raw = b"".join(event for event in tap.events if isinstance(event, bytes))
    assert opened(server.account()).read_code(CodeKind.AUTHORIZATION, raw) == AUTHORIZATION


@pytest.mark.parametrize(
    "device",
    [
        DEVICE,
        DEVICE | {"sudi": {"uuid": UUID}, "displayName": "x"},
        DEVICE | {"sudi": {"udiSerialNumber": SERIAL.lower(), "udiPid": "OTHER"}},
    ],
)
async def test_a_device_that_is_there_already_is_never_reserved_again(
    server: Server, opened: Opener, device: Any
) -> None:
    shows(server, device)
    tap = Taped()
    clock = Hasty()
    with pytest.raises(Rejected, match="shows this device already") as caught:
        await opened(server.account(), clock=clock).execute(reservation(Kind.RESERVE), holding(tap))
    assert clock.passed == 60.0
    assert "never completed in CSSM" in caught.value.message
    assert "Cisco licensing" in str(caught.value.remedy)
    assert (server.world.count("reserve-licenses"), tap.events) == (0, [])


async def test_a_reservation_that_is_there_is_not_waited_for(server: Server, opened: Opener) -> None:
    shows(server, DEVICE | {"reservedLicenses": [{"license": RMS, "quantity": 3}]})
    with pytest.raises(Rejected, match="shows this device already"):
        await opened(server.account()).execute(reservation(Kind.RESERVE), holding(Taped()))


async def test_a_registration_that_just_ended_may_still_be_shown(server: Server, opened: Opener) -> None:
    looks = 0

    async def devices(_request: web.Request) -> web.StreamResponse:
        nonlocal looks
        looks += 1
        rows = [DEVICE] if looks < 3 else []
        return web.json_response({"totalRecords": len(rows), "devices": rows, "status": "SUCCESS"})

    server.world.on("POST", DEVICES, devices)
    server.world.say("POST", RESERVE, ISSUED)
    reply = await opened(server.account(), clock=Hasty()).execute(reservation(Kind.RESERVE), holding(Taped()))
    assert reply.codes[0].value == AUTHORIZATION


async def test_an_update_names_totals_of_every_line(server: Server, opened: Opener) -> None:
    shows(server, DEVICE)
    server.world.say("POST", UPDATE, ISSUED)
    action = reservation(
        Kind.UPDATE_RESERVATION, lines=[line(12, 10), line(0, 3, tag=DESKTOP_TAG, name=DESKTOP)]
    )
    reply = await opened(server.account()).execute(action, holding(Taped()))
    assert reply.codes[0].value == AUTHORIZATION
    assert "in transit" in reply.text
    request = server.world.bodies[-1]["reservationUpdateRequests"][0]
    assert (request["sudi"], request["productTagName"]) == (SUDI, PRODUCT_TAG)
    assert [(one["entitlementTag"], one["quantity"]) for one in request["licenses"]] == [
        (RMS_TAG, 12),
        (DESKTOP_TAG, 0),
    ]


async def test_a_confirmation_code_is_entered_for_the_device_as_cssm_shows_it(
    server: Server, opened: Opener
) -> None:
    shows(server, DEVICE)
    server.world.say("POST", CONFIRM, {"status": "SUCCESS"})
    reply = await opened(server.account()).execute(reservation(Kind.CONFIRM_RESERVATION), holding(Taped()))
    assert "accepted" in reply.text
    assert server.world.bodies[-1] == {
        "reservationConfirmationRequests": [
            {"sudi": SUDI, "productTagName": PRODUCT_TAG, "confirmationCode": "3311aaea"}
        ]
    }


async def test_a_removal_is_looked_for_until_the_instance_is_gone(server: Server, opened: Opener) -> None:
    looks = 0

    async def devices(_request: web.Request) -> web.StreamResponse:
        nonlocal looks
        looks += 1
        rows = [DEVICE] if looks < 4 else []
        return web.json_response({"totalRecords": len(rows), "devices": rows, "status": "SUCCESS"})

    server.world.on("POST", DEVICES, devices)
    server.world.say("POST", REMOVE, REMOVED)
    clock = Hasty()
    provider = opened(server.account(), clock=clock)
    reply = await provider.execute(reservation(Kind.REMOVE_INSTANCE), holding(Taped()))
    assert "gone" in reply.text
    assert clock.passed == 3.0
    assert server.world.count("devices/remove") == 1
    request = {"sudi": SUDI, "productTagName": PRODUCT_TAG, "returnCode": "CMcmMV-TriR2T-M2u"}
    sent = next(body for body in server.world.bodies if body and "productInstacesRemoveRequests" in body)
    assert sent == {
        "productInstacesRemoveRequests": [request],
        "productInstancesRemoveRequests": [request],
    }


async def test_a_removal_that_is_not_seen_in_time_is_still_done(server: Server, opened: Opener) -> None:
    shows(server, DEVICE)
    server.world.say("POST", REMOVE, REMOVED)
    clock = Hasty()
    provider = opened(server.account(), clock=clock)
    reply = await provider.execute(reservation(Kind.REMOVE_INSTANCE), holding(Taped()))
    assert "still shows the product instance after 60 s" in reply.text
    assert clock.passed == 60.0
    assert server.world.count("devices") == 12


async def test_a_list_that_breaks_after_a_removal_does_not_undo_it(server: Server, opened: Opener) -> None:
    looks = 0

    async def devices(_request: web.Request) -> web.StreamResponse:
        nonlocal looks
        looks += 1
        if looks > 1:
            return web.Response(status=400, text="{}")
        return web.json_response({"totalRecords": 1, "devices": [DEVICE]})

    server.world.on("POST", DEVICES, devices)
    server.world.say("POST", REMOVE, REMOVED)
    reply = await opened(server.account()).execute(reservation(Kind.REMOVE_INSTANCE), holding(Taped()))
    assert "could not be read" in reply.text


@pytest.mark.parametrize("kind", [Kind.REMOVE_INSTANCE, Kind.REMOVE_GHOST])
async def test_an_instance_that_is_gone_already_is_removed(
    server: Server, opened: Opener, kind: Kind
) -> None:
    shows(server)
    tap = Taped()
    reply = await opened(server.account()).execute(reservation(kind), holding(tap))
    assert "not there any more" in reply.text
    assert tap.events == []


async def test_a_ghost_is_removed_without_a_code(server: Server, opened: Opener) -> None:
    shows(server, DEVICE)
    server.world.say("POST", REMOVE, REMOVED)
    provider = opened(server.account(), clock=Hasty())
    await provider.execute(reservation(Kind.REMOVE_GHOST, udi=None), holding(Taped()))
    sent = next(body for body in server.world.bodies if body and "productInstacesRemoveRequests" in body)
    assert sent["productInstancesRemoveRequests"] == [{"sudi": SUDI, "productTagName": PRODUCT_TAG}]


async def test_a_ghost_that_holds_a_reservation_is_left_alone(server: Server, opened: Opener) -> None:
    held = DEVICE | {"reservedLicenses": [{"license": RMS, "quantity": 3}]}
    shows(server, held)
    with pytest.raises(Rejected, match=f"holds a reservation \\(3 {RMS}\\)"):
        await opened(server.account()).execute(reservation(Kind.REMOVE_GHOST), holding(Taped()))
    assert server.world.count("remove") == 0


# Both layers of an answer


@pytest.mark.parametrize(("kind", "path"), ALL)
@pytest.mark.parametrize("status", [200, 400])
async def test_an_error_is_an_error_whatever_the_http_code(
    server: Server, opened: Opener, kind: Kind, path: str, status: int
) -> None:
    ready(server, kind)
    server.world.say("POST", path, {"status": "ERROR", "statusMessage": "no thanks"}, status=status)
    with pytest.raises(Rejected) as caught:
        await opened(server.account()).execute(reservation(kind), holding(Taped()))
    assert "no thanks" in caught.value.said
    assert server.world.count(path) == 1


@pytest.mark.parametrize(
    ("said", "meaning", "remedy"),
    [
        (
            "Smart Account is not enabled for Specific License Reservation",
            "may not reserve",
            "enable Specific",
        ),
        ("SLR is not enabled", "may not reserve", "Specific PLR flag"),
        ("Insufficient licenses available", "too few free licences", "available can be reserved"),
        ("Product instance already exists", "exists already", "Never reserve a second time"),
        ("License update is in transit", "in transit", "Enter Confirmation Code"),
        ("An update is waiting for its confirmation code", "in transit", "Enter Confirmation Code"),
        ("A Return Code is required", "holds a reservation", "Cisco licensing"),
        ("The product instance is being removed", "under way already", "Wait a minute"),
        ("The entitlement tag x is not available", "no licence with this entitlement tag", "entitlements:"),
        ("Invalid reservation request code", "request code is not accepted", "what the node printed"),
        ("Previous Product Return Pending: The licenses", "failed products", "Cisco licensing"),
        ("Return code validation failed", "does not belong", "Compare the serial"),
    ],
)
async def test_an_inner_no_is_worded_for_a_person(
    server: Server, opened: Opener, said: str, meaning: str, remedy: str
) -> None:
    shows(server)
    code = CODES[f"request/{SERIAL}"]
    inner = {"status": "ERROR", "statusMessage": f"{said} {code}", "authorizationCode": None}
    server.world.say("POST", RESERVE, {"status": "SUCCESS", "authorizationCodes": [inner]})
    with pytest.raises(Rejected) as caught:
        await opened(server.account()).execute(reservation(Kind.RESERVE), holding(Taped()))
    assert meaning in caught.value.message
    assert said in caught.value.message
    assert remedy in str(caught.value.remedy)
    assert code not in caught.value.message + caught.value.said


async def test_an_inner_no_of_a_removal_counts(server: Server, opened: Opener) -> None:
    shows(server, DEVICE)
    inner = [{"status": "FAILED", "statusMessage": "Invalid return code CMcmMV-TriR2T-M2u"}]
    server.world.say("POST", REMOVE, {"status": "SUCCESS", "removeProductInstancesStatus": inner})
    with pytest.raises(Rejected, match="does not belong to this product instance") as caught:
        await opened(server.account()).execute(reservation(Kind.REMOVE_INSTANCE), holding(Taped()))
    assert "CMcmMV" not in caught.value.message + caught.value.said


async def test_a_yes_without_a_code_says_that_the_licences_are_reserved(
    server: Server, opened: Opener
) -> None:
    shows(server)
    server.world.say("POST", RESERVE, {"status": "SUCCESS", "authorizationCodes": []})
    with pytest.raises(Unreadable, match="holds no authorization code") as caught:
        await opened(server.account()).execute(reservation(Kind.RESERVE), holding(Taped()))
    assert "Never reserve a second time" in str(caught.value.remedy)


async def test_a_no_that_brings_a_code_is_not_believed(server: Server, opened: Opener) -> None:
    shows(server)
    answer = ISSUED | {"status": "ERROR", "statusMessage": f"odd {AUTHORIZATION}"}
    server.world.say("POST", RESERVE, answer)
    with pytest.raises(OutcomeUnknown) as caught:
        await opened(server.account()).execute(reservation(Kind.RESERVE), holding(Taped()))
    assert AUTHORIZATION not in caught.value.message + caught.value.said


# Never twice


@pytest.mark.parametrize(("kind", "path"), ALL)
@pytest.mark.parametrize("how", ["silence", "500", "503"])
async def test_a_lost_answer_is_unknown_and_nothing_is_sent_again(
    server: Server, opened: Opener, kind: Kind, path: str, how: str
) -> None:
    ready(server, kind)

    async def lost(_request: web.Request) -> web.StreamResponse:
        if how == "silence":
            await asyncio.sleep(30)
        return web.json_response({"message": "sorry"}, status=500 if how == "500" else 503)

    server.world.on("POST", path, lost)
    tap = Taped()
    provider = opened(server.account(), patience=replace(QUICK, read=0.2))
    with pytest.raises(OutcomeUnknown):
        await provider.execute(reservation(kind), holding(tap))
    assert server.world.count(path) == 1
    assert tap.events[0] == "sending"


async def test_a_refused_bearer_is_replaced_once_for_it_says_that_nothing_was_done(
    server: Server, opened: Opener
) -> None:
    shows(server)
    server.world.say("POST", RESERVE, ISSUED)

    async def devices(_request: web.Request) -> web.StreamResponse:
        server.world.valid.clear()
        return web.json_response({"totalRecords": 0, "devices": []})

    server.world.on("POST", DEVICES, devices)
    tap = Taped()
    reply = await opened(server.account()).execute(reservation(Kind.RESERVE), holding(tap))
    assert reply.codes[0].value == AUTHORIZATION
    assert server.world.count("reserve-licenses") == 2
    assert tap.events.count("sending") == 1


# What is refused before anything leaves


@pytest.mark.parametrize("kind", [kind for kind, _ in ALL])
async def test_a_look_that_fails_means_that_nothing_was_sent(
    server: Server, opened: Opener, kind: Kind
) -> None:
    server.world.say("POST", DEVICES, {"status": "ERROR", "statusMessage": "later"})
    tap = Taped()
    with pytest.raises(Unreachable, match="nothing was sent"):
        await opened(server.account()).execute(reservation(kind), holding(tap))
    server.world.say("POST", DEVICES, {"message": "no role"}, status=403)
    with pytest.raises(Untrusted):
        await opened(server.account()).execute(reservation(kind), holding(tap))
    assert tap.events == []


@pytest.mark.parametrize("kind", [Kind.UPDATE_RESERVATION, Kind.CONFIRM_RESERVATION])
async def test_an_instance_of_another_product_or_uuid_is_not_this_device(
    server: Server, opened: Opener, kind: Kind
) -> None:
    shows(
        server,
        DEVICE | {"sudi": SUDI | {"udiPid": "CTSPMP"}},
        DEVICE | {"sudi": SUDI | {"uuid": "0" * 32}},
    )
    with pytest.raises(Rejected, match="no product instance P:EXPY"):
        await opened(server.account()).execute(reservation(kind), holding(Taped()))


@pytest.mark.parametrize("kind", [Kind.CONFIRM_RESERVATION, Kind.REMOVE_INSTANCE])
async def test_a_list_that_shows_only_uuids_does_not_prove_that_a_device_is_gone(
    server: Server, opened: Opener, kind: Kind
) -> None:
    shows(server, DEVICE | {"sudi": {"udiPid": "EXPY", "uuid": "0" * 32}, "displayName": "by-uuid"})
    action = reservation(kind, udi=f"P:EXPY,S:{SERIAL}")
    with pytest.raises(Rejected, match="shows by-uuid by uuid only"):
        await opened(server.account()).execute(action, holding(Taped()))


async def test_a_device_is_also_known_by_the_identity_inside_its_request_code(
    server: Server, opened: Opener
) -> None:
    shows(server, DEVICE | {"sudi": {"uuid": UUID}, "displayName": "by-uuid"})
    told = replace(holding(Taped()), codes={f"request/{SERIAL}": UDI})
    with pytest.raises(Rejected, match="shows this device already: by-uuid"):
        await opened(server.account(), clock=Hasty()).execute(reservation(Kind.RESERVE, udi=None), told)


async def test_two_instances_of_one_device_are_for_a_person(server: Server, opened: Opener) -> None:
    other = DEVICE | {"productTagName": "regid.other", "displayName": "second"}
    shows(server, DEVICE, other)
    action = reservation(Kind.CONFIRM_RESERVATION)
    with pytest.raises(Rejected, match="second"):
        await opened(server.account()).execute(action, holding(Taped()))
    server.world.say("POST", CONFIRM, {"status": "SUCCESS"})
    tagged = reservation(Kind.CONFIRM_RESERVATION, product_tag="regid.other")
    await opened(server.account()).execute(tagged, holding(Taped()))
    assert server.world.bodies[-1]["reservationConfirmationRequests"][0]["productTagName"] == "regid.other"


async def test_blanks_of_the_list_are_filled_from_the_node(server: Server, opened: Opener) -> None:
    bare = {"displayName": "UDI_SN:0E4D1FA5; ", "sudi": {}, "productTagName": ""}
    shows(server, bare)
    server.world.say("POST", CONFIRM, {"status": "SUCCESS"})
    action = reservation(Kind.CONFIRM_RESERVATION, product_tag=PRODUCT_TAG)
    await opened(server.account()).execute(action, holding(Taped()))
    request = server.world.bodies[-1]["reservationConfirmationRequests"][0]
    assert (request["sudi"], request["productTagName"]) == ({"udiSerialNumber": SERIAL}, PRODUCT_TAG)
    await opened(server.account()).execute(reservation(Kind.CONFIRM_RESERVATION), holding(Taped()))
    assert server.world.bodies[-1]["reservationConfirmationRequests"][0]["productTagName"] == ""


async def test_where_no_call_lists_instances_the_node_and_the_plan_say_which_device(
    server: Server, opened: Opener
) -> None:
    server.world.say("POST", UPDATE, ISSUED)
    server.world.say("POST", REMOVE, REMOVED)
    provider = opened(server.account(capabilities=(("instances", False),)))
    with pytest.raises(Rejected, match="no call of this profile shows the product tag"):
        await provider.execute(reservation(Kind.UPDATE_RESERVATION), holding(Taped()))
    tagged = reservation(Kind.UPDATE_RESERVATION, product_tag=PRODUCT_TAG)
    await provider.execute(tagged, holding(Taped()))
    assert server.world.bodies[-1]["reservationUpdateRequests"][0]["sudi"] == {
        "udiPid": "EXPY",
        "udiSerialNumber": SERIAL.lower(),
        "uuid": "6fe83addc80240bc92dc071a0e4d1fa5",
    }
    for kind in (Kind.REMOVE_INSTANCE, Kind.REMOVE_GHOST):
        removal = reservation(kind, product_tag=PRODUCT_TAG)
        assert "could not be read" in (await provider.execute(removal, holding(Taped()))).text


async def test_an_update_in_transit_is_not_followed_by_another(server: Server, opened: Opener) -> None:
    held = [{"license": RMS, "entitlementTag": RMS_TAG, "quantity": 10, "pendingQuantity": 12}]
    shows(server, DEVICE | {"reservedLicenses": held})
    with pytest.raises(Rejected, match="is in transit") as caught:
        await opened(server.account()).execute(reservation(Kind.UPDATE_RESERVATION), holding(Taped()))
    assert "Enter Confirmation Code" in str(caught.value.remedy)


async def test_an_update_that_would_drop_a_line_is_not_sent(server: Server, opened: Opener) -> None:
    held = [{"license": RMS, "quantity": 10}, {"license": "Advanced Account Security", "quantity": 1}]
    shows(server, DEVICE | {"reservedLicenses": held})
    with pytest.raises(Rejected, match="leaves out 1 Advanced Account Security"):
        await opened(server.account()).execute(reservation(Kind.UPDATE_RESERVATION), holding(Taped()))
    assert server.world.count("update-licenses") == 0


@pytest.mark.parametrize("kind", [Kind.RESERVE, Kind.CONFIRM_RESERVATION, Kind.REMOVE_INSTANCE])
async def test_a_code_that_is_not_readable_here_is_not_sent(
    server: Server, opened: Opener, kind: Kind
) -> None:
    ready(server, kind)
    nothing = replace(holding(Taped()), codes={})
    with pytest.raises(Rejected, match="not readable here"):
        await opened(server.account()).execute(reservation(kind), nothing)
    assert server.world.asked == []


async def test_a_plan_of_another_virtual_account_is_not_carried_out_here(
    server: Server, opened: Opener
) -> None:
    with pytest.raises(Rejected, match='the plan says virtual account "Old"'):
        await opened(server.account()).execute(
            reservation(Kind.RESERVE, virtual_account="Old"), holding(Taped())
        )


async def test_nothing_is_not_reserved(server: Server, opened: Opener) -> None:
    shows(server)
    with pytest.raises(Rejected, match="no licence"):
        await opened(server.account()).execute(reservation(Kind.RESERVE, lines=[line(0)]), holding(Taped()))


async def test_a_profile_that_shows_no_instances_cannot_reserve_blindly(
    server: Server, opened: Opener
) -> None:
    account = server.account(capabilities=(("instances", False),))
    with pytest.raises(Rejected, match="no call of this profile shows"):
        await opened(account).execute(reservation(Kind.RESERVE), holding(Taped()))


# The newer surface

NEW = "/v1/software/apis"
SEARCH = f"{NEW}/licensing/v2/device/search"
NEW_DEVICES = f"{NEW}/licensing/v2/accounts/example.com/devices"
NEW_REMOVE = f"{NEW}/licensing/v3/accounts/example.com/devices/remove"
NEW_RESERVE = f"{NEW}/licensing/v2/account/example.com/virtual-account/Expressway%20EMEA/licenses/reserve"


def newer(server: Server, *devices: Any, search: Any = None) -> None:
    say = server.world.say
    say("GET", NEW_DEVICES, {"status": "SUCCESS", "totalRecords": len(devices), "devices": list(devices)})
    say("GET", SEARCH, search or {"status": "COMPLETE", "message_code": "NO DATA FOUND"})
    say("POST", NEW_RESERVE, ISSUED)
    say("POST", NEW_REMOVE, REMOVED)


async def test_the_newer_surface_reserves_below_singular_nouns(server: Server, opened: Opener) -> None:
    newer(server)
    provider = opened(server.account(profile="software-apis"))
    reply = await provider.execute(reservation(Kind.RESERVE), holding(Taped()))
    assert reply.codes[0].value == AUTHORIZATION
    assert f"{SEARCH}?udi_serial_number={SERIAL}" in [path for _, path in server.world.asked]


async def test_a_device_in_another_account_is_found_by_the_search(server: Server, opened: Opener) -> None:
    hit = {
        "sudi": {"udiPid": "EXPY", "udiSerialNumber": SERIAL},
        "software_tag": PRODUCT_TAG,
        "account": {"domain": "other.example", "virtual_account_name": "Lab"},
    }
    newer(server, search={"status": "OK", "data": hit})
    provider = opened(server.account(profile="software-apis"), clock=Hasty())
    with pytest.raises(Rejected, match=r'virtual account "Lab" of other\.example shows this device already'):
        await provider.execute(reservation(Kind.RESERVE), holding(Taped()))
    newer(server, search={"status": "COMPLETE", "data": [hit | {"sudi": {"udiSerialNumber": "OTHER"}}]})
    await provider.execute(reservation(Kind.RESERVE), holding(Taped()))


async def test_the_search_alone_proves_that_a_device_is_nowhere(server: Server, opened: Opener) -> None:
    newer(server, search={"status": "OK", "data": {}})
    account = server.account(profile="software-apis", capabilities=(("instances", False),))
    reply = await opened(account).execute(reservation(Kind.RESERVE), holding(Taped()))
    assert reply.codes[0].value == AUTHORIZATION


async def test_a_search_that_finds_nothing_may_say_so_with_404(server: Server, opened: Opener) -> None:
    newer(server)
    server.world.say("GET", SEARCH, {"status": "FAILED", "message": "No matching record"}, status=404)
    await opened(server.account(profile="software-apis")).execute(reservation(Kind.RESERVE), holding(Taped()))


async def test_a_search_without_an_answer_is_no_proof_of_absence(server: Server, opened: Opener) -> None:
    newer(server, search={"status": "SUCCESS"})
    with pytest.raises(Unreachable, match="nothing was sent"):
        await opened(server.account(profile="software-apis")).execute(
            reservation(Kind.RESERVE), holding(Taped())
        )


async def test_the_newer_surface_removes_with_the_right_spelling(server: Server, opened: Opener) -> None:
    newer(server, DEVICE)
    provider = opened(server.account(profile="software-apis"), clock=Hasty())
    await provider.execute(reservation(Kind.REMOVE_INSTANCE), holding(Taped()))
    assert ("POST", f"{NEW_REMOVE}?virtualAccountName=Expressway%20EMEA") in server.world.asked
    sent = next(body for body in server.world.bodies if body)
    assert list(sent) == ["productInstancesRemoveRequests"]


def test_what_no_source_proves_is_done_by_a_person(server: Server, opened: Opener) -> None:
    able = opened(server.account(profile="software-apis")).capabilities()[ADDRESS]
    assert able == {"account.reserve", "account.remove_instance", "account.remove_ghost"}
    stated = server.account(profile="software-apis", paths=(("update_reservation", "u/{va}"),))
    assert "account.update_reservation" in opened(stated).capabilities()[ADDRESS]
    off = server.account(capabilities=(("account.reserve", False), ("remove_ghost", False)))
    assert not {"account.reserve", "account.remove_ghost"} & opened(off).capabilities()[ADDRESS]
    full = opened(server.account()).capabilities()[ADDRESS]
    assert {kind.value for kind, _ in ALL} <= full


async def test_what_may_be_reserved_is_asked_for_the_products_that_are_there(
    server: Server, opened: Opener
) -> None:
    router = {"displayName": "r1", "productTagName": "regid.router", "productType": "ISR", "sudi": {}}
    newer(server, DEVICE, DEVICE | router)
    found = {
        "softwareTag": PRODUCT_TAG,
        "entitlements": [
            {"type": "SPECIFIC", "entitlementTag": RMS_TAG},
            {"type": "UNIVERSAL", "entitlementTag": "regid.all"},
        ],
    }
    server.world.say("POST", f"{NEW}/licensing/v1/search-slr-details", {"status": "SUCCESS", "data": [found]})
    off = (("virtual_accounts", False), ("licence_summary", False))
    seen = await opened(server.account(profile="software-apis", capabilities=off)).observe(ADDRESS)
    assert server.world.bodies[-1] == {"softwareTags": [PRODUCT_TAG]}
    assert (seen.reservable, seen.problems) == ((Reservable(RMS_TAG),), ())


@pytest.mark.parametrize(
    ("said", "allowed"), [("SLR is not enabled for this account", False), ("try later", UNKNOWN)]
)
async def test_an_account_that_may_not_reserve_says_so_early(
    server: Server, opened: Opener, said: str, allowed: Any
) -> None:
    newer(server, DEVICE)
    server.world.say(
        "POST", f"{NEW}/licensing/v1/search-slr-details", {"status": "ERROR", "statusMessage": said}
    )
    off = (("virtual_accounts", False), ("licence_summary", False))
    seen = await opened(server.account(profile="software-apis", capabilities=off)).observe(ADDRESS)
    assert (seen.reservable, seen.reservation_allowed, seen.problems) == (UNKNOWN, allowed, ())


async def test_reserved_lines_are_observed_where_the_answer_marks_them(
    server: Server, opened: Opener
) -> None:
    shows(server, DEVICE | {"reservedLicenses": [{"license": RMS, "quantity": "10", "pendingQuantity": 0}]})
    off = (("virtual_accounts", False), ("licences", False), ("licence_summary", False))
    seen = await opened(server.account(capabilities=off)).observe(ADDRESS)
    assert seen.instances is not UNKNOWN
    assert seen.instances[0].reserved == (ReservedLine(RMS, 10, None, None),)


# Saying


def test_what_would_be_sent_shows_no_code(server: Server, opened: Opener) -> None:
    provider = opened(server.account())
    shown = [provider.commands(reservation(kind))[0] for kind, _ in ALL]
    assert shown[0].startswith(f"POST {server.url}{RESERVE} ")
    assert '"reservationCode": "<request code>"' in shown[0]
    assert '"productTagName": "<product tag>"' in shown[1]
    assert f'"sudi": {{"udiPid": "EXPY", "udiSerialNumber": "{SERIAL.lower()}"' in shown[1]
    assert '"confirmationCode": "<confirmation code>"' in shown[2]
    assert '"returnCode": "<return code>"' in shown[3]
    assert "returnCode" not in shown[4]
    missing = provider.commands(reservation(Kind.RESERVE, lines=[line(1, tag=None)]))[0]
    assert f"<entitlement tag of {RMS}>" in missing
    assert provider.commands(reservation(Kind.REHOST, replaces="OLD")) == ()
