"""What the YAML asks for, after defaults: frozen, resolved, without positions and without secret values.

A field that is None is not named in the YAML and therefore not managed. Belongs here: shapes that the
planner reads. Does not belong here: how YAML spells them (config) and what a node prints (observed).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from .addresses import Address


@dataclass(frozen=True, slots=True)
class SecretRef:
    """Where a secret is, never what it is. ``value`` is one text, or an argv for ``command``."""

    kind: Literal["env", "file", "keyring", "command", "vault"]
    value: str | tuple[str, ...]

    def __str__(self) -> str:
        text = self.value if isinstance(self.value, str) else " ".join(self.value)
        return f"{self.kind}:{text}"


@dataclass(frozen=True, slots=True)
class Jump:
    """An SSH jump host, checked against the same known_hosts."""

    host: str
    port: int
    username: str
    password: SecretRef | None = None
    key: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class SshAccess:
    """How to log in to a node. ``known_hosts`` is an absolute path."""

    username: str
    port: int
    known_hosts: str
    password: SecretRef | None = None
    key: SecretRef | None = None
    jump: Jump | None = None


class Role(StrEnum):
    CORE = "core"
    EDGE = "edge"


class Manage(StrEnum):
    FULL = "full"
    OBSERVE = "observe"


class State(StrEnum):
    ACTIVE = "active"
    RETIRED = "retired"


class TransportMode(StrEnum):
    DIRECT = "direct"
    ON_PREM = "on-prem"
    PROXY = "proxy"


class RegistrationMode(StrEnum):
    TOKEN = "token"
    RESERVATION = "reservation"


class ManagerKind(StrEnum):
    CLOUD = "cloud"
    ON_PREM = "on-prem"
    HAND_OFF = "hand-off"


@dataclass(frozen=True, slots=True)
class Credentials:
    client_id: SecretRef
    client_secret: SecretRef
    username: SecretRef | None = None
    password: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Manager:
    """The CSSM that holds an account. ``ca_file`` is an absolute path.

    ``paths`` overrides single paths of the profile by operation name; ``capabilities`` overrides what the
    profile says it can do (operation name -> True or False).
    """

    kind: ManagerKind
    profile: str
    base_url: str | None = None
    token_url: str | None = None
    ca_file: str | None = None
    proxy: str | None = None
    grant: Literal["client_credentials", "password"] = "client_credentials"
    paths: tuple[tuple[str, str], ...] = ()
    capabilities: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class RemoveInstance:
    serial: str
    reason: str


@dataclass(frozen=True, slots=True)
class AccountDesired:
    """One virtual account. ``smart_account`` is a domain, ``local_account`` the name on an On-Prem."""

    address: Address
    name: str
    virtual_account: str
    manager: Manager
    smart_account: str | None = None
    local_account: str | None = None
    transport_url: str | None = None
    read: Credentials | None = None
    apply: Credentials | None = None
    remove_instances: tuple[RemoveInstance, ...] = ()


@dataclass(frozen=True, slots=True)
class Transport:
    """How nodes reach the manager. ``url`` comes from the account for on-prem; the rest is for proxy."""

    mode: TransportMode
    url: str | None = None
    proxy_host: str | None = None
    proxy_port: int | None = None
    proxy_username: str | None = None
    proxy_password: SecretRef | None = None


class Privacy(StrEnum):
    """Values of ``xConfiguration license smart privacy`` (X15.0 reference): what is not shared."""

    NONE = "none"
    HOSTNAME = "hostname"
    VERSION = "version"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class TokenPolicy:
    """``value`` is a standing token that somebody else keeps; otherwise one is made and revoked again."""

    expires_after_days: int = 1
    value: SecretRef | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    mode: RegistrationMode
    export_controlled: bool | None = None
    token: TokenPolicy = TokenPolicy()


@dataclass(frozen=True, slots=True)
class Reserve:
    """A reserved quantity. ``entitlement`` is rms, desktop, room or a name from ``entitlements:``."""

    entitlement: str
    quantity: int
    version: str | None = None


@dataclass(frozen=True, slots=True)
class NodeDesired:
    """``serial`` is the identity where given; ``host`` is a name or an address."""

    address: Address
    name: str
    host: str
    ssh: SshAccess
    serial: str | None = None
    replaces: str | None = None
    state: State = State.ACTIVE
    reserve: tuple[Reserve, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterDesired:
    """``transport``, ``privacy`` and ``registration`` are None where the YAML does not manage them.

    ``version`` is what the YAML states for version-bound lint rules; it is never set on a node.
    ``path`` and ``line`` say where the cluster is written.
    """

    address: Address
    name: str
    role: Role
    account: str
    nodes: tuple[NodeDesired, ...]
    manage: Manage = Manage.FULL
    state: State = State.ACTIVE
    labels: tuple[tuple[str, str], ...] = ()
    transport: Transport | None = None
    privacy: Privacy | None = None
    registration: Registration | None = None
    version: str | None = None
    path: str = ""
    line: int = 0

    def label(self, key: str) -> str | None:
        return dict(self.labels).get(key)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """A licence by the name the YAML uses. ``tag`` is None where it is resolved at run time."""

    name: str
    display_name: str
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Allow:
    """Permission for one irreversible act. ``until`` is an ISO date (inclusive)."""

    action: str
    target: str
    until: str
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Durations in seconds unless the name says days."""

    evaluation_warn_below_days: int = 60
    evaluation_fail_below_days: int = 14
    handoff_expected_days: int = 5
    alarms_ignore: tuple[str, ...] = ("40049",)
    clusters_changed_percent: int = 30
    clusters_changed_at_least: int = 3
    pool_left_at_least: tuple[tuple[str, str, int], ...] = ()
    plan_valid_for: int = 86_400
    registration_wait: int = 2_100
    replication_wait: int = 60
    allow: tuple[Allow, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """``recipients`` are age public keys; ``persistent`` says that the state folder outlives a CI job."""

    recipients: tuple[str, ...] = ()
    identity: str | None = None
    persistent: bool = False
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """One workspace. ``workspace`` is the id made by init; ``root`` the absolute path of the folder."""

    workspace: str
    root: str
    accounts: tuple[AccountDesired, ...] = ()
    clusters: tuple[ClusterDesired, ...] = ()
    entitlements: tuple[Entitlement, ...] = ()
    policy: Policy = field(default_factory=Policy)
    journal: JournalSettings = field(default_factory=JournalSettings)

    def account(self, name: str) -> AccountDesired:
        return next(account for account in self.accounts if account.name == name)

    def accounts_of(self, clusters: Iterable[ClusterDesired]) -> frozenset[str]:
        """The names of the accounts that matter to these clusters: their own, and for one that reserves every
        account of the cloud, because its reservation may be in any of them."""
        chosen = tuple(clusters)
        names = {cluster.account for cluster in chosen}
        modes = {cluster.registration.mode for cluster in chosen if cluster.registration is not None}
        if RegistrationMode.RESERVATION in modes:
            names |= {item.name for item in self.accounts if item.manager.kind is not ManagerKind.ON_PREM}
        return frozenset(names)

    def cluster_of(self, address: Address) -> ClusterDesired:
        """The cluster at, or above, this address. Raises KeyError."""
        wanted = address.parent
        for cluster in self.clusters:
            if cluster.address == wanted:
                return cluster
        raise KeyError(address)
