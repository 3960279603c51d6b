"""Every desired field after defaults, and where its value came from. For `xlicense show desired`.

Belongs here: naming fields and finding their origin. Does not belong here: what holds by default (resolving).
Secrets are shown as references.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from reconciler.config.events import YamlPath
from reconciler.config.loading import WORKSPACE_FILE, Loaded, load
from reconciler.config.sources import Source
from reconciler.model import (
    WORKSPACE,
    AccountDesired,
    Address,
    ClusterDesired,
    Credentials,
    Jump,
    NodeDesired,
    Policy,
    RegistrationMode,
)

BUILT_IN = "built-in default"


@dataclass(frozen=True, slots=True)
class Described:
    """One field; ``origin`` is ``clusters/x.yaml:4``, ``xlicense.yaml:20 defaults``, ``built-in default``."""

    address: Address
    field: str
    value: str
    origin: str


def describe(root: Path) -> tuple[Described, ...]:
    """Clusters with their nodes, then accounts, then the workspace. Raises ConfigError."""
    loaded = load(root)
    rows: list[Described] = []
    for cluster in loaded.desired.clusters:
        rows += _cluster(loaded, cluster)
        for index, node in enumerate(cluster.nodes):
            rows += _node(loaded, cluster, index, node)
    for account in loaded.desired.accounts:
        rows += _account(loaded, account)
    return (*rows, *_workspace(loaded))


@dataclass(frozen=True, slots=True)
class _Home:
    """A mapping in a file that can give a value; ``note`` follows the line number."""

    source: Source
    path: YamlPath
    note: str = ""

    def origin(self, keys: YamlPath) -> str | None:
        path = (*self.path, *keys)
        return (
            f"{self.source.path}:{self.source.at(path)[0]}{self.note}" if path in self.source.spots else None
        )


def _origin(homes: Sequence[_Home], keys: YamlPath) -> str:
    return next((found for home in homes if (found := home.origin(keys))), BUILT_IN)


def _rows(address: Address, values: Mapping[YamlPath, Any], homes: Sequence[_Home]) -> Iterator[Described]:
    """None is not managed, and is not shown."""
    for keys, value in values.items():
        if value is not None:
            yield Described(address, ".".join(map(str, keys)), _shown(value), _origin(homes, keys))


def _shown(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ", ".join(_shown(item) for item in value)
    return str(value)


def _cluster(loaded: Loaded, cluster: ClusterDesired) -> Iterator[Described]:
    homes = [_Home(loaded.sources[cluster.path], ()), _defaults(loaded)]
    values: dict[YamlPath, Any] = {
        ("role",): cluster.role,
        ("account",): cluster.account,
        ("manage",): cluster.manage,
        ("state",): cluster.state,
        ("version",): cluster.version,
    }
    values |= {("labels", name): value for name, value in cluster.labels}
    values |= _transport(cluster) | {("privacy",): cluster.privacy} | _registration(cluster)
    yield from _rows(cluster.address, values, homes)
    if cluster.transport and cluster.transport.url:
        origin = _origin([_account_home(loaded, cluster.account)], ("transport_url",))
        yield Described(cluster.address, "transport.url", cluster.transport.url, origin)


def _defaults(loaded: Loaded) -> _Home:
    return _Home(loaded.sources[WORKSPACE_FILE], ("defaults",), " defaults")


def _account_home(loaded: Loaded, name: str) -> _Home:
    return _Home(loaded.sources[WORKSPACE_FILE], ("accounts", name))


def _transport(cluster: ClusterDesired) -> dict[YamlPath, Any]:
    if cluster.transport is None:
        return {}
    return {
        ("transport", "mode"): cluster.transport.mode,
        ("transport", "host"): cluster.transport.proxy_host,
        ("transport", "port"): cluster.transport.proxy_port,
        ("transport", "username"): cluster.transport.proxy_username,
        ("transport", "password"): cluster.transport.proxy_password,
    }


def _registration(cluster: ClusterDesired) -> dict[YamlPath, Any]:
    found = cluster.registration
    if found is None:
        return {}
    token = found.token if found.mode is RegistrationMode.TOKEN else None
    return {
        ("registration", "mode"): found.mode,
        ("registration", "export_controlled"): found.export_controlled,
        ("registration", "token", "expires_after_days"): token and token.expires_after_days,
        ("registration", "token", "value"): token and token.value,
    }


def _node(loaded: Loaded, cluster: ClusterDesired, index: int, node: NodeDesired) -> Iterator[Described]:
    source = loaded.sources[cluster.path]
    here = _Home(source, ("nodes", index))
    values: dict[YamlPath, Any] = {
        ("host",): node.host,
        ("serial",): node.serial,
        ("replaces",): node.replaces,
        ("state",): node.state,
    }
    values |= {("reserve", line.entitlement): _quantity(line.quantity, line.version) for line in node.reserve}
    yield from _rows(node.address, values, [here])
    levels = [here, _Home(source, ()), _defaults(loaded)]
    login = _login(node)
    own_port = here.origin(("port",))
    if own_port:
        yield Described(node.address, "ssh.port", str(login.pop(("ssh", "port"))), own_port)
    yield from _rows(node.address, login, levels)


def _quantity(quantity: int, version: str | None) -> str:
    return f"{quantity} (version {version})" if version else str(quantity)


def _login(node: NodeDesired) -> dict[YamlPath, Any]:
    ssh = node.ssh
    return {
        ("ssh", "username"): ssh.username,
        ("ssh", "port"): ssh.port,
        ("ssh", "known_hosts"): ssh.known_hosts,
        ("ssh", "password"): ssh.password,
        ("ssh", "key"): ssh.key,
        ("ssh", "jump"): _jump(ssh.jump),
    }


def _jump(jump: Jump | None) -> str | None:
    return f"{jump.username}@{jump.host}:{jump.port} ({jump.password or jump.key})" if jump else None


def _account(loaded: Loaded, account: AccountDesired) -> Iterator[Described]:
    manager = account.manager
    values: dict[YamlPath, Any] = {
        ("smart_account",): account.smart_account,
        ("local_account",): account.local_account,
        ("virtual_account",): account.virtual_account,
        ("transport_url",): account.transport_url,
        ("manager", "kind"): manager.kind,
        ("manager", "profile"): manager.profile,
        ("manager", "base_url"): manager.base_url,
        ("manager", "token_url"): manager.token_url,
        ("manager", "ca_file"): manager.ca_file,
        ("manager", "proxy"): manager.proxy,
        ("manager", "grant"): manager.grant if account.apply or account.read else None,
    }
    values |= {("manager", "paths", name): value for name, value in manager.paths}
    values |= {("manager", "capabilities", name): value for name, value in manager.capabilities}
    values |= _credentials("read", account.read) | _credentials("apply", account.apply)
    values |= {
        ("remove_instances", index): f"{item.serial} ({item.reason})"
        for index, item in enumerate(account.remove_instances)
    }
    yield from _rows(account.address, values, [_account_home(loaded, account.name)])


def _credentials(use: str, found: Credentials | None) -> dict[YamlPath, Any]:
    if found is None:
        return {}
    return {
        ("credentials", use, "client_id"): found.client_id,
        ("credentials", use, "client_secret"): found.client_secret,
        ("credentials", use, "username"): found.username,
        ("credentials", use, "password"): found.password,
    }


def _workspace(loaded: Loaded) -> Iterator[Described]:
    desired = loaded.desired
    values: dict[YamlPath, Any] = {
        ("entitlements", item.name): f"{item.display_name} ({item.tag or 'tag not known'})"
        for item in desired.entitlements
    }
    values |= {
        ("journal", "recipients"): desired.journal.recipients or None,
        ("journal", "identity"): desired.journal.identity,
        ("journal", "persistent"): desired.journal.persistent,
        ("journal", "url"): desired.journal.url,
    }
    values |= _policy(desired.policy)
    yield from _rows(WORKSPACE, values, [_Home(loaded.sources[WORKSPACE_FILE], ())])


def _policy(policy: Policy) -> dict[YamlPath, Any]:
    limits: YamlPath = ("policy", "limits")
    values: dict[YamlPath, Any] = {
        ("policy", "evaluation", "warn_below_days"): policy.evaluation_warn_below_days,
        ("policy", "evaluation", "fail_below_days"): policy.evaluation_fail_below_days,
        ("policy", "handoff", "expected_days"): policy.handoff_expected_days,
        ("policy", "alarms", "ignore"): policy.alarms_ignore,
        (*limits, "clusters_changed", "percent"): policy.clusters_changed_percent,
        (*limits, "clusters_changed", "at_least"): policy.clusters_changed_at_least,
        ("policy", "plan_valid_for"): duration(policy.plan_valid_for),
        ("policy", "registration_wait"): duration(policy.registration_wait),
        ("policy", "replication_wait"): duration(policy.replication_wait),
    }
    values |= {
        (*limits, "pool_left_at_least", account, line): count
        for account, line, count in policy.pool_left_at_least
    }
    values |= {
        ("policy", "allow", index): f"{item.action} at {item.target} until {item.until} ({item.reason})"
        for index, item in enumerate(policy.allow)
    }
    return values


def duration(seconds: int) -> str:
    """``86400`` -> ``24h``: the largest unit that divides it, hours at most."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
