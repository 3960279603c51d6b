"""The blocks of a plan's text: by account, cluster and node what differs, and the steps that settle it.

Belongs here: legend, blocks and steps. Does not belong here: what is noticed beside them (sections) and the
summary (plan). Converged nodes do not appear, so a quiet fleet costs nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from reconciler.model import (
    UNKNOWN,
    WORKSPACE,
    Action,
    Address,
    Change,
    Desired,
    HeldBack,
    Plan,
    Purpose,
    Refusal,
)
from reconciler.reporting.clean import clean, one_line
from reconciler.reporting.differences import change_lines, header_line, node_facts, reading_order
from reconciler.reporting.layout import wrap
from reconciler.reporting.sections import Page
from reconciler.reporting.summary import active
from reconciler.reporting.words import (
    COLORS,
    LEGEND,
    action_symbol,
    action_text,
    carrier_text,
    change_symbol,
    irreversible,
    ranges,
)


@dataclass(frozen=True, slots=True)
class Blocks:
    """What differs and what is done about it, gathered by address.

    ``numbers`` are the steps of an apply, by action id; ``held`` says what holds an action back and
    ``handoffs`` which of that are hand-offs; ``refusals`` are those that hold, by scope; ``settled`` are the
    changes that some action takes care of.
    """

    page: Page
    commands: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, int]
    held: Mapping[str, HeldBack]
    named: Mapping[str, Action]
    handoffs: frozenset[str]
    withheld: frozenset[str]
    refusals: Mapping[Address, list[Refusal]]
    settled: frozenset[str]
    facts: Mapping[Address, str]
    changes: Mapping[Address, list[Change]]
    actions: Mapping[Address, list[Action]]

    @classmethod
    def of(
        cls, plan: Plan, desired: Desired | None, page: Page, commands: Mapping[str, tuple[str, ...]]
    ) -> Blocks:
        every = (*plan.actions, *plan.withheld)
        changes, actions = _grouped(plan.changes), _grouped(every)
        held = {item.action_id: item for item in plan.held_back}
        return cls(
            page=page,
            commands=commands,
            numbers={action.id: number for number, action in enumerate(plan.runnable, 1)},
            held=held,
            named={action.id: action for action in every},
            handoffs=frozenset(item.handoff_id for item in plan.waiting),
            withheld=frozenset(action.id for action in plan.withheld),
            refusals=_grouped(active(plan.refusals)),
            settled=frozenset(change for action in every for change in action.settles),
            facts=node_facts(plan, desired, changes.keys() | actions.keys()),
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
        for address in sorted(addresses, key=reading_order):
            lines += ["", header_line(address, self.facts.get(address, ""), self.page)]
            lines += change_lines(self.changes.get(address, []), self.page)
            lines += self._nobody(address)
            for action in self.actions.get(address, []):
                lines += self._action(action)
        return lines

    def _nobody(self, address: Address) -> list[str]:
        """Says so where something differs and no action, here or for the whole cluster, takes care of it."""
        if self.actions.get(address):
            return []
        known = [change for change in self.changes.get(address, []) if change.before is not UNKNOWN]
        if all(change.id in self.settled for change in known):
            return []
        return ["      (nothing is planned for this; see below why)"]

    def _mark(self, action: Action) -> str:
        if action.id in self.withheld:
            return "x"
        return "w" if action.id in self.held else action_symbol(action)

    def _action(self, action: Action) -> list[str]:
        size = max(len(f"{len(self.numbers)}."), 2)
        rest = " " * (size + 9)
        lines = wrap(action_text(action), self.page.width, first=self._head(action, size))
        lines += wrap(self._how(action), self.page.width, first=rest)
        for command in self.commands.get(action.id, ()):
            lines += [f"{rest}| {line}" for line in clean(command, keep="\n").split("\n")]
        return lines

    def _head(self, action: Action, size: int) -> str:
        """``12. + `` for a step, `` w + `` and `` x + `` for what is no step now."""
        number, mark, symbol = self.numbers.get(action.id), self._mark(action), action_symbol(action)
        if number:
            return f"      {f'{number}.'.rjust(size)} {self.page.ink(COLORS[symbol], symbol)} "
        return f"      {self.page.ink(COLORS[mark], mark.rjust(size))} {symbol} "

    def _how(self, action: Action) -> str:
        """Carrier, order and reason in one sentence, or what keeps the action from being done."""
        if action.id in self.withheld:
            return self._why_refused(action)
        if action.id in self.held:
            return self._why_held(action)
        parts = [
            carrier_text(action),
            "CANNOT BE UNDONE" if irreversible(action) else "",
            self._order(action),
        ]
        return f"{', '.join(part for part in parts if part)}; {one_line(action.reason)}"

    def _order(self, action: Action) -> str:
        steps = {self.numbers[each] for each in (*action.needs, *action.after) if each in self.numbers}
        if not steps:
            return ""
        step, them = ("step", "it") if len(steps) == 1 else ("steps", "them")
        whatever = f" whatever comes of {them}" if action.purpose is Purpose.CLEANUP else ""
        return f"after {step} {ranges(steps)}{whatever}"

    def _why_held(self, action: Action) -> str:
        """The hand-off or other first cause behind a chain of held-back actions, and the nearest link."""
        root = nearest = self.held[action.id]
        seen = {action.id}
        while root.by in self.held and root.by not in seen:
            seen.add(root.by)
            root = self.held[root.by]
        cause = one_line(root.text)
        if root.by in self.handoffs:
            cause = f"waits for hand-off {one_line(root.by)}, see below"
        if nearest is root or nearest.by not in self.named:
            return cause
        need = self.named[nearest.by]
        where = "" if need.address == action.address else f" at {one_line(need.address)}"
        relation = "before it" if need.id in action.needs else "it only serves"
        return f"{cause}; {relation}: {action_text(need)}{where}"

    def _why_refused(self, action: Action) -> str:
        for scope in (action.address, action.address.parent, WORKSPACE):
            for refusal in self.refusals.get(scope, ()):
                if not refusal.kinds or action.kind.value in refusal.kinds:
                    return f"refused by {one_line(refusal.rule)}, see below"
        return "left out: something that it needs is refused"


_T = TypeVar("_T", Change, Action, Refusal)


def _grouped(values: Iterable[_T]) -> dict[Address, list[_T]]:
    groups: dict[Address, list[_T]] = defaultdict(list)
    for value in values:
        groups[value.address].append(value)
    return groups
