"""The rule book: every rule of every subject, and the two ways of asking it.

A new rule goes into the file of its subject. Belongs here: asking all of them, overrides, and what becomes
of a refusal that takes nothing out. Does not belong here: any rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.errors import UsageError
from reconciler.model import Desired, Finding, Level, Override, Refusal, RuleCard

from . import (
    alarms,
    cluster,
    evaluation,
    held_codes,
    instances,
    observation,
    policy,
    registration,
    reservation,
    standing,
    token,
    transport,
    versions,
)
from .context import PlanContext, Verdicts, taken_out
from .rule import Rule, Violation

_SUBJECTS = (
    versions,
    transport,
    token,
    registration,
    reservation,
    standing,
    evaluation,
    held_codes,
    cluster,
    alarms,
    observation,
    instances,
    policy,
)
_BOOK: tuple[Rule, ...] = tuple(
    sorted((rule for subject in _SUBJECTS for rule in subject.RULES), key=lambda rule: rule.card.id)
)

RULES: tuple[RuleCard, ...] = tuple(rule.card for rule in _BOOK)
_BY_ID: Mapping[str, RuleCard] = {card.id: card for card in RULES}


def card(rule_id: str) -> RuleCard | None:
    """The card of a rule, None for an id that no rule has."""
    return _BY_ID.get(rule_id.upper())


def lint(desired: Desired) -> Verdicts:
    """Judge a configuration alone, offline. Refusals are what a plan would refuse too."""
    found = [(rule, violation) for rule in _BOOK if rule.lint for violation in rule.lint(desired)]
    advice = [pair for pair in found if pair[0].card.level is Level.ADVICE]
    others = [pair for pair in found if pair[0].card.level is not Level.ADVICE]
    return Verdicts(
        tuple(rule.finding(violation) for rule, violation in advice),
        tuple(rule.refusal(violation) for rule, violation in others),
    )


def judge(context: PlanContext) -> Verdicts:
    """Judge a plan by every rule. Raises UsageError for an override of what is no guard.

    A refusal that takes no action out is dropped (a registered node on an old release stays converged), or
    told as a finding where it matters all the same, unless nothing was planned because of it.
    """
    reasons = overriding(context.overrides)
    findings: list[Finding] = []
    refusals: list[Refusal] = []
    blind: list[Refusal] = []
    for rule in _BOOK:
        for violation in _violations(rule, context):
            refusal = rule.refusal(violation, reasons.get(rule.card.id))
            stops = violation.stands or bool(taken_out(refusal, context.actions_of))
            bites = rule.card.level is not Level.ADVICE and stops
            if bites:
                (blind if rule.blind else refusals).append(refusal)
            if rule.card.level is Level.ADVICE or (rule.blind and bites) or (violation.told and not bites):
                findings.append(rule.finding(violation))
    return Verdicts(tuple(findings), tuple(refusals), tuple(blind))


def _violations(rule: Rule, context: PlanContext) -> Iterable[Violation]:
    """What was observed counts more than what the YAML states, so a rule that can look does not lint.

    Advice on the configuration alone is for `lint`: in every plan and drift it would only be noise.
    """
    if rule.plan is not None:
        return rule.plan(context)
    if rule.lint is None or rule.card.level is Level.ADVICE:
        return ()
    return rule.lint(context.desired)


def overriding(overrides: Iterable[Override]) -> dict[str, str]:
    """The reason for each overridden guard. Raises UsageError for an unknown rule or no guard."""
    reasons: dict[str, str] = {}
    for override in overrides:
        known = card(override.rule)
        if known is None:
            raise UsageError(f"there is no rule {override.rule!r}", remedy="xlicense rules")
        if known.level is not Level.GUARD:
            text = f"{known.id} is {known.level.value} and not a guard: it has no override"
            raise UsageError(text, remedy=f"xlicense explain {known.id}")
        reasons[known.id] = override.reason
    return reasons
