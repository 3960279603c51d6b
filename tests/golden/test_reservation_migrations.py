"""From one way of being licensed to another, and what a person does about a dead node."""

from __future__ import annotations

from pathlib import Path

from providers.lab import portal
from providers.lab.by_hand import set_by_hand
from providers.lab.nouns import DESKTOP, RMS

from .harness import Scenario
from .one_node import AS_WANTED, CORE, REMOVE, RESERVE, SERIAL, one_node
from .test_reservations import carried_out, reserved, totals

__all__ = ["reserved"]


async def test_from_token_to_reservation(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.edit(CORE, "{mode: reservation}", "{mode: token}\ntransport: {mode: direct}")
        s.edit(CORE, ", reserve: {rms: 10, desktop: 100}", "")
        await s.applied(0)
        s.edit(CORE, "{mode: token}\ntransport: {mode: direct}", "{mode: reservation}")
        s.edit(CORE, '"0E4D3C01"', '"0E4D3C01", reserve: {rms: 10, desktop: 100}')
        await s.planned("from_token.txt")
        await s.applied(0)
        await s.converged()
        assert s.installed == AS_WANTED


async def test_a_whole_cluster_is_retired(reserved: Scenario) -> None:
    ran = await reserved.xlicense("retire", "cluster/ams-core")
    assert ran.code == 0, str(ran)
    reserved.golden("retire_cluster.txt", (await reserved.xlicense("plan")).out)
    await carried_out(reserved)
    await reserved.nothing_left()
    assert totals(reserved) == {}


async def test_a_dead_node_is_replaced_by_a_rehost_at_the_portal(reserved: Scenario) -> None:
    world = reserved.lab.world
    set_by_hand(world, "ams-core/c3", "rebuilt", "0E4D3C33")
    reserved.edit(CORE, 'serial: "0E4D3C03"', 'serial: "0E4D3C33", replaces: "0E4D3C03"')
    reserved.golden("replace.txt", (await reserved.xlicense("plan")).out)
    parked = await reserved.xlicense("apply", "--auto-approve")
    assert parked.code == 9, str(parked)
    reserved.golden("replace_parked.txt", parked.out[parked.out.index("Waiting for a person:") :])
    (handoff,) = (await reserved.xlicense("handoff", "list", "--json")).json()["handoffs"]
    request = world.node("ams-core/c3").holding.request or ""
    code = portal.rehost(world, failed="0E4D3C03", request_code=request)
    ran = await reserved.xlicense("handoff", "answer", handoff["handoff_id"], "--file", "-", stdin=code)
    assert ran.code == 0, str(ran)
    await carried_out(reserved)
    await reserved.nothing_left()
    assert totals(reserved)["0E4D3C33"] == AS_WANTED


async def test_a_code_that_was_never_installed_goes_back_by_itself(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.breaks("error", "reservation install")
        await s.applied(7)
        retired = await s.xlicense("retire", "cluster/ams-core")
        assert retired.code == 0, str(retired)
        await s.planned("never_installed.txt")
        await s.applied(0)
        await s.converged()
        assert (s.installed, s.ran(REMOVE), s.ran("returnauthorization")) == ({}, 1, 1)


async def test_a_request_that_is_not_wanted_any_more_is_cancelled(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.breaks("error-in-200", RESERVE)
        await s.applied(7)
        retired = await s.xlicense("retire", "cluster/ams-core")
        assert retired.code == 0, str(retired)
        await s.applied(0)
        await s.converged()
        assert s.ran(RESERVE) == 0


async def test_where_an_api_only_reserves_and_removes_a_person_updates_and_confirms(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.edit("xlicense.yaml", "profile: legacy", "profile: software-apis")
        s.edit("xlicense.yaml", s.lab.cssm_url, s.lab.software_apis_url)
        await s.applied(0)
        s.wants(14)
        await s.planned("software_apis_update.txt")
        await s.applied(9)
        update = await s.waits("account.update_reservation")
        code = portal.update(s.lab.world, serial=SERIAL, quantities={"rms": 14, "desktop": 100})
        await s.answered(update["handoff_id"], code)
        await s.applied(9)
        confirm = await s.waits("account.confirm_reservation")
        s.by_hand("reservation", "confirm")
        await s.answered(confirm["handoff_id"], None)
        await s.applied(0)
        await s.converged()
        assert s.installed == {RMS: 14, DESKTOP: 100}
