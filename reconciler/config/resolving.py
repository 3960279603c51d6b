"""Documents -> desired values: defaults laid under, paths made absolute, references kept as references.

Belongs here: what holds where nothing is written. Does not belong here: whether it makes sense (checking).
Opens nothing; paths are joined, not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from reconciler.config.documents import (
    AccountDoc,
    ClusterDoc,
    CredentialsDoc,
    JournalDoc,
    JumpDoc,
    ManagerDoc,
    NodeDoc,
    PolicyDoc,
    PrivacyDoc,
    RegistrationDoc,
    ReserveDoc,
    SshDoc,
    TransportDoc,
    WorkspaceDoc,
)
from reconciler.config.secret_documents import SecretDoc
from reconciler.model import (
    AccountDesired,
    Address,
    Allow,
    ClusterDesired,
    Credentials,
    Entitlement,
    JournalSettings,
    Jump,
    Manager,
    ManagerKind,
    NodeDesired,
    Policy,
    Privacy,
    Registration,
    RemoveInstance,
    Reserve,
    Role,
    SecretRef,
    SshAccess,
    TokenPolicy,
    Transport,
    TransportMode,
)

KNOWN_HOSTS = "known_hosts"
USERNAME = "admin"
PORT = 22

# Display names: TAC doc 215633. Tags differ by version and are resolved at run time, never compiled in.
BUILT_IN = (
    Entitlement("desktop", "UC Manager Enhanced License"),
    Entitlement("rms", "Cisco Expressway Rich Media Session License"),
    Entitlement("room", "UC Manager Telepresence Room License"),
)

T = TypeVar("T")


def first(*values: T | None) -> T | None:
    """The first that was written, nearest level first."""
    return next((value for value in values if value is not None), None)


def absolute(root: Path, path: str) -> str:
    """Relative paths start at the workspace folder; ``~`` is the user's home."""
    return str(root / Path(path).expanduser())


def secret(doc: SecretDoc | None) -> SecretRef | None:
    return doc.ref() if doc else None


class Resolver:
    """Resolves the clusters of one workspace; equal logins are one object."""

    def __init__(self, root: Path, workspace: WorkspaceDoc) -> None:
        self._root = root
        self._accounts = workspace.accounts
        self._defaults = workspace.defaults
        self._base = self.login(workspace.defaults.ssh)

    def cluster(self, doc: ClusterDoc, path: str, line: int) -> ClusterDesired:
        """``role`` and ``account`` must be known by now (checking says where they are not)."""
        defaults = self._defaults
        name = first(doc.account, defaults.account) or ""
        return ClusterDesired(
            address=Address.of_cluster(doc.cluster),
            name=doc.cluster,
            role=first(doc.role, defaults.role) or Role.CORE,
            account=name,
            nodes=tuple(self.node(doc, node) for node in doc.nodes),
            manage=doc.manage,
            state=doc.state,
            labels=tuple(sorted({**defaults.labels, **doc.labels}.items())),
            transport=transport(first(doc.transport, defaults.transport), self._accounts.get(name)),
            privacy=privacy(first(doc.privacy, defaults.privacy)),
            registration=registration(first(doc.registration, defaults.registration)),
            version=doc.version,
            path=path,
            line=line,
        )

    def node(self, cluster: ClusterDoc, doc: NodeDoc) -> NodeDesired:
        plain = cluster.ssh is None and doc.ssh is None and doc.port is None
        return NodeDesired(
            address=Address.of_node(cluster.cluster, doc.name),
            name=doc.name,
            host=doc.host,
            ssh=self._base if plain else self.login(self._defaults.ssh, cluster.ssh, doc.ssh, port=doc.port),
            serial=doc.serial,
            replaces=doc.replaces,
            state=doc.state,
            reserve=reserved(doc.reserve) if doc.reserve else (),
        )

    def login(self, *levels: SshDoc | None, port: int | None = None) -> SshAccess:
        """The levels from far to near. Password and key go together: the nearest level with either wins."""
        near = [level for level in reversed(levels) if level is not None]
        way = next((level for level in near if level.password or level.key), SshDoc())
        jump = first(*(level.jump for level in near))
        return SshAccess(
            username=first(*(level.username for level in near)) or USERNAME,
            port=port or first(*(level.port for level in near)) or PORT,
            known_hosts=absolute(self._root, first(*(level.known_hosts for level in near)) or KNOWN_HOSTS),
            password=secret(way.password),
            key=secret(way.key),
            jump=jump_host(jump) if jump else None,
        )


def reserved(lines: Mapping[str, ReserveDoc]) -> tuple[Reserve, ...]:
    return tuple(Reserve(name, item.quantity, item.version) for name, item in sorted(lines.items()))


def jump_host(doc: JumpDoc) -> Jump:
    return Jump(doc.host, doc.port, doc.username, secret(doc.password), secret(doc.key))


def transport(doc: TransportDoc | None, holder: AccountDoc | None) -> Transport | None:
    """The URL of an On-Prem manager stands once, at its account."""
    if doc is None:
        return None
    url = holder.transport_url if holder and doc.mode is TransportMode.ON_PREM else None
    return Transport(doc.mode, url, doc.host, doc.port, doc.username, secret(doc.password))


def privacy(doc: PrivacyDoc | None) -> Privacy | None:
    """The device has one setting for both halves; a half that is not written is shared."""
    if doc is None:
        return None
    hidden = (doc.hostname == "hidden", doc.version == "hidden")
    return {
        (False, False): Privacy.NONE,
        (True, False): Privacy.HOSTNAME,
        (False, True): Privacy.VERSION,
        (True, True): Privacy.ALL,
    }[hidden]


def registration(doc: RegistrationDoc | None) -> Registration | None:
    if doc is None:
        return None
    token = TokenPolicy(doc.token.expires_after_days, secret(doc.token.value)) if doc.token else TokenPolicy()
    return Registration(doc.mode, doc.export_controlled, token)


def account(root: Path, name: str, doc: AccountDoc) -> AccountDesired:
    pair = doc.credentials
    return AccountDesired(
        address=Address.of_account(name),
        name=name,
        virtual_account=doc.virtual_account,
        manager=manager(root, doc.manager),
        smart_account=doc.smart_account,
        local_account=doc.local_account,
        transport_url=doc.transport_url,
        read=credentials(pair.read) if pair else None,
        apply=credentials(pair.apply) if pair else None,
        remove_instances=tuple(RemoveInstance(item.serial, item.reason) for item in doc.remove_instances),
    )


def manager(root: Path, doc: ManagerDoc) -> Manager:
    profiles = {ManagerKind.CLOUD: doc.profile or "legacy"}
    return Manager(
        kind=doc.kind,
        profile=profiles.get(doc.kind, doc.kind.value),
        base_url=doc.base_url,
        token_url=doc.token_url,
        ca_file=absolute(root, doc.ca_file) if doc.ca_file else None,
        proxy=doc.proxy,
        grant=doc.grant,
        paths=tuple(sorted(doc.paths.items())),
        capabilities=tuple(sorted(doc.capabilities.items())),
    )


def credentials(doc: CredentialsDoc | None) -> Credentials | None:
    if doc is None:
        return None
    return Credentials(
        doc.client_id.ref(), doc.client_secret.ref(), secret(doc.username), secret(doc.password)
    )


def entitlements(doc: WorkspaceDoc) -> tuple[Entitlement, ...]:
    """The built-in three and the workspace's own, which may rename them; by name."""
    known = {item.name: item for item in BUILT_IN}
    known |= {name: Entitlement(name, item.display_name, item.tag) for name, item in doc.entitlements.items()}
    return tuple(known[name] for name in sorted(known))


def policy(doc: PolicyDoc) -> Policy:
    limits = doc.limits
    return Policy(
        evaluation_warn_below_days=doc.evaluation.warn_below_days,
        evaluation_fail_below_days=doc.evaluation.fail_below_days,
        handoff_expected_days=doc.handoff.expected_days,
        alarms_ignore=tuple(sorted({*Policy().alarms_ignore, *doc.alarms.ignore})),
        clusters_changed_percent=limits.clusters_changed.percent,
        clusters_changed_at_least=limits.clusters_changed.at_least,
        pool_left_at_least=tuple(
            (name, entitlement, count)
            for name, pool in sorted(limits.pool_left_at_least.items())
            for entitlement, count in sorted(pool.items())
        ),
        plan_valid_for=doc.plan_valid_for,
        registration_wait=doc.registration_wait,
        replication_wait=doc.replication_wait,
        allow=tuple(Allow(item.action, item.target, item.until, item.reason) for item in doc.allow),
    )


def journal(root: Path, doc: JournalDoc) -> JournalSettings:
    identity = absolute(root, doc.identity) if doc.identity else None
    return JournalSettings(doc.recipients, identity, doc.persistent, doc.url)
