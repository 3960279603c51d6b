"""The rule book as code: pure functions of what is wanted, read and held. Opens nothing, reads no clock."""

from .book import RULES, card, judge, lint
from .context import PlanContext, Verdicts, takes_out
from .index import Index, active, by_reservation, by_token

__all__ = [
    "RULES",
    "Index",
    "PlanContext",
    "Verdicts",
    "active",
    "by_reservation",
    "by_token",
    "card",
    "judge",
    "lint",
    "takes_out",
]
