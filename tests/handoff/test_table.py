"""Tables that a person brings: read however a spreadsheet wrote them, every bad line told by its number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.handoff_table import instances_of, pool_of
from reconciler.model import UNKNOWN, Entitlement, Instance, PoolLine, ReservedLine

RMS = "Expressway Rich Media Session"
KNOWN = (Entitlement("rms", RMS), Entitlement("room", "Room Registration", tag="regid.x,1.0_a"))
TAG = "regid.2016-10.com.cisco.EXPWY_RMS,1.0_aa"


def instances(text: str) -> tuple[Instance, ...]:
    found, complaints = instances_of(text, "i.csv", KNOWN)
    assert complaints == []
    return found


def said(text: str) -> list[str]:
    _, complaints = instances_of(text, "i.csv", KNOWN)
    return [f"{complaint.line}: {complaint.message}" for complaint in complaints]


def test_the_lines_of_one_instance_are_put_together() -> None:
    text = (
        "serial,name,entitlement,quantity,pending\n"
        f"0E4D3C01,c1.example.com,rms,20,30\n0F77AA01,,{RMS},5,\n0e4d3c01,,room,10,\n"
    )
    assert instances(text) == (
        Instance(
            "c1.example.com",
            serial="0E4D3C01",
            reserved=(
                ReservedLine(RMS, 20, None, 30),
                ReservedLine("Room Registration", 10, "regid.x,1.0_a", None),
            ),
        ),
        Instance("0F77AA01", serial="0F77AA01", reserved=(ReservedLine(RMS, 5, None, None),)),
    )


def test_an_instance_without_a_reservation_has_a_line_without_quantity() -> None:
    (one,) = instances("serial,name,entitlement,quantity\n0E4D3C01,c1,,\n")
    assert one.reserved == ()


def test_a_table_without_a_column_for_what_is_pending_does_not_say_that_nothing_is() -> None:
    (one,) = instances("serial,entitlement,quantity\n0E4D3C01,rms,20\n")
    assert one.reserved == (ReservedLine(RMS, 20, None, UNKNOWN),)


def test_an_instance_that_the_portal_names_by_an_identifier_needs_no_serial() -> None:
    (one,) = instances("serial,name,entitlement,quantity\n,381a299b950211edac280242cb007106,rms,3\n")
    assert (one.name, one.serial) == ("381a299b950211edac280242cb007106", None)


def test_a_tag_is_taken_as_a_tag() -> None:
    (one,) = instances(f'serial,entitlement,quantity\n0E4D3C01,"{TAG}",20\n')
    assert one.reserved == (ReservedLine(TAG, 20, TAG, UNKNOWN),)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffSerial Number;Display Name;Quantity\r\n0E4D3C01;rms;20\r\n",
        "\n\nSN\tLicense\tCount\n0E4D3C01\tRMS\t20\n\n",
        " serial , entitlement , quantity \n 0E4D3C01 , rms , 20 ,,\n",
    ],
)
def test_headings_and_separators_of_spreadsheets_are_understood(text: str) -> None:
    (one,) = instances(text)
    assert (one.serial, one.reserved) == ("0E4D3C01", (ReservedLine(RMS, 20, None, UNKNOWN),))


def test_every_bad_line_is_told_with_its_number() -> None:
    text = (
        "serial,name,entitlement,quantity,pending\n"
        "0E4D3C01,,rms,20,\n"
        ",,rms,20,\n"
        "5.2E+1234,,rms,20,\n"
        "0E4D3C02,,rms,twenty,\n"
        "0E4D3C03,,rms,,\n"
        "0E4D3C04,,,5,\n"
        "0E4D3C05,,rms,5,-1\n"
        "0E4D3C01,,rms,21,\n"
        "0E4D3C06,,rms,1,000,x\n"
        "0E4D3C07,,rms,999999999999,\n"
    )
    assert said(text) == [
        "3: neither a serial nor a name",
        "4: the serial '5.2E+1234' was turned into a number by a spreadsheet; format the column as text",
        "5: quantity is 'twenty', not a whole number",
        "6: quantity is empty",
        "7: a quantity without an entitlement",
        "8: pending is '-1', not a whole number",
        f"9: 0E4D3C01 has {RMS} on line 2 already",
        "10: 6 cells under 5 columns; quote a cell that has a comma",
        "11: quantity is '999999999999', not a whole number",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "1: the file is empty; its first line names the columns: serial,name",
        ),
        ("0E4D3C01,rms,20\n", "1: unknown column '0E4D3C01', 'rms', '20'; known are serial, name"),
        ("serial,entitlement\n", "1: column quantity is missing"),
        ("serial,sn,quantity\n", "1: column serial stands there twice"),
        ('serial,quantity\n"0E4D3C01,1\n', "2: cannot be read as CSV"),
    ],
)
def test_a_table_that_cannot_be_read_at_all_says_why(text: str, message: str) -> None:
    assert said(text)[0].startswith(message)


def test_a_pool_has_one_line_a_licence_and_what_is_not_there_is_not_known() -> None:
    found, complaints = pool_of("License,Purchased,Balance\nrms,100,80\nroom,,\n", "p.csv", KNOWN)
    assert complaints == []
    assert found == (
        PoolLine(RMS, quantity=100, available=80),
        PoolLine("Room Registration", tag="regid.x,1.0_a"),
    )


def test_bad_lines_of_a_pool_are_told_too() -> None:
    _, complaints = pool_of("entitlement,available\n,5\nrms,x\nroom,5\nRoom,6\n", "p.csv", KNOWN)
    assert [(one.path, one.line, one.message) for one in complaints] == [
        ("p.csv", 2, "no entitlement"),
        ("p.csv", 3, "available is 'x', not a whole number"),
        ("p.csv", 5, "Room Registration stands in the table twice"),
    ]


@given(st.text(max_size=200))
def test_no_text_brings_the_reader_down(text: str) -> None:
    instances_of(f"serial,entitlement,quantity\n{text}", "i.csv", KNOWN)
    pool_of(text, "p.csv", KNOWN)
