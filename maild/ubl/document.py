"""UBL documents as a whole: read strictly, look leniently, write.

`read` is for the door: it gives a Bill or says everything that is wrong. `look` is for people who
want to know what is in a file, whatever its state. `write` makes Peppol BIS Billing 3 invoices and
credit notes, and UBL quotations. Whether a bill keeps the business rules of its dialect is not
decided here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from maild.errors import Incomplete, Problem, Unreadable
from maild.model.bill import Attachment, Bill, BillKind
from maild.ubl import lines, party, payment, quotation, references, totals
from maild.ubl.charges import read_charges, write_charges
from maild.ubl.check import NO_DATE, check, is_warning
from maild.ubl.dialects import PEPPOL_BIS_3, PEPPOL_PROCESS, Dialect, detect, is_peppol
from maild.ubl.shape import arrange, misshapen
from maild.ubl.values import MOST_PROBLEMS, Sheet, quoted
from maild.ubl.xml import (
    Element,
    attribute,
    child,
    document_name,
    group,
    new_document,
    parse,
    put,
    short,
    text,
    tostring,
)

_KINDS: Final = {
    "Invoice": BillKind.INVOICE,
    "CreditNote": BillKind.CREDIT_NOTE,
    "Quotation": BillKind.QUOTE,
}
_ROOTS: Final = {kind: root for root, kind in _KINDS.items()}
_TYPE_CODES: Final = {"Invoice": "cbc:InvoiceTypeCode", "CreditNote": "cbc:CreditNoteTypeCode"}
_DEFAULT_TYPES: Final = {BillKind.INVOICE: "380", BillKind.CREDIT_NOTE: "381"}

_SELLERS: Final = ("cac:AccountingSupplierParty", "cac:SellerSupplierParty")
_BUYERS: Final = ("cac:AccountingCustomerParty", "cac:BuyerCustomerParty")


@dataclass(frozen=True, slots=True)
class Look:
    """What is in a file, as far as it can be read.

    `kind` is None for UBL documents that are no bill (an order, a request for quotation); their
    fields are read as a quote's. In `bill` an absent number is "", an absent date is NO_DATE.
    """

    kind: BillKind | None
    root: str
    dialect: Dialect
    bill: Bill
    problems: tuple[Problem, ...]

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        """The supporting documents, embedded ones with their bytes."""
        return self.bill.attachments


def read(data: bytes) -> Bill:
    """Read an invoice, credit note or quotation of any dialect, or refuse it.

    Raises Unreadable when it is no UBL at all, and Incomplete with every problem at once when a
    business term is absent, misshapen, unreadable, or does not add up. Doubts about check digits
    are no reason to refuse: `look` tells them.
    """
    seen = look(data)
    faults = tuple(one for one in seen.problems if not is_warning(one))
    if faults:
        raise Incomplete(faults)
    return seen.bill


def look(data: bytes) -> Look:
    """Read whatever is there and list what is wrong. Raises Unreadable when it is no UBL at all."""
    root = parse(data)
    name = document_name(root)
    if name is None:
        raise Unreadable(
            f'the root element is "{quoted(short(root))}"; maild reads UBL 2 documents: '
            "Invoice, CreditNote and Quotation"
        )
    kind = _KINDS.get(name)
    dialect = detect(text(root, "cbc:CustomizationID"), text(root, "cbc:ProfileID"))
    sheet = Sheet(currency=_currency(root, dialect))
    bill = _read_bill(sheet, root, kind=kind or BillKind.QUOTE)
    if kind is None:
        sheet.note("kind", name, f"a UBL {name} is no invoice, credit note or quotation")
    else:
        # What could not be read is told once: not as absent too.
        told = {one.where for one in sheet.problems}
        sheet.problems += islice(misshapen(root), MOST_PROBLEMS)
        sheet.problems += (one for one in check(bill) if one.where not in told)
    return Look(kind=kind, root=name, dialect=dialect, bill=bill, problems=tuple(sheet.problems))


def write(bill: Bill) -> bytes:
    """Write a bill as UBL 2.1; the same bill gives the same bytes.

    Invoices and credit notes are Peppol BIS Billing 3 unless `bill.customization` says otherwise.
    """
    root = new_document(_ROOTS[bill.kind])
    if bill.kind is BillKind.QUOTE:
        _write_quotation_head(root, bill)
    else:
        _write_head(root, bill)
    references.write_attachments(root, bill.attachments)
    references.write_delivered(root, bill.delivered)
    payment.write_payment_means(root, bill)
    write_charges(root, bill.allowances_charges)
    totals.write_taxes(root, bill)
    totals.write_totals(root, bill)
    for line in bill.lines:
        lines.write_line(root, line, kind=bill.kind)
    arrange(root)
    return tostring(root)


def _read_bill(sheet: Sheet, root: Element, *, kind: BillKind) -> Bill:
    """Read every group of a document; what cannot be read is absent, and noted on the sheet."""
    tax_currency = text(root, "cbc:TaxCurrencyCode")
    seller, buyer = _party(root, _SELLERS), _party(root, _BUYERS)
    payee = child(root, "cac:PayeeParty")
    representative = child(root, "cac:TaxRepresentativeParty")
    return Bill(
        kind=kind,
        **_references(root),
        number=text(root, "cbc:ID") or "",
        issued_on=sheet.date(root, "cbc:IssueDate", term="BT-2") or NO_DATE,
        currency=sheet.currency,
        seller=party.read_party(seller),
        buyer=party.read_party(buyer),
        totals=totals.read_totals(sheet, root, kind=kind, tax_currency=tax_currency),
        lines=lines.read_lines(sheet, root),
        taxes=totals.read_taxes(sheet, root, tax_currency=tax_currency),
        type_code=text(root, "cbc:InvoiceTypeCode") or text(root, "cbc:CreditNoteTypeCode"),
        due_on=payment.read_due_date(sheet, root),
        valid_until=quotation.read_valid_until(sheet, root),
        tax_point_on=sheet.date(root, "cbc:TaxPointDate", term="BT-7"),
        tax_currency=tax_currency,
        object_id=references.read_object_id(root),
        payment_terms=payment.read_terms(root) or quotation.read_terms(root),
        notes=references.read_notes(root),
        preceding=references.read_preceding(sheet, root),
        payee=None if payee is None else party.read_party(payee),
        tax_representative=None if representative is None else party.read_party(representative),
        delivered=references.read_delivered(sheet, root),
        period=lines.read_period(sheet, child(root, "cac:InvoicePeriod"), terms=("BT-73", "BT-74")),
        payment_means=payment.read_payment_means(sheet, root),
        creditor_id=party.read_creditor_id(payee, seller),
        allowances_charges=read_charges(sheet, root),
        attachments=references.read_attachments(sheet, root),
    )


def _references(root: Element) -> dict[str, str | None]:
    """The document's own identifiers, and those it refers to (BT-10 to BT-19, BT-23, BT-24)."""
    order, sales_order = references.read_order(root)
    return {
        "customization": text(root, "cbc:CustomizationID"),
        "process": text(root, "cbc:ProfileID"),
        "buyer_reference": text(root, "cbc:BuyerReference") or quotation.read_request(root),
        "project_reference": references.read_project(root),
        "contract_reference": text(root, "cac:ContractDocumentReference/cbc:ID")
        or quotation.read_contract(root),
        "order_reference": order,
        "sales_order_reference": sales_order,
        "receipt_reference": text(root, "cac:ReceiptDocumentReference/cbc:ID"),
        "despatch_reference": text(root, "cac:DespatchDocumentReference/cbc:ID"),
        "tender_reference": text(root, "cac:OriginatorDocumentReference/cbc:ID"),
        "accounting_cost": text(root, "cbc:AccountingCost"),
    }


def _party(root: Element, places: tuple[str, ...]) -> Element | None:
    """The first party that is there: invoices and quotations name its element differently."""
    found = (child(root, f"{place}/cac:Party") for place in places)
    return next((one for one in found if one is not None), None)


def _currency(root: Element, dialect: Dialect) -> str:
    """The currency of the document (BT-5).

    UBL 2.0 may leave it to the amounts, so there the amount due tells; EN 16931 asks for it (BR-05).
    """
    said = text(root, "cbc:DocumentCurrencyCode") or text(root, "cbc:PricingCurrencyCode")
    if said or dialect.semantic:
        return said or ""
    for total in ("cac:LegalMonetaryTotal", "cac:QuotedMonetaryTotal"):
        payable = child(root, f"{total}/cbc:PayableAmount")
        if payable is not None:
            return attribute(payable, "currencyID") or ""
    return ""


def _write_head(root: Element, bill: Bill) -> None:
    """Write what stands above the lines of an invoice or credit note, but totals and payment."""
    peppol = is_peppol(bill.customization or PEPPOL_BIS_3)
    credit = bill.kind is BillKind.CREDIT_NOTE
    put(root, "cbc:CustomizationID", bill.customization or PEPPOL_BIS_3)
    put(root, "cbc:ProfileID", bill.process or (PEPPOL_PROCESS if peppol else None))
    put(root, "cbc:ID", bill.number)
    put(root, "cbc:IssueDate", bill.issued_on)
    if not credit:
        put(root, "cbc:DueDate", bill.due_on)
    put(root, _TYPE_CODES[_ROOTS[bill.kind]], bill.type_code or _DEFAULT_TYPES[bill.kind])
    references.write_notes(root, bill, single=peppol)
    put(root, "cbc:TaxPointDate", bill.tax_point_on)
    put(root, "cbc:DocumentCurrencyCode", bill.currency)
    put(root, "cbc:TaxCurrencyCode", bill.tax_currency)
    put(root, "cbc:AccountingCost", bill.accounting_cost)
    put(root, "cbc:BuyerReference", bill.buyer_reference)
    lines.write_period(root, bill.period)
    _write_references(root, bill)
    _write_parties(root, bill)
    payment.write_terms(root, bill.payment_terms)


def _write_references(root: Element, bill: Bill) -> None:
    references.write_order(root, bill)
    references.write_preceding(root, bill)
    references.write_reference(root, "cac:DespatchDocumentReference", bill.despatch_reference)
    references.write_reference(root, "cac:ReceiptDocumentReference", bill.receipt_reference)
    references.write_reference(root, "cac:OriginatorDocumentReference", bill.tender_reference)
    references.write_reference(root, "cac:ContractDocumentReference", bill.contract_reference)
    references.write_typed(root, bill.object_id)
    if bill.kind is BillKind.CREDIT_NOTE:
        references.write_typed(root, bill.project_reference, project=True)
    else:
        references.write_reference(root, "cac:ProjectReference", bill.project_reference)


def _write_parties(root: Element, bill: Bill) -> None:
    seller, buyer = group(root, _SELLERS[0]), group(root, _BUYERS[0])
    # BT-90 belongs to the payee where there is one (PEPPOL BIS Billing 3.0, cac:PayeeParty).
    own = None if bill.payee else bill.creditor_id
    party.write_party(seller, "cac:Party", bill.seller, creditor_id=own)
    party.write_party(buyer, "cac:Party", bill.buyer)
    if bill.payee:
        party.write_payee(root, bill.payee, creditor_id=bill.creditor_id)
    if bill.tax_representative:
        party.write_representative(root, bill.tax_representative)


def _write_quotation_head(root: Element, bill: Bill) -> None:
    """Write what stands above the lines of a quotation, but totals and payment."""
    put(root, "cbc:UBLVersionID", "2.1")
    put(root, "cbc:CustomizationID", bill.customization)
    put(root, "cbc:ProfileID", bill.process)
    put(root, "cbc:ID", bill.number)
    put(root, "cbc:IssueDate", bill.issued_on)
    references.write_notes(root, bill, single=False)
    put(root, "cbc:PricingCurrencyCode", bill.currency)
    quotation.write_valid_until(root, bill)
    references.write_typed(root, bill.object_id)
    quotation.write_references(root, bill)
    quotation.write_terms(root, bill)
    seller, buyer = group(root, _SELLERS[1]), group(root, _BUYERS[1])
    party.write_party(seller, "cac:Party", bill.seller)
    party.write_party(buyer, "cac:Party", bill.buyer)
