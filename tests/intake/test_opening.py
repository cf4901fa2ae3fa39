"""Files that only a child may open, at the desk: what becomes of them, and what of the daemon."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage
from functools import partial

import psutil
import pypdfium2
import pytest
from PIL import Image

from maild.children import Limits
from maild.errors import DocumentError
from maild.intake.filing import Filed
from maild.intake.mail_text import Take
from maild.intake.opening import Opener
from maild.model.delivery import HoldCode, Purpose, State
from maild.model.document import Direction, Kind, Role
from maild.reading.sandbox import Sandbox
from maild.store import documents
from maild.ubl import document as ubl
from tests import builders_pdf as make
from tests.builders_cii import a_cii
from tests.intake.conftest import A_PDF, World, a_mail, an_invoice

SHOWN = ("Invoice 2026-001 of Acme BV", "To pay within 30 days", "Total 121,00 EUR")


def a_hybrid(xml: bytes | None = None, *, rows: tuple[str, ...] = SHOWN) -> bytes:
    return make.a_pdf(rows, files={"factur-x.xml": xml or a_cii()})


def a_photo(form: str = "JPEG", size: tuple[int, int] = (900, 1200)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "white").save(out, form)
    return out.getvalue()


async def taken(world: World, *files: tuple[str, bytes], tag: str | None = None) -> list[Filed]:
    return list((await world.desk.accept(world.submission(a_mail(*files), tag=tag))).filed)


async def bytes_of(world: World, filed: Filed, role: Role) -> bytes | None:
    file = filed.document.file(role)
    return None if file is None else await world.desk.blobs.read(file.sha256)


async def test_a_pdf_with_its_figures_inside_needs_nothing_beside_it(world: World) -> None:
    pdf = a_hybrid()
    [filed] = await taken(world, ("factuur.pdf", pdf))
    document = filed.document
    assert (document.kind, document.direction) == (Kind.INVOICE, Direction.SALES)
    assert (document.number, str(document.total)) == ("2026-001", "121.00 EUR")
    assert document.counterparty.name == "Buyer NV"
    assert await bytes_of(world, filed, Role.PDF) == pdf
    assert {one.state for one in filed.deliveries} == {State.QUEUED}
    written = await bytes_of(world, filed, Role.UBL)
    assert written is not None
    assert ubl.read(written).number == "2026-001"
    assert {one.role: one.made for one in document.files} == {Role.PDF: False, Role.UBL: True}


async def test_a_ubl_inside_a_pdf_goes_on_as_it_was_issued(world: World) -> None:
    issued = an_invoice("2026-001")
    gross = ubl.read(issued).totals.gross
    assert gross is not None
    rows = ("Invoice 2026-001", "a row of words", f"Total {gross.value}")
    [filed] = await taken(world, ("f.pdf", make.a_pdf(rows, files={"invoice.xml": issued})))
    assert await bytes_of(world, filed, Role.UBL) == issued
    assert not any(one.made for one in filed.document.files)


@pytest.mark.parametrize(
    ("xml", "rows", "reason"),
    [
        (a_cii(number="2026-002"), SHOWN, "says number 2026-002, which the pages do not show"),
        (
            a_cii(gross="1210.00", tax="1110.00"),
            SHOWN,
            "has a fault (BT-117: S 21 %: the VAT is 1110.00",
        ),
        (a_cii(gross="121.50", tax="21.50"), SHOWN, "a total of 121.50 EUR, which the pages"),
        (a_cii(), ("",), "the pages have no text to compare it with"),
        (a_cii()[:900], SHOWN, "the XML inside the PDF: this is not well-formed"),
    ],
    ids=["number", "sums", "total", "a scan", "broken"],
)
async def test_figures_that_are_not_those_on_the_page_wait_for_a_person(
    world: World, xml: bytes, rows: tuple[str, ...], reason: str
) -> None:
    pdf = a_hybrid(xml, rows=rows)
    [filed] = await taken(world, ("f.pdf", pdf), tag="invoice")
    assert {(one.state, one.hold_code) for one in filed.deliveries} == {
        (State.HELD, HoldCode.UNTRUSTED)
    }
    assert reason in (filed.deliveries[0].reason or "")
    assert (filed.document.total, filed.document.file(Role.UBL)) == (None, None)
    assert await bytes_of(world, filed, Role.PDF) == pdf
    [notice] = [one for one in await world.deliveries() if one.purpose is Purpose.NOTICE]
    assert notice.letter is not None
    assert f"maild review confirm {filed.document.id}" in notice.letter.text


async def test_two_bills_in_one_pdf_wait_unless_they_say_the_same(world: World) -> None:
    same = make.a_pdf(SHOWN, files={"factur-x.xml": a_cii(), "ubl.xml": a_cii()})
    [filed] = await taken(world, ("f.pdf", same))
    assert {one.state for one in filed.deliveries} == {State.QUEUED}
    two = {"a.xml": a_cii(number="2026-002"), "factur-x.xml": a_cii(number="2026-003")}
    both = make.a_pdf((*SHOWN, "Nr 2026-002, Nr 2026-003"), files=two)
    [held] = await taken(world, ("g.pdf", both))
    reason = held.deliveries[0].reason or ""
    assert reason == "the PDF holds two bills, number 2026-003 and number 2026-002"


async def test_the_file_of_figures_beside_a_hybrid_is_the_same_bill(world: World) -> None:
    pdf = a_hybrid()
    extra = make.a_pdf(("Terms of delivery",))
    [filed] = await taken(
        world, ("one.xml", a_cii()), ("scan.pdf", pdf), ("delivery note.pdf", extra)
    )
    assert await bytes_of(world, filed, Role.PDF) == pdf
    assert await bytes_of(world, filed, Role.ORIGINAL) == a_cii()
    assert [one.name for one in filed.document.files if one.role is Role.ATTACHMENT] == [
        "delivery note.pdf"
    ]


async def test_two_hybrids_in_one_mail_are_two_documents(world: World) -> None:
    second = a_hybrid(a_cii(number="2026-002"), rows=("Nr 2026-002", "Total to pay: 121.00 EUR"))
    filed = await taken(world, ("a.pdf", a_hybrid()), ("b.pdf", second))
    assert [one.document.number for one in filed] == ["2026-001", "2026-002"]
    assert all(len(one.document.files) == 2 for one in filed)


async def test_cii_that_comes_alone_goes_on_as_ubl_and_is_kept(world: World) -> None:
    content = a_cii()
    [filed] = await taken(world, ("factur-x.xml", content))
    assert await bytes_of(world, filed, Role.ORIGINAL) == content
    assert filed.document.file(Role.UBL) is not None
    with pytest.raises(DocumentError, match="is not the total"):
        await taken(world, ("x.xml", a_cii(gross="1.00", number="9")))


async def test_a_pdf_without_figures_goes_on_as_the_file_that_it_is(world: World) -> None:
    [filed] = await taken(world, ("factuur 77.pdf", make.a_pdf()), tag="invoice")
    assert {one.state for one in filed.deliveries} == {State.QUEUED}
    assert (filed.document.number, filed.document.total) == ("77", None)


async def test_a_locked_pdf_waits_and_the_reason_asks_for_another(world: World) -> None:
    [filed] = await taken(world, ("f.pdf", make.a_pdf(password="geheim")), tag="purchase")
    [delivery] = filed.deliveries
    assert (delivery.state, delivery.hold_code) == (State.HELD, HoldCode.ENCRYPTED)
    assert "asks for a password" in (delivery.reason or "")


async def test_a_damaged_pdf_goes_on_with_a_remark(world: World) -> None:
    content = b"%PDF-1.4 this is none"
    [filed] = await taken(world, ("f.pdf", content), tag="invoice")
    assert {one.state for one in filed.deliveries} == {State.QUEUED}
    assert "the PDF is damaged, or none" in filed.warnings[0]


async def test_a_pdf_beside_its_ubl_is_not_opened_at_all(world: World) -> None:
    locked = make.a_pdf(password="geheim")
    for files in (
        [("f.xml", an_invoice("1")), ("copy.pdf", locked)],
        [("f.xml", an_invoice("2")), ("F.PDF", locked + b" "), ("note.pdf", make.a_pdf())],
    ):
        [filed] = await taken(world, *files)
        assert {one.state for one in filed.deliveries} == {State.QUEUED}


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
async def test_a_photo_becomes_a_pdf_and_is_kept(world: World, form: str) -> None:
    photo = a_photo(form)
    [filed] = await taken(world, ("IMG_0042.bin", photo), tag="purchase")
    made = await bytes_of(world, filed, Role.PDF)
    assert made is not None
    assert made.startswith(b"%PDF-")
    assert await bytes_of(world, filed, Role.ORIGINAL) == photo
    assert {one.role: one.made for one in filed.document.files} == {
        Role.PDF: True,
        Role.ORIGINAL: False,
    }
    again = await world.desk.accept(world.submission(a_mail(("x.bin", photo)), tag="purchase"))
    assert [one.document.id for one in again.duplicates] == [filed.document.id]


async def test_each_photo_is_a_document_and_a_logo_is_none(world: World) -> None:
    photos = (("a.jpg", a_photo()), ("b.jpg", a_photo(size=(800, 1000))))
    filed = await taken(world, *photos, ("logo.png", a_photo("PNG", (200, 80))), tag="purchase")
    assert len(filed) == 2
    for one in filed:
        names = [file.name for file in one.document.files if file.role is Role.ATTACHMENT]
        assert names == ["logo.png"]
    with pytest.raises(DocumentError, match="photo"):
        await taken(world, ("logo.png", a_photo("PNG", (200, 81))), tag="purchase")


async def test_a_photo_beside_a_pdf_goes_along(world: World) -> None:
    [filed] = await taken(world, ("f.pdf", make.a_pdf()), ("p.jpg", a_photo()), tag="purchase")
    assert {one.role for one in filed.document.files} == {Role.PDF, Role.ATTACHMENT}


async def test_a_photo_that_cannot_be_opened_waits_for_a_person(world: World) -> None:
    [filed] = await taken(world, ("p.jpg", a_photo()[:400]), tag="purchase")
    assert [one.hold_code for one in filed.deliveries] == [HoldCode.UNOPENED]


@pytest.fixture
async def hasty(world: World) -> AsyncIterator[World]:
    """A desk whose children get a second of processor."""
    sandbox = Sandbox(1, limits=Limits(cpu=1, wall=20, memory=1 << 30))
    world.desk = replace(world.desk, opener=Opener(sandbox))
    yield world
    await sandbox.close()


async def test_a_pdf_that_kills_is_parked_and_the_next_mail_is_none_the_wiser(hasty: World) -> None:
    before = psutil.Process().memory_info().rss
    bomb = make.nested_forms(files={"factur-x.xml": a_cii()})
    [filed] = await taken(hasty, ("f.pdf", bomb), tag="invoice")
    assert {one.hold_code for one in filed.deliveries} == {HoldCode.UNOPENED}
    assert "tried 2 times" in (filed.deliveries[0].reason or "")
    assert await bytes_of(hasty, filed, Role.PDF) == bomb
    other = a_hybrid(a_cii(number="2026-002"), rows=("Invoice 2026-002", *SHOWN[1:]))
    [next_one] = await taken(hasty, ("g.pdf", other))
    assert {one.state for one in next_one.deliveries} == {State.QUEUED}
    assert psutil.Process().memory_info().rss - before < 60 << 20


async def test_a_bomb_waits_with_its_reason(world: World) -> None:
    [filed] = await taken(world, ("f.pdf", make.flate_over_flate(70 << 20)), tag="invoice")
    assert "unpacks to more than 64 MB" in (filed.deliveries[0].reason or "")
    events = await world.db.read(partial(documents.events_of, document=filed.document.id))
    assert "document.held" in [one.event for one in events]


async def test_many_files_that_hold_much_do_not_fill_the_memory(world: World) -> None:
    blank = base64.b64encode(b"%PDF-1.7 1 0 obj" + b" " * 4_000_000).decode()
    inner = (
        "<ram:AdditionalReferencedDocument><ram:IssuerAssignedID>A</ram:IssuerAssignedID>"
        '<ram:TypeCode>916</ram:TypeCode><ram:AttachmentBinaryObject mimeCode="application/pdf" '
        f'filename="a.pdf">{blank}</ram:AttachmentBinaryObject></ram:AdditionalReferencedDocument>'
    )
    pdfs = [
        (f"{n}.pdf", a_hybrid(a_cii(number=f"N-{n}", agreement=inner), rows=(f"Nr N-{n}", *SHOWN)))
        for n in range(1, 13)
    ]
    assert len(a_mail(*pdfs)) < 1_000_000
    filed = await taken(world, *pdfs)
    # Nine bills of 7 MB were found; what the others hold nobody knows, so nothing leaves unseen.
    assert len(filed) < 10
    assert {one.hold_code for each in filed for one in each.deliveries} == {HoldCode.UNOPENED}
    assert "hold more than 60 MB" in (filed[0].deliveries[0].reason or "")


async def test_a_file_that_goes_along_and_cannot_be_opened_is_said(world: World) -> None:
    locked, bomb = make.a_pdf(password="x"), make.flate_over_flate(70 << 20)
    [filed] = await taken(world, ("a.pdf", a_hybrid()), ("slip.pdf", locked))
    assert {one.state for one in filed.deliveries} == {State.QUEUED}
    assert "slip.pdf: the PDF asks for a password" in filed.warnings[0]
    second = a_hybrid(a_cii(number="2026-002"), rows=("Invoice 2026-002", *SHOWN[1:]))
    [held] = await taken(world, ("b.pdf", second), ("slip.pdf", bomb))
    assert {one.hold_code for one in held.deliveries} == {HoldCode.UNOPENED}


async def test_what_is_read_does_not_depend_on_the_order_of_files(world: World) -> None:
    files = [("a.pdf", A_PDF), ("b.pdf", a_hybrid()), ("c.txt", b"hello")]
    [filed] = await taken(world, *files)
    names = [one.name for one in filed.document.files if one.role is Role.ATTACHMENT]
    assert (filed.document.number, sorted(names)) == ("2026-001", ["a.pdf", "c.txt"])


def a_shop_mail(
    *files: tuple[str, bytes], text: str = "<p>Order 77</p><p>Total 12,10</p>"
) -> bytes:
    """A mail of a shop: the invoice is its HTML."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "shop@a.example", "Invoice 2026-77"
    mail["Date"] = "Mon, 05 Jan 2026 10:00:00 +0100"
    mail.set_content("see the HTML")
    mail.add_alternative(f"<html><body>{text}</body></html>", subtype="html")
    for name, content in files:
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return bytes(mail)


async def accepted(world: World, raw: bytes, *, take: Take, tag: str | None) -> list[Filed]:
    wanted = replace(world.submission(raw, tag=tag), take=take)
    return list((await world.desk.accept(wanted)).filed)


async def test_a_mail_can_be_the_document_itself(world: World) -> None:
    [filed] = await accepted(world, a_shop_mail(), take="mail", tag="purchase")
    document = filed.document
    assert (document.kind, document.number) == (Kind.PURCHASE_INVOICE, "2026-77")
    made = await bytes_of(world, filed, Role.PDF)
    assert made is not None
    shown = pypdfium2.PdfDocument(made)[0].get_textpage().get_text_range()
    assert "Total 12,10" in shown
    assert "shop@a.example" in shown
    assert [one.made for one in document.files] == [True]
    again = await accepted(world, a_shop_mail(), take="mail", tag="purchase")
    assert again[0].repeated


async def test_the_text_and_the_files_can_both_be_documents(world: World) -> None:
    raw = a_shop_mail(("note.pdf", make.a_pdf()))
    filed = await accepted(world, raw, take="both", tag="purchase")
    assert [file.name for one in filed for file in one.document.files] == [
        "note.pdf",
        "Invoice 2026-77.pdf",
    ]
    [alone] = await accepted(
        world, a_shop_mail(("x.txt", b"hi"), text="<p>other</p>"), take="both", tag="purchase"
    )
    assert [one.role for one in alone.document.files] == [Role.PDF, Role.ATTACHMENT]


async def test_a_team_can_take_the_text_of_mails_without_a_document(world: World) -> None:
    with pytest.raises(DocumentError, match="no file"):
        await accepted(world, a_shop_mail(), take="attachments", tag="purchase")
    world.teams[0] = replace(world.teams[0], mail_text=True)
    [filed] = await accepted(world, a_shop_mail(), take="attachments", tag="purchase")
    assert filed.document.file(Role.PDF) is not None
    [pdf] = await accepted(
        world, a_shop_mail(("f.pdf", make.a_pdf())), take="attachments", tag="purchase"
    )
    assert [one.name for one in pdf.document.files] == ["f.pdf"]


async def test_a_mail_that_is_the_document_must_have_a_text_and_a_tag(world: World) -> None:
    with pytest.raises(DocumentError, match="nothing says which kind"):
        await accepted(world, a_shop_mail(), take="mail", tag=None)
    with pytest.raises(DocumentError, match="no text"):
        await accepted(world, a_mail(("f.pdf", make.a_pdf())), take="mail", tag="purchase")
