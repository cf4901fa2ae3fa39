"""Consignments for relays: a document with its figures, its PDF and its UBL."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from hashlib import sha256
from typing import Any

from maild.model.delivery import Consignment, Enclosure, Parcel
from maild.model.document import Kind, Role
from maild.ubl.document import write
from tests.letters.builders import a_bill, a_document, a_team

THE_PDF = b"%PDF-1.7 the invoice as it is printed"


def an_enclosure(name: str, media_type: str, content: bytes, role: Role) -> Enclosure:
    return Enclosure(name, media_type, content, role, sha256(content).hexdigest())


def goods(
    number: str = "2026-0412",
    kind: Kind = Kind.INVOICE,
    *,
    issued_on: date = date(2026, 3, 1),
    id: str = "",  # noqa: A002 - as the document calls it
    **changes: Any,
) -> Consignment:
    """A document of the team with that number, and its files; `changes` are of its bill."""
    bill = a_bill(kind, number=number, issued_on=issued_on, **changes)
    document = a_document(kind, number=number, issued_on=issued_on, bill=bill)
    document = replace(document, id=id or f"d-{number}")
    base = f"factuur-{number.replace('/', '-')}"
    files = (
        an_enclosure(f"{base}.pdf", "application/pdf", THE_PDF, Role.PDF),
        an_enclosure(f"{base}.xml", "application/xml", write(bill), Role.UBL),
    )
    return Consignment(document.id, a_team(), document, files)


def a_relay_parcel(consignment: Consignment | None = None, *, address: str = "acme") -> Parcel:
    """The parcel of a consignment."""
    one = consignment or goods()
    return Parcel(f"v-{one.reference}", "", address, b'{"slip":1}\n', one)
