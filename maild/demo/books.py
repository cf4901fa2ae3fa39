"""The books of the stand-ins as a file in the demo's folder, so that a demo that is kept finds them again.

Consents and logins are not in it: they are asked for anew at each start.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from maild.errors import UserError
from maild.simulators.codabox.world import Company, Entry, Invoice
from maild.simulators.codabox.world import World as CodaBoxWorld
from maild.simulators.exact.world import Book
from maild.simulators.exact.world import World as ExactWorld

NAME: Final = "books.json"
_AT, _AMOUNT, _OCTETS = "$at", "$amount", "$octets"  # what JSON has no type for


def keep(path: Path, exact: ExactWorld, codabox: CodaBoxWorld) -> None:
    """Write what is in the books; nobody may change them meanwhile."""
    said = {
        "exact": {str(code): _book(one) for code, one in exact.books.items()},
        "codabox": {number: _company(one) for number, one in codabox.companies.items()},
    }
    new = path.with_suffix(".new")
    new.write_text(json.dumps(said, default=_tagged), encoding="utf-8")
    new.replace(path)


def restore(path: Path, exact: ExactWorld, codabox: CodaBoxWorld) -> None:
    """Put back what was kept, if anything was. Raises UserError for a file that is damaged."""
    if not path.exists():
        return
    try:
        said = json.loads(path.read_text(encoding="utf-8"), object_hook=_untagged)
        for code, kept in said["exact"].items():
            _open(exact.books[int(code)], kept)
        for number, kept in said["codabox"].items():
            _take_on(codabox.company(number), kept)
    except (ValueError, KeyError, TypeError, ArithmeticError) as fault:
        raise UserError(
            f"{path}: these are no books of a demo ({fault})",
            hint="take the whole folder away, or name another; the demo fills it anew",
        ) from fault


def _book(book: Book) -> dict[str, Any]:
    return {
        "tables": book.tables,
        "stamp": book.stamp,
        "stamps": book.stamps,
        "numbers": book.numbers,
    }


def _open(book: Book, kept: dict[str, Any]) -> None:
    book.tables, book.stamp, book.stamps = kept["tables"], kept["stamp"], kept["stamps"]
    book.numbers = Counter(kept["numbers"])


def _company(company: Company) -> dict[str, Any]:
    return {
        "entries": [asdict(one) for one in company.entries],
        "done": company.done,
        "looked_at": company.looked_at,
        "invoices": [asdict(one) for one in company.invoices],
    }


def _take_on(company: Company, kept: dict[str, Any]) -> None:
    company.entries = [Entry(**one) for one in kept["entries"]]
    company.invoices = [Invoice(**one) for one in kept["invoices"]]
    company.done, company.looked_at = kept["done"], kept["looked_at"]


def _tagged(value: object) -> dict[str, str]:
    match value:
        case datetime():
            return {_AT: value.isoformat()}
        case Decimal():
            return {_AMOUNT: str(value)}
        case bytes():
            return {_OCTETS: b64encode(value).decode()}
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be kept")


def _untagged(said: dict[str, Any]) -> Any:
    match said:
        case {"$at": str(text)}:
            return datetime.fromisoformat(text)
        case {"$amount": str(text)}:
            return Decimal(text)
        case {"$octets": str(text)}:
            return b64decode(text, validate=True)
        case _:
            return said
