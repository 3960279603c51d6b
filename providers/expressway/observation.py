"""From the replies of one look at a node to a `NodeObserved`. Pure.

Each part stands for itself: what was not answered, not known to the release or damaged is UNKNOWN, and a
problem where plans depend on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from reconciler.model import (
    UNKNOWN,
    Address,
    Alarm,
    Licence,
    Maybe,
    NodeObserved,
    OptionKey,
    Problem,
    ProblemKind,
    SmartConfig,
    Software,
)

from . import wire
from .licence import is_licence_text, read_licence, udi_serial
from .wire import Ending, RawReply
from .xstatus import (
    read_alarms,
    read_hostname,
    read_option_keys,
    read_peers,
    read_serial,
    read_servers,
    read_smart_config,
    read_software,
)

Replies = Mapping[str, RawReply]


def _lines(replies: Replies, *commands: str) -> tuple[str, ...] | None:
    """The lines of the first of these commands that the node carried out; None where none was."""
    for command in commands:
        reply = replies.get(command)
        if reply is not None and reply.ending is Ending.OK:
            return reply.lines
    return None


def second_look(replies: Replies) -> tuple[str, ...]:
    """What to ask again in its second spelling: not known to the release, or without a licence text."""
    more = [
        second
        for first, second in wire.SECOND_SPELLING.items()
        if first in replies and replies[first].ending in {Ending.NOT_RECOGNISED, Ending.ERROR}
    ]
    shown = _lines(replies, wire.LICENCE)
    if shown is not None and not is_licence_text(shown):
        more.append(wire.LICENCE_ELEMENT)
    return tuple(more)


class _Notes:
    """Collects what could not be read, in the order of the parts."""

    def __init__(self, replies: Replies) -> None:
        self.replies = replies
        self.problems: list[Problem] = []

    def unread(self, part: str, command: str, detail: str = "") -> None:
        reply = self.replies.get(command)
        said = wire.printable(reply.said) if reply else ""
        why = detail or (
            f"the node answered: {said}" if said and said != "OK" else "the reply is not understood"
        )
        if reply is None or reply.ending is Ending.UNSAID:
            why = "the reply did not come to an end"
        self.problems.append(Problem(part, ProblemKind.UNREADABLE, f"{part} could not be read: {why}"))


def _software(notes: _Notes) -> tuple[Maybe[Software], Maybe[str]]:
    lines = _lines(notes.replies, wire.SYSTEM_UNIT)
    software = read_software(lines) if lines is not None else UNKNOWN
    if software is UNKNOWN:
        notes.unread("software", wire.SYSTEM_UNIT)
    return software, read_serial(lines) if lines is not None else UNKNOWN


def _licence(notes: _Notes) -> Maybe[Licence]:
    shown = (_lines(notes.replies, command) for command in (wire.LICENCE, wire.LICENCE_ELEMENT))
    lines = next((lines for lines in shown if lines is not None and is_licence_text(lines)), None)
    if lines is None:
        notes.unread("licence", wire.LICENCE)
        return UNKNOWN
    licence = read_licence(lines)
    if licence.unrecognised:
        words = wire.printable("; ".join(licence.unrecognised))
        notes.unread("licence", wire.LICENCE, f"words that are not known: {words}")
    elif licence.registration is UNKNOWN:
        notes.unread("licence", wire.LICENCE, "the block shows no registration status")
    return licence


def _smart(notes: _Notes) -> Maybe[SmartConfig]:
    lines = _lines(notes.replies, wire.SMART_CONFIG)
    config = read_smart_config(lines) if lines is not None else SmartConfig()
    if config == SmartConfig():
        notes.unread("smart", wire.SMART_CONFIG)
        return UNKNOWN
    return config


def _alarms(notes: _Notes) -> Maybe[tuple[Alarm, ...]]:
    lines = _lines(notes.replies, wire.ALARMS, wire.WARNINGS)
    alarms = read_alarms(lines) if lines is not None else UNKNOWN
    if alarms is UNKNOWN:
        notes.unread("alarms", wire.ALARMS)
    return alarms


def _peers(notes: _Notes) -> tuple[Maybe[tuple[str, ...]], Maybe[int]]:
    lines = _lines(notes.replies, wire.ALTERNATES)
    peers, primary = read_peers(lines) if lines is not None else (UNKNOWN, UNKNOWN)
    if peers is UNKNOWN:
        notes.unread("peers", wire.ALTERNATES)
    return peers, primary


def _option_keys(replies: Replies) -> Maybe[tuple[OptionKey, ...]]:
    lines = _lines(replies, wire.OPTIONS, wire.OPTION_CONFIG)
    return read_option_keys(lines) if lines is not None else UNKNOWN


def _servers(replies: Replies, *commands: str) -> Maybe[tuple[str, ...]]:
    for command in commands:
        lines = _lines(replies, command)
        servers = read_servers(lines) if lines is not None else UNKNOWN
        if servers is not UNKNOWN:
            return servers
    return UNKNOWN


def _hostname(replies: Replies) -> Maybe[str]:
    for command in (wire.IP_DNS, wire.DNS):
        lines = _lines(replies, command)
        name = read_hostname(lines) if lines is not None else UNKNOWN
        if name is not UNKNOWN:
            return name
    return UNKNOWN


def node_observed(address: Address, at: datetime, replies: Replies) -> NodeObserved:
    """The node as these replies show it. Option keys, DNS, NTP and host name may be UNKNOWN without a
    problem: not every release shows them, and no plan needs them."""
    notes = _Notes(replies)
    software, serial = _software(notes)
    licence = _licence(notes)
    smart = _smart(notes)
    alarms = _alarms(notes)
    peers, primary = _peers(notes)
    if serial is UNKNOWN and licence is not UNKNOWN:
        serial = udi_serial(licence.udi)
    return NodeObserved(
        address=address,
        at=at,
        serial=serial,
        software=software,
        licence=licence,
        smart=smart,
        alarms=alarms,
        option_keys=_option_keys(replies),
        peers=peers,
        primary=primary,
        hostname=_hostname(replies),
        dns=_servers(replies, wire.DNS, wire.IP_DNS),
        ntp=_servers(replies, wire.NTP),
        problems=tuple(notes.problems),
    )
