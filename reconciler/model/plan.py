"""Changes (facts), findings, refusals, actions (data, no closures) and the plan that holds them.

A change says what differs; an action says what to run and points back at the changes that it settles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field as PydanticField

from .addresses import Address
from .held import Waiting
from .observed import Observation
from .unknown import Maybe

FORMAT_VERSION = "1.0"
"""Of plans, drift and observation JSON: minor grows additively, major is refused."""

Value = Maybe[Annotated[str | int | bool | None, PydanticField(union_mode="smart")]]


class Kind(StrEnum):
    """Every action there is; catalogue and providers speak of the same names."""

    ENABLE_SMART = "node.enable_smart"
    SET_URL = "node.set_url"
    SET_TRANSPORT = "cluster.set_transport"
    SET_PROXY = "node.set_proxy"
    SET_PRIVACY = "node.set_privacy"
    CREATE_TOKEN = "account.create_token"
    REGISTER = "node.register"
    REREGISTER = "node.reregister"
    REVOKE_TOKEN = "account.revoke_token"
    DEREGISTER = "node.deregister"
    RENEW_REGISTRATION = "node.renew_registration"
    RENEW_AUTHORIZATION = "node.renew_authorization"
    ENABLE_RESERVATION = "node.enable_reservation"
    DISABLE_RESERVATION = "node.disable_reservation"
    REQUEST_RESERVATION = "node.request_reservation"
    RESERVE = "account.reserve"
    INSTALL_AUTHORIZATION = "node.install_authorization"
    UPDATE_RESERVATION = "account.update_reservation"
    CONFIRM_RESERVATION = "account.confirm_reservation"
    RETURN_RESERVATION = "node.return_reservation"
    REMOVE_INSTANCE = "account.remove_instance"
    CANCEL_RESERVATION = "node.cancel_reservation"
    RETURN_AUTHORIZATION = "node.return_authorization"
    REHOST = "account.rehost"
    FETCH_AUTHORIZATION = "account.fetch_authorization"
    REMOVE_GHOST = "account.remove_ghost"


class EffectClass(StrEnum):
    """R read, S idempotent set, N once only, C prints or returns a code, X irreversible."""

    READ = "R"
    SET = "S"
    ONCE = "N"
    CODE = "C"
    IRREVERSIBLE = "X"


class Carrier(StrEnum):
    SSH = "ssh"
    REST = "rest"
    API = "api"
    PERSON = "person"


class Purpose(StrEnum):
    """``supply`` runs only when something that needs it can run; ``cleanup`` runs whatever the outcome."""

    WORK = "work"
    SUPPLY = "supply"
    CLEANUP = "cleanup"


class Cause(StrEnum):
    """Why a change is there, as far as the journal can tell."""

    NOT_YET_APPLIED = "not yet applied"
    CHANGED_BEHIND = "changed behind our back"
    WAITING = "waiting"
    UNTOLD = "untold"


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Level(StrEnum):
    """``advice`` reports, ``guard`` refuses and can be overridden, ``hard`` refuses."""

    ADVICE = "advice"
    GUARD = "guard"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Change:
    """One field at one address where desired and observed differ. ``id`` is ``address#field``."""

    address: Address
    field: str
    before: Value
    after: Value
    cause: Cause = Cause.UNTOLD
    last_seen: str | None = None

    @property
    def id(self) -> str:
        return f"{self.address}#{self.field}"


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A rule of the book as it is printed; the predicate lives in the rules room."""

    id: str
    rows: tuple[str, ...]
    level: Level
    phase: str
    sentence: str
    reason: str
    remedy: str
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something noticed that is not a change. ``rule`` is None for findings that no rule makes."""

    code: str
    severity: Severity
    address: Address
    message: str
    remedy: str | None = None
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule's no. Takes out the actions under ``address`` (of ``kinds``, or all) and their dependants.

    An overridden guard stays in the plan with ``overridden`` set to the reason given.
    """

    rule: str
    level: Level
    address: Address
    message: str
    remedy: str
    source: str
    kinds: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    overridden: str | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One instruction to one provider, as data.

    ``id`` comes from serial or account, kind and the parameters that identify it, so it is the same in the
    next plan. ``needs`` must have succeeded; ``after`` only orders. ``settles`` are change ids.
    ``params`` holds JSON values only; a code is a slot name (``{"token": "token/emea/allowed"}``) and a
    standing secret the text of its reference. ``makes`` is the slot that this action fills.
    """

    id: str
    address: Address
    kind: Kind
    subject: str
    params: Mapping[str, Any]
    carrier: Carrier
    effect_class: EffectClass
    reason: str
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    settles: tuple[str, ...] = ()
    purpose: Purpose = Purpose.WORK
    makes: str | None = None
    reversible: bool = True
    carrier_note: str | None = None
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldBack:
    """An action that cannot run now and why: ``by`` names the hand-off, refusal or missing action."""

    action_id: str
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Override:
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """``targets``, ``excludes`` are address globs; ``selector`` are label pairs that must all match."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    selector: tuple[tuple[str, str], ...] = ()
    overrides: tuple[Override, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class EvaluationLeft:
    """The evaluation clock of one node: days left, whether it is running, and where the number is from."""

    address: Address
    days: int
    running: bool
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class PoolUse:
    """One licence of a virtual account across a plan: free now, freed by it, taken by it, free after it.

    ``free_now`` is what the account says is available less the claims of parked effects; it and
    ``free_after`` are UNKNOWN where nobody said. ``frees_first`` says that the plan had to put the freeing
    before the taking.
    """

    account: Address
    name: str
    free_now: Maybe[int]
    freed: int
    taken: int
    free_after: Maybe[int]
    claimed: int = 0
    frees_first: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered actions, what is behind them, and the digest of what would be done. Immutable.

    ``actions`` are in execution order and hold only what may run; what a refusal took out is in
    ``withheld``; what a parked hand-off holds back is in ``actions`` and named in ``held_back``.
    ``options`` are what the plan was made with, so that apply can make it again; ``partial`` says them in
    words. ``content_digest`` is the SHA-256 of the canonical JSON of what would be done and to what, without
    times, reasons and findings.
    """

    content_digest: str
    nonce: str
    workspace: str
    created_at: datetime
    expires_at: datetime
    tool_version: str
    observation: Observation
    changes: tuple[Change, ...] = ()
    actions: tuple[Action, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    withheld: tuple[Action, ...] = ()
    findings: tuple[Finding, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    evaluation: tuple[EvaluationLeft, ...] = ()
    pools: tuple[PoolUse, ...] = ()
    overrides: tuple[Override, ...] = ()
    partial: tuple[str, ...] = ()
    options: PlanOptions = PlanOptions()
    clusters_total: int = 0
    nodes_total: int = 0
    format_version: str = FORMAT_VERSION

    @property
    def runnable(self) -> tuple[Action, ...]:
        """The actions that an apply would carry out or park now."""
        held = {item.action_id for item in self.held_back}
        return tuple(action for action in self.actions if action.id not in held)
