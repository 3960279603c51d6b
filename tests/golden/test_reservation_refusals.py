"""What is refused before anything is sent, with the words that tell a person what to do instead."""

from __future__ import annotations

from pathlib import Path

from providers.lab.by_hand import set_by_hand
from providers.lab.nouns import AAS, DESKTOP_14, TAGS, Pool

from .one_node import AS_WANTED, CORE, NODE, OneNode, one_node


async def refused(s: OneNode, golden: str, rule: str, *options: str) -> None:
    s.golden(golden, (await s.xlicense("plan", *options)).out)
    ran = await s.applied(6, *options)
    assert rule in ran.out, str(ran)
    sent = [one.text.casefold() for one in s.lab.ledger.asked]
    assert [text for text in sent if "xcommand license" in text or "-licenses" in text] == []
    s.audited()


async def test_an_on_prem_knows_no_reservations(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        manager = "manager: {kind: on-prem, base_url: https://ssm.example.com:8443, ca_file: .lab/ca.pem}"
        account = f"plant: {{local_account: Plant, virtual_account: Default, {manager}}}"
        s.edit("xlicense.yaml", "accounts:\n", f"accounts:\n  {account}\n")
        s.edit(CORE, "account: vault", "account: plant")
        checked = await s.xlicense("validate")
        assert "XL046" in checked.out + checked.err, str(checked)
        assert checked.code != 0


async def test_a_licence_in_two_versions_has_to_be_named(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        pools = s.lab.world.virtual_account("cloud", "example.com", "Reserved").pools
        pools.append(Pool(DESKTOP_14, 200, TAGS[DESKTOP_14]))
        await refused(s, "two_versions.txt", "XL057")
        s.edit(CORE, "desktop: 100", "desktop: {quantity: 100, version: 14}")
        await s.applied(0)
        await s.converged()
        assert s.installed[DESKTOP_14] == 100


async def test_a_licence_is_not_given_back_where_the_evaluation_is_over(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.edit(CORE, "{mode: reservation}", "{mode: token}\ntransport: {mode: direct}")
        s.edit(CORE, ", reserve: {rms: 10, desktop: 100}", "")
        s.by_hand("evaluation-days", "0")
        await s.applied(0)
        s.edit(CORE, "{mode: token}\ntransport: {mode: direct}", "{mode: reservation}")
        s.edit(CORE, '"0E4D3C01"', '"0E4D3C01", reserve: {rms: 10, desktop: 100}')
        s.golden("evaluation_over.txt", (await s.xlicense("plan")).out)
        assert "XL097" in (await s.applied(6)).out
        assert s.node.registration is not None


async def test_an_account_without_the_flag_of_cisco_is_told(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        set_by_hand(s.lab.world, "cloud", "reservations", "off")
        ran = await s.applied(7)
        s.golden("no_flag.txt", ran.out[ran.out.index("Failed:") :])
        set_by_hand(s.lab.world, "cloud", "reservations", "on")
        await s.applied(0)
        await s.nothing_left()


async def test_a_release_that_knows_no_reservations_is_refused(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.node.version = "X14.0.8"
        await refused(s, "old_release.txt", "XL006")


async def test_two_nodes_with_one_serial_are_told_apart_from_the_yaml(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.node.serial = "0E4D3C02"
        await refused(s, "other_serial.txt", "XL305")


async def test_an_extra_line_of_cssm_is_refused_until_it_is_accepted(tmp_path: Path) -> None:
    async with one_node(tmp_path) as s:
        s.by_hand_at("cloud", "form", "extra_line=added")
        told = await s.applied(7)
        s.golden("extra_line_apply.txt", told.out[told.out.index("Failed:") :])
        s.golden("extra_line.txt", (await s.xlicense("plan")).out)
        await s.applied(6)
        accepted = ("--override", "XL376", "--reason", "CSSM adds Advanced Account Security")
        await s.applied(0, *accepted)
        await s.nothing_left()
        assert s.installed == {**AS_WANTED, AAS: 1}
        s.edit(CORE, "rms: 10", "rms: 12")
        await s.planned("extra_line_update.txt")
        await s.applied(0)
        await s.converged()
        assert s.installed[AAS] == 1
        assert s.lab.world.node(NODE).holding.installed is not None
