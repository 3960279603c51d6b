"""What the rules say of accounts, tokens and the policy: where, how gravely, and with which numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler import model as m
from tests.planning.fleet import (
    DAY,
    NOW,
    ON_PREM,
    RESERVATION,
    TOKEN,
    Auth,
    Status,
    account,
    all_of,
    cluster,
    desired,
    evaluating,
    licence,
    observed,
    plan,
    pool,
    seen,
)

from .situations import (
    ALLOW,
    EDGE,
    FRESH,
    OFF,
    ONE,
    OPEN,
    PLANT,
    SATELLITE,
    lost,
    of_all,
    of_one,
    told,
)

N1 = "cluster/ams-edge/node/n1"


def runs(text: str) -> m.Software:
    return m.Software(text, "expressway", False)


# Tokens and pools.


def test_a_token_that_nobody_can_revoke_says_who_makes_it_and_how_long_it_lives() -> None:
    ways = {
        frozenset({"account.create_token"}): "is made here",
        frozenset[str](): "a person makes",
    }
    for calls, who in ways.items():
        for days, lives in ((1, "one day"), (2, "2 days")):
            of = cluster(count=1, registration=replace(TOKEN, token=m.TokenPolicy(days)))
            can = {m.Address.of_account("emea"): calls}
            assert of_all("XL033", of, observed(of, licence=FRESH), can=can) == [
                (
                    f"info account/emea: The token that {who} cannot be revoked from here; it lives until its"
                    f" end, {lives}."
                )
            ]


def test_a_standing_token_is_told_with_the_number_of_nodes_that_use_it() -> None:
    of = cluster(registration=replace(TOKEN, token=m.TokenPolicy(value=m.SecretRef("env", "T"))))
    assert of_all("XL035", of, *all_of(of, licence=FRESH)) == [
        "info cluster/ams-edge: 2 registrations use a standing token; what is left of it is not known here."
    ]
    assert of_all("XL035", of, *all_of(of, smart=OPEN)) == []


def test_an_account_without_licences_is_told_with_the_number_of_nodes_that_would_join() -> None:
    said = "warning account/emea: Expressway EMEA has no licences, and 2 more nodes would draw on it."
    nothing = m.PoolLine("Cisco Expressway Rich Media Session License", 0)
    for lines in ((), (nothing,)):
        stocks = (pool(pool=lines), pool("plant"))
        assert of_all("XL009", EDGE, *all_of(EDGE, licence=FRESH), pools=stocks) == [said]
        assert of_all("XL009", EDGE, *all_of(EDGE), pools=stocks) == []
    unsaid = replace(nothing, quantity=m.UNKNOWN)
    assert of_all("XL009", EDGE, *all_of(EDGE, licence=FRESH), pools=(pool(pool=(unsaid,)),)) == []


def test_what_clusters_reserve_together_is_told_by_licence() -> None:
    lines = (m.Reserve("rms", 60), m.Reserve("room", 1), m.Reserve("desktop", 2))
    of = cluster(registration=RESERVATION, nodes={"n1": {"reserve": lines}, "n2": {"reserve": lines[:1]}})
    stocks = (
        pool(
            pool=(
                m.PoolLine("Cisco Expressway Rich Media Session License", 119),
                m.PoolLine("UC Manager Telepresence Room License", 2),
                m.PoolLine("UC Manager Enhanced License (12.x)", 1),
            )
        ),
    )
    assert of_all("XL009", of, *all_of(of), pools=stocks) == [
        "warning account/emea: All clusters together reserve 120 rms; Expressway EMEA has 119.",
        "warning account/emea: All clusters together reserve 2 desktop; Expressway EMEA has 1.",
    ]


# The policy.


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("116341J00", "Advanced Account Security"),
        ("116341J00-1-60BAD5CD", "Advanced Account Security"),
        ("116341h00", "HSM"),
        ("116341 COO", "Microsoft Interoperability"),
        ("116341E00", None),
        ("X116341J00", None),
    ],
)
def test_an_option_key_whose_function_is_lost_is_named(key: str, name: str | None) -> None:
    of = cluster(count=1, account="plant", transport=ON_PREM)
    node = observed(
        of, software=runs("X14.0.8"), licence=OFF, smart=SATELLITE, option_keys=(m.OptionKey(key),)
    )
    said = f"guard {N1}: The node uses {name}, which Smart Licensing does not have. [enable_smart]"
    assert of_all("XL014", of, node, policy=m.Policy(allow=(ALLOW,))) == ([said] if name else [])
    assert of_all("XL014", of, replace(node, licence=FRESH), policy=m.Policy(allow=(ALLOW,))) == []


def test_what_cannot_be_undone_comes_with_the_line_that_allows_it() -> None:
    of = cluster(count=1, account="plant", transport=ON_PREM)
    node = observed(of, software=runs("X14.0.8"), licence=OFF, smart=SATELLITE)
    made = plan(desired(of, accounts=(PLANT,)), seen(node, accounts=(pool("plant"),)))
    assert told(made, "XL008") == [
        (
            f"hard {N1}: node.enable_smart cannot be undone, and policy.allow does not name it for this node."
            " [enable_smart]"
        )
    ]
    (remedy,) = (item.remedy for item in made.refusals if item.rule == "XL008")
    assert "{action: node.enable_smart, target: cluster/ams-edge, until: 2026-11-24, reason: …}" in remedy


def test_what_can_be_undone_does_not_hide_what_cannot() -> None:
    joins, starts = (cluster(name, count=1, account="plant", transport=ON_PREM) for name in ("a", "b"))
    nodes = (
        observed(joins, licence=FRESH, smart=SATELLITE),
        observed(starts, software=runs("X14.0.8"), licence=OFF, smart=SATELLITE),
    )
    made = plan(desired(joins, starts, accounts=(PLANT,)), seen(*nodes, accounts=(pool("plant"),)))
    (text,) = told(made, "XL008")
    assert text.startswith("hard cluster/b/node/n1: node.enable_smart cannot be undone")


@pytest.mark.parametrize(
    ("text", "refused"), [("X12.5.9", True), ("X12.6", False), ("X14.0.99", False), ("X14.1", True)]
)
def test_licensing_is_switched_on_from_x12_6_to_x14_0(text: str, refused: bool) -> None:
    of = cluster(count=1, account="plant", transport=ON_PREM)
    node = observed(of, software=runs(text), licence=OFF, smart=SATELLITE)
    where = "Smart Licensing is switched on by hand only on X12.6 to X14.0.x. [enable_smart]"
    assert of_all("XL007", of, node) == [f"hard {N1}: The node runs {text}; {where}"] * refused
    unread = replace(node, software=m.UNKNOWN)
    assert of_all("XL007", of, unread) == [f"hard {N1}: The node runs an unknown release; {where}"]


def test_the_free_licences_that_the_policy_keeps_are_counted_over_all_versions() -> None:
    lines = (
        m.PoolLine("Cisco Expressway Rich Media Session License (12.x)", 9, 0, 4),
        m.PoolLine("Cisco Expressway Rich Media Session License (14.x)", 9, 0, 3),
        m.PoolLine("Cisco Expressway Rich Media Session License (15.x)", 9, 0, m.UNKNOWN),
        m.PoolLine("Something else", 9, 0, 9),
    )
    stocks = (pool(pool=lines), pool("plant"))
    nodes = all_of(EDGE, licence=FRESH)

    def keeps(least: int, *more: tuple[str, str, int]) -> m.Policy:
        return m.Policy(pool_left_at_least=(*more, ("emea", "rms", least)))

    said = "guard cluster/ams-edge: 7 rms are left in account emea; the policy keeps 8. [register reregister]"
    assert of_all("XL331", EDGE, *nodes, pools=stocks, policy=keeps(7)) == []
    assert of_all("XL331", EDGE, *nodes, pools=stocks, policy=keeps(8)) == [said]
    ahead = (("nowhere", "rms", 1), ("emea", "rms", 1), ("plant", "rms", 9_999))
    assert of_all("XL331", EDGE, *nodes, pools=stocks, policy=keeps(8, *ahead)) == [said]
    assert of_all("XL331", EDGE, *all_of(EDGE, smart=OPEN), pools=stocks, policy=keeps(8)) == []


# What was read, and what was not.


def test_of_a_node_that_was_not_read_the_first_reason_that_matters_is_told() -> None:
    broken = [
        m.Problem(part, m.ProblemKind.UNREADABLE, f"{part} was garbled")
        for part in ("Alarms", "dns", "ntp", "peers", "cluster", "hostname", "options", "option_keys")
    ]
    world = observed(ONE, licence=FRESH, problems=tuple(broken))
    assert of_all("XL301", ONE, world) == []
    more = replace(
        world,
        problems=(
            *broken,
            m.Problem("smart", m.ProblemKind.UNREADABLE, "one"),
            m.Problem("licence", m.ProblemKind.UNREADABLE, "two"),
        ),
    )
    assert of_all("XL301", ONE, more) == [f"error {N1}: The node could not be read whole: one"]


def test_a_switch_is_not_made_past_a_peer_that_is_not_in_the_observation() -> None:
    made = plan(desired(EDGE), seen(observed(EDGE, licence=FRESH, smart=SATELLITE)))
    assert told(made, "XL301") == ["error cluster/ams-edge/node/n2: The node was not read."]
    assert made.actions == ()


def test_three_words_that_are_not_known_are_told_and_no_more() -> None:
    block = evaluating(unrecognised=("a", "b", "c", "d"))
    said = "The licence block says 'a', 'b' and 'c', which is not known."
    assert of_one("XL302", licence=block) == [f"error {N1}: {said}"]
    settled = replace(licence(), unrecognised=("a",))
    assert of_one("XL302", licence=settled) == [
        f"error {N1}: The licence block says 'a', which is not known."
    ]


def test_another_machine_is_told_even_where_nothing_would_be_done() -> None:
    serial = ONE.nodes[0].serial
    said = f"The YAML says serial {serial}, and the node says 0DEAD001."
    assert of_one("XL305", licence=licence(), serial="0DEAD001") == [f"error {N1}: {said}"]
    assert of_one("XL305", serial="0DEAD001") == [f"error {N1}: {said}", f"hard {N1}: {said}"][1:]
    assert of_one("XL305", serial=m.UNKNOWN) == []


REGISTRATIONS = (
    "[register reregister deregister enable_reservation request_reservation cancel_reservation"
    " return_reservation return_authorization]"
)
AT_CSSM = (
    "[create_token revoke_token reserve update_reservation confirm_reservation remove_instance remove_ghost]"
)


def test_an_account_that_does_not_exist_stops_its_tokens_and_its_registrations_and_nothing_else() -> None:
    other = cluster("other", account="plant", transport=ON_PREM, count=1)
    wish = desired(EDGE, other, accounts=(account(), PLANT))
    world = seen(
        *all_of(EDGE, licence=FRESH),
        observed(other, licence=FRESH),
        accounts=(pool(exists=False), pool("plant")),
    )
    text = "There is no virtual account 'Expressway EMEA'."
    assert told(plan(wish, world), "XL333") == [
        f"hard account/emea: {text} {AT_CSSM}",
        f"hard cluster/ams-edge: {text} {REGISTRATIONS}",
    ]
    stocks = (pool(exists=False), pool("plant"))
    privacy = seen(*all_of(EDGE, smart=OPEN), accounts=stocks)
    assert told(plan(desired(EDGE, accounts=(account(), PLANT)), privacy), "XL333") == []


def test_an_account_that_was_not_read_is_an_error_where_something_would_be_done() -> None:
    trouble = m.Problem("pool", m.ProblemKind.UNREADABLE, "HTML")
    for pools, why in (((), "it was not asked"), ((pool(problems=(trouble,)),), "HTML")):
        assert of_all("XL303", EDGE, *all_of(EDGE, licence=FRESH), pools=pools) == [
            f"error account/emea: The account was not read: {why}",
            f"error cluster/ams-edge: The account was not read: {why}",
        ]
        assert of_all("XL303", EDGE, *all_of(EDGE), pools=pools) == []


SENT = (m.EffectState.SENDING, m.EffectState.ANSWERED, m.EffectState.UNKNOWN)


@pytest.mark.parametrize("state", m.EffectState)
def test_a_token_whose_answer_was_lost_is_told_and_one_that_was_not_sent_is_not(
    state: m.EffectState,
) -> None:
    held = lost(m.Kind.CREATE_TOKEN, "emea")
    effect = replace(held.open_effects[0], state=state)
    said = 'The answer of op-1 was lost: a token named "xlicense op-1" may live on until it ends.'
    found = of_one("XL321", held=m.HeldState(open_effects=(effect,)))
    assert found == [f"warning account/emea: {said}"] * (state in SENT)
    other = replace(effect, kind=m.Kind.REVOKE_TOKEN.value)
    assert of_one("XL321", held=m.HeldState(open_effects=(other,))) == []


def test_an_effect_without_an_end_says_whether_it_was_seen_and_who_has_it() -> None:
    serial = ONE.nodes[0].serial or ""
    effect = lost(m.Kind.REGISTER, serial).open_effects[0]
    harmless = replace(effect, kind=m.Kind.SET_URL.value)
    begun = replace(effect, state=m.EffectState.VERIFIED)

    def made(*effects: m.OpenEffect, block: m.Licence = FRESH) -> m.Plan:
        world = seen(observed(ONE, licence=block))
        return plan(desired(ONE), world, m.HeldState(open_effects=effects))

    unseen = "Nobody saw the end of node.register (op-1); it may have taken effect or not."
    assert told(made(harmless, effect), "XL304") == [f"hard {N1}: {unseen}"]
    living = "node.register (op-1) took effect, and run, which has it, goes on yet."
    assert told(made(begun), "XL304") == [f"hard {N1}: {living}"]
    nothing_to_do = made(replace(effect, kind=m.Kind.DEREGISTER.value), block=licence())
    assert told(nothing_to_do, "XL304") == [
        f"warning {N1}: Nobody saw the end of node.deregister (op-1); it may have taken effect or not."
    ]


def test_an_effect_at_cssm_and_one_on_a_node_are_looked_up_where_they_were() -> None:
    effect = lost(m.Kind.REGISTER, "nobody").open_effects[0]
    for address, where in (
        (m.Address.of_account("emea"), "CSSM"),
        (m.Address.of_instance("emea", "X"), "CSSM"),
        (m.Address.of_node("gone", "n1"), "the node"),
    ):
        held = m.HeldState(open_effects=(replace(effect, address=address),))
        (found,) = (item for item in plan(desired(ONE), seen(observed(ONE)), held).findings)
        assert (found.code, found.address) == ("XL304", address)
        assert str(found.remedy).startswith(f"Look at {where}, then say")


def test_the_fields_that_are_not_known_are_named_in_words() -> None:
    block = licence(virtual_account=m.UNKNOWN, export_controlled=m.UNKNOWN)
    assert of_one("XL319", licence=block) == [
        f"warning {N1}: Not known and therefore not compared: export controlled and virtual account."
    ]


def test_a_lapsed_authorization_is_a_change_and_no_registration() -> None:
    made = plan(desired(ONE), seen(observed(ONE, licence=licence(authorization=Auth.EXPIRED))))
    assert [action.kind for action in made.actions] == [m.Kind.RENEW_AUTHORIZATION]
    assert made.findings == ()


def test_an_instance_without_a_serial_goes_by_its_name() -> None:
    from reconciler.rules import ghost

    address = m.Address.of_account("emea")
    assert ghost(address, "emea", m.Instance("old")).address == "account/emea/instance/old"
    assert ghost(address, "emea", m.Instance("old", "0DEAD001")).address.endswith("/0DEAD001")


def test_silence_is_told_with_its_hours() -> None:
    heard = m.Instance("x", ONE.nodes[0].serial, last_contact=NOW - timedelta(hours=13, minutes=59))
    pools = (pool(instances=(heard,)), pool("plant"))
    said = f"warning {N1}: CSSM has not heard of the node for 13 hours."
    assert of_all("XL042", ONE, observed(ONE), pools=pools) == [said]


def test_a_clock_is_told_at_both_sides_of_each_bound() -> None:
    for days, rule, said in (
        (0, "XL098", "error {}: The evaluation is over, or ends today."),
        (1, "XL098", "error {}: 1 days of evaluation are left, less than the 14 of the policy."),
        (13, "XL098", "error {}: 13 days of evaluation are left, less than the 14 of the policy."),
        (14, "XL098", None),
        (13, "XL101", None),
        (14, "XL101", "warning {}: 14 days of evaluation are left."),
        (59, "XL101", "warning {}: 59 days of evaluation are left."),
        (60, "XL101", None),
    ):
        block = evaluating(days, evaluation_seconds=days * DAY + DAY - 1)
        assert of_one(rule, licence=block) == ([said.format(N1)] if said else [])
        assert of_one(rule, licence=replace(block, registration=Status.REGISTERED)) == []
