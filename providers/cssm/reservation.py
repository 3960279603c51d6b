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

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import Any, TypeVar

from reconciler.errors import ProviderError
from reconciler.model import (
    UNKNOWN,
    Action,
    CodeKind,
    Instance,
    Kind,
    Produced,
    Reply,
    ReservedLine,
    same_licence,
    udi_parts,
)
from reconciler.ports import Clock, Inputs

from . import instances, observing, reserving, words
from .client import Client
from .profiles import CARRIED, Operation, Surface
from .refusals import refused
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

    def told_by(self, request_code: str) -> Device:
        """With the identity inside a request code where that says more: CSSM shows what it was told there."""
        said = (self.udi or "", request_code)
        return replace(self, udi=max(said, key=lambda udi: len(udi_parts(udi))) or None)


@dataclass(frozen=True, slots=True)
class Target:
    """How CSSM is told which device: its key and product tag. ``instance`` is None where nobody looked."""

    sudi: Mapping[str, str]
    product_tag: str
    instance: Instance | None


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
        code = _code(action, inputs, "request", where)
        device = Device.of(action.params).told_by(code)
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
        target = await self._one(device, where)
        _check_update(target.instance, lines, where)
        body = reserving.update_body(target.sudi, target.product_tag, lines)
        answer = await self._sent(action, body, inputs)
        said = "the new totals are in transit until the confirmation code is entered"
        return _issued(reserving.authorization_of(answer), where, said)

    async def _confirm(self, action: Action, inputs: Inputs, where: Where) -> Reply:
        device = Device.of(action.params)
        code = _code(action, inputs, "confirmation", where)
        target = await self._one(device, where)
        body = reserving.confirm_body(target.sudi, target.product_tag, code)
        await self._sent(action, body, inputs, code)
        return Reply("the confirmation code was accepted")

    async def _remove(self, action: Action, inputs: Inputs, where: Where) -> Reply:
        device = Device.of(action.params)
        ghost = action.kind is Kind.REMOVE_GHOST
        code = None if ghost else _code(action, inputs, "return", where)
        target = await self._target(device, where)
        if target is None:
            return Reply("the product instance is not there any more; nothing was sent")
        if ghost:
            _check_ghost(target.instance, where)
        keys = self._surface.calls[_OPERATION[action.kind]].body_keys
        body = reserving.remove_body(target.sudi, target.product_tag, code, keys)
        await self._sent(action, body, inputs, code or "")
        return Reply(await self._gone(device))

    async def _sent(self, action: Action, body: Mapping[str, Any], inputs: Inputs, hidden: str = "") -> Any:
        operation = _OPERATION[action.kind]
        answer = reserving.judged(await self._client.mutate(operation, body, inputs.tap, hidden))
        if answer.fault is not None:
            raise refused(self._client.hidden(answer, hidden), self._client.where(operation))
        return answer.data

    # Looks

    async def _tagged(self, lines: Sequence[Mapping[str, Any]], where: Where) -> list[dict[str, Any]]:
        """The lines, each with an entitlement tag; asks for the names only where a tag is missing."""
        if all(line.get("tag") for line in lines):
            return [dict(line) for line in lines]
        known = await _look(observing.tag_sets(self._client, self._surface), where)
        return [dict(line) | {"tag": line.get("tag") or _tag_of(line, known, where)} for line in lines]

    async def _absent(self, device: Device, where: Where) -> None:
        """A node that was registered until a moment ago may still be shown; a reservation will not go."""
        if not any(map(self._surface.can, (Operation.INSTANCES, Operation.DEVICE_SEARCH))):
            raise words.refused_here(
                where,
                "no call of this profile shows whether the device is in CSSM already",
                "Let a person reserve: switch the capability reserve off for this account.",
            )
        found = None
        async for _ in self._looks():
            found = await self._shown(device, where)
            if found is None or _holds(found[0]):
                break
        if found is not None:
            raise words.already_there(where, found[0].name, found[1])

    async def _shown(self, device: Device, where: Where) -> tuple[Instance, str] | None:
        """An instance that may be this device, and the place that shows it."""
        seen: list[tuple[Instance, str]] = []
        if self._surface.can(Operation.INSTANCES):
            listed = await _look(self._client.instances(), where)
            seen = [(one, "this virtual account") for one in listed]
        if self._surface.can(Operation.DEVICE_SEARCH):
            rows = await _look(self._client.devices(device.serial), where)
            seen += [(one, instances.place_of(row)) for row in rows if (one := instances.instance_of(row))]
        ours = (item for item in seen if instances.may_be(item[0], device.udi, device.serial))
        return next(ours, None)

    async def _target(self, device: Device, where: Where) -> Target | None:
        """The one instance of this device, None where the list has none. Where no call lists instances, the
        device is what the node and the plan say."""
        if not self._surface.can(Operation.INSTANCES):
            return _unseen(device, where)
        seen = await _look(self._client.instances(), where)
        found = [one for one in seen if instances.is_of(one, device.udi, device.serial)]
        if not found:
            _check_absence(seen, device, where)
            return None
        instance = _only(found, device, where)
        tag = instance.product_tag or device.product_tag or ""
        return Target(instances.key_of(instance), tag, instance)

    async def _one(self, device: Device, where: Where) -> Target:
        target = await self._target(device, where)
        if target is None:
            raise words.refused_here(
                where,
                f"no product instance {device.udi or device.serial} is in this virtual account",
                "Look where it went under Product Instances; it may have been removed or transferred.",
            )
        return target

    async def _gone(self, device: Device) -> str:
        """Removal is visible late (up to a minute was seen). Not yet gone is still done."""
        present = None
        async for _ in self._looks():
            present = await self._still_there(device)
            if not present:
                break
        if present is None:
            return "accepted; whether the product instance is gone could not be read"
        if present:
            return f"accepted; CSSM still shows the product instance after {self._vanish:.0f} s, as it may"
        return "the product instance is gone and its licences are free"

    async def _looks(self) -> AsyncIterator[None]:
        """Now, and again after growing pauses for as long as CSSM may show what is gone."""
        ends = self._clock.monotonic() + self._vanish
        pauses = chain(_PAUSES, repeat(_PAUSES[-1]))
        yield
        while (left := ends - self._clock.monotonic()) > 0:
            await self._clock.sleep(min(next(pauses), left))
            yield

    async def _still_there(self, device: Device) -> bool | None:
        """None where it cannot be read."""
        if not self._surface.can(Operation.INSTANCES):
            return None
        try:
            seen = await self._client.instances()
        except ProviderError:
            return None
        return any(instances.is_of(one, device.udi, device.serial) for one in seen)


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
    """By display name, which CSSM writes with a version and a plan may not; of two versions none is taken."""
    called = line.get("name") or line.get("entitlement")
    fits = (found for name, found in known.items() if same_licence(None, str(called), None, name))
    tags = sorted(frozenset().union(*fits))
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


def _check_absence(seen: Sequence[Instance], device: Device, where: Where) -> None:
    """A list proves that a device is not there only where its rows can be compared with it."""
    unclear = [one.name for one in seen if instances.cannot_tell(one, device.udi)]
    if unclear:
        raise words.refused_here(
            where,
            f"CSSM shows {', '.join(unclear[:5])} by uuid only, and of {device.serial} no uuid is known",
            "A person finds the instance at the portal and does it there.",
        )


def _unseen(device: Device, where: Where) -> Target:
    if not device.product_tag:
        raise words.refused_here(
            where,
            f"no call of this profile shows the product tag of {device.serial}",
            "Let a person do it: switch this capability off for the account.",
        )
    return Target(instances.sudi_of(device.udi, device.serial), device.product_tag, None)


def _holds(instance: Instance) -> tuple[ReservedLine, ...]:
    """What is certainly reserved for it."""
    return () if instance.reserved is UNKNOWN else instance.reserved


def _check_ghost(instance: Instance | None, where: Where) -> None:
    if instance is not None and (held := _holds(instance)):
        raise words.refused_here(
            where,
            f"{instance.name} holds a reservation ({_listed(held)})",
            "A reservation is removed with its return code, or by Cisco licensing where that is lost.",
        )


def _check_update(instance: Instance | None, lines: Sequence[Mapping[str, Any]], where: Where) -> None:
    """An update carries totals of every line: one that is left out would be lost."""
    if instance is None or instance.reserved is UNKNOWN:
        return
    moving = [one for one in instance.reserved if one.pending is not UNKNOWN and one.pending is not None]
    if moving:
        raise words.refused_here(
            where,
            f"an update of {instance.name} is in transit ({_listed(moving)})",
            "Enter its confirmation code first: Product Instances > Actions > Enter Confirmation Code.",
        )
    lost = [
        one
        for one in instance.reserved
        if one.quantity
        and not any(same_licence(line.get("tag"), line.get("name"), one.tag, one.name) for line in lines)
    ]
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
