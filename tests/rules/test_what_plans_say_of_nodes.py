"""What the rules say of nodes that were read: where, how gravely, and with which numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler import model as m
from tests.planning.fleet import (
    PROXY,
    RESERVATION,
    TOKEN,
    Status,
    all_of,
    cluster,
    evaluating,
    licence,
    observed,
)

from .situations import (
    EDGE,
    FRESH,
    OFF,
    ONE,
    SATELLITE,
    clocks,
    of_all,
    of_one,
)

N1 = "cluster/ams-edge/node/n1"


def runs(text: str) -> m.Software:
    return m.Software(text, "expressway", False)


# Software.


@pytest.mark.parametrize(
    ("rule", "text", "said"),
    [
        (
            "XL003",
            "X12.5.9",
            f"hard {N1}: X12.5.9 has no Smart Licensing; X12.6 is the first release with it.",
        ),
        ("XL003", "X12.6", None),
        ("XL308", "X13.0", f"guard {N1}: X13.0 is not one of the known trains, X12.6 to X15.x."),
        ("XL308", "X14.4", f"guard {N1}: X14.4 is not one of the known trains, X12.6 to X15.x."),
        ("XL308", "X12.8", f"guard {N1}: X12.8 is not one of the known trains, X12.6 to X15.x."),
        ("XL308", "X12.5", None),
        ("XL308", "X12.6", None),
        ("XL308", "X12.7.1", None),
        ("XL308", "X14.0", None),
        ("XL308", "X14.1", None),
        ("XL308", "X14.2.5", None),
        ("XL308", "X14.3", None),
        ("XL308", "X15.99", None),
    ],
)
def test_a_release_that_was_read_is_judged_at_both_sides_of_each_bound(
    rule: str, text: str, said: str | None
) -> None:
    assert of_one(rule, software=runs(text)) == ([said] if said else [])


STARTS = "An upgrade of X12.6 to X14.1 or later starts the 90 days of evaluation of"


@pytest.mark.parametrize(
    ("rule", "text", "block", "said"),
    [
        (
            "XL004",
            "X14.1",
            OFF,
            f"warning {N1}: Smart Licensing is off on X14.1, where there is nothing else.",
        ),
        ("XL004", "X14.0.99", OFF, None),
        ("XL004", "X14.1", m.UNKNOWN, None),
        ("XL004", "X14.1", m.Licence(), None),
        (
            "XL005",
            "X12.6",
            OFF,
            f"info {N1}: {STARTS} this node.",
        ),
        ("XL005", "X12.6", m.UNKNOWN, None),
        ("XL005", "X12.6", FRESH, None),
        ("XL005", "unreadable", OFF, None),
    ],
)
def test_licensing_that_is_off_is_told_by_what_the_release_means(
    rule: str, text: str, block: Any, said: str | None
) -> None:
    assert of_one(rule, software=runs(text), licence=block) == ([said] if said else [])


def test_the_releases_without_the_new_root_are_named_in_order_and_those_with_it_are_not() -> None:
    of = cluster(count=3)
    nodes = [
        observed(of, f"n{at}", licence=FRESH, software=runs(text))
        for at, text in enumerate(("X14.2.4", "X14.2.5", "X14.0.10"), 1)
    ]
    (text,) = of_all("XL011", of, *nodes)
    assert text.startswith("guard cluster/ams-edge: X14.0.10 and X14.2.4 cannot register directly")
    assert text.endswith("[register reregister set_transport set_proxy enable_smart]")
    retired = cluster(count=3, nodes={name: {"state": m.State.RETIRED} for name in ("n1", "n3")})
    assert of_all("XL011", retired, *nodes) == []


def test_peers_of_different_releases_and_images_are_named_in_order() -> None:
    nodes = [
        observed(EDGE, software=m.Software("X14.3.2", "expressway", True)),
        observed(EDGE, "n2", software=m.Software("X14.3.1", "expressway", False)),
    ]
    assert of_all("XL307", EDGE, *nodes) == ["warning cluster/ams-edge: The peers run X14.3.1 and X14.3.2."]
    assert of_all("XL216", EDGE, *nodes) == [
        "warning cluster/ams-edge: Some peers run Expressway and some Expressway Select."
    ]
    silent = replace(nodes[1], software=m.UNKNOWN)
    assert of_all("XL307", EDGE, nodes[0], silent) == of_all("XL216", EDGE, nodes[0], silent) == []
    halved = replace(nodes[1], software=m.Software("X14.3.2", "expressway", m.UNKNOWN))
    assert of_all("XL216", EDGE, nodes[0], halved) == []


@pytest.mark.parametrize(
    ("version", "wants", "said"),
    [
        ("X14.1.9", RESERVATION, f"hard {N1}: X14.1.9 knows tokens only; reservations need X14.2 or later."),
        ("X14.2", RESERVATION, None),
        ("X14.1.9", TOKEN, None),
        ("unreadable", RESERVATION, None),
    ],
)
def test_a_reservation_on_a_release_that_was_read(
    version: str, wants: m.Registration, said: str | None
) -> None:
    of = cluster(count=1, registration=wants, nodes={"n1": {"reserve": (m.Reserve("rms", 5),)}})
    kinds = "[deregister enable_reservation request_reservation reserve rehost]"
    assert of_one("XL006", of, software=runs(version)) == ([f"{said} {kinds}"] if said else [])


# Clusters and alarms.


@pytest.mark.parametrize(
    ("peers", "said"),
    [
        (("ams-edge-n1", "ams-edge-n2", "x", "y"), "n1 names x and y, which the YAML does not."),
        (
            ("ams-edge-n1", "x.example.com"),
            "n1 names x.example.com, which the YAML does not and does not name n2 as a peer.",
        ),
        (("ams-edge-n1",), "n1 does not name n2 as a peer."),
        (("AMS-EDGE-N1.EXAMPLE.COM", "N2"), None),
        (("fe80::1", "2001:db8::2"), None),
    ],
)
def test_what_the_peers_and_the_yaml_say_differently_is_named(
    peers: tuple[str, ...], said: str | None
) -> None:
    nodes = observed(EDGE, peers=peers), observed(EDGE, "n2", peers=m.UNKNOWN)
    assert of_all("XL306", EDGE, *nodes) == ([f"warning cluster/ams-edge: {said}"] if said else [])


def test_the_first_peer_that_differs_speaks_for_the_cluster() -> None:
    nodes = observed(EDGE, peers=("ams-edge-n1", "ams-edge-n2")), observed(EDGE, "n2", peers=("x", "y", "z"))
    (text,) = of_all("XL306", EDGE, *nodes)
    assert text.startswith("warning cluster/ams-edge: n2 names x, y and z")


def test_a_node_that_stands_alone_has_no_peers() -> None:
    of = cluster(nodes={"n2": {"state": m.State.RETIRED}})
    assert of_all("XL306", of, *all_of(of, peers=())) == []
    assert of_all("XL306", EDGE, *all_of(EDGE, peers=())) != []


NOT_OF_A_CLUSTER = {20005, 20010, 20013, 20018, 20019, 20022, 20023}


@pytest.mark.parametrize("number", range(20002, 20028))
def test_an_alarm_is_one_of_the_cluster_or_told_as_another(number: int) -> None:
    alarms = (m.Alarm(str(number), "its text"),)
    of_cluster = 20003 <= number <= 20026 and number not in NOT_OF_A_CLUSTER
    refused = f"guard cluster/ams-edge: The cluster raises {number} its text."
    other = f"warning {N1}: Alarm {number} is raised: its text."
    assert of_one("XL310", alarms=alarms) == [refused] * of_cluster
    assert of_one("XL312", alarms=alarms) == [other] * (not of_cluster)


def test_the_alarms_of_all_peers_are_named_once_and_in_order() -> None:
    first = m.Alarm("20024", "b"), m.Alarm("20003"), m.Alarm("40049", "x")
    nodes = observed(EDGE, licence=FRESH, alarms=first), observed(EDGE, "n2", alarms=first[:1])
    assert of_all("XL310", EDGE, *nodes) == ["guard cluster/ams-edge: The cluster raises 20003 and 20024 b."]


def test_alarms_that_are_ignored_are_told_nowhere() -> None:
    alarms = (m.Alarm("30042"), m.Alarm("10005"))
    ignoring = m.Policy(alarms_ignore=("30042", "10005"))
    node = observed(ONE, licence=FRESH, alarms=alarms)
    for rule, said in (
        ("XL311", f"info {N1}: Alarm 30042 is raised: the node cannot reach CSSM or On-Prem;"),
        ("XL312", f"warning {N1}: Alarm 10005 is raised: no text."),
    ):
        (text,) = of_all(rule, ONE, node)
        assert text.startswith(said)
        assert of_all(rule, ONE, node, policy=ignoring) == []


# Transport and registrations.


def test_a_transport_that_is_not_known_stops_registering_only() -> None:
    said = f"guard {N1}: The node does not show its transport. [register reregister]"
    for smart in (m.UNKNOWN, m.SmartConfig(privacy="hostname")):
        assert of_one("XL022", smart=smart) == [said]
    assert of_one("XL022", licence=licence(), smart=m.UNKNOWN) == []
    assert of_one("XL022", smart=SATELLITE) == []
    nodes = (
        observed(EDGE, licence=FRESH, smart=SATELLITE),
        observed(EDGE, "n2", licence=FRESH, smart=m.UNKNOWN),
    )
    assert of_all("XL022", EDGE, *nodes) == []


def test_a_url_that_is_missing_is_told_and_that_of_the_account_is_enough() -> None:
    of = cluster(count=1, transport=m.Transport(m.TransportMode.ON_PREM))
    (text,) = of_one("XL024", of, smart=SATELLITE)
    assert text.startswith("hard cluster/ams-edge: No URL is not the address of an On-Prem's transport. [")
    assert of_one("XL024", replace(of, account="plant"), smart=SATELLITE) == []


@pytest.mark.parametrize(
    ("of", "fields", "refused"),
    [
        (ONE, {"dns": ()}, True),
        (ONE, {"dns": ("192.0.2.1",)}, False),
        (ONE, {"dns": (), "licence": licence(virtual_account="Expressway EMEA")}, False),
        (cluster(count=1, transport=PROXY), {"dns": ()}, False),
        (cluster(count=1, transport=None), {"dns": ()}, False),
    ],
)
def test_a_node_that_registers_directly_needs_names(
    of: m.ClusterDesired, fields: dict[str, Any], refused: bool
) -> None:
    said = f"guard {N1}: The node has no DNS server. [register reregister]"
    assert of_one("XL215", of, **fields) == [said] * refused


def test_a_switch_says_how_many_nodes_lose_their_registration() -> None:
    for of, nodes in ((ONE, "one node"), (EDGE, "2 nodes")):
        found = of_all("XL201", of, *all_of(of, smart=SATELLITE), held=clocks(80, of))
        assert found == [
            (
                f"info cluster/ams-edge: The switch takes the registration of {nodes} away"
                " until it is registered again; evaluation time runs meanwhile."
            )
        ]
    assert of_all("XL201", ONE, observed(ONE, licence=FRESH, smart=SATELLITE)) == []


def test_a_switch_without_a_way_back_stops_what_belongs_to_it() -> None:
    of = cluster(registration=None)
    nodes = observed(of, smart=SATELLITE), observed(of, "n2", smart=SATELLITE, licence=FRESH)
    assert of_all("XL316", of, *nodes) == [
        (
            "hard cluster/ams-edge: The cluster is registered, and the YAML does not say how it would be"
            " registered again. [set_transport deregister set_url]"
        )
    ]
    assert of_all("XL316", of, *all_of(of, smart=SATELLITE, licence=FRESH)) == []
    for way_back in (TOKEN, RESERVATION):
        managed = cluster(registration=way_back)
        assert of_all("XL316", managed, *all_of(managed, smart=SATELLITE)) == []
    assert of_all("XL316", of, *all_of(of)) == []


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (("r", "u", "r"), "2 of 3 peers are registered; n2 not."),
        (("u", "r", "u"), "1 of 3 peers are registered; n1 and n3 not."),
        (("r", "u", "?"), "Some peers are registered; n2 not."),
        (("r", "o", "?"), "Some peers are registered; n2 not."),
        (("u", "u", "?"), None),
        (("r", "r", "?"), None),
        (("u", "u", "u"), None),
    ],
)
def test_a_half_registered_cluster_is_counted(states: tuple[str, ...], said: str | None) -> None:
    of = cluster(count=3)
    blocks = {"r": licence(), "u": FRESH, "o": OFF, "?": m.UNKNOWN}
    nodes = [observed(of, f"n{at}", licence=blocks[state]) for at, state in enumerate(states, 1)]
    assert of_all("XL032", of, *nodes) == ([f"warning cluster/ams-edge: {said}"] if said else [])


@pytest.mark.parametrize(
    ("status", "failure", "rule", "said"),
    [
        (Status.FAILED, None, "XL204", f"warning {N1}: The last registration failed."),
        (Status.FAILED, "no route", "XL204", f"warning {N1}: The last registration failed: no route"),
        (Status.PENDING, None, "XL320", f"info {N1}: Registration in progress."),
        (Status.PENDING, "no route", "XL320", f"info {N1}: Registration in progress: no route"),
    ],
)
def test_a_registration_on_its_way_says_what_the_node_says(
    status: m.RegistrationStatus, failure: str | None, rule: str, said: str
) -> None:
    block = evaluating(registration=status, failure=failure)
    assert of_one(rule, licence=block) == [said]
    assert of_one(rule, cluster(count=1, registration=None), licence=block) == []
    assert of_one(rule, cluster(count=1, state=m.State.RETIRED), licence=block) == []


def test_a_node_that_moves_stays_licensed_whatever_a_peer_does() -> None:
    of = cluster(nodes={"n2": {"state": m.State.RETIRED}})
    moving = all_of(of, licence=licence(virtual_account="Old"))
    assert of_all("XL206", of, *moving, held=clocks(80, of)) == [
        f"info {N1}: The node moves from Old to Expressway EMEA and is licensed all the time."
    ]


def test_a_registered_node_that_names_no_account_is_told() -> None:
    said = f"warning {N1}: The node is registered and does not say to which virtual account."
    for name in (None, m.UNKNOWN):
        assert of_one("XL318", licence=licence(virtual_account=name)) == [said]
    assert of_one("XL318", cluster(count=1, registration=None), licence=licence(virtual_account=None)) == []
    assert of_one("XL318") == of_one("XL318", licence=licence()) == []
