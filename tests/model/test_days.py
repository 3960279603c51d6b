"""Days as remote systems write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import read_day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2027-Jan-31 UTC", date(2027, 1, 31)),
        ("2027-01-31", date(2027, 1, 31)),
        ("2027-01-31T00:00:00Z", date(2027, 1, 31)),
        ("2027/1/31", date(2027, 1, 31)),
        ("Jan 31, 2027", date(2027, 1, 31)),
        ("31 Jan 2027 07:00:00", date(2027, 1, 31)),
        ("1801353600000", date(2027, 1, 31)),
        ("2027-13-31", None),
        ("2027-Foo-31", None),
        ("tomorrow", None),
        ("20270131", None),
    ],
)
def test_days_in_every_form_that_the_family_prints(text, day):
    assert read_day(text) == day


@given(st.text(max_size=30))
def test_no_text_makes_reading_a_day_raise(text):
    read_day(text)


@pytest.mark.parametrize("month", range(1, 13))
def test_every_month_is_read_by_its_short_and_its_long_name(month):
    written = date(2027, month, 9)
    assert read_day(written.strftime("%Y-%b-%d")) == written
    assert read_day(written.strftime(" %d %B %Y\n")) == written


@pytest.mark.parametrize("text", ["31 Jan 2027x", "Jan 31, 2027x", "2027-01-311"])
def test_a_day_with_something_glued_to_it_is_no_day(text):
    assert read_day(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("180135360000", date(1975, 9, 16)),
        ("18013536000000", date(2540, 10, 29)),
        ("18013536000", None),
        ("180135360000000", None),
        ("\uff11\uff18\uff10\uff11\uff13\uff15\uff13\uff16\uff10\uff10\uff10\uff10\uff10", None),
        ("31-jan-2027", date(2027, 1, 31)),
        ("JAN. 31 2027 at noon", date(2027, 1, 31)),
        ("31 Jan-2027", date(2027, 1, 31)),
        ("on 2027-01-31", None),
        ("2027-01-32", None),
        ("2027-Ja-31", None),
        ("", None),
    ],
)
def test_what_is_nearly_a_day_is_none(text, day):
    assert read_day(text) == day
