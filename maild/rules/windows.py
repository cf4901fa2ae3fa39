"""The `when` of a rule: from words to the first moment at which a delivery may leave.

Five forms, and no other:

    now
    daily 07:30                     every day; several times: daily 07:30, 18:00
    working days 18:00              Monday to Friday, without the holidays of the team's country
    mondays 09:00                   any days of the week: tuesdays, fridays 16:00
    cron 30 7 * * mon-fri           minute, hour, day of month, month, day of week

Times are local times of the team's zone. A time that the clocks skip means the first moment after
the gap; a time that they show twice means its first occurrence. Only "working days" knows holidays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from maild.errors import did_you_mean
from maild.model.said import Said
from maild.rules.holidays import is_working_day

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
EVERY_DAY: Final = frozenset(range(7))
EVERY_MONTH: Final = frozenset(range(1, 13))
EVERY_DATE: Final = frozenset(range(1, 32))

FORMS: Final = (
    '"now", "daily 07:30", "working days 18:00", "mondays 09:00" or "cron 30 7 * * mon-fri"'
)

# The longest wait between two days that one rule can name: 29 February around a year such as 2100.
LONGEST_WAIT: Final = timedelta(days=8 * 366)


@dataclass(frozen=True, slots=True)
class Window:
    """Moments of the week or month at which deliveries may leave; no `times` means at once."""

    text: str
    times: tuple[time, ...] = ()
    weekdays: frozenset[int] = EVERY_DAY  # Monday is 0
    dates: frozenset[int] = EVERY_DATE
    months: frozenset[int] = EVERY_MONTH
    working: bool = False  # only days on which people work

    def not_before(self, now: datetime, zone: tzinfo, *, holidays: str = "") -> datetime:
        """The first moment of this window at or after `now` (aware), in UTC.

        `holidays` is the country whose holidays are no working days; "" knows weekends only.
        """
        now = now.astimezone(UTC)
        if not self.times:
            return now
        today = now.astimezone(zone).date()
        for day in self._days_from(today, holidays):
            for at in self.times:
                moment = instant(day, at, zone=zone)
                if moment >= now:
                    return moment
        raise AssertionError(f"{self.text}: a window without a day passed its check")

    def has(self, day: date, holidays: str) -> bool:
        """Whether a day is one of this window's."""
        return (
            day.weekday() in self.weekdays
            and day.day in self.dates
            and day.month in self.months
            and (not self.working or is_working_day(day, holidays))
        )

    def _days_from(self, day: date, holidays: str) -> Iterator[date]:
        for offset in range(LONGEST_WAIT.days + 1):
            one = day + timedelta(days=offset)
            if self.has(one, holidays):
                yield one


@lru_cache(maxsize=1024)
def parse(text: str) -> Window:
    """Read a `when`. Raises ValueError with a sentence for the person who wrote it."""
    words = " ".join(text.split()).lower()
    if words == "now":
        return Window(text)
    head, _, rest = words.partition(" ")
    if head == "daily":
        return Window(text, _times(rest))
    if words.startswith("working days "):
        return Window(text, _times(words.removeprefix("working days ")), working=True)
    if head == "cron":
        return _cron(text, rest.split())
    return _weekdays(text, words)


def instant(day: date, at: time, *, zone: tzinfo) -> datetime:
    """A local time as a moment in UTC; in a gap the first valid moment after it, in a fold the first.

    Source: PEP 495; store_and_clock.md B4 names what schedulers make of these hours.
    """
    local = datetime.combine(day, at, zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    # The clocks skip this time. Read with the offset from after the change (fold=1) it lies before
    # the change, read with the one from before (fold=0) after it: the change lies in between.
    return _change_between(local.replace(fold=1).astimezone(UTC), moment, zone=zone)


def time_of_day(text: str) -> time:
    """A time such as 7:30 or 18:00. Raises ValueError with a sentence for a person."""
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", text)
    if match and int(match[1]) < 24 and int(match[2]) < 60:
        return time(int(match[1]), int(match[2]))
    english = f'"{text}" is no time of day; write hours and minutes, such as 07:30 or 18:00'
    raise ValueError(Said("no_time_of_day", english, text=text))


def _change_between(before: datetime, after: datetime, *, zone: tzinfo) -> datetime:
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after


def _weekdays(text: str, words: str) -> Window:
    match = re.fullmatch(r"([a-z]+(?:(?:, ?| and )[a-z]+)*) (\d.*)", words)
    if not match:
        english = f'"{text}" is no time that maild knows; write {FORMS}'
        raise ValueError(Said("no_time", english, text=text))
    days = frozenset(_weekday(text, one) for one in re.split(r", ?| and ", match[1]))
    return Window(text, _times(match[2]), weekdays=days)


def _weekday(text: str, word: str) -> int:
    name = word.removesuffix("s")
    if name in WEEKDAYS:
        return WEEKDAYS.index(name)
    hint = did_you_mean(word, [*WEEKDAYS, "daily", "working days"])
    english = f'"{text}": "{word}" is no day of the week{hint or f"; write {FORMS}"}'
    raise ValueError(Said("no_weekday", english, text=text, word=word))


def _times(text: str) -> tuple[time, ...]:
    return tuple(sorted({time_of_day(one.strip()) for one in text.split(",")}))


def _cron(text: str, fields: list[str]) -> Window:
    if len(fields) != 5:
        english = (
            f'"{text}": cron takes five fields (minute, hour, day of month, month, day of week), '
            f"not {len(fields)}"
        )
        raise ValueError(Said("cron_fields", english, text=text))
    minute, hour, day, month, weekday = fields
    if day != "*" and weekday != "*":
        english = (
            f'"{text}": programs disagree on whether both days must match or one of them; give a '
            "day of the month or a day of the week, and * for the other"
        )
        raise ValueError(Said("cron_days", english, text=text))
    if re.search(r"\d", weekday.split("/")[0]):
        english = (
            f'"{text}": programs disagree on which day of the week a number is; write mon, tue, wed, '
            "thu, fri, sat or sun"
        )
        raise ValueError(Said("cron_numbers", english, text=text))
    window = Window(
        text,
        tuple(
            time(h, m)
            for h in sorted(_field(hour, range(24)))
            for m in sorted(_field(minute, range(60)))
        ),
        weekdays=_field(weekday, range(7), names=tuple(name[:3] for name in WEEKDAYS)),
        dates=_field(day, range(1, 32)),
        months=_field(month, range(1, 13), names=MONTHS),
    )
    # A leap year has every date that any year has.
    if not any(date(2024, 1, 1) + timedelta(d) in _Dates(window) for d in range(366)):
        raise ValueError(Said("cron_no_day", f'"{text}": no month has such a day', text=text))
    return window


@dataclass(frozen=True, slots=True)
class _Dates:
    """The dates of a window, whatever their day of the week."""

    window: Window

    def __contains__(self, day: date) -> bool:
        return day.day in self.window.dates and day.month in self.window.months


def _field(text: str, allowed: range, *, names: tuple[str, ...] = ()) -> frozenset[int]:
    """One field of cron: *, values, ranges and steps, separated by commas."""
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if "/" in part and not (_number(step) and 0 < int(step) <= len(allowed)):
            english = f'"{part}": a step is a number from 1 to {len(allowed)}'
            raise ValueError(Said("cron_step", english, text=part, most=len(allowed)))
        first, _, last = span.partition("-")
        if span == "*":
            low, high = allowed[0], allowed[-1]
        else:
            low = _value(first, allowed, names=names)
            high = _value(last, allowed, names=names) if "-" in span else low
            if step and "-" not in span:
                high = allowed[-1]
        if low > high:
            english = f'"{part}": a range runs from the lower to the higher end'
            raise ValueError(Said("cron_range", english, text=part))
        found.update(range(low, high + 1, int(step or 1)))
    return frozenset(found)


def _value(text: str, allowed: range, *, names: tuple[str, ...]) -> int:
    if text in names:
        return names.index(text) + allowed[0]
    if _number(text) and int(text) in allowed:
        return int(text)
    said = f", or {names[0]} to {names[-1]}" if names else ""
    english = f'"{text}": write a number from {allowed[0]} to {allowed[-1]}{said}, or *'
    raise ValueError(Said("cron_number", english, text=text, least=allowed[0], most=allowed[-1]))


def _number(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,2}", text) is not None
