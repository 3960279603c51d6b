"""What must hold before the first instruction of an apply."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.cli.apply import gates, in_ci
from reconciler.errors import Refused, UsageError
from reconciler.model import (
    Action,
    Address,
    Carrier,
    Desired,
    EffectClass,
    JournalSettings,
    Kind,
    Observation,
    Plan,
)

NOW = datetime(2026, 11, 24, tzinfo=UTC)
LASTING = Desired("aaaaaaaa", "/w", journal=JournalSettings(persistent=True))


def plan(*actions: Action) -> Plan:
    return Plan(
        "00", "n", "aaaaaaaa", NOW, NOW + timedelta(days=1), "0.1.0", Observation(NOW), actions=actions
    )


def action(kind: Kind, effect_class: EffectClass, carrier: Carrier = Carrier.SSH) -> Action:
    address = Address("cluster/ams-edge/node/e1")
    return Action(f"{kind}:s:0", address, kind, "s", {}, carrier, effect_class, "why")


REGISTER = action(Kind.REGISTER, EffectClass.ONCE)
PRIVACY = action(Kind.SET_PRIVACY, EffectClass.SET)
ENABLE = action(Kind.ENABLE_SMART, EffectClass.IRREVERSIBLE, Carrier.PERSON)


def test_a_ci_job_with_a_journal_that_ends_with_it_sends_nothing_that_must_not_be_sent_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Refused, match="must never be sent twice") as caught:
        gates(Desired("aaaaaaaa", "/w"), plan(REGISTER, PRIVACY), ())
    assert "persistent: true" in str(caught.value.remedy)
    gates(Desired("aaaaaaaa", "/w"), plan(PRIVACY), ())
    gates(LASTING, plan(REGISTER), ())


@pytest.mark.parametrize(
    ("value", "ci"), [("", False), ("0", False), ("false", False), ("1", True), ("true", True)]
)
def test_ci_is_what_ci_systems_set(value: str, ci: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", value)
    assert in_ci() is ci


def test_what_cannot_be_undone_is_confirmed_by_the_name_of_its_cluster() -> None:
    with pytest.raises(UsageError, match="cannot be undone") as caught:
        gates(LASTING, plan(ENABLE), ("lon-edge",))
    assert caught.value.remedy == "--confirm ams-edge"
    gates(LASTING, plan(ENABLE), ("ams-edge",))
    gates(LASTING, replace(plan(REGISTER), withheld=(ENABLE,)), ())
