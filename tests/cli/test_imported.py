"""Readings of unknown nodes become clusters, and only what they show is written."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.cli.hosts import Host
from reconciler.cli.imported import Answers, Found, clusters
from reconciler.errors import UsageError
from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    Address,
    ClusterDesired,
    Desired,
    Licence,
    Manager,
    ManagerKind,
    NodeObserved,
    OptionKey,
    RegistrationStatus,
    Role,
    SmartConfig,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
PEERS = ("e1.example.com", "e2.example.com")
REGISTERED = Licence(
    registration=RegistrationStatus.REGISTERED,
    virtual_account="Expressway EMEA",
    export_controlled=True,
    proxy=None,
)


def account(name: str, virtual_account: str) -> AccountDesired:
    manager = Manager(ManagerKind.CLOUD, "legacy")
    return AccountDesired(Address.of_account(name), name, virtual_account, manager)


ANSWERS = Answers(
    Desired(
        "aaaaaaaa", "/w", accounts=(account("emea", "Expressway EMEA"), account("apac", "Expressway APAC"))
    )
)


def node(number: int, host: str = "", **fields: object) -> Found:
    reading = NodeObserved(
        Address.of_node("import", f"host-{number}"),
        NOW,
        serial=f"52E0123{number}",
        hostname=f"ams-e{number}",
        peers=PEERS,
        licence=REGISTERED,
        smart=SmartConfig(transport="direct", privacy="hostname"),
    )
    return Found(Host(host or f"192.0.2.{number}"), replace(reading, **fields))  # type: ignore[arg-type]


def test_a_converged_cluster_is_written_as_it_is() -> None:
    [(name, data, notes)] = clusters([node(1), node(2)], ANSWERS)
    assert name == "ams-e"
    assert data == {
        "cluster": "ams-e",
        "role": "edge",
        "account": "emea",
        "transport": {"mode": "direct"},
        "privacy": {"hostname": "hidden", "version": "shared"},
        "registration": {"mode": "token", "export_controlled": True},
        "nodes": [
            {"name": "ams-e1", "host": "192.0.2.1", "serial": "52E01231"},
            {"name": "ams-e2", "host": "192.0.2.2", "serial": "52E01232"},
        ],
    }
    assert notes == ()


def test_hosts_that_name_other_peers_are_other_clusters() -> None:
    alone = node(3, peers=(), hostname="lon-core")
    names = [name for name, _, _ in clusters([node(1), node(2), alone], ANSWERS)]
    assert names == ["ams-e", "lon-core"]
    with pytest.raises(UsageError, match="these hosts are 2 clusters"):
        clusters([node(1), alone], replace(ANSWERS, cluster="one"))


def test_what_a_node_does_not_show_is_left_out() -> None:
    dark = node(1, peers=UNKNOWN, licence=UNKNOWN, smart=UNKNOWN, serial=UNKNOWN)
    [(_, data, notes)] = clusters([dark], replace(ANSWERS, account="apac"))
    assert data == {
        "cluster": "ams-e",
        "role": "edge",
        "account": "apac",
        "nodes": [{"name": "ams-e1", "host": "192.0.2.1"}],
    }
    assert len(notes) == 2


def test_an_unregistered_node_says_nothing_about_registration() -> None:
    licence = replace(REGISTERED, registration=RegistrationStatus.UNREGISTERED, virtual_account=None)
    [(_, data, notes)] = clusters([node(1, licence=licence)], replace(ANSWERS, account="emea"))
    assert "registration" not in data
    assert any("not registered" in note for note in notes)
    assert any("2 peers" in note for note in notes)


@pytest.mark.parametrize(
    ("licence", "smart", "written"),
    [
        (replace(REGISTERED, proxy="proxy.example.com:3128"), SmartConfig(transport="direct"),
         {"mode": "proxy", "host": "proxy.example.com", "port": 3128}),
        (REGISTERED, SmartConfig(transport="satellite"), {"mode": "on-prem"}),
        (REGISTERED, SmartConfig(transport="pigeon"), None),
        (REGISTERED, UNKNOWN, None),
    ],
)  # fmt: skip
def test_the_transport_is_written_in_the_words_of_the_yaml(
    licence: Licence, smart: SmartConfig, written: object
) -> None:
    [(_, data, _)] = clusters([node(1, licence=licence, smart=smart)], ANSWERS)
    assert data.get("transport") == written


@pytest.mark.parametrize(
    ("hostname", "keys", "role"),
    [
        ("ams-e1", (), "edge"),
        ("ams-core1", (), "core"),
        ("exp-c", (), "core"),
        ("vcse2", (), "edge"),
        ("box", (OptionKey("116341E00-1-AAAA", "Traversal Server"),), "edge"),
    ],
)
def test_the_role_comes_from_option_keys_or_names(
    hostname: str, keys: tuple[OptionKey, ...], role: str
) -> None:
    [(_, data, _)] = clusters([node(1, hostname=hostname, option_keys=keys)], ANSWERS)
    assert data["role"] == role


def test_what_cannot_be_told_is_asked_for() -> None:
    with pytest.raises(UsageError, match="Expressway-C or an Expressway-E") as caught:
        clusters([node(1, hostname="box")], ANSWERS)
    assert caught.value.remedy == "--role core|edge"
    licence = replace(REGISTERED, virtual_account="Somebody else's")
    with pytest.raises(UsageError, match="which account is it"):
        clusters([node(1, licence=licence)], ANSWERS)
    with pytest.raises(UsageError, match="has no account 'moon'"):
        clusters([node(1)], replace(ANSWERS, account="moon"))


def test_a_name_that_the_workspace_has_is_not_taken_twice() -> None:
    cluster = ClusterDesired(Address.of_cluster("ams-e"), "ams-e", Role.EDGE, "emea", ())
    desired = replace(ANSWERS.desired, clusters=(cluster,))
    with pytest.raises(UsageError, match="has a cluster ams-e already"):
        clusters([node(1)], replace(ANSWERS, desired=desired))


def test_nodes_without_a_name_of_their_own_are_numbered() -> None:
    hosts = [node(1, hostname=UNKNOWN), node(2, hostname=UNKNOWN)]
    [(name, data, _)] = clusters(hosts, replace(ANSWERS, role=Role.CORE))
    assert name == "n"
    assert [each["name"] for each in data["nodes"]] == ["n1", "n2"]


def test_nodes_that_share_a_host_name_are_told_apart() -> None:
    hosts = [node(1, "h:1", hostname="ams-edge"), node(2, hostname="AMS-Edge.example.com")]
    [(_, data, _)] = clusters(hosts, ANSWERS)
    assert [each["name"] for each in data["nodes"]] == ["ams-edge", "ams-edge-2"]
