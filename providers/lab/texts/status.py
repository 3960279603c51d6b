"""The other ``xStatus`` elements: SystemUnit, Alarm, Warnings, Options, Alternates, Cluster; and the banner.

Seen (three independent parsers of real output): ``*s <Element>: /``, children indented by five and then by
two, values in double quotes, ``*s/end``; ``Build:``, ``ExpresswaySeries:``, ``SerialNumber:``, ``Key:`` and
``Description:`` as keys; in the banner, ``TANDBERG Video Communication Server X<version>``.
Inferred: where ``SerialNumber`` and ``Version`` stand (``system_unit``), the layout of alarms
(``alarm_layout``; their fields are those of the event log and of Cisco's own template), what else the
banner says (``banner``), the peer records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from providers.lab.nouns import AlarmRaised, Node, numbers
from providers.lab.world import World

ALARMS_ON_CLI_FROM = (14, 0, 1)
RELEASE_DATES = {
    "X12.6": "2020-06-25",
    "X14.0.8": "2022-06-28",
    "X14.0.11": "2023-01-30",
    "X14.2.1": "2022-10-04",
    "X14.2.6": "2023-03-20",
    "X14.3.1": "2023-08-21",
    "X15.0": "2023-12-12",
}


def banner(node: Node) -> list[str]:
    """What is said after login; there is no prompt after it."""
    lines = ["", f"TANDBERG Video Communication Server {node.version}"]
    if node.dialect.banner == "long":
        lines += [f"SW Release Date: {RELEASE_DATES.get(node.version, 'unknown')}", "Last login: none", ""]
        lines += ["Login successful"]
    if node.dialect.banner == "ok":
        lines += [f"SW Release Date: {RELEASE_DATES.get(node.version, 'unknown')}", "", "OK"]
    return [*lines, ""]


def system_unit(world: World, node: Node) -> list[str]:
    uptime = 86_400 + int((world.now - world.started).total_seconds())
    printer = _bare if node.dialect.system_unit == "bare" else _quoted
    top = [
        printer(5, "Product", "TANDBERG VCS"),
        f"     Uptime: {uptime}",
        printer(5, "SystemTime", f"{world.now:%Y-%m-%d %H:%M:%S}"),
        printer(5, "TimeZone", "GMT"),
        printer(5, "LocalTime", f"{world.now:%Y-%m-%d %H:%M:%S}"),
    ]
    software, hardware = _software(node, printer), _hardware(node, printer)
    if node.dialect.system_unit == "flat":
        flat = [f"     {line.strip()}" for line in (*software, *hardware) if not line.endswith(": /")]
        return [*top, *flat]
    return [*top, *software, *hardware]


def _software(node: Node, printer: Callable[[int, str, str], str]) -> list[str]:
    return [
        "     Software: /",
        printer(7, "Version", node.version),
        printer(7, "Build", f"v{node.version[1:]}-lab"),
        printer(7, "Name", "s42700"),
        printer(7, "ReleaseDate", RELEASE_DATES.get(node.version, "unknown")),
        "       Configuration: /",
        printer(9, "ExpresswaySeries", "True"),
        printer(9, "Expressway", "True" if node.role == "edge" else "False"),
    ]


def _hardware(node: Node, printer: Callable[[int, str, str], str]) -> list[str]:
    return ["     Hardware: /", printer(7, "Version", "VMware"), printer(7, "SerialNumber", node.serial)]


def _quoted(indent: int, key: str, value: str) -> str:
    return f'{" " * indent}{key}: "{value}"'


def _bare(indent: int, key: str, value: str) -> str:
    return f"{' ' * indent}{key}: {value}"


def alarms(_world: World, node: Node) -> list[str]:
    lines: list[str] = []
    for number, alarm in enumerate(node.alarms, start=1):
        lines += _alarm(node, number, alarm)
    return lines


def _alarm(node: Node, number: int, alarm: AlarmRaised) -> Iterator[str]:
    fields = {
        "UUID": alarm.uuid,
        "ID": alarm.id,
        "Severity": alarm.severity.lower(),
        "Status": "raised",
        "FirstRaised": f"{alarm.at:%Y-%m-%d %H:%M:%S}",
        "Detail": alarm.title,
    }
    if node.dialect.alarm_layout == "flat":
        yield from (_quoted(5, f"Alarm {number} {key}", value) for key, value in fields.items())
    else:
        yield f"     Alarm {number}: /"
        yield from (_quoted(7, key, value) for key, value in fields.items())


def warnings(_world: World, node: Node) -> list[str]:
    """The element of older releases: reason and state, with the alarm's number in the reason."""
    lines: list[str] = []
    for number, alarm in enumerate(node.alarms, start=1):
        lines += [f"     Warning {number}: /", _quoted(7, "ID", alarm.id)]
        lines += [_quoted(7, "Reason", alarm.title), _quoted(7, "State", "Raised")]
    return lines


def options(_world: World, node: Node) -> list[str]:
    lines: list[str] = []
    for number, (key, description) in enumerate(node.option_keys, start=1):
        if node.dialect.option_layout == "nested":
            lines.append(f"     Option {number}: /")
            lines += [_quoted(7, "Key", key), _quoted(7, "Description", description)]
        else:
            lines += [_quoted(7, "Key", key), _quoted(7, "Description", description)]
    return lines


def alternates(world: World, node: Node) -> list[str]:
    peers = [peer for peer in world.peers(node) if len(world.peers(node)) > 1]
    lines: list[str] = []
    for number, peer in enumerate(peers, start=1):
        lines += [f"     Peer {number}: /", _quoted(7, "Address", peer.address or peer.host_name)]
        lines += [_quoted(7, "Status", "Active")]
    return lines


def knows_alarms(node: Node) -> bool:
    """Alarms on the command line exist since X14.0.1 (release note X14.2.5)."""
    return numbers(node.version) >= ALARMS_ON_CLI_FROM and node.dialect.alarm_layout != "warnings"
