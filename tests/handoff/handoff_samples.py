"""What tests of hand-offs share: one bundle, its answers, and codes as CSSM gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from providers.handoff import Answer, Answers, Bundle, BundleAccount, CodeIn, Line, Outcome, Request
from reconciler.model import CodeKind

AT = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
SERIAL = "0E4D3C01"
UDI = f"P:EXPWY,S:{SERIAL},U:0d7c1b5e"
REQUEST_CODE = f"CD-ZEXPWY:{SERIAL}-AhA8BQjfB-99"
RMS = "regid.2016-10.com.cisco.EXPWY_RMS,1.0_aa"
RMS_NAME = "Expressway Rich Media Session"
ROOM = BundleAccount(name="vault-room", smart_account="example.com", virtual_account="Air gap")
SEALED = "-----BEGIN AGE ENCRYPTED FILE-----\nabc\n-----END AGE ENCRYPTED FILE-----\n"


def authorization(serial: str = SERIAL, quantity: int = 20, uuid: str = "0d7c1b5e") -> str:
    return (
        "<specificPLR><authorizationCode><flag>A</flag><version>C</version><piid>6ca07f56</piid>"
        "<timestamp>1552292522579</timestamp><entitlements><entitlement>"
        f"<tag>{RMS}</tag><count>{quantity}</count><startDate></startDate><endDate></endDate>"
        f"<licenseType>PERPETUAL</licenseType><displayName>{RMS_NAME}</displayName>"
        "</entitlement></entitlements></authorizationCode><signature>MEYCIQChzdzD</signature>"
        f"<udi>P:EXPWY,S:{serial},U:{uuid}</udi></specificPLR>"
    )


def request(**changes: Any) -> Request:
    values: dict[str, Any] = {
        "id": "handoff-3f2a91",
        "kind": "account.reserve",
        "subject": SERIAL,
        "account": ROOM,
        "serial": SERIAL,
        "udi": UDI,
        "lines": (Line(entitlement="rms", name=RMS_NAME, tag=RMS, quantity=20),),
        "params": {"request": f"request/{SERIAL}", "node": "cluster/ams-core/node/c1"},
        "codes": (CodeIn(kind=CodeKind.REQUEST, slot=f"request/{SERIAL}", value=REQUEST_CODE),),
        "wants": CodeKind.AUTHORIZATION,
        "instructions": (
            'Open the virtual account "Air gap" and its tab Licenses.',
            f"Reservation Request Code: <request/{SERIAL}>  (of node serial {SERIAL}); choose Next.",
            "Choose Reserve a specific license, and enter exactly, as totals:",
            f'  "{RMS_NAME}": 20',
        ),
        "since": AT,
        "due": AT + timedelta(days=5),
    }
    return Request(**(values | changes))


def bundle(*requests: Request) -> Bundle:
    return Bundle(
        workspace="7f3c1d9a", created_at=AT, recipients=("age1abc",), requests=requests or (request(),)
    )


def answers(*some: Answer) -> Answers:
    return Answers(
        workspace="7f3c1d9a",
        bundle="0" * 64,
        created_at=AT,
        answers=some or (Answer(id="handoff-3f2a91", outcome=Outcome.DONE, value=SEALED, by="A", at=AT),),
    )
