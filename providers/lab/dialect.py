"""Where Cisco's documents leave a form open, the forms that a node may take.

Each field of `Dialect` is one open question; `CHOICES` lists its plausible answers, the likeliest first.
`PLAIN` takes every first answer; `draw` picks by seed. Belongs here: the open questions. Does not belong
here: anything that a document states, and the printing itself (`texts`).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

CHOICES: dict[str, tuple[str, ...]] = {
    "banner": ("ok", "quiet", "long"),
    "indent": ("none", "agent"),
    "status_words": ("web", "upper", "dashed"),
    "failure": ("sentence", "reason"),
    "expired_words": ("eval-expired", "web", "dated"),
    "proxy_layout": ("lines", "joined"),
    "usage_layout": ("agent", "ucm"),
    "udi": ("serial", "uuid"),
    "tail": ("full", "cut"),
    "system_unit": ("nested", "flat", "bare"),
    "read_back": ("star", "lower", "unstarred"),
    "alarm_layout": ("nested", "flat", "warnings"),
    "option_layout": ("nested", "flat"),
    "error_form": ("after", "colon", "bare"),
    "spelling": ("both", "command", "configuration"),
    "register_answer": ("quiet", "sentence"),
    "license_element": ("same", "search-only"),
    "exec_channel": ("refused", "works"),
    "without_pty": ("works", "refused"),
    "spacing": ("airy", "tight"),
    "long_lines": ("whole", "folded"),
    "switch_while_registered": ("refused", "accepted"),
    "instance_key": ("serial", "uuid"),
    "reserved_words": ("mixed", "title", "upper", "underscore"),
    "reservation_place": ("tail", "heading", "both"),
    "reserved_lines": ("hidden", "listed"),
    "last_codes": ("hidden", "printed"),
    "request_code": ("plain", "compact"),
    "request_again": ("same", "new"),
    "request_words": ("bare", "sentence", "labelled"),
    "stale_request": ("accepted", "refused"),
    "install_again": ("reprinted", "refused"),
    "install_words": ("lines", "joined", "labelled", "sentence"),
    "first_confirmation": ("printed", "omitted"),
    "return_words": ("lines", "joined", "labelled"),
    "return_authorization_words": ("generated", "lines", "labelled"),
    "return_again": ("refused", "reprinted"),
    "return_authorization": ("after-cancel", "any-time"),
    "restart": ("keeps-request", "drops-request"),
    "register_while_enabled": ("refused", "accepted"),
    "tty_line": ("cut", "beeps", "whole"),
}
FORMS: dict[str, tuple[str, ...]] = {
    "reservations_shown": ("lines", "usage", "absent"),
    "pending_shown": ("yes", "no"),
    "reserved_key": ("serial", "uuid", "both"),
    "reserve_error": ("inside", "outside"),
    "extra_line": ("none", "added"),
}
"""The same for CSSM, one answer for a whole manager."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One answer to each open question; see `CHOICES`."""

    banner: str = "ok"
    indent: str = "none"
    status_words: str = "web"
    failure: str = "sentence"
    expired_words: str = "eval-expired"
    proxy_layout: str = "lines"
    usage_layout: str = "agent"
    udi: str = "serial"
    tail: str = "full"
    system_unit: str = "nested"
    read_back: str = "star"
    alarm_layout: str = "nested"
    option_layout: str = "nested"
    error_form: str = "after"
    spelling: str = "both"
    register_answer: str = "quiet"
    license_element: str = "same"
    exec_channel: str = "refused"
    without_pty: str = "works"
    spacing: str = "airy"
    long_lines: str = "whole"
    switch_while_registered: str = "refused"
    instance_key: str = "serial"
    reserved_words: str = "mixed"
    reservation_place: str = "tail"
    reserved_lines: str = "hidden"
    last_codes: str = "hidden"
    request_code: str = "plain"
    request_again: str = "same"
    request_words: str = "bare"
    stale_request: str = "accepted"
    install_again: str = "reprinted"
    install_words: str = "lines"
    first_confirmation: str = "printed"
    return_words: str = "lines"
    return_authorization_words: str = "generated"
    return_again: str = "refused"
    return_authorization: str = "after-cancel"
    restart: str = "keeps-request"
    register_while_enabled: str = "refused"
    tty_line: str = "cut"


PLAIN = Dialect()


def draw(seed: str) -> Dialect:
    """A dialect drawn by this seed: the same seed gives the same dialect on every machine."""
    dice = random.Random(seed)  # noqa: S311 - a choice of layout, not a secret
    return Dialect(**{name: dice.choice(answers) for name, answers in CHOICES.items()})


def draw_forms(seed: str) -> dict[str, str]:
    """The forms of a manager drawn by this seed."""
    dice = random.Random(seed)  # noqa: S311 - a choice of answers, not a secret
    return {name: dice.choice(answers) for name, answers in FORMS.items()}


def change(dialect: Dialect, answers: Mapping[str, str]) -> Dialect:
    """The dialect with these answers. Raises ValueError for a question or an answer that does not exist."""
    for name, answer in answers.items():
        if answer not in CHOICES.get(name, ()):
            raise ValueError(
                f"dialect {name}: {answer!r} is not one of {', '.join(CHOICES.get(name, ())) or 'none'}"
            )
    return replace(dialect, **dict(answers))


assert [field.name for field in fields(Dialect)] == list(CHOICES)  # noqa: S101 - the two lists are one
