"""The files that leave: conformance, the attached UBL, equal bytes, and what stands on the pages."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import page
import pikepdf
import pypdfium2
import pytest

from maild.errors import DocumentError
from maild.model.bill import Bill, BillKind, Note, Reference
from maild.model.team import Branding
from maild.render.pdf import Renderer, default_name
from maild.ubl.document import read
from tests.render.bills import OGM, a_bill, a_full_bill, eur
from tests.render.conftest import UBL, Render

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("nl", "fr", "en", "de")


def pages(content: bytes) -> list[str]:
    """The text of each page."""
    with pypdfium2.PdfDocument(content) as document:
        return [one.get_textpage().get_text_bounded().replace("\r\n", "\n") for one in document]


def faults(content: bytes, profile: str) -> list[str]:
    """What a validator has against a file."""
    report = page.validate_pdf_bytes(content, profile=profile)
    return [f"{one.rule_id}: {one.message}" for one in report.failures]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", BillKind)
async def test_every_kind_in_every_language_is_pdfa_3a_and_pdfua_1(
    render: Render, kind: BillKind, language: str
) -> None:
    made = await render(a_bill(kind, lines=25), language=language)
    assert made.archival
    assert made.remarks == ()
    assert faults(made.content, "3a") == []
    assert faults(made.content, "ua1") == []


async def test_a_full_page_with_logo_and_texts_conforms_too(render: Render, tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 4"><path d="M0 0h9v4z"/></svg>'
    )
    look = Branding(logo=str(logo), texts=(("nl.invoice.intro", "Dag {{ buyer }},"),))
    made = await render(a_full_bill(), branding=look)
    assert made.remarks == ()
    assert "Dag Brouwerij Het Anker NV," in pages(made.content)[0]
    assert faults(made.content, "3a") == []
    assert faults(made.content, "ua1") == []


async def test_no_stream_ends_so_that_a_strict_reader_miscounts_it(render: Render) -> None:
    # One checksum in 256 ends in a carriage return: among forty files of twenty streams some do.
    for at in range(40):
        made = await render(a_bill(lines=1, number=f"2026-{at}"))
        assert b"\r\nendstream" not in made.content
        if at % 10 == 0:
            assert faults(made.content, "3a") == []


async def test_the_ubl_is_attached_byte_for_byte_as_an_alternative(render: Render) -> None:
    # Not UTF-8, with a byte order mark and odd line ends: still the issued bytes.
    issued = "\ufeff<?xml version='1.0' encoding='UTF-16'?>\r<Invoice>€</Invoice>".encode(
        "utf-16-le"
    )
    made = await render(a_bill(), ubl=issued)
    with pikepdf.open(io.BytesIO(made.content)) as document:
        assert list(document.attachments) == ["Factuur-2026-0417.xml"]
        spec = document.attachments["Factuur-2026-0417.xml"]
        assert spec.get_file().read_bytes() == issued
        assert spec.get_file().mime_type == "text/xml"
        assert spec.obj.AFRelationship == "/Alternative"
        assert spec.description == "Elektronische factuur (UBL)"
        assert [one.objgen for one in document.Root.AF] == [spec.obj.objgen]
    assert faults(made.content, "3a") == []


async def test_the_attachment_takes_the_base_name_of_the_document(renderer: Renderer) -> None:
    made = await renderer.render(
        a_bill(), branding=Branding(), language="nl", ubl=UBL, base_name="F-2026-0417 Acme"
    )
    with pikepdf.open(io.BytesIO(made.content)) as document:
        assert list(document.attachments) == ["F-2026-0417 Acme.xml"]


async def test_without_a_ubl_nothing_is_attached(renderer: Renderer) -> None:
    content = await renderer.pdf(a_bill(), branding=Branding(), language="nl")
    with pikepdf.open(io.BytesIO(content)) as document:
        assert not document.attachments
    assert faults(content, "3a") == []


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("2026/0417", "Factuur-2026-0417"),
        ("../../etc/passwd", "Factuur-..-..-etc-passwd"),
        ("F 12\n", "Factuur-F-12"),
        ("N" * 300, "Factuur-" + "N" * 72),
    ],
)
def test_a_base_name_is_safe_on_every_file_system(number: str, name: str) -> None:
    assert default_name(replace(a_bill(), number=number), language="nl") == name


async def test_equal_input_gives_equal_bytes_and_keys_whatever_was_rendered_before(
    render: Render,
) -> None:
    first = await render(a_full_bill())
    for lines in (1, 30, 3):
        await render(a_bill(lines=lines))
    second = await render(a_full_bill())
    other = await render(replace(a_full_bill(), number="2026-0418"))
    assert first.content == second.content
    assert first.key == second.key
    assert other.key != first.key


@pytest.mark.parametrize(("zone", "seed"), [("Pacific/Auckland", "1"), ("America/Lima", "77")])
async def test_equal_input_gives_equal_bytes_in_other_processes_zones_and_seeds(
    render: Render, zone: str, seed: str
) -> None:
    script = """
import asyncio, hashlib
from maild.model.team import Branding
from maild.render.pdf import Renderer
from tests.render.bills import a_full_bill
async def main():
    renderer = Renderer(1)
    content = await renderer.pdf(a_full_bill(), branding=Branding(), language="nl")
    print(hashlib.sha256(content).hexdigest())
    await renderer.close()
asyncio.run(main())
"""
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"TZ": zone, "PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = (await render(a_full_bill(), ubl=b"")).content
    assert ran.stdout.strip() == hashlib.sha256(here).hexdigest()


async def test_the_page_says_what_the_bill_says(render: Render) -> None:
    (text,) = pages((await render(a_bill())).content)
    for words in (
        *("Factuur 2026-0417", "24 november 2026", "24 december 2026", "Brouwerij Het Anker NV"),
        *("Guldenspoorstraat 49", "2800 Mechelen", "BE0987654394", "PO-88213"),
        *("Eikenhouten trap, op maat", "Rechte steektrap", "2.450,00", "12,75", "8,95", "114,11"),
        *("4.017,91", "826,65", "4.844,56", "BE71 0961 2345 6769", "GKCCBEBB", OGM),
        *("RPR Gent, afdeling Gent", "Pagina 1 van 1"),
    ):
        assert words in text.replace("\u00a0", " "), words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", ("Factuur", "Te betalen", "€ 4.844,56", "Pagina 1 van 1", "12,75", "m")),
        ("fr", ("Facture", "À payer", "4 844,56 €", "Page 1 sur 1", "16 heures")),
        ("en", ("Invoice", "Amount due", "€4,844.56", "Page 1 of 1", "12.75")),
        ("de", ("Rechnung", "Zu zahlen", "4.844,56 €", "Seite 1 von 1", "16 Std.")),
        ("it", ("Invoice", "Amount due")),
    ],
)
async def test_each_language_has_its_words_and_figures(
    render: Render, language: str, words: tuple[str, ...]
) -> None:
    (text,) = pages((await render(a_bill(), language=language)).content)
    plain = text.replace("\u00a0", " ").replace("\u202f", " ")
    assert [one for one in words if one not in plain] == []


@pytest.mark.parametrize(("lines", "most_pages"), [(1, 1), (25, 2), (60, 3), (500, 20)])
async def test_long_tables_repeat_their_header_and_count_their_pages(
    render: Render, lines: int, most_pages: int
) -> None:
    texts = pages((await render(a_bill(lines=lines))).content)
    assert len(texts) <= most_pages
    for at, text in enumerate(texts, start=1):
        assert f"Pagina {at} van {len(texts)}" in text
        if at > 1:
            assert "Factuur 2026-0417 · vervolg" in text
    tables = [text for text in texts if "Omschrijving" in text]
    assert len(tables) >= len(texts) - 1
    # Totals and payment are on one page each, whole.
    (last,) = [text for text in texts if "Totaal zonder btw" in text]
    assert "Te betalen" in last
    (panel,) = [text for text in texts if "Gestructureerde mededeling" in text]
    assert "Gelieve" in panel


async def test_a_credit_note_names_the_invoices_it_corrects(render: Render) -> None:
    bill = a_bill(
        BillKind.CREDIT_NOTE,
        preceding=(Reference("2026-1", date(2026, 1, 2)), Reference("2026-9", None)),
    )
    (text,) = pages((await render(bill, language="fr")).content)
    assert (
        "Cette note de crédit rectifie la facture 2026-1 du 2 janvier 2026 et la facture 2026-9."
        in text.replace("\u00a0", " ")
    )
    assert "IBAN BE71" not in text.split("En votre faveur")[1].split("Timmerwerken")[0]


async def test_a_quote_has_its_validity_and_a_place_to_sign(render: Render) -> None:
    (text,) = pages((await render(a_bill(BillKind.QUOTE), language="en")).content)
    plain = text.replace("\u00a0", " ")
    assert "This quotation is valid until 8 January 2027." in plain
    assert "Signature" in plain
    assert "Please transfer" not in plain


async def test_a_bill_with_nothing_optional_still_makes_a_page(render: Render) -> None:
    full = a_bill(lines=1)
    bare = Bill(
        kind=BillKind.INVOICE,
        number="1",
        issued_on=date(1999, 12, 31),
        currency="XXX",
        seller=replace(full.seller, legal_id=None, vat=None, contact=None, legal_form=None),
        buyer=replace(full.buyer, name=None, vat=None, contact=None, address=full.buyer.address),
        totals=replace(full.totals, net=None, tax=None, lines=None, gross=None, payable=None),
    )
    made = await render(bare)
    assert made.archival
    assert faults(made.content, "3a") == []


async def test_the_qr_code_on_the_page_pays_what_the_page_asks(
    render: Render, tmp_path: Path
) -> None:
    (tmp_path / "bill.pdf").write_bytes((await render(a_bill())).content)
    subprocess.run(["pdftoppm", "-r", "200", "-png", "bill.pdf", "p"], cwd=tmp_path, check=True)
    read = subprocess.run(
        ["zbarimg", "--quiet", "--raw", "p-1.png"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert read.stdout.splitlines() == [
        *("BCD", "002", "1", "SCT", "GKCCBEBB", "Timmerwerken De Smet BV", "BE71096123456769"),
        *("EUR4844.56", "", "", OGM),
    ]


async def test_a_logo_or_text_that_cannot_be_used_is_left_out_and_said(
    render: Render, tmp_path: Path
) -> None:
    wild = tmp_path / "wild.svg"
    wild.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>1</script></svg>'
    )
    texts = (("nl.invoice.intro", "Dag {{ naam }}"), ("nl.invoice.closing", "Tot ziens"))
    made = await render(a_bill(), branding=Branding(logo=str(wild), texts=texts))
    assert made.archival
    assert "<script>" in made.remarks[-1]
    assert "'naam' is undefined" in made.remarks[0]
    assert "Tot ziens" in pages(made.content)[0]
    missing = await render(a_bill(), branding=Branding(logo=str(tmp_path / "none.png")))
    assert "cannot be read" in missing.remarks[0]


async def test_sums_after_the_total_are_shown_step_by_step(render: Render) -> None:
    bill = a_bill()
    totals = replace(
        bill.totals, prepaid=eur("500.00"), rounding=eur("0.04"), payable=eur("4344.60")
    )
    (text,) = pages((await render(replace(bill, totals=totals, notes=(Note("Dank!"),)))).content)
    for words in ("Reeds betaald", "−500,00", "Afronding", "0,04", "€ 4.344,60", "Dank!"):
        assert words in text.replace("\u00a0", " ")


async def test_a_quote_without_vat_has_no_column_for_it(render: Render) -> None:
    quote = a_bill(BillKind.QUOTE, taxes=())
    lines = tuple(replace(line, tax=None) for line in quote.lines)
    untaxed = replace(quote, lines=lines, totals=replace(quote.totals, tax=None))
    made = await render(untaxed)
    (text,) = pages(made.content)
    assert "Prijs\nBedrag" in text or "Prijs Bedrag" in text
    assert faults(made.content, "ua1") == []


async def test_every_readable_document_of_the_corpus_becomes_a_conforming_page(
    render: Render, shared: Path
) -> None:
    files = sorted((shared / "corpus" / "ubl" / "valid").rglob("*.xml"))[::12]
    made = 0
    for at, file in enumerate(files):
        issued = file.read_bytes()
        try:
            bill = read(issued)
        except DocumentError:
            continue  # refused at the door, so never rendered
        page_made = await render(bill, language=LANGUAGES[at % 4], ubl=issued)
        assert page_made.archival, file.name
        assert faults(page_made.content, "3a") == [], file.name
        assert faults(page_made.content, "ua1") == [], file.name
        made += 1
    assert made > 10
