"""A plan as text: what would be done to what, in which order, why, by whom; what would not, and why not.

Belongs here: the blocks by account, cluster and node, and the summary line. Does not belong here: sections
shared with drift (sections), wording (words), counts (summary).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model import UNKNOWN, Action, Address, Change, Desired, NodeObserved, Plan, Purpose
from reconciler.reporting import sections
from reconciler.reporting.clean import clean, one_line
from reconciler.reporting.layout import pad, visible_length, wrap
from reconciler.reporting.sections import Page
from reconciler.reporting.summary import Counts, active, counts, unread
from reconciler.reporting.words import (
    COLORS,
    LEGEND,
    action_symbol,
    action_text,
    carrier_text,
    cause_text,
    change_symbol,
    plural,
    ranges,
    value_text,
)

_KINDS = {"account": 0, "instance": 0, "workspace": 0, "cluster": 1, "node": 1}


def plan_text(
    plan: Plan,
    *,
    desired: Desired | None = None,
    width: int = 120,
    color: bool = False,
    commands: Mapping[str, tuple[str, ...]] | None = None,
    next_command: str | None = None,
) -> str:
    """The whole plan for a person, ending in one summary line and, where given, the command to type next.

    ``commands`` holds what would be sent, by action id, already without secrets. The same plan gives the
    same text.
    """
    return "\n".join(_PlanText(plan, desired, Page(width, color), commands or {}).lines(next_command)) + "\n"


def summary_line(plan: Plan) -> str:
    """``Plan: 5 to do (2 by a person), 1 refused, 1 waiting; 12 of 15 nodes need nothing.``"""
    return _summary(counts(plan))


def _summary(count: Counts) -> str:
    notes = [
        f"{count.by_person} by a person" if count.by_person else "",
        f"{count.irreversible} cannot be undone" if count.irreversible else "",
    ]
    noted = ", ".join(note for note in notes if note)
    parts = [f"{count.to_do:,} to do" + (f" ({noted})" if noted else "")]
    for number, word in (
        (count.held_back, "held back"),
        (count.refused, "refused"),
        (count.overridden, "overridden"),
        (count.waiting, "waiting"),
        (count.unread, "not fully read"),
    ):
        if number:
            parts.append(f"{number:,} {word}")
    if count.findings:
        parts.append(plural(count.findings, "finding"))
    verb = "needs" if count.nodes_untouched == 1 else "need"
    fleet = f"{count.nodes_untouched:,} of {plural(count.nodes_total, 'node')} {verb} nothing"
    return f"Plan: {', '.join(parts)}; {fleet}."


@dataclass(frozen=True, slots=True)
class _PlanText:
    plan: Plan
    desired: Desired | None
    page: Page
    commands: Mapping[str, tuple[str, ...]]

    def lines(self, next_command: str | None) -> list[str]:
        blocks = _Blocks.of(self.plan, self.desired, self.page, self.commands)
        lines = [*self._partial(), *blocks.legend(), *blocks.lines(), *self._sections(), ""]
        if not self.plan.runnable:
            lines += wrap(self._nothing_to_do(), self.page.width)
        else:
            lines += [self.page.ink("bold", summary_line(self.plan))]
        if next_command:
            lines += ["", "Next:", f"  {self.page.ink('bold', one_line(next_command))}"]
        return lines[1:] if lines[0] == "" else lines

    def _partial(self) -> list[str]:
        if not self.plan.partial:
            return []
        limits = ", ".join(one_line(limit) for limit in self.plan.partial)
        text = f"This plan is partial: it looks only at {limits}. The rest of the workspace was not compared."
        return [self.page.ink("yellow", line) for line in wrap(text, self.page.width)]

    def _sections(self) -> list[str]:
        plan, page = self.plan, self.page
        lines: list[str] = []
        for title, body in (
            ("Waiting for a person:", sections.waiting_lines(plan.waiting, page)),
            ("Refused:", sections.refusal_lines(active(plan.refusals), page)),
            ("Refused, and overridden:", sections.overridden_lines(plan.refusals, page)),
            ("Not read:", sections.unread_lines(unread(plan), page)),
            ("Findings:", sections.finding_lines(plan.findings, page)),
            ("Evaluation clocks:", sections.evaluation_lines(plan.evaluation, page)),
        ):
            if body:
                lines += [*page.title(title), *body]
        return lines

    def _nothing_to_do(self) -> str:
        named = [f"{refusal.rule} refuses {refusal.address}" for refusal in active(self.plan.refusals)]
        named += [
            f"hand-off {one_line(item.handoff_id)} waits for {item.address}" for item in self.plan.waiting
        ]
        named += [f"{one.address} was not fully read" for one in unread(self.plan)]
        if not named and not self.plan.changes:
            nodes = plural(self.plan.nodes_total, "node")
            clusters = plural(self.plan.clusters_total, "cluster")
            return f"No changes. {nodes} in {clusters}: all that the YAML asks for is in place."
        shown = "; ".join(named[:5]) + (f"; and {len(named) - 5:,} more" if len(named) > 5 else "")
        return f"No changes can be made now{': ' + shown if shown else ''}.\n{summary_line(self.plan)}"


@dataclass(frozen=True, slots=True)
class _Blocks:
    """What is done and differs, by address. Converged nodes do not appear, so a quiet fleet costs nothing."""

    plan: Plan
    page: Page
    commands: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, int]
    held: Mapping[str, str]
    withheld: frozenset[str]
    names: Mapping[Address, str]
    changes: Mapping[Address, list[Change]]
    actions: Mapping[Address, list[Action]]

    @classmethod
    def of(
        cls, plan: Plan, desired: Desired | None, page: Page, commands: Mapping[str, tuple[str, ...]]
    ) -> _Blocks:
        changes: dict[Address, list[Change]] = defaultdict(list)
        for change in plan.changes:
            changes[change.address].append(change)
        actions: dict[Address, list[Action]] = defaultdict(list)
        for action in (*plan.actions, *plan.withheld):
            actions[action.address].append(action)
        held = {item.action_id: f"{one_line(item.by)}: {one_line(item.text)}" for item in plan.held_back}
        return cls(
            plan=plan,
            page=page,
            commands=commands,
            numbers={action.id: number for number, action in enumerate(plan.runnable, 1)},
            held=held,
            withheld=frozenset(action.id for action in plan.withheld),
            names=_names(plan, desired, changes.keys() | actions.keys()),
            changes=changes,
            actions=actions,
        )

    def legend(self) -> list[str]:
        """Only the symbols that this plan uses."""
        used = {self._mark(action) for actions in self.actions.values() for action in actions}
        used |= {action_symbol(action) for actions in self.actions.values() for action in actions}
        used |= {change_symbol(change) for changes in self.changes.values() for change in changes}
        if not used:
            return []
        lines = ["The actions and differences below are marked with these symbols:"]
        for symbol, color, meaning in LEGEND:
            if symbol in used:
                lines.append(f"  {self.page.ink(color, symbol)}  {meaning}")
        return lines

    def lines(self) -> list[str]:
        lines: list[str] = []
        addresses = self.changes.keys() | self.actions.keys()
        for address in sorted(addresses, key=lambda one: (_KINDS[one.kind], one)):
            facts = self.names.get(address, "")
            header = f"# {address}"
            lines += ["", f"  {self.page.ink('bold', header)}{f'  ({facts})' if facts else ''}"]
            lines += self._changes(self.changes.get(address, []))
            for action in self.actions.get(address, []):
                lines += self._action(action)
        return lines

    def _changes(self, changes: list[Change]) -> list[str]:
        fields = max((len(change.field) for change in changes), default=0)
        befores = max((visible_length(value_text(change.before)) for change in changes), default=0)
        lines: list[str] = []
        for change in changes:
            symbol = change_symbol(change)
            head = f"      {self.page.ink(COLORS[symbol], symbol)} {pad(one_line(change.field), fields)}  "
            cause = cause_text(change)
            note = f"   # {cause}" if cause and cause != "not yet applied" else ""
            text = f"{value_text(change.after)}{self.page.ink('dim', note)}"
            before = pad(value_text(change.before), befores)
            lines += wrap(f"{before} -> {text}", self.page.width, first=head, rest=" " * (fields + 14))
        return lines

    def _mark(self, action: Action) -> str:
        if action.id in self.withheld:
            return "x"
        return "w" if action.id in self.held else action_symbol(action)

    def _action(self, action: Action) -> list[str]:
        size = max(len(str(len(self.numbers))) + 1, 2)
        number = self.numbers.get(action.id)
        mark = self._mark(action)
        step = f"{number}." if number else mark
        symbol = action_symbol(action)
        head = f"      {step.rjust(size)} {self.page.ink(COLORS[symbol], symbol)} "
        if not number:
            head = f"      {self.page.ink(COLORS[mark], step.rjust(size))} {symbol} "
        rest = " " * (size + 9)
        lines = wrap(action_text(action), self.page.width, first=head)
        lines += wrap(self._how(action), self.page.width, first=rest)
        for command in self.commands.get(action.id, ()):
            lines += [f"{rest}| {line}" for line in clean(command, keep="\n").split("\n")]
        return lines

    def _how(self, action: Action) -> str:
        """Carrier, order and reason in one sentence, or what keeps the action from being done."""
        if action.id in self.withheld:
            return self._why_refused(action)
        if action.id in self.held:
            return f"held back by {self.held[action.id]}"
        order = self._order(action)
        undo = "" if action_symbol(action) != "!" else ", CANNOT BE UNDONE"
        return f"{carrier_text(action)}{undo}{f', {order}' if order else ''}; {one_line(action.reason)}"

    def _order(self, action: Action) -> str:
        steps = [self.numbers[each] for each in (*action.needs, *action.after) if each in self.numbers]
        if not steps:
            return ""
        whatever = " whatever comes of them" if action.purpose is Purpose.CLEANUP else ""
        return f"after {'step' if len(steps) == 1 else 'steps'} {ranges(steps)}{whatever}"

    def _why_refused(self, action: Action) -> str:
        for refusal in active(self.plan.refusals):
            concerned = not refusal.kinds or action.kind.value in refusal.kinds
            if concerned and refusal.address.covers(action.address):
                return f"refused by {refusal.rule}, see below; wanted because {one_line(action.reason)}"
        return f"left out with what is refused, see below; wanted because {one_line(action.reason)}"


def _names(plan: Plan, desired: Desired | None, wanted: set[Address]) -> dict[Address, str]:
    """Serial and version of the nodes shown, as far as known: ``0E4D1FA5, X14.3.1``."""
    facts: dict[Address, str] = {}
    if desired is not None:
        for cluster in desired.clusters:
            for node in cluster.nodes:
                if node.serial and node.address in wanted:
                    facts[node.address] = one_line(node.serial)
    for seen in plan.observation.nodes:
        if seen.address in wanted:
            facts[seen.address] = ", ".join(_facts(seen, facts.get(seen.address)))
    return facts


def _facts(seen: NodeObserved, serial: str | None) -> list[str]:
    known = [one_line(seen.serial) if seen.serial is not UNKNOWN else serial]
    known += [one_line(seen.software.version) if seen.software is not UNKNOWN else None]
    return [fact for fact in known if fact]
