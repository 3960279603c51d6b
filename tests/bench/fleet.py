"""A fleet on paper: a workspace of any size, and an observation in which it has converged."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from reconciler import __version__
from reconciler.config import load
from reconciler.model import (
    FORMAT_VERSION,
    AccountObserved,
    Address,
    AuthorizationStatus,
    ClusterDesired,
    Instance,
    Licence,
    NodeDesired,
    NodeObserved,
    Observation,
    PoolLine,
    RegistrationStatus,
    SmartConfig,
    Software,
    to_data,
)

NODES_A_CLUSTER = 4
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

_WORKSPACE = """\
version: 1
workspace: 0badf00d
accounts:
  emea:
    smart_account: example.com
    virtual_account: Expressway EMEA
    manager: {kind: cloud, profile: legacy}
    credentials:
      read: {client_id: {env: CSSM_READ_ID}, client_secret: {env: CSSM_READ_SECRET}}
      apply: {client_id: {env: CSSM_CLIENT_ID}, client_secret: {env: CSSM_CLIENT_SECRET}}
defaults:
  ssh: {username: admin, password: {env: EXPRESSWAY_PASSWORD}, known_hosts: known_hosts}
"""


def write_workspace(folder: Path, nodes: int) -> None:
    """So many nodes, four to a cluster, one file a cluster."""
    clusters = folder / "clusters"
    clusters.mkdir(parents=True)
    (folder / "xlicense.yaml").write_text(_WORKSPACE, encoding="utf-8")
    for number in range(nodes // NODES_A_CLUSTER):
        lines = "".join(
            f'  - {{name: e{peer}, host: e{peer}.s{number}.example.com, serial: "{number:05d}A{peer:02d}"}}\n'
            for peer in range(1, NODES_A_CLUSTER + 1)
        )
        (clusters / f"s{number}.yaml").write_text(
            f"cluster: s{number}\nlabels: {{site: s{number}, env: prod}}\nrole: edge\naccount: emea\n"
            "transport: {mode: direct}\nprivacy: {hostname: shared}\n"
            "registration: {mode: token, export_controlled: true}\n"
            f"nodes:\n{lines}",
            encoding="utf-8",
        )


def write_observation(folder: Path) -> None:
    """``now.json``: everything as the workspace wants it."""
    desired = load(folder).desired
    nodes = tuple(
        _node(cluster, node)
        for cluster in sorted(desired.clusters, key=lambda cluster: cluster.address)
        for node in cluster.nodes
    )
    pool = (PoolLine("Cisco Expressway Rich Media Session License", 1000, 10, 990, 0),)
    instances = tuple(Instance(str(node.hostname), str(node.serial)) for node in nodes)
    account = AccountObserved(Address.of_account("emea"), AT, exists=True, pool=pool, instances=instances)
    data = {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "workspace": desired.workspace,
        "observation": to_data(Observation(AT, nodes, (account,))),
    }
    (folder / "now.json").write_text(json.dumps(data), encoding="utf-8")


def _node(cluster: ClusterDesired, node: NodeDesired) -> NodeObserved:
    return NodeObserved(
        node.address,
        AT,
        serial=node.serial or "",
        software=Software("X14.3.1", "expressway", False),
        licence=Licence(
            enabled=True,
            registration=RegistrationStatus.REGISTERED,
            registration_text="REGISTERED",
            authorization=AuthorizationStatus.AUTHORIZED,
            authorization_text="AUTHORIZED on Nov 20 2026 08:02:32 UTC",
            evaluation_seconds=None,
            smart_account="example.com",
            virtual_account="Expressway EMEA",
            export_controlled=True,
            hostname_hidden=False,
            version_hidden=False,
            transport_url=None,
            proxy=None,
            udi=f"PID:EXPY,SN:{node.serial}",
        ),
        smart=SmartConfig("direct", None, "none", False, "error"),
        alarms=(),
        option_keys=(),
        peers=tuple(peer.host for peer in cluster.nodes),
        primary=1,
        hostname=node.host.split(".")[0],
        dns=("192.0.2.53",),
        ntp=("192.0.2.123",),
    )
