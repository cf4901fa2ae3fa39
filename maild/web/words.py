"""What pages say, a file of words a language, and how dates, amounts and counts are written in it.

A text is named by its place in the file ("sign_in.title"); `{name}` in it is filled in, and a table
with `one` and `other` is chosen from by a count. A test compares the files with each other and with
what the templates ask for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal

from maild.model.money import Amount
from maild.model.period import Every, Period

LANGUAGES: Final = ("nl", "fr", "en")
# Belgian and Dutch readers: the day before the month in English, too.
_NEXT_UNIT: Final = 1000
_LOCALES: Final = {"nl": "nl_BE", "fr": "fr_BE", "en": "en_GB"}


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language, in one time zone."""

    language: str
    zone: ZoneInfo

    def __call__(self, name: str, /, **values: object) -> str:
        """The text of that name, filled in. Raises KeyError for a name that does not exist."""
        found: Any = texts(self.language)
        for part in name.split("."):
            found = found[part]
        if isinstance(found, Mapping):
            found = found["one" if values.get("count") == 1 else "other"]
        return str(found).format_map({key: self._shown(value) for key, value in values.items()})

    @property
    def locale(self) -> Locale:
        """How Babel calls this language here."""
        return Locale.parse(_LOCALES[self.language])

    def day(self, value: date | None) -> str:
        """A date: "24 nov. 2026"; nothing for none."""
        return format_date(value, "medium", self.locale) if value else ""

    def moment(self, value: datetime | None) -> str:
        """An instant in the reader's zone: "24 nov. 2026 09:12"; nothing for none."""
        if value is None:
            return ""
        return f"{self.day(value.astimezone(self.zone).date())} {self.hour(value)}"

    def short_period(self, value: Period) -> str:
        """A period where there is little room: "nov", "K3", "w48", "24/11", each with its year's end."""
        day, year = value.first_on, f"’{value.first_on.year % 100:02}"
        match value.every:
            case Every.MONTH:
                return f"{format_date(day, 'LLL', self.locale).rstrip('.')} {year}"
            case Every.QUARTER:
                return f"{self('period.quarter')}{(day.month + 2) // 3} {year}"
            case Every.WEEK:
                return f"w{day.isocalendar().week}"
            case Every.DAY:
                return f"{day.day}/{day.month}"
            case _:
                return value.key

    def hour(self, value: datetime) -> str:
        """The time of day in the reader's zone: "09:12"."""
        return format_datetime(value, "HH:mm", tzinfo=self.zone, locale=self.locale)

    def ago(self, value: datetime, now: datetime) -> str:
        """How long ago: "3 uur geleden"."""
        if abs(value - now) < timedelta(seconds=1):
            return self("time.just_now")  # the locales would say "in 0 seconds"
        return format_timedelta(value - now, add_direction=True, threshold=1.2, locale=self.locale)

    def lasting(self, seconds: float) -> str:
        """How long something takes or lasts: "3 uur"."""
        return format_timedelta(timedelta(seconds=seconds), threshold=1.2, locale=self.locale)

    def money(self, value: Amount | None) -> str:
        """An amount with its currency, as a table shows it; spaces in it do not break."""
        if value is None:
            return ""
        return format_currency(value.value, value.currency, "#,##0.00 ¤¤", locale=self.locale)

    def number(self, value: Decimal | int) -> str:
        """A number with its separators."""
        return format_decimal(value, locale=self.locale)

    def size(self, octets: int) -> str:
        """How large a file is, in the units of the language: "1,6 kB", "1,6 Mo"."""
        size, units = Decimal(octets), ["size.bytes", "size.kilobytes", "size.megabytes"]
        while size >= _NEXT_UNIT and len(units) > 1:
            size, units = size / _NEXT_UNIT, units[1:]
        return f"{format_decimal(size, '#,##0.#', self.locale)} {self(units[0])}"

    def named(self, table: str, value: str) -> str:
        """What a value such as "smtp" is called in a table such as "door"; itself where it has no name."""
        return str(texts(self.language)[table].get(value, value))

    def _shown(self, value: object) -> str:
        match value:
            case bool():
                return str(value)
            case int() | Decimal():
                return self.number(value)
            case datetime():
                return self.moment(value)
            case date():
                return self.day(value)
            case Amount():
                return self.money(value)
            case _:
                return str(value)


@cache
def texts(language: str) -> Mapping[str, Any]:
    """Everything that pages say in a language."""
    source = files("maild.web").joinpath("words", f"{language}.toml")
    return tomllib.loads(source.read_text("utf-8"))


def best_language(accepted: str, *, otherwise: str = "en") -> str:
    """The first of our languages that a browser asks for (RFC 9110 section 12.5.4)."""
    weighed = []
    for place, part in enumerate(accepted[:500].split(",")):
        tag, _, rest = part.strip().partition(";")
        quality = rest.strip().removeprefix("q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        weighed.append((-weight, place, tag.partition("-")[0].lower()))
    wanted = (language for weight, _, language in sorted(weighed) if weight)
    return next((one for one in wanted if one in LANGUAGES), otherwise)
