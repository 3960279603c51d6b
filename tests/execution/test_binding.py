"""Whether a plan file may be applied at all, and what a plan reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler import model as m
from reconciler.errors import PlanFileError
from reconciler.execution import binding
from reconciler.planning import content_digest
from tests.journal.bench import E1, NOW

from .stand import DESIRED, Stand

PLAN = m.Plan(
    content_digest(()), "nonce", "ws1", NOW, NOW + timedelta(days=1), "1.0", m.Observation(NOW), actions=()
)


def check(planned: m.Plan, after: timedelta = timedelta(0)) -> None:
    binding.check_plan_file(planned, workspace="ws1", tool_version="1.0", now=NOW + after)


def test_a_plan_of_this_workspace_and_release_is_taken_until_it_expires() -> None:
    check(PLAN)
    check(PLAN, timedelta(days=1) - timedelta(seconds=1))
    with pytest.raises(PlanFileError, match="expired"):
        check(PLAN, timedelta(days=1))


def test_a_plan_of_a_later_form_of_the_same_generation_is_taken() -> None:
    generation = m.FORMAT_VERSION.split(".")[0]
    check(replace(PLAN, format_version=f"{generation}.99"))
    with pytest.raises(PlanFileError, match="format"):
        check(replace(PLAN, format_version=f"{int(generation) + 1}.0"))


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [("tool_version", "0.9", "0.9"), ("workspace", "ws2", "ws2"), ("content_digest", "other", "altered")],
)
def test_a_plan_of_something_else_is_refused_with_what_differs(field: str, value: str, why: str) -> None:
    with pytest.raises(PlanFileError, match=why):
        check(replace(PLAN, **{field: value}))  # type: ignore[arg-type]


@pytest.mark.parametrize("target", [E1, E1.parent])
def test_a_target_reads_the_whole_cluster_that_it_is_in(stand: Stand, target: m.Address) -> None:
    (cluster,) = DESIRED.clusters
    peer = replace(cluster.nodes[0], address=m.Address.of_node(cluster.name, "e2"), name="e2")
    both = replace(cluster, nodes=(*cluster.nodes, peer))
    engine = replace(stand.engine, desired=replace(DESIRED, clusters=(both,)))
    assert binding.selected(engine, m.PlanOptions(targets=(target,))) == (both,)
