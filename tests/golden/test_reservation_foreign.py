"""Where both sides and the journal do not fit together: nothing is sent until a person has decided, and then
it goes on."""

from __future__ import annotations

from pathlib import Path

from providers.lab import portal
from providers.lab.nouns import DESKTOP, RMS

from .one_node import AS_WANTED, NODE, RESERVE, SERIAL, UPDATE, OneNode, one_node


async def refused(s: OneNode, golden: str) -> None:
    """A plan that says so, and an apply that sends nothing."""
    s.golden(golden, (await s.xlicense("plan")).out)
    before = len(s.lab.ledger.asked)
    ran = await s.applied(6)
    assert "XL370" in ran.out
    sent = [one.text for one in s.lab.ledger.asked[before:] if "reserv" in one.text.casefold()]
    assert [text for text in sent if "search" not in text] == []


async def test_a_request_of_somebody_else_is_left_alone_until_it_is_adopted(tmp_path: Path) -> None:
    async with one_node(tmp_path, "requested") as s:
        await refused(s, "foreign_request.txt")
        await s.resolved("adopt")
        await s.planned("foreign_request_adopted.txt")
        await s.applied(0)
        await s.converged()
        assert s.installed == AS_WANTED


async def test_a_reservation_of_somebody_else_is_fetched_once_it_is_adopted(tmp_path: Path) -> None:
    async with one_node(tmp_path, "issued") as s:
        await refused(s, "foreign_issued.txt")
        await s.resolved("adopt")
        await s.applied(9)
        await s.fetched((await s.waits("account.fetch_authorization"))["handoff_id"])
        await s.applied(0)
        await s.converged()
        assert (s.installed, s.ran(RESERVE)) == (AS_WANTED, 0)


async def test_an_update_of_somebody_else_is_finished_once_it_is_adopted(tmp_path: Path) -> None:
    async with one_node(tmp_path, "transit", update={"rms": 5, "desktop": 100}) as s:
        await refused(s, "foreign_update.txt")
        await s.resolved("adopt")
        await s.planned("foreign_update_adopted.txt")
        await s.applied(9)
        await s.fetched((await s.waits("account.fetch_authorization"))["handoff_id"])
        s.golden("foreign_update_fetched.txt", (await s.applied(6)).out)
        await s.applied(0, "--override", "XL376", "--reason", "it is finished first")
        assert s.installed == {RMS: 5, DESKTOP: 100}
        await s.applied(0)
        await s.converged()
        assert s.installed == AS_WANTED


async def test_a_node_put_back_from_a_snapshot_is_left_alone(tmp_path: Path) -> None:
    async with one_node(tmp_path, "installed") as s:
        s.by_hand("dialect", "reserved_lines=listed")
        s.by_hand("snapshot", "take")
        s.wants(14)
        await s.applied(0)
        s.by_hand("snapshot", "restore")
        await refused(s, "snapshot.txt")
        s.by_hand("reservation", "install")
        await s.converged(by_hand=1)
        assert s.ran(UPDATE) == 1


async def test_two_totals_that_a_person_adopts_are_changed_back_to_the_yaml(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        await s.applied(0)
        s.by_hand("reserved", "rms=5")
        s.by_hand("reservation", "install")
        s.by_hand("reservation", "confirm")
        await refused(s, "changed_at_the_portal.txt")
        await s.resolved("adopt")
        await s.applied(0)
        await s.converged()
        assert s.installed == AS_WANTED


async def test_an_installed_node_that_cssm_does_not_know_is_left_alone(tmp_path: Path) -> None:
    async with one_node(tmp_path, "installed") as s:
        portal.by_case(s.lab.world, serial=SERIAL)
        await refused(s, "absent.txt")
        s.by_hand("reservation", "return")
        await s.applied(0)
        await s.converged()
        assert s.installed == AS_WANTED


async def test_a_return_whose_code_is_lost_is_a_case_for_cisco_licensing(tmp_path: Path) -> None:
    async with one_node(tmp_path, "returned") as s:
        await refused(s, "stranded_by_hand.txt")
        portal.by_case(s.lab.world, serial=SERIAL)
        await s.applied(0)
        await s.converged()
        assert s.installed == AS_WANTED


async def test_a_node_in_two_modes_at_once_is_left_alone(tmp_path: Path) -> None:
    async with one_node(tmp_path, "issued") as s:
        s.by_hand("reservation", "cancel")
        s.by_hand("reservation", "disable")
        s.by_hand("virtual-account", "Reserved")
        await refused(s, "two_modes.txt")
        s.by_hand("registration", "none")
        portal.by_case(s.lab.world, serial=SERIAL)
        await s.applied(0)
        await s.converged()


async def test_a_reservation_in_another_account_is_left_alone(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.by_hand("dialect", "request_code=compact")
        s.begins("requested")
        s.by_hand("reserved", "Elsewhere:rms=5")
        await refused(s, "elsewhere.txt")
        s.by_hand("reservation", "install")
        s.by_hand("reservation", "return")
        s.by_hand("reservation", "remove")
        await s.applied(0)
        await s.converged()
        assert s.lab.world.node(NODE).holding.installed is not None
