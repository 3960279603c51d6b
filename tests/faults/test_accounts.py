"""F1, accounts: every fault of an HTTPS connection at every position of every effect."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from . import accounts, cells
from .judge import Played
from .report import TOGETHER, report


@pytest.mark.timeout(900)
@pytest.mark.parametrize("effect", accounts.EFFECTS)
async def test_a_fault_of_cssm_is_never_taken_for_another_outcome(effect: str, tmp_path: Path) -> None:
    at_once = asyncio.Semaphore(TOGETHER)

    async def one(cell: cells.Cell) -> tuple[Played, list[str]]:
        async with at_once:
            return await accounts.play(cell, tmp_path)

    report(await asyncio.gather(*map(one, cells.of_account(effect))))
