"""Scans and photos: how much is read right, whether proven means proven, and what is said without OCR."""

from __future__ import annotations

import io
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from maild.errors import Unreadable
from maild.intake.evaluation import evaluate
from maild.intake.scores import Tally
from maild.model.figures import Field, Verdict
from maild.reading import ocr
from maild.reading.eyesight import doubted
from maild.reading.fields import read_fields
from maild.reading.packed import pack, unpack
from maild.reading.pdf import sheets_from
from maild.reading.rows import Piece, Sheet, Source
from maild.reading.sandbox import Sandbox
from tests import builders_pdf as make
from tests.builders_page import an_invoice_page
from tests.builders_scan import a_photo, a_scan
from tests.reading.test_figures_corpus import CERTAIN, PROVEN
from tests.reading.words_here import sheets_of

pytestmark = pytest.mark.anyio
RIGHT = 95.0  # percent


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(1)
    yield made
    await made.close()


async def sheets(sandbox: Sandbox, content: bytes) -> tuple[Sheet, ...]:
    """The pages of a PDF, as a child is given them."""
    words = await sandbox.run("maild.reading.pdf_jobs:words", content)
    return sheets_from(unpack(await ocr.with_pictures(sandbox, content, words))[0])


async def test_of_the_scans_of_the_corpus_nearly_all_is_right_and_what_is_proven_all(
    sandbox: Sandbox, shared: Path, tmp_path: Path
) -> None:
    for file in (shared / "corpus/purchase-pdf").glob("scan-*"):
        (tmp_path / file.name).symlink_to(file)
    told = await evaluate(sandbox, tmp_path)
    assert told["documents"] == 10
    assert told["unreadable"] == []
    assert told["all"]["right_percent"] >= RIGHT, told["wrong"]
    assert told["all"]["proven_right_percent"] >= PROVEN
    assert told["all"]["proven"] > 60
    for key in CERTAIN:
        assert told["fields"][key]["proven"] == told["fields"][key]["proven_right"], key
        assert told["fields"][key]["right"] == told["fields"][key]["printed"], key


@pytest.mark.parametrize(
    ("askew", "quarters"),
    [(2.0, 0), (0.4, 2), (-0.8, 1)],
    ids=["askew", "on its head", "on its side"],
)
async def test_a_page_is_read_whichever_way_it_lay_on_the_glass(
    sandbox: Sandbox, askew: float, quarters: int
) -> None:
    made, tally = an_invoice_page(1003), Tally()
    pages = await sheets(sandbox, a_scan(made.content, askew=askew, quarters=quarters))
    assert [one.source for one in pages] == [Source.OCR]
    assert pages[0].height > pages[0].width
    tally.add("page", read_fields(pages), truth=made.truth)
    told = tally.json()
    assert told["all"]["right_percent"] >= RIGHT, told["wrong"]
    assert told["fields"]["gross_total"]["proven_right"] == 1


async def test_without_the_extra_it_says_what_to_install(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)  # what Python makes of a missing package
    assert not ocr.is_installed()
    with pytest.raises(Unreadable, match=r"maild\[ocr\]"):
        await sheets(sandbox, a_scan(an_invoice_page(1003).content))


def test_a_page_of_text_is_no_picture_and_a_scan_is_one() -> None:
    page = an_invoice_page(1003).content
    assert [one.source for one in sheets_of(page)] == [Source.TEXT]
    assert [one.source for one in sheets_of(a_scan(page))] == [Source.PICTURE]
    assert [one.source for one in sheets_of(make.a_pdf())] == [Source.TEXT]


def test_only_so_many_strokes_of_a_drawing_are_looked_at() -> None:
    scan = pikepdf.open(io.BytesIO(a_scan(an_invoice_page(1003).content)))
    strokes = scan.make_stream(b"0 0 m 9 9 l S " * 3_000)
    scan.pages[0].contents_add(strokes, prepend=True)
    assert [one.source for one in sheets_of(make.saved(scan))] == [Source.TEXT]


async def test_a_page_of_nothing_is_read_as_nothing(sandbox: Sandbox) -> None:
    blank = io.BytesIO()
    a_photo(an_invoice_page(1003).content).point(lambda _: 255).save(blank, "PDF")
    (page,) = await sheets(sandbox, blank.getvalue())
    assert (page.source, page.rows) == (Source.OCR, ())


async def test_pixels_that_are_none_of_a_page_are_refused_by_the_child(sandbox: Sandbox) -> None:
    for across, down in ((0, 10), (9_000, 10), (10, -10)):
        asked = pack({"across": across, "down": down}, [b""])
        with pytest.raises(Unreadable, match="none of a page"):
            await sandbox.look("maild.reading.ocr_jobs:lines", asked, limits=ocr.LIMITS)


PAGE = Sheet(1, 595, 842, (), Source.PICTURE)


def leaning(x: float, y: float, *, lean: float) -> list[float]:
    """The corners of a line of 300 by 30 pixels."""
    corners = ((x, y), (x + 300, y), (x + 300, y + 30), (x, y + 30))
    return [side for across, down in corners for side in (across, down + across * lean)]


def test_lines_that_lean_are_put_back_into_rows() -> None:
    lines = [
        [text, 0.99, *leaning(x, y, lean=0.03)]  # a gap of 1,000 pixels lifts a line by its height
        for y, row in ((100, ("Totaal", "121,00")), (135, ("Saldo", "5,00")))
        for x, text in zip((50, 1050), row, strict=True)
    ]
    told = ocr.page_from({"turn": 0, "lines": lines}, PAGE, across=1414, down=2000)
    (sheet,) = sheets_from({"sheets": [told]})
    assert [row.text for row in sheet.rows] == ["Totaal   121,00", "Saldo   5,00"]


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"turn": 0, "lines": [["a", 1.0, 1, 2, 3]]},
        {"turn": 0, "lines": [["a", "sure", *range(8)]]},
        {"turn": 0, "lines": [["a", 1.0, *range(7), float("nan")]]},
    ],
)
def test_an_answer_that_makes_no_sense_is_none(head: dict[str, Any]) -> None:
    with pytest.raises(Unreadable, match="no answer that makes sense"):
        ocr.page_from(head, PAGE, across=1414, down=2000)


@pytest.mark.parametrize(
    ("checks", "box", "verdict"),
    [
        (("mod 97",), (10, 10, 50, 20), Verdict.PROVEN),
        (("mod 97",), (10, 110, 50, 120), Verdict.LIKELY),
        (("number = payment reference",), (10, 10, 50, 20), Verdict.LIKELY),
        ((), None, Verdict.LIKELY),
    ],
    ids=["check digits", "seen badly", "there twice", "by its looks"],
)
def test_what_was_read_by_its_looks_is_not_proven(
    checks: tuple[str, ...], box: tuple[float, float, float, float] | None, verdict: Verdict
) -> None:
    field = Field("x", Verdict.PROVEN, 1 if box else None, box, None, checks)
    faint = (Piece("x", 0, 105, 100, 125),)
    seen = Sheet(1, 595, 842, (), Source.OCR, faint)
    assert doubted({"iban": field}, [seen])["iban"].verdict is verdict
    assert doubted({"iban": field}, [PAGE])["iban"].verdict is Verdict.PROVEN


def test_memory_of_how_a_number_looks_proves_none_that_was_read_by_its_looks() -> None:
    memory = frozenset({"supplier memory"})
    seen = Sheet(1, 595, 842, (), Source.OCR)
    number = Field("F17", Verdict.PROVEN, 1, (10, 10, 50, 20), None, tuple(memory))
    name = Field("Atelier Noord BV", Verdict.PROVEN, checks=tuple(memory))
    told = doubted({"invoice_number": number, "supplier_name": name}, [seen], looks=memory)
    assert told["invoice_number"].verdict is Verdict.LIKELY
    assert told["supplier_name"].verdict is Verdict.PROVEN
