"""The papers that the spine's tests hand in: UBL, JSON and PDF of Acme and its neighbours.

Each is made anew with a number of its own, so that nothing is taken for a duplicate by accident.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pikepdf

from maild.model.bill import Attachment, Bill
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_credit_note, a_party, a_quote, enterprise_number

SUPPLIER = enterprise_number(9_876_543)
STRANGER = enterprise_number(8_765_432)


def invoice(number: str, **overrides: Any) -> bytes:
    """An invoice of Acme to Beta as UBL."""
    return ubl.write(a_bill(number=number, **overrides))


def credit_note(number: str) -> bytes:
    """A credit note of Acme as UBL."""
    return ubl.write(a_credit_note(number=number))


def quote(number: str) -> bytes:
    """A quote of Acme as UBL."""
    return ubl.write(a_quote(number=number))


def purchase(number: str) -> bytes:
    """An invoice that a supplier wrote to Acme, as UBL."""
    return ubl.write(
        a_bill(number=number, seller=a_party("Papier NV", SUPPLIER), buyer=a_party("Acme BV"))
    )


def of_strangers(number: str) -> bytes:
    """An invoice between two companies that maild does not know."""
    seller = a_party("Vreemd NV", STRANGER)
    return ubl.write(a_bill(number=number, seller=seller))


def with_pdf_inside(number: str, pdf: bytes) -> bytes:
    """An invoice of Acme as UBL that carries its own PDF (BG-24)."""
    inside = Attachment(id=number, name=f"{number}.pdf", media_type="application/pdf", content=pdf)
    return ubl.write(replace(a_bill(number=number), attachments=(inside,)))


def as_json(number: str) -> bytes:
    """An invoice of Acme as maild's JSON document, with the keys of `maild inspect`."""
    bill = {
        "kind": "invoice",
        "number": number,
        "issued_on": "2026-03-02",
        "due_on": "2026-04-01",
        "currency": "EUR",
        "buyer_reference": "PO-7",
        "seller": _company("Acme BV", "0123456749"),
        "buyer": _company("Beta NV", enterprise_number(4_567_891)),
        "lines": [
            {
                "name": "Advies",
                "quantity": "10",
                "unit": "HUR",
                "price": "80.00",
                "category": "S",
                "percent": "21",
            }
        ],
    }
    return json.dumps(bill).encode()


def a_pdf(text: str) -> bytes:
    """A PDF of one empty page; `text` makes it differ from any other."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.docinfo["/Title"] = text
        file = io.BytesIO()
        pdf.save(file, deterministic_id=True)
    return file.getvalue()


def read(content: bytes) -> Bill:
    """The bill that a UBL holds."""
    return ubl.read(content)


def _company(name: str, number: str) -> dict[str, Any]:
    address = {"street": "Kerkstraat 1", "postcode": "9000", "city": "Gent", "country": "BE"}
    return {"name": name, "vat": f"BE{number}", "endpoint": number, "address": address}
