"""What an authorization code must say before it is typed on a node."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.expressway.authorization import check_installable, check_returnable
from reconciler.errors import Rejected

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UDI = "P:EXPY,S:0E4D1FA5,U:e53fc968"
RMS = ("rms-tag", 10, "Cisco Expressway Rich Media Session License", "")
DESK = ("desk-tag", 5, "UC Manager Enhanced License (12.x)", "")


def code(*lines: tuple[str, int, str, str], udi: str = UDI) -> str:
    """In the shape of the one published sample (UCM 12.5), with these lines."""
    entitlements = "".join(
        f"<entitlement><tag>{tag}</tag><count>{count}</count><startDate></startDate><endDate>{ends}</endDate>"
        f"<licenseType>TERM</licenseType><displayName>{name}</displayName></entitlement>"
        for tag, count, name, ends in lines
    )
    return (
        "<specificPLR><authorizationCode><flag>A</flag><version>C</version><piid>6ca07f56</piid>"
        f"<timestamp>1552292522579</timestamp><entitlements>{entitlements}</entitlements>"
        f"</authorizationCode><signature>MEYC=</signature><udi>{udi}</udi></specificPLR>"
    )


def line(tag: str | None = "rms-tag", quantity: int = 10, name: str = "") -> dict[str, object]:
    return {"entitlement": "rms", "name": name, "tag": tag, "quantity": quantity}


def params(*lines: dict[str, object], **more: object) -> dict[str, object]:
    usual = {"serial": "0E4D1FA5", "udi": "PID:EXPY,SN:0E4D1FA5", "unchecked": False, "confirms": False}
    return usual | {"lines": list(lines) or [line()]} | more


def refused(code: str, params: dict[str, object], request: str | None = None) -> str:
    with pytest.raises(Rejected) as refusal:
        check_installable("e1", code, params, request, NOW)
    assert "the code is kept" in refusal.value.message
    assert "MEYC" not in str(refusal.value)
    return refusal.value.message


def passes(code: str, params: dict[str, object], request: str | None = None) -> bool:
    check_installable("e1", code, params, request, NOW)
    return True


def test_a_code_for_this_device_with_these_totals_may_be_installed():
    assert passes(code(RMS), params())
    assert passes(code(RMS, DESK), params(line(), line("desk-tag", 5)))


# --- the device ----------------------------------------------------------------------------------------


def test_a_code_of_another_node_is_refused_with_both_identities():
    said = refused(code(RMS, udi="P:EXPY,S:0AAAAAAA,U:e53fc968"), params())
    assert "0AAAAAAA" in said
    assert "PID:EXPY,SN:0E4D1FA5" in said


def test_what_the_node_printed_counts_more_than_its_serial_number():
    assert passes(code(RMS), params(serial="SOMETHING"))


def test_a_blank_in_the_identity_makes_no_difference():
    assert passes(code(RMS), params(udi="PID:EXPY, SN:0E4D1FA5"))


def test_without_a_printed_identity_the_request_code_tells_the_device():
    request = "P:EXPY,S:0E4D1FA5,U:e53fc968"
    assert passes(code(RMS), params(udi=None, serial="X"), request)
    assert "U:other" in refused(code(RMS), params(udi=None), "P:EXPY,S:0E4D1FA5,U:other")


def test_without_either_the_serial_number_is_compared():
    assert passes(code(RMS), params(udi=None), "CE-ZEXPY:0E4D1FA5-AbC-12")
    assert "'OTHER'" in refused(code(RMS), params(udi=None, serial="OTHER"))


def test_a_device_that_cannot_be_compared_is_refused_unless_a_person_took_that_on():
    strange = code(RMS, udi="something else")
    assert "cannot be compared" in refused(strange, params())
    assert passes(strange, params(unchecked=True))


def test_a_difference_is_refused_whoever_took_on_what():
    assert refused(code(RMS, udi="S:OTHER"), params(unchecked=True))
    assert refused(code(RMS), params(line(quantity=9), unchecked=True))


# --- the lines -----------------------------------------------------------------------------------------


def test_another_quantity_is_refused_with_both():
    said = refused(code(RMS), params(line(quantity=12, name="Rich Media")))
    assert "'Rich Media' it holds 10, the plan says 12" in said


def test_a_line_that_is_missing_and_a_line_too_many_are_refused():
    assert "it holds 0, the plan says 5" in refused(code(RMS), params(line(), line("desk-tag", 5)))
    assert "it also holds 5 of 'UC Manager Enhanced" in refused(code(RMS, DESK), params())


def test_a_line_of_zero_is_no_line():
    assert passes(code(RMS, ("x", 0, "X", "")), params())
    assert passes(code(RMS), params(line(), line("y", 0)))


def test_one_entitlement_in_two_lines_counts_together():
    assert passes(code(("t", 4, "RMS", "2027-01-01"), ("t", 6, "RMS", "2028-01-01")), params(line("t", 10)))


def test_lines_without_a_tag_are_compared_by_name_in_any_case():
    assert passes(code(RMS), params(line(None, name="CISCO Expressway rich media  session license")))
    assert refused(code(RMS), params(line(None, name="Rich")))


def test_a_line_without_tag_and_name_cannot_be_compared():
    assert "has no tag" in refused(code(RMS), params(line(None)))
    assert passes(code(RMS), params(line(None), unchecked=True))


# --- dates, characters, shape --------------------------------------------------------------------------


def test_a_term_that_has_ended_is_refused_and_its_last_day_is_not():
    assert "ends '2026-Jan-01 UTC', today is 2026-01-02" in refused(
        code(("rms-tag", 10, "RMS", "2026-Jan-01 UTC")), params()
    )
    assert passes(code(("rms-tag", 10, "RMS", "2026-01-02")), params())


def test_a_date_that_cannot_be_read_is_not_taken_for_a_good_one():
    later = code(("rms-tag", 10, "RMS", "later"))
    assert "no date" in refused(later, params())
    assert passes(later, params(unchecked=True))


@pytest.mark.parametrize("mark", ['"', "\\", "\n", "\r", "\x00", "\x1b", "é", "\u2028", "`"])
def test_a_character_that_cannot_be_typed_is_refused_even_unchecked(mark):
    assert "cannot be typed" in refused(code(RMS).replace("MEYC=", f"MEYC{mark}"), params(unchecked=True))


def test_a_truncated_code_is_refused_as_not_whole():
    assert "not whole" in refused(code(RMS)[:-20], params())
    assert passes("AN-OPAQUE-CODE", params(unchecked=True))


def test_a_code_to_be_returned_must_not_be_another_node_s():
    check_returnable("e1", code(RMS), params())
    check_returnable("e1", "OPAQUE", params())
    with pytest.raises(Rejected, match="the node is 0E4D1FA5"):
        check_returnable("e1", code(RMS, udi="S:OTHER"), params())
    with pytest.raises(Rejected, match="cannot be typed"):
        check_returnable("e1", 'a"b', params())


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=20), st.booleans())
def test_nothing_but_a_refusal_ever_comes_out(text, udi, ends, unchecked):
    for value in (text, code(("rms-tag", 10, "RMS", ends), udi=udi)):
        with suppress(Rejected):
            check_installable("e1", value, params(unchecked=unchecked), udi, NOW)


# --- whole sentences -----------------------------------------------------------------------------------


def sentence(text: str) -> str:
    return f"e1: the authorization code was not used: {text}; nothing was sent, and the code is kept"


def refusal_of(value: str, params: dict[str, object], request: str | None = None) -> tuple[str, str | None]:
    with pytest.raises(Rejected) as refusal:
        check_installable("e1", value, params, request, NOW)
    return refusal.value.message, refusal.value.remedy


COMPARE = "compare it with the portal, then plan and apply with --override XL377"


@pytest.mark.parametrize(
    ("value", "params", "text", "remedy"),
    [
        (
            code(RMS, udi="something else"),
            params(),
            "it is for 'something else', the node is 'PID:EXPY,SN:0E4D1FA5', and these cannot be compared",
            COMPARE,
        ),
        (
            code(RMS, udi="S:OTHER"),
            params(udi=None),
            "it is for 'S:OTHER', the node is '0E4D1FA5'",
            None,
        ),
        (code(RMS), params(line(None)), "the entitlement 'rms' has no tag to compare it by", COMPARE),
        (
            code(RMS, ("x", 5, "", ""), ("y", 2, "Y", "")),
            params(),
            "it also holds 5 of 'x', 2 of 'Y', of which the plan says none",
            None,
        ),
        (
            code(RMS),
            params(line("other", 10)),
            "of 'other' it holds 0, the plan says 10",
            None,
        ),
        (
            code(("rms-tag", 10, "", "2026-01-01")),
            params(),
            "'rms-tag' in it ends '2026-01-01', today is 2026-01-02",
            None,
        ),
        (
            code(("rms-tag", 10, "RMS", "later")),
            params(),
            "'RMS' in it ends 'later', which is no date that can be read",
            COMPARE,
        ),
        (
            code(RMS).replace("MEYC=", "MEYC`"),
            params(),
            "it holds a character that cannot be typed safely (quote, backslash, newline or not ASCII)",
            "fetch it again as it was issued: one line, without quotes",
        ),
    ],
)
def test_a_refusal_says_both_sides_and_what_to_do(
    value: str, params: dict[str, object], text: str, remedy: str | None
) -> None:
    assert refusal_of(value, params) == (sentence(text), remedy)


def test_the_identity_that_is_shown_is_cut_to_a_line() -> None:
    said = refusal_of(code(RMS, udi=f"S:{'X' * 300}"), params())[0]
    assert f"it is for 'S:{'X' * 198}', the node is" in said


@pytest.mark.parametrize(
    ("udi", "request_code", "serial", "fits"),
    [
        ("PID:EXPY,SN:0E4D1FA5", None, "OTHER", True),
        ("no identity", None, "0E4D1FA5", True),
        ("no identity", None, "  0e4d1fa5 ", True),
        ("no identity", None, "OTHER", False),
        ("PID:EXPY,SN:0E4D1FA5", "P:EXPY,S:OTHER,U:x", "0E4D1FA5", True),
        (None, "P:EXPY,S:OTHER,U:x", "0E4D1FA5", False),
        ("", "", "0E4D1FA5", True),
    ],
)
def test_the_first_thing_that_can_be_compared_decides_about_the_device(
    udi: str | None, request_code: str | None, serial: str, fits: bool
) -> None:
    wanted = params(udi=udi, serial=serial)
    if fits:
        assert passes(code(RMS), wanted, request_code)
    else:
        assert refused(code(RMS), wanted, request_code)


def test_a_line_of_the_code_stands_for_one_line_of_the_plan() -> None:
    said = refusal_of(code(RMS), params(line(), line()))[0]
    assert said == sentence("of 'rms-tag' it holds 0, the plan says 10")


def test_every_line_of_the_code_has_its_own_end() -> None:
    ended = (("rms-tag", 4, "RMS", ""), ("rms-tag", 6, "RMS", "2025-01-01"))
    assert "ends '2025-01-01'" in refusal_of(code(*ended), params())[0]


@pytest.mark.parametrize(
    ("udi", "serial", "fits"),
    [
        (UDI, "0E4D1FA5", True),
        (UDI, " 0e4d1fa5", True),
        ("unclear", "OTHER", True),
        ("S:OTHER", "0E4D1FA5", False),
    ],
)
def test_a_code_is_given_back_by_its_own_node(udi: str, serial: str, fits: bool) -> None:
    if fits:
        check_returnable("e1", code(RMS, udi=udi), params(serial=serial))
        return
    with pytest.raises(Rejected) as refusal:
        check_returnable("e1", code(RMS, udi=udi), params(serial=serial))
    assert refusal.value.message == sentence("the code is for 'S:OTHER', the node is 0E4D1FA5")
