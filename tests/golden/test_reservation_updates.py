"""Where a change of quantities, a return or a removal may stand half-way, and how it goes on from there."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.lab import portal
from providers.lab.nouns import DESKTOP, RMS

from .one_node import CONFIRM, REMOVE, SERIAL, UPDATE, OneNode, one_node

INSTALL, RETURN = "reservation install", "reservation return"
MORE = {RMS: 14, DESKTOP: 100}


async def test_an_update_that_is_made_and_not_installed_is_installed_and_confirmed(tmp_path: Path) -> None:
    async with one_node(tmp_path, "installed") as s:
        s.wants(14)
        s.breaks("error", INSTALL)
        await s.applied(7)
        await s.planned("update_not_installed.txt")
        await s.applied(0)
        await s.converged()
        assert (s.installed, s.ran(UPDATE), s.ran(RETURN)) == (MORE, 1, 0)


@pytest.mark.parametrize("shown", ["yes", "no"])
async def test_an_update_whose_code_was_lost_is_fetched(shown: str, tmp_path: Path) -> None:
    """CSSM may show what is in transit, or the old totals until the confirmation."""
    async with one_node(tmp_path, "installed") as s:
        s.lab.world.cloud.forms["pending_shown"] = shown
        s.wants(14)
        s.breaks("drop-after", UPDATE)
        await s.applied(8)
        if shown == "no":
            await s.planned("update_open.txt", code=6)
            await s.resolved("adopt", await s.left_open())
        await s.planned("update_lost.txt")
        await s.applied(9)
        await s.fetched((await s.waits("account.fetch_authorization"))["handoff_id"])
        await s.applied(0)
        await s.converged()
        assert (s.installed, s.ran(UPDATE)) == (MORE, 1)


async def test_an_update_that_is_installed_and_not_confirmed_is_confirmed(tmp_path: Path) -> None:
    async with one_node(tmp_path, "installed") as s:
        s.wants(14)
        s.breaks("error-in-200", CONFIRM)
        await s.applied(7)
        await s.planned("not_confirmed.txt")
        await s.applied(0)
        await s.converged()
        assert (s.ran(UPDATE), s.ran(INSTALL), s.ran(CONFIRM)) == (1, 1, 1)


async def test_a_confirmation_whose_answer_was_lost_shows_at_cssm(tmp_path: Path) -> None:
    async with one_node(tmp_path, "installed") as s:
        s.wants(14)
        s.breaks("drop-after", CONFIRM)
        await s.applied(0)
        await s.converged()
        assert s.ran(CONFIRM) == 1


async def test_a_confirmation_code_that_was_lost_is_found_and_entered_by_a_person(tmp_path: Path) -> None:
    async with one_node(tmp_path, "installed") as s:
        s.wants(14)
        s.breaks("drop-after", INSTALL)
        await s.applied(8)
        await s.planned("install_open.txt", code=6)
        await s.resolved("adopt", await s.left_open())
        await s.planned("confirmation_lost.txt")
        await s.applied(9)
        handoff = await s.waits("account.confirm_reservation")
        s.by_hand("reservation", "confirm")
        await s.applied(0)
        await s.converged()
        assert s.installed == MORE
        assert handoff["wants"] is None


LEAVES = ("--override", "XL099", "--reason", "it is taken down")
"""The evaluation clock of a node that came with a reservation was never seen."""


async def retired(s: OneNode) -> None:
    ran = await s.xlicense("retire", "cluster/ams-core")
    assert ran.code == 0, str(ran)


async def test_a_return_that_is_not_removed_is_removed(tmp_path: Path) -> None:
    async with one_node(tmp_path, "installed") as s:
        await retired(s)
        s.breaks("error-in-200", REMOVE)
        await s.applied(7, *LEAVES)
        await s.planned("not_removed.txt")
        await s.applied(0, *LEAVES)
        await s.converged()
        assert (s.ran(RETURN), s.ran(REMOVE)) == (1, 1)


async def test_a_removal_shows_late_or_without_an_answer(tmp_path: Path) -> None:
    async with one_node(tmp_path, "installed") as s:
        s.by_hand_at("cloud", "removal-seconds", "3")
        await retired(s)
        s.breaks("drop-after", REMOVE)
        await s.applied(0, *LEAVES)
        await s.converged()
        assert (s.ran(RETURN), s.ran(REMOVE)) == (1, 1)


async def test_a_return_whose_code_was_lost_is_a_case_for_cisco(tmp_path: Path) -> None:
    async with one_node(tmp_path, "installed") as s:
        await retired(s)
        s.breaks("drop-after", RETURN)
        await s.applied(8, *LEAVES)
        await s.resolved("adopt", await s.left_open())
        await s.planned("stranded.txt", code=6)
        portal.by_case(s.lab.world, serial=SERIAL)
        await s.applied(0)
        await s.converged()
        assert s.ran(RETURN) == 1
