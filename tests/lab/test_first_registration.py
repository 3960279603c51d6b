"""One node, one token, one instance: the shortest way through the whole lab."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime

import aiohttp
import asyncssh

from providers.lab import Lab, LabClock, build_world

WORLD = """
settings: {register_seconds: 2}
cloud:
  clients: [{client_id: reader, client_secret: s3cret}]
  accounts:
    example.com:
      virtual_accounts:
        Expressway EMEA: {licences: {rms: 10}}
clusters:
  ams-edge:
    nodes:
      e1: {serial: "0E4D1FA5", version: X14.3.1, role: edge, dns: [192.0.2.53]}
"""
START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


async def say(process: asyncssh.SSHClientProcess[bytes], line: str) -> str:
    process.stdin.write(line.encode() + b"\r\n")
    return (await process.stdout.readuntil(b"\r\nOK\r\n")).decode()


async def test_a_token_made_over_https_registers_a_node_and_shows_in_cssm() -> None:
    world = build_world(WORLD, START)
    async with Lab(world, clock=LabClock(START, frozen=True)) as lab:
        context = ssl.create_default_context(cadata=lab.ca_pem().decode())
        async with aiohttp.ClientSession() as session:
            form = {"client_id": "reader", "client_secret": "s3cret", "grant_type": "client_credentials"}
            async with session.post(f"{lab.cloud_origin}/as/token.oauth2", data=form, ssl=context) as answer:
                bearer = (await answer.json())["access_token"]
            headers = {"Authorization": f"Bearer {bearer}"}
            base = f"{lab.cssm_url}/v1/accounts/example.com/virtual-accounts/Expressway%20EMEA"
            body = {"description": "t", "expiresAfterDays": 1, "exportControlled": "Allowed"}
            async with session.post(f"{base}/tokens", json=body, headers=headers, ssl=context) as answer:
                token = (await answer.json())["tokenInfo"]["token"]
            async with (
                asyncssh.connect(
                    "127.0.0.1",
                    lab.port("ams-edge/e1"),
                    username="admin",
                    password="lab-password",
                    known_hosts=asyncssh.import_known_hosts(lab.known_hosts()),
                    config=None,
                    agent_path=None,
                ) as connection,
                connection.create_process(term_type="vt100", encoding=None) as process,
            ):
                await process.stdout.readuntil(b"OK\r\n")
                await say(process, f'xCommand License Smart Register Idtoken: "{token}"')
                assert "Unregistered : Registration Pending" in await say(process, "xstatus // license")
                lab.advance(2)
                assert "Status: REGISTERED" in await say(process, "xstatus // license")
            async with session.get(f"{base}/devices", headers=headers, ssl=context) as answer:
                devices = (await answer.json())["devices"]
    assert [one["instanceName"] for one in devices] == ["ams-edge.e1.example.com"]
