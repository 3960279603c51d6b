"""What both sides said, as tables for a person.

Belongs here: nodes, pools, alarms and words that were not understood. Does not belong here: what differs.
``?`` is not known, ``-`` is absent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.model import UNKNOWN, AccountObserved, Licence, NodeObserved, Observation
from reconciler.reporting.clean import one_line
from reconciler.reporting.layout import table
from reconciler.reporting.sections import Page, unread_lines
from reconciler.reporting.summary import unread
from reconciler.reporting.words import moment, plural

_DAY = 86_400
_NODE_HEADER = ("node", "serial", "version", "evaluation", "transport", "virtual account", "registration")
_POOL_HEADER = ("account", "quantity", "in use", "available", "status", "licence")


def observation_text(observation: Observation, *, width: int = 120, color: bool = False) -> str:
    """Nodes, then accounts with their pools, then alarms and whatever was not read or understood."""
    page = Page(width, color)
    lines: list[str] = [f"Read at {moment(observation.at)}."]
    for title, header, rows in (
        ("Nodes", _NODE_HEADER, [_node_row(node) for node in observation.nodes]),
        ("Licences", _POOL_HEADER, [row for one in observation.accounts for row in _pool_rows(one)]),
        ("Product instances", ("account", "instances"), [_instances(one) for one in observation.accounts]),
        ("Noticed", ("node", "what it says"), [row for node in observation.nodes for row in _noticed(node)]),
    ):
        if rows:
            lines += [*page.title(f"{title}:"), *table(header, rows, width=width, ink=page.ink)]
    if broken := unread(observation):
        lines += [*page.title("Not read:"), *unread_lines(broken, page)]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    if value is UNKNOWN:
        return "?"
    return one_line(str(value)) or "-" if value is not None else "-"


def _node_row(node: NodeObserved) -> tuple[str, ...]:
    licence = Licence() if node.licence is UNKNOWN else node.licence
    version = UNKNOWN if node.software is UNKNOWN else node.software.version
    transport = UNKNOWN if node.smart is UNKNOWN else node.smart.transport
    return (
        _cell(node.address),
        _cell(node.serial),
        _cell(version),
        _evaluation(licence),
        _cell(transport),
        _cell(licence.virtual_account),
        _registration(licence),
    )


def _evaluation(licence: Licence) -> str:
    seconds = licence.evaluation_seconds
    if seconds is UNKNOWN or seconds is None:
        return _cell(seconds)
    return plural(seconds // _DAY, "day") if seconds > 0 else "EXPIRED"


def _registration(licence: Licence) -> str:
    status = licence.registration
    words = [_cell(status if status is UNKNOWN else status.value)]
    if licence.authorization is not UNKNOWN:
        words.append(licence.authorization.value)
    if licence.failure:
        words.append(f"last failure: {one_line(licence.failure)}")
    return ", ".join(words)


def _pool_rows(account: AccountObserved) -> Iterator[tuple[str, ...]]:
    for line in () if account.pool is UNKNOWN else account.pool:
        numbers = (_cell(line.quantity), _cell(line.in_use), _cell(line.available))
        yield (_cell(account.address), *numbers, _cell(line.status), _cell(line.name))


def _instances(account: AccountObserved) -> tuple[str, str]:
    if account.exists is False:
        return (_cell(account.address), "there is no such virtual account")
    return (_cell(account.address), "?" if account.instances is UNKNOWN else f"{len(account.instances):,}")


def _noticed(node: NodeObserved) -> Iterator[tuple[str, str]]:
    for alarm in () if node.alarms is UNKNOWN else node.alarms:
        yield (_cell(node.address), f"alarm {one_line(alarm.id)}: {one_line(alarm.text)}")
    for words in () if node.licence is UNKNOWN else node.licence.unrecognised:
        yield (_cell(node.address), f"not understood: {one_line(words)}")
