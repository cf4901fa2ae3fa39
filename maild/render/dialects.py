"""Tables as CSV, in the dialect that a program reads: one value per dialect.

What tables hold is decided elsewhere. No cell of text can be a formula: see `text`.
"""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from maild.render.fields import clean

Cell = str | int | Decimal | date | None

LONGEST: Final = 2_000  # characters of one cell; Excel cuts at 32,767
# Excel, LibreOffice and Google Sheets take a cell that begins so for a formula; the wide forms are
# taken for the narrow ones on some systems (OWASP, CSV Injection).
_STARTS: Final = tuple("=+-@\uff1d\uff0b\uff0d\uff20\t\r\n")
_DIGITS: Final = 20  # an amount with more places is nonsense and could fill a disk (1E+999999999)
_AT_ONCE: Final = 500  # rows that are written to one piece


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one program reads CSV. `date` is a form of strftime; `language` is that of headings."""

    name: str
    delimiter: str
    decimal: str
    date: str
    bom: bool  # Excel takes a file without it for the old code page of its system
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table by name, with the keys of its columns; `rows` gives the rows anew at each call."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[], Iterable[Sequence[Cell]]]


_EXCEL: Final = (
    "Excel reads by the region of its Windows: list separator, decimal sign, date (CLDR 48)"
)
_ALL: Final = (
    Dialect("excel-nl", ";", ",", "%d-%m-%Y", bom=True, language="nl", source=f"{_EXCEL}, nl_NL"),
    Dialect("excel-be", ";", ",", "%d/%m/%Y", bom=True, language="nl", source=f"{_EXCEL}, nl_BE"),
    Dialect("excel-fr", ";", ",", "%d/%m/%Y", bom=True, language="fr", source=f"{_EXCEL}, fr_BE"),
    Dialect("excel-de", ";", ",", "%d.%m.%Y", bom=True, language="de", source=f"{_EXCEL}, de_DE"),
    Dialect("excel-en", ",", ".", "%d/%m/%Y", bom=True, language="en", source=f"{_EXCEL}, en_GB"),
    Dialect("rfc4180", ",", ".", "%Y-%m-%d", bom=False, language="en", source="RFC 4180"),
)
DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({one.name: one for one in _ALL})


def csv_pieces(table: Table, dialect: Dialect) -> Iterator[bytes]:
    """The table as UTF-8 with CRLF line ends (RFC 4180 section 2), its headings first, in pieces."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=dialect.delimiter, lineterminator="\r\n")
    if dialect.bom:
        buffer.write("\ufeff")
    writer.writerow(headings(table, dialect.language))
    for number, row in enumerate(table.rows(), start=1):
        writer.writerow([_written(one, dialect) for one in row])
        if number % _AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def headings(table: Table, language: str) -> list[str]:
    """What stands above the columns."""
    words = export_words(language)[table.name]
    return [words[one] for one in table.columns]


@lru_cache
def export_words(language: str) -> dict[str, dict[str, str]]:
    """Headings and words of packages in a language: {"index": {"number": "nummer"}, "word": ...}."""
    folder = Path(__file__).parent / "templates" / "export"
    return tomllib.loads((folder / f"{language}.toml").read_text(encoding="utf-8"))


def text(value: object) -> str:
    """One line of clean text that no spreadsheet takes for a formula; it may get a "'" in front.

    Source: OWASP, CSV Injection; portal_security.md ("spreadsheet formulas").
    """
    line = clean(value, longest=LONGEST)
    return f"'{line}" if line.startswith(_STARTS) else line


def is_sane(value: Decimal) -> bool:
    """Whether a number is one that can be written out."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and abs(value.adjusted()) < _DIGITS and -exponent < _DIGITS


def _written(value: Cell, dialect: Dialect) -> str:
    match value:
        case None:
            return ""
        case Decimal() if is_sane(value):
            return f"{value:f}".replace(".", dialect.decimal)
        case date():
            # Not strftime alone: it writes years before 1000 without their zeros.
            return value.strftime(dialect.date.replace("%Y", f"{value.year:04}"))
        case int():
            return str(value)
    return text(value)


def _taken(buffer: io.StringIO) -> bytes:
    piece = buffer.getvalue().encode("utf-8", "replace")
    buffer.seek(0)
    buffer.truncate()
    return piece
