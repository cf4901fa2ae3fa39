"""The `when` of a schedule: which periods it has, and the instant at which the work of each is due.

    month + 5 days 07:00            five whole days after a month has ended: March's on 6 April
    quarter + 3 working days 07:00  on the third working day after the first one of the new quarter
    week 06:00                      the morning after a week has ended; day, month and year likewise
    daily 07:30                     every day is a period, and due on itself
    working days 18:00, mondays 09:00, cron 30 7 1 * *    the same, for some days only
    hourly                          every hour in UTC is one, and due as it begins

Without a time the first moment of the day is meant. Times are local times of the schedule's zone: in a
gap of the clocks the first moment after it, in a fold the first only (store_and_clock.md B4). Whether
the work was done is the clock's business; when a delivery may leave is `windows`'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from maild.model.period import Every, Period, period_of
from maild.rules import windows
from maild.rules.holidays import is_working_day
from maild.rules.windows import Window, instant

MOST_DAYS: Final = 366
HOURLY: Final = "hourly"
FORMS: Final = (
    '"month + 5 days 07:00", "quarter + 3 working days 07:00", "week 06:00", "daily 07:30" or '
    '"working days 18:00"'
)

_AFTER: Final = re.compile(
    r"(day|week|month|quarter|year)(?: ?\+ ?([0-9]{1,4}) (working )?days?)?(?: ([0-9]+:[0-9]+))?"
)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """When the work of each period is due. `days` are counted from the end of the period."""

    text: str
    every: Every
    at: time = time()
    days: int = 0
    working: bool = False  # only working days count, and the instant lies on one
    window: Window | None = None  # the days that are periods, each due on itself

    @property
    def is_after(self) -> bool:
        """Whether a period is over when its work is due, so that the work can be about all of it."""
        return self.window is None and self.every is not Every.HOUR

    def due_at(self, period: Period, zone: tzinfo, *, holidays: str = "") -> datetime | None:
        """The instant, in UTC; None for a day that the schedule leaves out."""
        if self.every is Every.HOUR:
            return period.starts_at(zone)
        if self.window is not None:
            if not self.window.has(period.first_on, holidays):
                return None
            return instant(period.first_on, self.at, zone=zone)
        return instant(self._day(period.next.first_on, holidays), self.at, zone=zone)

    def owed(
        self, now: datetime, zone: tzinfo, *, after: Period, holidays: str = ""
    ) -> Iterator[tuple[Period, datetime]]:
        """The periods later than `after` that are due at `now`, oldest first, with their instants."""
        period = after.next
        while period.starts_at(zone) <= now:
            due = self.due_at(period, zone, holidays=holidays)
            if due is not None and due > now:
                return
            if due is not None:
                yield period, due
            period = period.next

    def last(self, now: datetime, zone: tzinfo, *, holidays: str = "") -> tuple[Period, datetime]:
        """The latest period that is due at `now`, with its instant."""
        period = period_of(now, self.every, zone=zone)
        while True:
            due = self.due_at(period, zone, holidays=holidays)
            if due is not None and due <= now:
                return period, due
            period = period.previous

    def next(self, now: datetime, zone: tzinfo, *, holidays: str = "") -> tuple[Period, datetime]:
        """The first period that is due later than `now`, with its instant."""
        period = self.last(now, zone, holidays=holidays)[0].next
        while (due := self.due_at(period, zone, holidays=holidays)) is None or due <= now:
            period = period.next
        return period, due

    def _day(self, day: date, holidays: str) -> date:
        """The day on which what ended on the day before is due."""
        if not self.working:
            return day + timedelta(days=self.days)
        left = self.days
        while left or not is_working_day(day, holidays):
            left -= is_working_day(day, holidays)
            day += _DAY
        return day


@lru_cache(maxsize=1024)
def parse(text: str) -> Due:
    """Read a `when`. Raises ValueError with a sentence for the person who wrote it."""
    words = " ".join(text.split()).lower()
    if words == HOURLY:
        return Due(text, Every.HOUR)
    if match := _AFTER.fullmatch(words):
        every, days, working, at = match.groups()
        if int(days or 0) > MOST_DAYS:
            raise ValueError(f'"{text}": write at most {MOST_DAYS} days')
        moment = windows.time_of_day(at) if at else time()
        return Due(text, Every(every), moment, int(days or 0), working=bool(working))
    if re.match(r"(day|week|month|quarter|year)\b", words):
        raise ValueError(f'"{text}" is no time that a schedule knows; write {FORMS}')
    window = windows.parse(text)
    if len(window.times) != 1:
        raise ValueError(f'"{text}": a schedule has one time a day; write {FORMS}')
    return Due(text, Every.DAY, window.times[0], window=window)
