"""What a bill that maild writes must have, so that EN 16931 and Peppol BIS Billing 3 allow it.

For bills that are made here from somebody's figures. Bills that come in are not held to this: they
are judged by their own dialect, elsewhere. What every bill must have is in `maild.ubl.check`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain
from typing import Final

from maild.errors import Problem
from maild.model.bill import AllowanceCharge, Bill, BillKind, Line, PaymentMeans, Tax
from maild.model.money import Amount
from maild.model.party import Party
from maild.ubl import codes, sums
from maild.ubl.dialects import PEPPOL_BIS_3, is_peppol
from maild.ubl.numbers import wrong_numbers
from maild.ubl.peppol import peppol_needs
from maild.ubl.units import UNITS

# The rules name the intra-community category after its old code.
_RULE_NAMES: Final = {"K": "IC", "L": "AF", "M": "AG"}

# Categories whose rate is nought, and those that must say why (BR-Z-05, BR-E-05, BR-E-10 and sisters).
_NOUGHT: Final = frozenset({"Z", "E", "AE", "K", "G"})
_REASONED: Final = frozenset({"E", "AE", "K", "G", "O"})
_UNREASONED: Final = frozenset({"S", "Z", "L", "M"})  # and those that must not

_TRANSFERS: Final = frozenset({"30", "58"})
_DEBITS: Final = frozenset({"49", "59"})

# PEPPOL-EN16931-R120 allows two cents.
_LINE_TOLERANCE: Final = Decimal("0.02")


def needs(bill: Bill) -> Iterator[Problem]:
    """Name what is missing or wrong in a bill that is about to be written. Quotes have no such rules."""
    if bill.kind is BillKind.QUOTE:
        return
    yield from _head(bill)
    yield from _party("seller", bill.seller, address="BT-34", legal_id="BT-30", vat="BT-31")
    yield from _party("buyer", bill.buyer, address="BT-49", legal_id="BT-47", vat="BT-48")
    yield from _categories(bill)
    for n, line in enumerate(bill.lines, start=1):
        yield from _line(f"line {n}", line)
    for one in chain(bill.allowances_charges, *(line.allowances_charges for line in bill.lines)):
        yield from _reason(one)
    for means in bill.payment_means:
        yield from _payment(means)
    yield from _attachments(bill)
    yield from _decimals(bill)
    yield from wrong_numbers(bill)
    # What the writer takes for Peppol is Peppol here.
    if is_peppol(bill.customization or PEPPOL_BIS_3):
        yield from peppol_needs(bill)


def _head(bill: Bill) -> Iterator[Problem]:
    if bill.type_code and bill.type_code not in codes.TYPE_CODES[bill.kind]:
        what = bill.kind.value.replace("_", " ")
        yield Problem("BR-CL-01", "BT-3", f'"{bill.type_code}" is no type code of a {what}')
    if bill.currency not in codes.CURRENCIES:
        yield Problem("BR-CL-03", "BT-5", f'"{bill.currency}" is no currency of ISO 4217')


def _party(name: str, party: Party, *, address: str, legal_id: str, vat: str) -> Iterator[Problem]:
    if not party.address.country:
        rule, term = ("BR-09", "BT-40") if name == "seller" else ("BR-11", "BT-55")
        yield Problem(rule, term, f"say the country of the {name}")
    elif party.address.country not in codes.COUNTRIES:
        said = party.address.country
        yield Problem("BR-CL-14", f"{name} country", f'"{said}" is no country of ISO 3166-1')
    if party.vat and party.vat[:2] not in codes.COUNTRIES | {"EL"}:
        yield Problem(
            "BR-CO-09", vat, f'the VAT number "{party.vat}" does not begin with its country'
        )
    if party.endpoint and party.endpoint.scheme not in codes.EAS:
        said = party.endpoint.scheme or ""
        yield Problem("BR-CL-25", address, f'"{said}" is no scheme of electronic addresses (EAS)')
    registered = party.legal_id
    if registered and registered.scheme and registered.scheme not in codes.REGISTERS:
        yield Problem("BR-CL-11", legal_id, f'"{registered.scheme}" is no register of ISO 6523')


def _categories(bill: Bill) -> Iterator[Problem]:
    """Check what the VAT categories ask of the parties, of the delivery and of their own rows."""
    found = {one.tax.category for one in bill.taxes}
    seller, buyer = bill.seller, bill.buyer
    if not (seller.vat or seller.legal_id or seller.identifiers):
        yield Problem("BR-CO-26", "BT-31", "say the VAT number or the legal number of the seller")
    registered = seller.vat or seller.tax_registration
    for category in sorted(found - {"O"}):
        if not registered and not bill.tax_representative:
            rule = f"BR-{_RULE_NAMES.get(category, category)}-02"
            yield Problem(rule, "BT-31", f"VAT category {category} needs the seller's VAT number")
    if "AE" in found and not (buyer.vat or buyer.legal_id):
        yield Problem("BR-AE-02", "BT-48", "reverse charge needs the buyer's VAT or legal number")
    if "K" in found:
        yield from _intra_community(bill)
    if "O" in found and (seller.vat or buyer.vat):
        yield Problem("BR-O-02", "BT-31", "outside VAT (category O) no VAT number may be said")
    if "O" in found and len(found) > 1:
        yield Problem("BR-O-11", "BG-23", "category O does not go together with others")
    for one in bill.taxes:
        yield from _rate(one.tax)
        yield from _exemption(one.tax)


def _exemption(tax: Tax) -> Iterator[Problem]:
    code, name = tax.exemption_code, _RULE_NAMES.get(tax.category, tax.category)
    if tax.category in _UNREASONED and (code or tax.exemption_reason):
        said = f"category {tax.category} is no exemption; leave its reason out"
        yield Problem(f"BR-{name}-10", "BT-120", said)
    if tax.category in _REASONED and not (code or tax.exemption_reason):
        yield Problem(
            f"BR-{name}-10",
            "BT-120",
            f"category {tax.category}: say why there is no VAT (exemption_reason)",
        )
    if code and code.upper() not in codes.EXEMPTIONS:
        yield Problem("BR-CL-22", "BT-121", f'"{code}" is no exemption reason (VATEX)')


def _intra_community(bill: Bill) -> Iterator[Problem]:
    delivered, period = bill.delivered, bill.period
    if not bill.buyer.vat:
        yield Problem("BR-IC-02", "BT-48", "a supply inside the EU needs the buyer's VAT number")
    if not (delivered and delivered.on) and not (period and (period.start or period.end)):
        yield Problem("BR-IC-11", "BT-72", "a supply inside the EU says when it was delivered")
    if not (delivered and delivered.address and delivered.address.country):
        yield Problem("BR-IC-12", "BT-80", "a supply inside the EU says to which country it went")


def _rate(tax: Tax) -> Iterator[Problem]:
    name, percent = _RULE_NAMES.get(tax.category, tax.category), tax.percent
    said = "none" if percent is None else f"{percent:f} %"
    if tax.category == "S" and not (percent and percent > 0):
        yield Problem("BR-S-05", "BT-119", f"the rate of category S is above nought; it is {said}")
    if tax.category in _NOUGHT and percent != 0:
        yield Problem(f"BR-{name}-05", "BT-119", f"the rate of {tax.category} is 0; it is {said}")
    if tax.category == "O" and percent is not None:
        yield Problem("BR-O-05", "BT-119", f"category O has no rate; it is {said}")


def _line(where: str, line: Line) -> Iterator[Problem]:
    if line.unit and line.unit not in UNITS:
        yield Problem(
            "BR-CL-23",
            f"{where} BT-130",
            f'"{line.unit}" is no unit of UNECE Recommendation 20; a piece is C62, an hour HUR',
        )
    if line.quantity is None or line.price is None or line.net is None:
        return
    computed = sums.line_net(line.quantity, line.price, charges=line.allowances_charges)
    if abs(line.net.value - computed.value) > _LINE_TOLERANCE:
        yield Problem(
            "PEPPOL-EN16931-R120",
            f"{where} BT-131",
            f"the net amount is {line.net.value:f}; quantity and price give {computed.value:f}",
        )


def _reason(one: AllowanceCharge) -> Iterator[Problem]:
    listed = codes.CHARGE_REASONS if one.is_charge else codes.ALLOWANCE_REASONS
    rule, term = ("BR-CL-20", "BT-105") if one.is_charge else ("BR-CL-19", "BT-98")
    if one.reason_code and one.reason_code not in listed:
        what = "a charge (UNCL7161)" if one.is_charge else "an allowance (UNCL5189)"
        yield Problem(rule, term, f'"{one.reason_code}" is no reason of {what}')
    if not (one.reason or one.reason_code):
        rule, what = ("BR-38", "charge") if one.is_charge else ("BR-33", "allowance")
        yield Problem(rule, term, f"say the reason of the {what}")
    if one.tax:
        yield from _rate(one.tax)


def _payment(means: PaymentMeans) -> Iterator[Problem]:
    if means.code not in codes.PAYMENT_MEANS:
        yield Problem("BR-CL-16", "BT-81", f'"{means.code}" is no means of payment of UNCL4461')
    if means.code in _TRANSFERS and means.account is None:
        yield Problem("BR-61", "BT-84", f"payment by transfer ({means.code}) needs an account")
    if means.code in _DEBITS and not (means.mandate and means.mandate.id):
        yield Problem(
            "PEPPOL-EN16931-R061", "BT-89", f"direct debit ({means.code}) needs a mandate"
        )


def _attachments(bill: Bill) -> Iterator[Problem]:
    for one in bill.attachments:
        if one.content is not None and one.media_type not in codes.MEDIA_TYPES:
            yield Problem(
                "BR-CL-24",
                "BT-125",
                f'"{one.name or one.id}" is {one.media_type or "of no known type"}; a bill holds '
                "PDF, PNG, JPEG, CSV, XLSX and ODS files only",
            )


def _decimals(bill: Bill) -> Iterator[Problem]:
    """Find amounts with more than two decimals (BR-DEC-01 to BR-DEC-28); prices may have more."""
    totals = bill.totals
    charges = chain(bill.allowances_charges, *(line.allowances_charges for line in bill.lines))
    named: list[tuple[str, Amount | None]] = [
        ("BT-113", totals.prepaid),
        ("BT-114", totals.rounding),
        *(("BT-92", one.amount) for one in charges),
        *((f"line {n} BT-131", line.net) for n, line in enumerate(bill.lines, start=1)),
    ]
    for term, amount in named:
        if amount is not None and amount.rounded().value != amount.value:
            yield Problem(
                "BR-DEC", term, f"{amount.value:f} has more than two decimals; round it to cents"
            )
