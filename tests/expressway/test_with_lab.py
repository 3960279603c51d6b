"""The whole life of a reservation against the lab's nodes over real SSH, in every form that they may take."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from providers.expressway import ExpresswayProvider
from providers.lab import Lab, LabClock, build_world, dialect, portal
from providers.lab.nouns import DESKTOP, RMS, TAGS
from reconciler.errors import Rejected
from reconciler.model import (
    UNKNOWN,
    Action,
    Address,
    AuthorizationStatus,
    Carrier,
    EffectClass,
    Kind,
    NodeDesired,
    RegistrationStatus,
    Reply,
    SecretRef,
    SshAccess,
)
from reconciler.ports import Inputs
from tests.lab.lab_clients import START, one_node

from .played import QuickClock, Secrets, TapLog

N1 = Address.of_node("a", "n1")
SERIAL = "0E4D1FA5"
SLOT = f"authorization/{SERIAL}"
RESERVATION = "xCommand License Smart Reservation"
LONG = {f"long{number}": f"Licence {number} with a long name {'x' * 850}" for number in range(3)}
"""Each stands twice in an authorization code, which then is longer than 4,095 characters."""


class Bench:
    """One node of a lab, and the provider that looks at it and acts on it."""

    def __init__(self, lab: Lab, provider: ExpresswayProvider) -> None:
        self.lab = lab
        self.world = lab.world
        self.provider = provider

    async def do(self, kind: Kind, code: str = "", **params: Any) -> Reply:
        usual = {"serial": SERIAL, "authorization": SLOT, "request": None, "unchecked": False}
        action = Action("id", N1, kind, SERIAL, usual | params, Carrier.SSH, EffectClass.CODE, "why")
        return await self.provider.execute(action, Inputs("op", TapLog(), {SLOT: code} if code else {}))

    async def code_of(self, kind: Kind, code: str = "", **params: Any) -> str:
        (produced,) = (await self.do(kind, code, **params)).codes
        return produced.value

    async def request(self) -> str:
        await self.do(Kind.ENABLE_RESERVATION)
        return await self.code_of(Kind.REQUEST_RESERVATION)

    async def install(self, code: str, *, confirms: bool = False, **totals: int) -> Reply:
        printed = (await self.provider.observe(N1)).licence.udi
        udi = None if printed is UNKNOWN else printed
        names = {"rms": RMS, "desktop": DESKTOP, **LONG}
        lines = [
            {"entitlement": key, "name": names[key], "tag": TAGS.get(names[key]), "quantity": quantity}
            for key, quantity in totals.items()
        ]
        return await self.do(Kind.INSTALL_AUTHORIZATION, code, udi=udi, lines=lines, confirms=confirms)

    def reserve(self, request: str, **quantities: int) -> str:
        return portal.reserve(self.world, virtual_account="EMEA", request_code=request, quantities=quantities)

    async def registration(self) -> RegistrationStatus:
        seen = await self.provider.observe(N1)
        assert seen.problems == ()
        return seen.licence.registration

    def typed(self) -> list[str]:
        return [one.text for one in self.world.ledger.asked if RESERVATION in one.text]


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Any]:
    @asynccontextmanager
    async def start(answers: dict[str, str] | None = None) -> AsyncIterator[Bench]:
        forms = ", ".join(f"{key}: {value}" for key, value in (answers or {}).items())
        text = one_node(f"dialect: {{{forms}}}")
        more = ", ".join(f'"{name}": 9' for name in LONG.values())
        world = build_world(text.replace("room: 2,", f"room: 2, {more},"), START)
        async with Lab(world, clock=LabClock(START, frozen=True)) as lab:
            known = tmp_path / "known_hosts"
            known.write_text(lab.known_hosts())
            access = SshAccess("admin", lab.port("a/n1"), str(known), password=SecretRef("env", "PASSWORD"))
            provider = ExpresswayProvider(
                {N1: NodeDesired(N1, "n1", "127.0.0.1", access)},
                Secrets(PASSWORD="lab-password"),
                QuickClock(),
                read_only=False,
                connect_timeout=2.0,
                command_timeout=5.0,
            )
            try:
                yield Bench(lab, provider)
            finally:
                await provider.close()

    return start


def drawn(seed: str) -> dict[str, str]:
    made = dialect.draw(seed)
    return {field.name: getattr(made, field.name) for field in fields(made)}


FORMS: dict[str, dict[str, str]] = {
    "plain": {},
    **{
        f"{question}={answer}": {question: answer}
        for question in (
            "reserved_words",
            "reservation_place",
            "reserved_lines",
            "last_codes",
            "request_code",
            "request_words",
            "install_words",
            "return_words",
            "first_confirmation",
        )
        for answer in dialect.CHOICES[question][1:]
    },
    **{f"drawn {seed}": drawn(str(seed)) for seed in range(8)},
}


@pytest.mark.parametrize("form", FORMS)
async def test_reserve_update_and_return_in_every_form(bench: Callable[..., Any], form: str) -> None:
    async with bench(FORMS[form]) as it:
        request = await it.request()
        assert await it.registration() is RegistrationStatus.RESERVATION_PENDING

        first = it.reserve(request, rms=4, desktop=1)
        await it.install(first, rms=4, desktop=1)
        assert await it.registration() is RegistrationStatus.RESERVED_SPECIFIC

        update = portal.update(it.world, serial=SERIAL, quantities={"rms": 3, "desktop": 2})
        (confirmation,) = (await it.install(update, confirms=True, rms=3, desktop=2)).codes
        portal.confirm(it.world, serial=SERIAL, code=confirmation.value)

        seen = await it.provider.observe(N1)
        assert seen.licence.authorization is AuthorizationStatus.RESERVED
        assert seen.smart.reservation_enable is True
        if (
            FORMS[form].get("reserved_lines") == "listed"
            and "heading" not in FORMS[form].values()
            and "cut" not in FORMS[form].get("tail", "")
        ):
            shown = {(line.tag, line.quantity) for line in seen.licence.reserved}
            assert shown == {(TAGS[RMS], 3), (TAGS[DESKTOP], 2)}

        returned = await it.code_of(Kind.RETURN_RESERVATION)
        assert await it.registration() is RegistrationStatus.UNREGISTERED
        portal.remove(it.world, serial=SERIAL, return_code=returned)
        await it.do(Kind.DISABLE_RESERVATION)
        assert (await it.provider.observe(N1)).smart.reservation_enable is False
        verbs = [line.split()[4] for line in it.typed()]
        assert verbs == ["Request", "Install", "Install", "Return"]


@pytest.mark.parametrize("words", dialect.CHOICES["return_authorization_words"])
async def test_a_code_that_was_never_installed_goes_back(bench: Callable[..., Any], words: str) -> None:
    async with bench({"return_authorization_words": words}) as it:
        code = it.reserve(await it.request(), rms=2)
        await it.do(Kind.CANCEL_RESERVATION)
        returned = await it.code_of(Kind.RETURN_AUTHORIZATION, code)
        portal.remove(it.world, serial=SERIAL, return_code=returned)
        assert await it.registration() is RegistrationStatus.UNREGISTERED


async def test_another_quantity_is_refused_before_anything_is_typed(bench: Callable[..., Any]) -> None:
    async with bench() as it:
        code = it.reserve(await it.request(), rms=2)
        with pytest.raises(Rejected, match="it holds 2, the plan says 3"):
            await it.install(code, rms=3)
        assert not any("Install" in line for line in it.typed())


async def test_what_the_node_refuses_is_a_refusal(bench: Callable[..., Any]) -> None:
    async with bench() as it:
        with pytest.raises(Rejected):
            await it.do(Kind.REQUEST_RESERVATION)
        with pytest.raises(Rejected):
            await it.do(Kind.RETURN_RESERVATION)


@pytest.mark.parametrize(
    ("forms", "goes"),
    [
        ({"tty_line": "whole", "without_pty": "refused"}, True),
        ({"tty_line": "cut", "without_pty": "works"}, True),
        ({"tty_line": "beeps", "without_pty": "works"}, True),
        ({"tty_line": "cut", "without_pty": "refused"}, False),
        ({"tty_line": "beeps", "without_pty": "refused"}, False),
    ],
)
async def test_a_code_longer_than_a_terminal_s_line_is_installed_whole_or_not_at_all(
    bench: Callable[..., Any], forms: dict[str, str], goes: bool
) -> None:
    async with bench(forms) as it:
        code = it.reserve(await it.request(), **dict.fromkeys(LONG.values(), 2))
        assert len(code) > 4_095
        if goes:
            await it.install(code, **dict.fromkeys(LONG, 2))
            assert await it.registration() is RegistrationStatus.RESERVED_SPECIFIC
        else:
            with pytest.raises(Rejected, match="nothing was carried out"):
                await it.install(code, **dict.fromkeys(LONG, 2))
            assert await it.registration() is RegistrationStatus.RESERVATION_PENDING
        assert sum("Install" in line for line in it.typed()) == goes
