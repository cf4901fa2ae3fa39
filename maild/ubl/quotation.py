"""What a quotation has in places of its own: how long it holds, what it answers, its terms.

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


def read_request(root: Element) -> str | None:
    """Read what the buyer calls his request: the nearest that a quotation has to BT-10."""
    return text(root, "cac:RequestForQuotationDocumentReference/cbc:ID")


def read_contract(root: Element) -> str | None:
    """Read the contract that the offer belongs to (BT-12)."""
    return text(root, "cac:Contract/cbc:ID")


def read_terms(root: Element) -> str | None:
    """Read the terms of payment (BT-20), which a quotation has among its conditions."""
    return text(root, "cac:TransactionConditions/cbc:Description")


def write_references(root: Element, bill: Bill) -> None:
    """Write the buyer's request and the contract."""
    if bill.buyer_reference:
        at = group(root, "cac:RequestForQuotationDocumentReference")
        put(at, "cbc:ID", bill.buyer_reference)
    if bill.contract_reference:
        put(group(root, "cac:Contract"), "cbc:ID", bill.contract_reference)


def write_terms(root: Element, bill: Bill) -> None:
    """Write the terms of payment."""
    if bill.payment_terms:
        put(group(root, "cac:TransactionConditions"), "cbc:Description", bill.payment_terms)
