"""Readings of nodes that no YAML names yet -> clusters as plain data for `config.cluster_yaml`. Pure.

What the nodes show is written as it is; what they do not show is left out, and therefore not managed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from reconciler.errors import UsageError
from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    Desired,
    Licence,
    NodeObserved,
    Privacy,
    RegistrationStatus,
    Role,
)

from .hosts import Host

_ADDRESS = re.compile(r"[0-9.]+|[0-9a-fA-F]*:[0-9a-fA-F:.]*")
_EDGE = re.compile(r"(^|[-_.])(e|edge|exp-?e|vcs-?e)[0-9]*($|[-_.0-9])")
_CORE = re.compile(r"(^|[-_.])(c|core|exp-?c|vcs-?c)[0-9]*($|[-_.0-9])")
_PRIVACY: dict[str, dict[str, str]] = {
    Privacy.NONE: {"hostname": "shared", "version": "shared"},
    Privacy.HOSTNAME: {"hostname": "hidden", "version": "shared"},
    Privacy.VERSION: {"hostname": "shared", "version": "hidden"},
    Privacy.ALL: {"hostname": "hidden", "version": "hidden"},
}


@dataclass(frozen=True, slots=True)
class Found:
    """A host that could be read, and what was read."""

    host: Host
    reading: NodeObserved


@dataclass(frozen=True, slots=True)
class Answers:
    """What the user said, over what the nodes show."""

    desired: Desired
    cluster: str | None = None
    account: str | None = None
    role: Role | None = None


Written = tuple[str, dict[str, Any], tuple[str, ...]]


def clusters(found: Sequence[Found], answers: Answers) -> list[Written]:
    """Name, data and notes of each cluster. Raises UsageError where an answer is missing."""
    groups = _groups(found)
    if answers.cluster is not None and len(groups) > 1:
        names = "; ".join(" ".join(str(item.host) for item in group) for group in groups)
        raise UsageError(f"these hosts are {len(groups)} clusters ({names}): import them one by one")
    return [_cluster(group, answers) for group in groups]


def _groups(found: Sequence[Found]) -> list[list[Found]]:
    """Hosts that name the same peers are one cluster; a host that names none is a cluster of its own."""
    groups: dict[object, list[Found]] = {}
    for number, item in enumerate(found):
        peers = item.reading.peers
        together = frozenset(peers) if peers is not UNKNOWN and peers else number
        groups.setdefault(together, []).append(item)
    return list(groups.values())


def _cluster(group: Sequence[Found], answers: Answers) -> Written:
    names = _node_names(group)
    name = answers.cluster or _cluster_name(names)
    if any(cluster.name == name for cluster in answers.desired.clusters):
        raise UsageError(f"the workspace has a cluster {name} already", remedy="--cluster NAME")
    licence = group[0].reading.licence
    account = _account(licence, answers)
    data: dict[str, Any] = {"cluster": name, "role": _role(group, names, answers).value}
    data |= {"account": account.name}
    if licence is not UNKNOWN:
        data |= _licensing(group[0].reading, licence)
    data["nodes"] = [_node(item, node) for item, node in zip(group, names, strict=True)]
    return name, data, tuple(_notes(group, licence))


def _node_names(group: Sequence[Found]) -> list[str]:
    names: list[str] = []
    for number, item in enumerate(group, start=1):
        name = _short_name(item) or f"n{number}"
        names.append(f"{name}-{number}" if name in names else name)
    return names


def _short_name(item: Found) -> str | None:
    """The first label of the node's own host name, else of the name it was reached by."""
    own = item.reading.hostname
    text = item.host.host if own is UNKNOWN or not own else own
    if _ADDRESS.fullmatch(text):
        return None
    return re.sub(r"[^a-z0-9_-]", "-", text.split(".")[0].lower()).strip("-_")[:40] or None


def _cluster_name(names: Sequence[str]) -> str:
    """What the node names have in common, without the number at its end."""
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    shared = "".join(letters[0] for letters in alike).rstrip("-_0123456789")
    return shared or names[0]


def _account(licence: Licence | Any, answers: Answers) -> AccountDesired:
    accounts = answers.desired.accounts
    if answers.account is not None:
        for account in accounts:
            if account.name == answers.account:
                return account
        raise UsageError(f"xlicense.yaml has no account {answers.account!r}")
    used = licence.virtual_account if licence is not UNKNOWN else UNKNOWN
    matching = [account for account in accounts if account.virtual_account == used] or list(accounts)
    if len(matching) != 1:
        names = ", ".join(account.name for account in accounts) or "none"
        raise UsageError(f"which account is it? xlicense.yaml has: {names}", remedy="--account NAME")
    return matching[0]


def _role(group: Sequence[Found], names: Sequence[str], answers: Answers) -> Role:
    """As told; else an option key that only an Expressway-E has; else the host names."""
    if answers.role is not None:
        return answers.role
    for item in group:
        keys = item.reading.option_keys
        if keys is not UNKNOWN and any("traversal server" in key.description.lower() for key in keys):
            return Role.EDGE
    texts = [*names, *(item.host.host.split(".")[0].lower() for item in group)]
    edge, core = (any(form.search(text) for text in texts) for form in (_EDGE, _CORE))
    if edge == core:
        raise UsageError(f"is {names[0]} an Expressway-C or an Expressway-E?", remedy="--role core|edge")
    return Role.EDGE if edge else Role.CORE


def _licensing(reading: NodeObserved, licence: Licence) -> dict[str, Any]:
    data: dict[str, Any] = {}
    if transport := _transport(reading, licence):
        data["transport"] = transport
    if reading.smart is not UNKNOWN and reading.smart.privacy is not UNKNOWN:
        privacy = _PRIVACY.get(reading.smart.privacy)
        data |= {"privacy": privacy} if privacy else {}
    if licence.registration is RegistrationStatus.REGISTERED:
        data["registration"] = {"mode": "token"}
        if isinstance(licence.export_controlled, bool):
            data["registration"]["export_controlled"] = licence.export_controlled
    return data


def _transport(reading: NodeObserved, licence: Licence) -> dict[str, Any] | None:
    if licence.proxy is not UNKNOWN and licence.proxy:
        host, _, port = licence.proxy.rpartition(":")
        return {"mode": "proxy", "host": host, "port": int(port)}
    word = reading.smart.transport if reading.smart is not UNKNOWN else UNKNOWN
    modes = {"direct": "direct", "satellite": "on-prem"}
    return {"mode": modes[word]} if word is not UNKNOWN and word in modes else None


def _node(item: Found, name: str) -> dict[str, Any]:
    node: dict[str, Any] = {"name": name, "host": item.host.host}
    if item.host.port is not None:
        node["port"] = item.host.port
    if item.reading.serial is not UNKNOWN:
        node["serial"] = item.reading.serial
    return node


def _notes(group: Sequence[Found], licence: Licence | Any) -> Iterator[str]:
    peers = group[0].reading.peers
    if peers is UNKNOWN:
        yield "its peers could not be read; check that all of them are in the file"
    elif len(peers) > len(group):
        yield f"it has {len(peers)} peers ({', '.join(peers)}), {len(group)} were imported: add the others"
    if licence is UNKNOWN:
        yield "its licence block could not be read; only the nodes were written"
    elif licence.registration is not RegistrationStatus.REGISTERED:
        yield "it is not registered by token, so the file says nothing about its registration"
