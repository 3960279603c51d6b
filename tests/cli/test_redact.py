"""Secrets in texts that nobody wrote with care: by value in every spelling, by shape, cut up, folded."""

from __future__ import annotations

import base64
import io
import json
import urllib.parse
from itertools import pairwise

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
    "url": urllib.parse.quote(SECRET, safe=""),
    "form": urllib.parse.quote_plus(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode().rstrip("=")[:-1],
    "url base64": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("=")[:-1],
    "hex": SECRET.encode().hex(),
    "HEX": SECRET.encode().hex().upper(),
    "html": SECRET.replace("&", "&amp;").replace('"', "&quot;"),
    "utf-16": SECRET.encode("utf-16-le").decode("latin-1").rstrip("\0") if SECRET.isascii() else SECRET,
    "folded": SECRET[:7] + "\r\n    " + SECRET[7:],
    "folded twice": SECRET[:5] + "\n" + SECRET[5:12] + "\n  " + SECRET[12:],
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_a_known_value_is_found_in_every_spelling(spelling: str) -> None:
    shown = knowing(SECRET).values(f"before {spelling} after")
    assert spelling not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")
    assert HIDDEN in shown


@pytest.mark.parametrize("user", ["a", "ab", "abc", "admin"])
def test_a_password_is_found_in_what_basic_authentication_makes_of_it(user: str) -> None:
    sent = base64.b64encode(f"{user}:correct horse battery".encode()).decode()
    shown = knowing("correct horse battery").values(sent)
    assert len(shown.replace(HIDDEN, "")) < len(sent) - 24


def test_utf_16_is_found_in_text_and_as_bytes() -> None:
    redactor = knowing("hunter2hunter")
    for text in (
        "hunter2hunter".encode("utf-16-le").decode("latin-1"),
        repr("hunter2hunter".encode("utf-16-be")),
    ):
        assert "u\x00n" not in redactor.values(text)
        assert "u\\x00n" not in redactor.values(text)


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
    "identity": AGE,
    "identity in small letters": AGE.lower(),
    "client secret": "grant_type=client_credentials&client_secret=s3cr3t&x=1",
    "password in JSON": '{"password": "two words", "user": "a"}',
    "password in a dict": "{'password': 'two words', 'user': 'a'}",
    "private key": "-----BEGIN X PRIVATE KEY-----\nb3BlbnNz\naC1rZXk\n-----END X PRIVATE KEY-----",
    "private key cut off": "-----BEGIN PRIVATE KEY-----\nb3BlbnNz\naC1rZXk",
    "base64": base64.b64encode(bytes(range(60))).decode(),
}
TELLTALE = (
    TOKEN, "abc.def", "dXNlcjpw", "eyJhbG", "c2ln", "CMcmMV", "M2u", "AK9A6sMTr", "3311aaea", "flag",
    "QQPZRY9", "qqpzry9", "s3cr3t", "two words", "b3BlbnNz", "aC1rZXk", "AAECAwQFBgcICQoL",
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


def test_a_short_value_is_hidden_as_a_word_only_and_a_tiny_one_not_at_all() -> None:
    """``ams-<redacted>`` where everybody knows of ams-core1 would tell the password."""
    redactor = knowing("core1", "abc", "redacted")
    assert redactor.values("core1 ams-core12 abc") == f"{HIDDEN} ams-core12 abc"
    assert redactor.values(HIDDEN) == HIDDEN


def test_a_key_of_several_lines_is_found_line_by_line() -> None:
    key = "-----BEGIN X-----\nMIIEvQIBADANBgkqhkiG\nAAAAB3NzaC1yc2EAAAAD\n-----END X-----"
    assert "NzaC1yc2E" not in knowing(key).values("line: AAAAB3NzaC1yc2EAAAAD")


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
    start = time.perf_counter()
    for _ in range(20):
        redactor.values("cluster/ams-edge/node/e1: register to Expressway EMEA\n")
    assert time.perf_counter() - start < 2


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


def test_a_folded_value_is_found_at_the_very_start_of_a_text() -> None:
    assert knowing("0123456789abcdef").values("01234567\r\n  89abcdef end") == f"{HIDDEN} end"


def test_a_value_that_is_no_valid_text_is_hidden_too() -> None:
    assert knowing("pass\udc80word-canary").values("is pass\udc80word-canary") == f"is {HIDDEN}"
