"""A plan as a newcomer reads it: literals, looked at by hand, for the situations that a person meets."""

from __future__ import annotations

import time
from dataclasses import replace

from reconciler import model as m
from reconciler.reporting import plan_text, summary_line
from tests.reporting.reporting_samples import (
    AMS,
    BEHIND_PROXY,
    COMMANDS,
    CREATE,
    E1,
    E2,
    EMEA,
    FINDING_LOW,
    FLEET,
    LATER,
    MAD1,
    NOW,
    OSL1,
    PAR1,
    PRIVACY,
    PROXY,
    REFUSED_REGISTER,
    REFUSED_TRANSPORT,
    REGISTER_1,
    REVOKE,
    S11,
    WAITING,
    action,
    node,
    plan,
    unregistered,
)

WHOLE = """\
The actions and differences below are marked with these symbols:
  +  register, reserve or create
  ~  change
  -  deregister, return or remove
  >  done by a person
  ?  not known, and therefore left alone
  w  waits, held back for now
  x  refused by a rule, will not be done

  # account/emea
      1. + create a registration token: export-controlled features allowed, 2 uses, valid for 1 day
           by API; 2 nodes of cluster/ams-edge register with it
           | POST /services/api/smart-accounts-and-licensing/v1/accounts/example.com/...
      7. - revoke the registration token
           by API, after steps 3-5 whatever comes of them; a token that nobody needs any more opens
           the account to whoever finds it

  # cluster/ams-edge/node/e1  (0E4D1FA5, X14.3.1)
      ~ privacy          none         -> hostname   # changed behind our back; last verified
                             2026-11-20 10:00 UTC
      + registration     unregistered -> registered
      + virtual_account  (none)       -> "Expressway EMEA"
      2. ~ set privacy to hostname
           over ssh; the YAML hides the host name
           | xConfiguration license smart privacy: hostname
      3. + register to "Expressway EMEA"
           over ssh, after steps 1-2; not registered
           | xCommand license smart register idtoken: <token>

  # cluster/ams-edge/node/e2  (0E4D2B17, X14.3.1)
      + registration     unregistered -> registered
      + virtual_account  (none)       -> "Expressway EMEA"
      4. + register to "Expressway EMEA"
           over ssh, after step 1; not registered

  # cluster/lon-core/node/c1  (0A1B2C3D, X15.0)
      ~ virtual_account  "Expressway Old" -> "Expressway EMEA"
      5. ~ register again to "Expressway EMEA"
           over ssh, after step 1; registered to another virtual account, "Expressway Old"

  # cluster/mad-edge/node/e1  (0C0C0C01, X14.3.1)
      + proxy            (none)       -> proxy.example.com:3128   # waiting for a hand-off
      + registration     unregistered -> registered
      + virtual_account  (none)       -> "Expressway EMEA"
       w > set the proxy to proxy.example.com:3128
           waits for hand-off h-1, see below
       w + register to "Expressway EMEA"
           waits for hand-off h-1, see below; before it: set the proxy to proxy.example.com:3128

  # cluster/mad-edge/node/e2  (0C0C0C02, X14.3.1)
      + proxy  (none) -> proxy.example.com:3128
      6. > set the proxy to proxy.example.com:3128
           BY A PERSON: the Expressway has no command for it; the node has no proxy

  # cluster/osl-core/node/c1  (0F0F0F01, X14.3.1)
      ? url  (not known) -> https://smartreceiver.cisco.com/licservice/license

  # cluster/par-edge/node/e1  (0B0B0B01, X14.2.1)
      + registration     unregistered -> registered
      + virtual_account  (none)       -> "Expressway EMEA"
       x + register to "Expressway EMEA"
           refused by XL011, see below

Waiting for a person:

  h-1  cluster/mad-edge/node/e1  set proxy
      since   2026-11-24 03:57 UTC
      due     2026-12-01 12:00 UTC
      owner   network team
      ticket  CHG-42
      1. Open https://mad-e1.example.com and log in as admin.
      2. Go to System > Smart licensing > Transport settings.
      3. Set proxy host proxy.example.com and port 3128, then Save.
      then: xlicense handoff answer h-1 --done   (or just xlicense apply: reading the node shows
            that it was done)

Refused:

  XL011 (hard)  cluster/par-edge/node/e1
      X14.2.1 trusts a root certificate that Cisco replaced in January 2023: registering direct or
      through a proxy fails.
      remedy  Upgrade to X14.2.5 or a later X14.2, or X14.3 and above, or use an On-Prem.
      source  Field Notice FN72306 (S11)
      more    xlicense explain XL011

Findings:

  warning  cluster/ams-edge/node/e2
           12 days of the evaluation period are left. [evaluation-low; S97]
           remedy: Register the node before they run out.
  info     account/emea/instance/0D0D0D01
           An instance of no node here. [not-in-yaml]

Evaluation clocks:

  cluster/ams-edge  e1: 81 days left; e2: 12 days left
  cluster/mad-edge  e1, e2: 81 days left
  cluster/par-edge  e1: EXPIRED
  2 registered nodes with a clock that stands still; the least is 55 days at
  cluster/osl-core/node/c2

Plan: 7 to do (1 by a person), 1 held back, 1 refused, 1 waiting, 2 findings; 5 of 12 nodes need nothing.

Next:
  xlicense apply fleet.plan
"""


def test_a_plan_tells_what_is_done_to_what_why_by_whom_and_what_is_not_done() -> None:
    assert plan_text(FLEET, width=100, commands=COMMANDS, next_command="xlicense apply fleet.plan") == WHOLE


STILL_OPEN = """\
The actions and differences below are marked with these symbols:
  +  register, reserve or create
  >  done by a person
  w  waits, held back for now
  x  refused by a rule, will not be done

  # cluster/mad-edge/node/e1
      + proxy  (none) -> proxy.example.com:3128   # waiting for a hand-off
       w > set the proxy to proxy.example.com:3128
           waits for hand-off h-1, see below

  # cluster/par-edge/node/e1  (0B0B0B01, X14.2.1)
      + registration     unregistered -> registered
      + virtual_account  (none)       -> "Expressway EMEA"
       x + register to "Expressway EMEA"
           refused by XL011, see below

Waiting for a person:

  h-1  cluster/mad-edge/node/e1  set proxy
      since   2026-11-24 03:57 UTC
      due     2026-12-01 12:00 UTC
      owner   network team
      ticket  CHG-42
      1. Open https://mad-e1.example.com and log in as admin.
      2. Go to System > Smart licensing > Transport settings.
      3. Set proxy host proxy.example.com and port 3128, then Save.
      then: xlicense handoff answer h-1 --done   (or just xlicense apply: reading the node shows
            that it was done)

Refused:

  XL011 (hard)  cluster/par-edge/node/e1
      X14.2.1 trusts a root certificate that Cisco replaced in January 2023: registering direct or
      through a proxy fails.
      remedy  Upgrade to X14.2.5 or a later X14.2, or X14.3 and above, or use an On-Prem.
      source  Field Notice FN72306 (S11)
      more    xlicense explain XL011

No changes now. Still open: XL011 refuses cluster/par-edge/node/e1; hand-off h-1 waits for a person
(set proxy at cluster/mad-edge/node/e1).
Plan: 0 to do, 1 refused, 1 waiting; 10 of 12 nodes need nothing.
"""


def test_a_plan_with_nothing_to_do_names_what_is_refused_and_what_waits() -> None:
    parked = plan(
        observation=m.Observation(NOW, (node(PAR1, "0B0B0B01", "X14.2.1"),)),
        changes=(
            m.Change(MAD1, "proxy", None, "proxy.example.com:3128", m.Cause.WAITING),
            *unregistered(PAR1),
        ),
        actions=(PROXY,),
        held_back=(m.HeldBack(PROXY.id, "h-1", "hand-off h-1 waits for a person"),),
        withheld=(REFUSED_REGISTER,),
        refusals=(S11,),
        waiting=(WAITING,),
    )
    assert plan_text(parked, width=100) == STILL_OPEN


def test_a_quiet_fleet_is_told_in_one_line() -> None:
    assert plan_text(plan()) == (
        "No changes. Everything that the YAML asks for is in place (12 nodes in 7 clusters).\n"
    )


def test_the_next_command_stands_alone_on_its_line() -> None:
    assert plan_text(plan(), next_command="xlicense drift").endswith("\n\nNext:\n  xlicense drift\n")


def test_only_the_symbols_in_use_are_explained() -> None:
    text = plan_text(plan(actions=(CREATE,)))
    assert "  +  register, reserve or create\n" in text
    assert "deregister or remove" not in text


def test_an_irreversible_action_says_so_in_words_and_numbers() -> None:
    enable = action(
        E1,
        m.Kind.ENABLE_SMART,
        "Smart Licensing is off",
        effect_class=m.EffectClass.IRREVERSIBLE,
        carrier=m.Carrier.PERSON,
        carrier_note="this can only be done on the web page",
    )
    text = plan_text(plan(actions=(enable,)), width=140)
    assert "      1. ! switch Smart Licensing on\n" in text
    assert "BY A PERSON: this can only be done on the web page, CANNOT BE UNDONE; Smart" in text
    assert "Plan: 1 to do (1 by a person, 1 cannot be undone); 11 of 12 nodes need nothing." in text


def test_a_cluster_step_stands_before_the_nodes_that_it_settles() -> None:
    change = m.Change(E1, "transport", "satellite", "direct")
    step = action(
        AMS,
        m.Kind.SET_TRANSPORT,
        "the YAML says direct",
        {"transport": "direct", "nodes": [str(E1), str(E2)]},
        settles=(change.id,),
    )
    text = plan_text(plan(actions=(step,), changes=(change,)))
    assert text.index("# cluster/ams-edge\n") < text.index("# cluster/ams-edge/node/e1\n")
    assert "1. ~ set the transport to direct (e1 first, then its peers)" in text
    assert "nothing is planned" not in text


def test_a_difference_that_nobody_takes_care_of_says_so() -> None:
    text = plan_text(plan(changes=unregistered(E1)))
    assert "      (nothing is planned for this; see below why)\n" in text
    assert "No changes now.\nPlan: 0 to do; 11 of 12 nodes need nothing.\n" in text


def test_what_falls_with_a_refusal_names_the_refusal_or_says_that_it_needs_what_is_refused() -> None:
    cluster_wide = replace(S11, address=m.Address("cluster/par-edge"), kinds=("cluster.set_transport",))
    text = plan_text(
        plan(withheld=(REFUSED_TRANSPORT, REFUSED_REGISTER), refusals=(cluster_wide,)), width=140
    )
    assert "x ~ set the transport to direct\n           refused by XL011, see below\n" in text
    assert "left out: something that it needs is refused" in text


def test_refusals_with_the_same_words_are_told_once_for_all_their_addresses() -> None:
    text = plan_text(plan(refusals=(S11, replace(S11, address=E1))), width=140)
    assert "  XL011 (hard)  cluster/ams-edge/node/e1, cluster/par-edge/node/e1\n" in text
    assert text.count("more    xlicense explain XL011") == 1


def test_refusals_with_other_words_stand_apart() -> None:
    text = plan_text(plan(refusals=(S11, replace(S11, rule="XL022"))), width=140)
    assert "more    xlicense explain XL011\n\n  XL022 (hard)  cluster/par-edge/node/e1\n" in text


def test_a_guard_shows_how_it_is_overridden_and_an_overridden_one_is_still_shown() -> None:
    guard = replace(S11, level=m.Level.GUARD, rows=())
    text = plan_text(plan(refusals=(guard, replace(guard, rule="XL099", overridden="agreed in CHG-42"))))
    assert '      override  accept it with  --override XL011 --reason "..."\n' in text
    assert "Refused, and overridden:\n\n  XL099  cluster/par-edge/node/e1  X14.2.1 trusts" in text
    assert "Reason given: agreed in CHG-42" in text
    assert "1 refused, 1 overridden" in text


def test_what_was_not_read_is_named_with_its_reason_and_its_remedy() -> None:
    lost = m.Problem("all", m.ProblemKind.UNREACHABLE, "port 22: connection refused", "Is the node up?")
    half = m.Problem("licence", m.ProblemKind.UNREADABLE, "the reply ends in mid-line")
    seen = m.Observation(NOW, (node(E1, "0E4D1FA5", "X14.3.1", lost), node(E2, "0E4D2B17", "X15.0", half)))
    text = plan_text(plan(observation=seen))
    assert (
        "unreachable (nothing was read): port 22: connection refused\n      remedy: Is the node up?" in text
    )
    assert "unreadable (all but licence was read): the reply ends in mid-line" in text
    assert "No changes now. Still open: 2 nodes and accounts were not fully read." in text
    assert "Plan: 0 to do, 2 not fully read; 10 of 12 nodes need nothing." in text


def test_one_trouble_of_many_nodes_is_told_once_and_not_again_as_findings() -> None:
    trouble = m.Problem("all", m.ProblemKind.UNTRUSTED, "the file of the password is not there", "create it")
    seen = m.Observation(
        NOW, (node(E1, "0E4D1FA5", "X14.3.1", trouble), node(E2, "0E4D2B17", "X15.0", trouble))
    )
    again = tuple(
        m.Finding("untrusted", m.Severity.ERROR, address, trouble.message, trouble.remedy)
        for address in (E1, E2)
    )
    assert plan_text(plan(observation=seen, findings=again)) == (
        "Not read:\n"
        "\n"
        "  cluster/ams-edge/node/e1, cluster/ams-edge/node/e2\n"
        "      untrusted (nothing was read): the file of the password is not there\n"
        "      remedy: create it\n"
        "\n"
        "No changes now. Still open: 2 nodes and accounts were not fully read.\n"
        "Plan: 0 to do, 2 not fully read; 10 of 12 nodes need nothing.\n"
    )


def test_one_unread_node_is_named() -> None:
    lost = m.Problem("all", m.ProblemKind.UNREACHABLE, "connection refused")
    text = plan_text(plan(observation=m.Observation(NOW, (node(E1, "0E4D1FA5", "X14.3.1", lost),))))
    assert "Still open: cluster/ams-edge/node/e1 was not fully read." in text


def test_many_open_things_are_counted_after_the_first_five() -> None:
    many = tuple(replace(S11, address=m.Address(f"cluster/c{n}/node/e1")) for n in range(7))
    assert "cluster/c4/node/e1; and 2 more." in plan_text(plan(refusals=many), width=1_000)


def test_a_partial_plan_says_what_it_looked_at() -> None:
    text = plan_text(plan(partial=("cluster/ams-*", "site=ams")), width=140)
    assert text.startswith(
        "Partial: only cluster/ams-*, site=ams was looked at; the rest of the workspace was not compared.\n\n"
    )


def test_a_partial_plan_says_nothing_about_the_nodes_that_it_did_not_look_at() -> None:
    assert plan_text(plan(partial=("site=ams",))) == (
        "Partial: only site=ams was looked at; the rest of the workspace was not compared.\n"
        "\n"
        "No changes. Everything that the YAML asks for is in place (the part that was looked at).\n"
    )
    assert summary_line(plan(partial=("site=ams",), actions=(CREATE,))) == "Plan: 1 to do."


def test_what_is_held_back_names_the_first_cause_and_the_nearest_link() -> None:
    last = replace(REVOKE, needs=(BEHIND_PROXY.id,))
    chain = (
        m.HeldBack(PROXY.id, "the lab", "the lab is down"),
        m.HeldBack(BEHIND_PROXY.id, PROXY.id, "needs node.set_proxy"),
        m.HeldBack(last.id, BEHIND_PROXY.id, "needs node.register"),
        m.HeldBack(CREATE.id, BEHIND_PROXY.id, "serves only node.register"),
        m.HeldBack(PRIVACY.id, "gone", "needs what is not there"),
    )
    text = plan_text(plan(actions=(PROXY, BEHIND_PROXY, last, CREATE, PRIVACY), held_back=chain), width=140)
    assert " w > set the proxy to proxy.example.com:3128\n           the lab is down\n" in text
    assert "           the lab is down; before it: set the proxy to proxy.example.com:3128\n" in text
    assert 'the lab is down; before it: register to "Expressway EMEA" at cluster/mad-edge/node/e1\n' in text
    assert 'the lab is down; it only serves: register to "Expressway EMEA" at cluster/mad' in text
    assert "           needs what is not there\n" in text


def test_a_hand_off_that_brings_a_code_back_asks_for_it_and_one_said_to_be_done_is_not_counted() -> None:
    token = replace(WAITING, wants=m.CodeKind.TOKEN, due=None, owner=None, ticket=None)
    text = plan_text(plan(waiting=(token, replace(WAITING, kind="account.revoke_token", done=True))))
    assert "then: xlicense handoff answer h-1   (asks for the token that came back)" in text
    assert "      state   said to be done, not yet seen\n" in text
    assert "then: xlicense handoff answer h-1 --done\n" in text
    assert "0 to do, 1 waiting;" in text


def test_serials_come_from_the_yaml_where_the_node_did_not_say_its_own() -> None:
    ssh = m.SshAccess("admin", 22, "/etc/known_hosts")
    nodes = (
        m.NodeDesired(E1, "e1", "e1.example.com", ssh, serial="0E4D1FA5"),
        m.NodeDesired(E2, "e2", "e2.example.com", ssh),
    )
    desired = m.Desired(
        "7f3c1d9a", "/w", clusters=(m.ClusterDesired(AMS, "ams-edge", m.Role.EDGE, "emea", nodes),)
    )
    silent = m.Observation(NOW, (m.NodeObserved(E1, NOW), m.NodeObserved(E2, NOW)))
    text = plan_text(
        plan(changes=(*unregistered(E1), *unregistered(E2)), observation=silent), desired=desired
    )
    assert "# cluster/ams-edge/node/e1  (0E4D1FA5)\n" in text
    assert "# cluster/ams-edge/node/e2\n" in text


def test_colour_only_repeats_what_the_words_say() -> None:
    plain = plan_text(FLEET, width=100, commands=COMMANDS)
    colored = plan_text(FLEET, width=100, commands=COMMANDS, color=True)
    for code in ("0", "1", "2", "31", "32", "33", "36"):
        colored = colored.replace(f"\x1b[{code}m", "")
    assert colored == plain


def test_no_line_of_prose_is_wider_than_asked_for() -> None:
    text = plan_text(FLEET, width=80)
    assert [line for line in text.splitlines() if len(line) > 80] == [summary_line(FLEET)]


def test_a_step_that_waits_for_one_other_names_one_step() -> None:
    lone = replace(REVOKE, after=(REGISTER_1.id,))
    text = plan_text(plan(actions=(REGISTER_1, lone)), width=140)
    assert "by API, after step 1 whatever comes of it; a token" in text


def test_findings_of_one_kind_are_told_once_and_the_worst_come_first() -> None:
    error = m.Finding("words-unknown", m.Severity.ERROR, OSL1, "Words that are not understood: Status: X")
    text = plan_text(plan(findings=(FINDING_LOW, replace(FINDING_LOW, address=E1), error)))
    assert text.index("  error    cluster/osl") < text.index(
        "  warning  cluster/ams-edge/node/e1, cluster/ams"
    )
    assert text.count("Register the node before") == 1
    assert "is in place (12 nodes in 7 clusters). 3 findings, see above.\n" in text


def test_ten_thousand_quiet_nodes_cost_milliseconds() -> None:
    seen = tuple(
        node(m.Address.of_node(f"c{n // 4}", f"e{n % 4}"), f"{n:08X}", "X14.3.1") for n in range(10_000)
    )
    clocks = tuple(m.EvaluationLeft(each.address, 60, running=False, remembered=True) for each in seen)
    quiet = plan(observation=m.Observation(NOW, seen), evaluation=clocks, nodes_total=10_000)
    started = time.process_time()
    text = plan_text(quiet)
    assert time.process_time() - started < 0.25
    assert len(text.splitlines()) == 5
    assert "10,000 registered nodes with a clock that stands still" in text


def test_the_expiry_and_the_moment_of_the_plan_do_not_change_its_text() -> None:
    moved = replace(FLEET, created_at=LATER, nonce="n-2")
    assert plan_text(moved) == plan_text(FLEET)


def test_a_summary_of_one_node_speaks_of_one_node() -> None:
    one = plan(nodes_total=1, clusters_total=1, actions=(replace(CREATE, address=EMEA),))
    assert summary_line(one) == "Plan: 1 to do; 1 of 1 node needs nothing."
