"""The order of a plan as a picture: DOT for Graphviz, Mermaid for Markdown. The same plan, the same text.

::

    account/emea: 1. create token ---> cluster/ams-edge: 3. register e1 - - -> account/emea: 7. revoke token
                                needs (solid)                       after (dashed)

Belongs here: the text of both languages and their escapes. Does not belong here: drawing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model import Action, Address, Plan
from reconciler.reporting.clean import one_line
from reconciler.reporting.differences import reading_order
from reconciler.reporting.words import action_text, carrier_text

_MERMAID_SPECIAL = frozenset('"#&<>`;()[]{}|\\')


@dataclass(frozen=True, slots=True)
class _Step:
    """One action of the picture. ``state`` says why it is not done now, empty for what is."""

    name: str
    action: Action
    state: str

    @property
    def lines(self) -> tuple[str, ...]:
        facts = [self.action.address.name, action_text(self.action), carrier_text(self.action)]
        return tuple(one_line(fact) for fact in [*facts, self.state] if fact)


@dataclass(frozen=True, slots=True)
class _Picture:
    steps: tuple[_Step, ...]

    @classmethod
    def of(cls, plan: Plan) -> _Picture:
        held = {item.action_id for item in plan.held_back}
        states = [*((each, "held back" if each.id in held else "") for each in plan.actions)]
        states += [(each, "refused") for each in plan.withheld]
        return cls(tuple(_Step(f"a{n}", each, state) for n, (each, state) in enumerate(states, 1)))

    def groups(self) -> Iterator[tuple[str, str, list[_Step]]]:
        """Name, label and steps of each cluster and account, in reading order."""
        parents: dict[Address, list[_Step]] = defaultdict(list)
        for step in self.steps:
            parents[step.action.address.parent].append(step)
        for number, parent in enumerate(sorted(parents, key=reading_order), 1):
            yield f"g{number}", parent, parents[parent]

    def edges(self) -> Iterator[tuple[str, str, bool]]:
        """From, to, and whether success is needed; what is not in the picture has no edge."""
        names = {step.action.id: step.name for step in self.steps}
        for step in self.steps:
            needs = step.action.needs
            yield from ((names[each], step.name, True) for each in needs if each in names)
            after = [each for each in step.action.after if each not in needs]
            yield from ((names[each], step.name, False) for each in after if each in names)


def graph_dot(plan: Plan) -> str:
    """A DOT digraph: a cluster for each Expressway cluster and account, dashed edges for mere order."""
    picture = _Picture.of(plan)
    lines = ["digraph plan {", "  rankdir=LR;", "  node [shape=box];"]
    for name, label, steps in picture.groups():
        lines += [f"  subgraph cluster_{name} {{", f"    label={_dot(label)};"]
        for step in steps:
            style = " style=dashed" if step.state else ""
            lines.append(f"    {step.name} [label={_dot(*step.lines)}{style}];")
        lines.append("  }")
    for start, end, needed in picture.edges():
        lines.append(f"  {start} -> {end}{'' if needed else ' [style=dashed]'};")
    return "\n".join([*lines, "}"]) + "\n"


def graph_mermaid(plan: Plan) -> str:
    """A Mermaid flowchart with the same groups and edges as the DOT."""
    picture = _Picture.of(plan)
    lines = ["flowchart LR"]
    for name, label, steps in picture.groups():
        lines.append(f"  subgraph {name}[{_mermaid(label)}]")
        lines += [f"    {step.name}[{_mermaid(*step.lines)}]{_mermaid_class(step)}" for step in steps]
        lines.append("  end")
    for start, end, needed in picture.edges():
        lines.append(f"  {start} {'-->' if needed else '-.->'} {end}")
    if any(step.state for step in picture.steps):
        lines.append("  classDef held stroke-dasharray: 4 4")
    return "\n".join(lines) + "\n"


def _dot(*lines: str) -> str:
    return '"' + "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in lines) + '"'


def _mermaid_class(step: _Step) -> str:
    return ":::held" if step.state else ""


def _mermaid(*lines: str) -> str:
    """Mermaid knows numbered entities, and reads neither quotes nor Markdown inside them."""
    return '"' + "<br/>".join("".join(_entity(character) for character in line) for line in lines) + '"'


def _entity(character: str) -> str:
    return f"#{ord(character)};" if character in _MERMAID_SPECIAL else character
