"""Rules about software: which release can do what, and which must not be touched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model import (
    UNKNOWN,
    Address,
    ClusterDesired,
    Desired,
    Kind,
    Level,
    NodeDesired,
    NodeObserved,
    RuleCard,
    Severity,
    TransportMode,
)

from .context import PlanContext
from .index import active, by_reservation, by_token
from .release import (
    FIRST_RESERVATION,
    FIRST_SMART,
    SMART_ONLY,
    Release,
    has_new_root,
    known,
    parse,
    release_of,
    spoken,
)
from .rule import CLUSTERS, GUIDE, SELECT, TAC, UPGRADE, Rule, Violation, Violations, listed

_NEEDS_CSSM = (Kind.REGISTER, Kind.REREGISTER, Kind.SET_TRANSPORT, Kind.SET_PROXY, Kind.ENABLE_SMART)


def read_nodes(context: PlanContext) -> Iterable[tuple[ClusterDesired, NodeDesired, NodeObserved]]:
    """Every node that was read, with what is wanted of it."""
    return context.index.read


def acted_nodes(context: PlanContext) -> Iterator[tuple[ClusterDesired, NodeDesired, NodeObserved]]:
    """Every node that was read, of the clusters on which something would be done."""
    for cluster in context.acted_on:
        for node in cluster.nodes:
            observed = context.index.node(node.address)
            if observed is not None:
                yield cluster, node, observed


def _stated(desired: Desired) -> Iterator[tuple[ClusterDesired, Release]]:
    """The clusters whose YAML states a release, with it."""
    for cluster in desired.clusters:
        release = parse(cluster.version) if cluster.version else None
        if release is not None:
            yield cluster, release


# XL003: too old.


def _too_old_stated(desired: Desired) -> Violations:
    for cluster, release in _stated(desired):
        if release < FIRST_SMART:
            yield _too_old(cluster.address, release)


def _too_old_read(context: PlanContext) -> Violations:
    for _, node, observed in acted_nodes(context):
        release = release_of(observed)
        if release is not None and release < FIRST_SMART:
            yield _too_old(node.address, release)


def _too_old(address: Address, release: Release) -> Violation:
    return Violation(
        address, f"{spoken(release)} has no Smart Licensing; X12.6 is the first release with it."
    )


# XL004, XL005: the end of option keys.


def _smart_only(context: PlanContext) -> Violations:
    for _, node, observed in read_nodes(context):
        release = release_of(observed)
        if release is None or release < SMART_ONLY or observed.licence is UNKNOWN:
            continue
        if observed.licence.enabled is False:
            text = f"Smart Licensing is off on {spoken(release)}, where there is nothing else."
            yield Violation(node.address, text)


def _clock_will_start_stated(desired: Desired) -> Violations:
    for cluster, release in _stated(desired):
        if FIRST_SMART <= release < SMART_ONLY:
            yield _clock_will_start(cluster.address, release, len(cluster.nodes))


def _clock_will_start_read(context: PlanContext) -> Violations:
    for _, node, observed in read_nodes(context):
        release = release_of(observed)
        if release is None or not FIRST_SMART <= release < SMART_ONLY or observed.licence is UNKNOWN:
            continue
        if observed.licence.enabled is False:
            yield _clock_will_start(node.address, release, 1)


def _clock_will_start(address: Address, release: Release, nodes: int) -> Violation:
    whose = "this node" if nodes == 1 else f"each of {nodes} nodes"
    text = f"An upgrade of {spoken(release)} to X14.1 or later starts the 90 days of evaluation of {whose}."
    return Violation(address, text, severity=Severity.INFO)


# XL006: reservations.


def _reservation_too_early(desired: Desired) -> Violations:
    for cluster, release in _stated(desired):
        if by_reservation(cluster) and release < FIRST_RESERVATION:
            yield Violation(cluster.address, _tokens_only(release))


def _reservation_too_early_read(context: PlanContext) -> Violations:
    """A node that is registered by token must not lose that for a reservation that it cannot take."""
    for cluster, node, observed in acted_nodes(context):
        release = release_of(observed)
        if by_reservation(cluster) and release is not None and release < FIRST_RESERVATION:
            yield Violation(node.address, _tokens_only(release), _INTO_RESERVATION)


_INTO_RESERVATION = (
    Kind.DEREGISTER,
    Kind.ENABLE_RESERVATION,
    Kind.REQUEST_RESERVATION,
    Kind.RESERVE,
    Kind.REHOST,
)


def _tokens_only(release: Release) -> str:
    return f"{spoken(release)} knows tokens only; reservations need X14.2 or later."


# XL007: where Smart Licensing can be switched on.


def _outside_window(context: PlanContext) -> Violations:
    for _, node, observed in acted_nodes(context):
        release = release_of(observed)
        if release is None or not FIRST_SMART <= release < SMART_ONLY:
            runs = "an unknown release" if release is None else spoken(release)
            text = f"The node runs {runs}; Smart Licensing is switched on by hand only on X12.6 to X14.0.x."
            yield Violation(node.address, text, (Kind.ENABLE_SMART,))


# XL011: the root certificate of January 2023.


def _old_root_stated(desired: Desired) -> Violations:
    for cluster, release in _stated(desired):
        if by_token(cluster) and _straight(cluster) and not has_new_root(release):
            yield _old_root(cluster, [spoken(release)])


def _old_root_read(context: PlanContext) -> Violations:
    for cluster in context.acted_on:
        if not by_token(cluster):
            continue
        releases = {
            release
            for node in active(cluster)
            if (release := release_of(context.index.node(node.address))) is not None
            and _goes_straight(context, cluster, node)
        }
        lacking = sorted(release for release in releases if not has_new_root(release))
        if lacking:
            yield _old_root(cluster, [spoken(release) for release in lacking])


def _goes_straight(context: PlanContext, cluster: ClusterDesired, node: NodeDesired) -> bool:
    """Whether a node would reach Cisco without an On-Prem: as the YAML wants it, else as the node is set."""
    if cluster.transport is not None:
        return _straight(cluster)
    observed = context.index.node(node.address)
    return observed is not None and observed.smart is not UNKNOWN and observed.smart.transport == "direct"


def _straight(cluster: ClusterDesired) -> bool:
    return cluster.transport is not None and cluster.transport.mode is not TransportMode.ON_PREM


def _old_root(cluster: ClusterDesired, releases: list[str]) -> Violation:
    text = (
        f"{listed(releases)} cannot register directly or through a proxy (CSCwe09378). "
        "Fixed in X14.0.11, in X14.2.5 and in every release from X14.3 on."
    )
    return Violation(cluster.address, text, _NEEDS_CSSM)


# XL307, XL308, XL309: software that is not what it should be.


def _mixed(context: PlanContext) -> Violations:
    for cluster in context.desired.clusters:
        if len(cluster.nodes) < 2:
            continue
        found = {
            observed.software.version
            for node in cluster.nodes
            if (observed := context.index.node(node.address)) is not None and observed.software is not UNKNOWN
        }
        if len(found) > 1:
            yield Violation(cluster.address, f"The peers run {listed(sorted(found))}.", told=True)


def _unknown_release(context: PlanContext) -> Violations:
    for _, node, observed in acted_nodes(context):
        release = release_of(observed)
        if release is None:
            text = "The node does not say its release."
            if observed.software is not UNKNOWN:
                text = f"The release {observed.software.version!r} is not understood."
            yield Violation(node.address, text)
        elif not known(release):
            text = f"{spoken(release)} is not one of the known trains, X12.6 to X15.x."
            yield Violation(node.address, text)


def _vcs(context: PlanContext) -> Violations:
    for _, node, observed in acted_nodes(context):
        if observed.software is not UNKNOWN and observed.software.product == "vcs":
            yield Violation(node.address, "The node is a VCS and not an Expressway.")


RULES = (
    Rule(
        RuleCard(
            "XL003",
            ("S3",),
            Level.HARD,
            "lint and plan",
            "A node runs X12.6 or later.",
            "Smart Licensing appeared in X12.6; before it there were only option keys.",
            "Upgrade the cluster first.",
            f"{TAC}, scope; {SELECT}, feature history",
        ),
        _too_old_read,
        _too_old_stated,
    ),
    Rule(
        RuleCard(
            "XL004",
            ("S4",),
            Level.ADVICE,
            "plan",
            "From X14.1 on Smart Licensing is the only licensing there is.",
            "Two sources disagree: the TAC document names X14.1, the administrator guide and TAC 217743"
            " say that option keys went with X14.2. The earlier release is taken, which is the safe side.",
            "Look at Maintenance > Smart licensing on the node; it should be on without anybody's doing.",
            f"{TAC}, scope; {UPGRADE}; {SELECT}",
        ),
        _smart_only,
    ),
    Rule(
        RuleCard(
            "XL005",
            ("S5", "S86"),
            Level.ADVICE,
            "lint and plan",
            "An upgrade from option keys to X14.1 or later starts 90 days of evaluation.",
            "The upgrade switches Smart Licensing on. The period is one for the life of the node: it runs"
            " while the node is unregistered and never starts again.",
            "Have the virtual account, its licences and the transport ready before the upgrade.",
            f"{TAC}, scope and evaluation mode",
        ),
        _clock_will_start_read,
        _clock_will_start_stated,
    ),
    Rule(
        RuleCard(
            "XL006",
            ("S6", "S30"),
            Level.HARD,
            "lint and plan",
            "Reservations need X14.2 or later.",
            "From X12.6 to X14.1 a token is the only way to register.",
            "Upgrade to X14.2.5 or later, or register by token.",
            f"{TAC}, scope and token registration; {SELECT}",
        ),
        _reservation_too_early_read,
        _reservation_too_early,
    ),
    Rule(
        RuleCard(
            "XL007",
            ("S7", "S40"),
            Level.HARD,
            "plan",
            "Smart Licensing is switched on by hand only on X12.6 to X14.0.x.",
            "Earlier releases do not have it and later ones have nothing else.",
            "Upgrade the node, or look why it says that Smart Licensing is off.",
            f"{TAC}, scope",
        ),
        _outside_window,
    ),
    Rule(
        RuleCard(
            "XL011",
            ("S11", "S37", "S84"),
            Level.GUARD,
            "lint and plan",
            "Direct and proxy registration need X14.0.11, X14.2.5, or X14.3 or later.",
            "The root certificate of software.cisco.com changed in January 2023, and other releases do not"
            ' trust it: registration fails with "self signed certificate in certificate chain"'
            " (CSCwe09378). On-Prem is not affected. No X14.1 release with the fix is named.",
            "Upgrade to X14.0.11 (from X14.0), X14.2.5 or X14.3 and later, or register through an On-Prem.",
            f"{TAC}, scope and caution; {UPGRADE}; CSCwe09378",
        ),
        _old_root_read,
        _old_root_stated,
    ),
    Rule(
        RuleCard(
            "XL307",
            (),
            Level.GUARD,
            "plan",
            "All peers of a cluster run the same release.",
            "Peers of different releases do not replicate reliably, and a change could land on some only.",
            "Finish the upgrade of the cluster first.",
            CLUSTERS,
        ),
        _mixed,
    ),
    Rule(
        RuleCard(
            "XL308",
            (),
            Level.GUARD,
            "plan",
            "A release that is not known is looked at and not changed.",
            "What its commands do and print was never seen; a guess could register, or deregister, the"
            " wrong way.",
            "Check on one node what the release prints, then override this rule.",
            f"{GUIDE}; no source describes other trains",
        ),
        _unknown_release,
    ),
    Rule(
        RuleCard(
            "XL309",
            (),
            Level.HARD,
            "plan",
            "Only the Expressway series has Smart Licensing.",
            "The VCS series is licensed by option keys and never by Smart Licensing.",
            "Take the node out of the workspace.",
            SELECT,
        ),
        _vcs,
    ),
)
