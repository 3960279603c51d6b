"""What apply reads again before it carries out a saved plan, and when it carries out nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from reconciler import model as m
from reconciler.errors import PlanFileError, Refused
from reconciler.execution import Engine, Providers, binding
from tests.journal.bench import EMEA, NOW

from .stand import DESIRED, NoSecrets, Scripted, Stand, Status

PLANT = m.Address.of_account("plant")
JOINING = m.Registration(m.RegistrationMode.TOKEN)
ALARM = m.Alarm("20003", "The cluster is broken")


def node(name: str) -> m.Address:
    return m.Address.of_node(name, "n1")


def cluster(name: str, account: str, registration: m.Registration | None = None) -> m.ClusterDesired:
    """One node whose host name is to be hidden."""
    access = m.SshAccess("admin", 22, "/w/known")
    return m.ClusterDesired(
        address=node(name).parent,
        name=name,
        role=m.Role.EDGE,
        account=account,
        nodes=(m.NodeDesired(node(name), "n1", f"{name}.example.com", access),),
        privacy=m.Privacy.HOSTNAME,
        registration=registration,
    )


class Three:
    """Clusters a and b at one account, c at another; only a is to be registered, and needs a token."""

    def __init__(self, stand: Stand) -> None:
        self.node, other = stand.node, Scripted(stand.clock)
        (account,) = DESIRED.accounts
        self.clusters = (cluster("a", "emea", JOINING), cluster("b", "emea"), cluster("c", "plant"))
        desired = replace(
            DESIRED,
            accounts=(account, replace(account, address=PLANT, name="plant")),
            clusters=self.clusters,
        )
        providers = Providers(stand.node, {EMEA: stand.account, PLANT: other})
        self.engine = Engine(desired, providers, stand.journal, stand.clock, stand.heard, NoSecrets(), "1.0")
        for name in "abc":
            self.shows(name)
        for provider, address in ((stand.account, EMEA), (other, PLANT)):
            provider.shown[address] = m.AccountObserved(address, NOW, exists=True)

    def shows(self, name: str, *, privacy: str = "none", **fields: Any) -> None:
        """What the node of this cluster prints from now on."""
        read: dict[str, Any] = {
            "serial": f"SERIAL-{name}",
            "software": m.Software("X14.2.5"),
            "licence": m.Licence(True, Status.UNREGISTERED, evaluation_seconds=80 * 86_400),
            "smart": m.SmartConfig("direct", privacy=privacy),
            "alarms": (),
            "option_keys": (),
            "peers": (),
        }
        self.node.shown[node(name)] = m.NodeObserved(node(name), NOW, **{**read, **fields})

    def cannot_be_read(self, name: str) -> None:
        problems = (
            m.Problem("all", m.ProblemKind.UNREACHABLE, "no route to it"),
            m.Problem("all", m.ProblemKind.UNREADABLE, "something else"),
        )
        self.node.shown[node(name)] = m.NodeObserved(node(name), NOW, problems=problems)

    async def plan(self, *targets: str, overriding: Iterable[str] = ()) -> m.Plan:
        overrides = tuple(m.Override(rule, "known") for rule in overriding)
        return await binding.plan(self.engine, m.PlanOptions(targets, overrides=overrides))

    async def read_for(self, planned: m.Plan) -> str:
        """The clusters whose nodes are read when this plan is bound."""
        self.node.looks.clear()
        await binding.bind(self.engine, planned)
        return "".join(sorted({look.parent.name for look in self.node.looks}))


@pytest.fixture
def three(stand: Stand) -> Three:
    return Three(stand)


async def test_a_plan_that_still_fits_is_the_plan_that_was_approved(three: Three) -> None:
    planned = await three.plan()
    bound = await binding.bind(three.engine, planned)
    assert {action.kind for action in planned.actions} == {
        m.Kind.CREATE_TOKEN,
        m.Kind.SET_PRIVACY,
        m.Kind.REGISTER,
    }
    assert (bound.plan.actions, bound.plan.nonce, bound.lost) == (planned.actions, planned.nonce, ())
    assert {reading.address for reading in bound.plan.observation.nodes} == {node(name) for name in "abc"}


async def test_two_plans_of_the_same_have_nonces_of_their_own(three: Three) -> None:
    nonces = {(await three.plan()).nonce for _ in range(2)}
    assert sorted(len(nonce) for nonce in nonces) == [32, 32]


async def test_a_plan_of_a_saved_observation_reads_nothing(three: Three) -> None:
    saved = (await three.plan()).observation
    three.node.looks.clear()
    planned = await binding.plan(three.engine, m.PlanOptions(), saved)
    assert (three.node.looks, planned.observation) == ([], saved)


@pytest.mark.parametrize(
    ("targets", "settled", "read"),
    [
        (("cluster/b",), "", "b"),  # an action at a node: its own cluster
        (("cluster/b", "cluster/c"), "", "bc"),
        ((), "ac", "ab"),  # a token is made: every cluster of the account that the plan looked at
        (("cluster/a", "account/emea"), "", "a"),  # the plan never looked at b
        ((), "b", "abc"),
    ],
)
async def test_what_the_actions_touch_is_read_again_and_nothing_else(
    three: Three, targets: tuple[str, ...], settled: str, read: str
) -> None:
    for name in settled:
        three.shows(name, privacy="hostname")
    assert await three.read_for(await three.plan(*targets)) == read


async def test_what_was_done_meanwhile_is_no_loss_and_no_reason_to_stop(three: Three) -> None:
    planned = await three.plan("cluster/b", "cluster/c")
    three.shows("b", privacy="hostname")
    bound = await binding.bind(three.engine, planned)
    assert [action.address for action in bound.plan.actions] == [node("c")]
    assert bound.lost == ()


async def test_what_was_approved_at_a_node_that_cannot_be_read_is_told_with_the_reason(three: Three) -> None:
    planned = await three.plan("cluster/b", "cluster/c")
    three.cannot_be_read("b")
    bound = await binding.bind(three.engine, planned)
    (lost,) = [action for action in planned.actions if action.address == node("b")]
    assert bound.lost == ((lost, "no route to it"),)
    assert [action.address for action in bound.plan.actions] == [node("c")]


async def test_what_is_still_planned_at_a_node_that_was_read_in_part_is_not_lost(three: Three) -> None:
    planned = await three.plan("cluster/b")
    three.shows("b", problems=(m.Problem("ntp", m.ProblemKind.UNREADABLE, "a word that is not known"),))
    bound = await binding.bind(three.engine, planned)
    assert (bound.plan.actions, bound.lost) == (planned.actions, ())


async def test_an_action_that_was_not_planned_makes_the_plan_stale(three: Three) -> None:
    three.shows("b", privacy="hostname")
    planned = await three.plan()
    three.shows("b")
    with pytest.raises(PlanFileError) as stale:
        await binding.bind(three.engine, planned)
    assert (stale.value.message, stale.value.remedy) == (
        "the plan is stale: the world has changed",
        "run `xlicense apply` again, without the old plan, or make a new one: xlicense plan -o FILE",
    )
    (difference,) = stale.value.differences
    assert difference.startswith("node.set_privacy on cluster/b/node/n1 was not planned: ")


async def test_a_rule_that_says_no_since_the_plan_stops_it_with_its_remedy(three: Three) -> None:
    planned = await three.plan("cluster/b")
    three.shows("b", alarms=(ALARM,))
    with pytest.raises(Refused) as refused:
        await binding.bind(three.engine, planned)
    (refusal,) = (await three.plan("cluster/b")).refusals
    assert refused.value.message == (
        f"since the plan was made a rule refuses: {refusal.rule} at {refusal.address}: {refusal.message}"
    )
    assert refused.value.remedy == refusal.remedy


async def test_a_no_that_stood_before_does_not_hide_one_at_another_place(three: Three) -> None:
    three.shows("b", alarms=(ALARM,))
    planned = await three.plan("cluster/b", "cluster/c")
    three.shows("c", alarms=(ALARM,))
    with pytest.raises(Refused, match="at cluster/c"):
        await binding.bind(three.engine, planned)


async def test_a_rule_that_said_no_before_takes_out_what_it_took_out_before(three: Three) -> None:
    three.shows("b", alarms=(ALARM,))
    planned = await three.plan("cluster/b", "cluster/c")
    bound = await binding.bind(three.engine, planned)
    assert [action.address for action in bound.plan.actions] == [node("c")]


@pytest.mark.parametrize("before", [True, False])
async def test_a_rule_that_the_plan_overrides_stops_nothing(three: Three, before: bool) -> None:
    alarmed = {"alarms": (ALARM,)}
    three.shows("b", **alarmed)
    (refusal,) = (await three.plan("cluster/b")).refusals
    three.shows("b", **(alarmed if before else {}))
    planned = await three.plan("cluster/b", overriding=[refusal.rule])
    three.shows("b", **alarmed)
    assert len((await binding.bind(three.engine, planned)).plan.actions) == 1


async def test_an_override_that_was_dropped_counts_as_a_no_that_is_new(three: Three) -> None:
    """A plan says what it overrides; a file in which that was cut away carries out nothing."""
    three.shows("b", alarms=(ALARM,))
    (refusal,) = (await three.plan("cluster/b")).refusals
    planned = await three.plan("cluster/b", overriding=[refusal.rule])
    with pytest.raises(Refused):
        await binding.bind(three.engine, replace(planned, options=m.PlanOptions(("cluster/b",))))


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        (m.PlanOptions(targets=("cluster/c",)), "c"),
        (m.PlanOptions(targets=("cluster/b/node/n1",)), "b"),
        (m.PlanOptions(excludes=("cluster/b/node/n1",)), "abc"),  # b has no node in it, and is itself
        (m.PlanOptions(excludes=("cluster/b",)), "ac"),
    ],
)
def test_the_options_select_the_clusters_that_have_a_part_in_it(
    three: Three, options: m.PlanOptions, chosen: str
) -> None:
    assert "".join(each.name for each in binding.selected(three.engine, options)) == chosen
