"""Framing, spelling and codes: bytes to replies, actions to commands."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.expressway import wire
from providers.expressway.codes import read_code
from providers.expressway.wire import Ending, RawReply, ReplyReader
from reconciler.model import Action, Address, Carrier, CodeKind, EffectClass, Kind

from .played import TRANSCRIPTS

ALL = sorted(TRANSCRIPTS.glob("*/*.txt"))


def reply_of(data: bytes, command: str = "xStatus X") -> RawReply:
    reader = ReplyReader([command])
    reader.feed(data)
    return reader.replies[0]


@pytest.mark.parametrize("path", ALL, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_split_of_a_transcript_gives_the_same_reply(path):
    data = path.read_bytes().replace(b"\n", b"\r\n")
    whole = reply_of(data)
    assert whole.ending is Ending.OK
    for cut in range(len(data)):
        reader = ReplyReader(["xStatus X"])
        reader.feed(data[:cut])
        reader.feed(data[cut:])
        assert reader.replies == [whole]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n", b"\r"])
def test_every_kind_of_line_end_gives_the_same_reply(end):
    data = (TRANSCRIPTS / "X12.6/licence-registered.txt").read_bytes()
    assert reply_of(data.replace(b"\n", end)) == reply_of(data)


@given(st.lists(st.integers(0, 3000), max_size=30))
def test_any_chunking_of_several_replies_gives_the_same_replies(cuts):
    data = b"welcome\r\nOK\r\n" + b"".join(
        (TRANSCRIPTS / name).read_bytes()
        for name in ("X14.3.1/systemunit.txt", "X14.3.1/ok-inside.txt", "X14.3.1/smart.txt")
    )
    commands = [wire.SYSTEM_UNIT, wire.LICENCE, wire.SMART_CONFIG]
    whole = ReplyReader(commands, sync=True)
    whole.feed(data)
    parts = ReplyReader(commands, sync=True)
    edges = [0, *sorted(cuts), len(data)]
    for start, stop in pairwise(edges):
        parts.feed(data[start:stop])
    assert whole.done
    assert parts.replies == whole.replies


@given(st.lists(st.binary(max_size=200), max_size=20), st.booleans())
def test_no_bytes_make_the_reader_raise(chunks, sync):
    reader = ReplyReader([wire.SYSTEM_UNIT, wire.LICENCE], sync=sync)
    for chunk in chunks:
        reader.feed(chunk)
    assert len(reader.replies) <= 2
    assert reader.rest().ending is Ending.UNSAID


def test_ok_inside_a_block_ends_nothing():
    reply = reply_of((TRANSCRIPTS / "X14.3.1/ok-inside.txt").read_bytes())
    assert "OK" in reply.lines
    assert reply.lines[-1] == "*s/end"


def test_a_reply_ends_only_with_a_whole_line():
    reader = ReplyReader(["xConfiguration X"])
    reader.feed(b"all is OK\nOK then\nNOT OK\n OKAY\nERRORS: 3\nOK")
    assert not reader.done
    reader.feed(b"\n")
    assert reader.replies[0].lines == ("all is OK", "OK then", "NOT OK", " OKAY", "ERRORS: 3")


@pytest.mark.parametrize(
    ("line", "ending"),
    [
        (b"OK", Ending.OK),
        (b"ERROR", Ending.ERROR),
        (b"ERROR: no such thing", Ending.ERROR),
        (b"ERROR (12) bad", Ending.ERROR),
        (b"Command not recognized.", Ending.NOT_RECOGNISED),
        (b"command not recognised", Ending.NOT_RECOGNISED),
    ],
)
def test_the_last_line_tells_how_it_ended_and_is_kept(line, ending):
    reply = reply_of(b"because\r\n" + line + b"\r\n")
    assert (reply.ending, reply.lines, reply.said) == (ending, ("because",), line.decode())


def test_the_echo_is_dropped_with_or_without_a_prompt_before_it():
    reader = ReplyReader(["xStatus X", "xConfiguration Y"])
    reader.feed(b"xStatus X\r\nxConfiguration  Y\r\ntsh> xStatus X\r\n*c xConfiguration Y: 1\r\nOK\r\n")
    assert reader.replies[0].lines == ("*c xConfiguration Y: 1",)


def test_colours_titles_and_bells_are_stripped():
    reply = reply_of(b"\x1b]0;title\x07\x1b[1;31mred\x1b[0m\x07 line\x1b[K\r\n\x1b[?2004lOK\r\n")
    assert reply.lines == ("red line",)


def test_a_greeting_ok_is_not_the_first_reply():
    reader = ReplyReader([wire.SYSTEM_UNIT, "xConfiguration NTP"], sync=True)
    reader.feed(b"TANDBERG VCS\r\n\r\nOK\r\n\r\nOK\r\n")
    assert reader.replies == []
    reader.feed(b'*s SystemUnit: /\r\n  Build: "X"\r\n*s/end\r\n\r\nOK\r\nOK\r\n')
    assert reader.replies[0].lines == ("*s SystemUnit: /", '  Build: "X"', "*s/end")
    assert reader.done


def test_a_block_without_its_end_is_over_only_when_nothing_more_comes():
    reader = ReplyReader(["xStatus X"])
    reader.feed(b"*s X: /\r\n  a: 1\r\n")
    assert not reader.quiet_end
    reader.feed(b"OK\r\n")
    assert reader.quiet_end
    assert not reader.done
    reader.feed(b"  b: 2\r\n")
    assert not reader.quiet_end
    reader.feed(b"OK\r\n")
    reader.finish_quietly()
    assert reader.replies[0].lines == ("*s X: /", "  a: 1", "OK", "  b: 2")


def test_several_blocks_are_one_reply():
    reply = reply_of(b"*s A 1: /\n  x: 1\n*s/end\n*s A 2: /\nOK\n*s/end\nOK\n")
    assert reply.ending is Ending.OK
    assert len(reply.lines) == 6


def test_a_reply_without_end_stops_the_reader():
    reader = ReplyReader(["xStatus X"])
    reader.feed(b"x" * (wire.MAX_REPLY + 1))
    assert reader.done
    assert reader.overflow


def test_the_text_of_a_reply_is_its_lines_and_its_last_line_without_blank_ones():
    assert RawReply("x", ("a", "", "b"), Ending.ERROR, "ERROR").text == "a\nb\nERROR"


@pytest.mark.parametrize(
    ("command", "line", "fits"),
    [
        (wire.SYSTEM_UNIT, "*s SystemUnit: /", True),
        (wire.SYSTEM_UNIT, "*s Show: /", False),
        (wire.LICENCE, "*s Show: /", True),
        (wire.LICENCE, "*s License: /", True),
        (wire.LICENCE, "*s SystemUnit: /", False),
        (wire.LICENCE, "*c xConfiguration DNS", False),
        (wire.ALARMS, "*s Alarms: /", True),
        (wire.SMART_CONFIG, "*c xConfiguration License Smart Transport: direct", True),
        (wire.SMART_CONFIG, "*c License: /", True),
        (wire.SMART_CONFIG, "*s Show: /", False),
        (wire.NTP, "*c xConfiguration DNS Server 1 Address: 1", False),
        (wire.NTP, "nothing here", True),
    ],
)
def test_a_reply_that_belongs_to_another_command_is_noticed(command, line, fits):
    assert wire.answers(RawReply(command, ("", line), Ending.OK)) is fits


@pytest.mark.parametrize("fold", [b"", b"\r\n", b" \r", b"\x1b[K"])
def test_the_echo_is_compared_whole_however_it_was_folded(fold):
    command = 'xCommand License Smart Register Idtoken: "abc"'
    half = len(command) // 2
    shown = command[:half].encode() + fold + command[half:].encode()
    assert wire.echoed(b"OK\r\n" + shown, command)
    assert not wire.echoed(shown[:-1], command)
    assert not wire.echoed(shown.replace(b"abc", b"abd"), command)


def action(kind: Kind, **params: object) -> Action:
    return Action("id", Address("cluster/c/node/n"), kind, "s", params, Carrier.SSH, EffectClass.SET, "why")


@pytest.mark.parametrize(
    ("kind", "params", "spellings"),
    [
        (Kind.SET_URL, {"url": "https://a/SmartTransport"},
         ('xConfiguration License Smart Url: "https://a/SmartTransport"',)),
        (Kind.SET_TRANSPORT, {"transport": "satellite"},
         ("xConfiguration License Smart Transport: satellite",)),
        (Kind.SET_PRIVACY, {"privacy": "hostname"}, ("xConfiguration License Smart Privacy: hostname",)),
        (Kind.REGISTER, {}, ('xCommand License Smart Register Idtoken: "T0ken"',)),
        (Kind.REREGISTER, {},
         ('xCommand License Smart Reregister: "T0ken"',
          'xCommand License Smart Reregister Idtoken: "T0ken"')),
        (Kind.DEREGISTER, {},
         ("xCommand License Smart Deregister", "xConfiguration License Smart Deregister: On")),
        (Kind.RENEW_REGISTRATION, {},
         ("xCommand License Smart Renew ID", "xConfiguration License Smart Renew ID: On")),
        (Kind.RENEW_AUTHORIZATION, {},
         ("xCommand License Smart Renew Auth", "xConfiguration License Smart Renew Auth: On")),
        (Kind.SET_PROXY, {"host": "p"}, ()),
    ],
)  # fmt: skip
def test_each_action_has_its_documented_spellings(kind, params, spellings):
    assert wire.spellings(action(kind, **params), "T0ken") == spellings


def test_a_token_never_goes_through_a_setting():
    for kind in (Kind.REGISTER, Kind.REREGISTER):
        for command in wire.spellings(action(kind), "T0ken"):
            assert command.startswith("xCommand")


@pytest.mark.parametrize(
    "value", ["", 'a"b', "a\\b", "a\nb", "a\rb", "naïve", "a'b", "a`b", "a\x1bb", "x" * 4000]
)
def test_what_cannot_be_typed_safely_is_refused_without_showing_it(value):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the text is checked below
        wire.spellings(action(Kind.REGISTER), value)
    assert not value or value not in str(refusal.value)


@pytest.mark.parametrize(("kind", "params"), [(Kind.SET_TRANSPORT, {"transport": "direct\nrm"}),
                                              (Kind.SET_PRIVACY, {"privacy": "On"})])  # fmt: skip
def test_only_documented_words_are_typed(kind, params):
    with pytest.raises(ValueError, match="not a word"):
        wire.spellings(action(kind, **params))


RETURN = (
    b"Enter the following return code into the CSSM:\r\n"
    b"CMcmMV-TriR2T-hKD6pi-c3h43U-sT8Hzx-6CRCjt-9J1GRA-6wZEnV-M2u\r\nOK\r\n"
)
CONFIRMATION = (
    b"Authorization code installed.\r\nPlease enter the confirmation code to CSSM account: 3311aaea\r\nOK\r\n"
)


def test_codes_are_found_by_their_anchor_sentences():
    assert read_code(CodeKind.RETURN, RETURN) == "CMcmMV-TriR2T-hKD6pi-c3h43U-sT8Hzx-6CRCjt-9J1GRA-6wZEnV-M2u"
    assert read_code(CodeKind.CONFIRMATION, CONFIRMATION) == "3311aaea"
    assert read_code(
        CodeKind.REQUEST, b"Reservation Request Code: CE-ZEXPY:0E4D1FA5-AbCdEf-12\r\nOK\r\n"
    ) == ("CE-ZEXPY:0E4D1FA5-AbCdEf-12")


def test_a_node_never_prints_a_token_and_two_codes_are_none():
    assert read_code(CodeKind.TOKEN, CONFIRMATION) is None
    assert read_code(CodeKind.RETURN, CONFIRMATION) is None
    assert read_code(CodeKind.CONFIRMATION, CONFIRMATION + CONFIRMATION.replace(b"3311", b"4422")) is None


@given(st.sampled_from(CodeKind), st.binary(max_size=300))
def test_no_bytes_make_reading_a_code_raise(kind, data):
    read_code(kind, data)


def test_shown_text_has_no_secrets_and_no_control_characters():
    assert wire.printable("a hunter2\x1b[31m\tb hunter22", ["hunter2", "hunter22", ""]) == (
        "a <secret>[31m b <secret>"
    )
    assert len(wire.printable("x" * 9000)) == 2000


def test_every_command_of_an_observation_only_reads():
    for command in wire.READS:
        assert command.casefold().startswith(("xstatus ", "xconfiguration "))
        assert ":" not in command
