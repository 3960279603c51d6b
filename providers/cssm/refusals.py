"""What a *no* of CSSM about a reservation means, and what to do about it. Pure.

Belongs here: the table of refusals. Does not belong here: faults of other kinds (words). CSSM's texts are
published nowhere but one (*Previous Product Return Pending*, CSSM help), so words are looked for, the most
particular first, and its own text is always quoted. A text that nobody knows is quoted and not explained.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reconciler.errors import ProviderError, Rejected

from .wire import Answer, Fault
from .words import NEVER_TWICE, Where, failure


class Meaning(NamedTuple):
    """``words`` is a pattern; ``meaning`` continues a sentence; ``remedy`` is the next thing to do."""

    words: str
    meaning: str
    remedy: str


_ABLE = r"(?:enabled|authori[sz]ed|entitled|permitted|allowed)"

NOT_ALLOWED = Meaning(
    rf"[sp]lr\b.*\bnot\b|\bnot\b.*{_ABLE}.*reserv|reserv.*\bnot\b.*{_ABLE}",
    "this Smart Account may not reserve licences",
    "Ask Cisco licensing to enable Specific License Reservation (the Specific PLR flag) for the account.",
)

MEANINGS: tuple[Meaning, ...] = (
    Meaning(
        r"previous product return pending",
        "too many failed products still wait for their removal",
        "Ask Cisco licensing to complete the pending removals, or add licences to the virtual account.",
    ),
    NOT_ALLOWED,
    Meaning(
        r"code (?:is|must be|was) (?:required|missing|given)|(?:requires|without) (?:a|its) return code",
        "the product instance holds a reservation, which goes only with its return code",
        "Return it on the node and bring the code; where it is lost, ask Cisco licensing to remove it.",
    ),
    Meaning(
        r"being removed|removal (?:is )?(?:in progress|under way|pending)",
        "its removal is under way already",
        "Wait a minute, then plan again.",
    ),
    Meaning(
        r"in transit|(?:update|reserv|confirm).*(?:pending|waiting)|(?:pending|waiting).*(?:update|confirm)",
        "an update of this reservation is in transit",
        "Enter its confirmation code first: Product Instances > Actions > Enter Confirmation Code.",
    ),
    Meaning(
        r"return code|confirmation code",
        "the code does not belong to this product instance, or was used before",
        "Compare the serial; keep the code, and ask Cisco licensing where it is the right one.",
    ),
    Meaning(
        r"already (?:exist|regist|reserv|in use|been)|duplicate|exists already",
        "a product instance of this device exists already",
        "Look at it under Product Instances; a return that was never completed looks like this. "
        + NEVER_TWICE,
    ),
    Meaning(
        r"entitlement tag|entitlement.*(?:unknown|not found|invalid)",
        "the virtual account has no licence with this entitlement tag",
        "Compare the tag with those that the virtual account shows; entitlements: in the workspace names it.",
    ),
    Meaning(
        r"insufficient|not enough|exceed|shortage|(?:not|un) ?available|no (?:more )?licen[cs]es|only \d+",
        "the virtual account has too few free licences",
        "Free or add licences in this virtual account; only what is available can be reserved.",
    ),
    Meaning(
        r"request code|reservation code",
        "the reservation request code is not accepted",
        "Compare it with what the node printed; it is used up once a reservation was made with it.",
    ),
)


def refused(answer: Answer, where: Where) -> ProviderError:
    """The error of an answer about a reservation that has a fault."""
    if answer.fault is not Fault.REJECTED:
        return failure(answer, where)
    found = next((one for one in MEANINGS if _fits(one, answer.said)), None)
    if found is None:
        return failure(answer, where)
    message = f'{where}: {found.meaning}: "{answer.said}"'
    return Rejected(message, said=answer.said, remedy=found.remedy)


def may_not_reserve(said: str) -> bool:
    """Whether these are words for an account that may not reserve at all (S56)."""
    return _fits(NOT_ALLOWED, said)


def _fits(meaning: Meaning, said: str) -> bool:
    return re.search(meaning.words, said, re.IGNORECASE) is not None
