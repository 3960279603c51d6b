"""What the world around a workspace can do wrong: one clear message, its exit code, and nothing is sent."""

from __future__ import annotations

import shutil
from pathlib import Path

import trustme

from tests.golden.harness import HERE, Scenario


def fresh(tmp_path: Path) -> Scenario:
    return Scenario(HERE / "fresh_two_nodes", tmp_path)


async def test_a_literal_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        s.edit("xlicense.yaml", "password: {file: .lab/admin-password}", "password: Hunter2-literal")
        for command in ("validate", "plan", "drift"):
            ran = await s.xlicense(command)
            assert ran.code == 3, str(ran)
            assert "xlicense.yaml:" in ran.out + ran.err
            assert "Hunter2" not in ran.out + ran.err


async def test_an_unreachable_host_is_named_and_costs_only_itself(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        s.lab.faults.add("ams-edge/e2", "refuse", times=None)
        ran = await s.xlicense("plan")
        assert ran.code == 11, str(ran)
        assert "ams-edge/node/e2" in ran.out
        assert "cluster/ams-edge/node/e1  (0E4D1FA5" in ran.out


async def test_a_wrong_password_is_tried_once(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        (s.workspace / ".lab/admin-password").write_text("not-the-password\n")
        ran = await s.xlicense("plan")
        assert ran.code == 10, str(ran)
        assert [s.lab.ledger.login_count(f"ams-edge/{node}") for node in ("e1", "e2")] == [1, 1]
        assert "not-the-password" not in ran.out + ran.err


async def test_a_certificate_of_another_authority_is_not_trusted(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        trustme.CA().cert_pem.write_to_path(s.workspace / ".lab/ca.pem")
        ran = await s.xlicense("plan")
        assert ran.code == 10, str(ran)
        assert "ca_file" in ran.out + ran.err
        assert s.lab.ledger.asked_of("cloud") == ()


async def test_a_web_page_instead_of_json_is_called_one(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        s.lab.faults.add("cloud", "html", match="/accounts|/licen|/devices", times=None)
        ran = await s.xlicense("plan")
        assert ran.code == 11, str(ran)
        assert "web page" in ran.out + ran.err


async def test_a_state_folder_that_cannot_be_written_stops_before_anything_is_asked(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        (tmp_path / "flat").write_text("")
        ran = await s.xlicense("plan", XDG_STATE_HOME=str(tmp_path / "flat"))
        assert ran.code == 1, str(ran)
        assert "bug" not in ran.err
        assert str(tmp_path / "flat") in ran.err.replace("\n", "")
        assert s.lab.ledger.logins == []


async def test_a_plan_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        (s.workspace / "flat").write_text("")
        ran = await s.xlicense("plan", "-o", "flat/plan.json")
        assert ran.code == 1, str(ran)
        assert "cannot be written" in ran.err


async def test_no_workspace_at_all_is_told_with_the_way_to_make_one(tmp_path: Path) -> None:
    async with fresh(tmp_path) as s:
        shutil.rmtree(s.workspace)
        s.workspace.mkdir()
        ran = await s.xlicense("plan")
        assert ran.code == 3, str(ran)
        assert "xlicense.yaml" in ran.err
