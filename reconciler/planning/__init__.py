"""The planner: a pure function of what is desired, observed and held. Opens nothing, reads no clock."""

from .compare import compare, read_proxy, read_smart_licensing
from .graph import held_back
from .plan import content_digest, make_plan
from .scope import in_scope, partial
from .settle import Settling, settle
from .stale import differences
from .tokens import token_ends

__all__ = [
    "Settling",
    "compare",
    "content_digest",
    "differences",
    "held_back",
    "in_scope",
    "make_plan",
    "partial",
    "read_proxy",
    "read_smart_licensing",
    "settle",
    "token_ends",
]
