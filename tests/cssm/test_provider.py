"""The provider over real TLS: what it reads, what it does, what it says when something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from providers.cssm import CssmProvider
from reconciler.model import UNKNOWN, CodeKind, Kind

from .conftest import ADDRESS, LEGACY, NOW, SECRET, VA, Server, Taped, create, inputs, revoke

Opener = Callable[..., CssmProvider]
TOKEN = "MDE5ZmE1YzQtZGRlNC00OTZm%0AcSs9=="
VAS = f"{LEGACY}/v1/accounts/example.com/customer/virtual-accounts"
TOKENS = f"{LEGACY}/v1/accounts/example.com/virtual-accounts/Expressway%20EMEA/tokens"
LICENCES = f"{LEGACY}/v1/accounts/example.com/licenses"
DEVICES = f"{LEGACY}/v1/accounts/example.com/devices"

LICENCE = {
    "license": "Cisco Expressway Rich Media Session License",
    "virtualAccount": VA,
    "quantity": 10,
    "inUse": "4",
    "available": 6,
    "reserved": 0,
    "status": "In Compliance",
    "licenseDetails": [{"licenseType": "TERM", "quantity": 10, "endDate": "2027-01-18T01:07:36Z"}],
}
DEVICE = {
    "hostName": "",
    "sudi": {"udiSerialNumber": "0E4D1FA5", "udiPid": "EXPY", "uuid": None},
    "displayName": "UDI_PID:EXPY; UDI_SN:0E4D1FA5; ",
    "productTagName": "",
    "virtualAccount": VA,
    "productType": "EXPY",
    "status": "In Compliance",
    "lastContactDate": "2022-07-11T14:33:41Z",
}


def furnish(server: Server) -> None:
    say = server.world.say
    say("GET", VAS, {"virtualAccounts": [{"name": VA, "isDefault": "yes"}], "status": "SUCCESS"})
    say("POST", LICENCES, {"totalRecords": 1, "licenses": [LICENCE], "status": "SUCCESS"})
    say("POST", DEVICES, {"totalRecords": "1", "devices": [DEVICE], "status": "SUCCESS"})
    say("POST", TOKENS, {"status": "SUCCESS", "tokenInfo": {"token": TOKEN}})
    say("POST", f"{TOKENS}/revoke", {"status": "SUCCESS", "tokens": [TOKEN]})


async def test_an_account_is_read_with_its_pool_and_its_instances(server: Server, opened: Opener) -> None:
    furnish(server)
    seen = await opened(server.account()).observe(ADDRESS)
    assert (seen.exists, seen.problems, seen.at) == (True, (), NOW)
    assert seen.pool is not UNKNOWN
    assert seen.instances is not UNKNOWN
    assert (seen.pool[0].available, seen.pool[0].in_use, seen.pool[0].ends) == (6, 4, "2027-01-18")
    assert (seen.instances[0].serial, seen.instances[0].host_name) == ("0E4D1FA5", None)


async def test_a_token_is_created_and_kept_before_it_is_looked_at(server: Server, opened: Opener) -> None:
    furnish(server)
    tap = Taped()
    reply = await opened(server.account()).execute(create(), inputs(tap))
    assert [(code.kind, code.value) for code in reply.codes] == [(CodeKind.TOKEN, TOKEN)]
    assert tap.events[0] == "sending"
    assert TOKEN.encode() in b"".join(event for event in tap.events if isinstance(event, bytes))
    assert server.world.bodies[-1] == {
        "description": "xlicense 01JOPID7",
        "expiresAfterDays": 1,
        "exportControlled": "Allowed",
    }


async def test_a_token_is_revoked_by_its_value(server: Server, opened: Opener) -> None:
    furnish(server)
    await opened(server.account()).execute(revoke(), inputs(Taped(), token=TOKEN))
    assert server.world.bodies[-1] == {"tokens": [TOKEN]}


async def test_no_secret_is_ever_part_of_an_address(server: Server, opened: Opener) -> None:
    furnish(server)
    await opened(server.account()).observe(ADDRESS)
    assert SECRET not in repr(server.world.asked)


def test_a_legacy_account_creates_and_revokes_tokens(server: Server, opened: Opener) -> None:
    able: Any = opened(server.account()).capabilities()
    assert able == {ADDRESS: frozenset({Kind.CREATE_TOKEN.value, Kind.REVOKE_TOKEN.value})}
