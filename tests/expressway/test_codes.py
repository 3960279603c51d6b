"""Codes in replies: found in every documented wording, never from damage, never in part."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from providers.expressway.codes import hide_codes, read_code
from reconciler.model import CodeKind

from .played import TRANSCRIPTS
from .test_authorization import RMS, code

RETURN = "CMcmMV-TriR2T-hKD6pi-c3h43U-sT8Hzx-6CRCjt-9J1GRA-6wZEnV-M2u"
UCM_REQUEST = "P:UCM,S:cc920,U:e53fc968-0253-4d61-a355-ba908a6cc920"
IOS_REQUEST = "CB-ZC9300-24UX:FCW2134L0RN-AK9A6sMTr-86"
KINDS = [CodeKind.REQUEST, CodeKind.CONFIRMATION, CodeKind.RETURN]


def reply(*lines: str, end: str = "OK") -> bytes:
    return "".join(f"{line}\r\n" for line in ("", *lines, "", end)).encode()


REPLIES = [
    (CodeKind.RETURN, RETURN, ("Enter the following return code into the CSSM:", RETURN)),
    (CodeKind.RETURN, RETURN, ("Enter this return code in Cisco Smart Software Manager portal:",
                               "UDI: PID:EXPY,SN:0E4D1FA5", f"    Return code: {RETURN}")),
    (CodeKind.RETURN, RETURN, ("Enter this return code in Cisco Smart Software Manager portal:", RETURN)),
    (CodeKind.RETURN, RETURN, (f"{RETURN} is generated.",)),
    (CodeKind.RETURN, RETURN, (f"<{RETURN}> is generated.",)),
    (CodeKind.RETURN, RETURN, (f"Reservation Return Code: {RETURN} is generated.",)),
    (CodeKind.RETURN, RETURN, (f'Return code "{RETURN}" must be entered in CSSM.',)),
    (CodeKind.RETURN, RETURN, (f"{RETURN} is the reservation return code.",)),
    (CodeKind.RETURN, RETURN, (RETURN,)),
    (CodeKind.RETURN, "opaque!code", ("Return code: opaque!code",)),
    (CodeKind.CONFIRMATION, "3311aaea", ("Authorization code installed.",
                                         "Please enter the confirmation code to CSSM account: 3311aaea")),
    (CodeKind.CONFIRMATION, "deadbeef", ("Confirmation code: deadbeef",)),
    (CodeKind.CONFIRMATION, "3311aaea", ("The confirmation code is 3311aaea.",)),
    (CodeKind.CONFIRMATION, "3311aaea", ("Last Confirmation code: 3311aaea", "Confirmation code:",
                                         "3311aaea")),
    (CodeKind.CONFIRMATION, "3311aaea", ("Authorization code installed.", "3311aaea")),
    (CodeKind.REQUEST, UCM_REQUEST, (UCM_REQUEST,)),
    (CodeKind.REQUEST, UCM_REQUEST, ("Reservation Request Code:", UCM_REQUEST)),
    (CodeKind.REQUEST, IOS_REQUEST, ("Enter this request code in the Cisco Smart Software Manager portal:",
                                     IOS_REQUEST)),
    (CodeKind.REQUEST, IOS_REQUEST, ("Enter this request code in the Cisco Smart Software Manager portal:",
                                     "UDI: PID:C9300-24UX,SN:FCW2134L0RN",
                                     f"    Request code: {IOS_REQUEST}")),
    (CodeKind.REQUEST, IOS_REQUEST, (f"Request code (see https://software.cisco.com): {IOS_REQUEST}",)),
    (CodeKind.REQUEST, IOS_REQUEST, ("Enter the request code at https://software.cisco.com", IOS_REQUEST)),
    (CodeKind.REQUEST, IOS_REQUEST, ("*r ReservationRequestResult (status=OK): /",
                                     f'  RequestCode: "{IOS_REQUEST}"', "*r/end")),
    (CodeKind.REQUEST, IOS_REQUEST, (f"{IOS_REQUEST} is generated.",)),
]  # fmt: skip


RECORDED = {
    "reservation-request": (CodeKind.REQUEST, "CB-ZEXPY:0E4D1FA5-AK9A6sMTr-86"),
    "reservation-request-ucm": (CodeKind.REQUEST, UCM_REQUEST),
    "reservation-request-catalyst": (CodeKind.REQUEST, IOS_REQUEST),
    "reservation-install-first": (CodeKind.CONFIRMATION, "5c2b17e0"),
    "reservation-install-update": (CodeKind.CONFIRMATION, "3311aaea"),
    "reservation-return": (CodeKind.RETURN, RETURN),
    "reservation-return-authorization": (CodeKind.RETURN, RETURN),
    "reservation-cancel": (CodeKind.REQUEST, None),
}


@pytest.mark.parametrize("name", RECORDED)
def test_each_transcript_gives_its_code_and_no_other(name):
    """Which kind a code without a name is, only the command tells."""
    data = (TRANSCRIPTS / "X14.3.1" / f"{name}.txt").read_bytes()
    kind, value = RECORDED[name]
    assert read_code(kind, data) == value
    unnamed = {CodeKind.REQUEST, CodeKind.RETURN} if b"code" not in data.lower() else {kind}
    assert {read_code(other, data) for other in CodeKind if other not in unnamed} == {None}


@pytest.mark.parametrize(("kind", "value", "lines"), REPLIES)
def test_a_code_is_found_in_every_wording_of_the_family(kind, value, lines):
    assert read_code(kind, reply(*lines)) == value


@pytest.mark.parametrize(("kind", "value", "lines"), REPLIES)
def test_echo_prompts_colours_and_answers_to_blank_lines_do_not_matter(kind, value, lines):
    command = b'tsh> xCommand License Smart Reservation Install "<specificPLR>1-2-3</specificPLR>"\r\n'
    noise = b"OK\r\n\r\n" + command + b"\x1b[1m" + reply(*lines, "tsh>") + b"\x07~ # "
    assert read_code(kind, noise) == value
    assert read_code(kind, noise.replace(b"\r\n", b"\n")) == value


@pytest.mark.parametrize(("kind", "value", "lines"), REPLIES)
def test_a_reply_that_did_not_end_gives_no_code_wherever_it_stops(kind, value, lines):
    data = reply(*lines)
    for length in range(data.rindex(b"OK") + len(b"OK")):
        assert read_code(kind, data[:length]) is None
    assert read_code(kind, data) == value


@pytest.mark.parametrize(("kind", "value", "lines"), REPLIES)
def test_a_code_that_is_cut_in_two_is_no_code(kind, value, lines):
    for at in range(1, len(value)):
        for fold in ("\r\n", "\r", "\n", " ", "\x1b[K"):
            cut = value[:at] + fold + value[at:]
            found = read_code(kind, reply(*lines).replace(value.encode(), cut.encode()))
            assert found is None, (fold, at)


@pytest.mark.parametrize(("kind", "value", "lines"), REPLIES)
def test_a_damaged_reply_gives_no_code(kind, value, lines):
    data = reply(*lines)
    for at in range(len(data)):
        for damage in (b"\x00", b"\xff", b"\x1b"):
            assert read_code(kind, data[:at] + damage + data[at:]) in {None, value}
    assert (
        read_code(kind, data.replace(value.encode(), value[:4].encode() + b"\x00" + value[4:].encode()))
        is None
    )


@pytest.mark.parametrize("end", ["ERROR", "ERROR: no", "Command not recognized."])
def test_a_refusal_gives_no_code(end):
    assert read_code(CodeKind.RETURN, reply(f"Return code: {RETURN}", end=end)) is None


def test_two_codes_that_differ_are_none_and_the_same_one_twice_is_one():
    one, two = "Confirmation code: 3311aaea", "Confirmation code: 4422bbeb"
    assert read_code(CodeKind.CONFIRMATION, reply(one, two)) is None
    assert read_code(CodeKind.CONFIRMATION, reply(one, one)) == "3311aaea"


def test_a_code_of_another_kind_is_not_taken():
    assert read_code(CodeKind.RETURN, reply("Confirmation code: 3311aaea")) is None
    assert read_code(CodeKind.CONFIRMATION, reply("Enter the following return code:", RETURN)) is None
    assert read_code(CodeKind.REQUEST, reply(f"{RETURN} is the return code")) is None


@pytest.mark.parametrize(
    "lines",
    [
        ("Authorization code installed.",),
        ("Confirmation code: <none>",),
        ("Confirmation code: n/a",),
        ("No confirmation code is needed.",),
        ("Reservation Request Code is generated.",),
        ("Return code: 0",),
        ('Confirmation code: "3311aaea',),
        ("Request codes are kept", "in the portal"),
        ("UDI: PID:EXPY,SN:0E4D1FA5",),
        (),
    ],
)
def test_words_are_not_taken_for_codes(lines):
    for kind in KINDS:
        assert read_code(kind, reply(*lines)) is None


Q = "CB-ZEXPY:0E4D1FA5-AK9A6sMTr-86"
OPAQUE = "opaque!code"
"""Nothing but its name says that this is a code."""


def only(kind, value, *lines):
    assert read_code(kind, reply(*lines)) == value, lines


@pytest.mark.parametrize(
    "text",
    [
        "Return code: {}", "Return_code: {}", "RETURNCODE = {}", "Return code:{}", "Return code is: {}",
        "Return code for the portal: {}", "Return code: {}.", "Return code: {};", 'Return code: "{}"',
        "Return code: '{}'", "Return code: <{}>", 'Return code: "{}".', "Return code: {} is for CSSM.",
        "The new return code:    {}", "Return code: {} must be entered",
    ],
)  # fmt: skip
def test_a_colon_leads_to_a_code_whatever_it_looks_like(text):
    only(CodeKind.RETURN, OPAQUE, text.format(OPAQUE))
    only(CodeKind.RETURN, RETURN, text.format(RETURN))


@pytest.mark.parametrize(
    "text",
    [
        "Return code {}", "Return code is {}", "Return code {} must be kept", "{} is the return code",
        "{} is your return code", "{} is the new return code.", "{} is generated.", "{} was generated",
        "{} has been generated.", "{}",
    ],
)  # fmt: skip
def test_without_a_colon_only_what_looks_like_a_code_is_one(text):
    only(CodeKind.RETURN, RETURN, text.format(RETURN))
    only(CodeKind.RETURN, None, text.format(OPAQUE))
    only(CodeKind.RETURN, None, text.format(f"{RETURN}!"))
    only(CodeKind.RETURN, None, text.format(f"!{RETURN}"))


@pytest.mark.parametrize(
    "text",
    [
        "Return code: {} 12", "Return code: {} is for CSSM 8.", "Return code: {} for you",
        "Return code {} and more 12", "Return code {} abc", "see {} is the return code",
        "Return code 5: {}", "Return code (of 2): {}", "Return code a: {}", "Return code (for it):{}",
        'Return code: {}"', 'Return code: "{}', "Return code: <{}", "Return code: {}>",
        "Return code: '{}", "Return code: {}'", "Return code: https:{}", "Return code: UDI:{}",
        "Return code: PID:{}", "Return code: ID:{}", "Return code: *{}", "Return code: ={}",
        "Return code: a,SN:{}", "Return codes: {}", "Return code2: {}", "{} is generated by CSSM",
    ],
)  # fmt: skip
@pytest.mark.parametrize("code", [RETURN, OPAQUE])
def test_what_stands_in_another_sentence_or_is_half_quoted_is_no_code(text, code):
    only(CodeKind.RETURN, None, text.format(code))


@pytest.mark.parametrize("text", ["Return code: {}", "Return code:\r\n{}", "{}\r\nReturn code: 0"])
@pytest.mark.parametrize("value", ["abcde", 'opa"que!code', "opa'que!code", "opa<que!code", "=========", '"'])
def test_a_word_that_is_short_or_holds_a_quote_is_no_code(text, value):
    only(CodeKind.RETURN, None, text.format(value))
    only(CodeKind.RETURN, "abcdef", "Return code: abcdef")


@pytest.mark.parametrize(
    "none", ["none", "<none>", "None.", "n/a", "pending", "not available", "12", "<0>", "unknown"]
)
def test_a_code_that_is_said_not_to_be_there_does_not_hide_another(none):
    only(CodeKind.RETURN, None, f"Return code: {none}")
    only(CodeKind.RETURN, RETURN, f"Return code: {none}", f"Last return code: {RETURN}")
    only(CodeKind.RETURN, RETURN, f"Return code: {none}", "half", f"Last return code: {RETURN}")


@pytest.mark.parametrize("damaged", ["two words", "none of it", "1234 5", "abc", "pending it is"])
def test_a_named_code_that_cannot_be_read_leaves_none(damaged):
    only(CodeKind.RETURN, None, f"Return code: {damaged}", f"Last return code: {RETURN}")


@pytest.mark.parametrize(
    ("announced", "opaque"),
    [
        ("Return code:", True),
        ("Return code for the portal:", True),
        ("Return code", False),
        ("Return code is generated", False),
        ("Return code was made", False),
        ("Enter the return code", False),
    ],
)
def test_an_announced_code_stands_on_the_next_line(announced, opaque):
    only(CodeKind.RETURN, RETURN, announced, RETURN)
    only(CodeKind.RETURN, OPAQUE if opaque else None, announced, OPAQUE)
    only(CodeKind.RETURN, None, announced)
    only(CodeKind.RETURN, None, announced, "UDI: PID:EXPY,SN:0E4D1FA5")
    only(CodeKind.RETURN, None, "Then go on with it", RETURN, announced)


@pytest.mark.parametrize("text", ["Return code is as follows", "Return code has 4 parts", "Return code is 4"])
def test_a_sentence_that_goes_on_announces_nothing(text):
    only(CodeKind.RETURN, None, text, RETURN)


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("Then go on with it", True),
        ("Go on.", True),
        ("Well done!", True),
        ("*r/end", True),
        ("=====", True),
        ("UDI: PID:EXPY,SN:1", True),
        ("PID:EXPY", True),
        ("Confirmation code: abcdef", True),
        ("Confirmation code", True),
        ("Then go on", True),
        ("Now use 3311 there", True),
        ("It was generated here.", True),
        (OPAQUE, True),
        ("go on", False),
        ("Done.", False),
        ("more!of!it", False),
        ("Go 2 the portal", False),
        ("it was generated", False),
        ("abc-def is generated.", False),
    ],
)
def test_a_line_below_that_could_be_the_rest_of_a_code_makes_it_none(line, ends):
    only(CodeKind.RETURN, OPAQUE if ends else None, f"Return code: {OPAQUE}", line)


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("Enter it here:", True),
        ("Well done!", True),
        ("Go on.", True),
        ("*r Result: /", True),
        ("==", True),
        ("UDI: x", True),
        ("PID:EXPY", True),
        ("It was generated here.", True),
        ("half", False),
        ("Sentence:", False),
        ("Then go on with it", False),
        ("Enter it at 5:", False),
        ("it was generated.", False),
    ],
)
@pytest.mark.parametrize("text", ["{}", "{} is generated."])
def test_a_line_above_that_could_be_its_beginning_makes_a_code_none(line, ends, text):
    only(CodeKind.RETURN, RETURN if ends else None, line, text.format(RETURN))
    named = f"{RETURN} is the return code"
    only(CodeKind.RETURN, RETURN if ends else None, line, named)
    only(CodeKind.RETURN, OPAQUE, line, f"Return code: {OPAQUE}")


@pytest.mark.parametrize(
    ("kind", "value", "fits"),
    [
        (CodeKind.CONFIRMATION, "3311aaea", True),
        (CodeKind.CONFIRMATION, "123456", True),
        (CodeKind.CONFIRMATION, "1" * 16, True),
        (CodeKind.CONFIRMATION, "1" * 17, False),
        (CodeKind.CONFIRMATION, "deadbeef", False),
        (CodeKind.CONFIRMATION, "33-11aaea", False),
        (CodeKind.REQUEST, Q, True),
        (CodeKind.REQUEST, "a1-b2c3", True),
        (CodeKind.REQUEST, "abc-def", False),
        (CodeKind.REQUEST, "12345678", False),
        (CodeKind.REQUEST, "-a1-b2c3", False),
        (CodeKind.RETURN, "ab-cd-ef", True),
        (CodeKind.RETURN, "abc-cdef", False),
        (CodeKind.RETURN, "a-cd-ef-gh", False),
    ],
)
def test_alone_on_its_line_a_code_has_the_shape_of_its_kind(kind, value, fits):
    only(kind, value if fits else None, value)
    only(kind, value if fits and kind is not CodeKind.CONFIRMATION else None, f"{value} is generated.")
    only(kind, None, value, "Another return code, request code or confirmation code: none")


def test_more_replies_than_an_effect_has_are_not_looked_at():
    blank = b"\r\nOK\r\n"
    assert read_code(CodeKind.RETURN, blank * 63 + reply(f"Return code: {RETURN}")) == RETURN
    assert read_code(CodeKind.RETURN, blank * 64 + reply(f"Return code: {RETURN}")) is None


def test_a_block_that_the_node_did_not_close_ends_with_the_last_line_that_came():
    begun = b"*r ReservationReturnResult: /\r\n  ReturnCode: " + RETURN.encode()
    assert read_code(CodeKind.RETURN, begun + b"\r\nOK\r\n") == RETURN
    assert read_code(CodeKind.RETURN, begun + b"\r\n") is None
    assert read_code(CodeKind.RETURN, begun + b"\r\nERROR\r\n") is None


@pytest.mark.parametrize(
    "noise",
    [
        "tsh> xCommand License Smart Reservation Return",
        "xstatus // license",
        "xConfiguration License Smart",
        "a# ",
        "$",
    ],
)
def test_an_echo_or_a_prompt_is_no_part_of_a_code(noise):
    only(CodeKind.RETURN, RETURN, f"Return code: {RETURN}", noise)
    only(CodeKind.RETURN, RETURN, noise, RETURN)


def test_a_line_that_only_begins_like_a_prompt_may_be_part_of_a_code():
    only(CodeKind.RETURN, None, "a#b", RETURN)
    only(CodeKind.RETURN, None, f"Return code: {RETURN}", f"{'x' * 33}#")


def test_an_authorization_code_is_a_whole_xml_text_that_the_node_printed():
    whole = code(RMS)
    assert read_code(CodeKind.AUTHORIZATION, reply("Reservation authorization code:", f"  {whole}")) == whole
    assert read_code(CodeKind.AUTHORIZATION, reply(whole[:-10])) is None
    assert read_code(CodeKind.AUTHORIZATION, reply(whole.replace("<count>", "<count>x"))) is None
    echo = f'xCommand License Smart Reservation Install "{whole}"'
    assert read_code(CodeKind.AUTHORIZATION, reply(echo, "Authorization code installed.")) is None


def test_a_token_is_never_printed():
    assert read_code(CodeKind.TOKEN, reply("token: abc-def-0123")) is None


@given(st.sampled_from(CodeKind), st.binary(max_size=400))
def test_no_bytes_make_reading_a_code_raise(kind, data):
    read_code(kind, data)


WORDS = st.sampled_from(
    ["return code", "request code", "confirmation code", ":", " ", "\r\n", "OK\r\n", "is generated.", '"',
     RETURN, IOS_REQUEST, UCM_REQUEST, "3311aaea", "UDI: PID:A,SN:B", "<", ">", "\x00", "*r X: /\r\n",
     "*r/end\r\n", "ERROR\r\n", "xCommand License ", "tsh> "]
)  # fmt: skip


@given(st.sampled_from(KINDS), st.lists(WORDS, max_size=14))
@example(CodeKind.RETURN, ["return code", ":", RETURN, RETURN, "\r\n", "OK\r\n"])
def test_a_code_is_always_a_whole_word_of_a_reply_that_ended(kind, words):
    data = "".join(words).encode()
    found = read_code(kind, data)
    assert found is None or (found.encode() in data and b"OK" in data and " " not in found)


@given(
    st.sampled_from(REPLIES),
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from([b"\r\n", b"\r", b" ", b"\x00", b"\xc3", b'"'])),
        max_size=3,
    ),
)
def test_whatever_noise_gets_in_the_code_is_whole_or_none(case, noise):
    kind, value, lines = case
    data = bytearray(reply(*lines))
    for at, junk in noise:
        data[at:at] = junk
    found = read_code(kind, bytes(data))
    assert found in {None, value}


@pytest.mark.parametrize("value", [RETURN, UCM_REQUEST, IOS_REQUEST, "3311aaea", code(RMS)])
def test_what_is_shown_of_a_reply_holds_no_code(value):
    assert value not in hide_codes(f"ERROR: the code {value} is pending")
    assert "is pending" in hide_codes("is pending")


def test_of_an_authorization_code_nothing_is_shown() -> None:
    said = "not taken: <specificPLR><note>for A</note></specificPLR>"
    assert hide_codes(said) == "not taken: <code>"
