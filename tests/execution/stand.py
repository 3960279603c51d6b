"""What the tests of the engine share: a real journal, providers that play a script, and a clock that jumps.

Nothing is patched: the providers implement `ports.Provider`, and what they show is what the test put there.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from reconciler import model as m
from reconciler.errors import ProviderError
from reconciler.execution import Engine, Providers
from reconciler.execution.effects import carry_out
from reconciler.execution.recover import recover
from reconciler.journal import SqliteJournal
from reconciler.ports import Inputs, SecretSource
from tests.journal.bench import E1, EMEA, Clock, Desk
from tests.journal.reserved import SERIAL, UDI

Status = m.RegistrationStatus
Play = Callable[[m.Action, Inputs], m.Reply | Awaitable[m.Reply]]

CLUSTER = m.ClusterDesired(
    address=E1.parent,
    name="ams-edge",
    role=m.Role.EDGE,
    account="emea",
    nodes=(m.NodeDesired(E1, "e1", "e1.example.com", m.SshAccess("admin", 22, "/w/known"), serial=SERIAL),),
    transport=m.Transport(m.TransportMode.DIRECT),
    registration=m.Registration(m.RegistrationMode.RESERVATION),
)
BY_TOKEN = replace(CLUSTER, registration=m.Registration(m.RegistrationMode.TOKEN))
DESIRED = m.Desired(
    "ws1",
    "/w",
    (m.AccountDesired(EMEA, "emea", "Expressway EMEA", m.Manager(m.ManagerKind.CLOUD, "legacy")),),
    (CLUSTER,),
)


def marked(kind: m.CodeKind, value: str) -> bytes:
    """A whole code in an answer, as the scripted providers write it."""
    return f"{{{{{kind.value}|{value}}}}}".encode()


class Scripted:
    """A provider that shows what it was told to show and answers what it was told to answer.

    ``plays`` maps a kind to what happens; ``changes`` is called with the clock before every look.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.shown: dict[m.Address, m.NodeObserved | m.AccountObserved] = {}
        self.plays: dict[m.Kind, Play] = {}
        self.sent: list[tuple[m.Kind, dict[str, str]]] = []
        self.looks: list[m.Address] = []
        self.lists: dict[m.CodeKind, str] = {}
        self.before_look: Callable[[], None] = lambda: None

    def capabilities(self) -> Mapping[m.Address, frozenset[str]]:
        return {}

    async def observe(self, address: m.Address) -> m.NodeObserved | m.AccountObserved:
        self.looks.append(address)
        self.before_look()
        return self.shown[address]

    async def execute(self, action: m.Action, inputs: Inputs) -> m.Reply:
        self.sent.append((action.kind, dict(inputs.codes)))
        reply = self.plays[action.kind](action, inputs)
        return reply if isinstance(reply, m.Reply) else await reply

    def commands(self, action: m.Action) -> tuple[str, ...]:
        return ()

    def instructions(self, action: m.Action) -> tuple[str, ...]:
        return (f"do {action.kind.value}",)

    def read_code(self, kind: m.CodeKind, data: bytes) -> str | None:
        found = re.search(rf"{{{{{kind.value}\|(.*?)}}}}", data.decode(errors="replace"), re.DOTALL)
        return found[1] if found else None

    async def find_code(self, kind: m.CodeKind, op_id: str) -> str | None:
        del op_id
        return self.lists.get(kind)

    async def close(self) -> None:
        return None


@dataclass
class Heard:
    """A reporter that remembers."""

    texts: list[str] = field(default_factory=list)
    outcomes: list[m.ActionOutcome] = field(default_factory=list)

    def observing(self, total: int) -> None: ...

    def observed(self, address: m.Address, ok: bool) -> None: ...

    def starting(self, action: m.Action) -> None: ...

    def progress(self, action: m.Action, text: str) -> None:
        self.texts.append(text)

    def finished(self, outcome: m.ActionOutcome) -> None:
        self.outcomes.append(outcome)

    def note(self, text: str) -> None:
        self.texts.append(text)


class NoSecrets:
    def resolve(self, ref: m.SecretRef) -> str:
        raise AssertionError(f"{ref} was asked for")


class Stand:
    """One node, one account, one journal, and the engine over them."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.clock = desk.clock
        self.journal: SqliteJournal = desk.open()
        self.node, self.account = Scripted(self.clock), Scripted(self.clock)
        self.heard = Heard()
        self.desired = DESIRED
        self.secrets: SecretSource = NoSecrets()
        self.shows(Status.UNREGISTERED)
        self.lists()

    @property
    def engine(self) -> Engine:
        if not hasattr(self, "_engine"):
            providers = Providers(self.node, {EMEA: self.account})
            self._engine = Engine(
                self.desired, providers, self.journal, self.clock, self.heard, self.secrets, "1.0"
            )
        return self._engine

    def shows(self, status: m.Maybe[m.RegistrationStatus], **licence: Any) -> None:
        """What the node prints from now on."""
        now = self.clock.now()
        block = m.Licence(enabled=True, registration=status, udi=UDI, **licence)
        self.node.shown[E1] = m.NodeObserved(E1, now, serial=SERIAL, licence=block)

    def lists(self, *instances: m.Instance, known: bool = True, problem: str | None = None) -> None:
        """What the account lists from now on; nothing at all where it is not ``known``."""
        problems = (m.Problem("all", m.ProblemKind.UNREACHABLE, problem),) if problem else ()
        self.account.shown[EMEA] = m.AccountObserved(
            EMEA,
            self.clock.now(),
            instances=instances if known and not problem else m.UNKNOWN,
            problems=problems,
        )

    def plays(self, kind: m.Kind, play: Play) -> None:
        provider = self.account if kind.value.startswith("account.") else self.node
        provider.plays[kind] = play

    def begin(self) -> str:
        run_id = self.journal.begin_run("apply", None, None)
        self.journal.lease((E1.parent, EMEA), run_id)
        return run_id

    async def carry_out(self, action: m.Action, run_id: str | None = None) -> m.ActionOutcome:
        """One action in a run of its own, or in that one."""
        mine = run_id or self.begin()
        try:
            return await carry_out(self.engine, mine, action, {})
        finally:
            if run_id is None:
                self.journal.release(mine)
                self.journal.end_run(mine, "finished")

    async def later(self, **passed: float) -> None:
        """Another run looks at what is open, after this much time."""
        self.clock.time += timedelta(**passed)
        await recover(self.engine, await self.observation())

    async def observation(self) -> m.Observation:
        node, account = await self.node.observe(E1), await self.account.observe(EMEA)
        assert isinstance(node, m.NodeObserved)
        assert isinstance(account, m.AccountObserved)
        return m.Observation(self.clock.now(), (node,), (account,))

    def left_open(self, action: m.Action, received: bytes | None = None) -> str:
        """What a run leaves that dies after it has sent this; its op id."""
        effect = self.journal.intent("run-dead", action)
        effect.sending()
        if received is not None:
            effect.received(received)
        return effect.op_id

    def op(self, op_id: str | None = None) -> tuple[str, str]:
        """State and text of this operation, or of the last one."""
        found = self.journal.operations(all=True)
        operation = self.journal.operation(op_id) if op_id is not None else found[-1]
        return operation.effect.state.value, operation.text

    @property
    def is_open(self) -> bool:
        return bool(self.journal.held().open_effects)

    def slots(self) -> set[str]:
        return {code.slot for code in self.journal.held().codes}


def answers(*codes: tuple[m.CodeKind, str], text: str = "OK", then: Callable[[], None] | None = None) -> Play:
    """A complete answer with these codes in it; what it changes shows from then on."""

    def play(_: m.Action, inputs: Inputs) -> m.Reply:
        inputs.tap.sending()
        inputs.tap.received(b"".join(marked(kind, value) for kind, value in codes) or text.encode())
        if then is not None:
            then()
        return m.Reply(text, tuple(m.Produced(kind, value) for kind, value in codes))

    return play


def breaks(
    error: ProviderError, received: bytes | None = None, then: Callable[[], None] | None = None
) -> Play:
    """No complete answer: this much came, and then this."""

    def play(_: m.Action, inputs: Inputs) -> m.Reply:
        inputs.tap.sending()
        if received is not None:
            inputs.tap.received(received)
        if then is not None:
            then()
        raise error

    return play


def instance(
    *lines: m.ReservedLine, reserved: bool = True, serial: str | None = SERIAL, **fields: Any
) -> m.Instance:
    """The node as the account lists it."""
    return m.Instance("e1", serial=serial, reserved=lines if reserved else m.UNKNOWN, **fields)
