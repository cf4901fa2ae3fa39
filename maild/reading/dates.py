"""Dates as pages print them: numbers, or the names of months in nl, fr, de and en.

Pure. A date of numbers alone may be read in two ways; which one a page means, its other dates may tell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

_MONTHS: Final = (
    ("januari", "janvier", "januar", "january", "jan", "janv", "janner"),
    ("februari", "fevrier", "februar", "february", "feb", "febr", "fev", "fevr"),
    ("maart", "mars", "marz", "maerz", "march", "mrt", "mar", "mrz"),
    ("april", "avril", "apr", "avr"),
    ("mei", "mai", "may"),
    ("juni", "juin", "june", "jun"),
    ("juli", "juillet", "july", "jul", "juil"),
    ("augustus", "aout", "august", "aug"),
    ("september", "septembre", "sep", "sept"),
    ("oktober", "octobre", "october", "okt", "oct"),
    ("november", "novembre", "nov"),
    ("december", "decembre", "dezember", "dec", "dez"),
)
_MONTH: Final = {name: at for at, names in enumerate(_MONTHS, 1) for name in names}
_DIGIT: Final = re.compile(r"\d\d")  # of a year at least
_ISO: Final = re.compile(r"(?<!\d)((?:19|20)\d\d)([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_NUMERIC: Final = re.compile(
    r"(?<![\d.,/-])(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?((?:19|20)\d\d|\d\d)(?![\d/-]|[.,]\d)"
)
_DAY_FIRST: Final = re.compile(
    r"(?<!\d)(\d{1,2})(?:er|st|nd|rd|th|\.)?[\s.-]*([^\W\d_]{3,10})\.?[\s,.-]*((?:19|20)\d\d)(?!\d)"
)
_MONTH_FIRST: Final = re.compile(
    r"(?<![^\W\d_])([^\W\d_]{3,10})\.?\s*(\d{1,2})(?:st|nd|rd|th)?\s*,?\s*((?:19|20)\d\d)(?!\d)"
)
_CENTURY: Final = 2000


@dataclass(frozen=True, slots=True)
class Day:
    """A date as it is read day first; `turned` is that of month first, where both are dates."""

    on: date
    turned: date | None = None


def dates_in(text: str) -> Iterator[tuple[Day, int, int]]:
    """The dates in a cell and where they stand."""
    if not _DIGIT.search(text):
        return
    for match in _ISO.finditer(text):
        if day := _day(match[1], match[3], match[4]):
            yield Day(day), match.start(), match.end()
    for match in _NUMERIC.finditer(text):
        if found := _of_numbers(match):
            yield found, match.start(), match.end()
    for match in _DAY_FIRST.finditer(text):
        if day := _named(match[3], match[2], match[1]):
            yield Day(day), match.start(), match.end()
    for match in _MONTH_FIRST.finditer(text):
        if day := _named(match[3], match[1], match[2]):
            yield Day(day), match.start(), match.end()


def months_come_first(texts: Iterable[str]) -> bool:
    """Whether the page has a date that is one only with its month first, and none with its day first."""
    found = [(int(match[1]), int(match[3])) for text in texts for match in _NUMERIC.finditer(text)]
    month_first = any(first <= 12 < second <= 31 for first, second in found)
    day_first = any(second <= 12 < first <= 31 for first, second in found)
    return month_first and not day_first


def _of_numbers(match: re.Match[str]) -> Day | None:
    year = match[4] if len(match[4]) == 4 else str(_CENTURY + int(match[4]))
    usual, turned = _day(year, match[3], match[1]), _day(year, match[1], match[3])
    if usual is None:
        return Day(turned, turned) if turned else None
    return Day(usual, turned if turned != usual else None)


def _named(year: str, month: str, day: str) -> date | None:
    plain = "".join(one for one in unicodedata.normalize("NFKD", month).casefold() if one.isalpha())
    number = _MONTH.get(plain)
    return _day(year, str(number), day) if number else None


def _day(year: str, month: str, day: str) -> date | None:
    with suppress(ValueError):
        return date(int(year), int(month), int(day))
    return None
