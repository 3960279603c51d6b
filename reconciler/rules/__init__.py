"""The rule book as code: pure functions of what is wanted, read and held. Opens nothing, reads no clock."""

from .book import RULES, card, judge, lint
from .context import PlanContext, Verdicts, by_place, taken_out, takes_out
from .evaluation import evaluation_left
from .index import Index, active, by_reservation, by_token
from .instances import GHOST, LAST_CONTACT, NOT_LISTED, OLD_NAME, ghost, not_listed, old_name, silent
from .observation import NOT_KNOWN, not_known
from .policy import OUT_OF_REACH, out_of_reach
from .release import parse

__all__ = [
    "GHOST",
    "LAST_CONTACT",
    "NOT_KNOWN",
    "NOT_LISTED",
    "OLD_NAME",
    "OUT_OF_REACH",
    "RULES",
    "Index",
    "PlanContext",
    "Verdicts",
    "active",
    "by_place",
    "by_reservation",
    "by_token",
    "card",
    "evaluation_left",
    "ghost",
    "judge",
    "lint",
    "not_known",
    "not_listed",
    "old_name",
    "out_of_reach",
    "parse",
    "silent",
    "taken_out",
    "takes_out",
]
