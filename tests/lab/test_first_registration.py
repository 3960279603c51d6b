"""One node, one token, one instance: the shortest way through the whole lab."""

from tests.lab.lab_clients import one_node, site


async def test_a_token_made_over_https_registers_a_node_and_shows_in_cssm() -> None:
    async with site(one_node("host_name: e1.example.com")) as lab:
        token = await lab.token()
        assert (await lab.register(token)).endswith("\r\n\r\nOK\r\n")
        assert "Status: Unregistered : Registration Pending" in await lab.licence()
        assert await lab.instances() == ["wan-rtr-1"]
        lab.lab.advance(2)
        block = await lab.licence()
        assert "Status: REGISTERED\r\n" in block
        assert "Smart Account: example.com\r\n" in block
        assert "Virtual Account: EMEA\r\n" in block
        assert "Export-Controlled Functionality: ALLOWED" in block
        assert await lab.instances() == ["wan-rtr-1", "e1.example.com"]
