"""The totals and the VAT breakdown: to and from TaxTotal and the monetary total.

Source: EN 16931 BG-22, BG-23; Peppol BIS Billing 3.0, cac:TaxTotal, cac:LegalMonetaryTotal.
"""

from __future__ import annotations

from collections.abc import Sequence

from maild.model.bill import Bill, BillKind, Tax, TaxSubtotal, Totals
from maild.model.money import Amount
from maild.ubl.charges import put_amount, read_tax, write_tax
from maild.ubl.values import Sheet
from maild.ubl.xml import Element, child, children, group

_MONETARY_TOTALS = {
    BillKind.INVOICE: "cac:LegalMonetaryTotal",
    BillKind.CREDIT_NOTE: "cac:LegalMonetaryTotal",
    BillKind.QUOTE: "cac:QuotedMonetaryTotal",
}


def read_totals(sheet: Sheet, root: Element, *, kind: BillKind, tax_currency: str | None) -> Totals:
    """Read the document totals (BG-22), each in its own currency; absent ones are None."""
    at = child(root, _MONETARY_TOTALS[kind])
    tax_totals = list(children(root, "cac:TaxTotal"))
    return Totals(
        lines=sheet.amount(at, "cbc:LineExtensionAmount", term="BT-106"),
        allowances=sheet.amount(at, "cbc:AllowanceTotalAmount", term="BT-107"),
        charges=sheet.amount(at, "cbc:ChargeTotalAmount", term="BT-108"),
        net=sheet.amount(at, "cbc:TaxExclusiveAmount", term="BT-109"),
        tax=_read_tax(sheet, tax_totals, tax_currency=tax_currency),
        tax_accounting=_read_tax_accounting(sheet, tax_totals, tax_currency=tax_currency),
        gross=sheet.amount(at, "cbc:TaxInclusiveAmount", term="BT-112"),
        prepaid=sheet.amount(at, "cbc:PrepaidAmount", term="BT-113"),
        rounding=sheet.amount(at, "cbc:PayableRoundingAmount", term="BT-114"),
        payable=sheet.amount(at, "cbc:PayableAmount", term="BT-115"),
    )


def write_totals(root: Element, bill: Bill) -> None:
    """Write the monetary total of a bill."""
    totals = bill.totals
    at = group(root, _MONETARY_TOTALS[bill.kind])
    put_amount(at, "cbc:LineExtensionAmount", totals.lines)
    put_amount(at, "cbc:TaxExclusiveAmount", totals.net)
    put_amount(at, "cbc:TaxInclusiveAmount", totals.gross)
    put_amount(at, "cbc:AllowanceTotalAmount", totals.allowances)
    put_amount(at, "cbc:ChargeTotalAmount", totals.charges)
    put_amount(at, "cbc:PrepaidAmount", totals.prepaid)
    put_amount(at, "cbc:PayableRoundingAmount", totals.rounding)
    put_amount(at, "cbc:PayableAmount", totals.payable)


def read_taxes(sheet: Sheet, root: Element, *, tax_currency: str | None) -> tuple[TaxSubtotal, ...]:
    """Read the VAT breakdown (BG-23) of every TaxTotal that is not the one in accounting currency.

    A group without a readable tax amount is left out and noted (BR-46).
    """
    read = (
        _read_subtotal(sheet, one)
        for total in children(root, "cac:TaxTotal")
        if not _is_accounting(sheet, total, tax_currency)
        for one in children(total, "cac:TaxSubtotal")
    )
    return tuple(one for one in read if one is not None)


def write_taxes(root: Element, bill: Bill) -> None:
    """Write the VAT total with its breakdown, then the total in accounting currency, if any."""
    if bill.totals.tax is not None:
        at = group(root, "cac:TaxTotal")
        put_amount(at, "cbc:TaxAmount", bill.totals.tax)
        for one in bill.taxes:
            subtotal = group(at, "cac:TaxSubtotal")
            put_amount(subtotal, "cbc:TaxableAmount", one.base)
            put_amount(subtotal, "cbc:TaxAmount", one.amount)
            write_tax(subtotal, "cac:TaxCategory", one.tax)
    if bill.totals.tax_accounting is not None:
        put_amount(group(root, "cac:TaxTotal"), "cbc:TaxAmount", bill.totals.tax_accounting)


def _is_accounting(sheet: Sheet, total: Element, tax_currency: str | None) -> bool:
    """Whether a TaxTotal repeats the VAT in the accounting currency BT-6 (PEPPOL-EN16931-R053, R054)."""
    if tax_currency is None or tax_currency == sheet.currency:
        return False
    amount = child(total, "cbc:TaxAmount")
    return amount is not None and amount.get("currencyID") == tax_currency


def _read_tax(
    sheet: Sheet, totals: Sequence[Element], *, tax_currency: str | None
) -> Amount | None:
    """BT-110: the TaxTotal with a breakdown counts; UBL 2.0 has one for each kind of tax, which add up."""
    own = [one for one in totals if not _is_accounting(sheet, one, tax_currency)]
    counted = [one for one in own if child(one, "cac:TaxSubtotal") is not None] or own[:1]
    amounts = [sheet.amount(one, "cbc:TaxAmount", term="BT-110") for one in counted]
    found = [one for one in amounts if one is not None]
    if not found or any(one.currency != found[0].currency for one in found):
        return found[0] if found else None
    return Amount(sum((one.value for one in found[1:]), start=found[0].value), found[0].currency)


def _read_tax_accounting(
    sheet: Sheet, totals: Sequence[Element], *, tax_currency: str | None
) -> Amount | None:
    own = (one for one in totals if _is_accounting(sheet, one, tax_currency))
    return sheet.amount(next(own, None), "cbc:TaxAmount", term="BT-111")


def _read_subtotal(sheet: Sheet, at: Element) -> TaxSubtotal | None:
    amount = sheet.amount(at, "cbc:TaxAmount", term="BT-117")
    category = child(at, "cac:TaxCategory")
    if amount is None:
        if child(at, "cbc:TaxAmount") is None:
            sheet.note("BR-46", "BT-117", "a VAT breakdown has no tax amount; add cbc:TaxAmount")
        return None
    tax = read_tax(sheet, category, where="BT-119") or Tax(category="")
    if tax.percent is None and child(category, "cbc:Percent") is None:
        # UBL 2.0 has the rate on the subtotal itself.
        percent = sheet.decimal(at, "cbc:Percent", term="BT-119")
        if percent is not None:
            tax = Tax(tax.category, percent, scheme=tax.scheme)
    return TaxSubtotal(
        tax=tax, base=sheet.amount(at, "cbc:TaxableAmount", term="BT-116"), amount=amount
    )
