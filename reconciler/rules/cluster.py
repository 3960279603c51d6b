"""Rules about a cluster as a whole: who its peers are, whether they fit together, whether it is well."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

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
        for node in cluster.nodes:
            observed = context.index.node(node.address)
            if observed is None or observed.peers is UNKNOWN:
                continue
            text = _difference(context.index, cluster, node, observed.peers)
            if text is not None:
                yield Violation(cluster.address, f"{node.name} {text}.", told=True)
                break


def _difference(
    index: Index, cluster: ClusterDesired, node: NodeDesired, peers: tuple[str, ...]
) -> str | None:
    """What one node's peer list says differently, None where it says the same.

    A list of addresses against a file of names can only be counted. A retired node may be in it or not.
    """
    if not peers and len(_staying(cluster)) < 2:
        return None
    strangers = [peer for peer in peers if not any(_same(index, other, peer) for other in cluster.nodes)]
    missing = [
        other.name
        for other in _staying(cluster)
        if other is not node and not any(_same(index, other, peer) for peer in peers)
    ]
    if _only_spelt_differently(strangers, missing, cluster.nodes):
        return None
    if not strangers and not missing:
        return None
    texts = [f"names {listed(strangers)}, which the YAML does not"] if strangers else []
    texts += [f"does not name {listed(missing)} as a peer"] if missing else []
    return " and ".join(texts)


def _staying(cluster: ClusterDesired) -> list[NodeDesired]:
    return [node for node in cluster.nodes if node.state is State.ACTIVE]


def _same(index: Index, node: NodeDesired, peer: str) -> bool:
    observed = index.node(node.address)
    names = {node.host, node.name}
    if observed is not None and observed.hostname is not UNKNOWN:
        names.add(observed.hostname)
    wanted = {_short(name) for name in names} | {name.lower() for name in names}
    return peer.lower() in wanted or _short(peer) in wanted


def _short(name: str) -> str:
    """The first label of a host name; an address is never cut."""
    return name.lower() if _is_address(name) else name.lower().split(".")[0]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _only_spelt_differently(strangers: list[str], missing: list[str], nodes: Iterable[NodeDesired]) -> bool:
    """Addresses on one side and names on the other, and as many of each: nothing that can be compared."""
    hosts = {node.name: node.host for node in nodes}
    if not strangers or len(strangers) not in (len(missing), len(missing) + 1):
        return False
    peers_are_addresses = all(_is_address(peer) for peer in strangers)
    hosts_are_addresses = any(_is_address(hosts[name]) for name in hosts)
    return peers_are_addresses != hosts_are_addresses


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
