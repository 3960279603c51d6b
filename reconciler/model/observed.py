"""What was read, when and from where. Every part is a value, None (absent) or UNKNOWN (not known).

Words that a remote printed and we do not know are kept in ``unrecognised``; they block actions on that
node and are shown to the user. Times are aware datetimes in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .addresses import Address
from .unknown import UNKNOWN, Maybe


class Source(StrEnum):
    READ = "read"
    JOURNAL = "journal"
    ATTESTED = "attested"


class RegistrationStatus(StrEnum):
    """Registration words of Expressway and of sister products with the same agent (admin guide X15.3)."""

    REGISTERED = "registered"
    UNREGISTERED = "unregistered"
    PENDING = "registration pending"
    FAILED = "registration failed"
    EXPIRED = "registration expired"
    RESERVATION_PENDING = "reservation in progress"
    RESERVED_SPECIFIC = "registered - specific license reservation"
    RESERVED_UNIVERSAL = "registered - universal license reservation"


class AuthorizationStatus(StrEnum):
    AUTHORIZED = "authorized"
    OUT_OF_COMPLIANCE = "out of compliance"
    EXPIRED = "authorization expired"
    NO_LICENSES_IN_USE = "no licenses in use"
    EVALUATION = "evaluation mode"
    EVALUATION_EXPIRED = "evaluation expired"
    RESERVED = "authorized - reserved"
    NOT_AUTHORIZED_RESERVED = "not authorized - reserved"
    NOT_APPLICABLE = "not applicable"


class ProblemKind(StrEnum):
    """Why a part could not be read; decides between exit codes 10 and 11."""

    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Problem:
    """One part that could not be read. ``part`` is ``all``, ``licence``, ``software``, ``pool``…"""

    part: str
    kind: ProblemKind
    message: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Software:
    """``version`` as printed, ``X14.2.5``. ``product`` is expressway or vcs."""

    version: str
    product: Maybe[str] = UNKNOWN
    select_image: Maybe[bool] = UNKNOWN


@dataclass(frozen=True, slots=True)
class Usage:
    """One licence type in use; a type that is not in use is not printed (absent is 0 used)."""

    name: str
    tag: str | None
    count: Maybe[int]
    status: str


@dataclass(frozen=True, slots=True)
class ReservedLine:
    """A reserved licence. ``pending`` is the new total of an update in transit, None where there is none,
    UNKNOWN where the source does not say."""

    name: str
    quantity: int
    tag: str | None = None
    pending: Maybe[int | None] = UNKNOWN


@dataclass(frozen=True, slots=True)
class Licence:
    """The licence block of a node (``xstatus // license``).

    ``evaluation_seconds`` is what is left of the single evaluation period, None where the block prints
    none (registered nodes print no clock), 0 where it has expired. ``failure`` is the node's own sentence
    about the last failed attempt. ``proxy`` is ``host:port``, None where not configured.
    ``virtual_account`` and ``smart_account`` are None while unregistered.
    """

    enabled: Maybe[bool] = UNKNOWN
    registration: Maybe[RegistrationStatus] = UNKNOWN
    registration_text: str = ""
    authorization: Maybe[AuthorizationStatus] = UNKNOWN
    authorization_text: str = ""
    evaluation_seconds: Maybe[int | None] = UNKNOWN
    failure: str | None = None
    smart_account: Maybe[str | None] = UNKNOWN
    virtual_account: Maybe[str | None] = UNKNOWN
    export_controlled: Maybe[bool | None] = UNKNOWN
    hostname_hidden: Maybe[bool] = UNKNOWN
    version_hidden: Maybe[bool] = UNKNOWN
    transport_url: Maybe[str | None] = UNKNOWN
    proxy: Maybe[str | None] = UNKNOWN
    usage: tuple[Usage, ...] = ()
    udi: Maybe[str | None] = UNKNOWN
    reservation_enabled: Maybe[bool] = UNKNOWN
    reserved: Maybe[tuple[ReservedLine, ...]] = UNKNOWN
    registration_expires: datetime | None = None
    communication_deadline: datetime | None = None
    unrecognised: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SmartConfig:
    """``xConfiguration license smart`` read back. ``transport`` is direct or satellite."""

    transport: Maybe[str] = UNKNOWN
    url: Maybe[str | None] = UNKNOWN
    privacy: Maybe[str] = UNKNOWN
    reservation_enable: Maybe[bool] = UNKNOWN
    debug: Maybe[str] = UNKNOWN


@dataclass(frozen=True, slots=True)
class Alarm:
    """``id`` is the five digits. ``text`` is title or detail as printed."""

    id: str
    text: str = ""
    severity: str = ""


@dataclass(frozen=True, slots=True)
class OptionKey:
    key: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class NodeObserved:
    """One node at one time. ``problems`` is empty when everything was read."""

    address: Address
    at: datetime
    source: Source = Source.READ
    serial: Maybe[str] = UNKNOWN
    software: Maybe[Software] = UNKNOWN
    licence: Maybe[Licence] = UNKNOWN
    smart: Maybe[SmartConfig] = UNKNOWN
    alarms: Maybe[tuple[Alarm, ...]] = UNKNOWN
    option_keys: Maybe[tuple[OptionKey, ...]] = UNKNOWN
    peers: Maybe[tuple[str, ...]] = UNKNOWN
    primary: Maybe[int] = UNKNOWN
    hostname: Maybe[str] = UNKNOWN
    dns: Maybe[tuple[str, ...]] = UNKNOWN
    ntp: Maybe[tuple[str, ...]] = UNKNOWN
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class PoolLine:
    """One licence of a virtual account. ``available`` is what a new user could still take."""

    name: str
    quantity: Maybe[int] = UNKNOWN
    in_use: Maybe[int] = UNKNOWN
    available: Maybe[int] = UNKNOWN
    reserved: Maybe[int] = UNKNOWN
    tag: str | None = None
    status: str = ""
    ends: str | None = None


@dataclass(frozen=True, slots=True)
class Instance:
    """One product instance of a virtual account, of whatever product and team. Blank texts are None.

    ``reserved`` is what the account says is reserved for it: the empty tuple where it says that nothing is,
    UNKNOWN where the answer tells a reserved instance from a connected one in no way. ``usage`` is the list
    of licences that it shows for the instance, whatever they are.
    """

    name: str
    serial: str | None = None
    uuid: str | None = None
    pid: str | None = None
    host_name: str | None = None
    product_tag: str | None = None
    product_type: str | None = None
    status: str | None = None
    last_contact: datetime | None = None
    reserved: Maybe[tuple[ReservedLine, ...]] = UNKNOWN
    usage: tuple[ReservedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Reservable:
    """An entitlement that may be reserved for a product, as CSSM names it. ``name`` may be blank."""

    tag: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class AccountObserved:
    """One virtual account at one time. ``instances`` is UNKNOWN where the profile has no such call.

    ``reservation_allowed`` is whether the account may reserve at all (S56).
    """

    address: Address
    at: datetime
    source: Source = Source.READ
    exists: Maybe[bool] = UNKNOWN
    pool: Maybe[tuple[PoolLine, ...]] = UNKNOWN
    instances: Maybe[tuple[Instance, ...]] = UNKNOWN
    reservable: Maybe[tuple[Reservable, ...]] = UNKNOWN
    reservation_allowed: Maybe[bool] = UNKNOWN
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that was read for one plan, in address order."""

    at: datetime
    nodes: tuple[NodeObserved, ...] = ()
    accounts: tuple[AccountObserved, ...] = field(default=())
