"""The provider over real TLS: what it reads, what it does, what it says when something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from providers.cssm import CssmProvider
from providers.cssm.probe import probe
from reconciler.errors import OutcomeUnknown, Rejected, SecretError, Unreachable, Untrusted
from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    Action,
    CodeKind,
    Kind,
    ManagerKind,
    ProblemKind,
    SecretRef,
)

from .conftest import (
    ADDRESS,
    CREDENTIALS,
    LEGACY,
    NOW,
    QUICK,
    SECRET,
    VA,
    Known,
    Server,
    Stopped,
    Taped,
    create,
    inputs,
    revoke,
)

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
    assert able[ADDRESS] >= {Kind.CREATE_TOKEN.value, Kind.REVOKE_TOKEN.value}


# Reading


async def test_a_virtual_account_that_is_not_listed_does_not_exist_for_us(
    server: Server, opened: Opener
) -> None:
    server.world.say("GET", VAS, {"virtualAccounts": [{"name": VA.lower()}], "status": "SUCCESS"})
    seen = await opened(server.account()).observe(ADDRESS)
    assert (seen.exists, seen.pool, seen.instances, seen.problems) == (False, UNKNOWN, UNKNOWN, ())
    assert server.world.count("/licenses") == 0


async def test_a_smart_account_that_is_not_visible_is_told_from_a_wrong_path(
    server: Server, opened: Opener
) -> None:
    wrong_path = await opened(server.account()).observe(ADDRESS)
    assert wrong_path.exists is UNKNOWN
    assert "has no such path" in wrong_path.problems[0].message
    server.world.say("GET", VAS, {"status": "ERROR", "statusMessage": "unknown account"}, status=404)
    invisible = await opened(server.account()).observe(ADDRESS)
    assert invisible.exists is False
    assert "not visible with these roles" in invisible.problems[0].message


async def test_a_part_that_cannot_be_read_costs_only_itself(server: Server, opened: Opener) -> None:
    furnish(server)
    server.world.say("POST", DEVICES, {"status": "ERROR", "statusMessage": "try later"})
    seen = await opened(server.account()).observe(ADDRESS)
    assert (seen.exists, seen.instances) == (True, UNKNOWN)
    assert seen.pool is not UNKNOWN
    assert [(one.part, one.kind) for one in seen.problems] == [("instances", ProblemKind.UNREADABLE)]


async def test_an_answer_without_its_list_is_not_an_empty_pool(server: Server, opened: Opener) -> None:
    furnish(server)
    server.world.say("POST", LICENCES, {"status": "SUCCESS"})
    seen = await opened(server.account()).observe(ADDRESS)
    assert (seen.pool, seen.problems[0].part) == (UNKNOWN, "pool")


async def test_rows_of_other_virtual_accounts_are_left_out(server: Server, opened: Opener) -> None:
    furnish(server)
    foreign = LICENCE | {"virtualAccount": "Routers"}
    server.world.say("POST", LICENCES, {"totalRecords": 2, "licenses": [LICENCE, foreign]})
    seen = await opened(server.account()).observe(ADDRESS)
    assert seen.pool is not UNKNOWN
    assert len(seen.pool) == 1


async def test_every_page_is_read_while_the_total_grows(server: Server, opened: Opener) -> None:
    furnish(server)

    async def devices(request: web.Request) -> web.StreamResponse:
        offset = (await request.json())["offset"]
        count = min(100, 230 - offset)
        page = [DEVICE | {"displayName": f"n{n}", "sudi": {}} for n in range(offset, offset + count)]
        return web.json_response({"totalRecords": 150 + offset, "devices": page, "status": "SUCCESS"})

    server.world.on("POST", DEVICES, devices)
    seen = await opened(server.account()).observe(ADDRESS)
    assert seen.instances is not UNKNOWN
    assert len(seen.instances) == 230


async def test_a_list_without_end_is_not_read_as_if_it_were_whole(server: Server, opened: Opener) -> None:
    furnish(server)
    server.world.say("POST", DEVICES, {"totalRecords": 10**9, "devices": [DEVICE], "status": "SUCCESS"})
    seen = await opened(server.account()).observe(ADDRESS)
    assert seen.instances is UNKNOWN
    assert "not read to its end" in seen.problems[0].message


async def test_tags_are_joined_by_display_name_where_the_summary_answers(
    server: Server, opened: Opener
) -> None:
    furnish(server)
    accounts = [
        {
            "account_id": "12",
            "domain": "example.com",
            "virtual_accounts": [{"name": VA, "virtual_account_id": "34"}],
        }
    ]
    server.world.say("GET", f"{LEGACY}/v2/accounts/search", {"status": "COMPLETE", "accounts": accounts})
    headers: list[dict[str, str]] = []

    async def summary(request: web.Request) -> web.StreamResponse:
        headers.append({key: value for key, value in request.headers.items() if key.startswith("X-CSW")})
        nonce = (await request.json())["data"]["nonce"]
        line = {"display_name": LICENCE["license"], "tag": "regid.rms"}
        return web.json_response({"status": "SUCCESS", "nonce": nonce, "summary": [line]})

    server.world.on("POST", f"{LEGACY}/v3/licenses/summary", summary)
    seen = await opened(server.account()).observe(ADDRESS)
    assert seen.pool is not UNKNOWN
    assert (seen.pool[0].tag, seen.problems) == ("regid.rms", ())
    assert headers[0]["X-CSW-SMART-ACCOUNT-ID"] == "12"
    assert headers[0]["X-CSW-VIRTUAL-ACCOUNT-ID"] == "34"


async def test_a_summary_of_another_request_gives_no_tags(server: Server, opened: Opener) -> None:
    furnish(server)
    accounts = [{"account_id": "12", "domain": "example.com", "virtual_accounts": {"name": VA}}]
    server.world.say("GET", f"{LEGACY}/v2/accounts/search", {"status": "COMPLETE", "accounts": accounts})
    server.world.say(
        "GET", VAS, {"virtualAccounts": [{"name": VA, "virtualAccountId": "34"}], "status": "SUCCESS"}
    )
    summary = {"status": "SUCCESS", "nonce": "old", "summary": [{"display_name": "x", "tag": "y"}]}
    server.world.say("POST", f"{LEGACY}/v3/licenses/summary", summary)
    seen = await opened(server.account()).observe(ADDRESS)
    assert seen.pool is not UNKNOWN
    assert (seen.pool[0].tag, seen.problems) == (None, ())


async def test_the_newer_surface_is_read_through_its_own_calls(server: Server, opened: Opener) -> None:
    base = "/v1/software/apis"
    say = server.world.say
    say(
        "GET",
        f"{base}/pnp/v2/accounts",
        {"totalRows": 1, "data": [{"domainIdentifier": "example.com", "accountIdentifier": "12"}]},
    )
    say(
        "GET",
        f"{base}/pnp/v2/accounts/example.com/virtual-accounts",
        {"totalRows": 1, "data": [{"virtualAccountName": VA, "virtualAccountId": 34, "default": "true"}]},
    )
    line = {"display_name": "RMS", "tag": "t", "entitled": 10, "inuse": 4, "reserved": 3}
    say("POST", f"{base}/licensing/v2/get-summary", {"status": "SUCCESS", "summary": [line]})
    device = {"instanceName": "UDI_PID:EXPY; UDI_SN:0E4D1FA5; ", "sudi": {"udiSerialNumber": "0E4D1FA5"}}
    say(
        "GET",
        f"{base}/licensing/v2/accounts/example.com/devices",
        {"status": "SUCCESS", "totalRecords": 1, "devices": [device]},
    )
    seen = await opened(server.account(profile="software-apis")).observe(ADDRESS)
    assert (seen.exists, seen.problems) == (True, ())
    assert seen.pool is not UNKNOWN
    assert seen.instances is not UNKNOWN
    assert (seen.pool[0].available, seen.instances[0].serial) == (6, "0E4D1FA5")


async def test_numeric_ids_that_are_not_shown_leave_the_pool_unknown(server: Server, opened: Opener) -> None:
    base = "/v1/software/apis/pnp/v2/accounts"
    server.world.say("GET", base, {"totalRows": 0, "data": []})
    server.world.say("GET", f"{base}/example.com/virtual-accounts", {"data": [{"virtualAccountName": VA}]})
    seen = await opened(server.account(profile="software-apis")).observe(ADDRESS)
    assert (seen.exists, seen.pool) == (True, UNKNOWN)
    assert "numeric ids" in seen.problems[0].message


def on_prem(server: Server, **manager: Any) -> AccountDesired:
    account = server.account(kind=ManagerKind.ON_PREM, profile="on-prem", token_url=None, **manager)
    return replace(account, local_account="Plant 1", smart_account=None)


async def test_an_on_prem_is_asked_with_json_and_by_local_account(server: Server, opened: Opener) -> None:
    base = "/backend/api/v1/accounts/Plant%201/virtual-accounts"
    asked: list[Any] = []

    async def login(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        return await server.world.grant(request)

    server.world.login = login
    server.world.say("GET", base, {"virtualAccounts": [{"name": VA}], "status": "SUCCESS"})
    server.world.say(
        "POST", "/backend/api/v1/accounts/Plant%201/licenses", {"totalRecords": 1, "licenses": [LICENCE]}
    )
    server.world.say("GET", f"{base}/Expressway%20EMEA/devices", {"totalRecords": 1, "devices": [DEVICE]})
    server.world.say("POST", f"{base}/Expressway%20EMEA/tokens", {"tokenInfo": {"token": TOKEN}})
    provider = opened(on_prem(server))
    seen = await provider.observe(ADDRESS)
    reply = await provider.execute(create(), inputs(Taped()))
    assert (seen.exists, seen.problems, reply.codes[0].value) == (True, (), TOKEN)
    assert asked == [{"client_id": "client-1", "client_secret": SECRET, "grant_type": "client_credentials"}]


async def test_the_password_grant_sends_the_user_in_the_body(server: Server, opened: Opener) -> None:
    asked: list[Any] = []

    async def login(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        return web.Response(status=403, text="{}")

    server.world.login = login
    user = replace(CREDENTIALS, username=SecretRef("env", "USER"), password=SecretRef("env", "PASSWORD"))
    seen = await opened(on_prem(server, grant="password"), credentials=user).observe(ADDRESS)
    assert (asked[0]["username"], asked[0]["password"], asked[0]["grant_type"]) == (
        "jane",
        "pass-word",
        "password",
    )
    assert "API tool kit" in str(seen.problems[0].remedy)


async def test_an_on_prem_that_still_starts_says_so(server: Server, opened: Opener) -> None:
    async def login(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=502, text="<html><title>502 Bad Gateway</title></html>")

    server.world.login = login
    seen = await opened(on_prem(server)).observe(ADDRESS)
    assert seen.problems[0].kind is ProblemKind.UNREADABLE
    assert "still be starting" in str(seen.problems[0].remedy)


async def test_an_account_that_a_person_serves_is_unknown_without_a_problem(
    server: Server, opened: Opener
) -> None:
    account = server.account(kind=ManagerKind.HAND_OFF, profile="hand-off")
    provider = opened(account, credentials=None)
    seen = await provider.observe(ADDRESS)
    assert (seen.exists, seen.pool, seen.instances, seen.problems) == (UNKNOWN, UNKNOWN, UNKNOWN, ())
    assert provider.capabilities() == {ADDRESS: frozenset()}
    assert provider.commands(create()) == ()
    assert await provider.find_code(CodeKind.TOKEN, "01J") is None


async def test_missing_credentials_are_a_problem_and_not_a_crash(server: Server, opened: Opener) -> None:
    provider = opened(server.account(), credentials=None)
    seen = await provider.observe(ADDRESS)
    assert seen.problems[0].kind is ProblemKind.UNTRUSTED
    with pytest.raises(Untrusted):
        await provider.execute(create(), inputs(Taped()))


async def test_a_secret_that_does_not_resolve_is_a_problem_of_trust(server: Server) -> None:
    class Locked(Known):
        def resolve(self, ref: SecretRef) -> str:
            raise SecretError(f"{ref} is not set", remedy="Set it.")

    provider = CssmProvider(server.account(), CREDENTIALS, Locked(), Stopped(), read_only=True)
    seen = await provider.observe(ADDRESS)
    await provider.close()
    assert (seen.problems[0].kind, seen.problems[0].message) == (ProblemKind.UNTRUSTED, "env:ID is not set")


# Doing


@pytest.mark.parametrize("action", [create(), revoke()])
async def test_a_session_for_reading_sends_no_mutation(
    server: Server, opened: Opener, action: Action
) -> None:
    furnish(server)
    tap = Taped()
    with pytest.raises(Unreachable, match="reading only"):
        await opened(server.account(), read_only=True).execute(action, inputs(tap, token=TOKEN))
    assert (server.world.asked, tap.events) == ([], [])


async def test_an_action_without_a_call_is_refused_before_anything_is_sent(
    server: Server, opened: Opener
) -> None:
    with pytest.raises(Unreachable, match="no known call"):
        await opened(server.account(profile="software-apis")).execute(create(), inputs(Taped()))
    rehost = replace(create(), kind=Kind.REHOST)
    with pytest.raises(Unreachable, match="no known call"):
        await opened(server.account()).execute(rehost, inputs(Taped()))
    assert server.world.asked == []


async def test_a_create_answer_without_the_token_is_unknown_and_only_our_own_entry_completes_it(
    server: Server, opened: Opener
) -> None:
    furnish(server)
    provider = opened(server.account())
    server.world.say("POST", TOKENS, {"status": "SUCCESS"})
    with pytest.raises(OutcomeUnknown) as caught:
        await provider.execute(create(), inputs(Taped()))
    assert "xlicense 01JOPID7" in str(caught.value.remedy)
    ours = {"token": TOKEN, "description": "xlicense 01JOPID7"}
    server.world.say("GET", TOKENS, {"tokens": [{"token": "foreign-token"}, ours], "status": "SUCCESS"})
    assert await provider.find_code(CodeKind.TOKEN, "01JOPID7") == TOKEN


async def test_a_foreign_token_is_never_taken(server: Server, opened: Opener) -> None:
    furnish(server)
    server.world.say("GET", TOKENS, {"tokens": [{"token": "foreign-token", "description": "other"}]})
    assert await opened(server.account()).find_code(CodeKind.TOKEN, "01JOPID7") is None


async def test_a_token_knows_when_it_ends(server: Server, opened: Opener) -> None:
    furnish(server)
    reply = await opened(server.account()).execute(create(expires_after_days=3), inputs(Taped()))
    assert reply.codes[0].expires_at == NOW + timedelta(days=3)
    assert TOKEN not in repr(reply)


@pytest.mark.parametrize(
    "no",
    [
        {"status": "ERROR", "statusMessage": f"no {TOKEN}"},
        {"tokens": [{"status": "ERROR", "message": TOKEN}]},
    ],
)
async def test_a_token_that_is_gone_counts_as_revoked_and_one_that_is_there_does_not(
    server: Server, opened: Opener, no: Any
) -> None:
    furnish(server)
    server.world.say("POST", f"{TOKENS}/revoke", no)
    server.world.say("GET", TOKENS, {"tokens": []})
    await opened(server.account()).execute(revoke(), inputs(Taped(), token=TOKEN))
    server.world.say("GET", TOKENS, {"tokens": [{"token": TOKEN}]})
    with pytest.raises(Rejected) as caught:
        await opened(server.account()).execute(revoke(), inputs(Taped(), token=TOKEN))
    assert TOKEN not in caught.value.message + caught.value.said


async def test_a_lost_token_is_found_by_its_description(server: Server, opened: Opener) -> None:
    furnish(server)
    provider = opened(server.account())
    entry = {"token": TOKEN, "description": "xlicense 01JOPID7"}
    server.world.say("GET", TOKENS, {"tokens": [entry], "status": "SUCCESS"})
    assert await provider.find_code(CodeKind.TOKEN, "01JOPID7") == TOKEN
    assert await provider.find_code(CodeKind.TOKEN, "01JOTHER") is None
    assert await provider.find_code(CodeKind.AUTHORIZATION, "01JOPID7") is None


async def test_a_token_list_that_cannot_be_read_proves_nothing(server: Server, opened: Opener) -> None:
    assert await opened(server.account()).find_code(CodeKind.TOKEN, "01J") is None
    no_list = (("list_tokens", False),)
    provider = opened(server.account(capabilities=no_list))
    assert await provider.find_code(CodeKind.TOKEN, "01J") is None
    server.world.say("POST", f"{TOKENS}/revoke", {"status": "ERROR"})
    with pytest.raises(Rejected):
        await provider.execute(revoke(), inputs(Taped(), token=TOKEN))
    with pytest.raises(Rejected):
        await opened(server.account()).execute(revoke(), inputs(Taped(), token=TOKEN))


# Saying


def test_credentials_that_only_read_leave_the_work_to_a_person(server: Server, opened: Opener) -> None:
    reading = replace(server.account(), read=CREDENTIALS, apply=None)
    assert opened(reading).capabilities() == {ADDRESS: frozenset()}
    both = replace(server.account(), read=CREDENTIALS)
    assert "account.create_token" in opened(both, read_only=True).capabilities()[ADDRESS]


def test_what_would_be_sent_is_shown_without_codes(server: Server, opened: Opener) -> None:
    provider = opened(server.account())
    body = '{"description": "xlicense <operation>", "expiresAfterDays": 1, "exportControlled": "Allowed"}'
    assert provider.commands(create()) == (f"POST {server.url}{TOKENS} {body}",)
    assert provider.commands(revoke()) == (f'POST {server.url}{TOKENS}/revoke {{"tokens": ["<token>"]}}',)


def test_a_person_is_told_the_page_and_every_value(server: Server, opened: Opener) -> None:
    told = "\n".join(opened(server.account()).instructions(create()))
    for words in (
        "Smart Software Licensing > Inventory",
        f'virtual account "{VA}" and its tab General',
        "New Token…",
        'Description: "xlicense account.create_token:emea:0a1b2c3d"',
        "Expire After: 1 Days",
        "Max. Number of Uses: 2",
        "Tick the box",
        "Cisco License Central",
        "Smart Account example.com",
    ):
        assert words in told


def test_a_person_at_an_on_prem_is_sent_to_its_own_pages(server: Server, opened: Opener) -> None:
    provider = opened(on_prem(server))
    told = "\n".join(provider.instructions(create(export_controlled=False)))
    assert 'local account "Plant 1"' in told
    assert "Leave the box" in told
    assert "Revoke" in "\n".join(provider.instructions(revoke()))
    other = "\n".join(provider.instructions(replace(create(), kind=Kind.SET_URL)))
    assert "node.set_url" in other


def test_only_tokens_are_read_as_tokens(server: Server, opened: Opener) -> None:
    raw = b'{"tokenInfo":{"token":"' + TOKEN.encode() + b'"}}'
    provider = opened(server.account())
    assert provider.read_code(CodeKind.TOKEN, raw) == TOKEN
    assert provider.read_code(CodeKind.AUTHORIZATION, raw) is None
    assert provider.read_code(CodeKind.TOKEN, b"\xff\x00{") is None


# Which surface answers


async def test_a_probe_says_which_calls_answer(server: Server) -> None:
    base = "/backend/api/v1/accounts/Plant%201/virtual-accounts"
    server.world.say("GET", base, {"virtualAccounts": [{"name": VA}], "status": "SUCCESS"})
    server.world.say("GET", f"{base}/Expressway%20EMEA/tokens", {"message": "Invalid Client"}, status=403)
    found = await probe(on_prem(server), CREDENTIALS, Known(), Stopped(), patience=QUICK)
    assert [(one.operation, one.answers) for one in found] == [
        ("virtual_accounts", True),
        ("licences", False),
        ("instances", False),
        ("list_tokens", False),
    ]
    assert "access granted" in found[3].text
    assert SECRET not in repr(found)


async def test_a_probe_asks_nothing_but_reads(server: Server) -> None:
    furnish(server)
    server.world.say("GET", TOKENS, {"tokens": []})
    account = server.account(proxy="http://127.0.0.1:1")
    quick = replace(QUICK, attempts=1)
    found = await probe(account, CREDENTIALS, Known(), Stopped(), patience=quick)
    assert {one.profile for one in found} == {"legacy", "software-apis"}
    assert not any(one.answers for one in found)
    assert server.world.asked == []


async def test_an_account_whose_lists_are_switched_off_stays_unknown(server: Server, opened: Opener) -> None:
    furnish(server)
    off = tuple((name, False) for name in ("virtual_accounts", "licences", "licence_summary", "instances"))
    seen = await opened(server.account(capabilities=off)).observe(ADDRESS)
    assert (seen.exists, seen.pool, seen.instances, seen.problems) == (UNKNOWN, UNKNOWN, UNKNOWN, ())
    only_list = (("virtual_accounts", False), ("licence_summary", False))
    seen = await opened(server.account(capabilities=only_list)).observe(ADDRESS)
    assert seen.exists is UNKNOWN
    assert seen.pool is not UNKNOWN


async def test_a_refusal_for_want_of_roles_says_whose_roles(server: Server, opened: Opener) -> None:
    server.world.say("GET", VAS, {"message": "Not authorized"}, status=403)
    seen = await opened(server.account()).observe(ADDRESS)
    assert seen.problems[0].kind is ProblemKind.UNTRUSTED
    assert "Smart Account User" in str(seen.problems[0].remedy)


async def test_a_token_that_is_not_readable_here_is_not_revoked(server: Server, opened: Opener) -> None:
    with pytest.raises(Unreachable, match="not readable here"):
        await opened(server.account()).execute(revoke(), inputs(Taped()))
    assert server.world.asked == []
