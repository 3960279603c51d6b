"""What the rules say of a configuration alone: where, how gravely, and with which numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import model as m
from reconciler.rules import Verdicts, lint
from tests.planning import reserved as r
from tests.planning.fleet import ON_PREM, PROXY, RESERVATION, TOKEN, account, cluster, desired

from .situations import PLANT, linted, rules, token, told

BY_CALL = account("plant", manager=m.Manager(m.ManagerKind.ON_PREM, "on-prem"))


def said(
    *of: m.ClusterDesired,
    accounts: tuple[m.AccountDesired, ...] = (account(),),
    entitlements: tuple[m.Entitlement, ...] = (),
) -> Verdicts:
    return lint(desired(*of, accounts=accounts, entitlements=entitlements))


RESERVES = r.core(registration=RESERVATION)


@pytest.mark.parametrize(
    ("days", "refused", "advised"),
    [
        (0, True, False),
        (1, False, False),
        (30, False, False),
        (31, False, True),
        (365, False, True),
        (366, True, False),
    ],
)
def test_a_token_lives_for_1_to_365_days_and_30_are_enough(days: int, refused: bool, advised: bool) -> None:
    found = said(token(days))
    sentence = f"hard cluster/ams-edge: expires_after_days is {days}. [register reregister]"
    assert told(found, "XL034") == [sentence] * refused
    assert len(told(found, "XL334")) == advised


def test_days_of_a_token_count_only_where_tokens_are_made() -> None:
    standing = m.TokenPolicy(400, value=m.SecretRef("env", "T"))
    given = cluster(registration=replace(TOKEN, token=standing))
    by_code = cluster(registration=replace(RESERVATION, token=m.TokenPolicy(400)))
    assert not rules(linted(given, by_code)()) & {"XL034", "XL334"}


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        ((("prod", TOKEN), ("test", TOKEN)), ["prod and test"]),
        ((("test", TOKEN), ("prod", TOKEN), ("lab", TOKEN)), ["lab, prod and test"]),
        ((("prod", TOKEN), ("prod", TOKEN)), []),
        ((("prod", TOKEN), ("test", RESERVATION)), []),
        ((("prod", TOKEN), (None, TOKEN)), []),
    ],
)
def test_environments_that_share_an_account_are_named_in_order(
    labels: tuple[tuple[str | None, m.Registration], ...], found: list[str]
) -> None:
    of = [
        cluster(f"c{number}", registration=how, labels=(("env", env),) if env else ())
        for number, (env, how) in enumerate(labels)
    ]
    texts = [
        f"warning account/emea: Clusters of the environments {names} share Expressway EMEA."
        for names in found
    ]
    assert told(said(*of), "XL031") == texts


@pytest.mark.parametrize(
    ("version", "rule", "speaks"),
    [
        ("X12.5.9", "XL003", True),
        ("X12.6", "XL003", False),
        ("X12.5.9", "XL005", False),
        ("X12.6", "XL005", True),
        ("X14.0.99", "XL005", True),
        ("X14.1", "XL005", False),
        ("X14.1.9", "XL006", True),
        ("X14.2", "XL006", False),
    ],
)
def test_a_stated_release_is_judged_at_both_sides_of_each_bound(
    version: str, rule: str, speaks: bool
) -> None:
    of = cluster(version=version, registration=RESERVATION if rule == "XL006" else TOKEN)
    assert bool(told(said(of), rule)) is speaks


def test_the_clock_of_one_node_and_of_several_is_told() -> None:
    start = "An upgrade of X14.0 to X14.1 or later starts the 90 days of evaluation of"
    one, two = cluster("one", count=1, version="X14.0"), cluster("two", version="X14.0")
    assert told(said(one, two), "XL005") == [
        f"info cluster/one: {start} this node.",
        f"info cluster/two: {start} each of 2 nodes.",
    ]


def test_reservations_and_tokens_of_one_account_are_told_once_and_an_on_prem_apart() -> None:
    mixed = (RESERVES, cluster("b"))
    both = (
        "Expressway EMEA gives licences by token and by reservation; CSSM then shows wrong free quantities."
    )
    assert told(said(*mixed), "XL051") == [f"warning account/emea: {both}"]
    twin = replace(BY_CALL, virtual_account="Expressway EMEA")
    used = "Expressway EMEA is used for reservations, and an On-Prem is named for it too."
    assert told(said(RESERVES, accounts=(account(), twin)), "XL051") == [f"warning account/emea: {used}"]
    assert told(said(cluster("b"), accounts=(account(), twin)), "XL051") == []
    elsewhere = replace(twin, smart_account="other.example.com")
    assert told(said(RESERVES, accounts=(account(), elsewhere)), "XL051") == []


@pytest.mark.parametrize(
    ("of", "home", "refused"),
    [
        (replace(RESERVES, account="plant"), BY_CALL, True),
        (replace(RESERVES, account="plant"), PLANT, False),
        (cluster(account="plant"), BY_CALL, False),
        (replace(RESERVES, account="nobody"), BY_CALL, False),
    ],
)
def test_an_on_prem_account_takes_no_reservation(
    of: m.ClusterDesired, home: m.AccountDesired, refused: bool
) -> None:
    text = f"hard {of.address}: Account plant is on an On-Prem, which knows no reservations."
    assert told(said(of, accounts=(home,)), "XL046") == [text] * refused


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ((9, 1), "n1 reserves 9 of the 10 rms of the cluster."),
        ((1, 9), "n2 reserves 9 of the 10 rms of the cluster."),
        ((8, 1), None),
        ((5,), None),
        ((9, 1, 90), "n3 reserves 90 of the 100 rms of the cluster."),
    ],
)
def test_a_peer_with_nine_tenths_of_a_licence_is_told(counts: tuple[int, ...], text: str | None) -> None:
    nodes = {f"n{at}": {"reserve": r.reserve(rms=count)} for at, count in enumerate(counts, 1)}
    of = r.core(len(counts), nodes=nodes)
    assert told(said(of), "XL058") == ([f"warning cluster/ams-core: {text}"] if text else [])


def test_each_licence_of_a_cluster_is_judged_apart_and_in_order() -> None:
    one = (*r.reserve(rms=10, desktop=0), m.Reserve("desktop", 10, "14"))
    two = r.reserve(rms=1, desktop=0, room=3)
    found = told(said(r.core(2, nodes={"n1": {"reserve": one}, "n2": {"reserve": two}})), "XL058")
    assert found == [
        "warning cluster/ams-core: n1 reserves 10 of the 10 desktop of the cluster.",
        "warning cluster/ams-core: n1 reserves 10 of the 11 rms of the cluster.",
        "warning cluster/ams-core: n2 reserves 3 of the 3 room of the cluster.",
    ]


def test_a_node_that_reserves_nothing_is_told_and_one_that_says_nothing_or_leaves_is_not() -> None:
    nothing = {"reserve": r.reserve(rms=0, desktop=0)}
    text = "warning cluster/ams-core/node/n1: The node reserves nothing: every quantity is 0."
    assert told(said(r.core(nodes={"n1": nothing})), "XL058") == [text]
    assert told(said(r.core(nodes={"n1": {"reserve": ()}})), "XL058") == []
    assert told(said(r.core(nodes={"n1": {"reserve": r.reserve(rms=0, desktop=1)}})), "XL058") == []
    assert told(said(r.core(nodes={"n1": {**nothing, "state": m.State.RETIRED}})), "XL058") == []
    assert told(said(r.core(registration=TOKEN, nodes={"n1": nothing})), "XL058") == []


SECURITY = (m.Entitlement("aas", "Expressway Advanced Account Security Entitlement"),)


@pytest.mark.parametrize(
    ("quantity", "fields", "speaks"),
    [
        (0, {}, True),
        (1, {}, False),
        (0, {"registration": TOKEN}, False),
        (0, {"state": m.State.RETIRED}, False),
    ],
)
def test_export_control_of_quantity_0_is_told(quantity: int, fields: dict[str, object], speaks: bool) -> None:
    of = r.core(nodes={"n1": {"reserve": r.reserve(rms=0, aas=quantity)}}, **fields)
    text = "The node reserves 0 aas: it has no export-controlled functions."
    found = told(said(of, entitlements=SECURITY), "XL213")
    assert found == [f"warning cluster/ams-core/node/n1: {text}"] * speaks


@pytest.mark.parametrize(
    ("entitlement", "display", "refused"),
    [
        ("plr", "x", True),
        ("PLR", "x", True),
        ("all", "Expressway PLR", True),
        ("Plr", "Everything", True),
        ("all", "Expressway PLRX", False),
        ("rms", "x", False),
    ],
)
def test_a_permanent_reservation_is_refused_by_either_name(
    entitlement: str, display: str, refused: bool
) -> None:
    of = r.core(nodes={"n1": {"reserve": (m.Reserve("rms", 1), m.Reserve(entitlement, 1))}})
    found = said(of, entitlements=(m.Entitlement(entitlement, display),))
    text = "hard cluster/ams-core/node/n1: A permanent licence reservation (PLR) is asked for."
    assert told(found, "XL012") == [text] * refused


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("proxy.example.com", 1, None),
        ("proxy.example.com", 65_535, None),
        ("proxy.example.com", 65_536, "The proxy port 65536 is not one."),
        ("proxy.example.com", 0, "The proxy port 0 is not one."),
        ("a" * 253, 80, None),
        ("a" * 254, 80, f"The proxy address '{'a' * 254}' is neither an IPv4 address nor a host name."),
        ("a_b", 80, "The proxy address 'a_b' is neither an IPv4 address nor a host name."),
        (None, 80, "The proxy address None is neither an IPv4 address nor a host name."),
    ],
)
def test_a_proxy_is_judged_at_both_sides_of_each_bound(
    host: str | None, port: int | None, text: str | None
) -> None:
    of = cluster(transport=replace(PROXY, proxy_host=host, proxy_port=port))
    ends = "[set_proxy register reregister]"
    assert told(said(of), "XL025") == ([f"hard cluster/ams-edge: {text} {ends}"] if text else [])


@pytest.mark.parametrize("url", ["https://x/y", "http://x/SmartTransport", "https:///SmartTransport"])
def test_a_wrong_url_is_told_of_the_account_and_of_a_cluster_that_has_another(url: str) -> None:
    bad = account("plant", transport_url=url)
    same = cluster("a", account="plant", transport=replace(ON_PREM, url=url))
    other = cluster("b", account="plant", transport=replace(ON_PREM, url=f"{url}?"))
    ends = "is not the address of an On-Prem's transport. [set_url set_transport register reregister]"
    assert told(said(same, other, accounts=(bad,)), "XL024") == [
        f"hard account/plant: {url} {ends}",
        f"hard cluster/b: {url}? {ends}",
    ]


def test_a_right_url_of_a_cluster_of_its_own_is_fine() -> None:
    own = cluster(transport=replace(ON_PREM, url="https://other.example.com:8443/SmartTransport"))
    assert told(said(own, accounts=(account(), PLANT)), "XL024") == []


def test_what_is_left_open_is_told_as_information_where_tokens_are_used() -> None:
    left_open = cluster(privacy=None, registration=replace(TOKEN, export_controlled=None))
    found = said(left_open)
    assert [told(found, rule)[0].split(":")[0] for rule in ("XL026", "XL036")] == [
        "info cluster/ams-edge"
    ] * 2
    by_code = replace(left_open, registration=RESERVATION)
    bare = replace(left_open, registration=None)
    assert not rules(linted(by_code, bare)()) & {"XL026", "XL036"}
    assert not rules(linted(cluster())()) & {"XL026", "XL036"}
