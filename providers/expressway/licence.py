"""The licence block of a node (``xstatus // license``): Cisco's Smart Agent text, read section by section.

Pure, never raises. The block is free text inside one xStatus node, with titles (``Registration:``), keys
that repeat in several sections (``Status:``), and an indentation that is not known: so the section decides,
indentation is ignored, keys match in any case, unknown keys are passed over.

Two promises: a word that we must understand and do not (registration, authorization, *Smart Licensing is …*)
makes the field UNKNOWN and is kept in ``unrecognised``; and a field is known only where its own line is
whole and nothing in the block contradicts it. Absent means None only in a block without damage.

Sources: TAC doc 215633 (registered), *Configure and troubleshoot Expressway Smart Licensing* (evaluation),
admin guide X15.3 (status words); the tail is inferred from sister products with the same agent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler.model import (
    UNKNOWN,
    AuthorizationStatus,
    Licence,
    Maybe,
    RegistrationStatus,
    Usage,
)

from .wire import is_damaged

# --- lines to sections ---------------------------------------------------------------------------------

_TITLES = {
    "smart licensing status": "preamble",
    "registration": "registration",
    "license authorization": "authorization",
    "authorization": "authorization",
    "evaluation period": "evaluation",
    "data privacy": "privacy",
    "transport": "transport",
    "proxy": "proxy",
    "license usage": "usage",
    "product information": "product",
    "reservation info": "reservation",
    "license reservation": "reservation",
    "export authorization key": "export",
    "utility": "utility",
    "miscellaneous": "other",
    "policy": "other",
    "agent version": "other",
    "call home": "other",
    "license": "preamble",
    "all": "preamble",
}
_PAIR = re.compile(r"(?P<key>[^:]{1,90}?)\s*:\s*(?P<value>.*)")


@dataclass(slots=True)
class _Block:
    """The block cut into sections: key-value pairs and plain lines, each by section, in order."""

    pairs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    plain: dict[str, list[str]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    damaged: bool = False

    def values(self, section: str, *keys: str) -> list[str]:
        return [value for key, value in self.pairs.get(section, ()) if key in keys]

    def lines(self, section: str) -> list[str]:
        return self.plain.get(section, [])


def _is_rule(text: str) -> bool:
    return len(text) > 2 and set(text) <= {"=", "-"}


def _sections(lines: Sequence[str]) -> _Block:
    block = _Block()
    section = "preamble"
    for line in lines:
        text = " ".join(line.split())
        if is_damaged(line):
            block.damaged = True
            continue
        if not text or _is_rule(text) or text.startswith("*"):
            continue
        title = _TITLES.get(text.rstrip(":").strip().casefold())
        pair = _PAIR.fullmatch(text)
        if title and (pair is None or not pair["value"]):
            section = title
            block.seen.add(section)
        elif pair and pair["key"].casefold() == "proxy" and section in {"transport", "proxy"}:
            block.seen.add("proxy")
            block.plain.setdefault("proxy", []).append(pair["value"])
        elif pair:
            block.pairs.setdefault(section, []).append((pair["key"].casefold(), pair["value"].strip()))
            block.plain.setdefault(section, []).append(text)
        else:
            block.plain.setdefault(section, []).append(text)
    return block


def _one(values: Sequence[str]) -> Maybe[str]:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else UNKNOWN


# --- words ---------------------------------------------------------------------------------------------

_WHEN = re.compile(r"\s+(?:on|as of|at)\s+.*$", re.IGNORECASE)
_NONE = {"", "none", "<none>", "n/a", "-", "not configured", "<empty>", "not set"}

_REGISTRATION = {
    "REGISTERED": RegistrationStatus.REGISTERED,
    "UNREGISTERED": RegistrationStatus.UNREGISTERED,
    "NOT REGISTERED": RegistrationStatus.UNREGISTERED,
    "REGISTERING": RegistrationStatus.PENDING,
    "REGISTRATION PENDING": RegistrationStatus.PENDING,
    "REGISTRATION IN PROGRESS": RegistrationStatus.PENDING,
    "REGISTERING REGISTRATION IN PROGRESS": RegistrationStatus.PENDING,
    "REGISTRATION FAILED": RegistrationStatus.FAILED,
    "REGISTRATION EXPIRED": RegistrationStatus.EXPIRED,
}
_RESERVATION = (
    (("PROGRESS", "PENDING"), RegistrationStatus.RESERVATION_PENDING),
    (("SPECIFIC",), RegistrationStatus.RESERVED_SPECIFIC),
    (("UNIVERSAL", "PERMANENT"), RegistrationStatus.RESERVED_UNIVERSAL),
)
_AUTHORIZATION = {
    "AUTHORIZED": AuthorizationStatus.AUTHORIZED,
    "OUT OF COMPLIANCE": AuthorizationStatus.OUT_OF_COMPLIANCE,
    "AUTHORIZATION EXPIRED": AuthorizationStatus.EXPIRED,
    "NO LICENSES IN USE": AuthorizationStatus.NO_LICENSES_IN_USE,
    "EVAL MODE": AuthorizationStatus.EVALUATION,
    "EVALUATION MODE": AuthorizationStatus.EVALUATION,
    "EVAL EXPIRED": AuthorizationStatus.EVALUATION_EXPIRED,
    "EVALUATION EXPIRED": AuthorizationStatus.EVALUATION_EXPIRED,
    "EVAL PERIOD EXPIRED": AuthorizationStatus.EVALUATION_EXPIRED,
    "EVALUATION PERIOD EXPIRED": AuthorizationStatus.EVALUATION_EXPIRED,
    "AUTHORIZED RESERVED": AuthorizationStatus.RESERVED,
    "NOT AUTHORIZED RESERVED": AuthorizationStatus.NOT_AUTHORIZED_RESERVED,
    "NOT APPLICABLE": AuthorizationStatus.NOT_APPLICABLE,
}


def _plain_words(text: str) -> str:
    """Upper-case words without the date and without dashes, colons and the like between them."""
    return " ".join(re.findall(r"[A-Z0-9]+", _WHEN.sub("", text).upper()))


def registration_status(text: str) -> RegistrationStatus | None:
    """The status that these words mean, or None. ``UNREGISTERED - REGISTRATION FAILED`` means its end."""
    words = _plain_words(text)
    if "RESERVATION" in words:
        hits = [status for marks, status in _RESERVATION if any(mark in words for mark in marks)]
        return hits[0] if hits else None
    return _REGISTRATION.get(words) or _REGISTRATION.get(words.removeprefix("UNREGISTERED "))


def authorization_status(text: str) -> AuthorizationStatus | None:
    """The status that these words mean, or None. ``AUTHORIZED on <date>`` is AUTHORIZED."""
    return _AUTHORIZATION.get(_plain_words(text))


_SWITCH = {"ENABLED": True, "DISABLED": False, "ON": True, "OFF": False, "YES": True, "NO": False}
_ALLOWED = {"ALLOWED": True, "NOT ALLOWED": False}


def _switch(values: Sequence[str]) -> Maybe[bool]:
    found = {_SWITCH.get(_plain_words(value)) for value in values}
    if found == {True}:
        return True
    return False if found == {False} else UNKNOWN


_MONTHS = {
    name: number + 1
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
    )
}
_DATE = re.compile(r"([A-Za-z]{3,9})\.? +(\d{1,2}),? +(\d{4}) +(\d{1,2}):(\d\d):(\d\d) +(?:UTC|GMT)")


def read_date(text: str) -> datetime | None:
    """``Sep 11 2020 11:31:12 UTC`` as an aware datetime; None for another zone, form or day."""
    found = _DATE.search(text)
    month = _MONTHS.get(found[1][:3].casefold()) if found else None
    if found is None or month is None:
        return None
    day, year, hour, minute, second = (int(found[index]) for index in range(2, 7))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


_UNITS = {"day": 86_400, "hour": 3_600, "hr": 3_600, "minute": 60, "min": 60, "second": 1, "sec": 1}
_SPAN = re.compile(r"(\d{1,5})\s*(day|hour|hr|minute|min|second|sec)s?", re.IGNORECASE)


def read_span(text: str) -> int | None:
    """``89 days, 0 hours, 4 minutes, 34 seconds`` in seconds; None where a part is not understood."""
    parts = [part.strip() for part in text.split(",")]
    found = [_SPAN.fullmatch(part) for part in parts]
    if not all(found):
        return None
    return sum(int(part[1]) * _UNITS[part[2].casefold()] for part in found if part)


# --- fields --------------------------------------------------------------------------------------------

_IS = re.compile(r"(smart licensing|license reservation) is (.+)", re.IGNORECASE)


def _enabled(block: _Block, what: str, unrecognised: list[str]) -> Maybe[bool]:
    """From the line *Smart Licensing is ENABLED* (or *License Reservation is …*)."""
    found = [match for line in block.lines("preamble") if (match := _IS.fullmatch(line))]
    values = [match[2] for match in found if match[1].casefold() == what]
    state = _switch(values)
    if values and state is UNKNOWN:
        unrecognised += [match[0] for match in found if match[1].casefold() == what]
    return state


def _status(block: _Block, section: str, unrecognised: list[str]) -> Maybe[str]:
    """The status text of a section; two that differ are both unrecognised."""
    values = block.values(section, "status", "registration status", "license authorization status")
    value = _one(values)
    if value is UNKNOWN and values:
        unrecognised += [f"{section}: {text}" for text in values]
    return value


def _registration(
    block: _Block, enabled: Maybe[bool], unrecognised: list[str]
) -> tuple[Maybe[RegistrationStatus], str]:
    text = _status(block, "registration", unrecognised)
    if text is UNKNOWN:
        off = enabled is False and "registration" not in block.seen and not block.damaged
        return (RegistrationStatus.UNREGISTERED if off else UNKNOWN), ""
    status = registration_status(text)
    if status is None:
        unrecognised.append(f"registration: {text}")
        return UNKNOWN, text
    return status, text


def _authorization(block: _Block, unrecognised: list[str]) -> tuple[Maybe[AuthorizationStatus], str]:
    text = _status(block, "authorization", unrecognised)
    if text is UNKNOWN:
        return UNKNOWN, ""
    status = authorization_status(text)
    if status is None:
        unrecognised.append(f"authorization: {text}")
        return UNKNOWN, text
    return status, text


_EXPIRED = re.compile(r"eval(?:uation)?(?: period)? expired\b", re.IGNORECASE)


def _evaluation(block: _Block, status: Maybe[AuthorizationStatus]) -> Maybe[int | None]:
    """Seconds left, from wherever the clock stands; two clocks that differ are no clock."""
    places = ("authorization", "evaluation", "preamble", "registration", "usage")
    texts = [text for place in places for text in block.values(place, "evaluation period remaining")]
    expired = status is AuthorizationStatus.EVALUATION_EXPIRED or any(
        _EXPIRED.match(line) for line in (*block.lines("evaluation"), *block.lines("authorization"))
    )
    spans = {read_span(text) for text in texts} | ({0} if expired else set())
    if spans:
        span = spans.pop()
        return UNKNOWN if spans or span is None else span
    silent = status is not UNKNOWN and status is not AuthorizationStatus.EVALUATION and not block.damaged
    return None if silent else UNKNOWN


def _named(block: _Block, key: str, registration: Maybe[RegistrationStatus]) -> Maybe[str | None]:
    """An account name; not printed means None on a node that says it is unregistered."""
    values = block.values("registration", key)
    if values:
        value = _one(values)
        return value if value is UNKNOWN or value.casefold() not in _NONE else None
    absent = registration in _WITHOUT_ACCOUNT and not block.damaged
    return None if absent else UNKNOWN


_WITHOUT_ACCOUNT = (
    RegistrationStatus.UNREGISTERED,
    RegistrationStatus.PENDING,
    RegistrationStatus.FAILED,
    RegistrationStatus.RESERVATION_PENDING,
    RegistrationStatus.RESERVED_SPECIFIC,
    RegistrationStatus.RESERVED_UNIVERSAL,
)


def _export(block: _Block, registration: Maybe[RegistrationStatus]) -> Maybe[bool | None]:
    values = block.values(
        "registration", "export-controlled functionality", "export controlled functionality"
    )
    if values:
        found = {_ALLOWED.get(_plain_words(value), UNKNOWN) for value in values}
        return found.pop() if len(found) == 1 else UNKNOWN
    absent = registration in _WITHOUT_ACCOUNT and not block.damaged
    return None if absent else UNKNOWN


_BECAUSE = re.compile(r"because of the following reason\s*:", re.IGNORECASE)
_FAILURE_PLACES = ("registration", "authorization", "preamble")


def _failure(block: _Block) -> str | None:
    """The node's own sentence about the last failed attempt."""
    for place in _FAILURE_PLACES:
        for line in block.lines(place):
            if _BECAUSE.search(line):
                return line
        for text in block.values(place, "failure reason", "reason"):
            if text.casefold() not in _NONE:
                return text
    for place in _FAILURE_PLACES:
        for key, value in block.pairs.get(place, ()):
            if key != "status" and value.upper().startswith("FAILED"):
                return f"{key}: {value}"
    return None


def _hostname_hidden(block: _Block) -> Maybe[bool]:
    sending = _switch(block.values("privacy", "sending hostname"))
    hidden = _switch(block.values("privacy", "smart licensing hostname privacy", "hostname privacy"))
    if sending is UNKNOWN or hidden is UNKNOWN:
        return hidden if sending is UNKNOWN else not sending
    return hidden if hidden is not sending else UNKNOWN


def _transport_url(block: _Block) -> Maybe[str | None]:
    values = block.values("transport", "url", "registration url", "smart url")
    if values:
        value = _one(values)
        return value if value is UNKNOWN or value.casefold() not in _NONE else None
    return None if "transport" in block.seen and not block.damaged else UNKNOWN


_HOST_PORT = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})")


def _proxy(block: _Block) -> Maybe[str | None]:
    """``host:port``; None for *Not Configured*."""
    if block.damaged or "proxy" not in block.seen:
        return UNKNOWN
    hosts = block.values("proxy", "address", "proxy address", "ip address", "host", "hostname", "server")
    ports = block.values("proxy", "port", "proxy port")
    if hosts or ports:
        host, port = _one(hosts), _one(ports)
        if host is UNKNOWN or port is UNKNOWN:
            return UNKNOWN
        return None if host.casefold() in _NONE else f"{host}:{port}" if port.isdigit() else UNKNOWN
    plain = _one(block.lines("proxy"))
    if plain is UNKNOWN:
        return UNKNOWN
    return None if plain.casefold() in _NONE else plain if _HOST_PORT.fullmatch(plain) else UNKNOWN


def _reservation_enabled(block: _Block, unrecognised: list[str]) -> Maybe[bool]:
    said = _enabled(block, "license reservation", unrecognised)
    told = _switch(block.values("reservation", "license reservation", "status"))
    if said is UNKNOWN or told is UNKNOWN or said is told:
        return told if said is UNKNOWN else said
    return UNKNOWN


_ENTRY = re.compile(r"(?P<name>.+?)\s*\((?P<tag>[^()]+)\)\s*:?")
_ENTRY_KEYS = {
    "description",
    "count",
    "version",
    "status",
    "export status",
    "feature name",
    "feature description",
    "enforcement type",
    "license type",
    "reservation",
    "reserved",
}


def _usage(block: _Block) -> tuple[Usage, ...]:
    """The entitlements in use: a title line, then its Count and Status."""
    entries: list[tuple[str, str | None, dict[str, str]]] = []
    for line in block.lines("usage"):
        pair = _PAIR.fullmatch(line)
        key = pair["key"].casefold() if pair else ""
        if pair and key in _ENTRY_KEYS:
            if entries:
                entries[-1][2].setdefault(key, pair["value"].strip())
        elif named := _ENTRY.fullmatch(line):
            entries.append((named["name"], named["tag"], {}))
        elif pair and not pair["value"]:
            entries.append((pair["key"], None, {}))
    return tuple(_used(name, tag, values) for name, tag, values in entries if values)


def _used(name: str, tag: str | None, values: dict[str, str]) -> Usage:
    count = values.get("count", "")
    known = count.isascii() and count.isdigit() and len(count) < 10
    return Usage(name, tag, int(count) if known else UNKNOWN, values.get("status", ""))


def _udi(block: _Block) -> Maybe[str | None]:
    values = [text for place in ("product", "preamble") for text in block.values(place, "udi")]
    return _one(values) if values else UNKNOWN


def udi_serial(udi: Maybe[str | None]) -> Maybe[str]:
    """The serial number in ``PID:EXPY,SN:0E4D1FA5,UUID:…``."""
    found = (
        re.search(r"(?:^|,)\s*S(?:N)?:\s*([0-9A-Za-z]{6,16})\s*(?:,|$)", udi)
        if isinstance(udi, str)
        else None
    )
    return found[1] if found else UNKNOWN


def is_licence_text(lines: Sequence[str]) -> bool:
    """Whether these lines hold a licence block at all."""
    block = _sections(lines)
    return bool(block.seen & {"registration", "authorization"}) or any(
        _IS.fullmatch(line) for line in block.lines("preamble")
    )


def read_licence(lines: Sequence[str]) -> Licence:
    """The licence block as a value. Give it the lines of a reply that ended; see the promises above."""
    block = _sections(lines)
    strange: list[str] = []
    enabled = _enabled(block, "smart licensing", strange)
    registration, registration_text = _registration(block, enabled, strange)
    authorization, authorization_text = _authorization(block, strange)
    expires = _one(block.values("registration", "registration expires"))
    deadline = _one(block.values("authorization", "communication deadline"))
    return Licence(
        enabled=enabled,
        registration=registration,
        registration_text=registration_text,
        authorization=authorization,
        authorization_text=authorization_text,
        evaluation_seconds=_evaluation(block, authorization),
        failure=_failure(block),
        smart_account=_named(block, "smart account", registration),
        virtual_account=_named(block, "virtual account", registration),
        export_controlled=_export(block, registration),
        hostname_hidden=_hostname_hidden(block),
        version_hidden=_switch(block.values("privacy", "version privacy")),
        transport_url=_transport_url(block),
        proxy=_proxy(block),
        usage=_usage(block),
        udi=_udi(block),
        reservation_enabled=_reservation_enabled(block, strange),
        registration_expires=read_date(expires) if expires is not UNKNOWN else None,
        communication_deadline=read_date(deadline) if deadline is not UNKNOWN else None,
        unrecognised=tuple(dict.fromkeys(strange)),
    )
