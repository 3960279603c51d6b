"""D1: the disk fails at every kind of write; or what is on it belongs to somebody else, or leads elsewhere.

Nothing is sent without a record, no code that was received is lost, and the next run goes on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.errors import Exit

from .bad_disk import MANNERS
from .killing import Outcome, look_and_go_on, play_on_bad_disk, row_of
from .launcher import Chosen, Launcher
from .programme import LIMIT, Point, distinct, points_of, thorough
from .referee import is_effect, judge
from .scenes import SCENES
from .stage import Stage, snapshot
from .table import add

_SCENES = ("reserve1", "token1", "grow1", "cancel1", "token2")
"""Between them they write all that there is to write."""
_PLACES = ("", "spool", "journal.sqlite", "reserve", "holders", "../9d0c1a04.witness")
"""In the state folder; the folder itself first."""


@pytest.mark.timeout(LIMIT)
async def test_d1_nothing_is_lost_when_the_disk_fails_at_any_kind_of_write() -> None:
    found: list[str] = []
    seen: set[tuple[str, ...]] = set()
    dice, sealed = random.Random("D1"), 0
    async with Launcher() as launcher:
        for name in _SCENES:
            prepared = await snapshot(SCENES[name], launcher)
            points = await points_of(prepared)
            for point, manner in _manners(distinct(points, seen), dice):
                async with prepared.stage() as stage:
                    outcome = await play_on_bad_disk(
                        stage, Chosen(point.name, manner), pause=0.0, thorough=thorough(dice)
                    )
                    sealed += "-----BEGIN AGE" in stage.shown()
                add(row_of("D1", outcome))
                if outcome.complaints:
                    where = f"{name}, {manner} at {point.name}"
                    found.append(f"{where}: {'; '.join(outcome.complaints)}")
    assert not found, "\n\n".join(found)
    assert sealed, "no reply ever met a disk that took nothing"


def _manners(found: list[Point], dice: random.Random) -> Iterator[tuple[Point, str]]:
    """One for each write; a reply that the spool refuses meets what leaves only the terminal, too."""
    for point in found:
        yield point, dice.choice(MANNERS)
        if point.what == "write spool before":
            yield point, "EDQUOT everywhere"


def _leads_elsewhere(place: Path) -> Chosen:
    """Somebody has planted a link."""
    kept = place.with_name(f"{place.name}.kept")
    place.rename(kept)
    place.symlink_to(kept)
    return Chosen()


def _belongs_to_another(place: Path) -> Chosen:
    return Chosen(how=f"owner {place.name}")


def _put_right(place: Path) -> None:
    if place.is_symlink():
        place.unlink()
        place.with_name(f"{place.name}.kept").rename(place)


@pytest.mark.timeout(LIMIT)
@pytest.mark.parametrize("spoil", [_leads_elsewhere, _belongs_to_another])
async def test_d1_a_place_that_is_not_ours_is_named_and_nothing_is_sent(
    spoil: Callable[[Path], Chosen],
) -> None:
    found: list[str] = []
    async with Launcher() as launcher:
        prepared = await snapshot(SCENES["grow1"], launcher)
        for name in _PLACES:
            async with prepared.stage() as stage:
                outcome = await _not_ours(stage, stage.state / name, spoil)
            add(row_of("D1", outcome))
            found += [f"{name or 'the folder'}: {text}" for text in outcome.complaints]
    assert not found, "\n\n".join(found)


def _size(place: Path) -> int:
    return place.stat().st_size


async def _not_ours(stage: Stage, place: Path, spoil: Callable[[Path], Chosen]) -> Outcome:
    """Applied in vain: named, nothing sent, nothing written through a link. Then it is put right."""
    outcome, chosen = Outcome(faults=1), spoil(place)
    before, asked = _size(place), len(stage.lab.ledger.asked)
    ran = await stage.apply(chosen=chosen)
    sent = [one.text for one in stage.lab.ledger.asked[asked:] if is_effect(one.text)]
    if ran.code not in (Exit.ERROR, Exit.REFUSED, Exit.PARTLY) or place.name not in " ".join(
        ran.said.split()
    ):
        outcome.wrong.append(f"not named: {ran}")
    if sent or _size(place) != before:
        outcome.wrong.append(f"sent {sent}, {_size(place)} bytes instead of {before}")
    _put_right(place)
    await look_and_go_on(stage, outcome)
    outcome.verdict = judge(stage, [])
    return outcome
