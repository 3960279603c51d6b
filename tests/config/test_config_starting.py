"""A new workspace loads, teaches, and overwrites nothing; `show desired` says where values come from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.config import describe, format_text, init_workspace, load
from reconciler.config.describing import duration
from reconciler.errors import UsageError, XlicenseError
from tests.config.config_texts import CLUSTER, WORKSPACE, Write
from tests.config.test_config_desired import AMS_CORE, AMS_EDGE, REFERENCE


def test_a_new_workspace_loads_with_an_id_of_its_own(tmp_path: Path) -> None:
    init_workspace(tmp_path / "one")
    init_workspace(tmp_path / "two")
    names = {load(tmp_path / name).desired.workspace for name in ("one", "two")}
    assert len(names) == 2
    assert all(re.fullmatch("[0-9a-f]{8}", name) for name in names)
    assert [item.code for item in load(tmp_path / "one").warnings] == ["no-clusters"]


def test_the_files_of_a_new_workspace_are_told(tmp_path: Path) -> None:
    files = init_workspace(tmp_path)
    assert [str(file.relative_to(tmp_path)) for file in files] == [
        "clusters/example.yaml.sample",
        ".gitignore",
        "schemas/workspace.v1.schema.json",
        "schemas/cluster.v1.schema.json",
        "xlicense.yaml",
    ]
    assert all(file.exists() for file in files)


def test_the_schema_lines_of_a_new_workspace_lead_to_its_schemas(tmp_path: Path) -> None:
    for file in init_workspace(tmp_path):
        for line in re.findall(r"\$schema=(\S+)", file.read_text() if "yaml" in file.name else ""):
            assert (file.parent / line).exists()


def test_the_example_cluster_is_valid_as_it_stands(tmp_path: Path) -> None:
    init_workspace(tmp_path)
    (tmp_path / "clusters/example.yaml.sample").rename(tmp_path / "clusters/example.yaml")
    assert load(tmp_path).warnings == ()


def test_what_is_commented_out_in_a_new_workspace_is_valid_too(tmp_path: Path) -> None:
    init_workspace(tmp_path)
    file = tmp_path / "xlicense.yaml"
    text = re.sub(r"^( *)# (?=[a-z-]+:|  )", r"\1", file.read_text(), flags=re.MULTILINE)
    file.write_text(text.replace("yaml-language-server:", "# yaml-language-server:"))
    desired = load(tmp_path).desired
    assert [account.name for account in desired.accounts] == ["main", "plant", "vault-room"]
    assert desired.account("main").apply


def test_the_files_of_a_new_workspace_are_formatted(tmp_path: Path) -> None:
    for file in init_workspace(tmp_path):
        if "yaml" in file.name:
            assert format_text(file.read_text(), file.name) == file.read_text()


def test_a_workspace_is_not_made_twice(tmp_path: Path) -> None:
    init_workspace(tmp_path)
    before = (tmp_path / "xlicense.yaml").read_text()
    with pytest.raises(UsageError, match="already"):
        init_workspace(tmp_path)
    assert (tmp_path / "xlicense.yaml").read_text() == before


def test_other_files_that_exist_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    assert tmp_path / ".gitignore" not in init_workspace(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(XlicenseError, match="cannot be written"):
        init_workspace(tmp_path / "file" / "workspace")


def origins(root: Path) -> dict[tuple[str, str], tuple[str, str]]:
    return {(row.address, row.field): (row.value, row.origin) for row in describe(root)}


def test_every_value_says_where_it_came_from(write: Write) -> None:
    found = origins(write(REFERENCE, ams_edge=AMS_EDGE, ams_core=AMS_CORE))
    assert found["cluster/ams-edge", "role"] == ("edge", "clusters/ams-edge.yaml:4")
    assert found["cluster/ams-edge", "labels.env"] == ("prod", "clusters/ams-edge.yaml:3")
    assert found["cluster/ams-edge", "manage"] == ("full", "built-in default")
    assert found["cluster/ams-edge", "registration.export_controlled"] == (
        "true",
        "clusters/ams-edge.yaml:10",
    )
    assert found["cluster/ams-edge/node/e1", "ssh.password"] == (
        "env:EXPRESSWAY_PASSWORD",
        "xlicense.yaml:27 defaults",
    )
    assert found["cluster/ams-core/node/c1", "reserve.desktop"][0] == "9 (version 14)"
    assert found["account/plant", "credentials.apply.client_secret"] == (
        "file:secrets/ssm",
        "xlicense.yaml:19",
    )
    assert found["workspace", "policy.plan_valid_for"] == ("24h", "xlicense.yaml:36")
    assert found["workspace", "policy.registration_wait"] == ("35m", "built-in default")
    assert found["workspace", "policy.alarms.ignore"] == ("40049", "xlicense.yaml:32")


def test_values_from_several_levels_each_say_their_own(write: Write) -> None:
    workspace = WORKSPACE.replace("defaults:", "defaults:\n  privacy: {hostname: hidden}") + (
        "policy:\n  limits: {pool_left_at_least: {emea: {rms: 5}}}\n"
        "  allow: [{action: node.enable_smart, target: cluster/x, until: 2027-01-31, reason: r}]\n"
    )
    workspace = workspace.replace("{kind: cloud}", "{kind: cloud, paths: {x: y}, capabilities: {x: false}}")
    workspace = workspace.replace(
        "  plant:", "    remove_instances: [{serial: 0E4D9999, reason: scrapped}]\n  plant:"
    )
    cluster = CLUSTER.replace("serial: 0E4D1FA5", "port: 2222, ssh: {username: me}").replace("emea", "plant")
    jump = "ssh: {jump: {host: j, username: u, key: {file: k}}}\n"
    found = origins(write(workspace, ams_edge=cluster.replace("direct", "on-prem") + jump))
    node = "cluster/ams-edge/node/e1"
    assert found[node, "ssh.port"] == ("2222", "clusters/ams-edge.yaml:7")
    assert found[node, "ssh.username"] == ("me", "clusters/ams-edge.yaml:7")
    assert found[node, "ssh.jump"] == ("u@j:22 (file:k)", "clusters/ams-edge.yaml:8")
    assert found["cluster/ams-edge", "privacy"] == ("hostname", "xlicense.yaml:18 defaults")
    assert found["cluster/ams-edge", "transport.url"] == (
        "https://ssm.example.com/SmartTransport",
        "xlicense.yaml:11",
    )
    assert found["account/emea", "manager.capabilities.x"] == ("false", "xlicense.yaml:7")
    assert found["account/emea", "remove_instances.0"][0] == "0E4D9999 (scrapped)"
    assert found["workspace", "policy.limits.pool_left_at_least.emea.rms"] == ("5", "xlicense.yaml:21")
    assert found["workspace", "policy.allow.0"][0] == "node.enable_smart at cluster/x until 2027-01-31 (r)"


def test_what_is_not_managed_is_not_described(write: Write) -> None:
    cluster = "cluster: ams-edge\nrole: core\naccount: emea\nnodes: [{name: c1, host: c1}]\n"
    assert not [
        key
        for key in origins(write(ams_edge=cluster))
        if key[1].startswith("registration") or "transport." in key[1]
    ]


@pytest.mark.parametrize(("seconds", "text"), [(86_400, "24h"), (2_100, "35m"), (90, "90s"), (0, "0s")])
def test_durations_are_written_in_the_largest_unit_that_fits(seconds: int, text: str) -> None:
    assert duration(seconds) == text
