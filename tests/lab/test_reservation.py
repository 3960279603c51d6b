"""A reservation over SSH and HTTPS: reserve, update, confirm, return, cancel, and what is refused."""

import asyncio
import re
from typing import Any

import asyncssh
import pytest

from providers.lab.by_hand import set_by_hand
from providers.lab.nouns import DESKTOP, EXPRESSWAY_TAG, RMS, TAGS
from tests.lab.lab_clients import Site, node, one_node, site, world

EMEA = "/v1/accounts/example.com/virtual-accounts/EMEA"
REMOVE = "/v2/accounts/example.com/virtual-accounts/EMEA/devices/remove"
COMMAND = "xCommand License Smart Reservation"
ENABLE = "xConfiguration License Smart ReservationEnable: "
SUDI = {"udiPid": "EXPY", "udiSerialNumber": "0E4D1FA5"}
CONFIRMATION = re.compile(r"CSSM account: ([0-9a-f]{8})\r\n")
RETURN = re.compile(r"into the CSSM:\r\n((?:[A-Za-z0-9]{6}-){8}[A-Za-z0-9]{3})\r\n")


async def _requested(lab: Site, name: str = "a/n1") -> str:
    assert (await lab.say(f"{ENABLE}On", name)).endswith("\r\n\r\nOK\r\n")
    return (await lab.say(f"{COMMAND} Request", name)).splitlines()[-3]


def _lines(quantities: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"entitlementTag": TAGS[name], "quantity": quantity} for name, quantity in quantities.items()]


async def _reserve(lab: Site, request: str, **quantities: Any) -> Any:
    wanted = {"rms": RMS, "desktop": DESKTOP}
    licences = _lines({wanted[name]: quantity for name, quantity in quantities.items()})
    body = {"reservationCode": request, "reservationType": "SPECIFIC", "licenses": licences}
    _, answer = await lab.api("POST", f"{EMEA}/reserve-licenses", {"reservationRequests": [body]})
    return answer["authorizationCodes"][0]


async def _update(lab: Site, quantities: dict[str, Any]) -> Any:
    body = {"sudi": SUDI, "productTagName": EXPRESSWAY_TAG, "licenses": _lines(quantities)}
    _, answer = await lab.api("POST", f"{EMEA}/update-licenses", {"reservationUpdateRequests": [body]})
    return answer["authorizationCodes"][0]


async def _confirm(lab: Site, code: str) -> Any:
    body = {"sudi": SUDI, "productTagName": EXPRESSWAY_TAG, "confirmationCode": code}
    path = f"{EMEA}/confirm-licenses"
    return (await lab.api("POST", path, {"reservationConfirmationRequests": [body]}))[1]


async def _remove(lab: Site, code: str | None) -> Any:
    body = {"sudi": SUDI, "productTagName": EXPRESSWAY_TAG, "returnCode": code}
    return (await lab.api("POST", REMOVE, {"productInstacesRemoveRequests": [body]}))[1]


async def _pool(lab: Site, licence: str = RMS) -> tuple[int, int, int]:
    """(available, reserved, pending) of the pool."""
    _, answer = await lab.api("POST", "/v1/accounts/example.com/licenses", {"virtualAccounts": ["EMEA"]})
    row = next(one for one in answer["licenses"] if one["license"] == licence)
    return row["available"], row["reserved"], row["pendingQuantity"]


async def _install(lab: Site, code: str, name: str = "a/n1") -> str:
    return await lab.say(f'{COMMAND} Install "{code}"', name)


async def _reserved(lab: Site, **quantities: Any) -> str:
    """A node that is reserved; its authorization code."""
    code = str((await _reserve(lab, await _requested(lab), **quantities))["authorizationCode"])
    assert "Authorization code installed." in await _install(lab, code)
    return code


async def test_the_whole_life_of_a_reservation() -> None:
    async with site(one_node("usage: {rms: 3}")) as lab:
        request = await _requested(lab)
        uuid = lab.lab.world.node("a/n1").uuid
        assert request == f"P:EXPY,S:0E4D1FA5,U:{uuid}"
        block = await lab.licence()
        assert "Status: Reservation In Progress\r\n" in block
        assert "License reservation: ENABLED\r\n" in block
        assert f"UDI: PID:EXPY,SN:0E4D1FA5,UUID:{uuid}\r\n" in block
        code = (await _reserve(lab, request, rms=4, desktop="5"))["authorizationCode"]
        assert code.startswith("<specificPLR><authorizationCode><flag>A</flag>")
        assert f"<tag>{TAGS[RMS]}</tag><count>4</count>" in code
        assert f"<udi>{request}</udi></specificPLR>" in code
        assert await _pool(lab) == (6, 4, 0)
        said = await _install(lab, code)
        assert CONFIRMATION.search(said)
        block = await lab.licence()
        assert "Status: REGISTERED - SPECIFIC LICENSE RESERVATION\r\n" in block
        assert "Status: Authorized - Reserved\r\n" in block
        said = await lab.say(f"{COMMAND} Return")
        returned = RETURN.search(said)
        assert returned
        assert "Status: EVAL MODE" in await lab.licence()
        assert await _pool(lab) == (6, 4, 0)
        assert (await _remove(lab, returned[1]))["status"] == "SUCCESS"
        assert await _pool(lab) == (10, 0, 0)
        assert (await lab.say(f"{ENABLE}Off")).endswith("OK\r\n")
        assert "License reservation: DISABLED" in await lab.licence()


async def test_evaluation_stands_still_while_reserved_and_runs_on_after_the_return() -> None:
    async with site(one_node("evaluation_days: 10")) as lab:
        await _reserved(lab, rms=1)
        lab.lab.advance(20 * 86_400)
        await lab.say(f"{COMMAND} Return")
        lab.lab.advance(86_400)
        assert "Evaluation Period Remaining: 9 days, 0 hours" in await lab.licence()


async def test_an_update_is_in_transit_until_its_confirmation_code_is_entered() -> None:
    async with site(one_node()) as lab:
        await _reserved(lab, rms=4, desktop=1)
        code = (await _update(lab, {RMS: 2, DESKTOP: 4}))["authorizationCode"]
        assert await _pool(lab) == (6, 4, 0)
        assert await _pool(lab, DESKTOP) == (1, 4, 3)
        assert (await _update(lab, {RMS: 1}))["status"] == "ERROR"
        found = CONFIRMATION.search(await _install(lab, code))
        assert found
        assert (await _confirm(lab, "00000000"))["status"] == "ERROR"
        assert (await _confirm(lab, found[1]))["status"] == "SUCCESS"
        assert await _pool(lab) == (8, 2, 0)
        assert (await _confirm(lab, found[1]))["status"] == "ERROR"


async def test_a_line_that_an_update_leaves_out_becomes_nothing() -> None:
    async with site(one_node()) as lab:
        await _reserved(lab, rms=4, desktop=1)
        code = (await _update(lab, {RMS: 4}))["authorizationCode"]
        assert TAGS[DESKTOP] not in code
        found = CONFIRMATION.search(await _install(lab, code))
        assert found
        await _confirm(lab, found[1])
        assert await _pool(lab, DESKTOP) == (5, 0, 0)


async def test_a_code_that_was_never_installed_is_cancelled_returned_and_removed() -> None:
    async with site(one_node()) as lab:
        code = (await _reserve(lab, await _requested(lab), rms=4))["authorizationCode"]
        give_back = f'{COMMAND} ReturnAuthorization "{code}"'
        assert "ERROR" in await lab.say(give_back)
        assert (await lab.say(f"{COMMAND} Cancel")).endswith("\r\n\r\nOK\r\n")
        found = re.search(r"\n(\S{59}) is generated\.\r\n", await lab.say(give_back))
        assert found
        await _requested(lab)
        assert "was returned" in await _install(lab, code)
        assert (await _remove(lab, found[1]))["status"] == "SUCCESS"
        assert await _pool(lab) == (10, 0, 0)


async def test_a_device_that_returned_and_was_not_removed_cannot_reserve_again() -> None:
    async with site(one_node()) as lab:
        await _reserved(lab, rms=1)
        await lab.say(f"{COMMAND} Return")
        again = await _reserve(lab, await _requested(lab), rms=1)
        assert again["statusMessage"] == "A product instance with the same UDI already exists"
        assert await _pool(lab) == (9, 1, 0)


@pytest.mark.parametrize(
    ("request_code", "licences", "said"),
    [
        ("P:EXPY,S:0E4D1FA5,U:00", {RMS: 1}, "Request Code is not valid"),
        ("CE-ZEXPY:0E4D1FA5-abc", {RMS: 1}, "Request Code is not valid"),
        ("P:EXPY,S:0E4D1FA5", {RMS: 11}, "Insufficient licenses available"),
        ("P:EXPY,S:0E4D1FA5", {RMS: 0}, "Select at least one license"),
        ("P:EXPY,S:0E4D1FA5", {}, "Select at least one license"),
        ("P:EXPY,S:0E4D1FA5", {RMS: "x"}, "no quantity"),
    ],
)
async def test_what_cssm_does_not_reserve(request_code: str, licences: dict[str, Any], said: str) -> None:
    async with site(one_node()) as lab:
        body = {
            "reservationCode": request_code,
            "reservationType": "SPECIFIC",
            "licenses": _lines(licences),
        }
        _, answer = await lab.api("POST", f"{EMEA}/reserve-licenses", {"reservationRequests": [body]})
        assert answer["status"] == "SUCCESS"
        assert said in answer["authorizationCodes"][0]["statusMessage"]
        assert await _pool(lab) == (10, 0, 0)


async def test_a_node_that_is_registered_reserves_nothing() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: EMEA}")) as lab:
        assert "deregister it first" in await lab.say(f"{ENABLE}On")
        assert "not enabled" in await lab.say(f"{COMMAND} Request")


async def test_a_reserved_node_takes_no_token_and_does_not_deregister() -> None:
    async with site(one_node()) as lab:
        await _reserved(lab, rms=1)
        assert "ERROR" in await lab.register(await lab.token())
        assert "ERROR" in await lab.say("xCommand License Smart Deregister")
        assert "ERROR" in await lab.say(f"{ENABLE}Off")
        assert "ERROR" in await lab.say(f"{COMMAND} Request")
        assert "ERROR" in await lab.say(f"{COMMAND} Cancel")


async def test_releases_before_x14_2_know_no_reservations() -> None:
    async with site(one_node("smart: true", version="X14.0.11")) as lab:
        assert "not recognized" in await lab.say(f"{ENABLE}On")
        assert "not recognized" in await lab.say(f"{COMMAND} Request")


async def test_the_code_of_another_node_or_one_that_was_changed_is_not_installed() -> None:
    nodes = f"      n1: {{{node('0E4D1FA5')}}}\n      n2: {{{node('0E4D1FA6')}}}\n"
    async with site(world(f"  a:\n    nodes:\n{nodes}")) as lab:
        code = (await _reserve(lab, await _requested(lab), rms=1))["authorizationCode"]
        await _requested(lab, "a/n2")
        assert "for another device" in await _install(lab, code, "a/n2")
        assert "not valid" in await _install(lab, code.replace("<count>1<", "<count>9<"))
        assert "not valid" in await _install(lab, code[:-20])
        assert "double quotes" in await lab.say(f"{COMMAND} Install {code}")
        assert "Reservation In Progress" in await lab.licence()
        assert "installed." in await _install(lab, code)


async def test_the_other_surface_reserves_and_removes_with_its_own_paths() -> None:
    async with site(one_node()) as lab:
        headers = {"Authorization": f"Bearer {await lab.bearer()}"}
        base = f"{lab.lab.software_apis_url}/licensing"
        reserve = f"{base}/v2/account/example.com/virtual-account/EMEA/licenses/reserve"
        request = {"reservationCode": await _requested(lab), "reservationType": "SPECIFIC"}
        body = {"reservationRequests": [{**request, "licenses": _lines({RMS: 1})}]}
        _, answer = await lab.send("POST", reserve, json=body, headers=headers)
        await _install(lab, answer["authorizationCodes"][0]["authorizationCode"])
        found = RETURN.search(await lab.say(f"{COMMAND} Return"))
        assert found
        remove = f"{base}/v3/accounts/example.com/devices/remove?virtualAccountName=EMEA"
        gone = {"sudi": SUDI, "productTagName": EXPRESSWAY_TAG, "returnCode": found[1]}
        asked = {"productInstancesRemoveRequests": [gone]}
        _, answer = await lab.send("POST", remove, json=asked, headers=headers)
        assert answer["removeProductInstancesStatus"][0]["status"] == "SUCCESS"
        for call in ("update-licenses", "confirm-licenses"):
            url = f"{base}/v2/account/example.com/virtual-account/EMEA/{call}"
            assert (await lab.send("POST", url, json={}, headers=headers))[0] == 404


async def test_the_tags_of_a_product_are_searched_and_an_unknown_product_has_none() -> None:
    async with site(one_node()) as lab:
        headers = {"Authorization": f"Bearer {await lab.bearer()}"}
        url = f"{lab.lab.software_apis_url}/licensing/v1/search-slr-details"
        asked = {"softwareTags": [EXPRESSWAY_TAG, "regid.other"]}
        _, answer = await lab.send("POST", url, json=asked, headers=headers)
        known, other = answer["data"]
        assert {one["entitlementTag"] for one in known["entitlements"]} >= {TAGS[RMS], TAGS[DESKTOP]}
        assert other["entitlements"] == []


async def test_an_on_prem_has_no_reservations() -> None:
    async with site(one_node()) as lab:
        plant = lab.lab.onprem_url("plant") + "/backend"
        body = {"client_id": "plant", "client_secret": "plant-secret", "grant_type": "client_credentials"}
        _, answer = await lab.send("POST", f"{plant}/oauth/token", json=body)
        headers = {"Authorization": f"Bearer {answer['access_token']}"}
        path = "/api/v1/accounts/World%20Wide%20Plant/virtual-accounts/Default/reserve-licenses"
        assert (await lab.send("POST", plant + path, json={}, headers=headers))[0] == 404


async def test_a_node_that_is_powered_off_answers_nothing() -> None:
    async with site(one_node()) as lab:
        await lab.licence()
        set_by_hand(lab.lab.world, "a/n1", "power", "off")
        with pytest.raises(asyncio.IncompleteReadError):
            await lab.licence()
        with pytest.raises((OSError, asyncssh.Error)):
            await lab.connect("a/n1")
        set_by_hand(lab.lab.world, "a/n1", "power", "on")
        (await lab.connect("a/n1")).close()


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (f"{EMEA}/reserve-licenses", {}, "reservationRequests must hold one request"),
        (f"{EMEA}/update-licenses", {"reservationUpdateRequests": [{}, {}]}, "must hold one request"),
        (REMOVE, {"productInstancesRemoveRequests": [{"sudi": SUDI}]}, "productInstacesRemoveRequests must"),
        (REMOVE, {"productInstacesRemoveRequests": [{"sudi": SUDI}]}, "was not found"),
        (REMOVE, {"productInstacesRemoveRequests": [{"sudi": {"udiPid": "EXPY"}}]}, "was not found"),
    ],
)
async def test_a_body_of_another_form_is_refused(path: str, body: dict[str, Any], said: str) -> None:
    async with site(one_node()) as lab:
        _, answer = await lab.api("POST", path, body)
        assert (answer["status"], said in answer["statusMessage"]) == ("ERROR", True)


async def test_a_universal_reservation_and_a_reading_client_are_refused() -> None:
    async with site(one_node()) as lab:
        body = {"reservationRequests": [{"reservationCode": "x", "reservationType": "UNIVERSAL"}]}
        _, answer = await lab.api("POST", f"{EMEA}/reserve-licenses", body)
        assert "reservationType is not allowed" in answer["authorizationCodes"][0]["statusMessage"]
        assert (await lab.api("POST", f"{EMEA}/reserve-licenses", body, client="read"))[0] == 403
        remove = f"{lab.lab.software_apis_url}/licensing/v3/accounts/example.com/devices/remove"
        headers = {"Authorization": f"Bearer {await lab.bearer()}"}
        _, answer = await lab.send("POST", f"{remove}?virtualAccountName=X", json={}, headers=headers)
        assert "Virtual Account X was not found" in answer["statusMessage"]


async def test_smart_licensing_that_is_off_and_a_reservation_that_is_installed_forbid_the_next_step() -> None:
    async with site(one_node("reservation: {virtual_account: EMEA, lines: {rms: 1}}")) as lab:
        code = lab.lab.world.node("a/n1").holding.installed
        assert code is not None
        said = await lab.say(f'{COMMAND} ReturnAuthorization "{code.text}"')
        assert "a reservation is installed: return it instead" in said
        lab.lab.world.node("a/n1").smart = False
        assert "smart licensing is disabled" in await lab.say(f"{ENABLE}On")
