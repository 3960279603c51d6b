"""What ends a reply and what is part of it, line by line; and what may be typed, to the character."""

from __future__ import annotations

import pytest

from providers.expressway import wire
from providers.expressway.wire import Ending, RawReply, ReplyReader
from reconciler.model import Kind

from .test_wire import action, reply_of


@pytest.mark.parametrize(
    ("line", "ending"),
    [
        ("OK", Ending.OK),
        (" OK ", Ending.OK),
        ("ok", None),
        ("OK.", None),
        ("ERROR - x", Ending.ERROR),
        ("ERROR_1", None),
        ("ERRORS", None),
        ("an ERROR", None),
        ("Error: x", None),
        ("Command not recognised.", Ending.NOT_RECOGNISED),
        ("COMMAND NOT RECOGNIZED", Ending.NOT_RECOGNISED),
        ("Command not recognized. Really.", None),
        ("The Command not recognized.", None),
    ],
)
def test_only_these_lines_end_a_reply(line, ending):
    reader = ReplyReader(["xStatus X"])
    reader.feed(f"{line}\r\n".encode())
    assert [reply.ending for reply in reader.replies] == ([ending] if ending else [])


@pytest.mark.parametrize(
    ("opens", "closes", "closed"),
    [
        ("*s X: /", "*s/end", True),
        ("*r X:", "*r/end", True),
        ("*s X: (status=OK):", "** end", True),
        ("*s X: (status=OK)", "**END", True),
        ("*s X: /", "*h/end", True),
        ("*s X: /", "*c/end", False),
        ("*s X: /", "*s/end x", False),
        ("*c X: /", "", True),
        ("*s X: 1", "", True),
        ('*s X: "/"', "", True),
    ],
)
def test_a_block_swallows_every_ok_until_it_is_closed(opens, closes, closed):
    reader = ReplyReader(["xStatus Y"])
    reader.feed(f"{opens}\n{closes}\nOK\n".encode())
    assert reader.done is closed
    assert reader.quiet_end is not closed


@pytest.mark.parametrize(
    ("line", "dropped"),
    [
        ("xStatus X", True),
        ("  xStatus   X", True),
        ("tsh> xStatus X", True),
        (f"{'p' * 64}xStatus X", True),
        (f"{'p' * 65}xStatus X", False),
        ("xStatus X more", False),
        ("xstatus X", False),
        ("X", False),
    ],
)
def test_an_echo_is_the_command_after_a_short_prompt(line, dropped):
    reply = reply_of(f"{line}\r\nOK\r\n".encode())
    assert reply.lines == (() if dropped else (line,))


def test_a_quiet_end_is_taken_as_what_its_last_line_says():
    for last, ending in (("OK", Ending.OK), ("ERROR: x", Ending.ERROR)):
        reader = ReplyReader(["xStatus X", "xStatus Y"])
        reader.feed(f"*s X: /\n a: 1\n  {last}\n".encode())
        assert reader.quiet_end
        reader.finish_quietly()
        assert reader.replies == [RawReply("xStatus X", ("*s X: /", " a: 1"), ending, last)]
        assert reader.resting
        assert not reader.done


def test_bytes_behind_the_last_line_are_no_quiet_end_unless_they_are_blank():
    reader = ReplyReader(["xStatus X"])
    assert not reader.quiet_end
    reader.feed(b"*s X: /\nOK\n  ")
    assert reader.quiet_end
    reader.feed(b"b")
    assert not reader.quiet_end


def test_the_reader_rests_between_two_replies_only():
    reader = ReplyReader(["xStatus X", "xStatus Y"])
    assert not reader.resting
    reader.feed(b"OK\n")
    assert reader.resting
    reader.feed(b"a")
    assert not reader.resting
    reader.feed(b"\n")
    assert not reader.resting


def test_the_rest_is_what_came_of_the_reply_that_did_not_end():
    reader = ReplyReader(["xStatus X", "xStatus Y"])
    reader.feed(b"a\nOK\nb\nc")
    assert reader.rest() == RawReply("xStatus Y", ("b",), Ending.UNSAID)
    reader.feed(b"\nOK\nd\n")
    assert reader.done
    assert reader.rest() == RawReply("xStatus Y", (), Ending.UNSAID)


def test_a_reply_of_just_the_limit_is_one():
    reader = ReplyReader(["xStatus X"])
    reader.feed(b"x" * (wire.MAX_REPLY - 3) + b"\nOK")
    assert not reader.overflow
    assert not reader.done
    reader.feed(b"\n")
    assert reader.overflow
    assert reader.replies == []


def test_a_greeting_is_no_part_of_what_came_after_it():
    reader = ReplyReader([wire.SYSTEM_UNIT], sync=True)
    reader.feed(b"hello\nOK\nb\n")
    assert reader.rest().lines == ("b",)


def test_blanks_at_the_end_of_a_line_are_no_part_of_it():
    assert wire.clean_lines(b"a \t\n b") == ["a", " b"]


def test_a_new_block_while_the_first_is_waited_for_begins_it_anew():
    reader = ReplyReader([wire.SYSTEM_UNIT], sync=True)
    reader.feed(b"hello\n*s SystemUnit: /\n a: 1\n*s Sub: /\n b: 2\n*s/end\nOK\n")
    (reply,) = reader.replies
    assert reply.lines == ("*s SystemUnit: /", " a: 1", "*s Sub: /", " b: 2", "*s/end")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b[1;31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x1b\\a", "a"),
        (b"\x1b(Ba\x1b=b\x1b>", "ab"),
        (b"a\x07b  ", "ab"),
        (b"\xc3\xa9", "\u00e9"),
        (b"\xff", "\ufffd"),
        (b"\x1b", "\x1b"),
    ],
)
def test_a_line_is_its_text_without_escapes_and_bells(raw, text):
    assert wire.clean_line(raw) == text
    assert wire.clean_lines(raw + b"\n" + raw) == [text, text]


@pytest.mark.parametrize(
    ("text", "damaged"), [("a\tb", False), ("\u00e9", False), ("\x7f", True), ("\x85", True)]
)
def test_a_tab_is_no_damage(text, damaged):
    assert wire.is_damaged(text) is damaged


@pytest.mark.parametrize(
    ("command", "line", "fits"),
    [
        ("xStatus SystemUnit", "*s System: /", True),
        ("xStatus Options", "*s Option: /", True),
        ("xStatus SystemUnit", "*s: /", False),
        ("xStatus SystemUnit", "*c SystemUnit: /", False),
        ("xConfiguration NTP", "*s NTP: /", False),
        ("xStatus License", "*s: /", False),
        ("xStatus SystemUnit", "*", True),
    ],
)
def test_a_reply_is_known_by_the_name_of_its_first_block(command, line, fits):
    assert wire.answers(RawReply(command, ("prose", f"  {line}", "*s Other: /"), Ending.OK)) is fits


def test_an_echo_is_looked_for_at_the_end_of_what_is_shown():
    command = "xCommand " + "y" * 20
    assert wire.echoed(command.encode(), command)
    assert not wire.echoed(b"", command)
    assert not wire.echoed(command.encode() + b" ", command)
    assert wire.echo_begun(b"\x1b[1m> xCommand yyyyyyy", command)
    assert not wire.echo_begun(b"> xCommand yyyyyy", command)


@pytest.mark.parametrize(("length", "fits"), [(3_500, True), (3_501, False)])
def test_an_argument_has_its_longest_length(length, fits):
    value = "x" * length
    if fits:
        assert wire.quoted(value) == f'"{value}"'
        return
    with pytest.raises(ValueError, match="3501 characters, more than the 3500 that a command may hold"):
        wire.quoted(value)


@pytest.mark.parametrize("kind", [Kind.INSTALL_AUTHORIZATION, Kind.RETURN_AUTHORIZATION])
def test_an_authorization_code_may_be_longer(kind):
    assert len(wire.spellings(action(kind), "x" * 65_536)) == 1
    with pytest.raises(ValueError, match="65537 characters"):
        wire.spellings(action(kind), "x" * 65_537)


@pytest.mark.parametrize(
    ("kind", "spelling"),
    [
        (Kind.ENABLE_RESERVATION, "xConfiguration License Smart ReservationEnable: On"),
        (Kind.DISABLE_RESERVATION, "xConfiguration License Smart ReservationEnable: Off"),
        (Kind.REQUEST_RESERVATION, "xCommand License Smart Reservation Request"),
        (Kind.INSTALL_AUTHORIZATION, 'xCommand License Smart Reservation Install "C0de"'),
        (Kind.RETURN_RESERVATION, "xCommand License Smart Reservation Return"),
        (Kind.RETURN_AUTHORIZATION, 'xCommand License Smart Reservation ReturnAuthorization "C0de"'),
        (Kind.CANCEL_RESERVATION, "xCommand License Smart Reservation Cancel"),
    ],
)
def test_each_step_of_a_reservation_has_its_one_spelling(kind, spelling):
    assert wire.spellings(action(kind), "C0de") == (spelling,)


@pytest.mark.parametrize("kind", [Kind.REGISTER, Kind.REREGISTER, Kind.INSTALL_AUTHORIZATION])
def test_without_its_code_a_command_cannot_be_spelled(kind):
    with pytest.raises(ValueError, match="cannot be typed"):
        wire.spellings(action(kind))


@pytest.mark.parametrize("word", ["direct", "satellite"])
def test_every_documented_word_of_transport_is_typed_as_it_is(word):
    assert wire.spellings(action(Kind.SET_TRANSPORT, transport=word)) == (
        f"xConfiguration License Smart Transport: {word}",
    )


@pytest.mark.parametrize("word", ["none", "hostname", "version", "all"])
def test_every_documented_word_of_privacy_is_typed_as_it_is(word):
    assert wire.spellings(action(Kind.SET_PRIVACY, privacy=word)) == (
        f"xConfiguration License Smart Privacy: {word}",
    )


def test_the_longest_secret_goes_first_and_the_shown_text_is_bounded():
    assert wire.printable("  x\x00y\u200b  ", [""]) == "xy\u200b"
    assert wire.printable("a" * 2001) == "a" * 2000
