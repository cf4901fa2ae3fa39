"""VAT categories, allowances and charges, which lines and documents share.

Source: EN 16931 BG-20, BG-21, BG-27, BG-28, BT-95, BT-151; UBL cac:AllowanceCharge, cac:TaxCategory.
"""

from __future__ import annotations

from collections.abc import Sequence

from maild.model.bill import AllowanceCharge, Tax
from maild.model.money import Amount
from maild.ubl.values import Sheet
from maild.ubl.xml import Element, child, children, group, put, text

# Terms by `is_charge`: amount, base, percentage.
_DOCUMENT_TERMS = {False: ("BT-92", "BT-93", "BT-94"), True: ("BT-99", "BT-100", "BT-101")}
_LINE_TERMS = {False: ("BT-136", "BT-137", "BT-138"), True: ("BT-141", "BT-142", "BT-143")}


def read_charges(
    sheet: Sheet, at: Element | None, *, line: str = ""
) -> tuple[AllowanceCharge, ...]:
    """Read the allowances and charges below `at`; `line` names the line they belong to, if any.

    One without a readable amount is left out and noted: BR-31, BR-36, BR-41, BR-43.
    """
    read = (_read_one(sheet, one, line=line) for one in children(at, "cac:AllowanceCharge"))
    return tuple(one for one in read if one is not None)


def write_charges(parent: Element, charges: Sequence[AllowanceCharge]) -> None:
    """Write allowances and charges below `parent`."""
    for one in charges:
        at = group(parent, "cac:AllowanceCharge")
        put(at, "cbc:ChargeIndicator", "true" if one.is_charge else "false")
        put(at, "cbc:AllowanceChargeReasonCode", one.reason_code)
        put(at, "cbc:AllowanceChargeReason", one.reason)
        put(at, "cbc:MultiplierFactorNumeric", one.percent)
        put_amount(at, "cbc:Amount", one.amount)
        put_amount(at, "cbc:BaseAmount", one.base)
        if one.tax:
            write_tax(at, "cac:TaxCategory", one.tax)


def read_tax(sheet: Sheet, at: Element | None, *, where: str) -> Tax | None:
    """Read a VAT category; None when the element or its code is absent."""
    category = text(at, "cbc:ID")
    if category is None:
        return None
    return Tax(
        category=category,
        percent=sheet.decimal(at, "cbc:Percent", term=where),
        exemption_reason=text(at, "cbc:TaxExemptionReason"),  # BT-120
        exemption_code=text(at, "cbc:TaxExemptionReasonCode"),  # BT-121
        scheme=text(at, "cac:TaxScheme/cbc:ID") or "VAT",
    )


def write_tax(parent: Element, name: str, tax: Tax) -> None:
    """Write a VAT category under the given element name."""
    at = group(parent, name)
    put(at, "cbc:ID", tax.category)
    put(at, "cbc:Percent", tax.percent)
    put(at, "cbc:TaxExemptionReasonCode", tax.exemption_code)
    put(at, "cbc:TaxExemptionReason", tax.exemption_reason)
    put(group(at, "cac:TaxScheme"), "cbc:ID", tax.scheme)


def put_amount(parent: Element, name: str, amount: Amount | None) -> None:
    """Append an amount with its currency; None appends nothing."""
    if amount is not None:
        put(parent, name, amount.value, currencyID=amount.currency)


def _read_one(sheet: Sheet, at: Element, *, line: str) -> AllowanceCharge | None:
    is_charge = _indicator(sheet, at, line=line)
    terms = (_LINE_TERMS if line else _DOCUMENT_TERMS)[is_charge]
    amount_at, base_at, percent_at = (f"{line} {term}".strip() for term in terms)
    amount = sheet.amount(at, "cbc:Amount", term=amount_at)
    if amount is None:
        if child(at, "cbc:Amount") is None:
            sheet.note("absent", amount_at, "an allowance or charge has no amount; add cbc:Amount")
        return None
    return AllowanceCharge(
        is_charge=is_charge,
        amount=amount,
        base=sheet.amount(at, "cbc:BaseAmount", term=base_at),
        percent=sheet.decimal(at, "cbc:MultiplierFactorNumeric", term=percent_at),
        reason=text(at, "cbc:AllowanceChargeReason"),
        reason_code=text(at, "cbc:AllowanceChargeReasonCode"),
        tax=None if line else read_tax(sheet, child(at, "cac:TaxCategory"), where=percent_at),
    )


def _indicator(sheet: Sheet, at: Element, *, line: str) -> bool:
    """Whether it is a charge: XML Schema's boolean has four spellings."""
    said = text(at, "cbc:ChargeIndicator")
    if said not in ("true", "false", "1", "0"):
        sheet.note(
            "format.indicator",
            f"{line} cbc:ChargeIndicator".strip(),
            f'"{said or ""}" does not tell an allowance from a charge; write false or true',
        )
    return said in ("true", "1")
