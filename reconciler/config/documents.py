"""What a user may write: one model per file, one class per mapping in it. User-facing shape, no meaning.

Belongs here: keys, their types and what an editor says about them (every field has a description; the JSON
Schemas are made from these classes). Does not belong here: defaults and checks that need another place or
file (resolving, checking), and what the planner reads (model.desired).

A key that is not written is None: what the YAML does not name is not managed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from reconciler.config.scalars import (
    AlarmId,
    Count,
    Day,
    Days,
    Duration,
    Entitlement,
    FormatVersion,
    Host,
    HttpsUrl,
    Label,
    Name,
    Operation,
    Path,
    Port,
    Recipient,
    Release,
    Serial,
    Switch,
    Text,
    Url,
    User,
    VersionRange,
    whole,
)
from reconciler.config.secret_documents import Document, NotEmpty, Secret
from reconciler.model import Manage, ManagerKind, RegistrationMode, Role, State, TransportMode


class JumpDoc(Document):
    """A host to go through, checked against the same known_hosts."""

    host: Host = Field(description="Name or address of the jump host.")
    port: Port = Field(22, description="Its SSH port.")
    username: User = Field(description="The user to log in as there.")
    password: Secret | None = Field(None, description="Reference to the password there; or give a key.")
    key: Secret | None = Field(None, description="Reference to the private key; or give a password.")


class SshDoc(Document):
    """How to log in to the nodes. What is not written here comes from the level above."""

    username: User | None = Field(None, description="The user to log in as (built-in default: admin).")
    password: Secret | None = Field(None, description="Reference to the password; or give a key.")
    key: Secret | None = Field(None, description="Reference to a private key; or give a password.")
    port: Port | None = Field(None, description="The SSH port (built-in default: 22).")
    known_hosts: Path | None = Field(
        None,
        description="File of trusted host keys, relative to the workspace folder (default: known_hosts).",
    )
    jump: JumpDoc | None = Field(None, description="A host to go through.")


class ManagerDoc(Document):
    """The Cisco Smart Software Manager that holds the account."""

    kind: ManagerKind = Field(
        description="cloud: Cisco's own. on-prem: Smart Software Manager On-Prem. hand-off: a person."
    )
    profile: Literal["legacy", "software-apis"] | None = Field(
        None, description="Which of the two cloud APIs the client has access to (default: legacy)."
    )
    base_url: HttpsUrl | None = Field(None, description="Where the API is, if not at Cisco's usual place.")
    token_url: HttpsUrl | None = Field(None, description="Where access tokens are given out.")
    ca_file: Path | None = Field(
        None, description="Certificates to trust for this manager, relative to the workspace folder."
    )
    proxy: Url | None = Field(None, description="HTTP proxy between xlicense and the manager.")
    grant: Literal["client_credentials", "password"] = Field(
        "client_credentials", description="The OAuth grant; password also needs a user name and a password."
    )
    paths: dict[Operation, Text] = Field(
        default_factory=dict, description="Other paths for single operations of the profile."
    )
    capabilities: dict[Operation, Switch] = Field(
        default_factory=dict, description="What this manager can do although its profile says otherwise."
    )


class CredentialsDoc(Document):
    """An API client, by reference."""

    client_id: Secret = Field(description="Reference to the client id.")
    client_secret: Secret = Field(description="Reference to the client secret.")
    username: Secret | None = Field(None, description="Reference to the user name, for grant: password.")
    password: Secret | None = Field(None, description="Reference to the password, for grant: password.")


class CredentialPairDoc(Document):
    """read is used to look, apply to change; without read, apply is used for both."""

    read: CredentialsDoc | None = Field(None, description="Credentials that may only look.")
    apply: CredentialsDoc | None = Field(None, description="Credentials that may change things.")


class RemoveInstanceDoc(Document):
    """A left-over product instance that may be removed."""

    serial: Serial = Field(description="Its serial number, as the account shows it.")
    reason: Text = Field(description="Why it is known to be gone.")


class AccountDoc(Document):
    """One virtual account and the manager that holds it."""

    smart_account: Text | None = Field(None, description="The domain of the Smart Account.")
    virtual_account: Text = Field(description="The virtual account, as the portal spells it.")
    local_account: Text | None = Field(None, description="The account's name on an On-Prem manager.")
    manager: ManagerDoc = Field(description="Who holds the account.")
    transport_url: Url | None = Field(
        None, description="What nodes report to on an On-Prem manager; it ends in /SmartTransport."
    )
    credentials: CredentialPairDoc | None = Field(None, description="API clients; none means by hand.")
    remove_instances: tuple[RemoveInstanceDoc, ...] = Field(
        (), description="Left-over product instances that may be removed."
    )


class EntitlementDoc(Document):
    """A licence, by the name the portal shows."""

    display_name: Text = Field(description="The name that the portal shows.")
    tag: Text | None = Field(None, description="The entitlement tag, where it is known.")


class TransportDoc(Document):
    """How the nodes reach the manager."""

    mode: TransportMode = Field(
        description="direct: to Cisco. on-prem: to the account's transport_url. proxy: to Cisco by a proxy."
    )
    host: Host | None = Field(None, description="The proxy's name or address (mode: proxy).")
    port: Port | None = Field(None, description="The proxy's port (mode: proxy).")
    username: User | None = Field(None, description="The user at the proxy (mode: proxy).")
    password: Secret | None = Field(None, description="Reference to the password there (mode: proxy).")


class PrivacyDoc(Document):
    """What nodes tell the manager about themselves. One device setting: what is not written is shared."""

    hostname: Literal["hidden", "shared"] | None = Field(None, description="The node's host name.")
    version: Literal["hidden", "shared"] | None = Field(None, description="The node's software version.")


class TokenDoc(Document):
    """The registration token: made and revoked by xlicense, or a standing one by reference."""

    expires_after_days: Annotated[int, whole(1, 365)] = Field(
        1,
        description="Life of a token that xlicense makes; it is revoked earlier, after all have registered.",
    )
    value: Secret | None = Field(None, description="Reference to a token that somebody else keeps.")


class RegistrationDoc(Document):
    """How the nodes get their licences."""

    mode: RegistrationMode = Field(
        description="token: registered, licences as used. reservation: fixed quantities on each node."
    )
    export_controlled: Switch | None = Field(
        None, description="Whether the token allows export-controlled functions."
    )
    token: TokenDoc | None = Field(None, description="The token (mode: token).")


def _quantity_alone(value: Any) -> Any:
    return {"quantity": value} if isinstance(value, str) else value


class ReserveDoc(Document):
    """A reserved quantity; ``rms: 20`` is short for ``rms: {quantity: 20}``."""

    quantity: Count = Field(description="How many licences.")
    version: Text | None = Field(
        None, description="Version of the entitlement, where the account has several."
    )


class ReserveOrCount:
    """Lets an editor's schema accept the short form too."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}, handler(schema)]}


Reserved = Annotated[ReserveDoc, BeforeValidator(_quantity_alone), ReserveOrCount()]


class NodeDoc(Document):
    """One Expressway."""

    name: Name = Field(description="What the node is called here.")
    host: Host = Field(description="Name or address to reach it at over SSH.")
    port: Port | None = Field(None, description="Its SSH port, where it differs from the others.")
    ssh: SshDoc | None = Field(None, description="What differs from the cluster's or the default login.")
    serial: Serial | None = Field(
        None, description="The serial number: what the node is, whatever its name. Needed for reservations."
    )
    replaces: Serial | None = Field(
        None, description="Serial number of the node that this one took over from."
    )
    state: State = Field(State.ACTIVE, description="retired: leaves the field; its licences are given back.")
    reserve: dict[Entitlement, Reserved] | None = Field(
        None, description="Quantities by entitlement: rms, desktop, room, or a name from entitlements."
    )


class ClusterDoc(Document):
    """clusters/NAME.yaml: one Expressway cluster, or a single Expressway."""

    cluster: Name = Field(description="The cluster's name; the file is called the same.")
    labels: dict[Label, Text] = Field(
        default_factory=dict, description="Labels to select by: `xlicense plan -l site=ams`."
    )
    role: Role | None = Field(None, description="core: Expressway-C. edge: Expressway-E.")
    account: Name | None = Field(None, description="The account in xlicense.yaml that licenses this cluster.")
    manage: Manage = Field(Manage.FULL, description="observe: only look at this cluster, never change it.")
    state: State = Field(State.ACTIVE, description="retired: the whole cluster leaves the field.")
    version: Release | None = Field(
        None, description="The release it runs, for checks that can be made without asking it. Never set."
    )
    ssh: SshDoc | None = Field(None, description="What differs from the default login.")
    transport: TransportDoc | None = Field(None, description="How its nodes reach the manager.")
    privacy: PrivacyDoc | None = Field(None, description="What its nodes tell the manager.")
    registration: RegistrationDoc | None = Field(None, description="How its nodes get their licences.")
    nodes: NotEmpty[NodeDoc] = Field(description="The peers, the primary first.")


class DefaultsDoc(Document):
    """What holds for every cluster that does not say otherwise."""

    ssh: SshDoc | None = Field(None, description="How to log in to the nodes.")
    account: Name | None = Field(None, description="The account of clusters that name none.")
    role: Role | None = Field(None, description="The role of clusters that name none.")
    labels: dict[Label, Text] = Field(default_factory=dict, description="Labels of every cluster.")
    transport: TransportDoc | None = Field(None, description="The transport of clusters that name none.")
    privacy: PrivacyDoc | None = Field(None, description="The privacy of clusters that name none.")
    registration: RegistrationDoc | None = Field(
        None, description="The registration of clusters that name none."
    )


class JournalDoc(Document):
    """Where the record of what was done is kept, and who can read the codes in it."""

    recipients: tuple[Recipient, ...] = Field(
        (), description="age public keys that codes are encrypted to; `xlicense key init` adds one."
    )
    identity: Path | None = Field(None, description="File of the age identity that reads them.")
    persistent: Switch = Field(
        False, description="true: the state folder outlives a CI job, so a job may change things."
    )
    url: Text | None = Field(None, description="A shared journal (a later release).")


class EvaluationDoc(Document):
    """When the remaining evaluation days of a node are worth a word."""

    warn_below_days: Days = Field(60, description="Warn when fewer days are left.")
    fail_below_days: Days = Field(14, description="Fail when fewer days are left.")


class HandoffDoc(Document):
    """What is expected of people."""

    expected_days: Days = Field(5, description="How many days a hand-off usually takes.")


class AlarmsDoc(Document):
    """Which alarms of a node count."""

    ignore: tuple[AlarmId, ...] = Field(
        ("40049",), description="Alarms that say nothing here, by five digits."
    )


class ClustersChangedDoc(Document):
    """How much of the fleet one plan may change."""

    percent: Annotated[int, whole(0, 100)] = Field(
        30, description="Of the clusters that hold licences today."
    )
    at_least: Count = Field(3, description="Always allowed, however small the fleet.")


class LimitsDoc(Document):
    """Guards with numbers."""

    clusters_changed: ClustersChangedDoc = Field(
        ClustersChangedDoc(), description="How many clusters one plan may change."
    )
    pool_left_at_least: dict[Name, dict[Entitlement, Count]] = Field(
        default_factory=dict, description="Licences to leave in an account: {emea: {rms: 5}}."
    )


class AllowDoc(Document):
    """Permission for one act that cannot be undone."""

    action: Text = Field(description="The kind of action, as the plan prints it.")
    target: Text = Field(description="The address it may be done to, as the plan prints it.")
    until: Day = Field(description="The last day of the permission.")
    reason: Text = Field(description="Why; it is recorded.")


class PolicyDoc(Document):
    """Limits and waiting times."""

    evaluation: EvaluationDoc = Field(EvaluationDoc(), description="Remaining evaluation days.")
    handoff: HandoffDoc = Field(HandoffDoc(), description="Steps that people do.")
    alarms: AlarmsDoc = Field(AlarmsDoc(), description="Which alarms count.")
    limits: LimitsDoc = Field(LimitsDoc(), description="How much one plan may change or use up.")
    plan_valid_for: Duration = Field(86_400, description="How long a saved plan may be applied: 24h.")
    registration_wait: Duration = Field(2_100, description="How long to wait for a registration: 35m.")
    replication_wait: Duration = Field(60, description="How long peers may take to see a change: 60s.")
    allow: tuple[AllowDoc, ...] = Field((), description="Acts that cannot be undone, allowed one by one.")


class WorkspaceDoc(Document):
    """xlicense.yaml: accounts, defaults and policy of one workspace."""

    version: FormatVersion = Field(description="Version of this format: 1.")
    workspace: Name = Field(description="Made by `xlicense init`; names the journal and the leases.")
    required_version: VersionRange | None = Field(None, description="Releases of xlicense that may be used.")
    accounts: dict[Name, AccountDoc] = Field(
        default_factory=dict, description="Accounts by a name of your own."
    )
    entitlements: dict[Entitlement, EntitlementDoc] = Field(
        default_factory=dict, description="Licences besides rms, desktop and room."
    )
    defaults: DefaultsDoc = Field(DefaultsDoc(), description="What holds where a cluster says nothing.")
    journal: JournalDoc = Field(JournalDoc(), description="The record of what was done.")
    policy: PolicyDoc = Field(PolicyDoc(), description="Limits, waiting times, and what is allowed.")
