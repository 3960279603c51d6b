"""Tables that a person made from the portal's pages, as `Attested`: every line that cannot be used is told.

Belongs here: CSV to instances and pool lines. Does not belong here: what they mean for a plan.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import Complaint
from reconciler.model import UNKNOWN, Entitlement, Instance, Maybe, PoolLine, ReservedLine

INSTANCES = ("serial", "name", "entitlement", "quantity", "pending")
POOL = ("entitlement", "quantity", "in use", "available", "reserved")
_ALIASES = {
    "serial number": "serial", "serial no": "serial", "sn": "serial",
    "instance": "name", "instance name": "name", "product instance": "name",
    "display name": "entitlement", "licence": "entitlement", "license": "entitlement",
    "count": "quantity", "reserved quantity": "quantity", "purchased": "quantity",
    "pending quantity": "pending", "in_use": "in use", "inuse": "in use", "balance": "available",
}  # fmt: skip
_TAG = re.compile(r"regid\.\S+,\S+")
_NUMBERED = re.compile(r"\d+([.,]\d+)?[eE]\+\d+")
"""What a spreadsheet makes of a serial such as 52E01234."""

_HIGHEST = 10_000_000


@dataclass(slots=True)
class Table:
    """A file that is read: its lines as far as they can be used, and what is wrong with the others."""

    path: str
    complaints: list[Complaint]
    columns: frozenset[str] = frozenset()

    def complain(self, line: int, message: str) -> None:
        self.complaints.append(Complaint(self.path, line, 1, message, "attest"))


Row = tuple[int, Mapping[str, str]]


def instances_of(
    text: str, path: str, entitlements: Sequence[Entitlement]
) -> tuple[tuple[Instance, ...], list[Complaint]]:
    """The product instances of a table with one line for each licence of each instance."""
    table = Table(path, [])
    found: dict[str, Instance] = {}
    seen: dict[tuple[str, str], int] = {}
    for line, row in _rows(text, table, INSTANCES, ("serial", "quantity")):
        key = row.get("serial") or row.get("name") or ""
        if not key:
            table.complain(line, "neither a serial nor a name")
        elif _NUMBERED.fullmatch(row.get("serial", "")):
            table.complain(
                line,
                f"the serial {row['serial']!r} was turned into a number by a spreadsheet; "
                "format the column as text",
            )
        elif (one := _reserved(table, line, row, entitlements)) is not None:
            _add(table, line, found, seen, key, row, one)
    return tuple(found.values()), table.complaints


def _add(
    table: Table,
    line: int,
    found: dict[str, Instance],
    seen: dict[tuple[str, str], int],
    key: str,
    row: Mapping[str, str],
    one: tuple[ReservedLine, ...],
) -> None:
    known = found.get(key.upper()) or Instance(
        row.get("name") or key, serial=row.get("serial") or None, reserved=()
    )
    for reserved in one:
        earlier = seen.setdefault((key.upper(), (reserved.tag or reserved.name).casefold()), line)
        if earlier != line:
            table.complain(line, f"{key} has {reserved.name} on line {earlier} already")
            return
    held = known.reserved if known.reserved is not UNKNOWN else ()
    found[key.upper()] = replace(known, reserved=(*held, *one))


def _reserved(
    table: Table, line: int, row: Mapping[str, str], entitlements: Sequence[Entitlement]
) -> tuple[ReservedLine, ...] | None:
    """The licence of this line; the empty tuple for an instance that holds no reservation."""
    licence = row.get("entitlement", "")
    if not licence and not row.get("quantity") and not row.get("pending"):
        return ()
    if not licence:
        table.complain(line, "a quantity without an entitlement")
        return None
    quantity = _number(table, line, "quantity", row.get("quantity", ""))
    pending: Maybe[int | None] = None if "pending" in table.columns else UNKNOWN
    if row.get("pending"):
        pending = _number(table, line, "pending", row["pending"])
        if pending is None:
            return None
    if quantity is None:
        return None
    name, tag = named(licence, entitlements)
    return (ReservedLine(name, quantity, tag, pending),)


def named(text: str, entitlements: Sequence[Entitlement]) -> tuple[str, str | None]:
    """Display name and tag of a licence that is written as rms, as its tag, or as the portal names it."""
    for entitlement in entitlements:
        if text.casefold() in {entitlement.name.casefold(), entitlement.display_name.casefold()}:
            return entitlement.display_name, entitlement.tag
    return (text, text) if _TAG.fullmatch(text) else (text, None)


def pool_of(
    text: str, path: str, entitlements: Sequence[Entitlement]
) -> tuple[tuple[PoolLine, ...], list[Complaint]]:
    """The licences of the virtual account: one line each. A column that is not there is not known."""
    table = Table(path, [])
    found: dict[str, PoolLine] = {}
    for line, row in _rows(text, table, POOL, ("entitlement", "available")):
        licence = row.get("entitlement", "")
        if not licence:
            table.complain(line, "no entitlement")
            continue
        name, tag = named(licence, entitlements)
        if name.casefold() in found:
            table.complain(line, f"{name} stands in the table twice")
            continue
        before = len(table.complaints)
        counts = {
            key: _count(table, line, key, row) for key in ("quantity", "in use", "available", "reserved")
        }
        if len(table.complaints) == before:
            found[name.casefold()] = PoolLine(
                name, counts["quantity"], counts["in use"], counts["available"], counts["reserved"], tag
            )
    return tuple(found.values()), table.complaints


def _count(table: Table, line: int, key: str, row: Mapping[str, str]) -> Maybe[int]:
    if not row.get(key):
        return UNKNOWN
    number = _number(table, line, key, row[key])
    return UNKNOWN if number is None else number


def _number(table: Table, line: int, column: str, text: str) -> int | None:
    """A whole number; None with a complaint for anything else."""
    if text.isascii() and text.isdigit() and int(text[:9]) <= _HIGHEST and len(text) < 9:
        return int(text)
    table.complain(line, f"{column} is {text[:40]!r}, not a whole number" if text else f"{column} is empty")
    return None


def _rows(text: str, table: Table, known: Sequence[str], needed: Sequence[str]) -> Iterator[Row]:
    """Every line of data with its number in the file, cells stripped, by column."""
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    start = next((place for place, line in enumerate(lines) if line.strip()), None)
    if start is None:
        table.complain(1, f"the file is empty; its first line names the columns: {','.join(known)}")
        return
    reader = csv.reader(lines[start:], delimiter=_delimiter(lines[start]), strict=True)
    try:
        columns = _columns(table, start + 1, next(reader), known, needed)
        table.columns = frozenset(columns or ())
        for cells in reader if columns else ():
            if any(cell.strip() for cell in cells):
                yield from _row(table, start + reader.line_num, cells, columns or ())
    except csv.Error as error:
        table.complain(start + reader.line_num, f"cannot be read as CSV: {error}")


def _row(table: Table, line: int, cells: Sequence[str], columns: Sequence[str]) -> Iterator[Row]:
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        table.complain(
            line, f"{len(cells)} cells under {len(columns)} columns; quote a cell that has a comma"
        )
        return
    yield line, {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}


def _delimiter(header: str) -> str:
    """Spreadsheets of other countries write semicolons, copied tables have tabs."""
    return max(",;\t", key=header.count)


def _columns(
    table: Table, line: int, cells: Sequence[str], known: Sequence[str], needed: Sequence[str]
) -> tuple[str, ...] | None:
    plain: Callable[[str], str] = lambda cell: " ".join(cell.casefold().split())  # noqa: E731
    columns = tuple(_ALIASES.get(plain(cell), plain(cell)) for cell in cells)
    strange = [cell for cell, name in zip(cells, columns, strict=True) if name not in known]
    missing = [name for name in needed if name not in columns]
    double = sorted({name for name in columns if columns.count(name) > 1})
    for message in (
        f"unknown column {', '.join(map(repr, strange))}; known are {', '.join(known)}" if strange else "",
        f"column {', '.join(missing)} is missing" if missing else "",
        f"column {', '.join(double)} stands there twice" if double else "",
    ):
        if message:
            table.complain(line, message)
    return None if strange or missing or double else columns
