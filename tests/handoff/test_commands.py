"""What waits is shown, answered, attested, recalled and exported; nothing that comes back is thrown away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from providers.lab.nouns import RMS, TAGS
from reconciler.model import CodeKind, HeldState, Kind

from .crossing import ACCOUNT, OTHER_SERIAL, OTHER_UDI, SERIAL, UDI, Inside, lines, overdue, waiting

TAG = TAGS[RMS]


@pytest.fixture
async def inside(tmp_path: Path) -> Inside:
    made = Inside(tmp_path)
    await made.ready()
    return made


def code(serial: str = SERIAL, udi: str = UDI, rms: int = 20) -> str:
    return (
        "<specificPLR><authorizationCode><piid>6ca07f56</piid><entitlements><entitlement>"
        f"<tag>{TAG}</tag><count>{rms}</count><displayName>{RMS}</displayName>"
        f"</entitlement></entitlements></authorizationCode><signature>MEYCIQ{serial}</signature>"
        f"<udi>{udi}</udi></specificPLR>"
    )


def reserve(inside: Inside, serial: str = SERIAL, udi: str = UDI, rms: int = 20) -> str:
    inside.hold(CodeKind.REQUEST, udi, serial)
    params: dict[str, Any] = {"request": f"request/{serial}", "lines": lines(rms)}
    return inside.park(Kind.RESERVE, serial=serial, udi=udi, **params)


def held(inside: Inside) -> HeldState:
    with inside.journal() as journal:
        return journal.held()


# Looking


async def test_the_list_names_owner_ticket_and_what_is_overdue(inside: Inside) -> None:
    late = overdue(waiting(Kind.FETCH_AUTHORIZATION, lines=lines(20)))
    with inside.journal() as journal:
        run = journal.begin_run("test", None, None)
        parked = journal.park(run, late)
    listed = await inside.xlicense("handoff", "list")
    assert listed.code == 9, str(listed)
    for text in ("L. Owner", "CHG1", f"Overdue: {parked.handoff_id}"):
        assert text in listed.out, str(listed)
    (item,) = (await inside.xlicense("handoff", "list", "--json")).json()["handoffs"]
    assert (item["overdue"], item["owner"], item["ticket"]) == (True, "L. Owner", "CHG1")


async def test_show_prints_the_steps_and_the_codes_only_when_asked_for(inside: Inside) -> None:
    handoff = reserve(inside)
    shown = await inside.xlicense("handoff", "show", handoff)
    assert shown.code == 0, str(shown)
    assert f"Enter <request/{SERIAL}>" in shown.out
    assert UDI not in shown.out + shown.err
    assert f"xlicense handoff show {handoff} --codes" in shown.err
    with_codes = await inside.xlicense("handoff", "show", handoff, "--codes")
    assert f"<request/{SERIAL}>\n{UDI}" in with_codes.out, str(with_codes)
    unknown = await inside.xlicense("handoff", "show", "handoff-none")
    assert unknown.code == 64, str(unknown)


# Answers


async def test_a_folder_of_codes_is_sorted_by_the_device_inside_each(inside: Inside, tmp_path: Path) -> None:
    first, second = reserve(inside), reserve(inside, OTHER_SERIAL, OTHER_UDI, rms=5)
    folder = tmp_path / "portal"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"\xef\xbb\xbf" + code(OTHER_SERIAL, OTHER_UDI, 5).encode() + b"\r\n")
    (folder / "b.txt").write_text(code() + "\n", encoding="utf-16")
    (folder / "c.txt").write_text(code("0E4DFFFF", "P:EXPY,S:0E4DFFFF"), encoding="utf-8")
    (folder / "d.png").write_bytes(b"\x89PNG\xff")
    (folder / "e.txt").write_text(code()[:-20], encoding="utf-8")
    (folder / ".hidden").write_text("x", encoding="utf-8")
    ran = await inside.xlicense("handoff", "answer", "--dir", str(folder), "--by", "A. Person")
    assert ran.code == 1, str(ran)
    a, b, c, d, e = ran.out.splitlines()
    assert a.startswith(f"a.txt: {second}: accepted: ")
    assert b.startswith(f"b.txt: {first}: accepted: ")
    assert c == "c.txt: not used: it is for P:EXPY,S:0E4DFFFF, and no hand-off waits for this device"
    assert d == "d.png: not used: it is no authorization code: it is not text"
    assert e.startswith("e.txt: not used: it is no authorization code: it is not whole")
    for name in ("c.txt", "d.png", "e.txt"):
        (folder / name).unlink()
    again = await inside.xlicense("handoff", "answer", "--dir", str(folder))
    assert again.code == 0, str(again)
    assert again.out.count("duplicate") == 2


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (code(OTHER_SERIAL, OTHER_UDI), f"{OTHER_UDI}, and {UDI} was asked for"),
        (code(rms=21), "gives 21"),
        (code()[:-9], "it is not whole"),
    ],
    ids=["another node's", "other quantities", "truncated"],
)
async def test_a_code_that_does_not_fit_is_kept_and_says_why(inside: Inside, value: str, said: str) -> None:
    handoff = reserve(inside)
    ran = await inside.xlicense("handoff", "answer", handoff, "--file", "-", stdin=value + "\n")
    assert ran.code == 1, str(ran)
    assert ran.out.startswith("mismatch: ")
    assert said in ran.out
    assert "<specificPLR>" not in ran.out + ran.err
    kept = [one for one in inside.codes() if one.from_person]
    assert len(kept) == 1
    right = await inside.xlicense("handoff", "answer", handoff, "--file", "-", stdin=code())
    assert right.code == 0, str(right)


async def test_a_step_that_gives_nothing_back_is_done_and_done_twice_changes_nothing(inside: Inside) -> None:
    inside.hold(CodeKind.CONFIRMATION, "3311aaea")
    params = {"confirmation": f"confirmation/{SERIAL}", "lines": lines(20)}
    handoff = inside.park(Kind.CONFIRM_RESERVATION, **params)
    for said in ("accepted", "duplicate"):
        ran = await inside.xlicense("handoff", "answer", handoff, "--done", "--by", "A. Person")
        assert ran.code == 0, str(ran)
        assert ran.out.startswith(said)


@pytest.mark.parametrize(
    "arguments",
    [
        ("handoff-1", "--done", "--file", "x"),
        ("handoff-1", "--dir", "x"),
        ("--done",),
        ("--dir", "x", "--done"),
        ("handoff-1", "--no-input"),
    ],
)
async def test_what_contradicts_itself_is_told(inside: Inside, arguments: tuple[str, ...]) -> None:
    ran = await inside.xlicense("handoff", "answer", *arguments)
    assert ran.code == 64, str(ran)


async def test_a_recalled_hand_off_waits_no_more_and_its_late_answer_is_kept(inside: Inside) -> None:
    handoff = reserve(inside)
    ran = await inside.xlicense("handoff", "recall", handoff, "--reason", "wrong account", "--by", "B")
    assert ran.code == 0, str(ran)
    assert (await inside.xlicense("handoff", "list")).code == 0
    again = await inside.xlicense("handoff", "recall", handoff, "--reason", "again")
    assert again.code == 64, str(again)
    late = await inside.xlicense("handoff", "answer", handoff, "--file", "-", stdin=code())
    assert late.code == 1, str(late)
    assert late.out.startswith("not expected: ")
    assert any(one.kind is CodeKind.AUTHORIZATION for one in inside.codes())


# Attesting


async def test_what_a_person_saw_is_recorded_with_name_and_ticket(inside: Inside) -> None:
    table, pool = inside.folder / "i.csv", inside.folder / "p.csv"
    table.write_text(f"serial,name,entitlement,quantity,pending\n{SERIAL},c1,rms,20,\n", encoding="utf-8")
    pool.write_text("entitlement,available\nrms,80\n", encoding="utf-8")
    ran = await inside.xlicense(
        *("handoff", "attest", "vault-room", "--file", "i.csv", "--pool", "p.csv"),
        *("--by", "A. Person", "--ticket", "CHG4711"),
    )
    assert ran.code == 0, str(ran)
    assert ran.out == "account/vault-room: 1 instances and 1 licences attested\n"
    (attested,) = held(inside).attested
    assert (attested.account, attested.by, attested.ticket) == (ACCOUNT, "A. Person", "CHG4711")
    assert [one.serial for one in attested.instances] == [SERIAL]
    assert [line.available for line in attested.pool] == [80]


async def test_every_bad_line_is_told_and_nothing_is_recorded(inside: Inside) -> None:
    table = inside.folder / "i.csv"
    table.write_text("serial,entitlement,quantity\n,rms,1\nA,rms,x\nB,rms,1\n", encoding="utf-8")
    ran = await inside.xlicense("handoff", "attest", "vault-room", "--file", "i.csv")
    assert ran.code == 1, str(ran)
    assert "i.csv:2:1: error: neither a serial nor a name" in ran.err
    assert "i.csv:3:1: error: quantity is 'x', not a whole number" in ran.err
    assert "Nothing was recorded." in ran.err
    assert held(inside).attested == ()
    nobody = await inside.xlicense("handoff", "attest", "emea", "--file", "i.csv")
    assert nobody.code == 64, str(nobody)
    assert "vault-room" in nobody.err


# Exporting


async def test_sheets_hold_every_value_and_are_for_their_owner_only(inside: Inside) -> None:
    handoff = reserve(inside)
    for form in ("md", "csv"):
        ran = await inside.xlicense("handoff", "export", "--format", form, "-o", f"sheet.{form}")
        assert ran.code == 0, str(ran)
        path = inside.folder / f"sheet.{form}"
        text = path.read_text(encoding="utf-8")
        assert path.stat().st_mode & 0o777 == 0o600
        for part in (handoff, UDI, RMS, "authorization code"):
            assert part in text, (form, part)


async def test_without_a_file_the_bundle_goes_to_stdout_as_pure_json(inside: Inside) -> None:
    handoff = reserve(inside)
    ran = await inside.xlicense("handoff", "export", handoff)
    assert [request["id"] for request in json.loads(ran.out)["requests"]] == [handoff]


async def test_what_frees_licences_comes_before_what_takes_them(inside: Inside) -> None:
    taking = reserve(inside)
    inside.hold(CodeKind.RETURN, "CMcmMV-TriR2T", OTHER_SERIAL)
    params = {"return": f"return/{OTHER_SERIAL}", "product_tag": None}
    freeing = inside.park(Kind.REMOVE_INSTANCE, serial=OTHER_SERIAL, udi=OTHER_UDI, **params)
    ran = await inside.xlicense("handoff", "export")
    assert [request["id"] for request in ran.json()["requests"]] == [freeing, taking]


async def test_what_cannot_go_out_is_named_with_the_reason(inside: Inside) -> None:
    missing = inside.park(Kind.CONFIRM_RESERVATION, confirmation=f"confirmation/{SERIAL}", lines=lines(20))
    ran = await inside.xlicense("handoff", "export", "-o", "bundle.json")
    assert ran.code == 0, str(ran)
    assert f"{missing} is not in it: the code that goes in (confirmation/{SERIAL}) is not held" in ran.err
    assert not (inside.folder / "bundle.json").exists()
    unknown = await inside.xlicense("handoff", "export", "handoff-none")
    assert unknown.code == 64, str(unknown)


async def test_a_code_that_is_readable_elsewhere_only_keeps_its_hand_off_at_home(inside: Inside) -> None:
    handoff = reserve(inside)
    inside.identity.rename(inside.identity.with_name("away"))
    ran = await inside.xlicense("handoff", "export", "-o", "bundle.json")
    assert ran.code == 9, str(ran)
    assert f"{handoff} is not in it: a code that goes in is not readable here" in ran.err
