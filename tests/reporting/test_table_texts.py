"""Lists: rules, hand-offs, effects, codes, desired values, observations, exit codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from reconciler import model as m
from reconciler.errors import Exit
from reconciler.reporting import (
    EXIT_MEANINGS,
    codes_text,
    desired_text,
    exits_text,
    list_text,
    observation_text,
    ops_text,
    rule_text,
    rules_text,
    waiting_text,
)
from tests.reporting.reporting_samples import E1, E2, EMEA, LATER, NOW, OSL1, REGISTER_2, WAITING

CARD = m.RuleCard(
    "XL011",
    ("S11",),
    m.Level.HARD,
    "plan",
    "Direct and proxy registration needs X14.0.11, X14.2.5 or later.",
    "Cisco replaced the root certificate of its service in January 2023.",
    "Upgrade, or use an On-Prem.",
    "Field Notice FN72306",
)


@dataclass(frozen=True, slots=True)
class Row:
    address: m.Address
    field: str
    value: Any
    origin: str


def test_rules_are_a_table_with_the_way_to_one_of_them() -> None:
    assert rules_text([CARD], width=90) == (
        "  rule   level  phase  rows  says\n"
        "  XL011  hard   plan   S11   Direct and proxy registration needs X14.0.11, X14.2.5 or\n"
        "                             later.\n"
        "\n"
        "One of them: xlicense explain RULE\n"
    )
    assert rules_text([]) == "There are no rules.\n"


def test_a_rule_is_explained_with_reason_remedy_and_source() -> None:
    assert rule_text(CARD) == (
        "XL011  Direct and proxy registration needs X14.0.11, X14.2.5 or later.\n"
        "\n"
        "  why       Cisco replaced the root certificate of its service in January 2023.\n"
        "  remedy    Upgrade, or use an On-Prem.\n"
        "  level     hard\n"
        "  override  not possible\n"
        "  checked   with what was observed\n"
        "  source    Field Notice FN72306\n"
        "  rows      S11\n"
    )


def test_only_a_guard_can_be_overridden_and_advice_needs_no_override() -> None:
    guard = rule_text(replace(CARD, level=m.Level.GUARD, phase="lint"))
    assert '  override  --override XL011 --reason "..."\n  checked   offline, in the YAML\n' in guard
    assert "override" not in rule_text(replace(CARD, level=m.Level.ADVICE, rows=()))


def test_any_list_is_aligned_clean_and_says_where_it_is_empty() -> None:
    shown = list_text(("id", "text"), [("a", "x\x1b[2Jy"), ("long", "z")], nothing="Nothing.", hint="Go on.")
    assert shown == "  id    text\n  a     x\\x1b[2Jy\n  long  z\n\nGo on.\n"
    assert list_text(("id",), [], nothing="Nothing.", hint="Go on.") == "Nothing.\n"


def test_hand_offs_are_listed_with_everything_that_a_person_needs() -> None:
    bare = replace(WAITING, handoff_id="h-2", owner=None, ticket=None, due=None, instructions=())
    assert waiting_text((WAITING, bare), width=140) == (
        "  h-1  cluster/mad-edge/node/e1  set proxy\n"
        "      since   2026-11-24 03:57 UTC\n"
        "      due     2026-12-01 12:00 UTC\n"
        "      owner   network team\n"
        "      ticket  CHG-42\n"
        "      1. Open https://mad-e1.example.com and log in as admin.\n"
        "      2. Go to System > Smart licensing > Transport settings.\n"
        "      3. Set proxy host proxy.example.com and port 3128, then Save.\n"
        "      then: xlicense handoff answer h-1 --done   "
        "(or just xlicense apply: reading the node shows that it was done)\n"
        "\n"
        "  h-2  cluster/mad-edge/node/e1  set proxy\n"
        "      since  2026-11-24 03:57 UTC\n"
        "      then: xlicense handoff answer h-2 --done   "
        "(or just xlicense apply: reading the node shows that it was done)\n"
        "\n"
        "2 hand-offs wait for a person.\n"
    )
    assert waiting_text(()) == "Nothing waits for a person.\n"
    assert waiting_text((WAITING,)).endswith("\n1 hand-off waits for a person.\n")


def test_a_line_that_goes_on_with_a_step_has_no_number_of_its_own() -> None:
    item = replace(WAITING, instructions=("Enter exactly these:", '  "RMS": 10', "Choose Next."))
    shown = waiting_text((item,), width=140)
    assert '      1. Enter exactly these:\n         "RMS": 10\n      2. Choose Next.\n' in shown


def test_open_effects_say_how_far_they_came() -> None:
    effect = m.OpenEffect(
        "op-4", REGISTER_2.id, "node.register", E2, "0E4D2B17", m.EffectState.SENDING, NOW, "r-7"
    )
    assert ops_text([effect]) == (
        "  id    state    started               at                        what\n"
        "  op-4  sending  2026-11-24 03:57 UTC  cluster/ams-edge/node/e2  register, run r-7\n"
        "\n"
        "More about one: xlicense op show ID. To settle one by hand: xlicense op resolve ID\n"
    )
    assert ops_text([]) == "No effect is open.\n"


def test_held_codes_are_listed_by_reference_and_say_whether_they_can_be_read_here() -> None:
    code = m.HeldCode("c-1", m.CodeKind.TOKEN, "token/emea/allowed", EMEA, "emea", NOW, True, None, LATER)
    text = codes_text([code, replace(code, code_id="c-2", readable=False, expires_at=None)])
    assert text == (
        "  id   kind   made                  expires               readable here  slot\n"
        "  c-1  token  2026-11-24 03:57 UTC  2026-12-01 12:00 UTC  yes            token/emea/allowed\n"
        "  c-2  token  2026-11-24 03:57 UTC  -                     NO             token/emea/allowed\n"
        "\n"
        "To see one: xlicense codes reveal ID\n"
    )
    assert codes_text([]) == "No code is held.\n"


def test_desired_values_stand_under_their_address_with_their_origin() -> None:
    rows = [
        Row(E1, "host", "e1.example.com", "clusters/ams-edge.yaml:10"),
        Row(EMEA, "virtual_account", "Expressway EMEA", "xlicense.yaml:5"),
        Row(E1, "ssh.port", 22, "default"),
    ]
    assert desired_text(rows) == (
        "# cluster/ams-edge/node/e1\n"
        "  field     value           from\n"
        "  host      e1.example.com  clusters/ams-edge.yaml:10\n"
        "  ssh.port  22              default\n"
        "\n"
        "# account/emea\n"
        "  field            value              from\n"
        '  virtual_account  "Expressway EMEA"  xlicense.yaml:5\n'
    )
    assert desired_text([]) == "The workspace describes nothing yet.\n"


def test_every_exit_code_has_a_meaning() -> None:
    assert set(EXIT_MEANINGS) == set(Exit)
    assert "  6     refused by a rule" in exits_text()


FULL = m.Observation(
    NOW,
    (
        m.NodeObserved(
            E1,
            NOW,
            serial="0E4D1FA5",
            software=m.Software("X14.3.1"),
            licence=m.Licence(
                registration=m.RegistrationStatus.FAILED,
                authorization=m.AuthorizationStatus.EVALUATION,
                evaluation_seconds=7_000_000,
                failure="HTTP Server Error 200: Operation timed out",
                virtual_account=None,
                unrecognised=("Status: FLUMMOXED",),
            ),
            smart=m.SmartConfig("direct"),
            alarms=(m.Alarm("40049", "Cluster TLS permissive"),),
        ),
        m.NodeObserved(
            E2, NOW, problems=(m.Problem("all", m.ProblemKind.UNREACHABLE, "connection refused"),)
        ),
        m.NodeObserved(OSL1, NOW, licence=m.Licence(evaluation_seconds=0)),
    ),
    (
        m.AccountObserved(
            EMEA,
            NOW,
            exists=True,
            pool=(m.PoolLine("Rich Media Session", 100, 3, m.UNKNOWN, status="In Compliance"),),
            instances=(m.Instance("e1"),),
        ),
        m.AccountObserved(m.Address("account/plant"), NOW, exists=False),
        m.AccountObserved(m.Address("account/vault"), NOW),
    ),
)

OBSERVATION = """\
Read at 2026-11-24 03:57 UTC.

Nodes:

  node                      serial    version  evaluation  transport  virtual account  registration
  cluster/ams-edge/node/e1  0E4D1FA5  X14.3.1  81 days     direct     -                registration failed, evaluation
                                                                                       mode, last failure: HTTP Server
                                                                                       Error 200: Operation timed out
  cluster/ams-edge/node/e2  ?         ?        ?           ?          ?                ?
  cluster/osl-core/node/c1  ?         ?        EXPIRED     ?          ?                ?

Licences:

  account       quantity  in use  available  status         licence
  account/emea  100       3       ?          In Compliance  Rich Media Session

Product instances:

  account        instances
  account/emea   1
  account/plant  there is no such virtual account
  account/vault  ?

Noticed:

  node                      what it says
  cluster/ams-edge/node/e1  alarm 40049: Cluster TLS permissive
  cluster/ams-edge/node/e1  not understood: Status: FLUMMOXED

Not read:

  cluster/ams-edge/node/e2
      unreachable (nothing was read): connection refused
"""  # noqa: E501 - 120 columns are the default


def test_an_observation_is_told_in_tables_where_unknown_and_absent_differ() -> None:
    assert observation_text(FULL) == OBSERVATION


def test_an_empty_observation_is_one_line() -> None:
    assert observation_text(m.Observation(NOW)) == "Read at 2026-11-24 03:57 UTC.\n"


def test_a_table_that_does_not_fit_is_stacked() -> None:
    text = observation_text(m.Observation(NOW, FULL.nodes[:1]), width=80)
    assert (
        "  cluster/ams-edge/node/e1\n      serial           0E4D1FA5\n      version          X14.3.1\n"
        in text
    )
    assert max(len(line) for line in text.splitlines()) <= 80
