"""The prompt for a code, through a real terminal."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest

from reconciler.model import CodeKind

from .crossing import OTHER_SERIAL, OTHER_UDI, Inside
from .test_commands import code, held, reserve


@pytest.fixture
async def inside(tmp_path: Path) -> Inside:
    made = Inside(tmp_path)
    await made.ready()
    return made


def asked(inside: Inside, handoff: str) -> Any:
    process = pexpect.spawn(
        sys.executable,
        ["-m", "reconciler.cli", "handoff", "answer", handoff],
        cwd=str(inside.folder),
        env=inside.environment,
        encoding="utf-8",
        timeout=30,
        dimensions=(24, 120),
    )
    process.expect_exact("Code (it is not shown): ")
    process.delaybeforesend = 0.1
    return process


def typed(inside: Inside, handoff: str, text: str) -> tuple[int, str]:
    process = asked(inside, handoff)
    process.sendline(text)
    process.expect(pexpect.EOF)
    process.close()
    return int(process.exitstatus), str(process.before)


async def test_a_code_that_is_pasted_is_taken_and_not_shown(inside: Inside) -> None:
    exit_code, said = await asyncio.to_thread(typed, inside, reserve(inside), code())
    assert exit_code == 0, said
    assert "accepted: " in said
    assert "specificPLR" not in said


async def test_the_other_nodes_code_is_a_mismatch_with_both_values(inside: Inside) -> None:
    pasted = code(OTHER_SERIAL, OTHER_UDI)
    exit_code, said = await asyncio.to_thread(typed, inside, reserve(inside), pasted)
    assert exit_code == 1, said
    assert OTHER_UDI in said


async def test_a_code_cut_off_by_the_terminal_is_kept_and_the_way_round_is_named(inside: Inside) -> None:
    """A terminal drops what is beyond 4,095 characters of a line without a word."""
    handoff = reserve(inside)
    long = code().replace("<piid>", "<note>" + "x" * 4_200 + "</note><piid>")
    exit_code, said = await asyncio.to_thread(typed, inside, handoff, long)
    assert exit_code == 1, said
    assert f"xlicense handoff answer {handoff} --file FILE" in " ".join(said.split())
    assert "it is not whole" in said


def interrupted(inside: Inside, handoff: str) -> tuple[int, str]:
    process = asked(inside, handoff)
    process.sendintr()
    process.expect(pexpect.EOF)
    process.close()
    return int(process.exitstatus), str(process.before)


async def test_ctrl_c_at_the_prompt_changes_nothing(inside: Inside) -> None:
    handoff = reserve(inside)
    exit_code, said = await asyncio.to_thread(interrupted, inside, handoff)
    assert exit_code == 130, said
    assert [item.handoff_id for item in held(inside).waiting] == [handoff]
    assert not [one for one in inside.codes() if one.kind is CodeKind.AUTHORIZATION]
