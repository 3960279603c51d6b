"""The order of actions and what holds what back. The only file that knows networkx.

The order is the same whatever the order of files, maps or hash seeds: topological over ``needs`` and
``after``, ties by action id. networkx is imported when there is something to order, so that a plan with
nothing to do does not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.model import Action, HeldBack, Purpose

if TYPE_CHECKING:
    import networkx as nx


def ordered(actions: Sequence[Action]) -> tuple[Action, ...]:
    """The actions in execution order. Raises ValueError where they need one another in a circle."""
    if not actions:
        return ()
    import networkx as nx

    by_id = {action.id: action for action in actions}
    try:
        ids = list(nx.lexicographical_topological_sort(_graph(actions), key=str))
    except nx.NetworkXUnfeasible:
        raise ValueError("the actions of this plan need one another in a circle") from None
    return tuple(by_id[action_id] for action_id in ids)


def _graph(actions: Sequence[Action]) -> nx.DiGraph[str]:
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(action.id for action in actions)
    known = set(graph)
    for action in actions:
        graph.add_edges_from(
            (before, action.id) for before in (*action.needs, *action.after) if before in known
        )
    return graph


def held_back(actions: Sequence[Action], blocked: Mapping[str, str]) -> dict[str, HeldBack]:
    """What cannot run when the actions in ``blocked`` cannot: id -> why, as it follows "which".

    Forward over ``needs``; a supply whose every consumer is held back has nobody to supply; a cleanup whose
    supply is held back has nothing to clean up. Ids in ``blocked`` that are no action here are ignored.
    """
    known = {action.id: action for action in actions}
    found = {key: HeldBack(key, text, text) for key, text in blocked.items() if key in known}
    if not found:
        return {}
    consumers = _consumers(actions)
    while True:
        before = len(found)
        _forward(actions, known, found)
        _idle_supplies(actions, consumers, known, found)
        if len(found) == before:
            return found


def _consumers(actions: Iterable[Action]) -> dict[str, list[str]]:
    """Who needs an action, cleanups left out."""
    consumers: dict[str, list[str]] = {}
    for action in actions:
        if action.purpose is not Purpose.CLEANUP:
            for need in action.needs:
                consumers.setdefault(need, []).append(action.id)
    return consumers


def _forward(order: Sequence[Action], known: Mapping[str, Action], found: dict[str, HeldBack]) -> None:
    for action in order:
        if action.id in found:
            continue
        for need in action.needs:
            if need in found:
                text = f"needs {_cause(known, found, need)}"
                found[action.id] = HeldBack(action.id, need, text)
                break


def _idle_supplies(
    order: Sequence[Action],
    consumers: Mapping[str, Sequence[str]],
    known: Mapping[str, Action],
    found: dict[str, HeldBack],
) -> None:
    for action in reversed(order):
        served = consumers.get(action.id, ())
        if action.id in found or action.purpose is not Purpose.SUPPLY or not served:
            continue
        if all(consumer in found for consumer in served):
            text = f"serves only {_cause(known, found, served[0])}"
            found[action.id] = HeldBack(action.id, served[0], text)


def _cause(known: Mapping[str, Action], found: Mapping[str, HeldBack], key: str) -> str:
    """The nearest link of a chain of held-back actions, and why the first of it cannot run."""
    root, seen = key, {key}
    while found[root].by in found and found[root].by not in seen:
        root = found[root].by
        seen.add(root)
    behind = "" if root == key else f", behind {_named(known[root])}"
    return f"{_named(known[key])}{behind}, which {found[root].text}"


def _named(action: Action) -> str:
    """``"create token" at account/emea``"""
    return f'"{action.kind.value.rpartition(".")[2].replace("_", " ")}" at {action.address}'
