"""The object that `maild inspect --json` prints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from maild.errors import Problem
from maild.ubl.describe import describe, describe_unknown
from maild.ubl.document import look, write
from tests.builders_bill import A_PDF, a_bill, a_pdf_attachment, a_quote, belgian_iban, ogm

KEYS = [
    "file",
    "kind",
    "direction",
    "type_code",
    "buyer_reference",
    "number",
    "issued_on",
    "due_on",
    "currency",
    "seller",
    "buyer",
    "totals",
    "taxes",
    "lines",
    "payment",
    "dialect",
    "attachments",
    "problems",
]


def test_a_bill_is_described_with_exactly_the_agreed_keys() -> None:
    data = write(a_bill(attachments=(a_pdf_attachment(),)))
    said = describe(look(data), file="a.xml", direction="sales")
    assert list(said) == KEYS
    assert said == json.loads(json.dumps(said))
    assert said == {
        "file": "a.xml",
        "kind": "invoice",
        "direction": "sales",
        "type_code": "380",
        "buyer_reference": "PO-7",
        "number": "2026-0042",
        "issued_on": "2026-03-02",
        "due_on": "2026-04-01",
        "currency": "EUR",
        "seller": {"name": "Acme BV", "vat": "BE0123456749", "endpoint": "0123456749"},
        "buyer": {"name": "Beta NV", "vat": "BE0456789133", "endpoint": "0456789133"},
        "totals": {"net": "800.00", "tax": "168.00", "gross": "968.00", "payable": "968.00"},
        "taxes": [{"category": "S", "percent": "21", "base": "800.00", "amount": "168.00"}],
        "lines": 1,
        "payment": {"iban": belgian_iban(42), "reference": ogm(2_026_000_042)},
        "dialect": "peppol-bis-3",
        "attachments": [
            {
                "name": "2026-0042.pdf",
                "media_type": "application/pdf",
                "size": len(A_PDF),
                "sha256": hashlib.sha256(A_PDF).hexdigest(),
            }
        ],
        "problems": [],
    }


def test_amounts_are_shown_as_the_document_writes_them() -> None:
    data = write(a_bill()).replace(b">968.00</cbc:PayableAmount", b">968.0</cbc:PayableAmount")
    assert describe(look(data), file="a.xml")["totals"]["payable"] == "968.0"


def test_a_bill_alone_is_described_like_its_document() -> None:
    bill = a_quote()
    assert describe(bill, file="q") == describe(look(write(bill)), file="q")


def test_what_is_no_bill_is_other_with_its_fields(corpus: Callable[[str], bytes]) -> None:
    name = "valid/oasis-ubl-requestforquotation-2-1-example.xml"
    said = describe(look(corpus(name)), file=name)
    assert (said["kind"], said["number"], said["lines"]) == ("other", "G867B", 4)
    assert [one["code"] for one in said["problems"]] == ["kind"]


def test_a_file_that_cannot_be_read_has_every_key_and_its_problem() -> None:
    said = describe_unknown("x.xml", [Problem("unreadable", "", "the file is empty")])
    assert list(said) == KEYS
    assert said["kind"] == "unknown"
    assert said["problems"] == [{"code": "unreadable", "where": "", "message": "the file is empty"}]


def test_a_broken_bill_is_described_as_far_as_it_goes() -> None:
    data = write(a_bill()).replace(b"<cbc:IssueDate>2026-03-02", b"<cbc:IssueDate>soon")
    said = describe(look(data), file="a.xml")
    assert (said["issued_on"], said["number"]) == (None, "2026-0042")
    assert [one["where"] for one in said["problems"]] == ["BT-2"]
