"""Facts in, named troubles out; each with what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reconciler.diagnosis import doctor
from reconciler.diagnosis.doctor import Check, Holder, Level

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("readable", "trouble", "there", "level", "said"),
    [
        ({}, None, True, Level.ERROR, "no recipient"),
        ({"age1a": False}, "it is no age identity file", True, Level.ERROR, "no age identity"),
        ({"age1a": False}, None, False, Level.WARNING, "no identity here"),
        ({"age1a": False}, None, True, Level.ERROR, "it is no recipient"),
        ({"age1a": False, "age1b": True}, None, True, Level.OK, "2 recipients"),
    ],
)
def test_keys_are_well_when_what_is_sealed_now_can_be_read_here(
    readable: dict[str, bool], trouble: str | None, there: bool, level: Level, said: str
) -> None:
    check = doctor.keys(readable, "/h/identity.txt", trouble, there)
    assert (check.level, said in check.text) == (level, True)
    assert bool(check.remedy) is (level is not Level.OK)


@pytest.mark.parametrize(
    ("free", "level"),
    [(None, Level.WARNING), (0, Level.ERROR), (2_000_000, Level.WARNING), (2**30, Level.OK)],
)
def test_space_is_an_error_where_no_code_could_be_kept(free: int | None, level: Level) -> None:
    assert doctor.space(free, "/state").level is level


@pytest.mark.parametrize(
    ("newest", "level"),
    [
        (None, Level.OK),
        (NOW - timedelta(days=400), Level.OK),
        (NOW + timedelta(minutes=4), Level.OK),
        (NOW + timedelta(minutes=6), Level.ERROR),
    ],
)
def test_a_clock_that_went_back_is_an_error(newest: datetime | None, level: Level) -> None:
    assert doctor.clock(NOW, newest).level is level


def test_leases_of_the_dead_are_named_once_a_run_and_those_of_the_living_are_well() -> None:
    later, before = NOW + timedelta(minutes=1), NOW - timedelta(minutes=1)
    alive = Holder("run-1", "ann", before, alive=True)
    elsewhere = Holder("run-2", "bob", later, alive=None)
    (well,) = doctor.leases(NOW, (alive, elsewhere))
    assert (well.level, well.text) == (Level.OK, "held: run-1 by ann, run-2 by bob")
    dead, silent = Holder("run-3", "cyd", later, alive=False), Holder("run-4", "dan", before, alive=None)
    checks = doctor.leases(NOW, (alive, dead, dead, silent))
    assert [check.remedy for check in checks] == ["xlicense unlock run-3", "xlicense unlock run-4"]
    assert "is dead" in checks[0].text
    assert "is silent" in checks[1].text


def test_what_lies_in_the_second_place_is_an_error_until_the_journal_opens() -> None:
    assert doctor.second_place((), taken_over=False) == ()
    assert doctor.second_place(("/run/x",), taken_over=True) == ()
    (check,) = doctor.second_place(("/run/x",), taken_over=False)
    assert (check.level, check.path) == (Level.ERROR, "/run/x")


def test_codes_that_cannot_be_read_here_are_named() -> None:
    assert doctor.codes(()).level is Level.OK
    assert "code-1, code-2" in doctor.codes(("code-1", "code-2")).text


def test_a_warning_alone_is_healthy_and_an_error_is_not() -> None:
    assert doctor.healthy((Check("x", Level.OK, ""), Check("x", Level.WARNING, "")))
    assert not doctor.healthy((Check("x", Level.ERROR, ""), Check("x", Level.OK, "")))
