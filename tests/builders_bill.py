"""Bills for tests: a sensible one with keyword overrides, and strategies for bills of every sort.

All of them are consistent: sums follow from lines, check digits are right, and everything that
EN 16931 and Peppol BIS Billing 3 ask of such a bill is there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from maild.model.bill import (
    Account,
    Attachment,
    Bill,
    BillKind,
    Item,
    Line,
    Note,
    PaymentMeans,
    Price,
    Reference,
    Tax,
    Totals,
)
from maild.model.money import Amount
from maild.model.party import Address, Contact, Identifier, Party
from maild.ubl import sums
from maild.ubl.dialects import PEPPOL_BIS_3, PEPPOL_PROCESS

A_PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def enterprise_number(first_eight: int) -> str:
    """The Belgian enterprise number with these first eight digits: 97 less their remainder follows."""
    return f"{first_eight:08d}{97 - first_eight % 97:02d}"


def ogm(first_ten: int) -> str:
    """The structured communication with these first ten digits: modulo 97, 97 for 0."""
    digits = f"{first_ten:010d}{first_ten % 97 or 97:02d}"
    return f"+++{digits[:3]}/{digits[3:7]}/{digits[7:]}+++"


def belgian_iban(bank_account: int) -> str:
    """The IBAN of a made-up account at a bank that does not exist: both check digits are right."""
    own = f"{bank_account:010d}"
    own += f"{int(own) % 97 or 97:02d}"
    return f"BE{98 - int(own + '111400') % 97:02d}{own}"


def a_party(name: str | None = "Acme BV", number: str = "0123456749", **overrides: Any) -> Party:
    """A Belgian company with its enterprise number, VAT number and Peppol address."""
    party = Party(
        name=name,
        legal_id=Identifier(number, "0208"),
        vat=f"BE{number}",
        endpoint=Identifier(number, "0208"),
        address=Address(street="Kerkstraat 1", city="Gent", postcode="9000", country="BE"),
        contact=Contact(name="An Peeters", phone="+32 9 111 22 33", email="an@acme.example"),
    )
    return replace(party, **overrides)


def eur(value: str | int) -> Amount:
    """An amount in euro."""
    return Amount(Decimal(value), "EUR")


def a_line(line_id: str = "1", **overrides: Any) -> Line:
    """Ten hours at 80 euro and 21 %; its net amount follows from quantity and price."""
    line = Line(
        id=line_id,
        quantity=Decimal(10),
        unit="HUR",
        net=None,
        item=Item(name="Advies", description="Advies over de boekhouding"),
        price=Price(net=eur("80.00")),
        tax=Tax("S", Decimal(21)),
    )
    line = replace(line, **overrides)
    if line.net is None and line.quantity is not None and line.price is not None:
        net = sums.line_net(line.quantity, line.price, charges=line.allowances_charges)
        line = replace(line, net=net)
    return line


def settled(bill: Bill) -> Bill:
    """The same bill with the sums that follow from its lines, allowances and charges."""
    reasons = {(one.tax.category, one.tax.percent): one.tax for one in bill.taxes}
    taxes = tuple(
        replace(one, tax=reasons.get((one.tax.category, one.tax.percent), one.tax))
        for one in sums.breakdown(bill.lines, bill.allowances_charges, currency=bill.currency)
    )
    totals = sums.totals(
        bill.lines, bill.allowances_charges, taxes, currency=bill.currency, known=bill.totals
    )
    return replace(bill, taxes=taxes, totals=totals)


def a_bill(**overrides: Any) -> Bill:
    """An invoice of Acme to Beta; sums follow from what is overridden unless totals are given too."""
    bill = Bill(
        kind=BillKind.INVOICE,
        number="2026-0042",
        issued_on=date(2026, 3, 2),
        due_on=date(2026, 4, 1),
        type_code="380",
        currency="EUR",
        customization=PEPPOL_BIS_3,
        process=PEPPOL_PROCESS,
        buyer_reference="PO-7",
        seller=a_party(),
        buyer=a_party("Beta NV", enterprise_number(4_567_891)),
        lines=(a_line(),),
        totals=Totals(),
        notes=(Note("Bedankt voor uw vertrouwen."),),
        payment_means=(
            PaymentMeans(
                code="30", remittance=ogm(2_026_000_042), account=Account(belgian_iban(42))
            ),
        ),
    )
    bill = replace(bill, **overrides)
    return bill if bill.totals.payable is not None else settled(bill)


def a_credit_note(**overrides: Any) -> Bill:
    """A credit note of Acme to Beta on its invoice."""
    means = PaymentMeans(code="30", account=Account(belgian_iban(42)), due_on=date(2026, 4, 1))
    defaults: dict[str, Any] = {
        "kind": BillKind.CREDIT_NOTE,
        "number": "CN-2026-0007",
        "type_code": "381",
        "preceding": (Reference("2026-0042", date(2026, 3, 2)),),
        "payment_means": (means,),
    }
    return a_bill(**(defaults | overrides))


def a_quote(**overrides: Any) -> Bill:
    """An offer of Acme to Beta that holds for a month."""
    defaults: dict[str, Any] = {
        "kind": BillKind.QUOTE,
        "number": "OFF-2026-0003",
        "type_code": None,
        "due_on": None,
        "valid_until": date(2026, 4, 2),
        "customization": None,
        "process": None,
        "buyer_reference": None,
        "payment_means": (),
    }
    return a_bill(**(defaults | overrides))


def a_pdf_attachment(**overrides: Any) -> Attachment:
    """A PDF as a bill carries it inside."""
    attachment = Attachment(
        id="2026-0042.pdf", content=A_PDF, name="2026-0042.pdf", media_type="application/pdf"
    )
    return replace(attachment, **overrides)
