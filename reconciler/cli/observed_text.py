"""An observation as a short text: one block for each node and account, unknown parts named as unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reconciler.model import UNKNOWN, AccountObserved, Licence, NodeObserved, Observation, Problem
from reconciler.reporting import one_line

DAY = 86_400


def observed_text(observation: Observation) -> str:
    """Blocks in address order, accounts first."""
    blocks = [_account(item) for item in observation.accounts] + [_node(item) for item in observation.nodes]
    return "\n\n".join(blocks) if blocks else "Nothing was read."


def _block(title: str, rows: Iterable[tuple[str, Any]], problems: Sequence[Problem]) -> str:
    lines = [title]
    lines += [f"  {name:<16}{_word(value)}" for name, value in rows]
    lines += [f"  ! {one_line(problem.part)}: {one_line(problem.message)}" for problem in problems]
    return "\n".join(lines)


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_word(item) for item in value) or "none"
    return one_line(str(value))


def _node(node: NodeObserved) -> str:
    rows: list[tuple[str, Any]] = [
        ("serial", node.serial),
        ("software", node.software if node.software is UNKNOWN else node.software.version),
        ("peers", node.peers),
        ("alarms", node.alarms if node.alarms is UNKNOWN else tuple(alarm.id for alarm in node.alarms)),
    ]
    if node.smart is not UNKNOWN:
        rows += [
            ("transport", node.smart.transport),
            ("url", node.smart.url),
            ("privacy", node.smart.privacy),
        ]
    rows += [("licence", UNKNOWN)] if node.licence is UNKNOWN else _licence(node.licence)
    return _block(node.address, rows, node.problems)


def _licence(licence: Licence) -> list[tuple[str, Any]]:
    seconds = licence.evaluation_seconds
    left = seconds if seconds is UNKNOWN or seconds is None else f"{seconds // DAY} days left"
    used = tuple(f"{usage.name}: {_word(usage.count)}" for usage in licence.usage)
    return [
        ("smart licensing", licence.enabled),
        ("registration", licence.registration),
        ("authorization", licence.authorization),
        ("evaluation", left),
        ("virtual account", licence.virtual_account),
        ("export control", licence.export_controlled),
        ("proxy", licence.proxy),
        ("in use", used),
        ("not understood", licence.unrecognised),
    ]


def _account(account: AccountObserved) -> str:
    pool = account.pool
    rows: list[tuple[str, Any]] = [("exists", account.exists)]
    if pool is UNKNOWN:
        rows.append(("pool", pool))
    else:
        rows += [
            (
                line.name,
                f"{_word(line.in_use)} of {_word(line.quantity)} in use, {_word(line.available)} free",
            )
            for line in pool
        ]
    instances = account.instances
    rows.append(("instances", instances if instances is UNKNOWN else len(instances)))
    return _block(account.address, rows, account.problems)
