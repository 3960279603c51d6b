"""The truth of one example: a small world of the lab, how it shows itself, and what the YAML wants of it.

::

    Smart Account Acme
      EMEA, APAC      two virtual accounts with two pools each
    clusters one (e1, e2), two (e1)

Belongs here: building the world, what is drawn of it, and what is wanted. Does not belong here: how the
engine reaches it (`carriers`), what persons do to it (`person`), what must hold (the test).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from providers.lab import agent
from providers.lab.dialect import PLAIN, change
from providers.lab.nouns import (
    CLOUD,
    DESKTOP,
    RMS,
    TAGS,
    Account,
    Cluster,
    Instance,
    Manager,
    Node,
    Pool,
    VirtualAccount,
)
from providers.lab.reserved import Booking
from providers.lab.slr import reserved_instances
from providers.lab.world import Settings, World
from reconciler import model as m
from reconciler.config.resolving import BUILT_IN

NODES = {"one/e1": "0E4D1FA1", "one/e2": "0E4D1FA2", "two/e1": "0E4D1FB1"}
CLUSTERS = ("one", "two")
ACCOUNTS = {"emea": "EMEA", "apac": "APAC"}
PROFILES = ("legacy", "software-apis", "hand-off")
LICENCES = {"rms": RMS, "desktop": DESKTOP}
DOMAIN = "acme.example.com"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What differs between examples and stays as it is: pools, carriers, and open forms."""

    pools: tuple[int, int, int, int] = (20, 20, 20, 20)
    profiles: tuple[str, str] = ("legacy", "legacy")
    shown: str = "lines"
    pending_shown: str = "yes"
    removal_seconds: float = 0.0
    switch_shown: bool = True
    totals_printed: bool = False
    udi: str = "uuid"
    settled: bool = True
    dialect: tuple[tuple[str, str], ...] = ()


@dataclass
class Wish:
    """What the YAML wants of one node."""

    serial: str
    quantities: dict[str, int] = field(default_factory=lambda: {"rms": 2, "desktop": 1})
    retired: bool = False
    replaces: str | None = None


@dataclass
class Wanted:
    """What the YAML wants: by cluster its mode and account, by node its lines."""

    modes: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CLUSTERS, "reservation"))
    accounts: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CLUSTERS, "emea"))
    nodes: dict[str, Wish] = field(
        default_factory=lambda: {name: Wish(serial) for name, serial in NODES.items()}
    )


def address_of(name: str) -> m.Address:
    cluster, _, node = name.partition("/")
    return m.Address.of_node(cluster, node)


def name_of(address: m.Address) -> str:
    return f"{address.parent.name}/{address.name}"


class Truth:
    """The world of one example and everything that was drawn for it."""

    def __init__(self, drawn: Drawn, now: datetime) -> None:
        self.drawn = drawn
        self.wanted = Wanted()
        self.world = _world(drawn, now)
        self.faults: dict[str, str] = {}

    def node(self, name: str) -> Node:
        return self.world.nodes[name]

    def va(self, account: str) -> VirtualAccount:
        return self.world.virtual_account("cloud", DOMAIN, ACCOUNTS[account])

    def profile(self, account: str) -> str:
        return dict(zip(ACCOUNTS, self.drawn.profiles, strict=True))[account]

    def bookings(self, serial: str) -> list[tuple[VirtualAccount, Instance, Booking]]:
        """The reservations of a serial that hold licences, wherever they are."""
        live = [(one, booking) for one, booking in reserved_instances(self.world) if not booking.failed]
        return [
            (va, one, booking)
            for account in self.world.cloud.accounts
            for va in account.virtual_accounts
            for one, booking in live
            if one.serial == serial and any(one is other for other in va.instances)
        ]

    @property
    def desired(self) -> m.Desired:
        """The workspace as the YAML would give it."""
        policy = m.Policy(
            clusters_changed_percent=100,
            registration_wait=60,
            evaluation_warn_below_days=0,
            evaluation_fail_below_days=0,
        )
        return m.Desired(
            "ws1", "/w", tuple(self._accounts()), tuple(self._clusters()), BUILT_IN, policy=policy
        )

    def _accounts(self) -> Iterator[m.AccountDesired]:
        for name, virtual_account in ACCOUNTS.items():
            profile = self.profile(name)
            kind = m.ManagerKind.HAND_OFF if profile == "hand-off" else m.ManagerKind.CLOUD
            address = m.Address.of_account(name)
            yield m.AccountDesired(address, name, virtual_account, m.Manager(kind, profile), DOMAIN)

    def _clusters(self) -> Iterator[m.ClusterDesired]:
        for cluster in CLUSTERS:
            mode = self.wanted.modes[cluster]
            yield m.ClusterDesired(
                address=m.Address.of_cluster(cluster),
                name=cluster,
                role=m.Role.CORE,
                account=self.wanted.accounts[cluster],
                nodes=tuple(
                    self._node(name, wish, mode)
                    for name, wish in self.wanted.nodes.items()
                    if name.startswith(f"{cluster}/")
                ),
                transport=m.Transport(m.TransportMode.DIRECT),
                registration=m.Registration(m.RegistrationMode(mode)),
            )

    def _node(self, name: str, wish: Wish, mode: str) -> m.NodeDesired:
        by_reservation = mode == "reservation"
        return m.NodeDesired(
            address_of(name),
            name.partition("/")[2],
            f"{name.replace('/', '-')}.example.com",
            m.SshAccess("admin", 22, "/w/known"),
            serial=wish.serial,
            replaces=wish.replaces if by_reservation else None,
            state=m.State.RETIRED if wish.retired else m.State.ACTIVE,
            reserve=tuple(m.Reserve(licence, count) for licence, count in wish.quantities.items())
            if by_reservation
            else (),
        )


def _world(drawn: Drawn, now: datetime) -> World:
    world = World(Settings(removal_seconds=drawn.removal_seconds), now)
    cloud = Manager("cloud", CLOUD)
    cloud.forms = {"reserved_key": "both" if drawn.udi == "uuid" else "serial"}
    account = Account("Acme", DOMAIN, 1)
    cloud.accounts.append(account)
    world.managers["cloud"] = cloud
    counts = iter(drawn.pools)
    for number, name in enumerate(ACCOUNTS.values(), 1):
        pools = [Pool(licence, next(counts), TAGS[licence]) for licence in LICENCES.values()]
        account.virtual_accounts.append(VirtualAccount(name, number, pools=pools))
    for cluster in CLUSTERS:
        world.clusters[cluster] = Cluster(
            cluster, [name for name in NODES if name.startswith(f"{cluster}/")], replicates_transport=False
        )
    for name, serial in NODES.items():
        node = _node(world, name, serial, drawn)
        world.nodes[name] = node
        agent.start_evaluation(node, now)
    return world


def _node(world: World, name: str, serial: str, drawn: Drawn) -> Node:
    cluster = name.partition("/")[0]
    host = f"{name.replace('/', '-')}.example.com"
    return Node(
        name,
        serial,
        "X15.0",
        "core",
        cluster,
        host,
        world.new_hex(32),
        change(PLAIN, dict(drawn.dialect)),
        dns=["10.0.0.1"],
        ntp=["10.0.0.2"],
    )
