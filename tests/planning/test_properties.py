"""What holds for every situation, tried with random ones."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import model as m
from reconciler.planning import compare
from tests.planning.fleet import (
    DAY,
    DIRECT,
    NOW,
    ON_PREM,
    PROXY,
    TOKEN,
    Auth,
    Status,
    account,
    cluster,
    desired,
    observed,
    plan,
    pool,
    seen,
)
from tests.planning.simulated import WORDS, carry_out

ROOT = Path(__file__).parents[2]
ACCOUNTS = (
    account("emea", virtual_account="Expressway EMEA"),
    account(
        "plant",
        virtual_account="Default",
        manager=m.Manager(m.ManagerKind.ON_PREM, "on-prem"),
        transport_url=ON_PREM.url,
    ),
)
POLICY = m.Policy(clusters_changed_at_least=100, evaluation_fail_below_days=1)
SETTINGS = settings(max_examples=150, deadline=None)


@st.composite
def clusters(draw: st.DrawFn, name: str) -> m.ClusterDesired:
    transport = draw(st.sampled_from([DIRECT, ON_PREM, PROXY, None]))
    return cluster(
        name,
        draw(st.integers(1, 3)),
        account="plant" if transport is ON_PREM else "emea",
        transport=transport,
        privacy=draw(st.sampled_from([None, *m.Privacy])),
        registration=replace(TOKEN, export_controlled=draw(st.sampled_from([None, True, False]))),
        state=draw(st.sampled_from([m.State.ACTIVE, m.State.ACTIVE, m.State.RETIRED])),
    )


@st.composite
def nodes(draw: st.DrawFn, of: m.ClusterDesired, name: str) -> m.NodeObserved:
    status = draw(
        st.sampled_from(
            [Status.REGISTERED, Status.REGISTERED, Status.UNREGISTERED, Status.FAILED, Status.EXPIRED]
        )
    )
    there = status is Status.REGISTERED
    privacy = draw(st.sampled_from(sorted(WORDS)))
    hidden, version = WORDS[privacy]
    block = m.Licence(
        enabled=True,
        registration=status,
        authorization=draw(st.sampled_from([Auth.AUTHORIZED, Auth.EXPIRED])) if there else Auth.EVALUATION,
        evaluation_seconds=None if there else 80 * DAY,
        failure="token is invalid" if status is Status.FAILED else None,
        smart_account=None,
        virtual_account=draw(st.sampled_from(["Expressway EMEA", "Default", "Old"])) if there else None,
        export_controlled=draw(st.booleans()) if there else None,
        hostname_hidden=hidden,
        version_hidden=version,
        transport_url=None,
        proxy=draw(st.sampled_from([None, "proxy.example.com:8080"])),
        udi=None,
    )
    smart = m.SmartConfig(
        draw(st.sampled_from(["direct", "satellite"])), draw(st.sampled_from([None, ON_PREM.url])), privacy
    )
    return observed(of, name, licence=block, smart=smart)


@st.composite
def situations(draw: st.DrawFn) -> tuple[m.Desired, m.Observation, m.HeldState]:
    count = draw(st.integers(1, 3))
    fleet = desired(
        *(draw(clusters(f"c{number}")) for number in range(count)), accounts=ACCOUNTS, policy=POLICY
    )
    read = [draw(nodes(of, node.name)) for of in fleet.clusters for node in of.nodes]
    clocks = tuple(
        m.EvaluationSeen(node.serial, 80 * DAY, NOW) for node in read if isinstance(node.serial, str)
    )
    return fleet, seen(*read, accounts=[pool("emea"), pool("plant")]), m.HeldState(evaluation=clocks)


def signature(of: m.Plan) -> tuple[object, ...]:
    return of.content_digest, of.actions, of.changes, of.findings, of.refusals, of.withheld


@SETTINGS
@given(situations())
def test_plan_carry_out_plan_is_empty(situation: tuple[m.Desired, m.Observation, m.HeldState]) -> None:
    fleet, world, held = situation
    for _ in range(3):
        made = plan(fleet, world, held)
        assert made.refusals == ()
        if not made.actions:
            break
        world = carry_out(world, made.actions)
    assert (made.actions, made.changes) == ((), ())


@SETTINGS
@given(situations(), st.randoms(use_true_random=False))
def test_a_plan_does_not_depend_on_the_order_of_files_and_readings(
    situation: tuple[m.Desired, m.Observation, m.HeldState], dice: random.Random
) -> None:
    fleet, world, held = situation

    def shuffled(items: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(dice.sample(items, len(items)))

    other = replace(fleet, clusters=shuffled(fleet.clusters), accounts=shuffled(fleet.accounts))
    readings = replace(world, nodes=shuffled(world.nodes), accounts=shuffled(world.accounts))
    memory = replace(held, evaluation=shuffled(held.evaluation))
    assert signature(plan(fleet, world, held)) == signature(plan(other, readings, memory))


@SETTINGS
@given(situations(), st.data())
def test_a_node_that_is_not_known_changes_nothing_for_other_clusters(
    situation: tuple[m.Desired, m.Observation, m.HeldState], data: st.DataObject
) -> None:
    fleet, world, held = situation
    lost = data.draw(st.sampled_from(world.nodes))
    trouble = m.Problem("all", m.ProblemKind.UNREACHABLE, "no route to host")
    blank = m.NodeObserved(lost.address, NOW, problems=(trouble,))
    dark = replace(world, nodes=tuple(blank if node is lost else node for node in world.nodes))

    def elsewhere(made: m.Plan) -> list[m.Action]:
        there = [action for action in made.actions if action.address.kind != "account"]
        return [action for action in there if action.address.parent != lost.address.parent]

    made = plan(fleet, dark, held)
    assert elsewhere(made) == elsewhere(plan(fleet, world, held))
    assert not any(action.address == lost.address for action in made.actions)
    assert not any(lost.address in action.params.get("nodes", ()) for action in made.actions)


@SETTINGS
@given(situations())
def test_every_need_is_in_the_plan_and_comes_first(
    situation: tuple[m.Desired, m.Observation, m.HeldState],
) -> None:
    place = {action.id: number for number, action in enumerate(plan(*situation).actions)}
    for action in plan(*situation).actions:
        assert all(place[need] < place[action.id] for need in action.needs)
        assert all(place[first] < place[action.id] for first in action.after if first in place)


@SETTINGS
@given(situations())
def test_ids_are_unique_and_every_settled_change_is_one(
    situation: tuple[m.Desired, m.Observation, m.HeldState],
) -> None:
    made = plan(*situation)
    ids = [action.id for action in made.actions]
    assert len(ids) == len(set(ids))
    known = {change.id for change in compare(*situation)}
    assert all(change in known for action in made.actions for change in action.settles)


SCRIPT = """
from tests.planning.fleet import *
fleet = desired(*(cluster(name) for name in "abcdef"))
world = seen(*(node for of in fleet.clusters for node in all_of(of, licence=evaluating(5))))
made = plan(fleet, world)
print(made.content_digest, [f.address + f.code for f in made.findings])
"""


def test_a_plan_does_not_depend_on_the_hash_seed() -> None:
    def printed(seed: str) -> str:
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
        }
        return subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True, text=True
        ).stdout

    assert len({printed(seed) for seed in ("0", "1", "2")}) == 1
