"""The whole life of a reservation against the lab's CSSM, over real HTTPS and in every form it may answer.

The node's part of the conversation (confirmation and return code) is read from the lab's world.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from providers.cssm import CssmProvider
from providers.lab import Lab, LabClock, build_world
from providers.lab.nouns import EXPRESSWAY_TAG
from providers.lab.nouns import Instance as LabInstance
from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    AccountObserved,
    Action,
    Instance,
    Kind,
    Manager,
    ManagerKind,
    read_authorization,
)
from reconciler.ports import Inputs

from .conftest import ADDRESS, CREDENTIALS, QUICK, SERIAL, Hasty, Known, Taped, reservation

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
VA = "EMEA"
UUID = "6fe83addc80240bc92dc071a0e4d1fa5"
UDI = f"P:EXPY,S:{SERIAL},U:{UUID}"
WORLD = """
settings: {removal_seconds: 20}
cloud:
  clients: [{client_id: client-1, client_secret: s3cret-canary-0815}]
  accounts:
    example.com:
      name: Example Ltd
      virtual_accounts:
        EMEA: {licences: {rms: 10, desktop: 5}}
        Old: {}
    closed.example: {name: Closed, reservations: false, virtual_accounts: {EMEA: {licences: {rms: 1}}}}
"""


class LabTime(Hasty):
    """A pause moves the lab's clock."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self._lab = lab

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        self._lab.advance(seconds)


class Desk:
    """A lab, an account of it, and the codes that are held."""

    def __init__(self, lab: Lab, ca_file: str) -> None:
        self.lab = lab
        self.ca_file = ca_file
        self.codes = {f"request/{SERIAL}": UDI}
        self.opened: list[CssmProvider] = []

    def provider(self, profile: str = "legacy", smart_account: str = "example.com") -> CssmProvider:
        base = self.lab.cssm_url if profile == "legacy" else self.lab.software_apis_url
        manager = Manager(ManagerKind.CLOUD, profile, base_url=base, ca_file=self.ca_file)
        account = AccountDesired(ADDRESS, "emea", VA, manager, smart_account, apply=CREDENTIALS)
        quick = replace(QUICK, read=1.0, vanish=60.0)
        made = CssmProvider(account, CREDENTIALS, Known(), LabTime(self.lab), read_only=False, patience=quick)
        self.opened.append(made)
        return made

    async def do(self, provider: CssmProvider, action: Action) -> str:
        reply = await provider.execute(action, Inputs("01J", Taped(), self.codes))
        for produced in reply.codes:
            issued = self.lab.world.issued[produced.value]
            self.codes |= {f"confirmation/{SERIAL}": issued.confirmation, f"return/{SERIAL}": issued.returned}
            assert read_authorization(produced.value).udi == UDI
        return reply.text


@pytest.fixture
async def desk(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    world = build_world(WORLD, START)
    world.cloud.forms |= getattr(request, "param", {})
    lab = Lab(world, clock=LabClock(START, frozen=True))
    async with lab:
        ca_file = tmp_path / "ca.pem"
        ca_file.write_bytes(lab.ca_pem())
        made = Desk(lab, str(ca_file))
        yield made
        for provider in made.opened:
            await provider.close()


def lines(seen: AccountObserved, **quantities: tuple[int, int | None]) -> list[dict[str, Any]]:
    """Lines as a plan names them, with the tags that the pool shows."""
    assert seen.pool is not UNKNOWN
    found = []
    for pool in seen.pool:
        word = "rms" if "Rich Media" in pool.name else "desktop"
        if word in quantities:
            new, old = quantities[word]
            row = {"entitlement": word, "name": pool.name, "tag": pool.tag, "quantity": new}
            found.append(row if old is None else row | {"before": old})
    return found


def action(kind: Kind, **params: Any) -> Action:
    return reservation(kind, udi=UDI, virtual_account=VA, **params)


async def the_instance(provider: CssmProvider) -> Instance | None:
    seen = await provider.observe(ADDRESS)
    assert isinstance(seen, AccountObserved)
    assert (seen.problems, seen.exists) == ((), True)
    assert seen.instances is not UNKNOWN
    return next(iter(seen.instances), None)


FORMS = [
    {},
    {"reservations_shown": "usage", "reserved_key": "uuid"},
    {"reservations_shown": "absent", "reserved_key": "both", "reserve_error": "outside"},
    {"pending_shown": "no"},
]


@pytest.mark.parametrize("desk", FORMS, indirect=True)
async def test_a_reservation_lives_from_reserve_to_remove(desk: Desk) -> None:
    provider = desk.provider()
    empty = await provider.observe(ADDRESS)
    await desk.do(provider, action(Kind.RESERVE, lines=lines(empty, rms=(4, None))))
    update = lines(empty, rms=(6, 4), desktop=(2, 0))
    await desk.do(provider, action(Kind.UPDATE_RESERVATION, lines=update))
    await desk.do(provider, action(Kind.CONFIRM_RESERVATION))
    text = await desk.do(provider, action(Kind.REMOVE_INSTANCE))
    assert "gone" in text
    assert await the_instance(provider) is None
    assert all(used.accepted for used in desk.lab.ledger.used)


async def test_what_is_reserved_and_in_transit_is_observed(desk: Desk) -> None:
    provider = desk.provider()
    empty = await provider.observe(ADDRESS)
    await desk.do(provider, action(Kind.RESERVE, lines=lines(empty, rms=(4, None))))
    first = await the_instance(provider)
    assert first is not None
    assert first.reserved is not UNKNOWN
    assert [(line.quantity, line.pending) for line in first.reserved] == [(4, None)]
    await desk.do(provider, action(Kind.UPDATE_RESERVATION, lines=lines(empty, rms=(0, 4), desktop=(2, 0))))
    moving = await the_instance(provider)
    assert moving is not None
    assert moving.reserved is not UNKNOWN
    assert [(line.quantity, line.pending) for line in moving.reserved] == [(4, 0), (0, 2)]
    with pytest.raises(Rejected, match="in transit"):
        await desk.do(provider, action(Kind.UPDATE_RESERVATION, lines=lines(empty, rms=(5, 4))))
    await desk.do(provider, action(Kind.CONFIRM_RESERVATION))
    settled = await the_instance(provider)
    assert settled is not None
    assert settled.reserved is not UNKNOWN
    assert [(line.quantity, line.pending) for line in settled.reserved] == [(2, None)]


@pytest.mark.parametrize("desk", FORMS, indirect=True)
async def test_refusals_of_the_lab_are_worded(desk: Desk) -> None:
    provider = desk.provider()
    seen = await provider.observe(ADDRESS)
    with pytest.raises(Rejected, match="too few free licences"):
        await desk.do(provider, action(Kind.RESERVE, lines=lines(seen, rms=(11, None))))
    closed = desk.provider(smart_account="closed.example")
    with pytest.raises(Rejected, match="may not reserve"):
        await desk.do(closed, action(Kind.RESERVE, lines=lines(seen, rms=(1, None))))
    await desk.do(provider, action(Kind.RESERVE, lines=lines(seen, rms=(1, None))))
    with pytest.raises(Rejected, match="shows this device already"):
        await desk.do(provider, action(Kind.RESERVE, lines=lines(seen, rms=(1, None))))
    desk.codes[f"return/{SERIAL}"] = "wrong-code"
    with pytest.raises(Rejected, match="does not belong"):
        await desk.do(provider, action(Kind.REMOVE_INSTANCE))
    with pytest.raises(Rejected, match="holds a reservation"):
        await desk.do(provider, action(Kind.REMOVE_GHOST, reason="x"))


async def test_the_newer_surface_reserves_and_removes(desk: Desk) -> None:
    provider = desk.provider("software-apis")
    seen = await provider.observe(ADDRESS)
    assert isinstance(seen, AccountObserved)
    await desk.do(provider, action(Kind.RESERVE, lines=lines(seen, rms=(4, None))))
    then = await provider.observe(ADDRESS)
    assert isinstance(then, AccountObserved)
    assert then.reservable is not UNKNOWN
    assert {line["tag"] for line in lines(then, rms=(1, None))} <= {one.tag for one in then.reservable}
    assert "gone" in await desk.do(provider, action(Kind.REMOVE_INSTANCE))


async def test_a_reserve_that_took_effect_after_we_gave_up_is_not_repeated(desk: Desk) -> None:
    provider = desk.provider()
    seen = await provider.observe(ADDRESS)
    reserve = action(Kind.RESERVE, lines=lines(seen, rms=(4, None)))
    desk.lab.faults.add("cloud", "drop-after", match="reserve-licenses")
    with pytest.raises(OutcomeUnknown):
        await desk.do(provider, reserve)
    with pytest.raises(Rejected, match="shows this device already"):
        await desk.do(provider, reserve)
    assert len(desk.lab.world.issued) == 1


@pytest.mark.parametrize("profile", ["legacy", "software-apis"])
async def test_a_bearer_that_expires_before_a_mutation_is_replaced(desk: Desk, profile: str) -> None:
    provider = desk.provider(profile)
    seen = await provider.observe(ADDRESS)
    desk.lab.faults.add("cloud", "expired-bearer", match="reserve")
    await desk.do(provider, action(Kind.RESERVE, lines=lines(seen, rms=(4, None))))
    assert len(desk.lab.world.issued) == 1


@pytest.mark.parametrize("desk", [{"extra_line": "added"}], indirect=True)
async def test_a_line_that_cssm_added_is_not_lost_by_an_update(desk: Desk) -> None:
    provider = desk.provider()
    empty = await provider.observe(ADDRESS)
    await desk.do(provider, action(Kind.RESERVE, lines=lines(empty, rms=(4, None))))
    with pytest.raises(Rejected, match=r"leaves out 1 .*Advanced Account Security"):
        await desk.do(provider, action(Kind.UPDATE_RESERVATION, lines=lines(empty, rms=(5, 4))))


async def test_a_ghost_without_a_reservation_goes_without_a_code(desk: Desk) -> None:
    account = desk.lab.world.account("cloud", "example.com")
    old = LabInstance(SERIAL, "EXPY", "gone.example.com", EXPRESSWAY_TAG, "EXPY", START, START)
    account.virtual_accounts[0].instances.append(old)
    provider = desk.provider()
    assert "gone" in await desk.do(provider, action(Kind.REMOVE_GHOST, reason="scrapped"))
    assert "not there any more" in await desk.do(provider, action(Kind.REMOVE_GHOST, reason="scrapped"))
