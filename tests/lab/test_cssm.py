"""The managers over HTTPS: OAuth, accounts, tokens, licences, instances, in the shapes of each surface."""

from typing import Any

from tests.lab.lab_clients import START, Site, one_node, site

BASE = "/v1/accounts/example.com"
EMEA = f"{BASE}/virtual-accounts/EMEA"
GRANT = {"grant_type": "client_credentials"}
REGISTERED = "registered: {account: example.com, virtual_account: EMEA}, usage: {rms: 4}"


async def _grant(lab: Site, path: str = "/as/token.oauth2", **fields: str) -> tuple[int, Any]:
    return await lab.send("POST", f"{lab.lab.cloud_origin}{path}", data={**GRANT, **fields})


async def test_both_token_endpoints_give_a_bearer_for_an_hour() -> None:
    async with site(one_node()) as lab:
        for path in ("/as/token.oauth2", "/oauth2/default/v1/token"):
            status, answer = await _grant(lab, path, client_id="apply", client_secret="apply-secret")
            assert status == 200
            assert (answer["token_type"], answer["expires_in"]) == ("Bearer", 3599)


async def test_wrong_credentials_are_400_at_the_old_endpoint_and_401_at_the_new() -> None:
    async with site(one_node()) as lab:
        for path, expected in (("/as/token.oauth2", 400), ("/oauth2/default/v1/token", 401)):
            status, answer = await _grant(lab, path, client_id="apply", client_secret="wrong")
            assert (status, answer["error"]) == (expected, "invalid_client")
        assert lab.lab.ledger.login_count("cloud", accepted=False) == 2


async def test_parameters_in_the_query_work_too() -> None:
    async with site(one_node()) as lab:
        query = "client_id=apply&client_secret=apply-secret&grant_type=client_credentials"
        status, _ = await lab.send("POST", f"{lab.lab.cloud_origin}/as/token.oauth2?{query}")
        assert status == 200


async def test_the_password_grant_needs_a_person() -> None:
    async with site(one_node()) as lab:
        client = lab.lab.world.cloud.clients[0]
        asked = {"client_id": "apply", "client_secret": "apply-secret", "grant_type": "password"}
        assert (await _grant(lab, **asked, username="u", password="p"))[0] == 400
        client.username, client.password = "u", "p"
        assert (await _grant(lab, **asked, username="u", password="p"))[0] == 200


async def test_without_a_bearer_and_after_an_hour_the_answer_is_401() -> None:
    async with site(one_node()) as lab:
        status, _ = await lab.send("GET", f"{lab.lab.cssm_url}/v2/accounts")
        assert status == 401
        assert (await lab.api("GET", "/v2/accounts"))[0] == 200
        lab.lab.advance(3599)
        assert (await lab.api("GET", "/v2/accounts"))[0] == 401


async def test_a_client_without_granted_access_gets_a_bearer_and_403_for_everything() -> None:
    async with site(one_node()) as lab:
        status, answer = await lab.api("GET", "/v2/accounts", client="new")
        assert (status, answer) == (403, {"error": "Invalid Client"})


async def test_a_reading_client_cannot_make_tokens() -> None:
    async with site(one_node()) as lab:
        body = {"description": "", "expiresAfterDays": 1, "exportControlled": "Allowed"}
        assert (await lab.api("GET", f"{EMEA}/tokens", client="read"))[0] == 200
        assert (await lab.api("POST", f"{EMEA}/tokens", body, client="read"))[0] == 403
        assert lab.lab.ledger.codes("token") == ()


async def test_accounts_are_listed_in_three_shapes() -> None:
    async with site(one_node()) as lab:
        _, plain = await lab.api("GET", "/v2/accounts")
        assert [one["accountDomain"] for one in plain["accounts"]] == ["example.com", "wexample.com"]
        assert plain["accounts"][0]["roles"][0]["virtualAccount"] == "EMEA"
        _, found = await lab.api(
            "GET", "/v1/accounts/search?domain=example.com&type=CUSTOMER&limit=1&offset=0"
        )
        assert (found["totalRecords"], len(found["accounts"])) == (2, 1)
        assert isinstance(found["accounts"][0]["id"], int)
        _, numbered = await lab.api("GET", "/v2/accounts/search")
        assert numbered["status"] == "COMPLETE"
        assert isinstance(numbered["accounts"][0]["virtual_accounts"][0]["virtual_account_id"], str)


async def test_virtual_accounts_say_default_with_a_string() -> None:
    async with site(one_node()) as lab:
        _, answer = await lab.api("GET", f"{BASE}/customer/virtual-accounts")
        assert [(one["name"], one["isDefault"]) for one in answer["virtualAccounts"]] == [
            ("EMEA", "true"),
            ("Old", "false"),
        ]


async def test_a_virtual_account_can_be_made_and_deleted_while_empty() -> None:
    async with site(one_node()) as lab:
        path = f"{BASE}/customer/virtual-accounts"
        assert (await lab.api("POST", path, {"name": "New VA"}))[1]["status"] == "SUCCESS"
        assert (await lab.api("POST", path, {"name": "New VA"}))[1]["status"] == "ERROR"
        assert (await lab.api("POST", f"{path}/New%20VA/delete"))[1]["status"] == "SUCCESS"
        assert (await lab.api("POST", f"{path}/EMEA/delete"))[1]["status"] == "ERROR"


async def test_names_that_do_not_exist_are_an_error_inside_http_200() -> None:
    async with site(one_node()) as lab:
        for path in (
            "/v1/accounts/nobody.com/virtual-accounts/EMEA/tokens",
            f"{BASE}/virtual-accounts/emea/tokens",
        ):
            status, answer = await lab.api("GET", path)
            assert (status, answer["status"]) == (200, "ERROR")
            assert "not found" in answer["statusMessage"]


async def test_a_token_is_made_listed_and_revoked() -> None:
    async with site(one_node()) as lab:
        token = await lab.token(days=30)
        _, listed = await lab.api("GET", f"{EMEA}/tokens")
        assert [one["token"] for one in listed["tokens"]] == [token]
        assert listed["tokens"][0]["expirationDate"] == "2026-02-04T12:00:00Z"
        _, gone = await lab.api("POST", f"{EMEA}/tokens/revoke", {"tokens": [token]})
        assert gone["tokens"] == [{"token": token}]
        assert (await lab.api("GET", f"{EMEA}/tokens"))[1]["tokens"] == []
        assert (await lab.api("POST", f"{EMEA}/tokens/revoke", {"tokens": [token]}))[1]["status"] == "ERROR"
        assert [one.value for one in lab.lab.ledger.codes("token")] == [token]


async def test_a_token_list_may_hold_nothing_but_tokens() -> None:
    async with site(one_node()) as lab:
        lab.lab.world.cloud.quirks["bare_tokens"] = True
        token = await lab.token()
        assert (await lab.api("GET", f"{EMEA}/tokens"))[1]["tokens"] == [{"token": token}]


async def test_a_token_needs_a_life_of_1_to_365_days_and_a_flag_word() -> None:
    async with site(one_node()) as lab:
        for days, flag in ((0, "Allowed"), (366, "Allowed"), (5, "true")):
            body = {"description": "", "expiresAfterDays": days, "exportControlled": flag}
            assert (await lab.api("POST", f"{EMEA}/tokens", body))[1]["status"] == "ERROR"
        body = {"description": "", "expiresAfterDays": 5, "exportControlled": "Allowed"}
        path = "/v1/accounts/wexample.com/virtual-accounts/Main/tokens"
        assert "not allowed" in (await lab.api("POST", path, body))[1]["statusMessage"]


async def test_licences_have_names_and_no_tags_and_come_in_pages() -> None:
    async with site(one_node(REGISTERED)) as lab:
        rows: list[dict[str, Any]] = []
        total = 1
        while len(rows) < total:
            body = {"virtualAccounts": [], "limit": 2, "offset": len(rows)}
            _, answer = await lab.api("POST", f"{BASE}/licenses", body)
            total = answer["totalRecords"]
            rows += answer["licenses"]
        assert len(rows) == 5
        rms = next(one for one in rows if one["license"].startswith("Cisco Expressway"))
        assert (rms["virtualAccount"], rms["quantity"], rms["inUse"], rms["available"]) == ("EMEA", 10, 4, 6)
        assert not any("tag" in key.casefold() for key in rms)


async def test_the_summary_has_tags_and_wants_the_numbers_in_headers() -> None:
    async with site(one_node(REGISTERED)) as lab:
        account = lab.lab.world.account("cloud", "example.com")
        body = {"data": {"timestamp": 0, "nonce": "random1234", "tags": []}}
        assert (await lab.api("POST", "/v3/licenses/summary", body))[1][
            "message"
        ] == "Invaid Smart Account ID"
        headers = {
            "X-CSW-SMART-ACCOUNT-ID": str(account.number),
            "X-CSW-VIRTUAL-ACCOUNT-ID": str(account.virtual_accounts[0].number),
        }
        _, answer = await lab.api("POST", "/v3/licenses/summary", body, headers=headers)
        assert answer["nonce"] == "random1234"
        line = next(one for one in answer["summary"] if one["display_name"].startswith("UC Manager Enhanced"))
        assert line["tag"].startswith("regid.2016-07.com.cisco.UCM_Enhanced,12.0_")
        assert line["prepaid_entitled"] == 5


async def test_instances_hold_other_products_blanks_and_a_trailing_blank() -> None:
    async with site(one_node(REGISTERED)) as lab:
        _, answer = await lab.api(
            "POST", f"{BASE}/devices", {"virtualAccounts": ["EMEA"], "limit": 50, "offset": 0}
        )
        router, node = answer["devices"]
        assert router["sudi"]["udiPid"] == "ISR4331/K9"
        assert (node["hostName"], node["productType"], node["productName"]) == (
            "a-n1.example.com",
            "EXPY",
            "",
        )
        assert node["sudi"]["udiSerialNumber"] == "0E4D1FA5"
        assert node["licenseUsage"] == [
            {"license": "Cisco Expressway Rich Media Session License", "quantity": 4}
        ]
        lab.lab.world.virtual_account("cloud", "example.com", "EMEA").instances[1].shown_by_host = False
        _, answer = await lab.api("POST", f"{BASE}/devices", {"virtualAccounts": ["EMEA"]})
        assert answer["devices"][1]["displayName"] == "UDI_PID:EXPY; UDI_SN:0E4D1FA5; "
        assert answer["devices"][1]["hostName"] == ""


async def test_an_instance_may_be_keyed_by_uuid_alone() -> None:
    async with site(one_node(f"{REGISTERED}, dialect: {{instance_key: uuid, udi: uuid}}")) as lab:
        _, answer = await lab.api("GET", f"{EMEA}/devices")
        sudi = answer["devices"][1]["sudi"]
        assert sudi["udiSerialNumber"] == ""
        assert f"UUID:{sudi['uuid']}" in await lab.licence()


async def test_the_new_surface_has_its_own_paths_names_and_paging() -> None:
    async with site(one_node(REGISTERED)) as lab:
        headers = {"Authorization": f"Bearer {await lab.bearer()}"}

        async def new(method: str, path: str, **more: Any) -> Any:
            extra = more.pop("headers", {})
            url = f"{lab.lab.software_apis_url}{path}"
            return (await lab.send(method, url, headers={**headers, **extra}, **more))[1]

        page = await new("GET", "/pnp/v2/accounts?startIdx=1&rowsPerPage=1")
        assert (page["totalRows"], page["data"][0]["domainIdentifier"]) == (2, "wexample.com")
        vas = (await new("GET", "/pnp/v2/accounts/example.com/virtual-accounts"))["data"]
        assert [(va["virtualAccountName"], va["default"]) for va in vas] == [
            ("EMEA", "true"),
            ("Old", "false"),
        ]
        numbers = {
            "X-CSW-SMART-ACCOUNT-ID": str(lab.lab.world.account("cloud", "example.com").number),
            "X-CSW-VIRTUAL-ACCOUNT-ID": vas[0]["virtualAccountId"],
        }
        body = {"data": {"timestamp": 0, "nonce": "n", "tags": []}}
        summary = await new("POST", "/licensing/v2/get-summary", json=body, headers=numbers)
        assert {"entitled", "inuse", "reserved"} <= set(summary["summary"][0])
        devices = await new(
            "GET", "/licensing/v2/accounts/example.com/devices?virtualAccountName=EMEA&limit=50&offset=0"
        )
        assert devices["totalRecords"] == 2
        one = await new("GET", "/licensing/v2/accounts/example.com/devices?instanceName=0E4D1FA5")
        assert one["totalRecords"] == 1
        found = await new("GET", "/licensing/v2/device/search?udi_serial_number=0E4D1FA5")
        assert (found["status"], found["data"]["account"]["virtual_account_name"]) == ("OK", "EMEA")
        none = await new("GET", "/licensing/v2/device/search?udi_serial_number=FFFFFFFF")
        assert (none["status"], none["message_code"]) == ("COMPLETE", "NO DATA FOUND")
        who = await new("GET", "/accounts/v1/user/search-smart-accounts?userId=u&addVirtualAccounts=true")
        assert who["accounts"][0]["domain"] == "example.com"


async def test_answers_come_in_the_other_seen_form_where_a_quirk_says_so() -> None:
    async with site(one_node(REGISTERED)) as lab:
        lab.lab.world.cloud.quirks = {"default_yes": True, "listed_search": True}
        _, answer = await lab.api("GET", f"{BASE}/customer/virtual-accounts")
        assert answer["virtualAccounts"][0]["isDefault"] == "yes"
        headers = {"Authorization": f"Bearer {await lab.bearer()}"}
        url = f"{lab.lab.software_apis_url}/licensing/v2/device/search?udi_serial_number=0E4D1FA5"
        _, found = await lab.send("GET", url, headers=headers)
        assert (found["status"], len(found["data"])) == ("COMPLETE", 1)


async def test_a_total_may_move_while_pages_are_turned() -> None:
    async with site(one_node(REGISTERED)) as lab:
        lab.lab.world.cloud.quirks = {"moving_total": True}
        totals = [
            (await lab.api("GET", f"{EMEA}/devices?limit=1&offset={offset}"))[1]["totalRecords"]
            for offset in (0, 1, 2)
        ]
        assert totals == [2, 3, 4]


async def test_tokens_have_the_uses_that_the_portal_was_told() -> None:
    async with site(one_node()) as lab:
        lab.lab.world.cloud.token_uses = 1
        await lab.token()
        assert lab.lab.world.virtual_account("cloud", "example.com", "EMEA").tokens[0].max_uses == 1


async def test_the_new_surface_has_no_known_call_for_tokens() -> None:
    async with site(one_node()) as lab:
        headers = {"Authorization": f"Bearer {await lab.bearer()}"}
        url = f"{lab.lab.software_apis_url}/licensing/v2/accounts/example.com/virtual-accounts/EMEA/tokens"
        assert (await lab.send("POST", url, json={}, headers=headers))[0] == 404


async def test_doubled_slashes_and_a_doubled_prefix_are_understood() -> None:
    async with site(one_node()) as lab:
        headers = {"Authorization": f"Bearer {await lab.bearer()}"}
        for prefix in ("//services/api", "/services/api/services/api"):
            url = f"{lab.lab.cloud_origin}{prefix}/smart-accounts-and-licensing/v2/accounts"
            assert (await lab.send("GET", url, headers=headers))[0] == 200


async def _plant(lab: Site) -> dict[str, str]:
    body = {**GRANT, "client_id": "plant", "client_secret": "plant-secret"}
    _, answer = await lab.send("POST", f"{lab.lab.onprem_url('plant')}/backend/oauth/token", json=body)
    return {"Authorization": f"Bearer {answer['access_token']}"}


async def test_on_prem_answers_403_without_credentials_and_names_accounts_by_name() -> None:
    async with site(one_node()) as lab:
        origin = lab.lab.onprem_url("plant")
        path = "/api/v1/accounts/World%20Wide%20Plant/virtual-accounts"
        assert (await lab.send("GET", f"{origin}/backend{path}"))[0] == 403
        headers = await _plant(lab)
        for prefix in ("", "/backend"):
            _, answer = await lab.send("GET", f"{origin}{prefix}{path}", headers=headers)
            assert [one["name"] for one in answer["virtualAccounts"]] == ["Default"]
        _, accounts = await lab.send(
            "POST", f"{origin}/backend/api/v1/upstream_satellites/accounts", headers=headers
        )
        assert accounts["accounts"][0]["name"] == "World Wide Plant"
        assert accounts["accounts"][0]["cssm_smart_account_name"] == "example.com"


async def test_on_prem_tokens_may_have_a_number_of_uses() -> None:
    async with site(one_node()) as lab:
        path = "/backend/api/v1/accounts/World%20Wide%20Plant/virtual-accounts/Default/tokens"
        body = {
            "description": "",
            "expiresAfterDays": 5,
            "exportControlled": "Not Allowed",
            "numberofUses": 3,
        }
        await lab.send("POST", lab.lab.onprem_url("plant") + path, json=body, headers=await _plant(lab))
        token = lab.lab.world.virtual_account("plant", "World Wide Plant", "Default").tokens[0]
        assert (token.max_uses, token.export, token.created_at) == (3, False, START)


async def test_what_is_not_a_path_is_404() -> None:
    async with site(one_node()) as lab:
        assert (await lab.api("GET", "/v9/weather"))[0] == 404
        headers = {"Authorization": f"Bearer {await lab.bearer()}"}
        assert (await lab.send("GET", f"{lab.lab.cloud_origin}/", headers=headers))[0] == 404
