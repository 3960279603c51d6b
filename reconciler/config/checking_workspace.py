"""Whether xlicense.yaml agrees with itself: accounts and their managers, defaults, policy, the release.

Belongs here: checks that need more than one key of this one file. Does not belong here: clusters (checking).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from reconciler import __version__
from reconciler.config.checking import (
    Entry,
    one_way_in,
    privacy_named,
    proxy_keys,
    registration_keys,
    unknown_account,
    unknown_entitlement,
)
from reconciler.config.documents import AccountDoc, WorkspaceDoc
from reconciler.config.events import YamlPath
from reconciler.config.sources import Source
from reconciler.errors import Complaint
from reconciler.model import Address, Entitlement, ManagerKind

_NEEDS = {
    ManagerKind.CLOUD: ("smart_account",),
    ManagerKind.ON_PREM: ("local_account",),
    ManagerKind.HAND_OFF: (),
}
_ONLY_FOR = (
    ("transport_url", ManagerKind.ON_PREM),
    ("local_account", ManagerKind.ON_PREM),
)


def workspace_complaints(
    source: Source, doc: WorkspaceDoc, known: Sequence[Entitlement]
) -> Iterator[Complaint]:
    """What this file shows by itself."""
    yield from _release(source, doc)
    for name, account in doc.accounts.items():
        yield from _account(source, name, account)
    yield from _defaults(source, doc)
    yield from _policy(source, doc, {item.name for item in known})


def default_login(source: Source, doc: WorkspaceDoc, entries: Sequence[Entry]) -> Iterator[Complaint]:
    """Said once, however many nodes rely on the default login."""
    ssh = doc.defaults.ssh
    if ssh is not None and (ssh.password or ssh.key):
        return
    for entry in entries:
        if any(entry.doc.ssh is None and node.ssh is None for node in entry.doc.nodes):
            message = "nodes have no login: give defaults.ssh a password or a key"
            yield source.complaint(source.at(("defaults", "ssh")), message, "no-login")
            return


def _release(source: Source, doc: WorkspaceDoc) -> Iterator[Complaint]:
    wanted = doc.required_version
    if wanted and not satisfies(__version__, wanted):
        message = f"this is xlicense {__version__}, and the workspace needs {wanted}"
        yield source.complaint(source.value_at(("required_version",)), message, "required-version")


def satisfies(version: str, wanted: str) -> bool:
    """Whether ``0.1.0`` meets ``>=0.1,<2``; a part that is not written counts as 0."""
    ours = _numbers(version)
    return all(_holds(ours, part.strip()) for part in wanted.split(","))


def _holds(ours: tuple[int, ...], part: str) -> bool:
    operator = (re.match(r"[<>=!]+", part) or [""])[0]
    theirs = _numbers(part[len(operator) :])
    return {
        ">=": ours >= theirs,
        "<=": ours <= theirs,
        "==": ours == theirs,
        "!=": ours != theirs,
        ">": ours > theirs,
        "<": ours < theirs,
    }[operator]


def _numbers(text: str) -> tuple[int, ...]:
    found = [int(part) for part in re.findall(r"[0-9]+", text)]
    return tuple((found + [0] * 4)[:4])


def _account(source: Source, name: str, doc: AccountDoc) -> Iterator[Complaint]:
    path: YamlPath = ("accounts", name)
    kind = doc.manager.kind
    for key in _NEEDS[kind]:
        if getattr(doc, key) is None:
            message = f"account {name} needs {key}: its manager is {kind.value}"
            yield source.complaint(source.at(path), message, "account-incomplete")
    for key, wanted in _ONLY_FOR:
        if getattr(doc, key) is not None and kind is not wanted:
            message = f"{key} is for a manager of kind {wanted.value}"
            yield source.complaint(source.at((*path, key)), message, "account-kind")
    yield from _manager(source, (*path, "manager"), doc)
    yield from _credentials(source, path, doc)


def _manager(source: Source, path: YamlPath, doc: AccountDoc) -> Iterator[Complaint]:
    manager = doc.manager
    if manager.kind is ManagerKind.ON_PREM and manager.base_url is None:
        yield source.complaint(source.at(path), "an on-prem manager needs base_url", "account-incomplete")
    if manager.kind is not ManagerKind.CLOUD and manager.profile is not None:
        message = "profile is for a manager of kind cloud"
        yield source.complaint(source.at((*path, "profile")), message, "account-kind")
    written = [key for key in manager.model_fields_set if key not in {"kind", "profile"}]
    if manager.kind is ManagerKind.HAND_OFF and written:
        message = f"{min(written)} has no meaning for a hand-off manager: nobody connects to it"
        yield source.complaint(source.at((*path, min(written))), message, "account-kind")


def _credentials(source: Source, path: YamlPath, doc: AccountDoc) -> Iterator[Complaint]:
    if doc.credentials is None:
        return
    if doc.manager.kind is ManagerKind.HAND_OFF:
        message = "credentials have no meaning for a hand-off manager: nobody connects to it"
        yield source.complaint(source.at((*path, "credentials")), message, "account-kind")
    for use in ("read", "apply"):
        given = getattr(doc.credentials, use)
        if given and doc.manager.grant == "password" and not (given.username and given.password):
            message = f"grant: password needs username and password in credentials.{use}"
            yield source.complaint(source.at((*path, "credentials", use)), message, "account-incomplete")


def _defaults(source: Source, doc: WorkspaceDoc) -> Iterator[Complaint]:
    defaults = doc.defaults
    if defaults.account is not None and defaults.account not in doc.accounts:
        place = source.value_at(("defaults", "account"))
        yield source.complaint(place, unknown_account(defaults.account, doc), "unknown-account")
    yield from one_way_in(source, ("defaults", "ssh"), defaults.ssh)
    yield from proxy_keys(source, ("defaults", "transport"), defaults.transport)
    yield from registration_keys(source, ("defaults", "registration"), defaults.registration)
    yield from privacy_named(source, ("defaults", "privacy"), defaults.privacy)


def _policy(source: Source, doc: WorkspaceDoc, known: set[str]) -> Iterator[Complaint]:
    pools: YamlPath = ("policy", "limits", "pool_left_at_least")
    for name, lines in doc.policy.limits.pool_left_at_least.items():
        if name not in doc.accounts:
            yield source.complaint(source.at((*pools, name)), unknown_account(name, doc), "unknown-account")
        for line in lines:
            if line not in known:
                place = source.at((*pools, name, line))
                yield source.complaint(place, unknown_entitlement(line, known), "unknown-entitlement")
    for index, allowed in enumerate(doc.policy.allow):
        if not _is_address(allowed.target):
            message = "target must be an address such as cluster/ams-edge/node/e1"
            place = source.value_at(("policy", "allow", index, "target"))
            yield source.complaint(place, message, "bad-value")


def _is_address(text: str) -> bool:
    try:
        Address(text)
    except ValueError:
        return False
    return True
