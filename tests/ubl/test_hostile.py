"""XML that was made to hurt, or is none."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest

from maild.errors import DocumentError, Incomplete, Unreadable
from maild.ubl import xml
from maild.ubl.document import look, read, write
from maild.ubl.values import MOST_PROBLEMS
from tests.builders_bill import a_bill, a_line

INVOICE = 'xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"'
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def _deep(levels: int) -> bytes:
    return f"<Invoice {INVOICE}>{'<a>' * levels}{'</a>' * levels}</Invoice>".encode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b" \n\t ", "empty", id="blank"),
        pytest.param(b"\x00" * 100, "not well-formed", id="NULs"),
        pytest.param(b"%PDF-1.7\n", "not well-formed", id="a PDF"),
        pytest.param(b"<html><body>Invoice</body></html>", '"html"', id="a web page"),
        pytest.param(b"<!DOCTYPE html><html/>", "DOCTYPE", id="a web page with its type"),
        pytest.param(write(a_bill())[:-60], "not well-formed", id="cut off"),
        pytest.param(b"<Invoice/>", '"Invoice"', id="without its namespace"),
        pytest.param(_deep(70), "64 levels", id="deep"),
        pytest.param(_deep(100_000), "not well-formed", id="very deep"),
        pytest.param(f"<Invoice {INVOICE}>\x00</Invoice>".encode(), "not well-formed", id="a NUL"),
        pytest.param(
            f'<?xml version="1.0" encoding="klingon"?><Invoice {INVOICE}/>'.encode(),
            "not well-formed",
            id="an unknown encoding",
        ),
        pytest.param(
            f'<?xml version="1.0" encoding="UTF-8"?><Invoice {INVOICE}>é</Invoice>'.encode(
                "latin-1"
            ),
            "not well-formed",
            id="a wrong encoding",
        ),
        pytest.param(
            f'<!DOCTYPE i [<!ENTITY l0 "ha">{LAUGHS}]><Invoice {INVOICE}>&l11;</Invoice>'.encode(),
            "",
            id="billion laughs",
        ),
        pytest.param(
            f'<!DOCTYPE i SYSTEM "http://127.0.0.1:9/x.dtd"><Invoice {INVOICE}/>'.encode(),
            "DOCTYPE",
            id="a DTD elsewhere",
        ),
    ],
)
def test_it_is_refused_with_a_sentence(data: bytes, said: str) -> None:
    for function in (look, read):
        with pytest.raises(Unreadable) as caught:
            function(data)
        [problem] = caught.value.problems
        assert said in problem.message


def test_no_file_is_read_through_an_entity(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    data = write(a_bill()).replace(b">2026-0042<", b">&x;<", 1)
    doctype = f'<!DOCTYPE Invoice [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'.encode()
    with pytest.raises(Unreadable) as caught:
        look(data.replace(b"<Invoice", doctype + b"<Invoice", 1))
    assert "the secret" not in str(caught.value) + caught.value.detail


def test_more_than_the_cap_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Unreadable, match="at most 30,000,000 bytes"):
        look(b"<" * (xml.MAX_BYTES + 1))


def test_a_comment_inside_a_value_does_not_hide_half_of_it() -> None:
    data = (
        write(a_bill())
        .replace(b">968.00<", b">968<!-- -->.00<")
        .replace(b">2026-0042<", b">2026<?x y?>-0042<", 1)
    )
    assert read(data) == a_bill()


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_other_encodings_are_read_as_they_say(encoding: str) -> None:
    written = write(a_bill(buyer_reference="crème")).decode()
    named = written.replace("UTF-8", encoding.removesuffix("-sig"))
    assert read(named.encode(encoding)).buyer_reference == "crème"


@pytest.mark.parametrize(
    "number",
    ["", "1e3", "NaN", "INF", "1,000.00", "968,00", "0x10", "１２", "--1", ".", "9" * 40, "1 000"],
)
def test_what_is_no_number_is_refused_by_its_business_term(number: str) -> None:
    data = write(a_bill()).replace(
        b">968.00</cbc:PayableAmount", f">{number}</cbc:PayableAmount".encode()
    )
    with pytest.raises(Incomplete) as caught:
        read(data)
    assert "BT-115" in {one.where for one in caught.value.problems}


@pytest.mark.parametrize("said", ["", "2026-02-30", "02-03-2026", "20260302", "2026-3-2", "soon"])
def test_what_is_no_date_is_refused_by_its_business_term(said: str) -> None:
    data = write(a_bill()).replace(b"<cbc:IssueDate>2026-03-02", f"<cbc:IssueDate>{said}".encode())
    with pytest.raises(Incomplete) as caught:
        read(data)
    assert [one.where for one in caught.value.problems] == ["BT-2"]


def test_a_million_faults_are_told_in_a_hundred_sentences() -> None:
    bad = a_line(quantity=None, unit=None, price=None, tax=None)
    with pytest.raises(Incomplete) as caught:
        read(write(a_bill(lines=(bad,) * 2_000)))
    assert len(caught.value.problems) <= 3 * MOST_PROBLEMS


def test_a_long_value_is_quoted_in_short() -> None:
    data = write(a_bill()).replace(b">968.00</cbc:Pay", b">" + b"x" * 9_000 + b"</cbc:Pay")
    with pytest.raises(Incomplete) as caught:
        read(data)
    assert all(len(one.message) < 300 for one in caught.value.problems)


def test_a_pdf_of_fifteen_megabytes_inside_is_read() -> None:
    big = b"%PDF-1.7\n" + b"0" * 15_000_000
    data = write(a_bill())
    started = time.process_time()
    inside = (
        b"<cac:AdditionalDocumentReference><cbc:ID>a</cbc:ID><cac:Attachment>"
        b'<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="a.pdf">'
        + base64.b64encode(big)
        + b"</cbc:EmbeddedDocumentBinaryObject></cac:Attachment>"
        b"</cac:AdditionalDocumentReference><cac:AccountingSupplierParty>"
    )
    [found] = read(data.replace(b"<cac:AccountingSupplierParty>", inside)).attachments
    assert found.content == big
    assert time.process_time() - started < 5


def test_damage_anywhere_ends_in_a_bill_or_a_named_fault() -> None:
    data = write(a_bill())
    told = []
    for at in range(0, len(data), 7):
        for piece in (b"", b"<", b"\xff", b"0", b"</cbc:ID>"):
            try:
                read(data[:at] + piece + data[at + 3 :])
            except DocumentError as fault:
                told.append(fault.problems)
    assert all(told)
    assert len(told) > 1_000
