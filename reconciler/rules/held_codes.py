"""Rules about codes in hand, and about what a reservation says of its own end."""

from __future__ import annotations

from datetime import timedelta

from reconciler.model import Kind, Level, RuleCard, read_day

from .context import PlanContext
from .entitlements import wanted_lines
from .index import active, by_reservation
from .matrix import paired
from .rule import GUIDE, OURS, Rule, Violation, Violations, listed

UNREADABLE_CODE = "XL377"
_DAYS_TO_TERM = 60


# XL376, XL377: codes in hand.


def _other_code(context: PlanContext) -> Violations:
    """A node that leaves installs whatever its code says, and gives that back."""
    for cluster, node, situation in context.reservations():
        held = situation.authorization
        if held is None or held.authorization is None:
            continue
        if not by_reservation(cluster) or node not in active(cluster):
            continue
        account = context.index.account_of(cluster)
        before = () if situation.known is None else situation.known.before
        wanted = wanted_lines(context.index, context.matrix.sides, account, node, before)
        asked = tuple(line.line for line in wanted.lines if line.quantity)
        pairs = [pair for pair in paired(asked, held.authorization.lines) if pair[1] != pair[2]]
        if pairs:
            texts = listed(f"{name} {code} instead of {want}" for name, want, code in pairs)
            text = f"The authorization code in hand says {texts}."
            yield Violation(node.address, text, (Kind.INSTALL_AUTHORIZATION,))


def _unreadable_code(context: PlanContext) -> Violations:
    for _, node, situation in context.reservations():
        held = situation.authorization
        if held is not None and held.authorization is None:
            text = f"The authorization code {held.code_id} cannot be read, so nothing of it can be checked."
            yield Violation(node.address, text, (Kind.INSTALL_AUTHORIZATION,))


def _not_readable_here(context: PlanContext) -> Violations:
    for _, node, situation in context.reservations():
        away = [code for code in situation.codes if not code.readable]
        if away:
            kinds = listed(sorted({code.kind.value for code in away}))
            text = f"The {kinds} code is held, and cannot be read here: another machine has its key."
            yield Violation(node.address, text, told=True)


# XL212: terms.


def _term_ends(context: PlanContext) -> Violations:
    until = (context.now + timedelta(days=_DAYS_TO_TERM)).date()
    for _, node, situation in context.reservations():
        lines = situation.known.lines if situation.known is not None and situation.holds else ()
        ending = [line for line in lines if (day := read_day(line.ends or "")) is not None and day <= until]
        if ending:
            names = listed(f"{line.name or line.tag} ({line.ends})" for line in ending)
            text = f"The term of {names} ends; the node takes notice at its next restart."
            yield Violation(node.address, text)


RULES = (
    Rule(
        RuleCard(
            "XL212",
            ("A12",),
            Level.ADVICE,
            "plan",
            "The term of a reserved licence does not end soon.",
            "The node takes notice of the end only when it restarts: an upgrade may then leave it short.",
            "Renew the licence, then update the reservation.",
            GUIDE,
        ),
        plan=_term_ends,
    ),
    Rule(
        RuleCard(
            "XL376",
            ("S61", "S77"),
            Level.GUARD,
            "plan",
            "The authorization code says what the YAML wants.",
            "Once installed it is what the node has.",
            "Change the YAML, ask for another code, or override this rule to install what the code says.",
            OURS,
        ),
        plan=_other_code,
    ),
    Rule(
        RuleCard(
            UNREADABLE_CODE,
            ("S61",),
            Level.GUARD,
            "plan",
            "An authorization code is checked before it is installed.",
            "One that is not the known XML may belong to another node or hold other quantities.",
            "Compare it with the portal, then override this rule.",
            OURS,
        ),
        plan=_unreadable_code,
    ),
    Rule(
        RuleCard(
            "XL378",
            (),
            Level.HARD,
            "plan",
            "A code that is needed can be read here.",
            "Codes are encrypted; only the recipients of the workspace can open them.",
            "Go on where the key is, or copy the identity here; xlicense key test tells.",
            OURS,
        ),
        plan=_not_readable_here,
    ),
)
