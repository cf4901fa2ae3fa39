"""The days on which nobody works: weekends, and the legal holidays of a few countries.

Only holidays of a whole country that most employees have; not of a region, a trade or a bank, so
Good Friday is a working day in the Netherlands and Fronleichnam one in Germany. Holidays that were
moved or given once by decree are not known.
Sources: Belgium, law of 4 January 1974 and its royal decree of 18 April 1974, article 1; Netherlands,
Algemene termijnenwet article 3, with 5 May every fifth year; Luxembourg, Code du travail L. 232-2;
France, Code du travail L. 3133-1; Germany, what all sixteen states have in common.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

SATURDAY: Final = 5

# Days from Easter Sunday.
GOOD_FRIDAY, EASTER_MONDAY, ASCENSION, WHIT_MONDAY = -2, 1, 39, 50

# Countries by ISO 3166 code: fixed days as (month, day), then those that go with Easter. King's Day
# and Liberation Day of the Netherlands have rules of their own.
_KNOWN: Final[dict[str, tuple[tuple[tuple[int, int], ...], tuple[int, ...]]]] = {
    "BE": (
        ((1, 1), (5, 1), (7, 21), (8, 15), (11, 1), (11, 11), (12, 25)),
        (EASTER_MONDAY, ASCENSION, WHIT_MONDAY),
    ),
    "NL": (((1, 1), (12, 25), (12, 26)), (EASTER_MONDAY, ASCENSION, WHIT_MONDAY)),
    "LU": (
        ((1, 1), (5, 1), (5, 9), (6, 23), (8, 15), (11, 1), (12, 25), (12, 26)),
        (EASTER_MONDAY, ASCENSION, WHIT_MONDAY),
    ),
    "FR": (
        ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)),
        (EASTER_MONDAY, ASCENSION, WHIT_MONDAY),
    ),
    "DE": (
        ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)),
        (GOOD_FRIDAY, EASTER_MONDAY, ASCENSION, WHIT_MONDAY),
    ),
}
COUNTRIES: Final = tuple(_KNOWN)


def is_working_day(day: date, country: str) -> bool:
    """Whether people work on a day; `country` is one of COUNTRIES, or "" where only weekends count."""
    return day.weekday() < SATURDAY and day not in holidays(day.year, country)


@lru_cache(maxsize=512)
def holidays(year: int, country: str) -> frozenset[date]:
    """The legal holidays of a year, those on a weekend too; none for a country that is not known."""
    fixed, with_easter = _KNOWN.get(country, ((), ()))
    sunday = easter(year)
    found = {date(year, month, day) for month, day in fixed}
    found |= {sunday + timedelta(days=days) for days in with_easter}
    if country == "NL":
        found |= _dutch(year)
    return frozenset(found)


def easter(year: int) -> date:
    """Easter Sunday of the western churches.

    Source: the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8).
    """
    century, rest = divmod(year, 100)
    leaps, in_leap = divmod(century, 4)
    moon = (century - (century + 8) // 25 + 1) // 3
    golden = year % 19
    epact = (19 * golden + century - leaps - moon + 15) % 30
    weekday = (32 + 2 * in_leap + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)


def _dutch(year: int) -> set[date]:
    kings_day = date(year, 4, 27)
    if kings_day.isoweekday() == 7:
        kings_day -= timedelta(days=1)
    liberation = {date(year, 5, 5)} if year % 5 == 0 else set()
    return {kings_day} | liberation
