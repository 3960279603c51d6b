"""What a plan is limited to: ``--target``, ``--exclude`` and ``--selector``.

They filter what is done, never what is observed of peers, accounts and claims. An account is in scope when
a cluster of it is, for its tokens serve that cluster; leaving it out takes an exclude that names it. A step
on an account that is for a node goes with the node.

Belongs here: the predicate and its wording. Does not belong here: what happens to an action whose
prerequisite is outside (plan).
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

from reconciler.errors import UsageError
from reconciler.model import Address, ClusterDesired, Desired, PlanOptions


def in_scope(options: PlanOptions, desired: Desired) -> Callable[[Address], bool]:
    """Whether something at an address may be done. Raises UsageError for a target that matches nothing."""
    if not partial(options):
        return lambda _: True
    _check(options, desired)
    by_cluster = [(cluster, _chosen(cluster, options)) for cluster in desired.clusters]
    chosen = {address for _, addresses in by_cluster for address in addresses}
    served = {cluster.account for cluster, addresses in by_cluster if addresses}
    accounts = {
        account.address
        for account in desired.accounts
        if (account.name in served or _matches(account.address, options.targets))
        and not _matches(account.address, options.excludes)
    }
    return lambda address: address in chosen or address.parent in accounts


def partial(options: PlanOptions) -> tuple[str, ...]:
    """What the plan is limited to, in words; empty for a whole plan."""
    return (
        *(f"target {pattern}" for pattern in options.targets),
        *(f"what is not {pattern}" for pattern in options.excludes),
        *(f"selector {key}={value}" for key, value in options.selector),
    )


def _chosen(cluster: ClusterDesired, options: PlanOptions) -> list[Address]:
    """The addresses of a cluster that are in scope: itself, its nodes, or single nodes of it."""
    labels = dict(cluster.labels)
    if any(labels.get(key) != value for key, value in options.selector):
        return []
    addresses = [cluster.address, *(node.address for node in cluster.nodes)]
    return [
        address
        for address in addresses
        if (not options.targets or _matches(address, options.targets))
        and not _matches(address, options.excludes)
    ]


def _matches(address: Address, patterns: tuple[str, ...]) -> bool:
    """A pattern that fits a cluster fits its nodes."""
    return any(fnmatchcase(address, pattern) or fnmatchcase(address.parent, pattern) for pattern in patterns)


def _check(options: PlanOptions, desired: Desired) -> None:
    """A misspelt target would plan nothing and look like a converged fleet."""
    known = [address for cluster in desired.clusters for address in (cluster.address, *_nodes(cluster))]
    known += [account.address for account in desired.accounts]
    for pattern in (*options.targets, *options.excludes):
        if not any(_matches(address, (pattern,)) for address in known):
            raise UsageError(
                f"no address of this workspace matches {pattern!r}", remedy="xlicense show desired"
            )
    wanted = options.selector
    if wanted and not any(set(wanted) <= set(cluster.labels) for cluster in desired.clusters):
        text = ", ".join(f"{key}={value}" for key, value in wanted)
        raise UsageError(f"no cluster has the labels {text}", remedy="xlicense show desired")


def _nodes(cluster: ClusterDesired) -> tuple[Address, ...]:
    return tuple(node.address for node in cluster.nodes)
