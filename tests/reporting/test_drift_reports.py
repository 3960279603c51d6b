"""Drift for a person and for a pull-request comment: what differs, what waits, what was not read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler import model as m
from reconciler.errors import Exit
from reconciler.reporting import drift_exits, drift_markdown, drift_summary, drift_text
from tests.reporting.reporting_samples import (
    E1,
    E2,
    FINDING_LOW,
    FLEET,
    LATER,
    MAD1,
    NOW,
    OSL1,
    S11,
    WAITING,
    node,
    plan,
)

BEHIND = m.Change(E1, "privacy", "none", "hostname", m.Cause.CHANGED_BEHIND, "2026-11-20T10:00:00+00:00")
UNTOLD = m.Change(E2, "url", "https://a.example.com", "https://b.example.com")
PARKED = m.Change(MAD1, "proxy", None, "proxy.example.com:3128", m.Cause.WAITING)
LOST = m.Problem("all", m.ProblemKind.UNREACHABLE, "port 22: connection refused", "Is the node up?")

MOVED = plan(
    observation=m.Observation(
        NOW, (node(E1, "0E4D1FA5", "X14.3.1"), node(OSL1, "0F0F0F01", "X14.3.1", LOST))
    ),
    changes=(BEHIND, UNTOLD, PARKED),
    waiting=(WAITING,),
    findings=(FINDING_LOW,),
    refusals=(S11,),
    evaluation=(m.EvaluationLeft(E1, 81, running=True),),
)

TEXT = """\
Differs (what was read -> what the YAML asks for):

  # cluster/ams-edge/node/e1  (0E4D1FA5, X14.3.1)
      ~ privacy  none -> hostname   # changed behind our back; last verified 2026-11-20 10:00 UTC

  # cluster/ams-edge/node/e2
      ~ url  https://a.example.com -> https://b.example.com

Differs, and waits for a person:

  # cluster/mad-edge/node/e1
      + proxy  (none) -> proxy.example.com:3128   # waiting for a hand-off

  h-1  cluster/mad-edge/node/e1  set proxy, since 2026-11-24 03:57 UTC, due 2026-12-01 12:00 UTC

Not read, therefore not compared:

  cluster/osl-core/node/c1
      unreachable (nothing was read): port 22: connection refused
      remedy: Is the node up?

Findings:

  warning  cluster/ams-edge/node/e2
           12 days of the evaluation period are left. [evaluation-low; S97]
           remedy: Register the node before they run out.

An apply would be refused:

  XL011 (hard)  cluster/par-edge/node/e1
      X14.2.1 trusts a root certificate that Cisco replaced in January 2023: registering direct or
      through a proxy fails.
      remedy  Upgrade to X14.2.5 or a later X14.2, or X14.3 and above, or use an On-Prem.
      source  Field Notice FN72306 (S11)
      more    xlicense explain XL011

Evaluation clocks:

  cluster/ams-edge  e1: 81 days left

Drift: 2 fields on 2 nodes differ; 1 field waits for a person; 1 not fully read; 1 finding.
"""

MARKDOWN = """\
### xlicense drift

**Drift: 2 fields on 2 nodes differ; 1 field waits for a person; 1 not fully read; 1 finding.**

#### cluster/ams-edge

| node | field | before | after | cause |
| --- | --- | --- | --- | --- |
| e1 | `privacy` | `none` | `hostname` | changed behind our back; last verified 2026-11-20 10:00 UTC |
| e2 | `url` | `https://a.example.com` | `https://b.example.com` |  |

#### Waits for a person: cluster/mad-edge

| node | field | before | after | cause |
| --- | --- | --- | --- | --- |
| e1 | `proxy` | `(none)` | `proxy.example.com:3128` | waiting for a hand-off |

#### Hand-offs that wait

- `h-1` `cluster/mad-edge/node/e1` set proxy, since 2026-11-24 03:57 UTC, due 2026-12-01 12:00 UTC

#### Not read, therefore not compared

- `cluster/osl-core/node/c1` **unreachable** (all): port 22: connection refused

#### Findings

- **warning** `cluster/ams-edge/node/e2` 12 days of the evaluation period are left. Register the node before they run out.

#### An apply would be refused

- **XL011** (hard) `cluster/par-edge/node/e1` X14.2.1 trusts a root certificate that Cisco replaced in January 2023: registering direct or through a proxy fails. Upgrade to X14.2.5 or a later X14.2, or X14.3 and above, or use an On-Prem.
"""  # noqa: E501 - Markdown has no line width


def test_drift_names_apart_what_differs_what_waits_and_what_was_not_read() -> None:
    assert drift_text(MOVED, width=100) == TEXT


def test_the_comment_has_a_table_for_each_cluster_and_the_summary_first() -> None:
    assert drift_markdown(MOVED) == MARKDOWN


def test_no_drift_is_one_line() -> None:
    assert drift_text(plan()) == "No drift (12 nodes in 7 clusters).\n"
    assert drift_markdown(plan()) == ("### xlicense drift\n\n**No drift (12 nodes in 7 clusters).**\n")


def test_an_unread_node_is_never_called_free_of_drift() -> None:
    blind = plan(observation=MOVED.observation)
    assert drift_summary(blind) == ("No drift seen (12 nodes in 7 clusters); 1 not fully read.")


def test_one_field_of_one_node_is_told_in_the_singular() -> None:
    assert drift_summary(plan(changes=(BEHIND,))) == "Drift: 1 field on 1 node differs."


def test_an_unknown_value_is_no_drift() -> None:
    unknown = plan(changes=(m.Change(OSL1, "url", m.UNKNOWN, "https://a.example.com"),))
    assert drift_summary(unknown).startswith("No drift")
    assert drift_exits(unknown) == ()


@pytest.mark.parametrize(
    ("parts", "exits"),
    [
        ({}, ()),
        ({"changes": (BEHIND, PARKED)}, (Exit.CHANGES,)),
        ({"changes": (PARKED,)}, (Exit.WAITING,)),
        ({"changes": (BEHIND,), "observation": MOVED.observation}, (Exit.UNREAD, Exit.CHANGES)),
        (
            {
                "observation": m.Observation(
                    NOW, (node(E1, "x", "X15.0", m.Problem("all", m.ProblemKind.UNTRUSTED, "host key")),)
                )
            },
            (Exit.TRUST,),
        ),
    ],
)
def test_the_exit_codes_of_drift_come_strongest_first(
    parts: dict[str, object], exits: tuple[Exit, ...]
) -> None:
    assert drift_exits(plan(**parts)) == exits


def test_a_hand_off_without_an_end_is_shown_without_one() -> None:
    text = drift_text(plan(waiting=(replace(WAITING, due=None),), changes=(PARKED,)))
    assert "set proxy, since 2026-11-24 03:57 UTC\n" in text
    assert "since 2026-11-24 03:57 UTC\n" in drift_markdown(plan(waiting=(replace(WAITING, due=None),)))


def test_a_partial_report_says_what_it_looked_at() -> None:
    partial = plan(partial=("site=ams",))
    assert drift_text(partial) == (
        "Partial: only site=ams was looked at; the rest of the workspace was not compared.\n"
        "\n"
        "No drift (the part that was looked at).\n"
    )
    assert "\nPartial: only `site=ams`.\n" in drift_markdown(partial)


def test_a_hand_off_that_nothing_differs_for_is_still_named() -> None:
    assert "  h-1  cluster/mad-edge/node/e1  set proxy" in drift_text(plan(waiting=(WAITING,)))


def test_a_comment_stays_under_the_cap_and_counts_what_it_left_out() -> None:
    changes = tuple(
        m.Change(m.Address.of_node(f"c{n // 6}", f"e{n % 6}"), "url", "https://old.example.com", "x" * 50)
        for n in range(3_000)
    )
    problems = tuple(
        m.NodeObserved(m.Address.of_node(f"d{n}", "e1"), NOW, problems=(LOST,)) for n in range(3_000)
    )
    text = drift_markdown(plan(changes=changes, observation=m.Observation(NOW, problems)))
    assert len(text) <= 60_000
    assert text.startswith("### xlicense drift\n\n**Drift: 3,000 fields on 3,000 nodes differ;")
    shown = sum(line.startswith(("| e", "- `cluster/d")) for line in text.splitlines())
    assert text.endswith(f"_{6_000 - shown:,} lines left out here; `xlicense drift` shows all._\n")


def test_the_same_drift_gives_the_same_text_at_another_time() -> None:
    later = replace(FLEET, created_at=LATER, nonce="n-2")
    assert drift_text(later) == drift_text(FLEET)
    assert drift_markdown(later) == drift_markdown(FLEET)
