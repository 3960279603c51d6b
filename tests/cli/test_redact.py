"""Secrets in texts that nobody wrote with care: by value in every spelling, by shape, cut up, folded."""

from __future__ import annotations

import base64
import io
import json
import urllib.parse
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.redact import HIDDEN, Guarded, Redactor

SECRET = 'Pa55 "w\\ord/&é-canary'
TOKEN = "ZjA1YjhkMzctOGVhNy00YjU0LWFkNmMtOWExNjIx%0AOTUzMg%3D%3D"
RETURN = "CMcmMV-TriR2T-x9kQzP-aaaaaa-BBBBBB-cccccc-123456-zzzzzz-M2u"
AGE = "AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQQPZRY9X8GF2TVDW0S3JN54KHC"
XML = "<specificPLR><authorizationCode><flag>A</flag></authorizationCode><udi>P:EXPY,S:0E</udi></specificPLR>"


def knowing(*values: str) -> Redactor:
    redactor = Redactor()
    for value in values:
        redactor.hide(value)
    return redactor


SPELLINGS = {
    "raw": SECRET,
    "repr": repr(SECRET)[1:-1],
    "bytes": repr(SECRET.encode())[2:-1],
    "json": json.dumps(SECRET)[1:-1],
    "json as it is": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "path": urllib.parse.quote(SECRET),
    "url": urllib.parse.quote(SECRET, safe=""),
    "form": urllib.parse.quote_plus(SECRET),
    "hex": SECRET.encode().hex(),
    "HEX": SECRET.encode().hex().upper(),
    "hex in pairs": SECRET.encode().hex(" "),
    "hex with colons": SECRET.encode().hex(":"),
    "xml": SECRET.replace("&", "&amp;"),
    "html": SECRET.replace("&", "&amp;").replace('"', "&quot;"),
    "folded": SECRET[:7] + "\r\n    " + SECRET[7:],
    "folded twice": SECRET[:5] + "\n" + SECRET[5:12] + "\n  " + SECRET[12:],
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_known_value_is_found_in_every_spelling(spelling: str) -> None:
    assert knowing(SECRET).values(f"before {spelling} after") == f"before {HIDDEN} after"
    assert knowing(SECRET).values(spelling) == HIDDEN


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("correct horse battery", HIDDEN),
        ("a:correct horse battery", f"YTp{HIDDEN}k="),
        ("ab:correct horse battery", f"YWI6{HIDDEN}"),
        ("abc:correct horse battery", f"YWJjOm{HIDDEN}Q=="),
        ("correct horse battery and more", f"{HIDDEN}IGFuZCBtb3Jl"),
    ],
)
def test_a_password_is_found_in_what_basic_authentication_makes_of_it(sent: str, shown: str) -> None:
    """But for the characters of base64 that hold something else as well."""
    assert knowing("correct horse battery").values(base64.b64encode(sent.encode()).decode()) == shown


@pytest.mark.parametrize("value", ["pass~~~???word", "pass~~~???words", "pass~~~???wordss"])
@pytest.mark.parametrize("code", [base64.b64encode, base64.urlsafe_b64encode])
def test_either_alphabet_of_base64_is_known(value: str, code: Callable[[bytes], bytes]) -> None:
    shown = knowing(value).values(code(value.encode()).decode())
    assert shown.startswith(HIDDEN)
    assert len(shown.removeprefix(HIDDEN)) <= 3


def test_utf_16_is_found_in_text_and_as_bytes() -> None:
    redactor = knowing("hunter2hunter")
    assert redactor.values("hunter2hunter".encode("utf-16-le").decode("latin-1")) == f"{HIDDEN}\x00"
    assert redactor.values(repr("hunter2hunter".encode("utf-16-be"))) == f"b'\\x00{HIDDEN}'"


SHAPES = {
    "token on a command line": f'xCommand License Smart Register idtoken: "{TOKEN}"',
    "token alone": TOKEN,
    "bearer": "Authorization: Bearer abc.def-ghi_123",
    "basic": "Authorization: Basic dXNlcjpwYXNz",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "return code": f"Return code: {RETURN}",
    "return code alone": RETURN,
    "request code": "CE-ZEXPY:0E4D1FA5-AK9A6sMTr-86",
    "confirmation code": "Confirmation code: 3311aaea",
    "confirmation code as a node prints it": (
        "Authorization code installed.\r\nPlease enter the confirmation code to CSSM account: 3311aaea"
    ),
    "confirmation in JSON": '"confirmation_code": "3311aaea"',
    "authorization": XML,
    "authorization cut off": XML[:60],
    "authorization over lines": XML.replace("><", ">\n<").replace("A<", "flag<"),
    "authorization in small letters": "<specificplr><a>flag</a></specificplr>",
    "a tag that says so": "<confirmationCode>flag</confirmationCode>",
    "a signature": "<signature>flag</signature>",
    "an unknown code": "id ZjA1YjhkMzctOGVhNy00YjU0",
    "identity cut off": AGE[:22],
    "identity": AGE,
    "identity in small letters": AGE.lower(),
    "client secret": "grant_type=client_credentials&client_secret=s3cr3t&x=1",
    "password in JSON": '{"password": "two words", "user": "a"}',
    "password in a dict": "{'password': 'two words', 'user': 'a'}",
    "private key": "-----BEGIN X PRIVATE KEY-----\nb3BlbnNz\naC1rZXk\n-----END X PRIVATE KEY-----",
    "private key cut off": "-----BEGIN PRIVATE KEY-----\nb3BlbnNz\naC1rZXk",
    "base64": base64.b64encode(bytes(range(60))).decode(),
    "base64 with strokes": "AAECAwQFBgcI///CQoLDA0ODxAR///EhMUFRYXGBkAAECAwQFBgcI",
}
TELLTALE = (
    TOKEN, "abc.def", "dXNlcjpw", "eyJhbG", "c2ln", "CMcmMV", "M2u", "AK9A6sMTr", "3311aaea", "flag",
    "QQPZRY9", "qqpzry9", "s3cr3t", "two words", "b3BlbnNz", "aC1rZXk", "AAECAwQFBgcI",
    "ZjA1Yjhk",
)  # fmt: skip


@pytest.mark.parametrize("text", SHAPES.values(), ids=SHAPES)
def test_what_looks_like_a_code_is_taken_out_though_nobody_named_it(text: str) -> None:
    shown = Redactor().clean(f"DEBUG x: {text}")
    assert HIDDEN in shown
    for word in TELLTALE:
        assert word not in shown


@pytest.mark.parametrize(
    "text",
    [
        "cluster/ams-edge/node/e1: register to Expressway EMEA",
        "the confirmation code was not printed",
        "the confirmation code is asked for at: ams-edge/node/e1",
        "exit code 255, return code 255",
        "Basic settings and the bearer of this letter",
        "2026-11-24 08:28:11 UTC op-3f2a91 handoff-3f2a91 code-91af",
        "/usr/lib/python3.11/site-packages/asyncssh/connection.py:1234",
        "serial 0E4D1FA5, version X14.3.1, 192.0.2.53",
        "the token expired; make another",
    ],
)
def test_words_places_and_serials_stay(text: str) -> None:
    assert Redactor().clean(text) == text


@pytest.mark.parametrize(
    ("value", "text", "shown"),
    [
        ("core1", "core1 ams-core12", f"{HIDDEN} ams-core12"),
        ("core", "core ams-core1", f"{HIDDEN} ams-core1"),
        ("cor", "cor", "cor"),
        ("core123", "ams-core1234", "ams-core1234"),
        ("core1234", "ams-core12345", f"ams-{HIDDEN}5"),
        ("co.e", "core co.e", f"core {HIDDEN}"),
        ("redacted", HIDDEN, HIDDEN),
        ("a%b", "a%b", "a%b"),
        ("pw: é", repr("pw: é".encode()), repr("pw: é".encode())),
        ("pwé%23", repr("pwé%23".encode()), f"b'{HIDDEN}'"),
    ],
)
def test_a_short_value_is_hidden_as_a_word_only_and_a_tiny_one_not_at_all(
    value: str, text: str, shown: str
) -> None:
    """``ams-<redacted>`` where everybody knows of ams-core1 would tell the password."""
    assert knowing(value).values(text) == shown


def test_a_value_is_known_without_the_line_end_of_the_file_that_it_was_in() -> None:
    assert knowing(" hunter2-pw\n").values("is hunter2-pw.") == f"is {HIDDEN}."


def test_of_two_values_the_one_that_holds_the_other_goes_first() -> None:
    assert knowing("hunter2-pw", "hunter2-pw-longer").values("hunter2-pw-longer") == HIDDEN


def test_every_value_is_known_in_whatever_order_they_come() -> None:
    known = knowing("middle-secret", "zebra-secret", "alpha-secret")
    assert known.values("middle-secret zebra-secret alpha-secret") == f"{HIDDEN} {HIDDEN} {HIDDEN}"


@pytest.mark.parametrize("line", ["AAAAB3NzaC1yc2EAAAAD", "0123456789abcdef"])
def test_a_key_of_several_lines_is_found_line_by_line(line: str) -> None:
    key = f"-----BEGIN X-----\nMIIEvQIBADANBgkqhkiG\n{line}\n-----END X-----"
    assert knowing(key).values(f"line: {line}.") == f"line: {HIDDEN}."


def test_a_short_line_of_a_key_takes_no_words_out_of_sentences() -> None:
    assert knowing("first\n                endpoint").values("the endpoint") == "the endpoint"


@given(st.text(max_size=80), st.lists(st.text(min_size=4, max_size=30), max_size=4))
def test_cleaning_twice_changes_nothing(text: str, values: list[str]) -> None:
    redactor = knowing(*values)
    once = redactor.clean(text)
    assert redactor.clean(once) == once


class Recorder(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(st.lists(st.integers(0, 60), max_size=8), st.booleans())
def test_no_value_survives_a_stream_however_it_is_cut_up(cuts: list[int], flushing: bool) -> None:
    secret = "aab-aab-aabc-secret"
    text = f"aab {secret} aab-aab- {secret}{secret} aab-aab"
    under = Recorder()
    stream = Guarded(under, knowing(secret))
    edges = sorted({0, len(text), *(cut % len(text) for cut in cuts)})
    for start, end in pairwise(edges):
        stream.write(text[start:end])
        if flushing:
            stream.flush()
    stream.release()
    assert under.getvalue() == text.replace(secret, HIDDEN)


def test_what_is_no_value_comes_through_at_once_and_a_prompt_is_not_kept() -> None:
    under = Recorder()
    stream = Guarded(under, knowing("secret-value"))
    stream.write("  Enter a value: ")
    assert under.getvalue() == "  Enter a value: "
    assert stream.isatty()


def test_thousands_of_codes_do_not_slow_a_line_down() -> None:
    """A fleet's authorization codes: 2,000 values of 500 characters, and a line of a usual length."""
    import time

    redactor = knowing(*(f"{number:06}-{'x' * 500}" for number in range(2_000)))
    start = time.process_time()
    for _ in range(20):
        redactor.values("cluster/ams-edge/node/e1: register to Expressway EMEA\n")
    assert time.process_time() - start < 2


def test_a_value_that_is_told_over_and_over_costs_nothing() -> None:
    """A long run reads the same password for every node."""
    import time

    redactor = Redactor()
    start = time.process_time()
    for _ in range(10_000):
        redactor.hide(TOKEN)
    assert time.process_time() - start < 0.5


def test_the_end_of_a_very_long_text_is_all_that_is_looked_at_for_a_beginning() -> None:
    import time

    start = time.process_time()
    assert knowing("y-secret-value").begun("x" * 300_000) == 0
    assert time.process_time() - start < 1


def test_a_stream_is_otherwise_the_one_that_it_guards() -> None:
    under = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", write_through=False)
    stream = Guarded(under, knowing(SECRET))
    stream.write("prompt: ")
    assert under.buffer.getvalue() == b""  # type: ignore[attr-defined]
    stream.flush()
    assert under.buffer.getvalue() == b"prompt: "  # type: ignore[attr-defined]
    assert (stream.encoding, stream.writable(), stream.isatty()) == ("latin-1", True, False)


def test_a_stream_has_the_descriptor_of_the_one_that_it_guards(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as under:
        assert Guarded(under).fileno() == under.fileno()


def test_a_writer_is_told_how_much_it_wrote() -> None:
    """Libraries that see fewer characters taken than given write the rest again, or fail."""
    assert Guarded(io.StringIO(), knowing(SECRET)).write("a line\n") == 7


@pytest.mark.parametrize("text", ["Ab3def-ghIjkl-mn", "CMcmMV-TriR2T-x9"])
def test_a_short_return_code_is_known_by_its_groups(text: str) -> None:
    assert knowing().clean(f"the node said {text} and stopped") == f"the node said {HIDDEN} and stopped"


def test_the_indented_line_of_a_key_is_found_without_its_indent() -> None:
    known = knowing("first\n    canary-line-of-a-key\n    end")
    assert known.values("it is: canary-line-of-a-key.") == f"it is: {HIDDEN}."


def test_a_value_of_sixteen_characters_is_found_across_a_fold() -> None:
    assert knowing("0123456789abcdef").values("at 01234567\r\n  89abcdef end") == f"at {HIDDEN} end"


def test_a_value_too_short_to_be_folded_takes_nothing_out_of_two_lines() -> None:
    assert knowing("0123456789abcde").values("01234567\n89abcde") == "01234567\n89abcde"


def test_a_value_that_was_folded_twice_in_a_text_is_taken_out_twice() -> None:
    shown = knowing("0123456789abcdef").values("a 0123\n456789abcdef b 01234567\r\n\t89abcdef\nend")
    assert shown == f"a {HIDDEN} b {HIDDEN}\nend"


def test_a_folded_value_is_found_at_the_very_start_of_a_text() -> None:
    assert knowing("0123456789abcdef").values("01234567\r\n  89abcdef end") == f"{HIDDEN} end"


def test_a_value_that_is_no_valid_text_is_hidden_too() -> None:
    assert knowing("pass\udc80word-canary").values("is pass\udc80word-canary") == f"is {HIDDEN}"
