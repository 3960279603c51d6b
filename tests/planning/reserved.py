"""Literals for reservations: one cluster of nodes that reserve, an account with pools, codes in hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from reconciler import model as m

from .fleet import (
    NOW,
    RESERVATION,
    Auth,
    Status,
    account,
    capabilities,
    cluster,
    desired,
    evaluating,
    licence,
    observed,
    plan,
    seen,
)

RMS = "Cisco Expressway Rich Media Session License"
DESK12 = "UC Manager Enhanced License (12.x)"
DESK14 = "UC Manager Enhanced License (14.x)"
TAGS = {RMS: "regid.rms", DESK12: "regid.desk,12.0_a", DESK14: "regid.desk,14.0_b"}
NAMES = (
    m.Entitlement("desktop", "UC Manager Enhanced License"),
    m.Entitlement("rms", RMS),
    m.Entitlement("room", "UC Manager Telepresence Room License"),
)
HAND_OFF = m.Manager(m.ManagerKind.HAND_OFF, "hand-off")

NODE_KINDS = frozenset(
    {
        "node.deregister",
        "node.register",
        "node.enable_reservation",
        "node.disable_reservation",
        "node.request_reservation",
        "node.install_authorization",
        "node.return_reservation",
        "node.cancel_reservation",
        "node.return_authorization",
        "node.set_privacy",
    }
)
API = frozenset(
    {
        "account.create_token",
        "account.revoke_token",
        "account.reserve",
        "account.update_reservation",
        "account.confirm_reservation",
        "account.remove_instance",
        "account.remove_ghost",
    }
)
READY = licence(registration=Status.RESERVED_SPECIFIC, authorization=Auth.RESERVED, reservation_enabled=True)
FRESH = evaluating(80)
ASKED = evaluating(80, registration=Status.RESERVATION_PENDING, reservation_enabled=True)


def reserve(**quantities: Any) -> tuple[m.Reserve, ...]:
    """``rms=5``, ``desktop=(200, "14")``."""
    pairs = {name: value if isinstance(value, tuple) else (value, None) for name, value in quantities.items()}
    return tuple(m.Reserve(name, quantity, version) for name, (quantity, version) in sorted(pairs.items()))


def core(
    count: int = 1, nodes: Mapping[str, Mapping[str, Any]] | None = None, **fields: Any
) -> m.ClusterDesired:
    """Each node wants 5 rms where ``nodes`` does not say otherwise."""
    given = {f"n{number}": {"reserve": reserve(rms=5)} for number in range(1, count + 1)}
    for name, change in (nodes or {}).items():
        given[name] = {**given.get(name, {}), **change}
    return cluster(
        "ams-core", count, nodes=given, **{"transport": None, "registration": RESERVATION, **fields}
    )


def serial(of: m.ClusterDesired, name: str = "n1") -> str:
    return next(str(node.serial) for node in of.nodes if node.name == name)


def line(name: str, quantity: int, pending: Any = None) -> m.ReservedLine:
    return m.ReservedLine(name, quantity, TAGS[name], pending)


def instance(number: str, *lines: m.ReservedLine) -> m.Instance:
    return m.Instance(f"EXPY {number}", serial=number, pid="EXPY", product_tag="regid.expy", reserved=lines)


def stock(name: str = "emea", instances: Iterable[m.Instance] | Any = (), **free: int) -> m.AccountObserved:
    """``rms=10`` free of 100; what is not named is not in the account. ``instances`` may be UNKNOWN."""
    names = {"rms": RMS, "desk12": DESK12, "desk14": DESK14}
    lines = tuple(m.PoolLine(names[key], 100, 0, count, tag=TAGS[names[key]]) for key, count in free.items())
    shown = instances if instances is m.UNKNOWN else tuple(instances)
    return m.AccountObserved(
        m.Address.of_account(name), NOW, exists=True, pool=lines or m.UNKNOWN, instances=shown
    )


def code(kind: m.CodeKind, number: str, **fields: Any) -> m.HeldCode:
    given = {"made_at": NOW - timedelta(hours=1), "readable": True, **fields}
    return m.HeldCode(
        f"code-{kind.value}", kind, f"{kind.value}/{number}", m.Address.of_account("emea"), number, **given
    )


def said(number: str, **counts: int) -> m.Authorization:
    """What an authorization code says, by licence key (rms, desk12)."""
    names = {"rms": RMS, "desk12": DESK12, "desk14": DESK14}
    lines = tuple(m.AuthorizedLine(TAGS[names[key]], count, names[key]) for key, count in counts.items())
    return m.Authorization(f"P:EXPY,S:{number}", lines)


def known(number: str, state: m.ReservedState, **fields: Any) -> m.Reserved:
    given = {"account": m.Address.of_account("emea"), "at": NOW - timedelta(hours=1), **fields}
    return m.Reserved(serial=number, state=state, **given)


def planned(
    of: m.ClusterDesired,
    blocks: Mapping[str, m.Licence] | m.Licence,
    accounts: Iterable[m.AccountObserved] | None = None,
    held: m.HeldState | None = None,
    *,
    by_person: bool = False,
    more: Iterable[m.ClusterDesired] = (),
    others: Iterable[m.NodeObserved] = (),
    extra_accounts: Iterable[m.AccountDesired] = (),
    api: frozenset[str] = API,
    entitlements: tuple[m.Entitlement, ...] = NAMES,
    overrides: tuple[str, ...] = (),
    policy: m.Policy | None = None,
    home: Mapping[str, Any] | None = None,
    excludes: tuple[str, ...] = (),
    version: str = "X14.3.1",
    ahead: Iterable[m.ClusterDesired] = (),
    stocks: Iterable[m.AccountObserved] = (),
    nodes_with: Mapping[str, Any] | None = None,
) -> m.Plan:
    """Plan one cluster. ``blocks`` is one licence block for every node, or one by name."""
    place = account("emea", **{**({"manager": HAND_OFF} if by_person else {}), **(home or {})})
    wish = desired(
        *ahead, of, *more, accounts=(*extra_accounts, place), entitlements=entitlements, policy=policy
    )
    software = m.Software(version, "expressway", False)
    nodes = [
        observed(
            of,
            node.name,
            licence=blocks if isinstance(blocks, m.Licence) else blocks[node.name],
            software=software,
            **(nodes_with or {}),
        )
        for node in of.nodes
    ]
    can: dict[m.Address, frozenset[str]] = dict(capabilities(wish))
    for item in wish.clusters:
        can.update({node.address: NODE_KINDS for node in item.nodes})
    can[place.address] = frozenset() if by_person else api
    for item in extra_accounts:
        can[item.address] = api
    looked = tuple(accounts) if accounts is not None else (stock(rms=50),)
    if by_person and accounts is None:
        looked = (m.AccountObserved(place.address, NOW),)
    accepted = tuple(m.Override(rule, "test") for rule in overrides)
    options = m.PlanOptions(overrides=accepted, excludes=excludes)
    return plan(wish, seen(*nodes, *others, accounts=(*stocks, *looked)), held, can=can, options=options)
