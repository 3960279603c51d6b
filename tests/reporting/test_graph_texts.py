"""The order of a plan as DOT and Mermaid: needs are solid, mere order is dashed."""

from __future__ import annotations

import re
import time
from dataclasses import replace

from reconciler import model as m
from reconciler.reporting import graph_dot, graph_mermaid
from tests.reporting.reporting_samples import (
    CREATE,
    E1,
    FLEET,
    PRIVACY,
    PROXY,
    REFUSED_REGISTER,
    REGISTER_1,
    REVOKE,
    plan,
)

SMALL = plan(
    actions=(CREATE, PRIVACY, REGISTER_1, replace(REVOKE, after=(REGISTER_1.id, "gone"))),
    withheld=(REFUSED_REGISTER,),
)

DOT = r"""digraph plan {
  rankdir=LR;
  node [shape=box];
  subgraph cluster_g1 {
    label="account/emea";
    a1 [label="emea\ncreate a registration token: export-controlled features allowed, 2 uses, valid for 1 day\nby API"];
    a4 [label="emea\nrevoke the registration token\nby API"];
  }
  subgraph cluster_g2 {
    label="cluster/ams-edge";
    a2 [label="e1\nset privacy to hostname\nover ssh"];
    a3 [label="e1\nregister to \"Expressway EMEA\"\nover ssh"];
  }
  subgraph cluster_g3 {
    label="cluster/par-edge";
    a5 [label="e1\nregister to \"Expressway EMEA\"\nover ssh\nrefused" style=dashed];
  }
  a1 -> a3;
  a2 -> a3 [style=dashed];
  a3 -> a4 [style=dashed];
}
"""  # noqa: E501 - labels are not folded

MERMAID = """\
flowchart LR
  subgraph g1["account/emea"]
    a1["emea<br/>create a registration token: export-controlled features allowed, 2 uses, valid for 1 day<br/>by API"]
    a4["emea<br/>revoke the registration token<br/>by API"]
  end
  subgraph g2["cluster/ams-edge"]
    a2["e1<br/>set privacy to hostname<br/>over ssh"]
    a3["e1<br/>register to #34;Expressway EMEA#34;<br/>over ssh"]
  end
  subgraph g3["cluster/par-edge"]
    a5["e1<br/>register to #34;Expressway EMEA#34;<br/>over ssh<br/>refused"]:::held
  end
  a1 --> a3
  a2 -.-> a3
  a3 -.-> a4
  classDef held stroke-dasharray: 4 4
"""  # noqa: E501 - labels are not folded


def test_dot_groups_by_cluster_and_draws_needs_solid_and_order_dashed() -> None:
    assert graph_dot(SMALL) == DOT


def test_mermaid_says_the_same() -> None:
    assert graph_mermaid(SMALL) == MERMAID


def test_what_is_held_back_or_done_by_a_person_says_so() -> None:
    text = graph_dot(FLEET)
    assert "BY A PERSON: the Expressway has no command for it\\nheld back" in text
    assert "classDef" not in graph_mermaid(plan(actions=(CREATE,)))


def test_an_edge_that_is_both_needed_and_ordered_is_drawn_once() -> None:
    both = replace(REGISTER_1, after=(CREATE.id,))
    assert graph_dot(plan(actions=(CREATE, both))).count("->") == 1


def test_an_empty_plan_is_an_empty_picture() -> None:
    assert graph_dot(plan()) == "digraph plan {\n  rankdir=LR;\n  node [shape=box];\n}\n"
    assert graph_mermaid(plan()) == "flowchart LR\n"


def test_a_hostile_name_stays_inside_its_label() -> None:
    name = 'x"]; click a1 "http://evil" \\" --> a2 `**b**` <script> #quot; | \x1b[2J\n}'
    hostile = replace(REGISTER_1, params={"virtual_account": name}, needs=(), after=())
    dot, mermaid = graph_dot(plan(actions=(hostile,))), graph_mermaid(plan(actions=(hostile,)))
    label = next(line for line in dot.splitlines() if "a1 [" in line)
    assert re.fullmatch(r'    a1 \[label="(?:[^"\\]|\\.)*"\];', label)
    inside = next(line for line in mermaid.splitlines() if line.startswith("    a1["))
    assert re.fullmatch(r'    a1\["[^"`\\|]*"\]', inside)
    assert not re.search(r"<(?!br/>)|\x1b", inside)
    assert len(dot.splitlines()) == 8


def test_a_name_with_dot_escapes_is_taken_literally() -> None:
    odd = replace(PROXY, params={"host": "\\N", "port": 1})
    assert r"\"\\N:1\"" in graph_dot(plan(actions=(odd,)))


def test_a_cluster_step_is_drawn_in_its_cluster() -> None:
    step = replace(PRIVACY, address=m.Address("cluster/ams-edge"), id="x")
    text = graph_dot(plan(actions=(step, replace(PRIVACY, address=E1))))
    assert text.count("subgraph") == 1


def test_a_picture_of_a_large_plan_takes_time_in_proportion() -> None:
    many = tuple(
        replace(
            PRIVACY, id=f"p{n}", address=m.Address.of_node(f"c{n // 4}", f"e{n % 4}"), needs=(f"p{n - 1}",)
        )
        for n in range(8_000)
    )
    started = time.process_time()
    text = graph_dot(plan(actions=many))
    assert time.process_time() - started < 2
    assert text.count("->") == 7_999
