"""What Peppol BIS Billing 3 asks, beyond EN 16931, of a bill that is about to be written.

Numbers and their forms are in `maild.ubl.numbers`, the rules of countries in `maild.ubl.national`.
What the writer sees to by itself (one note, the order of dates, no empty element) is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Final

from maild.errors import Problem
from maild.model.bill import AllowanceCharge, Bill, Line
from maild.model.party import Party
from maild.ubl import codes
from maild.ubl.dialects import PEPPOL_PROCESSES
from maild.ubl.national import (
    GREEK,
    company_country,
    is_domestic,
    national_needs,
    seller_country,
)

# PEPPOL-EN16931-R040 allows two cents between a percentage and its amount.
_CHARGE_TOLERANCE: Final = Decimal("0.02")

# Reasons of an exemption that belong to one category (PEPPOL-EN16931-P0104 to P0111).
_REASONS: Final = {
    "VATEX-EU-G": ("G", "P0104"),
    "VATEX-EU-O": ("O", "P0105"),
    "VATEX-EU-IC": ("K", "P0106"),
    "VATEX-EU-AE": ("AE", "P0107"),
    "VATEX-EU-D": ("E", "P0108"),
    "VATEX-EU-F": ("E", "P0109"),
    "VATEX-EU-I": ("E", "P0110"),
    "VATEX-EU-J": ("E", "P0111"),
}


def can_be_peppol(seller: Party, buyer: Party) -> bool:
    """Whether a bill between these two may call itself Peppol BIS Billing 3.

    Both have an address of the network (CL008), and the seller is none of Greece, whose rules ask for
    what only the Greek tax authority gives (GR-R-001 to GR-R-004).
    """
    addresses = [one.endpoint for one in (seller, buyer)]
    known = all(one and one.scheme in codes.PEPPOL_ADDRESSES for one in addresses)
    return known and company_country(seller) not in GREEK


def peppol_needs(bill: Bill) -> Iterator[Problem]:
    """Name what a bill of Peppol BIS Billing 3 lacks, or has otherwise than Peppol allows."""
    yield from _head(bill)
    yield from _addresses(bill)
    yield from _tax_currency(bill)
    yield from _exemptions(bill)
    yield from _periods(bill)
    for one in chain(bill.allowances_charges, *(line.allowances_charges for line in bill.lines)):
        yield from _charge(one)
    for n, line in enumerate(bill.lines, start=1):
        yield from _price(f"line {n}", line)
    yield from national_needs(bill)


def _head(bill: Bill) -> Iterator[Problem]:
    if bill.process and bill.process not in PEPPOL_PROCESSES:
        said = f'"{bill.process}" is no process of Peppol BIS Billing 3'
        yield Problem("PEPPOL-EN16931-R007", "BT-23", said)
    listed = codes.PEPPOL_TYPE_CODES[bill.kind]
    if is_domestic(bill, "DE"):
        listed |= codes.GERMAN_TYPE_CODES
    if bill.type_code and bill.type_code not in listed:
        what = bill.kind.value.replace("_", " ")
        yield Problem("BR-CL-01", "BT-3", f'"{bill.type_code}" is no type code of a {what}')
    if bill.currency in codes.NOT_PEPPOL_CURRENCIES:
        said = f'Peppol does not know the currency "{bill.currency}"'
        yield Problem("PEPPOL-EN16931-CL007", "BT-5", said)
    if not (bill.buyer_reference or bill.order_reference or bill.sales_order_reference):
        yield Problem("PEPPOL-EN16931-R003", "BT-10", "say the buyer's reference or order number")
    if GREEK & {seller_country(bill), company_country(bill.seller)}:
        yield Problem("GR-R-001", "BT-24", "maild does not write Peppol bills of Greek sellers")


def _addresses(bill: Bill) -> Iterator[Problem]:
    for rule, term, name, party in (
        ("PEPPOL-EN16931-R020", "BT-34", "seller", bill.seller),
        ("PEPPOL-EN16931-R010", "BT-49", "buyer", bill.buyer),
    ):
        if party.endpoint is None:
            yield Problem(rule, term, f"say the electronic address of the {name}")
        elif party.endpoint.scheme not in codes.PEPPOL_ADDRESSES:
            said = f'"{party.endpoint.scheme or ""}" is no scheme of addresses at Peppol'
            yield Problem("PEPPOL-EN16931-CL008", term, said)


def _tax_currency(bill: Bill) -> Iterator[Problem]:
    """The VAT in the accounting currency (BT-6, BT-111) stands beside that of the document."""
    other, tax = bill.totals.tax_accounting, bill.totals.tax
    if bill.tax_currency and bill.tax_currency == bill.currency:
        said = "the accounting currency is that of the document; leave it out"
        yield Problem("PEPPOL-EN16931-R005", "BT-6", said)
    if (other is None) is not (bill.tax_currency is None):
        said = "the accounting currency and the VAT in it come together"
        yield Problem("PEPPOL-EN16931-R054", "BT-111", said)
    if other and tax and other.value * tax.value < 0:
        yield Problem("PEPPOL-EN16931-R055", "BT-111", "the VAT has one sign in both currencies")


def _exemptions(bill: Bill) -> Iterator[Problem]:
    charges = (one.tax for one in bill.allowances_charges if one.tax)
    for tax in chain((one.tax for one in bill.taxes), charges):
        category, rule = _REASONS.get((tax.exemption_code or "").upper(), (tax.category, ""))
        if tax.category != category:
            said = f"{tax.exemption_code} is a reason of category {category}, not {tax.category}"
            yield Problem(f"PEPPOL-EN16931-{rule}", "BT-121", said)


def _periods(bill: Bill) -> Iterator[Problem]:
    """The periods of lines lie inside that of the document (R110, R111), with a code that is known."""
    whole = bill.period
    for where, one in [("BT-8", whole)] + [
        (f"line {n} BG-26", line.period) for n, line in enumerate(bill.lines, start=1)
    ]:
        if one and one.code and one.code not in codes.TAX_POINT_CODES:
            said = f'"{one.code}" is no code of UNCL2005; use 3, 35 or 432'
            yield Problem("PEPPOL-EN16931-CL006", where, said)
        if whole is None or one is None:
            continue
        if one.start and whole.start and one.start < whole.start:
            said = f"the period begins on {one.start}, before that of the bill ({whole.start})"
            yield Problem("PEPPOL-EN16931-R110", where, said)
        if one.end and whole.end and one.end > whole.end:
            said = f"the period ends on {one.end}, after that of the bill ({whole.end})"
            yield Problem("PEPPOL-EN16931-R111", where, said)


def _charge(one: AllowanceCharge) -> Iterator[Problem]:
    """A percentage and the amount it is taken of come together, and give the amount."""
    base, percent = ("BT-100", "BT-101") if one.is_charge else ("BT-93", "BT-94")
    if one.base is None and one.percent is not None:
        yield Problem("PEPPOL-EN16931-R041", base, "say the amount that the percentage is of")
    elif one.base is not None and one.percent is None:
        yield Problem("PEPPOL-EN16931-R042", percent, "say the percentage of the base amount")
    elif one.base is not None and one.percent is not None:
        computed = one.base.value * one.percent / 100
        if abs(computed - one.amount.value) > _CHARGE_TOLERANCE:
            said = f"the amount is {one.amount.value:f}; its percentage gives {computed:f}"
            yield Problem("PEPPOL-EN16931-R040", base, said)


def _price(where: str, line: Line) -> Iterator[Problem]:
    price = line.price
    if price is None or price.base_quantity is None:
        return
    if price.base_quantity <= 0:
        said = f"a price is for more than nought, not for {price.base_quantity:f}"
        yield Problem("PEPPOL-EN16931-R121", f"{where} BT-149", said)
    if price.base_unit and price.base_unit != line.unit:
        said = f"the price is per {price.base_unit}, the quantity in {line.unit or 'no unit'}"
        yield Problem("PEPPOL-EN16931-R130", f"{where} BT-150", said)
