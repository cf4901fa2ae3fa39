"""A stretch of the calendar with a key: a year, quarter, month, week, day or hour.

A period has no zone of its own: `starts_at` and `ends_at` say when it begins and ends in one. Hours
are counted in UTC, since a local hour happens twice when summer time ends. When the work of a period
is due is `maild.rules.due`'s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final

from maild.model.said import Said

FIRST_YEAR, LAST_YEAR = 1900, 2999  # what a person can mean; dates end at 9999
FORMS: Final = '"2026", "2026-Q1", "2026-03", "2026-W13" or "2026-03-29"'

_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_MONTHS: Final = {
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "en": "January February March April May June July August September October November December",
}
_QUARTERS: Final = {
    "nl": "{n}e kwartaal {year}",
    "fr": "{n}{th} trimestre {year}",
    "de": "{n}. Quartal {year}",
    "en": "quarter {n} of {year}",
}
_WEEKS: Final = {
    "nl": "week {n} van {year}",
    "fr": "semaine {n} de {year}",
    "de": "Woche {n} {year}",
    "en": "week {n} of {year}",
}


class Every(StrEnum):
    """How long a period is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"  # Monday to Sunday; weeks and their years as ISO 8601 counts them
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_KEYS: Final = {
    Every.YEAR: re.compile(r"(\d{4})", re.ASCII),
    Every.QUARTER: re.compile(r"(\d{4})-?Q([1-4])", re.ASCII),
    Every.MONTH: re.compile(r"(\d{4})-(\d\d)", re.ASCII),
    Every.WEEK: re.compile(r"(\d{4})-?W(\d\d?)", re.ASCII),
    Every.DAY: re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII),
    Every.HOUR: re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d)Z", re.ASCII),
}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One period; `first_on` is its first day, and `hour` the hour of it in UTC, for hours only.

    Made by `period_of` and `parse`, which take care that `first_on` begins a period.
    """

    first_on: date
    every: Every
    hour: int | None = None

    @property
    def last_on(self) -> date:
        """Its last day, itself included."""
        return self.first_on if self.every is Every.HOUR else self.next.first_on - _DAY

    @property
    def key(self) -> str:
        """Its name in rows and on the command line: "2026", "2026-Q1", "2026-03", "2026-W13", ...

        Keys of one length sort by time. "2026-03-29" is a day, "2026-03-29T14Z" an hour.
        """
        day = self.first_on
        if self.every is Every.WEEK:
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        if self.every is Every.HOUR:
            return f"{day.isoformat()}T{self.hour:02}Z"
        if self.every is Every.QUARTER:
            return f"{day.year}-Q{_quarter(day)}"
        length = {Every.YEAR: 4, Every.MONTH: 7}.get(self.every, 10)
        return day.isoformat()[:length]

    @property
    def next(self) -> Period:
        """The period after it."""
        if self.every is Every.HOUR:
            return period_of(self.starts_at(UTC) + _HOUR, self.every, zone=UTC)
        return period_on(self.first_on + _LENGTHS[self.every], self.every)

    @property
    def previous(self) -> Period:
        """The period before it."""
        if self.every is Every.HOUR:
            return period_of(self.starts_at(UTC) - _HOUR, self.every, zone=UTC)
        return period_on(self.first_on - _DAY, self.every)

    def starts_at(self, zone: tzinfo) -> datetime:
        """Its first moment, in UTC. Where the clocks skip midnight, the first moment after it."""
        if self.every is Every.HOUR:
            return datetime.combine(self.first_on, time(self.hour or 0), UTC)
        return datetime.combine(self.first_on, time(), zone).astimezone(UTC)

    def ends_at(self, zone: tzinfo) -> datetime:
        """The first moment after it, in UTC: that at which the next one starts."""
        return self.next.starts_at(zone)

    def has(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.first_on <= day <= self.last_on

    def label(self, language: str) -> str:
        """Its name for people in nl, fr, de or en (English for any other): "maart 2026"."""
        language = language if language in _MONTHS else "en"
        day = self.first_on
        if self.every is Every.YEAR:
            return f"{day.year}"
        if self.every is Every.QUARTER:
            n = _quarter(day)
            return _QUARTERS[language].format(n=n, year=day.year, th="er" if n == 1 else "e")
        if self.every is Every.WEEK:
            year, week, _ = day.isocalendar()
            return _WEEKS[language].format(n=week, year=year)
        month = f"{_MONTHS[language].split()[day.month - 1]} {day.year}"
        if self.every is Every.MONTH:
            return month
        said = f"{_day_of_month(day.day, language)} {month}"
        return said if self.every is Every.DAY else f"{said} {self.hour:02}:00 UTC"


def parse(text: str) -> Period:
    """The period with this key, in capitals or not. Raises ValueError with a sentence for a person."""
    key = text.strip().upper()
    for every, form in _KEYS.items():
        if match := form.fullmatch(key):
            try:
                return _made(every, [int(part) for part in match.groups()])
            except ValueError:
                english = f'"{text}" is not in the calendar; write {FORMS}'
                raise ValueError(Said("not_in_calendar", english, text=text)) from None
    raise ValueError(Said("no_period", f'"{text}" is no period; write {FORMS}', text=text))


def period_of(moment: datetime, every: Every, *, zone: tzinfo) -> Period:
    """The period that holds a moment (aware); days and longer ones are those of the zone."""
    if every is Every.HOUR:
        utc = moment.astimezone(UTC)
        return Period(utc.date(), every, utc.hour)
    return period_on(moment.astimezone(zone).date(), every)


def period_on(day: date, every: Every) -> Period:
    """The period that holds a day. Raises ValueError for an hour, of which a day has many."""
    if every is Every.HOUR:
        raise ValueError("a day has many hours")
    if every is Every.WEEK:
        return Period(day - timedelta(days=day.weekday()), every)
    if every is Every.MONTH:
        return Period(day.replace(day=1), every)
    if every is Every.QUARTER:
        return Period(day.replace(month=3 * _quarter(day) - 2, day=1), every)
    return Period(day.replace(month=1, day=1) if every is Every.YEAR else day, every)


# From the first day of a period this many days lead into the next one, whatever its length.
_LENGTHS: Final = {
    Every.DAY: _DAY,
    Every.WEEK: timedelta(days=7),
    Every.MONTH: timedelta(days=31),
    Every.QUARTER: timedelta(days=93),
    Every.YEAR: timedelta(days=366),
}


def _made(every: Every, parts: list[int]) -> Period:
    year = parts[0]
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(year)
    if every is Every.WEEK:
        return Period(date.fromisocalendar(year, parts[1], 1), every)
    if every is Every.QUARTER:
        return Period(date(year, 3 * parts[1] - 2, 1), every)
    month, day = (*parts[1:3], 1, 1)[:2]
    first = date(year, month, day)
    if every is Every.HOUR:
        return Period(first, every, time(parts[3]).hour)
    return Period(first, every)


def _quarter(day: date) -> int:
    return (day.month + 2) // 3


def _day_of_month(day: int, language: str) -> str:
    if language == "de":
        return f"{day}."
    return "1er" if language == "fr" and day == 1 else f"{day}"
