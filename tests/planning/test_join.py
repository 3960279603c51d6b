"""Product instances of an account, and what is worth saying about them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler import model as m
from tests.planning.fleet import (
    NOW,
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

ONE = cluster(count=1)
NODE = ONE.nodes[0]
SERIAL = NODE.serial or ""
OTHERS = tuple(
    m.Instance(f"cucm-{number}", f"SN{number}", product_type="CTSPMP", host_name=f"cucm-{number}")
    for number in range(50)
)


def codes(
    *instances: m.Instance, held: m.HeldState | None = None, block: m.Licence | None = None
) -> set[str]:
    world = seen(observed(ONE, licence=block or licence()), accounts=[pool(instances=instances)])
    return {finding.code for finding in plan(desired(ONE), world, held).findings}


@pytest.mark.parametrize(
    ("instance", "block"),
    [
        (m.Instance("x", SERIAL.lower(), product_type="EXPY"), licence()),
        (m.Instance("x", "0A0A", product_type="EXPY"), licence(udi="PID:EXPY,SN:0a0a")),
        (m.Instance("x", uuid="U-1"), licence(udi="P:EXPY,S:0,U:u-1")),
        (m.Instance("AMS-EDGE-N1", product_type="EXPY"), licence(hostname_hidden=False)),
        (m.Instance("x", host_name="ams-edge-n1.example.com"), licence(hostname_hidden=False)),
    ],
)
def test_a_node_is_found_by_udi_serial_or_shared_host_name(instance: m.Instance, block: m.Licence) -> None:
    assert codes(*OTHERS, instance, block=block) == set()


def test_a_hidden_host_name_is_never_matched() -> None:
    assert codes(m.Instance("ams-edge-n1", product_type="EXPY")) == {"XL341"}


def test_a_host_name_of_another_product_is_not_ours() -> None:
    other = m.Instance("ams-edge-n1", product_type="CTSPMP")
    assert codes(other, block=licence(hostname_hidden=False)) == {"XL341"}


def test_an_account_full_of_other_products_makes_no_ghost() -> None:
    assert codes(*OTHERS, m.Instance("x", SERIAL)) == set()


def test_a_serial_that_the_journal_knows_and_the_yaml_does_not_is_a_ghost_and_never_an_action() -> None:
    gone = m.Instance("old", "0DEAD001", product_type="EXPY")
    held = m.HeldState(known_serials=("0DEAD001", SERIAL))
    world = seen(*all_of(ONE), accounts=[pool(instances=(gone, m.Instance("x", SERIAL), *OTHERS))])
    made = plan(desired(ONE), world, held)
    (finding,) = made.findings
    assert (finding.code, finding.address) == ("XL340", "account/emea/instance/0DEAD001")
    assert made.actions == ()


def test_a_replaced_machine_that_is_still_listed_is_a_ghost() -> None:
    new = cluster(count=1, nodes={"n1": {"replaces": "0DEAD001"}})
    world = seen(
        *all_of(new), accounts=[pool(instances=(m.Instance("x", "0DEAD001"), m.Instance("y", SERIAL)))]
    )
    assert [finding.code for finding in plan(desired(new), world).findings] == ["XL340"]


def test_silence_of_more_than_twelve_hours_is_told() -> None:
    def heard(hours: int) -> m.Instance:
        return m.Instance("x", SERIAL, last_contact=NOW - timedelta(hours=hours))

    assert codes(heard(12)) == set()
    assert codes(heard(13)) == {"XL042"}


def test_an_old_host_name_in_cssm_is_told_where_the_node_shares_it() -> None:
    old = m.Instance("x", SERIAL, host_name="before.example.com")
    assert codes(old, block=licence(hostname_hidden=False)) == {"XL205"}
    assert codes(old) == set()


def test_an_account_without_such_a_call_says_nothing_of_instances() -> None:
    world = seen(*all_of(ONE), accounts=[pool()])
    assert plan(desired(ONE), world, m.HeldState(known_serials=("0DEAD001",))).findings == ()


def test_unregistered_nodes_and_unread_ones_are_not_looked_for() -> None:
    assert "XL341" not in codes(block=evaluating())
    lost = m.NodeObserved(NODE.address, NOW)
    world = seen(lost, accounts=[pool(instances=())])
    assert "XL341" not in {finding.code for finding in plan(desired(ONE), world).findings}


def test_a_node_that_is_registered_elsewhere_is_a_change_and_not_missed_here() -> None:
    assert "XL341" not in codes(*OTHERS, block=licence(virtual_account="Expressway Old"))
    assert "XL341" in codes(*OTHERS, block=licence(virtual_account=m.UNKNOWN))


def test_other_accounts_keep_their_own_instances() -> None:
    fleet = desired(ONE, accounts=[account(), account("other")])
    world = seen(
        *all_of(ONE), accounts=[pool(instances=(m.Instance("x", SERIAL),)), pool("other", instances=OTHERS)]
    )
    assert plan(fleet, world).findings == ()


def found(
    *instances: m.Instance,
    of: m.ClusterDesired = ONE,
    held: m.HeldState | None = None,
    home: m.AccountDesired | None = None,
    **fields: object,
) -> list[str]:
    """What the rules about instances say: ``XL205 cluster/…: text``."""
    world = seen(observed(of, **fields), accounts=[pool(instances=instances)])
    made = plan(desired(of, accounts=[home or account()]), world, held)
    rules = ("XL042", "XL205", "XL340", "XL341")
    return [f"{item.code} {item.address}: {item.message}" for item in made.findings if item.code in rules]


MISSING = f"XL341 {NODE.address}: The node is registered and is not among the product instances of emea."


@pytest.mark.parametrize(
    ("instance", "fields"),
    [
        (m.Instance("x", "0a0a"), {"serial": m.UNKNOWN, "licence": licence(udi="P:EXPY,S:0A0A")}),
        (m.Instance("x", uuid="u-1"), {"licence": licence(udi="PID:EXPY,SN:0,UUID:U-1")}),
        (m.Instance("x", uuid="U-1"), {"licence": licence(udi="PID:EXPY,SN:0,uuid: u-1")}),
        (m.Instance("x", SERIAL.lower()), {"serial": SERIAL}),
        (m.Instance("x", SERIAL), {"serial": SERIAL.lower()}),
        (m.Instance("x", SERIAL), {"serial": m.UNKNOWN}),
        (m.Instance("AMS-EDGE-N1"), {"licence": licence(hostname_hidden=False)}),
        (
            m.Instance("x", product_type="vcs expy", host_name="ams-edge-n1"),
            {"licence": licence(hostname_hidden=False)},
        ),
        (
            m.Instance("x", host_name="Ams-Edge-N1.example.com"),
            {"licence": licence(hostname_hidden=False), "hostname": m.UNKNOWN},
        ),
        (m.Instance("other-name"), {"licence": licence(hostname_hidden=False), "hostname": "OTHER-name"}),
    ],
)
def test_capitals_never_keep_a_node_from_its_instance(
    instance: m.Instance, fields: dict[str, object]
) -> None:
    assert found(*OTHERS, instance, **fields) == []


@pytest.mark.parametrize(
    ("instance", "fields"),
    [
        (m.Instance("x", SERIAL), {"serial": "0DEAD001"}),
        (m.Instance("x", "EXPY"), {"licence": licence(udi="P:EXPY,S:0A0A")}),
        (m.Instance("ams-edge-n1"), {"licence": licence(hostname_hidden=m.UNKNOWN)}),
        (m.Instance("ams-edge-n1"), {}),
    ],
)
def test_another_serial_a_product_or_a_hidden_name_is_not_this_node(
    instance: m.Instance, fields: dict[str, object]
) -> None:
    assert found(instance, **fields) == [MISSING]


def test_a_node_without_any_serial_is_missed_and_not_mistaken() -> None:
    of = cluster(count=1, nodes={"n1": {"serial": None}})
    assert found(m.Instance("x"), of=of, serial=m.UNKNOWN) == [MISSING]


def test_only_nodes_that_register_by_token_are_looked_for() -> None:
    assert found(of=cluster(count=1, registration=None)) == []


@pytest.mark.parametrize(
    ("fields", "elsewhere"),
    [
        ({"licence": licence(smart_account="other.example.com")}, True),
        ({"licence": licence(virtual_account="Old")}, True),
        ({"smart": m.SmartConfig("satellite", None, "hostname")}, True),
        ({"smart": m.SmartConfig("direct", None, "none")}, False),
    ],
)
def test_a_node_that_is_with_another_account_or_manager_is_not_missed(
    fields: dict[str, object], elsewhere: bool
) -> None:
    home = account(smart_account="example.com")
    assert found(home=home, **fields) == [] if elsewhere else [MISSING]
    silent = m.Instance("x", SERIAL, last_contact=NOW - timedelta(hours=20))
    heard = f"XL042 {NODE.address}: CSSM has not heard of the node for 20 hours."
    assert found(silent, home=home, **fields) == [heard]


def test_a_node_that_is_elsewhere_keeps_none_of_its_peers_from_being_missed() -> None:
    edge = cluster()
    away = observed(edge, licence=licence(virtual_account="Old"))
    world = seen(away, observed(edge, "n2"), accounts=[pool(instances=())])
    said = [item.address.name for item in plan(desired(edge), world).findings if item.code == "XL341"]
    assert said == ["n2"]


@pytest.mark.parametrize(
    ("shown", "now", "old"),
    [
        ("before", "ams-edge-n1", True),
        ("AMS-EDGE-N1", "ams-edge-n1", False),
        ("ams-edge-n1", "AMS-EDGE-N1", False),
        ("ams-edge-n1.example.com", "AMS-edge-n1", False),
        ("ams-edge-n1", "ams-edge-n1.example.com", False),
        ("ams-edge-n10", "ams-edge-n1", True),
        ("ams-edge-n1", "ams-edge-n10", True),
        ("before", m.UNKNOWN, False),
        (None, "ams-edge-n1", False),
    ],
)
def test_a_host_name_is_the_same_with_and_without_its_domain(shown: str, now: str, old: bool) -> None:
    said = found(
        m.Instance("x", SERIAL, host_name=shown), licence=licence(hostname_hidden=False), hostname=now
    )
    assert said == [f"XL205 {NODE.address}: CSSM shows {shown}, and the node is {now}."] * old


def test_ghosts_are_told_in_order_by_whatever_serial_is_known() -> None:
    gone = [m.Instance(f"old-{number}", f"0dead00{number}") for number in (3, 1, 2)]
    held = m.HeldState(known_serials=("0DEAD003", "0DEAD001", "0DEAD009", SERIAL.lower()))
    of = cluster(count=1, nodes={"n1": {"replaces": "0dead002"}})
    assert found(*gone, m.Instance("x", SERIAL), of=of, held=held) == [
        f"XL340 account/emea/instance/0dead00{number}: account/emea lists old-{number},"
        f" serial 0dead00{number}, which is no node here any more."
        for number in (1, 2, 3)
    ]


def test_a_serial_that_a_node_prints_is_ours_whatever_the_yaml_says() -> None:
    shown = m.Instance("x", "0A0A")
    assert found(shown, held=m.HeldState(known_serials=("0a0a",)), serial="0a0a") == []
