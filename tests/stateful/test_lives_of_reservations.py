"""Lives of reservations that nobody thought of: random wishes, carriers, admins and lost answers.

The engine, the planner and the journal are the real ones; the truth is the lab's world. An example goes on
for some steps; at each of them licences are conserved, no device is reserved twice, no code is accepted
twice, and what is somebody else's stays theirs. In the end, and in between, everything settles.

The long programme lives more of them, and longer.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from providers.lab import snapshots
from reconciler.journal import keys
from tests.torture.programme import SHARE, cases, done_before
from tests.torture.table import Row, add

from .carriers import FRAGILE
from .person import ACTS
from .story import Story
from .truth import ACCOUNTS, CLUSTERS, NODES, PROFILES, Drawn

PART = 50
"""Examples in one part, so that parts can be lived side by side."""
_FIRST = done_before(2_000) // PART
PARTS = range(_FIRST, _FIRST - (-cases(100, 2_000) // PART))
STEPS = 80 if SHARE else 30

DIALECT = st.fixed_dictionaries(
    {
        "request_code": st.sampled_from(["plain", "compact"]),
        "request_again": st.sampled_from(["same", "new"]),
        "stale_request": st.sampled_from(["accepted", "refused"]),
        "install_again": st.sampled_from(["reprinted", "refused"]),
        "first_confirmation": st.sampled_from(["printed", "omitted"]),
        "return_again": st.sampled_from(["refused", "reprinted"]),
        "return_authorization": st.sampled_from(["after-cancel", "any-time"]),
        "restart": st.sampled_from(["keeps-request", "drops-request"]),
        "register_while_enabled": st.sampled_from(["refused", "accepted"]),
    }
)
DRAWN = st.builds(
    Drawn,
    pools=st.tuples(*[st.sampled_from([40, 40, 40, 8, 4])] * 4),
    profiles=st.tuples(st.sampled_from(PROFILES), st.sampled_from(PROFILES)),
    shown=st.sampled_from(["lines", "lines", "usage", "absent"]),
    pending_shown=st.sampled_from(["yes", "no"]),
    removal_seconds=st.sampled_from([0.0, 45.0]),
    switch_shown=st.booleans(),
    totals_printed=st.booleans(),
    udi=st.sampled_from(["uuid", "serial"]),
    settled=st.booleans(),
    dialect=DIALECT.map(lambda chosen: tuple(chosen.items())),
)
NAMES = st.sampled_from(list(NODES))
FAULTS = st.dictionaries(
    st.sampled_from(sorted(FRAGILE)),
    st.sampled_from(["before", "after", "told", "late", "away"]),
    min_size=1,
    max_size=3,
)


class Lives(RuleBasedStateMachine):
    """Steps that anybody may take, in any order."""

    root: ClassVar[Path]
    recipient: ClassVar[str]
    numbers: ClassVar[itertools.count[int]]
    counted: ClassVar[Row]

    @initialize(drawn=DRAWN)
    def begins(self, drawn: Drawn) -> None:
        self.ended = False
        folder = self.root / f"example-{next(self.numbers)}"
        self.story = Story(drawn, folder, self.root / "identity.txt", self.recipient)
        if drawn.settled:
            self.story.settles()

    # The YAML.

    @rule(name=NAMES, rms=st.integers(0, 4), desktop=st.integers(1, 4))
    def wants_quantities(self, name: str, rms: int, desktop: int) -> None:
        self.story.truth.wanted.nodes[name].quantities = {"rms": rms, "desktop": desktop}

    @rule(name=NAMES)
    def retires_or_wants_again(self, name: str) -> None:
        wish = self.story.truth.wanted.nodes[name]
        wish.retired = not wish.retired

    @rule(cluster=st.sampled_from(CLUSTERS), what=st.sampled_from(["mode", "account"]))
    def migrates(self, cluster: str, what: str) -> None:
        wanted = self.story.truth.wanted
        if what == "mode":
            wanted.modes[cluster] = "token" if wanted.modes[cluster] == "reservation" else "reservation"
        else:
            wanted.accounts[cluster] = "apac" if wanted.accounts[cluster] == "emea" else "emea"

    @rule(name=NAMES)
    def is_replaced(self, name: str) -> None:
        """The machine has died, and another one stands in its place."""
        story = self.story
        wish, serial = story.truth.wanted.nodes[name], f"0E4D2{next(self.numbers):03X}"
        snapshots.rebuild(story.truth.world, story.truth.node(name), serial)
        wish.serial, wish.replaces = serial, wish.serial
        story.foreign.pop(name, None)

    # Runs.

    @rule()
    def applies(self) -> None:
        self.story.apply(self.story.plan())

    @rule(faults=FAULTS)
    def applies_and_answers_are_lost(self, faults: dict[str, str]) -> None:
        """By kind of action, what goes wrong with every one of them in this run."""
        self.counted.faults += len(faults)
        self.story.apply(self.story.plan(), faults)

    @rule()
    def another_process_goes_on(self) -> None:
        self.story.goes_on_at(self.story.folder)

    @rule()
    def settles(self) -> None:
        self.story.settles()

    # Persons.

    @precondition(lambda self: not self.ended and self.story.journal.held().waiting)
    @rule(number=st.integers(0, 5), silent=st.booleans())
    def a_hand_off_is_worked_off(self, number: int, silent: bool) -> None:
        open_ones = [item for item in self.story.journal.held().waiting if not item.done]
        if open_ones:
            waiting = open_ones[number % len(open_ones)]
            if silent:
                self.story.person.does_silently(waiting)
            else:
                self.story.person.answers(waiting)

    @rule(name=NAMES, act=st.sampled_from(list(ACTS)))
    def an_admin_meddles(self, name: str, act: str) -> None:
        self.story.meddles(act, name)

    @rule(account=st.sampled_from(list(ACCOUNTS)))
    def somebody_attests(self, account: str) -> None:
        self.story.attests(account)

    @rule(seconds=st.sampled_from([60, 900, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.story.passes(seconds)

    # Always.

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "story"):
            self.story.passes(1)
            self.story.check()

    def teardown(self) -> None:
        self.ended = True
        if hasattr(self, "story"):
            self.counted.cases += 1
            given = self.story.truth.world.ledger.given
            self.counted.printed += len({(one.kind, one.value) for one in given})
            self.story.close()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", PARTS)
def test_whatever_happens_licences_are_conserved_and_everything_settles(tmp_path: Path, part: int) -> None:
    class Here(Lives):
        root = tmp_path
        recipient = keys.init_identity(tmp_path / "identity.txt")
        numbers = itertools.count(1)
        counted = Row("S1")

    run_state_machine_as_test(
        seed(part)(Here),
        settings=settings(
            max_examples=PART,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    add(Here.counted)
