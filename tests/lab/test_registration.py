"""Registering, failing, retrying, moving, leaving; clocks, alarms and pools. Over SSH and HTTPS."""

from providers.lab import agent
from tests.lab.lab_clients import Site, node, one_node, site, world

TIMED_OUT = "HTTP Server Error 200: Operation timed out."
SELF_SIGNED = "SSL certificate problem: self signed certificate in certificate chain."
DAY = 86_400


async def test_a_token_that_nobody_made_fails_with_the_documented_words_and_an_alarm() -> None:
    async with site(one_node()) as lab:
        await lab.register("bm9ib2R5%0A")
        lab.lab.advance(2)
        block = await lab.licence()
        assert "Status: Unregistered : Registration Failed" in block
        assert "The token is invalid or expired." in block
        assert "Status: EVAL MODE" in block
        assert await lab.alarms() == ["30045"]


async def test_a_token_dies_on_its_day_and_after_its_uses() -> None:
    async with site(one_node()) as lab:
        token = await lab.token(days=1)
        lab.lab.advance(DAY)
        await lab.register(token)
        lab.lab.advance(2)
        assert "Registration Failed" in await lab.licence()
        lab.bearers.clear()
        fresh = await lab.token(days=365)
        found = lab.lab.world.virtual_account("cloud", "example.com", "EMEA").tokens[-1]
        found.max_uses = 1
        await lab.register(fresh)
        lab.lab.advance(2)
        assert "Status: REGISTERED" in await lab.licence()
        assert not found.alive(lab.lab.world.now)


async def test_a_token_with_one_use_registers_one_of_two_peers() -> None:
    text = world(f"  a:\n    nodes:\n      n1: {{{node('0E4D1FA5')}}}\n      n2: {{{node('0E4D1FA6')}}}\n")
    async with site(text) as lab:
        token = await lab.token()
        lab.lab.world.virtual_account("cloud", "example.com", "EMEA").tokens[-1].max_uses = 1
        await lab.register(token, "a/n1")
        await lab.register(token, "a/n2")
        lab.lab.advance(2)
        assert "Status: REGISTERED" in await lab.licence("a/n1")
        assert "Registration Failed" in await lab.licence("a/n2")


async def test_releases_without_the_new_root_authority_do_not_get_to_the_cloud() -> None:
    for version in ("X12.6", "X14.0.8", "X14.2.1"):
        async with site(one_node("smart: true", version=version)) as lab:
            await lab.register(await lab.token())
            lab.lab.advance(2)
            block = await lab.licence()
            assert "Status: Unregistered : Registration Pending" in block
            assert SELF_SIGNED in block
            assert [alarm.id for alarm in lab.lab.world.node("a/n1").alarms] == ["30042"]


async def test_releases_with_the_fix_get_there() -> None:
    for version in ("X14.0.11", "X14.2.6", "X14.3.1", "X15.0"):
        async with site(one_node("smart: true", version=version)) as lab:
            await lab.register(await lab.token())
            lab.lab.advance(2)
            assert "Status: REGISTERED" in await lab.licence()


async def test_an_isolated_node_retries_every_fifteen_minutes_until_there_is_a_way() -> None:
    async with site(one_node("network: isolated")) as lab:
        await lab.register(await lab.token())
        lab.lab.advance(2)
        block = await lab.licence()
        assert "Status: Unregistered : Registration Pending" in block
        assert f"because of the following reason: {TIMED_OUT}" in block
        assert await lab.alarms() == ["30042"]
        lab.lab.world.node("a/n1").network = "open"
        lab.lab.advance(899)
        assert "Registration Pending" in await lab.licence()
        lab.lab.advance(1)
        block = await lab.licence()
        assert "Status: REGISTERED" in block
        assert TIMED_OUT not in block
        assert await lab.alarms() == []


async def test_a_node_without_name_servers_cannot_find_the_cloud() -> None:
    async with site(one_node()) as lab:
        lab.lab.world.node("a/n1").dns = []
        await lab.register(await lab.token())
        lab.lab.advance(2)
        assert "Could not resolve host: smartreceiver.cisco.com." in await lab.licence()


async def test_a_proxy_that_is_needed_must_be_the_right_one() -> None:
    async with site(one_node("network: proxy-only", settings='proxies: ["proxy:3128"]')) as lab:
        this = lab.lab.world.node("a/n1")
        await lab.register(await lab.token())
        for proxy in (None, "other:3128"):
            this.proxy = proxy
            lab.lab.advance(900)
            assert TIMED_OUT in await lab.licence()
        assert "Proxy:\r\nAddress: other\r\nPort: 3128\r\n" in await lab.licence()
        this.proxy = "proxy:3128"
        lab.lab.advance(900)
        assert "Status: REGISTERED" in await lab.licence()


async def test_on_prem_is_reached_only_by_its_exact_url() -> None:
    async with site(one_node("transport: satellite, network: isolated", version="X14.2.1")) as lab:
        token = await _plant_token(lab)
        await lab.say("xConfiguration license smart url: https://ssm.plant.example.com")
        await lab.register(token)
        lab.lab.advance(2)
        assert "HTTP Server Error 404: Not Found." in await lab.licence()
        assert await lab.alarms() == ["30042"]
        await lab.say("xConfiguration license smart url: https://ssm.plant.example.com/SmartTransport")
        lab.lab.advance(900)
        block = await lab.licence()
        assert "Status: REGISTERED" in block
        assert "Virtual Account: Default" in block
        assert "URL: https://ssm.plant.example.com/SmartTransport" in block


async def _plant_token(lab: Site) -> str:
    plant = lab.lab.onprem_url("plant") + "/backend"
    body = {"client_id": "plant", "client_secret": "plant-secret", "grant_type": "client_credentials"}
    _, answer = await lab.send("POST", f"{plant}/oauth/token", json=body)
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    path = "/api/v1/accounts/World%20Wide%20Plant/virtual-accounts/Default/tokens"
    wish = {"description": "", "expiresAfterDays": "365", "exportControlled": "Allowed"}
    _, answer = await lab.send("POST", plant + path, json=wish, headers=headers)
    return str(answer["tokenInfo"]["token"])


async def test_a_registered_node_is_not_registered_again_but_reregistered() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: Old}")) as lab:
        token = await lab.token("EMEA", export=False)
        assert (await lab.register(token)).endswith("already registered\r\n\r\nERROR\r\n")
        await lab.register(token, verb="Reregister")
        assert "Virtual Account: Old" in await lab.licence()
        lab.lab.advance(2)
        block = await lab.licence()
        assert "Virtual Account: EMEA" in block
        assert "Export-Controlled Functionality: NOT ALLOWED" in block
        assert await lab.instances("Old") == []
        assert "a-n1.example.com" in await lab.instances("EMEA")


async def test_a_reregistration_that_fails_leaves_the_old_registration_standing() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: Old}")) as lab:
        await lab.register("bm9ib2R5", verb="Reregister")
        lab.lab.advance(2)
        block = await lab.licence()
        assert "Status: REGISTERED" in block
        assert "Virtual Account: Old" in block
        assert "The token is invalid or expired." in block
        assert await lab.instances("Old") == ["a-n1.example.com"]


async def test_deregistering_frees_the_instance_and_goes_back_to_what_evaluation_is_left() -> None:
    text = one_node("evaluation_days: 12, registered: {account: example.com, virtual_account: EMEA}")
    async with site(text) as lab:
        lab.lab.advance(5 * DAY)
        assert (await lab.say("xCommand License Smart Deregister")).endswith("\r\nOK\r\n")
        block = await lab.licence()
        assert "Status: Unregistered\r\n" in block
        assert "Evaluation Period Remaining: 12 days, 0 hours, 0 minutes, 0 seconds" in block
        assert await lab.instances() == ["wan-rtr-1"]
        assert "ERROR" in await lab.say("xCommand License Smart Deregister")


async def test_deregistering_without_a_way_leaves_the_instance_in_cssm_and_says_so() -> None:
    async with site(
        one_node("network: isolated, registered: {account: example.com, virtual_account: EMEA}")
    ) as lab:
        assert "by hand" in await lab.say("xCommand License Smart Deregister")
        assert "Status: Unregistered" in await lab.licence()
        assert "a-n1.example.com" in await lab.instances()


async def test_deregistering_gives_up_an_attempt_that_is_under_way() -> None:
    async with site(one_node()) as lab:
        await lab.register(await lab.token())
        await lab.say("xCommand License Smart Deregister")
        lab.lab.advance(2)
        assert "Status: Unregistered\r\n" in await lab.licence()
        assert await lab.instances() == ["wan-rtr-1"]


async def test_the_evaluation_clock_stops_while_registered_and_never_starts_anew() -> None:
    async with site(one_node("evaluation_days: 90")) as lab:
        lab.lab.advance(10 * DAY)
        assert "Evaluation Period Remaining: 80 days" in await lab.licence()
        await lab.register(await lab.token())
        lab.lab.advance(2)
        lab.lab.advance(40 * DAY)
        assert "Evaluation" not in await lab.licence()
        await lab.say("xCommand License Smart Deregister")
        assert "Evaluation Period Remaining: 79 days, 23 hours, 59 minutes, 58 seconds" in await lab.licence()


async def test_evaluation_warns_below_thirty_days_and_ends() -> None:
    async with site(one_node("evaluation_days: 31")) as lab:
        assert await lab.alarms() == []
        lab.lab.advance(2 * DAY)
        assert await lab.alarms() == ["30035"]
        lab.lab.advance(29 * DAY)
        assert "Status: EVAL EXPIRED" in await lab.licence()
        assert await lab.alarms() == ["30038"]
        await lab.register(await lab.token())
        lab.lab.advance(2)
        assert await lab.alarms() == []


async def test_renewing_the_registration_tells_cssm_that_the_host_name_is_hidden() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: EMEA}")) as lab:
        await lab.say("xConfiguration license smart privacy: hostname")
        assert "a-n1.example.com" in await lab.instances()
        assert "Sending Hostname: no" in await lab.licence()
        assert (await lab.say("xCommand License Smart Renew ID")).endswith("\r\nOK\r\n")
        assert "Last Renewal Attempt: SUCCEEDED on Jan 05 2026 12:00:00 UTC" in await lab.licence()
        assert await lab.instances() == ["wan-rtr-1", "UDI_PID:EXPY; UDI_SN:0E4D1FA5; "]


async def test_renewing_without_a_way_fails_with_reason_and_alarm() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: EMEA}")) as lab:
        lab.lab.world.node("a/n1").network = "isolated"
        await lab.say("xCommand License Smart Renew ID")
        await lab.say("xCommand License Smart Renew Auth")
        block = await lab.licence()
        assert "Last Renewal Attempt: FAILED on" in block
        assert "Last Communication Attempt: FAILED on" in block
        assert TIMED_OUT in block
        assert await lab.alarms() == ["30045", "30044"]
        lab.lab.world.node("a/n1").network = "open"
        await lab.say("xCommand License Smart Renew Auth")
        await lab.say("xCommand License Smart Renew ID")
        assert await lab.alarms() == []
        assert "ERROR" not in await lab.licence()


async def test_a_node_keeps_contact_by_itself_and_expires_without_it() -> None:
    async with site(
        one_node("registered: {account: example.com, virtual_account: EMEA, days_ago: 0}, usage: {rms: 1}")
    ) as lab:
        this = lab.lab.world.node("a/n1")
        lab.lab.advance(200 * DAY)
        assert this.registration is not None
        assert (lab.lab.world.now - this.registration.authorized_at).days < 31
        assert this.registration.renewal.startswith("SUCCEEDED")
        this.network = "isolated"
        lab.lab.advance(100 * DAY)
        assert "Status: AUTHORIZATION EXPIRED" in await lab.licence()
        assert "30039" in await lab.alarms()
        lab.lab.advance(300 * DAY)
        assert "Status: Unregistered : Registration Expired" in await lab.licence()
        assert "30041" in await lab.alarms()
        this.network = "open"
        await lab.register(await lab.token())
        lab.lab.advance(2)
        assert await lab.alarms() == []


async def test_a_pool_that_is_too_small_is_out_of_compliance_on_both_sides() -> None:
    more = "usage: {room: 3}, registered: {account: example.com, virtual_account: EMEA}"
    async with site(one_node(more)) as lab:
        block = await lab.licence()
        assert "Status: OUT OF COMPLIANCE on" in block
        assert (
            "UC Manager Telepresence Room License (12.x) (regid.2016-07.com.cisco.UCM_TelePresenceRoom"
            in block
        )
        assert "Count: 3" in block
        assert await lab.alarms() == ["30036"]
        _, answer = await lab.api("POST", "/v1/accounts/example.com/licenses", {"virtualAccounts": ["EMEA"]})
        states = {
            one["license"]: (one["status"], one["inUse"], one["available"]) for one in answer["licenses"]
        }
        assert states["UC Manager Telepresence Room License (12.x)"] == ("Out Of Compliance", 3, -1)
        assert states["ISRV AX 500M"] == ("In Compliance", 2, 8)


async def test_a_higher_licence_lends_what_a_lower_one_lacks() -> None:
    text = one_node("usage: {desktop: 7}, registered: {account: example.com, virtual_account: EMEA}").replace(
        "desktop: 5,",
        'desktop: 5, "UC Manager Enhanced Plus License (12.x)": {quantity: 4, covers: desktop},',
    )
    async with site(text) as lab:
        assert "Status: AUTHORIZED on" in await lab.licence()
        _, answer = await lab.api("POST", "/v1/accounts/example.com/licenses", {})
        lent = [one["licenseSubstitutions"] for one in answer["licenses"] if one["licenseSubstitutions"]]
        assert lent[0][0]["substitutedQuantity"] == 2


async def test_transport_replicates_from_the_primary_after_a_while_where_it_does() -> None:
    peers = f"nodes: {{n1: {{{node('0E4D1FA5')}}}, n2: {{{node('0E4D1FA6')}}}}}"
    for replicates, expected in (("true", "satellite"), ("false", "direct")):
        text = world(
            f"  a: {{replicates_transport: {replicates}, {peers}}}\n", settings="replication_seconds: 60"
        )
        async with site(text) as lab:
            await lab.say("xConfiguration license smart transport: satellite", "a/n1")
            assert "Transport: direct" in await lab.say("xConfiguration license smart", "a/n2")
            lab.lab.advance(60)
            assert f"Transport: {expected}" in await lab.say("xConfiguration license smart", "a/n2")


async def test_a_peer_that_is_not_primary_gets_its_transport_back() -> None:
    peers = f"nodes: {{n1: {{{node('0E4D1FA5')}}}, n2: {{{node('0E4D1FA6')}}}}}"
    async with site(world(f"  a: {{{peers}}}\n", settings="replication_seconds: 60")) as lab:
        await lab.say("xConfiguration license smart transport: satellite", "a/n2")
        lab.lab.advance(60)
        assert "Transport: direct" in await lab.say("xConfiguration license smart", "a/n2")


async def test_a_registered_node_refuses_another_transport() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: EMEA}")) as lab:
        assert "ERROR" in await lab.say("xConfiguration license smart transport: satellite")
        assert "Transport: direct" in await lab.say("xConfiguration license smart")


async def test_smart_licensing_that_is_off_says_so_and_registers_nothing() -> None:
    async with site(one_node("smart: false", version="X14.0.11")) as lab:
        assert "Smart Licensing is DISABLED" in await lab.licence()
        assert "ERROR" in await lab.register(await lab.token())
        assert "ERROR" in await lab.register(await lab.token(), verb="Reregister")


async def test_an_on_prem_that_is_down_or_unknown_is_not_reached() -> None:
    async with site(
        one_node("transport: satellite, url: https://ssm.plant.example.com/SmartTransport")
    ) as lab:
        lab.lab.world.managers["plant"].answers_nodes = False
        await lab.register(await _plant_token(lab))
        lab.lab.advance(2)
        assert TIMED_OUT in await lab.licence()
        await lab.say("xConfiguration license smart url: https://other.example.com/SmartTransport")
        lab.lab.advance(900)
        assert "Could not resolve host: other.example.com." in await lab.licence()


async def test_a_second_registration_overtakes_the_first() -> None:
    async with site(one_node()) as lab:
        await lab.register("bm9ib2R5")
        lab.lab.advance(1)
        await lab.register(await lab.token())
        lab.lab.advance(1)
        assert "Registration Pending" in await lab.licence()
        lab.lab.advance(1)
        assert "Status: REGISTERED" in await lab.licence()


async def test_a_registration_that_ended_makes_no_more_contact() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: EMEA}")) as lab:
        await lab.say("xCommand License Smart Deregister")
        lab.lab.advance(400 * DAY)
        assert "Status: Unregistered\r\n" in await lab.licence()
        assert await lab.alarms() == ["30038"]


async def test_a_node_that_is_pointed_at_another_manager_cannot_renew() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: EMEA}")) as lab:
        this = lab.lab.world.node("a/n1")
        this.transport, this.url = "satellite", "https://ssm.plant.example.com/SmartTransport"
        await lab.say("xCommand License Smart Renew Auth")
        assert "Last Communication Attempt: FAILED on" in await lab.licence()
        assert await lab.alarms() == ["30044"]


async def test_a_node_that_moves_to_another_manager_leaves_the_old_one() -> None:
    async with site(one_node("registered: {account: example.com, virtual_account: EMEA}")) as lab:
        this = lab.lab.world.node("a/n1")
        this.transport, this.url = "satellite", "https://ssm.plant.example.com/SmartTransport"
        await lab.register(await _plant_token(lab), verb="Reregister")
        lab.lab.advance(2)
        assert "Virtual Account: Default" in await lab.licence()
        assert await lab.instances() == ["wan-rtr-1"]


async def test_a_failure_may_be_told_as_a_reason_and_a_proxy_on_one_line() -> None:
    form = "dialect: {failure: reason, proxy_layout: joined, status_words: dashed}"
    async with site(one_node(f"network: isolated, proxy: 'p:1', {form}")) as lab:
        await lab.register("bm9ib2R5")
        lab.lab.advance(2)
        block = await lab.licence()
        assert "Status: UNREGISTERED - REGISTRATION PENDING\r\n" in block
        assert "Initial Registration: FAILED on Jan 05 2026 12:00:02 UTC\r\n" in block
        assert f"Failure reason: {agent.TIMED_OUT}\r\n" in block
        assert "Proxy:\r\np:1\r\n" in block


def test_reasons_are_the_documented_ones() -> None:
    """Admin guide X15.3 and the TAC document on Expressway Smart Licensing."""
    assert TIMED_OUT == agent.TIMED_OUT + "."
    assert SELF_SIGNED == agent.SELF_SIGNED + "."
