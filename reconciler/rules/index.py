"""Where to find what is wanted, read and held, by address: built once for a plan, in linear time.

Belongs here: look-ups over the three inputs of the planner. Does not belong here: judging them (the other
files of this room) or deciding what to do (planning).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from reconciler.model import (
    UNKNOWN,
    AccountDesired,
    AccountObserved,
    Address,
    AuthorizationStatus,
    ClusterDesired,
    Desired,
    EvaluationSeen,
    HeldState,
    Licence,
    Manage,
    Maybe,
    NodeDesired,
    NodeObserved,
    Observation,
    RegistrationMode,
    RegistrationStatus,
    State,
    Verified,
)

_RESERVED = (RegistrationStatus.RESERVED_SPECIFIC, RegistrationStatus.RESERVED_UNIVERSAL)


class Index:
    """The three inputs of the planner, by address. Never changed after it was built."""

    def __init__(self, desired: Desired, observation: Observation, held: HeldState) -> None:
        self.desired = desired
        self.observation = observation
        self.held = held
        self._nodes = {node.address: node for node in observation.nodes}
        self._accounts = {account.address: account for account in observation.accounts}

    @cached_property
    def accounts(self) -> dict[str, AccountDesired]:
        """Accounts by name."""
        return {account.name: account for account in self.desired.accounts}

    @cached_property
    def clusters(self) -> dict[Address, ClusterDesired]:
        return {cluster.address: cluster for cluster in self.desired.clusters}

    @cached_property
    def verified(self) -> dict[tuple[str, str], Verified]:
        """What an apply of ours last saw, by address and field; the newest wins."""
        return {(fact.address, fact.field): fact for fact in sorted(self.held.verified, key=_when)}

    @cached_property
    def evaluation(self) -> dict[str, EvaluationSeen]:
        """The last printed evaluation time, by serial."""
        return {seen.serial: seen for seen in sorted(self.held.evaluation, key=_when)}

    @cached_property
    def read(self) -> tuple[tuple[ClusterDesired, NodeDesired, NodeObserved], ...]:
        """Every node that was read, with what is wanted of it: many rules go over all of them."""
        return tuple(
            (cluster, node, self._nodes[node.address])
            for cluster in self.desired.clusters
            for node in cluster.nodes
            if node.address in self._nodes
        )

    def node(self, address: Address) -> NodeObserved | None:
        return self._nodes.get(address)

    def account(self, address: Address) -> AccountObserved | None:
        return self._accounts.get(address)

    def account_of(self, cluster: ClusterDesired) -> AccountDesired:
        return self.accounts[cluster.account]

    def licence(self, address: Address) -> Licence | None:
        """The licence block of a node, None where it was not read."""
        node = self._nodes.get(address)
        return None if node is None or node.licence is UNKNOWN else node.licence

    def registered(self, address: Address) -> bool | None:
        """Whether a node says that it is registered by token; None where it does not say."""
        licence = self.licence(address)
        if licence is None:
            return None
        if licence.registration is UNKNOWN:
            return False if licence.enabled is False else None
        return licence.registration is RegistrationStatus.REGISTERED

    def licensed(self, address: Address) -> bool | None:
        """Whether a node holds a licence, by token or by reservation; None where it does not say."""
        licence = self.licence(address)
        if licence is not None and licence.registration in _RESERVED:
            return True
        return self.registered(address)

    def serial(self, node: NodeDesired) -> str | None:
        """The serial that the node prints, else the one that the YAML states."""
        observed = self._nodes.get(node.address)
        if observed is not None and observed.serial is not UNKNOWN:
            return observed.serial
        return node.serial

    def evaluation_seconds(self, node: NodeDesired) -> Maybe[int]:
        """What is left of the evaluation: printed now, else last seen; UNKNOWN where never seen."""
        licence = self.licence(node.address)
        if licence is not None and isinstance(licence.evaluation_seconds, int):
            return licence.evaluation_seconds
        if licence is not None and licence.authorization is AuthorizationStatus.EVALUATION_EXPIRED:
            return 0
        seen = self.evaluation.get(self.serial(node) or "")
        return UNKNOWN if seen is None else seen.seconds

    def managed(self) -> Iterator[ClusterDesired]:
        """The clusters that are managed, not only looked at."""
        return (cluster for cluster in self.desired.clusters if cluster.manage is Manage.FULL)


def _when(fact: Verified | EvaluationSeen) -> tuple[object, str]:
    return (fact.at, str(fact))


def active(cluster: ClusterDesired) -> tuple[NodeDesired, ...]:
    """The nodes that stay in service."""
    if cluster.state is State.RETIRED:
        return ()
    return tuple(node for node in cluster.nodes if node.state is State.ACTIVE)


def by_token(cluster: ClusterDesired) -> bool:
    """Whether this cluster registers by token."""
    return cluster.registration is not None and cluster.registration.mode is RegistrationMode.TOKEN


def by_reservation(cluster: ClusterDesired) -> bool:
    return cluster.registration is not None and cluster.registration.mode is RegistrationMode.RESERVATION
