"""The Expressway provider: observes nodes and carries out actions on them, through `Transport`.

Belongs here: which commands an observation asks, how replies become a `NodeObserved`, how an action becomes
one or several commands, and what its replies mean. Does not belong here: parsing (`licence`, `xstatus`),
the texts for a person (`pages`), connections (`transport`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import (
    OutcomeUnknown,
    ProviderError,
    Rejected,
    SecretError,
    Unreachable,
    Unreadable,
    Untrusted,
)
from reconciler.model import (
    UNKNOWN,
    Action,
    Address,
    CodeKind,
    Jump,
    Kind,
    NodeDesired,
    NodeObserved,
    Problem,
    ProblemKind,
    Produced,
    Reply,
    SecretRef,
    SshAccess,
)
from reconciler.ports import Clock, Inputs, SecretSource, Tap

from . import authorization, codes, pages, wire
from .conversation import Once
from .observation import node_observed, second_look
from .wire import Ending, RawReply
from .xstatus import read_smart_config

if TYPE_CHECKING:
    from .transport import HostKey, Login, Transport

SHORTEST_SECRET = 4
"""A shorter one is left in texts: taking out every ``a`` would hide nothing and spoil every message."""

READ_BACK_SECONDS = 10.0
"""How long a node that has said OK may take to show it."""


class ExpresswayProvider:
    """All nodes of a workspace, one connection each, opened when first needed and kept until `close`.

    ``nodes`` may be made up on the spot (``NodeDesired`` with a host and an ``SshAccess``): that is how a
    host that no YAML names yet is looked at. With ``read_only`` only the commands in `wire.READS` are ever
    sent and every action raises Unreachable. Times in seconds.
    """

    def __init__(
        self,
        nodes: Mapping[Address, NodeDesired],
        secrets: SecretSource,
        clock: Clock,
        *,
        read_only: bool,
        connect_timeout: float = 15.0,
        command_timeout: float = 60.0,
    ) -> None:
        self._nodes = dict(nodes)
        self._secrets = secrets
        self._clock = clock
        self._resolved: dict[SecretRef, str] = {}
        self._read_only = read_only
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._opened: Transport | None = None

    @property
    def _transport(self) -> Transport:
        """Made when a node is first spoken to: its SSH library takes a fifth of a second to import."""
        if self._opened is None:
            from .transport import Transport

            self._opened = Transport(
                read_only=self._read_only,
                connect_timeout=self._connect_timeout,
                command_timeout=self._command_timeout,
            )
        return self._opened

    # --- the six questions -----------------------------------------------------------------------------

    def capabilities(self) -> Mapping[Address, frozenset[str]]:
        """What goes over SSH, whether or not this connection may: a plan made with a read-only connection
        says what an apply would carry."""
        kinds: dict[Address, frozenset[str]] = {}
        for address in self._nodes:
            kinds[address] = wire.NODE_KINDS
            kinds[address.parent] = wire.CLUSTER_KINDS
        return kinds

    async def observe(self, address: Address) -> NodeObserved:
        """Everything that one look at the node shows; what could not be read is UNKNOWN and a problem."""
        at = self._clock.now()
        try:
            login = self._login(self._nodes[address])
            replies = await self._transport.read(login, wire.OBSERVE)
            replies |= await self._second_look(login, replies)
        except (ProviderError, SecretError) as error:
            return NodeObserved(address, at, problems=(_problem(error),))
        return node_observed(address, at, replies)

    async def _second_look(self, login: Login, replies: Mapping[str, RawReply]) -> Mapping[str, RawReply]:
        """Replies in the second spelling where the first showed nothing; a part without either is unread."""
        commands = second_look(replies)
        try:
            return await self._transport.read(login, commands) if commands else {}
        except ProviderError:
            return {}

    async def execute(self, action: Action, inputs: Inputs) -> Reply:
        """Carry out one action, once (see `reconciler.ports.Provider`)."""
        if action.kind is Kind.SET_TRANSPORT:
            return await self._set_transport(action, inputs)
        node = self._nodes.get(action.address)
        if node is None or action.kind not in wire.NODE_KINDS:
            raise Unreachable(f"{action.kind} on {action.address} does not go over SSH; nothing was sent")
        return await self._carry_out(action, node, inputs)

    def commands(self, action: Action) -> tuple[str, ...]:
        """What would be typed, in the first spelling, with ``<token>`` or ``<authorization code>`` for it."""
        if action.kind not in wire.NODE_KINDS | wire.CLUSTER_KINDS:
            return ()
        return wire.spellings(action, pages.placeholder(action.kind))[:1]

    def instructions(self, action: Action) -> tuple[str, ...]:
        """What a person would do on the web page of the node (or of the first node of the cluster), and for
        a reservation on its command line."""
        address = action.address
        if action.kind is Kind.SET_TRANSPORT and action.params.get("nodes"):
            address = Address(action.params["nodes"][0])
        node = self._nodes.get(address)
        return pages.instructions(action, node.host if node else None)

    def read_code(self, kind: CodeKind, data: bytes) -> str | None:
        """A reservation code in a whole reply (`codes.read_code`); a token is never printed by a node."""
        return codes.read_code(kind, data)

    async def find_code(self, kind: CodeKind, op_id: str) -> str | None:
        """None: which effect made a code is not shown by a node."""
        del kind, op_id
        return None

    async def host_key(self, address: Address) -> HostKey:
        """The host key that a node offers now, by way of its jump host where it has one; nobody logs in to
        the node itself. Raises Unreachable, Untrusted (jump host), SecretError."""
        return await self._transport.host_key(self._login(self._nodes[address]))

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    # --- logging in ------------------------------------------------------------------------------------

    def _secret(self, ref: SecretRef | None) -> str | None:
        """Resolved when first needed, then kept: a reference may run a command."""
        if ref is None:
            return None
        if ref not in self._resolved:
            self._resolved[ref] = self._secrets.resolve(ref)
        return self._resolved[ref]

    def _login(self, node: NodeDesired) -> Login:
        ssh = node.ssh
        login = self._identity(node.host, ssh, ssh.known_hosts)
        return (
            replace(login, jump=self._identity(ssh.jump.host, ssh.jump, ssh.known_hosts))
            if ssh.jump
            else login
        )

    def _identity(self, host: str, access: SshAccess | Jump, known_hosts: str) -> Login:
        from .transport import Login

        return Login(
            host,
            access.port,
            access.username,
            known_hosts,
            password=self._secret(access.password),
            key=self._secret(access.key),
        )

    # --- carrying out ----------------------------------------------------------------------------------

    async def _carry_out(self, action: Action, node: NodeDesired, inputs: Inputs) -> Reply:
        code = _code(action, inputs)
        self._check(action, node, inputs, code or "")
        try:
            commands = wire.spellings(action, code)
        except ValueError as error:
            raise Unreachable(
                f"{node.host}: {action.kind} holds {error}; it was not sent",
                remedy="take another value: nothing is escaped, for the node's rules are not known",
            ) from None
        try:
            login = self._login(node)
        except SecretError as error:
            raise Untrusted(error.message, remedy=error.remedy) from None
        secrets = [text for text in (*self._resolved.values(), code or "") if len(text) >= SHORTEST_SECRET]
        heard = _Heard(inputs.tap)
        try:
            reply = await self._transport.change(login, commands, heard)
        except ProviderError as error:
            raise type(error)(
                wire.printable(error.message, secrets),
                said=wire.printable(error.said, secrets),
                remedy=error.remedy,
            ) from error
        return _judged(action, node, reply, bytes(heard.data), secrets)

    def _check(self, action: Action, node: NodeDesired, inputs: Inputs, code: str) -> None:
        """Raises Rejected where an authorization code is not what this action needs; nothing is sent."""
        if action.kind is Kind.INSTALL_AUTHORIZATION:
            request = inputs.codes.get(str(action.params.get("request")))
            now = self._clock.now()
            authorization.check_installable(node.host, code, action.params, request, now)
        elif action.kind is Kind.RETURN_AUTHORIZATION:
            authorization.check_returnable(node.host, code, action.params)

    # --- the transport of a cluster --------------------------------------------------------------------

    async def _set_transport(self, action: Action, inputs: Inputs) -> Reply:
        """Set it on the primary, give it time to reach the peers, set it where it did not, read all back.

        ``transport`` is the one setting that is not documented as peer-specific (X15.0 reference), so it
        may replicate, which can take up to a minute; both kinds of release end the same.
        """
        wanted = str(action.params["transport"])
        inputs = replace(inputs, tap=Once(inputs.tap))
        nodes = [self._nodes[Address(address)] for address in action.params["nodes"]]
        lacking = await self._lacking(nodes, wanted)
        sent: list[str] = []
        try:
            if nodes[0] in lacking:
                await self._carry_out(action, nodes[0], inputs)
                sent.append(nodes[0].name)
                lacking = await self._wait_for(nodes, wanted, float(action.params["replication_wait"]))
            for node in lacking:
                await self._carry_out(action, node, inputs)
                sent.append(node.name)
            lacking = await self._wait_for(nodes, wanted, READ_BACK_SECONDS)
        except ProviderError as error:
            if not sent:
                raise
            family = Rejected if isinstance(error, Rejected) else OutcomeUnknown
            done = f"transport {wanted} was set on {', '.join(sent)}"
            raise family(f"{done}; then: {error.message}", said=error.said) from error
        if lacking:
            names = ", ".join(node.name for node in lacking)
            raise Rejected(f"transport {wanted} does not show on {names}, although the nodes said OK")
        return Reply(f"transport {wanted} on every peer" + (f", set on {', '.join(sent)}" if sent else ""))

    async def _lacking(self, nodes: Sequence[NodeDesired], wanted: str) -> list[NodeDesired]:
        """The nodes that show another transport. Raises Unreachable, Untrusted, Unreadable."""
        return [node for node in nodes if await self._transport_of(node) != wanted]

    async def _transport_of(self, node: NodeDesired) -> str:
        replies = await self._transport.read(self._login(node), (wire.SMART_CONFIG,))
        reply = replies.get(wire.SMART_CONFIG)
        shown = read_smart_config(reply.lines).transport if reply else UNKNOWN
        return "" if shown is UNKNOWN else shown

    async def _wait_for(self, nodes: Sequence[NodeDesired], wanted: str, seconds: float) -> list[NodeDesired]:
        """Look again, with growing pauses, until all show it or the time is over."""
        deadline = self._clock.monotonic() + seconds
        pause = 0.5
        lacking = await self._lacking(nodes, wanted)
        while lacking and self._clock.monotonic() < deadline:
            await self._clock.sleep(min(pause, max(0.0, deadline - self._clock.monotonic())))
            pause = min(pause * 2, 10.0)
            lacking = await self._lacking(lacking, wanted)
        return lacking


class _Heard:
    """A tap that also keeps what it hands on: the code is looked for in the bytes as they came."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self.data = bytearray()

    def sending(self) -> None:
        self._tap.sending()

    def received(self, data: bytes) -> None:
        self._tap.received(data)
        self.data += data


def _code(action: Action, inputs: Inputs) -> str | None:
    what = wire.TAKES.get(action.kind)
    if what is None:
        return None
    slot = action.params.get(what)
    code = inputs.codes.get(str(slot), "").strip()
    if not code:
        raise Unreachable(f"no {what} was given for {slot}; nothing was sent")
    return code


def _judged(action: Action, node: NodeDesired, reply: RawReply, data: bytes, secrets: Sequence[str]) -> Reply:
    """What a complete reply means: OK is done, everything else is no. Wording is never interpreted."""
    said = wire.printable(_shown(action, reply.text), secrets)
    if reply.ending is Ending.OK:
        produced = _produced(action, node, data)
        hidden = (*secrets, *(code.value for code in produced))
        return Reply(wire.printable(_shown(action, "\n".join(reply.lines)), hidden), produced)
    if reply.ending is Ending.NOT_RECOGNISED:
        raise Rejected(
            f"{node.host}: this release does not know the command for {action.kind}",
            said=said,
            remedy=pages.instead(action, node.host),
        )
    raise Rejected(f"{node.host}: the node refused {action.kind}: {said or 'ERROR'}", said=said)


def _shown(action: Action, text: str) -> str:
    """The words of a reply that may hold a code, without whatever could be one."""
    return codes.hide_codes(text) if action.kind in wire.PRINTS else text


def _produced(action: Action, node: NodeDesired, data: bytes) -> tuple[Produced, ...]:
    """The code that this action prints; a first install may print none. Raises Unreadable."""
    kind = wire.PRINTS.get(action.kind)
    code = codes.read_code(kind, data) if kind else None
    if kind and code:
        return (Produced(kind, code),)
    optional = action.kind is Kind.INSTALL_AUTHORIZATION and not action.params.get("confirms")
    if kind is None or optional:
        return ()
    raise Unreadable(
        f"{node.host}: the node said OK to {action.kind}, but no {kind.value} code can be read in its reply",
        remedy="every byte of it is kept with this operation: a person may find the code in it",
    )


_KINDS: tuple[tuple[type[Exception], ProblemKind], ...] = (
    (Untrusted, ProblemKind.UNTRUSTED),
    (SecretError, ProblemKind.UNTRUSTED),
    (Unreachable, ProblemKind.UNREACHABLE),
)


def _problem(error: ProviderError | SecretError) -> Problem:
    kind = next((kind for family, kind in _KINDS if isinstance(error, family)), ProblemKind.UNREADABLE)
    return Problem("all", kind, wire.printable(error.message), error.remedy)
