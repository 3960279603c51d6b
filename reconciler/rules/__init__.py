"""The rule book as code: pure functions of what is wanted, read and held. Opens nothing, reads no clock."""

from .book import RULES, card, judge, lint
from .context import PlanContext, Verdicts, by_place, for_whom, taken_out, takes_out
from .entitlements import Wanted, WantedLine, as_params, of_params, wanted_lines
from .evaluation import evaluation_left
from .held_codes import UNREADABLE_CODE
from .index import Index, active, by_reservation, by_token
from .instances import GHOST, LAST_CONTACT, NOT_LISTED, OLD_NAME, ghost, not_listed, old_name, silent
from .matrix import BY_PERSON, IN_TRANSIT, Matrix, Row, Situation, paired, same_line
from .observation import NOT_KNOWN, not_known
from .policy import OUT_OF_REACH, out_of_reach
from .release import parse
from .sides import CssmSide, Lines, Sides

__all__ = [
    "BY_PERSON",
    "GHOST",
    "IN_TRANSIT",
    "LAST_CONTACT",
    "NOT_KNOWN",
    "NOT_LISTED",
    "OLD_NAME",
    "OUT_OF_REACH",
    "RULES",
    "UNREADABLE_CODE",
    "CssmSide",
    "Index",
    "Lines",
    "Matrix",
    "PlanContext",
    "Row",
    "Sides",
    "Situation",
    "Verdicts",
    "Wanted",
    "WantedLine",
    "active",
    "as_params",
    "by_place",
    "by_reservation",
    "by_token",
    "card",
    "evaluation_left",
    "for_whom",
    "ghost",
    "judge",
    "lint",
    "not_known",
    "not_listed",
    "of_params",
    "old_name",
    "out_of_reach",
    "paired",
    "parse",
    "same_line",
    "silent",
    "taken_out",
    "takes_out",
    "wanted_lines",
]
