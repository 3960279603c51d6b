"""The licence block: transcripts to values, and no wrong value from damage."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.expressway.agent_text import authorization_status, read_date, read_span, registration_status
from providers.expressway.licence import is_licence_text, read_licence, udi_serial
from providers.expressway.wire import ReplyReader
from reconciler.model import (
    UNKNOWN,
    AuthorizationStatus,
    Licence,
    RegistrationStatus,
    Usage,
)

from .played import TRANSCRIPTS

BLOCKS = sorted(TRANSCRIPTS.glob("*/licence-*.txt"))


def read(data: bytes | str) -> Licence:
    reader = ReplyReader(["xstatus // license"])
    reader.feed(data if isinstance(data, bytes) else data.encode())
    return read_licence(reader.replies[0].lines if reader.replies else ())


def transcript(name: str) -> Licence:
    return read((TRANSCRIPTS / f"{name}.txt").read_bytes())


def test_the_one_published_transcript_of_a_registered_node_is_read_whole():
    assert transcript("X12.6/licence-registered") == Licence(
        enabled=True,
        registration=RegistrationStatus.REGISTERED,
        registration_text="REGISTERED",
        authorization=AuthorizationStatus.AUTHORIZED,
        authorization_text="AUTHORIZED on Jun 10 2020 08:02:32 UTC",
        evaluation_seconds=None,
        smart_account="petelive.cisco.com",
        virtual_account="Default",
        export_controlled=True,
        hostname_hidden=False,
        version_hidden=False,
        transport_url="https://petelive/SmartTransport",
        proxy=None,
        registration_expires=datetime(2020, 9, 11, 11, 31, 12, tzinfo=UTC),
        communication_deadline=datetime(2020, 9, 8, 7, 33, 4, tzinfo=UTC),
    )


def test_evaluation_has_its_clock_and_no_accounts():
    licence = transcript("X14.3.1/licence-evaluation")
    assert licence == Licence(
        enabled=True,
        registration=RegistrationStatus.UNREGISTERED,
        registration_text="UNREGISTERED",
        authorization=AuthorizationStatus.EVALUATION,
        authorization_text="EVAL MODE",
        evaluation_seconds=89 * 86_400 + 4 * 60 + 34,
        smart_account=None,
        virtual_account=None,
        export_controlled=False,
        hostname_hidden=False,
        version_hidden=False,
        transport_url="https://smartreceiver.cisco.com/licservice/license",
        proxy=None,
        udi="PID:EXPY,SN:0E4D1FA5",
        reservation_enabled=False,
    )


def test_a_node_that_keeps_trying_says_why_and_shows_its_proxy():
    licence = transcript("X14.2.6/licence-onprem-retrying")
    assert licence.registration is RegistrationStatus.PENDING
    assert licence.failure.endswith("following reason: HTTP Server Error 200: Operation timed out.")
    assert licence.evaluation_seconds == 12 * 86_400 + 23 * 3600 + 61
    assert licence.hostname_hidden is True
    assert licence.version_hidden is True
    assert licence.transport_url == "https://ssm.plant.example.com/"
    assert licence.proxy == "proxy.plant.example.com:8080"
    assert licence.virtual_account is UNKNOWN


def test_a_registered_node_out_of_compliance_shows_what_it_uses():
    licence = transcript("X14.3.1/licence-registered")
    assert licence.authorization is AuthorizationStatus.OUT_OF_COMPLIANCE
    assert licence.virtual_account == "Expressway EMEA"
    assert licence.usage == (
        Usage(
            "UC Manager Enhanced License (12.x)",
            "regid.2016-07.com.cisco.UCM_Enhanced,12.0_66d0d1cf-4863-4761-91d0-d01d3eb1949a",
            7,
            "AUTHORIZED",
        ),
        Usage("Cisco Expressway Rich Media Session License", "EXP_RMS", 3, "OUT OF COMPLIANCE"),
    )
    assert licence.unrecognised == ()


def test_a_failed_registration_keeps_the_reason_and_a_used_up_evaluation_is_zero():
    licence = transcript("X14.3.1/licence-failed")
    assert licence.registration is RegistrationStatus.FAILED
    assert licence.failure == "The token is invalid or expired: get a new one"
    assert licence.authorization is AuthorizationStatus.EVALUATION_EXPIRED
    assert licence.evaluation_seconds == 0
    assert licence.transport_url is None
    assert licence.proxy is None


def test_an_evaluation_period_of_its_own_can_say_that_it_expired():
    licence = transcript("X14.3.1/licence-evaluation-expired")
    assert licence.authorization is AuthorizationStatus.NO_LICENSES_IN_USE
    assert licence.evaluation_seconds == 0


def test_reservation_words_are_known():
    licence = transcript("X14.3.1/licence-reserved")
    assert licence.registration is RegistrationStatus.RESERVED_SPECIFIC
    assert licence.authorization is AuthorizationStatus.RESERVED
    assert licence.reservation_enabled is True


def test_a_requested_reservation_is_pending_and_evaluation_runs_on():
    licence = transcript("X14.3.1/licence-reservation-pending")
    assert licence.registration is RegistrationStatus.RESERVATION_PENDING
    assert licence.reservation_enabled is True
    assert licence.evaluation_seconds == 88 * 86_400 + 23 * 3_600 + 62
    assert licence.udi == "PID:EXPY,SN:0E4D1FA5"
    assert licence.reserved is UNKNOWN
    assert licence.unrecognised == ()


def test_a_list_of_what_is_reserved_is_read_with_its_tags():
    licence = transcript("X15.0/licence-reserved-listed")
    assert licence.registration is RegistrationStatus.RESERVED_SPECIFIC
    assert licence.authorization is AuthorizationStatus.NOT_AUTHORIZED_RESERVED
    assert [(line.name, line.quantity, line.tag) for line in licence.reserved] == [
        ("Cisco Expressway Rich Media Session License", 10, "regid.2026-01.com.example.RMS,14.0_0001"),
        ("UC Manager Enhanced License (12.x)", 5, "regid.2026-01.com.example.UCM_Enhanced,12.0_0002"),
    ]
    assert [(usage.name, usage.count) for usage in licence.usage] == [
        ("Cisco Expressway Rich Media Session License", 12)
    ]
    assert licence.unrecognised == ()


@pytest.mark.parametrize(
    ("listed", "reserved"),
    [
        (["RMS:", "Reserved: 4"], (("RMS", 4, None),)),
        (["RMS (t)", "Reserved count: 0"], (("RMS", 0, "t"),)),
        (["<none>"], ()),
        ([], ()),
        (["RMS (t):", "Description: a (b)"], UNKNOWN),
        (["RMS (t):", "Total reserved count: many"], UNKNOWN),
        (["RMS (t):", "Total reserved count: 1", "Total reserved count: 2"], UNKNOWN),
        (["something else"], UNKNOWN),
        (["RMS (t):", "Total reserved count: 1", "\x00"], UNKNOWN),
    ],
)
def test_a_list_of_reservations_is_known_only_whole(listed, reserved):
    shown = read_licence(["Smart Licensing is ENABLED", "Specified license reservations:", *listed]).reserved
    lines = shown if shown is UNKNOWN else tuple((line.name, line.quantity, line.tag) for line in shown)
    assert lines == reserved


@pytest.mark.parametrize(
    ("lines", "enabled"),
    [
        (["License reservation: ENABLED"], True),
        (["License Reservation is ENABLED"], True),
        (["Agent Version", "License reservation: DISABLED"], False),
        (["Reservation Info", "License reservation: ENABLED"], True),
        (["License Reservation:", "Status: DISABLED"], False),
        (["License Reservation is ENABLED", "Reservation Info", "License reservation: DISABLED"], UNKNOWN),
        (["Registration:", "Status: UNREGISTERED"], UNKNOWN),
    ],
)
def test_whether_reservation_is_enabled_may_stand_anywhere(lines, enabled):
    assert read_licence(lines).reservation_enabled is enabled


RESERVED_SPECIFIC = RegistrationStatus.RESERVED_SPECIFIC


@pytest.mark.parametrize(
    ("status", "authorization", "reservation", "seen"),
    [
        ("UNREGISTERED", "EVAL MODE", "SPECIFIC PENDING", RegistrationStatus.RESERVATION_PENDING),
        ("UNREGISTERED", "EVAL MODE", "NOT INSTALLED", RegistrationStatus.UNREGISTERED),
        ("REGISTERED", "AUTHORIZED", "NOT INSTALLED", RegistrationStatus.REGISTERED),
        ("REGISTERED", "AUTHORIZED - RESERVED", "SPECIFIC INSTALLED on Jan 02 2026", RESERVED_SPECIFIC),
        ("REGISTERED", "AUTHORIZED", "UNIVERSAL INSTALLED", RegistrationStatus.RESERVED_UNIVERSAL),
        ("REGISTERED - SPECIFIC LICENSE RESERVATION", "AUTHORIZED", "RETURN PENDING", RESERVED_SPECIFIC),
        ("REGISTERED_SPECIFIC_LICENSE_RESERVATION", "AUTHORIZED_RESERVED", "", RESERVED_SPECIFIC),
        ("REGISTERED - SPECIFIC LICENSE RESERVATION", "AUTHORIZED", "NOT INSTALLED", UNKNOWN),
        ("REGISTERED - SPECIFIC LICENSE RESERVATION", "AUTHORIZED", "UNIVERSAL INSTALLED", UNKNOWN),
        ("UNREGISTERED", "EVAL MODE", "SPECIFIC INSTALLED", UNKNOWN),
        ("REGISTERED", "AUTHORIZED - RESERVED", "", UNKNOWN),
        ("UNREGISTERED", "Not Authorized - Reserved", "", UNKNOWN),
        ("RESERVATION RETURN PENDING", "EVAL MODE", "", UNKNOWN),
    ],
)
def test_a_reservation_is_seen_from_all_words_together_and_a_contradiction_is_not_known(
    status, authorization, reservation, seen
):
    lines = ["Registration:", f"Status: {status}", "License Authorization:", f"Status: {authorization}"]
    licence = read_licence([*lines, "Reservation Info", f"Reservation status: {reservation}"])
    assert licence.registration is seen
    assert bool(licence.unrecognised) is (seen is UNKNOWN)


def test_a_node_with_smart_licensing_off_is_not_registered():
    licence = transcript("X14.0.8/licence-off")
    assert licence.enabled is False
    assert licence.registration is RegistrationStatus.UNREGISTERED
    assert licence.authorization is UNKNOWN
    assert licence.unrecognised == ()


def test_words_that_nobody_knows_are_kept_and_nothing_is_guessed():
    licence = transcript("X14.3.1/licence-strange")
    assert licence.registration is UNKNOWN
    assert licence.authorization is UNKNOWN
    assert licence.unrecognised == (
        "registration: HIBERNATING",
        "authorization: AUTHORISED UNTIL FURTHER NOTICE",
    )
    assert licence.registration_text == "HIBERNATING"


def test_other_nodes_of_a_search_and_indentation_do_not_matter():
    licence = transcript("X15.0/licence-indented")
    assert licence.registration is RegistrationStatus.PENDING
    assert licence.authorization is AuthorizationStatus.EVALUATION
    assert licence.evaluation_seconds == 30 * 86_400 + 3600 + 123
    assert licence.virtual_account == "Expressway EMEA"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("REGISTERED", RegistrationStatus.REGISTERED),
        ("Registered", RegistrationStatus.REGISTERED),
        ("UNREGISTERED", RegistrationStatus.UNREGISTERED),
        ("Unregistered : Registration Expired", RegistrationStatus.EXPIRED),
        ("Unregistered : Registration Pending", RegistrationStatus.PENDING),
        ("UNREGISTERED - REGISTRATION FAILED", RegistrationStatus.FAILED),
        ("REGISTERING - REGISTRATION IN PROGRESS", RegistrationStatus.PENDING),
        ("Reservation In Progress", RegistrationStatus.RESERVATION_PENDING),
        ("UNREGISTERED - RESERVATION PENDING", RegistrationStatus.RESERVATION_PENDING),
        ("REGISTERED - SPECIFIC LICENSE RESERVATION", RegistrationStatus.RESERVED_SPECIFIC),
        ("Registered - Universal License Reservation", RegistrationStatus.RESERVED_UNIVERSAL),
        ("REGISTERED - PERMANENT LICENSE RESERVATION", RegistrationStatus.RESERVED_UNIVERSAL),
        ("REGISTERED - LICENSE RESERVATION RETURNED", None),
        ("REGISTERED on hold", None),
        ("REGISTERED, more or less", None),
        ("REGISTER", None),
        ("UNREGISTERED :", None),
        ("", None),
    ],
)
def test_registration_words(text, status):
    assert registration_status(text) is status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("AUTHORIZED on Jun 10 2020 08:02:32 UTC", AuthorizationStatus.AUTHORIZED),
        ("AUTHORIZED as of Jun 10 2020 08:02:32 UTC", AuthorizationStatus.AUTHORIZED),
        ("In Compliance", AuthorizationStatus.AUTHORIZED),
        ("Authorized-Reserved", AuthorizationStatus.RESERVED),
        ("RESERVED", None),
        ("Out-of-compliance", AuthorizationStatus.OUT_OF_COMPLIANCE),
        ("OUT OF COMPLIANCE on Jan 03 2026 04:05:06 UTC", AuthorizationStatus.OUT_OF_COMPLIANCE),
        ("Authorization Expired", AuthorizationStatus.EXPIRED),
        ("AUTHORIZATION EXPIRED on Jan 03 2026 04:05:06 UTC", AuthorizationStatus.EXPIRED),
        ("No Licenses in Use", AuthorizationStatus.NO_LICENSES_IN_USE),
        ("EVAL MODE", AuthorizationStatus.EVALUATION),
        ("Evaluation Mode", AuthorizationStatus.EVALUATION),
        ("EVAL EXPIRED", AuthorizationStatus.EVALUATION_EXPIRED),
        ("EVALUATION PERIOD EXPIRED on Dec 24 2025 10:00:00 UTC", AuthorizationStatus.EVALUATION_EXPIRED),
        ("Evaluation Expired", AuthorizationStatus.EVALUATION_EXPIRED),
        ("Authorized - Reserved", AuthorizationStatus.RESERVED),
        ("Not Authorized - Reserved", AuthorizationStatus.NOT_AUTHORIZED_RESERVED),
        ("Not Applicable", AuthorizationStatus.NOT_APPLICABLE),
        ("NOT AUTHORIZED", None),
        ("AUTHORIZED sometimes", None),
    ],
)
def test_authorization_words(text, status):
    assert authorization_status(text) is status


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("89 days, 0 hours, 4 minutes, 34 seconds", 7_689_874),
        ("1 day", 86_400),
        ("2 hr, 3 min, 4 sec", 7384),
        ("0 days, 0 hours, 0 minutes, 0 seconds", 0),
        ("some days", None),
        ("89 days and a bit", None),
        ("89 days, some hours", None),
        ("", None),
    ],
)
def test_spans(text, seconds):
    assert read_span(text) == seconds


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Sep 11 2020 11:31:12 UTC", datetime(2020, 9, 11, 11, 31, 12, tzinfo=UTC)),
        ("SUCCEEDED on September 1 2020 01:02:03 GMT", datetime(2020, 9, 1, 1, 2, 3, tzinfo=UTC)),
        ("Sep 11 2020 11:31:12 CEST", None),
        ("Feb 30 2020 11:31:12 UTC", None),
        ("Foo 11 2020 11:31:12 UTC", None),
        ("None", None),
    ],
)
def test_dates_are_aware_utc_or_nothing(text, moment):
    assert read_date(text) == moment


@pytest.mark.parametrize(
    ("udi", "serial"),
    [
        ("PID:EXPY,SN:0E4D1FA5", "0E4D1FA5"),
        ("PID:UCM,SN:37624X,UUID:6fe83addc80240bc92dc071ac7a37624", "37624X"),
        ("PID:EXPY", UNKNOWN),
        (None, UNKNOWN),
        (UNKNOWN, UNKNOWN),
    ],
)
def test_the_serial_stands_in_the_udi(udi, serial):
    assert udi_serial(udi) == serial


HEAD = (
    "Smart Licensing is ENABLED\nRegistration:\n Status: UNREGISTERED\n"
    "License Authorization:\n Status: EVAL MODE\n"
)


@pytest.mark.parametrize(
    ("tail", "proxy"),
    [
        ("Transport:\n Proxy: Not Configured\n", None),
        ("Transport:\n Proxy: p.example.com:3128\n", "p.example.com:3128"),
        ("Transport:\n Proxy:\n  Proxy address: p\n  Port: 80\n", "p:80"),
        ("Transport:\n Proxy:\n  Address: p\n", UNKNOWN),
        ("Transport:\n Proxy:\n  Address: p\n  Port: http\n", UNKNOWN),
        ("Transport:\n Proxy:\n  Address: <none>\n  Port: 0\n", None),
        ("Transport:\n Proxy: something else\n", UNKNOWN),
        ("Transport:\n Type: Smart\n", UNKNOWN),
    ],
)
def test_proxy_forms(tail, proxy):
    assert read(f"{HEAD}{tail}OK\n").proxy == proxy


@pytest.mark.parametrize(
    ("lines", "hidden"),
    [
        ("Sending Hostname: no\n", True),
        ("Smart Licensing hostname privacy: ENABLED\n", True),
        ("Sending Hostname: yes\nSmart Licensing hostname privacy: ENABLED\n", UNKNOWN),
        ("Sending Hostname: perhaps\n", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_host_name_privacy_forms(lines, hidden):
    assert read(f"{HEAD}Data Privacy:\n{lines}OK\n").hostname_hidden == hidden


def test_contradictions_are_not_known():
    twice = HEAD.replace(" Status: UNREGISTERED\n", " Status: UNREGISTERED\n Status: REGISTERED\n")
    assert read(twice + "OK\n").registration is UNKNOWN
    assert read(twice + "OK\n").unrecognised == ("registration: UNREGISTERED", "registration: REGISTERED")
    clocks = (
        HEAD
        + " Evaluation Period Remaining: 3 days\nEvaluation Period:\n EVALUATION PERIOD EXPIRED on x\nOK\n"
    )
    assert read(clocks).evaluation_seconds is UNKNOWN
    reservation = (
        "License Reservation is ENABLED\n" + HEAD + "Reservation Info\nLicense reservation: DISABLED\nOK\n"
    )
    assert read(reservation).reservation_enabled is UNKNOWN


def test_a_switch_word_that_nobody_knows_is_kept():
    licence = read(HEAD.replace("ENABLED", "SLEEPING") + "OK\n")
    assert licence.enabled is UNKNOWN
    assert licence.unrecognised == ("Smart Licensing is SLEEPING",)


def test_evaluation_without_a_readable_clock_is_not_known():
    assert read(HEAD + "OK\n").evaluation_seconds is UNKNOWN
    assert read(HEAD + " Evaluation Period Remaining: a while\nOK\n").evaluation_seconds is UNKNOWN


def test_a_reply_that_did_not_end_gives_nothing():
    data = (TRANSCRIPTS / "X14.3.1/licence-registered.txt").read_bytes()
    for cut in range(0, len(data) - 4, 7):
        assert read(data[:cut]) == Licence()


def test_a_licence_text_is_told_from_other_text():
    assert is_licence_text(["Smart Licensing is DISABLED"])
    assert is_licence_text(["Registration:"])
    assert not is_licence_text(["*s License: /", '  Traversal: "5"', "*s/end"])
    assert not is_licence_text([])


@pytest.mark.parametrize("lost", range(1, 16))
def test_a_list_of_reservations_that_lost_any_line_is_whole_or_not_known(lost):
    data = (TRANSCRIPTS / "X15.0/licence-reserved-listed.txt").read_bytes()
    lines = data.split(b"\n")
    start = next(place for place, line in enumerate(lines) if b"Specified license reservations" in line)
    kept = [line for place, line in enumerate(lines) if place != start + lost]
    assert read(b"\n".join(kept)).reserved in (read(data).reserved, UNKNOWN)


FREE = {"registration_text", "authorization_text", "failure", "usage", "unrecognised"}
DATES = {"registration_expires", "communication_deadline"}


def assert_nothing_wrong(damaged: Licence, whole: Licence) -> None:
    """Every known field of the damaged block is what the whole block says."""
    for each in fields(Licence):
        now, then = getattr(damaged, each.name), getattr(whole, each.name)
        if each.name in FREE or now is UNKNOWN or (now is None and each.name in DATES):
            continue
        if each.name == "export_controlled" and now is None:
            continue  # not printed on a node that is not registered
        assert now == then, (each.name, now, then)


def is_a_status(line: bytes) -> bool:
    """A line cut right behind another word of the vocabulary: no parser can tell, no network does it."""
    text = line.decode(errors="replace").partition("Status:")[2]
    return bool(registration_status(text) or authorization_status(text))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_known_field_never_comes_from_a_damaged_block(data):
    """Lines lost, bytes broken, lines doubled: what is still known is what the whole block said."""
    original = data.draw(st.sampled_from(BLOCKS)).read_bytes()
    lines = original.split(b"\n")[:-3]
    for _ in range(data.draw(st.integers(1, 4))):
        number = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["lose", "break", "double", "cut"]))
        line = lines[number]
        at = data.draw(st.integers(0, len(line)))
        if how == "lose":
            lines[number] = b""
        elif how == "double":
            lines.insert(number, line)
        elif how == "break":
            noise = data.draw(st.sampled_from([b"\x00", b"\xff", b"\xc3", b"\x08", b"\x7f\x01"]))
            lines[number] = line[:at] + noise + line[at + 1 :]
        elif b"Status:" in line and not is_a_status(line[:at]):
            lines[number] = line[:at]
    assert_nothing_wrong(read(b"\n".join([*lines, b"*s/end", b"OK", b""])), read(original))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=600))
def test_no_bytes_make_the_parser_raise(data):
    read(data + b"\nOK\n")
    read_licence(data.decode("latin-1").split("\n"))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([line for path in BLOCKS for line in path.read_text().split("\n")]), max_size=40)
)
def test_no_order_of_known_lines_makes_the_parser_raise(lines):
    read_licence(lines)


def test_a_pending_node_whose_account_line_is_lost_is_not_one_without_an_account():
    text = (TRANSCRIPTS / "X15.0/licence-indented.txt").read_text()
    licence = read(text.replace("           Virtual Account: Expressway EMEA\n", "").encode())
    assert licence.registration is RegistrationStatus.PENDING
    assert licence.virtual_account is UNKNOWN


@pytest.mark.parametrize("month", range(1, 13))
def test_a_date_in_every_month_is_read(month):
    written = datetime(2026, month, 11, 11, 31, 12, tzinfo=UTC)
    assert read_date(written.strftime("%b %d %Y %H:%M:%S UTC")) == written
