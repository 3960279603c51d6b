"""What a rule is made of: its card as it is printed, and up to two functions that look for violations.

A rule is written next to the others of its subject::

    @rule(
        "XL011",
        rows=("S11", "S37"),
        level=Level.GUARD,
        sentence="...",
        reason="...",
        remedy="...",
        source="...",
    )
    def fixed_releases(context: PlanContext) -> Violations: ...

Belongs here: the making of rules, findings and refusals. Does not belong here: any rule, or the running of
them (book).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reconciler.model import Address, Desired, Finding, Kind, Level, Refusal, RuleCard, Severity

from .context import PlanContext


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a rule does not hold. ``kinds`` limits what a refusal takes out; empty is everything.

    ``remedy`` replaces the card's where this place has a better one; ``severity`` only matters for advice.
    """

    address: Address
    message: str
    kinds: tuple[Kind, ...] = ()
    remedy: str | None = None
    severity: Severity = Severity.WARNING


Violations = Iterable[Violation]
PlanCheck = Callable[[PlanContext], Violations]
LintCheck = Callable[[Desired], Violations]


@dataclass(slots=True)
class Rule:
    """A card with its predicates; planning makes findings of some rules itself, and those have none."""

    card: RuleCard
    plan: PlanCheck | None = None
    lint: LintCheck | None = None

    def finding(self, violation: Violation) -> Finding:
        card = self.card
        remedy = violation.remedy or card.remedy
        return Finding(card.id, violation.severity, violation.address, violation.message, remedy, card.rows)

    def refusal(self, violation: Violation, overridden: str | None = None) -> Refusal:
        card = self.card
        return Refusal(
            card.id,
            card.level,
            violation.address,
            violation.message,
            violation.remedy or card.remedy,
            card.source,
            tuple(kind.value for kind in violation.kinds),
            card.rows,
            overridden if card.level is Level.GUARD else None,
        )


@dataclass(slots=True)
class Subject:
    """The rules of one file, in the order in which they are written."""

    rules: list[Rule] = field(default_factory=list)

    def rule(
        self,
        rule_id: str,
        *,
        level: Level,
        phase: str,
        sentence: str,
        reason: str,
        remedy: str,
        source: str,
        rows: tuple[str, ...] = (),
    ) -> Rule:
        """Write a card. Its ``plan`` and ``lint`` predicates are set by the decorators below."""
        made = Rule(RuleCard(rule_id, rows, level, phase, sentence, reason, remedy, source))
        self.rules.append(made)
        return made
