"""The air-gapped example at a real terminal: interrupted at each prompt, answered wrongly, carried twice."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from providers.handoff import read_answers, write_answers
from providers.lab import books, portal

from .air_gap import APPROVE, CODE, CTRL_C, SERIALS, Room, edited

CLUSTER = "clusters/vault-core.yaml"
V1, V2 = SERIALS
pytestmark = pytest.mark.timeout(400)


@pytest_asyncio.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with Room(tmp_path) as made:
        yield made
        books.check(made.lab.world)


def reserved(room: Room, handoff_node: str, rms: int = 10) -> str:
    """The authorization code that a person fetches at the portal for a node, in one line."""
    request = next(one.value for one in room.lab.ledger.given if one.where == f"vault-core/{handoff_node}")
    quantities = {"rms": rms, "desktop": 100}
    code = portal.reserve(
        room.lab.world, virtual_account="Air gap", request_code=request, quantities=quantities
    )
    return code.replace("\n", "")


async def test_ctrl_c_at_the_approval_changes_nothing_and_the_next_apply_starts_afresh(room: Room) -> None:
    await room.ready()
    stopped = await room.typed("apply", keys=((APPROVE, CTRL_C),))
    assert stopped.code == 130, str(stopped)
    assert "Interrupted" in stopped.said
    assert room.ran_on_nodes("xcommand license") == []
    assert await room.waiting() == {}
    applied = await room.typed("apply", keys=((APPROVE, "yes\n"),))
    assert applied.code == 9, str(applied)
    assert set(await room.waiting()) == {V1, V2}


async def test_what_is_typed_at_the_code_prompt_is_kept_judged_and_never_lost(room: Room) -> None:
    waiting = await room.parked()
    mine, others = reserved(room, "v1"), reserved(room, "v2")

    stopped = await room.typed("handoff", "answer", waiting[V1], keys=((CODE, mine[:40] + CTRL_C),))
    assert stopped.code == 130, str(stopped)
    assert stopped.echoes
    assert "specificPLR" not in stopped.said
    assert await room.waiting() == waiting

    wrong = await room.typed("handoff", "answer", waiting[V1], keys=((CODE, others + "\n"),))
    assert wrong.code == 1, str(wrong)
    for value in ("mismatch", V1, V2, "Kept as code-"):
        assert value in wrong.said, str(wrong)

    cut = await room.typed("handoff", "answer", waiting[V1], keys=((CODE, mine[:-9] + "\n"),))
    assert cut.code == 1, str(cut)
    assert "it is not whole" in cut.said
    assert "Kept as code-" in cut.said
    assert await room.waiting() == waiting

    for said, code in (("accepted", mine), ("duplicate", mine)):
        right = await room.typed("handoff", "answer", waiting[V1], keys=((CODE, code + "\n"),))
        assert right.code == 0, str(right)
        assert said in right.said
        assert right.echoes
    assert set(await room.waiting()) == {V2}


async def test_one_edited_digit_is_named_and_a_trip_made_twice_reserves_once(room: Room) -> None:
    await room.parked()
    bundle = await room.export()
    spoilt = room.outside / "spoilt.json"
    spoilt.write_bytes(bundle.read_bytes())
    edited(spoilt, lambda text: text.replace('"quantity": 10', '"quantity": 19', 1))
    refused = await room.courier(bundle="spoilt.json")
    assert refused.code == 1, str(refused)
    assert "was altered on its way" in refused.said
    assert room.asked("reserve-licenses") == 0

    for answers in ("answers.json", "again.json"):
        carried = await room.courier(answers)
        assert carried.code == 0, str(carried)
    assert "nothing was sent again" in carried.said
    assert room.asked("reserve-licenses") == 2

    spoilt.write_bytes((room.outside / "answers.json").read_bytes())
    edited(spoilt, lambda text: re.sub(r'("at": "\d{3})\d', r"\g<1>9", text, count=1))
    altered = await room.bring("spoilt.json")
    assert altered.code == 1, str(altered)
    assert "was altered on its way" in altered.said
    assert set(await room.waiting()) == {V1, V2}

    found, _ = read_answers((room.outside / "answers.json").read_bytes())
    spoilt.write_bytes(write_answers(found.model_copy(update={"workspace": "0badcafe"})))
    foreign = await room.bring("spoilt.json")
    assert foreign.code == 1, str(foreign)
    assert "the answers are for workspace 0badcafe, this is 1ab0de52" in foreign.said

    for answers, word in (
        ("answers.json", "accepted"),
        ("answers.json", "duplicate"),
        ("again.json", "dupl"),
    ):
        back = await room.bring(answers)
        assert back.code == 0, str(back)
        assert back.said.count(word) == 2
    applied = await room.typed("apply", keys=((APPROVE, "yes\n"),))
    assert applied.code == 0, str(applied)
    await room.nothing_left()
    assert room.lab.ledger.used
    assert all(one.accepted for one in room.lab.ledger.used)


async def test_an_answer_after_a_recall_is_kept_and_named(room: Room) -> None:
    waiting = await room.parked()
    recalled = await room.typed("handoff", "recall", waiting[V1], "--reason", "wrong account")
    assert recalled.code == 0, str(recalled)
    late = await room.typed("handoff", "answer", waiting[V1], keys=((CODE, reserved(room, "v1") + "\n"),))
    assert late.code == 1, str(late)
    assert "not expected" in late.said
    assert "Kept as code-" in late.said
    planned = await room.xlicense("plan")
    assert planned.code == 0, str(planned)


async def test_an_answer_after_the_yaml_changed_is_kept_and_the_plan_names_both_values(room: Room) -> None:
    waiting = await room.parked()
    old, new = (f'"{V1}", reserve: {{rms: {quantity}' for quantity in (10, 12))
    room.edit(CLUSTER, old, new)
    late = await room.typed("handoff", "answer", waiting[V1], keys=((CODE, reserved(room, "v1") + "\n"),))
    assert late.code == 0, str(late)
    assert "Kept as code-" in late.said
    refused = await room.xlicense("apply", "--auto-approve")
    assert refused.code == 6, str(refused)
    assert "XL376" in refused.out
    assert "10 instead of 12" in refused.out
    assert room.ran_on_nodes("reservation install") == []
    room.edit(CLUSTER, new, old)
    applied = await room.xlicense("apply", "--auto-approve")
    assert applied.code == 9, str(applied)
    assert len(room.ran_on_nodes("reservation install")) == 1


async def test_a_step_that_is_out_is_not_handed_out_again_before_it_is_recalled(room: Room) -> None:
    waiting = await room.parked()
    room.edit(CLUSTER, f'"{V1}", reserve: {{rms: 10', f'"{V1}", reserve: {{rms: 12')
    refused = await room.xlicense("apply", "--auto-approve")
    assert refused.code == 6, str(refused)
    assert "XL380" in refused.out
    assert f"xlicense handoff recall {waiting[V1]}" in refused.out
    assert await room.waiting() == waiting
    recalled = await room.typed("handoff", "recall", waiting[V1], "--reason", "two more are needed")
    assert recalled.code == 0, str(recalled)
    applied = await room.xlicense("apply", "--auto-approve")
    assert applied.code == 9, str(applied)
    again = await room.waiting()
    assert again[V2] == waiting[V2]
    assert again[V1] != waiting[V1]
    await room.export()
    assert (await room.courier()).code == 0
    assert (await room.bring()).code == 0
    assert (await room.xlicense("apply", "--auto-approve")).code == 0
    await room.nothing_left()


async def test_ctrl_c_at_the_question_about_host_keys_trusts_nobody(tmp_path: Path) -> None:
    async with Room(tmp_path) as room:
        known = room.workspace / ".lab/known_hosts"
        known.unlink()
        stopped = await room.typed("hostkeys", "learn", keys=((APPROVE, CTRL_C),))
        assert stopped.code == 130, str(stopped)
        assert not known.exists()
        learned = await room.typed("hostkeys", "learn", keys=((APPROVE, "yes\n"),))
        assert learned.code == 0, str(learned)
        assert known.read_text(encoding="utf-8").count("ssh-") == 2
