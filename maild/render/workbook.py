"""Tables as one Excel workbook, row by row: nothing of it is held in memory.

A cell of text is text: nothing in it becomes a formula or a link. Equal tables give equal bytes.
Source: ECMA-376; XlsxWriter's options `constant_memory`, `strings_to_formulas`, `strings_to_urls`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Final

import xlsxwriter

from maild.render.dialects import Cell, Table, export_words, headings, is_sane
from maild.render.fields import clean

MOST_ROWS: Final = (
    1_048_575  # of a sheet, less its headings (ECMA-376, SpreadsheetML limits of Excel)
)
_LONGEST: Final = 2_000
_WIDTH: Final = 16  # characters
_FIXED: Final = datetime(1980, 1, 1)  # noqa: DTZ001 - a file property without a zone; the same in every file
_OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def write_workbook(
    tables: Iterable[Table], target: IO[bytes], *, language: str, folder: Path
) -> None:
    """Write the tables, a sheet each, to `target`; temporary files lie in `folder`.

    Of a table with more than `MOST_ROWS` rows the rest is left out. Raises OSError.
    """
    book = xlsxwriter.Workbook(target, {**_OPTIONS, "tmpdir": str(folder)})
    book.set_properties({"created": _FIXED})
    bold = book.add_format({"bold": True})
    # Number format 14 is the short date of whoever opens it.
    day = book.add_format({"num_format": 14})
    for table in tables:
        sheet = book.add_worksheet(export_words(language)["sheet"][table.name])
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(table.columns) - 1, _WIDTH)
        for column, heading in enumerate(headings(table, language)):
            sheet.write_string(0, column, heading, bold)
        for at, row in enumerate(table.rows(), start=1):
            if at > MOST_ROWS:
                break
            for column, cell in enumerate(row):
                _put(sheet, (at, column), cell, day=day)
    book.close()


def _put(sheet: Any, place: tuple[int, int], cell: Cell, *, day: Any) -> None:
    match cell:
        case None | "":
            return
        case Decimal() if is_sane(cell):
            sheet.write_number(*place, float(cell))
        case int():
            sheet.write_number(*place, cell)
        # Excel counts days from 1900.
        case date() if cell.year >= 1900:
            moment = datetime.combine(cell, datetime.min.time())
            sheet.write_datetime(*place, moment, day)
        case _:
            sheet.write_string(*place, clean(cell, longest=_LONGEST))
