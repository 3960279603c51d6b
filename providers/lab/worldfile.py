"""A world file (YAML) becomes a world. Every key is known, every value typed; complaints name the place.

Belongs here: the format of world files. Does not belong here: behaviour. All scalars are read as text and
typed by key, so that a serial like ``52E01234`` stays itself. The format, with every key, is described in
``examples/lab/README.md``.
"""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from . import agent, dialect
from . import manager as managers
from .nouns import (
    CLOUD,
    ENTITLEMENTS,
    ON_PREM,
    RELEASES,
    TAGS,
    Account,
    AlarmRaised,
    Client,
    Cluster,
    Instance,
    Manager,
    Node,
    Pool,
    Registration,
    Token,
    VirtualAccount,
)
from .world import Settings, World

Data = Mapping[str, Any]
Spec = Mapping[str, Callable[[str, Any], Any]]


class WorldFileError(ValueError):
    """The world file cannot be used; the text names the place and what is wrong."""


def load_world(path: Path, now: datetime) -> World:
    """The world of this file, at this time. Raises WorldFileError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WorldFileError(f"{path}: cannot be read: {error.strerror}") from None
    return build_world(text, now, name=str(path))


def build_world(text: str, now: datetime, *, name: str = "world") -> World:
    """The world of this YAML text, at this time. Raises WorldFileError."""
    try:
        data = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader makes nothing but text
    except yaml.YAMLError as error:
        raise WorldFileError(f"{name}: {' '.join(str(error).split())}") from None
    return _world(_mapping(name, {} if data is None else data), now, name)


# -- typing scalars ----------------------------------------------------------------------------------------


def _text(where: str, value: Any) -> str:
    if not isinstance(value, str):
        raise WorldFileError(f"{where}: a text is wanted")
    return value


def _number(where: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise WorldFileError(f"{where}: {value!r} is not a number") from None


def _whole(where: str, value: Any) -> int:
    number = _number(where, value)
    if number != int(number):
        raise WorldFileError(f"{where}: {value!r} is not a whole number")
    return int(number)


def _switch(where: str, value: Any) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if not isinstance(value, str) or value.casefold() not in words:
        raise WorldFileError(f"{where}: true or false is wanted")
    return words[value.casefold()]


def _texts(where: str, value: Any) -> list[str]:
    if not isinstance(value, list):
        raise WorldFileError(f"{where}: a list is wanted")
    return [_text(where, one) for one in value]


def _mapping(where: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WorldFileError(f"{where}: keys and values are wanted")
    return value


def _mappings(where: str, value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise WorldFileError(f"{where}: a list is wanted")
    return [_mapping(where, one) for one in value]


def _choice(*allowed: str) -> Callable[[str, Any], str]:
    def chosen(where: str, value: Any) -> str:
        if value not in allowed:
            raise WorldFileError(f"{where}: {value!r} is not one of {', '.join(allowed)}")
        return str(value)

    return chosen


def _usage(where: str, value: Any) -> dict[str, int]:
    """Licence (short or display name) to quantity."""
    return {ENTITLEMENTS.get(name, name): _whole(where, one) for name, one in _mapping(where, value).items()}


def _switches(where: str, value: Any) -> dict[str, bool]:
    return {name: _switch(f"{where}.{name}", one) for name, one in _mapping(where, value).items()}


def _read(where: str, data: Any, spec: Spec, *, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """The typed values of the keys that are there. Raises WorldFileError for a stranger or a gap."""
    given = _mapping(where, data)
    for key in given:
        if key not in spec:
            near = difflib.get_close_matches(key, spec, n=1)
            raise WorldFileError(
                f"{where}: unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else "")
            )
    for key in needs:
        if key not in given:
            raise WorldFileError(f"{where}: {key!r} is missing")
    return {key: spec[key](f"{where}.{key}", value) for key, value in given.items()}


# -- the file ----------------------------------------------------------------------------------------------

_FILE: Spec = {"settings": _mapping, "cloud": _mapping, "on_prem": _mapping, "clusters": _mapping}
_SETTINGS: Spec = {
    "seed": _whole,
    "register_seconds": _number,
    "retry_seconds": _number,
    "replication_seconds": _number,
    "bearer_seconds": _number,
    "ban_after": _whole,
    "proxies": lambda where, value: tuple(_texts(where, value)),
    "dialects": _choice("plain", "drawn"),
}
_MANAGER: Spec = {
    "port": _whole,
    "host_names": _texts,
    "answers_nodes": _switch,
    "quirks": _switches,
    "clients": _mappings,
    "accounts": _mapping,
}
_CLIENT: Spec = {
    "client_id": _text,
    "client_secret": _text,
    "granted": _switch,
    "writes": _switch,
    "username": _text,
    "password": _text,
}
_ACCOUNT: Spec = {
    "name": _text,
    "domain": _text,
    "export_right": _switch,
    "linked_virtual_account": _text,
    "virtual_accounts": _mapping,
}
_VIRTUAL_ACCOUNT: Spec = {
    "default": _switch,
    "description": _text,
    "licences": _mapping,
    "instances": _mappings,
    "tokens": _mappings,
}
_POOL: Spec = {
    "quantity": _whole,
    "tag": _text,
    "covers": lambda where, value: ENTITLEMENTS.get(_text(where, value), value),
    "billing": _text,
    "licence_type": _text,
    "ends": _text,
}
_INSTANCE: Spec = {
    "serial": _text,
    "pid": _text,
    "host_name": _text,
    "product_tag": _text,
    "product_type": _text,
    "uuid": _text,
    "shown_by_host": _switch,
    "usage": _usage,
    "contact_days_ago": _number,
}
_TOKEN: Spec = {
    "value": _text,
    "description": _text,
    "export": _switch,
    "days": _number,
    "max_uses": _whole,
    "uses": _whole,
    "created_by": _text,
}
_CLUSTER: Spec = {"nodes": _mapping, "primary": _whole, "replicates_transport": _switch, "defaults": _mapping}
_NODE: Spec = {
    "port": _whole,
    "serial": _text,
    "version": _choice(*RELEASES),
    "role": _choice("core", "edge"),
    "host_name": _text,
    "address": _text,
    "username": _text,
    "password": _text,
    "public_keys": _texts,
    "smart": _switch,
    "transport": _choice("direct", "satellite"),
    "url": _text,
    "proxy": _text,
    "privacy": _choice("none", "hostname", "version", "all"),
    "network": _choice("open", "proxy-only", "isolated"),
    "latency": _number,
    "dns": _texts,
    "ntp": _texts,
    "option_keys": _mappings,
    "usage": _usage,
    "alarms": _mappings,
    "extra_words": _texts,
    "status_text": _text,
    "registration_word": _choice("failed", "expired"),
    "failure": _text,
    "evaluation_days": _number,
    "registered": _mapping,
    "dialect": _mapping,
}
_REGISTERED: Spec = {
    "manager": _text,
    "account": _text,
    "virtual_account": _text,
    "export": _switch,
    "days_ago": _number,
}
_ALARM: Spec = {"id": _text, "title": _text, "severity": _text}
_OPTION: Spec = {"key": _text, "description": _text}


def _world(data: Data, now: datetime, name: str) -> World:
    parts = _read(name, data, _FILE)
    given = _read(f"{name}: settings", parts.get("settings", {}), _SETTINGS)
    drawn = given.pop("dialects", "plain") == "drawn"
    world = World(Settings(**given), now)
    if "cloud" in parts:
        world.managers["cloud"] = _manager(world, f"{name}: cloud", "cloud", CLOUD, parts["cloud"])
    for key, value in parts.get("on_prem", {}).items():
        world.managers[key] = _manager(world, f"{name}: on_prem.{key}", key, ON_PREM, value)
    for key, value in parts.get("clusters", {}).items():
        _cluster(world, f"{name}: clusters.{key}", key, value, drawn=drawn)
    _check_ports(world, name)
    return world


def _check_ports(world: World, name: str) -> None:
    seen: dict[int, str] = {}
    managed = [(one.name, one.port) for one in world.managers.values()]
    for where, port in (*managed, *((one.name, one.port) for one in world.nodes.values())):
        if port and port in seen:
            raise WorldFileError(f"{name}: {where} and {seen[port]} have the same port {port}")
        seen[port] = where


# -- managers ----------------------------------------------------------------------------------------------


def _manager(world: World, where: str, name: str, kind: str, data: Data) -> Manager:
    given = _read(where, data, _MANAGER)
    clients = [
        Client(**_read(f"{where}.clients", one, _CLIENT, needs=("client_id", "client_secret")))
        for one in given.pop("clients", [])
    ]
    accounts = [
        _account(world, f"{where}.accounts.{key}", key, value)
        for key, value in given.pop("accounts", {}).items()
    ]
    return Manager(name, kind, clients=clients, accounts=accounts, **given)


def _account(world: World, where: str, key: str, data: Data) -> Account:
    given = _read(where, data, _ACCOUNT)
    found = [
        _virtual_account(world, f"{where}.virtual_accounts.{name}", name, value)
        for name, value in given.pop("virtual_accounts", {}).items()
    ]
    if found and not any(va.default for va in found):
        found[0].default = True
    names = {"name": key, "domain": key, **given}
    return Account(number=100_000 + world.number(), virtual_accounts=found, **names)


def _virtual_account(world: World, where: str, name: str, data: Data) -> VirtualAccount:
    given = _read(where, data, _VIRTUAL_ACCOUNT)
    pools = [_pool(f"{where}.licences.{key}", key, value) for key, value in given.pop("licences", {}).items()]
    instances = [_instance(world, f"{where}.instances", one) for one in given.pop("instances", [])]
    tokens = [_token(world, f"{where}.tokens", one) for one in given.pop("tokens", [])]
    number = 900_000 + world.number()
    return VirtualAccount(name, number, pools=pools, instances=instances, tokens=tokens, **given)


def _pool(where: str, key: str, data: Any) -> Pool:
    """``rms: 50``, or a mapping; rms, desktop and room are the display names of Expressway licences."""
    given = _read(where, data if isinstance(data, dict) else {"quantity": data}, _POOL, needs=("quantity",))
    name = ENTITLEMENTS.get(key, key)
    return Pool(name, **{"tag": TAGS.get(name, f"regid.2018-01.com.example.{key},1.0_lab"), **given})


def _instance(world: World, where: str, data: Data) -> Instance:
    given = _read(where, data, _INSTANCE, needs=("serial", "pid"))
    at = world.now - timedelta(days=given.pop("contact_days_ago", 0))
    names = {"host_name": "", "product_tag": "", "product_type": "", **given}
    return Instance(registered_at=at, last_contact=at, **names)


def _token(world: World, where: str, data: Data) -> Token:
    given = _read(where, data, _TOKEN)
    ends = world.now + timedelta(days=given.pop("days", 30))
    names = {
        "value": world.new_token_text(),
        "description": "",
        "export": False,
        "created_by": "somebody",
        **given,
    }
    return Token(created_at=world.now, expires_at=ends, **names)


# -- clusters ----------------------------------------------------------------------------------------------


def _cluster(world: World, where: str, name: str, data: Data, *, drawn: bool) -> None:
    given = _read(where, data, _CLUSTER, needs=("nodes",))
    defaults = given.pop("defaults", {})
    nodes = given.pop("nodes")
    for key, value in nodes.items():
        merged = {**defaults, **_mapping(f"{where}.nodes.{key}", value)}
        _node(world, f"{where}.nodes.{key}", f"{name}/{key}", name, merged, drawn=drawn)
    world.clusters[name] = Cluster(name, [f"{name}/{key}" for key in nodes], **given)


def _node(world: World, where: str, name: str, cluster: str, data: Data, *, drawn: bool) -> None:
    given = _read(where, data, _NODE, needs=("serial", "version"))
    registered, alarms = given.pop("registered", None), given.pop("alarms", [])
    form = _dialect(world, where, name, given.pop("dialect", {}), drawn=drawn)
    days = given.pop("evaluation_days", 90.0)
    options = [
        _read(f"{where}.option_keys", one, _OPTION, needs=("key",)) for one in given.pop("option_keys", [])
    ]
    names = {"role": "core", "host_name": f"{name.replace('/', '.')}.example.com", **given}
    node = Node(
        name, cluster=cluster, uuid=_uuid(name), dialect=form, evaluation_seconds=days * 86_400, **names
    )
    node.option_keys = [(one["key"], one.get("description", "")) for one in options]
    node.alarms = [_alarm(world, f"{where}.alarms", one) for one in alarms]
    node.failed_at = world.now if node.failure else None
    world.nodes[name] = node
    if registered is None:
        agent.start_evaluation(node, world.now)
    else:
        _register(world, f"{where}.registered", node, registered)


def _uuid(name: str) -> str:
    dice = random.Random(name)  # noqa: S311 - the same node has the same uuid in every world
    return "".join(dice.choice("0123456789abcdef") for _ in range(32))


def _dialect(world: World, where: str, name: str, answers: Data, *, drawn: bool) -> dialect.Dialect:
    start = dialect.draw(f"{world.settings.seed}/{name}") if drawn else dialect.PLAIN
    try:
        return dialect.change(start, {key: _text(where, value) for key, value in answers.items()})
    except ValueError as error:
        raise WorldFileError(f"{where}.{error}") from None


def _alarm(world: World, where: str, data: Data) -> AlarmRaised:
    given = _read(where, data, _ALARM, needs=("id",))
    title, severity = agent.ALARM_TITLES.get(given["id"], ("", "Warning"))
    names = {"title": title, "severity": severity, **given}
    return AlarmRaised(uuid=agent.alarm_uuid(world), at=world.now, **names)


def _register(world: World, where: str, node: Node, data: Data) -> None:
    """A node that starts registered: no token was used, the instance is there."""
    given = _read(where, data, _REGISTERED, needs=("account", "virtual_account"))
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
