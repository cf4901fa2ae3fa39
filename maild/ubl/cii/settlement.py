"""What is owed and how it is paid, in CII: totals, means of payment, terms.

Source: EN 16931 BG-16 to BG-19, BG-22; EN 16931-3-3 (CII), ram:ApplicableHeaderTradeSettlement.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from maild.model.bill import Account, Card, Mandate, PaymentMeans, Totals
from maild.model.money import Amount
from maild.ubl.cii.nodes import amount, child, children, day, text
from maild.ubl.values import Sheet, decimal
from maild.ubl.xml import Element, attribute
from maild.ubl.xml import text as own_text

# D16B's name, and ZUGFeRD 1.0's.
_SUM = "SpecifiedTradeSettlementHeaderMonetarySummation|SpecifiedTradeSettlementMonetarySummation"


def read_totals(sheet: Sheet, settlement: Element | None, *, tax_currency: str | None) -> Totals:
    """Read the document totals (BG-22); absent ones are None."""
    at = child(settlement, _SUM)
    tax, tax_accounting = _read_tax_totals(sheet, at, tax_currency=tax_currency)
    return Totals(
        lines=amount(sheet, at, "LineTotalAmount", term="BT-106"),
        allowances=amount(sheet, at, "AllowanceTotalAmount", term="BT-107"),
        charges=amount(sheet, at, "ChargeTotalAmount", term="BT-108"),
        net=amount(sheet, at, "TaxBasisTotalAmount", term="BT-109"),
        tax=tax,  # BT-110
        tax_accounting=tax_accounting,  # BT-111
        gross=amount(sheet, at, "GrandTotalAmount", term="BT-112"),
        prepaid=amount(sheet, at, "TotalPrepaidAmount", term="BT-113"),
        rounding=amount(sheet, at, "RoundingAmount", term="BT-114"),
        payable=amount(sheet, at, "DuePayableAmount", term="BT-115"),
    )


def read_payment_means(settlement: Element | None) -> tuple[PaymentMeans, ...]:
    """Read every way to pay, with the communication and the mandate, which stand elsewhere."""
    remittance = text(settlement, "PaymentReference")  # BT-83
    mandate = text(settlement, "SpecifiedTradePaymentTerms/DirectDebitMandateID")  # BT-89
    means = [
        _read_means(one, mandate=mandate)
        for one in children(settlement, "SpecifiedTradeSettlementPaymentMeans")
    ]
    if not means and remittance:
        means = [PaymentMeans(code="")]
    return tuple(replace(one, remittance=remittance) for one in means)


def read_due_date(sheet: Sheet, settlement: Element | None) -> date | None:
    """When to pay (BT-9): the latest, since earlier ones are those of cash discounts."""
    terms = children(settlement, "SpecifiedTradePaymentTerms")
    days = [day(sheet, one, "DueDateDateTime", term="BT-9") for one in terms]
    return max((one for one in days if one is not None), default=None)


def read_terms(settlement: Element | None) -> str | None:
    """The payment terms (BT-20); several are joined line by line."""
    said = [
        words
        for one in children(settlement, "SpecifiedTradePaymentTerms")
        if (words := text(one, "Description"))
    ]
    return "\n".join(said) or None


def _read_tax_totals(
    sheet: Sheet, at: Element | None, *, tax_currency: str | None
) -> tuple[Amount | None, Amount | None]:
    """BT-110 and BT-111, which only their currency tells apart."""
    own: Amount | None = None
    accounting: Amount | None = None
    for one in children(at, "TaxTotalAmount"):
        value = decimal(own_text(one))
        if value is None:
            sheet.note("format.number", "BT-110", f'"{own_text(one) or ""}" is no number')
            continue
        currency = attribute(one, "currencyID") or sheet.currency
        if currency == tax_currency and currency != sheet.currency:
            accounting = accounting or Amount(value, currency)
        elif own is None:
            own = Amount(value, currency)
    return own, accounting


def _read_means(at: Element, *, mandate: str | None) -> PaymentMeans:
    debited = text(at, "PayerPartyDebtorFinancialAccount/IBANID|ProprietaryID")  # BT-91
    found = Mandate(id=mandate, debited_account=debited)
    return PaymentMeans(
        code=text(at, "TypeCode") or "",  # BT-81
        text=text(at, "Information"),  # BT-82
        account=_read_account(at),
        card=_read_card(child(at, "ApplicableTradeSettlementFinancialCard")),
        mandate=None if found == Mandate() else found,
    )


def _read_account(at: Element) -> Account | None:
    account = child(at, "PayeePartyCreditorFinancialAccount")
    number = text(account, "IBANID") or text(account, "ProprietaryID")
    if number is None:
        return None
    return Account(
        id=number,  # BT-84
        name=text(account, "AccountName"),  # BT-85
        bic=text(at, "PayeeSpecifiedCreditorFinancialInstitution/BICID"),  # BT-86
    )


def _read_card(at: Element | None) -> Card | None:
    number = text(at, "ID")
    return Card(number=number, holder=text(at, "CardholderName")) if number else None  # BT-87, 88
