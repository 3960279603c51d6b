"""What only shows when keys or files are seen together."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.config import load
from reconciler.config.checking_workspace import satisfies
from reconciler.errors import Complaint, ConfigError
from tests.config.config_texts import CLUSTER, WORKSPACE, Write


def errors(root: Path) -> list[Complaint]:
    try:
        load(root)
    except ConfigError as error:
        return [item for item in error.complaints if item.level == "error"]
    return []


def codes(root: Path) -> list[str]:
    return [item.code for item in errors(root)]


def only(root: Path) -> Complaint:
    (found,) = errors(root)
    return found


def node(name: str, more: str = "") -> str:
    return f"  - {{name: {name}, host: {name}.example.com{more}}}\n"


HEAD = "cluster: ams-edge\nrole: edge\naccount: emea\n"
RESERVING = "cluster: ams-edge\nrole: edge\naccount: emea\nregistration: {mode: reservation}\nnodes:\n"


def test_an_account_that_is_not_there_is_named_with_a_suggestion(write: Write) -> None:
    found = only(write(ams_edge=CLUSTER.replace("account: emea", "account: emae")))
    assert (found.line, found.column, found.code) == (3, 10, "unknown-account")
    assert found.message == "account emae is not in xlicense.yaml; did you mean emea?"


def test_a_default_account_that_is_not_there_is_said_once(write: Write) -> None:
    workspace = WORKSPACE.replace("defaults:", "defaults:\n  account: nowhere")
    found = only(write(workspace, ams_edge=CLUSTER.replace("account: emea\n", "")))
    assert (found.path, found.code) == ("xlicense.yaml", "unknown-account")
    assert "known are emea, plant, vault-room" in found.message


def test_a_cluster_needs_a_role_and_an_account_from_somewhere(write: Write) -> None:
    root = write(ams_edge="cluster: ams-edge\nnodes:\n" + node("e1"))
    assert [item.message for item in errors(root)] == [
        "account is missing, here and in defaults",
        "role is missing, here and in defaults",
    ]


def test_two_nodes_with_one_serial_are_refused_whatever_its_case(write: Write) -> None:
    root = write(
        a="cluster: a\nrole: edge\naccount: emea\nnodes:\n" + node("a1", ", serial: 0E4D1FA5"),
        b="cluster: b\nrole: edge\naccount: emea\nnodes:\n" + node("b1", ", serial: 0e4d1fa5"),
    )
    found = only(root)
    assert (found.path, found.line, found.code) == ("clusters/b.yaml", 5, "duplicate-serial")
    assert "cluster/a/node/a1 in clusters/a.yaml:5" in found.message


def test_two_nodes_at_one_host_and_port_are_refused(write: Write) -> None:
    twice = "  - {name: e2, host: E1.example.com}\n"
    assert codes(write(ams_edge=CLUSTER + twice)) == ["duplicate-host"]


def test_the_same_host_with_another_port_or_behind_another_jump_host_is_another_machine(write: Write) -> None:
    jump = "{jump: {host: j, username: u, key: {file: k}}}"
    other_port = "  - {name: e2, host: e1.example.com, port: 2222}\n"
    behind = f"  - {{name: e3, host: e1.example.com, ssh: {jump}}}\n"
    assert not errors(write(ams_edge=CLUSTER + other_port + behind))


def test_a_retired_node_may_share_its_host_with_its_successor(write: Write) -> None:
    more = "  - {name: e2, host: e1.example.com, state: retired}\n"
    assert not errors(write(ams_edge=CLUSTER + more))


def test_replacing_a_node_that_is_still_active_is_refused(write: Write) -> None:
    more = node("e2", ", serial: 0E4D2B17, replaces: 0E4D1FA5")
    assert codes(write(ams_edge=CLUSTER + more)) == ["replaces-active"]


def test_replacing_a_serial_that_nobody_has_is_fine(write: Write) -> None:
    assert not errors(write(ams_edge=CLUSTER + node("e2", ", serial: 0E4D2B17, replaces: 0E4D9999")))


def test_a_cluster_name_in_two_files_is_refused(write: Write) -> None:
    other = "cluster: ams-edge\nrole: edge\naccount: emea\nnodes:\n" + node("x1")
    found = only(write(ams_edge=CLUSTER, b=other))
    assert found.code == "duplicate-cluster"
    assert "clusters/ams-edge.yaml:1" in found.message


def test_a_node_name_twice_in_a_cluster_is_refused(write: Write) -> None:
    assert codes(write(ams_edge=CLUSTER + "  - {name: e1, host: other}\n")) == ["duplicate-node"]


def test_a_file_that_is_not_named_after_its_cluster_is_a_warning(write: Write) -> None:
    (warning,) = load(write(other=CLUSTER)).warnings
    assert (warning.code, warning.level) == ("file-name", "warning")


def test_six_peers_are_a_cluster_and_seven_are_not(write: Write) -> None:
    six = HEAD + "nodes:\n" + "".join(node(f"e{index}") for index in range(6))
    assert not errors(write(ams_edge=six))
    found = only(write(ams_edge=six + node("e6")))
    assert (found.line, found.code) == (11, "too-many-nodes")


def test_a_seventh_node_that_is_retired_does_not_count(write: Write) -> None:
    six = HEAD + "nodes:\n" + "".join(node(f"e{index}") for index in range(6))
    assert not errors(write(ams_edge=six + node("e6", ", state: retired")))


@pytest.mark.parametrize(
    ("account", "mode", "message"),
    [
        ("emea", "on-prem", "transport on-prem needs an on-prem account; emea is cloud"),
        ("vault-room", "on-prem", "transport on-prem needs an on-prem account; vault-room is hand-off"),
        ("plant", "direct", "account plant is on-prem, so the transport must be on-prem, not direct"),
    ],
)
def test_transport_and_account_must_agree(write: Write, account: str, mode: str, message: str) -> None:
    text = CLUSTER.replace("account: emea", f"account: {account}").replace("mode: direct", f"mode: {mode}")
    found = only(write(ams_edge=text))
    assert (found.code, found.message) == ("transport-account", message)


def test_on_prem_needs_the_url_at_its_account(write: Write) -> None:
    workspace = WORKSPACE.replace("    transport_url: https://ssm.example.com/SmartTransport\n", "")
    text = CLUSTER.replace("emea", "plant").replace("direct", "on-prem")
    assert (
        only(write(workspace, ams_edge=text)).message
        == "transport on-prem needs transport_url at account plant"
    )


@pytest.mark.parametrize("given", ["", ", host: proxy.example.com", ", port: 8080"])
def test_a_proxy_needs_a_host_and_a_port(write: Write, given: str) -> None:
    text = CLUSTER.replace("{mode: direct}", f"{{mode: proxy{given}}}")
    assert codes(write(ams_edge=text)) == ["proxy-incomplete"]


def test_proxy_keys_belong_to_the_proxy_only(write: Write) -> None:
    text = CLUSTER.replace("{mode: direct}", "{mode: direct, host: proxy.example.com}")
    found = only(write(ams_edge=text))
    assert (found.column, found.code) == (27, "transport-mode")


def test_a_default_transport_is_checked_where_it_is_written(write: Write) -> None:
    workspace = WORKSPACE + "  transport: {mode: proxy}\n"
    found = only(write(workspace, ams_edge=CLUSTER))
    assert (found.path, found.code) == ("xlicense.yaml", "proxy-incomplete")


def test_a_reservation_needs_the_serial_of_each_node(write: Write) -> None:
    assert codes(write(ams_edge=RESERVING + node("e1", ", reserve: {rms: 20}"))) == ["serial-required"]


def test_a_reservation_needs_quantities(write: Write) -> None:
    assert codes(write(ams_edge=RESERVING + node("e1", ", serial: 0E4D1FA5"))) == ["reserve-missing"]


def test_a_retired_node_reserves_nothing(write: Write) -> None:
    assert not errors(write(ams_edge=RESERVING + node("e1", ", serial: 0E4D1FA5, state: retired")))


def test_a_cluster_that_is_only_observed_needs_neither(write: Write) -> None:
    assert not errors(write(ams_edge="manage: observe\n" + RESERVING + node("e1")))


def test_quantities_without_the_mode_are_refused(write: Write) -> None:
    text = CLUSTER.replace("serial: 0E4D1FA5", "reserve: {rms: 1}")
    assert codes(write(ams_edge=text)) == ["reserve-mode"]


def test_an_entitlement_must_be_known(write: Write) -> None:
    found = only(write(ams_edge=RESERVING + node("e1", ", serial: 0E4D1FA5, reserve: {rns: 20}")))
    assert found.message == "entitlement rns is not known; did you mean rms?"


def test_an_entitlement_of_the_workspace_is_known(write: Write) -> None:
    workspace = WORKSPACE + "entitlements: {security: {display_name: Advanced Account Security}}\n"
    text = RESERVING + node("e1", ", serial: 0E4D1FA5, reserve: {security: 1}")
    assert not errors(write(workspace, ams_edge=text))


@pytest.mark.parametrize("key", ["token: {expires_after_days: 2}", "export_controlled: true"])
def test_a_reservation_takes_no_token(write: Write, key: str) -> None:
    text = RESERVING.replace("mode: reservation", f"mode: reservation, {key}")
    assert codes(write(ams_edge=text + node("e1", ", serial: 0E4D1FA5, reserve: {rms: 1}"))) == [
        "registration-mode"
    ]


def test_privacy_must_say_something(write: Write) -> None:
    assert codes(write(ams_edge=CLUSTER + "privacy: {}\n")) == ["bad-value"]


def test_missing_logins_are_said_once_however_many_nodes_need_them(write: Write) -> None:
    workspace = WORKSPACE.replace("  ssh: {password: {env: EXPRESSWAY_PASSWORD}}\n", "  role: edge\n")
    found = only(write(workspace, ams_edge=CLUSTER + node("e2")))
    assert (found.path, found.line, found.code) == ("xlicense.yaml", 16, "no-login")


def test_a_node_with_its_own_login_needs_no_default(write: Write) -> None:
    workspace = WORKSPACE.replace("  ssh: {password: {env: EXPRESSWAY_PASSWORD}}\n", "  role: edge\n")
    assert not errors(write(workspace, ams_edge=CLUSTER + "ssh: {key: {file: secrets/key}}\n"))
    half = CLUSTER.replace("serial: 0E4D1FA5", "ssh: {port: 2222}")
    assert codes(write(workspace, ams_edge=half)) == ["no-login"]


def test_a_password_and_a_key_together_are_refused(write: Write) -> None:
    both = "{password: {env: A}, key: {file: b}"
    assert codes(write(ams_edge=CLUSTER + f"ssh: {both}}}\n")) == ["one-login"]
    jump = f"{{jump: {{host: j, username: u, {both[1:]}}}}}"
    assert codes(write(ams_edge=CLUSTER + f"ssh: {jump}\n")) == ["one-login"]


def test_a_jump_host_needs_a_login(write: Write) -> None:
    assert codes(write(ams_edge=CLUSTER + "ssh: {jump: {host: j, username: u}}\n")) == ["no-login"]


READ = "    credentials: {read: {client_id: {env: A}, client_secret: {env: B}}}\n"


def account(text: str) -> str:
    return WORKSPACE.replace("  vault-room:", f"  other:\n    virtual_account: Other\n{text}  vault-room:")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("    manager: {kind: cloud}\n", "account-incomplete"),
        ("    manager: {kind: on-prem, base_url: 'https://x'}\n", "account-incomplete"),
        ("    local_account: a\n    manager: {kind: on-prem}\n", "account-incomplete"),
        ("    smart_account: a\n    local_account: b\n    manager: {kind: cloud}\n", "account-kind"),
        (
            "    smart_account: a\n    transport_url: 'https://x'\n    manager: {kind: cloud}\n",
            "account-kind",
        ),
        ("    manager: {kind: hand-off, profile: legacy}\n", "account-kind"),
        ("    manager: {kind: hand-off, base_url: 'https://x'}\n", "account-kind"),
        ("    manager: {kind: hand-off}\n" + READ, "account-kind"),
        ("    smart_account: a\n    manager: {kind: cloud, grant: password}\n" + READ, "account-incomplete"),
    ],
)
def test_an_account_must_fit_its_manager(write: Write, text: str, code: str) -> None:
    assert codes(write(account(text), ams_edge=CLUSTER)) == [code]


def test_the_password_grant_is_complete_with_user_and_password(write: Write) -> None:
    client = "client_id: {env: A}, client_secret: {env: B}, username: {env: C}, password: {env: D}"
    manager = "    smart_account: a\n    manager: {kind: cloud, grant: password}\n"
    text = f"{manager}    credentials: {{apply: {{{client}}}}}\n"
    assert not errors(write(account(text), ams_edge=CLUSTER))


def test_limits_name_known_accounts_and_entitlements(write: Write) -> None:
    pools = "policy: {limits: {pool_left_at_least: {nowhere: {rms: 5}, emea: {rns: 5}}}}\n"
    assert (
        codes(write(WORKSPACE + pools, ams_edge=CLUSTER)) == ["unknown-entitlement", "unknown-account"][::-1]
    )


def test_a_permission_names_an_address(write: Write) -> None:
    allow = "policy: {allow: [{action: node.enable_smart, target: e1, until: 2027-01-31, reason: x}]}\n"
    found = only(write(WORKSPACE + allow, ams_edge=CLUSTER))
    assert "target must be an address" in found.message


def test_the_release_must_be_one_that_the_workspace_takes(write: Write) -> None:
    found = only(write(WORKSPACE + 'required_version: ">=99"\n', ams_edge=CLUSTER))
    assert found.code == "required-version"


@pytest.mark.parametrize(
    ("wanted", "met"),
    [
        (">=0.1", True),
        (">=0.1,<2", True),
        ("<0.1", False),
        ("==0.1", True),
        ("!=0.1.0", False),
        ("> 0.0.9", True),
        ("<=0.1.0", True),
        (">=0.1, <0.1", False),
    ],
)
def test_versions_are_compared_part_by_part(wanted: str, met: bool) -> None:
    assert satisfies("0.1.0", wanted) is met


def test_the_format_version_is_one(write: Write) -> None:
    assert only(write(WORKSPACE.replace("version: 1", "version: 2"), ams_edge=CLUSTER)).code == "bad-value"
