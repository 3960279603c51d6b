"""What Cisco licensing needs to know of one node: who it is, what was sent, what came, what both sides say.

Belongs here: which facts make a case, and their order. Does not belong here: Markdown (cli), opening the
journal. No value of a code is in a case file but in the raw replies, and those only where they were asked
for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    Action,
    EffectState,
    HeldCode,
    HeldState,
    Instance,
    NodeDesired,
    NodeObserved,
    Observation,
    OpenEffect,
    Reserved,
    Waiting,
    udi_parts,
)

Row = tuple[str, str]

_HIDDEN = "not in this file (--with-raw)"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back in one piece. ``size`` is in bytes, as received or, where it was not opened, as sealed.

    ``data`` is None where the bytes were not asked for or are not readable here; ``why`` says which.
    """

    at: datetime
    size: int
    data: bytes | None = None
    why: str = _HIDDEN


@dataclass(frozen=True, slots=True)
class Step:
    """One effect: ``commands`` as they are sent, codes by their names; ``events`` are (time, what, text)."""

    effect: OpenEffect
    action: Action
    open: bool
    text: str
    events: tuple[tuple[datetime, str, str], ...] = ()
    commands: tuple[str, ...] = ()
    replies: tuple[Reply, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a case is made of. ``node`` is None where the YAML does not name the serial any more."""

    at: datetime
    tool_version: str
    subject: str
    node: NodeDesired | None
    accounts: tuple[AccountDesired, ...]
    steps: tuple[Step, ...]
    held: HeldState
    codes: tuple[HeldCode, ...] = ()
    handoffs: tuple[Waiting, ...] = ()
    observation: Observation | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with facts in rows, sentences below, and blocks that stand as they came: (title, text)."""

    title: str
    rows: tuple[Row, ...] = ()
    lines: tuple[str, ...] = ()
    blocks: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseFile:
    title: str
    sections: tuple[Section, ...]


def case_file(facts: Facts) -> CaseFile:
    """The case of one serial (or account, for a token): the same facts always give the same file."""
    sections = (
        _who(facts),
        _question(facts),
        *(_step(number, step) for number, step in enumerate(facts.steps, 1)),
        _handoffs(facts.handoffs),
        _codes(facts.codes),
        _node_says(facts),
        _account_says(facts),
        _journal_says(facts),
    )
    return CaseFile(f"Case file for Cisco licensing: {facts.subject}", tuple(s for s in sections if s))


def _section(title: str, rows: Sequence[Row] = (), lines: Sequence[str] = ()) -> Section | None:
    return Section(title, tuple(rows), tuple(lines)) if rows or lines else None


def _when(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _said(value: Any) -> str:
    if value is UNKNOWN:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None or value == () else str(getattr(value, "value", value))


# Who


def _who(facts: Facts) -> Section:
    udi = _udi(facts)
    seen = _seen_node(facts)
    rows = [("serial", facts.subject), ("UDI", udi or "not known: the node prints it with its licence state")]
    if udi:
        rows += [(f"UDI {key}", value) for key, value in udi_parts(udi).items()]
    if facts.node is not None:
        rows += [("node", facts.node.address), ("host", facts.node.host)]
    if seen is not None and seen.software is not UNKNOWN:
        rows.append(("software", seen.software.version))
    for account in facts.accounts:
        rows += _account(account)
    made = ("written", f"{_when(facts.at)} by xlicense {facts.tool_version}")
    return Section("The product instance", (*rows, made))


def _account(account: AccountDesired) -> Iterator[Row]:
    yield "account", account.name
    if account.smart_account is not None:
        yield "smart account", account.smart_account
    if account.local_account is not None:
        yield "On-Prem local account", account.local_account
    yield "virtual account", account.virtual_account
    yield "manager", " ".join(filter(None, (account.manager.kind.value, account.manager.base_url)))


def _udi(facts: Facts) -> str | None:
    """As the node printed it last, else as a code, a hand-off or an effect named it."""
    seen = _seen_node(facts)
    printed = seen.licence.udi if seen is not None and seen.licence is not UNKNOWN else None
    codes = [code.authorization.udi for code in facts.codes if code.authorization is not None]
    params = [item.params for item in facts.handoffs] + [step.action.params for step in facts.steps]
    named = [given.get("udi") for given in params]
    reserved = _reserved(facts)
    found = [printed, reserved.udi if reserved else None, *reversed(codes), *reversed(named)]
    return next((udi for udi in found if isinstance(udi, str) and udi), None)


def _question(facts: Facts) -> Section:
    """What the reader is asked, first: the rest is evidence."""
    lines = [_doubt(step, facts.steps[number:]) for number, step in enumerate(facts.steps, 1) if step.open]
    if not lines:
        lines.append("Every step below has an end; none is in doubt on our side.")
    return Section("In short", lines=tuple(lines))


def _doubt(step: Step, later: Sequence[Step]) -> str:
    """What is not known of a step without an end, and whether anything was sent after it."""
    began = f"{step.effect.kind} ({step.effect.op_id}) was started {_when(step.effect.started)}"
    if step.effect.state is EffectState.INTENT:
        return f"{began} and not sent."
    more = "" if later else " Nothing has been sent for it since."
    return (
        f"{began} and its outcome is not known ({step.effect.state.value}): it may have been carried out, "
        f"and a code that it gave may not have reached us.{more}"
    )


# What was done


def _step(number: int, step: Step) -> Section:
    effect = step.effect
    state = f"{effect.state.value}{', without an end' if step.open else ''}"
    rows = [
        ("operation", effect.op_id),
        ("at", effect.address),
        ("started", _when(effect.started)),
        ("state", state + (f": {step.text}" if step.text else "")),
        *((name, _said(value)) for name, value in sorted(step.action.params.items())),
        *((f"{what}, {_when(at)}", text or "-") for at, what, text in step.events),
        *((f"reply of {_when(reply.at)}", _size(reply)) for reply in step.replies),
    ]
    blocks = [("What was sent (codes by their names)", "\n".join(step.commands))] if step.commands else []
    blocks += [
        (f"Received {_when(reply.at)}", reply.data.decode("utf-8", "backslashreplace"))
        for reply in step.replies
        if reply.data is not None
    ]
    return Section(f"Step {number}: {effect.kind}", tuple(rows), blocks=tuple(blocks))


def _size(reply: Reply) -> str:
    return f"{reply.size} bytes" + ("" if reply.data is not None else f", {reply.why}")


def _handoffs(handoffs: Sequence[Waiting]) -> Section | None:
    rows = [
        (
            item.handoff_id,
            f"{item.kind}, given to a person {_when(item.since)}"
            + (f", ticket {item.ticket}" if item.ticket else "")
            + (", said to be done" if item.done else ""),
        )
        for item in handoffs
    ]
    return _section("What a person was asked to do", rows)


def _codes(codes: Sequence[HeldCode]) -> Section | None:
    rows = [
        (
            code.code_id,
            f"{code.kind.value} code of {_when(code.made_at)}"
            + (", brought by a person" if code.from_person else "")
            + ("" if code.readable else ", not readable on this machine"),
        )
        for code in codes
    ]
    return _section("Codes on record (their values are not in this file)", rows)


# What both sides say


def _seen_node(facts: Facts) -> NodeObserved | None:
    if facts.observation is None or facts.node is None:
        return None
    return next((node for node in facts.observation.nodes if node.address == facts.node.address), None)


def _node_says(facts: Facts) -> Section | None:
    title = "What the node says"
    node = _seen_node(facts)
    if node is None:
        return _section(title, lines=["It was not read for this file (--observation FILE)."])
    rows = [("read", _when(node.at)), ("serial", _said(node.serial))]
    if node.licence is not UNKNOWN:
        told = node.licence
        rows += [
            ("registration", told.registration_text or _said(told.registration)),
            ("authorization", told.authorization_text or _said(told.authorization)),
            ("smart account", _said(told.smart_account)),
            ("virtual account", _said(told.virtual_account)),
            ("reservation switched on", _said(told.reservation_enabled)),
            ("reserved", _lines(told.reserved)),
            ("last failure", _said(told.failure)),
        ]
    return _section(title, rows, [f"Not read: {p.part}: {p.message}" for p in node.problems])


def _lines(lines: Any) -> str:
    if lines is UNKNOWN or not lines:
        return _said(lines)
    return "; ".join(f"{line.quantity} {line.name or line.tag}" for line in lines)


def _account_says(facts: Facts) -> Section | None:
    read = facts.observation.accounts if facts.observation else ()
    wanted = {account.address for account in facts.accounts}
    rows: list[Row] = []
    for account in (account for account in read if account.address in wanted):
        mine = () if account.instances is UNKNOWN else account.instances
        found = [item for item in mine if (item.serial or "").upper() == facts.subject.upper()]
        rows += [(f"{account.address}, read", _when(account.at))]
        rows += [(f"{account.address}, instance", _instance(item)) for item in found]
        if not found:
            seen = "not known" if account.instances is UNKNOWN else "none with this serial"
            rows.append((f"{account.address}, instance", seen))
    for attested in (item for item in facts.held.attested if item.account in wanted):
        found = [item for item in attested.instances if (item.serial or "").upper() == facts.subject.upper()]
        seen_by = f"{attested.account}, seen by {attested.by} {_when(attested.at)}"
        rows += [(seen_by, _instance(item)) for item in found] or [(seen_by, "none with this serial")]
    lines = [] if rows else ["It was not read for this file (--observation FILE)."]
    return _section("What CSSM says", rows, lines)


def _instance(item: Instance) -> str:
    status = f", {item.status}" if item.status else ""
    uuid = f", UUID {item.uuid}" if item.uuid else ""
    return f"{item.name}{uuid}{status}; reserved: {_lines(item.reserved)}"


def _reserved(facts: Facts) -> Reserved | None:
    found = (item for item in facts.held.reserved if item.serial.upper() == facts.subject.upper())
    return next(found, None)


def _journal_says(facts: Facts) -> Section | None:
    reserved = _reserved(facts)
    rows: list[Row] = []
    if reserved is not None:
        rows += [
            ("reservation", f"{reserved.state.value} since {_when(reserved.at)}"),
            ("totals of the last code", _lines(reserved.lines)),
            ("totals before it", _lines(reserved.before)),
        ]
    requested = [item for item in facts.held.requested if item.serial.upper() == facts.subject.upper()]
    rows += [("request code", f"asked for {_when(item.at)}, not ended") for item in requested]
    mine = [fact for fact in facts.held.verified if facts.node and fact.address == facts.node.address]
    rows += [(f"{fact.field}, seen {_when(fact.at)}", _said(fact.value)) for fact in mine]
    return _section("What our own record says", rows)
