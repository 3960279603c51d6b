"""What of the wanted actions remains: after the target, after the refusals, after the parked hand-offs.

A switch of the transport is one piece: its deregistrations, the switch and the registrations that follow
run together or not at all, so that a refusal of the end never leaves a cluster without a licence.

Belongs here: taking out, with everything that depends on it. Does not belong here: the reasons (rules), the
order (graph).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reconciler.model import Action, Address, HeldBack, Kind, Purpose, Refusal, Waiting
from reconciler.rules import OUT_OF_REACH, by_place, for_whom, out_of_reach, taken_out

from .graph import held_back


def limit(actions: Sequence[Action], inside: Callable[[Address], bool]) -> tuple[list[Action], list[Refusal]]:
    """The actions within the target, and a refusal for each that goes with one outside.

    A step on an account that is for a node is where its node is. A token that would only serve nodes outside
    is left out without a word.
    """
    outside = {
        action.id: "outside the target"
        for action in actions
        if not (inside(action.address) and inside(for_whom(action)))
    }
    if not outside:
        return list(actions), []
    units = _units(actions)
    unreachable = _taken(actions, outside, units)
    missing = _missing(actions, outside, units)
    refusals = [
        OUT_OF_REACH.refusal(out_of_reach(action, missing[action.id]))
        for action in actions
        if action.id not in outside and action.id in missing
    ]
    kept = [
        action
        for action in actions
        if action.id not in outside and (action.id not in unreachable or action.purpose is Purpose.WORK)
    ]
    return kept, refusals


def _missing(
    actions: Sequence[Action], outside: Mapping[str, str], units: Sequence[Sequence[str]]
) -> dict[str, Action]:
    """For each action one that a target leaves out: it needs that, or is of one piece with it."""
    by_id = {action.id: action for action in actions}
    missing = {
        action.id: by_id[need] for action in actions for need in reversed(action.needs) if need in outside
    }
    for unit in units:
        beyond = [by_id[part] for part in unit if part in outside]
        for part in unit if beyond else ():
            missing.setdefault(part, beyond[0])
    return missing


def sift(actions: Sequence[Action], refusals: Sequence[Refusal]) -> tuple[list[Action], list[Action]]:
    """What may run, and what a refusal took out with everything that depends on it."""
    places = by_place(actions)
    blocked = {
        action.id: refusal.rule
        for refusal in refusals
        if refusal.overridden is None
        for action in taken_out(refusal, places)
    }
    out = _taken(actions, blocked, _units(actions))
    return (
        [action for action in actions if action.id not in out],
        [action for action in actions if action.id in out],
    )


def parked(actions: Sequence[Action], waiting: Sequence[Waiting]) -> tuple[HeldBack, ...]:
    """The actions that a hand-off holds back, directly or because they need its result."""
    texts = {item.action_id: f"waits for hand-off {item.handoff_id}" for item in waiting}
    by = {item.action_id: item.handoff_id for item in waiting}
    found = _taken(actions, texts, _switches(actions))
    return tuple(
        HeldBack(item.action_id, by.get(item.action_id, item.by), item.text)
        for action in actions
        if (item := found.get(action.id)) is not None
    )


def _taken(
    actions: Sequence[Action], blocked: Mapping[str, str], units: Sequence[Sequence[str]]
) -> dict[str, HeldBack]:
    """Like `held_back`, and every unit whole."""
    causes = dict(blocked)
    found = held_back(actions, causes)
    while True:
        torn = {
            member: found[first].text
            for unit in units
            if (first := next((part for part in unit if part in found), None)) is not None
            for member in unit
            if member not in found
        }
        if not torn:
            return found
        causes.update(torn)
        found = held_back(actions, causes)


def _units(actions: Sequence[Action]) -> list[list[str]]:
    """What runs whole or not at all: a switch of a registered cluster, and the way of one reservation.

    Nothing is asked of a node, and nothing taken from it, where a later step of its way is refused.
    """
    return [*_switches(actions), *_ways(actions)]


def _ways(actions: Sequence[Action]) -> list[list[str]]:
    """The actions of each node's reservation: those that need one another, of one serial."""
    by_id = {action.id: action for action in actions}
    ways: dict[str, list[str]] = {}
    for action in actions:
        if action.kind in _RESERVING:
            ways.setdefault(action.subject, []).append(action.id)
    for way in ways.values():
        first = [by_id[need] for member in way for need in by_id[member].needs if need in by_id]
        way.extend(action.id for action in first if action.kind is Kind.DEREGISTER)
    return [way for way in ways.values() if len(way) > 1]


_RESERVING = frozenset(
    {
        Kind.ENABLE_RESERVATION,
        Kind.REQUEST_RESERVATION,
        Kind.RESERVE,
        Kind.REHOST,
        Kind.FETCH_AUTHORIZATION,
        Kind.INSTALL_AUTHORIZATION,
        Kind.UPDATE_RESERVATION,
        Kind.CONFIRM_RESERVATION,
        Kind.RETURN_RESERVATION,
        Kind.REMOVE_INSTANCE,
        Kind.CANCEL_RESERVATION,
        Kind.RETURN_AUTHORIZATION,
    }
)


def _switches(actions: Sequence[Action]) -> list[list[str]]:
    """For each switch of a registered cluster: the nodes' ways out, the switch, and their ways back."""
    by_id = {action.id: action for action in actions}
    back: dict[str, list[str]] = {}
    for action in actions:
        for need in action.needs if action.kind is Kind.REGISTER else ():
            back.setdefault(need, []).append(action.id)
    units = []
    for action in actions:
        leaving = [need for need in action.needs if need in by_id and _leaves(by_id[need])]
        if action.kind is Kind.SET_TRANSPORT:
            units.append(
                [*leaving, action.id, *(register for way in leaving for register in back.get(way, ()))]
            )
    return units


def _leaves(action: Action) -> bool:
    """A deregistration that a registration follows; one that retires a node stands for itself."""
    return action.kind is Kind.DEREGISTER and not action.settles
