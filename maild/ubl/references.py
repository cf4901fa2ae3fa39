"""What a bill points at: orders, contracts, earlier invoices, deliveries, and the files inside it.

Source: EN 16931 BT-11 to BT-18, BG-3, BG-13, BG-24; UBL cac:...DocumentReference, cac:Delivery.
"""

from __future__ import annotations

import base64
import binascii

from maild.model.bill import Attachment, Bill, Delivered, Note, Reference
from maild.model.party import Address, Identifier
from maild.ubl.party import read_address, write_address
from maild.ubl.values import Sheet, identifier, quoted
from maild.ubl.xml import Element, attribute, child, children, group, prune, put, text

# Codes of UNCL1001 that make a document reference something else than a supporting document.
_INVOICED_OBJECT = "130"  # BT-18
_PROJECT = "50"  # BT-11 on a credit note, where UBL has no cac:ProjectReference

# What the order number must be when there is only a sales order number: UBL has no other place
# for it, and Peppol names this text (Peppol BIS Billing 3.0, section 4.2).
_NO_ORDER = "NA"

# A subject code stands before the text between two number signs: "#AAI#..." (EN 16931-3-2, BT-21).
_CODE_LENGTH = 3


def read_notes(root: Element) -> tuple[Note, ...]:
    """Read the notes (BG-1)."""
    return tuple(_note(said) for one in children(root, "cbc:Note") if (said := text(one)))


def write_notes(root: Element, bill: Bill, *, single: bool) -> None:
    """Write the notes; `single` joins them, as PEPPOL-EN16931-R002 allows one and no more."""
    said = [
        f"#{one.subject_code}#{one.text}" if one.subject_code else one.text for one in bill.notes
    ]
    for one in ["\n".join(said)] if single else said:
        put(root, "cbc:Note", one)


def read_order(root: Element) -> tuple[str | None, str | None]:
    """The order number (BT-13) and the seller's own number of it (BT-14)."""
    order = text(root, "cac:OrderReference/cbc:ID")
    sales = text(root, "cac:OrderReference/cbc:SalesOrderID")
    return (None if sales and order == _NO_ORDER else order), sales


def write_order(root: Element, bill: Bill) -> None:
    """Write the order reference."""
    if bill.order_reference or bill.sales_order_reference:
        at = group(root, "cac:OrderReference")
        put(at, "cbc:ID", bill.order_reference or _NO_ORDER)
        put(at, "cbc:SalesOrderID", bill.sales_order_reference)


def write_reference(root: Element, name: str, number: str | None) -> None:
    """Write a reference to another document that has a number and nothing else."""
    if number:
        put(group(root, name), "cbc:ID", number)


def read_preceding(sheet: Sheet, root: Element) -> tuple[Reference, ...]:
    """The invoices that this one follows or credits (BG-3)."""
    found = []
    for billing in children(root, "cac:BillingReference"):
        for name in ("cac:InvoiceDocumentReference", "cac:CreditNoteDocumentReference"):
            for at in children(billing, name):
                issued_on = sheet.date(at, "cbc:IssueDate", term="BT-26")
                found.append(Reference(text(at, "cbc:ID") or "", issued_on))
    return tuple(found)


def write_preceding(root: Element, bill: Bill) -> None:
    """Write the preceding invoices."""
    for one in bill.preceding:
        at = group(group(root, "cac:BillingReference"), "cac:InvoiceDocumentReference")
        put(at, "cbc:ID", one.id)
        put(at, "cbc:IssueDate", one.issued_on)


def read_delivered(sheet: Sheet, root: Element) -> Delivered | None:
    """Where and when the goods arrived (BG-13); None when the document does not say."""
    at = child(root, "cac:Delivery")
    place = child(at, "cac:DeliveryLocation")
    where = child(place, "cac:Address")
    if where is None:  # UBL 2.0
        where = child(at, "cac:DeliveryAddress")
    address = read_address(where)
    found = Delivered(
        name=text(at, "cac:DeliveryParty/cac:PartyName/cbc:Name"),  # BT-70
        location_id=identifier(place, "cbc:ID"),  # BT-71
        on=sheet.date(at, "cbc:ActualDeliveryDate", term="BT-72"),
        address=None if address == Address() else address,  # BG-15
    )
    return None if found == Delivered() else found


def write_delivered(root: Element, delivered: Delivered | None) -> None:
    """Write where and when the goods arrived."""
    if delivered is None:
        return
    at = group(root, "cac:Delivery")
    put(at, "cbc:ActualDeliveryDate", delivered.on)
    place = group(at, "cac:DeliveryLocation")
    if delivered.location_id:
        put(place, "cbc:ID", delivered.location_id.value, schemeID=delivered.location_id.scheme)
    write_address(place, "cac:Address", delivered.address or Address())
    prune(at, place)
    if delivered.name:
        party = group(group(at, "cac:DeliveryParty"), "cac:PartyName")
        put(party, "cbc:Name", delivered.name)
    prune(root, at)


def read_object_id(root: Element) -> Identifier | None:
    """What is invoiced (BT-18): a meter, a telephone line, a subscription."""
    return identifier(_typed(root, _INVOICED_OBJECT), "cbc:ID")


def read_project(root: Element) -> str | None:
    """The project (BT-11)."""
    return text(root, "cac:ProjectReference/cbc:ID") or text(_typed(root, _PROJECT), "cbc:ID")


def write_typed(root: Element, value: Identifier | str | None, *, project: bool = False) -> None:
    """Write an invoiced object, or the project of a credit note, as a document reference with a code."""
    if not value:
        return
    one = Identifier(value) if isinstance(value, str) else value
    at = group(root, "cac:AdditionalDocumentReference")
    put(at, "cbc:ID", one.value, schemeID=one.scheme)
    put(at, "cbc:DocumentTypeCode", _PROJECT if project else _INVOICED_OBJECT)


def read_attachments(sheet: Sheet, root: Element) -> tuple[Attachment, ...]:
    """Read the supporting documents (BG-24), those that are embedded with their bytes."""
    return tuple(
        _read_attachment(sheet, at)
        for at in children(root, "cac:AdditionalDocumentReference")
        if text(at, "cbc:DocumentTypeCode") not in (_INVOICED_OBJECT, _PROJECT)
    )


def write_attachments(root: Element, attachments: tuple[Attachment, ...]) -> None:
    """Write the supporting documents."""
    for one in attachments:
        at = group(root, "cac:AdditionalDocumentReference")
        put(at, "cbc:ID", one.id)
        put(at, "cbc:DocumentTypeCode", one.type_code)
        put(at, "cbc:DocumentDescription", one.description)
        file = group(at, "cac:Attachment")
        if one.content is not None:
            put(
                file,
                "cbc:EmbeddedDocumentBinaryObject",
                base64.b64encode(one.content).decode("ascii"),
                mimeCode=one.media_type,
                filename=one.name,
            )
        if one.uri:
            put(group(file, "cac:ExternalReference"), "cbc:URI", one.uri)
        prune(at, file)


def sniff(content: bytes) -> str | None:
    """The media type that the first bytes prove, for the kinds that a reader opens; None if unknown."""
    # ISO 32000-1, annex H: readers accept the header within the first 1024 bytes.
    if b"%PDF-" in content[:1024]:
        return "application/pdf"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return None


def _note(said: str) -> Note:
    code, mark, words = said[1:].partition("#")
    if said.startswith("#") and mark and len(code) == _CODE_LENGTH and code.isalnum():
        return Note(text=words.strip(), subject_code=code)
    return Note(text=said)


def _typed(root: Element, code: str) -> Element | None:
    found = children(root, "cac:AdditionalDocumentReference")
    return next((one for one in found if text(one, "cbc:DocumentTypeCode") == code), None)


def _read_attachment(sheet: Sheet, at: Element) -> Attachment:
    blob = child(at, "cac:Attachment/cbc:EmbeddedDocumentBinaryObject")
    content = _decode(sheet, blob)
    said = attribute(blob, "mimeCode")
    return Attachment(
        id=text(at, "cbc:ID") or "",  # BT-122
        description=text(at, "cbc:DocumentDescription"),  # BT-123
        uri=text(at, "cac:Attachment/cac:ExternalReference/cbc:URI"),  # BT-124
        content=content,  # BT-125
        name=attribute(blob, "filename"),
        # What a file is, its content says; senders label PDFs as text or as nothing.
        media_type=(sniff(content) if content else None) or said,
        type_code=text(at, "cbc:DocumentTypeCode") or text(at, "cbc:DocumentType"),
    )


def _decode(sheet: Sheet, blob: Element | None) -> bytes | None:
    said = text(blob)
    if said is None:
        return None
    try:
        return base64.b64decode("".join(said.split()), validate=True)
    except (binascii.Error, ValueError):
        sheet.note(
            "format.base64",
            "BT-125",
            f'the embedded file "{quoted(attribute(blob, "filename"))}" is not whole base64; '
            "attach it again",
        )
        return None
