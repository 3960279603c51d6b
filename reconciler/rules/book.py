"""The rule book: every rule of every subject, and the two ways of asking it."""

from __future__ import annotations

from reconciler.model import Desired, RuleCard

from .context import PlanContext, Verdicts

RULES: tuple[RuleCard, ...] = ()


def card(rule_id: str) -> RuleCard | None:
    """The card of a rule, None for an id that no rule has."""
    return next((known for known in RULES if known.id == rule_id.upper()), None)


def lint(_: Desired) -> Verdicts:
    """Judge a configuration alone, offline."""
    return Verdicts()


def judge(_: PlanContext) -> Verdicts:
    """Judge a plan by every rule of the book."""
    return Verdicts()
