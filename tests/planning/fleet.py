"""Literals for small fleets: everything has a value that is converged, and a test names what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler import model as m
from reconciler.planning import make_plan

NOW = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
DAY = 86_400
SSH = m.SshAccess("admin", 22, "/w/known_hosts")
ON_PREM_URL = "https://ssm.plant.example.com/SmartTransport"
TOKEN = m.Registration(m.RegistrationMode.TOKEN, export_controlled=True)
RESERVATION = m.Registration(m.RegistrationMode.RESERVATION)
DIRECT = m.Transport(m.TransportMode.DIRECT)
ON_PREM = m.Transport(m.TransportMode.ON_PREM, url=ON_PREM_URL)
PROXY = m.Transport(m.TransportMode.PROXY, proxy_host="proxy.example.com", proxy_port=8080)
Status = m.RegistrationStatus
Auth = m.AuthorizationStatus

NODE_KINDS = frozenset(
    {
        "node.set_url",
        "node.set_privacy",
        "node.register",
        "node.reregister",
        "node.deregister",
        "node.renew_registration",
        "node.renew_authorization",
    }
)
ACCOUNT_KINDS = frozenset({"account.create_token", "account.revoke_token"})


def account(name: str = "emea", **fields: Any) -> m.AccountDesired:
    manager = fields.pop("manager", m.Manager(m.ManagerKind.CLOUD, "legacy"))
    virtual = fields.pop("virtual_account", f"Expressway {name.upper()}")
    return m.AccountDesired(m.Address.of_account(name), name, virtual, manager, **fields)


def cluster(name: str = "ams-edge", count: int = 2, **fields: Any) -> m.ClusterDesired:
    """A direct token cluster of ``count`` nodes n1, n2…; ``nodes`` takes changes of a node by its name."""
    changed: Mapping[str, Mapping[str, Any]] = fields.pop("nodes", {})
    nodes = tuple(
        replace(_node(name, f"n{number}"), **changed.get(f"n{number}", {})) for number in range(1, count + 1)
    )
    given = {
        "role": m.Role.EDGE,
        "account": "emea",
        "transport": DIRECT,
        "privacy": m.Privacy.HOSTNAME,
        "registration": TOKEN,
        **fields,
    }
    return m.ClusterDesired(address=m.Address.of_cluster(name), name=name, nodes=nodes, **given)


def _node(cluster_name: str, name: str) -> m.NodeDesired:
    serial = m.digest([cluster_name, name])[:8].upper()
    address = m.Address.of_node(cluster_name, name)
    return m.NodeDesired(address, name, f"{cluster_name}-{name}.example.com", SSH, serial=serial)


def desired(
    *clusters: m.ClusterDesired,
    accounts: Iterable[m.AccountDesired] | None = None,
    policy: m.Policy | None = None,
    entitlements: tuple[m.Entitlement, ...] = (),
) -> m.Desired:
    named = tuple(accounts) if accounts is not None else (account(),)
    return m.Desired("7f3c1d9a", "/w", named, clusters, entitlements, policy or m.Policy())


def licence(**fields: Any) -> m.Licence:
    """A registered licence block."""
    given = {
        "enabled": True,
        "registration": Status.REGISTERED,
        "registration_text": "REGISTERED",
        "authorization": Auth.AUTHORIZED,
        "authorization_text": "AUTHORIZED",
        "evaluation_seconds": None,
        "virtual_account": "Expressway EMEA",
        "smart_account": "example.com",
        "export_controlled": True,
        "hostname_hidden": True,
        "version_hidden": False,
        "transport_url": "https://smartreceiver.cisco.com/licservice/license",
        "proxy": None,
        "udi": None,
        "reservation_enabled": False,
        **fields,
    }
    return m.Licence(**given)


def evaluating(days: int = 80, **fields: Any) -> m.Licence:
    """An unregistered licence block with a running clock."""
    given = {
        "registration": Status.UNREGISTERED,
        "registration_text": "UNREGISTERED",
        "authorization": Auth.EVALUATION if days else Auth.EVALUATION_EXPIRED,
        "evaluation_seconds": days * DAY,
        "virtual_account": None,
        "smart_account": None,
        "export_controlled": None,
        **fields,
    }
    return licence(**given)


def observed(of: m.ClusterDesired, name: str = "n1", **fields: Any) -> m.NodeObserved:
    """A node as it should be; ``licence`` and ``smart`` replace whole parts."""
    node = next(item for item in of.nodes if item.name == name)
    mode = of.transport.mode if of.transport else m.TransportMode.DIRECT
    on_prem = mode is m.TransportMode.ON_PREM
    given = {
        "serial": node.serial or m.UNKNOWN,
        "software": m.Software("X14.3.1", "expressway", False),
        "licence": licence(proxy="proxy.example.com:8080" if mode is m.TransportMode.PROXY else None),
        "smart": m.SmartConfig(
            "satellite" if on_prem else "direct", ON_PREM_URL if on_prem else None, "hostname", False, "error"
        ),
        "alarms": (),
        "option_keys": (),
        "peers": tuple(item.host for item in of.nodes) if len(of.nodes) > 1 else (),
        "primary": 1,
        "hostname": node.host.split(".")[0],
        "dns": ("192.0.2.53",),
        "ntp": ("192.0.2.123",),
        **fields,
    }
    return m.NodeObserved(node.address, NOW, **given)


def all_of(of: m.ClusterDesired, **fields: Any) -> tuple[m.NodeObserved, ...]:
    return tuple(observed(of, node.name, **fields) for node in of.nodes)


def pool(name: str = "emea", **fields: Any) -> m.AccountObserved:
    lines = (m.PoolLine("Cisco Expressway Rich Media Session License", 100, 0, 100),)
    given = {"exists": True, "pool": lines, **fields}
    return m.AccountObserved(m.Address.of_account(name), NOW, **given)


def seen(*nodes: m.NodeObserved, accounts: Iterable[m.AccountObserved] | None = None) -> m.Observation:
    return m.Observation(NOW, nodes, tuple(accounts) if accounts is not None else (pool(),))


def capabilities(of: m.Desired) -> dict[m.Address, frozenset[str]]:
    """Everything that the SSH provider and the legacy profile carry."""
    known = {item.address: ACCOUNT_KINDS for item in of.accounts}
    for item in of.clusters:
        known[item.address] = frozenset({"cluster.set_transport"})
        known.update({node.address: NODE_KINDS for node in item.nodes})
    return known


def plan(
    of: m.Desired,
    observation: m.Observation,
    held: m.HeldState | None = None,
    *,
    can: Mapping[m.Address, frozenset[str]] | None = None,
    options: m.PlanOptions | None = None,
    now: datetime = NOW,
) -> m.Plan:
    return make_plan(
        of,
        observation,
        held or m.HeldState(),
        capabilities(of) if can is None else can,
        options or m.PlanOptions(),
        now=now,
        nonce="0123",
        tool_version="0.1.0",
    )


def kinds(actions: Iterable[m.Action]) -> list[str]:
    return [action.kind.value for action in actions]


def by_name(actions: Iterable[m.Action]) -> list[str]:
    """``node.register n1``, in order."""
    return [f"{action.kind.value} {action.address.name}" for action in actions]


def rules_of(of: m.Plan) -> set[str]:
    """Everything that was said: rules and codes of findings, rules of refusals that stand."""
    said = {finding.code for finding in of.findings}
    return said | {refusal.rule for refusal in of.refusals if refusal.overridden is None}
