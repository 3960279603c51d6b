"""A case file says who the instance is, what was sent and what is in doubt, and never a code."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reconciler import model as m
from reconciler.diagnosis.casefile import CaseFile, Facts, Reply, Step, case_file

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
C1 = m.Address.of_node("ams-core", "c1")
SERIAL = "0E4D3C01"
UDI = "P:Expressway,S:0E4D3C01,U:6ca07f56"
NODE = m.NodeDesired(C1, "c1", "192.0.2.11", m.SshAccess("admin", 22, "/w/known_hosts"), SERIAL)
ACCOUNT = m.AccountDesired(
    m.Address.of_account("emea"),
    "emea",
    "Expressway EMEA",
    m.Manager(m.ManagerKind.CLOUD, "legacy"),
    "acme.example",
)
ACTION = m.Action(
    "node.request:1", C1, m.Kind.REQUEST_RESERVATION, SERIAL, {}, m.Carrier.SSH, m.EffectClass.CODE, "asked"
)
EFFECT = m.OpenEffect(
    "op-1", ACTION.id, ACTION.kind.value, C1, SERIAL, m.EffectState.UNKNOWN, NOW, "run-1", {}
)
STEP = Step(
    EFFECT, ACTION, True, "the connection was lost",
    events=((NOW, "intent", ""), (NOW, "sending", "")),
    commands=("xcommand license Smart reservation request",),
    replies=(Reply(NOW, 412),),
)  # fmt: skip
FACTS = Facts(NOW, "0.9", SERIAL, NODE, (ACCOUNT,), (STEP,), m.HeldState())


def rows(case: CaseFile, title: str) -> dict[str, str]:
    return dict(next(section for section in case.sections if section.title == title).rows)


def lines(case: CaseFile, title: str) -> str:
    return " ".join(next(section for section in case.sections if section.title == title).lines)


def test_it_says_who_the_instance_is_and_whose() -> None:
    who = rows(case_file(FACTS), "The product instance")
    assert (who["serial"], who["node"], who["host"]) == (SERIAL, C1, "192.0.2.11")
    assert (who["smart account"], who["virtual account"]) == ("acme.example", "Expressway EMEA")
    assert who["UDI"].startswith("not known")


def test_the_udi_that_the_node_printed_wins_over_what_was_written_down() -> None:
    told = replace(FACTS, steps=(replace(STEP, action=replace(ACTION, params={"udi": UDI})),))
    who = rows(case_file(told), "The product instance")
    assert (who["UDI"], who["UDI S"]) == (UDI, SERIAL)
    seen = m.NodeObserved(C1, NOW, licence=m.Licence(udi="P:Expressway,S:NEW"))
    looked = replace(told, observation=m.Observation(NOW, (seen,)))
    assert rows(case_file(looked), "The product instance")["UDI"] == "P:Expressway,S:NEW"


def test_what_is_in_doubt_comes_first_and_says_whether_anything_followed() -> None:
    alone = lines(case_file(FACTS), "In short")
    assert "op-1" in alone
    assert "its outcome is not known (unknown)" in alone
    assert "Nothing has been sent for it since" in alone
    later = replace(STEP, open=False, effect=replace(EFFECT, op_id="op-2", state=m.EffectState.DONE))
    assert "since" not in lines(case_file(replace(FACTS, steps=(STEP, later))), "In short")
    assert "none is in doubt" in lines(case_file(replace(FACTS, steps=(later,))), "In short")


def test_a_step_that_was_only_intended_is_told_as_not_sent() -> None:
    meant = replace(STEP, effect=replace(EFFECT, state=m.EffectState.INTENT))
    assert "and not sent" in lines(case_file(replace(FACTS, steps=(meant,))), "In short")


def test_replies_are_sizes_unless_their_bytes_were_asked_for() -> None:
    (plain,) = (s for s in case_file(FACTS).sections if s.title.startswith("Step 1"))
    assert "412 bytes, not in this file (--with-raw)" in dict(plain.rows).values()
    assert [title for title, _ in plain.blocks] == ["What was sent (codes by their names)"]
    shown = replace(STEP, replies=(Reply(NOW, 4, b"CA\xff3"),))
    (raw,) = (s for s in case_file(replace(FACTS, steps=(shown,))).sections if s.title.startswith("Step 1"))
    assert raw.blocks[-1] == ("Received 2026-11-24 09:00:00 UTC", "CA\\xff3")


def test_both_sides_are_told_as_far_as_they_are_known() -> None:
    blind = case_file(FACTS)
    assert "was not read" in lines(blind, "What the node says")
    assert "was not read" in lines(blind, "What CSSM says")
    node = m.NodeObserved(
        C1, NOW, licence=m.Licence(registration_text="REGISTERED - X", reservation_enabled=True)
    )
    instance = m.Instance("ams-c1", SERIAL.lower(), reserved=(m.ReservedLine("RMS", 20),), status="active")
    account = m.AccountObserved(ACCOUNT.address, NOW, instances=(instance,))
    case = case_file(replace(FACTS, observation=m.Observation(NOW, (node,), (account,))))
    assert rows(case, "What the node says")["registration"] == "REGISTERED - X"
    assert rows(case, "What CSSM says")["account/emea, instance"] == "ams-c1, active; reserved: 20 RMS"
    none = replace(account, instances=())
    case = case_file(replace(FACTS, observation=m.Observation(NOW, (node,), (none,))))
    assert rows(case, "What CSSM says")["account/emea, instance"] == "none with this serial"


def test_what_a_person_saw_and_what_was_handed_over_is_told_with_who_and_when() -> None:
    attested = m.Attested(ACCOUNT.address, NOW, "J. Doe", (m.Instance("ams-c1", SERIAL),))
    waiting = m.Waiting("handoff-1", "a", "account.reserve", ACCOUNT.address, SERIAL, NOW, (), ticket="CHG1")
    case = case_file(replace(FACTS, held=m.HeldState(attested=(attested,)), handoffs=(waiting,)))
    assert any("seen by J. Doe" in name for name in rows(case, "What CSSM says"))
    assert "ticket CHG1" in rows(case, "What a person was asked to do")["handoff-1"]


def test_our_own_record_is_told_with_totals() -> None:
    line = m.AuthorizedLine("tag", 20, "RMS")
    reserved = m.Reserved(SERIAL, ACCOUNT.address, m.ReservedState.UPDATE_ISSUED, NOW, (line,), udi=UDI)
    held = m.HeldState(
        reserved=(reserved,),
        requested=(m.Requested(SERIAL, NOW + timedelta(hours=1)),),
        verified=(m.Verified(C1, "registration", "registered", NOW),),
    )
    told = rows(case_file(replace(FACTS, held=held)), "What our own record says")
    assert told["totals of the last code"] == "20 RMS"
    assert told["reservation"].startswith("update issued since")
    assert "asked for 2026-11-24 10:00:00 UTC" in told["request code"]
    assert told["registration, seen 2026-11-24 09:00:00 UTC"] == "registered"


def test_codes_are_named_and_never_shown() -> None:
    code = m.HeldCode("code-1", m.CodeKind.REQUEST, f"request/{SERIAL}", C1, SERIAL, NOW, readable=False)
    told = rows(case_file(replace(FACTS, codes=(code,))), next(
        s.title for s in case_file(replace(FACTS, codes=(code,))).sections if s.title.startswith("Codes")
    ))  # fmt: skip
    assert told == {"code-1": "request code of 2026-11-24 09:00:00 UTC, not readable on this machine"}
