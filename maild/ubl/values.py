"""Numbers, dates and identifiers as UBL writes them, and a sheet that notes what could not be read.

Nothing here raises on bad text: the value becomes None and the sheet gets a problem that names the
business term, so that one look finds every fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from maild.errors import Problem
from maild.model.money import Amount
from maild.model.party import Identifier
from maild.ubl.xml import Element, attribute, child, text

# XML Schema's decimal has no exponent, no thousands separator and no comma. The lengths keep sums
# and products exact in 60 digits; the largest budgets on earth have 15 digits before the point.
_DECIMAL = re.compile(r"[+-]?(?=\.?\d)\d{0,18}(?:\.\d{0,18})?", re.ASCII)

# XML Schema's date may carry a time zone, which says nothing about a bill.
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)

# The longest piece of a document that a message repeats.
_QUOTED = 60

# Nobody reads more; a hostile document could have a million.
MOST_PROBLEMS = 100


@dataclass(slots=True)
class Sheet:
    """What reading one document needs at hand: its currency, and the problems found so far."""

    currency: str = ""
    problems: list[Problem] = field(default_factory=list)

    def note(self, code: str, where: str, message: str) -> None:
        """Add a problem, unless there are enough."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(code=code, where=where, message=message))

    def decimal(self, at: Element | None, path: str, *, term: str) -> Decimal | None:
        """The number at a path; a problem when there is text that is no number."""
        found = child(at, path) if path else at
        if found is None:
            return None
        said = text(found)
        value = decimal(said)
        if value is None:
            self.note(
                "format.number",
                term,
                f'"{quoted(said)}" is no number; write digits with a dot before the decimals',
            )
        return value

    def amount(self, at: Element | None, path: str, *, term: str) -> Amount | None:
        """The amount at a path, in its own currency or else the document's."""
        found = child(at, path) if path else at
        value = self.decimal(found, "", term=term)
        if value is None:
            return None
        currency = attribute(found, "currencyID")
        if currency is None:
            self.note("absent", term, "the amount does not say its currency; add currencyID")
        return Amount(value, currency or self.currency)

    def date(self, at: Element | None, path: str, *, term: str) -> date | None:
        """The date at a path; a problem when there is text that is no date."""
        found = child(at, path) if path else at
        if found is None:
            return None
        said = text(found)
        value = iso_date(said)
        if value is None:
            self.note(
                "format.date",
                term,
                f'"{quoted(said)}" is no date; write year, month and day as 2026-01-31',
            )
        return value


def decimal(said: str | None) -> Decimal | None:
    """The number that a text says, exactly; None if it says none."""
    if said is None or not _DECIMAL.fullmatch(said):
        return None
    return Decimal(said)


def iso_date(said: str | None) -> date | None:
    """The date that a text says; None if it says none, or one that the calendar does not have."""
    match = _DATE.fullmatch(said or "")
    if not match:
        return None
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


def identifier(at: Element | None, path: str) -> Identifier | None:
    """The identifier at a path with its scheme; None when absent or empty."""
    found = child(at, path)
    value = text(found)
    return Identifier(value, attribute(found, "schemeID")) if value else None


def quoted(said: str | None) -> str:
    """A piece of the document for a message: one line, not too long."""
    line = " ".join((said or "").split())
    return line if len(line) <= _QUOTED else f"{line[: _QUOTED - 1]}…"
