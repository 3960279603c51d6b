"""The clusters of a world file, and where their nodes start: registered, reserved, or neither.

Belongs here: the keys of clusters and nodes. Does not belong here: managers, the file itself
(`worldfile`).
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from . import agent, dialect, start_states
from . import manager as managers
from .nouns import ENTITLEMENTS, RELEASES, AlarmRaised, Cluster, Node, Registration, numbers
from .reading import (
    Data,
    Spec,
    WorldFileError,
    choice,
    mapping,
    mappings,
    number,
    read,
    switch,
    text,
    texts,
    whole,
)
from .world import World

SMART_BY_ITSELF = (14, 2, 0)


def usage(where: str, value: Any) -> dict[str, int]:
    """Licence (short or display name) to quantity."""
    return {ENTITLEMENTS.get(name, name): whole(where, one) for name, one in mapping(where, value).items()}


_CLUSTER: Spec = {"nodes": mapping, "primary": whole, "replicates_transport": switch, "defaults": mapping}
_NODE: Spec = {
    "port": whole,
    "serial": text,
    "uuid": text,
    "version": choice(*RELEASES),
    "role": choice("core", "edge"),
    "host_name": text,
    "address": text,
    "username": text,
    "password": text,
    "public_keys": texts,
    "smart": switch,
    "transport": choice("direct", "satellite"),
    "url": text,
    "proxy": text,
    "privacy": choice("none", "hostname", "version", "all"),
    "network": choice("open", "proxy-only", "isolated"),
    "latency": number,
    "dns": texts,
    "ntp": texts,
    "option_keys": mappings,
    "usage": usage,
    "alarms": mappings,
    "extra_words": texts,
    "status_text": text,
    "registration_word": choice("failed", "expired"),
    "failure": text,
    "evaluation_days": number,
    "registered": mapping,
    "reservation": mapping,
    "dialect": mapping,
}
_REGISTERED: Spec = {
    "manager": text,
    "account": text,
    "virtual_account": text,
    "export": switch,
    "days_ago": number,
}
_RESERVATION: Spec = {
    "state": choice(*start_states.STATES),
    "virtual_account": text,
    "lines": usage,
    "update": usage,
    "days_ago": number,
}
_ALARM: Spec = {"id": text, "title": text, "severity": text}
_OPTION: Spec = {"key": text, "description": text}


def cluster(world: World, where: str, name: str, data: Data, *, drawn: bool) -> None:
    """Put a cluster and its nodes into the world; ``drawn`` dialects start from chance."""
    given = read(where, data, _CLUSTER, needs=("nodes",))
    defaults = given.pop("defaults", {})
    nodes = given.pop("nodes")
    for key, value in nodes.items():
        merged = {**defaults, **mapping(f"{where}.nodes.{key}", value)}
        _node(world, f"{where}.nodes.{key}", f"{name}/{key}", name, merged, drawn=drawn)
    world.clusters[name] = Cluster(name, [f"{name}/{key}" for key in nodes], **given)


def _node(world: World, where: str, name: str, cluster: str, data: Data, *, drawn: bool) -> None:
    given = read(where, data, _NODE, needs=("serial", "version"))
    registered, alarms = given.pop("registered", None), given.pop("alarms", [])
    reserved = given.pop("reservation", None)
    form = _dialect(world, where, name, given.pop("dialect", {}), drawn=drawn)
    days = given.pop("evaluation_days", 90.0)
    options = [
        read(f"{where}.option_keys", one, _OPTION, needs=("key",)) for one in given.pop("option_keys", [])
    ]
    smart = registered is not None or numbers(given["version"]) >= SMART_BY_ITSELF
    names = {
        "role": "core",
        "smart": smart,
        "host_name": f"{name.replace('/', '-')}.example.com",
        "uuid": _uuid(name),
        **given,
    }
    node = Node(name, cluster=cluster, dialect=form, evaluation_seconds=days * 86_400, **names)
    node.option_keys = [(one["key"], one.get("description", "")) for one in options]
    node.alarms = [_alarm(world, f"{where}.alarms", one) for one in alarms]
    node.failed_at = world.now if node.failure else None
    world.nodes[name] = node
    if registered is None:
        agent.start_evaluation(node, world.now)
    else:
        _register(world, f"{where}.registered", node, registered)
    if reserved is not None:
        _reserve(world, f"{where}.reservation", node, reserved)


def _reserve(world: World, where: str, node: Node, data: Data) -> None:
    given = read(where, data, _RESERVATION)
    try:
        start_states.start(world, node, **given)
    except ValueError as error:
        raise WorldFileError(f"{where}: {error}") from None


def _uuid(name: str) -> str:
    dice = random.Random(name)  # noqa: S311 - the same node has the same uuid in every world
    return "".join(dice.choice("0123456789abcdef") for _ in range(32))


def _dialect(world: World, where: str, name: str, answers: Data, *, drawn: bool) -> dialect.Dialect:
    start = dialect.draw(f"{world.settings.seed}/{name}") if drawn else dialect.PLAIN
    try:
        return dialect.change(start, {key: text(where, value) for key, value in answers.items()})
    except ValueError as error:
        raise WorldFileError(f"{where}.{error}") from None


def _alarm(world: World, where: str, data: Data) -> AlarmRaised:
    given = read(where, data, _ALARM, needs=("id",))
    title, severity = agent.ALARM_TITLES.get(given["id"], ("", "Warning"))
    names = {"title": title, "severity": severity, **given}
    return AlarmRaised(uuid=agent.alarm_uuid(world), at=world.now, **names)


def _register(world: World, where: str, node: Node, data: Data) -> None:
    """A node that starts registered: no token was used, the instance is there."""
    given = read(where, data, _REGISTERED, needs=("account", "virtual_account"))
    manager = given.get("manager", "cloud")
    at = world.now - timedelta(days=given.get("days_ago", 30))
    try:
        account = world.account(manager, given["account"])
        va = world.virtual_account(manager, given["account"], given["virtual_account"])
    except KeyError as error:
        raise WorldFileError(f"{where}: {error.args[0]}") from None
    node.registration = Registration.since(
        at, manager, account, va, export=given.get("export", True), now=world.now
    )
    node.registration_word = "registered"
    va.instances.append(managers.instance_of(world, node))
    agent.keep_contact(world, node)
