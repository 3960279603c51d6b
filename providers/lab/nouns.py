"""The nouns of the lab's world: managers with accounts, pools, tokens and instances; nodes and clusters.

Mutable on purpose: this is the truth that changes. Belongs here: shapes and what a shape knows about
itself. Does not belong here: behaviour over time (`world`, `agent`, `manager`), texts, protocols.
Sources: domain knowledge from the admin guide X15.3 and TAC docs 215633 and 217743.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .dialect import FORMS, Dialect
from .reserved import Booking, Holding

CLOUD = "cloud"
ON_PREM = "on-prem"
CONTACT, AUTHORIZATION_LIFE = timedelta(days=30), timedelta(days=90)
RENEWAL, CERTIFICATE_LIFE = timedelta(days=182), timedelta(days=365)
RELEASES = ("X12.6", "X14.0.8", "X14.0.11", "X14.2.1", "X14.2.6", "X14.3.1", "X15.0")

QUIRKS = {
    "bare_tokens": "the token list holds nothing but tokens",
    "default_yes": "isDefault says yes and no instead of true and false",
    "listed_search": "the device search answers COMPLETE with a list instead of OK with one object",
    "moving_total": "other products register while a client turns the pages of the instance list",
}

RMS = "Cisco Expressway Rich Media Session License"
DESKTOP = "UC Manager Enhanced License (12.x)"
ROOM = "UC Manager Telepresence Room License (12.x)"
DESKTOP_14 = "UC Manager Enhanced License (14.x)"
ROOM_14 = "UC Manager Telepresence Room License (14.x)"
AAS = "Expressway Advanced Account Security Entitlement"
ENTITLEMENTS = {
    "rms": RMS,
    "desktop": DESKTOP,
    "room": ROOM,
    "desktop14": DESKTOP_14,
    "room14": ROOM_14,
    "aas": AAS,
}
TAGS = {
    RMS: "regid.2020-01.com.cisco.EXP_RMS,1.0_lab",
    DESKTOP: "regid.2016-07.com.cisco.UCM_Enhanced,12.0_66d0d1cf-4863-4761-91d0-d01d3eb1949a",
    ROOM: "regid.2016-07.com.cisco.UCM_TelePresenceRoom,12.0_d9a71418-29e9-4c9a-9d3a-1366ebe38e7c",
    DESKTOP_14: "regid.2021-06.com.cisco.UCM_Enhanced,14.0_lab",
    ROOM_14: "regid.2021-06.com.cisco.UCM_TelePresenceRoom,14.0_lab",
    AAS: "regid.2020-01.com.cisco.EXP_AAS,1.0_lab",
}
PLR_TAG = "regid.2020-01.com.cisco.EXP_PLR,1.0_lab"
EXPRESSWAY_TAG = "regid.2020-01.com.cisco.EXPY,1.0_lab"


@dataclass(slots=True)
class Pool:
    """One licence of a virtual account. ``covers`` names a lower licence that this one fulfils."""

    name: str
    quantity: int
    tag: str = ""
    covers: str | None = None
    billing: str = "PREPAID"
    licence_type: str = "PERPETUAL"
    ends: str | None = None


@dataclass(slots=True)
class Instance:
    """A product instance. ``node`` is the lab node behind it, None for other products and other teams.

    ``key`` is what CSSM shows of its identity: serial, uuid or both. ``booking`` is its reservation.
    """

    serial: str
    pid: str
    host_name: str
    product_tag: str
    product_type: str
    registered_at: datetime
    last_contact: datetime
    uuid: str = ""
    shown_by_host: bool = True
    usage: dict[str, int] = field(default_factory=dict)
    node: str | None = None
    key: str = "serial"
    booking: Booking | None = None


@dataclass(slots=True)
class Token:
    """A registration token. ``max_uses`` None is unlimited; ``revoked`` tokens are kept for the ledger."""

    value: str
    description: str
    export: bool
    created_at: datetime
    expires_at: datetime
    created_by: str
    max_uses: int | None = None
    uses: int = 0
    revoked: bool = False

    def alive(self, now: datetime) -> bool:
        left = self.max_uses is None or self.uses < self.max_uses
        return left and not self.revoked and now < self.expires_at


@dataclass(slots=True)
class VirtualAccount:
    name: str
    number: int
    default: bool = False
    description: str = ""
    pools: list[Pool] = field(default_factory=list)
    instances: list[Instance] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)

    def in_use(self, licence: str) -> int:
        """What is not free: used by connected instances, and booked by reservations."""
        pool = self.pool(licence)
        used = sum(instance.usage.get(licence, 0) for instance in self.instances)
        return used + (self.booked(pool) if pool else 0)

    def booked(self, pool: Pool) -> int:
        return sum(one.booking.booked(pool.tag) for one in self.instances if one.booking)

    def in_transit(self, pool: Pool) -> int:
        return sum(one.booking.in_transit(pool.tag) for one in self.instances if one.booking)

    def available(self, pool: Pool) -> int:
        """What may be reserved; less than nothing where connected instances use more than there is."""
        return pool.quantity - self.in_use(pool.name)

    def pool_tagged(self, tag: str) -> Pool | None:
        return next((pool for pool in self.pools if pool.tag == tag), None)

    def pool(self, licence: str) -> Pool | None:
        return next((pool for pool in self.pools if pool.name == licence), None)

    def short_of(self, licence: str) -> int:
        """How many are missing, after what a higher licence lends; 0 where the pool is enough."""
        pool = self.pool(licence)
        missing = self.in_use(licence) - (pool.quantity if pool else 0)
        return max(0, missing - self.lent_to(licence)) if missing > 0 else 0

    def lent_to(self, licence: str) -> int:
        """What higher licences fulfil of this one's shortage."""
        pool = self.pool(licence)
        missing = max(0, self.in_use(licence) - (pool.quantity if pool else 0))
        spare = sum(
            max(0, high.quantity - self.in_use(high.name)) for high in self.pools if high.covers == licence
        )
        return min(missing, spare)


@dataclass(slots=True)
class Account:
    """A Smart Account (by ``domain``), or a local account of an On-Prem (by ``name``). ``reservations`` is
    Cisco's flag for License Reservation. ``rehost_limit``: so many failed products may wait for removal
    without licences that stand in for theirs.
    """

    name: str
    domain: str
    number: int
    virtual_accounts: list[VirtualAccount] = field(default_factory=list)
    export_right: bool = True
    linked_virtual_account: str | None = None
    reservations: bool = True
    rehost_limit: int = 2


@dataclass(slots=True)
class Client:
    """An API client. ``granted`` False answers 403 Invalid Client to every call (access not requested)."""

    client_id: str
    client_secret: str
    granted: bool = True
    writes: bool = True
    username: str | None = None
    password: str | None = None


@dataclass(slots=True)
class Manager:
    """CSSM (cloud) or an SSM On-Prem. ``host_names`` are what nodes may call an On-Prem.

    ``answers_nodes`` False: nodes cannot reach it. ``token_uses`` is what a new token gets where the request
    says nothing, None is no limit. ``quirks`` picks among the answers that were seen (`QUIRKS`),
    ``forms`` among those that nobody has shown (`dialect.FORMS`).
    """

    name: str
    kind: str
    port: int = 0
    host_names: list[str] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    answers_nodes: bool = True
    token_uses: int | None = None
    quirks: dict[str, bool] = field(default_factory=dict)
    forms: dict[str, str] = field(default_factory=dict)

    def form(self, name: str) -> str:
        """The answer to an open question; the likeliest where none was chosen."""
        return self.forms.get(name, FORMS[name][0])


@dataclass(slots=True)
class Registration:
    """What a registered node knows about its registration."""

    manager: str
    account: Account
    virtual_account: VirtualAccount
    export: bool
    first_at: datetime
    expires: datetime
    next_renewal: datetime
    authorized_at: datetime
    renewal: str = "None"
    communication: str = ""

    @classmethod
    def since(
        cls,
        at: datetime,
        manager: str,
        account: Account,
        virtual_account: VirtualAccount,
        *,
        export: bool,
        now: datetime | None = None,
    ) -> Registration:
        """A registration made then and kept alive until now: certificate for a year, renewed after half of
        it; authorization renewed every 30 days.
        """
        age = max(timedelta(), (now or at) - at)
        renewed = at + age // RENEWAL * RENEWAL
        return cls(
            manager,
            account,
            virtual_account,
            export,
            first_at=at,
            expires=renewed + CERTIFICATE_LIFE,
            next_renewal=renewed + RENEWAL,
            authorized_at=at + age // CONTACT * CONTACT,
        )


@dataclass(slots=True)
class Attempt:
    """A registration that the node is trying. ``number`` tells an overtaken attempt from the current one."""

    number: int
    token: str
    again: bool
    tries: int = 0
    reason: str | None = None


@dataclass(slots=True)
class AlarmRaised:
    id: str
    title: str
    severity: str
    uuid: str
    at: datetime


@dataclass(slots=True)
class Cluster:
    """Peers in order. ``primary`` counts from 1. Without ``replicates_transport`` each has its own."""

    name: str
    nodes: list[str] = field(default_factory=list)
    primary: int = 1
    replicates_transport: bool = True


@dataclass(slots=True)
class Node:
    """One Expressway. ``network``: open, proxy-only or isolated; what the node can reach, not what is set."""

    name: str
    serial: str
    version: str
    role: str
    cluster: str
    host_name: str
    uuid: str
    dialect: Dialect
    port: int = 0
    address: str = ""
    username: str = "admin"
    password: str = "lab-password"
    public_keys: list[str] = field(default_factory=list)
    smart: bool = True
    transport: str = "direct"
    url: str = ""
    proxy: str | None = None
    privacy: str = "none"
    debug: str = "error"
    network: str = "open"
    latency: float = 0.0
    dns: list[str] = field(default_factory=list)
    ntp: list[str] = field(default_factory=list)
    option_keys: list[tuple[str, str]] = field(default_factory=list)
    usage: dict[str, int] = field(default_factory=dict)
    alarms: list[AlarmRaised] = field(default_factory=list)
    status_text: str | None = None
    extra_words: list[str] = field(default_factory=list)
    evaluation_seconds: float = 90 * 86_400.0
    evaluation_since: datetime | None = None
    registration: Registration | None = None
    registration_word: str = "unregistered"
    attempt: Attempt | None = None
    failure: str | None = None
    failed_at: datetime | None = None
    booted_at: datetime | None = None
    powered: bool = True
    snapshot: dict[str, Any] | None = None
    holding: Holding = field(default_factory=Holding)

    @property
    def licensed(self) -> bool:
        """Registered with a token, or by an installed reservation: evaluation stands still."""
        return self.registration is not None or self.holding.installed is not None

    def evaluation_left(self, now: datetime) -> float:
        """Seconds left of the one evaluation period; it runs only while smart, unregistered, unreserved."""
        ran = (now - self.evaluation_since).total_seconds() if self.evaluation_since else 0.0
        return max(0.0, self.evaluation_seconds - ran)

    def evaluation_ended(self, now: datetime) -> datetime:
        """When the period ended, for a node whose period has ended."""
        since = self.evaluation_since or now
        return since + timedelta(seconds=self.evaluation_seconds)


def numbers(version: str) -> tuple[int, ...]:
    """``X14.0.11`` as (14, 0, 11); a missing maintenance part counts as 0."""
    parts = [int(part) for part in version.lstrip("X").split(".")]
    return tuple(parts + [0] * (3 - len(parts)))


def has_new_root(version: str) -> bool:
    """Whether the release trusts the root authority that Cisco uses since January 2023 (S11)."""
    wanted = numbers(version)
    if wanted[:2] <= (14, 0):
        return wanted >= (14, 0, 11)
    return wanted >= (14, 2, 5)
