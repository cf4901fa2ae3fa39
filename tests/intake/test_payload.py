from __future__ import annotations

import json
from typing import Any

import pytest

from maild.errors import DocumentError
from maild.intake import payload, payload_out
from maild.model.bill import BillKind
from maild.ubl.document import read, write
from tests.builders_bill import a_bill


def a_document(**overrides: Any) -> dict[str, Any]:
    address = {"street": "Kerkstraat 1", "postcode": "9000", "city": "Gent", "country": "BE"}
    return {
        "kind": "invoice",
        "number": "F-1",
        "issued_on": "2026-11-24",
        "due_on": "2026-12-24",
        "buyer_reference": "PO 1",
        "seller": {"name": "Acme BV", "vat": "BE0123456749", "address": address},
        "buyer": {"name": "Janssens NV", "vat": "BE0903041294", "address": address},
        "lines": [{"name": "Advies", "quantity": "3", "price": "33.33", "percent": "21"}],
    } | overrides


def to_bill(value: dict[str, Any]) -> Any:
    return payload.to_bill(json.dumps(value).encode())


def test_sums_follow_from_the_lines() -> None:
    bill = to_bill(a_document())
    totals = bill.totals
    assert [str(one.value) for one in (totals.net, totals.tax, totals.gross)] == [
        "99.99",
        "21.00",
        "120.99",
    ]


def test_the_written_ubl_reads_back_as_the_same_invoice() -> None:
    bill = to_bill(a_document())
    assert read(write(bill)).totals == bill.totals


def test_a_given_sum_that_is_wrong_is_named() -> None:
    with pytest.raises(DocumentError) as caught:
        to_bill(a_document(totals={"gross": "121.00"}))
    assert [one.where for one in caught.value.problems] == ["totals.gross"]


def test_every_problem_is_named_with_its_place() -> None:
    wrong = a_document(issued_on="24/11/2026", knd=1)
    wrong["lines"][0]["price"] = "a lot"
    with pytest.raises(DocumentError) as caught:
        to_bill(wrong)
    assert {one.where for one in caught.value.problems} == {"issued_on", "knd", "lines[0].price"}


def test_a_number_of_json_keeps_its_decimals() -> None:
    text = json.dumps(a_document()).replace('"33.33"', "33.33")
    price = payload.to_bill(text.encode()).lines[0].price
    assert price is not None
    assert price.net.value.as_tuple().exponent == -2


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"\xff", b'{"a":NaN}', b'{"a":1,"a":2}', b"[" * 9999]
)
def test_what_is_no_json_document_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(DocumentError):
        payload.to_bill(data)


def test_without_a_reference_it_is_no_peppol_document() -> None:
    bill = to_bill(a_document(buyer_reference=None))
    assert bill.customization == payload.EN16931


def test_with_an_address_outside_the_network_it_is_no_peppol_document() -> None:
    value = a_document()
    value["buyer"] |= {"endpoint": "an@janssens.example", "endpoint_scheme": "EM"}
    assert to_bill(value).customization == payload.EN16931


def test_an_address_that_is_no_gln_is_refused_by_its_rule() -> None:
    value = a_document()
    value["buyer"] |= {"endpoint": "5412345000010", "endpoint_scheme": "0088"}
    with pytest.raises(DocumentError, match="5412345000010"):
        to_bill(value)


def test_a_bill_comes_back_from_its_json() -> None:
    bill = a_bill()
    back = to_bill(payload_out.from_bill(bill))
    assert (back.kind, back.number, back.totals.gross) == (
        BillKind.INVOICE,
        bill.number,
        bill.totals.gross,
    )
