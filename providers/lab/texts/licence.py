"""The licence block: what ``xstatus // license`` prints between ``*s Show: /`` and ``*s/end``.

Seen (TAC doc 215633, X12.6 and later): the frame, *Smart Licensing Status*, *Registration*, *License
Authorization*, *Data Privacy* and *Transport* of a registered node, with the blank after ``License
Authorization:`` and ``All:``, without indentation (the web page lost it: dialect ``indent``).
Seen (Cisco TAC): ``Status: EVAL MODE`` and ``Evaluation Period Remaining``.
Seen (admin guide X15.3, web page words): ``Unregistered : Registration Failed`` and its neighbours, and the
sentence about the last failed attempt; that the command line prints the same words is inferred
(``status_words``, ``failure``).
Inferred from sister products with the same agent (ASAv, CUCM 12.0): the words for an expired evaluation,
*License Usage*, *Product Information*, *Agent Version*, *Reservation Info*, and a configured proxy.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from providers.lab.agent import authorization_expired, date_text, short
from providers.lab.nouns import TAGS, Node, Registration
from providers.lab.reservation import beyond
from providers.lab.texts import reservation
from providers.lab.world import World

SENTENCE = (
    "The last attempt to renew smart software licensing registration is in progress because of the following "
    "reason: {reason}."
)
WORDS = {
    "web": {
        "pending": "Unregistered : Registration Pending",
        "failed": "Unregistered : Registration Failed",
        "expired": "Unregistered : Registration Expired",
    },
    "upper": {
        "pending": "UNREGISTERED : REGISTRATION PENDING",
        "failed": "UNREGISTERED : REGISTRATION FAILED",
        "expired": "UNREGISTERED : REGISTRATION EXPIRED",
    },
    "dashed": {
        "pending": "UNREGISTERED - REGISTRATION PENDING",
        "failed": "UNREGISTERED - REGISTRATION FAILED",
        "expired": "UNREGISTERED - REGISTRATION EXPIRED",
    },
}


def block(world: World, node: Node) -> list[str]:
    """The lines of the licence block, in the dialect of the node."""
    lines = ["License:", "All: ", "Smart Licensing Status", "======================", ""]
    if not node.smart:
        return [*lines, "Smart Licensing is DISABLED", ""]
    lines += ["Smart Licensing is ENABLED", "", *reservation.heading(node)]
    for section in (_registration, _authorization, _privacy, _transport, _tail):
        lines += [*_indented(node, section(world, node)), ""]
    return [*lines, *node.extra_words]


def _indented(node: Node, lines: Iterator[str]) -> Iterator[str]:
    """Where the agent's indentation survives, everything under a heading moves by two."""
    for number, line in enumerate(lines):
        heading = number == 0 or not line or line.endswith("==") or line in _TITLES
        yield line if heading or node.dialect.indent == "none" else f"  {line}"


_TITLES = (
    "License Usage",
    "Product Information",
    "Agent Version",
    "Reservation Info",
    "Specified license reservations:",
    "Proxy:",
)


def _registration(_world: World, node: Node) -> Iterator[str]:
    yield "Registration:"
    registration = node.registration
    if node.holding.installed is not None or node.holding.request is not None:
        yield from reservation.registration(node)
    elif registration is None:
        yield f"Status: {_registration_words(node)}"
        yield "Export-Controlled Functionality: NOT ALLOWED"
    else:
        yield from _registered(node, registration)
    if node.failure and node.failed_at:
        yield from _failure(node)


def _registration_words(node: Node) -> str:
    if node.status_text is not None:
        return node.status_text
    words = WORDS[node.dialect.status_words]
    plain = "Unregistered" if node.dialect.status_words == "web" else "UNREGISTERED"
    return words.get(node.registration_word, plain)


def _registered(node: Node, registration: Registration) -> Iterator[str]:
    yield f"Status: {node.status_text or 'REGISTERED'}"
    yield f"Smart Account: {registration.account.domain}"
    yield f"Virtual Account: {registration.virtual_account.name}"
    yield f"Export-Controlled Functionality: {'ALLOWED' if registration.export else 'NOT ALLOWED'}"
    yield f"Initial Registration: SUCCEEDED on {date_text(registration.first_at)}"
    yield f"Last Renewal Attempt: {registration.renewal}"
    yield f"Next Renewal Attempt: {date_text(registration.next_renewal)}"
    yield f"Registration Expires: {date_text(registration.expires)}"


def _failure(node: Node) -> Iterator[str]:
    if node.dialect.failure == "reason":
        if node.registration is None and node.failed_at:
            yield f"Initial Registration: FAILED on {date_text(node.failed_at)}"
        yield f"Failure reason: {node.failure}"
    else:
        yield SENTENCE.format(reason=node.failure)


def _authorization(world: World, node: Node) -> Iterator[str]:
    yield "License Authorization: "
    if node.holding.installed is not None:
        yield f"Status: {reservation.authorization(node)}"
        return
    if node.registration is None:
        yield from _evaluation(world, node)
        return
    at = node.registration.authorized_at
    yield f"Status: {authorization_words(world, node)}"
    yield f"Last Communication Attempt: {node.registration.communication or 'SUCCEEDED on ' + date_text(at)}"
    yield f"Next Communication Attempt: {date_text(at + timedelta(days=30))}"
    yield f"Communication Deadline: {date_text(at + timedelta(days=90))}"


def authorization_words(world: World, node: Node) -> str:
    """The authorization of a registered node, as its status line says it."""
    if node.registration is None or not any(node.usage.values()):
        return "No Licenses in Use"
    if authorization_expired(world, node):
        return "AUTHORIZATION EXPIRED"
    at = date_text(node.registration.authorized_at)
    return f"OUT OF COMPLIANCE on {at}" if short(node) else f"AUTHORIZED on {at}"


def _evaluation(world: World, node: Node) -> Iterator[str]:
    left = node.evaluation_left(world.now)
    if left <= 0:
        yield f"Status: {_expired_words(world, node)}"
        return
    yield "Status: EVAL MODE"
    yield ""
    yield f"Evaluation Period Remaining: {_period(left)}"


def _expired_words(world: World, node: Node) -> str:
    dated = f"EVALUATION PERIOD EXPIRED on {date_text(node.evaluation_ended(world.now))}"
    return {"web": "Evaluation Expired", "dated": dated}.get(node.dialect.expired_words, "EVAL EXPIRED")


def _period(seconds: float) -> str:
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{days} days, {hour} hours, {minute} minutes, {second} seconds"


def _privacy(_world: World, node: Node) -> Iterator[str]:
    hidden = node.privacy in ("hostname", "all")
    yield "Data Privacy:"
    yield f"Sending Hostname: {'no' if hidden else 'yes'}"
    yield "Callhome hostname privacy: DISABLED"
    yield f"Smart Licensing hostname privacy: {_switch(hidden)}"
    yield f"Version privacy: {_switch(node.privacy in ('version', 'all'))}"


def _switch(on: bool) -> str:
    return "ENABLED" if on else "DISABLED"


def _transport(_world: World, node: Node) -> Iterator[str]:
    yield "Transport:"
    yield "Type: Smart"
    yield f"URL: {transport_url(node)}"
    yield "Proxy:"
    if node.proxy is None:
        yield "Not Configured"
    elif node.dialect.proxy_layout == "joined":
        yield node.proxy
    else:
        host, _, port = node.proxy.rpartition(":")
        yield f"Address: {host}"
        yield f"Port: {port}"


def transport_url(node: Node) -> str:
    """Where the agent sends to: the cloud's receiver, or the On-Prem URL as it was typed."""
    cloud = "https://smartreceiver.cisco.com/licservice/license"
    return node.url if node.transport == "satellite" else cloud


def _tail(_world: World, node: Node) -> Iterator[str]:
    if node.dialect.tail == "cut":
        return
    yield from ("License Usage", "==============", "")
    yield from _usage(node)
    yield from ("", "Product Information", "===================", _udi(node))
    yield from ("", "Agent Version", "=============", "Smart Agent for Licensing: 4.9.3_rel/34")
    yield from reservation.info(node)


def _usage(node: Node) -> Iterator[str]:
    """A licence that is not in use is not displayed (admin guide X15.3)."""
    used = [(name, count) for name, count in node.usage.items() if count]
    if not used:
        yield "No licenses in use"
    for name, count in used:
        yield f"{name} ({TAGS.get(name, name)}):"
        yield f"Description: {name}"
        yield f"Count: {count}"
        yield "Version: 1.0"
        yield f"Status: {_usage_words(node, name)}"
        if node.dialect.usage_layout == "agent":
            yield "Export status: NOT RESTRICTED"
        yield ""


def _usage_words(node: Node, name: str) -> str:
    if node.holding.installed is not None:
        return "NOT AUTHORIZED" if name in beyond(node) else "AUTHORIZED"
    if node.registration is None:
        return "EVAL MODE"
    if name in short(node):
        return "OUT OF COMPLIANCE"
    return "InCompliance" if node.dialect.usage_layout == "ucm" else "AUTHORIZED"


def _udi(node: Node) -> str:
    """With the uuid where the dialect has it, and where a plain request code shows it anyway."""
    asked = node.holding.enabled and node.dialect.request_code == "plain"
    uuid = f",UUID:{node.uuid}" if asked or node.dialect.udi == "uuid" else ""
    return f"UDI: PID:EXPY,SN:{node.serial}{uuid}"
