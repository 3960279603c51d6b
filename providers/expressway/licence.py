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
from typing import Literal

from reconciler.model import UNKNOWN, AuthorizationStatus, Licence, Maybe, RegistrationStatus, Unknown, Usage

from .agent_text import (
    NOTHING,
    PAIR,
    TITLED,
    Block,
    authorization_status,
    only,
    plain_words,
    read_date,
    read_span,
    registration_status,
    sections,
    switch,
)
from .reservation import reservation_enabled, reserved_lines, with_reservation

# --- fields --------------------------------------------------------------------------------------------

_IS = re.compile(r"(smart licensing|license reservation) is (.+)", re.IGNORECASE)


_ALLOWED = {"ALLOWED": True, "NOT ALLOWED": False}


def _enabled(block: Block, what: str, unrecognised: list[str]) -> Maybe[bool]:
    """From the line *Smart Licensing is ENABLED* (or *License Reservation is …*)."""
    found = [match for line in block.lines("preamble") if (match := _IS.match(line))]
    values = [match[2] for match in found if match[1].casefold() == what]
    state = switch(values)
    if state is UNKNOWN:
        unrecognised += [match[0] for match in found if match[1].casefold() == what]
    return state


def _status(block: Block, section: str, unrecognised: list[str]) -> Maybe[str]:
    """The status text of a section; two that differ are both unrecognised."""
    values = block.values(section, "status", "registration status", "license authorization status")
    value = only(values)
    if value is UNKNOWN and values:
        unrecognised += [f"{section}: {text}" for text in values]
    return value


def _registration(
    block: Block,
    enabled: Maybe[bool],
    authorization: Maybe[AuthorizationStatus],
    unrecognised: list[str],
) -> tuple[Maybe[RegistrationStatus], str]:
    text = _status(block, "registration", unrecognised)
    if text is UNKNOWN:
        off = enabled is False and not block.seen - {"preamble"} and not block.damaged
        return (RegistrationStatus.UNREGISTERED if off else UNKNOWN), ""
    status = registration_status(text)
    if status is None:
        unrecognised.append(f"registration: {text}")
        return UNKNOWN, text
    reserved = with_reservation(status, authorization, block)
    if reserved is None:
        unrecognised.append(f"registration: {text}, beside another word on its reservation")
        return UNKNOWN, text
    return reserved, text


def _authorization(block: Block, unrecognised: list[str]) -> tuple[Maybe[AuthorizationStatus], str]:
    text = _status(block, "authorization", unrecognised)
    if text is UNKNOWN:
        return UNKNOWN, ""
    status = authorization_status(text)
    if status is None:
        unrecognised.append(f"authorization: {text}")
        return UNKNOWN, text
    return status, text


_EXPIRED = re.compile(r"eval(?:uation)?(?: period)? expired\b", re.IGNORECASE)


_HOLDING = (
    RegistrationStatus.REGISTERED,
    RegistrationStatus.RESERVED_SPECIFIC,
    RegistrationStatus.RESERVED_UNIVERSAL,
)
_EVALUATING = (UNKNOWN, AuthorizationStatus.EVALUATION, AuthorizationStatus.EVALUATION_EXPIRED)


def _evaluation(
    block: Block, registration: Maybe[RegistrationStatus], status: Maybe[AuthorizationStatus]
) -> Maybe[int | None]:
    """Seconds left, from wherever the clock stands; two clocks that differ are no clock, and a node that
    holds a registration prints none."""
    places = ("authorization", "evaluation", "preamble", "registration", "usage")
    texts = [text for place in places for text in block.values(place, "evaluation period remaining")]
    expired = status is AuthorizationStatus.EVALUATION_EXPIRED or any(
        _EXPIRED.match(line) for line in (*block.lines("evaluation"), *block.lines("authorization"))
    )
    spans = {read_span(text) for text in texts} | ({0} if expired else set())
    if spans:
        span = spans.pop()
        return UNKNOWN if spans or span is None else span
    silent = registration in _HOLDING and status not in _EVALUATING and not block.damaged
    return None if silent else UNKNOWN


def _named(block: Block, key: str, registration: Maybe[RegistrationStatus]) -> Maybe[str | None]:
    """An account name; not printed means None on a node that says it is unregistered."""
    values = block.values("registration", key)
    if values:
        value = only(values)
        return value if value is UNKNOWN or value.casefold() not in NOTHING else None
    return _unprinted(block, registration)


def _unprinted(block: Block, registration: Maybe[RegistrationStatus]) -> Literal[Unknown.UNKNOWN] | None:
    """What a line that is not there says: absent on an unregistered node of a whole block, else nothing.

    A pending or failed node may still be in an account, so there it is not known.
    """
    absent = registration is RegistrationStatus.UNREGISTERED and not block.damaged
    return None if absent else UNKNOWN


def _export(block: Block, registration: Maybe[RegistrationStatus]) -> Maybe[bool | None]:
    values = block.values(
        "registration", "export-controlled functionality", "export controlled functionality"
    )
    if values:
        found = {_ALLOWED.get(plain_words(value), UNKNOWN) for value in values}
        return found.pop() if len(found) == 1 else UNKNOWN
    return _unprinted(block, registration)


_BECAUSE = re.compile(r"because of the following reason\s*:", re.IGNORECASE)
_FAILURE_PLACES = ("registration", "authorization", "preamble")


def _failure(block: Block) -> str | None:
    """The node's own sentence about the last failed attempt."""
    for place in _FAILURE_PLACES:
        for line in block.lines(place):
            if _BECAUSE.search(line):
                return line
        for text in block.values(place, "failure reason", "reason"):
            if text.casefold() not in NOTHING:
                return text
    for place in _FAILURE_PLACES:
        for key, value in block.pairs.get(place, ()):
            if key != "status" and value.upper().startswith("FAILED"):
                return f"{key}: {value}"
    return None


def _hostname_hidden(block: Block) -> Maybe[bool]:
    sending = switch(block.values("privacy", "sending hostname"))
    hidden = switch(block.values("privacy", "smart licensing hostname privacy", "hostname privacy"))
    if hidden is UNKNOWN:
        return UNKNOWN if sending is UNKNOWN else not sending
    return hidden if hidden is not sending else UNKNOWN


def _transport_url(block: Block) -> Maybe[str | None]:
    value = only(block.values("transport", "url", "registration url", "smart url"))
    return value if value is UNKNOWN or value.casefold() not in NOTHING else None


_HOST_PORT = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):(\d{1,5})")


def _proxy(block: Block) -> Maybe[str | None]:
    """``host:port``; None for *Not Configured*."""
    if block.damaged:
        return UNKNOWN
    hosts = block.values("proxy", "address", "proxy address", "ip address", "host", "hostname", "server")
    ports = block.values("proxy", "port", "proxy port")
    if hosts or ports:
        host, port = only(hosts), only(ports)
        if host is UNKNOWN or port is UNKNOWN:
            return UNKNOWN
        return None if host.casefold() in NOTHING else f"{host}:{port}" if port.isdigit() else UNKNOWN
    plain = only(block.lines("proxy"))
    if plain is UNKNOWN:
        return UNKNOWN
    return None if plain.casefold() in NOTHING else plain if _HOST_PORT.fullmatch(plain) else UNKNOWN


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


def _usage(block: Block) -> tuple[Usage, ...]:
    """The entitlements in use: a title line, then its Count and Status."""
    entries: list[tuple[str, str | None, dict[str, str]]] = []
    for line in block.lines("usage"):
        pair = PAIR.match(line)
        key, value = pair.groups() if pair else ("", "")
        if key.casefold() in _ENTRY_KEYS:
            if entries:
                entries[-1][2].setdefault(key.casefold(), value)
        elif named := TITLED.fullmatch(line):
            entries.append((named["name"], named["tag"], {}))
        elif key and not value:
            entries.append((key, None, {}))
    return tuple(_used(name, tag, values) for name, tag, values in entries if values)


def _used(name: str, tag: str | None, values: dict[str, str]) -> Usage:
    count = values.get("count", "")
    known = count.isascii() and count.isdigit() and len(count) < 10
    return Usage(name, tag, int(count) if known else UNKNOWN, values.get("status", ""))


def _udi(block: Block) -> Maybe[str | None]:
    values = [text for place in block.pairs for text in block.values(place, "udi")]
    return only(values) if values else UNKNOWN


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
    block = sections(tuple(lines))
    return bool(block.seen & {"registration", "authorization"}) or any(
        _IS.match(line) for line in block.lines("preamble")
    )


def read_licence(lines: Sequence[str]) -> Licence:
    """The licence block as a value. Give it the lines of a reply that ended; see the promises above."""
    block = sections(tuple(lines))
    strange: list[str] = []
    enabled = _enabled(block, "smart licensing", strange)
    strange_too: list[str] = []
    authorization, authorization_text = _authorization(block, strange_too)
    registration, registration_text = _registration(block, enabled, authorization, strange)
    strange += strange_too
    expires = only(block.values("registration", "registration expires"))
    deadline = only(block.values("authorization", "communication deadline"))
    return Licence(
        enabled=enabled,
        registration=registration,
        registration_text=registration_text,
        authorization=authorization,
        authorization_text=authorization_text,
        evaluation_seconds=_evaluation(block, registration, authorization),
        failure=_failure(block),
        smart_account=_named(block, "smart account", registration),
        virtual_account=_named(block, "virtual account", registration),
        export_controlled=_export(block, registration),
        hostname_hidden=_hostname_hidden(block),
        version_hidden=switch(block.values("privacy", "version privacy")),
        transport_url=_transport_url(block),
        proxy=_proxy(block),
        usage=_usage(block),
        udi=_udi(block),
        reservation_enabled=reservation_enabled(block, _enabled(block, "license reservation", strange)),
        reserved=reserved_lines(block),
        registration_expires=read_date(expires) if expires is not UNKNOWN else None,
        communication_deadline=read_date(deadline) if deadline is not UNKNOWN else None,
        unrecognised=tuple(dict.fromkeys(strange)),
    )
