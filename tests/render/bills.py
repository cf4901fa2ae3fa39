"""Bills for the tests of the PDF, of fictional parties with valid check digits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from maild.model.bill import (
    Account,
    AllowanceCharge,
    Bill,
    BillKind,
    Item,
    Line,
    Note,
    PaymentMeans,
    Price,
    Reference,
    Tax,
    TaxSubtotal,
    Totals,
)
from maild.model.money import Amount, round_half_up
from maild.model.party import Address, Contact, Identifier, Party

SELLER = Party(
    name="Timmerwerken De Smet BV",
    vat="BE0123456749",
    legal_id=Identifier("0123456749", "0208"),
    legal_form="RPR Gent, afdeling Gent",
    address=Address(street="Kuiperskaai 14", postcode="9000", city="Gent", country="BE"),
    contact=Contact(name="Lies De Smet", phone="+32 9 123 45 67", email="info@desmet.example"),
)
BUYER = Party(
    name="Brouwerij Het Anker NV",
    vat="BE0987654394",
    address=Address(street="Guldenspoorstraat 49", postcode="2800", city="Mechelen", country="BE"),
    contact=Contact(name="Katrien Claes"),
)
IBAN = "BE71096123456769"
OGM = "+++010/8068/17183+++"

_WORK = (
    (
        "Eikenhouten trap, op maat",
        "C62",
        "1",
        "2450.00",
        "Rechte steektrap, 14 treden, naturel geolied",
    ),
    ("Plaatsing door twee schrijnwerkers", "HUR", "16", "52.50", None),
    ("Afvoer van de oude trap", "C62", "1", "180.00", "Inclusief containerkosten"),
    ("Leuning in gevlamd staal", "MTR", "4.5", "96.40", "Gepoedercoat RAL 9005, drie steunen"),
    ("Plinten, eik, 70 mm", "MTR", "12.75", "8.95", None),
    ("Verplaatsing", "KMT", "68", "0.42", "Gent – Mechelen, heen en terug"),
    ("Kwartronde afwerklatten", "MTR", "7.2", "3.15", None),
    ("Vloerolie, naturel", "LTR", "2.5", "34.80", "Twee lagen, wit pigment 3 %"),
)


def eur(text: str | Decimal) -> Amount:
    """An amount in euro."""
    return Amount(Decimal(text), "EUR")


def a_line(at: int, *, percent: str = "21") -> Line:
    """One line of a joiner's bill; the same for the same number."""
    name, unit, quantity, price, description = _WORK[at % len(_WORK)]
    net = round_half_up(Decimal(quantity) * Decimal(price))
    return Line(
        id=str(at + 1),
        quantity=Decimal(quantity),
        unit=unit,
        net=eur(net),
        item=Item(name=name, description=description),
        price=Price(net=eur(price)),
        tax=Tax("S", Decimal(percent)),
    )


def a_bill(kind: BillKind = BillKind.INVOICE, *, lines: int = 5, **changes: object) -> Bill:
    """A complete bill whose sums add up, with any field changed."""
    rows = tuple(a_line(at, percent="6" if at % 5 == 4 else "21") for at in range(lines))
    taxes = _taxes(rows)
    net = sum((row.net.value for row in rows if row.net), Decimal(0))
    tax = sum((one.amount.value for one in taxes), Decimal(0))
    issued = date(2026, 11, 24)
    number = {"invoice": "2026-0417", "credit_note": "CN-2026-031", "quote": "OFF-2026-112"}[kind]
    bill = Bill(
        kind=kind,
        number=number,
        issued_on=issued,
        due_on=issued + timedelta(days=30) if kind is BillKind.INVOICE else None,
        valid_until=issued + timedelta(days=45) if kind is BillKind.QUOTE else None,
        currency="EUR",
        seller=SELLER,
        buyer=BUYER,
        lines=rows,
        taxes=taxes,
        totals=Totals(
            lines=eur(net), net=eur(net), tax=eur(tax), gross=eur(net + tax), payable=eur(net + tax)
        ),
        buyer_reference="Trap directiegebouw",
        order_reference="PO-88213",
        payment_means=(
            PaymentMeans(code="30", remittance=OGM, account=Account(IBAN, bic="GKCCBEBB")),
        ),
        preceding=(Reference("2026-0388", date(2026, 10, 30)),)
        if kind is BillKind.CREDIT_NOTE
        else (),
        payment_terms="Betaalbaar binnen 30 dagen na factuurdatum.",
    )
    return replace(bill, **changes)  # type: ignore[arg-type]  # names are checked by replace


def a_full_bill() -> Bill:
    """A bill that uses every group that a page shows."""
    bill = a_bill(lines=12)
    discount = AllowanceCharge(
        is_charge=False,
        amount=eur("50.00"),
        base=eur("500.00"),
        percent=Decimal(10),
        reason="Vaste klant",
    )
    return replace(
        bill,
        notes=(Note("Bedankt voor uw vertrouwen.\nTot een volgende keer."),),
        allowances_charges=(replace(discount, tax=Tax("S", Decimal(21))),),
        lines=(replace(bill.lines[0], allowances_charges=(discount,)), *bill.lines[1:]),
    )


def _taxes(rows: tuple[Line, ...]) -> tuple[TaxSubtotal, ...]:
    bases: dict[Tax, Decimal] = {}
    for row in rows:
        if row.tax and row.net:
            bases[row.tax] = bases.get(row.tax, Decimal(0)) + row.net.value
    return tuple(
        TaxSubtotal(tax, eur(base), eur(round_half_up(base * (tax.percent or 0) / 100)))
        for tax, base in bases.items()
    )
