"""How values, actions, carriers, counts and times are put into words. One place, so that every text agrees.

Belongs here: wording without layout. Does not belong here: lines, colour, sections.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from reconciler.model import UNKNOWN, Action, Carrier, Cause, Change, EffectClass, EvaluationLeft, Kind
from reconciler.reporting import reservations
from reconciler.reporting.clean import one_line

_BARE = re.compile(r"[A-Za-z0-9_./:@%+-]+")

LEGEND: tuple[tuple[str, str, str], ...] = (
    ("+", "green", "register, reserve or create"),
    ("~", "yellow", "change"),
    ("-", "red", "deregister, return or remove"),
    ("!", "red", "cannot be undone"),
    (">", "cyan", "done by a person"),
    ("?", "yellow", "not known, and therefore left alone"),
    ("w", "yellow", "waits, held back for now"),
    ("x", "red", "refused by a rule, will not be done"),
)
"""Symbol, colour and meaning, in the order in which a legend shows them."""

COLORS: Mapping[str, str] = {symbol: color for symbol, color, _ in LEGEND}

_SYMBOLS: Mapping[Kind, str] = {
    Kind.CREATE_TOKEN: "+",
    Kind.REGISTER: "+",
    Kind.DEREGISTER: "-",
    Kind.REVOKE_TOKEN: "-",
    **reservations.SYMBOLS,
}


def plural(count: int, one: str, many: str | None = None) -> str:
    """``1 node``, ``1,200 nodes``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def value_text(value: Any) -> str:
    """A value as a person reads it: ``(none)``, ``(not known)``, ``true``, a word, or a quoted text."""
    if value is UNKNOWN:
        return "(not known)"
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = one_line(str(value))
    return text if _BARE.fullmatch(text) else f'"{text}"'


def moment(at: datetime) -> str:
    """``2026-11-24 03:57 UTC``."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def change_symbol(change: Change) -> str:
    if change.before is UNKNOWN:
        return "?"
    if change.before in (None, "unregistered", "off"):
        return "+"
    return "-" if change.after in (None, "unregistered") else "~"


def cause_text(change: Change) -> str:
    """Why a change is there, empty where nobody can tell."""
    if change.cause is Cause.CHANGED_BEHIND:
        seen = f"; last verified {_moment_text(change.last_seen)}" if change.last_seen else ""
        return f"changed behind our back{seen}"
    if change.cause is Cause.WAITING:
        return "waiting for a hand-off"
    return "" if change.cause is Cause.UNTOLD else "not yet applied"


def _moment_text(text: str) -> str:
    """An ISO time as `moment` writes it, any other text as it is."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return one_line(text)
    return moment(at)


def irreversible(action: Action) -> bool:
    return action.effect_class is EffectClass.IRREVERSIBLE or not action.reversible


def action_symbol(action: Action) -> str:
    if irreversible(action):
        return "!"
    return ">" if action.carrier is Carrier.PERSON else _SYMBOLS.get(action.kind, "~")


def carrier_text(action: Action) -> str:
    """``over ssh``, ``by API``, or ``BY A PERSON`` and why."""
    if action.carrier is Carrier.PERSON:
        note = one_line(action.carrier_note or "")
        return f"BY A PERSON: {note}" if note else "BY A PERSON"
    return {Carrier.SSH: "over ssh", Carrier.API: "by API", Carrier.REST: "by REST"}[action.carrier]


def kind_text(kind: str) -> str:
    """``node.set_proxy`` as ``set proxy``: for records that hold no parameters."""
    return one_line(kind.rsplit(".", 1)[-1].replace("_", " "))


def action_text(action: Action) -> str:
    """What an action does, as a phrase in the imperative: ``register to "Expressway EMEA"``."""
    if (writer := _PHRASES.get(action.kind)) is not None:
        return writer(action.params)
    return _FIXED.get(action.kind) or kind_text(action.kind)


def _proxy(params: Mapping[str, Any]) -> str:
    user = params.get("username")
    login = f", user name {value_text(user)}" if user else ""
    where = f"{params.get('host', '')}:{params.get('port', '')}"
    return f"set the proxy to {value_text(where)}{login}"


def _transport(params: Mapping[str, Any]) -> str:
    nodes = [str(node).rsplit("/", 1)[-1] for node in params.get("nodes", ())]
    order = f" ({value_text(nodes[0])} first, then its peers)" if len(nodes) > 1 else ""
    return f"set the transport to {value_text(params.get('transport'))}{order}"


def _create_token(params: Mapping[str, Any]) -> str:
    allowed = "allowed" if params.get("export_controlled") else "not allowed"
    facts = [f"export-controlled features {allowed}"]
    if (uses := params.get("max_uses")) is not None:
        facts.append(plural(int(uses), "use"))
    if (days := params.get("expires_after_days")) is not None:
        facts.append(f"valid for {plural(int(days), 'day')}")
    return f"create a registration token: {', '.join(facts)}"


def _account(params: Mapping[str, Any]) -> str:
    name = params.get("virtual_account")
    return f" to {value_text(name)}" if name else ""


_FIXED: Mapping[Kind, str] = {
    Kind.ENABLE_SMART: "switch Smart Licensing on",
    Kind.REVOKE_TOKEN: "revoke the registration token",
}

_PHRASES: Mapping[Kind, Callable[[Mapping[str, Any]], str]] = {
    Kind.SET_URL: lambda params: f"set the Smart Licensing URL to {value_text(params.get('url'))}",
    Kind.SET_TRANSPORT: _transport,
    Kind.SET_PROXY: _proxy,
    Kind.SET_PRIVACY: lambda params: f"set privacy to {value_text(params.get('privacy'))}",
    Kind.CREATE_TOKEN: _create_token,
    Kind.REGISTER: lambda params: f"register{_account(params)}",
    Kind.REREGISTER: lambda params: f"register again{_account(params)}",
    **reservations.PHRASES,
}


def days_text(left: EvaluationLeft) -> str:
    """``81 days left``, ``EXPIRED``, with what the number is worth."""
    text = "EXPIRED" if left.days <= 0 else f"{plural(left.days, 'day')} left"
    notes = [] if left.running else ["stopped"]
    notes += ["as last seen"] if left.remembered else []
    return f"{text} ({', '.join(notes)})" if notes else text


def ranges(numbers: Iterable[int]) -> str:
    """``1, 3-5, 9`` for sorted or unsorted numbers."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)
