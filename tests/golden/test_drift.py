"""Drift as CI sees it, two applies at once, and an apply that is killed in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from providers.lab.by_hand import set_by_hand
from tests.golden.harness import HERE, Scenario

NODE = "cluster/ams-edge/node/e2"


def fresh(tmp_path: Path) -> Scenario:
    return Scenario(HERE / "fresh_two_nodes", tmp_path)


async def converged(s: Scenario) -> None:
    await s.ready()
    s.edit("clusters/ams-edge.yaml", "transport:", "privacy: {hostname: hidden}\ntransport:")
    applied = await s.xlicense("apply", "--auto-approve")
    assert applied.code == 0, str(applied)


async def test_a_change_behind_our_back_is_named_by_node_field_before_and_after(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        await converged(s)
        assert (await s.xlicense("drift")).code == 0
        set_by_hand(s.lab.world, "ams-edge/e2", "privacy", "none")
        before = len(s.lab.ledger.asked)
        text = await s.xlicense("drift")
        assert text.code == 2, str(text)
        for words in (NODE, "privacy", "none", "hostname", "changed behind our back"):
            assert words in text.out, f"{words!r}\n{text}"
        s.golden("drift.txt", text.out)
        told = await s.xlicense("drift", "--format", "json")
        assert told.code == 2
        assert NODE in str(told.json())
        s.golden("drift.json", told.out)
        markdown = await s.xlicense("drift", "--format", "markdown")
        assert markdown.code == 2
        assert "e2" in markdown.out
        assert len(markdown.out) < 65_536
        s.golden("drift.md", markdown.out)
        words = [one.text.casefold() for one in s.lab.ledger.asked[before:] if one.where != "cloud"]
        assert words
        assert not [text for text in words if text.startswith("xcommand") or ": " in text], "drift only reads"


async def test_what_cannot_be_read_is_named_apart_from_drift(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        await converged(s)
        s.lab.faults.add("ams-edge/e1", "refuse", times=None)
        ran = await s.xlicense("drift")
        assert ran.code == 11, str(ran)
        assert "ams-edge/node/e1" in ran.out


async def test_of_two_applies_at_once_one_works_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        await s.ready()
        both = await asyncio.gather(*(s.xlicense("apply", "--auto-approve") for _ in range(2)))
        codes = sorted(ran.code for ran in both)
        assert codes[0] == 0, f"{both[0]}\n{both[1]}"
        assert codes[1] in {0, 4, 5, 6}, f"{both[0]}\n{both[1]}"
        for name in ("ams-edge/e1", "ams-edge/e2"):
            sent = [one for one in s.lab.ledger.asked_of(name, "smart register") if one.ran]
            assert len(sent) == 1, sent
        await s.nothing_left()


async def test_an_apply_that_is_killed_is_finished_by_the_next_without_registering_twice(
    tmp_path: Path,
) -> None:
    async with fresh(tmp_path) as s:
        await s.ready()
        s.lab.faults.add("ams-edge/e1", "silent", match="smart register")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "reconciler.cli", "apply", "--auto-approve"),
            cwd=s.workspace,
            env=s.environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            while not s.lab.ledger.asked_of("ams-edge/e1", "smart register"):  # noqa: ASYNC110 - the ledger has no bell to wait for
                await asyncio.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        open_ones = await s.xlicense("op", "list")
        assert "register, run" in open_ones.out, str(open_ones)
        finished = await s.xlicense("apply", "--auto-approve")
        assert finished.code == 0, str(finished)
        sent = [one for one in s.lab.ledger.asked_of("ams-edge/e1", "smart register") if one.ran]
        assert len(sent) == 1, sent
        await s.nothing_left()
        assert "register, run" not in (await s.xlicense("op", "list")).out
