"""One example as it goes on: the engine over the truth, a journal, and what must hold at every moment.

Belongs here: planning, applying, and the checks. Does not belong here: what is drawn (the test).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from providers.lab import books
from providers.lab.nouns import TAGS
from reconciler import model as m
from reconciler.execution import Engine, Providers, plan, run
from reconciler.journal import Verdict, open_journal
from reconciler.rules import RULES
from tests.execution.stand import Heard, NoSecrets

from .carriers import carriers
from .jumping import Clock, JumpingLoop
from .person import Person, meddles
from .truth import LICENCES, NODES, Drawn, Truth, address_of

OVERRIDES = tuple(m.Override(card.id, "meant") for card in RULES if card.level is m.Level.GUARD)
CONVERGES = 5
"""Applies until nothing is left to do: a migration, the longest way, takes five (a reservation or an update
three, a return two)."""


class Story:
    """Everything of one example. Close it."""

    def __init__(self, drawn: Drawn, folder: Path, identity: Path, recipient: str) -> None:
        self._runner = asyncio.Runner(loop_factory=JumpingLoop)
        self.clock = Clock(self._runner.get_loop())
        self.truth = Truth(drawn, self.clock.now())
        self.folder, self.identity, self.recipient = folder, identity, recipient
        self._opens()
        self.heard = Heard()
        self.meddled: set[str] = set()
        self.restored: set[str] = set()
        self.foreign: dict[str, str] = {}
        self._read = 0

    def _opens(self) -> None:
        self.journal = open_journal(
            self.folder,
            workspace="ws1",
            recipients=(self.recipient,),
            identity=self.identity,
            clock=self.clock,
        )
        self.person = Person(self.truth, self.journal)

    def goes_on_at(self, folder: Path) -> None:
        """Another process, on what is in this folder."""
        self.journal.close()
        self.folder = folder
        self._opens()

    def close(self) -> None:
        self.journal.close()
        self._runner.close()

    # What happens.

    @property
    def engine(self) -> Engine:
        nodes, accounts = carriers(self.truth, self.clock.now)
        return Engine(
            self.truth.desired,
            Providers(nodes, dict(accounts)),
            self.journal,
            self.clock,
            self.heard,
            NoSecrets(),
            "1.0",
        )

    def passes(self, seconds: float) -> None:
        """Time goes by, and the world with it."""
        self._runner.run(self.clock.sleep(seconds))
        self.truth.world.catch_up(self.clock.now())

    def plan(self) -> m.Plan:
        """Planned twice from one look: both plans are one."""
        asked = len(self.truth.world.ledger.asked)
        planned = self._runner.run(self._plan())
        assert len(self.truth.world.ledger.asked) == asked, "planning has sent something"
        return planned

    async def _plan(self) -> m.Plan:
        options = m.PlanOptions(overrides=OVERRIDES)
        first = await plan(self.engine, options)
        again = await plan(self.engine, options, first.observation)
        assert first.content_digest == again.content_digest
        assert [item.message for item in first.refusals] == [item.message for item in again.refusals]
        return first

    def apply(self, planned: m.Plan, faults: dict[str, str] | None = None) -> m.RunResult:
        self.truth.faults = faults or {}
        result = self._runner.run(run(self.engine, planned, command="apply"))
        self.truth.faults = {}
        return result

    def meddles(self, act: str, name: str) -> bool:
        """An admin does this; what the journal can never know of is nobody's but theirs."""
        node = self.truth.node(name)
        unknown = not self._ours(node.serial)
        done = meddles(act, self.truth, node)
        if done and act not in ("switch on", "switch off", "take a snapshot"):
            self.meddled.add(name)
        if done and act in ("restore the snapshot", "case"):
            self.restored.add(name)
        if done and act == "request" and unknown:
            self.foreign[name] = node.holding.request or ""
        return done

    def attests(self, account: str) -> None:
        self.person.attests(m.Address.of_account(account), self.clock.now())

    def _ours(self, serial: str) -> bool:
        held = self.journal.held()
        return any(item.serial == serial for item in (*held.requested, *held.resolutions)) or any(
            item.subject == serial for item in (*held.open_effects, *held.codes, *held.waiting)
        )

    # What must hold.

    def check(self) -> None:
        self._conservation()
        self._codes_once()
        self._foreign_untouched()

    def _conservation(self) -> None:
        """An admin who has an instance removed, or puts a snapshot back, breaks the books by that."""
        world = self.truth.world
        found = [
            text
            for text in books.problems(world)
            if not any(text.startswith(f"{name} has ") for name in self.restored)
        ]
        assert found == []

    def _codes_once(self) -> None:
        """A plain request code is the device's identity and never another; a restored node prints codes
        that it has printed before."""
        world = self.truth.world
        forgotten = {self.truth.node(name).serial for name in self.restored}
        for use in books.code_uses(world):
            if use.kind == "request" or any(serial in use.value for serial in forgotten):
                continue
            assert use.used <= 1, f"a {use.kind} code was accepted {use.used} times"

    def _foreign_untouched(self) -> None:
        """Nothing is sent to a node whose state somebody else has made, and nothing asked of CSSM for it."""
        asked = self.truth.world.ledger.asked[self._read :]
        self._read += len(asked)
        for name, request in list(self.foreign.items()):
            node = self.truth.node(name)
            told = [one.text for one in asked if one.where in (name, *_at_cssm(node.serial))]
            assert told == [], f"{told} was sent to {name}, whose request {request} is not ours"
            if node.holding.request != request or self._ours(node.serial):
                del self.foreign[name]

    def settles(self) -> None:
        """With nobody in the way, everything is as it should be after a few applies, or it is said who has
        to do what."""
        for name in NODES:
            if not self.truth.node(name).powered:
                self.meddles("switch on", name)
        told: dict[str, m.ActionOutcome] = {}
        for planned in self.applies_until_nothing_is_left(CONVERGES):
            told = {outcome.action.id: outcome for outcome in self.apply(planned).outcomes}
            self.check()
        planned = self.plan()
        self.passes(100)
        self._only_refused_is_left(planned, told)
        self._nothing_left_unsaid(planned)
        self._as_wanted(planned)

    def applies_until_nothing_is_left(self, most: int) -> Iterator[m.Plan]:
        """The plans that are to be applied, at most so many. Time passes before each, and persons answer."""
        for _ in range(most):
            self.passes(700)
            self.plan()
            self._answer_all()
            planned = self.plan()
            if not planned.runnable:
                return
            yield planned

    def _answer_all(self) -> None:
        """Whoever does what the sheet says brings back what was asked for."""
        for waiting in self.journal.held().waiting:
            if not waiting.done:
                verdict = self.person.answers(waiting)
                if not self._is_meddled(waiting.subject):
                    assert verdict in (None, Verdict.ACCEPTED), f"{waiting.kind}: {verdict}"

    def _is_meddled(self, serial: str) -> bool:
        return any(self.truth.node(name).serial == serial for name in self.meddled)

    def _only_refused_is_left(self, planned: m.Plan, told: dict[str, m.ActionOutcome]) -> None:
        """What a node or CSSM refuses time and again is told each time; only an admin brings that about."""
        left = {action.id for action in planned.runnable}
        for action in planned.runnable:
            if left & set(action.needs):
                continue
            outcome = told.get(action.id)
            failed = outcome is not None and outcome.result is m.Result.FAILED and outcome.text
            assert failed, f"{action.id} is left after {CONVERGES} applies: {outcome}"
            assert self._is_meddled(action.subject), f"{action.id} fails: {outcome and outcome.text}"

    def _nothing_left_unsaid(self, planned: m.Plan) -> None:
        said = set(self._said(planned))
        for change in planned.changes:
            place = change.address
            fits = any(other.covers(place) or place.covers(other) for other in said)
            assert fits, f"{change.id} is left ({change.before} to {change.after}), and nobody says why"

    def _said(self, planned: m.Plan) -> Iterator[m.Address]:
        """Every place of which the plan says that somebody has to do something."""
        for refusal in planned.refusals:
            if refusal.overridden is None:
                yield refusal.address
        for finding in planned.findings:
            if finding.severity is not m.Severity.INFO:
                yield finding.address
        for action in planned.withheld:
            yield m.Address(action.params.get("node", action.address))
        for waiting in self.journal.held().waiting:
            yield m.Address(waiting.params.get("node", waiting.address))
        for effect in self.journal.held().open_effects:
            yield m.Address(effect.params.get("node", effect.address))

    def _as_wanted(self, planned: m.Plan) -> None:
        """A plan that says nothing about a node is right about it."""
        said = set(self._said(planned))
        for name, wish in self.truth.wanted.nodes.items():
            address = address_of(name)
            quiet = not any(place.covers(address) or address.covers(place) for place in said)
            if quiet and name not in self.meddled:
                wanted = self._wish(name)
                assert self._is(wish.serial, name) == wanted, f"{name} is not as the YAML wants it"

    def _wish(self, name: str) -> tuple[object, ...]:
        wanted, cluster = self.truth.wanted, name.partition("/")[0]
        account = self.truth.va(wanted.accounts[cluster]).name
        wish = wanted.nodes[name]
        if wish.retired:
            return (None, None, ())
        if wanted.modes[cluster] == "token":
            return (account, None, ())
        lines = {TAGS[LICENCES[key]]: count for key, count in wish.quantities.items() if count}
        return (None, lines, ((account, lines, None),))

    def _is(self, serial: str, name: str) -> tuple[object, ...]:
        node = self.truth.node(name)
        installed = node.holding.installed
        return (
            node.registration.virtual_account.name if node.registration else None,
            {line.tag: line.quantity for line in installed.lines} if installed else None,
            tuple((va.name, booking.lines, booking.update) for va, _, booking in self.truth.bookings(serial)),
        )


def _at_cssm(serial: str) -> tuple[str, ...]:
    return tuple(f"{account} {serial}" for account in ("emea", "apac"))
