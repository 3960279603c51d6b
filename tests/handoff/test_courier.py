"""A bundle goes out, a courier carries it out over real HTTPS, the answers come home. Each once."""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from providers.handoff import read_answers, read_bundle, write_answers, write_bundle
from providers.lab import codes
from reconciler.cli.handoff_bundle import params_of
from reconciler.model import CodeKind, Kind, read_authorization

from .crossing import CLIENT_SECRET, OTHER_SERIAL, OTHER_UDI, SERIAL, UDI, Crossing, lines
from .handoff_samples import request

RESERVE = "reserve-licenses"


def reserve(both: Crossing, serial: str = SERIAL, udi: str = UDI, rms: int = 20) -> str:
    both.inside.hold(CodeKind.REQUEST, udi, serial)
    params: dict[str, Any] = {
        "request": f"request/{serial}",
        "lines": lines(rms),
        "node": "cluster/a/node/c1",
    }
    return both.inside.park(Kind.RESERVE, serial=serial, udi=udi, **params)


def answers(both: Crossing) -> dict[str, Any]:
    found, _ = read_answers((both.tmp / "outside" / "answers.json").read_bytes())
    return {answer.id: answer for answer in found.answers}


async def test_a_reservation_crosses_the_gap_and_is_accepted_at_home(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        handoff = reserve(both)
        await both.export()
        carried = await both.courier()
        assert carried.code == 0, str(carried)
        assert both.reserved() == 20
        back = await both.bring_back()
        assert back.code == 0, str(back)
        assert back.out.startswith(f"{handoff}: accepted: "), str(back)
        with both.inside.journal() as journal:
            assert journal.handoffs() == ()
            value = journal.code_value(f"authorization/{SERIAL}")
        assert value is not None
        assert read_authorization(value).udi == UDI


async def test_what_crosses_is_for_its_owner_and_the_code_that_comes_back_is_sealed(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        handoff = reserve(both)
        bundle = await both.export()
        carried = await both.courier()
        written = tmp_path / "outside" / "answers.json"
        for path in (bundle, written):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        answer = answers(both)[handoff]
        assert answer.value.startswith("-----BEGIN AGE ENCRYPTED FILE-----")
        text = written.read_text() + carried.out + carried.err
        for secret in ("<specificPLR>", "signature", CLIENT_SECRET):
            assert secret not in text
        for path in (tmp_path / "outside").rglob("*"):
            assert not path.is_file() or b"specificPLR" not in path.read_bytes()


async def test_running_the_courier_twice_reserves_once_and_answers_the_same(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        handoff = reserve(both)
        await both.export()
        assert (await both.courier()).code == 0
        first = answers(both)[handoff]
        again = await both.courier()
        assert again.code == 0, str(again)
        assert "nothing was sent again" in again.out
        second = answers(both)[handoff]
        assert (second.outcome, second.at.date()) == (first.outcome, first.at.date())
        assert both.asked(RESERVE) == 1
        assert both.reserved() == 20
        assert (await both.bring_back()).code == 0
        twice = await both.bring_back()
        assert twice.code == 0, str(twice)
        assert "duplicate" in twice.out


async def test_an_update_its_confirmation_and_a_removal_are_carried_out(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        await there_and_back(both, reserve(both))
        params = {"product_tag": None, "lines": lines(30, before=20)}
        await there_and_back(both, both.inside.park(Kind.UPDATE_RESERVATION, **params))
        code = held(both, f"authorization/{SERIAL}")
        both.inside.hold(CodeKind.CONFIRMATION, codes.confirmation(code))
        params = {"product_tag": None, "confirmation": f"confirmation/{SERIAL}", "lines": lines(30)}
        await there_and_back(both, both.inside.park(Kind.CONFIRM_RESERVATION, **params))
        assert both.reserved() == 30
        both.inside.hold(CodeKind.RETURN, codes.returned(code))
        params = {"product_tag": None, "return": f"return/{SERIAL}"}
        await there_and_back(both, both.inside.park(Kind.REMOVE_INSTANCE, **params))
        assert both.reserved() == 0


async def there_and_back(both: Crossing, handoff: str) -> None:
    await both.export(handoff)
    carried = await both.courier()
    assert carried.code == 0, str(carried)
    back = await both.bring_back()
    assert back.code == 0, str(back)
    assert f"{handoff}: accepted" in back.out, str(back)


def held(both: Crossing, slot: str) -> str:
    with both.inside.journal() as journal:
        value = journal.code_value(slot)
    assert value is not None
    return value


async def test_a_courier_that_was_killed_goes_on_and_reserves_nothing_twice(tmp_path: Path) -> None:
    """Killed while CSSM was at work: what became of it is looked at, and not asked for again."""
    async with Crossing(tmp_path) as both:
        reserve(both)
        reserve(both, OTHER_SERIAL, OTHER_UDI, rms=10)
        await both.export()
        both.lab.faults.add("cloud", "slow", match=RESERVE, seconds=4.0)
        process = await both.start()
        await both.until_asked(RESERVE)
        process.kill()
        await process.communicate()
        carried = await both.courier()
        assert carried.code == 8, str(carried)
        outcomes = sorted(answer.outcome.value for answer in answers(both).values())
        assert outcomes == ["done", "unknown"]
        assert both.reserved() == 30
        assert both.asked(RESERVE) == 2


async def test_two_couriers_at_once_are_one_too_many(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both)
        await both.export()
        both.lab.faults.add("cloud", "slow", match=RESERVE, seconds=60.0)
        process = await both.start()
        await both.until_asked(RESERVE)
        second = await both.courier()
        process.kill()
        await process.communicate()
        assert second.code == 5, str(second)
        assert both.asked(RESERVE) == 1


async def test_a_no_of_cssm_is_told_and_the_next_trip_may_try_again(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        handoff = reserve(both, rms=2_000)
        await both.export()
        refused = await both.courier()
        assert refused.code == 7, str(refused)
        assert "Insufficient licenses" in answers(both)[handoff].text
        back = await both.bring_back()
        assert back.code == 7, str(back)
        assert f"{handoff}: failed: " in back.out
        with both.inside.journal() as journal:
            assert [item.handoff_id for item in journal.handoffs()] == [handoff]
        (va,) = both.lab.world.cloud.accounts[0].virtual_accounts
        next(pool for pool in va.pools if "Rich Media" in pool.name).quantity = 5_000
        assert (await both.courier()).code == 0
        assert both.reserved() == 2_000


async def test_a_lost_answer_is_unknown_and_never_repeated(tmp_path: Path) -> None:
    """CSSM reserved, and the answer with the code was lost: only the portal can show the code now."""
    async with Crossing(tmp_path) as both:
        handoff = reserve(both)
        both.lab.faults.add("cloud", "drop-after", match=RESERVE)
        await both.export()
        for _ in range(2):
            carried = await both.courier()
            assert carried.code == 8, str(carried)
            assert "fetch it at the portal" in answers(both)[handoff].text
        assert both.asked(RESERVE) == 1
        back = await both.bring_back()
        assert back.code == 8, str(back)
        assert f"{handoff}: unknown: " in back.out


async def test_a_cssm_that_cannot_be_reached_is_asked_on_the_next_trip(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both)
        await both.export()
        both.lab.faults.add("cloud", "refuse", times=None)
        unreachable = await both.courier()
        assert unreachable.code == 11, str(unreachable)
        both.lab.faults.clear()
        assert (await both.courier()).code == 0
        assert both.asked(RESERVE) == 1


async def test_wrong_credentials_send_nothing(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both)
        await both.export()
        both.environment["XLICENSE_COURIER_CLIENT_SECRET"] = "wrong"
        refused = await both.courier()
        assert refused.code == 10, str(refused)
        del both.environment["XLICENSE_COURIER_CLIENT_SECRET"]
        missing = await both.courier()
        assert missing.code == 10, str(missing)
        assert "XLICENSE_COURIER_CLIENT_SECRET" in missing.err
        assert both.asked(RESERVE) == 0


async def test_what_no_call_carries_is_left_to_a_person(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        fetch = both.inside.park(Kind.FETCH_AUTHORIZATION, lines=lines(20))
        await both.export()
        carried = await both.courier()
        assert carried.code == 9, str(carried)
        assert answers(both)[fetch].outcome == "not carried"
        assert (await both.bring_back()).code == 9


async def test_only_the_account_that_was_named_is_spoken_to(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both)
        await both.export()
        other = await both.courier("--account", "emea")
        assert other.code == 64, str(other)
        assert "vault-room" in other.err


async def test_one_edited_digit_stops_the_courier_before_anything(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both)
        path = await both.export()
        text = path.read_text()
        assert '"quantity": 20' in text
        path.write_text(text.replace('"quantity": 20', '"quantity": 21'))
        stopped = await both.courier()
        assert stopped.code == 1, str(stopped)
        assert "was altered on its way" in stopped.err
        assert both.asked("") == 0


async def test_the_same_id_with_other_quantities_is_refused_after_it_was_carried_out(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        handoff = reserve(both)
        path = await both.export()
        assert (await both.courier()).code == 0
        bundle, _ = read_bundle(path.read_bytes())
        line = bundle.requests[0].lines[0].model_copy(update={"quantity": 30})
        changed = bundle.requests[0].model_copy(update={"lines": (line,)})
        path.write_bytes(write_bundle(bundle.model_copy(update={"requests": (changed,)})))
        refused = await both.courier()
        assert refused.code == 7, str(refused)
        assert "used before for something else" in answers(both)[handoff].text
        assert both.asked(RESERVE) == 1


async def test_answers_of_another_workspace_are_refused(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both)
        await both.export()
        assert (await both.courier()).code == 0
        path = tmp_path / "outside" / "answers.json"
        found, _ = read_answers(path.read_bytes())
        path.write_bytes(write_answers(found.model_copy(update={"workspace": "0badcafe"})))
        refused = await both.bring_back()
        assert refused.code == 1, str(refused)
        assert "the answers are for workspace 0badcafe, this is 7f3c1d9a" in refused.err


async def test_answers_sealed_to_somebody_else_are_named_and_left(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        handoff = reserve(both)
        await both.export()
        assert (await both.courier()).code == 0
        os.rename(both.inside.identity, both.inside.identity.with_name("away"))  # noqa: PTH104
        back = await both.bring_back()
        assert back.code == 9, str(back)
        assert f"{handoff}: not readable here" in back.out


async def test_an_answer_to_a_recalled_hand_off_is_kept_and_named(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        handoff = reserve(both)
        await both.export()
        assert (await both.courier()).code == 0
        recalled = await both.inside.xlicense("handoff", "recall", handoff, "--reason", "plan changed")
        assert recalled.code == 0, str(recalled)
        back = await both.bring_back()
        assert back.code == 1, str(back)
        assert f"{handoff}: not expected: " in back.out
        assert "Kept as code-" in back.out
        assert any(code.kind is CodeKind.AUTHORIZATION for code in both.inside.codes())


async def test_what_frees_licences_goes_first_and_every_request_is_answered_in_order(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both, rms=20)
        reserve(both, OTHER_SERIAL, OTHER_UDI, rms=10)
        path = await both.export()
        bundle, digest = read_bundle(path.read_bytes())
        assert (await both.courier()).code == 0
        found, _ = read_answers((tmp_path / "outside" / "answers.json").read_bytes())
        assert [answer.id for answer in found.answers] == [request.id for request in bundle.requests]
        assert found.bundle == digest
        assert both.reserved() == 30


async def test_an_export_is_recorded_as_revealing_the_codes_in_it(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both)
        path = await both.export()
        assert UDI in json.loads(path.read_text())["requests"][0]["codes"][0]["value"]
        recorded = [one for one in _records(both) if "exported as json" in one]
        assert len(recorded) == 1


def _records(both: Crossing) -> list[str]:
    import sqlite3

    with sqlite3.connect(both.inside.state / "journal.sqlite") as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type='table'")]
        rows = [str(row) for name in tables for row in database.execute(f"select * from {name}")]  # noqa: S608
    database.close()
    return rows


@pytest.mark.parametrize("variable", ["CI"])
async def test_a_ci_job_that_forgets_carries_nothing_out(variable: str, tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both)
        await both.export()
        both.environment[variable] = "true"
        refused = await both.courier()
        assert refused.code == 6, str(refused)
        assert both.asked(RESERVE) == 0


async def test_a_signal_lets_what_was_sent_finish_and_the_answers_so_far_are_written(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        first = reserve(both)
        second = reserve(both, OTHER_SERIAL, OTHER_UDI, rms=10)
        await both.export()
        both.lab.faults.add("cloud", "slow", match=RESERVE, seconds=3.0)
        process = await both.start()
        await both.until_asked(RESERVE)
        process.send_signal(signal.SIGINT)
        await process.communicate()
        assert process.returncode == 130
        found = answers(both)
        assert (found[first].outcome, found[second].outcome) == ("done", "not carried")
        assert (await both.courier()).code == 0
        assert both.asked(RESERVE) == 2
        assert both.reserved() == 30


async def test_the_answers_never_replace_the_bundle_and_need_a_folder(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        reserve(both)
        await both.export()
        for place in ("bundle.json", "nowhere/answers.json"):
            refused = await both.courier("-o", place)
            assert refused.code == 64, str(refused)
        assert both.asked("") == 0


async def test_a_reservation_that_vanished_after_a_lost_answer_may_be_made_again(tmp_path: Path) -> None:
    """Somebody removed it at the portal: CSSM shows nothing any more, so nothing is there twice."""
    async with Crossing(tmp_path) as both:
        handoff = reserve(both)
        both.lab.faults.add("cloud", "drop-after", match=RESERVE)
        await both.export()
        assert (await both.courier()).code == 8
        (va,) = both.lab.world.cloud.accounts[0].virtual_accounts
        va.instances.clear()
        carried = await both.courier()
        assert carried.code == 0, str(carried)
        assert answers(both)[handoff].outcome == "done"
        assert both.reserved() == 20


async def test_the_newer_surface_reserves_and_leaves_an_update_to_a_person(tmp_path: Path) -> None:
    async with Crossing(tmp_path, profile="software-apis") as both:
        await there_and_back(both, reserve(both))
        assert both.reserved() == 20
        update = both.inside.park(Kind.UPDATE_RESERVATION, product_tag=None, lines=lines(30, before=20))
        await both.export()
        carried = await both.courier()
        assert carried.code == 9, str(carried)
        assert "no known call in the profile software-apis" in answers(both)[update].text


async def test_a_registration_token_is_made_outside_and_revoked_by_its_value(tmp_path: Path) -> None:
    async with Crossing(tmp_path) as both:
        params = {"export_controlled": True, "expires_after_days": 1, "max_uses": 2}
        await there_and_back(both, both.inside.park(Kind.CREATE_TOKEN, **params))
        (va,) = both.lab.world.cloud.accounts[0].virtual_accounts
        (token,) = va.tokens
        assert held(both, f"token/{SERIAL}") == token.value
        revoke = both.inside.park(Kind.REVOKE_TOKEN, token=f"token/{SERIAL}")
        await there_and_back(both, revoke)
        assert both.asked("tokens/revoke") == 1


def test_the_parameters_of_an_action_are_the_same_on_the_far_side() -> None:
    line = {"entitlement": "rms", "name": "", "quantity": 20, "tag": None}
    params: dict[str, Any] = {"serial": SERIAL, "udi": None, "lines": [line]}
    known = {"serial": SERIAL, "virtual_account": "Air gap", "request": "request/x"}
    fields = {name: params[name] for name in ("serial", "udi", "lines")}
    packed = request(**fields, params={"request": "request/x"})
    assert params_of(packed) == {**known, "lines": [{"entitlement": "rms", "name": "", "quantity": 20}]}
