"""The days that nobody works, against calendars that were published."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.rules.holidays import COUNTRIES, easter, holidays, is_working_day

# Country, year, and its holidays as the governments publish them: month-day, in order.
PUBLISHED = [
    ("BE", 2026, "01-01 04-06 05-01 05-14 05-25 07-21 08-15 11-01 11-11 12-25"),
    ("BE", 2008, "01-01 03-24 05-01 05-12 07-21 08-15 11-01 11-11 12-25"),  # 1 May was Ascension
    ("NL", 2026, "01-01 04-06 04-27 05-14 05-25 12-25 12-26"),
    ("NL", 2025, "01-01 04-21 04-26 05-05 05-29 06-09 12-25 12-26"),  # 27 April was a Sunday
    ("LU", 2026, "01-01 04-06 05-01 05-09 05-14 05-25 06-23 08-15 11-01 12-25 12-26"),
    ("FR", 2026, "01-01 04-06 05-01 05-08 05-14 05-25 07-14 08-15 11-01 11-11 12-25"),
    ("DE", 2026, "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26"),
]


@pytest.mark.parametrize(("country", "year", "days"), PUBLISHED)
def test_a_country_keeps_its_legal_holidays(country: str, year: int, days: str) -> None:
    assert " ".join(f"{one:%m-%d}" for one in sorted(holidays(year, country))) == days


@pytest.mark.parametrize(
    ("year", "day"),
    # The earliest and the latest there are, and two on which simpler rules fail.
    [
        *((1818, "03-22"), (2285, "03-22"), (1943, "04-25"), (2038, "04-25")),
        *((1954, "04-18"), (1981, "04-19"), (2026, "04-05")),
    ],
)
def test_easter_is_where_the_churches_keep_it(year: int, day: str) -> None:
    assert f"{easter(year):%m-%d}" == day


@given(st.integers(1583, 4099))
def test_easter_is_a_sunday_between_its_bounds(year: int) -> None:
    assert easter(year).isoweekday() == 7
    assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)


@given(st.dates(date(1900, 1, 1), date(2999, 12, 25)), st.sampled_from((*COUNTRIES, "")))
def test_people_work_again_within_five_days(day: date, country: str) -> None:
    # The longest rest is Good Friday to Easter Monday, or Christmas beside a weekend.
    assert any(is_working_day(day + timedelta(days=n), country) for n in range(5))


@pytest.mark.parametrize("country", ["", "US"])
def test_a_country_that_is_not_known_has_weekends_only(country: str) -> None:
    assert is_working_day(date(2026, 12, 25), country)
    assert not is_working_day(date(2026, 12, 26), country)
