"""The Tandberg shell of one node: a line in, a reply out. Pure over the world; knows no SSH and no echo.

Belongs here: which spellings exist, what each does, how a reply ends. Does not belong here: layout
(`texts`), licensing behaviour (`agent`), bytes and faults (`expressway`). Sources: reference X15.0
(commands), netmiko's ``cisco_tp`` and admin guide X15.3 (``OK``, ``ERROR``, ``Command not recognized.``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from . import agent, reservation
from .nouns import Node
from .texts import configuration, licence, status
from .texts import reservation as replies
from .world import World

OK, ERROR, NOT_RECOGNIZED = "OK", "ERROR", "Command not recognized."
PRIVACY = ("none", "all", "hostname", "version")
TRANSPORTS = ("direct", "satellite")
DEBUG = ("error", "trace", "debug", "all")
LEAVE = ("exit", "bye", "quit", "logout")


@dataclass(frozen=True, slots=True)
class Said:
    """A reply: lines, then the line that ends it. ``ran`` is False where nothing was carried out."""

    lines: tuple[str, ...] = ()
    end: str = OK
    ran: bool = True


class _Wrong(Exception):
    """A command that is known and not carried out; the text is why."""


def answer(world: World, node: Node, line: str) -> Said:
    """Carry out one command line and say what the node says."""
    head, _, rest = line.strip().partition(" ")
    family = {"xstatus": _status, "xconfiguration": _configuration, "xcommand": _command}.get(head.casefold())
    if family is None:
        return Said(end=NOT_RECOGNIZED, ran=False)
    try:
        return family(world, node, rest.strip())
    except (_Wrong, agent.NotNow) as wrong:
        return _error(node, str(wrong))


def _error(node: Node, why: str) -> Said:
    form = node.dialect.error_form
    if form == "colon":
        return Said(end=f"{ERROR}: {why}", ran=False)
    return Said(() if form == "bare" else (why,), ERROR, ran=False)


def rendered(node: Node, said: Said) -> list[str]:
    """The reply as lines, blank lines included."""
    airy = node.dialect.spacing == "airy"
    return [*said.lines, *([""] if airy else []), said.end, *([""] if airy else [])]


# -- xStatus -----------------------------------------------------------------------------------------------

_ELEMENTS: dict[str, tuple[str, Callable[[World, Node], list[str]]]] = {
    "systemunit": ("SystemUnit", status.system_unit),
    "alarm": ("Alarm", status.alarms),
    "warnings": ("Warnings", status.warnings),
    "options": ("Options", status.options),
    "alternates": ("Alternates", status.alternates),
    "cluster": ("Cluster", status.alternates),
}


def _status(world: World, node: Node, rest: str) -> Said:
    agent.settle_alarms(world, node)
    words = rest.casefold().split()
    if words == ["?"]:
        return Said((*(name for name, _ in _ELEMENTS.values()), "License"), ran=False)
    if words[:1] == ["//"]:
        return _search(world, node, words[1:])
    if words[:1] == ["license"] and node.dialect.license_element == "same":
        return _framed("Show", licence.block(world, node))
    if not words or words[0] not in _ELEMENTS or (words[0] == "alarm" and not status.knows_alarms(node)):
        return Said(end=NOT_RECOGNIZED, ran=False)
    name, lines = _ELEMENTS[words[0]]
    return _framed(name, lines(world, node))


def _search(world: World, node: Node, words: list[str]) -> Said:
    if words == ["license"]:
        return _framed("Show", licence.block(world, node))
    if len(words) == 1 and words[0] in _ELEMENTS:
        return _status(world, node, words[0])
    return Said()


def _framed(name: str, lines: list[str]) -> Said:
    return Said((f"*s {name}: /", *lines, "*s/end"))


# -- xConfiguration ----------------------------------------------------------------------------------------


def _configuration(world: World, node: Node, rest: str) -> Said:
    path, colon, value = _split(rest)
    if path.endswith("?"):
        return _usage(node, path, command=False)
    if not colon:
        lines = configuration.listed(world, node, path)
        return Said(end=NOT_RECOGNIZED, ran=False) if lines is None else Said(tuple(lines))
    if path in _SETTERS and configuration.listed(world, node, path):
        _SETTERS[path](world, node, value)
        return Said()
    if path in _ACTIONS_AS_SETTINGS and node.dialect.spelling != "command":
        return _ACTIONS_AS_SETTINGS[path](world, node, value)
    if configuration.listed(world, node, path):
        raise _Wrong("this setting cannot be changed here")
    return Said(end=NOT_RECOGNIZED, ran=False)


def _split(rest: str) -> tuple[str, str, str]:
    """(path in lower case with single blanks, colon or nothing, value without its quotes)."""
    path, colon, value = rest.partition(":")
    return " ".join(path.casefold().split()), colon, _unquoted(value.strip())


def _unquoted(value: str) -> str:
    quoted = re.fullmatch(r'"([^"]*)"|\'([^\']*)\'', value)
    return (quoted.group(1) or quoted.group(2) or "") if quoted else value


def _set_transport(world: World, node: Node, value: str) -> None:
    chosen = _one_of(TRANSPORTS, value)
    if node.registration and chosen != node.transport and node.dialect.switch_while_registered == "refused":
        raise _Wrong("deregister before changing the transport")
    node.transport = chosen
    agent.replicate(world, node)


def _set_url(_world: World, node: Node, value: str) -> None:
    node.url = value


def _set_privacy(_world: World, node: Node, value: str) -> None:
    node.privacy = _one_of(PRIVACY, value)


def _set_debug(_world: World, node: Node, value: str) -> None:
    node.debug = _one_of(DEBUG, value)


def _one_of(allowed: tuple[str, ...], value: str) -> str:
    if value.casefold() not in allowed:
        raise _Wrong(f"value must be one of {'/'.join(allowed)}")
    return value.casefold()


def _set_reservation(_world: World, node: Node, value: str) -> None:
    if _one_of(("on", "off"), value) == "on":
        reservation.enable(node)
    else:
        reservation.disable(node)


_SETTERS: dict[str, Callable[[World, Node, str], None]] = {
    "license smart transport": _set_transport,
    "license smart url": _set_url,
    "license smart privacy": _set_privacy,
    "license smart debug": _set_debug,
    "license smart reservationenable": _set_reservation,
}

# -- xCommand, and the same actions spelled as settings ----------------------------------------------------


def _command(world: World, node: Node, rest: str) -> Said:
    path, _, value = _split(rest)
    if path.endswith("?"):
        return _usage(node, path, command=True)
    if (asked := _RESERVATION.match(rest)) and reservation.knows_reservations(node):
        return _reservation(world, node, asked[1].casefold(), asked[2].strip())
    if path in _ACTIONS and node.dialect.spelling != "configuration":
        return _ACTIONS[path](world, node, value)
    return Said(end=NOT_RECOGNIZED, ran=False)


def _register(world: World, node: Node, token: str) -> Said:
    agent.register(world, node, _given(token))
    return _started(node)


def _reregister(world: World, node: Node, token: str) -> Said:
    agent.reregister(world, node, _given(token))
    return _started(node)


def _given(token: str) -> str:
    if not token:
        raise _Wrong("a token is required")
    return token


def _started(node: Node) -> Said:
    if node.dialect.register_answer == "sentence":
        return Said(("Registration process is in progress. Use the license status to check the progress.",))
    return Said()


def _deregister(world: World, node: Node, _value: str) -> Said:
    if agent.deregister(world, node):
        return Said()
    return Said(
        ("Cisco Smart Software Manager could not be reached: remove the product instance there by hand.",)
    )


def _renew_id(world: World, node: Node, _value: str) -> Said:
    agent.renew_registration(world, node)
    return Said()


def _renew_auth(world: World, node: Node, _value: str) -> Said:
    agent.renew_authorization(world, node)
    return Said()


_RESERVATION = re.compile(r"license\s+smart\s+reservation\s+(\w+)(?::|\s|$)(.*)", re.IGNORECASE | re.DOTALL)


def _reservation(world: World, node: Node, verb: str, value: str) -> Said:
    """The commands of the admin guide; only the two that take a code take anything."""
    if verb in ("install", "returnauthorization"):
        code = _quoted_code(value)
        if verb == "install":
            return Said(replies.installed(node, reservation.install(world, node, code)))
        returned = reservation.return_authorization(world, node, code)
        return Said(replies.returned(node.dialect.return_authorization_words, returned))
    if verb not in ("request", "return", "cancel") or value:
        return Said(end=NOT_RECOGNIZED, ran=False)
    if verb == "request":
        return Said(replies.requested(node, reservation.request(world, node)))
    if verb == "return":
        return Said(replies.returned(node.dialect.return_words, reservation.give_back(world, node)))
    reservation.cancel(node)
    return Said()


def _quoted_code(value: str) -> str:
    """The code stands in double quotes (admin guide X15.3); one that was cut has lost the second."""
    quoted = re.fullmatch(r'"([^"]+)"', value)
    if quoted is None:
        raise _Wrong("the authorization code must be enclosed in double quotes")
    return quoted[1]


_Action = Callable[[World, Node, str], Said]
_ACTIONS: dict[str, _Action] = {
    "license smart register idtoken": _register,
    "license smart reregister": _reregister,
    "license smart deregister": _deregister,
    "license smart renew id": _renew_id,
    "license smart renew auth": _renew_auth,
}


def _when_on(action: _Action) -> _Action:
    """An action that is spelled as a switch happens for On, and for Off nothing does."""

    def switched(world: World, node: Node, value: str) -> Said:
        return action(world, node, "") if _one_of(("on", "off"), value) == "on" else Said(ran=False)

    return switched


_ACTIONS_AS_SETTINGS: dict[str, _Action] = {
    path: action if path.endswith(("idtoken", "reregister")) else _when_on(action)
    for path, action in _ACTIONS.items()
}


def _usage(node: Node, path: str, *, command: bool) -> Said:
    if not path.startswith(("license", "?")):
        return Said(end=NOT_RECOGNIZED, ran=False)
    as_settings = node.dialect.spelling != "command"
    lines = [*configuration.USAGE, *(configuration.ACTIONS_USAGE if as_settings else [])]
    if command:
        lines = configuration.COMMANDS_USAGE if node.dialect.spelling != "configuration" else []
    if reservation.knows_reservations(node):
        more = configuration.RESERVATIONS_USAGE if command else [configuration.RESERVATION_USAGE]
        lines = [*lines, *more]
    return Said(tuple(lines), ran=False)
