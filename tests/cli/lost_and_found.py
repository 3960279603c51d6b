"""Runs that are cut short, and what is said at the terminal afterwards.

Belongs here: an apply on its way, waiting for what the lab sees, reading what was said. Does not belong here:
the tests.
"""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from tests.golden.harness import Ran
from tests.golden.one_node import OneNode
from tests.torture.launcher import Ran as Told

INSTALL, REQUEST = "reservation install", "reservation request"
READS = (("plan",), ("op", "list"), ("codes", "list"))


async def until(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not happened():  # noqa: ASYNC110 - neither the ledger nor a knob has a bell to wait for
            await asyncio.sleep(0.01)


@asynccontextmanager
async def applying(s: OneNode) -> AsyncIterator[Process]:
    """An apply on its way, which does not outlive the block."""
    process = await asyncio.create_subprocess_exec(
        *s.command("apply", "--auto-approve"),
        cwd=s.workspace, env=s.environment, stdin=DEVNULL, stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def ended(process: Process) -> Ran:
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(("apply",), process.returncode, out.decode(), err.decode())


def says(ran: Ran | Told, code: int, *words: str) -> None:
    """However the lines were broken."""
    said = " ".join(f"{ran.out} {ran.err}".split())
    assert ran.code == code, str(ran)
    assert [word for word in words if word not in said] == [], str(ran)


def state(s: OneNode) -> str:
    return str(s.tmp / "state" / "xlicense")


async def nothing_is_sent(s: OneNode, *words: str) -> None:
    """Neither plan nor apply goes as far as the network; both say why and what to do."""
    before = len(s.lab.ledger.asked)
    for command in (("plan",), ("apply", "--auto-approve")):
        says(await s.xlicense(*command), 1, state(s), "What to do:", *words)
    assert s.lab.ledger.asked[before:] == []
