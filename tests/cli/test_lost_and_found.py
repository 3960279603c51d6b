"""What a person sees at the terminal after a kill, on a bad disk, without a node; and how it goes on.

Real processes against the lab's real SSH and HTTPS. Whatever went wrong, nothing is sent twice, no code that
was received is lost, and each command says where things stand and what comes next.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.golden.one_node import CONFIRM, NODE, SERIAL, UPDATE, OneNode, one_node

from .lost_and_found import INSTALL, READS, applying, ended, nothing_is_sent, says, until


async def goes_on(s: OneNode, **times: int) -> None:
    """The next apply does the rest; each thing was done so often."""
    await s.applied(0)
    await s.converged()
    for command, often in {"update": UPDATE, "install": INSTALL, "confirm": CONFIRM}.items():
        assert s.ran(often) == times.get(command, 1), command


@pytest.mark.parametrize(
    ("where", "state", "held", "next_step"),
    [
        (NODE, "updated, not installed", "authorization", "install the authorization code"),
        ("cloud", "installed, not confirmed", "confirmation", "enter the confirmation code"),
    ],
)
async def test_killed_in_the_middle_of_an_update(
    where: str, state: str, held: str, next_step: str, tmp_path: Path
) -> None:
    """The update is made at CSSM; the process dies before the node, or before CSSM, answers once more."""
    async with one_node(tmp_path, "installed") as s:
        s.wants(14)
        update = s.breaks("slow", UPDATE)
        async with applying(s) as process:
            await until(lambda: update.fired)
            stands_still = s.lab.faults.add(where, "silent", times=None)
            await until(lambda: stands_still.fired)
            process.kill()
        s.lab.faults.clear()
        planned, listed, codes = [await s.xlicense(*command) for command in READS]
        says(planned, 0, state, next_step, "Next: xlicense apply")
        says(listed, 0, "No effect is open.", "dead")
        says(codes, 0, f"{held}/{SERIAL}", "yes", "xlicense codes reveal")
        await goes_on(s)


async def test_killed_while_the_node_answers_an_update(tmp_path: Path) -> None:
    """The node has installed, and its confirmation code reached nobody: a person decides, then takes over."""
    async with one_node(tmp_path, "installed") as s:
        s.wants(14)
        install = s.breaks("silent", INSTALL)
        async with applying(s) as process:
            await until(lambda: install.fired and s.ran(INSTALL))
            process.kill()
        planned, listed, codes = [await s.xlicense(*command) for command in READS]
        op_id = await s.left_open()
        says(planned, 0, "XL304", f"xlicense op resolve {op_id}", "0 to do")
        says(listed, 8, op_id, "install authorization", "dead", "xlicense op show")
        says(codes, 0, f"authorization/{SERIAL}")
        await s.applied(6)
        await s.resolved("adopt", op_id)
        await s.applied(9)
        await s.waits("account.confirm_reservation")
        s.by_hand("reservation", "confirm")
        await goes_on(s, confirm=0)


@pytest.mark.parametrize("what", ["journal.*", "*"])
async def test_an_old_journal_that_was_copied_back_is_noticed_and_nothing_is_sent(
    what: str, tmp_path: Path
) -> None:
    async with one_node(tmp_path) as s:
        await s.applied(0)
        (folder,) = [path for path in (tmp_path / "state" / "xlicense").iterdir() if path.is_dir()]
        for source, target in ((folder, tmp_path / "old"), (tmp_path / "old", folder)):
            target.mkdir(exist_ok=True)
            for path in [path for path in source.glob(what) if path.is_file()]:
                shutil.copy2(path, target)
            if source is folder:
                s.wants(14)
                await s.applied(0)
                newest = shutil.copytree(folder, tmp_path / "newest")
                s.edit("clusters/ams-core.yaml", "rms: 14", "rms: 15")
        await nothing_is_sent(s, "was put back from an older copy")
        for command in (("op", "list"), ("codes", "list")):
            says(await s.xlicense(*command), 1, "was put back from an older copy")
        says(await s.xlicense("doctor"), 1, str(folder), "was put back from an older copy", "ends at record")
        shutil.copytree(newest, folder, dirs_exist_ok=True)
        await s.applied(0)
        await s.converged()


async def test_a_node_that_is_unplugged_before_the_confirmation_arrives(tmp_path: Path) -> None:
    """The confirmation does not reach CSSM, and the node cannot be asked either. The minute for which the run
    looks whether CSSM took it passes faster."""
    async with one_node(tmp_path, "installed") as s:
        s.wants(14)
        confirm = s.breaks("drop-before", CONFIRM)
        started = await s.launcher.start(
            ("apply", "--auto-approve"), cwd=s.workspace, environment=s.environment, folder=tmp_path,
            clock={"shift": 0.0, "speed": 20.0, "frozen": False},
        )  # fmt: skip
        await until(lambda: confirm.fired)
        unplug(s)
        says(await started.end(), 8, "Outcome not known:", "confirmation code")
        op_id = await s.left_open()
        planned, listed, codes = [await s.xlicense(*command) for command in READS]
        says(planned, 11, "unreachable", "confirm_reservation", f"xlicense op resolve {op_id}")
        says(listed, 8, op_id, "confirm reservation")
        says(codes, 0, f"confirmation/{SERIAL}")
        await s.applied(11)
        s.node.powered = True
        says(await s.xlicense("plan"), 0, "installed, not confirmed", f"xlicense op resolve {op_id}")
        await s.resolved("absent", op_id)
        await goes_on(s)


async def test_a_node_that_is_unplugged_when_the_confirmation_has_left(tmp_path: Path) -> None:
    """CSSM takes it after the node was unplugged; the next run that can read the node has nothing to do."""
    async with one_node(tmp_path, "installed") as s:
        s.wants(14)
        confirm = s.breaks("late", CONFIRM)
        async with applying(s) as process:
            await until(lambda: confirm.fired)
            unplug(s)
            says(await ended(process), 0, "3 done", "enter the confirmation code")
        says(await s.xlicense("plan"), 11, "unreachable", "0 to do")
        s.node.powered = True
        await s.converged()
        assert (s.ran(UPDATE), s.ran(INSTALL), s.ran(CONFIRM)) == (1, 1, 1)


def unplug(s: OneNode) -> None:
    s.node.powered = False
    for connection in s.lab.nodes[NODE].connections:
        connection.abort()
