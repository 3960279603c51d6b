"""What ``xConfiguration <path>`` prints: the values configured under a path.

Seen (reference X15.0): the paths of ``license smart``, ``Alternates``, ``Option``, ``Administration`` and
``Management``, and that a path alone lists its values. Inferred: the form of a line (``read_back``; the
starred form is seen on Cisco codecs with the same shell), that ``license smart`` can be read back, the paths
of DNS, NTP and the system name (those of the VCS guides; both ``IP DNS`` and ``DNS`` are understood).
"""

from __future__ import annotations

from dataclasses import dataclass

from providers.lab.nouns import Node
from providers.lab.reservation import knows_reservations
from providers.lab.world import World

ALIASES = {"dns": "ip dns"}


@dataclass(frozen=True, slots=True)
class Setting:
    """One configured value. ``words`` is True for enumerations and numbers, which need no quotes."""

    path: str
    value: str
    words: bool = False


def settings(world: World, node: Node) -> list[Setting]:
    """Everything that this node would list, in the order of the reference."""
    return [
        Setting("Administration SSH Mode", "On", words=True),
        *_alternates(world, node),
        *(Setting(f"IP DNS Server {n} Address", one) for n, one in enumerate(node.dns, start=1)),
        Setting("IP DNS Hostname", node.host_name.partition(".")[0]),
        Setting("IP DNS Domain Name", node.host_name.partition(".")[2]),
        *_smart(node),
        Setting("Management Session InactivityTimeout", "30", words=True),
        *(Setting(f"NTP Server {n} Address", one) for n, one in enumerate(node.ntp, start=1)),
        *(Setting(f"Option {n} Key", key) for n, (key, _) in enumerate(node.option_keys, start=1)),
        Setting("SystemUnit Name", node.host_name),
    ]


def _alternates(world: World, node: Node) -> list[Setting]:
    peers = world.peers(node)
    if len(peers) < 2:
        return [Setting("Alternates Cluster Name", "")]
    cluster = world.clusters[node.cluster]
    addresses = [peer.address or peer.host_name for peer in peers]
    return [
        Setting("Alternates Cluster Name", cluster.name),
        Setting("Alternates ConfigurationPrimary", str(cluster.primary), words=True),
        *(Setting(f"Alternates Peer {n} Address", one) for n, one in enumerate(addresses, start=1)),
    ]


def _smart(node: Node) -> list[Setting]:
    lines = [
        Setting("License Smart Transport", node.transport, words=True),
        Setting("License Smart Url", node.url),
        Setting("License Smart Privacy", node.privacy, words=True),
        Setting("License Smart Debug", node.debug, words=True),
    ]
    if knows_reservations(node):
        switch = "On" if node.holding.enabled else "Off"
        lines.append(Setting("License Smart ReservationEnable", switch, words=True))
    return lines


def listed(world: World, node: Node, path: str) -> list[str] | None:
    """The lines under a path, or None for a path that does not exist."""
    wanted = path.casefold().split()
    if wanted and wanted[0] in ALIASES:
        wanted = [*ALIASES[wanted[0]].split(), *wanted[1:]]
    found = [one for one in settings(world, node) if one.path.casefold().split()[: len(wanted)] == wanted]
    if not found and not _exists(wanted):
        return None
    return [_line(node, one) for one in found]


def _exists(wanted: list[str]) -> bool:
    """Lists that may be empty on a node, and are known all the same."""
    empty = ("option", "ntp", "ntp server", "ip dns server", "alternates peer")
    return " ".join(wanted) in empty


def _line(node: Node, one: Setting) -> str:
    style = node.dialect.read_back
    if style == "star":
        return f"*c xConfiguration {one.path}: {one.value if one.words else _quoted(one.value)}"
    if style == "lower":
        return f"*c xConfiguration {one.path.lower()}: {_quoted(one.value)}"
    return f"xConfiguration {one.path}: {one.value if one.words else _quoted(one.value)}"


def _quoted(value: str) -> str:
    return f'"{value}"'


USAGE = """\
xConfiguration License Smart Transport: <direct/satellite>
xConfiguration License Smart Url: <String>
xConfiguration License Smart Privacy: <none/all/hostname/version>
xConfiguration License Smart Debug: <error/trace/debug/all>""".splitlines()
ACTIONS_USAGE = """\
xConfiguration License Smart Register Idtoken: <String>
xConfiguration License Smart Reregister: <String>
xConfiguration License Smart Deregister: <On/Off>
xConfiguration License Smart Renew ID: <On/Off>
xConfiguration License Smart Renew Auth: <On/Off>""".splitlines()
RESERVATION_USAGE = "xConfiguration License Smart ReservationEnable: <On/Off>"
RESERVATIONS_USAGE = """\
xCommand License Smart Reservation Cancel
xCommand License Smart Reservation Install: <String>
xCommand License Smart Reservation Request
xCommand License Smart Reservation Return
xCommand License Smart Reservation ReturnAuthorization: <String>""".splitlines()
COMMANDS_USAGE = """\
xCommand License Smart Deregister
xCommand License Smart Register Idtoken: <String>
xCommand License Smart Renew Auth
xCommand License Smart Renew ID
xCommand License Smart Reregister: <String>""".splitlines()
