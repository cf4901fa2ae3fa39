"""One document of a package in figures, and the list of them on the disk. Nothing is read here."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from maild.model.bill import Bill
from maild.model.document import Document, Kind

CREDITS = (Kind.CREDIT_NOTE, Kind.PURCHASE_CREDIT_NOTE)


@dataclass(frozen=True, slots=True)
class Rate:
    """The VAT of one category and rate in one document, as it stands there."""

    category: str  # UNCL5305
    percent: Decimal | None
    base: Decimal | None
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Held:
    """A file of a document in the package: where it lies there, and which bytes it has."""

    path: str
    role: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as the index tells of it. Amounts of credit notes are positive, as in the note."""

    document: str
    direction: str | None
    kind: str
    number: str | None
    issued_on: date  # where the document has no date, the day on which it came
    dated: bool  # whether the document says its date itself
    name: str | None
    vat_number: str | None
    currency: str | None
    total: Decimal | None
    net: Decimal | None = None
    tax: Decimal | None = None
    due_on: date | None = None
    rates: tuple[Rate, ...] = ()
    files: tuple[Held, ...] = ()
    missing: tuple[str, ...] = ()  # "pdf", "ubl"
    correction_of: str | None = None
    part: int = 1

    @property
    def sign(self) -> int:
        """-1 for a credit note, whose amounts are taken off."""
        return -1 if self.kind in CREDITS else 1


def entry_of(
    document: Document,
    bill: Bill | None,
    *,
    on: date,
    files: tuple[Held, ...],
    missing: tuple[str, ...],
    part: int,
) -> Entry:
    """A document with its bill, if it has one that can be read, as the index tells of it."""
    direction = document.direction or document.kind.direction
    total = document.total
    figures: dict[str, Any] = {}
    if bill is not None:
        totals = bill.totals
        figures = {
            "net": totals.net.value if totals.net else None,
            "tax": totals.tax.value if totals.tax else None,
            "due_on": bill.due_on,
            "rates": tuple(
                Rate(
                    one.tax.category,
                    one.tax.percent,
                    one.base.value if one.base else None,
                    one.amount.value,
                )
                for one in bill.taxes
            ),
        }
    return Entry(
        document=document.id,
        direction=direction.value if direction else None,
        kind=document.kind.value,
        number=document.number,
        issued_on=on,
        dated=document.issued_on is not None,
        name=document.counterparty.name,
        vat_number=document.counterparty.vat,
        currency=total.currency if total else (bill.currency if bill else None),
        total=total.value if total else None,
        files=files,
        missing=missing,
        correction_of=document.correction_of,
        part=part,
        **figures,
    )


@dataclass(slots=True)
class Ledger:
    """Entries in the order in which they were added, in a nameless file: thousands take no memory.

    A context; at its end the file is gone.
    """

    folder: Path
    count: int = 0
    _file: Any = field(init=False)

    def __enter__(self) -> Self:
        self._file = tempfile.TemporaryFile("w+", dir=self.folder, encoding="utf-8")
        return self

    def __exit__(self, *fault: object) -> None:
        self._file.close()

    def add(self, entry: Entry) -> None:
        """Append one. Raises OSError."""
        self._file.write(json.dumps(entry, default=_plain) + "\n")
        self.count += 1

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The entries as JSON-ready values, amounts as decimal strings; one pass at a time."""
        self._file.seek(0)
        return (json.loads(line) for line in self._file)


def _plain(value: Any) -> Any:
    """What JSON does not know by itself."""
    match value:
        case Decimal():
            return str(value)
        case date():
            return value.isoformat()
        case Rate() | Held() | Entry():
            return {name: getattr(value, name) for name in value.__slots__}
    raise TypeError(f"{type(value).__name__} has no place in the list of a package")
