from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.model.period import Every, Period, parse, period_of, period_on

BRUSSELS = ZoneInfo("Europe/Brussels")
DAYS = st.dates(date(1901, 1, 1), date(2998, 12, 31))
LONGER = st.sampled_from([one for one in Every if one is not Every.HOUR])
HOURS = st.integers(0, 24 * 365 * 900)


@pytest.mark.parametrize(
    ("key", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
        ("2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
        ("2026-03-29", date(2026, 3, 29), date(2026, 3, 29)),
        ("2026-03-29T14Z", date(2026, 3, 29), date(2026, 3, 29)),
    ],
)
def test_a_key_names_its_first_and_last_day(key: str, first: date, last: date) -> None:
    period = parse(key)
    assert (period.key, period.first_on, period.last_on) == (key, first, last)


@pytest.mark.parametrize(
    "text",
    [
        *("", "26", "2026-13", "2026-Q5", "2025-W53", "2026-W00", "2026-02-29", "2026-03-29T24Z"),
        *("1066", "0000", "9999-12-31", "last month", "2026-3", "٢٠٢٦", "2026-03-29T14"),
    ],
)
def test_what_is_no_period_is_said_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match='write "2026", "2026-Q1"'):
        parse(text)


@pytest.mark.parametrize(("text", "key"), [("2026-q2", "2026-Q2"), (" 2026w5 ", "2026-W05")])
def test_people_may_write_a_key_in_their_way(text: str, key: str) -> None:
    assert parse(text).key == key


@given(DAYS, LONGER)
def test_periods_of_one_length_follow_without_gap_or_overlap(day: date, every: Every) -> None:
    period = period_on(day, every)
    assert period.has(day)
    assert parse(period.key) == period
    assert period.next.first_on == period.last_on + timedelta(days=1)
    assert period.next.previous == period == period.previous.next
    assert period.previous.key < period.key < period.next.key


@given(HOURS, st.sampled_from(Every))
def test_every_moment_lies_in_the_period_it_belongs_to(hours: int, every: Every) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    period = period_of(moment, every, zone=BRUSSELS)
    assert period.starts_at(BRUSSELS) <= moment < period.ends_at(BRUSSELS)
    assert parse(period.key) == period
    assert period.next.previous == period


def test_the_hour_that_comes_twice_in_autumn_is_two_periods() -> None:
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert [moment.astimezone(BRUSSELS).hour for moment in twice] == [2, 2]
    assert len({period_of(moment, Every.HOUR, zone=BRUSSELS).key for moment in twice}) == 2


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), "2026-03-28"),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "2026-03-29"),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "2026-03-29"),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "2026-03-30"),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "2026-10-25"),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "2026-10-26"),
    ],
)
def test_a_day_is_the_teams_own_also_when_the_clocks_change(moment: datetime, day: str) -> None:
    assert period_of(moment, Every.DAY, zone=BRUSSELS).key == day


@pytest.mark.parametrize(
    ("key", "nl", "fr", "de", "en"),
    [
        ("2026", "2026", "2026", "2026", "2026"),
        ("2026-Q1", "1e kwartaal 2026", "1er trimestre 2026", "1. Quartal 2026", "quarter 1 of 2026"),
        ("2026-Q3", "3e kwartaal 2026", "3e trimestre 2026", "3. Quartal 2026", "quarter 3 of 2026"),
        ("2026-03", "maart 2026", "mars 2026", "März 2026", "March 2026"),
        ("2026-W01", "week 1 van 2026", "semaine 1 de 2026", "Woche 1 2026", "week 1 of 2026"),
        ("2026-05-01", "1 mei 2026", "1er mai 2026", "1. Mai 2026", "1 May 2026"),
    ],
)  # fmt: skip
def test_people_read_a_period_in_their_language(
    key: str, nl: str, fr: str, de: str, en: str
) -> None:
    period = parse(key)
    assert [period.label(one) for one in ("nl", "fr", "de", "en", "it")] == [nl, fr, de, en, en]


def test_a_day_has_many_hours() -> None:
    with pytest.raises(ValueError, match="many hours"):
        period_on(date(2026, 3, 29), Every.HOUR)


def test_an_hour_follows_the_hour_before_over_midnight() -> None:
    assert parse("2026-12-31T23Z").next == Period(date(2027, 1, 1), Every.HOUR, 0)
