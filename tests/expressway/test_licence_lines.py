"""The licence block field by field: which lines it comes from, and where it is not known."""

from __future__ import annotations

from typing import Any

import pytest

from providers.expressway.agent_text import read_date
from providers.expressway.licence import read_licence
from reconciler.model import UNKNOWN, Licence, RegistrationStatus, Usage

R = RegistrationStatus
UNREGISTERED = ("Registration:", "Status: UNREGISTERED")
REGISTERED = ("Registration:", "Status: REGISTERED")
EVALUATING = ("License Authorization:", "Status: EVAL MODE")


def read(*lines: str) -> Licence:
    return read_licence(lines)


def field(name: str, *lines: str) -> Any:
    return getattr(read(*lines), name)


# --- registration and authorization --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "registration", "unrecognised"),
    [
        (("Smart Licensing is DISABLED",), R.UNREGISTERED, ()),
        (("Smart Licensing is DISABLED", "*s/end"), R.UNREGISTERED, ()),
        (("So Smart Licensing is DISABLED",), UNKNOWN, ()),
        (("Smart Licensing is DISABLED", "Transport:"), UNKNOWN, ()),
        (("Smart Licensing is DISABLED", "\x00"), UNKNOWN, ()),
        (("Smart Licensing is ENABLED",), UNKNOWN, ()),
        (("Smart Licensing is DISABLED", *REGISTERED), R.REGISTERED, ()),
        (("Registration:", "Registration status: REGISTERED"), R.REGISTERED, ()),
        (("Registration:", "Status: REGISTERED", "Registration status: REGISTERED"), R.REGISTERED, ()),
        (("Registration:", "Status: HIBERNATING"), UNKNOWN, ("registration: HIBERNATING",)),
        (
            (*UNREGISTERED, "Reservation Info", "Reservation status: SPECIFIC INSTALLED"),
            UNKNOWN,
            ("registration: UNREGISTERED, beside another word on its reservation",),
        ),
    ],
)
def test_the_registration_and_what_was_not_understood_of_it(
    lines: tuple[str, ...], registration: Any, unrecognised: tuple[str, ...]
) -> None:
    licence = read(*lines)
    assert (licence.registration, licence.unrecognised) == (registration, unrecognised)


def test_what_was_not_understood_is_told_once_each_in_the_order_of_the_fields() -> None:
    licence = read(
        "Smart Licensing is SLEEPING",
        "License Reservation is SLEEPING",
        *("Registration:", "Status: A", "Status: B", "Status: A"),
        *("Authorization:", "License authorization status: C"),
    )
    assert licence.unrecognised == (
        "Smart Licensing is SLEEPING",
        "registration: A",
        "registration: B",
        "authorization: C",
        "License Reservation is SLEEPING",
    )
    assert (licence.registration_text, licence.authorization_text) == ("", "C")


def test_one_switch_that_is_known_does_not_speak_for_the_other() -> None:
    licence = read("License Reservation is ENABLED", "Smart Licensing is DISABLED")
    assert (licence.enabled, licence.reservation_enabled) == (False, True)


# --- the evaluation clock ------------------------------------------------------------------------------

CLOCK = "Evaluation Period Remaining: 3 days"


@pytest.mark.parametrize(
    "title",
    [
        "License Authorization:",
        "Evaluation Period:",
        "Smart Licensing Status",
        "Registration:",
        "License Usage",
    ],
)
def test_the_clock_is_read_in_each_section_where_releases_print_it(title: str) -> None:
    assert field("evaluation_seconds", *UNREGISTERED, *EVALUATING, title, CLOCK) == 259_200


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ((*UNREGISTERED, *EVALUATING, CLOCK, "Utility:", "Evaluation Period Remaining: 4 days"), 259_200),
        ((*UNREGISTERED, *EVALUATING, CLOCK, CLOCK), 259_200),
        ((*UNREGISTERED, *EVALUATING, CLOCK, "Evaluation Period Remaining: 4 days"), UNKNOWN),
        ((*UNREGISTERED, *EVALUATING, "Evaluation Period Remaining: a while"), UNKNOWN),
        ((*UNREGISTERED, *EVALUATING, CLOCK, "Evaluation Period Remaining: a while"), UNKNOWN),
        ((*UNREGISTERED, "License Authorization:", "Status: EVAL EXPIRED"), 0),
        ((*UNREGISTERED, "License Authorization:", "Status: EVAL EXPIRED", CLOCK), UNKNOWN),
        ((*UNREGISTERED, *EVALUATING, "EVALUATION PERIOD EXPIRED on Jan 2 2026"), 0),
        ((*UNREGISTERED, "Evaluation Period:", "Eval expired"), 0),
        ((*UNREGISTERED, "Evaluation Period:", "The eval expired"), UNKNOWN),
        ((*UNREGISTERED, "Utility:", "Eval expired"), UNKNOWN),
        ((*REGISTERED, "License Authorization:", "Status: AUTHORIZED"), None),
        ((*REGISTERED, "License Authorization:", "Status: OUT OF COMPLIANCE"), None),
        ((*REGISTERED, "License Authorization:", "Status: AUTHORIZED", "\x00"), UNKNOWN),
        ((*REGISTERED, "License Authorization:", "Status: HIBERNATING"), UNKNOWN),
        ((*REGISTERED, *EVALUATING), UNKNOWN),
        (REGISTERED, UNKNOWN),
        ((*UNREGISTERED, "License Authorization:", "Status: NO LICENSES IN USE"), UNKNOWN),
        (("Registration:", "Status: REGISTRATION FAILED", "Authorization:", "Status: AUTHORIZED"), UNKNOWN),
    ],
)
def test_how_much_evaluation_is_left(lines: tuple[str, ...], seconds: Any) -> None:
    assert field("evaluation_seconds", *lines) == seconds


# --- accounts, export, failure -------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["Smart Account", "Virtual Account"])
@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ((*REGISTERED, "{}: Expressway EMEA"), "Expressway EMEA"),
        ((*REGISTERED, "{}: <none>"), None),
        ((*REGISTERED, "{}: N/A"), None),
        ((*REGISTERED, "{}: Not Set"), None),
        ((*REGISTERED, "{}:"), None),
        ((*REGISTERED, "{}: A", "{}: A"), "A"),
        ((*REGISTERED, "{}: A", "{}: B"), UNKNOWN),
        (REGISTERED, UNKNOWN),
        (UNREGISTERED, None),
        ((*UNREGISTERED, "\x00"), UNKNOWN),
        (("Registration:", "Status: REGISTRATION FAILED"), UNKNOWN),
        ((*REGISTERED, "Utility:", "{}: A"), UNKNOWN),
    ],
)
def test_an_account_is_named_in_the_registration(key: str, lines: tuple[str, ...], name: Any) -> None:
    shown = tuple(line.format(key) for line in lines)
    assert field(key.lower().replace(" ", "_"), *shown) == name


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        ((*REGISTERED, "Export-Controlled Functionality: ALLOWED"), True),
        ((*REGISTERED, "Export-Controlled Functionality: Not Allowed"), False),
        ((*REGISTERED, "Export Controlled Functionality: NOT ALLOWED"), False),
        ((*REGISTERED, "Export-Controlled Functionality: MAYBE"), UNKNOWN),
        (
            (*REGISTERED, "Export-Controlled Functionality: ALLOWED", "Export Controlled Functionality: x"),
            UNKNOWN,
        ),
        (REGISTERED, UNKNOWN),
        (UNREGISTERED, None),
    ],
)
def test_export_control_is_allowed_or_not(lines: tuple[str, ...], allowed: Any) -> None:
    assert field("export_controlled", *lines) is allowed


BECAUSE = "Failed because of the following reason: no token"


@pytest.mark.parametrize(
    ("lines", "failure"),
    [
        ((*REGISTERED, BECAUSE), BECAUSE),
        ((*REGISTERED, "Failure reason: none", "Failure reason: no route"), "no route"),
        ((*REGISTERED, "Reason: no route"), "no route"),
        ((*REGISTERED, "Last renewal attempt: Failed on Jan 2"), "last renewal attempt: Failed on Jan 2"),
        ((*REGISTERED, "Last renewal attempt: It did not FAILED"), None),
        (("Registration:", "Status: FAILED"), None),
        ((*EVALUATING, "Try: FAILED", *UNREGISTERED, "Try: FAILED twice"), "try: FAILED twice"),
        ((*EVALUATING, "Reason: later", *UNREGISTERED, "Last attempt: FAILED"), "later"),
        (("Reason: first of all",), "first of all"),
        (("Utility:", "Reason: something else"), None),
    ],
)  # fmt: skip
def test_the_sentence_about_the_last_failure_is_the_nodes_own(
    lines: tuple[str, ...], failure: str | None
) -> None:
    assert field("failure", *lines) == failure


# --- privacy, transport, proxy -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "hidden"),
    [
        (("Sending Hostname: yes",), False),
        (("Sending Hostname: no",), True),
        (("Hostname privacy: ENABLED",), True),
        (("Smart Licensing hostname privacy: DISABLED",), False),
        (("Sending Hostname: yes", "Hostname privacy: DISABLED"), False),
        (("Sending Hostname: no", "Hostname privacy: ENABLED"), True),
        (("Sending Hostname: yes", "Hostname privacy: ENABLED"), UNKNOWN),
        (("Sending Hostname: perhaps", "Hostname privacy: ENABLED"), True),
        (("Version privacy: ENABLED",), UNKNOWN),
    ],
)
def test_a_host_name_that_is_sent_is_not_hidden(lines: tuple[str, ...], hidden: Any) -> None:
    assert field("hostname_hidden", "Data Privacy:", *lines) is hidden


@pytest.mark.parametrize(("value", "hidden"), [("ENABLED", True), ("DISABLED", False), ("PERHAPS", UNKNOWN)])
def test_the_version_is_hidden_or_not(value: str, hidden: Any) -> None:
    assert field("version_hidden", "Data Privacy:", f"Version privacy: {value}") is hidden


@pytest.mark.parametrize(
    ("lines", "url"),
    [
        (("URL: https://a/",), "https://a/"),
        (("Registration URL: https://a/",), "https://a/"),
        (("Smart URL: https://a/",), "https://a/"),
        (("URL: Not Configured",), None),
        (("URL:",), None),
        (("URL: https://a/", "Registration URL: https://b/"), UNKNOWN),
        (("Type: Smart",), UNKNOWN),
    ],
)
def test_the_transport_has_one_url(lines: tuple[str, ...], url: Any) -> None:
    assert field("transport_url", "Transport:", *lines) == url


@pytest.mark.parametrize(
    ("lines", "proxy"),
    [
        (("Transport:", "Proxy: Not Configured"), None),
        (("Transport:", "Proxy: p.example.com:80"), "p.example.com:80"),
        (("Transport:", "Proxy: [2001:db8::1]:80"), "[2001:db8::1]:80"),
        (("Transport:", "Proxy: p.example.com"), UNKNOWN),
        (("Transport:", "Proxy: p.example.com:800000"), UNKNOWN),
        (("Proxy:", "p.example.com:80"), "p.example.com:80"),
        (("Proxy:", "a", "b"), UNKNOWN),
        (("Proxy:", "Proxy: none"), None),
        (("Proxy:", "Address: p", "Port: 80"), "p:80"),
        (("Proxy:", "Host: p", "Proxy port: 80"), "p:80"),
        (("Proxy:", "Hostname: p", "Port: 80"), "p:80"),
        (("Proxy:", "IP address: 192.0.2.1", "Port: 80"), "192.0.2.1:80"),
        (("Proxy:", "Proxy address: p", "Server: p", "Port: 80"), "p:80"),
        (("Proxy:", "Proxy address: p", "Port: 80"), "p:80"),
        (("Proxy:", "Server: p", "Port: 80"), "p:80"),
        (("Proxy:", "Address: <empty>", "Port: 80"), None),
        (("Proxy:", "Address: p"), UNKNOWN),
        (("Proxy:", "Port: 80"), UNKNOWN),
        (("Proxy:", "Address: p", "Port: any"), UNKNOWN),
        (("Proxy:", "Address: p", "Address: q", "Port: 80"), UNKNOWN),
        (("Transport:", "Proxy: none", "\x00"), UNKNOWN),
        (("Transport:", "URL: x"), UNKNOWN),
        (("Utility:", "Proxy: none"), UNKNOWN),
        (("Registration:", "Proxy: none"), UNKNOWN),
        ((), UNKNOWN),
    ],
)
def test_a_proxy_is_a_host_and_a_port_or_is_not_configured(lines: tuple[str, ...], proxy: Any) -> None:
    assert field("proxy", *lines) == proxy


# --- what is used, who it is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "usage"),
    [
        (("RMS (tag.rms):", "Count: 3", "Status: AUTHORIZED"), (Usage("RMS", "tag.rms", 3, "AUTHORIZED"),)),
        (("RMS (12.x) (tag):", "Count: 3"), (Usage("RMS (12.x)", "tag", 3, ""),)),
        (("RMS:", "Count: 3"), (Usage("RMS", None, 3, ""),)),
        (("RMS (tag)", "Version: 1", "Status: OUT"), (Usage("RMS", "tag", UNKNOWN, "OUT"),)),
        (("RMS (tag)", "Count: many"), (Usage("RMS", "tag", UNKNOWN, ""),)),
        (("RMS (tag)", "Count: 123456789"), (Usage("RMS", "tag", 123_456_789, ""),)),
        (("RMS (tag)", "Count: 1234567890"), (Usage("RMS", "tag", UNKNOWN, ""),)),
        (("RMS (tag)", "Count: ３"), (Usage("RMS", "tag", UNKNOWN, ""),)),
        (("RMS (tag)", "Count: 3", "Count: 4"), (Usage("RMS", "tag", 3, ""),)),
        (("Count: 3", "RMS (tag)"), ()),
        (("RMS (tag)", "Other: x", "Count: 3"), (Usage("RMS", "tag", 3, ""),)),
        (("RMS (tag)",), ()),
        (("No licenses in use",), ()),
        ((f"{'x' * 90}:", "Count: 3"), (Usage("x" * 90, None, 3, ""),)),
        ((f"{'x' * 91}:", "Count: 3"), ()),
        (
            ("A (a):", "Description: An odd (one)", "Count: 1",
             "B:", "Reservation: no", "C (c)", "Reserved: 1"),
            (Usage("A", "a", 1, ""), Usage("B", None, UNKNOWN, ""), Usage("C", "c", UNKNOWN, "")),
        ),
        (
            ("A (a):", "Export status: x", "Feature name: n (m)", "Feature description: d (e)", "B (b):",
             "Enforcement type: IN (C)", "License type: Perpetual (all)", "Count: 2"),
            (Usage("A", "a", UNKNOWN, ""), Usage("B", "b", 2, "")),
        ),
    ],
)  # fmt: skip
def test_each_licence_in_use_is_a_title_with_its_count_and_status(
    lines: tuple[str, ...], usage: tuple[Usage, ...]
) -> None:
    assert field("usage", "License Usage", *lines) == usage


@pytest.mark.parametrize(
    ("lines", "udi"),
    [
        (("Product Information", "UDI: PID:EXPY,SN:0E4D1FA5"), "PID:EXPY,SN:0E4D1FA5"),
        (("UDI: PID:EXPY", "Product Information", "UDI: PID:EXPY"), "PID:EXPY"),
        (("UDI: PID:EXPY", "Product Information", "UDI: PID:OTHER"), UNKNOWN),
        (REGISTERED, UNKNOWN),
    ],
)
def test_the_device_is_named_once(lines: tuple[str, ...], udi: Any) -> None:
    assert field("udi", *lines) == udi


def test_the_dates_stand_in_their_own_sections() -> None:
    when = "Jan 2 2026 03:04:05 UTC"
    licence = read(
        *REGISTERED,
        f"Registration Expires: {when}",
        *("License Authorization:", "Status: AUTHORIZED", f"Communication Deadline: {when}"),
    )
    assert licence.registration_expires == licence.communication_deadline == read_date(when) is not None
    swapped = read(
        "Registration:", f"Communication Deadline: {when}", "Authorization:", f"Registration Expires: {when}"
    )
    assert swapped.registration_expires is swapped.communication_deadline is None
