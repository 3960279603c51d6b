"""A world file (YAML) becomes a world. Every key is known, every value typed; complaints name the place.

Belongs here: the format of world files. Does not belong here: behaviour. All scalars are read as text and
typed by key, so that a serial like ``52E01234`` stays itself. The format, with every key, is described in
``examples/lab/README.md``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from . import dialect
from .codes import Device
from .nouns import (
    CLOUD,
    ENTITLEMENTS,
    ON_PREM,
    QUIRKS,
    TAGS,
    Account,
    Client,
    Instance,
    Manager,
    Pool,
    Token,
    VirtualAccount,
)
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
from .reserved import Booking
from .world import Settings, World
from .world_nodes import cluster, usage


def load_world(path: Path, now: datetime) -> World:
    """The world of this file, at this time. Raises WorldFileError."""
    try:
        content = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WorldFileError(f"{path}: cannot be read: {error.strerror}") from None
    return build_world(content, now, name=str(path))


def build_world(content: str, now: datetime, *, name: str = "world") -> World:
    """The world of this YAML text, at this time. Raises WorldFileError."""
    try:
        data = yaml.load(content, Loader=yaml.BaseLoader)  # noqa: S506 # nosec B506 - BaseLoader makes nothing but text
    except yaml.YAMLError as error:
        raise WorldFileError(f"{name}: {' '.join(str(error).split())}") from None
    return _world(mapping(name, {} if data is None else data), now, name)


# -- the file ----------------------------------------------------------------------------------------------


def _quirks(where: str, value: Any) -> dict[str, bool]:
    return read(where, value, dict.fromkeys(QUIRKS, switch))


def _forms(where: str, value: Any) -> dict[str, str]:
    return read(where, value, {name: choice(*answers) for name, answers in dialect.FORMS.items()})


_FILE: Spec = {"settings": mapping, "cloud": mapping, "on_prem": mapping, "clusters": mapping}
_SETTINGS: Spec = {
    "seed": whole,
    "register_seconds": number,
    "retry_seconds": number,
    "replication_seconds": number,
    "bearer_seconds": number,
    "removal_seconds": number,
    "time_scale": number,
    "ban_after": whole,
    "proxies": lambda where, value: tuple(texts(where, value)),
    "dialects": choice("plain", "drawn"),
}
_MANAGER: Spec = {
    "port": whole,
    "host_names": texts,
    "answers_nodes": switch,
    "token_uses": whole,
    "quirks": _quirks,
    "forms": _forms,
    "clients": mappings,
    "accounts": mapping,
}
_CLIENT: Spec = {
    "client_id": text,
    "client_secret": text,
    "granted": switch,
    "writes": switch,
    "username": text,
    "password": text,
}
_ACCOUNT: Spec = {
    "name": text,
    "domain": text,
    "export_right": switch,
    "reservations": switch,
    "rehost_limit": whole,
    "linked_virtual_account": text,
    "virtual_accounts": mapping,
}
_VIRTUAL_ACCOUNT: Spec = {
    "default": switch,
    "description": text,
    "licences": mapping,
    "instances": mappings,
    "tokens": mappings,
}
_POOL: Spec = {
    "quantity": whole,
    "tag": text,
    "covers": lambda where, value: ENTITLEMENTS.get(text(where, value), value),
    "billing": text,
    "licence_type": text,
    "ends": text,
}
_INSTANCE: Spec = {
    "serial": text,
    "pid": text,
    "host_name": text,
    "product_tag": text,
    "product_type": text,
    "uuid": text,
    "shown_by_host": switch,
    "usage": usage,
    "reserved": usage,
    "contact_days_ago": number,
}
_TOKEN: Spec = {
    "value": text,
    "description": text,
    "export": switch,
    "days": number,
    "max_uses": whole,
    "uses": whole,
    "created_by": text,
}


def _world(data: Data, now: datetime, name: str) -> World:
    parts = read(name, data, _FILE)
    given = read(f"{name}: settings", parts.get("settings", {}), _SETTINGS)
    drawn = given.pop("dialects", "plain") == "drawn"
    world = World(Settings(**given), now)
    if "cloud" in parts:
        cloud = _manager(world, f"{name}: cloud", "cloud", CLOUD, parts["cloud"])
        cloud.forms = {**(dialect.draw_forms(f"{world.settings.seed}/cloud") if drawn else {}), **cloud.forms}
        world.managers["cloud"] = cloud
    for key, value in parts.get("on_prem", {}).items():
        world.managers[key] = _manager(world, f"{name}: on_prem.{key}", key, ON_PREM, value)
    for key, value in parts.get("clusters", {}).items():
        cluster(world, f"{name}: clusters.{key}", key, value, drawn=drawn)
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
    given = read(where, data, _MANAGER)
    clients = [
        Client(**read(f"{where}.clients", one, _CLIENT, needs=("client_id", "client_secret")))
        for one in given.pop("clients", [])
    ]
    accounts = [
        _account(world, f"{where}.accounts.{key}", key, value)
        for key, value in given.pop("accounts", {}).items()
    ]
    return Manager(name, kind, clients=clients, accounts=accounts, **given)


def _account(world: World, where: str, key: str, data: Data) -> Account:
    given = read(where, data, _ACCOUNT)
    found = [
        _virtual_account(world, f"{where}.virtual_accounts.{name}", name, value)
        for name, value in given.pop("virtual_accounts", {}).items()
    ]
    if found and not any(va.default for va in found):
        found[0].default = True
    names = {"name": key, "domain": key, **given}
    return Account(number=100_000 + world.number(), virtual_accounts=found, **names)


def _virtual_account(world: World, where: str, name: str, data: Data) -> VirtualAccount:
    given = read(where, data, _VIRTUAL_ACCOUNT)
    pools = [_pool(f"{where}.licences.{key}", key, value) for key, value in given.pop("licences", {}).items()]
    instances = [_instance(world, f"{where}.instances", one, pools) for one in given.pop("instances", [])]
    tokens = [_token(world, f"{where}.tokens", one) for one in given.pop("tokens", [])]
    number = 900_000 + world.number()
    return VirtualAccount(name, number, pools=pools, instances=instances, tokens=tokens, **given)


def _pool(where: str, key: str, data: Any) -> Pool:
    """``rms: 50``, or a mapping; rms, desktop and room are the display names of Expressway licences."""
    given = read(where, data if isinstance(data, dict) else {"quantity": data}, _POOL, needs=("quantity",))
    name = ENTITLEMENTS.get(key, key)
    return Pool(name, **{"tag": TAGS.get(name, f"regid.2018-01.com.example.{key},1.0_lab"), **given})


def _instance(world: World, where: str, data: Data, pools: list[Pool]) -> Instance:
    """Of another product or team; ``reserved`` are the licences that it holds by a reservation."""
    given = read(where, data, _INSTANCE, needs=("serial", "pid"))
    at = world.now - timedelta(days=given.pop("contact_days_ago", 0))
    names = {"host_name": "", "product_tag": "", "product_type": "", **given}
    key = "uuid" if names.get("uuid") else "serial"
    reserved = names.pop("reserved", None)
    instance = Instance(registered_at=at, last_contact=at, key=key, **names)
    if reserved is not None:
        device = Device(instance.pid, instance.serial, instance.uuid)
        instance.booking = Booking(device.udi, {_tag(pools, name): n for name, n in reserved.items()}, [])
    return instance


def _tag(pools: list[Pool], name: str) -> str:
    found = next((pool.tag for pool in pools if pool.name == name), None)
    return found or TAGS.get(name, name)


def _token(world: World, where: str, data: Data) -> Token:
    given = read(where, data, _TOKEN)
    ends = world.now + timedelta(days=given.pop("days", 30))
    names = {
        "value": world.new_token_text(),
        "description": "",
        "export": False,
        "created_by": "somebody",
        **given,
    }
    return Token(created_at=world.now, expires_at=ends, **names)
