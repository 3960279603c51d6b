"""Sheets: everything for one trip, in the portal's words, and harmless wherever they are opened."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.handoff import BundleAccount, CodeIn, csv_sheet, markdown_sheet
from providers.handoff.sheets import CODE_COLUMN, harmless
from reconciler.cli.handoff_bundle import ink
from reconciler.model import CodeKind

from .handoff_samples import AT, REQUEST_CODE, RMS_NAME, SERIAL, authorization, bundle, request

CONFIRM = request(
    id="handoff-c0ffee",
    kind="account.confirm_reservation",
    params={"confirmation": f"confirmation/{SERIAL}"},
    codes=(CodeIn(kind=CodeKind.CONFIRMATION, slot=f"confirmation/{SERIAL}", value="3311aaea"),),
    wants=None,
    instructions=("In its row choose Actions > Enter Confirmation Code…",),
)
ELSEWHERE = request(
    id="handoff-beef01",
    kind="account.revoke_token",
    serial=None,
    udi=None,
    lines=(),
    codes=(),
    wants=CodeKind.TOKEN,
    account=BundleAccount(name="emea", virtual_account="Other | <b>VA</b>"),
)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_a_sheet_has_the_values_the_steps_what_comes_back_and_where_to_put_it() -> None:
    text = markdown_sheet(bundle(), ink())
    for part in (
        '## Virtual account "Air gap" of Smart Account example.com',
        f"### 1. Reserve licences for the node with serial number {SERIAL}",
        "`handoff-3f2a91`",
        f"| {RMS_NAME} | 20 | - |",
        f"Goes in, the reservation request code:\n\n```\n{REQUEST_CODE}\n```",
        f"2. Reservation Request Code: `{REQUEST_CODE}` (of node serial {SERIAL}); choose Next.",
        f'   - "{RMS_NAME}": 20',
        f"Comes back: the **authorization code**. Save it as it is in a text file `{SERIAL}.txt`",
        "due: 2026-11-29 07:30 UTC",
        "xlicense handoff answer --dir FOLDER",
    ):
        assert part in text, part


def test_one_trip_serves_everything_of_an_account() -> None:
    text = markdown_sheet(bundle(request(), ELSEWHERE, CONFIRM), ink())
    assert text.count("## Virtual account") == 2
    assert text.index("Enter the confirmation code") < text.index("Revoke a registration token")
    assert "xlicense handoff answer handoff-c0ffee --done --by NAME" in text
    assert "xlicense handoff answer handoff-beef01 --file FILE --by NAME" in text
    assert [row["task"] for row in rows(csv_sheet(bundle(request(), ELSEWHERE, CONFIRM), ink()))] == list(
        "123"
    )


def test_an_update_shows_old_and_new_of_every_line() -> None:
    lines = [{"entitlement": "rms", "name": RMS_NAME, "quantity": 30, "before": 20}]
    lines.append({"entitlement": "room", "quantity": 0, "before": 5})
    update = request(kind="account.update_reservation", lines=lines)
    text = markdown_sheet(bundle(update), ink())
    assert f"| {RMS_NAME} | 30 | 20 |" in text
    assert "| room | 0 | 5 |" in text
    assert rows(csv_sheet(bundle(update), ink()))[0]["licences"] == (
        f"30 x {RMS_NAME} (until now 20); 0 x room (until now 5)"
    )


def test_names_from_elsewhere_are_no_markup() -> None:
    text = markdown_sheet(bundle(ELSEWHERE), ink())
    assert "<b>" not in text.replace("\\<b>", "")
    assert "Other \\| \\<b>VA" in text


def test_a_long_code_is_never_shortened() -> None:
    code = authorization() + "x" * 9_000
    long = request(codes=(CodeIn(kind=CodeKind.AUTHORIZATION, slot=f"request/{SERIAL}", value=code),))
    assert code in markdown_sheet(bundle(long), ink())
    assert rows(csv_sheet(bundle(long), ink()))[0][CODE_COLUMN] == code


def test_a_table_is_read_by_a_spreadsheet_and_has_room_for_the_answer() -> None:
    text = csv_sheet(bundle(), ink())
    assert text.startswith("\ufefftask,hand-off,")
    assert text.endswith("\r\n")
    (row,) = rows(text)
    assert row[CODE_COLUMN] == REQUEST_CODE
    assert row["comes back"] == "authorization code"
    assert row["answer"] == row["done by"] == row["done at"] == ""
    assert REQUEST_CODE in row["steps"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u00a0=1", "＝1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    (row,) = rows(csv_sheet(bundle(request(owner=cell, due=AT)), ink()))
    assert not row["owner"].lstrip().startswith(("=", "+", "-", "@", "＝"))


@given(st.text(max_size=40))
def test_no_text_becomes_a_formula_and_plain_text_stays(text: str) -> None:
    found = harmless(text)
    assert found in (text, f"'{text}")
    assert found[:1] not in {"=", "+", "-", "@", "\t", "\r"}


def test_device_text_cannot_move_a_cursor_or_turn_the_reading_direction() -> None:
    hostile = request(udi="P:X\x1b[2J\u202e,S:1")
    for text in (markdown_sheet(bundle(hostile), ink()), csv_sheet(bundle(hostile), ink())):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_a_step_reads_well_without_a_markdown_viewer() -> None:
    steps = ("Sign in at https://software.cisco.com; choose Inventory > Licenses; tag regid.x_Y,1_0.",)
    text = markdown_sheet(bundle(request(instructions=steps)), ink())
    assert f"1. {steps[0]}" in text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("# big", "\\# big"),
        ("*bold* _it_ a_b", "\\*bold\\* \\_it\\_ a_b"),
        ("[x](http://y)", "\\[x\\](http://y)"),
        ("<img src=x>", "\\<img src=x>"),
        ("&lt;b&gt; A & B", "\\&lt;b\\&gt; A & B"),
        ("`rm`", "\\`rm\\`"),
    ],
)
def test_only_what_would_be_markup_is_escaped(said: str, shown: str) -> None:
    assert ink().text(said) == shown


@pytest.mark.parametrize("value", ["52E01234", "00112233", "12e45678", "33110000"])
def test_a_code_or_serial_that_looks_like_a_number_stays_a_text(value: str) -> None:
    """A spreadsheet would show 5.2E+1235, and a person would type that."""
    code = CodeIn(kind=CodeKind.CONFIRMATION, slot="confirmation/x", value=value)
    (row,) = rows(csv_sheet(bundle(request(serial=value, codes=(code,))), ink()))
    assert row["serial number"] == row[CODE_COLUMN] == f"'{value}"
    assert row["task"] == "1"
