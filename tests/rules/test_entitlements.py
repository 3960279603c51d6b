"""From the names in the YAML to the licences of an account: every line that a node should have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from reconciler import model as m
from reconciler.rules import Index, Sides, WantedLine, as_params, of_params, wanted_lines
from tests.planning.fleet import NOW, account, desired, observed, seen
from tests.planning.reserved import (
    DESK12,
    DESK14,
    NAMES,
    READY,
    RMS,
    TAGS,
    core,
    instance,
    known,
    line,
    reserve,
    said,
    stock,
)

EMEA = account()
DESK = "UC Manager Enhanced License"


def wanted(
    reserves: tuple[m.Reserve, ...],
    now: Any = (),
    *,
    pool: Iterable[m.PoolLine] = (),
    reservable: Any = m.UNKNOWN,
    held: m.HeldState | None = None,
    entitlements: tuple[m.Entitlement, ...] = NAMES,
) -> list[tuple[str, str, str | None, int, int, bool]]:
    """Entitlement, name, tag, quantity, what there was, and whether it is carried over."""
    made, problems = asked(reserves, now, pool, reservable, held, entitlements)
    assert problems == ()
    return [(i.entitlement, i.name, i.tag, i.quantity, i.before, i.carried) for i in made]


def asked(
    reserves: tuple[m.Reserve, ...],
    now: Any = (),
    pool: Iterable[m.PoolLine] = (),
    reservable: Any = m.UNKNOWN,
    held: m.HeldState | None = None,
    entitlements: tuple[m.Entitlement, ...] = NAMES,
) -> tuple[tuple[WantedLine, ...], tuple[tuple[str, str], ...]]:
    of = core(nodes={"n1": {"reserve": reserves}})
    shown = m.AccountObserved(EMEA.address, NOW, pool=tuple(pool) or m.UNKNOWN, reservable=reservable)
    world = seen(observed(of, licence=READY), accounts=[shown])
    index = Index(desired(of, entitlements=entitlements), world, held or m.HeldState())
    found = wanted_lines(index, Sides(index), EMEA, of.nodes[0], now)
    return found.lines, found.problems


def listed(*names: str, tags: bool = True) -> list[m.PoolLine]:
    return [m.PoolLine(name, 9, tag=TAGS.get(name) if tags else None) for name in names]


def has(name: str, quantity: int, tag: str | None = None) -> m.AuthorizedLine:
    return m.AuthorizedLine(TAGS[name] if tag is None else tag, quantity, name)


FIVE = reserve(rms=5)


def attested(*instances: m.Instance, pool: Iterable[m.PoolLine] = ()) -> m.HeldState:
    return m.HeldState(attested=(m.Attested(EMEA.address, NOW, "A. Person", instances, tuple(pool)),))


def journal(**fields: Any) -> m.HeldState:
    return m.HeldState(
        reserved=(known("0DEAD001", m.ReservedState.INSTALLED, lines=said("X", rms=1).lines, **fields),)
    )


@pytest.mark.parametrize(
    "sources",
    [
        {"pool": listed(DESK12, RMS)},
        {"reservable": (m.Reservable("regid.rms", RMS),)},
        {"held": attested(pool=listed(RMS))},
        {"held": attested(m.Instance("y"), instance("0DEAD001", line(RMS, 1)))},
        {"held": journal()},
        {"now": (has(RMS, 0),)},
        {"pool": listed(RMS, tags=False), "held": journal()},
        {"pool": listed(RMS), "held": attested(pool=listed(RMS, tags=False))},
        {"entitlements": (m.Entitlement("rms", RMS, "regid.rms"),)},
    ],
)
def test_the_tag_of_a_licence_is_learnt_from_whoever_names_it(sources: dict[str, Any]) -> None:
    assert wanted(FIVE, **sources) == [("rms", RMS, "regid.rms", 5, 0, False)]


@pytest.mark.parametrize(
    "sources",
    [
        {},
        {"pool": listed(DESK12)},
        {"held": journal(account=m.Address.of_account("apac"))},
        {"pool": listed(RMS, tags=False)},
    ],
)
def test_a_licence_that_nobody_names_with_its_tag_has_none(sources: dict[str, Any]) -> None:
    assert wanted(FIVE, **sources) == [("rms", RMS, None, 5, 0, False)]


@pytest.mark.parametrize(
    ("version", "names", "chosen"),
    [
        (None, [DESK12], DESK12),
        ("12", [DESK12, DESK14], DESK12),
        ("14.0", [DESK12, DESK14], DESK14),
        ("15", [DESK12, DESK14], f"{DESK} (15.x)"),
        ("14", [DESK], DESK),
        (None, [], DESK),
        ("14", [], f"{DESK} (14.x)"),
    ],
)
def test_a_version_chooses_and_one_that_nobody_lists_is_written_behind_the_name(
    version: str | None, names: list[str], chosen: str
) -> None:
    lines = [m.PoolLine(name, 9, tag=TAGS.get(name)) for name in names]
    found = wanted((m.Reserve("desktop", 7, version),), pool=lines)
    tag = TAGS.get(chosen) if chosen in names else None
    assert found == [("desktop", chosen, tag, 7, 0, False)]


def test_a_version_is_read_from_the_tag_where_the_name_states_none() -> None:
    lines = [m.PoolLine(DESK, 9, tag="d,12.0_a"), m.PoolLine(DESK, 9, tag="d,14.0_b")]
    assert wanted((m.Reserve("desktop", 7, "14"),), pool=lines)[0][2] == "d,14.0_b"


def test_of_several_that_fit_the_one_that_the_node_has_is_changed() -> None:
    lines = listed(DESK12, DESK14)
    assert wanted(reserve(desktop=7), (has(DESK14, 3),), pool=lines) == [
        ("desktop", DESK14, TAGS[DESK14], 7, 3, False)
    ]
    assert wanted((m.Reserve("desktop", 7, "12"),), (has(DESK14, 3),), pool=lines) == [
        (DESK14, DESK14, TAGS[DESK14], 3, 3, True),
        ("desktop", DESK12, TAGS[DESK12], 7, 0, False),
    ]
    both = (has(DESK12, 1), has(DESK14, 3))
    made, ((text, remedy),) = asked(reserve(desktop=7), both, lines)
    assert text == f"Several licences fit desktop: {DESK12}, {DESK14}."
    assert remedy.startswith("Say which: desktop: {quantity: 7, version: 14};")
    assert [(item.name, item.quantity, item.carried) for item in made] == [
        (DESK12, 1, True),
        (DESK14, 3, True),
    ]


def test_of_several_of_the_version_that_is_asked_for_none_is_guessed() -> None:
    unversioned = m.PoolLine(DESK, 9, tag="a")
    now = (m.AuthorizedLine("a", 3, DESK),)
    made, ((text, _),) = asked((m.Reserve("desktop", 7, "14"),), now, [unversioned, *listed(DESK14)])
    assert text == f"Several licences fit desktop: {DESK}, {DESK14}."
    assert [(item.name, item.quantity, item.carried) for item in made] == [(DESK, 3, True)]


def test_an_example_of_a_version_is_the_newest_that_is_named_or_a_known_one() -> None:
    for names, version in (((f"{DESK} (9.x)", f"{DESK} (v8)"), "9"), ((DESK, DESK), "14")):
        lines = [m.PoolLine(name, 9, tag=f"t{at}") for at, name in enumerate(names)]
        _, ((_, remedy),) = asked(reserve(desktop=7), (), lines)
        assert f"version: {version}}}" in remedy


def test_what_the_yaml_does_not_name_is_carried_over_under_its_own_name_or_tag() -> None:
    now = (has(RMS, 3), has(DESK12, 4), m.AuthorizedLine("t9", 2))
    assert wanted(FIVE, now) == [
        (DESK12, DESK12, TAGS[DESK12], 4, 4, True),
        ("rms", RMS, "regid.rms", 5, 3, False),
        ("t9", "", "t9", 2, 2, True),
    ]
    assert wanted(FIVE, m.UNKNOWN) == [("rms", RMS, None, 5, 0, False)]
    assert wanted(FIVE, (has(RMS, 3, ""),), pool=listed(RMS)) == [("rms", RMS, "regid.rms", 5, 3, False)]


def test_totals_differ_where_any_line_does() -> None:
    of = core(nodes={"n1": {"reserve": reserve(rms=5, room=0)}})
    index = Index(desired(of, entitlements=NAMES), seen(observed(of), accounts=[stock(rms=9)]), m.HeldState())
    for rms, differs in ((5, False), (4, True)):
        now = (has(RMS, rms), has(DESK12, 1))
        assert wanted_lines(index, Sides(index), EMEA, of.nodes[0], now).differs is differs


def test_lines_travel_as_parameters_with_what_was_there_only_for_an_update() -> None:
    rms = WantedLine("rms", RMS, None, 5, 3)
    none = replace(rms, entitlement="room", name="Room", tag="t", quantity=0, before=2)
    plain = {"entitlement": "rms", "name": RMS, "tag": None, "quantity": 5}
    assert as_params([rms, none], update=False) == [plain]
    assert as_params([rms, none], update=True) == [
        {**plain, "before": 3},
        {"entitlement": "room", "name": "Room", "tag": "t", "quantity": 0, "before": 2},
    ]
    assert of_params(as_params([rms, none], update=True)) == (rms.line, none.line)
    assert (rms.line, none.line) == (m.AuthorizedLine("", 5, RMS), m.AuthorizedLine("t", 0, "Room"))
