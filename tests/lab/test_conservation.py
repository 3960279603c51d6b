"""Whatever people do at nodes and at the portal, in whatever order: every licence stays accounted for."""

from hypothesis import given, settings
from hypothesis import strategies as st

from providers.lab import books, build_world
from providers.lab.by_hand import set_by_hand
from providers.lab.start_states import STATES
from providers.lab.world import World
from tests.lab.lab_clients import START, node, world

ACTS = ("enable", "request", "cancel", "install", "return", "return-authorization", "confirm", "remove")
QUANTITIES = st.tuples(st.sampled_from(("rms", "desktop")), st.integers(0, 6))
STEPS = st.one_of(
    st.tuples(st.just("reservation"), st.sampled_from(ACTS)),
    st.tuples(st.just("reserved"), QUANTITIES.map(lambda one: f"EMEA:{one[0]}={one[1]}")),
    st.tuples(st.just("reserved"), QUANTITIES.map(lambda one: f"{one[0]}={one[1]}")),
    st.just(("power", "restart")),
    st.just(("virtual-account", "EMEA")),
    st.just(("registration", "none")),
)


def _world(seed: int, removal: int, state: str = "enabled") -> World:
    start = f"reservation: {{state: {state}, virtual_account: EMEA, lines: {{rms: 3}}, update: {{rms: 5}}}}"
    nodes = "".join(f"      n{n}: {{{node(f'0E4D1FA{n}', f'usage: {{rms: 1}}, {start}')}}}\n" for n in (1, 2))
    text = world(
        f"  a:\n    nodes:\n{nodes}",
        settings=f"seed: {seed}, dialects: drawn, removal_seconds: {removal}",
    )
    return build_world(text, START)


def _try(made: World, name: str, what: str, value: str) -> bool:
    try:
        set_by_hand(made, name, what, value)
    except ValueError:
        return False
    due = made.next_due()
    if what == "power" and due is not None:
        made.catch_up(due)
    return True


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 50),
    removal=st.sampled_from((0, 60)),
    state=st.sampled_from(STATES),
    steps=st.lists(st.tuples(st.sampled_from(("a/n1", "a/n2")), STEPS), max_size=40),
)
def test_nothing_that_people_do_loses_or_doubles_a_licence(
    seed: int, removal: int, state: str, steps: list[tuple[str, tuple[str, str]]]
) -> None:
    made = _world(seed, removal, state)
    for name, (what, value) in steps:
        _try(made, name, what, value)
        assert books.problems(made) == ()
        for row in books.pools(made):
            booked = row.reserved + row.transit + row.in_use
            assert row.quantity == row.free + booked - row.short
            assert row.short == 0 or row.in_use > 0


def test_the_way_round_can_always_be_gone_again() -> None:
    """Three lives of one device, each with its own codes."""
    made = _world(1, 0)
    for _ in range(3):
        for what, value in (
            ("reservation", "enable"),
            ("reservation", "request"),
            ("reserved", "EMEA:rms=4"),
            ("reservation", "install"),
            ("reserved", "rms=2"),
            ("reservation", "install"),
            ("reservation", "confirm"),
            ("reservation", "return"),
            ("reservation", "remove"),
        ):
            assert _try(made, "a/n1", what, value), (what, value)
    used = [one for one in books.code_uses(made) if one.kind in ("authorization", "return")]
    assert [one.used for one in used] == [1] * 9
