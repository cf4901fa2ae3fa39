"""Documents as the usual billing programs hand them in: a mail or file of that shape, at a real door.

The shapes are those of docs/sources.md, and so are the settings; all mails are made here.
"""

from __future__ import annotations

import io
import json
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from pathlib import Path

import pikepdf
from PIL import Image

from maild.intake import payload_out
from maild.intake.folder import FolderDoor
from maild.intake.mailbox import MailboxOptions
from maild.mailboxes import options
from maild.model.document import Document, Kind, Role
from maild.store import documents
from maild.ubl import document as ubl
from maild.works import folder_options
from tests.builders_bill import a_bill, a_credit_note, a_pdf_attachment
from tests.builders_cii import a_cii
from tests.builders_pdf import a_pdf
from tests.intake.conftest import A_PDF, World, a_purchase, an_invoice
from tests.intake.recipes import recipes
from tests.mailbox.boxes import MaildirBox
from tests.mailbox.conftest import QUICK, eventually, lying, reading

Attached = tuple[str, str, bytes]  # file name, media type, content
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def a_letter(
    *files: Attached,
    subject: str,
    sender: str = "Acme BV <facturen@acme.example>",
    to: str = "Beta NV <ap@beta.example>",
    text: str = "In bijlage vindt u uw document.",
    html: str = "",
) -> bytes:
    """A mail as programs write it: text, HTML with a logo in it when `html` is given, then files."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Date"] = "Mon, 02 Mar 2026 09:00:00 +0100"
    mail["Message-ID"] = "<1@program.example>"
    mail.set_content(text)
    if html:
        mail.add_alternative(f'{html}<img src="cid:logo">', subtype="html")
        shown = mail.get_payload()[1]  # type: ignore[index]  # the alternative just added
        shown.add_related(PNG, "image", "png", cid="<logo>", filename="logo.png")  # type: ignore[union-attr]
    for name, media_type, content in files:
        main, _, sub = media_type.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
    return mail.as_bytes(policy=SMTP)


async def handed_in(
    world: World, raw: bytes, *, tag: str = "", sender: str = "post@program.example"
) -> Document:
    """The one document of a mail at the SMTP door, where only the envelope names maild."""
    await world.open()
    code, words = await world.send(raw, f"acme{tag}@post.example", sender=sender)
    assert code == 250, words
    [document] = await world.documents()
    return document


async def content(world: World, document: Document, role: Role) -> bytes | None:
    """The bytes of a document's first file with that role."""
    file = document.file(role)
    return None if file is None else await world.desk.blobs.read(file.sha256)


def names(document: Document) -> set[tuple[Role, str]]:
    """The files of a document: what each is, and its name."""
    return {(one.role, one.name) for one in document.files}


async def put_in_folder(world: World, recipe: str, name: str, *files: tuple[str, bytes]) -> Path:
    """Put files into the folder of a recipe and let maild look twice; the folder."""
    section = recipes()[recipe].configured(world.folder).folder[name]
    door = FolderDoor(world.desk, folder_options(name, section))
    door.prepare()
    for file, data in files:
        (door.options.path / file).write_bytes(data)
    await door.look()
    await door.look()
    return door.options.path


def mailbox_of(world: World, recipe: str, name: str) -> MailboxOptions:
    """What maild does with the mailbox of a recipe, in a hurry."""
    section = recipes()[recipe].configured(world.folder).mailbox[name]
    return replace(options(name, section), patience=QUICK)


async def settled(world: World, count: int) -> bool:
    """Whether so many messages of mailboxes are dealt with."""
    query = "SELECT count(*) FROM mailbox_messages WHERE settled"
    return bool(await world.db.read(lambda tx: tx.exec_driver_sql(query).scalar()) == count)


async def test_odoos_pdf_and_ubl_are_one_invoice(world: World) -> None:
    number = "INV/2026/00042"
    issued = an_invoice(number)
    pdf = a_pdf((f"Invoice {number}", "Total 121.00"), files={"factur-x.xml": a_cii(number=number)})
    raw = a_letter(
        ("INV_2026_00042.pdf", "application/pdf", pdf),
        ("INV_2026_00042_ubl_bis3.xml", "application/xml", issued),
        subject=f"Acme BV Invoice (Ref {number})",
        html="<p>Dear Beta NV</p>",
    )
    document = await handed_in(world, raw)
    assert (document.kind, document.number) == (Kind.INVOICE, number)
    assert await content(world, document, Role.UBL) == issued
    assert await content(world, document, Role.PDF) == pdf
    assert len(document.files) == 2
    assert {one.recipient for one in await world.deliveries()} == {"accountant", "books"}


async def test_a_journal_alias_passes_suppliers_mails_on(world: World) -> None:
    supplier = {"sender": "boekhouding@leverancier.example", "tag": "+purchase"}
    letter = partial(
        a_letter,
        sender="Leverancier NV <boekhouding@leverancier.example>",
        to="vendor-bills@acme.example",
        subject="Factuur van Leverancier NV",
    )
    pdf = ("Factuur 2026-4711.pdf", "application/pdf", a_pdf(("Factuur 2026-4711",)))
    bare = await handed_in(world, letter(pdf), **supplier)
    assert (bare.kind, bare.number, bare.total) == (Kind.PURCHASE_INVOICE, "2026-4711", None)
    assert bare.counterparty.name == "Leverancier NV"
    with_figures = ("L-77.xml", "text/xml", a_purchase("L-77"))
    await world.send(letter(with_figures), "acme+purchase@post.example", sender=supplier["sender"])
    [_, read] = await world.documents()
    assert (read.kind, read.number) == (Kind.PURCHASE_INVOICE, "L-77")
    assert read.total is not None


async def test_billits_ubl_brings_its_pdf_inside(world: World) -> None:
    issued = an_invoice("2026-042", attachments=(a_pdf_attachment(id="2026-042.pdf"),))
    raw = a_letter(
        ("Invoice_2026-042.xml", "application/xml", issued),
        sender="Acme BV <acme@my.billit.example>",
        subject="Factuur 2026-042",
        html="<p>Beste</p>",
    )
    document = await handed_in(world, raw)
    assert (document.kind, document.number) == (Kind.INVOICE, "2026-042")
    assert await content(world, document, Role.UBL) == issued
    assert await content(world, document, Role.PDF) == A_PDF


async def test_a_mail_with_a_link_only_is_refused_with_its_reason(world: World) -> None:
    raw = a_letter(
        subject="Documenten van Acme BV tot 31/03/2026",
        html='<a href="https://files.example/acme.zip">Download</a>',
    )
    await world.open()
    code, words = await world.send(raw, "acme@post.example")
    assert code == 554
    assert "no file in it" in words
    assert await world.documents() == ()
    [refusal] = await world.refusals()
    assert refusal.original is not None


async def test_teamleaders_terms_go_along_with_its_invoice(world: World) -> None:
    invoice, terms = a_pdf(("Factuur 2026-42",)), a_pdf(("Artikel 1",))
    raw = a_letter(
        ("Algemene voorwaarden.pdf", "application/pdf", terms),
        ("Factuur 2026-42.pdf", "application/pdf", invoice),
        subject="Factuur 2026-42",
        html="<p>Dag</p>",
    )
    document = await handed_in(world, raw, tag="+invoice")
    assert (document.kind, document.number) == (Kind.INVOICE, "2026-42")
    assert await content(world, document, Role.PDF) == invoice
    assert (Role.ATTACHMENT, "Algemene voorwaarden.pdf") in names(document)


async def test_teamleaders_expense_is_a_mail_without_text_and_with_a_photo(world: World) -> None:
    photo = io.BytesIO()
    Image.new("RGB", (900, 1200), "white").save(photo, "JPEG")
    raw = a_letter(("ticket.jpg", "image/jpeg", photo.getvalue()), subject="Expense", text="")
    document = await handed_in(world, raw, tag="+purchase")
    assert document.kind is Kind.PURCHASE_INVOICE
    assert names(document) == {(Role.PDF, "ticket.pdf"), (Role.ORIGINAL, "ticket.jpg")}
    assert await content(world, document, Role.ORIGINAL) == photo.getvalue()


async def test_exacts_credit_note_comes_as_a_pair_of_one_name(world: World) -> None:
    issued, pdf = ubl.write(a_credit_note(number="26700007")), a_pdf(("Creditnota",))
    raw = a_letter(
        ("Creditnota.pdf", "application/pdf", pdf),
        ("Creditnota.xml", "application/octet-stream", issued),
        ("Werkbon.pdf", "application/pdf", a_pdf(("Werkbon",))),
        subject="Creditnota 26700007",
    )
    document = await handed_in(world, raw)
    assert (document.kind, document.number) == (Kind.CREDIT_NOTE, "26700007")
    assert await content(world, document, Role.UBL) == issued
    assert await content(world, document, Role.PDF) == pdf
    assert (Role.ATTACHMENT, "Werkbon.pdf") in names(document)


async def test_a_pdf_that_word_saved_in_a_folder_is_what_the_folder_says(world: World) -> None:
    pdf = a_pdf(("Factuur 2026-042", "Totaal 121,00"))
    recipe = 'Word and "print to PDF": a folder'
    folder = await put_in_folder(world, recipe, "word", ("Factuur 2026-042.pdf", pdf))
    [document] = await world.documents()
    assert (document.kind, document.number) == (Kind.INVOICE, "2026-042")
    assert document.total is None
    assert await content(world, document, Role.PDF) == pdf
    assert [one.name for one in (folder / "done").iterdir()] == ["Factuur 2026-042.pdf"]


async def test_a_scan_of_several_pages_is_one_document(world: World) -> None:
    scan = io.BytesIO()
    pages = [Image.new("L", (850, 1100), shade) for shade in (255, 250, 245)]
    pages[0].save(scan, "TIFF", save_all=True, append_images=pages[1:])
    raw = a_letter(
        ("SCAN_0001.tif", "image/tiff", scan.getvalue()),
        sender="printer@acme.example",
        to="acme+purchase@post.example",
        subject="Scanned document",
        text="",
    )
    document = await handed_in(world, raw, tag="+purchase", sender="printer@acme.example")
    assert document.kind is Kind.PURCHASE_INVOICE
    assert names(document) == {(Role.PDF, "SCAN_0001.pdf"), (Role.ORIGINAL, "SCAN_0001.tif")}
    made = await content(world, document, Role.PDF)
    assert made is not None
    assert page_count(made) == len(pages)


def page_count(pdf: bytes) -> int:
    """How many pages a PDF has."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        return len(document.pages)


async def test_a_shops_mails_are_told_apart_by_their_subject(world: World, tmp_path: Path) -> None:
    box = MaildirBox(tmp_path / "Maildir")
    wanted = mailbox_of(world, "A web shop that attaches PDFs: IMAP", "shop")
    for name, subject in (
        ("invoice-2026-000148.pdf", "Uw factuur voor bestelling 1042"),
        ("credit-note-2026-000009.pdf", "Refund of invoice 2026-000148"),
    ):
        pdf = a_pdf((name,))
        box.put(a_letter((name, "application/pdf", pdf), subject=subject, html="<p>Dag</p>"))
    box.put(a_letter(subject="Password of your account", html="<p>Dag</p>"))
    async with reading(world, box.mailbox, wanted):
        await eventually(partial(settled, world, 3))
        await lying(box, INBOX=1, Processed=2)
    assert {(one.kind, one.number) for one in await world.documents()} == {
        (Kind.INVOICE, "2026-000148"),
        (Kind.CREDIT_NOTE, "2026-000009"),
    }
    assert await world.refusals() == ()


async def test_a_shops_mail_that_is_the_invoice_becomes_a_pdf(world: World, tmp_path: Path) -> None:
    box = MaildirBox(tmp_path / "Maildir")
    raw = a_letter(
        sender="Winkel <orders@winkel.example>",
        to="inkoop@acme.example",
        subject="Uw factuur 2026-88",
        html="<h1>Factuur 2026-88</h1><table><tr><td>Papier</td><td>12,10</td></tr></table>",
    )
    box.put(raw)
    wanted = mailbox_of(world, "A web shop whose mail is the invoice: IMAP", "orders")
    async with reading(world, box.mailbox, wanted):
        await lying(box, INBOX=0, Processed=1)
    [document] = await world.documents()
    assert (document.kind, document.number) == (Kind.PURCHASE_INVOICE, "2026-88")
    pdf = document.file(Role.PDF)
    assert pdf is not None
    assert pdf.made
    arrival = await world.db.read(partial(documents.get_arrival, id=document.arrival))
    assert b"winkel.example" in await world.desk.blobs.read(arrival.original)


async def test_a_json_document_in_a_folder_becomes_an_invoice_with_its_ubl(world: World) -> None:
    sent = json.dumps(payload_out.from_bill(a_bill(number="2026-042")), default=str).encode()
    recipe = "A program of your own: the API"
    await put_in_folder(world, recipe, "api", ("2026-042.json", sent), (".half.json", sent[:99]))
    [document] = await world.documents()
    assert (document.kind, document.number) == (Kind.INVOICE, "2026-042")
    assert await content(world, document, Role.ORIGINAL) == sent
    made = await content(world, document, Role.UBL)
    assert made is not None
    assert ubl.read(made).number == "2026-042"


async def test_a_json_document_that_does_not_add_up_lies_beside_its_reason(world: World) -> None:
    value = payload_out.from_bill(a_bill(number="2026-042"))
    value["totals"]["gross"] = "1.00"
    sent = json.dumps(value, default=str).encode()
    recipe = "A program of your own: the API"
    folder = await put_in_folder(world, recipe, "api", ("2026-042.json", sent))
    assert await world.documents() == ()
    assert "totals.gross" in (folder / "refused" / "2026-042.json.txt").read_text("utf-8")


async def test_sent_mail_is_read_where_it_lies_and_counted_once(
    world: World, tmp_path: Path
) -> None:
    box = MaildirBox(tmp_path / "Maildir")
    pair = (
        ("F1.xml", "application/xml", an_invoice("2026-042")),
        ("F1.pdf", "application/pdf", a_pdf(("Factuur 2026-042",))),
    )
    box.put(a_letter(*pair, subject="Factuur 2026-042"), folder="Sent")
    box.put(a_letter(*pair, subject="Herinnering: factuur 2026-042"), folder="Sent")
    box.put(a_letter(subject="Lunch vrijdag?"), folder="Sent")
    recipe = 'Any program that mails by your own mailbox: IMAP of "Sent"'
    async with reading(world, box.mailbox, mailbox_of(world, recipe, "sent")):
        await eventually(partial(settled, world, 3))
    [document] = await world.documents()
    assert (document.kind, document.number) == (Kind.INVOICE, "2026-042")
    assert len(box.lying_in("Sent")) == 3
    assert await world.refusals() == ()
