"""``casefile``: one node's story for Cisco licensing, as Markdown.

Belongs here: gathering the facts and writing them down. Which facts make a case is in `diagnosis.casefile`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import __version__
from reconciler.errors import Exit, UsageError
from reconciler.model import Carrier, Desired, Observation

from .compose import engine, load_workspace, opened_journal
from .files import PRIVATE, write_whole
from .lazy import command
from .making import awaited
from .options import Common, common
from .progress import reporter
from .saved import read_observation

if TYPE_CHECKING:
    from reconciler.diagnosis.casefile import CaseFile, Facts, Reply, Step
    from reconciler.journal import Operation, SqliteJournal
    from reconciler.model import Action, NodeDesired


@command(
    "casefile",
    examples=[
        "xlicense casefile op-3f2a91 -o case.md",
        "xlicense casefile 0E4D3C01 --observation now.json -o case.md",
        'xlicense casefile op-3f2a91 --with-raw --reason "SR 698123456" -o case.md',
    ],
)
@click.argument("subject", metavar="OP|SERIAL")
@click.option("-o", "--out", metavar="FILE", type=click.Path(path_type=Path), help="Write it here.")
@click.option(
    "--observation", "saved", metavar="FILE", type=click.Path(path_type=Path),
    help="What both sides say, from `xlicense observe -o FILE`.",
)  # fmt: skip
@click.option("--with-raw", is_flag=True, help="The bytes received too: they may hold codes. Needs --reason.")
@click.option("--reason", metavar="TEXT", help="Why the bytes are shown; kept in the journal.")
@common("workspace")
def casefile_command(
    common: Common, subject: str, out: Path | None, saved: Path | None, with_raw: bool, reason: str | None
) -> Exit:
    """Write down what Cisco licensing needs to help with one node: identity, accounts, steps, replies.

    It is made from the journal and, where given, a saved observation; nothing is sent. Replies are named by
    size; --with-raw puts them in, where they are readable here, and then the file is to be kept as a code is.
    """
    if with_raw and not (reason or "").strip():
        raise UsageError("--with-raw shows what may be codes, so it needs a --reason")
    desired = load_workspace(common).desired
    observation = read_observation(saved, desired) if saved is not None else None
    facts = _facts(common, desired, subject, observation, reason if with_raw else None)
    from reconciler.diagnosis.casefile import case_file

    text = markdown(case_file(facts))
    if out is None:
        common.console.result(text)
    else:
        write_whole(out, text, mode=PRIVATE)
        common.console.note(f"written to {out}")
    return Exit.OK


def _facts(
    common: Common, desired: Desired, subject: str, observation: Observation | None, reason: str | None
) -> Facts:
    from reconciler.diagnosis.casefile import Facts
    from reconciler.execution import SystemClock

    clock = SystemClock()
    with opened_journal(desired, clock) as journal:
        serial = _serial(journal, desired, subject)
        known = [one for one in journal.operations(all=True) if _is(one.effect.subject, serial)]
        held = journal.held()
        handoffs = tuple(one for one in journal.handoffs(all=True) if _is(one.subject, serial))
        codes = tuple(one for one in journal.codes(all=True) if _is(one.subject, serial))
        replies = [_replies(journal, one, reason) for one in known]
    sent = awaited(_sent(common, desired, [one.action for one in known]))
    node = _node(desired, serial, known)
    named = desired.accounts_of([desired.cluster_of(node.address)]) if node is not None else {serial}
    return Facts(
        at=clock.now(),
        tool_version=__version__,
        subject=serial,
        node=node,
        accounts=tuple(account for account in desired.accounts if account.name in named),
        steps=tuple(map(_step, known, sent, replies)),
        held=held,
        codes=codes,
        handoffs=handoffs,
        observation=observation,
    )


def _is(one: str, other: str) -> bool:
    return one.upper() == other.upper()


def _serial(journal: SqliteJournal, desired: Desired, subject: str) -> str:
    """The serial, or account, that an operation or the given text is about. Raises UsageError."""
    if subject.startswith("op-"):
        return journal.operation(subject).effect.subject
    named = [node.serial for cluster in desired.clusters for node in cluster.nodes if node.serial]
    told = [one.effect.subject for one in journal.operations(all=True)]
    told += [one.subject for one in journal.handoffs(all=True)]
    told += [one.subject for one in journal.codes(all=True)]
    for known in (*named, *told):
        if _is(known, subject):
            return known
    raise UsageError(f"neither the YAML nor the journal knows {subject!r}", remedy="xlicense op list --all")


def _node(desired: Desired, serial: str, known: Sequence[Operation]) -> NodeDesired | None:
    """By its serial, else by the address that an effect of this serial had."""
    nodes = [node for cluster in desired.clusters for node in cluster.nodes]
    addresses = {one.effect.address for one in known}
    by_serial = [node for node in nodes if node.serial is not None and _is(node.serial, serial)]
    return next(iter([*by_serial, *(node for node in nodes if node.address in addresses)]), None)


def _step(known: Operation, commands: tuple[str, ...], replies: tuple[Reply, ...]) -> Step:
    from reconciler.diagnosis.casefile import Step

    events = tuple((event.at, event.kind, event.text) for event in known.events)
    return Step(known.effect, known.action, known.open, known.text, events, commands, replies)


def _replies(journal: SqliteJournal, known: Operation, reason: str | None) -> tuple[Reply, ...]:
    from reconciler.diagnosis.casefile import Reply

    if reason is None:
        return tuple(Reply(one.at, one.size) for one in journal.replies(known.effect.op_id))
    shown = journal.reveal_replies(known.effect.op_id, reason)
    return tuple(Reply(one.at, one.size, one.data, "not readable here") for one in shown)


async def _sent(common: Common, desired: Desired, actions: Sequence[Action]) -> list[tuple[str, ...]]:
    """What is sent for each action, and nothing where a person, or an account that is gone, carried it."""
    with reporter(common.console) as story:
        async with engine(common, desired, story, read_only=True) as running:
            providers = [
                None if action.carrier is Carrier.PERSON else running.providers.find(action.address)
                for action in actions
            ]
            pairs = zip(providers, actions, strict=True)
            return [() if provider is None else provider.commands(action) for provider, action in pairs]


def markdown(case: CaseFile) -> str:
    """Foreign text in code spans and fences only, so that nothing a node prints becomes markup."""
    from reconciler.reporting.clean import markdown_text

    return "\n".join((f"# {markdown_text(case.title)}", *_sections(case))) + "\n"


def _sections(case: CaseFile) -> Iterator[str]:
    from reconciler.reporting.clean import markdown_code, markdown_fence, markdown_text

    for section in case.sections:
        yield f"\n## {markdown_text(section.title)}\n"
        yield from (f"{markdown_text(line)}\n" for line in section.lines)
        if section.rows:
            yield "| fact | value |\n| --- | --- |"
        yield from (f"| {markdown_text(name)} | {markdown_code(value)} |" for name, value in section.rows)
        for title, text in section.blocks:
            yield f"\n{markdown_text(title)}:\n\n{markdown_fence(text)}"
