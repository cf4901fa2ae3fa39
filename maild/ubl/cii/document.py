"""CII documents as a whole: invoices and credit notes of Factur-X, ZUGFeRD 1.0 to 2.x and XRechnung.

Like `maild.ubl.document`, which reads UBL: `read` is for the door and gives a Bill or says everything
that is wrong; `look` is for people. Whether a page shows the same figures is not known here.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from itertools import islice
from typing import Final

from maild.errors import Incomplete, Problem, Unreadable
from maild.model.bill import Attachment, Bill, BillKind, Note, Period, Reference
from maild.model.party import Identifier
from maild.ubl.check import NO_DATE, check, is_warning
from maild.ubl.cii import settlement as settled
from maild.ubl.cii.lines import read_lines, read_period
from maild.ubl.cii.nodes import child, children, day, local, text
from maild.ubl.cii.party import read_delivered, read_maybe, read_party
from maild.ubl.cii.taxes import read_breakdown, read_charges
from maild.ubl.codes import TYPE_CODES
from maild.ubl.dialects import Dialect, detect_cii
from maild.ubl.document import Look
from maild.ubl.references import sniff
from maild.ubl.values import MOST_PROBLEMS, Sheet, quoted
from maild.ubl.xml import Element, attribute, parse
from maild.ubl.xml import text as own_text

# D16B's name, and ZUGFeRD 1.0's.
ROOTS: Final = frozenset({"CrossIndustryInvoice", "CrossIndustryDocument"})
_CONTEXT: Final = "ExchangedDocumentContext|SpecifiedExchangedDocumentContext"
_HEAD: Final = "ExchangedDocument|HeaderExchangedDocument"
_TRANSACTION: Final = "SupplyChainTradeTransaction|SpecifiedSupplyChainTradeTransaction"
_AGREEMENT: Final = "ApplicableHeaderTradeAgreement|ApplicableSupplyChainTradeAgreement"
_DELIVERY: Final = "ApplicableHeaderTradeDelivery|ApplicableSupplyChainTradeDelivery"
_SETTLEMENT: Final = "ApplicableHeaderTradeSettlement|ApplicableSupplyChainTradeSettlement"
_NUMBER: Final = "IssuerAssignedID|ID"

# UNTDID 1001 on an additional reference: a supporting document, a tender, an invoiced object.
_SUPPORTING, _TENDER, _OBJECT = "916", "50", "130"

# BT-8 is a code of UNTDID 2475 in CII and of UNTDID 2005 in UBL and in the model: when the VAT is due
# (EN 16931-3-2 and 3-3, BT-8): on the invoice, on the delivery, on the payment.
_TAX_POINTS: Final = {"5": "3", "29": "35", "72": "432"}

# What only whole invoices have: MINIMUM and BASIC WL carry no lines (einvoicing.md section 8), and
# MINIMUM does not say what was paid before.
_OF_WHOLE: Final = frozenset({"BR-16", "BR-CO-10"})
_DUE: Final = "BR-15"
_PREPAID: Final = "BR-CO-16"
_DECLARED: Final = re.compile(rb"^(\s*<\?xml[^>]{0,80}?)\s+encoding\s*=\s*(?:\"[^\"]*\"|'[^']*')")


def read(data: bytes) -> Bill:
    """Read an invoice or credit note, or refuse it.

    Raises Unreadable when it is no CII at all, and Incomplete with every problem at once.
    """
    seen = look(data)
    faults = tuple(one for one in seen.problems if not is_warning(one))
    if faults:
        raise Incomplete(faults)
    return seen.bill


def look(data: bytes, *, name: str = "") -> Look:
    """Read whatever is there and list what is wrong.

    `name` is what the file is called inside its PDF: it tells Factur-X from ZUGFeRD where the
    document does not. Raises Unreadable when it is no CII at all.
    """
    root = _parse(data)
    if local(root) not in ROOTS:
        raise Unreadable(
            f'the root element is "{quoted(str(root.tag).rpartition("}")[2])}"; '
            "a CrossIndustryInvoice is expected"
        )
    guideline = text(root, f"{_CONTEXT}/GuidelineSpecifiedDocumentContextParameter/ID")
    dialect = detect_cii(guideline, root=local(root), name=name)
    settlement = child(root, f"{_TRANSACTION}/{_SETTLEMENT}")
    sheet = Sheet(currency=text(settlement, "InvoiceCurrencyCode") or "")
    bill = _read_bill(sheet, root, guideline=guideline)
    told = {one.where for one in sheet.problems}
    found = [one for one in check(bill) if one.where not in told and _is_asked(one, bill, dialect)]
    sheet.problems += islice(found, MOST_PROBLEMS)
    return Look(
        kind=bill.kind,
        root=local(root),
        dialect=dialect,
        bill=bill,
        problems=tuple(sheet.problems),
    )


def _parse(data: bytes) -> Element:
    """The tree; where the declared encoding is wrong, as UTF-8, which CII must be in."""
    try:
        return parse(data)
    except Unreadable:
        plain, changed = _DECLARED.subn(rb"\1", data, count=1)
        if not changed:
            raise
        return parse(plain)


def _is_asked(problem: Problem, bill: Bill, dialect: Dialect) -> bool:
    """Whether a missing term counts: by its profile an invoice may have no lines, or none with ids."""
    if dialect.semantic:
        return True
    if not bill.lines and problem.code in _OF_WHOLE:
        return False
    if problem.code == _DUE:  # optional before EN 16931
        return bill.totals.gross is None
    if problem.code == _PREPAID and bill.totals.lines is None and bill.totals.prepaid is None:
        return False
    return problem.code != "BR-21"


def _read_bill(sheet: Sheet, root: Element, *, guideline: str | None) -> Bill:
    head, transaction = child(root, _HEAD), child(root, _TRANSACTION)
    settlement = child(transaction, _SETTLEMENT)
    agreement, delivery = child(transaction, _AGREEMENT), child(transaction, _DELIVERY)
    tax_currency = text(settlement, "TaxCurrencyCode")
    type_code = text(head, "TypeCode")
    bill = Bill(
        kind=_kind(type_code),
        number=text(head, "ID") or "",
        issued_on=day(sheet, head, "IssueDateTime", term="BT-2") or NO_DATE,
        currency=sheet.currency,
        seller=read_party(child(agreement, "SellerTradeParty")),
        buyer=read_party(child(agreement, "BuyerTradeParty")),
        totals=settled.read_totals(sheet, settlement, tax_currency=tax_currency),
        lines=read_lines(sheet, transaction),
        taxes=read_breakdown(sheet, settlement),
        type_code=type_code,
        due_on=settled.read_due_date(sheet, settlement),
        tax_point_on=day(sheet, settlement, "ApplicableTradeTax/TaxPointDate", term="BT-7"),
        tax_currency=tax_currency,
        customization=guideline,
        process=text(root, f"{_CONTEXT}/BusinessProcessSpecifiedDocumentContextParameter/ID"),
        payment_terms=settled.read_terms(settlement),
        notes=_read_notes(head),
        preceding=_read_preceding(sheet, settlement),
        payee=read_maybe(child(settlement, "PayeeTradeParty")),
        tax_representative=read_maybe(child(agreement, "SellerTaxRepresentativeTradeParty")),
        delivered=read_delivered(sheet, delivery),
        period=_read_period(sheet, settlement),
        payment_means=settled.read_payment_means(settlement),
        creditor_id=text(settlement, "CreditorReferenceID"),  # BT-90
        allowances_charges=read_charges(sheet, settlement),
        attachments=_read_attachments(sheet, agreement),
    )
    return _with_references(bill, agreement, delivery=delivery, settlement=settlement)


def _with_references(
    bill: Bill, agreement: Element | None, *, delivery: Element | None, settlement: Element | None
) -> Bill:
    """Add what the document refers to (BT-10 to BT-19)."""
    tender, invoiced = _typed(agreement, _TENDER), _typed(agreement, _OBJECT)
    object_id = text(invoiced, _NUMBER)
    return replace(
        bill,
        buyer_reference=text(agreement, "BuyerReference"),
        project_reference=text(agreement, "SpecifiedProcuringProject/ID"),
        contract_reference=text(agreement, f"ContractReferencedDocument/{_NUMBER}"),
        order_reference=text(agreement, f"BuyerOrderReferencedDocument/{_NUMBER}"),
        sales_order_reference=text(agreement, f"SellerOrderReferencedDocument/{_NUMBER}"),
        receipt_reference=text(delivery, f"ReceivingAdviceReferencedDocument/{_NUMBER}"),
        despatch_reference=text(delivery, f"DespatchAdviceReferencedDocument/{_NUMBER}"),
        tender_reference=text(tender, _NUMBER),
        object_id=Identifier(object_id, text(invoiced, "ReferenceTypeCode")) if object_id else None,
        accounting_cost=text(settlement, "ReceivableSpecifiedTradeAccountingAccount/ID"),
    )


def _kind(type_code: str | None) -> BillKind:
    """Credit notes share the root element of invoices; only the type code tells (BT-3)."""
    credit = type_code in TYPE_CODES[BillKind.CREDIT_NOTE] - TYPE_CODES[BillKind.INVOICE]
    return BillKind.CREDIT_NOTE if credit else BillKind.INVOICE


def _read_notes(head: Element | None) -> tuple[Note, ...]:
    return tuple(
        Note(text=said, subject_code=text(one, "SubjectCode"))  # BT-22, BT-21
        for one in children(head, "IncludedNote")
        if (said := text(one, "Content"))
    )


def _read_preceding(sheet: Sheet, settlement: Element | None) -> tuple[Reference, ...]:
    path = "FormattedIssueDateTime|IssueDateTime"
    return tuple(
        Reference(text(one, _NUMBER) or "", day(sheet, one, path, term="BT-26"))  # BT-25
        for one in children(settlement, "InvoiceReferencedDocument")
    )


def _read_period(sheet: Sheet, settlement: Element | None) -> Period | None:
    at = child(settlement, "BillingSpecifiedPeriod")
    found = read_period(sheet, at, terms=("BT-73", "BT-74"))
    code = text(settlement, "ApplicableTradeTax/DueDateTypeCode")  # BT-8
    known = _TAX_POINTS.get(code, code) if code else None
    return replace(found or Period(), code=known) if known else found


def _typed(agreement: Element | None, code: str) -> Element | None:
    found = children(agreement, "AdditionalReferencedDocument")
    return next((one for one in found if text(one, "TypeCode") == code), None)


def _read_attachments(sheet: Sheet, agreement: Element | None) -> tuple[Attachment, ...]:
    """Read the supporting documents (BG-24), those that are embedded with their bytes."""
    return tuple(
        _read_attachment(sheet, one)
        for one in children(agreement, "AdditionalReferencedDocument")
        if text(one, "TypeCode") in {_SUPPORTING, None}
    )


def _read_attachment(sheet: Sheet, at: Element) -> Attachment:
    blob = child(at, "AttachmentBinaryObject")
    content: bytes | None = None
    try:
        said = own_text(blob)
        content = base64.b64decode("".join(said.split()), validate=True) if said else None
    except (binascii.Error, ValueError):
        sheet.note("format.base64", "BT-125", "an embedded file is not whole base64")
    return Attachment(
        id=text(at, _NUMBER) or "",  # BT-122
        description=text(at, "Name"),  # BT-123
        uri=text(at, "URIID"),  # BT-124
        content=content,  # BT-125
        name=attribute(blob, "filename"),
        media_type=(sniff(content) if content else None) or attribute(blob, "mimeCode"),
    )
