"""What single rules say, where exactly they draw the line, and how they are overridden."""

from __future__ import annotations

import pytest

from reconciler import model as m
from reconciler.errors import UsageError
from reconciler.rules import lint, parse
from reconciler.rules.matrix import paired
from reconciler.rules.release import has_new_root, known, spoken
from reconciler.rules.transport import corrected
from tests.planning.fleet import (
    DAY,
    DIRECT,
    NOW,
    ON_PREM,
    ON_PREM_URL,
    PROXY,
    RESERVATION,
    TOKEN,
    Auth,
    Status,
    account,
    all_of,
    by_name,
    cluster,
    desired,
    evaluating,
    kinds,
    licence,
    observed,
    plan,
    pool,
    rules_of,
    seen,
)

EDGE = cluster()
ONE = cluster(count=1)
SATELLITE = m.SmartConfig("satellite", ON_PREM_URL, "hostname")
PLANT = account("plant", virtual_account="Default", transport_url=ON_PREM_URL)


# Releases.


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("X14.0.11", (14, 0, 11)),
        ("X14.3", (14, 3, 0)),
        ("x15.0.2", (15, 0, 2)),
        ("14.2.5", (14, 2, 5)),
        ("X8.11.4 (Test SW)", (8, 11, 4)),
        ("X14.2.6PreAlpha1", (14, 2, 6)),
        (" X12.6.4 ", (12, 6, 4)),
        ("", None),
        ("fourteen", None),
        ("X14", None),
    ],
)
def test_a_release_is_read_with_or_without_what_follows_it(text: str, release: object) -> None:
    assert parse(text) == release


def test_a_release_is_spoken_as_cisco_does() -> None:
    assert (spoken((14, 3, 0)), spoken((14, 0, 11))) == ("X14.3", "X14.0.11")


@pytest.mark.parametrize(
    "text", ["X14.0.11", "X14.0.12", "X14.2.5", "X14.2.7", "X14.3", "X14.3.1", "X15.0", "X15.4"]
)
def test_these_releases_trust_the_new_root(text: str) -> None:
    release = parse(text)
    assert release is not None
    assert has_new_root(release)


@pytest.mark.parametrize(
    "text", ["X12.6", "X12.7.1", "X14.0", "X14.0.10", "X14.1", "X14.1.9", "X14.2", "X14.2.4"]
)
def test_and_these_do_not(text: str) -> None:
    release = parse(text)
    assert release is not None
    assert not has_new_root(release)


@pytest.mark.parametrize(
    ("text", "there"), [("X8.11", True), ("X13.0", False), ("X14.4", False), ("X15.9", True)]
)
def test_a_train_is_known_or_not(text: str, there: bool) -> None:
    release = parse(text)
    assert release is not None
    assert known(release) is there


@pytest.mark.parametrize(
    ("transport", "registration", "refused"),
    [
        (DIRECT, TOKEN, True),
        (PROXY, TOKEN, True),
        (ON_PREM, TOKEN, False),
        (DIRECT, RESERVATION, False),
        (None, TOKEN, False),
    ],
)
def test_the_new_root_matters_for_tokens_that_go_straight_to_cisco(
    transport: m.Transport | None, registration: m.Registration, refused: bool
) -> None:
    of = cluster(version="X14.2.1", transport=transport, registration=registration, account="plant")
    found = {refusal.rule for refusal in lint(desired(of, accounts=[PLANT])).refusals}
    assert ("XL011" in found) is refused


def test_a_node_that_goes_straight_by_itself_needs_the_new_root_too() -> None:
    of = cluster(transport=None)
    old = m.Software("X14.2.1", "expressway", False)
    assert "XL011" in rules_of(plan(desired(of), seen(*all_of(of, software=old, licence=evaluating()))))
    for smart in (SATELLITE, m.UNKNOWN):
        other = seen(*all_of(of, software=old, licence=evaluating(), smart=smart))
        assert "XL011" not in rules_of(plan(desired(of), other))


def test_a_registered_cluster_on_an_old_release_stays_converged() -> None:
    old = m.Software("X14.2.1", "expressway", False)
    made = plan(desired(EDGE), seen(*all_of(EDGE, software=old)))
    assert (made.actions, made.refusals, made.findings) == ((), (), ())


def test_the_refusal_names_the_releases_and_the_defect() -> None:
    of = cluster(version="X14.1")
    (refusal,) = lint(desired(of)).refusals
    assert refusal.message.startswith("X14.1 cannot register directly or through a proxy (CSCwe09378).")
    assert "X14.0.11" in refusal.message
    assert "X14.2.5" in refusal.message
    assert refusal.address == of.address


def test_an_upgrade_from_option_keys_is_announced_for_a_stated_release() -> None:
    found = lint(desired(cluster(version="X14.0.11"))).findings
    assert any("each of 2 nodes" in item.message for item in found if item.code == "XL005")
    assert "XL003" in {item.rule for item in lint(desired(cluster(version="X12.5"))).refusals}


# Transport.


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("http://ssm.example.com/SmartTransport", "https://ssm.example.com/SmartTransport"),
        ("https://ssm.example.com", "https://ssm.example.com/SmartTransport"),
        ("https://ssm.example.com:8443/Transport gateway", "https://ssm.example.com:8443/SmartTransport"),
        ("ssm.example.com", "https://ssm.example.com/SmartTransport"),
        ("", "https://on-prem.example.com/SmartTransport"),
    ],
)
def test_a_wrong_url_comes_with_the_one_that_was_meant(written: str, meant: str) -> None:
    assert corrected(written) == meant


def test_a_wrong_url_is_found_at_the_account_and_at_a_cluster_of_its_own() -> None:
    own = cluster("own", account="plant", transport=m.Transport(m.TransportMode.ON_PREM, url="https://x/y"))
    bad = account("plant", transport_url="https://ssm.example.com")
    refusals = lint(desired(own, accounts=[bad])).refusals
    assert [refusal.address for refusal in refusals] == ["account/plant", "cluster/own"]
    assert refusals[0].remedy == "Write https://ssm.example.com/SmartTransport instead."


def test_a_wrong_url_is_not_set() -> None:
    of = cluster(account="plant", transport=m.Transport(m.TransportMode.ON_PREM, url="https://x/y"))
    made = plan(
        desired(of, accounts=[PLANT]), seen(*all_of(of, licence=evaluating()), accounts=[pool("plant")])
    )
    assert made.actions == ()
    assert "XL024" in rules_of(made)


@pytest.mark.parametrize(
    ("host", "port", "refused"),
    [
        ("192.0.2.1", 8080, False),
        ("proxy.example.com", 443, False),
        ("2001:db8::1", 8080, True),
        ("http://proxy", 8080, True),
        (None, 8080, True),
        ("proxy.example.com", 0, True),
        ("proxy.example.com", None, True),
    ],
)
def test_a_proxy_is_an_address_or_a_name_and_a_port(
    host: str | None, port: int | None, refused: bool
) -> None:
    of = cluster(transport=m.Transport(m.TransportMode.PROXY, proxy_host=host, proxy_port=port))
    assert bool(lint(desired(of)).refusals) is refused


# Evaluation.


def _expired(*, retire: bool = False, clustered: bool = True) -> m.Plan:
    changed = {"n1": {"state": m.State.RETIRED}} if retire else {}
    of = cluster(count=2 if clustered else 1, nodes=changed)
    nodes = [observed(of, licence=licence() if retire else evaluating(0))]
    nodes += [observed(of, "n2", licence=evaluating(0))] if clustered else []
    return plan(desired(of), seen(*nodes), m.HeldState())


def test_registering_stays_allowed_when_the_evaluation_has_expired() -> None:
    made = _expired()
    assert kinds(made.actions).count("node.register") == 2
    assert made.refusals == ()
    assert "XL098" in rules_of(made)


def test_deregistering_is_refused_while_a_peer_has_no_time_left() -> None:
    made = _expired(retire=True)
    assert kinds(made.withheld) == ["node.deregister"]
    refusal = next(item for item in made.refusals if item.rule == "XL097")
    assert (refusal.level, refusal.message) == (m.Level.HARD, "The evaluation of n2 has expired.")
    assert kinds(made.actions).count("node.register") == 1


def test_an_expired_cluster_is_not_switched_and_a_single_node_is() -> None:
    for clustered in (True, False):
        of = cluster(count=2 if clustered else 1)
        made = plan(desired(of), seen(*all_of(of, licence=evaluating(0), smart=SATELLITE)))
        assert ("cluster.set_transport" in kinds(made.actions)) is not clustered


def test_a_peer_whose_licence_holds_it_does_not_stand_in_the_way() -> None:
    of = cluster(nodes={"n1": {"state": m.State.RETIRED}})
    held = m.HeldState(evaluation=(m.EvaluationSeen(of.nodes[0].serial or "", 30 * DAY, NOW),))
    made = plan(desired(of), seen(*all_of(of)), held)
    assert by_name(made.actions) == ["node.deregister n1"]


def test_a_peer_that_should_print_its_clock_and_does_not_is_a_hard_refusal() -> None:
    of = cluster(nodes={"n1": {"state": m.State.RETIRED}})
    held = m.HeldState(evaluation=(m.EvaluationSeen(of.nodes[0].serial or "", 30 * DAY, NOW),))
    silent = evaluating(evaluation_seconds=m.UNKNOWN, authorization=Auth.NOT_APPLICABLE)
    made = plan(desired(of), seen(observed(of), observed(of, "n2", licence=silent)), held)
    assert "What is left of the evaluation of n2 is not known." in made.refusals[0].message


def test_the_expired_word_counts_where_no_clock_is_printed() -> None:
    of = cluster(nodes={"n1": {"state": m.State.RETIRED}})
    word = evaluating(0, evaluation_seconds=None)
    made = plan(desired(of), seen(observed(of), observed(of, "n2", licence=word)))
    assert "XL097" in {refusal.rule for refusal in made.refusals}


def test_never_seen_is_a_guard_and_can_be_overridden() -> None:
    of = cluster(nodes={"n1": {"state": m.State.RETIRED}})
    options = m.PlanOptions(overrides=(m.Override("xl099", "registered within the first week"),))
    made = plan(desired(of), seen(*all_of(of)), options=options)
    assert kinds(made.actions) == ["node.deregister"]
    assert [item.overridden for item in made.refusals] == ["registered within the first week"]


def test_a_hand_off_in_the_window_needs_as_many_days_as_it_is_expected_to_take() -> None:
    of = cluster(count=1, transport=PROXY)
    held = m.HeldState(evaluation=(m.EvaluationSeen(of.nodes[0].serial or "", 4 * DAY, NOW),))
    policy = m.Policy(evaluation_fail_below_days=1)
    world = seen(observed(of, smart=SATELLITE, licence=licence(proxy=None)))
    assert "XL198" in rules_of(plan(desired(of, policy=policy), world, held))
    shorter = m.Policy(evaluation_fail_below_days=1, handoff_expected_days=4)
    assert "XL198" not in rules_of(plan(desired(of, policy=shorter), world, held))
    for seconds in (0, 1):
        held = m.HeldState(evaluation=(m.EvaluationSeen(of.nodes[0].serial or "", seconds, NOW),))
        assert ("XL198" in rules_of(plan(desired(of, policy=policy), world, held))) is (seconds > 0)


def test_the_clocks_of_a_plan_are_in_the_order_of_their_addresses() -> None:
    of = cluster("b", count=1), cluster("a")
    made = plan(desired(*of), seen(*(node for each in of for node in all_of(each, licence=evaluating()))))
    assert [clock.address for clock in made.evaluation] == [
        "cluster/a/node/n1",
        "cluster/a/node/n2",
        "cluster/b/node/n1",
    ]


def test_the_clock_of_a_retired_node_worries_nobody() -> None:
    of = cluster(state=m.State.RETIRED)
    assert plan(desired(of), seen(*all_of(of, licence=evaluating(3)))).findings == ()


# Clusters.


@pytest.mark.parametrize(
    ("peers", "differs"),
    [
        (("ams-edge-n1.example.com", "ams-edge-n2.example.com"), False),
        (("ams-edge-n2",), False),
        (("192.0.2.1", "192.0.2.2"), False),
        (("192.0.2.2",), False),
        ((), True),
        (("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"), True),
        (("ams-edge-n1", "ams-edge-n2", "ams-edge-n3"), True),
        (("ams-edge-n1", "ams-edge-n3"), True),
    ],
)
def test_peers_are_compared_loosely(peers: tuple[str, ...], differs: bool) -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE, peers=peers)))
    assert ("XL306" in rules_of(made)) is differs


def test_peers_are_compared_with_addresses_where_the_yaml_has_addresses() -> None:
    of = cluster(nodes={"n1": {"host": "192.0.2.1"}, "n2": {"host": "192.0.2.2"}})
    assert rules_of(plan(desired(of), seen(*all_of(of, peers=("192.0.2.1", "192.0.2.2"))))) == set()
    assert "XL306" in rules_of(plan(desired(of), seen(*all_of(of, peers=("192.0.2.1", "192.0.2.9")))))


def test_a_name_that_begins_with_digits_is_no_address() -> None:
    of = cluster(nodes={name: {"host": f"3rd-{name}.example.com"} for name in ("n1", "n2")})
    assert rules_of(plan(desired(of), seen(*all_of(of, peers=("3rd-n1", "3rd-n2"), hostname="exp")))) == set()


def test_a_retired_peer_may_have_left_already() -> None:
    of = cluster(count=3, nodes={"n3": {"state": m.State.RETIRED}})
    two = tuple(node.host for node in of.nodes[:2])
    world = seen(
        observed(of, peers=two), observed(of, "n2", peers=two), observed(of, "n3", licence=evaluating())
    )
    assert "XL306" not in rules_of(plan(desired(of), world))


def test_a_difference_of_peers_refuses_what_would_be_done() -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating(), peers=("a", "b"))))
    assert made.actions == ()
    assert "which the YAML does not" in made.refusals[0].message


def test_an_ignored_cluster_alarm_blocks_nothing() -> None:
    raised = (m.Alarm("20024", "Cluster is in an inconsistent state"),)
    world = seen(*all_of(EDGE, licence=evaluating(), alarms=raised))
    blocked = plan(desired(EDGE), world)
    assert blocked.actions == ()
    assert "20024 Cluster is in an inconsistent state" in blocked.refusals[0].message
    ignoring = m.Policy(alarms_ignore=("20024",))
    assert plan(desired(EDGE, policy=ignoring), world).refusals == ()
    assert plan(desired(EDGE), seen(*all_of(EDGE, alarms=raised))).refusals == ()


def test_alarms_that_could_not_be_read_block_nothing() -> None:
    world = seen(*all_of(EDGE, licence=evaluating(), alarms=m.UNKNOWN))
    assert plan(desired(EDGE), world).refusals == ()


def test_a_licensing_alarm_without_a_known_number_is_told_in_its_own_words() -> None:
    world = seen(
        *all_of(EDGE, alarms=(m.Alarm("30028", "Room system license limit reached"), m.Alarm("30099")))
    )
    messages = {item.message for item in plan(desired(EDGE), world).findings}
    assert "Alarm 30028 is raised: Room system license limit reached." in messages
    assert "Alarm 30099 is raised: a licence limit." in messages


# Tokens and pools.


def test_reservations_of_all_clusters_are_summed_for_each_virtual_account() -> None:
    def reserving(name: str, quantity: int) -> m.ClusterDesired:
        lines = (m.Reserve("rms", quantity), m.Reserve("security", 1))
        return cluster(name, count=1, registration=RESERVATION, nodes={"n1": {"reserve": lines}})

    lines = (
        m.PoolLine("Cisco Expressway Rich Media Session License (12.x)", 60),
        m.PoolLine("Cisco Expressway Rich Media Session License (14.x)", 30),
        m.PoolLine("Expressway Advanced Account Security Entitlement", m.UNKNOWN),
    )
    named = (m.Entitlement("security", "Expressway Advanced Account Security Entitlement"),)
    for quantity, short in ((45, False), (46, True)):
        fleet = desired(reserving("a", quantity), reserving("b", 45), entitlements=named)
        said = plan(fleet, seen(accounts=[pool(pool=lines)])).findings
        texts = [item.message for item in said if item.code == "XL009"]
        assert bool(texts) is short
    assert texts == ["All clusters together reserve 91 rms; Expressway EMEA has 90."]


def test_a_named_plr_is_refused_by_its_display_name_too() -> None:
    of = cluster(count=1, registration=RESERVATION, nodes={"n1": {"reserve": (m.Reserve("all", 1),)}})
    named = (m.Entitlement("all", "Expressway PLR without Export Control"),)
    assert "XL012" in {item.rule for item in lint(desired(of, entitlements=named)).refusals}


def test_a_pool_that_nobody_could_read_keeps_no_limit() -> None:
    policy = m.Policy(pool_left_at_least=(("emea", "rms", 1_000), ("gone", "rms", 1)))
    world = seen(*all_of(EDGE, licence=evaluating()), accounts=[pool(pool=m.UNKNOWN)])
    assert plan(desired(EDGE, policy=policy), world).refusals == ()


# Accounts, limits, permissions.


def test_an_account_that_was_not_asked_registers_nobody() -> None:
    made = plan(desired(EDGE), seen(*all_of(EDGE, licence=evaluating()), accounts=[]))
    assert (made.actions, made.refusals) == ((), ())
    assert {item.message for item in made.findings} == {"The account was not read: it was not asked"}


def test_words_that_are_not_known_hold_the_node_back_without_a_refusal() -> None:
    strange = evaluating(unrecognised=("Status: SLEEPING",))
    made = plan(
        desired(EDGE), seen(observed(EDGE, licence=strange), observed(EDGE, "n2", licence=evaluating()))
    )
    assert "node.register n2" in by_name(made.actions)
    assert (by_name(made.withheld), made.refusals) == (["node.register n1"], ())
    (told,) = [item for item in made.findings if item.code == "XL302"]
    assert (told.severity, told.address) == (m.Severity.ERROR, EDGE.nodes[0].address)
    assert "SLEEPING" in told.message


def test_a_release_that_cannot_be_read_is_not_guessed() -> None:
    def message(software: m.Maybe[m.Software]) -> str:
        of = cluster(count=1)
        (refusal,) = plan(desired(of), seen(observed(of, licence=evaluating(), software=software))).refusals
        return refusal.message

    assert message(m.UNKNOWN) == "The node does not say its release."
    assert message(m.Software("fourteen")) == "The release 'fourteen' is not understood."
    assert message(m.Software("X16.1")) == "X16.1 is not one of the known trains, X12.6 to X15.x."


def test_the_limit_names_its_numbers_and_does_not_count_first_registrations() -> None:
    policy = m.Policy(clusters_changed_at_least=1, clusters_changed_percent=50)
    fleet = desired(*(cluster(f"c{number}", count=1) for number in range(4)), policy=policy)
    first, second, third, fourth = fleet.clusters
    opened = m.SmartConfig("direct", None, "none")
    world = seen(
        *all_of(first, licence=evaluating()),
        *(observed(of, smart=opened) for of in (second, third)),
        *all_of(fourth),
    )
    (refusal,) = plan(fleet, world).refusals
    expected = "2 of 3 clusters that hold licences would change; the limit is 1 (50 %, at least 1)."
    assert (refusal.address, refusal.message) == (m.WORKSPACE, expected)


def test_clusters_that_were_not_read_count_as_part_of_the_fleet() -> None:
    policy = m.Policy(clusters_changed_at_least=1, clusters_changed_percent=50)
    fleet = desired(*(cluster(f"c{number}", count=1) for number in range(4)), policy=policy)
    opened = m.SmartConfig("direct", None, "none")
    world = seen(*(observed(of, smart=opened) for of in fleet.clusters[:2]))
    assert plan(fleet, world, options=m.PlanOptions(targets=("cluster/c0", "cluster/c1"))).refusals == ()


@pytest.mark.parametrize(
    ("allow", "refused"),
    [
        (m.Allow("node.enable_smart", "cluster/ams-edge/node/n1", "2026-11-24", "x"), False),
        (m.Allow("enable_smart", "cluster/ams-*", "2027-01-01", "x"), False),
        (m.Allow("enable_smart", "cluster/ams-edge", "2026-11-23", "x"), True),
        (m.Allow("enable_smart", "cluster/lon-edge", "2027-01-01", "x"), True),
        (m.Allow("convert_pak", "cluster/ams-edge", "2027-01-01", "x"), True),
    ],
)
def test_an_irreversible_act_is_allowed_by_name_place_and_date(allow: m.Allow, refused: bool) -> None:
    of = cluster(count=1, account="plant", transport=ON_PREM)
    old = m.Software("X14.0.8", "expressway", False)
    node = observed(of, software=old, licence=m.Licence(enabled=False, proxy=None), smart=SATELLITE)
    policy = m.Policy(allow=(allow,))
    made = plan(desired(of, accounts=[PLANT], policy=policy), seen(node, accounts=[pool("plant")]))
    assert ("XL008" in rules_of(made)) is refused


# Effects without an end.


@pytest.mark.parametrize(
    ("kind", "block", "quarantined"),
    [
        (m.Kind.DEREGISTER, licence(), True),
        (m.Kind.DEREGISTER, evaluating(), False),
        (m.Kind.REGISTER, evaluating(), True),
        (m.Kind.REGISTER, evaluating(registration=Status.FAILED), False),
        (m.Kind.REGISTER, licence(), False),
        (m.Kind.REGISTER, licence(virtual_account="Old"), False),
        (m.Kind.REREGISTER, licence(virtual_account="Old"), True),
        (m.Kind.REREGISTER, licence(), False),
        (m.Kind.REREGISTER, evaluating(registration=m.UNKNOWN), True),
        (m.Kind.SET_PRIVACY, licence(), False),
    ],
)
def test_only_what_the_node_does_not_show_is_quarantined(
    kind: m.Kind, block: m.Licence, quarantined: bool
) -> None:
    of = cluster(count=1)
    node = of.nodes[0]
    effect = m.OpenEffect(
        "op-1", "id", kind.value, node.address, node.serial or "", m.EffectState.SENDING, NOW, "run"
    )
    made = plan(desired(of), seen(observed(of, licence=block)), m.HeldState(open_effects=(effect,)))
    assert ("XL304" in rules_of(made)) is quarantined


# Overrides.


def test_an_override_of_no_rule_names_it() -> None:
    options = m.PlanOptions(overrides=(m.Override("XL999", "because"),))
    with pytest.raises(UsageError, match="XL999"):
        plan(desired(EDGE), seen(*all_of(EDGE)), options=options)


@pytest.mark.parametrize("rule", ["XL097", "XL101"])
def test_only_a_guard_has_an_override(rule: str) -> None:
    options = m.PlanOptions(overrides=(m.Override(rule, "because"),))
    with pytest.raises(UsageError, match="no override"):
        plan(desired(EDGE), seen(*all_of(EDGE)), options=options)


def test_advice_on_the_configuration_alone_is_not_repeated_in_every_plan() -> None:
    bare = cluster(privacy=None)
    assert "XL026" in {item.code for item in lint(desired(bare)).findings}
    assert plan(desired(bare), seen(*all_of(bare))).findings == ()


def test_a_configuration_without_a_slip_is_silent() -> None:
    assert lint(desired(cluster(version="X14.3.1"))) == lint(desired())


def test_a_peer_that_cannot_be_read_may_go_by_any_name() -> None:
    of = cluster(count=3)
    peers = ("ams-edge-n1", "ams-edge-n2", "192.0.2.33")
    world = seen(observed(of, peers=peers), observed(of, "n2", peers=peers))
    assert "XL306" not in rules_of(plan(desired(of), world))


def _line(name: str, quantity: int, tag: str = "") -> m.AuthorizedLine:
    return m.AuthorizedLine(tag, quantity, name)


def test_totals_are_paired_by_licence_and_a_licence_of_one_side_only_stands_against_nothing() -> None:
    one = (_line("Desktop", 3), _line("Rooms", 0), _line("Old", 2))
    other = (_line("desktop", 5), _line("RMS", 1), _line("None", 0))
    assert paired(one, other) == [("Desktop", 3, 5), ("Old", 2, 0), ("RMS", 0, 1)]


def test_two_lines_of_one_licence_are_not_paired_with_the_same_line_twice() -> None:
    assert paired((_line("RMS", 1), _line("RMS", 2)), (_line("RMS", 1),)) == [("RMS", 1, 1), ("RMS", 2, 0)]


def test_a_pair_without_a_display_name_is_called_by_the_other_side_s_name_or_its_tag() -> None:
    assert paired((_line("", 1, "t1"),), (_line("RMS", 2, "t1"),)) == [("RMS", 1, 2)]
    assert paired((_line("", 1, "t1"),), ()) == [("t1", 1, 0)]
    assert paired((), (_line("", 1, "t1"),)) == [("t1", 0, 1)]


@pytest.mark.parametrize(
    ("text", "off_is_odd", "clock_will_start"),
    [
        ("X12.5.9", False, False),
        ("X12.6", False, True),
        ("X14.0.11", False, True),
        ("X14.1", True, False),
        ("X14.1.1", True, False),
    ],
)
def test_option_keys_end_with_x14_1_and_the_clock_starts_on_the_way_there(
    text: str, off_is_odd: bool, clock_will_start: bool
) -> None:
    node = observed(
        ONE, software=m.Software(text, "expressway"), licence=m.Licence(enabled=False, proxy=None)
    )
    said = rules_of(plan(desired(ONE), seen(node)))
    assert ("XL004" in said, "XL005" in said) == (off_is_odd, clock_will_start)


@pytest.mark.parametrize("number", range(30035, 30049))
def test_every_licensing_alarm_of_the_book_is_told_with_advice_instead_of_its_text(number: int) -> None:
    node = observed(ONE, licence=evaluating(), alarms=(m.Alarm(str(number), "its own text"),))
    (found,) = (item for item in plan(desired(ONE), seen(node)).findings if item.code == "XL311")
    assert str(number) in found.message
    assert "its own text" not in found.message
