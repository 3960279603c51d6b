"""What nodes and CSSM say: damaged output gives UNKNOWN or what was said before the damage, never a guess."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from providers.cssm import instances, tolerant
from providers.cssm import wire as cssm
from providers.expressway import wire
from providers.expressway.codes import hide_codes, read_code
from providers.expressway.observation import node_observed
from reconciler.model import UNKNOWN, Address, CodeKind, NodeObserved

from .mutate import NUMBERS, damaged, fuzzing, with_garbage

TRANSCRIPTS = Path(__file__).parents[1] / "transcripts"
AT = datetime(2026, 11, 24, tzinfo=UTC)
E1 = Address("cluster/ams-edge/node/e1")
pytestmark = pytest.mark.timeout(3_600)

LOOKS = {
    wire.SYSTEM_UNIT: ("X14.0.8/systemunit", "X14.3.1/systemunit", "X15.0/systemunit"),
    wire.LICENCE: (
        "X12.6/licence-registered", "X14.0.8/licence-off", "X14.2.6/licence-onprem-retrying",
        "X14.3.1/licence-evaluation", "X14.3.1/licence-evaluation-expired", "X14.3.1/licence-failed",
        "X14.3.1/licence-registered", "X14.3.1/licence-reservation-pending", "X14.3.1/licence-reserved",
        "X14.3.1/licence-strange", "X15.0/licence-indented", "X15.0/licence-reserved-listed",
    ),
    wire.SMART_CONFIG: ("X14.2.6/smart", "X14.3.1/smart", "X14.3.1/smart-reservation", "X15.0/smart"),
    wire.ALARMS: ("X14.3.1/alarms", "X15.0/alarms"),
    wire.ALTERNATES: ("X14.3.1/alternates",),
    wire.DNS: ("X14.3.1/dns",),
    wire.NTP: ("X14.3.1/ntp",),
    wire.OPTION_CONFIG: ("X14.3.1/options",),
}  # fmt: skip
SEEDS = tuple(
    (command, (TRANSCRIPTS / f"{name}.txt").read_text("utf-8").replace("\n", "\r\n").encode())
    for command, names in LOOKS.items()
    for name in names
)


def observed(command: str, data: bytes) -> NodeObserved:
    reader = wire.ReplyReader([command])
    reader.feed(data)
    if not reader.done and reader.quiet_end:
        reader.finish_quietly()
    return node_observed(E1, AT, {command: reader.replies[0]} if reader.replies else {})


@fuzzing
@given(NUMBERS)
def test_any_output_of_a_node_is_read_without_a_crash(number: int) -> None:
    command, seed = SEEDS[number % len(SEEDS)]
    seen = observed(command, damaged(seed, number))
    assert isinstance(seen, NodeObserved)
    assert all(problem.message for problem in seen.problems)


@fuzzing
@given(NUMBERS)
def test_garbage_or_a_cut_makes_unknown_and_never_another_value(number: int) -> None:
    """A known field is what the whole reply says, or the part that it is of is told as not readable."""
    command, seed = SEEDS[number % len(SEEDS)]
    whole = observed(command, seed)
    data, how = with_garbage(seed, number)
    seen = observed(command, data)
    if len(seen.problems) > len(whole.problems) or (
        seen.licence is not UNKNOWN and seen.licence.unrecognised
    ):
        return
    for name, before, after in known(whole, seen):
        if name in ONLY_SHOWN:
            continue
        assert after == before, f"{how}: {name} of {command} became {after!r} from {before!r}"


def known(before: Any, after: Any, name: str = "") -> list[tuple[str, Any, Any]]:
    """(name, before, after) of every field that ``after`` claims to know."""
    if after is UNKNOWN:
        return []
    if is_dataclass(after) and is_dataclass(before) and type(after) is type(before):
        return [
            found
            for one in fields(after)
            if one.name not in {"problems", "unrecognised", "raw"}
            for found in known(getattr(before, one.name), getattr(after, one.name), f"{name}.{one.name}")
        ]
    return [(name, before, after)]


ONLY_SHOWN = (
    ".licence.authorization_text",
    ".licence.communication_deadline",
    ".licence.failure",
    ".licence.registration_expires",
    ".licence.usage",
)
"""Known gap: where the one line of these is damaged, they read as not said instead of as not known."""

PRINTED = tuple(
    path.read_text("utf-8").replace("\n", "\r\n").encode()
    for path in sorted(TRANSCRIPTS.rglob("reservation-*.txt"))
)


@fuzzing
@given(NUMBERS)
def test_a_code_is_found_whole_or_not_at_all(number: int) -> None:
    """Never a part of one, never one with a foreign byte in it, and nothing to raise for any bytes."""
    seed = PRINTED[number % len(PRINTED)]
    data, _ = with_garbage(seed, number)
    for kind in CodeKind:
        read_code(kind, damaged(seed, number))
        before, after = read_code(kind, seed), read_code(kind, data)
        assert after in {None, before}
    hide_codes(damaged(seed, number).decode("utf-8", "replace"))


VA = "Expressway EMEA"
ANSWERS: tuple[Any, ...] = (
    {
        "status": "COMPLETE",
        "statusMessage": "ok",
        "virtualAccounts": [{"name": VA, "id": 17, "isDefault": "Yes"}],
    },
    {
        "status": "COMPLETE",
        "licenses": [
            {
                "license": "Cisco Expressway Rich Media Session License",
                "quantity": 100,
                "inUse": 20,
                "available": 80,
                "virtualAccount": VA,
                "status": "In Compliance",
                "reserved": "5",
                "pendingReserved": None,
                "licenseDetails": [
                    {"licenseType": "PERPETUAL", "quantity": 100, "startDate": "", "endDate": ""}
                ],
            }
        ],
        "totalRecords": 1,
    },
    {
        "status": "COMPLETE",
        "totalRecords": 1,
        "devices": [
            {
                "hostname": "e1",
                "productInstanceName": "e1",
                "udi": {"pid": "EXPY", "serialNumber": "0E4D1FA5"},
                "sudi": {"udiPid": "EXPY", "udiSerialNumber": "0E4D1FA5"},
                "productTagName": "regid.x,1.0",
                "lastContactDate": "2026-11-24T04:00:00Z",
                "virtualAccount": VA,
                "licenseUsage": [{"license": "RMS", "quantity": 20}],
            }
        ],
    },
    {
        "status": "COMPLETE",
        "tokens": [
            {
                "token": "ZjA1YjhkMzctOGVhNy00YjU0%0AOTUzMg%3D%3D",
                "expirationDate": "2026-12-24T04:00:00Z",
                "description": "xlicense op-3f2a91",
                "exportControlledFunctionality": "Allowed",
                "virtualAccount": VA,
            }
        ],
    },
    {
        "status": "COMPLETE",
        "tokenInfo": {"token": "ZjA1YjhkMzctOGVhNy00YjU0", "expirationDate": "2026-12-24"},
    },
    {"access_token": "abcdef0123456789", "token_type": "Bearer", "expires_in": 3599},
    {"status": "ERROR", "statusMessage": "Virtual account not found", "errors": [{"message": "x"}]},
    {"summary": [{"tag": "regid.x,1.0", "displayName": "RMS", "quantity": 3}], "nonce": "n"},
)
BODIES = tuple(json.dumps(answer).encode() for answer in ANSWERS)
STATUSES = (200, 200, 200, 201, 204, 400, 401, 403, 404, 429, 500, 503, 302)


@fuzzing
@given(NUMBERS)
def test_any_answer_of_cssm_is_judged_and_read_without_a_crash(number: int) -> None:
    body = damaged(BODIES[number % len(BODIES)], number)
    answer = cssm.read_answer(STATUSES[number % len(STATUSES)], body)
    cssm.find_token(body)
    cssm.bearer_of(body)
    cssm.html_title(body)
    data = answer.data
    cssm.account_ids(data, "example.com", VA)
    for read in (
        cssm.va_names,
        cssm.tag_sets,
        cssm.tags_of,
        cssm.token_of,
        cssm.revoke_fault,
        tolerant.total_of,
    ):
        read(data)
    cssm.va_id(data, VA)
    cssm.is_summary(data, "n")
    cssm.own_token(data, "op-3f2a91")
    cssm.listed(data, "ZjA1YjhkMzctOGVhNy00YjU0")
    for key in ("licenses", "devices", "summary", "virtualAccounts", "tokens"):
        for row in tolerant.rows(data, key):
            rows_are_read(row)


def rows_are_read(row: dict[str, Any]) -> None:
    for line in (cssm.pool_line(row), cssm.summary_line(row)):
        assert line is None or line.quantity is UNKNOWN or line.quantity >= 0
    instance = instances.instance_of(row)
    instances.place_of(row)
    cssm.va_name(row)
    cssm.belongs(row, VA)
    if instance is not None:
        instances.key_of(instance)
        instances.may_be(instance, "P:EXPY,S:0E4D1FA5", "0E4D1FA5")


@fuzzing
@given(NUMBERS)
def test_a_token_in_a_cut_answer_is_none(number: int) -> None:
    """A part of a token would be handed to a node and cost a registration."""
    body = BODIES[3 + number % 2]
    whole = cssm.find_token(body)
    cut = body[: number % len(body)]
    assert cssm.find_token(cut) in {None, whole}
