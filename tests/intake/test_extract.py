from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from email.message import EmailMessage

import pytest

from maild.errors import DocumentError
from maild.intake.drafts import Draft
from maild.intake.extract import extract
from maild.intake.hints import hints
from maild.model.document import Direction, Kind, Role
from maild.reading import mime
from maild.reading.unpack import open_archive
from maild.reading.wrap import wrap
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_party, a_pdf_attachment, a_quote
from tests.intake.conftest import A_PDF, a_purchase, a_team, an_invoice

PDF_1, PDF_2 = A_PDF + b"1", A_PDF + b"2"


def found(
    *files: tuple[str, bytes], tag: str | None = None, subject: str = "x"
) -> tuple[Draft, ...]:
    return extract(mime.read(wrap(list(files), subject=subject)), team=a_team(), tag=tag)


def of(draft: Draft, role: Role) -> list[bytes]:
    return [one.content for one in draft.sheets if one.role is role]


def refused(*files: tuple[str, bytes], tag: str | None = None) -> str:
    with pytest.raises(DocumentError) as caught:
        found(*files, tag=tag)
    assert caught.value.smtp == "554 5.6.0"
    return "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    "names",
    [
        ("f-1.pdf", "f-2.pdf"),
        ("Invoice 2026_001.pdf", "scan 2026-002 (copy).pdf"),
        ("F-1.PDF", "2026.002.pdf"),
    ],
    ids=["by the base name", "by the number in the name", "one by each"],
)
def test_each_invoice_finds_its_pdf(names: Sequence[str]) -> None:
    first, second = found(
        ("f-1.xml", an_invoice("2026-001")),
        ("f-2.xml", an_invoice("2026-002")),
        (names[1], PDF_2),
        (names[0], PDF_1),
    )
    assert of(first, Role.PDF) == [PDF_1]
    assert of(second, Role.PDF) == [PDF_2]


def test_the_only_pdf_belongs_to_the_only_invoice() -> None:
    [draft] = found(("f.xml", an_invoice()), ("scan.pdf", A_PDF))
    assert of(draft, Role.PDF) == [A_PDF]


def test_a_number_is_not_seen_inside_a_longer_one() -> None:
    first, second = found(
        ("a.xml", an_invoice("12")), ("b.xml", an_invoice("123")), ("nr 123.pdf", A_PDF)
    )
    assert of(first, Role.PDF) == []
    assert of(second, Role.PDF) == [A_PDF]


def test_what_pairs_with_nothing_goes_along_as_an_attachment() -> None:
    [draft] = found(
        ("f.xml", an_invoice()), ("f.pdf", PDF_1), ("terms.pdf", PDF_2), ("hours.csv", b"a;b")
    )
    assert of(draft, Role.PDF) == [PDF_1]
    assert of(draft, Role.ATTACHMENT) == [PDF_2, b"a;b"]


def test_a_pdf_inside_the_ubl_is_the_documents_pdf() -> None:
    inside = a_pdf_attachment()
    [draft] = found(("f.xml", an_invoice(attachments=(inside,))))
    assert of(draft, Role.PDF) == [inside.content]


@pytest.mark.parametrize(
    ("description", "name"),
    [
        (None, "b2f1.pdf"),
        ("Factuur", "b2f1.pdf"),
        ("PDF copy", "b2f1.pdf"),
        ("Bijlage", "Rechnung.pdf"),
        ("Werk 2026/001", "b2f1.pdf"),
    ],
)
def test_a_single_pdf_inside_is_the_documents_pdf_whatever_it_is_called(
    description: str | None, name: str
) -> None:
    inside = replace(a_pdf_attachment(), id="1", description=description, name=name)
    [draft] = found(("f.xml", an_invoice(attachments=(inside,))))
    assert of(draft, Role.PDF) == [inside.content]


@pytest.mark.parametrize(
    "description", ["Werkbon", "Aufschlüsselung der Leistungen", "Delivery note"]
)
def test_a_pdf_inside_that_calls_itself_something_else_is_not_the_documents_pdf(
    description: str,
) -> None:
    inside = replace(a_pdf_attachment(), id="1", description=description, name="bijlage.pdf")
    [draft] = found(("f.xml", an_invoice(attachments=(inside,))))
    assert of(draft, Role.PDF) == []


def test_a_pdf_inside_without_a_page_is_not_the_documents_pdf() -> None:
    inside = replace(a_pdf_attachment(), content=b"%PDF-1.4\n% nothing in it\n%%EOF\n")
    [draft] = found(("f.xml", an_invoice(attachments=(inside,))))
    assert of(draft, Role.PDF) == []


def test_a_pdf_beside_the_ubl_comes_before_one_inside_it() -> None:
    ubl_file = an_invoice(attachments=(a_pdf_attachment(),))
    [draft] = found(("f.xml", ubl_file), ("f.pdf", A_PDF))
    assert of(draft, Role.PDF) == [A_PDF]


def test_the_issued_bytes_are_kept_as_they_came() -> None:
    content = an_invoice().replace(b"\n", b"\r\n\r\n")
    [draft] = found(("f.xml", content))
    assert of(draft, Role.UBL) == [content]


def test_a_quote_that_is_received_is_a_file_to_pass_on() -> None:
    received = ubl.write(a_quote(seller=a_party("Ander NV", "0403170701"), buyer=a_party()))
    [draft] = found(("q.xml", received))
    assert draft.kind is Kind.OTHER
    assert draft.counterparty.name == "Ander NV"


def test_a_bill_between_two_of_the_teams_numbers_is_a_sale() -> None:
    [draft] = found(("f.xml", ubl.write(a_bill(seller=a_party(), buyer=a_party()))))
    assert draft.direction is Direction.SALES


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("invoice", Kind.INVOICE),
        ("purchase", Kind.PURCHASE_INVOICE),
        ("credit", Kind.INVOICE),
        ("other", Kind.OTHER),
    ],
)
def test_a_tag_gives_the_direction_where_no_number_is_the_teams(tag: str, kind: Kind) -> None:
    foreign = replace(a_team(), vat=("NL123456782B01",))
    raw = wrap([("f.xml", an_invoice())])
    [draft] = extract(mime.read(raw), team=foreign, tag=tag)
    assert draft.kind is kind
    assert draft.number == "2026-001"


def test_a_tag_against_the_document_is_not_followed_but_said() -> None:
    [draft] = found(("f.xml", a_purchase()), tag="invoice")
    assert draft.kind is Kind.PURCHASE_INVOICE
    assert "+invoice" in draft.warnings[0]


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("invoice", Kind.INVOICE),
        ("credit", Kind.CREDIT_NOTE),
        ("quote", Kind.QUOTE),
        ("purchase", Kind.PURCHASE_INVOICE),
        ("purchase-credit", Kind.PURCHASE_CREDIT_NOTE),
        ("other", Kind.OTHER),
    ],
)
def test_a_pdf_alone_is_what_its_tag_says_and_claims_no_figures(tag: str, kind: Kind) -> None:
    [draft] = found(("f 2026-9.pdf", A_PDF), tag=tag)
    assert (draft.kind, draft.number, draft.total, draft.bill) == (kind, "2026-9", None, None)


def test_other_files_are_documents_only_where_the_tag_says_other() -> None:
    [draft] = found(("receipt.jpg", b"\xff\xd8\xff\xe0 photo"), tag="other")
    assert draft.kind is Kind.OTHER
    assert "receipt.jpg" in refused(("receipt.jpg", b"\xff\xd8\xff\xe0 photo"), tag="invoice")


def test_two_equal_pdfs_are_one_document() -> None:
    assert len(found(("a.pdf", A_PDF), ("b.pdf", A_PDF), ("c.pdf", PDF_1), tag="invoice")) == 2


def test_xml_that_is_no_bill_may_go_along_but_not_alone() -> None:
    note = b'<?xml version="1.0"?><note>hello</note>'
    [draft] = found(("f.xml", an_invoice()), ("n.xml", note))
    assert of(draft, Role.ATTACHMENT) == [note]
    assert '"note"' in refused(("n.xml", note))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'<p:FatturaElettronica xmlns:p="urn:x"/>', "maild takes invoices"),
        (
            b'<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2"/>',
            "maild takes invoices",
        ),
        (b'<rsm:CrossIndustryInvoice xmlns:rsm="urn:x"/>', "is expected"),
    ],
)
def test_a_business_document_that_maild_cannot_take_is_never_a_mere_attachment(
    content: bytes, words: str
) -> None:
    assert words in refused(("f.xml", an_invoice()), ("o.xml", content))


def test_every_problem_of_every_file_is_told_at_once() -> None:
    said = refused(("a.xml", b"<Invoice>"), ("b.xml", b"no xml at all"), ("c.xml", an_invoice()))
    assert "a.xml" in said
    assert "b.xml" in said
    assert "c.xml" not in said


@pytest.mark.parametrize(
    ("subject", "stem", "number", "name"),
    [
        ("Factuur 2026-014 voor Bakkerij Jansen", "scan", "2026-014", "Bakkerij Jansen"),
        ("", "F2026_0017", "F2026", None),
        ("", "invoice_INV-2026-0042_2026-03-01", "INV-2026-0042", None),
        ("Facture n° 77/2026 pour Dupont SPRL - merci", "x", "77/2026", "Dupont SPRL"),
        ("Offerte 12", "offerte-12", "12", None),
        ("2026-03-01", "scan", None, None),
        (None, "contract", None, None),
    ],
)
def test_subject_and_name_give_what_they_can(
    subject: str | None, stem: str, number: str | None, name: str | None
) -> None:
    seen = hints(subject, stem, purchase=False)
    assert (seen.number, seen.counterparty) == (number, name)


def test_a_purchase_is_from_somebody() -> None:
    assert hints("Factuur 3 van Drukkerij Zoë", "x", purchase=True).counterparty == "Drukkerij Zoë"


def a_zip(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def unpacked(*files: tuple[str, bytes], tag: str | None = None) -> tuple[Draft, ...]:
    mail = mime.read(wrap(list(files)), opener=open_archive)
    return extract(mail, team=a_team(), tag=tag)


def test_invoices_and_pdfs_of_one_name_are_paired_where_they_lie_together() -> None:
    drafts = unpacked(
        ("a.zip", a_zip(("invoice.xml", an_invoice("2026-001")), ("print.pdf", PDF_1))),
        ("b.zip", a_zip(("invoice.xml", an_invoice("2026-002")), ("print.pdf", PDF_2))),
    )
    assert [(one.number, of(one, Role.PDF)) for one in drafts] == [
        ("2026-001", [PDF_1]),
        ("2026-002", [PDF_2]),
    ]


def test_an_invoice_in_a_zip_finds_its_pdf_beside_the_zip() -> None:
    [draft] = unpacked(("2026.zip", a_zip(("f.xml", an_invoice()))), ("f.pdf", A_PDF))
    assert of(draft, Role.PDF) == [A_PDF]


def test_the_same_file_in_the_mail_and_in_a_zip_is_one() -> None:
    inside = a_zip(("f.pdf", PDF_1), ("f.xml", an_invoice()), ("slip.txt", b"slip"))
    [draft] = unpacked(("f.pdf", PDF_1), ("slip.txt", b"slip"), ("all.zip", inside))
    assert of(draft, Role.PDF) == [PDF_1]
    assert of(draft, Role.ATTACHMENT) == [b"slip"]


@pytest.mark.parametrize(
    "name",
    [
        "Algemene voorwaarden.pdf",
        "conditions_generales_de_vente.pdf",
        "AGB.pdf",
        "Terms & Conditions.pdf",
    ],
)
def test_terms_and_conditions_go_along_and_are_no_invoice(name: str) -> None:
    [draft] = found(("F1.pdf", PDF_1), (name, PDF_2), tag="purchase")
    assert (of(draft, Role.PDF), of(draft, Role.ATTACHMENT)) == ([PDF_1], [PDF_2])
    [draft] = found(("f.xml", an_invoice()), (name, PDF_2))
    assert (of(draft, Role.PDF), of(draft, Role.ATTACHMENT)) == ([], [PDF_2])


@pytest.mark.parametrize(
    "name", ["Invoice terms 2026-001.pdf", "F-voorwaarden-klant.pdf", "nagb.pdf"]
)
def test_a_name_that_only_sounds_like_terms_may_be_the_invoice(name: str) -> None:
    [draft] = found(("f.xml", an_invoice("2026-001")), (name, PDF_2))
    assert of(draft, Role.PDF) == [PDF_2]


def test_a_closed_archive_is_the_reason_when_there_is_nothing_else() -> None:
    closed = bytearray(a_zip(("f.pdf", A_PDF)))
    closed[6] |= 1
    closed[closed.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(
        DocumentError, match=r"bills\.zip: the ZIP file is protected with a password"
    ):
        unpacked(("bills.zip", bytes(closed)), tag="purchase")
    [draft] = unpacked(("bills.zip", bytes(closed)), ("f.xml", an_invoice()))
    assert of(draft, Role.ATTACHMENT) == [bytes(closed)]
    assert "bills.zip: the ZIP file is protected" in draft.warnings[-1]


def test_a_program_is_not_passed_on() -> None:
    [draft] = found(("f.xml", an_invoice()), ("invoice.pdf.exe", b"MZ\x90\0"), ("a.JS", b"run()"))
    assert of(draft, Role.ATTACHMENT) == []
    assert [one.split(":")[0] for one in draft.warnings] == ["invoice.pdf.exe", "a.JS"]


@pytest.mark.parametrize(
    "kind", ["text/calendar", "text/vcard", "text/x-amp-html", "application/applefile"]
)
def test_what_programs_put_beside_files_is_not_passed_on(kind: str) -> None:
    mail = EmailMessage()
    main, sub = kind.split("/")
    mail.add_attachment(an_invoice(), maintype="application", subtype="xml", filename="f.xml")
    mail.add_attachment(b"beside", maintype=main, subtype=sub, filename="beside")
    [draft] = extract(mime.read(bytes(mail)), team=a_team(), tag=None)
    assert [one.role for one in draft.sheets] == [Role.UBL]
