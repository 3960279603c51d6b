"""Situations in which one rule speaks, or just does not; each can be asked alone or in a fleet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reconciler import model as m
from reconciler.rules import Verdicts, lint
from tests.planning import reserved as r
from tests.planning.fleet import (
    DAY,
    NOW,
    ON_PREM,
    ON_PREM_URL,
    RESERVATION,
    TOKEN,
    account,
    all_of,
    cluster,
    desired,
    evaluating,
    licence,
    observed,
    plan,
    pool,
    seen,
)

EDGE = cluster()
ONE = cluster(count=1)
FRESH = evaluating()
SATELLITE = m.SmartConfig("satellite", ON_PREM_URL, "hostname")
OPEN = m.SmartConfig("direct", None, "none")
PLANT = account("plant", virtual_account="Default", transport_url=ON_PREM_URL)
TROUBLE = m.Problem("all", m.ProblemKind.UNREACHABLE, "connection refused")
# A fleet to stand in the middle of: clusters and accounts of every kind that most rules pass over.


def _home(name: str, kind: m.ManagerKind = m.ManagerKind.CLOUD, **fields: Any) -> m.AccountDesired:
    return account(name, manager=m.Manager(kind, "legacy"), **fields)


HOMES = (
    _home("a-hand", m.ManagerKind.HAND_OFF),
    _home("b-unread"),
    _home("c-poolless"),
    _home("d-plant", transport_url=ON_PREM_URL),
)
STOCKS = (pool("c-poolless", pool=m.UNKNOWN), pool("d-plant"))
_BARE = cluster("a-bare", transport=None, privacy=None, registration=None, account="d-plant")
_TOLD = cluster("b-told", transport=None, registration=None, account="d-plant", count=1)
_WATCHED = cluster("c-watched", manage=m.Manage.OBSERVE, account="c-poolless")
_UNREAD = cluster("d-unread", account="a-hand")
_JOINS = cluster("e-joins", account="b-unread", count=1)
_PLANT = cluster("f-plant", account="d-plant", transport=ON_PREM)
_GONE = cluster("g-gone", account="d-plant", state=m.State.RETIRED)
_SILENT = cluster("h-silent", account="c-poolless", version="", count=1)
FLEET = (_BARE, _TOLD, _WATCHED, _UNREAD, _JOINS, _PLANT, _GONE, _SILENT)
READ = (
    *all_of(_BARE),
    *all_of(_TOLD, smart=OPEN),
    *all_of(_WATCHED),
    *all_of(_JOINS, licence=FRESH),
    *all_of(_PLANT, licence=licence(virtual_account="Expressway D-PLANT")),
    *all_of(_GONE, licence=FRESH),
    m.NodeObserved(_SILENT.nodes[0].address, NOW),
)


def places_of(made: m.Plan | Verdicts) -> set[str]:
    """Every rule and code that was said, with its place; of the refusals those that stand."""
    said = {f"{finding.code} {finding.address}" for finding in made.findings}
    stand = (refusal for refusal in made.refusals if refusal.overridden is None)
    return said | {f"{refusal.rule} {refusal.address}" for refusal in stand}


Said = Callable[..., set[str]]
"""What is said, as ``XL003 cluster/ams-edge``; with ``among=True`` in the middle of a fleet."""


def clocks(days: int, of: m.ClusterDesired = EDGE) -> m.HeldState:
    return m.HeldState(
        evaluation=tuple(m.EvaluationSeen(node.serial or "", days * DAY, NOW) for node in of.nodes)
    )


def linted(
    *of: m.ClusterDesired, accounts: tuple[m.AccountDesired, ...] = (account(),), **more: object
) -> Said:
    """What is said of a configuration alone."""

    def say(*, among: bool = False) -> set[str]:
        clusters, places = ((*FLEET, *of), (*HOMES, *accounts)) if among else (of, accounts)
        return places_of(lint(desired(*clusters, accounts=places, **more)))  # type: ignore[arg-type]

    return say


def planned(
    of: m.ClusterDesired,
    *nodes: m.NodeObserved,
    held: m.HeldState | None = None,
    accounts: tuple[m.AccountDesired, ...] = (account(), PLANT),
    pools: tuple[m.AccountObserved, ...] = (pool(), pool("plant")),
    policy: m.Policy | None = None,
    can: dict[m.Address, frozenset[str]] | None = None,
    options: m.PlanOptions | None = None,
) -> Said:
    """What is said of a plan."""

    def say(*, among: bool = False) -> set[str]:
        clusters, places = ((*FLEET, of), (*HOMES, *accounts)) if among else ((of,), accounts)
        world = seen(*(READ if among else ()), *nodes, accounts=(*(STOCKS if among else ()), *pools))
        fleet = desired(*clusters, accounts=places, policy=policy)
        return places_of(plan(fleet, world, held, can=can, options=options))

    return say


def one(of: m.ClusterDesired = ONE, **fields: object) -> Said:
    """A single node that would register, with these fields."""
    return planned(of, observed(of, **{"licence": FRESH, **fields}))


def runs(version: str, product: str = "expressway") -> Said:
    return one(software=m.Software(version, product, False))


OFF = m.Licence(enabled=False, proxy=None)
OLD = cluster(count=1, account="plant", transport=ON_PREM)


def switching_on(version: str = "X14.0.8", key: str = "", allow: m.Allow | None = None) -> Said:
    """A node whose Smart Licensing would be switched on."""
    keys = (m.OptionKey(key),) if key else ()
    software = m.Software(version, "expressway", False)
    node = observed(OLD, software=software, licence=OFF, smart=SATELLITE, option_keys=keys)
    return planned(OLD, node, policy=m.Policy(allow=(allow,) if allow else ()))


ALLOW = m.Allow("enable_smart", "cluster/ams-edge", "2026-11-24", "change 4711")


def reserving(
    entitlement: str = "rms", quantity: int = 5, of: m.Registration = RESERVATION
) -> m.ClusterDesired:
    return cluster(count=1, registration=of, nodes={"n1": {"reserve": (m.Reserve(entitlement, quantity),)}})


def token(days: int) -> m.ClusterDesired:
    return cluster(registration=replace(TOKEN, token=m.TokenPolicy(days)))


def alarms(*ids: str, block: m.Licence = FRESH) -> Said:
    return one(alarms=tuple(m.Alarm(item, "a text") for item in ids), licence=block)


def leaving(days: int | None, count: int = 2) -> Said:
    """A cluster of which one node retires; what is left of it was seen, or not."""
    of = cluster(count=count, nodes={"n1": {"state": m.State.RETIRED}})
    return planned(of, *all_of(of), held=None if days is None else clocks(days, of))


def switched(days: int, **fields: object) -> Said:
    """A registered cluster whose transport would be switched."""
    return planned(EDGE, *all_of(EDGE, smart=SATELLITE), held=clocks(days), **fields)  # type: ignore[arg-type]


def many(count: int, percent: int = 30) -> Said:
    """Licensed clusters, all of which would change."""

    def say(*, among: bool = False) -> set[str]:
        policy = m.Policy(clusters_changed_percent=percent)
        fleet = desired(*(cluster(f"c{number}", count=1) for number in range(count)), policy=policy)
        world = seen(*(node for of in fleet.clusters for node in all_of(of, smart=OPEN)))
        return places_of(plan(fleet, world))

    return say


def lost(kind: m.Kind, subject: str) -> m.HeldState:
    address = m.Address.of_account("emea") if kind is m.Kind.CREATE_TOKEN else m.Address.of_node("gone", "n1")
    effect = m.OpenEffect("op-1", "id", kind.value, address, subject, m.EffectState.UNKNOWN, NOW, "run")
    return m.HeldState(open_effects=(effect,))


NUMBER = r.serial(r.core())
GONE = r.core(nodes={"n1": {"state": m.State.RETIRED, "reserve": ()}})
LEFT = r.stock(rms=9, instances=[r.instance(NUMBER, r.line(r.RMS, 5))])
HAS_NINE = r.stock(rms=9, instances=[r.instance(NUMBER, r.line(r.RMS, 9))])
HELD_REQUEST = m.HeldState(codes=(r.code(m.CodeKind.REQUEST, NUMBER),))


def reserved(
    block: m.Licence,
    account: m.AccountObserved | None = None,
    held: m.HeldState | None = None,
    *,
    of: m.ClusterDesired | None = None,
    by_person: bool = False,
) -> Said:
    """What is said when one node that reserves 5 rms is planned."""

    def say(*, among: bool = False) -> set[str]:
        accounts = None if account is None else [account]
        more = {"ahead": FLEET, "others": READ, "extra_accounts": HOMES, "stocks": STOCKS} if among else {}
        made = r.planned(of or r.core(), block, accounts, held, by_person=by_person, **more)  # type: ignore[arg-type]
        return places_of(made)

    return say


def authorized(count: int | None) -> m.HeldState:
    """An authorization code in hand; None: one that cannot be read."""
    read = None if count is None else r.said(NUMBER, rms=count)
    return m.HeldState(codes=(r.code(m.CodeKind.AUTHORIZATION, NUMBER, authorization=read),))


def handed_out(*ids: str) -> m.HeldState:
    """A request code in hand, and these reservations for it in somebody's hands."""
    place = m.Address.of_account("emea")
    out = (m.Waiting("handoff-1", name, m.Kind.RESERVE.value, place, NUMBER, NOW, ()) for name in ids)
    return replace(HELD_REQUEST, waiting=tuple(out))


def term(ends: str) -> m.HeldState:
    lines = (m.AuthorizedLine("regid.rms", 5, r.RMS, ends=ends, licence_type="TERM"),)
    return m.HeldState(reserved=(r.known(NUMBER, m.ReservedState.INSTALLED, lines=lines),))


SERIAL = ONE.nodes[0].serial or ""
LISTED = m.Instance("x", SERIAL, host_name="ams-edge-n1", last_contact=NOW)
SHARED = licence(hostname_hidden=False)


def instances(*known: m.Instance, serials: tuple[str, ...] = ()) -> Said:
    return planned(
        ONE,
        observed(ONE, licence=SHARED),
        held=m.HeldState(known_serials=serials),
        pools=(pool(instances=known),),
        accounts=(account(),),
    )


def rules(said: set[str]) -> set[str]:
    """Of what was said, the rules and codes alone."""
    return {each.split()[0] for each in said}


def told(made: m.Plan | Verdicts, rule: str) -> list[str]:
    """What one rule says, in order: ``warning cluster/a: text``, and after a refusal the kinds it stops."""
    found = [f"{item.severity} {item.address}: {item.message}" for item in made.findings if item.code == rule]
    for item in made.refusals:
        if item.rule == rule:
            kinds = " ".join(kind.split(".")[1] for kind in item.kinds)
            found.append(f"{item.level} {item.address}: {item.message}" + (f" [{kinds}]" if kinds else ""))
    return found


def of_one(
    rule: str, of: m.ClusterDesired = ONE, held: m.HeldState | None = None, **fields: Any
) -> list[str]:
    """What a rule says of a plan for one node."""
    node = observed(of, **{"licence": FRESH, **fields})
    homes, pools = (account(), PLANT), (pool(), pool("plant"))
    return told(plan(desired(of, accounts=homes), seen(node, accounts=pools), held), rule)


def of_all(
    rule: str, of: m.ClusterDesired, *nodes: m.NodeObserved, policy: m.Policy | None = None, **more: Any
) -> list[str]:
    """What a rule says of a plan for these nodes of one cluster."""
    homes, pools = (account(), PLANT), more.pop("pools", (pool(), pool("plant")))
    return told(plan(desired(of, accounts=homes, policy=policy), seen(*nodes, accounts=pools), **more), rule)
