"""What a rule is made of: its card as it is printed, and up to two functions that look for violations.

Belongs here: the making of findings and refusals. Does not belong here: any rule (one file for each
subject, each with its ``RULES`` at the end), or the running of them (book).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.model import Address, Desired, Finding, Kind, Level, Refusal, RuleCard, Severity

from .context import PlanContext

TAC = "TAC document Configure and Troubleshoot Expressway Smart Licensing"
GUIDE = "Expressway Administrator Guide X15.3, Smart Licensing"
UPGRADE = "TAC 217743, Upgrade of Expressway X14.x"
SELECT = "Expressway Select Release Note X14.2.5"
REFERENCE = "Expressway Administrator Guide X15.0, Reference Material"
CLUSTERS = "Expressway Administrator Guide X14.0, Clustering and Peers"
OURS = "xlicense README, Decisions"


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a rule does not hold.

    ``kinds`` limits what a refusal takes out, empty is everything; a rule need not ask whether one of them is
    planned. ``remedy`` replaces the card's where this place has a better one. ``severity`` is that of the
    finding that advice makes. ``told`` is for a refusal that must be heard even where it takes nothing out:
    it becomes a finding then. One that ``stands`` is a refusal even then: nothing was planned because of it.
    """

    address: Address
    message: str
    kinds: tuple[Kind, ...] = ()
    remedy: str | None = None
    severity: Severity = Severity.WARNING
    told: bool = False
    stands: bool = False


Violations = Iterable[Violation]


@dataclass(frozen=True, slots=True)
class Rule:
    """A card and its predicates: ``lint`` sees the configuration alone, ``plan`` also what was observed.

    A rule without predicates is one whose findings or refusals the planner makes, while it looks anyway.
    A ``blind`` rule holds actions back because something was not read, and tells so as an error.
    """

    card: RuleCard
    plan: Callable[[PlanContext], Violations] | None = None
    lint: Callable[[Desired], Violations] | None = None
    blind: bool = False

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


def listed(texts: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    items = list(texts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
