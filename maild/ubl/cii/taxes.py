"""VAT, allowances and charges in CII, which lines and documents share.

Source: EN 16931 BG-20 to BG-23, BG-27, BG-28; EN 16931-3-3 (CII), ram:ApplicableTradeTax,
ram:SpecifiedTradeAllowanceCharge.
"""

from __future__ import annotations

from maild.model.bill import AllowanceCharge, Tax, TaxSubtotal
from maild.ubl.cii.nodes import amount, child, children, number, text
from maild.ubl.values import Sheet
from maild.ubl.xml import Element

# D16B's name, and ZUGFeRD 1.0's.
_RATE = "RateApplicablePercent|ApplicablePercent"

# Terms by `is_charge`: amount, base, percentage.
_DOCUMENT_TERMS = {False: ("BT-92", "BT-93", "BT-94"), True: ("BT-99", "BT-100", "BT-101")}
_LINE_TERMS = {False: ("BT-136", "BT-137", "BT-138"), True: ("BT-141", "BT-142", "BT-143")}


def read_tax(sheet: Sheet, at: Element | None, *, term: str) -> Tax | None:
    """Read a VAT category with its rate; None when nothing says one."""
    category, percent = text(at, "CategoryCode"), number(sheet, at, _RATE, term=term)
    if category is None and percent is None:
        return None
    return Tax(
        category=category or "",
        percent=percent,
        exemption_reason=text(at, "ExemptionReason"),  # BT-120
        exemption_code=text(at, "ExemptionReasonCode"),  # BT-121
        scheme=text(at, "TypeCode") or "VAT",
    )


def read_breakdown(sheet: Sheet, settlement: Element | None) -> tuple[TaxSubtotal, ...]:
    """Read the VAT breakdown (BG-23); a group without a tax amount is left out and noted."""
    found = []
    for at in children(settlement, "ApplicableTradeTax"):
        tax_amount = amount(sheet, at, "CalculatedAmount", term="BT-117")
        if tax_amount is None:
            sheet.note("BR-46", "BT-117", "a VAT breakdown has no tax amount; add it")
            continue
        base = amount(sheet, at, "BasisAmount", term="BT-116")
        tax = read_tax(sheet, at, term="BT-119") or Tax(category="")
        found.append(TaxSubtotal(tax=tax, base=base, amount=tax_amount))
    return tuple(found)


def read_charges(
    sheet: Sheet, at: Element | None, *, line: str = ""
) -> tuple[AllowanceCharge, ...]:
    """Read allowances and charges below `at`, and on documents what shipping costs (a charge).

    `line` names the line they belong to, if any. One without an amount is left out and noted.
    """
    charges = [
        _read_one(sheet, one, line=line) for one in children(at, "SpecifiedTradeAllowanceCharge")
    ]
    if not line:
        logistics = children(at, "SpecifiedLogisticsServiceCharge")
        charges += [_read_shipping(sheet, one) for one in logistics]
    return tuple(one for one in charges if one is not None)


def _read_one(sheet: Sheet, at: Element, *, line: str) -> AllowanceCharge | None:
    is_charge = text(at, "ChargeIndicator/Indicator") in {"true", "1"}
    terms = (_LINE_TERMS if line else _DOCUMENT_TERMS)[is_charge]
    amount_at, base_at, percent_at = (f"{line} {term}".strip() for term in terms)
    value = amount(sheet, at, "ActualAmount", term=amount_at)
    if value is None:
        sheet.note("absent", amount_at, "an allowance or charge has no amount; add it")
        return None
    return AllowanceCharge(
        is_charge=is_charge,
        amount=value,
        base=amount(sheet, at, "BasisAmount", term=base_at),
        percent=number(sheet, at, "CalculationPercent", term=percent_at),
        reason=text(at, "Reason"),  # BT-97, BT-104
        reason_code=text(at, "ReasonCode"),  # BT-98, BT-105
        tax=None if line else read_tax(sheet, child(at, "CategoryTradeTax"), term=percent_at),
    )


def _read_shipping(sheet: Sheet, at: Element) -> AllowanceCharge | None:
    """Read a charge of ZUGFeRD EXTENDED that EN 16931 has no group of its own for."""
    value = amount(sheet, at, "AppliedAmount", term="BT-99")
    if value is None:
        return None
    return AllowanceCharge(
        is_charge=True,
        amount=value,
        reason=text(at, "Description"),
        tax=read_tax(sheet, child(at, "AppliedTradeTax"), term="BT-103"),
    )
