"""How many applies a stage takes at most once answers are no longer lost, whichever was lost before.

A reservation is asked for, looked for, issued and installed by different runs where each of them is cut off,
so the bound belongs to the stage: the longest way is a migration, which gives back and starts afresh.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.journal import keys

from .carriers import FRAGILE
from .story import Story
from .truth import Drawn


def _by_token(story: Story) -> None:
    story.truth.wanted.modes = dict.fromkeys(story.truth.wanted.modes, "token")


def _install(story: Story) -> None:
    del story


def _update(story: Story) -> None:
    story.settles()
    for wish in story.truth.wanted.nodes.values():
        wish.quantities = {"rms": 4, "desktop": 1}


def _return(story: Story) -> None:
    story.settles()
    for wish in story.truth.wanted.nodes.values():
        wish.retired = True


def _migration(story: Story) -> None:
    story.settles()
    story.truth.wanted.accounts = dict.fromkeys(story.truth.wanted.accounts, "apac")


STAGES: dict[str, tuple[Callable[[Story], None], int]] = {
    "tokens": (_by_token, 2),
    "install": (_install, 3),
    "update": (_update, 3),
    "return": (_return, 2),
    "migration": (_migration, 5),
}


@pytest.mark.parametrize("fault", ["before", "after", "told", "late", "away"])
@pytest.mark.parametrize("stage", STAGES)
def test_each_stage_converges_within_its_runs_whatever_answer_was_lost(
    stage: str, fault: str, tmp_path: Path
) -> None:
    recipient = keys.init_identity(tmp_path / "identity.txt")
    begin, most = STAGES[stage]
    for kind in _kinds(begin, tmp_path / "kinds", tmp_path / "identity.txt", recipient):
        story = Story(Drawn(settled=False), tmp_path / kind, tmp_path / "identity.txt", recipient)
        try:
            begin(story)
            story.apply(story.plan(), {kind: fault})
            for planned in story.applies_until_nothing_is_left(most):
                story.apply(planned)
                story.check()
            left = [action.id for action in story.plan().runnable]
            assert not left, f"{fault} of {kind}: {left} is left after {most} applies"
        finally:
            story.close()


def _kinds(begin: Callable[[Story], None], folder: Path, identity: Path, recipient: str) -> list[str]:
    """The kinds of action of which an answer can be lost in this stage."""
    story = Story(Drawn(settled=False), folder, identity, recipient)
    try:
        begin(story)
        found = {action.kind.value.partition(".")[2] for action in story.plan().actions}
    finally:
        story.close()
    return sorted(found & FRAGILE)
