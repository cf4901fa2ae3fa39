"""Where a document's files lie in a package, and what they are called: names that sort by date."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from typing import Final

from maild.model.document import Direction, Kind
from maild.reading.names import safe_name, split_name

# So that PDF, UBL and the names of attachments fit behind it on every file system.
_LONGEST_STEM: Final = 80
_PDF: Final = "application/pdf"


def folder_of(kind: Kind, direction: Direction | None) -> str:
    """The folder of a kind: "sales/invoice", "purchase/credit_note", "other"."""
    where = direction or kind.direction
    plain = kind.value.removeprefix("purchase_")
    return f"{where.value}/{plain}" if where else plain


class Names:
    """Names that are taken in one package; no two files lie in one place, case ignored."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._copies: Counter[str] = Counter()

    def stem(self, folder: str, *, on: date, number: str | None, party: str | None, id: str) -> str:  # noqa: A002 - what callers name it by
        """The common beginning of a document's files: "sales/invoice/2026-03-12_F-001_Cafe NV"."""
        # A number such as "2026/001" has no folders in it, and a name none either.
        words = [re.sub(r"[/\\]", "-", one) for one in (number or id, party or "") if one]
        wanted = _cut("_".join([on.isoformat(), *words]))
        name = safe_name(f"{wanted}.pdf", media_type=_PDF)
        return self.free(f"{folder}/{split_name(name)[0]}", "")

    def attachment(self, stem: str, name: str, media_type: str) -> str:
        """Where another file of that document lies: behind its beginning."""
        folder, _, base = stem.rpartition("/")
        own = safe_name(name, media_type=media_type)
        whole, extension = split_name(safe_name(f"{base}_{own}", media_type=media_type))
        return self.free(f"{folder}/{whole}", extension)

    def free(self, wanted: str, extension: str) -> str:
        """That path, or the next one that nothing has: "...-2.pdf"."""
        found = wanted
        # Stems and attachments are told apart by their extension, so they share one set.
        while f"{found}{extension}".casefold() in self._taken:
            self._copies[wanted] += 1
            found = f"{wanted}-{self._copies[wanted] + 1}"
        self._taken.add(f"{found}{extension}".casefold())
        return f"{found}{extension}"


def _cut(text: str) -> str:
    while len(text.encode("utf-8", "replace")) > _LONGEST_STEM:
        text = text[:-1]
    return text.rstrip(" .")
