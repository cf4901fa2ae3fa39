"""The figures of a UBL document that was read and judged when it came: parties, sums, what was sold.

Half of the time of `document.read`, for those who go through thousands. Nothing is judged here, and
what a bill says beside its figures is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from maild.errors import Unreadable
from maild.model.bill import Account, Bill, BillKind, Item, Line, PaymentMeans, Price
from maild.model.party import Party
from maild.ubl.charges import read_tax
from maild.ubl.party import read_party
from maild.ubl.payment import read_due_date
from maild.ubl.totals import read_taxes, read_totals
from maild.ubl.values import Sheet, iso_date
from maild.ubl.xml import Element, attribute, child, children, document_name, parse, text

_KINDS: Final = {
    "Invoice": (BillKind.INVOICE, "Accounting", "cbc:InvoicedQuantity"),
    "CreditNote": (BillKind.CREDIT_NOTE, "Accounting", "cbc:CreditedQuantity"),
    "Quotation": (BillKind.QUOTE, "", "cbc:Quantity"),
}


def read_figures(data: bytes) -> Bill:
    """Read them. Raises Unreadable when it is none of the documents that maild takes."""
    root = parse(data)
    name = document_name(root)
    issued_on = iso_date(text(root, "cbc:IssueDate"))
    if name not in _KINDS or issued_on is None:
        raise Unreadable("it is no invoice, credit note or quotation with a date")
    kind, role, quantity = _KINDS[name]
    seller, buyer = _parties(root, role)
    tax_currency = text(root, "cbc:TaxCurrencyCode")
    sheet = Sheet(currency=_currency(root))
    return Bill(
        kind=kind,
        number=text(root, "cbc:ID") or "",
        issued_on=issued_on,
        currency=sheet.currency,
        seller=seller,
        buyer=buyer,
        totals=read_totals(sheet, root, kind=kind, tax_currency=tax_currency),
        taxes=read_taxes(sheet, root, tax_currency=tax_currency),
        due_on=read_due_date(sheet, root),
        payment_means=tuple(_accounts(root)),
        lines=tuple(
            _line(sheet, child(one, "cac:LineItem") if kind is BillKind.QUOTE else one, quantity)
            for one in children(root, f"cac:{name}Line")
        ),
    )


def _parties(root: Element, role: str) -> tuple[Party, Party]:
    names = (("Supplier", "SellerSupplier"), ("Customer", "BuyerCustomer"))
    seller, buyer = (
        child(root, f"cac:{role}{own if role else quoted}Party/cac:Party") for own, quoted in names
    )
    return read_party(seller), read_party(buyer)


def _currency(root: Element) -> str:
    """The currency of the document (BT-5); UBL 2.0 may leave it to the amounts."""
    said = text(root, "cbc:DocumentCurrencyCode") or text(root, "cbc:PricingCurrencyCode")
    totals = ("cac:LegalMonetaryTotal", "cac:QuotedMonetaryTotal")
    payable = (attribute(child(root, f"{one}/cbc:PayableAmount"), "currencyID") for one in totals)
    return said or next(filter(None, payable), "")


def _accounts(root: Element) -> Iterator[PaymentMeans]:
    for one in children(root, "cac:PaymentMeans"):
        if account := text(one, "cac:PayeeFinancialAccount/cbc:ID"):
            yield PaymentMeans(
                code=text(one, "cbc:PaymentMeansCode") or "", account=Account(account)
            )


def _line(sheet: Sheet, at: Element | None, quantity: str) -> Line:
    item, counted, priced = child(at, "cac:Item"), child(at, quantity), child(at, "cac:Price")
    price = sheet.amount(priced, "cbc:PriceAmount", term="BT-146")
    base = sheet.decimal(priced, "cbc:BaseQuantity", term="BT-149")
    return Line(
        id="",
        quantity=sheet.decimal(counted, "", term="BT-129"),
        unit=attribute(counted, "unitCode"),
        net=sheet.amount(at, "cbc:LineExtensionAmount", term="BT-131"),
        item=Item(
            name=text(item, "cbc:Name") or "",
            description=text(item, "cbc:Description"),
            seller_id=text(item, "cac:SellersItemIdentification/cbc:ID"),
        ),
        price=Price(price, base_quantity=base) if price is not None else None,
        tax=read_tax(sheet, child(item, "cac:ClassifiedTaxCategory"), where="BT-152"),
    )
