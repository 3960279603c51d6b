"""The lab of one cell. Belongs here: its world and clock. Does not belong here: providers and judgement."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from providers.lab import Lab, LabClock, build_world
from tests.lab.lab_clients import START, world

from .cells import Cell


@asynccontextmanager
async def lab_of(cell: Cell, clusters: str) -> AsyncIterator[Lab]:
    """Runs until the block ends, with these clusters and in the dialects that the cell's seed draws."""
    drawn = "dialects: drawn, " if cell.seed else ""
    text = world(clusters).replace("settings: {", f"settings: {{{drawn}seed: {cell.seed}, ")
    lab = Lab(build_world(text, START), clock=LabClock(START, frozen=True))
    async with lab:
        yield lab
