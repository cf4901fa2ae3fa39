"""From the words of a schedule to its periods and their instants, over all that a calendar does."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.model.period import parse as period_named
from maild.model.period import period_of
from maild.rules.due import parse

BRUSSELS = ZoneInfo("Europe/Brussels")
TABLE = [
    # when, period, country, its instant in Brussels
    ("month", "2026-03", "", "2026-04-01 00:00"),
    ("month 07:00", "2026-12", "", "2027-01-01 07:00"),
    ("month + 5 days 07:00", "2026-03", "", "2026-04-06 07:00"),
    ("Month +5 days 7:00", "2024-01", "", "2024-02-06 07:00"),
    ("month + 1 day", "2026-02", "", "2026-03-02 00:00"),
    # 1 April 2026 is a Wednesday, 6 April Easter Monday; 3 April is Good Friday.
    ("month + 0 working days 07:00", "2026-03", "BE", "2026-04-01 07:00"),
    ("month + 2 working days 07:00", "2026-03", "BE", "2026-04-03 07:00"),
    ("month + 3 working days 07:00", "2026-03", "BE", "2026-04-07 07:00"),
    ("month + 3 working days 07:00", "2026-03", "", "2026-04-06 07:00"),
    ("month + 2 working days 07:00", "2026-03", "DE", "2026-04-07 07:00"),
    # 1 January is a holiday, 2 January 2026 a Friday.
    ("year + 1 working day 07:00", "2025", "BE", "2026-01-05 07:00"),
    ("quarter + 10 days", "2026-Q1", "", "2026-04-11 00:00"),
    ("quarter + 10 days 09:15", "2026-Q4", "", "2027-01-11 09:15"),
    ("week 06:00", "2026-W53", "", "2027-01-04 06:00"),
    ("day 05:00", "2026-12-31", "", "2027-01-01 05:00"),
    # The clocks: 29 March 2026 has no 02:30, 25 October has it twice.
    ("day 02:30", "2026-03-28", "", "2026-03-29 03:00"),
    ("day 02:30", "2026-10-24", "", "2026-10-25 02:30"),
    ("daily 02:30", "2026-03-29", "", "2026-03-29 03:00"),
    ("daily 07:30", "2026-03-29", "", "2026-03-29 07:30"),
    ("working days 18:00", "2026-07-20", "BE", "2026-07-20 18:00"),
    ("cron 0 6 1 * *", "2026-04-01", "", "2026-04-01 06:00"),
]


@pytest.mark.parametrize(("when", "period", "country", "expected"), TABLE, ids=str)
def test_the_work_of_a_period_is_due_at_local_wall_time(
    when: str, period: str, country: str, expected: str
) -> None:
    found = parse(when).due_at(period_named(period), BRUSSELS, holidays=country)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=BRUSSELS).astimezone(UTC)


@pytest.mark.parametrize(
    ("when", "day"),
    [("working days 18:00", "2026-07-21"), ("mondays 09:00", "2026-07-21")],
)
def test_a_day_that_a_schedule_leaves_out_is_never_due(when: str, day: str) -> None:
    assert parse(when).due_at(period_named(day), BRUSSELS, holidays="BE") is None


def test_an_hour_is_due_as_it_begins() -> None:
    hour = period_named("2026-10-25T01Z")
    assert parse("hourly").due_at(hour, BRUSSELS) == datetime(2026, 10, 25, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("now", "one time a day"),
        ("daily 07:30, 18:00", "one time a day"),
        ("cron */30 7 * * *", "one time a day"),
        ("month + 5", "no time that a schedule knows"),
        ("month + -1 days", "no time that a schedule knows"),
        ("month 5 days", "no time that a schedule knows"),
        ("quarter + 400 days", "at most 366 days"),
        ("month + 5 days 25:00", "no time of day"),
        ("months", "no time that maild knows"),
        ("", "no time that maild knows"),
    ],
)
def test_a_wrong_when_says_what_would_be_right(when: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(when)


def test_what_is_over_when_it_is_due_can_be_exported_whole() -> None:
    whole = [one for one in ("month", "day 07:30", "daily 07:30", "hourly") if parse(one).is_after]
    assert whole == ["month", "day 07:30"]


WHENS = st.sampled_from(
    [
        *("month + 5 days 07:00", "month + 3 working days 02:30", "day + 2 working days 02:30"),
        *(
            "week",
            "daily 02:30",
            "working days 18:00",
            "hourly",
            "year + 366 days",
            "quarter 00:00",
        ),
    ]
)
ZONES = st.sampled_from(["Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "UTC"])
NOW = st.integers(0, 50 * 366 * 24 * 60)  # minutes from 2000 on


@settings(max_examples=300)
@given(WHENS, ZONES, NOW, st.sampled_from(["", "BE", "NL"]))
def test_between_the_last_and_the_next_nothing_is_due(
    when: str, zone_name: str, minutes: int, country: str
) -> None:
    due, zone = parse(when), ZoneInfo(zone_name)
    now = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    last, last_at = due.last(now, zone, holidays=country)
    following, next_at = due.next(now, zone, holidays=country)
    assert last_at <= now < next_at
    assert last < following
    assert list(due.owed(now, zone, after=last, holidays=country)) == []
    later = list(due.owed(next_at, zone, after=last, holidays=country))
    assert later[0] == (following, next_at)
    # Days that end on a weekend are due together; only then is more than one owed at one instant.
    assert {at for _, at in later} == {next_at}


@settings(max_examples=100)
@given(WHENS, ZONES, NOW)
def test_periods_come_due_in_their_order_and_none_is_left_out(
    when: str, zone_name: str, minutes: int
) -> None:
    due, zone = parse(when), ZoneInfo(zone_name)
    start = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    first = period_of(start, due.every, zone=zone)
    end = first
    for _ in range(40):
        end = end.next
    found = list(islice(due.owed(end.starts_at(zone), zone, after=first), 40))
    assert [one for one, _ in found] == sorted({one for one, _ in found})
    assert [at for _, at in found] == sorted(at for _, at in found)
    named = {one for one, _ in found}
    period = first.next
    while found and period < found[-1][0]:
        assert (period in named) is (due.due_at(period, zone) is not None)
        period = period.next


def test_the_latest_of_rare_days_is_found() -> None:
    last, at = parse("cron 0 6 29 feb *").last(datetime(2026, 3, 1, tzinfo=UTC), BRUSSELS)
    assert (last.first_on, at.date()) == (date(2024, 2, 29), date(2024, 2, 29))
