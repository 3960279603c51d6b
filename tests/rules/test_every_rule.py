"""Each rule of the book fires where it should and is silent where it should, in one literal case each."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler import model as m
from reconciler.rules import RULES, card
from tests.planning import reserved as r
from tests.planning.fleet import (
    NODE_KINDS,
    NOW,
    PROXY,
    RESERVATION,
    TOKEN,
    Status,
    account,
    all_of,
    cluster,
    evaluating,
    licence,
    observed,
    pool,
)

from .situations import (
    ALLOW,
    EDGE,
    FRESH,
    GONE,
    HAS_NINE,
    HELD_REQUEST,
    LEFT,
    LISTED,
    NUMBER,
    OFF,
    ONE,
    PLANT,
    SATELLITE,
    SERIAL,
    TROUBLE,
    Said,
    alarms,
    authorized,
    clocks,
    handed_out,
    instances,
    leaving,
    linted,
    lost,
    many,
    one,
    planned,
    reserved,
    reserving,
    rules,
    runs,
    switched,
    switching_on,
    term,
    token,
)

PHASES = {"lint", "plan", "lint and plan"}


@pytest.mark.parametrize("day", ["2026-DEC-01 UTC", "2026-12-01T00:00:00Z", "Dec 01, 2026"])
def test_a_term_is_seen_to_end_in_whatever_form_its_day_is_written(day: str) -> None:
    assert "XL212" in rules(reserved(r.READY, LEFT, term(day))())


CASES: dict[str, tuple[Said, Said]] = {
    "XL003": (runs("X8.11.4"), runs("X14.3.1")),
    "XL004": (one(licence=OFF), one()),
    "XL005": (switching_on(), switching_on("X14.2.6")),
    "XL006": (
        linted(cluster(version="X14.1", registration=RESERVATION)),
        linted(cluster(version="X14.2.5", registration=RESERVATION)),
    ),
    "XL007": (switching_on("X14.2.6", allow=ALLOW), switching_on("X14.0.8", allow=ALLOW)),
    "XL008": (switching_on(), switching_on(allow=ALLOW)),
    "XL009": (
        planned(EDGE, *all_of(EDGE, licence=FRESH), pools=(pool(pool=()), pool("plant"))),
        planned(EDGE, *all_of(EDGE, licence=FRESH)),
    ),
    "XL011": (runs("X14.2.1"), runs("X14.2.5")),
    "XL012": (linted(reserving("plr")), linted(reserving("rms"))),
    "XL014": (
        switching_on(key="116341 COO-1-60BAD5CD", allow=ALLOW),
        switching_on(key="116341E00", allow=ALLOW),
    ),
    "XL022": (one(smart=m.SmartConfig(privacy="hostname")), one()),
    "XL024": (
        linted(EDGE, accounts=(account(transport_url="http://ssm.example.com/x"),)),
        linted(EDGE, accounts=(PLANT, account())),
    ),
    "XL025": (
        linted(cluster(transport=replace(PROXY, proxy_host="http://proxy"))),
        linted(cluster(transport=PROXY)),
    ),
    "XL026": (linted(cluster(privacy=None)), linted(EDGE)),
    "XL031": (
        linted(cluster("a", labels=(("env", "prod"),)), cluster("b", labels=(("env", "test"),))),
        linted(cluster("a", labels=(("env", "prod"),)), cluster("b", labels=(("env", "prod"),))),
    ),
    "XL032": (
        planned(EDGE, observed(EDGE), observed(EDGE, "n2", licence=FRESH)),
        planned(EDGE, *all_of(EDGE, licence=FRESH)),
    ),
    "XL033": (
        planned(EDGE, *all_of(EDGE, licence=FRESH), can={node.address: NODE_KINDS for node in EDGE.nodes}),
        planned(EDGE, *all_of(EDGE, licence=FRESH)),
    ),
    "XL034": (linted(token(366)), linted(token(365))),
    "XL035": (
        one(
            cluster(count=1, registration=replace(TOKEN, token=m.TokenPolicy(value=m.SecretRef("env", "T"))))
        ),
        one(),
    ),
    "XL036": (linted(cluster(registration=replace(TOKEN, export_controlled=None))), linted(EDGE)),
    "XL042": (instances(replace(LISTED, last_contact=NOW - timedelta(hours=20))), instances(LISTED)),
    "XL097": (one(cluster(nodes={"n1": {"state": m.State.RETIRED}}), licence=licence()), leaving(20)),
    "XL098": (one(licence=evaluating(13)), one(licence=evaluating(14))),
    "XL099": (leaving(None), leaving(20)),
    "XL101": (one(licence=evaluating(59)), one(licence=evaluating(60))),
    "XL198": (switched(13), switched(14)),
    "XL201": (switched(80), one(smart=SATELLITE)),
    "XL202": (leaving(20), switched(80)),
    "XL204": (one(licence=evaluating(registration=Status.FAILED)), one()),
    "XL205": (instances(replace(LISTED, host_name="before")), instances(LISTED)),
    "XL206": (one(licence=licence(virtual_account="Old")), one()),
    "XL215": (one(dns=()), one(dns=m.UNKNOWN)),
    "XL216": (
        planned(
            EDGE,
            observed(EDGE, software=m.Software("X14.3.1", "expressway", True)),
            observed(EDGE, "n2", software=m.Software("X14.3.1", "expressway", False)),
        ),
        planned(EDGE, *all_of(EDGE, software=m.Software("X14.3.1", "expressway", True))),
    ),
    "XL301": (
        planned(
            EDGE,
            observed(EDGE, licence=FRESH, smart=SATELLITE),
            m.NodeObserved(EDGE.nodes[1].address, NOW, problems=(TROUBLE,)),
        ),
        one(problems=(m.Problem("alarms", m.ProblemKind.UNREADABLE, "garbled"),)),
    ),
    "XL302": (one(licence=evaluating(unrecognised=("Status: SLEEPING",))), one()),
    "XL303": (
        planned(EDGE, *all_of(EDGE, licence=FRESH), pools=(pool(problems=(TROUBLE,)),)),
        planned(
            EDGE,
            *all_of(EDGE, licence=FRESH),
            accounts=(account(manager=m.Manager(m.ManagerKind.HAND_OFF, "hand-off")),),
            pools=(pool(problems=(TROUBLE,)),),
        ),
    ),
    "XL304": (
        planned(ONE, observed(ONE, licence=FRESH), held=lost(m.Kind.REGISTER, SERIAL)),
        planned(ONE, observed(ONE), held=lost(m.Kind.REGISTER, SERIAL)),
    ),
    "XL305": (one(serial="0DEAD001"), one()),
    "XL306": (
        planned(EDGE, *all_of(EDGE, peers=("ams-edge-n1.example.com", "x.example.com"))),
        planned(EDGE, *all_of(EDGE, peers=("ams-edge-n1", "AMS-EDGE-N2.other.example"))),
    ),
    "XL307": (
        planned(EDGE, observed(EDGE), observed(EDGE, "n2", software=m.Software("X14.3.2"))),
        planned(EDGE, *all_of(EDGE)),
    ),
    "XL308": (runs("X16.0"), runs("X15.3")),
    "XL309": (runs("X12.7", "vcs"), runs("X12.7")),
    "XL310": (alarms("20024"), alarms("20005", "40049")),
    "XL311": (alarms("30042"), alarms("20024")),
    "XL312": (alarms("10005"), alarms("40049", "30042", "20024")),
    "XL315": (
        planned(
            ONE,
            observed(ONE, licence=FRESH),
            options=m.PlanOptions(targets=("cluster/ams-edge",), excludes=("account/emea",)),
        ),
        planned(ONE, observed(ONE, licence=FRESH), options=m.PlanOptions(targets=("cluster/ams-edge",))),
    ),
    "XL316": (
        planned(cluster(registration=None), *all_of(EDGE, smart=SATELLITE), held=clocks(80)),
        switched(80),
    ),
    "XL318": (one(licence=licence(virtual_account=None)), one(licence=licence())),
    "XL319": (one(licence=licence(proxy=m.UNKNOWN)), one()),
    "XL320": (one(licence=evaluating(registration=Status.PENDING)), one()),
    "XL321": (planned(ONE, observed(ONE), held=lost(m.Kind.CREATE_TOKEN, "emea")), one()),
    "XL046": (
        linted(
            replace(reserving("rms"), account="plant"),
            accounts=(replace(PLANT, manager=m.Manager(m.ManagerKind.ON_PREM, "on-prem")),),
        ),
        linted(reserving("rms")),
    ),
    "XL051": (linted(reserving("rms"), cluster("b")), linted(reserving("rms"))),
    "XL056": (
        reserved(FRESH, replace(r.stock(rms=9), reservation_allowed=False)),
        reserved(FRESH, r.stock(rms=9)),
    ),
    "XL057": (reserved(FRESH, r.stock(desk12=9)), reserved(FRESH, r.stock(rms=9))),
    "XL058": (linted(r.core(2, nodes={"n2": {"reserve": r.reserve(rms=0)}})), linted(r.core(2))),
    "XL067": (reserved(r.READY, LEFT, of=GONE), reserved(r.READY, LEFT)),
    "XL073": (reserved(r.READY, HAS_NINE), reserved(r.READY, LEFT)),
    "XL078": (
        reserved(r.READY, LEFT, m.HeldState(reserved=(r.known(NUMBER, m.ReservedState.UPDATE_INSTALLED),))),
        reserved(r.READY, LEFT),
    ),
    "XL212": (
        reserved(r.READY, LEFT, term("2026-12-01")),
        reserved(r.READY, LEFT, term("2028-12-01")),
    ),
    "XL213": (
        linted(
            r.core(nodes={"n1": {"reserve": r.reserve(rms=5, aas=0)}}),
            entitlements=(m.Entitlement("aas", "Expressway Advanced Account Security Entitlement"),),
        ),
        linted(r.core()),
    ),
    "XL220": (
        reserved(
            FRESH,
            r.stock(rms=9, instances=[r.instance("0DEAD001", r.line(r.RMS, 5))]),
            of=r.core(nodes={"n1": {"replaces": "0DEAD001"}}),
        ),
        reserved(FRESH, r.stock(rms=9)),
    ),
    "XL370": (reserved(r.ASKED, r.stock(rms=9)), reserved(r.ASKED, r.stock(rms=9), HELD_REQUEST)),
    "XL371": (
        reserved(r.ASKED, held=m.HeldState(requested=(m.Requested(NUMBER, NOW),)), by_person=True),
        reserved(r.ASKED, held=HELD_REQUEST, by_person=True),
    ),
    "XL374": (
        reserved(r.READY, r.stock(rms=9, instances=[m.Instance("x", serial=NUMBER)])),
        reserved(r.READY, LEFT),
    ),
    "XL375": (reserved(FRESH, r.stock(rms=4)), reserved(FRESH, r.stock(rms=5))),
    "XL376": (
        reserved(r.ASKED, r.stock(rms=9), authorized(4)),
        reserved(r.ASKED, r.stock(rms=9), authorized(5)),
    ),
    "XL377": (
        reserved(r.ASKED, r.stock(rms=9), authorized(None)),
        reserved(r.ASKED, r.stock(rms=9), authorized(5)),
    ),
    "XL378": (
        reserved(
            r.ASKED, r.stock(rms=9), m.HeldState(codes=(r.code(m.CodeKind.REQUEST, NUMBER, readable=False),))
        ),
        reserved(r.ASKED, r.stock(rms=9), HELD_REQUEST),
    ),
    "XL379": (reserved(r.READY, LEFT, of=r.core(registration=None)), reserved(r.READY, LEFT)),
    "XL380": (
        reserved(r.ASKED, held=handed_out("account.reserve:x:1"), by_person=True),
        reserved(r.ASKED, held=handed_out(), by_person=True),
    ),
    "XL330": (many(4), many(3)),
    "XL331": (
        planned(
            EDGE, *all_of(EDGE, licence=FRESH), policy=m.Policy(pool_left_at_least=(("emea", "rms", 101),))
        ),
        planned(
            EDGE, *all_of(EDGE, licence=FRESH), policy=m.Policy(pool_left_at_least=(("emea", "rms", 100),))
        ),
    ),
    "XL333": (
        planned(EDGE, *all_of(EDGE, licence=FRESH), pools=(pool(exists=False),)),
        planned(EDGE, *all_of(EDGE, licence=FRESH), pools=(pool(exists=m.UNKNOWN),)),
    ),
    "XL334": (linted(token(31)), linted(token(30))),
    "XL340": (instances(LISTED, m.Instance("y", "0DEAD001"), serials=("0DEAD001",)), instances(LISTED)),
    "XL341": (instances(), instances(LISTED)),
}


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_rule_fires_where_it_should_and_its_card_says_when_it_looks(rule: str) -> None:
    assert rule in rules(CASES[rule][0]())
    known = card(rule)
    assert known is not None
    assert known.phase in PHASES


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_rule_says_the_same_in_the_middle_of_a_fleet(rule: str) -> None:
    alone = {said for said in CASES[rule][0]() if said.startswith(rule)}
    assert alone <= CASES[rule][0](among=True)


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_rule_is_silent_where_it_should_be(rule: str) -> None:
    assert rule not in rules(CASES[rule][1]())


def test_every_rule_has_a_case() -> None:
    assert sorted(CASES) == [known.id for known in RULES]


# The cards.


def test_ids_are_unique_and_have_one_form() -> None:
    ids = [known.id for known in RULES]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"XL\d{3}", item) for item in ids)


@pytest.mark.parametrize("known", RULES, ids=lambda known: known.id)
def test_a_card_is_whole(known: m.RuleCard) -> None:
    assert all(re.fullmatch(r"S([1-9]|[1-9]\d|10[0-7])|A([1-9]|1\d|20)", row) for row in known.rows)
    assert all(
        text.endswith(".") for text in (known.sentence, known.reason, known.remedy) if "ID" not in text
    )
    assert known.source
    assert known.phase in PHASES


def test_an_id_that_names_a_row_of_the_source_answers_that_row() -> None:
    for known in RULES:
        number = int(known.id[2:])
        if number <= 107:
            assert known.rows[0] == f"S{number}" or known.id == "XL099"


def test_the_rows_that_token_licensing_needs_have_a_rule() -> None:
    rows = {row for known in RULES for row in known.rows}
    needed = {3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37}
    assert rows >= {f"S{number}" for number in needed | {39, 40, 41, 42, 44, 86, 97, 98, 101}}
    assert rows >= {"A1", "A2", "A4", "A5", "A6", "A15", "A16"}


def test_a_card_is_found_by_its_id_in_any_case() -> None:
    assert card("xl011") is card("XL011") is not None
    assert card("XL000") is None
