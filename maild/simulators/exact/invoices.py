"""What holds for sales invoices, which Exact Online numbers and prints itself.

A relay of finished invoices has no use for them; they are here so that a client that picks the
wrong entity meets what it would meet.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from maild.simulators.exact.entries import line_amounts, numbered, period_problem
from maild.simulators.exact.world import new_key
from maild.simulators.exact.writing import Kind, Write

INVOICE: Final = 8020
CREDIT_NOTE: Final = 8021
_DRAFT: Final = 20
_PRINTED: Final = 50
_DOCUMENT_TYPE: Final = 10
_HEADERS: Final = "salesinvoice/SalesInvoices"


def kinds() -> dict[str, Kind]:
    """The rules by entity."""
    return {
        _HEADERS: Kind(check=_invoice, dropping=_only_drafts),
        "salesinvoice/PrintedSalesInvoices": Kind(check=_print),
    }


def _invoice(write: Write) -> None:
    row = write.row
    row["Type"] = row.get("Type") or INVOICE
    if row["Type"] not in {INVOICE, CREDIT_NOTE}:
        write.say("invalid", "Type")
    if not write.is_new and row.get("Status") == _PRINTED:
        write.say("invalid", "Status")
    customer = write.book.rows("crm/Accounts").get(row["OrderedBy"], {})
    if customer.get("Status") != "C":
        write.say("invalid", "OrderedBy (Type)")
    row["OrderedByName"] = customer.get("Name")
    sign = -1 if row["Type"] == CREDIT_NOTE else 1
    net = vat = Decimal(0)
    for line in write.lines:
        item = write.book.rows("logistics/Items").get(line.get("Item") or "", {})
        line["GLAccount"] = line.get("GLAccount") or item.get("GLRevenue")
        line["VATCode"] = line.get("VATCode") or item.get("SalesVatCode")
        price = Decimal(line.get("UnitPrice") or line.get("NetPrice") or 0)
        if line.get("AmountFC") is None:
            line["AmountFC"] = Decimal(line.get("Quantity") or 1) * price
        own, tax, _ = line_amounts(write.book, line)
        net, vat = net + own, vat + tax
    row["AmountFCExclVat"], row["VATAmountFC"] = sign * net, sign * vat
    row["AmountFC"] = row["AmountDC"] = sign * (net + vat)
    row["Currency"] = row.get("Currency") or "EUR"
    row["Status"] = row.get("Status") or _DRAFT
    row["InvoiceNumber"] = row.get("InvoiceNumber") or 0


def _only_drafts(write: Write) -> None:
    if write.row.get("Status") == _PRINTED:
        write.say("used", f"SalesInvoice {write.row['InvoiceNumber']}", "Financial entries")


def _print(write: Write) -> None:
    """Number an invoice, make its document, and answer what became of both."""
    invoice = write.book.rows(_HEADERS).get(write.row["InvoiceID"])
    if invoice is None or "InvoiceID" not in write.posted:
        write.say("reference", "InvoiceID")
        return
    if invoice["Status"] == _PRINTED:
        write.say("invalid", "Status")
        return
    at = write.row.get("InvoiceDate") or write.world.clock.now()
    period_problem(write, at)
    if write.problems:
        return
    inner = Write(write.world, write.book, write.entity, invoice)
    invoice["ReportingYear"] = at.year
    invoice["InvoiceNumber"] = None
    numbered(inner, journal=invoice["Journal"], year=at.year, name="InvoiceNumber")
    document = new_key()
    about = {"Subject": f"Invoice {invoice['InvoiceNumber']}", "Type": _DOCUMENT_TYPE}
    links = {"Account": invoice["OrderedBy"], "SalesInvoiceNumber": invoice["InvoiceNumber"]}
    row = {"ID": document, "DocumentDate": at, "Division": write.book.code, **about, **links}
    write.book.put("documents/Documents", document, row)
    invoice.update(Status=_PRINTED, InvoiceDate=at, Document=document)
    write.row.update(Document=document, DocumentCreationSuccess="OK")
