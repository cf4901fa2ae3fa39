"""From words to the first moment at which a delivery may leave, over both days of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.rules.windows import instant, parse

BRUSSELS = ZoneInfo("Europe/Brussels")
TABLE = [
    # when, now in Brussels, first moment in Brussels
    ("now", "2026-03-04 10:00", "2026-03-04 10:00"),
    ("daily 07:30", "2026-03-04 07:29", "2026-03-04 07:30"),
    ("daily 07:30", "2026-03-04 07:30", "2026-03-04 07:30"),
    ("daily 07:30", "2026-03-04 07:31", "2026-03-05 07:30"),
    ("daily 7:30, 18:00", "2026-03-04 12:00", "2026-03-04 18:00"),
    ("Working Days  18:00", "2026-03-06 18:01", "2026-03-09 18:00"),
    ("working days 18:00", "2026-03-07 10:00", "2026-03-09 18:00"),
    ("mondays 09:00", "2026-03-04 10:00", "2026-03-09 09:00"),
    ("monday 09:00", "2026-03-09 09:00", "2026-03-09 09:00"),
    ("tuesdays and fridays 16:00", "2026-03-04 10:00", "2026-03-06 16:00"),
    ("tuesdays, saturdays 16:00", "2026-03-06 17:00", "2026-03-07 16:00"),
    ("cron 30 7 * * mon-fri", "2026-03-06 08:00", "2026-03-09 07:30"),
    ("cron */20 8-9 * * *", "2026-03-04 08:41", "2026-03-04 09:00"),
    ("cron 0 6 1 * *", "2026-03-04 10:00", "2026-04-01 06:00"),
    ("cron 0 6 31 * *", "2026-04-01 10:00", "2026-05-31 06:00"),
    ("cron 0 6 29 feb *", "2026-03-04 10:00", "2028-02-29 06:00"),
    ("cron 0 6 29 2 *", "2097-01-01 10:00", "2104-02-29 06:00"),
    ("cron 0 0 1 jan-mar/2 *", "2026-01-02 00:00", "2026-03-01 00:00"),
    ("cron 5 4 * * sat,sun", "2026-03-04 10:00", "2026-03-07 04:05"),
    # 29 March 2026: 02:00 becomes 03:00. 25 October: 03:00 becomes 02:00.
    ("daily 02:30", "2026-03-29 01:00", "2026-03-29 03:00"),
    ("daily 03:00", "2026-03-29 01:00", "2026-03-29 03:00"),
    ("daily 00:00", "2026-03-28 12:00", "2026-03-29 00:00"),
    ("cron 0 0 * * mon-fri", "2026-03-28 12:00", "2026-03-30 00:00"),
    ("daily 02:30", "2026-10-25 01:00", "2026-10-25 02:30"),
]


@pytest.mark.parametrize(("when", "now", "expected"), TABLE, ids=str)
def test_the_first_moment_is_local_wall_time(when: str, now: str, expected: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=BRUSSELS)
    found = parse(when).not_before(at, BRUSSELS)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=BRUSSELS).astimezone(UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("when", "now", "country", "expected"),
    [
        ("working days 18:00", "2026-07-20 18:01", "BE", "2026-07-22 18:00"),
        ("working days 18:00", "2026-07-20 18:01", "NL", "2026-07-21 18:00"),
        ("working days 18:00", "2026-07-20 18:01", "", "2026-07-21 18:00"),
        ("working days 09:00", "2026-12-24 10:00", "NL", "2026-12-28 09:00"),
        ("working days 09:00", "2026-12-31 10:00", "BE", "2027-01-04 09:00"),
        ("daily 09:00", "2026-12-24 10:00", "BE", "2026-12-25 09:00"),
        ("fridays 09:00", "2026-12-24 10:00", "BE", "2026-12-25 09:00"),
        ("cron 0 9 * * mon-fri", "2026-12-24 10:00", "BE", "2026-12-25 09:00"),
    ],
)
def test_only_working_days_leave_out_the_holidays_of_a_country(
    when: str, now: str, country: str, expected: str
) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=BRUSSELS)
    found = parse(when).not_before(at, BRUSSELS, holidays=country)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=BRUSSELS)


def test_a_time_that_the_clocks_show_twice_means_the_first_and_comes_once() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in summer time
    assert parse("daily 02:30").not_before(first, BRUSSELS) == first
    # A second later it is over for the day, although the clocks will show 02:30 again.
    tomorrow = datetime(2026, 10, 26, 1, 30, tzinfo=UTC)
    assert parse("daily 02:30").not_before(first + timedelta(seconds=1), BRUSSELS) == tomorrow


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("tomorrow", "no time that maild knows"),
        ("workin days 18:00", "no time that maild knows"),
        ("mondag 09:00", 'did you mean "monday"'),
        ("daily 24:00", "no time of day"),
        ("daily 7h30", "no time of day"),
        ("daily", "no time of day"),
        ("working days", "no time that maild knows"),
        ("cron 0 9 * * 1", "which day of the week a number is"),
        ("cron 0 9 13 * fri", "both days must match"),
        ("cron 0 9 * *", "five fields"),
        ("cron 60 9 * * *", '"60": write a number from 0 to 59'),
        ("cron 0 9 31 feb *", "no month has such a day"),
        ("cron 0 18-9 * * *", "from the lower to the higher"),
        ("cron */0 9 * * *", "a step is a number"),
        ("cron 0/ 9 * * *", "a step is a number"),
        ("cron ² 9 * * *", "write a number"),
        ("", "no time that maild knows"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(when: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        parse(when)


ZONES = ["Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"]
MOMENTS = st.integers(0, 13 * 365 * 86_400).map(
    lambda seconds: datetime(2017, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
CLOCK_CHANGES = st.sampled_from(
    [
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 8, 7, 0, tzinfo=UTC),
        datetime(2026, 11, 1, 6, 0, tzinfo=UTC),
        datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
        datetime(2017, 10, 15, 3, 0, tzinfo=UTC),
    ]
).flatmap(lambda at: st.integers(-90_000, 90_000).map(lambda s: at + timedelta(seconds=s)))


@given(
    now=MOMENTS | CLOCK_CHANGES,
    at=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_a_daily_window_is_never_missed_and_never_comes_twice(
    now: datetime, at: time, zone: ZoneInfo
) -> None:
    window = parse(f"daily {at:%H:%M}")
    found = window.not_before(now, zone)
    assert now <= found <= now + timedelta(hours=26)
    shown = found.astimezone(zone)
    if (shown.hour, shown.minute) != (at.hour, at.minute):
        # Only a gap may move it, and then to the very moment at which the gap ends.
        before = (found - timedelta(seconds=1)).astimezone(zone)
        assert before.replace(tzinfo=None) + timedelta(seconds=1) < shown.replace(tzinfo=None)
        assert before.time() < at < shown.time() or before.date() < shown.date()
    following = window.not_before(found + timedelta(microseconds=1), zone)
    assert following.astimezone(zone).date() == shown.date() + timedelta(days=1)


@given(now=MOMENTS | CLOCK_CHANGES, zone=st.sampled_from(ZONES).map(ZoneInfo))
def test_moments_of_a_day_keep_the_order_of_the_clock(now: datetime, zone: ZoneInfo) -> None:
    day = now.astimezone(zone).date()
    moments = [instant(day, time(n // 4, n % 4 * 15), zone=zone) for n in range(96)]
    assert moments == sorted(moments)
