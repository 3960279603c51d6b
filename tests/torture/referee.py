"""What the lab knows against what the process kept: codes lost, effects sent twice, books that do not add up.

Belongs here: judgement after a case, from the lab's ledger, the bytes that the processes received, and the
state folder. Does not belong here: playing the case. Nothing here asks xlicense what it thinks, except for
reading its journal back.
"""

from __future__ import annotations

import html
import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyrage

from providers.lab import books
from providers.lab.ledger import Given
from providers.lab.world import World
from reconciler.journal import open_journal

from .stage import WORKSPACE, Stage

_ONCE = (
    *("reservation request", "reservation install", "reservation returnauthorization", "reservation return"),
    *("reservation cancel", "smart deregister", "smart register", "smart registration register"),
)
"""Commands of a node that are never sent again where the one before it ran (classes N, C and X)."""

_KINDS = (
    ("reservation request", "node.request_reservation"),
    ("reservation install", "node.install_authorization"),
    ("reservation returnauthorization", "node.return_authorization"),
    ("reservation return", "node.return_reservation"),
    ("reservation cancel", "node.cancel_reservation"),
    ("smart deregister", "node.deregister"),
    ("smart register|registration register", "node.register"),
    ("POST .*/tokens$", "account.create_token"),
    ("reserve-licenses", "account.reserve"),
    ("update-licenses", "account.update_reservation"),
    ("confirm-licenses", "account.confirm_reservation"),
    ("devices/remove", "account.remove_instance"),
)
"""What the lab is asked, and the effect that it is asked for."""

_AGAIN = {"node.reregister": "node.register", "account.remove_ghost": "account.remove_instance"}
"""The same command, and the same call."""


_LISTED = re.compile(rb'"tokens": ?\[(?:\{[^{}\[\]]*\}(?:, ?)?)*')
"""Whole entries of a list of tokens. What CSSM lists it lists again at any time: a token that was only read
there is not lost."""


@dataclass
class Verdict:
    """``lost``: received and not kept. ``gap``: the process died between decrypting and writing.
    ``unrecorded``: the lab was asked for an effect, and the journal has no record of the sending."""

    printed: int = 0
    received: int = 0
    lost: list[str] = field(default_factory=list)
    gap: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def judge(stage: Stage, killed: list[list[str]]) -> Verdict:
    """``killed`` are the points that each killed process passed, in order."""
    world = stage.lab.world
    given = list({(one.kind, one.value): one for one in world.ledger.given[stage.printed_before :]}.values())
    received, kept = _LISTED.sub(b"", stage.received()), _kept(stage)
    verdict = Verdict(printed=len(given), twice=[*_twice(world)], problems=[*books.problems(world)])
    verdict.unrecorded = [*_unrecorded(stage)]
    for one in given:
        if not _holds(received, one.value):
            continue
        verdict.received += 1
        if not _holds(kept, one.value):
            where = verdict.gap if _died_in_the_gap(stage, one, killed) else verdict.lost
            where.append(f"{one.kind} {one.value[:24]} of {one.where}")
    return verdict


def _holds(data: bytes, value: str) -> bool:
    """As it is, or as JSON or XML would write it."""
    forms = {value, json.dumps(value)[1:-1], html.escape(value), value.replace("/", "\\/")}
    return any(form.encode() in data for form in forms)


def _kept(stage: Stage) -> bytes:
    """Every reply in the spool and every code of the journal, opened."""

    class Now:
        def now(self) -> datetime:
            return datetime.now(UTC)

        def monotonic(self) -> float:
            return 0.0

        async def sleep(self, seconds: float) -> None:
            raise NotImplementedError

    text = next(line for line in stage.identity.read_text().splitlines() if "public key:" in line)
    recipient = text.split()[-1]
    journal = open_journal(
        stage.state, workspace=WORKSPACE, recipients=[recipient], identity=stage.identity, clock=Now()
    )
    try:
        found = [
            chunk
            for one in journal.operations(all=True)
            for chunk in [b"".join(journal.spooled(one.effect.op_id))]
        ]
        found += [journal.reveal(code.code_id, "torture").encode() for code in journal.codes()]
    finally:
        journal.close()
    return b"\n".join([*found, *_on_the_terminal(stage)])


def _on_the_terminal(stage: Stage) -> Iterator[bytes]:
    """What no file took was printed, sealed: a person has it, and plain ``age -d`` opens it."""
    secret = next(line for line in stage.identity.read_text().splitlines() if line.startswith("AGE-"))
    identity = pyrage.x25519.Identity.from_str(secret)
    for armoured in re.findall(r"-----BEGIN AGE.*?-----END AGE [A-Z ]+-----", stage.shown(), re.DOTALL):
        yield pyrage.decrypt(f"{armoured}\n".encode(), [identity])


def _unrecorded(stage: Stage) -> Iterator[str]:
    """Counted by kind: an effect may be tried again, and each try has its record."""
    db = sqlite3.connect(f"file:{stage.state / 'journal.sqlite'}?mode=ro", uri=True)
    try:
        rows = db.execute("SELECT op, kind, payload FROM records WHERE kind IN ('intent', 'sending')")
        found = [(str(op), str(kind), str(payload)) for op, kind, payload in rows]
    finally:
        db.close()
    kinds = {op: json.loads(payload)["kind"] for op, kind, payload in found if kind == "intent"}
    kinds = {op: _AGAIN.get(kind, kind) for op, kind in kinds.items()}
    recorded = Counter(kinds[op] for op, kind, _ in found if kind == "sending")
    asked = Counter(_kind_of(one.text) for one in stage.lab.ledger.asked)
    for kind, times in asked.items():
        if kind and times > recorded[kind]:
            yield f"{kind}: {times} sent, {recorded[kind]} recorded"


def is_effect(text: str) -> bool:
    """Whether the lab was asked for something that is done once."""
    return bool(_kind_of(text))


def _kind_of(text: str) -> str:
    return next((kind for pattern, kind in _KINDS if re.search(pattern, text, re.IGNORECASE)), "")


def _died_in_the_gap(stage: Stage, one: Given, killed: list[list[str]]) -> bool:
    """Whether a process received this code and died before its next write to the spool was done."""
    for plain, points in zip(stage.plains, killed, strict=False):
        place = _place(plain, one.value)
        if place is not None and not _wrote_after(points, place):
            return True
    return False


def _place(plain: Path, value: str) -> int | None:
    data = plain.read_bytes() if plain.exists() else b""
    for form in (value, json.dumps(value)[1:-1], html.escape(value)):
        at = data.find(form.encode())
        if at >= 0:
            return at + len(form.encode())
    return None


def _wrote_after(points: list[str], place: int) -> bool:
    """Whether the spool took anything whole, after so many bytes had been received."""
    heard = False
    for point in points:
        _, name, *rest = point.split(maxsplit=2)
        if name == "received" and int(rest[0]) >= place:
            heard = True
        if heard and name == "write" and rest == ["spool after"]:
            return True
    return False


def _twice(world: World) -> Iterator[str]:
    yield from _commands_twice(world)
    yield from _requests_twice(world)
    yield from _codes_twice(world)
    yield from _reserved_twice(world)


def _commands_twice(world: World) -> Iterator[str]:
    """The same command of a node once more, where it ran before and nothing else of its kind ran between:
    also where the node refuses it by then, for it was sent."""
    for name in world.nodes:
        before = ""
        for asked in world.ledger.asked_of(name):
            command = next((one for one in _ONCE if one in asked.text.casefold()), None)
            if command is None:
                continue
            if command.endswith("install"):  # an update is another install, of another code
                command = asked.text
            if command == before:
                yield f"{command[:80]} at {name}"
            before = command if asked.ran else before


def _requests_twice(world: World) -> Iterator[str]:
    """The same request of a manager once more, where it had taken effect before."""
    done: set[tuple[str, str, str]] = set()
    for asked in world.ledger.asked:
        request = (asked.where, asked.text, asked.body)
        if asked.where not in world.managers or not is_effect(asked.text):
            continue
        if request in done:
            yield f"{asked.text} with the same content at {asked.where}"
        if asked.ran:
            done.add(request)


def _codes_twice(world: World) -> Iterator[str]:
    """A code that came back after it had been accepted."""
    accepted: set[tuple[str, str, str]] = set()
    for used in world.ledger.used:
        if used.kind not in ("confirmation", "return"):
            continue
        key = (used.where, used.kind, used.value)
        if key in accepted:
            yield f"{used.kind} code entered again at {used.where}"
        if used.accepted:
            accepted.add(key)


def _reserved_twice(world: World) -> Iterator[str]:
    """Two authorization codes in a row for one device with the same totals, or a second reservation."""
    last: dict[str, tuple[str, object]] = {}
    returned = {used.value for used in world.ledger.used if used.kind == "return" and used.accepted}
    for one in world.ledger.codes("authorization"):
        issued = world.issued[one.value]
        before = last.get(issued.serial)
        if before == (issued.piid, issued.lines):
            yield f"the same totals for {issued.serial} again"
        elif before is not None and before[0] != issued.piid:
            old = [code for code in world.issued.values() if code.piid == before[0]]
            if not any(code.returned in returned for code in old):
                yield f"a second reservation for {issued.serial}"
        last[issued.serial] = (issued.piid, issued.lines)
