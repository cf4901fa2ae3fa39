"""An invoice that nobody sent, so that a team sees how its own look on paper."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from maild.model.bill import Bill, BillKind, Item, Line, Price, Tax, TaxSubtotal, Totals
from maild.model.money import Amount
from maild.model.party import Address, Party
from maild.model.team import Team

# The buyer, what is sold, and where: in each language that letters are written in.
_SAID: Final = {
    "nl": ("Voorbeeldklant BV", "Advies, per uur", "Reiskosten", "Voorbeeldstraat 1"),
    "fr": ("Client Exemple SRL", "Conseil, à l’heure", "Déplacement", "Rue de l’Exemple 1"),
    "en": ("Sample Customer Ltd", "Advice, by the hour", "Travel", "1 Sample Street"),
    "de": ("Beispielkunde GmbH", "Beratung, je Stunde", "Fahrtkosten", "Beispielstraße 1"),
}
_VAT: Final = Tax("S", Decimal(21))


def sample_bill(team: Team, *, language: str, today: date) -> Bill:
    """An invoice of the team to a customer who does not exist."""
    buyer, advice, travel, street = _SAID.get(language, _SAID["en"])
    lines = (
        _line("1", advice, quantity=Decimal(8), price=Decimal(95)),
        _line("2", travel, quantity=Decimal(1), price=Decimal(40)),
    )
    return Bill(
        kind=BillKind.INVOICE,
        number=f"{today:%Y}-0042",
        issued_on=today,
        due_on=today + timedelta(days=30),
        type_code="380",
        currency="EUR",
        seller=Party(name=team.name, vat=next(iter(team.vat), None)),
        buyer=Party(
            name=buyer,
            address=Address(street=street, city="Brussel", postcode="1000", country="BE"),
        ),
        lines=lines,
        taxes=(TaxSubtotal(_VAT, base=_eur("800"), amount=_eur("168")),),
        totals=Totals(
            lines=_eur("800"),
            net=_eur("800"),
            tax=_eur("168"),
            gross=_eur("968"),
            payable=_eur("968"),
        ),
    )


def _line(id_: str, name: str, *, quantity: Decimal, price: Decimal) -> Line:
    net = Amount(quantity * price, "EUR")
    return Line(id_, quantity, "C62", net, Item(name=name), Price(Amount(price, "EUR")), _VAT)


def _eur(value: str) -> Amount:
    return Amount(Decimal(value), "EUR")
