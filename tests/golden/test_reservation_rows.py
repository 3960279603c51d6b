"""Where a first reservation may stand half-way, and how it goes on: each brought about by a fault."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from .one_node import AS_WANTED, RESERVE, one_node

REQUEST, INSTALL = "reservation request", "reservation install"


async def test_requested_and_not_reserved_goes_on_with_the_code_in_hand(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.breaks("error-in-200", RESERVE)
        await s.applied(7)
        await s.planned("requested.txt")
        await s.applied(0)
        await s.converged()
        assert s.installed == AS_WANTED
        assert s.ran(REQUEST) == 1


@pytest.mark.parametrize("again", ["same", "new"])
async def test_a_request_whose_code_was_lost_is_cancelled_and_made_again(again: str, tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.by_hand("dialect", f"request_again={again}")
        s.breaks("drop-after" if again == "same" else "mid-reply", REQUEST)
        await s.applied(8)
        await s.planned("request_lost.txt")
        await s.applied(0)
        await s.converged()
        assert (s.ran(REQUEST), s.ran("reservation cancel"), s.ran(RESERVE)) == (2, 1, 1)


@pytest.mark.parametrize("fault", ["drop-after", "mid-reply"])
async def test_a_reservation_whose_code_was_lost_is_fetched_and_never_made_again(
    fault: str, tmp_path: Path
) -> None:
    async with one_node(tmp_path) as s:
        s.breaks(fault, RESERVE)
        await s.applied(8)
        await s.planned("fetch.txt")
        await s.applied(9)
        handoff = await s.waits("account.fetch_authorization")
        await s.fetched(handoff["handoff_id"])
        await s.applied(0)
        await s.converged()
        assert (s.installed, s.ran(RESERVE)) == (AS_WANTED, 1)


async def test_a_reservation_that_succeeds_after_the_client_has_gone_is_found(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        slow = s.breaks("late", RESERVE, seconds=4)
        applying = asyncio.ensure_future(s.applied(8))
        async with asyncio.timeout(60):
            while not slow.fired:  # noqa: ASYNC110 - a knob has no bell to wait for
                await asyncio.sleep(0.01)
        s.lab.managers["cloud"].hang_up()
        told = await applying
        assert "the code is lost: fetch it" in " ".join(told.out.split())
        await s.applied(9)
        await s.fetched((await s.waits("account.fetch_authorization"))["handoff_id"])
        await s.applied(0)
        await s.converged()
        assert s.ran(RESERVE) == 1


async def test_reserved_and_not_installed_is_installed(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.breaks("error", INSTALL)
        await s.applied(7)
        await s.planned("not_installed.txt")
        await s.applied(0)
        await s.converged()
        assert (s.installed, s.ran(RESERVE)) == (AS_WANTED, 1)


@pytest.mark.parametrize("fault", ["drop-after", "mid-reply"])
async def test_an_install_whose_answer_was_lost_is_seen_at_the_node(fault: str, tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.breaks(fault, INSTALL)
        await s.applied(0)
        await s.converged()
        assert s.ran(INSTALL) == 1
