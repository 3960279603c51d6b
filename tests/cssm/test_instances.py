"""What a row of CSSM's instance lists says: what is reserved, what is in transit, and whose it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.cssm import instances
from reconciler.model import UNKNOWN, Instance, ReservedLine

from .conftest import DESKTOP, PRODUCT_TAG, RMS, RMS_TAG, SERIAL, UDI

USAGE = [{"license": RMS, "quantity": 10}]


def read(**row: Any) -> Instance:
    found = instances.instance_of({"displayName": "x"} | row)
    assert found is not None
    return found


@pytest.mark.parametrize("key", ["reservedLicenses", "reservedEntitlements", "reservations", "reserved"])
def test_a_list_of_its_own_says_what_is_reserved(key: str) -> None:
    row = {"licenseName": RMS, "entitlementTag": RMS_TAG, "quantity": "10"}
    seen = read(**{key: [row], "licenseUsage": [{"license": DESKTOP, "quantity": 2}]})
    assert seen.reserved == (ReservedLine(RMS, 10, RMS_TAG, UNKNOWN),)
    assert seen.usage == (ReservedLine(DESKTOP, 2, None, None),)


def test_a_single_object_counts_as_a_list_of_one() -> None:
    assert read(reservedLicenses={"tag": RMS_TAG, "count": 3}).reserved == (
        ReservedLine(RMS_TAG, 3, RMS_TAG),
    )


@pytest.mark.parametrize(
    "mark",
    [
        {"reserved": True},
        {"reserved": "true"},
        {"isReserved": 1},
        {"reservationType": "SPECIFIC"},
        {"registrationType": "Specific License Reservation"},
        {"registrationType": "SLR"},
        {"lastContactDate": "2023-Feb-04 20:52:27 (Reserved Licenses)"},
    ],
)
def test_the_licences_of_a_marked_instance_are_reserved(mark: dict[str, Any]) -> None:
    assert read(licenseUsage=USAGE, **mark).reserved == (ReservedLine(RMS, 10),)
    assert read(**mark).reserved is UNKNOWN


def test_single_lines_may_be_marked() -> None:
    marked = {"license": RMS, "quantity": 10, "reserved": 4}
    plain = {"license": DESKTOP, "quantity": 2, "reserved": 0}
    assert read(licenseUsage=[marked, plain]).reserved == (ReservedLine(RMS, 4),)


@pytest.mark.parametrize(
    "mark", [{"reserved": False}, {"reserved": "no"}, {"reserved": []}, {"registrationType": "TOKEN"}]
)
def test_nothing_is_reserved_where_the_answer_says_so(mark: dict[str, Any]) -> None:
    assert read(licenseUsage=USAGE, **mark).reserved == ()


@pytest.mark.parametrize("row", [{}, {"reserved": None}, {"registrationType": "NEW WORD"}, {"reserved": ""}])
def test_usage_alone_is_not_a_reservation(row: dict[str, Any]) -> None:
    seen = read(licenseUsage=USAGE, **row)
    assert seen.reserved is UNKNOWN
    assert seen.usage == (ReservedLine(RMS, 10, None, None),)


def test_half_a_reservation_is_not_read_as_a_smaller_one() -> None:
    assert read(reservedLicenses=[{"license": RMS, "quantity": 1}, {"license": "x"}]).reserved is UNKNOWN


@pytest.mark.parametrize(
    ("line", "state", "pending"),
    [
        ({"pendingQuantity": 12}, {}, 12),
        ({"pendingQuantity": "12"}, {}, 12),
        ({"pendingQuantity": 0}, {}, None),
        ({"pendingQuantity": None}, {}, None),
        ({"pendingQuantity": "many"}, {}, UNKNOWN),
        ({"pendingQuantity": 0}, {"reservationStatus": "IN TRANSIT"}, 0),
        ({}, {"reservationStatus": "PENDING CONFIRMATION"}, UNKNOWN),
        ({}, {"reservationStatus": "CONFIRMED"}, None),
        ({}, {}, UNKNOWN),
    ],
)
def test_an_update_in_transit_is_read_where_the_answer_says_it(
    line: dict[str, Any], state: dict[str, Any], pending: Any
) -> None:
    seen = read(reservedLicenses=[{"license": RMS, "quantity": 10} | line], **state)
    assert seen.reserved == (ReservedLine(RMS, 10, None, pending),)


def test_a_line_that_shrinks_to_nothing_is_pending_beside_one_that_moves() -> None:
    rows = [
        {"license": RMS, "quantity": 10, "pendingQuantity": 12},
        {"license": DESKTOP, "quantity": 3, "pendingQuantity": 0},
    ]
    seen = read(reservedLicenses=rows)
    assert seen.reserved is not UNKNOWN
    assert [line.pending for line in seen.reserved] == [12, 0]


def test_the_device_key_keeps_the_capitals_of_its_source() -> None:
    assert instances.sudi_of(UDI, SERIAL) == {
        "udiPid": "EXPY",
        "udiSerialNumber": "0e4d1fa5",
        "uuid": "6fe83addc80240bc92dc071a0e4d1fa5",
    }
    assert instances.sudi_of(None, SERIAL) == {"udiSerialNumber": SERIAL}
    assert instances.sudi_of("P:UCM, S:cc920", SERIAL) == {"udiPid": "UCM", "udiSerialNumber": "cc920"}
    assert instances.key_of(Instance("x", serial="a", uuid="b")) == {"udiSerialNumber": "a", "uuid": "b"}


@pytest.mark.parametrize(
    ("seen", "may_be", "is_of"),
    [
        (Instance("x", serial="0e4d1fa5"), True, True),
        (Instance("x", serial="0E4D1FA5", pid="expy"), True, True),
        (Instance("x", serial="0E4D1FA5", pid="UCM"), True, False),
        (Instance("x", uuid="6FE83ADD-C802-40BC-92DC-071A0E4D1FA5"), True, True),
        (Instance("x", serial="0E4D1FA5", uuid="0" * 32), False, False),
        (Instance("x", serial="0E4D1FA6"), False, False),
        (Instance("0E4D1FA5"), False, False),
    ],
)
def test_an_instance_is_joined_by_identity_and_never_by_name(
    seen: Instance, may_be: bool, is_of: bool
) -> None:
    assert (instances.may_be(seen, UDI, SERIAL), instances.is_of(seen, UDI, SERIAL)) == (may_be, is_of)


def test_a_node_without_a_printed_identity_is_joined_by_serial() -> None:
    assert instances.is_of(Instance("x", serial=SERIAL.lower(), uuid="ab", pid="ANY"), None, SERIAL)


def test_an_expressway_is_known_by_type_or_product_tag() -> None:
    assert instances.is_expressway(Instance("x", product_type="EXPY"))
    assert instances.is_expressway(Instance("x", product_tag=PRODUCT_TAG))
    assert not instances.is_expressway(Instance("expressway", product_type="CTSPMP"))


def test_a_place_that_is_not_named_is_said_to_be_not_named() -> None:
    assert instances.place_of({}) == 'virtual account "(not named)" of a Smart Account'


KEYS = st.sampled_from(
    [
        "reservedLicenses",
        "reserved",
        "reservationType",
        "reservationStatus",
        "licenseUsage",
        "license",
        "entitlementTag",
        "quantity",
        "pendingQuantity",
        "lastContactDate",
        "sudi",
        "uuid",
        "udiSerialNumber",
        "displayName",
        "account",
    ]
)
LEAVES = st.sampled_from(
    [None, True, False, 0, -1, 12, 1.5, float("nan"), "", "x", "12", "SLR", "in transit"]
)
ROWS = st.dictionaries(KEYS, LEAVES, max_size=4)
ODD = LEAVES | ROWS | st.lists(LEAVES | ROWS, max_size=2)


@given(st.dictionaries(KEYS, ODD, max_size=6))
def test_no_row_makes_a_reader_fall(row: dict[str, Any]) -> None:
    seen = instances.instance_of(row)
    instances.place_of(row)
    if seen is not None:
        instances.is_of(seen, UDI, SERIAL)
        instances.cannot_tell(seen, None)


@pytest.mark.parametrize("count", ["reservedQuantity", "reserved", "quantity", "count"])
@pytest.mark.parametrize(
    "moving", ["pendingQuantity", "pending_quantity", "pending", "newQuantity", "inTransitQuantity"]
)
def test_a_line_may_name_its_quantities_in_each_of_these_ways(count: str, moving: str) -> None:
    seen = read(reservedLicenses=[{"license": RMS, count: 10, moving: 12}])
    assert seen.reserved == (ReservedLine(RMS, 10, None, 12),)


@pytest.mark.parametrize("name", ["license", "licenseName", "displayName", "display_name", "entitlementName"])
def test_a_line_may_name_its_licence_in_each_of_these_ways(name: str) -> None:
    assert read(reservedLicenses=[{name: RMS, "quantity": 10}]).reserved == (ReservedLine(RMS, 10),)


@pytest.mark.parametrize("word", ["reservationStatus", "reservation_status", "reservationState"])
def test_the_state_of_a_reservation_may_have_each_of_these_names(word: str) -> None:
    seen = read(reservedLicenses=[{"license": RMS, "quantity": 10}], **{word: "CONFIRMED"})
    assert seen.reserved == (ReservedLine(RMS, 10, None, None),)


def test_a_serial_inside_the_printed_identity_is_one_that_the_device_has() -> None:
    listed = Instance("x", serial="0E4D1FA5", pid="EXPY")
    assert instances.may_be(listed, "P:EXPY,S:0E4D1FA5", "52E01234")
    assert not instances.may_be(listed, "P:EXPY,S:0E4D0000", "52E01234")
    assert instances.may_be(listed, "P:EXPY", "0E4D1FA5")
