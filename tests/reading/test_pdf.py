"""PDFs of strangers: what is found inside, and what hostile ones cost."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from maild.errors import Unreadable
from maild.reading.page import shows_amount, shows_number
from maild.reading.pdf import look_into, page_text, sheets
from maild.reading.sandbox import Sandbox
from tests import builders_pdf as make

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(1)
    yield made
    await made.close()


def _expected(shared: Path) -> list[dict[str, Any]]:
    lines = (shared / "corpus/hybrid-pdf/expected.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


async def test_the_files_inside_each_pdf_of_the_corpus_come_out(
    sandbox: Sandbox, shared: Path
) -> None:
    wrong = []
    for one in _expected(shared):
        seen = await look_into(sandbox, (shared / "corpus/hybrid-pdf" / one["file"]).read_bytes())
        found = [(each.name, each.size, each.relationship) for each in seen.files]
        told = [(each["name"], each["size"], each["relationship"]) for each in one["attachments"]]
        hashes = {each.sha256 for each in seen.files}
        lost = one["has_xml"] and one["xml_sha256"] not in hashes
        if found != told or lost or (seen.state == "locked") != one["encrypted"]:
            wrong.append((one["file"], found))
    assert not wrong


async def test_a_file_is_found_by_the_catalogue_by_a_page_and_by_a_pin(sandbox: Sandbox) -> None:
    document = pikepdf.new()
    specs = [
        pikepdf.AttachedFileSpec(document, name.encode(), filename=f"{name}.xml").obj
        for name in ("catalogue", "page", "pin")
    ]
    pin = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.FileAttachment)
    pin.FS, pin.Rect = specs[2], pikepdf.Array([0, 0, 9, 9])
    make.add_page(document, b"", AF=pikepdf.Array([specs[1]]), Annots=pikepdf.Array([pin]))
    document.Root.AF = pikepdf.Array([specs[0], specs[0]])
    seen = await look_into(sandbox, make.saved(document))
    assert [one.name for one in seen.files] == ["catalogue.xml", "page.xml", "pin.xml"]


async def test_a_name_inside_a_pdf_is_never_a_path(sandbox: Sandbox) -> None:
    content = make.a_pdf(files={"../../etc/cron.d/x": b"<a/>"})
    assert [one.name for one in (await look_into(sandbox, content)).files] == ["x"]


async def test_a_locked_pdf_says_so_and_one_that_opens_without_a_password_is_read(
    sandbox: Sandbox,
) -> None:
    assert (await look_into(sandbox, make.a_pdf(password="secret"))).state == "locked"
    seen = await look_into(sandbox, make.a_pdf(password="", files={"a.xml": b"<a/>"}))
    assert seen.state == "open"
    assert seen.files[0].content == b"<a/>"


async def test_rows_are_read_as_printed_whatever_their_order_in_the_file(sandbox: Sandbox) -> None:
    document = pikepdf.new()
    scattered = [(300, 700, "121"), (50, 700, "Total"), (318, 700, ",00"), (50, 720, "Invoice 7")]
    shown = " ".join(f"BT /F1 11 Tf {x} {y} Td ({said}) Tj ET" for x, y, said in scattered)
    make.add_page(document, shown.encode())
    rows = (await page_text(sandbox, make.saved(document))).splitlines()
    assert rows[0].replace(" ", "") == "Invoice7"
    assert rows[1] == "Total 121,00"


async def test_of_many_pages_the_first_ten_and_the_last_three_are_read(sandbox: Sandbox) -> None:
    document = pikepdf.new()
    for n in range(1, 301):
        make.add_page(document, f"BT /F1 11 Tf 50 700 Td (sheet{n}) Tj ET".encode())
    said = set((await page_text(sandbox, make.saved(document))).split())
    assert said == {f"sheet{n}" for n in (*range(1, 11), 298, 299, 300)}


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7\n", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", b"no PDF", b""]
)
async def test_a_damaged_pdf_is_said_to_be_damaged(sandbox: Sandbox, content: bytes) -> None:
    seen = await look_into(sandbox, content)
    assert (seen.state, seen.pages, seen.files) == ("damaged", 0, ())
    with pytest.raises(Unreadable, match="damaged"):
        await page_text(sandbox, content)


async def test_a_page_of_800_mb_in_2_kb_is_refused_before_it_is_unpacked(sandbox: Sandbox) -> None:
    content = make.flate_over_flate(800 << 20)
    assert len(content) < 5_000
    with pytest.raises(Unreadable, match="page 1 of the PDF unpacks to more than 64 MB"):
        await look_into(sandbox, content)


async def test_a_file_inside_of_800_mb_is_left_out_and_the_rest_is_read(sandbox: Sandbox) -> None:
    seen = await look_into(sandbox, make.file_of_flate_over_flate(800 << 20))
    assert (seen.pages, seen.files) == (1, ())


@pytest.mark.parametrize(
    "entries",
    [
        {"MediaBox": [0, 0, 14_400, 14_400], "UserUnit": 10},
        {"MediaBox": [0, 0, 1e30, -1e30]},
        {"MediaBox": [0, 0, 0, 0]},
    ],
    ids=["20 hectares", "beyond numbers", "nothing"],
)
async def test_a_page_of_any_size_costs_nothing_since_none_is_rendered(
    sandbox: Sandbox, entries: dict[str, Any]
) -> None:
    document = pikepdf.new()
    page = make.add_page(document, b"BT /F1 11 Tf 1 1 Td (here) Tj ET")
    for key, value in entries.items():
        page[f"/{key}"] = value
    started = time.process_time()
    assert isinstance(await page_text(sandbox, make.saved(document)), str)
    assert time.process_time() - started < 1


async def test_a_picture_of_900_million_pixels_on_a_page_is_not_unpacked(sandbox: Sandbox) -> None:
    content = make.huge_picture(30_000)
    assert len(content) < 150_000
    assert (await look_into(sandbox, content)).pages == 1
    assert "beside" in await page_text(sandbox, content)


async def test_200_000_pages_are_counted_and_not_read(sandbox: Sandbox) -> None:
    content = make.many_pages(200_000)
    assert (await look_into(sandbox, content)).pages == 200_000
    assert "one" in await page_text(sandbox, content)


@pytest.mark.parametrize(
    ("text", "number", "there"),
    [
        ("Factuur AV-2017-0005", "AV-2017-0005", True),
        ("factuur av 2017/0005", "AV-2017-0005", True),
        ("RK21012345", "RK21012345", True),
        ("Nr. RK210123456", "RK21012345", False),
        ("12026-001", "2026-001", False),
        ("1\n2", "12", False),
        ("anything", "", False),
        ("anything", "---", False),
        ("x" * 200, "x" * 200, False),
    ],
)
def test_a_number_is_found_as_people_print_it(text: str, number: str, *, there: bool) -> None:
    assert shows_number(text, number) is there


@pytest.mark.parametrize(
    ("text", "amount", "there"),
    [
        ("Totaal 1.234,56", "1234.56", True),
        ("Total 1,234.56", "1234.56", True),
        ("Total 1 234,56", "1234.56", True),
        ("Total 1\u202f234,56", "1234.56", True),
        ("Total 1234,56 EUR", "1234.56", True),
        ("Totaal -233,47", "-233.47", True),
        ("Totaal 233,47-", "-233.47", True),
        ("Te betalen: 100,-", "100.00", True),
        ("Total 100", "100", True),
        ("Total 1.000.000,00", "1000000", True),
        ("Total 11.234,56", "1234.56", False),
        ("Total 1.234,567", "1234.56", False),
        ("Total 1.234,5", "1234.50", False),
        ("Total 234,56", "1234.56", False),
        ("1000", "100", False),
        ("100,50", "100.00", False),
        ("100.000", "100.00", False),
        ("", "0.00", False),
    ],
)
def test_an_amount_is_found_in_every_form_of_our_neighbours(
    text: str, amount: str, *, there: bool
) -> None:
    assert shows_amount(text, Decimal(amount)) is there


async def test_a_page_that_lies_on_its_side_is_read_as_it_is_shown(sandbox: Sandbox) -> None:
    document = pikepdf.new()
    lying = b"BT /F1 12 Tf 0 1 -1 0 100 50 Tm (Total 121,00) Tj ET"
    make.add_page(document, lying, Rotate=90)
    make.add_page(document, lying + b" BT /F1 12 Tf 40 700 Td (Invoice 7) Tj ET")
    first, second = await sheets(sandbox, make.saved(document))
    [row] = first.rows
    assert row.text == "Total 121,00"
    assert (first.width, first.height) == (842, 595)
    # Shown, its baseline is 100 points under the top, and it begins 50 points from the left.
    box = row.cells[0].box
    assert abs(box.left - 50) < 2
    assert box.top < 100 < box.bottom
    # On an upright page the same print runs along the edge, and comes after all rows.
    assert [row.text for row in second.rows] == ["Invoice 7", "Total 121,00"]
