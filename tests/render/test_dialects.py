"""Tables for spreadsheets: as each region reads them, the same each time, and never a formula."""

from __future__ import annotations

import csv
import io
import tomllib
import zipfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from maild.render import dialects
from maild.render.dialects import DIALECTS, Cell, Table, csv_pieces, export_words
from maild.render.workbook import write_workbook

FORMULAS = (
    '=HYPERLINK("http://evil.example","click")',
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    " =1",
    "\uff1d1",
    "\u202e=1",
    "http://evil.example",
)
AMOUNT = Decimal("-1234.50")


def a_table(*rows: Sequence[Cell]) -> Table:
    """A table of remarks, whose two columns hold anything."""
    return Table("remarks", ("about", "said"), lambda: rows)


def as_rows(table: Table, name: str) -> list[list[str]]:
    """The table as CSV, read again."""
    dialect = DIALECTS[name]
    text = b"".join(csv_pieces(table, dialect)).decode("utf-8-sig")
    assert text.endswith("\r\n")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter))[1:]


def workbook(folder: Path, *tables: Table) -> bytes:
    """The tables as a workbook."""
    target = io.BytesIO()
    write_workbook(tables, target, language="nl", folder=folder)
    return target.getvalue()


@pytest.mark.parametrize("name", DIALECTS)
@pytest.mark.parametrize("text", FORMULAS, ids=ascii)
def test_no_text_of_strangers_is_a_formula_in_csv(name: str, text: str) -> None:
    [[cell, amount]] = as_rows(a_table((text, AMOUNT)), name)
    assert not cell.startswith(tuple("=+-@\uff1d\t\r\n "))
    assert amount.startswith("-1234")


@given(st.text())
def test_whatever_it_says_a_cell_is_one_line_that_is_no_formula(text: str) -> None:
    [[cell, after]] = as_rows(a_table((text, 7)), "excel-nl")
    assert not cell.startswith(tuple("=+-@\uff1d\uff0b\uff0d\uff20"))
    assert len(cell.splitlines()) <= 1
    assert after == "7"


def test_no_text_of_strangers_is_a_formula_or_a_link_in_a_workbook(tmp_path: Path) -> None:
    content = workbook(tmp_path, a_table(*((text, AMOUNT) for text in FORMULAS)))
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        assert not any(name.endswith(".rels") and "worksheets" in name for name in book.namelist())
    space = {"x": sheet.nsmap[None]}
    assert sheet.xpath("count(//x:f)", namespaces=space) == 0
    assert sheet.xpath("count(//x:hyperlink)", namespaces=space) == 0
    kinds = sheet.xpath("//x:row[position()>1]/x:c[1]/@t", namespaces=space)
    assert set(kinds) == {"inlineStr"}
    assert sheet.xpath("//x:row[2]/x:c[2]/x:v/text()", namespaces=space) == ["-1234.5"]


def test_a_workbook_is_the_same_each_time(tmp_path: Path) -> None:
    table = a_table(
        ("text", date(2026, 3, 1)), (AMOUNT, date(1, 1, 1)), (None, Decimal("1E+999999"))
    )
    assert workbook(tmp_path, table) == workbook(tmp_path, table)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("excel-nl", ["01-03-2026", "-1234,50"]),
        ("excel-be", ["01/03/2026", "-1234,50"]),
        ("excel-fr", ["01/03/2026", "-1234,50"]),
        ("excel-de", ["01.03.2026", "-1234,50"]),
        ("excel-en", ["01/03/2026", "-1234.50"]),
        ("rfc4180", ["2026-03-01", "-1234.50"]),
    ],
)
def test_dates_and_amounts_are_written_as_each_region_reads_them(
    name: str, expected: list[str]
) -> None:
    assert as_rows(a_table((date(2026, 3, 1), AMOUNT)), name) == [expected]
    content = b"".join(csv_pieces(a_table(), DIALECTS[name]))
    assert content.startswith(b"\xef\xbb\xbf") is name.startswith("excel")


def test_a_number_with_a_million_digits_takes_no_room() -> None:
    [[cell, _]] = as_rows(a_table((Decimal("1E+999999"), None)), "rfc4180")
    assert len(cell) < 20


def test_every_language_has_the_same_words() -> None:
    folder = Path(dialects.__file__).parent / "templates" / "export"
    read = {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.toml")
    }
    assert {one.language for one in DIALECTS.values()} == set(read)
    keys = {name: {t: sorted(inner) for t, inner in one.items()} for name, one in read.items()}
    assert all(one == keys["en"] for one in keys.values())
    assert export_words("nl")["index"]["number"] == "nummer"
