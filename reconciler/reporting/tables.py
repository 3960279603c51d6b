"""Lists that the command line shows: rules, hand-offs, open effects, held codes, desired values, exit codes.

Belongs here: one list, one function, what to do next below it. Does not belong here: plans, drift and runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from reconciler.errors import Exit
from reconciler.model import Address, HeldCode, OpenEffect, RuleCard, Waiting
from reconciler.reporting.clean import one_line
from reconciler.reporting.layout import table, wrap
from reconciler.reporting.sections import Page, waiting_lines
from reconciler.reporting.words import kind_text, moment, plural, value_text

EXIT_MEANINGS: dict[Exit, str] = {
    Exit.OK: "nothing to do, or everything done",
    Exit.ERROR: "an error that has no code of its own",
    Exit.CHANGES: "changes present (plan --detailed-exitcode, drift), or findings at --fail-on",
    Exit.CONFIG: "the configuration is invalid",
    Exit.PLAN_FILE: "the plan is stale, expired, used or altered",
    Exit.LOCKED: "another run holds the lock",
    Exit.REFUSED: "refused by a rule (the rest of the fleet was carried out)",
    Exit.PARTLY: "applied partly: something failed",
    Exit.UNKNOWN: "an outcome is unknown; named in the output",
    Exit.WAITING: "waiting for a person",
    Exit.TRUST: "trust: host key, certificate or credentials",
    Exit.UNREAD: "not everything could be read",
    Exit.USAGE: "usage",
    Exit.INTERRUPTED: "interrupted, at a safe point",
}


class DescribedValue(Protocol):
    """One value of the YAML after defaults. ``origin`` says where it is from."""

    @property
    def address(self) -> Address: ...

    @property
    def field(self) -> str: ...

    @property
    def value(self) -> Any: ...

    @property
    def origin(self) -> str: ...


def rules_text(cards: Sequence[RuleCard], *, width: int = 120, color: bool = False) -> str:
    """The rule book as a table."""
    header = ("rule", "level", "phase", "rows", "says")
    rows = [
        (card.id, card.level.value, card.phase, ", ".join(card.rows) or "-", card.sentence) for card in cards
    ]
    hint = "One of them: xlicense explain RULE"
    return list_text(header, rows, nothing="There are no rules.", hint=hint, width=width, color=color)


def rule_text(card: RuleCard, *, width: int = 120, color: bool = False) -> str:
    """One rule in full: what it says, why, what to do, and where that is written."""
    page = Page(width, color)
    override = f'--override {card.id} --reason "..."' if card.level == "guard" else "not possible"
    facts = [
        ("why", one_line(card.reason)),
        ("remedy", one_line(card.remedy)),
        ("level", card.level.value),
        ("override", override if card.level != "advice" else ""),
        (
            "checked",
            {"lint": "offline, in the YAML", "plan": "with what was observed"}.get(card.phase, card.phase),
        ),
        ("source", one_line(card.source)),
        ("rows", ", ".join(card.rows)),
    ]
    head = wrap(one_line(card.sentence), width, first=f"{page.ink('bold', card.id)}  ")
    return "\n".join([*head, "", *page.labelled(facts, "  ")]) + "\n"


def waiting_text(waiting: Sequence[Waiting], *, width: int = 120, color: bool = False) -> str:
    """Every hand-off with its full instructions, and how many there are."""
    if not waiting:
        return "Nothing waits for a person.\n"
    count = f"{plural(len(waiting), 'hand-off waits', 'hand-offs wait')} for a person."
    return "\n".join([*waiting_lines(waiting, Page(width, color)), "", count]) + "\n"


def ops_text(effects: Sequence[OpenEffect], *, width: int = 120, color: bool = False) -> str:
    """Effects without an end: how far each came."""
    header = ("id", "state", "started", "at", "what")
    rows = [
        (
            effect.op_id,
            effect.state.value,
            moment(effect.started),
            effect.address,
            f"{kind_text(effect.kind)}, run {effect.run_id}",
        )
        for effect in effects
    ]
    hint = "More about one: xlicense op show ID. To settle one by hand: xlicense op resolve ID"
    return list_text(header, rows, nothing="No effect is open.", hint=hint, width=width, color=color)


def codes_text(codes: Sequence[HeldCode], *, width: int = 120, color: bool = False) -> str:
    """Codes in hand by reference; values are never shown here."""
    header = ("id", "kind", "made", "expires", "readable here", "slot")
    rows = [
        (
            code.code_id,
            code.kind.value,
            moment(code.made_at),
            moment(code.expires_at) if code.expires_at else "-",
            "yes" if code.readable else "NO",
            code.slot,
        )
        for code in codes
    ]
    hint = "To see one: xlicense codes reveal ID"
    return list_text(header, rows, nothing="No code is held.", hint=hint, width=width, color=color)


def desired_text(rows: Sequence[DescribedValue], *, width: int = 120, color: bool = False) -> str:
    """What the YAML asks for after defaults, by address, each value with its origin."""
    page = Page(width, color)
    lines: list[str] = []
    groups: dict[Address, list[DescribedValue]] = {}
    for row in rows:
        groups.setdefault(row.address, []).append(row)
    for address, described in groups.items():
        lines += ["", page.ink("bold", f"# {one_line(address)}")]
        cells = [(one_line(row.field), value_text(row.value), one_line(row.origin)) for row in described]
        lines += table(("field", "value", "from"), cells, width=width, ink=page.ink)
    return "\n".join(lines[1:]) + "\n" if lines else "The workspace describes nothing yet.\n"


def exits_text(*, width: int = 120, color: bool = False) -> str:
    """The exit codes and their meanings."""
    rows = [(str(code.value), meaning) for code, meaning in EXIT_MEANINGS.items()]
    return "\n".join(table(("exit", "means"), rows, width=width, ink=Page(width, color).ink)) + "\n"


def list_text(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    nothing: str,
    hint: str = "",
    width: int = 120,
    color: bool = False,
) -> str:
    """Any list: ``nothing`` where there is no row, and what to do next below the others."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    if not cells:
        return f"{nothing}\n"
    lines = table(header, cells, width=width, ink=Page(width, color).ink)
    return "\n".join([*lines, *(["", *wrap(hint, width)] if hint else [])]) + "\n"
