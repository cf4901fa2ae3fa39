"""Purchases of invented suppliers in four countries, as facts: who, what, when, how much; no layout.

A seed gives the same facts again. Numbers have right check digits; the VAT of a document is reckoned a
rate. `tests/builders_html.py` puts them on paper.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from stdnum import luhn
from stdnum.de import vat as german
from stdnum.nl import btw

from maild.model.money import round_half_up
from tests.builders_page import account, belgian

LANGUAGES = {"BE": ("nl", "fr"), "NL": ("nl", "en"), "DE": ("de", "en"), "FR": ("fr",)}
RATES = {
    "BE": (("21",), ("21",), ("6",), ("21", "6"), ("21", "12", "6"), ("0",)),
    "NL": (("21",), ("21",), ("9",), ("21", "9"), ("0",)),
    "DE": (("19",), ("19",), ("7",), ("19", "7"), ("0",)),
    "FR": (("20",), ("20",), ("10",), ("20", "5.5"), ("20", "10", "5.5")),
}
SUPPLIERS = {
    "BE": (
        "Vlasmolen Logistics BV",
        "Ardenne Toitures SRL",
        "De Rekenkamer CommV",
        "Piquet & Fils SA",
    ),
    "NL": ("Waterland Installatie B.V.", "Studio Kade", "Van der Plas Groothandel B.V."),
    "DE": ("Kessler Werkzeugbau GmbH", "Hafenkontor Nord GmbH & Co. KG", "Anke Vogt Grafik"),
    "FR": ("Imprimerie du Lac SARL", "Verrerie Montal SAS", "Atelier Roche"),
}
PLACES = {
    "BE": ("Havenlaan 12", "9000 Gent"), "NL": ("Keizersgracht 8", "1015 CN Amsterdam"),
    "DE": ("Ringstraße 41", "50667 Köln"), "FR": ("12 rue des Tanneurs", "59000 Lille"),
}  # fmt: skip
BUYERS = ("Boekhuis Merel BV", "Garage Dumont SRL", "Bureau Sterk NV", "Clinique du Parc ASBL")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the table: its kind of goods, count, unit price, rate, and amount."""

    goods: int
    count: int
    price: Decimal
    rate: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Deal:
    """What a document says. Amounts are below zero on a credit note that prints them so."""

    chance: random.Random
    country: str
    language: str
    supplier: str
    vat: str
    iban: str
    buyer: str
    buyer_vat: str
    number: str
    issued: date
    due: date
    credit: bool
    lines: tuple[Line, ...]
    rates: tuple[tuple[str, Decimal, Decimal], ...]
    paid: Decimal
    communication: str | None

    @property
    def net(self) -> Decimal:
        """The sum of the bases."""
        return sum((base for _, base, _ in self.rates), Decimal(0))

    @property
    def tax(self) -> Decimal:
        """The sum of the VAT."""
        return sum((vat for _, _, vat in self.rates), Decimal(0))

    @property
    def gross(self) -> Decimal:
        """Net with VAT."""
        return self.net + self.tax

    @property
    def is_reverse(self) -> bool:
        """Whether the buyer owes the VAT."""
        return not self.tax

    def truth(self) -> dict[str, Any]:
        """The figures, under their keys."""
        return {
            "doc_type": "credit_note" if self.credit else "invoice",
            "invoice_number": self.number,
            "issue_date": self.issued.isoformat(),
            "due_date": self.due.isoformat(),
            "supplier_name": self.supplier,
            "supplier_vat": self.vat,
            "iban": [self.iban],
            "currency": "EUR",
            "net_total": str(self.net),
            "vat_total": str(self.tax),
            "gross_total": str(self.gross),
            "amount_due": str(self.gross - self.paid),
            "vat_breakdown": [
                {"rate": rate, "base": str(base), "vat": str(vat)} for rate, base, vat in self.rates
            ],
            "structured_communication": self.communication,
            "payment_reference": self.communication,
        }


def a_deal(seed: int) -> Deal:
    """The facts of one document."""
    chance = random.Random(seed)
    country = chance.choice(("BE", "BE", "BE", "NL", "NL", "DE", "FR"))
    rates = chance.choice(RATES[country])
    credit = chance.random() < 0.12
    sign = -1 if credit and chance.random() < 0.5 else 1
    lines = tuple(_lines(chance, rates, sign=sign))
    told = tuple(_taxes(lines, rates))
    gross = sum((base + vat for _, base, vat in told), Decimal(0))
    paid = round_half_up(gross * chance.choice((Decimal("0.3"), Decimal("0.5"))))
    issued = date(2025, 6, 1) + timedelta(days=chance.randrange(500))
    return Deal(
        chance,
        country,
        chance.choice(LANGUAGES[country]),
        supplier=chance.choice(SUPPLIERS[country]),
        vat=vat_number(chance, country),
        iban=iban(chance, country),
        buyer=chance.choice(BUYERS),
        buyer_vat=vat_number(chance, "BE"),
        number=_number(chance, issued),
        issued=issued,
        due=issued + timedelta(days=chance.choice((10, 14, 21, 30, 45))),
        credit=credit,
        lines=lines,
        rates=told,
        paid=paid if not credit and chance.random() < 0.15 else Decimal(0),
        communication=_communication(chance) if country == "BE" and chance.random() < 0.5 else None,
    )


def vat_number(chance: random.Random, country: str) -> str:
    """A VAT number with right check digits."""
    if country == "BE":
        return f"BE{belgian(chance)}"
    if country == "FR":
        siren = f"{chance.randrange(10**8):08}"
        siren += luhn.calc_check_digit(siren)
        return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"
    form, check = ("NL{:09}B01", btw) if country == "NL" else ("DE{:09}", german)
    while True:
        made = form.format(chance.randrange(10**8, 10**9))
        if check.is_valid(made):
            return made


def iban(chance: random.Random, country: str) -> str:
    """An account with right check digits (ISO 13616)."""
    if country == "BE":
        return account(chance)
    body = {"NL": "XBNK{:010}", "DE": "99999999{:010}", "FR": "9999999999{:011}99"}[country]
    body = body.format(chance.randrange(10**10))
    digits = "".join(str(int(one, 36)) for one in f"{body}{country}00")
    return f"{country}{98 - int(digits) % 97:02}{body}"


def _lines(chance: random.Random, rates: tuple[str, ...], *, sign: int) -> list[Line]:
    count = chance.choice((1, 2, 3, 5, 8, 12, 45))
    found = []
    for at in range(max(count, len(rates))):
        rate = rates[at] if at < len(rates) else chance.choice(rates)
        number, price = chance.randrange(1, 15), Decimal(chance.randrange(150, 60_000)) / 100
        found.append(Line(chance.randrange(6), number, price, rate, sign * number * price))
    return found


def _taxes(lines: tuple[Line, ...], rates: tuple[str, ...]) -> list[tuple[str, Decimal, Decimal]]:
    found = []
    for rate in rates:
        base = sum((one.amount for one in lines if one.rate == rate), Decimal(0))
        found.append((rate, base, round_half_up(base * Decimal(rate) / 100)))
    return found


def _number(chance: random.Random, issued: date) -> str:
    form = chance.choice(("{y}-{n:05}", "R{n}", "{y}/{n:04}", "FA{y}{n:04}", "{n}", "INV-{n:06}"))
    return form.format(y=issued.year, n=chance.randrange(100, 9999))


def _communication(chance: random.Random) -> str:
    first = chance.randrange(10**9, 10**10)
    return f"{first}{first % 97 or 97:02}"
