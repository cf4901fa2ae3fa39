"""The papers of a year: who writes which on what day, on what day each comes in, and where it belongs.

A plan is drawn once from a seed, so that what has to be there in the end is known beforehand.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_credit_note, a_party, enterprise_number
from tests.spine.papers import SUPPLIER, a_pdf

LATE = 0.04  # of the papers come after the package of their month
MONTH_GRACE, QUARTER_GRACE = 5, 10  # days after the end, at seven in the morning
CUSTOMERS = [("Beta NV", 4_567_891), ("Gamma BV", 4_678_912), ("Delta CV", 4_789_123)]


@dataclass(frozen=True, slots=True)
class Company:
    """A team; with a `division` it books at Exact Online, without one CodaBox takes its sales."""

    slug: str
    number: str  # of the enterprise
    division: int | None = None

    @property
    def name(self) -> str:
        """As its invoices say."""
        return f"Company {self.slug} BV"

    @property
    def vat(self) -> str:
        """Its VAT number, by which CodaBox knows it too."""
        return f"BE{self.number}"


@dataclass(frozen=True, slots=True)
class Paper:
    """One document: "invoice", "credit_note" or "purchase", dated on one day and coming on another."""

    company: Company
    number: str
    kind: str
    issued_on: date
    comes_on: date

    @property
    def is_sale(self) -> bool:
        """Whether the company wrote it."""
        return self.kind != "purchase"

    @property
    def by_feed(self) -> bool:
        """Whether CodaBox brings it; all others are mailed."""
        return self.company.division is None and not self.is_sale

    def ubl(self) -> bytes:
        """The UBL."""
        own = a_party(self.company.name, self.company.number)
        dated = {"issued_on": self.issued_on, "due_on": self.issued_on + timedelta(days=30)}
        if not self.is_sale:
            seller = a_party("Papier NV", SUPPLIER)
            return ubl.write(a_bill(number=self.number, seller=seller, buyer=own, **dated))
        name, number = CUSTOMERS[sum(map(ord, self.number)) % len(CUSTOMERS)]
        buyer = a_party(name, enterprise_number(number))
        make = a_bill if self.kind == "invoice" else a_credit_note
        return ubl.write(make(number=self.number, seller=own, buyer=buyer, **dated))

    def pdf(self) -> bytes:
        """Its page."""
        return a_pdf(self.number)


def companies(at_exact: int, at_codabox: int) -> list[Company]:
    """So many teams of each."""
    count = at_exact + at_codabox
    return [
        Company(
            f"t{n:02}",
            enterprise_number(2_000_000 + n * 1_001),
            740_100 + n if n <= at_exact else None,
        )
        for n in range(1, count + 1)
    ]


def plan(
    teams: Sequence[Company], *, begins_on: date, months: int, papers: int, seed: int
) -> list[Paper]:
    """So many papers, spread over teams and working days."""
    rng = random.Random(seed)
    days = [list(_working_days(begins_on, n)) for n in range(months)]
    found = []
    for n in range(papers):
        team, month = teams[n % len(teams)], n // len(teams) % months
        issued_on = rng.choice(days[month])
        comes_on = issued_on
        if month < months - 1 and rng.random() < LATE:
            comes_on = rng.choice([day for day in days[month + 1] if 11 < day.day < 26])
        kind = rng.choices(("invoice", "credit_note", "purchase"), weights=(16, 1, 3))[0]
        found.append(Paper(team, f"{team.slug}-{n:05}", kind, issued_on, comes_on))
    return found


def burst(team: Company, on: date, *, papers: int) -> list[Paper]:
    """So many invoices of one team on one day."""
    return [Paper(team, f"{team.slug}-B{n:04}", "invoice", on, on) for n in range(papers)]


def month_of(day: date) -> tuple[str, date]:
    """The month that a day is in, and the day on which its package is due."""
    ended = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return f"{day:%Y-%m}", ended + timedelta(days=MONTH_GRACE)


def quarter_of(day: date) -> tuple[str, date]:
    """The same of the quarter."""
    number = (day.month + 2) // 3
    ended = date(day.year + number // 4, number * 3 % 12 + 1, 1)
    return f"{day.year}-Q{number}", ended + timedelta(days=QUARTER_GRACE)


def _working_days(begins_on: date, month: int) -> Iterator[date]:
    number = begins_on.month - 1 + month
    day = date(begins_on.year + number // 12, number % 12 + 1, 1)
    this = day.month
    while day.month == this:
        if day.weekday() < 5:
            yield day
        day += timedelta(days=1)
