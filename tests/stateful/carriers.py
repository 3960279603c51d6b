"""Providers straight over the lab's world: no socket, no text to parse, and answers that get lost on demand.

Belongs here: what a node and an account show, and carrying out one action in the world. Does not belong
here: wording and wires, which have tests of their own.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from providers.expressway.authorization import check_installable
from providers.lab import agent, reservation, slr
from providers.lab import manager as managers
from providers.lab.agent import NotNow
from providers.lab.ledger import Asked
from providers.lab.manager import Declined
from providers.lab.nouns import TAGS, Instance, Node, VirtualAccount
from providers.lab.reserved import Booking
from reconciler import model as m
from reconciler.errors import OutcomeUnknown, Rejected, Unreachable
from reconciler.ports import Inputs

from .truth import ACCOUNTS, DOMAIN, LICENCES, Truth, name_of

K, C, Status = m.Kind, m.CodeKind, m.RegistrationStatus
UNKNOWN = m.UNKNOWN
Codes = tuple[m.Produced, ...]

SECONDS = 0.05
"""What a round trip takes."""
GAVE_UP = 90.0
"""When a server ends what its client has not waited for."""

BY_API: Mapping[str, frozenset[str]] = {
    "legacy": frozenset(
        kind.value
        for kind in (
            K.CREATE_TOKEN,
            K.REVOKE_TOKEN,
            K.RESERVE,
            K.UPDATE_RESERVATION,
            K.CONFIRM_RESERVATION,
            K.REMOVE_INSTANCE,
            K.REMOVE_GHOST,
        )
    ),
    "software-apis": frozenset(
        kind.value for kind in (K.CREATE_TOKEN, K.REVOKE_TOKEN, K.RESERVE, K.REMOVE_INSTANCE, K.REMOVE_GHOST)
    ),
    "hand-off": frozenset(),
}


class _Carrier:
    """What nodes and accounts have in common: one action, once, and the fault that was armed for it."""

    def __init__(self, truth: Truth, now: Callable[[], datetime]) -> None:
        self.truth = truth
        self.now = now

    async def execute(self, action: m.Action, inputs: Inputs) -> m.Reply:
        await asyncio.sleep(SECONDS)
        world = self.truth.world
        world.catch_up(self.now())
        fault = self.truth.faults.get(action.kind.value.partition(".")[2])
        if fault == "away":
            raise Unreachable("no route")
        self.check(action, inputs)
        inputs.tap.sending()
        if fault in ("before", "late"):
            self._asked(action, ran=False)
            if fault == "late" and action.kind in (K.RESERVE, K.UPDATE_RESERVATION):
                codes = dict(inputs.codes)
                world.later(GAVE_UP, lambda: self._too_late(action, codes))
            raise OutcomeUnknown("the connection broke")
        answer, codes = self._carried_out(action, inputs)
        if fault == "after":
            raise OutcomeUnknown("the connection broke")
        inputs.tap.received(answer.encode())
        if fault == "told":
            raise OutcomeUnknown("the connection broke after the code")
        return m.Reply("OK", codes)

    def _carried_out(self, action: m.Action, inputs: Inputs) -> tuple[str, Codes]:
        try:
            codes = self.act(action, inputs.codes)
        except (NotNow, Declined, ValueError) as error:
            self._asked(action, ran=False, said=str(error))
            inputs.tap.received(str(error).encode())
            raise Rejected(str(error)) from None
        self._asked(action, ran=True)
        return "".join(f"{{{{{code.kind.value}|{code.value}}}}}" for code in codes) or "OK", codes

    def _too_late(self, action: m.Action, codes: Mapping[str, str]) -> None:
        try:
            self.act(action, codes)
        except (NotNow, Declined, ValueError) as error:
            self._asked(action, ran=False, said=str(error))
        else:
            self._asked(action, ran=True)

    def _asked(self, action: m.Action, *, ran: bool, said: str = "") -> None:
        asked = Asked(self.truth.world.now, self.where(action), action.kind.value, ran, not said, said)
        self.truth.world.ledger.asked.append(asked)

    def where(self, action: m.Action) -> str:
        raise NotImplementedError

    def check(self, action: m.Action, inputs: Inputs) -> None:
        """Before anything is sent."""

    def act(self, action: m.Action, codes: Mapping[str, str]) -> Codes:
        raise NotImplementedError

    def commands(self, action: m.Action) -> tuple[str, ...]:
        return (action.kind.value,)

    def instructions(self, action: m.Action) -> tuple[str, ...]:
        return (f"do {action.kind.value}",)

    def read_code(self, kind: m.CodeKind, data: bytes) -> str | None:
        found = re.search(rf"{{{{{kind.value}\|(.*?)}}}}", data.decode(), re.DOTALL)
        return found[1] if found else None

    async def find_code(self, kind: m.CodeKind, op_id: str) -> str | None:
        return None

    async def close(self) -> None:
        return None


# Nodes.


class NodeCarrier(_Carrier):
    """Serves every node."""

    def capabilities(self) -> Mapping[m.Address, frozenset[str]]:
        kinds = frozenset(kind.value for kind in _ON_NODE)
        return {node.address: kinds for cluster in self.truth.desired.clusters for node in cluster.nodes}

    def where(self, action: m.Action) -> str:
        return name_of(action.address)

    async def observe(self, address: m.Address) -> m.NodeObserved:
        await asyncio.sleep(SECONDS)
        self.truth.world.catch_up(self.now())
        node = self.truth.node(name_of(address))
        if not node.powered:
            problem = m.Problem("all", m.ProblemKind.UNREACHABLE, "no route")
            return m.NodeObserved(address, self.now(), problems=(problem,))
        switch = node.holding.enabled if self.truth.drawn.switch_shown else UNKNOWN
        return m.NodeObserved(
            address,
            self.now(),
            serial=node.serial,
            software=m.Software("X15.0", "expressway"),
            licence=self._licence(node),
            smart=m.SmartConfig("direct", None, "none", switch),
            alarms=(),
            option_keys=(),
            hostname=node.host_name,
            dns=tuple(node.dns),
            ntp=tuple(node.ntp),
        )

    def _licence(self, node: Node) -> m.Licence:
        registration, drawn = node.registration, self.truth.drawn
        left = None if node.licensed else int(node.evaluation_left(self.truth.world.now))
        status = _status(node)
        return m.Licence(
            enabled=True,
            registration=status,
            registration_text=status.value,
            authorization=_authorization(status),
            evaluation_seconds=left,
            failure=node.failure,
            smart_account=DOMAIN if registration else None,
            virtual_account=registration.virtual_account.name if registration else None,
            export_controlled=registration.export if registration else None,
            hostname_hidden=False,
            version_hidden=False,
            transport_url=None,
            proxy=None,
            udi=f"P:EXPY,S:{node.serial}" + (f",U:{node.uuid}" if drawn.udi == "uuid" else ""),
            reservation_enabled=node.holding.enabled if drawn.switch_shown else UNKNOWN,
            reserved=_printed(node) if drawn.totals_printed else UNKNOWN,
        )

    def check(self, action: m.Action, inputs: Inputs) -> None:
        node = self.truth.node(name_of(action.address))
        if not node.powered:
            raise Unreachable("no route")
        if action.kind is K.INSTALL_AUTHORIZATION:
            params = action.params
            code, request = inputs.codes[params["authorization"]], inputs.codes.get(params["request"])
            check_installable(action.address.name, code, params, request, self.now())

    def act(self, action: m.Action, codes: Mapping[str, str]) -> Codes:
        node = self.truth.node(name_of(action.address))
        return _ON_NODE[action.kind](self.truth, node, action, codes)


def _status(node: Node) -> Status:
    if node.registration is not None:
        return Status.REGISTERED
    if node.attempt is not None:
        return Status.PENDING
    if node.holding.installed is not None:
        return Status.RESERVED_SPECIFIC
    if node.holding.request is not None:
        return Status.RESERVATION_PENDING
    return Status.FAILED if node.registration_word == "failed" else Status.UNREGISTERED


def _authorization(status: Status) -> m.AuthorizationStatus:
    return {
        Status.REGISTERED: m.AuthorizationStatus.AUTHORIZED,
        Status.RESERVED_SPECIFIC: m.AuthorizationStatus.RESERVED,
    }.get(status, m.AuthorizationStatus.EVALUATION)


def _printed(node: Node) -> tuple[m.ReservedLine, ...]:
    installed = node.holding.installed
    lines = installed.lines if installed is not None else ()
    return tuple(m.ReservedLine(line.name, line.quantity, line.tag) for line in lines)


def _enable(truth: Truth, node: Node, action: m.Action, codes: Mapping[str, str]) -> Codes:
    reservation.enable(node)
    return ()


def _disable(truth: Truth, node: Node, action: m.Action, codes: Mapping[str, str]) -> Codes:
    reservation.disable(node)
    return ()


def _request(truth: Truth, node: Node, action: m.Action, codes: Mapping[str, str]) -> Codes:
    return (m.Produced(C.REQUEST, reservation.request(truth.world, node)),)


def _install(truth: Truth, node: Node, action: m.Action, codes: Mapping[str, str]) -> Codes:
    first = node.holding.installed is None
    issued = reservation.install(truth.world, node, codes[action.params["authorization"]])
    if first and node.dialect.first_confirmation == "omitted":
        return ()
    return (m.Produced(C.CONFIRMATION, issued.confirmation),)


def _return(truth: Truth, node: Node, action: m.Action, codes: Mapping[str, str]) -> Codes:
    return (m.Produced(C.RETURN, reservation.give_back(truth.world, node)),)


def _return_authorization(truth: Truth, node: Node, action: m.Action, codes: Mapping[str, str]) -> Codes:
    text = codes[action.params["authorization"]]
    return (m.Produced(C.RETURN, reservation.return_authorization(truth.world, node, text)),)


def _cancel(truth: Truth, node: Node, action: m.Action, codes: Mapping[str, str]) -> Codes:
    reservation.cancel(node)
    return ()


def _register(truth: Truth, node: Node, action: m.Action, codes: Mapping[str, str]) -> Codes:
    start = agent.register if action.kind is K.REGISTER else agent.reregister
    start(truth.world, node, codes[action.params["token"]])
    return ()


def _deregister(truth: Truth, node: Node, action: m.Action, codes: Mapping[str, str]) -> Codes:
    agent.deregister(truth.world, node)
    return ()


_ON_NODE: dict[m.Kind, Callable[[Truth, Node, m.Action, Mapping[str, str]], Codes]] = {
    K.ENABLE_RESERVATION: _enable,
    K.DISABLE_RESERVATION: _disable,
    K.REQUEST_RESERVATION: _request,
    K.INSTALL_AUTHORIZATION: _install,
    K.RETURN_RESERVATION: _return,
    K.RETURN_AUTHORIZATION: _return_authorization,
    K.CANCEL_RESERVATION: _cancel,
    K.REGISTER: _register,
    K.REREGISTER: _register,
    K.DEREGISTER: _deregister,
}


# Accounts.


class AccountCarrier(_Carrier):
    """Serves one virtual account, by the API of its profile or not at all."""

    def __init__(self, truth: Truth, now: Callable[[], datetime], account: str) -> None:
        super().__init__(truth, now)
        self.account = account

    @property
    def address(self) -> m.Address:
        return m.Address.of_account(self.account)

    def capabilities(self) -> Mapping[m.Address, frozenset[str]]:
        return {self.address: BY_API[self.truth.profile(self.account)]}

    def where(self, action: m.Action) -> str:
        return f"{self.account} {action.subject}"

    async def observe(self, address: m.Address) -> m.AccountObserved:
        await asyncio.sleep(SECONDS)
        world = self.truth.world
        world.catch_up(self.now())
        if self.truth.profile(self.account) == "hand-off":
            return m.AccountObserved(address, self.now())
        va = self.truth.va(self.account)
        return m.AccountObserved(
            address,
            self.now(),
            exists=True,
            pool=stock(va),
            instances=tuple(shown(self.truth, one) for one in va.instances),
        )

    def act(self, action: m.Action, codes: Mapping[str, str]) -> Codes:
        return _AT_CSSM[action.kind](self.truth, self.truth.va(self.account), action, codes)


def stock(va: VirtualAccount) -> tuple[m.PoolLine, ...]:
    return tuple(
        m.PoolLine(
            pool.name, pool.quantity, va.in_use(pool.name), va.available(pool), va.booked(pool), pool.tag
        )
        for pool in va.pools
    )


def shown(truth: Truth, one: Instance) -> m.Instance:
    """An instance, with its reservation as plainly as this CSSM shows it."""
    reserved: m.Maybe[tuple[m.ReservedLine, ...]] = UNKNOWN
    usage: tuple[m.ReservedLine, ...] = ()
    if one.booking is not None and truth.drawn.shown == "lines":
        reserved = lines(one.booking, pending=truth.drawn.pending_shown == "yes")
    elif one.booking is not None and truth.drawn.shown == "usage":
        totals = {tag: one.booking.booked(tag) for tag in one.booking.totals()}
        usage = tuple(m.ReservedLine(_licence_of(tag), n, None) for tag, n in totals.items() if n)
    return m.Instance(
        one.host_name or f"UDI_PID:{one.pid}; UDI_SN:{one.serial}; ",
        serial=one.serial,
        uuid=one.uuid or None,
        pid=one.pid,
        host_name=one.host_name or None,
        product_tag=one.product_tag,
        reserved=reserved,
        usage=usage,
    )


def lines(booking: Booking, *, pending: bool) -> tuple[m.ReservedLine, ...]:
    moving = booking.update is not None
    return tuple(
        m.ReservedLine(_licence_of(tag), old, tag, (new if moving else None) if pending else UNKNOWN)
        for tag, (old, new) in booking.totals().items()
    )


def _licence_of(tag: str) -> str:
    return next(name for name, known in TAGS.items() if known == tag)


def _tag_of(entitlement: str) -> str:
    return TAGS[LICENCES.get(entitlement, entitlement)]


def totals(action_lines: object) -> dict[str, int]:
    """Totals by tag, from the lines of an action."""
    assert isinstance(action_lines, list | tuple)
    return {line["tag"] or _tag_of(line["entitlement"]): line["quantity"] for line in action_lines}


def _instance(va: VirtualAccount, action: m.Action) -> Instance:
    serial = action.params["serial"]
    for one in va.instances:
        if one.serial == serial and (one.booking is None or not one.booking.failed):
            return one
    raise Declined("The product instance was not found in this Virtual Account")


def _create_token(truth: Truth, va: VirtualAccount, action: m.Action, codes: Mapping[str, str]) -> Codes:
    cloud = truth.world.cloud
    token = managers.create_token(
        truth.world,
        cloud,
        cloud.accounts[0],
        va,
        description="",
        days=action.params["expires_after_days"],
        export=action.params["export_controlled"],
        max_uses=action.params["max_uses"],
        created_by="api",
    )
    return (m.Produced(C.TOKEN, token.value, token.expires_at),)


def _revoke_token(truth: Truth, va: VirtualAccount, action: m.Action, codes: Mapping[str, str]) -> Codes:
    managers.revoke_token(va, codes[action.params["token"]])
    return ()


def _reserve(truth: Truth, va: VirtualAccount, action: m.Action, codes: Mapping[str, str]) -> Codes:
    account = truth.world.cloud.accounts[0]
    request = codes[action.params["request"]]
    issued = slr.reserve(truth.world, account, va, request, totals(action.params["lines"]))
    return (m.Produced(C.AUTHORIZATION, issued.text),)


def _update(truth: Truth, va: VirtualAccount, action: m.Action, codes: Mapping[str, str]) -> Codes:
    issued = slr.update(truth.world, va, _instance(va, action), totals(action.params["lines"]))
    return (m.Produced(C.AUTHORIZATION, issued.text),)


def _confirm(truth: Truth, va: VirtualAccount, action: m.Action, codes: Mapping[str, str]) -> Codes:
    slr.confirm(truth.world, _instance(va, action), codes[action.params["confirmation"]])
    return ()


def _remove(truth: Truth, va: VirtualAccount, action: m.Action, codes: Mapping[str, str]) -> Codes:
    slr.remove(truth.world, va, _instance(va, action), codes[action.params["return"]])
    return ()


_AT_CSSM: dict[m.Kind, Callable[[Truth, VirtualAccount, m.Action, Mapping[str, str]], Codes]] = {
    K.CREATE_TOKEN: _create_token,
    K.REVOKE_TOKEN: _revoke_token,
    K.RESERVE: _reserve,
    K.UPDATE_RESERVATION: _update,
    K.CONFIRM_RESERVATION: _confirm,
    K.REMOVE_INSTANCE: _remove,
}


def carriers(
    truth: Truth, now: Callable[[], datetime]
) -> tuple[NodeCarrier, dict[m.Address, AccountCarrier]]:
    accounts = [AccountCarrier(truth, now, account) for account in ACCOUNTS]
    return NodeCarrier(truth, now), {carrier.address: carrier for carrier in accounts}


FRAGILE = frozenset(kind.value.partition(".")[2] for kind in (*_ON_NODE, *_AT_CSSM))
"""The kinds whose answers may get lost, without the word for where they are carried out."""
