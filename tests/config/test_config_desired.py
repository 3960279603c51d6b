"""Documents -> desired: the reference as it stands, defaults, paths, and where things are written."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest

from reconciler.config import Loaded, load
from reconciler.model import (
    Address,
    ClusterDesired,
    Jump,
    ManagerKind,
    Policy,
    Privacy,
    RegistrationMode,
    Reserve,
    Role,
    SecretRef,
    SshAccess,
    TokenPolicy,
    Transport,
    TransportMode,
)
from tests.config.config_texts import CLUSTER, WORKSPACE, Write

REFERENCE = """\
# xlicense.yaml
# yaml-language-server: $schema=../../schemas/workspace.v1.schema.json
version: 1
workspace: 7f3c1d9a                                         # made by init; names the journal
required_version: ">=0.1"
accounts:
  emea:
    smart_account: example.com
    virtual_account: Expressway EMEA
    manager: {kind: cloud, profile: legacy}                 # profile: legacy | software-apis
    credentials:
      read: {client_id: {env: CSSM_READ_ID}, client_secret: {env: CSSM_READ_SECRET}}
      apply: {client_id: {env: CSSM_CLIENT_ID}, client_secret: {env: CSSM_CLIENT_SECRET}}
  plant:
    manager: {kind: on-prem, base_url: "https://ssm.plant.example.com:8443", ca_file: ca/plant.pem}
    transport_url: "https://ssm.plant.example.com/SmartTransport"
    local_account: Plant
    virtual_account: Default
    credentials: {apply: {client_id: {env: SSM_CLIENT_ID}, client_secret: {file: secrets/ssm}}}
  vault-room:
    smart_account: example.com
    virtual_account: Air gap
    manager: {kind: hand-off}
entitlements:                                               # rms, desktop and room are known
  account_security: {display_name: Expressway Advanced Account Security Entitlement}
defaults:
  ssh: {username: admin, password: {env: EXPRESSWAY_PASSWORD}, port: 22, known_hosts: known_hosts}
journal: {recipients: [age1…]}
policy:
  evaluation: {warn_below_days: 60, fail_below_days: 14}
  handoff: {expected_days: 5}
  alarms: {ignore: [40049]}
  limits:
    clusters_changed: {percent: 30, at_least: 3}
    pool_left_at_least: {emea: {rms: 5}}
  plan_valid_for: 24h
  allow: []                                                 # {action, target, until, reason}
"""

AMS_EDGE = """\
# clusters/ams-edge.yaml - token registration straight to the cloud
cluster: ams-edge
labels: {site: ams, env: prod}
role: edge
account: emea
transport: {mode: direct}                                   # direct | on-prem | proxy
privacy: {hostname: hidden}                                 # hidden | shared
registration:
  mode: token
  export_controlled: true
  token: {expires_after_days: 1}                            # or value: {env: EXPRESSWAY_TOKEN}
nodes:
  - {name: e1, host: e1.example.com, serial: "0E4D1FA5"}
  - {name: e2, host: e2.example.com, serial: "0E4D2B17"}
"""

AMS_CORE = """\
# clusters/ams-core.yaml - a reservation for each node
cluster: ams-core
role: core
account: vault-room
registration: {mode: reservation}
nodes:
  - {name: c1, host: 192.0.2.11, serial: "0E4D3C01", reserve: {rms: 20, desktop: {quantity: 9, version: 14}}}
  - {name: c2, host: 192.0.2.12, serial: "0F77AA01", replaces: "0E4D3C02", reserve: {rms: 20, room: 10}}
"""


@pytest.fixture
def reference(write: Write) -> Loaded:
    return load(write(REFERENCE, ams_edge=AMS_EDGE, ams_core=AMS_CORE))


def one(write: Write, cluster: str, workspace: str = WORKSPACE) -> ClusterDesired:
    (found,) = load(write(workspace, ams_edge=cluster)).desired.clusters
    return found


def test_the_reference_loads_without_a_warning(reference: Loaded) -> None:
    assert reference.warnings == ()
    assert [path.name for path in reference.files] == ["xlicense.yaml", "ams-core.yaml", "ams-edge.yaml"]
    assert all(path.is_absolute() for path in reference.files)


def test_the_reference_workspace_is_what_it_says(reference: Loaded, tmp_path: Path) -> None:
    desired = reference.desired
    assert (desired.workspace, desired.root) == ("7f3c1d9a", str(tmp_path))
    assert [account.name for account in desired.accounts] == ["emea", "plant", "vault-room"]
    assert desired.policy == Policy(pool_left_at_least=(("emea", "rms", 5),))
    assert desired.journal.recipients == ("age1…",)
    assert [item.name for item in desired.entitlements] == ["account_security", "desktop", "rms", "room"]


def test_the_reference_accounts_are_what_they_say(reference: Loaded, tmp_path: Path) -> None:
    emea, plant, vault_room = reference.desired.accounts
    assert emea.read
    assert emea.read.client_secret == SecretRef("env", "CSSM_READ_SECRET")
    assert (plant.manager.profile, plant.manager.ca_file) == ("on-prem", str(tmp_path / "ca/plant.pem"))
    assert plant.apply
    assert plant.apply.client_secret == SecretRef("file", "secrets/ssm")
    assert (vault_room.manager.kind, vault_room.manager.profile) == (ManagerKind.HAND_OFF, "hand-off")


def test_the_reference_token_cluster_is_what_it_says(reference: Loaded, tmp_path: Path) -> None:
    cluster = reference.desired.clusters[1]
    assert (cluster.name, cluster.role, cluster.privacy) == ("ams-edge", Role.EDGE, Privacy.HOSTNAME)
    assert cluster.transport == Transport(TransportMode.DIRECT)
    assert cluster.registration
    assert cluster.registration.mode is RegistrationMode.TOKEN
    assert cluster.registration.export_controlled is True
    assert cluster.labels == (("env", "prod"), ("site", "ams"))
    assert (cluster.path, cluster.line) == ("clusters/ams-edge.yaml", 2)
    assert cluster.nodes[0].ssh == SshAccess(
        "admin", 22, str(tmp_path / "known_hosts"), SecretRef("env", "EXPRESSWAY_PASSWORD")
    )


def test_the_reference_reservation_cluster_is_what_it_says(reference: Loaded) -> None:
    first, second = reference.desired.clusters[0].nodes
    assert first.reserve == (Reserve("desktop", 9, "14"), Reserve("rms", 20))
    assert (second.serial, second.replaces) == ("0F77AA01", "0E4D3C02")


def test_serials_that_look_like_numbers_stay_texts(write: Write) -> None:
    cluster = CLUSTER.replace("0E4D1FA5", "52E01234") + "  - {name: e2, host: e2, serial: 0E123456}\n"
    assert [node.serial for node in one(write, cluster).nodes] == ["52E01234", "0E123456"]


@pytest.mark.parametrize("length", [64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 1024 * 1024])
def test_a_long_file_is_read_to_its_end(write: Write, length: int) -> None:
    padding = "#" * (length - len(CLUSTER.encode()) - 1) + "\n"
    assert one(write, padding + CLUSTER).name == "ams-edge"


def test_what_is_not_written_is_not_managed(write: Write) -> None:
    cluster = one(write, "cluster: ams-edge\nrole: core\naccount: emea\nnodes: [{name: c1, host: c1}]\n")
    assert (cluster.transport, cluster.privacy, cluster.registration) == (None, None, None)


def test_defaults_lie_under_what_a_cluster_says(write: Write) -> None:
    workspace = WORKSPACE + (
        "  role: core\n  account: emea\n  labels: {env: prod, site: none}\n  transport: {mode: direct}\n"
        "  privacy: {version: hidden}\n  registration: {mode: token, export_controlled: false}\n"
    )
    cluster = one(write, "cluster: ams-edge\nlabels: {site: ams}\nnodes: [{name: c1, host: c1}]\n", workspace)
    assert (cluster.role, cluster.account, cluster.privacy) == (Role.CORE, "emea", Privacy.VERSION)
    assert cluster.labels == (("env", "prod"), ("site", "ams"))
    assert cluster.registration
    assert cluster.registration.export_controlled is False


def test_the_nearest_login_wins_and_password_and_key_go_together(write: Write, tmp_path: Path) -> None:
    cluster = CLUSTER.replace(
        "serial: 0E4D1FA5",
        "port: 2222, ssh: {key: {file: secrets/key}, jump: {host: j, username: me, password: {env: J}}}",
    )
    (node,) = one(write, cluster + "ssh: {username: other, known_hosts: /etc/hosts_of_ams}\n").nodes
    assert node.ssh == SshAccess(
        username="other",
        port=2222,
        known_hosts="/etc/hosts_of_ams",
        key=SecretRef("file", "secrets/key"),
        jump=Jump("j", 22, "me", SecretRef("env", "J")),
    )


def test_the_url_of_an_on_prem_manager_comes_from_the_account(write: Write) -> None:
    cluster = one(write, CLUSTER.replace("emea", "plant").replace("direct", "on-prem"))
    assert cluster.transport == Transport(TransportMode.ON_PREM, "https://ssm.example.com/SmartTransport")


def test_a_proxy_is_carried_with_its_password_by_reference(write: Write) -> None:
    proxy = "{mode: proxy, host: proxy.example.com, port: 8080, username: u, password: {env: P}}"
    cluster = one(write, CLUSTER.replace("{mode: direct}", proxy))
    assert cluster.transport == Transport(
        TransportMode.PROXY, None, "proxy.example.com", 8080, "u", SecretRef("env", "P")
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("{hostname: shared}", Privacy.NONE),
        ("{hostname: hidden}", Privacy.HOSTNAME),
        ("{version: hidden}", Privacy.VERSION),
        ("{hostname: hidden, version: hidden}", Privacy.ALL),
        ("{hostname: hidden, version: shared}", Privacy.HOSTNAME),
    ],
)
def test_both_halves_of_privacy_are_one_setting(write: Write, written: str, meant: Privacy) -> None:
    assert one(write, CLUSTER + f"privacy: {written}\n").privacy is meant


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ("{env: T}", SecretRef("env", "T")),
        ("{file: secrets/t}", SecretRef("file", "secrets/t")),
        ("{keyring: xlicense/t}", SecretRef("keyring", "xlicense/t")),
        ("{command: [pass, show, t]}", SecretRef("command", ("pass", "show", "t"))),
        ("{vault: secret/data/x#t}", SecretRef("vault", "secret/data/x#t")),
    ],
)
def test_every_kind_of_reference_is_kept_as_one(write: Write, reference: str, meant: SecretRef) -> None:
    cluster = one(write, CLUSTER.replace("{mode: token}", f"{{mode: token, token: {{value: {reference}}}}}"))
    assert cluster.registration
    assert cluster.registration.token == TokenPolicy(1, meant)


def test_an_account_carries_everything_that_is_written(write: Write) -> None:
    workspace = WORKSPACE.replace(
        "{kind: cloud}",
        "{kind: cloud, profile: software-apis, base_url: https://a.example, token_url: https://t.example,\n"
        "      proxy: 'http://proxy:3128', paths: {licenses: v2/x}, capabilities: {create_token: true}}\n"
        "    remove_instances: [{serial: 0E4D9999, reason: scrapped}]",
    )
    emea = load(write(workspace, ams_edge=CLUSTER)).desired.account("emea")
    assert emea.manager.paths == (("licenses", "v2/x"),)
    assert emea.manager.capabilities == (("create_token", True),)
    assert (emea.manager.profile, emea.manager.proxy) == ("software-apis", "http://proxy:3128")
    assert [(item.serial, item.reason) for item in emea.remove_instances] == [("0E4D9999", "scrapped")]


def test_policy_is_carried_in_seconds_days_and_numbers(write: Write) -> None:
    workspace = WORKSPACE + (
        "policy:\n  plan_valid_for: 2d\n  registration_wait: 90s\n  replication_wait: 2m\n"
        "  evaluation: {warn_below_days: 30}\n  alarms: {ignore: [40049, 15004]}\n"
        "  allow: [{action: node.enable_smart, target: cluster/ams-edge, until: 2027-01-31, reason: move}]\n"
        "journal: {identity: ~/age.txt, persistent: true}\n"
    )
    desired = load(write(workspace, ams_edge=CLUSTER)).desired
    policy = desired.policy
    assert (policy.plan_valid_for, policy.registration_wait, policy.replication_wait) == (172_800, 90, 120)
    assert (policy.evaluation_warn_below_days, policy.evaluation_fail_below_days) == (30, 14)
    assert policy.alarms_ignore == ("15004", "40049")
    assert policy.allow[0].until == "2027-01-31"
    assert desired.journal.persistent
    assert desired.journal.identity == str(Path("~/age.txt").expanduser())


def test_the_order_of_files_accounts_and_labels_does_not_matter(write: Write) -> None:
    once = load(write(ams_edge=CLUSTER)).desired
    accounts, defaults = WORKSPACE.index("accounts:"), WORKSPACE.index("defaults:")
    head, middle, tail = WORKSPACE[:accounts], WORKSPACE[accounts:defaults], WORKSPACE[defaults:]
    assert load(write(tail + head + middle, ams_edge=CLUSTER)).desired == once


@pytest.mark.parametrize(
    ("address", "field", "place"),
    [
        ("cluster/ams-edge", None, ("clusters/ams-edge.yaml", 2, 10)),
        ("cluster/ams-edge", "transport", ("clusters/ams-edge.yaml", 6, 12)),
        ("cluster/ams-edge", "url", ("clusters/ams-edge.yaml", 6, 19)),
        ("cluster/ams-edge", "export_controlled", ("clusters/ams-edge.yaml", 10, 22)),
        ("cluster/ams-edge", "registration.token.value", ("clusters/ams-edge.yaml", 11, 10)),
        ("cluster/ams-edge", "nothing", ("clusters/ams-edge.yaml", 2, 10)),
        ("cluster/ams-edge/node/e2", None, ("clusters/ams-edge.yaml", 14, 5)),
        ("cluster/ams-edge/node/e2", "serial", ("clusters/ams-edge.yaml", 14, 46)),
        ("cluster/ams-edge/node/e2", "privacy", ("clusters/ams-edge.yaml", 7, 10)),
        ("cluster/ams-edge/node/e2", "ssh", ("xlicense.yaml", 27, 8)),
        ("cluster/nowhere", None, ("xlicense.yaml", 27, 3)),
        ("account/plant", None, ("xlicense.yaml", 15, 5)),
        ("account/plant", "transport_url", ("xlicense.yaml", 16, 20)),
        ("account/plant/instance/X", None, ("xlicense.yaml", 15, 5)),
        ("workspace", "policy.plan_valid_for", ("xlicense.yaml", 36, 19)),
        ("workspace", None, ("xlicense.yaml", 3, 1)),
    ],
)
def test_an_address_and_a_field_are_found_where_they_are_written(
    reference: Loaded, address: str, field: str | None, place: tuple[str, int, int]
) -> None:
    assert reference.where(Address(address), field) == place


def test_the_collector_is_on_again_after_loading(write: Write) -> None:
    load(write(ams_edge=CLUSTER))
    assert gc.isenabled()


def test_ten_thousand_nodes_in_2500_files_load_within_two_seconds_of_cpu(tmp_path: Path) -> None:
    """The budget is measured by the bench; three times as much here leaves room for a busy machine."""
    (tmp_path / "clusters").mkdir()
    (tmp_path / "xlicense.yaml").write_text(REFERENCE)
    for number in range(2500):
        nodes = "".join(
            f'  - {{name: e{index}, host: e{index}.c{number}, serial: "{number * 4 + index:08X}"}}\n'
            for index in range(4)
        )
        text = AMS_EDGE[: AMS_EDGE.index("  - ")].replace("ams-edge", f"c{number}") + nodes
        (tmp_path / f"clusters/c{number}.yaml").write_text(text)
    start = time.process_time()
    assert len(load(tmp_path).desired.clusters) == 2500
    assert time.process_time() - start < 6
