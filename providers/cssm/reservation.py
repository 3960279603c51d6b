"""Reservations through calls: what is looked at first, what is sent, how both layers of the answer count.

Belongs here: the order of calls of one effect. Does not belong here: single calls (client), JSON (reserving,
instances), sentences (words), what a person does instead (portal).

Every effect looks before it sends, and sends once::

    reserve                no instance of this device anywhere we see -> reserve
    update, confirm        exactly one instance of it -> update / confirm
    remove                 the instance, or none: done -> remove -> look until it is gone

A look that fails means that nothing was sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any, TypeVar

from reconciler.errors import ProviderError
from reconciler.model import UNKNOWN, Action, CodeKind, Instance, Kind, Produced, Reply, ReservedLine
from reconciler.ports import Clock, Inputs

from . import instances, observing, reserving, words
from .client import Client
from .profiles import CARRIED, Operation, Surface
from .words import Where

T = TypeVar("T")

_OPERATION: Mapping[Kind, Operation] = {kind: operation for operation, kind in CARRIED.items()}
_PAUSES = (1.0, 2.0, 4.0, 8.0)

KINDS = frozenset(
    {
        Kind.RESERVE,
        Kind.UPDATE_RESERVATION,
        Kind.CONFIRM_RESERVATION,
        Kind.REMOVE_INSTANCE,
        Kind.REMOVE_GHOST,
    }
)


@dataclass(frozen=True, slots=True)
class Device:
    """Who an action is about, and the product tag that the plan knew."""

    serial: str
    udi: str | None
    product_tag: str | None

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Device:
        return cls(str(params["serial"]), params.get("udi"), params.get("product_tag"))


class Reservations:
    """The reservation effects of one account."""

    def __init__(self, client: Client, surface: Surface, clock: Clock, vanish: float) -> None:
        self._client = client
        self._surface = surface
        self._clock = clock
        self._vanish = vanish

    async def carry_out(self, action: Action, inputs: Inputs) -> Reply:
        """Raises one of the five ProviderErrors; Rejected also where a look says no before anything is
        sent, with both values in its text."""
        where = self._client.where(_OPERATION[action.kind])
        stated = action.params.get("virtual_account", self._surface.virtual_account)
        if stated != self._surface.virtual_account:
            raise words.refused_here(
                where, f'the plan says virtual account "{stated}"', "Plan again: the account has changed."
            )
        effects = {
            Kind.RESERVE: self._reserve,
            Kind.UPDATE_RESERVATION: self._update,
            Kind.CONFIRM_RESERVATION: self._confirm,
            Kind.REMOVE_INSTANCE: self._remove,
            Kind.REMOVE_GHOST: self._remove,
        }
        return await effects[action.kind](action, inputs, where)

    async def _reserve(self, action: Action, inputs: Inputs, where: Where) -> Reply:
        device = Device.of(action.params)
        code = _code(action, inputs, "request", where)
        lines = await self._tagged(action.params["lines"], where)
        if not any(line["quantity"] for line in lines):
            raise words.refused_here(where, "no licence is to be reserved", "Reserve at least one licence.")
        await self._absent(device, where)
        body = reserving.reserve_body(code, lines)
        answer = await self._sent(action, body, inputs, code)
        return _issued(reserving.authorization_of(answer, code), where, "the licences are reserved")

    async def _update(self, action: Action, inputs: Inputs, where: Where) -> Reply:
        device = Device.of(action.params)
        lines = await self._tagged(action.params["lines"], where)
        instance = await self._one(device, where)
        _check_update(instance, lines, where)
        sudi, tag = _key(device, instance)
        answer = await self._sent(action, reserving.update_body(sudi, tag, lines), inputs)
        said = "the new totals are in transit until the confirmation code is entered"
        return _issued(reserving.authorization_of(answer), where, said)

    async def _confirm(self, action: Action, inputs: Inputs, where: Where) -> Reply:
        device = Device.of(action.params)
        code = _code(action, inputs, "confirmation", where)
        sudi, tag = _key(device, await self._one(device, where))
        await self._sent(action, reserving.confirm_body(sudi, tag, code), inputs, code)
        return Reply("the confirmation code was accepted")

    async def _remove(self, action: Action, inputs: Inputs, where: Where) -> Reply:
        device = Device.of(action.params)
        ghost = action.kind is Kind.REMOVE_GHOST
        code = None if ghost else _code(action, inputs, "return", where)
        found = await self._found(device, where)
        if not found:
            return Reply("the product instance is not there any more; nothing was sent")
        instance = _only(found, device, where)
        if ghost and instance.reserved is not UNKNOWN and instance.reserved:
            raise words.refused_here(
                where,
                f"{instance.name} holds a reservation ({_listed(instance.reserved)})",
                "A reservation is removed with its return code, or by Cisco licensing where that is lost.",
            )
        sudi, tag = _key(device, instance)
        keys = self._surface.calls[_OPERATION[action.kind]].body_keys
        await self._sent(action, reserving.remove_body(sudi, tag, code, keys), inputs, code or "")
        return Reply(await self._gone(device))

    async def _sent(self, action: Action, body: Mapping[str, Any], inputs: Inputs, hidden: str = "") -> Any:
        operation = _OPERATION[action.kind]
        answer = reserving.judged(await self._client.mutate(operation, body, inputs.tap, hidden))
        if answer.fault is not None:
            raise words.refused(self._client.hidden(answer, hidden), self._client.where(operation))
        return answer.data

    # Looks

    async def _tagged(self, lines: Sequence[Mapping[str, Any]], where: Where) -> list[dict[str, Any]]:
        """The lines, each with an entitlement tag; asks for the names only where a tag is missing."""
        if all(line.get("tag") for line in lines):
            return [dict(line) for line in lines]
        known = await _look(observing.tag_sets(self._client, self._surface), where)
        return [dict(line) | {"tag": line.get("tag") or _tag_of(line, known, where)} for line in lines]

    async def _absent(self, device: Device, where: Where) -> None:
        if not any(map(self._surface.can, (Operation.INSTANCES, Operation.DEVICE_SEARCH))):
            raise words.refused_here(
                where,
                "no call of this profile shows whether the device is in CSSM already",
                "Let a person reserve: switch the capability reserve off for this account.",
            )
        if self._surface.can(Operation.INSTANCES):
            for instance in await _look(self._client.instances(), where):
                if instances.may_be(instance, device.udi, device.serial):
                    raise words.already_there(where, instance.name, "this virtual account")
        if self._surface.can(Operation.DEVICE_SEARCH):
            await self._nowhere(device, where)

    async def _nowhere(self, device: Device, where: Where) -> None:
        for row in await _look(self._client.devices(device.serial), where):
            instance = instances.instance_of(row)
            if instance is not None and instances.may_be(instance, device.udi, device.serial):
                raise words.already_there(where, instance.name, instances.place_of(row))

    async def _found(self, device: Device, where: Where) -> list[Instance]:
        seen = await _look(self._client.instances(), where)
        return [one for one in seen if instances.is_of(one, device.udi, device.serial)]

    async def _one(self, device: Device, where: Where) -> Instance:
        found = await self._found(device, where)
        if not found:
            raise words.refused_here(
                where,
                f"no product instance {device.udi or device.serial} is in this virtual account",
                "Look where it went under Product Instances; it may have been removed or transferred.",
            )
        return _only(found, device, where)

    async def _gone(self, device: Device) -> str:
        """Removal is visible late (up to a minute was seen). Not yet gone is still done."""
        ends = self._clock.monotonic() + self._vanish
        for pause in chain(_PAUSES, repeat(_PAUSES[-1])):
            try:
                seen = await self._client.instances()
            except ProviderError:
                return "accepted; whether the product instance is gone could not be read"
            if not any(instances.is_of(one, device.udi, device.serial) for one in seen):
                return "the product instance is gone and its licences are free"
            left = ends - self._clock.monotonic()
            if left <= 0:
                break
            await self._clock.sleep(min(pause, left))
        return f"accepted; the product instance is still shown after {self._vanish:.0f} s, which CSSM may do"


def body_shown(action: Action, keys: Sequence[str]) -> dict[str, Any]:
    """The body as it would be sent, codes and what a look would tell as ``<…>``."""
    device = Device.of(action.params)
    sudi = instances.sudi_of(device.udi, device.serial)
    tag = device.product_tag or "<product tag>"
    lines = [_shown(line) for line in action.params.get("lines", ())]
    if action.kind is Kind.RESERVE:
        return reserving.reserve_body("<request code>", lines)
    if action.kind is Kind.UPDATE_RESERVATION:
        return reserving.update_body(sudi, tag, lines)
    if action.kind is Kind.CONFIRM_RESERVATION:
        return reserving.confirm_body(sudi, tag, "<confirmation code>")
    code = "<return code>" if action.kind is Kind.REMOVE_INSTANCE else None
    return reserving.remove_body(sudi, tag, code, keys)


def _shown(line: Mapping[str, Any]) -> dict[str, Any]:
    called = line.get("name") or line.get("entitlement")
    return dict(line) | {"tag": line.get("tag") or f"<entitlement tag of {called}>"}


async def _look(look: Awaitable[T], where: Where) -> T:
    try:
        return await look
    except ProviderError as error:
        raise words.not_sent(error, where) from error


def _code(action: Action, inputs: Inputs, name: str, where: Where) -> str:
    slot = action.params.get(name)
    value = inputs.codes.get(str(slot)) if slot else None
    if not value:
        raise words.refused_here(
            where, f"the {name} code of {action.subject} is not readable here", "See xlicense codes list."
        )
    return value


def _tag_of(line: Mapping[str, Any], known: Mapping[str, frozenset[str]], where: Where) -> str:
    called = line.get("name") or line.get("entitlement")
    tags = sorted(known.get(str(called).casefold(), ()))
    if len(tags) == 1:
        return tags[0]
    reason = f"has the entitlement tags {', '.join(tags)}" if tags else "has no known entitlement tag"
    raise words.refused_here(
        where, f'"{called}" {reason}', "Name the tag under entitlements: in the workspace."
    )


def _only(found: Sequence[Instance], device: Device, where: Where) -> Instance:
    """Of several, the one with the product tag of the plan; one without a tag does not contradict it."""
    tag = device.product_tag
    exact = [one for one in found if tag and one.product_tag == tag]
    fits = exact or [one for one in found if not tag or not one.product_tag]
    if len(fits) == 1:
        return fits[0]
    shown = ", ".join(f"{one.name} ({one.product_tag or 'no product tag'})" for one in found)
    raise words.refused_here(
        where,
        f"{device.udi or device.serial} with product tag {device.product_tag} is shown as {shown}",
        "A person decides at the portal which one it is.",
    )


def _key(device: Device, instance: Instance) -> tuple[dict[str, str], str]:
    """The device key and product tag as CSSM shows them, blanks filled from what the node printed."""
    key = instances.key_of(instance) or instances.sudi_of(device.udi, device.serial)
    return key, instance.product_tag or device.product_tag or ""


def _check_update(instance: Instance, lines: Sequence[Mapping[str, Any]], where: Where) -> None:
    """An update carries totals of every line: one that is left out would be lost."""
    if instance.reserved is UNKNOWN:
        return
    moving = [one for one in instance.reserved if one.pending is not UNKNOWN and one.pending is not None]
    if moving:
        raise words.refused_here(
            where,
            f"an update of {instance.name} is in transit ({_listed(moving)})",
            "Enter its confirmation code first: Product Instances > Actions > Enter Confirmation Code.",
        )
    named = {str(line["tag"]) for line in lines} | {str(line.get("name")).casefold() for line in lines}
    lost = [one for one in instance.reserved if one.quantity and not {one.tag, one.name.casefold()} & named]
    if lost:
        raise words.refused_here(
            where, f"the plan leaves out {_listed(lost)}, which {instance.name} holds", "Plan again."
        )


def _listed(lines: Sequence[ReservedLine]) -> str:
    return ", ".join(f"{line.quantity} {line.name}" for line in lines)


def _issued(code: str | None, where: Where, said: str) -> Reply:
    if code is None:
        raise words.without_code(where)
    text = f"{said}; an authorization code was issued"
    return Reply(text, (Produced(CodeKind.AUTHORIZATION, code),))
