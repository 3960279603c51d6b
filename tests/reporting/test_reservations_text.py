"""Reservations in a plan's text: totals old and new, who carries what, and what becomes of the pools."""

from __future__ import annotations

from reconciler import model as m
from reconciler.reporting import plan_text
from tests.planning.fleet import NOW
from tests.planning.reserved import (
    DESK12,
    FRESH,
    READY,
    RMS,
    core,
    instance,
    line,
    planned,
    reserve,
    serial,
    stock,
)

TWO = core(2)
S1, S2 = serial(TWO, "n1"), serial(TWO, "n2")


def test_a_quantity_change_shows_old_and_new_of_every_line_and_no_return() -> None:
    of = core(nodes={"n1": {"reserve": reserve(rms=8)}})
    text = plan_text(
        planned(of, READY, [stock(rms=10, instances=[instance(S1, line(RMS, 5), line(DESK12, 40))])]),
        width=200,
    )
    assert f"update the reservation for ams-core/n1 ({S1}) to new totals:" in text
    assert "40 (as before)" in text
    assert "rms 5 -> 8" in text
    assert "install the authorization code: 40 UC Manager Enhanced License (12.x), 8 rms" in text
    assert "enter the confirmation code" in text
    assert "return the reservation" not in text


def test_the_pools_say_free_now_freed_taken_and_free_after() -> None:
    of = core(2, nodes={"n1": {"reserve": reserve(rms=10)}, "n2": {"reserve": reserve(rms=20)}})
    shown = [instance(S1, line(RMS, 20)), instance(S2, line(RMS, 10))]
    text = plan_text(planned(of, READY, [stock(rms=0, instances=shown)], overrides=("XL073",)))
    (heading, row) = text.split("Pools:\n\n")[1].splitlines()[:2]
    assert heading.split() == ["account", "licence", "free", "now", "freed", "taken", "free", "after"]
    assert row.split("License")[1].split()[:4] == ["0", "10", "10", "0"]
    assert "frees first, then takes" in row


def test_a_shortage_says_how_many_are_missing() -> None:
    text = plan_text(planned(TWO, FRESH, [stock(rms=7)]))
    assert "3 too few" in text
    assert "refused by XL375, see below" in text


def test_a_pool_that_nobody_read_is_not_known() -> None:
    assert "not known      0     10   not known" in plan_text(planned(TWO, FRESH, by_person=True))


def test_what_is_claimed_by_what_is_under_way_is_told() -> None:
    lines = [{"entitlement": "rms", "name": RMS, "tag": "regid.rms", "quantity": 4}]
    waiting = m.Waiting(
        "handoff-1", "x", "account.reserve", m.Address.of_account("emea"), "Z", NOW, (),
        params={"lines": lines},
    )  # fmt: skip
    text = plan_text(planned(TWO, FRESH, [stock(rms=20)], m.HeldState(waiting=(waiting,))))
    assert "4 claimed by what is under way" in text
