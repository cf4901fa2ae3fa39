"""Numbers, money and dates as people of a language write them.

Babel knows the signs and the patterns; the digits come from Decimal and are never rounded here beyond
ten decimals. Nothing here adds or converts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date

from maild.model.bill import Period
from maild.model.money import Amount

LOCALES = {"nl": "nl_BE", "fr": "fr_BE", "en": "en_GB", "de": "de_DE"}

_MINUS = "\u2212"
_MOST_DECIMALS = 10
_MOST_DIGITS = 15  # beyond it a number is written with an exponent instead of filling the page
# Signs that mean one currency only; all others go by their code, since "$" is several.
_SIGNS = {"EUR": "€", "GBP": "£"}


@lru_cache
def figures(language: str) -> Figures:
    """The figures of a language; English for one we have no words in."""
    locale = Locale.parse(LOCALES.get(language, LOCALES["en"]))
    symbols = locale.number_symbols
    symbols = symbols.get("latn", symbols)
    money = locale.currency_formats["standard"]
    return Figures(
        locale=locale,
        group=symbols["group"],
        point=symbols["decimal"],
        before=money.prefix[0],
        after=money.suffix[0],
        percent_sign=locale.percent_formats[None].suffix[0],
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """How one language writes figures."""

    locale: Locale
    group: str
    point: str
    before: str  # what stands before an amount of money, with "¤" for the currency
    after: str
    percent_sign: str

    def number(self, value: Decimal, *, decimals: int = 0) -> str:
        """The number with at least `decimals` decimals, and more where it has them."""
        if value.adjusted() > _MOST_DIGITS:
            return f"{value:.6E}".replace("-", _MINUS)
        digits = max(decimals, min(_MOST_DECIMALS, _decimals(value)))
        text = f"{abs(value):,.{digits}f}"
        text = text.translate({ord(","): self.group, ord("."): self.point})
        return f"{_MINUS}{text}" if value < 0 else text

    def amount(self, amount: Amount | None) -> str:
        """The amount without its currency, as in a column; empty for None."""
        return "" if amount is None else self.number(amount.value, decimals=2)

    def money(self, amount: Amount) -> str:
        """The amount with its currency."""
        sign = _SIGNS.get(amount.currency)
        before, after = self.before, self.after
        if sign is None:
            sign = amount.currency
            before = before.replace("¤", "¤\u00a0") if before == "¤" else before
        minus = _MINUS if amount.value < 0 else ""
        text = self.number(abs(amount.value), decimals=2)
        if minus and not before.endswith("\u00a0"):
            before, minus = minus + before, ""
        return f"{before}{minus}{text}{after}".replace("¤", sign)

    def percent(self, value: Decimal) -> str:
        """The percentage with its sign."""
        return self.number(value) + self.percent_sign

    def day(self, day: date) -> str:
        """The date with the month in words."""
        return format_date(day, "long", self.locale).replace(" ", "\u00a0")

    def span(self, period: Period) -> str:
        """From a day to a day; either may be open."""
        start, end = (self.day(day) if day else "" for day in (period.start, period.end))
        return f"{start} – {end}".strip() if start or end else ""

    def country(self, code: str | None) -> str:
        """The country's name, or the code when it is none."""
        return self.locale.territories.get(code.upper(), code) if code else ""


def _decimals(value: Decimal) -> int:
    """How many decimals the number needs."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
