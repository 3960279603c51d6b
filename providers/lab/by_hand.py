"""What an admin does to a node on its web page, or the world does to it, behind everybody's back.

Belongs here: the things that `xlicense lab set` and tests change from outside. Does not belong here: what the
command line of a node can do (`shell`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from . import agent, dialect, reservation_by_hand
from . import manager as managers
from .nouns import CLOUD, ENTITLEMENTS, QUIRKS, RELEASES, AlarmRaised, Manager, Node, Registration, numbers
from .world import World

Setter = TypeVar("Setter")


def set_by_hand(world: World, name: str, what: str, value: str) -> str:
    """Change one thing of a node or a manager; returns what was done, as a sentence. Raises ValueError."""
    name = name.removeprefix("cluster/").replace("/node/", "/")
    if name in world.managers:
        return _set_manager(world, world.managers[name], what, value)
    if name not in world.nodes:
        names = ", ".join(sorted((*world.nodes, *world.managers)))
        raise ValueError(f"the lab has no node or server {name!r}; it has: {names}")
    _chosen(_NODE_SETTERS, what)(world, world.nodes[name], value)
    said = f"{value} is done" if what in reservation_by_hand.SETTERS else f"is now {value}"
    return f"{name}: {what} {said}"


def _set_manager(world: World, manager: Manager, what: str, value: str) -> str:
    _chosen(_MANAGER_SETTERS, what)(world, manager, value)
    return f"{manager.name}: {what} is now {value}"


def _chosen(setters: dict[str, Setter], what: str) -> Setter:
    if what not in setters:
        raise ValueError(f"{what!r} cannot be set; what can: {', '.join(setters)}")
    return setters[what]


def _one_of(value: str, *allowed: str) -> str:
    if value not in allowed:
        raise ValueError(f"{value!r} is not one of {', '.join(allowed)}")
    return value


def _proxy(_world: World, node: Node, value: str) -> None:
    if value != "none" and not re.fullmatch(r"[^\s:]+:\d{1,5}", value):
        raise ValueError("a proxy is HOST:PORT, or none")
    node.proxy = None if value == "none" else value


def _smart(world: World, node: Node, value: str) -> None:
    """On cannot be undone: going back needs a factory reset (admin guide X14.0.1)."""
    if _one_of(value, "on", "off") == "off" and node.smart:
        raise ValueError("Smart Licensing cannot be switched off again: that takes a factory reset")
    if value == "on":
        node.smart = True
        agent.start_evaluation(node, world.now)


def _transport(world: World, node: Node, value: str) -> None:
    node.transport = {"on-prem": "satellite"}.get(value, value)
    _one_of(node.transport, "direct", "satellite")
    agent.replicate(world, node)


def _url(_world: World, node: Node, value: str) -> None:
    node.url = value


def _privacy(_world: World, node: Node, value: str) -> None:
    node.privacy = _one_of(value, "none", "hostname", "version", "all")


def _network(_world: World, node: Node, value: str) -> None:
    node.network = _one_of(value, "open", "proxy-only", "isolated")


def _version(world: World, node: Node, value: str) -> None:
    """An upgrade; from X14.2 on, smart is on by itself."""
    node.version = _one_of(value, *RELEASES)
    if numbers(value) >= (14, 2, 0):
        node.smart = True
    if not node.licensed:
        agent.start_evaluation(node, world.now)


def _alarm(world: World, node: Node, value: str) -> None:
    """``+40049`` raises, ``-40049`` clears."""
    if not re.fullmatch(r"[+-]\d{5}", value):
        raise ValueError("an alarm is +ID or -ID, with five digits")
    agent.clear_alarms(node, value[1:])
    if value[0] == "+":
        title, severity = agent.ALARM_TITLES.get(value[1:], ("Raised by hand", "Warning"))
        node.alarms.append(AlarmRaised(value[1:], title, severity, agent.alarm_uuid(world), world.now))


def _virtual_account(world: World, node: Node, value: str) -> None:
    """Somebody registered the node again, with a token of this virtual account of the same manager."""
    if node.holding.installed is not None or node.holding.request is not None:
        raise ValueError("the node has a reservation, or is about to")
    manager, account = _where(world, node)
    try:
        va = world.virtual_account(manager, account, value)
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    export = node.registration.export if node.registration else True
    managers.drop_instance(world.manager(manager), node)
    agent.stop_evaluation(node, world.now)
    node.registration = Registration.since(
        world.now, manager, world.account(manager, account), va, export=export
    )
    node.registration_word, node.attempt, node.failure = "registered", None, None
    va.instances.append(managers.instance_of(world, node))
    agent.keep_contact(world, node)


def _where(world: World, node: Node) -> tuple[str, str]:
    if node.registration is not None:
        return node.registration.manager, node.registration.account.name
    wanted = CLOUD if node.transport == "direct" else "on-prem"
    for manager in world.managers.values():
        if manager.kind == wanted and manager.accounts:
            return manager.name, manager.accounts[0].name
    raise ValueError("no manager has an account that this node could be in")


def _registration(world: World, node: Node, value: str) -> None:
    _one_of(value, "none")
    if node.registration is None and node.attempt is None:
        raise ValueError("the node is not registered")
    agent.deregister(world, node)


def _evaluation_days(world: World, node: Node, value: str) -> None:
    node.evaluation_seconds = _number(value) * 86_400
    node.evaluation_since = world.now if node.smart and not node.licensed else None


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a number") from None


def _listed(value: str) -> list[str]:
    return [] if value == "none" else [one.strip() for one in value.split(",")]


def _dns(_world: World, node: Node, value: str) -> None:
    node.dns = _listed(value)


def _ntp(_world: World, node: Node, value: str) -> None:
    node.ntp = _listed(value)


def _usage(world: World, node: Node, value: str) -> None:
    """``rms=5``: so many are in use; the manager hears of it at once."""
    name, _, count = value.partition("=")
    node.usage[ENTITLEMENTS.get(name, name)] = int(_number(count))
    if node.registration is not None:
        managers.hear_from(world, node.registration.virtual_account, node)


def _status_text(_world: World, node: Node, value: str) -> None:
    """The words of the registration status, whatever is so; ``none`` goes back to the truth."""
    node.status_text = None if value == "none" else value


def _dialect(_world: World, node: Node, value: str) -> None:
    """``request_again=new``: another answer to one open question."""
    name, answer = _pair(value)
    node.dialect = dialect.change(node.dialect, {name: answer})


def _pair(value: str) -> tuple[str, str]:
    name, equals, answer = value.partition("=")
    if not equals:
        raise ValueError(f"{value!r} is not NAME=ANSWER")
    return name.strip(), answer.strip()


_NODE_SETTERS: dict[str, Callable[[World, Node, str], None]] = {
    "proxy": _proxy,
    "smart": _smart,
    "transport": _transport,
    "url": _url,
    "privacy": _privacy,
    "network": _network,
    "version": _version,
    "alarm": _alarm,
    "virtual-account": _virtual_account,
    "registration": _registration,
    "evaluation-days": _evaluation_days,
    "dns": _dns,
    "ntp": _ntp,
    "usage": _usage,
    "status-text": _status_text,
    "dialect": _dialect,
    **reservation_by_hand.SETTERS,
}


def _answers_nodes(_world: World, manager: Manager, value: str) -> None:
    manager.answers_nodes = _one_of(value, "on", "off") == "on"


def _granted(_world: World, manager: Manager, value: str) -> None:
    for client in manager.clients:
        client.granted = _one_of(value, "on", "off") == "on"


def _token_uses(_world: World, manager: Manager, value: str) -> None:
    """So many uses for every token made from now on; ``none``: no limit."""
    manager.token_uses = None if value == "none" else int(_number(value))


def _form(_world: World, manager: Manager, value: str) -> None:
    """``reserved_key=uuid``: another answer to one open question about CSSM."""
    name, answer = _pair(value)
    _one_of(name, *dialect.FORMS)
    manager.forms[name] = _one_of(answer, *dialect.FORMS[name])


def _quirk(_world: World, manager: Manager, value: str) -> None:
    name, answer = _pair(value)
    manager.quirks[_one_of(name, *QUIRKS)] = _one_of(answer, "on", "off") == "on"


def _reservations(_world: World, manager: Manager, value: str) -> None:
    """Cisco's flag for License Reservation, on every account."""
    for account in manager.accounts:
        account.reservations = _one_of(value, "on", "off") == "on"


def _rehost_limit(_world: World, manager: Manager, value: str) -> None:
    for account in manager.accounts:
        account.rehost_limit = int(_number(value))


def _removal_seconds(world: World, _manager: Manager, value: str) -> None:
    world.settings = replace(world.settings, removal_seconds=_number(value))


def _quantity(_world: World, manager: Manager, value: str) -> None:
    """``EMEA:rms=60``: somebody bought, or a term ended."""
    where, _, rest = value.rpartition(":")
    found = [va for account in manager.accounts for va in account.virtual_accounts if va.name == where]
    for name, quantity in reservation_by_hand.quantities(rest).items():
        pools = [pool for va in found for pool in va.pools if pool.name == ENTITLEMENTS.get(name, name)]
        if not pools:
            raise ValueError(f"{manager.name} has no pool of {name!r} in {where!r}")
        pools[0].quantity = quantity


_MANAGER_SETTERS: dict[str, Callable[[World, Manager, str], None]] = {
    "answers-nodes": _answers_nodes,
    "granted": _granted,
    "token-uses": _token_uses,
    "form": _form,
    "quirk": _quirk,
    "reservations": _reservations,
    "rehost-limit": _rehost_limit,
    "removal-seconds": _removal_seconds,
    "quantity": _quantity,
}
WHAT_A_NODE_HAS = tuple(_NODE_SETTERS)
WHAT_A_SERVER_HAS = tuple(_MANAGER_SETTERS)
