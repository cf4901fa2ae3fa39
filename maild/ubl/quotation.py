"""What a quotation has of its own: how long it holds, and the contract that it names.

Source: OASIS UBL 2.1, Quotation. EN 16931 and Peppol have no rules for it (einvoicing.md section 7).
"""

from __future__ import annotations

from datetime import date

from maild.model.bill import Bill
from maild.ubl.values import Sheet
from maild.ubl.xml import Element, group, put, text


def read_valid_until(sheet: Sheet, root: Element) -> date | None:
    """The last day on which the offer can be accepted."""
    return sheet.date(root, "cac:ValidityPeriod/cbc:EndDate", term="cac:ValidityPeriod")


def write_valid_until(root: Element, bill: Bill) -> None:
    """Write the last day on which the offer can be accepted."""
    if bill.valid_until:
        at = group(root, "cac:ValidityPeriod")
        put(at, "cbc:EndDate", bill.valid_until)


def read_contract(root: Element) -> str | None:
    """The contract that the offer belongs to."""
    return text(root, "cac:Contract/cbc:ID")


def write_contract(root: Element, bill: Bill) -> None:
    """Write the contract that the offer belongs to."""
    if bill.contract_reference:
        put(group(root, "cac:Contract"), "cbc:ID", bill.contract_reference)
