"""The whole life of reservations through the real command line: reserve, change, move, retire, migrate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from providers.lab import books
from tests.ran import Ran

from .harness import HERE, Scenario

FOLDER = HERE / "reservations"
CORE = "clusters/ams-core.yaml"


@pytest_asyncio.fixture
async def reserved(tmp_path: Path) -> AsyncIterator[Scenario]:
    """Three nodes that have reserved, by an apply of this workspace."""
    async with Scenario(FOLDER, tmp_path) as scenario:
        await scenario.ready()
        await carried_out(scenario)
        yield scenario
        books.check(scenario.lab.world)


async def carried_out(scenario: Scenario, *options: str) -> Ran:
    applied = await scenario.xlicense("apply", "--auto-approve", *options)
    assert applied.code == 0, str(applied)
    return applied


def totals(scenario: Scenario) -> dict[str, dict[str, int]]:
    """What each node has installed, by its serial."""
    return {
        node.serial: {line.name: line.quantity for line in node.holding.installed.lines}
        for node in scenario.lab.world.nodes.values()
        if node.holding.installed is not None
    }


async def test_three_nodes_reserve_by_api(tmp_path: Path) -> None:
    async with Scenario(FOLDER, tmp_path) as scenario:
        await scenario.ready()
        scenario.golden("reserve.txt", (await scenario.xlicense("plan")).out)
        await carried_out(scenario)
        await scenario.nothing_left()
        assert len(totals(scenario)) == 3
        books.check(scenario.lab.world)


async def test_a_quantity_grows_by_an_update_and_never_by_a_return(reserved: Scenario) -> None:
    reserved.edit(CORE, '"0E4D3C01", reserve: {rms: 10', '"0E4D3C01", reserve: {rms: 14')
    reserved.golden("grow.txt", (await reserved.xlicense("plan")).out)
    await carried_out(reserved)
    await reserved.nothing_left()
    assert totals(reserved)["0E4D3C01"]["Cisco Expressway Rich Media Session License"] == 14


async def test_ten_licences_move_between_nodes_where_the_pool_has_none_to_spare(reserved: Scenario) -> None:
    reserved.edit(CORE, '"0E4D3C01", reserve: {rms: 10', '"0E4D3C01", reserve: {rms: 40')
    await carried_out(reserved)
    reserved.edit(CORE, '"0E4D3C01", reserve: {rms: 40', '"0E4D3C01", reserve: {rms: 30')
    reserved.edit(CORE, '"0E4D3C02", reserve: {rms: 10', '"0E4D3C02", reserve: {rms: 20')
    refused = await reserved.xlicense("plan")
    reserved.golden("move_refused.txt", refused.out)
    accepted = ("--override", "XL073", "--reason", "moved to c2")
    reserved.golden("move.txt", (await reserved.xlicense("plan", *accepted)).out)
    await carried_out(reserved, *accepted)
    await reserved.nothing_left()


async def test_a_shortage_sends_nothing(reserved: Scenario) -> None:
    reserved.edit(CORE, '"0E4D3C01", reserve: {rms: 10', '"0E4D3C01", reserve: {rms: 41')
    before = len(reserved.lab.world.ledger.asked)
    ran = await reserved.xlicense("apply", "--auto-approve")
    assert ran.code == 6, str(ran)
    assert "1 too few" in ran.out
    assert [asked for asked in reserved.lab.world.ledger.asked[before:] if "reserv" in str(asked)] == []


async def test_a_retired_node_returns_and_its_licences_are_free(reserved: Scenario) -> None:
    retired = await reserved.xlicense("retire", "cluster/ams-core/node/c3")
    assert retired.code == 0, str(retired)
    reserved.golden("retire.txt", (await reserved.xlicense("plan")).out)
    await carried_out(reserved)
    await reserved.nothing_left()
    assert "0E4D3C03" not in totals(reserved)


async def test_another_virtual_account_returns_and_reserves_anew(reserved: Scenario) -> None:
    reserved.edit(CORE, "account: vault", "account: elsewhere")
    reserved.edit(CORE, "reserve: {rms: 10, desktop: 100}", "reserve: {rms: 5, desktop: 50}")
    reserved.golden("other_account.txt", (await reserved.xlicense("plan")).out)
    await carried_out(reserved)
    await reserved.nothing_left()


async def test_from_reservation_to_token(reserved: Scenario) -> None:
    reserved.edit(
        CORE, "registration: {mode: reservation}", "registration: {mode: token}\ntransport: {mode: direct}"
    )
    reserved.edit(CORE, ", reserve: {rms: 10, desktop: 100}", "")
    reserved.golden("to_token.txt", (await reserved.xlicense("plan")).out)
    await carried_out(reserved)
    await reserved.nothing_left()


async def test_a_new_serial_without_replaces_is_refused_and_with_it_a_person_rehosts(
    reserved: Scenario,
) -> None:
    world = reserved.lab.world
    from providers.lab.by_hand import set_by_hand

    set_by_hand(world, "ams-core/c3", "rebuilt", "0E4D3C33")
    ran = await reserved.xlicense("apply", "--auto-approve")
    assert "XL305" in ran.out, str(ran)
    reserved.edit(CORE, 'serial: "0E4D3C03"', 'serial: "0E4D3C33", replaces: "0E4D3C03"')
    ran = await reserved.xlicense("apply", "--auto-approve")
    assert ran.code == 9, str(ran)
    listed = (await reserved.xlicense("handoff", "list", "--json")).json()["handoffs"]
    assert [item["kind"] for item in listed] == ["account.rehost"]
