"""Rules about a cluster as a whole: who its peers are, whether they fit together, whether it is well."""

from __future__ import annotations

import re

from reconciler.model import UNKNOWN, ClusterDesired, Level, NodeDesired, NodeObserved, RuleCard, State

from .context import PlanContext
from .index import Index
from .rule import CLUSTERS, REFERENCE, SELECT, TAC, UPGRADE, Rule, Violation, Violations, listed

CLUSTER_ALARMS = frozenset(
    str(number)
    for number in range(20003, 20027)
    if number not in {20005, 20010, 20013, 20018, 20019, 20022, 20023}
)
"""Alarms that say that a cluster is not consistent (X15.0 reference)."""


# XL306: the peers are the nodes.


def _peers_differ(context: PlanContext) -> Violations:
    for cluster in context.desired.clusters:
        names: dict[str, NodeDesired] | None = None
        agreed = tuple(node.host for node in cluster.nodes if node.state is State.ACTIVE)
        for node in cluster.nodes:
            observed = context.index.node(node.address)
            if observed is None or observed.peers is UNKNOWN or observed.peers == agreed:
                continue
            names = _names(context.index, cluster) if names is None else names
            text = _difference(cluster, node, observed.peers, names, _unseen(context.index, cluster))
            if text is not None:
                yield Violation(cluster.address, f"{node.name} {text}.", told=True)
                break
            agreed = observed.peers


def _names(index: Index, cluster: ClusterDesired) -> dict[str, NodeDesired]:
    """Every name that a peer may go by: host, node name, host name, each also without its domain."""
    names: dict[str, NodeDesired] = {}
    for node in cluster.nodes:
        observed = index.node(node.address)
        hostname = UNKNOWN if observed is None else observed.hostname
        for name in (node.host, node.name, node.name if hostname is UNKNOWN else hostname):
            names.setdefault(name.lower(), node)
            names.setdefault(_short(name), node)
    return names


def _unseen(index: Index, cluster: ClusterDesired) -> frozenset[str]:
    """The nodes whose own host name is not known: any name in a list may be theirs."""
    seen = {node.name: index.node(node.address) for node in cluster.nodes}
    return frozenset(
        name for name, observed in seen.items() if observed is None or observed.hostname is UNKNOWN
    )


def _difference(
    cluster: ClusterDesired,
    node: NodeDesired,
    peers: tuple[str, ...],
    names: dict[str, NodeDesired],
    unseen: frozenset[str],
) -> str | None:
    """What one node's peer list says differently, None where it says the same.

    A list of addresses against a file of names can only be counted. A retired node may be in it or not.
    """
    staying = [other for other in cluster.nodes if other.state is State.ACTIVE]
    if not peers and len(staying) < 2:
        return None
    met = {peer: names.get(peer.lower()) or names.get(_short(peer)) for peer in peers}
    there = {other.name for other in met.values() if other is not None} | {node.name}
    strangers = [peer for peer, other in met.items() if other is None]
    missing = [other for other in staying if other.name not in there]
    if (not strangers and not missing) or _cannot_be_compared(strangers, missing, staying):
        return None
    if len(strangers) == len(missing) and all(other.name in unseen for other in missing):
        return None
    texts = [f"names {listed(strangers)}, which the YAML does not"] if strangers else []
    texts += [f"does not name {listed(other.name for other in missing)} as a peer"] if missing else []
    return " and ".join(texts)


def _cannot_be_compared(strangers: list[str], missing: list[NodeDesired], staying: list[NodeDesired]) -> bool:
    """Addresses on one side and names on the other, and as many of each (a list may name its own node)."""
    if not strangers or len(strangers) - len(missing) not in (0, 1):
        return False
    return {_is_address(peer) for peer in strangers}.isdisjoint(_is_address(node.host) for node in staying)


def _short(name: str) -> str:
    """The first label of a host name; an address is never cut."""
    return name.lower() if _is_address(name) else name.lower().split(".", 1)[0]


_ADDRESS = re.compile(r"[0-9.]+|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+")


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


# XL216: images.


def _images_mix(context: PlanContext) -> Violations:
    for cluster in context.desired.clusters:
        if len(cluster.nodes) < 2:
            continue
        images = {
            image for node in cluster.nodes if (image := _image(context.index.node(node.address))) is not None
        }
        if len(images) > 1:
            text = "Some peers run Expressway and some Expressway Select."
            yield Violation(cluster.address, text, told=True)


def _image(observed: NodeObserved | None) -> bool | None:
    if observed is None or observed.software is UNKNOWN or observed.software.select_image is UNKNOWN:
        return None
    return observed.software.select_image


# XL310: alarms.


def _cluster_alarms(context: PlanContext) -> Violations:
    ignored = set(context.desired.policy.alarms_ignore)
    for cluster in context.acted_on:
        raised = sorted(
            {
                f"{alarm.id} {alarm.text}".strip()
                for node in cluster.nodes
                if (observed := context.index.node(node.address)) is not None
                and observed.alarms is not UNKNOWN
                for alarm in observed.alarms
                if alarm.id in CLUSTER_ALARMS and alarm.id not in ignored
            }
        )
        if raised:
            yield Violation(cluster.address, f"The cluster raises {listed(raised)}.")


RULES = (
    Rule(
        RuleCard(
            "XL216",
            ("A16",),
            Level.GUARD,
            "plan",
            "All peers are Expressway, or all are Expressway Select.",
            "The two images must not be mixed in a cluster.",
            "Install the same image on every peer.",
            SELECT,
        ),
        _images_mix,
    ),
    Rule(
        RuleCard(
            "XL306",
            ("S32",),
            Level.GUARD,
            "plan",
            "The nodes of the YAML are the peers of the cluster.",
            "A peer that the YAML does not know is neither registered nor asked for its evaluation, and a"
            " switch of the transport may reach it all the same.",
            "Write every peer into the YAML, or take the node out of the cluster.",
            CLUSTERS,
        ),
        _peers_differ,
    ),
    Rule(
        RuleCard(
            "XL310",
            ("S48", "A18"),
            Level.GUARD,
            "plan",
            "A cluster that is changed raises no cluster alarm.",
            "What is set on one peer may not reach the others while the cluster is not consistent. 40049"
            " can be ignored.",
            "Clear the alarm; it may take five minutes after a change. policy.alarms.ignore takes ids.",
            f"{REFERENCE}; {TAC}, reservations; {UPGRADE}",
        ),
        _cluster_alarms,
    ),
)
