"""Amounts and percentages as pages print them: 1.234,56 and 1,234.56 and 1 234,56 and 1234,56-.

Pure. What an amount means is not asked here. Amounts are counted in cents, which are exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

# Blanks that printers use between thousands: no-break, thin, narrow no-break.
_BLANK: Final = r"[ \u00a0\u2009\u202f]"
_SIGN: Final = "-\u2212\u2010\u2011\u2013"
_CURRENCY: Final = r"(?:€|\$|£|EUR|USD|GBP|CHF|EURO|Eur)"
_MOST_CENTS: Final = 10**13
_NUMBER: Final = re.compile(
    rf"(?<![\w.,/])(?P<before>[{_SIGN}]\s?)?(?P<mark>{_CURRENCY}\s?)?(?P<inner>[{_SIGN}]\s?)?"
    rf"(?P<whole>\d{{1,3}}(?:(?P<group>[.,'’]|{_BLANK})\d{{3}})(?:(?P=group)\d{{3}}){{0,3}}|\d{{1,11}})"
    rf"(?P<tail>[.,](?P<cents>\d{{2}}))"
    rf"(?P<more>\s?{_CURRENCY})?(?P<after>\s?[{_SIGN}](?![{_SIGN}\w])|-)?(?![\w%]|[.,/]\d|\s?%)",
)
_PERCENT: Final = re.compile(r"(?<![\w.,])(\d{1,2}(?:[.,]\d{1,3})?)\s?%")
_BARE_RATE: Final = re.compile(r"\d{1,2}(?:[.,]\d{1,2})?")
_CODES: Final = {"€": "EUR", "$": "USD", "£": "GBP", "EURO": "EUR", "EUR": "EUR"}


@dataclass(frozen=True, slots=True)
class Money:
    """Cents with their sign, and the currency that is printed at them, if any."""

    cents: int
    currency: str | None = None


def amounts_in(text: str) -> Iterator[tuple[Money, int, int]]:
    """The amounts with two decimals in a cell, and where they stand.

    A blank may part thousands or two columns that stand too close, so that "12 345,67" is seen as
    12345.67 and as 345.67; arithmetic tells which it is.
    """
    for match in _NUMBER.finditer(text):
        if _is_date_like(match):
            continue
        mark = (match["mark"] or match["more"] or "").strip().upper()
        minus = match["before"] or match["inner"] or (match["after"] or "").strip()
        currency = _CODES.get(mark, mark) or None
        yield from _readings(match, minus=bool(minus), currency=currency)


def _readings(
    match: re.Match[str], *, minus: bool, currency: str | None
) -> Iterator[tuple[Money, int, int]]:
    parts = [match["whole"]]
    if match["group"] == " ":
        last = match["whole"].rpartition(match["group"])[2]
        parts.append(last)
    for whole in parts:
        cents = int(re.sub(r"\D", "", whole) + match["cents"])
        if cents < _MOST_CENTS:
            start = match.end("whole") - len(whole)
            yield Money(-cents if minus else cents, currency), start, match.end("tail")


def _is_date_like(match: re.Match[str]) -> bool:
    """Whether thousands and decimals are parted by the same sign, as in 12.345.67: no amount."""
    return bool(match["group"]) and match["group"] == match["tail"][0]


def percentages_in(text: str) -> Iterator[tuple[Decimal, int, int]]:
    """The percentages in a cell: "21 %", "5,5%"."""
    for match in _PERCENT.finditer(text):
        yield decimal(match[1]), match.start(), match.end()


def bare_rate(text: str) -> Decimal | None:
    """The number that is all of a cell, as in a column of percentages without their sign."""
    match = _BARE_RATE.fullmatch(text.strip())
    return decimal(match[0]) if match else None


def decimal(text: str) -> Decimal:
    """A short number with a comma or a dot, less its last zeros."""
    number = Decimal(text.replace(",", "."))
    return Decimal(f"{number.normalize():f}")


def written(cents: int) -> str:
    """Cents as decimal text: -123 is "-1.23"."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"
