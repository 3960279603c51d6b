"""Rows of product instances: each name under which a value may stand, and what only a positive word says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from providers.cssm import instances
from reconciler.model import UNKNOWN, Instance, ReservedLine

from .conftest import RMS, SERIAL, UDI


@pytest.mark.parametrize(
    ("row", "seen"),
    [
        ({"displayName": "d", "instanceName": "i", "hostName": "h"}, Instance("d", host_name="h")),
        ({"instanceName": "i", "hostName": "h"}, Instance("i", host_name="h")),
        ({"hostName": "h"}, Instance("h", host_name="h")),
        ({"sudi": {"udiSerialNumber": "s", "uuid": "u"}}, Instance("s", serial="s", uuid="u")),
        ({"sudi": [{"uuid": "u", "udiPid": "p"}]}, Instance("u", uuid="u", pid="p")),
        ({"sudi": {"udiPid": "p"}}, None),
        (
            {"displayName": "UDI_PID:EXPY; UDI_SN: S1 ;UDI_UUID:u1; ", "sudi": {"udiPid": "OTHER"}},
            Instance("UDI_PID:EXPY; UDI_SN: S1 ;UDI_UUID:u1;", serial="S1", uuid="u1", pid="OTHER"),
        ),
        (
            {
                "displayName": "d",
                "productTagName": "t",
                "software_tag": "s",
                "productType": "EXPY",
                "status": "x",
            },
            Instance("d", product_tag="t", product_type="EXPY", status="x"),
        ),
        ({"displayName": "d", "software_tag": "s"}, Instance("d", product_tag="s")),
        (
            {"displayName": "d", "lastContactDate": "2026-01-02"},
            Instance("d", last_contact=datetime(2026, 1, 2, tzinfo=UTC)),
        ),
    ],
)
def test_an_instance_is_named_and_keyed_by_what_its_row_says(
    row: dict[str, Any], seen: Instance | None
) -> None:
    assert instances.instance_of(row) == seen


def reserved(**row: Any) -> Any:
    seen = instances.instance_of(
        {"displayName": "x", "licenseUsage": [{"license": RMS, "quantity": 3}]} | row
    )
    assert seen is not None
    return seen.reserved


LINE = {"license": RMS, "quantity": 10}


@pytest.mark.parametrize(
    "key",
    ["reservedLicenses", "reservedLicences", "reservedEntitlements", "reservations", "reserved_licenses",
     "reserved", "isReserved", "is_reserved"],
)  # fmt: skip
def test_what_is_reserved_may_be_listed_under_each_of_these_names(key: str) -> None:
    assert reserved(**{key: [LINE]}) == (ReservedLine(RMS, 10),)


@pytest.mark.parametrize(
    ("row", "marked"),
    [
        ({"is_reserved": "yes"}, True),
        ({"isReserved": "Y"}, True),
        ({"reserved": 2}, True),
        ({"reservationType": "UNIVERSAL"}, True),
        ({"reservation_type": "PLR"}, True),
        ({"registration_type": "reserved"}, True),
        ({"lastContact": "never (Reserved Licenses)"}, True),
        ({"license": "x (reserved)"}, True),
        ({"displayName": "x (RESERVED)"}, True),
        ({"isReserved": False, "is_reserved": True}, True),
        ({"isReserved": False, "reservationType": "SPECIFIC"}, True),
        ({"is_reserved": "n"}, False),
        ({"isReserved": "FALSE"}, False),
        ({"reserved": 0}, False),
        ({"reservationType": "None"}, False),
        ({"registrationType": "ID TOKEN"}, False),
        ({"registrationType": "IDTOKEN"}, False),
        ({"registrationType": "Connected"}, False),
        ({"registrationType": "NOT CONNECTED"}, None),
        ({"reservationType": "VERY SPECIFIC"}, None),
        ({"registrationType": "APLR"}, None),
        ({"isReserved": "maybe"}, None),
        ({"hostName": "x (reserved)"}, None),
    ],
)
def test_a_mark_of_a_reservation_is_a_positive_word(row: dict[str, Any], marked: bool | None) -> None:
    expected: Any = (ReservedLine(RMS, 3),) if marked else UNKNOWN if marked is None else ()
    assert reserved(**row) == expected


@pytest.mark.parametrize("tag", ["entitlementTag", "entitlement_tag", "tag"])
def test_a_line_may_be_named_by_its_tag_alone(tag: str) -> None:
    assert reserved(reservedLicenses=[{tag: "t", "quantity": 1}]) == (ReservedLine("t", 1, "t"),)
    assert reserved(reservedLicenses=[{tag: "t", "name": "n", "quantity": 1}]) == (ReservedLine("n", 1, "t"),)


@pytest.mark.parametrize(
    ("line", "quantity"),
    [
        ({"reservedQuantity": 4, "quantity": 10}, 4),
        ({"reserved": 4, "count": 10}, 4),
        ({"reserved": True, "quantity": 10}, 10),
        ({"quantity": "?", "count": 2}, 2),
    ],
)
def test_of_several_quantities_the_reserved_one_counts(line: dict[str, Any], quantity: int) -> None:
    assert reserved(reservedLicenses=[{"license": RMS} | line]) == (ReservedLine(RMS, quantity),)


@pytest.mark.parametrize(
    ("states", "pending"),
    [
        ((0, 0), (None, None)),
        ((0, 5), (0, 5)),
        (("", None), (None, None)),
    ],
)
def test_nothing_is_in_transit_only_where_no_line_is(
    states: tuple[Any, Any], pending: tuple[Any, Any]
) -> None:
    shown = reserved(reservedLicenses=[LINE | {"pendingQuantity": state} for state in states])
    assert tuple(line.pending for line in shown) == pending


@pytest.mark.parametrize(
    ("word", "pending"),
    [
        ("in transit", UNKNOWN),
        ("Confirm it", UNKNOWN),
        ("pending", UNKNOWN),
        ("Confirmed", None),
        ("ACTIVE", None),
    ],
)
def test_a_word_of_transit_leaves_open_what_is_pending(word: str, pending: Any) -> None:
    (line,) = reserved(reservedLicenses=[LINE], reservationState=word)
    assert line.pending is pending


@pytest.mark.parametrize(
    ("seen", "udi", "unclear"),
    [
        (Instance("x", uuid="u"), None, True),
        (Instance("x", uuid="u"), "P:EXPY,S:1", True),
        (Instance("x", uuid="u", pid="expy"), "P:EXPY,S:1", True),
        (Instance("x", uuid="u", pid="EXPY"), None, True),
        (Instance("x", uuid="u", pid="UCM"), "P:EXPY,S:1", False),
        (Instance("x", uuid="u", pid="UCM"), "S:1", True),
        (Instance("x", uuid="u", serial="s"), None, False),
        (Instance("x", uuid="u"), UDI, False),
        (Instance("x", serial="s"), None, False),
        (Instance("x"), None, False),
    ],
)
def test_an_instance_with_only_a_uuid_may_be_any_device_without_one(
    seen: Instance, udi: str | None, unclear: bool
) -> None:
    assert instances.cannot_tell(seen, udi) is unclear


@pytest.mark.parametrize(
    ("seen", "udi", "serial", "may_be"),
    [
        (Instance("x", serial="s1"), "P:EXPY,S:S1", "OTHER", True),
        (Instance("x", serial="s1"), "P:EXPY", "S1", True),
        (Instance("x", serial="s1"), "S:OTHER", "S1", True),
        (Instance("x", serial="s2"), "S:OTHER", "S1", False),
        (Instance("x", serial="s1", uuid="u-1"), "U:U1", "OTHER", True),
        (Instance("x", serial="s1", uuid="u2"), "S:S1,U:U1", "S1", False),
        (Instance("x", serial="s-1"), None, "S1", True),
        (Instance("x"), "P:EXPY", "S1", False),
        (Instance("x", uuid="u1"), "P:EXPY", "S1", False),
    ],
)
def test_a_device_is_one_by_uuid_else_by_serial(
    seen: Instance, udi: str | None, serial: str, may_be: bool
) -> None:
    assert instances.may_be(seen, udi, serial) is may_be
    assert instances.is_of(seen, udi, serial) is may_be


def test_the_place_of_a_device_is_its_virtual_account_and_domain() -> None:
    row = {"account": {"virtual_account_name": "V", "domain": "example.com"}}
    assert instances.place_of(row) == 'virtual account "V" of example.com'


@pytest.mark.parametrize(
    ("seen", "ours"),
    [
        (Instance("x", pid="EXPY"), True),
        (Instance("x", product_tag="regid.2018-01.com.cisco.Expressway,1"), True),
        (Instance("x", host_name="expressway"), False),
        (Instance("x"), False),
    ],
)
def test_an_expressway_shows_it_in_type_tag_or_pid(seen: Instance, ours: bool) -> None:
    assert instances.is_expressway(seen) is ours


def test_the_key_of_a_device_is_written_as_its_node_prints_it() -> None:
    assert instances.sudi_of("pid:Expy,sn:aB1,uuid:c-D", SERIAL) == {
        "udiPid": "Expy",
        "udiSerialNumber": "aB1",
        "uuid": "c-D",
    }
    full = Instance("x", serial="s", uuid="u", pid="p")
    assert instances.key_of(full) == {"udiPid": "p", "udiSerialNumber": "s", "uuid": "u"}
