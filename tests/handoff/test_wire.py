"""Bundles and answers: what is written is read back, and each damage has its own sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.handoff import (
    digest_of,
    read_answers,
    read_bundle,
    write_answers,
    write_bundle,
)
from providers.handoff.wire import MAX_BYTES
from reconciler.errors import XlicenseError
from reconciler.model import digest

from .handoff_samples import REQUEST_CODE, SERIAL, answers, bundle


def rewritten(data: bytes, **changes: Any) -> bytes:
    """The same file with parts changed and its digest made anew; None takes a part out."""
    found = json.loads(data)
    found.pop("digest")
    found = {key: value for key, value in (found | changes).items() if value is not None}
    return json.dumps({**found, "digest": digest(found)}).encode()


def refusal(data: bytes) -> str:
    with pytest.raises(XlicenseError) as caught:
        read_bundle(data)
    assert REQUEST_CODE not in f"{caught.value.message}{caught.value.remedy}"
    return caught.value.message


def test_what_is_written_is_read_back_with_its_digest() -> None:
    assert read_bundle(write_bundle(bundle())) == (bundle(), digest_of(bundle()))
    assert read_answers(write_answers(answers())) == (answers(), digest_of(answers()))


def test_layout_makes_no_difference_to_the_digest() -> None:
    """A tool that reformats JSON, or puts a mark of UTF-8 before it, does no damage."""
    compact = json.dumps(json.loads(write_bundle(bundle())), sort_keys=True).encode("utf-8-sig")
    assert read_bundle(compact) == (bundle(), digest_of(bundle()))


def test_one_edited_digit_is_noticed() -> None:
    data = write_bundle(bundle())
    assert data.count(b'"quantity": 20') == 1
    edited = data.replace(b'"quantity": 20', b'"quantity": 21')
    assert refusal(edited) == "the bundle was altered on its way: its digest does not fit what is in it"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the bundle is not JSON: Expecting value at line 1"),
        (b"\xff\xfe\x00", "the bundle is not JSON: it is not UTF-8 text, or nested too deep"),
        (b"[" * 100_000, "the bundle is not JSON: it is not UTF-8 text, or nested too deep"),
        (b"[]", "the bundle is not JSON of ours: it holds no object"),
        (b'{"format": 1, "format": 2}', "the bundle is not JSON: one key stands twice in one object"),
        (b'{"format": NaN}', "the bundle is not JSON: NaN is no number"),
        (b"{}", "this is not a file of ours, and a bundle was expected"),
        (b" " * (MAX_BYTES + 1), "the bundle is larger than 16 MiB; none of ours is"),
    ],
)
def test_what_is_no_bundle_is_named(data: bytes, said: str) -> None:
    assert refusal(data) == said


def test_a_bundle_that_was_cut_off_is_not_json() -> None:
    assert refusal(write_bundle(bundle())[:-30]).startswith("the bundle is not JSON: ")


def test_an_answers_file_is_not_taken_for_a_bundle_nor_the_other_way_round() -> None:
    assert refusal(write_answers(answers())) == "this is an answers file, and a bundle was expected"
    with pytest.raises(XlicenseError, match="this is a bundle, and an answers file was expected"):
        read_answers(write_bundle(bundle()))


@pytest.mark.parametrize("version", ["2.0", "x", 1, None])
def test_another_major_version_is_refused(version: object) -> None:
    assert "this xlicense reads 1.0" in refusal(rewritten(write_bundle(bundle()), format_version=version))


def test_a_newer_minor_version_with_more_fields_is_read() -> None:
    newer = rewritten(write_bundle(bundle()), format_version="1.7", mood="good")
    assert read_bundle(newer)[0].requests == bundle().requests


@pytest.mark.parametrize("part", ["workspace", "requests", "recipients", "created_at"])
def test_a_missing_part_is_named(part: str) -> None:
    said = refusal(rewritten(write_bundle(bundle()), **{part: None}))
    assert said == f"the bundle is not complete: {part} is missing"


def test_a_missing_digest_is_named() -> None:
    found = json.loads(write_bundle(bundle()))
    del found["digest"]
    assert refusal(json.dumps(found).encode()) == "the bundle is not complete: digest is missing"


def test_a_missing_part_of_a_request_is_named_by_its_place() -> None:
    requests = json.loads(write_bundle(bundle()))["requests"]
    del requests[0]["kind"]
    said = refusal(rewritten(write_bundle(bundle()), requests=requests))
    assert said == "the bundle is not complete: requests.0.kind is missing"


def test_a_value_that_cannot_be_is_named_without_the_code() -> None:
    requests = json.loads(write_bundle(bundle()))["requests"]
    requests[0]["lines"][0]["quantity"] = -1
    said = refusal(rewritten(write_bundle(bundle()), requests=requests))
    assert said.startswith("the bundle: requests.0.lines.0.quantity: ")


def test_a_number_without_canonical_form_counts_as_altered() -> None:
    found = json.loads(write_bundle(bundle()))
    found["requests"][0]["lines"][0]["quantity"] = 10**20
    assert "was altered" in refusal(json.dumps(found).encode())


@pytest.mark.parametrize("name", ["\x1b[2J", "a b", "", "../x", "x" * 81])
def test_an_id_is_a_plain_word(name: str) -> None:
    found = json.loads(write_answers(answers()))["answers"]
    found[0]["id"] = name
    with pytest.raises(XlicenseError, match=r"answers\.0\.id"):
        read_answers(rewritten(write_answers(answers()), answers=found))


def test_an_answer_in_clear_is_refused_and_not_repeated() -> None:
    found = json.loads(write_answers(answers()))["answers"]
    found[0]["value"] = "<specificPLR>secret"
    with pytest.raises(XlicenseError) as caught:
        read_answers(rewritten(write_answers(answers()), answers=found))
    assert "answers.0.value" in caught.value.message
    assert "secret" not in caught.value.message


def test_a_code_does_not_show_in_the_repr_of_a_bundle() -> None:
    assert REQUEST_CODE not in repr(bundle())
    assert SERIAL in repr(bundle())


@given(st.binary(max_size=400))
def test_no_bytes_bring_the_reader_down(data: bytes) -> None:
    for read in (read_bundle, read_answers):
        with pytest.raises(XlicenseError):
            read(data)


@given(st.integers(0), st.integers(1, 255))
def test_no_flipped_bits_go_unnoticed_where_they_change_anything(place: int, flip: int) -> None:
    data = bytearray(write_bundle(bundle()))
    data[place % len(data)] ^= flip
    try:
        found, _ = read_bundle(bytes(data))
    except XlicenseError:
        return
    assert found == bundle()
