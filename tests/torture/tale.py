"""A life over the lab's world in one process, whose disk dies somewhere on the way and is started again.

The engine, the planner and the journal are the real ones; carriers and persons are those of the random lives.
Belongs here: chapters (which effects are next), the crash, going on, the judgement. Does not belong here: the
disk, how often all this is done.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler import model as m
from reconciler.execution import Engine, Providers
from reconciler.ports import Inputs, Provider, Tap
from tests.stateful.story import Story
from tests.stateful.truth import Drawn

from .disk import Dead, Disk, dying

NAME = "two/e1"
_OTHERS = ("one/e1", "one/e2")
_STEPS = 8
_ONCE = frozenset(
    {
        *("node.request_reservation", "node.return_reservation", "node.return_authorization"),
        *("node.cancel_reservation", "node.register", "node.deregister", "account.reserve"),
        *("account.update_reservation", "account.confirm_reservation", "account.remove_instance"),
    }
)
"""What no node or account does twice in a row. An install is checked by its code (`Story.check`)."""


class _Ear:
    """A tap that remembers what the one behind it has taken."""

    def __init__(self, tap: Tap, heard: list[str]) -> None:
        self._tap = tap
        self._heard = heard

    def sending(self) -> None:
        self._tap.sending()

    def received(self, data: bytes) -> None:
        self._tap.received(data)
        self._heard.append(data.decode())


class _Heard:
    """A provider whose received bytes are remembered."""

    def __init__(self, provider: Provider, heard: list[str]) -> None:
        self._provider = provider
        self._heard = heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    async def execute(self, action: m.Action, inputs: Inputs) -> m.Reply:
        ear = _Ear(inputs.tap, self._heard)
        return await self._provider.execute(action, Inputs(inputs.op_id, ear, inputs.codes))


class Tale(Story):
    """One node reserves; the others are retired and stay so."""

    def __init__(self, drawn: Drawn, folder: Path, identity: Path, recipient: str) -> None:
        super().__init__(drawn, folder, identity, recipient)
        self.taken: list[str] = []
        for name in _OTHERS:
            self.truth.wanted.nodes[name].retired = True

    @property
    def engine(self) -> Engine:
        made = super().engine
        accounts = {at: _Heard(one, self.taken) for at, one in made.providers.accounts.items()}
        providers = Providers(_Heard(made.providers.nodes, self.taken), accounts)  # type: ignore[arg-type]
        return Engine(
            made.desired, providers, self.journal, self.clock, self.heard, made.secrets, made.tool_version
        )

    def wants(self, **quantities: int) -> None:
        self.truth.wanted.nodes[NAME].quantities = quantities

    def applied(self) -> m.RunResult:
        return self.apply(self.plan())


def _grow(tale: Tale) -> None:
    tale.applied()
    tale.wants(rms=4, desktop=1)


def _retire(tale: Tale) -> None:
    tale.applied()
    tale.truth.wanted.nodes[NAME].retired = True


def _shrink_to_nothing(tale: Tale, kind: m.Kind) -> None:
    """The first apply gets as far as this kind, which is refused; then the node is retired."""
    planned = tale.plan()
    refused = {action.id: "away" for action in planned.runnable if action.kind is kind}
    assert refused, f"{kind} is not in {[action.kind.value for action in planned.actions]}"
    tale.apply(planned, refused)
    tale.truth.wanted.nodes[NAME].retired = True


def _to_token(tale: Tale) -> None:
    tale.applied()
    tale.truth.wanted.modes["two"] = "token"


def _to_reservation(tale: Tale) -> None:
    tale.truth.wanted.modes["two"] = "token"
    tale.applied()
    tale.truth.wanted.modes["two"] = "reservation"


def _elsewhere(tale: Tale) -> None:
    tale.applied()
    tale.truth.wanted.accounts["two"] = "apac"


CHAPTERS: dict[str, Callable[[Tale], None]] = {
    "reserve": lambda tale: None,
    "grow": _grow,
    "retire": _retire,
    "cancel": lambda tale: _shrink_to_nothing(tale, m.Kind.RESERVE),
    "give_back": lambda tale: _shrink_to_nothing(tale, m.Kind.INSTALL_AUTHORIZATION),
    "to_token": _to_token,
    "to_reservation": _to_reservation,
    "elsewhere": _elsewhere,
}


@dataclass
class Told:
    """What became of one tale. ``gap`` are codes that no tap had taken when the disk died."""

    end: str = ""
    crashes: int = 0
    printed: int = 0
    lost: list[str] = field(default_factory=list)
    gap: int = 0
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def begin(chapter: str, dice: random.Random, folder: Path, identity: Path, recipient: str) -> Tale:
    """A tale up to where this chapter begins."""
    shown = dice.choice(("lines", "lines", "usage"))
    drawn = Drawn(
        shown=shown,
        switch_shown=dice.random() < 0.7,
        udi=dice.choice(("uuid", "serial")),
        removal_seconds=dice.choice((0.0, 45.0)),
        dialect=(("request_code", "compact"),),
    )
    tale = Tale(drawn, folder, identity, recipient)
    CHAPTERS[chapter](tale)
    return tale


def crash(tale: Tale, at: int, dice: random.Random, target: Path) -> Disk:
    """Plan and apply on a disk that dies at this point; then the tale goes on with what it kept."""
    disk = Disk(tale.folder, at, dice)
    tale.journal.close()
    try:
        with dying(disk):
            tale.goes_on_at(tale.folder)
            tale.applied()
    except Dead:
        disk.survives(target)
        tale.goes_on_at(target)
        tale.truth.faults = {}
    else:
        tale.goes_on_at(tale.folder)
    return disk


def finish(tale: Tale, told: Told) -> None:
    """Apply until nothing is left, or until it is said who must act; then judge."""
    given = tale.truth.world.ledger.given
    for _ in range(_STEPS):
        planned = tale.plan()
        if not planned.runnable:
            break
        tale.apply(planned)
        tale.check()
        tale.passes(700)
    said = [*planned.refusals, *planned.waiting, *tale.journal.held().open_effects]
    told.end = "person" if said or planned.runnable else "converged"
    if planned.runnable:
        told.wrong.append(f"does not end: {[action.kind.value for action in planned.runnable]}")
    told.printed = len({(one.kind, one.value) for one in given})
    kept = "\n".join(_kept(tale))
    for value in dict.fromkeys(one.value for one in given):
        if value not in kept:
            if any(value in taken for taken in tale.taken):
                told.lost.append(value)
            else:
                told.gap += 1
    told.twice.extend(_twice(tale))


def _kept(tale: Tale) -> Iterator[str]:
    for operation in tale.journal.operations(all=True):
        yield b"".join(tale.journal.spooled(operation.effect.op_id)).decode()
    for code in tale.journal.codes():
        yield tale.journal.reveal(code.code_id, "torture")


def _twice(tale: Tale) -> Iterator[str]:
    before: dict[str, str] = {}
    for asked in tale.truth.world.ledger.asked:
        if asked.text in _ONCE and asked.ran:
            if before.get(asked.where) == asked.text:
                yield f"{asked.text} at {asked.where}"
            before[asked.where] = asked.text
