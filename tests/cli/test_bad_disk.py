"""On a disk that is full, or that may not be written: what is said, what is not sent, and how it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.golden.one_node import RESERVE, OneNode, one_node

from .lost_and_found import INSTALL, REQUEST, applying, ended, nothing_is_sent, says, state, until
from .small_disk import SmallDisk


@asynccontextmanager
async def on_a_small_disk(tmp_path: Path) -> AsyncIterator[tuple[OneNode, SmallDisk]]:
    """One node, and a journal on a disk of its own."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    with SmallDisk(tmp_path / "state") as disk:
        async with one_node(tmp_path) as s:
            s.environment["XDG_RUNTIME_DIR"] = str(runtime)
            s.before = disk.inside(s.workspace)
            says(await s.xlicense("plan"), 0, "4 to do")
            yield s, disk


async def test_on_a_full_disk_nothing_is_sent_and_with_room_it_goes_on(tmp_path: Path) -> None:
    async with on_a_small_disk(tmp_path) as (s, disk):
        disk.fill()
        await nothing_is_sent(s, "full", "Make room")
        said = await s.xlicense("doctor")
        says(said, 1, state(s), "full", "Make room")
        assert "restore" not in said.out, str(said)
        disk.make_room()
        await s.applied(0)
        await s.converged()


@pytest.mark.parametrize("command", [REQUEST, RESERVE, INSTALL])
async def test_a_disk_that_fills_up_while_an_answer_is_on_its_way(command: str, tmp_path: Path) -> None:
    """The answer is kept, nothing else is begun, and what to do is said."""
    async with on_a_small_disk(tmp_path) as (s, disk):
        slow = s.breaks("slow", command)
        async with applying(s) as process:
            await until(lambda: slow.fired)
            disk.fill()
            says(await ended(process), 1, state(s), "What to do:", "space")
        sent = len([one for one in s.lab.ledger.asked if one.ran and command in one.text.casefold()])
        assert sent == 1
        disk.make_room()
        await s.applied(0)
        await s.converged()
        assert [s.ran(each) for each in (REQUEST, RESERVE, INSTALL)] == [1, 1, 1]


async def test_a_read_only_state_folder_is_named_and_nothing_is_sent(tmp_path: Path) -> None:
    async with on_a_small_disk(tmp_path) as (s, disk):
        disk.read_only()
        await nothing_is_sent(s, "Read-only file system", "writable")
        said = await s.xlicense("doctor")
        says(said, 1, state(s), "read-only", "writable")
        assert "chmod" not in said.out, str(said)
        disk.read_only(False)
        await s.applied(0)
        await s.converged()
