"""The coverage table names every row of the rule book, and only places that exist."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from reconciler.model import RuleCard
from reconciler.planning.catalogue import ROWS, Row
from reconciler.rules import RULES

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/rule-coverage.md").read_text(encoding="utf-8")
LINES = re.findall(r"^\| ([SA]\d+) \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)
ANSWERS = {row: answer for row, _, answer in LINES}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_row_is_there_once() -> None:
    wanted = [f"S{number}" for number in range(1, 108)] + [f"A{number}" for number in range(1, 21)]
    assert Counter(row for row, _, _ in LINES) == Counter(wanted)


def test_every_rule_that_is_named_exists() -> None:
    assert set(re.findall(r"XL\d+", TEXT)) <= {card.id for card in RULES}


def test_every_action_that_is_named_can_be_planned() -> None:
    named = set(re.findall(r"`((?:node|cluster|account)\.\w+)`", TEXT))
    assert named == {row.kind.value for row in ROWS}


@pytest.mark.parametrize("card", RULES, ids=lambda card: card.id)
def test_a_row_that_a_rule_claims_names_the_rule(card: RuleCard) -> None:
    assert [row for row in card.rows if card.id not in re.findall(r"XL\d+", ANSWERS[row])] == []


@pytest.mark.parametrize("kind", ROWS, ids=lambda row: row.kind.value)
def test_a_row_that_an_action_claims_names_the_action(kind: Row) -> None:
    assert [row for row in kind.rows if f"`{kind.kind.value}`" not in ANSWERS[row]] == []


def test_every_place_that_is_named_exists() -> None:
    headings = set(re.findall(r"^#+ (.+)$", README, re.MULTILINE))
    sections = {name for text in ANSWERS.values() for name in re.findall(r"README, ([^:;]+)", text)}
    paths = {path for text in ANSWERS.values() for path in re.findall(r"`([\w.-]+(?:/[\w.-]+)+)`", text)}
    assert sections <= headings
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
