from __future__ import annotations

import json
from typing import Any

import pytest

from maild.errors import DocumentError
from maild.intake import payload_out
from maild.intake.extract import extract
from maild.model.document import Kind, Role
from maild.reading import mime
from maild.reading.wrap import wrap
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_quote
from tests.intake.conftest import A_PDF, World, a_mail, a_team


def as_json(value: Any, **style: Any) -> bytes:
    return json.dumps(value, default=str, **style).encode()


def test_a_json_document_becomes_a_ubl_of_ours_and_is_kept() -> None:
    bill = a_bill(number="2026-001")
    sent = as_json(payload_out.from_bill(bill))
    [draft] = extract(mime.read(wrap([("f.json", sent)])), team=a_team(), tag=None)
    sheets = {one.role: one for one in draft.sheets}
    assert draft.kind is Kind.INVOICE
    assert sheets[Role.ORIGINAL].content == sent
    assert (sheets[Role.UBL].name, sheets[Role.UBL].made) == ("f.xml", True)
    assert ubl.read(sheets[Role.UBL].content).number == "2026-001"


def test_a_json_quote_is_a_quote() -> None:
    sent = as_json(payload_out.from_bill(a_quote()))
    [draft] = extract(mime.read(wrap([("q.json", sent)])), team=a_team(), tag=None)
    assert draft.kind is Kind.QUOTE


async def test_the_same_json_in_other_clothes_is_the_same_document(world: World) -> None:
    value = payload_out.from_bill(a_bill())
    await world.desk.accept(world.submission(a_mail(("f.json", as_json(value)))))
    turned = as_json(dict(reversed(value.items())), indent=4)
    again = await world.desk.accept(world.submission(a_mail(("g.json", turned))))
    assert len(again.duplicates) == 1


def test_a_pdf_beside_the_json_is_its_pdf() -> None:
    files = [("f.json", as_json(payload_out.from_bill(a_bill()))), ("f.pdf", A_PDF)]
    [draft] = extract(mime.read(wrap(files)), team=a_team(), tag=None)
    assert [one.content for one in draft.sheets if one.role is Role.PDF] == [A_PDF]


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"kind": "invoice"}', b'{"a": 1e999}'])
def test_json_that_is_no_document_is_refused_by_its_name(content: bytes) -> None:
    with pytest.raises(DocumentError) as caught:
        extract(mime.read(wrap([("f.json", content)])), team=a_team(), tag=None)
    assert all("f.json" in str(one) for one in caught.value.problems)
